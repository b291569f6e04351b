"""Ready profiles: their tables exist and fit, they change no verdict, and what they leave out or lack is said."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck
from folders import EXAMPLES
from sbrtcheck.archive import Options
from sbrtcheck.cli import main
from sbrtcheck.errors import InputError, UnknownTableError
from sbrtcheck.plan import FindingCode, Prescription
from sbrtcheck.reference_data import Profile, load_profile, load_profiles
from sbrtcheck.render import FORMATS
from sbrtcheck.render.by_organ import report_grid
from sbrtcheck.results import Report
from sbrtcheck.results.by_organ import measured_lines
from sbrtcheck.tables import bundled_tables, load_sites
from sbrtcheck.tables.by_organ import lines_by_organ

pytestmark = pytest.mark.usefixtures("computed_once")

PROFILES = load_profiles().profiles
BY_ID = {table.id: table for table in bundled_tables()}
PLANS = {"lung-50gy-5fx": EXAMPLES / "plans/lung-50gy-5fx", "liver-45gy-3fx": EXAMPLES / "plans/liver-45gy-3fx"}
each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
each_plan = pytest.mark.parametrize("id_", PLANS)


def run(*args: object) -> Result:
    return CliRunner().invoke(main, list(map(str, args)))


# -------------------------------------------------------------------------------- the file


def test_the_common_schedules_are_there() -> None:
    schedules = {(profile.site, profile.dose_gy, profile.fractions) for profile in PROFILES}
    lung = {(34, 1), (54, 3), (48, 4), (50, 5), (60, 8)}
    liver = {(45, 3), (50, 5), (60, 6)}
    assert schedules == {("lung", *one) for one in lung} | {("liver", *one) for one in liver}
    assert len({profile.id for profile in PROFILES}) == len(PROFILES)


@each_profile
def test_its_tables_exist_hold_for_its_fractions_and_are_for_its_site(profile: Profile) -> None:
    assert profile.id == f"{profile.site}-{profile.dose_gy:g}gy-{profile.fractions}fx"
    assert profile.site in load_sites().ids
    tables = [BY_ID[id_] for id_ in profile.tables]
    assert len({*profile.tables}) == len(tables) > 0
    assert all(table.holds_for(profile.fractions) for table in tables)
    assert {table.site for table in tables} <= {profile.site, "multi"}
    assert any(table.fractions for table in tables)
    general = [table.site == "multi" for table in tables]
    assert general == sorted(general), "tables for many sites come last"


@each_profile
def test_its_schedule_is_named_by_a_known_regimen_of_its_site(profile: Profile) -> None:
    assert profile.regimens
    for regimen in profile.regimens:
        assert (regimen.dose_gy, regimen.fractions) == (profile.dose_gy, profile.fractions)
        assert profile.site in regimen.sites


@each_profile
def test_a_note_that_none_counts_is_true(profile: Profile) -> None:
    counts = any(row.counts(include_unconfirmed=False) for id_ in profile.tables for row in BY_ID[id_].rows)
    assert ("none counts" in profile.note) is not counts


@each_profile
def test_its_page_has_each_limit_once_and_says_what_it_lacks(profile: Profile) -> None:
    as_dict = json.loads(run("tables", "--profile", profile.id, "--format", "json").output)
    limits = {(limit["table"], limit["row"]) for line in as_dict["organs"] for limit in line["limits"]}
    tables = [BY_ID[id_] for id_ in profile.tables]
    assert limits == {(table.id, row.id) for table in tables for row in table.rows if row.site in ("", profile.site)}
    text = run("tables", "--profile", profile.id).output
    said = " ".join(text.split())
    lacking = ", ".join(as_dict["organs_without_limit"]) or "none"
    assert f"Expected at site {profile.site}, and without a limit that counts: {lacking} *" in said
    assert profile.schedule in text
    assert text.count("*") >= sum(bool(line.strictest) for line in lines_by_organ(tables, sites=(profile.site,)))


def test_all_are_listed() -> None:
    listed = json.loads(run("tables", "--profiles", "--format", "json").output)["profiles"]
    assert [one["id"] for one in listed] == [profile.id for profile in PROFILES]
    text = run("tables", "--profiles").output
    assert all(profile.id in text and profile.schedule in text for profile in PROFILES)


def test_an_unknown_one_names_the_nearest() -> None:
    with pytest.raises(UnknownTableError, match="did you mean 'lung-48gy-4fx'"):
        load_profile("lung-48-4")
    done = run("check", PLANS["lung-50gy-5fx"], "--profile", "nothing-like-it")
    assert (done.exit_code, "no profile has the id" in done.output) == (2, True)


@given(st.floats(1, 100), st.integers(1, 10))
def test_a_prescription_is_that_of_the_profile_but_for_normalisation(dose_gy: float, fractions: int) -> None:
    profile = load_profile("lung-48gy-4fx")
    is_same = fractions == 4 and 47.95 <= dose_gy <= 48.05
    near_the_edge = min(abs(dose_gy - 47.95), abs(dose_gy - 48.05)) < 1e-6
    assert profile.is_schedule_of(Prescription(dose_gy=dose_gy, fractions=fractions)) is is_same or near_the_edge


# -------------------------------------------------------------------------------- a check by it


def by_profile(id_: str, **options: object) -> Report:
    return sbrtcheck.check(PLANS[id_], profile=id_, **options)


@each_plan
def test_a_profile_changes_nothing_but_what_is_looked_at(id_: str) -> None:
    profile = load_profile(id_)
    report = by_profile(id_)
    plain = sbrtcheck.check(PLANS[id_], list(profile.tables), site=profile.site)
    assert (report.verdict, report.outcomes, report.reasons) == (plain.verdict, plain.outcomes, plain.reasons)
    assert report.findings == plain.findings
    assert (report.profile, plain.profile, plain.left_out) == (profile, None, ())
    of_site = {table.id for table in bundled_tables() if table.site in (profile.site, "multi")}
    assert {table.id for table in report.left_out} == of_site - {*profile.tables}


@each_plan
def test_a_site_changes_nothing_but_which_tables_are_used(id_: str) -> None:
    site = load_profile(id_).site
    report = sbrtcheck.check(PLANS[id_], site=site)
    plain = sbrtcheck.check(PLANS[id_], [table.id for table in report.tables], site=site)
    assert (report.verdict, report.outcomes, report.reasons) == (plain.verdict, plain.outcomes, plain.reasons)
    assert report.left_out
    assert not plain.left_out


@each_plan
def test_margins_are_those_of_the_strictest_limit_that_counts(id_: str) -> None:
    report = by_profile(id_)
    lines = measured_lines(report)
    assert sum(measured.margin is not None for measured in lines) > 10
    for measured in lines:
        counting = [one for one in measured.all_outcomes if one.counts and one.margin is not None]
        if measured.margin is None:
            continue
        keys = {limit.key for limit in measured.line.strictest}
        margins = [one.margin for one in counting if (one.table_id, one.constraint.id) in keys]
        assert measured.margin == min(margins)
        same_contour = [one for one in counting if one.contour in {worst.contour for worst in measured.relevant}]
        assert measured.margin <= min(one.margin for one in same_contour) + 1e-9


@each_plan
@pytest.mark.parametrize("name", ["text", "markdown", "html", "csv", "json"])
def test_every_format_names_each_table_left_out(id_: str, name: str) -> None:
    report = by_profile(id_)
    text = re.sub(r"\\|<wbr>", "", str(FORMATS[name](report)))
    assert all(table.id in text for table in report.left_out)
    if name != "csv":
        assert id_ in text
    if name in ("text", "markdown", "html"):
        assert "Limits organ by organ" in text
        assert "Limits organ by organ" not in str(FORMATS[name](sbrtcheck.check(PLANS[id_], "review-text")))


def test_the_margin_says_that_no_limit_counts_only_where_none_does() -> None:
    without_targets = {"GTV": "Heart", "ITV": "Heart", "PTV": "nowhere"}  # the limits by its volume are not known
    for names in (None, without_targets):
        report = by_profile("lung-50gy-5fx", names=names)
        for measured, cells in zip(
            (one for one in measured_lines(report) if not one.is_aside), report_grid(report).lines, strict=True
        ):
            counting = any(limit.counts for limit in measured.line.limits)
            assert (cells[3] == "none") is not counting
            assert (measured.margin is None) == (cells[3] in ("none", "", "by vol."))


def test_a_csv_has_a_record_for_each_table_left_out() -> None:
    report = sbrtcheck.check(PLANS["lung-50gy-5fx"], site="lung")
    records = list(csv.DictReader(io.StringIO(str(FORMATS["csv"](report)))))
    left_out = {one["table"]: one for one in records if one["kind"] == "table left out"}
    assert {*left_out} == {table.id for table in report.left_out}
    assert left_out["rtog-lung-3fx"]["detail"] == "3 fractions"
    assert {one["counts"] for one in left_out.values()} == {"false"}


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_a_table_without_a_row_that_counts_says_so(name: str) -> None:
    report = sbrtcheck.check(PLANS["lung-50gy-5fx"], ["rtog-0813", "hytec-lung"])
    text = str(FORMATS[name](report))
    assert text.count("No row of this table counts: 3 risk.") == 1
    counting = sum(row.counts(include_unconfirmed=False) for row in BY_ID["rtog-0813"].rows)
    assert [table["rows_counting"] for table in report.to_dict()["tables"]] == [counting, 0]
    with_all = sbrtcheck.check(PLANS["lung-50gy-5fx"], "pmh-liver-6fx", prescription="60Gy/6", include_unconfirmed=True)
    assert "No row of this table counts" not in str(FORMATS[name](with_all))


def test_a_site_without_a_table_of_its_own_is_named_above_the_verdict() -> None:
    text = FORMATS["text"](sbrtcheck.check(PLANS["lung-50gy-5fx"], prescription="60Gy/8", site="spine"))
    head, _, _ = str(text).partition("OVERALL")
    assert "Site spine has no table of its own for 8 fractions" in head
    assert "timmerman-2022-8fx" in head


def test_another_dose_is_a_finding_and_another_number_of_fractions_an_error() -> None:
    report = by_profile("lung-50gy-5fx", prescription="55Gy/5")
    (finding,) = (one for one in report.findings if one.code is FindingCode.OTHER_SCHEDULE)
    assert "50 Gy in 5 fractions, and the prescription is 55 Gy in 5 fractions" in finding.text
    with pytest.raises(UnknownTableError, match="48 Gy in 4 fractions, and the plan has 5 fractions") as caught:
        sbrtcheck.check(PLANS["lung-50gy-5fx"], profile="lung-48gy-4fx")
    assert "lung-50gy-5fx" in caught.value.hint


def test_a_site_that_contradicts_the_profile_is_refused_before_the_plan_is_read() -> None:
    with pytest.raises(InputError, match="liver is not that of the profile lung-50gy-5fx"):
        sbrtcheck.check("nowhere", profile="lung-50gy-5fx", site="liver")
    report = by_profile("lung-50gy-5fx", site="lung")
    assert report.site.ids == ("lung",)


def test_tables_named_beside_a_profile_are_added_once() -> None:
    report = sbrtcheck.check(PLANS["lung-50gy-5fx"], ["tg101-5fx", "nccn-lung-4fx"], profile="lung-50gy-5fx")
    profile = load_profile("lung-50gy-5fx")
    assert [table.id for table in report.tables] == [*profile.tables, "nccn-lung-4fx"]
    assert "nccn-lung-4fx" not in {table.id for table in report.left_out}


# -------------------------------------------------------------------------------- other commands


@each_plan
def test_the_command_line_checks_by_a_profile(id_: str) -> None:
    as_dict = json.loads(run("check", PLANS[id_], "--profile", id_, "--format", "json").output)
    assert as_dict["profile"]["id"] == id_
    assert [table["id"] for table in as_dict["tables"]] == list(load_profile(id_).tables)
    assert any(limit["strictest"] for line in as_dict["organs"] for limit in line["limits"])


def test_a_comparison_lists_what_holds_for_neither_plan() -> None:
    plan = PLANS["lung-50gy-5fx"]
    for choice in (("--site", "lung"), ("--profile", "lung-50gy-5fx")):
        text = run("compare", plan, plan, *choice).output
        assert "nccn-lung-1fx (1 fraction)" in " ".join(text.partition("Tables left out")[2].split())
        as_dict = json.loads(run("compare", plan, plan, *choice, "--format", "json").output)
        assert "nccn-lung-1fx" in {table["id"] for table in as_dict["left_out"]}
        assert "Tables left out" in run("compare", plan, plan, *choice, "--format", "markdown").output
    done = run("compare", plan, plan, "--profile", "lung-48gy-4fx")
    assert (done.exit_code, "the plan has 5 fractions" in done.output) == (2, True)


def test_a_batch_names_what_was_left_out_once_a_plan(tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    options = Options.read(profile="lung-50gy-5fx")
    sbrtcheck.batch(EXAMPLES / "plans", out, options, jobs=1)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    checked = [row for row in rows if row["table_id"]]
    assert "nccn-lung-4fx (4 fractions)" in checked[0]["tables_left_out"]
    assert {row["tables_left_out"] for row in checked[1:]} == {""}
    (other,) = (row for row in rows if not row["table_id"])
    assert "the plan has 3 fractions" in other["detail"]
    assert other["plan_verdict"] == "REVIEW"

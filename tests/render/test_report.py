"""Every format shows the whole of a row, the same report gives the same bytes, and no file's text becomes markup."""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import SOURCE, dvh_set, percent_dvh, ramp_dvh, report_on, row, table, uniform_dvh
from example_report import OUTSIDE, report
from sbrtcheck.dvh import NoDVH, Reason
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.render import FORMATS, REPORT_FORMATS, markdown_report, text_report
from sbrtcheck.render.lists import DVH_FORMATS, tables_json, tables_text
from sbrtcheck.render.markdown import HEADINGS
from sbrtcheck.render.text import NARROWEST
from sbrtcheck.results import NOTICE, Report, labels
from sbrtcheck.tables import ClinicianItem, Kind, load_sites
from sbrtcheck.text_export import load_dvh_export

TEXTS = [text_report, markdown_report]
OF_TEXT = [format_.name for format_ in REPORT_FORMATS if not format_.binary]


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert FORMATS[name](report()) == FORMATS[name](report())


@pytest.mark.parametrize("name", OF_TEXT)
def test_every_format_ends_with_one_line_end_and_has_no_blanks_before_any(name: str) -> None:
    text = FORMATS[name](report())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.splitlines())


def plain(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("render", TEXTS)
def test_what_no_plan_can_answer_stands_below_the_rows_with_its_source(render: Any) -> None:
    shown = plain(render(report()))
    assert "For the clinician: no plan can answer these" in shown
    assert "good *general* condition (Poe 2022, page 9)" in shown
    assert shown.index("Findings") < shown.index("general") < shown.index("Sources")
    assert "linician" not in plain(render(report_on(table(), dvh_set(ramp_dvh()))))


def test_what_no_plan_can_answer_is_of_its_table_in_json_and_the_last_line_in_csv() -> None:
    (one,) = json.loads(FORMATS["json"](report()))["tables"]
    source = {"citation": "Poe 2022", "doi": "", "where": "page 9"}
    assert one["for_clinician"] == [{"text": "good *general* condition", "site": "", "source": source}]
    last = list(csv.DictReader(io.StringIO(FORMATS["csv"](report()))))[-1]
    assert (last["kind"], last["note"], last["verdict"]) == ("for the clinician", "good *general* condition", "")
    assert (last["table"], last["counts"], last["citation"]) == ("test-table", "false", "Poe 2022")


@pytest.mark.parametrize("render", TEXTS)
def test_a_row_shows_organ_contour_rule_metric_limit_value_band_margin_verdict_and_source(render: Any) -> None:
    shown = plain(render(report()))
    assert "SpinalCord (cord and medulla)" in shown
    assert "SpinalCord (TG-263 name)" in shown
    assert "D0.035cc[Gy]" in shown
    assert "<= 23 (variation <= 30)" in shown
    assert "28.95" in shown
    assert "-5.95" in shown
    assert "VARIATION" in shown
    assert "[2] Roe 2021, page 7" in shown
    assert "[1] Doe 2020, Table 1 (doi 10.0/x)" in shown


@pytest.mark.parametrize("render", [partial(text_report, with_bounds=True), markdown_report])
def test_bounds_stand_beside_the_value_where_they_are_asked_for(render: Any) -> None:
    assert "28.95 [28.93, 28.97]" in plain(render(report()))


@pytest.mark.parametrize("render", TEXTS)
def test_the_counts_stand_at_the_top_the_worst_first(render: Any) -> None:
    top = render(report()).partition("Table of a test")[0]
    assert "FAIL" in top
    assert "1 FAIL, 2 NOT EVALUATED, 1 VARIATION, 2 PASS; 3 shown but not counted" in top


@pytest.mark.parametrize("render", TEXTS)
@pytest.mark.parametrize("flag", ["borderline", "convention sensitive", "unconfirmed", "disputed", "mandatory"])
def test_a_flag_is_shown_and_explained(render: Any, flag: str) -> None:
    shown = plain(render(report()))
    assert shown.count(flag) >= 2
    assert f"{flag}: {labels.FLAGS[flag]}" in shown


@pytest.mark.parametrize("render", TEXTS)
def test_remarks_say_why(render: Any) -> None:
    shown = plain(render(report()))
    assert "SpinalCord D0.035cc[Gy]: end caps none: 30.29 [30.29, 30.29], FAIL".replace(" [30.29, 30.29]", "") in shown
    assert "3 cc, smaller than 5 cc: is the contour complete?" in shown
    assert "disputed: digits swapped in print" in shown


@pytest.mark.parametrize("render", TEXTS)
def test_a_report_ends_with_findings_and_with_what_it_was_made_from(render: Any) -> None:
    shown = plain(render(report(strict=True, include_unconfirmed=True)))
    assert "Heart: 2 cc lie outside the dose grid" in shown
    assert "Table test-table, version 1, sha256 0123456789ab" in shown
    assert "a note of the table" in shown
    assert "plan: 1.2.3" in shown
    assert "doses: 1.2.4, 1.2.5" in shown
    assert "end caps half-slice; dose trilinear between grid points" in shown
    assert "Strict:" in shown
    assert "Also counted: unconfirmed rows" in shown
    assert "sbrtcheck 0.1.0" in shown
    assert shown.endswith(plain(NOTICE))


def test_text_lists_missing_organs_in_one_place_but_leaves_mandatory_ones_in_the_table() -> None:
    shown = text_report(report())
    assert "Not evaluated, expected and not in the plan\n  Trachea\n" in shown
    assert "Esophagus -> no contour\n  NOT EVALUATED  D5cc[Gy]" in shown


@pytest.mark.parametrize("render", TEXTS)
def test_organs_that_the_site_does_not_expect_are_listed_apart(render: Any) -> None:
    rows = [row("Mean[Gy]", "below", 30, organ, id=organ) for organ in ("SpinalCord", "Trachea", "Cochlea_L")]
    rows.append(row("Max[Gy]", "below", 30, "Cochlea_L", id="again"))
    shown = plain(render(report_on(table(*rows), dvh_set(uniform_dvh(dose_gy=20.0)))))
    assert "; 2 rows for organs not expected at this site" in shown
    assert re.search(r"Not evaluated, expected and not in the plan:? Trachea", shown)
    assert re.search(r"Not in the plan, and not expected at this site:? Cochlea_L \(2 rows\)", shown)


@pytest.mark.parametrize("width", [40, 80, 104, 120, 200])
def test_text_loses_nothing_on_a_narrow_screen(width: int) -> None:
    lines = text_report(report(), width=width).splitlines()
    assert max(map(len, lines)) <= max(width, NARROWEST)
    for flag in ("borderline", "unconfirmed", "disputed", "mandatory"):
        assert sum(flag in line for line in lines) >= 2


def _own_percent(value: float, limit: float) -> str:
    return f"{100 * value / limit:.0f} %"


@pytest.mark.parametrize("render", TEXTS)
def test_every_row_with_a_value_shows_it_in_percent_of_its_limit(render: Any) -> None:
    limits = (80, 40, 16)  # the dose is 20 Gy: 25, 50 and 125 % of them
    rows = [row("Mean[Gy]", "below", limit, id=f"limit-{limit}") for limit in limits]
    shown = plain(render(report_on(table(*rows), dvh_set(uniform_dvh(dose_gy=20.0)))))
    for limit in limits:
        assert re.search(rf"< {limit}\b.*?{_own_percent(20.0, limit)}", shown)


@pytest.mark.parametrize("width", [104, 120, 200])
def test_words_of_flags_are_not_broken(width: int) -> None:
    text = text_report(report(), width=width)
    assert all(re.search(rf"(^| ){re.escape(flag)}$", text, re.MULTILINE) for flag in ("unconfirmed", "mandatory"))


def test_colour_adds_to_the_words_and_replaces_none() -> None:
    coloured = text_report(report(), colour=True)
    assert "\x1b[" in coloured
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert without.split() == text_report(report()).split()
    assert "\x1b" not in text_report(report())


def test_text_is_ascii_when_the_names_are() -> None:
    assert text_report(report()).isascii()


def test_json_is_versioned_ascii_and_complete() -> None:
    text = FORMATS["json"](report())
    assert text.isascii()
    loaded = json.loads(text)
    assert loaded["schema"] == "sbrtcheck-report/2"
    assert loaded["tables"][0]["sha256"] == "0123456789abcdef" * 4
    assert len(loaded["outcomes"]) == 9
    assert loaded["outcomes"][0]["source"] == {"citation": "Doe 2020", "doi": "10.0/x", "where": "Table 1"}
    assert loaded["notice"] == NOTICE


def test_csv_has_a_header_and_one_line_an_outcome() -> None:
    lines = [row for row in csv.DictReader(io.StringIO(FORMATS["csv"](report()))) if row["kind"] in set(Kind)]
    assert [line["row"] for line in lines] == [outcome.constraint.id for outcome in report().outcomes]
    assert lines[0]["borderline"] == "true"
    assert lines[7]["value"] == ""
    assert lines[7]["reason"] == "structure missing"


NASTY = [
    "=x|y",
    "-1+1|x",
    "@SUM(A1)",
    "\t=x",
    "[red]x[/red]",
    "a`b*c_d",
    "<b>",
    "line\nbreak",
    "\x1b[31mred",
    "Gehörgang",
    "a|b",
    "{0}",
    ":smile:",
]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("format_", OF_TEXT)
def test_structure_names_are_text_and_nothing_else(format_: str, name: str) -> None:
    made = report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh(name)), names={"SpinalCord": name})
    shown = FORMATS[format_](made)
    assert "\x1b" not in shown
    if format_ == "json":
        assert json.loads(shown)["outcomes"][0]["contour"] == name
    elif format_ == "csv":
        cells = next(csv.DictReader(io.StringIO(shown)))
        mark = "'" if name.strip()[0] in "=+-@" else ""  # so that no spreadsheet takes it for a formula
        assert cells["contour"] == mark + clean(name)
    elif format_ == "text":
        assert clean(name) in shown
    elif format_ == "html":
        assert html.escape(clean(name)) in shown
    else:
        (line,) = [line for line in shown.splitlines() if line.startswith("| PASS")]
        assert line.replace("\\|", "").count("|") == len(HEADINGS) + 1


@given(
    st.floats(min_value=0, max_value=1e4),
    st.floats(min_value=0, max_value=100).map(lambda x: round(x, 2)),
)
def test_a_value_is_never_shown_as_the_limit_it_only_comes_close_to(value: float, limit: float) -> None:
    assert (float(number_text(value, limit)) == limit) == (value == limit)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(17.5, "17.50"), (14.996, "14.996"), (15.0, "15.00"), (math.nextafter(15, 0), "14.999999999999998")],
)
def test_numbers_have_two_decimals_or_as_many_as_tell_them_from_the_limit(value: float, shown: str) -> None:
    assert number_text(value, 15.0) == shown


def test_csv_ends_with_the_overall_verdict_and_every_reason_against_a_pass() -> None:
    made = report()
    lines = list(csv.DictReader(io.StringIO(FORMATS["csv"](made))))
    (overall,) = [line for line in lines if line["kind"] == "report"]
    assert (overall["verdict"], overall["counts"]) == ("FAIL", "false")
    said = [(line["reason"], line["detail"]) for line in lines if line["kind"] == "review"]
    assert said == [(str(reason.code), reason.text) for reason in made.reasons]
    assert said


def test_a_statement_for_another_site_is_not_asked_of_the_clinician() -> None:
    asked = [ClinicianItem(text=f"of {site or 'all'}", source=SOURCE, site=site) for site in ("lung", "liver", "")]
    made = report_on(table(row("Mean[Gy]", "below", 30), for_clinician=tuple(asked)), dvh_set(uniform_dvh()))
    assert made.site.ids == ("lung",)
    for name in OF_TEXT:
        shown = FORMATS[name](made)
        assert "of lung" in shown
        assert "of all" in shown
        assert ("of liver" in shown) == (name == "json")  # where the table is given whole, with the site of each


def test_a_report_in_which_nothing_was_computed_says_so() -> None:
    nothing = report_on(table(row("Mean[Gy]", "below", 30)), dvh_set())
    shown = text_report(nothing)
    assert "OVERALL: REVIEW" in shown
    assert "DVHs none: the plan has no structure that was asked for" in shown


def partly(passing: int, missing: int, *, limit_gy: float = 30.0, acceptable: float | None = None) -> Report:
    """So many rows on a structure of 20 Gy, and so many on an organ that no lung plan has to have."""
    there = [row("Mean[Gy]", "at_most", limit_gy, acceptable=acceptable, id=f"there-{n}") for n in range(passing)]
    lacking = [row("Mean[Gy]", "at_most", 30, "Cochlea_L", id=f"lacking-{n}") for n in range(missing)]
    return report_on(table(*there, *lacking), dvh_set(uniform_dvh(dose_gy=20.0)))


@pytest.mark.slow
@given(st.integers(1, 4), st.integers(0, 4), st.sampled_from(["PASS", "VARIATION", "FAIL"]))
def test_the_headline_says_on_how_many_rows_a_pass_or_variation_stands(there: int, lacking: int, verdict: str) -> None:
    limits: dict[str, Any] = {
        "PASS": {},
        "VARIATION": {"limit_gy": 10.0, "acceptable": 25.0},
        "FAIL": {"limit_gy": 10.0},
    }[verdict]
    found = partly(there, lacking, **limits)
    headline = verdict if verdict == "FAIL" else f"{verdict} on {there} of {there} rows for lung"
    absent = f"; {lacking} row{'s' if lacking > 1 else ''} for organs not expected at this site" if lacking else ""
    assert found.verdict == verdict
    assert labels.overall_text(found) == headline
    assert labels.summary_text(found) == f"{there} {verdict}{absent}"
    assert f"\nOVERALL: {headline}   {there} {verdict}{absent}\n" in text_report(found)
    assert f"\n## {headline}\n\n{there} {verdict}{absent}.\n" in markdown_report(found)
    assert f"<title>{headline}: plan " in FORMATS["html"](found)
    assert json.loads(FORMATS["json"](found))["verdict"] == verdict


def test_stored_dvhs_are_said_to_be_stored() -> None:
    shown = text_report(report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(percent_dvh())))
    assert "DVHs stored, not computed here" in shown


# -------------------------------------------------------------------------------- lists of tables and DVHs


def test_the_list_of_tables_counts_confirmed_and_other_rows() -> None:
    shipped = (table(row("Mean[Gy]", "below", 30), row("Max[Gy]", "below", 30, id="b", confirmed_by=())),)
    (listed,) = json.loads(tables_json(shipped, load_sites()))["tables"]
    assert (listed["id"], listed["rows_confirmed"], listed["rows_unconfirmed"]) == ("test-table", 1, 1)
    assert "test-table" in tables_text(shipped, load_sites())
    assert "1 + 1" in tables_text(shipped, load_sites())


def test_the_list_of_tables_has_every_site_with_its_organs_and_their_grounds() -> None:
    sites = load_sites()
    listed = json.loads(tables_json((), sites))["expected_organs"]
    assert (listed["version"], listed["sha256"]) == (sites.version, sites.sha256)
    assert tuple(site["id"] for site in listed["sites"]) == sites.ids
    shown = " ".join(tables_text((), sites).split())
    for written, site in zip(listed["sites"], sites.sites, strict=True):
        for organ, value in zip(written["expects"], site.expects, strict=True):
            assert (organ["organ"], tuple(organ["structures"])) == (value.organ, value.structures)
            assert (organ["source"] is None) == (organ["choice"] is not None) == bool(value.choice)
        assert f"{site.id} {', '.join(one.organ + '*' * bool(one.choice) for one in site.expects)}" in shown


WITHOUT = NoDVH(name="Areola", number=9, reason=Reason.STRUCTURE_EMPTY, detail="no closed contour")


def test_the_summary_of_dvhs_has_a_line_a_structure_and_says_which_have_none() -> None:
    shown = DVH_FORMATS["text"](dvh_set(ramp_dvh(), uniform_dvh("Heart", findings=(OUTSIDE,)), without=(WITHOUT,)))
    assert "SpinalCord" in shown
    assert "19.93" in shown  # D0.035cc of a ramp to 20 Gy in 10 cc
    assert "Heart: 2 cc lie outside the dose grid" in shown
    assert "Areola: no DVH, structure empty (no closed contour)" in shown


def test_a_metric_that_a_stored_dvh_cannot_answer_is_a_dash() -> None:
    assert " - " in DVH_FORMATS["text"](dvh_set(percent_dvh()))


def test_the_points_of_the_curves_are_in_the_csv() -> None:
    lines = list(csv.DictReader(io.StringIO(DVH_FORMATS["csv"](dvh_set(ramp_dvh(low_gy=5.0), percent_dvh("Heart"))))))
    assert lines[2] == {"structure": "SpinalCord", "dose_gy": "20.0", "volume_cc": "0.0", "volume_percent": "0.0"}
    assert lines[3] == {"structure": "Heart", "dose_gy": "0.0", "volume_cc": "", "volume_percent": "100.0"}


def test_a_name_is_no_formula_to_a_spreadsheet_and_is_read_back_as_it_is(tmp_path: Path) -> None:
    for name in ("=cmd|' /C calc'!A0", "+Ring", "-5mm", "@x", "'=x"):
        text = DVH_FORMATS["csv"](dvh_set(ramp_dvh(name)))
        assert next(csv.DictReader(io.StringIO(text)))["structure"] == f"'{name}"
        (tmp_path / "dvhs.csv").write_text(text, encoding="utf-8")
        assert [dvh.name for dvh in load_dvh_export(tmp_path / "dvhs.csv")] == [name]


def test_the_json_of_dvhs_is_versioned_and_has_curves_and_bounds() -> None:
    loaded = json.loads(DVH_FORMATS["json"](dvh_set(ramp_dvh(half_width_gy=0.1), without=(WITHOUT,))))
    assert loaded["schema"] == "sbrtcheck-dvhs/1"
    assert loaded["structures"][0]["mean_gy"] == {"value": 10.0, "low": 9.9, "high": 10.1}
    assert loaded["without"] == [{"name": "Areola", "reason": "structure empty", "detail": "no closed contour"}]

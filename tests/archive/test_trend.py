"""The trend of a batch: every outcome is on the page, worst rows first; a file of another kind is refused."""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
from collections import Counter
from pathlib import Path
from random import Random

import pydicom
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from html_reports import HOSTILE, Page
from sbrtcheck.archive import COLUMNS, Options, batch
from sbrtcheck.archive.entries import _date
from sbrtcheck.archive.trend import Trends, load_trends
from sbrtcheck.archive.trend_page import trend_page
from sbrtcheck.cli import main
from sbrtcheck.errors import InputError
from sbrtcheck.results import Verdict
from stored_plans import LUNG

LIVER = LUNG.parent / "liver-45gy-3fx"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two plans, of which one has a date and fails rows."""
    folder = tmp_path_factory.mktemp("archive")
    shutil.copytree(LUNG, folder / "in" / "a")
    shutil.copytree(LIVER, folder / "in" / "b")
    for file in (folder / "in" / "b").iterdir():
        dataset = pydicom.dcmread(file)
        if dataset.Modality == "RTPLAN":
            dataset.RTPlanDate = "20250131"
            dataset.save_as(file)
    batch(folder / "in", folder / "results.csv", Options.read(tables=["tg101-3fx", "rtog-conformity"]), jobs=1)
    return folder / "results.csv"


def lines_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def written(lines: list[dict[str, str]], file: Path) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, lines[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return file


# -------------------------------------------------------------------------------- dates of plans


@given(st.dates())
def test_a_date_of_dicom_is_written_as_people_do(day: dt.date) -> None:
    assert _date(f"{day.year:04d}{day.month:02d}{day.day:02d}") == day.isoformat()
    assert _date(f"{day.year:04d}.{day.month:02d}.{day.day:02d}") == day.isoformat()


@pytest.mark.parametrize("text", ["", "20250230", "2025", "today", "202501311", "20250131-"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert _date(text) == ""


def test_the_results_have_the_date_of_a_plan_that_has_one(results: Path) -> None:
    dates = {line["fractions"]: line["plan_date"] for line in lines_of(results)}
    (plan,) = (one for one in map(pydicom.dcmread, LUNG.iterdir()) if one.Modality == "RTPLAN")
    stated = plan.RTPlanDate
    assert dates == {"5": f"{stated[:4]}-{stated[4:6]}-{stated[6:]}", "3": "2025-01-31"}


# -------------------------------------------------------------------------------- trends


def test_every_outcome_of_the_results_is_in_the_trends_once(results: Path) -> None:
    trends = load_trends(results)
    found = Counter(
        (row.table_id, row.row_id, row.organ, plan.plan_key, str(plan.verdict), plan.margin)
        for row in trends.rows
        for plan in row.plans
    )
    assert found == Counter(
        (
            line["table_id"],
            line["row_id"],
            line["organ"],
            line["plan_key"],
            line["verdict"],
            float(line["margin"]) if line["margin"] else None,
        )
        for line in lines_of(results)
    )
    assert trends.plan_count == 2


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["PASS", "FAIL", "REVIEW"]), min_size=1, max_size=3), st.randoms(), st.booleans())
def test_no_verdict_is_lost_under_another_of_the_same_uids(
    results: Path, verdicts: list[str], chance: Random, by_structure_set: bool
) -> None:
    """The same plan in several runs, or in folders of other content: each time it is a plan, in any order of rows."""
    lines = [
        {**line, "plan_verdict": verdict} | ({"structure_set_uid": str(run)} if by_structure_set else {})
        for run, verdict in enumerate(verdicts)
        for line in lines_of(results)
    ]
    chance.shuffle(lines)
    trends = load_trends(written(lines, results.with_name("runs.csv")))
    assert trends.plan_verdicts == {verdict: 2 * number for verdict, number in Counter(verdicts).items()}
    assert trends.plan_count == 2 * len(verdicts)
    assert sum(len(row.plans) for row in trends.rows) == len(lines)


def test_rows_that_fail_come_first_and_are_named_at_the_head(results: Path) -> None:
    trends = load_trends(results)
    fails = [Verdict.FAIL in row.tally() for row in trends.rows]
    assert any(fails)
    assert fails == sorted(fails, reverse=True)
    page = trend_page(trends)
    for number in range(sum(fails)):
        assert page.count(f'id="row-{number}"') == page.count(f'href="#row-{number}"') == 1


def test_the_page_has_every_value_in_a_table_a_mark_for_each_and_no_script(results: Path) -> None:
    lines = [{**line, "plan_date": line["plan_date"] or "2025-03-01"} for line in lines_of(results)]
    trends = load_trends(written(lines, results.with_name("dated.csv")))
    page = Page(trend_page(trends))
    shown = [row for row in trends.rows if set(row.tally()) != {Verdict.NOT_EVALUATED}]
    assert len(list(page.all("tr"))) == sum(len(row.plans) for row in shown) + len(shown)  # a head each
    marks = [one for one in page.all("g", class_="mark") if "transform" in one.attributes]
    assert len(marks) == sum(len(row.plans) for row in shown)
    assert not list(page.all("script"))
    assert all(one.attributes.get("aria-label") for one in page.all("svg", role="img"))


@pytest.mark.parametrize("margin", ["", "99999", "-99999"])
def test_a_value_that_was_not_evaluated_moves_no_mark_and_no_axis(results: Path, margin: str) -> None:
    """Whatever was measured of it, as of a part inside the dose grid: it is drawn as where there is no value."""

    def charts(of_not_evaluated: str) -> list[str]:
        lines = [{**line, "plan_date": line["plan_date"] or "2025-03-01"} for line in lines_of(results)]
        lines = [
            {**line, "margin": of_not_evaluated, "value": ""} if line["verdict"] == "NOT_EVALUATED" else line
            for line in lines
        ]
        text = trend_page(load_trends(written(lines, results.with_name("unevaluated.csv"))))
        return re.findall(r"<svg viewBox=\"0 0 .*?</svg>", text, re.DOTALL)

    drawn = charts(margin)
    assert sum("NOT EVALUATED" in one for one in drawn) > 1
    assert sorted(drawn) == sorted(charts(""))


def test_plans_without_dates_stand_in_order_or_in_the_tables_alone(results: Path) -> None:
    none = [{**line, "plan_date": ""} for line in lines_of(results)]
    text = trend_page(load_trends(written(none, results.with_name("none.csv"))))
    assert "No plan has a date" in text
    assert ">plan 1<" in text
    some = [{**line, "plan_date": "2025-01-31" if line["fractions"] == "3" else ""} for line in none]
    text = trend_page(load_trends(written(some, results.with_name("some.csv"))))
    assert "1 plan without a date: in the tables alone" in text
    assert ">no date<" in text


def test_a_plan_that_was_not_checked_is_told(results: Path) -> None:
    lines = lines_of(results)
    lost = dict.fromkeys(COLUMNS, "") | {
        "verdict": "NOT_EVALUATED",
        "counts": "false",
        "reason": "plan cannot be used",
        "plan_key": "9.9",
    }
    trends = load_trends(written([*lines, lost], results.with_name("lost.csv")))
    assert trends.not_checked == {"plan cannot be used": 1}
    assert "<b>Not checked, and in no row:</b> plan cannot be used: 1." in trend_page(trends)


def test_a_page_on_plans_of_which_nothing_was_evaluated_says_so(results: Path) -> None:
    lines = [
        {**line, "verdict": "NOT_EVALUATED", "plan_verdict": "REVIEW", "margin": "", "value": ""}
        for line in lines_of(results)
    ]
    text = trend_page(load_trends(written(lines, results.with_name("nothing.csv"))))
    assert "<b>Verdicts of the plans:</b> 2 REVIEW." in text
    assert ": 0 evaluated in some plan, 0 with a plan" in text


def test_hostile_names_are_text(results: Path) -> None:
    lines = [{**line, "organ": HOSTILE, "contour": HOSTILE, "reason": HOSTILE} for line in lines_of(results)]
    page = Page(trend_page(load_trends(written(lines, results.with_name("hostile.csv")))))
    assert not list(page.all("script"))
    assert HOSTILE in str(next(page.all("h2")))


def test_parquet_gives_the_same_page(results: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    batch(results.parent / "in", results.with_name("r.parquet"), Options.read(tables=["tg101-3fx"]), jobs=1)
    batch(results.parent / "in", results.with_name("r.csv"), Options.read(tables=["tg101-3fx"]), jobs=1)
    assert pq.read_schema(results.with_name("r.parquet")).names == [*COLUMNS]
    pages = {trend_page(load_trends(results.with_name(f"r.{ending}"))) for ending in ("parquet", "csv")}
    assert len(pages) == 1


# -------------------------------------------------------------------------------- what is no such file


def trends_of(lines: list[dict[str, str]], file: Path) -> Trends:
    return load_trends(written(lines, file))


def test_other_columns_are_refused(results: Path, tmp_path: Path) -> None:
    lines = lines_of(results)
    older = [{key: value for key, value in line.items() if key != "plan_date"} for line in lines]
    with pytest.raises(InputError, match="has no column plan_date; an older sbrtcheck wrote it"):
        trends_of(older, tmp_path / "older.csv")
    more = [{**line, "physicist": "x"} for line in lines]
    with pytest.raises(InputError, match="columns that nobody knows: physicist"):
        trends_of(more, tmp_path / "more.csv")
    with pytest.raises(InputError, match="is no table of sbrtcheck batch"):
        trends_of([{"a": "1"}], tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("margin", "wide", "margin is no number: 'wide'"),
        ("value", "nan", "value is no number: 'nan'"),
        ("verdict", "FINE", "the verdict 'FINE' is none"),
        ("counts", "maybe", "counts is neither true nor false: 'maybe'"),
        ("plan_date", "31.1.2025", "the date '31.1.2025' is none"),
    ],
)
def test_a_value_that_is_none_is_refused_with_its_line(
    results: Path, tmp_path: Path, column: str, value: str, said: str
) -> None:
    lines = lines_of(results)
    lines[1][column] = value
    with pytest.raises(InputError) as caught:
        trends_of(lines, tmp_path / "bad.csv")
    assert str(caught.value).startswith(f"{tmp_path / 'bad.csv'}:3: {said}")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("x.txt", b"", "format cannot be told"), ("x.csv", b"\xff\xfe\x00", "no"), ("x.parquet", b"no", "no Parquet")],
)
def test_another_file_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        load_trends(tmp_path / name)
    with pytest.raises(InputError, match="check the path"):
        load_trends(tmp_path / "none.csv")


def test_the_command_writes_the_page(results: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["trend", str(results), "--out", str(tmp_path / "trend.html")])
    assert done.exit_code == 0
    assert (tmp_path / "trend.html").read_text(encoding="utf-8") == trend_page(load_trends(results))
    done = CliRunner().invoke(main, ["trend", str(tmp_path / "none.csv")])
    assert (done.exit_code, "check the path" in done.stderr) == (2, True)

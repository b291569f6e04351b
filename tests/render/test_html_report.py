"""The HTML page shows the whole report, needs nothing else, and lets no text of a file become markup or script."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from dvh_builders import FIFTY_IN_FIVE, dvh_set, percent_dvh, ramp_dvh, report_on, row, table
from folders import ROOT
from html_reports import (
    HOSTILE,
    NASTY,
    PLANS,
    Page,
    compared_report,
    lung_report,
    nasty_report,
    varied_report,
)
from sbrtcheck import api
from sbrtcheck.chart.layout import TOLERANCE, thinned, ticks
from sbrtcheck.chart.points import Side
from sbrtcheck.cli import main
from sbrtcheck.dvh import DVH, NoDVH, Reason
from sbrtcheck.errors import OutputError
from sbrtcheck.formatting import clean
from sbrtcheck.installation import install_command
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.render import html_report
from sbrtcheck.render.dvh_comparison import comparison_lines
from sbrtcheck.render.html.chart import MAX_SHOWN, chart_of
from sbrtcheck.render.html.view import MAX_REASONS
from sbrtcheck.render.names import match_cells
from sbrtcheck.results import NOTICE, Report, Verdict, labels, value_texts
from sbrtcheck.tables import Select

MOST_BYTES = 1_500_000
TABLES = "rtog-0813"


def page(report: Report) -> Page:
    return Page(html_report(report))


# -------------------------------------------------------------------------------- what is on the page


@pytest.mark.parametrize("report", [varied_report(), lung_report()], ids=["varied", "lung"])
def test_every_row_is_there_with_its_verdict_numbers_and_source(report: Report) -> None:
    shown = page(report)
    for number, outcome in enumerate(report.outcomes):
        (body,) = shown.all("tbody", id=f"r-{number}")
        source = outcome.constraint.source
        parts = (
            labels.verdict_text(outcome),
            labels.organ_text(outcome),
            labels.contour_text(outcome).partition(" (")[0],
            labels.metric_text(outcome.constraint),
            labels.limit_used_text(outcome),
            value_texts.result_text(outcome),
            value_texts.margin_text(outcome),
            outcome.rule,
            source.citation,
            source.where,
            f"https://doi.org/{source.doi}" if source.doi else "",
            *outcome.constraint.confirmed_by,
            outcome.constraint.note,
            outcome.constraint.endpoint,
            *labels.flags(outcome),
            *(finding.text for finding in outcome.findings),
        )
        for part in parts:
            assert " ".join(part.split()) in str(body)
        for other in outcome.conventions:
            assert f"End caps {other.end_caps}" in str(body)
            assert value_texts.value_text(other.measurement, outcome, with_bounds=True) in str(body)


def test_the_banner_has_plan_prescription_site_verdict_counts_and_notice() -> None:
    (banner,) = page(lung_report()).all("header")
    report = lung_report()
    for part in ("Plan LUNG", labels.prescription_text(report), "Site lung", labels.overall_text(report), NOTICE):
        assert part in str(banner)
    assert labels.summary_text(report) in str(banner)
    assert "fail" in next(page(varied_report()).all("header")).attributes["class"].split()  # type: ignore[union-attr]


def test_a_line_of_the_banner_leads_to_its_row() -> None:
    report = varied_report()
    links = list(page(report).all("a", class_="to-row"))
    leads = {str(one): report.outcomes[int((one.attributes["href"] or "").removeprefix("#r-"))] for one in links}
    assert {one.constraint.id for one in leads.values()} == {"fails", "doubted"}
    for text, outcome in leads.items():
        assert text.startswith(f"{outcome.organ} {labels.metric_text(outcome.constraint)} ")


def lacking(organs: int) -> Report:
    """A report with so many reasons for a review."""
    rows = [row("Max[Gy]", "below", 30, f"Organ_{n:02}", id=f"r{n}", mandatory=True) for n in range(organs)]
    return report_on(table(*rows, row("Mean[Gy]", "below", 30)), dvh_set(ramp_dvh()))


@pytest.mark.parametrize("number", [1, MAX_REASONS, MAX_REASONS + 1, 40])
def test_many_reasons_are_folded_by_their_kind_and_none_is_lost(number: int) -> None:
    report = lacking(number)
    shown = page(report)
    (banner,) = shown.all("header")
    assert len(report.reasons) == number
    assert all(str(banner).count(reason.text) == 1 for reason in report.reasons)
    folds = list(shown.all("details"))
    assert len(folds) == (number > MAX_REASONS)
    if folds:
        assert str(folds[0]).startswith(f"{number} × not evaluated: Organ_00, Organ_01, ")
        assert "open" in folds[0].attributes  # without script, and on paper, all is there


def test_a_row_says_what_of_its_organ_was_not_measured() -> None:
    asked = row(
        "D0.5cc[Gy]", "below", 30, "Trachea", "Bronchus_Main", "Carina", select=Select.UNION, optional=("Carina",)
    )
    outside = ramp_dvh("Trachea", volume_cc=20.0, uncovered_cc=3.0)
    (body,) = page(report_on(table(replace(asked, site="lung")), dvh_set(outside))).all("tbody", id="r-0")
    for part in (
        "Lacking Bronchus_Main",
        "Optional Carina",
        "Outside grid 3.00 cc, 15 % of it",
        "Only for lung",
        "% of limit",
    ):
        assert part.replace(" ", "") in str(body).replace(" ", "")
    assert "partly outside grid" in str(body)


def test_a_row_shows_the_value_under_every_reading_of_contours_that_contradict_each_other() -> None:
    other = ramp_dvh(volume_cc=8.0, high_gy=44.0)
    report = report_on(table(row("Max[Gy]", "below", 30)), dvh_set(ramp_dvh(high_gy=20.0, readings=(other,))))
    assert report.outcomes[0].reason is Reason.CONTOURS_CONTRADICTORY
    (body,) = page(report).all("tbody", id="r-0")
    assert "20.00 Gy" in str(body)
    assert "44.00 Gy, of 8.00 cc" in str(body)


def test_each_row_says_what_is_to_be_filtered_by() -> None:
    report = varied_report()
    shown = page(report)
    found = {
        outcome.constraint.id: next(shown.all("tbody", id=f"r-{n}")).attributes["data-filters"]
        for n, outcome in enumerate(report.outcomes)
    }
    assert found == {
        "flagged": "near borderline convention",
        "varies": "variation near",  # 28.95 Gy: within 5 % of the acceptable 30 Gy
        "fails": "fail",
        "passes": "",
        "once": "unconfirmed",
        "doubted": "fail review",
        "risk": "",
        "narrowly": "",
        "missing": "none review",
        "must": "none review",
    }
    attention = [one.attributes["id"] for one in shown.all("tbody", class_="attention")]
    assert attention == [
        f"r-{n}" for n, o in enumerate(report.outcomes) if found[o.constraint.id] and o.constraint.id != "missing"
    ]


def test_names_of_the_report_are_those_that_the_command_shows() -> None:
    plan = PLANS / "lung-50gy-5fx"
    report, found = lung_report(), api.names(plan, TABLES)
    assert report.names == found
    section = page(report).section("names")
    for one in found.organs:
        assert one.organ in section
        assert all(cell in section for cell in match_cells(one)[:2])
    assert all(roi.name in section for roi in found.unused)


def test_names_given_and_names_close_are_shown() -> None:
    given_ = report_on(
        table(row("Mean[Gy]", "below", 5, "Heart")),
        dvh_set(ramp_dvh("Hrt"), ramp_dvh("Herz 2")),
        names={"Heart": "Hrt"},
    )
    assert "given by the user" in page(given_).section("names")
    close = report_on(table(row("Mean[Gy]", "below", 5, "Heart")), dvh_set(ramp_dvh("Heart x")))
    assert "Heart x" in page(close).section("names")
    assert "No structure, and no close name: Heart" in page(
        report_on(table(row("Mean[Gy]", "below", 5, "Heart")), dvh_set())
    ).section("names")


def test_a_comparison_shows_both_values_their_difference_and_the_verdicts_that_would_turn() -> None:
    section = page(compared_report()).section("compared")
    for part in (
        "stored in the RTDOSE",
        "20.25",
        "20.00",
        "+0.25",
        "+1.2 %",
        "apart",
        "volume too small",
        "bins of <0.1> Gy",
    ):
        assert part in section
    assert "curves at most +1.25 % of the volume apart, at 18.50 Gy; -0.75 Gy, at 95 %" in section
    assert all(
        line in section for line in comparison_lines(compared_report()) if not line.startswith("SpinalCord: volume")
    )
    assert "VARIATION here, FAIL there" in section
    assert "Liver: not compared, structure missing (only there)" in section


def test_no_comparison_says_why() -> None:
    assert "Not compared: no other DVHs were given." in page(varied_report()).section("compared")


def test_indices_of_the_plan_have_a_section_of_their_own() -> None:
    report = lung_report(site=True)
    section = page(report).section("quality")
    indices = [o for o in report.outcomes if str(o.constraint.metric).startswith(("R50", "R100", "D2cm", "CI"))]
    assert indices
    assert all(str(o.constraint.metric) in section and value_texts.result_text(o) in section for o in indices)
    assert not list(page(varied_report()).all("section", id="quality"))


def test_findings_statements_sources_and_provenance_are_there() -> None:
    report = varied_report(strict=True)
    shown = page(report)
    assert "Heart: 2 cc lie outside the dose grid" in shown.section("findings")
    assert "good *general* condition (Poe 2022, page 9)" in shown.section("clinician")
    assert "Doe 2020, Table 1 (doi 10.0/x)" in shown.section("sources")
    for part in (
        report.tables[0].sha256,
        "1.2.3",
        "1.2.4",
        "end caps half-slice",
        report.software,
        "a note of the table",
    ):
        assert part in shown.section("provenance")
    assert "Strict: borderline" in str(next(shown.all("header")))


def test_a_structure_without_dvh_and_a_report_without_any_say_so() -> None:
    gone = NoDVH(name="Heart", number=1, reason=Reason.STRUCTURE_EMPTY, detail="no contours")
    section = page(report_on(table(row("Mean[Gy]", "below", 5, "Heart")), dvh_set(without=(gone,)))).section("dvh")
    assert "no DVH of any structure" in section
    assert "Heart: structure empty (no contours)" in section


def test_no_patient_is_named() -> None:
    folder = PLANS / "lung-50gy-5fx"
    said = html_report(lung_report())
    for file in folder.glob("*.dcm"):
        header = pydicom.dcmread(file, stop_before_pixels=True)
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyDate"):
            value = str(header.get(keyword, ""))
            assert not value or value not in said
    assert str(folder) not in said


# -------------------------------------------------------------------------------- a page that stands alone


@pytest.mark.parametrize("report", [varied_report(), nasty_report(), lung_report()], ids=["varied", "nasty", "lung"])
def test_the_page_is_well_formed_and_its_references_lead_somewhere(report: Report) -> None:
    shown = page(report)
    ids = [one.attributes["id"] for one in shown.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for one in shown.elements:
        for key in ("aria-controls", "aria-labelledby", "for"):
            assert one.attributes.get(key) in (None, *ids)
        href = one.attributes.get("href")
        assert href is None or (href[0] == "#" and href[1:] in ids)


@pytest.mark.parametrize("report", [nasty_report(), lung_report()], ids=["nasty", "lung"])
def test_nothing_is_loaded_from_elsewhere(report: Report) -> None:
    text, shown = html_report(report), page(report)
    assert not {one.tag for one in shown.elements} & {"img", "link", "iframe", "object", "embed", "base"}
    assert not any({"src", "srcset", "style", "xlink:href"} & one.attributes.keys() for one in shown.elements)
    style = str(next(shown.all("style")))
    assert "@import" not in style
    assert set(re.findall(r"url\([^)]*\)", text.replace(HOSTILE, ""))) <= {"url(#plot)"}
    assert not re.search(r"fetch|XMLHttpRequest|import\(|WebSocket|sendBeacon|localStorage", text)


def test_only_the_pages_own_script_and_style_are_let_in() -> None:
    shown = page(nasty_report())
    (policy,) = (m.attributes["content"] or "" for m in shown.all("meta", http_equiv="Content-Security-Policy"))
    run = [s for s in shown.all("script") if s.attributes.get("type") != "application/json"]
    assert len(run) == 2
    for element in (*run, *shown.all("style")):
        digest = base64.b64encode(hashlib.sha256("".join(element.text).encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_text_of_files_stays_text() -> None:
    shown = page(nasty_report())
    assert len(list(shown.all("script"))) == 3
    assert not shown.comments
    names = [clean(name) for name in NASTY]
    assert [one["name"] for one in shown.data()["series"]] == names
    assert all(" ".join(name.split()) in shown.section("dvh") for name in names)
    (raw,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html_report(nasty_report()), re.S)
    assert not set(raw) & set("<>&\u2028\u2029")
    assert raw.isascii()


@settings(max_examples=30)  # a page each
@given(st.text(min_size=1, max_size=40))
def test_any_name_of_a_structure_is_shown_as_it_is(name: str) -> None:
    shown = page(report_on(table(row("Mean[Gy]", "below", 5, name)), dvh_set(ramp_dvh(name))))
    assert shown.data()["series"][0]["name"] == clean(name)
    assert " ".join(clean(name).split()) in shown.section("dvh")
    assert len(list(shown.all("script"))) == 3


def test_two_hundred_structures_and_seven_tables_stay_below_the_size_that_is_promised() -> None:
    dvh = max(lung_report(site=True).dvhs, key=lambda one: len(one.curve.dose_gy))
    many = tuple(replace(dvh, alternatives=(), name=f"Structure {n}", number=n) for n in range(200))
    assert len(html_report(replace(lung_report(site=True), dvhs=dvh_set(*many))).encode()) < MOST_BYTES
    assert len(html_report(lung_report(site=True)).encode()) < MOST_BYTES / 2


WRITE = """
import sys
sys.path[:0] = ["tests", "tests/helpers"]
import conftest  # tables of tests are not looked over, as in this process
from html_reports import compared_report
from sbrtcheck.render import html_report
sys.stdout.buffer.write(html_report(compared_report()).encode())
"""


def test_another_process_writes_the_same_bytes() -> None:
    seeded = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", WRITE], capture_output=True, check=True, cwd=ROOT, env=seeded)  # noqa: S603
    assert done.stdout == html_report(compared_report()).encode()


def test_the_command_writes_the_page_and_keeps_its_exit_code(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = CliRunner().invoke(
        main, ["check", str(PLANS / "lung-50gy-5fx"), "--table", TABLES, "--format", "html", "--out", str(out)]
    )
    assert (done.exit_code, done.output) == (0, "")
    assert out.read_text(encoding="utf-8") == html_report(lung_report())


def test_without_jinja2_the_mend_is_said_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jinja2" else found(name))
    with pytest.raises(OutputError, match="need jinja2; " + re.escape(install_command("html"))):
        html_report(varied_report())
    done = CliRunner().invoke(main, ["check", "no such folder", "--table", TABLES, "--format", "html"])
    assert done.exit_code == 2
    assert install_command("html") in done.output


# -------------------------------------------------------------------------------- the chart


def ramps() -> st.SearchStrategy[DVH]:
    """Ramps of any size, with bounds apart."""
    return st.builds(
        lambda volume, low, width, half: ramp_dvh(
            volume_cc=volume, low_gy=low, high_gy=low + width, half_width_gy=half
        ),
        st.floats(0.01, 20_000),
        st.floats(0, 100),
        st.floats(0.1, 100),
        st.floats(0, 3),
    )


@given(st.lists(ramps(), min_size=1, max_size=3), st.lists(st.floats(0, 1.1), min_size=1, max_size=20))
def test_values_of_the_chart_are_those_of_the_dvh_to_seven_digits(dvhs: list[DVH], shares: list[float]) -> None:
    report = report_on(table(), dvh_set(*(replace(dvh, name=f"S{n}") for n, dvh in enumerate(dvhs))))
    chart = chart_of(report)
    data = chart.data()
    for dvh, one in zip(report.dvhs, data["series"], strict=True):
        for at in {round(share * data["top"] / data["step"]) for share in shares}:
            band = dvh.volume_at_dose(at * data["step"])
            for key, exact in (("v", band.value), ("lo", band.low), ("hi", band.high)):
                given_ = one[key][at] if at < len(one[key]) else 0.0
                assert abs(given_ - exact) <= 5.0001e-7 * exact


def test_the_bundled_plan_is_given_at_doses_a_tenth_of_a_gray_apart() -> None:
    assert chart_of(lung_report()).step_gy == 0.1


SPOTS: dict[str, tuple[str, str, float, tuple[float, float | None, bool]]] = {
    "dose at volume": ("D2cc[Gy]", "below", 12, (12, 20, True)),
    "dose at share": ("D5%[Gy]", "at_most", 12, (12, 5, True)),
    "percent of the prescription": ("D95%[%Rx]", "at_least", 90, (45, 95, False)),
    "volume at dose": ("V20Gy[%]", "below", 10, (20, 10, True)),
    "volume at dose in cc": ("V20Gy[cc]", "below", 4, (20, 40, True)),
    "volume at percent": ("V50%Rx[%]", "at_least", 30, (25, 30, False)),
    "cold volume": ("DC7cc[Gy]", "below", 15, (15, 30, True)),
    "volume that gets less": ("CV15Gy[cc]", "at_least", 7, (15, 30, True)),
    "volume that gets less, at most": ("CV15Gy[cc]", "below", 7, (15, 30, False)),
    "median": ("Median[Gy]", "below", 9, (9, 50, True)),
    "mean": ("Mean[Gy]", "below", 8, (8, None, True)),
    "max in percent": ("Max[%Rx]", "at_most", 110, (55, None, True)),
    "min": ("Min[Gy]", "above", 3, (3, None, False)),
}


@pytest.mark.parametrize("name", SPOTS)
def test_a_limit_stands_where_its_metric_says(name: str) -> None:
    metric, sense, limit, spot = SPOTS[name]
    report = report_on(table(row(metric, sense, limit)), dvh_set(ramp_dvh(volume_cc=10, high_gy=60)))
    (limit,) = chart_of(report).limits
    point = limit.point
    percent = None if limit.on_axis else point.volume_percent
    assert (point.dose_gy, percent, point.side is Side.UNDER) == pytest.approx(spot)


CURVED = st.sampled_from(["D{}cc[Gy]", "D{}%[Gy]", "DC{}cc[Gy]", "V{}Gy[cc]", "V{}Gy[%]", "CV{}Gy[cc]"])


@given(CURVED, st.floats(1, 9), st.floats(1, 9), st.sampled_from(["below", "at_least"]), st.floats(1, 40))
def test_a_row_passes_where_the_curve_is_on_the_shaded_side(
    metric: str, at: float, limit: float, sense: str, high_gy: float
) -> None:
    dvh = ramp_dvh(volume_cc=10, high_gy=high_gy)
    report = report_on(table(row(metric.format(f"{at:.3f}"), sense, limit)), dvh_set(dvh))
    for drawn in chart_of(report).limits:
        assert not drawn.on_axis
        beyond = dvh.volume_at_dose(drawn.point.dose_gy).value * 10 - drawn.point.volume_percent
        if abs(beyond) > 0.1:  # not on the curve itself
            assert (report.outcomes[0].verdict is Verdict.PASS) == ((beyond < 0) == (drawn.point.side is Side.UNDER))


def test_limits_on_other_dose_scales_and_far_beyond_are_named_not_drawn() -> None:
    far = row("D1cc[Gy]", "below", 700, id="far")
    scaled = row("D1cc[Gy]", "below", 70, id="eqd2", quantity=Quantity.EQD2, alpha_beta_gy=3.0)
    chart = chart_of(report_on(table(far, scaled), dvh_set(ramp_dvh())))
    assert not chart.limits
    assert [line.partition(": ")[2] for line in chart.left_out] == [
        "far beyond the doses of the plan",
        "in EQD2, the chart is in physical dose",
    ]
    assert chart.top_gy < 30


def test_rows_that_have_no_value_or_no_structure_of_their_own_put_no_limit_into_the_chart() -> None:
    rows = (row("D5cc[Gy]", "below", 15, "Heart"), row("D50cc[Gy]", "below", 15))
    assert not chart_of(report_on(table(*rows), dvh_set(ramp_dvh()))).limits
    of_another_course = replace(FIFTY_IN_FIVE, fractions=3)
    assert not chart_of(
        report_on(table(row("D5cc[Gy]", "below", 15)), dvh_set(ramp_dvh(), rx=of_another_course))
    ).limits


def test_a_dvh_of_percent_only_has_its_percent_limits() -> None:
    rows = (row("V15Gy[%]", "below", 15), row("D0.035cc[Gy]", "below", 15))
    chart = chart_of(report_on(table(*rows), dvh_set(percent_dvh())))
    assert not chart.series[0].in_cc
    assert [limit.point.volume_percent for limit in chart.limits] == [15]


def test_structures_shown_at_first_are_few_look_different_and_hold_what_fails() -> None:
    dvhs = [ramp_dvh(f"S{n}", high_gy=10 + n) for n in range(20)]
    rows = [row("Max[Gy]", "below", 1 if n == 7 else 100, f"S{n}", id=f"r{n}") for n in range(20)]
    chart = chart_of(report_on(table(*rows), dvh_set(*dvhs)))
    shown = [one for one in chart.series if one.is_visible]
    assert len(shown) == MAX_SHOWN
    assert len({(one.style.colour, one.style.dashes) for one in shown}) == len(shown)
    assert "S7" in {one.name for one in shown}
    assert len({one.style for one in chart.series}) == 20


# -------------------------------------------------------------------------------- the drawing for paper


def off_line(point: np.ndarray[Any, Any], line: np.ndarray[Any, Any]) -> float:
    """Distance of a point from a line of straight pieces."""
    away = []
    for a, b in pairwise(line):
        length = float(np.dot(b - a, b - a))
        share = 0.0 if length == 0 else min(max(float(np.dot(point - a, b - a)) / length, 0.0), 1.0)
        away.append(float(np.hypot(*(point - a - share * (b - a)))))
    return min(away)


@given(st.lists(st.floats(0, 400), min_size=2, max_size=40))
def test_points_left_out_of_a_line_lie_on_it(heights: list[float]) -> None:
    falling = np.column_stack([3.0 * np.arange(len(heights)), np.sort(heights)])
    kept = thinned(falling)
    assert kept[0].tolist() == falling[0].tolist()
    assert kept[-1].tolist() == falling[-1].tolist()
    assert all(off_line(point, kept) <= TOLERANCE + 1e-9 for point in falling)


def test_the_drawn_curve_of_a_ramp_is_its_corner_and_its_ends() -> None:
    chart = chart_of(report_on(table(), dvh_set(ramp_dvh(low_gy=10, high_gy=20))))
    assert 'd="M54.0 14.0L449.0 14.0L844.0 398.0"' in chart.drawing()


@given(st.floats(1e-3, 1e4))
def test_ticks_are_round_and_few(top: float) -> None:
    found = ticks(top)
    assert found[0] == 0
    assert 4 <= len(found) <= 11
    assert found[-1] <= top * (1 + 1e-9)
    assert f"{found[1]:.0e}"[0] in "125"


def test_the_page_shows_the_chart_without_its_script() -> None:
    chart = chart_of(lung_report())
    shown = page(lung_report())
    lines = [one for one in shown.all("path", class_="line") if "M1 7H39" not in (one.attributes["d"] or "")]
    assert len(lines) == sum(one.is_visible for one in chart.series)
    assert len(list(shown.all("path", class_="band"))) == len(lines)
    drawn = {one.name for one in chart.series if one.is_visible}
    assert (
        len(list(shown.all("g", class_="limit"))) == sum(limit.point.structure in drawn for limit in chart.limits) > 0
    )

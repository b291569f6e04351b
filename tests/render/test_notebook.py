"""What a notebook shows of a report and of DVHs: complete, in order of need, harmless, and drawn to scale."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import dvh_set, percent_dvh, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import DVHSet, NoDVH, Reason
from sbrtcheck.dvh.notebook import BOTTOM, LEFT, RIGHT, TOP

VOID = {"br", "path"}  # written without an end tag, or closed in themselves


class Shown(HTMLParser):
    """The cells of the rows, the tags used, and whether every tag is closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & {*self.open}:
            self.rows[-1][-1] += f"{data} "


def test_what_the_plan_lacks_is_folded_what_it_should_have_apart_from_the_rest() -> None:
    organs = ("SpinalCord", "Heart", "Cochlea_L", "Cochlea_R")
    rows = [row("Mean[Gy]", "below", 30, organ, id=organ) for organ in organs]
    shown = report_on(table(*rows), dvh_set(uniform_dvh(dose_gy=20.0)))._repr_html_()
    assert "<summary>1 row: expected and not in the plan</summary>" in shown
    assert "<summary>2 rows: not in the plan, and not expected at this site</summary>" in shown
    assert shown.index("SpinalCord (TG-263 name)") < shown.index("<details>") < shown.index(">Cochlea_L<")


ROWS = (
    row("Mean[Gy]", "below", 30, id="passes"),
    row("Mean[Gy]", "below", 5, id="fails"),
    row("Mean[Gy]", "below", 5, acceptable=30, id="varies"),
    row("Mean[Gy]", "below", 5, "Heart", id="missing"),
    row("Mean[Gy]", "below", 5, "Liver", id="needed", mandatory=True),
    row("Mean[Gy]", "below", 30, id="alone", confirmed_by=("print",)),
)
VERDICTS = {"FAIL", "VARIATION", "PASS", "NOT EVALUATED"}


def verdict_of(cell: str) -> str:
    return next(word for word in VERDICTS if cell.startswith(word))


@given(st.permutations(ROWS))
def test_what_needs_attention_comes_first_whatever_the_order_of_the_table(rows: list) -> None:
    shown = Shown(report_on(table(*rows), dvh_set(uniform_dvh(dose_gy=20.0)))._repr_html_())
    found = [verdict_of(cells[0]) for cells in shown.rows if cells[0] != "Verdict "]
    assert found == ["FAIL", "NOT EVALUATED", "VARIATION", "PASS", "PASS", "NOT EVALUATED"]


def test_a_row_of_the_report_has_its_contour_band_margin_flags_and_source() -> None:
    dvhs = dvh_set(uniform_dvh(dose_gy=20.0, half_width_gy=1.0))
    text = report_on(table(row("Mean[Gy]", "below", 20.5, organ="Cord")), dvhs)._repr_html_()
    _, cells = Shown(text).rows
    assert cells == [
        "PASS borderline, near limit ",
        "SpinalCord (Cord) SpinalCord (TG-263 name) ",
        "Mean[Gy] ",
        "< 20.5 ",
        "20.00 [19.00, 21.00] ",
        "+0.50 ",
        "98 % ",
        "[1] ",
    ]
    assert "[1] Doe 2020, Table 1 (doi 10.0/x)" in text


def test_the_counts_stand_beside_the_overall_word() -> None:
    text = report_on(table(*ROWS), dvh_set(uniform_dvh(dose_gy=20.0)))._repr_html_()
    overall = re.sub("<[^>]+>", "", text.split("</p>")[1])
    assert overall == "FAIL 1 FAIL, 2 NOT EVALUATED, 1 VARIATION, 1 PASS; 1 shown but not counted"


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\x1b&'


def hostile_set() -> DVHSet:
    lacking = NoDVH(name=HOSTILE, number=9, reason=Reason.STRUCTURE_EMPTY, detail=HOSTILE)
    return dvh_set(ramp_dvh(HOSTILE), without=(lacking,))


@pytest.mark.parametrize("of", ["report", "DVHs"])
def test_names_from_files_stay_text(of: str) -> None:
    dvhs = hostile_set()
    report = report_on(table(row("Mean[Gy]", "below", 5, organ=HOSTILE)), dvhs, names={"SpinalCord": HOSTILE})
    shown = Shown(report._repr_html_() if of == "report" else dvhs._repr_html_())
    assert not shown.tags & {"script", "img", "style", "link", "a"}
    assert not [name for name in shown.attributes if name.startswith("on")]
    assert HOSTILE.replace("\x1b", " ") in "".join(cell for cells in shown.rows for cell in cells)


def test_the_summary_of_dvhs_has_every_number_with_its_bounds() -> None:
    _, ours, stored = Shown(dvh_set(ramp_dvh(half_width_gy=1.0), percent_dvh("Heart", low_gy=10.0))._repr_html_()).rows
    assert [cell.strip() for cell in ours[1:]] == [
        "SpinalCord",
        "10.00 cc",
        "10.00 [9.00, 11.00]",
        "0.00 [0.00, 1.00]",
        "20.00 [19.00, 21.00]",
        "1.00 [0.95, 2.00]",  # of the ramps 0 to 20, 0 to 19 and 1 to 21 Gy
        "19.60 [18.62, 20.60]",
        "0.00",
    ]
    assert stored[2] == "100.00 % "


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0.1, 50), st.floats(0.1, 900)), min_size=1, max_size=4),
)
def test_the_drawn_curves_are_the_dvhs(ramps: list[tuple[float, float, float]]) -> None:
    dvhs = dvh_set(
        *(ramp_dvh(f"S{n}", low_gy=low, high_gy=low + width, volume_cc=cc) for n, (low, width, cc) in enumerate(ramps))
    )
    top_gy = max(low + width for low, width, _ in ramps)
    drawn = re.findall(r'</title><path [^>]*Z"/><path [^>]* d="M([^"]*)"', dvhs._repr_html_())
    assert len(drawn) == len(ramps)
    for points, (low, width, _) in zip(drawn, ramps, strict=True):
        x, y = np.array([pair.split(" ") for pair in points.split("L")], dtype=float).T
        doses = (x - LEFT) / (RIGHT - LEFT) * top_gy
        share = (BOTTOM - y) / (BOTTOM - TOP)
        slack = 0.05 / (BOTTOM - TOP) + top_gy / width * 0.05 / (RIGHT - LEFT) + 1e-9
        edge = np.abs(doses - low - width) <= top_gy * 0.05 / (RIGHT - LEFT)
        expected = np.clip((low + width - doses) / width, 0.0, 1.0)
        assert np.all((np.abs(share - expected) <= slack) | edge)


def test_no_structure_is_no_error() -> None:
    text = dvh_set()._repr_html_()
    assert "0 structures" in text
    assert "path" not in text

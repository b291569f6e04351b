"""Every chart of DVHs has the same colours, and the targets first and with thicker lines; verdicts look apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import sbrtcheck
from dvh_builders import dvh_set, ramp_dvh, report_on, row, table
from html_reports import PLANS, Page
from sbrtcheck.chart.line_styles import COLOURS as LINE_COLOURS
from sbrtcheck.chart.line_styles import line_style
from sbrtcheck.render import html_report
from sbrtcheck.render.html.view import ICONS
from sbrtcheck.render.pdf.chart import dvh_chart
from sbrtcheck.render.pdf.style import COLOURS
from sbrtcheck.render.text import _COLOURS as ON_SCREEN
from sbrtcheck.results import Report, Verdict
from sbrtcheck.results.notebook import STYLES

TARGETS = ("PTV", "GTV_1", "ITV", "CTV_boost")
ORGANS = ("SpinalCord", "Heart", "Lung_L", "Lung_R", "Liver", "zPTV_ring", "Skin", "Rib", "Stomach", "Colon")


@dataclass(frozen=True)
class Drawn:
    """A structure as a chart lists it: the width of its line, and its colour."""

    name: str
    width: float
    colour: str


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


class Canvas:
    """Takes note of the names written, and of the width and the colour that lines have then."""

    def __init__(self) -> None:
        self.width, self.colour = 0.0, ""
        self.written: list[Drawn] = []

    def setLineWidth(self, width: float) -> None:  # noqa: N802 - reportlab's name
        self.width = width

    def setStrokeColor(self, colour: Any) -> None:  # noqa: N802 - reportlab's name
        self.colour = f"#{colour.hexval()[2:]}"

    def drawString(self, _x: float, _y: float, text: str) -> None:  # noqa: N802 - reportlab's name
        self.written.append(Drawn(text, self.width, self.colour))

    def beginPath(self) -> Canvas:  # noqa: N802 - reportlab's name
        return self

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def on_paper(report: Report) -> list[Drawn]:
    chart: Any = dvh_chart(report, 500.0)
    chart.canv = Canvas()
    chart.draw()
    written: list[Drawn] = chart.canv.written
    return written


def on_axes(report: Report, **options: Any) -> list[Drawn]:
    lines = [line for line in report.plot(**options).get_lines() if line.get_linestyle() != "None"]
    return [Drawn(str(line.get_label()), line.get_linewidth(), str(line.get_color())) for line in lines]


def in_a_notebook(report: Report) -> list[Drawn]:
    line = r'<title>([^<]*)</title>.*?<path class="line[^"]*" color="(#\w+)".*?stroke-width="([\d.]+)"'
    return [Drawn(name, float(width), colour) for name, colour, width in re.findall(line, report.dvhs._repr_html_())]


def on_the_page(report: Report) -> list[Drawn]:
    """What the script is given; the lines of the chart for paper, and the samples of the legend, are the same."""
    page = Page(html_report(report))
    drawn = {one["name"]: one for one in page.data()["series"]}
    given_to_script = [(one["colour"], one["width"], one["dashes"]) for one in drawn.values()]
    at_first = [look for look, one in zip(given_to_script, drawn.values(), strict=True) if one["on"]]
    of_page = [
        tuple(one.attributes[key] for key in ("color", "stroke-width", "stroke-dasharray"))
        for one in page.all("path", class_="line")
    ]
    assert of_page == [*at_first, *given_to_script]
    assert all(one["on"] for one in drawn.values() if one["target"])
    return [Drawn(name, float(one["width"]), one["colour"]) for name, one in drawn.items()]


CHARTS = {"pdf": on_paper, "plot": on_axes, "notebook": in_a_notebook, "html": on_the_page}


def check_targets(drawn: list[Drawn], targets: set[str], others: set[str]) -> None:
    names = [one.name for one in drawn]
    assert set(names[: len(targets)]) == targets
    assert set(names[len(targets) :]) == others
    widths = {one.name: one.width for one in drawn}
    if targets and others:
        assert min(widths[name] for name in targets) > max(widths[name] for name in others)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
@settings(max_examples=10)
@given(names=st.lists(st.sampled_from(TARGETS + ORGANS), min_size=1, unique=True))
def test_targets_come_first_and_are_thicker_in_every_chart(name: str, names: list[str]) -> None:
    dvhs = dvh_set(*(ramp_dvh(one, high_gy=20.0 + n) for n, one in enumerate(names)))
    report = report_on(table(row("Mean[Gy]", "below", 30, "Heart")), dvhs)
    check_targets(CHARTS[name](report), set(names) & set(TARGETS), set(names) - set(TARGETS))


@pytest.mark.slow
@settings(max_examples=10)
@given(names=st.lists(st.sampled_from(TARGETS + ORGANS), min_size=1, unique=True), data=st.data())
def test_a_structure_has_one_colour_in_every_chart_whatever_is_shown(names: list[str], data: st.DataObject) -> None:
    dvhs = dvh_set(*(ramp_dvh(one, high_gy=20.0 + n) for n, one in enumerate(names)))
    report = report_on(table(row("Mean[Gy]", "below", 30, "Heart")), dvhs)
    colours = [{one.name: one.colour for one in draw(report)} for draw in CHARTS.values()]
    assert all(found == colours[0] for found in colours)
    some = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    assert {one.name: one.colour for one in on_axes(report, structures=some)} == {one: colours[0][one] for one in some}


@pytest.mark.slow
def test_the_colours_of_a_real_plan_are_the_same_in_every_chart() -> None:
    report = sbrtcheck.check(PLANS / "lung-50gy-5fx", table="rtog-0813")
    colours = [{one.name: one.colour for one in draw(report)} for draw in CHARTS.values()]
    assert "SpinalCord" in colours[0]
    assert all(found == colours[0] for found in colours)


def test_a_given_target_keeps_its_colour() -> None:
    dvhs = dvh_set(ramp_dvh("Heart"), ramp_dvh("Volume 7", high_gy=60.0))
    asked = table(row("D95%[Gy]", "at_least", 1, "PTV"))
    by_names = report_on(asked, dvhs, names={"PTV": "Volume 7"}), report_on(asked, dvhs)
    colours = [{one.name: one.colour for one in draw(report)} for draw in CHARTS.values() for report in by_names]
    assert all(found == colours[0] for found in colours)


def test_140_structures_look_different() -> None:
    assert len({line_style(place) for place in range(140)}) == 140
    assert len({replace(line_style(place), marker=0) for place in range(28)}) == 28


@pytest.mark.parametrize("name", ["pdf", "plot", "html"])  # a notebook's DVHs do not know of a report
def test_a_structure_that_the_user_named_for_a_target_is_one(name: str) -> None:
    dvhs = dvh_set(ramp_dvh("Heart"), ramp_dvh("Volume 7", high_gy=60.0))
    report = report_on(table(row("D95%[Gy]", "at_least", 1, "PTV")), dvhs, names={"PTV": "Volume 7"})
    check_targets(CHARTS[name](report), {"Volume 7"}, {"Heart"})


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
def test_the_targets_of_a_plan_are_drawn_though_no_row_asks_for_them(name: str) -> None:
    report = sbrtcheck.check(PLANS / "liver-45gy-3fx", table="tg101-3fx")
    asked = set(chain.from_iterable(one.constraint.structures for one in report.outcomes))
    assert not asked & {"PTV", "GTV"}
    drawn = CHARTS[name](report)
    assert [one.name for one in drawn[:2]] == ["GTV", "PTV"]


def test_many_targets_are_all_shown_at_first_and_leave_room_for_what_fails() -> None:
    targets = [f"PTV{n}" for n in range(1, 10)]
    dvhs = dvh_set(*(ramp_dvh(name) for name in (*ORGANS, *targets)))
    report = report_on(table(row("Max[Gy]", "below", 5, "Colon")), dvhs)
    on = {one["name"] for one in Page(html_report(report)).data()["series"] if one["on"]}
    assert on > {*targets, "Colon"}
    assert len(on) == len(targets) + 3


# -------------------------------------------------------------------------------- colours of curves

NOTEBOOKS = ("#ffffff", "#111111", "#1e1e1e")  # grounds of Jupyter and VS Code, light and dark
SEEN = 3.0  # contrast of graphics: Web Content Accessibility Guidelines 2.2, criterion 1.4.11

# linear RGB as it is seen without one kind of cones: Machado, Oliveira and Fernandes 2009, table 1, severity 1
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
APART = 0.08
"""Of OKLab, in which black and white are 1 apart: four times what can just be told apart side by side."""


def oklab(linear: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Björn Ottosson's uniform colour space, of linear sRGB."""
    cones = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    lab = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ])  # fmt: skip
    return np.asarray(lab @ np.cbrt(cones @ np.clip(linear, 0.0, 1.0)))


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_of_curves_can_be_told_apart(sight: str) -> None:
    seen = [oklab(SIGHT[sight] @ linear(colour)) for colour in LINE_COLOURS]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) >= APART


def test_the_colours_of_curves_can_be_seen_on_light_and_dark_ground() -> None:
    grounds = {*NOTEBOOKS, *(scheme["paper"] for scheme in schemes())}
    assert all(contrast(colour, ground) >= SEEN for colour in LINE_COLOURS for ground in grounds)


# -------------------------------------------------------------------------------- verdicts


def luminance(colour: str) -> float:
    """Of sRGB, as the Web Content Accessibility Guidelines define it."""
    red, green, blue = linear(colour).tolist()
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def linear(colour: str) -> np.ndarray[Any, Any]:
    """The light of sRGB's three parts."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return np.array([part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts])


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def longer(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def schemes() -> Iterator[dict[str, str]]:
    """The colours of the page, in the light and in the dark."""
    page = Page(html_report(report_on(table(), dvh_set())))
    style = "".join(next(page.all("style")).text)
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        yield {key: longer(colour) for key, colour in re.findall(r"--([\w-]+): (#[0-9a-f]+);", block)}


def test_every_verdict_has_a_colour_of_its_own_in_every_format() -> None:
    for known in (ICONS, COLOURS, STYLES, ON_SCREEN):
        assert set(known) == set(Verdict)
        assert len({str(one) for one in known.values()}) == len(Verdict)
    for colours in schemes():
        assert len({colours[icon] for icon in ICONS.values()}) == len(Verdict)


def test_every_verdict_has_a_shape_of_its_own_on_the_page() -> None:
    text = html_report(report_on(table(), dvh_set()))
    shapes = {icon: re.findall(rf'<symbol id="v-{icon}"[^>]*>(.*?)</symbol>', text) for icon in ICONS.values()}
    assert all(len(found) == 1 for found in shapes.values())
    assert len({found[0] for found in shapes.values()}) == len(Verdict)


READABLE = 4.5  # of normal text, by the same guidelines


def test_the_colours_of_verdicts_can_be_read() -> None:
    both = list(schemes())
    assert len(both) == 2
    for colours in both:
        for icon in ICONS.values():
            assert contrast(colours[icon], colours["paper"]) >= READABLE
        for icon in (ICONS[one] for one in (Verdict.PASS, Verdict.VARIATION, Verdict.FAIL, Verdict.REVIEW)):
            grounds = [colours[f"{icon}-soft"]]
            written = [colours[icon], colours["ink"], colours["faint"], colours["fail"], colours["review"]]
            assert all(contrast(one, ground) >= READABLE for one in written for ground in grounds)
    assert all(contrast(f"#{colour.hexval()[2:]}", "#ffffff") >= READABLE for colour in COLOURS.values())
    for look in STYLES.values():
        ground, ink = re.findall(r"#[0-9a-f]{6}", look)
        assert contrast(ground, ink) >= READABLE

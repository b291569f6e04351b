"""Every chart of DVHs has the targets, asked for or not: first, and with thicker lines; verdicts look apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import sbrtcheck
from dvh_builders import dvh_set, ramp_dvh, report_on, row, table
from html_reports import PLANS, Page
from sbrtcheck.render import html_report
from sbrtcheck.render.html.view import ICONS
from sbrtcheck.render.notebook import _LOOK
from sbrtcheck.render.pdf.chart import dvh_chart
from sbrtcheck.render.pdf.style import COLOURS
from sbrtcheck.render.text import _COLOURS as ON_SCREEN
from sbrtcheck.results import Report, Verdict

TARGETS = ("PTV", "GTV_1", "ITV", "CTV_boost")
ORGANS = ("SpinalCord", "Heart", "Lung_L", "Lung_R", "Liver", "zPTV_ring", "Skin", "Rib", "Stomach", "Colon")

Drawn = list[tuple[str, float]]
"""Names as the chart lists them, each with the width of its line."""


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


class Canvas:
    """Takes note of the names written and of the width that lines have then."""

    def __init__(self) -> None:
        self.width = 0.0
        self.written: Drawn = []

    def setLineWidth(self, width: float) -> None:  # noqa: N802 - reportlab's name
        self.width = width

    def drawString(self, _x: float, _y: float, text: str) -> None:  # noqa: N802 - reportlab's name
        self.written.append((text, self.width))

    def beginPath(self) -> Canvas:  # noqa: N802 - reportlab's name
        return self

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def on_paper(report: Report) -> Drawn:
    chart: Any = dvh_chart(report, 500.0)
    chart.canv = Canvas()
    chart.draw()
    written: Drawn = chart.canv.written
    return written


def on_axes(report: Report) -> Drawn:
    lines = [line for line in report.plot().get_lines() if line.get_linestyle() != "None"]
    return [(str(line.get_label()), line.get_linewidth()) for line in lines]


def in_a_notebook(report: Report) -> Drawn:
    found = re.findall(r'<title>([^<]*)</title>.*?stroke-width="([\d.]+)"', report.dvhs._repr_html_())
    return [(name, float(width)) for name, width in found]


def on_the_page(report: Report) -> Drawn:
    """By the classes of the lines in the chart for paper, the samples of the legend, and what the script is given."""
    page = Page(html_report(report))
    series = page.data()["series"]
    wide = [float(one["target"]) for one in series]
    lines = list(page.all("path", class_="line"))
    by_class = ["target" in (one.attributes["class"] or "").split() for one in lines]
    drawn = [bool(one["target"]) for one in series if one["on"]]
    assert by_class == [*drawn, *map(bool, wide)]
    assert all(one["on"] for one in series if one["target"])
    return [(one["name"], width) for one, width in zip(series, wide, strict=True)]


CHARTS = {"pdf": on_paper, "plot": on_axes, "notebook": in_a_notebook, "html": on_the_page}


def check_targets(drawn: Drawn, targets: set[str], others: set[str]) -> None:
    names = [name for name, _ in drawn]
    assert set(names[: len(targets)]) == targets
    assert set(names[len(targets) :]) == others
    widths = dict(drawn)
    if targets and others:
        assert min(widths[name] for name in targets) > max(widths[name] for name in others)


@pytest.mark.parametrize("name", CHARTS)
@settings(max_examples=10)
@given(names=st.lists(st.sampled_from(TARGETS + ORGANS), min_size=1, unique=True))
def test_targets_come_first_and_are_thicker_in_every_chart(name: str, names: list[str]) -> None:
    dvhs = dvh_set(*(ramp_dvh(one, high_gy=20.0 + n) for n, one in enumerate(names)))
    report = report_on(table(row("Mean[Gy]", "below", 30, "Heart")), dvhs)
    check_targets(CHARTS[name](report), set(names) & set(TARGETS), set(names) - set(TARGETS))


@pytest.mark.parametrize("name", ["pdf", "plot", "html"])  # a notebook's DVHs do not know of a report
def test_a_structure_that_the_user_named_for_a_target_is_one(name: str) -> None:
    dvhs = dvh_set(ramp_dvh("Heart"), ramp_dvh("Volume 7", high_gy=60.0))
    report = report_on(table(row("D95%[Gy]", "at_least", 1, "PTV")), dvhs, names={"PTV": "Volume 7"})
    check_targets(CHARTS[name](report), {"Volume 7"}, {"Heart"})


@pytest.mark.parametrize("name", CHARTS)
def test_the_targets_of_a_plan_are_drawn_though_no_row_asks_for_them(name: str) -> None:
    report = sbrtcheck.check(PLANS / "liver-45gy-3fx", table="tg101-3fx")
    asked = set(chain.from_iterable(one.constraint.structures for one in report.outcomes))
    assert not asked & {"PTV", "GTV"}
    drawn = CHARTS[name](report)
    assert [one for one, _ in drawn[:2]] == ["GTV", "PTV"]


def test_many_targets_are_all_shown_at_first_and_leave_room_for_what_fails() -> None:
    targets = [f"PTV{n}" for n in range(1, 10)]
    dvhs = dvh_set(*(ramp_dvh(name) for name in (*ORGANS, *targets)))
    report = report_on(table(row("Max[Gy]", "below", 5, "Colon")), dvhs)
    on = {one["name"] for one in Page(html_report(report)).data()["series"] if one["on"]}
    assert on > {*targets, "Colon"}
    assert len(on) == len(targets) + 3


# -------------------------------------------------------------------------------- verdicts


def luminance(colour: str) -> float:
    """Of sRGB, as the Web Content Accessibility Guidelines define it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


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
    for known in (ICONS, COLOURS, _LOOK, ON_SCREEN):
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
    for look in _LOOK.values():
        ground, ink = re.findall(r"#[0-9a-f]{6}", look)
        assert contrast(ground, ink) >= READABLE

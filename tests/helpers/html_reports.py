"""Reports that the tests of the HTML page look at, and what is on a page, as its parser sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import sbrtcheck
from dvh_builders import dvh_set, ramp_dvh, report_on, row, table, uniform_dvh
from folders import ROOT
from sbrtcheck.dvh import CurveDistance, EndCaps, Model, Reason
from sbrtcheck.metric import Measurement, NotMeasured, Unit, parse
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results import Report
from sbrtcheck.results.dvh_comparison import (
    Comparison,
    MetricDifference,
    NotCompared,
    StructureDifference,
    VerdictDifference,
)
from sbrtcheck.tables import ClinicianItem, Kind, Source, Status

PLANS = ROOT / "examples" / "plans"
HOSTILE = "<script>alert(1)</script>"
NASTY = (
    HOSTILE,
    "</script><img src=x onerror=alert(2)>",
    "<!-- --> ]]>",
    "a\u2028b\u2029c",
    "\"quoted' & {{ x }}",
    "\x00\x1b[1m",
)
VOID = {"meta", "link", "img", "input", "br", "hr", "wbr"}


def varied_report(**options: Any) -> Report:
    """One row of every sort: pass, variation, fail, borderline, convention, disputed, unconfirmed, risk, missing."""
    bare = ramp_dvh(high_gy=30.4, model=Model(end_caps=EndCaps.NONE))
    cord = ramp_dvh(high_gy=30, half_width_gy=0.2, alternatives=(bare,))
    outside = Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text="2 cc lie outside the dose grid", subject="Heart")
    heart = uniform_dvh("Heart", volume_cc=450.0, dose_gy=20.0, findings=(outside,))
    esophagus = ramp_dvh("Esophagus", volume_cc=3.0, low_gy=1.0, high_gy=12.0)
    other = Source(citation="Roe 2021", where="page 7")
    rows = (
        row("D0.035cc[Gy]", "below", 29.9, id="flagged", organ="cord and medulla", endpoint="myelitis"),
        row("D0.35cc[Gy]", "at_most", 23, acceptable=30, id="varies"),
        row("Mean[Gy]", "below", 15, "Heart", id="fails", source=other),
        row("V20.5Gy[%]", "below", 10, "Heart", id="passes", source=other),
        row("Mean[Gy]", "below", 25, "Heart", id="once", confirmed_by=("one",)),
        row("Max[Gy]", "below", 15, "Heart", id="doubted", status=Status.DISPUTED, note="digits swapped in print"),
        row("V5Gy[%]", "below", 15, "Heart", id="risk", kind=Kind.RISK),
        row("D1cc[Gy]", "below", 11, "Esophagus", id="narrowly"),
        row("D5cc[Gy]", "below", 15, "Trachea", id="missing"),
        row("D5cc[Gy]", "below", 15, "Stomach", id="must", mandatory=True),
    )
    asked = ClinicianItem(text="good *general* condition", source=Source(citation="Poe 2022", where="page 9"))
    of_report = table(*rows, note="a note of the table", for_clinician=(asked,))
    return report_on(of_report, dvh_set(cord, heart, esophagus), **options)


def compared_report() -> Report:
    """The same, held against DVHs of another."""
    here, there = (Measurement(value=v, low=v, high=v, unit=Unit.GY) for v in (20.25, 20.0))
    nothing = NotMeasured(reason=Reason.VOLUME_TOO_SMALL)
    volume = MetricDifference(metric=parse("Volume[cc]"), ours=here, theirs=here)
    mean = MetricDifference(metric=parse("Mean[Gy]"), ours=here, theirs=there)
    lacking = MetricDifference(metric=parse("D5cc[Gy]"), ours=here, theirs=nothing)
    apart = CurveDistance(volume_percent=1.25, at_gy=18.5, dose_gy=-0.75, at_percent=95.0)
    turned = VerdictDifference(
        table_id="test-table",
        row_id="varies",
        organ="SpinalCord",
        contour="SpinalCord",
        measured=mean,
        sense="at_most",
        limit=23.0,
        ours="VARIATION",
        theirs="FAIL",
    )
    comparison = Comparison(
        other="stored in the RTDOSE",
        structures=(StructureDifference(name="SpinalCord", metrics=(volume, mean, lacking), curves=apart),),
        without=(NotCompared(name="Liver", reason=Reason.STRUCTURE_MISSING, detail="only there"),),
        verdicts=(turned,),
        remarks=("bins of <0.1> Gy",),
    )
    return replace(varied_report(), compared=comparison)


def nasty_report() -> Report:
    """Structures, organs, notes, sources whose text would be markup or script if it were let."""
    dvhs = [ramp_dvh(name, findings=(Finding(code=FindingCode.OTHER, text=name, subject=name),)) for name in NASTY]
    rows = [
        row("Mean[Gy]", "below", 30, name, id=f"row-{n}", organ=f"{name}.", note=name, endpoint=name,
            source=Source(citation=name, doi=name, where=name), confirmed_by=(name,))
        for n, name in enumerate(NASTY)
    ]  # fmt: skip
    report = report_on(table(*rows, title=HOSTILE, note=HOSTILE), dvh_set(*dvhs))
    return replace(report, provenance={"plan_label": HOSTILE})


@cache
def lung_report(*, site: bool = False) -> Report:
    """The bundled lung plan, against one table or all of its site."""
    plan = PLANS / "lung-50gy-5fx"
    return sbrtcheck.check(plan, site="lung") if site else sbrtcheck.check(plan, table="rtog-0813")


@cache
def profile_report(*, small: bool = False) -> Report:
    """That plan by the profile of its schedule, with all limits organ by organ; or by one with few of them."""
    choice = {"profile": "lung-60gy-8fx", "prescription": "60Gy/8"} if small else {"profile": "lung-50gy-5fx"}
    return sbrtcheck.check(PLANS / "lung-50gy-5fx", **choice)


@dataclass
class Element:
    """A start tag, and all text inside it."""

    tag: str
    attributes: dict[str, str | None]
    text: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join("".join(self.text).split())


class Page(HTMLParser):
    """What is on a page; an element that is not closed in its place is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.comments: list[str] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f"an attribute twice: {attrs}"
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str, **attributes: str) -> Iterator[Element]:
        """Elements of a tag whose attributes have these words (``class_`` for class)."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        for one in self.elements:
            if one.tag == tag and all(
                value in (one.attributes.get(key) or "").split() for key, value in wanted.items()
            ):
                yield one

    def data(self) -> dict[str, Any]:
        """What the chart's script is given."""
        (found,) = self.all("script", id="data")
        data: dict[str, Any] = json.loads("".join(found.text))
        return data

    def section(self, id_: str) -> str:
        """Text of one section."""
        (found,) = self.all("section", id=id_)
        return str(found)

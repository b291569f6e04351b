"""A checked plan's DVHs -> a row a structure with any metrics asked for, and its curve in few points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sbrtcheck.archive.cells import BETWEEN
from sbrtcheck.archive.columns import METRIC_ENDS, Value
from sbrtcheck.archive.few_points import few_points
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, VolumeUnit
from sbrtcheck.judge.plan_dvhs import dvhs_of_structures
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Finding
from sbrtcheck.results import Report, rounded
from sbrtcheck.structure_names import Match, SeparateTargets

Say = Callable[[Sequence[Finding]], str]
"""How findings are written."""


def dvhs_of_all(report: Report, choices: CheckOptions) -> DVHSet:
    """The DVHs of a report, and of the plan's structures that no row asked for."""
    dvhs = report.dvhs
    if dvhs.plan is None:
        return dvhs
    known = {one.name for one in _structures(dvhs)}
    others = dvhs_of_structures(dvhs.plan, {one.name for one in dvhs.plan.structures} - known, choices)
    return replace(dvhs, dvhs=(*dvhs.dvhs, *others.dvhs), without=(*dvhs.without, *others.without))


def _structures(dvhs: DVHSet) -> list[DVH | NoDVH]:
    return [*dvhs.dvhs, *dvhs.without]


def structure_rows(dvhs: DVHSet, report: Report, metrics: Sequence[str], say: Say) -> Iterator[dict[str, Value]]:
    """One row a structure: what `DVHSet.to_records` says of it, its organs and findings."""
    for structure, record in zip(_structures(dvhs), dvhs.to_records(metrics), strict=True):
        own = structure.findings if isinstance(structure, DVH) else ()
        measured = {f"{metric}{end}": record[f"{metric}{end}"] for metric in metrics for end in METRIC_ENDS}
        yield {
            **_of_structure(structure, report),
            "outside_cc": rounded(structure.uncovered_cc) if isinstance(structure, DVH) else None,
            "findings": say(own),
            **{name: rounded(value) if isinstance(value, float) else value for name, value in measured.items()},
        }


def curve_rows(dvhs: DVHSet, report: Report) -> Iterator[dict[str, Value]]:
    """One row a structure, with its cumulative DVH in few points (`few_points` says how close it stays).

    Its bounds are those of the elements: closer ones would take as long as all that a batch does with a plan.
    """
    for structure in _structures(dvhs):
        row = _of_structure(structure, report)
        if isinstance(structure, DVH):
            points = few_points(structure)
            row |= {
                "dose_gy": points.dose_gy,
                "volume_percent": points.volume_percent,
                "low_percent": points.low_percent,
                "high_percent": points.high_percent,
            }
        yield row


def _of_structure(structure: DVH | NoDVH, report: Report) -> dict[str, Value]:
    row: dict[str, Value] = {
        "structure": structure.name,
        "roi_number": structure.number,
        "kind": structure.kind,
        "organs": BETWEEN.join(_organs(structure.name, report)),
    }
    if isinstance(structure, NoDVH):
        return row | {
            "reason": f"{structure.reason}: {structure.detail}" if structure.detail else str(structure.reason)
        }
    volume_cc = structure.volume if structure.volume_unit is VolumeUnit.CC else None
    return row | {"origin": str(structure.origin), "volume_cc": rounded(volume_cc)}


def _organs(name: str, report: Report) -> Iterator[str]:
    """Organs of the tables that the structure of this name was matched to."""
    for organ in report.matches.by_organ:
        match report.matches.of(organ):
            case Match() as found:
                names = {found.roi.name}
            case SeparateTargets() as found:
                names = {roi.name for roi in found.rois}
            case _:  # what is made of others has the organ's own name
                names = {organ}
        if name in names:
            yield organ

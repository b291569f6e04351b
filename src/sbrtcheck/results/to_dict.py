"""Parts of a report -> JSON-ready dictionaries and flat records.

Numbers have 6 significant digits, enums are their text, and a key is always there: what is not known is None. The
functions take a report's parts, never the report, so that the values themselves can offer `Report.to_dict`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from sbrtcheck.dvh import Bounds
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.metric.sampling import NoSamplingEstimate
from sbrtcheck.plan import Finding, Prescription, UnknownPrescription
from sbrtcheck.reference_data import Profile, Regimen
from sbrtcheck.results.course import CourseNote, ThresholdSide, UnknownCourse
from sbrtcheck.results.notes import NoteOnRow, note_dict
from sbrtcheck.results.outcome import Outcome, ReviewReason, UnderConvention
from sbrtcheck.results.plan_site import PlanSite
from sbrtcheck.tables import ConstraintTable, LimitByVolume, Source
from sbrtcheck.tables.by_organ import OrganLine, TableLimit
from sbrtcheck.tables.choice import TableLeftOut

SCHEMA = "sbrtcheck-report/2"

NOTE_KEYS = ("noted", "initials", "written_for")
"""What people wrote on a row; several notes are joined."""

RECORD_KEYS = (
    "table",
    "row",
    "organ",
    "organ_printed",
    "contour",
    "rule",
    "metric",
    "sense",
    "limit",
    "acceptable",
    "unit",
    "value",
    "low",
    "high",
    "margin",
    "percent_of_limit",
    "verdict",
    "counts",
    "applies",
    "borderline",
    "convention_sensitive",
    "confirmed",
    "status",
    "kind",
    "mandatory",
    "optional",
    "site",
    "side",
    "sex",
    "priority",
    "reason",
    "detail",
    "outside_percent",
    "lacking",
    "probable",
    "endpoint",
    "citation",
    "doi",
    "where",
    "note",
    "quantity",
    "alpha_beta_gy",
    "near_limit",
    "sampling_uncertainty",
    "sampling_not_known",
    "sampling_sensitive",
    "sampling_decides",
    *NOTE_KEYS,
)


# Numbers


def rounded(number: float | None) -> float | None:
    """6 significant digits: more than any dose calculation has, few enough to be the same on every machine."""
    return None if number is None else float(f"{number:.6g}") + 0.0  # + 0.0 turns -0.0 into 0.0


def bounds_dict(bounds: Bounds) -> dict[str, float | None]:
    """A value with its numerical bounds."""
    return {
        "value": rounded(float(bounds.value)),
        "low": rounded(float(bounds.low)),
        "high": rounded(float(bounds.high)),
    }


def measured_dict(measured: Measurement | NotMeasured) -> dict[str, float | None] | None:
    """A measurement with its numerical bounds; no ``high`` where nothing bounds it, None where nothing was measured."""
    if isinstance(measured, NotMeasured):
        return None
    value, low, high = _numbers(measured)
    return {"value": value, "low": low, "high": high}


def _numbers(measured: Measurement | NotMeasured) -> tuple[float | None, float | None, float | None]:
    """Value, lower and upper bound."""
    if isinstance(measured, NotMeasured):
        return None, None, None
    high = None if measured.open_above else rounded(float(measured.high))
    return rounded(float(measured.value)), rounded(float(measured.low)), high


# Rows


def outcome_record(outcome: Outcome, notes: Sequence[NoteOnRow] = ()) -> dict[str, Any]:
    """Flatten one row of a report, with the notes on it; keys as in `RECORD_KEYS`."""
    row = outcome.constraint
    percent = outcome.percent_of_limit
    values = (
        outcome.table_id,
        row.id,
        outcome.organ,
        row.organ,
        outcome.contour,
        str(outcome.rule),
        str(row.metric),
        str(row.sense),
        rounded(outcome.limit_used),
        rounded(outcome.acceptable_used),
        str(row.metric.unit),
        *_numbers(outcome.measurement),
        rounded(outcome.margin),
        None if isinstance(percent, NotMeasured) else rounded(percent),
        str(outcome.verdict),
        outcome.counts,
        outcome.applies,
        outcome.borderline,
        outcome.convention_sensitive,
        row.confirmed,
        str(row.status),
        str(row.kind),
        row.mandatory,
        _joined(row.optional),
        row.site,
        _text(row.side),
        _text(row.sex),
        _text(row.priority),
        str(outcome.reason) if outcome.reason else None,
        outcome.detail,
        rounded(outcome.outside_percent),
        _joined(outcome.lacking),
        _joined(outcome.probable),
        row.endpoint,
        row.source.citation,
        row.source.doi,
        row.source.where,
        row.note,
        str(row.quantity),
        rounded(row.alpha_beta_gy),
        outcome.near_limit,
        *_sampling(outcome),
        _joined([one.note.note for one in notes]),
        _joined([one.note.initials for one in notes]),
        _joined([one.written_for for one in notes]),
    )
    return dict(zip(RECORD_KEYS, values, strict=True))


def _sampling(outcome: Outcome) -> tuple[float | None, str, bool, bool]:
    """The sampling uncertainty, or why it is not known, and what it means for the row."""
    uncertainty, flags = outcome.sampling_uncertainty, (outcome.sampling_sensitive, outcome.sampling_decides)
    if isinstance(uncertainty, NoSamplingEstimate):
        return (None, str(uncertainty.why), *flags)
    return (rounded(uncertainty.half_width), "", *flags)


def _text(word: StrEnum | None) -> str:
    return "" if word is None else str(word)


def _joined(names: Sequence[str]) -> str:
    """Several names in one field of a flat record."""
    return " | ".join(names)


def outcome_dict(outcome: Outcome, notes: Sequence[NoteOnRow] = ()) -> dict[str, Any]:
    """One row of a report with all that it has: its record, sources, other conventions and findings."""
    flat = outcome_record(outcome)
    for key in ("citation", "doi", "where", *NOTE_KEYS):
        del flat[key]
    return flat | {
        "source": _source_dict(outcome.constraint.source),
        "confirmed_by": list(outcome.constraint.confirmed_by),
        "conventions": [_convention_dict(other) for other in outcome.conventions],
        "findings": [finding_dict(finding) for finding in outcome.findings],
        "notes": [note_dict(one) for one in notes],
    }


def _convention_dict(other: UnderConvention) -> dict[str, Any]:
    value, low, high = _numbers(other.measurement)
    return {
        "end_caps": str(other.end_caps),
        "value": value,
        "low": low,
        "high": high,
        "verdict": str(other.verdict),
        "reason": str(other.measurement.reason) if isinstance(other.measurement, NotMeasured) else None,
    }


def failing_dict(outcome: Outcome) -> dict[str, Any]:
    """What a headline says of a row that fails; all of it is among the outcomes."""
    flat = outcome_record(outcome)
    keys = ("table", "row", "organ", "contour", "metric", "value", "sense", "limit", "unit", "percent_of_limit")
    return {key: flat[key] for key in (*keys, "counts", "detail")}


# What the report was made from


def finding_dict(finding: Finding) -> dict[str, Any]:
    """Something that a reader should know."""
    return {"code": str(finding.code), "text": finding.text, "subject": finding.subject}


def reason_dict(reason: ReviewReason) -> dict[str, Any]:
    """One reason why a report is no pass."""
    return {
        "code": str(reason.code),
        "text": reason.text,
        "structure": reason.structure,
        "rows": list(reason.rows),
    }


def site_dict(site: PlanSite) -> dict[str, Any]:
    """The site, and the organs that are expected there."""
    expected = [{"organ": organ.organ, "structures": list(organ.structures)} for organ in site.expects]
    return {"ids": list(site.ids), "origin": str(site.origin), "expected": expected, "lists": list(site.lists)}


def provenance_dict(provenance: Mapping[str, str | tuple[str, ...]]) -> dict[str, str | list[str]]:
    """UIDs, labels and hashes of what was read."""
    return {key: value if isinstance(value, str) else list(value) for key, value in provenance.items()}


def prescription_dict(rx: Prescription | UnknownPrescription) -> dict[str, Any]:
    """The prescription; or what is known of it, and why not more."""
    if isinstance(rx, UnknownPrescription):
        return {"dose_gy": None, "fractions": rx.fractions, "source": None, "unknown": rx.reason}
    return {"dose_gy": rounded(rx.dose_gy), "fractions": rx.fractions, "source": rx.source, "unknown": None}


def table_dict(table: ConstraintTable) -> dict[str, Any]:
    """Which table it is, its sources, and what it asks a clinician; its rows are in the outcomes."""
    return {
        "id": table.id,
        "version": table.version,
        "title": table.title,
        "site": table.site,
        "fractions": list(table.fractions),
        "sha256": table.sha256,
        # the name alone: the folder is of one machine, and may name a patient
        "file": PurePath(table.path).name,
        "note": table.note,
        "sources": [_source_dict(source) for source in table.sources],
        "for_clinician": [
            {"text": item.text, "site": item.site, "source": _source_dict(item.source)} for item in table.for_clinician
        ],
    }


def left_out_dict(table: TableLeftOut) -> dict[str, Any]:
    """A table of the site that the plan was not checked against."""
    return {"id": table.id, "site": table.site, "fractions": list(table.fractions), "why": str(table.why)}


def profile_dict(profile: Profile) -> dict[str, Any]:
    """A ready profile, and where its schedule is named."""
    return {
        "id": profile.id,
        "title": profile.title,
        "site": profile.site,
        "dose_gy": rounded(profile.dose_gy),
        "fractions": profile.fractions,
        "tables": list(profile.tables),
        "note": profile.note,
        "named_in": [{"regimen": regimen.id, "where": regimen.where} for regimen in profile.regimens],
    }


def limits_dict(line: OrganLine) -> dict[str, Any]:
    """Limits of one organ and metric; those that depend on a volume have no number here."""
    row = line.row
    return {
        "organ": line.organ,
        "metric": str(row.metric),
        "unit": str(row.metric.unit),
        "quantity": str(row.quantity),
        "alpha_beta_gy": rounded(row.alpha_beta_gy),
        "priority": _text(row.priority),
        "undecided": line.undecided,
        "limits": [_limit_dict(limit) for limit in line.limits],
    }


def _limit_dict(limit: TableLimit) -> dict[str, Any]:
    row = limit.row
    return {
        "table": limit.table_id,
        "row": row.id,
        "sense": str(row.sense),
        "limit": None if isinstance(row.limit, LimitByVolume) else rounded(row.limit),
        "acceptable": rounded(row.acceptable),
        "counts": limit.counts,
        "strictest": limit.strictest,
    }


def _source_dict(source: Source) -> dict[str, Any]:
    return {"citation": source.citation, "doi": source.doi, "where": source.where}


def course_dict(course: CourseNote | UnknownCourse) -> dict[str, Any]:
    """BED, known regimens and thresholds of a prescription; nothing is known of an unknown one."""
    if isinstance(course, UnknownCourse):
        return {"bed10_gy": None, "eqd2_gy": None, "known": [], "thresholds": []}
    return {
        "bed10_gy": rounded(course.bed10_gy),
        "eqd2_gy": rounded(course.eqd2_gy),
        "known": [_regimen_dict(regimen) for regimen in course.known],
        "thresholds": [_threshold_dict(side) for side in course.sides],
    }


def _regimen_dict(regimen: Regimen) -> dict[str, str]:
    return {
        "id": regimen.id,
        "site": regimen.site_printed,
        "where": regimen.where,
        "reported": regimen.reported,
        "reported_by": str(regimen.reported_by),
        "review_says": regimen.differs.review if regimen.differs else "",
        "source_says": regimen.differs.source if regimen.differs else "",
    }


def _threshold_dict(side: ThresholdSide) -> dict[str, Any]:
    return {
        "id": side.threshold.id,
        "bed_gy": side.threshold.bed_gy,
        "spread_gy": side.threshold.spread_gy,
        "met": side.met,
        "met_by_source": side.met_by_source,
    }

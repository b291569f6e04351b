"""Report -> plain values: JSON-ready dictionaries, flat records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.plan import Finding, Prescription, UnknownPrescription
from sbrtcheck.results.comparison_dict import compared_dict
from sbrtcheck.results.course import course_dict
from sbrtcheck.results.rounding import rounded
from sbrtcheck.tables import ConstraintTable, Source

if TYPE_CHECKING:
    from sbrtcheck.results.plan_site import PlanSite
    from sbrtcheck.results.report import Outcome, Report, ReviewReason, UnderConvention

SCHEMA = "sbrtcheck-report/2"
NOTICE = "A second check, not a replacement for review by a physicist and a physician."

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
)


def record(outcome: Outcome) -> dict[str, Any]:
    """Flatten one row of a report; keys as in `RECORD_KEYS`."""
    row = outcome.constraint
    measured = outcome.measurement if isinstance(outcome.measurement, Measurement) else None
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
        rounded(measured.value) if measured else None,
        rounded(measured.low) if measured else None,
        _high(measured) if measured else None,
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
    )
    return dict(zip(RECORD_KEYS, values, strict=True))


def _joined(names: Sequence[str]) -> str:
    """Several names in one field of a flat record."""
    return " | ".join(names)


def _high(found: Measurement) -> float | None:
    """Give the upper bound; None where there is none."""
    return None if found.open_above else rounded(found.high)


def report_dict(report: Report) -> dict[str, Any]:
    """Give a report as values that JSON knows, in a fixed order."""
    return {
        "schema": SCHEMA,
        "software": report.software,
        "plan_label": report.label,
        "verdict": str(report.verdict),
        "reasons": [_reason_dict(reason) for reason in report.reasons],
        "failing": [_failing_dict(outcome) for outcome in report.failing],
        "site": _site_dict(report.site),
        "summary": {str(verdict): number for verdict, number in report.tally().items()},
        "rows_not_expected": len(report.not_expected()),
        "strict": report.strict,
        "include_unconfirmed": report.include_unconfirmed,
        "accept_dose": report.accept_dose,
        "prescription": _prescription_dict(report.prescription),
        "regimen": course_dict(report.prescription, report.site),
        "dvh": {
            "origin": str(report.dvh_origin),
            "end_caps": report.end_caps,
            "between": str(report.between),
            "dose": str(report.dose),
        }
        if report.dvh_origin == "computed"
        else {"origin": str(report.dvh_origin)},
        "provenance": {key: _listed(value) for key, value in report.provenance.items()},
        "tables": [_table_dict(table) for table in report.tables],
        "outcomes": [_outcome_dict(outcome) for outcome in report.outcomes],
        "findings": [_finding_dict(finding) for finding in report.findings],
        "compared": compared_dict(report.compared),
        "notice": NOTICE,
    }


def _site_dict(site: PlanSite) -> dict[str, Any]:
    expected = [{"organ": one.organ, "structures": list(one.structures)} for one in site.expects]
    return {"ids": list(site.ids), "origin": str(site.origin), "expected": expected, "lists": list(site.lists)}


def _reason_dict(reason: ReviewReason) -> dict[str, Any]:
    return {
        "code": str(reason.code),
        "text": reason.text,
        "structure": reason.structure,
        "rows": list(reason.rows),
    }


def _failing_dict(outcome: Outcome) -> dict[str, Any]:
    """What a headline says of a row that fails; all of it is among the outcomes."""
    flat = record(outcome)
    named = ("table", "row", "organ", "contour", "metric", "value", "sense", "limit", "unit", "percent_of_limit")
    return {key: flat[key] for key in (*named, "counts", "detail")}


def _listed(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)


def _prescription_dict(rx: Prescription | UnknownPrescription) -> dict[str, Any]:
    if isinstance(rx, UnknownPrescription):
        return {"dose_gy": None, "fractions": rx.fractions, "source": None, "unknown": rx.reason}
    return {"dose_gy": rounded(rx.dose_gy), "fractions": rx.fractions, "source": rx.source, "unknown": None}


def _table_dict(table: ConstraintTable) -> dict[str, Any]:
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


def _source_dict(source: Source) -> dict[str, Any]:
    return {"citation": source.citation, "doi": source.doi, "where": source.where}


def _finding_dict(finding: Finding) -> dict[str, Any]:
    return {"code": str(finding.code), "text": finding.text, "subject": finding.subject}


def _outcome_dict(outcome: Outcome) -> dict[str, Any]:
    flat = record(outcome)
    for key in ("citation", "doi", "where"):
        del flat[key]
    return flat | {
        "source": _source_dict(outcome.constraint.source),
        "confirmed_by": list(outcome.constraint.confirmed_by),
        "conventions": [_convention_dict(other) for other in outcome.conventions],
        "findings": [_finding_dict(finding) for finding in outcome.findings],
    }


def _convention_dict(other: UnderConvention) -> dict[str, Any]:
    found = other.measurement
    measured = found if isinstance(found, Measurement) else None
    return {
        "end_caps": str(other.end_caps),
        "value": rounded(measured.value) if measured else None,
        "low": rounded(measured.low) if measured else None,
        "high": _high(measured) if measured else None,
        "verdict": str(other.verdict),
        "reason": str(found.reason) if isinstance(found, NotMeasured) else None,
    }

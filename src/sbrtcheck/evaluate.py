"""ConstraintTable x DVHSet -> Report: outcomes, verdicts, margins.

What a verdict means:

- The value decides; ``borderline`` says that another value inside the numerical band would decide otherwise, and
  ``convention_sensitive`` that another end-cap convention would.
- A table holds for its own fraction numbers only. Nothing is ever rescaled.
- What could not be checked is ``NOT_EVALUATED`` with a reason, never a pass.
- Overall: the worst of the rows that count. A fail wins over everything; a mandatory row that was not evaluated, or a
  report in which nothing was evaluated, is not a pass.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sbrtcheck.dvh import DVH, DVHSet, EndCaps, NoDVH, Reason, VolumeUnit, compute_union
from sbrtcheck.errors import TableError
from sbrtcheck.metric import DoseAtVolume, Measurement, NotMeasured, Unit, VolumeAtDose, has_volume, measure
from sbrtcheck.plan import Finding, FindingCode, Plan, Prescription, UnknownPrescription
from sbrtcheck.table import Constraint, ConstraintTable, Kind, Select, Sense, Source, Status
from sbrtcheck.tg263 import Ambiguous, Match, NoMatch, RoiName, Rule, match

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "sbrtcheck-report/1"
NOTICE = "A second check, not a replacement for review by a physicist and a physician."


DERIVED_NUMBER = -1  # of a DVH whose structure no file holds
_NOT_ASKED_FOR = NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="no DVH of it was asked for")


class Verdict(StrEnum):
    """What a row came to."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    VARIATION = "VARIATION"
    FAIL = "FAIL"
    NOT_EVALUATED = "NOT_EVALUATED"
    RISK = "RISK"  # a risk point: reported, no verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderConvention:
    """The same row under another end-cap convention."""

    end_caps: str
    measurement: Measurement | NotMeasured
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of the report.

    ``contour`` names the structure(s) measured, ``rule`` why they were taken for the organ. ``margin`` is how far
    inside the limit the value lies, in the metric's unit (negative: beyond). ``counts``: the row takes part in the
    overall verdict (confirmed, a limit, not disputed). ``reason`` says why there is no measurement or why the row
    cannot be met; a row that is met by logic alone has a verdict, no measurement and a finding.
    """

    table_id: str
    constraint: Constraint
    organ: str
    contour: str
    rule: str
    measurement: Measurement | NotMeasured
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    margin: float | None = None
    borderline: bool = False
    convention_sensitive: bool = False
    conventions: tuple[UnderConvention, ...] = ()
    counts: bool = True
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one check found.

    ``verdict`` is the overall one: PASS, VARIATION, FAIL or NOT_EVALUATED. ``strict`` and ``include_unconfirmed`` are
    the choices it was made under.
    """

    tables: tuple[ConstraintTable, ...]
    outcomes: tuple[Outcome, ...]
    verdict: Verdict
    prescription: Prescription | UnknownPrescription
    dvh_origin: str
    end_caps: str
    provenance: Mapping[str, str | tuple[str, ...]]
    findings: tuple[Finding, ...]
    software: str  # "sbrtcheck 0.1.0"
    strict: bool = False
    include_unconfirmed: bool = False

    def tally(self) -> dict[Verdict, int]:
        """How many of the rows that count came to each verdict, in the order of `Verdict`."""
        counted = Counter(outcome.verdict for outcome in self.outcomes if outcome.counts)
        return {verdict: counted[verdict] for verdict in Verdict if counted[verdict]}

    def all_findings(self) -> tuple[Finding, ...]:
        """Gather the findings of the plan and of every row, each once, in the order they come up."""
        of_rows = (finding for outcome in self.outcomes for finding in outcome.findings)
        return tuple(dict.fromkeys((*self.findings, *of_rows)))

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-ready values, numbers to 6 significant digits; ``schema`` names its version."""
        return _report_dict(self)

    def to_records(self) -> list[dict[str, Any]]:
        """One flat record a row of the report, all with the same keys."""
        return [_record(outcome) for outcome in self.outcomes]

    def to_dataframe(self) -> pd.DataFrame:
        """One line a row of the report; needs pandas.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Report.to_dataframe needs pandas: pip install pandas") from error
        return pd.DataFrame(self.to_records(), columns=list(RECORD_KEYS))

    def _repr_html_(self) -> str:
        """Show the report as a table in a notebook."""
        return _html(self)


def evaluate(
    table: ConstraintTable | Sequence[ConstraintTable],
    dvhs: DVHSet,
    *,
    names: Mapping[str, str] | None = None,
    strict: bool = False,
    include_unconfirmed: bool = False,
) -> Report:
    """Check every row of the table(s) on the DVHs.

    Parameters
    ----------
    table
        One table, or several that are reported together.
    dvhs
        Of one plan, computed or stored.
    names
        TG-263 name -> structure name of this plan; wins over every other matching rule.
    strict
        A row that counts and is borderline or convention sensitive makes the overall verdict FAIL; the row keeps its
        own verdict and its flags.
    include_unconfirmed
        Rows that only one reading of the source stands behind count too.

    Returns
    -------
    Report
        One outcome for every row and structure asked for, in the order of the tables.

    Raises
    ------
    TableError
        Two tables have the same id.
    """
    tables = _distinct((table,) if isinstance(table, ConstraintTable) else tuple(table))
    plan = _Plan.of(dvhs, names)
    outcomes = tuple(
        outcome
        for one in tables
        for row in one.rows
        for outcome in _outcomes(one, row, plan, include_unconfirmed=include_unconfirmed)
    )
    return Report(
        tables=tables,
        outcomes=outcomes,
        verdict=_overall(outcomes, strict=strict),
        prescription=dvhs.prescription,
        dvh_origin=dvhs.origin,
        end_caps=", ".join(sorted({dvh.end_caps for dvh in dvhs.dvhs if dvh.end_caps})),
        provenance=dvhs.provenance,
        findings=dvhs.findings,
        software=_software(),
        strict=strict,
        include_unconfirmed=include_unconfirmed,
    )


def _distinct(tables: tuple[ConstraintTable, ...]) -> tuple[ConstraintTable, ...]:
    """Refuse tables that a report could not tell apart."""
    for id_, number in Counter(table.id for table in tables).items():
        if number > 1:
            raise TableError(f"{number} tables have the id {id_!r}", mend="give each table once, with an id of its own")
    return tables


@cache
def _software() -> str:
    return f"sbrtcheck {metadata.version('sbrtcheck')}"


def _overall(outcomes: Sequence[Outcome], *, strict: bool) -> Verdict:
    """Worst of the rows that count."""
    counting = [outcome for outcome in outcomes if outcome.counts]
    verdicts = {outcome.verdict for outcome in counting}
    flagged = any(outcome.borderline or outcome.convention_sensitive for outcome in counting)
    if Verdict.FAIL in verdicts or (strict and flagged):
        return Verdict.FAIL
    skipped = any(o.constraint.mandatory and o.verdict is Verdict.NOT_EVALUATED for o in counting)
    if skipped or not verdicts & {Verdict.PASS, Verdict.VARIATION}:
        return Verdict.NOT_EVALUATED
    return Verdict.VARIATION if Verdict.VARIATION in verdicts else Verdict.PASS


# -------------------------------------------------------------------------------- organ -> structure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What matching looks at: every structure drawn, and the DVHs by name and number; derived ones by name."""

    dvhs: DVHSet
    drawn: tuple[RoiName, ...]
    by_key: Mapping[tuple[str, int], DVH | NoDVH]
    derived: Mapping[str, DVH | NoDVH]
    names: Mapping[str, str] | None

    @classmethod
    def of(cls, dvhs: DVHSet, names: Mapping[str, str] | None) -> _Plan:
        everything: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
        of_files = [one for one in everything if one.number != DERIVED_NUMBER]
        return cls(
            dvhs=dvhs,
            drawn=_drawn(dvhs.plan, of_files),
            by_key={(one.name, one.number): one for one in of_files},
            derived={one.name: one for one in everything if one.number == DERIVED_NUMBER},
            names=names,
        )


def _drawn(plan: Plan | None, of_files: Sequence[DVH | NoDVH]) -> tuple[RoiName, ...]:
    """All structures of the plan, also those without a DVH: a name is ambiguous whether it was computed or not."""
    if plan is None:
        return tuple(RoiName(name=one.name, number=one.number, kind=one.kind) for one in of_files)
    return tuple(RoiName(name=s.name, number=s.number, kind=s.kind, codes=s.codes) for s in plan.structures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """The structure(s) taken for an organ; ``dvh`` is why not, where there is none."""

    organ: str
    contour: str = ""
    rule: str = ""
    dvh: DVH | NotMeasured
    findings: tuple[Finding, ...] = ()


def _select(row: Constraint, plan: _Plan) -> list[_Taken]:
    match row.select:
        case Select.EACH:
            return [_take(organ, plan) for organ in row.structures]
        case Select.UNION:
            return [_take_union(row, plan)]
        case Select.FIRST:
            return [_take_first(row, plan)]


def _take(organ: str, plan: _Plan) -> _Taken:
    """Take the drawn structure for one organ; else the derived one of that name."""
    found = match(organ, plan.drawn, plan.names)
    match found:
        case Match():
            return _taken(organ, found, plan)
        case Ambiguous():
            return _Taken(organ=organ, dvh=_ambiguous(found))
        case NoMatch():
            if derived := plan.derived.get(organ):
                return _Taken(organ=organ, contour=derived.name, rule=Rule.DERIVED, dvh=_or_why_not(derived))
            return _Taken(organ=organ, dvh=_missing(found.near))


def _taken(organ: str, found: Match, plan: _Plan) -> _Taken:
    dvh = plan.by_key.get((found.roi.name, found.roi.number))
    return _Taken(organ=organ, contour=found.roi.name, rule=found.rule, dvh=_or_why_not(dvh))


def _or_why_not(dvh: DVH | NoDVH | None) -> DVH | NotMeasured:
    if isinstance(dvh, DVH):
        return dvh
    return NotMeasured(reason=dvh.reason, detail=dvh.detail) if dvh else _NOT_ASKED_FOR


def _take_first(row: Constraint, plan: _Plan) -> _Taken:
    """Take the first organ that the plan has; an ambiguous one is not passed over."""
    tried = [_take(organ, plan) for organ in row.structures]
    for taken in tried:
        if not _is_missing(taken):
            passed_over = row.structures[: tried.index(taken)]
            return replace(taken, findings=_instead_of(passed_over, taken)) if passed_over else taken
    return replace(tried[0], organ=" or ".join(row.structures))


def _is_missing(taken: _Taken) -> bool:
    return isinstance(taken.dvh, NotMeasured) and taken.dvh.reason is Reason.STRUCTURE_MISSING


def _instead_of(organs: Sequence[str], taken: _Taken) -> tuple[Finding, ...]:
    text = f"the plan has no {' or '.join(organs)}: {taken.contour or taken.organ} was taken"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=taken.contour),)


def _take_union(row: Constraint, plan: _Plan) -> _Taken:
    """Take all parts that are there as one organ."""
    organ = " + ".join(row.structures)
    parts = [_take(part, plan) for part in row.structures]
    absent = {Reason.STRUCTURE_MISSING, Reason.STRUCTURE_EMPTY}
    there = [part for part in parts if isinstance(part.dvh, DVH) or part.dvh.reason not in absent]
    if not there:
        return replace(parts[0], organ=organ)
    contours = tuple(dict.fromkeys(part.contour for part in there if part.contour))
    taken = _Taken(
        organ=organ,
        contour=" + ".join(contours),
        rule=", ".join(dict.fromkeys(part.rule for part in there if part.rule)),
        dvh=_union_dvh(there, contours, plan),
    )
    lacking = [part.organ for part in parts if part not in there]
    return replace(taken, findings=_without_parts(lacking, taken)) if lacking else taken


def _union_dvh(parts: Sequence[_Taken], contours: tuple[str, ...], plan: _Plan) -> DVH | NotMeasured:
    for part in parts:
        if isinstance(part.dvh, NotMeasured):
            return part.dvh
    if len(contours) == 1:
        return parts[0].dvh
    if plan.dvhs.plan is None:
        detail = f"{' + '.join(contours)} cannot be added: where they overlap is not in their DVHs"
        return NotMeasured(reason=Reason.UNDEFINED_FOR_STORED_DVH, detail=detail)
    end_caps = parts[0].dvh.end_caps if isinstance(parts[0].dvh, DVH) else None
    return _or_why_not(compute_union(plan.dvhs.plan, contours, end_caps=end_caps or EndCaps.HALF_SLICE))


def _without_parts(lacking: Sequence[str], taken: _Taken) -> tuple[Finding, ...]:
    text = f"{taken.organ} was evaluated without {', '.join(lacking)}: not drawn in this plan"
    return (Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=taken.contour),)


def _missing(near: Sequence[str]) -> NotMeasured:
    detail = f"close names, not taken: {', '.join(near)}" if near else ""
    return NotMeasured(reason=Reason.STRUCTURE_MISSING, detail=detail)


def _ambiguous(found: Ambiguous) -> NotMeasured:
    return NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=f"candidates: {', '.join(found.candidates)}")


# -------------------------------------------------------------------------------- row x DVH -> verdict


def _outcomes(table: ConstraintTable, row: Constraint, plan: _Plan, *, include_unconfirmed: bool) -> list[Outcome]:
    blocked = _not_applicable(table, plan.dvhs.prescription)
    counts = _counts(row, include_unconfirmed=include_unconfirmed)
    return [
        replace(_outcome(table, row, replace(taken, dvh=blocked) if blocked else taken), counts=counts)
        for taken in _select(row, plan)
    ]


def _not_applicable(table: ConstraintTable, rx: Prescription | UnknownPrescription) -> NotMeasured | None:
    """Why no row of the table may be used for this prescription; None when the fraction number fits."""
    if isinstance(rx, UnknownPrescription) and rx.fractions is None:
        return NotMeasured(reason=Reason.PRESCRIPTION_UNKNOWN, detail=rx.reason)
    if rx.fractions in table.fractions:
        return None
    holds = ", ".join(map(str, table.fractions))
    return NotMeasured(
        reason=Reason.FRACTIONS_DO_NOT_MATCH,
        detail=f"the table holds for {holds} fractions, the plan has {rx.fractions}",
    )


def _counts(row: Constraint, *, include_unconfirmed: bool) -> bool:
    return row.kind is Kind.LIMIT and row.status is Status.OK and (include_unconfirmed or row.confirmed)


def _outcome(table: ConstraintTable, row: Constraint, taken: _Taken) -> Outcome:
    judged = _judge(row, taken.dvh)
    conventions = _under_other_conventions(row, taken.dvh)
    of_dvh = taken.dvh.findings if isinstance(taken.dvh, DVH) else ()
    return Outcome(
        table_id=table.id,
        constraint=row,
        organ=taken.organ,
        contour=taken.contour,
        rule=taken.rule,
        measurement=judged.measurement,
        verdict=judged.verdict,
        reason=judged.reason,
        detail=judged.detail,
        margin=_margin(row, judged.measurement),
        borderline=_is_borderline(row, judged),
        convention_sensitive=any(other.verdict is not judged.verdict for other in conventions),
        conventions=conventions,
        findings=(*taken.findings, *of_dvh, *judged.findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What one row came to on one DVH."""

    measurement: Measurement | NotMeasured
    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    by_logic: bool = False  # the structure's volume alone decides, no dose does
    findings: tuple[Finding, ...] = ()


def _judge(row: Constraint, dvh: DVH | NotMeasured) -> _Judged:
    if isinstance(dvh, NotMeasured):
        return _not_evaluated(dvh)
    found = measure(row.metric, dvh)
    if infeasible := _infeasible(row, dvh):
        verdict, reason = _of_kind(row, Verdict.FAIL), Reason.VOLUME_TOO_SMALL
        return _Judged(measurement=found, verdict=verdict, reason=reason, detail=infeasible, by_logic=True)
    if small := _met_by_smallness(row, dvh):
        verdict = _of_kind(row, Verdict.PASS)
        return _Judged(measurement=found, verdict=verdict, detail=small.text, by_logic=True, findings=(small,))
    if isinstance(found, NotMeasured):
        return _not_evaluated(found)
    return _Judged(measurement=found, verdict=_verdict(row, found.value))


def _not_evaluated(why: NotMeasured) -> _Judged:
    return _Judged(measurement=why, verdict=Verdict.NOT_EVALUATED, reason=why.reason, detail=why.detail)


def _verdict(row: Constraint, value: float) -> Verdict:
    if _meets(row.sense, value, row.limit):
        return _of_kind(row, Verdict.PASS)
    if row.acceptable is not None and _meets(row.sense, value, row.acceptable):
        return _of_kind(row, Verdict.VARIATION)
    return _of_kind(row, Verdict.FAIL)


def _of_kind(row: Constraint, verdict: Verdict) -> Verdict:
    """Never pass or fail a risk point."""
    return Verdict.RISK if row.kind is Kind.RISK else verdict


def _meets(sense: Sense, value: float, limit: float) -> bool:
    match sense:
        case Sense.BELOW:
            return value < limit
        case Sense.AT_MOST:
            return value <= limit
        case Sense.ABOVE:
            return value > limit
        case Sense.AT_LEAST:
            return value >= limit


def _is_upper(sense: Sense) -> bool:
    return sense in (Sense.BELOW, Sense.AT_MOST)


def _infeasible(row: Constraint, dvh: DVH) -> str:
    """Why an organ with too little volume cannot meet a critical-volume row; "" when it has enough."""
    metric = row.metric
    if dvh.volume_unit is not VolumeUnit.CC:
        return ""
    match metric:
        case DoseAtVolume(cold=True, volume_unit=Unit.CC) if _is_upper(row.sense):
            enough = has_volume(dvh, metric.volume)
        case VolumeAtDose(cold=True, unit=Unit.CC) if not _is_upper(row.sense):
            enough = _meets(row.sense, dvh.volume, row.limit)
        case _:
            enough = True
    return "" if enough else f"infeasible: the organ has only {dvh.volume:.4g} cc"


def _met_by_smallness(row: Constraint, dvh: DVH) -> Finding | None:
    """Find whether "no more than v cc above d" holds just because the structure is smaller than v cc."""
    metric = row.metric
    if not row.volume_threshold or dvh.volume_unit is not VolumeUnit.CC or not _is_upper(row.sense):
        return None
    if not isinstance(metric, DoseAtVolume) or metric.cold or metric.volume_unit is not Unit.CC:
        return None
    if has_volume(dvh, metric.volume):
        return None
    text = f"{dvh.volume:.4g} cc, smaller than {metric.volume:g} cc: is the contour complete?"
    return Finding(code=FindingCode.SMALLER_THAN_LIMIT_VOLUME, text=text, subject=dvh.name)


def _margin(row: Constraint, found: Measurement | NotMeasured) -> float | None:
    if isinstance(found, NotMeasured):
        return None
    return row.limit - found.value if _is_upper(row.sense) else found.value - row.limit


def _is_borderline(row: Constraint, judged: _Judged) -> bool:
    """Whether an end of the band gives another verdict: it then straddles a limit that decides."""
    found = judged.measurement
    if isinstance(found, NotMeasured) or judged.by_logic:
        return False
    return any(_verdict(row, end) is not judged.verdict for end in (found.low, found.high))


def _under_other_conventions(row: Constraint, dvh: DVH | NotMeasured) -> tuple[UnderConvention, ...]:
    if isinstance(dvh, NotMeasured):
        return ()
    judged = [(other.end_caps or "", _judge(row, other)) for other in dvh.alternatives]
    return tuple(
        UnderConvention(end_caps=caps, measurement=one.measurement, verdict=one.verdict) for caps, one in judged
    )


# -------------------------------------------------------------------------------- Report -> plain values

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
    "verdict",
    "counts",
    "borderline",
    "convention_sensitive",
    "confirmed",
    "status",
    "kind",
    "mandatory",
    "reason",
    "detail",
    "endpoint",
    "citation",
    "doi",
    "where",
    "note",
)


def _record(outcome: Outcome) -> dict[str, Any]:
    row = outcome.constraint
    measured = outcome.measurement if isinstance(outcome.measurement, Measurement) else None
    values = (
        outcome.table_id,
        row.id,
        outcome.organ,
        row.organ,
        outcome.contour,
        str(outcome.rule),
        str(row.metric),
        str(row.sense),
        rounded(row.limit),
        rounded(row.acceptable),
        str(row.metric.unit),
        rounded(measured.value) if measured else None,
        rounded(measured.low) if measured else None,
        rounded(measured.high) if measured else None,
        rounded(outcome.margin),
        str(outcome.verdict),
        outcome.counts,
        outcome.borderline,
        outcome.convention_sensitive,
        row.confirmed,
        str(row.status),
        str(row.kind),
        row.mandatory,
        str(outcome.reason) if outcome.reason else None,
        outcome.detail,
        row.endpoint,
        row.source.citation,
        row.source.doi,
        row.source.where,
        row.note,
    )
    return dict(zip(RECORD_KEYS, values, strict=True))


def rounded(number: float | None) -> float | None:
    """6 significant digits: more than any dose calculation has, few enough to be the same on every machine."""
    return None if number is None else float(f"{number:.6g}") + 0.0  # + 0.0 turns -0.0 into 0.0


def _report_dict(report: Report) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "software": report.software,
        "verdict": str(report.verdict),
        "summary": {str(verdict): number for verdict, number in report.tally().items()},
        "strict": report.strict,
        "include_unconfirmed": report.include_unconfirmed,
        "prescription": _prescription_dict(report.prescription),
        "dvh": {"origin": str(report.dvh_origin), "end_caps": report.end_caps, "dose": "trilinear"}
        if report.dvh_origin == "computed"
        else {"origin": str(report.dvh_origin)},
        "provenance": {key: _listed(value) for key, value in report.provenance.items()},
        "tables": [_table_dict(table) for table in report.tables],
        "outcomes": [_outcome_dict(outcome) for outcome in report.outcomes],
        "findings": [_finding_dict(finding) for finding in report.findings],
        "notice": NOTICE,
    }


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
    }


def _source_dict(source: Source) -> dict[str, Any]:
    return {"citation": source.citation, "doi": source.doi, "where": source.where}


def _finding_dict(finding: Finding) -> dict[str, Any]:
    return {"code": str(finding.code), "text": finding.text, "subject": finding.subject}


def _outcome_dict(outcome: Outcome) -> dict[str, Any]:
    record = _record(outcome)
    for key in ("citation", "doi", "where"):
        del record[key]
    return record | {
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
        "high": rounded(measured.high) if measured else None,
        "verdict": str(other.verdict),
        "reason": str(found.reason) if isinstance(found, NotMeasured) else None,
    }


_HTML_KEYS = ("verdict", "organ", "contour", "metric", "sense", "limit", "value", "low", "high", "margin", "detail")


def _html(report: Report) -> str:
    head = "".join(f"<th>{key}</th>" for key in _HTML_KEYS)
    body = "".join(_html_row(record) for record in report.to_records())
    return (
        f"<p><b>{report.verdict}</b> ({html.escape(report.software)}). {NOTICE}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _html_row(record: Mapping[str, Any]) -> str:
    shown = ("" if record[key] is None else str(record[key]) for key in _HTML_KEYS)
    return "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in shown) + "</tr>"

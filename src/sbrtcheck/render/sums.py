"""Several courses accumulated -> the report on them, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import DVH, DVHSet
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import NotMeasured, measure
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data.reirradiation import Part
from sbrtcheck.render.text import ruled_table, terminal_text, text_report
from sbrtcheck.results import NOTICE, PartOutcome, RuleReport, SumReport, Verdict, labels, rounded
from sbrtcheck.results.to_dict import bounds_dict, finding_dict, measured_dict

METRICS = ("Max[Gy]", "D0.035cc[Gy]", "Mean[Gy]")
_UNITS = {Part.CUMULATIVE: "Gy", Part.COURSE: "Gy", Part.RATIO: "", Part.INTERVAL: "months"}
_PARTS = {
    Part.CUMULATIVE: "accumulated dose of all courses",
    Part.COURSE: "this course",
    Part.RATIO: "ratio of this course to all courses",
    Part.INTERVAL: "since the last course",
}


def sum_text(sum_report: SumReport) -> str:
    """Write the courses together: DVHs in EQD2, rules, then the tables."""
    parts: list[Any] = [Text(_overall_text(sum_report))]
    parts += [Text(f"  {verdict} {clean(line)}") for verdict, line in _headline(sum_report)]
    if sum_report.cumulative.dvhs:
        parts += [Text("\nEQD2 of this course, and accumulated over all courses"), _doses(sum_report)]
    parts += [part for rule in sum_report.rules for part in _rule_parts(rule)]
    findings = dict.fromkeys(map(labels.finding_text, _findings(sum_report)))
    parts += [Text("\nFindings"), *(Text(f"  {line}") for line in findings), Text("\nProvenance")]
    parts += [Text(f"  {line}") for line in _provenance_lines(sum_report.cumulative)]
    text = terminal_text([*parts, Text(f"  {NOTICE}")])
    return f"{text}\n{text_report(sum_report.report)}" if sum_report.report else text


def _overall_text(sum_report: SumReport) -> str:
    """The verdict, and the number of rows of the tables that it comes from."""
    if not sum_report.rules and not sum_report.report:
        return "No rule or table was asked for: no verdict."
    overall = f"OVERALL: {sum_report.verdict.replace('_', ' ')}"
    if sum_report.report is None:
        return overall
    return f"{overall}   tables: {labels.overall_text(sum_report.report)}, {labels.summary_text(sum_report.report)}"


def _headline(sum_report: SumReport) -> Iterator[tuple[Verdict, str]]:
    """What the verdict comes from, each with the verdict that it is the reason of; the worst first."""
    of_rules = [(rule, outcome) for rule in sum_report.rules for outcome in rule.outcomes]
    of_tables = labels.headline_lines(sum_report.report) if sum_report.report else []
    for rule, outcome in of_rules:
        if outcome.verdict is Verdict.FAIL:
            yield Verdict.FAIL, f"{_part_text(rule, outcome)}: {_value_text(outcome)}, limit {_limit_text(outcome)}"
    yield from (line for line in of_tables if line[0] is not Verdict.REVIEW)
    yield from ((Verdict.REVIEW, reason.text) for reason in sum_report.reasons)
    for rule, outcome in of_rules:
        if outcome.verdict is Verdict.NOT_EVALUATED:
            yield Verdict.REVIEW, f"{_part_text(rule, outcome)}: not evaluated, {_value_text(outcome)}"
    yield from (line for line in of_tables if line[0] is Verdict.REVIEW)


def _part_text(rule_report: RuleReport, outcome: PartOutcome) -> str:
    return f"{rule_report.rule.organ} {rule_report.rule.metric}, {_PARTS[outcome.limit.of]} ({rule_report.rule.id})"


def _doses(sum_report: SumReport) -> Any:
    grid = ruled_table("Structure", "a/b", "Courses", *METRICS)
    alone = {dvh.name: dvh for dvh in sum_report.course.dvhs}
    for dvh in sum_report.cumulative.dvhs:
        rows = [("this", alone[dvh.name])] if dvh.name in alone else []
        for course, row_dvh in (*rows, ("all", dvh)):
            cells = (
                clean(row_dvh.name),
                f"{row_dvh.alpha_beta_gy:g}",
                course,
                *(_value(metric, row_dvh) for metric in METRICS),
            )
            grid.add_row(*map(Text, cells))
    return grid


def _value(metric: str, dvh: DVH) -> str:
    measured = measure(metric, dvh)
    if isinstance(measured, NotMeasured):
        return "-"
    value, low, high = (f"{x:.2f}" for x in (measured.value, measured.low, measured.high))
    return value if low == value == high else f"{value} [{low}, {high}]"


def _findings(sum_report: SumReport) -> list[Finding]:
    of_rules = [finding for rule in sum_report.rules for finding in rule.findings]
    of_dvhs = [finding for dvh in sum_report.cumulative.dvhs for finding in dvh.findings]
    return list(dict.fromkeys((*sum_report.cumulative.findings, *of_rules, *of_dvhs)))


def _provenance_lines(dvhs: DVHSet) -> list[str]:
    items = dvhs.provenance.items()
    return [clean(f"{key}: {value if isinstance(value, str) else ', '.join(value)}") for key, value in items]


def _rule_parts(rule_report: RuleReport) -> list[Any]:
    rule = rule_report.rule
    contour = (
        "no contour"
        if rule_report.structure is None
        else f"contour {clean(rule_report.contour)} ({rule_report.match_rule})"
    )
    grid = ruled_table("Verdict", "Of", "Limit", "Value [bounds]")
    for outcome in rule_report.outcomes:
        grid.add_row(*map(Text, _outcome_cells(outcome)))
    return [
        Text(f"\n{rule.title} ({rule.id}): {rule_report.verdict.replace('_', ' ')}"),
        Text(f"{rule.organ} -> {contour}; {rule.metric} EQD2(a/b {rule.alpha_beta_gy:g}); {rule.endpoint}"),
        grid,
        Text(f"Source: {rule.source.citation}, {rule.source.where}. {rule.note}"),
    ]


def _outcome_cells(outcome: PartOutcome) -> tuple[str, str, str, str]:
    flag = " (borderline)" if outcome.borderline else ""
    return (
        f"{outcome.verdict.replace('_', ' ')}{flag}",
        _PARTS[outcome.limit.of],
        _limit_text(outcome),
        _value_text(outcome),
    )


def _limit_text(outcome: PartOutcome) -> str:
    return f"{labels.SIGNS[outcome.limit.sense]} {outcome.limit.limit:g} {_UNITS[outcome.limit.of]}".rstrip()


def _value_text(outcome: PartOutcome) -> str:
    if isinstance(outcome.found, NotMeasured):
        return clean(
            f"{outcome.found.reason}: {outcome.found.detail}" if outcome.found.detail else str(outcome.found.reason)
        )
    limit = outcome.limit.limit
    value, low, high = (number_text(x, limit) for x in (outcome.found.value, outcome.found.low, outcome.found.high))
    return value if low == value == high else f"{value} [{low}, {high}]"


# -------------------------------------------------------------------------------- for programs


def sum_json(sum_report: SumReport) -> str:
    """Write the courses together for programs; the tables' report has its own schema inside."""
    listed = {
        "schema": "sbrtcheck-sum/2",
        "verdict": str(sum_report.verdict),
        "reasons": [{"code": str(reason.code), "text": reason.text} for reason in sum_report.reasons],
        "accept_dose": sum_report.accept_dose,
        "structures": [_structure_dict(dvh, sum_report.course) for dvh in sum_report.cumulative.dvhs],
        "rules": [_rule_dict(rule) for rule in sum_report.rules],
        "report": sum_report.report.to_dict() if sum_report.report else None,
        "findings": [finding_dict(finding) for finding in _findings(sum_report)],
        "provenance": {k: v if isinstance(v, str) else list(v) for k, v in sum_report.cumulative.provenance.items()},
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _structure_dict(dvh: DVH, course: DVHSet) -> dict[str, Any]:
    alone = {course_dvh.name: course_dvh for course_dvh in course.dvhs}.get(dvh.name)
    return {
        "name": dvh.name,
        "alpha_beta_gy": rounded(dvh.alpha_beta_gy),
        "cumulative": {metric: measured_dict(measure(metric, dvh)) for metric in METRICS},
        "course": {metric: measured_dict(measure(metric, alone)) for metric in METRICS} if alone else None,
    }


def _rule_dict(rule_report: RuleReport) -> dict[str, Any]:
    return {
        "id": rule_report.rule.id,
        "verdict": str(rule_report.verdict),
        "contour": rule_report.contour,
        "endpoint": rule_report.rule.endpoint,
        "citation": rule_report.rule.source.citation,
        "confirmed": rule_report.rule.confirmed,
        "limits": [_part_dict(outcome) for outcome in rule_report.outcomes],
    }


def _part_dict(outcome: PartOutcome) -> dict[str, Any]:
    missing = outcome.found if isinstance(outcome.found, NotMeasured) else None
    return {
        "id": outcome.limit.id,
        "of": str(outcome.limit.of),
        "sense": str(outcome.limit.sense),
        "limit": outcome.limit.limit,
        "found": None if isinstance(outcome.found, NotMeasured) else bounds_dict(outcome.found),
        "verdict": str(outcome.verdict),
        "borderline": outcome.borderline,
        "reason": str(missing.reason) if missing else None,
        "detail": missing.detail if missing else "",
    }

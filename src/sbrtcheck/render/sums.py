"""Several courses accumulated -> the report on them, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import DVH, Bounds, DVHSet
from sbrtcheck.formatting import clean, number_text
from sbrtcheck.metric import Measurement, NotMeasured, measure
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data.reirradiation import Part, ReirradiationRule, Stated
from sbrtcheck.render.text import ruled_table, terminal_text, text_report
from sbrtcheck.results import NOTICE, PartOutcome, RuleReport, SumReport, Verdict, labels, rounded
from sbrtcheck.results.reirradiation import CourseValue, CumulativeReading, PartValue, ReadingOutcome, ShownStatements
from sbrtcheck.results.to_dict import bounds_dict, finding_dict, measured_dict

METRICS = ("Max[Gy]", "D0.035cc[Gy]", "Mean[Gy]")
_UNITS = {Part.CUMULATIVE: "Gy", Part.COURSE: "Gy", Part.RATIO: "", Part.INTERVAL: "months"}
_PARTS = {
    Part.CUMULATIVE: "all courses",
    Part.COURSE: "this course",
    Part.RATIO: "ratio of this course to all courses",
    Part.INTERVAL: "since the last course",
}

_READINGS = {
    CumulativeReading.ACCUMULATED: "{metric} of the accumulated dose",
    CumulativeReading.SUM_OF_COURSES: "sum of the courses' {metric}",
}
_MAXIMA = (
    "sum of maxima: the largest dose of each course, added wherever the places lie; of an earlier course in its own"
    " structure of that name, or else in that of this plan"
)


def sum_text(sum_report: SumReport) -> str:
    """Write the courses together: DVHs in EQD2, rules, then the tables."""
    parts: list[Any] = [Text(_overall_text(sum_report))]
    parts += [Text(f"  {verdict} {clean(line)}") for verdict, line in _headline(sum_report)]
    if sum_report.cumulative.dvhs:
        parts += [Text("\nEQD2 of this course, and accumulated over all courses"), _doses(sum_report)]
        parts += [Text(f"  {_MAXIMA}")] if sum_report.sums_of_maxima else []
    parts += [part for rule in sum_report.rules for part in _rule_parts(rule)]
    parts += [part for shown in sum_report.statements for part in _statement_parts(shown)]
    findings = dict.fromkeys(map(labels.finding_text, _findings(sum_report)))
    parts += [Text("\nFindings"), *(Text(f"  {line}") for line in findings), Text("\nProvenance")]
    parts += [Text(f"  {line}") for line in _provenance_lines(sum_report.cumulative)]
    text = terminal_text([*parts, Text(f"  {NOTICE}")])
    return f"{text}\n{text_report(sum_report.report)}" if sum_report.report else text


def _overall_text(sum_report: SumReport) -> str:
    """The verdict, and the number of rows of the tables that it comes from."""
    if not sum_report.rules and not sum_report.report:
        named = any(not shown.contours for shown in sum_report.statements)
        return "OVERALL: REVIEW" if named else "No rule or table was asked for: no verdict."
    overall = f"OVERALL: {sum_report.verdict.replace('_', ' ')}"
    if sum_report.report is None:
        return overall
    return f"{overall}   tables: {labels.overall_text(sum_report.report)}, {labels.summary_text(sum_report.report)}"


def _headline(sum_report: SumReport) -> Iterator[tuple[Verdict, str]]:
    """What the verdict comes from, each with the verdict that it is the reason of; the worst first."""
    of_rules = [(rule, outcome) for rule in sum_report.rules for outcome in rule.outcomes]
    of_tables = labels.headline_lines(sum_report.report) if sum_report.report else []
    if sum_report.statements and not of_rules and not sum_report.report and sum_report.verdict is Verdict.REVIEW:
        yield Verdict.REVIEW, "what was asked for are statements, which give no verdict"
    for rule, outcome in of_rules:
        if outcome.verdict is Verdict.FAIL:
            value = _value_text(outcome.found, outcome.limit.limit)
            yield Verdict.FAIL, f"{_part_text(rule, outcome)}: {value}, limit {_limit_text(outcome)}"
    yield from (line for line in of_tables if line[0] is not Verdict.REVIEW)
    yield from ((Verdict.REVIEW, reason.text) for reason in sum_report.reasons)
    for rule, outcome in of_rules:
        if outcome.verdict is Verdict.NOT_EVALUATED:
            value = _value_text(outcome.found, outcome.limit.limit)
            yield Verdict.REVIEW, f"{_part_text(rule, outcome)}: not evaluated, {value}"
    yield from (line for line in of_tables if line[0] is Verdict.REVIEW)


def _part_text(rule_report: RuleReport, outcome: PartOutcome) -> str:
    rule = rule_report.rule
    deciding = [one for one in outcome.readings if (one.found, one.verdict) == (outcome.found, outcome.verdict)]
    part = _PARTS[outcome.limit.of]
    if deciding:
        return f"{rule.organ}, {part}: {_reading_text(rule_report, deciding[0])} ({rule.id})"
    return f"{rule.organ} {rule.metric}, {part} ({rule.id})"


def _reading_text(rule_report: RuleReport, reading: ReadingOutcome) -> str:
    return _READINGS[reading.reading].format(metric=rule_report.rule.metric)


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
        if dvh.name in sum_report.sums_of_maxima:
            maxima = sum_report.sums_of_maxima[dvh.name]
            maximum = maxima.detail if isinstance(maxima, NotMeasured) else _bounds_text(maxima)
            cells = (clean(dvh.name), f"{dvh.alpha_beta_gy:g}", "sum of maxima", maximum, "", "")
            grid.add_row(*map(Text, cells))
    return grid


def _value(metric: str, dvh: DVH) -> str:
    measured = measure(metric, dvh)
    if isinstance(measured, NotMeasured):
        return "-"
    return _bounds_text(measured)


def _bounds_text(found: Measurement | Bounds | NotMeasured) -> str:
    if isinstance(found, NotMeasured):
        return "-"
    value, low, high = (f"{x:.2f}" for x in (found.value, found.low, found.high))
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
        for part, verdict in _verdicts_of(rule_report, outcome):
            cells = (
                _verdict_text(verdict),
                part,
                _limit_text(outcome),
                _value_text(verdict.found, outcome.limit.limit),
            )
            grid.add_row(*map(Text, cells))
    return [
        Text(f"\n{rule.title} ({rule.id}): {rule_report.verdict.replace('_', ' ')}"),
        Text(f"{rule.organ} -> {contour}; {rule.metric} EQD2(a/b {rule.alpha_beta_gy:g}); {rule.endpoint}"),
        grid,
        *map(Text, _reading_lines(rule_report)),
        Text(f"Source: {rule.source.citation}, {rule.source.where}. {_reading_remark(rule)}{rule.note}"),
    ]


def _reading_remark(rule: ReirradiationRule) -> str:
    """Say where no second reader of the source is known; the rule decides all the same, there is no other."""
    return "" if rule.confirmed else "Read in one place only. "


def _verdicts_of(rule_report: RuleReport, outcome: PartOutcome) -> Iterator[tuple[str, PartOutcome | ReadingOutcome]]:
    """What a limit is on, with its verdict: by each reading, where the limit is on the cumulative dose."""
    part = _PARTS[outcome.limit.of]
    if not outcome.readings:
        yield part, outcome
    for reading in outcome.readings:
        yield f"{part}: {_reading_text(rule_report, reading)}", reading


def _verdict_text(outcome: PartOutcome | ReadingOutcome) -> str:
    return f"{outcome.verdict.replace('_', ' ')}{' (borderline)' if outcome.borderline else ''}"


def _reading_lines(rule_report: RuleReport) -> Iterator[str]:
    """What the sum of the courses is made of, and where the two readings of the cumulative dose have two verdicts."""
    metric = rule_report.rule.metric
    yield f"{metric} of each course alone: {'; '.join(map(_course_text, rule_report.courses))}"
    for outcome in rule_report.outcomes:
        if outcome.readings_differ:
            verdicts = " and ".join(
                f"{one.verdict.replace('_', ' ')} by the {_reading_text(rule_report, one)}" for one in outcome.readings
            )
            yield f"{_PARTS[outcome.limit.of]}: {verdicts}; the worse decides"


def _course_text(course: CourseValue) -> str:
    name = "this course" if course.number == 1 else f"course {course.number}"
    if isinstance(course.found, NotMeasured):
        return clean(f"{name}: {course.found.detail or course.found.reason}")
    contour = (
        f"{course.contour} of this plan, for it has no contour of its own" if course.of_first_plan else course.contour
    )
    return clean(f"{name} {_bounds_text(course.found)} Gy ({contour})")


def _statement_parts(shown: ShownStatements) -> Iterator[Text]:
    """What was stated of a site, each with what its source does not say; no verdict."""
    statements = shown.statements
    why = f"shown for {', '.join(map(clean, shown.contours))} in this plan" if shown.contours else "as asked for"
    yield Text(f"\n{statements.title} ({statements.id}; {why}): no limit, no verdict")
    for stated in statements.stated:
        yield Text(f"  {stated.statement}{_stated_doses(stated)}")
        yield Text(f"    Of {stated.patients}. Not said: {stated.not_said}.")
        yield Text(f"    Source: {stated.source.citation}, {stated.source.where}. {stated.note}")
    yield Text(f"  {statements.note}")


def _stated_doses(stated: Stated) -> str:
    """The doses with their EQD2, where the source says what they are; else the statement alone has them."""
    if stated.quantity is None:
        return ""
    listed = ", ".join(f"{dose.of} {dose.dose_gy:g} Gy" for dose in stated.doses)
    ratio = "" if stated.alpha_beta_gy is None else f" (a/b {stated.alpha_beta_gy:g})"
    eqd2s = ", ".join(f"{eqd2_gy:.1f}" for eqd2_gy in stated.eqd2s_gy)
    by_formula = f", by formula {eqd2s} Gy EQD2" if eqd2s else ""
    return f" {listed} {stated.quantity}{ratio}{by_formula}."


def _limit_text(outcome: PartOutcome) -> str:
    return f"{labels.SIGNS[outcome.limit.sense]} {outcome.limit.limit:g} {_UNITS[outcome.limit.of]}".rstrip()


def _value_text(found: PartValue, limit: float) -> str:
    if isinstance(found, NotMeasured):
        return clean(f"{found.reason}: {found.detail}" if found.detail else str(found.reason))
    value, low, high = (number_text(x, limit) for x in (found.value, found.low, found.high))
    return value if low == value == high else f"{value} [{low}, {high}]"


# -------------------------------------------------------------------------------- for programs


def sum_json(sum_report: SumReport) -> str:
    """Write the courses together for programs; the tables' report has its own schema inside."""
    listed = {
        "schema": "sbrtcheck-sum/2",
        "verdict": str(sum_report.verdict),
        "reasons": [{"code": str(reason.code), "text": reason.text} for reason in sum_report.reasons],
        "accept_dose": sum_report.accept_dose,
        "structures": [_structure_dict(dvh, sum_report) for dvh in sum_report.cumulative.dvhs],
        "rules": [_rule_dict(rule) for rule in sum_report.rules],
        "statements": [_statements_dict(shown) for shown in sum_report.statements],
        "report": sum_report.report.to_dict() if sum_report.report else None,
        "findings": [finding_dict(finding) for finding in _findings(sum_report)],
        "provenance": {k: v if isinstance(v, str) else list(v) for k, v in sum_report.cumulative.provenance.items()},
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _structure_dict(dvh: DVH, sum_report: SumReport) -> dict[str, Any]:
    alone = {course_dvh.name: course_dvh for course_dvh in sum_report.course.dvhs}.get(dvh.name)
    maxima = sum_report.sums_of_maxima.get(dvh.name)
    return {
        "name": dvh.name,
        "alpha_beta_gy": rounded(dvh.alpha_beta_gy),
        "cumulative": {metric: measured_dict(measure(metric, dvh)) for metric in METRICS},
        "course": {metric: measured_dict(measure(metric, alone)) for metric in METRICS} if alone else None,
        "sum_of_maxima": None if maxima is None else _found_dict(maxima),
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
        "courses": [_course_dict(course) for course in rule_report.courses],
    }


def _part_dict(outcome: PartOutcome) -> dict[str, Any]:
    return {
        "id": outcome.limit.id,
        "of": str(outcome.limit.of),
        "sense": str(outcome.limit.sense),
        "limit": outcome.limit.limit,
        **_verdict_dict(outcome),
        "readings": [{"reading": str(one.reading), **_verdict_dict(one)} for one in outcome.readings],
    }


def _verdict_dict(outcome: PartOutcome | ReadingOutcome) -> dict[str, Any]:
    missing = outcome.found if isinstance(outcome.found, NotMeasured) else None
    return {
        "found": _found_dict(outcome.found),
        "verdict": str(outcome.verdict),
        "borderline": outcome.borderline,
        "reason": str(missing.reason) if missing else None,
        "detail": missing.detail if missing else "",
    }


def _course_dict(course: CourseValue) -> dict[str, Any]:
    return {
        "number": course.number,
        "found": _found_dict(course.found),
        "contour": course.contour,
        "of_first_plan": course.of_first_plan,
    }


def _found_dict(found: PartValue) -> dict[str, Any] | None:
    return None if isinstance(found, NotMeasured) else bounds_dict(found)


def _statements_dict(shown: ShownStatements) -> dict[str, Any]:
    statements = shown.statements
    return {
        "id": statements.id,
        "site": statements.site,
        "contours": list(shown.contours),
        "note": statements.note,
        "stated": [_stated_dict(stated) for stated in statements.stated],
    }


def _stated_dict(stated: Stated) -> dict[str, Any]:
    return {
        "id": stated.id,
        "statement": stated.statement,
        "doses": [{"of": dose.of, "dose_gy": dose.dose_gy} for dose in stated.doses],
        "quantity": None if stated.quantity is None else str(stated.quantity),
        "alpha_beta_gy": stated.alpha_beta_gy,
        "patients": stated.patients,
        "not_said": stated.not_said,
        "endpoint": stated.endpoint,
        "citation": stated.source.citation,
        "where": stated.source.where,
        "confirmed": stated.confirmed,
    }

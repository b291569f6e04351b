"""Several courses together -> the report on them, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import DVH, DVHSet
from sbrtcheck.metric import NotMeasured, measure
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data.reirradiation import Part
from sbrtcheck.render import words
from sbrtcheck.render.text import plain_table, printed, text_report
from sbrtcheck.results import NOTICE, PartOutcome, RuleReport, SumReport, Verdict, rounded
from sbrtcheck.results.to_dict import bounds_dict, finding_dict, measured_dict

SHOWN = ("Max[Gy]", "D0.035cc[Gy]", "Mean[Gy]")
_UNITS = {Part.CUMULATIVE: "Gy", Part.COURSE: "Gy", Part.RATIO: "", Part.INTERVAL: "months"}
_PARTS = {
    Part.CUMULATIVE: "all courses together",
    Part.COURSE: "this course",
    Part.RATIO: "this course to all together",
    Part.INTERVAL: "since the last course",
}


def sum_text(found: SumReport) -> str:
    """Write the courses together: DVHs in EQD2, rules, then the tables."""
    parts: list[Any] = [Text(_overall_text(found))]
    parts += [Text(f"  {verdict} {words.clean(line)}") for verdict, line in _headline(found)]
    if found.cumulative.dvhs:
        parts += [Text("\nEQD2 of this course, and of all courses together"), _doses(found)]
    parts += [part for rule in found.rules for part in _rule_parts(rule)]
    said = dict.fromkeys(map(words.finding_text, _findings(found)))
    parts += [Text("\nFindings"), *(Text(f"  {line}") for line in said), Text("\nMade from")]
    parts += [Text(f"  {line}") for line in _made_from(found.cumulative)]
    text = printed([*parts, Text(f"  {NOTICE}")])
    return f"{text}\n{text_report(found.report)}" if found.report else text


def _overall_text(found: SumReport) -> str:
    """The verdict, and on how many rows of the tables it stands."""
    if not found.rules and not found.report:
        return "No rule or table was asked for: no verdict."
    overall = f"OVERALL: {found.verdict.replace('_', ' ')}"
    if found.report is None:
        return overall
    return f"{overall}   tables: {words.overall_text(found.report)}, {words.summary_text(found.report)}"


def _headline(found: SumReport) -> Iterator[tuple[Verdict, str]]:
    """What the verdict comes from, each with the verdict that it is the reason of; the worst first."""
    of_rules = [(rule, one) for rule in found.rules for one in rule.outcomes]
    of_tables = words.headline_lines(found.report) if found.report else []
    for rule, one in of_rules:
        if one.verdict is Verdict.FAIL:
            yield Verdict.FAIL, f"{_part_text(rule, one)}: {_found_text(one)}, limit {_limit_text(one)}"
    yield from (line for line in of_tables if line[0] is not Verdict.REVIEW)
    yield from ((Verdict.REVIEW, reason.text) for reason in found.reasons)
    for rule, one in of_rules:
        if one.verdict is Verdict.NOT_EVALUATED:
            yield Verdict.REVIEW, f"{_part_text(rule, one)}: not evaluated, {_found_text(one)}"
    yield from (line for line in of_tables if line[0] is Verdict.REVIEW)


def _part_text(rule: RuleReport, one: PartOutcome) -> str:
    return f"{rule.rule.organ} {rule.rule.metric}, {_PARTS[one.limit.of]} ({rule.rule.id})"


def _doses(found: SumReport) -> Any:
    grid = plain_table("Structure", "a/b", "Courses", *SHOWN)
    alone = {dvh.name: dvh for dvh in found.course.dvhs}
    for dvh in found.cumulative.dvhs:
        rows = [("this", alone[dvh.name])] if dvh.name in alone else []
        for which, one in (*rows, ("all", dvh)):
            cells = (words.clean(one.name), f"{one.alpha_beta_gy:g}", which, *(_value(metric, one) for metric in SHOWN))
            grid.add_row(*map(Text, cells))
    return grid


def _value(metric: str, dvh: DVH) -> str:
    found = measure(metric, dvh)
    if isinstance(found, NotMeasured):
        return "-"
    value, low, high = (f"{x:.2f}" for x in (found.value, found.low, found.high))
    return value if low == value == high else f"{value} [{low}, {high}]"


def _findings(found: SumReport) -> list[Finding]:
    of_rules = [finding for rule in found.rules for finding in rule.findings]
    of_dvhs = [finding for dvh in found.cumulative.dvhs for finding in dvh.findings]
    return list(dict.fromkeys((*found.cumulative.findings, *of_rules, *of_dvhs)))


def _made_from(dvhs: DVHSet) -> list[str]:
    items = dvhs.provenance.items()
    return [words.clean(f"{key}: {value if isinstance(value, str) else ', '.join(value)}") for key, value in items]


def _rule_parts(one: RuleReport) -> list[Any]:
    rule = one.rule
    contour = f"contour {words.clean(one.contour)} ({one.match_rule})" if one.contour else "no contour"
    grid = plain_table("Verdict", "Of", "Limit", "Value [band]")
    for outcome in one.outcomes:
        grid.add_row(*map(Text, _outcome_cells(outcome)))
    return [
        Text(f"\n{rule.title} ({rule.id}): {one.verdict.replace('_', ' ')}"),
        Text(f"{rule.organ} -> {contour}; {rule.metric} EQD2(a/b {rule.alpha_beta_gy:g}); {rule.endpoint}"),
        grid,
        Text(f"Source: {rule.source.citation}, {rule.source.where}. {rule.note}"),
    ]


def _outcome_cells(one: PartOutcome) -> tuple[str, str, str, str]:
    flag = " (borderline)" if one.borderline else ""
    return (f"{one.verdict.replace('_', ' ')}{flag}", _PARTS[one.limit.of], _limit_text(one), _found_text(one))


def _limit_text(one: PartOutcome) -> str:
    return f"{words.SIGNS[one.limit.sense]} {one.limit.limit:g} {_UNITS[one.limit.of]}".rstrip()


def _found_text(one: PartOutcome) -> str:
    if isinstance(one.found, NotMeasured):
        return words.clean(f"{one.found.reason}: {one.found.detail}" if one.found.detail else str(one.found.reason))
    limit = one.limit.limit
    value, low, high = (words.number_text(x, limit) for x in (one.found.value, one.found.low, one.found.high))
    return value if low == value == high else f"{value} [{low}, {high}]"


# -------------------------------------------------------------------------------- for programs


def sum_json(found: SumReport) -> str:
    """Write the courses together for programs; the tables' report has its own schema inside."""
    listed = {
        "schema": "sbrtcheck-sum/2",
        "verdict": str(found.verdict),
        "reasons": [{"code": str(one.code), "text": one.text} for one in found.reasons],
        "accept_dose": found.accept_dose,
        "structures": [_structure_dict(dvh, found.course) for dvh in found.cumulative.dvhs],
        "rules": [_rule_dict(one) for one in found.rules],
        "report": found.report.to_dict() if found.report else None,
        "findings": [finding_dict(one) for one in _findings(found)],
        "provenance": {k: v if isinstance(v, str) else list(v) for k, v in found.cumulative.provenance.items()},
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _structure_dict(dvh: DVH, course: DVHSet) -> dict[str, Any]:
    alone = {one.name: one for one in course.dvhs}.get(dvh.name)
    return {
        "name": dvh.name,
        "alpha_beta_gy": rounded(dvh.alpha_beta_gy),
        "cumulative": {metric: measured_dict(measure(metric, dvh)) for metric in SHOWN},
        "course": {metric: measured_dict(measure(metric, alone)) for metric in SHOWN} if alone else None,
    }


def _rule_dict(one: RuleReport) -> dict[str, Any]:
    return {
        "id": one.rule.id,
        "verdict": str(one.verdict),
        "contour": one.contour,
        "endpoint": one.rule.endpoint,
        "citation": one.rule.source.citation,
        "confirmed": one.rule.confirmed,
        "limits": [_part_dict(outcome) for outcome in one.outcomes],
    }


def _part_dict(one: PartOutcome) -> dict[str, Any]:
    missing = one.found if isinstance(one.found, NotMeasured) else None
    return {
        "id": one.limit.id,
        "of": str(one.limit.of),
        "sense": str(one.limit.sense),
        "limit": one.limit.limit,
        "found": None if isinstance(one.found, NotMeasured) else bounds_dict(one.found),
        "verdict": str(one.verdict),
        "borderline": one.borderline,
        "reason": str(missing.reason) if missing else None,
        "detail": missing.detail if missing else "",
    }

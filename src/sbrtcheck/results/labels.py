"""Outcomes and reports in; the texts for them out, the same in every format. Layout is in `render`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from sbrtcheck.dvh import Reason
from sbrtcheck.formatting import clean
from sbrtcheck.metric import NotMeasured, OfPlan, PrescriptionMetric, TargetCount
from sbrtcheck.plan import Finding, FindingCode, Prescription, Sex
from sbrtcheck.results.dvh_comparison import NoComparison
from sbrtcheck.results.outcome import NOTICE, Outcome, ReviewCode, ReviewReason, UnderConvention, Verdict
from sbrtcheck.results.plan_site import SHA_SHOWN, SiteOrigin
from sbrtcheck.results.report_values import ReportValues
from sbrtcheck.results.value_texts import certified_value, percent_text, result_text, value_text
from sbrtcheck.structure_names import is_target_name
from sbrtcheck.tables import ClinicianItem, Constraint, ConstraintTable, Kind, LimitByVolume, Sense, Source, Status
from sbrtcheck.tables.choice import WhyLeftOut, known_fractions
from sbrtcheck.tables.table import fractions_text
from sbrtcheck.tables.values import MULTI

SIGNS = {Sense.BELOW: "<", Sense.AT_MOST: "<=", Sense.ABOVE: ">", Sense.AT_LEAST: ">="}


def metric_text(row: Constraint) -> str:
    """``D0.035cc[Gy]``, or ``Mean[Gy] EQD2(a/b 3)`` where the doses are not physical ones."""
    return row.metric_text


def limit_text(row: Constraint) -> str:
    """``< 18``, ``< 18 (variation < 21)`` or ``< 18 (optimal)``: the sense as printed in the source."""
    return _limit_text(row, None if isinstance(row.limit, LimitByVolume) else row.limit, row.acceptable)


def limit_used_text(outcome: Outcome) -> str:
    """Write the limit as `limit_text` does, but as it is for this plan where it depends on a volume."""
    return _limit_text(outcome.constraint, outcome.limit_used, outcome.acceptable_used)


def _limit_text(row: Constraint, limit: float | None, acceptable: float | None) -> str:
    sign = SIGNS[row.sense]
    said = [
        *([] if acceptable is None else [f"variation {sign} {acceptable:.6g}"]),
        *([] if row.priority is None else [str(row.priority)]),
    ]
    text = f"{sign} by volume" if limit is None else f"{sign} {limit:.6g}"
    return f"{text} ({', '.join(said)})" if said else text


def against_limit_text(outcome: Outcome) -> str:
    """``SpinalCord D0.035cc[Gy] 63.80, limit < 26 (245 % of the limit)``: a row outside its table.

    The contour is named where it is not called as the organ is.
    """
    row = f"{outcome.organ} {metric_text(outcome.constraint)}"
    is_named_otherwise = outcome.structure is not None and outcome.contour != outcome.organ
    contour = f" on contour {outcome.contour}" if is_named_otherwise else ""
    limit = f"limit {limit_used_text(outcome)}"
    measured = outcome.measurement
    if isinstance(measured, NotMeasured):
        return f"{row}, {limit}{contour}: {outcome.detail or result_text(outcome)}"
    value = certified_value(measured, outcome)
    percent = percent_text(outcome)
    detail = f": {outcome.detail}" if outcome.reason and outcome.detail else ""
    return f"{row} {value}, {limit}" + (f" ({percent})" if percent else "") + contour + detail


def why_not_counted(outcome: Outcome) -> str:
    """Say why a row does not count for the overall verdict; "" when it does."""
    row = outcome.constraint
    if outcome.counts:
        return ""
    if row.kind is not Kind.LIMIT:
        return str(row.kind)
    return "disputed" if row.status is Status.DISPUTED else "unconfirmed"


def uncounted_fail_text(outcome: Outcome) -> str:
    """Say of a row that it fails, and why that does not make the report a FAIL."""
    return f"{against_limit_text(outcome)}: fails, and does not count ({why_not_counted(outcome)})"


def verdict_text(outcome: Outcome) -> str:
    """Name the verdict in words, so that no colour is needed to read it."""
    return outcome.verdict.replace("_", " ")


FLAGS = {
    "borderline": "a limit lies between the numerical bounds of the value",
    "convention sensitive": "another end-cap convention gives another verdict",
    "sampling sensitive": (
        "contour planes, ends and dose grid may put the value off by as much as stands behind ±: more than 2 % of it,"
        " or enough for another verdict; an estimate, not a bound, and no verdict depends on it"
    ),
    "near limit": "the value is close to the limit that its verdict turns on; no verdict depends on it",
    "unconfirmed": "no two readers of the source agree, or another contradicts them",
    "disputed": "the number printed in the source is disputed; never counts",
    "advisory": "shown for information; never counts",
    "mandatory": "a plan without a value for this row has not been checked",
    "partly outside grid": "a part of the structure lies outside the dose grid",
    "part missing": "the organ is made of several structures, and not all of them are in the plan",
}


def flags(outcome: Outcome) -> tuple[str, ...]:
    """Say what else a reader must know of the verdict; keys of `FLAGS`."""
    row = outcome.constraint
    flag_holds = {
        "borderline": outcome.borderline,
        "convention sensitive": outcome.convention_sensitive,
        "sampling sensitive": outcome.sampling_sensitive,
        "near limit": outcome.near_limit,
        "unconfirmed": not row.confirmed,
        "disputed": row.status is Status.DISPUTED,
        "advisory": row.kind is Kind.ADVISORY,
        "mandatory": row.mandatory and outcome.verdict is Verdict.NOT_EVALUATED,
        "partly outside grid": outcome.outside_percent > 0.0,
        "part missing": bool(outcome.lacking),
    }
    return tuple(flag for flag, holds in flag_holds.items() if holds)


def contour_text(outcome: Outcome) -> str:
    """Name the structure that the organ was matched to, and by which rule."""
    return "none" if outcome.structure is None else f"{clean(outcome.contour)} ({outcome.rule})"


def organ_text(outcome: Outcome) -> str:
    """Name the organ as asked for, and as the source prints it where that differs."""
    printed = outcome.constraint.organ
    return outcome.organ if printed in ("", outcome.organ) else f"{outcome.organ} ({printed})"


def is_of_target(row: Constraint) -> bool:
    """Whether a row is on a target, or on the plan as a whole: what a plan is made for, before what it has to spare."""
    return is_of_whole_plan(row) or all(map(_is_target, row.structures))


def is_of_whole_plan(row: Constraint) -> bool:
    """Whether a row is on the quality of the plan, not on a structure."""
    return isinstance(row.metric, OfPlan | PrescriptionMetric | TargetCount)


_is_target = cache(is_target_name)


def targets_first(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The rows on targets, then those on organs, each in the order they had."""
    return sorted(outcomes, key=lambda outcome: not is_of_target(outcome.constraint))


def is_just_missing(outcome: Outcome) -> bool:
    """Whether there is nothing to say of a row but that the plan has no such structure."""
    absent = outcome.reason is Reason.STRUCTURE_MISSING
    return absent and outcome.structure is None and not outcome.constraint.mandatory and not outcome.probable


def remark(outcome: Outcome) -> str:
    """Explain a row that needs more than its columns: why, and under which other convention; "" for most."""
    parts = [outcome.detail] if outcome.detail else []
    if outcome.constraint.status is Status.DISPUTED:
        parts.append(f"disputed: {outcome.constraint.note}")
    if outcome.convention_sensitive:
        parts += [_convention_text(other, outcome) for other in outcome.conventions]
    return clean("; ".join(parts))


def _convention_text(other: UnderConvention, outcome: Outcome) -> str:
    measured = other.measurement
    value = (
        str(measured.reason) if isinstance(measured, NotMeasured) else value_text(measured, outcome, with_bounds=False)
    )
    return f"end caps {other.end_caps}: {value}, {other.verdict.replace('_', ' ')}"


def absent_organs(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    """Organs of rows of which nothing is known but that the plan has no such structure: what they are, and which."""
    missing = [outcome for outcome in outcomes if is_just_missing(outcome)]
    parts = (
        ("Not evaluated, expected and not in the plan", [outcome for outcome in missing if outcome.applies]),
        ("Not in the plan, and not expected at this site", [outcome for outcome in missing if not outcome.applies]),
    )
    return [(heading, organ_counts(rows)) for heading, rows in parts if rows]


def organ_counts(outcomes: Sequence[Outcome]) -> str:
    """Name the organs in one line, each with its number of rows."""
    counted = Counter(outcome.organ for outcome in outcomes)
    return ", ".join(organ if number == 1 else f"{organ} ({number} rows)" for organ, number in counted.items())


def organ_line(outcome: Outcome) -> str:
    """Name organ and contour in one line."""
    contour = "no contour" if outcome.structure is None else f"contour {contour_text(outcome)}"
    return f"{organ_text(outcome)} -> {contour}"


def row_name(outcome: Outcome) -> str:
    """Name a row outside its table; all rows of a missing organ are named alike."""
    if outcome.reason is Reason.STRUCTURE_MISSING:
        return outcome.organ
    return f"{outcome.organ} {metric_text(outcome.constraint)}"


# -------------------------------------------------------------------------------- the whole report


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceList:
    """The sources of a report, numbered from 1 in the order they come up."""

    sources: tuple[Source, ...]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> SourceList:
        """Collect the sources of these rows."""
        return cls(sources=tuple(dict.fromkeys(outcome.constraint.source for outcome in outcomes)))

    def number(self, source: Source) -> int:
        """Find the number of one."""
        return self.sources.index(source) + 1

    def lines(self) -> list[str]:
        """List them: citation, DOI, table and page."""
        return [f"[{n}] {source_text(source)}" for n, source in enumerate(self.sources, start=1)]


def source_text(source: Source) -> str:
    """Write citation, table and page, and DOI."""
    doi = f" (doi {source.doi})" if source.doi else ""
    return ", ".join(filter(None, (source.citation, source.where))) + doi


def overall_text(report: ReportValues) -> str:
    """``PASS on 31 of 31 rows for lung``; ``FAIL``; ``REVIEW``."""
    rows = sum(report.tally().values())
    evaluated = rows - report.tally().get(Verdict.NOT_EVALUATED, 0)
    if report.verdict not in (Verdict.PASS, Verdict.VARIATION):
        return str(report.verdict)
    return f"{report.verdict} on {evaluated} of {rows} rows{_for_site(report)}"


def _for_site(report: ReportValues) -> str:
    return f" for {report.site}" if report.site.ids else ""


def summary_text(report: ReportValues) -> str:
    """``2 FAIL, 20 PASS, 3 NOT EVALUATED``, the worst first; then what does not count, and what does not apply."""
    order = (Verdict.FAIL, Verdict.NOT_EVALUATED, Verdict.VARIATION, Verdict.PASS)
    tally = report.tally()
    counted = [f"{tally[verdict]} {verdict.replace('_', ' ')}" for verdict in order if verdict in tally]
    aside = sum(outcome.applies and not outcome.counts for outcome in report.outcomes)
    absent = len(report.not_expected())
    parts = [
        ", ".join(counted) or "no row counts",
        *([f"{aside} shown but not counted"] if aside else []),
        *([f"{_rows(absent)} for organs not expected at this site"] if absent else []),
    ]
    return "; ".join(parts)


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def prescription_text(report: ReportValues) -> str:
    """``50 Gy in 5 fractions``, and which rule found it."""
    rx = report.prescription
    if isinstance(rx, Prescription):
        return f"{rx.dose_gy:.6g} Gy in {rx.fractions} fractions ({clean(rx.source)})"
    fractions_text = f"; {rx.fractions} fractions" if rx.fractions is not None else ""
    return f"unknown: {clean(rx.reason)}{fractions_text}"


def site_text(report: ReportValues) -> str:
    """``lung, by the tables``; or that no site is known, and what that means."""
    match report.site.origin:
        case SiteOrigin.GIVEN:
            return f"{report.site}, as given"
        case SiteOrigin.TABLE:
            return f"{report.site}, by the tables"
        case SiteOrigin.UNKNOWN:
            return "unknown, so that every organ of the tables is expected; --site says it"


def headline_of(outcome: Outcome) -> str:
    """A row as a line under the headline; of one that fails, whether it counts."""
    if outcome.counts:
        return clean(against_limit_text(outcome))
    if outcome.verdict is Verdict.FAIL:
        return clean(uncounted_fail_text(outcome))
    return clean(f"{against_limit_text(outcome)}: does not count ({why_not_counted(outcome)})")


def headline_rows(report: ReportValues) -> tuple[Outcome, ...]:
    """The rows under the headline: those that fail; and under a VARIATION, those that make it one."""
    varying = [outcome for outcome in report.outcomes if outcome.verdict is Verdict.VARIATION]
    return (*report.failing, *(varying if report.verdict is Verdict.VARIATION else ()))


def reasons_beside_rows(report: ReportValues) -> tuple[ReviewReason, ...]:
    """The reasons that stand against a pass, but for rows that fail: those are in `headline_rows`."""
    return tuple(reason for reason in report.reasons if reason.code is not ReviewCode.FAILS_WITHOUT_COUNTING)


def reason_lines(report: ReportValues) -> list[str]:
    """One line a reason of `reasons_beside_rows`."""
    return list(dict.fromkeys(clean(reason.text) for reason in reasons_beside_rows(report)))


def headline_lines(report: ReportValues) -> list[tuple[Verdict, str]]:
    """The lines below the headline: rows that fail, rows that vary, reasons for a review, each with its verdict."""
    return [
        *((outcome.verdict, headline_of(outcome)) for outcome in headline_rows(report)),
        *((Verdict.REVIEW, line) for line in reason_lines(report)),
    ]


def choices(report: ReportValues) -> list[str]:
    """What the user chose that bears on the verdict."""
    profile = report.profile
    texts = {
        f"Profile {profile.id}: {profile.schedule}" if profile else "": profile is not None,
        _only_many_sites_text(report): bool(_only_many_sites_text(report)),
        "Strict: borderline rows, and those that end caps or sampling could turn, stand against a pass": report.strict,
        _accepted_dose_text(report): report.accept_dose,
        "Tables with errors that lint finds were allowed by the user": report.allow_lint_errors,
        f"Side of the target, as given: {report.laterality}": report.laterality is not None,
        f"Limits that differ by sex are those for a {report.sex} patient": report.depends_on_sex
        and isinstance(report.sex, Sex),
        "Also counted: unconfirmed rows": report.include_unconfirmed,
    }
    return [text for text, chosen in texts.items() if chosen]


def _only_many_sites_text(report: ReportValues) -> str:
    """Say that a site has no table of its own for the plan's number of fractions, where tables were chosen by it."""
    fractions = report.prescription.fractions
    holding = {table.site for table in report.tables if table.holds_for(fractions)}
    holding |= {table.site for table in report.left_out if table.holds_for(fractions)}
    sites = ", ".join(site for site in report.site.ids if site not in holding)
    if not sites or not report.left_out:
        return ""
    ids = ", ".join(table.id for table in report.tables if table.site == MULTI and table.fractions)
    numbers = fractions_text(known_fractions((report.prescription,)))
    return f"Site {sites} has no table of its own for {numbers}; those used are for many sites: {ids}"


def table_notes(report: ReportValues, table: ConstraintTable) -> list[str]:
    """Say of a table that none of its rows counts, and why."""
    if report.counting_rows(table):
        return []
    rows = {o.constraint.id: why_not_counted(o) for o in report.outcomes if o.table_id == table.id}
    why = ", ".join(f"{number} {reason}" for reason, number in Counter(rows.values()).items())
    return [f"No row of this table counts: {why}."] if rows else [f"No row of this table is for site {report.site}."]


LEFT_OUT = "Tables left out"


def left_out_lines(*reports: ReportValues) -> list[str]:
    """One line a reason, with the tables of the site that were left out for it; of two plans by the same tables."""
    numbers = " and ".join(map(str, known_fractions(report.prescription for report in reports)))
    texts = {
        WhyLeftOut.FRACTIONS: f"for other numbers of fractions than {numbers}",
        WhyLeftOut.PROFILE: "hold, and are not in the profile",
        WhyLeftOut.SITE: "for other sites",
    }
    by_reason: dict[WhyLeftOut, list[str]] = {}
    for table in reports[0].left_out:
        by_reason.setdefault(table.why, []).append(f"{table.id} ({fractions_text(table.fractions)})")
    return [f"{texts[why]}: {', '.join(tables)}" for why, tables in by_reason.items()]


def _accepted_dose_text(report: ReportValues) -> str:
    against = "; ".join(finding.text for finding in report.findings if finding.code is FindingCode.DOSE_ACCEPTED)
    accepted = "The dose was accepted by the user"
    return clean(
        f"{accepted}, although this stands against it ({against})" if against else f"{accepted}; nothing was against it"
    )


def plan_text(report: ReportValues) -> str:
    """The plan's label, which is not the patient's name; or that it has none."""
    return clean(report.label).strip() or "without a label"


def finding_text(finding: Finding) -> str:
    """Say what was noticed, and on what."""
    return clean(f"{finding.subject}: {finding.text}" if finding.subject else finding.text)


def findings(report: ReportValues) -> list[str]:
    """One line a finding."""
    return list(dict.fromkeys(map(finding_text, report.all_findings())))


FOR_CLINICIAN = "For the clinician: no plan can answer these"


def outcomes_of(report: ReportValues, table: ConstraintTable) -> list[Outcome]:
    """Rows of one table, those on targets first, else in its order."""
    return targets_first(outcome for outcome in report.outcomes if outcome.table_id == table.id)


def table_text(table: ConstraintTable) -> str:
    """Title, id and version of a table."""
    return f"{table.title} ({table.id}, version {table.version}, for {table.fractions_text()})"


def dvh_text(report: ReportValues) -> str:
    """How the DVHs were made."""
    if report.dvh_origin != "computed":
        return (
            f"{report.dvh_origin}, not computed here: their own convention holds, and how far contour planes and dose"
            " grid put them off is not known"
        )
    if not report.end_caps:
        return "none: the plan has no structure that was asked for"
    shape = "contours as slabs" if report.between == "slab" else "outlines interpolated between contours"
    return f"computed here: {shape}, end caps {report.end_caps}; dose {report.dose} between grid points"


def for_clinician(report: ReportValues) -> list[str]:
    """List what the sources say that no plan can answer, each with its place."""
    items = (item for table in report.tables for item in asked_of_clinician(report, table))
    return list(dict.fromkeys(clean(f"{item.text} ({source_text(item.source)})") for item in items))


def asked_of_clinician(report: ReportValues, table: ConstraintTable) -> list[ClinicianItem]:
    """Statements of a table that hold at the site of the plan."""
    return [item for item in table.for_clinician if report.site.holds(item.only_site)]


def legend(report: ReportValues) -> list[str]:
    """Explain the flags that the report has."""
    used = {flag for outcome in report.outcomes for flag in flags(outcome)}
    stated = FLAGS | {"near limit": FLAGS["near limit"].replace("close to", f"within {report.near_percent:g} % of")}
    return [f"{flag}: {meaning}" for flag, meaning in stated.items() if flag in used]


def remarks(report: ReportValues) -> list[str]:
    """One line for every row that needs explaining."""
    explained = ((row_name(outcome), remark(outcome)) for outcome in report.outcomes)
    return list(dict.fromkeys(f"{name}: {text}" for name, text in explained if text))


def provenance_lines(report: ReportValues) -> Iterator[str]:
    """Say what the report was made from: tables, files, DVH convention, software, notice."""
    for table in report.tables:
        yield f"Table {table.id}, version {table.version}, sha256 {table.sha256[:SHA_SHOWN] or 'unknown'}"
        if table.note:
            yield f"Table {table.id}: {clean(table.note)}"
    yield from (f"Organs expected at the site: {clean(line)}" for line in report.site.lists)
    for key, value in report.provenance.items():
        yield clean(f"{key}: {value if isinstance(value, str) else ', '.join(value)}")
    yield f"DVHs {dvh_text(report)}"
    if isinstance(report.compared, NoComparison) and report.compared.expected:
        yield f"No DVHs of the planning system to compare with: {clean(report.compared.reason)}"
    yield f"{report.software}. {NOTICE}"

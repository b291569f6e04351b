"""Tables and the DVHs of a plan in, the report out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata

from sbrtcheck.dvh import DVHSet
from sbrtcheck.errors import TableError
from sbrtcheck.evaluate.compared import NoComparison
from sbrtcheck.evaluate.judge import outcomes_of
from sbrtcheck.evaluate.naming import PlanNames, plan_names
from sbrtcheck.evaluate.structures import Organs
from sbrtcheck.evaluate.values import Outcome, Report, Verdict
from sbrtcheck.stages import stage
from sbrtcheck.table import ConstraintTable


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
    plan = Organs.of(dvhs, names)
    with stage("evaluation") as say:
        outcomes = outcomes_of(tables, plan, include_unconfirmed=include_unconfirmed)
        overall = _overall(outcomes, strict=strict)
        say(f"{len(outcomes)} rows, {sum(outcome.counts for outcome in outcomes)} of them count: {overall}")
    return Report(
        tables=tables,
        outcomes=outcomes,
        verdict=overall,
        prescription=dvhs.prescription,
        dvh_origin=dvhs.origin,
        end_caps=", ".join(sorted({dvh.end_caps for dvh in dvhs.dvhs if dvh.end_caps})),
        provenance=dvhs.provenance,
        findings=dvhs.findings,
        software=_software(),
        dvhs=dvhs,
        compared=NoComparison(),
        names=_names(tables, plan),
        between=dvhs.model.between,
        dose=dvhs.model.dose,
        strict=strict,
        include_unconfirmed=include_unconfirmed,
    )


def _names(tables: Sequence[ConstraintTable], plan: Organs) -> PlanNames:
    """Which structures the rows were judged on; called after judging, when it is known which targets are separate."""
    return plan_names(tables, plan.drawn, plan.names, plan.separate)


def _distinct(tables: tuple[ConstraintTable, ...]) -> tuple[ConstraintTable, ...]:
    """Refuse tables that a report could not tell apart."""
    for id_, number in Counter(table.id for table in tables).items():
        if number > 1:
            raise TableError(f"{number} tables have the id {id_!r}", mend="give each table once, with an id of its own")
    return tables


@cache
def _software() -> str:
    return f"sbrtcheck {metadata.version('sbrtcheck')}"


def _not_evaluated_at_all(counting: Sequence[Outcome]) -> bool:
    """Whether a table was asked for and not one of its rows could be evaluated."""
    tables = {outcome.table_id for outcome in counting}
    return bool(tables - {outcome.table_id for outcome in counting if outcome.verdict is not Verdict.NOT_EVALUATED})


def _overall(outcomes: Sequence[Outcome], *, strict: bool) -> Verdict:
    """Worst of the rows that count."""
    counting = [outcome for outcome in outcomes if outcome.counts]
    verdicts = {outcome.verdict for outcome in counting}
    flagged = any(outcome.borderline or outcome.convention_sensitive for outcome in counting)
    if Verdict.FAIL in verdicts or (strict and flagged):
        return Verdict.FAIL
    skipped = any(o.constraint.mandatory and o.verdict is Verdict.NOT_EVALUATED for o in counting)
    idle = _not_evaluated_at_all(counting)
    if skipped or idle or not verdicts & {Verdict.PASS, Verdict.VARIATION}:
        return Verdict.NOT_EVALUATED
    return Verdict.VARIATION if Verdict.VARIATION in verdicts else Verdict.PASS

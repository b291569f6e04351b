"""The tables of an archive's results: which columns each has, of what type, and what stands in them.

This is the one place where a column is named. Writers, readers and the reference take it from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Value = str | float | int | bool | Sequence[float] | None
Row = Mapping[str, Value]
Columns = Mapping[str, type]
"""Column -> type of its values; ``list`` is a list of 32-bit numbers, which Parquet alone can hold."""

METRIC_ENDS: Mapping[str, type] = {"": float, " low": float, " high": float, " reason": str}
"""What is written behind the text of a metric for each of its columns, as `DVHSet.to_records` does."""


class Table(StrEnum):
    """The tables of one run; all but the first stand in a file of their own beside it."""

    OUTCOMES = "outcomes"
    PLANS = "plans"
    STRUCTURES = "structures"
    CURVES = "curves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, the type of its values, and what they say."""

    name: str
    type: type
    says: str


def _column(name: str, kind: type, says: str) -> Column:
    return Column(name=name, type=kind, says=says)


_KEY = _column("plan_key", str, "the plan, by a pseudonym: the same in all tables of a run")
_PRESCRIPTION = (
    _column("prescription_gy", float, "prescribed dose of the whole course, Gy"),
    _column("fractions", int, "number of fractions of the whole course"),
)
_DATE = _column("plan_date", str, "RT Plan Date, as 2026-01-31; missing where the plan has none")
_OF_CHECK = (
    _column("end_caps", str, "convention for the ends of contoured structures"),
    _column("dvh_origin", str, "computed, or stored by the planning system"),
    _column("software", str, "program and version"),
)
_VERDICT = _column("plan_verdict", str, "FAIL, REVIEW, VARIATION or PASS; missing for a file that is part of no plan")
_REVIEW = _column("review_reasons", str, "what keeps the plan from a pass, ` | ` between")
_SITE = _column("plan_site", str, "which organs were expected; missing where it is not known: then all were")

OUTCOMES = (
    _KEY,
    *_PRESCRIPTION,
    _column("table_id", str, "the table of constraints; missing for a plan that was not checked"),
    _column("table_version", str, "its version"),
    _column("row_id", str, "the row of it"),
    _column("organ", str, "organ asked for"),
    _column("contour", str, "structure, or structures, matched to the organ"),
    _column("metric", str, "what is measured"),
    _column("sense", str, "below, at_most, above or at_least"),
    _column("limit", float, "the limit, in `unit`"),
    _column("acceptable", float, "up to where a deviation is a variation, in `unit`"),
    _column("unit", str, "of limit, value, bounds and margin"),
    _column("value", float, "what was measured, in `unit`; missing, with a `reason`, where nothing was"),
    _column("low", float, "lower numerical bound of the value"),
    _column("high", float, "upper numerical bound of the value; missing where nothing bounds it"),
    _column("margin", float, "how far inside the limit the value lies, in `unit`; below 0 beyond it"),
    _column("verdict", str, "PASS, VARIATION, FAIL, NOT_EVALUATED, RISK; MET or NOT_MET of a statement"),
    _column("reason", str, "why there is no value, or why the row cannot be met"),
    _column("detail", str, "more on the reason"),
    _column("borderline", bool, "another value within the bounds gives another verdict"),
    _column("convention_sensitive", bool, "another convention for the ends gives another verdict"),
    _column("counts", bool, "counts in the plan's verdict"),
    _column("confirmed", bool, "two readings of the source agree"),
    _column("source", str, "citation"),
    _column("where", str, "table or page in it"),
    *_OF_CHECK,
    _column("findings", str, "on the row, then on the plan, ` | ` between"),
    _VERDICT,
    _REVIEW,
    _SITE,
    _column("applies", bool, "the organ is expected, or in the plan, or the row is mandatory"),
    _column("outside_percent", float, "share of the structure that lies outside the dose grid"),
    _column("lacking", str, "parts of the organ that were not measured with the rest"),
    _column("percent_of_limit", float, "the value in percent of the limit"),
    _column("quantity", str, "what the doses are: physical, or EQD2 or BED"),
    _column("alpha_beta_gy", float, "for which alpha/beta, Gy"),
    _column("tables_left_out", str, "in the first row of a plan: tables of its site that were not used, and why"),
    _DATE,
    _column("near_limit", bool, "the value is close to the limit that the verdict turns on"),
    _column("noted", str, "notes on the row"),
    _column("initials", str, "whose"),
    _column("written_for", str, "what they were written for, where that is another now"),
    _column("lost_notes", str, "in the first row of a plan: notes on rows that it does not have"),
    _column("sign_offs", str, "in the first row of a plan: who signed it"),
)

PLANS = (
    _KEY,
    *_PRESCRIPTION,
    _DATE,
    _SITE,
    _VERDICT,
    _column(
        "state",
        str,
        "passing (variations too), failing, to be reviewed, not checked; part of no plan; or not looked into",
    ),
    _column("reason", str, "why the plan was not checked"),
    _column("detail", str, "more on the reason"),
    _REVIEW,
    _column("tables", str, "id and version of the tables it was checked against, ` | ` between"),
    _column("tables_left_out", str, "tables of its site that were not used, and why"),
    _column("outcomes", int, "rows of the plan in the table of outcomes"),
    _column("passes", int, "outcomes PASS, that count or not"),
    _column("variations", int, "outcomes VARIATION"),
    _column("fails", int, "outcomes FAIL"),
    _column("not_evaluated", int, "outcomes NOT_EVALUATED"),
    _column("other", int, "outcomes RISK, MET or NOT_MET, which are no pass and no fail"),
    _column("structures", int, "rows of the plan in the table of structures; missing where none was asked for"),
    _column("curves", int, "rows of the plan in the table of curves; missing where none was asked for"),
    *_OF_CHECK,
    _column("findings", str, "on the plan, ` | ` between"),
    _column("lost_notes", str, "notes on rows that it does not have"),
    _column("sign_offs", str, "who signed it"),
)

_STRUCTURE = (
    _KEY,
    _column("structure", str, "name of the structure"),
    _column("roi_number", int, "its ROI number; -1 for one that was derived from others"),
    _column("kind", str, "RT ROI Interpreted Type"),
    _column("organs", str, "organs of the tables that it was matched to, ` | ` between"),
    _column("origin", str, "of its DVH: computed or stored; missing where there is none"),
    _column("volume_cc", float, "whole volume, cc; missing where only relative volumes were stored"),
)

STRUCTURES = (
    *_STRUCTURE,
    _column("outside_cc", float, "volume outside the dose grid, cc; it counts at 0 Gy"),
    _column("reason", str, "why it has no DVH"),
    _column("findings", str, "on the structure, then on the plan, ` | ` between"),
)

CURVES = (
    *_STRUCTURE,
    _column("dose_gy", list, "doses of the points, Gy, rising"),
    _column("volume_percent", list, "volume that receives at least each dose, in percent of the structure's"),
    _column("low_percent", list, "lower numerical bound of that volume"),
    _column("high_percent", list, "upper numerical bound of that volume"),
    _column("reason", str, "why there is no curve"),
)

IDENTITY = (
    _column("plan_uid", str, "SOP Instance UID of the plan"),
    _column("structure_set_uid", str, "SOP Instance UID of the structure set"),
    _column("dose_uids", str, "SOP Instance UIDs of the dose, or of the doses that were summed, spaces between"),
    _column("patient_id", str, "Patient IDs of its files, ` | ` between where they differ"),
)
"""Added to outcomes and plans with ``with_identity`` only."""

PATH = (_column("path", str, "the plan's folder, below the one given"),)
"""Added to outcomes and plans with ``with_paths`` only."""

TABLES: Mapping[Table, tuple[Column, ...]] = {
    Table.OUTCOMES: OUTCOMES,
    Table.PLANS: PLANS,
    Table.STRUCTURES: STRUCTURES,
    Table.CURVES: CURVES,
}


def types_of(columns: Sequence[Column]) -> dict[str, type]:
    """Name -> type of some columns, in their order."""
    return {column.name: column.type for column in columns}


def columns_of(table: Table, metrics: Sequence[str] = (), *, identity: bool = False, path: bool = False) -> Columns:
    """Columns of a table in a run: those of its metrics, and of identity and folders where they are asked for."""
    columns = types_of(TABLES[table])
    if table is Table.STRUCTURES:
        columns |= {f"{metric}{end}": kind for metric in metrics for end, kind in METRIC_ENDS.items()}
    if table in (Table.OUTCOMES, Table.PLANS):
        columns |= types_of(IDENTITY) if identity else {}
        columns |= types_of(PATH) if path else {}
    return columns

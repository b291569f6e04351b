"""YAML of a table -> ConstraintTable, every row with its source; or all faults of the file at once.

What a table is: ``limits`` (a number, or values by volume), ``values`` (rows, sources, sites), ``points`` (rows as
points on curves), ``table``. From a file to it: ``document`` reads YAML with its lines, ``shape`` has a model of each
entry that gives its value, ``shape_faults`` and ``checks`` find what is wrong, ``load`` calls one after the other.
Likewise ``sites`` (which organs a plan of a site is expected to have contoured), ``names`` (the user's names for
organs), ``dictionary`` (a clinic's spellings of them, which ``learn`` extends), ``shipped`` (other files of this
package, whose values are in ``reference_data``). ``lint`` and the modules called after it look for what loads and
cannot be meant, by what is usual in the shipped tables (``yardsticks``); ``fitness`` refuses tables for it.
"""

from sbrtcheck.tables.dictionary import load_dictionary
from sbrtcheck.tables.limits import (
    FixedLimit,
    Limit,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    LimitByVolume,
    NoRule,
    Sense,
    Step,
    VeffStep,
)
from sbrtcheck.tables.load import bundled_tables, json_schema, load_table, read_table
from sbrtcheck.tables.names import load_names
from sbrtcheck.tables.readings import EvidenceDocument, Reading, Says
from sbrtcheck.tables.sites import load_sites, sites_json_schema
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import (
    Choice,
    ClinicianItem,
    Constraint,
    ExpectedOrgan,
    Kind,
    Priority,
    RowSide,
    Select,
    Side,
    Site,
    Sites,
    Source,
    Status,
    holds_at,
)

__all__ = [
    "Choice",
    "ClinicianItem",
    "Constraint",
    "ConstraintTable",
    "EvidenceDocument",
    "ExpectedOrgan",
    "FixedLimit",
    "Kind",
    "Limit",
    "LimitByEffectiveVolume",
    "LimitByTargetVolume",
    "LimitByVolume",
    "NoRule",
    "Priority",
    "Reading",
    "RowSide",
    "Says",
    "Select",
    "Sense",
    "Side",
    "Site",
    "Sites",
    "Source",
    "Status",
    "Step",
    "VeffStep",
    "bundled_tables",
    "holds_at",
    "json_schema",
    "load_dictionary",
    "load_names",
    "load_sites",
    "load_table",
    "read_table",
    "sites_json_schema",
]

"""YAML -> ConstraintTable: every row with its source, all faults of a file at once.

``values`` are what a table is, ``document`` reads YAML with its lines, ``shape`` says which keys a file has,
``rows`` finds what a shape cannot, ``load`` puts them in a row. Beside tables, ``sites`` reads which organs a plan of a
site is expected to have contoured, ``regimens`` known doses and fractionations, ``risk_models`` parameters of
complication and control models; ``shipped`` is where the files are.
"""

from sbrtcheck.tables.limits import (
    FixedLimit,
    Limit,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    LimitByVolume,
    NoRule,
    Step,
    VeffStep,
)
from sbrtcheck.tables.load import bundled_tables, json_schema, load_table, read_table
from sbrtcheck.tables.names import load_names
from sbrtcheck.tables.sites import load_sites, sites_json_schema
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import (
    ClinicianItem,
    Constraint,
    ExpectedOrgan,
    Kind,
    Select,
    Sense,
    Site,
    Sites,
    Source,
    Status,
    holds_at,
)

__all__ = [
    "ClinicianItem",
    "Constraint",
    "ConstraintTable",
    "ExpectedOrgan",
    "FixedLimit",
    "Kind",
    "Limit",
    "LimitByEffectiveVolume",
    "LimitByTargetVolume",
    "LimitByVolume",
    "NoRule",
    "Select",
    "Sense",
    "Site",
    "Sites",
    "Source",
    "Status",
    "Step",
    "VeffStep",
    "bundled_tables",
    "holds_at",
    "json_schema",
    "load_names",
    "load_sites",
    "load_table",
    "read_table",
    "sites_json_schema",
]

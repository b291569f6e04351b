"""YAML -> ConstraintTable: every row with its source, all faults of a file at once.

``values`` are what a table is, ``document`` reads YAML with its lines, ``shape`` says which keys a file has,
``rows`` finds what a shape cannot, ``load`` puts them in a row.
"""

from sbrtcheck.table.load import bundled_tables, json_schema, load_names, load_table
from sbrtcheck.table.values import (
    ClinicianItem,
    Constraint,
    ConstraintTable,
    Kind,
    NoRule,
    Select,
    Sense,
    Source,
    Status,
    Step,
    VeffStep,
)

__all__ = [
    "ClinicianItem",
    "Constraint",
    "ConstraintTable",
    "Kind",
    "NoRule",
    "Select",
    "Sense",
    "Source",
    "Status",
    "Step",
    "VeffStep",
    "bundled_tables",
    "json_schema",
    "load_names",
    "load_table",
]

"""A table that has the id of a bundled one is told apart from it, for a report names tables by their ids."""

from __future__ import annotations

from dataclasses import replace

import yaml

from folders import ROOT
from sbrtcheck.tables import read_table
from sbrtcheck.tables.fitness import lint_errors, lint_warnings
from sbrtcheck.tables.lint import lint_bytes
from sbrtcheck.tables.load import bundled_table

FILE = ROOT / "constraints" / "multi" / "tg101-5fx.yaml"
SAYS = "the id 'tg101-5fx' is that of a bundled table, which has other rows"


def said_of(text: str) -> tuple[list[str], list[str]]:
    """What lint says of the id, and what a check does."""
    table = read_table(text.encode(), place="own.yaml")
    assert not lint_errors([table])
    remarks = [remark.what for remark in lint_bytes(text.encode(), place="own.yaml")]
    at_a_check = [remark.fault.what for remark in lint_warnings([table])]
    return [what for what in remarks if "the id" in what], [what for what in at_a_check if "the id" in what]


def test_other_rows_under_the_id_of_a_bundled_table_are_a_warning_of_lint_and_of_each_check() -> None:
    table = yaml.safe_load(FILE.read_bytes())
    looser = [{**row, "below": row["below"] * 1.01} for row in table["rows"][:1]]
    for rows in (table["rows"][:1], table["rows"][1:], [*looser, *table["rows"][1:]]):
        assert said_of(yaml.safe_dump({**table, "rows": rows})) == ([SAYS], [SAYS])


def test_a_copy_of_a_bundled_table_and_another_id_are_left_alone() -> None:
    assert said_of(FILE.read_text("utf-8")) == ([], [])
    table = yaml.safe_load(FILE.read_bytes())
    assert said_of(yaml.safe_dump({**table, "id": "our-5fx", "rows": table["rows"][:1]})) == ([], [])


def test_rows_of_a_bundled_table_that_a_program_left_out_are_left_alone() -> None:
    table = bundled_table("tg101-5fx")
    assert not lint_warnings([replace(table, rows=table.rows[:1])])

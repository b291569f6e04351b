"""The command that reads table files for mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sbrtcheck.cli import exit_codes, options, streams
from sbrtcheck.formatting import count

if TYPE_CHECKING:
    from sbrtcheck.tables.lint import Remark


@click.command(epilog=options.examples("sbrtcheck lint tg101-3fx tg101-5fx", "sbrtcheck lint my-clinic.yaml --strict"))
@options.table_files
@click.option("--strict", is_flag=True, help="Warnings count: exit code 1.")
@options.verbose
@click.pass_context
def lint(ctx: click.Context, *, files: tuple[str, ...], strict: bool) -> None:
    """Look for mistakes in constraint tables, in files of sites and in the evidence of tables.

    FILE is a YAML file, the id of a bundled table, or evidence/readings.csv, which is looked over with all tables
    beside it. Given several, tables of one publication are also compared over their numbers of fractions. Exit code: 0
    nothing serious, 1 warnings with --strict, 2 errors.
    """
    from sbrtcheck.tables.lint import lint_files, worst
    from sbrtcheck.tables.slips import Level

    remarks = lint_files(files)
    streams.print_text("".join(f"{line}\n" for line in _lines(remarks, len(set(files)))))
    code = {Level.ERROR: exit_codes.UNUSABLE, Level.WARNING: exit_codes.FAIL if strict else exit_codes.OK}
    level = worst(remarks)
    ctx.exit(code[level] if level else exit_codes.OK)


def _lines(remarks: Sequence[Remark], files: int) -> list[str]:
    """One line a remark, and how many there are."""
    levels = [remark.level for remark in remarks]
    counts = [count(levels.count(level), level) for level in dict.fromkeys(sorted(levels))]
    where = count(files, "file")
    return [*map(str, remarks), f"{' and '.join(counts) or 'nothing found'} in {where}"]

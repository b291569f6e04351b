"""Commands without a plan: tables, bed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import InputError

if TYPE_CHECKING:
    from sbrtcheck.tables import ConstraintTable


@click.command(
    epilog=options.examples("sbrtcheck tables", "sbrtcheck tables tg101-3fx", "sbrtcheck tables tg101-3fx --evidence")
)
@options.table_or_none
@click.option(
    "--evidence", is_flag=True, help="Show who read the numbers of TABLE where, and what keeps rows unconfirmed."
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@options.verbose
def tables(table: str | None, *, evidence: bool, format_: str) -> None:
    """List the bundled tables, and which organs a plan of each site is expected to have contoured.

    With TABLE, the id of one or a YAML file, its rows are shown instead.
    """
    if table is not None:
        _one_table(table, evidence=evidence, format_=format_)
        return
    if evidence:
        raise click.UsageError("--evidence is of one table: give its id, such as tg101-3fx")
    from sbrtcheck.render.lists import tables_json, tables_text
    from sbrtcheck.tables import bundled_tables, load_sites

    shipped: tuple[ConstraintTable, ...] = bundled_tables()
    render = tables_json if format_ == "json" else tables_text
    streams.print_text(render(shipped, load_sites()))


def _one_table(table: str, *, evidence: bool, format_: str) -> None:
    from sbrtcheck.render.table_rows import table_json, table_text
    from sbrtcheck.tables import load_table

    render = table_json if format_ == "json" else table_text
    streams.print_text(render(load_table(table), evidence=evidence))


@click.command(epilog=options.examples("sbrtcheck bed 48 6 --alpha-beta 10"))
@click.argument("dose_gy", type=options.NUMBER)
@click.argument("fractions", type=int)
@click.option(
    "--alpha-beta", "alpha_beta_gy", type=options.NUMBER, required=True, metavar="GY", help="alpha/beta of the tissue."
)
@options.verbose
def bed(dose_gy: float, fractions: int, alpha_beta_gy: float) -> None:
    """Convert DOSE_GY, given in FRACTIONS, to BED and EQD2 by the linear-quadratic model."""
    import numpy as np

    from sbrtcheck import radiobiology

    course = {"fractions": fractions, "alpha_beta_gy": alpha_beta_gy}
    try:
        with np.errstate(over="ignore"):
            bed_gy, eqd2_gy = radiobiology.bed(dose_gy, **course), radiobiology.eqd2(dose_gy, **course)
    except (ValueError, OverflowError) as error:
        raise InputError(str(error)) from error
    if not (math.isfinite(bed_gy) and math.isfinite(eqd2_gy)):
        raise InputError("the course gives no finite BED or EQD2", hint="check dose, fractions and alpha/beta")
    notes = "".join(f"Note: {finding.text}\n" for finding in radiobiology.findings_for(dose_gy, fractions=fractions))
    streams.print_text(
        f"{dose_gy:g} Gy in {fractions} fractions, alpha/beta {alpha_beta_gy:g} Gy\n"
        f"BED  {bed_gy:.2f} Gy\n"
        f"EQD2 {eqd2_gy:.2f} Gy\n{notes}"
    )

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
    epilog=options.examples(
        "sbrtcheck tables --site lung --fractions 8     which hold, what counts in them, what is left out",
        "sbrtcheck tables --profile lung-48gy-4fx       limits organ by organ",
        "sbrtcheck tables tg101-3fx --evidence          one table, and who read its numbers where",
    )
)
@options.table_or_none
@click.option(
    "--evidence", is_flag=True, help="Show who read the numbers of TABLE where, and what keeps rows unconfirmed."
)
@options.site(text="Only tables that hold at this site, those for many sites too; and which of their rows count.")
@click.option(
    "--fractions", type=click.IntRange(1), metavar="NUMBER", help="Only tables that hold for this number of fractions."
)
@options.profile(text="The tables of a ready profile, and their limits organ by organ.")
@click.option("--profiles", is_flag=True, help="List the ready profiles.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@options.verbose
def tables(
    table: str | None,
    *,
    evidence: bool,
    site: str | None,
    fractions: int | None,
    profile: str | None,
    profiles: bool,
    format_: str,
) -> None:
    """List the bundled tables, and which organs a plan of each site is expected to have contoured.

    With TABLE, the id of one or a YAML file, its rows are shown instead. With --site or --fractions: the tables that
    hold, how many of their rows count and for which organs, and what does not hold. With --profile: the tables of a
    schedule side by side.
    """
    asked = (table is not None, profiles, profile is not None, site is not None or fractions is not None)
    if sum(asked) > 1:
        raise click.UsageError("TABLE, --profiles, --profile, and --site or --fractions are asked for one at a time")
    if evidence and table is None:
        raise click.UsageError("--evidence is of one table: give its id, such as tg101-3fx")
    if table is not None:
        text = _one_table(table, evidence=evidence, format_=format_)
    elif profiles:
        text = _profiles(format_)
    elif profile is not None:
        text = _profile(profile, format_)
    elif site is not None or fractions is not None:
        text = _choice(site, fractions, format_)
    else:
        text = _all_tables(format_)
    streams.print_text(text)


def _all_tables(format_: str) -> str:
    from sbrtcheck.render.lists import tables_json, tables_text
    from sbrtcheck.tables import bundled_tables, load_sites

    shipped: tuple[ConstraintTable, ...] = bundled_tables()
    return (tables_json if format_ == "json" else tables_text)(shipped, load_sites())


def _choice(site: str | None, fractions: int | None, format_: str) -> str:
    from sbrtcheck.render.table_choice import choice_json, choice_text
    from sbrtcheck.tables import load_sites
    from sbrtcheck.tables.choice import tables_that_hold
    from sbrtcheck.tables.values import MULTI

    sites = load_sites()
    if site is not None and site != MULTI:
        sites.site(site)  # a slip of the pen would leave tables for many sites only
    choice = tables_that_hold(None if site is None else (site,), None if fractions is None else (fractions,))
    return (choice_json if format_ == "json" else choice_text)(choice, sites, site, fractions)


def _profiles(format_: str) -> str:
    from sbrtcheck.reference_data import load_profiles
    from sbrtcheck.render.profile import profiles_json, profiles_text

    return (profiles_json if format_ == "json" else profiles_text)(load_profiles())


def _profile(id_: str, format_: str) -> str:
    from sbrtcheck.reference_data import load_profile
    from sbrtcheck.render.profile import profile_json, profile_text
    from sbrtcheck.tables import load_sites
    from sbrtcheck.tables.choice import bundled_of

    profile = load_profile(id_)
    expected = load_sites().site(profile.site).expects
    return (profile_json if format_ == "json" else profile_text)(profile, bundled_of(profile.tables), expected)


def _one_table(table: str, *, evidence: bool, format_: str) -> str:
    from sbrtcheck.render.table_rows import table_json, table_text
    from sbrtcheck.tables import load_table

    render = table_json if format_ == "json" else table_text
    return render(load_table(table), evidence=evidence)


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

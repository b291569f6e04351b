"""The command regimens: known doses and fractionations."""

from __future__ import annotations

import click

from sbrtcheck.cli import options, streams

SITES = ("lung", "node", "liver", "abdomen", "bone", "brain", "pelvis", "multi")


@click.command(epilog=options.examples("sbrtcheck regimens --site lung"))
@click.option("--site", type=click.Choice(SITES), help="Only those of this site.")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def regimens(site: str | None, format_: str) -> None:
    """List known doses and fractionations, with BED and EQD2 and what was reported for them."""
    from sbrtcheck.reference_data import load_regimens
    from sbrtcheck.render.regimens import regimens_json, regimens_text

    render = regimens_json if format_ == "json" else regimens_text
    streams.print_text(render(load_regimens(), site))

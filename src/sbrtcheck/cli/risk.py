"""The command risk: complication and control models on a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sbrtcheck.cli import options, streams

_TUMOURS = ("nsclc", "liver-metastasis", "liver-primary")  # the file's; a test holds them together


@click.command(
    epilog=options.examples("sbrtcheck risk plan --site lung", "sbrtcheck risk plan --tumour nsclc --diameter-cm 2.5")
)
@options.folder
@options.site(text="Site of the plan: models of the organs there.")
@click.option(
    "--tumour",
    metavar="TUMOUR",
    help=f"Tumour treated, for the models of it: {', '.join(_TUMOURS)}. Without --site, its own is the plan's.",
    shell_complete=lambda _ctx, _parameter, begun: [tumour for tumour in _TUMOURS if tumour.startswith(begun)],
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@options.out
@options.names
@options.dictionary
@options.rx
@options.plan
@click.option(
    "--diameter-cm", type=options.NUMBER, metavar="CM", help="Of the tumour, for control models that ask for it."
)
@options.quiet
@options.verbose
def risk(
    *,
    folder: Path,
    site: str | None,
    tumour: str | None,
    format_: str,
    out: Path | None,
    quiet: bool,
    **choices: Any,
) -> None:
    """Show risks of complications, and of control, for the plan in DIR by published models: no verdicts.

    Models are asked for by site and by tumour, and listed where they are not.
    """
    from sbrtcheck import api
    from sbrtcheck.reference_data import load_risk_models
    from sbrtcheck.render.risks import risks_json, risks_text

    with streams.output(out) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            risks = api.risks(
                streams.existing_folder(folder), site=site or "", tumour=tumour or "", progress=progress, **choices
            )
        left_out = load_risk_models().chosen((site,) if site else (), tumour or "").left_out
        write((risks_json if format_ == "json" else risks_text)(risks, left_out))

"""The command risk: complication and control models on a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sbrtcheck.cli import options, streams


@click.command(epilog=options.examples("sbrtcheck risk plan", "sbrtcheck risk plan --site lung --diameter-cm 2.5"))
@options.folder
@options.site(text="Site of the plan; models for one site are left out without it.")
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
def risk(*, folder: Path, site: str | None, format_: str, out: Path | None, quiet: bool, **choices: Any) -> None:
    """Show risks of complications, and of control, for the plan in DIR by published models: no verdicts."""
    from sbrtcheck import api
    from sbrtcheck.render.risks import risks_json, risks_text

    with streams.output(out) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            risks = api.risks(streams.existing_folder(folder), site=site or "", progress=progress, **choices)
        write(risks_json(risks) if format_ == "json" else risks_text(risks))

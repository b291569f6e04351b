"""The command compare: two or more plans of one patient, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sbrtcheck.cli import options, streams

_AS_STATED = "-"


@click.command(
    epilog=options.examples(
        "sbrtcheck compare plan earlier --table tg101-5fx",
        "sbrtcheck compare plan earlier third --table tg101-5fx --format markdown",
        "sbrtcheck compare plan earlier --site lung --rx - --rx 50Gy/5 --format markdown",
    )
)
@click.argument("folders", metavar="A B...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.tables()
@options.site(text="As for check; without --table, tables that hold for either fraction number.")
@options.profile(text="As for check; one of the plans must have its number of fractions.")
@options.sites_file
@options.accept_dose
@options.allow_lint_errors
@click.option("--format", "format_", type=click.Choice(("text", "json", "markdown")), default="text", show_default=True)
@options.out
@options.names
@options.dictionary
@click.option(
    "--rx", "prescriptions", multiple=True, metavar="50Gy/5", help="One for each plan, in order; - to skip one."
)
@click.option(
    "--plan", "plans", multiple=True, metavar="UID", help="Plan to use from each folder, in order; - to skip one."
)
@options.end_caps
@options.slice_interpolation
@options.dose_interpolation
@options.include_unconfirmed
@options.laterality
@options.sex
@options.near
@options.notes_of_plans
@options.quiet
@options.verbose
def compare(
    *,
    folders: tuple[Path, ...],
    tables: tuple[str, ...],
    prescriptions: tuple[str, ...],
    plans: tuple[str, ...],
    format_: str,
    out: Path | None,
    quiet: bool,
    **choices: Any,
) -> None:
    """Compare plans of one patient, in the folders A and B or more: row by row which is better, and their DVHs.

    Each keeps its own prescription. Exit code: 0 compared, whichever is better; 2 unusable input.
    """
    from sbrtcheck import api
    from sbrtcheck.render.plan_comparison import PLAN_FORMATS
    from sbrtcheck.render.several_plans import SEVERAL_FORMATS
    from sbrtcheck.results.plan_comparison import PlanComparison

    if len(folders) < 2:
        raise click.UsageError("give the folders of two or more plans")

    with streams.output(
        out, inputs=[*folders, choices["names"], choices["dictionary"], *choices["notes"], *tables]
    ) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            comparison = api.compare(
                [streams.existing_folder(folder) for folder in folders],
                None,
                list(dict.fromkeys(tables)),
                prescriptions=[None if text == _AS_STATED else text for text in prescriptions],
                plans=[None if uid == _AS_STATED else uid for uid in plans],
                progress=progress,
                **choices,
            )
        if isinstance(comparison, PlanComparison):
            write(PLAN_FORMATS[format_](comparison))
        else:
            write(SEVERAL_FORMATS[format_](comparison))

"""The command batch: every plan below a folder -> tables with a row an outcome, a plan, a structure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sbrtcheck.cli import options, streams


@click.command(epilog=options.examples("sbrtcheck batch archive --site lung --site liver --out results.csv"))
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@options.site(multiple=True, text="As for check; may be repeated.")
@options.profile(
    text="As for check; a plan with another number of fractions is not checked, and has a row that says so."
)
@options.tables()
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", required=True, help="The table: a .csv or .parquet file."
)
@click.option("--jobs", type=click.IntRange(1, 61), default=2, show_default=True, help="Number of processes.")
@options.names
@options.dictionary
@options.dvhs
@options.sites_file
@options.accept_dose
@options.strict
@options.include_unconfirmed
@options.sex
@options.near
@options.notes_of_plans
@click.option(
    "--metrics",
    multiple=True,
    metavar="LIST",
    help="Metrics, such as 'D95%[Gy], V20Gy[%]': of every structure, in a table beside FILE. May be repeated.",
)
@click.option("--curves", is_flag=True, help="The DVH of every structure, in few points, in a table beside FILE.")
@click.option("--with-paths", is_flag=True, help="Write the folder of each plan too; folder names may name patients.")
@click.option("--with-identity", is_flag=True, help="Write UIDs and Patient IDs beside the pseudonymous plan keys.")
@click.option(
    "--plan-keys",
    type=click.Path(),
    metavar="FILE",
    help="The secret that plan keys are made with; else sbrtcheck-plan-keys.txt beside the results, made if need be.",
)
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@options.verbose
def batch(
    *,
    folder: Path,
    site: tuple[str, ...],
    sites: str | None,
    tables: tuple[str, ...],
    out: Path,
    jobs: int,
    quiet: bool,
    **choices: Any,
) -> None:
    """Check every plan below FOLDER; write a table with a row an outcome, and beside it one with a row a plan.

    A plan that cannot be checked is a row with the reason. Exit code: 0 the table was written, whatever the verdicts;
    2 unusable input, or no plan at all.
    """
    from sbrtcheck import archive

    chosen = archive.Options.read(sites=site, sites_file=sites, tables=tables, **choices)
    doing = {"before": "looking for plans", "during": "checking plans", "after": "writing the table"}
    with streams.progress(quiet=quiet, **doing) as progress:
        summary = archive.batch(folder, out, chosen, jobs=jobs, progress=progress)
    if not quiet:
        streams.print_notice(str(summary))

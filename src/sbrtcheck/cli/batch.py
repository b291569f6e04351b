"""The command batch: every plan below a folder -> one table, a row an outcome."""

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
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="The table: a .csv or .parquet file; always needed."
)
@click.option("--jobs", type=click.IntRange(1, 61), default=2, show_default=True, help="Number of processes.")
@click.option(
    "--link",
    default="reference",
    show_default=True,
    metavar="reference|folder|folder:N|frame",
    help="What tells which files belong together; where references are lost, their folder, that of level N, or frame.",
)
@click.option(
    "--per-plan",
    "plans_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="CSV file with choices for single plans: columns plan, rx, names, dictionary, site, sites, laterality, sex.",
)
@click.option("--dry-run", is_flag=True, help="List plans, files of no plan, reasons and an estimate; write nothing.")
@options.rx
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
@click.option("--with-paths", is_flag=True, help="Write the folder of each plan too; folder names may name patients.")
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@options.verbose
def batch(  # noqa: PLR0913 - one argument an option
    *,
    folder: Path,
    site: tuple[str, ...],
    sites: str | None,
    tables: tuple[str, ...],
    out: Path | None,
    jobs: int,
    quiet: bool,
    dry_run: bool,
    link: str,
    plans_file: Path | None,
    **choices: Any,
) -> None:
    """Check every plan below FOLDER and write one table, a row an outcome.

    A plan that cannot be checked is a row with the reason. Exit code: 0 the table was written, whatever the verdicts;
    2 unusable input, or no plan at all.
    """
    from sbrtcheck import archive

    chosen = archive.Options.read(sites=site, sites_file=sites, tables=tables, **choices)
    if dry_run:
        from sbrtcheck.archive.dry_run import dry_run as lines

        for line in lines(folder, chosen, out=out, jobs=jobs, link=link, plans_file=plans_file):
            streams.print_text(line + "\n")
        return
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    doing = {"before": "looking for plans", "during": "checking plans", "after": "writing the table"}
    with streams.progress(quiet=quiet, **doing) as progress:
        summary = archive.batch(folder, out, chosen, jobs=jobs, progress=progress, link=link, plans_file=plans_file)
    if not quiet:
        streams.print_notice(str(summary))

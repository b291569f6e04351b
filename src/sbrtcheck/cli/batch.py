"""The command batch: every plan below a folder -> tables with a row an outcome, a plan, a structure."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from sbrtcheck.cli import options, streams


def _executor(dask: str | None) -> AbstractContextManager[Executor | None]:
    if dask is None:
        return nullcontext()
    from sbrtcheck.archive.cluster import dask_executor

    return dask_executor(dask)


@click.command(epilog=options.examples("sbrtcheck batch archive --site lung --site liver --out results.csv"))
@click.argument("folder", metavar="FOLDER")
@options.site(multiple=True, text="As for check; may be repeated.")
@options.profile(
    text="As for check; a plan with another number of fractions is not checked, and has a row that says so."
)
@options.tables()
@click.option("--out", metavar="FILE", help="The table: a .csv or .parquet file; always needed.")
@click.option("--jobs", type=click.IntRange(1, 61), default=2, show_default=True, help="Number of processes.")
@click.option("--fresh", is_flag=True, help="Check all plans anew, those too that an earlier run finished.")
@click.option(
    "--plan-timeout",
    type=options.NUMBER,
    metavar="SECONDS",
    help="Stop a plan that takes longer; it has a row that says so. Any time is allowed by default.",
)
@click.option("--dask", metavar="ADDRESS", help="Scheduler of a Dask cluster to check the plans on.")
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
def batch(  # noqa: PLR0913 - one argument an option
    *,
    folder: str,
    site: tuple[str, ...],
    sites: str | None,
    tables: tuple[str, ...],
    out: str | None,
    jobs: int,
    quiet: bool,
    dry_run: bool,
    link: str,
    plans_file: Path | None,
    **choices: Any,
) -> None:
    """Check every plan below FOLDER, or a URL such as s3://archive; write a row an outcome, and beside it a row a plan.

    A plan that cannot be checked is a row with the reason. What is finished is kept beside the table: the same command
    goes on where it was stopped. Exit code: 0 the table was written, whatever the verdicts; 2 unusable input, or no
    plan at all.
    """
    from sbrtcheck import archive

    how = {"jobs": jobs, "plan_timeout_s": choices.pop("plan_timeout"), "fresh": choices.pop("fresh")}
    dask = choices.pop("dask")
    chosen = archive.Options.read(sites=site, sites_file=sites, tables=tables, **choices)
    if dry_run:
        from sbrtcheck.archive.dry_run import dry_run as lines

        for line in lines(folder, chosen, out=out, jobs=jobs, link=link, plans_file=plans_file):
            streams.print_text(line + "\n")
        return
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    doing = {"before": "looking for plans", "during": "checking plans", "after": "writing the table"}
    try:
        with _executor(dask) as executor, streams.progress(quiet=quiet, **doing) as progress:
            summary = archive.batch(
                folder, out, chosen, executor=executor, progress=progress, link=link, plans_file=plans_file, **how
            )
    except KeyboardInterrupt:
        streams.print_notice("interrupted; finished plans are kept: the same command goes on with the others")
        raise
    if not quiet:
        streams.print_notice(str(summary))

"""The command batch: every plan below a folder -> tables with a row an outcome, a plan, a structure."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import OutputError
from sbrtcheck.installation import install_command

if TYPE_CHECKING:
    from sbrtcheck.archive import Entry
    from sbrtcheck.pacs.web import Fetched


def _executor(dask: str | None) -> AbstractContextManager[Executor | None]:
    if dask is None:
        return nullcontext()
    from sbrtcheck.archive.cluster import dask_executor

    return dask_executor(dask)


def _from_pacs(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of plans that are fetched by DICOMweb."""
    for option in reversed(
        (
            click.option(
                "--dicomweb", metavar="URL", help="Fetch the plans of a PACS, in place of FOLDER; RT objects only."
            ),
            click.option(
                "--modality",
                type=click.Choice(("RTPLAN", "RTDOSE", "RTSTRUCT")),
                default="RTPLAN",
                show_default=True,
                help="With --dicomweb: studies that have this.",
            ),
            click.option("--study-date", metavar="DATE", help="With --dicomweb: 20260131, or 20260101-20260131."),
            click.option(
                "--study-description", metavar="TEXT", help="With --dicomweb: as the PACS takes it, such as *SBRT*."
            ),
            click.option(
                "--token-file", type=click.Path(path_type=Path), metavar="FILE", help="With --dicomweb: a bearer token."
            ),
            click.option(
                "--keep",
                type=click.Path(path_type=Path),
                metavar="DIR",
                help="With --dicomweb: keep what is fetched here.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command(
    epilog=options.examples(
        "sbrtcheck batch archive --site lung --site liver --out results.csv",
        "sbrtcheck batch --dicomweb https://pacs.example/dicom-web --study-date 20260101- --site lung --out a.csv",
    )
)
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path())
@_from_pacs
@options.site(multiple=True, text="As for check; may be repeated.")
@options.profile(
    text="As for check; a plan with another number of fractions is not checked, and has a row that says so."
)
@options.tables()
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="The outcomes: a .csv or .parquet file, the other tables beside it.",
)
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
@options.allow_lint_errors
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
    folder: str | None,
    dicomweb: str | None,
    modality: str,
    study_date: str | None,
    study_description: str | None,
    token_file: Path | None,
    keep: Path | None,
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
    """Check every plan below FOLDER, and write tables: a row an outcome, and beside them a row a plan.

    FOLDER may be the URL of a storage, such as s3://archive; instead of it, plans may be fetched from a PACS. A plan
    that cannot be checked is a row with the reason. What is finished is kept beside the table: the same command goes on
    where it was stopped. Exit code: 0 the table was written, whatever the verdicts; 2 unusable input, or no plan.
    """
    from sbrtcheck import archive

    asked = {"study_date": study_date, "description": study_description, "token_file": token_file}
    given = {name: value for name, value in asked.items() if value is not None}
    if (folder is None) == (dicomweb is None) or (folder is not None and (given or keep)):
        raise click.UsageError("give FOLDER, or --dicomweb URL with what to ask for")
    how = {"plan_timeout_s": choices.pop("plan_timeout"), "fresh": choices.pop("fresh")}
    how |= {"jobs": jobs, "link": link, "plans_file": plans_file}
    dask = choices.pop("dask")
    choices |= {"sites": site, "sites_file": sites, "tables": tables}
    if dry_run:
        _print_dry_run(folder, choices, out=out, jobs=jobs, link=link, plans_file=plans_file)
        return
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    chosen = archive.Options.read(**choices)
    doing = {"before": "looking for plans", "during": "checking plans", "after": "writing the table"}
    with ExitStack() as stack:
        more: Sequence[Entry] = ()
        if folder is None:
            fetched = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sbrtcheck-")))
            found = _fetched(fetched, quiet=quiet, url=dicomweb, modality=modality, **given)
            more = found.entries(with_uids=choices["with_identity"])
            folder = str(fetched)
        executor = stack.enter_context(_executor(dask))
        progress = stack.enter_context(streams.progress(quiet=quiet, **doing))
        try:
            summary = archive.batch(folder, out, chosen, executor=executor, progress=progress, more=more, **how)
        except KeyboardInterrupt:
            streams.print_notice("interrupted; finished plans are kept: the same command goes on with the others")
            raise
    if not quiet:
        streams.print_notice(str(summary))


def _print_dry_run(folder: str | None, choices: Mapping[str, Any], **how: Any) -> None:
    """List what there is to check, and write nothing: no file with the secret of plan keys either."""
    if folder is None:
        raise click.UsageError("--dry-run needs a FOLDER")
    from sbrtcheck.archive import Options
    from sbrtcheck.archive.dry_run import dry_run

    keys = choices["plan_keys"]
    known = keys if keys is not None and Path(keys).is_file() else None  # else it would be made
    for line in dry_run(folder, Options.read(**{**choices, "plan_keys": known}), **how):
        streams.print_text(line + "\n")


def _fetched(folder: Path, *, quiet: bool, **asked: Any) -> Fetched:
    """Fetch from the PACS."""
    try:
        from sbrtcheck.pacs.web import WebQuery, fetch
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("sbrtcheck"):
            raise
        raise OutputError("DICOMweb needs dicomweb-client", hint=install_command("pacs")) from error

    doing = {"before": "asking the PACS", "during": "fetching studies", "after": "fetching studies"}
    with streams.progress(quiet=quiet, **doing) as progress:
        fetched = fetch(WebQuery(**asked), folder, progress=progress)
    if not quiet:
        streams.print_notice(str(fetched))
    return fetched

"""The command batch: every plan below a folder -> one table, a row an outcome."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import OutputError
from sbrtcheck.installation import install_command

if TYPE_CHECKING:
    from sbrtcheck.archive import Entry


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
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=Path))
@_from_pacs
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
@click.option("--with-paths", is_flag=True, help="Write the folder of each plan too; folder names may name patients.")
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@options.verbose
def batch(  # noqa: PLR0913 - one argument an option
    *,
    folder: Path | None,
    dicomweb: str | None,
    modality: str,
    study_date: str | None,
    study_description: str | None,
    token_file: Path | None,
    keep: Path | None,
    site: tuple[str, ...],
    sites: str | None,
    tables: tuple[str, ...],
    out: Path,
    jobs: int,
    quiet: bool,
    **choices: Any,
) -> None:
    """Check every plan below FOLDER, or of a PACS, and write one table, a row an outcome.

    A plan that cannot be checked is a row with the reason. Exit code: 0 the table was written, whatever the verdicts;
    2 unusable input, or no plan at all.
    """
    from sbrtcheck import archive

    chosen = archive.Options.read(sites=site, sites_file=sites, tables=tables, **choices)
    doing = {"before": "looking for plans", "during": "checking plans", "after": "writing the table"}
    asked = {"study_date": study_date, "description": study_description, "token_file": token_file}
    given = {name: value for name, value in asked.items() if value is not None}
    if (folder is None) == (dicomweb is None) or (folder is not None and (given or keep)):
        raise click.UsageError("give FOLDER, or --dicomweb URL with what to ask for")
    with ExitStack() as stack:
        more: Sequence[Entry] = ()
        if folder is None:
            folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sbrtcheck-")))
            more = _fetched(folder, quiet=quiet, url=dicomweb, modality=modality, **given)
        with streams.progress(quiet=quiet, **doing) as progress:
            summary = archive.batch(folder, out, chosen, jobs=jobs, progress=progress, more=more)
    if not quiet:
        streams.print_notice(str(summary))


def _fetched(folder: Path, *, quiet: bool, **asked: Any) -> Sequence[Entry]:
    """Fetch from the PACS; what could not be is to be in the table too."""
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
    return fetched.entries

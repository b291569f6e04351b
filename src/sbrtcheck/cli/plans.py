"""Commands on plans: check, dvh, batch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import InputError, OutputError
from sbrtcheck.render.formats import Format, format_named, format_names

if TYPE_CHECKING:
    from sbrtcheck.dvh import DVHSet
    from sbrtcheck.results import Report

EXIT_OK = 0
EXIT_FAIL = 1
EXIT_REVIEW = 3


@click.command(
    epilog=options.examples(
        "sbrtcheck check plan --site lung",
        "sbrtcheck check plan --table rtog-0813 --rx 50Gy/5 --format json --out report.json",
        "sbrtcheck check plan --table tg101-5fx --table my-clinic.yaml --strict",
    )
)
@options.folder_or_not
@options.export
@options.against
@options.tables()
@options.site(text="Site of the plan: which organs are expected. Without --table, its tables too.")
@options.sites_file
@click.option(
    "--format",
    "format_",
    type=click.Choice((*format_names(), options.DICOM_PDF)),
    default=format_names()[0],
    show_default=True,
    help="dicom-pdf is the PDF as a DICOM object with the patient's name and ID from the plan's files.",
)
@options.out
@options.names
@options.rx
@options.plan
@options.dvhs
@options.end_caps
@options.slice_interpolation
@options.dose_interpolation
@options.accept_dose
@options.strict
@options.include_unconfirmed
@options.quiet
@options.verbose
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    folder: Path | None,
    export: Path | None,
    tables: tuple[str, ...],
    dvhs: str,
    format_: str,
    out: Path | None,
    quiet: bool,
    **choices: Any,
) -> None:
    """Check the plan in DIR, or the DVHs in a planning system's text export (--dvh).

    Exit code: 0 pass or variation, 1 a fail, 2 unusable input, 3 nothing fails but the plan needs a review.
    """
    from sbrtcheck import api

    source, dvhs = _source(folder, export, dvhs)
    if export is not None and format_ == options.DICOM_PDF:
        raise click.UsageError(f"--format {format_} needs DIR: a text export does not say whose record it would be for")
    as_dicom = format_ == options.DICOM_PDF
    chosen = format_named("pdf" if as_dicom else format_)
    chosen.check_installed()
    inputs = [source, choices["names"], choices["against"], choices["sites"], *tables]
    with streams.output(out, inputs=inputs, binary=chosen.binary) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            report = api.check(
                streams.existing(source),
                list(dict.fromkeys(tables)),
                dvhs=dvhs,
                progress=progress,
                **choices,
            )
        write(api.report_as_dicom(report, source) if as_dicom else _rendered(report, chosen, for_screen=out is None))
    ctx.exit(_exit_code(report))


def _source(folder: Path | None, export: Path | None, dvhs: str) -> tuple[Path, str]:
    """What the DVHs come from, and which they are; exactly one of the two must be given."""
    if folder is not None and export is not None:
        raise click.UsageError("give DIR or --dvh FILE, not both")
    if export is not None:
        if dvhs == "stored":
            raise click.UsageError("--dvhs stored needs DIR; --dvh FILE has its own DVHs")
        return export, "imported"
    if folder is None:
        raise click.UsageError("give the folder of a plan, DIR, or --dvh FILE")
    return folder, dvhs


def _exit_code(report: Report) -> int:
    from sbrtcheck.results import Verdict

    return {Verdict.FAIL: EXIT_FAIL, Verdict.REVIEW: EXIT_REVIEW}.get(report.verdict, EXIT_OK)


def _rendered(report: Report, format_: Format, *, for_screen: bool) -> str | bytes:
    if format_.name == "text" and for_screen and sys.stdout.isatty():
        import shutil

        from sbrtcheck.render import text_report

        return text_report(report, width=shutil.get_terminal_size().columns, colour="NO_COLOR" not in os.environ)
    return format_.write(report)


@click.command(
    epilog=options.examples(
        "sbrtcheck dvh plan", "sbrtcheck dvh plan --structure PTV --structure Heart --format csv --out curves.csv"
    )
)
@options.folder_or_not
@options.export
@click.option("--structure", "structures", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("text", "csv", "json", options.RTDOSE)),
    default="text",
    show_default=True,
    help="rtdose is a DICOM object with the patient's name and ID from the plan's files.",
)
@options.out
@options.rx
@options.plan
@options.dvhs
@options.end_caps
@options.slice_interpolation
@options.dose_interpolation
@options.quiet
@options.verbose
def dvh(
    *,
    folder: Path | None,
    export: Path | None,
    structures: tuple[str, ...],
    dvhs: str,
    format_: str,
    out: Path | None,
    quiet: bool,
    **choices: Any,
) -> None:
    """Show the dose-volume histograms of the plan in DIR, or of a planning system's text export (--dvh).

    A summary, or the curves (csv, json, rtdose).
    """
    from sbrtcheck import api
    from sbrtcheck.render.lists import DVH_FORMATS

    source, dvhs = _source(folder, export, dvhs)
    if format_ == options.RTDOSE:
        _refuse_among_inputs(out, source)
    with streams.output(out, inputs=[source], binary=format_ == options.RTDOSE) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            dvh_set = api.dvhs(
                streams.existing(source), structures=structures or None, dvhs=dvhs, progress=progress, **choices
            )
        _refuse_none(dvh_set)
        write(api.dvhs_as_dicom(dvh_set, source) if format_ == options.RTDOSE else DVH_FORMATS[format_](dvh_set))
    if format_ == options.RTDOSE:
        _say_what_is_left_out(dvh_set)


def _refuse_none(dvh_set: DVHSet) -> None:
    """Without one DVH there is nothing to show but the reasons, and no program must take these for a result."""
    from sbrtcheck.formatting import clean

    if dvh_set.dvhs or not dvh_set.without:
        return
    for structure in dvh_set.without:
        detail = f" ({structure.detail})" if structure.detail else ""
        streams.say(clean(f"no DVH: {structure.name}: {structure.reason}{detail}"))
    raise InputError("no structure has a DVH that can be used", hint="the reasons are above")


def _refuse_among_inputs(out: Path | None, folder: Path) -> None:
    """A second dose of the plan in its own folder would make the next check ask which is meant."""
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        what = "lies in the plan's folder, where it would be taken for another dose of the plan"
        raise OutputError(what, str(out), "write to another folder")


def _say_what_is_left_out(dvh_set: DVHSet) -> None:
    from sbrtcheck.dicom.dvh_dose import left_out
    from sbrtcheck.formatting import clean

    for line in left_out(dvh_set):
        streams.say(clean(f"left out: {line}"))


@click.command(epilog=options.examples("sbrtcheck batch archive --site lung --site liver --out results.csv"))
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@options.site(multiple=True, text="As for check; may be repeated.")
@options.tables()
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", required=True, help="The table: a .csv or .parquet file."
)
@click.option("--jobs", type=click.IntRange(1, 61), default=2, show_default=True, help="Number of processes.")
@options.names
@options.dvhs
@options.sites_file
@options.accept_dose
@options.strict
@options.include_unconfirmed
@click.option("--with-paths", is_flag=True, help="Write the folder of each plan too; folder names may name patients.")
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
    """Check every plan below FOLDER and write one table, a row an outcome.

    A plan that cannot be checked is a row with the reason. Exit code: 0 the table was written, whatever the verdicts;
    2 unusable input, or no plan at all.
    """
    from sbrtcheck import archive

    chosen = archive.Options.read(sites=site, sites_file=sites, tables=tables, **choices)
    doing = {"before": "looking for plans", "during": "checking plans", "after": "writing the table"}
    with streams.progress(quiet=quiet, **doing) as progress:
        summary = archive.batch(folder, out, chosen, jobs=jobs, progress=progress)
    if not quiet:
        streams.say(str(summary))

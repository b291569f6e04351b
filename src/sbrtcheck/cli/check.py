"""The command check: one plan against tables -> a report, and the exit code of its verdict."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import exit_codes, options, streams
from sbrtcheck.render.formats import Format, format_named, format_names

if TYPE_CHECKING:
    from sbrtcheck.results import Report


_DICOM_OBJECTS = (options.DICOM_PDF, options.DICOM_SR)


@click.command(
    epilog=options.examples(
        "sbrtcheck check plan --site lung",
        "sbrtcheck check plan --profile lung-50gy-5fx --rx 50Gy/5 --format json --out report.json",
        "sbrtcheck check plan --table tg101-5fx --table my-clinic.yaml --strict",
    )
)
@options.folder_or_not
@options.export
@options.against
@options.tables()
@options.site(text="Site of the plan: which organs are expected. Without --table, its tables too.")
@options.profile(text="Ready profile: site and tables of a schedule; sbrtcheck tables --profiles lists them.")
@options.sites_file
@click.option(
    "--format",
    "format_",
    type=click.Choice((*format_names(), *_DICOM_OBJECTS)),
    default=format_names()[0],
    show_default=True,
    help="dicom-pdf (the PDF) and dicom-sr (a Structured Report) have the patient's name and ID.",
)
@options.out
@options.names
@options.dictionary
@options.rx
@options.plan
@options.dvhs
@options.end_caps
@options.slice_interpolation
@options.dose_interpolation
@options.accept_dose
@options.allow_lint_errors
@options.strict
@options.include_unconfirmed
@options.laterality
@options.sex
@options.near
@options.notes
@options.group
@options.bounds
@options.quiet
@options.verbose
@click.pass_context
def check(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    /,
    *,
    folder: Path | None,
    export: Path | None,
    tables: tuple[str, ...],
    dvhs: str,
    format_: str,
    out: Path | None,
    group: str,
    bounds: bool,
    quiet: bool,
    **choices: Any,
) -> None:
    """Check the plan in DIR, or the DVHs in a planning system's text export (--dvh).

    Exit code: 0 pass or variation, 1 a fail, 2 unusable input, 3 nothing fails but the plan needs a review.
    """
    from sbrtcheck import api

    source, dvhs = options.source_of(folder, export, dvhs)
    if export is not None and format_ in _DICOM_OBJECTS:
        raise click.UsageError(f"--format {format_} needs DIR: a text export does not say whose record it would be for")
    chosen = _format(format_, source)
    chosen.check_installed()
    inputs = [
        source,
        choices["names"],
        choices["dictionary"],
        choices["against"],
        choices["sites"],
        *choices["notes"],
        *tables,
    ]
    with streams.output(out, inputs=inputs, binary=chosen.binary) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            report = api.check(
                streams.existing_folder(source),
                list(dict.fromkeys(tables)),
                dvhs=dvhs,
                progress=progress,
                **choices,
            )
        write(_render(report, chosen, group, bounds=bounds, for_screen=out is None))
    ctx.exit(_exit_code(report))


def _format(name: str, source: Path) -> Format:
    """The format of that name; DICOM objects take patient and study from the plan's files."""
    from sbrtcheck import api

    if name not in _DICOM_OBJECTS:
        return format_named(name)
    pdf = format_named("pdf")
    if name == options.DICOM_PDF:
        return replace(pdf, name=name, write=partial(api.report_as_dicom, path=source))
    from sbrtcheck.dicom.structured_report import require_sr  # with pydicom, which no other check of plain files needs

    return replace(pdf, name=name, write=partial(api.report_as_sr, path=source), check_installed=require_sr)


def _exit_code(report: Report) -> int:
    from sbrtcheck.results import Verdict

    return {Verdict.FAIL: exit_codes.FAIL, Verdict.REVIEW: exit_codes.REVIEW}.get(report.verdict, exit_codes.OK)


def _render(report: Report, format_: Format, group: str, *, bounds: bool, for_screen: bool) -> str | bytes:
    if format_.name == "text":
        from sbrtcheck.render import text_report

        if not (for_screen and sys.stdout.isatty()):
            return text_report(report, group, with_bounds=bounds)
        import shutil

        width = shutil.get_terminal_size().columns
        return text_report(report, group, with_bounds=bounds, width=width, colour="NO_COLOR" not in os.environ)
    text = format_.write(report, group) if format_.is_grouped else format_.write(report)
    # a page says that it is UTF-8, whatever the encoding of the console is
    return text.encode() if format_.name == "html" and isinstance(text, str) else text

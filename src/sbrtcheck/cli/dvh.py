"""The command dvh: the dose-volume histograms of one plan -> a list, curves, or a DICOM object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import InputError, OutputError
from sbrtcheck.formatting import clean

if TYPE_CHECKING:
    from sbrtcheck.dvh import DVHSet


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

    source, dvhs = options.source_of(folder, export, dvhs)
    if format_ == options.RTDOSE:
        _refuse_among_inputs(out, source)
    with streams.output(out, inputs=[source], binary=format_ == options.RTDOSE) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            dvh_set = api.dvhs(
                streams.existing_folder(source), structures=structures or None, dvhs=dvhs, progress=progress, **choices
            )
        _refuse_none(dvh_set)
        write(api.dvhs_as_dicom(dvh_set, source) if format_ == options.RTDOSE else DVH_FORMATS[format_](dvh_set))
    if format_ == options.RTDOSE:
        _warn_of_left_out(dvh_set)


def _refuse_none(dvh_set: DVHSet) -> None:
    """Without one DVH there is nothing to show but the reasons, which no program must read as a result."""
    if dvh_set.dvhs or not dvh_set.without:
        return
    for structure in dvh_set.without:
        detail = f" ({structure.detail})" if structure.detail else ""
        streams.print_notice(clean(f"no DVH: {structure.name}: {structure.reason}{detail}"))
    raise InputError("no structure has a DVH that can be used", hint="the reasons are above")


def _refuse_among_inputs(out: Path | None, folder: Path) -> None:
    """A second dose of the plan in its own folder would make the next check ask which is meant."""
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        what = "lies in the plan's folder, where it would be read as another dose of the plan"
        raise OutputError(what, str(out), "write to another folder")


def _warn_of_left_out(dvh_set: DVHSet) -> None:
    from sbrtcheck.dicom.dvh_dose import omission_lines

    for line in omission_lines(dvh_set):
        streams.print_notice(clean(f"left out: {line}"))

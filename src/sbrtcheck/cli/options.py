"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from sbrtcheck.cli import streams

FORMATS = ("text", "json", "csv", "markdown", "pdf")
DICOM_PDF, RTDOSE = "dicom-pdf", "rtdose"  # objects for the patient's record
BINARY = ("pdf", DICOM_PDF, RTDOSE)
END_CAPS = ("half-slice", "none", "capped")
BETWEEN = ("slab", "interpolated")
DOSE = ("trilinear", "cubic")
DVHS = ("computed", "stored")


def _set_verbose(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's shape
    ctx.find_root().meta["sbrtcheck.verbose"] = value
    if value:
        ctx.with_resource(streams.log())


folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
folder_or_not = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
export = click.option(
    "--dvh",
    "export",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Text file of DVHs that a planning system exported, in place of DIR; --plan is then the plan's name.",
)
against = click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Text file of DVHs that a planning system exported, to compare with in place of those in the RTDOSE.",
)
out = click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of to the screen."
)
names = click.option("--names", metavar="FILE", help="TG-263 name -> structure name of this plan, as YAML.")
rx = click.option("--rx", metavar="50Gy/5", help="Prescription; wins over what the files say.")
plan = click.option("--plan", metavar="UID", help="Plan to take, when there are several.")
dvhs = click.option("--dvhs", type=click.Choice(DVHS), default=DVHS[0], show_default=True)
end_caps = click.option("--end-caps", type=click.Choice(END_CAPS), default=END_CAPS[0], show_default=True)
strict = click.option("--strict", is_flag=True, help="Borderline and convention-sensitive rows count as not passing.")
include_unconfirmed = click.option(
    "--include-unconfirmed", is_flag=True, help="Rows with a single reading of their source count."
)
between = click.option("--between", type=click.Choice(BETWEEN), default=BETWEEN[0], show_default=True)
dose = click.option("--dose", type=click.Choice(DOSE), default=DOSE[0], show_default=True)
verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_set_verbose,
    help="Show what is passed over, and where an error comes from.",
)

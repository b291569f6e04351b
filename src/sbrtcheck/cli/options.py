"""The options that several commands share; their parameters are called as the keywords of `sbrtcheck.api`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from sbrtcheck.bundled import shipped_files
from sbrtcheck.cli import streams

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DICOM_PDF, DICOM_SR, RTDOSE = "dicom-pdf", "dicom-sr", "rtdose"  # objects for the patient's record
END_CAPS = ("half-slice", "none", "capped")
SLICE_INTERPOLATION = ("slab", "interpolated")
DOSE_INTERPOLATION = ("trilinear", "cubic")
DVHS = ("computed", "stored")
LATERALITIES = ("left", "right")
SEXES = ("female", "male")

STEPS = {"before": "reading", "during": "computing DVHs", "after": "evaluating"}
"""What a command on a plan is doing, for its progress."""


def _set_verbose(ctx: click.Context, _parameter: click.Parameter, value: int) -> None:
    ctx.find_root().meta["sbrtcheck.verbose"] = value
    if value:
        ctx.with_resource(streams.log(everything=value > 1))


if TYPE_CHECKING:
    _ToFloat = click.ParamType[float]
else:
    _ToFloat = click.ParamType  # older versions of click cannot be subscripted


class Number(_ToFloat):
    """A number, its decimals after a point or a comma."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that the text is."""
        try:
            return float(str(value).replace(",", "."))
        except ValueError:
            self.fail(f"{value!r} is no number; write it like 2.5", param, ctx)


NUMBER = Number()


class RenamedOption(click.Option):
    """An option that can still be given by the name it had in version 0.1, which no help text shows.

    To be removed with version 0.3.
    """

    def __init__(self, *names: Any, old_name: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.old_name = old_name

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser accept the old name for this option too."""
        super().add_to_parser(parser, ctx)
        parser.add_option(self, [self.old_name], dest=self.name, action="store", nargs=1)


def examples(*commands: str) -> str:
    """Lines at the end of a help text: commands that work, with a plan in the folder ``plan``."""
    heading = "Example:" if len(commands) == 1 else "Examples:"
    return "\n".join(("\b", heading, *(f"  {command}" for command in commands)))


def _offer_tables(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of bundled tables, told by the names of their files; else files."""
    files = sorted(shipped_files().items())
    ids = [CompletionItem(key, help=site) for key, (site, _) in files if key.startswith(begun)]
    return [CompletionItem(begun, type="file"), *ids]


def _offer_sites(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    sites = sorted({site for site, _ in shipped_files().values()})
    return [CompletionItem(site) for site in sites if site.startswith(begun)]


def _offer_profiles(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from sbrtcheck.reference_data import load_profiles

    profiles = load_profiles().profiles
    return [CompletionItem(one.id, help=one.schedule) for one in profiles if one.id.startswith(begun)]


def tables(*, required: bool = False, text: str = "Bundled table or YAML file; may be repeated.") -> Decorator:
    """The option ``--table``, which may be repeated."""
    return click.option(
        "--table",
        "tables",
        multiple=True,
        required=required,
        metavar="ID",
        help=text,
        shell_complete=_offer_tables,
    )


def site(*, multiple: bool = False, text: str) -> Decorator:
    """The option ``--site``."""
    return click.option("--site", multiple=multiple, metavar="SITE", help=text, shell_complete=_offer_sites)


def profile(*, text: str) -> Decorator:
    """The option ``--profile``."""
    return click.option("--profile", metavar="ID", help=text, shell_complete=_offer_profiles)


table_files = click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=_offer_tables)
table_or_none = click.argument("table", required=False, metavar="[TABLE]", shell_complete=_offer_tables)
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
names = click.option(
    "--names", metavar="FILE", type=click.Path(), help="TG-263 name -> structure name of this plan, as YAML."
)
dictionary = click.option(
    "--dictionary",
    metavar="FILE",
    type=click.Path(),
    help="The clinic's spellings for every plan, as YAML: TG-263 name -> list of names.",
)
rx = click.option("--rx", "prescription", metavar="50Gy/5", help="Prescription; wins over what the files say.")
plan = click.option("--plan", metavar="UID", help="Plan to use, when there are several.")
dvhs = click.option("--dvhs", type=click.Choice(DVHS), default=DVHS[0], show_default=True)
end_caps = click.option("--end-caps", type=click.Choice(END_CAPS), default=END_CAPS[0], show_default=True)
sites_file = click.option(
    "--sites",
    type=click.Path(),
    metavar="FILE",
    help="YAML file with the organs expected at each site, in place of the bundled one.",
)
accept_dose = click.option(
    "--accept-dose",
    is_flag=True,
    help="Judge the dose although it cannot be that of the prescription; recorded in the report.",
)
allow_lint_errors = click.option(
    "--allow-lint-errors",
    is_flag=True,
    help="Use tables in which lint finds errors; each stands against a pass.",
)
strict = click.option("--strict", is_flag=True, help="Rows that bounds, end caps or sampling could turn make a review.")
include_unconfirmed = click.option(
    "--include-unconfirmed", is_flag=True, help="Also count rows that two readers do not confirm."
)
laterality = click.option(
    "--laterality",
    type=click.Choice(LATERALITIES),
    help="Side of the target, for limits on the organ on its side or on the other; else told by the contours.",
)
sex = click.option(
    "--sex",
    type=click.Choice(SEXES),
    help="Of the patient, for limits that differ by it; else as the plan's files say.",
)
near = click.option(
    "--near",
    "near_percent",
    type=NUMBER,
    default=5.0,
    show_default=True,
    metavar="PERCENT",
    help="Flag values within this many percent of a limit; no verdict depends on it.",
)
notes = click.option(
    "--notes",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Notes and sign-offs on the plan, as the HTML report saves them, or a folder of them; may be repeated.",
)
notes_of_plans = click.option(
    "--notes",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Notes and sign-offs on any of the plans; a folder for all sbrtcheck-notes*.yaml in it. May be repeated.",
)
group = click.option(
    "--group",
    type=click.Choice(("organ", "table")),
    default="organ",
    show_default=True,
    help="What rows of several tables stand together by, in text, Markdown and HTML.",
)
bounds = click.option(
    "--bounds",
    is_flag=True,
    help="In text, numerical bounds beside every value, not only where a verdict depends on them.",
)
slice_interpolation = click.option(
    "--slice-interpolation",
    cls=RenamedOption,
    old_name="--between",
    type=click.Choice(SLICE_INTERPOLATION),
    default=SLICE_INTERPOLATION[0],
    show_default=True,
)
dose_interpolation = click.option(
    "--dose-interpolation",
    cls=RenamedOption,
    old_name="--dose",
    type=click.Choice(DOSE_INTERPOLATION),
    default=DOSE_INTERPOLATION[0],
    show_default=True,
)
quiet = click.option("--quiet", is_flag=True, help="Show no progress.")
verbose = click.option(
    "-v",
    "--verbose",
    count=True,
    expose_value=False,
    callback=_set_verbose,
    help="Tell what is read and chosen, and where errors come from; twice: with file names, which may name patients.",
)


def source_of(folder: Path | None, export: Path | None, dvhs: str) -> tuple[Path, str]:
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

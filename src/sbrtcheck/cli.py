"""The same words on the command line -> text on standard output, exit code.

Exit codes: 0 pass or variation, 1 a fail, 2 usage or unreadable input, 3 no fail but something mandatory, or nothing at
all, was evaluated. Heavy modules are imported inside the commands that need them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from sbrtcheck import __version__
from sbrtcheck.errors import InputError, OutputError, SbrtcheckError

if TYPE_CHECKING:
    from sbrtcheck.evaluate import Report
    from sbrtcheck.table import ConstraintTable

EXIT_OK = 0
EXIT_FAIL = 1
EXIT_UNUSABLE = 2
EXIT_NOT_EVALUATED = 3

FORMATS = ("text", "json", "csv", "markdown")
END_CAPS = ("half-slice", "none", "capped")
BETWEEN = ("slab", "interpolated")
DOSE = ("trilinear", "cubic")
DVHS = ("computed", "stored")
_READER_GONE = (errno.EPIPE, errno.EINVAL)  # EINVAL: so Windows calls it


class _Commands(click.Group):
    """Commands whose deliberate errors become lines on standard error and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        _make_streams_safe()
        try:
            return super().invoke(ctx)
        except SbrtcheckError as error:
            if ctx.find_root().meta.get("sbrtcheck.verbose"):
                traceback.print_exception(error)
            for line in str(error).splitlines():
                click.echo(f"sbrtcheck: {line}", err=True)
            ctx.exit(EXIT_UNUSABLE)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sbrtcheck")
def main() -> None:
    """Check SBRT plans against published dose constraints.

    A second check, not a replacement for review.
    """


def _set_verbose(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's shape
    ctx.find_root().meta["sbrtcheck.verbose"] = value


_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
_out = click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write here instead of to the screen."
)
_names = click.option("--names", metavar="FILE", help="TG-263 name -> structure name of this plan, as YAML.")
_rx = click.option("--rx", metavar="50Gy/5", help="Prescription; wins over what the files say.")
_plan = click.option("--plan", metavar="UID", help="Plan to take, when there are several.")
_dvhs = click.option("--dvhs", type=click.Choice(DVHS), default=DVHS[0], show_default=True)
_end_caps = click.option("--end-caps", type=click.Choice(END_CAPS), default=END_CAPS[0], show_default=True)
_strict = click.option("--strict", is_flag=True, help="Borderline and convention-sensitive rows count as not passing.")
_include_unconfirmed = click.option(
    "--include-unconfirmed", is_flag=True, help="Rows with a single reading of their source count."
)
_between = click.option("--between", type=click.Choice(BETWEEN), default=BETWEEN[0], show_default=True)
_dose = click.option("--dose", type=click.Choice(DOSE), default=DOSE[0], show_default=True)
_verbose = click.option(
    "-v", "--verbose", is_flag=True, expose_value=False, callback=_set_verbose, help="Show where an error comes from."
)


@main.command()
@_folder
@click.option("--table", "tables", multiple=True, metavar="ID", help="Bundled table or YAML file; may be repeated.")
@click.option("--site", metavar="SITE", help="Every bundled table of this site that holds for the fraction number.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@_out
@_names
@_rx
@_plan
@_dvhs
@_end_caps
@_between
@_dose
@_strict
@_include_unconfirmed
@_verbose
@click.pass_context
def check(  # noqa: PLR0913 - one argument an option
    ctx: click.Context,
    *,
    folder: Path,
    tables: tuple[str, ...],
    site: str | None,
    format_: str,
    out: Path | None,
    names: str | None,
    rx: str | None,
    plan: str | None,
    dvhs: str,
    end_caps: str,
    between: str,
    dose: str,
    strict: bool,
    include_unconfirmed: bool,
) -> None:
    """Check the plan in DIR.

    Exit code: 0 pass or variation, 1 a fail, 2 unusable input, 3 not everything mandatory was evaluated.
    """
    from sbrtcheck import api

    with _output(out) as write:
        report = api.check(
            _existing(folder),
            list(dict.fromkeys(tables)),
            site=site,
            plan=plan,
            prescription=rx,
            names=names,
            dvhs=dvhs,
            end_caps=end_caps,
            between=between,
            dose=dose,
            strict=strict,
            include_unconfirmed=include_unconfirmed,
        )
        write(_rendered(report, format_, for_screen=out is None))
    ctx.exit(_exit_code(report))


def _exit_code(report: Report) -> int:
    from sbrtcheck.evaluate import Verdict

    return {Verdict.FAIL: EXIT_FAIL, Verdict.NOT_EVALUATED: EXIT_NOT_EVALUATED}.get(report.verdict, EXIT_OK)


def _rendered(report: Report, format_: str, *, for_screen: bool) -> str:
    from sbrtcheck.report import FORMATS as RENDERERS
    from sbrtcheck.report import text_report

    if format_ == "text" and for_screen and sys.stdout.isatty():
        import shutil

        return text_report(report, width=shutil.get_terminal_size().columns, colour="NO_COLOR" not in os.environ)
    return RENDERERS[format_](report)


@main.command()
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def tables(format_: str) -> None:
    """List the bundled tables."""
    from sbrtcheck.report.lists import tables_json, tables_text
    from sbrtcheck.table import bundled_tables

    shipped: tuple[ConstraintTable, ...] = bundled_tables()
    _print(tables_json(shipped) if format_ == "json" else tables_text(shipped))


@main.command()
@_folder
@click.option("--structure", "structures", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option("--format", "format_", type=click.Choice(("text", "csv", "json")), default="text", show_default=True)
@_out
@_rx
@_plan
@_dvhs
@_end_caps
@_between
@_dose
@_verbose
def dvh(  # noqa: PLR0913 - one argument an option
    *,
    folder: Path,
    structures: tuple[str, ...],
    format_: str,
    out: Path | None,
    rx: str | None,
    plan: str | None,
    dvhs: str,
    end_caps: str,
    between: str,
    dose: str,
) -> None:
    """Show the dose-volume histograms of the plan in DIR: a summary, or the points of the curves (csv, json)."""
    from sbrtcheck import api
    from sbrtcheck.report.lists import DVH_FORMATS

    with _output(out) as write:
        found = api.dvhs_of(
            _existing(folder),
            structures=structures or None,
            plan=plan,
            prescription=rx,
            dvhs=dvhs,
            end_caps=end_caps,
            between=between,
            dose=dose,
        )
        write(DVH_FORMATS[format_](found))


@main.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--site", "sites", multiple=True, metavar="SITE", help="As for check; may be repeated.")
@click.option("--table", "tables", multiple=True, metavar="ID", help="Bundled table or YAML file; may be repeated.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", required=True, help="The table: a .csv or .parquet file."
)
@click.option("--jobs", type=click.IntRange(1, 61), default=2, show_default=True, help="Number of processes.")
@_names
@_dvhs
@_strict
@_include_unconfirmed
@click.option("--with-paths", is_flag=True, help="Write the folder of each plan too; folder names may name patients.")
@click.option("--quiet", is_flag=True, help="Show neither progress nor summary.")
@_verbose
def batch(
    *, folder: Path, sites: tuple[str, ...], tables: tuple[str, ...], out: Path, jobs: int, quiet: bool, **choices: Any
) -> None:
    """Check every plan below FOLDER and write one table, a row an outcome.

    A plan that cannot be checked is a row with the reason. Exit code: 0 the table was written, whatever the verdicts;
    2 unusable input, or no plan at all.
    """
    from sbrtcheck import archive

    options = archive.Options.read(sites=sites, tables=tables, **choices)
    with _progress(quiet=quiet) as progress:
        summary = archive.batch(folder, out, options, jobs=jobs, progress=progress)
    if not quiet:
        click.echo(f"sbrtcheck: {summary}", err=True)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows plans done and of all on standard error, when somebody looks at it."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking for plans", total=None)
        yield lambda done, total: bar.update(task, description="checking plans", completed=done, total=total)


@main.command()
@click.argument("dose_gy", type=float)
@click.argument("fractions", type=int)
@click.option(
    "--alpha-beta", "alpha_beta_gy", type=float, required=True, metavar="GY", help="alpha/beta of the tissue."
)
def bed(dose_gy: float, fractions: int, alpha_beta_gy: float) -> None:
    """Convert DOSE_GY, given in FRACTIONS, to BED and EQD2 by the linear-quadratic model."""
    from sbrtcheck import radiobiology

    course = {"fractions": fractions, "alpha_beta_gy": alpha_beta_gy}
    try:
        bed_gy, eqd2_gy = radiobiology.bed(dose_gy, **course), radiobiology.eqd2(dose_gy, **course)
    except ValueError as error:
        raise InputError(str(error)) from error
    _print(
        f"{dose_gy:g} Gy in {fractions} fractions, alpha/beta {alpha_beta_gy:g} Gy\n"
        f"BED  {bed_gy:.2f} Gy\n"
        f"EQD2 {eqd2_gy:.2f} Gy\n"
    )


# -------------------------------------------------------------------------------- input and output


def _existing(folder: Path) -> Path:
    if not folder.exists():
        raise InputError(
            "no such file or folder", place=str(folder), mend="give the folder with the plan's DICOM files"
        )
    return folder


@contextmanager
def _output(out: Path | None) -> Iterator[Callable[[str], None]]:
    """Give a function that writes the result, to the screen or to a file that is there whole or not at all.

    A file that cannot be written is found out here, before anything is computed.
    """
    if out is None:
        yield _print
        return
    draft = out.with_name(f".{out.name}.{os.getpid()}.tmp")  # in the same folder: os.replace needs one file system
    try:
        if out.is_dir():
            raise IsADirectoryError(f"{out} is a folder")
        stream = draft.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        with stream:
            yield lambda text: _write(stream, text, out)
        _publish(draft, out)
    finally:
        draft.unlink(missing_ok=True)


def _write(stream: TextIO, text: str, out: Path) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        raise _unwritable(out, error) from error


def _publish(draft: Path, out: Path) -> None:
    try:
        draft.replace(out)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> OutputError:
    why = error.strerror or type(error).__name__
    return OutputError(f"cannot be written ({why})", place=str(out), mend="give a file in a folder you may write to")


def _print(text: str) -> None:
    """Write to standard output; a reader that has gone away (``| head``) is no error of ours."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in _READER_GONE:
            raise
        # the interpreter flushes once more at its end: let that go nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_streams_safe() -> None:
    """Names in files may hold characters that the console has not: show a stand-in, do not crash."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")

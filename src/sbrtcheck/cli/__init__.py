"""Arguments of the command line -> text on standard output, and the exit code.

Exit codes: 0 pass or variation, 1 a fail, 2 usage or unreadable input, 3 nothing fails but the plan needs a review, 70
an error of sbrtcheck itself, 130 interrupted. Nothing else ends with 1. Heavy modules are imported inside the commands
that need them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import click

from sbrtcheck._version import __version__
from sbrtcheck.cli import exit_codes, options
from sbrtcheck.cli.batch import batch
from sbrtcheck.cli.check import check
from sbrtcheck.cli.compare import compare
from sbrtcheck.cli.completion import completion
from sbrtcheck.cli.demo import demo
from sbrtcheck.cli.dvh import dvh
from sbrtcheck.cli.importing import import_
from sbrtcheck.cli.lint import lint
from sbrtcheck.cli.listen import listen
from sbrtcheck.cli.lists import bed, tables
from sbrtcheck.cli.names import names
from sbrtcheck.cli.regimens import regimens
from sbrtcheck.cli.risk import risk
from sbrtcheck.cli.score import score
from sbrtcheck.cli.streams import (
    discard_stdout,
    make_streams_safe,
    notice_of_stand_ins,
    print_notice,
    unwritable_stdout,
)
from sbrtcheck.cli.summary import summary
from sbrtcheck.cli.sums import sum_
from sbrtcheck.cli.trend import trend
from sbrtcheck.errors import SbrtcheckError


class _Commands(click.Group):
    """Commands whose errors become lines on standard error, and an exit code that is no verdict."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run, and end the process; click's own way out would make 1, a fail, of an interrupt or a closed pipe."""
        make_streams_safe()
        try:
            code = super().main(*args, **extra | {"standalone_mode": False})
        except SystemExit:  # so click ends when the reader of a help text has gone
            code = exit_codes.OK
        except click.Abort:
            code = exit_codes.INTERRUPTED
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except OSError as error:  # of a help text; what commands write is in `print_text`
            discard_stdout()
            print_notice(str(unwritable_stdout(error)))
            code = exit_codes.UNUSABLE
        notice_of_stand_ins()
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SbrtcheckError as error:
            _trace(ctx, error)
            print_notice(str(error))
            ctx.exit(exit_codes.UNUSABLE)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # whatever it is, it must not end as the verdict 1
            if isinstance(error, OSError) and _is_of_click(error):
                raise  # to `main`
            _trace(ctx, error)
            print_notice(_our_fault(error))
            ctx.exit(exit_codes.OUR_FAULT)


def _trace(ctx: click.Context, error: Exception) -> None:
    if ctx.find_root().meta.get("sbrtcheck.verbose"):
        with suppress(OSError):
            traceback.print_exception(error)


def _is_of_click(error: Exception) -> bool:
    """Whether click could not write: only its help texts, for what commands write is in `streams`."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__")).startswith("click.")


def _our_fault(error: Exception) -> str:
    """Where it came from, without its text, which may quote a file."""
    from sbrtcheck.archive.rows import where_from

    return f"an error in sbrtcheck itself, no verdict: {where_from(error)}; -v shows more (leave out names of patients)"


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=options.examples(
        "sbrtcheck check plan --site lung     first try: a folder with the DICOM files of one plan",
        "sbrtcheck check --help               its options, and more examples",
    ),
)
@click.version_option(__version__, prog_name="sbrtcheck")
def main() -> None:
    """Check SBRT plans against published dose constraints.

    A second check, not a replacement for review.
    """


for command in (
    check,
    tables,
    lint,
    demo,
    dvh,
    batch,
    bed,
    compare,
    completion,
    import_,
    listen,
    names,
    regimens,
    risk,
    score,
    sum_,
    summary,
    trend,
):
    main.add_command(command)

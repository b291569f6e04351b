"""The same words on the command line -> text on standard output, exit code.

Exit codes: 0 pass or variation, 1 a fail, 2 usage or unreadable input, 3 no fail but something mandatory, or nothing at
all, was evaluated. Heavy modules are imported inside the commands that need them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import traceback
from typing import Any

import click

from sbrtcheck import __version__
from sbrtcheck.cli.importing import import_
from sbrtcheck.cli.lint import lint
from sbrtcheck.cli.lists import bed, tables
from sbrtcheck.cli.names import names
from sbrtcheck.cli.plans import batch, check, dvh
from sbrtcheck.cli.regimens import regimens
from sbrtcheck.cli.risk import risk
from sbrtcheck.cli.score import score
from sbrtcheck.cli.streams import make_streams_safe
from sbrtcheck.cli.sums import sum_
from sbrtcheck.errors import SbrtcheckError

EXIT_UNUSABLE = 2


class _Commands(click.Group):
    """Commands whose deliberate errors become lines on standard error and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        make_streams_safe()
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


for command in (check, tables, lint, dvh, batch, bed):
    main.add_command(command)
main.add_command(import_)
main.add_command(names)
main.add_command(regimens)
main.add_command(risk)
main.add_command(score)
main.add_command(sum_)

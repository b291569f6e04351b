"""The same words on the command line -> text on standard output, exit code.

Exit codes: 0 pass or variation, 1 a fail, 2 usage or unreadable input, 3 nothing fails but the plan needs a review, 70
an error of sbrtcheck itself, 130 interrupted. Nothing else ends with 1. Heavy modules are imported inside the commands
that need them, so that ``--help`` answers at once.
"""

from sbrtcheck.cli.compare import compare
from sbrtcheck.cli.completion import completion
from sbrtcheck.cli.importing import import_
from sbrtcheck.cli.lint import lint
from sbrtcheck.cli.lists import bed, tables
from sbrtcheck.cli.names import names
from sbrtcheck.cli.plans import batch, check, dvh
from sbrtcheck.cli.regimens import regimens
from sbrtcheck.cli.risk import risk
from sbrtcheck.cli.score import score
from sbrtcheck.cli.streams import let_go_of_stdout, make_streams_safe, say, unwritable_stdout
from sbrtcheck.cli.sums import sum_

__all__ = [
    "batch",
    "bed",
    "check",
    "compare",
    "completion",
    "dvh",
    "import_",
    "let_go_of_stdout",
    "lint",
    "make_streams_safe",
    "names",
    "regimens",
    "risk",
    "say",
    "score",
    "sum_",
    "tables",
    "unwritable_stdout",
]

"""Progress of a long run: how much of it is done, and in the log the result and the seconds of each step.

Log lines have kinds of files, ends of UIDs, counts and choices; names of files at level DEBUG only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

log = logging.getLogger("sbrtcheck")

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much; the last time with both equal."""


def no_progress(_done: int, _all: int) -> None:
    """The `Progress` of those who do not ask."""


@contextmanager
def log_step(name: str) -> Iterator[Callable[[str], None]]:
    """Log one line at the end of a step, at level INFO: its name, a summary, and the seconds it took.

    The result of the step is passed to the function that the context gives. Nothing is logged of a step that ends with
    an error: the error says more.
    """
    summaries: list[str] = []
    started = perf_counter()
    yield summaries.append
    log.info("%s: %s (%.2f s)", name, "; ".join(summaries) or "done", perf_counter() - started)

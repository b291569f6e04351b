"""What a long run tells while it goes on: how far it is, and in the log what each stage found and how long it took.

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
    """Log one line at the end of a stage, at level INFO: its name, what was said of it, and the seconds it took.

    Nothing is logged of a stage that ends with an error: the error says more.
    """
    said: list[str] = []
    started = perf_counter()
    yield said.append
    log.info("%s: %s (%.2f s)", name, "; ".join(said) or "done", perf_counter() - started)

"""Settings that all tests share."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes says nothing about whether it is right
settings.register_profile("sbrtcheck", deadline=None)
# whether a commit passes must not hang on luck; run without this profile to search among new examples
settings.register_profile("repeatable", deadline=None, derandomize=True)
# the fast lane looks for what is plainly wrong
settings.register_profile("fast", deadline=None, max_examples=20)
# nobody waits for what is tried by night; `effort` scales the laws that ask for a number of their own
settings.register_profile("nightly", deadline=None, max_examples=1000)
settings.load_profile("sbrtcheck")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Ask for what was run as a file: sections of the validation report are made of it."""
    parser.addoption("--counts", type=Path, metavar="FILE", help="write what was run, for tests/validation/run.py")


def pytest_configure(config: pytest.Config) -> None:
    """Count where that is asked for; take few examples for ``-m "not slow"``, unless another profile is."""
    if file := config.getoption("--counts"):
        from counting import Counting

        config.pluginmanager.register(Counting(file, config))
    if config.getoption("markexpr") == "not slow" and not config.getoption("--hypothesis-profile"):
        settings.load_profile("fast")


def pytest_collection_finish() -> None:
    """Ten thousand tests stay until the end: they need not be looked at each time that memory is cleared up.

    Nor need memory be cleared up so often: with Python's own thresholds that took a tenth of the time of all tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


# figures are looked at by their properties, on no screen
os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture(scope="module", name="computed_once")
def _computed_once() -> Iterator[None]:
    """Equal plans are computed and judged once, in modules whose subject is something else."""
    from computed_once import computed_once

    with computed_once():
        yield


def _look_over_files_alone() -> None:
    """Tables that tests build in place of bundled ones are about verdicts: their limits are made up, and may be odd.

    What a user gives, files and rows, is looked over by lint as ever.
    """
    from sbrtcheck.tables import fitness

    remarks_of = fitness.remarks_of
    fitness.remarks_of = lambda table: () if table.path == "bundled" else remarks_of(table)


_look_over_files_alone()

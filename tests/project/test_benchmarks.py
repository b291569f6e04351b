"""The benchmark of what bounds cost takes lines out of the code by their text: these lines have to be there."""

from __future__ import annotations

import importlib.util

from folders import TESTS

DRIVER = TESTS / "benchmarks" / "drivers" / "bounds_cost.py"


def test_the_lines_that_carry_bounds_are_found_where_the_benchmark_takes_them_out() -> None:
    spec = importlib.util.spec_from_file_location("bounds_cost", DRIVER)
    assert spec is not None
    assert spec.loader is not None
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    assert len(driver.without_bounds()) == len(driver.BOUNDS)

"""EQD2 of a large dose grid against one multiply-and-add pass over it: ``python tests/benchmarks/eqd2_voxels.py``.

The ratio is what is promised (3 at most), for it says the same on every machine; seconds do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from sbrtcheck.radiobiology import bed, eqd2

VOXELS = 10_000_000
REPEATS = 9
PROMISED = 3.0


def seconds(work: Callable[[], object]) -> float:
    """Median of several runs, the first of which is not counted."""
    work()
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def main() -> None:
    """Print seconds and ratios."""
    dose_gy = np.random.default_rng(5).uniform(0.0, 60.0, VOXELS)
    one_pass = seconds(lambda: dose_gy * 1.5 + 0.5)
    print(f"multiply and add, {VOXELS:,} voxels: {one_pass * 1e3:.1f} ms")
    for function in (eqd2, bed):
        taken = seconds(lambda f=function: f(dose_gy, fractions=5, alpha_beta_gy=3.0))
        ratio = taken / one_pass
        print(f"{function.__name__}: {taken * 1e3:.1f} ms, {ratio:.2f} times (promised: at most {PROMISED:g})")


if __name__ == "__main__":
    main()

"""What the benchmark scripts share: where things are, and the phantom writer of the examples."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DRIVERS = HERE / "drivers"

sys.path.insert(0, str(ROOT / "examples"))

import phantom  # noqa: E402

__all__ = ["DRIVERS", "HERE", "ROOT", "phantom"]

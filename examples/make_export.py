"""Print the DVHs of the bundled lung plan as a planning system's text export, in the layout that Eclipse uses.

``python examples/make_export.py > examples/exports/lung-50gy-5fx.txt``. The DVHs are those that sbrtcheck computes, in
steps of 20 cGy; nothing of it comes from a planning system.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import sbrtcheck

PLAN = Path(__file__).parent / "plans" / "lung-50gy-5fx"
STEP_GY = 0.2
HEADER = """\
Patient Name         : Phantom
Type                 : Cumulative Dose Volume Histogram
Description          : The cumulative DVH displays the percentage (relative)
                       or volume (absolute) of structures that receive a dose
                       equal to or greater than a given dose.

Plan: lung
Total dose [cGy]: 5000.0
% for dose (%): 100.0
"""


def structure(dvh: sbrtcheck.DVH) -> str:
    """The block of one structure: what is stated, and the table."""
    doses_gy = np.arange(0.0, dvh.max_gy.value, STEP_GY)
    rows = (
        f"{100 * dose:10.6g}{100 * volume.value / dvh.volume_cc:27.6g}"
        for dose, volume in zip(doses_gy.tolist(), dvh.volume_at_doses(doses_gy), strict=True)
    )
    return f"""
Structure: {dvh.name}
Plan: lung
Volume [cm³]: {dvh.volume_cc:.1f}
Dose Cover.[%]: {100 * (1 - dvh.uncovered_cc / dvh.volume_cc):.1f}
Min Dose [cGy]: {100 * dvh.min_gy.value:.1f}
Max Dose [cGy]: {100 * dvh.max_gy.value:.1f}
Mean Dose [cGy]: {100 * dvh.mean_gy.value:.1f}

Dose [cGy] Ratio of Total Structure Volume [%]
{chr(10).join(rows)}
"""


def main() -> None:
    """Print header and structures."""
    dvhs = sbrtcheck.compute_dvhs(sbrtcheck.load_plan(PLAN))
    print(HEADER + "".join(map(structure, dvhs)), end="")


if __name__ == "__main__":
    main()

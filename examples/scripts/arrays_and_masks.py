"""DVHs of a dose and masks that are arrays: ``python examples/scripts/arrays_and_masks.py``."""

import numpy as np

import sbrtcheck

z, y, x = np.indices((20, 40, 40))
distance = np.sqrt((2 * (z - 10)) ** 2 + (y - 20) ** 2 + (x - 20) ** 2)  # in mm, of voxels of 1 x 1 x 2 mm
dose_gy = 55.0 * np.exp(-((distance / 20.0) ** 2))
masks = {"PTV": distance < 6, "Shell": (distance > 8) & (distance < 12)}
plan = sbrtcheck.Plan.from_masks(dose_gy, masks, spacing_mm=(1, 1, 2), prescription="50Gy/5")
for dvh in sbrtcheck.compute_dvhs(plan):
    median = dvh.dose_at_volume(dvh.volume / 2)
    print(f"{dvh.name}: {dvh.volume:.2f} cc, D50% {median.value:.1f} Gy [{median.low:.1f}, {median.high:.1f}]")

"""Metrics of points and their volumes, read as one program or another reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from sampler import FloatArray, Outside, Reading, Samples, Way

METRICS = ("Volume[cc]", "Mean[Gy]", "D98%[Gy]", "D95%[Gy]", "D50%[Gy]", "D2%[Gy]", "D1cc[Gy]", "V20Gy[cc]")
PERCENT = (98, 95, 50, 2)
BIN_GY = {Reading.SORTED: 0.0005, Reading.NEAREST_BIN: 0.01, Reading.LAST_BIN: 0.01, Reading.LINE: 0.05}
"""How wide bins of doses are; the first are as good as points in order."""

Values = Mapping[str, float]


def values(samples: Samples, way: Way) -> Values:
    """Every metric that there is; what is more than a structure has, or has no dose at all, is not."""
    kept = _with_outside(samples, way)
    if float(kept.volumes_cc.sum()) <= 0.0:
        return dict.fromkeys(METRICS, 0.0) if way.reading is Reading.NEAREST_BIN else {"Volume[cc]": samples.whole_cc}
    width = BIN_GY[way.reading]
    middle = 0.5 if way.reading is Reading.LINE else 0.0  # its bins are around multiples of their width
    bins = np.floor(kept.doses_gy / width + middle).astype(np.int64)
    beyond = np.bincount(bins, weights=kept.volumes_cc)[::-1].cumsum()[::-1]
    total = float(beyond[0])
    dose_at, volume_at = (partial(one, beyond, width) for one in READ[way.reading])
    mean = float((bins + 0.5 - middle) @ kept.volumes_cc) * width / total
    if way.reading in {Reading.SORTED, Reading.LAST_BIN}:
        mean = float(kept.doses_gy @ kept.volumes_cc) / total
    return {
        "Volume[cc]": samples.whole_cc,
        "Mean[Gy]": mean,
        **{f"D{percent}%[Gy]": dose_at(percent / 100.0 * total) for percent in PERCENT},
        **({"D1cc[Gy]": dose_at(1.0)} if total >= 1.0 else {}),
        "V20Gy[cc]": volume_at(20.0),
    }


def _with_outside(samples: Samples, way: Way) -> Samples:
    """Doses and volumes that are read off, by what becomes of the points that the grid does not cover."""
    inside_cc = float(samples.volumes_cc.sum())
    if way.outside is Outside.ZERO and samples.outside_cc > 0.0:
        return replace(
            samples,
            doses_gy=np.append(samples.doses_gy, 0.0),
            volumes_cc=np.append(samples.volumes_cc, samples.outside_cc),
        )
    if way.outside is Outside.SCALED and inside_cc > 0.0:
        return replace(samples, volumes_cc=samples.volumes_cc * (samples.whole_cc / inside_cc))
    return samples


# ``beyond`` is the volume in each bin and all above it; a bin has the number of its lower edge.


def _volume_at(beyond: FloatArray, width: float, gy: float) -> float:
    bin_ = round(gy / width)
    return float(beyond[bin_]) if bin_ < len(beyond) else 0.0


def _last(beyond: FloatArray, width: float, cc: float) -> float:
    return width * float(np.nonzero(beyond >= cc - 1e-9)[0][-1])


def _nearest(beyond: FloatArray, width: float, cc: float) -> float:
    return width * float(np.argmin(np.abs(beyond - cc)))


def _on_line(beyond: FloatArray, width: float, cc: float) -> float:
    line = np.append(beyond, 0.0)
    after = int(np.argmax(line <= cc))
    share = (line[after - 1] - cc) / (line[after - 1] - line[after]) if after else 0.0
    return float(width * (max(after - 1, 0) - 0.5 + share))


def _volume_on_line(beyond: FloatArray, width: float, gy: float) -> float:
    edges = width * (np.arange(len(beyond) + 1) - 0.5)
    return float(np.interp(gy, edges, np.append(beyond, 0.0)))


READ = {
    Reading.SORTED: (_last, _volume_at),
    Reading.NEAREST_BIN: (_nearest, _volume_at),
    Reading.LAST_BIN: (_last, _volume_at),
    Reading.LINE: (_on_line, _volume_on_line),
}
"""How a dose at a volume is read, and a volume at a dose."""

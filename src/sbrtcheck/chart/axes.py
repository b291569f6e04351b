"""DVHSet, and points on it -> matplotlib axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sbrtcheck.chart.line_styles import Look, look
from sbrtcheck.chart.points import CurvePoint, HasPoints, NotDrawn, Side
from sbrtcheck.dvh import DVH, Curve, DVHSet, VolumeUnit
from sbrtcheck.dvh.targets import targets_first
from sbrtcheck.formatting import clean
from sbrtcheck.plan import FloatArray
from sbrtcheck.radiobiology import Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = {Side.UNDER: "v", Side.OVER: "^"}
_MEANT = {
    Side.UNDER: "constraint: the curve passes below or left",
    Side.OVER: "constraint: the curve passes above or right",
}
_OF_NO_CURVE = "black"  # a point of several structures together, which have no curve of their own here
_BAND_ALPHA = 0.2
_MISSING = "sbrtcheck's plots need matplotlib: pip install 'sbrtcheck[plot]'"


def plot(
    dvhs: DVHSet,
    *,
    constraints: HasPoints | Iterable[HasPoints] = (),
    structures: Collection[str] | None = None,
    ax: Axes | None = None,
    relative: bool = True,
    names: Mapping[str, str] | None = None,
) -> Axes:
    """Draw as `DVHSet.plot` says."""
    axes = ax if ax is not None else _new_axes()
    wanted = [dvh for dvh in dvhs.dvhs if structures is None or dvh.name in structures]
    ordered = targets_first(wanted, dvhs, names)
    chosen = [(dvh, look(place, is_target=is_target)) for place, (dvh, is_target) in enumerate(ordered)]
    _check(chosen, dvhs, structures, relative=relative)
    for dvh, its in chosen:
        _draw_curve(axes, dvh, its, relative=relative)
    several: Iterable[HasPoints] = constraints if isinstance(constraints, Iterable) else (constraints,)
    found = [one.points(dvhs, names) for one in several]
    looks = {dvh.name: its for dvh, its in chosen}
    points = [one for drawn, _ in found for one in drawn if structures is None or one.structure in looks]
    no_volume = [NotDrawn(label=one.label, reason="no absolute volume") for one in points if one.volume_cc is None]
    points = points if relative else [one for one in points if one.volume_cc is not None]
    for point in points:
        _draw_point(axes, point, looks.get(point.structure), relative=relative)
    _label(axes, [dvh for dvh, _ in chosen], relative=relative)
    _legend(axes, points)
    _say_what_is_missing(axes, [*(one for _, left in found for one in left), *(() if relative else no_volume)])
    return axes


def _new_axes() -> Axes:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return plt.subplots(figsize=(9.0, 5.0), layout="constrained")[1]


def _check(
    chosen: Sequence[tuple[DVH, Look]], dvhs: DVHSet, structures: Collection[str] | None, *, relative: bool
) -> None:
    there = {dvh.name for dvh, _ in chosen}
    if strange := sorted(set(structures or ()) - there):
        known = ", ".join(sorted({dvh.name for dvh in dvhs.dvhs})) or "none"
        raise ValueError(f"there is no DVH of {', '.join(map(repr, strange))}; there are: {known}")
    lacking = [dvh.name for dvh, _ in chosen if dvh.volume_unit is not VolumeUnit.CC]
    if lacking and not relative:
        raise ValueError(f"the planning system stored no absolute volume of {', '.join(lacking)}: use relative=True")


def _draw_curve(axes: Axes, dvh: DVH, its: Look, *, relative: bool) -> None:
    scale = 100.0 / dvh.volume if relative else 1.0
    upper, lower = _from_zero(dvh.upper), _from_zero(dvh.lower)
    doses = np.concatenate((upper[0], lower[0][::-1]))
    volumes = np.concatenate((upper[1], lower[1][::-1])) * scale
    axes.fill(doses, volumes, color=its.colour, alpha=_BAND_ALPHA, linewidth=0)
    dose_gy, volume = _from_zero(dvh.curve)
    (line,) = axes.plot(dose_gy, volume * scale, color=its.colour, label=_legend_text(dvh.name))
    line.set_linewidth(line.get_linewidth() * its.thickness)
    if its.dashes:
        line.set_dashes(its.dashes)


def _from_zero(curve: Curve) -> tuple[FloatArray, FloatArray]:
    """The points of a curve, from 0 Gy on: below its least dose it gets the whole volume."""
    if curve.dose_gy[0] <= 0.0:
        return curve.dose_gy, curve.volume
    return np.concatenate(([0.0], curve.dose_gy)), np.concatenate((curve.volume[:1], curve.volume))


def _draw_point(axes: Axes, point: CurvePoint, its: Look | None, *, relative: bool) -> None:
    colour = its.colour if its else _OF_NO_CURVE
    volume = point.volume_percent if relative or point.volume_cc is None else point.volume_cc
    (marker,) = axes.plot(
        [point.dose_gy],
        [volume],
        linestyle="none",
        marker=_MARKERS[point.side],
        markersize=8,
        color=colour,
        markerfacecolor=colour if point.counts else "none",
        clip_on=False,
        zorder=3,
        label="_nolegend_",
    )
    marker.set_gid(clean(f"{point.structure}: {point.label}"))


def _label(axes: Axes, dvhs: Sequence[DVH], *, relative: bool) -> None:
    quantities = {dvh.quantity for dvh in dvhs}
    converted = quantities.pop() if len(quantities) == 1 else Quantity.PHYSICAL
    axes.set_xlabel("Dose [Gy]" if converted is Quantity.PHYSICAL else f"{converted} [Gy]")
    axes.set_ylabel("Volume [%]" if relative else "Volume [cc]")
    axes.set_xlim(left=0.0)
    axes.set_ylim(bottom=0.0)
    axes.grid(visible=True, alpha=0.3)


def _legend(axes: Axes, points: Sequence[CurvePoint]) -> None:
    """Curves by name, then what the markers mean; a marker that counts for nothing is hollow."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    for side, text in _MEANT.items():
        if any(point.side is side for point in points):
            handles += axes.plot([], [], linestyle="none", marker=_MARKERS[side], color="gray", label="_nolegend_")
            labels.append(text)
    if not all(point.counts for point in points):
        hollow = axes.plot([], [], linestyle="none", marker="v", color="gray", markerfacecolor="none")
        handles += hollow
        labels.append("hollow: does not count for a verdict")
    axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize="small")


def _legend_text(name: str) -> str:
    """A name as matplotlib shows it: a dollar would start a formula, and a leading underscore hides a label."""
    text = clean(name).replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def _say_what_is_missing(axes: Axes, left_out: Sequence[NotDrawn]) -> None:
    """A constraint that is not in the picture must not look as if it were kept."""
    counted = Counter(one.reason for one in left_out)
    if counted:
        said = "; ".join(f"{number} × {reason}" for reason, number in counted.most_common())
        axes.set_title(f"Not drawn: {said}".replace("$", r"\$"), fontsize="x-small", loc="left", wrap=True)

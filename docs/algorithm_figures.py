"""Small phantoms, computed by the package itself -> the figures of ``explanation/algorithm.md``, as SVG.

The build makes them like the other pictures (`screenshots`). Nothing in them is drawn by hand: fractions, prisms,
isodose bounds and curves are what the functions of ``sbrtcheck.geometry`` and ``compute_dvhs`` answer.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.geometry import Conventions, PrismStack, grid_frame, in_grid, prism_stack
from sbrtcheck.geometry.coverage import Box, coverage
from sbrtcheck.geometry.polygons import Edges, Outline
from sbrtcheck.geometry.prism_interpolation import interpolated
from sbrtcheck.geometry.trilinear import CORNERS, halved, linear_part, share_below, steepened
from sbrtcheck.plan import Contours, DoseGrid, Plan, Prescription, Structure

Array = npt.NDArray[np.float64]

# told apart by those who do not see red and green as well
BLUE, ORANGE, GREY, GREEN = "#0072b2", "#d55e00", "#999999", "#009e73"
PALE = "#cfe3f0"

ISODOSE_GY = 31.0
HALVINGS = 4


def _ring(radius: float, height: float, points: int = 120) -> Array:
    angle = np.arange(points) * 2 * np.pi / points
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(points, height)], axis=1)


def _closed(polygon: Array) -> Outline:
    following = np.roll(polygon, -1, axis=0)
    return Outline(u0=polygon[:, 0], v0=polygon[:, 1], u1=following[:, 0], v1=following[:, 1])


@contextmanager
def _figure(columns: int, width: float, height: float, out: io.BytesIO) -> Iterator[Any]:
    """Axes side by side; the figure is written when they are done."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "sbrtcheck", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained")
        yield axes
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)


# -------------------------------------------------------------------------------- a contour on the grid


def cells() -> bytes:
    """A contour on the cells of the grid: fraction and centroid of each."""
    contour = np.array([(0.7, 1.3), (2.4, 0.5), (4.6, 0.8), (6.3, 2.4), (5.2, 3.3), (5.6, 4.5), (3.1, 4.4), (1.4, 3.6)])
    box = Box(row=0, column=0, rows=6, columns=8)
    covered = coverage(Edges.of([_closed(contour)]), 1, box)
    fraction = covered.full[0].astype(float)
    row, column = np.divmod(covered.cell, box.columns)
    fraction[row, column] = covered.fraction
    out = io.BytesIO()
    with _figure(1, 6.6, 4.4, out) as axes:
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("shades", ["#ffffff", PALE, "#7fb4d6"])
        axes.pcolormesh(fraction[:5, :7], cmap=shades, vmin=0, vmax=1, edgecolors="#bbbbbb", linewidth=0.6)
        axes.plot(*np.vstack([contour, contour[:1]]).T, color=ORANGE, lw=2, marker="o", ms=4)
        some = covered.fraction > 0
        u, v = column + covered.u, row + covered.v
        axes.plot(u[some], v[some], "x", color="black", ms=5)
        for j, i in np.argwhere(fraction[:5, :7] > 0):
            axes.text(i + 0.06, j + 0.08, f"{fraction[j, i]:.2f}", fontsize=8, color="#333333")
        axes.set(xlim=(0, 7), ylim=(0, 5), aspect="equal", xlabel="columns of the dose grid", ylabel="rows")
    return out.getvalue()


# -------------------------------------------------------------------------------- planes, slabs and end caps


def _ball_stacks() -> tuple[PrismStack, PrismStack, Array]:
    """A ball on five planes as slabs and as interpolated prisms, and the heights of the planes; all in mm."""
    heights = np.array([-10.0, -5.0, 0.0, 5.0, 10.0])
    contours = Contours.of(*(_ring(float(np.sqrt(12.0**2 - z * z)), z) for z in heights))
    grid = DoseGrid.axial(np.zeros((33, 33, 33)), origin_mm=(-16.0,) * 3, spacing_mm=(1.0, 1.0, 1.0))
    stack, planes = prism_stack("ball", in_grid(contours, grid), contours.starts, grid_frame(grid, 2))
    return stack, interpolated(stack, planes, "ball"), heights


def slabs() -> bytes:
    """A ball from the side: its contour planes, their slabs and end caps; and interpolated."""
    stack, smooth, heights = _ball_stacks()
    out = io.BytesIO()
    with _figure(2, 7.6, 4.2, out) as (left, right):
        for axes, shown, title in ((left, stack, "slabs, the default"), (right, smooth, "interpolated")):
            for prism in range(len(shown.layer)):
                outline = shown.edges.outline(int(shown.layer[prism]))
                conventions = shown.conventions[prism]
                if conventions == Conventions.ALL:
                    colour = PALE
                elif conventions & Conventions.CAPPED:
                    colour = "#f4c9a8"
                else:
                    colour = "#fbe7d8"
                low, high = shown.low_mm[prism] - 16, shown.high_mm[prism] - 16
                first, last = outline.u0.min() - 16, outline.u0.max() - 16
                axes.fill([first, last, last, first], [low, low, high, high], color=colour, ec="#88a", lw=0.3)
            around = np.linspace(0, 2 * np.pi, 200)
            axes.plot(12 * np.cos(around), 12 * np.sin(around), color=GREY, lw=1, ls="--")
            for z in heights:
                half = np.sqrt(144 - z * z)
                axes.plot([-half, half], [z, z], color=ORANGE, lw=2)
            axes.set(title=title, xlim=(-17, 17), ylim=(-14, 14), aspect="equal", xlabel="mm")
        left.set_ylabel("along the planes' normal, mm")
        arrow = {"arrowstyle": "-", "color": "#666666", "lw": 0.7}
        notes = (("1.5 mm cap", (4, 10.8), (8, 12.6)), ("half-slice cap", (-4, 12.0), (-16.5, 12.6)))
        for text, place, at in notes:
            left.annotate(text, place, at, fontsize=8, arrowprops=arrow)
    return out.getvalue()


# -------------------------------------------------------------------------------- a cell and an isodose

_CELL_GY: Array = np.array([22.0, 30.0, 27.0, 43.0] * 2).reshape(8, 1)
"""Corner doses, w slowest, u fastest; along w nothing changes, so that the cell can be drawn from above."""


def _shares(corners: Array) -> tuple[Array, Array]:
    """Bounds on the share of each cell above the isodose."""
    middle, slopes, rest = linear_part(corners)
    spans, moved = steepened(slopes, 1e-4)
    rise = ISODOSE_GY - middle + spans.sum(axis=0) / 2
    return 1.0 - share_below(rise + rest + moved, spans), 1.0 - share_below(rise - rest - moved, spans)


def isodose() -> bytes:
    """A cell that an isodose cuts: the linear part of its dose and what it may be off by; and the cell halved."""
    out = io.BytesIO()
    with _figure(2, 7.6, 4.0, out) as (left, right):
        at = np.linspace(-0.5, 0.5, 101)
        u, v = np.meshgrid(at, at)
        middle, slopes, rest = (x[..., 0] for x in linear_part(_CELL_GY))
        weights = [(0.5 + 2 * c[1] * v) * (0.5 + 2 * c[2] * u) for c in CORNERS[:4]]
        dose = sum(w * gy for w, gy in zip(weights, _CELL_GY[:4, 0], strict=True))
        linear = middle + slopes[1] * v + slopes[2] * u
        left.contourf(u, v, linear, [ISODOSE_GY - rest, ISODOSE_GY + rest], colors=[PALE])
        left.contour(u, v, linear, [ISODOSE_GY], colors=[BLUE], linestyles="dashed")
        left.contour(u, v, dose, [ISODOSE_GY], colors=[ORANGE], linewidths=2)
        for corner, gy in zip(CORNERS[:4], _CELL_GY[:4, 0], strict=True):
            left.text(corner[2] * 0.8, corner[1] * 0.88, f"{gy:g} Gy", ha="center", va="center")
        least, most = (100 * float(x[0]) for x in _shares(_CELL_GY))
        left.set_title(f"{least:.0f} to {most:.0f} % receive at least {ISODOSE_GY:g} Gy", fontsize=10)
        corners, centres, size = _CELL_GY, np.zeros((1, 3)), 1.0
        sure = 0.0
        for _ in range(HALVINGS):
            below, above = corners.max(axis=0) < ISODOSE_GY, corners.min(axis=0) >= ISODOSE_GY
            _squares(right, centres[below], size, "white")
            _squares(right, centres[above], size, "#7fb4d6")
            sure += float(above.sum()) * size**3
            cut = ~below & ~above
            corners, centres = halved(corners[:, cut]), (centres[cut] + CORNERS[:, None] / 2 * size).reshape(-1, 3)
            size /= 2
        _squares(right, centres, size, PALE)
        shares = [sure + float(share.sum()) * size**3 for share in _shares(corners)]
        right.contour(u, v, dose, [ISODOSE_GY], colors=[ORANGE], linewidths=2)
        right.set_title(f"halved {HALVINGS} times: {100 * shares[0]:.1f} to {100 * shares[1]:.1f} %", fontsize=10)
        for axes in (left, right):
            axes.set(xlim=(-0.52, 0.52), ylim=(-0.52, 0.52), aspect="equal", xticks=[], yticks=[])
    return out.getvalue()


def _squares(axes: Any, centres: Array, size: float, colour: str) -> None:
    """Cells from above: those of the lowest layer stand for all, since nothing changes along w."""
    for w, v, u in centres:
        if w <= centres[:, 0].min():
            corner = (u - size / 2, v - size / 2)
            axes.add_patch(_rectangle(corner, size, colour))


def _rectangle(corner: tuple[float, float], size: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, size, size, facecolor=colour, edgecolor="#8899aa", linewidth=0.5)


# -------------------------------------------------------------------------------- a DVH between its bounds


def dvh() -> bytes:
    """The DVH of a ball in a dose that rises evenly, between its bounds, with that of a true ball."""
    radius, middle_gy = 30.0, 45.0
    axis = np.arange(-40.0, 41.0, 5.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    along = 0.8 * x + 0.48 * y + 0.36 * z  # of 1 Gy a mm, in no direction of the grid
    dose = DoseGrid.axial(middle_gy + along, origin_mm=(-40.0,) * 3, spacing_mm=(5.0, 5.0, 5.0))
    planes = np.arange(-28.0, 29.0, 4.0)
    contours = Contours.of(*(_ring(float(np.sqrt(radius**2 - h * h)), h) for h in planes))
    ball = Structure(name="Ball", number=1, kind="ORGAN", contours=contours)
    plan = Plan(dose=dose, structures=(ball,), prescription=Prescription(dose_gy=50.0, fractions=5))
    computed = compute_dvhs(plan)["Ball"]
    out = io.BytesIO()
    with _figure(1, 6.6, 4.2, out) as axes:
        gy = np.linspace(10.0, 80.0, 701)
        curves = (computed.lower, computed.upper, computed.curve)
        lower, upper, curve = (100 * c.volume_at(gy) / computed.volume for c in curves)
        axes.fill_between(gy, lower, upper, color=PALE, label="between the bounds", lw=0)
        axes.plot(gy, curve, color=BLUE, label="DVH")
        off = np.linspace(-radius, radius, 25)  # the part of a ball beyond a plane is a cap
        cap = (radius - off) ** 2 * (2 * radius + off) / (4 * radius**3)
        axes.plot(middle_gy + off, 100 * cap, "o", color=ORANGE, ms=3.5, label="a true ball, by formula")
        axes.set(xlabel="dose, Gy", ylabel="volume receiving at least the dose, %", ylim=(0, 102), xlim=(10, 80))
        axes.legend(frameon=False)
    return out.getvalue()


FIGURES: Mapping[str, Callable[[], bytes]] = {
    "algorithm-cells.svg": cells,
    "algorithm-slabs.svg": slabs,
    "algorithm-isodose.svg": isodose,
    "algorithm-dvh.svg": dvh,
}

"""Write the lung case of the benchmarks: ``python tests/benchmarks/lung_case.py OUT_DIR [--spacing 2.0|1.25]``.

A lung SBRT plan of 50 Gy in 5 fractions, every outline and the dose a formula: 22 structures on planes 2 mm apart,
about 2,300 contours with 880,000 points. It holds what makes files of clinics slow or awkward: a body of 1,170 points
a plane, rings as two loops, a lung with the target cut out, a vessel by keyhole, crossing loops, a plexus of 1 cc.

The dose grid of 2 mm has its planes on the contour planes and covers all; that of 1.25 mm has them between, and
structures leave it. Doses are stored in 32 bits. The same arguments always give the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from case_files import phantom, write_case

FloatArray = phantom.FloatArray
Outline = phantom.Outline
Loop = phantom.Loop
Path2 = Callable[[float], tuple[float, float]]  # z -> x, y, or half width and half depth

SLICE_MM = 2.0
LABEL = "LUNGBENCH"

GRIDS: dict[float, tuple[tuple[float, float, float], tuple[int, int, int]]] = {
    2.0: ((-249.0, -249.0, -180.0), (250, 250, 180)),
    1.25: ((-199.6, -150.3, -110.4), (320, 240, 200)),
}
"""Grid spacing, mm -> first point (x, y, z), mm, and number of points along x, y and z."""

TARGET_MM = (72.0, 14.0, 21.0)
MET_MM = (-62.0, -12.0, -133.0)


# Outlines: a wavy ellipse on a plane, its middle and size functions of z


def wavy(center_mm: Sequence[float], semi_axes_mm: Sequence[float], points: int, *, wave: float = 0.04) -> Outline:
    """Ellipse whose radius swings by a fraction, three and five times round."""
    angle = np.arange(points) * (2.0 * np.pi / points)
    swing = 1.0 + wave * (0.6 * np.cos(3.0 * angle + 0.7) + 0.4 * np.sin(5.0 * angle))
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(center_mm[:2]) + np.asarray(semi_axes_mm[:2]) * unit * swing[:, None]


def on_plane(outline: Outline, z: float) -> Loop:
    """The outline as a contour at height z."""
    return np.column_stack([outline, np.full(len(outline), z)])


def column(
    bottom_mm: float, top_mm: float, middle: Path2, size: Path2, points: int, *, wave: float = 0.04
) -> Iterator[Loop]:
    """One wavy ellipse on each plane from bottom to top where it has a size."""
    for z in phantom.planes(bottom_mm, top_mm, SLICE_MM):
        semi = size(z)
        if min(semi) > 0.5:
            yield on_plane(wavy(middle(z), semi, points, wave=wave), z)


def ball(center_mm: Sequence[float], semi_axes_mm: Sequence[float], points: int, **shape: float) -> Iterator[Loop]:
    """Ellipsoid, or with ``exponent`` a blunter one; ``wave`` as in `wavy`."""
    exponent = shape.pop("exponent", 2.0)
    half = semi_axes_mm[2]
    bottom = np.ceil((center_mm[2] - half) / SLICE_MM) * SLICE_MM

    def size(z: float) -> tuple[float, float]:
        rest = max(1.0 - abs((z - center_mm[2]) / half) ** exponent, 0.0) ** (1.0 / exponent)
        return semi_axes_mm[0] * rest, semi_axes_mm[1] * rest

    yield from column(float(bottom), center_mm[2] + half, lambda _: (center_mm[0], center_mm[1]), size, points, **shape)


def steady(a: float, b: float) -> Path2:
    """The same pair at every height."""
    return lambda _: (a, b)


# The structures


def body_size(z: float) -> tuple[float, float]:
    """Half width and half depth of the body."""
    bow = ((z + 60.0) / 300.0) ** 2
    return 192.0 - 40.0 * bow, 118.0 - 14.0 * bow


def lung(side: float, points: int) -> Iterator[Loop]:
    """A lung: +1 left, -1 right."""
    yield from ball((side * 78.0, 2.0, 4.0), (60.0, 84.0, 116.0), points, exponent=2.6)


def cord_middle(z: float) -> tuple[float, float]:
    """The cord, bent as a spine is."""
    return 1.5 * np.sin(z / 60.0), 62.0 + 9.0 * np.cos(z / 90.0)


def oesophagus_middle(z: float) -> tuple[float, float]:
    """In front of the spine, moving left on its way down."""
    return 6.0 - 0.06 * z, 33.0 + 5.0 * np.sin(z / 70.0)


def liver(points: int) -> Iterator[Loop]:
    """The liver, with a vessel left out of it: one curve, in over a bridge and back."""
    for loop in ball((-58.0, -8.0, -126.0), (92.0, 78.0, 50.0), points):
        z = float(loop[0, 2])
        if abs(z + 126.0) < 30.0:
            vessel = wavy((-45.0, 8.0 + 0.1 * (z + 126.0)), (9.0, 7.0), max(points // 8, 8))
            yield on_plane(phantom.keyhole(loop[:, :2], vessel), z)
        else:
            yield loop


def shells(bottom_mm: float, top_mm: float, inset_mm: tuple[float, float], points: int) -> Iterator[Loop]:
    """A ring inside the skin between two depths: two loops a plane, the inner one cut out by even-odd."""
    for depth in inset_mm:

        def size(z: float, depth: float = depth) -> tuple[float, float]:
            a, b = body_size(z)
            return a - depth, b - depth

        yield from column(bottom_mm, top_mm, steady(0.0, 0.0), size, points, wave=0.012)


def bronchi(points: int) -> Iterator[Loop]:
    """Two main bronchi that part from each other: at the top their loops cross."""
    for side in (-1.0, 1.0):
        yield from column(
            -8.0,
            40.0,
            lambda z, side=side: (side * (5.0 + 0.75 * (40.0 - z)), 18.0 + 0.1 * z),
            lambda z: (8.5 - 0.05 * (40.0 - z), 7.5 - 0.04 * (40.0 - z)),
            points,
        )


def great_vessels(points: int) -> Iterator[Loop]:
    """Aorta and pulmonary trunk, side by side."""
    yield from column(-20.0, 84.0, lambda z: (22.0, 24.0 - 0.1 * z), steady(13.0, 13.0), points)
    yield from column(16.0, 62.0, lambda z: (-10.0, -14.0 - 0.1 * z), steady(15.0, 11.0), points)


def ribs(points: int) -> Iterator[Loop]:
    """Three pieces of rib that slope forward as they descend."""
    for top in (66.0, 36.0, 6.0):

        def middle(z: float, top: float = top) -> tuple[float, float]:
            turn = 0.25 - 0.028 * (top - z)
            return 152.0 * np.cos(turn), 96.0 * np.sin(turn)

        yield from column(top - 34.0, top, middle, steady(6.0, 14.0), points)


def lung_structures(*, points: int | None = None) -> tuple[phantom.PhantomStructure, ...]:
    """The 22 structures; ``points`` puts that many on every contour of about all of them instead of the usual."""

    def n(usual: int) -> int:
        return points or usual

    gtv = list(ball(TARGET_MM, (12.0, 11.0, 13.0), n(130)))
    met = ball(MET_MM, (13.0, 12.0, 11.0), n(150))
    cord = (-180.0, 178.0, cord_middle)
    parts: Iterable[tuple[str, str, Iterable[Loop]]] = (
        ("BODY", "EXTERNAL", column(-180.0, 178.0, steady(0.0, 0.0), body_size, n(1170), wave=0.012)),
        ("Skin", "ORGAN", shells(-180.0, 178.0, (0.0, 5.0), n(400))),
        ("Lung_L", "ORGAN", lung(1.0, n(520))),
        ("Lung_R", "ORGAN", lung(-1.0, n(520))),
        ("Lungs-GTV", "ORGAN", [*lung(1.0, n(520)), *lung(-1.0, n(520)), *gtv]),
        ("SpinalCord", "ORGAN", column(*cord, steady(6.5, 5.0), n(90))),
        ("SpinalCord_PRV05", "ORGAN", column(*cord, steady(11.5, 10.0), n(140))),
        ("GTV", "GTV", gtv),
        ("ITV", "CTV", ball(TARGET_MM, (15.0, 14.0, 17.0), n(180))),
        ("PTV", "PTV", ball(TARGET_MM, (20.0, 19.0, 22.0), n(500))),
        ("Liver", "ORGAN", liver(n(700))),
        ("Liver-Met", "ORGAN", [*ball((-58.0, -8.0, -126.0), (92.0, 78.0, 50.0), n(700)), *met]),
        ("ChestWall", "ORGAN", shells(-100.0, 110.0, (18.0, 42.0), n(460))),
        ("Heart", "ORGAN", ball((22.0, -34.0, -46.0), (54.0, 44.0, 50.0), n(370))),
        ("Esophagus", "ORGAN", column(-110.0, 140.0, oesophagus_middle, steady(9.0, 7.0), n(110))),
        ("Trachea", "ORGAN", column(42.0, 140.0, lambda z: (0.0, 22.0 + 0.05 * z), steady(9.5, 8.5), n(110))),
        ("Bronchus", "ORGAN", bronchi(n(100))),
        ("GreatVes", "ORGAN", great_vessels(n(160))),
        ("BrachialPlex_L", "ORGAN", column(96.0, 122.0, lambda z: (190.0 - z, 0.3 * z), steady(4.2, 3.0), n(40))),
        ("Stomach", "ORGAN", ball((72.0, -20.0, -128.0), (42.0, 40.0, 40.0), n(330))),
        ("Rib", "ORGAN", ribs(n(120))),
        ("Spleen", "ORGAN", ball((108.0, 38.0, -122.0), (26.0, 36.0, 46.0), n(260))),
    )
    return tuple(phantom.PhantomStructure(name=name, kind=kind, contours_mm=tuple(c)) for name, kind, c in parts)


# The dose


def lung_dose(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """At most 64 Gy, in the middle of the target; from 80 to 20 % within 17 mm, in an uneven bath of up to 4 Gy."""
    away2 = (x - TARGET_MM[0]) ** 2 + (y - TARGET_MM[1]) ** 2 + (0.9 * (z - TARGET_MM[2])) ** 2
    peak = 60.0 * np.exp(-((away2 / 36.0**2) ** 1.8))
    bath = 3.2 * np.exp(-away2 / 150.0**2)
    return peak + bath * (1.0 + 0.25 * np.sin(x / 23.0) * np.cos(y / 31.0) * np.sin(z / 27.0 + 1.0))


def dose_grid(spacing_mm: float) -> phantom.PhantomDose:
    """The dose on one of the two grids of the case."""
    first, counts = GRIDS[spacing_mm]
    last = tuple(f + (count - 1) * spacing_mm for f, count in zip(first, counts, strict=True))
    return phantom.sample_dose(lung_dose, first_mm=first, last_mm=last, spacing_mm=(spacing_mm,) * 3)


def large_grid() -> phantom.PhantomDose:
    """The dose on 512 x 512 x 400 points that reach as far as the grid of 2 mm; by planes, for want of memory."""
    first, counts = GRIDS[2.0]
    last = tuple(f + (count - 1) * 2.0 for f, count in zip(first, counts, strict=True))
    shape = (512, 512, 400)
    x, y, z = (np.linspace(a, b, count) for a, b, count in zip(first, last, shape, strict=True))
    values = np.empty(shape[::-1], dtype=np.float32)
    for place, height in enumerate(z.tolist()):
        values[place] = lung_dose(x[None, :], y[:, None], np.full((1, 1), height))
    spacing = tuple(float(axis[1] - axis[0]) for axis in (x, y, z))
    return phantom.PhantomDose(values_gy=values, origin_mm=first, spacing_mm=spacing)


def growth_grid(spacing_mm: float) -> phantom.PhantomDose:
    """The dose in one box at any spacing, to see how cost grows with it."""
    first, last = (-170.0, -126.0, -120.0), (170.0, 126.0, 140.0)
    return phantom.sample_dose(lung_dose, first_mm=first, last_mm=last, spacing_mm=(spacing_mm,) * 3)


def main() -> None:
    """Write one case and say what is in it."""
    parser = argparse.ArgumentParser(description="Write the lung case of the benchmarks.")
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--spacing", type=float, choices=sorted(GRIDS), default=2.0, help="of the dose grid, mm")
    parser.add_argument("--growth-spacing", type=float, help="mm; instead, a dose grid on one box whatever the spacing")
    parser.add_argument("--large", action="store_true", help="instead, a dose grid of 512 x 512 x 400 points")
    parser.add_argument("--label", default=LABEL, help="of the plan; its UIDs are made of it")
    parser.add_argument("--points", type=int, help="on every contour; default: as many as each organ usually has")
    args = parser.parse_args()
    structures = lung_structures(points=args.points)
    if args.large:
        dose = large_grid()
    else:
        dose = growth_grid(args.growth_spacing) if args.growth_spacing else dose_grid(args.spacing)
    folder = write_case(args.out_dir, args.label, structures=structures, dose=dose)
    loops = [loop for structure in structures for loop in structure.contours_mm]
    megabytes = {path.name: round(path.stat().st_size / 1e6, 1) for path in sorted(folder.glob("*.dcm"))}
    print(f"{len(structures)} structures, {len(loops)} contours, {sum(map(len, loops))} points; MB: {megabytes}")


if __name__ == "__main__":
    main()

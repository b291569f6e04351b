"""Write the two bundled plans, ``lung-50gy-5fx`` and ``liver-45gy-3fx``: ``python examples/make_plans.py OUT_DIR``.

One synthetic torso, two targets. Nothing in it is a patient; sizes are of an adult (cc, contoured on 3 mm planes):

========================  ====  ========================  ====
Lung_L                    1940  Liver                     1550
Lung_R                    2190  Stomach                    298
Heart                      594  Duodenum                    94
Trachea                     27  Jejunum_Ileum, in part     152
Bronchus_Main                9  Colon, in part             236
Esophagus                   30  Kidney_L, Kidney_R         152
GreatVes                   148  Spleen                     163
Rib, right side            298  BrachialPlex_L, _R           6
========================  ====  ========================  ====

The spinal cord is 10 mm wide, the skin a rind of 5 mm; the lung plan's PTV has 30 cc, the liver plan's 39 cc.
The origin is the carina; x runs to the patient's left, y to the back, z to the head, millimetres.
The dose is a sum of static conformal beams through an ellipsoidal target: penumbra, attenuation, inverse square,
build-up under the skin, a little scatter. It is smooth and looks like SBRT; it is not a dose calculation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from phantom import (
    DoseFunction,
    FloatArray,
    Loop,
    Outline,
    PhantomDose,
    PhantomPrescription,
    PhantomStructure,
    Point,
    Region,
    circle,
    common,
    ellipse,
    ellipsoid,
    planes,
    sample_dose,
    stack,
    trace,
    tube,
    union,
    without,
    write_plan,
)

SPACING_MM = 3.0
GRID_MM = (3.0, 3.0, 3.0)
WINDOW_MM = (-180.0, 180.0, -120.0, 120.0)
BODY_EXPONENT = 2.6
SKIN_MM = 5.0
SOURCE_AXIS_MM = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An ellipsoidal target: centre and semi-axes in mm of the GTV, and how much the ITV and PTV add to them."""

    center_mm: Point
    gtv_mm: Point
    itv_margin_mm: Point
    ptv_margin_mm: Point

    @property
    def itv_mm(self) -> Point:
        """Semi-axes of the ITV."""
        return _plus(self.gtv_mm, self.itv_margin_mm)

    @property
    def ptv_mm(self) -> Point:
        """Semi-axes of the PTV."""
        return _plus(self.itv_mm, self.ptv_margin_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beams:
    """Static beams of one aperture.

    Parameters
    ----------
    gantry_couch_deg
        IEC gantry and couch angle of each beam, head first supine.
    center_gy
        Dose at the isocentre, Gy.
    aperture_mm
        Margin of the field edge (half of the fluence) round the PTV, along x, y and z.
    penumbra_mm
        Width of the field edge.
    peak
        How much more fluence the middle of the field receives than its edge, as a fraction.
    attenuation_per_mm
        Of the tissue crossed.
    """

    gantry_couch_deg: tuple[tuple[float, float], ...]
    center_gy: float
    aperture_mm: Point
    penumbra_mm: float
    peak: float
    attenuation_per_mm: float


# The torso: regions are above 0 inside


Height = TypeVar("Height", float, FloatArray)


def body_semi_axes_mm(z: Height) -> tuple[Height, Height]:
    """Half the width and half the depth of the body."""
    bow = ((z + 90.0) / 240.0) ** 2
    return 170.0 - 15.0 * bow, 112.0 - 8.0 * bow


def body_depth(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """About the distance to the skin in mm, below 0 in air."""
    a, b = body_semi_axes_mm(z)
    return (1.0 - (np.abs(x / a) ** BODY_EXPONENT + np.abs(y / b) ** BODY_EXPONENT) ** (1.0 / BODY_EXPONENT)) * b


def rib_cage(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Inside of the rib cage: a tube with a rounded apex."""
    apex = np.sqrt(np.maximum(1.0 - (np.maximum(z - 15.0, 0.0) / 90.0) ** 2, 0.0))
    return apex - (np.abs(x / 135.0) ** 2.4 + np.abs((y + 2.0) / 82.0) ** 2.4) ** (1.0 / 2.4)


def diaphragm_mm(x: FloatArray, y: FloatArray) -> FloatArray:
    """Height z of the diaphragm: flat in front, falling towards the back and the sides."""
    return -80.0 - 0.006 * np.maximum(y + 20.0, 0.0) ** 2 - 0.003 * np.maximum(np.abs(x) - 80.0, 0.0) ** 2


def below_the_diaphragm(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Abdomen, 3 mm under the lungs."""
    return (diaphragm_mm(x, y) - 3.0 - z) / 50.0


def visceral_surface(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Over the underside of the liver, which rises towards the midline."""
    return (z + 186.0 - 0.8 * np.minimum(x + 45.0, 40.0) + 0.0 * y) / 50.0


HEART = ellipsoid((20.0, -28.0, -58.0), (56.0, 47.0, 54.0))
SPINE: Region = lambda x, y, z: ellipsoid((0.0, 64.0, 0.0), (26.0, 32.0, 1.0))(x, y, 0.0 * z)  # noqa: E731
MEDIASTINUM: Region = lambda x, y, z: ellipsoid((0.0, -14.0, 0.0), (36.0, 78.0, 1.0))(x, y, 0.0 * z)  # noqa: E731
AORTA: Region = lambda x, y, z: ellipsoid((22.0, 40.0, 0.0), (14.0, 14.0, 1.0))(x, y, 0.0 * z)  # noqa: E731

KIDNEY_R = ellipsoid((-62.0, 46.0, -212.0), (27.0, 25.0, 54.0))
KIDNEY_L = ellipsoid((62.0, 44.0, -198.0), (27.0, 25.0, 54.0))
STOMACH = without(
    union(
        ellipsoid((66.0, 5.0, -138.0), (34.0, 38.0, 36.0)),
        tube([(64.0, -12.0, -145.0), (56.0, -35.0, -178.0)], 24.0),
        tube([(56.0, -35.0, -178.0), (26.0, -44.0, -200.0)], 18.0),
    ),
    KIDNEY_L,
)
DUODENUM = without(
    tube(
        [
            (6.0, -53.0, -204.0),  # pylorus
            (-10.0, -50.5, -177.0),
            (-18.0, -46.5, -177.0),  # upper flexure, in front of and below the liver plan's target
            (-24.0, -41.0, -210.0),
            (-34.0, 6.0, -230.0),
            (-34.0, 8.0, -250.0),
            (-24.0, 12.0, -262.0),
            (22.0, 16.0, -264.0),
        ],
        12.0,
    ),
    STOMACH,
)
SPLEEN = without(common(ellipsoid((100.0, 36.0, -150.0), (28.0, 36.0, 46.0)), below_the_diaphragm), STOMACH, KIDNEY_L)
LIVER = without(
    common(
        union(
            ellipsoid((-66.0, -6.0, -148.0), (68.0, 77.0, 80.0)),
            ellipsoid((8.0, -48.0, -120.0), (62.0, 36.0, 36.0)),
        ),
        below_the_diaphragm,
        visceral_surface,
    ),
    HEART,
    SPINE,
    KIDNEY_R,
    DUODENUM,
    STOMACH,
    ellipsoid((-14.0, 22.0, -150.0), (16.0, 16.0, 90.0)),  # inferior vena cava
)


def lung(side: int) -> Region:
    """Lung of the left (+1) or right (-1) side."""

    def half(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        return (side * x - 3.0) / 100.0 + 0.0 * (y + z)

    def above(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        return (z - diaphragm_mm(x, y)) / 50.0

    return without(common(rib_cage, half, above), HEART, SPINE, MEDIASTINUM, AORTA)


def _traced(region: Region, first_mm: float, last_mm: float, points: int = 64) -> tuple[Loop, ...]:
    return trace(region, planes(first_mm, last_mm, SPACING_MM), window_mm=WINDOW_MM, points=points)


def _drawn(first_mm: float, last_mm: float, outlines_at: Callable[[float], Sequence[Outline]]) -> tuple[Loop, ...]:
    return stack(planes(first_mm, last_mm, SPACING_MM), outlines_at)


def _plus(a: Point, b: Point) -> Point:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _on_planes(z: float) -> float:
    """Move a height to a contour plane: all planes of the torso are multiples of the spacing."""
    return round(z / SPACING_MM) * SPACING_MM


def body(first_mm: float, last_mm: float) -> tuple[Loop, ...]:
    """External contour."""
    return _drawn(
        first_mm,
        last_mm,
        lambda z: [ellipse((0.0, 0.0), body_semi_axes_mm(z), points=72, exponent=BODY_EXPONENT)],
    )


def skin(first_mm: float, last_mm: float) -> tuple[Loop, ...]:
    """A rind of 5 mm: two loops a plane."""

    def rind(z: float) -> list[Outline]:
        a, b = body_semi_axes_mm(z)
        outer, inner = (a, b), (a - SKIN_MM, b - SKIN_MM)
        return [ellipse((0.0, 0.0), axes, points=72, exponent=BODY_EXPONENT) for axes in (outer, inner)]

    return _drawn(first_mm, last_mm, rind)


def great_vessels(z: float) -> list[Outline]:
    """Ascending and descending aorta, the arch that joins them, superior vena cava."""
    vena_cava = [circle((-20.0, -24.0), 8.5, points=32)] if -30.0 <= z <= 51.0 else []
    if 30.0 < z <= 48.0:
        arch = ellipse((24.0, 6.0), (10.5, 47.0), points=48, exponent=3.0)
        return [*vena_cava, arch]
    ascending = [circle((6.0, -28.0), 15.0, points=40)] if 0.0 <= z <= 30.0 else []
    descending = [circle((22.0, 40.0), 12.0, points=40)] if z <= 30.0 else []
    return [*vena_cava, *ascending, *descending]


def main_bronchi(z: float) -> list[Outline]:
    """Right and left main bronchus, which diverge below the carina."""
    right = ellipse((-12.0 + 0.75 * z, 10.0), (8.5, 7.0), points=32)
    left = ellipse((12.0 - 0.85 * z, 12.0), (8.0, 6.5), points=32)
    return [right, left]


def esophagus(z: float) -> list[Outline]:
    """Behind the trachea and the heart, then forward and left to the stomach."""
    down = max(0.0, -96.0 - z)
    return [ellipse((6.0 + 0.6 * down, 27.0 - 0.5 * down), (8.0, 5.0), points=32)]


def right_ribs(z: float) -> list[Outline]:
    """Pieces of the right ribs that a plane cuts: each rib falls from back to front."""
    cuts = []
    for number in range(20):
        middle_deg = (180.0 - 24.0 * number - z) / 0.6  # from the back, 0, round the side to the front
        first, last = max(middle_deg - 10.0, 20.0), min(middle_deg + 10.0, 150.0)
        if last - first > 4.0:
            cuts.append(_rib_piece(first, last))
    return cuts


def _rib_piece(first_deg: float, last_deg: float) -> Outline:
    angle = np.radians(np.linspace(first_deg, last_deg, 8))
    unit = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    unit /= np.sum(np.abs(unit) ** 2.4, axis=1, keepdims=True) ** (1.0 / 2.4)
    inner, outer = unit * (138.0, 85.0), unit * (147.0, 94.0)
    return np.concatenate([inner, outer[::-1]]) + np.array([0.0, -2.0])


def brachial_plexus(side: int) -> Region:
    """From the lower neck over the first rib, left (+1) or right (-1)."""
    return tube([(side * 20.0, 34.0, 150.0), (side * 62.0, 16.0, 122.0), (side * 104.0, 0.0, 114.0)], 4.5)


def bowel_loops(_: float) -> list[Outline]:
    """Small bowel, contoured loop by loop."""
    return [circle((x, y), 13.0, points=32) for y in (-62.0, -32.0) for x in (-30.0, 0.0, 30.0, 60.0)]


def colon(z: float) -> list[Outline]:
    """Ascending, transverse and descending part."""
    ascending = [circle((-106.0, 14.0), 20.0, points=32)] if z <= -243.0 else []
    transverse = [ellipse((0.0, -76.0), (96.0, 13.0), points=64, exponent=3.0)] if -255.0 <= z <= -234.0 else []
    descending = [circle((116.0, 26.0), 14.0, points=32)] if z <= -204.0 else []
    return [*ascending, *transverse, *descending]


def targets(target: Target) -> list[PhantomStructure]:
    """GTV, ITV and PTV; no ITV where it is the GTV."""
    shapes = {"GTV": target.gtv_mm, "ITV": target.itv_mm, "PTV": target.ptv_mm}
    if target.itv_mm == target.gtv_mm:
        del shapes["ITV"]
    return [
        PhantomStructure(
            name=name,
            kind="CTV" if name == "ITV" else name,
            contours_mm=_ellipsoid_contours(target.center_mm, semi_axes),
        )
        for name, semi_axes in shapes.items()
    ]


def _ellipsoid_contours(center_mm: Point, semi_axes_mm: Point) -> tuple[Loop, ...]:
    a, b, c = semi_axes_mm
    first = _on_planes(center_mm[2] - c)

    def outlines(z: float) -> list[Outline]:
        scale = max(1.0 - ((z - center_mm[2]) / c) ** 2, 0.0) ** 0.5
        return [ellipse(center_mm, (a * scale, b * scale), points=48)] if scale > 0.1 else []

    return _drawn(first, center_mm[2] + c, outlines)


def chest(skin_mm: tuple[float, float], cord_mm: tuple[float, float]) -> list[PhantomStructure]:
    """Organs that both plans have; the skin and the cord are contoured from a height to a height."""
    return _organs(
        Lung_L=_traced(lung(+1), -150.0, 105.0),
        Lung_R=_traced(lung(-1), -150.0, 105.0),
        Heart=_traced(HEART, -111.0, -6.0),
        Esophagus=_drawn(-132.0, 105.0, esophagus),
        SpinalCord=_drawn(*cord_mm, lambda _: [circle((0.0, 68.0), 5.0, points=32)]),
        Liver=_traced(LIVER, -231.0, -81.0),
        Rib=_drawn(-150.0, 99.0, right_ribs),
        Skin=skin(*skin_mm),
    )


def _organs(**contours_mm: tuple[Loop, ...]) -> list[PhantomStructure]:
    return [PhantomStructure(name=name, contours_mm=loops) for name, loops in contours_mm.items()]


# The dose


def beams_dose(target: Target, beams: Beams) -> DoseFunction:
    """Sum of the beams, Gy at a point."""
    directions = [_towards_source(*angles) for angles in beams.gantry_couch_deg]

    def dose(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        offset = [p - c for p, c in zip((x, y, z), target.center_mm, strict=True)]
        total = sum(_beam(offset, direction, target, beams) for direction in directions)
        radius = np.sqrt(sum(d**2 for d in offset))
        scatter = 0.03 * np.exp(-radius / 60.0)
        return beams.center_gy * (total / len(directions) + scatter) / 1.03 * _build_up(body_depth(x, y, z))

    return dose


def _towards_source(gantry_deg: float, couch_deg: float) -> FloatArray:
    """Unit vector from the isocentre to the source (IEC 61217 angles, head first supine, DICOM axes)."""
    gantry, couch = np.radians([gantry_deg, couch_deg])
    return np.array([np.sin(gantry) * np.cos(couch), -np.cos(gantry), np.sin(gantry) * np.sin(couch)])


def _beam(offset: list[FloatArray], direction: FloatArray, target: Target, beams: Beams) -> FloatArray:
    """Relative dose of one beam, about 1 at the isocentre."""
    towards = sum(d * u for d, u in zip(offset, direction, strict=True))
    fall = np.exp(beams.attenuation_per_mm * towards) * (SOURCE_AXIS_MM / (SOURCE_AXIS_MM - towards)) ** 2
    field_mm = _plus(target.ptv_mm, beams.aperture_mm)
    off_axis = _relative_distance(offset, direction, field_mm)  # 1 at the field edge
    steepness = float(np.mean(field_mm)) / beams.penumbra_mm
    edge = 1.0 / (1.0 + np.exp(np.clip((off_axis - 1.0) * steepness, -40.0, 40.0)))
    return fall * edge * (1.0 + beams.peak * np.exp(-2.0 * off_axis**2)) / (1.0 + beams.peak)


def _relative_distance(offset: list[FloatArray], direction: FloatArray, semi_axes_mm: Point) -> FloatArray:
    """Distance from the beam's axis, 1 where the ray just touches the ellipsoid: a line stays a line when scaled."""
    line = direction / np.array(semi_axes_mm)
    line /= np.linalg.norm(line)
    scaled = [d / a for d, a in zip(offset, semi_axes_mm, strict=True)]
    along = sum(s * u for s, u in zip(scaled, line, strict=True))
    return np.sqrt(np.maximum(sum(s**2 for s in scaled) - along**2, 0.0))


def _build_up(depth_mm: FloatArray) -> FloatArray:
    """Dose rises under the skin; the air gets none."""
    return np.where(depth_mm > 0.0, 0.4 + 0.6 * np.clip(depth_mm / 12.0, 0.0, 1.0), 0.0)


# The two plans

LUNG_TARGET = Target(
    center_mm=(-82.0, 24.0, -45.0),
    gtv_mm=(12.0, 11.5, 12.0),
    itv_margin_mm=(1.0, 1.5, 5.0),
    ptv_margin_mm=(5.0, 5.0, 5.0),
)
LUNG_BEAMS = Beams(
    gantry_couch_deg=(
        *((angle % 360.0, 0.0) for angle in np.linspace(165.0, 405.0, 14).tolist()),
        (300.0, 35.0),
        (240.0, -35.0),
        (330.0, 55.0),
    ),
    center_gy=64.0,
    aperture_mm=(1.3, 1.3, 4.8),
    penumbra_mm=2.2,
    peak=0.15,
    attenuation_per_mm=0.002,
)
LIVER_TARGET = Target(
    center_mm=(-35.0, -20.0, -159.0),
    gtv_mm=(15.0, 14.0, 14.0),
    itv_margin_mm=(0.0, 0.0, 0.0),
    ptv_margin_mm=(6.0, 6.0, 8.0),
)
LIVER_BEAMS = Beams(
    gantry_couch_deg=tuple(
        (angle, 0.0) for angle in (190, 210, 230, 250, 270, 290, 310, 330, 353, 15, 40, 65, 90, 130)
    ),
    center_gy=57.0,
    aperture_mm=(1.5, 1.5, 4.2),
    penumbra_mm=2.2,
    peak=0.15,
    attenuation_per_mm=0.0045,
)


def lung_structures() -> list[PhantomStructure]:
    """Structures of the lung plan; the body and the liver go on below the dose grid."""
    return [
        PhantomStructure(name="Body", kind="EXTERNAL", contours_mm=body(-231.0, 150.0)),
        *chest(skin_mm=(-135.0, 45.0), cord_mm=(-159.0, 150.0)),
        *_organs(
            Trachea=_drawn(3.0, 105.0, lambda _: [circle((0.0, 8.0), 9.0, points=32)]),
            Bronchus_Main=_drawn(-27.0, -3.0, main_bronchi),
            GreatVes=_drawn(-132.0, 51.0, great_vessels),
            BrachialPlex_L=_traced(brachial_plexus(+1), 108.0, 150.0, points=32),
            BrachialPlex_R=_traced(brachial_plexus(-1), 108.0, 150.0, points=32),
        ),
        *targets(LUNG_TARGET),
    ]


def lung_dose() -> PhantomDose:
    """Dose of the lung plan: 50 Gy in 5."""
    dose = beams_dose(LUNG_TARGET, LUNG_BEAMS)
    return sample_dose(dose, first_mm=(-174.0, -117.0, -165.0), last_mm=(174.0, 117.0, 156.0), spacing_mm=GRID_MM)


def liver_structures() -> list[PhantomStructure]:
    """Structures of the liver plan; the body and the tops of the lungs go on above the dose grid."""
    return [
        PhantomStructure(name="Body", kind="EXTERNAL", contours_mm=body(-315.0, 108.0)),
        *chest(skin_mm=(-225.0, -93.0), cord_mm=(-297.0, -33.0)),
        *_organs(
            Stomach=_traced(STOMACH, -219.0, -102.0),
            Duodenum=_traced(DUODENUM, -276.0, -159.0),
            Jejunum_Ileum=_drawn(-297.0, -264.0, bowel_loops),
            Colon=_drawn(-297.0, -204.0, colon),
            Kidney_L=_traced(KIDNEY_L, -252.0, -144.0),
            Kidney_R=_traced(KIDNEY_R, -267.0, -159.0),
            Spleen=_traced(SPLEEN, -195.0, -102.0),
        ),
        *targets(LIVER_TARGET),
    ]


def liver_dose() -> PhantomDose:
    """Dose of the liver plan: 45 Gy in 3."""
    dose = beams_dose(LIVER_TARGET, LIVER_BEAMS)
    return sample_dose(dose, first_mm=(-174.0, -117.0, -303.0), last_mm=(174.0, 117.0, -3.0), spacing_mm=GRID_MM)


def write_bundled_plans(out_dir: str | Path) -> list[Path]:
    """Write both plans, each into a folder of its own, and return the folders."""
    lung_folder = write_plan(
        Path(out_dir) / "lung-50gy-5fx",
        structures=lung_structures(),
        dose=lung_dose(),
        prescription=PhantomPrescription(dose_gy=50.0, fractions=5),
        label="LUNG",
    )
    liver_folder = write_plan(
        Path(out_dir) / "liver-45gy-3fx",
        structures=liver_structures(),
        dose=liver_dose(),
        prescription=PhantomPrescription(dose_gy=45.0, fractions=3),
        label="LIVER",
    )
    return [lung_folder, liver_folder]


def main(arguments: Sequence[str]) -> int:
    """Write the plans into the one folder named on the command line."""
    if len(arguments) != 1:
        print("usage: python examples/make_plans.py OUT_DIR", file=sys.stderr)
        return 2
    for folder in write_bundled_plans(arguments[0]):
        print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Phantoms of random contours and doses with closed forms, and what they have to agree with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from exact import EVERYWHERE, Exact, LinearDose, slabs
from sbrtcheck.dvh import DVH, Bounds, DVHSet, EndCaps, compute_dvhs
from sbrtcheck.metric import Measurement, NotMeasured, measure, parse
from sbrtcheck.plan import DoseGrid
from sbrtcheck.tables import Constraint, ConstraintTable, Select, Sense, Source
from shapes import Draw, Plane
from solids import along_x, grid, plan, ring, structure

SOURCE = Source(citation="Nobody 2020", where="nowhere")


@dataclass(frozen=True, kw_only=True)
class Phantom:
    """Contours of some kind in a linear dose, maybe leaving the grid, and its DVHs."""

    planes: list[tuple[float, Plane]]
    dose: LinearDose
    grid: DoseGrid
    leaves: str
    dvh: DVH
    dvhs: DVHSet

    def exact(self, caps: EndCaps, *, whole: bool = False) -> Exact:
        """The closed form under a convention: of what the grid covers, or of the whole structure."""
        there = slabs(self.planes, caps)
        if whole or not self.leaves:
            return Exact(slabs=there, dose=self.dose)
        dx, _ = self.grid.spacing_mm
        dz = float(self.grid.offsets_mm[1])
        x, z = self.grid.origin_mm[0] - dx / 2, self.grid.origin_mm[2] - dz / 2
        reach = (x, x + dx * self.grid.stored.shape[2]) if self.leaves == "x" else EVERYWHERE
        range_mm = (z, z + dz * self.grid.stored.shape[0]) if self.leaves == "z" else EVERYWHERE
        return Exact(slabs=there, dose=self.dose, window=reach, z_range=range_mm)


def random_phantom(rng: np.random.Generator, draw: Draw) -> Phantom:
    """Two to six planes of a kind; one in four leaves the grid along an axis on which dose does not change."""
    leaves = str(rng.choice(["", "", "", "", "", "", "x", "z"]))
    spacing = rng.uniform(1.0, 4.0)
    steps = spacing * rng.uniform(0.85, 1.15, int(rng.integers(2, 7)))  # uneven, but no gap
    heights = np.cumsum(steps) - steps.sum() / 2 + rng.uniform(-4, 4)
    centre = rng.uniform(-6, 6, 2)
    slope = rng.uniform(-1.0, 1.0, 3) * rng.integers(0, 2, 3)
    half = np.array([30.0, 30.0, 24.0])
    first = np.array([-30.0, -30.0, -24.0]) + rng.uniform(-1, 1, 3)
    if leaves:
        axis = "xyz".index(leaves)
        slope[axis], half[axis], first[axis] = 0.0, 6.0, rng.uniform(-9.0, 0.0)
    step = rng.uniform(1.5, 6.0, 3)
    count = np.ceil(2 * half / step).astype(int) + 1
    planes = [(float(z), [loop + centre for loop in draw(rng)]) for z in heights]
    dose = LinearDose(at_0=float(rng.uniform(75, 90)), slope=tuple(slope.tolist()))
    z, y, x = np.meshgrid(*(first[a] + step[a] * np.arange(count[a]) for a in (2, 1, 0)), indexing="ij")
    doses = DoseGrid.axial(dose(x, y, z), origin_mm=tuple(first.tolist()), spacing_mm=tuple(step.tolist()))
    loops = [np.column_stack([loop, np.full(len(loop), z)]) for z, plane in planes for loop in plane]
    rng.shuffle(loops)
    made = compute_dvhs(plan(doses, structure("S", *loops, exclusive_or=True)))  # as the closed form combines them
    return Phantom(planes=planes, dose=dose, grid=doses, leaves=leaves, dvh=made["S"], dvhs=made)


def holds(band: Bounds | Measurement | NotMeasured, truth: float, slack: float) -> None:
    assert not isinstance(band, NotMeasured)
    assert band.low - slack <= truth <= band.high + slack
    assert band.low <= band.value <= band.high


def check_against_closed_form(rng: np.random.Generator, made: Phantom, dvh: DVH) -> None:
    assert dvh.end_caps is not None
    inside = made.exact(dvh.end_caps)
    whole = made.exact(dvh.end_caps, whole=True) if made.leaves else inside
    outside_cc = max(whole.volume_cc - inside.volume_cc, 0.0)
    assert dvh.volume == pytest.approx(whole.volume_cc, rel=1e-7)
    assert dvh.uncovered_cc == pytest.approx(outside_cc, rel=1e-6, abs=1e-8)
    if inside.volume_cc < 1e-6:
        return
    faces_gy = largest_dose_on_faces(made.grid) if outside_cc else 0.0
    least, most = inside.extremes_gy
    same_gy = 1.1e-5 * float(made.grid.max_gy) + 1e-4  # doses closer than this are one dose to a DVH
    for dose_gy in rng.uniform(least, most, 3):
        covered_cc = inside.volume_at(dose_gy)
        near = [inside.volume_at(dose_gy + off_gy) for off_gy in (-1e-4, 1e-4)]
        plateau = near[0] - near[1] < 1e-6 * dvh.volume  # pieces far apart: the volume has more than one dose
        # what lies outside has no dose, or as much as the faces: both are in the bounds
        for volume_cc in {covered_cc, covered_cc + outside_cc * (faces_gy >= dose_gy)}:
            cold_cc = dvh.volume - volume_cc
            if volume_cc > 1e-5 and cold_cc > 1e-5 and not plateau:
                holds(measure(f"D{volume_cc:.12f}cc[Gy]", dvh), dose_gy, 2e-4)
                holds(measure(f"DC{cold_cc:.12f}cc[Gy]", dvh), dose_gy, 2e-4)
        fewer, more = inside.volume_at(dose_gy + same_gy), inside.volume_at(dose_gy - same_gy)
        at, cold = (measure(f"{v}{dose_gy:.9f}Gy[cc]", dvh) for v in ("V", "CV"))
        assert at.low - 1e-8 <= more + outside_cc * (faces_gy >= dose_gy - same_gy)
        assert at.high + 1e-8 >= fewer + outside_cc * (faces_gy >= dose_gy + same_gy)
        assert at.low - 1e-8 <= more
        assert at.high + 1e-8 >= fewer
        assert cold.low - 1e-8 <= dvh.volume - fewer
        assert cold.high + 1e-8 >= dvh.volume - more
    share = inside.volume_cc / whole.volume_cc
    holds(measure("Mean[Gy]", dvh), inside.mean_gy * share, 2e-4)
    holds(measure("Max[Gy]", dvh), most, 2e-4)
    holds(measure("Min[Gy]", dvh), 0.0 if dvh.uncovered_cc else least, 2e-4)
    holds(measure("Mean[Gy]", dvh), inside.mean_gy * share + faces_gy * (1 - share), 2e-4)


def largest_dose_on_faces(doses: DoseGrid) -> float:
    d = doses.values_gy
    return float(max(face.max() for face in (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1])))


def one_row(metric: str, sense: Sense, limit: float, **fields: object) -> ConstraintTable:
    row = Constraint(
        id="row",
        structures=("SpinalCord",),
        select=Select.EACH,
        organ="Spinal cord",
        metric=parse(metric),
        sense=sense,
        limit=limit,
        source=SOURCE,
        confirmed_by=("one", "another"),
        **fields,
    )
    return ConstraintTable(
        id="t", version="1", title="T", site="lung", fractions=(5,), sources=(SOURCE,), rows=(row,), path="bundled"
    )


CORD = structure("SpinalCord", *[ring(5.0, z) for z in np.arange(-20.0, 21, 2)])


STEEP = plan(grid(along_x(2.0, middle=80.0)), CORD)

"""One plan written in other coordinates, other units or other samples of the same dose: its report stays.

Each law turns a plan into another whose report is known from the first one, value by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from dvh_builders import row, table
from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.judge import evaluate
from sbrtcheck.metric import DoseAtVolume, Measurement, Unit, VolumeAtDose
from sbrtcheck.plan import DoseGrid, Plan, Prescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome, Report
from sbrtcheck.tables import Constraint, RowSide, Select
from solids import Array, ring, structure

ROWS = (
    row("D0.1cc[Gy]", "below", 30.0, "SpinalCord", id="cord"),
    row("Mean[Gy]", "below", 20.0, "Lung_L", "Lung_R", id="sided", side=RowSide.IPSILATERAL),
    row("V10Gy[%]", "below", 20.0, "Lung_L", "Lung_R", id="both", select=Select.UNION),
    row("DC5cc[Gy]", "below", 20.0, "Lung_R", id="cold"),
    row("D95%[Gy]", "at_least", 30.0, "PTV", id="target"),
    row("V20Gy[cc]", "below", 20.0, "Lung_L", id="volume"),
    row("gEUD(a=4)[Gy]", "below", 30.0, "Lung_R", id="geud"),
    row("D0.2cc[Gy]", "below", 60.0, "SpinalCord", id="eqd2", quantity=Quantity.EQD2, alpha_beta_gy=2.0),
    row("V50%Rx_outside_PTV[cc]", "below", 50.0, "PTV", id="outside"),
)
PLACES = {"PTV": (-18.0, 2.0, 7.0, 7.0), "Lung_R": (-20.0, 0.0, 11.0, 16.0), "Lung_L": (20.0, 0.0, 12.0, 16.0),
          "SpinalCord": (0.0, 18.0, 3.0, 16.0)}  # fmt: skip
"""Middle x and y, radius and half height, mm."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A plan before it is one: loops by structure, doses on an upright grid, prescribed dose."""

    loops: Mapping[str, list[Array]]
    dose: Array
    origin: Array
    spacing: Array
    rx_gy: float = 50.0

    def report(self, rows: tuple[Constraint, ...] = ROWS) -> Report:
        dose = DoseGrid.axial(self.dose, origin_mm=tuple(self.origin), spacing_mm=tuple(self.spacing))
        structures = tuple(
            structure(name, *loops, number=number, kind="PTV" if name == "PTV" else "ORGAN")
            for number, (name, loops) in enumerate(sorted(self.loops.items()), start=1)
        )
        prescription = Prescription(dose_gy=self.rx_gy, fractions=5)
        dvhs = compute_dvhs(Plan(dose=dose, structures=structures, prescription=prescription))
        return evaluate(table(*rows, site="multi"), dvhs, accept_dose=True, allow_lint_errors=True)


def made(seed: int) -> Made:
    rng = np.random.default_rng(seed)
    spacing = rng.uniform(3.0, 5.0, 3)
    origin = np.array([-42.0, -30.0, -28.0]) + rng.uniform(-1.0, 1.0, 3)
    counts = np.ceil(-2 * origin / spacing).astype(int) + 2
    z, y, x = np.meshgrid(*(origin[a] + spacing[a] * np.arange(counts[a]) for a in (2, 1, 0)), indexing="ij")
    r = np.sqrt((x + 18) ** 2 + (y - 2) ** 2 + z**2)
    loops = {}
    for name, (x0, y0, radius, half) in PLACES.items():
        centre = (x0 + float(rng.uniform(-1, 1)), y0 + float(rng.uniform(-1, 1)))
        heights = np.arange(-half + 1.0, half, 2.0)
        loops[name] = [ring(radius, float(height), centre=centre, points=12) for height in heights]
    dose = 55 * np.exp(-np.maximum(r - 8, 0) / rng.uniform(6, 14)) + rng.uniform(0, 0.5, r.shape)
    return Made(loops=loops, dose=dose, origin=origin, spacing=spacing)


def _moved(plan: Made, by: Callable[[Array], Array]) -> dict[str, list[Array]]:
    return {name: [by(loop) for loop in loops] for name, loops in plan.loops.items()}


def _swapped(name: str) -> str:
    return {"_L": f"{name[:-2]}_R", "_R": f"{name[:-2]}_L"}.get(name[-2:], name)


def _assert_same(first: Report, other: Report, factor: Callable[[Unit], float] = lambda _: 1.0) -> None:
    """The same rows with the same values, by a factor for their unit: each within the bounds of the other."""
    pairs = list(zip(first.outcomes, other.outcomes, strict=True))
    assert pairs
    for one, two in pairs:
        assert one.row_id == two.row_id
        assert isinstance(one.measurement, Measurement)
        assert isinstance(two.measurement, Measurement)
        by, value = factor(one.measurement.unit), two.measurement.value
        slack = 2e-4 * max(by, 1.0) + 1e-6 * value  # doses are answered to 0.1 mGy
        assert one.measurement.low * by - slack <= value <= one.measurement.high * by + slack, one
        assert two.measurement.low - slack <= one.measurement.value * by <= two.measurement.high + slack, one
        if not (one.borderline or two.borderline):
            assert one.verdict is two.verdict


SEEDS = [1, 2]


@pytest.mark.parametrize("seed", SEEDS)
def test_another_origin_of_the_coordinates_changes_nothing(seed: int) -> None:
    plan, by = made(seed), np.array([812.375, -431.625, 97.25])
    _assert_same(
        plan.report(), replace(plan, loops=_moved(plan, lambda loop: loop + by), origin=plan.origin + by).report()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_seen_in_a_mirror_with_left_and_right_exchanged_has_the_same_report(seed: int) -> None:
    plan = made(seed)
    last_x = plan.origin[0] + plan.spacing[0] * (plan.dose.shape[2] - 1)
    mirrored = _moved(plan, lambda loop: loop * [-1.0, 1.0, 1.0])
    other = replace(
        plan,
        loops={_swapped(name): loops for name, loops in mirrored.items()},
        dose=plan.dose[:, :, ::-1],
        origin=np.array([-last_x, *plan.origin[1:]]),
    )
    rows = tuple(replace(one, structures=tuple(map(_swapped, one.structures))) for one in ROWS)
    first, second = plan.report(), other.report(rows)
    _assert_same(first, second)
    assert [_organs(one) for one in first.outcomes] == [[_swapped(o) for o in _organs(two)] for two in second.outcomes]


def _organs(outcome: Outcome) -> list[str]:
    return outcome.organ.split(" + ")


@pytest.mark.parametrize("seed", SEEDS)
def test_twice_the_dose_of_twice_the_prescription_by_twice_the_limits_is_judged_alike(seed: int) -> None:
    plan, twice = made(seed), 2.0
    physical = tuple(one for one in ROWS if one.quantity is Quantity.PHYSICAL)
    first = plan.report(physical)
    second = replace(plan, dose=plan.dose * twice, rx_gy=plan.rx_gy * twice).report(tuple(_doses_by(physical, twice)))
    _assert_same(first, second, lambda unit: twice if unit is Unit.GY else 1.0)


def _doses_by(rows: tuple[Constraint, ...], factor: float) -> Iterator[Constraint]:
    for one in rows:
        metric = one.metric
        if isinstance(metric, VolumeAtDose) and metric.dose_unit is Unit.GY:
            metric = replace(metric, dose=metric.dose * factor)
        assert isinstance(one.limit, float)
        yield replace(one, metric=metric, limit=one.limit * (factor if metric.unit is Unit.GY else 1.0))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_of_half_the_size_by_limits_of_an_eighth_of_the_volume_is_judged_alike(seed: int) -> None:
    plan, half = made(seed), 0.5
    other = replace(
        plan,
        loops=_moved(plan, lambda loop: loop * half),
        origin=plan.origin * half,
        spacing=plan.spacing * half,
    )
    first, second = plan.report(), other.report(tuple(_volumes_by(ROWS, half**3)))
    _assert_same(first, second, lambda unit: half**3 if unit is Unit.CC else 1.0)


def _volumes_by(rows: tuple[Constraint, ...], factor: float) -> Iterator[Constraint]:
    for one in rows:
        metric = one.metric
        if isinstance(metric, DoseAtVolume) and metric.volume_unit is Unit.CC:
            metric = replace(metric, volume=metric.volume * factor)
        assert isinstance(one.limit, float)
        yield replace(one, metric=metric, limit=one.limit * (factor if metric.unit is Unit.CC else 1.0))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_points_put_half_way_between_those_of_the_dose_tell_nothing_new(seed: int, axis: int) -> None:
    """The dose is linear between grid points, so what is added is what was there; whole isodoses end with the grid."""
    plan = made(seed)
    first, last = np.moveaxis(plan.dose, axis, 0)[:-1], np.moveaxis(plan.dose, axis, 0)[1:]
    finer = np.empty((2 * plan.dose.shape[axis] - 1, *first.shape[1:]))
    finer[::2], finer[1::2] = np.moveaxis(plan.dose, axis, 0), (first + last) / 2
    spacing = plan.spacing.copy()
    spacing[2 - axis] /= 2
    rows = tuple(one for one in ROWS if one.id != "outside")
    _assert_same(plan.report(rows), replace(plan, dose=np.moveaxis(finer, 0, axis), spacing=spacing).report(rows))

"""Bounds that are refined for rows: as close as values are printed, closer where a verdict needs it, alone or together.

A tube and a block in a dose that is no plane anywhere, so that elements have bounds of some width.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from dvh_builders import dvh_set, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import DVHSet, compute_dvhs
from sbrtcheck.metric import Measurement
from sbrtcheck.plan import Plan
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Outcome
from sbrtcheck.tables import Constraint
from solids import grid, plan, rectangle, ring, structure

EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0}
BED = {"quantity": Quantity.BED, "alpha_beta_gy": 10.0}
KINDS = {
    "small volume": ("D0.1cc[Gy]", {}),
    "volume": ("D1cc[Gy]", {}),
    "share": ("D20%[%Rx]", {}),
    "cold": ("DC1cc[Gy]", {}),
    "median": ("Median[Gy]", {}),
    "volume at dose": ("V25Gy[cc]", {}),
    "share at dose": ("V25Gy[%]", {}),
    "share at percent": ("V50%Rx[%]", {}),
    "cold at dose": ("CV25Gy[cc]", {}),
    "mean": ("Mean[Gy]", {}),
    "EUD": ("gEUD(a=4)[Gy]", {}),
    "in EQD2": ("D1cc[Gy]", EQD2),
    "in BED": ("D1cc[Gy]", BED),
    "volume at EQD2": ("V40Gy[cc]", EQD2),
    "volume at BED": ("V40Gy[cc]", BED),
    "mean of EQD2": ("Mean[Gy]", EQD2),
    "mean of BED": ("Mean[Gy]", BED),
    "EUD of EQD2": ("gEUD(a=4)[Gy]", EQD2),
}


def ball_of_dose() -> Plan:
    dose = grid(lambda x, y, z: 55.0 * np.exp(-((x + 3.0) ** 2 + y**2 + (z - 1.0) ** 2) / 500.0), spacing_mm=4.0)
    tube = structure("SpinalCord", *[ring(6.0, z, centre=(4.0, 3.0)) for z in np.arange(-12.0, 13.0, 3.0)])
    block = structure("Heart", *[rectangle(-16.0, 6.0, -8.0, 9.0, z) for z in np.arange(-6.0, 13.0, 3.0)], number=2)
    return plan(dose, tube, block)


@cache
def dvhs() -> DVHSet:
    return compute_dvhs(ball_of_dose())


def asked(kind: str, organ: str, limit: float, sense: str = "below") -> Constraint:
    metric, fields = KINDS[kind]
    return row(metric, sense, limit, organ, id=f"{kind} {organ} {limit:g} {sense}".lower().replace(" ", "-"), **fields)


def judged(*rows: Constraint) -> tuple[Outcome, ...]:
    return report_on(table(*rows), dvhs()).outcomes


@cache
def measured(kind: str, organ: str) -> Measurement:
    """Far from any limit: as close as the value is printed."""
    (outcome,) = judged(asked(kind, organ, 1e6))
    assert isinstance(outcome.measurement, Measurement)
    return outcome.measurement


def undecided_share(found: Measurement) -> float:
    """The width of bounds, as a share of what leaves a verdict undecided for any practical purpose."""
    close = {"Gy": 0.01, "%Rx": 0.1, "%": 0.1, "cc": 1e-3 * dvhs()["SpinalCord"].volume}[str(found.unit)]
    return (found.high - found.low) / close


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_has_bounds_of_a_thousandth_and_a_limit_near_it_closer_ones(kind: str) -> None:
    far = measured(kind, "SpinalCord")
    assert far.low <= far.value <= far.high
    assert far.high - far.low <= 2.2e-3 * far.value or undecided_share(far) <= 1.1
    for share, sense in ((-0.4, "below"), (0.4, "at_least")):
        limit = far.value + share * (far.high - far.low)
        (outcome,) = judged(asked(kind, "SpinalCord", limit, sense))
        found = outcome.measurement
        assert isinstance(found, Measurement)
        assert outcome.verdict == ("PASS" if (found.value < limit) == (sense == "below") else "FAIL")
        assert outcome.borderline == (found.low < limit <= found.high)
        assert found.high - found.low <= (far.high - far.low) * 1.001
        assert not outcome.borderline or undecided_share(found) <= 1.1


def test_rows_together_come_to_what_each_comes_to_alone() -> None:
    rows = []
    of_both = [(kind, organ) for kind in list(KINDS)[::2] for organ in ("SpinalCord", "Heart")]
    for n, (kind, organ) in enumerate(of_both):
        far = measured(kind, organ)
        shares = (0.0, 0.3, 5.0, -0.3)
        limit = max(far.value + shares[n % 4] * (far.high - far.low), 1e-3)
        rows.append(asked(kind, organ, limit, "at_most" if n % 3 else "above"))
    together = judged(*rows, *(replace(one, id=f"again-{one.id}") for one in rows[:6]))
    alone = [judged(one)[0] for one in rows]
    for one, other in zip(together, [*alone, *alone[:6]], strict=True):
        assert (one.verdict, one.borderline) == (other.verdict, other.borderline)
        assert isinstance(one.measurement, Measurement)
        assert isinstance(other.measurement, Measurement)
        assert one.measurement.value == pytest.approx(other.measurement.value, abs=2e-3)


def test_what_was_not_computed_here_keeps_its_bounds() -> None:
    wide = uniform_dvh(dose_gy=20.0, half_width_gy=1.0)
    (outcome,) = report_on(table(row("D1cc[Gy]", "below", 20.5)), dvh_set(wide)).outcomes
    found = outcome.measurement
    assert isinstance(found, Measurement)
    assert (found.low, found.high, outcome.borderline) == (19.0, 21.0, True)

"""DVHs made by hand, for tests: no plan, no dose grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sbrtcheck.dvh import DVH, Bounds, Curve, DVHSet, Model, NoDVH, Origin, VolumeUnit
from sbrtcheck.judge import evaluate
from sbrtcheck.metric import Metric, parse
from sbrtcheck.plan import Contours, DoseGrid, Plan, Prescription, Structure, UnknownPrescription
from sbrtcheck.results import Report
from sbrtcheck.tables import Constraint, ConstraintTable, Limit, Select, Sense, Source

FIFTY_IN_FIVE = Prescription(dose_gy=50.0, fractions=5)
NOT_KNOWN = UnknownPrescription(reason="no RT Plan")
SOURCE = Source(citation="Doe 2020", doi="10.0/x", where="Table 1")
TWO_READINGS = ("print", "transcription")


def exact(value: float) -> Bounds:
    """A number without error."""
    return Bounds(value=value, low=value, high=value)


def band(value: float, half_width: float) -> Bounds:
    """A number, known to within a half width; never below 0."""
    return Bounds(value=value, low=max(value - half_width, 0.0), high=value + half_width)


def curve(doses_gy: Sequence[float], volumes: Sequence[float]) -> Curve:
    """A cumulative curve through the points."""
    return Curve(dose_gy=np.asarray(doses_gy, dtype=np.float64), volume=np.asarray(volumes, dtype=np.float64))


def ramp_dvh(
    name: str = "SpinalCord",
    *,
    volume_cc: float = 10.0,
    low_gy: float = 0.0,
    high_gy: float = 20.0,
    half_width_gy: float = 0.0,
    **fields: Any,
) -> DVH:
    """Dose spread evenly between two doses: D at v cc is ``high - v / volume * (high - low)``.

    The upper bound is the same ramp, moved ``half_width_gy`` up. The lower one is moved down as far, but no dose of it
    below 0: with ``low_gy < half_width_gy`` it begins at 0 and is the steeper ramp from there.
    """
    e = half_width_gy
    defaults: dict[str, Any] = {
        "name": name,
        "number": 1,
        "origin": Origin.COMPUTED,
        "volume": volume_cc,
        "curve": _ramp(low_gy, high_gy, volume_cc),
        "lower": _ramp(max(low_gy - e, 0.0), max(high_gy - e, 0.0), volume_cc),
        "upper": _ramp(low_gy + e, high_gy + e, volume_cc),
        "mean_gy": band((low_gy + high_gy) / 2, e),
        "min_gy": band(low_gy, e),
        "max_gy": band(high_gy, e),
        "prescription": FIFTY_IN_FIVE,
        "model": Model(),
    }
    return DVH(**(defaults | fields))


def uniform_dvh(name: str = "SpinalCord", *, volume_cc: float = 10.0, dose_gy: float = 20.0, **fields: Any) -> DVH:
    """The same dose everywhere."""
    return ramp_dvh(name, volume_cc=volume_cc, low_gy=dose_gy, high_gy=dose_gy, **fields)


def partly_outside(inside_gy: float, uncovered_cc: float, name: str = "Heart") -> DVH:
    """10 cc of which so many count at 0 Gy, and the others have that dose."""
    inside_cc = 10.0 - uncovered_cc
    at = curve([0.0, 0.0, inside_gy, inside_gy], [10.0, inside_cc, inside_cc, 0.0])
    made = uniform_dvh(name, dose_gy=inside_gy, uncovered_cc=uncovered_cc)
    mean = exact(inside_gy * inside_cc / 10.0)
    return replace(made, curve=at, lower=at, upper=at, min_gy=exact(0.0), mean_gy=mean)


def percent_dvh(name: str = "SpinalCord", *, low_gy: float = 0.0, high_gy: float = 20.0, **fields: Any) -> DVH:
    """As a planning system stores it without absolute volumes."""
    stored = {"origin": Origin.STORED, "volume_unit": VolumeUnit.PERCENT, "model": None}
    return ramp_dvh(name, volume_cc=100.0, low_gy=low_gy, high_gy=high_gy, **(stored | fields))


def _ramp(low_gy: float, high_gy: float, volume: float) -> Curve:
    return curve([0.0, low_gy, high_gy], [volume, volume, 0.0])


def dvh_set(
    *dvhs: DVH, without: tuple[NoDVH, ...] = (), rx: Prescription | UnknownPrescription = FIFTY_IN_FIVE
) -> DVHSet:
    """DVHs of one plan; ROI numbers are dealt anew, derived ones keep -1."""
    numbered = tuple(
        replace(one, prescription=rx) if one.number < 0 else replace(one, number=n, prescription=rx)
        for n, one in enumerate(dvhs, start=1)
    )
    origin = dvhs[0].origin if dvhs else Origin.COMPUTED
    return DVHSet(
        dvhs=numbered,
        without=without,
        prescription=rx,
        origin=origin,
        provenance={"plan": "1.2.3", "doses": ("1.2.4", "1.2.5")},
    )


def report_on(asked: ConstraintTable | Sequence[ConstraintTable], dvhs: DVHSet, **options: Any) -> Report:
    """What the rows come to on doses that are no plan's, which the user accepts."""
    return evaluate(asked, dvhs, **{"accept_dose": True} | options)


def row(metric: str | Metric, sense: str, limit: Limit, *structures: str, **fields: Any) -> Constraint:
    """One confirmed row of a table."""
    defaults: dict[str, Any] = {
        "id": "row",
        "structures": structures or ("SpinalCord",),
        "select": Select.EACH,
        "organ": "",
        "metric": parse(metric) if isinstance(metric, str) else metric,
        "sense": Sense(sense),
        "limit": limit,
        "source": SOURCE,
        "confirmed_by": TWO_READINGS,
    }
    return Constraint(**(defaults | fields))


def table(*rows: Constraint, **fields: Any) -> ConstraintTable:
    """A table for 5 fractions."""
    defaults: dict[str, Any] = {
        "id": "test-table",
        "version": "1",
        "title": "Table of a test",
        "site": "lung",
        "fractions": (5,),
        "sources": (SOURCE,),
        "rows": rows,
        "sha256": "0123456789abcdef" * 4,
        "path": "bundled",
    }
    return ConstraintTable(**(defaults | fields))


def box(x_mm: float) -> Contours:
    """10 mm x 10 mm on five planes 2 mm apart: 1 cc with half-slice end caps."""
    x0, x1 = x_mm, x_mm + 10.0
    return Contours.of(*([[x0, 0, z], [x1, 0, z], [x1, 10, z], [x0, 10, z]] for z in (0, 2, 4, 6, 8)))


def plan_of(**boxes_mm: float) -> Plan:
    """10 Gy everywhere, and a box for each name."""
    dose = DoseGrid.axial(np.full((12, 24, 32), 10.0), origin_mm=(-20.0, -15.0, -10.0), spacing_mm=(2.0, 2.0, 3.0))
    structures = tuple(
        Structure(name=name, number=n, contours=box(x)) for n, (name, x) in enumerate(boxes_mm.items(), start=1)
    )
    return Plan(dose=dose, structures=structures, prescription=FIFTY_IN_FIVE)

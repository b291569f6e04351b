"""Why a planning system has another DVH: each reason on a structure whose system computes just so."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from folders import TESTS


@pytest.fixture(scope="module")
def used() -> SimpleNamespace:
    """`planning_systems`, `readings` and `sampler`."""
    names = ("planning_systems", "readings", "sampler")
    with pytest.MonkeyPatch.context() as patch:
        for folder in ("benchmarks", "cross_checks", "validation"):
            patch.syspath_prepend(str(TESTS / folder))
        for name in names:
            __import__(name)
    return SimpleNamespace(**{name: sys.modules[name] for name in names})


def circle(radius_mm: float, z: float, x: float = 0.0) -> np.ndarray:
    angle = 2.0 * np.pi * np.arange(60) / 60
    return np.column_stack((x + radius_mm * np.cos(angle), radius_mm * np.sin(angle), np.full(60, z)))


def grid(used: SimpleNamespace) -> object:
    """Points 2.5 mm apart; dose falls by 1 Gy/mm along z."""
    x, z = np.arange(-30.0, 31.0, 2.5), np.arange(-30.0, 31.0, 3.0)
    values = np.broadcast_to((40.0 - z)[:, None, None], (len(z), len(x), len(x))).copy()
    return used.sampler.Grid(values_gy=values, x=x, y=x, z=z)


def given(used: SimpleNamespace, loops: list[np.ndarray], way: object) -> object:
    """What a system that computes in some way says of a structure: its values, and its curve in bins of 0.1 Gy."""
    samples = used.sampler.sampled(loops, grid(used), way)
    read = used.readings.values(samples, way)
    doses = np.arange(0.0, 75.0, 0.1)
    volumes = np.array([samples.volumes_cc[samples.doses_gy >= dose].sum() for dose in doses])
    return used.planning_systems.Given(
        structure="S",
        values={value: read[name] for value, name in used.planning_systems.READ_AS.items()},
        curve=used.planning_systems.Curve(dose_gy=doses, volume=volumes),
    )


SHEARED = [circle(4.0, z, x=0.8 * z) for z in np.arange(-12.0, 13.0, 3.0)]
"""Each contour beside its neighbours by more than half of its radius: blended by distance, it is thinner between."""


def test_a_system_that_blends_outlines_is_told_by_its_curve(used: SimpleNamespace) -> None:
    systems = used.planning_systems
    theirs = given(used, SHEARED, used.sampler.Way(blend=True))
    found = systems.explained(theirs, SHEARED, grid(used))
    assert (found.reason, found.left) == (systems.BLENDED, ())


def test_a_system_that_leaves_planes_out_is_told_by_which_and_how_many(used: SimpleNamespace) -> None:
    """Two of 30 planes, of 13 Gy less than the others are: at the other end, the curve does not fit."""
    systems, way = used.planning_systems, used.sampler.Way(heights=used.sampler.Heights.NO_ENDS)
    whole = [circle(9.0, z) for z in np.linspace(-29.0, 29.0, 30)]
    found = systems.explained(given(used, whole[:-2], way), whole, grid(used))
    assert (found.reason, found.left) == (systems.LOST.format("last", 2, 30), ())


def test_what_no_reason_gives_is_not_explained(used: SimpleNamespace) -> None:
    """Values alone are not enough: a curve that is another leaves the structure without a reason."""
    systems, way = used.planning_systems, used.sampler.Way(blend=True)
    theirs = given(used, SHEARED, way)
    other = systems.Curve(dose_gy=theirs.curve.dose_gy + 3.0 * (theirs.curve.dose_gy > 0), volume=theirs.curve.volume)
    changed = systems.Given(structure="S", values=theirs.values, curve=other)
    assert systems.explained(changed, SHEARED, grid(used)).left == ("its curve",)


def test_a_table_of_eclipse_is_read_in_cc(used: SimpleNamespace, tmp_path: Path) -> None:
    folder = tmp_path / "dvh_tables"
    folder.mkdir()
    head = "Cord_DvhArray Dose (Gy),Cord_DvhArray Value (% of 20.0 cc),"
    (folder / "Some_DvhTable_Eclipse.csv").write_text(f"{head}\n0,100\n10,100\n20,0\n", encoding="utf-8")
    (one,) = used.planning_systems._tabulated([tmp_path / "rtdose.dcm"])
    assert one.structure == "Cord"
    assert one.values["volume"] == pytest.approx(20.0)
    assert (one.values["mean"], one.values["D50%"]) == (pytest.approx(15.0), pytest.approx(15.0))

"""Plans from arrays: what `DoseGrid` and `Contours` say, and every fault named."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import sbrtcheck
from folders import ROOT
from sbrtcheck import check, compute_dvhs, load_plan
from sbrtcheck.errors import GeometryError, InputError
from sbrtcheck.plan import Plan, Prescription, UnknownPrescription
from solids import rectangle

BOX = [rectangle(4, 16, 6, 14, z) for z in (2.0, 4.0, 6.0)]


def given(**changes: Any) -> dict[str, Any]:
    """Arguments that make a plan, with some changed."""
    k, j, i = np.indices((6, 11, 11))
    usual = {
        "dose": 1.0 * i + 2.0 * j + 3.0 * k,
        "spacing_mm": (2, 2, 2),
        "origin_mm": (0, 0, 0),
        "contours": {"PTV": BOX},
        "prescription": "50Gy/5",
    }
    return {**usual, **changes}


def plan_of(**changes: Any) -> Plan:
    arguments = given(**changes)
    return Plan.from_arrays(arguments.pop("dose"), **arguments)


def test_the_dvh_is_that_of_the_arrays() -> None:
    dvh = sbrtcheck.compute_dvhs(plan_of())["PTV"]
    assert dvh.volume == pytest.approx(12 * 8 * 6 / 1000)
    assert dvh.mean_gy.value == pytest.approx(5 + 2 * 5 + 3 * 2, abs=1e-3)


def test_axes_may_be_any_at_right_angles() -> None:
    axes = np.array([[0, 1.0, 0], [1, 0, 0], [0, 0, -1]])
    plan = plan_of(axes=axes, origin_mm=(0, 0, 8))
    # i runs along y, j along x, k downwards from 8 mm
    assert sbrtcheck.compute_dvhs(plan)["PTV"].mean_gy.value == pytest.approx(5 + 2 * 5 + 3 * 2, abs=1e-3)


def test_frames_may_be_uneven() -> None:
    plan = plan_of(spacing_mm=(2, 2), offsets_mm=[0, 1, 3, 6, 10, 15])
    assert plan.dose.offsets_mm.tolist() == [0, 1, 3, 6, 10, 15]
    # a plane at 4 mm lies a third of the way from frame 2 to frame 3
    flat = sbrtcheck.compute_dvhs(plan, structures=["PTV"])["PTV"]
    assert flat.volume == pytest.approx(12 * 8 * 6 / 1000)


@pytest.mark.parametrize("prescription", ["50Gy/5", (50, 5), (50.0, 5.0), Prescription(dose_gy=50.0, fractions=5)])
def test_the_prescription_may_be_text_numbers_or_a_value(prescription: Any) -> None:
    rx = plan_of(prescription=prescription).prescription
    assert isinstance(rx, Prescription)
    assert (rx.dose_gy, rx.fractions) == (50.0, 5)


def test_no_prescription_is_unknown() -> None:
    assert isinstance(plan_of(prescription=None).prescription, UnknownPrescription)


def test_a_structure_may_have_no_contours() -> None:
    dvhs = sbrtcheck.compute_dvhs(plan_of(contours={"PTV": BOX, "Heart": []}))
    assert [dvh.name for dvh in dvhs] == ["PTV"]
    assert [none.name for none in dvhs.without] == ["Heart"]


def test_a_plan_from_arrays_is_evaluated_as_any_other() -> None:
    dvhs = sbrtcheck.compute_dvhs(plan_of(contours={"PTV": BOX, "SpinalCord": BOX}))
    report = sbrtcheck.evaluate([sbrtcheck.load_table("tg101-5fx")], dvhs)
    assert any(outcome.contour == "SpinalCord" for outcome in report.outcomes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"dose": np.ones((3, 4))}, "not three dimensions"),
        ({"dose": np.ones((3, 0, 4))}, "no voxel"),
        ({"dose": np.full((3, 4, 5), np.nan)}, "dose: .*not a finite number"),
        ({"dose": np.ones((3, 4, 5), dtype=complex)}, "of type complex128"),
        ({"dose": np.ones((3, 4, 5), dtype=bool)}, "of type bool"),
        ({"spacing_mm": (2, 2)}, "spacing_mm"),
        ({"spacing_mm": (2, -2, 2)}, "not above 0"),
        ({"spacing_mm": "near"}, "are no numbers"),
        ({"origin_mm": (0, 0, np.inf)}, "origin_mm.*not a finite number"),
        ({"offsets_mm": [0, 1, 2]}, "offsets_mm: shape"),
        ({"offsets_mm": [1, 2, 3, 4, 5, 6]}, "begin at 0"),
        ({"offsets_mm": [0, 2, 1, 4, 5, 6]}, "rise"),
        ({"axes": 2 * np.eye(3)}, "not of length 1"),
        ({"prescription": "50"}, "prescription"),
        ({"prescription": (50,)}, "prescription"),
        ({"prescription": (50, 4.5)}, "the second a whole one"),
        ({"prescription": (5, 50)}, "less than 1 Gy a fraction"),
        ({"prescription": (50, 0)}, "number of fractions"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        plan_of(**changes)


def test_all_faulty_contours_are_named_at_once() -> None:
    contours = {
        "Heart": [BOX[0][:2], BOX[0]],
        "Cord": [BOX[0][:, :2], [[1, 2, np.nan]] * 3, "points"],
    }
    with pytest.raises(InputError) as caught:
        plan_of(contours=contours)
    text = str(caught.value)
    for part in ("1 of 'Heart' has 2 point", "1 of 'Cord' has shape", "2 of 'Cord' has a coord", "3 of 'Cord' is no"):
        assert part in text


def test_axes_that_are_not_at_right_angles_are_refused() -> None:
    axes = np.eye(3)
    axes[0] = [np.sqrt(0.5), np.sqrt(0.5), 0]
    with pytest.raises(GeometryError, match="right angles"):
        plan_of(axes=axes)


# -------------------------------------------------------------------------------- a plan of files, as arrays

PLANS = ROOT / "examples" / "plans"
ONLY_FILES_SAY = {"plan_label", "provenance"}


def as_arrays(plan: Plan) -> Plan:
    """The dose in Gy and the polygons of a plan, and nothing else of it."""
    dose, contours = plan.dose, {}
    for structure in plan.structures:
        read = structure.contours.read()
        contours[structure.name] = [read.points_mm[i:j] for i, j in pairwise(read.starts)]
    rx = plan.prescription
    assert isinstance(rx, Prescription)
    return Plan.from_arrays(
        dose.values_gy,
        spacing_mm=dose.spacing_mm,
        origin_mm=dose.origin_mm.tolist(),
        offsets_mm=dose.offsets_mm.tolist(),
        axes=dose.axes,
        contours=contours,
        prescription=rx,
    )


def assert_same(found: Any, wanted: Any, at: str = "") -> None:
    """Equal but for numbers: doses of files are whole numbers times a scale, and round otherwise in the last bit."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), at
        for key in wanted:
            assert_same(found[key], wanted[key], f"{at}/{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), at
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert_same(one, other, f"{at}/{place}")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=5e-5, abs=5e-5), at
    else:
        assert found == wanted, at


@pytest.mark.slow
@pytest.mark.parametrize(("name", "table"), [("lung-50gy-5fx", "rtog-0813"), ("liver-45gy-3fx", "tg101-3fx")])
def test_a_plan_of_files_as_arrays_gives_the_same_report_but_for_what_only_files_say(name: str, table: str) -> None:
    plan = load_plan(PLANS / name)
    of_files, of_arrays = (check(one, table).to_dict() for one in (plan, as_arrays(plan)))
    assert {key: of_arrays["provenance"][key] for key in ("plan", "doses", "structure_set")} == {
        "plan": "",
        "doses": [],
        "structure_set": "",
    }
    for listed in (of_files, of_arrays):
        for key in ONLY_FILES_SAY:
            del listed[key]
        del listed["prescription"]["source"]
    assert_same(of_arrays, of_files)


def test_contours_as_arrays_on_the_dose_of_the_files_give_the_very_same_dvhs() -> None:
    plan = load_plan(PLANS / "lung-50gy-5fx")
    of_files, of_arrays = (compute_dvhs(one) for one in (plan, replace(as_arrays(plan), dose=plan.dose)))
    for dvh in of_files:
        other = of_arrays[dvh.name]
        assert (dvh.volume, dvh.mean_gy, dvh.max_gy) == (other.volume, other.mean_gy, other.max_gy)
        assert (dvh.curve, dvh.lower, dvh.upper) == (other.curve, other.lower, other.upper)

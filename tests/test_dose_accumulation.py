"""Courses of one patient summed in EQD2: one frame of reference, closed forms, and the rule for re-irradiation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files
import phantom
from dvh_builders import box, row, table
from sbrtcheck import api, compute_dvhs, evaluate
from sbrtcheck.cli import main
from sbrtcheck.dicom import load_registration
from sbrtcheck.dose_accumulation import Course, accumulate, accumulated_eqd2, earlier_on_first, sample_courses
from sbrtcheck.dvh import DVH, DVHSet, Reason
from sbrtcheck.errors import DicomError, GeometryError, InputError
from sbrtcheck.judge import EarlierCourse, judge_reirradiation
from sbrtcheck.metric import Measurement, NotMeasured, measure
from sbrtcheck.plan import (
    DoseGrid,
    FindingCode,
    Plan,
    PlanUids,
    Prescription,
    Registration,
    Structure,
    UnknownPrescription,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data.reirradiation import load_reirradiation_rules
from sbrtcheck.render.sums import sum_text
from sbrtcheck.results import Verdict

FRAME = PlanUids(frame_of_reference="2.25.10")
OTHER_FRAME = PlanUids(frame_of_reference="2.25.20")
Field = Callable[[Any, Any, Any], Any]


def eqd2_of(dose_gy: float, n: int, ratio: float) -> float:
    return dose_gy * (dose_gy / n + ratio) / (2 + ratio)


def uniform(dose_gy: float) -> Field:
    return lambda x, y, z: 0 * (x + y + z) + dose_gy


def rising(x, y, z):  # along every axis, nowhere below 0 on the grids here
    return 20.0 + 0.3 * x + 0.1 * y + 0.2 * z


def plan(
    field: Field = rising,
    fractions: int | None = 5,
    *,
    origin: tuple[float, float, float] = (-20.0, -15.0, -10.0),
    spacing: tuple[float, float, float] = (2.0, 2.0, 3.0),
    shape: tuple[int, int, int] = (12, 24, 32),
    uids: PlanUids = FRAME,
    names: tuple[str, ...] = ("ThecalSac", "Heart"),
) -> Plan:
    """A plan with a 1 cc box for each name, side by side from x = 0 on."""
    z, y, x = (origin[2 - a] + spacing[2 - a] * np.arange(shape[a]) for a in range(3))
    values = field(x[None, None, :], y[None, :, None], z[:, None, None])
    dose = DoseGrid.axial(np.broadcast_to(values, shape), origin_mm=origin, spacing_mm=spacing)
    structures = tuple(Structure(name=name, number=n, contours=box(12.0 * n)) for n, name in enumerate(names))
    rx = Prescription(dose_gy=20.0, fractions=fractions) if fractions else UnknownPrescription(reason="no RTPLAN")
    return Plan(dose=dose, structures=structures, prescription=rx, uids=uids, label="A")


def value(metric: str, dvh: DVH) -> float:
    found = measure(metric, dvh)
    assert isinstance(found, Measurement)
    assert found.low <= found.value <= found.high
    return found.value


def summed_eqd2(courses: list[Course], *, alpha_beta_gy: float, **frames: Any) -> np.ndarray:
    """EQD2 at the points of the first course's grid, Gy."""
    return accumulated_eqd2(sample_courses(courses, **frames), alpha_beta_gy).values_gy


# -------------------------------------------------------------------------------- the sum


@given(st.floats(0.01, 60.0), st.integers(1, 30), st.floats(0.5, 20.0))
def test_one_uniform_course_is_its_eqd2(dose_gy: float, n: int, ratio: float) -> None:
    (dvh,) = accumulate([Course(plan=plan(uniform(dose_gy), n))], {"Heart": ratio}).dvhs
    for metric in ("Max[Gy]", "Mean[Gy]", "D0.5cc[Gy]"):
        assert value(metric, dvh) == pytest.approx(eqd2_of(dose_gy, n, ratio), rel=1e-5, abs=2e-4)


@pytest.mark.parametrize("metric", ["Max[Gy]", "Min[Gy]", "Mean[Gy]", "D0.1cc[Gy]", "D95%[Gy]"])
def test_one_course_is_that_course(metric: str) -> None:
    course = plan()
    (summed,) = accumulate([Course(plan=course)], {"Heart": 3.0}).dvhs
    alone = compute_dvhs(course)["Heart"].to_eqd2(alpha_beta_gy=3.0)
    # between grid points EQD2 is straight here and bends there, by less than slope² spacing² / (8 n (2 + α/β)) an axis
    assert value(metric, summed) == pytest.approx(value(metric, alone), abs=0.01)
    assert (summed.quantity, summed.alpha_beta_gy) == (Quantity.EQD2, 3.0)


def test_courses_of_different_fractions_add_in_eqd2_each_by_its_own() -> None:
    courses = [Course(plan=plan(uniform(20.0), 5)), Course(plan=plan(uniform(30.0), 10))]
    found = accumulate(courses, {"ThecalSac": 2.0, "Heart": 3.0})
    for name, ratio in (("ThecalSac", 2.0), ("Heart", 3.0)):
        expected = eqd2_of(20.0, 5, ratio) + eqd2_of(30.0, 10, ratio)
        assert value("Mean[Gy]", found[name]) == pytest.approx(expected, rel=1e-5)
        assert found[name].alpha_beta_gy == ratio


@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.integers(1, 10)), min_size=1, max_size=4), st.randoms())
def test_the_order_of_earlier_courses_changes_nothing(courses: list[tuple[float, int]], random: Any) -> None:
    first = Course(plan=plan())
    earlier = [Course(plan=plan(uniform(dose), n)) for dose, n in courses]
    shuffled = random.sample(earlier, len(earlier))
    one, other = (summed_eqd2([first, *some], alpha_beta_gy=3.0) for some in (earlier, shuffled))
    np.testing.assert_allclose(one, other, rtol=1e-12)


@given(st.floats(0.0, 0.99))
def test_what_was_got_over_does_not_count(recovery: float) -> None:
    courses = [Course(plan=plan(uniform(20.0))), Course(plan=plan(uniform(30.0), 10), recovery=recovery)]
    expected = eqd2_of(20.0, 5, 3.0) + (1 - recovery) * eqd2_of(30.0, 10, 3.0)
    np.testing.assert_allclose(summed_eqd2(courses, alpha_beta_gy=3.0), expected, rtol=1e-12)


@given(
    st.tuples(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0)),
    st.tuples(st.floats(1.0, 4.0), st.floats(1.0, 4.0), st.floats(1.0, 4.0)),
)
def test_a_linear_dose_on_another_grid_is_read_exactly(
    shift: tuple[float, float, float], spacing: tuple[float, float, float]
) -> None:
    first = plan()
    corner = (-26.0 + shift[0], -21.0 + shift[1], -16.0 + shift[2])
    shape = tuple(int(np.ceil(size / step)) + 1 for size, step in zip((48, 62, 80), spacing[::-1], strict=True))
    other = plan(origin=corner, spacing=spacing, shape=(shape[0], shape[1], shape[2]))
    found = summed_eqd2([Course(plan=first), Course(plan=other)], alpha_beta_gy=2.0)
    np.testing.assert_allclose(found, 2 * eqd2_of(first.dose.values_gy, 5, 2.0), rtol=1e-9)


def test_a_grid_turned_about_itself_is_the_same_dose() -> None:
    first = plan()
    grid = first.dose
    far = grid.origin_mm + np.array([2.0 * 31, 2.0 * 23, 0.0])
    turned = replace(grid, stored=grid.stored[:, ::-1, ::-1], origin_mm=far, axes=np.diag([-1.0, -1.0, 1.0]))
    other = replace(first, dose=turned)
    found = summed_eqd2([Course(plan=first), Course(plan=other)], alpha_beta_gy=2.0)
    np.testing.assert_allclose(found, 2 * eqd2_of(grid.values_gy, 5, 2.0), rtol=1e-9)


def test_the_same_grid_is_not_interpolated_and_another_is_said_to_be() -> None:
    same = accumulate([Course(plan=plan()), Course(plan=plan())], {"Heart": 3.0})
    other = accumulate([Course(plan=plan()), Course(plan=plan(spacing=(2.5, 2.0, 3.0)))], {"Heart": 3.0})
    assert not any("interpolated" in finding.text for finding in same.findings)
    assert any("interpolated" in finding.text for finding in other.findings)


def test_where_an_earlier_grid_ends_its_dose_counts_as_none_and_the_bound_says_how_much_it_could_be() -> None:
    short = plan(uniform(30.0), 10, shape=(12, 24, 14))  # ends half a spacing beyond x = 6 mm
    found = accumulate([Course(plan=plan(uniform(20.0))), Course(plan=short)], {"ThecalSac": 2.0, "Heart": 2.0})
    covered, both = eqd2_of(20.0, 5, 2.0), eqd2_of(20.0, 5, 2.0) + eqd2_of(30.0, 10, 2.0)
    heart, sac = found["Heart"], found["ThecalSac"]  # x from 12 to 22 mm, and from 0 to 10 mm
    assert value("Mean[Gy]", heart) == pytest.approx(covered, rel=1e-5)
    assert heart.mean_gy.high == pytest.approx(both, rel=1e-4)
    assert both <= heart.dose_at_volume(0.5).high <= both * 1.001
    assert covered < value("Mean[Gy]", sac) < both
    for dvh in (heart, sac):
        (said,) = (one for one in dvh.findings if one.code is FindingCode.OUTSIDE_DOSE_GRID)
        assert said.subject == dvh.name
    assert "1 cc of 1 cc" in heart.findings[-1].text


# -------------------------------------------------------------------------------- one frame of reference


@pytest.mark.parametrize("uids", [OTHER_FRAME, PlanUids()], ids=["another", "not stated"])
def test_doses_of_different_frames_are_not_summed(uids: PlanUids) -> None:
    with pytest.raises(InputError, match="different frames of reference"):
        accumulate([Course(plan=plan()), Course(plan=plan(uids=uids))], {"Heart": 3.0})


def test_the_user_may_state_that_the_frames_agree_and_it_is_said() -> None:
    courses = [Course(plan=plan()), Course(plan=plan(uids=OTHER_FRAME))]
    found = accumulate(courses, {"Heart": 3.0}, frames_agree=True)
    assert any("stated by the user, not checked" in finding.text for finding in found.findings)
    np.testing.assert_allclose(
        summed_eqd2(courses, alpha_beta_gy=3.0, frames_agree=True),
        2 * eqd2_of(plan().dose.values_gy, 5, 3.0),
    )


def moved(matrix: np.ndarray) -> Registration:
    """The other frame's points move by the matrix to be those of this one."""
    return Registration(to_shared={"2.25.10": np.eye(4), "2.25.20": matrix})


@given(st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)), st.floats(-0.2, 0.2))
def test_a_registration_moves_the_earlier_dose_to_where_it_was_given(
    shift: tuple[float, float, float], angle: float
) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = shift
    back = np.linalg.inv(turn)

    def there(x, y, z):  # the same dose in the patient, as the other frame's coordinates have it
        point = [turn[i, 0] * x + turn[i, 1] * y + turn[i, 2] * z + turn[i, 3] for i in range(3)]
        return 80.0 + rising(*point)

    first = plan(lambda x, y, z: 80.0 + rising(x, y, z))
    other = plan(there, origin=(-60.0, -60.0, -40.0), spacing=(4.0, 4.0, 4.0), shape=(22, 32, 40), uids=OTHER_FRAME)
    found = summed_eqd2([Course(plan=first), Course(plan=other)], alpha_beta_gy=2.0, registrations=[moved(turn)])
    np.testing.assert_allclose(found, 2 * eqd2_of(first.dose.values_gy, 5, 2.0), rtol=1e-9)
    assert moved(turn).matrix("2.25.10", "2.25.20") == pytest.approx(back)


def test_a_registration_is_said_to_have_been_used_and_one_of_other_frames_is_none() -> None:
    courses = [Course(plan=plan()), Course(plan=plan(uids=OTHER_FRAME))]
    found = accumulate(courses, {"Heart": 3.0}, registrations=[moved(np.eye(4))])
    assert any("by the registration given" in finding.text for finding in found.findings)
    with pytest.raises(InputError, match="different frames"):
        accumulate(courses, {"Heart": 3.0}, registrations=[Registration(to_shared={"2.25.10": np.eye(4)})])


# -------------------------------------------------------------------------------- what is refused


def test_a_course_without_a_number_of_fractions_is_refused() -> None:
    with pytest.raises(InputError, match="number of fractions of plan A is unknown"):
        accumulate([Course(plan=plan()), Course(plan=plan(fractions=None))], {"Heart": 3.0})


@pytest.mark.parametrize("recovery", [-0.1, 1.0, 25.0, float("nan")])
def test_a_recovery_that_is_no_share_is_refused(recovery: float) -> None:
    with pytest.raises(InputError, match="recovery"):
        accumulate([Course(plan=plan(), recovery=recovery)], {"Heart": 3.0})


def test_a_difference_of_doses_is_refused() -> None:
    with pytest.raises(GeometryError, match="below 0"):
        accumulate([Course(plan=plan(uniform(-1.0)))], {"Heart": 3.0})


def test_no_course_and_no_such_structure_are_refused() -> None:
    with pytest.raises(InputError, match="no plan"):
        accumulate([], {"Heart": 3.0})
    with pytest.raises(ValueError, match="Liver"):
        accumulate([Course(plan=plan())], {"Liver": 3.0})


def test_a_structure_without_alpha_beta_has_no_dvh_but_a_reason() -> None:
    (without,) = accumulate([Course(plan=plan())], {"Heart": 3.0}).without
    assert (without.name, without.reason) == ("ThecalSac", Reason.NOT_GIVEN)


# -------------------------------------------------------------------------------- tables on a sum


def summed(ratio: float = 2.0) -> DVHSet:
    return accumulate([Course(plan=plan(uniform(20.0))), Course(plan=plan(uniform(30.0), 10))], {"Heart": ratio})


def judged(rule: Any, dvhs: DVHSet) -> Any:
    (outcome,) = evaluate(table(rule), dvhs).outcomes
    return outcome


def test_a_row_in_the_same_eqd2_is_judged_on_the_sum() -> None:
    total = eqd2_of(20.0, 5, 2.0) + eqd2_of(30.0, 10, 2.0)
    rule = row("Max[Gy]", "below", total + 1, "Heart", quantity=Quantity.EQD2, alpha_beta_gy=2.0)
    found = judged(rule, summed())
    assert (found.verdict, found.margin) == (Verdict.PASS, pytest.approx(1.0, abs=1e-3))


def test_a_row_in_physical_dose_says_nothing_of_a_sum() -> None:
    found = judged(row("Max[Gy]", "below", 100.0, "Heart"), summed())
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, Reason.FRACTIONS_DO_NOT_MATCH)


def test_a_row_on_the_prescription_says_nothing_of_a_sum() -> None:
    found = judged(row("Rx[Gy]", "below", 100.0, "PTV"), summed())
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, Reason.FRACTIONS_DO_NOT_MATCH)


def test_a_row_for_another_alpha_beta_says_nothing_of_a_sum() -> None:
    rule = row("Max[Gy]", "below", 100.0, "Heart", quantity=Quantity.EQD2, alpha_beta_gy=3.0)
    found = judged(rule, summed(2.0))
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, Reason.NOT_GIVEN)


# -------------------------------------------------------------------------------- the rule for the thecal sac

(HYTEC,) = load_reirradiation_rules()


def dose_of(eqd2_gy: float, n: int) -> float:
    """Dose in n fractions with that EQD2 for an α/β of 2 Gy."""
    return float(np.sqrt(n * n + 4 * n * eqd2_gy) - n)


def reirradiation(sbrt_gy: float, before_gy: float, months: float | None = 12.0, n: int = 5, **fields: Any) -> Any:
    """The rule on a course and an earlier one of these EQD2, uniform."""
    now, before = (Course(plan=plan(uniform(dose_of(gy, k)), k, **fields)) for gy, k in ((sbrt_gy, n), (before_gy, 20)))
    own = {"ThecalSac": 2.0} if "names" not in fields else {"SpinalCord": 2.0}
    return judge_reirradiation(
        HYTEC,
        course=accumulate([now], own),
        cumulative=accumulate([now, before], own),
        earlier=[EarlierCourse(dvhs=accumulate([before], own))],
        interval_months=months,
    )


def parts(found: Any) -> dict[str, Verdict]:
    return {one.limit.id: one.verdict for one in found.outcomes}


def test_the_rule_is_as_printed() -> None:
    assert {one.id: (str(one.sense), one.limit) for one in HYTEC.limits} == {
        "cumulative": ("at_most", 70),
        "sbrt": ("at_most", 25),
        "ratio": ("at_most", 0.5),
        "interval": ("at_least", 5),
    }
    assert (HYTEC.alpha_beta_gy, HYTEC.structures, HYTEC.fractions) == (2, ("ThecalSac",), (1, 2, 3, 4, 5))
    assert not HYTEC.confirmed  # two records of one abstract are one reading


def test_a_course_inside_all_limits_passes() -> None:
    found = reirradiation(20.0, 40.0)
    assert found.verdict is Verdict.PASS
    assert set(parts(found).values()) == {Verdict.PASS}


@pytest.mark.parametrize(
    ("sbrt_gy", "before_gy", "months", "failing"),
    [
        (24.0, 47.0, 12.0, "cumulative"),
        (26.0, 40.0, 12.0, "sbrt"),
        (24.0, 22.0, 12.0, "ratio"),
        (20.0, 40.0, 4.9, "interval"),
    ],
)
def test_each_limit_fails_alone(sbrt_gy: float, before_gy: float, months: float, failing: str) -> None:
    found = reirradiation(sbrt_gy, before_gy, months)
    assert found.verdict is Verdict.FAIL
    assert {key for key, verdict in parts(found).items() if verdict is Verdict.FAIL} == {failing}


@given(st.floats(1.0, 60.0), st.floats(1.0, 60.0))
def test_the_ratio_is_that_of_the_course_to_all_together(sbrt_gy: float, before_gy: float) -> None:
    (ratio,) = (one.found for one in reirradiation(sbrt_gy, before_gy).outcomes if one.limit.id == "ratio")
    assert ratio.value == pytest.approx(sbrt_gy / (sbrt_gy + before_gy), rel=1e-4)
    assert ratio.low <= ratio.value <= ratio.high <= 1.0


def test_exactly_five_months_are_enough() -> None:
    assert parts(reirradiation(20.0, 40.0, 5.0))["interval"] is Verdict.PASS


def test_without_the_interval_the_rule_is_not_evaluated_but_a_fail_stays_one() -> None:
    assert reirradiation(20.0, 40.0, None).verdict is Verdict.NOT_EVALUATED
    assert reirradiation(26.0, 40.0, None).verdict is Verdict.FAIL


def test_the_rule_is_for_one_to_five_fractions() -> None:
    found = reirradiation(20.0, 40.0, n=6)
    assert found.verdict is Verdict.NOT_EVALUATED
    assert {one.found.reason for one in found.outcomes} == {Reason.FRACTIONS_DO_NOT_MATCH}


def test_the_cord_is_not_taken_for_the_thecal_sac() -> None:
    found = reirradiation(20.0, 40.0, names=("SpinalCord",))
    assert found.verdict is Verdict.NOT_EVALUATED
    missing = [one.found for one in found.outcomes if isinstance(one.found, NotMeasured)]
    assert {one.reason for one in missing} == {Reason.STRUCTURE_MISSING}


def test_the_rule_says_where_an_earlier_grid_does_not_reach() -> None:
    short = Course(plan=plan(uniform(60.0), 20, shape=(12, 24, 11)))  # ends half a spacing beyond x = 0
    courses = [Course(plan=plan(uniform(dose_of(20.0, 5)))), short]
    own = {"ThecalSac": 2.0}
    found = judge_reirradiation(
        HYTEC,
        course=accumulate(courses[:1], own),
        cumulative=accumulate(courses, own),
        earlier=[EarlierCourse(dvhs=accumulate([short], own))],
        interval_months=12.0,
    )
    assert FindingCode.OUTSIDE_DOSE_GRID in {one.code for one in found.findings}


def test_where_dose_that_no_grid_covers_decides_nothing_is_decided() -> None:
    def rule(before_gy: float, columns: int, far_gy: float = 0.0) -> Any:
        def before(x, y, z):
            return np.where(y > 25, dose_of(far_gy or before_gy, 20), dose_of(before_gy, 20)) + 0 * (x + z)

        short = Course(plan=plan(before, 20, shape=(12, 24, columns)))
        courses = [Course(plan=plan(uniform(dose_of(20.0, 5)))), short]
        own = {"ThecalSac": 2.0}
        return judge_reirradiation(
            HYTEC,
            course=accumulate(courses[:1], own),
            cumulative=accumulate(courses, own),
            earlier=[EarlierCourse(dvhs=earlier_on_first(courses[0].plan, short, own), of_first_plan=True)],
            interval_months=12.0,
        )

    # the sac reaches from x = 0 to 10 mm, the earlier grid of 9 columns to -3 mm: nothing of it is known
    nowhere = rule(30.0, 9)
    assert nowhere.verdict is Verdict.NOT_EVALUATED
    assert parts(nowhere)["cumulative"] is parts(nowhere)["ratio"] is Verdict.NOT_EVALUATED
    assert rule(30.0, 13).verdict is Verdict.PASS  # to 5 mm: the bound is inside the limits as well
    assert rule(60.0, 13).verdict is Verdict.FAIL
    open_ = rule(30.0, 13, far_gy=60.0)  # as much as on the grid's far face could be where it does not reach
    assert (open_.verdict, parts(open_)["cumulative"]) == (Verdict.NOT_EVALUATED, Verdict.NOT_EVALUATED)
    (cumulative,) = (one.found for one in open_.outcomes if one.limit.id == "cumulative")
    assert cumulative.reason is Reason.DOSE_GRID_MISSING


def test_the_rule_needs_its_own_alpha_beta() -> None:
    dvhs = accumulate([Course(plan=plan())], {"ThecalSac": 3.0})
    found = judge_reirradiation(HYTEC, course=dvhs, cumulative=dvhs, earlier=[], interval_months=12.0)
    assert parts(found) == {
        "cumulative": Verdict.NOT_EVALUATED,
        "sbrt": Verdict.NOT_EVALUATED,
        "ratio": Verdict.NOT_EVALUATED,
        "interval": Verdict.PASS,
    }


# -------------------------------------------------------------------------------- registration files


def registration(**fields: Any) -> Dataset:
    values = [0, -1, 0, 5, 1, 0, 0, -7, 0, 0, 1, 2, 0, 0, 0, 1]
    made = dicom_files.item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.66.1",
        SOPInstanceUID="2.25.30",
        Modality="REG",
        PatientName="Nobody^Really",
        FrameOfReferenceUID="2.25.10",
        RegistrationSequence=dicom_files.items(
            dicom_files.item(
                FrameOfReferenceUID="2.25.20",
                MatrixRegistrationSequence=dicom_files.items(
                    dicom_files.item(
                        MatrixSequence=dicom_files.items(
                            dicom_files.item(
                                FrameOfReferenceTransformationMatrix=values,
                                FrameOfReferenceTransformationMatrixType="RIGID",
                            )
                        )
                    )
                ),
            )
        ),
    )
    for keyword, one in fields.items():
        setattr(made, keyword, one)
    return made


def matrix_of(dataset: Dataset) -> Dataset:
    return dataset.RegistrationSequence[0].MatrixRegistrationSequence[0].MatrixSequence[0]


def test_a_registration_file_is_read(tmp_path: Path) -> None:
    found = load_registration(dicom_files.write(tmp_path / "reg.dcm", registration()))
    matrix = found.matrix("2.25.20", "2.25.10")
    assert matrix is not None
    assert matrix @ [1.0, 2.0, 3.0, 1.0] == pytest.approx([3.0, -6.0, 5.0, 1.0])  # turned by 90 degrees, and moved
    assert found.matrix("2.25.10", "2.25.99") is None
    with (tmp_path / "reg.dcm").open("rb") as file:
        for in_memory in (registration(), file):
            again = load_registration(in_memory).matrix("2.25.20", "2.25.10")
            assert again is not None
            assert (again == matrix).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"FrameOfReferenceTransformationMatrixType": "AFFINE"}, "AFFINE, not RIGID"),
        ({"FrameOfReferenceTransformationMatrix": [1.0] * 15}, "15 values instead of 16"),
        ({"FrameOfReferenceTransformationMatrix": [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}, "is not"),
        ({"FrameOfReferenceTransformationMatrix": [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}, "is not"),
    ],
)
def test_a_matrix_that_is_not_rigid_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    dataset = registration()
    for keyword, one in changed.items():
        setattr(matrix_of(dataset), keyword, one)
    with pytest.raises(DicomError, match=said):
        load_registration(dicom_files.write(tmp_path / "reg.dcm", dataset))


def test_another_file_is_no_registration(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="not a Spatial Registration"):
        load_registration(dicom_files.write(tmp_path / "ct.dcm", dicom_files.image()))
    with pytest.raises(DicomError, match="which frames"):
        load_registration(dicom_files.write(tmp_path / "reg.dcm", registration(RegistrationSequence=None)))
    with pytest.raises(InputError, match="no such file"):
        load_registration(tmp_path / "nothing.dcm")


# -------------------------------------------------------------------------------- from files


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """20 Gy (EQD2) in one fraction, and an earlier course of 40 Gy in 20, of the same thecal sac; frames differ."""
    root = tmp_path_factory.mktemp("courses")
    sac = phantom.PhantomStructure(name="ThecalSac", contours_mm=phantom.box((0, 0, 0), (10, 10, 20)))
    for label, gy, n in (("NOW", dose_of(20.0, 1), 1), ("BEFORE", 40.0, 20)):
        dose = phantom.sample_dose(
            phantom.uniform_dose(gy), first_mm=(-20, -20, -20), last_mm=(20, 20, 20), spacing_mm=(2, 2, 2)
        )
        rx = phantom.PhantomPrescription(dose_gy=gy, fractions=n)
        phantom.write_plan(root / label, structures=[sac], dose=dose, prescription=rx, label=label)
    dicom_files.say_one_patient(root / "NOW", root / "BEFORE")
    return [str(root / "NOW"), str(root / "BEFORE")]


def test_courses_are_summed_from_their_files(two: list[str]) -> None:
    found = api.accumulate(two, {"ThecalSac": 3.0}, "hytec-reirradiation", interval_months=6.0, frames_agree=True)
    (rule,) = found.rules
    assert found.verdict is rule.verdict is Verdict.PASS
    assert parts(rule)["ratio"] is Verdict.PASS
    expected = eqd2_of(dose_of(20.0, 1), 1, 3.0) + 40.0
    assert value("Mean[Gy]", found.cumulative["ThecalSac"]) == pytest.approx(expected, abs=0.02)
    assert value("Mean[Gy]", found.course["ThecalSac"]) == pytest.approx(expected - 40.0, abs=0.02)


def test_the_same_plan_twice_is_refused(two: list[str]) -> None:
    with pytest.raises(InputError, match="same dose"):
        api.accumulate([two[0], two[0]], {"ThecalSac": 2.0})


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["sum", *words])


def test_the_command_judges_the_sum(two: list[str]) -> None:
    words = (*two, "--alpha-beta", "ThecalSac=2", "--table", "hytec-reirradiation", "--frames-agree")
    done = run(*words, "--interval-months", "6")
    assert done.exit_code == 0
    assert done.output.startswith("OVERALL: PASS")
    assert "<= 70 Gy" in done.output
    assert "stated by the user, not checked" in " ".join(done.output.split())
    assert run(*words).exit_code == 3  # the interval is missing
    assert run(*words, "--interval-months", "3").exit_code == 1


def test_the_headline_of_a_sum_says_on_how_many_rows_of_a_table_it_stands(two: list[str]) -> None:
    here, lacking = (
        row("Max[Gy]", "at_most", 200, name, id=name.lower(), quantity=Quantity.EQD2, alpha_beta_gy=2.0)
        for name in ("ThecalSac", "Liver")
    )
    found = api.accumulate(two, {"ThecalSac": 2.0}, frames_agree=True)
    judged = evaluate(table(here, lacking, fractions=()), found.cumulative)
    shown = sum_text(replace(found, report=judged))
    rows = "1 PASS; 1 row for organs not expected at this site"
    assert shown.startswith(f"OVERALL: PASS   tables: PASS on 1 of 1 rows for lung, {rows}\n")


def test_a_sum_begins_with_the_limits_and_rows_that_fail_and_with_every_reason_for_a_review(two: list[str]) -> None:
    fails, doubted = (
        row(
            "Max[Gy]",
            "at_most",
            limit,
            "ThecalSac",
            id=f"max-{limit}",
            quantity=Quantity.EQD2,
            alpha_beta_gy=2.0,
            **more,
        )
        for limit, more in ((10, {}), (11, {"confirmed_by": ("one",)}))
    )
    (rule,) = load_reirradiation_rules()
    found = api.accumulate(two, {"ThecalSac": 2.0}, [rule.id], frames_agree=True)
    judged = evaluate(table(fails, doubted, fractions=()), found.cumulative)
    begin = " ".join(sum_text(replace(found, report=judged)).partition("\nEQD2 of this course")[0].split())
    assert re.match("OVERALL: FAIL tables: FAIL, 1 FAIL; 1 shown but not counted FAIL ThecalSac Max", begin)
    assert re.search(r"limit <= 11 \(\d+ % of the limit\): fails, and does not count \(unconfirmed\)", begin)
    assert f"since the last course ({rule.id}): not evaluated, something needed was not given" in begin


def test_the_command_gives_the_same_to_programs(two: list[str]) -> None:
    done = run(*two, "--table", "hytec-reirradiation", "--frames-agree", "--interval-months", "6", "--format", "json")
    found = json.loads(done.output)
    assert (found["schema"], found["verdict"]) == ("sbrtcheck-sum/2", "PASS")
    assert [one["verdict"] for one in found["rules"][0]["limits"]] == ["PASS"] * 4
    assert "Nobody" not in done.output
    assert "PHANTOM" not in done.output


def test_recovery_and_prescriptions_are_the_users(two: list[str]) -> None:
    words = (*two, "--alpha-beta", "ThecalSac=2", "--frames-agree", "--format", "json")
    half = json.loads(run(*words, "--recovery", "0.5").output)["structures"][0]["cumulative"]["Mean[Gy]"]["value"]
    assert half == pytest.approx(20.0 + 20.0, abs=0.02)
    ten = json.loads(run(*words, "--rx", "-", "--rx", "40Gy/10").output)["structures"][0]
    assert ten["cumulative"]["Mean[Gy]"]["value"] == pytest.approx(20.0 + 60.0, abs=0.02)


TABLE = """\
id: own
version: "1.0.0"
title: A clinic's own
site: multi
fractions: [1]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - id: sac
    organ: Thecal sac
    structure: ThecalSac
    metric: Max[Gy]
    quantity: EQD2
    alpha_beta: 2
    below: 55
    source: {cite: paper, where: Table 1}
    confirmed_by: [a, b]
"""


def test_any_table_in_eqd2_is_held_against_the_sum(two: list[str], tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(TABLE, encoding="utf-8")
    done = run(*two, "--table", str(own), "--frames-agree")
    assert done.exit_code == 1
    assert "Max[Gy] EQD2(a/b 2)" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--alpha-beta", "ThecalSac=2"), "different frames of reference"),
        (("--frames-agree", "--alpha-beta", "Liver=2"), "no structure for Liver"),
        (("--frames-agree", "--alpha-beta", "ThecalSac"), "cannot be read"),
        (("--frames-agree", "--alpha-beta", "ThecalSac=0"), "is impossible"),
        (("--frames-agree", "--alpha-beta", "ThecalSac=2", "--alpha-beta", "ThecalSac=3"), "as 2 and as 3 Gy"),
        (("--frames-agree", "--interval-months", "inf"), "an interval of inf months is impossible"),
        (("--frames-agree", "--interval-months", "nan"), "an interval of nan months is impossible"),
        (("--frames-agree", "--interval-months", "-1"), "an interval of -1 months is impossible"),
        (("--frames-agree", "--recovery", "25"), "recovery"),
        (("--frames-agree", "--table", "nothing"), "no table has the id"),
        (("--frames-agree", "--rx", "50Gy/5", "--rx", "-", "--rx", "-"), "3 prescriptions for 2 plans"),
    ],
)
def test_what_cannot_be_summed_is_said_in_one_line(two: list[str], words: tuple[str, ...], said: str) -> None:
    done = run(*two, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1

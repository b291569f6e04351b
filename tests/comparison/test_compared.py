"""DVHs of a report against others of the same plan: what differs, which verdicts would, and what cannot be told."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import dicom_files as files
import sbrtcheck
from dicom_files import stored_dvh, write_plan
from dvh_builders import dvh_set, percent_dvh, ramp_dvh, report_on, row, table, uniform_dvh
from folders import ROOT
from sbrtcheck.cli import main
from sbrtcheck.comparison import compare_with, in_report
from sbrtcheck.dicom import NotStored, load_plan_and_dvhs
from sbrtcheck.dvh import DVH, DVHSet, EndCaps, Model, NoDVH, Reason, curve_distance
from sbrtcheck.metric import Measurement, NotMeasured
from sbrtcheck.plan import Prescription
from sbrtcheck.render import markdown_report, text_report
from sbrtcheck.results import Comparison, NoComparison, Report
from sbrtcheck.tables import Kind
from stored_plans import LUNG, lung_export, lung_with_stored_dvhs

pytestmark = pytest.mark.usefixtures("computed_once")

RTDATA = Path(os.environ.get("SBRTCHECK_RTDATA", ROOT.parent / "shared" / "rtdata"))

doses_gy = st.floats(0.0, 80.0)


@st.composite
def ramps(draw: st.DrawFn) -> DVH:
    low, high = sorted((draw(doses_gy), draw(doses_gy)))
    return ramp_dvh(low_gy=low, high_gy=high, volume_cc=draw(st.floats(0.5, 2000.0)), half_width_gy=0.01)


def cord_table(limit: float = 18.0) -> sbrtcheck.ConstraintTable:
    return table(row("D0.035cc[Gy]", "below", limit, id="cord"), row("V10Gy[%]", "below", 60, id="share"))


def compared(ours: DVHSet, theirs: DVHSet, limit: float = 18.0) -> Comparison:
    return compare_with(report_on(cord_table(limit), ours), theirs, other="stored in the RTDOSE")


def metrics(found: Comparison) -> dict[str, float | NotMeasured]:
    (one,) = found.structures
    return {str(metric.metric): metric.difference for metric in one.metrics}


@pytest.mark.parametrize(
    ("theirs_cc", "doubted"), [(20.0, False), (14.0, False), (12.0, True), (31.0, True), (500.0, True)]
)
def test_volumes_far_apart_are_doubted_to_be_of_one_contour(theirs_cc: float, doubted: bool) -> None:
    ours, theirs = (
        dvh_set(uniform_dvh(name="SpinalCord", volume_cc=volume, dose_gy=10.0)) for volume in (20.0, theirs_cc)
    )
    asked = "SpinalCord: 20 cc here and"
    assert any(asked in remark for remark in compared(ours, theirs).remarks) is doubted


# -------------------------------------------------------------------------------- curves


@given(ramps())
def test_a_curve_is_nowhere_apart_from_itself(dvh: DVH) -> None:
    found = curve_distance(dvh, dvh)
    assert (found.volume_percent, found.dose_gy) == (0.0, 0.0)


@given(ramps(), ramps())
def test_the_distance_from_the_other_side_has_the_other_sign(a: DVH, b: DVH) -> None:
    there, back = curve_distance(a, b), curve_distance(b, a)
    assert abs(there.volume_percent) == pytest.approx(abs(back.volume_percent))
    assert abs(there.dose_gy) == pytest.approx(abs(back.dose_gy))


@given(ramps(), st.floats(0.1, 10.0))
def test_a_curve_moved_along_the_dose_is_that_far_away(dvh: DVH, by_gy: float) -> None:
    curve = dvh.curve
    moved = replace(dvh, curve=replace(curve, dose_gy=np.concatenate([[0.0], curve.dose_gy[1:] + by_gy])))
    assert curve_distance(moved, dvh).dose_gy == pytest.approx(by_gy, abs=1e-6)


def test_two_uniform_doses_are_all_of_the_volume_and_their_difference_apart() -> None:
    found = curve_distance(uniform_dvh(dose_gy=20.0), uniform_dvh(dose_gy=17.0, volume_cc=3.0))
    assert (found.volume_percent, found.dose_gy) == (100.0, pytest.approx(3.0))
    assert 17.0 < found.at_gy <= 20.0


def test_ramps_of_one_start_are_furthest_apart_in_volume_where_the_shorter_one_ends() -> None:
    found = curve_distance(ramp_dvh(high_gy=20.0), ramp_dvh(high_gy=10.0))
    assert (found.volume_percent, found.at_gy) == (pytest.approx(50.0), pytest.approx(10.0))
    assert (found.dose_gy, found.at_percent) == (pytest.approx(0.98 * 10.0), pytest.approx(2.0))


# -------------------------------------------------------------------------------- sets of DVHs


@given(ramps(), st.floats(1.0, 79.0))
def test_dvhs_do_not_differ_from_themselves(dvh: DVH, limit: float) -> None:
    ours = dvh_set(dvh)
    found = compared(ours, ours, limit)
    assert all(one.difference == 0.0 for one in found.structures[0].metrics)
    assert (found.verdicts, found.unanswered, found.without, found.not_asked) == ((), (), (), ())
    assert found.same_verdicts == 2


def test_differences_are_ours_minus_theirs_in_the_metrics_of_the_rows_first() -> None:
    found = compared(dvh_set(uniform_dvh(dose_gy=12.0, volume_cc=10)), dvh_set(uniform_dvh(dose_gy=9.0, volume_cc=8)))
    assert metrics(found) == {
        "Volume[cc]": pytest.approx(2.0),
        "D0.035cc[Gy]": pytest.approx(3.0),
        "V10Gy[%]": pytest.approx(100.0),
        "Mean[Gy]": pytest.approx(3.0),
        "D95%[Gy]": pytest.approx(3.0),
        "D50%[Gy]": pytest.approx(3.0),
        "D2%[Gy]": pytest.approx(3.0),
        "D0.03cc[Gy]": pytest.approx(3.0),
    }
    assert list(metrics(found))[:3] == ["Volume[cc]", "D0.035cc[Gy]", "V10Gy[%]"]
    assert found.structures[0].metrics[0].percent == pytest.approx(25.0)


def test_a_row_that_they_would_judge_otherwise_is_told_with_both_values() -> None:
    (one,) = compared(dvh_set(uniform_dvh(dose_gy=17.0)), dvh_set(uniform_dvh(dose_gy=19.0))).verdicts
    assert (one.table_id, one.row_id, one.ours, one.theirs, one.limit) == ("test-table", "cord", "PASS", "FAIL", 18.0)
    assert one.measured.difference == pytest.approx(-2.0)
    assert not one.measured.within_bands


def test_a_risk_point_has_no_verdict_that_could_be_the_same() -> None:
    ours = dvh_set(uniform_dvh(dose_gy=17.0))
    report = report_on(table(row("Mean[Gy]", "below", 20, kind=Kind.RISK)), ours)
    found = compare_with(report, ours, other="others")
    assert (found.same_verdicts, found.verdicts, found.unanswered) == (0, (), ())


def test_a_verdict_that_another_end_cap_convention_gives_here_too_names_it() -> None:
    bare = uniform_dvh(dose_gy=19.0, model=Model(end_caps=EndCaps.NONE))
    ours = dvh_set(uniform_dvh(dose_gy=17.0, alternatives=(bare,)))
    (one,) = compared(ours, dvh_set(uniform_dvh(dose_gy=19.0))).verdicts
    assert one.under == "none"


def test_a_row_that_relative_volumes_cannot_answer_is_no_difference_but_told() -> None:
    found = compared(dvh_set(ramp_dvh(high_gy=17.0)), dvh_set(percent_dvh(high_gy=17.0)))
    assert found.verdicts == ()
    assert [(one.row_id, one.reason) for one in found.unanswered] == [("cord", Reason.UNDEFINED_FOR_STORED_DVH)]
    assert found.same_verdicts == 1
    assert isinstance(metrics(found)["Volume[cc]"], NotMeasured)
    assert metrics(found)["D95%[Gy]"] == 0.0
    assert found.structures[0].agrees_best == ()


def test_a_structure_that_one_of_the_two_lacks_is_not_compared() -> None:
    without = NoDVH(name="SpinalCord", number=1, reason=Reason.UNIT_UNKNOWN, detail="all are 100 cc")
    found = compared(dvh_set(uniform_dvh(dose_gy=17.0)), dvh_set(uniform_dvh("Heart"), without=(without,)))
    assert found.structures == ()
    assert [(one.name, one.reason) for one in found.without] == [("SpinalCord", Reason.UNIT_UNKNOWN)]
    assert [one.reason for one in found.unanswered] == [Reason.UNIT_UNKNOWN] * 2
    assert found.not_asked == ("Heart",)


def test_a_structure_built_here_has_no_other_dvh() -> None:
    found = compared(dvh_set(uniform_dvh(number=-1, dose_gy=17.0)), dvh_set(uniform_dvh("Heart")))
    assert [one.reason for one in found.without] == [Reason.UNDEFINED_FOR_STORED_DVH]


def test_a_structure_is_found_by_its_number_where_several_have_its_name() -> None:
    first, second = uniform_dvh("Heart", dose_gy=5.0), uniform_dvh("Heart", dose_gy=9.0)
    report = report_on(table(row("Mean[Gy]", "below", 8, "Trachea")), dvh_set(first, second))
    found = compare_with(report, dvh_set(first, second), other="others")
    assert [str(one.metrics[1].difference) for one in found.structures] == ["0.0", "0.0"]


def test_the_structure_the_user_named_is_the_one_compared() -> None:
    ours, theirs = dvh_set(uniform_dvh("myelon", dose_gy=17.0)), dvh_set(uniform_dvh("myelon", dose_gy=19.0))
    names = {"SpinalCord": "myelon"}
    report = report_on(cord_table(), ours, names=names)
    found = compare_with(report, theirs, other="others")
    assert [one.row_id for one in found.verdicts] == ["cord"]
    with pytest.warns(DeprecationWarning, match="needs no names"):
        assert compare_with(report, theirs, other="others", names=names) == found


def test_a_name_that_differs_in_blanks_and_case_alone_is_the_structure_and_told() -> None:
    ours = dvh_set(uniform_dvh("Spinal Cord", dose_gy=17.0), uniform_dvh("PTV 1"), uniform_dvh("PTV_1"))
    theirs = dvh_set(uniform_dvh("SPINALCORD", dose_gy=19.0), uniform_dvh("PTV1"))
    found = compared(ours, theirs)
    assert [one.row_id for one in found.verdicts] == ["cord"]
    assert found.remarks == ("SPINALCORD there was matched to Spinal Cord here",)
    assert [one.name for one in found.without] == ["PTV 1", "PTV_1"]
    assert found.not_asked == ("PTV1",)


def test_a_structure_with_its_exact_name_there_takes_no_other_spelling() -> None:
    both = dvh_set(uniform_dvh("Cord"), uniform_dvh("cord", dose_gy=1.0))
    found = compared(dvh_set(uniform_dvh("Cord")), both)
    assert (found.remarks, found.not_asked) == ((), ("cord",))


def test_others_are_judged_for_the_prescription_of_the_plan() -> None:
    ours = dvh_set(uniform_dvh(dose_gy=17.0))
    theirs = dvh_set(uniform_dvh(dose_gy=17.0), rx=Prescription(dose_gy=30.0, fractions=3))
    found = compared(ours, theirs)
    assert (found.verdicts, found.unanswered) == ((), ())
    assert found.remarks == ("they are for 30 Gy in 3, and were judged for the plan's prescription",)


@pytest.mark.parametrize(
    ("theirs_cc", "best"),
    [(10.0, ("half-slice", "capped")), (8.1, ("none",)), (9.05, ()), (30.0, ())],
)
def test_the_convention_that_a_volume_agrees_with_is_told_where_it_clearly_does(
    theirs_cc: float, best: tuple[str, ...]
) -> None:
    others = tuple(
        uniform_dvh(volume_cc=cc, model=Model(end_caps=caps)) for cc, caps in ((8.0, EndCaps.NONE), (10.0, "capped"))
    )
    ours = dvh_set(uniform_dvh(volume_cc=10.0, alternatives=others))
    (one,) = compared(ours, dvh_set(uniform_dvh(volume_cc=theirs_cc))).structures
    assert one.agrees_best == best
    assert [volume.end_caps for volume in one.conventions] == ["half-slice", "none", "capped"]


# -------------------------------------------------------------------------------- reports


def report_against(theirs: DVHSet) -> Report:
    report = report_on(cord_table(), dvh_set(uniform_dvh(dose_gy=17.0)))
    return replace(report, compared=compare_with(report, theirs, other="stored in the RTDOSE"))


@pytest.mark.parametrize("write", [text_report, markdown_report])
def test_what_differs_is_read_in_the_report(write: object) -> None:
    assert callable(write)
    text = " ".join(str(write(report_against(dvh_set(uniform_dvh(dose_gy=19.0))))).replace("\\", "").split())
    assert "VERDICTS THAT WOULD DIFFER: 1; 1 row has the same verdict on both" in text
    assert "SpinalCord D0.035cc[Gy] < 18: PASS here, FAIL there (17.00 here, 19.00 there)" in text


def test_no_verdict_that_differs_is_said_too() -> None:
    text = text_report(report_against(dvh_set(uniform_dvh(dose_gy=17.5))))
    assert "no verdict would differ: 2 rows have the same verdict on both" in text


def test_a_report_that_was_compared_with_nothing_says_nothing_of_it() -> None:
    text = text_report(report_on(cord_table(), dvh_set(uniform_dvh())))
    assert "compare" not in text


def test_json_has_both_values_and_the_difference() -> None:
    found = report_against(dvh_set(uniform_dvh(dose_gy=19.0))).to_dict()["compared"]
    (one,) = found["structures"]
    cord = next(metric for metric in one["metrics"] if metric["metric"] == "D0.035cc[Gy]")
    assert (cord["ours"]["value"], cord["theirs"]["value"], cord["difference"]) == (17.0, 19.0, -2.0)
    assert found["verdicts"][0]["verdict_theirs"] == "FAIL"
    assert (found["with"], found["reason"]) == ("stored in the RTDOSE", None)


# -------------------------------------------------------------------------------- files

STAIRS = [(10, 8.0), (10, 8.0), (10, 4.0), (10, 1.0), (10, 0.0)]


def dose_with_dvhs() -> pydicom.Dataset:
    dose = files.dose()
    dose.DVHSequence = files.items(stored_dvh(STAIRS))
    return dose


def test_a_plan_and_its_stored_dvhs_are_read_together(tmp_path: Path) -> None:
    plan, stored = load_plan_and_dvhs(write_plan(tmp_path, dose_with_dvhs(), files.structure_set(), files.plan()))
    assert isinstance(stored, DVHSet)
    assert (stored["PTV"].volume, stored.prescription) == (8.0, plan.prescription)


def test_a_plan_without_stored_dvhs_says_so(tmp_path: Path) -> None:
    _, stored = load_plan_and_dvhs(write_plan(tmp_path))
    assert stored == NotStored(reason="the RTDOSE stores no DVHs")


def test_dvhs_of_parts_of_a_dose_are_not_those_of_the_plan(tmp_path: Path) -> None:
    parts = []
    for number, uid in ((1, "2.25.31"), (2, "2.25.32")):
        part = files.dose(uid, summation="BEAM", parts=((1, (number,)),))
        part.DVHSequence = files.items(stored_dvh(STAIRS))
        parts.append(part)
    _, stored = load_plan_and_dvhs(write_plan(tmp_path, *parts, files.structure_set(), files.plan(beams=(1, 2))))
    assert isinstance(stored, NotStored)
    assert "single parts" in stored.reason


def test_dvhs_of_another_structure_set_are_not_taken_for_this_one(tmp_path: Path) -> None:
    dose = dose_with_dvhs()
    dose.ReferencedStructureSetSequence = files.items(
        files.item(ReferencedSOPClassUID=files.CLASSES["RTSTRUCT"], ReferencedSOPInstanceUID="2.25.777")
    )
    plan, stored = load_plan_and_dvhs(write_plan(tmp_path, dose, files.structure_set(), files.plan()))
    assert [one.name for one in plan.structures] == ["PTV"]
    assert isinstance(stored, NotStored)
    assert "another structure set" in stored.reason


@pytest.mark.parametrize("data", ["10\\8\\ten\\4", "10", "-1\\5\\-1\\3", "1e400\\5\\1\\3", ""])
def test_stored_dvhs_that_cannot_be_used_do_not_keep_a_plan_from_being_checked(tmp_path: Path, data: str) -> None:
    dose = dose_with_dvhs()
    files.set_raw(dose.DVHSequence[0], "DVHData", data)
    report = sbrtcheck.check(
        write_plan(tmp_path, dose, files.structure_set(), files.plan()), ptv_table(), accept_dose=True
    )
    assert report.verdict == "PASS"
    assert isinstance(report.compared, Comparison)
    assert [one.name for one in report.compared.without] == ["PTV"]


def ptv_table() -> sbrtcheck.ConstraintTable:
    return table(row("Volume[cc]", "above", 0.1, "PTV"))


def test_a_fault_in_comparing_leaves_the_report_standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object, **__: object) -> Comparison:
        raise ZeroDivisionError("Mustermann")

    monkeypatch.setattr(in_report, "compare_with", faulty)
    report = sbrtcheck.check(
        write_plan(tmp_path, dose_with_dvhs(), files.structure_set(), files.plan()), ptv_table(), accept_dose=True
    )
    assert report.verdict == "PASS"
    assert isinstance(report.compared, NoComparison)
    assert "ZeroDivisionError" in report.compared.reason
    assert "Mustermann" not in text_report(report)


def test_judging_the_stored_dvhs_compares_them_with_nothing(tmp_path: Path) -> None:
    folder = write_plan(tmp_path, dose_with_dvhs(), files.structure_set(), files.plan())
    report = sbrtcheck.check(folder, ptv_table(), dvhs="stored")
    assert isinstance(report.compared, NoComparison)
    assert "none were computed" in text_report(report)


# -------------------------------------------------------------------------------- end to end


@pytest.mark.slow
def test_a_plan_against_its_own_dvhs_differs_by_a_bin_at_most(tmp_path: Path) -> None:
    report = sbrtcheck.check(lung_with_stored_dvhs(tmp_path / "plan"), table="rtog-0813")
    found = report.compared
    assert isinstance(found, Comparison)
    assert len(found.structures) > 5
    assert found.verdicts == ()
    for one in found.structures:
        volume, *others = one.metrics
        assert volume.difference == pytest.approx(0.0, abs=1e-5 * volume.theirs.value)  # type: ignore[union-attr]
        in_gy = [m for m in others if m.metric.unit == "Gy" and isinstance(m.ours, Measurement)]
        assert in_gy
        # what was stored is the curve of the elements; our value is refined along its isodose, and may lie beside it
        curve = sbrtcheck.measure([m.metric for m in in_gy], report.dvhs[one.name])
        for metric in in_gy:
            on_curve = curve[str(metric.metric)]
            assert isinstance(on_curve, Measurement)
            assert isinstance(metric.theirs, Measurement)
            assert on_curve.value == pytest.approx(metric.theirs.value, abs=0.021)


@pytest.mark.slow
def test_a_planning_system_without_end_caps_is_recognised(tmp_path: Path) -> None:
    folder = lung_with_stored_dvhs(tmp_path / "plan", end_caps="none")
    done = CliRunner().invoke(main, ["check", str(folder), "--table", "rtog-0813"])
    assert "volume agrees best with end caps none, not with half-slice as used here" in " ".join(done.stdout.split())
    found = sbrtcheck.check(folder, table="rtog-0813", end_caps="none").compared
    assert isinstance(found, Comparison)
    assert {one.agrees_best[0] for one in found.structures if one.agrees_best} == {"none"}


@pytest.mark.slow
def test_a_cord_that_the_planning_system_sees_hotter_is_told_and_the_verdict_here_stands(tmp_path: Path) -> None:
    folder = lung_with_stored_dvhs(tmp_path / "plan", SpinalCord=8.0)
    done = CliRunner().invoke(main, ["check", str(folder), "--table", "rtog-0813", "--format", "json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.stderr
    report, alone = json.loads(done.stdout), sbrtcheck.check(LUNG, table="rtog-0813").to_dict()
    differing = report["compared"]["verdicts"]
    assert differing
    assert {one["contour"] for one in differing} == {"SpinalCord"}
    assert {(one["verdict_ours"], one["verdict_theirs"]) for one in differing} == {("PASS", "FAIL")}
    assert report["outcomes"] == alone["outcomes"]
    assert (alone["verdict"], report["verdict"]) == ("PASS", "REVIEW")
    assert {reason["code"] for reason in report["reasons"]} == {"the planning system's DVH fails"}


# -------------------------------------------------------------------------------- a text export


def against(path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["check", str(LUNG), "--table", "rtog-0813", "--against", str(path), *options])


@pytest.mark.slow
def test_a_text_export_takes_the_place_of_the_stored_dvhs(tmp_path: Path) -> None:
    done = against(lung_export(tmp_path / "export.txt", SpinalCord=8.0), "--format", "json")
    found = json.loads(done.stdout)["compared"]
    assert found["with"] == "in a text export (Eclipse)"
    assert {one["contour"] for one in found["verdicts"]} == {"SpinalCord"}
    heart = next(one for one in found["structures"] if one["name"] == "Heart")
    assert all(abs(one["difference"]) <= 0.06 for one in heart["metrics"] if one["difference"] is not None)


@pytest.mark.slow
def test_of_an_export_with_several_plans_the_one_with_the_label_of_the_plan_is_taken(tmp_path: Path) -> None:
    done = against(lung_export(tmp_path / "export.txt", plans=("OTHER", "LUNG")))
    assert "no verdict would differ" in done.stdout
    none_of_it = against(lung_export(tmp_path / "others.txt", plans=("A", "B")))
    assert (none_of_it.exit_code, none_of_it.stdout) == (2, "")
    assert "no plan 'LUNG'" in none_of_it.stderr


@pytest.mark.slow
def test_an_export_of_another_plan_or_dose_says_so(tmp_path: Path) -> None:
    """Structures of one patient have the same names in all plans: only label and dose tell the plans apart."""

    def remarks(label: str, *changes: tuple[str, str]) -> str:
        path = lung_export(tmp_path / "export.txt", plans=(label,))
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return "\n".join(json.loads(against(path, "--format", "json").stdout)["compared"]["remarks"])

    same = remarks("lung")  # systems do not keep case
    assert "plan here" not in same
    assert "another dose" not in same
    assert "they are of the plan 'OLD', and the plan here is 'LUNG'" in remarks("OLD")
    assert "the export states 42 Gy, another dose" in remarks("LUNG", ("dose [Gy]: 50.0", "dose [Gy]: 42.0"))
    assert "plan sum" in remarks("LUNG", ("\nPlan:", "\nPlan sum:"))


@pytest.mark.slow
def test_an_export_in_a_wrong_unit_is_not_compared_but_refused(tmp_path: Path) -> None:
    path = lung_export(tmp_path / "export.txt", plans=("LUNG",))
    path.write_text(path.read_text(encoding="utf-8").replace("[Gy]", "[cGy]"), encoding="utf-8")
    done = against(path)
    assert done.exit_code == 2
    assert "a hundredth of the prescription, 50 Gy: are its numbers Gy, labelled cGy?" in done.stderr


@pytest.mark.slow
def test_an_export_that_was_asked_for_and_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "export.txt").write_text("nothing of the kind", encoding="utf-8")
    assert against(tmp_path / "export.txt").exit_code == 2
    assert against(tmp_path / "missing.txt").exit_code == 2


if RTDATA.is_dir():  # published plans, where they are at hand

    def test_eclipse_2009_agrees_with_its_own_dvhs_without_end_caps() -> None:
        """Within the bands of the data's description: mean 0.1 Gy, volume 1.5 % above 20 cc."""
        names = {"Lung_L": "Lt Lung", "Breast_L": "Breast", "PTV": "Tumor Bed Block"}
        asked = table(*(row("Mean[Gy]", "below", 99, organ, id=organ) for organ in (*names, "Heart", "Nodes")))
        folder = RTDATA / "eclipse2009_breast"
        found = sbrtcheck.check(folder, asked, prescription="14Gy/5", names=names, end_caps="none").compared
        assert isinstance(found, Comparison)
        asked_for = ["Breast", "Heart", "Lt Lung", "Nodes", "Tumor Bed Block"]
        targets = ["Borders", "Tumor Bed"]  # by their types: those are always computed
        assert sorted(one.name for one in found.structures) == sorted([*asked_for, *targets])
        for one in (one for one in found.structures if one.name in asked_for):
            volume, mean = one.metrics[:2]
            assert isinstance(mean.difference, float)
            assert abs(mean.difference) <= 0.1
            assert isinstance(volume.percent, float)
            assert abs(volume.percent) <= (1.5 if one.conventions[0].volume_cc > 20 else 10)
        best = {one.name: one.agrees_best for one in found.structures if one.agrees_best and one.name in asked_for}
        assert best == {"Breast": ("none",), "Nodes": ("none",), "Tumor Bed Block": ("none",)}
        assert any("percent of 14 Gy though labelled Gy" in remark for remark in found.remarks)

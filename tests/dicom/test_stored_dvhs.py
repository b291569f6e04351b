"""DVH Sequence -> DVHs: bounds, units, traps, and what is refused rather than guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files as files
from dicom_files import stored_dvh, write_plan
from sbrtcheck.dicom import load_dvhs
from sbrtcheck.dicom.general import PydicomElements
from sbrtcheck.dicom.stored import stored_dvhs
from sbrtcheck.dvh import DVH, DVHSet, Origin, Reason, VolumeUnit
from sbrtcheck.errors import AmbiguousPlanError, InputError, NoPlanError
from sbrtcheck.plan import FindingCode, Prescription, UnknownPrescription

# Bins of 10 Gy: 8 cc get at least 0 and 10 Gy, 4 cc 20 Gy, 1 cc 30 Gy, nothing 40 Gy. The grid reaches 43.8 Gy.
STAIRS = [(10, 8.0), (10, 8.0), (10, 4.0), (10, 1.0), (10, 0.0)]
RX = Prescription(dose_gy=50.0, fractions=5)


def load(folder: Path, *dvhs: Dataset, structures: bool = True, plan: Dataset | None = None) -> DVHSet:
    dose = files.dose()
    dose.DVHSequence = files.items(*dvhs)
    rest = [files.structure_set()] if structures else []
    return load_dvhs(write_plan(folder, dose, files.plan() if plan is None else plan, *rest))


def codes(dvh: DVH) -> set[FindingCode]:
    return {finding.code for finding in dvh.findings}


def test_a_cumulative_dvh_is_read_at_its_lower_edges_with_bounds_of_a_bin(tmp_path: Path) -> None:
    found = load(tmp_path, stored_dvh(STAIRS, stated=(12.0, 38.0, 21.0)))
    dvh = found["PTV"]
    assert (dvh.origin, dvh.end_caps, dvh.kind, dvh.number) == (Origin.STORED, None, "PTV", 1)
    assert (dvh.volume, dvh.volume_unit) == (8.0, VolumeUnit.CC)
    at_25 = dvh.volume_at_dose(25.0)
    assert (at_25.low, at_25.value, at_25.high) == (1.0, pytest.approx(2.5, abs=1e-3), 8.0)
    at_4 = dvh.dose_at_volume(4.0)
    assert (at_4.low, at_4.value, at_4.high) == pytest.approx((20.0, 20.0, 40.0))
    assert (dvh.min_gy.low, dvh.min_gy.value, dvh.min_gy.high) == (10.0, 12.0, 30.0)
    assert (dvh.max_gy.low, dvh.max_gy.value, dvh.max_gy.high) == (30.0, 38.0, 50.0)
    assert dvh.mean_gy.value == 21.0
    assert dvh.findings == ()
    assert found.provenance["doses"] == (files.DOSE_UID,)


def test_stated_extremes_beyond_the_curve_are_not_cut_off(tmp_path: Path) -> None:
    """A point is hotter than any volume that a histogram still shows: a limit on the maximum is about the point."""
    curve = [(0.1, 8.0)] * 400 + [(0.1, 0.0)]
    dvh = load(tmp_path, stored_dvh(curve, stated=(39.5, 40.7, 40.0)))["PTV"]
    assert (dvh.max_gy.value, dvh.min_gy.value) == (40.7, 39.5)
    assert dvh.max_gy.low <= 40.0 < dvh.max_gy.high == 40.7
    assert (dvh.min_gy.low, dvh.min_gy.high >= 39.9) == (39.5, True)


def test_a_stated_minimum_far_from_the_curve_is_not_taken(tmp_path: Path) -> None:
    dvh = load(tmp_path, stored_dvh([(0.1, 8.0)] * 400 + [(0.1, 0.0)], stated=(3.0, 40.0, 40.0)))["PTV"]
    assert dvh.min_gy.value > 39.0


@pytest.mark.parametrize("of_item", ["ERROR", ""])
def test_dvhs_of_the_difference_of_two_doses_are_not_used(tmp_path: Path, of_item: str) -> None:
    """A DVH that states no type has that of its RTDOSE; one that does keeps its own."""
    difference, usual = stored_dvh(STAIRS), stored_dvh(STAIRS, rois=((2, "INCLUDED"),))
    difference.DoseType = of_item
    dose = files.dose()
    dose.DoseType = "ERROR" if not of_item else "PHYSICAL"
    dose.DVHSequence = files.items(difference, usual)
    found = load_dvhs(write_plan(tmp_path, dose, files.plan(), files.structure_set()))
    assert [dvh.number for dvh in found] == [2]
    (one,) = (one for one in found.without if one.number == 1)
    assert (one.reason, "Dose Type is ERROR" in one.detail) == (Reason.STRUCTURE_NOT_COMPUTED, True)


def test_a_differential_dvh_is_summed_from_the_top(tmp_path: Path) -> None:
    pairs = [(10, 0.0), (10, 4.0), (10, 3.0), (10, 1.0)]
    differential = load(tmp_path, stored_dvh(pairs, kind="DIFFERENTIAL"))["PTV"]
    cumulative = load(tmp_path, stored_dvh(STAIRS))["PTV"]
    assert differential.curve.dose_gy.tolist() == cumulative.curve.dose_gy.tolist()
    assert differential.curve.volume.tolist() == cumulative.curve.volume.tolist()


@given(st.lists(st.floats(1.0, 39.0), min_size=1, max_size=30), st.booleans())
def test_the_true_curve_lies_between_the_bounds_whichever_edge_was_meant(doses: list[float], upper_edge: bool) -> None:
    """A structure of points of 1 cc, histogrammed with bins of 2 Gy by either convention."""
    true = np.sort(doses)
    edges = np.arange(0.0, 42.0, 2.0)
    at = edges[1:] if upper_edge else edges[:-1]
    counts = [float(np.count_nonzero(true >= edge)) for edge in at]
    assume(counts[0] == len(true))  # by upper edges, points in the first bin are lost from the start
    dose = files.item(DVHSequence=files.items(stored_dvh([(2.0, count) for count in counts])))
    (dvh,) = stored_dvhs(
        PydicomElements(dose), "RD", names={}, maximum_gy=None, prescription=RX, provenance={}, findings=()
    )
    assert dvh.mean_gy.low <= true.mean() <= dvh.mean_gy.high
    assert dvh.min_gy.low <= true[0] <= dvh.min_gy.high
    assert dvh.max_gy.low <= true[-1] <= dvh.max_gy.high
    for asked in (5.0, 12.5, 20.0, 33.3):
        band = dvh.volume_at_dose(asked)
        assert band.low <= np.count_nonzero(true >= asked) <= band.high


def test_dose_scaling_multiplies_the_bins(tmp_path: Path) -> None:
    in_cgy = [(1000 * width, volume) for width, volume in STAIRS]
    dvh = load(tmp_path, stored_dvh(in_cgy, scaling=0.001))["PTV"]
    assert dvh.curve.dose_gy.tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]


def test_stated_numbers_in_percent_are_found_out(tmp_path: Path) -> None:
    dvh = load(tmp_path, stored_dvh([(0.1, 8.0)] * 400 + [(0.1, 0.0)], stated=(79.9, 80.1, 80.0)))["PTV"]
    assert codes(dvh) == {FindingCode.STORED_DVH_UNITS}
    assert "percent of 50 Gy though labelled Gy" in dvh.findings[0].text
    assert dvh.max_gy.value == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("kind", "end", "stated", "is_said"),
    [
        ("CUMULATIVE", [1.0], None, True),  # 1 of 8 cc are left where it ends
        ("CUMULATIVE", [1.0, 0.0], None, False),  # the last bin shows that it goes no further
        ("CUMULATIVE", [1.0, 0.07], None, False),  # what is left is less than a hundredth
        ("CUMULATIVE", [1.0], (10.0, 40.0, 25.5), False),  # the maximum is that of the curve
        ("DIFFERENTIAL", [1.0], None, False),  # each bin has its own volume, the last one too
    ],
)
def test_a_curve_that_ends_with_volume_left_and_states_no_maximum_may_be_cut_off(
    tmp_path: Path, kind: str, end: list[float], stated: tuple[float, float, float] | None, is_said: bool
) -> None:
    curve = [(10, 8.0), (10, 8.0), (10, 4.0), *((10, volume) for volume in end)]
    item = stored_dvh(curve, stated=stated)
    item.DVHType = kind
    texts = [finding.text for finding in load(tmp_path, item)["PTV"].findings if "cut off" in finding.text]
    said = "it ends at 40 Gy, with 12.5 % of the volume in its last bin, and states no maximum: was it cut off?"
    assert texts == ([f"stored DVH: {said}"] if is_said else [])


def test_stated_numbers_that_contradict_the_curve_are_not_used(tmp_path: Path) -> None:
    dvh = load(tmp_path, stored_dvh([(0.1, 8.0)] * 400 + [(0.1, 0.0)], stated=(3.0, 7.0, 5.0)))["PTV"]
    assert codes(dvh) == {FindingCode.STORED_DVH_CONTRADICTORY}
    assert "contradicts its curve" in dvh.findings[0].text


def test_relative_volumes_stay_percent(tmp_path: Path) -> None:
    pairs = [(10, 100.0), (10, 100.0), (10, 50.0), (10, 12.5), (10, 0.0)]
    dvh = load(tmp_path, stored_dvh(pairs, volume_units="PERCENT"))["PTV"]
    assert (dvh.volume, dvh.volume_unit) == (100.0, VolumeUnit.PERCENT)
    assert FindingCode.STORED_DVH_UNITS in codes(dvh)
    assert dvh.volume_at_dose(20.0).value == pytest.approx(50.0, abs=0.01)


def test_relative_doses_are_percent_of_the_prescription(tmp_path: Path) -> None:
    percent = [(2 * width, volume) for width, volume in STAIRS]
    dvh = load(tmp_path, stored_dvh(percent, dose_units="RELATIVE"))["PTV"]
    assert dvh.curve.dose_gy.tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert any("percent of 50 Gy" in finding.text for finding in dvh.findings)


def test_relative_doses_of_an_unknown_prescription_are_no_dvh(tmp_path: Path) -> None:
    found = load(tmp_path, stored_dvh(STAIRS, dose_units="RELATIVE"), plan=files.plan(doses=[]))
    assert isinstance(found.prescription, UnknownPrescription)
    assert [one.reason for one in found.without] == [Reason.PRESCRIPTION_UNKNOWN]


@pytest.mark.parametrize(
    ("dvh", "reason", "detail"),
    [
        (stored_dvh(STAIRS, rois=[]), Reason.STRUCTURE_NOT_COMPUTED, "names no ROI"),
        (stored_dvh(STAIRS, rois=[(1, "EXCLUDED")]), Reason.STRUCTURE_NOT_COMPUTED, "combination"),
        (stored_dvh(STAIRS, rois=[(1, "INCLUDED"), (2, "EXCLUDED")]), Reason.STRUCTURE_NOT_COMPUTED, "combination"),
        (stored_dvh(STAIRS, volume_units="PER_U"), Reason.UNIT_UNKNOWN, "PER_U"),
        (stored_dvh(STAIRS, dose_units="RAD"), Reason.UNIT_UNKNOWN, "RAD"),
        (stored_dvh(STAIRS, kind="NATURAL"), Reason.STRUCTURE_NOT_COMPUTED, "NATURAL"),
        (stored_dvh([(10, 1.0), (10, 4.0), (10, 3.0)]), Reason.STRUCTURE_NOT_COMPUTED, "volumes rise"),
        (stored_dvh([(10, 0.0), (10, 0.0)]), Reason.STRUCTURE_EMPTY, "no volume"),
        (stored_dvh([(0, 8.0), (10, 4.0)]), Reason.UNIT_UNKNOWN, "not above 0"),
        (stored_dvh([(100 * w, v) for w, v in STAIRS]), Reason.UNIT_UNKNOWN, "another unit"),
        (stored_dvh([(k, 8.0) for k in range(1, 40)]), Reason.UNIT_UNKNOWN, "doses instead of bin widths"),
        (stored_dvh([(10, 1.0), (10, 0.5)], volume_units="PERCENT"), Reason.UNIT_UNKNOWN, "not at 100 %"),
    ],
)
def test_a_dvh_that_cannot_be_trusted_is_refused_with_the_reason(
    tmp_path: Path, dvh: Dataset, reason: Reason, detail: str
) -> None:
    found = load(tmp_path, dvh)
    assert len(found) == 0
    assert found.without[0].reason is reason
    assert detail in found.without[0].detail


def test_volumes_that_are_all_100_cc_look_like_percent(tmp_path: Path) -> None:
    pairs = [(10, 100.0), (10, 50.0), (10, 0.0)]
    found = load(tmp_path, stored_dvh(pairs), stored_dvh(pairs, rois=[(2, "INCLUDED")]))
    assert [one.reason for one in found.without] == [Reason.UNIT_UNKNOWN] * 2


def test_a_missing_contribution_of_the_only_roi_is_assumed_and_said(tmp_path: Path) -> None:
    dvh = load(tmp_path, stored_dvh(STAIRS, rois=[(1, "")], stated=(12.0, 38.0, 21.0)))["PTV"]
    assert codes(dvh) == {FindingCode.STORED_DVH_INCOMPLETE}


def test_a_wrong_number_of_bins_is_said(tmp_path: Path) -> None:
    item = stored_dvh(STAIRS, stated=(12.0, 38.0, 21.0))
    item.DVHNumberOfBins = 9
    assert codes(load(tmp_path, item)["PTV"]) == {FindingCode.STORED_DVH_INCOMPLETE}


def test_two_dvhs_of_one_structure_are_ambiguous(tmp_path: Path) -> None:
    found = load(tmp_path, stored_dvh(STAIRS), stored_dvh(STAIRS))
    assert [one.reason for one in found.without] == [Reason.STRUCTURE_AMBIGUOUS]


def test_of_a_relative_and_an_absolute_dvh_the_absolute_is_taken(tmp_path: Path) -> None:
    percent = [(10, 100.0), (10, 50.0), (10, 0.0)]
    found = load(tmp_path, stored_dvh(percent, volume_units="PERCENT"), stored_dvh(STAIRS))
    assert [dvh.volume_unit for dvh in found] == [VolumeUnit.CC]


def test_without_structure_set_the_names_are_roi_numbers(tmp_path: Path) -> None:
    found = load(tmp_path, stored_dvh(STAIRS, rois=[(7, "INCLUDED")]), structures=False)
    assert [dvh.name for dvh in found] == ["ROI 7"]


def test_structures_without_stored_dvh_are_listed(tmp_path: Path) -> None:
    found = load(tmp_path, stored_dvh(STAIRS, rois=[(7, "INCLUDED")]))
    assert [(one.name, one.reason) for one in found.without] == [("PTV", Reason.STRUCTURE_NOT_COMPUTED)]


def test_an_rtdose_without_dvhs_says_what_to_use(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"RTDOSE 2\.25\.3: the RTDOSE stores no DVHs; use computed DVHs"):
        load_dvhs(write_plan(tmp_path))


def test_stored_dvhs_of_parts_of_a_plan_are_refused(tmp_path: Path) -> None:
    doses = [files.dose(f"2.25.3{n}", summation="BEAM", parts=[(1, [n])]) for n in (1, 2)]
    with pytest.raises(InputError, match="single parts"):
        load_dvhs(write_plan(tmp_path, *doses, files.plan(beams=[1, 2]), files.structure_set()))


def test_no_dose_is_no_dvhs(tmp_path: Path) -> None:
    with pytest.raises(NoPlanError):
        load_dvhs(write_plan(tmp_path, files.plan()))


# Whose ROI numbers they are


def referring(structure_set: str) -> Dataset:
    dose = files.dose()
    dose.DVHSequence = files.items(stored_dvh(STAIRS))
    dose.ReferencedStructureSetSequence = files.items(
        files.item(ReferencedSOPClassUID=files.CLASSES["RTSTRUCT"], ReferencedSOPInstanceUID=structure_set)
    )
    return dose


def named(uid: str, name: str) -> Dataset:
    return files.structure_set(uid, rois=[(1, name, "ORGAN", [files.square(-24.0)])])


@pytest.mark.parametrize("by_dose", [True, False])
def test_names_are_not_taken_from_a_structure_set_that_is_not_referred_to(tmp_path: Path, by_dose: bool) -> None:
    if by_dose:
        found = load_dvhs(write_plan(tmp_path, referring("2.25.66"), files.plan(), named(files.SET_UID, "Lung")))
    else:
        found = load(tmp_path, stored_dvh(STAIRS), plan=files.plan(structure_set="2.25.66"))
    assert [(dvh.name, dvh.kind) for dvh in found.dvhs] == [("ROI 1", "")]
    assert found.without == ()
    assert found.provenance["structure_set"] == ""
    (finding,) = found.findings
    who = "RTDOSE" if by_dose else "RTPLAN"
    assert finding.text == (
        f"the {who} refers to structure set 2.25.66, which is not among the files: stored DVHs have ROI numbers for"
        " names, for another set may number its ROIs otherwise"
    )


def test_names_are_those_of_the_set_that_the_dose_refers_to_and_not_of_the_plans(tmp_path: Path) -> None:
    sets = [named(files.SET_UID, "Lung"), named("2.25.66", "Heart")]
    found = load_dvhs(write_plan(tmp_path, referring("2.25.66"), files.plan(), *sets))
    assert [dvh.name for dvh in found.dvhs] == ["Heart"]
    assert found.provenance["structure_set"] == "2.25.66"
    assert any("(2.25.2) than the one used (2.25.66)" in finding.text for finding in found.findings)


def test_without_any_reference_names_are_those_of_the_only_set_of_the_frame_with_a_finding(tmp_path: Path) -> None:
    found = load(tmp_path, stored_dvh(STAIRS), plan=files.plan(structure_set=""))
    assert [dvh.name for dvh in found.dvhs] == ["PTV"]
    assert [finding.code for finding in found.findings] == [FindingCode.LINKED_BY_FRAME_OF_REFERENCE]


def test_a_damaged_structure_set_gives_no_names_and_a_finding(tmp_path: Path) -> None:
    write_plan(tmp_path, referring(files.SET_UID), files.plan(), files.structure_set())
    content = (tmp_path / "2").read_bytes()
    (tmp_path / "2").write_bytes(content[: content.rfind(b"\x06\x30\x22\x00") + 3])
    found = load_dvhs(tmp_path)
    assert [dvh.name for dvh in found.dvhs] == ["ROI 1"]
    (finding,) = found.findings
    assert finding.text.startswith("RTSTRUCT 2.25.2 gives no names to stored DVHs: the file is ")


def test_sets_that_give_no_names_do_not_make_a_choice_of_plans(tmp_path: Path) -> None:
    sets = [named("2.25.21", "Lung"), named("2.25.22", "Heart")]
    found = load_dvhs(write_plan(tmp_path, referring("2.25.66"), files.plan(structure_set=""), *sets))
    assert [dvh.name for dvh in found.dvhs] == ["ROI 1"]


def test_sets_that_might_each_give_the_names_are_a_choice(tmp_path: Path) -> None:
    dose = files.dose()
    dose.DVHSequence = files.items(stored_dvh(STAIRS))
    sets = [named("2.25.21", "Lung"), named("2.25.22", "Heart")]
    write_plan(tmp_path, dose, files.plan(structure_set=""), *sets)
    with pytest.raises(AmbiguousPlanError):
        load_dvhs(tmp_path)
    assert [dvh.name for dvh in load_dvhs(tmp_path, plan="2.25.22").dvhs] == ["Heart"]


@pytest.mark.parametrize("kind", ["CUMULATIVE", "DIFFERENTIAL"])
@pytest.mark.parametrize(("width", "volume"), [(1e308, 0.5), (0.5, 5e307)])
def test_numbers_that_do_not_stay_finite_are_no_dvh(tmp_path: Path, kind: str, width: float, volume: float) -> None:
    """The last bin's upper edge counts too: the mean of a bin of 1e308 Gy had an upper bound that was no number."""
    pairs = [(1.0, 2.0 * volume), (1.0, 2.0 * volume), (width, volume)]
    dose = files.dose()
    dose.DVHSequence = files.items(files.stored_dvh(pairs, kind=kind))
    loaded = load_dvhs(files.write_plan(tmp_path, dose, files.plan(), files.structure_set()))
    assert not len(loaded)
    assert [none.detail for none in loaded.without] == ["DVH Data has numbers that are no dose or volume"]

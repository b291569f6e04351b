"""Text exports of DVHs: every dialect says the same, bounds hold, units are the file's, what is broken is refused."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import sbrtcheck
from dvh_exports import WRITERS, Organ, Writer, eclipse, steps_gy
from folders import TESTS
from sbrtcheck import Measurement, NotMeasured, api, load_dvh_export, measure
from sbrtcheck.dvh import DVHSet, Origin, Reason, VolumeUnit
from sbrtcheck.errors import AmbiguousPlanError, InputError, NoPlanError
from sbrtcheck.plan import FindingCode, Prescription, UnknownPrescription

GOLDEN = TESTS / "text_export" / "files"
FILES = sorted(path.name for path in GOLDEN.iterdir() if path.is_file())
BROKEN = GOLDEN / "broken"

# Files without absolute volumes: nothing in cc can be measured on them.
IN_PERCENT = {
    "hiart-gy-percent.csv",
    "monaco-cgy-percent.txt",
    "proknow-one-dose.csv",
    "raystation-dose-unit.txt",
    "raystation-unit.txt",
}


def load(text: str, folder: Path, *, encoding: str = "utf-8", **options: object) -> DVHSet:
    path = folder / "export.txt"
    path.write_bytes(text.encode(encoding))
    return load_dvh_export(path, **options)  # type: ignore[arg-type]


def texts(found: DVHSet, name: str) -> str:
    return " ".join(finding.text for finding in found[name].findings)


# -------------------------------------------------------------------------------- golden files


@pytest.mark.parametrize("name", FILES)
def test_every_golden_file_says_the_same_of_cord_and_target(name: str) -> None:
    """The cord's 20 cc get 0 to 10 Gy and the target's 40 cc 50 to 55 Gy, each dose as much volume as any other."""
    found = load_dvh_export(GOLDEN / name)
    cord, target = found["SpinalCord"], found["PTV"]
    assert found.origin is cord.origin is Origin.IMPORTED
    expected = {
        "D50%[Gy]": (5.0, 52.5),
        "D95%[Gy]": (0.5, 50.25),
        "V50Gy[%]": (0.0, 100.0),
        "V4Gy[%]": (60.0, 100.0),
        "Mean[Gy]": (5.0, 52.5),
    }
    if name not in IN_PERCENT:
        expected |= {"D2cc[Gy]": (9.0, 54.75), "V54Gy[cc]": (0.0, 8.0), "CV4Gy[cc]": (8.0, 0.0)}
    for metric, values in expected.items():
        for dvh, value in zip((cord, target), values, strict=True):
            measured = measure(metric, dvh)
            assert isinstance(measured, Measurement)
            # 0.02: V is read 1e-5 of the largest dose below what is asked, so that a uniform dose counts whole
            assert measured.value == pytest.approx(value, abs=0.02), (metric, dvh.name)
            assert measured.low - 1e-9 <= value <= measured.high + 0.02


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_the_patient_is_kept(name: str) -> None:
    text = repr(load_dvh_export(GOLDEN / name)) + repr(load_dvh_export(GOLDEN / name).provenance)
    assert not any(secret in text for secret in ("Doe", "Jane", "4711", "planner", str(GOLDEN)))


@pytest.mark.parametrize("name", FILES)
def test_where_it_comes_from_is_said(name: str) -> None:
    provenance = load_dvh_export(GOLDEN / name).provenance
    system = name.partition("-")[0].removesuffix(".csv")
    said = {
        "hiart": "TomoTherapy",
        "rows": "not stated",
        "proknow": "columns as ProKnow",
        "slicerrt": "columns as SlicerRT",
    }
    assert said.get(system, system).lower() in str(provenance["system"]).lower()
    assert "cumulative" in provenance["file_kind"] or "differential" in name
    assert len(provenance["file_sha256"]) == 64


@pytest.mark.parametrize("name", sorted(IN_PERCENT))
def test_without_an_absolute_volume_nothing_is_measured_in_cc(name: str) -> None:
    found = load_dvh_export(GOLDEN / name)
    measured = measure("D2cc[Gy]", found["SpinalCord"])
    assert isinstance(measured, NotMeasured)
    assert measured.reason is Reason.UNDEFINED_FOR_STORED_DVH
    assert "relative" in texts(found, "SpinalCord")


def test_an_empty_structure_and_one_of_no_volume_are_told_apart() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-small-and-empty.txt")
    assert [(one.name, one.reason) for one in found.without] == [("Esophagus", Reason.STRUCTURE_EMPTY)]
    marker = found["Marker"]
    assert marker.volume_unit is VolumeUnit.PERCENT
    assert measure("D50%[Gy]", marker).value == pytest.approx(11.0)  # type: ignore[union-attr]
    assert "stated as 0 cc" in texts(found, "Marker")
    assert "25 % of the structure is sampled" in texts(found, "Marker")


def test_a_structure_that_gets_less_than_one_step_is_bounded_by_its_stated_maximum(tmp_path: Path) -> None:
    organs = [Organ(name="Lens", volume_cc=0.5, doses_gy=(0.05, 0.1, 0.15))]
    (dvh,) = load(eclipse(organs, steps_gy(organs, 0.5), 0), tmp_path)
    assert (dvh.max_gy.low, dvh.max_gy.high) == (0.0, pytest.approx(0.15, abs=6e-3))
    assert dvh.mean_gy.value == pytest.approx(0.1)


def test_relative_doses_are_percent_of_the_dose_of_hundred_percent() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-relative-dose.txt")  # 40 Gy to 80 %
    assert "percent of 50 Gy" in texts(found, "PTV")
    assert {finding.code for finding in found["PTV"].findings} == {FindingCode.RELATIVE_DOSE_SCALED}


def test_a_part_without_dose_is_a_finding() -> None:
    found = load_dvh_export(GOLDEN / "raystation-unit.txt")
    assert [f.code for f in found["SpinalCord"].findings].count(FindingCode.OUTSIDE_DOSE_GRID) == 1
    assert [f.code for f in found["PTV"].findings].count(FindingCode.OUTSIDE_DOSE_GRID) == 0


def test_another_dose_than_physical_dose_is_a_finding() -> None:
    found = load_dvh_export(GOLDEN / "raystation-volume-and-rx.txt")
    assert FindingCode.DOSE_TYPE in {finding.code for finding in found["PTV"].findings}


# -------------------------------------------------------------------------------- prescription and plan


def test_a_dose_without_fractions_is_no_prescription() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-total-dose.txt")
    assert found.prescription == UnknownPrescription(reason="the export states 50 Gy and no number of fractions")


def test_the_users_prescription_wins_and_another_dose_is_a_finding() -> None:
    given_ = Prescription(dose_gy=48.0, fractions=4)
    found = load_dvh_export(GOLDEN / "eclipse-total-dose.txt", prescription=given_)
    assert found.prescription == found["PTV"].prescription == given_
    (finding,) = found.findings
    assert finding.code is FindingCode.PRESCRIPTION_SOURCE
    assert "the export states 50 Gy, another dose" in finding.text


def test_a_plan_sum_has_no_prescription() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-plan-sum.txt")
    assert found.provenance["plan_label"] == "Sum"
    assert isinstance(found.prescription, UnknownPrescription)
    assert "plan sum" in found.prescription.reason


@pytest.mark.parametrize(("file", "is_sum"), [("eclipse-plan-sum.txt", True), ("eclipse-total-dose.txt", False)])
@pytest.mark.parametrize("rx", [None, Prescription(dose_gy=50.0, fractions=5)])
def test_the_doses_of_a_plan_sum_are_of_several_plans_whatever_prescription_is_given(
    file: str, is_sum: bool, rx: Prescription | None
) -> None:
    codes = [finding.code for finding in load_dvh_export(GOLDEN / file, prescription=rx).findings]
    assert (FindingCode.DOSE_OF_SEVERAL_PLANS in codes) == is_sum


@pytest.mark.parametrize("rx_gy", [20.0, 40.0, 80.0])
def test_doses_of_a_hundredth_of_the_prescription_are_of_another_unit_and_refused(rx_gy: float, tmp_path: Path) -> None:
    labelled_cgy = tmp_path / "export.txt"
    in_cgy = (GOLDEN / "raystation-dose-unit.txt").read_text(encoding="utf-8")
    in_gy = re.sub(r"^\d+\.\d+(?=\t)", lambda dose: f"{float(dose[0]) / 100:.5f}", in_cgy, flags=re.MULTILINE)
    labelled_cgy.write_text(in_gy, encoding="utf-8")
    given_ = Prescription(dose_gy=rx_gy, fractions=5)
    with pytest.raises(InputError, match="a hundredth of the prescription"):
        load_dvh_export(labelled_cgy, prescription=given_)


@pytest.mark.parametrize(("rx_gy", "doubted"), [(50.0, False), (10.0, True), (500.0, True)])
def test_a_prescription_far_from_the_largest_dose_is_doubted(rx_gy: float, doubted: bool) -> None:
    given_ = Prescription(dose_gy=rx_gy, fractions=5)
    found = api.dvhs(GOLDEN / "raystation-dose-unit.txt", dvhs="imported", prescription=given_)
    assert any("of the prescription of" in finding.text for finding in found.findings) is doubted


@pytest.mark.parametrize("word", ["Doe^Jane", "Gy Doe^Jane", "Doe^Jane (RBE)", "Gy (Doe^Jane)"])
def test_a_word_in_place_of_a_unit_may_be_a_name_and_is_not_quoted(word: str, tmp_path: Path) -> None:
    text = (GOLDEN / "raystation-dose-unit.txt").read_text(encoding="utf-8").replace("unit: cGy", f"unit: {word}")
    found = load(text, tmp_path)
    told = [finding.text for dvh in found.dvhs for finding in dvh.findings] + [one.detail for one in found.without]
    assert any("unit" in text for text in told)
    assert not any("Doe" in text for text in told)


@pytest.mark.parametrize("unit", ["cGy (RBE)", "cGy [RBE]", "cGy RBE"])
def test_what_a_dose_is_weighted_by_is_told(unit: str, tmp_path: Path) -> None:
    text = (GOLDEN / "raystation-dose-unit.txt").read_text(encoding="utf-8").replace("unit: cGy", f"unit: {unit}")
    assert f"its dose unit is '{unit}'" in texts(load(text, tmp_path), "SpinalCord")


@pytest.mark.parametrize("stated", ["5000.0", "1000.5"])
def test_a_prescription_that_no_course_has_is_unknown(stated: str, tmp_path: Path) -> None:
    found = load(TWO_PLANS.replace("[Gy]: 20.0", f"[Gy]: {stated}"), tmp_path, plan="First").prescription
    assert isinstance(found, UnknownPrescription)
    assert found.reason.startswith("the prescription of the export cannot be right: its dose is not in 0 to 1000 Gy")


TWO_PLANS = """Type : Cumulative Dose Volume Histogram

Plan: First
Course: C1
Prescribed dose [Gy]: 20.0
% for dose (%): 100.0

Plan: Second
Course: C1
Prescribed dose [Gy]: 30.0
% for dose (%): 100.0

Structure: Liver
Plan: First
Course: C1
Volume [cc]: 1000.0

Dose [Gy] Ratio of Total Structure Volume [%]
0 100
1 50
2 0

Structure: Liver
Plan: Second
Course: C1
Volume [cc]: 1000.0

Dose [Gy] Ratio of Total Structure Volume [%]
0 100
2 50
4 0
"""


def test_of_several_plans_one_must_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousPlanError, match="2 plans: C1/First, C1/Second"):
        load(TWO_PLANS, tmp_path)
    with pytest.raises(NoPlanError, match="no plan 'Third'; it has: C1/First"):
        load(TWO_PLANS, tmp_path, plan="Third")


@pytest.mark.parametrize("name", ["Second", "C1/Second"])
def test_a_plan_is_chosen_by_its_name(tmp_path: Path, name: str) -> None:
    found = load(TWO_PLANS, tmp_path, plan=name)
    assert found.provenance["plan_label"] == "Second"
    assert "states 30 Gy" in found.prescription.reason  # type: ignore[union-attr]
    assert measure("D50%[Gy]", found["Liver"]).value == pytest.approx(2.0)  # type: ignore[union-attr]


# -------------------------------------------------------------------------------- characters and numbers

ACCENTED = [Organ(name="Œsophage «né» ³", volume_cc=20.0, doses_gy=(1.0, 2.0, 3.0, 4.0))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_change_nothing(tmp_path: Path, encoding: str, ends: str) -> None:
    text = eclipse(ACCENTED, steps_gy(ACCENTED, 0.5), 0)
    (dvh,) = load(text.replace("\n", ends), tmp_path, encoding=encoding)
    assert dvh.name == "Œsophage «né» ³"
    assert (dvh.volume, dvh.volume_unit) == (20.0, VolumeUnit.CC)
    assert dvh.max_gy.value == pytest.approx(4.0)


def test_utf_16_big_endian_is_read(tmp_path: Path) -> None:
    text = eclipse(ACCENTED, steps_gy(ACCENTED, 0.5), 0)
    path = tmp_path / "export.txt"
    path.write_bytes(codecs.BOM_UTF16_BE + text.encode("utf-16-be"))
    assert [dvh.name for dvh in load_dvh_export(path)] == ["Œsophage «né» ³"]


@pytest.mark.parametrize("unit", ["cGy", "Gy"])
def test_decimal_commas_and_either_unit_change_nothing(tmp_path: Path, unit: str) -> None:
    organs = [Organ(name="Liver", volume_cc=1432.1, doses_gy=(0.13, 7.5, 12.25, 31.0))]
    (plain,) = load(eclipse(organs, steps_gy(organs, 0.5), 0), tmp_path)
    (other,) = load(eclipse(organs, steps_gy(organs, 0.5), 0, unit=unit, mark=","), tmp_path)
    assert other.volume == plain.volume
    np.testing.assert_allclose(other.curve.dose_gy, plain.curve.dose_gy, atol=6e-3)  # the maximum is printed to 0.01
    np.testing.assert_allclose(other.curve.volume, plain.curve.volume)


def test_points_and_commas_in_one_file_are_refused(tmp_path: Path) -> None:
    text = TWO_PLANS.replace("1000.0", "1,000,0").replace("0 100\n1 50", "0 100\n1,5 50")
    text = re.sub(r"(?<=[23]0|00)[.]0", "", text)  # the plans' doses and percentages are whole
    assert load(text, tmp_path, plan="First")["Liver"].volume_unit is VolumeUnit.PERCENT  # 1,000,0 is no number
    with pytest.raises(InputError, match="which is the decimal mark"):
        load(text.replace("1,000,0", "1000.0"), tmp_path, plan="First")


# -------------------------------------------------------------------------------- laws


@st.composite
def organs(draw: st.DrawFn) -> list[Organ]:
    """One to three organs of up to 20 points, doses on hundredths of a Gy."""
    return [
        Organ(
            name=f"Organ {number}",
            volume_cc=draw(st.integers(30, 200_000)) / 100.0,
            doses_gy=tuple(sorted(d / 100.0 for d in draw(st.lists(st.integers(200, 6000), min_size=1, max_size=20)))),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


@pytest.mark.slow
@given(
    organs(),
    st.sampled_from(WRITERS),
    st.sampled_from([0.2, 0.5, 1.0]),
    st.sampled_from([-1, 0, 1]),
    st.integers(0, 19),
)
def test_the_truth_lies_between_the_bounds_in_every_dialect(
    tmp_path_factory: pytest.TempPathFactory, made: list[Organ], writer: Writer, width: float, shift: int, place: int
) -> None:
    """Whichever edge of a bin the writer means, and however few digits it prints."""
    assume(shift == 0 or not writer.edge_is_said)
    found = load(writer.write(made, steps_gy(made, width), shift), tmp_path_factory.mktemp("laws"))
    assert not found.without
    for organ in made:
        dvh = found[organ.name]
        assert dvh.volume_unit is (VolumeUnit.CC if writer.in_cc else VolumeUnit.PERCENT)
        assert holds(dvh.mean_gy, organ.mean_gy)
        assert holds(dvh.min_gy, organ.doses_gy[0])
        assert holds(dvh.max_gy, organ.doses_gy[-1])
        for dose in (0.005, organ.doses_gy[0] + 0.005, organ.mean_gy // 0.01 * 0.01 + 0.005, 31.415):
            true = organ.percent_with(dose)
            measured = measure(f"V{dose:.3f}Gy[%]", dvh)
            assert holds(measured, true), (organ, dose)
            if writer.in_cc:
                assert holds(measure(f"V{dose:.3f}Gy[cc]", dvh), true / 100.0 * organ.volume_cc)
                assert holds(measure(f"CV{dose:.3f}Gy[cc]", dvh), (100.0 - true) / 100.0 * organ.volume_cc)
        k = place % len(organ.doses_gy)
        share = (k + 0.5) / len(organ.doses_gy)
        assert holds(measure(f"D{100 * share:.9f}%[Gy]", dvh), organ.hottest(k))
        if writer.in_cc:
            assert holds(measure("Volume[cc]", dvh), organ.volume_cc)
            for metric in (f"D{share * organ.volume_cc:.9f}cc[Gy]", f"DC{(1 - share) * organ.volume_cc:.9f}cc[Gy]"):
                measured = measure(metric, dvh)
                too_small = isinstance(measured, NotMeasured) and measured.reason is Reason.VOLUME_TOO_SMALL
                assert too_small or holds(measured, organ.hottest(k))


def holds(measured: object, true: float) -> bool:
    low, high = measured.low, measured.high  # type: ignore[attr-defined]
    return bool(low - 1e-3 <= true <= high + 1e-3)  # doses are stated to 0.01 cGy, answers given to 0.1 mGy


@pytest.mark.slow
@given(organs(), st.sampled_from(WRITERS))
def test_what_is_printed_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, made: list[Organ], writer: Writer
) -> None:
    """The curve passes through the printed points."""
    steps = steps_gy(made, 0.5)
    found = load(writer.write(made, steps, 0), tmp_path_factory.mktemp("laws"))
    for organ in made:
        dvh = found[organ.name]
        for dose in steps[steps <= organ.doses_gy[-1]]:
            read = dvh.curve.volume_at(np.array([dose]))[0] / dvh.volume * 100.0
            printed = organ.percent_with(float(dose))
            assert read == pytest.approx(printed, abs=100 * 0.0006 / organ.volume_cc + 0.006)


@pytest.mark.slow
@given(organs(), st.sampled_from(WRITERS))
def test_reading_twice_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, made: list[Organ], writer: Writer
) -> None:
    folder = tmp_path_factory.mktemp("laws")
    text = writer.write(made, steps_gy(made, 0.5), 0)
    one, two = load(text, folder), load(text, folder)
    assert repr(one) == repr(two)


def test_our_own_csv_of_dvhs_is_read_back(tmp_path: Path) -> None:
    from sbrtcheck.render.lists import dvhs_csv

    first = load_dvh_export(GOLDEN / "eclipse-total-dose.txt")
    again = load(dvhs_csv(first), tmp_path)
    for dvh in first:
        np.testing.assert_allclose(again[dvh.name].curve.dose_gy, dvh.curve.dose_gy, rtol=1e-5)
        np.testing.assert_allclose(again[dvh.name].curve.volume, dvh.curve.volume, rtol=1e-5)


@pytest.mark.parametrize(("cgy_of_one_gy", "is_used"), [(100.0, True), (1.0, False)])
def test_doses_in_gy_and_cgy_beside_each_other_have_to_agree(
    tmp_path: Path, cgy_of_one_gy: float, *, is_used: bool
) -> None:
    rows = "".join(f"PTV,{dose * cgy_of_one_gy:g},{dose},{59 - dose}\n" for dose in range(60))
    found = load(f"structure,dose_cgy,dose_gy,volume_cc\n{rows}", tmp_path)
    if is_used:
        assert found["PTV"].max_gy.value == pytest.approx(59.0)
    else:
        assert len(found) == 0
        assert [one.detail for one in found.without] == ["its columns of doses contradict each other"]


# -------------------------------------------------------------------------------- layouts that are not known


@pytest.mark.parametrize(
    "heading",
    [
        "Dose (Gy),Volume (%)",
        "Dose (Gy),Relative Volume (%)",
        "Dose (Gy),Absolute Volume (cc)",
        "Dose (Gy),Relative Volume (%),Dose (Gy),Relative Volume (%)",
        "Dose [Gy];Ratio of Total Structure Volume [%]",
        "Dose (Gy),Structure Volume (cc),Cumulative Volume (%)",
        "PTV,Dose (Gy),Relative Volume (%)",
        "PTV(STANDARD),Dose (Gy),Relative Volume (%),Heart,Dose (Gy),Relative Volume (%)",
        "PTV(STANDARD),Dose (Gy),Relative Volume (%),Note",
        "PTV(STANDARD),Dose (Gy),Relative Volume (%),Heart(STANDARD),Dose (Gy)",
        "PTV(STANDARD),Relative Volume (%),Dose (Gy)",
        "PTV, left(STANDARD),Dose (Gy),Relative Volume (%)",
        "Bin,Dose (Gy),PTV (%)",
        "Dose (Gy),PTV (%),Comment",
        "PTV Dose (Gy),PTV (%),Heart (%)",
        "Structure,Dose (Gy),Relative Volume (%)",
    ],
)
def test_a_heading_of_which_a_part_is_not_known_is_refused_and_never_taken_for_another(
    tmp_path: Path, heading: str
) -> None:
    mark = ";" if ";" in heading else ","
    count = heading.count(mark) + 1
    rows = "".join(mark.join([f"{dose}", *[f"{100 - dose}"] * (count - 1)]) + "\n" for dose in range(101))
    with pytest.raises(InputError, match="no DVH export that is known"):
        load(f"{heading}\n{rows}", tmp_path)


HIART = """"{name}(STANDARD)",{dose},{volume}
,0.0,100.0
,1.0,50.0
{more}
"""


@pytest.mark.parametrize("name", ["PTV", "PTV, left", "Lung (L)", "Ring 2-4 cm", "Dose (Gy)", "Relative Volume (%)"])
def test_a_name_of_tomotherapy_may_be_anything(tmp_path: Path, name: str) -> None:
    text = HIART.format(name=name, dose="Dose (Gy)", volume="Relative Volume (%)", more=",2.0,0.0")
    (dvh,) = load(text, tmp_path)
    assert dvh.name == name
    assert measure("D50%[Gy]", dvh).value == pytest.approx(1.0)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("dose", "volume", "reason"),
    [
        ("Relative Dose (%)", "Relative Volume (%)", Reason.PRESCRIPTION_UNKNOWN),
        ("Relative Dose (Gy)", "Relative Volume (%)", Reason.UNIT_UNKNOWN),
        ("Absolute Dose (%)", "Relative Volume (%)", Reason.UNIT_UNKNOWN),
        ("Dose (Gy)", "Relative Volume (cc)", Reason.UNIT_UNKNOWN),
        ("Dose (Gy)", "Absolute Volume (%)", Reason.UNIT_UNKNOWN),
        ("Dose (rad)", "Relative Volume (%)", Reason.UNIT_UNKNOWN),
    ],
)
def test_units_of_tomotherapy_that_contradict_their_heading_are_not_used(
    tmp_path: Path, dose: str, volume: str, reason: Reason
) -> None:
    found = load(HIART.format(name="PTV", dose=dose, volume=volume, more=",2.0,0.0"), tmp_path)
    assert [one.reason for one in found.without] == [reason]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("PTV,2.0,0.0", "something below its name"),
        (",2.0,", "has no numbers in its columns"),
        (",,0.0", "has no numbers in its columns"),
        (",2.0,x", "has no numbers in its columns"),
        (",2.0,60.0", "its cumulative volumes rise"),
    ],
)
def test_rows_of_tomotherapy_that_are_none_are_not_used(tmp_path: Path, more: str, why: str) -> None:
    text = HIART.format(name="PTV", dose="Dose (Gy)", volume="Relative Volume (%)", more=more)
    (one,) = load(text, tmp_path).without
    assert why in one.detail


def test_lines_that_part_the_blocks_of_oncentra_change_nothing(tmp_path: Path) -> None:
    text = (GOLDEN / "oncentra-gy-ccm.txt").read_text(encoding="utf-8")
    plain = load(text, tmp_path)
    for rule in ("*" * 3, "*" * 60, "-" * 20, "=" * 9):
        ruled = "".join(
            f"{line}\n{rule}\n" if line.startswith(("ROI", "Bin")) else f"{line}\n" for line in text.split("\n")
        )
        assert repr(load(ruled, tmp_path).dvhs) == repr(plain.dvhs)


# -------------------------------------------------------------------------------- what is broken

REFUSED = {
    "two-decimal-marks.txt": "which is the decimal mark",
    "no-structure.txt": "no DVH export that is known",
    "empty.txt": "the file is empty",
    "two-dose-units.txt": "its tables are in several units of dose: Gy, cGy",
    "two-dialects.txt": "may be of Eclipse or RayStation",
    "structure-of-no-plan.txt": "line 12: structure 'Liver' does not say which of the plans it is of",
    "monaco-broken-row.txt": "line 6: no row of structure, dose and volume",
    "monaco-two-units.txt": "line 1: the same field stands twice, with another value",
    "monaco-no-rows.txt": "no rows of structure, dose and volume",
    "oncentra-differential.txt": "line 3: the export is differential",
    "primo-differential.txt": "line 4: the export is differential",
    "cadplan-differential.txt": "line 5: the export is differential",
    "prosoma-differential.txt": "line 2: the export is differential",
    "onkodicom-two-patients.csv": "structures of several patients",
    "onkodicom-doses-below-percentages.csv": "no DVH export that is known",
    "mirada.txt": "no DVH export that is known",
    "pinnacle-points.csv": "no DVH export that is known",
    "pinnacle-info.csv": "no DVH export that is known",
    "binary.txt": "the file is no text",
}
NOT_USED = {
    "table-cut-off.txt": (Reason.STRUCTURE_NOT_COMPUTED, "50 % of the volume left: was it cut off?"),
    "row-cut-off.txt": (Reason.STRUCTURE_NOT_COMPUTED, "line 16 is no row of 2 numbers"),
    "volumes-rise.txt": (Reason.STRUCTURE_NOT_COMPUTED, "its cumulative volumes rise"),
    "negative-volume.txt": (Reason.STRUCTURE_NOT_COMPUTED, "volumes below 0"),
    "doses-fall.txt": (Reason.STRUCTURE_NOT_COMPUTED, "the doses of its table fall, from 2 to 1 Gy"),
    "negative-dose.txt": (Reason.STRUCTURE_NOT_COMPUTED, "doses below 0"),
    "negative-maximum.txt": (Reason.STRUCTURE_NOT_COMPUTED, "it states a dose of -1 Gy"),
    "same-name-twice.txt": (Reason.STRUCTURE_AMBIGUOUS, "2 DVHs of this name"),
    "no-rows.txt": (Reason.STRUCTURE_NOT_COMPUTED, "its table is empty"),
    "block-cut-off.txt": (Reason.STRUCTURE_NOT_COMPUTED, "the export has no table for it"),
    "no-volume.txt": (Reason.STRUCTURE_EMPTY, "no volume"),
    "one-row.txt": (Reason.STRUCTURE_NOT_COMPUTED, "its table ends at 0 Gy, and no maximum is stated"),
    "unit-of-dose-missing.txt": (Reason.UNIT_UNKNOWN, "no dose unit"),
    "unit-of-dose-unknown.txt": (Reason.UNIT_UNKNOWN, "the unit of its dose is 'rad'"),
    "primo-ev-per-gram.txt": (Reason.UNIT_UNKNOWN, "the unit of its dose is 'eV/g'"),
    "cadplan-unknown-columns.txt": (Reason.STRUCTURE_NOT_COMPUTED, "line 17 heads columns that are not known"),
    "prosoma-unknown-columns.txt": (Reason.STRUCTURE_NOT_COMPUTED, "line 10 heads columns that are not known"),
    "prosoma-unit-of-volume-unknown.txt": (Reason.UNIT_UNKNOWN, "no volume unit"),
    "onkodicom-from-one.csv": (Reason.UNIT_UNKNOWN, "relative volumes begin at 1, not at 100 %"),
    "onkodicom-row-cut-off.csv": (Reason.STRUCTURE_NOT_COMPUTED, "line 3 has no number for each dose of the heading"),
    "unit-of-volume-unknown.txt": (Reason.UNIT_UNKNOWN, "the unit of its volume is 'l'"),
    "cgy-labelled-gy.txt": (Reason.UNIT_UNKNOWN, "are cGy though labelled Gy"),
    "stated-mean-contradicts.txt": (Reason.UNIT_UNKNOWN, "contradicts its curve"),
    "doses-contradict.txt": (Reason.UNIT_UNKNOWN, "its doses and its relative doses contradict each other"),
    "dose-of-hundred-percent-beyond-any-patient.txt": (Reason.UNIT_UNKNOWN, "its doses are percent of 5000 Gy"),
    "doses-beyond-any-patient.txt": (Reason.UNIT_UNKNOWN, "its doses reach 5500 Gy"),
    "percent-labelled-cc.txt": (Reason.UNIT_UNKNOWN, "its table begins at 100 cc, and its volume is stated as 40 cc"),
    "percent-from-one.txt": (Reason.UNIT_UNKNOWN, "relative volumes begin at 1, not at 100 %"),
    "relative-dose-of-unknown.txt": (Reason.PRESCRIPTION_UNKNOWN, "does not state the dose of 100 %"),
    "differential-of-other-volume.txt": (Reason.UNIT_UNKNOWN, "come to 20, not to 40"),
    "begins-late.txt": (Reason.STRUCTURE_NOT_COMPUTED, "its table begins at 20 Gy"),
}


def test_every_broken_file_is_expected_to_be_refused_in_some_way() -> None:
    assert {path.name for path in BROKEN.iterdir()} == {*REFUSED, *NOT_USED}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_export_that_cannot_be_read_is_an_error_with_its_place(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_dvh_export(BROKEN / name)
    assert REFUSED[name] in str(caught.value)
    assert caught.value.place.startswith("DVH export")
    assert caught.value.hint


@pytest.mark.parametrize("name", sorted(NOT_USED))
def test_a_structure_that_cannot_be_used_has_a_reason_and_the_others_are_used(name: str) -> None:
    """In these files a structure that is sound, where there is one, is called ``Heart``."""
    found = load_dvh_export(BROKEN / name)
    ((reason, detail),) = {(one.reason, one.detail) for one in found.without}
    assert reason is NOT_USED[name][0]
    assert NOT_USED[name][1] in detail
    assert all(dvh.name == "Heart" for dvh in found)


def test_volumes_in_cc_that_are_all_a_hundred_are_refused(tmp_path: Path) -> None:
    text = "Dose (Gy),Liver (cc),Heart (cc)\n0,100,100\n1,50,60\n2,0,0\n"
    assert {one.reason for one in load(text, tmp_path).without} == {Reason.UNIT_UNKNOWN}


def test_a_file_that_is_not_there_or_a_folder_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path / "no.txt", tmp_path, tmp_path / "nul\0"):
        with pytest.raises(InputError, match="cannot be read"):
            load_dvh_export(path)


def test_what_was_looked_for_is_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load("Dear all,\nplease find attached\n", tmp_path)
    systems = ("Eclipse", "RayStation", "Monaco", "Oncentra", "PRIMO", "CadPlan", "ProSoma", "OnkoDICOM")
    for name in (*systems, "CSV with columns", "CSV with a row a point"):
        assert name in caught.value.hint


# -------------------------------------------------------------------------------- verdicts


def judged(found: DVHSet, metric: str) -> sbrtcheck.Report:
    from dvh_builders import row, table

    return sbrtcheck.evaluate(table(row(metric, "below", 9.5), id="own"), found)


def test_a_structure_smaller_than_the_volume_asked_for_is_not_evaluated() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-total-dose.txt", prescription=Prescription(dose_gy=50.0, fractions=5))
    (outcome,) = judged(found, "D30cc[Gy]").outcomes
    assert outcome.reason is Reason.VOLUME_TOO_SMALL


def test_beyond_the_curve_there_is_no_volume() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-total-dose.txt")
    assert measure("V60Gy[%]", found["PTV"]).value == 0.0  # type: ignore[union-attr]


def test_structures_cannot_be_joined_and_conventions_are_not_checked() -> None:
    found = load_dvh_export(GOLDEN / "eclipse-total-dose.txt", prescription=Prescription(dose_gy=50.0, fractions=5))
    joined = found.union([found["PTV"], found["SpinalCord"]])
    assert joined.reason is Reason.UNDEFINED_FOR_STORED_DVH  # type: ignore[union-attr]
    (outcome,) = judged(found, "D2cc[Gy]").outcomes
    assert (outcome.conventions, outcome.convention_sensitive) == ((), False)
    assert outcome.borderline  # 9 Gy, and a limit of 9.5 Gy within a bin of it

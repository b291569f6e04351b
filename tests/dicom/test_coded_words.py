"""Coded elements: codes and their spellings are read and quoted as ever, and a name in their place is never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files as files
from dicom_files import write_plan
from sbrtcheck.dicom import Kind, find_plans, load_dvhs, load_plan
from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import DEFINED, coded_word, coded_words, is_known, known_words, unknown_word
from sbrtcheck.dicom.general import PydicomElements
from sbrtcheck.errors import SbrtcheckError
from sbrtcheck.plan import ContourSource

NAME = "MUSTERMANN^ERIKA"
TAGS = st.sampled_from(sorted(DEFINED))


def element(tag: int, text: str) -> PydicomElements:
    dataset = Dataset()
    dataset.add_new(tag, "UT", text)  # any text, for pydicom refuses what is no code
    return PydicomElements(dataset)


@given(TAGS, st.data())
def test_a_code_is_read_as_it_is_whatever_its_case(tag: int, data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(known_words(tag)))
    spelled = data.draw(st.sampled_from([word, word.lower(), word.title(), f" {word} "]))
    assert coded_word(element(tag, spelled), tag) == word


@given(TAGS, st.data())
def test_a_code_with_other_punctuation_is_no_code_and_is_quoted(tag: int, data: st.DataObject) -> None:
    word = data.draw(st.sampled_from([each for each in DEFINED[tag] if "_" in each] or ["-"]))
    other = word.replace("_", data.draw(st.sampled_from([" ", "-", "", "."])))
    if word != "-":
        assert coded_word(element(tag, other), tag) == other


@given(TAGS, st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz^-. ", min_size=1, max_size=64))
def test_of_any_other_word_nothing_but_its_length_is_said(tag: int, text: str) -> None:
    text = text.strip()
    if not text or is_known(text, known_words(tag)):
        return
    said = coded_word(element(tag, text), tag)
    assert said == unknown_word(text, DEFINED[tag])
    assert said not in known_words(tag)
    assert f"a word of {len(text)} characters" in said


def test_the_words_of_the_standard_are_listed_where_they_are_few() -> None:
    assert unknown_word("Doe", DEFINED[Tag.DOSE_UNITS]) == "a word of 3 characters, where DICOM defines GY, RELATIVE"
    assert unknown_word("Doe", DEFINED[Tag.RT_ROI_INTERPRETED_TYPE]).endswith("where DICOM defines others")


def test_an_element_without_a_word_has_none() -> None:
    nothing = PydicomElements(Dataset())
    assert (coded_word(nothing, Tag.DOSE_UNITS), coded_words(nothing, Tag.DOSE_VALUE_PURPOSE)) == ("", [])
    both = element(Tag.DOSE_VALUE_PURPOSE, "TRACKING\\qa")
    assert coded_words(both, Tag.DOSE_VALUE_PURPOSE) == ["TRACKING", "QA"]
    assert coded_word(element(Tag.DOSE_UNITS, "\\GY"), Tag.DOSE_UNITS) == ""


# -------------------------------------------------------------------------------- a name in every coded place


def everything_said(folder: Path, *datasets: Dataset) -> str:
    """All that loading the files, and their stored DVHs, says: findings, refusals, and how the values are shown."""
    said: list[object] = []
    write_plan(folder, *datasets)
    found = find_plans(folder)
    said += [found, *found.orphans, *found.plans]
    for load in (load_plan, load_dvhs):
        try:
            loaded = load(folder)
        except SbrtcheckError as error:
            said.append(error)
        else:
            said += [loaded, loaded.findings, loaded.prescription]
            parts = [*getattr(loaded, "structures", ()), *getattr(loaded, "dvhs", ()), *getattr(loaded, "without", ())]
            said += [*parts, *[getattr(part, "findings", "") for part in parts]]
            said += [what_reading_says(part.contours) for part in getattr(loaded, "structures", ())]
    return "\n".join(map(repr, said)) + "\n".join(map(str, said))


def what_reading_says(contours: ContourSource) -> str:
    try:
        return repr(contours.read())
    except SbrtcheckError as error:
        return str(error)


def sets(*keywords: str) -> Callable[[Dataset], None]:
    """Put the name into an element; of a sequence, into each of its items."""

    def change(dataset: Dataset) -> None:
        *path, last = keywords
        items = [dataset]
        for keyword in path:
            items = [item for each in items for item in each[keyword].value]
        assert items
        for item in items:
            files.set_raw(item, last, NAME)

    return change


CODED = [
    (Kind.DOSE, ("DoseUnits",)),
    (Kind.DOSE, ("DoseType",)),
    (Kind.DOSE, ("SpatialTransformOfDose",)),
    (Kind.DOSE, ("DoseSummationType",)),
    (Kind.DOSE, ("TissueHeterogeneityCorrection",)),
    (Kind.DOSE, ("DVHSequence", "DVHType")),
    (Kind.DOSE, ("DVHSequence", "DoseUnits")),
    (Kind.DOSE, ("DVHSequence", "DoseType")),
    (Kind.DOSE, ("DVHSequence", "DVHVolumeUnits")),
    (Kind.DOSE, ("DVHSequence", "DVHReferencedROISequence", "DVHROIContributionType")),
    (Kind.PLAN, ("PlanIntent",)),
    (Kind.PLAN, ("RTPlanGeometry",)),
    (Kind.PLAN, ("ApprovalStatus",)),
    (Kind.PLAN, ("DoseReferenceSequence", "DoseReferenceType")),
    (Kind.PLAN, ("DoseReferenceSequence", "DoseReferenceStructureType")),
    (Kind.PLAN, ("DoseReferenceSequence", "DoseValueInterpretation")),
    (Kind.PLAN, ("DoseReferenceSequence", "DoseValuePurpose")),
    (Kind.STRUCTURE_SET, ("ApprovalStatus",)),
    (Kind.STRUCTURE_SET, ("RTROIObservationsSequence", "RTROIInterpretedType")),
    (Kind.STRUCTURE_SET, ("ROIContourSequence", "ContourSequence", "ContourGeometricType")),
    (Kind.STRUCTURE_SET, ("ROIContourSequence", "ContourSequence", "NumberOfContourPoints")),
    (Kind.STRUCTURE_SET, ("ROIContourSequence", "ContourSequence", "ContourSlabThickness")),
    (Kind.STRUCTURE_SET, ("ROIContourSequence", "ContourSequence", "ContourData")),
    (Kind.DOSE, ("Modality",)),
]


@pytest.mark.parametrize(("kind", "keywords"), CODED, ids=lambda value: value if isinstance(value, str) else None)
def test_a_name_in_place_of_a_code_is_not_shown(tmp_path: Path, kind: Kind, keywords: tuple[str, ...]) -> None:
    dose = files.dose()
    dose.DVHSequence = files.items(files.stored_dvh([(10, 8.0), (10, 4.0), (10, 0.0)]))
    changed = {Kind.DOSE: dose, Kind.PLAN: files.plan(), Kind.STRUCTURE_SET: files.structure_set()}
    sets(*keywords)(changed[kind])
    said = everything_said(tmp_path, *changed.values())
    for part in (NAME, *NAME.split("^"), NAME.title()):
        assert part.casefold() not in said.casefold()

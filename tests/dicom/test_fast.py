"""The fast reader reads files as pydicom does, to the byte; the others are left to pydicom, errors included."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

import dicom_files as files
from dicom_files import write_plan
from sbrtcheck.dicom import elements, fast, general, load_dvhs, load_plan
from sbrtcheck.dicom.fast import FastElements, FastFile, read_fast
from sbrtcheck.dicom.tags import name, quiet
from two_ways import both_ways, everything, without_fast_reading

FAST_SYNTAXES = st.sampled_from([ImplicitVRLittleEndian, ExplicitVRLittleEndian])
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def read_file(path: Path, last: int = elements.ANY_TAG) -> FastFile | None:
    with path.open("rb") as file:
        return read_fast(file, last)


def element(tag: int, value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


OPEN, ITEM = elements.UNDEFINED_LENGTH, 0xFFFEE000
END_OF_ITEM, END_OF_SEQUENCE = element(0xFFFEE00D, b""), element(0xFFFEE0DD, b"")
MODALITY = element(0x00080060, b"RTSTRUCT")
ROI = element(0x30060026, b"PTV ")


def meta(*, explicit: bool = False) -> bytes:
    """What stands before the dataset of a file."""
    buffer = BytesIO()
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = files.CLASSES["RTSTRUCT"]
    dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.7"
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


# Elements are those of pydicom

VRS = {
    0x00080050: "SH",
    0x00080060: "CS",
    0x00081030: "LO",
    0x00100010: "PN",
    0x00104000: "LT",
    0x00186060: "FL",
    0x00200052: "UI",
    0x00280010: "US",
    0x00280034: "OB",
    0x00291010: "UN",  # private
    0x30060050: "DS",
    0x30060084: "IS",
    0x30070010: "LO",  # private
    0x300A0004: "ST",
    0x300A0016: "UT",
}
SEQUENCES = sorted(fast._SEQUENCES | fast._OTHER_SEQUENCES)


@dataclass
class Tree:
    """A dataset, or an item; open ones have an undefined length."""

    texts: dict[int, bytes]
    sequences: dict[int, tuple[bool, list[Tree]]]
    is_open: bool

    def encoded(self, *, explicit: bool) -> bytes:
        values = {**self.texts, **self.sequences}
        return b"".join(encoded(tag, values[tag], explicit=explicit) for tag in sorted(values))


def encoded(tag: int, value: bytes | tuple[bool, list[Tree]], *, explicit: bool) -> bytes:
    if isinstance(value, tuple):
        is_open, items = value
        content = b"".join(encoded_item(item, explicit=explicit) for item in items) + END_OF_SEQUENCE * is_open
        vr, length = "SQ", OPEN if is_open else len(content)
    else:
        content, vr, length = value, VRS[tag], len(value)
    group, number = tag >> 16, tag & 0xFFFF
    if not explicit:
        return struct.pack("<HHL", group, number, length) + content
    if vr.encode() in fast._LONG:
        return struct.pack("<HH2sHL", group, number, vr.encode(), 0, length) + content
    return struct.pack("<HH2sH", group, number, vr.encode(), length) + content


def encoded_item(item: Tree, *, explicit: bool) -> bytes:
    content = item.encoded(explicit=explicit)
    return element(ITEM, content + END_OF_ITEM, OPEN) if item.is_open else element(ITEM, content)


def trees(depth: int = 3) -> st.SearchStrategy[Tree]:
    texts = st.dictionaries(st.sampled_from(sorted(VRS)), st.binary(max_size=20), max_size=6)
    texts = texts.map(lambda found: found | ({0x00280010: b"\1\2"} if 0x00280010 in found else {}))
    items = st.tuples(st.booleans(), st.lists(trees(depth - 1), max_size=3)) if depth else st.nothing()
    return st.builds(
        Tree,
        texts,
        st.dictionaries(st.sampled_from(SEQUENCES), items, max_size=3 if depth else 0),
        st.booleans(),
    )


def same(elements: FastElements, dataset: Dataset) -> None:
    tags = {int(tag) for tag in dataset.keys() if not tag.is_private}  # noqa: SIM118 - iterating decodes
    assert set(elements.values) == tags
    for tag in tags:
        value = dataset.get_item(tag).value
        if tag in fast._SEQUENCES:
            items = dataset[tag].value
            assert len(items) == len(elements.items(tag))
            for mine, theirs in zip(elements.items(tag), items, strict=True):
                same(mine, theirs)
        elif isinstance(value, bytes):
            assert elements.raw(tag) == value
        elif value is None or isinstance(value, list):
            assert elements.raw(tag) == b""


@pytest.mark.slow
@SLOW
@given(tree=trees(), explicit=st.booleans(), bare=st.booleans())
def test_elements_of_any_nesting_and_encoding_have_the_bytes_of_pydicom(
    tmp_path: Path, tree: Tree, explicit: bool, bare: bool
) -> None:
    tree.texts[0x00080060] = b"RTSTRUCT"
    path = tmp_path / "file"
    before = b"" if bare and not explicit else meta(explicit=explicit)
    path.write_bytes(before + tree.encoded(explicit=explicit))
    read = read_file(path)
    assert read is not None
    with quiet():
        same(read.elements, dcmread(path, force=True))


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_encodings_are_left_to_pydicom(tmp_path: Path, syntax: str) -> None:
    path = files.write(tmp_path / "file", files.structure_set(), syntax)
    assert read_file(path) is None


def test_explicit_vr_without_preamble_and_other_bytes_are_left_to_pydicom(tmp_path: Path) -> None:
    path = files.write(tmp_path / "file", files.structure_set(), ExplicitVRLittleEndian, meta=False)
    assert read_file(path) is None
    path.write_bytes(b"")
    assert read_file(path) is None
    path.write_bytes(bytes(200))
    assert read_file(path) is None


def test_a_sequence_deeper_than_any_plan_is_left_to_pydicom(tmp_path: Path) -> None:
    content = ROI
    for _ in range(40):
        content = element(0x30060020, element(ITEM, content))
    path = tmp_path / "file"
    path.write_bytes(meta() + MODALITY + content)
    assert read_file(path) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        MODALITY[:-2],
        MODALITY + MODALITY,
        element(0x30060002, b"AB") + MODALITY,
        MODALITY + b"\0\0\0",
        MODALITY + END_OF_ITEM,
        MODALITY + element(0x30060020, ROI),
        MODALITY + element(0x30060020, element(ITEM, ROI) + END_OF_SEQUENCE),
        MODALITY + element(0x30060020, element(ITEM, ROI, len(ROI) + 2) + b"\0\0"),
        MODALITY + element(0x30060020, element(ITEM, ROI, len(ROI) + 40) + bytes(20)),
        MODALITY + element(0x30060020, element(ITEM, ROI), OPEN),
        MODALITY + element(0x30060020, element(ITEM, ROI, OPEN) + END_OF_SEQUENCE, OPEN),
        MODALITY + element(0x30060020, element(ITEM, ROI, OPEN) + END_OF_ITEM + END_OF_SEQUENCE[:-2], OPEN),
        MODALITY + element(0x30060050, element(ITEM, ROI) + END_OF_SEQUENCE, OPEN),
        element(0x00000002, b"1.2 ") + MODALITY,
        MODALITY + element(0x00280010, b"\1\0\0\0"),
        element(0x00080005, b"\0\0SO_IR 192") + MODALITY,
        element(0x00080005, b"nonsense") + MODALITY,
    ],
)
def test_a_file_with_the_slightest_oddity_is_left_to_pydicom(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(meta() + content)
    assert read_file(path) is None
    path.write_bytes(meta() + MODALITY + element(0x30060020, element(ITEM, ROI)))
    assert read_file(path) is not None


def test_an_element_of_another_kind_than_it_should_have_is_left_to_pydicom(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for tag, vr in ((0x30060020, b"UN\0\0\0\0"), (0x00280010, b"SS"), (0x30060026, b"UT\0\0\0\0"), (0x30060026, b"XX")):
        value = b"\2\0" + (b"\0\0" if len(vr) > 2 else b"") + b"AB"
        path.write_bytes(meta(explicit=True) + struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr[:4] + value)
        assert read_file(path) is None
    path.write_bytes(meta(explicit=True) + struct.pack("<HH", 0x3006, 0x0026) + b"LO\2\0AB")
    assert read_file(path) is not None


def test_sequences_are_those_of_the_dictionary() -> None:
    assert {dictionary_VR(tag) for tag in fast._SEQUENCES | fast._OTHER_SEQUENCES} == {"SQ"}
    assert {tag: dictionary_VR(tag).encode() for tag in fast._EXPECTED}.items() <= {
        (tag, vr) for tag, vrs in fast._EXPECTED.items() for vr in vrs
    }
    assert fast._is_sequence(0x300A0206)
    assert not fast._is_sequence(0x30060050)


def test_a_sequence_that_is_not_among_those_read_is_a_fault_of_the_program() -> None:
    with pytest.raises(LookupError, match=r"\(300A,00B0\)"):
        FastElements({}, b"").items(0x300A00B0)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_no_more_than_its_start_is_read_of_a_dose(tmp_path: Path, syntax: str) -> None:
    path = files.write(tmp_path / "dose", files.dose(stored=files.values(40, 60, 60)), syntax)
    read = read_file(path)
    assert read is not None
    assert read.pixels == fast.PixelPlace(at=path.stat().st_size - 576_000, size=576_000)
    with mock.patch.object(fast, "_START_BYTES", 600):
        again = read_file(path)
    assert again is not None
    assert again.elements.raw(0x3004000E) == read.elements.raw(0x3004000E)


# Texts in other characters

CHARACTER_SETS = st.sampled_from(
    ["", "ISO_IR 100", "ISO_IR 192", "ISO_IR 13", "ISO 2022 IR 87", "\\ISO 2022 IR 149", "GB18030", "nonsense"]
)


@SLOW
@given(raw=st.binary(max_size=30), character_set=CHARACTER_SETS)
def test_names_are_those_of_pydicom_in_any_character_set(raw: bytes, character_set: str) -> None:
    raw += b" " * (len(raw) % 2)
    own = character_set.encode()
    own += b" " * (len(own) % 2)
    elements = element(0x00080005, own) + element(0x30060002, raw)
    with quiet():
        theirs = read_dataset(BytesIO(elements), is_implicit_VR=True, is_little_endian=True)
        mine = FastElements({0x00080005: own, 0x30060002: raw}, own)
        assert name(mine, 0x30060002) == name(general.PydicomElements(theirs), 0x30060002)


# Whole plans by either way


def rich_structure_set() -> Dataset:
    """Structures in another character set, with codes, an empty one, holes, an open contour, trailing blanks."""
    contours = [files.square(z) for z in (-27.0, -24.0, -21.0)]
    dataset = files.structure_set(
        rois=[(1, "PTV", "PTV", contours), (2, "Herz groß", "ORGAN", [*contours, files.contour([(0, 0, 0)], "POINT")])]
    )
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.RTROIObservationsSequence[0].RTROIIdentificationCodeSequence = files.items(
        files.item(CodeValue="PTV", CodeMeaning="Planning Target", CodingSchemeDesignator="99X")
    )
    dataset.add_new(0x00291010, "UN", b"private ")
    return dataset


@pytest.mark.parametrize(
    ("syntax", "meta"),
    [(ImplicitVRLittleEndian, True), (ImplicitVRLittleEndian, False), (ExplicitVRLittleEndian, True)],
)
@pytest.mark.parametrize("undefined", [True, False])
def test_a_plan_is_the_same_by_either_way_and_needs_no_pydicom(
    tmp_path: Path, syntax: str, meta: bool, undefined: bool
) -> None:
    sets = rich_structure_set()
    for sequence in (sets.ROIContourSequence, *(roi.ContourSequence for roi in sets.ROIContourSequence)):
        sequence.is_undefined_length = undefined
        for item in sequence:
            item.is_undefined_length_sequence_item = undefined
    plan = files.plan(beams=[1, 2])
    plan.BeamSequence = files.items(files.item(BeamNumber=1))
    plan["BeamSequence"].is_undefined_length = undefined
    write_plan(tmp_path, files.dose(), sets, plan, syntax=syntax, meta=meta)
    refuse = AssertionError("pydicom was asked")
    with (
        mock.patch.object(general, "read_general", side_effect=refuse),
        mock.patch.object(general, "read_general_dose", side_effect=refuse),
        mock.patch.object(general, "read_general_header", side_effect=refuse),
    ):
        fast_read = everything(load_plan(tmp_path))
    with without_fast_reading():
        assert everything(load_plan(tmp_path)) == fast_read


def test_what_takes_long_to_import_is_not_imported_for_an_ordinary_plan(tmp_path: Path) -> None:
    program = (
        "import sys; from sbrtcheck import compute_dvhs, load_plan, measure;"
        " dvhs = compute_dvhs(load_plan(sys.argv[1])); measure('D95%[Gy]', dvhs['PTV']);"
        " print(sorted({'pydicom', 'rapidfuzz', 'scipy', 'numpy.ma', 'importlib.resources'} & {*sys.modules}))"
    )
    write_plan(tmp_path)
    done = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
@settings(parent=SLOW, max_examples=80)
@given(data=st.data())
def test_a_spoilt_file_gives_the_same_plan_or_the_same_error_by_either_way(
    tmp_path: Path, which: int, data: st.DataObject
) -> None:
    syntax = data.draw(FAST_SYNTAXES)
    bare = syntax == ImplicitVRLittleEndian and data.draw(st.booleans())
    write_plan(tmp_path, files.dose(), rich_structure_set(), files.plan(beams=[1]), syntax=syntax, meta=not bare)
    spoilt = tmp_path / str(which)
    spoilt.write_bytes(data.draw(spoilt_bytes(spoilt.read_bytes())))
    fast_read, pydicom_read = both_ways(tmp_path)
    assert fast_read == pydicom_read


@st.composite
def spoilt_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with bytes changed, lengths changed, a piece doubled, left out, or the end cut off."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        count = draw(st.integers(1, 12))
        other = draw(
            st.sampled_from(
                [
                    draw(st.binary(min_size=1, max_size=4)),
                    struct.pack("<L", draw(st.sampled_from([0, 1, 2, 8, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))),
                    content[at : at + count] * 2,
                    b"",
                ]
            )
        )
        kept = len(other) if draw(st.booleans()) else count
        content = content[:at] + other + content[at + kept :]
    return content[: draw(st.integers(0, len(content)))] if draw(st.integers(0, 9)) == 0 else content


def places_of_lengths(path: Path) -> list[tuple[int, int]]:
    """Where the lengths of all elements stand in an ordinary file, and in how many bytes."""
    places = []
    header = fast._Walk._header

    def noted(walk: fast._Walk, at: int, end: int) -> tuple[int, int, int, bytes]:
        found = header(walk, at, end)
        size = 2 if found[3] in fast._SHORT else 4
        places.append((found[1] - size, size))
        return found

    with mock.patch.object(fast._Walk, "_header", noted):
        assert read_file(path) is not None
    return places


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("change", [-1, 1, 2, 2**31])
def test_a_wrong_length_gives_the_same_plan_or_the_same_error_by_either_way(
    tmp_path: Path, which: int, syntax: str, change: int
) -> None:
    write_plan(tmp_path, files.dose(), rich_structure_set(), files.plan(beams=[1]), syntax=syntax)
    spoilt = tmp_path / str(which)
    content = spoilt.read_bytes()
    for at, size in places_of_lengths(spoilt)[:: 1 if which == 1 else 3]:
        length = int.from_bytes(content[at : at + size], "little")
        wrong = ((length + change) % 256**size).to_bytes(size, "little")
        spoilt.write_bytes(content[:at] + wrong + content[at + size :])
        fast_read, pydicom_read = both_ways(tmp_path)
        assert fast_read == pydicom_read, at


def test_a_damaged_character_set_is_refused_alike_by_either_way(tmp_path: Path) -> None:
    spoilt = write_plan(tmp_path, files.dose(), rich_structure_set(), files.plan()) / "1"
    spoilt.write_bytes(spoilt.read_bytes().replace(b"ISO_IR 192", b"\0\0O_IR 192"))
    fast_read, pydicom_read = both_ways(tmp_path)
    assert fast_read == pydicom_read


def test_stored_dvhs_are_the_same_by_either_way(tmp_path: Path) -> None:
    dose = files.dose()
    dose.DVHSequence = files.items(files.stored_dvh([(0.5, 8.0), (0.5, 4.0), (0.5, 1.0)]))
    write_plan(tmp_path, dose, files.structure_set(), files.plan())
    fast_read = repr(load_dvhs(tmp_path))
    with without_fast_reading():
        assert repr(load_dvhs(tmp_path)) == fast_read

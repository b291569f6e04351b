"""What a file calls unknown though everybody knows it: elements of VR UN, transfer syntaxes that are not read."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from unittest import mock

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from pydicom import Dataset, config
from pydicom.dataelem import DataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import dicom_files as files
from dicom_files import write, write_plan
from sbrtcheck import cli
from sbrtcheck.archive import find
from sbrtcheck.dicom import find_plans, load_dvhs, load_plan
from sbrtcheck.dicom.registration import load_registration
from sbrtcheck.errors import DicomError, InputError, NoPlanError
from sbrtcheck.plan import Plan
from two_ways import both_ways, everything

# Elements of VR UN

CHARACTER_SET = 0x00080005


def rich_dose() -> Dataset:
    dose = files.dose(parts=[(1, [1])])
    dose.DVHSequence = files.items(files.stored_dvh([(0.5, 8.0), (0.5, 4.0), (0.5, 1.0)], stated=(0.1, 1.2, 0.6)))
    return dose


def rich_set(contours: int = 3) -> Dataset:
    heights = [-27.0 + 6.0 * k / (contours - 1) for k in range(contours)]
    dataset = files.structure_set(rois=[(1, "PTV groß", "PTV", [files.square(z) for z in heights])])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.RTROIObservationsSequence[0].RTROIIdentificationCodeSequence = files.items(
        files.item(CodeValue="PTV", CodeMeaning="Planning Target", CodingSchemeDesignator="99X")
    )
    return dataset


def rich_plan() -> Dataset:
    """The prescription stands in the fraction group, and another value is called ACTUAL."""
    plan = files.plan(doses=[(58.0, "VOLUME"), (50.0, "VOLUME")], beams=[1])
    calculated, nominal = plan.DoseReferenceSequence
    del nominal.TargetPrescriptionDose
    calculated.DoseValueInterpretation, nominal.DoseValueInterpretation = "ACTUAL", "NOMINAL"
    calculated.DoseValuePurpose, nominal.DoseValuePurpose = "QA", "TRACKING"
    in_group = files.item(ReferencedDoseReferenceNumber=2, TargetPrescriptionDose=50.0)
    plan.FractionGroupSequence[0].ReferencedDoseReferenceSequence = files.items(in_group)
    return plan


def three(folder: Path, syntax: str = ExplicitVRLittleEndian, *, contours: int = 3) -> Path:
    return write_plan(folder, rich_dose(), rich_set(contours), rich_plan(), syntax=syntax)


def implicit_value(element: DataElement, encodings: list[str]) -> bytes:
    """The value as a file of implicit VR little endian has it."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_data_element(buffer, element, encodings)
    return buffer.getvalue()[8:]


def places(dataset: Dataset, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Tags, and numbers of items, that lead to each element at any depth; of several items the first and the last."""
    for element in dataset:
        here = (*path, int(element.tag))
        if element.tag != CHARACTER_SET:  # pydicom cannot write it so
            yield here
        if element.VR == "SQ" and element.value:
            for at in {0, len(element.value) - 1}:
                yield from places(element.value[at], (*here, at))


def make_unknown(dataset: Dataset, place: tuple[int, ...]) -> None:
    for tag, at in zip(place[:-1:2], place[1::2], strict=True):
        dataset = dataset[tag].value[at]
    value = implicit_value(dataset[place[-1]], ["utf8"])
    with mock.patch.object(config, "replace_un_with_known_vr", new=False):
        dataset[place[-1]] = DataElement(place[-1], "UN", value)


def rewritten(path: Path, *which: tuple[int, ...]) -> None:
    dataset = pydicom.dcmread(path)
    list(dataset.iterall())
    for place in which:
        make_unknown(dataset, place)
    with mock.patch.object(config, "replace_un_with_known_vr", new=False):
        dataset.save_as(path)


def is_unknown(path: Path, tag: int) -> bool:
    with mock.patch.object(config, "replace_un_with_known_vr", new=False):
        return pydicom.dcmread(path)[tag].VR == "UN"


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_any_element_of_vr_un_is_read_as_what_it_is(tmp_path: Path, which: int, syntax: str) -> None:
    before = everything(load_plan(three(tmp_path, syntax)))
    dvhs = repr(load_dvhs(tmp_path))
    path = tmp_path / str(which)
    content = path.read_bytes()
    for place in list(places(pydicom.dcmread(path))):
        if (place[0], syntax) == (0x7FE00010, ExplicitVRBigEndian):
            continue
        path.write_bytes(content)
        rewritten(path, place)
        read = both_ways(tmp_path)
        if (place[0] >> 16, syntax) == (0x0028, ExplicitVRBigEndian) and read[0] != before:
            # pydicom decodes big-endian pixels, and takes these numbers for big-endian ones
            assert (
                read[0]
                == read[1]
                == (DicomError, "RTDOSE 2.25.3: pixel data cannot be decoded; export it uncompressed")
            )
            continue
        assert read == (before, before), [hex(tag) for tag in place]
        assert repr(load_dvhs(tmp_path)) == dvhs, [hex(tag) for tag in place]


@pytest.mark.slow
@pytest.mark.parametrize("contours", [3, 1500])
def test_whole_files_of_vr_un_are_the_same_plan(tmp_path: Path, contours: int) -> None:
    """Also where sequences are longer than 64 kB, which pydicom leaves as bytes."""
    before = everything(load_plan(three(tmp_path, contours=contours)))
    for path in sorted(tmp_path.iterdir()):
        rewritten(path, *(place for place in places(pydicom.dcmread(path)) if len(place) == 1))
    assert is_unknown(tmp_path / "1", 0x30060039)
    if contours > 3:
        assert (tmp_path / "1").stat().st_size > 1 << 16
    assert both_ways(tmp_path) == (before, before)


def test_a_character_set_of_vr_un_holds(tmp_path: Path) -> None:
    before = everything(load_plan(three(tmp_path)))
    content = (tmp_path / "1").read_bytes()
    known, unknown = b"\x08\0\x05\0CS\x0a\0", b"\x08\0\x05\0UN\0\0\x0a\0\0\0"
    assert content.count(known) == 1
    (tmp_path / "1").write_bytes(content.replace(known, unknown))
    assert both_ways(tmp_path) == (before, before)


def test_a_sequence_of_vr_un_may_be_explicit_inside(tmp_path: Path) -> None:
    before = everything(load_plan(three(tmp_path, contours=1500)))
    path = tmp_path / "1"
    content = path.read_bytes()
    at = content.find(b"\x06\x30\x39\x00SQ\0\0")
    path.write_bytes(content[: at + 4] + b"UN" + content[at + 6 :])
    assert is_unknown(path, 0x30060039)
    assert everything(load_plan(tmp_path)) == before


@pytest.mark.slow
@pytest.mark.parametrize("cut", [4, 1000, 20_001])
def test_a_damaged_sequence_of_vr_un_is_refused_and_never_absent(tmp_path: Path, cut: int) -> None:
    three(tmp_path, contours=1500)
    rewritten(tmp_path / "1", (0x30060039,))
    content = (tmp_path / "1").read_bytes()
    at = content.find(b"\x06\x30\x39\x00UN")
    length = int.from_bytes(content[at + 8 : at + 12], "little")
    shorter = (length - cut).to_bytes(4, "little")
    (tmp_path / "1").write_bytes(content[: at + 8] + shorter + content[at + 12 : at + 12 + length - cut])
    with pytest.raises(InputError):
        load_plan(tmp_path).structures[0].contours.read()


def test_big_endian_pixel_data_of_vr_un_are_refused(tmp_path: Path) -> None:
    rewritten(three(tmp_path, ExplicitVRBigEndian) / "0", (0x7FE00010,))
    with pytest.raises(DicomError, match="their byte order is not known"):
        load_plan(tmp_path)


# Transfer syntaxes

GE_PRIVATE = "1.2.840.113619.5.2"
UNREAD = {
    GE_PRIVATE: "1.2.840.113619.5.2, a private one",
    "1.2.840.10008.1.20": "Papyrus 3 Implicit VR Little Endian",
    "1.2.840.10008.1.2.4.95": "JPIP Referenced Deflate",
    "1.2.3.4.5.6": "1.2.3.4.5.6, a private one",
}
NAMES = ("RTDOSE 2.25.3", "RTSTRUCT 2.25.2", "RTPLAN 2.25.1")


def named_otherwise(path: Path, syntax: str) -> None:
    """The same dataset, said to be of another transfer syntax."""
    content = path.read_bytes()
    meta = pydicom.filereader.read_file_meta_info(path)
    dataset_at = 132 + 12 + meta.FileMetaInformationGroupLength
    meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    write_file_meta_info(buffer, meta)
    path.write_bytes(content[:132] + buffer.getvalue() + content[dataset_at:])


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("syntax", sorted(UNREAD))
@pytest.mark.parametrize("written", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_transfer_syntax_that_is_not_known_is_refused_by_name(
    tmp_path: Path, which: int, syntax: str, written: str
) -> None:
    named_otherwise(write_plan(tmp_path, syntax=written) / str(which), syntax)
    with pytest.raises(NoPlanError) as caught:
        load_plan(tmp_path)
    assert UNREAD[syntax] in caught.value.what
    assert caught.value.place == NAMES[which]
    assert caught.value.hint == "export it as implicit or explicit VR little endian"
    done = CliRunner().invoke(cli.main, ["check", str(tmp_path), "--table", "rtog-0813"])
    assert done.exit_code == 2
    assert UNREAD[syntax] in done.stderr
    (entry,) = (one for one in find(tmp_path) if one.is_plan)
    assert UNREAD[syntax] in entry.problem


def test_a_dose_of_a_private_transfer_syntax_is_refused_where_its_stored_dvhs_are_asked_for(tmp_path: Path) -> None:
    named_otherwise(three(tmp_path) / "0", GE_PRIVATE)
    with pytest.raises(NoPlanError, match="a private one"):
        load_dvhs(tmp_path)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_file_of_which_nothing_but_its_syntax_can_be_read_is_named_all_the_same(tmp_path: Path, which: int) -> None:
    path = write_plan(tmp_path) / str(which)
    named_otherwise(path, GE_PRIVATE)
    content = path.read_bytes()
    start = content.find(b"\x08\x00\x16\x00")
    scrambled = np.random.default_rng(1).integers(0, 256, len(content) - start, dtype=np.uint8).tobytes()
    path.write_bytes(content[:start] + scrambled)
    with pytest.raises(NoPlanError, match="a private one") as caught:
        load_plan(tmp_path)
    assert caught.value.place == NAMES[which]


def test_a_structure_set_that_nothing_refers_to_is_refused_by_the_name_of_its_syntax(tmp_path: Path) -> None:
    write_plan(tmp_path, files.dose(), files.structure_set(), files.plan(structure_set=""))
    named_otherwise(tmp_path / "1", GE_PRIVATE)
    with pytest.raises(NoPlanError, match="a private one"):
        load_plan(tmp_path)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"])
def test_a_structure_set_may_name_the_compression_of_its_study(tmp_path: Path, syntax: str) -> None:
    """Archives that compress a whole study do so; without pixel data the encoding is explicit VR little endian."""
    before = everything(load_plan(write_plan(tmp_path, syntax=ExplicitVRLittleEndian)))
    for which in ("1", "2"):
        named_otherwise(tmp_path / which, syntax)
    assert everything(load_plan(tmp_path)) == before


def test_other_files_of_a_private_transfer_syntax_are_passed_by(tmp_path: Path) -> None:
    write_plan(tmp_path)
    named_otherwise(write(tmp_path / "image", files.image()), GE_PRIVATE)
    assert isinstance(load_plan(tmp_path), Plan)
    assert find_plans(tmp_path).others == 1


def test_a_registration_of_a_private_transfer_syntax_is_refused(tmp_path: Path) -> None:
    dataset = files.header("CT", "2.25.5")
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.66.1", "REG"
    named_otherwise(write(tmp_path / "registration", dataset), GE_PRIVATE)
    with pytest.raises(DicomError, match="a private one"):
        load_registration(tmp_path / "registration")


def test_a_name_of_a_syntax_that_is_no_name_is_quoted_in_one_line(tmp_path: Path) -> None:
    path = write_plan(tmp_path) / "0"
    content = BytesIO(path.read_bytes()).getvalue()
    path.write_bytes(content.replace(b"1.2.840.10008.1.2\0", b"1.2\n\x1b.10008.1.2...", 1))
    with pytest.raises(NoPlanError) as caught:
        load_plan(tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).isprintable()

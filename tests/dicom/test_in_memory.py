"""A plan in memory is read as the same plan on disk, and what it was read from stays as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

import dicom_files as files
import sbrtcheck
from folders import ROOT
from sbrtcheck import api
from sbrtcheck.dicom import find_plans
from sbrtcheck.errors import InputError
from sbrtcheck.render.plan_comparison import plans_json
from sbrtcheck.render.sums import sum_json
from two_ways import without_fast_reading

pytestmark = pytest.mark.usefixtures("computed_once")

PLANS = {name: ROOT / "examples" / "plans" / name for name in ("lung-50gy-5fx", "liver-45gy-3fx")}
TABLE = "rtog-0813"
SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
]

ENCODINGS = [(syntax, True) for syntax in SYNTAXES] + [
    (syntax, False) for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
]


def as_json(given: Any, **options: Any) -> str:
    return json.dumps(sbrtcheck.check(given, table=TABLE, **options).to_dict(), sort_keys=True)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


# -------------------------------------------------------------------------------- ways to give one file


def decoded(path: Path) -> Dataset:
    dataset = pydicom.dcmread(path)
    for _ in dataset.iterall():
        pass
    return dataset


def deferred(path: Path) -> Dataset:
    return pydicom.dcmread(path, defer_size=64)


def deferred_in_memory(path: Path) -> Dataset:
    return pydicom.dcmread(BytesIO(path.read_bytes()), defer_size=64)


def bytes_io(path: Path) -> BytesIO:
    file = BytesIO(path.read_bytes())
    file.seek(len(file.getvalue()) // 2)
    return file


WAYS: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "text": str,
    "Dataset": pydicom.dcmread,
    "Dataset, decoded": decoded,
    "Dataset, deferred": deferred,
    "Dataset, deferred in memory": deferred_in_memory,
    "BytesIO": bytes_io,
}


def state(dataset: Dataset) -> list[object]:
    """All that a Dataset holds, without decoding anything."""
    held: list[object] = [sorted(vars(dataset)), dataset.original_encoding, dataset.original_character_set]
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag, keep_deferred=True)
        if not isinstance(element, RawDataElement) and element.VR == "SQ":
            held.append((tag, "SQ", element.is_undefined_length, [state(item) for item in element.value]))
        else:
            held.append((tag, type(element), element.VR, repr(element.value)))
    if hasattr(dataset, "file_meta"):
        held.append(state(dataset.file_meta))
    return held


def states(given: Sequence[Any]) -> list[object]:
    return [
        state(one) if isinstance(one, Dataset) else one.tell() if isinstance(one, BytesIO) else one for one in given
    ]


def plan_of_all() -> list[Dataset]:
    """A plan that has what is hard to write again: other letters, stored DVHs, an image, private elements."""
    dose = files.dose(stored=files.values(dtype="uint16"))
    dose.DVHSequence = files.items(files.stored_dvh([[1.0, 30.0], [30.0, 20.0], [60.0, 0.0]]))
    structures = files.structure_set()
    structures.SpecificCharacterSet = "ISO_IR 192"
    structures.StructureSetROISequence[0].ROIName = "PTV_Größe"
    block = structures.private_block(0x3005, "SOMEBODY", create=True)
    block.add_new(1, "LO", "private")
    return [dose, structures, files.plan(), files.image()]


# -------------------------------------------------------------------------------- the same report


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[list[Path], str]]:
    """By encoding, the files of a plan, and the report on the folder they are in."""
    found = {}
    for syntax, meta in ENCODINGS:
        folder = tmp_path_factory.mktemp("plan")
        for at, dataset in enumerate(plan_of_all()):
            is_dose = dataset.Modality == "RTDOSE"
            encoded = ExplicitVRLittleEndian if syntax == RLELossless and not is_dose else syntax
            files.write(folder / str(at), dataset, encoded, meta=meta)
        found[f"{syntax} {meta}"] = (sorted(folder.iterdir()), as_json(folder))
    return found.__getitem__


@given(
    encoding=st.sampled_from([f"{syntax} {meta}" for syntax, meta in ENCODINGS]),
    names=st.lists(st.sampled_from(sorted(WAYS)), min_size=4, max_size=4),
    order=st.permutations(range(4)),
)
def test_the_report_is_the_same_however_the_files_are_given(
    folders: Callable[[str], tuple[list[Path], str]], encoding: str, names: list[str], order: list[int]
) -> None:
    paths, wanted = folders(encoding)
    no_meta = paths[0].read_bytes()[128:132] != b"DICM"
    ways = [WAYS[name] for name in names]
    with_force = {pydicom.dcmread, decoded, deferred, deferred_in_memory}
    given_files = [
        pydicom.dcmread(path, force=True) if no_meta and way in with_force else way(path)
        for path, way in zip(paths, ways, strict=True)
    ]
    given_files = [given_files[at] for at in order]
    before = states(given_files)
    assert as_json(given_files) == wanted
    assert as_json(iter(given_files)) == wanted
    assert states(given_files) == before


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("way", WAYS)
def test_bundled_plans(name: str, way: str) -> None:
    wanted = as_json(PLANS[name])
    given_files = [WAYS[way](path) for path in sorted(PLANS[name].iterdir())]
    before = states(given_files)
    assert as_json(given_files) == wanted
    assert as_json([given_files[2], str(PLANS[name] / "rtdose.dcm"), given_files[1]]) == wanted
    with without_fast_reading():
        assert as_json(tuple(given_files)) == wanted
    assert states(given_files) == before


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_was_loaded_gives_the_same_bytes_but_for_the_dvhs_beside_it(name: str) -> None:
    of_files = as_json(PLANS[name])
    said, instead = (
        "the RTDOSE stores no DVHs",
        "the plan was given as a Plan, which keeps no DVHs of the planning system",
    )
    assert of_files.count(said) == 1
    for files_of_plan in (PLANS[name], [bytes_io(path) for path in PLANS[name].iterdir()]):
        assert as_json(sbrtcheck.load_plan(files_of_plan)) == of_files.replace(said, instead)


def test_datasets_that_never_were_files_are_read_and_not_changed(tmp_path: Path) -> None:
    made = plan_of_all()
    before = [state(dataset) for dataset in made]
    copies = deepcopy(made)
    wanted = as_json(files.write_plan(tmp_path / "plan", *copies))
    assert as_json(made) == wanted
    assert [state(dataset) for dataset in made] == before
    assert made == copies
    assert made[0]["PixelData"].VR == "OB or OW"  # pydicom would have mended it


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_dataset_without_file_meta_information(tmp_path: Path, syntax: str) -> None:
    folder = files.write_plan(tmp_path, *plan_of_all(), syntax=syntax)
    datasets = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    for dataset in datasets:
        del dataset.file_meta
    assert as_json(datasets) == as_json(folder)
    for dataset in datasets:
        for _ in dataset.iterall():
            pass
    assert as_json(datasets) == as_json(folder)


def test_the_dvhs_that_the_system_stored_are_read_alike(tmp_path: Path) -> None:
    paths = sorted(files.write_plan(tmp_path, *plan_of_all()).iterdir())
    datasets = [pydicom.dcmread(path) for path in paths]
    assert as_json(datasets, dvhs="stored") == as_json(paths, dvhs="stored")
    assert [dvh.name for dvh in sbrtcheck.load_dvhs(datasets)] == ["PTV_Größe"]


def test_all_that_reads_files_takes_them_in_memory() -> None:
    paths = sorted(PLANS["lung-50gy-5fx"].iterdir())
    ways = [paths, [pydicom.dcmread(path) for path in paths], [bytes_io(path) for path in paths]]
    report, dvhs = sbrtcheck.check(paths, table=TABLE), sbrtcheck.dvhs(paths, structures=["Heart"])
    calls: list[Callable[[Any], object]] = [
        lambda given: sbrtcheck.dvhs(given, structures=["Heart"])["Heart"].mean_gy,
        lambda given: sbrtcheck.names(given, TABLE),
        lambda given: sbrtcheck.risks(given, site="lung"),
        lambda given: plans_json(sbrtcheck.compare(given, paths, table=TABLE)),
        lambda given: sum_json(sbrtcheck.accumulate([given], {"Heart": 3.0})),
        lambda given: api.dvhs_as_dicom(dvhs, given),
        lambda given: api.report_as_dicom(report, given),
        lambda given: [(plan.uid, plan.dose_uids) for plan in find_plans(given).plans],
        lambda given: sbrtcheck.load_plan(find_plans(given).plans[0].files).uids,
    ]
    for call in calls:
        by_path, *others = [call(way) for way in ways]
        assert by_path == others[0] == others[1]


def test_nothing_is_written_to_disk(tmp_path: Path) -> None:
    program = (
        "import io, sys, pathlib, pydicom, sbrtcheck\n"
        "paths = [pathlib.Path(path) for path in sys.argv[1:]]\n"
        "first, *others = paths\n"
        "given = [pydicom.dcmread(first), *(io.BytesIO(path.read_bytes()) for path in others)]\n"
        "def hook(event, args):\n"
        "    if event in {'os.mkdir', 'os.rename', 'os.symlink', 'tempfile.mkstemp'}:\n"
        "        sys.exit(event)\n"
        "    if event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+'):\n"
        "        sys.exit(f'{event} {args}')\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(hook)\n"
        "sbrtcheck.check(given, table='rtog-0813')\n"
    )
    paths = map(str, sorted(PLANS["lung-50gy-5fx"].iterdir()))
    command = [sys.executable, "-c", program, *paths]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stderr) == (0, "")
    assert not [*tmp_path.iterdir()]


# -------------------------------------------------------------------------------- files of one UID


def test_the_same_file_given_twice_is_a_copy(tmp_path: Path) -> None:
    folder = files.write_plan(tmp_path, *plan_of_all()[:3])
    paths = sorted(folder.iterdir())
    datasets = [decoded(path) for path in paths]
    assert as_json([*datasets, *datasets]) == as_json(folder)  # the same thing, as the same path is
    for more in ([datasets[0]], [datasets[1]], [bytes_io(paths[2])], [deepcopy(datasets[0])]):
        assert len(find_plans([folder, *more]).copies) == 1
        assert len(find_plans([*more, *paths]).copies) == 1
    mixed = sbrtcheck.check([*datasets, folder], table=TABLE)
    assert "3 files skipped as copies of other files; -vv names them" in [finding.text for finding in mixed.findings]


@given(st.permutations([0, 1, 2, 3]), st.booleans())
def test_two_contents_of_one_uid_are_never_picked(order: list[int], is_dataset: bool) -> None:
    other = files.dose(stored=files.values() + 1)
    with BytesIO() as file:
        other.save_as(file, implicit_vr=True)
        content = file.getvalue()
    four = [files.dose(), files.structure_set(), files.plan(), other if is_dataset else BytesIO(content)]
    assert "neither can be picked" in refusal(lambda: sbrtcheck.load_plan([four[at] for at in order]))


# -------------------------------------------------------------------------------- Datasets that are no whole files


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_dataset_of_a_truncated_file_is_refused_as_the_file_is(tmp_path: Path, syntax: str) -> None:
    folder = files.write_plan(tmp_path, syntax=syntax)
    dose = folder / "0"
    whole = dose.read_bytes()
    at = whole.index(files.dose().PixelData)
    dose.write_bytes(whole[: at + 40])
    dataset = pydicom.dcmread(dose)
    of_file, of_dataset = (
        refusal(lambda given=given: sbrtcheck.load_plan([given, folder / "1", folder / "2"]))
        for given in (dose, dataset)
    )
    assert of_file == of_dataset
    assert "is truncated" in of_file


def test_pixels_in_another_byte_order_than_stated_are_refused(tmp_path: Path) -> None:
    folder = files.write_plan(tmp_path, syntax=ExplicitVRBigEndian)
    dose = pydicom.dcmread(folder / "0")
    dose.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    assert "another byte order" in refusal(lambda: sbrtcheck.load_plan([dose, folder / "1", folder / "2"]))


def test_a_transfer_syntax_that_is_not_read_is_refused_as_in_a_file(tmp_path: Path) -> None:
    folder = files.write_plan(tmp_path)
    dose = pydicom.dcmread(folder / "0")
    dose.file_meta.TransferSyntaxUID = "1.2.840.113619.5.2"
    dose.save_as(folder / "0", implicit_vr=True, little_endian=True)
    by_path, by_dataset = (
        refusal(lambda given=given: sbrtcheck.load_plan([given, folder / "1", folder / "2"]))
        for given in (folder / "0", dose)
    )
    assert by_path == by_dataset
    assert "its transfer syntax is 1.2.840.113619.5.2" in by_path


def test_elements_that_were_left_in_a_file_which_changed_are_not_taken_from_it(tmp_path: Path) -> None:
    folder = files.write_plan(tmp_path)
    dose = deferred(folder / "0")
    assert dose.get_item("PixelData", keep_deferred=True).value is None
    dose.timestamp -= 1.0
    text = refusal(lambda: sbrtcheck.load_plan([folder / "1", dose, folder / "2"]))
    assert text.startswith("item 2 of the list: the Dataset cannot be written as a DICOM file (OSError)")


def test_a_dataset_that_cannot_be_written_is_refused_without_its_values() -> None:
    dose = files.dose()
    dose["Rows"]._value = "Nobody^Really"
    text = refusal(lambda: sbrtcheck.load_plan([dose, files.structure_set(), files.plan()]))
    assert text.startswith("item 1 of the list: the Dataset cannot be written as a DICOM file")
    assert "Nobody" not in text

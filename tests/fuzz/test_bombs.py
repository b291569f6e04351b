"""Small files that ask for much: each is refused or read in seconds, and in little memory.

What is found by changing files is in ``corpus/``; here stands what somebody makes on purpose.
"""

from __future__ import annotations

import io
import struct
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

import readers
import sbrtcheck
import segmentations
from folders import ROOT
from hostile_dicom import EXPLICIT, IMPLICIT, Node, Tree, deep, tree_of, written
from sbrtcheck import cli
from sbrtcheck.archive import headers, read_parquet
from sbrtcheck.archive import packed as packed_rows
from sbrtcheck.archive.trend import load_trends
from sbrtcheck.dicom import MemoryFile, deflated, dose, load_dvhs, load_plan, segmentation
from sbrtcheck.dicom.general import PydicomElements
from sbrtcheck.errors import DicomError, Fault, InputError, NamesError, SbrtcheckError, TableError
from sbrtcheck.importers import import_table
from sbrtcheck.importers import run as importing
from sbrtcheck.tables import load_dictionary, load_names, load_sites, load_table
from sbrtcheck.tables.document import MAX_BYTES
from sbrtcheck.tables.notes import load_notes
from sbrtcheck.text_export import lines, load_dvh_export

SECONDS = 10.0
MEGABYTES = 200


@contextmanager
def in_little_time_and_memory() -> Iterator[None]:
    """Of the processor, and of what Python takes; numpy's arrays are among it."""
    tracemalloc.start()
    try:
        with in_little_time():
            yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES << 20


@contextmanager
def in_little_time() -> Iterator[None]:
    """Of the processor; of text readers, whose memory is a multiple of the file's, and the file bounded."""
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


# YAML

LAUGHS = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 9)) for letter in range(98, 116)
)
LOADERS = (load_table, load_names, load_dictionary, load_sites, load_notes)
CLOSED = b"a: " + b"[" * 450 + b"]" * 450


def assert_refused_in_the_file(load: Callable[[Any], object], file: Path) -> None:
    with pytest.raises(SbrtcheckError) as refused:
        load(file)
    faults: Sequence[Fault | SbrtcheckError] = getattr(refused.value, "faults", ()) or (refused.value,)
    assert all(fault.place.startswith(f"{file}:") for fault in faults)


@pytest.mark.parametrize("load", LOADERS)
def test_large_yaml_is_refused_at_its_place(load: Callable[[Any], object], tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    for content in (b"x" * (MAX_BYTES + 1), CLOSED):
        file.write_bytes(content)
        assert_refused_in_the_file(load, file)


@pytest.mark.parametrize(
    "content", [LAUGHS, b"- " * 100_000, b"[" * 1_200, b"{a: " * 2_000], ids=["laughs", "lists", "brackets", "braces"]
)
def test_yaml_bombs_are_refused_at_their_place(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_bytes(content)
    with in_little_time():
        assert_refused_in_the_file(load_names, file)


@pytest.mark.parametrize("depth", range(320, 460, 20))
def test_no_depth_of_lists_ends_in_another_error(depth: int, tmp_path: Path) -> None:
    """Where the parser gives up, and where we do, are different depths."""
    file = tmp_path / "deep.yaml"
    file.write_bytes(b"a: " + b"[" * depth + b"]" * depth)
    with pytest.raises(NamesError):
        load_names(file)


def test_a_file_without_end_is_refused() -> None:
    if not Path("/dev/zero").exists():
        return  # a system without it has no such file to give
    with in_little_time(), pytest.raises(NamesError, match="more than 512 kB"):
        load_names("/dev/zero")


def test_an_error_is_no_longer_than_what_somebody_reads() -> None:
    many = TableError("5000 faults", "t", faults=tuple(Fault(place=f"t:{n}", what="x" * 10_000) for n in range(5000)))
    text = str(many).splitlines()
    assert len(text) == 501
    assert text[-1] == "... and 4500 more faults"
    assert max(map(len, text)) < 4_100
    assert len(many.faults) == 5000
    assert len(str(InputError("y" * 10_000))) < 4_100


# Templates and text exports


@pytest.mark.parametrize(
    ("dialect", "content", "says"),
    [
        ("proknow", b"[" * 100_000, "nested too deeply"),
        ("proknow", b'{"a": ' + b"9" * 1_000_000 + b"}", "out of any range"),
        ("proknow", b" " * (4 << 20) + b"{}", "more than 4 MB"),
        ("ray-scripts", b"<a>" * 50_000, "not XML"),
        ("ray-scripts", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        ("ray-scripts", b'<?xml version="1.0" encoding="utf2"?><a/>', "encoding"),
        ("dvhmetrics", b'"patID" "structure" "constraint"\n' + b'"*" "HEART" "D1CC < 2Gy"\n' * 3_000, "3000 rows"),
    ],
)
def test_templates_that_ask_for_much_are_refused(dialect: str, content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "template"
    file.write_bytes(content)
    with in_little_time(), pytest.raises(InputError, match=says) as refused:
        import_table(file, dialect, fractions=5)
    assert refused.value.place.startswith(str(file))


def test_an_export_of_too_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_MAX_LINES", 100)
    file = tmp_path / "export.txt"
    file.write_bytes(b"\n" * 100)
    with pytest.raises(InputError, match="too many lines"):
        load_dvh_export(file)


# DICOM


def _content(at: int, change: Callable[[Tree], None], syntax: bytes = IMPLICIT, **choices: Any) -> list[MemoryFile]:
    """The generated plan (dose, structure set, plan), one of its files changed."""
    case = list(readers.reader("dicom-plan").seeds[0])
    tree = tree_of(case[at])
    change(tree)
    case[at] = written(tree, syntax, **choices)
    return [MemoryFile(content=content) for content in case]


def _node(tree: Tree, *path: int) -> Node:
    for tag in path[:-1]:
        tree = (next(node for node in tree if node.tag == tag).items or [])[0]
    return next(node for node in tree if node.tag == path[-1])


def _set(*path: int, value: bytes) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        node = _node(tree, *path)
        node.value, node.items = value, None

    return change


_FRAMES, _ROWS, _COLUMNS, _PIXELS = 0x00280008, 0x00280010, 0x00280011, 0x7FE00010


def _huge(frames: bytes) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        _node(tree, _FRAMES).value = frames
        for tag in (_ROWS, _COLUMNS):
            _node(tree, tag).value = struct.pack("<H", 65535)

    return change


def _compressed(tree: Tree) -> None:
    """A run of one value that states to be frames of 14000 x 14000."""
    for tag in (_ROWS, _COLUMNS):
        _node(tree, tag).value = struct.pack("<H", 14_000)
    frame = struct.pack("<16L", 4, 64, 66, 68, 70, *[0] * 11) + b"\x81\0" * 4
    fragment = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(frame)) + frame
    pixels = _node(tree, _PIXELS)
    pixels.vr, pixels.length = b"OB", 0xFFFFFFFF
    pixels.value = b"\xfe\xff\x00\xe0\0\0\0\0" + fragment * 5 + b"\xfe\xff\xdd\xe0\0\0\0\0"


@pytest.mark.parametrize("frames", [b"5 ", b"2147483647"])
def test_a_dose_that_states_a_huge_grid_is_refused(frames: bytes) -> None:
    with in_little_time_and_memory(), pytest.raises(DicomError, match="65535 x 65535"):
        load_plan(_content(0, _huge(frames)))


def test_a_compressed_dose_that_would_fill_the_memory_is_refused() -> None:
    files = _content(0, _compressed, EXPLICIT, named=b"1.2.840.10008.1.2.5")
    with in_little_time_and_memory(), pytest.raises(DicomError, match="compressed, and would be 3738 MB"):
        load_plan(files)


@pytest.mark.parametrize("scaling", [b"nan ", b"inf ", b"-inf", b"1e999 ", b"0 ", b"1e-320"])
def test_a_scaling_that_is_no_number_is_refused(scaling: bytes) -> None:
    with pytest.raises(DicomError, match="Dose Grid Scaling"):
        load_plan(_content(0, _set(0x3004000E, value=scaling)))


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("depth", [100, 5_000])
@pytest.mark.parametrize("tag", [0x00081110, 0x30060080])
def test_sequences_in_sequences_are_refused(syntax: bytes, depth: int, tag: int) -> None:
    def change(tree: Tree) -> None:
        tree[:] = [node for node in tree if node.tag != tag]
        tree.append(Node(tag, b"SQ", deep(tag, depth, explicit=syntax == EXPLICIT), length=0xFFFFFFFF))
        tree.sort(key=lambda node: node.tag)

    with in_little_time_and_memory(), pytest.raises(SbrtcheckError):
        load_plan(_content(1, change, syntax))


def test_a_name_of_a_megabyte_is_matched_in_seconds() -> None:
    files = _content(1, _set(0x30060020, 0x30060026, value=b"lung left " * 100_000))
    with in_little_time():
        report = sbrtcheck.check(files, table=_table())
    assert report.verdict != "PASS"


def _table() -> Any:
    return load_table(readers.reader("table").seeds[0][0])


def test_a_dvh_of_a_twenty_thousand_bins_is_read() -> None:
    bins = 20_000
    data = b"\\".join(b"0.0005\\%d" % (1000 - at // 20) for at in range(bins))

    def change(tree: Tree) -> None:
        _node(tree, 0x30040050, 0x30040058).value = data
        _node(tree, 0x30040050, 0x30040056).value = b"%d" % bins

    case = readers.reader("dicom-stored-dvhs").seeds[0]
    tree = tree_of(case[0])
    change(tree)
    files = [MemoryFile(content=content) for content in (written(tree, IMPLICIT), *case[1:])]
    with in_little_time_and_memory():
        assert load_dvhs(files)["PTV"].max_gy.value <= 11.0


def test_two_small_frames_far_apart_are_not_a_stack_of_thousands() -> None:
    rows = 512
    mask = np.zeros((2, rows, rows), dtype=bool)
    mask[:, 1:3, 1:3] = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmentations, "SHAPE", mask.shape)
        made = segmentations.seg([mask])
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = measures.SliceThickness = 0.1
    for at, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        group.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 150 * at]
    with in_little_time_and_memory(), pytest.raises(DicomError, match="1501 layers of 512 x 512 voxels"):
        segmentation.structures_of_seg(made)


UID_AND_MORE = b"2.25.3\0\x10\0\x10\0PN\x0e\0Nobody^Really "


@pytest.mark.parametrize("value", [UID_AND_MORE, b"Nobody", b"Nobody-Really."])
def test_a_uid_that_is_or_runs_on_into_the_name_of_the_patient_is_not_quoted(value: bytes) -> None:
    plan = load_plan(_content(0, _set(0x00080018, value=value)))
    assert plan.uids.doses[0].startswith("damaged-")
    assert plan.uids.doses == load_plan(_content(0, _set(0x00080018, value=value))).uids.doses
    with pytest.raises(SbrtcheckError) as refused:
        load_plan(_content(0, _set(0x00080018, value=value)), plan="2.25.77")
    assert "Nobody" not in str(refused.value)


@pytest.mark.parametrize("uid", ["2.25.3", "PLAN_1", "anon-7.4", "0"])
def test_a_uid_and_what_removes_identities_writes_in_its_place_stays(uid: str) -> None:
    value = uid.encode() + b"\0" * (len(uid) % 2)
    assert load_plan(_content(0, _set(0x00080018, value=value))).uids.doses == (uid,)


# Results, and what is kept beside them


def _parquet(texts: pa.Array, times: int = 1, **choices: Any) -> bytes:
    """A file of plan keys that are these texts, again and again."""
    file = io.BytesIO()
    table = pa.table({"plan_key": texts})
    with pq.ParquetWriter(file, table.schema, compression="zstd", store_schema=False, **choices) as writer:
        for _ in range(times):
            writer.write_table(table)
    return file.getvalue()


def _read_by_both(folder: Path, says: str) -> None:
    for read in (load_trends, sbrtcheck.summary):
        with in_little_time_and_memory(), pytest.raises(InputError, match=says) as refused:
            read(folder / "r.parquet")
        assert refused.value.place.startswith(str(folder))


def test_parquet_of_more_rows_than_bytes_is_refused(tmp_path: Path) -> None:
    for name in ("r.parquet", "r.plans.parquet"):
        (tmp_path / name).write_bytes(_parquet(pa.nulls(1_000_000, pa.string()), 2))
    _read_by_both(tmp_path, r"states 2000000 rows in \d+ bytes")


def test_parquet_that_unpacks_to_many_times_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_parquet, "MAX_UNPACKED_BYTES", 8 << 20)
    content = _parquet(pa.array(["a" * (9 << 20)]), use_dictionary=False)
    assert len(content) < 1 << 15
    for name in ("r.parquet", "r.plans.parquet"):
        (tmp_path / name).write_bytes(content)
    _read_by_both(tmp_path, "would be 9 MB from")


def test_a_long_text_of_all_rows_is_in_memory_once(tmp_path: Path) -> None:
    """A million letters in each of a hundred thousand rows, from a few thousand bytes."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["ab" * 500_000]))
    file = tmp_path / "r.parquet"
    file.write_bytes(_parquet(texts))
    assert file.stat().st_size < 1 << 14
    with in_little_time_and_memory():
        cells = [cell for some in read_parquet.cells_of(file, {"plan_key": str}, "hint") for (cell,) in some]
    assert len(cells) == 100_000
    assert len(set(map(id, cells))) <= 100_000 / read_parquet.ROWS_AT_ONCE


@pytest.mark.parametrize("place", [1, -1])
def test_a_place_that_is_none_of_the_texts_of_a_column_is_damage(place: int) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0, place], pa.int32()), pa.array(["PASS"]), safe=False)
    with pytest.raises(pa.ArrowInvalid):
        read_parquet._cells(texts)


def test_rows_of_a_plan_that_unpack_without_end_are_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_rows, "MAX_UNPACKED_BYTES", 1 << 20)
    packed = zlib.compress(b"[" + b" " * (64 << 20) + b"]")
    with in_little_time_and_memory(), pytest.raises(ValueError, match="more than a plan has"):
        packed_rows.unpack_tables(packed)


# Links


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there that not everybody has")
def test_links_to_themselves_end_no_batch(tmp_path: Path) -> None:
    archive = tmp_path / "in"
    (archive / "plan").mkdir(parents=True)
    for at, content in enumerate(readers.reader("dicom-plan").seeds[0]):
        (archive / "plan" / str(at)).write_bytes(content)
    (archive / "self").symlink_to("self")
    (archive / "nowhere").symlink_to("x/y")
    (archive / "plan" / "up").symlink_to("..")
    table = tmp_path / "table.yaml"
    table.write_bytes(readers.reader("table").seeds[0][0])
    out = tmp_path / "results.csv"
    ended = CliRunner().invoke(
        cli.main, ["batch", str(archive), "--table", str(table), "--out", str(out), "--jobs", "1"]
    )
    assert ended.exit_code in {0, 1, 3}, ended.output
    assert out.read_text(encoding="utf-8").count("\n") >= 3
    assert load_plan(archive).uids.plan == "2.25.1"
    for argument in (archive / "self", archive / "nowhere"):
        with pytest.raises(InputError):
            load_plan(argument)
        with pytest.raises(NamesError):
            load_names(argument)


def test_the_limits_of_the_page_are_those_of_the_program() -> None:
    page = (ROOT / "docs" / "reference" / "hostile-files.md").read_text(encoding="utf-8")
    stated = [
        f"{MAX_BYTES >> 10} kB",
        f"{importing._MAX_BYTES >> 20} MB, {importing._MAX_ROWS} rows",
        f"{lines._MAX_BYTES >> 20} MB, {lines._MAX_LINES} lines",
        f"{deflated.MAX_UNPACKED_BYTES >> 20} MB unpacked",
        f"{dose._MAX_DECODED_BYTES >> 20} MB decoded",
        f"{segmentation.MAX_VOXELS} voxels",
        f"{headers.MAX_UNPACKED_BYTES >> 20} MB",
        f"{read_parquet.MAX_ROWS} rows, or one a byte",
        f"{read_parquet.MAX_UNPACKED_BYTES >> 20} MB, or {read_parquet.TIMES} times its size",
        f"{packed_rows.MAX_UNPACKED_BYTES >> 20} MB unpacked",
    ]
    limits = [line.split("|")[2].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    assert [limit.startswith(said) for limit, said in zip(limits, stated, strict=True)] == [True] * len(stated)


def in_place_of(keyword: str) -> Dataset:
    """Sequences in one another, 60 levels down to a damaged element: to read them as text takes pydicom ages."""
    inner = Dataset()
    inner[Tag("Rows")] = RawDataElement(Tag("Rows"), "US", 3, b"abc", 0, False, True)  # 3 bytes are no 16-bit number
    for _ in range(60):
        outer = Dataset()
        outer.add_new(keyword, "SQ", [inner])
        inner = outer
    return inner


def test_sequences_in_sequences_in_place_of_a_text_are_no_text() -> None:
    assert PydicomElements(in_place_of("PatientName")).decoded(Tag("PatientName")) == ""


def test_nor_are_they_the_kind_of_a_segmentation() -> None:
    with pytest.raises(DicomError, match="this is no segmentation"):
        segmentation.structures_of_seg(in_place_of("SOPClassUID"), "SEG 1", None)


def test_nor_are_they_its_type() -> None:
    made = segmentations.seg([np.ones(segmentations.SHAPE, dtype=bool)])
    made["SegmentationType"] = in_place_of("SegmentationType")["SegmentationType"]
    with pytest.raises(DicomError, match="the Segmentation Type is missing"):
        segmentation.structures_of_seg(made, "SEG 1", None)

"""An archive looked through: the same plans however the files lie, nothing read twice, nothing left out silently."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import dicom_files as files
from sbrtcheck import cli
from sbrtcheck.archive import Entry, find, headers, index, listing
from sbrtcheck.archive.entries import entry_of, text_of
from sbrtcheck.archive.index import DamagedError
from sbrtcheck.archive.listing import Entries, find_entries
from sbrtcheck.dicom import Kind, Link, RtFile, ZipMember, find_plans, load_plan, walk
from sbrtcheck.dicom.elements import Damage
from sbrtcheck.dicom.walk import walk as walked
from sbrtcheck.plan import Finding, FindingCode

KINDS = ("dose", "set", "plan")
LONG_AGO = 1_700_000_000
IDENTITY = ("Nobody", "Really", "secret-id", "19500101")


@cache
def plan_files(number: int) -> dict[str, bytes]:
    """The files of a plan, its UIDs and frame of reference all its own."""
    uid = {kind: f"2.25.{number}.{at}" for at, kind in enumerate(("plan", "set", "dose", "frame"), start=1)}
    made = {
        "dose": files.dose(uid["dose"], plans=(uid["plan"],)),
        "set": files.structure_set(uid["set"], frame=uid["frame"]),
        "plan": files.plan(uid["plan"], structure_set=uid["set"], label="Really Nobody"),
    }
    for name in ("dose", "plan"):
        made[name].FrameOfReferenceUID = uid["frame"]
    return {kind: as_bytes(dataset) for kind, dataset in made.items()}


def as_bytes(dataset: files.Dataset) -> bytes:
    with TemporaryDirectory() as name:
        return files.write(Path(name) / "file", dataset).read_bytes()


@cache
def image() -> bytes:
    return as_bytes(files.image())


def put(path: Path, content: bytes, at: int = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def put_plan(folder: Path, number: int) -> None:
    for kind, content in plan_files(number).items():
        put(folder / f"{kind}.dcm", content)


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def plans_of(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    """What is there to be checked, by UIDs; without where it lies."""
    return [
        (one.plan_uid, one.structure_set_uid, one.dose_uids, one.problem, one.findings) for one in entries if one.files
    ]


# -------------------------------------------------------------------------------- the same plans however they lie

PLACE = st.lists(st.sampled_from(["a", "b b", "ü", "CT"]), max_size=3).map("/".join)
MORE = st.sampled_from(["image", "junk", "copy", "empty"])


@given(
    places=st.lists(st.tuples(PLACE, st.booleans()), min_size=9, max_size=9),
    more=st.lists(st.tuples(MORE, PLACE, st.integers(1, 3)), max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_the_same_plans_are_found_however_the_files_lie_and_whatever_is_beside_them(
    places: list[tuple[str, bool]], more: list[tuple[str, str, int]]
) -> None:
    """Three plans, their nine files scattered and renamed, some in a zip file, beside images, junk and copies."""
    with TemporaryDirectory() as name:
        root = Path(name)
        for number in (1, 2, 3):
            put_plan(root / "tidy" / str(number), number)
        expected = plans_of(find(root / "tidy"))
        assert [plan for plan, *_ in expected] == ["2.25.1.1", "2.25.2.1", "2.25.3.1"]
        scattered = root / "scattered"
        scattered.mkdir()
        with zipfile.ZipFile(scattered / "some.zip", "w") as packed:
            parts = [content for number in (1, 2, 3) for content in plan_files(number).values()]
            for at, ((place, is_packed), content) in enumerate(zip(places, parts, strict=True)):
                if is_packed:
                    packed.writestr(f"{place}/{at}", content)
                else:
                    put(scattered / place / f"file {at}", content)
        for at, (what, place, number) in enumerate(more):
            content = {"image": image(), "junk": b"no DICOM", "empty": b"", "copy": plan_files(number)["dose"]}[what]
            put(scattered / place / f"more {at}", content)
        assert plans_of(find(scattered)) == expected


@pytest.mark.parametrize("missing", [(), ("set",), ("plan",), ("dose",)])
def test_plans_are_those_that_find_plans_finds(tmp_path: Path, missing: tuple[str, ...]) -> None:
    """It links all files at once; an archive is linked in groups that nothing ties to each other."""
    for number in (1, 2, 3):
        put_plan(tmp_path / str(number), number)
    for kind in missing:
        (tmp_path / "2" / f"{kind}.dcm").unlink()
    found = find_plans(tmp_path)
    expected = {(plan.dose_uids, plan.reason) for plan in (*found.plans, *found.incomplete)}
    entries = find(tmp_path)
    assert {(one.dose_uids, one.problem) for one in entries if one.dose_uids} == expected
    loose = {one.structure_set_uid or one.plan_uid for one in entries if not one.dose_uids}
    assert loose == {one.uid for one in found.orphans if one.kind is not Kind.DOSE}


def test_a_plan_in_a_zip_file_is_read_where_it_lies(tmp_path: Path) -> None:
    put_plan(tmp_path / "plain", 1)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for kind, content in plan_files(2).items():
            packed.writestr(f"in/{kind}", content)
    plain, packed_plan = find(tmp_path)
    assert packed_plan.folder == "packed.zip/in"
    assert all(isinstance(file, ZipMember) for file in packed_plan.files)
    first, second = (load_plan(one.plan_input) for one in (plain, packed_plan))
    assert first.dose == second.dose
    assert second.uids.plan == "2.25.2.1"


# -------------------------------------------------------------------------------- a second pass


def test_a_second_pass_opens_nothing_and_finds_the_same(tmp_path: Path, database: sqlite3.Connection) -> None:
    put_plan(tmp_path / "a", 1)
    put(tmp_path / "CT" / "1", image())
    first = find_entries(tmp_path, database)
    entries = list(first)
    assert first.seen == index.Pass(files=4, opened=4, changed=True)
    second = find_entries(tmp_path, database)
    assert second.seen == index.Pass(files=4, opened=0, changed=False)
    assert list(second) == entries == list(find(tmp_path))


@pytest.mark.parametrize("isolation", [None, "DEFERRED"])
def test_what_was_found_is_kept_in_the_file(tmp_path: Path, isolation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever way of transactions the database was opened with; nothing is linked a second time either."""
    put_plan(tmp_path / "archive", 1)
    for _ in range(2):
        with closing(sqlite3.connect(tmp_path / "kept.sqlite", isolation_level=isolation)) as connection:
            assert len(find_entries(tmp_path / "archive", connection)) == 1
        monkeypatch.setattr(listing, "link", None)


EDIT = st.tuples(st.sampled_from(["put", "remove", "move", "image"]), st.integers(1, 3), st.sampled_from(KINDS))


@given(st.lists(EDIT, min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_after_any_change_the_index_is_that_of_a_first_pass(edits: list[tuple[str, int, str]]) -> None:
    with TemporaryDirectory() as name, closing(sqlite3.connect(":memory:")) as connection:
        root = Path(name)
        for number in (1, 2):
            put_plan(root / str(number), number)
        find_entries(root, connection)
        for at, (what, number, kind) in enumerate(edits):
            path = root / str(number) / f"{kind}.dcm"
            if what in {"put", "image"}:
                put(path, image() if what == "image" else plan_files(number)[kind], LONG_AGO + at)
            elif path.exists():
                path.unlink() if what == "remove" else path.rename(root / f"moved {at}")
            entries = find_entries(root, connection)
            assert entries.seen.opened <= 1
            assert list(entries) == list(find(root))


def test_a_file_changed_a_moment_ago_is_read_once_more(tmp_path: Path, database: sqlite3.Connection) -> None:
    """It could be changed again without another time, as far as the clock of the file system tells."""
    put_plan(tmp_path, 1)
    os.utime(tmp_path / "dose.dcm")
    assert [find_entries(tmp_path, database).seen.opened for _ in range(2)] == [3, 1]


def test_the_index_names_no_patient(tmp_path: Path) -> None:
    put_plan(tmp_path / "archive", 1)
    file = tmp_path / "kept.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        assert len(find_entries(tmp_path / "archive", connection)) == 1
    content = file.read_bytes()
    assert not [word for word in IDENTITY if word.encode() in content]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE index_files SET header = '{'",
        "UPDATE index_files SET member = 'text'",
        "UPDATE index_entries SET entry = 'nothing'",
        "UPDATE index_folders SET listing = '[', digest = x''",
        "DROP TABLE index_folders",
        "ALTER TABLE index_entries RENAME COLUMN entry TO dose",
    ],
)
def test_a_damaged_index_is_said_and_built_anew(
    tmp_path: Path, database: sqlite3.Connection, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_plan(tmp_path, 1)
    expected = list(find_entries(tmp_path, database))
    database.execute(damage)
    if "index_files" in damage:  # which is looked at again when something is linked anew
        put(tmp_path / "another", plan_files(2)["dose"])
        expected = list(find(tmp_path))
    with caplog.at_level(logging.WARNING, "sbrtcheck"):
        entries = find_entries(tmp_path, database)
    assert list(entries) == expected
    assert "the index of the archive is damaged" in caplog.text


WITHOUT_END = "[" * 100_000


@pytest.mark.parametrize("text", ["nothing", "[]", '{"plan": 1}', '{"files": [["a", "b", "c"]]}', WITHOUT_END])
def test_an_entry_that_is_none_is_damage(tmp_path: Path, database: sqlite3.Connection, text: str) -> None:
    """As where somebody changed it after the index was looked over."""
    put_plan(tmp_path, 1)
    entries = find_entries(tmp_path, database)
    database.execute("UPDATE index_entries SET entry = ?", (text,))
    for read in (list, lambda of: of[0]):
        with pytest.raises(DamagedError):
            read(entries)


def test_an_entry_with_a_value_of_another_type_is_damage(tmp_path: Path, database: sqlite3.Connection) -> None:
    put_plan(tmp_path, 1)
    entries = find_entries(tmp_path, database)
    ((text,),) = database.execute("SELECT entry FROM index_entries").fetchall()
    database.execute("UPDATE index_entries SET entry = ?", (json.dumps(json.loads(text) | {"plan_uid": ["2.25.1"]}),))
    with pytest.raises(DamagedError):
        list(entries)


OF_EVERY_TYPE = ("", "ab", [], ["a", "b"], {}, {"ab": "c"}, 0, 1, 1.5, True, False, None)
ENTRY = Entry(
    plan_uid="2.25.1",
    structure_set_uid="2.25.2",
    dose_uids=("2.25.3", "2.25.4"),
    unlike_uids=("a word",),
    plan_date="2026-01-31",
    files=(Path("one"), ZipMember(archive=Path("two.zip"), name="in it")),
    folder="a folder",
    is_plan=False,
    problem="no dose",
    findings=(Finding(code=FindingCode.LINKED_BY_FOLDER, text="by folder", subject="2.25.1"),),
    stand_ins={"one": "the plan"},
    link=Link.FOLDER,
    size_bytes=5,
)


def with_one_changed(values: Any, places: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each place in a value of JSON, and the whole with values of every other type in this place."""
    yield from ((places, other) for other in OF_EVERY_TYPE if type(other) is not type(values))
    inside = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in inside:
        for place, changed in with_one_changed(value, (*places, key)):
            copied = values.copy()
            copied[key] = changed
            yield place, copied


def test_an_entry_reads_back_and_with_a_value_of_another_type_is_none() -> None:
    text = text_of(ENTRY)
    assert entry_of(text) == ENTRY
    values = json.loads(text)
    assert entry_of(json.dumps(values | {"problem": None})) == replace(ENTRY, problem=None)
    seen = set()
    for place, changed in with_one_changed(values):
        if changed == values | {"problem": None}:
            continue
        seen.add(place[:1])
        with pytest.raises(TypeError, match="a value of the entry"):
            entry_of(json.dumps(changed))
    assert seen == {(), *((name,) for name in values)}


def test_an_entry_that_has_more_or_less_than_was_written_is_none() -> None:
    values = json.loads(text_of(ENTRY))
    for name in values:
        with pytest.raises(TypeError):
            entry_of(json.dumps({key: value for key, value in values.items() if key != name}))
    for damage in (
        {"own": None},
        {"another": ""},
        {"files": [["a"]]},
        {"files": [["a", "b", "c"]]},
        {"findings": [["linked", "text"]]},
        {"link": "another"},
        {"findings": [["another", "text", ""]]},
    ):
        with pytest.raises((TypeError, ValueError)):
            entry_of(json.dumps(values | damage))


def test_entries_whose_numbers_have_gaps_are_damage(tmp_path: Path, database: sqlite3.Connection) -> None:
    put_plan(tmp_path, 1)
    entries = find_entries(tmp_path, database)
    database.execute("UPDATE index_entries SET n = n + 7")
    with pytest.raises(DamagedError):
        entries[0]
    with pytest.raises(IndexError):
        entries[len(entries)]


@pytest.mark.parametrize(
    "change", ["UPDATE index_about SET value = '0' WHERE key = 'version'", "DROP TABLE index_about"]
)
def test_an_index_of_another_version_is_read_anew(tmp_path: Path, database: sqlite3.Connection, change: str) -> None:
    put_plan(tmp_path, 1)
    find_entries(tmp_path, database)
    database.execute(change)
    assert find_entries(tmp_path, database).seen.opened == 3


def test_the_folder_may_be_given_by_another_path(
    tmp_path: Path, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_plan(tmp_path / "archive", 1)
    find_entries(tmp_path / "archive", database)
    monkeypatch.chdir(tmp_path)
    entries = find_entries(Path("archive"), database)
    assert entries.seen.opened == 0
    assert load_plan(entries[0].plan_input).uids.plan == "2.25.1.1"


def test_other_tables_of_the_database_stay(tmp_path: Path, database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE finished (plan TEXT)")
    database.execute("INSERT INTO finished VALUES ('x')")
    put_plan(tmp_path / "a", 1)
    find_entries(tmp_path / "a", database)
    put_plan(tmp_path / "b", 2)
    (entry,) = find_entries(tmp_path / "b", database)  # another archive
    assert entry.plan_uid == "2.25.2.1"
    assert database.execute("SELECT plan FROM finished").fetchall() == [("x",)]


@pytest.mark.parametrize("isolation", [None, "DEFERRED"])
def test_entries_are_a_sequence_while_other_tables_are_written(tmp_path: Path, isolation: Any) -> None:
    for number in (1, 2, 3):
        put_plan(tmp_path / str(number), number)
    with closing(sqlite3.connect(":memory:", isolation_level=isolation)) as connection:
        entries = find_entries(tmp_path, connection)
        connection.execute("CREATE TABLE other (n)")
        seen = []
        for entry in entries:
            connection.execute("INSERT INTO other VALUES (1)")
            connection.commit()
            at = len(seen)
            assert entry == entries[at] == entries[at - 3] == entries[at : at + 1][0]
            seen.append(entry)
        assert tuple(seen) == find(tmp_path)
        with pytest.raises(IndexError):
            entries[3]


# -------------------------------------------------------------------------------- what cannot be looked at is said


def problems(root: Path) -> list[str | None]:
    return [entry.problem for entry in find(root) if not entry.files]


def test_loops_of_links_end_and_links_out_of_the_tree_are_followed(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    put_plan(root / "a", 1)
    put_plan(tmp_path / "elsewhere" / "deep", 2)
    put(tmp_path / "one file", plan_files(3)["dose"])
    (root / "a" / "up").symlink_to(root, target_is_directory=True)
    (root / "self").symlink_to("self")
    (root / "out").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere" / "back").symlink_to(root, target_is_directory=True)
    (root / "same").symlink_to(root / "a" / "dose.dcm")
    (root / "link").symlink_to(tmp_path / "one file")
    assert [entry.plan_uid for entry in find(root) if entry.plan_uid] == ["2.25.1.1", "2.25.2.1"]
    assert problems(root) == ["a file or folder cannot be looked at (a link that leads nowhere, or back to itself)"]
    paths = [Path(folder.path, name) for folder in walked(str(root)) for name, _, _ in folder.files]
    assert len(paths) == len({os.path.realpath(path) for path in paths}) == 7
    assert len(find_plans(root).plans) == 2


def test_a_link_to_a_folder_above_is_walked_without_what_was(tmp_path: Path) -> None:
    root = tmp_path / "above" / "archive"
    put_plan(root, 1)
    put_plan(tmp_path / "above" / "beside", 2)
    (root / "up").symlink_to(tmp_path / "above", target_is_directory=True)
    assert [entry.plan_uid for entry in find(root)] == ["2.25.1.1", "2.25.2.1"]
    assert not find_plans(root).copies


@pytest.mark.skipif(os.name == "nt", reason="names of files are UTF-16 there")
def test_names_in_no_known_encoding(tmp_path: Path, database: sqlite3.Connection) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        put_plan(folder, 1)
    except OSError:
        return  # a file system that has none
    (entry,) = find_entries(tmp_path, database)
    assert entry.folder == r"caf\xe9"
    assert load_plan(entry.plan_input).uids.plan == "2.25.1.1"
    assert find_entries(tmp_path, database).seen.opened == 0


def test_a_folder_that_cannot_be_opened_is_a_row_and_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_plan(tmp_path / "a", 1)
    put_plan(tmp_path / "Nobody", 2)
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if "Nobody" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(walk.os, "scandir", refusing)
    assert [entry.plan_uid for entry in find(tmp_path) if entry.files] == ["2.25.1.1"]
    assert problems(tmp_path) == ["a folder cannot be looked at (Permission denied): what is in it is not known"]


def test_files_that_cannot_be_read_are_one_row_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_plan(tmp_path, 1)

    def refused(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(headers, "open", refused, raising=False)
    assert problems(tmp_path) == [
        "a file cannot be read (Permission denied): what is in it is not known (3 of them in one folder)"
    ]


def test_a_file_that_could_not_be_read_is_tried_again(
    tmp_path: Path, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights and networks change neither size nor time of a file."""
    put_plan(tmp_path, 1)

    def refused(*_: object, **__: object) -> Any:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(headers, "open", refused, raising=False)
        find_entries(tmp_path, database)
    assert plans_of(find_entries(tmp_path, database)) == plans_of(find(tmp_path))


def packed_with(name: str, content: bytes) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "zip"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr(name, content)
        return path.read_bytes()


def with_password(content: bytes) -> bytes:
    """A zip file that says that its member has a password: bit 0 of the flags (APPNOTE 4.4.4)."""
    central = content.index(b"PK\x01\x02")
    return content[:6] + b"\1" + content[7 : central + 8] + b"\1" + content[central + 9 :]


PACKED = packed_with("dose", plan_files(1)["dose"])
NOT_READ = {
    "gzip": (b"\x1f\x8b" + bytes(20), "a packed file (gzip) was not looked into: unpack it"),
    "tar": (bytes(257) + b"ustar" + bytes(300), "a packed file (tar) was not looked into: unpack it"),
    "cut": (PACKED[:-30], "a zip file is damaged: what is in it is not known"),
    "password": (with_password(PACKED), "a file in a zip file needs a password: what is in it is not known"),
    "zip in zip": (packed_with("x", PACKED), "a packed file in a zip file was not looked into: unpack it"),
    "bytes": (
        PACKED[:200] + b"####" + PACKED[204:],
        "a file in a zip file cannot be unpacked: what is in it is not known",
    ),
}


@pytest.mark.parametrize("kind", NOT_READ)
def test_packed_files_that_are_not_read_are_said(tmp_path: Path, kind: str) -> None:
    content, what = NOT_READ[kind]
    put(tmp_path / "Really^Nobody", content)
    assert problems(tmp_path) == [what]


@pytest.mark.filterwarnings("ignore:Duplicate name")  # by zipfile, which writes it all the same
def test_files_of_one_name_in_a_zip_file_are_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zip", "w") as packed:
        packed.writestr("x", plan_files(1)["plan"])
        packed.writestr("x", b"no DICOM")
    assert problems(tmp_path) == ["files in a zip file have one name: what is in them is not known"]


def test_a_member_too_large_to_unpack_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_UNPACKED_BYTES", 100)
    put(tmp_path / "zip", PACKED)
    assert problems(tmp_path) == ["a file in a zip file is too large to be unpacked: what is in it is not known"]


# -------------------------------------------------------------------------------- through the command


def batch(*words: str | Path) -> Any:
    return CliRunner().invoke(cli.main, ["batch", *map(str, words)])


def test_a_dry_run_lists_everything_and_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "Really^Nobody"
    put_plan(root / "a", 1)
    put(root / "b" / "dose.dcm", plan_files(2)["dose"])
    put(root / "c" / "gz", NOT_READ["gzip"][0])
    done = batch(root, "--table", "tg101-3fx", "--dry-run", "--out", tmp_path / "out.csv")
    assert done.exit_code == 0
    *listed, totals, estimate = done.output.splitlines()
    no_set = "no RTSTRUCT is named, and none here shares the dose's frame of reference"
    assert listed == [
        "not looked into: a packed file (gzip) was not looked into: unpack it",
        f"plan 2.25.2.3: not checked: {no_set} 2.25.2.4",
        "plan 2.25.1.1: 3 files, 0.0 MB",
    ]
    assert totals == (
        "1 plan to check, 0 MB; 1 that cannot be checked; 0 more rows of no plan; 1 row of what was not looked into;"
        " 5 files seen, 5 of them opened"
    )
    assert estimate.startswith("estimate: 1 s with 2 processes")
    assert [path.name for path in tmp_path.iterdir()] == ["Really^Nobody"]
    assert "Nobody" not in done.output


def test_a_dry_run_reads_the_index_of_a_run_before_and_leaves_it(tmp_path: Path) -> None:
    put_plan(tmp_path / "archive", 1)
    out = tmp_path / "out.csv"
    how = (tmp_path / "archive", "--table", "tg101-3fx", "--out", out)
    assert batch(*how, "--jobs", "1").exit_code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = batch(*how, "--dry-run", "--with-paths")
    assert "3 files seen, 0 of them opened" in done.output
    assert "plan 2.25.1.1 in .: 3 files" in done.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_without_dry_run_the_table_must_be_named(tmp_path: Path) -> None:
    done = batch(tmp_path, "--table", "tg101-3fx")
    assert done.exit_code == 2
    assert "Missing option '--out'" in done.output


def test_entries_need_little_memory(tmp_path: Path, database: sqlite3.Connection) -> None:
    """They are in the database, and the object that gives them out holds none."""
    for number in (1, 2):
        put_plan(tmp_path / str(number), number)
    entries = find_entries(tmp_path, database)
    assert isinstance(entries, Entries)
    assert not [value for value in vars(entries).values() if isinstance(value, list | tuple) and value]


HEADER = RtFile(
    source=Path("one"),
    display_name="RTDOSE",
    kind=Kind.DOSE,
    uid="2.25.1",
    frames=("2.25.2",),
    plan_refs=("2.25.3", "2.25.4"),
    structure_set_refs=("2.25.5",),
    summation="PLAN",
    parts=((1, (2, 3)), (4, ())),
    date="20260131",
    damage=Damage(what="cut off", hint="export it again"),
)


def test_a_header_reads_back_and_with_a_value_of_another_type_is_none() -> None:
    text = headers.packed_header(HEADER)
    read = partial(headers.unpacked_header, kind="RTDOSE", uid="2.25.1", source=Path("one"))
    assert read(text) == HEADER
    assert headers.ties_of(text) == (["2.25.2"], ["2.25.3", "2.25.4", "2.25.5"])
    values = json.loads(text)
    may_lack = [[*values[:3], None, *values[4:]], [*values[:6], None], [*values[:6], [values[6][0], None]]]
    for changed in may_lack:
        assert headers.packed_header(read(json.dumps(changed))) == json.dumps(changed)
    for _, changed in with_one_changed(values):
        if changed not in may_lack:
            for reader in (read, headers.ties_of):
                with pytest.raises(TypeError, match="a value of the header"):
                    reader(json.dumps(changed))

"""A run that was stopped goes on: nothing twice, nothing half, nothing of other files, options or tables."""

from __future__ import annotations

import os
import pickle
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_plans import good, no_structures, truncated_dose, write_archive
from dvh_builders import row, table
from folders import ROOT
from sbrtcheck.archive import Entry, NotChecked, Options, State, Summary, batch, database, engine, work
from sbrtcheck.archive.database import database_of, open_database, transaction
from sbrtcheck.archive.engine import ThisProcess
from sbrtcheck.archive.fingerprint import digest
from sbrtcheck.archive.packed import Packed, Task, check_task, pack_tables
from sbrtcheck.archive.processes import WorkerDiedError
from sbrtcheck.archive.store import Store, plan_key
from sbrtcheck.errors import OutputError

TABLE = table(row("Mean[Gy]", "below", 30, "PTV"))
OPTIONS = Options(tables=(TABLE,))


def count_checks(patched: pytest.MonkeyPatch) -> list[str]:
    uids: list[str] = []

    def counted(task: Task) -> Packed:
        uids.append(task.entry.plan_uid)
        return check_task(task)

    patched.setattr(engine, "check_task", counted)
    return uids


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", [good, no_structures, good, truncated_dose])


def checked_of(root: Path, out: Path, options: Options = OPTIONS, **how: Any) -> tuple[Summary, int]:
    """The summary, and how many plans were really checked."""
    with pytest.MonkeyPatch.context() as patched:
        uids = count_checks(patched)
        return batch(root, out, options, jobs=1, **how), len(uids)


def in_store(out: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{out}.sqlite")) as connection:
        return connection.execute("SELECT times, lasting FROM finished_plans").fetchall()


# -------------------------------------------------------------------------------- stopped, and started again


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 8), st.lists(st.integers(1, 4), max_size=4), st.sampled_from([KeyboardInterrupt, MemoryError]))
def test_however_often_it_is_stopped_nothing_is_checked_twice_and_the_table_is_the_same(
    number: int, stops: list[int], stop: type[BaseException]
) -> None:
    entries = [Entry(files=(), folder="", problem="made up", stand_ins={}, plan_uid=str(n)) for n in range(number)]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(work, "find_entries", lambda *_, **__: entries)
        whole, out = Path(folder, "whole.csv"), Path(folder, "out.csv")
        batch(folder, whole, OPTIONS, jobs=1)
        checked, before = count_checks(patched), 0
        for after in stops:
            if before + after > number:
                break

            def stop_there(done: int, _all: int, last: int = before + after) -> None:
                if done == last:
                    raise stop

            with pytest.raises(stop):
                batch(folder, out, OPTIONS, jobs=1, progress=stop_there)
            before += after
            assert not out.exists()
        summary = batch(folder, out, OPTIONS, jobs=1)
        assert checked == [str(n) for n in range(number)]
        assert summary.taken_over == before
        assert out.read_bytes() == whole.read_bytes()
        assert {times for times, _ in in_store(out)} == {1}
        assert batch(folder, out, OPTIONS, jobs=1).taken_over == number
        assert len(checked) == number


def test_the_same_again_reads_no_plan_and_says_so(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    first, number = checked_of(root, out)
    written = out.read_bytes()
    again, none = checked_of(root, out)
    assert (number, none) == (first.plans + first.states[State.NO_PLAN], 0)
    assert out.read_bytes() == written
    assert again == replace(first, taken_over=number)
    assert str(again) == f"{first}; {number} of {number} taken from an earlier run"


def test_what_is_gone_is_no_longer_kept(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    _, number = checked_of(root, out)
    for file in (root / "Really^Nobody 1").iterdir():
        file.unlink()
    summary, none = checked_of(root, out)
    assert (summary.taken_over, none, len(in_store(out))) == (number - 1, 0, number - 1)


def test_a_changed_file_costs_its_own_plan_only(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    _, number = checked_of(root, out)
    dose = root / "Really^Nobody 1" / "dose.dcm"
    os.utime(dose, ns=(0, dose.stat().st_mtime_ns + 1))
    summary, anew = checked_of(root, out)
    assert (summary.taken_over, anew) == (number - 1, 1)


@pytest.mark.parametrize(
    "other",
    [
        replace(OPTIONS, tables=(table(row("Mean[Gy]", "below", 31, "PTV")),)),
        replace(OPTIONS, with_paths=True),
        replace(OPTIONS, choices=replace(OPTIONS.choices, near_percent=1.0)),
        replace(OPTIONS, choices=replace(OPTIONS.choices, names={"PTV": "ROI 1"})),
    ],
    ids=["a limit", "a column", "a number", "a name"],
)
def test_another_option_or_table_checks_all_anew(root: Path, tmp_path: Path, other: Options) -> None:
    out = tmp_path / "out.csv"
    _, number = checked_of(root, out)
    summary, anew = checked_of(root, out, other)
    assert (summary.taken_over, anew) == (0, number)


def test_fresh_checks_all_anew(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    _, number = checked_of(root, out)
    summary, anew = checked_of(root, out, fresh=True)
    assert (summary.taken_over, anew) == (0, number)


def test_another_program_checks_all_anew(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.csv"
    _, number = checked_of(root, out)
    monkeypatch.setattr("sbrtcheck.archive.store.digest_of_program", lambda: b"one line further")
    assert checked_of(root, out)[1] == number


class DiesOnce(ThisProcess):
    """Its worker dies with one plan, whenever that comes."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if args[0].position:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(WorkerDiedError("gone"))
        return future


def test_a_plan_that_another_run_may_do_better_is_tried_again(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    batch(root, out, OPTIONS, executor=DiesOnce())
    assert NotChecked.WORKER_DIED in out.read_text(encoding="utf-8")
    summary, anew = checked_of(root, out)
    assert (anew, summary.taken_over) == (1, 3)
    assert NotChecked.WORKER_DIED not in out.read_text(encoding="utf-8")


def test_a_file_that_could_not_be_reached_is_tried_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network drive was gone for a minute: that is nothing about the plan."""
    out = tmp_path / "out.csv"

    def unreachable(source: Path) -> Any:
        if source.name == "structures.dcm":
            raise OSError(112, "Host is down")
        return source.open("rb")

    def check_without_structures(task: Task) -> Packed:
        with monkeypatch.context() as patched:
            patched.setattr("sbrtcheck.dicom.reader.opened", unreachable)
            patched.setattr("sbrtcheck.dicom.general.opened", unreachable)
            return check_task(task)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "check_task", check_without_structures)
        first = batch(root, out, OPTIONS, jobs=1)
    assert first.states[State.PASSING] == 0
    second, anew = checked_of(root, out)
    assert anew
    assert second.states[State.PASSING] == 2


# -------------------------------------------------------------------------------- one run an output


def test_two_runs_with_one_output_refuse_each_other(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    refused: list[str] = []

    def begin_another(_done: int, _all: int) -> None:
        with pytest.raises(OutputError, match="another run with the same output has not ended") as error:
            batch(root, tmp_path / "." / "out.csv", OPTIONS, jobs=1)
        refused.append(error.value.hint)

    batch(root, out, OPTIONS, jobs=1, progress=begin_another)
    assert set(refused) == {"wait until it has ended, or give another --out"}
    assert batch(root, tmp_path / "other.csv", OPTIONS, jobs=1, progress=lambda *_: None).taken_over == 0


def test_a_link_to_an_output_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    goal, link = tmp_path / "shared" / "table.csv", tmp_path / "out.csv"
    goal.touch()
    try:
        link.symlink_to(goal)
    except OSError:
        pytest.skip("this system lets not everybody make links")
    assert database_of(link) == database_of(goal) == goal.with_name("table.csv.sqlite").resolve()


def test_beside_a_pipe_nothing_is_kept() -> None:
    assert database_of(Path(os.devnull)) is None
    with open_database(None) as connection:
        assert Store(connection).begin([(b"a", "")]) == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no database, but a text of some length" * 40, "is damaged, or no database of sbrtcheck"),
        (None, "of another program"),
    ],
)
def test_another_file_in_the_place_of_the_database_is_left_alone(
    root: Path, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "out.csv.sqlite"
    if content is None:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE theirs (a)")
            connection.execute("INSERT INTO theirs VALUES (1)")
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    with pytest.raises(OutputError, match=says):
        batch(root, tmp_path / "out.csv", OPTIONS, jobs=1)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE finished_plans SET tables = zeroblob(40)",
        "UPDATE finished_plans SET tables = substr(tables, 1, 50)",
        "UPDATE finished_plans SET state = 'fine'",
        "UPDATE finished_plans SET rows = NULL",
        "UPDATE finished_plans SET rows = 'many'",
        "UPDATE finished_plans SET reason = x'01'",
        "UPDATE finished_plans SET tables = 'a text'",
    ],
)
def test_what_was_kept_and_is_damaged_is_never_written(root: Path, tmp_path: Path, change: str) -> None:
    out = tmp_path / "out.csv"
    batch(root, out, OPTIONS, jobs=1)
    with closing(sqlite3.connect(f"{out}.sqlite")) as connection, connection:
        connection.execute(change)
    before = out.read_bytes()
    with pytest.raises(OutputError, match="is damaged"):
        batch(root, out, OPTIONS, jobs=1)
    assert out.read_bytes() == before
    assert batch(root, out, OPTIONS, jobs=1, fresh=True).taken_over == 0
    assert out.read_bytes() == before


def test_a_message_of_a_damaged_database_that_is_no_text_is_one_of_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any) -> None:
        b"\xbd".decode()

    monkeypatch.setattr(database, "_prepare", unreadable)
    with pytest.raises(OutputError, match="is damaged"), open_database(tmp_path / "out.csv.sqlite"):
        pass


def test_a_database_of_another_layout_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    with open_database(file) as connection:
        store = Store(connection)
        store.begin([(b"a", "")])
        store.put(0, packed())
        connection.execute("PRAGMA user_version = 77")
    with open_database(file) as connection:
        assert Store(connection).begin([(b"a", "")]) == 0


def packed(**other: Any) -> Packed:
    return Packed(**{"state": State.PASSING, "reason": None, "rows": 0, "tables": pack_tables({}), **other})


def test_an_error_before_anything_is_kept_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Exception, match="no plan"):
        batch(tmp_path / "empty", tmp_path / "out.csv", OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


# -------------------------------------------------------------------------------- full, or gone


def test_a_full_disk_says_so_and_what_is_finished_is_kept(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes a limit of pages for a full disk: the error is the same."""
    out = tmp_path / "out.csv"

    def fill_up(done: int, _all: int) -> None:
        if done == 2:
            (pages,) = connections[-1].execute("PRAGMA page_count").fetchone()
            connections[-1].execute(f"PRAGMA max_page_count = {pages}")

    connections: list[sqlite3.Connection] = []

    class Watched(Store):
        def __init__(self, connection: sqlite3.Connection) -> None:
            connections.append(connection)
            super().__init__(connection)

        def put(self, position: int, packed: Packed) -> None:
            super().put(position, replace(packed, tables=packed.tables + random.randbytes(5000)))

    with monkeypatch.context() as patched:
        patched.setattr(work, "Store", Watched)
        with pytest.raises(OutputError, match=r"cannot be written \(database or disk is full\).*are kept"):
            batch(root, out, OPTIONS, jobs=1, progress=fill_up)
    assert not out.exists()
    summary, anew = checked_of(root, out)
    assert (summary.taken_over, anew) == (2, 2)


def test_a_target_that_cannot_be_written_in_the_end_costs_no_plan(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.csv"

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(OutputError, match="No space left"):
            batch(root, out, OPTIONS, jobs=1)
    assert not out.exists()
    assert checked_of(root, out)[1] == 0
    assert out.exists()


# -------------------------------------------------------------------------------- killed


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL, or what Windows has for it, three times; the larger one is `tests/benchmarks/archive_kill.py`."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "benchmarks")  # some versions of pyarrow bring a package `benchmarks`
    from archive_kill import killed_and_resumed

    archive = write_archive(tmp_path / "archive", [good] * 7 + [no_structures])
    seen = killed_and_resumed(archive, tmp_path, ["--table", "tg101-5fx", "--jobs", "2"], kills=3, seed=1)
    assert seen.same_rows
    assert seen.times == {1}
    assert sum(seen.new) == seen.plans == 8


# -------------------------------------------------------------------------------- digests

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(TREES, TREES)
def test_a_digest_tells_apart_what_is_different_and_nothing_else(one: Any, other: Any) -> None:
    assert digest(one) == digest(pickle.loads(pickle.dumps(one)))  # noqa: S301 - written here
    assert (digest(one) == digest(other)) is (repr(one) == repr(other))
    assert digest("ab", "c") != digest("a", "bc")


def test_a_digest_is_the_same_in_another_process() -> None:
    said = (
        "from sbrtcheck.archive import Options; from sbrtcheck.archive.fingerprint import digest, digest_of_program;"
        "o = Options.read(tables=['rtog-0813'], sites=['lung', 'liver'], profile=None, names={'Heart': 'Herz'},"
        " dictionary={'Heart': ['Cor']}, sex='male'); print(digest(o, frozenset('abc'), digest_of_program()).hex())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", said], capture_output=True, check=True, text=True).stdout  # noqa: S603 - our own
    here: list[str] = []
    exec(said.replace("print(", "here.append("), {"here": here})  # noqa: S102 - as above
    assert [elsewhere.strip()] == here


def test_what_has_no_digest_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no digest"):
        digest([object()])


def test_the_key_of_a_plan_is_of_its_notes_and_files_too(tmp_path: Path) -> None:
    file = tmp_path / "a"
    entry = Entry(files=(file,), folder="", stand_ins={})
    gone = plan_key(entry, b"", (), "k")
    file.write_bytes(b"1")
    there = plan_key(entry, b"", (), "k")
    file.write_bytes(b"12")
    assert (
        len(
            {
                gone,
                there,
                plan_key(entry, b"", (), "k"),
                plan_key(entry, b"o", (), "k"),
                plan_key(replace(entry, folder="b"), b"", (), "k"),
                plan_key(entry, b"", (), "another secret's"),
            }
        )
        == 6
    )


def test_all_of_a_transaction_is_kept_or_nothing() -> None:
    with open_database(None) as connection:
        store = Store(connection)
        store.begin([(b"a", "")])
        with pytest.raises(ZeroDivisionError):
            delete_and_fail(connection)
        assert store.waiting() == [0]


def delete_and_fail(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("DELETE FROM plans_of_run")
        raise ZeroDivisionError

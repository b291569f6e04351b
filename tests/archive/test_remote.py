"""An archive in storage that is reached by a URL: the same table as of the folder, and no credentials in any text.

``memory://`` is of one process alone: plans are checked in this one. Processes get a storage that all of them see.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import fsspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from archive_plans import KINDS, good, write_archive
from dvh_builders import row, table
from sbrtcheck import check_archive, cli
from sbrtcheck.archive import Options, batch
from sbrtcheck.dicom.remote import RemoteFile, is_url, remote_files, shown_url
from sbrtcheck.errors import InputError

OPTIONS = Options(tables=(table(row("Mean[Gy]", "below", 30, "PTV")),))


@pytest.fixture
def storage() -> Iterator[Any]:
    memory = fsspec.filesystem("memory")
    yield memory
    memory.rm("/", recursive=True)


@pytest.fixture
def root(tmp_path: Path, storage: Any) -> Path:
    archive = write_archive(tmp_path / "archive", KINDS)
    storage.put(str(archive), "/hospital/archive", recursive=True)
    return archive


def test_a_url_gives_the_table_of_the_folder(root: Path, tmp_path: Path) -> None:
    here = batch(root, tmp_path / "here.csv", OPTIONS, jobs=1)
    there = batch("memory://hospital/archive", tmp_path / "there.csv", OPTIONS, jobs=1)
    assert there == here
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    again = batch("memory://hospital/archive", tmp_path / "there.csv", OPTIONS, jobs=1)
    assert again.taken_over == here.plans + here.states["part of no plan"]  # type: ignore[index]


def test_a_file_that_is_put_there_anew_costs_its_own_plan(root: Path, tmp_path: Path, storage: Any) -> None:
    batch("memory://hospital/archive", tmp_path / "out.csv", OPTIONS, jobs=1)
    file = "/hospital/archive/Really^Nobody 1/dose.dcm"
    storage.pipe_file(file, storage.cat_file(file))
    summary = batch("memory://hospital/archive", tmp_path / "out.csv", OPTIONS, jobs=1)
    assert summary.taken_over == summary.plans + summary.states["part of no plan"] - 1  # type: ignore[index]


def test_a_table_may_go_to_a_url(root: Path, tmp_path: Path, storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        cli.main,
        ["batch", "memory://hospital/archive", "--table", "tg101-5fx", "--jobs", "1", "--out", "memory://out/r.csv"],
    )
    assert done.exit_code == 0, done.output
    assert storage.cat_file("/out/r.csv") == Path("r.csv").read_bytes()


def test_in_a_loop_a_url_is_a_folder(root: Path) -> None:
    there = list(check_archive("memory://hospital/archive", OPTIONS, jobs=1, order="input"))
    assert there == list(check_archive(root, OPTIONS, jobs=1, order="input"))


@given(st.lists(st.tuples(st.sampled_from(["read", "seek", "end", "all"]), st.integers(0, 400_000)), max_size=6))
def test_a_file_reads_as_one_in_memory_and_only_its_start_is_fetched_for_a_header(asked: list[tuple[str, int]]) -> None:
    content = bytes(range(256)) * 1200
    fsspec.filesystem("memory").pipe_file("/law/file", content)
    with RemoteFile(url="memory://law/file", size=len(content), changed="").open() as there, BytesIO(content) as here:
        for what, number in asked:
            for file in (there, here):
                answers = {
                    "read": lambda file=file, number=number: file.read(number),
                    "seek": lambda file=file, number=number: file.seek(number),
                    "end": lambda file=file: (file.seek(0, 2), file.tell(), file.seek(0)),
                    "all": lambda file=file: file.getvalue(),
                }
                if file is there:
                    first = answers[what]()
            assert first == answers[what]()
            assert there.tell() == here.tell()


class Watched(RemoteFile):
    """Notes how much of it is fetched."""

    __slots__ = ()
    stops: list[int | None] = []  # noqa: RUF012 - of one test

    def read(self, stop: int | None = None) -> bytes:
        self.stops.append(stop)
        return super().read(stop)


def test_of_an_image_only_the_start_is_fetched(storage: Any) -> None:
    storage.pipe_file("/a/file", bytes(1_000_000))
    file = Watched(url="memory://a/file", size=1_000_000, changed="")
    with file.open() as stream:
        assert (stream.seek(0, 2), stream.seek(0), len(stream.read(100_000))) == (1_000_000, 0, 100_000)
    assert Watched.stops == [131_072]


def test_what_is_gone_or_cannot_be_reached_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="cannot be fetched") as error:
        RemoteFile(url="memory://nobody:secret@nowhere/file", size=1, changed="").open()
    assert error.value.errno == errno.EIO
    assert error.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("memory://nothing/here", "there is no file"),
        ("nosuchthing://bucket/x", "the storage cannot be used"),
        ("sftp://nobody:secret@127.0.0.1:1/x?key=secret", "storage"),
    ],
)
def test_what_cannot_be_reached_is_said_without_credentials(url: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        list(remote_files(url))
    assert "secret" not in str(error.value)
    assert "nobody" not in str(error.value)


def test_what_is_a_url_and_what_a_path() -> None:
    assert [is_url(one) for one in ("s3://a/b", "memory://a", "gs://x")] == [True] * 3
    assert [is_url(one) for one in ("a/b", "C://b", "c:\\b", "://x", Path("s3://a"))] == [False] * 5
    assert shown_url("sftp://me:pass@host/a@b?sig=1") == "sftp://host/a@b"


@pytest.mark.slow
def test_processes_open_the_url_by_themselves(tmp_path: Path) -> None:
    """``file://`` is the storage that is the same in every process and needs no server."""
    archive = write_archive(tmp_path / "archive", [good] * 3)
    summary = batch(archive.as_uri(), tmp_path / "there.csv", OPTIONS, jobs=2)
    assert summary.checked == 3
    batch(archive, tmp_path / "here.csv", OPTIONS, jobs=1)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()

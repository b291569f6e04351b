"""An archive in S3, by the server of moto: worker processes fetch their files themselves, and the tables go back."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import s3fs
from click.testing import CliRunner
from moto.server import ThreadedMotoServer

from archive_plans import KINDS, write_archive
from sbrtcheck import cli

SECRET = "never-to-be-quoted"  # noqa: S105 - of a server that lives for one test


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    _, port = running.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@pytest.fixture
def storage(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reached as users do: what fsspec needs to know stands in the environment, which worker processes inherit."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "sbrtcheck",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    made = s3fs.S3FileSystem()
    made.mkdir("hospital")
    yield made
    made.rm("hospital", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def run(*args: str) -> Any:
    return CliRunner().invoke(cli.main, ["batch", *args, "--table", "tg101-5fx"])


@pytest.mark.slow
def test_an_archive_in_s3_gives_the_tables_of_the_folder(
    storage: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    archive = write_archive(tmp_path / "archive", KINDS)
    storage.put(str(archive), "hospital/archive", recursive=True)
    monkeypatch.chdir(tmp_path)
    assert run("archive", "--out", "here.parquet", "--jobs", "1").exit_code == 0
    done = run("s3://hospital/archive", "--out", "s3://hospital/out/there.parquet", "--jobs", "2")
    assert done.exit_code == 0, done.output
    for name in ("{}.parquet", "{}.plans.parquet"):
        there = pq.read_table(BytesIO(storage.cat_file("hospital/out/" + name.format("there"))))
        assert there.equals(pq.read_table(name.format("here")))
    again = run("s3://hospital/archive", "--out", "s3://hospital/out/there.parquet", "--jobs", "2")
    assert f"{len(KINDS)} plans" in again.output
    assert "taken from an earlier run" in again.output


def test_what_cannot_be_reached_is_said_without_its_credentials(storage: Any, tmp_path: Path) -> None:
    done = run("s3://no-such-bucket/archive", "--out", str(tmp_path / "o.csv"), "--jobs", "1")
    assert done.exit_code == 2
    assert "s3://no-such-bucket/archive" in done.output
    assert SECRET not in done.output
    assert not (tmp_path / "o.csv").exists()

"""An archive in a loop: each plan once, as batch has it, in the order asked for; and on a cluster of Dask."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from distributed import LocalCluster

from archive_plans import KINDS, good, no_structures, write_archive
from dvh_builders import row, table
from sbrtcheck import check_archive, cli
from sbrtcheck.archive import Contents, Options, Table, check_entry, find, packed
from sbrtcheck.archive.cluster import dask_executor
from sbrtcheck.archive.plan_keys import PlanKeys
from sbrtcheck.errors import InputError, UnknownTableError

TABLE = table(row("Mean[Gy]", "below", 30, "PTV"))
KEYS = PlanKeys(secret=bytes(32), lasting=True)
OPTIONS = Options(tables=(TABLE,), contents=Contents(with_identity=True, plan_keys=KEYS))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", KINDS)


@pytest.mark.parametrize("order", ["input", "completion"])
def test_each_plan_comes_once_with_the_rows_of_batch(root: Path, order: str) -> None:
    expected = [check_entry(entry, OPTIONS) for entry in find(root)]
    with ThreadPoolExecutor(2) as pool:
        found = list(check_archive(root, OPTIONS, executor=pool, order=order))
    if order == "input":
        assert [(one.state, one.rows) for one in found] == [(one.state, one.rows) for one in expected]
    assert sorted(str(one.rows) for one in found) == sorted(str(one.rows) for one in expected)
    assert len({one.key for one in found}) == len(found)
    for one in found:
        assert one.reason == one.beside[Table.PLANS][0]["reason"]
        assert (one.reason is None) == (one.state not in ("not checked", "part of no plan"))


def test_several_folders_come_one_after_the_other_and_keys_stay(tmp_path: Path) -> None:
    first, second = write_archive(tmp_path / "a", [good]), write_archive(tmp_path / "b", [no_structures, good])
    (one,) = check_archive(first, OPTIONS, jobs=1)
    several = list(check_archive([second, str(first)], OPTIONS, jobs=1, order="input"))
    assert [result.rows[0]["plan_uid"] for result in several] == ["2.25.1.1", "2.25.2.1", "2.25.1.1"]
    assert several[2] == one
    first.rename(tmp_path / "elsewhere")
    assert next(check_archive(tmp_path / "elsewhere", OPTIONS, jobs=1)).key == one.key


def test_what_cannot_work_is_said_at_the_call_and_not_at_the_first_result(root: Path) -> None:
    with pytest.raises(UnknownTableError):
        check_archive(root, "no-such-table")
    with pytest.raises(InputError, match="no such folder"):
        check_archive(root / "missing", TABLE)
    with pytest.raises(InputError, match="the order cannot be 'backwards'; choose one of: completion, input"):
        check_archive(root, TABLE, order="backwards")
    with pytest.raises(InputError, match="0 s is no time for a plan"):
        check_archive(root, TABLE, plan_timeout_s=0)
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="in an executor of your own"):
        check_archive(root, TABLE, executor=pool, plan_timeout_s=1.0)


def test_a_worker_with_another_program_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "digest_of_program", lambda: b"an older one")
    with pytest.raises(InputError, match="a worker has another sbrtcheck"):
        list(check_archive(root, TABLE, jobs=1))


# -------------------------------------------------------------------------------- Dask


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """One worker in this process, on loopback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a port that is taken, and the like
        with LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None, host="127.0.0.1"
        ) as made:
            yield made


@pytest.mark.slow
def test_a_cluster_gives_the_same_table(root: Path, tmp_path: Path, cluster: Any) -> None:
    address = cluster.scheduler_address
    args = ["batch", str(root), "--table", "tg101-5fx", "--out"]
    done = CliRunner().invoke(cli.main, [*args, str(tmp_path / "dask.csv"), "--dask", address])
    assert done.exit_code == 0, done.output
    here = CliRunner().invoke(cli.main, [*args, str(tmp_path / "here.csv"), "--jobs", "1"])
    assert done.output == here.output
    assert (tmp_path / "dask.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    with dask_executor(address) as executor:
        assert len(list(check_archive(root, TABLE, executor=executor))) == len(find(root))
        refused = CliRunner().invoke(
            cli.main, [*args, str(tmp_path / "no.csv"), "--dask", address, "--plan-timeout", "9"]
        )
    assert "in an executor of your own" in refused.output


def test_a_cluster_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbrtcheck.archive.cluster._PATIENCE_S", 0.2)
    with pytest.raises(InputError, match="no Dask scheduler answers"), dask_executor("tcp://127.0.0.1:1"):
        pytest.fail("there is none")


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="dask"), dask_executor("tcp://127.0.0.1:1"):
        pytest.fail("it is there")

"""The benchmark of archives sees plans that came to something else, and leaves functions that it times as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from folders import TESTS

pa = pytest.importorskip("pyarrow")

MANIFEST = (
    "folder,kind,what,expected\na,whole,,passing\nb,damaged,cut,not checked\nc,whole,,failing\nd,whole,,passing\n"
)


@pytest.fixture(scope="module")
def workers() -> Iterator[ModuleType]:
    pytest.importorskip("distributed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "benchmarks"))
        import archive_workers

        yield archive_workers


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        ("a passing, b not checked, c failing, d passing", 4),
        ("a passing, b not checked, b part of no plan, c failing, d passing", 4),
        ("a passing, b part of no plan, c failing, d passing", 3),
        ("a passing, a failing, b not checked, c failing, d passing", 3),
        ("a passing, b not checked, c passing", 2),
        ("a passing, b not checked, c failing, d passing, e passing", 4),
    ],
)
def test_what_plans_came_to_is_compared_with_the_manifest(
    workers: ModuleType, tmp_path: Path, rows: str, right: int
) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "manifest.csv").write_text(MANIFEST, encoding="utf-8")
    pairs = [row.split(" ", 1) for row in rows.split(", ")]
    table = pa.table({"path": [path for path, _ in pairs], "state": [state for _, state in pairs]})
    pq.write_table(table, tmp_path / "o.plans.parquet")
    found = workers.compared(tmp_path, tmp_path / "o.parquet")
    assert found.right == right
    assert found.rows == len(pairs)
    assert (found.right == 4 == sum(found.plans.values())) is (right == 4 and "e passing" not in rows)


def test_clocks_time_what_is_called_and_are_gone_afterwards(workers: ModuleType) -> None:
    from sbrtcheck.archive import structure_rows

    few_points = structure_rows.few_points
    with workers.clocks() as spent:
        assert structure_rows.few_points is not few_points
        with pytest.raises(AttributeError):
            structure_rows.few_points(None)
        assert spent["curves in few points"] >= 0.0
    assert structure_rows.few_points is few_points
    assert set(spent) == set(workers.STEPS)

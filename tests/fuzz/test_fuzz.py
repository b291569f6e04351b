"""The short lane: some hundred damaged files for every reader, and those that once were findings.

The long one is ``python tests/fuzz/run.py``; a workflow runs it each night.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import loop
import readers
import run
from hostile_bytes import Case
from readers import NAMES, Reader, reader
from sbrtcheck.errors import InputError

EXECUTIONS = 120  # for each hundredth or so of all: a few seconds for all readers
KEPT = [(folder.name, path) for folder in sorted(run.CORPUS.iterdir()) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    chosen = reader(name)
    count = max(6, round(EXECUTIONS * chosen.share))
    tally = loop.run(chosen, Random(name), lambda number: number < count)
    assert tally.executions == count
    assert not tally.findings, [found.detail for found in tally.findings.values()]
    if count > 100:  # what is never read at all, or never refused, tries little
        assert len(tally.outcomes) >= 1 + chosen.placed * (name != "evidence")


@pytest.mark.parametrize("name", NAMES)
def test_what_every_reader_begins_with_is_read(name: str, tmp_path: Path) -> None:
    """Damage to what is refused anyway finds nothing."""
    chosen = reader(name)
    assert [loop.executed(chosen, case, tmp_path)[0] for case in chosen.seeds] == ["read"] * len(chosen.seeds)


@pytest.mark.parametrize(("name", "path"), KEPT, ids=[f"{name}/{path.name}" for name, path in KEPT])
def test_what_once_was_a_finding_is_none(name: str, path: Path, tmp_path: Path) -> None:
    outcome, found, said = loop.executed(reader(name), loop.read_case(path), tmp_path)
    assert found is None
    assert outcome.startswith("refused") or said.startswith("REVIEW")  # a plan may be read, and then is no pass


# The fuzzer itself


def _reader_that(read: Any, **choices: Any) -> Reader:
    return Reader(
        seeds=((b"a",),), change=lambda rng, _case, _others: (rng.randbytes(3),), read=read, share=1.0, **choices
    )


def _reads(_case: Case, _folder: Path) -> str:
    return "fine"


def _findings(chosen: Reader) -> set[str]:
    return {*loop.run(chosen, Random(1), lambda number: number < 20).findings}


def _raises(error: BaseException) -> Any:
    def read(case: Case, folder: Path) -> str:
        raise error

    return read


def test_what_must_not_happen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _findings(_reader_that(_reads)) == set()
    assert _findings(_reader_that(_raises(InputError("wrong", "file.txt")))) == set()
    assert _findings(_reader_that(_raises(ValueError("x")))) == {"ValueError in elsewhere"}
    assert _findings(_reader_that(_raises(SystemExit()))) == {"SystemExit in elsewhere"}
    assert _findings(_reader_that(_raises(InputError("wrong")))) == {"a refusal that has no place"}
    assert _findings(_reader_that(_raises(InputError("wrong")), placed=False)) == set()
    assert _findings(_reader_that(_raises(InputError("", "file.txt")))) == {"a refusal that says nothing"}
    named = _reader_that(_raises(InputError("of Nobody", "file.txt")), hides=("Nobody",))
    assert _findings(named) == {"a refusal that names the patient"}
    monkeypatch.setattr(loop, "SECONDS", -1.0)
    assert _findings(_reader_that(_reads)) == {"too slow"}


def test_what_comes_to_something_new_is_changed_further() -> None:
    """A magic word of four letters is found letter by letter, as no single change would find it."""

    def read(case: Case, folder: Path) -> str:
        return str(next((at for at, pair in enumerate(zip(case[0], b"SEED", strict=False)) if pair[0] != pair[1]), 4))

    def change(rng: Random, case: Case, others: Any) -> Case:
        at = rng.randrange(4)
        return (case[0][:at] + bytes([rng.randrange(65, 91)]) + case[0][at + 1 :],)

    chosen = Reader(seeds=((b"AAAA",),), change=change, read=read, share=1.0)
    assert (b"SEED",) in loop.run(chosen, Random(1), lambda number: number < 5000).kept


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4).map(tuple))
def test_a_case_that_was_kept_reads_back(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    assert loop.unpacked(loop.packed(case)) == case
    folder = tmp_path_factory.mktemp("kept")
    assert loop.read_case(loop.write_case(folder, case)) == case
    assert loop.read_cases(folder) == [case]


def test_the_program_counts_by_reader_and_repeats_a_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In processes of their own, as it runs at night."""
    monkeypatch.setattr(run, "START", "spawn")  # the tests' own may have threads
    given_ = ["--executions", "60", "--reader", "metric", "--corpus", str(tmp_path), "--seed", "3"]
    assert run.main(given_) == 0
    said = capsys.readouterr().out
    assert "60 executions of 1 readers" in said
    assert "refused: MetricError" in said
    case = loop.write_case(tmp_path, (b"D5cc",))
    assert run.main(["--reader", "metric", "--repeat", str(case)]) == 0
    assert "refused: MetricError" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["dicom-plan", "dicom-segmentation"])
def test_generated_files_are_the_same_when_they_are_taken_apart_and_written(name: str) -> None:
    from hostile_dicom import tree_of, written

    for case in readers.reader(name).seeds:
        for content in case:
            assert tree_of(written(tree_of(content))) == tree_of(content)

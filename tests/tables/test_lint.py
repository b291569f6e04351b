"""Lint finds what a schema cannot: the mistakes of published templates, each in a small table of our own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from folders import TESTS
from sbrtcheck import cli
from sbrtcheck.errors import TableError
from sbrtcheck.tables import bundled_tables
from sbrtcheck.tables.lint import lint_files
from sbrtcheck.tables.slips import Level

CASES = TESTS / "tables" / "lint"
BROKEN = TESTS / "tables" / "broken"
ALONE = sorted(CASES.glob("*.yaml"))
TOGETHER = sorted(path for path in CASES.iterdir() if path.is_dir())

GOOD = """\
id: {id}
version: "1.0.0"
title: An example
site: multi
fractions: [{fractions}]
sources:
  - {{key: paper, citation: A paper, where: Table 1}}
rows:
  - id: row
    organ: {organ}
    structure: {organ}
    metric: {metric}
    {limit}
    source: {{cite: paper, where: Table 1}}
    confirmed_by: [a copy, the page]
"""


def expected(path: Path) -> list[str]:
    return [line[2:] for line in path.read_text("utf-8", "replace").splitlines() if line.startswith("# ")]


def found(*paths: Path) -> dict[Path, list[str]]:
    remarks = lint_files([str(path) for path in paths])
    folder = f"{paths[0].parent}/"
    return {p: [str(r).removeprefix(f"{p}:").replace(folder, "") for r in remarks if r.file == str(p)] for p in paths}


@pytest.mark.parametrize("path", ALONE, ids=lambda path: path.stem)
def test_each_mistake_is_found_with_its_line_and_mend(path: Path) -> None:
    assert found(path)[path] == expected(path) != []


@pytest.mark.parametrize("folder", TOGETHER, ids=lambda path: path.name)
def test_tables_of_one_publication_are_compared_over_their_fractions(folder: Path) -> None:
    files = sorted(folder.glob("*.yaml"))
    together = found(*files)
    assert together == {path: expected(path) for path in files}
    assert any(together.values())
    assert not any(found(path)[path] for path in files)  # alone there is nothing wrong with them


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_all_faults_that_the_loader_finds_are_errors_of_lint(path: Path) -> None:
    lines = [remark for remark in found(path)[path] if ": error: " in remark]
    assert {line.replace(": error: ", ": ", 1) for line in lines} >= set(expected(path))


def table(folder: Path, metric: str, limit: str, organ: str = "Heart", fractions: int = 5, id_: str = "own") -> Path:
    path = folder / f"{id_}.yaml"
    path.write_text(GOOD.format(id=id_, fractions=fractions, organ=organ, metric=metric, limit=limit), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("metric", "limit", "organ"),
    [
        ("D15cc[Gy]", "below: 31.4", "Heart"),
        ("DC700cc[Gy]", "below: 14.6", "Liver"),
        ("CV14.6Gy[cc]", "at_least: 700", "Liver"),
        ("V5Gy[%]", "below: 66.7", "Lungs"),
        ("V30Gy[cc]", "below: 30", "Chestwall"),
        ("V100%Rx[%]", "at_least: 95", "PTV"),
        ("D99%[%Rx]", "above: 90", "GTV"),
        ("Max[%Rx]", "at_most: 140", "PTV"),
        ("RxBED10[Gy]", "above: 209", "PTV"),
        ("R50%[ratio]", "below: 1.2", "PTV"),
        ("Volume[cc]", "at_least: 700", "Liver"),
    ],
)
def test_what_is_right_is_left_alone(tmp_path: Path, metric: str, limit: str, organ: str) -> None:
    assert not lint_files([table(tmp_path, metric, limit, organ)])


def test_a_bed_may_be_more_than_any_physical_dose(tmp_path: Path) -> None:
    bed = "below: 209\n    quantity: BED\n    alpha_beta: 3"
    assert not lint_files([table(tmp_path, "Max[Gy]", bed)])
    assert [remark.level for remark in lint_files([table(tmp_path, "Max[Gy]", "below: 209")])] == [Level.ERROR]


def test_one_eqd2_may_hold_for_several_fraction_numbers(tmp_path: Path) -> None:
    eqd2 = "below: 50\n    quantity: EQD2\n    alpha_beta: 2"
    path = table(tmp_path, "Max[Gy]", eqd2)
    path.write_text(path.read_text("utf-8").replace("[5]", "[3, 4, 5]"), encoding="utf-8")
    assert not lint_files([path])
    assert not lint_files([table(tmp_path, "Max[Gy]", eqd2, fractions=n, id_=f"own-{n}fx") for n in (3, 5)])


def test_limits_in_eqd2_and_in_physical_dose_are_not_compared(tmp_path: Path) -> None:
    path = table(tmp_path, "D0.035cc[Gy]", "below: 20")
    text = path.read_text("utf-8")
    other = text[text.index("  - id: row") :].replace("id: row", "id: other")
    eqd2 = other.replace("0.035cc", "3cc").replace("below: 20", "below: 40\n    quantity: EQD2\n    alpha_beta: 2")
    path.write_text(text + eqd2, encoding="utf-8")
    assert not lint_files([path])
    path.write_text(text + other.replace("0.035cc", "3cc").replace("below: 20", "below: 40"), encoding="utf-8")
    assert [remark.level for remark in lint_files([path])] == [Level.ERROR]


@pytest.mark.slow
@given(st.floats(1, 140), st.floats(1, 140), st.integers(1, 4), st.integers(1, 4))
def test_more_fractions_with_more_dose_and_only_they_are_left_alone(
    tmp_path_factory: pytest.TempPathFactory, one: float, other: float, few: int, more: int
) -> None:
    folder, organ = tmp_path_factory.mktemp("fractions"), "Ours"  # of which no rule knows how much it may get
    first = table(folder, "D3cc[Gy]", f"below: {one:.3f}", organ, few, f"own-{few}fx")
    then = table(folder, "D3cc[Gy]", f"below: {other:.3f}", organ, few + more, f"own-{few + more}fx")
    rises = round(other, 3) > round(one, 3)
    for files in ([first, then], [then, first]):
        remarks = lint_files(files)
        assert [remark.level for remark in remarks] == ([] if rises else [Level.WARNING])


@pytest.mark.slow
def test_bundled_tables_have_no_errors_and_each_warning_is_explained_in_a_note() -> None:
    remarks = lint_files([table.id for table in bundled_tables()])
    rows = {(table.id, row.line): row for table in bundled_tables() for row in table.rows}
    noted = {(Path(remark.file).stem, remark.line) for remark in remarks}
    explained = {place: rows[place].note for place in noted if place in rows}
    assert {remark.level for remark in remarks} == {Level.WARNING}
    assert noted - set(explained) == {("rtog-conformity", 1)}  # of the table, explained in the note of its row
    first_hand = {"fastrack2-3fx", "nccn-lung-5fx", "rtog-lung-3fx", "safron2-4fx"}
    assert {place[0] for place in explained} == first_hand | {"uk-2022-liver-3fx", "uk-2022-liver-5fx"}
    words = ("alike", "more", "too", "same number", "less than")
    assert all(any(word in note for word in words) for note in explained.values())


def test_a_file_is_read_once_however_often_it_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "D3cc[Gy]", "at_least: 20")
    assert len(lint_files([path, str(path)])) == 1


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        lint_files([tmp_path / "nothing.yaml"])


# -------------------------------------------------------------------------------- the command


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    table(tmp_path, "D3cc[Gy]", "below: 20", id_="good")
    table(tmp_path, "D3cc[Gy]", "at_least: 20", id_="wrong")
    table(tmp_path, "D0.01%[Gy]", "below: 20.25", id_="odd")
    return lambda *words: CliRunner().invoke(cli.main, ["lint", *words])


@pytest.mark.parametrize(
    ("words", "code", "last"),
    [
        (["good.yaml"], 0, "nothing found in 1 file"),
        (["good.yaml", "--strict"], 0, "nothing found in 1 file"),
        (["odd.yaml", "good.yaml"], 0, "1 warning in 2 files"),
        (["odd.yaml", "--strict"], 1, "1 warning in 1 file"),
        (["odd.yaml", "wrong.yaml"], 2, "1 error and 1 warning in 2 files"),
        (["wrong.yaml", "--strict"], 2, "1 error in 1 file"),
        (["tg101-3fx", "review-text"], 0, "nothing found in 2 files"),
    ],
)
def test_the_exit_code_is_the_worst_that_was_found(
    lint: Callable[..., Result], words: list[str], code: int, last: str
) -> None:
    done = lint(*words)
    assert (done.exit_code, done.stdout.splitlines()[-1], done.stderr) == (code, last, "")


def test_remarks_stand_file_by_file_on_standard_output(lint: Callable[..., Result]) -> None:
    lines = lint("wrong.yaml", "odd.yaml").stdout.splitlines()
    assert lines[0] == "wrong.yaml:9: error: 'D3cc[Gy]' at_least 20 asks for dose in Heart; write below or at_most"
    assert lines[1].startswith("odd.yaml:9: warning: 'D0.01%[Gy]'")


def test_an_unreadable_file_ends_with_its_reason_and_code_2(lint: Callable[..., Result]) -> None:
    done = lint("nowhere.yaml")
    assert done.exit_code == 2
    assert done.stderr.startswith("sbrtcheck: nowhere.yaml: no such file")

"""What the results of an archive tell: nothing that was not looked at as checked, and nobody's UIDs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import CliRunner, Result

import dicom_files as files
import sbrtcheck
from archive_plans import datasets, good, no_structures, other_fractions, write_archive
from dvh_builders import row, table
from folders import ROOT
from sbrtcheck import check_archive, cli
from sbrtcheck.archive import Contents, Entry, NotChecked, Options, Table, batch, find, path_of_table, run
from sbrtcheck.archive.database import open_database
from sbrtcheck.archive.engine import ThisProcess
from sbrtcheck.archive.plan_keys import FILE_NAME, PlanKeys, unlike_uids, without_uids, without_words
from sbrtcheck.archive.store import Store
from sbrtcheck.archive.summary_page import summary_page
from sbrtcheck.archive.summary_text import summary_text
from sbrtcheck.errors import InputError, NoPlanError, OutputError

TABLE = table(row("Mean[Gy]", "below", 30, "PTV"))
OPTIONS = Options(tables=(TABLE,))


def plans_in(out: Path) -> list[dict[str, str]]:
    with path_of_table(out, Table.PLANS).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def with_secret(tmp_path: Path) -> Callable[[int], Path]:
    def folder(number: int) -> Path:
        made = tmp_path / f"results-{number}"
        made.mkdir()
        (made / FILE_NAME).write_text(f"{number:064x}\n", encoding="utf-8")
        return made

    return folder


# -------------------------------------------------------------------------------- what could not be looked into


def test_what_was_not_looked_into_is_no_file_of_no_plan_and_has_a_number_of_its_own(tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", [good])
    (root / "packed").mkdir()
    (root / "packed" / "of ten plans.tar.gz").write_bytes(b"\x1f\x8b of ten plans")
    (root / "packed" / "damaged.zip").write_bytes(b"PK\x03\x04 of ten more")
    done = batch(root, tmp_path / "out.csv", OPTIONS, jobs=1)
    assert (done.plans, done.checked) == (1, 1)
    assert "; 2 more rows of what was not looked into" in str(done)
    lines = plans_in(tmp_path / "out.csv")
    unread = [line for line in lines if line["state"] == "not looked into"]
    assert [line["reason"] for line in unread] == ["cannot be looked into"] * 2
    assert len({line["plan_key"] for line in lines}) == len(lines) == 3
    found = sbrtcheck.summary(tmp_path / "out.csv")
    assert (found.plans, found.loose_files, found.unread, found.to_dict()["unread"]) == (1, 0, 2, 2)
    for text in (summary_text(found), summary_page(found)):
        assert "Not looked into: 2 rows of folders or files" in text
    assert 'class="unchecked none"' not in summary_page(found)


def test_studies_that_could_not_be_fetched_have_keys_of_their_own(tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", [good])
    problems = [f"study 1.2.840.{number} could not be fetched: no answer in time" for number in (1, 2)]
    more = [Entry(files=(), folder="", problem=problem, stand_ins={}) for problem in problems]
    batch(root, tmp_path / "out.csv", OPTIONS, jobs=1, more=more)
    found = sbrtcheck.summary(tmp_path / "out.csv")
    assert (found.plans, found.checked) == (3, 1)
    assert dict(found.not_checked) == {NotChecked.NO_PLAN: 2}


def test_a_plan_without_any_row_evaluated_says_so_wherever_it_is_told(tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", [other_fractions])
    options = Options(tables=(table(row("Mean[Gy]", "below", 30, "PTV"), fractions=(5,)),))
    (one,) = check_archive(root, options, jobs=1)
    batch(root, tmp_path / "out.csv", options, jobs=1)
    (plan,) = plans_in(tmp_path / "out.csv")
    assert one.reason == plan["reason"] == NotChecked.NOTHING_EVALUATED
    assert dict(sbrtcheck.summary(tmp_path / "out.csv").not_checked) == {NotChecked.NOTHING_EVALUATED: 1}


def test_every_reason_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    assert not [reason for reason in NotChecked if f"`{reason}`" not in page]


# -------------------------------------------------------------------------------- whose plan it is


def test_the_order_of_the_rows_does_not_tell_which_plan_is_which(
    tmp_path: Path, with_secret: Callable[[int], Path]
) -> None:
    root = write_archive(tmp_path / "archive", [no_structures] * 6)
    for number in (1, 2):
        out = with_secret(number) / "out.csv"
        batch(root, out, OPTIONS, jobs=1)
        keys = [plan["plan_key"] for plan in plans_in(out)]
        assert keys == sorted(keys)
    out = with_secret(3) / "out.csv"
    batch(root, out, Options(tables=(TABLE,), contents=Contents(with_identity=True)), jobs=1)
    uids = [plan["plan_uid"] for plan in plans_in(out)]
    assert uids == sorted(uids)


def test_the_end_of_a_uid_is_not_told_where_two_patients_have_the_same(tmp_path: Path) -> None:
    for at, name in enumerate(("one", "two"), start=1):
        made = datasets(123456789)
        made["dose"].DoseGridScaling = 0.001 * at
        del made["dose"].DoseSummationType
        for kind, dataset in made.items():
            files.write(tmp_path / name / f"{kind}.dcm", dataset)
    told = [str(result.rows) for result in check_archive(tmp_path, OPTIONS, jobs=1)]
    assert len(told) == 2
    assert all("the RTDOSE states no Dose Summation Type" in text for text in told)
    assert not any("456789.3" in text for text in told)


@pytest.mark.parametrize(
    "text", ["RS.{}.dcm", "UID{}", "{}_1", "x-{}-y", "({})", "study {}: no", "{}", "a/{}/b", "{},{}", "'{}'"]
)
def test_a_uid_is_found_whatever_stands_around_it(text: str) -> None:
    uid = "1.2.840.113619.2.5.17"
    assert without_uids(text.replace("{}", uid), ()) == text.replace("{}", "UID")


QUOTED: tuple[Callable[[dict[str, Any]], tuple[Any, str]], ...] = (
    lambda made: (made["structures"], "SOPInstanceUID"),
    lambda made: (made["plan"].ReferencedStructureSetSequence[0], "ReferencedSOPInstanceUID"),
    lambda made: (made["dose"].ReferencedRTPlanSequence[0], "ReferencedSOPInstanceUID"),
    lambda made: (made["dose"], "FrameOfReferenceUID"),
    lambda made: (made["structures"].StructureSetROISequence[0], "ReferencedFrameOfReferenceUID"),
)


@pytest.mark.parametrize("identity", [False, True])
@pytest.mark.parametrize("stands_there", ["MRN1234567", "19331207", "DOE_JOHN-7", "Doe^John"])
def test_what_a_tool_wrote_in_place_of_a_uid_is_in_no_table(tmp_path: Path, stands_there: str, identity: bool) -> None:
    with pydicom.config.disable_value_validation():
        for number, place in enumerate(QUOTED, start=1):
            made = datasets(number)
            setattr(*place(made), stands_there)
            for kind, dataset in made.items():
                files.write(tmp_path / str(number) / f"{kind}.dcm", dataset)
    contents = Contents(with_identity=identity, metrics=("Mean[Gy]",))
    found = [*check_archive(tmp_path, Options(tables=(TABLE,), contents=contents), jobs=1)]
    assert len(found) >= len(QUOTED)
    told = " ".join(str((result.rows, result.beside)) for result in found)
    quoted = stands_there if "^" not in stands_there else f"damaged-{sha256(stands_there.encode()).hexdigest()[:12]}"
    assert (quoted in told) == identity


def test_a_short_number_in_place_of_a_uid_changes_no_number_of_a_text() -> None:
    assert unlike_uids(("20", "1.2.840.5", "", "MRN-77", "123456", "MRN-77")) == ("MRN-77", "123456")
    text = "frame 123456, 1234567 and 0.123456; see 123456."
    assert without_words(text, ("123456",)) == "frame UID, 1234567 and 0.123456; see UID."


def test_rows_are_not_held_to_be_sorted() -> None:
    with open_database(None) as connection:
        store = Store(connection)
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        list(store.in_order())
        connection.set_trace_callback(None)
        (question,) = asked
        plan = connection.execute(f"EXPLAIN QUERY PLAN {question}").fetchall()
    assert not any("TEMP B-TREE" in step[-1] for step in plan)


def test_what_is_deleted_in_the_file_beside_the_results_is_not_left_in_it(tmp_path: Path) -> None:
    with open_database(tmp_path / "out.csv.sqlite") as connection:
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_plans_of_the_same_uids_in_several_folders_have_keys_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        good(folder, 1)
    options = Options(tables=(TABLE,), contents=Contents(plan_keys=PlanKeys(secret=bytes(32))))
    keys = [found.key for found in check_archive(folders, options, jobs=1, order="input")]
    assert len(set(keys)) == 2
    with pytest.raises(NoPlanError):
        check_archive([], options)


def test_plans_that_are_run_in_python_have_keys_of_their_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "junk.gz").write_bytes(b"\x1f\x8b")
        good(tmp_path / name, 1)
    (tmp_path / "two" / "plan.dcm").unlink()
    entries = find(tmp_path)
    keys = [checked.rows[0]["plan_key"] for checked in run(entries, OPTIONS, ThisProcess())]
    assert len(set(keys)) == len(entries)


def test_a_loop_has_the_rows_of_all_tables_asked_for(tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", [good])
    options = Options(tables=(TABLE,), contents=Contents(metrics=("Mean[Gy]",), curves=True))
    (one,) = check_archive(root, options, jobs=1)
    assert set(one.beside) == {Table.PLANS, Table.STRUCTURES, Table.CURVES}
    (plan,) = one.beside[Table.PLANS]
    assert plan["structures"] == len(one.beside[Table.STRUCTURES]) > 0


# -------------------------------------------------------------------------------- files of one's own


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Result]:
    root = write_archive(tmp_path / "archive", [good])

    def called(*more: Any) -> Result:
        return CliRunner().invoke(cli.main, ["batch", str(root), "--table", "rtog-0813", *map(str, more)])

    return called


@pytest.mark.parametrize("option", ["--per-plan", "--plan-keys"])
@pytest.mark.parametrize("name", ["mine.csv", "mine.plans.csv"])
def test_an_input_is_not_overwritten(command: Callable[..., Result], tmp_path: Path, option: str, name: str) -> None:
    content = {"--per-plan": "plan,sex\n2.25.1.1,female\n", "--plan-keys": f"{7:064x}\n"}[option]
    mine = tmp_path / name
    mine.write_text(content, encoding="utf-8")
    done = command(option, mine, "--out", tmp_path / "mine.csv")
    assert (done.exit_code, "would be overwritten, and is an input" in done.stderr) == (2, True)
    assert mine.read_text(encoding="utf-8") == content


def test_neither_a_dry_run_nor_a_slip_makes_a_secret(command: Callable[..., Result], tmp_path: Path) -> None:
    keys = tmp_path / "keys.txt"
    assert command("--dry-run", "--plan-keys", keys).exit_code == 0
    assert command("--plan-keys", keys).exit_code == 2
    assert not keys.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("plan;rx\n2.25.1.1;50Gy/5\n", "not separated by commas"),
        ("\ufeffplan\trx\n2.25.1.1\t50Gy/5\n", "not separated by commas"),
        (f'plan,rx\n2.25.1.1,"{"5" * 200_000}"\n', "it is no CSV from here on"),
    ],
)
def test_a_file_of_choices_in_another_layout_is_named(
    command: Callable[..., Result], tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "mine.csv").write_text(content, encoding="utf-8")
    done = command("--per-plan", tmp_path / "mine.csv", "--out", tmp_path / "o.csv")
    assert (done.exit_code, said in done.stderr) == (2, True)


def test_a_file_that_cannot_be_read_any_more_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sbrtcheck.archive import index

    for name in ("one", "two"):
        good(tmp_path / name, 1)

    def gone(_source: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(index, "opened", gone)
    with pytest.raises(InputError, match=r"cannot be read any more \(Permission denied\)"):
        find(tmp_path)


def test_out_of_keys_into_results_is_refused_in_python(tmp_path: Path) -> None:
    root = write_archive(tmp_path / "archive", [good])
    options = Options.read(tables="rtog-0813", plan_keys=tmp_path / "mine.csv")
    with pytest.raises(OutputError, match="is an input"):
        batch(root, tmp_path / "mine.csv", options, jobs=1)


@pytest.mark.parametrize("name", ["", ".", "/", "x/", ".csv"])
def test_a_summary_of_what_has_no_name_is_a_slip_and_no_fault_of_ours(name: str) -> None:
    done = CliRunner().invoke(cli.main, ["summary", name])
    assert (done.exit_code, "the format cannot be told" in done.stderr) == (2, True)


EMPTY = "is empty that never is"


@pytest.mark.parametrize(
    ("name", "column", "value", "said"),
    [
        ("out.csv", "row_id", "", EMPTY),
        ("out.csv", "metric", "", EMPTY),
        ("out.csv", "counts", "", EMPTY),
        ("out.plans.csv", "fails", "", EMPTY),
        ("out.plans.csv", "plan_verdict", "FAIL", "is passing, and its verdict FAIL"),
        ("out.plans.csv", "state", "not checked", "is not checked, and its verdict PASS"),
    ],
)
def test_a_cell_that_someone_changed_is_refused(tmp_path: Path, name: str, column: str, value: str, said: str) -> None:
    batch(write_archive(tmp_path / "archive", [good, good]), tmp_path / "out.csv", OPTIONS, jobs=1)
    with (tmp_path / name).open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    lines[1][column] = value
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, lines[0])
        writer.writeheader()
        writer.writerows(lines)
    with pytest.raises(InputError, match=said):
        sbrtcheck.summary(tmp_path / "out.csv")

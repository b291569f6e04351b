"""Many plans at once: none is lost, none holds up the others, nobody is named, the file is whole or not there."""

from __future__ import annotations

import copy
import csv
import os
import pickle
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import dicom_files as files
from archive_plans import (
    KINDS,
    Kind,
    bad_numbers,
    datasets,
    good,
    no_dose,
    no_structures,
    other_fractions,
    truncated_dose,
    truncated_structures,
    two_that_differ,
    uids,
    write_archive,
    write_plan,
)
from dvh_builders import row, table
from folders import ROOT
from sbrtcheck import api, archive, cli
from sbrtcheck.archive import (
    COLUMNS,
    Entry,
    NotChecked,
    Options,
    Row,
    State,
    Summary,
    batch,
    find,
    open_rows,
    run,
)
from sbrtcheck.archive.entries import without_file_names
from sbrtcheck.archive.listing import Entries
from sbrtcheck.archive.plan_keys import FILE_NAME
from sbrtcheck.dvh import Origin
from sbrtcheck.errors import InputError, NoPlanError, OutputError, TableError, UnknownTableError
from sbrtcheck.installation import install_command
from sbrtcheck.options import CheckOptions
from sbrtcheck.tables import load_sites
from shipped import ship

TABLE = table(row("Mean[Gy]", "below", 30, "PTV"), row("Mean[Gy]", "below", 5, "Cochlea_L", id="second"))
OPTIONS = Options(tables=(TABLE,), contents=archive.Contents(with_identity=True))
COLUMNS_HERE = OPTIONS.columns
IDENTITY = ("Nobody", "Really", "secret-id", "19500101")


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", KINDS)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def checked_here(root: Path, out: Path, options: Options = OPTIONS, **how: Any) -> tuple[Summary, list[dict[str, str]]]:
    summary = batch(root, out, options, jobs=1, **how)
    return summary, read_csv(out)


def of_plan(rows: Sequence[dict[str, str]], number: int) -> list[dict[str, str]]:
    mine = set(uids(number).values())
    return [one for one in rows if mine & {one["plan_uid"], one["dose_uids"], one["structure_set_uid"]}]


# -------------------------------------------------------------------------------- what is in the table


def test_a_row_says_what_was_asked_what_was_measured_and_where_it_comes_from(tmp_path: Path) -> None:
    good(tmp_path / "a", 7)
    _, (first, second) = checked_here(tmp_path, tmp_path / "out.csv")
    uid = uids(7)
    assert first | dict.fromkeys(("software", "low", "high", "plan_key"), "") == {
        **dict.fromkeys(COLUMNS_HERE, ""),
        "plan_uid": uid["plan"],
        "structure_set_uid": uid["set"],
        "dose_uids": uid["dose"],
        "patient_id": "secret-id",
        "prescription_gy": "20.0",
        "fractions": "5",
        "table_id": "test-table",
        "table_version": "1",
        "row_id": "row",
        "organ": "PTV",
        "contour": "PTV",
        "metric": "Mean[Gy]",
        "sense": "below",
        "limit": "30.0",
        "unit": "Gy",
        "value": "20.0",
        "margin": "10.0",
        "verdict": "PASS",
        "borderline": "false",
        "convention_sensitive": "false",
        "counts": "true",
        "confirmed": "true",
        "source": "Doe 2020",
        "where": "Table 1",
        "end_caps": "half-slice",
        "dvh_origin": "computed",
        "plan_verdict": "PASS",
        "plan_site": "lung",
        "applies": "true",
        "percent_of_limit": "66.6667",
        "near_limit": "false",
        "outside_percent": "0.0",
        "quantity": "physical",
    }
    assert 19.99 < float(first["low"]) <= 20.0 <= float(first["high"]) < 20.01
    assert first["software"].startswith("sbrtcheck ")
    assert (second["row_id"], second["verdict"], second["reason"]) == ("second", "NOT_EVALUATED", "structure missing")
    assert second["applies"] == "false"


def test_every_row_has_all_columns_in_their_order(everything: Path) -> None:
    for checked in run(find(everything), OPTIONS, ThreadPoolExecutor(1)):
        assert [list(one) for one in checked.rows] == [list(COLUMNS_HERE)] * len(checked.rows)


def test_every_plan_has_a_row_and_every_unchecked_one_its_reason(everything: Path, tmp_path: Path) -> None:
    summary, rows = checked_here(everything, tmp_path / "out.csv")
    for number, kind in enumerate(KINDS, start=1):
        mine = of_plan(rows, number)
        assert mine, kind.__name__
        if kind is not good:
            assert {one["verdict"] for one in mine} == {"NOT_EVALUATED"}, kind.__name__
            assert all(one["reason"] for one in mine), kind.__name__
    assert summary.checked == 1
    assert summary.plans - summary.states[State.NOT_CHECKED] == 1
    assert summary.rows == len(rows)


@pytest.mark.parametrize(
    ("kind", "reason", "detail"),
    [
        (no_structures, NotChecked.NO_PLAN, "RTSTRUCT"),
        (no_dose, NotChecked.NO_PLAN, "no RTDOSE belongs to it"),
        (truncated_dose, NotChecked.NO_PLAN, "truncated"),
        (truncated_structures, NotChecked.UNREADABLE, "the RTSTRUCT: the file is truncated"),
        (two_that_differ, NotChecked.NO_PLAN, "another file has the same SOP Instance UID and differs"),
        (bad_numbers, NotChecked.UNREADABLE, "the RTDOSE: "),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(tmp_path: Path, kind: Kind, reason: NotChecked, detail: str) -> None:
    kind(tmp_path / "a", 1)
    good(tmp_path / "b", 2)
    summary, rows = checked_here(tmp_path, tmp_path / "out.csv")
    mine = of_plan(rows, 1)
    assert {one["reason"] for one in mine} == {reason}
    assert any(detail in one["detail"] for one in mine)
    assert {one["counts"] for one in mine} == {"false"}
    assert summary.states[State.PASSING] == 1


def test_a_plan_with_a_fail_is_counted(tmp_path: Path) -> None:
    good(tmp_path, 1)
    options = Options(tables=(table(row("Mean[Gy]", "below", 5, "PTV")),))
    summary, _ = checked_here(tmp_path, tmp_path / "out.csv", options)
    assert (summary.states[State.FAILING], summary.checked) == (1, 1)
    assert str(summary) == "1 plan: 1 checked, 1 of them failing; 0 not checked; 1 row written"


def test_a_mandatory_row_without_a_value_leaves_a_plan_to_be_reviewed(tmp_path: Path) -> None:
    good(tmp_path, 1)
    both = table(row("Mean[Gy]", "below", 30, "PTV"), row("Mean[Gy]", "below", 5, "Heart", id="b", mandatory=True))
    summary, rows = checked_here(tmp_path, tmp_path / "o.csv", Options(tables=(both,)))
    assert summary.states[State.TO_REVIEW] == 1
    assert {one["plan_verdict"] for one in rows} == {"REVIEW"}
    assert {one["review_reasons"] for one in rows} == {"not evaluated: Heart: 1 row not evaluated: structure missing"}
    assert "1 checked, 0 of them failing and 1 to be reviewed" in str(summary)


def test_a_dose_and_a_structure_set_of_no_plan_are_rows_but_no_plans(tmp_path: Path) -> None:
    good(tmp_path / "a", 1)
    write_plan(tmp_path / "b", 2, "dose", "plan")
    summary, rows = checked_here(tmp_path, tmp_path / "out.csv")
    (loose,) = of_plan(rows, 2)
    assert (loose["reason"], loose["plan_verdict"]) == (NotChecked.NO_PLAN, "")
    assert summary.plans == 1
    assert "1 more file part of no plan" in str(summary)


# -------------------------------------------------------------------------------- which tables


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = [
        table(row("Mean[Gy]", "below", 30, "PTV"), id=f"{site}-{fractions}", site=site, fractions=(fractions,))
        for site in ("lung", "liver", "multi")
        for fractions in (3, 5)
    ]
    ship(shipped, monkeypatch)


@pytest.mark.usefixtures("sites")
def test_several_sites_bring_their_tables_and_those_for_all_sites(tmp_path: Path) -> None:
    good(tmp_path, 1)
    _, rows = checked_here(tmp_path, tmp_path / "out.csv", Options(choices=CheckOptions(site=("lung", "liver"))))
    assert {one["table_id"] for one in rows} == {"lung-5", "liver-5", "multi-5"}


@pytest.mark.usefixtures("sites")
def test_a_fraction_number_that_no_table_holds_for_is_a_row_with_the_reason(tmp_path: Path) -> None:
    other_fractions(tmp_path, 1)
    summary, (only,) = checked_here(tmp_path, tmp_path / "out.csv", Options(choices=CheckOptions(site=("lung",))))
    assert (only["reason"], only["fractions"], only["prescription_gy"]) == (NotChecked.NO_TABLE, "8", "20.0")
    assert only["detail"] == "no bundled table of site 'lung' holds for 8 fractions"
    assert summary.states[State.NOT_CHECKED] == 1


@pytest.mark.usefixtures("sites")
def test_a_named_table_is_taken_alone_and_the_site_says_what_is_expected(tmp_path: Path) -> None:
    other_fractions(tmp_path, 1)
    mine = table(row("Mean[Gy]", "below", 30, "PTV"), id="mine", fractions=(8,))
    summary, (judged,) = checked_here(
        # few Gy a fraction, which is not what this is about
        tmp_path,
        tmp_path / "out.csv",
        Options(tables=(mine,), choices=CheckOptions(site=("liver",), accept_dose=True)),
    )
    assert (judged["table_id"], judged["verdict"], judged["plan_verdict"]) == ("mine", "PASS", "PASS")
    assert judged["plan_site"] == "liver"
    assert summary.states[State.PASSING] == 1


def test_faults_in_what_is_asked_are_found_before_any_plan_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownTableError, match="no table to check against"):
        Options.read()
    with pytest.raises(UnknownTableError, match="no site has the id 'knee'"):
        Options.read(sites=["lung", "knee"])
    with pytest.raises(UnknownTableError, match="no table has the id"):
        Options.read(tables=["rtog-9999"])
    good_table = ROOT / "constraints" / "lung" / "rtog-0813.yaml"
    shutil.copy(good_table, tmp_path / "mine.yaml")
    with pytest.raises(TableError, match="2 tables have the id 'rtog-0813'"):
        Options.read(tables=["rtog-0813", str(tmp_path / "mine.yaml")])


def test_stored_dvhs_need_no_structure_set_of_their_own_plan(tmp_path: Path) -> None:
    made = datasets(1)
    made["dose"].DVHSequence = files.items(files.stored_dvh([(20.0, 5.0)]))
    for name in ("dose", "plan"):
        files.write(tmp_path / name, made[name])
    assert [bool(entry.problem) for entry in find(tmp_path)] == [True]
    assert [bool(entry.problem) for entry in find(tmp_path, Origin.STORED)] == [False]
    _, rows = checked_here(tmp_path, tmp_path / "out.csv", replace(OPTIONS, choices=CheckOptions(dvhs=Origin.STORED)))
    assert {(one["table_id"], one["dvh_origin"]) for one in rows} == {("test-table", "stored")}
    by_word: Any = "stored"
    assert checked_here(tmp_path, tmp_path / "out.csv", replace(OPTIONS, choices=CheckOptions(dvhs=by_word)))[1] == rows


def test_a_word_that_is_none_is_refused_before_any_plan_is_read() -> None:
    strange: Any = "sotred"
    refused = "DVHs cannot be 'sotred'; choose one of: computed, stored"
    with pytest.raises(InputError, match=refused):
        Options.read(tables=["rtog-0813"], dvhs=strange)
    with pytest.raises(InputError, match=refused):
        CheckOptions(dvhs=strange)
    with pytest.raises(InputError, match=refused), pytest.warns(DeprecationWarning, match="choices.dvhs"):
        Options(tables=(TABLE,), dvhs=strange)


def test_choices_as_fields_of_the_options_still_work_with_a_warning() -> None:
    given: dict[str, Any] = {"sites": ("lung",), "names": {"Heart": "Herz"}, "dvhs": "stored", "strict": True}
    given |= {"lists": load_sites(), "accept_dose": True, "include_unconfirmed": True}
    with pytest.warns(DeprecationWarning, match=r"Options\.\w+ is now Options\.choices\.\w+; the old"):
        old = Options(tables=(TABLE,), **given)
    as_choices = {{"sites": "site", "lists": "sites"}.get(name, name): value for name, value in given.items()}
    assert old == Options(tables=(TABLE,), choices=CheckOptions(**as_choices))
    for name, value in given.items():
        with pytest.warns(DeprecationWarning, match=f"Options.{name} is now"):
            assert getattr(old, name) == value
    changed: Any = {"strict": False}
    with pytest.warns(DeprecationWarning, match=r"Options.strict is now"):
        assert replace(old, **changed).choices == replace(old.choices, strict=False)


def test_options_are_the_same_after_the_way_to_another_process() -> None:
    read = Options.read(tables=["rtog-0813"], sites=["lung"], names={"Heart": "Herz"}, strict=True, with_paths=True)
    assert pickle.loads(pickle.dumps(read)) == read  # noqa: S301 - written here
    assert copy.deepcopy(read) == read


def test_what_the_options_do_not_have_is_said_as_of_any_other_value() -> None:
    options: Any = OPTIONS
    with pytest.raises(TypeError, match="no keyword 'site'"):
        Options(site=("lung",))
    with pytest.raises(AttributeError, match="no attribute 'site'"):
        _ = options.site


# -------------------------------------------------------------------------------- order, executors, crashes


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), st.integers(1, 5), st.integers(1, 3))
def test_the_rows_do_not_depend_on_the_executor_nor_on_what_is_handed_out_ahead(
    kinds: list[Kind], window: int, threads: int
) -> None:
    with TemporaryDirectory() as folder, ThreadPoolExecutor(threads) as pool:
        entries = find(write_archive(Path(folder), kinds))
        one_by_one = [archive.check_entry(entry, OPTIONS) for entry in entries]
        assert list(run(entries, OPTIONS, Backwards(), window=window)) == one_by_one
        assert list(run(entries, OPTIONS, pool, window=window)) == one_by_one
        assert [entry.plan_uid for entry in entries] == sorted(entry.plan_uid for entry in entries)


@pytest.mark.slow
def test_one_process_and_two_write_the_same_bytes(everything: Path, tmp_path: Path) -> None:
    one = batch(everything, tmp_path / "1.csv", OPTIONS, jobs=1)
    two = batch(everything, tmp_path / "2.csv", OPTIONS, jobs=2)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert one == two


def test_where_the_plans_lie_does_not_show(tmp_path: Path) -> None:
    for folder, numbers in (("here", (1, 2, 3)), ("there", (3, 1, 2))):
        for at, number in enumerate(numbers):
            good(tmp_path / folder / str(at) / "deeper", number)
        checked_here(tmp_path / folder, tmp_path / f"{folder}.csv")
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()


def test_any_executor_of_the_callers_is_used_and_left_open(everything: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        batch(everything, tmp_path / "threads.csv", OPTIONS, executor=pool)
        assert pool.submit(int, "3").result() == 3
    checked_here(everything, tmp_path / "here.csv")
    assert (tmp_path / "threads.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


class Backwards(Executor):
    """Does nothing until nothing more is handed out, then the newest first."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.most = 0
        self.timer: Timer | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        self.most = max(self.most, len(self.waiting))
        if self.timer is not None:
            self.timer.cancel()
        self.timer = Timer(0.002, self.work)
        self.timer.start()
        return future

    def work(self) -> None:
        while self.waiting:
            future, work = self.waiting.pop()
            if not future.cancelled():
                future.set_result(work())


@given(st.integers(0, 30), st.integers(1, 7))
def test_no_more_plans_are_handed_out_than_the_window_holds(number: int, window: int) -> None:
    executor = Backwards()
    entries = [Entry(files=(), folder="", problem="made up", stand_ins={}, plan_uid=str(n)) for n in range(number)]
    results = run(entries, OPTIONS, executor, window=window)
    assert [next(iter(one.rows))["plan_uid"] for one in results] == [entry.plan_uid for entry in entries]
    assert executor.most <= window


def test_an_unexpected_error_in_one_plan_leaves_the_others_and_quotes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = api.check_with

    def crash_on_one(given: list[Path], *args: Any, **kwargs: Any) -> Any:
        if "a" in given[0].parts:
            raise ZeroDivisionError("Nobody^Really, born 19500101")
        return check(given, *args, **kwargs)

    monkeypatch.setattr(api, "check_with", crash_on_one)
    good(tmp_path / "a", 1)
    good(tmp_path / "b", 2)
    summary, rows = checked_here(tmp_path, tmp_path / "out.csv")
    (crashed,) = of_plan(rows, 1)
    assert crashed["reason"] == NotChecked.CRASHED
    assert crashed["detail"].startswith("ZeroDivisionError at test_archive.py:")
    assert "Nobody" not in crashed["detail"]
    assert summary.states == {State.NOT_CHECKED: 1, State.PASSING: 1}


class Fragile(Executor):
    """Breaks for good when it meets one of some plans, as a pool of processes does."""

    def __init__(self, deadly_uids: frozenset[str]) -> None:
        self.deadly_uids = deadly_uids
        self.broken = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.broken:
            raise BrokenExecutor("broken before")
        future: Future[Any] = Future()
        if args[0].entry.plan_uid in self.deadly_uids:
            self.broken = True
            future.set_exception(BrokenExecutor("broken now"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_broken_executor_that_cannot_be_replaced_leaves_reasons() -> None:
    entries = [Entry(files=(), folder="", problem="made up", stand_ins={}, plan_uid=uid) for uid in "abcd"]
    results = run(entries, OPTIONS, Fragile(frozenset("b")), window=2)
    reasons = [one.rows[0]["reason"] for one in results]
    assert reasons == [NotChecked.NO_PLAN, *[NotChecked.WORKER_DIED] * 3]


# -------------------------------------------------------------------------------- nobody is named


@pytest.mark.parametrize("dvhs", list(Origin))
def test_nothing_in_the_table_names_a_patient(everything: Path, tmp_path: Path, dvhs: Origin) -> None:
    for number, kind in enumerate(KINDS, start=len(KINDS) + 1):  # all side by side, file names that name the patient
        kind(everything / "one", number)
        for file in list((everything / "one").iterdir()):
            (everything / "all").mkdir(exist_ok=True)
            file.rename(everything / "all" / f"Nobody Really {number}, {file.name}")
    batch(everything, tmp_path / "out.csv", Options(tables=(TABLE,), choices=CheckOptions(dvhs=dvhs)), jobs=1)
    for file in (tmp_path / "out.csv", tmp_path / "out.plans.csv"):
        written = file.read_text(encoding="utf-8")
        assert not [word for word in IDENTITY if word in written]
        assert str(tmp_path) not in written
        assert "2.25." not in written


def test_a_file_that_findings_speak_of_is_called_by_its_kind(tmp_path: Path) -> None:
    made = datasets(1)
    made["dose"].DoseSummationType = ""
    for name, dataset in made.items():
        files.write(tmp_path / "Really" / f"Nobody {name}.dcm", dataset)
    _, rows = checked_here(tmp_path, tmp_path / "out.csv")
    said = "the RTDOSE states no Dose Summation Type; it was used as the plan's whole dose"
    assert rows[0]["findings"] == f"other: {said}"


@pytest.mark.parametrize(("written_to", "of"), [("RTDOSE", "dose"), ("RTPLAN", "dose"), ("a.dcm", "dose")])
def test_a_kind_in_a_finding_stays_that_kind_whatever_files_are_called(
    tmp_path: Path, written_to: str, of: str
) -> None:
    """In an index files have no other name than their kind; and people call files so too."""
    made = datasets(1)
    del made["dose"].FrameOfReferenceUID
    for name, dataset in made.items():
        files.write(tmp_path / (written_to if name == of else f"{name}.dcm"), dataset)
    _, rows = checked_here(tmp_path, tmp_path / "out.csv")
    assert "the the" not in rows[0]["findings"]
    assert "the RTDOSE names no frame of reference" in rows[0]["findings"]


NAMES = st.text("ABCXYZ^_. 09", min_size=3, max_size=12).map(str.strip).filter(lambda name: len(name) > 2)


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(st.sampled_from(["the", "dose", "of", "50.0", "is in"])))
def test_no_file_name_is_left_in_a_text(names: list[str], words: list[str]) -> None:
    text = " ".join([*words, names[0], *words, f"'{names[-1]}';", *words])
    left = without_file_names(text, dict.fromkeys(names, "a file"))
    assert not [name for name in names if re.search(rf"(?:^|[ '(]){re.escape(name)}(?:$|[ ';,:)])", left)]


def test_a_number_in_a_sentence_is_not_taken_for_a_file_of_that_name() -> None:
    text = "gap of 12 mm between 120 and 132 mm"
    assert without_file_names(text, {"12": "a file", "2": "a file"}) == text


def test_folders_are_named_only_when_asked_for(everything: Path, tmp_path: Path) -> None:
    _, rows = checked_here(everything, tmp_path / "out.csv", replace(OPTIONS, with_paths=True))
    assert list(rows[0]) == [*COLUMNS_HERE, "path"]
    assert {one["path"] for one in of_plan(rows, 1)} == {"Really^Nobody 1"}


def test_a_plan_at_the_top_has_the_path_of_a_dot(tmp_path: Path) -> None:
    good(tmp_path, 1)
    assert [entry.folder for entry in find(tmp_path)] == ["."]


# -------------------------------------------------------------------------------- the file


@pytest.mark.slow
def test_parquet_and_csv_say_the_same(everything: Path, tmp_path: Path) -> None:
    batch(everything, tmp_path / "out.parquet", OPTIONS, jobs=1)
    _, in_csv = checked_here(everything, tmp_path / "out.csv")
    stored = pq.read_table(tmp_path / "out.parquet")
    assert dict(zip(stored.schema.names, map(str, stored.schema.types), strict=True)) == {
        name: {str: "string", float: "double", int: "int64", bool: "bool"}[kind] for name, kind in COLUMNS_HERE.items()
    }
    assert [{name: as_text(value) for name, value in one.items()} for one in stored.to_pylist()] == in_csv


def as_text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_a_name_in_a_csv_file_is_no_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    with open_rows(tmp_path / "out.csv", {"contour": str, "margin": float}) as write:
        write([{"contour": "=1+1|x", "margin": -2.0}, {"contour": "Heart", "margin": 1.0}])
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "contour,margin\n'=1+1|x,-2.0\nHeart,1.0\n"


def test_many_rows_arrive_in_order(tmp_path: Path) -> None:
    number, out = 45_000, tmp_path / "out.parquet"
    with open_rows(out, {"n": int}) as write:
        for start in range(0, number, 1000):
            write([{"n": n} for n in range(start, start + 1000)])
    stored = pq.ParquetFile(out)
    assert stored.read()["n"].to_pylist() == list(range(number))
    assert stored.num_row_groups == 3


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("before", [None, b"of yesterday"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_interrupted_work_leaves_no_file_and_an_old_one_as_it_was(
    tmp_path: Path, name: str, before: bytes | None, stop: type[BaseException]
) -> None:
    root, out = write_archive(tmp_path / "archive", [good, good]), tmp_path / "results" / name
    out.parent.mkdir()
    if before is not None:
        out.write_bytes(before)

    def stop_at_once(_done: int, _total: int) -> None:
        raise stop

    with pytest.raises(stop):
        batch(root, out, OPTIONS, jobs=1, progress=stop_at_once)
    (out.parent / f"{name}.sqlite").unlink()  # has the plan that is finished
    left = [path for path in out.parent.iterdir() if path.name != FILE_NAME]  # the secret of the keys lasts
    assert [path.read_bytes() for path in left] == ([] if before is None else [before])


def test_a_full_disk_is_an_output_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"), open_rows(tmp_path / "out.csv", COLUMNS) as write:
        write([])
    assert list(tmp_path.iterdir()) == []


def test_a_table_written_through_a_link_leaves_the_link(tmp_path: Path) -> None:
    good(tmp_path / "a", 1)
    (tmp_path / "shared").mkdir()
    link, goal = tmp_path / "out.csv", tmp_path / "shared" / "table.csv"
    try:
        link.symlink_to(goal)
    except OSError:
        pytest.skip("this system lets not everybody make links")
    checked_here(tmp_path / "a", link)
    assert link.is_symlink()
    assert read_csv(goal)


def test_a_table_never_takes_the_place_of_a_dicom_file(tmp_path: Path) -> None:
    out = tmp_path / "dose.csv"
    out.write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(OutputError, match="is a DICOM file already"), open_rows(out, COLUMNS):
        pytest.fail("work began")
    assert out.read_bytes() == b"\0" * 128 + b"DICM"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        with open_rows(pipe, {"n": int}) as write:
            write([{"n": 7}])
        assert read.result(timeout=30) == b"n\n7\n"
    assert pipe.is_fifo()


def test_progress_counts_up_to_all(everything: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    counted, count = [], Entries.__len__
    monkeypatch.setattr(Entries, "__len__", lambda entries: counted.append(1) or count(entries))
    checked_here(everything, tmp_path / "out.csv", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, len(seen)) for done in range(1, len(seen) + 1)]
    assert len(counted) < len(seen)  # each is a query of all entries: not one after every plan


def test_without_pyarrow_parquet_says_what_to_install_and_csv_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(tmp_path / "a", 1)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(OutputError, match=re.escape(f"{install_command('batch')}, or write a .csv file")):
        batch(tmp_path / "a", tmp_path / "out.parquet", OPTIONS)
    assert checked_here(tmp_path / "a", tmp_path / "out.csv")[0].checked == 1


# -------------------------------------------------------------------------------- the command line


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    write_archive(tmp_path / "archive", [good, no_structures])
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(cli.main, ["batch", *args, "--jobs", "1"])


def test_the_command_writes_the_table_and_a_summary(command: Callable[..., Result]) -> None:
    done = command("archive", "--site", "lung", "--site", "liver", "--out", "out.csv")
    assert (done.exit_code, done.stdout) == (0, "")
    said = r"sbrtcheck: 2 plans: 1 checked, \d of them failing.*; 1 not checked; \d+ rows written\n"
    assert re.fullmatch(said, done.stderr)
    assert [one["reason"] for one in read_csv(Path("out.csv"))].count(NotChecked.NO_PLAN) == 1


def test_quiet_says_nothing(command: Callable[..., Result]) -> None:
    done = command("archive", "--table", "tg101-5fx", "--out", "out.parquet", "--quiet", "--strict", "--with-paths")
    assert (done.exit_code, done.output) == (0, "")
    assert pq.read_schema("out.parquet").names == [*COLUMNS, "path"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("missing", "--site", "lung", "--out", "out.csv"), "missing: no such folder"),
        (("archive/notes.txt", "--site", "lung", "--out", "out.csv"), "not a folder"),
        (("empty", "--site", "lung", "--out", "out.csv"), "there is no plan"),
        (("archive", "--out", "out.csv"), "no table to check against"),
        (("archive", "--site", "knee", "--out", "out.csv"), "no site has the id 'knee'"),
        (("archive", "--site", "lung", "--out", "out.xlsx"), "end the name in .csv or .parquet"),
        (("archive", "--site", "lung", "--out", "nowhere/out.csv"), "cannot be written"),
        (("archive", "--site", "lung", "--out", "empty.csv"), "cannot be written"),
        (("archive", "--site", "lung"), "Missing option '--out'"),
        (("archive", "--site", "lung", "--names", "no.yaml", "--out", "out.csv"), "no.yaml"),
    ],
)
def test_what_cannot_work_is_exit_code_2_and_one_line(
    command: Callable[..., Result], args: tuple[str, ...], says: str
) -> None:
    Path("empty.csv").mkdir()
    done = command(*args)
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert not list(Path().glob("*.tmp")) + list(Path().glob("out.*"))


def test_the_errors_are_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        find(tmp_path / "missing")
    with pytest.raises(NoPlanError):
        batch(tmp_path, tmp_path / "out.csv", OPTIONS)


def test_a_row_is_made_of_plain_values(everything: Path) -> None:
    rows: list[Row] = [one for entry in find(everything) for one in archive.check_entry(entry, OPTIONS).rows]
    plain = {str, float, int, bool, type(None)}
    assert {type(value) for one in rows for value in one.values()} <= plain
    assert all(value is None or type(value) is COLUMNS_HERE[name] for one in rows for name, value in one.items())

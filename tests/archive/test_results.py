"""The tables of a run: what stands in each, that they are of one run, and that a summary counts everything."""

from __future__ import annotations

import csv
import math
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import make_archive
import sbrtcheck
from dvh_builders import ramp_dvh
from html_reports import HOSTILE, Page
from sbrtcheck import cli
from sbrtcheck.archive import COLUMNS, Options, ResultsSummary, State, Table, batch, find, open_results, path_of_table
from sbrtcheck.archive.columns import TABLES, columns_of
from sbrtcheck.archive.few_points import WITHIN_DOSE, WITHIN_PERCENT, few_points
from sbrtcheck.archive.page import share_text
from sbrtcheck.archive.plan_keys import FILE_NAME, PlanKeys, keys_of_file, without_uids
from sbrtcheck.archive.summary_page import summary_page
from sbrtcheck.archive.summary_text import summary_text
from sbrtcheck.dvh import DVH
from sbrtcheck.errors import InputError, MetricError, OutputError
from sbrtcheck.results import Verdict

METRICS = ("D95%[Gy]", "V20Gy[%]", "D30cc[Gy]")
WHOLE = [0, 3, 5]  # one that passes, one that fails, one without a cord
DAMAGED = [4 + 20 * at for at in range(len(make_archive.DAMAGES))]
DE_IDENTIFIED = [9, 19, 29, 39, 49, 59, 109]  # each way once, and the same UIDs a second time


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every way of a phantom archive to damage and to de-identify plans."""
    folder = tmp_path_factory.mktemp("archive")
    make_archive.write_archive(folder, [*WHOLE, *DAMAGED, *DE_IDENTIFIED])
    return folder


@pytest.fixture(scope="module")
def results(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outcomes and plans of that archive."""
    out = tmp_path_factory.mktemp("results") / "results.parquet"
    batch(archive, out, read(archive, with_paths=True, with_identity=True), jobs=1)
    return out


@pytest.fixture(scope="module")
def with_structures(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All tables of two plans, of which one was not checked."""
    root = tmp_path_factory.mktemp("two")
    for number in (0, 4):
        shutil.copytree(archive / "000" / f"plan-{number:05}", root / "in" / f"{number}")
    options = read(archive, metrics=METRICS, curves=True, with_paths=True, with_identity=True)
    batch(root / "in", root / "two.parquet", options, jobs=1)
    return root / "two.parquet"


@pytest.fixture(scope="module")
def in_csv(archive: Path, results: Path) -> Path:
    """Outcomes and plans of the same archive as CSV files."""
    out = results.with_name("in_csv.csv")
    batch(archive, out, read(archive), jobs=1)
    return out


def read(archive: Path, **choices: Any) -> Options:
    return Options.read(tables=archive / "table.yaml", **choices)


def rows_of(results: Path, table: Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path_of_table(results, table)).to_pylist()
    return found


# -------------------------------------------------------------------------------- every plan comes to what it must


def test_every_plan_of_the_archive_comes_to_what_the_manifest_says(archive: Path, results: Path) -> None:
    with (archive / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        expected = {line["folder"]: line["expected"] for line in csv.DictReader(stream)}
    found: dict[str, set[str]] = {folder: set() for folder in expected}
    for plan in rows_of(results, Table.PLANS):
        if plan["state"] != State.NO_PLAN:
            found[plan["path"]].add(plan["state"])
    assert found == {folder: {state} for folder, state in expected.items()}


def test_the_archive_has_every_kind_and_is_the_same_each_time(archive: Path, tmp_path: Path) -> None:
    with (archive / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        what = {line["what"] for line in csv.DictReader(stream)}
    assert what == {"", *make_archive.DAMAGES, *make_archive.DE_IDENTIFICATIONS}
    (line,) = make_archive.write_archive(tmp_path, [24])
    for file in (tmp_path / line.folder).iterdir():
        assert file.read_bytes() == (archive / line.folder / file.name).read_bytes()


def test_of_twenty_plans_one_is_damaged_and_two_are_de_identified() -> None:
    kinds = Counter(make_archive._kind(number)[0] for number in range(500))
    assert kinds == {"whole": 425, "damaged": 25, "de-identified": 50}


# -------------------------------------------------------------------------------- what is in the tables


def test_each_table_has_its_columns_in_their_order(with_structures: Path) -> None:
    for table in Table:
        names = pq.read_schema(path_of_table(with_structures, table)).names
        assert names == list(columns_of(table, METRICS, identity=True, path=True))
    assert len({*COLUMNS}) == len(TABLES[Table.OUTCOMES])


def test_a_plan_says_how_many_rows_it_has_in_the_others(results: Path, with_structures: Path) -> None:
    outcomes = Counter(row["plan_key"] for row in rows_of(results, Table.OUTCOMES))
    verdicts = Counter((row["plan_key"], row["verdict"]) for row in rows_of(results, Table.OUTCOMES))
    plans = rows_of(results, Table.PLANS)
    assert {plan["plan_key"]: plan["outcomes"] for plan in plans} == outcomes
    for plan in plans:
        numbers = [verdicts[plan["plan_key"], word] for word in ("PASS", "VARIATION", "FAIL", "NOT_EVALUATED")]
        assert [plan[name] for name in ("passes", "variations", "fails", "not_evaluated")] == numbers
        assert plan["curves"] is plan["structures"] is None
    for table in (Table.STRUCTURES, Table.CURVES):
        numbers_of = Counter(row["plan_key"] for row in rows_of(with_structures, table))
        for plan in rows_of(with_structures, Table.PLANS):
            assert plan[table] == numbers_of[plan["plan_key"]]
            assert (plan[table] == 0) == (plan["state"] == State.NOT_CHECKED)


def test_a_structure_has_what_its_dvh_says_and_a_reason_where_nothing_was_measured(
    with_structures: Path,
) -> None:
    of_plan = rows_of(with_structures, Table.STRUCTURES)
    loaded = sbrtcheck.load_plan(with_structures.parent / "in" / "0")
    assert {one["structure"] for one in of_plan} >= {structure.name for structure in loaded.structures}
    records = {one["structure"]: one for one in sbrtcheck.dvhs(loaded).to_records(METRICS)}
    for one in of_plan:
        record = records[one["structure"]]
        assert one["volume_cc"] == pytest.approx(record["volume_cc"], rel=1e-5)
        for metric in METRICS:
            assert (one[metric] is None) == (record[metric] is None)
            assert one[f"{metric} reason"] == record[f"{metric} reason"]
            assert (one[metric] is None) == (one[f"{metric} reason"] is not None)
            if one[metric] is not None:
                assert one[f"{metric} low"] <= one[metric] <= one[f"{metric} high"]
                assert record[f"{metric} low"] - 1e-3 <= one[metric] <= record[f"{metric} high"] + 1e-3
    assert {one["organs"] for one in of_plan} >= {"PTV", "SpinalCord", "Heart"}


def test_a_metric_that_is_none_is_refused_before_any_plan_is_read(archive: Path) -> None:
    with pytest.raises(MetricError):
        read(archive, metrics="D95%[Gy], Lots")
    assert read(archive, metrics="D95%[Gy], V20Gy[%];Mean[Gy]").contents.metrics == ("D95%[Gy]", "V20Gy[%]", "Mean[Gy]")
    wrong: Any = "yes"
    with pytest.raises(InputError, match="curves"):
        read(archive, curves=wrong)


# -------------------------------------------------------------------------------- curves


@st.composite
def cumulative(draw: st.DrawFn) -> DVH:
    """A DVH of many points, with steep parts, level parts and steps."""
    number = draw(st.integers(2, 400))
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    power = draw(st.sampled_from([1, 4, 12]))
    dose = np.sort(chance.random(number) ** power) * draw(st.floats(0.01, 90.0))
    volume = np.sort(chance.random(number) ** power)[::-1]
    if draw(st.booleans()):
        dose[number // 2] = dose[number // 2 - 1]
    whole = draw(st.floats(0.01, 3000.0))
    volume = volume / volume[0] * whole if volume[0] > 0 else np.full(number, whole)
    curve = sbrtcheck.dvh.Curve(dose_gy=dose, volume=volume)
    shift = 0.01 * float(dose[-1])
    lower = replace(curve, dose_gy=np.maximum(dose - shift, 0.0))
    return replace(ramp_dvh(), volume=whole, curve=curve, lower=lower, upper=replace(curve, dose_gy=dose + shift))


def step_volume(dvh: DVH, dose_gy: float) -> float:
    """Percent of the volume that receives at least a dose, by looking for the points on either side of it."""
    points = list(zip(dvh.curve.dose_gy.tolist(), dvh.curve.volume.tolist(), strict=True))
    if dose_gy <= points[0][0]:
        return 100.0 * points[0][1] / dvh.volume
    for (d0, v0), (d1, v1) in pairwise(points):
        if d0 < dose_gy <= d1:
            return 100.0 * (v0 + (dose_gy - d0) / (d1 - d0) * (v1 - v0)) / dvh.volume
    return 0.0


@given(cumulative(), st.floats(0.0, 1.1))
def test_what_is_read_back_of_a_curve_is_as_close_as_it_is_said_to_be(dvh: DVH, share: float) -> None:
    points = few_points(dvh)
    top = float(dvh.curve.dose_gy[-1])
    dose, off = share * top, WITHIN_DOSE * top
    read_back = np.interp(dose, points.dose_gy, points.volume_percent, right=0.0)
    assert step_volume(dvh, dose + off) - WITHIN_PERCENT <= read_back <= step_volume(dvh, dose - off) + WITHIN_PERCENT


@given(cumulative())
def test_the_points_of_a_curve_fall_within_bounds_that_hold(dvh: DVH) -> None:
    points = few_points(dvh)
    assert list(points.dose_gy) == sorted(points.dose_gy)
    assert list(points.volume_percent) == sorted(points.volume_percent, reverse=True)
    assert points.volume_percent[-1] == 0.0 or points.dose_gy[-1] == pytest.approx(float(dvh.curve.dose_gy[-1]))
    at = np.array(points.dose_gy)
    assert np.all(np.array(points.low_percent) <= dvh.lower.volume_at(at) / dvh.volume * 100.0)
    assert np.all(np.array(points.high_percent) >= dvh.upper.volume_at(at) / dvh.volume * 100.0)


def test_a_curve_of_a_plan_needs_few_points_and_is_written_as_they_are(archive: Path, with_structures: Path) -> None:
    folder = with_structures.parent / "in" / "0"
    dvhs = sbrtcheck.dvhs(folder)
    curves = [one for one in rows_of(with_structures, Table.CURVES) if one["dose_gy"] is not None]
    assert {one["structure"] for one in curves} >= {one.name for one in sbrtcheck.load_plan(folder).structures}
    for one in curves:
        expected = few_points(dvhs[one["structure"]])
        assert tuple(one["dose_gy"]) == expected.dose_gy
        assert tuple(one["high_percent"]) == expected.high_percent
        assert len(expected.dose_gy) < 300
    with pytest.raises(OutputError, match=r"a \.csv file cannot hold curves"):
        batch(folder, with_structures.with_suffix(".csv"), read(archive, curves=True), jobs=1)


# -------------------------------------------------------------------------------- pseudonyms


def test_a_plan_has_the_same_key_in_the_next_run_and_another_with_another_secret(archive: Path, tmp_path: Path) -> None:
    entries = find(archive)[:3]
    first, again = (PlanKeys(secret=b"a" * 32), PlanKeys(secret=b"a" * 32))
    other = PlanKeys(secret=b"b" * 32)

    def keys(made: PlanKeys) -> list[str]:
        options = read(archive)
        return [replace(options.contents, plan_keys=made).plan_key(entry) for entry in entries]

    assert keys(first) == keys(again)
    assert not set(keys(first)) & set(keys(other))
    made, found = (keys_of_file(tmp_path / "keys.txt") for _ in range(2))
    assert made == found
    assert repr(made.secret) not in repr(made)


@given(st.lists(st.lists(st.text(max_size=5), max_size=3), min_size=2, max_size=6, unique_by=tuple))
def test_no_two_lists_of_uids_have_one_key(several: list[list[str]]) -> None:
    keys = PlanKeys(secret=b"s" * 32)
    assert len({keys.key(*parts) for parts in several}) == len(several)


def test_plans_of_the_same_uids_have_keys_of_their_own(results: Path) -> None:
    plans = rows_of(results, Table.PLANS)
    assert len({plan["plan_key"] for plan in plans}) == len(plans)
    shared = [plan["plan_key"] for plan in plans if "plan-00109" in plan["path"] or "plan-00049" in plan["path"]]
    assert len(set(shared)) == 2


def test_without_identity_no_uid_is_in_any_table_and_with_it_plan_and_patient_are(
    archive: Path, in_csv: Path, results: Path
) -> None:
    uids = {
        uid for entry in find(archive) for uid in (entry.plan_uid, entry.structure_set_uid, *entry.dose_uids) if uid
    }
    files = [path_of_table(in_csv, table) for table in (Table.OUTCOMES, Table.PLANS)]
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    assert not [uid for uid in uids if uid in written]
    assert "sbrtcheck-phantom" not in written
    plans = rows_of(results, Table.PLANS)
    assert {plan["plan_uid"] for plan in plans} - {None} <= uids
    assert any((plan["patient_id"] or "").startswith("sbrtcheck-phantom-") for plan in plans)


def test_keys_are_the_same_in_two_tables_of_one_folder_and_not_in_another(
    archive: Path, in_csv: Path, results: Path
) -> None:
    keys = {plan["plan_key"] for plan in rows_of(results, Table.PLANS)}
    with path_of_table(in_csv, Table.PLANS).open(encoding="utf-8", newline="") as stream:
        assert {line["plan_key"] for line in csv.DictReader(stream)} == keys
    assert (results.parent / FILE_NAME).is_file()


@given(st.integers(1, 10**38), st.text("abc ,()'", max_size=4), st.text("abc ,()'", max_size=4))
def test_a_uid_in_a_text_is_not_left_there(number: int, before: str, after: str) -> None:
    uid = f"1.2.840.{number}"
    assert uid not in without_uids(f"{before} {uid}{after}", ())
    assert without_uids(f"{before} 50.0 Gy, TG-101 1.3.0{after}", ()) == f"{before} 50.0 Gy, TG-101 1.3.0{after}"


@pytest.mark.parametrize("content", ["", "# nothing\n", "abc\n", "a" * 64 + "\n" + "b" * 64 + "\n", "\udcff"])
def test_another_file_than_one_of_keys_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.txt").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match=r"no file of plan keys|cannot be read"):
        keys_of_file(tmp_path / "keys.txt")
    with pytest.raises(OutputError, match="--plan-keys"):
        keys_of_file(tmp_path / "nowhere" / "keys.txt")


# -------------------------------------------------------------------------------- files of one run


def copied(results: Path, folder: Path) -> Path:
    for table in (Table.OUTCOMES, Table.PLANS):
        path_of_table(folder / results.name, table).write_bytes(path_of_table(results, table).read_bytes())
    return folder / results.name


def test_all_files_of_a_run_say_so_and_a_mix_is_refused(
    archive: Path, results: Path, with_structures: Path, tmp_path: Path
) -> None:
    said = [pq.read_metadata(path_of_table(with_structures, table)).metadata for table in Table]
    assert len({one[b"sbrtcheck.run"] for one in said}) == 1
    assert [one[b"sbrtcheck.table"].decode() for one in said] == list(Table)
    mixed = copied(results, tmp_path)
    entry = find(archive)[0]
    with open_results(tmp_path / "other.parquet", read(archive)) as write:
        write(sbrtcheck.archive.check_entry(entry, read(archive)))
    path_of_table(mixed, Table.PLANS).write_bytes((tmp_path / "other.plans.parquet").read_bytes())
    with pytest.raises(InputError, match="are of different runs"):
        sbrtcheck.summary(mixed)
    path_of_table(mixed, Table.PLANS).unlink()
    with pytest.raises(InputError, match=r"results\.plans\.parquet, is not beside it"):
        sbrtcheck.summary(mixed)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["lost", "twice", "verdict", "other plan"]))
def test_outcomes_that_are_not_those_of_the_plans_are_refused(
    in_csv: Path, tmp_path: Path, chance: Random, what: str
) -> None:
    """CSV files say of no run: what the plans say of their outcomes tells."""
    mixed = copied(in_csv, tmp_path)
    head, *lines = mixed.read_text(encoding="utf-8").splitlines(keepends=True)
    at = chance.randrange(len(lines))
    if what == "lost":
        del lines[at]
    elif what == "twice":
        lines.insert(at, lines[at])
    elif what == "verdict":
        failing = f",FAIL,{',' * 2}"  # a row's verdict, with neither reason nor detail behind it
        at = next(n for n, line in enumerate(lines) if failing in line)
        lines[at] = lines[at].replace(failing, failing.replace("FAIL", "PASS"), 1)
    else:
        lines[at] = "0" * 16 + lines[at][16:]
    mixed.write_text("".join([head, *lines]), encoding="utf-8")
    with pytest.raises(InputError, match="not of one run"):
        sbrtcheck.summary(mixed)


def test_a_table_of_an_earlier_run_does_not_stay_and_a_file_of_ones_own_does(archive: Path, tmp_path: Path) -> None:
    root = archive / "000" / "plan-00000"
    out = tmp_path / "r.parquet"
    batch(root, out, read(archive, metrics="Mean[Gy]", curves=True), jobs=1)
    assert {path.name for path in tmp_path.iterdir()} >= {"r.structures.parquet", "r.curves.parquet"}
    (tmp_path / "r.curves.parquet").write_bytes(b"mine")
    batch(root, out, read(archive), jobs=1)
    kept = {FILE_NAME, "r.parquet.sqlite"}
    assert {path.name for path in tmp_path.iterdir()} == {"r.parquet", "r.plans.parquet", "r.curves.parquet", *kept}
    with pytest.raises(OutputError, match="would be overwritten by the curves"):
        batch(root, out, read(archive, curves=True), jobs=1)
    assert (tmp_path / "r.curves.parquet").read_bytes() == b"mine"


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="Windows has no such files")
def test_into_a_pipe_go_outcomes_alone(archive: Path, tmp_path: Path) -> None:
    import os

    pipe, root = tmp_path / "pipe.csv", archive / "000" / "plan-00000"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="holds outcomes alone"):
        batch(root, pipe, read(archive, metrics="Mean[Gy]"), jobs=1)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(pipe.read_text)
        batch(root, pipe, read(archive), jobs=1)
        assert len(reading.result(timeout=30).splitlines()) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"pipe.csv", FILE_NAME}


# -------------------------------------------------------------------------------- the summary


def counted_anew(results: Path) -> dict[str, Any]:
    """What a summary must say, by a plain count of all rows."""
    plans = [one for one in rows_of(results, Table.PLANS) if one["state"] != State.NO_PLAN]
    outcomes = [one for one in rows_of(results, Table.OUTCOMES) if one["table_id"]]
    of_rows: dict[str, list[dict[str, Any]]] = {}
    for one in outcomes:
        of_rows.setdefault(one["row_id"], []).append(one)
    return {
        "plans": len(plans),
        "verdicts": Counter(one["plan_verdict"] for one in plans),
        "not_checked": sum(one["state"] == State.NOT_CHECKED for one in plans),
        "rows": {
            row: (
                Counter(one["verdict"] for one in found),
                len({plan["plan_key"] for plan in plans} - {one["plan_key"] for one in found}),
                [one["margin"] for one in found if one["margin"] is not None and one["verdict"] != "NOT_EVALUATED"],
            )
            for row, found in of_rows.items()
        },
    }


def test_a_summary_counts_every_plan_and_every_outcome(results: Path) -> None:
    found, anew = sbrtcheck.summary(results), counted_anew(results)
    assert found.plans == anew["plans"] == sum(found.verdicts.values()) == sum(found.states.values())
    assert found.verdicts == anew["verdicts"]
    assert sum(found.not_checked.values()) == anew["not_checked"] == found.plans - found.checked
    for row in found.rows:
        verdicts, not_asked, margins = anew["rows"].pop(row.row_id)
        assert row.verdicts == verdicts
        assert row.not_asked == not_asked
        assert row.of_all == sum(verdicts.values()) + not_asked
        assert row.margins is not None
        assert row.margins.number == sum(row.margins.numbers) == len(margins)
        assert row.margins.median == pytest.approx(statistics.median(margins))
        quartiles = statistics.quantiles(margins, n=4, method="inclusive")
        assert (row.margins.lower_quartile, row.margins.upper_quartile) == pytest.approx((quartiles[0], quartiles[2]))
    assert anew["rows"] == {}


def test_csv_and_parquet_give_the_same_summary(results: Path, in_csv: Path) -> None:
    assert sbrtcheck.summary(results) == sbrtcheck.summary(in_csv)


@st.composite
def outcomes_of_plans(draw: st.DrawFn) -> list[list[tuple[str, str, float | None]]]:
    """A plan's outcomes as row, verdict, margin; a plan may have several of one row, or none."""
    one = st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["PASS", "VARIATION", "FAIL", "NOT_EVALUATED", "RISK"]),
        st.none() | st.floats(-1e3, 1e3) | st.just(0.0) | st.just(0.1),
    )
    return draw(st.lists(st.lists(one, max_size=4), min_size=1, max_size=6))


def written(plans: Sequence[Sequence[tuple[str, str, float | None]]], out: Path) -> Path:
    """Tables with these outcomes; a plan without any was not checked."""
    rows, of_plans = [], []
    for number, outcomes in enumerate(plans):
        key = {"plan_key": f"{number:016}"}
        table = {"table_id": "t", "table_version": "1", "organ": "O", "metric": "Mean[Gy]", "sense": "below"}
        rows += [
            {**key, **table, "row_id": row, "verdict": verdict, "margin": margin, "counts": row != "c", "applies": True}
            for row, verdict, margin in outcomes
        ]
        if not outcomes:
            rows.append({**key, "verdict": "NOT_EVALUATED", "reason": "check crashed", "counts": False})
        verdicts = Counter(row["verdict"] for row in rows if row["plan_key"] == key["plan_key"])
        names = ("passes", "variations", "fails", "not_evaluated")
        words = ("PASS", "VARIATION", "FAIL", "NOT_EVALUATED")
        of_plans.append(
            {
                **key,
                "state": "failing" if outcomes else "not checked",
                "plan_verdict": "FAIL" if outcomes else "REVIEW",
                "reason": None if outcomes else "check crashed",
                "software": "sbrtcheck 0",
                "outcomes": sum(verdicts.values()),
                **{name: verdicts[word] for name, word in zip(names, words, strict=True)},
                "other": verdicts["RISK"],
            }
        )
    for table_, found in ((Table.OUTCOMES, rows), (Table.PLANS, of_plans)):
        types = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
        schema = pa.schema([(name, types[kind]) for name, kind in columns_of(table_).items()])
        whole = [dict.fromkeys(columns_of(table_)) | one for one in found]
        pq.write_table(pa.Table.from_pylist(whole, schema=schema), path_of_table(out, table_))
    return out


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(outcomes_of_plans())
@example([[("a", "PASS", 5e-324), ("a", "PASS", 0.0)], [("b", "FAIL", 5e-324), ("b", "FAIL", -5e-324)]])
@example([[("a", "PASS", 5e-324)], [("b", "PASS", 1e15), ("b", "PASS", 1e15 + 0.125)]])
def test_shares_are_of_all_plans_whatever_was_not_checked(
    tmp_path: Path, plans: list[list[tuple[str, str, float | None]]]
) -> None:
    found = sbrtcheck.summary(written(plans, tmp_path / "r.parquet"))
    assert found.plans == len(plans)
    assert sum(found.not_checked.values()) == sum(not outcomes for outcomes in plans)
    assert len(found.rows) == len({row for outcomes in plans for row, _, _ in outcomes})
    for row in found.rows:
        mine = [one for outcomes in plans for one in outcomes if one[0] == row.row_id]
        without = sum(all(one[0] != row.row_id for one in outcomes) for outcomes in plans)
        assert row.of_all == len(mine) + without >= len(plans)
        assert row.verdicts.get(Verdict.PASS, 0) == sum(verdict == "PASS" for _, verdict, _ in mine)
        margins = [margin for _, verdict, margin in mine if margin is not None and verdict != "NOT_EVALUATED"]
        assert (row.margins is None) == (not margins)
        if row.margins is not None:
            edges, numbers = row.margins.edges, row.margins.numbers
            assert sum(numbers) == len(margins)
            assert list(edges) == sorted(set(edges))
            assert edges[0] <= min(margins) <= max(margins) <= edges[-1]
            if min(margins) < 0.0 < max(margins):
                assert 0.0 in edges
                beyond = sum(n for n, right in zip(numbers, edges[1:], strict=True) if right <= 0.0)
                assert beyond == sum(margin < 0.0 for margin in margins)
    texts = summary_text(found), summary_page(found)
    assert all(f"Not checked: {len(plans) - found.checked} of" in text for text in texts)
    assert [row.counts for row in found.rows] == sorted((row.counts for row in found.rows), reverse=True)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_none_or_all_only_where_it_is(number: int, of_all: int) -> None:
    number = min(number, of_all)
    text = share_text(number, of_all)
    assert (text == "0.0 %") == (number == 0)
    assert (text == "100.0 %") == (number == of_all)
    assert math.isclose(float(text.strip("<> %")), 100 * number / of_all, abs_tol=0.1)


def test_the_page_has_every_row_and_no_script_and_hostile_names_are_text(results: Path) -> None:
    found = sbrtcheck.summary(results)
    nasty = replace(
        found,
        rows=tuple(replace(row, organ=HOSTILE, row_id=HOSTILE, reasons={HOSTILE: 1}) for row in found.rows),
        not_checked={HOSTILE: 1},
    )
    for summary in (found, nasty):
        page = Page(summary_page(summary))
        assert not list(page.all("script"))
        assert not [one for one in page.all("*") if "style" in one.attributes]
        assert len(list(page.all("section"))) == sum(row.evaluated > 0 for row in summary.rows)
        assert all(one.attributes.get("aria-label") or one.attributes.get("aria-hidden") for one in page.all("svg"))


def test_the_command_writes_text_html_and_json(results: Path, tmp_path: Path) -> None:
    found: ResultsSummary = sbrtcheck.summary(results)

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli.main, ["summary", str(results), *words])

    assert run().stdout == summary_text(found)
    assert run("--format", "html", "--out", str(tmp_path / "s.html")).exit_code == 0
    assert (tmp_path / "s.html").read_text(encoding="utf-8") == summary_page(found)
    assert '"schema": "sbrtcheck-summary/1"' in run("--format", "json").stdout
    over = run("--out", str(path_of_table(results, Table.PLANS)))
    assert (over.exit_code, "is an input" in over.stderr) == (2, True)
    missing = CliRunner().invoke(cli.main, ["summary", str(tmp_path / "no.csv")])
    assert (missing.exit_code, "no.plans.csv: cannot be read" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("margin", "wide", "margin cannot be 'wide'"),
        ("counts", "maybe", "counts cannot be 'maybe'"),
        ("limit", "nan", "limit"),
    ],
)
def test_a_value_that_is_none_is_refused_with_its_line(
    in_csv: Path, tmp_path: Path, column: str, value: str, said: str
) -> None:
    bad = copied(in_csv, tmp_path)
    with bad.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    lines[1][column] = value
    with bad.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    with pytest.raises(InputError, match=said) as caught:
        sbrtcheck.summary(bad)
    assert f"{bad}:3: " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", b"", "format cannot be told"),
        ("x.plans.csv", b"a,b\n1,2\n", "is no table of"),
        ("x.plans.parquet", b"no", "no Parquet"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        sbrtcheck.summary(tmp_path / name.replace(".plans", ""))


@pytest.mark.slow  # 100,000 rows: what is held must not grow with them
def test_a_summary_of_many_rows_holds_few_of_them(tmp_path: Path) -> None:
    import tracemalloc

    plans = [[("a", "PASS", 1.0), ("b", "FAIL", -1.0)] * 5] * 200
    out = written(plans, tmp_path / "r.parquet")
    whole = pq.read_table(out)
    pq.write_table(pa.concat_tables([whole] * 50), out, row_group_size=20_000)
    of_plans = pq.read_table(path_of_table(out, Table.PLANS))
    for name in ("outcomes", "passes", "variations", "fails", "not_evaluated", "other"):
        more = pa.array([50 * value for value in of_plans[name].to_pylist()])
        of_plans = of_plans.set_column(of_plans.schema.names.index(name), name, more)
    pq.write_table(of_plans, path_of_table(out, Table.PLANS))
    tracemalloc.start()
    found = sbrtcheck.summary(out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.rows[0].of_all == 50_000
    assert peak < 20e6
    assert sys.getsizeof(found) < 1000

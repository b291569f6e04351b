"""The shipped tables: every number traced, and consistent with every other."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

from sbrtcheck.metric import DoseAtVolume, Unit
from sbrtcheck.table import Constraint, ConstraintTable, Kind, Sense, Status, bundled_tables, json_schema
from sbrtcheck.tg263 import known_names

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / "constraints"
CLINICAL = Path(os.environ.get("SBRTCHECK_CLINICAL", ROOT / "../shared/clinical")) / "constraints.csv"

TABLES = {table.id: table for table in bundled_tables()}
ROWS = [pytest.param(table, row, id=f"{table.id}:{row.id}") for table in TABLES.values() for row in table.rows]
FILES = sorted(CONSTRAINTS.glob("*/*.yaml"))

OWN_NAMES = {"SpinalCord_Sub"}  # TG-263 has no name for a part of the cord


def hot(row: Constraint) -> bool:
    return isinstance(row.metric, DoseAtVolume) and not row.metric.cold and row.sense in (Sense.BELOW, Sense.AT_MOST)


def test_every_file_is_a_bundled_table_named_by_its_id_in_the_folder_of_its_site() -> None:
    assert {f.stem: f.parent.name for f in FILES} == {t.id: t.site for t in TABLES.values()}


def test_the_published_schema_is_the_one_the_loader_uses() -> None:
    assert json.loads((CONSTRAINTS / "schema.json").read_text(encoding="utf-8")) == json_schema(), (
        "constraints/README.md says how to write it anew"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_table_reads_well(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")
    assert max(map(len, text.splitlines())) <= 120
    assert "\t" not in text
    assert "\r" not in text


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_row_stands_by_what_it_says_of_itself(table: ConstraintTable, row: Constraint) -> None:
    assert set(row.structures) <= known_names() | OWN_NAMES
    assert row.kind is Kind.LIMIT
    assert row.confirmed_by, "name the one reading at least"
    if row.mandatory or row.acceptable is not None:
        assert row.confirmed
    if not row.confirmed:
        assert "ingle reading" in row.note or row.status is Status.DISPUTED
    if row.confirmed:
        assert row.status is Status.OK


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_smaller_volume_is_allowed_more_dose(table: ConstraintTable) -> None:
    kinds: dict[tuple[object, ...], list[tuple[float, float]]] = defaultdict(list)
    for row in table.rows:
        if isinstance(row.metric, DoseAtVolume) and row.sense in (Sense.BELOW, Sense.AT_MOST):
            key = (row.organ, row.metric.volume_unit, row.metric.unit, row.metric.cold)
            kinds[key].append((row.metric.volume, row.limit))
    for limits in kinds.values():
        for (small, more), (large, less) in itertools.pairwise(sorted(limits)):
            assert small < large
            assert more > less


def test_more_fractions_are_allowed_more_dose() -> None:
    for few, many in (("tg101-1fx", "tg101-3fx"), ("tg101-3fx", "tg101-5fx")):
        later = {row.id: row for row in TABLES[many].rows}
        for row in TABLES[few].rows:
            if row.id in later:
                assert row.limit < later[row.id].limit, row.id
                assert (row.structures, row.metric, row.sense) == (
                    later[row.id].structures,
                    later[row.id].metric,
                    later[row.id].sense,
                )


def test_tg101_asks_the_same_rows_for_each_number_of_fractions() -> None:
    one, three, five = ({r.id for r in TABLES[f"tg101-{n}fx"].rows} for n in (1, 3, 5))
    assert one == five
    assert three - one == {"rib-chest-wall-d30cc"}  # printed for three fractions only


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_point_dose_has_no_volume_threshold_and_a_printed_volume_has_one(
    table: ConstraintTable, row: Constraint
) -> None:
    if not hot(row) or not isinstance(row.metric, DoseAtVolume):
        assert not row.volume_threshold
        return
    point = row.metric.volume == 0.035
    assert row.volume_threshold == (not point and row.metric.volume_unit is Unit.CC)


def test_critical_volumes_are_of_whole_paired_organs() -> None:
    cold = [r for t in TABLES.values() for r in t.rows if isinstance(r.metric, DoseAtVolume) and r.metric.cold]
    assert cold
    for row in cold:
        assert row.sense is Sense.BELOW
        assert not any(name.endswith(("_L", "_R")) for name in row.structures)


def test_the_three_fraction_parallel_rows_of_tg101_are_disputed_and_no_others() -> None:
    disputed = {(t.id, r.id) for t in TABLES.values() for r in t.rows if r.status is Status.DISPUTED}
    cold = {r.id for r in TABLES["tg101-3fx"].rows if isinstance(r.metric, DoseAtVolume) and r.metric.cold}
    assert disputed == {("tg101-3fx", row) for row in cold}


def test_no_row_of_tg101_is_mandatory() -> None:
    assert not any(r.mandatory for t in TABLES.values() if t.id.startswith("tg101") for r in t.rows)


def test_the_cord_subvolume_is_never_the_whole_cord() -> None:
    for table in TABLES.values():
        for row in table.rows:
            assert ("subvolume" in row.organ) == (row.structures == ("SpinalCord_Sub",))


def test_the_readme_lists_every_table_with_its_counts() -> None:
    text = (CONSTRAINTS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (\d+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    actual = [
        (t.id, t.site, str(t.fractions[0]), str(len(t.rows)), str(sum(r.confirmed for r in t.rows)))
        for t in TABLES.values()
    ]
    assert sorted(listed) == sorted(actual)


def test_the_readmes_example_row_is_a_shipped_row() -> None:
    text = (CONSTRAINTS / "README.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n")[1].split("```")[0]
    lines = [re.sub(r"\s+# .*", "", line) for line in block.splitlines()]
    shipped = (CONSTRAINTS / "lung" / "rtog-0813.yaml").read_text(encoding="utf-8")
    assert "\n".join(lines[:9]) in shipped


# Table -> the table of the clinical evidence file that it was written from.
WRITTEN_FROM = {
    "rtog-0813": "RTOG0813_5FX",
    "rtog-lung-3fx": "NCCN_SABR_3FX",
    "liver-critical-volume-3fx": "SCHEFTER2005_3FX",
    "tg101-1fx": "TG101_1FX",
    "tg101-3fx": "TG101_3FX",
    "tg101-5fx": "TG101_5FX",
}
WORDS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}
Traced = tuple[str, str, str, float, str, bool]


def traced(table: ConstraintTable) -> list[Traced]:
    """Organ, metric, sense, limit, unit and confirmed of each limit; an acceptable variation is a limit of its own."""
    return sorted(
        (row.organ, str(row.metric), str(row.sense), limit, str(row.metric.unit), row.confirmed)
        for row in table.rows
        for limit in (row.limit, row.acceptable)
        if limit is not None
    )


def evidence(table_id: str) -> list[Traced]:
    """Read the rows of the evidence file; left out are plan-quality metrics and a second print of one row."""
    with CLINICAL.open(encoding="utf-8", newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if r["table_id"] == table_id]
    return sorted(
        (
            r["organ_printed"],
            r["metric"],
            WORDS[r["comparator"]],
            float(r["limit"]),
            r["unit"],
            r["confirmed"] == "yes",
        )
        for r in rows
        if not r["metric"].startswith(("RxIsodose", "V105%Rx_outsidePTV")) and "variant" not in r["source_locator"]
    )


if CLINICAL.is_file():

    @pytest.mark.parametrize("table_id", WRITTEN_FROM)
    def test_every_limit_is_a_line_of_the_evidence_and_no_line_is_left_out(table_id: str) -> None:
        assert traced(TABLES[table_id]) == evidence(WRITTEN_FROM[table_id])

    def test_every_table_was_written_from_the_evidence() -> None:
        assert set(WRITTEN_FROM) == set(TABLES)

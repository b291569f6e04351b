"""Tables that a script gives as text, as a dictionary or as rows: the same checks and the same table as of a file."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import sbrtcheck
from dvh_builders import dvh_set, uniform_dvh
from folders import ROOT
from sbrtcheck import ConstraintTable, Verdict
from sbrtcheck.errors import TableError
from sbrtcheck.tables import Sense

FILES = [*sorted((ROOT / "constraints").glob("*/*-5fx.yaml")), ROOT / "examples" / "my-clinic.yaml"]


def content(file: Path) -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def without_place(table: ConstraintTable) -> ConstraintTable:
    """All but where it is from, and what only the evidence beside a file says."""
    rows = tuple(replace(row, line=0, readings=(), confirmed_by=()) for row in table.rows)
    statements = tuple(replace(item, readings=()) for item in table.for_clinician)
    return replace(table, rows=rows, for_clinician=statements, path="", sha256="")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_text_bytes_and_dictionary_of_a_file_are_the_table_of_the_file(file: Path) -> None:
    of_file = sbrtcheck.load_table(file)
    text = file.read_text(encoding="utf-8")
    for given_table in (text, text.encode(), content(file)):
        loaded = sbrtcheck.load_table(given_table)
        assert without_place(loaded) == without_place(of_file)
        assert len(loaded.sha256) == 64
    assert sbrtcheck.load_table(of_file) is of_file


def test_a_dictionary_has_rows_in_place_of_lines_and_a_fingerprint_of_its_values() -> None:
    values = content(ROOT / "examples" / "my-clinic.yaml")
    first, again, other = map(sbrtcheck.load_table, (values, dict(values), values | {"title": "Another"}))
    assert first.sha256 == again.sha256 == hashlib.sha256(json.dumps(values).encode()).hexdigest()
    assert other.sha256 != first.sha256
    assert first.path == "the given table"
    assert [one.line for one in first.rows] == [*range(1, len(values["rows"]) + 1)]


def test_a_fault_of_no_row_is_one_of_the_whole_dictionary() -> None:
    with pytest.raises(TableError) as error:
        sbrtcheck.load_table({})
    assert {fault.place for fault in error.value.faults} == {"the given table"}


def test_a_given_table_has_no_readings_but_those_it_states() -> None:
    """The bundled rows are confirmed by the evidence beside them; a copy in a script is not beside it."""
    file = ROOT / "constraints" / "multi" / "tg101-5fx.yaml"
    assert any(row.confirmed for row in sbrtcheck.load_table(file).rows)
    assert not any(row.confirmed for row in sbrtcheck.load_table(content(file)).rows)


def test_all_faults_of_a_dictionary_come_at_once_with_the_number_of_the_row() -> None:
    rows = [
        {"id": "a", "organ": "Heart", "structure": "Heart", "metric": "D5", "below": 1, "source": {"cite": "k"}},
        {"id": "b", "organ": "Heart", "structure": "Heart", "metric": "Max[Gy]", "source": {"cite": "x", "where": "p"}},
    ]
    head = {"id": "t", "version": "1.0.0", "title": "T", "site": "lung", "fractions": [5]}
    sources = [{"key": "k", "citation": "K", "where": "p"}]
    with pytest.raises(TableError) as caught:
        sbrtcheck.load_table({**head, "sources": sources, "rows": rows})
    places = {fault.place for fault in caught.value.faults}
    assert places == {"the given table, row 1", "the given table, row 2"}
    assert len(caught.value.faults) >= 4  # metric without unit, where missing; no limit, unknown source
    with pytest.raises(TableError, match="the given text:1"):
        sbrtcheck.load_table("id: t\nversion: x\n")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
keys = ["id", "version", "title", "site", "fractions", "sources", "rows", "structure", "metric", "below", "source"]


@given(st.dictionaries(st.sampled_from(keys), anything, max_size=8), anything)
def test_no_dictionary_and_no_rows_end_in_anything_but_a_table_or_its_faults(values: dict[str, Any], rows: Any) -> None:
    for call in (
        lambda: sbrtcheck.load_table(values),
        lambda: sbrtcheck.load_table({**values, "rows": [values]}),
        lambda: ConstraintTable.from_rows(rows, fractions=5),
        lambda: ConstraintTable.from_rows([values, rows], fractions=rows),
    ):
        with suppress(TableError):
            assert isinstance(call(), ConstraintTable)


# -------------------------------------------------------------------------------- rows

SIGNS = {"<": Sense.BELOW, "<=": Sense.AT_MOST, ">": Sense.ABOVE, ">=": Sense.AT_LEAST}


@given(st.sampled_from(sorted(SIGNS)), st.floats(0.1, 99.0), st.integers(1, 30))
def test_a_row_of_four_parts_is_the_row_of_a_dictionary(sign: str, limit: float, fractions: int) -> None:
    for sense in (sign, str(SIGNS[sign])):
        of_parts = ConstraintTable.from_rows([("Heart", "Max[Gy]", sense, limit)], fractions=fractions)
        of_keys = ConstraintTable.from_rows(
            [{"structure": "Heart", "metric": "Max[Gy]", sense: limit}], fractions=fractions
        )
        assert of_parts == of_keys
        (row,) = of_parts.rows
        assert (row.sense, row.limit, row.structures) == (SIGNS[sign], limit, ("Heart",))
        assert of_parts.fractions == (fractions,)


def test_a_limit_of_the_user_is_one_reading_and_counts_only_where_unconfirmed_rows_do() -> None:
    rows = [("SpinalCord", "Max[Gy]", "<", 30), {"structure": "Heart", "metric": "Max[Gy]", "at_most": 10}]
    table = ConstraintTable.from_rows(rows, fractions=5)
    assert [row.confirmed_by for row in table.rows] == [("given by the user",)] * 2
    assert {row.source.citation for row in table.rows} == {"given by the user"}
    dvhs = dvh_set(uniform_dvh("SpinalCord", dose_gy=20.0), uniform_dvh("Heart", dose_gy=5.0))
    passing = sbrtcheck.evaluate(table, dvhs, accept_dose=True)
    assert [outcome.verdict for outcome in passing.outcomes] == [Verdict.PASS] * 2
    assert passing.verdict is Verdict.REVIEW  # nothing that counts was evaluated
    assert sbrtcheck.evaluate(table, dvhs, accept_dose=True, include_unconfirmed=True).verdict is Verdict.PASS
    hot = dvh_set(uniform_dvh("SpinalCord", dose_gy=40.0), uniform_dvh("Heart", dose_gy=5.0))
    assert sbrtcheck.evaluate(table, hot, accept_dose=True).verdict is Verdict.REVIEW
    assert sbrtcheck.evaluate(table, hot, accept_dose=True, include_unconfirmed=True).verdict is Verdict.FAIL


def test_a_row_may_cite_and_be_confirmed() -> None:
    row = {"structure": "Heart", "metric": "Max[Gy]", "<": 10, "source": "Doe 2020, page 3", "confirmed_by": ["A", "B"]}
    table = ConstraintTable.from_rows([row, row | {"id": "two"}], fractions="any", id="mine", title="Mine", site="lung")
    assert table.rows[0].confirmed
    assert [source.citation for source in table.sources] == ["Doe 2020, page 3"]
    assert (table.id, table.title, table.site, table.fractions) == ("mine", "Mine", "lung", ())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "rows"),
        (5, "no list"),
        ("Heart", "no list"),
        ([5], "row 1: int is no row"),
        ([("Heart", "Max[Gy]", "<")], "row 1: 3 parts"),
        ([("Heart", "Max[Gy]", "=", 5)], "the sense cannot be '='"),
        ([("Heart", "Max[Gy]", "<", "5 Gy")], "row 1"),
        ([("Heart", "Max", "<", 5)], "output unit missing"),
        ([{"structure": "Heart", "metric": "Max[Gy]", "<": 5, "below": 7}], "more than one limit"),
        ([{"structure": "Heart", "metric": "Max[Gy]", "below": 5, "limt": 7}], "limt"),
    ],
)
def test_rows_with_faults_are_refused(rows: Any, said: str) -> None:
    with pytest.raises(TableError) as caught:
        ConstraintTable.from_rows(rows, fractions=5)
    assert said in str(caught.value)

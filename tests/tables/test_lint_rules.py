"""Each rule of lint against rows that it must catch, and as many that look alike and are right (``slips/``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from folders import ROOT, TESTS
from sbrtcheck.metric import DoseAtVolume, Unit
from sbrtcheck.tables import bundled_tables, load_sites
from sbrtcheck.tables.alpha_betas import read_alpha_betas
from sbrtcheck.tables.lint import Level, Remark, lint_bytes
from sbrtcheck.tables.lint_table import row_slips
from sbrtcheck.tables.yardsticks import Yardsticks, load_yardsticks, yardsticks_text

RULES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((TESTS / "tables" / "slips").iterdir())}
WRONG = [(rule, n) for rule, cases in RULES.items() for n in range(len(cases["wrong"]))]
RIGHT = [(rule, n) for rule, cases in RULES.items() for n in range(len(cases["right"]))]


def remarks_on(case: Mapping[str, Any]) -> tuple[Remark, ...]:
    """What lint says of a table with this one row."""
    row = {key: value for key, value in case.items() if key not in ("fractions", "level", "where")}
    structure = row["structure"]
    table = {
        "id": "example",
        "version": "1.0.0",
        "title": "An example",
        "site": "multi",
        "fractions": [case["fractions"]],
        "sources": [{"key": "paper", "citation": "A paper", "where": "Table 1"}],
        "rows": [
            {
                "id": "row",
                "organ": structure if isinstance(structure, str) else "Organ",
                "source": {"cite": "paper", "where": case.get("where", "Table 1")},
                "confirmed_by": ["a copy", "the page"],
                **row,
            }
        ],
    }
    return lint_bytes(yaml.safe_dump(table).encode(), place="own.yaml")


@pytest.mark.parametrize(("rule", "n"), WRONG)
def test_a_wrong_row_is_caught_at_its_level(rule: str, n: int) -> None:
    case = RULES[rule]["wrong"][n]
    remarks = remarks_on(case)
    assert any(re.search(RULES[rule]["says"], remark.what) for remark in remarks), remarks
    assert min(remark.level for remark in remarks) == Level(case["level"])  # "error" comes before "warning"


@pytest.mark.parametrize(("rule", "n"), RIGHT)
def test_a_row_that_looks_alike_and_is_right_is_left_alone(rule: str, n: int) -> None:
    assert remarks_on(RULES[rule]["right"][n]) == ()


def test_each_rule_has_as_many_near_misses_as_wrong_rows() -> None:
    assert all(len(cases["right"]) >= len(cases["wrong"]) for cases in RULES.values())


# -------------------------------------------------------------------------------- laws


BEDS = [
    case
    for case in RULES["dose-that-is-a-bed"]["wrong"]
    if case["level"] == "error" and not case["metric"].startswith("V")
]


@given(case=st.sampled_from(BEDS), factor=st.floats(1.0, 5.0))
def test_a_dose_limit_that_is_an_error_is_one_with_more_dose_too(case: dict[str, Any], factor: float) -> None:
    sense = next(one for one in ("below", "at_most") if one in case)
    remarks = remarks_on({**case, sense: case[sense] * factor})
    assert Level.ERROR in {remark.level for remark in remarks}


@given(case=st.sampled_from(BEDS), gy=st.floats(0.5, 10.0))
def test_a_strict_dose_limit_is_never_an_error(case: dict[str, Any], gy: float) -> None:
    """No plan passes by it that should not: it is nobody's business to refuse it."""
    sense = next(one for one in ("below", "at_most") if one in case)
    assert Level.ERROR not in {remark.level for remark in remarks_on({**case, sense: gy})}


@pytest.mark.slow
def test_every_bundled_table_would_be_let_through_if_it_were_a_clinics_own() -> None:
    """Held to the others alone, none has an error: that would refuse a correct table."""
    tables, sites, ratios = bundled_tables(), load_sites(), read_alpha_betas()
    for table in tables:
        others = Yardsticks.of([other for other in tables if other is not table], sites, ratios)
        errors = [slip.what for _, slip in row_slips(table, others) if slip.level is Level.ERROR]
        assert errors == [], table.id


@pytest.mark.slow
def test_a_clinics_own_version_of_a_bundled_row_is_never_an_error() -> None:
    """A limit somewhat stricter or looser, or for half or twice the volume: all that a correct table may well have."""
    usual = load_yardsticks()
    for table in bundled_tables():
        for row in table.rows:
            metric, limit = row.metric, row.limit
            own = []
            if isinstance(limit, float) and metric.unit is not Unit.PERCENT:
                own += [replace(row, limit=limit * factor, acceptable=None) for factor in (0.8, 0.9, 1.1, 1.25)]
            if isinstance(metric, DoseAtVolume) and metric.volume_unit is Unit.CC:
                own += [replace(row, metric=replace(metric, volume=metric.volume * factor)) for factor in (0.5, 2.0)]
            for one in own:
                slips = row_slips(replace(table, id="own", rows=(one,)), usual)
                assert [slip.what for _, slip in slips if slip.level is Level.ERROR] == []


def test_the_yardsticks_are_those_of_the_bundled_tables() -> None:
    kept = (ROOT / "constraints" / "yardsticks.json").read_text(encoding="utf-8")
    assert kept == yardsticks_text(), "python -m sbrtcheck.tables.yardsticks writes the file anew"


def test_yardsticks_are_numbers_that_bundled_rows_print() -> None:
    """Told from the rows themselves, not by the code that gathers them."""
    printed = {number for table in bundled_tables() for row in table.rows for number in row.numbers.values()}
    made = Yardsticks.of(bundled_tables(), load_sites(), read_alpha_betas())
    doses = [gy for kind in (made.hot_gy, made.cold_gy, made.mean_gy) for by in kind.values() for at in by.values()
             for _, gy in at]  # fmt: skip
    assert doses
    assert {*doses} <= printed

"""Physical limits that are the EQD2 or BED of printed ones: what is found, that it is so, and how seldom by chance.

The formulas are written anew here; printed numbers are those of the bundled tables.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvh_builders import row, table
from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Unit
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import Constraint, ConstraintTable, Select, bundled_tables
from sbrtcheck.tables.lint_equivalents import EQUIVALENT_CHECKS
from sbrtcheck.tables.slips import Level, Slip, is_target
from sbrtcheck.tables.yardsticks import Yardsticks, load_yardsticks

SAID = re.compile(r"([\d.]+) Gy is the (.*) of the ([\d.]+) Gy that (\S+) has for (\d+) fractions?$")
RATIOS = (2.0, 3.0, 10.0)

DOSES = [
    (one, limit, asked, fractions)
    for one in bundled_tables()
    for asked in one.rows
    for fractions in one.fractions
    if isinstance(limit := asked.limit, float)
    and isinstance(asked.metric, DoseAtVolume | DoseStatistic)
    and asked.metric.unit is Unit.GY
    and asked.is_upper_limit
    and asked.quantity is Quantity.PHYSICAL
    and not is_target(asked)
]
PRINTED = {number for one in bundled_tables() for asked in one.rows for number in asked.numbers.values()}


def equivalent(quantity: Quantity, printed_gy: float, fractions: int, ratio_gy: float) -> float:
    """BED, or EQD2: the linear-quadratic model."""
    bed = printed_gy + printed_gy * printed_gy / (fractions * ratio_gy)
    return bed if quantity is Quantity.BED else bed * ratio_gy / (ratio_gy + 2.0)


def said_of(asked: Constraint, *fractions: int, usual: Yardsticks | None = None) -> list[Slip]:
    """What the rule says of a clinic's own table with this row."""
    own = table(asked, id="own", fractions=fractions)
    return [slip for check in EQUIVALENT_CHECKS for slip in check(own, asked, usual or load_yardsticks())]


# -------------------------------------------------------------------------------- laws, on bundled tables


@given(
    case=st.sampled_from(DOSES),
    quantity=st.sampled_from([Quantity.EQD2, Quantity.BED]),
    ratio=st.sampled_from(RATIOS),
    digits=st.integers(1, 4),
)
def test_the_equivalent_of_a_printed_limit_is_found(
    case: tuple[ConstraintTable, float, Constraint, int], quantity: Quantity, ratio: float, digits: int
) -> None:
    _, printed, asked, fractions = case
    exact = equivalent(quantity, printed, fractions, ratio)
    written = round(exact, digits)
    assume(exact > 1.1001 * printed and not (2 * written).is_integer() and written not in PRINTED)
    (slip,) = said_of(replace(asked, limit=written, acceptable=None), fractions)
    assert slip.level is Level.WARNING
    assert slip.what.startswith(f"'{asked.metric}' {asked.sense} {written:g}: {written:g} Gy is the ")


@given(case=st.sampled_from(DOSES), tenths=st.integers(1, 1200))
def test_what_is_said_of_a_number_is_so(case: tuple[ConstraintTable, float, Constraint, int], tenths: int) -> None:
    """Whatever the number: the table has the limit, and the equivalent is the number, to its digits."""
    _, _, asked, fractions = case
    written = tenths / 10
    for slip in said_of(replace(asked, limit=written, acceptable=None), fractions):
        said = SAID.search(slip.what)
        assert said is not None
        assert (float(said[1]), int(said[5])) == (written, fractions)
        printed = float(said[3])
        assert any(
            other.limit == printed and other.metric == asked.metric and fractions in one.fractions
            for one in bundled_tables() if one.id == said[4] for other in one.rows
        )  # fmt: skip
        names = said[2].split(" or the ")
        for name in names:
            words = re.fullmatch(r"(EQD2|BED) \(α/β ([\d.]+) Gy\)", name)
            assert words is not None
            exact = equivalent(Quantity(words[1]), printed, fractions, float(words[2]))
            assert abs(exact - written) <= 0.05 + 1e-9
            assert exact > 1.1 * printed


@given(case=st.sampled_from(DOSES), halves=st.integers(1, 240), digits=st.integers(1, 2))
def test_a_number_that_clinics_make_up_or_tables_print_and_a_table_for_several_numbers_have_no_remark(
    case: tuple[ConstraintTable, float, Constraint, int], halves: int, digits: int
) -> None:
    _, printed, asked, fractions = case
    assert said_of(replace(asked, limit=halves / 2), fractions) == []
    assert said_of(asked, fractions) == []
    written = round(equivalent(Quantity.EQD2, printed, fractions, 3.0), digits)
    assert said_of(replace(asked, limit=written), fractions, fractions + 1) == []
    assert said_of(replace(asked, limit=written)) == []


def test_chance_makes_few_of_them() -> None:
    """Of all tenths of a Gray from 0.7 to 1.3 times a printed limit: fewer than one in a hundred."""
    tried = found = 0
    for n, (_, printed, asked, fractions) in enumerate(DOSES):
        for tenths in range(math.ceil(7 * printed) + n % 29, math.floor(13 * printed) + 1, 29):
            if tenths % 5:
                tried += 1
                found += bool(said_of(replace(asked, limit=tenths / 10, acceptable=None), fractions))
    assert tried > 1000
    assert 0 < found < tried / 100


# -------------------------------------------------------------------------------- closed forms, on made-up yardsticks


USUAL = replace(
    load_yardsticks(),
    numbers={
        "heart": {
            "D4cc[Gy] physical": {"10": {"other": [8]}, "20": {"paper": [5], "later": [5, 8]}, "43.3": {"far": [3]}},
            "V20Gy[%] physical": {"15": {"paper": [5]}, "16": {"paper": [5]}},
            "V46.7Gy[%] physical": {"15": {"paper": [5]}},
            "V20Gy[%] EQD2 3.0": {"17": {"paper": [5]}},
            "V20%Rx[%] physical": {"17": {"paper": [5]}},
            "CV20Gy[cc] physical": {"90": {"paper": [5]}},
            "DC80cc[Gy] physical": {"20": {"paper": [5]}},
            "D6cc[Gy] EQD2 3.0": {"20": {"paper": [5]}},
        },
        "lung": {"D4cc[Gy] physical": {"21": {"paper": [5]}}},
    },
    hot_gy={"heart": {"5": [[1.0, 33.34]]}},
)  # fmt: skip
# 20 Gy in 5 fractions: EQD2 is 30, 28, 23 1/3 Gy and BED is 60, 46 2/3, 28 Gy with an alpha/beta of 2, 3 and 10 Gy.


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "says"),
    [
        ("D4cc[Gy]", "below", 23.3, "EQD2 (α/β 10 Gy) of the 20 Gy that later has for 5 fractions"),
        ("D4cc[Gy]", "at_most", 23.33, "EQD2 (α/β 10 Gy) of the 20 Gy that later has for 5 fractions"),
        ("D4cc[Gy]", "below", 46.7, "BED (α/β 3 Gy) of the 20 Gy that later has for 5 fractions"),
        ("D4cc[Gy]", "below", 23.2, ""),
        ("D4cc[Gy]", "below", 23.4, ""),
        ("D4cc[Gy]", "below", 23.34, ""),
        ("D4cc[Gy]", "below", 28, ""),  # a whole number
        ("D4cc[Gy]", "below", 43.3, ""),  # printed for another number of fractions
        ("D4cc[Gy]", "at_least", 23.3, ""),
        ("D4cc[%Rx]", "below", 23.3, ""),
        ("D5cc[Gy]", "below", 23.3, ""),
        ("DC4cc[Gy]", "below", 23.3, ""),
        ("D6cc[Gy]", "below", 23.3, ""),  # printed as an EQD2
        ("DC80cc[Gy]", "below", 23.3, "EQD2 (α/β 10 Gy) of the 20 Gy that paper has for 5 fractions"),
        ("V23.3Gy[cc]", "below", 4, "EQD2 (α/β 10 Gy) of the 20 Gy that later has for 5 fractions"),
        ("V23.3Gy[cc]", "at_least", 4, ""),
        ("V23.3Gy[cc]", "below", 5, ""),
        ("V23.3Gy[%]", "below", 15, "EQD2 (α/β 10 Gy) of the 20 Gy that paper has for 5 fractions"),
        ("V46.7Gy[%]", "below", 15, ""),  # printed
        ("V46.7Gy[%]", "below", 16, ""),  # and with another volume
        ("V23.3Gy[%]", "below", 17, ""),
        ("V23.3%Rx[%]", "below", 15, ""),
        ("CV23.3Gy[cc]", "at_least", 80, "EQD2 (α/β 10 Gy) of the 20 Gy that paper has for 5 fractions"),
        ("CV23.3Gy[cc]", "at_least", 90, "EQD2 (α/β 10 Gy) of the 20 Gy that paper has for 5 fractions"),
        ("CV23.3Gy[cc]", "at_most", 90, ""),
        ("V23.3Gy[cc]", "at_most", 90, ""),
    ],
)
def test_what_is_compared_with_what(metric: str, sense: str, limit: float, says: str) -> None:
    said = said_of(row(metric, sense, limit, "Heart"), 5, usual=USUAL)
    assert [slip.what.partition(" is the ")[2] for slip in said] == ([says] if says else [])


@pytest.mark.parametrize(
    ("fields", "is_said"),
    [
        ({}, True),
        ({"quantity": Quantity.EQD2, "alpha_beta_gy": 10.0}, False),
        ({"structures": ("Lungs", "Heart"), "select": Select.UNION}, True),
        ({"structures": ("Lungs",)}, False),
        ({"structures": ("PTV",)}, False),
    ],
)
def test_of_which_organ_and_kind_of_dose(fields: dict[str, Any], is_said: bool) -> None:
    asked = replace(row("D4cc[Gy]", "below", 23.3, "Heart"), **fields)
    usual = replace(USUAL, numbers={**USUAL.numbers, "ptv": USUAL.numbers["heart"]})
    assert bool(said_of(asked, 5, usual=usual)) is is_said


def test_a_variation_that_is_printed_is_none_and_what_is_hardly_looser_neither() -> None:
    numbers = {"heart": {"D4cc[Gy] physical": {"25": {"paper": [5]}, "12.5": {"paper": [5]}}}}
    usual = replace(USUAL, numbers=numbers)
    # 25 Gy in 5 fractions is 31.25 Gy with 10 Gy; 12.5 Gy is 13.75 Gy with 3 Gy, which is 1.1 times as much
    assert len(said_of(row("D4cc[Gy]", "below", 31.2, "Heart"), 5, usual=usual)) == 1
    assert len(said_of(row("D4cc[Gy]", "below", 31.3, "Heart"), 5, usual=usual)) == 1
    assert said_of(row("D4cc[Gy]", "below", 13.8, "Heart"), 5, usual=usual) == []
    assert said_of(row("D4cc[Gy]", "below", 13.75, "Heart"), 5, usual=usual) == []
    printed = replace(usual, hot_gy={"heart": {"5": [[1.0, 31.2]]}})
    assert said_of(row("D4cc[Gy]", "below", 31.2, "Heart"), 5, usual=printed) == []
    assert len(said_of(row("D4cc[Gy]", "below", 31.3, "Heart"), 5, usual=printed)) == 1


def test_half_a_gray_is_no_equivalent_and_the_least_of_two_printed_limits_is_said() -> None:
    numbers = {"15": {"paper": [5]}, "25.96": {"paper": [5]}, "20": {"paper": [5]}, "9": {"paper": [5]}}
    usual = replace(USUAL, numbers={"heart": {"D4cc[Gy] physical": numbers}})
    # 15 Gy in 5 fractions is a BED of 19.5 Gy with 10 Gy; 46.7 Gy the BED of 20 Gy with 3, the EQD2 of 25.96 with 2
    assert said_of(row("D4cc[Gy]", "below", 19.5, "Heart"), 5, usual=usual) == []
    (slip,) = said_of(row("D4cc[Gy]", "below", 46.7, "Heart"), 5, usual=usual)
    assert slip.what.endswith("the BED (α/β 3 Gy) of the 20 Gy that paper has for 5 fractions")


def test_a_number_that_is_two_of_them_is_called_both() -> None:
    """10 Gy in 3 fractions: the EQD2 with 2 Gy is the BED with 10 Gy, 13 1/3 Gy."""
    usual = replace(USUAL, numbers={"heart": {"D4cc[Gy] physical": {"10": {"paper": [3]}}}})
    (slip,) = said_of(row("D4cc[Gy]", "below", 13.3, "Heart"), 3, usual=usual)
    assert "the EQD2 (α/β 2 Gy) or the BED (α/β 10 Gy) of the 10 Gy that paper has for 3 fractions" in slip.what

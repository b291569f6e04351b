"""Each number that lint holds a row to, just inside and just outside, on yardsticks made up for the purpose.

The yardsticks are invented, so that what is remarked on can be told by hand from what stands here; and no other rule
has a word to say of these rows: what is asserted is the levels of all remarks on a row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dvh_builders import row, table
from sbrtcheck.plan import Sex
from sbrtcheck.radiobiology import Quantity, total_dose_for_bed, total_dose_for_eqd2
from sbrtcheck.tables import (
    Constraint,
    ConstraintTable,
    Kind,
    LimitByTargetVolume,
    Priority,
    RowSide,
    Select,
    Source,
    Status,
    Step,
)
from sbrtcheck.tables.lint_table import fraction_slips, row_slips
from sbrtcheck.tables.slips import Level
from sbrtcheck.tables.values import Choice
from sbrtcheck.tables.yardsticks import SHARE_CC, Yardsticks

ERROR, WARNING = [Level.ERROR], [Level.WARNING]
NOTHING: list[Level] = []

USUAL = Yardsticks(
    critical_cc={"liver": [100.0, 300.0]},
    hot_gy={
        "heart": {
            "5": [[0.0, 40.0], [0.1, 41.0], [1.0, 60.0], [10.0, 20.0], [SHARE_CC + 5.0, 70.0]],
            "8": [[0.0, 50.0], [10.0, 30.0]],
        },
        "stomach": {"5": [[0.0, 40.0]], "8": [[0.0, 70.0]]},
    },
    cold_gy={"liver": {"5": [[100.0, 10.0]]}, "kidney": {"5": [[SHARE_CC + 50.0, 10.0]]}},
    mean_gy={"heart": {"5": [[0.0, 10.0]]}},
    hot_cc={"heart": [1.0, 10.0], "skin": [0.05], "colon": [49.0, 50.0]},
    hot_percent={"heart": [5.0]},
    numbers={
        "heart": {
            "D10cc[Gy] physical": {"20": {"printed": [5]}},
            "D5cc[Gy] physical": {"17": {"printed": [5]}},
            "D4cc[Gy] physical": {"18": {"printed-3": [3]}, "25": {"printed": [5]}, "30": {"printed-8": [8]}},
        },
        "colon": {},
    },
    printed={},
    together={"heart": ["heart"]},
    apart={},
    ratios={"heart": [1.0, 4.0, True], "esophagu": [1.0, 6.0, False]},
    without_target=[],
    tissues_gy=10.0,
    all_gy=[0.5, 20.0],
)


def levels(one: Constraint, *others: Constraint, **of_table: Any) -> list[Level]:
    """How sure lint is of what it says of these rows."""
    return levels_in(table(one, *others, id=of_table.pop("id", "own"), **of_table), USUAL)


def levels_in(asked: ConstraintTable, usual: Yardsticks) -> list[Level]:
    """The same by other yardsticks; and each remark is on a row of the table, and has words and a hint."""
    said = list(row_slips(asked, usual))
    assert all(one in asked.rows for one, _ in said)
    assert all(slip.what.strip() and slip.hint.strip() for _, slip in said)
    return [slip.level for _, slip in said]


def heart(metric: str, sense: str, limit: Any, **fields: Any) -> Constraint:
    return row(metric, sense, limit, "Heart", **fields)


def test_rows_that_are_as_printed_have_no_remark() -> None:
    rows = [heart("D10cc[Gy]", "below", 20), heart("Max[Gy]", "at_most", 40), row("DC100cc[Gy]", "below", 10, "Liver")]
    assert [levels(one) for one in rows] == [NOTHING] * 3


# -------------------------------------------------------------------------------- limits that say nothing


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "fields", "expected"),
    [
        ("V1Gy[cc]", "below", 5, {}, NOTHING),
        ("V0Gy[cc]", "below", 5, {}, ERROR),
        ("V20Gy[%]", "at_most", 94.9, {}, NOTHING),
        ("V20Gy[%]", "at_most", 95, {}, WARNING),
        ("V20Gy[%]", "at_most", 99.9, {}, WARNING),
        ("V20Gy[cc]", "at_most", 19.5, {}, NOTHING),
        ("V199.9%Rx[cc]", "at_most", 5, {}, NOTHING),
        ("V200%Rx[cc]", "at_most", 5, {}, WARNING),
        ("V200.1%Rx[cc]", "at_most", 5, {}, ERROR),
        ("V20Gy[%]", "at_most", 100, {}, ERROR),
        ("V20Gy[%]", "below", 100, {}, WARNING),
        ("V20Gy[%]", "at_most", 60, {"acceptable": 100.0}, ERROR),
        ("V20Gy[%]", "at_most", 60, {"acceptable": 94.9}, NOTHING),
        ("V20Gy[%]", "at_most", 60, {"acceptable": 95.0}, WARNING),
        ("V20Gy[cc]", "at_most", 20, {}, NOTHING),
        ("Max[%Rx]", "at_most", 200, {}, NOTHING),
        ("Max[%Rx]", "at_most", 200.1, {}, ERROR),
        ("Median[Gy]", "at_most", 200, {"quantity": Quantity.BED, "alpha_beta_gy": 3.0}, NOTHING),
        ("D89.9%[Gy]", "below", 5, {}, NOTHING),
        ("D90%[Gy]", "below", 5, {}, WARNING),
        ("DC95%[Gy]", "below", 5, {}, NOTHING),
        ("Min[Gy]", "below", 5, {}, WARNING),
    ],
)
def test_limits_that_every_plan_meets(
    metric: str, sense: str, limit: float, fields: dict[str, Any], expected: list[Level]
) -> None:
    assert levels(heart(metric, sense, limit, **fields)) == expected


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "expected"),
    [
        ("Max[%Rx]", "at_most", 200.1, WARNING),
        ("D95%[%Rx]", "at_least", 2, ERROR),  # a fraction
        ("D95%[%Rx]", "at_least", 2.1, WARNING),
        ("D95%[%Rx]", "at_least", 50, WARNING),
        ("D95%[%Rx]", "at_least", 50.1, NOTHING),
        ("V2%Rx[%]", "at_least", 95, ERROR),
        ("V2.1%Rx[%]", "at_least", 95, WARNING),
        ("V50%Rx[%]", "at_least", 95, WARNING),
        ("V50.1%Rx[%]", "at_least", 95, NOTHING),
        (
            "V95%Rx[%]",
            "at_most",
            95,
            ERROR,
        ),  # nearly all of a target: coverage with an upper limit, and no more is said
        ("V95%Rx[cc]", "at_least", 49.9, NOTHING),
        ("V95%Rx[cc]", "at_least", 50, WARNING),
        ("V95%Rx[cc]", "at_least", 100, WARNING),
        ("V95%Rx[cc]", "at_least", 100.1, NOTHING),
        ("D49.9cc[Gy]", "at_least", 45, NOTHING),
        ("D50cc[Gy]", "at_least", 45, WARNING),
        ("D100cc[Gy]", "at_least", 45, WARNING),
        ("D100.1cc[Gy]", "at_least", 45, NOTHING),
        ("CV100%Rx[%]", "at_least", 50, ERROR),
        ("CV100%Rx[%]", "at_least", 49.9, WARNING),
        ("CV100.1%Rx[%]", "at_least", 95, NOTHING),
        ("CV60Gy[%]", "at_least", 95, NOTHING),
        ("D2cm[%Rx]", "below", 99.9, NOTHING),
        ("D2cm[%Rx]", "below", 100, WARNING),
        ("D2cm[Gy]", "below", 100, NOTHING),
        ("CI_Paddick[ratio]", "at_most", 1, ERROR),
        ("CI_Paddick[ratio]", "at_most", 0.99, NOTHING),
        ("CI_Paddick[ratio]", "at_least", 0.8, NOTHING),
        ("CI_RTOG[ratio]", "at_most", 1.2, NOTHING),
        ("V100%Rx[%]", "at_least", 100, NOTHING),
        ("V100%Rx[%]", "at_most", 50, WARNING),  # coverage with an upper limit
        ("V100.1%Rx[%]", "at_most", 50, NOTHING),
        ("D50%[Gy]", "below", 50, WARNING),
        ("D49.9%[Gy]", "below", 50, NOTHING),
        ("D95%[Gy]", "below", 50, WARNING),  # and not one more for the dose to nearly all of it
        ("Min[Gy]", "at_least", 45, NOTHING),
        ("Min[Gy]", "at_most", 45, NOTHING),
        ("Volume[cc]", "at_most", 45, NOTHING),
    ],
)
def test_coverage_of_a_target(metric: str, sense: str, limit: float, expected: list[Level]) -> None:
    assert levels(row(metric, sense, limit, "PTV")) == expected


@pytest.mark.parametrize(
    ("sense", "limit", "acceptable", "expected"),
    [
        ("below", 10, 20.0, NOTHING),
        ("below", 10, 20.1, WARNING),
        ("at_least", 10, 5.0, NOTHING),
        ("at_least", 10, 4.9, WARNING),
    ],
)
def test_a_variation_twice_as_far_as_the_limit(
    sense: str, limit: float, acceptable: float, expected: list[Level]
) -> None:
    by_volume = LimitByTargetVolume(
        steps=(
            Step(volume_cc=1.0, limit=limit, acceptable=limit),
            Step(volume_cc=9.0, limit=limit, acceptable=acceptable),
        )
    )
    organ = "PTV" if sense == "at_least" else "Heart"
    assert levels(row("Mean[Gy]", sense, limit, organ, acceptable=acceptable)) == (
        expected if acceptable < 13.1 or sense == "at_least" else [*expected, Level.WARNING]  # 13 Gy: the mean dose
    )
    assert levels(row("R50%[ratio]" if sense == "below" else "CI_Paddick[ratio]", sense, by_volume, "PTV")) == expected


# -------------------------------------------------------------------------------- doses


@pytest.mark.parametrize(
    ("metric", "limit", "expected"),
    [
        ("Max[Gy]", 41 * 1.3, NOTHING),  # D0.1cc stands for the maximum
        ("Max[Gy]", 41 * 1.3 + 0.1, WARNING),
        ("Max[Gy]", 81.9, WARNING),
        ("Max[Gy]", 82, ERROR),  # twice 41, and well above the 50 of more fractions
        ("D0.05cc[Gy]", 41 * 1.3 + 0.1, WARNING),
        ("D0.9cc[Gy]", 41 * 1.3 + 0.1, WARNING),
        ("D1cc[Gy]", 78, NOTHING),
        ("D1cc[Gy]", 78.1, WARNING),
        ("D10cc[Gy]", 78.1, WARNING),  # less of the organ may receive more
        ("D6%[Gy]", 70 * 1.3 + 0.1, WARNING),
        ("D4%[Gy]", 78.1, WARNING),
        ("Mean[Gy]", 13, NOTHING),
        ("Mean[Gy]", 13.1, WARNING),
        ("Mean[Gy]", 99.9, WARNING),
        ("Mean[Gy]", 100, ERROR),  # ten times
        ("Median[Gy]", 100, NOTHING),
        ("Max[Gy]", 150, ERROR),
        ("Max[Gy]", 150.1, ERROR),  # in cGy: one remark, and not two
    ],
)
def test_a_dose_that_no_table_allows(metric: str, limit: float, expected: list[Level]) -> None:
    assert levels(heart(metric, "at_most", limit)) == expected


@pytest.mark.parametrize(
    ("metric", "limit", "expected"),
    [
        ("V53.3Gy[cc]", 0.05, NOTHING),
        ("V53.4Gy[cc]", 0.05, WARNING),
        ("V78Gy[cc]", 1, NOTHING),
        ("V78.1Gy[cc]", 1, WARNING),
        ("V91Gy[%]", 5, NOTHING),
        ("V91.1Gy[%]", 5, WARNING),
        ("V91Gy[%]", 4.9, WARNING),
        ("V150Gy[cc]", 1, ERROR),  # twice 60
        ("V151Gy[cc]", 1, [Level.ERROR, Level.ERROR]),  # that, and perhaps in cGy
    ],
)
def test_a_volume_at_a_dose_that_no_table_allows(metric: str, limit: float, expected: list[Level]) -> None:
    assert levels(heart(metric, "at_most", limit)) == expected


def test_a_volume_of_an_organ_without_such_doses_at_more_than_any_organ_is_allowed() -> None:
    """No organ has more than 70 Gy in 5 or more fractions."""
    usual = replace(USUAL, hot_cc={**USUAL.hot_cc, "body": [1.0], "ptv": [1.0]})
    for metric, organ, expected in (
        ("V91Gy[cc]", "Eye_L", NOTHING),
        ("V92Gy[cc]", "Eye_L", WARNING),
        ("V95%Rx[cc]", "Eye_L", NOTHING),  # of a prescription, which may be any
        ("V92Gy[cc]", "Body", NOTHING),
        ("D100cc[Gy]", "Body", NOTHING),
        ("D100cc[Gy]", "PTV", NOTHING),
    ):
        assert levels_in(table(row(metric, "at_most", 1.0, organ), id="own"), usual) == expected, (metric, organ)


@pytest.mark.parametrize(
    ("fractions", "limit", "expected"),
    [
        ((), 149, NOTHING),
        ((9,), 149, NOTHING),  # no table is for as many
        ((8,), 65, NOTHING),
        ((8,), 65.1, WARNING),
        ((6,), 65.1, WARNING),  # by the next larger number
        ((3, 6), 60, NOTHING),  # the largest counts
        ((3, 5), 60, WARNING),
        ((3,), 53.4, WARNING),
    ],
)
def test_a_dose_is_held_to_the_tables_for_as_many_fractions(
    fractions: tuple[int, ...], limit: float, expected: list[Level]
) -> None:
    assert levels(heart("Max[Gy]", "at_most", limit), fractions=fractions) == expected


def test_of_several_organs_the_highest_dose_counts_in_whatever_order() -> None:
    """In 5 fractions 41 Gy to the heart and 40 Gy to the stomach: 53 Gy is more than 1.3 times one of them alone."""
    for organs in (("Heart", "Stomach"), ("Stomach", "Heart")):
        assert levels(row("Max[Gy]", "at_most", 53, *organs, select=Select.EACH)) == NOTHING


@pytest.mark.parametrize(("limit", "expected"), [(80, WARNING), (91, WARNING), (91.1, ERROR)])
def test_twice_as_much_is_no_error_where_more_fractions_are_allowed_nearly_so_much(
    limit: float, expected: list[Level]
) -> None:
    assert levels(row("Max[Gy]", "at_most", limit, "Stomach")) == expected


@pytest.mark.parametrize(
    ("metric", "organ", "limit", "expected"),
    [
        ("DC100cc[Gy]", "Liver", 13, NOTHING),
        ("DC100cc[Gy]", "Liver", 13.1, WARNING),
        ("DC100cc[Gy]", "Liver", 19.9, WARNING),
        ("DC100cc[Gy]", "Liver", 20, ERROR),
        ("DC99cc[Gy]", "Liver", 20, NOTHING),
        ("DC50%[Gy]", "Kidneys", 13, NOTHING),
        ("DC50%[Gy]", "Kidneys", 20, ERROR),
        ("DC90%[Gy]", "Liver", 20, NOTHING),  # of a critical volume in cc nothing follows for a share
        ("DC60cc[Gy]", "Kidneys", 20, NOTHING),  # a volume in cc is not known to be so large a share
    ],
)
def test_a_dose_to_a_critical_volume(metric: str, organ: str, limit: float, expected: list[Level]) -> None:
    assert levels(row(metric, "below", limit, organ)) == expected


@pytest.mark.parametrize(
    ("quantity", "convert"), [(Quantity.EQD2, total_dose_for_eqd2), (Quantity.BED, total_dose_for_bed)]
)
def test_a_dose_in_eqd2_or_bed_is_held_to_the_physical_dose_that_it_is(quantity: Quantity, convert: Any) -> None:
    for limit in (100.0, 200.0, 300.0, 400.0, 500.0):
        physical_gy = convert(limit, fractions=5, alpha_beta_gy=2.0)
        one = heart("Max[Gy]", "at_most", limit, quantity=quantity, alpha_beta_gy=2.0)
        assert levels(one) == (ERROR if physical_gy >= 82 else WARNING if physical_gy > 53.3 else NOTHING)


def test_more_dose_to_a_target_or_the_whole_body_and_a_dose_that_must_be_reached_are_no_slip() -> None:
    body = {"body": USUAL.hot_gy["heart"], "ptv": USUAL.hot_gy["heart"]}
    usual = replace(USUAL, hot_gy={**USUAL.hot_gy, **body})
    for organ in ("Body", "PTV"):
        assert not list(row_slips(table(row("Max[Gy]", "at_most", 100, organ), id="own"), usual))


@pytest.mark.parametrize(
    ("organ", "ratio", "expected"),
    [
        ("Heart", 0.49, WARNING),
        ("Heart", 0.5, NOTHING),
        ("Heart", 4.0, NOTHING),
        ("Heart", 4.1, ERROR),
        ("Heart", 20.1, ERROR),
        ("Esophagus", 6.0, NOTHING),
        ("Esophagus", 6.1, WARNING),
        ("Esophagus", 20.1, ERROR),
        ("Liver", 10.0, NOTHING),
        ("Liver", 10.1, WARNING),
        ("Liver", 20.0, WARNING),
        ("PTV", 20.0, NOTHING),
        ("PTV", 20.1, WARNING),
        ("PTV", 0.49, WARNING),
    ],
)
def test_an_alpha_beta_beyond_what_was_read(organ: str, ratio: float, expected: list[Level]) -> None:
    assert levels(row("Max[Gy]", "below", 3, organ, quantity=Quantity.EQD2, alpha_beta_gy=ratio)) == expected


def test_of_several_organs_the_highest_ratio_counts_and_one_that_may_be_more_makes_no_error() -> None:
    both = ("Heart", "Esophagus")
    of = {"quantity": Quantity.EQD2, "select": Select.EACH}
    assert levels(row("Max[Gy]", "below", 3, *both, alpha_beta_gy=6.0, **of)) == NOTHING
    assert levels(row("Max[Gy]", "below", 3, *both, alpha_beta_gy=6.1, **of)) == WARNING


# -------------------------------------------------------------------------------- volumes


@pytest.mark.parametrize(
    ("metric", "limit", "expected"),
    [
        ("D20cc[Gy]", 20, NOTHING),
        ("D21cc[Gy]", 20, WARNING),  # more than twice the largest volume, and the dose to that
        ("D99cc[Gy]", 19, NOTHING),
        ("D99cc[Gy]", 20, WARNING),
        ("D100cc[Gy]", 20, [*ERROR, *ERROR]),  # ten times: too much, and a point that went astray
        ("D100cc[Gy]", 21, WARNING),
        ("D100cc[Gy]", 25.9, WARNING),
        ("D100cc[Gy]", 26, ERROR),  # well above it
        ("D999cc[Gy]", 5, WARNING),
        ("D1000cc[Gy]", 5, ERROR),  # a hundred times
        ("D100cc[%Rx]", 20, WARNING),  # not known how much that is
        ("V19Gy[cc]", 99, NOTHING),
        ("V20Gy[cc]", 99, WARNING),
        ("V20Gy[cc]", 100, [*ERROR, *ERROR]),
        ("V21Gy[cc]", 100, WARNING),
        ("V26Gy[cc]", 100, ERROR),
        ("V40%Rx[cc]", 100, WARNING),
        ("V5Gy[cc]", 1000, ERROR),
    ],
)
def test_ten_times_the_largest_volume(metric: str, limit: float, expected: list[Level]) -> None:
    assert levels(heart(metric, "at_most", limit)) == expected


@pytest.mark.parametrize(("fractions", "limit", "expected"), [
    ((8,), 30, [*ERROR, *ERROR]),  # and the number of a row, its point gone astray
    ((8,), 20, WARNING),
    ((6,), 30, ERROR),
    ((6,), 39, ERROR),
    ((9,), 30, WARNING),
    ((), 20, ERROR),  # any number of fractions: by the fewest
])  # fmt: skip
def test_as_much_dose_is_told_by_the_tables_for_as_many_fractions(
    fractions: tuple[int, ...], limit: float, expected: list[Level]
) -> None:
    assert levels(heart("D100cc[Gy]", "below", limit), fractions=fractions) == expected


def test_ten_times_a_critical_volume_is_hot_by_mistake_and_a_point_is_no_volume() -> None:
    assert levels(row("D2999cc[Gy]", "below", 5, "Liver")) == NOTHING
    assert levels(row("D3000cc[Gy]", "below", 5, "Liver")) == ERROR
    assert levels(row("D1cc[Gy]", "below", 5, "Skin")) == NOTHING
    in_eqd2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}
    assert levels(heart("D100cc[Gy]", "below", 20, **in_eqd2)) == WARNING


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (0.9, ERROR),
        (1, ERROR),  # a hundredth
        (3, ERROR),
        (9, ERROR),
        (10, ERROR),
        (10.1, NOTHING),
        (30, ERROR),
        (30.1, NOTHING),
        (200, NOTHING),
        (2999, NOTHING),
        (3000, WARNING),
    ],
)
def test_a_critical_volume_with_the_decimal_point_elsewhere(volume: float, expected: list[Level]) -> None:
    assert levels(row(f"DC{volume:g}cc[Gy]", "below", 10, "Liver")) == expected
    assert levels(row("CV10Gy[cc]", "at_least", volume, "Liver")) == expected


def test_the_smallest_volume_that_a_row_accepts_counts() -> None:
    assert levels(row("CV10Gy[cc]", "at_least", 200, "Liver", acceptable=100.0)) == NOTHING
    assert levels(row("CV10Gy[cc]", "at_least", 200, "Liver", acceptable=10.0)) == [Level.WARNING, Level.ERROR]
    assert levels(row("CV10Gy[%]", "at_least", 10, "Liver")) == NOTHING


@pytest.mark.parametrize(
    ("metric", "organ", "expected"),
    [
        ("D10%[Gy]", "Heart", WARNING),
        ("D1%[Gy]", "Heart", WARNING),
        ("D5%[Gy]", "Heart", NOTHING),
        ("D5cc[Gy]", "Heart", WARNING),
        ("D10cc[Gy]", "Heart", NOTHING),
        ("D7cc[Gy]", "Heart", NOTHING),
        ("D7%[Gy]", "Heart", NOTHING),
        ("D49%[Gy]", "Colon", WARNING),
        ("D50%[Gy]", "Colon", NOTHING),  # the median is asked in percent alone
        ("D10%[Gy]", "PTV", NOTHING),
        ("DC10%[Gy]", "Heart", WARNING),  # the cold part of an organ of which the hot one is limited
    ],
)
def test_a_usual_volume_in_the_other_unit(metric: str, organ: str, expected: list[Level]) -> None:
    usual = replace(USUAL, hot_cc={**USUAL.hot_cc, "ptv": [10.0]})
    asked = table(row(metric, "below", 9, organ), id="own")
    assert levels_in(asked, usual) == expected


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "table_of", "expected"),
    [
        ("D10%[Gy]", "below", 20, {}, ERROR),
        ("D10%[Gy]", "below", 20, {"fractions": (3,)}, WARNING),  # perhaps by chance
        ("D10%[Gy]", "below", 20, {"fractions": (3, 5)}, ERROR),
        ("D10%[Gy]", "below", 20, {"id": "printed"}, NOTHING),  # the table itself
        ("D5cc[Gy]", "below", 17, {}, WARNING),  # as it stands in a table, and not another
        ("V20Gy[%]", "below", 10, {}, WARNING),  # round numbers may be anybody's
        ("V17Gy[%]", "below", 5, {}, ERROR),
        ("V18Gy[%]", "below", 4, {"fractions": (3,)}, ERROR),
        ("V25Gy[%]", "below", 4, {}, ERROR),
        ("V25Gy[cc]", "below", 4, {}, NOTHING),
        ("V26Gy[%]", "below", 4, {}, NOTHING),
    ],
)
def test_the_numbers_of_a_printed_row_in_the_other_unit(
    metric: str, sense: str, limit: float, table_of: dict[str, Any], expected: list[Level]
) -> None:
    assert levels(heart(metric, sense, limit), **table_of) == expected


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "organ", "expected"),
    [
        ("V50Gy[%]", "below", 4, "Heart", WARNING),
        ("V5Gy[%]", "below", 4, "Heart", NOTHING),
        ("V49Gy[%]", "below", 4, "Heart", NOTHING),
        ("V50Gy[%]", "below", 3.9, "Heart", NOTHING),
        ("V50Gy[cc]", "below", 4, "Heart", NOTHING),
        ("V50Gy[%]", "below", 4, "Liver", NOTHING),
        ("V60Gy[%]", "below", 4, "Heart", NOTHING),  # printed, as is a tenth of it
        ("CV50Gy[cc]", "at_least", 700, "Liver", WARNING),
        ("CV50Gy[cc]", "at_most", 700, "Liver", NOTHING),
        ("D50%[Gy]", "below", 4, "Heart", NOTHING),
        ("V50Gy[%]", "below", 4, "PTV", NOTHING),
    ],
)
def test_the_volume_that_is_printed_at_a_tenth_of_the_dose(
    metric: str, sense: str, limit: float, organ: str, expected: list[Level]
) -> None:
    printed = {"V5Gy[%] physical": {"4": {"printed": [8]}}, "V6Gy[%] physical": {"4": {"printed": [5]}},
               "V60Gy[%] physical": {"4": {"other": [5]}}}  # fmt: skip
    cold = {"CV5Gy[cc] physical": {"700": {"printed": [5]}}}
    usual = replace(USUAL, numbers={"heart": printed, "liver": cold, "ptv": printed}, hot_gy={})
    slips = [slip for _, slip in row_slips(table(row(metric, sense, limit, organ), id="own"), usual)]
    assert [slip.level for slip in slips if "with the same limit" in slip.what] == expected


# -------------------------------------------------------------------------------- hot and cold


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "expected"),
    [
        ("V5Gy[cc]", "below", 50, NOTHING),
        ("V5Gy[cc]", "below", 50.1, WARNING),
        ("V5Gy[cc]", "below", 100, ERROR),
        ("V5Gy[cc]", "below", 300, ERROR),
        ("V5Gy[cc]", "below", 301, WARNING),
        ("V5Gy[%]", "below", 51, NOTHING),
        ("CV5Gy[cc]", "at_least", 100, NOTHING),
        ("D100cc[Gy]", "below", 5, ERROR),
        ("D300cc[Gy]", "below", 5, ERROR),
        ("D50cc[Gy]", "below", 5, NOTHING),
        ("D50.1cc[Gy]", "below", 5, WARNING),
        ("D101cc[Gy]", "below", 5, WARNING),
        ("D599cc[Gy]", "below", 5, WARNING),
        ("D600cc[Gy]", "below", 5, NOTHING),
        ("D100cc[Gy]", "at_least", 5, WARNING),  # asks for dose, in an organ that no table limits
        ("Volume[cc]", "below", 100, WARNING),
        ("Volume[cc]", "at_least", 100, NOTHING),
    ],
)
def test_a_critical_volume_written_hot(metric: str, sense: str, limit: float, expected: list[Level]) -> None:
    assert levels(row(metric, sense, limit, "Liver")) == expected


@pytest.mark.parametrize(
    ("metric", "limit", "expected"),
    [
        ("V20Gy[cc]", 5, ERROR),
        ("V20Gy[%]", 5, ERROR),
        ("D5%[Gy]", 5, ERROR),
        ("Mean[Gy]", 5, ERROR),
        ("gEUD(a=2)[Gy]", 5, ERROR),
        ("Volume[cc]", 5, NOTHING),
    ],
)
def test_an_organ_that_has_to_receive_dose(metric: str, limit: float, expected: list[Level]) -> None:
    assert levels(row("CV20Gy[cc]", "at_least", limit, "Ours")) == NOTHING
    assert levels(heart(metric, "at_least", limit)) == expected
    assert levels(row(metric, "at_least", limit, "PTV")) == NOTHING
    assert levels(row(metric, "at_least", limit, "Ours")) == (WARNING if expected else NOTHING)
    assert levels(row(metric, "at_least", limit, "Heart", "Ours", select=Select.EACH)) == (
        WARNING if expected else NOTHING
    )


# -------------------------------------------------------------------------------- units


@pytest.mark.parametrize(
    ("volume", "expected"),
    [(33.2, NOTHING), (33.3, ERROR), (33.4, ERROR), (33, NOTHING), (67, NOTHING), (66.7, ERROR), (66.8, NOTHING)],
)
def test_a_third_of_an_organ_in_cc(volume: float, expected: list[Level]) -> None:
    assert levels(row(f"D{volume:g}cc[Gy]", "below", 5, "Spleen")) == expected
    assert levels(row(f"DC{volume:g}cc[Gy]", "below", 5, "Spleen")) == expected
    assert levels(row("V20Gy[cc]", "below", volume, "Spleen")) == expected
    assert levels(row(f"D{volume:g}%[Gy]", "below", 5, "Spleen")) == NOTHING


@pytest.mark.parametrize(
    ("organ", "metric", "sense", "limit", "fields", "expected"),
    [
        ("Spleen", "D0.1%[Gy]", "below", 5, {}, NOTHING),
        ("Spleen", "D0.09%[Gy]", "below", 5, {}, WARNING),
        ("Spleen", "D0.09cc[Gy]", "below", 5, {}, NOTHING),
        ("Spleen", "Max[Gy]", "below", 91, {}, NOTHING),  # 1.3 times what tables allow any organ
        ("Spleen", "Max[Gy]", "below", 91.1, {}, WARNING),
        ("Spleen", "Max[Gy]", "below", 150, {}, ERROR),  # more than twice that
        ("Ours", "Max[Gy]", "below", 150, {}, NOTHING),  # a name of the clinic's own may be of a ring
        ("Spleen", "Max[Gy]", "below", 150.1, {}, ERROR),
        ("Spleen", "Max[Gy]", "below", 150.1, {"quantity": Quantity.BED, "alpha_beta_gy": 3.0}, NOTHING),
        ("PTV", "D95%[Gy]", "at_least", 132, {"quantity": Quantity.BED, "alpha_beta_gy": 10.0}, NOTHING),
        ("PTV", "D95%[Gy]", "at_least", 10000, {"quantity": Quantity.BED, "alpha_beta_gy": 10.0}, ERROR),
        ("Lungs-PTV", "Max[Gy]", "below", 30, {}, NOTHING),  # nearly another name, and one itself
        ("PTV", "RxBED10[Gy]", "above", 150.1, {}, NOTHING),
        ("Spleen", "V150Gy[cc]", "below", 5, {}, ERROR),  # twice what any organ may have, and not in cGy
        ("Spleen", "V151Gy[cc]", "below", 5, {}, ERROR),
        ("Spleen", "V151Gy[cc]", "below", 5, {"quantity": Quantity.BED, "alpha_beta_gy": 3.0}, NOTHING),
        ("Heart", "Max[%Rx]", "below", 2, {}, ERROR),
        ("Heart", "Max[%Rx]", "below", 2.1, {}, NOTHING),
        ("Spleen", "Max[%Rx]", "below", 2, {}, WARNING),  # of an organ that no table limits it may be meant
        ("PTV", "Max[%Rx]", "below", 2, {}, ERROR),
        ("Spleen", "V20Gy[%]", "below", 1, {}, WARNING),
        ("Spleen", "V20Gy[%]", "below", 1.1, {}, NOTHING),
        ("Spleen", "V20Gy[cc]", "below", 1, {}, NOTHING),
        ("PTV", "V95Gy[%]", "at_least", 1, {}, ERROR),
        ("PTV", "V95Gy[%]", "at_least", 1.1, {}, NOTHING),
        ("Spleen", "V2%Rx[cc]", "below", 5, {}, ERROR),
        ("Spleen", "V2.1%Rx[cc]", "below", 5, {}, NOTHING),
    ],
)
def test_centigray_and_fractions_for_percent(
    organ: str, metric: str, sense: str, limit: float, fields: dict[str, Any], expected: list[Level]
) -> None:
    assert levels(row(metric, sense, limit, organ, **fields)) == expected


@pytest.mark.parametrize(
    ("limit", "fractions", "expected"),
    [
        (30, (5,), WARNING),  # that of 8 fractions, where 25 is that of 5
        (25, (5,), NOTHING),
        (31, (5,), NOTHING),
        (25, (3,), WARNING),
        (30, (3,), WARNING),
        (18, (5,), NOTHING),  # stricter
        (30, (8,), NOTHING),
        (30, (5, 8), NOTHING),
        (30, (4,), NOTHING),  # of 4 fractions no table says anything
        (30, (), NOTHING),
    ],
)
def test_the_limit_of_more_fractions(limit: float, fractions: tuple[int, ...], expected: list[Level]) -> None:
    assert levels(heart("D4cc[Gy]", "below", limit), fractions=fractions) == expected
    assert levels(row("D4cc[Gy]", "below", limit, "PTV"), fractions=fractions) == NOTHING


# -------------------------------------------------------------------------------- the text against the numbers


@pytest.mark.parametrize(
    ("organ", "fields", "metric", "expected"),
    [
        ("Spleen, maximum", {}, "D0.3cc[Gy]", WARNING),
        ("Spleen, maximum", {"note": "0.3 cc was used"}, "D0.3cc[Gy]", NOTHING),
        ("Spleen, maximum (0,3 cc)", {}, "D0.3cc[Gy]", NOTHING),
        ("Spleen, maximum (10.3cc)", {}, "D0.3cc[Gy]", WARNING),
        ("Spleen", {"id": "spleen-max"}, "D0.3cc[Gy]", WARNING),
        ("Spleen, maximum", {}, "D0.3%[Gy]", NOTHING),
        ("Spleen, maximum", {}, "Max[Gy]", NOTHING),
        ("Spleen, D0.03 cc", {}, "Max[Gy]", WARNING),
        ("Spleen, 0,03cc", {}, "Max[Gy]", WARNING),
        ("Spleen, D0.3 cc", {}, "Max[Gy]", NOTHING),  # no point
        ("Spleen, D0.03 cc", {}, "D0.03cc[Gy]", NOTHING),
        ("Spleen, maximum", {}, "Mean[Gy]", ERROR),
        ("Spleen, maximum", {"note": "the mean is meant"}, "Mean[Gy]", WARNING),
        ("Spleen, maximum mean", {}, "Mean[Gy]", NOTHING),
        ("Spleen, mean", {}, "Max[Gy]", WARNING),
        ("Spleen, mean", {}, "Mean[Gy]", NOTHING),
        ("Spleen, mean", {}, "Median[Gy]", NOTHING),
    ],
)
def test_a_maximum_and_what_is_called_one(
    organ: str, fields: dict[str, Any], metric: str, expected: list[Level]
) -> None:
    assert levels(row(metric, "below", 9, "Spleen", organ=organ, **fields)) == expected


@pytest.mark.parametrize(
    ("structures", "organ", "side", "expected"),
    [
        (("Lung_L", "Lung_R"), "Contralateral lung", None, WARNING),
        (("Lung_L", "Lung_R"), "Contralateral lung", RowSide.CONTRALATERAL, NOTHING),
        (("Lung_L", "Lung_R"), "Contralateral lung", RowSide.IPSILATERAL, ERROR),
        (("Lung_L", "Lung_R"), "Ipsi-lateral lung", RowSide.IPSILATERAL, NOTHING),
        (("Lung_L", "Lung_R"), "Ipsilateral lung", RowSide.CONTRALATERAL, ERROR),
        (("Lung_L", "Lung_R"), "Lung", None, NOTHING),
        (("Lung_L",), "Contralateral lung", None, NOTHING),
    ],
)
def test_the_side_as_printed(
    structures: tuple[str, ...], organ: str, side: RowSide | None, expected: list[Level]
) -> None:
    assert levels(row("Mean[Gy]", "below", 5, *structures, organ=organ, side=side)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": "spleen-5fx"}, NOTHING),
        ({"id": "spleen-3fx"}, ERROR),
        ({"id": "spleen-3fx", "quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}, WARNING),
        ({"organ": "Spleen, 3 fractions"}, ERROR),
        ({"organ": "Spleen, 3 or 5 fractions"}, NOTHING),
        ({"organ": "Spleen, 3 to 4 fractions"}, WARNING),
        ({"organ": "Spleen after 3 fractions"}, WARNING),
        ({"source": Source(citation="Doe", where="Table of 3 fractions")}, WARNING),
        ({"source": Source(citation="Doe", where="Tables of 3 fractions and 5 fractions")}, NOTHING),
        ({"organ": "Spleen, 0.3 fx"}, NOTHING),  # no number of fractions
    ],
)
def test_a_number_of_fractions_in_the_words_of_a_row(fields: dict[str, Any], expected: list[Level]) -> None:
    assert levels(row("Mean[Gy]", "below", 5, "Spleen", **fields)) == expected


@pytest.mark.parametrize(("name", "expected"), [("Esophagus", NOTHING), ("Esophagu", WARNING), ("Xyz", NOTHING)])
def test_a_name_that_is_nearly_one_of_tg263(name: str, expected: list[Level]) -> None:
    assert levels(row("Mean[Gy]", "below", 5, name)) == expected


# -------------------------------------------------------------------------------- rows compared with each other


def pair(first: tuple[str, float], second: tuple[str, float], **fields: Any) -> list[Level]:
    """Remarks on a row of a spleen and another one, which has these fields."""
    other = {"id": "other", **fields}
    return levels(row(first[0], "below", first[1], "Spleen"), row(second[0], "below", second[1], "Spleen", **other))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("D1cc[Gy]", 20), ("D5cc[Gy]", 19.9), NOTHING),
        (("D1cc[Gy]", 20), ("D5cc[Gy]", 20), WARNING),
        (("D1cc[Gy]", 20), ("D5cc[Gy]", 20.1), ERROR),
        (("D5cc[Gy]", 20.1), ("D1cc[Gy]", 20), ERROR),  # in any order
        (("Max[Gy]", 20), ("D5cc[Gy]", 20.1), ERROR),
        (("Max[Gy]", 20), ("D5cc[Gy]", 19.9), NOTHING),
        (("Max[%Rx]", 20), ("D5cc[Gy]", 20.1), NOTHING),
        (("Max[Gy]", 20), ("D5cc[%Rx]", 20.1), NOTHING),
        (("D5cc[Gy]", 20), ("D5cc[Gy]", 20), NOTHING),
        (("D5cc[Gy]", 20), ("D1cc[Gy]", 20), WARNING),
        (("Max[Gy]", 20), ("D0.5cc[Gy]", 20.1), ERROR),
        (("D1%[Gy]", 20), ("D5cc[Gy]", 20.1), NOTHING),
        (("D1cc[Gy]", 20), ("DC5cc[Gy]", 20.1), NOTHING),
        (("V10Gy[cc]", 20), ("V15Gy[cc]", 19.9), NOTHING),
        (("V10Gy[cc]", 20), ("V15Gy[cc]", 20), WARNING),
        (("V10Gy[cc]", 20), ("V15Gy[cc]", 20.1), ERROR),
        (("V10Gy[cc]", 20), ("V15Gy[%]", 20.1), NOTHING),
        (("V10Gy[cc]", 20), ("V15%Rx[cc]", 20.1), NOTHING),
        (("V10Gy[cc]", 20), ("CV15Gy[cc]", 20.1), NOTHING),  # as no table has it: a spared volume has to be so large
        (("Mean[Gy]", 20), ("Median[Gy]", 20.1), NOTHING),
    ],
)
def test_a_larger_volume_may_not_receive_as_much(
    first: tuple[str, float], second: tuple[str, float], expected: list[Level]
) -> None:
    assert pair(first, second) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"source": Source(citation="Roe 2021", where="Table 1")}, WARNING),  # of two papers it is less sure
        ({"kind": Kind.RISK}, NOTHING),
        ({"status": Status.DISPUTED}, NOTHING),
        ({"confirmed_by": ()}, ERROR),  # a second reading is all that lacks
        ({"organ": "another part"}, NOTHING),
        ({"structures": ("Liver",)}, NOTHING),
        ({"side": RowSide.IPSILATERAL}, NOTHING),
        ({"site": "liver"}, NOTHING),
        ({"sex": Sex.MALE}, NOTHING),
        ({"priority": Priority.OPTIMAL}, NOTHING),
        ({"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}, NOTHING),
    ],
)
def test_only_limits_that_are_asked_of_the_same_are_compared(fields: dict[str, Any], expected: list[Level]) -> None:
    assert pair(("D1cc[Gy]", 20), ("D5cc[Gy]", 20.1), **fields) == expected


@pytest.mark.parametrize(
    ("limit", "fields", "expected"),
    [
        (20, {}, NOTHING),
        (21, {}, WARNING),
        (21, {"kind": Kind.ADVISORY}, NOTHING),
        (21, {"status": Status.DISPUTED}, NOTHING),
        (21, {"organ": "another part"}, NOTHING),
        (21, {"structures": ("Liver",)}, NOTHING),
        (21, {"side": RowSide.IPSILATERAL}, NOTHING),
        (21, {"site": "liver"}, NOTHING),
        (21, {"sex": Sex.FEMALE}, NOTHING),
        (21, {"priority": Priority.OPTIMAL}, NOTHING),
        (21, {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}, NOTHING),
    ],
)
def test_one_question_has_one_answer(limit: float, fields: dict[str, Any], expected: list[Level]) -> None:
    assert pair(("Mean[Gy]", 20), ("Mean[Gy]", limit), **fields) == expected


def test_limits_for_two_ratios_are_two_questions() -> None:
    rows = [
        row("Mean[Gy]", "below", 20 + ratio, "Spleen", id=f"{ratio}", quantity=Quantity.EQD2, alpha_beta_gy=ratio)
        for ratio in (2.0, 3.0)
    ]
    assert levels(*rows) == NOTHING
    assert levels(*(replace(one, alpha_beta_gy=3.0) for one in rows)) == WARNING


def test_a_strict_limit_and_one_that_may_be_reached_are_two_questions() -> None:
    strict, other = row("Mean[Gy]", "below", 20, "Spleen"), row("Mean[Gy]", "at_most", 21, "Spleen", id="other")
    assert levels(strict, other) == NOTHING


@pytest.mark.parametrize(
    ("id_", "fractions", "metrics", "expected"),
    [
        ("own-5fx", (5,), ["Mean[Gy]"], NOTHING),
        ("own-3fx", (5,), ["Mean[Gy]"], ERROR),
        ("own-3fx", (3, 5), ["Mean[%Rx]"], NOTHING),
        ("own-3fx", (), ["Mean[Gy]"], NOTHING),
        ("own-103fx", (5,), ["Mean[Gy]"], NOTHING),  # no number of fractions
        ("3fx-own", (5,), ["Mean[Gy]"], ERROR),
        ("own-3fx-b", (5,), ["Mean[Gy]"], ERROR),
        ("own.3fx", (5,), ["Mean[Gy]"], ERROR),
        ("own3fx", (5,), ["Mean[Gy]"], NOTHING),
        ("own-3fxs", (5,), ["Mean[Gy]"], NOTHING),
        ("own", (3, 5), ["Mean[Gy]"], WARNING),
        ("own", (3, 5), ["V20Gy[%]"], WARNING),
        ("own", (3, 5), ["V20%Rx[%]"], NOTHING),
        ("own", (5,), ["Mean[Gy]"], NOTHING),
    ],
)
def test_a_tables_numbers_of_fractions(
    id_: str, fractions: tuple[int, ...], metrics: list[str], expected: list[Level]
) -> None:
    rows = [row(metric, "below", 5, "Spleen", id=f"row-{n}") for n, metric in enumerate(metrics)]
    assert [slip.level for slip in fraction_slips(table(*rows, id=id_, fractions=fractions))] == expected
    disputed = [replace(one, status=Status.DISPUTED) for one in rows]
    of_disputed = [slip.level for slip in fraction_slips(table(*disputed, id=id_, fractions=fractions))]
    assert of_disputed == (ERROR if expected == ERROR else NOTHING)
    in_eqd2 = [replace(one, quantity=Quantity.EQD2, alpha_beta_gy=2.0) for one in rows]
    of_eqd2 = [slip.level for slip in fraction_slips(table(*in_eqd2, id=id_, fractions=fractions))]
    assert of_eqd2 == (ERROR if expected == ERROR else NOTHING)


# -------------------------------------------------------------------------------- structures that dilute


@pytest.mark.parametrize(
    ("metric", "structures", "fields", "expected"),
    [
        ("Mean[Gy]", ("Heart", "Liver"), {"select": Select.UNION}, WARNING),
        ("Median[Gy]", ("Heart", "Liver"), {"select": Select.UNION}, WARNING),
        ("D5%[Gy]", ("Heart", "Spleen"), {"select": Select.UNION}, WARNING),
        ("V20Gy[%]", ("Heart", "Spleen"), {"select": Select.UNION}, WARNING),
        ("D5cc[Gy]", ("Stomach", "Spleen"), {"select": Select.UNION}, NOTHING),
        ("V20Gy[cc]", ("Stomach", "Spleen"), {"select": Select.UNION}, NOTHING),
        ("Max[Gy]", ("Stomach", "Spleen"), {"select": Select.UNION}, NOTHING),
        ("DC50cc[Gy]", ("Stomach", "Spleen"), {"select": Select.UNION}, WARNING),
        ("CV5Gy[cc]", ("Stomach", "Spleen"), {"select": Select.UNION}, WARNING),
        ("Mean[Gy]", ("Heart", "Liver"), {"select": Select.EACH}, NOTHING),
        ("Mean[Gy]", ("PTV", "GTV"), {"select": Select.UNION}, NOTHING),
        ("Mean[Gy]", ("Heart", "Body"), {"select": Select.UNION}, [Level.ERROR, Level.WARNING]),
        ("Mean[Gy]", ("Heart", "Body"), {"select": Select.FIRST}, ERROR),
        ("Mean[Gy]", ("Heart", "Body"), {"select": Select.EACH}, NOTHING),
        ("Mean[Gy]", ("Skin", "Body"), {"select": Select.FIRST}, NOTHING),
        ("Mean[Gy]", ("Heart", "Body-PTV"), {"select": Select.FIRST}, NOTHING),
        ("Mean[Gy]", ("Heart", "Liver"), {"select": Select.FIRST}, WARNING),
        ("Mean[Gy]", ("Kidney_L", "Kidney_R"), {"select": Select.FIRST}, ERROR),
        ("Mean[Gy]", ("Kidney_R", "Kidney_L"), {"select": Select.FIRST}, ERROR),
        ("Mean[Gy]", ("Kidney_L", "Lung_R"), {"select": Select.FIRST}, WARNING),
        ("DC50cc[Gy]", ("Kidney_L",), {}, ERROR),
        ("CV5Gy[cc]", ("Kidney_R",), {}, ERROR),
        ("DC50%[Gy]", ("Kidney_L",), {}, NOTHING),
        ("D50cc[Gy]", ("Kidney_L",), {}, NOTHING),
        ("DC50cc[Gy]", ("Kidney_L", "Kidney_R"), {"select": Select.EACH}, ERROR),
        ("DC50cc[Gy]", ("Kidney_L", "Kidney_R"), {"select": Select.UNION}, NOTHING),
    ],
)
def test_structures_that_hide_an_organ(
    metric: str, structures: tuple[str, ...], fields: dict[str, Any], expected: list[Level]
) -> None:
    sense = "at_least" if metric.startswith("CV") else "below"
    assert levels(row(metric, sense, 9, *structures, **fields)) == expected


def test_one_side_after_both_together_is_that_of_a_patient_who_has_one() -> None:
    left, right = Choice(structures=("Kidney_L",)), Choice(structures=("Kidney_R",))
    both = Choice(structures=("Kidney_L", "Kidney_R"))
    for choices, expected in (
        ((both, left, right), NOTHING),
        ((left, right, both), ERROR),
        ((left, both, right), NOTHING),
    ):
        names = tuple(dict.fromkeys(name for choice in choices for name in choice.structures))
        one = row("Mean[Gy]", "below", 9, *names, select=Select.FIRST, choices=choices)
        assert levels(one) == expected


@pytest.mark.parametrize(
    ("organ", "structures", "select", "expected"),
    [
        ("Left kidney", ("Kidney_L",), Select.EACH, NOTHING),
        ("Left kidney", ("Kidney_R",), Select.EACH, ERROR),
        ("Right kidney", ("Kidney_L",), Select.EACH, ERROR),
        ("Right kidney", ("Kidney_R",), Select.EACH, NOTHING),
        ("Left and right kidney", ("Kidney_R",), Select.EACH, NOTHING),
        ("Left kidney", ("Kidney_L", "Kidney_R"), Select.EACH, NOTHING),
        ("Left kidney", ("Kidney_L", "Kidney_R"), Select.UNION, ERROR),
        ("Kidney", ("Kidney_L", "Kidney_R"), Select.UNION, NOTHING),
        ("Kidney after left nephrectomy", ("Kidney_R",), Select.EACH, WARNING),
        ("Right kidney of a left-sided tumour", ("Kidney_L",), Select.EACH, NOTHING),
        ("Kidney, right", ("Kidney_L",), Select.EACH, ERROR),
        ("Right kidney (not the left lung)", ("Kidney_L",), Select.EACH, ERROR),
        ("Right kidney (not the left lung)", ("Kidney_R",), Select.EACH, NOTHING),
        ("Linke Niere", ("Kidney_R",), Select.EACH, ERROR),
        ("Linke Niere", ("Kidney_L",), Select.EACH, NOTHING),
        ("Rechte Niere (nicht linke Lunge)", ("Kidney_L",), Select.EACH, ERROR),
    ],
)
def test_the_other_side(organ: str, structures: tuple[str, ...], select: Select, expected: list[Level]) -> None:
    assert levels(row("Max[Gy]", "below", 9, *structures, organ=organ, select=select)) == expected


# -------------------------------------------------------------------------------- the organ as printed

OF_ORGANS = replace(
    USUAL,
    printed={
        "great vessels": ["greatve"],
        "windpipe": ["trachea", "bronchus"],
        "food pipe wall": ["stomach"],
        "all of it inside": ["heartwhole"],
    },
    together={
        "heart": ["heart", "pericardium"],
        "greatve": ["greatve", "a_aorta"],
        "stomach": ["stomach"],
        "liver": ["liver"],
        "trachea": ["trachea"],
        "body": ["body"],
        "heartwall": ["heartwall"],
    },
    apart={"heart": ["liver", "stomach"], "stomach": ["heart"]},
)


@pytest.mark.parametrize(
    ("organ", "structures", "expected"),
    [
        ("Heart", ("Heart",), NOTHING),
        ("Heart", ("Liver",), ERROR),
        ("heart; whole", ("Liver",), ERROR),
        ("Heart", ("Liver", "Stomach"), ERROR),
        ("Heart", ("Liver", "Trachea"), WARNING),  # the trachea is not listed as apart
        ("Heart", ("Liver", "Pericardium"), NOTHING),  # one of them stands for it
        ("Heart", ("Trachea",), WARNING),
        ("Liver", ("Heart",), WARNING),  # apart in one way is not apart in the other
        ("Beside the heart", ("Liver",), WARNING),  # names the heart, and is not its name
        ("Pericardium", ("Heart",), NOTHING),
        ("Heart", ("HeartWall",), NOTHING),  # the one is in the name of the other
        ("All of it inside", ("Heart",), NOTHING),
        ("All of it inside", ("HeartWall",), WARNING),
        ("Great vessels", ("A_Aorta",), NOTHING),
        ("Great  vessels", ("Heart",), WARNING),
        ("The great vessels of it", ("Heart",), WARNING),
        ("Windpipe", ("Trachea",), NOTHING),
        ("Windpipe", ("Heart",), WARNING),
        ("Beside the windpipe", ("Heart",), WARNING),
        ("Beside the windpipe", ("Trachea",), NOTHING),
        ("All of the food pipe wall there", ("Heart",), WARNING),
        ("All of the food pipe wall there", ("Stomach",), NOTHING),
        ("All of the food pipe", ("Heart",), NOTHING),  # a part of a name is none
        ("What we call it", ("Heart",), NOTHING),  # names nothing
        ("Heart", ("Ours",), NOTHING),  # a name of the clinic's own may be of any organ
        ("Heart", ("Body",), ERROR),
        ("Body", ("Body",), NOTHING),
        ("Body", ("External",), NOTHING),
        ("Body", ("Heart",), WARNING),
        ("Skin", ("Body",), NOTHING),  # contoured as the surface of the body
        ("Skin", ("Heart",), WARNING),
        ("Heart", ("Liver-GTV",), ERROR),
        ("Heart", ("Ours+GTV",), NOTHING),
    ],
)
def test_a_text_that_names_one_organ_and_structures_that_are_another(
    organ: str, structures: tuple[str, ...], expected: list[Level]
) -> None:
    asked = table(row("Max[Gy]", "below", 9, *structures, organ=organ, select=Select.EACH), id="own")
    assert levels_in(asked, OF_ORGANS) == expected


@pytest.mark.parametrize(
    ("organ", "structures", "fields", "expected"),
    [
        ("Renal hilum", ("Kidney_L", "Kidney_R"), {}, ERROR),
        ("Renal hilum", ("Kidney_Hilum_L",), {}, NOTHING),
        ("Renal cortex", ("Kidneys",), {}, ERROR),
        ("Kidneys (with cortex)", ("Kidneys",), {}, WARNING),  # the part is in brackets: the organ itself
        ("Renal cortex without hilum", ("Kidneys",), {}, WARNING),
        ("Spinal canal", ("SpinalCord",), {}, ERROR),
        ("Cord or canal", ("SpinalCord",), {}, WARNING),
        ("Thecal sac", ("SpinalCord",), {}, ERROR),
        ("Cord PRV", ("SpinalCord",), {}, WARNING),
        ("A PRV", ("SpinalCord",), {}, ERROR),
        ("A margin", ("SpinalCord",), {"id": "prv-of-it"}, ERROR),  # by its id
        ("Chest wall", ("Rib",), {}, ERROR),
        ("Rib or chest wall", ("Rib",), {}, NOTHING),
        ("Spinal canal", ("SpinalCanal", "SpinalCord"), {"select": Select.FIRST}, NOTHING),  # may stand in
        ("Spinal canal", ("SpinalCord", "SpinalCanal"), {"select": Select.FIRST}, ERROR),
    ],
)
def test_a_text_that_names_a_part_and_the_whole_organ_as_its_structure(
    organ: str, structures: tuple[str, ...], fields: dict[str, Any], expected: list[Level]
) -> None:
    usual = replace(USUAL, together={"kidney": ["kidney"], "spinalcord": ["spinalcord", "spinalcanal"], "rib": ["rib"]})
    asked = table(row("Max[Gy]", "below", 9, *structures, organ=organ, **fields), id="own")
    slips = [slip for _, slip in row_slips(asked, usual)]
    assert [slip.level for slip in slips if "is another structure" in slip.hint] == expected

"""Limits side by side: every row has one place, and only what may be compared shares a line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import row, table
from sbrtcheck.plan import Sex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import (
    Constraint,
    ConstraintTable,
    ExpectedOrgan,
    Kind,
    LimitByTargetVolume,
    Priority,
    Select,
    Status,
    Step,
    bundled_tables,
    load_sites,
)
from sbrtcheck.tables.by_organ import OrganLine, lines_by_organ, organ_of, without_limit
from sbrtcheck.tables.values import Choice, RowSide

LIMITS = st.sampled_from([10.0, 12.0, 12.5, 15.0])
VOLUMES_CC = (5.0, 50.0)


@st.composite
def by_volume(draw: st.DrawFn) -> LimitByTargetVolume:
    return LimitByTargetVolume(steps=tuple(Step(volume_cc=cc, limit=draw(LIMITS)) for cc in VOLUMES_CC))


@st.composite
def rows(draw: st.DrawFn) -> Constraint:
    return row(
        draw(st.sampled_from(["D0.03cc[Gy]", "D0.035cc[Gy]", "Max[Gy]"])),
        draw(st.sampled_from(["below", "at_most", "above", "at_least"])),
        draw(LIMITS | by_volume()),
        draw(st.sampled_from(["Heart", "SpinalCord"])),
        confirmed_by=draw(st.sampled_from([(), ("one",), ("one", "two")])),
        kind=draw(st.sampled_from([Kind.LIMIT, Kind.LIMIT, Kind.RISK, Kind.ADVISORY])),
        status=draw(st.sampled_from([Status.OK, Status.OK, Status.DISPUTED])),
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[ConstraintTable, ...]:
    numbered = [
        [replace(one, id=f"row-{n}") for n, one in enumerate(draw(st.lists(rows(), max_size=4)))]
        for _ in range(draw(st.integers(1, 4)))
    ]
    return tuple(table(*listed, id=f"table-{n}") for n, listed in enumerate(numbered))


def line_of(lines: tuple[OrganLine, ...], limit: tuple[str, str]) -> OrganLine:
    (found,) = (line for line in lines if limit in {one.key for one in line.limits})
    return found


@given(tables())
def test_every_row_has_one_place_and_a_line_has_one_organ_metric_and_side(
    given_tables: tuple[ConstraintTable, ...],
) -> None:
    lines = lines_by_organ(given_tables)
    placed = [limit.key for line in lines for limit in line.limits]
    assert sorted(placed) == sorted((one.id, row.id) for one in given_tables for row in one.rows)
    for line in lines:
        same = {(o.row.structures, str(o.row.metric), o.row.sense in ("below", "at_most")) for o in line.limits}
        assert len(same) == 1


@given(tables(), st.floats(9, 16), st.sampled_from(VOLUMES_CC))
def test_a_value_that_keeps_the_strictest_limit_keeps_all_that_count(
    given_tables: tuple[ConstraintTable, ...], value: float, volume_cc: float
) -> None:
    def keeps(one: Constraint) -> bool:
        allowed = one.at_target_volume(volume_cc)
        assert isinstance(allowed, Step)
        return one.sense.is_met(value, allowed.limit)

    for line in lines_by_organ(given_tables):
        counting = [limit.row for limit in line.limits if limit.counts]
        for limit in line.strictest:
            assert limit.counts
            assert not keeps(limit.row) or all(map(keeps, counting))


@given(tables())
def test_among_plain_numbers_the_strictest_is_the_smallest_that_counts(
    given_tables: tuple[ConstraintTable, ...],
) -> None:
    for line in lines_by_organ(given_tables):
        counting = [limit.row for limit in line.limits if limit.counts]
        if not counting or any(isinstance(one.limit, LimitByTargetVolume) for one in counting):
            continue
        best = (min if counting[0].sense in ("below", "at_most") else max)(one.limit for one in counting)
        words = {one.sense for one in counting if one.limit == best}
        strict = words & {"below", "above"} or words
        expected = {
            one.key
            for one in line.limits
            if one.counts and (one.row.limit, one.row.sense) in {(best, w) for w in strict}
        }
        assert {limit.key for limit in line.strictest} == expected
        assert not line.undecided


@pytest.mark.parametrize("sense", ["below", "above"])
def test_of_upper_limits_the_smallest_is_the_strictest_and_of_lower_ones_the_largest(sense: str) -> None:
    listed = [row("Max[Gy]", sense, number, id=f"{number:g}") for number in (12.0, 10.0, 15.0)]
    (line,) = lines_by_organ([table(*listed)])
    assert [limit.row.id for limit in line.strictest] == ["10" if sense == "below" else "15"]


@pytest.mark.parametrize(("sense", "reached"), [("below", "at_most"), ("above", "at_least")])
def test_a_limit_by_a_volume_is_the_strictest_where_it_is_so_for_every_volume(sense: str, reached: str) -> None:
    def of(name: str, sense: str, *limits: float) -> Constraint:
        steps = tuple(Step(volume_cc=cc, limit=limit) for cc, limit in zip(VOLUMES_CC, limits, strict=True))
        return row("Max[Gy]", sense, LimitByTargetVolume(steps=steps), id=name)

    best, worst = ("low", "high") if sense == "below" else ("high", "low")
    for of_best, of_worst, names in (
        (sense, sense, [best]),
        (sense, reached, [best]),
        (reached, sense, []),  # at 12 Gy the other one is stricter
        (reached, reached, [best]),
    ):
        senses = {best: of_best, worst: of_worst}
        (line,) = lines_by_organ([table(of("low", senses["low"], 12, 10), of("high", senses["high"], 12, 15))])
        assert ([limit.row.id for limit in line.strictest], line.undecided) == (names, not names)
    (overlapping,) = lines_by_organ([table(of("low", sense, 10, 12), of("wide", sense, 14, 11))])
    assert (overlapping.strictest, overlapping.undecided) == ((), True)


@given(tables(), tables())
def test_another_table_never_loosens_the_strictest_limit(
    some: tuple[ConstraintTable, ...], others: tuple[ConstraintTable, ...]
) -> None:
    more = (*some, *(replace(one, id=f"other-{one.id}") for one in others))
    lines = lines_by_organ(more)
    for line in lines_by_organ(some):
        for limit in line.strictest:
            now = line_of(lines, limit.key).strictest
            for stricter in now:
                numbers = [limit.row.limit, stricter.row.limit]
                if not any(isinstance(number, LimitByTargetVolume) for number in numbers):
                    assert stricter.row.sense.is_met(0.0, 1.0) == limit.row.sense.is_met(0.0, 1.0)
                    upper = limit.row.sense in ("below", "at_most")
                    assert numbers[1] <= numbers[0] if upper else numbers[1] >= numbers[0]


def test_the_limit_for_one_plan_decides_where_a_volume_left_it_open() -> None:
    steps = LimitByTargetVolume(steps=(Step(volume_cc=5, limit=10), Step(volume_cc=50, limit=20)))
    some = (
        table(row("V20Gy[%]", "below", 15, "Lungs"), id="fixed"),
        table(row("V20Gy[%]", "below", steps, "Lungs"), id="steps"),
    )
    (left_open,) = lines_by_organ(some)
    assert (left_open.strictest, left_open.undecided) == ((), True)
    for used, strictest in ((12.0, "steps"), (18.0, "fixed"), (None, "fixed")):
        (line,) = lines_by_organ(some, limits_used={("fixed", "row"): 15.0, ("steps", "row"): used})
        assert [limit.table_id for limit in line.strictest] == [strictest]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"structures": ("Lungs-GTV",)}, {"structures": ("Lungs-ITV", "Lungs-GTV"), "select": Select.FIRST}, True),
        ({"structures": ("Lungs",)}, {"structures": ("Lungs-GTV",)}, False),
        ({"structures": ("Liver-CTV",)}, {"structures": ("Liver-PTV",)}, True),
        ({"structures": ("Liver-CTV",)}, {"structures": ("Liver-GTVp_2",)}, True),
        ({"structures": ("Liver-GTV",)}, {"structures": ("Liver-GTV-Stomach",)}, False),
        (
            {"structures": ("SpinalCord", "Medulla"), "select": Select.UNION, "optional": ("Medulla",)},
            {"structures": ("SpinalCord",)},
            True,
        ),
        ({"structures": ("SpinalCord",)}, {"structures": ("SpinalCanal",)}, False),
        (
            {"structures": ("Kidney_L", "Kidney_R")},
            {"structures": ("Kidney_L", "Kidney_R"), "select": Select.UNION},
            False,
        ),
    ],
)
def test_rows_are_on_the_same_organ_where_their_limits_may_be_compared(
    one: dict[str, object], other: dict[str, object], *, same: bool
) -> None:
    organs = {organ_of(row("Mean[Gy]", "below", 5, **fields)) for fields in (one, other)}
    assert (len(organs) == 1) is same


def test_what_a_row_is_about_in_words() -> None:
    kidneys = ("Kidney_L", "Kidney_R")
    of_one = row("Mean[Gy]", "below", 5, *kidneys, side=RowSide.IPSILATERAL, sex=Sex.FEMALE)
    assert organ_of(of_one) == "Kidney_L, Kidney_R, ipsilateral, female"
    assert organ_of(row("Mean[Gy]", "below", 5, "Liver-GTV")) == "Liver less target"


def test_neighbouring_volumes_are_neighbouring_lines_and_never_one() -> None:
    metrics = ["D5cc[Gy]", "Mean[Gy]", "D0.035cc[Gy]", "DC700cc[Gy]", "D0.03cc[Gy]", "D10%[Gy]", "Max[Gy]", "D10cc[Gy]"]
    listed = [row(metric, "below", 20, "Liver", id=f"row-{n}") for n, metric in enumerate(metrics)]
    lines = [str(line.row.metric) for line in lines_by_organ([table(*listed)])]
    assert lines == [
        *("D10%[Gy]", "D0.03cc[Gy]", "D0.035cc[Gy]", "D5cc[Gy]", "D10cc[Gy]", "DC700cc[Gy]", "Max[Gy]", "Mean[Gy]"),
    ]


def test_targets_come_first_then_expected_organs_in_their_order() -> None:
    expected = [ExpectedOrgan(organ=name, structures=(name,), choice="why not") for name in ("Heart", "Lungs")]
    listed = [row("Mean[Gy]", "below", 5, name, id=name) for name in ("Skin", "Lungs", "PTV", "Heart")]
    lines = lines_by_organ([table(*listed)], expected=expected)
    assert [line.organ for line in lines] == ["PTV", "Heart", "Lungs", "Skin"]


def test_an_organ_that_is_more_than_its_target_is_no_target() -> None:
    listed = [
        row("Mean[Gy]", "below", 5, "PTV", "Bowel", id="more", select=Select.UNION),
        row("Mean[Gy]", "below", 5, "Heart", id="heart"),
        row("Mean[Gy]", "below", 5, "GTV", "PTV", id="targets", select=Select.UNION),
    ]
    expected = [ExpectedOrgan(organ="Heart", structures=("Heart",), choice="why not")]
    lines = lines_by_organ([table(*listed)], expected=expected)
    assert [line.row.id for line in lines] == ["targets", "heart", "more"]


def test_doses_of_another_kind_or_for_another_ratio_have_lines_of_their_own() -> None:
    kinds: list[dict[str, object]] = [
        {},
        {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0},
        {"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0},
        {"quantity": Quantity.BED, "alpha_beta_gy": 3.0},
    ]
    listed = [row("Mean[Gy]", "below", 5.0 + n, id=f"row-{n}", **fields) for n, fields in enumerate(kinds)]
    lines = lines_by_organ([table(*listed)])
    assert [[limit.row.id for limit in line.strictest] for line in lines] == [[one.id] for one in listed]


def test_rows_for_another_site_are_left_out() -> None:
    of_site = table(row("Mean[Gy]", "below", 5, site="liver"), row("Max[Gy]", "below", 5, id="all"))
    assert [str(line.row.metric) for line in lines_by_organ([of_site], sites=("lung",))] == ["Max[Gy]"]
    assert len(lines_by_organ([of_site])) == 2


def test_an_organ_is_without_limit_where_no_row_on_it_counts() -> None:
    names = ("Heart", "Lungs", "Skin", "Liver", "Colon")
    expected = [ExpectedOrgan(organ=name.lower(), structures=(name, f"{name}-GTV"), choice="why not") for name in names]
    listed = [
        row("Mean[Gy]", "below", 5, "Heart", confirmed_by=("one",)),
        row("Mean[Gy]", "below", 5, "Lungs-GTV"),
        row("Mean[Gy]", "below", 5, "Skin", kind=Kind.RISK),
        row("Mean[Gy]", "below", 5, "Liver", status=Status.DISPUTED),
    ]
    assert [organ.organ for organ in without_limit(listed, expected)] == ["heart", "skin", "liver", "colon"]


@given(st.integers(1, 8), st.sampled_from(load_sites().ids))
def test_of_the_shipped_tables_too(fractions: int, site: str) -> None:
    rows_there = [
        one
        for shipped in bundled_tables()
        if shipped.holds_for(fractions) and shipped.site in (site, "multi")
        for one in shipped.rows
    ]
    counting = {name for one in rows_there if one.counts(include_unconfirmed=False) for name in one.structures}
    expected = load_sites().site(site).expects
    lacking = without_limit(rows_there, expected)
    assert lacking == tuple(organ for organ in expected if not counting & set(organ.structures))


def test_one_side_one_sex_and_an_optimal_goal_have_lines_of_their_own() -> None:
    plexus = ("BrachialPlex_L", "BrachialPlex_R")
    listed = [
        row("Max[Gy]", "below", 20, *plexus, id="both"),
        row("Max[Gy]", "below", 10, *plexus, id="near", side=RowSide.IPSILATERAL),
        row("Max[Gy]", "below", 9, *plexus, id="female", sex=Sex.FEMALE),
        row("Max[Gy]", "below", 8, *plexus, id="optimal", priority=Priority.OPTIMAL),
        row("Max[Gy]", "below", 19, *plexus, id="must", priority=Priority.MANDATORY),
    ]
    lines = lines_by_organ([table(*listed)])
    assert sorted([limit.row.id for limit in line.strictest] for line in lines) == [
        ["female"],
        ["must"],
        ["near"],
        ["optimal"],
    ]


def test_an_airway_is_one_organ_whether_a_row_takes_it_as_one_too_or_in_parts_only() -> None:
    parts = Choice(structures=("Trachea", "Bronchus_Main"))
    as_one = Choice(structures=("ProxBronchTree", "Trachea"), optional=("Trachea",))
    names = ("ProxBronchTree", "Trachea", "Bronchus_Main")
    either = row("Max[Gy]", "below", 20, *names, select=Select.FIRST, choices=(as_one, parts))
    in_parts = row("Max[Gy]", "below", 20, "Trachea", "Bronchus_Main", select=Select.UNION)
    assert organ_of(either) == organ_of(in_parts) == "Trachea + Bronchus_Main"
    assert organ_of(row("Max[Gy]", "below", 20, "SpinalCord", "SpinalCanal", select=Select.FIRST)) != "SpinalCord"

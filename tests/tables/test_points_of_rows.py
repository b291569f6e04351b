"""A row and a DVH: the point with all its fields, or why there is none; which structures a row is drawn on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dvh_builders import NOT_KNOWN, dvh_set, percent_dvh, plan_of, ramp_dvh, row, table
from sbrtcheck.chart.points import CurvePoint, NotDrawn, Side
from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.plan import Sex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import Choice, Constraint, LimitByTargetVolume, RowSide, Select, Step
from sbrtcheck.tables.points import axis_point, curve_point, row_points

DVH = ramp_dvh(volume_cc=20.0)  # for 50 Gy in 5 fractions
IN_PERCENT = percent_dvh()


def place(one: CurvePoint | NotDrawn) -> Any:
    if isinstance(one, NotDrawn):
        return one.reason
    return one.dose_gy, one.volume_percent, one.volume_cc, str(one.side)


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "expected"),
    [
        ("D2cc[Gy]", "below", 18, (18.0, 10.0, 2.0, "under")),
        ("D20cc[Gy]", "below", 18, (18.0, 100.0, 20.0, "under")),  # all of it, and no more
        ("D20.1cc[Gy]", "below", 18, "volume too small"),
        ("D2cc[Gy]", "at_least", 18, (18.0, 10.0, 2.0, "over")),
        ("D25%[%Rx]", "at_most", 90, (45.0, 25.0, 5.0, "under")),
        ("DC5cc[Gy]", "below", 18, (18.0, 75.0, 15.0, "under")),
        ("V10Gy[cc]", "at_most", 5, (10.0, 25.0, 5.0, "under")),
        ("V10%Rx[%]", "above", 5, (5.0, 5.0, 1.0, "over")),
        ("CV10Gy[cc]", "at_least", 5, (10.0, 75.0, 15.0, "under")),  # much cold volume is little dose
        ("CV10Gy[%]", "at_most", 5, (10.0, 95.0, 19.0, "over")),
        ("Max[%Rx]", "below", 110, (55.0, 0.0, 0.0, "under")),
        ("Median[Gy]", "below", 9, (9.0, 50.0, 10.0, "under")),
        ("Min[Gy]", "at_least", 9, (9.0, 100.0, 20.0, "over")),
        ("Mean[Gy]", "below", 9, "no point on a curve"),
        ("gEUD(a=2)[Gy]", "below", 9, "no point on a curve"),
        ("Volume[cc]", "below", 9, "no point on a curve"),
    ],
)
def test_the_place_of_a_row_on_a_curve(metric: str, sense: str, limit: float, expected: Any) -> None:
    asked = row(metric, sense, float(limit))
    found = curve_point(asked, DVH, limit=float(limit), counts=True)
    assert place(found) == (expected if isinstance(expected, str) else (*map(pytest.approx, expected[:3]), expected[3]))
    assert found.label == f"{metric} {sense.replace('_', ' ')} {limit:g}"


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "expected"),
    [
        ("Mean[Gy]", "below", 9, (9.0, 0.0, 0.0, "under")),
        ("Max[Gy]", "at_most", 9, (9.0, 0.0, 0.0, "under")),
        ("Min[%Rx]", "at_least", 90, (45.0, 0.0, 0.0, "over")),
        ("gEUD(a=2)[%Rx]", "below", 10, (5.0, 0.0, 0.0, "under")),
        ("Median[Gy]", "below", 9, "no limit on one dose"),
        ("D5%[Gy]", "below", 9, "no limit on one dose"),
    ],
)
def test_the_place_of_a_row_on_the_axis_of_doses(metric: str, sense: str, limit: float, expected: Any) -> None:
    assert place(axis_point(row(metric, sense, float(limit)), DVH, limit=float(limit), counts=True)) == expected


def test_every_field_of_a_point() -> None:
    asked = row("D25%[Gy]", "at_most", 12.5, "Another name")
    expected = CurvePoint(
        structure="SpinalCord",
        label="D25%[Gy] at most 13",
        dose_gy=13.0,
        volume_percent=25.0,
        volume_cc=5.0,
        side=Side.UNDER,
        counts=False,
    )
    assert curve_point(asked, DVH, limit=13.0, counts=False) == expected  # the limit that holds for the plan
    assert curve_point(asked, DVH, limit=13.0, counts=True) == replace(expected, counts=True)
    assert curve_point(asked, IN_PERCENT, limit=13.0, counts=False) == replace(expected, volume_cc=None)


def test_without_volumes_in_cc_or_a_prescription_some_rows_are_nowhere() -> None:
    unknown = replace(DVH, prescription=NOT_KNOWN)

    def of(metric: str, dvh: Any) -> Any:
        return place(curve_point(row(metric, "below", 9.0), dvh, limit=9.0, counts=True))

    assert of("D2cc[Gy]", IN_PERCENT) == of("V2Gy[cc]", IN_PERCENT) == "no absolute volume"
    assert of("D2%[%Rx]", unknown) == of("V2%Rx[%]", unknown) == of("Max[%Rx]", unknown) == "prescription unknown"
    assert of("V2%Rx[cc]", replace(IN_PERCENT, prescription=NOT_KNOWN)) == "prescription unknown"
    assert of("D2%[Gy]", unknown) == (9.0, 2.0, pytest.approx(0.4), "under")
    on_axis = axis_point(row("Mean[%Rx]", "below", 9.0), unknown, limit=9.0, counts=True)
    assert place(on_axis) == "prescription unknown"
    in_eqd2 = row("Max[Gy]", "below", 9.0, quantity=Quantity.EQD2, alpha_beta_gy=3.0)
    assert place(curve_point(in_eqd2, DVH, limit=9.0, counts=True)) == "another kind of dose"
    assert place(axis_point(in_eqd2, DVH, limit=9.0, counts=True)) == "another kind of dose"


def drawn(asked: Constraint, *names: str, **fields: Any) -> tuple[list[str], list[str]]:
    dvhs = replace(dvh_set(*map(ramp_dvh, names)), **fields)
    points, left = row_points([asked], dvhs, None)
    assert {one.label for one in left} <= {str(asked.metric)}
    return [point.structure for point in points], [one.reason for one in left]


MISSING = "structure missing"


@pytest.mark.parametrize(
    ("fields", "points", "left"),
    [
        ({"structures": ("Heart",)}, ["Heart"], []),
        ({"structures": ("Heart", "Liver", "Skin")}, ["Heart", "Liver"], [MISSING]),
        ({"structures": ("Skin", "Liver", "Heart"), "select": Select.FIRST}, ["Liver"], []),
        ({"structures": ("Skin", "Spleen"), "select": Select.FIRST}, [], [MISSING]),
        ({"structures": ("Skin", "Spleen"), "select": Select.UNION}, [], [MISSING]),
        ({"structures": ("Skin", "Heart"), "select": Select.UNION}, ["Heart"], []),
        ({"side": RowSide.IPSILATERAL}, [], ["limit is for the ipsilateral organ (plot the report)"]),
        ({"sex": Sex.FEMALE}, [], ["limit is for a female patient (plot the report)"]),
        (
            {"limit": LimitByTargetVolume(steps=(Step(volume_cc=1.0, limit=9.0),))},
            [],
            ["limit depends on a volume (plot the report)"],
        ),
    ],
)
def test_the_structures_that_a_row_is_drawn_on(fields: dict[str, Any], points: list[str], left: list[str]) -> None:
    asked = row("D5%[Gy]", "below", fields.pop("limit", 9.0), *fields.pop("structures", ("Heart",)), **fields)
    assert drawn(asked, "Heart", "Liver") == (points, left)


def test_a_row_for_the_other_sex_is_not_of_the_plan() -> None:
    asked = row("D5%[Gy]", "below", 9.0, "Heart", sex=Sex.FEMALE)
    assert drawn(asked, "Heart", sex=Sex.MALE) == ([], [])
    assert drawn(asked, "Heart", sex=Sex.FEMALE) == (["Heart"], [])


def test_parts_are_one_organ_each_once_and_by_the_users_names() -> None:
    dvhs = compute_dvhs(plan_of(Trachea=0.0, Mine=20.0))
    parts, alone = Choice(structures=("Trachea", "Heart"), optional=("Heart",)), Choice(structures=("Trachea",))
    names = ("Trachea", "Heart")

    def structures(*choices: Choice, given: dict[str, str] | None = None) -> list[str]:
        asked = row("D5%[Gy]", "below", 9.0, *names, select=Select.FIRST, choices=choices)
        points, left = row_points([asked], dvhs, given)
        return [point.structure for point in points] + [one.reason for one in left]

    assert structures(parts) == structures(alone) == ["Trachea"]
    assert structures(parts, given={"Heart": "Mine"}) == ["Trachea + Mine"]
    assert structures(Choice(structures=names), alone, given={"Trachea": "Mine"}) == ["Mine"]
    assert structures(Choice(structures=("Heart",)), alone) == ["Trachea"]
    union = row("D5%[Gy]", "below", 9.0, *names, select=Select.UNION)
    (whole,), left = row_points([union], dvhs, {"Heart": "Mine"})
    assert (whole.structure, left) == ("Trachea + Mine", ())
    assert whole.volume_cc == pytest.approx(0.05 * 2.0, rel=0.02)  # 5 % of two boxes of 1 cc each
    twice, left = row_points([union], dvhs, {"Heart": "Trachea"})  # the same structure under both names
    assert ([one.structure for one in twice], left) == (["Trachea"], ())


def test_rows_of_a_table_for_another_number_of_fractions_are_not_drawn_and_each_is_named() -> None:
    dvhs = dvh_set(ramp_dvh("Heart"))  # in five
    rows = (row("D5%[Gy]", "below", 9.0, "Heart"), row("V5Gy[cc]", "below", 9.0, "Heart"))
    points, left = table(*rows, fractions=(3,)).points(dvhs)
    reason = "test-table is for 3 fractions"
    assert (points, left) == ((), tuple(NotDrawn(label=label, reason=reason) for label in ("D5%[Gy]", "V5Gy[cc]")))
    points, left = table(*rows, fractions=(3, 5)).points(dvhs)
    assert ([point.structure for point in points], left) == (["Heart", "Heart"], ())


def test_an_ambiguous_organ_is_not_drawn_and_separate_targets_are_drawn_one_by_one() -> None:
    asked = row("D5%[Gy]", "below", 9.0, "Heart")
    points, left = row_points([asked], dvh_set(ramp_dvh("heart"), ramp_dvh("HEART")), None)
    assert (points, left) == ((), (NotDrawn(label="D5%[Gy]", reason="structure ambiguous"),))
    targets = compute_dvhs(plan_of(PTV_1=0.0, PTV_2=20.0))
    points, left = row_points([row("D95%[Gy]", "at_least", 9.0, "PTV")], targets, None)
    assert ([point.structure for point in points], left) == (["PTV_1", "PTV_2"], ())

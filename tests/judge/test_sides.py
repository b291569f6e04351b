"""On which side the targets lie, by contours alone: every answer with its words, and the ends of what is still a side.

No DVH is computed here: a box is 10 mm wide, and its place along x is all that a side is told by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from dvh_builders import dvh_set, plan_of, row, uniform_dvh
from sbrtcheck.dvh import Reason
from sbrtcheck.judge.naming import match_plan
from sbrtcheck.judge.sides import SidesOfTargets, UnknownSides, on_side, sides_of_targets, swapped_pairs
from sbrtcheck.judge.structures import PlanStructures, plan_structures
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Contours, FindingCode
from sbrtcheck.tables import RowSide, Side

KIDNEYS = {Side.LEFT: "Kidney_L", Side.RIGHT: "Kidney_R"}
APART = {"Kidney_L": 20.0, "Kidney_R": -30.0}  # their middles at 25 and -25 mm: the midline is at 0
MIDDLE = "the middle between Kidney_L and Kidney_R"
ROW = {side: row("Mean[Gy]", "below", 30.0, *KIDNEYS.values(), side=side) for side in RowSide}
HOW = "(--laterality left or right says it)"


def structures(
    boxes_mm: Mapping[str, float],
    given: Side | None = None,
    *,
    contoured: bool = True,
    empty: tuple[str, ...] = (),
    names: Mapping[str, str] | None = None,
) -> PlanStructures:
    """Boxes by the x where they begin, with DVHs that nobody looks at; ``empty`` ones have no contours."""
    made = plan_of(**boxes_mm)
    parts = [replace(one, contours=Contours.of()) if one.name in empty else one for one in made.structures]
    plan = replace(made, structures=tuple(parts)) if contoured else None
    dvhs = replace(dvh_set(*map(uniform_dvh, boxes_mm)), plan=plan)
    return plan_structures(dvhs, match_plan(dvhs, KIDNEYS.values(), names), given)


def of_widths(**x_mm: tuple[float, float]) -> PlanStructures:
    """Structures by where they begin and end."""
    loops = {
        name: [[[x0, 0, z], [x1, 0, z], [x1, 10, z], [x0, 10, z]] for z in (0, 2)] for name, (x0, x1) in x_mm.items()
    }
    made = plan_of(**dict.fromkeys(x_mm, 0.0))
    parts = tuple(replace(one, contours=Contours.of(*loops[one.name])) for one in made.structures)
    dvhs = replace(dvh_set(*map(uniform_dvh, x_mm)), plan=replace(made, structures=parts))
    return plan_structures(dvhs, match_plan(dvhs, KIDNEYS.values()), None)


def told(boxes_mm: Mapping[str, float], given: Side | None = None) -> tuple[str, str]:
    """The sides, or "unknown" or "contradiction", and the words."""
    found = sides_of_targets(KIDNEYS, structures(boxes_mm, given))
    if isinstance(found, UnknownSides):
        assert found.with_hint == (found.reason if found.is_contradiction else f"{found.reason} {HOW}")
        return "contradiction" if found.is_contradiction else "unknown", found.reason
    return " ".join(sorted(found.sides)), found.text


MIXED_UP = "names or coordinates are mixed up"


@pytest.mark.parametrize(
    ("boxes_mm", "sides", "text"),
    [
        (APART | {"PTV": 0.1}, "left", f"PTV lies left of {MIDDLE}"),
        (APART | {"PTV": 0.0}, "unknown", f"PTV lies on neither side of {MIDDLE}"),  # it begins on the midline
        (APART | {"PTV": -5.0}, "unknown", f"PTV lies on neither side of {MIDDLE}"),
        (APART | {"PTV": -10.0}, "unknown", f"PTV lies on neither side of {MIDDLE}"),  # it ends there
        (APART | {"PTV": -10.1}, "right", f"PTV lies right of {MIDDLE}"),
        (APART | {"PTV": -20.0, "GTV": 5.0}, "left right", f"GTV, PTV lie left and right of {MIDDLE}"),
        (APART | {"PTV": 5.0, "GTV": 7.0}, "left", f"GTV, PTV lie left of {MIDDLE}"),
        (APART, "unknown", "the plan has no target whose side could be told"),
        # what may be a target is none, but must not lie elsewhere; on neither side it says nothing
        (APART | {"PTV": 5.0, "PTV_old": 12.0}, "left", f"PTV lies left of {MIDDLE}"),
        (APART | {"PTV": 5.0, "PTV_old": -5.0}, "left", f"PTV lies left of {MIDDLE}"),
        (
            APART | {"PTV": 5.0, "PTV_old": -15.0},
            "unknown",
            f"PTV_old may be a target too, and lies right of {MIDDLE}",
        ),
        # one of the two: the cord, or its canal where there is none
        ({"Kidney_L": 20.0, "SpinalCord": -5.0, "PTV": 0.1}, "left", "PTV lies left of the middle of SpinalCord"),
        ({"Kidney_R": -30.0, "SpinalCord": -5.0, "PTV": 0.1}, "left", "PTV lies left of the middle of SpinalCord"),
        (
            {"Kidney_R": -30.0, "SpinalCanal": -5.0, "PTV": -10.1},
            "right",
            "PTV lies right of the middle of SpinalCanal",
        ),
        (
            {"Kidney_L": 20.0, "SpinalCanal": 0.0, "SpinalCord": -5.0, "PTV": 0.1},
            "left",
            "PTV lies left of the middle of SpinalCord",
        ),
        (
            {"Kidney_L": 20.0, "PTV": 0.1},
            "unknown",
            "neither both organs nor the spinal cord are contoured to tell the midline from",
        ),
        # wherever the coordinates of the plan begin
        ({"Kidney_L": 50.0, "Kidney_R": 0.0, "PTV": 30.1}, "left", f"PTV lies left of {MIDDLE}"),  # between 55 and 5 mm
        ({"Kidney_L": 50.0, "Kidney_R": 0.0, "PTV": 30.0}, "unknown", f"PTV lies on neither side of {MIDDLE}"),
        ({"Kidney_L": 50.0, "Kidney_R": 0.0, "PTV": 20.0}, "unknown", f"PTV lies on neither side of {MIDDLE}"),
        ({"Kidney_L": 50.0, "Kidney_R": 0.0, "PTV": 19.9}, "right", f"PTV lies right of {MIDDLE}"),
        # names that the contours belie, or that lie in one place
        (
            {"Kidney_L": -30.0, "Kidney_R": 20.0, "PTV": 5.0},
            "contradiction",
            f"Kidney_L lies to the right of Kidney_R: {MIXED_UP}",
        ),
        (
            {"Kidney_L": 20.0, "Kidney_R": 20.0, "PTV": 5.0},
            "contradiction",
            f"Kidney_L lies to the right of Kidney_R: {MIXED_UP}",
        ),
        (
            {"Kidney_L": -5.0, "SpinalCord": -5.0, "PTV": 20.0},
            "contradiction",
            f"Kidney_L does not lie left of SpinalCord: {MIXED_UP}",
        ),
        (
            {"Kidney_R": -5.0, "SpinalCord": -5.0, "PTV": 20.0},
            "contradiction",
            f"Kidney_R does not lie right of SpinalCord: {MIXED_UP}",
        ),
        ({"Kidney_L": -4.9, "SpinalCord": -5.0, "PTV": 20.0}, "left", "PTV lies left of the middle of SpinalCord"),
        ({"Kidney_R": -5.1, "SpinalCord": -5.0, "PTV": 20.0}, "left", "PTV lies left of the middle of SpinalCord"),
    ],
)
def test_the_side_is_told_by_the_contours_or_it_is_said_why_not(
    boxes_mm: dict[str, float], sides: str, text: str
) -> None:
    assert told(boxes_mm) == (sides, text)


@pytest.mark.parametrize(
    ("boxes_mm", "given", "sides", "text"),
    [
        (APART | {"PTV": 5.0}, Side.LEFT, "left", "target left, as given"),
        (
            APART | {"PTV": 5.0},
            Side.RIGHT,
            "unknown",
            f"the laterality given is right, and by its contours PTV lies left of {MIDDLE}",
        ),
        (
            APART | {"PTV": -20.0, "GTV": 5.0},
            Side.RIGHT,
            "right",
            f"target right, as given; by its contours GTV, PTV lie left and right of {MIDDLE}",
        ),
        (APART | {"PTV": -5.0}, Side.RIGHT, "right", "target right, as given"),
        (APART, Side.LEFT, "left", "target left, as given"),
        (
            {"Kidney_L": -30.0, "Kidney_R": 20.0, "PTV": 5.0},
            Side.LEFT,
            "contradiction",
            f"Kidney_L lies to the right of Kidney_R: {MIXED_UP}",
        ),
    ],
)
def test_the_side_that_is_given_wins_but_not_against_the_contours(
    boxes_mm: dict[str, float], given: Side, sides: str, text: str
) -> None:
    assert told(boxes_mm, given) == (sides, text)


@pytest.mark.parametrize(("left_of", "side"), [(10.1, "left"), (9.9, "neither side"), (-20.1, "right")])
def test_the_midline_is_between_the_middles_of_organs_however_wide(left_of: float, side: str) -> None:
    """The middles of 30 mm to 50 mm and of -50 mm to 10 mm are 40 mm and -20 mm: the midline is at 10 mm."""
    of = of_widths(Kidney_L=(30.0, 50.0), Kidney_R=(-50.0, 10.0), PTV=(left_of, left_of + 30.0))
    found = sides_of_targets(KIDNEYS, of)
    words = found.reason if isinstance(found, UnknownSides) else found.text
    assert words == f"PTV lies{' on' if ' ' in side else ''} {side} of {MIDDLE}"


def test_the_cord_is_the_one_whose_name_was_given() -> None:
    of = {"Kidney_L": 20.0, "SpinalCord": 30.0, "Myelon": -5.0, "PTV": 0.1}
    found = sides_of_targets(KIDNEYS, structures(of, names={"SpinalCord": "Myelon"}))
    assert found == SidesOfTargets(sides=frozenset({Side.LEFT}), text="PTV lies left of the middle of SpinalCord")


def test_of_two_structures_of_a_name_the_one_that_was_matched_tells_the_side() -> None:
    """Its namesake without contours comes first."""
    of = structures(APART | {"PTV": 5.0})
    assert of.plan is not None
    namesake = replace(of.plan.structures[0], number=99, contours=Contours.of())
    plan = replace(of.plan, structures=(namesake, *of.plan.structures))
    dvhs = replace(of.dvhs, plan=plan)
    found = sides_of_targets(KIDNEYS, plan_structures(dvhs, match_plan(dvhs, KIDNEYS.values()), None))
    assert found == SidesOfTargets(sides=frozenset({Side.LEFT}), text=f"PTV lies left of {MIDDLE}")


def test_without_contours_no_side_is_told_but_the_given_one() -> None:
    of = APART | {"PTV": 5.0}
    assert sides_of_targets(KIDNEYS, structures(of, contoured=False)) == UnknownSides(
        reason="the DVHs were read, and without contours the side of the target is not known"
    )
    said = SidesOfTargets(sides=frozenset({Side.LEFT}), text="target left, as given")
    assert sides_of_targets(KIDNEYS, structures(of, Side.LEFT, contoured=False)) == said


# -------------------------------------------------------------------------------- the structures of a row


def chosen(
    boxes_mm: Mapping[str, float], side: RowSide, given: Side | None = None
) -> list[tuple[str, list[tuple[FindingCode, str, str]]]]:
    """Organ, and findings with what they are about, of each structure that the row is on."""
    found = on_side(ROW[side], side, structures(boxes_mm, given))
    return [(one.organ, [(said.code, said.text, said.subject) for said in one.findings]) for one in found]


CODE = FindingCode.SIDE_OF_TARGET


@pytest.mark.parametrize(("target", "here", "there"), [(5.0, "left", "right"), (-15.0, "right", "left")])
def test_a_row_is_on_the_organ_of_its_side_and_says_by_what(target: float, here: str, there: str) -> None:
    organ = {"left": "Kidney_L", "right": "Kidney_R"}
    words = f"PTV lies {here} of {MIDDLE}"
    of = APART | {"PTV": target}
    assert chosen(of, RowSide.IPSILATERAL) == [(organ[here], [(CODE, f"ipsilateral: {words}", organ[here])])]
    assert chosen(of, RowSide.CONTRALATERAL) == [(organ[there], [(CODE, f"contralateral: {words}", organ[there])])]


def test_a_finding_is_about_the_structure_by_the_name_it_has_in_the_plan() -> None:
    of = {"Lt Kidney": 20.0, "Rt Kidney": -30.0, "PTV": 5.0}
    assert chosen(of, RowSide.IPSILATERAL) == [
        ("Kidney_L", [(CODE, f"ipsilateral: PTV lies left of {MIDDLE}", "Lt Kidney")])
    ]


def test_where_the_side_is_not_known_both_are_judged_or_neither() -> None:
    of = APART | {"PTV": -5.0}
    why = f"PTV lies on neither side of {MIDDLE}"
    both = f"both sides are judged: {why}"
    assert chosen(of, RowSide.IPSILATERAL) == [(organ, [(CODE, both, organ)]) for organ in ("Kidney_L", "Kidney_R")]
    (neither,) = on_side(ROW[RowSide.CONTRALATERAL], RowSide.CONTRALATERAL, structures(of))
    assert neither.dvh == NotMeasured(reason=Reason.SIDE_UNKNOWN, detail=f"{why} {HOW}")
    assert (neither.organ, neither.structure, neither.findings) == ("Kidney_L or Kidney_R", None, ())
    swapped = {"Kidney_L": -30.0, "Kidney_R": 20.0, "PTV": 5.0}
    (belied,) = on_side(ROW[RowSide.CONTRALATERAL], RowSide.CONTRALATERAL, structures(swapped))
    assert isinstance(belied.dvh, NotMeasured)
    assert belied.dvh.detail == f"Kidney_L lies to the right of Kidney_R: {MIXED_UP}"  # no side would help


def test_targets_on_both_sides_leave_both_organs_or_none() -> None:
    of = APART | {"PTV": -20.0, "GTV": 5.0}
    words = f"GTV, PTV lie left and right of {MIDDLE}"
    assert [organ for organ, _ in chosen(of, RowSide.IPSILATERAL)] == ["Kidney_L", "Kidney_R"]
    (neither,) = on_side(ROW[RowSide.CONTRALATERAL], RowSide.CONTRALATERAL, structures(of))
    assert isinstance(neither.dvh, NotMeasured)
    assert neither.dvh.detail == f"{words}: neither of the two is contralateral {HOW}"


def test_an_organ_of_the_side_that_is_not_there_is_the_one_that_is_missed() -> None:
    of = {"Kidney_R": -30.0, "SpinalCord": -5.0, "PTV": 5.0}
    ((organ, findings),) = chosen(of, RowSide.IPSILATERAL)
    assert organ == "Kidney_L"
    assert findings == [(CODE, "ipsilateral: PTV lies left of the middle of SpinalCord", "Kidney_L")]
    (missing,) = on_side(ROW[RowSide.IPSILATERAL], RowSide.IPSILATERAL, structures(of))
    assert missing.is_missing
    (neither,) = on_side(ROW[RowSide.IPSILATERAL], RowSide.IPSILATERAL, structures({"PTV": 5.0}))
    assert (neither.organ, neither.is_missing, neither.findings) == ("Kidney_L or Kidney_R", True, ())
    # a name that probably is one of them keeps the question of the side
    probable = {"Kidney_L_old": 20.0, "SpinalCord": -5.0, "PTV": 5.0}
    (left,) = on_side(ROW[RowSide.IPSILATERAL], RowSide.IPSILATERAL, structures(probable))
    assert (left.organ, left.probable) == ("Kidney_L", ("Kidney_L_old",))


# -------------------------------------------------------------------------------- pairs the wrong way round


@pytest.mark.parametrize(
    ("boxes_mm", "left"),
    [
        ({"Kidney_L": -30.0, "Kidney_R": 20.0}, ["Kidney_L"]),
        ({"Kidney_L": 20.0, "Kidney_R": 20.1}, ["Kidney_L"]),
        ({"Kidney_L": 20.0, "Kidney_R": 20.0}, []),
        (APART, []),
        ({"Kidney_L": -30.0}, []),
        # organs that no row asks for, under any of their names; each pair on its own
        ({"Lt Lung": -30.0, "Rt Lung": 20.0}, ["Lung_L"]),
        ({"Heart": 0.0, "Lung_L": -30.0, "Lung_R": 20.0, "Kidney_L": -9.0, "Kidney_R": 9.0}, ["Kidney_L", "Lung_L"]),
        ({"Kidney_L": 9.0, "Kidney_R": -9.0, "Lung_L": -30.0, "Lung_R": 20.0}, ["Lung_L"]),
        ({"Lung_L": -30.0, "LUNG_L": -20.0, "Lung_R": 20.0}, []),  # which of the two is meant is not known
    ],
)
def test_a_left_organ_to_the_right_of_the_right_one_is_swapped(boxes_mm: dict[str, float], left: list[str]) -> None:
    found = list(swapped_pairs(structures(boxes_mm)))
    assert [one.pair[Side.LEFT] for one in found] == left
    for one in found:
        right = one.pair[Side.LEFT].replace("_L", "_R")
        assert one.pair[Side.RIGHT] == right
        assert one.text == f"{one.pair[Side.LEFT]} lies to the right of {right}: {MIXED_UP}"
    assert list(swapped_pairs(structures(boxes_mm, contoured=False))) == []


@pytest.mark.parametrize("empty", ["Lung_L", "Lung_R", "Kidney_L"])
def test_what_nobody_contoured_is_swapped_with_nothing(empty: str) -> None:
    of = {"Lung_L": -30.0, "Lung_R": 20.0} if "Lung" in empty else {"Kidney_L": -30.0, "Kidney_R": 20.0}
    assert list(swapped_pairs(structures(of, empty=(empty,)))) == []


@pytest.mark.parametrize(
    ("left_mm", "right_mm", "is_swapped"),
    [
        ((-30.0, 40.0), (-20.0, -10.0), False),  # the middles are at 5 mm and -15 mm
        ((0.0, 10.0), (-40.0, 20.0), False),
        ((-40.0, 20.0), (0.0, 10.0), True),
        ((-20.0, -10.0), (-30.0, 40.0), True),
    ],
)
def test_which_of_a_pair_lies_left_is_told_by_their_middles(
    left_mm: tuple[float, float], right_mm: tuple[float, float], is_swapped: bool
) -> None:
    assert bool(list(swapped_pairs(of_widths(Kidney_L=left_mm, Kidney_R=right_mm)))) is is_swapped


def test_organs_of_given_names_are_swapped_whatever_lies_under_the_organs_own_names() -> None:
    given_names = {"Kidney_L": "one", "Kidney_R": "other"}
    for one_mm, is_swapped in ((-20.0, True), (20.0, False)):
        of = {"one": one_mm, "other": 0.0, "Kidney_L": -one_mm, "Kidney_R": 0.0}
        assert bool(list(swapped_pairs(structures(of, names=given_names)))) is is_swapped

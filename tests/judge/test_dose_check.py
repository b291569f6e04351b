"""Whether a dose can be that of its prescription, and a plan that of a site: each number just inside and just outside.

The shares of the prescription are stated here anew: a target's median from 90 % to 200 % of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dvh_builders import NOT_KNOWN, box, curve, dvh_set, exact, percent_dvh, plan_of, ramp_dvh, row, table, uniform_dvh
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason, compute_dvhs
from sbrtcheck.errors import UnknownTableError
from sbrtcheck.judge import dose_check, site_of
from sbrtcheck.judge.course import course_note
from sbrtcheck.judge.dose_check import DoseDoubt, with_dose_doubts
from sbrtcheck.plan import DoseGrid, Finding, FindingCode, Plan, Prescription, Structure, UnknownPrescription
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.reference_data import Regimen, load_regimens
from sbrtcheck.results.course import CourseNote, UnknownCourse
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite, SiteOrigin
from sbrtcheck.tables import ExpectedOrgan, Site, Sites, load_sites

FIFTY = Prescription(dose_gy=50.0, fractions=5)


def doubts(dvhs: DVHSet) -> tuple[DoseDoubt, ...]:
    return dose_check(dvhs, None).doubts


def blocks(dvhs: DVHSet) -> list[bool]:
    """Of each doubt, whether no row may be judged."""
    return [doubt.blocks for doubt in doubts(dvhs)]


def partly_outside(name: str, dose_gy: float, uncovered_cc: float) -> DVH:
    """10 cc, of which so many lie outside the dose grid and count at 0 Gy; the others have that dose."""
    inside_cc = 10.0 - uncovered_cc
    at = curve([0.0, 0.0, dose_gy, dose_gy], [10.0, inside_cc, inside_cc, 0.0])
    mean = exact(dose_gy * inside_cc / 10.0)
    made = uniform_dvh(name, dose_gy=dose_gy, uncovered_cc=uncovered_cc)
    return replace(made, curve=at, lower=at, upper=at, min_gy=exact(0.0), mean_gy=mean)


# -------------------------------------------------------------------------------- the target's dose


@pytest.mark.parametrize(
    ("dose_gy", "expected"),
    [(44.9, [True]), (45.0, []), (50.0, []), (100.0, []), (100.1, [False])],
)
@pytest.mark.parametrize("name", ["PTV", "GTV", "PTV_High"])
def test_the_median_of_the_target_lies_between_90_and_200_percent(
    name: str, dose_gy: float, expected: list[bool]
) -> None:
    assert blocks(dvh_set(uniform_dvh(name, dose_gy=dose_gy), uniform_dvh("Heart", dose_gy=1.0))) == expected


def test_the_doubt_names_target_dose_and_share() -> None:
    (low,) = doubts(dvh_set(ramp_dvh("PTV", low_gy=0.0, high_gy=50.0)))
    assert low.text.startswith("the median dose of PTV is 25 Gy, 50 % of the prescription of 50 Gy in 5: ")
    (high,) = doubts(dvh_set(uniform_dvh("PTV", dose_gy=110.0)))
    assert high.text.startswith("the median dose of PTV is 110 Gy, 220 % of the prescription of 50 Gy in 5: ")


def test_half_of_the_target_is_what_counts_and_not_its_mean() -> None:
    ends = ramp_dvh("PTV", low_gy=20.0, high_gy=70.0)  # 45 Gy to a half
    assert blocks(dvh_set(ends)) == []
    assert blocks(dvh_set(ramp_dvh("PTV", low_gy=19.0, high_gy=70.0))) == [True]


@pytest.mark.parametrize(
    ("doses_gy", "expected"),
    [
        ({"PTV": 44.0, "GTV": 44.5}, [True]),
        ({"PTV": 44.0, "GTV": 50.0}, [False]),  # a boost has it, and the PTV by its name does not
        ({"PTV": 45.0, "GTV": 50.0}, []),
        ({"PTV_Low": 25.0, "PTV_High": 50.0}, []),
        ({"PTV": 101.0, "GTV": 99.0}, []),  # one of them may well be a boost
        ({"PTV": 101.0, "GTV": 101.0}, [False]),
    ],
)
def test_of_several_targets_the_hottest_is_compared(doses_gy: dict[str, float], expected: list[bool]) -> None:
    for order in (list(doses_gy.items()), list(doses_gy.items())[::-1]):
        assert blocks(dvh_set(*(uniform_dvh(name, dose_gy=gy) for name, gy in order))) == expected


def test_the_target_that_is_named_is_the_hottest() -> None:
    (doubt,) = doubts(dvh_set(uniform_dvh("PTV", dose_gy=20.0), uniform_dvh("GTV", dose_gy=30.0)))
    assert doubt.text.startswith("the median dose of GTV is 30 Gy, 60 %")
    (of_ptv,) = doubts(dvh_set(uniform_dvh("GTV", dose_gy=50.0), uniform_dvh("PTV", dose_gy=20.0)))
    assert of_ptv.text.startswith("the median dose of PTV is 40 % of the prescription of 50 Gy, which another target")


@pytest.mark.parametrize(
    ("dose_gy", "uncovered_cc", "expected"),
    [
        (50.0, 4.9, []),
        (50.0, 6.0, [False]),  # whether half of it receives the prescription cannot be told
        (20.0, 6.0, [False]),
        (20.0, 4.9, [True]),  # even if all outside were hotter, a half is not
        (20.0, 5.0, [False]),
        (120.0, 4.9, [False]),
        (120.0, 6.0, [False]),  # that it is too high cannot be told, nor that it is not
    ],
)
def test_what_lies_outside_the_grid_may_receive_anything(
    dose_gy: float, uncovered_cc: float, expected: list[bool]
) -> None:
    check = dose_check(dvh_set(partly_outside("PTV", dose_gy, uncovered_cc)), None)
    assert [doubt.blocks for doubt in check.doubts] == expected
    assert check.targets.partly_outside
    if uncovered_cc == 6.0:
        (doubt,) = check.doubts
        assert doubt.text.startswith("60 % of PTV lies outside the dose grid: whether it receives")


def test_targets_are_all_there_or_partly_outside() -> None:
    whole = dose_check(dvh_set(uniform_dvh("PTV", dose_gy=50.0)), None)
    assert not whole.targets.partly_outside
    lost = NoDVH(name="PTV", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    lacking = dose_check(dvh_set(uniform_dvh("GTV", dose_gy=50.0), without=(lost,)), None)
    assert (lacking.targets.unmeasured, lacking.targets.partly_outside) == (("PTV",), True)
    assert [dvh.name for dvh in lacking.targets.dvhs] == ["GTV"]


# -------------------------------------------------------------------------------- without a target


@pytest.mark.parametrize(("largest_gy", "expected"), [(44.9, [True]), (45.0, []), (100.0, []), (100.1, [False])])
def test_without_targets_the_largest_dose_is_compared(largest_gy: float, expected: list[bool]) -> None:
    others = [uniform_dvh("Heart", dose_gy=1.0), uniform_dvh("Liver", dose_gy=largest_gy)]
    found = doubts(dvh_set(*others))
    assert [doubt.blocks for doubt in found] == expected
    assert all(doubt.text.startswith("the largest dose is ") for doubt in found)
    assert blocks(dvh_set(percent_dvh("Liver", low_gy=1.0, high_gy=largest_gy))) == expected


def test_of_a_plan_the_largest_dose_is_that_of_its_grid() -> None:
    plan = replace(plan_of(Heart=0.0), prescription=FIFTY)  # 10 Gy everywhere
    assert blocks(compute_dvhs(plan)) == [True]
    hot = replace(plan.dose, stored=plan.dose.stored.copy())
    hot.stored[0, 0, 0] = 50.0
    assert blocks(compute_dvhs(replace(plan, dose=hot))) == []


def test_a_target_that_could_not_be_measured_leaves_the_dose_open() -> None:
    lost = NoDVH(name="PTV", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    (doubt,) = doubts(dvh_set(uniform_dvh("Heart", dose_gy=50.0), without=(lost,)))
    assert (doubt.blocks, "(PTV)" in doubt.text) == (False, True)
    (low,) = doubts(dvh_set(uniform_dvh("Heart", dose_gy=5.0), without=(lost,)))
    assert low.blocks


def test_without_any_dvh_nothing_can_be_compared() -> None:
    empty = DVHSet(dvhs=(), prescription=FIFTY, origin=uniform_dvh().origin, provenance={})
    assert blocks(empty) == [True]


def test_an_unknown_prescription_is_a_doubt_with_its_reason_and_blocks_nothing() -> None:
    (doubt,) = doubts(dvh_set(uniform_dvh("PTV", dose_gy=5.0), rx=NOT_KNOWN))
    assert (doubt.blocks, "no RT Plan" in doubt.text) == (False, True)


def test_a_sum_of_courses_is_not_compared_with_the_prescription_of_one() -> None:
    in_eqd2 = uniform_dvh("PTV", dose_gy=500.0, quantity=Quantity.EQD2, alpha_beta_gy=2.0)
    assert blocks(dvh_set(uniform_dvh("Heart", dose_gy=5.0), in_eqd2)) == []


# one fraction of it, 25 Gy, is as much as the whole of another regimen in three
HIGH_DOSES_A_FRACTION = {"liver-75-3"}
REGIMENS = [regimen for regimen in load_regimens().regimens if not regimen.fractions_assumed]


def at_prescription(dose_gy: float, fractions: int) -> DVHSet:
    """A target with exactly what is prescribed, as a dose of one fraction that is called the course has it."""
    rx = Prescription(dose_gy=dose_gy, fractions=fractions)
    return dvh_set(uniform_dvh("PTV", dose_gy=dose_gy, prescription=rx), rx=rx)


@pytest.mark.parametrize("regimen", REGIMENS, ids=lambda regimen: regimen.id)
def test_no_regimen_is_in_doubt_and_one_fraction_of_it_called_the_course_is(regimen: Regimen) -> None:
    assert dose_check(at_prescription(regimen.dose_gy, regimen.fractions), None).doubts == ()
    a_fraction_gy = regimen.dose_gy / regimen.fractions
    doubts = dose_check(at_prescription(a_fraction_gy, regimen.fractions), None).doubts
    if regimen.fractions == 1 or regimen.id in HIGH_DOSES_A_FRACTION:
        assert doubts == ()
        return
    (doubt,) = doubts
    assert (doubt.blocks, doubt.text.endswith("is it the dose of one fraction?")) == (False, True)


def test_a_prescription_below_all_regimens_names_the_lowest() -> None:
    (doubt,) = dose_check(at_prescription(10.0, 5), None).doubts
    assert doubt.text == (
        "the prescription of 10 Gy in 5 fractions is 2 Gy a fraction, less than any regimen of the sources in as many"
        " fractions or fewer (lowest: bone-20-5, 20 Gy in 5): is it the dose of one fraction?"
    )


@pytest.mark.parametrize(("dose_gy", "fractions"), [(14, 7), (16, 8), (30, 4), (20, 10)])
def test_a_low_dose_that_no_single_fraction_has_is_that_of_the_course(dose_gy: float, fractions: int) -> None:
    assert dose_check(at_prescription(dose_gy, fractions), None).doubts == ()


def test_of_other_numbers_of_fractions_than_the_regimens_have_nothing_is_known() -> None:
    most = max(regimen.fractions for regimen in REGIMENS)
    assert dose_check(at_prescription(3.0, most + 1), None).doubts == ()
    assert dose_check(at_prescription(3.0, most), None).doubts != ()


def test_targets_that_nobody_asked_for_are_computed() -> None:
    plan = replace(plan_of(PTV=0.0, Heart=5.0), prescription=Prescription(dose_gy=10.0, fractions=1))
    check = dose_check(compute_dvhs(plan, structures=["Heart"]), None)
    assert [dvh.name for dvh in check.targets.dvhs] == ["PTV"]
    assert check.doubts == ()


@pytest.mark.parametrize("times", [5, 9.99, 10, 19, 200])
def test_a_dose_of_many_times_the_prescription_is_told_in_whole_numbers(times: float) -> None:
    (doubt,) = doubts(dvh_set(uniform_dvh("PTV", dose_gy=50.0 * times)))
    assert f"{100 * times:.0f} % of the prescription" in doubt.text


@pytest.mark.parametrize(
    ("dose_gy", "shown"), [(16.66, "33.3"), (1.234, "2.47"), (499.6, "999"), (499.8, "1000"), (617.0, "1234")]
)
def test_a_share_of_the_prescription_has_three_digits_or_all_before_the_point(dose_gy: float, shown: str) -> None:
    (doubt,) = doubts(dvh_set(uniform_dvh("PTV", dose_gy=dose_gy)))
    assert f" Gy, {shown} % of the prescription of 50 Gy in 5: " in doubt.text


# -------------------------------------------------------------------------------- what the files say, and the grid

SAYS_SO = [
    FindingCode.DOSE_TYPE,
    FindingCode.DOSE_CHANGED,
    FindingCode.DOSE_OF_SEVERAL_PLANS,
    FindingCode.BRACHYTHERAPY,
    FindingCode.OTHER_FRAME,
    FindingCode.DOSE_OF_PARTS,
    FindingCode.FRAME_UNKNOWN,
    FindingCode.RELATIVE_DOSE_SCALED,
    FindingCode.NO_HETEROGENEITY_CORRECTION,
    FindingCode.PARTS_DO_NOT_SUM,
    FindingCode.OTHER_FRACTIONS,
]


@pytest.mark.parametrize("code", FindingCode)
def test_what_the_files_say_of_another_dose_is_a_doubt(code: FindingCode) -> None:
    dvhs = replace(dvh_set(uniform_dvh("PTV", dose_gy=50.0)), findings=(Finding(code=code, text="so they say"),))
    found = doubts(dvhs)
    assert [(doubt.text, doubt.blocks) for doubt in found] == ([("so they say", False)] if code in SAYS_SO else [])


def test_the_type_of_a_stored_dvh_is_a_doubt_and_said_once() -> None:
    finding = Finding(code=FindingCode.DOSE_TYPE, text="in percent")
    gap = Finding(code=FindingCode.FRAME_UNKNOWN, text="of no frame")  # of a structure: not of its dose
    targets = [uniform_dvh(name, dose_gy=50.0, findings=(finding, gap)) for name in ("PTV", "GTV")]
    assert [doubt.text for doubt in doubts(dvh_set(*targets))] == ["in percent"]
    both = replace(dvh_set(*targets), findings=(finding,))
    assert [doubt.text for doubt in doubts(both)] == ["in percent"]


def grid_of(stored: Any, offsets_mm: Any, spacing_mm: tuple[float, float] = (2.0, 2.0)) -> DoseGrid:
    return DoseGrid(
        stored=np.asarray(stored),
        gy_per_unit=0.5,
        origin_mm=np.zeros(3),
        axes=np.eye(3),
        spacing_mm=spacing_mm,
        offsets_mm=np.asarray(offsets_mm, dtype=float),
    )


def texts_on(dose: DoseGrid) -> list[str]:
    """Doubts by the grid of a plan that has 50 Gy at its points."""
    plan = Plan(dose=dose, structures=(Structure(name="Heart", number=1, contours=box(0.0)),), prescription=FIFTY)
    return [doubt.text for doubt in doubts(DVHSet(dvhs=(), prescription=FIFTY, origin=uniform_dvh().origin,
                                                  provenance={}, plan=plan))]  # fmt: skip


def planes(*doses_gy: float) -> np.ndarray[Any, Any]:
    return np.stack([np.full((3, 3), 2.0 * gy) for gy in doses_gy])


@pytest.mark.parametrize(
    ("doses_gy", "empty"),
    [
        ((50, 50, 50, 50), 0),
        ((0, 50, 50, 0), 0),  # at the ends it is another doubt
        ((50, 0, 50, 50), 1),
        ((50, 0, 0, 50), 2),
        ((50, 0, 50, 0), 1),
    ],
)
def test_planes_without_dose_between_others_are_counted(doses_gy: tuple[float, ...], empty: int) -> None:
    said = [text for text in texts_on(grid_of(planes(*doses_gy), [0, 2, 4, 6])) if "between others" in text]
    assert [text.split(maxsplit=1)[0] for text in said] == ([str(empty)] if empty else [])


@pytest.mark.parametrize(
    ("offsets_mm", "is_said"),
    [
        ([0, 2, 4, 6, 8], False),
        ([0, 2, 4, 6, 9.6], False),  # 1.8 times as far, which is rounding at most
        ([0, 2, 4, 6, 9.7], True),
        ([0, 4, 6, 8, 10], True),
        ([0, 2, 4, 8, 12], False),  # as many steps of one as of the other: the larger is as usual
    ],
)
def test_planes_that_are_further_apart_than_usual_are_missing(offsets_mm: list[float], is_said: bool) -> None:
    said = texts_on(grid_of(planes(*[50] * 5), offsets_mm))
    largest, usual = max(np.diff(offsets_mm)), sorted(np.diff(offsets_mm))[2]
    assert [text.startswith(f"dose planes are up to {largest:.4g} mm apart, where {usual:g} mm") for text in said] == (
        [True] if is_said else []
    )


@pytest.mark.parametrize(
    ("spacing_mm", "step_mm", "is_said"),
    [
        ((0.5, 0.5), 0.5, False),
        ((0.49, 2.0), 2.0, True),
        ((2.0, 2.0), 0.49, True),
        ((9.9, 9.9), 9.9, False),
        ((10.0, 2.0), 2.0, True),
        ((2.0, 2.0), 10.0, True),
    ],
)
def test_a_spacing_of_half_a_millimetre_to_a_centimetre_can_be_meant(
    spacing_mm: tuple[float, float], step_mm: float, is_said: bool
) -> None:
    said = texts_on(grid_of(planes(*[50] * 4), step_mm * np.arange(4), spacing_mm))
    shown = " x ".join(f"{one:g}" for one in (*spacing_mm, step_mm))
    assert [shown in text for text in said] == ([True] if is_said else [])


@pytest.mark.parametrize(
    ("lowest_gy", "points", "said"),
    [
        (-0.05, 1, []),  # a thousandth of 50 Gy
        (-0.06, 1, ["the dose is negative at 1 point of its grid, down to -0.06 Gy"]),
        (-5.0, 3, ["the dose is negative at 3 points of its grid, down to -5 Gy"]),
    ],
)
def test_negative_doses_are_counted(lowest_gy: float, points: int, said: list[str]) -> None:
    stored = planes(*[50] * 4)
    stored.reshape(-1)[:points] = 2.0 * lowest_gy
    assert texts_on(grid_of(stored, [0, 2, 4, 6])) == said
    assert texts_on(grid_of(planes(*[50] * 4).astype(np.uint16), [0, 2, 4, 6])) == []


def test_where_no_verdict_is_given_doubts_become_findings_of_their_kind_and_are_said_once() -> None:
    stored = planes(*[50] * 4)
    stored[0, 0, 0] = -20.0
    plan = replace(plan_of(PTV=0.0), dose=grid_of(stored, [0, 12, 24, 36], (2.0, 2.0)), prescription=FIFTY)
    stated = Finding(code=FindingCode.DOSE_TYPE, text="so they say")
    dvhs = DVHSet(
        dvhs=(uniform_dvh("PTV", dose_gy=10.0),),
        prescription=FIFTY,
        origin=uniform_dvh().origin,
        provenance={},
        plan=plan,
        findings=(stated,),
    )
    found = with_dose_doubts(dvhs, None).findings
    assert [one.code for one in found] == [
        FindingCode.DOSE_TYPE,
        FindingCode.OTHER,
        FindingCode.DOSE_SPACING,
        FindingCode.NEGATIVE_DOSE,
    ]
    assert "20 % of the prescription" in found[1].text


@pytest.mark.parametrize(
    ("largest", "dtype", "is_said"),
    [
        (0, np.uint16, False),  # no dose at all is another doubt
        (1, np.uint16, True),
        (99, np.uint16, True),
        (99, np.int32, True),
        (100, np.uint16, False),  # half a step is half a percent of the largest dose
        (65535, np.uint16, False),
        (9, np.float64, False),  # a sum of doses is no whole number of anything
    ],
)
def test_a_dose_in_fewer_than_a_hundred_steps_is_in_doubt(largest: int, dtype: Any, is_said: bool) -> None:
    stored = np.full((3, 3, 3), largest, dtype=dtype)
    said = [text for text in texts_on(grid_of(stored, [0, 2, 4])) if "steps" in text]
    assert bool(said) == is_said
    assert all("steps of 0.5 Gy" in text and "may be 0.25 Gy off" in text for text in said)


# -------------------------------------------------------------------------------- what the user accepts


def test_what_is_accepted_blocks_nothing_and_is_kept_for_the_record() -> None:
    dvhs = replace(
        dvh_set(uniform_dvh("PTV", dose_gy=5.0)),
        findings=(Finding(code=FindingCode.DOSE_TYPE, text="so they say"),),
    )
    refused, accepted = dose_check(dvhs, None), dose_check(dvhs, None, accepted=True)
    assert refused.blocking is refused.doubts[0]
    assert refused.accepted_doubts == ()
    assert accepted.blocking is None
    assert accepted.doubts == refused.doubts
    assert [(one.code, one.text) for one in accepted.accepted_doubts] == [
        (FindingCode.DOSE_ACCEPTED, doubt.text) for doubt in refused.doubts
    ]


def test_a_target_is_told_by_the_names_that_the_user_gives() -> None:
    dvhs = dvh_set(uniform_dvh("Volume 7", dose_gy=5.0), uniform_dvh("Heart", dose_gy=50.0))
    assert blocks(dvhs) == []
    named = dose_check(dvhs, {"PTV": "Volume 7"})
    assert [doubt.blocks for doubt in named.doubts] == [True]
    assert len(with_dose_doubts(dvhs, {"PTV": "Volume 7"}).findings) == 1


# -------------------------------------------------------------------------------- the site of a plan


def expected(name: str) -> ExpectedOrgan:
    return ExpectedOrgan(organ=name, structures=(name,), choice="x")


SITES = Sites(
    id="ours",
    version="2.0.0",
    title="Ours",
    sites=(
        Site(id="lung", title="Lung", expects=(expected("Heart"),)),
        Site(id="liver", title="Liver", expects=(expected("Stomach"),)),
    ),
    sha256="0123456789abcdef" * 4,
)
FILE_OF_SITES = "ours, version 2.0.0, sha256 0123456789ab"
LUNG, LIVER, MULTI = (table(id=f"of-{site}", site=site) for site in ("lung", "liver", "multi"))
OWN = table(id="own", site="lung", expects=(expected("Skin"),))
OF_TONGUE = table(id="tongue", site="tongue")


@pytest.mark.parametrize(
    ("tables", "named", "ids", "origin", "organs", "lists"),
    [
        ((LUNG,), (), ("lung",), SiteOrigin.TABLE, ["Heart"], (FILE_OF_SITES,)),
        ((LUNG, MULTI), (), ("lung",), SiteOrigin.TABLE, ["Heart"], (FILE_OF_SITES,)),
        ((LUNG,), ("liver",), ("liver",), SiteOrigin.GIVEN, ["Stomach"], (FILE_OF_SITES,)),
        ((), ("liver", "lung", "liver"), ("liver", "lung"), SiteOrigin.GIVEN, ["Stomach", "Heart"], (FILE_OF_SITES,)),
        ((OWN,), (), ("lung",), SiteOrigin.TABLE, ["Skin"], ("table own, version 1",)),
        ((OWN,), ("lung",), ("lung",), SiteOrigin.GIVEN, ["Skin"], ("table own, version 1",)),
        ((OWN, LUNG), (), ("lung",), SiteOrigin.TABLE, ["Heart", "Skin"], (FILE_OF_SITES, "table own, version 1")),
        ((OWN,), ("liver",), ("liver",), SiteOrigin.GIVEN, ["Stomach"], (FILE_OF_SITES,)),
    ],
)
def test_the_site_is_the_users_or_that_of_the_tables(
    tables: tuple[Any, ...],
    named: tuple[str, ...],
    ids: tuple[str, ...],
    origin: SiteOrigin,
    organs: list[str],
    lists: tuple[str, ...],
) -> None:
    site = site_of(tables, named, SITES)
    assert (site.ids, site.origin, site.lists) == (ids, origin, lists)
    assert [organ.organ for organ in site.expects] == organs
    assert site.known == ("lung", "liver")


@pytest.mark.parametrize("tables", [(), (MULTI,), (LUNG, LIVER), (OF_TONGUE,)])
def test_tables_that_agree_on_no_listed_site_leave_it_unknown(tables: tuple[Any, ...]) -> None:
    assert site_of(tables, (), SITES) == UNKNOWN_SITE


def test_a_site_that_nobody_lists_is_refused_where_it_is_named_and_a_table_may_list_it() -> None:
    with pytest.raises(UnknownTableError, match="tongue"):
        site_of((OF_TONGUE,), ("tongue",), SITES)
    own = replace(OF_TONGUE, expects=(expected("Skin"),))
    assert site_of((own,), ("tongue",), SITES).ids == ("tongue",)


def test_the_shipped_lists_are_used_where_none_are_given() -> None:
    assert site_of((LUNG,), ()).expects == load_sites().site("lung").expects
    unknown = replace(SITES, sha256="")
    assert site_of((LUNG,), (), unknown).lists == ("ours, version 2.0.0, sha256 unknown",)


# -------------------------------------------------------------------------------- what is known of a course


def test_a_course_is_looked_up_for_its_site_and_every_place_that_is_none() -> None:
    ids = load_sites().ids
    everywhere = course_note(FIFTY)
    assert isinstance(everywhere, CourseNote)
    assert everywhere.bed10_gy == pytest.approx(50 * (1 + 10 / 10))
    assert everywhere.eqd2_gy == pytest.approx(100 / 1.2)
    regimens = load_regimens()
    assert everywhere.known == regimens.of_prescription(50.0, 5)
    assert [side.threshold for side in everywhere.sides] == list(regimens.thresholds)
    for id_ in ids:
        note = course_note(FIFTY, PlanSite(ids=(id_,), known=ids))
        assert isinstance(note, CourseNote)
        others = {*ids} - {id_}
        assert list(note.known) == [one for one in everywhere.known if not {*one.sites} <= others]
        assert [side.threshold for side in note.sides] == [
            one for one in regimens.thresholds if one.only_site not in others
        ]


def test_a_threshold_is_met_by_the_bed_for_its_own_ratio_and_its_own_sense() -> None:
    for rx in (Prescription(dose_gy=gy, fractions=n) for gy in (20.0, 30.0, 45.0, 50.0, 60.0) for n in (1, 3, 5, 8)):
        note = course_note(rx)
        assert isinstance(note, CourseNote)
        for side in note.sides:
            bed_gy = rx.dose_gy * (1 + rx.dose_gy / rx.fractions / side.threshold.alpha_beta_gy)
            assert side.bed_gy == pytest.approx(bed_gy)
            for sense, met in ((side.threshold.sense, side.met), (side.threshold.source_sense, side.met_by_source)):
                rounded = round(bed_gy, 9)
                assert met == (
                    rounded >= side.threshold.bed_gy if "least" in sense else rounded > side.threshold.bed_gy
                )


def test_nothing_is_known_of_a_course_without_a_prescription() -> None:
    assert course_note(UnknownPrescription(reason="none")) == UnknownCourse(reason="none")


def test_rows_of_the_table_are_not_needed_for_a_site() -> None:
    assert site_of((table(row("Mean[Gy]", "below", 1)),), (), SITES).ids == ("lung",)


# -------------------------------------------------------------------------------- each doubt in its words


def checked(stored: Any, *dvhs: DVH, offsets_mm: Any = (0, 2, 4, 6), rx: Any = FIFTY, **fields: Any) -> DVHSet:
    """DVHs made by hand, of a plan with that grid."""
    numbered = [replace(dvh, number=n) for n, dvh in enumerate(dvhs, start=1)]
    structures = tuple(Structure(name=dvh.name, number=dvh.number, contours=box(0.0)) for dvh in numbered)
    plan = Plan(dose=grid_of(stored, offsets_mm, **fields), structures=structures, prescription=rx)
    return replace(dvh_set(*numbered, rx=rx), provenance={}, plan=plan)


def at_0_gy(name: str, **fields: Any) -> DVH:
    return uniform_dvh(name, dose_gy=0.0, **fields)


def with_lowest(lowest_gy: float, largest_gy: float = 50.0) -> np.ndarray[Any, Any]:
    """Nothing in a part of each plane, and that dose as the smallest beside it."""
    stored = planes(*[largest_gy] * 4)
    stored[:, 0, 0], stored[:, 0, 1] = 0.0, 2.0 * lowest_gy
    return stored


CUT_OFF = "no dose of the grid lies between 0 and 3 Gy, and parts of {} have 0: were low doses cut off?"
ENDS = "dose planes without any dose follow one with {} Gy: was dose calculated there?"


@pytest.mark.parametrize(
    ("dvhs", "text", "code"),
    [
        (
            checked(np.full((4, 3, 3), 99, dtype=np.uint16)),
            (
                "the dose is stored in steps of 0.5 Gy, with 49.5 Gy as the largest: each dose may be 0.25 Gy off,"
                " which no bounds of values contain"
            ),
            FindingCode.DOSE_STEP,
        ),
        (checked(with_lowest(3.0), at_0_gy("Heart")), CUT_OFF.format("Heart"), FindingCode.LOW_DOSES_MISSING),
        (
            checked(with_lowest(3.0), *map(at_0_gy, "ABC")),
            CUT_OFF.format("A, B, C"),
            FindingCode.LOW_DOSES_MISSING,
        ),
        (
            checked(with_lowest(3.0), *map(at_0_gy, "ABCD")),
            CUT_OFF.format("A, B, C and others"),
            FindingCode.LOW_DOSES_MISSING,
        ),
        (
            checked(with_lowest(3.0), uniform_dvh("A"), at_0_gy("B"), at_0_gy("Skin", kind="EXTERNAL")),
            CUT_OFF.format("B"),
            FindingCode.LOW_DOSES_MISSING,
        ),
        (checked(with_lowest(2.5), at_0_gy("Heart")), None, None),  # a twentieth of the largest
        (checked(with_lowest(3.0), uniform_dvh("Heart")), None, None),
        (checked(with_lowest(3.0), at_0_gy("Heart", uncovered_cc=1.0)), None, None),  # it is the grid that ends
        *(
            (checked(with_lowest(3.0), at_0_gy("X", kind=kind)), None, None)
            for kind in ("EXTERNAL", "SUPPORT", "BOLUS", "FIXATION")
        ),
        (checked(planes(0, 50, 50, 0)), ENDS.format(50), FindingCode.OTHER),
        (checked(planes(0, 5, 50, 50)), None, None),  # a tenth of the largest
        (checked(planes(0, 5.5, 50, 50)), ENDS.format(5.5), FindingCode.OTHER),
        (checked(planes(50, 50, 5.5, 0)), ENDS.format(5.5), FindingCode.OTHER),
        (checked(planes(0, 1, 50, 6)), None, None),  # the grid itself ends behind 6 Gy
        (checked(planes(50, 0, 50, 50)), "1 dose plane(s) between others have no dose at all", FindingCode.OTHER),
        (
            checked(planes(*[50] * 4), offsets_mm=(0, 2, 4, 8)),
            "dose planes are up to 4 mm apart, where 2 mm is usual: are some missing?",
            FindingCode.OTHER,
        ),
        (
            checked(planes(*[50] * 4), spacing_mm=(0.25, 3.0)),
            (
                "the points of the dose grid are 0.25 x 3 x 2 mm apart: is that in mm, and can small volumes be read"
                " from it?"
            ),
            FindingCode.DOSE_SPACING,
        ),
        (
            checked(with_lowest(-1.0)),
            "the dose is negative at 4 points of its grid, down to -1 Gy",
            FindingCode.NEGATIVE_DOSE,
        ),
    ],
)
def test_each_doubt_by_the_grid_has_its_words_and_its_code(
    dvhs: DVHSet, text: str | None, code: FindingCode | None
) -> None:
    found = [(one.text, one.code, one.blocks) for one in doubts(dvhs)]
    assert found == ([] if text is None else [(text, code, False)])
    findings = with_dose_doubts(dvhs).findings
    assert [(one.text, one.code) for one in findings] == ([] if text is None else [(text, code)])


@pytest.mark.parametrize(("largest_gy", "is_said"), [(250.0, False), (250.5, True)])
def test_a_point_of_more_than_five_times_the_prescription_is_in_doubt(largest_gy: float, is_said: bool) -> None:
    stored = planes(*[50] * 4)
    stored[0, 0, 0] = 2.0 * largest_gy
    target = uniform_dvh("PTV", dose_gy=50.0)
    text = (
        "the largest dose of the grid is 250.5 Gy, more than 500 % of the prescription of 50 Gy: is a number of it"
        " damaged, or read with a wrong sign?"
    )
    assert [(one.text, one.blocks) for one in doubts(checked(stored, target))] == [(text, False)] * is_said
    unknown = [one.text for one in doubts(checked(stored, target, rx=NOT_KNOWN))]
    assert unknown == ["the prescribed dose is unknown, so the dose cannot be compared with it: no RT Plan"]
    in_eqd2 = replace(target, quantity=Quantity.EQD2, alpha_beta_gy=2.0)
    assert doubts(checked(stored, in_eqd2)) == ()


@pytest.mark.parametrize(("lowest_gy", "is_note"), [(0.0, None), (-0.05, True), (-0.051, False)])
def test_a_negative_dose_is_a_note_or_a_doubt(lowest_gy: float, is_note: bool | None) -> None:
    stored = planes(*[50] * 4)
    stored[1, 1, 1] = 2.0 * lowest_gy
    check = dose_check(checked(stored), None)
    text = f"the dose is negative at 1 point of its grid, down to {lowest_gy:g} Gy"
    assert check.notes == ((Finding(code=FindingCode.NEGATIVE_DOSE, text=text),) if is_note else ())
    assert [one.text for one in check.doubts] == ([text] if is_note is False else [])
    assert with_dose_doubts(checked(stored)).findings == (
        () if is_note is None else (Finding(code=FindingCode.NEGATIVE_DOSE, text=text),)
    )
    assert dose_check(dvh_set(uniform_dvh("PTV", dose_gy=50.0)), None).notes == ()


@pytest.mark.parametrize(
    ("dvhs", "text", "blocks_rows"),
    [
        (
            dvh_set(uniform_dvh("PTV", dose_gy=10.0)),
            (
                "the median dose of PTV is 10 Gy, 20 % of the prescription of 50 Gy in 5: is it of one fraction, of one"
                " beam, or of another plan?"
            ),
            True,
        ),
        (
            dvh_set(uniform_dvh("PTV", dose_gy=120.0)),
            (
                "the median dose of PTV is 120 Gy, 240 % of the prescription of 50 Gy in 5: is it a sum of plans, or in"
                " another unit?"
            ),
            False,
        ),
        (
            dvh_set(uniform_dvh("Heart", dose_gy=10.0)),
            (
                "the largest dose is 10 Gy, 20 % of the prescription of 50 Gy in 5: is it of one fraction, of one beam,"
                " or of another plan?"
            ),
            True,
        ),
        (dvh_set(), "no structure has a dose that could be compared with the prescription", True),
        (
            dvh_set(
                uniform_dvh("Heart", dose_gy=50.0),
                without=tuple(
                    NoDVH(name=name, number=n, reason=Reason.STRUCTURE_DAMAGED, detail="")
                    for n, name in ((8, "GTV"), (9, "PTV"))
                ),
            ),
            "no target could be measured (GTV, PTV): the dose cannot be compared with the prescription",
            False,
        ),
        (
            dvh_set(partly_outside("PTV", 50.0, 6.0)),
            "60 % of PTV lies outside the dose grid: whether it receives the prescription of 50 Gy cannot be told",
            False,
        ),
        (
            dvh_set(uniform_dvh("PTV", dose_gy=30.0), uniform_dvh("GTV", dose_gy=50.0)),
            (
                "the median dose of PTV is 60 % of the prescription of 50 Gy, which another target receives: is the"
                " dose that of the whole plan?"
            ),
            False,
        ),
    ],
)
def test_each_doubt_by_the_prescription_has_its_words(dvhs: DVHSet, text: str, blocks_rows: bool) -> None:
    (found,) = doubts(dvhs)
    assert found == DoseDoubt(text=text, blocks=blocks_rows, code=FindingCode.OTHER)

"""What may belong to an organ by its name costs no verdict, and is told where it would break a limit that is met."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvh_builders import dvh_set, percent_dvh, ramp_dvh, report_on, row, table, uniform_dvh
from effort import examples
from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Origin, Reason, compute_dvhs
from sbrtcheck.metric import Measurement, measure, parse
from sbrtcheck.plan import Contours, DoseGrid, FindingCode, Plan, Prescription, Structure
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.render import REPORT_FORMATS
from sbrtcheck.results import Outcome, Verdict
from sbrtcheck.structure_names import known_names, lies_inside, may_belong_to
from sbrtcheck.tables import Constraint, Kind, Priority, Select

ORGANS = sorted(known_names())
PERHAPS = [(part, whole) for part in ORGANS for whole in ORGANS if may_belong_to(part, whole)]
INSIDE = [(part, whole) for part in ORGANS for whole in ORGANS if lies_inside(part, whole) and whole != "Bronchus"]


def judged(constraint: Constraint, dvhs: DVHSet, **options: Any) -> Outcome:
    (outcome,) = report_on(table(constraint), dvhs, **options).outcomes
    return outcome


def texts(outcome: Outcome) -> list[str]:
    return [finding.text for finding in outcome.findings if finding.code is FindingCode.PERHAPS_PART]


def beside(name: str, dose_gy: float = 54.0, *, whole: str, own_gy: float = 10.0, **fields: Any) -> DVHSet:
    return dvh_set(uniform_dvh(whole, dose_gy=own_gy), uniform_dvh(name, dose_gy=dose_gy, **fields))


# ---------------------------------------------------------------------------------------------------------- laws


@settings(max_examples=examples(150), deadline=None)
@given(
    st.sampled_from([*((pair, False) for pair in PERHAPS), *((pair, True) for pair in [*PERHAPS, *INSIDE])]),
    st.sampled_from(["Max[Gy]", "D1cc[Gy]", "V20Gy[cc]"]),
    st.sampled_from(["below", "at_most"]),
    st.sampled_from([10.0, 25.0, 30.0]),
    st.sampled_from([0.0, 10.0, 25.0, 30.0, 50.0]),
    st.sampled_from([1.0, 7.0, 25.0, 27.0, 60.0]),
    st.sampled_from([None, 45.0]),
)
def test_told_is_what_breaks_the_limit_that_the_organ_keeps_and_nothing_else_changes(
    pair: tuple[tuple[str, str], bool],
    metric: str,
    sense: str,
    own_gy: float,
    part_gy: float,
    limit: float,
    acceptable: float | None,
) -> None:
    """Ramps from 0 Gy in 10 cc: Max is the top, D1cc nine tenths of it, V20 the share of the ramp above."""
    (part, whole), is_given = pair
    acceptable = acceptable if acceptable is None or acceptable > limit else None

    def value(top_gy: float) -> float:
        doses = {"Max[Gy]": top_gy, "D1cc[Gy]": 0.9 * top_gy}
        return doses[metric] if metric in doses else 10.0 * max(1.0 - 20.0 / max(top_gy, 20.0), 0.0)

    def grade(top_gy: float) -> int:
        """How many of the limits are broken."""
        stated = [one for one in (limit, acceptable) if one is not None]
        return sum(value(top_gy) > one or (sense == "below" and value(top_gy) == one) for one in stated)

    asked = row(metric, sense, limit, whole, acceptable=acceptable)
    names = {whole: whole} if is_given else {}
    own = ramp_dvh(whole, high_gy=own_gy)
    hot, other = (ramp_dvh(name, high_gy=part_gy) for name in (part, "Couch"))
    report, without = (report_on(table(asked), dvh_set(own, one), names=names) for one in (hot, other))
    (outcome,), (alone,) = report.outcomes, without.outcomes
    is_met = alone.verdict in (Verdict.PASS, Verdict.VARIATION)
    assert len(texts(outcome)) == (is_met and grade(part_gy) > grade(own_gy))
    assert texts(alone) == []
    kept = tuple(finding for finding in outcome.findings if finding.code is not FindingCode.PERHAPS_PART)
    assert replace(outcome, findings=kept) == alone
    assert (report.verdict, report.reasons) == (without.verdict, without.reasons)
    for text in texts(outcome):
        assert text.startswith(f"{metric}: {part} ({value(part_gy):.2f} ")


@pytest.mark.parametrize(("part", "whole"), PERHAPS)
def test_every_listed_pair_is_told(part: str, whole: str) -> None:
    outcome = judged(row("D1cc[Gy]", "below", 43.0, whole), beside(part, whole=whole))
    text = f"D1cc[Gy]: {part} (54.00 Gy) may belong to it by its name, would break the limit of 43.00 Gy, and was not"
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [f"{text} judged by this row"])
    assert texts(judged(row("D1cc[Gy]", "below", 43.0, whole), beside(part, 42.9, whole=whole))) == []


# ------------------------------------------------------------------------------------------------- names that are given


@pytest.mark.parametrize(
    ("whole", "name"),
    [
        *(("Rib", "Rib07_L"), ("Heart", "Atrium_L"), ("GreatVes", "A_Aorta"), ("Bronchus_Main", "Bronchus_L")),
        *(("Heart", "Heart 2"), ("Bronchus_Main", "LMB"), ("Esophagus", "Esoph_upper")),  # copies, or parts
    ],
)
def test_who_names_a_structure_is_told_of_its_parts_and_copies(whole: str, name: str) -> None:
    asked, dvhs = row("Max[Gy]", "below", 20.0, whole), beside(name, whole=whole)
    outcome = judged(asked, dvhs, names={whole: whole})
    assert (outcome.verdict, len(texts(outcome))) == (Verdict.PASS, 1)
    assert texts(outcome)[0].startswith(f"Max[Gy]: {name} (54.00 Gy) may belong to it by its name")
    hot = judged(asked, dvhs, names={whole: name})  # the one that was named is no part of itself
    assert (hot.verdict, texts(hot)) == (Verdict.FAIL, [])
    assert texts(judged(asked, beside(name, 19.0, whole=whole), names={whole: whole})) == []


def test_who_names_a_structure_is_told_of_an_organ_that_is_printed_together_with_its_own() -> None:
    asked = row("D1cc[Gy]", "below", 30.0, "Heart", organ="Heart/pericardium")
    outcome = judged(asked, beside("Pericardium", whole="Heart"), names={"Heart": "Heart"})
    assert (outcome.verdict, len(texts(outcome))) == (Verdict.PASS, 1)
    outcome = judged(asked, beside("Pericardium", 9.0, whole="Heart"), names={"Heart": "Heart"})
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])


def test_who_names_a_target_is_not_told_of_others() -> None:
    dvhs = beside("PTV 2", whole="PTV", kind="PTV")
    assert texts(judged(row("Max[Gy]", "below", 20.0, "PTV"), dvhs, names={"PTV": "PTV"})) == []


# ------------------------------------------------------------------------------------------------- what is not told


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("Stomach", "ORGAN"), ("Duodenum-PTV", "ORGAN"), ("Duodenum_PRV05", "ORGAN"), ("zDuodenum_opt", "ORGAN")),
        *(("Duodenum", "PTV"), ("Duodenum", "GTV"), ("Bowel_Large", "ORGAN")),
    ],
)
def test_another_organ_a_margin_or_a_target_is_not_told(name: str, kind: str) -> None:
    asked = row("D1cc[Gy]", "below", 20.0, "Bowel_Small")
    assert texts(judged(asked, beside(name, whole="Bowel_Small", kind=kind))) == []


@pytest.mark.parametrize(
    ("metric", "sense", "limit"),
    [
        ("DC1cc[Gy]", "below", 20.0),  # the coldest cc of the organ is no warmer for a part of it
        ("Min[Gy]", "below", 20.0),
        ("Max[Gy]", "at_least", 5.0),
        ("V5Gy[cc]", "at_least", 5.0),
        ("Mean[Gy]", "below", 20.0),  # of DVHs alone it is not known what the two come to together
        ("V20Gy[%]", "below", 20.0),
    ],
)
def test_what_says_nothing_of_the_organ_is_not_told(metric: str, sense: str, limit: float) -> None:
    outcome = judged(row(metric, sense, limit, "Bowel_Small"), beside("Duodenum", whole="Bowel_Small"))
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])


def test_a_row_that_is_not_met_or_is_no_limit_is_left_as_it_is() -> None:
    hot = beside("Duodenum", whole="Bowel_Small")
    fails = judged(row("Max[Gy]", "below", 5.0, "Bowel_Small"), hot)
    assert (fails.verdict, texts(fails)) == (Verdict.FAIL, [])
    not_met = judged(row("Max[Gy]", "below", 5.0, "Bowel_Small", kind=Kind.ADVISORY), hot)
    assert (not_met.verdict, texts(not_met)) == (Verdict.NOT_MET, [])
    risk = judged(row("Max[Gy]", "below", 20.0, "Bowel_Small", kind=Kind.RISK), hot)
    assert (risk.verdict, texts(risk)) == (Verdict.RISK, [])
    with_copy = dvh_set(*hot.dvhs, uniform_dvh("Bowel_Small 2", dose_gy=54.0))
    withdrawn = judged(row("Max[Gy]", "below", 20.0, "Bowel_Small"), with_copy)
    assert (withdrawn.verdict, texts(withdrawn)) == (Verdict.NOT_EVALUATED, [])


def test_what_cannot_be_measured_is_not_told() -> None:
    asked, organ = row("D5cc[Gy]", "below", 20.0, "Bowel_Small"), uniform_dvh("Bowel_Small", dose_gy=10.0)
    damaged = NoDVH(name="Duodenum", number=9, reason=Reason.STRUCTURE_DAMAGED, detail="")
    assert texts(judged(asked, dvh_set(organ, without=(damaged,)))) == []
    assert texts(judged(asked, dvh_set(organ, uniform_dvh("Duodenum", dose_gy=54.0, volume_cc=2.0)))) == []
    stored = {"origin": Origin.STORED, "model": None}
    in_percent = percent_dvh("Duodenum", high_gy=54.0)
    assert texts(judged(asked, dvh_set(replace(organ, **stored), in_percent))) == []  # type: ignore[arg-type]


def test_one_contour_written_twice_is_not_told() -> None:
    dvhs = beside("Duodenum", 20.0 * (1.0 + 1e-9), whole="Bowel_Small", own_gy=20.0)
    assert texts(judged(row("Max[Gy]", "at_most", 20.0, "Bowel_Small"), dvhs)) == []


# ------------------------------------------------------------------------------------------------- what is told


def test_statements_and_optimal_limits_are_told_as_limits_are() -> None:
    hot = beside("Duodenum", whole="Bowel_Small")
    for fields, expected in (({"kind": Kind.ADVISORY}, Verdict.MET), ({"priority": Priority.OPTIMAL}, Verdict.PASS)):
        outcome = judged(row("Max[Gy]", "below", 20.0, "Bowel_Small", **fields), hot)
        assert (outcome.verdict, len(texts(outcome))) == (expected, 1)


def test_beside_a_variation_the_limit_is_the_acceptable_one() -> None:
    asked = row("Max[Gy]", "below", 5.0, "Bowel_Small", acceptable=20.0)
    (text,) = texts(judged(asked, beside("Duodenum", whole="Bowel_Small")))
    assert "Duodenum (54.00 Gy)" in text
    assert "would break the limit of 20.00 Gy" in text
    (text,) = texts(judged(asked, beside("Duodenum", whole="Bowel_Small", own_gy=4.0)))
    assert "would break the limit of 5.00 Gy" in text  # beside a pass it is the limit itself
    assert texts(judged(asked, beside("Duodenum", 15.0, whole="Bowel_Small"))) == []


def test_an_organ_that_is_met_by_its_small_volume_alone_is_told_of_a_larger_part() -> None:
    asked = row("D5cc[Gy]", "below", 20.0, "Bowel_Small", volume_threshold=True)
    own = uniform_dvh("Bowel_Small", dose_gy=10.0, volume_cc=2.0)
    assert len(texts(judged(asked, dvh_set(own, uniform_dvh("Duodenum", dose_gy=54.0))))) == 1
    assert texts(judged(asked, dvh_set(own, uniform_dvh("Duodenum", dose_gy=15.0)))) == []


def test_all_that_break_the_limit_stand_in_one_finding_the_worst_first() -> None:
    others = [
        uniform_dvh(name, dose_gy=gy)
        for name, gy in (("A_Carotid_L", 25.0), ("Subclavian_A", 54.0), ("A_Carotid_R", 9))
    ]
    dvhs = dvh_set(uniform_dvh("GreatVes", dose_gy=10.0), *others)
    (text,) = texts(judged(row("Max[Gy]", "below", 20.0, "GreatVes"), dvhs))
    assert text == (
        "Max[Gy]: Subclavian_A (54.00 Gy), A_Carotid_L (25.00 Gy) may belong to it by their names, would break the"
        " limit of 20.00 Gy, and were not judged by this row"
    )


def test_the_clinics_dictionary_tells_what_a_structure_is() -> None:
    asked, dvhs = row("Max[Gy]", "below", 20.0, "Bowel_Small"), beside("XY7", whole="Bowel_Small")
    assert texts(judged(asked, dvhs)) == []
    assert len(texts(judged(asked, dvhs, dictionary={"Duodenum": ["XY7"]}))) == 1


def test_a_limit_on_eqd2_is_compared_with_eqd2() -> None:
    asked = row("Max[Gy]", "below", 60.0, "Bowel_Small", quantity=Quantity.EQD2, alpha_beta_gy=3.0)
    (text,) = texts(judged(asked, beside("Duodenum", 40.0, whole="Bowel_Small")))
    assert "Duodenum (88.00 Gy)" in text  # 40 Gy in 5 of 8 Gy: 40 (8 + 3) / (2 + 3)
    assert texts(judged(asked, beside("Duodenum", 25.0, whole="Bowel_Small"))) == []


def test_what_another_row_of_the_table_is_judged_on_is_told_apart_there() -> None:
    asked = row("Max[Gy]", "below", 20.0, "Bowel_Small")
    own_row = row("D1cc[Gy]", "below", 60.0, "Duodenum", id="own")
    dvhs = beside("Duodenum", whole="Bowel_Small")
    in_one = report_on(table(asked, own_row), dvhs)
    assert [texts(outcome) for outcome in in_one.outcomes] == [[], []]
    in_two = report_on([table(asked), table(own_row, id="another")], dvhs)
    assert [len(texts(outcome)) for outcome in in_two.outcomes] == [1, 0]
    of_both = report_on(table(row("Max[Gy]", "below", 20.0, "Bowel_Small", "Duodenum")), dvhs)
    assert [(outcome.verdict, texts(outcome)) for outcome in of_both.outcomes] == [
        (Verdict.PASS, []),
        (Verdict.FAIL, []),
    ]


def test_the_finding_stands_in_every_format_that_has_findings() -> None:
    report = report_on(table(row("D1cc[Gy]", "below", 43.0, "Bowel")), beside("Spc_Bowel", whole="Bowel"))
    written = {one.name: str(one.write(report)).replace("\\_", "_") for one in REPORT_FORMATS if not one.binary}
    without = [name for name, text in written.items() if "Spc_Bowel (54.00 Gy) may belong to it" not in text]
    assert without == ["csv"]  # a row an outcome, and no finding of any


# ------------------------------------------------------------------------------------------------- contours and dose


def bars(bottoms_mm: dict[str, float], *, planes: int = 4) -> Plan:
    """Bars of 10 x 10 mm with a plane every 2 mm, in a dose of 25 Gy at z = 0 that rises by 0.5 Gy a mm."""
    square = 5.0 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float)
    structures = tuple(
        Structure(
            name=name,
            number=number,
            kind="ORGAN",
            contours=Contours.of(*(np.column_stack([square, np.full(4, z + 2.0 * at)]) for at in range(planes))),
        )
        for number, (name, z) in enumerate(bottoms_mm.items(), start=1)
    )
    z_mm = np.arange(-50.0, 50.1, 2.0)
    stored = 25.0 + 0.5 * z_mm[:, None, None] + np.zeros((1, 21, 21))
    dose = DoseGrid.axial(stored, origin_mm=(-20.0, -20.0, -50.0), spacing_mm=(2.0, 2.0, 2.0))
    return Plan(dose=dose, structures=structures, prescription=Prescription(dose_gy=45.0, fractions=5))


def middle_gy(bottom_mm: float) -> float:
    """The mean of a bar of four planes: the dose in its middle, 3 mm above its first plane."""
    return 25.0 + 0.5 * (bottom_mm + 3.0)


@pytest.mark.parametrize("is_asked_for", [True, False])
@pytest.mark.parametrize(
    ("whole", "part", "is_given"),
    [
        *(("Bronchus_Main", "Bronchus_L", False), ("Bowel", "Spc_Bowel", False), ("Bowel_Small", "Duodenum", False)),
        *(
            ("GreatVes", "A_Subclavian_L", False),
            ("GreatVes", "A_Carotid_L", False),
            ("GreatVes", "V_Brachioceph_L", False),
        ),
        *(("Rib", "Rib07_L", True), ("Heart", "Atrium_L", True)),
    ],
)
def test_on_a_plan_it_is_told_whether_anybody_asked_for_it_or_not(
    whole: str, part: str, is_given: bool, is_asked_for: bool
) -> None:
    dvhs = compute_dvhs(bars({whole: -30.0, part: 10.0}), structures=None if is_asked_for else [whole])
    outcome = judged(row("Max[Gy]", "below", 25.0, whole), dvhs, names={whole: whole} if is_given else {})
    (text,) = texts(outcome)
    assert outcome.verdict is Verdict.PASS
    value = float(text.removeprefix(f"Max[Gy]: {part} (").split()[0])
    assert value == pytest.approx(middle_gy(10.0) + 0.5 * 4.0, abs=0.05)  # half a plane above its last one


def test_what_a_union_is_made_of_is_not_told_and_what_may_belong_to_its_parts_is() -> None:
    asked = row("Max[Gy]", "below", 25.0, "Trachea", "Bronchus_Main", select=Select.UNION)
    for hot, expected in (("Bronchus_L", 1), ("Heart", 0)):
        outcome = judged(asked, compute_dvhs(bars({"Trachea": -40.0, "Bronchus_Main": -30.0, hot: 10.0})))
        assert (outcome.verdict, len(texts(outcome))) == (Verdict.PASS, expected)
    used = row("Max[Gy]", "below", 25.0, "ProxBronchTree", "Bronchus_Main", select=Select.UNION)
    outcome = judged(used, compute_dvhs(bars({"ProxBronchTree": -40.0, "Bronchus_Main": -30.0})))
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])


@pytest.mark.parametrize(
    ("whole", "part", "names"),
    [
        ("Bowel_Small", "Duodenum", {}),
        ("Rib", "Rib07_L", {}),  # what lies inside by its name, too: of a mean it is not compared alone
        ("Rib", "Rib07_L", {"Rib": "Rib"}),
    ],
)
def test_of_a_mean_the_two_together_are_told(whole: str, part: str, names: dict[str, str]) -> None:
    """Two bars of one size, apart: their mean together is that of their means."""
    dvhs = compute_dvhs(bars({whole: -30.0, part: 10.0}))
    both_gy = (middle_gy(-30.0) + middle_gy(10.0)) / 2
    broken = judged(row("Mean[Gy]", "below", both_gy - 0.1, whole), dvhs, names=names)
    text = f"Mean[Gy]: it would come to {both_gy:.2f} Gy with {part}, beyond the limit of {both_gy - 0.1:.2f} Gy"
    expected = f"{text}; {part} may belong to it by its name, and was not judged by this row"
    assert (broken.verdict, texts(broken)) == (Verdict.PASS, [expected])
    kept = judged(row("Mean[Gy]", "below", both_gy + 0.1, whole), dvhs, names=names)
    assert (kept.verdict, texts(kept)) == (Verdict.PASS, [])


def test_of_a_percentage_the_two_together_are_told() -> None:
    """Of two bars of one size one lies above 25 Gy, the other below it."""
    dvhs = compute_dvhs(bars({"Bowel_Small": -30.0, "Duodenum": 10.0}))
    assert len(texts(judged(row("V25Gy[%]", "below", 49.0, "Bowel_Small"), dvhs))) == 1
    assert texts(judged(row("V25Gy[%]", "below", 51.0, "Bowel_Small"), dvhs)) == []


def test_bounds_that_leave_open_whether_the_two_together_have_more_are_refined() -> None:
    """V11.6Gy of two bars, one 0.2 mm higher: apart by 1.3 %, within bounds by the first elements of 5 %."""
    dvhs = compute_dvhs(bars({"Bowel_Small": -30.0, "Duodenum": -29.8}))
    own, both = shares(dvhs)
    assert both.low < own.value < both.value  # else there is nothing to refine
    limit = (own.value + both.value) / 2
    assert len(texts(judged(row("V11.6Gy[%]", "below", limit, "Bowel_Small"), dvhs))) == 1


def test_what_lies_within_the_bounds_of_both_is_not_told() -> None:
    """The same 0.0006 mm apart: no bounds of ours tell the two apart, whatever their values say."""
    dvhs = compute_dvhs(bars({"Bowel_Small": -30.0, "Duodenum": -29.9994}))
    own, both = shares(dvhs)
    limit = (own.value + both.value) / 2
    assert own.value < limit < both.value
    outcome = judged(row("V11.6Gy[%]", "below", limit, "Bowel_Small"), dvhs)
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])


def shares(dvhs: DVHSet) -> tuple[Measurement, Measurement]:
    """V11.6Gy of the small bowel, and of it with the duodenum, by the first elements."""
    both = dvhs.union((dvhs["Bowel_Small"], dvhs["Duodenum"]))
    assert isinstance(both, DVH)
    own, together = (measure(parse("V11.6Gy[%]"), dvh) for dvh in (dvhs["Bowel_Small"], both))
    assert isinstance(own, Measurement)
    assert isinstance(together, Measurement)
    return own, together


def test_of_a_mean_what_lies_inside_its_organ_stays_silent_however_hot_it_is() -> None:
    plan = bars({"Rib": -30.0}, planes=20)
    inside = bars({"Rib07_L": 0.0}).structures[0]
    dvhs = compute_dvhs(replace(plan, structures=(*plan.structures, replace(inside, number=2))))
    own, part = dvhs["Rib"], dvhs["Rib07_L"]
    assert isinstance(own, DVH)
    assert part.mean_gy.low > own.mean_gy.high + 1.0
    outcome = judged(row("Mean[Gy]", "below", own.mean_gy.high + 1e-4, "Rib"), dvhs, allow_lint_errors=True)
    assert (outcome.verdict, texts(outcome)) == (Verdict.PASS, [])

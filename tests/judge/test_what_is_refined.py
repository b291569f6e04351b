"""What is asked of a plan to get closer bounds, and for which rows: the answers are made by hand, and no plan is there.

Dose is spread evenly from 5 to 25 Gy over 10 cc, with bounds 1 Gy off: the hottest 1 cc has 23 Gy, 22 to 24 Gy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dvh_builders import curve, dvh_set, exact, ramp_dvh, row, table
from sbrtcheck.chart.points import CurvePoint
from sbrtcheck.dvh import DVH, OF_DOSE, Bounds, DoseSought, MeanSought, Question, Reason, VolumeSought, isoeffect
from sbrtcheck.dvh import refine as sources
from sbrtcheck.dvh.dvh import Sampling
from sbrtcheck.geometry.isodose_volume import NARROW_SHARE
from sbrtcheck.judge.dose_check import check_dose
from sbrtcheck.judge.judged_plan import judged_plan
from sbrtcheck.judge.naming import match_plan, organs_of
from sbrtcheck.judge.refine_bounds import REFINED_SHARE, _to_physical_gy, refine_cases
from sbrtcheck.judge.row import Case, judge_on, with_isodoses
from sbrtcheck.judge.structures import plan_structures
from sbrtcheck.metric import Measurement, NotMeasured, OfPlan, Unit, parse
from sbrtcheck.plan import SEX_NOT_STATED, Plan
from sbrtcheck.radiobiology import Quantity, total_dose_for_bed, total_dose_for_eqd2
from sbrtcheck.results import Verdict
from sbrtcheck.results.plan_site import UNKNOWN_SITE
from sbrtcheck.tables import Constraint, Kind

COMPUTED = Sampling(recipes=(), reading=0, refinement=1, bin_gy=0.01)
SPREAD = {"low_gy": 5.0, "high_gy": 25.0, "sampling": COMPUTED}
WIDE = ramp_dvh("Heart", half_width_gy=1.0, **SPREAD)
EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0}


def as_close(dvh: DVH, half_width_gy: float) -> DVH:
    """The same, with bounds so far off."""
    return ramp_dvh(dvh.name, half_width_gy=half_width_gy, **SPREAD, number=dvh.number)


@dataclass
class Asked:
    """What was asked, and how it is answered: with the bounds that were known, where nothing else is said."""

    along: list[tuple[str, tuple[Question, ...], tuple[DVH, ...]]] = field(default_factory=list)
    everywhere: list[DVH] = field(default_factory=list)
    narrow: Callable[[DVH, Question], DVH] = lambda dvh, _: dvh
    finer: Callable[[DVH], DVH | None] = lambda _: None

    def at(self, _: Plan | None, dvh: DVH, questions: Sequence[Question], known: Sequence[DVH]) -> tuple[DVH, ...]:
        """In place of `refine_at`."""
        if questions:
            self.along.append((dvh.name, tuple(questions), tuple(known)))
        known = known or [dvh] * len(questions)
        return tuple(self.narrow(of, question) for of, question in zip(known, questions, strict=True))

    def all_over(self, _: Plan | None, dvh: DVH) -> DVH | None:
        """In place of `refine_everywhere`."""
        self.everywhere.append(dvh)
        return self.finer(dvh)

    @property
    def questions(self) -> list[tuple[Question, ...]]:
        """Of each call."""
        return [questions for _, questions, _ in self.along]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Nothing is refined in earnest."""
    noted = Asked()
    monkeypatch.setattr(sources, "refine_at", noted.at)
    monkeypatch.setattr(sources, "refine_everywhere", noted.all_over)
    return noted


def cases_of(*rows: Constraint, dvhs: tuple[DVH, ...] = (WIDE,), **fields: Any) -> list[Case]:
    of_set = dvh_set(*dvhs)
    matches = match_plan(of_set, organs_of([table(*rows)]))
    dose = check_dose(of_set, matches.targets, accepted=True)
    plan = judged_plan(plan_structures(of_set, matches), rows, site=UNKNOWN_SITE, dose=dose, sex=SEX_NOT_STATED)
    return [
        Case(
            table=table(one),
            row=one,
            matched=matched,
            plan=plan,
            **({"blocked": None, "isodoses": {}} | fields),  # type: ignore[arg-type]
        )
        for one in rows
        for matched in plan.select(one)
    ]


def widths(cases: Sequence[Case]) -> list[float]:
    """How wide the bounds of the values are."""
    found = [judge_on(case, case.dvh).measurement for case in cases]
    return [round(one.high - one.low, 6) for one in found if isinstance(one, Measurement)]


def heart(metric: str, limit: float = 1e6, sense: str = "below", **fields: Any) -> Constraint:
    return row(metric, sense, limit, "Heart", id=fields.pop("id", "row"), **fields)


# -------------------------------------------------------------------------------- values


def test_a_value_is_asked_for_as_closely_as_it_is_printed(asked: Asked) -> None:
    asked.narrow = lambda dvh, _: as_close(dvh, 0.01)
    (case,) = refine_cases(cases_of(heart("D1cc[Gy]")))
    assert asked.along == [
        ("Heart", ((DoseSought(volume_percent=10.0, near_gy=pytest.approx(23.0), close_gy=pytest.approx(0.023)),),), ())
    ]
    assert asked.everywhere == []
    assert widths([case]) == [0.02]
    assert case.matched.organ == "Heart"


@pytest.mark.parametrize(
    ("metric", "sought"),
    [
        ("V15Gy[cc]", VolumeSought(dose_gy=15.0, width_percent=pytest.approx(0.1, rel=1e-3))),
        ("V15Gy[%]", VolumeSought(dose_gy=15.0, width_percent=pytest.approx(0.1, rel=1e-3))),
        ("CV15Gy[cc]", VolumeSought(dose_gy=15.0, width_percent=pytest.approx(0.1, rel=1e-3))),
        ("DC1cc[Gy]", DoseSought(volume_percent=90.0, near_gy=pytest.approx(7.0), close_gy=pytest.approx(0.02))),
        ("Max[Gy]", DoseSought(volume_percent=0.0, near_gy=pytest.approx(25.0), close_gy=pytest.approx(0.025))),
    ],
)
def test_each_point_of_the_curve_is_asked_for_by_its_place(metric: str, sought: object, asked: Asked) -> None:
    sense = "at_least" if metric.startswith("CV") else "below"
    limit = 1e-3 if sense == "at_least" else 1e6
    refine_cases(cases_of(heart(metric, limit, sense)))
    assert asked.questions[0] == ((sought,),)


@pytest.mark.parametrize("quantity", [Quantity.EQD2, Quantity.BED])
def test_what_is_asked_in_eqd2_or_bed_is_asked_of_the_physical_dose(quantity: Quantity, asked: Asked) -> None:
    to_physical = total_dose_for_eqd2 if quantity is Quantity.EQD2 else total_dose_for_bed
    of = {"quantity": quantity, "alpha_beta_gy": 2.0}
    effect_gy = 23.0 * (1 + 23.0 / 5 / 2.0) / (2.0 if quantity is Quantity.EQD2 else 1.0)
    refine_cases(
        cases_of(heart("D1cc[Gy]", **of), heart("V30Gy[cc]", id="v", **of), heart("gEUD(a=4)[Gy]", id="g", **of))
    )
    ((of_dose,), (of_volume,), (of_mean,)) = asked.questions[0]
    assert isinstance(of_dose, DoseSought)
    close_gy = max(0.02, 1e-3 * effect_gy)
    beyond_gy = float(to_physical(effect_gy + close_gy, fractions=5, alpha_beta_gy=2.0))
    assert of_dose.volume_percent == 10.0
    assert of_dose.near_gy == pytest.approx(23.0, abs=1e-3)
    assert of_dose.close_gy == pytest.approx(beyond_gy - 23.0, rel=0.05)
    assert isinstance(of_volume, VolumeSought)
    assert of_volume.dose_gy == pytest.approx(float(to_physical(30.0, fractions=5, alpha_beta_gy=2.0)), rel=1e-4)
    assert of_volume.dose_gy < float(
        to_physical(30.0, fractions=5, alpha_beta_gy=2.0)
    )  # just below, as volumes are read
    assert isinstance(of_mean, MeanSought)
    assert (of_mean.power, of_mean.effect) == (4.0, isoeffect(quantity, fractions=5, alpha_beta_gy=2.0))


def test_a_volume_in_eqd2_is_asked_for_a_hundred_thousandth_of_the_largest_dose_lower() -> None:
    """V30Gy of at most 40 Gy in EQD2 is read off at 30 - 0.0004 Gy, and a dose at a volume where it is."""
    converted = ramp_dvh("Heart", high_gy=40.0, **EQD2)
    for metric, eqd2_gy in (("V30Gy[cc]", 30.0 - 4e-4), ("D1cc[Gy]", 30.0)):
        physical_gy = float(total_dose_for_eqd2(eqd2_gy, fractions=5, alpha_beta_gy=2.0))
        assert _to_physical_gy(parse(metric), converted)(30.0) == pytest.approx(physical_gy, rel=1e-9)


def test_a_power_mean_of_physical_dose_is_asked_for_as_it_is(asked: Asked) -> None:
    refine_cases(cases_of(heart("gEUD(a=4)[Gy]")))
    (((sought,),),) = asked.questions
    assert isinstance(sought, MeanSought)
    assert (sought.power, sought.effect) == (4.0, OF_DOSE)


def test_rows_on_one_structure_ask_together_and_each_question_once(asked: Asked) -> None:
    asked.narrow = lambda dvh, question: as_close(dvh, 0.01 if isinstance(question[0], DoseSought) else 0.001)
    rows = [
        heart("D1cc[Gy]", id="a"),
        heart("V15Gy[cc]", id="b"),
        heart("D1cc[Gy]", id="c"),
        row("D1cc[Gy]", "below", 1e6, "Liver", id="d"),
        heart("Mean[Gy]", id="e"),
    ]
    liver = replace(WIDE, name="Liver")
    cases = refine_cases(cases_of(*rows, dvhs=(WIDE, liver)))
    assert [(name, len(questions)) for name, questions, _ in asked.along] == [("Heart", 2), ("Liver", 1)]
    assert [case.row.id for case in cases] == ["a", "b", "c", "d", "e"]
    assert [case.matched.organ for case in cases] == ["Heart", "Heart", "Heart", "Liver", "Heart"]
    assert widths(cases) == [0.02, 0.001, 0.02, 0.02, 2.0]


@pytest.mark.parametrize(
    ("dvh", "fields"),
    [
        (replace(WIDE, sampling=None), {}),
        (WIDE, {"blocked": NotMeasured(reason=Reason.SEX_UNKNOWN)}),
        (replace(WIDE, name="Liver"), {}),
    ],
)
def test_nothing_is_asked_of_what_was_not_computed_here_or_is_not_judged(
    dvh: DVH, fields: dict[str, Any], asked: Asked
) -> None:
    cases = cases_of(heart("D1cc[Gy]", 23.0), heart("Mean[Gy]", 15.0, id="mean"), dvhs=(dvh,), **fields)
    assert refine_cases(cases) == cases
    assert (asked.along, asked.everywhere) == ([], [])


def test_rows_that_nothing_is_asked_for_do_not_keep_others_from_asking(asked: Asked) -> None:
    cases = cases_of(row("D1cc[Gy]", "below", 1.0, "Skin", id="missing"), heart("D1cc[Gy]"))
    refine_cases(cases)
    assert [name for name, *_ in asked.along] == ["Heart"]


# -------------------------------------------------------------------------------- verdicts


def points(question: Question) -> list[float]:
    """Doses of the limits that were asked along."""
    assert all(isinstance(one, CurvePoint) for one in question)
    return [one.dose_gy for one in question if isinstance(one, CurvePoint)]


def test_an_undecided_verdict_is_asked_for_along_its_limits(asked: Asked) -> None:
    closer = as_close(WIDE, 0.2)

    def narrow(dvh: DVH, question: Question) -> DVH:
        return closer if isinstance(question[0], DoseSought) else as_close(dvh, 0.05)

    asked.narrow = narrow
    rows = [
        heart("D1cc[Gy]", 23.1, id="undecided"),
        heart("D1cc[Gy]", 23.5, id="decided"),
        heart("D1cc[Gy]", 22.9, acceptable=23.15, id="acceptable"),
    ]
    cases = refine_cases(cases_of(*rows))
    assert len(asked.along) == 2
    name, (first, second), known = asked.along[1]
    assert (name, points(first), points(second)) == ("Heart", [23.1], [22.9, 23.15])
    assert known == (closer, closer)  # what is known already stays
    assert widths(cases) == [0.1, 0.4, 0.1]
    assert asked.everywhere == []


def test_bounds_that_are_close_are_asked_for_no_further(asked: Asked) -> None:
    asked.narrow = lambda dvh, _: as_close(dvh, 0.004)
    (case,) = refine_cases(cases_of(heart("D1cc[Gy]", 23.001)))
    assert len(asked.along) == 1  # 0.008 Gy are less than 0.01 Gy, whatever the verdict
    assert judge_on(case, case.dvh).verdict is Verdict.PASS
    asked.narrow = lambda dvh, _: as_close(dvh, 0.006)
    refine_cases(cases_of(heart("D1cc[Gy]", 23.001)))
    assert len(asked.along) == 3


def test_a_limit_in_eqd2_is_asked_along_the_physical_dose(asked: Asked) -> None:
    eqd2_gy = 23.0 * (23.0 / 5 + 2.0) / 4.0 + 0.1
    refine_cases(cases_of(heart("D1cc[Gy]", eqd2_gy, **EQD2)))
    (question,) = asked.questions[1]
    assert points(question) == pytest.approx([float(total_dose_for_eqd2(eqd2_gy, fractions=5, alpha_beta_gy=2.0))])


def test_an_undecided_power_mean_is_asked_for_more_closely(asked: Asked) -> None:
    value = judge_on(cases_of(heart("gEUD(a=4)[Gy]"))[0], WIDE).measurement
    assert isinstance(value, Measurement)
    refine_cases(cases_of(heart("gEUD(a=4)[Gy]", value.value + 0.001)))
    ((first,),), ((second,),) = asked.questions
    assert isinstance(first, MeanSought)
    assert isinstance(second, MeanSought)
    assert (first.close_gy, second.close_gy) == pytest.approx((0.02, 0.005))
    assert (first.power, first.effect) == (second.power, second.effect)


def mean_within(dvh: DVH, half_width_gy: float) -> DVH:
    return replace(dvh, mean_gy=Bounds(value=15.0, low=15.0 - half_width_gy, high=15.0 + half_width_gy))


def test_an_undecided_mean_is_asked_for_everywhere_until_it_is_decided(asked: Asked) -> None:
    steps = iter([mean_within(WIDE, 0.5), mean_within(WIDE, 0.25), mean_within(WIDE, 0.125)])
    asked.finer = lambda _: next(steps)
    far, near = heart("Mean[Gy]", 15.4, id="far"), heart("Mean[Gy]", 15.2, id="near")
    decided = heart("Mean[Gy]", 17.0, id="decided")
    cases = refine_cases(cases_of(far, decided, near))
    assert len(asked.everywhere) == 3
    assert widths(cases) == [0.5, 2.0, 0.25]  # each as far as it needed
    assert asked.along == []


def test_an_undecided_mean_stays_so_where_nothing_is_to_be_had(asked: Asked) -> None:
    cases = refine_cases(cases_of(heart("Mean[Gy]", 15.4)))
    assert (len(asked.everywhere), widths(cases)) == (1, [2.0])


@pytest.mark.parametrize(("half_width_gy", "asks"), [(0.0049, False), (0.0051, True)])
def test_a_mean_that_is_known_to_a_hundredth_is_asked_for_no_further(
    half_width_gy: float, asks: bool, asked: Asked
) -> None:
    refine_cases(cases_of(heart("Mean[Gy]", 15.001), dvhs=(mean_within(WIDE, half_width_gy),)))
    assert bool(asked.everywhere) is asks


@pytest.mark.parametrize("kind", [Kind.RISK, Kind.LIMIT])
def test_points_and_means_are_told_apart_among_rows_of_one_structure(kind: Kind, asked: Asked) -> None:
    rows = [heart("Mean[Gy]", 15.5, id="mean"), heart("D1cc[Gy]", 23.5, id="point", kind=kind)]
    asked.finer = lambda dvh: mean_within(dvh, 0.1) if len(asked.everywhere) == 1 else None
    cases = refine_cases(cases_of(*rows))
    assert [case.row.id for case in cases] == ["mean", "point"]
    assert len(asked.everywhere) == 1
    # a risk point has no verdict that a limit could decide
    assert len(asked.along) == (2 if kind is Kind.LIMIT else 1)
    assert widths(cases)[0] == 0.2


@pytest.mark.parametrize(
    ("metric", "limit", "half_width_cc", "asks"),
    [  # a thousandth of 10 cc in all, and a tenth of a percent
        ("V16Gy[cc]", 5.001, 0.004, False),
        ("V16Gy[cc]", 5.001, 0.006, True),
        ("V16Gy[%]", 50.01, 0.004, False),
        ("V16Gy[%]", 50.01, 0.006, True),
    ],
)
def test_a_volume_that_is_known_to_a_thousandth_is_asked_for_no_further(
    metric: str, limit: float, half_width_cc: float, asks: bool, asked: Asked
) -> None:
    steps = [curve([0.0, 0.0, 15.0, 15.0, 30.0, 30.0], [10.0, 10.0, 10.0, v, v, 0.0]) for v in (5 - half_width_cc, 5.0)]
    upper = curve([0.0, 0.0, 15.0, 15.0, 30.0, 30.0], [10.0, 10.0, 10.0, 5 + half_width_cc, 5 + half_width_cc, 0.0])
    dvh = replace(WIDE, lower=steps[0], curve=steps[1], upper=upper, max_gy=exact(30.0))
    refine_cases(cases_of(heart(metric, limit), dvhs=(dvh,)))
    along_limits = [questions for questions in asked.questions if isinstance(questions[0][0], CurvePoint)]
    assert bool(along_limits) is asks


# -------------------------------------------------------------------------------- metrics of the whole plan


def test_isodose_volumes_are_refined_for_the_rows_that_they_leave_undecided_alone(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index between 3.9 and 4.1 by the first isodoses, and between 3.99 and 4.01 by refined ones."""
    found: list[tuple[list[str], float]] = []

    def volumes(metrics: Iterable[OfPlan], _: Plan | None, share: float) -> dict[str, float]:
        found.append((list(map(str, metrics)), share))
        return {"half width": 0.1 if share == NARROW_SHARE else 0.01}

    def index(_: OfPlan, __: Any, ___: DVH, isodoses: dict[str, float], ____: Any) -> Measurement:
        half_width = isodoses["half width"]
        return Measurement(value=4.0, low=4.0 - half_width, high=4.0 + half_width, unit=Unit.RATIO)

    monkeypatch.setattr("sbrtcheck.judge.row.isodose_volumes", volumes)
    monkeypatch.setattr("sbrtcheck.judge.row.index_from_isodoses", index)
    rows = [
        row("R50%[ratio]", "below", 5.0, "PTV", id="decided"),
        row("Mean[Gy]", "below", 100.0, "PTV", id="mean"),
        row("R50%[ratio]", "below", 4.05, "PTV", id="undecided"),
        row("GI[ratio]", "at_least", 4.005, "PTV", id="on-the-limit"),
    ]
    target = replace(WIDE, name="PTV")
    cases = with_isodoses(cases_of(*rows, dvhs=(target,)), NARROW_SHARE)
    refined = refine_cases(cases)
    assert found == [
        (["R50%[ratio]", "R50%[ratio]", "GI[ratio]"], NARROW_SHARE),
        (["R50%[ratio]", "GI[ratio]"], REFINED_SHARE),
    ]
    assert [case.row.id for case in refined] == [one.id for one in rows]
    assert widths(refined) == [0.2, 2.0, 0.02, 0.02]
    assert refined[0].isodoses is cases[0].isodoses
    assert asked.everywhere == []  # elements tell nothing of an isodose

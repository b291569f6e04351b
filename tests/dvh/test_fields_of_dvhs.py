"""Every field of what is made of DVHs: converted, compared and exchanged ones; and what charts are made of."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dvh_builders import FIFTY_IN_FIVE, NOT_KNOWN, curve, dvh_set, exact, percent_dvh, plan_of, ramp_dvh, uniform_dvh
from sbrtcheck import compute_dvhs
from sbrtcheck.chart.points import CurvePoint, NotDrawn, Side
from sbrtcheck.chart.values import Chart
from sbrtcheck.dvh import DVH, Between, Bounds, EndCaps, Interpolation, Model, NoDVH, Reason, roi_names
from sbrtcheck.dvh.binned_dvh import Unusable
from sbrtcheck.dvh.curve import closer
from sbrtcheck.dvh.curve_distance import CurveDistance, curve_distance
from sbrtcheck.dvh.exchange import bin_edges_gy
from sbrtcheck.dvh.isoeffect import OF_DOSE, PowerMean, converted_bounds, isoeffect, known_power_mean
from sbrtcheck.errors import ArgumentError
from sbrtcheck.installation import install_command
from sbrtcheck.plan import Finding, FindingCode, UnknownPrescription
from sbrtcheck.radiobiology import Quantity, findings_for

NOTED = Finding(code=FindingCode.DERIVED_STRUCTURE, text="built from two", subject="Cord")

# -------------------------------------------------------------------------------- in another quantity

# 10 to 20 Gy, known to 1 Gy, in 5 fractions
RAMP = ramp_dvh("Cord", low_gy=10.0, high_gy=20.0, half_width_gy=1.0)


def mean_effect(low_gy: float, high_gy: float, linear: float, quadratic: float) -> float:
    """Of doses spread evenly: the mean of D is (a + b) / 2, that of D² is (a² + ab + b²) / 3."""
    squares = (low_gy**2 + low_gy * high_gy + high_gy**2) / 3
    return linear * (low_gy + high_gy) / 2 + quadratic * squares


@pytest.mark.parametrize(
    ("quantity", "ratio", "linear", "quadratic"),
    [
        (Quantity.BED, 10.0, 1.0, 1 / 50),
        (Quantity.BED, 2.0, 1.0, 1 / 10),
        (Quantity.EQD2, 3.0, 3 / 5, 1 / 25),
        (Quantity.EQD2, 10.0, 10 / 12, 1 / 60),
    ],
)
def test_each_number_of_a_converted_dvh_is_the_formula_of_each_of_its_own(
    quantity: Quantity, ratio: float, linear: float, quadratic: float
) -> None:
    convert = RAMP.to_bed if quantity is Quantity.BED else RAMP.to_eqd2

    def of(dose_gy: float) -> float:
        return dose_gy * (linear + quadratic * dose_gy)

    def with_bounds(low: float, value: float, high: float) -> Bounds:
        return Bounds(
            value=pytest.approx(value, abs=1e-4), low=pytest.approx(low, abs=1e-4), high=pytest.approx(high, abs=1e-4)
        )

    found = convert(alpha_beta_gy=ratio)
    assert found.min_gy == with_bounds(of(9), of(10), of(11))
    assert found.max_gy == with_bounds(of(19), of(20), of(21))
    assert found.mean_gy == with_bounds(
        *(mean_effect(10 + off, 20 + off, linear, quadratic) for off in (-1.0, 0.0, 1.0))
    )
    assert found.dose_at_volume(5.0) == with_bounds(of(14), of(15), of(16))
    assert (found.quantity, found.alpha_beta_gy) == (quantity, ratio)
    said = f"a percentage of it means nothing in {quantity}"
    assert found.prescription == UnknownPrescription(reason=said, fractions=5)
    untouched = ("name", "number", "kind", "origin", "volume", "volume_unit", "model", "sampling", "uncovered_cc")
    assert all(getattr(found, name) == getattr(RAMP, name) for name in untouched)


def test_fractions_may_be_known_of_a_prescription_whose_dose_is_not() -> None:
    in_four = replace(RAMP, prescription=UnknownPrescription(reason="no dose", fractions=4))
    assert in_four.to_bed(alpha_beta_gy=10.0).max_gy.value == pytest.approx(20.0 * 1.5)
    assert in_four.to_bed(alpha_beta_gy=10.0, fractions=2).max_gy.value == pytest.approx(20.0 * 2.0)


def test_other_conventions_and_readings_are_converted_for_the_fractions_that_were_given() -> None:
    """20 Gy in 2 at an α/β of 10 Gy are a BED of 40 Gy; in the 5 fractions of the prescription they were 28 Gy."""
    others = {"alternatives": (uniform_dvh(dose_gy=20.0),), "readings": (uniform_dvh(dose_gy=10.0),)}
    found = uniform_dvh(dose_gy=30.0, **others).to_bed(alpha_beta_gy=10.0, fractions=2)
    assert [one.max_gy.value for one in found.alternatives] == pytest.approx([40.0])
    assert [one.max_gy.value for one in found.readings] == pytest.approx([15.0])
    (alone,) = others["alternatives"]
    assert found.alternatives == (alone.to_bed(alpha_beta_gy=10.0, fractions=2),)


def test_findings_are_kept_and_the_range_of_the_model_is_told_of_the_largest_dose() -> None:
    dvh = uniform_dvh("Cord", dose_gy=60.0, findings=(NOTED,))  # 12 Gy a fraction
    of_model = findings_for(60.0, fractions=5, subject="Cord")
    assert of_model
    assert all(finding.subject == "Cord" for finding in of_model)
    assert dvh.to_bed(alpha_beta_gy=3.0).findings == (NOTED, *of_model)
    assert dvh.to_eqd2(alpha_beta_gy=3.0, fractions=30).findings == (NOTED,)


def test_a_mean_effect_that_is_known_closely_is_the_mean_of_the_converted_dvh() -> None:
    effect = isoeffect(Quantity.BED, fractions=5, alpha_beta_gy=10.0)
    mean = mean_effect(10.0, 20.0, effect.linear, effect.quadratic)
    known = PowerMean(power=1.0, effect=effect, low_gy=mean - 0.01, high_gy=mean + 0.01)
    of_dose = PowerMean(power=4.0, effect=OF_DOSE, low_gy=15.0, high_gy=16.0)
    found = replace(RAMP, power_means=(of_dose, known)).to_bed(alpha_beta_gy=10.0)
    assert found.power_means == (replace(known, effect=OF_DOSE),)
    assert (found.mean_gy.low, found.mean_gy.high) == pytest.approx((mean - 0.01, mean + 0.01))
    assert found.mean_gy.value == pytest.approx(mean, abs=1e-4)
    elsewhere = replace(RAMP, power_means=(of_dose, known)).to_bed(alpha_beta_gy=10.0, fractions=4)
    assert elsewhere.power_means == ()  # another course has another effect


def test_all_that_is_known_of_a_mean_narrows_it() -> None:
    wide = Bounds(value=10.0, low=8.0, high=12.0)
    known = [PowerMean(power=4.0, effect=OF_DOSE, low_gy=low, high_gy=high) for low, high in ((9.0, 13.0), (7.0, 11.0))]
    other = PowerMean(power=2.0, effect=OF_DOSE, low_gy=9.9, high_gy=10.1)
    assert known_power_mean(wide, 4.0, [other, *known, other]) == Bounds(value=10.0, low=9.0, high=11.0)
    rounded = known_power_mean(wide, 4.0, [replace(known[0], low_gy=11.00004, high_gy=11.00008)])
    assert rounded == Bounds(value=11.0001, low=11.00004, high=11.0001)  # doses are answered to 0.1 mGy


def test_the_effect_of_bounds_is_that_of_each_of_them() -> None:
    effect = isoeffect(Quantity.BED, fractions=5, alpha_beta_gy=10.0)
    assert converted_bounds(Bounds(value=10.0, low=5.0, high=20.0), effect) == Bounds(value=12.0, low=5.5, high=28.0)


# -------------------------------------------------------------------------------- rounding


def test_a_volume_is_one_volume_within_a_billionth_of_the_whole() -> None:
    """4 of 10 cc have 20 Gy, the rest 10 Gy: a sum that is rounded to a hair more than 4 cc is 4 cc."""
    stepped = ramp_dvh(curve=curve([0.0, 10.0, 10.0, 20.0, 20.0], [10.0, 10.0, 4.0, 4.0, 0.0]))
    stepped = replace(stepped, lower=stepped.curve, upper=stepped.curve)
    hair_cc = 1e-9 * 10.0
    for volume_cc, dose_gy in ((4.0, 20.0), (4.0 + 0.9 * hair_cc, 20.0), (4.0 + 1.1 * hair_cc, 10.0)):
        assert stepped.dose_at_volume(volume_cc) == exact(dose_gy)


@pytest.mark.parametrize("dose_gy", [22.0, 25.0, 29.0])
def test_a_dose_is_one_dose_within_a_hundred_thousandth_of_the_largest(dose_gy: float) -> None:
    """Of 10 cc from 20 to 30 Gy a cc has each Gy, and 0.3 mGy is no difference."""
    found = ramp_dvh(low_gy=20.0, high_gy=30.0).volume_at_dose(dose_gy)
    assert (found.low, found.value, found.high) == pytest.approx([30.0 - dose_gy + 3e-4] * 3, rel=1e-9)


@pytest.mark.parametrize("number", [np.float32(2.3), np.float32(7.7), 5, np.int32(8)])
def test_a_number_is_asked_at_with_all_its_digits_whatever_its_type(number: float) -> None:
    assert RAMP.dose_at_volume(number) == RAMP.dose_at_volume(float(number))
    assert RAMP.volume_at_dose(10 + number) == RAMP.volume_at_dose(float(10 + number))


def test_of_several_volumes_the_one_that_is_not_there_is_named() -> None:
    for volumes, wrong in (([0.0, 0.5, 10.0, 11.0, 12.0], "11"), ([0.0, 0.5, -0.5, 11.0], "-0.5")):
        with pytest.raises(ValueError, match=re.escape(f"volume {wrong} cc is outside 0 to 10 cc")):
            ramp_dvh().dose_at_volumes(np.array(volumes))


def test_a_value_on_its_bound_is_that_of_the_curve_though_bounds_were_refined() -> None:
    """Doses from 10 to 20 Gy, and bounds that are off on one side alone."""
    on_low, on_high = replace(RAMP, lower=RAMP.curve), replace(RAMP, upper=RAMP.curve)
    for dvh in (on_low, on_high):
        assert replace(dvh, narrowed_at_gy=(12.0,)).volume_at_dose(15.0) == dvh.volume_at_dose(15.0)
        assert dvh.volume_at_dose(15.0).value == pytest.approx(5.0, abs=1e-3)


# -------------------------------------------------------------------------------- old names


@pytest.mark.parametrize("name", ["bin_gy", "reading"])
def test_an_old_name_still_answers_and_tells_the_new_one(name: str) -> None:
    text = f"DVH.{name} is now DVH.sampling.{name}; the old name goes with version 0.3"
    with pytest.warns(DeprecationWarning, match=f"^{re.escape(text)}$"):
        assert getattr(ramp_dvh(), name) == 0
    (computed,) = compute_dvhs(plan_of(SpinalCord=0.0))
    with pytest.warns(DeprecationWarning, match=re.escape(text)):
        assert getattr(computed, name) == getattr(computed.sampling, name)


@pytest.mark.parametrize("name", ["bin_gy", "reading"])
def test_an_old_name_is_told_where_it_was_written(name: str) -> None:
    with pytest.warns(DeprecationWarning, match=name) as told:
        getattr(ramp_dvh(), name)
    assert [one.filename for one in told] == [__file__]


# -------------------------------------------------------------------------------- bounds, distances and notes


@pytest.mark.parametrize("value", [1.5, 2.0, 4.0])
def test_a_value_on_the_end_of_what_is_known_stays(value: float) -> None:
    assert closer(Bounds(value=value, low=1.0, high=5.0), 1.5, 4.0) == Bounds(value=value, low=1.5, high=4.0)
    assert closer(Bounds(value=value, low=value, high=value), value, value) == exact(value)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_distances_are_told_with_their_places(sign: int) -> None:
    """In percent: an even fall to 20 Gy, and one to half at 16 Gy; of 10 cc and of 30 cc."""
    first = ramp_dvh(curve=curve([0.0, 10.0, 20.0], [10.0, 5.0, 0.0]))
    second = ramp_dvh(curve=curve([0.0, 16.0, 20.0], [30.0, 15.0, 0.0]))
    apart = curve_distance(first, second) if sign > 0 else curve_distance(second, first)
    assert apart == CurveDistance(
        volume_percent=pytest.approx(-30.0 * sign),  # 20 % and 50 % have 16 Gy
        at_gy=pytest.approx(16.0),
        dose_gy=pytest.approx(-6.0 * sign),  # half of them has 10 Gy and 16 Gy
        at_percent=pytest.approx(50.0),
    )


def test_the_coldest_2_percent_are_left_out_of_the_distance_in_dose() -> None:
    first = ramp_dvh(curve=curve([0.0, 10.0, 20.0], [100.0, 98.0, 0.0]))
    second = ramp_dvh(curve=curve([0.0, 0.0, 10.0, 20.0], [100.0, 98.0, 98.0, 0.0]))
    apart = curve_distance(first, second)
    assert apart.dose_gy == pytest.approx(0.0, abs=1e-9)
    assert apart.volume_percent == pytest.approx(2.0)
    assert apart.at_gy == pytest.approx(0.0, abs=1e-9)


def test_a_histogram_that_cannot_be_used_says_why_as_an_error_and_as_fields() -> None:
    error = Unusable(Reason.UNIT_UNKNOWN, "in furlongs")
    assert (error.reason, error.detail) == (Reason.UNIT_UNKNOWN, "in furlongs")
    assert error.args == (Reason.UNIT_UNKNOWN, "in furlongs")


# -------------------------------------------------------------------------------- a set


def test_names_of_a_plan_are_matched_by_type_and_codes_too() -> None:
    of_plan = plan_of(A=0.0, B=14.0)
    first, second = of_plan.structures
    coded = replace(of_plan, structures=(replace(first, kind="PTV", codes=("T-A7010",)), second))
    found = [(one.name, one.number, one.kind, one.codes, one.contoured) for one in roi_names(compute_dvhs(coded))]
    assert found == [("A", 1, "PTV", ("T-A7010",), True), ("B", 2, "", (), True)]


@pytest.mark.parametrize(
    ("wrong", "what", "hint"),
    [
        ({"relative": 1}, "relative cannot be of the type int", "give True or False"),
        ({"structures": [5]}, "a structure's name cannot be of the type int", "give text, or a list of it"),
        ({"structures": ["Cord"]}, "there is no DVH of 'Cord'", "there are: SpinalCord"),
        ({"constraints": 5}, "constraints cannot be of the type int", "give a table or a report"),
        ({"constraints": ["x"]}, "constraints cannot be of the type str", "give a table or a report"),
    ],
)
def test_what_a_chart_cannot_be_made_of_is_named(wrong: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(ArgumentError) as error:
        dvh_set(ramp_dvh()).plot(**wrong)
    assert (error.value.what, error.value.hint) == (what, hint)


class Points:
    """What a table or a report is to a chart: asked with a set and names, it has a point and what is none."""

    def __init__(self, label: str) -> None:
        self.point = CurvePoint(
            structure="Cord", label=label, dose_gy=10.0, volume_percent=30.0, volume_cc=3.0, side=Side.UNDER
        )
        self.left_out = NotDrawn(label=f"not {label}", reason="of the whole plan")
        self.asked: list[object] = []

    def points(self, dvhs: object, names: object = None) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        self.asked.append((dvhs, names))
        return (self.point,), (self.left_out,)


def test_a_chart_is_made_of_all_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Chart, object]] = []
    monkeypatch.setattr("sbrtcheck.chart.axes.draw", lambda chart, ax: drawn.append((chart, ax)))
    dvhs = dvh_set(ramp_dvh("Cord"), ramp_dvh("Heart", high_gy=30.0), ramp_dvh("Lesion", high_gy=40.0))
    one, other, names, axes = Points("one"), Points("other"), {"PTV": "Lesion"}, object()
    dvhs.plot()
    dvhs.plot(constraints=one, relative=False, names=names, ax=axes)  # type: ignore[arg-type]
    dvhs.plot(constraints=(each for each in (one, other)), structures=["Heart", "Cord"])
    (usual, no_axes), (in_cc, its_axes), (chosen, _) = drawn
    assert (no_axes, its_axes) == (None, axes)
    assert [[curve.name for curve in chart.curves] for chart in (usual, in_cc, chosen)] == [
        ["Cord", "Heart", "Lesion"],
        ["Lesion", "Cord", "Heart"],  # targets first
        ["Cord", "Heart"],
    ]
    assert [curve.style.is_target for curve in in_cc.curves] == [True, False, False]
    assert [chart.relative for chart in (usual, in_cc, chosen)] == [True, False, True]
    assert [[limit.point for limit in chart.limits] for chart in (usual, in_cc, chosen)] == [
        [],
        [one.point],
        [one.point, other.point],
    ]
    assert [chart.left_out for chart in (usual, in_cc, chosen)] == [
        (),
        (one.left_out,),
        (one.left_out, other.left_out),
    ]
    assert (one.asked, other.asked) == ([(dvhs, names), (dvhs, None)], [(dvhs, None)])


def test_a_notebook_shows_targets_first_and_all_that_is_known_of_a_set() -> None:
    lacking = NoDVH(name="Heart", number=7, reason=Reason.STRUCTURE_EMPTY, detail="no contours")
    made = dvh_set(ramp_dvh("Cord"), ramp_dvh("PTV", kind="PTV"), without=(lacking,))
    model = Model(end_caps=EndCaps.CAPPED, between=Between.INTERPOLATED, dose=Interpolation.CUBIC)
    noted = Finding(code=FindingCode.DERIVED_STRUCTURE, text="something of the plan")
    shown = replace(made, findings=(noted,), model=model)._repr_html_()
    assert 0 < shown.rindex("PTV") < shown.rindex("Cord")
    for said in (
        f"Heart: no DVH, {Reason.STRUCTURE_EMPTY} (no contours)",
        "something of the plan",
        "2 structures, DVHs computed: interpolated, end caps capped, dose cubic between grid points",
    ):
        assert said in shown
    assert "1 structure, DVHs stored" in dvh_set(percent_dvh())._repr_html_()


# -------------------------------------------------------------------------------- the class of dicompyler-core


def core(counts: list[float], bins: list[float], **fields: Any) -> Any:
    cumulative = SimpleNamespace(counts=counts, bins=bins, dose_units="Gy", volume_units="cm3")
    return SimpleNamespace(**({"cumulative": cumulative, "rx_dose": None, "name": "Cord"} | fields))


def test_a_histogram_of_one_bin_is_one() -> None:
    found = DVH.from_dicompyler(core([0.5], [0.0, 0.1]))
    assert found.volume == 0.5
    assert found.min_gy == found.mean_gy == found.max_gy == Bounds(value=0.05, low=0.0, high=0.1)
    assert (found.curve.dose_gy.tolist(), found.curve.volume.tolist()) == ([0.0, 0.1], [0.5, 0.0])


def test_bins_that_lose_nothing_are_neither_minimum_nor_maximum_and_edges_behind_the_last_bin_are_none() -> None:
    found = DVH.from_dicompyler(core([4.0, 4.0, 3.0, 1.0, 0.0, 0.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]))
    assert found.min_gy == Bounds(value=1.5, low=1.0, high=2.0)
    assert found.max_gy == Bounds(value=3.5, low=3.0, high=4.0)
    # a quarter in 1 to 2 Gy, a half in 2 to 3 Gy, a quarter in 3 to 4 Gy
    assert found.mean_gy == Bounds(value=2.5, low=2.0, high=3.0)
    assert len(found.curve.dose_gy) == 7
    assert found.lower.dose_gy.tolist() == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0]
    assert found.lower.volume.tolist() == [4.0, 4.0, 4.0, 3.0, 3.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert found.upper.dose_gy.tolist() == [0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0, 6.0]
    assert found.upper.volume.tolist() == [4.0, 4.0, 4.0, 4.0, 3.0, 3.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_whole_numbers_of_a_histogram_are_doses_and_volumes_as_others_are() -> None:
    whole = DVH.from_dicompyler(core([4, 2], [0, 1, 2]))
    assert whole == DVH.from_dicompyler(core([4.0, 2.0], [0.0, 1.0, 2.0]))
    assert {one.dtype for one in (whole.curve.dose_gy, whole.curve.volume)} == {np.dtype(np.float64)}


@pytest.mark.parametrize("lacking", ["cumulative", "rx_dose", "name"])
def test_what_lacks_something_that_such_a_dvh_has_is_none(lacking: str) -> None:
    made = core([1.0], [0.0, 1.0])
    delattr(made, lacking)
    with pytest.raises(ArgumentError) as error:
        DVH.from_dicompyler(made)
    assert error.value.what == "a DVH cannot be of the type SimpleNamespace"
    assert error.value.hint == "give one of dicompyler-core"


def test_what_to_give_for_fractions_is_said() -> None:
    with pytest.raises(ArgumentError) as error:
        DVH.from_dicompyler(core([1.0], [0.0, 1.0]), fractions="5")  # type: ignore[arg-type]
    assert error.value.what == "the number of fractions cannot be of the type str"
    assert error.value.hint == "give a whole number"


@pytest.mark.parametrize("top_gy", [0.0, 0.055, 20.004])
def test_bins_end_behind_the_curve_and_not_far_behind(top_gy: float) -> None:
    edges_gy = bin_edges_gy(curve([0.0, top_gy], [1.0, 0.0]))
    assert edges_gy[0] == 0.0
    assert np.diff(edges_gy) == pytest.approx(0.01)
    assert top_gy < edges_gy[-1] <= top_gy + 0.02 + 1e-9


def test_what_goes_out_has_its_units_and_its_prescription() -> None:
    sent = ramp_dvh("Cord").to_dicompyler()
    assert (sent.name, sent.dvh_type, sent.dose_units, sent.volume_units) == ("Cord", "cumulative", "Gy", "cm3")
    assert sent.rx_dose == FIFTY_IN_FIVE.dose_gy
    relative = percent_dvh("Heart", prescription=NOT_KNOWN).to_dicompyler()
    assert (relative.name, relative.volume_units, relative.rx_dose) == ("Heart", "%", None)
    assert relative.counts[0] == 100.0


def test_without_the_other_program_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dicompylercore", None)
    with pytest.raises(ImportError) as error:
        ramp_dvh().to_dicompyler()
    assert str(error.value) == f"this DVH class needs dicompyler-core: {install_command('dicompyler')}"
    assert isinstance(error.value.__cause__, ImportError)

"""DVHs and sets of them as values: what they answer, what they refuse, and what comes in from another program."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import (
    FIFTY_IN_FIVE,
    NOT_KNOWN,
    band,
    curve,
    dvh_set,
    exact,
    percent_dvh,
    plan_of,
    ramp_dvh,
    uniform_dvh,
)
from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import (
    DERIVED_NUMBER,
    DVH,
    Bounds,
    EndCaps,
    MeanSought,
    NoDVH,
    Origin,
    Reason,
    VolumeSought,
    VolumeUnit,
    roi_names,
)
from sbrtcheck.dvh.isoeffect import (
    CHORD_GY,
    OF_DOSE,
    Isoeffect,
    PowerMean,
    converted_curve,
    converted_lower_curve,
    converted_power_means,
    isoeffect,
    known_power_mean,
)
from sbrtcheck.errors import ArgumentError, NamesError
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.radiobiology import Quantity, bed, eqd2

# -------------------------------------------------------------------------------- one DVH


def test_a_volume_that_is_none_or_all_has_the_extremes_with_their_bounds() -> None:
    dvh = ramp_dvh(volume_cc=10.0, low_gy=4.0, high_gy=20.0, min_gy=band(3.0, 0.5), max_gy=band(21.0, 0.5))
    assert dvh.dose_of_hottest(0.0) == dvh.dose_of_hottest(1e-9) == dvh.max_gy
    assert dvh.dose_of_hottest(10.0) == dvh.dose_of_hottest(10.0 - 1e-9) == dvh.min_gy
    assert dvh.dose_of_hottest(5.0) == dvh.dose_at_volume(5.0)
    assert dvh.dose_of_hottest(5.0).value == 12.0
    assert [dvh.is_extreme(volume) for volume in (0.0, 1e-6, 5.0, 10.0 - 1e-6, 10.0)] == [
        True,
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("volume", [-0.001, 10.001, float("nan")])
def test_a_volume_that_a_structure_does_not_have_is_named_with_what_it_has(volume: float) -> None:
    dvh = ramp_dvh(volume_cc=10.0)
    with pytest.raises(ValueError, match=rf"^volume {volume:g} cc is outside 0 to 10 cc$"):
        dvh.dose_at_volumes(np.array([5.0, volume]))


def test_the_whole_volume_may_be_asked_for_with_the_rounding_of_a_sum() -> None:
    dvh = ramp_dvh(volume_cc=10.0, low_gy=4.0, high_gy=20.0)
    assert dvh.dose_at_volume(10.0 * (1 + 0.5e-9)).value == 4.0


def test_a_dose_that_all_receive_but_for_rounding_is_received_by_all() -> None:
    assert uniform_dvh(volume_cc=3.0, dose_gy=20.0).volume_at_dose(20.0001) == exact(3.0)
    assert uniform_dvh(volume_cc=3.0, dose_gy=20.0).volume_at_dose(20.001) == exact(0.0)


def test_a_value_outside_bounds_that_were_refined_is_their_middle_and_else_the_nearest_of_them() -> None:
    crossed = ramp_dvh(
        lower=curve([0.0, 12.0, 24.0], [10.0, 10.0, 0.0]), upper=curve([0.0, 16.0, 24.0], [10.0, 10.0, 0.0])
    )
    # at 18 Gy: by the curve 1 cc, by its bounds 5 to 7.5 cc
    assert crossed.volume_at_dose(18.0).value == pytest.approx(5.0, abs=1e-3)
    refined = replace(crossed, narrowed_at_gy=(18.0,))
    assert refined.volume_at_dose(18.0).value == pytest.approx(6.25, abs=1e-3)
    inside = replace(ramp_dvh(half_width_gy=1.0), narrowed_at_gy=(15.0,))
    assert inside.volume_at_dose(15.0).value == pytest.approx(2.5, abs=1e-3)  # as it is, not the middle


@pytest.mark.parametrize("a", [0.0, float("nan"), float("inf")])
def test_an_exponent_that_is_none_is_refused(a: float) -> None:
    with pytest.raises(ValueError, match=r"^gEUD needs an exponent that is a number other than 0$"):
        ramp_dvh().geud(a)


def test_the_volume_in_cc_is_known_only_where_it_was_stored() -> None:
    assert ramp_dvh(volume_cc=3.0).volume_cc == 3.0
    with pytest.raises(ValueError, match=r"^Cord: the planning system stored no absolute volume$"):
        _ = percent_dvh("Cord").volume_cc


def test_a_dvh_shows_what_it_is_of_and_its_numbers() -> None:
    assert repr(ramp_dvh("Cord", kind="ORGAN")) == "<DVH 'Cord' (ORGAN), computed: 10.00 cc, mean 10.00, max 20.00 Gy>"
    stored = percent_dvh("Cord", low_gy=20.0)
    assert repr(stored) == "<DVH 'Cord', stored: 100.00 %, mean 20.00, max 20.00 Gy>"
    converted = repr(uniform_dvh(dose_gy=10.0).to_bed(alpha_beta_gy=10.0))  # 10 (1 + 2 / 10)
    assert converted == "<DVH 'SpinalCord', computed: 10.00 cc, mean 12.00, max 12.00 Gy in BED>"


def test_what_was_not_computed_here_was_made_of_nothing() -> None:
    stored = percent_dvh()
    assert (stored.end_caps, stored.made_of, stored.refinement) == (None, (), 0)
    with pytest.warns(DeprecationWarning, match="DVH.bin_gy is now DVH.sampling.bin_gy"):
        assert stored.bin_gy == 0.0
    with pytest.warns(DeprecationWarning, match="DVH.reading is now DVH.sampling.reading"):
        assert stored.reading == 0
    (computed,) = compute_dvhs(plan_of(SpinalCord=0.0))
    assert computed.end_caps is EndCaps.HALF_SLICE
    assert computed.made_of == computed.sampling.recipes
    assert computed.refinement == computed.sampling.refinement > 0


# -------------------------------------------------------------------------------- other quantities


@given(st.floats(0.0, 60.0), st.integers(1, 30), st.floats(0.1, 0.999) | st.floats(1.0, 20.0))
def test_one_dose_has_the_effect_of_the_formula_also_for_an_alpha_beta_below_1(
    dose: float, n: int, ratio: float
) -> None:
    for quantity, effect in ((Quantity.BED, bed), (Quantity.EQD2, eqd2)):
        expected = effect(dose, fractions=n, alpha_beta_gy=ratio)
        of_dose = isoeffect(quantity, fractions=n, alpha_beta_gy=ratio).of_dose(np.array([dose]))
        assert of_dose[0] == pytest.approx(expected)


def test_a_known_power_mean_narrows_the_one_with_its_power_and_no_other() -> None:
    wide = Bounds(value=10.0, low=8.0, high=12.0)
    known = PowerMean(power=4.0, effect=OF_DOSE, low_gy=9.0, high_gy=11.0)
    assert known_power_mean(wide, 4.0, [known]) == Bounds(value=10.0, low=9.0, high=11.0)
    assert known_power_mean(wide, 2.0, [known]) == wide
    of_effect = replace(known, effect=Isoeffect(linear=1.0, quadratic=0.1))
    assert known_power_mean(wide, 4.0, [of_effect]) == wide
    assert converted_power_means([known, of_effect], of_effect.effect) == (known,)


def test_fractions_are_those_that_are_given_else_those_of_the_prescription() -> None:
    dvh = uniform_dvh(dose_gy=10.0)  # of a prescription in 5
    assert dvh.to_bed(alpha_beta_gy=10.0).max_gy.value == 12.0
    assert dvh.to_bed(alpha_beta_gy=10.0, fractions=1).max_gy.value == 20.0
    converted = dvh.to_eqd2(alpha_beta_gy=3)
    assert (converted.quantity, converted.alpha_beta_gy, type(converted.alpha_beta_gy)) == (Quantity.EQD2, 3.0, float)
    assert converted.prescription == UnknownPrescription(reason="a percentage of it means nothing in EQD2", fractions=5)
    with pytest.raises(ValueError, match=r"^SpinalCord: its doses are EQD2 already$"):
        converted.to_bed(alpha_beta_gy=3.0)
    with pytest.raises(ValueError, match=r"^SpinalCord: the number of fractions is unknown; give fractions=$"):
        uniform_dvh(prescription=NOT_KNOWN).to_bed(alpha_beta_gy=3.0)


def test_alternatives_and_readings_are_converted_each_by_itself() -> None:
    others = {"alternatives": (uniform_dvh(dose_gy=20.0),), "readings": (uniform_dvh(dose_gy=30.0),)}
    converted = uniform_dvh(dose_gy=10.0, **others).to_bed(alpha_beta_gy=10.0)
    assert converted.alternatives[0].max_gy.value == pytest.approx(20.0 * 1.4)
    assert converted.readings[0].max_gy.value == pytest.approx(30.0 * 1.6)


@given(st.floats(0.0, 30.0), st.floats(0.5, 30.0), st.integers(1, 10), st.floats(0.5, 20.0))
def test_a_converted_curve_is_the_parabola_between_chords_and_tangents(
    low: float, width: float, n: int, ratio: float
) -> None:
    """To within 20 µGy, with chords above it and tangents below."""
    effect = isoeffect(Quantity.BED, fractions=n, alpha_beta_gy=ratio)
    drawn = curve([0.0, low, low + width], [10.0, 10.0, 0.0])
    volumes = np.linspace(0.0, 9.99, 101)
    exact_gy = effect.of_dose(low + width * (1.0 - volumes / 10.0))
    above = converted_curve(drawn, effect).dose_at(volumes) - exact_gy
    below = exact_gy - converted_lower_curve(drawn, effect).dose_at(volumes)
    for off in (above, below):
        assert off.min() >= -1e-9
        assert off.max() <= CHORD_GY + 1e-9


def test_level_parts_and_steps_need_no_more_points() -> None:
    effect = isoeffect(Quantity.BED, fractions=5, alpha_beta_gy=3.0)
    drawn = curve([0.0, 20.0, 20.0, 40.0, 40.0], [10.0, 10.0, 4.0, 4.0, 0.0])
    converted = converted_curve(drawn, effect)
    assert converted.dose_gy.tolist() == effect.of_dose(drawn.dose_gy).tolist()
    assert converted.volume.tolist() == drawn.volume.tolist()


@given(st.floats(0.0, 30.0), st.floats(0.5, 30.0), st.integers(1, 10), st.floats(0.5, 20.0))
def test_the_mean_effect_of_a_ramp_is_its_integral(low: float, width: float, n: int, ratio: float) -> None:
    """The mean of D is (a + b) / 2, that of D² is (a² + ab + b²) / 3."""
    high = low + width
    mean = (low + high) / 2 + (low * low + low * high + high * high) / 3 / (n * ratio)
    found = ramp_dvh(low_gy=low, high_gy=high).to_bed(alpha_beta_gy=ratio, fractions=n).mean_gy
    assert (found.low, found.value, found.high) == pytest.approx((mean, mean, mean), abs=1e-4)


def test_the_mean_effect_is_at_least_the_effect_of_the_least_mean() -> None:
    known = ramp_dvh(half_width_gy=5.0, mean_gy=band(10.0, 0.1)).to_bed(alpha_beta_gy=2.0)
    assert known.mean_gy.low == pytest.approx(
        9.9 * (1 + 9.9 / 10.0), abs=1e-4
    )  # by the curves alone 75 / 8 Gy and less


@pytest.mark.parametrize(
    ("power", "quadratic", "told"),
    [(4.0, 0.1, True), (1.0, 0.1, True), (-0.5, 0.1, True), (0.5, 0.1, False), (0.5, 0.0, True), (0.999, 0.1, False)],
)
def test_a_power_that_bends_one_way_can_be_told(power: float, quadratic: float, told: bool) -> None:
    effect = Isoeffect(linear=1.0, quadratic=quadratic)
    assert MeanSought(power=power, effect=effect, close_gy=0.02).can_be_told is told


# -------------------------------------------------------------------------------- a set


def test_a_set_is_asked_by_name_as_a_dictionary_and_never_chooses_between_two() -> None:
    cord, one, other = ramp_dvh("Cord"), ramp_dvh("Twice", high_gy=1.0), ramp_dvh("Twice", high_gy=2.0)
    dvhs = dvh_set(cord, one, other)
    assert dvhs.keys() == ("Cord", "Twice", "Twice")
    assert dvhs.values() == dvhs.dvhs == tuple(dvhs)
    assert dvhs.items() == tuple(zip(dvhs.keys(), dvhs.values(), strict=True))
    assert len(dvhs) == 3
    assert dvhs["Cord"] == dvhs.dvhs[0] == dvhs.get("Cord")
    assert dvhs.get("Heart") is None
    assert dvhs.get("Heart", 5) == 5
    assert "Cord" in dvhs
    assert dvhs.dvhs[1] in dvhs
    assert "Heart" not in dvhs
    assert uniform_dvh("Heart") not in dvhs
    for name, number in (("Twice", 2), ("Heart", 0)):
        with pytest.raises(KeyError, match=f"{number} DVHs are named '{name}'; there are: Cord, Twice"):
            dvhs[name]
    with pytest.raises(KeyError, match="there are: none"):
        dvh_set()["Cord"]
    with pytest.raises(KeyError):
        dvhs.get("Twice")


def test_a_set_shows_its_structures_and_those_without_a_dvh() -> None:
    lacking = NoDVH(name="Heart", number=7, reason=Reason.STRUCTURE_EMPTY)
    lines = repr(dvh_set(ramp_dvh("Cord"), without=(lacking,))).splitlines()
    assert lines[0] == "DVHSet of 1 DVH computed: 50 Gy in 5 fractions"
    assert lines[1].split() == ["Cord", "10.00", "cc", "mean", "10.00,", "max", "20.00", "Gy"]
    assert lines[1].index("cc") == lines[1].index("Cord") + 20 + 1 + 12 - 2  # in columns
    assert lines[2].strip() == f"Heart: no DVH, {Reason.STRUCTURE_EMPTY}"
    assert repr(dvh_set(ramp_dvh("Cord"), ramp_dvh("Liver"))).startswith("DVHSet of 2 DVHs computed")


def test_names_are_those_of_the_plan_or_of_all_that_is_stored_but_never_derived_ones() -> None:
    empty = NoDVH(name="Heart", number=7, kind="ORGAN", reason=Reason.STRUCTURE_EMPTY)
    outside = NoDVH(name="Liver", number=8, reason=Reason.DOSE_GRID_MISSING)
    dvhs = dvh_set(
        ramp_dvh("Cord", kind="AVOIDANCE"), ramp_dvh("Lungs", number=DERIVED_NUMBER), without=(empty, outside)
    )
    found = [(one.name, one.number, one.kind, one.contoured) for one in roi_names(dvhs)]
    assert found == [("Cord", 1, "AVOIDANCE", True), ("Heart", 7, "ORGAN", False), ("Liver", 8, "", True)]
    plan = plan_of(SpinalCord=0.0, Liver=20.0)
    names = roi_names(compute_dvhs(plan, structures=["Liver"]))
    assert [(one.name, one.number, one.contoured) for one in names] == [("SpinalCord", 1, True), ("Liver", 2, True)]


def test_what_was_not_computed_here_is_neither_joined_nor_refined() -> None:
    dvhs = dvh_set(percent_dvh("Cord"), percent_dvh("Heart"))
    assert isinstance(dvhs.union(dvhs.dvhs), NoDVH)
    assert dvhs.finer(dvhs["Cord"]) is None
    assert dvhs.narrowed(dvhs["Cord"], (VolumeSought(dose_gy=10.0, width_percent=1.0),)) == ()
    assert dvhs.with_close_curves() == dvhs


@pytest.mark.parametrize(("constraints", "kind"), [(5, "int"), ([5], "int"), (["lung"], "str")])
def test_what_has_no_points_is_not_drawn(constraints: Any, kind: str) -> None:
    with pytest.raises(ArgumentError, match=f"^constraints cannot be of the type {kind}") as error:
        dvh_set(ramp_dvh()).plot(constraints=constraints)
    assert error.value.hint == "give a table or a report"


@pytest.mark.parametrize("wrong", [{"relative": 1}, {"structures": [5]}, {"names": [5]}])
def test_arguments_of_a_chart_are_looked_at_before_it_is_drawn(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError if "names" not in wrong else NamesError):
        dvh_set(ramp_dvh()).plot(**wrong)


# -------------------------------------------------------------------------------- the class of dicompyler-core


def core(**fields: Any) -> SimpleNamespace:
    """What is used of a DVH of dicompyler-core: 10 cm3 of up to 2 Gy, half of it below 1 Gy, in bins of 0.5 Gy."""
    cumulative = SimpleNamespace(
        counts=[10.0, 10.0, 5.0, 5.0], bins=[0.0, 0.5, 1.0, 1.5, 2.0], dose_units="Gy", volume_units="cm3"
    )
    return SimpleNamespace(**({"cumulative": cumulative, "rx_dose": 4.0, "name": "Cord"} | fields))


def test_of_a_histogram_the_bounds_are_the_edges_of_its_bins() -> None:
    """5 cm3 lie in the bin of 0.5 to 1 Gy, 5 in that of 1.5 to 2 Gy: the mean is in 1 to 1.5 Gy."""
    found = DVH.from_dicompyler(core(), fractions=4)
    assert (found.name, found.number, found.origin) == ("Cord", DERIVED_NUMBER, Origin.IMPORTED)
    assert (found.volume, found.volume_unit) == (10.0, VolumeUnit.CC)
    assert found.mean_gy == Bounds(value=1.25, low=1.0, high=1.5)
    assert found.min_gy == Bounds(value=0.75, low=0.5, high=1.0)
    assert found.max_gy == Bounds(value=1.75, low=1.5, high=2.0)
    assert found.prescription == Prescription(dose_gy=4.0, fractions=4, source="dicompyler-core DVH")
    for dose_gy, low, value, high in ((0.75, 5.0, 7.5, 10.0), (1.25, 5.0, 5.0, 5.0), (1.75, 0.0, 2.5, 5.0)):
        bounds = found.volume_at_dose(dose_gy)
        assert (bounds.low, bounds.value, bounds.high) == pytest.approx((low, value, high), abs=1e-3)
    assert found.dose_at_volume(2.5) == Bounds(value=1.75, low=1.5, high=2.0)


def test_doses_in_percent_are_of_its_prescription_and_nothing_without_one() -> None:
    absolute = core().cumulative
    relative = SimpleNamespace(dose_units="%", absolute_dose=lambda rx_dose: absolute if rx_dose == 4.0 else None)
    assert DVH.from_dicompyler(core(cumulative=relative)) == DVH.from_dicompyler(core())
    with pytest.raises(ArgumentError, match=r"^the DVH's doses are relative and it has no rx_dose$"):
        DVH.from_dicompyler(core(cumulative=relative, rx_dose=None))


def test_what_is_not_said_is_not_made_up() -> None:
    found = DVH.from_dicompyler(core(name=None, rx_dose=None), fractions=4)
    assert found.name == ""
    assert found.prescription == UnknownPrescription(reason="the imported DVH has none", fractions=4)
    assert DVH.from_dicompyler(core()).prescription == UnknownPrescription(
        reason="the imported DVH has none", fractions=None
    )
    in_percent = core().cumulative
    in_percent.volume_units = "%"
    assert DVH.from_dicompyler(core(cumulative=in_percent)).volume_unit is VolumeUnit.PERCENT


@pytest.mark.parametrize("counts", [[], [0.0, 0.0]])
def test_a_histogram_without_volume_is_refused(counts: list[float]) -> None:
    empty = core().cumulative
    empty.counts = counts
    with pytest.raises(ArgumentError, match=r"^the DVH is empty$"):
        DVH.from_dicompyler(core(cumulative=empty))


@pytest.mark.parametrize("wrong", [SimpleNamespace, 5, SimpleNamespace(name="", rx_dose=None), "Cord"])
def test_what_is_no_dvh_of_that_program_is_refused(wrong: object) -> None:
    with pytest.raises(ArgumentError, match=f"^a DVH cannot be of the type {type(wrong).__name__}") as error:
        DVH.from_dicompyler(wrong)
    assert error.value.hint == "give one of dicompyler-core"


def test_a_number_of_fractions_that_is_none_is_refused() -> None:
    with pytest.raises(ArgumentError, match="the number of fractions"):
        DVH.from_dicompyler(core(), fractions=2.5)  # type: ignore[arg-type]


def test_what_goes_out_is_the_cumulative_volume_at_the_lower_edges() -> None:
    sent = uniform_dvh("Cord", volume_cc=3.0, dose_gy=0.05).to_dicompyler()
    assert (sent.name, sent.dvh_type, sent.dose_units, sent.volume_units, sent.rx_dose) == (
        "Cord",
        "cumulative",
        "Gy",
        "cm3",
        FIFTY_IN_FIVE.dose_gy,
    )
    assert sent.bins == pytest.approx(0.01 * np.arange(len(sent.bins)))
    assert sent.bins[-1] > 0.05
    assert sent.counts == pytest.approx(np.where(sent.bins[:-1] < 0.055, 3.0, 0.0))  # 0.05 Gy is received by all
    assert len(sent.bins) == len(sent.counts) + 1
    assert percent_dvh(prescription=NOT_KNOWN).to_dicompyler().volume_units == "%"
    assert percent_dvh(prescription=NOT_KNOWN).to_dicompyler().rx_dose is None

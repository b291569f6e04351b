"""Every argument of every function that is no such number is refused by its own name, and with what it should be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import logistic, norm

from sbrtcheck import radiobiology as rb
from sbrtcheck.errors import ArgumentError

DOSE = "a dose in Gy, 0 or more"
ABOVE_0 = "a dose in Gy, above 0"
WHOLE = "a whole number of fractions, at least 1"
RATIO = "an α/β in Gy, above 0"
HOURS = "a time in hours, above 0"
DAYS = "a number of days, 0 or more"

COURSE = {"fractions": (5, WHOLE), "alpha_beta_gy": (3.0, RATIO)}
REPAIR = {"fractions_per_day": (2, WHOLE), "interval_h": (6.0, HOURS), "half_time_h": (1.5, HOURS)}
GROWTH = {
    "days": (40, DAYS),
    "kick_off_days": (28, DAYS),
    "alpha_per_gy": (0.3, "a slope in 1/Gy, above 0"),
    "doubling_days": (3.0, "a number of days, above 0"),
}
CURVE = {"alpha_per_gy": (0.33, "a slope in 1/Gy, above 0"), "d0_gy": (1.25, ABOVE_0), "dq_gy": (1.8, ABOVE_0)}
TRANSITION = {"transition_gy": (12.0, "a transition dose in Gy, above 0")}
TOTAL, BED, EQD2 = {"total_gy": (48.0, DOSE)}, {"bed_gy": (80.0, DOSE)}, {"eqd2_gy": (60.0, DOSE)}

FUNCTIONS: dict[Callable[..., Any], dict[str, tuple[float, str]]] = {
    rb.bed: TOTAL | COURSE,
    rb.eqd2: TOTAL | COURSE,
    rb.total_dose_for_bed: BED | COURSE,
    rb.total_dose_for_eqd2: EQD2 | COURSE,
    rb.eqd2_of_bed: BED | {"alpha_beta_gy": (3.0, RATIO)},
    rb.bed_of_eqd2: EQD2 | {"alpha_beta_gy": (3.0, RATIO)},
    rb.isoeffective_dose: TOTAL | COURSE | {"new_fractions": (8, WHOLE)},
    rb.fractions_for_bed: BED | {"dose_per_fraction_gy": (8.0, ABOVE_0), "alpha_beta_gy": (3.0, RATIO)},
    rb.lql_bed: TOTAL | COURSE | TRANSITION,
    rb.lql_total_dose_for_bed: BED | COURSE | TRANSITION,
    rb.usc_transition_gy: CURVE,
    rb.usc_alpha_beta_gy: CURVE,
    rb.usc_bed: TOTAL | {"fractions": (5, WHOLE)} | CURVE,
    rb.usc_total_dose_for_bed: BED | {"fractions": (5, WHOLE)} | CURVE,
    rb.incomplete_repair_factor: REPAIR,
    rb.bed_with_incomplete_repair: TOTAL | COURSE | REPAIR,
    rb.total_dose_for_bed_with_incomplete_repair: BED | COURSE | REPAIR,
    rb.bed_with_repopulation: TOTAL | COURSE | GROWTH,
    rb.total_dose_for_bed_with_repopulation: BED | COURSE | GROWTH,
    rb.eqd2_with_proliferation: EQD2
    | {"days": (40, DAYS), "kick_off_days": (28, DAYS), "gy_per_day": (0.5, "a dose in Gy a day, 0 or more")},
    rb.lyman_ntcp: {
        "dose_gy": (20.0, DOSE),
        "td50_gy": (30.8, ABOVE_0),
        "m": (0.37, "a relative width, above 0"),
    },
    rb.logistic_tcp: BED | {"bed50_gy": (16.0, DOSE), "scale_gy": (74.0, "a width in Gy, above 0")},
    rb.m_of_gamma50: {"gamma50": (1.0, "a slope, above 0")},
    rb.findings_for: TOTAL | {"fractions": (5, WHOLE)},
}
CASES = [(function, name) for function, arguments in FUNCTIONS.items() for name in arguments]
FIRST = {function: next(iter(arguments)) for function, arguments in FUNCTIONS.items()}


def called(function: Callable[..., Any], **other: Any) -> Any:
    """The function on its usual arguments but for these; the first is given by position where it may be."""
    given_ = {name: value for name, (value, _) in FUNCTIONS[function].items()} | other
    first = FIRST[function]
    return function(**given_) if function in KEYWORDS_ALONE else function(given_.pop(first), **given_)


KEYWORDS_ALONE = (rb.usc_transition_gy, rb.usc_alpha_beta_gy, rb.incomplete_repair_factor)


@pytest.mark.parametrize(("function", "name"), CASES, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_an_argument_that_is_no_such_number_is_refused_by_its_name(function: Callable[..., Any], name: str) -> None:
    _, expected = FUNCTIONS[function][name]
    wrong = [
        -1.0,
        math.nan,
        math.inf,
        *([] if "0 or more" in expected else [0.0]),
        *([2.5] if expected == WHOLE else []),
    ]
    for value in wrong:
        with pytest.raises(ArgumentError) as error:
            called(function, **{name: value})
        assert str(error.value) == f"{name}: {value:g} is not {expected}"


@pytest.mark.parametrize(("function", "name"), CASES, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_an_argument_that_is_no_number_is_refused_by_its_name_and_type(function: Callable[..., Any], name: str) -> None:
    for value in ("a lot", {}, 10**400):
        with pytest.raises(ArgumentError) as error:
            called(function, **{name: value})
        expected = f"{name}: neither a number nor an array of numbers, but {type(value).__name__}"
        assert str(error.value) == expected


@pytest.mark.parametrize(
    ("function", "name"),
    [(function, name) for function, name in CASES if function is not rb.findings_for],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_the_least_that_an_argument_may_be_is_taken(function: Callable[..., Any], name: str) -> None:
    """0 where it may be 0, 1 fraction, and of what is above 0 numbers below 1 as well."""
    value, expected = FUNCTIONS[function][name]
    least = 0.0 if "0 or more" in expected else 1 if expected == WHOLE else 0.25
    assert np.all(np.isfinite(called(function, **{name: least})))
    if function is not rb.m_of_gamma50:  # of one curve
        together = np.asarray(called(function, **{name: [least, value]}))
        assert together == pytest.approx([called(function, **{name: least}), called(function)])
        assert called(function, **{name: np.zeros(0)}).shape == (0,)


@pytest.mark.parametrize("function", [rb.bed, rb.total_dose_for_bed, rb.lql_bed, rb.bed_with_repopulation])
def test_shapes_that_do_not_go_together_are_told(function: Callable[..., Any]) -> None:
    name = FIRST[function]
    with pytest.raises(ArgumentError) as error:
        called(function, **{name: [1.0, 2.0], "fractions": [1, 2, 3]})
    expected = f"{name}, fractions and alpha_beta_gy do not go together: shapes (2,) and (3,) and ()"
    assert str(error.value) == expected


# -------------------------------------------------------------------------------- risks by closed forms


@given(st.floats(0.0, 100.0), st.floats(1.0, 100.0), st.floats(0.05, 1.0))
def test_lymans_model_is_the_normal_distribution_of_the_relative_distance(dose: float, td50: float, m: float) -> None:
    risk = rb.lyman_ntcp(dose, td50_gy=td50, m=m)
    assert risk == pytest.approx(norm.cdf(dose, loc=td50, scale=m * td50))
    assert rb.lyman_ntcp(td50, td50_gy=td50, m=m) == 0.5


@given(st.floats(0.0, 200.0), st.floats(0.0, 100.0), st.floats(1.0, 100.0))
def test_control_is_the_logistic_distribution_of_the_distance(bed: float, half: float, scale: float) -> None:
    assert rb.logistic_tcp(bed, bed50_gy=half, scale_gy=scale) == pytest.approx(
        logistic.cdf(bed, loc=half, scale=scale)
    )
    assert rb.logistic_tcp(half, bed50_gy=half, scale_gy=scale) == 0.5


@pytest.mark.parametrize("gamma50", [0.25, 1.0, 2.5])
def test_the_width_of_a_slope_is_that_of_the_normal_density_at_its_middle(gamma50: float) -> None:
    assert 1.0 / rb.m_of_gamma50(gamma50) * norm.pdf(0.0) == pytest.approx(gamma50)


def test_risks_of_an_array_are_those_of_its_elements() -> None:
    doses = np.array([[0.0, 10.0], [20.0, 40.0]])
    for function in (rb.lyman_ntcp, rb.logistic_tcp):
        together = called(function, **{FIRST[function]: doses})
        assert together.shape == (2, 2)
        assert together[1, 0] == called(function, **{FIRST[function]: 20.0})


# -------------------------------------------------------------------------------- findings


@pytest.mark.parametrize(("dose_gy", "said"), [(10.0, None), (10.01, False), (18.0, False), (18.01, True)])
def test_what_is_said_of_the_range_of_the_model_changes_at_its_ends(dose_gy: float, said: bool | None) -> None:
    findings = rb.findings_for(3 * dose_gy, fractions=3)
    if said is None:
        assert findings == ()
        return
    (finding,) = findings
    expected = f"up to {dose_gy:g} Gy a fraction: the linear-quadratic model is reasonable to about 10 Gy and usable to"
    assert finding.text == f"{expected} about 18 Gy{', and this is beyond both' if said else ''}"
    assert finding.subject == ""


def test_of_several_courses_the_largest_dose_a_fraction_decides_and_of_none_nothing() -> None:
    (finding,) = rb.findings_for([[30.0], [60.0]], fractions=[5, 3], subject="Lung")
    assert finding.text.startswith("up to 20 Gy a fraction: ")
    assert rb.findings_for([], fractions=5) == ()

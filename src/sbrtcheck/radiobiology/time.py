"""Dose, fractions and their times -> BED and EQD2 with incomplete repair or repopulation."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray
from sbrtcheck.radiobiology.course import FloatOrArray, course, float_or_array, not_negative, positive, whole_fractions
from sbrtcheck.radiobiology.lq import bed, total_dose_for_bed

_DAYS = "a number of days, 0 or more"


def incomplete_repair_factor(
    *, fractions_per_day: FloatOrArray | float, interval_h: FloatOrArray | float, half_time_h: FloatOrArray | float
) -> FloatOrArray:
    """Thames's H_m: how much damage of one fraction is left for the next, over the m fractions of a day.

    Parameters
    ----------
    fractions_per_day
        m, whole and at least 1.
    interval_h, half_time_h
        Time between the fractions of a day, and half-time of repair; hours, above 0.

    Returns
    -------
    FloatArray or float
        H_m, 0 for one fraction a day and for intervals much longer than the half-time; at most m - 1.

    Raises
    ------
    ValueError
        An argument that is no such number.

    Notes
    -----
    ``(2/m) φ/(1-φ) [m - (1-φ^m)/(1-φ)]`` with ``φ = exp(-ln 2 Δt / T½)`` [1]_. Repair is taken to be complete over
    night, and of one half-time.

    References
    ----------
    .. [1] Thames HD. An incomplete-repair model for survival after fractionated and continuous irradiations. Int J
       Radiat Biol 1985;47:319-339. Read through an implementation.

    Examples
    --------
    >>> round(incomplete_repair_factor(fractions_per_day=2, interval_h=6.0, half_time_h=1.5), 4)
    0.0625
    """
    m = whole_fractions("fractions_per_day", fractions_per_day)
    interval = positive("interval_h", interval_h, "a time in hours, above 0")
    half_time = positive("half_time_h", half_time_h, "a time in hours, above 0")
    rate = math.log(2.0) * interval / half_time
    unrepaired = np.exp(-rate)
    # 1 - φ and 1 - φ^m by expm1: short intervals bring φ so near to 1 that the difference would lose its digits
    none_left, none_left_of_m = -np.expm1(-rate), -np.expm1(-m * rate)
    return float_or_array(
        np.maximum(2.0 / m * unrepaired / none_left * (m - none_left_of_m / none_left), 0.0), fractions_per_day
    )


def bed_with_incomplete_repair(
    total_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
    fractions_per_day: FloatOrArray | float,
    interval_h: FloatOrArray | float,
    half_time_h: FloatOrArray | float,
) -> FloatOrArray:
    """BED of a course with several fractions a day, between which repair is not complete.

    Parameters
    ----------
    total_gy, fractions, alpha_beta_gy
        As for `bed`; ``fractions`` of the whole course.
    fractions_per_day, interval_h, half_time_h
        As for `incomplete_repair_factor`.

    Returns
    -------
    FloatArray or float
        ``D (1 + d (1 + H_m) / (α/β))``, Gy; that of `bed` for one fraction a day.

    Raises
    ------
    ValueError
        As for `bed` and `incomplete_repair_factor`.

    Notes
    -----
    As EQD2 take `eqd2_of_bed` of it. Measured half-times are few: 3.8 h (telangiectasia of the skin), 4.4 h (fibrosis
    under the skin) and 4.9 h (laryngeal oedema) in the CHART trial, as read through another program.
    """
    total, number, ratio = course("total_gy", total_gy, fractions, alpha_beta_gy)
    factor = incomplete_repair_factor(
        fractions_per_day=fractions_per_day, interval_h=interval_h, half_time_h=half_time_h
    )
    return float_or_array(total * (1.0 + total / number * (1.0 + np.asarray(factor)) / ratio), total_gy)


def total_dose_for_bed_with_incomplete_repair(
    bed_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
    fractions_per_day: FloatOrArray | float,
    interval_h: FloatOrArray | float,
    half_time_h: FloatOrArray | float,
) -> FloatOrArray:
    """Physical dose of a course of several fractions a day that gives a BED: inverts `bed_with_incomplete_repair`.

    Parameters
    ----------
    bed_gy
        Biologically effective dose, Gy, 0 or more, any shape.
    fractions, alpha_beta_gy, fractions_per_day, interval_h, half_time_h
        As for `bed_with_incomplete_repair`.

    Returns
    -------
    FloatArray or float
        Total dose, Gy.

    Raises
    ------
    ValueError
        As for `total_dose_for_bed` and `incomplete_repair_factor`.

    Notes
    -----
    What is left unrepaired acts as an α/β smaller by ``1 + H_m``.
    """
    effect, number, ratio = course("bed_gy", bed_gy, fractions, alpha_beta_gy)
    factor = incomplete_repair_factor(
        fractions_per_day=fractions_per_day, interval_h=interval_h, half_time_h=half_time_h
    )
    total = np.asarray(total_dose_for_bed(effect, fractions=number, alpha_beta_gy=ratio / (1.0 + np.asarray(factor))))
    return float_or_array(total, bed_gy)


def bed_with_repopulation(
    total_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
    days: FloatOrArray | float,
    kick_off_days: FloatOrArray | float,
    alpha_per_gy: FloatOrArray | float,
    doubling_days: FloatOrArray | float,
) -> FloatOrArray:
    """BED less what regrowth takes back once it has begun.

    Parameters
    ----------
    total_gy, fractions, alpha_beta_gy
        As for `bed`.
    days, kick_off_days
        Overall time T, and time T_k until which nothing grows; days, 0 or more.
    alpha_per_gy
        α of the tissue, 1/Gy, above 0.
    doubling_days
        Potential doubling time T_p, days, above 0.

    Returns
    -------
    FloatArray or float
        ``BED - ln 2 (T - T_k) / (α T_p)`` for T above T_k, BED before, Gy. Below 0 where growth outruns the treatment.

    Raises
    ------
    ValueError
        An argument that is no such number.

    Notes
    -----
    [1]_, with a kick-off time. Most SBRT courses end before any T_k that was published; without it, the formula takes
    dose away from the first day.

    References
    ----------
    .. [1] Fowler JF. The linear-quadratic formula and progress in fractionated radiotherapy. Br J Radiol
       1989;62:679-694.

    Examples
    --------
    >>> course = {"fractions": 30, "alpha_beta_gy": 10.0, "kick_off_days": 28, "alpha_per_gy": 0.3, "doubling_days": 3}
    >>> round(bed_with_repopulation(60.0, days=39, **course), 2)
    63.53
    """
    total, number, ratio = course("total_gy", total_gy, fractions, alpha_beta_gy)
    effect = np.asarray(bed(total, fractions=number, alpha_beta_gy=ratio))
    return float_or_array(effect - _bed_lost_to_growth_gy(days, kick_off_days, alpha_per_gy, doubling_days), total_gy)


def total_dose_for_bed_with_repopulation(
    bed_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
    days: FloatOrArray | float,
    kick_off_days: FloatOrArray | float,
    alpha_per_gy: FloatOrArray | float,
    doubling_days: FloatOrArray | float,
) -> FloatOrArray:
    """Physical dose of the whole course that leaves a BED after regrowth: inverts `bed_with_repopulation`.

    Parameters
    ----------
    bed_gy
        Biologically effective dose that is to be left, Gy, 0 or more, any shape.
    fractions, alpha_beta_gy, days, kick_off_days, alpha_per_gy, doubling_days
        As for `bed_with_repopulation`; ``days`` is the overall time of the course asked for.

    Returns
    -------
    FloatArray or float
        Total dose, Gy.

    Raises
    ------
    ValueError
        An argument that is no such number.
    """
    effect, number, ratio = course("bed_gy", bed_gy, fractions, alpha_beta_gy)
    growth_gy = _bed_lost_to_growth_gy(days, kick_off_days, alpha_per_gy, doubling_days)
    total = np.asarray(total_dose_for_bed(effect + growth_gy, fractions=number, alpha_beta_gy=ratio))
    return float_or_array(total, bed_gy)


def eqd2_with_proliferation(
    eqd2_gy: FloatOrArray | float,
    *,
    days: FloatOrArray | float,
    kick_off_days: FloatOrArray | float,
    gy_per_day: FloatOrArray | float,
) -> FloatOrArray:
    """EQD2 less the dose that each day beyond the kick-off time takes to make up for growth.

    Parameters
    ----------
    eqd2_gy
        EQD2 of the course, Gy, 0 or more, any shape.
    days, kick_off_days
        As for `bed_with_repopulation`.
    gy_per_day
        Dose in 2 Gy fractions that one day's growth costs, 0 or more: D_prolif.

    Returns
    -------
    FloatArray or float
        ``EQD2 - D_prolif (T - T_k)`` for T above T_k, EQD2 before, Gy.

    Raises
    ------
    ValueError
        An argument that is no such number.
    """
    equivalent = not_negative("eqd2_gy", eqd2_gy)
    cost = not_negative("gy_per_day", gy_per_day, "a dose in Gy a day, 0 or more")
    return float_or_array(equivalent - cost * _growing_days(days, kick_off_days), eqd2_gy)


def _growing_days(days: npt.ArrayLike, kick_off_days: npt.ArrayLike) -> FloatArray:
    """Days beyond the kick-off time, never below 0."""
    overall, kick_off = not_negative("days", days, _DAYS), not_negative("kick_off_days", kick_off_days, _DAYS)
    return np.maximum(overall - kick_off, 0.0)


def _bed_lost_to_growth_gy(
    days: npt.ArrayLike,
    kick_off_days: npt.ArrayLike,
    alpha_per_gy: npt.ArrayLike,
    doubling_days: npt.ArrayLike,
) -> FloatArray:
    """``ln 2 (T - T_k) / (α T_p)``, and 0 before the kick-off time."""
    growing = _growing_days(days, kick_off_days)
    alpha = positive("alpha_per_gy", alpha_per_gy, "a slope in 1/Gy, above 0")
    doubling = positive("doubling_days", doubling_days, "a number of days, above 0")
    return np.asarray(math.log(2.0) * growing / (alpha * doubling))

"""Large doses a fraction -> BED by survival curves that turn straight where the linear-quadratic one bends on.

Both models here are linear-quadratic up to a transition dose d_T, and follow the tangent of the curve from there. Their
parameters belong to one tissue and one experiment; neither source that was read states a range of doses beyond which
the straight line fails.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray
from sbrtcheck.radiobiology.course import FloatOrArray, course, float_or_array, positive
from sbrtcheck.radiobiology.lq import total_dose_for_bed

_A_TRANSITION = "a transition dose in Gy, above 0"


def lql_bed(
    total_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
    transition_gy: FloatOrArray | float,
) -> FloatOrArray:
    """BED of the linear-quadratic-linear model, in the form where the line is the tangent at the transition dose.

    Parameters
    ----------
    total_gy, fractions, alpha_beta_gy
        As for `bed`.
    transition_gy
        Dose per fraction d_T, Gy, above 0, beyond which the curve is straight; 2 α/β is one published choice.

    Returns
    -------
    FloatArray or float
        BED in Gy: that of `bed` up to d_T a fraction, less beyond.

    Raises
    ------
    ValueError
        As for `bed`; or a transition dose of 0 or less, or not finite.

    Notes
    -----
    With d = D / n: ``n d (1 + d/(α/β))`` for d ≤ d_T, else
    ``n [d_T (1 + d_T/(α/β)) + (1 + 2 d_T/(α/β)) (d - d_T)]`` [1]_. Continuous, and smooth, at d_T. The linear part
    replaces the curve beyond d_T; implementations that add it to the whole LQ term are wrong, and give more than LQ.

    References
    ----------
    .. [1] Astrahan M. Some implications of linear-quadratic-linear radiation dose-response with regard to
       hypofractionation. Med Phys 2008;35:4161-4172. Read through implementations that cite it.

    Examples
    --------
    >>> lql_bed(34.0, fractions=1, alpha_beta_gy=10.0, transition_gy=20.0)
    130.0
    """
    total, number, ratio = course("total_gy", total_gy, fractions, alpha_beta_gy)
    transition = positive("transition_gy", transition_gy, _A_TRANSITION)
    dose = total / number
    bent = np.minimum(dose, transition)
    effect = bent * (1.0 + bent / ratio) + (1.0 + 2.0 * transition / ratio) * (dose - bent)
    return float_or_array(number * effect, total_gy)


def lql_total_dose_for_bed(
    bed_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
    transition_gy: FloatOrArray | float,
) -> FloatOrArray:
    """Physical dose of the whole course that gives a BED by `lql_bed`: its inverse.

    Parameters and errors as for `lql_bed`, with ``bed_gy`` in Gy, 0 or more.

    Examples
    --------
    >>> lql_total_dose_for_bed(130.0, fractions=1, alpha_beta_gy=10.0, transition_gy=20.0)
    34.0
    """
    effect, number, ratio = course("bed_gy", bed_gy, fractions, alpha_beta_gy)
    transition = positive("transition_gy", transition_gy, _A_TRANSITION)
    at_transition = number * transition * (1.0 + transition / ratio)
    bent = np.minimum(effect, at_transition)
    below = np.asarray(total_dose_for_bed(bent, fractions=number, alpha_beta_gy=ratio))
    return float_or_array(below + (effect - bent) / (1.0 + 2.0 * transition / ratio), bed_gy)


def usc_transition_gy(
    *, alpha_per_gy: FloatOrArray | float, d0_gy: FloatOrArray | float, dq_gy: FloatOrArray | float
) -> FloatOrArray:
    """Dose a fraction at which the universal survival curve turns straight: ``2 D_q / (1 - α D_0)``, Gy.

    Parameters
    ----------
    alpha_per_gy
        Initial slope of the survival curve, 1/Gy, above 0.
    d0_gy, dq_gy
        Of the straight line: inverse of its slope, and the dose where it meets full survival; Gy, above 0.

    Raises
    ------
    ValueError
        A parameter of 0 or less, or α D_0 of 1 or more: the line would be no steeper than the start of the curve.

    Examples
    --------
    >>> round(usc_transition_gy(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8), 2)
    6.13
    """
    alpha, d0, dq = _curve(alpha_per_gy, d0_gy, dq_gy)
    return float_or_array(2.0 * dq / (1.0 - alpha * d0), alpha_per_gy)


def usc_alpha_beta_gy(
    *, alpha_per_gy: FloatOrArray | float, d0_gy: FloatOrArray | float, dq_gy: FloatOrArray | float
) -> FloatOrArray:
    """α/β that a universal survival curve has: the line being a tangent, ``4 α D_0 D_q / (1 - α D_0)²``, Gy.

    Parameters and errors as for `usc_transition_gy`. A published set with another α/β has a curve with a kink.

    Examples
    --------
    >>> round(usc_alpha_beta_gy(alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8), 3)
    8.605
    """
    alpha, d0, dq = _curve(alpha_per_gy, d0_gy, dq_gy)
    return float_or_array(4.0 * alpha * d0 * dq / (1.0 - alpha * d0) ** 2, alpha_per_gy)


def usc_bed(
    total_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_per_gy: FloatOrArray | float,
    d0_gy: FloatOrArray | float,
    dq_gy: FloatOrArray | float,
) -> FloatOrArray:
    """BED of the universal survival curve.

    Parameters
    ----------
    total_gy, fractions
        As for `bed`.
    alpha_per_gy, d0_gy, dq_gy
        As for `usc_transition_gy`; they fix α/β and the transition dose.

    Returns
    -------
    FloatArray or float
        BED in Gy, of the broadcast shape; a float when all arguments are numbers.

    Raises
    ------
    ValueError
        As for `bed` and `usc_transition_gy`.

    Notes
    -----
    Linear-quadratic up to d_T a fraction; beyond, ``(D - n D_q) / (α D_0)``, the multi-target line [1]_. For non-small
    cell lung cancer in [1]_: α 0.33 /Gy, D_0 1.25 Gy, D_q 1.8 Gy. A file that gives D_q as 3.63 means another quantity
    by it.

    References
    ----------
    .. [1] Park C, Papiez L, Zhang S, Story M, Timmerman RD. Universal survival curve and single fraction equivalent
       dose. Int J Radiat Oncol Biol Phys 2008;70:847-852. Read through implementations that cite it.

    Examples
    --------
    >>> round(usc_bed(60.0, fractions=3, alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8), 1)
    132.4
    """
    curve = {"alpha_per_gy": alpha_per_gy, "d0_gy": d0_gy, "dq_gy": dq_gy}
    ratio, transition = usc_alpha_beta_gy(**curve), usc_transition_gy(**curve)
    return lql_bed(total_gy, fractions=fractions, alpha_beta_gy=ratio, transition_gy=transition)


def usc_total_dose_for_bed(
    bed_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    alpha_per_gy: FloatOrArray | float,
    d0_gy: FloatOrArray | float,
    dq_gy: FloatOrArray | float,
) -> FloatOrArray:
    """Physical dose of the whole course that gives a BED by `usc_bed`: its inverse.

    Examples
    --------
    >>> effect = usc_bed(60.0, fractions=3, alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8)
    >>> round(usc_total_dose_for_bed(effect, fractions=3, alpha_per_gy=0.33, d0_gy=1.25, dq_gy=1.8), 6)
    60.0
    """
    curve = {"alpha_per_gy": alpha_per_gy, "d0_gy": d0_gy, "dq_gy": dq_gy}
    ratio, transition = usc_alpha_beta_gy(**curve), usc_transition_gy(**curve)
    return lql_total_dose_for_bed(bed_gy, fractions=fractions, alpha_beta_gy=ratio, transition_gy=transition)


def _curve(
    alpha_per_gy: npt.ArrayLike, d0_gy: npt.ArrayLike, dq_gy: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    alpha = positive("alpha_per_gy", alpha_per_gy, "a slope in 1/Gy, above 0")
    d0, dq = positive("d0_gy", d0_gy, "a dose in Gy, above 0"), positive("dq_gy", dq_gy, "a dose in Gy, above 0")
    if bool(np.any(alpha * d0 >= 1.0)):
        raise ValueError("alpha_per_gy: alpha_per_gy times d0_gy is not below 1, so the line is no tangent")
    return alpha, d0, dq

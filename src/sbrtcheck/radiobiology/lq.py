"""Physical dose and fraction number -> BED, EQD2 and other isoeffective doses of the linear-quadratic model."""

from __future__ import annotations

import numpy as np

from sbrtcheck.radiobiology.course import (
    FloatOrArray,
    alpha_beta,
    course,
    float_or_array,
    not_negative,
    positive,
    whole_fractions,
)


def bed(
    total_gy: FloatOrArray | float, *, fractions: FloatOrArray | float, alpha_beta_gy: FloatOrArray | float
) -> FloatOrArray:
    """Biologically effective dose: the dose in endlessly small fractions with the same linear-quadratic effect.

    Parameters
    ----------
    total_gy
        Physical dose over the whole course, Gy, 0 or more, any shape.
    fractions
        Number of equal fractions, whole and at least 1; a number, or an array that broadcasts with ``total_gy``.
    alpha_beta_gy
        Tissue α/β, Gy, above 0; a number, or an array that broadcasts with ``total_gy``.

    Returns
    -------
    FloatArray or float
        BED in Gy, of the broadcast shape; a float when all three arguments are numbers.

    Raises
    ------
    ValueError
        A dose below 0, a fraction number that is not whole or below 1, an α/β of 0 or less, or one that is not finite.

    Notes
    -----
    ``D (1 + d / (α/β))`` with ``d = D / n`` [1]_. No repopulation, no incomplete repair. Reasonable up to about 10 Gy
    a fraction and usable up to about 18 Gy [2]_; beyond, it may overstate the effect.

    References
    ----------
    .. [1] Fowler JF. The linear-quadratic formula and progress in fractionated radiotherapy. Br J Radiol
       1989;62:679-694.
    .. [2] Brenner DJ. Point: The linear-quadratic model is an appropriate methodology for determining iso-effective
       doses at large doses per fraction. Semin Radiat Oncol 2008;18:234-239. PMC2750078.

    Examples
    --------
    >>> round(bed(48.0, fractions=6, alpha_beta_gy=10.0), 2)
    86.4
    >>> bed(np.array([35.0, 50.0]), fractions=5, alpha_beta_gy=10.0).round(2)
    array([ 59.5, 100. ])
    """
    total, number, ratio = course("total_gy", total_gy, fractions, alpha_beta_gy)
    effect = total / (number * ratio)  # in place, as in `eqd2`
    effect += 1.0
    effect *= total
    return float_or_array(effect, total_gy)


def eqd2(
    total_gy: FloatOrArray | float, *, fractions: FloatOrArray | float, alpha_beta_gy: FloatOrArray | float
) -> FloatOrArray:
    """Dose in 2 Gy fractions with the same linear-quadratic effect.

    Parameters
    ----------
    total_gy
        Physical dose over the whole course, Gy, 0 or more, any shape.
    fractions
        Number of equal fractions, whole and at least 1; a number, or an array that broadcasts with ``total_gy``.
    alpha_beta_gy
        Tissue α/β, Gy, above 0; a number, or an array that broadcasts with ``total_gy``.

    Returns
    -------
    FloatArray or float
        EQD2 in Gy, of the broadcast shape; a float when all three arguments are numbers.

    Raises
    ------
    ValueError
        A dose below 0, a fraction number that is not whole or below 1, an α/β of 0 or less, or one that is not finite.

    Notes
    -----
    ``D (d + α/β) / (2 Gy + α/β)`` with ``d = D / n`` [1]_. Of a dose distribution, take it element by element: it
    commutes with the dose to a volume, not with the mean dose.

    References
    ----------
    .. [1] Withers HR, Thames HD, Peters LJ. A new isoeffect curve for change in dose per fraction. Radiother Oncol
       1983;1:187-191.

    Examples
    --------
    >>> eqd2(54.0, fractions=3, alpha_beta_gy=3.0)
    226.8
    >>> eqd2(np.array([50.0]), fractions=5, alpha_beta_gy=3.0).round(2)
    array([130.])
    """
    total, number, ratio = course("total_gy", total_gy, fractions, alpha_beta_gy)
    equivalent = total / (number * (2.0 + ratio))  # in place from here on: dose grids have millions of points
    equivalent += ratio / (2.0 + ratio)
    equivalent *= total
    return float_or_array(equivalent, total_gy)


def total_dose_for_bed(
    bed_gy: FloatOrArray | float, *, fractions: FloatOrArray | float, alpha_beta_gy: FloatOrArray | float
) -> FloatOrArray:
    """Physical dose of the whole course that gives a biologically effective dose: the inverse of `bed`.

    Parameters
    ----------
    bed_gy
        Biologically effective dose, Gy, 0 or more, any shape.
    fractions
        Number of equal fractions, whole and at least 1; a number, or an array that broadcasts with ``bed_gy``.
    alpha_beta_gy
        Tissue α/β, Gy, above 0; a number, or an array that broadcasts with ``bed_gy``.

    Returns
    -------
    FloatArray or float
        Total dose in Gy, of the broadcast shape; a float when all three arguments are numbers.

    Raises
    ------
    ValueError
        A BED below 0, a fraction number that is not whole or below 1, an α/β of 0 or less, or one that is not finite.

    Notes
    -----
    The root at or above 0 of ``D² / (n α/β) + D = BED``, in the form that loses no digits at small doses.

    Examples
    --------
    >>> round(total_dose_for_bed(151.2, fractions=3, alpha_beta_gy=10.0), 6)
    54.0
    """
    effect, number, ratio = course("bed_gy", bed_gy, fractions, alpha_beta_gy)
    return float_or_array(2.0 * effect / (1.0 + np.sqrt(1.0 + 4.0 * effect / (number * ratio))), bed_gy)


def total_dose_for_eqd2(
    eqd2_gy: FloatOrArray | float, *, fractions: FloatOrArray | float, alpha_beta_gy: FloatOrArray | float
) -> FloatOrArray:
    """Physical dose of the whole course that gives an EQD2: the inverse of `eqd2`.

    Parameters and errors as for `total_dose_for_bed`, with ``eqd2_gy`` in Gy, 0 or more.

    Examples
    --------
    >>> round(total_dose_for_eqd2(226.8, fractions=3, alpha_beta_gy=3.0), 6)
    54.0
    """
    equivalent = not_negative("eqd2_gy", eqd2_gy)
    effect = np.asarray(bed_of_eqd2(equivalent, alpha_beta_gy=alpha_beta_gy))
    total = np.asarray(total_dose_for_bed(effect, fractions=fractions, alpha_beta_gy=alpha_beta_gy))
    return float_or_array(total, eqd2_gy)


def eqd2_of_bed(bed_gy: FloatOrArray | float, *, alpha_beta_gy: FloatOrArray | float) -> FloatOrArray:
    """EQD2 that has a BED, by whatever model that was computed: ``BED / (1 + 2 Gy / (α/β))``.

    Examples
    --------
    >>> round(eqd2_of_bed(151.2, alpha_beta_gy=10.0), 6)
    126.0
    """
    return float_or_array(not_negative("bed_gy", bed_gy) / (1.0 + 2.0 / alpha_beta(alpha_beta_gy)), bed_gy)


def bed_of_eqd2(eqd2_gy: FloatOrArray | float, *, alpha_beta_gy: FloatOrArray | float) -> FloatOrArray:
    """BED that an EQD2 has: ``EQD2 (1 + 2 Gy / (α/β))``.

    Examples
    --------
    >>> round(bed_of_eqd2(126.0, alpha_beta_gy=10.0), 6)
    151.2
    """
    return float_or_array(not_negative("eqd2_gy", eqd2_gy) * (1.0 + 2.0 / alpha_beta(alpha_beta_gy)), eqd2_gy)


def isoeffective_dose(
    total_gy: FloatOrArray | float,
    *,
    fractions: FloatOrArray | float,
    new_fractions: FloatOrArray | float,
    alpha_beta_gy: FloatOrArray | float,
) -> FloatOrArray:
    """Total dose in another number of fractions with the same linear-quadratic effect.

    Parameters
    ----------
    total_gy
        Physical dose over the whole course, Gy, 0 or more, any shape.
    fractions, new_fractions
        Fraction numbers it is given in, and is to be given in; whole, at least 1, broadcast with ``total_gy``.
    alpha_beta_gy
        Tissue α/β, Gy, above 0.

    Returns
    -------
    FloatArray or float
        Total dose in Gy over ``new_fractions``.

    Raises
    ------
    ValueError
        As for `bed`.

    Notes
    -----
    Dose and time between fractions alone; neither course may be so fast that repair, or so slow that repopulation,
    differs between them. Its own inverse, with the fraction numbers exchanged.

    Examples
    --------
    >>> round(isoeffective_dose(60.0, fractions=30, new_fractions=5, alpha_beta_gy=10.0), 2)
    40.0
    """
    new_number = whole_fractions("new_fractions", new_fractions)
    effect = np.asarray(bed(total_gy, fractions=fractions, alpha_beta_gy=alpha_beta_gy))
    new_total = np.asarray(total_dose_for_bed(effect, fractions=new_number, alpha_beta_gy=alpha_beta_gy))
    return float_or_array(new_total, total_gy)


def fractions_for_bed(
    bed_gy: FloatOrArray | float, *, dose_per_fraction_gy: FloatOrArray | float, alpha_beta_gy: FloatOrArray | float
) -> FloatOrArray:
    """Number of fractions of one size that gives a BED: ``BED / (d (1 + d / (α/β)))``, not rounded.

    Which whole number to take, and on which side of the BED it may lie, is the asker's.

    Parameters
    ----------
    bed_gy
        Biologically effective dose, Gy, 0 or more, any shape.
    dose_per_fraction_gy
        Dose of each fraction, Gy, above 0; broadcasts with ``bed_gy``.
    alpha_beta_gy
        Tissue α/β, Gy, above 0.

    Returns
    -------
    FloatArray or float
        Number of fractions, in general not whole.

    Raises
    ------
    ValueError
        A BED below 0, a dose or an α/β of 0 or less, or one that is not finite.

    Examples
    --------
    >>> round(fractions_for_bed(86.4, dose_per_fraction_gy=8.0, alpha_beta_gy=10.0), 6)
    6.0
    """
    effect, ratio = not_negative("bed_gy", bed_gy), alpha_beta(alpha_beta_gy)
    dose = positive("dose_per_fraction_gy", dose_per_fraction_gy, "a dose in Gy, above 0")
    return float_or_array(effect / (dose * (1.0 + dose / ratio)), bed_gy)

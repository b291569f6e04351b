"""Physical dose and fraction number in, equivalent doses of the linear-quadratic model out."""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray


@overload
def bed(total_gy: float, *, fractions: int, alpha_beta_gy: float) -> float: ...
@overload
def bed(total_gy: npt.ArrayLike, *, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike) -> FloatArray: ...
def bed(total_gy: npt.ArrayLike, *, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike) -> FloatArray | float:
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
    total, number, ratio = _course("total_gy", total_gy, fractions, alpha_beta_gy)
    return _float_if_scalar(total * (1.0 + total / number / ratio))


@overload
def eqd2(total_gy: float, *, fractions: int, alpha_beta_gy: float) -> float: ...
@overload
def eqd2(total_gy: npt.ArrayLike, *, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike) -> FloatArray: ...
def eqd2(total_gy: npt.ArrayLike, *, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike) -> FloatArray | float:
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
    total, number, ratio = _course("total_gy", total_gy, fractions, alpha_beta_gy)
    return _float_if_scalar(total * (total / number + ratio) / (2.0 + ratio))


@overload
def total_dose_for_bed(bed_gy: float, *, fractions: int, alpha_beta_gy: float) -> float: ...
@overload
def total_dose_for_bed(
    bed_gy: npt.ArrayLike, *, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike
) -> FloatArray: ...
def total_dose_for_bed(
    bed_gy: npt.ArrayLike, *, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike
) -> FloatArray | float:
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
    effect, number, ratio = _course("bed_gy", bed_gy, fractions, alpha_beta_gy)
    return _float_if_scalar(2.0 * effect / (1.0 + np.sqrt(1.0 + 4.0 * effect / (number * ratio))))


def _course(
    name: str, dose_gy: npt.ArrayLike, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the three arguments as arrays; refuse one that means nothing."""
    dose = np.asarray(dose_gy, dtype=np.float64)
    number = np.asarray(fractions, dtype=np.float64)
    ratio = np.asarray(alpha_beta_gy, dtype=np.float64)
    _refuse(name, dose, ~(dose >= 0.0), "a dose in Gy, 0 or more")
    _refuse(
        "fractions", number, ~(number >= 1.0) | (np.floor(number) != number), "a whole number of fractions, at least 1"
    )
    _refuse("alpha_beta_gy", ratio, ~(ratio > 0.0), "an α/β in Gy, above 0")
    return dose, number, ratio


def _refuse(name: str, values: FloatArray, wrong: npt.NDArray[np.bool_], expected: str) -> None:
    bad = values[wrong | ~np.isfinite(values)]
    if bad.size:
        raise ValueError(f"{name}: {bad.flat[0]:g} is not {expected}")


def _float_if_scalar(values: FloatArray) -> FloatArray | float:
    return float(values) if np.ndim(values) == 0 else values

"""Arguments in, arrays out; one that means nothing is refused by its name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray

_A_DOSE = "a dose in Gy, 0 or more"
_AN_ALPHA_BETA = "an α/β in Gy, above 0"


def course(
    name: str, dose_gy: npt.ArrayLike, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Total dose (or BED) of a course, its fraction number and α/β."""
    return not_negative(name, dose_gy), whole_fractions("fractions", fractions), alpha_beta(alpha_beta_gy)


def whole_fractions(name: str, fractions: npt.ArrayLike) -> FloatArray:
    """A number of fractions, whole and at least 1."""
    number = np.asarray(fractions, dtype=np.float64)
    wrong = ~(number >= 1.0) | (np.floor(number) != number)
    _refuse(name, number, wrong, "a whole number of fractions, at least 1")
    return number


def alpha_beta(alpha_beta_gy: npt.ArrayLike) -> FloatArray:
    """An α/β in Gy."""
    return positive("alpha_beta_gy", alpha_beta_gy, _AN_ALPHA_BETA)


def not_negative(name: str, values: npt.ArrayLike, expected: str = _A_DOSE) -> FloatArray:
    """Finite numbers, 0 or more; by two passes that make no array, for dose grids are large."""
    found = np.asarray(values, dtype=np.float64)
    if found.size and not (found.min() >= 0.0 and found.max() < np.inf):  # NaN makes either false
        _refuse(name, found, ~(found >= 0.0), expected)
    return found


def positive(name: str, values: npt.ArrayLike, expected: str) -> FloatArray:
    """Finite numbers above 0."""
    found = np.asarray(values, dtype=np.float64)
    _refuse(name, found, ~(found > 0.0), expected)
    return found


def float_if_scalar(values: FloatArray) -> FloatArray | float:
    """A plain float where all arguments were numbers."""
    return float(values) if np.ndim(values) == 0 else values


def _refuse(name: str, values: FloatArray, wrong: npt.NDArray[np.bool_], expected: str) -> None:
    bad = values[wrong | ~np.isfinite(values)]
    if bad.size:
        raise ValueError(f"{name}: {bad.flat[0]:g} is not {expected}")

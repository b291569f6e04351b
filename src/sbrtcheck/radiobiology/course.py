"""Arguments of a function -> arrays, refused by name where they are no doses, fractions or α/β; arrays -> results."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import ArgumentError
from sbrtcheck.plan import FloatArray

FloatOrArray = TypeVar("FloatOrArray", float, FloatArray)
"""What a function returns whose arguments are each ``FloatOrArray | float``: a float if all are numbers, else an array.

A type checker finds it for every call, without two signatures for every function.
"""

_A_DOSE = "a dose in Gy, 0 or more"
_AN_ALPHA_BETA = "an α/β in Gy, above 0"


def course(
    name: str, dose_gy: npt.ArrayLike, fractions: npt.ArrayLike, alpha_beta_gy: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Total dose (or BED) of a course, its fraction number and α/β."""
    checked = not_negative(name, dose_gy), whole_fractions("fractions", fractions), alpha_beta(alpha_beta_gy)
    try:
        np.broadcast_shapes(*(array.shape for array in checked))
    except ValueError as error:
        shapes = " and ".join(str(array.shape) for array in checked)
        raise ArgumentError(f"{name}, fractions and alpha_beta_gy do not go together: shapes {shapes}") from error
    return checked


def whole_fractions(name: str, fractions: npt.ArrayLike) -> FloatArray:
    """A number of fractions, whole and at least 1."""
    numbers = _numbers(name, fractions)
    wrong = ~(numbers >= 1.0) | (np.floor(numbers) != numbers)
    _refuse(name, numbers, wrong, "a whole number of fractions, at least 1")
    return numbers


def alpha_beta(alpha_beta_gy: npt.ArrayLike) -> FloatArray:
    """An α/β in Gy."""
    return positive("alpha_beta_gy", alpha_beta_gy, _AN_ALPHA_BETA)


def not_negative(name: str, values: npt.ArrayLike, expected: str = _A_DOSE) -> FloatArray:
    """Finite numbers, 0 or more; by two passes that make no array, for dose grids are large."""
    checked = _numbers(name, values)
    if checked.size and not (checked.min() >= 0.0 and checked.max() < np.inf):  # NaN makes either false
        _refuse(name, checked, ~(checked >= 0.0), expected)
    return checked


def positive(name: str, values: npt.ArrayLike, expected: str) -> FloatArray:
    """Finite numbers above 0."""
    checked = _numbers(name, values)
    _refuse(name, checked, ~(checked > 0.0), expected)
    return checked


def float_or_array(result: FloatArray, _argument: FloatOrArray | float) -> FloatOrArray:
    """A ``float`` where the result is one number, as it is when all arguments were; else the array.

    Any argument of the function serves: a type checker infers from it what the function returns.
    """
    return cast("FloatOrArray", float(result) if np.ndim(result) == 0 else result)


def _numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"{name}: neither a number nor an array of numbers, but {type(values).__name__}") from error


def _refuse(name: str, values: FloatArray, wrong: npt.NDArray[np.bool_], expected: str) -> None:
    bad = values[wrong | ~np.isfinite(values)]
    if bad.size:
        raise ArgumentError(f"{name}: {bad.flat[0]:g} is not {expected}")

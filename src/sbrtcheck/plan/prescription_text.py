"""``50Gy/5``, ``50 Gy in 5 fractions``, ``5x10Gy`` or ``(50, 5)`` -> Prescription, if a course can be so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from numbers import Real
from typing import Any

from sbrtcheck.arguments import require_type
from sbrtcheck.errors import InputError
from sbrtcheck.plan.values import Prescription

# Far more than any course: a larger number is a slip, or would not be finite in what is computed from it.
MAX_RX_GY = 1000.0
MAX_FRACTIONS = 1000
_RX_HINT = "write dose and fractions like '50Gy/5'"
_MAX_CHARACTERS = 40  # of a text that cannot be read, in a message

MIN_GY_A_FRACTION = 1.0
"""Nothing says which of two bare numbers is the dose: with less a fraction, they may be the wrong way round."""

_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_END = r"\s*(?:fractions?|fracs?|fx|fr|#)?\s*"
_PRESCRIPTION = re.compile(
    rf"\s*(?P<dose>{_NUMBER})\s*(?P<unit>c?Gy)\s*(?:/|\bin\b)\s*(?P<fractions>[0-9]+){_END}", re.IGNORECASE
)
_TIMES = re.compile(rf"\s*(?P<fractions>[0-9]+)\s*[x×*]\s*(?P<dose>{_NUMBER})\s*(?P<unit>c?Gy)\s*", re.IGNORECASE)
_DOSE_FIRST = re.compile(rf"\s*{_NUMBER}\s*c?Gy\s*[x×*]\s*[0-9]+{_END}", re.IGNORECASE)

GivenPrescription = Prescription | str | Sequence[float]
"""A prescription as people give it: a value, a text, or dose in Gy and number of fractions."""


def parse_prescription(text: str) -> Prescription:
    """Read dose of the whole course and fractions, or fractions times the dose of one.

    Parameters
    ----------
    text
        ``50Gy/5``, ``50 Gy / 5 fx``, ``50 Gy in 5``, ``5000cGy/5`` or ``5x10Gy``.

    Raises
    ------
    InputError
        The text is something else or may mean two things, the unit is not written, or no course has such a dose or so
        many fractions.

    Examples
    --------
    >>> parse_prescription("5000 cGy / 5")
    Prescription(dose_gy=50.0, fractions=5, source='given')
    """
    require_type(text, str, "the text of a prescription", _RX_HINT)
    total, times = _PRESCRIPTION.fullmatch(text), _TIMES.fullmatch(text)
    quoted = text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}..."
    parts = total or times
    if parts is None:
        raise _unreadable(text, quoted)
    dose = float(parts["dose"].replace(",", "."))  # infinite for very many digits
    digits = parts["fractions"].lstrip("0")
    fractions = int(digits or 0) if len(digits) <= len(str(MAX_FRACTIONS)) else MAX_FRACTIONS + 1
    dose *= fractions if times else 1
    dose_gy = dose / 100 if parts["unit"].lower() == "cgy" else dose
    return _possible(Prescription(dose_gy=dose_gy, fractions=fractions), quoted)


def _unreadable(text: str, quoted: str) -> InputError:
    if _DOSE_FIRST.fullmatch(text):
        what = "may be the dose of the course or that of a fraction"
        return InputError(f"prescription {quoted!r} {what}", hint="write '50Gy/5' or '5x10Gy'")
    return InputError(f"prescription {quoted!r} cannot be read", hint=_RX_HINT)


def read_prescription(given: GivenPrescription | None) -> Prescription | None:
    """The prescription that a user gave as text, value or pair; None where there is none. Errors as above."""
    match given:
        case None:
            return None
        case str():
            return parse_prescription(given)
        case Prescription():
            return _possible(_with_numbers(given), f"{given.dose_gy} Gy in {given.fractions}")
        case [dose_gy, fractions]:
            return _of_pair(dose_gy, fractions)
        case _:
            pass
    raise InputError(f"a prescription cannot be of the type {type(given).__name__}", hint=_RX_HINT)


def _of_pair(dose_gy: object, fractions: object) -> Prescription:
    """Two bare numbers: dose in Gy, then fractions."""
    rx = _with_numbers(Prescription(dose_gy=dose_gy, fractions=fractions))  # type: ignore[arg-type]
    quoted = f"({rx.dose_gy:g}, {rx.fractions})"
    rx = _possible(rx, quoted)
    if rx.dose_gy < MIN_GY_A_FRACTION * rx.fractions:
        what = f"prescription {quoted} would be less than {MIN_GY_A_FRACTION:g} Gy a fraction"
        raise InputError(what, hint=f"the dose comes first; or write '{rx.dose_gy:g}Gy/{rx.fractions}'")
    return rx


def _with_numbers(rx: Prescription) -> Prescription:
    """The same with a dose that is a number, and a whole number of fractions; refused where they are none."""
    dose_gy: Any = rx.dose_gy
    fractions: Any = rx.fractions
    numbers = all(isinstance(number, Real) and not isinstance(number, bool) for number in (dose_gy, fractions))
    if not numbers or not isfinite(fractions) or int(fractions) != fractions:
        what = f"prescription of {dose_gy!r} Gy in {fractions!r} fractions is not two numbers, the second a whole one"
        raise InputError(what, hint=_RX_HINT)
    return (
        rx
        if type(dose_gy) is float and type(fractions) is int
        else replace(rx, dose_gy=float(dose_gy), fractions=int(fractions))
    )


def _possible(rx: Prescription, quoted: str) -> Prescription:
    """The prescription, if there may be such a course."""
    if why := why_no_course(rx.dose_gy, rx.fractions):
        raise InputError(f"prescription {quoted!r} cannot be right: {why}", hint=_RX_HINT)
    return rx


def why_no_course(dose_gy: float, fractions: int) -> str:
    """Why no course has such a dose, or so many fractions; nothing where one may."""
    if not 0 < dose_gy <= MAX_RX_GY:
        return f"its dose is not in 0 to {MAX_RX_GY:g} Gy"
    if not 1 <= fractions <= MAX_FRACTIONS:
        return f"its number of fractions is not in 1 to {MAX_FRACTIONS}"
    return ""

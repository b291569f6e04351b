"""``50Gy/5`` -> Prescription, within the bounds of what a course can be."""

from __future__ import annotations

import re

from sbrtcheck.errors import InputError
from sbrtcheck.plan.values import Prescription

# Far more than any course: a larger number is a slip, or would not be finite in what is computed from it.
MAX_RX_GY = 1000.0
MAX_FRACTIONS = 1000
_RX_HINT = "write dose and fractions like '50Gy/5'"
_MAX_CHARACTERS = 40  # of a text that cannot be read, in a message

_PRESCRIPTION = re.compile(
    r"\s*(?P<dose>[0-9]+(?:[.,][0-9]+)?)\s*(?P<unit>c?Gy)\s*/\s*(?P<fractions>[0-9]+)\s*", re.IGNORECASE
)


def parse_prescription(text: str) -> Prescription:
    """Read ``50Gy/5``, ``50 Gy / 5`` or ``5000cGy/5``: dose of the whole course, and fractions.

    Raises
    ------
    InputError
        The text is something else, the unit is not written, or no course has such a dose or so many fractions.

    Examples
    --------
    >>> parse_prescription("5000 cGy / 5")
    Prescription(dose_gy=50.0, fractions=5, source='given')
    """
    parts = _PRESCRIPTION.fullmatch(text)
    quoted = text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}..."
    if not parts:
        raise InputError(f"prescription {quoted!r} cannot be read", hint=_RX_HINT)
    dose = float(parts["dose"].replace(",", "."))  # infinite for very many digits
    digits = parts["fractions"].lstrip("0")
    fractions = int(digits or 0) if len(digits) <= len(str(MAX_FRACTIONS)) else MAX_FRACTIONS + 1
    dose_gy = dose / 100 if parts["unit"].lower() == "cgy" else dose
    return _possible(Prescription(dose_gy=dose_gy, fractions=fractions), quoted)


def read_prescription(given: Prescription | str | None) -> Prescription | None:
    """The prescription that a user gave as text or as a value; None where there is none. Errors as above."""
    if isinstance(given, str):
        return parse_prescription(given)
    return given if given is None else _possible(given, f"{given.dose_gy:g} Gy in {given.fractions}")


def _possible(rx: Prescription, quoted: str) -> Prescription:
    """The prescription, if there may be such a course."""
    if not 0 < rx.dose_gy <= MAX_RX_GY:
        raise InputError(
            f"prescription {quoted!r} cannot be right: its dose is not in 0 to {MAX_RX_GY:g} Gy", hint=_RX_HINT
        )
    if not 1 <= rx.fractions <= MAX_FRACTIONS:
        raise InputError(
            f"prescription {quoted!r} cannot be right: its number of fractions is not in 1 to {MAX_FRACTIONS}",
            hint=_RX_HINT,
        )
    return rx

"""Printed numbers -> values, and half of the last digit that each was printed with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sbrtcheck.plan import FloatArray
from sbrtcheck.text_export.lines import fault

NUMBER = r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d{1,3})?"
_WHOLE_NUMBER = re.compile(NUMBER)

# A column whose numbers differ in their decimals was printed to significant digits, if any has more decimals than this;
# with fewer it may have been printed to decimals, zeros at the end left out.
_FEW_DECIMALS = 3
_MAX_CHARACTERS = 40
_MAX_SIZE = 1e12  # a larger number is no dose, volume or percentage, and would not stay finite in what follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A printed number, and half of its last digit."""

    value: float
    half: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Numbers printed below each other, shape ``(n,)``, and half of the last digit of each."""

    values: FloatArray
    halves: FloatArray

    def __len__(self) -> int:
        return len(self.values)

    def times(self, factor: float) -> Column:
        """The same in another unit."""
        return Column(values=self.values * factor, halves=self.halves * factor)


def is_number(text: str) -> bool:
    """Whether the text is one finite decimal number; ``nan``, ``1_000`` and ``1,234.5`` are none."""
    return len(text) <= _MAX_CHARACTERS and _WHOLE_NUMBER.fullmatch(text) is not None


def number_of(text: str) -> Number | None:
    """The number that the text is, or None."""
    text = text.strip()
    if not is_number(text):
        return None
    value = float(text.replace(",", "."))
    return Number(value=value, half=float(_halves(np.array([value]), [text])[0])) if abs(value) <= _MAX_SIZE else None


def column_of(texts: Sequence[str]) -> Column | None:
    """The numbers of a column, or None when one of them is none."""
    if not all(map(is_number, texts)):
        return None
    values = np.array([float(text.replace(",", ".")) for text in texts], dtype=np.float64)
    if not bool(np.all(np.abs(values) <= _MAX_SIZE)):
        return None
    return Column(values=values, halves=_halves(values, texts))


def refuse_two_decimal_marks(numbers: Iterable[str]) -> None:
    """Refuse a file in which some numbers have a decimal point and others a comma: one of them parts thousands."""
    marks = {mark for text in numbers if is_number(text) for mark in ".," if mark in text}
    if len(marks) > 1:
        raise fault(
            "some numbers have a point and others a comma, so it cannot be told which is the decimal mark",
            hint="export it again with one decimal mark and without marks between thousands",
        )


def _halves(values: FloatArray, texts: Sequence[str]) -> FloatArray:
    decimals = [len(re.split(r"[.,]", text, maxsplit=1)[1]) if "." in text or "," in text else 0 for text in texts]
    scientific = any("e" in text.lower() for text in texts)
    if not scientific and (len(set(decimals)) == 1 or max(decimals) <= _FEW_DECIMALS):
        return np.full(len(values), 0.5 * 10.0 ** -max(decimals))
    digits = max(len(re.sub(r"[eE].*|[^0-9]", "", text).lstrip("0")) for text in texts)
    sizes = np.floor(np.log10(np.abs(values), out=np.zeros_like(values), where=values != 0.0))
    halves: FloatArray = np.where(values != 0.0, 0.5 * 10.0 ** (sizes - max(digits, 1) + 1), 0.0)
    return halves

"""Element of a DICOM dataset -> text or number, whatever its encoding; `DicomError` where it is damaged."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sbrtcheck.dicom.decimals import BadDecimalError, parse_decimals
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import FloatArray

# Largest value of an IS element; larger numbers are damage.
_MAX_INTEGER = 2**31 - 1
# Digits and points (PS3.5 9.1); and what programs that remove identities write in their place. Without any digit it is
# a word, which may be a name.
_UID = re.compile(r"(?:(?=[A-Za-z._-]*[0-9])[A-Za-z0-9._-]{1,128})?")
# Far larger than any couch, and far below where squares of numbers overflow.
MAX_MM = 1e5


@contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's warnings: what matters in them is raised or reported as a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def tag_name(tag: int) -> str:
    """Keyword and number of a tag, as in ``RTPlanLabel (300A,0002)``."""
    from pydicom.datadict import keyword_for_tag

    return f"{keyword_for_tag(tag) or 'private element'} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def ascii_texts(elements: Elements, tag: int) -> list[str]:
    """Values of an ASCII text element (UI, CS, IS, DS); empty when absent."""
    text = elements.raw_text(tag).decode("latin-1")
    return [printable(value.strip(" \0")) for value in text.split("\\")] if text else []


def printable(text: str) -> str:
    """Damaged text must not break a message into lines, or a terminal."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def ascii_text(elements: Elements, tag: int) -> str:
    """First value of an ASCII text element; empty when absent."""
    return next(iter(ascii_texts(elements, tag)), "")


def uid_text(elements: Elements, tag: int) -> str:
    """First UID of an element; empty when absent.

    UIDs are put into messages and reports as what names nobody. In a damaged file a UID may run on into the elements
    behind it, among them the patient's: for what cannot be one, a stand-in is given, the same for the same text.
    """
    text = ascii_text(elements, tag)
    if _UID.fullmatch(text):
        return text
    import hashlib  # few files need it

    return f"damaged-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def name(elements: Elements, tag: int) -> str:
    """A text in the dataset's own character set, in one line; empty when absent."""
    return printable(" ".join(elements.decoded(tag).split()))


def decimals(elements: Elements, tag: int, display_name: str) -> FloatArray:
    """All numbers of a DS or IS element, shape ``(n,)``; empty when absent."""
    try:
        return parse_decimals(elements.raw_text(tag))
    except BadDecimalError as error:
        raise DicomError(f"{tag_name(tag)}: {error.token} is not a number", display_name) from error


def millimetres(elements: Elements, tag: int, display_name: str) -> FloatArray:
    """All numbers of a DS element that are places or distances in a patient; `DicomError` when they cannot be."""
    values = decimals(elements, tag, display_name)
    if len(values) and np.abs(values).max() > MAX_MM:
        raise DicomError(
            f"{tag_name(tag)} is {np.abs(values).max():g} mm, which is no place in a patient", display_name
        )
    return values


def numbers(elements: Elements, tag: int) -> FloatArray:
    """All numbers of a DS or IS element, shape ``(n,)``; none when absent, or when one of them is no number."""
    try:
        return parse_decimals(elements.raw_text(tag))
    except BadDecimalError:
        return np.empty(0)


def number(elements: Elements, tag: int) -> float | None:
    """First number of a DS or IS element; None when absent or not a number."""
    first = numbers(elements, tag)[:1]
    return float(first[0]) if len(first) else None


def integer(elements: Elements, tag: int) -> int | None:
    """First number of an IS element when it is whole (``7`` and ``7.0``) and of its range; None otherwise."""
    value = number(elements, tag)
    usable = value is not None and value == np.floor(value) and abs(value) <= _MAX_INTEGER
    return int(value) if value is not None and usable else None

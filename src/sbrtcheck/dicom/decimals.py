r"""Decimal text of DICOM (``12.5\-3\1e2``) -> the same float64 numbers as Python's ``float``, thousands at once.

A number of up to 16 characters fits into two 64-bit integers ("words" below), one character a byte. All numbers of a
piece of text are loaded into such words, what stands before each is cleared, the point is removed by shifts, and three
multiplications turn eight digits into an integer. Integer and power of ten are exact in float64, so that their quotient
is rounded once, as ``float`` rounds. Whatever is not digits with a minus and a point goes through ``float``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import FloatArray, IntArray

_SEPARATOR, _MINUS = b"\\-"
# An integer below 1e15 and a power of ten up to 1e22 are both exact in float64, so their quotient is rounded once.
_EXACT_DIGITS = 15
# DICOM decimals have 16 characters; of a longer text, messages quote no more than this.
_QUOTED = 20
# What is shown of a damaged number is a number but for its marks, or a word that programs write in place of one.
_LIKE_A_NUMBER = re.compile(
    r"[-+.,_ \d]*(?:(?<=[\d.])[ed][-+]?[\d.]*)?|[-+]?0x[\da-f]*|[-+\d.#]*(?:[qs]?nan|ind|inf|infinity)",
    re.ASCII | re.IGNORECASE,
)
# Parts of a date of birth, or of the number of a patient.
_LIKE_A_DATE = re.compile(r"\d+\D\d+\D\d+", re.ASCII)
_MOST_DIGITS_IN_PARTS = 5
# Pieces of text whose words stay in the processor's cache; shorter text is not worth the array operations.
_PIECE = 1 << 18
_SHORT = 256
# Stands before the first number, so that two words can be loaded before the end of any.
_MARGIN = b"\\" * 16

_Words = npt.NDArray[np.uint64]


class BadDecimalError(ValueError):
    """One of the texts is not a finite number; ``index`` is its number, counted over all of them.

    ``token`` is what messages quote of it, as by `quoted_number`.
    """

    def __init__(self, index: int, token: str) -> None:
        super().__init__(index, token)
        self.index = index
        self.token = token


def parse_decimals(text: bytes) -> FloatArray:
    r"""Numbers of a backslash-separated text.

    Parameters
    ----------
    text
        DICOM decimal strings; blanks and NULs around each number are allowed. Empty text has no numbers.

    Returns
    -------
    FloatArray
        Shape ``(n,)``, finite, each with the bits that ``float`` gives.

    Raises
    ------
    BadDecimalError
        For the first text that is not a finite number (an empty one, ``nan``, ``1_000`` and ``1,5`` included).

    Examples
    --------
    >>> parse_decimals(b"12.50\\-3\\ 1e2 ")
    array([ 12.5,  -3. , 100. ])
    """
    if len(text) < _SHORT:
        return _by_float(text, 0) if text else np.zeros(0)
    return parse_joined_decimals(text, [len(text)])[0]


def parse_joined_decimals(text: bytes, lengths: Sequence[int]) -> tuple[FloatArray, IntArray]:
    """Numbers of texts of these lengths, joined by backslashes, and how many each has; an empty text is a fault."""
    ends_of_texts = np.cumsum(np.asarray(lengths, dtype=np.int64) + 1) - 1
    upto = np.zeros(len(ends_of_texts) + 1, dtype=np.int64)
    separators = np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == _SEPARATOR)
    values = np.empty(separators + 1 if len(ends_of_texts) else 0)
    at, done = 0, 0
    while done < len(values):
        end = text.find(b"\\", at + _PIECE)
        end = len(text) if end < 0 else end
        piece = b"".join((_MARGIN, memoryview(text)[at:end]))
        starts, ends = _starts_and_ends(piece)
        first, last = np.searchsorted(ends_of_texts, (at, end + 1))
        upto[first + 1 : last + 1] = np.searchsorted(ends, ends_of_texts[first:last] + (len(_MARGIN) - at)) + done + 1
        numbers = _by_words(piece, starts, ends)
        values[done : done + len(ends)] = _by_float(text[at:end], done) if numbers is None else numbers
        at, done = end + 1, done + len(ends)
    return values, np.diff(upto)


# By whole words


def _word(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


# All numbers below are what `^ "0"` makes of characters: digits 0 to 9, a point 0x1E, anything else above 9.
_ZEROS, _POINTS = _word(ord("0")), _word(ord("0") ^ ord("."))
_POINT = ord("0") ^ ord(".")
_ONES, _TOP_BITS, _SIXES, _HIGH_HALVES = _word(0x01), _word(0x80), _word(0x06), _word(0xF0)
_ALL = 2**64 - 1
# k -> the last k characters of a word.
_LAST = np.array([_ALL ^ (_ALL >> 8 * k) for k in range(9)], dtype=np.uint64)
# j -> what a point as character j of the last word, or of the one before, divides by; 8: there is none.
_POWERS = np.array([10.0 ** (7 - j) for j in range(8)] + [1.0])
_POWERS_BEFORE = np.array([10.0 ** (15 - j) for j in range(8)] + [1.0])
_1, _7, _8, _16, _32, _56, _63 = (np.uint64(n) for n in (1, 7, 8, 16, 32, 56, 63))
_10, _100, _10000, _1E8 = (np.uint64(n) for n in (10, 100, 10_000, 100_000_000))
_PAIRS, _FOURS, _EIGHT = (np.uint64(n) for n in (0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF))


def _by_words(text: bytes, starts: IntArray, ends: IntArray) -> FloatArray | None:
    """The numbers at these places; None when any of them is not ``-?digits.digits`` of at most 15 digits."""
    minus = np.frombuffer(text, dtype=np.uint8).take(starts, mode="clip") == _MINUS
    lengths = ends - starts
    lengths -= minus
    longest = lengths.max()
    if longest > 16 or lengths.min() < 1:
        return None
    last = _words_before(text, ends - 8, lengths if longest <= 8 else np.minimum(lengths, 8))
    values = _of_equal_decimals(last) if longest <= 8 else None
    if values is None:
        before = _words_before(text, ends - 16, np.maximum(lengths - 8, 0)) if longest > 8 else None
        values = _of_any_decimals(last, before, lengths)
    if values is not None:
        signs = minus.astype(np.uint64)
        signs <<= _63
        values.view(np.uint64)[...] |= signs
    return values


def _starts_and_ends(text: bytes) -> tuple[IntArray, IntArray]:
    """Places of the first character of each number behind the margin, and after its last."""
    characters = np.frombuffer(text, dtype=np.uint8)[len(_MARGIN) :]
    separators = np.flatnonzero(characters == _SEPARATOR)
    starts = np.empty(len(separators) + 1, dtype=np.int64)
    ends = np.empty_like(starts)
    starts[0], ends[-1] = len(_MARGIN), len(text)
    np.add(separators, len(_MARGIN) + 1, out=starts[1:])
    np.add(separators, len(_MARGIN), out=ends[:-1])
    return starts, ends


def _words_before(text: bytes, places: IntArray, lengths: IntArray) -> _Words:
    """Eight characters from each place, less "0", those before the last ``lengths`` of them cleared."""
    every = np.ndarray((len(text) - 7,), dtype="V8", buffer=text, strides=(1,))
    words: _Words = every[places].view("<u8").astype(np.uint64, copy=False)
    words ^= _ZEROS
    words &= _LAST.take(lengths)
    return words


def _of_equal_decimals(words: _Words) -> FloatArray | None:
    """Values of numbers of up to eight characters; None when the point is not at the same place in all of them."""
    place = int(words[0]).to_bytes(8, "little").find(_POINT)
    if not 0 <= place < 7:
        return None
    bits = 8 * place
    rest = words ^ np.uint64(_POINT << bits)
    if int(np.bitwise_or.reduce(rest)) & (0xFF << bits):
        return None
    whole = rest & np.uint64((1 << bits) - 1)
    whole <<= _8
    rest &= np.uint64(_ALL ^ ((1 << bits + 8) - 1))
    rest |= whole
    values = _integers(rest)
    if values is None:
        return None
    quotients: FloatArray = values.astype(np.float64)
    quotients /= _POWERS[place]
    return quotients


def _of_any_decimals(last: _Words, before: _Words | None, lengths: IntArray) -> FloatArray | None:
    """Values of numbers with a point anywhere, or none; ``before`` are the words before the last, if any has one."""
    point = _first_points(last)
    has_point = point != 0
    powers = _POWERS.take(_characters_below(point))
    digits = _without_points(last, point, has_point)
    if before is None:
        integers = _integers(digits)
    else:
        point_before = _first_points(before)
        powers *= _POWERS_BEFORE.take(_characters_below(point_before))
        digits |= (before >> _56) * has_point  # what stands before the point moves up, out of the word before
        digits_before = _without_points(before, point_before, point_before != 0)
        np.left_shift(before, _8, out=digits_before, where=has_point)
        has_point |= point_before != 0
        integers = _sixteen_digits(digits_before, digits)
    count_of_digits = lengths - has_point
    if integers is None or count_of_digits.min() < 1 or count_of_digits.max() > _EXACT_DIGITS:
        return None
    values: FloatArray = integers.astype(np.float64)
    values /= powers
    return values


def _sixteen_digits(higher: _Words, lower: _Words) -> _Words | None:
    high, low = _integers(higher), _integers(lower)
    return None if high is None or low is None else high * _1E8 + low


def _first_points(words: _Words) -> _Words:
    """The top bit of the first character that is a point; 0 where none is."""
    points = words ^ _POINTS
    borrowed = points - _ONES
    np.invert(points, out=points)
    points &= borrowed
    points &= _TOP_BITS  # set for the first zero byte; for later ones by borrowing too, but only the first counts
    np.negative(points, out=borrowed)
    points &= borrowed
    return points


def _characters_below(points: _Words) -> npt.NDArray[np.uint8]:
    """How many characters stand before each point; 8 without one."""
    counts: npt.NDArray[np.uint8] = np.bitwise_count((points >> _7) - _1) >> np.uint8(3)
    return counts


def _without_points(words: _Words, points: _Words, has_point: npt.NDArray[np.bool_]) -> _Words:
    """The words with what stands before the point moved up by one character."""
    below = points >> _7
    below -= _1
    below *= has_point
    whole = words & below
    whole <<= _8
    cleared = points << _1
    cleared -= _1
    cleared *= has_point
    np.invert(cleared, out=cleared)
    cleared &= words
    cleared |= whole
    return cleared


def _integers(digits: _Words) -> _Words | None:
    """The integers of eight digits each, in place; None when some character is no digit."""
    high = digits + _SIXES
    high |= digits
    if np.bitwise_or.reduce(high) & _HIGH_HALVES:
        return None
    for bits, ten, kept in ((_8, _10, _PAIRS), (_16, _100, _FOURS), (_32, _10000, _EIGHT)):
        np.right_shift(digits, bits, out=high)
        digits *= ten
        digits += high
        digits &= kept
    return digits


# By `float`


def _by_float(text: bytes, before: int) -> FloatArray:
    """Numbers of a text of which ``before`` others have been read already."""
    tokens = text.split(b"\\")
    # float() also takes underscores and the words nan and inf, which are no DICOM decimals
    is_decimal = not text.translate(None, b"0123456789+-.eE\\ \0")
    try:
        if is_decimal:
            numbers = np.array([float(token.strip(b" \0")) for token in tokens])
            if np.isfinite(numbers).all():
                return numbers
    except ValueError:
        pass
    raise _first_fault(tokens, before)


def _first_fault(tokens: list[bytes], before: int) -> BadDecimalError:
    index = next(i for i, token in enumerate(tokens) if not _is_finite(token))
    return BadDecimalError(before + index, quoted_number(tokens[index]))


def quoted_number(text: bytes) -> str:
    """What a message quotes of a damaged number; of anything else, which may tell of a patient, its length alone.

    Examples
    --------
    >>> quoted_number(b"12,5"), quoted_number(b"-1.#QNAN"), quoted_number(b"Doe^Jane"), quoted_number(b"1950-01-17")
    ("'12,5'", "'-1.#QNAN'", 'a text of 8 characters', 'a text of 10 characters')
    """
    shown = text.decode("latin-1").strip(" \0")
    start = shown[:_QUOTED]
    in_parts = _LIKE_A_DATE.search(start) is not None and sum(map(str.isdigit, start)) > _MOST_DIGITS_IN_PARTS
    if in_parts or not _LIKE_A_NUMBER.fullmatch(start):
        return f"a text of {len(shown)} characters"
    return repr(start if start == shown else f"{start}...")


def _is_finite(token: bytes) -> bool:
    if token.translate(None, b"0123456789+-.eE \0"):
        return False
    try:
        return bool(np.isfinite(float(token.strip(b" \0"))))
    except ValueError:
        return False

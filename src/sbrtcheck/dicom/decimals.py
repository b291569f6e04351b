r"""Decimal text of DICOM (``12.5\-3\1e2``) in, the float64 that Python's ``float`` gives out, thousands at once."""

from __future__ import annotations

import numpy as np

from sbrtcheck.plan import FloatArray, IntArray

_SEPARATOR, _POINT, _MINUS = b"\\.-"
# An integer below 1e15 and a power of ten up to 1e22 are both exact in float64, so their quotient is rounded once.
_EXACT_DIGITS = 15
# DICOM decimals have 16 characters; of a longer text, messages quote no more than this.
_QUOTED = 20


class BadDecimalError(ValueError):
    """One of the texts is not a finite number; ``index`` says which, counted over all of them."""

    def __init__(self, index: int, token: str) -> None:
        super().__init__(index, token)
        self.index = index
        self.token = token


def parse_decimals(text: bytes) -> FloatArray:
    r"""Numbers of a backslash-separated text.

    Fixed-point text of up to 15 digits is read as integers, all at once, and divided by powers of ten; anything else
    (exponents, plus signs, blanks, long numbers) by ``float``. Both ways give the same bits.

    Parameters
    ----------
    text
        DICOM decimal strings; blanks and NULs around each number are allowed. Empty text has no numbers.

    Returns
    -------
    FloatArray
        Shape ``(n,)``, finite.

    Raises
    ------
    BadDecimalError
        For the first text that is not a finite number (an empty one, ``nan``, ``1_000`` and ``1,5`` included).

    Examples
    --------
    >>> parse_decimals(b"12.50\\-3\\ 1e2 ")
    array([ 12.5,  -3. , 100. ])
    """
    if not text:
        return np.zeros(0)
    numbers = _fixed_point(text)
    return _general(text) if numbers is None else numbers


def _fixed_point(text: bytes) -> FloatArray | None:
    """The numbers, or None when any of them is not plain ``-?digits.digits`` of at most 15 digits."""
    if text.translate(None, b"0123456789-.\\"):
        return None
    characters = np.frombuffer(text, dtype=np.uint8)
    marks, is_point = _separators_and_points(characters)
    ends_at = np.flatnonzero(
        ~is_point
    )  # (n + 1,) places in `marks`; the first is the virtual separator before the text
    if np.any(is_point[1:] & is_point[:-1]):
        return None  # two points in one number
    ends = marks[ends_at[1:]]
    starts = marks[ends_at[:-1]] + 1
    before_end = ends_at[1:] - 1
    has_point = is_point[before_end]
    decimals = np.where(has_point, ends - marks[before_end] - 1, 0)  # (n,)
    minus = _minus_signs(characters, starts, ends)
    if minus is None:
        return None
    digits = ends - starts - has_point - minus
    if digits.min() < 1 or digits.max() > _EXACT_DIGITS:
        return None
    return _scaled_integers(text, decimals, minus)


def _separators_and_points(characters: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> tuple[IntArray, np.ndarray]:
    """Places of separators and points in order, with a virtual separator at either end of the text."""
    found = np.flatnonzero((characters == _SEPARATOR) | (characters == _POINT))
    marks = np.concatenate([[-1], found, [len(characters)]])
    is_point = np.concatenate([[False], characters[found] == _POINT, [False]])
    return marks, is_point


def _minus_signs(
    characters: np.ndarray[tuple[int], np.dtype[np.uint8]], starts: IntArray, ends: IntArray
) -> np.ndarray | None:
    """Which numbers begin with a minus; None when a number is empty or a minus stands elsewhere."""
    if np.any(ends <= starts):
        return None
    minus = characters[starts] == _MINUS
    everywhere = np.count_nonzero(characters == _MINUS)
    return minus if np.count_nonzero(minus) == everywhere else None


def _scaled_integers(text: bytes, decimals: IntArray, minus: np.ndarray) -> FloatArray:
    numbers = np.fromstring(text.replace(b".", b""), dtype=np.int64, sep="\\").astype(np.float64)
    numbers[minus & (numbers == 0.0)] = -0.0
    first = int(decimals[0])
    if np.all(decimals == first):
        return numbers / float(10**first) if first else numbers
    powers = np.array([float(10**k) for k in range(_EXACT_DIGITS + 1)])
    return np.asarray(numbers / powers[decimals], dtype=np.float64)


def _general(text: bytes) -> FloatArray:
    tokens = text.split(b"\\")
    # float() also takes underscores and the words nan and inf, which are no DICOM decimals
    plain = not text.translate(None, b"0123456789+-.eE\\ \0")
    try:
        if plain:
            numbers = np.array([float(token.strip(b" \0")) for token in tokens])
            if np.isfinite(numbers).all():
                return numbers
    except ValueError:
        pass
    raise _first_fault(tokens)


def _first_fault(tokens: list[bytes]) -> BadDecimalError:
    index = next(i for i, token in enumerate(tokens) if not _is_finite(token))
    token = tokens[index].decode("latin-1").strip(" \0")
    return BadDecimalError(index, token if len(token) <= _QUOTED else f"{token[:_QUOTED]}...")


def _is_finite(token: bytes) -> bool:
    if token.translate(None, b"0123456789+-.eE \0"):
        return False
    try:
        return bool(np.isfinite(float(token.strip(b" \0"))))
    except ValueError:
        return False

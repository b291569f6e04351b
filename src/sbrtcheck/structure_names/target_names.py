"""A structure's name -> what it says after PTV, CTV, GTV or ITV, and whether a planner's helper is called so.

The wording of TG-263's target names, and little more: a classifier, a number or letter, a side, an organ, an image, a
dose or a level of dose. What is not known here is nothing, never a target.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache

TARGETS = ("PTV", "CTV", "GTV", "ITV")
TARGET_WORDS = {"PTV": ("ptv",), "CTV": ("ctv",), "GTV": ("gtv",), "ITV": ("itv", "igtv")}  # IGTV: an ITV by its parts


class Says(StrEnum):
    """What a part of a target's name is about."""

    WHICH = "which of several targets"
    IMAGE = "the image it was drawn on"
    DOSE = "its dose"


_CLASSIFIERS = frozenset({"n", "p", "sb", "par", "vas"})
_SIDES = frozenset({"l", "r", "lt", "rt", "left", "right", "links", "rechts"})
_LOBES = frozenset({"upper", "middle", "lower", "lobe", "rul", "rml", "rll", "lul", "lll"})
_SITES = frozenset({"met", "mets", "node", "nodes", "nodal", "ln", "primary", "tumor", "tumour", "bone", "spine", "vb"})
_BONES_AND_GLANDS = frozenset({"adrenal", "femur", "humerus"})  # without the rest of their TG-263 name
_LETTERS = frozenset("abcdefgh")
_WHICH = _CLASSIFIERS | _SIDES | _LOBES | _SITES | _BONES_AND_GLANDS | _LETTERS
_IMAGES = frozenset({"ct", "pt", "pet", "mr", "mri", "sp"})
_LEVELS = frozenset({"high", "mid", "low", "boost"})
_OF_THE_BODY = frozenset({"body", "external", "skin"})  # a target "of" these is one cropped to them

_LARGEST_NUMBER = 19  # a number above is a dose: no plan has that many targets, nor a target so few Gy
_LONGEST_DOSE = 5  # digits, of cGy; more are a date
_MAX_WORDS = 4  # in the name of an organ

_PIECE = re.compile(r"\d+(?:[.,]\d+)?|(?i:c?gy)(?=x?\d|[\W_]|$)|[^\W\d_]+|[^\w\s.]")
_GRAY = re.compile(r"c?gy", re.IGNORECASE)
_CASE_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TARGET = re.compile(r"i?gtv|[pci]tv", re.IGNORECASE)
_TARGET_BEGINS = re.compile(r"(?<![^\W\d_])(i?gtv|[pci]tv)")

# Words of structures that are contoured to steer the optimiser or to report, and of what is not for this plan.
_HELPER = re.compile(
    r"opt|opti|optim.*|eval.*|dvh|dummy|help.*|hilf.*|bool.*|tmp|temp|test|ring.*|rim|shell.*|expan.*|exp|crop.*|cut|trim"
    r"|margin|mm|cm|out|outer|outside|in|inner|inside|minus|plus|sub|subtr.*|without|wo|ohne|ex|excl.*|not|no|nos|non"
    r"|avoid.*|overlap.*|inters.*|part|partial|hot|cold|cool|push|gradient|copy.*|kopie.*|old|alt|prev.*|donotuse|dont"
    r"|use|unused"
)
_HELPER_STEMS = re.compile(r"donotuse|dummy|avoid|overlap|crop|expan|shell|margin")  # in the middle of a word too
_HELPER_FIRST = frozenset({"z", "zz", "x", "xx"})


@lru_cache(maxsize=1 << 14)
def is_helper(name: str) -> bool:
    """Whether the name is one of a helper of the planner, an older version or a copy: no structure to report on.

    TG-263 lets such names begin with ``z`` or ``_``; the rest is usage.

    Examples
    --------
    >>> [is_helper(name) for name in ("zPTV_5000", "_PTV", "PTVopt", "PTV_Expand_2cm", "GTV_old", "PTV_5000", "Optic")]
    [True, True, True, True, True, False, False]
    """
    text = unicodedata.normalize("NFKC", name).strip()
    words = _words(_TARGET.sub(lambda word: f" {word[0].casefold()} ", text))
    if not words:
        return False
    return text.startswith("_") or words[0] in _HELPER_FIRST or any(map(_is_helper_word, set(words)))


def _is_helper_word(word: str) -> bool:
    return bool(_HELPER.fullmatch(word) or _HELPER_STEMS.search(word))


def mentions(target: str, name: str) -> bool:
    """Whether a word of the name begins with the target, and none with another target."""
    mentioned, in_words = _mentioned(name)
    return not in_words and bool(mentioned) and mentioned.issubset(TARGET_WORDS[target])


@lru_cache(maxsize=1 << 14)
def _mentioned(name: str) -> tuple[frozenset[str], bool]:
    """The target words that words of a name begin with, and whether there are some in the middle of words too."""
    key = unicodedata.normalize("NFKC", name).casefold()
    begun = _TARGET_BEGINS.findall(key)
    return frozenset(begun), len(begun) != len(_TARGET.findall(key))


def suffix(target: str, name: str) -> str | None:
    """What follows the target's word in a name that begins with it; None where it does not."""
    word, rest = _begun(name)
    return rest if word in TARGET_WORDS[target] else None


@lru_cache(maxsize=1 << 14)
def _begun(name: str) -> tuple[str, str]:
    """The target's word that a name begins with, in small letters, and what follows it; nothing where there is none."""
    text = unicodedata.normalize("NFKC", name).strip()
    word = _TARGET.match(text)
    return (word[0].casefold(), text[word.end() :]) if word else ("", "")


@lru_cache(maxsize=1 << 14)
def parts(target: str, name: str, organs: frozenset[str]) -> tuple[tuple[Says, str], ...] | None:
    """Read a target's name; None where one word of it is not known.

    Parameters
    ----------
    target
        PTV, CTV, GTV or ITV.
    organs
        Names of organs, in one word without side, that may be a part of a target's name.

    Examples
    --------
    >>> parts("PTV", "PTVp1_5000", frozenset())
    ((<Says.WHICH: 'which of several targets'>, 'p1'), (<Says.DOSE: 'its dose'>, '5000'))
    >>> parts("PTV", "PTV_Expand_2cm", frozenset()), parts("PTV", "PTV", frozenset())
    (None, ())
    """
    rest = suffix(target, name)
    if rest is None or is_helper(name):
        return None
    words = _words(rest)
    words_by_meaning: dict[Says, list[str]] = {}
    place = 0
    while place < len(words):
        says, length = _read_words(words[place:], organs)
        if says is None:
            return None
        words_by_meaning.setdefault(says, []).extend(words[place : place + length])
        place += length
    return tuple((says, "".join(words_by_meaning[says])) for says in Says if says in words_by_meaning)


def _words(text: str) -> list[str]:
    """Numbers, words and other characters, in small letters; words end at underscores, blanks, dots and new cases."""
    return list(_split(text))


def _split(text: str) -> Iterator[str]:
    for piece in _PIECE.findall(text):
        one_case = piece.islower() or not piece.isalpha()
        for word in [piece] if one_case or _GRAY.fullmatch(piece) else _CASE_BREAK.split(piece):
            yield word.casefold()


def _read_words(words: Sequence[str], organs: frozenset[str]) -> tuple[Says | None, int]:
    """What the first words say, and how many of them say it."""
    first = words[0]
    if first[0].isdecimal():
        return _read_number(words)
    if length := _organ_length(words, organs):
        return Says.WHICH, length
    if first in _WHICH:
        return Says.WHICH, 1
    if first in _IMAGES or first in _LEVELS:
        return Says.IMAGE if first in _IMAGES else Says.DOSE, _with_number(words)
    return (Says.WHICH, 2) if _is_vertebra(words) else (None, 0)


def _read_number(words: Sequence[str]) -> tuple[Says | None, int]:
    """A target's number, or a dose: ``5000``, ``50.4Gy``, ``20Gyx3``."""
    number, after = words[0], [*words[1:3], "", ""]
    length = 2 if after[0] in {"gy", "cgy"} else 1
    times = [*words[length:], "", ""]
    if times[0] == "x" and times[1].isdecimal():
        return Says.DOSE, length + 2
    is_integer = number.isdecimal()
    if length == 1 and is_integer and int(number[:3]) <= _LARGEST_NUMBER and len(number) < 3:
        return Says.WHICH, 1
    return (Says.DOSE, length) if not is_integer or len(number) <= _LONGEST_DOSE else (None, 0)


def _organ_length(words: Sequence[str], organs: frozenset[str]) -> int:
    """Number of words that are together an organ's name, the longest; 0 for none."""
    lengths = range(min(_MAX_WORDS, len(words)), 0, -1)
    return next((n for n in lengths if "".join(words[:n]) in organs and words[0] not in _OF_THE_BODY), 0)


def _with_number(words: Sequence[str]) -> int:
    """Two where a number of one or two digits follows, as in ``CT1`` and ``Mid01``."""
    return 2 if len(words) > 1 and words[1].isdecimal() and len(words[1]) <= 2 else 1


def _is_vertebra(words: Sequence[str]) -> bool:
    return len(words) > 1 and words[0] in {"t", "th", "l", "s", "c"} and words[1].isdecimal() and len(words[1]) <= 2

"""A misspelt name and the known names -> those that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from sbrtcheck.errors import ArgumentError

_MIN_SCORE = 60.0  # of rapidfuzz's WRatio, 0 to 100; ids and names are short and typed by hand
_LESS_THAN_BEST = 10.0  # a name that matches so much worse than the closest was hardly meant
_MAX_SUGGESTIONS = 3


def suggestions(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """Known names close to the one given, the closest first; upper and lower case are the same.

    Examples
    --------
    >>> suggestions("rtog-813", ["rtog-0813", "rtog-1112", "tg101-3fx"])
    ('rtog-0813',)
    """
    from rapidfuzz import fuzz, process

    sorted_words = sorted(known)
    closest = process.extract(
        given, sorted_words, scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=_MIN_SCORE, limit=_MAX_SUGGESTIONS
    )
    best = max((score for _, score, _ in closest), default=0.0)
    return tuple(name for name, score, _ in closest if score >= best - _LESS_THAN_BEST)


def suggest(given: str, known: Iterable[str]) -> str:
    """``did you mean 'a' or 'b'?``; nothing where no name is close."""
    names = suggestions(given, known)
    return f"did you mean {' or '.join(map(repr, names))}?" if names else ""


def suggest_of_all(given: str, known: Iterable[str]) -> str:
    """What may have been meant, then all there is: ``did you mean 'Heart'? it has: Heart, Liver``."""
    listed = sorted(known)
    return f"{suggest(given, listed)} it has: {', '.join(listed) or 'none'}".strip()


Choice = TypeVar("Choice", bound=StrEnum)


def chosen(choices: type[Choice], text: object, subject: str) -> Choice:
    """The choice of that word; `ArgumentError` with all there are for another, or for what is no word."""
    if not isinstance(text, str) or text not in tuple(choices):
        raise ArgumentError(f"{subject} cannot be {text!r}", hint=f"choose one of: {', '.join(choices)}")
    return choices(text)

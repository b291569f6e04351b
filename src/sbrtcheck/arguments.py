"""Arguments of public functions -> values of the type that they should have; refused by name where they are of another.

A script has no type checker behind it: what it hands over by mistake is answered with an error of ours, never with
whatever Python says some calls further down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from os import PathLike, fspath
from pathlib import Path

from sbrtcheck.errors import ArgumentError, NamesError


def require_type(value: object, kinds: type | tuple[type, ...], subject: str, hint: str = "") -> None:
    """Raise `ArgumentError` where the value is of none of the types."""
    if not isinstance(value, kinds):
        raise ArgumentError(f"{subject} cannot be of the type {type(value).__name__}", hint=hint)


def require_number(value: object, subject: str) -> None:
    """Raise `ArgumentError` where the value is no number that a float can be; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentError(f"{subject} cannot be of the type {type(value).__name__}", hint="give a number")
    try:
        float(value)
    except OverflowError:  # of a whole number
        raise ArgumentError(f"{subject} cannot be so large", hint="give a number") from None


def require_callable(value: object, subject: str) -> None:
    """Raise `ArgumentError` where the value is no function."""
    if not callable(value):
        raise ArgumentError(f"{subject} cannot be of the type {type(value).__name__}", hint="give a function")


def require_text_or_none(value: object, subject: str, hint: str = "") -> None:
    """Raise `ArgumentError` where the value is neither text nor None."""
    require_type(value, (str, type(None)), subject, hint)


def path_of(value: object, subject: str, hint: str = "give its path") -> Path:
    """The path that the value is; `ArgumentError` where it is none, or one of bytes."""
    require_type(value, (str, PathLike), subject, hint)
    path = fspath(value)  # type: ignore[call-overload]
    require_type(path, str, f"the path of {subject}", hint)
    return Path(path)


def require_names(names: object) -> None:
    """Raise `NamesError` where the value is no mapping of texts to texts; None is none, too."""
    if names is None:
        return
    if not isinstance(names, Mapping):
        raise NamesError(f"names cannot be of the type {type(names).__name__}", hint=_NAMES_HINT)
    for organ, name in names.items():
        if not isinstance(organ, str) or not isinstance(name, str):
            raise NamesError(f"names have an entry that is not text: {organ!r} to {name!r}", hint=_NAMES_HINT)


_NAMES_HINT = "give {'SpinalCord': 'Cord_2'}, the TG-263 name and the structure of the plan"


def texts_of(value: object, subject: str) -> tuple[str, ...]:
    """One text, or several; none for None. A path is the text of it.

    Raises
    ------
    ArgumentError
        It is neither text nor several texts.
    """
    if value is None:
        return ()
    several = list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else [value]
    return tuple(_text(one, subject) for one in several)


def _text(value: object, subject: str) -> str:
    text = fspath(value) if isinstance(value, PathLike) else value
    if not isinstance(text, str):
        raise ArgumentError(f"{subject} cannot be of the type {type(text).__name__}", hint="give text, or a list of it")
    return text

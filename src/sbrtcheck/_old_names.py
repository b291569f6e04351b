"""Functions and keywords under the names that they had in version 0.1: they work, with a warning.

To be removed with version 0.3.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


def old_function(old: str, function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function under its old name, which is given with the module that it is in."""

    @wraps(function)
    def call(*args: _P.args, **keywords: _P.kwargs) -> _R:
        _warn(f"{old} is now {function.__name__}")
        return function(*args, **keywords)

    return call


def old_keywords(**now: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Make a function take the old names of some keywords, given as ``old="new"``."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def call(*args: _P.args, **keywords: _P.kwargs) -> _R:
            for old in now.keys() & keywords.keys():
                if now[old] in keywords:
                    raise TypeError(f"{old} and {now[old]} are one keyword; give the second alone")
                _warn(f"the keyword {old} is now {now[old]}")
                keywords[now[old]] = keywords.pop(old)
            return function(*args, **keywords)

        return call

    return decorate


def _warn(what: str) -> None:
    warnings.warn(f"{what}; the old name goes with version 0.3", DeprecationWarning, stacklevel=3)

"""Frozen values that hold arrays or mappings: equal where their content is, and with a hash that goes with it.

Python's own comparison of dataclasses asks an array whether it is true, and a dictionary for its hash: both raise. A
dataclass that is made with ``eq=False`` on top of `ByValue` compares its fields one by one, arrays by their numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np


class ByValue:
    """Base of frozen dataclasses with ``eq=False``: two are equal where they are of one type and all fields are equal.

    The hash is of what is quick to look at, the ends of an array and the keys of a mapping: equal values have one hash.
    """

    __slots__ = ()
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return all(_are_same(getattr(self, name), getattr(other, name)) for name in _compared(self))

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(_hashable(getattr(self, name)) for name in _compared(self))))


def _compared(value: ByValue) -> list[str]:
    return [field.name for field in fields(value) if field.compare]


def _are_same(first: object, second: object) -> bool:
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return np.array_equal(np.asarray(first), np.asarray(second))
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_are_same(first[key], second[key]) for key in first)
    return first is second or bool(first == second)


def _hashable(value: object) -> Hashable:
    if isinstance(value, np.ndarray):  # numbers, not bytes: 1 and 1.0 are equal
        return (value.shape, value.flat[0].item(), value.flat[-1].item()) if value.size else value.shape
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    return frozenset(value) if isinstance(value, Mapping) else value

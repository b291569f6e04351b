"""Modules under the names that they had in version 0.1: each name is found where it is now, with a warning.

An old name stands in `sys.modules` before anybody imports it, so that no file of that name is needed, and so that
``sbrtcheck.evaluate`` stays the function of that name. To be removed with version 0.3.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

_NOW_IN = {
    "dvh.points": ("chart.points",),
    "evaluate": ("results", "judge", "comparison"),
    "evaluate.naming": ("judge.naming", "structure_names.plan_names"),
    "indices": ("metric",),
    "report": ("render",),
    "table": ("tables", "reference_data"),
    "table.lint": ("tables.lint",),
    "table.scores": ("reference_data.scores",),
    "textdvh": ("text_export",),
}


class _OldModule(ModuleType):
    """Looks up each name in the modules that have what was once in this one."""

    def __getattr__(self, name: str) -> Any:
        package, _, old = self.__name__.partition(".")
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        for module in _NOW_IN[old]:
            found = import_module(f"{package}.{module}")
            if hasattr(found, name):
                text = f"{self.__name__}.{name} is now {found.__name__}.{name}; the old name goes with version 0.3"
                warnings.warn(text, DeprecationWarning, stacklevel=2)
                return getattr(found, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def install() -> None:
    """Put the old names where ``import`` looks first."""
    package = __name__.partition(".")[0]
    for old in _NOW_IN:
        sys.modules.setdefault(f"{package}.{old}", _OldModule(f"{package}.{old}"))

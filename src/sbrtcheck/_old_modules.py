"""Names of version 0.1 that are elsewhere now: each is found where it is, with a warning. To go with version 0.3.

An old module's name stands in `sys.modules` before anybody imports it. So no file of that name is needed, and
``sbrtcheck.evaluate`` stays the function of that name.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

_PACKAGE = __name__.partition(".")[0]

# Modules that are gone -> where their names may be now.
_OLD_MODULES = {
    "dvh.points": ("chart.points",),
    "evaluate": ("results", "judge", "comparison"),
    "evaluate.naming": ("judge.naming", "structure_names.plan_names"),
    "indices": ("metric.plan_indices",),
    "report": ("render",),
    "table": ("tables", "reference_data"),
    "table.lint": ("tables.lint",),
    "table.scores": ("reference_data.scores",),
    "textdvh": ("text_export",),
}

# Names that left a module which is still there -> where they are now.
_OLD_NAMES = {
    "dvh.Band": "dvh.Bounds",
    "dvh.Course": "dose_accumulation.Course",
    "dvh.accumulate": "dose_accumulation.accumulate",
}


class _OldModule(ModuleType):
    """A module that is gone: looks up each of its names in the modules that have them now."""

    def __getattr__(self, name: str) -> Any:
        whole = f"{self.__name__}.{name}"
        if whole in sys.modules:
            return sys.modules[whole]
        for module in () if name.startswith("__") else _OLD_MODULES[self.__name__.removeprefix(f"{_PACKAGE}.")]:
            found = import_module(f"{_PACKAGE}.{module}")
            if hasattr(found, name):
                _warn(whole, f"{found.__name__}.{name}")
                return getattr(found, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def install() -> None:
    """Put the old modules where ``import`` looks first."""
    for old in _OLD_MODULES:
        sys.modules.setdefault(f"{_PACKAGE}.{old}", _OldModule(f"{_PACKAGE}.{old}"))


def old_name(module: str, name: str) -> Any:
    """What a module had under a name that has moved; for its ``__getattr__`` (PEP 562).

    Raises
    ------
    AttributeError
        The module never had such a name.
    """
    now = _OLD_NAMES.get(f"{module}.{name}".removeprefix(f"{_PACKAGE}."), "")
    if not now:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    _warn(f"{module}.{name}", f"{_PACKAGE}.{now}", frames=4)  # between: this function, and the module's own
    home, _, new_name = now.rpartition(".")
    return getattr(import_module(f"{_PACKAGE}.{home}"), new_name)


def _warn(old: str, new: str, *, frames: int = 3) -> None:
    """Warn whoever uses the old name, so many frames up: Python shows this warning where it is their own code."""
    warnings.warn(f"{old} is now {new}; the old name goes with version 0.3", DeprecationWarning, stacklevel=frames)

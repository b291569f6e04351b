"""Methods of values that answer with what only a package above them can: looked up by name, when it is asked for.

The house has one direction: a DVH knows no metric. To a user, ``dvhs.measure("D95%[Gy]")`` is a question to the DVHs
all the same. Such methods have no content of their own; they hand over to one function. Decision 0023 lists them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def from_above(module: str, function: str) -> Any:
    """A public function of a package of ours that lies above the caller's."""
    return getattr(import_module(f"sbrtcheck.{module}"), function)

"""The modules of ``tests/validation``, from their folder."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from folders import TESTS


@cache
def loaded(name: str) -> ModuleType:
    """A module of the folder under a name of its own: there are other files called ``run.py``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TESTS / "validation"))
        if name == "evidence":
            return import_module(name)
        spec = spec_from_file_location(f"validation_{name}", TESTS / "validation" / f"{name}.py")
        assert spec
        assert spec.loader
        module = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

"""The names the package promises: to add or drop one is a decision, made here."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import metadata
from types import ModuleType

import pytest

import sbrtcheck
from sbrtcheck import render

PUBLIC = [
    "ConstraintTable",
    "DVH",
    "DVHSet",
    "ExpectedOrgan",
    "Measurement",
    "NotMeasured",
    "Plan",
    "Prescription",
    "Report",
    "ReviewReason",
    "SbrtcheckError",
    "Site",
    "Verdict",
    "__version__",
    "bed",
    "check",
    "compute_dvhs",
    "eqd2",
    "evaluate",
    "load_dvh_export",
    "load_dvhs",
    "load_plan",
    "load_sites",
    "load_table",
    "measure",
]


def in_fresh_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_public_names_are_these() -> None:
    assert sorted(sbrtcheck.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_can_be_had_and_is_listed(name: str) -> None:
    assert getattr(sbrtcheck, name) is not None
    assert name in dir(sbrtcheck)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sbrtcheck.nothing  # type: ignore[attr-defined]


def test_evaluate_stays_the_function_when_its_module_is_imported_first() -> None:
    code = "import sbrtcheck.evaluate; from sbrtcheck import evaluate; print(callable(evaluate), evaluate.__module__)"
    assert in_fresh_python(code) == "True sbrtcheck.judge.run"


@pytest.mark.parametrize("package", [sbrtcheck, render])
def test_what_is_loaded_later_is_all_there_and_hidden_by_no_module(package: ModuleType) -> None:
    assert set(package._HOMES) <= set(package.__all__)
    assert all(getattr(package, name) is not None for name in package.__all__)
    # importing a module sets its name on the package, where it would hide a function of that name
    assert not set(package._HOMES) & {module.name for module in pkgutil.iter_modules(package.__path__)}


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'pydicom', 'scipy', 'pydantic', 'ruamel', 'rich', 'click'}"
    assert in_fresh_python(f"import sys, sbrtcheck; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_asking_for_help_loads_no_arrays() -> None:
    heavy = "{'numpy', 'pydicom', 'scipy', 'pydantic', 'rich'}"
    assert in_fresh_python(f"import sys, sbrtcheck.cli; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_the_version_is_the_one_installed() -> None:
    assert sbrtcheck.__version__ == metadata.version("sbrtcheck")

"""The names the package promises: to add or drop one is a decision, made here."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from types import ModuleType

import pytest

import sbrtcheck
from folders import ROOT
from sbrtcheck import _old_modules, api, render
from sbrtcheck.errors import InputError

PUBLIC = [
    "ConstraintTable",
    "DVH",
    "DVHSet",
    "ExpectedOrgan",
    "Measurement",
    "NotMeasured",
    "Plan",
    "PlanResult",
    "Prescription",
    "Report",
    "ReviewReason",
    "SbrtcheckError",
    "Site",
    "Verdict",
    "__version__",
    "accumulate",
    "batch",
    "bed",
    "check",
    "check_archive",
    "compare",
    "compute_dvhs",
    "dvhs",
    "eqd2",
    "evaluate",
    "load_dvh_export",
    "load_dvhs",
    "load_plan",
    "load_sites",
    "load_table",
    "measure",
    "names",
    "risks",
    "summary",
]


NOT_IN_THE_REFERENCE = {"ReviewReason", "SbrtcheckError", "Verdict", "__version__"}  # with Report, and as a module


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


def public_names(module: ModuleType) -> list[str]:
    """What can be had from a module and is no module itself."""
    public = [name for name in dir(module) if not name.startswith("_")]
    return [name for name in public if not isinstance(getattr(module, name), ModuleType)]


def test_nothing_else_can_be_had() -> None:
    beside = {"TYPE_CHECKING", "Any", "annotations", "import_module", "install"}
    assert sorted({*public_names(sbrtcheck)} - beside) == sorted({*PUBLIC} - {"__version__"})


REFERENCE = ROOT / "docs" / "reference" / "python.md"
DOCUMENTED = re.findall(r"^\.\. auto(?:function|class|module):: (\S+)", REFERENCE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_name_of_the_reference_can_be_had_under_it(name: str) -> None:
    assert pkgutil.resolve_name(name) is not None


@pytest.mark.parametrize("name", [name for name in PUBLIC if name not in NOT_IN_THE_REFERENCE])
def test_every_public_name_is_in_the_reference(name: str) -> None:
    assert any(one == f"sbrtcheck.{name}" or one.endswith(f".{name}") for one in DOCUMENTED)


# -------------------------------------------------------------------------------- names of version 0.1


@pytest.mark.parametrize(
    ("old", "now", "args"),
    [
        ("dvhs_of", "dvhs", ("nowhere",)),
        ("names_of", "names", ("nowhere", "rtog-0813")),
        ("risks_of", "risks", ("nowhere",)),
        ("sum_of", "accumulate", ([],)),
    ],
)
def test_an_old_name_of_a_function_works_and_warns(old: str, now: str, args: tuple[object, ...]) -> None:
    warns = pytest.warns(DeprecationWarning, match=f"sbrtcheck.api.{old} is now {now}; the old name goes")
    with warns, pytest.raises(InputError):
        getattr(api, old)(*args)


@pytest.mark.parametrize("function", [api.check, api.dvhs])
def test_old_keywords_work_and_warn(function: Callable[..., object]) -> None:
    for old, now in (("between", "slice_interpolation"), ("dose", "dose_interpolation")):
        warns = pytest.warns(DeprecationWarning, match=f"the keyword {old} is now {now}")
        with warns, pytest.raises(InputError, match="cannot be 'strange'; choose one of"):
            function("nowhere", **{old: "strange"})
        with pytest.raises(TypeError, match="are one keyword"):
            function("nowhere", **{old: "strange", now: "strange"})


OF_OLD_MODULES = {
    "dvh": "Band Course accumulate",
    "dvh.points": "CurvePoint HasPoints NotDrawn",
    "evaluate": "Better Comparison MetricDifference NoComparison NoOutcome NoRisk NotCompared Outcome PlanComparison"
    " Risk RowComparison StructureDifference Unanswered UnderConvention VerdictDifference compare_plans compare_with"
    " judge_reirradiation ntcp risks tcp",
    "evaluate.naming": "OrganName PlanNames",
    "indices": "measure_index",
    "report": "FORMATS",
    "table": "ClinicianItem Constraint NoRule Sites Source Step VeffStep bundled_tables holds_at load_regimens"
    " load_risk_models",
    "table.lint": "Remark lint_files",
    "table.scores": "de_vin metabank oligometastatic",
    "textdvh": "load_dvh_export",
}
"""Module -> what the reference of version 0.1 lists under it, and what is elsewhere now."""


@pytest.mark.parametrize(
    ("module", "name"), [(old, one) for old, names in OF_OLD_MODULES.items() for one in names.split()]
)
def test_what_has_moved_is_found_where_it_was_with_a_warning_about_the_users_own_line(module: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"sbrtcheck.{module}.{name} is now sbrtcheck") as warned:
        found = getattr(import_module(f"sbrtcheck.{module}"), name)
    assert warned[0].filename == __file__
    assert found is not None


def test_every_list_of_old_names_says_where_each_is_now() -> None:
    assert set(_old_modules._OLD_MODULES) | {"dvh"} == set(OF_OLD_MODULES)
    assert all(pkgutil.resolve_name(f"sbrtcheck.{now}") is not None for now in _old_modules._OLD_NAMES.values())


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

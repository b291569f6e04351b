"""Every value that a public function gives, and all it holds: shown on one screen, equal to its copy, with a hash."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pydicom
import pytest

import dicom_files as files
import sbrtcheck
from dicom_files import stored_dvh
from folders import ROOT, TESTS
from sbrtcheck.api import check_with
from sbrtcheck.archive import Options
from sbrtcheck.dicom import find_plans
from sbrtcheck.options import CheckOptions
from sbrtcheck.reference_data import load_profiles, load_regimens, load_risk_models

MOST_LINES, MOST_CHARACTERS = 25, 2000
PLANS = ROOT / "examples" / "plans"
LUNG, LIVER = PLANS / "lung-50gy-5fx", PLANS / "liver-45gy-3fx"
EXPORT = TESTS / "text_export" / "files" / "eclipse-total-dose.txt"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("computed_once")]  # every public function is called

NO_VALUES = {"bed", "eqd2"}  # give a number


def _stored() -> sbrtcheck.DVHSet:
    dose = pydicom.dcmread(LUNG / "rtdose.dcm")
    dose.DVHSequence = files.items(stored_dvh(np.array([[1.0, 20.0], [1.0, 10.0]]), rois=((1, "INCLUDED"),)))
    written = BytesIO()
    dose.save_as(written)
    return sbrtcheck.load_dvhs([written, LUNG / "rtplan.dcm"])


@cache
def _batch() -> tuple[object, ...]:
    with TemporaryDirectory() as folder:
        options = Options.read(tables=["rtog-0813"])
        done = sbrtcheck.batch(PLANS, Path(folder) / "rows.csv", options, jobs=1)
        return options, done, sbrtcheck.summary(Path(folder) / "rows.csv")


CALLS: dict[str, Callable[[], object]] = {
    "check": lambda: sbrtcheck.check(LUNG, profile="lung-50gy-5fx", against=EXPORT),
    "compare": lambda: sbrtcheck.compare(LUNG, LIVER, ["rtog-0813", "tg101-3fx"]),
    "dvhs": lambda: sbrtcheck.dvhs(LUNG),
    "names": lambda: sbrtcheck.names(LUNG, ["rtog-0813", "tg101-5fx", "tg101-3fx"]),
    "risks": lambda: sbrtcheck.risks(LUNG, site="lung", tumour="nsclc"),
    "accumulate": lambda: sbrtcheck.accumulate(
        [LUNG, LIVER],
        {"Heart": 2.5},
        ["hytec-reirradiation", "pelvis-reirradiation", "hytec-cord-5fx"],
        frames_agree=True,
        interval_months=6,
    ),
    "batch": _batch,
    "summary": lambda: _batch()[-1],
    "check_archive": lambda: next(sbrtcheck.check_archive(PLANS, "rtog-0813", jobs=1)),
    "load_plan": lambda: sbrtcheck.load_plan(LIVER),
    "compute_dvhs": lambda: sbrtcheck.compute_dvhs(sbrtcheck.load_plan(LIVER)),
    "load_dvhs": _stored,
    "load_dvh_export": lambda: sbrtcheck.load_dvh_export(EXPORT),
    "load_table": lambda: sbrtcheck.load_table("timmerman-2022-5fx"),
    "load_sites": sbrtcheck.load_sites,
    "evaluate": lambda: sbrtcheck.evaluate(sbrtcheck.load_table("rtog-0813"), sbrtcheck.dvhs(LUNG)),
    "measure": lambda: sbrtcheck.measure(["Max[Gy]", "D9999cc[Gy]"], sbrtcheck.dvhs(LUNG)),
    # not in `sbrtcheck` itself, and on the page of the reference
    "compare, of three plans": lambda: sbrtcheck.compare([LUNG, LIVER, LUNG], None, ["rtog-0813", "tg101-3fx"]),
    "check_with": lambda: check_with(LIVER, None, CheckOptions.read(site="liver", names={"Liver": "No_such"})),
    "find_plans": lambda: find_plans(PLANS),
    "reference_data": lambda: (load_profiles(), load_regimens(), load_risk_models()),
}


@cache
def largest_values() -> dict[type, object]:
    """Of every dataclass that the results hold, the value whose repr is the longest."""
    largest: dict[type, tuple[int, object]] = {}
    for call in CALLS.values():
        for value in values_in(call()):
            length = len(repr(value))
            if length > largest.get(type(value), (-1, None))[0]:
                largest[type(value)] = (length, value)
    return {kind: value for kind, (_, value) in largest.items()}


def values_in(value: Any) -> Iterator[object]:
    """The dataclasses in a value, and in what they hold."""
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        inner: Any = [getattr(value, field.name) for field in fields(value)]
    elif isinstance(value, Mapping):
        inner = value.values()
    else:
        inner = value if isinstance(value, tuple | list) else ()
    for one in inner:
        yield from values_in(one)


def test_no_public_function_and_no_public_class_is_forgotten() -> None:
    public = {name: getattr(sbrtcheck, name) for name in sbrtcheck.__all__}
    functions = {name for name, value in public.items() if inspect.isfunction(value)}
    assert functions - NO_VALUES <= set(CALLS)
    classes = {value for value in public.values() if isinstance(value, type) and is_dataclass(value)}
    assert classes <= set(largest_values())


def test_every_repr_is_one_screen() -> None:
    for value in largest_values().values():
        text = repr(value)
        assert len(text) <= MOST_CHARACTERS, type(value)
        assert len(text.splitlines()) <= MOST_LINES, type(value)
        assert all(char.isprintable() or char == "\n" for char in text), type(value)


def test_every_value_is_equal_to_its_copy_and_has_one_hash() -> None:
    for kind, value in largest_values().items():
        copy = pickle.loads(pickle.dumps(value))  # noqa: S301 - of our own making
        assert copy is not value, kind
        assert copy == value, kind
        assert hash(copy) == hash(value), kind
        assert value != object(), kind


def test_no_repr_looks_better_than_its_verdicts() -> None:
    """The verdict of every plan stands before what may be cut off."""
    compared, several = (CALLS[name]() for name in ("compare", "compare, of three plans"))
    for value, reports in ((compared, (compared.first, compared.second)), (several, several.reports)):  # type: ignore[attr-defined]
        verdicts = [line.split(":")[0].strip() for line in repr(value).splitlines()]
        assert [word for word in verdicts if word in ("FAIL", "REVIEW", "VARIATION")] == [
            str(report.verdict) for report in reports
        ]
    summed = CALLS["accumulate"]()
    assert repr(summed).startswith(f"SumReport: {summed.verdict}")  # type: ignore[attr-defined]

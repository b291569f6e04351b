"""Whatever a public function is given: it answers, or says in an error of ours what is wrong; never a raw TypeError."""

from __future__ import annotations

import atexit
import inspect
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import dicom_files as files
import sbrtcheck
from dicom_files import stored_dvh
from dvh_builders import dvh_set, plan_of, ramp_dvh, row, table
from folders import ROOT, TESTS
from sbrtcheck import DVH, ConstraintTable, Plan, SbrtcheckError
from sbrtcheck.api import (
    check_with,
    dvhs_as_dicom,
    learn_names,
    parse_prescription,
    report_as_dicom,
    report_as_sr,
)
from sbrtcheck.archive import Options
from sbrtcheck.dicom import find_plans
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan.prescription_text import read_prescription
from sbrtcheck.tables.notes import load_notes

wrong_things = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(width=32),  # not so large that a square overflows: that is a warning of numpy, not an error
    st.binary(max_size=6),
    st.text(max_size=6),
    st.sampled_from([object(), object, print, 1j, {}, [], (), {"a": 1}, [None], ["x", 5], float("nan"), {1, 2}]),
)


PLAN = ROOT / "examples" / "plans" / "lung-50gy-5fx"
EXPORT = TESTS / "text_export" / "files" / "eclipse-total-dose.txt"

MANY_WRONG_THINGS: dict[str, Any] = {
    "None": None,
    "an object": object(),
    "a class": int,
    "a function": lambda: None,
    "a module": inspect,
    "-1": -1,
    "a huge number": 10**400,
    "a huge negative number": -(10**400),
    "not a number": float("nan"),
    "infinity": float("inf"),
    "an imaginary number": 1j,
    "a truth value": True,
    "no bytes": b"",
    "bytes": b"x",
    "no text": "",
    "text": "x",
    "long text": "x" * 5000,
    "text that no path can be": "\0",
    "text that no encoding has": "\ud800",
    "no list": [],
    "a list of a number": [5],
    "a list of None": [None],
    "a list of lists": [[]],
    "no dictionary": {},
    "a dictionary of numbers": {1: 2},
    "a dictionary of None": {"a": None},
    "a set": {1},
    "an array": np.zeros(3),
    "an array of numpy's numbers": np.ones((2, 2)),
    "a folder": ROOT / "tests" / "project",
    "a folder as text": str(ROOT / "tests" / "project"),
    "a missing path": ROOT / "no such folder",
    "a file that is something else": ROOT / "pyproject.toml",
    "a file in memory": BytesIO(b"x"),
    "a file open for text": StringIO("x"),
    "a plan": plan_of(Heart=0.0),
    "DVHs": dvh_set(ramp_dvh()),
    "a table": table(row("Max[Gy]", "below", 3)),
}


@cache
def archive_of_one_plan() -> Path:
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(PLAN, folder / "plans")
    return folder


@cache
def dose_with_dvhs() -> bytes:
    dose = pydicom.dcmread(PLAN / "rtdose.dcm")
    dose.DVHSequence = files.items(stored_dvh(np.array([[1.0, 20.0], [1.0, 10.0]]), rois=((1, "INCLUDED"),)))
    written = BytesIO()
    dose.save_as(written)
    return written.getvalue()


ROW = ("Heart", "Max[Gy]", "<", 3)
ASKED = table(row("Max[Gy]", "below", 3))
BOX = np.ones((2, 3, 4))
SQUARE = [[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]]

Calls = Mapping[str, tuple[Callable[..., Any], dict[str, Any]]]


@cache
def calls() -> Calls:
    """Every public function, and every method that makes a value of something or shows it: with what it answers to."""
    plan, dvhs = plan_of(Heart=0.0, PTV=5.0), dvh_set(ramp_dvh())
    report = sbrtcheck.check(PLAN, ASKED)
    archive = archive_of_one_plan()
    options = Options(tables=(ASKED,))
    sbrtcheck.batch(archive / "plans", archive / "summed.csv", options, jobs=1)
    given: dict[str, dict[str, Any]] = {
        "accumulate": {"paths": [sbrtcheck.load_plan(PLAN)], "alpha_betas_gy": {"Heart": 3.0}},
        "batch": {"folder": archive / "plans", "out": archive / "rows.csv", "options": options, "jobs": 1},
        "bed": {"total_gy": 50.0, "fractions": 5, "alpha_beta_gy": 3.0},
        "check": {"path": plan, "table": ASKED},
        "check_archive": {"paths": archive / "plans", "tables": ASKED, "jobs": 1},
        "compare": {"first": plan, "second": plan, "table": ASKED},
        "compute_dvhs": {"plan": plan},
        "dvhs": {"path": plan},
        "eqd2": {"total_gy": 50.0, "fractions": 5, "alpha_beta_gy": 3.0},
        "evaluate": {"table": ASKED, "dvhs": dvhs},
        "load_dvh_export": {"path": EXPORT},
        "load_dvhs": {"path": [BytesIO(dose_with_dvhs()), PLAN / "rtplan.dcm"]},
        "load_plan": {"path": PLAN},
        "load_sites": {},
        "load_table": {"table": "rtog-0813"},
        "measure": {"metric": "Max[Gy]", "dvh": ramp_dvh()},
        "names": {"path": plan, "table": ASKED},
        "risks": {"path": plan},
        "summary": {"path": archive / "summed.csv"},
    }
    functions = {name: (getattr(sbrtcheck, name), arguments) for name, arguments in given.items()}
    lattice = {"spacing_mm": (1, 1, 1), "origin_mm": (0, 0, 0)}
    others: Calls = {
        "api.check_with": (check_with, {"path": plan, "table": ASKED, "options": CheckOptions()}),
        "api.dvhs_as_dicom": (dvhs_as_dicom, {"dvhs": sbrtcheck.dvhs(PLAN, structures=["Heart"]), "path": PLAN}),
        "api.learn_names": (learn_names, {"path": plan, "names": {}, "dictionary": archive / "names.yaml"}),
        "api.report_as_dicom": (report_as_dicom, {"report": report, "path": PLAN}),
        "api.report_as_sr": (report_as_sr, {"report": report, "path": PLAN}),
        "archive.Options.read": (Options.read, {"tables": "rtog-conformity"}),
        "dicom.find_plans": (find_plans, {"path": PLAN}),
        "ConstraintTable.from_rows": (
            ConstraintTable.from_rows,
            {"rows": [("Heart", "Max[Gy]", "<", 3)], "fractions": 5},
        ),
        "DVH.from_dicompyler": (DVH.from_dicompyler, {"core": ramp_dvh().to_dicompyler()}),
        "DVHSet.measure": (dvhs.measure, {"metrics": "Max[Gy]"}),
        "DVHSet.plot": (dvhs.plot, {"constraints": ASKED, "ax": Figure().subplots()}),
        "DVHSet.to_dataframe": (dvhs.to_dataframe, {}),
        "Plan.from_arrays": (Plan.from_arrays, {"dose": BOX, "contours": {"PTV": [SQUARE]}, **lattice}),
        "Plan.from_masks": (Plan.from_masks, {"dose": BOX, "masks": {"PTV": BOX > 0}, **lattice}),
        "Report.plot": (report.plot, {"ax": Figure().subplots()}),
        "tables.notes.load_notes": (load_notes, {"notes": ()}),
    }
    return {**functions, **others}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some wrong things are names of files, which may be written."""
    monkeypatch.chdir(tmp_path)


CASES = [(name, parameter) for name, (call, _) in calls().items() for parameter in inspect.signature(call).parameters]


def assert_answers_or_says_why(call: Callable[[], object]) -> None:
    try:
        call()
    except SbrtcheckError as error:
        assert str(error)  # noqa: PT017 - any other error fails the test, as it should


def test_no_public_function_is_forgotten() -> None:
    functions = {name for name in sbrtcheck.__all__ if inspect.isfunction(getattr(sbrtcheck, name))}
    assert functions <= set(calls())


@pytest.mark.parametrize("name", calls())
def test_it_answers_to_what_is_right(name: str) -> None:
    call, arguments = calls()[name]
    call(**arguments)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of old words, which are read all the same
@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_a_wrong_argument_is_answered_or_refused_in_an_error_of_ours(name: str, parameter: str) -> None:
    call, arguments = calls()[name]
    for wrong in MANY_WRONG_THINGS.values():
        if parameter == "progress" and callable(wrong):
            continue  # a function of the caller's own: what it raises is the caller's
        assert_answers_or_says_why(lambda wrong=wrong: call(**arguments | {parameter: wrong}))  # type: ignore[misc]


CHEAP = ("measure", "evaluate", "compute_dvhs", "load_table", "load_sites", "bed", "eqd2", "check")


@pytest.mark.parametrize(("name", "parameter"), [case for case in CASES if case[0] in CHEAP and case[1] != "progress"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wrong=wrong_things)
def test_any_wrong_argument_is_answered_or_refused(name: str, parameter: str, wrong: object) -> None:
    call, arguments = calls()[name]
    assert_answers_or_says_why(lambda: call(**arguments | {parameter: wrong}))


@given(wrong_things)
def test_what_is_no_prescription_is_refused(wrong: Any) -> None:
    assert_answers_or_says_why(lambda: read_prescription(wrong))
    assert_answers_or_says_why(lambda: read_prescription((wrong, 5)))
    assert_answers_or_says_why(lambda: read_prescription((50, wrong)))
    assert_answers_or_says_why(lambda: read_prescription(sbrtcheck.Prescription(dose_gy=wrong, fractions=wrong)))
    assert_answers_or_says_why(lambda: parse_prescription(wrong))


@given(wrong_things, wrong_things)
def test_what_is_no_row_is_refused(rows: Any, fractions: Any) -> None:
    assert_answers_or_says_why(lambda: ConstraintTable.from_rows(rows, fractions=fractions))
    assert_answers_or_says_why(lambda: ConstraintTable.from_rows([rows], fractions=5, id=fractions, title=rows))


@given(wrong_things)
def test_metrics_of_a_set_are_refused_alike(wrong: Any) -> None:
    dvhs = dvh_set(ramp_dvh())
    for call in (dvhs.measure, dvhs.to_records, dvhs.to_dataframe):
        assert_answers_or_says_why(lambda call=call: call(wrong))  # type: ignore[misc]

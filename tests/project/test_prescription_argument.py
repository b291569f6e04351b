"""Every public function that takes a prescription reads all spellings of it, and refuses what is none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest

import dicom_files as files
import sbrtcheck
from dicom_files import stored_dvh
from dvh_builders import plan_of, row, table
from folders import ROOT, TESTS
from sbrtcheck import Plan, Prescription
from sbrtcheck.errors import InputError

LUNG = ROOT / "examples" / "plans" / "lung-50gy-5fx"
EXPORT = TESTS / "text_export" / "files" / "eclipse-total-dose.txt"
RX = Prescription(dose_gy=44.0, fractions=4)  # not what the plans state
SPELLINGS = ["44Gy/4", "44 Gy in 4", "4400 cGy / 4 fx", "4x11Gy", (44, 4), [44.0, 4], (np.float64(44), np.int64(4)), RX]
WRONG = ["44/4", "11Gyx4", (4, 44), (44, 4.5), (44, 0), (44,), 44, object(), b"44Gy/4", {"dose_gy": 44}, float("nan")]

ANY_ROW = table(row("Max[Gy]", "below", 3))
SQUARE = [[5, 5, 4], [15, 5, 4], [15, 15, 4], [5, 15, 4]]


@cache
def dose_with_dvhs() -> bytes:
    dose = pydicom.dcmread(LUNG / "rtdose.dcm")
    dose.DVHSequence = files.items(stored_dvh(np.array([[1.0, 20.0], [1.0, 10.0]]), rois=((1, "INCLUDED"),)))
    written = BytesIO()
    dose.save_as(written)
    return written.getvalue()


def of_plan() -> Plan:
    return plan_of(Heart=0.0, PTV=5.0)


CALLS: dict[str, Callable[[Any], Any]] = {
    "load_plan": lambda rx: sbrtcheck.load_plan(LUNG, prescription=rx),
    "load_plan, of a Plan": lambda rx: sbrtcheck.load_plan(of_plan(), prescription=rx),
    "load_dvhs": lambda rx: sbrtcheck.load_dvhs([BytesIO(dose_with_dvhs()), LUNG / "rtplan.dcm"], prescription=rx),
    "load_dvh_export": lambda rx: sbrtcheck.load_dvh_export(EXPORT, prescription=rx),
    "check": lambda rx: sbrtcheck.check(of_plan(), ANY_ROW, prescription=rx),
    "compare": lambda rx: sbrtcheck.compare(of_plan(), of_plan(), ANY_ROW, prescriptions=[None, rx]).second,
    "dvhs": lambda rx: sbrtcheck.dvhs(of_plan(), prescription=rx),
    "risks": lambda rx: sbrtcheck.risks(of_plan(), site="lung", prescription=rx),
    "accumulate": lambda rx: sbrtcheck.accumulate([sbrtcheck.load_plan(LUNG)], {"SpinalCord": 2.0}, prescriptions=[rx]),
    "Plan.from_arrays": lambda rx: Plan.from_arrays(
        np.ones((5, 11, 11)), spacing_mm=(2, 2, 2), origin_mm=(0, 0, 0), contours={"PTV": [SQUARE]}, prescription=rx
    ),
    "Plan.from_masks": lambda rx: Plan.from_masks(
        np.ones((2, 3, 4)), {"PTV": np.ones((2, 3, 4), dtype=bool)}, spacing_mm=(2, 2, 2), prescription=rx
    ),
}


def takes_a_prescription(function: object) -> bool:
    return callable(function) and bool({"prescription", "prescriptions"} & set(inspect.signature(function).parameters))


def test_no_function_is_forgotten() -> None:
    functions = {name for name in sbrtcheck.__all__ if inspect.isfunction(getattr(sbrtcheck, name))}
    taking = {name for name in functions if takes_a_prescription(getattr(sbrtcheck, name))}
    taking |= {f"Plan.{name}" for name in ("from_arrays", "from_masks") if takes_a_prescription(getattr(Plan, name))}
    assert taking == {name.split(",")[0] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
def test_all_spellings_give_one_result(name: str) -> None:
    results = [CALLS[name](rx) for rx in SPELLINGS]
    assert all(result == results[-1] for result in results)
    if hasattr(results[-1], "prescription"):
        assert results[-1].prescription == RX
    assert results[-1] != CALLS[name]((50, 5)) or name == "risks"  # only some risks depend on it


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("wrong", WRONG, ids=[str(place) for place in range(len(WRONG))])
def test_what_is_no_prescription_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises(InputError, match="prescription"):
        CALLS[name](wrong)

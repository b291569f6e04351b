"""What a plan may be given as: open files, Plans; anything else is refused by type, with nothing that it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

import dicom_files as files
import sbrtcheck
from folders import ROOT
from sbrtcheck import api
from sbrtcheck.dicom import find_plans
from sbrtcheck.errors import InputError, NoPlanError
from sbrtcheck.plan import PlanUids
from sbrtcheck.render.plan_comparison import plans_json
from sbrtcheck.render.sums import sum_json

pytestmark = pytest.mark.usefixtures("computed_once")

PLANS = {name: ROOT / "examples" / "plans" / name for name in ("lung-50gy-5fx", "liver-45gy-3fx")}
TABLE = "rtog-0813"


def as_json(given: Any) -> str:
    return json.dumps(sbrtcheck.check(given, table=TABLE).to_dict(), sort_keys=True)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


# -------------------------------------------------------------------------------- open files


def open_ways(path: Path) -> Iterator[Any]:
    yield path.open("rb")
    yield path.open("rb", buffering=0)
    yield BytesIO(path.read_bytes())


def test_open_files_get_their_position_back_and_stay_open(tmp_path: Path) -> None:
    folder = files.write_plan(tmp_path)
    wanted = as_json(folder)
    for file in open_ways(folder / "0"):
        with file:
            file.seek(7)
            assert as_json([file, folder / "1", folder / "2"]) == wanted
            assert file.tell() == 7


class SecretError(Exception):
    pass


class Oddity:
    """A file of which something does not work; none of its texts may reach a message."""

    def __init__(self, read: Callable[[], object]) -> None:
        self.read = read

    def tell(self) -> int:
        return 0

    def seek(self, at: int) -> int:
        return at

    def __repr__(self) -> str:
        return "Nobody^Really"


def fail() -> object:
    raise SecretError("Nobody^Really")


def closed() -> BytesIO:
    file = BytesIO(b"")
    file.close()
    return file


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (closed, "the file is closed"),
        (lambda: (ROOT / "pyproject.toml").open(encoding="utf-8"), "the file is open for text, not for bytes"),
        (lambda: Oddity(lambda: "text"), "the file is open for text, not for bytes"),
        (lambda: Oddity(lambda: 5), "reading the file gives no bytes but int"),
        (lambda: Oddity(fail), "the file cannot be read from its beginning (SecretError)"),
        (lambda: Oddity(lambda: BytesIO().seek(-1)), "the file cannot be read from its beginning (ValueError)"),
    ],
)
def test_files_that_cannot_be_read(make: Callable[[], Any], what: str) -> None:
    file = make()
    for given_file, place in ((file, "the input"), ([files.plan(), file], "item 2 of the list")):
        text = refusal(lambda given_file=given_file: sbrtcheck.load_plan(given_file))
        assert text.startswith(f"{place}: ")
        assert what in text
        assert "Nobody" not in text
    if getattr(file, "close", None):
        file.close()


def test_bytes_that_are_no_dicom_count_as_such_files_do(tmp_path: Path) -> None:
    (tmp_path / "notes").write_bytes(b"notes")
    folder = files.write_plan(tmp_path)
    paths = sorted(folder.iterdir())
    assert as_json([BytesIO(path.read_bytes()) for path in paths]) == as_json(folder)
    assert "1 not DICOM" in refusal(lambda: sbrtcheck.load_plan(BytesIO(b"notes")))


# -------------------------------------------------------------------------------- anything else

REPORT = sbrtcheck.check(PLANS["lung-50gy-5fx"], table=TABLE)
DVHS = sbrtcheck.dvhs(PLANS["lung-50gy-5fx"], structures=["Heart"])
FUNCTIONS: dict[str, Callable[[Any], object]] = {
    "check": lambda given: sbrtcheck.check(given, table=TABLE),
    "check stored": lambda given: sbrtcheck.check(given, table=TABLE, dvhs="stored"),
    "check imported": lambda given: sbrtcheck.check(given, table=TABLE, dvhs="imported"),
    "load_plan": sbrtcheck.load_plan,
    "find_plans": find_plans,
    "load_dvhs": sbrtcheck.load_dvhs,
    "first": lambda given: sbrtcheck.compare(given, PLANS["lung-50gy-5fx"], table=TABLE),
    "second": lambda given: sbrtcheck.compare(PLANS["lung-50gy-5fx"], given, table=TABLE),
    "accumulate": lambda given: sbrtcheck.accumulate(given, {"Heart": 3.0}),
    "registrations": lambda given: sbrtcheck.accumulate(PLANS["lung-50gy-5fx"], {"Heart": 3.0}, registrations=given),
    "dvhs": sbrtcheck.dvhs,
    "names": lambda given: sbrtcheck.names(given, TABLE),
    "risks": sbrtcheck.risks,
    "report_as_dicom": lambda given: api.report_as_dicom(REPORT, given),
    "dvhs_as_dicom": lambda given: api.dvhs_as_dicom(DVHS, given),
}


class Patient:
    def __repr__(self) -> str:
        return "Nobody^Really"

    __str__ = __repr__


wrong_things = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(),
    st.dictionaries(st.text(), st.integers(), max_size=2),
    st.builds(Patient),
    st.sampled_from([Path, BytesIO, Dataset, len, ..., NotImplemented, memoryview(b""), bytearray(b"x"), REPORT, DVHS]),
)


@pytest.mark.parametrize("name", FUNCTIONS)
@given(wrong=wrong_things, before=st.integers(0, 2))
def test_other_things_are_refused_by_type(name: str, wrong: object, before: int) -> None:
    text = refusal(lambda: FUNCTIONS[name](wrong))
    is_left_out = name == "second" and wrong is None  # then the first has to be several plans
    assert ("no two plans" if is_left_out else f"is of type {type(wrong).__name__}") in text
    assert "Nobody" not in text
    if name != "check imported":
        text = refusal(lambda: FUNCTIONS[name]([PLANS["lung-50gy-5fx"]] * before + [wrong]))
        assert f"item {before + 1} of the list is of type {type(wrong).__name__}" in text
        assert "a pydicom Dataset, a file open for reading bytes" in text
        assert "Nobody" not in text


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"accumulate"}))
def test_lists_in_lists_and_plans_in_lists_are_refused(name: str) -> None:
    plan = sbrtcheck.load_plan(PLANS["lung-50gy-5fx"])
    for wrong in ([[PLANS["lung-50gy-5fx"]]], [plan], [PLANS["lung-50gy-5fx"], plan], ["no such thing"], ["a\0b"]):
        refusal(lambda wrong=wrong: FUNCTIONS[name](wrong))


# -------------------------------------------------------------------------------- a Plan


def test_a_plan_is_used_as_it_is() -> None:
    folder = PLANS["lung-50gy-5fx"]
    plan = sbrtcheck.load_plan(folder)
    assert sbrtcheck.load_plan(plan) is plan
    by_plan, by_path = sbrtcheck.check(plan, table=TABLE).to_dict(), sbrtcheck.check(folder, table=TABLE).to_dict()
    assert by_plan.pop("compared") == {
        "with": None,
        "reason": "the plan was given as a Plan, which keeps no DVHs of the planning system",
    }
    by_path.pop("compared")
    assert by_plan == by_path
    assert sbrtcheck.names(plan, TABLE) == sbrtcheck.names(folder, TABLE)
    assert sbrtcheck.risks(plan, site="lung") == sbrtcheck.risks(folder, site="lung")
    assert sbrtcheck.dvhs(plan, structures=["Heart"])["Heart"].mean_gy == DVHS["Heart"].mean_gy
    compared = [plans_json(sbrtcheck.compare(*two, table=TABLE)) for two in ((plan, plan), (folder, folder))]
    assert compared[0] == compared[1]
    summed = [sum_json(sbrtcheck.accumulate(given, {"Heart": 3.0})) for given in (plan, [plan], folder)]
    assert summed[0] == summed[1] == summed[2]


def test_a_plan_and_a_list_of_files_are_two_courses() -> None:
    folder, lung = PLANS["lung-50gy-5fx"], sbrtcheck.load_plan(PLANS["lung-50gy-5fx"])
    liver = [pydicom.dcmread(path) for path in sorted(PLANS["liver-45gy-3fx"].iterdir())]
    for first in (lung, folder):  # a Plan does not know whose it is, and of files that is compared
        wanted, found = (
            sbrtcheck.accumulate([first, second], {"Heart": 3.0}, frames_agree=True)
            for second in (PLANS["liver-45gy-3fx"], liver)
        )
        assert sum_json(found) == sum_json(wanted)
        assert any("of one patient?" in reason.text for reason in found.reasons) == (first is folder)
    assert "two of the plans" in refusal(lambda: sbrtcheck.accumulate([lung, lung], {"Heart": 3.0}))


def test_the_prescription_given_wins_over_that_of_a_plan() -> None:
    folder = PLANS["lung-50gy-5fx"]
    plan = sbrtcheck.load_plan(folder)
    loaded = sbrtcheck.load_plan(plan, prescription=sbrtcheck.Prescription(dose_gy=48.0, fractions=4))
    assert (loaded.prescription.dose_gy, loaded.prescription.fractions) == (48.0, 4)
    assert plan.prescription.fractions == 5
    assert "the Plan states 50 Gy in 5" in loaded.findings[0].text
    rows = [
        [row["verdict"] for row in sbrtcheck.check(given, table=TABLE, prescription="48Gy/4").to_dict()["outcomes"]]
        for given in (plan, folder)
    ]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("text", ["48Gy/4", "4x12Gy", (48, 4)])
def test_a_prescription_is_read_as_people_write_it_wherever_one_is_given(text: Any) -> None:
    folder = PLANS["lung-50gy-5fx"]
    for given_plan in (folder, sbrtcheck.load_plan(folder)):
        loaded = sbrtcheck.load_plan(given_plan, prescription=text)
        assert (loaded.prescription.dose_gy, loaded.prescription.fractions) == (48.0, 4)
        assert "prescription" in refusal(lambda given_plan=given_plan: sbrtcheck.load_plan(given_plan, prescription=5))
    export = ROOT / "tests" / "text_export" / "files" / "eclipse-total-dose.txt"
    assert sbrtcheck.load_dvh_export(export, prescription=text).prescription.fractions == 4
    assert "prescription" in refusal(lambda: sbrtcheck.load_dvhs(folder, prescription="48"))


def test_one_dose_is_no_two_courses_whatever_it_was_read_from() -> None:
    loaded = sbrtcheck.load_plan(PLANS["lung-50gy-5fx"])
    nameless = replace(loaded, uids=PlanUids())
    for one, other in (
        (nameless, nameless),
        (nameless, replace(nameless, dose=replace(loaded.dose, stored=loaded.dose.stored.copy()))),
        (nameless, loaded),
    ):
        text = refusal(
            lambda one=one, other=other: sbrtcheck.accumulate([one, other], {"Heart": 3.0}, frames_agree=True)
        )
        assert "two of the plans have the same dose" in text
    halved = replace(nameless, dose=replace(loaded.dose, gy_per_unit=loaded.dose.gy_per_unit / 2))
    summed = sbrtcheck.accumulate([nameless, halved], {"Heart": 3.0}, frames_agree=True, accept_dose=True)
    assert "registration" not in str(summed.cumulative.findings)
    compared = [sbrtcheck.compare(nameless, other, table=TABLE).remarks for other in (nameless, loaded, halved)]
    same = [remarks for remarks in compared if "both plans have the same dose" in remarks]
    assert same == compared[:2]
    other = replace(halved, uids=loaded.uids)
    assert sbrtcheck.compare(loaded, other, table=TABLE).remarks == (
        "the doses of both plans have the same UID, and are not the same",
    )


def test_a_plan_that_is_not_the_one_of_the_uid_is_refused() -> None:
    plan = sbrtcheck.load_plan(PLANS["lung-50gy-5fx"])
    assert sbrtcheck.load_plan(plan, plan=plan.uids.doses[0]) is plan
    with pytest.raises(NoPlanError, match=r"the Plan given is not 2\.25\.1; its UIDs are: .*"):
        sbrtcheck.check(plan, table=TABLE, plan="2.25.1")


@pytest.mark.parametrize("name", ["check stored", "check imported", "find_plans", "load_dvhs", "report_as_dicom"])
def test_a_plan_is_refused_where_its_files_are_needed(name: str) -> None:
    plan = sbrtcheck.load_plan(PLANS["lung-50gy-5fx"])
    assert "a Plan" in refusal(lambda: FUNCTIONS[name](plan))

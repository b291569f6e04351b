"""Damaged exports: an error or a DVHSet, never a traceback, and never silently another unit."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TypeGuard

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from folders import TESTS
from sbrtcheck import load_dvh_export
from sbrtcheck.dvh import DVHSet, VolumeUnit
from sbrtcheck.errors import AmbiguousPlanError, InputError
from sbrtcheck.plan import FindingCode, Prescription

GOLDEN = TESTS / "text_export" / "files"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(GOLDEN.iterdir()) if path.is_file()}
NAMES = sorted(TEXTS)
RX = Prescription(dose_gy=50.0, fractions=5)
UNITS = ["Gy", "cGy", "GY", "%", "cm³", "cc", "ccm", "rad", "", "gy", "percent"]
UNIT = re.compile(r"cGy|GY|Gy|gy|cm³|ccm|cc|%|percent")
WITH_UNITS = [name for name in NAMES if UNIT.search(TEXTS[name])]  # some formats print none: theirs are always the same


def read(raw: bytes, folder: Path) -> DVHSet | InputError:
    path = folder / "export.txt"
    path.write_bytes(raw)
    try:
        return load_dvh_export(path, prescription=RX)
    except InputError as error:
        return error


def is_refused(found: DVHSet | InputError) -> TypeGuard[InputError]:
    """Whether it is an error, which says what is wrong and nothing of the patient."""
    return isinstance(found, InputError) and bool(found.what) and "Doe" not in str(found)


def is_sound(found: DVHSet | InputError) -> bool:
    """Numbers are finite, bounds in order, curves fall from the whole volume to nothing."""
    assert isinstance(found, DVHSet)
    for dvh in found:
        bands = (dvh.mean_gy, dvh.min_gy, dvh.max_gy)
        assert all(0.0 <= band.low <= band.value <= band.high < 2000.0 for band in bands)
        assert 0.0 < dvh.volume <= 1e6
        for curve in (dvh.curve, dvh.lower, dvh.upper):
            assert np.all(np.isfinite(curve.dose_gy))
            assert np.all(np.diff(curve.dose_gy) >= 0.0)
            assert np.all(np.diff(curve.volume) <= 1e-9 * dvh.volume)
            assert curve.volume[0] == pytest.approx(dvh.volume)
            assert curve.volume[-1] == 0.0
        for volume in (0.0, 0.3 * dvh.volume, dvh.volume):
            band = dvh.dose_at_volume(volume)
            assert band.low <= band.value <= band.high
    return True


@given(st.sampled_from(NAMES), st.data())
def test_a_truncated_export_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    raw = TEXTS[name].encode()
    end = data.draw(st.integers(0, len(raw)))
    found = read(raw[:end], tmp_path_factory.mktemp("cut"))
    assert is_refused(found) or is_sound(found)


@pytest.mark.slow
@given(st.sampled_from(NAMES), st.data())
def test_a_mutated_export_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """Characters replaced, put in and left out; lines left out, doubled and changed about."""
    text = TEXTS[name]
    for _ in range(data.draw(st.integers(1, 4))):
        match data.draw(st.integers(0, 4)):
            case 0:
                at = data.draw(st.integers(0, len(text)))
                put = data.draw(st.text("0123456789.,-+eE%:#|[](){};\t \n\0\x1b\ufeffaGy³\"'", max_size=4))
                text = text[:at] + put + text[at + data.draw(st.integers(0, 3)) :]
            case 1:
                lines = text.split("\n")
                start = data.draw(st.integers(0, len(lines)))
                text = "\n".join(lines[:start] + lines[start + data.draw(st.integers(1, 10)) :])
            case 2:
                lines = text.split("\n")
                at = data.draw(st.integers(0, len(lines) - 1))
                text = "\n".join([*lines[:at], lines[at], *lines[at:]])
            case 3:
                lines = text.split("\n")
                one, two = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[one], lines[two] = lines[two], lines[one]
                text = "\n".join(lines)
            case _:
                numbers = list(re.finditer(r"\d[\d.,]*", text))
                if numbers:
                    hit = data.draw(st.sampled_from(numbers))
                    put = data.draw(
                        st.sampled_from(["0", "-1", "1e308", "1e-308", "nan", "inf", "9" * 30, "1e999", ""])
                    )
                    text = text[: hit.start()] + put + text[hit.end() :]
    found = read(text.encode("utf-8", "replace"), tmp_path_factory.mktemp("mutated"))
    assert is_refused(found) or is_sound(found)


BLANKS = 50_000  # a pattern that tries every place of them once more for each takes minutes or more


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line", ["a{}b", "# a{}b", "a ({}b", "Dose [Gy] {} x]"])
def test_a_line_of_blanks_takes_no_time(tmp_path: Path, name: str, line: str) -> None:
    before, after = TEXTS[name][: len(TEXTS[name]) // 2].rpartition("\n")[::2]
    after += TEXTS[name][len(TEXTS[name]) // 2 :]
    began = time.process_time()
    found = read(f"{before}\n{line.format(' ' * BLANKS)}\n{after}".encode(), tmp_path)
    assert time.process_time() - began < 2.0
    assert is_refused(found) or is_sound(found)


def test_a_heading_of_one_word_without_end_takes_no_time(tmp_path: Path) -> None:
    heading = re.compile(r"(?<=Structure Volume) \[%\]")
    text, times = heading.subn(f" [%] {'a' * BLANKS}]", TEXTS["eclipse-cgy-both-doses.txt"])
    assert times
    began = time.process_time()
    found = read(text.encode(), tmp_path)
    assert time.process_time() - began < 2.0
    assert is_refused(found) or is_sound(found)


@given(st.binary(max_size=400), st.sampled_from(NAMES))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, noise: bytes, name: str) -> None:
    for raw in (noise, TEXTS[name].encode()[:300] + noise):
        found = read(raw, tmp_path_factory.mktemp("bytes"))
        assert is_refused(found) or is_sound(found)


def refuse_other_numbers(before: DVHSet | InputError, after: DVHSet | InputError, what: object) -> None:
    """Doses and volumes stay what they were, or are refused; or that doses are not those prescribed is a finding."""
    assert isinstance(before, DVHSet)
    if isinstance(after, InputError):
        return
    doubted = any(finding.code is FindingCode.OTHER for finding in after.findings)
    for dvh in after:
        old = before[dvh.name]
        median, was = (one.dose_at_volume(0.5 * one.volume).value for one in (dvh, old))
        assert doubted or median == pytest.approx(was, rel=0.02), what
        if dvh.volume_unit is VolumeUnit.CC:
            assert (old.volume_unit, old.volume) == (VolumeUnit.CC, pytest.approx(dvh.volume, rel=0.02)), what


@pytest.mark.slow
@given(st.sampled_from(WITH_UNITS), st.data())
def test_another_unit_is_never_taken_silently(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("units")
    text = TEXTS[name]
    hit = data.draw(st.sampled_from(list(UNIT.finditer(text))))
    put = data.draw(st.sampled_from(UNITS))
    before, after = read(text.encode(), folder), read((text[: hit.start()] + put + text[hit.end() :]).encode(), folder)
    refuse_other_numbers(before, after, (name, hit, put))


WORD = re.compile(r"[A-Za-z]{2,}")
OTHER_WORDS = ("Xyz", "", "Dose", "Volume", "Cumulative", "Total", "Mean")


@pytest.mark.slow
@given(st.sampled_from(NAMES), st.data())
def test_another_word_anywhere_makes_no_other_number(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    """A changed heading or key is another layout: what is still read of it is what it was."""
    folder = tmp_path_factory.mktemp("words")
    text = TEXTS[name]
    before = read(text.encode(), folder)
    assert isinstance(before, DVHSet)
    kept = {"Gy", "cGy", *(word for dvh in before for word in WORD.findall(dvh.name))}
    hit = data.draw(st.sampled_from([word for word in WORD.finditer(text) if word[0] not in kept]))
    put = data.draw(st.sampled_from(OTHER_WORDS))
    after = read((text[: hit.start()] + put + text[hit.end() :]).encode(), folder)
    refuse_other_numbers(before, after, (name, hit, put))


@pytest.mark.parametrize("key", ["Volume", "Roi volume", "Mean dose", "Max dose", "Roi volume fraction outside grid"])
def test_a_number_before_the_first_structure_of_raystation_is_of_none(key: str, tmp_path: Path) -> None:
    text = TEXTS["raystation-dose-unit.txt"]
    assert "#PatientId:4711" in text
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = read(text.encode(), tmp_path / "before")
    after = read(text.replace("#PatientId:", f"#{key}:").encode(), tmp_path / "after")
    assert isinstance(before, DVHSet)
    assert isinstance(after, DVHSet)
    assert list(after) == list(before)


NUMBERS = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)?(?:[eE][-+]\d+)?(?![\w.])")
WITH_ROWS = [name for name in NAMES if not name.startswith("onkodicom")]  # whose doses stand in the heading


def rows_changed(text: str, one: int, two: int) -> str:
    """The text with two numbers of each row of numbers in each other's places; dates and headings are left alone."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        hits = [] if re.search(r"[A-Za-z#:%]{2,}.*[\[(:]", line) else list(NUMBERS.finditer(line))
        if len(hits) > two:
            first, second = hits[one], hits[two]
            between = line[first.end() : second.start()]
            lines[place] = f"{line[: first.start()]}{second[0]}{between}{first[0]}{line[second.end() :]}"
    return "\n".join(lines)


@pytest.mark.parametrize("name", WITH_ROWS)
@pytest.mark.parametrize("two", [1, 2])
def test_doses_and_volumes_that_change_places_are_never_taken_for_each_other(
    tmp_path: Path, name: str, two: int
) -> None:
    """The first number of a row is its dose, or its number and then its dose: none is a volume before it."""
    changed = rows_changed(TEXTS[name], 0, two)
    refuse_other_numbers(read(TEXTS[name].encode(), tmp_path), read(changed.encode(), tmp_path), (name, two))


@pytest.mark.parametrize("name", NAMES)
def test_another_decimal_mark_makes_no_other_number(tmp_path: Path, name: str) -> None:
    text = TEXTS[name]
    marks = [hit.start() for hit in re.finditer(r"(?<=\d)[.,](?=\d)", text)]
    before = read(text.encode(), tmp_path)
    for every in (1, 2, 7):  # in all numbers, and in some
        letters = list(text)
        for place in marks[::every]:
            letters[place] = {".": ",", ",": "."}[letters[place]]
        refuse_other_numbers(before, read("".join(letters).encode(), tmp_path), (name, every))


def _is_parted_by_commas(name: str) -> bool:
    heading, rows = TEXTS[name].split("\n", maxsplit=1)
    return name.endswith(".csv") and "," in heading and re.search(r"[0-9][.][0-9]", rows) is not None


@pytest.mark.parametrize("name", list(filter(_is_parted_by_commas, NAMES)))
def test_commas_that_are_decimal_marks_and_part_cells_too_are_refused(tmp_path: Path, name: str) -> None:
    """Every number is then two cells, and the second half of one would stand below the heading of the next column."""
    heading, rows = TEXTS[name].split("\n", maxsplit=1)
    found = read(f"{heading}\n{re.sub(r'(?<=[0-9])[.](?=[0-9])', ',', rows)}".encode(), tmp_path)
    assert is_refused(found)
    assert "is the comma its decimal mark too?" in found.what
    assert found.place.startswith("DVH export, line ")


@pytest.mark.parametrize(
    ("name", "stated", "with_mark"),
    [
        ("raystation-volume-and-rx.txt", r"(?<=#RoiVolume: )20.00", "1,432"),
        ("raystation-volume-and-rx.txt", r"(?<=#Rx dose: )50.00 Gy", "5,000cGy in 5 fx"),
        ("eclipse-cgy-both-doses.txt", r"(?<=Prescribed dose \[cGy\]: )5000[.]0", "5,000"),
        ("eclipse-total-dose.txt", r"(?<=Total dose \[Gy\]: )50[.]\d+", "1,050"),
        ("slicerrt.csv", r"SpinalCord Value \(% of 20[.]000 cc\)", '"SpinalCord Value (% of 1,432 cc)"'),
    ],
)
def test_a_comma_that_parts_thousands_outside_the_tables_is_no_decimal_mark(
    tmp_path: Path, name: str, stated: str, with_mark: str
) -> None:
    text, times = re.subn(stated, with_mark, TEXTS[name])
    assert times == 1
    found = read(text.encode(), tmp_path)
    assert is_refused(found)
    assert "which is the decimal mark" in found.what


ROWS_OF_TWO = (
    "structure,dose_gy,volume_cc,{heading}\nHeart,0,9,{one}\nHeart,1,0,{one}\nLiver,0,8,{two}\nLiver,2,0,{two}\n"
)


@pytest.mark.parametrize("heading", ["patID", "Patient ID", "patient_name", "MRN"])
def test_rows_of_two_patients_are_not_one_plan(tmp_path: Path, heading: str) -> None:
    found = read(ROWS_OF_TWO.format(heading=heading, one="Doe A", two="Doe B").encode(), tmp_path)
    assert is_refused(found)
    assert "several patients" in found.what
    both = read(ROWS_OF_TWO.format(heading=heading, one="Doe", two="Doe").encode(), tmp_path)
    assert isinstance(both, DVHSet)
    assert "Doe" not in repr(both)


@pytest.mark.parametrize("heading", ["plan", "Plan ID", "plan_name", "course", "dose_name", "scenario"])
def test_rows_of_two_plans_are_not_one_plan(tmp_path: Path, heading: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS_OF_TWO.format(heading=heading, one="A", two="B"), encoding="utf-8")
    with pytest.raises(AmbiguousPlanError, match="it has 2 plans: A, B"):
        load_dvh_export(path)
    of_b = load_dvh_export(path, plan="B")
    assert ([dvh.name for dvh in of_b], of_b.provenance["plan_label"]) == (["Liver"], "B")


def test_a_plan_of_two_courses_is_two_plans_of_one_label(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS_OF_TWO.format(heading="course,plan", one="C1,SBRT", two="C2,SBRT"), encoding="utf-8")
    with pytest.raises(AmbiguousPlanError, match="C1/SBRT, C2/SBRT"):
        load_dvh_export(path, plan="SBRT")
    of_first = load_dvh_export(path, plan="C1/SBRT")
    assert ([dvh.name for dvh in of_first], of_first.provenance["plan_label"]) == (["Heart"], "SBRT")


def test_doses_of_onkodicom_that_change_places_are_never_taken_for_each_other(tmp_path: Path) -> None:
    changed = TEXTS["onkodicom.csv"].replace("1000cGy", "x").replace("5000cGy", "1000cGy").replace("x", "5000cGy")
    found = read(changed.encode(), tmp_path)
    assert isinstance(found, DVHSet)
    assert not found.dvhs
    assert {one.detail for one in found.without} == {"the doses of its table fall, from 50 to 10.1 Gy"}

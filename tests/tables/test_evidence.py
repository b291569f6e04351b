"""Evidence of the shipped numbers, traced both ways; the rule of confirmation as laws; and each possible mistake."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from dvh_builders import row
from folders import ROOT
from sbrtcheck.cli import main
from sbrtcheck.errors import TableError
from sbrtcheck.tables import Constraint, EvidenceDocument, Reading, Says, bundled_tables, load_table
from sbrtcheck.tables.lint import Level, lint_files

CONSTRAINTS = ROOT / "constraints"
EVIDENCE = CONSTRAINTS / "evidence"
SENSES = {"below": "upper", "at_most": "upper", "above": "lower", "at_least": "lower", "": ""}
Line = dict[str, str]


def lines_of(name: str) -> list[Line]:
    with (EVIDENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


READINGS, DOCUMENTS = lines_of("readings.csv"), {line["key"]: line for line in lines_of("documents.csv")}
Number = tuple[str, str, str]


def shipped_numbers() -> Iterator[tuple[Number, float, str, str]]:
    """Every number of every shipped file, with its unit and sense, from the YAML alone."""
    for path in sorted(CONSTRAINTS.glob("*/*.yaml")):
        table = YAML(typ="safe", pure=True).load(path)
        for entry in table["rows"]:
            (sense,) = {*SENSES} & {*entry}
            unit = re.fullmatch(r".*\[(.*)\]", entry["metric"])[1]  # type: ignore[index]
            for name, value in named(entry[sense], entry.get("acceptable")):
                yield (table["id"], entry["id"], name), value, unit, sense
        for n, item in enumerate(table.get("for_clinician", ()), start=1):
            for number in re.findall(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?", item["text"]):
                yield (table["id"], f"for_clinician {n}", number), float(number), "", ""


def named(limit: Any, acceptable: float | None) -> Iterator[tuple[str, float]]:
    if not isinstance(limit, dict):
        yield "limit", limit
    elif "by_veff" in limit:
        yield from ((f"limit at Veff {percent:g} %", value) for percent, value in limit["by_veff"])
    else:
        for cc, *values in limit["by_target_volume"]:
            yield from ((f"{name} at {cc:g} cc", v) for name, v in zip(("limit", "acceptable"), values, strict=False))
    if acceptable is not None:
        yield "acceptable", acceptable


NUMBERS = {key: (value, unit, sense) for key, value, unit, sense in shipped_numbers()}


# -------------------------------------------------------------------------------- traced both ways


def test_every_number_that_ships_was_read_and_no_reading_is_of_another() -> None:
    agreeing = {(line["table"], line["row"], line["number"]) for line in READINGS if line["says"] == "agrees"}
    assert agreeing == {*NUMBERS}
    assert len(NUMBERS) > 400


def test_a_reading_that_agrees_has_the_number_the_unit_and_the_sense_of_the_row() -> None:
    for line in READINGS:
        value, unit, sense = NUMBERS[line["table"], line["row"], line["number"]]
        same = float(line["value"]) == value and (unit in ("", line["unit"]))
        same = same and SENSES[line["sense"]] in ("", SENSES[sense])
        assert same == (line["says"] in ("agrees", "supports")), line
        if line["says"] == "set aside" or (line["sense"] not in ("", sense)):
            assert line["note"]


def test_a_row_is_confirmed_by_two_readers_of_each_number_and_by_none_against_it() -> None:
    against = {(line["table"], line["row"]) for line in READINGS if line["says"] == "contradicts"}
    readers = defaultdict(set)
    for line in READINGS:
        if line["says"] == "agrees":
            readers[line["table"], line["row"], line["number"]].add(DOCUMENTS[line["document"]]["reader"])
    twice = defaultdict(lambda: True)
    for key in NUMBERS:
        twice[key[:2]] &= len(readers[key]) >= 2
    for table in bundled_tables():
        for one in table.rows:
            expected = twice[table.id, one.id] and (table.id, one.id) not in against
            assert one.confirmed == expected == (not one.doubts), (table.id, one.id)


def test_all_files_of_one_repository_are_one_reader() -> None:
    readers = defaultdict(set)
    for line in DOCUMENTS.values():
        if repository := re.match(r"github (\S+?)[@, ]", line["address"]):
            readers[repository[1]].add(line["reader"])
    assert all(len(names) == 1 for names in readers.values())
    assert len({name for names in readers.values() for name in names}) == len(readers)


def test_no_shipped_row_types_who_confirmed_it() -> None:
    assert not any("confirmed_by:" in path.read_text(encoding="utf-8") for path in CONSTRAINTS.glob("*/*.yaml"))


def test_who_agrees_is_listed_once_a_reader() -> None:
    for one in (one for table in bundled_tables() for one in table.rows):
        titles = {line["title"]: line["reader"] for line in DOCUMENTS.values()}
        assert len({titles[title] for title in one.confirmed_by}) == len(one.confirmed_by) > 0


# -------------------------------------------------------------------------------- the rule as laws

LIMITS = {"limit": 10.0, "acceptable": 12.0}


@st.composite
def readings(draw: st.DrawFn, says: Says | None = None, reader: str | None = None) -> Reading:
    number = draw(st.sampled_from([*LIMITS]))
    said = says or draw(st.sampled_from([*Says]))
    value = LIMITS[number] + (0 if said in (Says.AGREES, Says.SUPPORTS) else 1)
    by = reader or draw(st.sampled_from("abc"))
    file = draw(st.sampled_from("xy"))
    document = EvidenceDocument(key=f"{by}-{file}", title=f"{by} {file}", address="here", transcribes="it", reader=by)
    return Reading(
        table="t",
        row="row",
        number=number,
        value=value,
        unit="Gy",
        sense=None,
        document=document,
        place=f"page {draw(st.integers(1, 9))}",
        read_on=date(2026, 11, 28),
        says=said,
        note="why",
    )


def of(read: Sequence[Reading]) -> Constraint:
    return row(
        "Mean[Gy]", "below", LIMITS["limit"], acceptable=LIMITS["acceptable"], readings=tuple(read), confirmed_by=()
    )


LISTS = st.lists(readings(), max_size=9)


@given(LISTS, readings(Says.AGREES))
def test_one_more_that_agrees_never_takes_a_confirmation_away(read: list[Reading], more: Reading) -> None:
    assert of([*read, more]).confirmed >= of(read).confirmed


@given(LISTS, readings(Says.CONTRADICTS))
def test_what_is_contradicted_is_never_confirmed(read: list[Reading], more: Reading) -> None:
    assert not of([*read, more]).confirmed


@given(st.lists(readings(Says.AGREES, "one"), max_size=9))
def test_one_reader_never_confirms_however_many_files_they_wrote(read: list[Reading]) -> None:
    assert not of(read).confirmed


@given(st.lists(st.sampled_from(["a clinic", "A Clinic", " a  clinic "]).flatmap(lambda by: readings(Says.AGREES, by))))
def test_a_reader_in_other_letters_is_no_second_reader(read: list[Reading]) -> None:
    assert not of(read).confirmed


@given(LISTS, st.data())
def test_the_order_of_readings_does_not_matter(read: list[Reading], data: st.DataObject) -> None:
    other = data.draw(st.permutations(read))
    assert of(read).confirmed == of(other).confirmed
    assert sorted(of(read).doubts) == sorted(of(other).doubts) or len(of(read).doubts) == len(of(other).doubts)


@given(LISTS, st.sampled_from([Says.SUPPORTS, Says.SET_ASIDE]).flatmap(readings))
def test_what_only_supports_or_was_set_aside_changes_nothing(read: list[Reading], more: Reading) -> None:
    if read:  # without any reading a row has no evidence
        assert of([*read, more]).confirmed == of(read).confirmed


@given(LISTS)
def test_readings_of_another_value_than_the_row_has_now_confirm_nothing(read: list[Reading]) -> None:
    if read:
        assert not replace(of(read), limit=9.0).confirmed


def test_two_readers_of_both_numbers_confirm() -> None:
    def reading(reader: str, number: str) -> Reading:
        document = EvidenceDocument(key=reader, title=reader, address="here", transcribes="it", reader=reader)
        fields = {"table": "t", "row": "row", "unit": "Gy", "sense": None, "place": "1", "read_on": date(2026, 1, 1)}
        return Reading(number=number, value=LIMITS[number], document=document, says=Says.AGREES, **fields)

    every = [reading(reader, number) for reader, number in itertools.product("ab", LIMITS)]
    assert of(every).confirmed
    for left_out in every:
        fewer = of([one for one in every if one is not left_out])
        assert not fewer.confirmed
        assert fewer.doubts == (
            f"{left_out.number} {left_out.value:g}: only {fewer_reader(left_out)} agrees, and two readers are needed",
        )


def fewer_reader(left_out: Reading) -> str:
    return {"a": "b", "b": "a"}[left_out.document.reader]


# -------------------------------------------------------------------------------- mistakes, each found with its line

TABLE = """\
id: own
version: "1.0.0"
title: An example
site: lung
fractions: [5]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - id: heart
    organ: Heart
    structure: Heart
    metric: Mean[Gy]
    below: 20
    source: {cite: paper, where: Table 1}
for_clinician:
  - text: At least 5 months, EQD2 counted.
    source: {cite: paper, where: text}
"""
HEAD = "table,row,number,value,unit,sense,document,place,read_on,says,note\n"
GOOD = (
    "own,heart,limit,20,Gy,below,page,p. 1,2026-11-28,agrees,\n"
    "own,heart,limit,20,Gy,,copy,sheet 2,2026-11-28,agrees,\n"
    "own,for_clinician 1,5,5,months,,page,p. 2,2026-11-28,agrees,\n"
)
DOCUMENTS_TEXT = """\
key,title,address,transcribes,reader,note
page,The printed page,library,the paper itself,A. B.,
copy,A copy,https://example.org,the paper,C. D.,
"""


def clinic(
    folder: Path, more: str = "", *, good: str = GOOD, documents: str = DOCUMENTS_TEXT, table: str = TABLE
) -> Path:
    """A clinic's own folder, laid out as the repository's is."""
    for name, text in (
        ("lung/own.yaml", table),
        ("evidence/readings.csv", HEAD + good + more),
        ("evidence/documents.csv", documents),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "lung" / "own.yaml"


def test_a_clinics_folder_works_as_the_repositorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clinic(tmp_path)
    (heart,) = load_table(path).rows
    assert (heart.confirmed, heart.confirmed_by) == (True, ("The printed page", "A copy"))
    assert [reading.says for reading in load_table(path).for_clinician[0].readings] == [Says.AGREES]
    for folder, given_path in (
        (tmp_path, "lung/own.yaml"),
        (tmp_path / "lung", "own.yaml"),
        (tmp_path / "evidence", "../lung/own.yaml"),
    ):
        monkeypatch.chdir(folder)
        assert load_table(given_path).rows[0].confirmed
        assert lint_files([given_path]) == ()
    monkeypatch.chdir(tmp_path / "evidence")
    assert lint_files(["readings.csv", "documents.csv"]) == ()


MISTAKES = {
    "own,lungs,limit,20,Gy,below,page,p. 1,2026-11-28,agrees,": "table own has no row 'lungs'",
    "own,heart,limits,20,Gy,below,page,p. 1,2026-11-28,agrees,": (
        "row heart has no number 'limits'; did you mean 'limit'?"
    ),
    "own,heart,acceptable,22,Gy,below,page,p. 1,2026-11-28,agrees,": (
        "row heart has no number 'acceptable'; it has: limit"
    ),
    "own,heart,limit,21,Gy,below,page,p. 3,2026-11-28,agrees,": (
        "it agrees and has below 21 Gy, where the row has below 20 Gy; it contradicts, or one is a slip"
    ),
    "own,heart,limit,20,cGy,below,page,p. 3,2026-11-28,agrees,": (
        "it agrees and has below 20 cGy, where the row has below 20 Gy; it contradicts, or one is a slip"
    ),
    "own,heart,limit,20,Gy,at_least,page,p. 3,2026-11-28,supports,": (
        "it supports and has at_least 20 Gy, where the row has below 20 Gy; it contradicts, or one is a slip"
    ),
    "own,heart,limit,20,Gy,at_most,page,p. 3,2026-11-28,agrees,": (
        "it has at_most 20 Gy, where the row has below 20 Gy; say so in note"
    ),
    "own,heart,limit,20,Gy,below,page,p. 3,2026-11-28,contradicts,": (
        "it contradicts and has below 20 Gy, as the row has; it agrees, or one is a slip"
    ),
    "own,heart,limit,20,Gy,,page,p. 3,2026-11-28,set aside,why": (
        "it is set aside and has 20 Gy, as the row has; it agrees, or one is a slip"
    ),
    "own,heart,limit,14,Gy,below,page,p. 3,2026-11-28,set aside,": (
        "a reading is set aside without a note; say in note what shows that the document is wrong there"
    ),
    "own,heart,limit,20,Gy,below,pages,p. 3,2026-11-28,agrees,": (
        "document: 'pages' is not in documents.csv; did you mean 'page'?"
    ),
    "own,heart,limit,20,Gy,below,page,p. 3,28.11.2026,agrees,": (
        "read_on: '28.11.2026' is not a day; write it like 2026-11-28"
    ),
    "own,heart,limit,20,Gy,below,page,p. 3,2026-02-30,agrees,": (
        "read_on: '2026-02-30' is not a day; write it like 2026-11-28"
    ),
    "own,heart,limit,twenty,Gy,below,page,p. 3,2026-11-28,agrees,": (
        "value: twenty is not a plain decimal number; write it like 0.5, its unit in the next column"
    ),
    "own,heart,limit,20,Gy,<,page,p. 3,2026-11-28,agrees,": (
        "sense: '<' is not known; it is one of below, at_most, above, at_least, or empty: not printed"
    ),
    "own,heart,limit,20,Gy,below,page,p. 3,2026-11-28,yes,": (
        "says: 'yes' is not known; it is one of agrees, supports, contradicts, set aside"
    ),
    "own,heart,limit,20,Gy,below,page,p. 1,2026-11-28,agrees,": "the same reading as on line 2; take one of them out",
    "own,heart,limit,20,Gy,below,page,,2026-11-28,agrees,": (
        "nothing is written in place; only sense and note may be empty"
    ),
    "own,heart,limit,20,Gy": "5 cells, where the first line has 11; a text with a comma stands in quotes",
    "own,for_clinician 1,6,6,months,,page,p. 2,2026-11-28,agrees,": "the statement has no number '6'; it has: 5",
    "own,for_clinician 1,5,6,months,,page,p. 2,2026-11-28,agrees,": (
        "it agrees and has 6, where the statement has 5; one is a slip"
    ),
    "own ,heart,limit,21,Gy,below,page,p. 3,2026-11-28,contradicts,": (
        "table: 'own ' is no id of a table; ids have small letters, digits, '-' and '.'"
    ),
    "Own,heart,limit,21,Gy,below,page,p. 3,2026-11-28,contradicts,": (
        "table: 'Own' is no id of a table; ids have small letters, digits, '-' and '.'"
    ),
    "owns,heart,limit,20,Gy,below,page,p. 1,2026-11-28,agrees,": "there is no table 'owns'; did you mean 'own'?",
}


@pytest.mark.parametrize(("line", "what"), MISTAKES.items())
def test_each_mistake_is_found_with_its_line(tmp_path: Path, line: str, what: str) -> None:
    path = clinic(tmp_path, line + "\n")
    readings_file = tmp_path / "evidence" / "readings.csv"
    expected = [f"{readings_file.as_posix()}:5: error: {what}"]
    assert [*map(str, lint_files([readings_file]))] == expected
    assert [*map(str, lint_files([path]))] == expected
    if line.startswith("owns"):  # another table's, which does not keep this one from loading
        assert load_table(path).rows[0].confirmed
        return
    with pytest.raises(TableError) as caught:
        load_table(path)
    assert str(caught.value) == expected[0].replace(": error", "")


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    clinic(tmp_path, "\n".join(MISTAKES) + "\n")
    found = lint_files([tmp_path / "evidence" / "readings.csv"])
    assert sorted({remark.line for remark in found}) == [*range(5, 5 + len(MISTAKES))]


def test_what_is_wrong_with_documents_is_found(tmp_path: Path) -> None:
    path = clinic(tmp_path, documents=DOCUMENTS_TEXT + "page,Again,a,b,c,\nother,Other,a,b,c,\n")
    place = (tmp_path / "evidence" / "documents.csv").as_posix()
    assert [*map(str, lint_files([path]))] == [
        f"{place}:4: error: document 'page' is repeated; first on line 2; give it another key, or take one out",
        f"{place}:5: error: no reading cites document 'other'; take it out, or add what it prints",
    ]


def test_a_number_without_a_reading_is_found(tmp_path: Path) -> None:
    path = clinic(tmp_path, good="".join(GOOD.splitlines(keepends=True)[2:]))
    found = [str(remark) for remark in lint_files([path]) if "documents.csv" not in remark.file]
    place = (tmp_path / "evidence" / "readings.csv").as_posix()
    hint = f"add who read it where to {place}, as 'heart'"
    assert found == [f"{path}:9: error: no reading agrees with 'limit' of row heart; {hint}"]
    assert not load_table(path).rows[0].confirmed


def test_confirmed_by_beside_readings_is_refused_and_without_them_it_counts(tmp_path: Path) -> None:
    typed = TABLE.replace("    below: 20\n", "    below: 20\n    confirmed_by: [one, another]\n")
    path = clinic(tmp_path, table=typed)
    with pytest.raises(TableError, match=r"own\.yaml:14: confirmed_by is typed, where the readings decide"):
        load_table(path)
    clinic(tmp_path, good=GOOD.replace("own,", "other,"), table=typed)
    assert load_table(path).rows[0].confirmed  # no reading is of this table


@pytest.mark.parametrize(
    ("name", "raw", "what"),
    [
        ("readings.csv", b"\xff\xfe", "readings.csv:1: the file is not UTF-8 text"),
        ("readings.csv", b"a,b\n", "readings.csv:1: the first line is not table,row,number"),
        ("readings.csv", HEAD.encode() + b'own,"heart\n', "readings.csv:2: not CSV"),
        ("documents.csv", None, "documents.csv:1: no such file"),
    ],
)
def test_evidence_that_cannot_be_read_lets_no_table_load(
    tmp_path: Path, name: str, raw: bytes | None, what: str
) -> None:
    path = clinic(tmp_path)
    file = tmp_path / "evidence" / name
    file.unlink() if raw is None else file.write_bytes(raw)
    with pytest.raises(TableError, match=re.escape(what)):
        load_table(path)


def test_a_copy_of_the_shipped_folder_is_the_shipped_tables(tmp_path: Path) -> None:
    shutil.copytree(CONSTRAINTS, tmp_path / "copy")
    for table in bundled_tables():
        copy = load_table(tmp_path / "copy" / table.site / f"{table.id}.yaml")
        assert replace(copy, path="bundled") == table
    alone = tmp_path / "tg101-3fx.yaml"
    shutil.copy(CONSTRAINTS / "multi" / "tg101-3fx.yaml", alone)
    assert not any(one.confirmed for one in load_table(alone).rows)  # nobody is named who read it


# -------------------------------------------------------------------------------- seen from outside


def run(*args: str) -> str:
    done = CliRunner().invoke(main, args)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_lint_finds_nothing_in_the_shipped_evidence() -> None:
    assert run("lint", str(EVIDENCE / "readings.csv")).endswith("nothing found in 1 file\n")
    ids = [table.id for table in bundled_tables()]
    assert not [remark for remark in lint_files(ids) if remark.level is Level.ERROR]


@pytest.mark.parametrize("table", bundled_tables(), ids=lambda table: table.id)
def test_every_reading_of_a_table_is_shown(table: Any) -> None:
    shown = " ".join(run("tables", table.id, "--evidence").split())
    for line in (line for line in READINGS if line["table"] == table.id):
        document = DOCUMENTS[line["document"]]
        made = f"read on {line['read_on']}; made by {document['reader']} {document['address']}"
        for part in (f"{document['title']}, {line['place']}", made, line["note"]):
            assert " ".join(part.split()) in shown
    for one in table.rows:
        assert all(f"not confirmed: {doubt}" in shown for doubt in one.doubts)
        assert all(f"{number} {value:g} {one.metric.unit}" in shown for number, value in one.numbers.items())


@pytest.mark.parametrize("table", bundled_tables(), ids=lambda table: table.id)
def test_programs_get_the_same_readings(table: Any) -> None:
    plain, with_readings = (
        json.loads(run("tables", table.id, "--format", "json", *more)) for more in ((), ("--evidence",))
    )
    expected = [line for line in READINGS if line["table"] == table.id]
    found = []
    for whose, item in [*((r["id"], r) for r in with_readings["rows"])] + [
        (f"for_clinician {n}", item) for n, item in enumerate(with_readings["for_clinician"], start=1)
    ]:
        for reading in item.pop("readings"):
            cells = [reading[key] for key in ("number", "unit", "place", "read_on", "says", "note")]
            found.append([whose, *cells, reading["document"]["key"], reading["value"], reading["sense"] or ""])
    columns = ("row", "number", "unit", "place", "read_on", "says", "note", "document")
    assert found == [[*(line[key] for key in columns), float(line["value"]), line["sense"]] for line in expected]
    assert with_readings == plain
    assert [one["confirmed"] for one in plain["rows"]] == [one.confirmed for one in table.rows]


def test_the_rows_of_a_table_are_listed_and_evidence_needs_a_table() -> None:
    shown = run("tables", "rtog-lung-3fx")
    assert all(one.id in shown for one in load_table("rtog-lung-3fx").rows)
    assert "not confirmed" in shown
    refused = CliRunner().invoke(main, ["tables", "--evidence"])
    assert (refused.exit_code, "--evidence is of one table" in refused.output) == (2, True)
    assert "did you mean 'tg101-3fx'" in str(CliRunner().invoke(main, ["tables", "tg101-3fxx"]).stderr)


def test_the_readmes_example_is_a_shipped_reading() -> None:
    text = (EVIDENCE / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```text\n\s*(.*)\n", text)
    (cells,) = csv.reader([example])
    assert dict(zip(READINGS[0], cells, strict=True)) in READINGS

"""Every field of what is read from files, and every part of a refusal: what is wrong, where, the hint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dvh_builders import row, table
from sbrtcheck.errors import (
    ArgumentError,
    Fault,
    SbrtcheckError,
    TableError,
    UnknownTableError,
)
from sbrtcheck.plan import Sex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import (
    Choice,
    ClinicianItem,
    ConstraintTable,
    EvidenceDocument,
    ExpectedOrgan,
    Kind,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    Priority,
    Reading,
    RowSide,
    Says,
    Select,
    Sense,
    Site,
    Sites,
    Source,
    Status,
    Step,
    VeffStep,
    fitness,
    load,
    load_sites,
    load_table,
)
from sbrtcheck.tables import sites as sites_module
from sbrtcheck.tables.document import MAX_BYTES, Document, document_bytes, document_of, read_document
from sbrtcheck.tables.evidence import numbers_in_text, read_evidence
from sbrtcheck.tables.load import GIVEN_VALUES, bundled_heads, examine_bytes
from sbrtcheck.tables.sites import examine_sites


def refused(call: Callable[[], object], kind: type[SbrtcheckError]) -> tuple[str, str, str]:
    """What is wrong, where, and the hint: as a program gets them, each by itself."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return caught.value.what, caught.value.place, caught.value.hint


def lines_of(document: Document) -> list[str]:
    return [f"{fault.line}: {fault.what}; {fault.hint}" for fault in document.faults]


# -------------------------------------------------------------------------------- YAML

LOOK = "look at brackets, quotes and indentation on this line and the one before"


def test_what_yaml_makes_of_a_value_is_told_with_its_name_and_the_rest_is_read() -> None:
    text = """\
a: 1
5: x
b: 0x10
<<: {c: 2}
? [p, q]
: 7
d: [1, 2020-01-01]
e: !ours z
a: 2
f: &here 3
g: *here
h:
i: 6
"""
    document = read_document(text.encode())
    assert lines_of(document) == [
        "2: key '5' is not text; put it in quotes",
        "3: 'b': 0x10 is not a plain decimal number; write it like 0.5, or put text in quotes",
        "4: merging keys (<<) is not allowed here; write the values out",
        "5: key of several parts is not text; put it in quotes",
        "7: entry 2 of 'd': YAML reads 2020-01-01 as a date; put it in quotes: \"2020-01-01\"",
        "8: 'e': the tag !ours is not allowed here; take it out",
        "9: key 'a' is repeated; first on line 1; remove one of them",
        "11: an alias (*) is not allowed here; write the value out where it counts",
        "12: 'h' has no value; give one, or take the key out",
    ]
    assert document.data == {"a": 1, "b": None, "d": [1, None], "e": None, "f": 3, "g": None, "h": None, "i": 6}
    unread = [("5",), ("b",), ("<<",), ("d", 1), ("e",), ("a",), ("g",), ("h",)]
    assert all(map(document.is_reported, unread))
    assert not any(map(document.is_reported, [("f",), ("i",), ("d",), ("d", 0)]))
    assert document.texts == {
        ("a",): "1",
        ("b",): "0x10",
        ("d", 0): "1",
        ("d", 1): "2020-01-01",
        ("e",): "z",
        ("f",): "3",
        ("h",): "",
        ("i",): "6",
    }
    assert (document.read_as[("a",)], document.read_as[("d", 1)], document.read_as[("e",)]) == (
        "a number",
        "a date",
        "",
    )
    assert read_document(b"a: true\nb: x").read_as == {("a",): "true or false", ("b",): ""}
    assert document.line(("f",)) == 10


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("-0.5", True),
        ("0", True),
        ("9" * 30, True),
        ("9" * 31, False),
        ("0." + "1" * 30, True),
        ("0." + "1" * 31, False),
        ("+5", False),
        ("05", False),
        ("1_000", False),
        (".5", False),
        ("5.", False),
        ("5e1", False),
    ],
)
def test_a_plain_number_has_digits_a_point_and_a_minus_at_most(text: str, is_one: bool) -> None:
    document = read_document(f"a: {text}".encode())
    assert document.data == {"a": (float if "." in text else int)(text) if is_one else None}
    assert [line.partition(" is not ")[0] for line in lines_of(document)] == ([] if is_one else [f"1: 'a': {text}"])


def test_a_place_that_nothing_holds_is_on_the_first_line() -> None:
    assert Document(data={}, lines={}).line(("a", 3)) == 1
    assert Document(data={}, lines={("a",): 7}).line(("a", 3)) == 7


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"a" * (MAX_BYTES + 1), "1: the file has more than 512 kB, as no such file has; is it another file?"),
        (b"a: 1\n\nb: \xff", "3: the file is not UTF-8 text; save it as UTF-8"),
        (b"", "1: the file is empty; "),
        (b"# nothing\n", "1: the file is empty; "),
        (
            b"a: 1\n---\nb: 2\n",
            (
                "2: not YAML: expected a single document in the stream, but found another document; "
                "write each to a file of its own"
            ),
        ),
        (b"%YAML 9.9\n---\na: 1", None),
        (b"a: \x01", None),
        (b"[" * 600, "1: not a table: nested too deeply; give the YAML file of a table"),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_yaml_is_one_fault(raw: bytes, fault: str | None) -> None:
    document = read_document(raw)
    (only,) = lines_of(document)
    assert document.data is None
    assert only == fault if fault else only.startswith("1: not YAML: ") and only.endswith(f"; {LOOK}")
    assert b"\x01" not in raw or "unacceptable character #x0001" in only
    assert document.faults[0].in_file("own.yaml") == Fault(
        place=f"own.yaml:{document.faults[0].line}", what=document.faults[0].what, hint=document.faults[0].hint
    )


def test_of_a_file_that_is_too_long_no_more_is_read_than_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 9))
    assert len(document_bytes(file)) == MAX_BYTES + 1
    assert read_document(document_bytes(file)).data is None


class Odd:
    def __repr__(self) -> str:
        return "<an object that says\nmore of itself than anybody would want to read>"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "'a': None is neither text nor a plain number"),
        (float("nan"), "'a': nan is neither text nor a plain number"),
        (-1e30, "'a': -1e+30 is neither text nor a plain number"),
        (10**31, f"'a': {10**31} is neither text nor a plain number"),
        (b"x", "'a': b'x' is neither text nor a plain number"),
        ([1, None], "entry 2 of 'a': None is neither text nor a plain number"),
    ],
)
def test_a_value_of_a_script_that_no_table_has(value: object, what: str) -> None:
    document = document_of({"a": value, "b": "x"})
    assert lines_of(document) == [f"0: {what}; give text, a number, a list or a dictionary"]
    assert document.data == {"a": [1, None] if isinstance(value, list) else None, "b": "x"}
    assert document.is_reported(("a", 1) if isinstance(value, list) else ("a",))
    assert not document.is_reported(("b",))


@pytest.mark.parametrize(
    ("value", "plain"),
    [(np.int64(5), 5), (np.float32(0.5), 0.5), (np.float64(0.25), 0.25), (Fraction(1, 4), 0.25), (np.uint8(7), 7)],
)
def test_a_number_of_any_kind_is_one_of_a_table(value: object, plain: float) -> None:
    document = document_of({"a": value})
    assert document.faults == ()
    assert isinstance(document.data, dict)
    assert (document.data, type(document.data["a"])) == ({"a": plain}, type(plain))


def test_values_of_a_script_are_read_as_they_are() -> None:
    deep: Any = 1
    for _ in range(11):
        deep = [deep]
    document = document_of({"a": -9e29, "t": "x", "yes": True, "n": 5, "f": 0.5, "deep": deep})
    assert (document.faults, document.unreadable) == ((), frozenset())
    assert document.texts.items() >= {("t",): "x", ("yes",): "True", ("n",): "5", ("f",): "0.5"}.items()
    too_deep = document_of({"deep": [deep], "b": 1})
    assert lines_of(too_deep) == ["0: nested too deeply; give the content of one table"]
    assert isinstance(too_deep.data, dict)
    assert too_deep.data["b"] == 1
    (odd,) = lines_of(document_of({"a": Odd()}))
    assert "\n" not in odd
    shown = odd.removeprefix("0: 'a': ").removesuffix(
        " is neither text nor a plain number; give text, a number, a list or a dictionary"
    )
    assert len(shown) == 40
    no_text = document_of({"rows": [{"a": 1}, {5: 1}]})
    assert lines_of(no_text) == ["2: key 5 is not text; put it in quotes"]
    assert no_text.lines == {(): 0, ("rows", 0): 1, ("rows", 1): 2}
    assert document_of({"rows": 5}).lines == document_of({}).lines == {(): 0}
    assert no_text.is_reported(("rows", 1, "5"))


# -------------------------------------------------------------------------------- tables

WHOLE = """\
id: whole
version: "1.2.3"
title: A whole table
site: multi
fractions: any
note: Of the table.
sources:
  - {key: one, citation: First paper, doi: 10.1/a, where: Table 1}
  - {key: two, citation: Second paper, where: Table 2}
rows:
  - id: all
    organ: Both kidneys
    structure: {each: [Kidney_L, Kidney_R]}
    metric: Mean[Gy]
    at_most: 10
    acceptable: 12
    quantity: EQD2
    alpha_beta: 2.5
    kind: limit
    status: ok
    mandatory: true
    site: liver
    side: contralateral
    sex: female
    priority: mandatory
    endpoint: Harm
    source: {cite: two, where: page 9}
    confirmed_by: [a, b]
    note: Of the row.
  - {id: first, organ: Airway, structure: {first: [A, {union: [A, B, C], optional: [C]}]}, metric: "D4cc[Gy]",
     below: {by_target_volume: [[1, 10], [5, 12]]}, source: {cite: one, where: page 1}}
  - {id: parts, organ: Airway, structure: {union: [A, B]}, optional: [B], metric: "D5cc[Gy]", above: 3,
     volume_threshold: false, kind: risk, status: disputed, note: why, source: {cite: one, where: page 2}}
  - {id: veff, organ: Target, structure: PTV, metric: "Rx[Gy]", at_least: {by_veff: [[25, 50], [50, 40]]},
     source: {cite: one, where: page 3}}
for_clinician:
  - {text: Ask., site: lung, source: {cite: two, where: page 4}}
expects:
  - {organ: Kidneys, structures: [Kidneys, Kidney_L, Kidney_R], together: [Kidney_L, Kidney_R], choice: Ours.}
  - {organ: Heart, structures: [Heart], source: {cite: one, where: page 5}}
"""
ONE, TWO = (
    Source(citation="First paper", doi="10.1/a", where="Table 1"),
    Source(citation="Second paper", where="Table 2"),
)
SHA = hashlib.sha256(WHOLE.encode()).hexdigest()


def page(of: Source, where: str) -> Source:
    return Source(citation=of.citation, doi=of.doi, where=where)


def test_every_field_of_a_table_is_what_stands_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "whole.yaml"
    file.write_text(WHOLE, encoding="utf-8", newline="\n")
    loaded = load_table(file)
    every, first, parts, veff = loaded.rows
    assert every == row(
        "Mean[Gy]",
        "at_most",
        10.0,
        "Kidney_L",
        "Kidney_R",
        id="all",
        organ="Both kidneys",
        acceptable=12.0,
        quantity=Quantity.EQD2,
        alpha_beta_gy=2.5,
        kind=Kind.LIMIT,
        status=Status.OK,
        mandatory=True,
        site="liver",
        side=RowSide.CONTRALATERAL,
        sex=Sex.FEMALE,
        priority=Priority.MANDATORY,
        endpoint="Harm",
        source=page(TWO, "page 9"),
        confirmed_by=("a", "b"),
        note="Of the row.",
        line=11,
    )
    assert first == row(
        "D4cc[Gy]",
        "below",
        LimitByTargetVolume(steps=(Step(volume_cc=1.0, limit=10.0), Step(volume_cc=5.0, limit=12.0))),
        "A",
        "B",
        "C",
        id="first",
        organ="Airway",
        select=Select.FIRST,
        source=page(ONE, "page 1"),
        confirmed_by=(),
        line=30,
        choices=(Choice(structures=("A",)), Choice(structures=("A", "B", "C"), optional=("C",))),
    )
    assert parts == row(
        "D5cc[Gy]",
        "above",
        3.0,
        "A",
        "B",
        id="parts",
        organ="Airway",
        select=Select.UNION,
        optional=("B",),
        kind=Kind.RISK,
        status=Status.DISPUTED,
        note="why",
        source=page(ONE, "page 2"),
        confirmed_by=(),
        line=32,
    )
    assert veff == row(
        "Rx[Gy]",
        "at_least",
        LimitByEffectiveVolume(
            steps=(VeffStep(veff_percent=25.0, limit=50.0), VeffStep(veff_percent=50.0, limit=40.0))
        ),
        "PTV",
        id="veff",
        organ="Target",
        source=page(ONE, "page 3"),
        confirmed_by=(),
        line=34,
    )
    assert all(isinstance(one.limit, float) for one in (every, parts))
    expected = ConstraintTable(
        id="whole",
        version="1.2.3",
        title="A whole table",
        site="multi",
        fractions=(),
        note="Of the table.",
        sources=(ONE, TWO),
        rows=(every, first, parts, veff),
        path=str(file),
        sha256=SHA,
        for_clinician=(ClinicianItem(text="Ask.", site="lung", source=page(TWO, "page 4")),),
        expects=(
            ExpectedOrgan(
                organ="Kidneys",
                structures=("Kidneys", "Kidney_L", "Kidney_R"),
                together=("Kidney_L", "Kidney_R"),
                choice="Ours.",
            ),
            ExpectedOrgan(organ="Heart", structures=("Heart",), source=page(ONE, "page 5")),
        ),
    )
    assert loaded == expected


def test_a_file_with_faults_is_refused_as_one_with_each_of_them_and_its_sound_rows_are_looked_over() -> None:
    text = WHOLE.replace('version: "1.2.3"\n', "").replace("fractions: any", "fractions: [5, x, 3]")
    text = text.replace("structure: {each: [Kidney_L, Kidney_R]}", "structure: 5")
    text = text.replace("below: {by_target_volume: [[1, 10], [5, 12]]}", "below: 2020-01-01")
    examined = examine_bytes(text.encode(), place="own.yaml")
    assert (examined.place, examined.evidence, len(examined.faults)) == ("own.yaml", None, 5)
    sound = examined.table
    assert (sound.id, sound.site, sound.fractions, sound.path) == ("whole", "multi", (5, 3), "own.yaml")
    assert (sound.version, sound.title, sound.sources) == ("", "", ())
    assert [(one.id, one.line, one.source) for one in sound.rows] == [
        ("parts", 31, Source(citation="one", where="page 2")),
        ("veff", 33, Source(citation="one", where="page 3")),
    ]
    place = ("the given text", "")
    assert refused(lambda: load_table(text), TableError) == ("the table has 5 faults", *place)
    one_fault = WHOLE.replace('version: "1.2.3"\n', "")
    assert refused(lambda: load_table(one_fault), TableError) == ("the table has 1 fault", *place)
    assert refused(lambda: load_table({}), TableError)[1] == GIVEN_VALUES


MISSPELT = (
    ("id: whole", "id: 813", "1: 'id' must be text, and YAML reads 813 as a number; put it in quotes: \"813\""),
    (
        '"1.2.3"',
        "1.2",
        ("2: 'version' must be text, and YAML reads 1.2 as a number; write three numbers in quotes, such as \"1.0.0\""),
    ),
    ('"1.2.3"', "[1]", "2: 'version' must be text; write text"),
    ('"1.2.3"', '"1.2"', "2: 'version' is '1.2'; write three numbers in quotes, such as \"1.0.0\""),
    ("title: A whole table", "title: ' '", "3: 'title' is empty; write something there"),
    (
        "title: A whole table",
        "title: true",
        ("3: 'title' must be text, and YAML reads true as true or false; put it in quotes: \"true\""),
    ),
    ("fractions: any", "fractions: 5", "5: 'fractions' must be a list; write fractions: [5]"),
    ("fractions: any", "fractions: {a: b}", "5: 'fractions' must be a list; write fractions: [...]"),
    ("fractions: any", "fractions: []", "5: 'fractions' is empty; add an entry"),
    (
        "fractions: any",
        "fractions: [0]",
        ("5: entry 1 of 'fractions' must be a whole number, 1 or more, not '0'; check it against the source"),
    ),
    (
        "fractions: any",
        "fractions: ['5']",
        ("5: entry 1 of 'fractions' must be a whole number, 1 or more, not '5'; write it without quotes or unit"),
    ),
    (
        "fractions: any",
        "fractions: [[5]]",
        ("5: entry 1 of 'fractions' must be a whole number, 1 or more; write it without quotes or unit"),
    ),
    (
        "doi: 10.1/a",
        "doi: https://doi.org/10.1/a",
        ("8: 'doi' is 'https://doi.org/10.1/a'; write it without https, such as 10.1000/182"),
    ),
    ("    organ: Both kidneys\n", "", "11: 'organ' is missing; add it"),
    ("    source: {cite: two, where: page 9}\n", "", "11: 'source' is missing; every row names its source"),
    ("    endpoint:", "    endpont:", "26: unknown key 'endpont'; did you mean 'endpoint'?"),
    ("where: page 9}", "page: 9, where: x}", "27: unknown key 'page'; known are cite, where"),
    ("where: page 4}", "page: 9, where: x}", "37: unknown key 'page'; known are cite, where"),
    ("where: page 5}", "page: 9, where: x}", "40: unknown key 'page'; known are cite, where"),
    ("text: Ask.,", "text: Ask., xyzzy: a,", "37: unknown key 'xyzzy'; known are text, source, site"),
    (
        "choice: Ours.",
        "choice: Ours., xyzzy: a",
        ("39: unknown key 'xyzzy'; known are organ, structures, together, source, choice"),
    ),
    ("doi: 10.1/a", "xyzzy: a", "8: unknown key 'xyzzy'; known are key, citation, doi, where"),
    ("[50, 40]]}", "[50, 40]], xyzzy: 1}", "34: unknown key 'xyzzy'; known are by_target_volume, by_veff"),
    ("    status: ok", "    status: okay", "20: 'status' is 'okay'; write one of 'ok' or 'disputed'"),
    ("    status: ok", "    status: [ok]", "20: 'status' is ''; write one of 'ok' or 'disputed'"),
    (
        "mandatory: true",
        "mandatory: 1",
        ("21: 'mandatory' must be true or false, not '1'; write mandatory: true, or take it out"),
    ),
    (
        "mandatory: true",
        "mandatory: [1]",
        ("21: 'mandatory' must be true or false; write mandatory: true, or take it out"),
    ),
    (
        "alpha_beta: 2.5",
        "alpha_beta: 0",
        ("18: 'alpha_beta' must be a number above 0, not '0'; check it against the source"),
    ),
    (
        "alpha_beta: 2.5",
        "alpha_beta: some",
        ("18: 'alpha_beta' must be a number above 0, not 'some'; write it without quotes or unit"),
    ),
    ("confirmed_by: [a, b]", "confirmed_by: a", "28: 'confirmed_by' must be a list; write confirmed_by: [a]"),
    (
        "[[25, 50], [50, 40]]",
        "[[25], [50, 40]]",
        (
            "34: entry 1 of 'by_veff' has too few entries; "
            "write [[cc, limit, acceptable], ...] by target volume, or [[percent, limit], ...] by Veff"
        ),
    ),
    (
        "[[25, 50], [50, 40]]",
        "[[25, 50], [50, 40, 3]]",
        (
            "34: entry 2 of 'by_veff' has too many entries; "
            "write [[cc, limit, acceptable], ...] by target volume, or [[percent, limit], ...] by Veff"
        ),
    ),
    ("[[25, 50], [50, 40]]", "[]", "34: 'by_veff' is empty; add an entry"),
    (
        "source: {cite: two, where: page 4}",
        "source: two",
        ("37: 'source' must have keys of its own; they are cite, where"),
    ),
    (
        "structure: PTV",
        "structure: 5",
        (
            "34: 'structure' is neither a name nor one of each, union and first; "
            "write a name, or {first: [Liver-GTV, Liver]}"
        ),
    ),
    ("structure: PTV, ", "", "34: 'structure' is missing; add it"),
)


@pytest.mark.parametrize(("good", "bad", "fault"), MISSPELT, ids=[bad or good for good, bad, _ in MISSPELT])
def test_what_is_misspelt_is_told_with_its_line_and_what_to_write(good: str, bad: str, fault: str) -> None:
    assert WHOLE.count(good) == 1
    examined = examine_bytes(WHOLE.replace(good, bad).encode(), place="own.yaml")
    assert [str(one) for one in examined.faults] == [f"own.yaml:{fault}"]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (
            5,
            (
                "a table cannot be of the type int",
                "",
                "give its id, its file, YAML text, a dictionary or a ConstraintTable",
            ),
        ),
        ("no/such.yaml", ("no such file", "no/such.yaml", "check the path, or give the id of a bundled table")),
        ("zero\0.yaml", ("no such file", "zero\0.yaml", "check the path, or give the id of a bundled table")),
        ("- a\n- b\n", ("the table has 1 fault", "the given text", "")),
    ],
)
def test_what_is_no_table_is_refused(given: Any, refusal: tuple[str, str, str]) -> None:
    assert refused(lambda: load_table(given), TableError) == refusal


def test_the_fault_of_a_missing_file_is_among_its_faults_and_a_folder_is_no_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TableError) as caught:
        load_table("no/such.yaml")
    hint = "check the path, or give the id of a bundled table"
    assert caught.value.faults == (Fault(place="no/such.yaml", what="no such file", hint=hint),)
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    as_folder = ("is a folder, not a table", "folder", "give a YAML file, or the id of a bundled table")
    assert refused(lambda: load_table("folder"), UnknownTableError) == as_folder
    Path("plain").write_text(WHOLE, encoding="utf-8")
    assert (load_table("plain").id, load_table(Path("plain")).path) == ("whole", "plain")
    with pytest.raises(UnknownTableError) as unknown:
        load_table("tg101-5f")
    assert (unknown.value.table, unknown.value.place) == ("tg101-5f", "")
    assert unknown.value.hint.startswith("did you mean 'tg101-5fx'")
    assert refused(lambda: load_table("zzz"), UnknownTableError)[2] == "sbrtcheck tables lists them"


def test_a_top_that_is_no_mapping_is_told_what_a_table_begins_with() -> None:
    (fault,) = examine_bytes(b"- a", place="own.yaml").faults
    assert str(fault) == "own.yaml:1: a table file has keys at its top; start with id: and version:"
    (fault,) = examine_sites(b"- a", place="own.yaml").faults
    assert str(fault) == "own.yaml:1: a file of sites has keys at its top; start with id: and version:"


def test_what_lint_refuses_is_told_with_each_error_and_as_a_whole() -> None:
    wrong = {"id": "one", "line": 7}, {"id": "two", "line": 9}
    asked = table(*(row("D95%[Gy]", "at_least", 20, "Heart", **of) for of in wrong), id="own", path="a/own.yaml")
    single = table(row("D95%[Gy]", "at_least", 20, "Heart", line=3), id="other", path="other.yaml")
    allow = "correct it; --allow-lint-errors (allow_lint_errors=True) checks it, and no plan then passes"
    with pytest.raises(TableError) as caught:
        fitness.refuse_unfit([asked, single], allowed=False)
    *each, last = caught.value.faults
    assert [fault.place for fault in each] == ["a/own.yaml:7", "a/own.yaml:9", "other.yaml:3"]
    assert all(fault.what == "'D95%[Gy]' at_least 20 asks for dose in Heart" for fault in each)
    assert all(fault.hint == "write below or at_most" for fault in each)
    said = ("3 errors of lint: nothing is checked against it", "a/own.yaml, other.yaml", allow)
    assert (caught.value.what, caught.value.place, caught.value.hint) == (last.what, last.place, last.hint) == said
    (remark,) = fitness.lint_errors([single])
    assert (remark.table_id, remark.row_id, remark.subject) == ("other", "row", "other/row")
    assert refused(lambda: fitness.refuse_unfit([single], allowed=False), TableError)[0].startswith("1 error of lint: ")


def test_a_table_in_a_notebook_and_on_a_screen() -> None:
    source = Source(citation="Doe <2020>", where="Table 1")
    one = row("Mean[Gy]", "below", 9, "Heart", id="a", source=source)
    shown = table(one, id="own", title="T & T", note="See <b>.", version="1.0.0", site="lung")
    html = shown._repr_html_()
    assert re.findall(r"<th[^>]*>([^<]*)</th>", html) == ["Row", "Limit", "Source"]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", html) == ["a", "Heart Mean[Gy] below 9", "Doe &lt;2020&gt;, Table 1"]
    first, last = re.findall(r"<p[^>]*>(.*?)</p>", html)
    assert first == "own 1.0.0: T &amp; T<br>For 5 fractions, site lung"
    assert last == "See &lt;b&gt;."
    assert (html.startswith("<div>"), html.endswith("</p></div>")) == (True, True)
    assert table(one, id="own")._repr_html_().endswith("</table></div>")
    assert repr(shown) == "ConstraintTable own, T & T: 1 row for 5 fractions\n  Heart Mean[Gy] below 9"
    assert repr(table(one, one, id="own")).startswith("ConstraintTable own, Table of a test: 2 rows for 5 fractions\n")


# -------------------------------------------------------------------------------- sites

SITES = """\
id: own
version: "2.0.0"
title: Ours
note: Of all.
sources:
  - {key: one, citation: First paper, doi: 10.1/a, where: Table 1}
sites:
  - id: lung
    title: Lung
    note: What is left out.
    expects:
      - {organ: Lungs, structures: [Lungs, Lung_L, Lung_R], together: [Lung_L, Lung_R], choice: Ours.}
      - {organ: Heart, structures: [Heart], source: {cite: one, where: page 5}}
  - {id: liver, title: Liver, expects: [{organ: Liver, structures: [Liver], choice: x},
     {organ: Skin, structures: [Skin], choice: y}]}
"""


def test_every_field_of_a_list_of_sites_is_what_stands_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sites.yaml"
    file.write_bytes(SITES.replace("\n", "\r\n").encode())
    lungs = ExpectedOrgan(
        organ="Lungs", structures=("Lungs", "Lung_L", "Lung_R"), together=("Lung_L", "Lung_R"), choice="Ours."
    )
    heart = ExpectedOrgan(organ="Heart", structures=("Heart",), source=page(ONE, "page 5"))
    liver, skin = (ExpectedOrgan(organ=o, structures=(o,), choice=c) for o, c in (("Liver", "x"), ("Skin", "y")))
    lung_site = Site(id="lung", title="Lung", note="What is left out.", expects=(lungs, heart))
    sites = Sites(
        id="own",
        version="2.0.0",
        title="Ours",
        note="Of all.",
        path=str(file),
        sites=(lung_site, Site(id="liver", title="Liver", expects=(liver, skin))),
        sha256=hashlib.sha256(SITES.encode()).hexdigest(),
    )
    assert load_sites(file) == sites
    examined = examine_sites(SITES.encode(), place="place.yaml")
    assert (examined.place, examined.faults, examined.lines) == ("place.yaml", (), ((12, 13), (14, 15)))
    assert examined.sites is not None
    assert examined.sites.path == "place.yaml"
    assert repr(sites) == "Sites own 2.0.0: Ours\n  lung: Lung, 2 organs expected\n  liver: Liver, 2 organs expected"
    assert repr(lung_site) == "Site lung: Lung\n  Lungs: Lungs, Lung_L, Lung_R\n  Heart: Heart"
    assert (sites.ids, sites.site("liver").title) == (("lung", "liver"), "Liver")
    nearest = "did you mean 'lung'? the sites are lung, liver"
    assert refused(lambda: sites.site("lungs"), UnknownTableError) == ("no site has the id 'lungs'", str(file), nearest)
    assert refused(lambda: sites.site("zzz"), UnknownTableError)[2] == "the sites are lung, liver"


SITE_FAULTS = (
    ("id: lung", "id: The lung", "8: 'id' is 'The lung'; use small letters, digits, dots and hyphens"),
    (
        '"2.0.0"',
        "2",
        ("2: 'version' must be text, and YAML reads 2 as a number; write three numbers in quotes, such as \"1.0.0\""),
    ),
    ("note: Of all.", "nota: x", "4: unknown key 'nota'; did you mean 'note'?"),
    ("note: Of all.", "xyzzy: x", "4: unknown key 'xyzzy'; known are id, version, title, note, sources, sites"),
    ("doi: 10.1/a", "xyzzy: x", "6: unknown key 'xyzzy'; known are key, citation, doi, where"),
    ("note: What", "xyzzy: What", "10: unknown key 'xyzzy'; known are id, title, note, expects"),
    (
        "choice: Ours.",
        "choice: Ours., xyzzy: a",
        ("12: unknown key 'xyzzy'; known are organ, structures, together, source, choice"),
    ),
    ("where: page 5", "where: x, xyzzy: a", "13: unknown key 'xyzzy'; known are cite, where"),
    ("structures: [Heart]", "structures: Heart", "13: 'structures' must be a list; write structures: [Heart]"),
)


@pytest.mark.parametrize(("good", "bad", "fault"), SITE_FAULTS, ids=[bad for _, bad, _ in SITE_FAULTS])
def test_a_misspelt_list_of_sites_is_told_with_its_line(good: str, bad: str, fault: str, tmp_path: Path) -> None:
    assert SITES.count(good) == 1
    file = tmp_path / "sites.yaml"
    file.write_text(SITES.replace(good, bad), encoding="utf-8")
    with pytest.raises(TableError) as caught:
        load_sites(file)
    assert [str(one) for one in caught.value.faults] == [f"{file}:{fault}"]
    assert (caught.value.what, caught.value.place) == ("the file of sites has 1 fault", str(file))


def test_a_fault_of_the_shipped_list_would_be_told_by_its_place_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sites.yaml").write_text("- a", encoding="utf-8")
    monkeypatch.setattr("sbrtcheck.tables.sites.shipped_root", lambda: tmp_path)
    read_anew = sites_module._shipped_sites.__wrapped__
    assert refused(read_anew, TableError) == ("the file of sites has 1 fault", "constraints/sites.yaml", "")
    (tmp_path / "sites.yaml").write_text(SITES, encoding="utf-8")
    assert read_anew().path == "bundled"


def test_a_refused_list_of_sites_counts_its_faults_and_names_its_place(tmp_path: Path) -> None:
    file = tmp_path / "sites.yaml"
    file.write_text(SITES.replace("title: Ours", "titel: Ours").replace('"2.0.0"', "2"), encoding="utf-8")
    assert refused(lambda: load_sites(file), TableError) == ("the file of sites has 3 faults", str(file), "")
    nowhere = ("no such file", "nowhere.yaml", "give the YAML file of the sites")
    assert refused(lambda: load_sites("nowhere.yaml"), TableError) == nowhere
    with pytest.raises(TableError) as missing:
        load_sites("nowhere.yaml")
    assert missing.value.faults == (Fault(place=nowhere[1], what=nowhere[0], hint=nowhere[2]),)
    no_path = ("cannot be read: ValueError", "zero\0.yaml", "give the YAML file of the sites")
    assert refused(lambda: load_sites("zero\0.yaml"), TableError) == no_path
    given: Any = 5
    assert refused(lambda: load_sites(given), ArgumentError) == (
        "a file of sites cannot be of the type int",
        "",
        "give its path",
    )


# -------------------------------------------------------------------------------- evidence

READINGS = """\
table,row,number,value,unit,sense,document,place,read_on,says,note
own,heart,limit,20,Gy,below,page,"p. 1,
below",2026-11-28,agrees,

own,heart,limit,20.5,Gy,,copy,sheet 2,2026-11-27,contradicts,why
other,x,limit,1,cc,at_least,copy,sheet 3,2026-11-26,set aside,a slip
"""
DOCUMENTS = """\
key,title,address,transcribes,reader,note
page,The printed page,library,the paper itself,A. B.,seen
copy,A copy,https://example.org,the paper,C. D.,
"""


def evidence_in(folder: Path, readings: str = READINGS, documents: str = DOCUMENTS) -> Path:
    (folder / "evidence").mkdir(exist_ok=True)
    (folder / "evidence" / "readings.csv").write_text(readings, encoding="utf-8", newline="")
    (folder / "evidence" / "documents.csv").write_text(documents, encoding="utf-8", newline="")
    return folder


def test_every_field_of_a_reading_is_what_stands_in_the_file(tmp_path: Path) -> None:
    found = read_evidence(evidence_in(tmp_path), "clinic")
    printed = EvidenceDocument(
        key="page",
        title="The printed page",
        address="library",
        transcribes="the paper itself",
        reader="A. B.",
        note="seen",
    )
    copy = EvidenceDocument(
        key="copy", title="A copy", address="https://example.org", transcribes="the paper", reader="C. D."
    )
    assert (found.root, found.folder, found.place, found.faults) == (tmp_path, "clinic", "clinic/evidence", ())
    assert (found.documents, found.lines_of_documents) == ({"page": printed, "copy": copy}, {"page": 2, "copy": 3})
    of_heart = {"table": "own", "row": "heart", "number": "limit", "unit": "Gy"}
    assert found.readings == {
        "own": (
            Reading(
                **of_heart,
                value=20.0,
                sense=Sense.BELOW,
                document=printed,
                place="p. 1,\nbelow",
                read_on=date(2026, 11, 28),
                says=Says.AGREES,
                note="",
                line=2,
            ),
            Reading(
                **of_heart,
                value=20.5,
                sense=None,
                document=copy,
                place="sheet 2",
                read_on=date(2026, 11, 27),
                says=Says.CONTRADICTS,
                note="why",
                line=5,
            ),
        ),
        "other": (
            Reading(
                table="other",
                row="x",
                number="limit",
                value=1.0,
                unit="cc",
                sense=Sense.AT_LEAST,
                document=copy,
                place="sheet 3",
                read_on=date(2026, 11, 26),
                says=Says.SET_ASIDE,
                note="a slip",
                line=6,
            ),
        ),
    }
    assert [found.decides(one) for one in ("own", "other", "third")] == [True, True, False]
    assert read_evidence(tmp_path, ".").place == "evidence"
    assert found.fault(3, "what", "hint") == Fault(place="clinic/evidence/readings.csv:3", what="what", hint="hint")
    assert found.fault(3, "what", file="x.csv") == Fault(place="clinic/evidence/x.csv:3", what="what", hint="")


def test_tables_beside_the_evidence_are_named_by_its_folder(tmp_path: Path) -> None:
    (evidence_in(tmp_path) / "lung").mkdir()
    (tmp_path / "lung" / "own.yaml").write_text("id: own\n", encoding="utf-8")
    for folder, place in ((".", "lung/own.yaml"), ("clinic", "clinic/lung/own.yaml")):
        evidence = read_evidence(tmp_path, folder)
        (read,) = load.tables_beside(evidence)
        assert (read.place, read.table.id, read.table.path, read.evidence) == (place, "own", "", evidence)
        assert all(fault.place.startswith(place) for fault in read.faults)


@pytest.mark.parametrize(
    ("readings", "documents", "faults"),
    [
        (
            READINGS + 'own,"a\n',
            DOCUMENTS,
            ["readings.csv:7: not CSV: unexpected end of data; look at the quotes on this line"],
        ),
        (
            'table,"row',
            DOCUMENTS,
            ["readings.csv:1: not CSV: unexpected end of data; look at the quotes on this line"],
        ),
        (
            "a,b\n",
            DOCUMENTS,
            [
                (
                    "readings.csv:1: the first line is not table,row,number,value,unit,sense,document,place,"
                    "read_on,says,note; name the columns so"
                )
            ],
        ),
        (
            "",
            DOCUMENTS,
            [
                (
                    "readings.csv:1: the first line is not table,row,number,value,unit,sense,document,place,"
                    "read_on,says,note; name the columns so"
                )
            ],
        ),
        (
            READINGS,
            DOCUMENTS + "copy,B,b,b,b,\n",
            [("documents.csv:4: document 'copy' is repeated; first on line 3; give it another key, or take one out")],
        ),
        (
            READINGS + "own,x,limit,1,,,copy,,2026-11-28,agrees,\nown,y,limit,1,Gy,,third,p,2026-11-28,agrees,\n",
            DOCUMENTS,
            [
                "readings.csv:7: nothing is written in unit, place; only sense and note may be empty",
                "readings.csv:8: document: 'third' is not in documents.csv; add it to documents.csv",
            ],
        ),
        (
            READINGS + "Own,x,limit,1e3,Gy,<,copy,p,2026-13-28,no,\n",
            DOCUMENTS,
            [
                "readings.csv:7: table: 'Own' is no id of a table; ids have small letters, digits, '-' and '.'",
                (
                    "readings.csv:7: value: 1e3 is not a plain decimal number; "
                    "write it like 0.5, its unit in the next column"
                ),
                (
                    "readings.csv:7: sense: '<' is not known; "
                    "it is one of below, at_most, above, at_least, or empty: not printed"
                ),
                "readings.csv:7: says: 'no' is not known; it is one of agrees, supports, contradicts, set aside",
                "readings.csv:7: read_on: '2026-13-28' is not a day; write it like 2026-11-28",
            ],
        ),
    ],
    ids=range(7),
)
def test_faults_of_evidence_and_the_rest_of_it_is_read(
    readings: str, documents: str, faults: list[str], tmp_path: Path
) -> None:
    found = read_evidence(evidence_in(tmp_path, readings, documents), "f")
    assert [str(one) for one in found.faults] == [f"f/evidence/{fault}" for fault in faults]
    if readings.startswith(READINGS):
        assert [len(found.readings[one]) for one in ("own", "other")] == [2, 1]


def test_evidence_that_is_not_there_says_how_it_begins(tmp_path: Path) -> None:
    evidence_in(tmp_path)
    (tmp_path / "evidence" / "documents.csv").unlink()
    (tmp_path / "evidence" / "readings.csv").write_bytes(b"\xff")
    assert [str(one) for one in read_evidence(tmp_path, ".").faults] == [
        "evidence/documents.csv:1: no such file; it begins with key,title,address,transcribes,reader,note",
        "evidence/readings.csv:1: the file is not UTF-8 text; save it as UTF-8",
    ]


# -------------------------------------------------------------------------------- where tables are, what confirms a row


@pytest.mark.parametrize(
    ("text", "fractions"),
    [
        ("a: 1\nfractions: [3]\n", (3,)),
        ("fractions: [1,2 , 30 ]  # as printed\r\nb: 2", (1, 2, 30)),
        ("fractions: any\n", ()),
        ("fractions:\n  - 3\n", (5,)),  # a line of another kind: the table itself is asked
        ("note: fractions: [3]\n", (5,)),
    ],
)
def test_the_numbers_of_fractions_stand_on_one_line_of_a_shipped_table(
    text: str, fractions: tuple[int, ...], tmp_path: Path
) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(text.encode())
    assert load._fractions("tg101-5fx", file) == fractions


def test_a_shipped_table_is_called_by_its_place_in_the_repository() -> None:
    found = load.read_file("rtog-0813")
    assert (found.place, found.path) == ("constraints/lung/rtog-0813.yaml", "bundled")
    assert found.evidence is not None
    assert found.evidence.folder == "constraints"
    assert load_table("rtog-0813").path == "bundled"
    for path in ("none.YML", "a\\none", "a/none"):
        assert refused(lambda path=path: load_table(path), TableError)[:2] == ("no such file", path)  # type: ignore[misc]
    assert bundled_heads() == tuple(sorted(bundled_heads(), key=lambda head: head.id))


def reading(reader: str, says: Says, value: float = 10.0, number: str = "limit") -> Reading:
    document = EvidenceDocument(key=reader, title=f"By {reader}", address="x", transcribes="x", reader=reader)
    return Reading(
        table="t", row="row", number=number, value=value, unit="Gy", sense=None, document=document, place="p",
        read_on=date(2026, 11, 28), says=says,
    )  # fmt: skip


NEEDED = "and two readers are needed"


@pytest.mark.parametrize(
    ("read", "doubts"),
    [
        ([reading("a", Says.AGREES), reading("b", Says.AGREES)], []),
        ([reading("a", Says.AGREES), reading(" A ", Says.AGREES)], [f"limit 10: only By a agrees, {NEEDED}"]),
        ([reading("a", Says.AGREES), reading("b", Says.SUPPORTS)], [f"limit 10: only By a agrees, {NEEDED}"]),
        ([reading("a", Says.AGREES, 9.0), reading("b", Says.SET_ASIDE)], [f"limit 10: no reading agrees, {NEEDED}"]),
        (
            [reading("a", Says.AGREES), reading("b", Says.AGREES), reading("c", Says.CONTRADICTS, 11.5)],
            ["limit 10: By c prints 11.5 Gy"],
        ),
        (
            [reading("c", Says.CONTRADICTS, 9.0)],
            [f"limit 10: no reading agrees, {NEEDED}", "limit 10: By c prints 9 Gy"],
        ),
        ([reading("a", Says.AGREES, number="acceptable")], [f"limit 10: no reading agrees, {NEEDED}"]),
    ],
)
def test_why_a_row_is_not_confirmed(read: list[Reading], doubts: list[str]) -> None:
    asked = row("Mean[Gy]", "below", 10.0, readings=tuple(read), confirmed_by=("x", "y"))
    assert asked.doubts == tuple(doubts)
    assert asked.confirmed is not bool(doubts)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("30 to 50 Gy in EQD2, and 30 Gy or 27.5 Gy.", ("30", "50", "27.5")),
        ("D2 and V20, 5-fold, 3.", ("5", "3")),
        ("none", ()),
    ],
)
def test_the_numbers_of_a_statement(text: str, numbers: tuple[str, ...]) -> None:
    assert numbers_in_text(text) == numbers


def test_numbers_of_a_row_are_written_short() -> None:
    asked = row("Mean[Gy]", "below", 20.1234567, acceptable=1234567.0, quantity=Quantity.BED, alpha_beta_gy=2.54321)
    assert asked.metric_text == "Mean[Gy] BED(a/b 2.543)"
    assert asked.text == "SpinalCord Mean[Gy] BED(a/b 2.543) below 20.1235 (acceptable 1.23457e+06)"
    side = {"priority": Priority.MANDATORY, "side": RowSide.IPSILATERAL, "sex": Sex.FEMALE, "site": "lung"}
    assert row("Mean[Gy]", "at_most", 2.0, **side).text == (
        "SpinalCord Mean[Gy] at most 2 (mandatory, ipsilateral, female, site lung)"
    )

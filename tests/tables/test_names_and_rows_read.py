"""Names, dictionaries, choices of tables and rows of a script: what comes of them, and each part of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dvh_builders import row, table
from sbrtcheck.errors import (
    ArgumentError,
    Fault,
    NamesError,
    SbrtcheckError,
    TableError,
    UnknownTableError,
)
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.structure_names import Dictionary, RoiName
from sbrtcheck.tables import (
    ConstraintTable,
    Sense,
    Source,
    load_dictionary,
    load_names,
)
from sbrtcheck.tables.by_organ import lines_by_organ, organs_that_count, rows_at
from sbrtcheck.tables.choice import check_names, distinct, nearest_text, tables_of_sites
from sbrtcheck.tables.learn import Learned, LeftOut, learn_names
from sbrtcheck.tables.load import GIVEN_VALUES


def refused(call: Callable[[], object], kind: type[SbrtcheckError]) -> tuple[str, str, str]:
    """What is wrong, where, and the hint: as a program gets them, each by itself."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return caught.value.what, caught.value.place, caught.value.hint


# -------------------------------------------------------------------------------- names and dictionaries


def test_names_are_refused_with_the_first_fault_and_how_many_more(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("a: 1\nb: true\nc: [x]\nd: x\nD: ''\n", encoding="utf-8")
    write = "for the structure of that number write a: 'ROI 1', for one of that name a: \"1\""
    what = "the ROI name of 'a' is not text (and 2 more)"
    assert refused(lambda: load_names(file), NamesError) == (what, f"{file}:1", write)
    nowhere = tmp_path / "none.yaml"
    what, place, hint = refused(lambda: load_names(nowhere), NamesError)
    assert (what.startswith("cannot be read: "), place, hint) == (True, str(nowhere), "check the path")
    assert len(what) > len("cannot be read: ")
    no_path = "cannot be read: embedded null byte"
    if refused(lambda: load_names("zero\0"), NamesError)[0] != no_path:  # whatever Python calls it
        assert "null" in refused(lambda: load_names("zero\0"), NamesError)[0]
    assert refused(lambda: load_names("zero\0"), NamesError)[1:] == ("zero\0", "check the path")
    given: Any = {"Heart": 5}
    assert refused(lambda: load_names(given), NamesError)[0].startswith("names have an entry that is not text")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "Xyxyxy: [x]\nZqzqzq: [y]",
            [
                "1: no table has an organ 'Xyxyxy', nor is it a TG-263 name known here; give the organ's TG-263 name",
                "2: no table has an organ 'Zqzqzq', nor is it a TG-263 name known here; give the organ's TG-263 name",
            ],
        ),
        (
            "Heart: [1, '.', true, [x], Cor]",
            [
                "1: a spelling of 'Heart' has no letter; take it out",
                "1: a spelling of 'Heart' is not text; put it in quotes: \"1\"",
                "1: a spelling of 'Heart' is not text; put it in quotes: \"true\"",
                "1: a spelling of 'Heart' is not text; write [a list, of, spellings]",
            ],
        ),
        (
            "Heart: x\nLiver: {a: b}\nSpleen: [x,\n 5]",
            [
                "1: the spellings of 'Heart' are no list; write [a list, of, spellings], in brackets",
                "2: the spellings of 'Liver' are no list; write [a list, of, spellings], in brackets",
                "4: a spelling of 'Spleen' is not text; put it in quotes: \"5\"",
            ],
        ),
        (
            "Heart:\nLiver: x",
            [
                "1: 'Heart' has no value; give one, or take the key out",
                "2: the spellings of 'Liver' are no list; write [a list, of, spellings], in brackets",
            ],
        ),
        (
            "Heart: [2020-01-01,\n Liver]",
            [
                "1: entry 1 of 'Heart': YAML reads 2020-01-01 as a date; put it in quotes: \"2020-01-01\"",
                (
                    "2: 'Liver' for Heart is the TG-263 name of another organ, Liver; "
                    "it is always matched to that one; take it out"
                ),
            ],
        ),
        (
            "# ours\nHeart: [a]\nLiver: [b,\n  c]\nheart: [d]\nSpleen:\n  - e\n  - C\n  - E",
            [
                "5: 'heart' is the same organ as 'Heart' on line 2; put their spellings in one list",
                (
                    "8: 'C' is a spelling of Spleen, and of Liver as 'c' on line 4; leave it to one organ; "
                    "names of one plan go into a names file"
                ),
                "9: 'E' is the same spelling as 'e' on line 7; remove one of them",
            ],
        ),
        ("- a", ["1: not a mapping of spellings; write one 'TG-263 name: [spelling, spelling]' a line"]),
    ],
    ids=range(7),
)
def test_each_fault_of_a_dictionary_has_its_line_and_a_hint(text: str, faults: list[str], tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(NamesError) as caught:
        load_dictionary(file)
    error, first = caught.value, caught.value.faults[0]
    assert [str(one) for one in error.faults] == [f"{file}:{fault}" for fault in faults]
    assert (error.what, error.place, error.hint) == (first.what, first.place, first.hint)


def test_a_mapping_is_refused_without_lines_and_what_is_no_dictionary_with_a_hint() -> None:
    twice = {"Heart": ["Cor"], "Liver": ("x", "COR"), "heart": []}
    with pytest.raises(NamesError) as caught:
        load_dictionary(twice)
    assert [str(one) for one in caught.value.faults] == [
        (
            "dictionary: 'COR' is a spelling of Liver, and of Heart as 'Cor'; leave it to one organ; "
            "names of one plan go into a names file"
        ),
        "dictionary: 'heart' is the same organ as 'Heart'; put their spellings in one list",
    ]
    given: Any = {"Heart": [], 5: [], 6: []}
    assert refused(lambda: load_dictionary(given), NamesError) == (
        "the organ 5 of the dictionary is no text",
        "",
        "give its TG-263 name",
    )
    of_number: Any = {"Heart": [5]}
    said = ("a spelling of 'Heart' is not text", "dictionary", 'put it in quotes: "5"')
    assert refused(lambda: load_dictionary(of_number), NamesError) == said
    number: Any = 5
    assert refused(lambda: load_dictionary(number), ArgumentError) == (
        "a dictionary cannot be of the type int",
        "",
        "give a file, or {'SpinalCord': ['Cord', 'Myelon']}",
    )
    what, place, hint = refused(lambda: load_dictionary("none.yaml"), NamesError)
    assert (what.startswith("cannot be read: "), place, hint) == (True, "none.yaml", "check the path")
    assert refused(lambda: load_dictionary("zero\0"), NamesError)[1:] == ("zero\0", "check the path")


def test_an_organ_of_a_clinics_own_table_may_stand_in_its_dictionary(tmp_path: Path) -> None:
    own = table(row("Max[Gy]", "below", 9, "Our organ"))
    spellings = {"Our organ": ("x",), "SpinalCord_Sub": ("y",)}
    assert load_dictionary({"Our organ": ["x"], "SpinalCord_Sub": ("y",)}, [own]) == Dictionary(spellings=spellings)
    file = tmp_path / "dictionary.yaml"
    file.write_text("Our organ: [x]\nSpinalCord_Sub: [y]", encoding="utf-8")
    assert load_dictionary(file, [own]) == Dictionary(spellings=spellings, file=str(file))
    assert refused(lambda: load_dictionary(file), NamesError)[1] == f"{file}:1"
    learned = learn_names({"Our organ": "New"}, rois("New"), file, [own])
    assert learned == Learned(added=(("Our organ", "New"),), left_out=())
    assert file.read_text(encoding="utf-8") == 'Our organ: [x, "New"]\nSpinalCord_Sub: [y]'
    assert refused(lambda: learn_names({"Our organ": "N2"}, rois("N2"), file), NamesError)[1] == f"{file}:1"


def rois(*names: str) -> list[RoiName]:
    return [RoiName(name=name, number=number) for number, name in enumerate(names, 1)]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Heart: [Cor]\n", 'Heart: [Cor, "A1", "B2"]\nSpleen: ["C3"]\n'),
        ("Heart: []", 'Heart: ["A1", "B2"]\nSpleen: ["C3"]\n'),
        ("Heart: [Cor,]\n", 'Heart: [Cor, "A1", "B2"]\nSpleen: ["C3"]\n'),
        ("Heart:\n  - Cor\n", 'Heart:\n  - Cor\n  - "A1"\n  - "B2"\nSpleen: ["C3"]\n'),
        ("Spleen: [S]\r\nHeart:\r\n- Cor", 'Spleen: [S, "C3"]\r\nHeart:\r\n- Cor\r\n- "A1"\r\n- "B2"'),
        ("Liver: [L]", 'Liver: [L]\nHeart: ["A1", "B2"]\nSpleen: ["C3"]\n'),
    ],
)
def test_several_names_of_one_organ_are_learned_side_by_side(text: str, after: str, tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_bytes(text.encode())
    learned = learn_names({"Heart": "A1", "heart": "B2", "Spleen": "C3", "Lung_L": ""}, rois("A1", "B2", "C3"), file)
    assert learned == Learned(added=(("Heart", "A1"), ("Spleen", "C3"), ("Heart", "B2")), left_out=())
    assert file.read_bytes().decode() == after


def test_an_organ_is_written_in_quotes_where_yaml_needs_them(tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    own = table(row("Max[Gy]", "below", 9, "Our: organ", "2nd", "SpinalCord_PRV-x-y", "Zäpfchen"))
    names = {"Our: organ": "a1", "Lungs-GTV": "b2", "2nd": "c3", "SpinalCord_PRV-x-y": "d4", "Zäpfchen": "e5"}
    learn_names(names, rois("a1", "b2", "c3", "d4", "e5"), file, [own])
    heading, second, *lines = file.read_text(encoding="utf-8").splitlines()
    assert (heading[0], second[0]) == ("#", "#")
    assert lines == [
        '"2nd": ["c3"]',
        'Lungs-GTV: ["b2"]',
        '"Our: organ": ["a1"]',
        '"SpinalCord_PRV-x-y": ["d4"]',
        '"Zäpfchen": ["e5"]',
    ]


def test_what_was_not_learned_is_told_organ_by_organ(tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_text("Heart: [Cor]\n", encoding="utf-8")
    names = {"Heart": "Cor", "Liver": "x", "PTV": "ITV", "Spleen": "x", "Stomach": "STOMACH", "Lung_L": "Neu"}
    learned = learn_names(names, rois("Cor", "x", "ITV", "STOMACH", "Neu"), file)
    assert learned.added == (("Lung_L", "Neu"),)
    assert learned.left_out == (
        LeftOut(organ="Heart", name="Cor", reason="in the dictionary already"),
        LeftOut(organ="Liver", name="x", reason="given for Liver and Spleen"),
        LeftOut(organ="PTV", name="ITV", reason="the TG-263 name of ITV"),
        LeftOut(organ="Spleen", name="x", reason="given for Liver and Spleen"),
        LeftOut(organ="Stomach", name="STOMACH", reason="known already by TG-263 or a listed alias"),
    )
    other = "the plan has another structure that goes first, or fits as well"
    learned = learn_names({"Heart": "Heart new"}, rois("Heart", "Heart new"), file)
    assert learned == Learned(added=(), left_out=(LeftOut(organ="Heart", name="Heart new", reason=other),))


def test_what_cannot_be_learned_is_refused_with_everything_that_stands_against_it(tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_text("Liver: [a, b, c]\n", encoding="utf-8")
    with pytest.raises(NamesError) as caught:
        learn_names({"Heart": "a", "Liver": "c", "Spleen": "B"}, rois("a", "B", "c"), file)
    hint = "correct the one or the other; nothing was written"
    against = (("a", "Heart"), ("B", "Spleen"))
    assert caught.value.faults == tuple(
        Fault(place=str(file), what=f"'{name}' is a spelling of Liver here, and was given for {organ}", hint=hint)
        for name, organ in against
    )
    first = "'a' is a spelling of Liver here, and was given for Heart"
    assert (caught.value.what, caught.value.place, caught.value.hint) == (first, str(file), hint)
    with pytest.raises(NamesError) as missing:
        learn_names({"Heart": "x", "Liver": "c", "Spleen": "twice", "Rib": "y"}, rois("c", "twice", "twice"), file)
    assert missing.value.faults == tuple(
        Fault(place=organ, what=f"no single structure of the plan is '{name}'")
        for organ, name in (("Heart", "x"), ("Rib", "y"), ("Spleen", "twice"))
    )
    assert (missing.value.what, missing.value.hint) == ("the plan does not have all names", "correct the names file")
    file.write_text("{Liver: [L1]}\n", encoding="utf-8")
    assert refused(lambda: learn_names({"Heart": "New"}, rois("New"), file), NamesError) == (
        "cannot be extended without rewriting it",
        str(file),
        "write what is missing into it by hand",
    )
    file.write_bytes(b"# \xff\n")
    assert refused(lambda: learn_names({"Heart": "New"}, rois("New"), file), NamesError) == (
        "the file is not UTF-8 text",
        f"{file}:1",
        "save it as UTF-8",
    )
    what, place, hint = refused(lambda: learn_names({"Heart": "New"}, rois("New"), Path("zero\0")), NamesError)
    assert (what.startswith("cannot be read: "), place, hint) == (True, "zero\0", "check the path")


# -------------------------------------------------------------------------------- which tables and names


def test_what_no_table_can_be_chosen_for_is_told_with_what_to_give() -> None:
    unknown = UnknownPrescription(reason="no RT Plan")
    assert refused(lambda: tables_of_sites(["lung", "liver"], unknown), UnknownTableError) == (
        "the plan's number of fractions is unknown, so no table of site 'lung' or 'liver' can be chosen",
        "",
        "give the prescription like '50Gy/5', or name the tables",
    )
    plans = [Prescription(dose_gy=50.0, fractions=number) for number in (29, 31, 29)]
    what, _, hint = refused(lambda: tables_of_sites(["lung"], *plans), UnknownTableError)
    assert what == "no bundled table of site 'lung' holds for 29 or 31 fractions"
    assert hint.startswith("the nearest are for ")
    assert "none for more; no limit is converted to another number of fractions" in hint
    own = table(id="own")
    assert refused(lambda: distinct([own, table(id="b"), own]), TableError) == (
        "2 tables have the id 'own'",
        "",
        "give each table once, with an id of its own",
    )
    assert nearest_text([], 5) == "there is none for any number of fractions"
    assert refused(lambda: check_names({"Zqz": "x", "Aqz": "y"}, [], file="names.yaml"), NamesError) == (
        "no table has an organ 'Aqz', nor is it a TG-263 name known here",
        "names.yaml",
        "give the organ's TG-263 name, or the table's",
    )
    number: Any = {"Heart": "x", "Liver": 5}
    assert refused(lambda: check_names(number, [], file="f"), NamesError) == (
        "the name of 'Liver' is no text",
        "f",
        "write a ROI's number like 'ROI 6'",
    )


def test_rows_that_hold_at_a_site_and_organs_that_count() -> None:
    everywhere, of_lung, of_liver = (
        row("Max[Gy]", "below", 9, name, id=name, site=site)
        for name, site in (("Heart", ""), ("Lungs", "lung"), ("Liver", "liver"))
    )
    asked = table(everywhere, of_lung, of_liver, id="own")
    assert rows_at(asked, ()) == (everywhere, of_lung, of_liver)
    assert rows_at(asked, ("lung",)) == (everywhere, of_lung)
    assert rows_at(asked, ("lung", "liver")) == (everywhere, of_lung, of_liver)
    assert rows_at(asked, ("spine",)) == (everywhere,)
    unread = row("Max[Gy]", "below", 9, "Skin", confirmed_by=("one",))
    assert organs_that_count([unread, of_liver, everywhere, of_liver]) == ("Liver", "Heart")
    both = lines_by_organ([asked, table(unread, everywhere, id="other")], include_unconfirmed=True)
    (heart,) = (line for line in both if line.organ == "Heart")
    assert [limit.key for limit in heart.limits] == [("own", "Heart"), ("other", "Heart")]
    assert [limit.key for limit in heart.of_table("other")] == [("other", "Heart")]
    assert heart.row is everywhere
    (skin,) = (line for line in both if line.organ == "Skin")
    assert [limit.counts for limit in skin.limits] == [True]
    assert [limit.counts for line in lines_by_organ([table(unread)]) for limit in line.limits] == [False]


ROW_HINT = "write ('SpinalCord', 'D0.035cc[Gy]', '<', 30), or a dictionary with the keys of a table's row"


def test_a_row_of_a_script_is_given_what_it_lacks_and_nothing_else_is_changed() -> None:
    rows = [
        ("Spinal Cord!", "Max[Gy]", "<=", 30),
        {"structure": ["x"], "metric": "Max[Gy]", ">": 3},
        {"structure": {"union": ["A", "B"]}, "metric": "Max[Gy]", "at_least": 3, "source": "Doe", "id": "mine"},
        {"structure": "C", "metric": "Max[Gy]", "<": 3, "organ": "Sea", "source": "", "confirmed_by": ["a", "b"]},
    ]
    with pytest.raises(TableError) as caught:
        ConstraintTable.from_rows(rows, fractions=5)
    assert [one.place for one in caught.value.faults] == [f"{GIVEN_VALUES}, row 2"]
    made = ConstraintTable.from_rows([rows[0], *rows[2:]], fractions=(3, 5))
    first, union, last = made.rows
    assert (made.id, made.version, made.title, made.site, made.fractions, made.path) == (
        "given",
        "0.0.0",
        "Limits given by the user",
        "multi",
        (3, 5),
        GIVEN_VALUES,
    )
    assert [(one.id, one.organ, one.line) for one in made.rows] == [
        ("spinal-cord-1", "Spinal Cord!", 1),
        ("mine", "row 2", 2),
        ("c-3", "Sea", 3),
    ]
    user = Source(citation="given by the user", where="no publication")
    assert (first.source, union.source, last.source) == (user, Source(citation="Doe", where="as cited"), user)
    assert made.sources == (user, Source(citation="Doe", where="as cited"))
    assert (first.confirmed_by, last.confirmed_by) == (("given by the user",), ("a", "b"))
    assert [(one.sense, one.limit) for one in made.rows] == [
        (Sense.AT_MOST, 30.0),
        (Sense.AT_LEAST, 3.0),
        (Sense.BELOW, 3.0),
    ]
    assert ConstraintTable.from_rows([("!", "Max[Gy]", "<", 3)], fractions=5).rows[0].id == "row-1"


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        (
            [5, ("a", "b", "<"), "abcd", ("a", "b", 5, 1)],
            [
                "row 1: int is no row",
                "row 2: 3 parts, where a row has 4: structure, metric, sense, limit",
                "row 3: str is no row",
                "row 4: the sense cannot be 5: it is one of <, <=, >, >=, below, at_most, above, at_least",
            ],
        ),
        (
            [("A", "Max[Gy]", "<", 3), {"<": 1, ">=": 2}, {"below": 1, "<": 2}],
            ["row 2: more than one limit: < and >=", "row 3: more than one limit: below and <"],
        ),
    ],
    ids=range(2),
)
def test_what_is_no_row_is_told_by_its_number(rows: Any, faults: list[str]) -> None:
    with pytest.raises(TableError) as caught:
        ConstraintTable.from_rows(rows, fractions=5)
    assert [str(one) for one in caught.value.faults] == [f"{fault}; {ROW_HINT}" for fault in faults]
    first = caught.value.faults[0]
    assert (caught.value.what, caught.value.place, caught.value.hint) == (first.what, first.place, first.hint)
    given: Any = b"rows"
    assert refused(lambda: ConstraintTable.from_rows(given, fractions=5), TableError) == (
        "the rows are no list",
        "",
        ROW_HINT,
    )
    yes: Any = True
    assert refused(lambda: ConstraintTable.from_rows([("A", "Max[Gy]", "<", 3)], fractions=yes), TableError)

"""What is read, refused and shown of tables and names: places of faults, ids, sites, organs, and what a row says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dvh_builders import row, table
from sbrtcheck.errors import NamesError, TableError, UnknownTableError
from sbrtcheck.plan import Prescription, Sex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import (
    ExpectedOrgan,
    Kind,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    Priority,
    RowSide,
    Select,
    Side,
    Site,
    Sites,
    Source,
    Status,
    Step,
    VeffStep,
    fitness,
    load_names,
    load_table,
)
from sbrtcheck.tables.choice import check_names, check_sites, distinct, load_tables, tables_of_profile, tables_of_sites
from sbrtcheck.tables.document import MAX_BYTES, LineFault, document_of, label, read_document
from sbrtcheck.tables.given import where_of
from sbrtcheck.tables.lint import Level, Remark, lint_bytes, lint_files, worst
from sbrtcheck.tables.load import GIVEN_VALUES, bundled_heads, bundled_table, is_as_shipped
from sbrtcheck.tables.shape_faults import fault_of, nearest
from sbrtcheck.tables.slips import first_limit, is_target, printed, same_doses, summary
from sbrtcheck.tables.table import fractions_text
from sbrtcheck.tables.values import Choice, Constraint, holds_at, sides_of
from sbrtcheck.tables.yardsticks import bodies_of, body, highest_limit, words_of

MEAN = ("Mean[Gy]", "below", 20)


def test_a_difference_of_shape_that_nobody_thought_of_is_told_in_the_words_of_its_finder() -> None:
    document = read_document(b"a: 1\nb: 2\n")
    odd: Any = {"type": "of_another_version", "loc": ("b",), "msg": "Input is odd", "input": 2}
    assert fault_of(document, odd, ()) == LineFault(line=2, what="'b': Input is odd")


def test_a_text_in_a_form_that_its_place_does_not_take_is_shown_with_a_hint() -> None:
    document = read_document(b"a: 1\nb: so and so\nc: ' '\n")
    for key, what, hint in (
        ("b", "'b' is 'so and so'", "write it otherwise"),
        ("c", "'c' is empty", "write something there"),
    ):
        odd: Any = {"type": "string_pattern_mismatch", "loc": (key,), "msg": "", "input": ""}
        assert fault_of(document, odd, ()) == LineFault(line=document.line((key,)), what=what, hint=hint)


@pytest.mark.parametrize(
    ("text", "close"),
    [("metrc", "metric"), ("unit", "quantity"), ("organs", "organ"), ("source", ""), ("remark", ""), ("", "")],
)
def test_a_word_is_close_to_another_or_to_none(text: str, close: str) -> None:
    assert nearest(text, ("metric", "quantity", "organ", "structure")) == close
    assert nearest(text, ()) == ""


# -------------------------------------------------------------------------------- YAML and its lines


def test_a_place_has_the_line_of_the_nearest_thing_that_holds_it() -> None:
    document = read_document(b"a: 1\nb:\n  - c: 2\n  - d: [3,\n     4]\n")
    assert document.data == {"a": 1, "b": [{"c": 2}, {"d": [3, 4]}]}
    places = [(), ("a",), ("b",), ("b", 0, "c"), ("b", 1), ("b", 1, "d", 1), ("b", 1, "d", 7), ("b", 0, "x"), ("z",)]
    assert [document.line(at) for at in places] == [1, 1, 2, 3, 4, 5, 4, 3, 1]


@pytest.mark.parametrize(
    ("at", "name"),
    [((), "the file"), (("rows",), "'rows'"), (("rows", 0), "entry 1 of 'rows'"), (("rows", 2, "metric"), "'metric'"),
     ((1,), "entry 2 of ''")],
)  # fmt: skip
def test_a_place_is_named_by_its_key_or_its_list(at: tuple[str | int, ...], name: str) -> None:
    assert label(at) == name


def test_what_was_reported_where_it_was_read_is_reported_no_second_time() -> None:
    document = read_document(b"a:\nb: {c: , d: 1}\n")
    assert [fault.line for fault in document.faults] == [1, 2]
    reported = {at: document.is_reported(at) for at in (("a",), ("a", "x"), ("b",), ("b", "c"), ("b", "d"), ())}
    assert [at for at, is_reported in reported.items() if is_reported] == [("a",), ("a", "x"), ("b", "c")]


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_a_file_of_half_a_megabyte_is_read_and_a_longer_one_is_none(more: int, is_read: bool) -> None:
    raw = b"a: 1\n#" + b"x" * (MAX_BYTES - 6 + more)
    document = read_document(raw)
    assert (document.data == {"a": 1}) is is_read
    assert [fault.line for fault in document.faults] == ([] if is_read else [1])


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("0.5", 0.5), ("-3", -3), ("true", True), ("True", True), ("false", False), ("'5'", "5"), ("0", 0)],
)
def test_plain_values_are_what_they_look_like(text: str, value: object) -> None:
    document = read_document(f"a: {text}".encode())
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)  # type: ignore[index]
    assert document.faults == ()


@pytest.mark.parametrize(
    "text", ["1e5", "0x10", "010", ".5", "1_000", "+5", "1" * 31, "0." + "1" * 31, ".inf", "2020-01-01"]
)
def test_what_yaml_would_read_otherwise_than_it_looks_is_a_fault(text: str) -> None:
    document = read_document(f"b: 1\na: {text}".encode())
    assert [fault.line for fault in document.faults] == [2] or document.data == {"b": 1, "a": text}
    assert document.faults == () or document.is_reported(("a",))


def test_lines_of_what_is_no_text_or_no_yaml() -> None:
    assert [fault.line for fault in read_document(b"a: 1\nb: \xff\n").faults] == [2]
    assert [fault.line for fault in read_document(b"a: 1\nb: [\n").faults] == [3]
    assert [fault.line for fault in read_document(b"").faults] == [1]
    (second,) = read_document(b"a: 1\n---\nb: 2\n").faults
    assert "a file of its own" in second.hint
    assert "nested too deeply" in read_document(b"[" * 600).faults[0].what


def test_values_of_a_script_have_the_numbers_of_their_rows() -> None:
    document = document_of({"id": "x", "rows": [{"a": 1}, {"b": {2: object()}}], "n": float("inf"), "deep": nested(13)})
    assert [document.line(at) for at in ((), ("id",), ("rows", 0, "a"), ("rows", 1, "b"))] == [0, 0, 1, 2]
    assert sorted(fault.line for fault in document.faults) == [0, 0, 2]
    fine = document_of({"deep": nested(10), "t": (1, 2.5, True, "x"), "large": 9e29})
    assert fine.faults == ()
    assert isinstance(fine.data, dict)
    assert fine.data["t"] == [1, 2.5, True, "x"]
    assert document_of({"large": 1e30}).faults != ()


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 1


# -------------------------------------------------------------------------------- tables by name


def test_tables_are_given_one_by_one_or_several_in_their_order() -> None:
    own = table(row(*MEAN), id="own")
    assert load_tables(None) == ()
    assert load_tables(own) == (own,)
    assert [one.id for one in load_tables(["tg101-5fx", own, "rtog-0813"])] == ["tg101-5fx", "own", "rtog-0813"]
    assert [one.id for one in load_tables("tg101-5fx")] == ["tg101-5fx"]
    with pytest.raises(TableError, match="type int"):
        load_tables(5)  # type: ignore[arg-type]
    assert distinct([own, replace(own, id="other")]) == (own, replace(own, id="other"))
    with pytest.raises(TableError, match="3 tables have the id 'own'"):
        distinct([own, own, own])


def test_the_log_names_the_tables_with_version_and_rows(caplog: pytest.LogCaptureFixture) -> None:
    own = table(row(*MEAN), row(*MEAN, id="two"), id="own", version="1.2.0")
    with caplog.at_level("INFO", logger="sbrtcheck"):
        load_tables([own, table(row(*MEAN), id="other", version="3.0.0")])
        load_tables([])
        tables_of_sites(["lung"], Prescription(dose_gy=50.0, fractions=8))
    lines = [one.getMessage() for one in caplog.records]
    assert lines[0].startswith("tables: own 1.2.0 (2 rows), other 3.0.0 (1 rows) (")
    assert lines[1].startswith("tables: none (")
    assert any(line.startswith("tables of the site: ") and "lungtech-8fx" in line for line in lines)


def test_a_shipped_table_is_one_value_and_a_copy_is_another() -> None:
    shipped = bundled_table("tg101-5fx")
    assert load_table("tg101-5fx") is shipped is bundled_table("tg101-5fx")
    assert load_table(shipped) is shipped
    assert is_as_shipped(shipped)
    assert not is_as_shipped(replace(shipped))


def test_heads_are_those_of_the_whole_tables() -> None:
    for head in bundled_heads():
        whole = bundled_table(head.id)
        assert (head.site, head.fractions) == (whole.site, whole.fractions)
        for number in (1, 2, 3, 5, 8, 30):
            assert (
                head.holds_for(number) == whole.holds_for(number) == (not whole.fractions or number in whole.fractions)
            )
        assert whole.holds_for(None) == (not whole.fractions)


def test_profile_and_site_choose_for_the_fractions_that_are_known() -> None:
    own = table(row(*MEAN), id="own")
    choice = tables_of_profile([own], "lung", (5,))
    assert choice.tables == (own,)
    assert [one.id for one in choice.left_out] == sorted(one.id for one in choice.left_out)
    chosen = tables_of_sites(["lung"], Prescription(dose_gy=50.0, fractions=5))
    assert {one.id for one in chosen.tables} <= {one.id for one in bundled_heads() if one.holds_for(5)}
    with pytest.raises(UnknownTableError, match="holds for 29 fractions"):
        tables_of_sites(["lung"], Prescription(dose_gy=50.0, fractions=29))


# -------------------------------------------------------------------------------- sites and organs that nobody knows

SITES = Sites(id="s", version="1.0.0", title="S", sites=(Site(id="lung", title="Lung", expects=()),))


def test_a_site_is_known_by_a_list_or_by_a_table_with_one() -> None:
    expects = (ExpectedOrgan(organ="Tongue", structures=("Tongue",), choice="x"),)
    of_tongue = table(row(*MEAN), site="tongue", expects=expects)
    check_sites(["lung"], SITES)
    check_sites(["lung", "tongue"], SITES, [of_tongue])
    for tables in ((), (replace(of_tongue, expects=()),)):
        with pytest.raises(UnknownTableError, match="tongue"):
            check_sites(["lung", "tongue"], SITES, tables)


def test_a_name_is_for_an_organ_of_tg263_or_of_a_table() -> None:
    own = table(row(*MEAN, "Our organ"))
    check_names({"Heart": "x", "spinal cord": "y"}, [])
    check_names({"our_organ": "x"}, [own])
    with pytest.raises(NamesError, match="no table has an organ 'Hart'") as refused:
        check_names({"Hart": "x", "Our organ": "y"}, [own], file="names.yaml")
    assert (refused.value.place, "'Heart'" in refused.value.hint) == ("names.yaml", True)
    with pytest.raises(NamesError, match="name of 'Heart' is no text") as number:
        check_names({"Heart": 5}, [])  # type: ignore[dict-item]
    assert "ROI 6" in number.value.hint
    assert number.value.place == ""
    with pytest.raises(NamesError, match="Zzzzz") as unlike:
        check_names({"Zzzzz": "x"}, [])
    assert "TG-263" in unlike.value.hint


def test_names_are_read_or_used_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text('Heart: ""\nLiver: Leber\n', encoding="utf-8")
    assert load_names(file) == {"Liver": "Leber"}
    assert load_names(None) == {}
    given = {"Heart": "x"}
    assert load_names(given) is given
    file.write_text('Heart: ""\nheart: x\n', encoding="utf-8")
    assert load_names(file) == {"heart": "x"}  # an empty one is not written yet
    for nothing in ("# none yet\n", "null\n", "[]\n"):
        file.write_text(nothing, encoding="utf-8")
        with pytest.raises(NamesError, match=":1: "):
            load_names(file)
    file.write_text('Heart: " "\n', encoding="utf-8")
    with pytest.raises(NamesError, match=":1: "):
        load_names(file)
    file.write_text("Heart: true\n", encoding="utf-8")
    with pytest.raises(NamesError, match=r':1: .*"true"'):
        load_names(file)


# -------------------------------------------------------------------------------- what a row says of itself


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "SpinalCord Mean[Gy] below 20"),
        ({"confirmed_by": ("one",)}, "(unconfirmed) SpinalCord Mean[Gy] below 20"),
        ({"status": Status.DISPUTED}, "(disputed) SpinalCord Mean[Gy] below 20"),
        ({"kind": Kind.RISK, "confirmed_by": ()}, "(unconfirmed, risk) SpinalCord Mean[Gy] below 20"),
        ({"acceptable": 25.0}, "SpinalCord Mean[Gy] below 20 (acceptable 25)"),
        (
            {"priority": Priority.OPTIMAL, "sex": Sex.MALE, "site": "liver"},
            "SpinalCord Mean[Gy] below 20 (optimal, male, site liver)",
        ),
        ({"quantity": Quantity.EQD2, "alpha_beta_gy": 2.0}, "SpinalCord Mean[Gy] EQD2(a/b 2) below 20"),
        (
            {"structures": ("A", "B"), "select": Select.EACH, "side": RowSide.IPSILATERAL},
            "A, B Mean[Gy] below 20 (ipsilateral)",
        ),
        ({"structures": ("A", "B"), "select": Select.UNION}, "A + B Mean[Gy] below 20"),
        ({"structures": ("A", "B"), "select": Select.FIRST}, "A or B Mean[Gy] below 20"),
        (
            {
                "structures": ("A", "B", "C"),
                "select": Select.FIRST,
                "choices": (Choice(structures=("A",)), Choice(structures=("B", "C"), optional=("C",))),
            },
            "A or B Mean[Gy] below 20",
        ),
        ({"limit": LimitByTargetVolume(steps=(Step(volume_cc=1, limit=2),))}, "SpinalCord Mean[Gy] below by volume"),
    ],
)
def test_a_row_in_one_line(fields: dict[str, Any], text: str) -> None:
    one = replace(row(*MEAN), **fields)
    assert one.text == text
    assert repr(one) == f"<Constraint row: {text}>"


def test_the_numbers_of_a_row_have_the_names_that_readings_give_them() -> None:
    assert row(*MEAN).numbers == {"limit": 20}
    assert row(*MEAN, acceptable=25.0).numbers == {"limit": 20, "acceptable": 25.0}
    by_volume = LimitByTargetVolume(
        steps=(Step(volume_cc=1.8, limit=2.0), Step(volume_cc=22, limit=3.0, acceptable=4.0))
    )
    assert row("Mean[Gy]", "below", by_volume).numbers == {
        "limit at 1.8 cc": 2.0,
        "limit at 22 cc": 3.0,
        "acceptable at 22 cc": 4.0,
    }
    by_veff = LimitByEffectiveVolume(steps=(VeffStep(veff_percent=25, limit=50.0),))
    assert row("Rx[Gy]", "at_most", by_veff).numbers == {"limit at Veff 25 %": 50.0}
    assert (highest_limit(row("Mean[Gy]", "below", by_volume)), first_limit(row("Mean[Gy]", "below", by_volume))) == (
        4.0,
        2.0,
    )


@pytest.mark.parametrize(
    ("confirmed_by", "doubts"),
    [
        ((), ("read by nobody, and two readers are needed",)),
        (("one",), ("read by one, and two readers are needed",)),
        (("one", "two"), ()),
        (("one", "two", "three"), ()),
    ],
)
def test_two_readers_confirm_a_row(confirmed_by: tuple[str, ...], doubts: tuple[str, ...]) -> None:
    one = row(*MEAN, confirmed_by=confirmed_by)
    assert (one.doubts, one.confirmed) == (doubts, not doubts)


@pytest.mark.parametrize(
    ("structures", "left"),
    [
        (("Kidney_L", "Kidney_R"), "Kidney_L"),
        (("Kidney_R", "Kidney_L"), "Kidney_L"),
        (("Kidney_l", "Kidney_R"), "Kidney_l"),
        (("Kidney_L", "Lung_R"), None),
        (("Rib1_L", "Rib2_R"), None),
        (("Kidney_L",), None),
        (("Kidney_L", "Kidney_R", "Kidneys"), None),
        (("Kidney_L", "Kidney_L"), None),
    ],
)
def test_a_pair_of_organs_is_told_by_its_names(structures: tuple[str, ...], left: str | None) -> None:
    pair = sides_of(structures)
    assert (pair[Side.LEFT] if pair else None) == left


@pytest.mark.parametrize(
    ("names", "is_one"),
    [(("PTV",), True), (("ptv_1", "GTV"), True), (("PTV", "Heart"), False), (("Heart",), False)],
)
def test_a_row_is_of_a_target_where_all_its_structures_are(names: tuple[str, ...], is_one: bool) -> None:
    assert is_target(row(*MEAN, *names)) is is_one


def test_words_of_rows_for_lint() -> None:
    one = row("D5cc[Gy]", "at_most", 12.5, organ="Spinal cord", id="cord-max")
    assert (summary(one), printed(one)) == ("'D5cc[Gy]' at_most 12.5", "Spinal cord cord max")
    assert same_doses(one, replace(one, limit=3.0))
    assert not same_doses(one, replace(one, quantity=Quantity.EQD2, alpha_beta_gy=2.0))
    assert not same_doses(
        replace(one, quantity=Quantity.EQD2, alpha_beta_gy=3.0), replace(one, quantity=Quantity.EQD2, alpha_beta_gy=2.0)
    )
    assert words_of("  Great   VESSELS ") == "great vessels"
    names = ("Kidney_L", "Kidney_Cortex", "V_CavaInferior", "Lungs-GTV", "Our organ", "Bag_Bowel")
    assert [body(name) for name in names] == ["kidney", "kidney", "v_cavainferior", "lung", "ourorgan", "bag_bowel"]
    assert bodies_of(row(*MEAN, "Kidney_L", "Kidney_R", "Heart")) == ("kidney", "heart")


@pytest.mark.parametrize(
    ("limited_to", "site", "holds"),
    [("", "", True), ("", "lung", True), ("lung", "", True), ("lung", "lung", True), ("lung", "liver", False)],
)
def test_what_is_for_one_site(limited_to: str, site: str, holds: bool) -> None:
    assert holds_at(limited_to, site) is holds


def test_a_choice_is_named_by_what_makes_the_organ() -> None:
    choice = Choice(structures=("A", "B", "C"), optional=("B",))
    assert (choice.required, str(choice)) == (("A", "C"), "A + C")


@pytest.mark.parametrize(
    ("fractions", "text"),
    [((), "any number of fractions"), ((1,), "1 fraction"), ((3,), "3 fractions"), ((1, 3), "1, 3 fractions")],
)
def test_fractions_in_words(fractions: tuple[int, ...], text: str) -> None:
    assert fractions_text(fractions) == table(fractions=fractions).fractions_text() == text
    assert fractions_text((3, 5), " or ") == table(fractions=(3, 5)).fractions_text(" or ") == "3 or 5 fractions"


def test_a_limit_of_nobody_is_in_no_publication() -> None:
    assert (where_of("given by the user"), where_of("Doe 2020")) == ("no publication", "as cited")


# -------------------------------------------------------------------------------- where an error of lint is


def wrong(**fields: Any) -> Constraint:
    return row("D95%[Gy]", "at_least", 20, "Heart", **({"id": "wrong", "line": 7} | fields))


@pytest.mark.parametrize(
    ("path", "of_row", "of_table"),
    [
        ("own.yaml", "own.yaml:7", "own.yaml:1"),
        ("", "own-3fx/wrong", "own-3fx"),
        (GIVEN_VALUES, f"{GIVEN_VALUES}, row 7", GIVEN_VALUES),
    ],
)
def test_an_error_names_file_and_line_or_table_and_row(path: str, of_row: str, of_table: str) -> None:
    asked = table(wrong(), wrong(id="earlier", line=3, organ="another part"), id="own-3fx", path=path)
    of_all, first, second = fitness.lint_errors([asked])
    assert (of_all.row_id, of_all.table_id, of_all.fault.place) == ("", "own-3fx", of_table)
    assert [one.row_id for one in (first, second)] == ["earlier", "wrong"]
    assert second.fault.place == of_row
    assert str(of_all).startswith("own-3fx: ")
    assert str(second).startswith("own-3fx/wrong: ")
    with pytest.raises(TableError, match="3 errors of lint") as refused:
        fitness.refuse_unfit([asked], allowed=False)
    assert len(refused.value.faults) == 4
    fitness.refuse_unfit([asked], allowed=True)
    fitness.refuse_unfit([table(row(*MEAN), path=path)], allowed=False)


# -------------------------------------------------------------------------------- lint of files

OWN = """\
id: {id}
version: "1.0.0"
title: Own
site: lung
fractions: [{fractions}]
sources:
  - {{key: paper, citation: {citation}, where: Table 1}}
rows:
  - {{id: a, organ: Breast, structure: Breast_L, metric: "D3cc[Gy]", below: {first}, source: {{cite: paper, where: x}},
     confirmed_by: [one, two]}}
  - {{id: b, organ: Breast, structure: Breast_L, metric: "D5cc[Gy]", below: {second}, source: {{cite: paper, where: x}},
     confirmed_by: [one, two]}}
"""


def files(folder: Path, *of: tuple[str, int, str, float, float]) -> list[str]:
    paths = []
    for id_, fractions, citation, first, second in of:
        path = folder / f"{id_}.yaml"
        text = OWN.format(id=id_, fractions=fractions, citation=citation, first=first, second=second)
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    return paths


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ((("own-3fx", 3, "A", 10, 8), ("own-5fx", 5, "B", 12, 9)), []),
        ((("own-3fx", 3, "A", 10, 8), ("own-5fx", 5, "B", 10, 9)), [("own-5fx", 9)]),
        ((("own-3fx", 3, "A", 10, 8), ("own-5fx", 5, "B", 12, 7.5)), [("own-5fx", 11)]),
        ((("own-3fx", 3, "A", 10, 8), ("own-5fx", 5, "B", 10, 8)), [("own-5fx", 1)]),  # all of them: copied
        ((("own-5fx", 5, "B", 10, 8), ("own-3fx", 3, "A", 10, 8)), [("own-5fx", 1)]),
        ((("one", 3, "A", 10, 8), ("two", 5, "A", 10, 8)), [("two", 1)]),  # of one publication
        ((("one", 3, "A", 10, 8), ("two", 5, "B", 10, 8)), []),  # of two
        (
            (("own-3fx", 3, "A", 10, 8), ("own-5fx", 3, "B", 10, 8)),
            [("own-5fx", 1)],
        ),  # for as many: no family, but its id
    ],
)
def test_tables_of_one_publication_rise_with_their_fractions(
    tmp_path: Path, of: tuple[Any, ...], said: list[tuple[str, int]]
) -> None:
    remarks = lint_files(files(tmp_path, *of))
    assert [(Path(one.file).stem, one.line) for one in remarks] == said


def test_remarks_stand_in_the_order_of_files_then_of_lines(tmp_path: Path) -> None:
    paths = files(tmp_path, ("own-b", 5, "A", 8, 10), ("own-a", 5, "A", 8, 10))
    (tmp_path / "own-c.yaml").write_text("id: [", encoding="utf-8")
    paths.append(str(tmp_path / "own-c.yaml"))
    for given in (paths, paths[::-1]):
        remarks = lint_files(given)
        assert [one.file for one in remarks] == given
    assert worst(remarks) is Level.ERROR
    assert worst([one for one in remarks if one.level is Level.WARNING]) in (None, Level.WARNING)
    assert worst([]) is None
    assert len(lint_files([paths[0], paths[0]])) == 1


def test_a_remark_is_written_with_its_place_level_and_hint() -> None:
    with_hint = Remark(file="own.yaml", line=3, level=Level.ERROR, what="wrong", hint="mend it")
    assert str(with_hint) == "own.yaml:3: error: wrong; mend it"
    assert str(replace(with_hint, hint="")) == "own.yaml:3: error: wrong"
    with pytest.warns(DeprecationWarning, match="hint"):
        assert with_hint.mend == "mend it"


def test_rows_that_nobody_read_and_sites_that_nobody_lists_are_said() -> None:
    text = OWN.format(id="own", fractions=5, citation="A", first=10, second=8)
    text = text.replace("confirmed_by: [one, two]", "note: x", 1).replace("site: lung", "site: tongue")
    remarks = lint_bytes(text.encode(), place="own.yaml")
    assert [(one.file, one.line, one.level) for one in remarks] == [
        ("own.yaml", 1, Level.WARNING),
        ("own.yaml", 9, Level.WARNING),
    ]
    assert lint_bytes(text.replace("tongue", "multi").encode(), place="x")[0].line == 9


@pytest.mark.parametrize(
    ("own", "is_said"),
    [
        ({}, True),
        ({"limit": 10.0}, False),
        ({"metric": "Max[Gy]"}, False),
        ({"sense": "at_most"}, False),
        ({"structure": "Breast_R"}, False),
        ({"fractions": 4}, False),
        ({"id": "shipped"}, False),  # the table itself
        ({"doi": "10.1/b"}, False),  # another paper, whatever it is called
        ({"doi": "10.1/a", "citation": "Called otherwise"}, True),
        ({"doi": "", "citation": "Doe 2020, a paper of a journal"}, True),
        ({"doi": "", "citation": "Roe 1999, on something else"}, False),
    ],
)
def test_another_number_than_a_bundled_table_has_from_the_same_source(
    own: dict[str, Any], is_said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(citation="Doe 2020, a paper", doi="10.1/a", where="x")
    shipped = row("Mean[Gy]", "below", 10.0, "Breast_L", source=source)
    monkeypatch.setattr("sbrtcheck.tables.lint.bundled_tables", lambda: (table(shipped, id="shipped"),))
    of = {"id": "own", "fractions": 5, "doi": "10.1/a", "citation": "Doe 2020, a paper", "metric": "Mean[Gy]"}
    of |= {"sense": "below", "limit": 9.9, "structure": "Breast_L", **own}
    doi = f", doi: {of['doi']}" if of["doi"] else ""
    text = (
        f"{{id: {of['id']}, version: '1.0.0', title: x, site: lung, fractions: [{of['fractions']}],"
        f" sources: [{{key: paper, citation: '{of['citation']}', where: x{doi}}}],"
        f" rows: [{{id: a, organ: x, structure: {of['structure']}, metric: '{of['metric']}',"
        f" {of['sense']}: {of['limit']:g}, source: {{cite: paper, where: x}}, confirmed_by: [one, two]}}]}}"
    )
    remarks = lint_bytes(text.encode(), place="own.yaml")
    said = [one for one in remarks if "from the same source" in one.what]
    assert len(said) == is_said
    assert all("where shipped has 10" in one.what and one.level is Level.WARNING for one in said)

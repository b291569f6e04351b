"""Lint of several files together, with its words: families of tables, the bundled ones, evidence, and their order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dvh_builders import row, table
from sbrtcheck.tables import ConstraintTable, ExpectedOrgan, Select, Source, fitness
from sbrtcheck.tables.by_organ import lines_by_organ, organ_of
from sbrtcheck.tables.choice import TableLeftOut, WhyLeftOut, known_fractions, nearest_text, tables_that_hold
from sbrtcheck.tables.lint import Level, Remark, lint_bytes, lint_files, worst
from sbrtcheck.tables.values import Choice, RowSide

HEAD = """\
id: {id}
version: "1.0.0"
title: Own
site: lung
fractions: {fractions}
sources:
  - {{key: paper, citation: {citation}, where: Table 1}}
rows:
"""
ROW = (
    "  - {{id: {id}, organ: Breast, structure: {structure}, metric: '{metric}', {sense}: {limit}, "
    "source: {{cite: paper, where: x}}, confirmed_by: [one, two]{more}}}\n"
)


def line(id_: str, metric: str, sense: str, limit: float, structure: str = "Breast_L", more: str = "") -> str:
    return ROW.format(id=id_, metric=metric, sense=sense, limit=limit, structure=structure, more=more)


def written(folder: Path, id_: str, fractions: str, *rows: str, citation: str = "A") -> str:
    path = folder / f"{id_}.yaml"
    text = HEAD.format(id=id_, fractions=fractions, citation=citation) + "".join(rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


def said(*files: str) -> list[str]:
    """Remarks without the folder."""
    folder = f"{Path(files[0]).parent}/"
    return [str(remark).replace(folder, "") for remark in lint_files(files)]


MORE = "more fractions are allowed more dose: compare with line {} of {}"


def test_a_limit_that_falls_or_stays_over_more_fractions_names_the_other_line(tmp_path: Path) -> None:
    few = written(
        tmp_path, "own-3fx", "[3]",
        line("a", "D3cc[Gy]", "below", 10), line("b", "D5cc[Gy]", "below", 8),
        line("d", "D9cc[Gy]", "below", 5), line("e", "D11cc[%Rx]", "below", 5), line("f", "D13cc[Gy]", "below", 2),
    )  # fmt: skip
    many = written(
        tmp_path, "own-5fx", "[5]",
        line("e", "D11cc[%Rx]", "below", 4), line("a", "D3cc[Gy]", "below", 9.5),
        line("c", "D7cc[Gy]", "below", 7), line("b", "D5cc[Gy]", "below", 8),
        line("d", "D9cc[Gy]", "at_most", 4), line("f", "D13cc[Gy]", "below", 1, more=", kind: risk"),
    )  # fmt: skip
    then = MORE.format(9, "own-3fx.yaml"), MORE.format(10, "own-3fx.yaml")
    expected = [
        f"own-5fx.yaml:10: warning: 'D3cc[Gy]' below 9.5, and 10 for 3 fractions; {then[0]}",
        f"own-5fx.yaml:12: warning: 'D5cc[Gy]' below 8, and the same for 3 fractions; {then[1]}",
    ]
    assert said(few, many) == said(many, few) == expected


@pytest.mark.parametrize("later_gy", [40, 45, 50])
def test_a_dose_that_a_target_needs_may_fall_stay_or_rise_over_more_fractions(later_gy: float, tmp_path: Path) -> None:
    few = written(tmp_path, "own-3fx", "[3]", line("a", "D95%[Gy]", "at_least", 45, "PTV"))
    many = written(tmp_path, "own-5fx", "[5]", line("a", "D95%[Gy]", "at_least", later_gy, "PTV"))
    assert said(few, many) == []


def test_a_table_with_the_limits_of_another_number_of_fractions_is_asked_whether_it_was_copied(tmp_path: Path) -> None:
    rows = [line("a", "D3cc[Gy]", "below", 10), line("b", "D5cc[Gy]", "below", 8)]
    few, many = written(tmp_path, "own-3fx", "[3]", *rows), written(tmp_path, "own-5fx", "[5]", *rows)
    copied = "own-5fx.yaml:1: warning: all 2 limits are those of own-3fx.yaml, for 3 fractions; "
    assert said(few, many) == said(many, few) == [f"{copied}this table is for 5 fractions: were they copied?"]
    one = written(tmp_path, "own-8fx", "[8]", rows[0])  # a single one may well be the same
    stays = "own-8fx.yaml:9: warning: 'D3cc[Gy]' below 10, and the same for 3 fractions; "
    assert said(few, one) == [stays + MORE.format(9, "own-3fx.yaml")]


@pytest.mark.parametrize(
    ("first", "second", "is_family"),
    [
        (("own-3fx", "[3]", "A"), ("own-5fx", "[5]", "B"), True),
        (("3fx", "[3]", "A"), ("5fx", "[5]", "B"), False),  # nothing but numbers in their names
        (("one", "[3]", "A"), ("two", "[5]", "A"), True),
        (("one", "[3]", "A"), ("two", "any", "A"), False),
        (("one", "any", "A"), ("two", "[5]", "A"), False),
        (("one", "[3, 4]", "A"), ("two", "[4, 5]", "A"), False),
    ],
)
def test_tables_are_of_one_family_by_their_names_or_their_paper(
    first: tuple[str, str, str], second: tuple[str, str, str], is_family: bool, tmp_path: Path
) -> None:
    files = [
        written(tmp_path, id_, fractions, line("a", "Mean[Gy]", "below", 10, more=""), citation=citation)
        for id_, fractions, citation in (first, second)
    ]
    assert any("and the same for" in one for one in said(*files)) is is_family


def test_another_number_than_a_bundled_table_has_from_the_same_source_is_told_with_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source(citation="Doe 2020, a paper", where="x")
    first = row("Mean[Gy]", "below", 10.0, "Breast_L", source=source, id="a")
    same, less = replace(first, limit=9.0, id="b"), replace(first, limit=8.0, id="c")
    bundled = [
        table(first, id="other-number", fractions=(3,)), table(first, id="own"),
        table(replace(first, structures=("Liver",)), same, id="with-it"), table(first, less, id="shipped"),
    ]  # fmt: skip
    monkeypatch.setattr("sbrtcheck.tables.lint.bundled_tables", lambda: tuple(bundled))
    text = HEAD.format(id="own", fractions="[5]", citation="'Doe 2020, a paper'") + line("x", "Mean[Gy]", "below", 9)
    (remark,) = lint_bytes(text.encode(), place="own.yaml")
    assert remark == Remark(
        file="own.yaml",
        line=9,
        level=Level.WARNING,
        what="'Mean[Gy]' below 9, where shipped has 10 from the same source",
        hint="compare both with the print",
    )


NOBODY = (
    "nobody is named who read the number in its source; "
    "name in confirmed_by who read it where; two independent readings make it count"
)


def test_faults_and_slips_of_one_table_stand_line_by_line_each_once() -> None:
    text = HEAD.format(id="own-3fx", fractions="[5]", citation="A").replace("title: Own\nsite: lung", "site: tongue")
    text += line("a", "D3cc[Gy]", "at_least", 9, "Heart") + line("b", "D3cc[Gy]", "below", 9).replace(
        ", confirmed_by: [one, two]", ", site: tongues"
    )
    found = [str(remark).removeprefix("own.yaml:") for remark in lint_bytes(text.encode(), place="own.yaml")]
    assert found == [
        "1: error: 'title' is missing; add it",
        "1: error: the id 'own-3fx' says 3 fractions, and the table is for 5 fractions; correct fractions, or the id",
        "8: error: 'D3cc[Gy]' at_least 9 asks for dose in Heart; write below or at_most",
        "9: error: site 'tongues' in a table of site 'tongue'; take it out, or move it to a table of its site",
        f"9: warning: {NOBODY}",
        "9: warning: site 'tongues' is in no file of sites; did you mean 'tongue'?",
    ]
    sound = text.replace("site: tongue\n", "title: T\nsite: multi\n").replace("[5]", "[3]")
    found = [str(remark).removeprefix("own.yaml:") for remark in lint_bytes(sound.encode(), place="own.yaml")]
    assert sorted(found) == [
        f"10: warning: {NOBODY}",
        "10: warning: site 'tongues' is in no file of sites; no plan will be of that site",
        "9: error: 'D3cc[Gy]' at_least 9 asks for dose in Heart; write below or at_most",
    ]


def test_a_statement_for_a_site_that_no_plan_is_of_is_told() -> None:
    text = HEAD.format(id="own", fractions="[5]", citation="A").replace("site: lung", "site: multi")
    text += line("a", "D3cc[Gy]", "below", 9)
    text += "for_clinician: [{text: x, site: lungs, source: {cite: paper, where: x}}]\n"
    (remark,) = lint_bytes(text.encode(), place="own.yaml")
    assert str(remark) == "own.yaml:1: warning: site 'lungs' is in no file of sites; did you mean 'lung'?"


def test_the_worst_level_is_error() -> None:
    error, warning = (Remark(file="f", line=1, level=level, what="x") for level in (Level.ERROR, Level.WARNING))
    assert worst([warning, error]) is worst([error, warning]) is Level.ERROR
    assert worst([warning]) is Level.WARNING
    assert worst([]) is None
    assert (error.hint, str(error)) == ("", "f:1: error: x")


def test_evidence_that_a_table_lies_beside_is_looked_over_once_after_the_tables(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "lung").mkdir()
    head = "table,row,number,value,unit,sense,document,place,read_on,says,note\n"
    readings = (
        head + "own,a,limit,9,Gy,below,page,p. 1,2026-11-28,agrees,\nzqzq,a,limit,9,Gy,,page,p. 1,2026-11-28,agrees,\n"
    )
    (tmp_path / "evidence" / "readings.csv").write_text(readings, encoding="utf-8")
    documents = "key,title,address,transcribes,reader,note\npage,A page,here,it,A. B.,\n"
    (tmp_path / "evidence" / "documents.csv").write_text(documents, encoding="utf-8")
    unconfirmed = line("a", "D3cc[Gy]", "below", 9).replace(", confirmed_by: [one, two]", "")
    own = written(
        tmp_path / "lung", "own", "[5]", unconfirmed, unconfirmed.replace("{id: a", "{id: b").replace("D3cc", "Mean")
    )
    other = written(tmp_path / "lung", "other", "[5]", line("a", "D3cc[Gy]", "below", 9), citation="B")
    place = f"{tmp_path.as_posix()}/evidence/readings.csv"
    no_reading = f"{own}:10: error: no reading agrees with 'limit' of row b; add who read it where to {place}, as 'b'"
    no_table = f"{place}:3: error: there is no table 'zqzq'; the folders beside have no such table"
    assert [*map(str, lint_files([own, other, own]))] == [no_reading, no_table]
    assert [*map(str, lint_files([other]))] == [no_table]
    assert [*map(str, lint_files([place]))] == [no_table, no_reading.replace(own, Path(own).as_posix())]


# -------------------------------------------------------------------------------- a loaded table


def test_warnings_and_errors_of_loaded_tables_are_told_apart_and_in_order() -> None:
    slips = table(
        row("Mean[Gy]", "below", 9.0, "Esophagu", id="late", line=9),
        row("D95%[Gy]", "at_least", 20.0, "Heart", id="wrong", line=8),
        row("Mean[Gy]", "below", 9.0, "Stomac", id="early", line=7),
        id="own", path="own.yaml",
    )  # fmt: skip
    other = table(row("Mean[Gy]", "below", 9.0, "Stomac", line=1), id="other", path="other.yaml")
    warnings = fitness.lint_warnings([slips, other])
    assert [(one.subject, one.level, one.fault.place) for one in warnings] == [
        ("own/early", Level.WARNING, "own.yaml:7"),
        ("own/late", Level.WARNING, "own.yaml:9"),
        ("other/row", Level.WARNING, "other.yaml:1"),
    ]
    first = warnings[0]
    assert (first.fault.what, first.fault.hint) == ("'Stomac' is no TG-263 name", "did you mean 'Stomach'?")
    assert str(first) == "own/early: 'Stomac' is no TG-263 name"
    assert [one.row_id for one in fitness.lint_errors([slips, other])] == ["wrong"]
    fitness.refuse_unfit([other], allowed=False)  # what may be meant refuses nothing


# -------------------------------------------------------------------------------- organs and choices in words


@pytest.mark.parametrize(
    ("structures", "fields", "name"),
    [
        (("Heart",), {}, "Heart"),
        (("Lung_L", "Lung_R"), {}, "Lung_L, Lung_R"),
        (("Lung_L", "Lung_R"), {"side": RowSide.IPSILATERAL}, "Lung_L, Lung_R, ipsilateral"),
        (("Lung_L", "Lung_R"), {"select": Select.UNION}, "Lung_L + Lung_R"),
        (("Lung_L", "Lung_R", "X"), {"select": Select.UNION, "optional": ("X",)}, "Lung_L + Lung_R"),
        (("Lungs-GTV", "Lungs-ITV_2"), {}, "Lungs less target"),
        (("Lungs", "Lungs-PTV"), {"select": Select.FIRST}, "Lungs or Lungs less target"),
        (
            ("A", "B", "C"),
            {"select": Select.FIRST, "choices": (Choice(structures=("A",)), Choice(structures=("B", "C")))},
            "B + C",
        ),
        (
            ("A", "B", "C"),
            {
                "select": Select.FIRST,
                "choices": (Choice(structures=("A",)), Choice(structures=("B", "C"), optional=("C",))),
            },
            "A or B",
        ),
    ],
)
def test_what_a_row_is_about_in_words(structures: tuple[str, ...], fields: dict[str, Any], name: str) -> None:
    assert organ_of(row("Mean[Gy]", "below", 5.0, *structures, **fields)) == name


def test_lines_of_one_organ_stand_by_kind_unit_number_and_answer() -> None:
    metrics = [
        "V20Gy[cc]",
        "V5Gy[cc]",
        "V5Gy[%]",
        "V20%Rx[cc]",
        "D10cc[Gy]",
        "D2cc[Gy]",
        "D2cc[%Rx]",
        "D1%[Gy]",
        "Max[Gy]",
    ]
    listed = [row(metric, "below", 5.0, "Liver", id=f"r{n}") for n, metric in enumerate(metrics)]
    found = [str(one.row.metric) for one in lines_by_organ([table(*listed)])]
    assert found == [
        "D1%[Gy]",
        "D2cc[%Rx]",
        "D2cc[Gy]",
        "D10cc[Gy]",
        "Max[Gy]",
        "V20%Rx[cc]",
        "V5Gy[%]",
        "V5Gy[cc]",
        "V20Gy[cc]",
    ]


def test_organs_stay_in_the_order_of_the_tables_after_targets_and_expected_ones() -> None:
    expected = [ExpectedOrgan(organ=name, structures=(name, f"{name}s"), choice="x") for name in ("Liver", "Lung")]
    names = [("Skin",), ("Lungs",), ("GTV", "PTV"), ("PTV", "Skin"), ("Colon",), ("Liver",), ("PTV",)]
    listed = [row("Mean[Gy]", "below", 5.0, *of, id=f"r{n}") for n, of in enumerate(names)]
    found = [one.organ for one in lines_by_organ([table(*listed)], expected=expected)]
    assert found == ["GTV, PTV", "PTV", "Liver", "Lungs", "Skin", "PTV, Skin", "Colon"]


def left_out(id_: str, *fractions: int, site: str = "lung") -> TableLeftOut:
    return TableLeftOut(id=id_, site=site, fractions=fractions, why=WhyLeftOut.FRACTIONS)


def test_the_nearest_numbers_of_fractions_in_words() -> None:
    tables = [left_out("a", 1), left_out("b", 3, 5), left_out("c", 5, site="multi"), left_out("d")]
    both = "the nearest are for 3 fractions (b) and 5 fractions (b, c for many sites)"
    assert nearest_text(tables, 4) == both
    assert nearest_text(tables, 8) == "the nearest are for 5 fractions (b, c for many sites), and none for more"
    assert nearest_text(tables[1:], 2) == "the nearest are for 3 fractions (b), and none for fewer"
    assert nearest_text(tables, 2) == "the nearest are for 1 fraction (a) and 3 fractions (b)"
    assert nearest_text(tables[3:], 2) == "there is none for any number of fractions"
    assert [left_out("b", 3, 5).holds_for(number) for number in (3, 4, 5, None)] == [True, False, True, False]
    assert left_out("d").holds_for(None)
    assert left_out("d").holds_for(7)


def test_what_holds_is_divided_by_site_before_fractions() -> None:
    chosen = tables_that_hold(["liver"], (1000,))
    assert all(not one.fractions for one in chosen.tables)
    assert {one.why for one in chosen.left_out} == {WhyLeftOut.SITE, WhyLeftOut.FRACTIONS}
    assert all((one.why is WhyLeftOut.SITE) == (one.site not in ("liver", "multi")) for one in chosen.left_out)
    assert known_fractions([]) == ()


def test_a_table_is_for_its_numbers_of_fractions_or_for_any() -> None:
    def of(*fractions: int) -> ConstraintTable:
        return table(fractions=fractions)

    assert [of(3, 5).holds_for(number) for number in (3, 4, None)] == [True, False, False]
    assert of().holds_for(None)

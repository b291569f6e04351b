"""Sites: what is written is read, every fault has its line, each shipped entry has its ground in a shipped table."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck
from folders import ROOT
from sbrtcheck.errors import TableError, UnknownTableError
from sbrtcheck.structure_names import Match, RoiName, derivable, known_names, match
from sbrtcheck.tables import (
    ConstraintTable,
    ExpectedOrgan,
    Site,
    bundled_tables,
    holds_at,
    load_sites,
    sites_json_schema,
)
from sbrtcheck.tables.lint import lint_files

FILE = ROOT / "constraints" / "sites.yaml"
SHIPPED = load_sites()
TABLES = bundled_tables()
(REVIEW,) = (table for table in TABLES if table.id == "review-text")
ORGANS = [pytest.param(site, organ, id=f"{site.id}:{organ.organ}") for site in SHIPPED.sites for organ in site.expects]


def tables_of(site: Site) -> list[ConstraintTable]:
    return [table for table in TABLES if table.site in (site.id, "multi")]


# -------------------------------------------------------------------------------- the shipped lists


def test_the_shipped_sites_are_those_of_the_tables_and_nodes_which_have_none_of_their_own() -> None:
    assert {*SHIPPED.ids} == ({table.site for table in TABLES} - {"multi"}) | {"node"}
    assert SHIPPED.path == "bundled"
    assert SHIPPED.sha256 == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert load_sites(FILE).sites == SHIPPED.sites


@pytest.mark.parametrize(("site", "organ"), ORGANS)
def test_an_entry_has_a_source_or_a_choice_and_not_both(site: Site, organ: ExpectedOrgan) -> None:
    assert (organ.source is None) == bool(organ.choice)
    assert "\n" not in organ.choice


@pytest.mark.parametrize(("site", "organ"), ORGANS)
def test_a_cited_publication_limits_the_organ_at_that_site_or_tells_of_harm_there(
    site: Site, organ: ExpectedOrgan
) -> None:
    if organ.source is None:
        assert "TG-101" in organ.choice
        tg101 = [table for table in TABLES if table.id.startswith("tg101")]
        assert all(any({*organ.structures} & {*row.structures} for row in table.rows) for table in tg101)
        return
    if site.id == "node":  # no table is of this site alone: what is cited tells of harm there, as a statement does
        items = [item.text for item in REVIEW.for_clinician if item.site == "node"]
        assert organ.source.citation in {item.source.citation for item in REVIEW.for_clinician}
        assert (organ.organ, "radiation pneumonitis" in " ".join(items)) == ("Lungs", True)
        return
    of_site = [row for table in TABLES if table.site == site.id for row in table.rows]
    citing = [row for row in of_site if row.source.citation == organ.source.citation]
    assert any({*organ.structures} & {*row.structures} for row in citing)


@pytest.mark.parametrize(("site", "organ"), ORGANS)
def test_an_organ_has_known_names_and_a_row_for_every_number_of_fractions_in_use(
    site: Site, organ: ExpectedOrgan
) -> None:
    assert {*organ.structures} <= known_names()
    for fractions in (1, 3, 5):
        rows = [row for table in tables_of(site) if table.holds_for(fractions) for row in table.rows]
        assert any({*organ.structures} & {*row.structures} for row in rows)


@pytest.mark.parametrize(("site", "organ"), ORGANS)
def test_each_structure_is_found_under_its_name_and_is_the_organ(site: Site, organ: ExpectedOrgan) -> None:
    for name in organ.structures:
        assert isinstance(match(name, [RoiName(name=name, number=1)]), Match)
        assert organ.is_any_of([name])
    assert {*organ.together} <= {*organ.structures}


def test_what_is_contoured_only_near_the_target_is_not_expected() -> None:
    near = ["BrachialPlex_L", "Rib", "Chestwall", "Skin", "Bronchus", "Kidney_Hilum_L", "SpinalCord_Sub"]
    assert not any(organ.is_any_of(near) for site in SHIPPED.sites for organ in site.expects)


def test_targets_are_not_on_the_lists() -> None:
    targets = ["PTV", "CTV", "GTV", "ITV"]
    assert not any(organ.is_any_of(targets) for site in SHIPPED.sites for organ in site.expects)


def is_contoured(organ: ExpectedOrgan, contoured: set[str]) -> bool:
    """Whether the organ is there: under one of its names, or with all parts of it."""
    alone = {*organ.structures} - {*organ.together}
    return not alone.isdisjoint(contoured) or (bool(organ.together) and {*organ.together} <= contoured)


@pytest.mark.parametrize(
    ("site", "missing"),
    [
        ("liver", ["Stomach", "Duodenum", "Small bowel", "Large bowel", "Kidneys", "Spinal cord"]),
        ("lung", ["Esophagus", "Heart", "Great vessels", "Trachea and main bronchus"]),
        ("node", ["Esophagus", "Heart", "Great vessels", "Trachea and main bronchus"]),
        ("spine", []),
    ],
)
def test_a_plan_with_one_organ_and_the_cord_alone_lacks_the_others(site: str, missing: list[str]) -> None:
    contoured = {"Liver"} if site == "liver" else {"Lung_L", "Lung_R", "SpinalCord"}
    assert [one.organ for one in SHIPPED.site(site).expects if not is_contoured(one, contoured)] == missing


def test_the_proximal_bronchial_tree_is_trachea_and_main_bronchus_and_neither_part_is_without_the_other() -> None:
    (airways,) = (one for one in SHIPPED.site("lung").expects if one.organ == "Trachea and main bronchus")
    alone = [{"ProxBronchTree"}, {"Trachea", "Bronchus_Main"}, {"Trachea"}, {"Bronchus_Main"}]
    assert [is_contoured(airways, contoured) for contoured in alone] == [True, True, False, False]


@pytest.mark.parametrize(
    ("plan", "site"), [("lung-50gy-5fx", "lung"), ("lung-50gy-5fx", "node"), ("liver-45gy-3fx", "liver")]
)
def test_the_bundled_plans_have_all_that_is_expected_of_their_site(plan: str, site: str) -> None:
    structures = sbrtcheck.load_plan(ROOT / "examples" / "plans" / plan).structures
    rois = [RoiName(name=one.name, number=one.number, kind=one.kind) for one in structures]
    contoured = {roi.name for roi in rois} | {recipe.organ for recipe in derivable(rois)}
    assert all(is_contoured(organ, contoured) for organ in SHIPPED.site(site).expects)


def test_an_unknown_site_names_the_nearest_and_all() -> None:
    with pytest.raises(UnknownTableError) as caught:
        SHIPPED.site("lungs")
    said = "no site has the id 'lungs'; did you mean 'lung'? the sites are lung, liver, spine, abdomen, node"
    assert str(caught.value) == said


def test_the_published_schema_is_the_one_the_loader_uses() -> None:
    published = json.loads((ROOT / "constraints" / "sites.schema.json").read_text(encoding="utf-8"))
    assert published == sites_json_schema(), "constraints/README.md says how to write it anew"


def test_the_file_reads_well() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=sites.schema.json\n")
    assert max(map(len, text.splitlines())) <= 120
    assert "\t" not in text


# -------------------------------------------------------------------------------- files of one's own

# without what YAML forbids unescaped, or folds as a line end
letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))
words = st.text(letters, min_size=1, max_size=12).filter(lambda text: text.strip())
ids = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True).filter(lambda word: word != "multi")


@st.composite
def organs(draw: st.DrawFn) -> dict[str, object]:
    structures = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    ground = st.one_of(
        st.builds(lambda where: {"source": {"cite": "paper", "where": where}}, words),
        st.builds(lambda why: {"choice": why}, words),
    )
    parts = {"together": structures[:2]} if len(structures) > 1 and draw(st.booleans()) else {}
    return {"organ": draw(words), "structures": structures, **parts, **draw(ground)}


@st.composite
def written_sites(draw: st.DrawFn) -> dict[str, object]:
    named = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    listed = st.lists(organs(), min_size=1, max_size=4, unique_by=lambda organ: organ["organ"])
    return {
        "id": "own",
        "version": "1.0.0",
        "title": draw(words),
        "sources": [{"key": "paper", "citation": "A paper", "doi": "10.1000/182", "where": "Table 1"}],
        "sites": [{"id": id_, "title": draw(words), "expects": draw(listed)} for id_ in named],
    }


def saved(folder: Path, written: object) -> Path:
    path = folder / "sites.yaml"
    path.write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    return path


@pytest.mark.slow
@given(written_sites())
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, written: dict[str, list]) -> None:
    path = saved(tmp_path_factory.mktemp("sites"), written)
    found = load_sites(path)
    assert (found.id, found.title, found.path) == ("own", written["title"], str(path))
    assert found.ids == tuple(site["id"] for site in written["sites"])
    for site in written["sites"]:
        loaded = found.site(site["id"])
        assert loaded.title == site["title"]
        for organ, value in zip(site["expects"], loaded.expects, strict=True):
            assert (value.organ, list(value.structures)) == (organ["organ"], organ["structures"])
            assert list(value.together) == organ.get("together", [])
            assert value.choice == organ.get("choice", "")
            where = value.source.where if value.source else None
            assert where == organ.get("source", {}).get("where")
            assert value.is_any_of(value.structures[-1:])


@pytest.mark.slow
@given(written_sites(), st.data())
def test_an_entry_without_a_ground_or_with_two_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, list], data: st.DataObject
) -> None:
    site = data.draw(st.sampled_from(written["sites"]))
    organ = data.draw(st.sampled_from(site["expects"]))
    both = data.draw(st.booleans())
    for ground in ("source", "choice"):
        organ.pop(ground, None)
    if both:
        organ |= {"source": {"cite": "paper", "where": "page 1"}, "choice": "Ours."}
    path = saved(tmp_path_factory.mktemp("sites"), written)
    with pytest.raises(TableError) as caught:
        load_sites(path)
    (fault,) = caught.value.faults
    assert fault.what == ("both a source and a choice" if both else "neither source nor choice")
    assert fault.place == f"{path}:1"


@pytest.mark.slow
@given(words, words)
def test_of_an_unknown_site_nothing_is_left_out_and_of_another_everything(own: str, site: str) -> None:
    assert holds_at("", site)
    assert holds_at(own, "")
    assert holds_at(own, site) == (own == site)


FAULTY = """\
id: own
version: "1.0.0"
title: Own
sources:
  - {key: paper, citation: A paper, where: Table 1}
  - {key: paper, citation: A paper, where: Table 2}
sites:
  - id: lung
    title: Lung
    expects:
      - {organ: Heart, structures: [Heart, Heart], choice: Ours.}
      - {organ: Heart, structures: [Heart], source: {cite: papr, where: page 1}}
  - id: lung
    title: Lung
    expects: []
  - id: multi
    title: All
    expects:
      - {organ: Skin, structure: [Skin], choice: Ours.}
      - {organ: Lungs, structures: [Lung_L, Lung_R], together: [Lung_L], choice: Ours.}
"""
FAULTS = [
    "6: source key 'paper' is repeated; first on line 5; give each its own",
    "11: a structure is named twice; name each once",
    "12: 'papr' is not a key of sources; did you mean 'paper'?",
    "12: organ 'Heart' is repeated; first on line 11; give each its own",
    "13: site 'lung' is repeated; first on line 8; give each its own",
    "15: 'expects' is empty; add an entry",
    "16: 'multi' is no site: tables whose rows span the body have it; name one site, such as lung",
    "19: 'structures' is missing; add it",
    "19: unknown key 'structure'; did you mean 'structures'?",
    "20: one structure alone is not together; name the others, or take it out",
]


def test_all_faults_of_a_file_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(FAULTY, encoding="utf-8")
    with pytest.raises(TableError) as caught:
        load_sites(path)
    assert str(caught.value).splitlines() == [f"{path}:{fault}" for fault in FAULTS]
    assert [str(remark) for remark in lint_files([path])] == [
        f"{path}:{fault.replace(': ', ': error: ', 1)}" for fault in FAULTS
    ]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "the file is empty"),
        (b"- a\n", "a file of sites has keys at its top"),
        (b"\xff", "the file is not UTF-8 text"),
    ],
)
def test_what_is_no_file_of_sites_is_refused(tmp_path: Path, raw: bytes, what: str) -> None:
    path = tmp_path / "sites.yaml"
    path.write_bytes(raw)
    with pytest.raises(TableError, match=what):
        load_sites(path)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(TableError) as caught:
        load_sites("nowhere.yaml")
    assert str(caught.value) == "nowhere.yaml: no such file; give the YAML file of the sites"


# -------------------------------------------------------------------------------- lint

OWN = """\
id: own
version: "1.0.0"
title: Own
sites:
  - id: prostate
    title: Prostate
    expects:
      - {organ: Rectum, structures: [Rectum], choice: Ours.}
      - {organ: Prostate, structures: [Prostate], choice: Ours.}
      - {organ: Ovaries, structures: [Ovary_L, Ovry_R], choice: Ours.}
"""
OWN_TABLE = """\
id: own-table
version: "1.0.0"
title: Own
site: prostate
fractions: [5]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - id: prostate
    organ: Prostate
    structure: Prostate
    metric: Max[%Rx]
    below: 140
    source: {cite: paper, where: Table 1}
    confirmed_by: [a copy, the page]
"""


def test_the_shipped_file_has_nothing_for_lint() -> None:
    assert lint_files([FILE]) == ()


def test_lint_finds_unknown_names_and_organs_that_no_table_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(OWN, encoding="utf-8")
    exactly, unchecked = (
        "the organ is looked for under exactly this name",
        "it is asked for, and its dose is not checked",
    )
    assert [str(remark).removeprefix(f"{path}:") for remark in lint_files([path])] == [
        f"9: warning: 'Prostate' is no TG-263 name, and no table has it; {exactly}",
        f"9: warning: no table of site 'prostate' has a row for Prostate; {unchecked}",
        "10: warning: 'Ovry_R' is no TG-263 name, and no table has it; did you mean 'Ovary_R'?",
        f"10: warning: no table of site 'prostate' has a row for Ovaries; {unchecked}",
    ]


def test_tables_and_sites_that_lint_is_given_together_are_held_against_each_other(tmp_path: Path) -> None:
    sites, table = tmp_path / "sites.yaml", tmp_path / "own-table.yaml"
    sites.write_text(OWN, encoding="utf-8")
    table.write_text(OWN_TABLE, encoding="utf-8")
    (alone,) = lint_files([table])
    assert alone.what == "site 'prostate' has no list of expected organs"
    together = lint_files([table, sites])
    assert {Path(remark.file) for remark in together} == {sites}
    assert not any("Prostate" in remark.what for remark in together)

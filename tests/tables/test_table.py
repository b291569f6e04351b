"""Tables load whole or not at all, with every fault of the file and its line."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sbrtcheck.tables
from folders import ROOT, TESTS
from sbrtcheck.errors import NamesError, TableError, UnknownTableError
from sbrtcheck.tables import (
    ExpectedOrgan,
    Kind,
    Select,
    Sense,
    Source,
    Status,
    bundled_tables,
    json_schema,
    load_names,
    load_table,
)
from sbrtcheck.tables.shape import RowFile

BROKEN = sorted((TESTS / "tables" / "broken").glob("*.yaml"))

GOOD = """\
id: example
version: "1.0.0"
title: An example
site: lung
fractions: [3, 5]
note: For tests.
sources:
  - {key: paper, citation: A paper, doi: 10.1000/182, where: Table 1}
rows:
  - id: lungs
    organ: Both lungs
    structure: {first: [Lungs-ITV, Lungs-GTV]}
    metric: V20Gy[%]
    below: 10
    acceptable: 15
    kind: advisory
    endpoint: Pneumonitis
    source: {cite: paper, where: page 3}
    confirmed_by: [a copy, the page]
    note: As printed.
  - id: cord
    organ: Cord
    structure: SpinalCord
    metric: D5cc[Gy]
    at_most: 20.5
    status: disputed
    volume_threshold: true
    source: {cite: paper, where: Table 1}
    note: Two copies differ.
  - id: airway
    organ: Airway
    structure: {union: [Trachea, Carina, Bronchus_Main]}
    optional: [Carina]
    site: lung
    metric: D4cc[Gy]
    below: 18
    source: {cite: paper, where: Table 1}
for_clinician:
  - {text: For everybody., source: {cite: paper, where: Table 2}}
  - {text: For lungs., site: lung, source: {cite: paper, where: Table 2}}
expects:
  - {organ: Lungs, structures: [Lungs, Lung_L, Lung_R], together: [Lung_L, Lung_R], choice: They always are.}
  - {organ: Heart, structures: [Heart], source: {cite: paper, where: page 7}}
"""


def faults(raw: bytes, folder: Path) -> list[str]:
    """Every fault, without the file's name."""
    path = folder / "table.yaml"
    path.write_bytes(raw)
    try:
        load_table(path)
    except TableError as error:
        return [str(f).removeprefix(f"{path}:") for f in error.faults]
    return []


def said_by(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_a_broken_table_is_refused_with_all_its_faults_and_their_lines(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    expected = [line[2:].decode() for line in lines if line.startswith(b"# ")]
    with pytest.raises(TableError) as caught:
        load_table(path)
    assert [str(f) for f in caught.value.faults] == [f"{path}:{line}" for line in expected]
    assert expected


def test_every_value_of_a_row_is_where_the_file_put_it(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(GOOD, encoding="utf-8")
    table = load_table(path)
    assert (table.id, table.version, table.site, table.fractions) == ("example", "1.0.0", "lung", (3, 5))
    assert (table.title, table.note, table.path) == ("An example", "For tests.", str(path))
    lungs, cord, airway = table.rows
    assert (lungs.structures, lungs.select) == (("Lungs-ITV", "Lungs-GTV"), Select.FIRST)
    assert (str(lungs.metric), lungs.sense, lungs.limit, lungs.acceptable) == ("V20Gy[%]", Sense.BELOW, 10.0, 15.0)
    assert (lungs.kind, lungs.endpoint, lungs.note) == (Kind.ADVISORY, "Pneumonitis", "As printed.")
    assert (lungs.source.citation, lungs.source.doi, lungs.source.where) == ("A paper", "10.1000/182", "page 3")
    assert (lungs.confirmed_by, lungs.confirmed, lungs.line) == (("a copy", "the page"), True, 10)
    assert (cord.structures, cord.select, cord.organ) == (("SpinalCord",), Select.EACH, "Cord")
    assert (cord.sense, cord.limit, cord.acceptable) == (Sense.AT_MOST, 20.5, None)
    assert (cord.status, cord.volume_threshold, cord.mandatory) == (Status.DISPUTED, True, False)
    assert (cord.confirmed, cord.line) == (False, 21)
    assert (airway.optional, airway.site, cord.optional, cord.site) == (("Carina",), "lung", (), "")
    assert [(item.text, item.site) for item in table.for_clinician] == [("For everybody.", ""), ("For lungs.", "lung")]
    paper = Source(citation="A paper", doi="10.1000/182", where="page 7")
    assert table.expects == (
        ExpectedOrgan(
            organ="Lungs",
            structures=("Lungs", "Lung_L", "Lung_R"),
            together=("Lung_L", "Lung_R"),
            choice="They always are.",
        ),
        ExpectedOrgan(organ="Heart", structures=("Heart",), source=paper),
    )


# without what YAML forbids unescaped, or folds as a line end
letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))
names = st.text(letters, min_size=1, max_size=12).filter(lambda s: s.strip())
limits = st.decimals(min_value="0.001", max_value="500", places=3).map(float)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    structure = st.one_of(
        names,
        st.builds(
            lambda word, parts: {word: parts},
            st.sampled_from(["each", "union", "first"]),
            st.lists(names, min_size=1, max_size=3, unique=True),
        ),
    )
    return {
        "organ": draw(names),
        "structure": draw(structure),
        "metric": draw(st.sampled_from(["D5cc[Gy]", "Mean[Gy]", "D95%[%Rx]", "V20Gy[cc]"])),
        draw(st.sampled_from(["below", "at_most", "above", "at_least"])): draw(limits),
        "note": draw(names),
        "mandatory": draw(st.booleans()),
        "source": {"cite": "paper", "where": draw(names)},
        **draw(st.sampled_from([{}, {"site": "liver"}, {"site": "prostate"}])),
    }


@given(st.lists(rows(), min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, object]]
) -> None:
    numbered = [{"id": f"row-{n}", **row} for n, row in enumerate(written)]
    table = {
        "id": "example",
        "version": "1.0.0",
        "title": "An example",
        "site": "multi",
        "fractions": [1],
        "sources": [{"key": "paper", "citation": "A paper", "where": "Table 1"}],
        "rows": numbered,
    }
    path = tmp_path_factory.mktemp("written") / "example.yaml"
    path.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    for row, loaded in zip(numbered, load_table(path).rows, strict=True):
        structure = row["structure"]
        parts = next(iter(structure.values())) if isinstance(structure, dict) else [structure]
        sense = next(s for s in ("below", "at_most", "above", "at_least") if s in row)
        assert (loaded.id, loaded.organ, loaded.note) == (row["id"], row["organ"], row["note"])
        assert (list(loaded.structures), str(loaded.metric)) == (parts, row["metric"])
        assert loaded.site == row.get("site", "")
        assert (str(loaded.sense), loaded.limit, loaded.mandatory) == (sense, row[sense], row["mandatory"])


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_any_bytes_are_a_table_or_faults_with_lines_never_another_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    found = faults(raw, tmp_path_factory.mktemp("bytes"))
    assert found
    assert all(1 <= int(fault.split(":")[0]) <= raw.count(b"\n") + raw.count(b"\r") + 2 for fault in found)


@given(st.integers(0, len(GOOD) - 1), st.text(alphabet=":-[]{}#&*!|>'\" \n\t0a", max_size=3))
def test_a_slip_of_the_hand_never_ends_in_another_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, typed: str
) -> None:
    faults((GOOD[:at] + typed + GOOD[at + 1 :]).encode(), tmp_path_factory.mktemp("slip"))


@pytest.mark.parametrize("key", ["id", "version", "title", "site", "fractions", "sources", "rows"])
def test_each_needed_key_of_a_table_is_asked_for(key: str, tmp_path: Path) -> None:
    other = GOOD.replace(f"\n{key}:", f"\n{key}x:") if key != "id" else GOOD.replace("id:", "idx:", 1)
    assert any(f"'{key}' is missing" in fault for fault in faults(other.encode(), tmp_path))


STEPS = "write [[cc, limit, acceptable], ...] by target volume, or [[percent, limit], ...] by Veff"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{key: paper", "{key: A paper", "8: 'key' is 'A paper'; use small letters, digits, dots and hyphens"),
        ("{cite: paper", "{cite: A paper", "18: 'cite' is 'A paper'; use small letters, digits, dots and hyphens"),
        ("below: 10\n", "below: {by_veff: [[1, 2], 7]}\n", f"14: entry 2 of 'by_veff' must be a list; {STEPS}"),
        (
            "below: 10\n",
            "below: {by_target_volume: [[1, 2], {}]}\n",
            f"14: entry 2 of 'by_target_volume' must be a list; {STEPS}",
        ),
        ("below: 10\n", "below: {by_veff: {}}\n", "14: 'by_veff' must be a list; write by_veff: [...]"),
    ],
)
def test_a_fault_of_shape_has_the_hint_for_its_key(old: str, new: str, fault: str, tmp_path: Path) -> None:
    assert fault in faults(GOOD.replace(old, new, 1).encode(), tmp_path)


def test_faults_name_the_file_as_the_user_gave_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(GOOD.replace("V20Gy[%]", "V20Gy"), encoding="utf-8")
    with pytest.raises(TableError) as caught:
        load_table("own.yaml")
    assert str(caught.value).startswith("own.yaml:13: metric 'V20Gy': ")


def test_line_ends_do_not_change_the_hash(tmp_path: Path) -> None:
    unix, windows = tmp_path / "unix.yaml", tmp_path / "windows.yaml"
    unix.write_bytes(GOOD.encode())
    windows.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert load_table(unix).sha256 == load_table(windows).sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert load_table(unix).rows == load_table(windows).rows


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert faults(b"\xef\xbb\xbf" + GOOD.encode(), tmp_path) == []


def test_an_unknown_id_names_the_nearest_tables() -> None:
    with pytest.raises(UnknownTableError, match="did you mean 'rtog-0813'"):
        load_table("rtog0813")


def test_an_id_like_no_other_says_where_the_tables_are_listed() -> None:
    with pytest.raises(UnknownTableError, match=r"zzz.*sbrtcheck tables lists them"):
        load_table("zzz")


@pytest.mark.parametrize("path", ["nowhere.yaml", "no/where", "no\\where.yml"])
def test_a_path_to_nothing_is_said_to_be_no_file(path: str) -> None:
    with pytest.raises(TableError) as caught:
        load_table(path)
    assert str(caught.value) == f"{path}: no such file; check the path, or give the id of a bundled table"


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").mkdir()
    with pytest.raises(TableError, match="cannot be read"):
        load_table(tmp_path / "table.yaml")


def test_a_file_of_any_name_is_a_table_and_a_bundled_id_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("own", "rtog-0813"):
        Path(name).write_text(GOOD, encoding="utf-8")
    assert load_table("own").id == "example"
    assert load_table("rtog-0813").path == "bundled"


def test_bundled_tables_come_by_id() -> None:
    ids = [table.id for table in bundled_tables()]
    assert ids == sorted(ids)
    assert [load_table(i).sha256 for i in ids] == [table.sha256 for table in bundled_tables()]


@pytest.mark.slow
def test_tables_and_names_are_read_out_of_a_zipped_package(tmp_path: Path) -> None:
    wheel = tmp_path / "sbrtcheck.zip"
    with zipfile.ZipFile(wheel, "w") as archive:
        for folder, prefix in ((ROOT / "src" / "sbrtcheck", ""), (ROOT / "constraints", "_constraints/")):
            for file in folder.rglob("*.*"):
                if "__pycache__" not in file.parts:
                    archive.write(file, f"sbrtcheck/{prefix}{file.relative_to(folder).as_posix()}")
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r})\n"
        "import sbrtcheck.tables as t, sbrtcheck.structure_names as n\n"
        "print(t.__file__.count('.zip'), len(t.bundled_tables()), 'Lung_L' in n.known_names())"
    )
    assert said_by(code).split() == ["1", str(len(bundled_tables())), "True"]


def test_importing_tables_loads_no_yaml_and_no_pydantic() -> None:
    code = "import sys, sbrtcheck.tables; print({'pydantic', 'ruamel.yaml', 'rapidfuzz'} & set(sys.modules))"
    assert said_by(code) == "set()"


def test_the_file_and_the_values_know_the_same_words() -> None:
    one_of = json_schema()["$defs"]["RowFile"]["oneOf"]
    assert one_of == [{"required": [str(sense)]} for sense in Sense]
    assert json_schema()["$defs"]["RowFile"]["properties"]["kind"]["enum"] == list(Kind)
    assert json_schema()["$defs"]["RowFile"]["properties"]["status"]["enum"] == list(Status)
    assert set(RowFile.model_fields) >= {*Sense}


def test_names_map_organs_to_rois(tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text('Lung_L: Lunge links neu\nPTV: "5000"\n', encoding="utf-8")
    assert load_names(path) == {"Lung_L": "Lunge links neu", "PTV": "5000"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- Lung_L\n", ":1: not a mapping of names; write one 'TG-263 name: ROI name' a line"),
        ("Lung_L: a\nLung_L: b\n", ":2: key 'Lung_L' is repeated; first on line 1; remove one of them"),
        (
            "Heart: Herz\nPTV: 5000\n",
            (
                ":2: the ROI name of 'PTV' is not text; "
                "for the structure of that number write PTV: 'ROI 5000', for one of that name PTV: \"5000\""
            ),
        ),
        ("PTV: 0.5\n", ":1: the ROI name of 'PTV' is not text; put it in quotes: PTV: \"0.5\""),
        (
            "SpinalCord: A\nHeart: B\nspinal cord: C\n",
            ":3: 'spinal cord' is the same organ as 'SpinalCord' on line 1; remove one of them",
        ),
        ("PTV:\n", ":1: 'PTV' has no value; give one, or take the key out"),
        ("PTV: [a, b]\n", ":1: the ROI name of 'PTV' is not text; write PTV: and the ROI's name"),
        ("PTV: [a]\nGTV: [b]\n", ":1: the ROI name of 'PTV' is not text (and 1 more); write PTV: and the ROI's name"),
        ("", ":1: the file is empty"),
    ],
)
def test_a_names_file_with_a_fault_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NamesError) as caught:
        load_names(path)
    assert str(caught.value) == f"{path}{said}"


def test_a_missing_names_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NamesError, match="cannot be read"):
        load_names(tmp_path / "names.yaml")


def test_public_names_are_these() -> None:
    assert sbrtcheck.tables.__all__ == sorted(sbrtcheck.tables.__all__)

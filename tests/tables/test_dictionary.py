"""A clinic's dictionary as a file or a mapping: what it says, all its faults, and what is learned into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.errors import NamesError
from sbrtcheck.structure_names import (
    NO_DICTIONARY,
    Dictionary,
    Match,
    RoiName,
    Rule,
    UserNames,
    dictionary_key,
    known_names,
    match,
    normalise,
    organ_named,
)
from sbrtcheck.tables import load_dictionary
from sbrtcheck.tables.learn import Learned, learn_names

ORGANS = sorted(known_names())


def written(folder: Path, text: str) -> Path:
    file = folder / "dictionary.yaml"
    file.write_bytes(dedent(text).encode())
    return file


# -------------------------------------------------------------------------------- loading


def test_a_file_and_a_mapping_of_the_same_are_the_same_dictionary(tmp_path: Path) -> None:
    file = written(tmp_path, "Heart: [Herz, Cor]\nLungs:\n  - Lunge bds\nLiver: []\n")
    mapping = {"Heart": ["Herz", "Cor"], "Lungs": ("Lunge bds",), "Liver": []}
    assert load_dictionary(file).spellings == load_dictionary(mapping).spellings
    assert load_dictionary(file).file == str(file)
    assert load_dictionary(load_dictionary(mapping)) == load_dictionary(mapping)
    assert load_dictionary(None) == NO_DICTIONARY


def test_an_organ_of_a_bundled_table_or_in_another_spelling_is_known() -> None:
    known = load_dictionary({"SpinalCord_Sub": ["RM Teil"], "spinal cord": ["RM"]})
    assert isinstance(match("SpinalCord", [RoiName.named("RM")], UserNames({}, known)), Match)


FAULTS = {
    "Hart: [x]": "1: no table has an organ 'Hart', nor is it a TG-263 name known here; did you mean 'Heart'",
    "Heart: Herz": "1: the spellings of 'Heart' are no list; write [a list, of, spellings], in brackets",
    "Heart: [5]": "1: a spelling of 'Heart' is not text; put it in quotes: \"5\"",
    "Heart: [[a]]": "1: a spelling of 'Heart' is not text; write [a list, of, spellings]",
    "Heart: ['.']": "1: a spelling of 'Heart' has no letter; take it out",
    "Heart:": "1: 'Heart' has no value; give one, or take the key out",
    "Heart: [Cor]\nLiver: [x, COR]": "2: 'COR' is a spelling of Liver, and of Heart as 'Cor' on line 1; leave it",
    "Heart: [Cor,\n  cor]": "2: 'cor' is the same spelling as 'Cor' on line 1; remove one of them",
    "Heart: [a]\nheart: [b]": "2: 'heart' is the same organ as 'Heart' on line 1; put their spellings in one list",
    "Heart: [a]\nHeart: [b]": "2: key 'Heart' is repeated; first on line 1; remove one of them",
    "Heart: [Liver]": "1: 'Liver' for Heart is the TG-263 name of another organ, Liver; it is always matched",
    "Heart: [LUNG L]": "1: 'LUNG L' for Heart is the TG-263 name of another organ, Lung_L; it is always matched",
    "- Heart": "1: not a mapping of spellings; write one 'TG-263 name: [spelling, spelling]' a line",
    "Heart: [a": "1: not YAML",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_file_line_and_hint(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(NamesError) as caught:
        load_dictionary(file)
    assert str(caught.value).startswith(f"{file}:{FAULTS[text]}") or "not YAML" in str(caught.value)


def test_all_faults_come_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    texts = ["Heart: Herz", "Hart: [x]", "Liver: [Lungs]", "Rib: [1]"]
    file = written(tmp_path, "\n".join(texts))
    with pytest.raises(NamesError) as caught:
        load_dictionary(file)
    places = [fault.place for fault in caught.value.faults]
    assert places == [f"{file}:{line}" for line in (1, 2, 3, 4)]
    assert len(str(caught.value).splitlines()) == 4


def test_a_fault_of_a_mapping_has_no_line() -> None:
    with pytest.raises(NamesError, match=r"^dictionary: 'cor' is the same spelling as 'Cor'; remove one of them$"):
        load_dictionary({"Heart": ["Cor", "cor"]})


def test_a_mapping_of_what_is_no_text_is_refused() -> None:
    with pytest.raises(NamesError, match="the organ 5 of the dictionary is no text"):
        load_dictionary({5: ["x"]})  # type: ignore[dict-item]
    with pytest.raises(NamesError, match="the spellings of 'Heart' are no list"):
        load_dictionary({"Heart": "Herz"})


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NamesError, match="cannot be read"):
        load_dictionary(tmp_path / "none.yaml")


def test_what_is_redundant_is_no_fault() -> None:
    load_dictionary({"Heart": ["Heart", "Herz"], "Bronchus_Main": ["Bronchus"]})
    load_dictionary({"Bronchus": ["Bronchus"]})


# -------------------------------------------------------------------------------- learning


def learned_or_error(names: Mapping[str, str], structures: list[RoiName], file: Path) -> Learned | NamesError:
    try:
        return learn_names(names, structures, file)
    except NamesError as error:
        return error


def rois(*names: str) -> list[RoiName]:
    return [RoiName(name=name, number=number) for number, name in enumerate(names, 1)]


def test_a_new_dictionary_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    learned = learn_names({"Heart": "Herz 2", "SpinalCord": "ROI 2"}, rois("Herz 2", "RM"), file)
    assert learned == Learned(added=(("Heart", "Herz 2"), ("SpinalCord", "RM")), left_out=())
    heading, what, *entries = file.read_text(encoding="utf-8").splitlines()
    assert heading.startswith("# What this clinic calls organs")
    assert what.startswith("#")
    assert entries == ['Heart: ["Herz 2"]', 'SpinalCord: ["RM"]']


GROWN = {
    "Heart: [Cor]\n": 'Heart: [Cor, "New"]\n',
    "Heart: []\n": 'Heart: ["New"]\n',
    "\ufeff# ours": '\ufeff# ours\nHeart: ["New"]\n',
    "Heart: [Cor, ]  # ours\n": 'Heart: [Cor,  "New"]  # ours\n',
    "Heart: [Cor,  # a\n  Herz2]  # b\n": 'Heart: [Cor,  # a\n  Herz2, "New"]  # b\n',
    "# top\n\nHeart:\n  - Cor  # a\n\n# about the liver\nLiver: [L1]\n": (
        '# top\n\nHeart:\n  - Cor  # a\n  - "New"\n\n# about the liver\nLiver: [L1]\n'
    ),
    "Heart:\n- Cor\nLiver: [L1]": 'Heart:\n- Cor\n- "New"\nLiver: [L1]',
    "Heart:\n- Cor": 'Heart:\n- Cor\n- "New"',
    "Liver: [L1]\r\n": 'Liver: [L1]\r\nHeart: ["New"]\r\n',
    "Heart:\r\n  - Cor\r\n": 'Heart:\r\n  - Cor\r\n  - "New"\r\n',
    "\ufeffLiver: [L1]": '\ufeffLiver: [L1]\nHeart: ["New"]\n',
    "heart: [Cor]\n": 'heart: [Cor, "New"]\n',
    "# nothing yet\n": '# nothing yet\nHeart: ["New"]\n',
    "{Liver: [L1], Heart: [Cor]}\n": '{Liver: [L1], Heart: [Cor, "New"]}\n',
}


@pytest.mark.parametrize("text", GROWN)
def test_what_stands_in_the_file_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_bytes(text.encode())
    learn_names({"Heart": "New"}, rois("New"), file)
    assert file.read_bytes().decode() == GROWN[text]


@pytest.mark.parametrize(
    "text", ["{Liver: [L1]}\n", "Liver: [L1]\n...\n", "Heart:\n  - >-\n    Cor\n    two\n\nLiver: []\n"]
)
def test_a_file_that_cannot_be_extended_as_it_is_stays_and_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dictionary.yaml"
    file.write_text(text, encoding="utf-8")
    learned = learned_or_error({"Heart": "New"}, rois("New"), file)
    assert isinstance(learned, NamesError)
    assert "by hand" in str(learned)
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["dictionary.yaml"]


def test_a_contradiction_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    text = "Liver: [Organ 1]\n"
    file = written(tmp_path, text)
    with pytest.raises(NamesError, match="'organ_1' is a spelling of Liver here, and was given for Heart"):
        learn_names({"Heart": "organ_1", "Rib": "Costae"}, rois("organ_1", "Costae"), file)
    assert file.read_text() == text


def test_a_comment_that_cannot_be_kept_as_it_is_is_not_rewritten(tmp_path: Path) -> None:
    file, raw = tmp_path / "dictionary.yaml", "# für uns\n".encode("latin-1")
    file.write_bytes(raw)
    with pytest.raises(NamesError, match="not UTF-8 text"):
        learn_names({"Heart": "New"}, rois("New"), file)
    assert file.read_bytes() == raw


def test_a_name_that_the_plan_does_not_have_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dictionary.yaml"
    with pytest.raises(NamesError, match=r"Heart: no single structure of the plan is 'Herz'"):
        learn_names({"Heart": "Herz"}, rois("Leber"), file)
    assert not file.exists()


@pytest.mark.parametrize(
    ("names", "plan", "reason"),
    [
        ({"Heart": "HEART"}, ("HEART",), "known already by TG-263 or a listed alias"),
        ({"Heart": "Cor"}, ("Cor",), "in the dictionary already"),
        ({"Heart": "x", "Liver": "x"}, ("x",), "given for Heart and Liver"),
        ({"PTV": "ITV"}, ("ITV",), "the TG-263 name of ITV"),
        ({"Heart": "Heart new"}, ("Heart", "Heart new"), "the plan has another structure that goes first"),
        ({"Heart": "ROI 1"}, ("Herz 2", "Herz 2"), "the plan has another structure that goes first"),
    ],
)
def test_what_a_dictionary_cannot_have_is_left_out_with_the_reason(
    tmp_path: Path, names: Mapping[str, str], plan: tuple[str, ...], reason: str
) -> None:
    text = "Heart: [Cor]\n"
    file = written(tmp_path, text)
    learned = learn_names(names, rois(*plan), file)
    assert learned.added == ()
    assert {entry.reason[: len(reason)] for entry in learned.left_out} == {reason}
    assert file.read_text() == text


roi_names = st.one_of(
    st.sampled_from(
        ["RM", "Herz 2", "rm", "Bronchus", "PBT", "Lunge li", "zHerz", "_x", "PTV+5", "Heart", "a: b", "#"]
    ),
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8),
).filter(lambda name: normalise(name) != "" and name == name.strip())


@given(st.lists(roi_names, min_size=1, max_size=6), st.data(), st.sampled_from([None, *GROWN]))
def test_a_learned_dictionary_makes_the_same_match_as_the_names_it_was_learned_from(
    tmp_path_factory: pytest.TempPathFactory, plan: list[str], data: st.DataObject, text: str | None
) -> None:
    file = tmp_path_factory.mktemp("learned") / "dictionary.yaml"
    if text is not None:
        file.write_bytes(text.encode())
    names = data.draw(st.dictionaries(st.sampled_from(ORGANS), st.sampled_from(plan), max_size=4))
    lines = [] if text is None else text.removeprefix("\ufeff").splitlines()
    has_entries = any(line.strip() and not line.startswith("#") for line in lines)
    before = load_dictionary(file) if has_entries else NO_DICTIONARY
    structures = rois(*plan)
    learned = learned_or_error(names, structures, file)
    if isinstance(learned, NamesError):
        assert any(why in str(learned) for why in ("was given for", "no single structure", "by hand"))
        return
    if not learned.added:
        assert file.exists() == (text is not None)
        return
    after = load_dictionary(file)
    for organ, spelling in learned.added:
        by_names = match(organ, structures, names)
        by_dictionary = match(organ, structures, UserNames({}, after))
        assert isinstance(by_names, Match)
        assert isinstance(by_dictionary, Match)
        assert (by_dictionary.roi, by_dictionary.rule) == (by_names.roi, Rule.DICTIONARY)
        assert spelling == by_names.roi.name
        assert organ_named(spelling) != organ
    kept = {dictionary_key(name) for several in before.spellings.values() for name in several}
    assert kept <= {dictionary_key(name) for several in after.spellings.values() for name in several}
    assert {entry.organ for entry in learned.left_out} | {organ for organ, _ in learned.added} == set(names)


@given(st.dictionaries(st.sampled_from(ORGANS), st.lists(roi_names, max_size=3), max_size=4))
def test_a_mapping_is_a_dictionary_unless_it_repeats_a_spelling(spellings: dict[str, list[str]]) -> None:
    repeated = [dictionary_key(name) for several in spellings.values() for name in several]
    others = [
        (organ, name)
        for organ, several in spellings.items()
        for name in several
        if organ_named(name) not in (None, organ)
    ]
    if len(repeated) > len(set(repeated)):
        with pytest.raises(NamesError):
            load_dictionary(spellings)
        return
    if others:  # an alias of another organ may be a spelling, its TG-263 name may not
        return
    known = load_dictionary(spellings)
    keys = [dictionary_key(name) for several in known.spellings.values() for name in several]
    assert len(keys) == len(set(keys))
    assert known == Dictionary(spellings={organ: tuple(names) for organ, names in spellings.items()})

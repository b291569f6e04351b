"""A clinic's dictionary in matching: it is a rule of its own, below the exact name and above the aliases."""

from __future__ import annotations

import pickle
import random
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sbrtcheck.structure_names import (
    TARGETS,
    Ambiguous,
    Dictionary,
    Match,
    NoMatch,
    RoiName,
    Rule,
    UserNames,
    all_targets,
    copies_of,
    derivable,
    dictionary_key,
    known_names,
    match,
    match_structures,
    normalise,
    organ_named,
    targets,
)

ORGANS = sorted(known_names())
spellings = st.one_of(
    st.sampled_from(["RM", "Cord 2", "Herz", "zHerz", "Lung-PTV", "Lunge_L", "Bronchus", "PBT", "Ziel", "_x", "PTV+5"]),
    st.text(min_size=1, max_size=10),
).filter(lambda text: normalise(text) != "")
dictionaries = st.dictionaries(spellings, st.sampled_from(ORGANS), max_size=8)
"""Spelling -> organ."""


def dictionary_of(by_spelling: dict[str, str]) -> Dictionary:
    """Of spellings of which no two are the same, in the order of the mapping."""
    several: dict[str, list[str]] = {}
    seen: set[str] = set()
    for spelling, organ in by_spelling.items():
        if dictionary_key(spelling) not in seen and organ_named(spelling) in (None, organ):
            several.setdefault(organ, []).append(spelling)
            seen.add(dictionary_key(spelling))
    return Dictionary(spellings={organ: tuple(names) for organ, names in several.items()})


def rois(*names: str | RoiName) -> list[RoiName]:
    return [n if isinstance(n, RoiName) else RoiName(name=n, number=i) for i, n in enumerate(names, 1)]


def plans(dictionary: Dictionary) -> st.SearchStrategy[list[RoiName]]:
    """Plans with names of the dictionary, TG-263 names and others."""
    known = [spelling for several in dictionary.spellings.values() for spelling in several]
    name = st.sampled_from([*known, *ORGANS, "Lt Lung", "PTV_5000", "GTV1", "Hart", "Heart_1", "ring", "Cord", "BODY"])
    roi = st.builds(
        RoiName,
        name=name,
        number=st.integers(1, 40),
        kind=st.sampled_from(["", "ORGAN", "PTV", "AVOIDANCE"]),
        codes=st.sampled_from([(), ("Heart",)]),
        contoured=st.booleans(),
    )
    return st.lists(roi, max_size=6, unique_by=lambda r: r.number)


cases = dictionaries.map(dictionary_of).flatmap(lambda known: st.tuples(st.just(known), plans(known)))


@given(st.text())
def test_spellings_are_the_same_as_names_are_but_for_the_mark_of_what_is_not_for_evaluation(name: str) -> None:
    mark = "_" if name.strip().startswith("_") else ""
    assert dictionary_key(name) == mark + normalise(name)


@given(st.sampled_from(ORGANS), cases)
def test_what_has_the_exact_name_is_matched_whatever_a_dictionary_says(
    organ: str, case: tuple[Dictionary, list[RoiName]]
) -> None:
    dictionary, found = case
    before = match(organ, found)
    if isinstance(before, Match) and before.rule is Rule.EXACT and before.roi.contoured:
        after = match(organ, found, UserNames({}, dictionary))
        assert isinstance(after, Match)
        assert (after.roi, after.rule) == (before.roi, Rule.EXACT)


@given(st.sampled_from(ORGANS), cases)
def test_a_dictionary_that_knows_no_name_of_the_plan_changes_nothing(
    organ: str, case: tuple[Dictionary, list[RoiName]]
) -> None:
    dictionary, found = case
    strangers = [roi for roi in found if dictionary.organ_of(roi.name) is None]
    assert match(organ, strangers, UserNames({}, dictionary)) == match(organ, strangers)
    assert derivable(strangers, UserNames({}, dictionary)) == derivable(strangers)
    assert all_targets(strangers, UserNames({}, dictionary)) == all_targets(strangers)


@given(st.sampled_from(ORGANS), cases)
def test_a_match_by_the_dictionary_is_what_the_dictionary_says(
    organ: str, case: tuple[Dictionary, list[RoiName]]
) -> None:
    dictionary, found = case
    after = match(organ, found, UserNames({}, dictionary))
    if isinstance(after, Match) and after.rule is Rule.DICTIONARY:
        assert dictionary.organ_of(after.roi.name) == organ
    if isinstance(after, Match) and after.rule not in (Rule.EXACT, Rule.DICTIONARY):
        assert dictionary.organ_of(after.roi.name) is None  # no weaker rule overrules the dictionary


@given(dictionaries, st.sampled_from(ORGANS), st.data(), st.randoms(use_true_random=False))
def test_the_order_of_a_dictionary_does_not_matter(
    by_spelling: dict[str, str], organ: str, data: st.DataObject, chance: random.Random
) -> None:
    dictionary = dictionary_of(by_spelling)
    found = data.draw(plans(dictionary))
    entries = list(dictionary.spellings.items())
    chance.shuffle(entries)
    shuffled = Dictionary(spellings={key: tuple(reversed(several)) for key, several in entries})
    assert match(organ, found, UserNames({}, shuffled)) == match(organ, found, UserNames({}, dictionary))


@given(cases, st.sampled_from(ORGANS))
def test_the_users_names_win_over_the_dictionary(case: tuple[Dictionary, list[RoiName]], organ: str) -> None:
    dictionary, found = case
    assume(found)
    names = UserNames({organ: found[0].name}, dictionary)
    assert match(organ, found, names) == match(organ, found, {organ: found[0].name})


@given(cases)
def test_user_names_survive_a_journey_to_another_process(case: tuple[Dictionary, list[RoiName]]) -> None:
    dictionary, found = case
    names = UserNames({"Heart": "x"}, dictionary)
    other = pickle.loads(pickle.dumps(names))  # noqa: S301 - our own
    assert (dict(other), other.dictionary) == (dict(names), dictionary)
    assert [match(o, found, other) for o in ("Liver", "PTV")] == [match(o, found, names) for o in ("Liver", "PTV")]


@pytest.mark.parametrize(
    ("organ", "spelling", "name"),
    [
        ("SpinalCord", "RM", "RM"),
        ("SpinalCord", "RM", "rm"),
        ("Lung_L", "Lunge L", "LUNGE_LT"),
        ("Lungs", "Lung-PTV", "Lung-PTV"),  # explicit: an operator may stand in it
        ("Heart", "zHerz", "zHerz"),  # a helper's name too
        ("Heart", "_Heart2", "_Heart2"),
        ("PTV", "Zielvolumen", "Zielvolumen"),
        ("Kidneys", "肾", "肾"),
    ],
)
def test_a_spelling_is_matched_by_the_dictionary(organ: str, spelling: str, name: str) -> None:
    found = match(organ, rois(name), UserNames({}, Dictionary(spellings={organ: (spelling,)})))
    assert isinstance(found, Match)
    assert (found.roi.name, found.rule) == (name, Rule.DICTIONARY)


def test_a_name_that_is_not_for_evaluation_is_no_spelling_without_its_mark() -> None:
    names = UserNames({}, Dictionary(spellings={"Heart": ("Herz2",)}))
    assert not isinstance(match("Heart", rois("_Herz2"), names), Match)


def test_two_structures_of_the_dictionary_are_ambiguous() -> None:
    names = UserNames({}, Dictionary(spellings={"Heart": ("Herz2", "Cor")}))
    found = match("Heart", rois("Cor", "Herz2"), names)
    assert isinstance(found, Ambiguous)
    assert found.candidates == ("Cor", "Herz2")


def test_a_spelling_of_one_organ_is_not_another_by_an_alias_or_a_code() -> None:
    names = UserNames({}, Dictionary(spellings={"SpinalCanal": ("Cord",)}))
    (cord,) = rois(RoiName(name="Cord", number=1, codes=("Spinal Cord",)))
    assert isinstance(match("SpinalCord", [cord]), Match)
    assert isinstance(match("SpinalCord", [cord], names), NoMatch)
    assert isinstance(match("SpinalCanal", [cord], names), Match)


def test_a_target_of_the_dictionary_is_a_target_everywhere() -> None:
    names = UserNames({}, Dictionary(spellings={"GTV": ("Tumor",)}))
    found = rois("Lung_L", "Lung_R", "Tumor")
    assert [roi.name for roi in targets("GTV", found, names)] == ["Tumor"]
    assert [roi.name for roi in all_targets(found, names)] == ["Tumor"]
    assert [recipe.organ for recipe in derivable(found, names)] == ["Lungs", "Lungs-GTV"]


def test_an_organ_of_the_dictionary_is_a_part_of_what_is_derived() -> None:
    names = UserNames({}, Dictionary(spellings={"Lung_L": ("LL",), "Lung_R": ("RL",)}))
    assert [recipe.organ for recipe in derivable(rois("LL", "RL"), names)] == ["Lungs"]
    assert derivable(rois("LL", "RL")) == ()


def test_what_the_dictionary_says_is_another_organ_is_no_copy() -> None:
    found = rois("SpinalCord", "Spinal Cord 2")
    assert copies_of("SpinalCord", found[0], found) == (found[1],)
    names = UserNames({}, Dictionary(spellings={"SpinalCanal": ("Spinal Cord 2",)}))
    assert copies_of("SpinalCord", found[0], found, names) == ()


@given(cases)
def test_matches_of_a_plan_carry_the_dictionary_along(case: tuple[Dictionary, list[RoiName]]) -> None:
    dictionary, found = case
    matches = match_structures(ORGANS, found, UserNames({}, dictionary))
    assert matches.given.dictionary == dictionary
    assert {organ: matches.by_organ[organ] for organ in ORGANS} == {
        organ: match(organ, found, UserNames({}, dictionary)) for organ in ORGANS
    }
    assert matches.missing == ()  # a spelling that the plan does not have is no error


@given(cases)
def test_no_structure_is_two_organs_by_the_dictionary(case: tuple[Dictionary, list[RoiName]]) -> None:
    dictionary, found = case
    by_dictionary = [
        (organ, matched.roi)
        for organ in ORGANS
        if organ not in TARGETS
        for matched in [match(organ, found, UserNames({}, dictionary))]
        if isinstance(matched, Match) and matched.rule is Rule.DICTIONARY
    ]
    assert all(first[1] != second[1] for first, second in combinations(by_dictionary, 2))

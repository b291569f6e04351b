"""Names are matched by rule and never guessed."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.structure_names import (
    TARGETS,
    Ambiguous,
    Match,
    NoMatch,
    Recipe,
    RoiName,
    Rule,
    derivable,
    is_of_target,
    known_names,
    match,
    missing_names,
    normalise,
    organ_named,
    targets,
)

ORGANS = sorted(known_names())
IN_DOUBT = "Bronchus"  # clinics call the main bronchus so, and TG-263 the bronchial tree
PLAIN = sorted(n for n in ORGANS if n not in {*TARGETS, IN_DOUBT} and "-" not in n and "PRV" not in n)
SIDED = sorted(n for n in PLAIN if n.endswith(("_L", "_R")))
NAMES = (files("sbrtcheck.structure_names") / "tg263_names.csv").read_text(encoding="utf-8")
LISTED = {
    r["name"]: [a for a in (*r["aliases"].split(";"), *r["german"].split(";")) if a]
    for r in csv.DictReader(NAMES.splitlines())
}


def rois(*names: str | RoiName) -> tuple[RoiName, ...]:
    return tuple(n if isinstance(n, RoiName) else RoiName(name=n, number=i) for i, n in enumerate(names, 1))


def taken(organ: str, *names: str | RoiName) -> tuple[str, Rule] | None:
    found = match(organ, rois(*names))
    return (found.roi.name, found.rule) if isinstance(found, Match) else None


def candidates(found: Match | NoMatch | Ambiguous) -> tuple[str, ...]:
    assert isinstance(found, Ambiguous)
    return found.candidates


@st.composite
def spelled(draw: st.DrawFn, organ: str) -> str:
    """Spell the organ with another case, other separators, and its side said another way and place."""
    stem, side = (organ[:-2], organ[-1]) if organ.endswith(("_L", "_R")) else (organ, "")
    words = stem.split("_")
    if side:
        said = draw(st.sampled_from({"L": ["L", "Lt", "left", "LT"], "R": ["R", "Rt", "right", "RT"]}[side]))
        words = [said, *words] if draw(st.booleans()) else [*words, said]
    name = draw(st.sampled_from([" ", "_", ".", "  "])).join(words)
    return draw(st.sampled_from([name, name.upper(), name.lower()]))


SPELLINGS = (files("sbrtcheck.structure_names") / "likeness.csv").read_text(encoding="utf-8")
SUGGESTED = {
    r["organ"]: [name for name in (*r["probable"].split(";"), *r["close"].split(";")) if name]
    for r in csv.DictReader(SPELLINGS.splitlines())
}

names = st.one_of(
    st.sampled_from(ORGANS),
    st.sampled_from([a for aliases in LISTED.values() for a in aliases]),
    st.sampled_from(["PTV_5000", "PTV1", "IGTV", "GTV boost", "Lung L", "Lt Lung", "Lungs-PTV", "ring", "Cord PRV"]),
    st.sampled_from(["SpinalCord_1", "Heart_old", "Hart", "PBT", "Spinal Canal", "Lung B", "ROI 3", "Couch"]),
    st.sampled_from(["GTV", "GTV1", "GTVn", "GTV_old", "GTV_final", "PTV_opti", "zPTV", "PTV", "PTV 2", "_Heart"]),
    st.text(max_size=12),
)
roi_lists = st.lists(
    st.builds(
        RoiName,
        name=names,
        number=st.integers(1, 40),
        kind=st.sampled_from(["", "ORGAN", "PTV", "GTV", "CTV", "EXTERNAL", "AVOIDANCE", "CONTROL"]),
        codes=st.lists(st.sampled_from([*ORGANS, "Left lung", "Urinary bladder"]), max_size=1).map(tuple),
        contoured=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda r: r.number,
)


@given(st.sampled_from(ORGANS), roi_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_structures_does_not_matter(organ: str, found: list[RoiName], chance: random.Random) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert match(organ, shuffled) == match(organ, found)
    assert derivable(shuffled) == derivable(found)


@given(st.sampled_from(ORGANS), roi_lists)
def test_the_same_plan_gives_the_same_match_again(organ: str, found: list[RoiName]) -> None:
    assert match(organ, found) == match(organ, tuple(found))
    assert derivable(found) == derivable(tuple(found))


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_hash_seed_of_python_changes_no_match(seed: str) -> None:
    rois = "[R(name=n, number=i) for i, n in enumerate(('Lt Lung', 'lung L', 'Ribs', 'Ribcage', 'PTV_1', 'Hart'))]"
    code = (
        "from sbrtcheck.structure_names import RoiName as R, known_names, match\n"
        f"print([match(organ, {rois}) for organ in sorted(known_names())])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)  # noqa: S603
    here = [RoiName(name=n, number=i) for i, n in enumerate(("Lt Lung", "lung L", "Ribs", "Ribcage", "PTV_1", "Hart"))]
    assert done.stdout.strip() == str([match(organ, here) for organ in ORGANS])


@given(st.text())
def test_normalising_twice_changes_nothing(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)


@given(st.sampled_from(ORGANS), st.lists(st.text(), max_size=4))
def test_odd_characters_never_crash_a_match(organ: str, odd: list[str]) -> None:
    assert match(organ, rois(*odd)).organ == organ


@given(st.sampled_from(PLAIN).flatmap(lambda organ: st.tuples(st.just(organ), spelled(organ))))
def test_case_separators_and_the_words_for_a_side_do_not_matter(case: tuple[str, str]) -> None:
    organ, name = case
    assert isinstance(match(organ, rois(name)), Match)


@given(
    st.sampled_from(PLAIN),
    st.sampled_from(PLAIN).flatmap(lambda o: st.one_of(spelled(o), st.sampled_from([o, *LISTED[o]]))),
    st.sampled_from(["PTV", "CTV", "GTV", "ITV", "IGTV", "PRV", "prv05", "-", "+", "~", "^", "!", "&", "|"]),
    st.sampled_from(["{name}{mark}", "{mark}{name}", "{name}_{mark}", "{name} {mark} 5mm"]),
    st.sampled_from(["", "ORGAN", "AVOIDANCE", "EXTERNAL", "PTV"]),
    st.booleans(),
)
def test_a_target_margin_or_boolean_name_is_never_an_organ(
    organ: str, name: str, mark: str, form: str, kind: str, coded: bool
) -> None:
    roi = RoiName(name=form.format(name=name, mark=mark), number=1, kind=kind, codes=(organ,) if coded else ())
    assert isinstance(match(organ, [roi]), NoMatch)
    named = organ_named(roi.name)
    assert named is None or (mark == "PRV" and named.endswith("_PRV"))  # SpinalCanalPRV is a listed margin, no organ


@given(
    st.sampled_from(SIDED).flatmap(
        lambda organ: st.tuples(st.just(organ), st.one_of(spelled(organ), st.sampled_from([organ, *LISTED[organ]])))
    ),
    st.booleans(),
)
def test_one_side_is_never_taken_for_the_other(case: tuple[str, str], coded: bool) -> None:
    organ, name = case
    other = organ[:-1] + {"L": "R", "R": "L"}[organ[-1]]
    found = match(other, [RoiName(name=name, number=1, codes=(other,) if coded else ())])
    assert found == NoMatch(organ=other)


@given(st.sampled_from(sorted(LISTED)))
def test_every_listed_alias_leads_to_its_organ_and_no_other(organ: str) -> None:
    for alias in LISTED[organ]:
        led_to = {o for o in LISTED if isinstance(match(o, rois(alias)), Match)}
        assert led_to == {organ}, alias


@pytest.mark.parametrize(
    ("organ", "name"),
    [
        ("SpinalCord", "SpinalCanal"),
        ("SpinalCord", "Spinal Canal"),
        ("SpinalCord", "SpinalCord_PRV05"),
        ("SpinalCord", "ThecalSac"),
        ("SpinalCord", "Spinalkanal"),
        ("SpinalCord", "Myelon PRV"),
        ("Lungs", "Lungs-PTV"),
        ("Lungs", "Lungs-GTV"),
        ("Lungs-GTV", "Lungs-PTV"),
        ("Lungs-GTV", "Lungs"),
        ("Lungs", "Lung_L"),
        ("Liver", "Liver-PTV"),
        ("Liver-GTV", "Liver-PTV"),
        ("Rib", "Chestwall"),
        ("Rib", "Ribs"),
        ("Chestwall", "Ribs"),
        ("Kidneys", "Kidney_Cortex"),
        ("Kidneys", "Renal cortex"),
        ("Bladder", "Bladder_Wall"),
        ("Bladder_Wall", "Bladder"),
        ("Rectum", "rectalwall"),
        ("Bowel", "Bag_Bowel"),
        ("Trachea", "BronchialTree"),
        ("BrachialPlex_L", "BrachialPlexs"),
        ("External", "Skin"),
        ("Lungs", "Lung (R&L)"),
    ],
)
def test_names_that_must_never_be_joined(organ: str, name: str) -> None:
    coded = RoiName(name=name, number=1, codes=(organ,))
    assert taken(organ, name) is None
    assert taken(organ, coded) is None


@pytest.mark.parametrize(
    ("organ", "name"), [("BrachialPlex_L", "plexus_l"), ("OpticNrv_L", "nerve_l"), ("BileDuct_Common", "BileDuct")]
)
def test_a_name_too_vague_for_one_organ_is_not_an_alias(organ: str, name: str) -> None:
    assert taken(organ, name) is None


@pytest.mark.parametrize(
    ("organ", "name", "rule"),
    [
        ("Lung_L", "Lt Lung", Rule.ALIAS),
        ("Femur_Head_L", "Femoral Head Lt", Rule.ALIAS),
        ("Femur_Head_R", "Femoral Head RT", Rule.ALIAS),
        ("Body", "BODY", Rule.ALIAS),
        ("Lung_R", "Lunge re", Rule.ALIAS),
        ("Kidney_L", "Niere links", Rule.ALIAS),
        ("Bowel_Small", "Du\u0308nndarm", Rule.ALIAS),
        ("Lungs-GTV", "Lungs-GTV", Rule.EXACT),
        ("Lungs-GTV", "LUNGS - GTV", Rule.ALIAS),
        ("Lungs-ITV", "Lungs-IGTV", Rule.ALIAS),
        ("SpinalCord_PRV05", "SpinalCord_PRV05", Rule.EXACT),
        ("ITV", "IGTV", Rule.ALIAS),
        ("PTV", "PTV_5000", Rule.PREFIX),
        ("PTV", "ptv1", Rule.PREFIX),
        ("SpinalCord_Sub", "SpinalCord_Sub", Rule.EXACT),
    ],
)
def test_names_that_are_known(organ: str, name: str, rule: Rule) -> None:
    assert taken(organ, name) == (name, rule)


def test_the_users_mapping_wins_over_the_exact_name() -> None:
    found = match("Heart", rois("Heart", "HeartNew"), {"Heart": "HeartNew"})
    assert found == Match(organ="Heart", roi=RoiName(name="HeartNew", number=2), rule=Rule.GIVEN)


def test_the_users_mapping_may_spell_the_organ_otherwise() -> None:
    found = match("SpinalCord", rois("x", "SpinalCord"), {"spinal cord": "x"})
    assert isinstance(found, Match)
    assert found.roi.name == "x"


def test_a_mapping_to_a_name_the_plan_lacks_is_not_second_guessed() -> None:
    assert match("Heart", rois("Heart", "Hart_neu"), {"Heart": "Hart neu"}) == NoMatch(
        organ="Heart", given="Hart neu", suggested=("Hart_neu",)
    )


def test_the_exact_name_wins_over_an_alias() -> None:
    assert taken("SpinalCord", "Cord", "SpinalCord") == ("SpinalCord", Rule.EXACT)


def test_two_aliases_of_one_organ_are_ambiguous() -> None:
    assert candidates(match("Lung_L", rois("Lung L", "Left Lung"))) == ("Left Lung", "Lung L")


def test_two_structures_of_the_same_exact_name_are_ambiguous() -> None:
    found = match("Heart", rois("Heart", "Heart"))
    assert candidates(found) == ("Heart (ROI 1)", "Heart (ROI 2)")


def test_a_close_name_is_suggested_and_not_taken() -> None:
    found = match("Bladder", rois("Rectum", "Urinary bladder"))
    assert found == NoMatch(organ="Bladder", suggested=("Urinary bladder",), probable=("Urinary bladder",))


def test_a_code_is_taken_where_the_name_says_nothing() -> None:
    assert taken("Lung_L", RoiName(name="OAR 3", number=1, codes=("Left lung",))) == ("OAR 3", Rule.CODE)
    assert taken("Bladder", RoiName(name="OAR 4", number=1, codes=("Urinary bladder",))) == ("OAR 4", Rule.CODE)


def test_a_body_contour_coded_as_skin_is_not_the_skin() -> None:
    body = RoiName(name="BODY", number=1, kind="EXTERNAL", codes=("Skin",))
    assert taken("Skin", body) is None
    assert taken("External", body) == ("BODY", Rule.KIND)


def test_a_code_is_refused_when_the_name_is_another_organs() -> None:
    assert taken("SpinalCord", RoiName(name="Esophagus", number=1, codes=("Spinal Cord",))) is None


def test_the_one_structure_typed_and_named_ptv_is_the_ptv() -> None:
    target = RoiName(name="final PTV", number=1, kind="PTV")
    assert taken("PTV", target, "Heart") == ("final PTV", Rule.KIND)


def test_a_type_alone_makes_no_target_and_is_suggested() -> None:
    boost, lung = RoiName(name="Boost", number=1, kind="PTV"), RoiName(name="Lung_L", number=2, kind="PTV")
    assert match("PTV", [boost, lung]) == NoMatch(organ="PTV", suggested=("Boost",), probable=("Boost",))


HELPERS = [
    *("PTV_opti", "PTV_Expand_2cm", "PTV_2cm", "PTV_Cropped", "PTV_Out", "PTV_in_lung_minus", "PTV_D2cm"),
    *(
        "PTV_DONOTUSE",
        "PTV_do_not_use",
        "PTV old",
        "PTVold",
        "PTV_ring2cm",
        "PTVring",
        "zPTV_opt",
        "z_PTV",
        "xPTV_5000",
    ),
    *(
        "_PTV",
        "_PTV_5000",
        "PTV_eval",
        "PTVeval",
        "PTV_dvh",
        "PTV5mm",
        "PTV_sub",
        "PTV_temp",
        "PTV copy",
        "PTV_boolean",
    ),
    *("PTV_help", "PTV hot", "PTV overlap", "PTV_Kopie", "PTV ohne Lunge"),
]


@pytest.mark.parametrize("kind", ["", "PTV", "ORGAN", "CONTROL"])
@pytest.mark.parametrize("name", HELPERS)
def test_a_planners_helper_is_never_the_target_whatever_its_type(name: str, kind: str) -> None:
    helper = RoiName(name=name, number=1, kind=kind)
    assert isinstance(match("PTV", [helper]), NoMatch)
    assert match("PTV", [helper, *rois(RoiName(name="PTV_5000", number=2, kind="ORGAN"))]) == Match(
        organ="PTV", roi=RoiName(name="PTV_5000", number=2, kind="ORGAN"), rule=Rule.PREFIX
    )


def test_a_helper_is_taken_only_when_the_user_says_so() -> None:
    found = match("PTV", rois("PTV_eval", "PTV_5000"), {"PTV": "PTV_eval"})
    assert isinstance(found, Match)
    assert (found.roi.name, found.rule) == ("PTV_eval", Rule.GIVEN)


SUFFIXES = [
    *(
        "5000",
        "50Gy",
        "50 Gy",
        "50.4Gy",
        "5000cGy",
        "50",
        "p",
        "n1",
        "1",
        "02",
        "High",
        "Mid01",
        "Low",
        "A",
        "left",
        "L",
    ),
    *(
        "Liver",
        "Liver_20Gyx3",
        "Liver_2000x3",
        "SpinalCord",
        "Lung_L",
        "lung left",
        "RUL",
        "T12",
        "CT1",
        "p2_CT1PT1MR1",
    ),
    *("boost", "Glnd_Adrenal_R", "adrenal", "ln 2", "Leber"),
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_tg263_lets_follow_a_target_may_follow_it(target: str, suffix: str) -> None:
    for name in (f"{target}{suffix}", f"{target}_{suffix}", f"{target} {suffix}".lower()):
        assert taken(target, name) == (name, Rule.PREFIX)


@given(
    st.sampled_from(TARGETS),
    st.lists(st.sampled_from(["5000", "1", "A", "L", "Liver", "High"]), max_size=2),
    st.sampled_from(
        ["opt", "opti", "ring", "Expand", "2cm", "3mm", "crop", "out", "minus", "sub", "eval", "dvh", "old"]
    ),
    st.lists(st.sampled_from(["5000", "1", "A", "L", "Liver", "High"]), max_size=2),
    st.sampled_from(["_", " ", "."]),
    st.sampled_from([str.upper, str.lower, str.title, str]),
    st.sampled_from(["", "PTV", "CTV", "GTV", "ITV", "ORGAN"]),
)
def test_no_place_of_a_helpers_word_makes_it_a_target(
    target: str, before: list[str], word: str, after: list[str], between: str, case: Callable[[str], str], kind: str
) -> None:
    name = case(between.join([target, *before, word, *after]))
    assert isinstance(match(target, [RoiName(name=name, number=1, kind=kind)]), NoMatch)


@given(
    st.sampled_from(TARGETS),
    st.text(alphabet="abcdefgopuxz_ 0123459.-", max_size=8),
    st.sampled_from(["", "z", "x_", "_"]),
)
def test_an_exact_target_beside_others_is_taken_and_the_others_are_told_never_a_helper(
    target: str, text: str, first: str
) -> None:
    other = RoiName(name=f"{first}{target}_{text}", number=2)
    found = match(target, [RoiName(name=target, number=1), other])
    assert isinstance(found, Match)
    assert (found.roi.number, found.rule) == (1, Rule.EXACT)
    if isinstance(match(target, [other]), Match):
        assert found.others == (other.name,)
    if first:
        assert found.others == ()


@pytest.mark.parametrize(
    ("organ", "name", "other"),
    [
        ("PTV", "PTV", "PTV2"),
        ("PTV", "PTV", "PTV_final"),
        ("Lung_L", "Lung_L", "Lung L"),
        ("SpinalCord", "SpinalCord", "Myelon"),
        ("PTV", "PTV_5000", "PTV_final"),
    ],
)
def test_what_a_weaker_rule_would_have_taken_is_told(organ: str, name: str, other: str) -> None:
    found = match(organ, rois(name, other))
    assert isinstance(found, Match)
    assert (found.roi.name, found.others) == (name, (other,))


def test_a_structure_typed_as_the_target_beside_the_one_taken_is_told() -> None:
    found = match("PTV", rois("PTV", RoiName(name="Boost", number=2, kind="PTV"), "PTV_opti", "PTV-Lung", "PTV ring"))
    assert isinstance(found, Match)
    assert found.others == ("Boost",)


def test_a_helper_of_an_organ_is_not_taken_by_its_code_or_alias() -> None:
    for name in ("x_Heart", "Heart old", "Heart copy", "_Heart"):
        assert taken("Heart", RoiName(name=name, number=1, codes=("Heart",))) is None


@pytest.mark.parametrize("name", ["PTV-GTV", "PTV+5mm", "PTV\u2013Lung", "PTV \u2212 GTV", "PTVGTV"])
def test_a_boolean_typed_as_a_target_is_not_the_target(name: str) -> None:
    assert taken("PTV", RoiName(name=name, number=1, kind="PTV")) is None


def test_two_structures_typed_ptv_are_ambiguous_unless_one_is_named_ptv() -> None:
    one, two = RoiName(name="PTV_5000", number=1, kind="PTV"), RoiName(name="PTV_3000", number=2, kind="PTV")
    assert candidates(match("PTV", [one, two])) == ("PTV_3000", "PTV_5000")
    assert taken("PTV", one, two, RoiName(name="PTV", number=3)) == ("PTV", Rule.EXACT)


def test_two_names_that_begin_with_ptv_are_ambiguous() -> None:
    assert candidates(match("PTV", rois("PTV_1", "PTV_2"))) == ("PTV_1", "PTV_2")


@pytest.mark.parametrize("name", ["PTV_ring", "PTV-GTV", "PTV+5mm", "PTV opt2", "PTVGTV", "CTV"])
def test_helpers_and_booleans_of_a_target_are_not_the_target(name: str) -> None:
    assert taken("PTV", name) is None


def test_a_structure_typed_ptv_but_named_gtv_is_not_the_ptv() -> None:
    assert taken("PTV", RoiName(name="GTV", number=1, kind="PTV")) is None


def test_both_sides_make_the_pair() -> None:
    left, right = rois("Lung L", "Lung R")
    assert derivable([right, left]) == (Recipe(organ="Lungs", plus=(left, right)),)


def test_one_side_makes_no_pair() -> None:
    assert derivable(rois("Lung L", "Kidney_R", "GTV")) == ()


def test_a_drawn_pair_is_not_made_again() -> None:
    assert derivable(rois("Lungs", "Lung_L", "Lung_R")) == ()


def test_a_spared_organ_is_the_organ_without_every_target_of_that_kind() -> None:
    liver, first, second, ring = rois("Liver", "GTV_1", "GTVn", "GTV ring")
    assert derivable([ring, second, first, liver]) == (Recipe(organ="Liver-GTV", plus=(liver,), minus=(first, second)),)


@pytest.mark.parametrize("old", ["GTV_old", "GTV copy", "zGTV", "GTV_ring", "GTV_DONOTUSE", "_GTV"])
def test_older_versions_copies_and_helpers_are_not_taken_out(old: str) -> None:
    lungs, gtv, _ = found = rois("Lungs", "GTV", RoiName(name=old, number=3, kind="GTV"))
    assert derivable(found) == (Recipe(organ="Lungs-GTV", plus=(lungs,), minus=(gtv,)),)


@pytest.mark.parametrize(
    "names",
    [
        ("GTV_CT", "GTV_MR"),
        ("GTV_5000", "GTV_4000"),
        ("GTV", "gtv"),
        ("GTV", "GTV_final"),
        ("GTV_1", "GTV 1"),
        ("GTV", RoiName(name="met 2", number=9, kind="GTV")),
    ],
)
def test_nothing_is_taken_out_when_it_is_not_clear_what_the_targets_are(names: tuple[str | RoiName, ...]) -> None:
    assert derivable(rois("Lungs", *names)) == ()


@pytest.mark.parametrize("names", [("GTV1", "GTV2"), ("GTV", "GTVn"), ("GTVp", "GTVn1", "GTVn2"), ("GTV_L", "GTV_R")])
def test_targets_that_their_names_tell_apart_are_all_taken_out(names: tuple[str, ...]) -> None:
    lungs, *targets = found = rois("Lungs", *names)
    (recipe,) = derivable(found)
    assert (recipe.plus, set(recipe.minus)) == ((lungs,), set(targets))


def test_lungs_without_the_itv_may_be_made_of_both_sides_and_an_igtv() -> None:
    left, right, itv = rois("Lung_L", "Lung_R", "IGTV")
    assert Recipe(organ="Lungs-ITV", plus=(left, right), minus=(itv,)) in derivable([left, right, itv])


def test_an_organ_the_user_named_is_not_derived() -> None:
    assert derivable(rois("Lung_L", "Lung_R"), {"Lungs": "both lungs"}) == ()


def test_only_the_users_target_is_taken_out() -> None:
    liver, gtv, _ = rois("Liver", "GTVp", "GTV_old")
    found = derivable(rois("Liver", "GTVp", "GTV_old"), {"GTV": "GTVp"})
    assert found == (Recipe(organ="Liver-GTV", plus=(liver,), minus=(gtv,)),)


def test_an_ambiguous_part_makes_nothing() -> None:
    assert derivable(rois("Lung L", "Left Lung", "Lung R")) == ()


@given(roi_lists)
def test_recipes_are_only_for_organs_without_a_match_and_use_only_structures_of_the_plan(found: list[RoiName]) -> None:
    for recipe in derivable(found):
        assert isinstance(match(recipe.organ, found), NoMatch)
        assert recipe.plus
        assert bool(recipe.minus) == ("-" in recipe.organ)
        assert set(recipe.plus) | set(recipe.minus) <= set(found)
        assert not set(recipe.plus) & set(recipe.minus)


@given(st.one_of(names, st.sampled_from(ORGANS).flatmap(spelled)))
def test_the_organ_of_a_name_is_the_one_that_a_structure_of_that_name_is_taken_for(name: str) -> None:
    by_name = {
        organ
        for organ in ORGANS
        if isinstance(found := match(organ, rois(name)), Match) and found.rule in (Rule.EXACT, Rule.ALIAS)
    }
    assert by_name == ({organ_named(name)} - {None})


@given(
    st.sampled_from(SIDED).flatmap(lambda organ: st.tuples(st.just(organ), spelled(organ))),
    st.sampled_from(["", " neu", "_new", " 2", "_dup"]),
)
def test_a_structure_of_the_other_side_is_not_even_suggested(case: tuple[str, str], suffix: str) -> None:
    organ, name = case
    other = organ[:-1] + {"L": "R", "R": "L"}[organ[-1]]
    found = match(other, rois(name + suffix, organ))
    assert isinstance(found, NoMatch)
    assert organ not in found.suggested


def test_no_spelling_stands_for_two_organs() -> None:
    seen: dict[str, str] = {}
    for organ, aliases in LISTED.items():
        for key in {normalise(name) for name in (organ, *aliases)}:
            assert seen.setdefault(key, organ) == organ, key


# -------------------------------------------------------------------------------- structures without contours


@given(st.sampled_from(ORGANS), roi_lists, names, st.sampled_from(["", "ORGAN", "PTV", "GTV", "EXTERNAL"]))
def test_a_structure_without_contours_never_changes_which_contoured_one_is_taken(
    organ: str, found: list[RoiName], name: str, kind: str
) -> None:
    empty = RoiName(name=name, number=99, kind=kind, contoured=False)
    before, after = match(organ, found), match(organ, [*found, empty])
    match before:
        case Match(roi=roi, rule=rule) if roi.contoured:
            assert isinstance(after, Match)
            assert (after.roi, after.rule) == (roi, rule)
        case Ambiguous():
            assert after == before or not any(r.contoured for r in found)
        case NoMatch():
            assert not isinstance(after, Match) or after.roi == empty
        case Match():
            assert not isinstance(after, Match) or not after.roi.contoured


@pytest.mark.slow
@given(st.sampled_from(TARGETS), roi_lists, names)
def test_a_target_without_contours_is_none_beside_those_that_have_some(
    target: str, found: list[RoiName], name: str
) -> None:
    contoured = targets(target, [r for r in found if r.contoured])
    with_empty = targets(target, [*found, RoiName(name=name, number=99, contoured=False)])
    assert with_empty == contoured if contoured else not any(r.contoured for r in with_empty)


@given(st.sampled_from(ORGANS), roi_lists)
def test_what_is_suggested_has_contours_and_the_probable_are_among_it(organ: str, found: list[RoiName]) -> None:
    told = match(organ, found)
    if isinstance(told, Ambiguous):
        return
    assert set(told.probable) <= set(told.suggested) <= {r.name for r in found if r.contoured}
    if isinstance(told, Match):
        assert told.suggested == () or not told.roi.contoured


def test_of_two_structures_of_one_name_the_contoured_one_is_taken_and_that_is_told() -> None:
    empty, cord = RoiName(name="SpinalCord", number=4, contoured=False), RoiName(name="SpinalCord", number=9)
    taken_ = Match(organ="SpinalCord", roi=cord, rule=Rule.EXACT, passed_over=("SpinalCord (ROI 4)",))
    assert match("SpinalCord", [empty, cord]) == match("SpinalCord", [cord, empty]) == taken_


def test_an_empty_structure_of_the_exact_name_does_not_hide_a_contoured_one_of_a_weaker_rule() -> None:
    empty, cord = RoiName(name="SpinalCord", number=1, contoured=False), RoiName(name="Spinal Cord", number=2)
    found = match("SpinalCord", [empty, cord])
    assert found == Match(organ="SpinalCord", roi=cord, rule=Rule.ALIAS, passed_over=("SpinalCord",))


def test_an_organ_that_is_there_but_empty_is_taken_with_what_is_probably_it() -> None:
    empty = RoiName(name="SpinalCord", number=1, contoured=False)
    found = match("SpinalCord", [empty, *rois(RoiName(name="SpinalCord_1", number=2), "Heart")])
    assert found == Match(
        organ="SpinalCord", roi=empty, rule=Rule.EXACT, suggested=("SpinalCord_1",), probable=("SpinalCord_1",)
    )


def test_a_pair_is_not_hidden_by_an_empty_target_and_not_made_without_a_target_that_has_contours() -> None:
    lungs, gtv = rois("Lungs", "GTV1")
    empty = RoiName(name="GTV2", number=3, contoured=False)
    assert derivable([lungs, gtv, empty]) == (Recipe(organ="Lungs-GTV", plus=(lungs,), minus=(gtv,)),)


# -------------------------------------------------------------------------------- names that the user gave


@given(st.sampled_from(ORGANS), roi_lists, st.one_of(names, st.text(min_size=1, max_size=12)))
def test_a_name_given_is_used_or_reported_and_never_replaced(organ: str, found: list[RoiName], name: str) -> None:
    told = match(organ, found, {organ: name}) if name else NoMatch(organ=organ, given=name)
    called_so = [r for r in found if r.name == name] or [r for r in found if name.casefold() == f"roi {r.number}"]
    match told:
        case Match(roi=roi):
            assert told.rule is Rule.GIVEN
            assert roi in called_so
            assert roi.contoured or len(called_so) == 1
        case Ambiguous():
            assert len(called_so) > 1
        case NoMatch():
            assert called_so == [] or not name
            assert told.given == name
            assert not any(recipe.organ == organ for recipe in derivable(found, {organ: name}) if name)
    missing = [one.organ for one in missing_names({organ: name}, found)]
    assert missing == ([organ] if isinstance(told, NoMatch) and name else [])


@given(roi_lists, st.sampled_from(["Lung_L", "Kidney_R", "GTV", "Liver", "Lungs", "ITV"]))
def test_a_name_given_for_a_part_that_the_plan_lacks_makes_no_organ_of_other_parts(
    found: list[RoiName], part: str
) -> None:
    pair = {"Lung_L": "Lungs", "Kidney_R": "Kidneys"}.get(part)
    for recipe in derivable(found, {part: "no such structure"}):
        assert part not in recipe.organ
        assert pair is None or pair not in recipe.organ or len(recipe.plus) == 1  # the pair itself, not its sides


def test_the_pair_itself_stands_for_a_side_that_the_plan_lacks() -> None:
    total, gtv = rois("Lung_Total", "GTV")
    (recipe,) = derivable([total, gtv], {"Lung_L": "no such structure"})
    assert recipe == Recipe(organ="Lungs-GTV", plus=(total,), minus=(gtv,))


@pytest.mark.parametrize("written", ["ROI 2", "roi 2", "Roi  2", " ROI 02 "])
def test_a_name_given_may_be_a_roi_number(written: str) -> None:
    first, second = rois("SpinalCord", "SpinalCord")
    found = match("SpinalCord", [first, second], {"SpinalCord": written})
    assert found == Match(organ="SpinalCord", roi=second, rule=Rule.GIVEN)


def test_a_structure_that_is_called_like_a_roi_number_wins_over_the_number() -> None:
    called, numbered = RoiName(name="ROI 6", number=1), RoiName(name="Heart", number=6)
    found = match("SpinalCord", [called, numbered], {"SpinalCord": "ROI 6"})
    assert isinstance(found, Match)
    assert found.roi == called


@pytest.mark.parametrize(
    "written", ["ROI 7", "ROI", "6", "ROI six", "XROI 6", "ROI 6.0", "ROI -6", "spinalcord", "Cord "]
)
def test_what_is_neither_a_name_nor_a_number_of_the_plan_is_missing(written: str) -> None:
    found = match("SpinalCord", [RoiName(name="Cord", number=6)], {"SpinalCord": written})
    assert isinstance(found, NoMatch)
    assert found.given == written


def test_of_two_structures_of_the_name_given_the_contoured_one_is_taken_and_told() -> None:
    empty, cord = RoiName(name="Myelon", number=1, contoured=False), RoiName(name="Myelon", number=2)
    found = match("SpinalCord", [empty, cord], {"SpinalCord": "Myelon"})
    assert found == Match(organ="SpinalCord", roi=cord, rule=Rule.GIVEN, passed_over=("Myelon (ROI 1)",))


def test_two_contoured_structures_of_the_name_given_are_ambiguous_and_told_with_their_numbers() -> None:
    found = match("SpinalCord", rois("x", "Myelon", "Myelon"), {"SpinalCord": "Myelon"})
    assert candidates(found) == ("Myelon (ROI 2)", "Myelon (ROI 3)")
    assert "SpinalCord: 'ROI 6'" in found.hint


# -------------------------------------------------------------------------------- names that were changed


@given(st.sampled_from(ORGANS), roi_lists, names)
def test_a_structure_renamed_is_replaced_by_none_but_those_that_were_told(
    organ: str, found: list[RoiName], name: str
) -> None:
    before = match(organ, found)
    if not isinstance(before, Match):
        return
    renamed = RoiName(name=name, number=before.roi.number, contoured=before.roi.contoured)
    after = match(organ, [renamed if r == before.roi else r for r in found])
    if isinstance(after, Match) and after.roi != renamed:
        told = {*before.others, *before.passed_over}
        assert {after.roi.name, f"{after.roi.name} (ROI {after.roi.number})"} & told


@given(st.sampled_from(ORGANS), roi_lists)
def test_a_match_matches_again(organ: str, found: list[RoiName]) -> None:
    first = match(organ, found)
    if isinstance(first, Match):
        alone = match(organ, [first.roi])
        assert isinstance(alone, Match)
        assert (alone.roi, alone.rule) == (first.roi, first.rule)


COPIES = ["{}_1", "{} 2", "{}_old", "{}_new", "z{}", "_{}", "{}_copy", "{}_PRV", "{} +5mm", "{}_opt", "{} OAR"]


# lymph nodes are targets more often than organs, and never suggested; "Sub" is a part of anything
RENAMED = [name for name in PLAIN if name not in ("External", "Body", "SpinalCord_Sub") and not name.startswith("LN_")]


@pytest.mark.parametrize("form", COPIES)
def test_an_organ_renamed_as_a_copy_a_margin_or_a_version_is_probably_still_it(form: str) -> None:
    for organ in RENAMED:
        found = match(organ, rois(form.format(organ), "Couch", "Marker 1"))
        assert found == NoMatch(organ=organ, suggested=(form.format(organ),), probable=(form.format(organ),))


# -------------------------------------------------------------------------------- names that are suggested


def sided(organ: str) -> list[str]:
    return [known for known in (organ, f"{organ}_L", f"{organ}_R") if known in ORGANS]


@pytest.mark.parametrize(
    ("organ", "name"), [(o, n) for o, several in SUGGESTED.items() for n in several if "*" not in n]
)
def test_a_suggestion_is_suggested_and_never_taken(organ: str, name: str) -> None:
    side_in_the_word = name[0] if name in ("LMB", "LMSB", "RMB", "RMSB") else ""
    for known in sided(organ):
        if side_in_the_word and known.endswith(("_L", "_R")) and known[-1] != side_in_the_word:
            continue
        listed = {normalise(alias) for alias in LISTED[known]}
        found = match(known, rois(name))
        if normalise(name) in listed:
            assert isinstance(found, Match)
            continue
        assert isinstance(found, NoMatch)
        assert found.suggested == (name,)


def test_suggestions_are_for_organs_that_are_known() -> None:
    assert [organ for organ in SUGGESTED if not sided(organ)] == ["not listed"]


@pytest.mark.parametrize(
    ("organ", "name"),
    [
        *(("SpinalCord", n) for n in ("Spinal Canal", "SpinalCanal", "SpinalCord_1", "ThecalSac", "SpinalCord_PRV05")),
        *(("Bronchus_Main", n) for n in ("PBT", "BronchialTree", "ProxBronchiaZone", "Prox_Bronch_Tree", "Bronchus_L")),
        *(("Trachea", n) for n in ("PBT", "BronchialTree", "ProxBronchiaZone", "Prox_Bronch_Tree")),
        *(("Lungs", n) for n in ("Lung B", "Lungs B", "Total Lung", "Lung (R&L)", "Lung_L", "Lungs-PTV")),
        *(("Lungs-GTV", n) for n in ("Lungs", "Lungs minus PTV", "Lung_R")),
        *(("GreatVes", n) for n in ("Aorta", "PulmonaryArtery", "A_Pulmonary", "VCS", "V_Venacava_S", "Gt Vessels")),
        *(("OpticNrv_R", n) for n in ("Optic Nerve - Rt", "Optic Nerve Righ", "Optic Nerve", "Opt Nerve R")),
        *(("OpticNrv_L", n) for n in ("Optic Nerve-Lt", "Optic Nerve Lef", "Optic Nerves")),
        ("Femur_Head_L", "Lt Fem Head 2"),
        ("BrachialPlex_R", "Brachial Plexus "),
        ("GreatVes", "Superior Vena Ca"),
        ("Esophagus", "Esophagus_2"),
        ("Esophagus", "Esophgus"),
        ("Heart", "Hart"),
        ("Duodenum", "Duod"),
        ("Bladder", "Urinary bladder"),
        ("Bladder", "Bladder_Wall"),
        ("Rib", "Chestwall"),
        ("PTV", "1 PTV +1.0 mm"),
        ("PTV", "PTV_old"),
    ],
)
def test_names_of_real_plans_that_are_probably_the_organ(organ: str, name: str) -> None:
    found = match(organ, [*rois("Couch", "Dose 95[%]", "Marker1"), RoiName(name=name, number=9)])
    assert isinstance(found, NoMatch)
    assert found.probable == (name,)


@pytest.mark.parametrize(
    "name", ["SpinalCord_PRV3", "SpinalCord_PRV05", "PRV Spinal Cord", "SpinalCord_final", "spinal cord (1)"]
)
def test_a_whole_organ_in_as_many_letters_as_a_system_keeps_is_no_longer_one_cut_off(name: str) -> None:
    assert len(name) in {15, 16}
    found = match("SpinalCord_Sub", rois(name))
    assert isinstance(found, NoMatch)
    assert found.probable == ()


@pytest.mark.parametrize(
    ("name", "by_kind"),
    [
        ("Lungs-PTV", {"": False, "ORGAN": False, "PTV": True}),
        ("NT-PTV", {"": True, "ORGAN": False, "CONTROL": False, "PTV": True}),
        ("RUL-PTV", {"": True, "GTV": True}),
        ("PTV-GTV", {"": True, "ORGAN": True, "PTV": True}),
        ("Lung_PTV", {"": True, "ORGAN": True}),
    ],
)
def test_what_may_be_a_target_is_no_organ_that_a_target_was_taken_out_of(name: str, by_kind: dict[str, bool]) -> None:
    found = {kind: is_of_target(RoiName(name=name, number=1, kind=kind)) for kind in by_kind}
    assert found == by_kind


@pytest.mark.parametrize("kind", ["GTV", "PTV", "CONTROL", "AVOIDANCE", "ORGAN", ""])
def test_an_airway_is_probably_one_whatever_its_type(kind: str) -> None:
    found = match("Bronchus_Main", [RoiName(name="PBT", number=1, kind=kind)])
    assert found == NoMatch(organ="Bronchus_Main", suggested=("PBT",), probable=("PBT",))


@pytest.mark.parametrize(
    ("organ", "name", "kind"),
    [
        ("Cochlea_L", "Couch", ""),
        ("Cochlea_L", "CouchSurface", "SUPPORT"),
        ("Cochlea_L", "Cochlea_R", ""),
        ("SpinalCord", "SpinalCord_1", "MARKER"),
        ("SpinalCord", "POI cord", ""),
        ("SpinalCord", "Spine", ""),
        ("SpinalCord", "PTV_SpinalCord", "PTV"),
        ("Heart", "Heart ring", ""),
        ("Heart", "Avoid Heart", "AVOIDANCE"),
        ("Liver", "GTV Liver", ""),
        ("Liver", "Liver GTV", "GTV"),
        ("Liver", "Liver mets", ""),
        ("Liver", "30Gy liver", "DOSE_REGION"),
        ("Brainstem", "Brain", ""),
        ("Bladder", "Gall Bladder", ""),
        ("OpticNrv_R", "Optic Nerve Lef", ""),
        ("Ileum", "Jejunum", ""),
        ("PTV", "PTV_ring", ""),
        ("PTV", "PTV_Expand_2cm", "PTV"),
        ("PTV", "PTV-GTV", ""),
    ],
)
def test_names_that_help_nobody_are_not_suggested(organ: str, name: str, kind: str) -> None:
    assert match(organ, [RoiName(name=name, number=1, kind=kind)]) == NoMatch(organ=organ)


@given(st.sampled_from(ORGANS), st.text(min_size=65, max_size=80))
def test_what_is_too_long_for_a_name_is_not_suggested(organ: str, name: str) -> None:
    found = match(organ, rois(f"{organ} {name}"))
    assert isinstance(found, Match) or found == NoMatch(organ=organ)

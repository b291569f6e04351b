"""Spellings that clinics use -> the organ that they are, the organs that they are suggested for, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import dvh_set, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import Reason
from sbrtcheck.results import Verdict
from sbrtcheck.structure_names import (
    Dictionary,
    Match,
    NoMatch,
    RoiName,
    Rule,
    UserNames,
    is_part,
    known_names,
    lies_inside,
    match,
    may_belong_to,
    organ_named,
    structures_inside,
    structures_perhaps_of,
)
from sbrtcheck.tables import Select


def one(name: str, **fields: object) -> list[RoiName]:
    return [RoiName(name=name, number=1, **fields)]


@pytest.mark.parametrize(
    "name",
    [
        "ProxBronchTree",
        "PROXBRONCHTREE",
        "PBT",
        "pbt",
        "Prox_Bronch_Tree",
        "Prox Bronch Tree",
        "Prox.Bronch.Tree",
        "ProximalBronchTree",
        "Proximal Bronchial Tree",
        "Proximal_Bronchial_Tree",
        "Prox Bronchial Tree",
        "ProxBronchialTree",
        "BronchialTree_Prox",
        "BronchTree_Prox",
        "PBTree",
    ],
)
def test_a_spelling_of_the_proximal_bronchial_tree_is_it_and_no_other_organ(name: str) -> None:
    assert {organ for organ in known_names() if isinstance(match(organ, one(name)), Match)} == {"ProxBronchTree"}


@pytest.mark.parametrize(
    "name",
    [
        "BronchialTree",
        "Bronchial_Tree",
        "BronchTree",
        "Large Bronchus",
        "Bronchus_Large",
        "Bronchus",
        "BRONCHUS",
        "Bronchi",
        "Airways",
        "ProxBronchTree+2",
        "ProxBronchTree_PRV",
        "PTV_PBT",
        "PBT-PTV",
        "PBT_old",
        "zPBT",
        "PBTs2",
        "PB Tree 2",
        "Proximal",
        "Tree",
    ],
)
def test_a_name_that_is_only_like_the_bronchial_tree_is_matched_to_no_airway(name: str) -> None:
    for organ in ("ProxBronchTree", "Trachea", "Bronchus_Main", "Bronchus", "Carina"):
        assert not isinstance(match(organ, one(name)), Match)


@pytest.mark.parametrize("name", ["BronchialTree", "Bronch_Tree", "Prox Bronchial Zone", "PBT_old", "PBT 2"])
def test_a_name_that_is_probably_the_bronchial_tree_is_suggested_for_it(name: str) -> None:
    assert match("ProxBronchTree", one(name)) == NoMatch(organ="ProxBronchTree", suggested=(name,), probable=(name,))


# -------------------------------------------------------------------------------- a contour called Bronchus


@pytest.mark.parametrize("name", ["Bronchus", "BRONCHUS", "bronchus", " Bronchus"])
@pytest.mark.parametrize("codes", [(), ("Bronchus",), ("Bronchial tree",)])
@pytest.mark.parametrize("organ", ["Bronchus", "Bronchus_Main"])
def test_a_contour_called_bronchus_is_asked_about_and_matched_to_nothing(
    organ: str, codes: tuple[str, ...], name: str
) -> None:
    assert match(organ, one(name, codes=codes)) == NoMatch(organ=organ, suggested=(name,), probable=(name,))
    assert organ_named(name) is None


@pytest.mark.parametrize("organ", ["Bronchus", "Bronchus_Main"])
@pytest.mark.parametrize("given_as", ["Bronchus", "ROI 1"])
def test_a_names_file_settles_what_bronchus_is_and_the_other_organ_is_not_asked_about(
    organ: str, given_as: str
) -> None:
    (other,) = {"Bronchus", "Bronchus_Main"} - {organ}
    names = {organ: given_as}
    settled = match(organ, one("Bronchus"), names)
    assert isinstance(settled, Match)
    assert settled.rule is Rule.GIVEN
    assert match(other, one("Bronchus"), names) == NoMatch(organ=other)


@pytest.mark.parametrize("organ", ["Bronchus", "Bronchus_Main"])
def test_a_dictionary_settles_what_bronchus_is_and_the_other_organ_is_not_asked_about(organ: str) -> None:
    (other,) = {"Bronchus", "Bronchus_Main"} - {organ}
    names = UserNames({}, Dictionary(spellings={organ: ("bronchus",)}))
    settled = match(organ, one("Bronchus"), names)
    assert isinstance(settled, Match)
    assert settled.rule is Rule.DICTIONARY
    assert match(other, one("Bronchus"), names) == NoMatch(organ=other)


@pytest.mark.parametrize("name", ["Bronchus_L", "Bronchus_R", "L_Bronchus", "Bronchus_Main_L", "Rt Main Bronchus"])
def test_a_side_of_the_bronchus_is_suggested_for_the_main_bronchus_and_not_for_the_smaller_airways(name: str) -> None:
    found = match("Bronchus_Main", one(name))
    assert found == NoMatch(organ="Bronchus_Main", suggested=(name,), probable=(name,))
    assert is_part(name, "Bronchus_Main")
    assert not isinstance(match("Bronchus", one(name)), Match)


@pytest.mark.parametrize("name", ["Main Bronchus", "Main_Bronchus", "MAINBRONCHUS", "Bronchus_Main"])
def test_the_main_bronchus_by_name_is_matched(name: str) -> None:
    assert isinstance(match("Bronchus_Main", one(name)), Match)


def test_the_row_on_smaller_airways_asks_whether_bronchus_is_meant() -> None:
    asked = table(row("Max[Gy]", "below", 33, "Bronchus", mandatory=True))
    (outcome,) = report_on(asked, dvh_set(uniform_dvh("Bronchus", dose_gy=10.0))).outcomes
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.STRUCTURE_MISSING)
    assert outcome.probable == ("Bronchus",)


def test_a_union_with_the_main_bronchus_asks_whether_bronchus_is_it_and_passes_once_a_dictionary_says_so() -> None:
    asked = table(row("Max[Gy]", "below", 33, "Trachea", "Bronchus_Main", select=Select.UNION))
    dvhs = dvh_set(uniform_dvh("Trachea", dose_gy=10.0))
    assert report_on(asked, dvhs).outcomes[0].verdict is Verdict.NOT_EVALUATED
    both = dvh_set(uniform_dvh("Trachea", dose_gy=10.0), uniform_dvh("Bronchus", dose_gy=10.0))
    (asks,) = report_on(asked, both).outcomes
    assert asks.verdict is Verdict.NOT_EVALUATED
    assert asks.lacking == ("Bronchus_Main (is Bronchus it?)",)
    alone = table(row("Max[Gy]", "below", 33, "Bronchus_Main"))
    (settled,) = report_on(alone, both, dictionary={"Bronchus_Main": ["Bronchus"]}).outcomes
    assert (settled.verdict, settled.contour) == (Verdict.PASS, "Bronchus")
    assert settled.structure is not None
    assert settled.structure.rules == (Rule.DICTIONARY,)


# -------------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("organ", "part"),
    [
        ("Esophagus", "Esophagus_S"),
        ("SpinalCord", "SpinalCord_Thor"),
        ("SpinalCord", "SpinalCord_Sub"),
        ("Lungs", "Lung_LUL"),
        ("Lung_R", "Lung_RML"),
        ("Bowel_Large", "Cecum"),
        ("Rib", "Rib05_L"),
        ("GreatVes", "GreatVes_NAdj"),
        ("Kidneys", "Kidney_Pelvis_R"),
    ],
)
def test_a_part_of_an_organ_is_suggested_for_it_and_never_the_organ(organ: str, part: str) -> None:
    assert match(organ, one(part)) == NoMatch(organ=organ, suggested=(part,), probable=(part,))


@given(st.sampled_from(sorted(known_names())), st.sampled_from(sorted(known_names())))
def test_a_part_is_another_organ_than_the_whole(part: str, whole: str) -> None:
    if is_part(part, whole):
        assert part != whole
        assert not is_part(whole, part)
        assert not isinstance(match(whole, one(part)), Match)


ALL_ORGANS = sorted(known_names())


@given(st.sampled_from(ALL_ORGANS), st.data())
def test_what_lies_inside_an_organ_lies_inside_what_that_lies_in_and_is_neither(part: str, data: st.DataObject) -> None:
    wholes = [whole for whole in ALL_ORGANS if lies_inside(part, whole)]
    assert part not in wholes
    assert not any(lies_inside(whole, part) for whole in wholes)
    for whole in [data.draw(st.sampled_from(wholes))] if wholes else []:
        assert not isinstance(match(whole, one(part)), Match)
        assert {other for other in ALL_ORGANS if lies_inside(whole, other)} <= set(wholes)


@given(st.sampled_from(ALL_ORGANS), st.data())
def test_what_may_belong_to_an_organ_is_no_other_relation_of_it(part: str, data: st.DataObject) -> None:
    """Neither does the organ belong to it, nor surely hold it; what lies inside it may belong to the organ too."""
    wholes = [whole for whole in ALL_ORGANS if may_belong_to(part, whole)]
    assert part not in wholes
    assert not any(
        lies_inside(part, whole) or lies_inside(whole, part) or may_belong_to(whole, part) for whole in wholes
    )
    for whole in [data.draw(st.sampled_from(wholes))] if wholes else []:
        assert not isinstance(match(whole, one(part)), Match)
        related = {other for other in ALL_ORGANS if may_belong_to(part, other) or lies_inside(part, other)}
        assert {other for other in ALL_ORGANS if lies_inside(whole, other)} <= related
        for smaller in (other for other in ALL_ORGANS if lies_inside(other, part)):
            assert may_belong_to(smaller, whole) or lies_inside(smaller, whole)


@pytest.mark.parametrize(
    ("part", "wholes"),
    [
        ("Bronchus_L", {"Bronchus_Main", "ProxBronchTree"}),
        ("Bronchus_Main_L", {"ProxBronchTree"}),  # inside Bronchus_Main
        ("Spc_Bowel", {"Bowel"}),
        ("Duodenum", {"Bowel_Small", "Bowel"}),
        ("Colon_Sigmoid", {"Colon", "Bowel_Large", "Bowel"}),
        ("A_Subclavian_L", {"GreatVes"}),
        ("A_Carotid_L", {"GreatVes"}),
        ("A_Brachiocephls", {"GreatVes"}),
        ("V_Brachioceph_R", {"GreatVes"}),
        ("A_LAD", {"Heart"}),
        ("Kidney_Pelvis_L", {"Kidney_L", "Kidneys"}),
        ("A_Aorta", set()),  # surely inside the great vessels
        ("SpinalCanal", set()),  # around the cord, and hotter in every plan of the spine
        ("V_Jugular", set()),
        ("Stomach", set()),
        ("Lung_L", set()),
    ],
)
def test_an_organ_may_belong_to_another_by_the_list_alone(part: str, wholes: set[str]) -> None:
    assert {whole for whole in ALL_ORGANS if may_belong_to(part, whole)} == wholes


def test_only_what_is_contoured_and_no_target_is_told_to_belong_to_an_organ() -> None:
    rois = [
        RoiName(name="Duodenum", number=1),
        RoiName(name="Spc Bowel Small", number=2),
        RoiName(name="Duodenum^old", number=3),
        RoiName(name="Duodenum", number=4, contoured=False),
        RoiName(name="Duodenum", number=5, kind="GTV"),
        RoiName(name="Duodenum-PTV", number=6),
        RoiName(name="Jejunum", number=7),
    ]
    told = structures_perhaps_of("Bowel_Small", rois)
    assert [roi.number for roi in told] == [1, 3, 2]


@pytest.mark.parametrize(
    ("part", "wholes"),
    [
        ("Rib07_L", {"Rib", "Ribs"}),
        ("Bronchus_Main_R", {"Bronchus_Main"}),
        ("A_Aorta_Asc", {"A_Aorta", "GreatVes"}),
        ("V_Venacava_S", {"GreatVes"}),
        ("Lung_L", {"Lungs"}),
        ("Lung_LUL", {"Lung_L", "Lungs"}),
        ("BrachialPlex_L", {"BrachialPlexs"}),
        ("VB_T07", {"VB_T"}),
        ("LN_Ax_L1_R", set()),  # an L that is no side
        ("SpinalCord_PRV05", set()),
        ("Spc_Bowel", set()),  # larger than the bowel that it is contoured for
        ("Bronchus_L", {"Bronchus"}),  # the bronchial tree, more than the main bronchus
        ("Jejunum", {"Jejunum_Ileum", "Bowel_Small", "Bowel"}),
        ("Duodenum", set()),  # contoured beside the bowel
        ("Ventricle_L", {"Ventricle", "Heart"}),
        ("A_LAD", set()),  # on the heart, where contours of it may end
        ("Carina", {"ProxBronchTree", "Trachea"}),
        ("Lungs-GTV", set()),
    ],
)
def test_an_organ_lies_inside_another_by_the_list_or_by_its_side_and_number(part: str, wholes: set[str]) -> None:
    assert {whole for whole in ALL_ORGANS if lies_inside(part, whole)} == wholes


@pytest.mark.parametrize(
    ("part", "whole", "inside"),
    [
        ("Stent_L", "Stent", True),  # of no list
        ("Vessel2", "Vessels", True),
        ("Vessel2_R", "Vessel_R", True),
        ("Vessel2_R", "Vessel_L", False),
        ("Vessel_R", "Vessel2", False),
        ("Vessel2", "Vessel3", False),
        ("Vessel", "Vessels", False),
        ("Vessel L R", "Vessel", False),  # both sides are all of it
        ("Vessel_Wall_L", "Vessel", False),
    ],
)
def test_a_side_and_a_number_make_a_part_of_any_organ(part: str, whole: str, inside: bool) -> None:
    assert lies_inside(part, whole) == inside


def test_only_what_is_contoured_and_no_target_is_told_to_lie_inside() -> None:
    rois = [
        RoiName(name="Rib07_R", number=1),
        RoiName(name="Rib07_L", number=2),
        RoiName(name="Rib08_L", number=3, contoured=False),
        RoiName(name="Rib09_L", number=4, kind="GTV"),
        RoiName(name="Rib", number=5),
    ]
    assert [roi.name for roi in structures_inside("Rib", rois)] == ["Rib07_L", "Rib07_R"]


@pytest.mark.parametrize(
    ("organ", "name"),
    [
        ("Rib01_L", "Rib_2_L"),
        ("Rib01_L", "Rib02_L"),
        ("VB_T01", "VB_T12"),
        ("Lung_LUL", "Lung_LLL"),
    ],
)
def test_a_numbered_organ_is_not_suggested_for_another(organ: str, name: str) -> None:
    found = match(organ, one(name))
    assert isinstance(found, NoMatch)
    assert name not in found.probable


def test_a_vertebra_on_the_left_is_not_the_lumbar_ones() -> None:
    assert "VB_L" not in known_names()
    assert organ_named("VB Left") is None

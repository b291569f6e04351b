"""Short forms of an organ's name, with a place in it, a number or a side: asked about beside the organ, never taken."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvh_builders import box, plan_of, report_on, row, table
from sbrtcheck.dvh import compute_dvhs
from sbrtcheck.plan import DoseGrid, Structure
from sbrtcheck.results import Verdict
from sbrtcheck.structure_names import (
    Match,
    RoiName,
    copies_of,
    known_names,
    match,
    organ_named,
    structures_inside,
)
from sbrtcheck.structure_names.likeness import Likeness, likeness
from sbrtcheck.tables import Select

SHORT_FORMS = {
    "Esophagus": ("Eso", "Esoph", "Oeso", "Oes", "Esophagus"),
    "Duodenum": ("Duo", "Duod", "Duodenum"),
    "Stomach": ("Stom", "Stomach"),
    "Liver": ("Liv", "Liver"),
    "Heart": ("Hrt", "Heart"),
    "Trachea": ("Trach", "Trachea"),
    "Rectum": ("Rect", "Rectum"),
    "Bladder": ("Blad", "Bladder"),
    "Pancreas": ("Panc", "Pancreas"),
    "SpinalCord": ("Cord", "Sp Cord", "SpinalCord"),
    "GreatVes": ("GV", "SVC", "Aorta", "Aortic Arch"),
    "Kidney_L": ("Kid", "Kidney"),
    "BrachialPlex_L": ("BPlex", "Brach Plex"),
    "Bronchus_Main": ("Bronch", "Main Bronch", "Mainstem"),
}
PLACES = (
    *("upper", "lower", "up", "low", "prox", "proximal", "dist", "distal", "mid", "middle", "cerv", "thor", "thoracic"),
    *("sup", "inf", "ant", "post", "med", "lat", "wall"),
)
FORMS = (
    "{form}_{place}",
    "{place}_{form}",
    "{form} {place} 2",
    "{form}.{place}",
    "{form}_{place}_old",
    "{form}{Place}",
)
LIKENESS = list(
    csv.DictReader((files("sbrtcheck.structure_names") / "likeness.csv").read_text(encoding="utf-8").splitlines())
)
LISTED = [
    (row["organ"], name)
    for row in LIKENESS
    for name in row["probable"].split(";")
    if name and "*" not in name and row["organ"] in known_names()
]


def copies(organ: str, name: str, kind: str = "ORGAN") -> list[str]:
    rois = [RoiName(name=organ, number=1, kind="ORGAN"), RoiName(name=name, number=2, kind=kind)]
    return [copy.name for copy in copies_of(organ, rois[0], rois)]


def asked_about(organ: str, name: str) -> list[str]:
    """Copies, and what is an organ of its own inside it: the aorta of the great vessels."""
    inside = structures_inside(organ, [RoiName(name=name, number=2)])
    return [*copies(organ, name), *(roi.name for roi in inside)]


@given(
    st.sampled_from([(organ, form) for organ, forms in SHORT_FORMS.items() for form in forms]),
    st.sampled_from(PLACES),
    st.sampled_from(FORMS),
)
def test_a_short_form_with_a_place_in_the_organ_may_be_a_part_of_it(
    short: tuple[str, str], place: str, form: str
) -> None:
    name = form.format(form=short[1], place=place, Place=place.capitalize())
    assume(organ_named(name) != "Bladder_Wall")  # which is an organ of its own, by TG-263
    assert asked_about(short[0], name) == [name]
    assert not isinstance(match(short[0], [RoiName(name=name, number=1)]), Match)


@given(
    st.sampled_from([(organ, form) for organ, forms in SHORT_FORMS.items() for form in forms[:-1]]),
    st.sampled_from(["{}_2", "{}2", "{} 1", "{}-3", "{}_old", "{}_copy", "{}_new"]),
)
def test_a_short_form_with_a_number_may_be_the_organ(short: tuple[str, str], form: str) -> None:
    name = form.format(short[1])
    assert asked_about(short[0], name) == [name]


@given(st.sampled_from(LISTED), st.sampled_from(PLACES))
def test_a_place_makes_no_listed_name_less_like_its_organ(listed: tuple[str, str], place: str) -> None:
    organ, name = listed
    words = name.casefold().split()
    if not set(words) & {*PLACES, "superior", "inferior", "head", "tail"}:
        assert likeness(organ, (), f"{name}_{place}") is Likeness.PROBABLE


@pytest.mark.parametrize("name", ["LMB", "RMB", "LMSB", "RMSB", "LMB_2", "lmb", "RMB_old", "LMB_dist", "L_Mainstem"])
def test_short_forms_of_a_main_bronchus_may_be_a_part_of_it(name: str) -> None:
    assert copies("Bronchus_Main", name) == [name]
    side = "R" if name.casefold().startswith("r") else "L"
    other = "L" if side == "R" else "R"
    assert copies(f"Bronchus_Main_{side}", name) == [name]
    assert copies(f"Bronchus_Main_{other}", name) == []
    assert organ_named(name) is None


@pytest.mark.parametrize(
    ("organ", "name"),
    [
        *(("Esophagus", name) for name in ("EsophagusExpanded", "PTV_eso", "Eso_ring", "Eso_avoid", "Eso-PTV")),
        *(("Esophagus", name) for name in ("Eso_PRV05", "Eso 50Gy", "GTV eso upper", "Upper", "Prox_2", "Eosin")),
        *(("Heart", name) for name in ("Heart_ring", "Upper chest", "Head", "Head_wall", "Wall")),
        *(("SpinalCord", name) for name in ("Thor_Spine", "Cerv Vertebra", "Lower_Spine", "Spine_thor", "Thor")),
        *(
            ("Bronchus_Main", name)
            for name in ("LMB stent", "LMB_PTV", "PTV_LMB", "LMB node", "LMB-PTV", "MB", "VB_LMB")
        ),
        *(("Liver", name) for name in ("Olive", "Liv mets", "Living")),
        *(("Stomach", name) for name in ("Sto_2", "Stop")),
        *(("Trachea", name) for name in ("LMB", "Tract_upper", "Upper airway")),
        *(("Bronchus", name) for name in ("LMB", "Mainstem")),
        *(("GreatVes", name) for name in ("A_Subclavian_L", "A_Carotid_L", "V_Brachioceph_L", "A_Brachiocephls")),
        ("A_Aorta", "Aortic Valve"),
    ],
)
def test_what_only_looks_like_a_short_form_is_no_copy(organ: str, name: str) -> None:
    assert copies(organ, name) == []


@pytest.mark.parametrize(
    ("organs", "name"),
    [
        (("Esophagus",), "Esoph_upper"),
        (("Esophagus",), "Eso_2"),
        (("Bronchus_Main",), "LMB"),
        (("Trachea", "Bronchus_Main"), "RMB"),
        (("Trachea", "Bronchus_Main"), "Carina"),
        (("Duodenum",), "Duod_prox"),
    ],
)
def test_such_a_structure_that_would_fail_is_a_review_and_one_that_would_not_is_none(
    organs: tuple[str, ...], name: str
) -> None:
    limits = table(row("Max[Gy]", "below", 30.0, *organs, select=Select.UNION if len(organs) > 1 else Select.EACH))
    cold = plan_of(**dict.fromkeys(organs, 0.0))
    stored = np.full((12, 24, 32), 10.0)
    stored[:, :, 20:] = 54.0  # from x = 20 mm on
    dose = DoseGrid.axial(stored, origin_mm=(-20.0, -15.0, -10.0), spacing_mm=(2.0, 2.0, 3.0))
    verdicts = {}
    for x_mm in (25.0, 0.0):
        beside = Structure(name=name, number=9, kind="ORGAN", contours=box(x_mm))
        plan = replace(cold, dose=dose, structures=(*cold.structures, beside))
        verdicts[x_mm] = report_on(limits, compute_dvhs(plan)).verdict
    assert verdicts == {25.0: Verdict.REVIEW, 0.0: Verdict.PASS}

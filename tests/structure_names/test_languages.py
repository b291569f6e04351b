"""Names of organs in other languages are suggested for the right organ, and never matched by themselves."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.structure_names import Match, NoMatch, RoiName, copies_of, known_names, match, normalise

_FOLDER = files("sbrtcheck.structure_names")


def read(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader((_FOLDER / file).read_text(encoding="utf-8").splitlines()))


LISTED = {row["name"]: {normalise(a) for a in row["german"].split(";") if a} for row in read("tg263_names.csv")}
NAMES = [
    pytest.param(organ, name, id=f"{row['language']}:{name}:{organ}")
    for row in read("languages.csv")
    for organ in row["organs"].split(";")
    for name in row["names"].split(";")
]
LANGUAGES = {row["language"] for row in read("languages.csv")}


def sided(organ: str) -> list[str]:
    return [known for known in (organ, f"{organ}_L", f"{organ}_R") if known in known_names()]


def probable(organ: str, name: str, *others: str) -> bool:
    found = match(organ, [RoiName(name=each, number=place) for place, each in enumerate((name, *others))])
    return isinstance(found, NoMatch) and name in found.probable


def test_the_languages_are_those_that_are_promised() -> None:
    assert {
        "German",
        "French",
        "Spanish",
        "Italian",
        "Portuguese",
        "Dutch",
        "Chinese",
        "Japanese",
        "Russian",
        "Polish",
        "Swedish",
        "Latin",
    } == LANGUAGES


def test_every_organ_of_the_list_is_known() -> None:
    assert [organ for row in read("languages.csv") for organ in row["organs"].split(";") if not sided(organ)] == []


@pytest.mark.parametrize(("organ", "name"), NAMES)
def test_a_name_is_suggested_for_its_organ_and_matched_only_where_it_is_a_listed_alias(organ: str, name: str) -> None:
    if name == "Rim":
        name = "Rim direito"  # a ring in English, without a side
    for known in sided(organ):
        if name.endswith("direito") and known.endswith("_L"):
            continue
        found = match(known, [RoiName(name=name, number=1)])
        if isinstance(found, Match):
            assert normalise(name) in LISTED[known] or normalise(name) == normalise(known), "matched without an alias"
        else:
            assert found.probable == (name,) or normalise(name) == "bronchus"


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [
        ("Poumon gauche", True, False),
        ("Poumon D", False, True),
        ("Pulmón izquierdo", True, False),
        ("Pulmon der", False, True),
        ("Polmone sinistro", True, False),
        ("Polmone dx", False, True),
        ("Pulmão E", True, False),
        ("Pulmão direito", False, True),
        ("Long links", True, False),
        ("Rechter long", False, True),
        ("Lunge rechts oben", False, True),
        ("左肺", True, False),
        ("肺(右)", False, True),
        ("右側肺", False, True),
        ("肺左侧", True, False),
        ("Ｌｕｎｇ＿Ｌ_2", True, False),
        ("Лёгкое левое", True, False),
        ("правое легкое", False, True),
        ("Лёгкое Л", True, False),
        ("Легкое п", False, True),
        ("Płuco lewe", True, False),
        ("Pluco prawe", False, True),
        ("Vänster lunga", True, False),
        ("Lunga hoger", False, True),
        ("Pulmo sinister", True, False),
        ("Pulmo dexter", False, True),
    ],
)
def test_a_side_in_another_language_is_that_side(name: str, left: bool, right: bool) -> None:
    assert (probable("Lung_L", name), probable("Lung_R", name)) == (left, right)


@pytest.mark.parametrize(
    ("organ", "name"),
    [
        ("Lungs", "双肺"),
        ("Lungs", "両肺"),
        ("Lungs-GTV", "双肺-GTV"),
        ("Lungs-GTV", "Pulmones sin GTV"),
        ("Lungs-GTV", "Poumons sans GTV"),
        ("Lungs-GTV", "肺 - GTV"),
        ("Liver-GTV", "肝臓-GTV"),
        ("Kidneys", "Rim esq"),
        ("Kidney_R", "右腎臓"),
        ("Kidney_L", "Rim E"),
        ("Esophagus", "Speiseroehre"),
        ("Esophagus", "SPEISERÖHRE"),
        ("Esophagus", "Speisero\u0308hre"),
        ("Esophagus", "Speiser\ufffdhre"),  # read by a wrong character set
        ("Esophagus", "SpeiserÃ¶hre"),  # UTF-8 that was read as Latin-1
        ("Heart", "CÅ“ur"),  # and as Windows-1252
        ("Heart", "COEUR_1"),
        ("SpinalCord", "Ruckenmark"),
        ("SpinalCanal", "椎管"),
        ("SpinalCord", "椎管"),  # what is contoured in its place
        ("Stomach", "胃 2"),
        ("Liver", "肝脏_old"),
        ("Esophagus", "ПИЩЕВОД 2"),
        ("Esophagus", "Przelyk"),  # without the stroke of its l
        ("Esophagus", "PRZEŁYK_old"),
        ("Esophagus", "Matstrupe_upper"),
        ("Stomach", "Zoladek"),
        ("Heart", "Cor_2"),
        ("Heart", "Hjarta"),
        ("Heart", "Hjaerta"),
        ("Kidney_L", "Ren sin"),
        ("Spleen", "Селезенка"),
    ],
)
def test_names_that_are_probably_the_organ(organ: str, name: str) -> None:
    assert probable(organ, name, "Couch", "Marker 1")


@pytest.mark.parametrize(
    ("organ", "name"),
    [
        ("Esophagus", "Пищевод"),
        ("Heart", "Serce"),
        ("SpinalCord", "Ryggmärg"),
        ("Liver", "Hepar"),
        ("GreatVes", "Аорта"),
    ],
)
def test_beside_the_organ_its_name_in_another_language_may_be_a_copy(organ: str, name: str) -> None:
    rois = [RoiName(name=organ, number=1), RoiName(name=name, number=2)]
    assert [copy.name for copy in copies_of(organ, rois[0], rois)] == [name]


FALSE_FRIENDS = [
    ("Lungs", "Spine long"),
    ("Lungs", "Long bone"),
    ("Lungs", "Lingula"),
    ("Kidneys", "Rim"),
    ("Kidneys", "PTV_rim"),
    ("Kidneys", "Rim 5mm"),
    ("Kidneys", "Protein"),
    ("Lung_R", "re"),
    ("Liver", "Level"),
    ("Liver", "Never use"),
    ("Heart", "Hard palate"),
    ("Heart", "心包 PTV"),
    ("Skin", "Hart"),
    ("SpinalCord", "Mark"),
    ("SpinalCord", "Knochenmark"),
    ("SpinalCord", "Bone marrow"),
    ("Medulla", "Médula"),
    ("Bladder", "Gallenblase"),
    ("Bladder", "Galblaas"),
    ("Gallbladder", "Vésicule séminale"),
    ("Colon", "Colonne"),
    ("Spleen", "Separate"),
    ("Breast_L", "Mamma"),
    ("Trachea", "气管支"),
    ("Trachea", "気管支"),
    ("Bronchus_Main", "気管"),
    ("Kidneys", "肾上腺"),
    ("Glnd_Adrenal_L", "腎臓"),
    ("Stomach", "胃癌"),
    ("Liver", "肝转移"),
    ("Lungs", "肺癌"),
    ("Bowel_Small", "大腸"),
    ("Bowel_Large", "小肠"),
    ("Esophagus", "食道癌 GTV"),
    ("Lungs", "肺PTV"),
    ("Heart", "心 ring"),
    ("Liver", "Leberhilus"),
    ("Lungs", "Lungenvene"),
    ("A_Aorta", "Aortenklappe"),
    ("Rectum", "Recto-sigma"),
    ("Heart", "Core"),
    ("Heart", "Cor ring"),
    ("Heart", "Coronary"),
    ("SpinalCord", "Костный мозг"),
    ("SpinalCord", "Головной мозг"),
    ("Medulla", "Rdzeń"),
    ("SpinalCord", "Rdzeń przedłużony"),
    ("Bladder", "Желчный пузырь"),
    ("Bladder", "Pęcherzyk żółciowy"),
    ("Bladder", "Gallblåsa"),
    ("Gallbladder", "Vesica urinaria"),
    ("Kidneys", "Надпочечник"),
    ("Kidneys", "Binjure"),
    ("Kidneys", "Bren"),
    ("Lungs", "Lungven"),
    ("Bowel_Small", "Толстая кишка"),
    ("Bowel_Large", "Прямая кишка"),
    ("Rectum", "Сигмовидная кишка"),
    ("Liver", "PTV печень"),
    ("Skin", "Hull"),
    ("Spleen", "Client"),
]


@pytest.mark.parametrize(("organ", "name"), FALSE_FRIENDS)
def test_a_word_that_means_something_else_is_not_probably_the_organ(organ: str, name: str) -> None:
    for known in sided(organ) or [organ]:
        assert not probable(known, name)
        assert not isinstance(match(known, [RoiName(name=name, number=1)]), Match)


_MEDICAL = st.sampled_from([param.values[1] for param in NAMES])


@given(_MEDICAL, st.sampled_from(["utf-8", "utf-16-le", "shift_jis", "gb18030", "big5", "latin-1", "cp1252", "cp850"]))
def test_a_name_that_was_read_by_the_wrong_character_set_crashes_nothing_and_matches_nothing(
    name: str, codec: str
) -> None:
    garbled = name.encode(codec, errors="replace").decode("latin-1")
    if garbled != name:
        found = [match(organ, [RoiName(name=garbled, number=1)]) for organ in ("Liver", "Lungs", "SpinalCord")]
        assert not any(isinstance(each, Match) for each in found) or garbled.isascii()


@given(_MEDICAL, st.sampled_from(["PTV {}", "GTV_{}", "{} ring", "{} PTV", "z{} GTV", "{}_dose", "ITV{}"]))
def test_a_target_or_a_helper_named_after_an_organ_is_not_suggested_for_it(name: str, form: str) -> None:
    for organ in ("Liver", "Lungs", "SpinalCord", "Heart", "Esophagus", "Kidneys", "Stomach"):
        assert match(organ, [RoiName(name=form.format(name), number=1)]) == NoMatch(organ=organ)

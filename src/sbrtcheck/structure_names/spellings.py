"""TG-263 names and their listed spellings, and what makes two spellings the same.

The names in ``tg263_names.csv`` were read in the nomenclature worksheet of AAPM TG-263, version of 2017-08-15, as kept
in the public repository kildealab/TG263ComplianceTool: all of thorax and abdomen, and what else tables use. A
description that the worksheet repeats from another structure is left out, and so is ``VB_L``, the lumbar vertebrae: it
reads like a vertebra on the left. ``SpinalCord_PRV05`` is its ``SpinalCord_PRVxx``. ``ProxBronchTree``,
``SpinalCord_Sub`` and ``Liver-ITV`` are not of TG-263, which names neither the proximal bronchial tree, nor the part of
the cord that TG-101 limits, nor the liver without an ITV; ``part_of``, ``inside`` and ``perhaps_part_of`` are this
project's. ``perhaps_part_of`` goes by what TG-263 describes so (``Small bowel - Duodenum``) or puts into one category
(bowel; bronchi; valves of the heart), and has the vessels that lead on from the great vessels and lie on the heart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache

from sbrtcheck.structure_names import target_names
from sbrtcheck.structure_names.target_names import TARGETS, is_helper

OPERATOR = re.compile(r"prv|[-+~^!&|\u2010-\u2015\u2212]")
_MARK = re.compile(rf"ptv|ctv|gtv|itv|{OPERATOR.pattern}")
_ONE_OF_SEVERAL = re.compile(r"([a-z]+?)s?(\d{0,2})(_[lr]|)")  # normalised: a number, a side, no plural
# TG-263 lets a caret begin what a clinic adds of its own; behind a hyphen that is a version, where it is no structure
_VERSION = re.compile(
    r"\s*(?:\^[^^]*|[-\u2010-\u2015\u2212]\s*(?:\d{1,8}|old|new|neu|alt|cop(?:y|ie|ia)\s*\d*|kop(?:ie|ia)\s*\d*|orig\w*"
    r"|final|edit\w*|backup|bak|te?mp|test|v(?:er)?\d*|rev\d*|initial\w*|(?!(?:l|r|li|re|lt|rt)$)[a-z]{1,2}))$",
    re.IGNORECASE,
)
_WORD_BREAK = re.compile(r"[\s_.]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_AND = re.compile(r"\s*(?:[/&+]|\band\b)\s*", re.IGNORECASE)
_SIDE = {"l": "l", "lt": "l", "left": "l", "r": "r", "rt": "r", "right": "r"}
_GERMAN_SIDE = {"l": ("li", "links"), "r": ("re", "rechts")}  # only on listed German stems: "re" is no side in English
_SIMILAR_ORGAN_SCORE = 60.0  # rapidfuzz ratio; a slip of the pen or two in a short name
_SUGGESTED_COUNT = 3

# TG-263's Bronchus is the bronchial tree, and tables use the name for the smaller airways. Most clinics call the main
# bronchus so. A structure of that name is nobody's, not even by a code, until the user says which organ it is.
_IN_DOUBT = frozenset({"bronchus"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """One line of the list: a name's description, aliases, German aliases, and what it is a part of and lies inside.

    ``part_of`` are organs that it is a part of, or is contoured for (the space that the bowel occupies). ``inside`` are
    those of which a contour, drawn as TG-263 describes it, holds all of it. Sides and numbers are not repeated there.
    ``perhaps_part_of`` are organs that some contour it as a part of, and others contour it beside.
    """

    description: str
    aliases: tuple[str, ...]
    german: tuple[str, ...]
    part_of: tuple[str, ...]
    inside: tuple[str, ...]
    perhaps_part_of: tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def normalise(name: str) -> str:
    """Spelling without case, spaces, ``_`` and ``.``, the side last: ``'Lt Lung'`` and ``'LUNG_L'`` give ``'lung_l'``.

    Idempotent. Operators such as ``-`` stay: ``Lungs-GTV`` is not ``LungsGTV``.

    Examples
    --------
    >>> normalise("Femoral Head Lt"), normalise("L_FemoralHead"), normalise("Spinal Cord")
    ('femoralhead_l', 'femoralhead_l', 'spinalcord')
    """
    spelled = name
    while (respelled := _spell(spelled)) != spelled:  # Unicode folding may need a second turn
        spelled = respelled
    return spelled


def _spell(name: str) -> str:
    words = [w.casefold() for w in _WORD_BREAK.split(unicodedata.normalize("NFKC", name)) if w]
    sides = sorted({_SIDE[w] for w in words if w in _SIDE})
    return unicodedata.normalize("NFKC", "_".join(["".join(w for w in words if w not in _SIDE), *sides]))


def side_of(key: str) -> str:
    """``'l'``, ``'r'``, ``'lr'`` or ``''`` of a normalised name."""
    return "lr" if key.endswith("_l_r") else key[-1] if key.endswith(("_l", "_r")) else ""


def stem_of(key: str) -> str:
    """The normalised name without its side."""
    return key[:-4] if key.endswith("_l_r") else key[:-2] if side_of(key) else key


@lru_cache(maxsize=1 << 16)
def is_marked(name: str) -> bool:
    """Of a target or a margin, or a Boolean: never the organ itself."""
    return _MARK.search(normalise(name)) is not None


@lru_cache(maxsize=1 << 14)
def without_version(name: str) -> str:
    """The name without what a caret or a hyphen adds that is a version or somebody's initials, and no structure.

    Examples
    --------
    >>> [without_version(name) for name in ("Heart-kopie", "Heart^new", "Heart-1", "Lungs-GTV", "Heart-PTV", "Lung-L")]
    ['Heart', 'Heart', 'Heart', 'Lungs-GTV', 'Heart-PTV', 'Lung-L']
    """
    found = _VERSION.search(name)
    if found is None or _MARK.search(normalise(found.group().strip()[1:])):
        return name
    return name[: found.start()] or name


@lru_cache(maxsize=1 << 14)
def has_operator(name: str) -> bool:
    """Whether the name is one of a margin, or of a Boolean of structures."""
    return OPERATOR.search(name.casefold()) is not None


def without_margin(name: str) -> str:
    """The name up to what makes it one of a margin, or of a Boolean of structures.

    Examples
    --------
    >>> [without_margin(name) for name in ("PBT+2cm", "ProxBronchTree_PRV", "Lung_R-PTV", "Heart", "PRV_Heart")]
    ['PBT', 'ProxBronchTree', 'Lung_R', 'Heart', '']
    """
    found = OPERATOR.search(name.casefold())
    return name if found is None else name[: found.start()].rstrip(" _.")


def is_in_doubt(name: str) -> bool:
    """Whether clinics call another organ so than TG-263 does.

    Examples
    --------
    >>> is_in_doubt("BRONCHUS"), is_in_doubt("Bronchus_Main")
    (True, False)
    """
    return normalise(name) in _IN_DOUBT


@cache
def known_names() -> frozenset[str]:
    """All names that sbrtcheck knows, with the targets PTV, CTV, GTV and ITV: TG-263's, and three that tables need."""
    return frozenset(_listed()) | frozenset(TARGETS)


def organ_named(name: str) -> str | None:
    """TG-263 name that ``name`` is, or is a listed alias of; None where there is none, or where it is in doubt.

    Examples
    --------
    >>> organ_named("Lt Lung"), organ_named("PTV_5000"), organ_named("Liver-PTV"), organ_named("Bronchus")
    ('Lung_L', None, None, None)
    """
    organ = name if name in known_names() else _organ_by_key().get(normalise(name))
    return organ if organ is not None and (is_exact(organ, name) or is_alias(organ, name)) else None


@lru_cache(maxsize=1024)
def organs_named_together(text: str) -> tuple[str, ...]:
    """Every organ that a printed text of several has, joined by ``/``, ``&``, ``+`` or ``and``; no target.

    Examples
    --------
    >>> organs_named_together("Heart/pericardium"), organs_named_together("Great vessels, non-adjacent wall")
    (('Heart', 'Pericardium'), ())
    """
    phrases = _AND.split(text)
    named = (organ_named(phrase) for phrase in phrases) if len(phrases) > 1 else ()
    return tuple(dict.fromkeys(organ for organ in named if organ is not None and organ not in TARGETS))


def is_exact(organ: str, name: str) -> bool:
    """Whether the name is the organ's own."""
    return name == organ and not is_in_doubt(name)


def is_alias(organ: str, name: str) -> bool:
    """Whether the name is a listed spelling of the organ, and no margin, Boolean or helper of it."""
    if normalise(name) not in keys(organ) or is_in_doubt(name):
        return False
    is_unused = name.startswith("_")  # TG-263: not for evaluation
    return not is_unused and (is_marked(organ) or not is_marked(name))


def is_part(name: str, organ: str) -> bool:
    """Whether a structure's name is that of a listed part of the organ.

    Examples
    --------
    >>> is_part("Lung_LUL", "Lungs"), is_part("Heart", "Lungs")
    (True, False)
    """
    part = organ_named(name)
    return part in _listed() and organ in _listed()[part].part_of


def parts() -> tuple[tuple[str, str], ...]:
    """Every organ that is a listed part of another, with that other one."""
    return tuple((name, whole) for name, listed in _listed().items() for whole in listed.part_of)


@lru_cache(maxsize=1 << 14)
def lies_inside(part: str, whole: str) -> bool:
    """Whether an organ lies inside another one: it is listed so, or its name is the other's with a side or a number.

    Never so is a margin, a Boolean or a target; nor what may be larger than the organ that it is contoured for.

    Examples
    --------
    >>> pairs = [("Rib07_L", "Rib"), ("Kidney_R", "Kidneys"), ("A_Aorta", "GreatVes"), ("Lung_L", "Lungs-GTV")]
    >>> [lies_inside(part, whole) for part, whole in (*pairs, ("Spc_Bowel", "Bowel"), ("Lung_L", "Lung_R"))]
    [True, True, True, False, False, False]
    """
    if is_marked(part) or is_marked(whole):
        return False
    return whole in _listed().get(part, _UNLISTED).inside or _is_one_of(normalise(part), normalise(whole))


@lru_cache(maxsize=1 << 14)
def may_belong_to(part: str, whole: str) -> bool:
    """Whether an organ is listed as one that may be a part of another one, and need not lie inside its contour.

    So is what may be larger than the organ that it is contoured for, and what some contour as a part of the organ and
    others beside it.

    Examples
    --------
    >>> pairs = [("Bronchus_L", "Bronchus_Main"), ("Spc_Bowel", "Bowel"), ("A_LAD", "Heart"), ("Atrium_L", "Heart")]
    >>> [may_belong_to(part, whole) for part, whole in pairs]
    [True, True, True, False]
    """
    listed = _listed().get(part, _UNLISTED)
    return whole in (*listed.part_of, *listed.perhaps_part_of) and not lies_inside(part, whole)


def _is_one_of(part_key: str, whole_key: str) -> bool:
    """Whether the first normalised name is the second with a number, a side or both, and contradicts none it has."""
    part, whole = _ONE_OF_SEVERAL.fullmatch(part_key), _ONE_OF_SEVERAL.fullmatch(whole_key)
    if part is None or whole is None:
        return False
    (stem, *own), (whole_stem, *others) = part.groups(), whole.groups()
    agrees = all(other in ("", one) for one, other in zip(own, others, strict=True))
    return stem == whole_stem and own != others and agrees


def similar_organs(name: str, organs: Collection[str]) -> tuple[str, ...]:
    """Of some organs, those whose names or aliases are close to a name, the closest first.

    Examples
    --------
    >>> similar_organs("Hart", known_names())[0], similar_organs("Cord", known_names())[0]
    ('Heart', 'SpinalCord')
    """
    from rapidfuzz import fuzz

    key = normalise(name)
    scored = [(-max(fuzz.ratio(key, spelling) for spelling in keys(organ)), organ) for organ in organs]
    return tuple(organ for score, organ in sorted(scored)[:_SUGGESTED_COUNT] if -score >= _SIMILAR_ORGAN_SCORE)


@cache
def _listed() -> dict[str, _Listed]:
    import csv
    import pkgutil  # importlib.resources needs 12 ms to import

    text = pkgutil.get_data(__package__, "tg263_names.csv")
    assert text is not None  # noqa: S101 - None is of loaders that have no files
    return {
        row["name"]: _Listed(
            description=row["description"],
            aliases=_entries(row["aliases"]),
            german=_entries(row["german"]),
            part_of=_entries(row["part_of"]),
            inside=_entries(row["inside"]),
            perhaps_part_of=_entries(row["perhaps_part_of"]),
        )
        for row in csv.DictReader(text.decode().splitlines())
    }


def _entries(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split(";")))


_UNLISTED = _Listed(description="", aliases=(), german=(), part_of=(), inside=(), perhaps_part_of=())


@lru_cache(maxsize=1024)
def spelled_out(organ: str) -> tuple[str, ...]:
    """All spellings of the organ, and its description where that is no list of several."""
    listed = _listed().get(organ, _UNLISTED)
    described = "" if "-" in listed.description else listed.description
    return tuple(filter(None, (*listed.aliases, *listed.german, described)))


@lru_cache(maxsize=1024)
def keys(organ: str) -> frozenset[str]:
    """Normalised spellings that are the organ."""
    listed = _listed().get(organ, _UNLISTED)
    spellings = {normalise(name) for name in (organ, *listed.aliases, *listed.german)}
    if organ == "ITV" or organ.endswith("-ITV"):
        spellings.add(normalise(organ.removesuffix("ITV") + "IGTV"))
    for key in map(normalise, listed.german):
        for word in _GERMAN_SIDE.get(side_of(key), ()):
            spellings |= {key[:-2] + word, word + key[:-2]}
    return frozenset(spellings)


@cache
def _organ_by_key() -> dict[str, str]:
    """Normalised spelling -> organ; no spelling is that of two."""
    return {key: organ for organ in sorted(known_names(), reverse=True) for key in keys(organ)}


@cache
def sites() -> frozenset[str]:
    """Normalised names of whole organs, without side: what a target may be named after, and what no target is."""
    whole_organs = (organ for organ in _listed() if not is_marked(organ) and not is_helper(organ))
    return frozenset(stem_of(key) for organ in whole_organs for key in keys(organ))


def is_whole_target(name: str) -> bool:
    """Whether a target's name says nothing of a part, a helper of the planner, a Boolean or another target in it.

    Examples
    --------
    >>> [is_whole_target(name) for name in ("PTV_5000", "PTV 2 left", "PTV_eval", "PTV-Lung", "PTVopt", "PTV+GTV")]
    [True, True, False, False, False, False]
    """
    return any(target_names.parts(target, name, sites()) is not None for target in TARGETS)


@lru_cache(maxsize=1024)
def described(organ: str) -> frozenset[str]:
    """TG-263's description of the organ, where no other organ has the same: what a code's meaning may say."""
    own = normalise(_listed().get(organ, _UNLISTED).description)
    return frozenset({own}) if own and _organs_by_description()[own] == {organ} else frozenset()


@cache
def _organs_by_description() -> dict[str, set[str]]:
    organs: dict[str, set[str]] = {}
    for organ, listed in _listed().items():
        organs.setdefault(normalise(listed.description), set()).add(organ)
    return organs


def is_of_other_organ(key: str, organ: str) -> bool:
    """Whether a normalised name is a spelling or the description of another organ."""
    named = {_organ_by_key().get(key), *(other for other in _organs_by_description().get(key, ()) if key)}
    return any(other is not None and other != organ and key in keys(other) | described(other) for other in named)

"""Structure names: the TG-263 name a plan's structure has, by which rule; never a guess.

Rules, the first that finds a structure decides; several structures at the same rule are `Ambiguous`, never a choice:

1. the user's own mapping,
2. the exact TG-263 name,
3. a listed alias (``tg263_names.csv``), after `normalise`,
4. for targets and the external contour: RT ROI Interpreted Type where the name has the target in it, then a target
   name of TG-263 such as ``PTV_5000`` or ``PTVn1``,
5. the RT ROI identification code, where the structure's own name does not speak against it.

A structure without contours is matched only where no rule finds one that has some, and what was passed over is named. A
name that the user gave is that structure's or nobody's: ``ROI 6``, where nothing is called so, is the ROI number 6.

A name with PTV, CTV, GTV, ITV or PRV in it, or with one of ``- + ~ ^ ! & |``, is never matched to an organ: it is a
margin or a Boolean of one. ``Lungs-GTV`` and the like are organs of their own. What is named as a planner's helper, an
older version or a copy is matched by the first two rules only. What a weaker rule would have found is in the match.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache

from sbrtcheck.structure_names import target_names
from sbrtcheck.structure_names.likeness import Likeness, is_like_target, likeness
from sbrtcheck.structure_names.target_names import Says, is_helper


class Rule(StrEnum):
    """Which rule matched a structure to an organ."""

    GIVEN = "given by the user"
    EXACT = "TG-263 name"
    ALIAS = "listed alias"
    KIND = "RT ROI interpreted type"
    PREFIX = "target name with a suffix"
    CODE = "RT ROI identification code"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiName:
    """What matching may look at of one structure."""

    name: str
    number: int
    kind: str = ""
    codes: tuple[str, ...] = ()
    contoured: bool = True  # it has a contour, damaged or not, that could enclose something

    @classmethod
    def named(cls, name: str) -> RoiName:
        """A structure of which nothing but its name is known."""
        return cls(name=name, number=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The one structure that is the organ.

    ``others`` are names of further contoured ones that a weaker rule fits; ``passed_over`` of those without contours
    that would have been the organ too. Where the structure has no contours itself, ``suggested`` and ``probable`` are
    as those of `NoMatch`.
    """

    organ: str
    roi: RoiName
    rule: Rule
    others: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    probable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No structure is the organ by its name.

    ``given`` is the name that the user gave for the organ and the plan does not have; None where no name was given.
    ``suggested`` are names of contoured structures that are only alike, the likeliest first; ``probable`` those of them
    that nearly certainly are the organ, a part of it, or a surrogate of it: the plan has the organ, and nobody stated
    which structure it is.
    """

    organ: str
    given: str | None = None
    suggested: tuple[str, ...] = ()
    probable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Several structures fit equally well; those of one name are told with their ROI numbers."""

    organ: str
    rois: tuple[RoiName, ...]

    @property
    def candidates(self) -> tuple[str, ...]:
        """Their names, each told apart from the others."""
        return _labels(self.rois, self.rois)

    @property
    def hint(self) -> str:
        """What settles it."""
        return f"say which in a names file, by its name or its number, like {self.organ}: 'ROI 6'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an organ that nobody contoured is made: the union of ``plus``, without the union of ``minus``."""

    organ: str
    plus: tuple[RoiName, ...]
    minus: tuple[RoiName, ...] = ()


TARGETS = target_names.TARGETS

# Organs that can be made from contoured ones: the organ whose parts are united, and the target that is subtracted.
_DERIVED: tuple[tuple[str, str, str], ...] = (
    ("Lungs", "Lungs", ""),
    ("Kidneys", "Kidneys", ""),
    ("Lungs-GTV", "Lungs", "GTV"),
    ("Lungs-ITV", "Lungs", "ITV"),
    ("Lungs-CTV", "Lungs", "CTV"),
    ("Liver-GTV", "Liver", "GTV"),
    ("Liver-ITV", "Liver", "ITV"),
    ("Liver-CTV", "Liver", "CTV"),
)
_SIDES_OF = {"Lungs": ("Lung_L", "Lung_R"), "Kidneys": ("Kidney_L", "Kidney_R")}

_OPERATOR = re.compile(r"prv|[-+~^!&|\u2010-\u2015\u2212]")
_MARK = re.compile(rf"ptv|ctv|gtv|itv|{_OPERATOR.pattern}")
# a name with one of these is a part or a surrogate of the organ, whatever its code says
_PART = re.compile(r"canal|kanal|sac|wall|wand|cortex|hilum|rib|ring|avoid|dummy|part|sub|opt|eval")
_TARGET_WORD = re.compile(r"i?gtv|[pci]tv|(?<![^\W\d_])(mets?|tumou?r|lesion|boost)(?![^\W\d_])")
_STEERING = frozenset({"AVOIDANCE", "CONTROL"})  # interpreted types of what is contoured for the optimiser
_WORD_BREAK = re.compile(r"[\s_.]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SIDE = {"l": "l", "lt": "l", "left": "l", "r": "r", "rt": "r", "right": "r"}
_GERMAN_SIDE = {"l": ("li", "links"), "r": ("re", "rechts")}  # only on listed German stems: "re" is no side in English
_SIMILAR_ORGAN_SCORE = 60.0  # rapidfuzz ratio; a slip of the pen or two in a short name
_SIMILAR_GIVEN_SCORE = 70.0
_LONGEST_SHOWN = 64  # letters of a suggested name: those of the value representation LO
_SUGGESTED_COUNT = 3
_PROBABLE_COUNT = 6
_BY_NUMBER = re.compile(r"roi +0*(\d{1,9})", re.IGNORECASE | re.ASCII)


def match(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> Match | NoMatch | Ambiguous:
    """Find the structure of the plan that is ``organ``.

    Parameters
    ----------
    organ
        TG-263 name, or any name a table uses.
    rois
        The plan's structures; their order does not matter.
    names
        Organ -> ROI name, as the user gave it; wins over every other rule, and is not second-guessed when the plan has
        no ROI of that name.

    Returns
    -------
    Match | NoMatch | Ambiguous
        Never a guess: names that are only alike come back in ``suggested`` and ``probable``.
    """
    given = given_name(organ, names or {})
    matched = _match_by_rules(organ, rois, given)
    if matched is None and given is not None:
        return NoMatch(organ=organ, given=given, suggested=_names_like(given, rois))
    if matched is None:
        suggested, probable = _suggestions(organ, rois)
        return NoMatch(organ=organ, suggested=suggested, probable=probable)
    if isinstance(matched, Match):
        return _with_alternatives(matched, rois, given)
    return matched


def missing_names(names: Mapping[str, str], rois: Sequence[RoiName]) -> tuple[NoMatch, ...]:
    """All names that the user gave and the plan does not have, by organ; whether a table asks for the organ or not."""
    matches = (match(organ_named(key) or key, rois, {key: name}) for key, name in sorted(names.items()) if name)
    return tuple(missing for missing in matches if isinstance(missing, NoMatch))


def derivable(rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> tuple[Recipe, ...]:
    """Recipes for the organs that nobody contoured but whose parts are all in the plan.

    Both lungs or kidneys make the pair; the lungs or the liver without every GTV, ITV or CTV of the plan make the
    spared organ. No recipe where a structure (or several) already fits the organ, where the user named one, where the
    plan has no target of that kind, or where it is not clear which structures are: several are subtracted only when
    their names tell separate targets (``GTV1``, ``GTVn``), and none while another may be one too (``GTV_final``).
    In a fixed order, whatever the order of ``rois``.
    """
    recipes = (_recipe(organ, base, target, rois, names) for organ, base, target in _DERIVED)
    return tuple(recipe for recipe in recipes if recipe is not None)


def is_whole_target(name: str) -> bool:
    """Whether a target's name says nothing of a part, a helper of the planner, a Boolean or another target in it.

    Examples
    --------
    >>> [is_whole_target(name) for name in ("PTV_5000", "PTV 2 left", "PTV_eval", "PTV-Lung", "PTVopt", "PTV+GTV")]
    [True, True, False, False, False, False]
    """
    return any(target_names.parts(target, name, _sites()) is not None for target in TARGETS)


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


@cache
def known_names() -> frozenset[str]:
    """All TG-263 names that sbrtcheck knows, with the targets PTV, CTV, GTV and ITV."""
    return frozenset(_spellings()) | frozenset(TARGETS)


def organ_named(name: str) -> str | None:
    """TG-263 name that ``name`` is, or is a listed alias of; None where there is none.

    Examples
    --------
    >>> organ_named("Lt Lung"), organ_named("PTV_5000"), organ_named("Liver-PTV")
    ('Lung_L', None, None)
    """
    roi = RoiName.named(name)
    organ = name if name in known_names() else _organ_by_key().get(normalise(name))
    return organ if organ is not None and (_is_exact(organ, roi) or _is_alias(organ, roi)) else None


def similar_organs(name: str, organs: Collection[str]) -> tuple[str, ...]:
    """Of some organs, those whose names or aliases are close to a name, the closest first.

    Examples
    --------
    >>> similar_organs("Hart", known_names())[0], similar_organs("Cord", known_names())[0]
    ('Heart', 'SpinalCord')
    """
    from rapidfuzz import fuzz

    key = normalise(name)
    scored = [(-max(fuzz.ratio(key, spelling) for spelling in _keys(organ)), organ) for organ in organs]
    return tuple(organ for score, organ in sorted(scored)[:_SUGGESTED_COUNT] if -score >= _SIMILAR_ORGAN_SCORE)


def given_name(organ: str, names: Mapping[str, str]) -> str | None:
    """ROI name that the user gave for the organ, however the organ is spelled; None for none or an empty one.

    Examples
    --------
    >>> given_name("SpinalCord", {"spinal cord": "Cord_2"}), given_name("Heart", {"Heart": ""})
    ('Cord_2', None)
    """
    if names.get(organ):
        return names[organ]
    same_organ = sorted(key for key, name in names.items() if name and normalise(key) == normalise(organ))
    return names[same_organ[0]] if same_organ else None


def _structures_named(given: str, rois: Sequence[RoiName]) -> list[RoiName]:
    """Structures that the user's text names: those called so, else the one of the number in ``ROI 6``."""
    same_name = [r for r in rois if r.name == given]
    number = _BY_NUMBER.fullmatch(given.strip())
    return same_name if same_name or not number else [r for r in rois if r.number == int(number[1])]


def _match_by_rules(organ: str, rois: Sequence[RoiName], given: str | None) -> Match | Ambiguous | None:
    """The match by the rules alone, without suggestions and names of others: finding these needs most of the time.

    A structure without contours is considered only where none with contours fits.
    """
    candidates = _structures_named(given, rois) if given is not None else rois
    contoured = [r for r in candidates if r.contoured]
    empty = [r for r in candidates if not r.contoured] if len(contoured) < len(candidates) else []
    if given is not None:
        return _match_or_ambiguous(organ, contoured, Rule.GIVEN) or _match_or_ambiguous(organ, empty, Rule.GIVEN)
    return _by_rule(organ, contoured) or _by_rule(organ, empty)


def _by_rule(organ: str, rois: Sequence[RoiName]) -> Match | Ambiguous | None:
    matches = (_match_or_ambiguous(organ, [r for r in rois if fits(organ, r)], rule) for rule, fits in _RULES)
    return next((matched for matched in matches if matched is not None), None)


def _match_or_ambiguous(organ: str, fitting: Sequence[RoiName], rule: Rule) -> Match | Ambiguous | None:
    if not fitting:
        return None
    if len(fitting) == 1:
        return Match(organ=organ, roi=fitting[0], rule=rule)
    return Ambiguous(organ=organ, rois=tuple(sorted(fitting, key=_order)))


def _with_alternatives(matched: Match, rois: Sequence[RoiName], given: str | None) -> Match:
    """The match with the names of other structures that might be the organ too."""
    empty = [r for r in rois if not r.contoured and r != matched.roi]
    if given is not None:
        passed_over: Iterable[RoiName] = set(_structures_named(given, empty))
    else:
        passed_over = {r for r in empty if any(fits(matched.organ, r) for _, fits in _RULES)}
    others = () if given is not None else _weaker_matches(matched, rois)
    suggested, probable = ((), ()) if matched.roi.contoured or given is not None else _suggestions(matched.organ, rois)
    return replace(
        matched,
        others=_labels(others, rois),
        passed_over=_labels(passed_over, rois),
        suggested=suggested,
        probable=probable,
    )


def copies_of(organ: str, roi: RoiName, rois: Sequence[RoiName]) -> tuple[RoiName, ...]:
    """Contoured structures that may be the organ as well as the one matched to it, or a part of it, by their names.

    Copies, versions and parts such as ``Heart 2`` or ``Heart_old``, other spellings, and for a target what may be one
    too. Which of them is meant, or whether all of them are, no name tells. Not among them is what is named as another
    organ, as a margin or as a Boolean.

    Parameters
    ----------
    organ, roi
        The organ, and the structure that was matched to it by another rule than the user's word.
    rois
        All structures of the plan.

    Examples
    --------
    >>> names = ("SpinalCord", "Spinal Cord 2", "SpinalCord_PRV", "SpinalCanal", "Heart_1")
    >>> rois = [RoiName(name=name, number=number) for number, name in enumerate(names)]
    >>> [copy.name for copy in copies_of("SpinalCord", rois[0], rois)]
    ['Spinal Cord 2']
    """
    others = [r for r in rois if r.contoured and r != roi]
    if organ in TARGETS:
        return tuple(sorted((r for r in others if _may_be(organ, r)), key=_order))
    return tuple(sorted((r for r in others if _is_copy(organ, r)), key=_order))


def _is_copy(organ: str, roi: RoiName) -> bool:
    other_organ = organ_named(roi.name)
    if _is_marked(roi.name) or other_organ not in (None, organ):
        return False
    return other_organ == organ or _likeness(organ, roi) is Likeness.PROBABLE


def _weaker_matches(matched: Match, rois: Iterable[RoiName]) -> Iterable[RoiName]:
    """Contoured structures that a weaker rule would have found, had the one matched not been there."""
    rules = [rule for rule, _ in _RULES]
    weaker_rules = [fits for _, fits in _RULES[rules.index(matched.rule) + 1 :]]
    unmatched = {r for r in rois if r.contoured and r != matched.roi}
    return [r for r in unmatched if _may_be(matched.organ, r) or any(fits(matched.organ, r) for fits in weaker_rules)]


def _labels(rois: Iterable[RoiName], among: Iterable[RoiName]) -> tuple[str, ...]:
    """Names, with the ROI number where a name alone would not tell them apart from others."""
    ordered = sorted(rois, key=_order)
    if not ordered:
        return ()
    count = Counter(r.name for r in among)
    return tuple(r.name if count[r.name] == 1 else f"{r.name} (ROI {r.number})" for r in ordered)


def _order(roi: RoiName) -> tuple[str, int]:
    return roi.name, roi.number


def _is_exact(organ: str, roi: RoiName) -> bool:
    return roi.name == organ


def _is_alias(organ: str, roi: RoiName) -> bool:
    if _is_marked(roi.name) and not _is_marked(organ):
        return False
    if roi.name.startswith("_"):  # TG-263: not for evaluation
        return False
    return normalise(roi.name) in _keys(organ)


def _has_kind(organ: str, roi: RoiName) -> bool:
    """RT ROI Interpreted Type says so (PS3.3 C.8.8.8.1), and so does the name of a target."""
    if roi.kind != organ.upper() or organ not in {*TARGETS, "External"} or is_helper(roi.name):
        return False
    return not _is_marked(roi.name) if organ == "External" else _mentions(organ, roi.name)


def _mentions(target: str, name: str) -> bool:
    """Whether that target, no other, and no operator is in the name."""
    return target_names.mentions(target, name) and not _OPERATOR.search(name.casefold())


def _has_prefix(organ: str, roi: RoiName) -> bool:
    """``PTV_5000``, ``PTV1``, ``IGTV lower``: the target's name, then only what TG-263 lets follow it."""
    if organ not in TARGETS or roi.kind in _STEERING:
        return False
    return target_names.parts(organ, roi.name, _sites()) is not None


def _may_be(organ: str, roi: RoiName) -> bool:
    """A target of that kind by its type or the beginning of its name alone: too little for a match, to be named."""
    if organ not in TARGETS or is_helper(roi.name) or roi.kind in _STEERING or _OPERATOR.search(roi.name.casefold()):
        return False
    begins = target_names.suffix(organ, roi.name) is not None
    typed = roi.kind == organ and not _is_marked(roi.name) and _stem(normalise(roi.name)) not in _sites()
    return typed or (begins and _mentions(organ, roi.name))


def _has_code(organ: str, roi: RoiName) -> bool:
    """One of its codes names the organ, and neither its type nor its name says that it is something else."""
    if not roi.codes or organ in TARGETS or roi.kind in {*TARGETS, "EXTERNAL"} or _is_marked(roi.name):
        return False
    if is_helper(roi.name) and not is_helper(organ):
        return False
    known_keys = _keys(organ) | _described(organ)
    coded = {key for key in map(normalise, roi.codes) if key in known_keys}
    return bool(coded) and not _name_contradicts(organ, roi.name, coded)


def _name_contradicts(organ: str, name: str, coded: set[str]) -> bool:
    key = normalise(name)
    if _side(key) not in {"", _side(normalise(organ))}:
        return True
    if any(key in _keys(other) | _described(other) for other in known_names() - {organ}):
        return True
    spelled = "".join(coded) + normalise(organ)
    return any(part not in spelled for part in _PART.findall(key))


_Fits = Callable[[str, RoiName], bool]
_RULES: tuple[tuple[Rule, _Fits], ...] = (
    (Rule.EXACT, _is_exact),
    (Rule.ALIAS, _is_alias),
    (Rule.KIND, _has_kind),
    (Rule.PREFIX, _has_prefix),
    (Rule.CODE, _has_code),
)


def _is_marked(name: str) -> bool:
    """Of a target or a margin, or a Boolean: never the organ itself."""
    return _MARK.search(normalise(name)) is not None


def _recipe(
    organ: str, base: str, target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None
) -> Recipe | None:
    if given_name(organ, names or {}) is not None or _match_by_rules(organ, rois, None) is not None:
        return None
    plus = _both_sides(base, rois, names) if organ == base else _structures_of_organ(base, rois, names)
    minus = _separate_targets(target, rois, names) if target else ()
    if not plus or (target and not minus) or set(plus) & set(minus):
        return None
    return Recipe(organ=organ, plus=plus, minus=minus)


def _structures_of_organ(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Structures that together are the organ: itself, or both sides when nobody contoured it."""
    given = given_name(organ, names or {})
    match _match_by_rules(organ, rois, given):
        case Match(roi=roi):
            return (roi,)
        case None if given is None:
            return _both_sides(organ, rois, names)
        case _:
            return ()


def _both_sides(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Left and right, both or nothing."""
    sides = _SIDES_OF.get(organ, ())
    matches = [_match_by_rules(side, rois, given_name(side, names or {})) for side in sides]
    matched = tuple(side.roi for side in matches if isinstance(side, Match))
    return matched if len(set(matched)) == len(sides) else ()


def targets(target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> tuple[RoiName, ...]:
    """Every structure that is a target of that kind by its name; only the user's where the user named one.

    None where another structure may be one too: a target passed over would be one that nothing checked. One without
    contours is no target while others have some.
    """
    given = given_name(target, names or {})
    if given is not None:
        return _contoured_or_all(_structures_named(given, rois))
    fits = (_is_exact, _is_alias, _has_kind, _has_prefix)
    fitting = {r for r in rois if any(fit(target, r) for fit in fits)}
    unclear = any(_may_be(target, r) for r in rois if r.contoured and r not in fitting)
    return () if unclear else _contoured_or_all(fitting)


def _contoured_or_all(rois: Collection[RoiName]) -> tuple[RoiName, ...]:
    return tuple(sorted([r for r in rois if r.contoured] or rois, key=_order))


def all_targets(rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> tuple[RoiName, ...]:
    """Every contoured structure that is a target of some kind by its name or type, clear which or not, but no helper.

    For what asks whether *any* target receives its dose, and for what shows them all.
    """
    given_names = [given_name(target, names or {}) for target in TARGETS]
    given = {r for name in given_names if name is not None for r in _structures_named(name, rois)}
    fits = (_is_exact, _is_alias, _has_kind, _has_prefix, _may_be)
    fitting = {r for r in rois if any(fit(target, r) for target in TARGETS for fit in fits)}
    return tuple(sorted((r for r in fitting | given if r.contoured), key=_order))


def is_target_name(name: str) -> bool:
    """Whether a structure of that name is a target by its name alone.

    Examples
    --------
    >>> is_target_name("PTV_5000"), is_target_name("zPTV"), is_target_name("Heart")
    (True, False, False)
    """
    return bool(all_targets((RoiName.named(name),)))


def is_of_target(roi: RoiName) -> bool:
    """Whether a structure may be a target by its type or name, or a planner's version of one, but no ring around one.

    Examples
    --------
    >>> names = ("zPTV2", "PTV_eval", "Heart", "Met_2", "PTV_ring")
    >>> [is_of_target(RoiName(name=name, number=1)) for name in names]
    [True, True, False, True, False]
    """
    if not is_like_target(roi.name):
        return False
    return roi.kind in TARGETS or bool(_TARGET_WORD.search(unicodedata.normalize("NFKC", roi.name).casefold()))


def _separate_targets(target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """The same, but none where the names do not tell that they are separate."""
    candidates = targets(target, rois, names)
    is_given = given_name(target, names or {}) is not None
    return candidates if is_given or _are_separate(target, candidates) else ()


def _are_separate(target: str, rois: Collection[RoiName]) -> bool:
    """Whether the names, where there are several, tell which target each is: not versions, images or doses of one."""
    by_name = [target_names.parts(target, r.name, _sites()) for r in rois]
    distinct = {parts for parts in by_name if parts is not None and {says for says, _ in parts} <= {Says.WHICH}}
    return len(rois) == 1 or len(distinct) == len(rois)


def _suggestions(organ: str, rois: Sequence[RoiName]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names to suggest, the likeliest first, and those of them that are probably the organ; contoured ones only."""
    graded: dict[str, Likeness] = {}
    for roi in rois:
        if not roi.contoured or len(roi.name) > _LONGEST_SHOWN:
            continue
        grade = _target_likeness(organ, roi) if organ in TARGETS else _likeness(organ, roi)
        if grade is not Likeness.UNLIKE:
            graded[roi.name] = max(grade, graded.get(roi.name, grade))
    probable = sorted(name for name, grade in graded.items() if grade is Likeness.PROBABLE)[:_PROBABLE_COUNT]
    close = sorted(name for name, grade in graded.items() if grade is Likeness.CLOSE)
    return (*probable, *close[: max(_SUGGESTED_COUNT - len(probable), 0)]), tuple(probable)


def _likeness(organ: str, roi: RoiName) -> Likeness:
    is_other_organ = organ_named(roi.name) not in (None, organ)
    return likeness(organ, _spelled_out(organ), roi.name, kind=roi.kind, is_other_organ=is_other_organ)


def _target_likeness(target: str, roi: RoiName) -> Likeness:
    """A target's name with more in it than TG-263 lets follow, or another name with the target's type."""
    is_named_target = target_names.mentions(target, roi.name) and is_like_target(roi.name) and roi.kind not in _STEERING
    return Likeness.PROBABLE if is_named_target or _may_be(target, roi) else Likeness.UNLIKE


def _names_like(given: str, rois: Sequence[RoiName]) -> tuple[str, ...]:
    """Names of contoured structures like the one that the user wrote, the closest first."""
    from rapidfuzz import fuzz

    key = normalise(given[:_LONGEST_SHOWN])
    names = {r.name for r in rois if r.contoured and len(r.name) <= _LONGEST_SHOWN}
    scored = sorted((-fuzz.ratio(key, normalise(name)), name) for name in names)
    return tuple(name for score, name in scored if -score >= _SIMILAR_GIVEN_SCORE)[:_SUGGESTED_COUNT]


def _side(key: str) -> str:
    """``'l'``, ``'r'``, ``'lr'`` or ``''`` of a normalised name."""
    return "lr" if key.endswith("_l_r") else key[-1] if key.endswith(("_l", "_r")) else ""


def _stem(key: str) -> str:
    """The normalised name without its side."""
    return key[:-4] if key.endswith("_l_r") else key[:-2] if _side(key) else key


@lru_cache(maxsize=1 << 14)
def _spell(name: str) -> str:
    words = [w.casefold() for w in _WORD_BREAK.split(unicodedata.normalize("NFKC", name)) if w]
    sides = sorted({_SIDE[w] for w in words if w in _SIDE})
    return unicodedata.normalize("NFKC", "_".join(["".join(w for w in words if w not in _SIDE), *sides]))


@cache
def _spellings() -> dict[str, tuple[str, str, str]]:
    """TG-263 name -> its description, its aliases and its German aliases (``;`` between them)."""
    import csv
    import pkgutil  # importlib.resources needs 12 ms to import

    text = pkgutil.get_data(__package__, "tg263_names.csv")
    assert text is not None  # noqa: S101 - None is of loaders that have no files
    rows = csv.DictReader(text.decode().splitlines())
    return {r["name"]: (r["description"], r["aliases"], r["german"]) for r in rows}


@lru_cache(maxsize=1024)
def _spelled_out(organ: str) -> tuple[str, ...]:
    """All spellings of the organ, and its description where that is no list of several."""
    described, aliases, german = _spellings().get(organ, ("", "", ""))
    return tuple(filter(None, (*aliases.split(";"), *german.split(";"), "" if "-" in described else described)))


@lru_cache(maxsize=1024)
def _keys(organ: str) -> frozenset[str]:
    """Normalised spellings that are the organ."""
    _, aliases, german = _spellings().get(organ, ("", "", ""))
    keys = {normalise(name) for name in (organ, *aliases.split(";"), *german.split(";")) if name}
    if organ == "ITV" or organ.endswith("-ITV"):
        keys.add(normalise(organ.removesuffix("ITV") + "IGTV"))
    for key in map(normalise, filter(None, german.split(";"))):
        for word in _GERMAN_SIDE.get(_side(key), ()):
            keys |= {key[:-2] + word, word + key[:-2]}
    return frozenset(keys)


@cache
def _organ_by_key() -> dict[str, str]:
    """Normalised spelling -> organ; no spelling is that of two."""
    return {key: organ for organ in sorted(known_names(), reverse=True) for key in _keys(organ)}


@cache
def _sites() -> frozenset[str]:
    """Normalised names of whole organs, without side: what a target may be named after, and what no target is."""
    whole_organs = (organ for organ in _spellings() if not _is_marked(organ) and not is_helper(organ))
    return frozenset(_stem(key) for organ in whole_organs for key in _keys(organ))


@lru_cache(maxsize=1024)
def _described(organ: str) -> frozenset[str]:
    """TG-263's description of the organ, where no other organ has the same: what a code's meaning may say."""
    described = [normalise(text) for text, _, _ in _spellings().values()]
    own = normalise(_spellings().get(organ, ("", "", ""))[0])
    return frozenset({own}) if own and described.count(own) == 1 else frozenset()

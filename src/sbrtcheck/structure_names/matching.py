"""Structure names: the TG-263 name a plan's structure has, by which rule; never a guess.

Rules, the first that finds a structure decides; several structures at the same rule are `Ambiguous`, never a choice:

1. the user's own mapping,
2. the exact TG-263 name,
3. a spelling in the clinic's dictionary, after `dictionary_key`; it is explicit, so it may be any name,
4. a listed alias (``tg263_names.csv``), after `normalise`,
5. for targets and the external contour: RT ROI Interpreted Type where the name has the target in it, then a target
   name of TG-263 such as ``PTV_5000`` or ``PTVn1``,
6. the RT ROI identification code, where the structure's own name does not speak against it.

A structure without contours is matched only where no rule finds one that has some, and what was passed over is named. A
name that the user gave is that structure's or nobody's: ``ROI 6``, where nothing is called so, is the ROI number 6.

A name with PTV, CTV, GTV, ITV or PRV in it, or with one of ``- + ~ ^ ! & |``, is never matched to an organ: it is a
margin or a Boolean of one. ``Lungs-GTV`` and the like are organs of their own. What is named as a planner's helper, an
older version or a copy is matched by the first three rules only. What a weaker rule would have found is in the match.
What the dictionary says is one organ is no other by a weaker rule. A name that clinics use for another organ than
TG-263 does (``Bronchus``) is matched by the user's word alone: the mapping, or the dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sbrtcheck.structure_names import target_names
from sbrtcheck.structure_names.likeness import Likeness, is_like_target, likeness
from sbrtcheck.structure_names.spellings import (
    described,
    has_operator,
    is_alias,
    is_exact,
    is_in_doubt,
    is_marked,
    is_of_other_organ,
    is_part,
    keys,
    normalise,
    organ_named,
    side_of,
    sites,
    spelled_out,
    stem_of,
    without_version,
)
from sbrtcheck.structure_names.target_names import Says, is_helper
from sbrtcheck.structure_names.user_names import Dictionary, dictionary_of, given_name, organ_by_name


class Rule(StrEnum):
    """Which rule matched a structure to an organ."""

    GIVEN = "given by the user"
    EXACT = "TG-263 name"
    DICTIONARY = "the clinic's dictionary"
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

# a name with one of these is a part or a surrogate of the organ, whatever its code says
_PART = re.compile(r"canal|kanal|sac|wall|wand|cortex|hilum|rib|ring|avoid|dummy|part|sub|opt|eval")
_TARGET_WORD = re.compile(r"i?gtv|[pci]tv|(?<![^\W\d_])(mets?|tumou?r|lesion|boost)(?![^\W\d_])")
_STEERING = frozenset({"AVOIDANCE", "CONTROL"})  # interpreted types of what is contoured for the optimiser
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
        no ROI of that name. `UserNames` bring the clinic's dictionary along, here and in all that follows.

    Returns
    -------
    Match | NoMatch | Ambiguous
        Never a guess: names that are only alike come back in ``suggested`` and ``probable``.
    """
    given = given_name(organ, names or {})
    matched = _match_by_rules(organ, rois, names)
    if matched is None and given is not None:
        return NoMatch(organ=organ, given=given, suggested=_names_like(given, rois))
    if matched is None:
        suggested, probable = _suggestions(organ, rois, names)
        return NoMatch(organ=organ, suggested=suggested, probable=probable)
    if isinstance(matched, Match):
        return _with_alternatives(matched, rois, names)
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


def _structures_named(given: str, rois: Sequence[RoiName]) -> list[RoiName]:
    """Structures that the user's text names: those called so, else the one of the number in ``ROI 6``."""
    same_name = [r for r in rois if r.name == given]
    number = _BY_NUMBER.fullmatch(given.strip())
    return same_name if same_name or not number else [r for r in rois if r.number == int(number[1])]


def _match_by_rules(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> Match | Ambiguous | None:
    """The match by the rules alone, without suggestions and names of others: finding these needs most of the time.

    A structure without contours is considered only where none with contours fits.
    """
    given = given_name(organ, names or {})
    candidates = _structures_named(given, rois) if given is not None else rois
    contoured = [r for r in candidates if r.contoured]
    empty = [r for r in candidates if not r.contoured] if len(contoured) < len(candidates) else []
    if given is not None:
        return _match_or_ambiguous(organ, contoured, Rule.GIVEN) or _match_or_ambiguous(organ, empty, Rule.GIVEN)
    rules = _rules_with(dictionary_of(names))
    return _by_rule(organ, contoured, rules) or _by_rule(organ, empty, rules)


def _by_rule(organ: str, rois: Sequence[RoiName], rules: _Rules) -> Match | Ambiguous | None:
    matches = (_match_or_ambiguous(organ, [r for r in rois if fits(organ, r)], rule) for rule, fits in rules)
    return next((matched for matched in matches if matched is not None), None)


def _match_or_ambiguous(organ: str, fitting: Sequence[RoiName], rule: Rule) -> Match | Ambiguous | None:
    if not fitting:
        return None
    if len(fitting) == 1:
        return Match(organ=organ, roi=fitting[0], rule=rule)
    return Ambiguous(organ=organ, rois=tuple(sorted(fitting, key=_order)))


def _with_alternatives(matched: Match, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> Match:
    """The match with the names of other structures that might be the organ too."""
    given = given_name(matched.organ, names or {})
    rules = _rules_with(dictionary_of(names))
    empty = [r for r in rois if not r.contoured and r != matched.roi]
    if given is not None:
        passed_over: Iterable[RoiName] = set(_structures_named(given, empty))
    else:
        passed_over = {r for r in empty if any(fits(matched.organ, r) for _, fits in rules)}
    others = () if given is not None else _weaker_matches(matched, rois, rules)
    needs_none = matched.roi.contoured or given is not None
    suggested, probable = ((), ()) if needs_none else _suggestions(matched.organ, rois, names)
    return replace(
        matched,
        others=_labels(others, rois),
        passed_over=_labels(passed_over, rois),
        suggested=suggested,
        probable=probable,
    )


def copies_of(
    organ: str, roi: RoiName, rois: Sequence[RoiName], names: Mapping[str, str] | None = None
) -> tuple[RoiName, ...]:
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
    names
        What the user says of names: the dictionary may know a structure as another organ.

    Examples
    --------
    >>> names = ("SpinalCord", "Spinal Cord 2", "SpinalCord_PRV", "SpinalCanal", "Heart_1")
    >>> rois = [RoiName(name=name, number=number) for number, name in enumerate(names)]
    >>> [copy.name for copy in copies_of("SpinalCord", rois[0], rois)]
    ['Spinal Cord 2']
    """
    others = [r for r in rois if r.contoured and r != roi]
    dictionary = dictionary_of(names)
    if organ in TARGETS:
        return tuple(sorted((r for r in others if _may_be(organ, r)), key=_order))
    return tuple(sorted((r for r in others if _is_copy(organ, r, dictionary)), key=_order))


def _is_copy(organ: str, roi: RoiName, dictionary: Dictionary) -> bool:
    roi = replace(roi, name=without_version(roi.name))
    other_organ = organ_by_name(roi.name, dictionary)
    if is_marked(roi.name) or other_organ not in (None, organ):
        return False
    return other_organ == organ or _likeness(organ, roi, dictionary) is Likeness.PROBABLE


def _weaker_matches(matched: Match, rois: Iterable[RoiName], rules: _Rules) -> Iterable[RoiName]:
    """Contoured structures that a weaker rule would have found, had the one matched not been there."""
    place = [rule for rule, _ in rules].index(matched.rule)
    weaker_rules = [fits for _, fits in rules[place + 1 :]]
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
    return is_exact(organ, roi.name)


def _is_alias(organ: str, roi: RoiName) -> bool:
    return is_alias(organ, roi.name)


def _has_kind(organ: str, roi: RoiName) -> bool:
    """RT ROI Interpreted Type says so (PS3.3 C.8.8.8.1), and so does the name of a target."""
    if roi.kind != organ.upper() or organ not in {*TARGETS, "External"} or is_helper(roi.name):
        return False
    return not is_marked(roi.name) if organ == "External" else _mentions(organ, roi.name)


def _mentions(target: str, name: str) -> bool:
    """Whether that target, no other, and no operator is in the name."""
    return target_names.mentions(target, name) and not has_operator(name)


def _has_prefix(organ: str, roi: RoiName) -> bool:
    """``PTV_5000``, ``PTV1``, ``IGTV lower``: the target's name, then only what TG-263 lets follow it."""
    if organ not in TARGETS or roi.kind in _STEERING:
        return False
    return target_names.parts(organ, roi.name, sites()) is not None


def _may_be(organ: str, roi: RoiName) -> bool:
    """A target of that kind by its type or the beginning of its name alone: too little for a match, to be named."""
    if organ not in TARGETS or is_helper(roi.name) or roi.kind in _STEERING or has_operator(roi.name):
        return False
    begins = target_names.suffix(organ, roi.name) is not None
    typed = roi.kind == organ and not is_marked(roi.name) and stem_of(normalise(roi.name)) not in sites()
    return typed or (begins and _mentions(organ, roi.name))


def _has_code(organ: str, roi: RoiName) -> bool:
    """One of its codes names the organ, and neither its type nor its name says that it is something else."""
    if not roi.codes or organ in TARGETS or roi.kind in {*TARGETS, "EXTERNAL"} or is_marked(roi.name):
        return False
    if is_helper(roi.name) and not is_helper(organ):
        return False
    if is_in_doubt(roi.name):
        return False
    known_keys = keys(organ) | described(organ)
    coded = {key for key in map(normalise, roi.codes) if key in known_keys}
    return bool(coded) and not _name_contradicts(organ, roi.name, coded)


def _name_contradicts(organ: str, name: str, coded: set[str]) -> bool:
    key = normalise(name)
    if side_of(key) not in {"", side_of(normalise(organ))}:
        return True
    if is_of_other_organ(key, organ):
        return True
    spelled = "".join(coded) + normalise(organ)
    return any(part not in spelled for part in _PART.findall(key))


_Fits = Callable[[str, RoiName], bool]
_Rules = tuple[tuple[Rule, _Fits], ...]
_RULES: _Rules = (
    (Rule.EXACT, _is_exact),
    (Rule.ALIAS, _is_alias),
    (Rule.KIND, _has_kind),
    (Rule.PREFIX, _has_prefix),
    (Rule.CODE, _has_code),
)


def _rules_with(dictionary: Dictionary) -> _Rules:
    """The rules with that of the dictionary among them; below it, what the dictionary says is another organ is none."""
    if not dictionary.spellings:
        return _RULES

    def is_listed(organ: str, roi: RoiName) -> bool:
        return dictionary.is_organ(organ, roi.name)

    def unless_other(fits: _Fits) -> _Fits:
        return lambda organ, roi: dictionary.organ_of(roi.name) is None and fits(organ, roi)

    exact, *weaker = _RULES
    return exact, (Rule.DICTIONARY, is_listed), *((rule, unless_other(fits)) for rule, fits in weaker)


def _recipe(
    organ: str, base: str, target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None
) -> Recipe | None:
    if given_name(organ, names or {}) is not None or _match_by_rules(organ, rois, names) is not None:
        return None
    plus = _both_sides(base, rois, names) if organ == base else _structures_of_organ(base, rois, names)
    minus = _separate_targets(target, rois, names) if target else ()
    if not plus or (target and not minus) or set(plus) & set(minus):
        return None
    return Recipe(organ=organ, plus=plus, minus=minus)


def _structures_of_organ(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Structures that together are the organ: itself, or both sides when nobody contoured it."""
    given = given_name(organ, names or {})
    match _match_by_rules(organ, rois, names):
        case Match(roi=roi):
            return (roi,)
        case None if given is None:
            return _both_sides(organ, rois, names)
        case _:
            return ()


def _both_sides(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Left and right, both or nothing."""
    sides = _SIDES_OF.get(organ, ())
    matches = [_match_by_rules(side, rois, names) for side in sides]
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
    dictionary = dictionary_of(names)
    fits = [fit for rule, fit in _rules_with(dictionary) if rule is not Rule.CODE]
    fitting = {r for r in rois if any(fit(target, r) for fit in fits)}
    unknown = [r for r in rois if r.contoured and r not in fitting and dictionary.organ_of(r.name) is None]
    unclear = any(_may_be(target, r) for r in unknown)
    return () if unclear else _contoured_or_all(fitting)


def _contoured_or_all(rois: Collection[RoiName]) -> tuple[RoiName, ...]:
    return tuple(sorted([r for r in rois if r.contoured] or rois, key=_order))


def all_targets(rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> tuple[RoiName, ...]:
    """Every contoured structure that is a target of some kind by its name or type, clear which or not, but no helper.

    For what asks whether *any* target receives its dose, and for what shows them all.
    """
    given_names = [given_name(target, names or {}) for target in TARGETS]
    given = {r for name in given_names if name is not None for r in _structures_named(name, rois)}
    fits = [*(fit for rule, fit in _rules_with(dictionary_of(names)) if rule is not Rule.CODE), _may_be]
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
    by_name = [target_names.parts(target, r.name, sites()) for r in rois]
    distinct = {parts for parts in by_name if parts is not None and {says for says, _ in parts} <= {Says.WHICH}}
    return len(rois) == 1 or len(distinct) == len(rois)


def _suggestions(
    organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names to suggest, the likeliest first, and those of them that are probably the organ; contoured ones only."""
    dictionary = dictionary_of(names)
    graded: dict[str, Likeness] = {}
    for roi in rois:
        if not roi.contoured or len(roi.name) > _LONGEST_SHOWN:
            continue
        grade = _target_likeness(organ, roi) if organ in TARGETS else _likeness(organ, roi, dictionary)
        if grade is not Likeness.UNLIKE and not (is_in_doubt(roi.name) and _is_settled(roi, rois, names)):
            graded[roi.name] = max(grade, graded.get(roi.name, grade))
    probable = sorted(name for name, grade in graded.items() if grade is Likeness.PROBABLE)[:_PROBABLE_COUNT]
    close = sorted(name for name, grade in graded.items() if grade is Likeness.CLOSE)
    return (*probable, *close[: max(_SUGGESTED_COUNT - len(probable), 0)]), tuple(probable)


def _is_settled(roi: RoiName, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> bool:
    """Whether the user said which organ the structure is, so that it is not asked about for others."""
    given = (name for name in (names or {}).values() if name)
    return dictionary_of(names).organ_of(roi.name) is not None or any(roi in _structures_named(g, rois) for g in given)


def _likeness(organ: str, roi: RoiName, dictionary: Dictionary) -> Likeness:
    if is_part(roi.name, organ):
        return Likeness.PROBABLE
    is_other_organ = organ_by_name(roi.name, dictionary) not in (None, organ)
    return likeness(organ, spelled_out(organ), roi.name, kind=roi.kind, is_other_organ=is_other_organ)


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

"""The structures that organs were matched to, and the DVHs of a plan, in; the DVH of each organ, or why not, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DERIVED_NUMBER, DVH, DVHSet, NoDVH, Reason
from sbrtcheck.judge.naming import belied_by_its_name
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Finding, FindingCode, Plan
from sbrtcheck.results.outcome import MatchedStructure, contour_or_empty
from sbrtcheck.structure_names import (
    TARGETS,
    Ambiguous,
    Match,
    NoMatch,
    RoiName,
    Rule,
    StructureMatches,
    copies_of,
    is_part,
    match,
    organ_by_name,
    organ_named,
    structures_inside,
    structures_perhaps_of,
)
from sbrtcheck.tables import Choice, Side

StructureKey = tuple[str, int]
"""Name and ROI number: several structures of a plan may have one name."""

_NOT_ASKED_FOR = NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="no DVH of it was asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedDvh:
    """The structure(s) matched to an organ, and their DVH; ``dvh`` is why not, where there is none.

    Parameters
    ----------
    organ, structure
        The organ; what was matched to it, None where nothing was.
    dvh
        What the organ is judged on. That of ``parts`` together where there are several: until they are combined, that
        of the first.
    parts
        The DVHs that are the organ together; none where one is lacking.
    target_count
        How many separate targets it is.
    findings
        What a reader should know of the choice.
    lacking
        Parts of a union that the plan does not have, or that could not be measured.
    others
        Names of structures that a weaker rule would have matched.
    probable
        Names that make a structure the organ, or a part of it, though it was not matched to it.
    copies
        Structures whose names are that of the one matched and a number, or a word for a version or a part.
    inside
        Structures that are organs of their own by their names, and lie inside this one. None where the user said which
        structure is the organ.
    perhaps
        Structures that may belong to it by their names, and that no verdict asks for: what need not lie inside its
        contour (`may_belong_to`), and where the user said which structure is the organ, copies of it and what lies
        inside it too.
    """

    organ: str
    structure: MatchedStructure | None = None
    dvh: DVH | NotMeasured
    parts: tuple[DVH, ...] = ()
    target_count: int = 1
    findings: tuple[Finding, ...] = ()
    lacking: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    probable: tuple[str, ...] = ()
    copies: tuple[RoiName, ...] = ()
    inside: tuple[RoiName, ...] = ()
    perhaps: tuple[RoiName, ...] = ()

    @property
    def contour(self) -> str:
        """Name of what was matched; to print, empty where nothing was."""
        return contour_or_empty(self.structure)

    @property
    def structure_names(self) -> tuple[str, ...]:
        """Names of the structures that were matched to it; none where nothing was."""
        return () if self.structure is None else self.structure.names

    @property
    def key(self) -> tuple[StructureKey, ...]:
        """Tells which structures the DVH is of: the same for every row that is on them."""
        return tuple((part.name, part.number) for part in self.parts)

    @property
    def is_missing(self) -> bool:
        """Whether the plan has no structure of the organ."""
        return isinstance(self.dvh, NotMeasured) and self.dvh.reason is Reason.STRUCTURE_MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStructures:
    """The structures of a plan and their DVHs; ``by_organ`` is what each organ that was asked for is judged on.

    ``by_key`` has the DVHs of contoured structures, ``derived`` those of organs made from them, by name;
    ``plan`` has the contours, where they are known, and ``laterality`` is the side of the target that the user gave.
    """

    dvhs: DVHSet
    matches: StructureMatches
    by_key: Mapping[StructureKey, DVH | NoDVH]
    derived: Mapping[str, DVH | NoDVH]
    by_organ: Mapping[str, MatchedDvh]
    plan: Plan | None = None
    laterality: Side | None = None

    def of_separate_targets(self, kind: str) -> tuple[MatchedDvh, ...]:
        """Each of the targets of a kind where there are several apart from one another; none where there are not."""
        targets = []
        for roi in self.matches.separate.get(kind, ()):
            match_ = Match(organ=kind, roi=roi, rule=_rule_of_target(kind, roi, self.matches))
            matched = _from_match(match_, self.matches, self.by_key)
            targets.append(replace(matched, copies=()))  # separate targets are no copies of one another
        return tuple(targets)

    def with_dvhs_of(self, other: DVHSet) -> PlanStructures:
        """The same structures, matched to the same organs, with the DVHs that another set has of them."""
        by_key = {(roi.name, roi.number): dvh_of(roi.name, roi.number, other) for roi in self.matches.structures}
        derived = {name: dvh_of(name, DERIVED_NUMBER, other) for name in self.derived}
        of_other = _plan_structures(other, self.matches, by_key, derived)
        return replace(of_other, plan=self.plan, laterality=self.laterality)


def plan_structures(dvhs: DVHSet, matches: StructureMatches, laterality: Side | None = None) -> PlanStructures:
    """Find the DVHs of what the organs were matched to; ``laterality`` is the side of the target, if it was given."""
    all_dvhs: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
    by_key = {(dvh.name, dvh.number): dvh for dvh in all_dvhs if dvh.number != DERIVED_NUMBER}
    derived = {dvh.name: dvh for dvh in all_dvhs if dvh.number == DERIVED_NUMBER}
    return replace(_plan_structures(dvhs, matches, by_key, derived), plan=dvhs.plan, laterality=laterality)


def _plan_structures(
    dvhs: DVHSet,
    matches: StructureMatches,
    by_key: Mapping[StructureKey, DVH | NoDVH],
    derived: Mapping[str, DVH | NoDVH],
) -> PlanStructures:
    return PlanStructures(
        dvhs=dvhs,
        matches=matches,
        by_key=by_key,
        derived=derived,
        by_organ={
            organ: _matched_dvh(organ, by_name, matches, by_key, derived) for organ, by_name in matches.by_organ.items()
        },
    )


def dvh_of(name: str, number: int, dvhs: DVHSet) -> DVH | NoDVH:
    """The DVH that a set has of a structure: that of its name, and of its number where several have the name."""
    all_dvhs: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
    same_name = [dvh for dvh in all_dvhs if dvh.name == name]
    candidates = [dvh for dvh in same_name if dvh.number == number] or same_name
    if len(candidates) == 1:
        return candidates[0]
    if number == DERIVED_NUMBER:
        reason, detail = Reason.UNDEFINED_FOR_STORED_DVH, "built here from others: there is no other DVH of it"
    elif candidates:
        reason, detail = Reason.STRUCTURE_AMBIGUOUS, f"there are {len(candidates)} DVHs of that name"
    else:
        reason, detail = Reason.STRUCTURE_NOT_COMPUTED, "there is no other DVH of it"
    return NoDVH(name=name, number=number, reason=reason, detail=detail)


def dvh_or_reason(dvh: DVH | NoDVH | None) -> DVH | NotMeasured:
    """The DVH of a structure; or the reason why there is none."""
    if isinstance(dvh, DVH):
        return dvh
    return NotMeasured(reason=dvh.reason, detail=dvh.detail) if dvh else _NOT_ASKED_FOR


# One organ


def _matched_dvh(
    organ: str,
    by_name: Match | NoMatch | Ambiguous,
    matches: StructureMatches,
    by_key: Mapping[StructureKey, DVH | NoDVH],
    derived: Mapping[str, DVH | NoDVH],
) -> MatchedDvh:
    """The contoured structure of an organ, else the derived one of that name."""
    match by_name:
        case Match():
            return _from_match(by_name, matches, by_key)
        case Ambiguous():
            return MatchedDvh(organ=organ, dvh=_ambiguous_reason(by_name))
        case NoMatch():
            # a name may be given to what is derived too, such as both kidneys together for their cortex
            if dvh := derived.get(organ if by_name.given is None else by_name.given):
                return _from_derived(organ, dvh, matches)
            return MatchedDvh(organ=organ, dvh=_missing_reason(by_name), probable=by_name.probable)


def _from_match(matched: Match, matches: StructureMatches, by_key: Mapping[StructureKey, DVH | NoDVH]) -> MatchedDvh:
    dvh = dvh_or_reason(by_key.get((matched.roi.name, matched.roi.number)))
    copies = copies_of(matched.organ, matched.roi, matches.structures, matches.given)
    inside = structures_inside(matched.organ, matches.structures, matches.given)
    perhaps = structures_perhaps_of(matched.organ, matches.structures, matches.given)
    if matched.rule is Rule.GIVEN:  # the user chose among several: copies and parts change no verdict, and are told
        perhaps = () if matched.organ in TARGETS else tuple(dict.fromkeys((*copies, *inside, *perhaps)))
        copies, inside = (), ()
    return MatchedDvh(
        organ=matched.organ,
        structure=MatchedStructure(names=(matched.roi.name,), rules=(matched.rule,)),
        dvh=dvh,
        parts=(dvh,) if isinstance(dvh, DVH) else (),
        findings=(
            *_belied_finding(matched),
            *_others_finding(matched),
            *_passed_over_finding(matched),
            *_copies_finding(matched.roi.name, copies),
        ),
        others=matched.others,
        probable=matched.probable,
        copies=copies,
        inside=inside,
        perhaps=perhaps,
    )


def _from_derived(organ: str, derived: DVH | NoDVH, matches: StructureMatches) -> MatchedDvh:
    dvh = dvh_or_reason(derived)
    copies = _copies_of_parts(derived, matches)
    return MatchedDvh(
        organ=organ,
        structure=MatchedStructure(names=(derived.name,), rules=(Rule.DERIVED,)),
        dvh=dvh,
        parts=(dvh,) if isinstance(dvh, DVH) else (),
        findings=_copies_finding(derived.name, copies),
        copies=copies,
        inside=_inside_derived(derived, matches),
        perhaps=structures_perhaps_of(derived.name, matches.structures, matches.given),
    )


def _inside_derived(derived: DVH | NoDVH, matches: StructureMatches) -> tuple[RoiName, ...]:
    """What lies inside a derived organ and is not what it was built from."""
    recipes = derived.made_of if isinstance(derived, DVH) else ()
    built_from = {roi for recipe in recipes for roi in recipe.plus}
    inside = structures_inside(derived.name, matches.structures, matches.given)
    return tuple(roi for roi in inside if roi not in built_from)


def _copies_of_parts(derived: DVH | NoDVH, matches: StructureMatches) -> tuple[RoiName, ...]:
    """Copies, versions and parts of what a derived structure was built from."""
    recipes = derived.made_of if isinstance(derived, DVH) else ()
    parts = [(roi, organ_by_name(roi.name, matches.given.dictionary)) for recipe in recipes for roi in recipe.plus]
    copies = (
        copy
        for roi, organ in parts
        if organ is not None
        for copy in copies_of(organ, roi, matches.structures, matches.given)
    )
    return tuple(dict.fromkeys(copies))


def _rule_of_target(kind: str, roi: RoiName, matches: StructureMatches) -> Rule:
    """The rule by which a target is one, were it the only one."""
    single = match(kind, [roi], matches.given)
    return single.rule if isinstance(single, Match) else Rule.KIND


def _copies_finding(name: str, copies: Sequence[RoiName]) -> tuple[Finding, ...]:
    """Say which structures are a copy, a version or a part of the one matched by their names."""
    if not copies:
        return ()
    text = f"{', '.join(copy.name for copy in copies)} may be a copy or a part of it by name, and was not used"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=name),)


def _passed_over_finding(matched: Match) -> tuple[Finding, ...]:
    """Say which structures have the name and no contours."""
    if not matched.passed_over:
        return ()
    empty_names = ", ".join(matched.passed_over)
    is_, has = ("is", "has") if len(matched.passed_over) == 1 else ("are", "have")
    text = f"matched to {matched.roi.name}; {empty_names} {is_} {matched.organ} by name too, and {has} no contours"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=matched.organ),)


def _belied_finding(matched: Match) -> tuple[Finding, ...]:
    """Say that what the user gave for an organ is another one by its name."""
    text = belied_by_its_name(matched)
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=matched.organ),) if text else ()


def _others_finding(matched: Match) -> tuple[Finding, ...]:
    """Say which structures would have been the organ too, had the one matched not been there."""
    if not matched.others:
        return ()
    others = ", ".join(matched.others)
    text = f"matched to {matched.roi.name}; {others} might be {matched.organ} as well, and was not evaluated as such"
    code = FindingCode.SEVERAL_TARGETS if matched.organ in TARGETS else FindingCode.NAME_MATCH
    return (Finding(code=code, text=text, subject=matched.organ),)


def _missing_reason(no_match: NoMatch) -> NotMeasured:
    """Why there is no structure: the plan lacks the one that the user named, or none is the organ by its name."""
    if no_match.given is not None:
        suggested = f"; close names: {', '.join(no_match.suggested)}" if no_match.suggested else ""
        detail = f"the names given say {no_match.given!r}, and the plan has no such structure{suggested}"
        return NotMeasured(reason=Reason.GIVEN_NAME_MISSING, detail=detail)
    if no_match.probable:
        detail = f"not matched, though by its name it may be this organ: {', '.join(no_match.probable)}"
        return NotMeasured(reason=Reason.STRUCTURE_MISSING, detail=detail)
    detail = f"close names, not matched: {', '.join(no_match.suggested)}" if no_match.suggested else ""
    return NotMeasured(reason=Reason.STRUCTURE_MISSING, detail=detail)


def _ambiguous_reason(ambiguous: Ambiguous) -> NotMeasured:
    detail = f"candidates: {', '.join(ambiguous.candidates)}; {ambiguous.hint}"
    return NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=detail)


# The first organ that the plan has


def first_in_plan(organs: Sequence[str], structures: PlanStructures) -> MatchedDvh:
    """The first of several organs that the plan has."""
    (matched,) = first_of(
        [Choice(structures=(organ,)) for organ in organs], lambda choice: [structures.by_organ[choice.structures[0]]]
    )
    return matched


def first_of(choices: Sequence[Choice], of_choice: Callable[[Choice], list[MatchedDvh]]) -> list[MatchedDvh]:
    """The match of the first of several organs that the plan has.

    An organ is passed over only where the plan has no structure of it, nor probably has one. An ambiguous match is not:
    which structure is meant is for the user to say, and a later organ of the list would hide the question.
    """
    missing: list[MatchedDvh] = []
    labels = [str(choice) for choice in choices]
    for place, choice in enumerate(choices):
        matches = of_choice(choice)
        if not all(matched.is_missing for matched in matches) or _is_one_perhaps(choice, probable_of(matches)):
            passed_over = labels[:place]
            return [
                replace(matched, findings=(_instead_finding(passed_over, matched), *matched.findings))
                if passed_over
                else matched
                for matched in matches
            ]
        missing += matches
    return [missing_together(" or ".join(labels), missing)]


def missing_together(organ: str, missing: Sequence[MatchedDvh]) -> MatchedDvh:
    """Several organs that the plan lacks as one of this name; what may be one of them may be it, and is the reason."""
    first = next((matched for matched in missing if matched.probable), missing[0])
    return replace(first, organ=organ, probable=probable_of(missing))


def probable_of(several: Iterable[MatchedDvh]) -> tuple[str, ...]:
    """Names of the structures that are one of several organs by their names, most likely, each once."""
    return tuple(dict.fromkeys(name for matched in several for name in matched.probable))


def _is_one_perhaps(choice: Choice, probable: Sequence[str]) -> bool:
    """Whether one of these is the organ, or a part of it, by its name, and is not known as another organ."""
    return any(organ_named(name) is None or any(is_part(name, organ) for organ in choice.required) for name in probable)


def _instead_finding(passed_over: Sequence[str], matched: MatchedDvh) -> Finding:
    name = matched.organ if matched.structure is None else matched.contour
    text = f"the plan has no {' or '.join(passed_over)}: {name} was used"
    return Finding(code=FindingCode.NAME_MATCH, text=text, subject=matched.contour)

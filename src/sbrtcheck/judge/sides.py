"""The contours of a plan's targets and of a pair of organs in; which of the pair lies on the side of the targets out.

In the patient coordinates of DICOM x grows to the patient's left, whatever the position on the couch (PS3.3
C.7.6.2.1.1). The midline lies halfway between the two organs of a row where both are contoured, else through the spinal
cord or its canal. A target is on a side where all of it is; one across the midline is on neither, and then it is for
the user to say (``laterality``). What the user says wins, but not against all contours: where no target lies on that
side, or an organ lies on the other side than its name says, no side is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from sbrtcheck.dvh import Reason, extent_x_mm
from sbrtcheck.judge.structures import MatchedDvh, PlanStructures
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Finding, FindingCode, Plan
from sbrtcheck.structure_names import Match, RoiName, StructureMatches, is_of_target, match, organ_named
from sbrtcheck.tables import Constraint, RowSide, Side
from sbrtcheck.tables.values import sides_of

CORD = ("SpinalCord", "SpinalCanal")
"""What lies in the midline, where an organ of the pair itself is missing."""

_MIXED_UP = "names or coordinates are mixed up"
_SAY_IT = "(--laterality left or right says it)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SidesOfTargets:
    """The sides of a plan's targets, both where they lie on both; ``text`` says by what."""

    sides: frozenset[Side]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSides:
    """The side of the targets could not be told, and why.

    ``is_contradiction``: names and contours contradict each other, so that the side of the target, known or not, does
    not tell which of the two organs is meant.
    """

    reason: str
    is_contradiction: bool = False

    @property
    def with_hint(self) -> str:
        """The reason, and how to say the side, where that helps."""
        return self.reason if self.is_contradiction else f"{self.reason} {_SAY_IT}"


# -------------------------------------------------------------------------------- names that contours belie


@dataclass(frozen=True, slots=True, kw_only=True)
class SwappedPair:
    """The left organ of a pair lies to the right of the right one."""

    pair: Mapping[Side, str]

    @property
    def text(self) -> str:
        """What is wrong, and what may be the cause."""
        return f"{_swapped_text(self.pair)}: {_MIXED_UP}"


def swapped_pairs(structures: PlanStructures) -> Iterator[SwappedPair]:
    """Pairs of contoured organs that lie the wrong way round: names, contours or the dose may be mirrored."""
    plan, matches = structures.plan, structures.matches
    if plan is None:
        return
    rois = {organ: by_name.roi for organ, by_name in matches.by_organ.items() if isinstance(by_name, Match)}
    listed: dict[str, list[RoiName]] = {}
    for roi in matches.structures:  # organs that no row asks for by themselves, as the lungs of a row on both
        organ = organ_named(roi.name)
        if roi.contoured and organ is not None and organ not in matches.by_organ:
            listed.setdefault(organ, []).append(roi)
    rois |= {organ: found[0] for organ, found in listed.items() if len(found) == 1}
    for two in combinations(sorted(rois), 2):
        pair = sides_of(two)
        if pair is None:
            continue
        left, right = (_extent_mm(rois[pair[side]], plan) for side in (Side.LEFT, Side.RIGHT))
        if left is not None and right is not None and sum(left) < sum(right):
            yield SwappedPair(pair=pair)


# -------------------------------------------------------------------------------- the structures of a row


def on_side(row: Constraint, row_side: RowSide, structures: PlanStructures) -> list[MatchedDvh]:
    """The structures of a row that are on the side of the target, or on the other one.

    Where the side is not known, an ipsilateral row is judged on both: one of them is meant, and must keep the limit.
    That would not do for a contralateral row, which the organ with the target in it need not keep.
    """
    pair = sides_of(row.structures)
    assert pair is not None  # noqa: S101 - the table was refused otherwise
    matched = {side: structures.by_organ[organ] for side, organ in pair.items()}
    both = list(matched.values())
    if all(one.is_missing and not one.probable for one in both):
        return [replace(both[0], organ=" or ".join(pair.values()))]
    found = sides_of_targets(pair, structures)
    match found:
        case UnknownSides(reason=reason) if row_side is RowSide.IPSILATERAL:
            return [_with_finding(one, f"both sides are judged: {reason}") for one in both]
        case UnknownSides():
            return [_without_side(matched, found.with_hint)]
        case SidesOfTargets(sides=sides, text=text) if row_side is RowSide.IPSILATERAL:
            return [_with_finding(matched[side], f"{row_side}: {text}") for side in Side if side in sides]
        case SidesOfTargets(sides=sides, text=text):
            others = [side for side in Side if side not in sides]
            if not others:
                return [_without_side(matched, f"{text}: neither of the two is contralateral {_SAY_IT}")]
            return [_with_finding(matched[side], f"{row_side}: {text}") for side in others]


def _with_finding(matched: MatchedDvh, text: str) -> MatchedDvh:
    finding = Finding(code=FindingCode.SIDE_OF_TARGET, text=text, subject=matched.contour or matched.organ)
    return replace(matched, findings=(*matched.findings, finding))


def _without_side(matched: Mapping[Side, MatchedDvh], detail: str) -> MatchedDvh:
    """Neither of the two organs: which of them the row is on is not known."""
    organ = " or ".join(one.organ for one in matched.values())
    return MatchedDvh(organ=organ, dvh=NotMeasured(reason=Reason.SIDE_UNKNOWN, detail=detail))


# -------------------------------------------------------------------------------- the side of the targets


def sides_of_targets(pair: Mapping[Side, str], structures: PlanStructures) -> SidesOfTargets | UnknownSides:
    """The sides of all targets of the plan, as seen from the midline of a pair of organs.

    Parameters
    ----------
    pair
        The left and the right organ, by their TG-263 names.
    structures
        Of the plan; the side that the user gave, if any, is in them. It wins, unless no target lies there.
    """
    given, told = structures.laterality, _sides_by_contours(pair, structures)
    match told:
        case _ if given is None:
            return told
        case UnknownSides(is_contradiction=True):
            return told
        case SidesOfTargets(sides=sides, text=text) if given not in sides:
            return UnknownSides(reason=f"the laterality given is {given}, and by its contours {text}")
        case SidesOfTargets(sides=sides, text=text) if len(sides) > 1:
            return SidesOfTargets(sides=frozenset({given}), text=f"target {given}, as given; by its contours {text}")
        case _:
            return SidesOfTargets(sides=frozenset({given}), text=f"target {given}, as given")


def _sides_by_contours(pair: Mapping[Side, str], structures: PlanStructures) -> SidesOfTargets | UnknownSides:
    plan, matches = structures.plan, structures.matches
    if plan is None:
        return UnknownSides(reason="the DVHs were read, and without contours the side of the target is not known")
    midline = _midline(pair, plan, matches)
    if isinstance(midline, UnknownSides):
        return midline
    targets = matches.targets
    if not targets:
        return UnknownSides(reason="the plan has no target whose side could be told")
    x_mm, landmark = midline
    sides: set[Side] = set()
    for target in targets:
        side = _side_of(target, x_mm, plan)
        if side is None:
            return UnknownSides(reason=f"{target.name} lies on neither side of {landmark}")
        sides.add(side)
    for roi in matches.structures:  # what may be a target is none that the side is told by, but may belie it
        side = _side_of(roi, x_mm, plan) if roi.contoured and is_of_target(roi) else None
        if side is not None and side not in sides:
            return UnknownSides(reason=f"{roi.name} may be a target too, and lies {side} of {landmark}")
    names, lie = ", ".join(target.name for target in targets), "lies" if len(targets) == 1 else "lie"
    return SidesOfTargets(sides=frozenset(sides), text=f"{names} {lie} {' and '.join(sorted(sides))} of {landmark}")


def _midline(pair: Mapping[Side, str], plan: Plan, matches: StructureMatches) -> tuple[float, str] | UnknownSides:
    """Where the midline is, x in mm, and what it was taken from."""
    left_mm, right_mm = (_centre_mm(pair[side], plan, matches) for side in (Side.LEFT, Side.RIGHT))
    if left_mm is not None and right_mm is not None:
        if left_mm <= right_mm:
            return _mixed_up(_swapped_text(pair))
        return (left_mm + right_mm) / 2.0, f"the middle between {pair[Side.LEFT]} and {pair[Side.RIGHT]}"
    for organ in CORD:
        middle_mm = _centre_mm(organ, plan, matches)
        if middle_mm is None:
            continue
        if left_mm is not None and left_mm <= middle_mm:
            return _mixed_up(f"{pair[Side.LEFT]} does not lie left of {organ}")
        if right_mm is not None and right_mm >= middle_mm:
            return _mixed_up(f"{pair[Side.RIGHT]} does not lie right of {organ}")
        return middle_mm, f"the middle of {organ}"
    return UnknownSides(reason="neither both organs nor the spinal cord are contoured to tell the midline from")


def _swapped_text(pair: Mapping[Side, str]) -> str:
    return f"{pair[Side.LEFT]} lies to the right of {pair[Side.RIGHT]}"


def _mixed_up(what: str) -> UnknownSides:
    return UnknownSides(reason=f"{what}: {_MIXED_UP}", is_contradiction=True)


def _centre_mm(organ: str, plan: Plan, matches: StructureMatches) -> float | None:
    """The middle of an organ along x, mm; None where the plan has no contours of it."""
    by_name = matches.by_organ.get(organ) or match(organ, matches.structures, matches.given)
    extent = _extent_mm(by_name.roi, plan) if isinstance(by_name, Match) else None
    return None if extent is None else (extent[0] + extent[1]) / 2.0


def _side_of(target: RoiName, midline_mm: float, plan: Plan) -> Side | None:
    """The side that all of a target is on; None where it is on neither, or its contours cannot be read."""
    extent = _extent_mm(target, plan)
    if extent is None:
        return None
    low_mm, high_mm = extent
    if low_mm > midline_mm:
        return Side.LEFT
    return Side.RIGHT if high_mm < midline_mm else None


def _extent_mm(roi: RoiName, plan: Plan) -> tuple[float, float] | None:
    """Where a structure begins and ends along x, mm; None without contours that can be read."""
    key = roi.name, roi.number
    return next((extent_x_mm(one) for one in plan.structures if (one.name, one.number) == key), None)

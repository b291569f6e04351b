"""A row and the structures of a plan in, the structure(s) taken for its organ out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason
from sbrtcheck.metric import NotMeasured
from sbrtcheck.plan import Finding, FindingCode, Plan
from sbrtcheck.table import Constraint, Select
from sbrtcheck.tg263 import Ambiguous, Match, NoMatch, RoiName, Rule, match

DERIVED_NUMBER = -1  # of a DVH whose structure no file holds
_NOT_ASKED_FOR = NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="no DVH of it was asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organs:
    """What matching looks at: every structure drawn, and the DVHs by name and number; derived ones by name."""

    dvhs: DVHSet
    drawn: tuple[RoiName, ...]
    by_key: Mapping[tuple[str, int], DVH | NoDVH]
    derived: Mapping[str, DVH | NoDVH]
    names: Mapping[str, str] | None
    # unions and finer DVHs computed while judging, kept so that the rows of one report share them
    made: dict[tuple[str, ...], DVH | NoDVH | None] = field(default_factory=dict, repr=False)

    def union(self, parts: Sequence[DVH]) -> DVH | NoDVH | None:
        """The DVH of several structures as one organ."""
        key = tuple(f"{part.name} {part.number}" for part in parts)
        if key not in self.made:
            self.made[key] = self.dvhs.union(parts)
        return self.made[key]

    def finer(self, dvh: DVH) -> DVH | None:
        """The same DVH from finer elements; None where there is none finer."""
        key = (dvh.name, str(dvh.number), str(dvh.refinement))
        if key not in self.made:
            self.made[key] = self.dvhs.finer(dvh)
        made = self.made[key]
        return made if isinstance(made, DVH) else None

    @classmethod
    def of(cls, dvhs: DVHSet, names: Mapping[str, str] | None) -> Organs:
        """Index the DVHs of one plan."""
        everything: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
        of_files = [one for one in everything if one.number != DERIVED_NUMBER]
        return cls(
            dvhs=dvhs,
            drawn=_drawn(dvhs.plan, of_files),
            by_key={(one.name, one.number): one for one in of_files},
            derived={one.name: one for one in everything if one.number == DERIVED_NUMBER},
            names=names,
        )


def _drawn(plan: Plan | None, of_files: Sequence[DVH | NoDVH]) -> tuple[RoiName, ...]:
    """All structures of the plan, also those without a DVH: a name is ambiguous whether it was computed or not."""
    if plan is None:
        return tuple(RoiName(name=one.name, number=one.number, kind=one.kind) for one in of_files)
    return tuple(RoiName(name=s.name, number=s.number, kind=s.kind, codes=s.codes) for s in plan.structures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The structure(s) taken for an organ; ``dvh`` is why not, where there is none."""

    organ: str
    contour: str = ""
    rule: str = ""
    dvh: DVH | NotMeasured
    findings: tuple[Finding, ...] = ()
    lacking: tuple[str, ...] = ()  # parts of a union that the plan does not have


def select(row: Constraint, plan: Organs) -> list[Taken]:
    """Take the structures that a row asks for, one for every outcome it will have."""
    match row.select:
        case Select.EACH:
            return [_take(organ, plan) for organ in row.structures]
        case Select.UNION:
            return [_take_union(row, plan)]
        case Select.FIRST:
            return [take_first(row.structures, plan)]


def _take(organ: str, plan: Organs) -> Taken:
    """Take the drawn structure for one organ; else the derived one of that name."""
    found = match(organ, plan.drawn, plan.names)
    match found:
        case Match():
            return _taken(organ, found, plan)
        case Ambiguous():
            return Taken(organ=organ, dvh=_ambiguous(found))
        case NoMatch():
            if derived := plan.derived.get(organ):
                return Taken(organ=organ, contour=derived.name, rule=Rule.DERIVED, dvh=_or_why_not(derived))
            return Taken(organ=organ, dvh=_missing(found.near))


def _taken(organ: str, found: Match, plan: Organs) -> Taken:
    dvh = plan.by_key.get((found.roi.name, found.roi.number))
    return Taken(organ=organ, contour=found.roi.name, rule=found.rule, dvh=_or_why_not(dvh))


def _or_why_not(dvh: DVH | NoDVH | None) -> DVH | NotMeasured:
    if isinstance(dvh, DVH):
        return dvh
    return NotMeasured(reason=dvh.reason, detail=dvh.detail) if dvh else _NOT_ASKED_FOR


def take_first(structures: Sequence[str], plan: Organs) -> Taken:
    """Take the first organ that the plan has; an ambiguous one is not passed over."""
    tried = [_take(organ, plan) for organ in structures]
    for taken in tried:
        if not _is_missing(taken):
            passed_over = structures[: tried.index(taken)]
            return replace(taken, findings=_instead_of(passed_over, taken)) if passed_over else taken
    return replace(tried[0], organ=" or ".join(structures))


def _is_missing(taken: Taken) -> bool:
    return isinstance(taken.dvh, NotMeasured) and taken.dvh.reason is Reason.STRUCTURE_MISSING


def _instead_of(organs: Sequence[str], taken: Taken) -> tuple[Finding, ...]:
    text = f"the plan has no {' or '.join(organs)}: {taken.contour or taken.organ} was taken"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=taken.contour),)


def _take_union(row: Constraint, plan: Organs) -> Taken:
    """Take all parts that are there as one organ."""
    organ = " + ".join(row.structures)
    parts = [_take(part, plan) for part in row.structures]
    absent = {Reason.STRUCTURE_MISSING, Reason.STRUCTURE_EMPTY}
    there = [part for part in parts if isinstance(part.dvh, DVH) or part.dvh.reason not in absent]
    if not there:
        return replace(parts[0], organ=organ)
    contours = tuple(dict.fromkeys(part.contour for part in there if part.contour))
    taken = Taken(
        organ=organ,
        contour=" + ".join(contours),
        rule=", ".join(dict.fromkeys(part.rule for part in there if part.rule)),
        dvh=_union_dvh(there, plan),
    )
    lacking = [part for part in parts if part not in there]
    if not lacking:
        return taken
    return replace(taken, findings=_without_parts(lacking, taken), lacking=tuple(part.organ for part in lacking))


def _union_dvh(parts: Sequence[Taken], plan: Organs) -> DVH | NotMeasured:
    drawn: dict[tuple[str, int], DVH] = {}
    for part in parts:
        if isinstance(part.dvh, NotMeasured):
            return part.dvh
        drawn[part.dvh.name, part.dvh.number] = part.dvh
    return _or_why_not(plan.union(tuple(drawn.values())))


def _without_parts(lacking: Sequence[Taken], taken: Taken) -> tuple[Finding, ...]:
    why = [f"{part.organ} (drawn without contours)" if part.contour else part.organ for part in lacking]
    text = f"{taken.organ} was evaluated without {', '.join(why)}: not drawn in this plan"
    return (Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=taken.contour),)


def _missing(near: Sequence[str]) -> NotMeasured:
    detail = f"close names, not taken: {', '.join(near)}" if near else ""
    return NotMeasured(reason=Reason.STRUCTURE_MISSING, detail=detail)


def _ambiguous(found: Ambiguous) -> NotMeasured:
    return NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=f"candidates: {', '.join(found.candidates)}")

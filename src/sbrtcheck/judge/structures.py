"""A row and the structures of a plan in, the structure(s) taken for its organ out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sbrtcheck.dvh import DERIVED_NUMBER, DVH, DVHSet, NoDVH, Reason, compute_dvhs, roi_names, separate_targets
from sbrtcheck.judge.dose_check import DoseCheck
from sbrtcheck.metric import (
    IsodoseRatio,
    Measurement,
    Metric,
    NotMeasured,
    OfPlan,
    PrescriptionMetric,
    TargetCount,
    WholePlan,
    measure,
)
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results.plan_site import UNKNOWN_SITE, PlanSite
from sbrtcheck.structure_names import (
    TARGETS,
    Ambiguous,
    Match,
    NoMatch,
    RoiName,
    Rule,
    copies_of,
    is_of_target,
    match,
    organ_named,
)
from sbrtcheck.tables import Constraint, Select

SHARP_SHARE = 1e-3
"""Bounds of isodose volumes, as a share of the volume, where wider ones leave a verdict open."""

_NOT_ASKED_FOR = NotMeasured(reason=Reason.STRUCTURE_NOT_COMPUTED, detail="no DVH of it was asked for")


@dataclass(frozen=True, slots=True, kw_only=True)
class Organs:
    """What matching looks at: every structure drawn, and the DVHs by name and number; derived ones by name."""

    dvhs: DVHSet
    drawn: tuple[RoiName, ...]
    by_key: Mapping[tuple[str, int], DVH | NoDVH]
    derived: Mapping[str, DVH | NoDVH]
    names: Mapping[str, str] | None
    whole: WholePlan
    sharp_whole: WholePlan
    site: PlanSite = UNKNOWN_SITE
    dose: DoseCheck | None = None  # None where nobody asks whether it is that of the prescription
    # unions and finer DVHs computed while judging, kept so that the rows of one report share them
    made: dict[tuple[str, ...], DVH | NoDVH | None] = field(default_factory=dict, repr=False)
    separate: dict[str, tuple[RoiName, ...]] = field(default_factory=dict, repr=False)
    by_organ: dict[str, Taken] = field(default_factory=dict, repr=False)

    def union(self, parts: Sequence[DVH]) -> DVH | NoDVH | None:
        """The DVH of several structures as one organ."""
        key = tuple(f"{part.name} {part.number}" for part in parts)
        if key not in self.made:
            self.made[key] = self.dvhs.union(parts)
        return self.made[key]

    def of_roi(self, roi: RoiName) -> DVH | NoDVH | None:
        """The DVH of a structure; computed where nobody asked for it yet and that can be done."""
        found = self.by_key.get((roi.name, roi.number))
        if found is not None or self.dvhs.plan is None:
            return found
        key = ("", roi.name, str(roi.number))
        if key not in self.made:
            model = self.dvhs.model
            computed = compute_dvhs(
                self.dvhs.plan,
                structures=[roi.name],
                end_caps=model.end_caps,
                between=model.between,
                dose=model.dose,
            )
            self.made[key] = dvh_of(roi.name, roi.number, computed)
        return self.made[key]

    def has_target_outside(self) -> bool:
        """Whether anything that may be a target, a planner's helper too, lies beyond the dose grid at least in part."""
        may_be = [roi for roi in self.drawn if roi.contoured and is_of_target(roi)]
        found = [self.of_roi(roi) for roi in may_be]
        return any(not isinstance(dvh, DVH) or dvh.uncovered_cc > 0.0 for dvh in found)

    def finer(self, dvh: DVH) -> DVH | None:
        """The same DVH from finer elements; None where there is none finer."""
        key = (dvh.name, str(dvh.number), str(dvh.refinement))
        if key not in self.made:
            self.made[key] = self.dvhs.finer(dvh)
        made = self.made[key]
        return made if isinstance(made, DVH) else None

    def targets(self, organ: str) -> tuple[RoiName, ...]:
        """The separate targets that the organ stands for, two or more; none where there are not several."""
        if organ not in self.separate:
            plan = self.dvhs.plan if organ in TARGETS else None
            self.separate[organ] = separate_targets(plan, organ, self.names) if plan else ()
        return self.separate[organ]

    def sharp(self) -> Organs:
        """The same with narrower bounds of isodose volumes."""
        return replace(self, whole=self.sharp_whole)

    def with_dvhs_of(self, other: DVHSet) -> Organs:
        """The same structures, taken by the same rules, with the DVHs that another set has of them."""
        return replace(
            Organs.of(other, self.names, site=self.site, dose=self.dose),
            drawn=self.drawn,
            by_key={(roi.name, roi.number): dvh_of(roi.name, roi.number, other) for roi in self.drawn},
            derived={name: dvh_of(name, DERIVED_NUMBER, other) for name in self.derived},
            separate={kind: self.targets(kind) for kind in TARGETS},
        )

    def measure(self, metric: Metric, dvh: DVH) -> Measurement | NotMeasured:
        """Measure a metric on a structure's DVH, or on the whole plan with the structure as its target."""
        return self.whole.measure(metric, dvh) if isinstance(metric, OfPlan) else measure(metric, dvh)

    @classmethod
    def of(
        cls,
        dvhs: DVHSet,
        names: Mapping[str, str] | None,
        *,
        site: PlanSite = UNKNOWN_SITE,
        dose: DoseCheck | None = None,
    ) -> Organs:
        """Index the DVHs of one plan."""
        everything: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
        of_files = [one for one in everything if one.number != DERIVED_NUMBER]
        return cls(
            dvhs=dvhs,
            drawn=roi_names(dvhs),
            by_key={(one.name, one.number): one for one in of_files},
            derived={one.name: one for one in everything if one.number == DERIVED_NUMBER},
            names=names,
            whole=WholePlan(dvhs=dvhs),
            sharp_whole=WholePlan(dvhs=dvhs, narrow_share=SHARP_SHARE),
            site=site,
            dose=dose,
        )


def dvh_of(name: str, number: int, dvhs: DVHSet) -> DVH | NoDVH:
    """The DVH that a set has of a structure: that of its name, and of its number where several have the name."""
    everything: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
    named = [one for one in everything if one.name == name]
    found = [one for one in named if one.number == number] or named
    if len(found) == 1:
        return found[0]
    if number == DERIVED_NUMBER:
        reason, detail = Reason.UNDEFINED_FOR_STORED_DVH, "built here from others: there is no other DVH of it"
    elif found:
        reason, detail = Reason.STRUCTURE_AMBIGUOUS, f"there are {len(found)} DVHs of that name"
    else:
        reason, detail = Reason.STRUCTURE_NOT_COMPUTED, "there is no other DVH of it"
    return NoDVH(name=name, number=number, reason=reason, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The structure(s) taken for an organ; ``dvh`` is why not, where there is none.

    ``targets``: how many separate targets it stands for. ``lacking`` are parts of a union that the plan does not have,
    or that could not be measured; ``others`` names of structures that a weaker rule would have taken; ``probable``
    names that make a structure the organ, or a part of it, though it was not taken; ``copies`` structures whose names
    are that of the structure taken and a number, or a word for a version or a part.
    """

    organ: str
    contour: str = ""
    rule: str = ""
    dvh: DVH | NotMeasured
    targets: int = 1
    findings: tuple[Finding, ...] = ()
    lacking: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    probable: tuple[str, ...] = ()
    copies: tuple[RoiName, ...] = ()


def select(row: Constraint, plan: Organs) -> list[Taken]:
    """Take the structures that a row asks for, one for every outcome it will have."""
    match row.select:
        case Select.EACH:
            return [taken for organ in row.structures for taken in _takes(organ, row.metric, plan)]
        case Select.UNION:
            return [_take_union(row, plan)]
        case Select.FIRST:
            return _first(row.structures, lambda organ: _takes(organ, row.metric, plan))


def target_of_limits(plan: Organs) -> Taken:
    """Take the PTV, or all separate ones together, for limits that go by its volume: as for an index."""
    (taken,) = _takes("PTV", IsodoseRatio(percent=100.0), plan)
    return taken


def _takes(organ: str, metric: Metric, plan: Organs) -> list[Taken]:
    """Take one structure for an organ; of several separate targets each, or all together for a metric of the plan."""
    several = plan.targets(organ)
    if not several:
        return [_alone(_take(organ, plan), metric)]
    names = ", ".join(roi.name for roi in several)
    matches = [Match(organ=organ, roi=roi, rule=_rule_of(organ, roi, plan)) for roi in several]
    each = [replace(_taken(organ, one, plan), copies=()) for one in matches]  # no target stands for another
    if isinstance(metric, OfPlan | PrescriptionMetric | TargetCount):
        text = f"{len(several)} separate targets ({names}), taken together for {metric}"
        return [replace(_together(organ, each, plan), findings=(_several_targets(text, organ),))]
    text = f"{len(several)} separate targets ({names}), each evaluated on its own"
    return [replace(taken, findings=(_several_targets(text, organ),)) for taken in each]


def _alone(taken: Taken, metric: Metric) -> Taken:
    """What was taken for a target; how many targets there are is not told while another may be one."""
    if taken.organ not in TARGETS or not taken.contour:
        return taken
    if not taken.others:
        return taken
    listed = ", ".join(taken.others)
    if isinstance(metric, TargetCount):
        detail = f"{taken.contour}, {listed}: not clearly separate targets"
        return replace(taken, dvh=NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=detail))
    return taken


def _several_targets(text: str, organ: str) -> Finding:
    return Finding(code=FindingCode.SEVERAL_TARGETS, text=text, subject=organ)


def _rule_of(organ: str, roi: RoiName, plan: Organs) -> Rule:
    """The rule by which a target is one, were it the only one."""
    found = match(organ, [roi], plan.names)
    return found.rule if isinstance(found, Match) else Rule.KIND


def _together(organ: str, each: Sequence[Taken], plan: Organs) -> Taken:
    contours = tuple(taken.contour for taken in each)
    return Taken(
        organ=organ,
        contour=" + ".join(contours),
        rule=", ".join(dict.fromkeys(taken.rule for taken in each)),
        dvh=_union_dvh(each, plan),
        targets=len(each),
    )


def _take(organ: str, plan: Organs) -> Taken:
    """Take the contoured structure for one organ, else the derived one of that name; once for all rows that ask."""
    if organ not in plan.by_organ:
        plan.by_organ[organ] = _found(organ, plan)
    return plan.by_organ[organ]


def _found(organ: str, plan: Organs) -> Taken:
    found = match(organ, plan.drawn, plan.names)
    match found:
        case Match():
            return _taken(organ, found, plan)
        case Ambiguous():
            return Taken(organ=organ, dvh=_ambiguous(found))
        case NoMatch():
            # a name may be given to what is derived too, such as both kidneys together for their cortex
            if derived := plan.derived.get(found.given or organ):
                copies = _copies_of_parts(derived, plan)
                return Taken(
                    organ=organ,
                    contour=derived.name,
                    rule=Rule.DERIVED,
                    dvh=_or_why_not(derived),
                    findings=_of_copies(derived.name, copies),
                    copies=copies,
                )
            return Taken(organ=organ, dvh=_missing(found), probable=found.probable)


def _copies_of_parts(derived: DVH | NoDVH, plan: Organs) -> tuple[RoiName, ...]:
    """Copies, versions and parts of what a derived structure was built from."""
    recipes = derived.made_of if isinstance(derived, DVH) else ()
    parts = [roi for recipe in recipes for roi in recipe.plus]
    return tuple(dict.fromkeys(copy for part in parts for copy in copies_of(organ_named(part.name), part, plan.drawn)))


def _taken(organ: str, found: Match, plan: Organs) -> Taken:
    dvh = plan.by_key.get((found.roi.name, found.roi.number))
    # a name that the user gave says which of several is meant
    copies = () if found.rule is Rule.GIVEN else copies_of(organ, found.roi, plan.drawn)
    return Taken(
        organ=organ,
        contour=found.roi.name,
        rule=found.rule,
        dvh=_or_why_not(dvh),
        findings=(*_of_others(organ, found), *_of_passed_over(organ, found), *_of_copies(found.roi.name, copies)),
        others=found.others,
        probable=found.probable,
        copies=copies,
    )


def _of_copies(name: str, copies: Sequence[RoiName]) -> tuple[Finding, ...]:
    """Say which structures are a copy, a version or a part of the one taken by their names."""
    if not copies:
        return ()
    text = f"{', '.join(copy.name for copy in copies)} may be a copy or a part of it by name, and was not taken"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=name),)


def _of_passed_over(organ: str, found: Match) -> tuple[Finding, ...]:
    """Say which structures have the name and no contours."""
    if not found.passed_over:
        return ()
    text = f"{found.roi.name} was taken; {', '.join(found.passed_over)} is {organ} by name too, and has no contours"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=organ),)


def _of_others(organ: str, found: Match) -> tuple[Finding, ...]:
    """Say which structures would have been the organ too, had the one taken not been there."""
    if not found.others:
        return ()
    text = (
        f"{found.roi.name} was taken; {', '.join(found.others)} might be {organ} as well, and was not evaluated as such"
    )
    code = FindingCode.SEVERAL_TARGETS if organ in TARGETS else FindingCode.NAME_MATCH
    return (Finding(code=code, text=text, subject=organ),)


def _or_why_not(dvh: DVH | NoDVH | None) -> DVH | NotMeasured:
    if isinstance(dvh, DVH):
        return dvh
    return NotMeasured(reason=dvh.reason, detail=dvh.detail) if dvh else _NOT_ASKED_FOR


def take_first(structures: Sequence[str], plan: Organs) -> Taken:
    """Take one structure for the first organ that the plan has."""
    (taken,) = _first(structures, lambda organ: [_take(organ, plan)])
    return taken


def _first(structures: Sequence[str], takes: Callable[[str], list[Taken]]) -> list[Taken]:
    """Take the first organ that the plan has; an ambiguous one is not passed over."""
    tried: list[Taken] = []
    for place, organ in enumerate(structures):
        found = takes(organ)
        if not all(map(_is_missing, found)) or any(map(_is_probably_there, found)):
            passed_over = structures[:place]
            return [
                replace(taken, findings=(*_instead_of(passed_over, taken), *taken.findings)) if passed_over else taken
                for taken in found
            ]
        tried += found
    return [replace(tried[0], organ=" or ".join(structures))]


def _is_missing(taken: Taken) -> bool:
    return isinstance(taken.dvh, NotMeasured) and taken.dvh.reason is Reason.STRUCTURE_MISSING


def _is_probably_there(taken: Taken) -> bool:
    """Whether a structure is the organ by its name, most likely, and is not known as another organ."""
    return any(not organ_named(name) for name in taken.probable)


def _is_absent(taken: Taken, plan: Organs) -> bool:
    """Whether the plan has nothing of it: no structure of that name, or one that nobody contoured."""
    if taken.contour:
        return not any(roi.contoured for roi in plan.drawn if roi.name == taken.contour)
    return _is_missing(taken) and not taken.probable


def _instead_of(organs: Sequence[str], taken: Taken) -> tuple[Finding, ...]:
    text = f"the plan has no {' or '.join(organs)}: {taken.contour or taken.organ} was taken"
    return (Finding(code=FindingCode.NAME_MATCH, text=text, subject=taken.contour),)


def _take_union(row: Constraint, plan: Organs) -> Taken:
    """Take all parts that can be measured as one organ, and say which are lacking.

    A part that is in the plan and could not be measured lacks like one that is not: the rest may fail, but not pass.
    """
    organ = " + ".join(row.structures)
    parts = [_take(part, plan) for part in row.structures]
    probable = tuple(dict.fromkeys(name for part in parts for name in part.probable))
    there = [part for part in parts if isinstance(part.dvh, DVH)]
    if not there:
        return replace(_first_in_plan(parts), organ=organ, probable=probable)
    contours = tuple(dict.fromkeys(part.contour for part in there))
    lacking = [part for part in parts if part not in there]
    needed = tuple(part for part in lacking if part.organ not in row.optional or not _is_absent(part, plan))
    dvh = _union_dvh(there, plan)
    return Taken(
        organ=organ,
        contour=" + ".join(contours),
        rule=", ".join(dict.fromkeys(part.rule for part in there if part.rule)),
        dvh=dvh,
        findings=(*(finding for part in there for finding in part.findings), *_without_parts(lacking, organ, contours)),
        lacking=tuple(_why_lacking(part) for part in needed),
        probable=probable,
        copies=tuple(dict.fromkeys(copy for part in there for copy in part.copies)),
    )


def _first_in_plan(parts: Sequence[Taken]) -> Taken:
    """Of parts none of which can be measured, one that is in the plan, for the reason why not."""
    return next((part for part in parts if not _is_missing(part)), parts[0])


def _why_lacking(part: Taken) -> str:
    """``Bronchus_Main (is PBT it?)``, ``Trachea (structure damaged)``."""
    if part.probable:
        return f"{part.organ} (is {' or '.join(part.probable)} it?)"
    if isinstance(part.dvh, DVH) or _is_missing(part):
        return part.organ
    return f"{part.organ} ({part.dvh.reason})"


def _union_dvh(parts: Sequence[Taken], plan: Organs) -> DVH | NotMeasured:
    drawn: dict[tuple[str, int], DVH] = {}
    for part in parts:
        if isinstance(part.dvh, NotMeasured):
            return part.dvh
        drawn[part.dvh.name, part.dvh.number] = part.dvh
    return _or_why_not(plan.union(tuple(drawn.values())))


def _without_parts(lacking: Sequence[Taken], organ: str, contours: Sequence[str]) -> tuple[Finding, ...]:
    if not lacking:
        return ()
    text = f"{organ} was evaluated without {', '.join(map(_why_lacking, lacking))}"
    return (Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=" + ".join(contours)),)


def _missing(found: NoMatch) -> NotMeasured:
    """Why there is no structure: the plan lacks the one that the user named, or none is the organ by its name."""
    if found.given:
        near = f"; close names: {', '.join(found.near)}" if found.near else ""
        detail = f"the names given say {found.given!r}, and the plan has no such structure{near}"
        return NotMeasured(reason=Reason.GIVEN_NAME_MISSING, detail=detail)
    if found.probable:
        detail = f"not taken, though by the name it may be this organ: {', '.join(found.probable)}"
        return NotMeasured(reason=Reason.STRUCTURE_MISSING, detail=detail)
    detail = f"close names, not taken: {', '.join(found.near)}" if found.near else ""
    return NotMeasured(reason=Reason.STRUCTURE_MISSING, detail=detail)


def _ambiguous(found: Ambiguous) -> NotMeasured:
    detail = f"candidates: {', '.join(found.candidates)}; {found.hint}"
    return NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=detail)

"""A row and the structures of a plan in; the structure(s) that the row is judged on out.

A row asks for each of several organs, for the first that the plan has, or for all of them as one organ. Where a plan
has several targets apart from one another, a row on the target is judged on each of them; a metric of the plan as a
whole, like a conformity index, on all of them together. Where the source prints several organs together and the row is
on one of them, a structure of another one (``Pericardium`` for ``Heart/pericardium``) may be meant too, as copies may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, DVHSet, NoDVH, Reason
from sbrtcheck.judge.sides import on_side
from sbrtcheck.judge.structures import (
    MatchedDvh,
    PlanStructures,
    StructureKey,
    dvh_or_reason,
    first_of,
    missing_together,
    probable_of,
)
from sbrtcheck.metric import IsodoseRatio, Metric, NotMeasured, OfPlan, PrescriptionMetric, TargetCount
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results.outcome import MatchedStructure
from sbrtcheck.structure_names import (
    TARGETS,
    Rule,
    lies_inside,
    organ_by_name,
    organs_named_together,
)
from sbrtcheck.tables import Choice, Constraint, Select


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedDvhs:
    """The DVHs of organs that are several structures together, by the structures that are the parts."""

    by_parts: Mapping[tuple[StructureKey, ...], DVH | NoDVH]

    @classmethod
    def of(cls, selected: Iterable[MatchedDvh], dvhs: DVHSet) -> CombinedDvhs:
        """Combine the parts of every structure selected that has several."""
        parts_by_key = {matched.key: matched.parts for matched in selected if len(matched.parts) > 1}
        return cls(by_parts={key: dvhs.union(parts) for key, parts in parts_by_key.items()})

    def with_combined_dvh(self, matched: MatchedDvh) -> MatchedDvh:
        """The structure with the DVH of its parts together."""
        if len(matched.parts) < 2:
            return matched
        return replace(matched, dvh=dvh_or_reason(self.by_parts[matched.key]))


def select(row: Constraint, structures: PlanStructures) -> list[MatchedDvh]:
    """Select the structures that a row asks for, one for every outcome it will have; nothing is combined yet."""
    return [_with_printed_organs(matched, row, structures) for matched in _selected(row, structures)]


def _with_printed_organs(matched: MatchedDvh, row: Constraint, structures: PlanStructures) -> MatchedDvh:
    """The structure, with those of the plan that are other organs the source prints together with the row's own."""
    printed = organs_named_together(row.organ)
    others = [organ for organ in printed if not any(organ == own or lies_inside(organ, own) for own in row.structures)]
    if not others or matched.structure is None or not set(printed) & set(row.structures):
        return matched
    dictionary = structures.matches.given.dictionary
    all_beside = (
        roi
        for roi in structures.matches.structures
        if roi.contoured and roi.kind not in TARGETS and organ_by_name(roi.name, dictionary) in others
    )
    beside = sorted(all_beside, key=lambda roi: (roi.name, roi.number))
    if not beside:
        return matched
    if Rule.GIVEN in matched.structure.rules:
        return replace(matched, perhaps=tuple(dict.fromkeys((*matched.perhaps, *beside))))
    names = ", ".join(roi.name for roi in beside)
    text = f"the table prints {row.organ!r}, and is judged on {matched.contour} without {names}"
    finding = Finding(code=FindingCode.NAME_MATCH, text=text, subject=matched.contour)
    copies = tuple(dict.fromkeys((*matched.copies, *beside)))
    return replace(matched, copies=copies, findings=(*matched.findings, finding))


def _selected(row: Constraint, structures: PlanStructures) -> list[MatchedDvh]:
    match row.select:
        case Select.EACH if row.side is not None:
            return on_side(row, row.side, structures)
        case Select.EACH:
            return [matched for organ in row.structures for matched in _matches_of_organ(organ, row.metric, structures)]
        case Select.UNION:
            return [_combine_parts(row.structures, row.optional, structures)]
        case Select.FIRST:
            return first_of(row.choices, lambda choice: _matches_of_choice(choice, row.metric, structures))


def _matches_of_choice(choice: Choice, metric: Metric, structures: PlanStructures) -> list[MatchedDvh]:
    """One organ to choose, or several that are it together; missing where the plan has none but optional parts."""
    if len(choice.structures) == 1:
        return _matches_of_organ(choice.structures[0], metric, structures)
    required = [structures.by_organ[organ] for organ in choice.required]
    if all(matched.is_missing for matched in required):
        return [missing_together(str(choice), required)]
    return [_combine_parts(choice.structures, choice.optional, structures)]


def target_of_limits(target: str, structures: PlanStructures) -> MatchedDvh:
    """Select the target, or all separate ones together, for limits that depend on its volume: as for an index."""
    (matched,) = _matches_of_organ(target, IsodoseRatio(percent=100.0), structures)
    return matched


def _matches_of_organ(organ: str, metric: Metric, structures: PlanStructures) -> list[MatchedDvh]:
    """The structure of an organ; of several separate targets each, or all together for a metric of the plan."""
    targets = structures.of_separate_targets(organ)
    if not targets:
        return [_single_structure(structures.by_organ[organ], metric)]
    names = ", ".join(matched.contour for matched in targets)
    if isinstance(metric, OfPlan | PrescriptionMetric | TargetCount):
        text = f"{len(targets)} separate targets ({names}), combined for {metric}"
        return [replace(_combine_targets(organ, targets), findings=(_several_targets_finding(text, organ),))]
    text = f"{len(targets)} separate targets ({names}), each evaluated on its own"
    return [replace(matched, findings=(_several_targets_finding(text, organ),)) for matched in targets]


def _single_structure(matched: MatchedDvh, metric: Metric) -> MatchedDvh:
    """The structure that an organ was matched to; targets are not counted while another structure may be one."""
    if matched.organ not in TARGETS or not matched.others or not isinstance(metric, TargetCount):
        return matched
    names = ", ".join(matched.others)
    detail = f"{matched.contour}, {names}: not clearly separate targets"
    return replace(matched, dvh=NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail=detail), parts=())


def _several_targets_finding(text: str, organ: str) -> Finding:
    return Finding(code=FindingCode.SEVERAL_TARGETS, text=text, subject=organ)


def _combine_targets(organ: str, targets: Sequence[MatchedDvh]) -> MatchedDvh:
    """All of several targets as one; not measured where one of them is not."""
    not_measured = next((matched.dvh for matched in targets if isinstance(matched.dvh, NotMeasured)), None)
    structures = [matched.structure for matched in targets if matched.structure is not None]
    return MatchedDvh(
        organ=organ,
        structure=MatchedStructure(
            names=tuple(name for structure in structures for name in structure.names),
            rules=tuple(dict.fromkeys(rule for structure in structures for rule in structure.rules)),
        ),
        dvh=targets[0].dvh if not_measured is None else not_measured,
        parts=_parts_of(targets) if not_measured is None else (),
        target_count=len(targets),
    )


def _parts_of(matches: Sequence[MatchedDvh]) -> tuple[DVH, ...]:
    """The DVHs of several matches, each once: two organs may have been matched to one structure."""
    by_key = {(part.name, part.number): part for matched in matches for part in matched.parts}
    return tuple(by_key.values())


def _combine_parts(organs: Sequence[str], optional: Sequence[str], structures: PlanStructures) -> MatchedDvh:
    """All parts that can be measured as one organ, and which are lacking.

    A part that is in the plan and could not be measured lacks like one that is not: the rest may fail, but not pass.
    """
    organ = " + ".join(organs)
    parts = _without_used_names([structures.by_organ[part] for part in organs])
    probable = probable_of(parts)
    measured = [part for part in parts if isinstance(part.dvh, DVH)]
    if not measured:
        in_plan = next((part for part in parts if not part.is_missing), None)  # it has the better reason why not
        return replace(in_plan, organ=organ, probable=probable) if in_plan else missing_together(organ, parts)
    matched = [part.structure for part in measured if part.structure is not None]
    together = MatchedStructure(
        names=tuple(dict.fromkeys(structure.contour for structure in matched)),
        rules=tuple(dict.fromkeys(rule for structure in matched for rule in structure.rules)),
    )
    lacking = [part for part in parts if not isinstance(part.dvh, DVH)]
    missed = [part for part in lacking if part.organ not in optional or not _is_absent(part, structures)]
    return MatchedDvh(
        organ=organ,
        structure=together,
        dvh=measured[0].dvh,
        parts=_parts_of(measured),
        findings=(
            *(finding for part in measured for finding in part.findings),
            *_lacking_parts_finding(lacking, organ, together),
        ),
        lacking=tuple(_lacking_text(part) for part in missed),
        probable=probable,
        copies=tuple(dict.fromkeys(copy for part in measured for copy in part.copies)),
        inside=tuple(dict.fromkeys(roi for part in measured for roi in part.inside)),
        perhaps=tuple(dict.fromkeys(roi for part in measured for roi in part.perhaps)),
    )


def _without_used_names(parts: Sequence[MatchedDvh]) -> list[MatchedDvh]:
    """What is matched to one part of an organ is not another part of it under a name that is only alike."""
    used = {name for part in parts if part.structure is not None for name in part.structure.names}
    return [replace(part, probable=tuple(name for name in part.probable if name not in used)) for part in parts]


def _is_absent(part: MatchedDvh, structures: PlanStructures) -> bool:
    """Whether the plan has nothing of it: no structure of that name, or one that nobody contoured."""
    if part.structure is not None:
        return not any(roi.contoured for roi in structures.matches.structures if roi.name in part.structure.names)
    return part.is_missing and not part.probable


def _lacking_text(part: MatchedDvh) -> str:
    """``Bronchus_Main (is PBT it?)``, ``Trachea (structure damaged)``."""
    if part.probable:
        return f"{part.organ} (is {' or '.join(part.probable)} it?)"
    if isinstance(part.dvh, DVH) or part.is_missing:
        return part.organ
    return f"{part.organ} ({part.dvh.reason})"


def _lacking_parts_finding(
    lacking: Sequence[MatchedDvh], organ: str, together: MatchedStructure
) -> tuple[Finding, ...]:
    if not lacking:
        return ()
    text = f"{organ} was evaluated without {', '.join(map(_lacking_text, lacking))}"
    return (Finding(code=FindingCode.DERIVED_STRUCTURE, text=text, subject=together.contour),)

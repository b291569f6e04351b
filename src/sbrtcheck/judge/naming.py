"""Tables and the names of a plan's structures in; which structure is matched to which organ, and why, out.

Nothing is measured here: it is what `evaluate` would judge on, for people who want to see it, or settle it, beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sbrtcheck.dvh import DVHSet, roi_names, roi_names_of, separate_targets
from sbrtcheck.plan import Plan
from sbrtcheck.structure_names import (
    Ambiguous,
    Match,
    NoMatch,
    Recipe,
    RoiName,
    Rule,
    SeparateTargets,
    StructureMatch,
    StructureMatches,
    given_name,
    match_structures,
    normalise,
    organ_named,
    targets_among,
)
from sbrtcheck.structure_names.plan_names import OrganName, PlanNames
from sbrtcheck.tables import Constraint, ConstraintTable, Select

TARGET = "PTV"
"""The target on whose volume limits depend."""


def match_plan(
    source: Plan | DVHSet, organs: Iterable[str], names: Mapping[str, str] | None = None
) -> StructureMatches:
    """Match the structures of a plan to organs; which targets lie apart is told by their contours, where there are any.

    Parameters
    ----------
    source
        The plan; or DVHs of it, which were computed from it, or read: then nothing is known of contours.
    organs
        TG-263 names, or any names that tables use.
    names
        Organ -> structure name, as the user gave it; wins over every rule.
    """
    plan = source.plan if isinstance(source, DVHSet) else source
    rois = roi_names(source) if isinstance(source, DVHSet) else roi_names_of(source)
    organs = tuple(organs)
    kinds = targets_among(organs) if plan else ()
    separate = {kind: separate_targets(plan, kind, names) for kind in kinds} if plan else {}
    return match_structures(organs, rois, names, separate)


def organs_of(tables: Iterable[ConstraintTable]) -> tuple[str, ...]:
    """Every organ that the rows of tables are on, in their order, and the target where limits depend on its volume."""
    return tuple(dict.fromkeys(organ for table in tables for row in table.rows for organ in organs_of_row(row)))


def organs_of_row(row: Constraint) -> tuple[str, ...]:
    """Organs of the row, and the target where its limits depend on the target's volume."""
    return (*row.structures, TARGET) if row.steps and TARGET not in row.structures else row.structures


def plan_names(
    tables: Sequence[ConstraintTable],
    rois: Sequence[RoiName],
    names: Mapping[str, str] | None = None,
    separate: Mapping[str, Sequence[RoiName]] | None = None,
) -> PlanNames:
    """Match structures to the organs of tables, as `evaluate` does.

    Parameters
    ----------
    tables
        Their rows name the organs.
    rois
        All structures of the plan; their order does not matter.
    names
        Organ -> structure name, as the user gave it; wins over every rule.
    separate
        Kind of target -> its structures, where the plan has several and they lie apart (`dvh.separate_targets`).
    """
    return names_of_matches(tables, match_structures(organs_of(tables), rois, names, separate))


def names_of_matches(tables: Sequence[ConstraintTable], matches: StructureMatches) -> PlanNames:
    """What a reader is shown of matches: by organ of the tables, which structures no row uses, and what is doubtful."""
    rows = [(f"{table.id}/{row.id}", row) for table in tables for row in table.rows]
    table_organs = organs_of(tables)
    matched = {organ: matches.of(organ) for organ in table_organs}
    needed = {organ for _, row in rows for organ in _needed_by(row, matched)}
    organs = tuple(
        OrganName(
            organ=organ,
            rows=tuple(row_id for row_id, row in rows if organ in organs_of_row(row)),
            match=matched[organ],
            needed=organ in needed,
            given_name=given_name(organ, matches.given),
        )
        for organ in table_organs
    )
    used = {roi for organ in needed for roi in _structures_of(matched[organ])}
    unused = sorted((roi for roi in matches.structures if roi not in used), key=lambda roi: (roi.name, roi.number))
    return PlanNames(organs=organs, unused=tuple(unused), remarks=_remarks(organs, matches))


def _needed_by(row: Constraint, matched: Mapping[str, StructureMatch]) -> Sequence[str]:
    """Organs whose structures the row uses: of several to choose from, the first that the plan has."""
    if row.select is not Select.FIRST:
        return organs_of_row(row)
    present = [choice for choice in row.choices if not all(_is_missing(matched[organ]) for organ in choice.required)]
    target = [organ for organ in organs_of_row(row) if organ not in row.structures]
    return (*(present[0].structures if present else row.structures), *target)


def _is_missing(matched: StructureMatch) -> bool:
    """Whether the plan has nothing of the organ; a name that the user gave says that it should have."""
    return isinstance(matched, NoMatch) and matched.given is None


def _structures_of(matched: StructureMatch) -> Iterable[RoiName]:
    match matched:
        case Match(roi=roi):
            return (roi,)
        case SeparateTargets(rois=rois) | Ambiguous(rois=rois):
            return rois
        case Recipe(plus=plus, minus=minus):
            return (*plus, *minus)
        case NoMatch():
            return ()


def _remarks(organs: Sequence[OrganName], matches: StructureMatches) -> tuple[str, ...]:
    table_keys = {normalise(organ.organ) for organ in organs}
    unused_names = [
        f"{key}: a name was given, and no row asks for it" for key in matches.given if normalise(key) not in table_keys
    ]
    missing = map(_missing_remark, matches.missing)
    doubts = (doubt for organ in organs for doubt in _doubts_of_organ(organ, matches.structures))
    return (*unused_names, *missing, *doubts)


def _missing_remark(missing: NoMatch) -> str:
    suggested = f"; close: {_quoted(missing.suggested)}" if missing.suggested else ""
    return f"{missing.organ}: '{missing.given}' was given, and the plan has no structure of that name{suggested}"


def _doubts_of_organ(organ: OrganName, structures: Sequence[RoiName]) -> Iterator[str]:
    """What speaks against the structure that an organ was matched to, or for one that it was not."""
    match organ.match:
        case Match() as matched:
            yield from _doubts_of_match(matched, structures)
        case Ambiguous(rois=rois, hint=hint) if organ.given_name is not None:
            yield f"{organ.organ}: '{organ.given}' was given, which {len(rois)} structures are; {hint}"
        case NoMatch(given=None, probable=probable) if probable:
            yield f"{organ.organ}: probably {_quoted(probable)}, and not matched; a names file can match one"
        case _:
            pass


def _doubts_of_match(matched: Match, structures: Sequence[RoiName]) -> Iterator[str]:
    if belied := belied_by_its_name(matched):
        yield f"{matched.organ}: {belied}"
    if not matched.roi.contoured:
        probably = f"; probably {_quoted(matched.probable)}" if matched.probable else ""
        yield f"{matched.organ}: '{matched.roi.name}' has no contours{probably}"
    elif matched.passed_over:
        # then the name alone does not tell which was matched
        shared = any(roi.name == matched.roi.name for roi in structures if not roi.contoured)
        roi_number = f" (ROI {matched.roi.number})" if shared else ""
        empty_names = _quoted(matched.passed_over)
        yield f"{matched.organ}: matched to '{matched.roi.name}{roi_number}'; {empty_names}, without contours, not used"


def belied_by_its_name(matched: Match) -> str:
    """That the structure which the user gave for an organ has the name of another one; "" where it has not."""
    other_organ = organ_named(matched.roi.name)
    if matched.rule is not Rule.GIVEN or other_organ in (None, matched.organ):
        return ""
    return f"'{matched.roi.name}' was given, which is a name of {other_organ}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

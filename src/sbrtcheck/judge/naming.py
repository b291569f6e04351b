"""Tables and the names of a plan's structures in; which structure is taken for which organ, and why, out.

Nothing is measured here: it is what `evaluate` would take, for people who want to see it, or settle it, beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sbrtcheck.judge.limits import TARGET
from sbrtcheck.structure_names import (
    Ambiguous,
    Match,
    NoMatch,
    Recipe,
    RoiName,
    Rule,
    derivable,
    given_name,
    match,
    missing_names,
    normalise,
    organ_named,
)
from sbrtcheck.structure_names.plan_names import OrganName, PlanNames, Separate, Taken
from sbrtcheck.tables import Constraint, ConstraintTable, Select


def plan_names(
    tables: Sequence[ConstraintTable],
    rois: Sequence[RoiName],
    names: Mapping[str, str] | None = None,
    separate: Mapping[str, Sequence[RoiName]] | None = None,
) -> PlanNames:
    """Take structures for the organs of tables, as `evaluate` does.

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
    rows = [(f"{table.id}/{row.id}", row) for table in tables for row in table.rows]
    asked = dict.fromkeys(organ for _, row in rows for organ in organs_of_row(row))
    taken = _taken(asked, rois, names) | {
        organ: Separate(organ=organ, rois=tuple(found)) for organ, found in (separate or {}).items() if found
    }
    used = {organ for _, row in rows for organ in _reached(row, taken)}
    organs = tuple(
        OrganName(
            organ=organ,
            rows=tuple(row_id for row_id, row in rows if organ in organs_of_row(row)),
            taken=taken[organ],
            needed=organ in used,
            given=given_name(organ, names or {}),
        )
        for organ in asked
    )
    parts = {roi for organ in used for roi in _parts(taken[organ], rois)}
    unused = sorted((roi for roi in rois if roi not in parts), key=lambda roi: (roi.name, roi.number))
    return PlanNames(organs=organs, unused=tuple(unused), remarks=_remarks(organs, rois, names or {}))


def _taken(organs: Iterable[str], rois: Sequence[RoiName], names: Mapping[str, str] | None) -> dict[str, Taken]:
    recipes = {recipe.organ: recipe for recipe in derivable(rois, names)}
    found = {organ: match(organ, rois, names) for organ in organs}
    return {organ: recipes.get(organ, one) if isinstance(one, NoMatch) else one for organ, one in found.items()}


def organs_of_row(row: Constraint) -> tuple[str, ...]:
    """Organs of the row, and the target where its limits depend on the target's volume."""
    return (*row.structures, TARGET) if row.steps and TARGET not in row.structures else row.structures


def _reached(row: Constraint, taken: Mapping[str, Taken]) -> Sequence[str]:
    """Organs whose structures the row looks at: of several to choose from, up to the first that is there."""
    if row.select is not Select.FIRST:
        return organs_of_row(row)
    there = [organ for organ in row.structures if not _is_missing(taken[organ])]
    return (*(there[:1] or row.structures), *(organ for organ in organs_of_row(row) if organ not in row.structures))


def _is_missing(taken: Taken) -> bool:
    return isinstance(taken, NoMatch) and not taken.given


def _parts(taken: Taken, rois: Sequence[RoiName]) -> Iterable[RoiName]:
    match taken:
        case Match(roi=roi):
            return (roi,)
        case Separate(rois=several):
            return several
        case Recipe(plus=plus, minus=minus):
            return (*plus, *minus)
        case Ambiguous(candidates=candidates):
            return [roi for roi in rois if roi.name in candidates or f"{roi.name} (ROI {roi.number})" in candidates]
        case NoMatch():
            return ()


def _remarks(organs: Sequence[OrganName], rois: Sequence[RoiName], names: Mapping[str, str]) -> tuple[str, ...]:
    asked = {normalise(one.organ) for one in organs}
    nobody = [f"{key}: a name was given, and no row asks for it" for key in names if normalise(key) not in asked]
    missing = [_missing(one) for one in missing_names(names, rois)]
    return (*nobody, *missing, *(remark for one in organs for remark in _doubts(one)))


def _missing(lacking: NoMatch) -> str:
    near = f"; close: {_quoted(lacking.near)}" if lacking.near else ""
    return f"{lacking.organ}: '{lacking.given}' was given, and the plan has no structure of that name{near}"


def _doubts(one: OrganName) -> Iterator[str]:
    """What speaks against the structure taken, or for one that was not."""
    match one.taken:
        case Match() as found:
            yield from _doubts_of(found)
        case Ambiguous(candidates=candidates) if one.given:
            yield f"{one.organ}: '{one.given}' was given, which {len(candidates)} structures are; {one.taken.hint}"
        case NoMatch(given="", probable=probable) if probable:
            yield f"{one.organ}: probably {_quoted(probable)}, and not taken; a names file can say so"
        case _:
            pass


def _doubts_of(found: Match) -> Iterator[str]:
    """What speaks against a match."""
    other = organ_named(found.roi.name)
    if found.rule is Rule.GIVEN and other not in ("", found.organ):
        yield f"{found.organ}: '{found.roi.name}' was given, which is a name of {other}"
    if not found.roi.contoured:
        probably = f"; probably {_quoted(found.probable)}" if found.probable else ""
        yield f"{found.organ}: '{found.roi.name}' has no contours{probably}"
    elif found.passed_over:
        number = f" (ROI {found.roi.number})" if f"{found.roi.name} (ROI" in "".join(found.passed_over) else ""
        empty = _quoted(found.passed_over)
        yield f"{found.organ}: '{found.roi.name}{number}' was taken; {empty} without contours passed over"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)

"""A plan, and the tables or the structures asked for -> the DVHs that are needed, and no others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sbrtcheck.dvh import DVHSet, roi_names_of
from sbrtcheck.dvh.from_plan import computed_dvhs
from sbrtcheck.errors import InputError
from sbrtcheck.judge.naming import match_plan, names_of_matches, organs_of
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Plan
from sbrtcheck.structure_names import StructureMatches, derivable
from sbrtcheck.structure_names.plan_names import PlanNames
from sbrtcheck.suggest import suggest_of_all
from sbrtcheck.tables import ConstraintTable


def dvhs_for_matches(source: Plan | DVHSet, matches: StructureMatches, options: CheckOptions) -> DVHSet:
    """Compute the DVHs of all structures that organs were matched to, and of all targets; DVHs that were read stay.

    Targets tell whether the dose can be the plan's, and a reader looks for them first.
    """
    if isinstance(source, DVHSet):
        return source
    needed = matches.needed(matches.by_organ) | {roi.name for roi in matches.targets}
    return computed_dvhs(source, needed, matches.recipes, options.model, options.progress)


def dvhs_for_organs(plan: Plan, matches: StructureMatches, options: CheckOptions) -> DVHSet:
    """Compute the DVHs of the structures that organs were matched to, and of no others."""
    wanted = matches.needed(matches.by_organ)
    return computed_dvhs(plan, wanted, matches.recipes, options.model, options.progress)


def dvhs_of_structures(source: Plan | DVHSet, structures: Collection[str] | None, options: CheckOptions) -> DVHSet:
    """DVHs of the structures of these names, or of all; `InputError` for a name that is not there."""
    if isinstance(source, DVHSet):
        return _select(source, structures)
    recipes = derivable(roi_names_of(source), options.names)
    names = (*(structure.name for structure in source.structures), *(recipe.organ for recipe in recipes))
    refuse_lacking(structures or (), names)
    return computed_dvhs(source, structures, recipes, options.model, options.progress)


def _select(dvhs: DVHSet, structures: Collection[str] | None) -> DVHSet:
    refuse_lacking(structures or (), {dvh.name for dvh in dvhs.dvhs} | {no_dvh.name for no_dvh in dvhs.without})
    return replace(
        dvhs,
        dvhs=tuple(dvh for dvh in dvhs.dvhs if structures is None or dvh.name in structures),
        without=tuple(no_dvh for no_dvh in dvhs.without if structures is None or no_dvh.name in structures),
    )


def refuse_lacking(names: Collection[str], known_names: Collection[str]) -> None:
    """Raise `InputError` for names that no structure has, with what may have been meant and all there are."""
    if lacking := sorted(set(names) - set(known_names)):
        hint = suggest_of_all(lacking[0], known_names)
        raise InputError(f"the plan has no structure {', '.join(lacking)}", hint=hint)


# -------------------------------------------------------------------------------- organs and structures


def names_of_plan(tables: Sequence[ConstraintTable], plan: Plan, names: Mapping[str, str] | None) -> PlanNames:
    """Which structures of a plan `evaluate` would match to the organs of the tables."""
    return names_of_matches(tables, match_plan(plan, organs_of(tables), names))

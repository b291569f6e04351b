"""A plan in, the DVHs of its structures out, and of those organs that nobody contoured but that its structures give."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sbrtcheck.arguments import require_callable, require_names, require_type, texts_of
from sbrtcheck.dvh.compute import dvhs_of, largest_dose
from sbrtcheck.dvh.dvh import DVH, NoDVH, Origin
from sbrtcheck.dvh.dvh_set import DVHSet
from sbrtcheck.dvh.model import Between, EndCaps, Interpolation, Model
from sbrtcheck.dvh.roi_names import roi_name_of, roi_names_of
from sbrtcheck.errors import ArgumentError
from sbrtcheck.plan import Plan, Structure
from sbrtcheck.progress import Progress, log_step, no_progress
from sbrtcheck.structure_names import Recipe, derivable
from sbrtcheck.suggest import chosen


def compute_dvhs(
    plan: Plan,
    structures: Collection[str] | None = None,
    *,
    end_caps: str = EndCaps.HALF_SLICE,
    between: str = Between.SLAB,
    dose: str = Interpolation.TRILINEAR,
    names: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> DVHSet:
    """DVHs of a plan's structures, and of those that can be derived from them.

    Parameters
    ----------
    plan
        The plan.
    structures
        Names of the structures wanted, of the plan or derived; all when None. Derived are, where the plan has their
        parts but not themselves, ``Lungs``, ``Kidneys``, and lungs or liver without a target such as ``Liver-GTV``.
    end_caps
        ``half-slice``, ``capped`` (half a slice, at most 1.5 mm) or ``none``: what lies outside the end planes. The
        other conventions come along as each DVH's ``alternatives``.
    between
        ``slab``: each contour is a prism to half way to its neighbours, as in planning systems;
        ``interpolated``: outlines between planes follow the structure's shape (see the findings for where they cannot).
    dose
        ``trilinear`` between grid points, as in planning systems; or ``cubic`` splines through them, for targets of a
        few millimetres whose peak trilinear dose cuts off.
    names
        Organ (TG-263 name) to structure name, for plans with names of their own; used to find the parts.
    progress
        Called with the number of structures done and of all, at the start and after each.

    Returns
    -------
    DVHSet
        In the plan's order, derived ones last. A structure without DVH is in ``without``, with its reason: one whose
        contours are damaged costs no other.

    Raises
    ------
    ArgumentError
        For an unknown option, or a name in ``structures`` that the plan does not have and cannot derive.
    GeometryError
        When the dose grid has a value that is not a number.
    """
    require_type(plan, Plan, "a plan", "read it with load_plan")
    require_callable(progress, "progress")
    require_names(names)
    structures = None if structures is None else texts_of(structures, "a structure's name")
    model = Model(
        end_caps=chosen(EndCaps, end_caps, "end caps"),
        between=chosen(Between, between, "the slice interpolation"),
        dose=chosen(Interpolation, dose, "the dose interpolation"),
    )
    return computed_dvhs(plan, structures, _derivable(plan, structures, names), model, progress)


def computed_dvhs(
    plan: Plan, structures: Collection[str] | None, recipes: Iterable[Recipe], model: Model, progress: Progress
) -> DVHSet:
    """The same where it is known already what can be derived, by which recipes."""
    top_gy = largest_dose(plan)
    derived = {recipe.organ: recipe for recipe in recipes}
    contoured = [_alone(s) for s in plan.structures if structures is None or s.name in structures]
    recipes = [recipe for organ, recipe in derived.items() if structures is None or organ in structures]
    _check_known(structures, plan, derived)
    with log_step("DVHs") as report:
        results = dvhs_of([(recipe,) for recipe in (*contoured, *recipes)], plan, model, top_gy, progress)
        report(_summary(results, plan, model))
    return DVHSet(
        dvhs=tuple(r for r in results if isinstance(r, DVH)),
        without=tuple(r for r in results if isinstance(r, NoDVH)),
        prescription=plan.prescription,
        origin=Origin.COMPUTED,
        provenance={
            "plan": plan.uids.plan,
            "structure_set": plan.uids.structure_set,
            "doses": plan.uids.doses,
            "frame_of_reference": plan.uids.frame_of_reference,
            "plan_label": plan.label,
        },
        findings=plan.findings,
        sex=plan.sex,
        plan=plan,
        model=model,
    )


def _derivable(plan: Plan, structures: Collection[str] | None, names: Mapping[str, str] | None) -> tuple[Recipe, ...]:
    """What can be derived from the plan's structures; not looked for where the plan has all that is wanted."""
    if structures is not None and set(structures) <= {s.name for s in plan.structures}:
        return ()
    return derivable(roi_names_of(plan), names)


def _summary(results: Sequence[DVH | NoDVH], plan: Plan, model: Model) -> str:
    computed = sum(isinstance(result, DVH) for result in results)
    counts = f"{computed} of {len(results)} requested computed, {len(plan.structures)} in the plan"
    return f"{counts}; {model.between}, end caps {model.end_caps}, dose {model.dose}"


def _alone(structure: Structure) -> Recipe:
    """A structure of the plan, as the recipe that leaves it as it is."""
    return Recipe(organ=structure.name, plus=(roi_name_of(structure),))


def _check_known(structures: Collection[str] | None, plan: Plan, derived: Mapping[str, Recipe]) -> None:
    known = {s.name for s in plan.structures} | set(derived)
    unknown = sorted(set(structures or ()) - known)
    if unknown:
        raise ArgumentError(
            f"the plan has no structure {', '.join(map(repr, unknown))}; it has {', '.join(sorted(known))}"
        )

"""Structures of a plan -> how the organs are made that nobody contoured and whose parts are all there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sbrtcheck.structure_names.matching import Match, match_by_rules
from sbrtcheck.structure_names.plan_targets import separate_targets
from sbrtcheck.structure_names.roi_name import RoiName
from sbrtcheck.structure_names.user_names import given_name

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an organ that nobody contoured is made: the union of ``plus``, without the union of ``minus``."""

    organ: str
    plus: tuple[RoiName, ...]
    minus: tuple[RoiName, ...] = ()


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


def _recipe(
    organ: str, base: str, target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None
) -> Recipe | None:
    if given_name(organ, names or {}) is not None or match_by_rules(organ, rois, names) is not None:
        return None
    plus = _both_sides(base, rois, names) if organ == base else _structures_of_organ(base, rois, names)
    minus = separate_targets(target, rois, names) if target else ()
    if not plus or (target and not minus) or set(plus) & set(minus):
        return None
    return Recipe(organ=organ, plus=plus, minus=minus)


def _structures_of_organ(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Structures that together are the organ: itself, or both sides when nobody contoured it."""
    given = given_name(organ, names or {})
    match match_by_rules(organ, rois, names):
        case Match(roi=roi):
            return (roi,)
        case None if given is None:
            return _both_sides(organ, rois, names)
        case _:
            return ()


def _both_sides(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Left and right, both or nothing."""
    sides = _SIDES_OF.get(organ, ())
    matches = [match_by_rules(side, rois, names) for side in sides]
    matched = tuple(side.roi for side in matches if isinstance(side, Match))
    return matched if len(set(matched)) == len(sides) else ()

"""Structures of a plan -> those that are targets, by the user's word, or by the rules of names and types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from sbrtcheck.structure_names import target_names
from sbrtcheck.structure_names.likeness import is_like_target, target_taken_out
from sbrtcheck.structure_names.roi_name import RoiName, roi_order, structures_named
from sbrtcheck.structure_names.rules import Rule, may_be_target, rules_with
from sbrtcheck.structure_names.spellings import organ_named, sites, without_margin
from sbrtcheck.structure_names.target_names import TARGETS, Says
from sbrtcheck.structure_names.user_names import dictionary_of, given_name

_TARGET_WORD = re.compile(r"i?gtv|[pci]tv|(?<![^\W\d_])(mets?|tumou?r|lesion|boost)(?![^\W\d_])")


def targets(target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> tuple[RoiName, ...]:
    """Every structure that is a target of that kind by its name; only the user's where the user named one.

    None where another structure may be one too: a target passed over would be one that nothing checked. One without
    contours is no target while others have some.
    """
    given = given_name(target, names or {})
    if given is not None:
        return _contoured_or_all(structures_named(given, rois))
    dictionary = dictionary_of(names)
    fits = [fit for rule, fit in rules_with(dictionary) if rule is not Rule.CODE]
    fitting = {r for r in rois if any(fit(target, r) for fit in fits)}
    unknown = [r for r in rois if r.contoured and r not in fitting and dictionary.organ_of(r.name) is None]
    unclear = any(may_be_target(target, r) for r in unknown)
    return () if unclear else _contoured_or_all(fitting)


def separate_targets(target: str, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> tuple[RoiName, ...]:
    """Every target of that kind, as `targets`; none where the names do not tell that they are separate."""
    candidates = targets(target, rois, names)
    is_given = given_name(target, names or {}) is not None
    return candidates if is_given or _are_separate(target, candidates) else ()


def all_targets(rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> tuple[RoiName, ...]:
    """Every contoured structure that is a target of some kind by its name or type, clear which or not, but no helper.

    For what asks whether *any* target receives its dose, and for what shows them all.
    """
    given_names = [given_name(target, names or {}) for target in TARGETS]
    given = {r for name in given_names if name is not None for r in structures_named(name, rois)}
    fits = [*(fit for rule, fit in rules_with(dictionary_of(names)) if rule is not Rule.CODE), may_be_target]
    fitting = {r for r in rois if any(fit(target, r) for target in TARGETS for fit in fits)}
    return tuple(sorted((r for r in fitting | given if r.contoured), key=roi_order))


def is_target_name(name: str) -> bool:
    """Whether a structure of that name is a target by its name alone.

    Examples
    --------
    >>> is_target_name("PTV_5000"), is_target_name("zPTV"), is_target_name("Heart")
    (True, False, False)
    """
    return bool(all_targets((RoiName.named(name),)))


def is_of_target(roi: RoiName) -> bool:
    """Whether a structure may be a target by its type or name, or a planner's version of one, but no ring around one.

    Examples
    --------
    >>> names = ("zPTV2", "PTV_eval", "Heart", "Met_2", "PTV_ring", "Lungs-PTV")
    >>> [is_of_target(RoiName(name=name, number=1)) for name in names]
    [True, True, False, True, False, False]
    """
    if not is_like_target(roi.name) or _is_organ_without_target(roi):
        return False
    return roi.kind in TARGETS or bool(_TARGET_WORD.search(unicodedata.normalize("NFKC", roi.name).casefold()))


def _is_organ_without_target(roi: RoiName) -> bool:
    """Whether the name is of something less a target: of an organ, or of what is typed as no target.

    ``RUL-PTV`` without a type may be the target of that lobe.
    """
    if roi.kind in TARGETS or not target_taken_out(roi.name):
        return False
    return bool(roi.kind) or organ_named(without_margin(roi.name)) is not None


def _contoured_or_all(rois: Collection[RoiName]) -> tuple[RoiName, ...]:
    return tuple(sorted([r for r in rois if r.contoured] or rois, key=roi_order))


def _are_separate(target: str, rois: Collection[RoiName]) -> bool:
    """Whether the names, where there are several, tell which target each is: not versions, images or doses of one."""
    by_name = [target_names.parts(target, r.name, sites()) for r in rois]
    distinct = {parts for parts in by_name if parts is not None and {says for says, _ in parts} <= {Says.WHICH}}
    return len(rois) == 1 or len(distinct) == len(rois)

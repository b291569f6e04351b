"""Structures that are no match by their names, but may be the organ, or a part of it: suggested, copies, inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sbrtcheck.structure_names import target_names
from sbrtcheck.structure_names.likeness import Likeness, is_like_target, likeness
from sbrtcheck.structure_names.roi_name import RoiName, roi_order, structures_named
from sbrtcheck.structure_names.rules import STEERING, may_be_target
from sbrtcheck.structure_names.spellings import (
    is_in_doubt,
    is_marked,
    is_part,
    lies_inside,
    may_belong_to,
    normalise,
    spelled_out,
    without_version,
)
from sbrtcheck.structure_names.target_names import TARGETS
from sbrtcheck.structure_names.user_names import Dictionary, dictionary_of, organ_by_name

_SIMILAR_GIVEN_SCORE = 70.0
_LONGEST_SHOWN = 64  # letters of a suggested name: those of the value representation LO
_SUGGESTED_COUNT = 3
_PROBABLE_COUNT = 6


def suggestions(
    organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names to suggest, the likeliest first, and those of them that are probably the organ; contoured ones only."""
    dictionary = dictionary_of(names)
    graded: dict[str, Likeness] = {}
    for roi in rois:
        if not roi.contoured or len(roi.name) > _LONGEST_SHOWN:
            continue
        grade = _target_likeness(organ, roi) if organ in TARGETS else _organ_likeness(organ, roi, dictionary)
        if grade is not Likeness.UNLIKE and not (is_in_doubt(roi.name) and _is_settled(roi, rois, names)):
            graded[roi.name] = max(grade, graded.get(roi.name, grade))
    probable = sorted(name for name, grade in graded.items() if grade is Likeness.PROBABLE)[:_PROBABLE_COUNT]
    close = sorted(name for name, grade in graded.items() if grade is Likeness.CLOSE)
    return (*probable, *close[: max(_SUGGESTED_COUNT - len(probable), 0)]), tuple(probable)


def names_like(given: str, rois: Sequence[RoiName]) -> tuple[str, ...]:
    """Names of contoured structures like the one that the user wrote, the closest first."""
    from rapidfuzz import fuzz

    key = normalise(given[:_LONGEST_SHOWN])
    names = {r.name for r in rois if r.contoured and len(r.name) <= _LONGEST_SHOWN}
    scored = sorted((-fuzz.ratio(key, normalise(name)), name) for name in names)
    return tuple(name for score, name in scored if -score >= _SIMILAR_GIVEN_SCORE)[:_SUGGESTED_COUNT]


def copies_of(
    organ: str, roi: RoiName, rois: Sequence[RoiName], names: Mapping[str, str] | None = None
) -> tuple[RoiName, ...]:
    """Contoured structures that may be the organ as well as the one matched to it, or a part of it, by their names.

    Copies, versions and parts such as ``Heart 2`` or ``Heart_old``, other spellings, and for a target what may be one
    too. Which of them is meant, or whether all of them are, no name tells. Not among them is what is named as another
    organ, as a margin or as a Boolean.

    Parameters
    ----------
    organ, roi
        The organ, and the structure that was matched to it by another rule than the user's word.
    rois
        All structures of the plan.
    names
        What the user says of names: the dictionary may know a structure as another organ.

    Examples
    --------
    >>> names = ("SpinalCord", "Spinal Cord 2", "SpinalCord_PRV", "SpinalCanal", "Heart_1")
    >>> rois = [RoiName(name=name, number=number) for number, name in enumerate(names)]
    >>> [copy.name for copy in copies_of("SpinalCord", rois[0], rois)]
    ['Spinal Cord 2']
    """
    others = [r for r in rois if r.contoured and r != roi]
    dictionary = dictionary_of(names)
    if organ in TARGETS:
        return tuple(sorted((r for r in others if may_be_target(organ, r)), key=roi_order))
    return tuple(sorted((r for r in others if _is_copy(organ, r, dictionary)), key=roi_order))


def structures_inside(
    organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None
) -> tuple[RoiName, ...]:
    """Contoured structures that are organs of their own by their names, and lie inside this one (`lies_inside`).

    Parameters
    ----------
    organ, rois
        The organ, and all structures of the plan.
    names
        What the user says of names: the dictionary may know a structure as another organ.

    Examples
    --------
    >>> names = ("Rib", "Rib07_L", "Rib_2", "Chestwall")
    >>> rois = [RoiName(name=name, number=number) for number, name in enumerate(names)]
    >>> [roi.name for roi in structures_inside("Rib", rois)]
    ['Rib07_L']
    """
    return _related(organ, rois, names, lies_inside)


def structures_perhaps_of(
    organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None
) -> tuple[RoiName, ...]:
    """Contoured structures that are organs of their own by their names, and may belong to this one (`may_belong_to`).

    Parameters are those of `structures_inside`; what surely lies inside is not among them.

    Examples
    --------
    >>> names = ("Bowel_Small", "Duodenum", "Spc_Bowel_Small", "Jejunum", "Stomach")
    >>> rois = [RoiName(name=name, number=number) for number, name in enumerate(names)]
    >>> [roi.name for roi in structures_perhaps_of("Bowel_Small", rois)]
    ['Duodenum', 'Spc_Bowel_Small']
    """
    return _related(organ, rois, names, may_belong_to)


def _related(
    organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None, is_related: Callable[[str, str], bool]
) -> tuple[RoiName, ...]:
    """Contoured structures, no targets, whose organs are related to this one."""
    dictionary = dictionary_of(names)
    named = ((r, _organ_but_for_version(r.name, dictionary)) for r in rois if r.contoured and r.kind not in TARGETS)
    return tuple(sorted((r for r, other in named if other is not None and is_related(other, organ)), key=roi_order))


def _organ_but_for_version(name: str, dictionary: Dictionary) -> str | None:
    """The organ of a name; of ``Aorta-3`` and ``Aorta^old``, versions that are no copy of another organ, the aorta."""
    return organ_by_name(name, dictionary) or organ_by_name(without_version(name), dictionary)


def _is_copy(organ: str, roi: RoiName, dictionary: Dictionary) -> bool:
    roi = replace(roi, name=without_version(roi.name))
    other_organ = organ_by_name(roi.name, dictionary)
    if is_marked(roi.name) or other_organ not in (None, organ):
        return False
    return other_organ == organ or _organ_likeness(organ, roi, dictionary) is Likeness.PROBABLE


def _is_settled(roi: RoiName, rois: Sequence[RoiName], names: Mapping[str, str] | None) -> bool:
    """Whether the user said which organ the structure is, so that it is not asked about for others."""
    given = (name for name in (names or {}).values() if name)
    return dictionary_of(names).organ_of(roi.name) is not None or any(roi in structures_named(g, rois) for g in given)


def _organ_likeness(organ: str, roi: RoiName, dictionary: Dictionary) -> Likeness:
    if is_part(roi.name, organ):
        return Likeness.PROBABLE
    is_other_organ = organ_by_name(roi.name, dictionary) not in (None, organ)
    return likeness(organ, spelled_out(organ), roi.name, kind=roi.kind, is_other_organ=is_other_organ)


def _target_likeness(target: str, roi: RoiName) -> Likeness:
    """A target's name with more in it than TG-263 lets follow, or another name with the target's type."""
    is_named_target = target_names.mentions(target, roi.name) and is_like_target(roi.name) and roi.kind not in STEERING
    return Likeness.PROBABLE if is_named_target or may_be_target(target, roi) else Likeness.UNLIKE

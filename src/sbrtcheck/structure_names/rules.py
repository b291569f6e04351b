"""A structure's name, type and codes -> whether it is an organ, by rules of which the first that finds one decides.

1. The user's own mapping, which is looked at before any name is,
2. the exact TG-263 name,
3. a spelling in the clinic's dictionary, after `dictionary_key`; it is explicit, so it may be any name,
4. a listed alias (``tg263_names.csv``), after `normalise`,
5. for targets and the external contour: RT ROI Interpreted Type where the name has the target in it, then a target
   name of TG-263 such as ``PTV_5000`` or ``PTVn1``,
6. the RT ROI identification code, where the structure's own name does not speak against it.

A name with PTV, CTV, GTV, ITV or PRV in it, or with one of ``- + ~ ^ ! & |``, is never matched to an organ: it is a
margin or a Boolean of one. ``Lungs-GTV`` and the like are organs of their own. What is named as a planner's helper, an
older version or a copy is matched by the first three rules only. What the dictionary says is one organ is no other by a
weaker rule. A name that clinics use for another organ than TG-263 does (``Bronchus``) is matched by the user's word
alone: the mapping, or the dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from sbrtcheck.structure_names import target_names
from sbrtcheck.structure_names.roi_name import RoiName
from sbrtcheck.structure_names.spellings import (
    described,
    has_operator,
    is_alias,
    is_exact,
    is_in_doubt,
    is_marked,
    is_of_other_organ,
    keys,
    normalise,
    side_of,
    sites,
    stem_of,
)
from sbrtcheck.structure_names.target_names import TARGETS, is_helper
from sbrtcheck.structure_names.user_names import Dictionary

STEERING = frozenset({"AVOIDANCE", "CONTROL"})
"""RT ROI interpreted types of what is contoured for the optimiser."""

# a name with one of these is a part or a surrogate of the organ, whatever its code says
_PART = re.compile(r"canal|kanal|sac|wall|wand|cortex|hilum|rib|ring|avoid|dummy|part|sub|opt|eval")


class Rule(StrEnum):
    """Which rule matched a structure to an organ."""

    GIVEN = "given by the user"
    EXACT = "TG-263 name"
    DICTIONARY = "the clinic's dictionary"
    ALIAS = "listed alias"
    KIND = "RT ROI interpreted type"
    PREFIX = "target name with a suffix"
    CODE = "RT ROI identification code"
    DERIVED = "derived"


Fits = Callable[[str, RoiName], bool]
"""Whether a structure is an organ by one rule."""

Rules = tuple[tuple[Rule, Fits], ...]
"""Rules in their order, the strongest first."""


def rules_with(dictionary: Dictionary) -> Rules:
    """The rules with that of the dictionary among them; below it, what the dictionary says is another organ is none."""
    if not dictionary.spellings:
        return _RULES

    def is_listed(organ: str, roi: RoiName) -> bool:
        return dictionary.is_organ(organ, roi.name)

    def unless_other(fits: Fits) -> Fits:
        return lambda organ, roi: dictionary.organ_of(roi.name) is None and fits(organ, roi)

    exact, *weaker = _RULES
    return exact, (Rule.DICTIONARY, is_listed), *((rule, unless_other(fits)) for rule, fits in weaker)


def may_be_target(organ: str, roi: RoiName) -> bool:
    """Whether it is a target of that kind by its type or the beginning of its name alone: too little for a match."""
    if organ not in TARGETS or is_helper(roi.name) or roi.kind in STEERING or has_operator(roi.name):
        return False
    begins = target_names.suffix(organ, roi.name) is not None
    typed = roi.kind == organ and not is_marked(roi.name) and stem_of(normalise(roi.name)) not in sites()
    return typed or (begins and _mentions(organ, roi.name))


def _is_exact(organ: str, roi: RoiName) -> bool:
    return is_exact(organ, roi.name)


def _is_alias(organ: str, roi: RoiName) -> bool:
    return is_alias(organ, roi.name)


def _has_kind(organ: str, roi: RoiName) -> bool:
    """RT ROI Interpreted Type says so (PS3.3 C.8.8.8.1), and so does the name of a target."""
    if roi.kind != organ.upper() or organ not in {*TARGETS, "External"} or is_helper(roi.name):
        return False
    return not is_marked(roi.name) if organ == "External" else _mentions(organ, roi.name)


def _mentions(target: str, name: str) -> bool:
    """Whether that target, no other, and no operator is in the name."""
    return target_names.mentions(target, name) and not has_operator(name)


def _has_prefix(organ: str, roi: RoiName) -> bool:
    """``PTV_5000``, ``PTV1``, ``IGTV lower``: the target's name, then only what TG-263 lets follow it."""
    if organ not in TARGETS or roi.kind in STEERING:
        return False
    return target_names.parts(organ, roi.name, sites()) is not None


def _has_code(organ: str, roi: RoiName) -> bool:
    """One of its codes names the organ, and neither its type nor its name says that it is something else."""
    if not roi.codes or organ in TARGETS or roi.kind in {*TARGETS, "EXTERNAL"} or is_marked(roi.name):
        return False
    if is_in_doubt(roi.name) or (is_helper(roi.name) and not is_helper(organ)):
        return False
    known_keys = keys(organ) | described(organ)
    coded = {key for key in map(normalise, roi.codes) if key in known_keys}
    return bool(coded) and not _name_contradicts(organ, roi.name, coded)


def _name_contradicts(organ: str, name: str, coded: set[str]) -> bool:
    key = normalise(name)
    if side_of(key) not in {"", side_of(normalise(organ))} or is_of_other_organ(key, organ):
        return True
    spelled = "".join(coded) + normalise(organ)
    return any(part not in spelled for part in _PART.findall(key))


_RULES: Rules = (
    (Rule.EXACT, _is_exact),
    (Rule.ALIAS, _is_alias),
    (Rule.KIND, _has_kind),
    (Rule.PREFIX, _has_prefix),
    (Rule.CODE, _has_code),
)

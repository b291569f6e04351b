"""Structures of a plan, or their DVHs -> what matching of names may look at: name, number, type, codes, contours."""

from __future__ import annotations

from sbrtcheck.dvh.dvh import DVH, NoDVH
from sbrtcheck.dvh.reason import Reason
from sbrtcheck.plan import Plan, Structure
from sbrtcheck.structure_names import RoiName


def roi_name_of(structure: Structure) -> RoiName:
    """What matching may look at of a structure of a plan."""
    return RoiName(
        name=structure.name,
        number=structure.number,
        kind=structure.kind,
        codes=structure.codes,
        contoured=structure.is_contoured,
    )


def roi_names_of(plan: Plan) -> tuple[RoiName, ...]:
    """What matching may look at of all structures of a plan."""
    return tuple(map(roi_name_of, plan.structures))


def roi_name_of_dvh(dvh: DVH | NoDVH) -> RoiName:
    """The same of a DVH, where the structures themselves are not known."""
    empty = isinstance(dvh, NoDVH) and dvh.reason is Reason.STRUCTURE_EMPTY
    return RoiName(name=dvh.name, number=dvh.number, kind=dvh.kind, contoured=not empty)

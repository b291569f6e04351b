"""A recipe of structures in, their shape as prisms in the dose grid out; or why it has none.

A recipe names structures of the plan to be united, and others to be subtracted: ``Lungs`` is the left with the right
lung, ``Liver-GTV`` the liver without the tumour. One structure alone is the shortest recipe. Each structure becomes a
stack of prisms, a polygon and two heights each (`sbrtcheck.geometry`), and stacks are united and subtracted as exactly
as polygons are::

    Lungs-GTV:      plus  +-------+  +-------+          +-------+  +-------+
                          | left  |  | right |    ->    |       |  |  ___  |
                          |       |  |  ___  |          |       |  |_|   |_|
                          +-------+  +-|   |-+          +-------+
                    minus              |GTV|

**Readings.** Where the contours of one structure contradict each other (loops that cross, say), there is more than one
area that they may mean. One reading is used, and the others are kept beside it, so that a verdict can be checked under
each. In a recipe of several structures, one is read otherwise at a time, for it is enough to know the
least and the most that any reading leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TypeVar

import numpy as np

from sbrtcheck.dvh.dvh import DERIVED_NUMBER, NoDVH
from sbrtcheck.dvh.model import Between, Interpolation, Model
from sbrtcheck.dvh.reason import Reason
from sbrtcheck.errors import DicomError, GeometryError, SbrtcheckError
from sbrtcheck.geometry import (
    TILT_TOLERANCE_MM,
    GridFrame,
    Planes,
    PrismStack,
    Surroundings,
    TiltedPlanes,
    common_spacing_mm,
    grid_frame,
    heights_of,
    in_grid,
    minus,
    prism_stack,
    slab_axis_of,
    spacing_findings,
    union,
    voxel_stack,
    with_area,
)
from sbrtcheck.geometry.arrays import keep_freed_blocks
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray, Plan, Structure
from sbrtcheck.structure_names import Recipe, RoiName

NO_SHARED_PLANES = "its parts lie on planes that are differently oriented, or tilted against the dose grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """A structure, or one built from several, as prisms in a frame of the dose grid.

    ``readings``: the same under other readings of contours that contradict each other; ``reading`` as of a `DVH`.
    """

    name: str
    number: int
    kind: str
    stack: PrismStack
    frame: GridFrame
    findings: tuple[Finding, ...]
    readings: tuple[Solid, ...] = ()
    reading: int = 0

    def with_readings(self, stacks: Iterable[PrismStack]) -> Solid:
        """The solid with its other readings; one that leaves nothing of it is none."""
        numbered = enumerate((stack for stack in stacks if len(stack.layer)), start=1)
        return replace(self, readings=tuple(replace(self, stack=stack, reading=number) for number, stack in numbered))


class SolidBuilder:
    """Builds the solids of one plan under one model.

    No value but a tool for one computation: it keeps the plane heights of the plan's structures once it had to read
    them, for all contours have to be decoded for them, and most structures never ask. It keeps the solids of structures
    that several of ``recipes`` have as parts, such as both lungs, and their unions.
    """

    def __init__(self, plan: Plan, model: Model, recipes: Iterable[Recipe] = (), *, in_thirds: bool = False) -> None:
        keep_freed_blocks()
        self.plan = plan
        self.model = model
        self.in_thirds = in_thirds  # outlines between planes in three steps: for an estimate
        recipes = tuple(recipes)
        self._often = _there_twice(roi for recipe in recipes for roi in {*recipe.plus, *recipe.minus})
        self._united_often = _there_twice(rois for r in recipes for rois in {r.plus, r.minus} if len(rois) > 1)
        self._contoured: dict[RoiName, Solid | NoDVH] = {}
        self._unions: dict[tuple[RoiName, ...], PrismStack] = {}
        self._heights_mm: dict[int, list[FloatArray]] = {}  # by axis of the dose grid, one entry a structure
        self._spacings: dict[tuple[float, ...], float | None] = {}  # by the normal of the planes

    def solid(self, recipes: Sequence[Recipe], reading: int = 0) -> Solid | NoDVH:
        """What recipes give together, in the dose grid that the model asks for; or why there is no such solid.

        Parameters
        ----------
        recipes
            One, or several for a union.
        reading
            Which other reading of contradictory contours to use, counted from 1; 0 for the usual one.
        """
        parts = []
        for recipe in recipes:
            part = self._of_recipe(recipe)
            if isinstance(part, NoDVH):
                return part
            parts.append(part)
        united = _united(parts) if len(parts) > 1 else parts[0]
        solid = united if isinstance(united, NoDVH) else _with_dose(united, self.model)
        return solid if isinstance(solid, NoDVH) or reading == 0 else solid.readings[reading - 1]

    def _of_recipe(self, recipe: Recipe) -> Solid | NoDVH:
        plus, subtracted = ([self._part(roi) for roi in rois] for rois in (recipe.plus, recipe.minus))
        if len(plus) == 1 and not subtracted and recipe.organ == recipe.plus[0].name:
            return plus[0]
        parts = []
        for part in (*plus, *subtracted):
            if isinstance(part, NoDVH):
                detail = f"its part {part.name!r}: {part.detail or part.reason}"
                return _no_derived(recipe.organ, part.reason, detail)
            parts.append(part)
        return self._combined(recipe, parts[: len(plus)], parts[len(plus) :])

    def _part(self, roi: RoiName) -> Solid | NoDVH:
        """A structure of the plan as a part of a recipe."""
        if roi not in self._often:
            return self._of_contours(_structure_of(roi, self.plan))
        if roi not in self._contoured:
            self._contoured[roi] = self._of_contours(_structure_of(roi, self.plan))
        return self._contoured[roi]

    def _union(self, rois: tuple[RoiName, ...], parts: Sequence[Solid]) -> PrismStack:
        """The parts of a recipe together."""
        if rois not in self._united_often:
            return reduce(union, (part.stack for part in parts))
        if rois not in self._unions:
            self._unions[rois] = reduce(union, (part.stack for part in parts))
        return self._unions[rois]

    def _of_contours(self, structure: Structure) -> Solid | NoDVH:
        """A structure of the plan as prisms; or why there are none."""
        try:
            made = self._stack(structure)
        except DicomError as error:
            return no_dvh(structure, Reason.STRUCTURE_DAMAGED, f"{error.what}; {error.hint}")
        except GeometryError as error:
            return no_dvh(structure, Reason.STRUCTURE_NOT_COMPUTED, str(error))
        if made is None:
            return _nothing_contoured(structure)
        stack, planes, frame = made
        readings = stack.read_otherwise()
        stack = replace(stack, readings=())
        if self.model.between is Between.INTERPOLATED:
            from sbrtcheck.geometry.prism_interpolation import interpolated

            thin = partial(interpolated, planes=planes, name=structure.name, in_thirds=self.in_thirds)
            stack, readings = thin(stack), tuple(map(thin, readings))
        solid = Solid(
            name=structure.name,
            number=structure.number,
            kind=structure.kind,
            stack=stack,
            frame=frame,
            findings=structure.findings + stack.findings,
        )
        return solid.with_readings(readings)

    def _combined(self, recipe: Recipe, plus_parts: Sequence[Solid], minus_parts: Sequence[Solid]) -> Solid | NoDVH:
        """The union of some structures without the union of others."""
        parts = [*plus_parts, *minus_parts]
        frame = parts[0].frame
        if not _share_frame(parts):
            return _no_derived(recipe.organ, Reason.STRUCTURE_NOT_COMPUTED, NO_SHARED_PLANES)
        added = self._union(recipe.plus, plus_parts)
        taken = self._union(recipe.minus, minus_parts) if minus_parts else None
        stack = _difference(added, taken)
        # the least and the most that the readings can leave, if one reading of each part lies inside the other
        readings = [_difference(reduce(union, other), taken) for other in _each_reading(plus_parts)]
        readings += [_difference(added, reduce(union, other)) for other in _each_reading(minus_parts)]
        built = Finding(code=FindingCode.DERIVED_STRUCTURE, text=_composition(recipe), subject=recipe.organ)
        if len(stack.layer) == 0:
            return _no_derived(recipe.organ, Reason.STRUCTURE_EMPTY, built.text)
        findings = (built, *(finding for part in parts for finding in part.findings))
        solid = Solid(name=recipe.organ, number=DERIVED_NUMBER, kind="", stack=stack, frame=frame, findings=findings)
        return solid.with_readings(readings)

    def _stack(self, structure: Structure) -> tuple[PrismStack, Planes, GridFrame] | None:
        """Contours as prisms, in the dose grid or in one that is turned with their planes; None where none has an area.

        Raises
        ------
        DicomError, GeometryError
            The contours are damaged, or no prisms can be made of them.
        """
        dose = self.plan.dose
        contours = with_area(structure.contours.read())
        if len(contours) == 0:
            return None
        local_mm, starts = in_grid(contours, dose), contours.starts
        axis = slab_axis_of(local_mm, starts)
        if axis is not None:
            del contours  # of ten million points, 240 MB that are needed no more
            others = partial(self._heights_of_others, structure, axis)
            frame = grid_frame(dose, axis)
            stack, planes = _prisms(structure, local_mm, starts, frame, others)
            return self._with_spacing(structure, stack, planes, dose.axes[axis]), planes, frame
        tilted = TiltedPlanes.of(contours, dose)
        others = partial(self._heights_along, structure, tilted.axes[2])
        coarse, planes = _prisms(structure, [*tilted.local_mm(contours, dose)], starts, tilted.frame, others)
        stack, frame = tilted.with_dose(coarse, dose)
        stack = replace(stack, findings=(*stack.findings, tilted.finding(structure.name, frame)))
        return self._with_spacing(structure, stack, planes, tilted.axes[2]), planes, frame

    def _with_spacing(self, structure: Structure, stack: PrismStack, planes: Planes, normal: FloatArray) -> PrismStack:
        """The stack with what is odd about the spacing of its planes beside that of the other structures."""
        if structure.of_voxels:  # the file states how thick a voxel is
            return stack
        key = tuple(normal.tolist())
        if key not in self._spacings:
            contoured = [each for each in self.plan.structures if not each.of_voxels]
            self._spacings[key] = common_spacing_mm([_rough_heights(each, self.plan, normal) for each in contoured])
        odd = spacing_findings(structure.name, planes.height_mm, self._spacings[key])
        return replace(stack, findings=(*stack.findings, *odd)) if odd else stack

    def _heights_along(self, structure: Structure, normal: FloatArray) -> list[FloatArray]:
        """The heights of the contour planes of all other structures that lie across a normal."""
        others = [each for each in self.plan.structures if each is not structure]
        return [_plane_heights(each, self.plan, normal) for each in others]

    def _heights_of_others(self, structure: Structure, axis: int) -> list[FloatArray]:
        """The heights of the contour planes of all other structures, along an axis of the dose grid."""
        if axis not in self._heights_mm:
            self._heights_mm[axis] = [
                _plane_heights(each, self.plan, self.plan.dose.axes[axis]) for each in self.plan.structures
            ]
        heights = zip(self.plan.structures, self._heights_mm[axis], strict=True)
        return [planes for each, planes in heights if each is not structure]


def _prisms(
    structure: Structure,
    local_mm: Sequence[FloatArray],
    starts: IntArray,
    frame: GridFrame,
    others: Callable[[], Sequence[FloatArray]],
) -> tuple[PrismStack, Planes]:
    """A structure as prisms in a frame, its points along the frame's axes, which are overwritten."""
    around = Surroundings(slab_mm=structure.slab_mm, others=others)
    if structure.of_voxels:
        return voxel_stack(structure.name, local_mm, starts, frame, around)
    return prism_stack(structure.name, local_mm, starts, frame, exclusive_or=structure.exclusive_or, around=around)


def _plane_heights(structure: Structure, plan: Plan, normal: FloatArray) -> FloatArray:
    """The heights of a structure's contour planes along a normal.

    None where its contours cannot be read, or do not lie across the normal.
    """
    try:
        contours = with_area(structure.contours.read())
    except SbrtcheckError:  # its own DVH says so
        return np.zeros(0)
    if len(contours) == 0:
        return np.zeros(0)
    height = (contours.points_mm - plan.dose.origin_mm) @ normal
    first = contours.starts[:-1]
    thickness = np.maximum.reduceat(height, first) - np.minimum.reduceat(height, first)
    return heights_of(height[first]) if thickness.max() <= TILT_TOLERANCE_MM else np.zeros(0)


def _rough_heights(structure: Structure, plan: Plan, normal: FloatArray) -> FloatArray:
    """The heights of a structure's contour planes along a normal, by one point of each contour, which is quickly read.

    None where one cannot be read.
    """
    try:
        points_mm = structure.contours.first_points()
    except SbrtcheckError:  # its own DVH says so
        return np.zeros(0)
    return heights_of((points_mm - plan.dose.origin_mm) @ normal)


def _united(parts: Sequence[Solid]) -> Solid | NoDVH:
    """Several structures as one organ."""
    name = " + ".join(part.name for part in parts)
    if not _share_frame(parts):
        return _no_derived(name, Reason.STRUCTURE_NOT_COMPUTED, NO_SHARED_PLANES)
    built = Finding(code=FindingCode.DERIVED_STRUCTURE, text=f"built from {name}", subject=name)
    findings = (built, *(finding for part in parts for finding in part.findings))
    solid = Solid(
        name=name,
        number=DERIVED_NUMBER,
        kind="",
        stack=reduce(union, (part.stack for part in parts)),
        frame=parts[0].frame,
        findings=tuple(dict.fromkeys(findings)),
    )
    return solid.with_readings(reduce(union, stacks) for stacks in _each_reading(parts))


def _share_frame(parts: Sequence[Solid]) -> bool:
    """Whether parts lie on planes of one orientation in the dose grid itself, so that they can be united."""
    return all(part.frame.axes == parts[0].frame.axes and part.frame.resampled is None for part in parts)


def _each_reading(parts: Sequence[Solid]) -> Iterator[list[PrismStack]]:
    """The parts under their first other reading, under their second, and so on; one that has none as it is."""
    for number in range(max((len(part.readings) for part in parts), default=0)):
        yield [part.readings[number].stack if number < len(part.readings) else part.stack for part in parts]


def _difference(stack: PrismStack, taken: PrismStack | None) -> PrismStack:
    """A stack without another, if there is one."""
    return stack if taken is None else minus(stack, taken)


_T = TypeVar("_T")


def _there_twice(values: Iterable[_T]) -> frozenset[_T]:
    """Those values that are there more than once."""
    return frozenset(value for value, times in Counter(values).items() if times > 1)


def _composition(recipe: Recipe) -> str:
    plus = " + ".join(roi.name for roi in recipe.plus)
    minus_text = "".join(f" - {roi.name}" for roi in recipe.minus)
    return f"built from {plus}{minus_text}"


def _with_dose(solid: Solid, model: Model) -> Solid:
    """The solid in the dose grid that the model asks for."""
    if model.dose is Interpolation.TRILINEAR:
        return solid
    if solid.frame.resampled is not None:
        text = "dose stays trilinear between grid points: its planes are tilted against the dose grid"
        return replace(
            solid, findings=(*solid.findings, Finding(code=FindingCode.DOSE_NOT_CUBIC, text=text, subject=solid.name))
        )
    from sbrtcheck.geometry.cubic_dose import with_cubic_dose

    stack, frame = with_cubic_dose(replace(solid.stack, findings=()), solid.frame, solid.name)
    return replace(
        solid,
        stack=stack,
        frame=frame,
        findings=(*solid.findings, *stack.findings),
        readings=tuple(_with_dose(reading, model) for reading in solid.readings),
    )


def _nothing_contoured(structure: Structure) -> NoDVH:
    """Why a structure has no contours to compute with: what reading it turned up, if anything."""
    unused = any(finding.code is FindingCode.NOT_COMPUTED for finding in structure.findings)
    reason = Reason.STRUCTURE_NOT_COMPUTED if unused else Reason.STRUCTURE_EMPTY
    detail = "; ".join(finding.text for finding in structure.findings)
    return no_dvh(structure, reason, detail or "no closed contour with an area")


def no_dvh(structure: Structure | Solid, reason: Reason, detail: str) -> NoDVH:
    """Why there is no DVH of a structure."""
    return NoDVH(name=structure.name, number=structure.number, kind=structure.kind, reason=reason, detail=detail)


def _no_derived(name: str, reason: Reason, detail: str) -> NoDVH:
    return NoDVH(name=name, number=DERIVED_NUMBER, reason=reason, detail=detail)


def _structure_of(roi: RoiName, plan: Plan) -> Structure:
    return next(s for s in plan.structures if s.number == roi.number and s.name == roi.name)

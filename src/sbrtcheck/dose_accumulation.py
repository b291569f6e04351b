"""Plans of one patient in; their doses summed point by point in EQD2, and the DVHs of that sum, out.

The first course is the one looked at: its structures and its dose grid are taken. The doses of the others are read,
trilinearly, at the points of that grid. There each course is converted with its own number of fractions, less what the
tissue has recovered, and added; between the points of the grid the sum is trilinear.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh import DVH, Bounds, DVHSet, NoDVH, Origin, Reason, compute_dvhs
from sbrtcheck.errors import GeometryError, InputError
from sbrtcheck.plan import DoseGrid, Finding, FindingCode, FloatArray, Plan, Registration, UnknownPrescription
from sbrtcheck.progress import Progress, no_progress
from sbrtcheck.radiobiology import Quantity, eqd2, findings_for

SAME_POINT_MM = 1e-3
"""Grids whose points lie this close together are one grid: nothing is interpolated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A plan that was, or will be, delivered; ``recovery`` is the share of its EQD2 that the tissue has got over."""

    plan: Plan
    recovery: float = 0.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """Structures wanted, the user's names for their parts, and whom to tell how far it is."""

    structures: Collection[str]
    names: Mapping[str, str] | None
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A course with its physical dose, Gy, at the points of the first one's grid.

    ``outside`` is 1 at the points where its own grid has none, and ``beyond_gy`` the largest dose on that grid's faces.
    """

    course: Course
    dose_gy: FloatArray
    outside: FloatArray
    beyond_gy: float
    interpolated: bool

    @property
    def fractions(self) -> int:
        return fractions_of(self.course.plan)


def accumulate(
    courses: Sequence[Course],
    alpha_betas_gy: Mapping[str, float],
    *,
    frames_agree: bool = False,
    registrations: Sequence[Registration] = (),
    names: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> DVHSet:
    """DVHs of several courses together, in EQD2, each structure by its own α/β.

    Parameters
    ----------
    courses
        One or more; the first has the structures, and the grid that the sum is on.
    alpha_betas_gy
        α/β in Gy by structure of the first plan (or derived there); these structures get a DVH.
    frames_agree
        The user states that plans of different frames of reference lie in one and the same.
    registrations
        How frames of reference lie to each other.
    names
        Organ (TG-263 name) to structure name, as for `compute_dvhs`.
    progress
        As for `compute_dvhs`; starts anew for each α/β.

    Returns
    -------
    DVHSet
        In EQD2, with the prescription and the provenance of the first plan, and no plan: structures cannot be joined
        any more. Structures without α/β are in ``without``.

    Raises
    ------
    InputError
        Plans lie in different, or unstated, frames of reference and nothing says how; a number of fractions is
        unknown; a recovery is no share from 0 to less than 1.
    ValueError
        The first plan has no such structure, or an α/β is none.

    Notes
    -----
    What this leaves out: organs that moved or changed between courses, and everything but the linear-quadratic model.
    A part of a structure that an earlier grid does not cover has no dose of it; the upper bound takes the largest dose
    on that grid's faces for it.
    """
    _check(courses)
    placed = [_placed(one, courses[0].plan, registrations, frames_agree=frames_agree) for one in courses]
    said = (*_findings(courses, placed, registrations, frames_agree=frames_agree),)
    made = [
        found
        for ratio in dict.fromkeys(alpha_betas_gy.values())
        for found in _of_ratio(placed, ratio, _Asked(_with_ratio(alpha_betas_gy, ratio), names, progress))
    ]
    first = courses[0].plan
    order = {name: place for place, name in enumerate(alpha_betas_gy)}
    dvhs = sorted((one for one in made if isinstance(one, DVH)), key=lambda dvh: order[dvh.name])
    return DVHSet(
        dvhs=tuple(dvhs),
        without=(*(one for one in made if isinstance(one, NoDVH)), *_not_asked_for(first, alpha_betas_gy)),
        prescription=first.prescription,
        origin=Origin.COMPUTED,
        provenance=_provenance(courses),
        findings=(*(finding for one in courses for finding in one.plan.findings), *said),
    )


def summed_eqd2(
    courses: Sequence[Course],
    *,
    alpha_beta_gy: float,
    frames_agree: bool = False,
    registrations: Sequence[Registration] = (),
) -> DoseGrid:
    """The EQD2 of several courses together, Gy, on the grid of the first; parameters and errors as for `accumulate`."""
    _check(courses)
    placed = [_placed(one, courses[0].plan, registrations, frames_agree=frames_agree) for one in courses]
    return _sum(placed, alpha_beta_gy, beyond=False)


def fractions_of(plan: Plan) -> int:
    """The number of fractions of a plan, which EQD2 cannot do without."""
    number = plan.prescription.fractions
    if number is None:
        what = f"the number of fractions of {_name(plan)} is unknown"
        raise InputError(what, hint="give its prescription like '50Gy/5'")
    return number


def _check(courses: Sequence[Course]) -> None:
    if not courses:
        raise InputError("there is no plan to sum", hint="give one or more courses")
    for one in courses:
        fractions_of(one.plan)
        if not 0.0 <= one.recovery < 1.0:
            what = f"a recovery of {one.recovery:g} is none"
            raise InputError(what, hint="give a share from 0 to less than 1")
        if not np.isfinite(one.plan.dose.max_gy):
            raise GeometryError("the dose grid has a value that is not a number", hint="export the dose again")


def _with_ratio(alpha_betas_gy: Mapping[str, float], ratio: float) -> frozenset[str]:
    return frozenset(name for name, own in alpha_betas_gy.items() if own == ratio)


def _name(plan: Plan) -> str:
    return f"plan {plan.label or plan.uids.plan or 'without a label'}"


# -------------------------------------------------------------------------------- one frame, one grid


def _placed(one: Course, first: Plan, registrations: Sequence[Registration], *, frames_agree: bool) -> _Placed:
    """The dose of a course at the points of the first one's grid."""
    matrix = _to_frame_of(one.plan, first, registrations, frames_agree=frames_agree)
    grid = one.plan.dose
    faces = (
        grid.stored[0],
        grid.stored[-1],
        grid.stored[:, 0],
        grid.stored[:, -1],
        grid.stored[:, :, 0],
        grid.stored[:, :, -1],
    )
    beyond_gy = max(float(np.max(face)) for face in faces) * grid.gy_per_unit
    same = np.array_equal(matrix, np.eye(4)) and _same_points(grid, first.dose)
    dose_gy, outside = (grid.values_gy, np.zeros((1, 1, 1))) if same else _resampled(grid, first.dose, matrix)
    if float(dose_gy.min()) < 0.0:
        raise GeometryError(
            f"{_name(one.plan)} has doses below 0 Gy", hint="export the physical dose, not a difference"
        )
    return _Placed(course=one, dose_gy=dose_gy, outside=outside, beyond_gy=beyond_gy, interpolated=not same)


def _to_frame_of(plan: Plan, first: Plan, registrations: Sequence[Registration], *, frames_agree: bool) -> FloatArray:
    """Matrix from the first plan's frame of reference to another plan's."""
    theirs, ours = plan.uids.frame_of_reference, first.uids.frame_of_reference
    if plan is first or (theirs and theirs == ours):
        return np.eye(4)
    for registration in registrations:
        matrix = registration.matrix(ours, theirs)
        if matrix is not None:
            return matrix
    if frames_agree:
        return np.eye(4)
    stated = (
        f"{_name(plan)} is in frame of reference {theirs or 'not stated'}, {_name(first)} in {ours or 'not stated'}"
    )
    hint = "give the registration of the two, or state that the frames agree"
    raise InputError(f"doses of different frames of reference cannot be summed: {stated}", hint=hint)


def _same_points(a: DoseGrid, b: DoseGrid) -> bool:
    if a.stored.shape != b.stored.shape:
        return False
    corners = [_points_mm(grid, np.array([0, len(grid.offsets_mm) - 1])) for grid in (a, b)]
    offsets = np.abs(a.offsets_mm - b.offsets_mm).max()
    return bool(np.abs(corners[0] - corners[1]).max() <= SAME_POINT_MM and offsets <= SAME_POINT_MM)


def _points_mm(grid: DoseGrid, planes: FloatArray) -> FloatArray:
    """Patient coordinates of the points of some planes, shape ``(planes, rows, columns, 3)``."""
    _, rows, columns = grid.stored.shape
    i = np.arange(columns)[:, None] * grid.spacing_mm[0] * grid.axes[0]
    j = np.arange(rows)[:, None] * grid.spacing_mm[1] * grid.axes[1]
    k = grid.offsets_mm[planes.astype(np.int64)][:, None] * grid.axes[2]
    points: FloatArray = grid.origin_mm + k[:, None, None] + j[:, None] + i
    return points


def _resampled(grid: DoseGrid, onto: DoseGrid, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Dose at the points of another grid, trilinear; 0, and 1 in the second array, outside.

    A grid ends half a spacing beyond its outermost points, where the nearest point's dose holds.
    """
    from scipy.ndimage import map_coordinates

    dose_gy = np.empty(onto.stored.shape)
    outside = np.zeros(onto.stored.shape)
    values = grid.values_gy
    for plane in range(len(onto.offsets_mm)):  # a plane at a time, for the coordinates take seven times its memory
        points = _points_mm(onto, np.array([plane]))[0] @ matrix[:3, :3].T + matrix[:3, 3]
        place = _places(grid, points)
        sampled = map_coordinates(values, place, order=1, mode="nearest")
        ends = np.array(grid.stored.shape).reshape(3, 1, 1) - 0.5
        out = np.any((place < -0.5) | (place > ends), axis=0)
        dose_gy[plane] = np.where(out, 0.0, sampled)
        outside[plane] = out
    return dose_gy, outside


def _places(grid: DoseGrid, points_mm: FloatArray) -> FloatArray:
    """Points as fractional plane, row and column of a grid, shape ``(3, rows, columns)``."""
    along = (points_mm - grid.origin_mm) @ grid.axes.T
    offsets, step = grid.offsets_mm, np.arange(len(grid.offsets_mm), dtype=np.float64)
    low, high = offsets[1] - offsets[0], offsets[-1] - offsets[-2]
    k = np.interp(along[..., 2], offsets, step)
    k += np.minimum(along[..., 2] - offsets[0], 0.0) / low + np.maximum(along[..., 2] - offsets[-1], 0.0) / high
    return np.stack([k, along[..., 1] / grid.spacing_mm[1], along[..., 0] / grid.spacing_mm[0]])


# -------------------------------------------------------------------------------- the sum and its DVHs


def _sum(placed: Sequence[_Placed], alpha_beta_gy: float, *, beyond: bool) -> DoseGrid:
    """EQD2 of all courses; ``beyond``: with the largest dose of a grid's faces where that grid does not reach."""
    total = np.zeros(placed[0].dose_gy.shape)
    for one in placed:
        dose_gy = one.dose_gy + one.outside * one.beyond_gy if beyond else one.dose_gy
        effect = eqd2(dose_gy, fractions=one.fractions, alpha_beta_gy=alpha_beta_gy)
        total += (1.0 - one.course.recovery) * np.asarray(effect)
    total.setflags(write=False)
    return replace(placed[0].course.plan.dose, stored=total, gy_per_unit=1.0)


def _of_ratio(placed: Sequence[_Placed], ratio: float, asked: _Asked) -> list[DVH | NoDVH]:
    """DVHs of the structures with one α/β."""
    main = _computed(placed, ratio, asked, beyond=False)
    if not any(bool(one.outside.any()) for one in placed):
        return main
    highest = {one.name: one for one in _computed(placed, ratio, asked, beyond=True) if isinstance(one, DVH)}
    missing = _uncovered_cc(placed, asked)
    return [
        _bounded(one, highest[one.name], missing.get(one.name, 0.0)) if isinstance(one, DVH) else one for one in main
    ]


def _computed(placed: Sequence[_Placed], ratio: float, asked: _Asked, *, beyond: bool) -> list[DVH | NoDVH]:
    first = placed[0].course.plan
    unknown = UnknownPrescription(reason="a percentage of the prescription means nothing in a sum of courses")
    plan = replace(first, dose=_sum(placed, ratio, beyond=beyond), prescription=unknown, findings=())
    found = compute_dvhs(plan, structures=asked.structures, names=asked.names, progress=asked.progress)
    return [*(_in_eqd2(dvh, ratio) for dvh in found.dvhs), *found.without]


def _in_eqd2(dvh: DVH, ratio: float) -> DVH:
    others, readings = (tuple(_in_eqd2(other, ratio) for other in many) for many in (dvh.alternatives, dvh.readings))
    return replace(dvh, quantity=Quantity.EQD2, alpha_beta_gy=ratio, alternatives=others, readings=readings)


def _uncovered_cc(placed: Sequence[_Placed], asked: _Asked) -> dict[str, float]:
    """Volume of each structure that some course's grid does not cover, cc."""
    first = placed[0].course.plan
    mask = np.zeros(first.dose.stored.shape)
    for one in placed:
        mask = np.maximum(mask, one.outside)
    plan = replace(first, dose=replace(first.dose, stored=mask, gy_per_unit=1.0))
    return {
        dvh.name: dvh.volume_at_dose(0.5).value
        for dvh in compute_dvhs(plan, structures=asked.structures, names=asked.names).dvhs
    }


def _bounded(dvh: DVH, highest: DVH, uncovered_cc: float) -> DVH:
    """The DVH with the upper bounds of another, in which no course ends."""
    if uncovered_cc <= 0.0:
        return dvh
    text = f"{uncovered_cc:.3g} cc of {dvh.volume:.4g} cc lie outside the dose grid of another course, counted at 0 Gy"
    said = Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text=text, subject=dvh.name)
    readings = zip(dvh.readings, highest.readings, strict=True)
    return replace(
        dvh,
        readings=tuple(_bounded(reading, its_highest, uncovered_cc) for reading, its_highest in readings),
        uncovered_cc=max(dvh.uncovered_cc, uncovered_cc),
        upper=highest.upper,
        mean_gy=_raised(dvh.mean_gy, highest.mean_gy),
        min_gy=_raised(dvh.min_gy, highest.min_gy),
        max_gy=_raised(dvh.max_gy, highest.max_gy),
        findings=(*dvh.findings, said),
    )


def _raised(band: Bounds, other: Bounds) -> Bounds:
    return replace(band, high=max(band.high, other.high))


# -------------------------------------------------------------------------------- what a reader should know


def _findings(
    courses: Sequence[Course], placed: Sequence[_Placed], registrations: Sequence[Registration], *, frames_agree: bool
) -> list[Finding]:
    listed = "; ".join(_said(one) for one in courses)
    one_patient = "that they are of one patient was not checked, for no identity is read"
    text = f"courses summed in EQD2: {listed}; {one_patient}" if len(courses) > 1 else f"one course in EQD2: {listed}"
    found = [Finding(code=FindingCode.SUMMED_DOSES, text=text)]
    first = courses[0].plan
    for one, at in zip(courses[1:], placed[1:], strict=True):
        found += _of_frame(one.plan, first, registrations, frames_agree=frames_agree)
        if at.interpolated:
            text = (
                f"the dose of {_name(one.plan)} was interpolated to the grid of {_name(first)}; no bound counts this in"
            )
            found.append(Finding(code=FindingCode.SUMMED_DOSES, text=text))
    for one in courses:
        found += findings_for(one.plan.dose.max_gy, fractions=fractions_of(one.plan), subject=_name(one.plan))
    return found


def _said(one: Course) -> str:
    recovered = f", less {100 * one.recovery:.4g} % recovered" if one.recovery else ""
    return f"{_name(one.plan)} in {fractions_of(one.plan)} fractions{recovered}"


def _of_frame(plan: Plan, first: Plan, registrations: Sequence[Registration], *, frames_agree: bool) -> list[Finding]:
    theirs, ours = plan.uids.frame_of_reference, first.uids.frame_of_reference
    if theirs and theirs == ours:
        return []
    if not frames_agree or any(one.matrix(ours, theirs) is not None for one in registrations):
        text = f"{_name(plan)} was moved to the frame of reference of {_name(first)} by the registration given"
    else:
        text = (
            f"that {_name(plan)} and {_name(first)} lie in one frame of reference was stated by the user, not checked"
        )
    return [Finding(code=FindingCode.SUMMED_DOSES, text=text)]


def _not_asked_for(plan: Plan, alpha_betas_gy: Mapping[str, float]) -> list[NoDVH]:
    detail = "no alpha/beta was given for it"
    return [
        NoDVH(name=one.name, number=one.number, kind=one.kind, reason=Reason.NOT_GIVEN, detail=detail)
        for one in plan.structures
        if one.name not in alpha_betas_gy
    ]


def _provenance(courses: Sequence[Course]) -> dict[str, str | tuple[str, ...]]:
    first = courses[0].plan
    return {
        "plan": first.uids.plan,
        "structure_set": first.uids.structure_set,
        "doses": tuple(uid for one in courses for uid in one.plan.uids.doses),
        "frame_of_reference": first.uids.frame_of_reference,
        "plan_label": first.label,
        "summed_plans": tuple(one.plan.uids.plan for one in courses),
    }

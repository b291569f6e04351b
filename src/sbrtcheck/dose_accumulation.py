"""Plans of one patient in; their doses accumulated point by point in EQD2, and the DVHs of that dose, out.

The first course is the one looked at: its structures and its dose grid are used. The doses of the others are read,
trilinearly, at the points of that grid. At each point ``x`` every course is converted with its own number of fractions,
less what the tissue has recovered, and added::

    EQD2(x) = sum over courses i of (1 - recovery_i) EQD2(D_i(x); n_i, alpha/beta)

Doses of different fractionation must not be added in Gy, for the same dose in fewer fractions does more (Withers,
Thames and Peters 1983, Radiother Oncol 1:187). Alpha/beta is the tissue's, so that there is an accumulated dose grid
for each of the values that structures have; between its points the dose is trilinear, as that of a plan::

      grid of the first course          .   .   .   .   .   .
      grid of an earlier one                  +     +     +        read between its points
                                              |           |
                                       none --'           '-- none: counted at 0 Gy, and for the upper bound
                                                              at the largest dose on the faces of that grid
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sbrtcheck.dvh import DVH, Bounds, DVHSet, NoDVH, Origin, Reason, compute_dvhs
from sbrtcheck.errors import FramesError, GeometryError, InputError
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
class _Request:
    """Structures whose DVHs are needed, the user's names for their parts, and the callback for progress."""

    structures: Collection[str]
    names: Mapping[str, str] | None
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledCourse:
    """A course with its physical dose, Gy, at the points of the first one's grid.

    ``outside`` is 1 at the points where its own grid has none, and ``outside_gy`` the largest dose on the faces of that
    grid: what a place outside it may have received.
    """

    course: Course
    dose_gy: FloatArray
    outside: FloatArray
    outside_gy: float
    interpolated: bool

    @property
    def fractions(self) -> int:
        """Number of fractions of the course."""
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
    FramesError
        Plans lie in different, or unstated, frames of reference and nothing says how.
    InputError
        A number of fractions is unknown; a recovery is no share from 0 to less than 1.
    ValueError
        The first plan has no such structure, or an α/β is none.

    Notes
    -----
    What this leaves out: organs that moved or changed between courses, and everything but the linear-quadratic model.
    A part of a structure that an earlier grid does not cover has no dose of it; the upper bound assumes the largest
    dose on that grid's faces for it.
    """
    _check(courses)
    sampled = sample_courses(courses, registrations, frames_agree=frames_agree)
    findings = _findings(courses, sampled, registrations, frames_agree=frames_agree)
    results = [
        result
        for ratio in dict.fromkeys(alpha_betas_gy.values())
        for result in _dvhs_of_ratio(sampled, ratio, _Request(_with_ratio(alpha_betas_gy, ratio), names, progress))
    ]
    first = courses[0].plan
    order = {name: place for place, name in enumerate(alpha_betas_gy)}
    dvhs = sorted((result for result in results if isinstance(result, DVH)), key=lambda dvh: order[dvh.name])
    return DVHSet(
        dvhs=tuple(dvhs),
        without=(*(result for result in results if isinstance(result, NoDVH)), *_without_ratio(first, alpha_betas_gy)),
        prescription=first.prescription,
        origin=Origin.COMPUTED,
        provenance=_provenance(courses),
        findings=(*(finding for course in courses for finding in course.plan.findings), *findings),
        sex=first.sex,
    )


def earlier_on_first(
    first: Plan,
    earlier: Course,
    alpha_betas_gy: Mapping[str, float],
    *,
    frames_agree: bool = False,
    registrations: Sequence[Registration] = (),
    names: Mapping[str, str] | None = None,
) -> DVHSet:
    """DVHs of an earlier course alone, in EQD2, of the structures of the first plan; the rest as for `accumulate`."""
    no_dose = replace(first.dose, stored=np.zeros_like(first.dose.stored))
    return accumulate(
        [Course(plan=replace(first, dose=no_dose)), earlier],
        alpha_betas_gy,
        frames_agree=frames_agree,
        registrations=registrations,
        names=names,
    )


def fractions_of(plan: Plan) -> int:
    """The number of fractions of a plan, which EQD2 cannot do without."""
    number = plan.prescription.fractions
    if number is None:
        problem = f"the number of fractions of {_name(plan)} is unknown"
        raise InputError(problem, hint="give its prescription like '50Gy/5'")
    return number


def _check(courses: Sequence[Course]) -> None:
    if not courses:
        raise InputError("there is no plan to sum", hint="give one or more courses")
    for course in courses:
        fractions_of(course.plan)
        if not 0.0 <= course.recovery < 1.0:
            problem = f"a recovery of {course.recovery:g} is impossible"
            raise InputError(problem, hint="give a share from 0 to less than 1")
        if not np.isfinite(course.plan.dose.max_gy):
            raise GeometryError("the dose grid has a value that is not a number", hint="export the dose again")


def _with_ratio(alpha_betas_gy: Mapping[str, float], ratio: float) -> frozenset[str]:
    return frozenset(name for name, own in alpha_betas_gy.items() if own == ratio)


def _name(plan: Plan) -> str:
    return f"plan {plan.label or plan.uids.plan or 'without a label'}"


# -------------------------------------------------------------------------------- one frame, one grid


def sample_courses(
    courses: Sequence[Course], registrations: Sequence[Registration] = (), *, frames_agree: bool = False
) -> list[SampledCourse]:
    """The dose of each course at the points of the first one's grid; parameters and errors as for `accumulate`."""
    first = courses[0].plan
    return [_sampled(course, first, registrations, frames_agree=frames_agree) for course in courses]


def _sampled(
    course: Course, first: Plan, registrations: Sequence[Registration], *, frames_agree: bool
) -> SampledCourse:
    matrix = _to_frame_of(course.plan, first, registrations, frames_agree=frames_agree)
    grid = course.plan.dose
    same = np.array_equal(matrix, np.eye(4)) and _same_points(grid, first.dose)
    dose_gy, outside = (grid.values_gy, np.zeros((1, 1, 1))) if same else _resampled(grid, first.dose, matrix)
    if float(dose_gy.min()) < 0.0:
        raise GeometryError(
            f"{_name(course.plan)} has doses below 0 Gy", hint="export the physical dose, not a difference"
        )
    return SampledCourse(
        course=course, dose_gy=dose_gy, outside=outside, outside_gy=grid.max_on_faces_gy, interpolated=not same
    )


def _to_frame_of(plan: Plan, first: Plan, registrations: Sequence[Registration], *, frames_agree: bool) -> FloatArray:
    """Matrix from the first plan's frame of reference to another plan's."""
    if plan is first or plan.uids.share_frame_with(first.uids):
        return np.eye(4)
    theirs, ours = plan.uids.frame_of_reference, first.uids.frame_of_reference
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
    raise FramesError(f"doses of different frames of reference cannot be summed: {stated}", hint=hint)


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

    A grid ends half a spacing outside its outermost points, where the nearest point's dose holds.
    """
    from scipy.ndimage import map_coordinates

    dose_gy = np.empty(onto.stored.shape)
    outside = np.zeros(onto.stored.shape)
    values = grid.values_gy
    for plane in range(len(onto.offsets_mm)):  # a plane at a time, for the coordinates need seven times its memory
        points = _points_mm(onto, np.array([plane]))[0] @ matrix[:3, :3].T + matrix[:3, 3]
        place = _places(grid, points)
        inside_gy = map_coordinates(values, place, order=1, mode="nearest")
        ends = np.array(grid.stored.shape).reshape(3, 1, 1) - 0.5
        is_outside = np.any((place < -0.5) | (place > ends), axis=0)
        dose_gy[plane] = np.where(is_outside, 0.0, inside_gy)
        outside[plane] = is_outside
    return dose_gy, outside


def _places(grid: DoseGrid, points_mm: FloatArray) -> FloatArray:
    """Points as fractional plane, row and column of a grid, shape ``(3, rows, columns)``."""
    along = (points_mm - grid.origin_mm) @ grid.axes.T
    offsets, step = grid.offsets_mm, np.arange(len(grid.offsets_mm), dtype=np.float64)
    low, high = offsets[1] - offsets[0], offsets[-1] - offsets[-2]
    k = np.interp(along[..., 2], offsets, step)
    k += np.minimum(along[..., 2] - offsets[0], 0.0) / low + np.maximum(along[..., 2] - offsets[-1], 0.0) / high
    return np.stack([k, along[..., 1] / grid.spacing_mm[1], along[..., 0] / grid.spacing_mm[0]])


# -------------------------------------------------------------------------------- the accumulated dose and its DVHs


def accumulated_eqd2(courses: Sequence[SampledCourse], alpha_beta_gy: float, *, fill_outside: bool = False) -> DoseGrid:
    """EQD2 of all courses together, Gy, on the grid of the first.

    ``fill_outside``: with the largest dose on a grid's faces where that grid does not reach, instead of none.
    """
    total = np.zeros(courses[0].dose_gy.shape)
    for sampled in courses:
        dose_gy = sampled.dose_gy + sampled.outside * sampled.outside_gy if fill_outside else sampled.dose_gy
        effect = eqd2(dose_gy, fractions=sampled.fractions, alpha_beta_gy=alpha_beta_gy)
        total += (1.0 - sampled.course.recovery) * np.asarray(effect)
    total.setflags(write=False)
    return replace(courses[0].course.plan.dose, stored=total, gy_per_unit=1.0)


def _dvhs_of_ratio(courses: Sequence[SampledCourse], ratio: float, request: _Request) -> list[DVH | NoDVH]:
    """DVHs of the structures with one α/β."""
    results = _computed(courses, ratio, request, fill_outside=False)
    if not any(bool(sampled.outside.any()) for sampled in courses):
        return results
    filled = _computed(courses, ratio, request, fill_outside=True)
    highest = {dvh.name: dvh for dvh in filled if isinstance(dvh, DVH)}
    missing_cc = _uncovered_cc(courses, request)
    return [
        _with_upper_bounds_of(result, highest[result.name], missing_cc.get(result.name, 0.0))
        if isinstance(result, DVH)
        else result
        for result in results
    ]


def _computed(
    courses: Sequence[SampledCourse], ratio: float, request: _Request, *, fill_outside: bool
) -> list[DVH | NoDVH]:
    unknown = UnknownPrescription(reason="a percentage of the prescription means nothing in a sum of courses")
    dose = accumulated_eqd2(courses, ratio, fill_outside=fill_outside)
    plan = replace(courses[0].course.plan, dose=dose, prescription=unknown, findings=())
    dvh_set = compute_dvhs(plan, structures=request.structures, names=request.names, progress=request.progress)
    return [*(_in_eqd2(dvh, ratio) for dvh in dvh_set.dvhs), *dvh_set.without]


def _in_eqd2(dvh: DVH, ratio: float) -> DVH:
    others, readings = (
        tuple(_in_eqd2(other, ratio) for other in several) for several in (dvh.alternatives, dvh.readings)
    )
    return replace(dvh, quantity=Quantity.EQD2, alpha_beta_gy=ratio, alternatives=others, readings=readings)


def _uncovered_cc(courses: Sequence[SampledCourse], request: _Request) -> dict[str, float]:
    """Volume of each structure that some course's grid does not cover, cc: what has more than half of a dose of 1."""
    first = courses[0].course.plan
    mask = np.zeros(first.dose.stored.shape)
    for sampled in courses:
        mask = np.maximum(mask, sampled.outside)
    plan = replace(first, dose=replace(first.dose, stored=mask, gy_per_unit=1.0))
    dvh_set = compute_dvhs(plan, structures=request.structures, names=request.names)
    return {dvh.name: dvh.volume_at_dose(0.5).value for dvh in dvh_set.dvhs}


def _with_upper_bounds_of(dvh: DVH, highest: DVH, uncovered_cc: float) -> DVH:
    """The DVH with the upper bounds of another, in which no course ends."""
    if uncovered_cc <= 0.0:
        return dvh
    text = f"{uncovered_cc:.3g} cc of {dvh.volume:.4g} cc lie outside the dose grid of another course, counted at 0 Gy"
    finding = Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text=text, subject=dvh.name)
    readings = zip(dvh.readings, highest.readings, strict=True)
    return replace(
        dvh,
        readings=tuple(_with_upper_bounds_of(reading, its_highest, uncovered_cc) for reading, its_highest in readings),
        uncovered_cc=max(dvh.uncovered_cc, uncovered_cc),
        upper=highest.upper,
        mean_gy=_raised(dvh.mean_gy, highest.mean_gy),
        min_gy=_raised(dvh.min_gy, highest.min_gy),
        max_gy=_raised(dvh.max_gy, highest.max_gy),
        findings=(*dvh.findings, finding),
    )


def _raised(bounds: Bounds, other: Bounds) -> Bounds:
    return replace(bounds, high=max(bounds.high, other.high))


# -------------------------------------------------------------------------------- what a reader should know


def _findings(
    courses: Sequence[Course],
    sampled: Sequence[SampledCourse],
    registrations: Sequence[Registration],
    *,
    frames_agree: bool,
) -> list[Finding]:
    listed = "; ".join(_summary(course) for course in courses)
    one_patient = "that they are of one patient is known no further than their files say"
    text = f"courses summed in EQD2: {listed}; {one_patient}" if len(courses) > 1 else f"one course in EQD2: {listed}"
    findings = [Finding(code=FindingCode.SUMMED_DOSES, text=text)]
    first = courses[0].plan
    for course, its in zip(courses[1:], sampled[1:], strict=True):
        findings += _frame_findings(course.plan, first, registrations, frames_agree=frames_agree)
        if its.interpolated:
            moved = f"the dose of {_name(course.plan)} was interpolated to the grid of {_name(first)}"
            findings.append(Finding(code=FindingCode.SUMMED_DOSES, text=f"{moved}; the bounds do not include this"))
    for course in courses:
        plan = course.plan
        findings += findings_for(plan.dose.max_gy, fractions=fractions_of(plan), subject=_name(plan))
    return findings


def _summary(course: Course) -> str:
    recovered = f", less {100 * course.recovery:.4g} % recovered" if course.recovery else ""
    return f"{_name(course.plan)} in {fractions_of(course.plan)} fractions{recovered}"


def _frame_findings(
    plan: Plan, first: Plan, registrations: Sequence[Registration], *, frames_agree: bool
) -> list[Finding]:
    if plan is first or plan.uids.share_frame_with(first.uids):
        return []
    theirs, ours = plan.uids.frame_of_reference, first.uids.frame_of_reference
    if not frames_agree or any(registration.matrix(ours, theirs) is not None for registration in registrations):
        text = f"{_name(plan)} was moved to the frame of reference of {_name(first)} by the registration given"
    else:
        text = (
            f"that {_name(plan)} and {_name(first)} lie in one frame of reference was stated by the user, not checked"
        )
    return [Finding(code=FindingCode.SUMMED_DOSES, text=text)]


def _without_ratio(plan: Plan, alpha_betas_gy: Mapping[str, float]) -> list[NoDVH]:
    detail = "no alpha/beta was given for it"
    return [
        NoDVH(name=structure.name, number=structure.number, kind=structure.kind, reason=Reason.NOT_GIVEN, detail=detail)
        for structure in plan.structures
        if structure.name not in alpha_betas_gy
    ]


def _provenance(courses: Sequence[Course]) -> dict[str, str | tuple[str, ...]]:
    first = courses[0].plan
    return {
        "plan": first.uids.plan,
        "structure_set": first.uids.structure_set,
        "doses": tuple(uid for course in courses for uid in course.plan.uids.doses),
        "frame_of_reference": first.uids.frame_of_reference,
        "plan_label": first.label,
        "summed_plans": tuple(course.plan.uids.plan for course in courses),
    }

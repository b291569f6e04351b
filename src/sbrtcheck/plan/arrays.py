"""Dose and contours as numpy arrays -> dose grid and structures, all faults named at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sbrtcheck.arguments import require_type
from sbrtcheck.errors import InputError
from sbrtcheck.plan.lattices import Lattice, Voxels, numbers
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription
from sbrtcheck.plan.values import Contours, DoseGrid, Prescription, Structure, UnknownPrescription

MAX_GY = 1e6
"""More than any dose in any unit, so that a slip is refused before it overflows."""


def dose_grid(voxels: Voxels, offsets_mm: Sequence[float] | None = None) -> DoseGrid:
    """A dose grid of voxels in Gy; ``offsets_mm`` where frames are not evenly spaced.

    Raises
    ------
    InputError
        The array has no real numbers, or one that is not finite; offsets do not begin at 0 and rise.
    """
    values, lattice = voxels.values, voxels.lattice
    if values.dtype.kind not in "iuf":
        raise InputError(f"dose: the array is of type {values.dtype}, not of numbers in Gy")
    if min(values.shape) < 2:
        what = f"dose: the array has shape {values.shape}: nothing can be interpolated along an axis of one point"
        raise InputError(what, hint="give the whole dose grid")
    values = np.array(values, dtype=_stored_type(values.dtype), order="C")  # a copy: the caller's may change
    if not np.all(np.isfinite(values)):
        raise InputError(
            "dose: the array has a value that is not a finite number", hint="where there is no dose, say 0"
        )
    if np.max(np.abs(values)) > MAX_GY:
        raise InputError(f"dose: the array has a value beyond {MAX_GY:g} Gy, which is no dose", hint="give it in Gy")
    values.setflags(write=False)
    frames = len(values)
    if offsets_mm is None:
        offsets = np.arange(frames, dtype=np.float64) * np.float64(lattice.spacing_mm[2])
    else:
        offsets = numbers(offsets_mm, (frames,), "offsets_mm")
        if offsets[0] != 0.0 or np.any(np.diff(offsets) <= 0.0):
            raise InputError(
                "offsets_mm: do not begin at 0 and rise", hint="turn dose and offsets round, move the origin"
            )
    return DoseGrid(
        stored=values,
        origin_mm=lattice.origin_mm,
        axes=lattice.axes,
        spacing_mm=lattice.spacing_mm[:2],
        offsets_mm=offsets,
    )


def _stored_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What is kept of a dose: single or double precision, or integers of a file."""
    return np.dtype(
        np.float32 if dtype == np.float16 else np.float64 if dtype.itemsize > 4 else dtype.newbyteorder("=")
    )


def lattice_of_dose(
    spacing_mm: Sequence[float],
    origin_mm: Sequence[float],
    axes: npt.ArrayLike | None,
    offsets_mm: Sequence[float] | None,
) -> Lattice:
    """Where a dose lies: with offsets, the spacing may lack that of frames."""
    spacing: Any = spacing_mm
    if isinstance(spacing, np.ndarray):
        spacing = spacing.tolist()
    if offsets_mm is not None and isinstance(spacing, Sequence) and len(spacing) == 2:
        spacing = (*spacing, 1.0)  # not used
    return Lattice.of(spacing, origin_mm, axes)


def structures_of_contours(contours: Mapping[str, Sequence[npt.ArrayLike]]) -> tuple[Structure, ...]:
    """A structure for each name, numbered from 1.

    Raises
    ------
    InputError
        With all faults: a contour that is not ``(points, 3)`` with at least three points, or not of finite numbers.
    """
    require_type(contours, Mapping, "contours", "give {'SpinalCord': [polygon, ...]}, for each structure its polygons")
    faults: list[str] = []
    structures = []
    given: Mapping[Any, Any] = contours
    for number, (name, polygons) in enumerate(given.items(), start=1):
        arrays = []
        if not isinstance(polygons, Iterable):
            faults.append(f"the contours of {name!r} are no list")
            continue
        for place, polygon in enumerate(polygons, start=1):
            fault, points = _points(polygon)
            if fault:
                faults.append(f"contour {place} of {name!r} {fault}")
            arrays.append(points)
        if not faults:
            structures.append(Structure(name=str(name), number=number, contours=Contours.of(*arrays)))
    if faults:
        raise InputError("; ".join(faults), hint="give each contour as an array (points, 3) of x, y and z in mm")
    return tuple(structures)


def _points(polygon: Any) -> tuple[str, npt.NDArray[np.float64]]:
    """What is wrong with a contour, ``""`` where nothing is; and its points."""
    try:
        points = np.asarray(polygon, dtype=np.float64)
    except Exception:  # of whatever library it is
        return "is no array of numbers", np.zeros((0, 3))
    if points.ndim != 2 or points.shape[1] != 3:
        return f"has shape {points.shape}", points
    if len(points) < 3:
        return f"has {len(points)} point(s), of at least 3", points
    return ("" if np.all(np.isfinite(points)) else "has a coordinate that is not a finite number"), points


def prescription_of(given: GivenPrescription | None) -> Prescription | UnknownPrescription:
    """The prescription from text, a value, or dose in Gy and fractions; unknown where none is given."""
    return read_prescription(given) or UnknownPrescription(reason="none was given with the arrays")

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
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise InputError(
            "dose: the array has a value that is not a finite number", hint="where there is no dose, say 0"
        )
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


def lattice_of_dose(
    spacing_mm: Sequence[float],
    origin_mm: Sequence[float],
    axes: npt.ArrayLike | None,
    offsets_mm: Sequence[float] | None,
) -> Lattice:
    """Where a dose lies: with offsets, the spacing may lack that of frames."""
    spacing = list(np.ravel(spacing_mm))
    if offsets_mm is not None and len(spacing) == 2:
        spacing.append(1.0)  # not used
    return Lattice.of(spacing, origin_mm, axes)


def structures_of_contours(contours: Mapping[str, Sequence[npt.ArrayLike]]) -> tuple[Structure, ...]:
    """A structure for each name, numbered from 1.

    Raises
    ------
    InputError
        With all faults: a contour that is not ``(points, 3)`` with at least three points, or not of finite numbers.
    """
    require_type(contours, Mapping, "contours", "give {'PTV': [polygon, ...]}")
    faults: list[str] = []
    structures = []
    for number, (name, polygons) in enumerate(contours.items(), start=1):
        arrays = []
        require_type(polygons, Iterable, f"the contours of {name!r}", "give a list of polygons")
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
    except (OverflowError, TypeError, ValueError):
        return "is no array of numbers", np.zeros((0, 3))
    if points.ndim != 2 or points.shape[1] != 3:
        return f"has shape {points.shape}", points
    if len(points) < 3:
        return f"has {len(points)} point(s), of at least 3", points
    return ("" if np.all(np.isfinite(points)) else "has a coordinate that is not a finite number"), points


def prescription_of(given: GivenPrescription | None) -> Prescription | UnknownPrescription:
    """The prescription from text, a value, or dose in Gy and fractions; unknown where none is given."""
    return read_prescription(given) or UnknownPrescription(reason="none was given with the arrays")

"""Masks of voxels -> structures whose contours are exactly the edges of their voxels.

The layers of a mask that become planes of contours are those parallel to the dose's planes, where there are such; so
masks on the images and masks on the dose grid can be united and subtracted, however their arrays are turned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from sbrtcheck.arguments import require_type
from sbrtcheck.errors import InputError
from sbrtcheck.plan.lattices import Lattice, Voxels, voxels_of
from sbrtcheck.plan.values import Contours, DoseGrid, Finding, FindingCode, FloatArray, Structure
from sbrtcheck.plan.voxel_edges import BoolArray, voxel_loops

PARALLEL = 1.0 - 1e-6
"""The cosine of the angle between two axes, from which on they are parallel."""

TURNED = Finding(
    code=FindingCode.VOXEL_MASK,
    text="arrays with an affine, or NIfTI images: taken as RAS+, and turned into the LPS+ coordinates of DICOM",
)


def structures_of_masks(
    masks: Mapping[str, Any], given: Lattice | None, affine: npt.ArrayLike | None, dose: DoseGrid
) -> tuple[tuple[Structure, ...], bool]:
    """A structure for each name, numbered from 1; and whether any mask was given in RAS+.

    Raises
    ------
    InputError
        With all faults: a mask that has not three dimensions, lies nowhere, or has other values than 0 and 1.
    """
    require_type(masks, Mapping, "masks", "give {'PTV': mask}")
    faults: list[InputError] = []
    structures: list[Structure] = []
    turned = False
    for number, (name, source) in enumerate(masks.items(), start=1):
        try:
            voxels = voxels_of(source, given, affine, f"mask {name!r}")
            mask = _mask(voxels, name)
        except InputError as error:
            faults.append(error)
            continue
        turned |= voxels.turned
        structures.append(structure_of_mask(str(name), number, mask, voxels.lattice, dose.axes))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise InputError("; ".join(fault.what for fault in faults), hint=faults[0].hint)
    return tuple(structures), turned


def structure_of_mask(name: str, number: int, mask: BoolArray, lattice: Lattice, dose_axes: FloatArray) -> Structure:
    """One structure: contours around the voxels of a mask ``[k, j, i]``, which may have none."""
    voxels = int(np.count_nonzero(mask))
    size = " x ".join(f"{mm:.4g}" for mm in lattice.spacing_mm)
    if not voxels:
        text = "the mask has no voxel"
        return Structure(
            name=name, number=number, findings=(Finding(code=FindingCode.VOXEL_MASK, text=text, subject=name),)
        )
    stacked = _stacking_axis(lattice.axes, dose_axes)
    u, v = [axis for axis in (0, 1, 2) if axis != stacked]
    # the array's axes are k, j, i: axis a of the lattice is axis 2 - a of the array
    corners, starts = voxel_loops(mask.transpose(2 - stacked, 2 - v, 2 - u))
    steps = lattice.axes[[u, v, stacked]] * np.array(lattice.spacing_mm)[[u, v, stacked], None]
    points = lattice.origin_mm + corners @ steps
    points.setflags(write=False)
    starts.setflags(write=False)
    text = f"its contours are the edges of {voxels} voxels of {size} mm"
    return Structure(
        name=name,
        number=number,
        contours=Contours(points_mm=points, starts=starts),
        slab_mm=lattice.spacing_mm[stacked],
        of_voxels=True,
        findings=(Finding(code=FindingCode.VOXEL_MASK, text=text, subject=name),),
    )


def _stacking_axis(axes: FloatArray, dose_axes: FloatArray) -> int:
    """The axis of a lattice that its layers are stacked along: parallel to the dose's k, else to another, else k."""
    parallel = np.abs(axes @ dose_axes.T) >= PARALLEL
    for dose_axis in (2, 1, 0):
        if parallel[:, dose_axis].any():
            return int(np.argmax(parallel[:, dose_axis]))
    return 2


def _mask(voxels: Voxels, name: str) -> BoolArray:
    """The mask as true and false; InputError where it has other values than 0 and 1."""
    values = voxels.values
    if values.dtype == bool:
        return values
    if values.dtype.kind not in "iuf":
        raise InputError(f"mask {name!r}: the array is of type {values.dtype}", hint="give true and false")
    inside: BoolArray = values == 1
    if np.any(~inside & (values != 0)):
        hint = "give true and false: of a label map `labels == 3`, of shares of a voxel `shares > 0.5`"
        raise InputError(f"mask {name!r}: has values other than 0 and 1", hint=hint)
    return inside

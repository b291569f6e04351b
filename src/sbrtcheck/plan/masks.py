"""Masks of voxels -> structures whose contours are exactly the edges of their voxels.

The layers of a mask that become planes of contours are those parallel to the dose's planes, where there are such; so
masks on the images and masks on the dose grid can be united and subtracted, however their arrays are turned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sbrtcheck.arguments import require_type
from sbrtcheck.errors import InputError
from sbrtcheck.plan.arrays import dose_grid
from sbrtcheck.plan.lattices import Lattice, Placement, Voxels, voxels_of
from sbrtcheck.plan.values import Contours, DoseGrid, Finding, FindingCode, FloatArray, Structure
from sbrtcheck.plan.voxel_edges import BoolArray, voxel_loops

PARALLEL = 1.0 - 1e-6
"""The cosine of the angle between two axes, from which on they are parallel."""

TURNED = Finding(
    code=FindingCode.VOXEL_MASK,
    text="arrays with an affine, or NIfTI images: taken as RAS+, and turned into the LPS+ coordinates of DICOM",
)


def dose_and_structures(
    dose: Any, masks: Mapping[str, Any], given: Placement | None, dose_given: Placement | None
) -> tuple[DoseGrid, tuple[Structure, ...], bool]:
    """The dose, a structure for each mask, numbered from 1, and whether anything was given in RAS+.

    Parameters
    ----------
    dose, masks
        Images, or arrays; a `DoseGrid` is used as it is.
    given, dose_given
        Where arrays lie, and the dose where that is said apart.

    Raises
    ------
    InputError
        Of the dose; or with all faults of masks: one that has not three dimensions, lies nowhere, has other values than
        0 and 1, or is of another shape than what lies on the same grid. Or it is said where arrays lie, and all of them
        know that.
    """
    require_type(masks, Mapping, "masks", "give {'SpinalCord': mask}, a mask for each structure")
    placed: dict[str, Voxels] = {}
    turned = False
    if not isinstance(dose, DoseGrid):
        voxels = voxels_of(dose, dose_given or given, "dose")
        turned = voxels.turned
        if voxels.placed_by_caller and dose_given is None:
            placed["the dose"] = voxels
        if not voxels.placed_by_caller:
            _refuse_unused(dose_given, "dose_affine")
        dose = dose_grid(voxels)
    else:
        _refuse_unused(dose_given, "dose_affine")
    mask_voxels = _voxels_of_masks(masks, given, placed)
    if not placed:
        _refuse_unused(given, "affine or spacing_mm")
    structures = tuple(
        structure_of_mask(name, number, _mask(voxels, name), voxels.lattice, dose.axes)
        for number, (name, voxels) in enumerate(mask_voxels, start=1)
    )
    return dose, structures, turned or any(voxels.turned for _, voxels in mask_voxels)


def _voxels_of_masks(
    masks: Mapping[str, Any], given: Placement | None, placed: dict[str, Voxels]
) -> list[tuple[str, Voxels]]:
    """The voxels of all masks; what lies where the caller says is entered in ``placed``."""
    faults: list[InputError] = []
    found: list[tuple[str, Voxels]] = []
    for name, source in masks.items():
        try:
            voxels = voxels_of(source, given, f"mask {name!r}")
            _mask(voxels, name)
            if voxels.placed_by_caller:
                _refuse_guessed_origin(given, placed, name)
                _refuse_other_shape(voxels, placed, name)
                placed[f"mask {name!r}"] = voxels
        except InputError as error:
            faults.append(error)
        else:
            found.append((str(name), voxels))
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise InputError("; ".join(fault.what for fault in faults), hint=faults[0].hint)
    return found


def _refuse_unused(given: Placement | None, name: str) -> None:
    """Refuse what places nothing: who gives it expects that it does."""
    if given is not None:
        what = f"{name} is given, and all that it could place lies elsewhere by itself"
        raise InputError(what, hint=f"leave {name} out, or give arrays in place of images")


def _refuse_guessed_origin(given: Placement | None, placed: Mapping[str, Voxels], name: str) -> None:
    """Without an origin, masks lie where the dose lies; one that has a place of its own says nothing of them."""
    if given is not None and given.without_origin and "the dose" not in placed:
        what = f"mask {name!r}: no origin_mm says where it lies, and the dose has a grid of its own"
        raise InputError(what, hint="give origin_mm of the masks")


def _refuse_other_shape(voxels: Voxels, placed: Mapping[str, Voxels], name: str) -> None:
    """Arrays on one grid have one shape: of another one, the axes may be in another order."""
    for other, its_voxels in placed.items():
        if its_voxels.values.shape != voxels.values.shape:
            shapes = f"shape {voxels.given_shape}, and {other} on the same grid {its_voxels.given_shape}"
            what = f"mask {name!r} has {shapes}"
            hint = "are the axes in another order? masks on a grid of their own need affine and dose_affine, or images"
            raise InputError(what, hint=hint)


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

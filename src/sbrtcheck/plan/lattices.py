"""Where the voxels of an array lie in the patient: from spacing and origin, an affine, or an image that knows it.

Whatever says it, a lattice is in the patient coordinates of DICOM (LPS+: x to the left, y to the back, z to the head),
and its array is indexed ``[k, j, i]``::

    source                        array as given     coordinates as given     here
    spacing, origin, axes         [k, j, i]          LPS+                      as given
    affine, NIfTI image           [i, j, k]          RAS+ [1]_                 array and signs of x, y turned
    SimpleITK image               [k, j, i]          LPS+ [2]_                 as given

Images are told by what they have (``affine``, or ``GetSpacing``), so that neither library is needed here.

References
----------
.. [1] NIfTI-1 Data Format, nifti1.h, 2003: +x = Right, +y = Anterior, +z = Superior.
.. [2] L. Ibanez, W. Schroeder, L. Ng, J. Cates, The ITK Software Guide, 2nd edition, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sbrtcheck.errors import GeometryError, InputError
from sbrtcheck.plan.values import FloatArray

RIGHT_ANGLE = 1e-4
"""The cosine of the angle between two axes, up to which they are at right angles: headers have single precision."""

RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Voxel ``(k, j, i)`` has its middle at ``origin_mm + i * spacing_mm[0] * axes[0] + j * ... + k * ...``.

    ``axes`` has shape ``(3, 3)``: unit vectors along i, j and k, at right angles.
    """

    origin_mm: FloatArray
    axes: FloatArray
    spacing_mm: tuple[float, float, float]

    @classmethod
    def of(cls, spacing_mm: Sequence[float], origin_mm: Sequence[float], axes: npt.ArrayLike | None = None) -> Lattice:
        """From numbers in LPS+, checked; axes are those of the patient where none are given."""
        spacing = numbers(spacing_mm, (3,), "spacing_mm")
        origin = numbers(origin_mm, (3,), "origin_mm")
        directions = np.eye(3) if axes is None else numbers(axes, (3, 3), "axes")
        if np.any(spacing <= 0.0):
            raise InputError(f"spacing_mm {tuple(spacing.tolist())} is not above 0", hint="turn the axes, not the sign")
        return cls(
            origin_mm=origin,
            axes=at_right_angles(directions),
            spacing_mm=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        )

    @classmethod
    def of_affine(cls, affine: npt.ArrayLike) -> Lattice:
        """From an affine of the NIfTI convention, which leads from ``(i, j, k, 1)`` to RAS+ coordinates in mm."""
        matrix = numbers(affine, (4, 4), "affine")
        if not np.allclose(matrix[3], [0.0, 0.0, 0.0, 1.0]):
            raise InputError("the last row of the affine is not 0 0 0 1", hint="give the matrix as nibabel has it")
        steps = matrix[:3, :3].T * RAS_TO_LPS  # a row each for i, j and k
        spacing = np.linalg.norm(steps, axis=1)
        if np.any(spacing == 0.0):
            raise InputError("the affine has an axis of length 0", hint="give the matrix as nibabel has it")
        return cls.of(spacing.tolist(), (matrix[:3, 3] * RAS_TO_LPS).tolist(), steps / spacing[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Voxels:
    """An array ``[k, j, i]``, and where it lies; ``turned`` where it was given in RAS+."""

    values: npt.NDArray[Any]
    lattice: Lattice
    turned: bool = False


def voxels_of(source: Any, given: Lattice | None, affine: npt.ArrayLike | None, name: str) -> Voxels:
    """The voxels of an image, or of an array that lies as the caller says.

    Parameters
    ----------
    source
        An image of nibabel or SimpleITK, or what numpy makes an array of.
    given, affine
        Where an array lies that does not know it itself: ``[k, j, i]`` by a lattice, ``[i, j, k]`` by an affine.
    name
        What messages call it.

    Raises
    ------
    InputError
        It has not three dimensions or no voxels, or nothing says where it lies.
    """
    if hasattr(source, "GetSpacing"):
        return _of_itk(source, name)
    if hasattr(source, "affine") and hasattr(source, "dataobj"):
        _refuse_other_units(source, name)
        values, lattice = np.asanyarray(source.dataobj), Lattice.of_affine(source.affine)
        return Voxels(values=_three(values, name).T, lattice=lattice, turned=True)
    values = _three(np.asanyarray(source), name)
    if affine is not None:
        return Voxels(values=values.T, lattice=Lattice.of_affine(affine), turned=True)
    if given is None:
        raise InputError(f"{name}: nothing says where its voxels lie", hint="give spacing_mm, or affine, or an image")
    return Voxels(values=values, lattice=given)


def _of_itk(image: Any, name: str) -> Voxels:
    """The voxels of a SimpleITK image, whose direction matrix has the axes as its columns."""
    if len(image.GetSpacing()) != 3:
        raise InputError(f"{name}: the image has {len(image.GetSpacing())} dimensions, not 3")
    if hasattr(image, "GetNumberOfComponentsPerPixel") and image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(f"{name}: the image has several numbers a voxel")
    axes = np.reshape(image.GetDirection(), (3, 3)).T
    lattice = Lattice.of(list(image.GetSpacing()), list(image.GetOrigin()), axes)
    return Voxels(values=_three(_itk_array(image), name), lattice=lattice)


def _itk_array(image: Any) -> npt.NDArray[Any]:
    """The array ``[k, j, i]`` of a SimpleITK image: by its library, which is there where its image is."""
    import sys

    library = sys.modules.get(type(image).__module__.partition(".")[0])
    read = getattr(library, "GetArrayFromImage", None)
    if read is None:
        raise InputError("the image has spacing, origin and direction, but is none of SimpleITK", hint="give its array")
    return np.asarray(read(image))


def _refuse_other_units(image: Any, name: str) -> None:
    """Refuse a NIfTI image whose header says that lengths are in metres or micrometres."""
    units = getattr(getattr(image, "header", None), "get_xyzt_units", None)
    unit = units()[0] if units else "mm"
    if unit in {"meter", "micron"}:
        raise InputError(f"{name}: lengths of the image are in {unit}, not in mm", hint="write the image in mm")


def _three(values: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """The array, if it has three dimensions and any voxel."""
    if values.ndim != 3:
        raise InputError(f"{name}: the array has shape {values.shape}, not three dimensions")
    if values.size == 0:
        raise InputError(f"{name}: the array has shape {values.shape}: no voxel in it")
    return values


def numbers(given: Any, shape: tuple[int, ...], name: str) -> FloatArray:
    """Finite numbers of some shape; InputError for anything else."""
    try:
        values = np.asarray(given)
        # an imaginary part would be lost, with a warning at most
        values = values.astype(np.float64, casting="same_kind" if values.dtype.kind == "c" else "unsafe")
    except (OverflowError, TypeError, ValueError):
        raise InputError(f"{name}: {given!r} are no numbers") from None
    if values.shape != shape:
        raise InputError(f"{name}: shape {values.shape}, not {shape}")
    if not np.all(np.isfinite(values)):
        raise InputError(f"{name}: has a value that is not a finite number")
    return values


def at_right_angles(axes: FloatArray) -> FloatArray:
    """The axes with unit length; GeometryError where they are not unit vectors at right angles."""
    length = np.linalg.norm(axes, axis=1)
    if np.any(np.abs(length - 1.0) > RIGHT_ANGLE):
        raise InputError("axes: not of length 1", hint="give unit vectors along i, j and k")
    unit: FloatArray = axes / length[:, None]
    skew = np.abs(unit @ unit.T - np.eye(3)).max()
    if skew > RIGHT_ANGLE:
        what = f"the axes of the voxels are not at right angles (cosine {skew:.2g})"
        raise GeometryError(what, hint="resample the image to a grid without shear")
    return unit

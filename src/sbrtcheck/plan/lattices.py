"""Where the voxels of an array lie in the patient: from spacing and origin, an affine, or an image that knows it.

Whatever says it, a lattice is in the patient coordinates of DICOM (LPS+: x to the left, y to the back, z to the head),
and its array is indexed ``[k, j, i]``::

    source                        array as given     coordinates as given     here
    spacing, origin, axes         [k, j, i]          LPS+                      as given
    affine, NIfTI image           [i, j, k]          RAS+ [1]_                 array and signs of x, y turned
    SimpleITK image               [k, j, i]          LPS+ [2]_                 as given

Images are told by what they have (``affine``, or ``GetSpacing``), so that neither library is needed here. What would
place an array in two ways, or in none, is refused: a report need not show that left and right are exchanged.

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

_ITK_HINT = "give its array, with spacing_mm, origin_mm and axes"

RIGHT_ANGLE = 1e-4
"""The cosine of the angle between two axes, up to which they are at right angles: headers have single precision."""

RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])

SAME_AFFINE_MM = 1.0
"""The two affines that a NIfTI header may have are one as long as no corner of the image is further apart."""


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
class Placement:
    """Where the caller says that arrays lie which do not know it themselves.

    ``turned``: by an affine, so that arrays are ``[i, j, k]`` and in RAS+. ``without_origin``: no origin was given, and
    the lattice begins at 0.
    """

    lattice: Lattice
    turned: bool = False
    without_origin: bool = False

    @classmethod
    def of(
        cls,
        *,
        affine: npt.ArrayLike | None = None,
        spacing_mm: Sequence[float] | None = None,
        origin_mm: Sequence[float] | None = None,
        axes: npt.ArrayLike | None = None,
    ) -> Placement | None:
        """From an affine, or from spacing, origin and axes; None without either, `InputError` with both."""
        others = {"spacing_mm": spacing_mm, "origin_mm": origin_mm, "axes": axes}
        names = [name for name, value in others.items() if value is not None]
        if affine is not None:
            if names:
                what = (
                    f"{names[0]} and an affine are given: they say twice where arrays lie, and index them differently"
                )
                raise InputError(what, hint="give one of the two")
            return cls(lattice=Lattice.of_affine(affine), turned=True)
        if spacing_mm is not None:
            lattice = Lattice.of(spacing_mm, (0.0, 0.0, 0.0) if origin_mm is None else origin_mm, axes)
            return cls(lattice=lattice, without_origin=origin_mm is None)
        if names:
            raise InputError(f"{names[0]} is given, and no spacing_mm", hint="give spacing_mm, too")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voxels:
    """An array ``[k, j, i]``, and where it lies.

    ``turned`` where it was given in RAS+, ``placed_by_caller`` where it did not know itself where it lies.
    """

    values: npt.NDArray[Any]
    lattice: Lattice
    turned: bool = False
    placed_by_caller: bool = False

    @property
    def given_shape(self) -> tuple[int, ...]:
        """The shape as it was given."""
        shape = self.values.shape
        return shape[::-1] if self.turned else shape


def voxels_of(source: Any, given: Placement | None, name: str) -> Voxels:
    """The voxels of an image, or of an array that lies as the caller says.

    Parameters
    ----------
    source
        An image of nibabel or SimpleITK, or what numpy makes an array of.
    given
        Where an array lies that does not know it itself.
    name
        What messages call it.

    Raises
    ------
    InputError
        It has not three dimensions or no voxels, some of them are masked, or nothing says where it lies.
    """
    if hasattr(source, "GetSpacing"):
        return _of_itk(source, name)
    if hasattr(source, "affine") and hasattr(source, "dataobj"):
        _refuse_other_units(source, name)
        _refuse_unclear_place(source, name)
        values, lattice = _three(source.dataobj, name), Lattice.of_affine(source.affine)
        return Voxels(values=values.T, lattice=lattice, turned=True)
    values = _three(source, name)
    if given is None:
        raise InputError(f"{name}: nothing says where its voxels lie", hint="give spacing_mm, or affine, or an image")
    values = values.T if given.turned else values
    return Voxels(values=values, lattice=given.lattice, turned=given.turned, placed_by_caller=True)


def _of_itk(image: Any, name: str) -> Voxels:
    """The voxels of a SimpleITK image, whose direction matrix has the axes as its columns."""
    if not all(hasattr(image, method) for method in ("GetOrigin", "GetDirection")):
        raise InputError(f"{name}: has a spacing, but no origin and direction", hint=_ITK_HINT)
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
        raise InputError("the image has spacing, origin and direction, but is none of SimpleITK", hint=_ITK_HINT)
    return np.asarray(read(image))


def _refuse_other_units(image: Any, name: str) -> None:
    """Refuse a NIfTI image whose header says that lengths are in metres or micrometres."""
    units = getattr(getattr(image, "header", None), "get_xyzt_units", None)
    unit = units()[0] if units else "mm"
    if unit in {"meter", "micron"}:
        raise InputError(f"{name}: lengths of the image are in {unit}, not in mm", hint="write the image in mm")


def _refuse_unclear_place(image: Any, name: str) -> None:
    """Refuse an image whose header does not say where it lies, or says two different things.

    nibabel has an affine for these all the same: without a form in the header it is made up, with the first voxel on
    the right and the middle of the image at 0; of two, it is the sform, where other programs take the qform.
    """
    header: Any = getattr(image, "header", None)
    hint = "where its affine is known to be right, give its array and affine=image.affine"
    if hasattr(header, "get_sform") and hasattr(header, "get_qform"):
        sform, qform = (header.get_sform(coded=True)[0], header.get_qform(coded=True)[0])
        if sform is None and qform is None:
            what = f"{name}: the image has neither sform nor qform: left, right and place of its voxels are not known"
            raise InputError(what, hint=hint)
        if sform is not None and qform is not None:
            corners = np.array([*np.ndindex(2, 2, 2)]) * (np.array(image.shape[:3]) - 1)
            apart = (sform - qform) @ np.vstack([corners.T, np.ones(8)])
            if float(np.linalg.norm(apart, axis=0).max()) > SAME_AFFINE_MM:
                raise InputError(f"{name}: sform and qform of the image place it differently", hint=hint)
    elif hasattr(header, "default_x_flip"):  # ANALYZE, which has no orientation
        raise InputError(f"{name}: an image of the ANALYZE format does not say which side is left", hint=hint)


def _three(source: Any, name: str) -> npt.NDArray[Any]:
    """The array, if it has three dimensions and any voxel, and each has a value."""
    try:
        values = np.asanyarray(source)
    except Exception as error:  # of whatever library the array is
        what = f"{name}: no array can be made of it ({type(error).__name__})"
        raise InputError(what, hint="give an array of three dimensions") from None
    if values.ndim != 3:
        raise InputError(f"{name}: the array has shape {values.shape}, not three dimensions")
    if values.size == 0:
        raise InputError(f"{name}: the array has shape {values.shape}: no voxel in it")
    if isinstance(values, np.ma.MaskedArray):
        if np.any(np.ma.getmaskarray(values)):
            raise InputError(f"{name}: some values of the array are masked", hint="give each voxel a value")
        values = values.data
    return np.asarray(values)


def numbers(given: Any, shape: tuple[int, ...], name: str) -> FloatArray:
    """Finite numbers of some shape; InputError for anything else."""
    try:
        values = np.array(given)  # a copy: the caller's may change
        # an imaginary part would be lost, with a warning at most
        values = values.astype(np.float64, casting="same_kind" if values.dtype.kind == "c" else "unsafe")
    except Exception:  # of whatever library it is
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

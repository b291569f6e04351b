"""RTDOSE in, dose grid out: stored numbers, one scaling, and where each point lies in the patient."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from sbrtcheck.dicom.plain import PIXEL_DATA, UNDEFINED_LENGTH, Elements, plain_file
from sbrtcheck.dicom.tags import AnyElements, binary_integer, integer, millimetres, number, tag_name, word
from sbrtcheck.errors import DicomError
from sbrtcheck.plan import (
    MAXIMUM_PERCENT,
    DoseGrid,
    Finding,
    FindingCode,
    FloatArray,
    Prescription,
    UnknownPrescription,
    may_be_maximum,
)

if TYPE_CHECKING:
    from pydicom import Dataset

# Direction cosines are written with six digits and more; beyond this the axes are not perpendicular unit vectors.
_ORTHONORMAL = 1e-4
# A first frame offset within this of 0 means relative offsets, within this of the z of Image Position (Patient)
# absolute ones: places are written from floats, with as little as one decimal.
_SAME_PLACE_MM = 0.051
# Steps that differ by no more than this are even.
_EVEN_MM = 0.01
# Grids of one plan are written by one system; beyond this they are different grids.
_SAME_GRID_MM = 1e-3
# Stored numbers are integers: steps as large as the upper bound, or too small for a normal float, are no dose.
_SCALING = (np.finfo(np.float64).tiny, 1e3)

Stored = npt.NDArray[np.generic]
_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseFile:
    """An RTDOSE with its pixel data still in the file where that can be: plain, little endian, not deflated.

    ``pixels_at`` is their place in the file, 0 when ``dataset`` has them, and ``pixels_bytes`` their stated length;
    ``shown`` is how messages name the file.
    """

    dataset: AnyElements
    shown: str
    path: Path
    pixels_at: int = 0
    pixels_bytes: int = 0


def open_dose(path: Path, shown: str) -> DoseFile:
    """An RTDOSE without its pixels where these can be read on their own, else all of it; the file is closed again."""
    try:
        with path.open("rb") as file:
            plain = plain_file(file)
    except OSError as error:
        raise DicomError("the file is damaged or truncated", shown, "export it again") from error
    if plain is not None and plain.pixels_bytes:
        at, length = plain.pixels_at, plain.pixels_bytes
        return DoseFile(dataset=plain.elements, shown=shown, path=path, pixels_at=at, pixels_bytes=length)
    from sbrtcheck.dicom.general import dose_dataset

    dataset, at, length = dose_dataset(path, shown)
    return DoseFile(dataset=dataset, shown=shown, path=path, pixels_at=at, pixels_bytes=length)


def dose_grid(file: DoseFile, prescription: Prescription | UnknownPrescription) -> tuple[DoseGrid, tuple[Finding, ...]]:
    """The dose grid of an RTDOSE, with its findings.

    Points follow Image Position and Image Orientation (Patient), Pixel Spacing, and the Grid Frame Offset Vector by
    DICOM PS3.3 C.8.8.3.2: relative along the normal when its first value is 0, patient z when it is the z of Image
    Position, both within one tolerance; the frames lie where the differences to the first value put them. Frames that
    fall along the normal come as a reversed view, so that offsets always rise from 0.

    Parameters
    ----------
    file
        The RTDOSE.
    prescription
        Turns relative dose into Gy.

    Raises
    ------
    DicomError
        When something needed is missing, damaged or contradictory.
    """
    dataset, shown = file.dataset, file.shown
    _refuse_error_dose(dataset, shown)
    stored, padding = _values_and_padding(file)
    gy_per_unit, findings = _gy_per_unit(dataset, shown, stored, prescription)
    axes = _axes(dataset, shown)
    origin_mm = _numbers(dataset, 0x00200032, 3, shown)
    offsets_mm = _offsets(dataset, shown, frames=len(stored), normal=axes[2], z_mm=float(origin_mm[2]))
    if offsets_mm[-1] < 0.0:
        stored = stored[::-1]
        origin_mm = origin_mm + offsets_mm[-1] * axes[2]
        offsets_mm = offsets_mm[::-1] - offsets_mm[-1]
    grid = DoseGrid(
        stored=_read_only(stored),
        gy_per_unit=gy_per_unit,
        origin_mm=_read_only(origin_mm),
        axes=_read_only(axes),
        spacing_mm=_spacing(dataset, shown),
        offsets_mm=_read_only(offsets_mm),
    )
    return grid, (*findings, *_dose_type(dataset), *_padded(padding))


def summed(grids: list[DoseGrid], shown: str) -> DoseGrid:
    """The sum of doses on one and the same grid, in Gy; `DicomError` when the grids differ."""
    first = grids[0]
    for grid in grids[1:]:
        if not _same_points(first, grid):
            raise DicomError("the doses to be summed lie on different grids", shown, "export the plan's summed dose")
    total = first.values_gy
    for grid in grids[1:]:
        total += np.asarray(grid.stored, dtype=np.float64) * grid.gy_per_unit
    return replace(first, stored=_read_only(total), gy_per_unit=1.0)


def _same_points(a: DoseGrid, b: DoseGrid) -> bool:
    if a.stored.shape != b.stored.shape:
        return False
    pairs = (
        (a.origin_mm, b.origin_mm),
        (a.offsets_mm, b.offsets_mm),
        (np.asarray(a.spacing_mm), np.asarray(b.spacing_mm)),
        (a.axes, b.axes),
    )
    return all(bool(np.all(np.abs(one - other) <= _SAME_GRID_MM)) for one, other in pairs)


def grid_maximum_gy(file: DoseFile) -> float | None:
    """Largest dose of the grid, Gy; None without a usable grid, for an RTDOSE may hold DVHs alone."""
    scaling = number(file.dataset, 0x3004000E)
    if scaling is None or scaling <= 0.0 or word(file.dataset, 0x30040002).upper() != "GY":
        return None
    try:
        return float(np.max(stored_values(file))) * scaling
    except DicomError:
        return None


def stored_values(file: DoseFile) -> Stored:
    """Stored numbers, shape ``(frames, rows, columns)``, native byte order.

    Plain little-endian values are read straight into an array: for 45 MB in the cache that takes 13 ms, against 32 ms
    through a bytes object and about 5 ms for mapping and touching all of it. A map would keep the file open for as long
    as the plan lives, which on Windows forbids to move or delete it.
    """
    return _values_and_padding(file)[0]


def _values_and_padding(file: DoseFile) -> tuple[Stored, int]:
    """The stored numbers, and how many bytes of padding follow them."""
    shape, kind = _shape(file.dataset, file.shown), _stored_type(file.dataset, file.shown)
    if not file.pixels_at and not isinstance(file.dataset, Elements):
        return _values_in_dataset(file.dataset, shape, kind, file.shown)
    excess = _excess(file.pixels_bytes, shape, kind, file.shown)
    if excess:
        after = _from_file(file.path, file.pixels_at + prod(shape) * kind.itemsize, np.dtype("u1"), excess)
        _refuse_other_than_padding(after.tobytes(), excess, file.shown)
    return _shaped(_from_file(file.path, file.pixels_at, kind, prod(shape)), shape, file.shown), excess


def _values_in_dataset(
    dataset: Dataset, shape: tuple[int, int, int], kind: np.dtype[np.generic], shown: str
) -> tuple[Stored, int]:
    from sbrtcheck.dicom.general import raw_element

    element = raw_element(dataset, PIXEL_DATA)
    raw = getattr(element, "value", None)
    if not raw:
        raise DicomError("the RTDOSE has no pixel data", shown, "export it with its dose grid")
    if getattr(element, "length", 0) == UNDEFINED_LENGTH or not isinstance(raw, bytes):
        return _shaped(_decoded(dataset, shown, compressed=True), shape, shown), 0
    excess = _excess(len(raw), shape, kind, shown)
    needed = prod(shape) * kind.itemsize
    _refuse_other_than_padding(raw[needed : needed + excess], excess, shown)
    if getattr(element, "is_little_endian", False):
        return _shaped(np.frombuffer(raw, dtype=kind, count=prod(shape)), shape, shown), excess
    if getattr(element, "VR", "") == "UN":
        raise DicomError("pixel data of unknown VR in a big-endian file: their byte order is not known", shown)
    if excess:
        dataset[PIXEL_DATA].value = raw[:needed]
    return _shaped(_decoded(dataset, shown, compressed=False), shape, shown), excess


def _from_file(path: Path, at: int, kind: np.dtype[np.generic], count: int) -> Stored:
    values: Stored = np.fromfile(path, dtype=kind, count=count, offset=at)
    return values


def _excess(size: int, shape: tuple[int, int, int], kind: np.dtype[np.generic], shown: str) -> int:
    """How many bytes follow the last frame, one of even length apart: fewer than any other grid would have more.

    One frame more, or one row or column more in each frame, is the smallest grid that is larger: pixel data that are
    longer by as much may be of such a one, and a wrong Rows or Columns would shear the dose.
    """
    frames, rows, columns = shape
    excess = size - prod(shape) * kind.itemsize
    if 0 <= excess < min(rows * columns, frames * rows, frames * columns) * kind.itemsize:
        return excess if excess > 1 else 0
    what = (
        f"pixel data has {size} bytes; {frames} {'frame' if frames == 1 else 'frames'} of {rows} x {columns}"
        f" values of {8 * kind.itemsize} bits need {prod(shape) * kind.itemsize}"
    )
    raise DicomError(what, shown, "the file may be damaged or edited: export it again")


def _refuse_other_than_padding(after: bytes, count: int, shown: str) -> None:
    """Padding is one value all through; other numbers may be dose, with the grid beginning elsewhere."""
    if after and (len(after) < count or after.strip(after[:1])):
        what = f"pixel data goes on for {count} bytes after the last frame, and they are no padding: they differ"
        raise DicomError(what, shown, "the file may be damaged or edited: export it again")


def _shaped(values: Stored, shape: tuple[int, int, int], shown: str) -> Stored:
    if values.size != prod(shape):
        what = f"pixel data has {values.size} values, {shape[0]} frames need {prod(shape)}"
        raise DicomError(what, shown, "the file may be truncated: export it again")
    return values.reshape(shape)


def _shape(dataset: AnyElements, shown: str) -> tuple[int, int, int]:
    frames = integer(dataset, 0x00280008) if 0x00280008 in dataset else 1
    rows, columns = (binary_integer(dataset, tag, shown) for tag in (0x00280010, 0x00280011))
    if frames is None or min(frames, rows, columns) < 1:
        raise DicomError("Number Of Frames, Rows and Columns do not describe a grid", shown)
    return frames, rows, columns


def _stored_type(dataset: AnyElements, shown: str) -> np.dtype[np.generic]:
    bits = binary_integer(dataset, 0x00280100, shown)
    signed = 0x00280103 in dataset and binary_integer(dataset, 0x00280103, shown) == 1
    if bits not in {16, 32}:
        raise DicomError(f"Bits Allocated is {bits}; a dose has 16 or 32", shown)
    return np.dtype(f"<{'i' if signed else 'u'}{bits // 8}")


def _decoded(dataset: Dataset, shown: str, *, compressed: bool) -> Stored:
    """Compressed or big-endian values, decoded by pydicom; where it would drop some and warn, they are refused."""
    from sbrtcheck.dicom.general import READ_ERRORS

    try:
        _ensure_transfer_syntax(dataset)
        if compressed and not dataset.file_meta.TransferSyntaxUID.is_compressed:
            raise DicomError("uncompressed pixel data of undefined length", shown, "export it again")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            values = np.asarray(dataset.pixel_array)
    except (*READ_ERRORS, RuntimeError, Warning) as error:
        raise DicomError("pixel data cannot be decoded", shown, "export it uncompressed") from error
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _ensure_transfer_syntax(dataset: Dataset) -> None:
    """Files without meta information that are not little endian can only be explicit big endian."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRBigEndian

    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian


def _gy_per_unit(
    dataset: AnyElements, shown: str, stored: Stored, prescription: Prescription | UnknownPrescription
) -> tuple[float, tuple[Finding, ...]]:
    scaling = number(dataset, 0x3004000E)
    if scaling is None or not _SCALING[0] <= scaling <= _SCALING[1]:
        raise DicomError("the RTDOSE has no usable Dose Grid Scaling (3004,000E)", shown, "export it again")
    match word(dataset, 0x30040002).upper():
        case "GY":
            return scaling, ()
        case "RELATIVE":
            return _percent_to_gy(scaling, float(np.max(stored)) * scaling, shown, prescription)
        case other:
            raise DicomError(
                f"Dose Units are {other or 'missing'!r}; GY or RELATIVE are known", shown, "export dose in Gy"
            )


def _percent_to_gy(
    scaling: float, maximum: float, shown: str, prescription: Prescription | UnknownPrescription
) -> tuple[float, tuple[Finding, ...]]:
    if isinstance(prescription, UnknownPrescription):
        what = f"dose is RELATIVE and the prescription is unknown ({prescription.reason})"
        raise DicomError(what, shown, "give the prescription, or export dose in Gy")
    if not may_be_maximum(maximum):  # then it is not percent of this prescription, but perhaps Gy
        what = (
            f"dose is RELATIVE with a maximum of {maximum:g}, which is no percentage of the prescription of"
            f" {prescription.dose_gy:g} Gy: no plan's maximum is below {MAXIMUM_PERCENT[0]:g} % or above"
            f" {MAXIMUM_PERCENT[1]:g} % of it"
        )
        raise DicomError(what, shown, "export dose in Gy")
    text = f"relative dose (maximum {maximum:g}) was taken as percent of {prescription.dose_gy:g} Gy"
    finding = Finding(code=FindingCode.RELATIVE_DOSE_SCALED, text=text)
    return scaling * prescription.dose_gy / 100.0, (finding,)


def _refuse_error_dose(dataset: AnyElements, shown: str) -> None:
    if word(dataset, 0x30040004).upper() == "ERROR":
        raise DicomError(
            "Dose Type is ERROR: the difference of two doses is not a plan's dose", shown, "export the plan's dose"
        )


def _padded(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    text = f"the pixel data of the dose has {count} bytes of padding after the last frame; they were dropped"
    return (Finding(code=FindingCode.PIXEL_PADDING, text=text),)


def _dose_type(dataset: AnyElements) -> tuple[Finding, ...]:
    kind = word(dataset, 0x30040004).upper()
    if kind in {"PHYSICAL", ""}:
        return ()
    text = f"Dose Type is {kind}: values are not physical dose, and limits for physical dose are applied to them"
    return (Finding(code=FindingCode.DOSE_TYPE, text=text),)


def _numbers(dataset: AnyElements, tag: int, count: int, shown: str) -> FloatArray:
    values = millimetres(dataset, tag, shown)
    if len(values) != count:
        raise DicomError(f"{tag_name(tag)} has {len(values)} values instead of {count}", shown)
    return values


def _spacing(dataset: AnyElements, shown: str) -> tuple[float, float]:
    """Distance of columns and of rows; the element has that of rows first."""
    between_rows, between_columns = _numbers(dataset, 0x00280030, 2, shown)
    if min(between_rows, between_columns) <= 0.0:
        raise DicomError("Pixel Spacing (0028,0030) is not above 0", shown)
    return float(between_columns), float(between_rows)


def _axes(dataset: AnyElements, shown: str) -> FloatArray:
    i_axis, j_axis = _numbers(dataset, 0x00200037, 6, shown).reshape(2, 3)
    axes = np.array([i_axis, j_axis, np.cross(i_axis, j_axis)])
    if np.abs(axes @ axes.T - np.eye(3)).max() > _ORTHONORMAL:
        raise DicomError("Image Orientation (Patient) is not a pair of perpendicular unit vectors", shown)
    return axes


def _offsets(dataset: AnyElements, shown: str, *, frames: int, normal: FloatArray, z_mm: float) -> FloatArray:
    """Place of each frame along the normal, from the first frame; rising or falling."""
    if frames < 2:
        what = "the dose is a single plane: nothing can be interpolated between planes"
        raise DicomError(what, shown, "export the whole dose grid")
    written = millimetres(dataset, 0x3004000C, shown)
    if len(written) != frames:
        raise DicomError(f"{frames} frames, but Grid Frame Offset Vector has {len(written)} values", shown)
    steps = np.diff(written)
    if not (np.all(steps > 0.0) or np.all(steps < 0.0)):
        raise DicomError("Grid Frame Offset Vector neither rises nor falls steadily", shown)
    from_first: FloatArray = written - written[0]
    return from_first * np.float64(_direction(written, normal, z_mm, shown))


def _direction(written: FloatArray, normal: FloatArray, z_mm: float, shown: str) -> float:
    """Direction in which offsets count: that of the normal (1), or for patient z that of z along the normal.

    The standard has absolute offsets only where both are the same; where they are not, an offset near 0 that is near
    the z of the first plane too could be of either kind.
    """
    first_mm = float(written[0])
    relative, absolute = abs(first_mm) <= _SAME_PLACE_MM, abs(first_mm - z_mm) <= _SAME_PLACE_MM
    if not relative and not absolute:
        what = f"Grid Frame Offset Vector begins with {first_mm:g}: neither 0 nor the z of the first plane, {z_mm:g}"
        raise DicomError(what, shown)
    _refuse_mixed_offsets(written, z_mm if relative else 0.0, shown)
    if first_mm == 0.0 or (relative and not absolute):
        return 1.0
    if abs(abs(float(normal[2])) - 1.0) > _ORTHONORMAL:
        if relative:
            return 1.0
        raise DicomError("Grid Frame Offset Vector is absolute, but the planes are not transverse", shown)
    along_z = float(np.sign(normal[2]))
    if relative and along_z < 0.0:
        what = (
            f"Grid Frame Offset Vector begins with {first_mm:g}, which may be 0 or the z of the first plane, {z_mm:g}"
        )
        raise DicomError(what, shown, "export the dose again, with offsets from 0")
    return along_z


def _refuse_mixed_offsets(written: FloatArray, other_first_mm: float, shown: str) -> None:
    """Refuse a first offset of one kind before others of the other kind: the planes would be torn apart."""
    if _is_even(np.diff(written)) or not _is_even(np.diff([other_first_mm, *written[1:]])):
        return
    listed = ", ".join(f"{offset:g}" for offset in written[:3])
    what = f"Grid Frame Offset Vector ({listed} ...) is half relative, half absolute: planes are even but for the first"
    raise DicomError(what, shown, "export the dose again")


def _is_even(steps: FloatArray) -> bool:
    return float(np.ptp(steps)) <= _EVEN_MM


def _read_only(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    array.setflags(write=False)
    return array

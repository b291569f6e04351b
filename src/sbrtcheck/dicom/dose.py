"""RTDOSE -> dose grid: stored numbers, one scaling, and the place of each point in the patient."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import coded_word
from sbrtcheck.dicom.elements import (
    BigEndianPixels,
    CompressedPixels,
    DoseFile,
    Elements,
    NoPixels,
    PixelsInFile,
    PixelsInMemory,
    StoredValues,
)
from sbrtcheck.dicom.source import Source
from sbrtcheck.dicom.tags import integer, millimetres, number, tag_name
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

# Direction cosines are written with six digits or more; with a larger error the axes are not perpendicular unit
# vectors.
_ORTHONORMAL = 1e-4
# A first frame offset within this of 0 means relative offsets, within this of the z of Image Position (Patient)
# absolute ones: places are written from floats, with as little as one decimal.
_SAME_PLACE_MM = 0.051
# Steps that differ by no more than this are even.
_EVEN_MM = 0.01
# Grids of one plan are written by one system; points farther apart than this are of different grids.
_SAME_GRID_MM = 1e-3
# Stored numbers are integers: steps as large as the upper bound, or too small for a normal float, are no dose.
_SCALING = (np.finfo(np.float64).tiny, 1e3)

# A compressed file of some kB may state any size, and decoding begins by taking the memory; 512 x 512 x 400 points fit.
_MAX_DECODED_BYTES = 400 << 20

# Doses are often scaled so that the largest is the largest number; some points around it may round to it too.
_POINTS_AT_MAXIMUM = 8

# Frames 1 mm apart or more whose offsets have one decimal are closer and further apart by no more than this share.
_UNEVEN_SHARE = 0.1

_Number = TypeVar("_Number", bound=np.generic)


def dose_grid(file: DoseFile, prescription: Prescription | UnknownPrescription) -> tuple[DoseGrid, tuple[Finding, ...]]:
    """The dose grid of an RTDOSE, with its findings.

    Points follow Image Position and Image Orientation (Patient), Pixel Spacing, and the Grid Frame Offset Vector by
    DICOM PS3.3 C.8.8.3.2: relative along the normal when its first value is 0, patient z when it is the z of Image
    Position, both within one tolerance; each frame is placed by its difference to the first value. Frames that
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
    elements, display_name = file.elements, file.display_name
    _refuse_error_dose(elements, display_name)
    stored, padding = _values_and_padding(file)
    gy_per_unit, findings = _gy_per_unit(elements, display_name, stored, prescription)
    axes = _axes(elements, display_name)
    origin_mm = _numbers(elements, Tag.IMAGE_POSITION_PATIENT, 3, display_name)
    offsets_mm = _offsets(elements, display_name, frames=len(stored), normal=axes[2], z_mm=float(origin_mm[2]))
    if offsets_mm[-1] < 0.0:
        stored = stored[::-1]
        origin_mm = origin_mm + offsets_mm[-1] * axes[2]
        offsets_mm = offsets_mm[::-1] - offsets_mm[-1]
    grid = DoseGrid(
        stored=_read_only(stored),
        gy_per_unit=gy_per_unit,
        origin_mm=_read_only(origin_mm),
        axes=_read_only(axes),
        spacing_mm=_spacing(elements, display_name),
        offsets_mm=_read_only(offsets_mm),
    )
    changes = (*_saturation_findings(grid), *_change_findings(elements), *_uneven_findings(grid))
    return grid, (*findings, *_dose_type_findings(elements), *changes, *_padding_findings(padding))


def sum_of_doses(grids: list[DoseGrid], display_name: str) -> DoseGrid:
    """The sum of doses on one and the same grid, in Gy; `DicomError` when the grids differ."""
    first = grids[0]
    for grid in grids[1:]:
        if not same_points(first, grid):
            raise DicomError(
                "the doses to be summed lie on different grids", display_name, "export the plan's summed dose"
            )
    total = first.values_gy
    for grid in grids[1:]:
        total += np.asarray(grid.stored, dtype=np.float64) * grid.gy_per_unit
    return replace(first, stored=_read_only(total), gy_per_unit=1.0)


def same_points(a: DoseGrid, b: DoseGrid) -> bool:
    """Whether the points of two grids lie at the same places."""
    if a.stored.shape != b.stored.shape:
        return False
    pairs = (
        (a.origin_mm, b.origin_mm),
        (a.offsets_mm, b.offsets_mm),
        (np.asarray(a.spacing_mm), np.asarray(b.spacing_mm)),
        (a.axes, b.axes),
    )
    return all(bool(np.all(np.abs(first - second) <= _SAME_GRID_MM)) for first, second in pairs)


def grid_maximum_gy(file: DoseFile) -> float | None:
    """Largest dose of the grid, Gy; None without a usable grid, for an RTDOSE may hold DVHs alone."""
    scaling = number(file.elements, Tag.DOSE_GRID_SCALING)
    if scaling is None or scaling <= 0.0 or coded_word(file.elements, Tag.DOSE_UNITS) != "GY":
        return None
    try:
        return float(np.max(stored_values(file))) * scaling
    except DicomError:
        return None


def stored_values(file: DoseFile) -> StoredValues:
    """Stored numbers, shape ``(frames, rows, columns)``, native byte order.

    Plain little-endian values are read straight into an array: for 45 MB in the cache that takes 13 ms, against 32 ms
    through a bytes object and about 5 ms for mapping and touching all of it. A map would keep the file open for as long
    as the plan lives, which on Windows forbids to move or delete it.
    """
    return _values_and_padding(file)[0]


def _values_and_padding(file: DoseFile) -> tuple[StoredValues, int]:
    """The stored numbers, and how many bytes of padding follow them."""
    name, pixels = file.display_name, file.pixels
    shape, kind = _shape(file.elements, name), _stored_type(file.elements, name)
    count, size = prod(shape), prod(shape) * kind.itemsize
    match pixels:
        case NoPixels():
            raise DicomError("the RTDOSE has no pixel data", name, "export it with its dose grid")
        case PixelsInFile():
            padding = _padding(pixels.size, shape, kind, name)
            if padding:
                after = _values_from_file(pixels.source, pixels.at + size, np.dtype("u1"), padding)
                _refuse_other_than_padding(after.tobytes(), padding, name)
            return _values_in_shape(_values_from_file(pixels.source, pixels.at, kind, count), shape, name), padding
        case PixelsInMemory():
            padding = _padding_in(pixels.content, shape, kind, name)
            return _values_in_shape(np.frombuffer(pixels.content, dtype=kind, count=count), shape, name), padding
        case BigEndianPixels():
            padding = _padding_in(pixels.content, shape, kind, name)
            return _values_in_shape(pixels.decode(size if padding else len(pixels.content)), shape, name), padding
        case CompressedPixels():
            if size > _MAX_DECODED_BYTES:
                what = f"its pixel data are compressed, and would be {size >> 20} MB, which is not decoded"
                raise DicomError(what, name, "export it uncompressed")
            return _values_in_shape(pixels.decode(), shape, name), 0


def _padding_in(content: bytes, shape: tuple[int, int, int], kind: np.dtype[np.generic], display_name: str) -> int:
    needed, padding = prod(shape) * kind.itemsize, _padding(len(content), shape, kind, display_name)
    _refuse_other_than_padding(content[needed : needed + padding], padding, display_name)
    return padding


def _values_from_file(source: Source, at: int, kind: np.dtype[np.generic], count: int) -> StoredValues:
    """So many values, fewer where the file ends; a file in memory need not stay there for them."""
    if isinstance(source, Path):
        values: StoredValues = np.fromfile(source, dtype=kind, count=count, offset=at)
        return values
    content = source.read()
    there = min(count, (len(content) - at) // kind.itemsize)
    return np.frombuffer(content, dtype=kind, count=there, offset=at).copy()


def _padding(size: int, shape: tuple[int, int, int], kind: np.dtype[np.generic], display_name: str) -> int:
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
    raise DicomError(what, display_name, "the file may be damaged or edited: export it again")


def _refuse_other_than_padding(after: bytes, count: int, display_name: str) -> None:
    """Padding is one value all through; other numbers may be dose, with the grid beginning elsewhere."""
    if after and (len(after) < count or after.strip(after[:1])):
        what = f"pixel data goes on for {count} bytes after the last frame, and they are no padding: they differ"
        raise DicomError(what, display_name, "the file may be damaged or edited: export it again")


def _values_in_shape(values: StoredValues, shape: tuple[int, int, int], display_name: str) -> StoredValues:
    if values.size != prod(shape):
        what = f"pixel data has {values.size} values, {shape[0]} frames need {prod(shape)}"
        raise DicomError(what, display_name, "the file may be truncated: export it again")
    return values.reshape(shape)


def _shape(elements: Elements, display_name: str) -> tuple[int, int, int]:
    frames = integer(elements, Tag.NUMBER_OF_FRAMES) if Tag.NUMBER_OF_FRAMES in elements else 1
    rows, columns = (elements.unsigned(tag, display_name) for tag in (Tag.ROWS, Tag.COLUMNS))
    if frames is None or min(frames, rows, columns) < 1:
        raise DicomError("Number Of Frames, Rows and Columns do not describe a grid", display_name)
    return frames, rows, columns


def _stored_type(elements: Elements, display_name: str) -> np.dtype[np.generic]:
    bits = elements.unsigned(Tag.BITS_ALLOCATED, display_name)
    signed = Tag.PIXEL_REPRESENTATION in elements and elements.unsigned(Tag.PIXEL_REPRESENTATION, display_name) == 1
    if bits not in {16, 32}:
        raise DicomError(f"Bits Allocated is {bits}; a dose has 16 or 32", display_name)
    return np.dtype(f"<{'i' if signed else 'u'}{bits // 8}")


def _gy_per_unit(
    elements: Elements, display_name: str, stored: StoredValues, prescription: Prescription | UnknownPrescription
) -> tuple[float, tuple[Finding, ...]]:
    scaling = number(elements, Tag.DOSE_GRID_SCALING)
    if scaling is None or not _SCALING[0] <= scaling <= _SCALING[1]:
        raise DicomError("the RTDOSE has no usable Dose Grid Scaling (3004,000E)", display_name, "export it again")
    match coded_word(elements, Tag.DOSE_UNITS):
        case "GY":
            return scaling, ()
        # relative to a value that the file does not name (PS3.3 C.8.8.3): percent of the prescription is assumed
        case "RELATIVE":
            return _percent_to_gy(scaling, float(np.max(stored)) * scaling, display_name, prescription)
        case other:
            raise DicomError(
                f"Dose Units are {other or 'missing'}; GY or RELATIVE are known", display_name, "export dose in Gy"
            )


def _percent_to_gy(
    scaling: float, maximum: float, display_name: str, prescription: Prescription | UnknownPrescription
) -> tuple[float, tuple[Finding, ...]]:
    if isinstance(prescription, UnknownPrescription):
        what = f"dose is RELATIVE and the prescription is unknown ({prescription.reason})"
        raise DicomError(what, display_name, "give the prescription, or export dose in Gy")
    if not may_be_maximum(maximum):  # then it is not percent of this prescription, but perhaps Gy
        what = (
            f"dose is RELATIVE with a maximum of {maximum:g}, which is no percentage of the prescription of"
            f" {prescription.dose_gy:g} Gy: no plan's maximum is below {MAXIMUM_PERCENT[0]:g} % or above"
            f" {MAXIMUM_PERCENT[1]:g} % of it"
        )
        raise DicomError(what, display_name, "export dose in Gy")
    text = f"relative dose (maximum {maximum:g}) was read as percent of {prescription.dose_gy:g} Gy"
    finding = Finding(code=FindingCode.RELATIVE_DOSE_SCALED, text=text)
    return scaling * prescription.dose_gy / 100.0, (finding,)


def _refuse_error_dose(elements: Elements, display_name: str) -> None:
    if coded_word(elements, Tag.DOSE_TYPE) == "ERROR":
        raise DicomError(
            "Dose Type is ERROR: the difference of two doses is not a plan's dose",
            display_name,
            "export the plan's dose",
        )


def _padding_findings(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    text = f"the pixel data of the dose has {count} bytes of padding after the last frame; they were dropped"
    return (Finding(code=FindingCode.PIXEL_PADDING, text=text),)


def _dose_type_findings(elements: Elements) -> tuple[Finding, ...]:
    kind = coded_word(elements, Tag.DOSE_TYPE)
    if kind == "PHYSICAL":
        return ()
    text = f"Dose Type is {kind}: values are not physical dose, and limits for physical dose are applied to them"
    if not kind:
        text = "no Dose Type is stated: whether values are physical dose, for which limits are printed, cannot be told"
    return (Finding(code=FindingCode.DOSE_TYPE, text=text),)


def _change_findings(elements: Elements) -> tuple[Finding, ...]:
    """What the file says of the dose that makes it another than the one that was calculated."""
    said = []
    transform = coded_word(elements, Tag.SPATIAL_TRANSFORM_OF_DOSE)
    if transform not in {"", "NONE"}:
        said.append(f"the dose was moved or deformed after its calculation (Spatial Transform Of Dose {transform})")
    slope, intercept = (number(elements, tag) for tag in (Tag.RESCALE_SLOPE, Tag.RESCALE_INTERCEPT))
    if slope not in {None, 1.0} or intercept not in {None, 0.0}:
        said.append(
            "the RTDOSE has a Rescale Slope and Intercept beside its Dose Grid Scaling: they were not used, and whether"
            " its doses are meant with them cannot be told"
        )
    return tuple(Finding(code=FindingCode.DOSE_CHANGED, text=text) for text in said)


def _saturation_findings(grid: DoseGrid) -> tuple[Finding, ...]:
    """Many points at the largest number that the bits can hold: what was above it became that number."""
    if not np.issubdtype(grid.stored.dtype, np.integer):
        return ()
    largest = np.iinfo(grid.stored.dtype.str).max
    if int(np.max(grid.stored)) < largest:
        return ()
    count = int(np.count_nonzero(grid.stored == largest))
    if count <= _POINTS_AT_MAXIMUM:
        return ()
    at_most = f"the largest number that its bits hold, {grid.max_gy:.4g} Gy"
    text = f"{count} points of the dose have {at_most}: was it cut off there?"
    return (Finding(code=FindingCode.DOSE_CHANGED, text=text),)


def _uneven_findings(grid: DoseGrid) -> tuple[Finding, ...]:
    """Frames now closer, now further apart by more than the digits of their offsets leave open: taken as they stand."""
    steps_mm = np.diff(grid.offsets_mm)
    least_mm, most_mm = float(steps_mm.min()), float(steps_mm.max())
    if most_mm - least_mm <= _UNEVEN_SHARE * most_mm:
        return ()
    text = f"dose planes are {least_mm:.4g} to {most_mm:.4g} mm apart, and were taken so: were their places rounded?"
    return (Finding(code=FindingCode.DOSE_PLANES_UNEVEN, text=text),)


def _numbers(elements: Elements, tag: int, count: int, display_name: str) -> FloatArray:
    values = millimetres(elements, tag, display_name)
    if len(values) != count:
        raise DicomError(f"{tag_name(tag)} has {len(values)} values instead of {count}", display_name)
    return values


def _spacing(elements: Elements, display_name: str) -> tuple[float, float]:
    """Distance of columns and of rows; the element has that of rows first."""
    # the spacing of rows comes first (PS3.3 10.7.1.3)
    between_rows, between_columns = _numbers(elements, Tag.PIXEL_SPACING, 2, display_name)
    if min(between_rows, between_columns) <= 0.0:
        raise DicomError("Pixel Spacing (0028,0030) is not above 0", display_name)
    return float(between_columns), float(between_rows)


def _axes(elements: Elements, display_name: str) -> FloatArray:
    i_axis, j_axis = _numbers(elements, Tag.IMAGE_ORIENTATION_PATIENT, 6, display_name).reshape(2, 3)
    axes = np.array([i_axis, j_axis, np.cross(i_axis, j_axis)])
    if np.abs(axes @ axes.T - np.eye(3)).max() > _ORTHONORMAL:
        raise DicomError("Image Orientation (Patient) is not a pair of perpendicular unit vectors", display_name)
    return axes


def _offsets(elements: Elements, display_name: str, *, frames: int, normal: FloatArray, z_mm: float) -> FloatArray:
    """Place of each frame along the normal, from the first frame; rising or falling."""
    if frames < 2:
        what = "the dose is a single plane: nothing can be interpolated between planes"
        raise DicomError(what, display_name, "export the whole dose grid")
    written = millimetres(elements, Tag.GRID_FRAME_OFFSET_VECTOR, display_name)
    if len(written) != frames:
        raise DicomError(f"{frames} frames, but Grid Frame Offset Vector has {len(written)} values", display_name)
    steps = np.diff(written)
    if not (np.all(steps > 0.0) or np.all(steps < 0.0)):
        raise DicomError("Grid Frame Offset Vector neither rises nor falls steadily", display_name)
    from_first: FloatArray = written - written[0]
    return from_first * np.float64(_direction(written, normal, z_mm, display_name))


def _direction(written: FloatArray, normal: FloatArray, z_mm: float, display_name: str) -> float:
    """Direction in which offsets count: that of the normal (1), or for patient z that of z along the normal.

    The standard has absolute offsets only where both are the same; where they are not, an offset near 0 that is near
    the z of the first plane too could be of either kind.
    """
    first_mm = float(written[0])
    relative, absolute = abs(first_mm) <= _SAME_PLACE_MM, abs(first_mm - z_mm) <= _SAME_PLACE_MM
    if not relative and not absolute:
        what = f"Grid Frame Offset Vector begins with {first_mm:g}: neither 0 nor the z of the first plane, {z_mm:g}"
        raise DicomError(what, display_name)
    _refuse_mixed_offsets(written, z_mm if relative else 0.0, display_name)
    if first_mm == 0.0 or (relative and not absolute):
        return 1.0
    if abs(abs(float(normal[2])) - 1.0) > _ORTHONORMAL:
        if relative:
            return 1.0
        raise DicomError("Grid Frame Offset Vector is absolute, but the planes are not transverse", display_name)
    along_z = float(np.sign(normal[2]))
    if relative and along_z < 0.0:
        what = (
            f"Grid Frame Offset Vector begins with {first_mm:g}, which may be 0 or the z of the first plane, {z_mm:g}"
        )
        raise DicomError(what, display_name, "export the dose again, with offsets from 0")
    return along_z


def _refuse_mixed_offsets(written: FloatArray, other_first_mm: float, display_name: str) -> None:
    """Refuse a first offset of one kind before others of the other kind: the planes would be torn apart."""
    if _is_even(np.diff(written)) or not _is_even(np.diff([other_first_mm, *written[1:]])):
        return
    listed = ", ".join(f"{offset:g}" for offset in written[:3])
    what = f"Grid Frame Offset Vector ({listed} ...) is half relative, half absolute: planes are even but for the first"
    raise DicomError(what, display_name, "export the dose again")


def _is_even(steps: FloatArray) -> bool:
    return float(np.ptp(steps)) <= _EVEN_MM


def _read_only(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    array.setflags(write=False)
    return array

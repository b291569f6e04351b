"""DICOM Segmentation (SEG) -> structures whose contours are exactly the edges of the segments' voxels.

A SEG is a stack of frames. Each frame says in its functional groups which segment it is of and where it lies (PS3.3
C.8.20, C.7.6.16); frames without a voxel may be left out. So a segment is a lattice with some of its layers::

    frames   segment 1, z = 10      k 0  [#### ]
             segment 1, z = 15      k 1  [ ### ]
             segment 2, z = 15           (another structure)
             segment 1, z = 25      k 3  [ ##  ]      k 2 has no voxel

A SEG belongs to a dose by its Frame of Reference UID (0020,0052) alone: it names images, not plans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.sequence import Sequence as PydicomSequence

from sbrtcheck.dicom.attributes import SEGMENTATION_STORAGES, Tag
from sbrtcheck.dicom.coded_words import is_known, unknown_word
from sbrtcheck.dicom.general import READ_ERRORS, PydicomElements
from sbrtcheck.dicom.tags import printable
from sbrtcheck.errors import DicomError, InputError
from sbrtcheck.plan import Finding, FindingCode, FloatArray, IntArray, Structure
from sbrtcheck.plan.lattices import Lattice
from sbrtcheck.plan.masks import structure_of_mask

SAME_PLACE_MM = 0.05
"""Frames of one stack lie above each other as closely as this, and their layers are as even."""

BACKGROUND = 0
"""The segment number of what is no segment, in a label map; elsewhere there is no such segment."""

BINARY, FRACTIONAL, LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"
KINDS = (BINARY, FRACTIONAL, LABELMAP)
FRACTIONAL_TYPES = ("PROBABILITY", "OCCUPANCY")
"""Segmentation Types (PS3.3 C.8.20.2)."""

MAX_LAYERS = 10_000
"""More layers than this are no images of a patient."""

MAX_VOXELS = 1 << 28
"""Layers that were left out take memory again: two small frames far apart may stand for any number of voxels. As many
as these are 1024 layers of 512 x 512."""

HALF = 0.5
"""A voxel of which at least this share is inside is inside."""

EVEN_GAPS = 3
"""So many gaps of one size between frames are no chance of what was left out: they are the distance of the layers."""

GAP_IN_THICKNESSES = 1.5
"""Frames further apart than so many slice thicknesses may have others between them, which were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frames:
    """Of each frame its layer, and the segment that it is of (`BACKGROUND` in a label map); the lattice of all.

    ``least``: the value from which on a voxel is of the frame's segment.
    """

    kind: str
    least: float
    lattice: Lattice
    layer: IntArray
    segment: IntArray


def structures_of_seg(
    dataset: Dataset, display_name: str = "the SEG", dose_axes: FloatArray | None = None
) -> tuple[Structure, ...]:
    """A structure for each segment, in the order of the file: its label as the name, its type as code.

    Parameters
    ----------
    dataset
        The SEG as pydicom reads it.
    display_name
        How messages name the file.
    dose_axes
        Axes of the dose grid, whose planes the contours follow where the voxels allow it; of the patient when None.

    Raises
    ------
    DicomError
        It is no SEG, its frames are no stack of parallel planes at even distances, or its pixels cannot be read.
    """
    if (
        PydicomElements(dataset).decoded(Tag.SOP_CLASS_UID) not in SEGMENTATION_STORAGES
        or "SegmentSequence" not in dataset
    ):
        raise DicomError("this is no segmentation with segments", display_name, "give a SEG")
    try:
        items = {int(item.SegmentNumber): item for item in dataset.SegmentSequence}
        frames = _frames(dataset)
        _refuse_unclear_numbers([int(item.SegmentNumber) for item in dataset.SegmentSequence], frames.kind)
        _refuse_unclear_frames(frames, items)
    except READ_ERRORS as error:
        lacking = "where each lies, and of which segment it is"
        what = f"its frames are not described as they should be: {lacking} ({_why(error)})"
        raise DicomError(what, display_name) from error
    except InputError as error:
        raise DicomError(error.what, display_name) from error
    axes = np.eye(3) if dose_axes is None else dose_axes
    try:
        return tuple(
            _structure(item, dataset, frames, axes, display_name)
            for number, item in items.items()
            if number != BACKGROUND
        )
    except READ_ERRORS as error:
        raise DicomError(f"a segment is not described as it should be ({_why(error)})", display_name) from error


def _why(error: Exception) -> str:
    """What an error of pydicom says of what is missing; of one that may quote a value, no more than its kind."""
    return str(error) if isinstance(error, AttributeError | KeyError | IndexError) else type(error).__name__


def _refuse_unclear_numbers(numbers: Sequence[int], kind: str) -> None:
    """Frames know segments by number alone."""
    twice = [number for number, times in Counter(numbers).items() if times > 1]
    if twice:
        raise DicomError(f"several segments have number {twice[0]}: whose are its frames?")
    if kind != LABELMAP and min(numbers, default=1) <= BACKGROUND:
        raise DicomError(f"a segment has number {min(numbers)}, and they are counted from 1")


def _refuse_unclear_frames(frames: _Frames, items: Container[int]) -> None:
    """Refuse frames of a segment that is not described, and two of one segment at one place."""
    segments = np.unique(frames.segment).tolist()
    unknown = [number for number in segments if number not in items]
    if unknown and frames.kind != LABELMAP:
        raise DicomError(f"there are frames of segment {unknown[0]}, which the file does not describe")
    for number in segments:
        layers = frames.layer[frames.segment == number]
        if len(np.unique(layers)) < len(layers):
            which = "" if frames.kind == LABELMAP else f" of segment {number}"
            raise DicomError(f"several frames{which} lie at one place: are they of different times?")


def _structure(item: Dataset, dataset: Dataset, frames: _Frames, axes: FloatArray, display_name: str) -> Structure:
    """One segment."""
    number = int(item.SegmentNumber)
    own = np.flatnonzero((frames.segment == number) | (frames.kind == LABELMAP))
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    layers = frames.layer[own]
    first = int(layers.min(initial=0))
    mask = np.zeros((int(layers.max(initial=0)) - first + 1, rows, columns), dtype=bool)
    described = [int(other.SegmentNumber) for other in dataset.SegmentSequence]
    try:
        for layer, values in zip(layers.tolist(), _pixels(dataset, own.tolist()), strict=True):
            if frames.kind == LABELMAP:
                _refuse_unknown_labels(values, [*described, BACKGROUND, dataset.get("PixelPaddingValue", BACKGROUND)])
            mask[layer - first] = values == number if frames.kind == LABELMAP else values >= frames.least
    except DicomError as error:
        raise DicomError(error.what, display_name) from error
    except Exception as error:  # of any decoder that pydicom asks
        raise DicomError(f"the pixels cannot be read ({error})", display_name) from error
    lattice = frames.lattice
    shifted = lattice.origin_mm + first * lattice.spacing_mm[2] * lattice.axes[2]
    name = printable(" ".join(_text(item, "SegmentLabel").split()))
    structure = structure_of_mask(name, number, mask, replace(lattice, origin_mm=shifted), axes)
    findings = structure.findings
    if frames.kind == FRACTIONAL:
        stated = _text(dataset, "SegmentationFractionalType")
        meant = stated.lower() if is_known(stated, FRACTIONAL_TYPES) else "share"
        text = f"the file has a {meant} for each voxel: those of at least one half count as inside"
        findings += (Finding(code=FindingCode.VOXEL_MASK, text=text, subject=name),)
    codes = tuple(_text(code, "CodeMeaning") for code in item.get("SegmentedPropertyTypeCodeSequence", ()))
    return replace(structure, codes=codes, findings=findings)


def _refuse_unknown_labels(values: npt.NDArray[Any], described: Sequence[int]) -> None:
    """Refuse voxels of a segment that the file does not describe: an organ would be missing without a word."""
    unknown = np.setdiff1d(values, described)
    if len(unknown):
        raise DicomError(f"there are voxels of segment {unknown[0]}, which the file does not describe")


def _pixels(dataset: Dataset, frames: Sequence[int]) -> Iterator[npt.NDArray[Any]]:
    """The values of some frames, one after the other: a whole SEG may not fit into memory."""
    if not dataset.file_meta.TransferSyntaxUID.is_little_endian:  # the order of bits in swapped words is not tested
        raise ValueError("they are big endian")
    if int(dataset.BitsAllocated) != 1 or dataset.file_meta.TransferSyntaxUID.is_compressed:
        yield from iter_pixels(dataset, indices=list(frames))
        return
    # a bit a voxel, the first in the lowest bit; a frame begins where the one before ends, within a byte or not
    # (PS3.5 8.1.1), which pydicom 3.0 reads right for all frames together only
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    packed = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    for frame in frames:
        begin = frame * rows * columns
        end = begin + rows * columns
        bits = np.unpackbits(packed[begin // 8 : -(-end // 8)], bitorder="little")
        yield bits[begin % 8 :][: rows * columns].reshape(rows, columns)


# Where the frames lie


def _kind(dataset: Dataset) -> tuple[str, float]:
    """The Segmentation Type, and the value from which on a voxel is inside; neither is guessed."""
    kind = _text(dataset, "SegmentationType")
    if kind not in KINDS:
        shown = printable(kind) if is_known(kind, KINDS) else unknown_word(kind, KINDS)
        raise DicomError(f"the Segmentation Type is {shown if kind else 'missing'}: {', '.join(KINDS)} are known")
    return kind, HALF * float(dataset.MaximumFractionalValue) if kind == FRACTIONAL else 1.0


def _frames(dataset: Dataset) -> _Frames:
    """The lattice of all frames, and the layer of each."""
    kind, least = _kind(dataset)
    shared = dataset.SharedFunctionalGroupsSequence[0] if "SharedFunctionalGroupsSequence" in dataset else Dataset()
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    if len(groups) != int(dataset.NumberOfFrames):
        raise DicomError(f"{int(dataset.NumberOfFrames)} frames, and {len(groups)} say where they lie")
    cosines, spacing_mm = _plane_of_all(groups, shared)
    along_row, down_column = np.reshape(cosines, (2, 3))
    normal = np.cross(along_row, down_column)
    positions = np.array(
        [_group(group, shared, "PlanePositionSequence").ImagePositionPatient for group in groups], dtype=np.float64
    )
    height = positions @ normal
    beside = positions - height[:, None] * normal
    if np.ptp(beside, axis=0).max() > SAME_PLACE_MM:
        raise DicomError("frames do not lie above each other")
    thick_mm = _thickness_mm(height, _group(groups[0], shared, "PixelMeasuresSequence"))
    layer = _layers(height, thick_mm)
    _refuse_many_voxels(int(layer.max()) + 1, int(dataset.Rows), int(dataset.Columns))
    rows_mm, columns_mm = spacing_mm  # between rows first
    lowest = positions[int(np.argmin(height))].tolist()
    lattice = Lattice.of((columns_mm, rows_mm, thick_mm), lowest, np.stack([along_row, down_column, normal]))
    return _Frames(
        kind=kind,
        least=least,
        lattice=lattice,
        layer=layer,
        segment=np.array([_segment(group, shared, kind) for group in groups], dtype=np.int64),
    )


def _plane_of_all(groups: Sequence[Dataset], shared: Dataset) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Image Orientation and Pixel Spacing (mm) of all frames; `DicomError` where they differ in them."""
    cosines, spacings = (
        [
            tuple(float(number) for number in _group(group, shared, sequence)[name].value)
            for group in (groups if any(sequence in group for group in groups) else groups[:1])
        ]
        for sequence, name in (
            ("PlaneOrientationSequence", "ImageOrientationPatient"),
            ("PixelMeasuresSequence", "PixelSpacing"),
        )
    )
    if len(set(cosines)) > 1 or len(set(spacings)) > 1:
        raise DicomError("frames are turned against each other, or have pixels of different sizes")
    return cosines[0], spacings[0]


def _layers(height: FloatArray, thick_mm: float) -> IntArray:
    """The layer of each frame by its height in mm, the lowest 0; `DicomError` where layers are uneven, or too many."""
    above = height - height.min()
    layer = np.rint(above / thick_mm)
    if np.abs(above - layer * thick_mm).max() > SAME_PLACE_MM:
        raise DicomError(f"frames are not spaced evenly: {thick_mm:g} mm, and no multiple of it")
    if layer.max() > MAX_LAYERS:
        raise DicomError(f"frames lie {np.ptp(height):g} mm apart, {thick_mm:g} mm thick: no place in a patient")
    return np.asarray(layer, dtype=np.int64)


def _refuse_many_voxels(layers: int, rows: int, columns: int) -> None:
    if layers * rows * columns > MAX_VOXELS:
        raise DicomError(f"{layers} layers of {rows} x {columns} voxels are more than are read")


def _thickness_mm(height: FloatArray, measures: Dataset) -> float:
    """The distance between layers: as stated, unless frames are closer; of a single one its thickness.

    Frames without a voxel may be left out, so the least distance between frames need not be that between layers: half
    of them missing would double every volume.
    """
    gaps = np.diff(np.sort(height))
    gaps = gaps[gaps > SAME_PLACE_MM]
    stated = measures.get("SpacingBetweenSlices")
    if not len(gaps):
        return float(stated or measures.SliceThickness)
    least = float(gaps.min())
    if stated:
        _refuse_other_spacing(gaps, float(stated))
        return min(least, float(stated))
    thickness = measures.get("SliceThickness")
    if not thickness or least > GAP_IN_THICKNESSES * float(thickness):
        how = f"slices of {float(thickness):g} mm" if thickness else "no thickness of slices"
        what = f"no spacing of layers is stated, and frames {least:g} mm apart have {how}: were others left out?"
        raise DicomError(what)
    return least


def _refuse_other_spacing(gaps: FloatArray, stated: float) -> None:
    """Refuse an even stack none of whose frames are as close as it states: every second layer would be empty."""
    if len(gaps) >= EVEN_GAPS and np.ptp(gaps) < SAME_PLACE_MM and gaps.min() > GAP_IN_THICKNESSES * stated > 0.0:
        raise DicomError(f"{stated:g} mm are stated between layers, and all frames lie {gaps.min():g} mm apart")


def _segment(group: Dataset, shared: Dataset, kind: str) -> int:
    """The segment that a frame is of; that of the background where its values are segments themselves."""
    if kind == LABELMAP:
        return BACKGROUND
    return int(_group(group, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber)


def _group(group: Dataset, shared: Dataset, sequence: str) -> Any:
    """The item of a functional group, which a frame has itself or shares with all."""
    items: Sequence[Dataset] = group[sequence].value if sequence in group else shared[sequence].value
    return items[0]


def _text(dataset: Dataset, keyword: str) -> str:
    """A text; empty where it is missing, or a sequence, which pydicom would read as a whole."""
    value = dataset.get(keyword, "")
    return "" if isinstance(value, PydicomSequence) else str(value)

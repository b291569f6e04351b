"""Shapes and a dose function in; RTPLAN, RTSTRUCT and RTDOSE files out: phantoms for examples, tests and benchmarks.

1. Outlines: closed curves in a plane, ``(points, 2)`` x and y: `ellipse`, `circle`, `rectangle`, `keyhole`.
2. Contours: outlines on planes: `stack`, `solid`, `sphere`, `cylinder`, `cone`, `box`; and `trace` of a region.
3. Dose: a function of x, y and z: `uniform_dose`, `linear_dose`, your own; `sample_dose` puts it on a grid.
4. Files: `write_plan` (or the three ``*_dataset`` functions, to damage one before `save`); `in_memory` without files.

Millimetres, Gy, and DICOM patient axes: x to the patient's left, y to the back, z to the head. A stack of slabs, each
as thick as the plane spacing with its contour in the middle, fills a `solid` exactly. Nothing here is a patient.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydicom import dcmwrite
from pydicom.charset import default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

if TYPE_CHECKING:
    from sbrtcheck.plan import Plan

FloatArray = npt.NDArray[np.float64]
Outline = FloatArray  # (points, 2)
Loop = FloatArray  # (points, 3), one z
Point = tuple[float, float, float]
DoseFunction = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]  # x, y, z in mm -> Gy
Region = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]  # x, y, z in mm -> above 0 inside

DATE, TIME = "20240102", "080000"
RT_STRUCT_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
RT_DOSE_STORAGE = "1.2.840.10008.5.1.4.1.1.481.2"
RT_PLAN_STORAGE = "1.2.840.10008.5.1.4.1.1.481.5"
FILE_NAMES = {"RTPLAN": "rtplan.dcm", "RTSTRUCT": "rtstruct.dcm", "RTDOSE": "rtdose.dcm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomStructure:
    """A structure: TG-263 name, RT ROI interpreted type, closed loops of shape ``(points, 3)`` in mm."""

    name: str
    kind: str = "ORGAN"
    contours_mm: tuple[Loop, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomDose:
    """Dose ``values_gy[k, j, i]`` at ``origin_mm + (i, j, k) * spacing_mm`` (x, y, z)."""

    values_gy: FloatArray
    origin_mm: Point
    spacing_mm: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomPrescription:
    """Dose of the whole course and number of fractions."""

    dose_gy: float
    fractions: int


# 1. Outlines


def ellipse(
    center_mm: Sequence[float], semi_axes_mm: Sequence[float], *, points: int = 64, exponent: float = 2.0
) -> Outline:
    """Ellipse, or with another exponent a superellipse: 4 is a box with round corners; its corners lie on the curve."""
    angle = np.arange(points) * (2.0 * np.pi / points)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(center_mm[:2]) + np.asarray(semi_axes_mm[:2]) * np.sign(unit) * np.abs(unit) ** (2.0 / exponent)


def circle(center_mm: Sequence[float], radius_mm: float, *, points: int = 64) -> Outline:
    """Regular polygon whose corners lie on a circle."""
    return ellipse(center_mm, (radius_mm, radius_mm), points=points)


def rectangle(center_mm: Sequence[float], size_mm: Sequence[float]) -> Outline:
    """Rectangle with sides along x and y."""
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    return np.asarray(center_mm[:2]) + corners * np.asarray(size_mm[:2])


def keyhole(outer: Outline, inner: Outline) -> Outline:
    """One closed curve for a ring: round the outer outline, across, backwards round the inner one, and back."""
    return np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]])


def area_mm2(outline: Outline) -> float:
    """Area that a closed curve encloses."""
    x, y = outline[:, 0], outline[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2.0)


# 2. Contours


def planes(first_mm: float, last_mm: float, spacing_mm: float) -> tuple[float, ...]:
    """Positions from the first to the last, both included when a whole number of steps lies between."""
    steps = int((last_mm - first_mm) / spacing_mm + 1e-6)
    return tuple(first_mm + step * spacing_mm for step in range(steps + 1))


def slab_planes(bottom_mm: float, top_mm: float, spacing_mm: float) -> tuple[float, ...]:
    """Middle planes of the slabs that fill the space between bottom and top."""
    return planes(bottom_mm + spacing_mm / 2.0, top_mm - spacing_mm / 2.0, spacing_mm)


def stack(planes_mm: Iterable[float], outlines_at: Callable[[float], Iterable[Outline]]) -> tuple[Loop, ...]:
    """Contours of the outlines that a function of z gives on each plane: none, one, or several."""
    return tuple(np.column_stack([outline, np.full(len(outline), z)]) for z in planes_mm for outline in outlines_at(z))


def solid(
    center_mm: Point,
    radius_at: Callable[[float], float],
    half_height_mm: float,
    *,
    spacing_mm: float = 2.0,
    points: int = 64,
) -> tuple[Loop, ...]:
    """Solid of revolution about z; ``radius_at`` takes the height over the centre, in mm."""
    z0 = center_mm[2]

    def outlines(z: float) -> list[Outline]:
        radius = radius_at(z - z0)
        return [circle(center_mm, radius, points=points)] if radius > 0.0 else []

    return stack(slab_planes(z0 - half_height_mm, z0 + half_height_mm, spacing_mm), outlines)


def sphere(center_mm: Point, radius_mm: float, *, spacing_mm: float = 2.0, points: int = 64) -> tuple[Loop, ...]:
    """Contours of a sphere."""
    return solid(
        center_mm,
        lambda height: max(radius_mm**2 - height**2, 0.0) ** 0.5,
        radius_mm,
        spacing_mm=spacing_mm,
        points=points,
    )


def cylinder(
    center_mm: Point, radius_mm: float, height_mm: float, *, spacing_mm: float = 2.0, points: int = 64
) -> tuple[Loop, ...]:
    """Contours of an upright cylinder."""
    return solid(center_mm, lambda _: radius_mm, height_mm / 2.0, spacing_mm=spacing_mm, points=points)


def cone(
    center_mm: Point, radius_mm: float, height_mm: float, *, spacing_mm: float = 2.0, points: int = 64
) -> tuple[Loop, ...]:
    """Contours of an upright cone, its base at the bottom; ``center_mm`` is at half its height."""
    return solid(
        center_mm,
        lambda height: radius_mm * (0.5 - height / height_mm),
        height_mm / 2.0,
        spacing_mm=spacing_mm,
        points=points,
    )


def box(center_mm: Point, size_mm: Point, *, spacing_mm: float = 2.0) -> tuple[Loop, ...]:
    """Contours of a box with sides along the axes."""
    half = size_mm[2] / 2.0
    outline = rectangle(center_mm, size_mm)
    return stack(slab_planes(center_mm[2] - half, center_mm[2] + half, spacing_mm), lambda _: [outline])


def slab_volume_cc(contours_mm: Sequence[Loop], spacing_mm: float) -> float:
    """Volume of slabs as thick as the plane spacing; for loops of which none lies in another."""
    return sum(area_mm2(loop[:, :2]) for loop in contours_mm) * spacing_mm / 1000.0


# Regions: where shapes meet, they are easier said as "above 0 inside" than as outlines


def ellipsoid(center_mm: Point, semi_axes_mm: Point) -> Region:
    """The inside of an ellipsoid; the value falls from 1 at the centre to 0 on the surface."""

    def inside(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        ratios = ((p - c) / a for p, c, a in zip((x, y, z), center_mm, semi_axes_mm, strict=True))
        return 1.0 - np.sqrt(sum(ratio**2 for ratio in ratios))

    return inside


def tube(path_mm: Sequence[Point], radius_mm: float) -> Region:
    """All points within a radius of a broken line; the value is in mm."""

    def inside(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        at = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
        pairs = pairwise(path_mm)
        return radius_mm - reduce(np.minimum, (_distance(at, np.array(a), np.array(b)) for a, b in pairs))

    return inside


def _distance(at: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Distance in mm to the straight piece between two points."""
    along = np.clip((at - start) @ (end - start) / np.dot(end - start, end - start), 0.0, 1.0)
    return np.linalg.norm(at - start - along[..., None] * (end - start), axis=-1)


def union(*regions: Region) -> Region:
    """Join regions: what lies in any of them."""
    return lambda x, y, z: reduce(np.maximum, (region(x, y, z) for region in regions))


def common(*regions: Region) -> Region:
    """Intersect regions: what lies in all of them."""
    return lambda x, y, z: reduce(np.minimum, (region(x, y, z) for region in regions))


def without(region: Region, *others: Region) -> Region:
    """Take other regions away from the first."""
    return lambda x, y, z: reduce(np.minimum, (-other(x, y, z) for other in others), region(x, y, z))


def trace(
    region: Region, planes_mm: Iterable[float], *, window_mm: tuple[float, float, float, float], points: int = 72
) -> tuple[Loop, ...]:
    """Contours of a region: on each plane, the first way out of it in every direction from its middle.

    One simple polygon a plane. What cannot be seen from the middle of the region is left out, so a region that winds
    is contoured smaller than it is; ``window_mm`` is x from, x to, y from, y to.
    """
    return stack(planes_mm, lambda z: _outlines_seen_from_the_middle(region, z, window_mm, points))


def _outlines_seen_from_the_middle(
    region: Region, z: float, window_mm: tuple[float, float, float, float], points: int
) -> list[Outline]:
    xs, ys = np.meshgrid(np.arange(window_mm[0], window_mm[1], 3.0), np.arange(window_mm[2], window_mm[3], 3.0))
    seen = region(xs, ys, np.full_like(xs, z)) > 0.0
    if np.count_nonzero(seen) < 3:
        return []
    inside = np.stack([xs[seen], ys[seen]], axis=1)
    middle = inside[np.argmin(np.sum((inside - inside.mean(axis=0)) ** 2, axis=1))]
    reach_mm = float(np.max(np.linalg.norm(inside - middle, axis=1))) + 6.0
    return [_first_way_out(region, z, middle, reach_mm, points)]


def _first_way_out(region: Region, z: float, middle: FloatArray, reach_mm: float, points: int) -> Outline:
    angle = np.arange(points)[:, None] * (2.0 * np.pi / points)
    radius = np.arange(0.0, reach_mm, 0.5)[None, :]
    values = region(middle[0] + radius * np.cos(angle), middle[1] + radius * np.sin(angle), np.full((1, 1), z))
    values[:, -1] = np.minimum(values[:, -1], 0.0)  # the reach ends outside, also where the window cut the region
    out = np.argmax(values <= 0.0, axis=1)  # (points,), first sample outside; the middle itself is inside
    rows = np.arange(points)
    last_in, first_out = values[rows, out - 1], values[rows, out]
    edge = radius[0, out - 1] + 0.5 * last_in / (last_in - first_out)
    return middle + edge[:, None] * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


# 3. Dose


def uniform_dose(dose_gy: float) -> DoseFunction:
    """Give the same dose everywhere."""
    return lambda x, y, z: np.full(np.broadcast_shapes(x.shape, y.shape, z.shape), dose_gy)


def linear_dose(center_gy: float, gradient_gy_per_mm: Point, *, center_mm: Point = (0.0, 0.0, 0.0)) -> DoseFunction:
    """Dose that rises evenly along x, y and z, and nowhere falls below 0; trilinear grids hold it exactly above 0."""

    def dose(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        steps = (g * (p - c) for g, p, c in zip(gradient_gy_per_mm, (x, y, z), center_mm, strict=True))
        return np.maximum(center_gy + sum(steps), 0.0)

    return dose


def sample_dose(dose: DoseFunction, *, first_mm: Point, last_mm: Point, spacing_mm: Point) -> PhantomDose:
    """Put a dose function on a grid that begins at ``first_mm`` and ends at or just before ``last_mm``."""
    x, y, z = (np.array(planes(a, b, d)) for a, b, d in zip(first_mm, last_mm, spacing_mm, strict=True))
    values = dose(x[None, None, :], y[None, :, None], z[:, None, None])
    whole = np.broadcast_to(values, (len(z), len(y), len(x)))  # (k, j, i)
    return PhantomDose(values_gy=np.array(whole, dtype=np.float64), origin_mm=first_mm, spacing_mm=spacing_mm)


def dose_around(
    structures: Sequence[PhantomStructure], dose: DoseFunction, *, margin_mm: float = 10.0, spacing_mm: float = 2.5
) -> PhantomDose:
    """Put a dose function on a cubic grid that reaches a margin beyond all structures."""
    points = np.concatenate([loop for structure in structures for loop in structure.contours_mm])
    first, last = points.min(axis=0) - margin_mm, points.max(axis=0) + margin_mm + spacing_mm
    x0, y0, z0 = map(float, first)
    x1, y1, z1 = map(float, last)
    return sample_dose(dose, first_mm=(x0, y0, z0), last_mm=(x1, y1, z1), spacing_mm=(spacing_mm,) * 3)


# 4. Files


def uid(*label: str) -> UID:
    """Make a UID from words: the same words, the same UID, on any machine."""
    digest = hashlib.sha256("/".join(("sbrtcheck-phantom", *label)).encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def write_plan(
    folder: str | Path,
    *,
    structures: Sequence[PhantomStructure],
    dose: PhantomDose,
    prescription: PhantomPrescription,
    label: str = "TEST",
    bits: int = 16,
) -> Path:
    """Write the three files of a plan that refer to each other: ``rtplan.dcm``, ``rtstruct.dcm``, ``rtdose.dcm``.

    Parameters
    ----------
    folder
        Made when it is not there.
    structures, dose, prescription
        What the files say.
    label
        Names the phantom (``PHANTOM^LABEL``); all UIDs follow from it, so plans in one archive need different labels.
    bits
        16 or 32 a dose point.

    Returns
    -------
    Path
        The folder. The same arguments always give the same bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save(rtstruct_dataset(label, structures), folder / FILE_NAMES["RTSTRUCT"])
    save(rtplan_dataset(label, prescription), folder / FILE_NAMES["RTPLAN"])
    save(rtdose_dataset(label, dose, bits=bits), folder / FILE_NAMES["RTDOSE"])
    return folder


def save(dataset: Dataset, path: Path) -> None:
    """Write a dataset as an explicit VR little endian file; nothing of the writing software's version enters it."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "PHANTOM_1"
    dataset.file_meta = meta
    dcmwrite(path, dataset, enforce_file_format=True)


def rtstruct_dataset(label: str, structures: Sequence[PhantomStructure]) -> Dataset:
    """Build the RT Structure Set."""
    ds = _instance(label, "RTSTRUCT", RT_STRUCT_STORAGE)
    ds.StructureSetLabel = label[:16]
    ds.StructureSetDate, ds.StructureSetTime = DATE, TIME
    ds.ReferencedFrameOfReferenceSequence = [_dataset(FrameOfReferenceUID=uid(label, "frame"))]
    numbered = list(enumerate(structures, start=1))
    ds.StructureSetROISequence = [
        _dataset(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=uid(label, "frame"),
            ROIName=structure.name,
            ROIGenerationAlgorithm="MANUAL",
        )
        for number, structure in numbered
    ]
    ds.ROIContourSequence = [_roi_contour(number, structure) for number, structure in numbered]
    ds.RTROIObservationsSequence = [
        _dataset(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType=structure.kind,
            ROIInterpreter="",
        )
        for number, structure in numbered
    ]
    ds.ApprovalStatus = "UNAPPROVED"
    return ds


def rtplan_dataset(label: str, prescription: PhantomPrescription) -> Dataset:
    """Build the RT Plan: prescription and fractions, no beams."""
    ds = _instance(label, "RTPLAN", RT_PLAN_STORAGE)
    ds.RTPlanLabel = label[:16]
    ds.RTPlanDate, ds.RTPlanTime = DATE, TIME
    ds.RTPlanGeometry = "PATIENT"
    ds.DoseReferenceSequence = [
        _dataset(
            DoseReferenceNumber=1,
            DoseReferenceStructureType="SITE",
            DoseReferenceDescription="PTV",
            DoseReferenceType="TARGET",
            TargetPrescriptionDose=f"{prescription.dose_gy:.10g}",
        )
    ]
    ds.FractionGroupSequence = [
        _dataset(
            FractionGroupNumber=1,
            NumberOfFractionsPlanned=prescription.fractions,
            NumberOfBeams=0,
            NumberOfBrachyApplicationSetups=0,
        )
    ]
    ds.ReferencedStructureSetSequence = [_reference(label, "RTSTRUCT", RT_STRUCT_STORAGE)]
    ds.ApprovalStatus = "UNAPPROVED"
    return ds


def rtdose_dataset(label: str, dose: PhantomDose, *, bits: int = 16) -> Dataset:
    """Build the RT Dose: the physical dose of the whole plan in Gy."""
    ds = _instance(label, "RTDOSE", RT_DOSE_STORAGE)
    scaling = _dose_grid_scaling(dose, bits)
    stored = np.rint(dose.values_gy / float(scaling)).astype(f"<u{bits // 8}")
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.NumberOfFrames, ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    ds.ImagePositionPatient = [f"{p:.10g}" for p in dose.origin_mm]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing = [f"{dose.spacing_mm[1]:.10g}", f"{dose.spacing_mm[0]:.10g}"]  # between rows, between columns
    ds.SliceThickness = ""
    ds.FrameIncrementPointer = 0x3004000C  # Grid Frame Offset Vector
    ds.GridFrameOffsetVector = [f"{k * dose.spacing_mm[2]:.10g}" for k in range(len(stored))]
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    ds.DoseGridScaling = scaling
    ds.TissueHeterogeneityCorrection = "IMAGE"
    ds.ReferencedRTPlanSequence = [_reference(label, "RTPLAN", RT_PLAN_STORAGE)]
    data = stored.tobytes()
    ds.add_new("PixelData", "OW", data + b"\0" * (len(data) % 2))
    return ds


def _dose_grid_scaling(dose: PhantomDose, bits: int) -> str:
    """Gy of one stored unit so that the largest dose just fits: three digits, rounded up, the same everywhere."""
    smallest = max(float(dose.values_gy.max()), 1e-3) / (2**bits - 1)
    digits = f"{smallest * 1.005:.2e}"
    return digits if float(digits) >= smallest else f"{smallest * 1.01:.2e}"


def _instance(label: str, modality: str, sop_class: str) -> Dataset:
    """Build what all three files have in common."""
    return _dataset(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=sop_class,
        SOPInstanceUID=uid(label, modality),
        StudyDate=DATE,
        StudyTime=TIME,
        AccessionNumber="",
        Modality=modality,
        Manufacturer="sbrtcheck phantom",
        ManufacturerModelName="examples",
        SoftwareVersions="1",
        OperatorsName="",
        ReferringPhysicianName="",
        SeriesDescription=f"synthetic phantom {label}",
        PatientName=f"PHANTOM^{label}",
        PatientID=f"sbrtcheck-phantom-{label.lower()}",
        PatientBirthDate="",
        PatientSex="O",
        StudyInstanceUID=uid(label, "study"),
        SeriesInstanceUID=uid(label, modality, "series"),
        StudyID="1",
        SeriesNumber=1,
        InstanceNumber=1,
        InstanceCreationDate=DATE,
        InstanceCreationTime=TIME,
        FrameOfReferenceUID=uid(label, "frame"),
        PositionReferenceIndicator="",
    )


def _dataset(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def _reference(label: str, modality: str, sop_class: str) -> Dataset:
    return _dataset(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid(label, modality))


def _roi_contour(number: int, structure: PhantomStructure) -> Dataset:
    color = [int(value) for value in hashlib.sha256(structure.name.encode()).digest()[:3]]
    item = _dataset(ROIDisplayColor=color, ReferencedROINumber=number)
    if structure.contours_mm:
        item.ContourSequence = [_contour(loop) for loop in structure.contours_mm]
    return item


def _contour(loop: Loop) -> Dataset:
    item = _dataset(ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(loop))
    text = "\\".join(map(_two_decimals, np.round(loop, 2).ravel().tolist())).encode()
    text += b" " * (len(text) % 2)
    # as it is read from files: pydicom would look at each of a plan's hundred thousand numbers otherwise
    tag = Tag("ContourData")
    item[tag] = RawDataElement(tag, "DS", len(text), text, 0, is_implicit_VR=False, is_little_endian=True)
    item.set_original_encoding(is_implicit_vr=False, is_little_endian=True, character_encoding=default_encoding)
    return item


def _two_decimals(value: float) -> str:
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")  # + 0.0 turns -0.0 into 0.0


def in_memory(structures: Sequence[PhantomStructure], dose: PhantomDose, prescription: PhantomPrescription) -> Plan:
    """Make the plan that reading the files would give, without files, rounding or findings."""
    from sbrtcheck.plan import Contours, DoseGrid, Plan, Prescription, Structure

    return Plan(
        dose=DoseGrid.axial(dose.values_gy, origin_mm=dose.origin_mm, spacing_mm=dose.spacing_mm),
        structures=tuple(
            Structure(name=s.name, number=number, kind=s.kind, contours=Contours.of(*s.contours_mm))
            for number, s in enumerate(structures, start=1)
        ),
        prescription=Prescription(dose_gy=prescription.dose_gy, fractions=prescription.fractions),
    )

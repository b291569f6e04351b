"""Writes small synthetic RTSTRUCT, RTDOSE, RTPLAN and image files; each function returns a dataset to vary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

PLAN_UID, SET_UID, DOSE_UID, FRAME_UID = "2.25.1", "2.25.2", "2.25.3", "2.25.4"
CLASSES = {
    "RTDOSE": "1.2.840.10008.5.1.4.1.1.481.2",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "RTPLAN": "1.2.840.10008.5.1.4.1.1.481.5",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
}


def item(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def set_raw(dataset: Dataset, keyword: str, text: str) -> None:
    """Give an element a text as it stands, which pydicom would refuse; for files of implicit VR."""
    dataset.add_new(tag_for_keyword(keyword) or 0, "UT", text)


def items(*datasets: Dataset) -> Items:
    return Items(list(datasets))


def header(modality: str, uid: str) -> Dataset:
    return item(
        SOPClassUID=CLASSES[modality],
        SOPInstanceUID=uid,
        Modality=modality,
        PatientName="Nobody^Really",
        PatientID="secret-id",
        PatientBirthDate="19500101",
        FrameOfReferenceUID=FRAME_UID,
    )


def image(uid: str = "2.25.900") -> Dataset:
    dataset = header("CT", uid)
    dataset.Rows = dataset.Columns = 64
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.PixelData = bytes(64 * 64 * 2)
    return dataset


def plan(
    uid: str = PLAN_UID,
    *,
    doses: Sequence[tuple[float, str]] = ((50.0, "SITE"),),
    fractions: Sequence[int] = (5,),
    beams: Sequence[int] = (),
    structure_set: str = SET_UID,
    label: str = "Lung1",
) -> Dataset:
    dataset = header("RTPLAN", uid)
    dataset.RTPlanLabel = label
    dataset.DoseReferenceSequence = items(
        *(
            item(
                DoseReferenceNumber=at,
                DoseReferenceStructureType=kind,
                DoseReferenceType="TARGET",
                TargetPrescriptionDose=dose_gy,
            )
            for at, (dose_gy, kind) in enumerate(doses, start=1)
        )
    )
    dataset.FractionGroupSequence = items(
        *(
            item(
                FractionGroupNumber=at,
                NumberOfFractionsPlanned=number,
                NumberOfBeams=len(beams),
                ReferencedBeamSequence=items(*(item(ReferencedBeamNumber=b, BeamMeterset=100.0) for b in beams)),
            )
            for at, number in enumerate(fractions, start=1)
        )
    )
    if structure_set:
        dataset.ReferencedStructureSetSequence = items(
            item(ReferencedSOPClassUID=CLASSES["RTSTRUCT"], ReferencedSOPInstanceUID=structure_set)
        )
    return dataset


def values(frames: int = 4, rows: int = 5, columns: int = 6, dtype: str = "uint32") -> npt.NDArray[np.generic]:
    """Stored numbers that are all different, so that a mirrored or transposed grid shows."""
    return (np.arange(frames * rows * columns).reshape(frames, rows, columns) * 100 + 10_000).astype(dtype)


def dose(
    uid: str = DOSE_UID,
    *,
    stored: npt.NDArray[np.generic] | None = None,
    scaling: float | None = 0.002,
    plans: Sequence[str] = (PLAN_UID,),
    summation: str = "PLAN",
    offsets: Iterable[float] | None = None,
    position: Sequence[float] = (-10.0, -20.0, -30.0),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    parts: Sequence[tuple[int, Sequence[int]]] = (),
) -> Dataset:
    stored = values() if stored is None else stored
    dataset = header("RTDOSE", uid)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = stored.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.ImagePositionPatient = list(position)
    dataset.ImageOrientationPatient = list(orientation)
    dataset.PixelSpacing = [2.5, 2.0]  # between rows, between columns
    dataset.GridFrameOffsetVector = list(3.0 * np.arange(len(stored)) if offsets is None else offsets)
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", summation
    if scaling is not None:
        dataset.DoseGridScaling = scaling
    dataset.PixelData = stored.tobytes()
    if plans:
        dataset.ReferencedRTPlanSequence = items(*(_plan_reference(ref, parts) for ref in plans))
    return dataset


def _plan_reference(uid: str, parts: Sequence[tuple[int, Sequence[int]]]) -> Dataset:
    reference = item(ReferencedSOPClassUID=CLASSES["RTPLAN"], ReferencedSOPInstanceUID=uid)
    if parts:
        reference.ReferencedFractionGroupSequence = items(
            *(
                item(
                    ReferencedFractionGroupNumber=group,
                    ReferencedBeamSequence=items(*(item(ReferencedBeamNumber=beam) for beam in beams)),
                )
                for group, beams in parts
            )
        )
    return reference


def contour(points: npt.ArrayLike, kind: str | None = "CLOSED_PLANAR") -> Dataset:
    array = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    one = item(NumberOfContourPoints=len(array), ContourData=[f"{x:.3f}" for x in array.ravel()])
    if kind is not None:
        one.ContourGeometricType = kind
    return one


def square(z_mm: float, half_mm: float = 4.0) -> Dataset:
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return contour([(half_mm * x, half_mm * y, z_mm) for x, y in corners])


Roi = tuple[int, str, str, Sequence[Dataset]]


def structure_set(
    uid: str = SET_UID, *, rois: Sequence[Roi] | None = None, frame: str = FRAME_UID, top_frame: bool = False
) -> Dataset:
    rois = [(1, "PTV", "PTV", [square(z) for z in (-27.0, -24.0, -21.0)])] if rois is None else rois
    dataset = header("RTSTRUCT", uid)
    if not top_frame:
        del dataset.FrameOfReferenceUID
    dataset.StructureSetLabel = "set"
    if frame:
        dataset.ReferencedFrameOfReferenceSequence = items(item(FrameOfReferenceUID=frame))
    dataset.StructureSetROISequence = items(
        *(item(ROINumber=n, ROIName=name, ReferencedFrameOfReferenceUID=frame) for n, name, _, _ in rois)
    )
    dataset.ROIContourSequence = items(
        *(item(ReferencedROINumber=n, ContourSequence=items(*contours)) for n, _, _, contours in rois)
    )
    dataset.RTROIObservationsSequence = items(
        *(
            item(ObservationNumber=n, ReferencedROINumber=n, RTROIInterpretedType=kind, ROIInterpreter="")
            for n, _, kind, _ in rois
        )
    )
    return dataset


def stored_dvh(
    pairs: npt.ArrayLike,
    *,
    rois: Sequence[tuple[int, str]] = ((1, "INCLUDED"),),
    kind: str = "CUMULATIVE",
    volume_units: str = "CM3",
    dose_units: str = "GY",
    stated: tuple[float, float, float] | None = None,
    scaling: float = 1.0,
) -> Dataset:
    """One item of a DVH Sequence; ``stated`` are minimum, maximum and mean."""
    data = np.asarray(pairs, dtype=np.float64)
    one = item(
        DVHType=kind,
        DoseUnits=dose_units,
        DoseType="PHYSICAL",
        DVHDoseScaling=scaling,
        DVHVolumeUnits=volume_units,
        DVHNumberOfBins=len(data),
        DVHData=[f"{x:.10g}" for x in data.ravel()],
        DVHReferencedROISequence=items(
            *(
                item(ReferencedROINumber=n, **({"DVHROIContributionType": included} if included else {}))
                for n, included in rois
            )
        ),
    )
    if stated is not None:
        one.DVHMinimumDose, one.DVHMaximumDose, one.DVHMeanDose = stated
    return one


def write(path: Path, dataset: Dataset, syntax: str = ImplicitVRLittleEndian, *, meta: bool = True) -> Path:
    """Write a file; without ``meta`` it has neither preamble nor file meta information."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = deepcopy(dataset)
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OW"
    if syntax == ExplicitVRBigEndian and "PixelData" in dataset:
        stored = np.frombuffer(dataset.PixelData, dtype=f"<u{dataset.BitsAllocated // 8}")
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
    if not meta:
        implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
        dataset.save_as(path, implicit_vr=implicit, little_endian=little)
        return path
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    if syntax == RLELossless:
        dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_plan(folder: Path, *datasets: Dataset, syntax: str = ImplicitVRLittleEndian, meta: bool = True) -> Path:
    """Write the datasets as ``0``, ``1`` ... in a folder; the default plan when there are none."""
    for at, dataset in enumerate(datasets or (dose(), structure_set(), plan())):
        write(folder / str(at), dataset, syntax, meta=meta)
    return folder


def say_one_patient(*folders: Path) -> None:
    """Write one identity into all files below the folders: each phantom has that of its label."""
    for path in (path for folder in folders for path in folder.iterdir()):
        dataset = dcmread(path)
        dataset.PatientName, dataset.PatientID = "PHANTOM^ONE", "sbrtcheck-phantom-one"
        dataset.save_as(path)

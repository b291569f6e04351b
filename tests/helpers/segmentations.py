"""Makes segmentations (SEG) of masks, by hand and by highdicom; each function returns a dataset to vary."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SHAPE = (5, 3, 7)  # layers, rows, columns: 21 voxels a frame, which end within a byte
FIRST_MM = np.array([-5.0, 4.0, 2.0])
ROWS_MM, COLUMNS_MM, LAYERS_MM = 2.0, 1.5, 3.0
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
PRONE = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)


def item(**values: Any) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def group(**values: Any) -> Sequence:
    return Sequence([item(**values)])


def seg(segments: list[np.ndarray], *, kind: str = "BINARY", orientation: tuple[float, ...] = AXIAL) -> Dataset:
    """A SEG with a frame for each layer of each segment that has a voxel, the last layer first."""
    axes = np.reshape(orientation, (2, 3))
    normal = np.cross(*axes)
    frames = [(n, k) for n, mask in enumerate(segments, start=1) for k in range(len(mask))[::-1] if mask[k].any()]
    values = np.array([segments[n - 1][k] for n, k in frames]).reshape(-1, *SHAPE[1:])
    packed = np.packbits(values != 0, bitorder="little").tobytes() if kind == "BINARY" else values.tobytes()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4",
        SOPInstanceUID=generate_uid(),
        FrameOfReferenceUID=generate_uid(),
        SegmentationType=kind,
        NumberOfFrames=len(frames),
        Rows=SHAPE[1],
        Columns=SHAPE[2],
        BitsAllocated=1 if kind == "BINARY" else 8,
        BitsStored=1 if kind == "BINARY" else 8,
        HighBit=0 if kind == "BINARY" else 7,
        PixelRepresentation=0,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        PixelData=packed + b"\0" * (len(packed) % 2),
        SegmentSequence=Sequence(
            [
                item(
                    SegmentNumber=n,
                    SegmentLabel=f"Organ {n}",
                    SegmentedPropertyTypeCodeSequence=group(CodeMeaning="Heart"),
                )
                for n in range(1, len(segments) + 1)
            ]
        ),
        SharedFunctionalGroupsSequence=group(
            PlaneOrientationSequence=group(ImageOrientationPatient=list(orientation)),
            PixelMeasuresSequence=group(
                PixelSpacing=[ROWS_MM, COLUMNS_MM], SliceThickness=LAYERS_MM, SpacingBetweenSlices=LAYERS_MM
            ),
        ),
        PerFrameFunctionalGroupsSequence=Sequence(
            [
                item(
                    PlanePositionSequence=group(ImagePositionPatient=(FIRST_MM + k * LAYERS_MM * normal).tolist()),
                    SegmentIdentificationSequence=group(ReferencedSegmentNumber=n),
                )
                for n, k in frames
            ]
        ),
    )
    made.file_meta = meta
    return made


def images() -> list[Dataset]:
    """The axial images that highdicom takes frame and positions of."""
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = []
    for k in range(SHAPE[0]):
        image = item(
            SOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            SOPInstanceUID=generate_uid(),
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            FrameOfReferenceUID=frame,
            Modality="CT",
            Rows=SHAPE[1],
            Columns=SHAPE[2],
            PixelSpacing=[ROWS_MM, COLUMNS_MM],
            SliceThickness=LAYERS_MM,
            ImageOrientationPatient=list(AXIAL),
            ImagePositionPatient=(FIRST_MM + np.array([0, 0, k * LAYERS_MM])).tolist(),
        )
        for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime"):
            setattr(image, name, "")
        image.AccessionNumber = image.ReferringPhysicianName = ""
        image.file_meta = meta
        made.append(image)
    return made


def of_highdicom(masks: np.ndarray, kind: str) -> Dataset:
    import highdicom
    from pydicom.sr.codedict import codes

    described = [
        highdicom.seg.SegmentDescription(
            segment_number=n,
            segment_label=f"Organ {n}",
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Heart,
            algorithm_type="MANUAL",
        )
        for n in (1, 2)
    ]
    texts = dict.fromkeys(("manufacturer", "manufacturer_model_name", "software_versions", "device_serial_number"), "x")
    made: Dataset = highdicom.seg.Segmentation(
        source_images=images(),
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        **texts,
    )
    return made

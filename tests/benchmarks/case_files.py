"""Write the files of a benchmark case, large ones quickly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shop  # noqa: F401 - puts the examples, with the phantom writer, on the path
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

import phantom

PRESCRIPTION = phantom.PhantomPrescription(dose_gy=50.0, fractions=5)


def write_case(
    folder: Path,
    label: str,
    *,
    structures: Sequence[phantom.PhantomStructure],
    dose: phantom.PhantomDose,
    bits: int = 32,
) -> Path:
    """Write RTPLAN, RTSTRUCT and RTDOSE; contour numbers have three decimals."""
    folder.mkdir(parents=True, exist_ok=True)
    names = phantom.FILE_NAMES
    phantom.save(phantom.rtplan_dataset(label, PRESCRIPTION), folder / names["RTPLAN"])
    phantom.save(phantom.rtdose_dataset(label, dose, bits=bits), folder / names["RTDOSE"])
    phantom.save(_structure_set(label, structures), folder / names["RTSTRUCT"])
    return folder


def _structure_set(label: str, structures: Sequence[phantom.PhantomStructure]) -> Dataset:
    """The structure set, its contour data put in as bytes: millions of numbers as objects would take a minute."""
    bare = [phantom.PhantomStructure(name=s.name, kind=s.kind) for s in structures]
    dataset = phantom.rtstruct_dataset(label, bare)
    for item, structure in zip(dataset.ROIContourSequence, structures, strict=True):
        item.ContourSequence = [_contour(loop) for loop in structure.contours_mm]
    return dataset


def _contour(loop: phantom.Loop) -> Dataset:
    text = "\\".join(f"{value:.3f}" for value in (np.round(loop, 3) + 0.0).ravel().tolist()).encode()
    text += b" " * (len(text) % 2)
    item = Dataset()
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = len(loop)
    tag = Tag("ContourData")
    item[tag] = RawDataElement(tag, "DS", len(text), text, 0, is_implicit_VR=False, is_little_endian=True)
    return item

"""Write an archive of phantom plans: ``python examples/make_archive.py OUT_DIR [--plans 500] [--seed 1]``.

Every plan has a folder of its own, and a line in ``manifest.csv``: what it is, and what a check against ``table.yaml``,
which is written too, must make of it. No phantom is a patient, and no limit in that table is clinical. Of 20 plans:

* 17 are whole: sizes, grids, slice spacings, fraction numbers and spellings of names vary. In a fifth of them the cord
  lies so close to the target that its row fails, in another fifth it was not contoured.
* 1 is damaged, in one of the ways of `DAMAGES`.
* 2 are de-identified, in one of the ways of `DE_IDENTIFICATIONS`, as such software does it.

The same number and seed always give the same bytes. Doses have a plateau in the target and fall off with the distance
from it, so that what each plan must come to follows from where its structures lie.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from phantom import (
    FILE_NAMES,
    FloatArray,
    Loop,
    PhantomDose,
    PhantomPrescription,
    PhantomStructure,
    Point,
    cylinder,
    ellipse,
    rtdose_dataset,
    rtplan_dataset,
    rtstruct_dataset,
    sample_dose,
    save,
    slab_planes,
    sphere,
    stack,
    uid,
)

PASSING, FAILING, TO_REVIEW, NOT_CHECKED = "passing", "failing", "to be reviewed", "not checked"
"""What a plan must come to, in the words of `sbrtcheck.archive.State`."""

TABLE = """\
id: phantom-archive
version: "1.0.0"
title: Limits for the plans of make_archive.py; none is clinical
site: lung
fractions: [1, 3, 4, 5, 8]
sources:
  - {key: phantom, citation: make_archive.py, where: its docstring}
rows:
  - id: target
    organ: Target
    structure: PTV
    metric: D50%[%Rx]
    above: 95
    mandatory: true
    source: {cite: phantom, where: TABLE}
    confirmed_by: [the plateau of the dose, its width]
  - id: cord
    organ: Spinal cord
    structure: SpinalCord
    metric: D0.1cc[%Rx]
    below: 40
    mandatory: true
    source: {cite: phantom, where: TABLE}
    confirmed_by: [the distance of the cord, the fall of the dose]
  - id: heart
    organ: Heart
    structure: Heart
    metric: Mean[%Rx]
    below: 60
    mandatory: true
    source: {cite: phantom, where: TABLE}
    confirmed_by: [the distance of the heart, the fall of the dose]
"""

_SPELLINGS = {
    "SpinalCord": ("SpinalCord", "Spinal Cord", "spinal_cord", "SPINALCORD"),
    "Heart": ("Heart", "HEART", "heart"),
    "Esophagus": ("Esophagus", "Oesophagus", "ESOPHAGUS"),
    "Lung_L": ("Lung_L", "Lung L", "LUNG_L"),
    "Lung_R": ("Lung_R", "Lung R", "LUNG_R"),
}
_PRESCRIPTIONS = ((34.0, 1), (54.0, 3), (48.0, 4), (50.0, 5), (60.0, 8))
_CORD_MM = {PASSING: 75.0, FAILING: 16.0}  # from the middle of the target to that of the cord
_FALL_MM = 12.0  # within this distance of the plateau's edge the dose falls to half
_PLATEAU_MM = 18.0
_CORD_RADIUS_MM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The datasets of a plan by modality, and the modality of the file that ends too early."""

    datasets: dict[str, Dataset]
    cut: str = ""

    @property
    def plan(self) -> Dataset:
        """The RTPLAN."""
        return self.datasets["RTPLAN"]

    @property
    def structures(self) -> Dataset:
        """The RTSTRUCT."""
        return self.datasets["RTSTRUCT"]

    @property
    def dose(self) -> Dataset:
        """The RTDOSE."""
        return self.datasets["RTDOSE"]

    def each(self) -> list[Dataset]:
        """All of them."""
        return list(self.datasets.values())

    def without(self, modality: str) -> Files:
        """The same without a file."""
        return replace(self, datasets={name: one for name, one in self.datasets.items() if name != modality})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the manifest."""

    folder: str
    kind: str
    what: str
    expected: str
    fractions: int
    slice_mm: float
    grid_mm: float
    structures: int


Change = Callable[[Files], Files]


# 1. What is done to plans. Each gives what they come to; None for what they would have come to unharmed.


def _roi(files: Files, kind: str) -> int:
    """ROI number of the structure of that kind of name, whatever its spelling."""
    spelled = {name.casefold() for name in _SPELLINGS[kind]}
    sequence = files.structures.StructureSetROISequence
    return next(int(roi.ROINumber) for roi in sequence if roi.ROIName.casefold() in spelled)


def _contour(files: Files, kind: str) -> Dataset:
    """The first contour of a structure."""
    number = _roi(files, kind)
    found = next(one for one in files.structures.ROIContourSequence if one.ReferencedROINumber == number)
    contour: Dataset = found.ContourSequence[0]
    return contour


def _incomplete_contour(files: Files) -> Files:
    contour = _contour(files, "Heart")
    contour.ContourData = list(contour.ContourData)[:-1]
    return files


def _no_number(files: Files) -> Files:
    contour = _contour(files, "Heart")
    numbers = [str(value) for value in contour.ContourData]
    contour["ContourData"]._value = ["NaN", *numbers[1:]]  # noqa: SLF001 - pydicom refuses what files have
    return files


def _scaled_dose(files: Files, factor: float) -> Files:
    files.dose.DoseGridScaling = f"{float(files.dose.DoseGridScaling) * factor:.8g}"
    return files


def _zero_dose(files: Files) -> Files:
    files.dose.PixelData = bytes(len(files.dose.PixelData))
    return files


def _no_prescription(files: Files) -> Files:
    del files.plan.DoseReferenceSequence
    return files


def _bad_spacing(files: Files) -> Files:
    files.dose.PixelSpacing = ["0", "0"]
    return files


DAMAGES: dict[str, tuple[Change, str]] = {
    "the dose ends too early": (lambda files: replace(files, cut="RTDOSE"), NOT_CHECKED),
    "the structure set ends too early": (lambda files: replace(files, cut="RTSTRUCT"), NOT_CHECKED),
    "the dose is missing": (lambda files: files.without("RTDOSE"), NOT_CHECKED),
    "the structure set is missing": (lambda files: files.without("RTSTRUCT"), NOT_CHECKED),
    "one contour lacks a number": (_incomplete_contour, TO_REVIEW),
    "one coordinate is no number": (_no_number, TO_REVIEW),
    "the dose is zero": (_zero_dose, NOT_CHECKED),
    "the dose is that of one of five fractions": (lambda files: _scaled_dose(files, 0.2), NOT_CHECKED),
    "no prescription": (_no_prescription, NOT_CHECKED),
    "a pixel spacing of zero": (_bad_spacing, NOT_CHECKED),
}


def _without_names(files: Files) -> Files:
    """Structure names are free text: what removes free text calls them by their numbers."""
    for roi, observation in zip(
        files.structures.StructureSetROISequence, files.structures.RTROIObservationsSequence, strict=True
    ):
        roi.ROIName = f"ROI {roi.ROINumber}"
        observation.RTROIInterpretedType = ""
    return files


def _without_references(files: Files) -> Files:
    for one in files.each():
        for keyword in ("ReferencedRTPlanSequence", "ReferencedStructureSetSequence"):
            if keyword in one:
                delattr(one, keyword)
    return files


def _without_frames(files: Files) -> Files:
    for one in _without_references(files).each():
        one.FrameOfReferenceUID = ""
        if "ReferencedFrameOfReferenceSequence" in one:
            del one.ReferencedFrameOfReferenceSequence
        for roi in one.get("StructureSetROISequence", ()):
            roi.ReferencedFrameOfReferenceUID = ""
    return files


def _new_uids(files: Files) -> Files:
    """Every file gets a UID of its own, and what refers to it keeps the old one."""
    for one in files.each():
        one.SOPInstanceUID = uid("another", one.SOPInstanceUID)
    return files


def _same_uids(files: Files) -> Files:
    """UIDs are constants: all plans of this kind have the same."""
    constant = {one.Modality: uid("constant", one.Modality) for one in files.each()}
    for one in files.each():
        one.SOPInstanceUID, one.FrameOfReferenceUID = constant[one.Modality], uid("constant", "frame")
        one.PatientID = f"anon {int(one.PatientID.rpartition('-')[2], 36) % 9973}"
    files.dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = constant["RTPLAN"]
    files.plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = constant["RTSTRUCT"]
    files.structures.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = uid("constant", "frame")
    for roi in files.structures.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = uid("constant", "frame")
    return files


def _without_patient(files: Files) -> Files:
    for one in files.each():
        one.PatientName = one.PatientID = one.StudyDate = one.SeriesDescription = ""
    return files


DE_IDENTIFICATIONS: dict[str, tuple[Change, str | None]] = {
    "names of structures removed": (_without_names, NOT_CHECKED),
    "references lost": (_without_references, None),
    "references and frames of reference lost": (_without_frames, NOT_CHECKED),
    "new UIDs, old references": (_new_uids, NOT_CHECKED),
    "the same UIDs in several folders": (_same_uids, None),
    "patient removed": (_without_patient, None),
}


# 2. Plans


@cache
def _organs(scale: float, slice_mm: float) -> tuple[PhantomStructure, ...]:
    """What is alike in all plans of one size: a rough chest, with the target's place in its middle."""
    top = 60.0 * scale

    def column(x: float, y: float, a: float, b: float) -> tuple[Loop, ...]:
        return stack(slab_planes(-top, top, slice_mm), lambda _: [ellipse((x, y), (a, b))])

    def egg(center_mm: Point, radius_mm: float) -> tuple[Loop, ...]:
        return sphere(center_mm, radius_mm, spacing_mm=slice_mm)

    organs = {
        "Heart": egg((75.0 * scale, 0.0, -10.0), 32.0 * scale),
        "Lung_R": column(-20.0 * scale, -40.0, 60.0 * scale, 34.0 * scale),
        "Lung_L": column(100.0 * scale, 60.0, 50.0 * scale, 30.0 * scale),
        "Esophagus": column(60.0 * scale, 40.0, 8.0, 6.0),
        "Trachea": column(62.0 * scale, 20.0, 9.0, 8.0),
        "GreatVes": column(48.0 * scale, 55.0, 12.0, 12.0),
        "Liver": egg((0.0, 30.0, -75.0 * scale), 38.0 * scale),
        "Body": column(40.0, 10.0, 130.0 * scale, 95.0 * scale),
    }
    kinds = {"Body": "EXTERNAL"}
    return tuple(PhantomStructure(name=n, kind=kinds.get(n, "ORGAN"), contours_mm=c) for n, c in organs.items())


def _plan(number: int, seed: int, cord: str, change: Change, labels: Sequence[str]) -> tuple[Files, Line]:
    """One plan; ``cord`` is what its distance makes of the plan, or that it is not there."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - varied, not secret
    scale, slice_mm = chance.choice((0.9, 1.0, 1.1)), chance.choice((2.0, 2.5, 3.0, 4.0))
    grid_mm, (dose_gy, fractions) = chance.choice((2.5, 3.0, 4.0)), chance.choice(_PRESCRIPTIONS)
    radius_mm = chance.choice((9.0, 12.0, 15.0))
    targets = {"GTV": radius_mm - 3.0, "PTV": radius_mm + 3.0}
    structures = [
        PhantomStructure(name=name, kind=name, contours_mm=sphere((0.0, 0.0, 0.0), radius, spacing_mm=slice_mm))
        for name, radius in targets.items()
    ]
    wanted = chance.randint(4, 8)
    structures += _organs(scale, slice_mm)[:wanted]
    if cord != TO_REVIEW:
        place = (0.0, _CORD_MM[cord] + max(radius_mm - 9.0, 0.0), 0.0)
        contours = cylinder(place, _CORD_RADIUS_MM, 110.0 * scale, spacing_mm=slice_mm)
        structures.append(PhantomStructure(name="SpinalCord", contours_mm=contours))
    structures = [replace(one, name=chance.choice(_SPELLINGS.get(one.name, (one.name,)))) for one in structures]
    label = f"{seed}-{_base_36(number)}"
    dose = _dose(radius_mm, dose_gy, structures, grid_mm)
    files = change(
        Files(
            datasets={
                "RTPLAN": rtplan_dataset(label, PhantomPrescription(dose_gy=dose_gy, fractions=fractions)),
                "RTSTRUCT": rtstruct_dataset(label, structures),
                "RTDOSE": rtdose_dataset(label, dose),
            }
        )
    )
    kind, what, expected, folder = labels
    line = Line(
        folder=folder,
        kind=kind,
        what=what,
        expected=expected,
        fractions=fractions,
        slice_mm=slice_mm,
        grid_mm=grid_mm,
        structures=len(structures),
    )
    return files, line


def _base_36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return _base_36(number // 36) + digits[number % 36] if number >= 36 else digits[number]


def _dose(radius_mm: float, dose_gy: float, structures: Sequence[PhantomStructure], grid_mm: float) -> PhantomDose:
    """The prescribed dose and 10 % on a plateau over the target; beyond, less with the square of the distance."""
    points = np.concatenate([loop for one in structures for loop in one.contours_mm])
    first, last = points.min(axis=0) - 2.0 * grid_mm, points.max(axis=0) + 3.0 * grid_mm
    edge = radius_mm + 3.0 + 2.0

    def dose(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        beyond = np.maximum(np.sqrt(x * x + y * y + z * z) - edge, 0.0) / _FALL_MM
        fallen: FloatArray = 1.1 * dose_gy / (1.0 + beyond * beyond)
        return fallen

    (x0, y0, z0), (x1, y1, z1) = map(tuple, (first.tolist(), last.tolist()))
    return sample_dose(dose, first_mm=(x0, y0, z0), last_mm=(x1, y1, z1), spacing_mm=(grid_mm,) * 3)


# 3. The archive


def write_archive(out: Path, numbers: Iterable[int], seed: int = 1) -> list[Line]:
    """Write the plans of these numbers, ``manifest.csv`` and ``table.yaml``; the lines of the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    lines = [_write(out, number, seed) for number in numbers]
    with (out / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        names = Line.__slots__
        writer.writerow(names)
        writer.writerows([getattr(line, name) for name in names] for line in lines)
    (out / "table.yaml").write_text(TABLE, encoding="utf-8")
    return lines


def _write(out: Path, number: int, seed: int) -> Line:
    cord = {3: FAILING, 8: FAILING, 13: FAILING, 5: TO_REVIEW, 10: TO_REVIEW, 15: TO_REVIEW}.get(number % 20, PASSING)
    kind, what, change, comes_to = _kind(number)
    folder = f"{number // 100:03}/plan-{number:05}"
    labels = (kind, what, cord if comes_to is None else comes_to, folder)
    files, line = _plan(number, seed, cord, change, labels)
    place = out / folder
    place.mkdir(parents=True, exist_ok=True)
    for dataset in files.each():
        path = place / FILE_NAMES[dataset.Modality]
        save(dataset, path)
        if dataset.Modality == files.cut:
            path.write_bytes(path.read_bytes()[:-200])
    return line


def _kind(number: int) -> tuple[str, str, Change, str | None]:
    """Kind of a plan, what was done to it, by what, and what it then comes to, if that is another than else."""
    dozen, place = divmod(number, 20)
    if place == 4:
        what, (change, damaged) = list(DAMAGES.items())[dozen % len(DAMAGES)]
        return "damaged", what, change, damaged
    if place in (9, 19):
        several = list(DE_IDENTIFICATIONS.items())
        what, (change, comes_to) = several[(2 * dozen + place // 10) % len(several)]
        return "de-identified", what, change, comes_to
    return "whole", "", lambda files: files, None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--plans", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"{len(write_archive(asked.out, range(asked.plans), asked.seed))} plans in {asked.out}")

"""Three files of a plan in, the same files out as the world changes them: lost, renamed, doubled, cut, damaged.

1. `PlanFiles`: what a check is given; `read` it from files, `small_plan` makes one in a moment.
2. Changes of a structure: functions of the files, a structure's name and a random source.
3. Changes of the dose, of the prescription, of the folder, of the names given.
4. Orders: what may stand in any order.

A change works in place. It raises `Unchanged` where it does not apply, such as to a contour that is already damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ImplicitVRLittleEndian

import phantom
from dicom_files import contour, item, set_raw

Points = npt.NDArray[np.float64]  # (points, 3), mm

OTHER_UID = "2.25.31415926"


class Unchanged(Exception):  # noqa: N818 - not an error: there is nothing to change
    """The change does not apply to these files."""


@dataclass(slots=True)
class PlanFiles:
    """The files of one plan, others that lie beside them, and the names that the user gives."""

    structures: Dataset
    dose: Dataset
    plan: Dataset
    others: list[Dataset] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    order: tuple[int, ...] = ()  # of the files as they are written; none: as above

    def save(self, folder: Path) -> Path:
        """Write all files; their names follow their order."""
        datasets = [self.structures, self.dose, self.plan, *self.others]
        folder.mkdir(parents=True, exist_ok=True)
        for place, at in enumerate(self.order or range(len(datasets))):
            save(datasets[at], folder / f"{place}.dcm")
        return folder

    # what a structure set says of one structure

    def rois(self, name: str) -> list[Dataset]:
        """The ROIs of a name in any letters, as the structure set lists them."""
        return [roi for roi in self.structures.StructureSetROISequence if roi.ROIName.lower() == name.lower()]

    def roi(self, name: str) -> Dataset:
        """The one ROI of a name, or the one of several that is contoured."""
        found = self.rois(name)
        with_contours = [roi for roi in found if any(part.get("ContourSequence") for part in self._items(roi))]
        if not found or len(with_contours) > 1:
            raise Unchanged(name)
        return (with_contours or found)[0]

    def number(self, name: str) -> int:
        return _number(self.roi(name), "ROINumber")

    def items(self, name: str) -> list[Dataset]:
        """The items that hold the contours of a structure."""
        found = self._items(self.roi(name))
        if not found:
            raise Unchanged(name)
        return found

    def _items(self, roi: Dataset) -> list[Dataset]:
        number = _text(roi, "ROINumber")
        return [one for one in self.structures.ROIContourSequence if number == _text(one, "ReferencedROINumber") != ""]

    def contours(self, name: str) -> list[Dataset]:
        found = [one for part in self.items(name) for one in part.get("ContourSequence", ())]
        if not found:
            raise Unchanged(name)
        return found

    def put(self, name: str, contours: Sequence[Dataset]) -> None:
        """Give a structure these contours in place of its own."""
        first, *rest = self.items(name)
        first.ContourSequence = Items(list(contours))
        for part in rest:
            part.ContourSequence = Items([])

    def add(self, name: str, contours: Sequence[Dataset], *, kind: str = "ORGAN") -> int:
        """Add a structure; the number it got."""
        listed = self.structures.StructureSetROISequence
        number = 1 + max(_number(roi, "ROINumber") for roi in listed if "ROINumber" in roi)
        frame = self.dose.FrameOfReferenceUID
        listed.append(item(ROINumber=number, ReferencedFrameOfReferenceUID=frame, ROIName=name))
        self.structures.ROIContourSequence.append(
            item(ReferencedROINumber=number, ContourSequence=Items(list(contours)))
        )
        self.structures.RTROIObservationsSequence.append(
            item(ObservationNumber=number, ReferencedROINumber=number, RTROIInterpretedType=kind, ROIInterpreter="")
        )
        return number

    # what a dose file says

    @property
    def dose_gy(self) -> Points:
        """Dose ``[k, j, i]``, Gy."""
        stored = np.frombuffer(self.dose.PixelData, f"<u{self.dose.BitsAllocated // 8}")
        shape = (int(self.dose.NumberOfFrames), self.dose.Rows, self.dose.Columns)
        if len(stored) < np.prod(shape):
            raise Unchanged("pixels are missing")
        return stored[: int(np.prod(shape))].reshape(shape) * float(self.dose.DoseGridScaling)

    def set_dose(self, dose_gy: Points) -> None:
        """Store a dose on a grid of the same shape or another; the place of its first point stays."""
        top = 2 ** int(self.dose.BitsAllocated) - 1
        scaling = f"{max(float(dose_gy.max()), 1e-3) / top * 1.001:.6g}"
        stored = np.rint(dose_gy / float(scaling)).astype(f"<u{self.dose.BitsAllocated // 8}")
        self.dose.NumberOfFrames, self.dose.Rows, self.dose.Columns = stored.shape
        self.dose.DoseGridScaling = scaling
        self.dose.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset[keyword].value) if keyword in dataset else ""


def _number(dataset: Dataset, keyword: str) -> int:
    try:
        return int(dataset[keyword].value)
    except (KeyError, TypeError, ValueError):
        raise Unchanged(keyword) from None


def points_of(one: Dataset) -> Points:
    """The corners of a contour; `Unchanged` where it is damaged."""
    try:
        numbers = np.array([float(text) for text in one.ContourData])
    except (AttributeError, TypeError, ValueError):
        raise Unchanged("damaged contour") from None
    if len(numbers) % 3 or not len(numbers) or not np.isfinite(numbers).all():
        raise Unchanged("damaged contour")
    return numbers.reshape(-1, 3)


def move(one: Dataset, points: Points) -> None:
    """Give a contour these corners; they are written as planning systems do, to a thousandth of a mm."""
    for keyword in ("ContourData", "NumberOfContourPoints"):
        if keyword in one:
            del one[keyword]  # it may be a text that is no number
    one.ContourData = [f"{value:.3f}" for value in np.asarray(points).ravel()]
    one.NumberOfContourPoints = len(points)


def copy_of(one: Dataset, points: Points) -> Dataset:
    made = contour(points)
    set_raw(made, "ContourGeometricType", str(one.get("ContourGeometricType", "CLOSED_PLANAR")))
    made.ContourData = [f"{value:.3f}" for value in np.asarray(points).ravel()]
    return made


def save(dataset: Dataset, file: Path | BytesIO) -> None:
    """Write a file of implicit VR, in which every text stands as it is."""
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(file, implicit_vr=True, little_endian=True, enforce_file_format=True)


def read(folder: Path) -> PlanFiles:
    """The three files of a bundled plan."""
    names = ("rtstruct.dcm", "rtdose.dcm", "rtplan.dcm")
    return opened([_in_implicit_vr((folder / name).read_bytes()) for name in names])


@cache
def _in_implicit_vr(raw: bytes) -> bytes:
    """The same file as `save` writes it: what is not touched is then copied, not read and written number by number."""
    with BytesIO() as file:
        save(dcmread(BytesIO(raw)), file)
        return file.getvalue()


def opened(raw: Sequence[bytes]) -> PlanFiles:
    return PlanFiles(*(dcmread(BytesIO(one)) for one in raw))


# ------------------------------------------------------------------------------------------------- a small plan

CENTRE_MM = (-14.0, 0.0, 0.0)  # of the target
SPACING_MM = 3.0
TALL = (-18.0, 18.0)

EXPECTED = ("Heart", "SpinalCord", "Esophagus", "GreatVes", "Lung_L", "Lung_R", "Trachea", "Bronchus_Main")
"""Organs of the small plan that every plan of the lung is expected to have; it has a Stomach besides."""

NAMED = {"BrachialPlex_R": "vagus 7"}
"""What only the user can say of the small plan."""


def _tube(x: float, y: float, radius: float, span: tuple[float, float], points: int = 14) -> tuple[phantom.Loop, ...]:
    middles = phantom.planes(*span, SPACING_MM)
    return phantom.stack(middles, lambda _: [phantom.circle((x, y), radius, points=points)])


def _block(x: float, width: float) -> tuple[phantom.Loop, ...]:
    return phantom.stack(phantom.planes(*TALL, SPACING_MM), lambda _: [phantom.rectangle((x, 0.0), (width, 40.0))])


def _ball(radius: float) -> tuple[phantom.Loop, ...]:
    def outlines(z: float) -> list[phantom.Outline]:
        across = max(radius**2 - z**2, 0.0) ** 0.5
        return [phantom.circle(CENTRE_MM, across, points=20)] if across > 1.0 else []

    return phantom.stack(phantom.planes(-9.0, 9.0, SPACING_MM), outlines)


@cache
def small_plan_bytes(variant: int = 0) -> tuple[bytes, bytes, bytes]:
    """Chest organs of a few cc round a target of 2 cc in a ball of dose, 50 Gy in 5; variants differ a little."""
    wider, hotter = 0.4 * (variant % 3), 1.0 + 0.02 * (variant % 4)
    structures = [
        phantom.PhantomStructure(name="PTV", kind="PTV", contours_mm=_ball(7.0)),
        phantom.PhantomStructure(name="GTV", kind="GTV", contours_mm=_ball(4.5)),
        phantom.PhantomStructure(name="Lung_L", contours_mm=_block(26.0, 14.0)),
        phantom.PhantomStructure(name="Lung_R", contours_mm=_block(-20.0, 28.0)),
        phantom.PhantomStructure(name="Heart", contours_mm=_tube(9.0, -8.0, 7.0 + wider, TALL)),
        phantom.PhantomStructure(name="SpinalCord", contours_mm=_tube(5.0, 15.0, 3.0 + wider, TALL)),
        phantom.PhantomStructure(name="Esophagus", contours_mm=_tube(0.0, 5.0, 3.0 + wider, TALL)),
        phantom.PhantomStructure(name="Trachea", contours_mm=_tube(0.0, -15.0, 3.5, (3.0, 18.0))),
        phantom.PhantomStructure(name="Bronchus_Main", contours_mm=_tube(-3.0, -8.0, 3.0, (-15.0, 0.0))),
        phantom.PhantomStructure(name="GreatVes", contours_mm=_tube(1.0, -2.0, 2.5 + wider, TALL)),
        phantom.PhantomStructure(name="Stomach", contours_mm=_tube(-8.0, 13.0, 2.5, TALL)),
        phantom.PhantomStructure(name="vagus 7", contours_mm=_tube(-2.0, 11.0, 2.5, TALL)),
    ]

    def ball(x: phantom.FloatArray, y: phantom.FloatArray, z: phantom.FloatArray) -> phantom.FloatArray:
        square = sum((p - c) ** 2 for p, c in zip((x, y, z), CENTRE_MM, strict=True))
        return hotter * (58.0 * np.exp(-square / 15.0**2) + 2.0)

    dose = phantom.sample_dose(ball, first_mm=(-42.0, -30.0, -30.0), last_mm=(42.0, 30.0, 30.0), spacing_mm=(3.0,) * 3)
    label, rx = f"SMALL{variant}", phantom.PhantomPrescription(dose_gy=50.0, fractions=5)
    datasets = (
        phantom.rtstruct_dataset(label, structures),
        phantom.rtdose_dataset(label, dose),
        phantom.rtplan_dataset(label, rx),
    )
    return tuple(_bytes(one) for one in datasets)  # type: ignore[return-value]


def _bytes(dataset: Dataset) -> bytes:
    file = BytesIO()
    dataset.file_meta = FileMetaDataset()
    save(dataset, file)
    return file.getvalue()


def small_plan(variant: int = 0) -> PlanFiles:
    return opened(small_plan_bytes(variant))


# --------------------------------------------------------------------------------------- changes of a structure

OfStructure = Callable[[PlanFiles, str, Random], None]


def _renumbered(files: PlanFiles) -> Iterator[tuple[Items, str]]:
    """The three lists of a structure set, each with the element that holds the number."""
    yield files.structures.StructureSetROISequence, "ROINumber"
    yield files.structures.ROIContourSequence, "ReferencedROINumber"
    yield files.structures.RTROIObservationsSequence, "ReferencedROINumber"


def remove(files: PlanFiles, name: str, _: Random) -> None:
    """All ROIs of that name are gone, with everything that refers to them."""
    numbers = {_number(roi, "ROINumber") for roi in files.rois(name)}
    if not numbers:
        raise Unchanged(name)
    for listed, keyword in _renumbered(files):
        for at in reversed(range(len(listed))):
            if keyword in listed[at] and str(listed[at][keyword].value) in map(str, numbers):
                del listed[at]


def rename(files: PlanFiles, name: str, random: Random) -> None:
    """A name that no table knows, or nearly the old one."""
    new = random.choice(["zz", "Structure 4", f"{name[:-2]}", f"x{name[1:]}", f"old {name}", f"{name}_PRV05", ""])
    files.roi(name)
    for roi in files.rois(name):
        roi.ROIName = new


def rename_to_a_namesake(files: PlanFiles, name: str, random: Random) -> None:
    """The name of another structure, which is then there twice."""
    others = [roi.ROIName for roi in files.structures.StructureSetROISequence if roi.ROIName not in (name, "")]
    for roi in [files.roi(name)]:
        roi.ROIName = random.choice(others)


def empty(files: PlanFiles, name: str, random: Random) -> None:
    """No contours, in one of the ways in which that is written."""
    ways = ("no contours", "no sequence", "no item")
    way = random.choice(ways)
    for part in files.items(name):
        if way == "no contours":
            part.ContourSequence = Items([])
        elif "ContourSequence" in part:
            del part.ContourSequence
    if way == "no item":
        number = files.number(name)
        listed = files.structures.ROIContourSequence
        kept = [
            one for one in listed if "ReferencedROINumber" not in one or _number(one, "ReferencedROINumber") != number
        ]
        files.structures.ROIContourSequence = Items(kept)


def empty_namesake(files: PlanFiles, name: str, random: Random) -> None:
    """A second ROI of the name, without contours, before the real one or after it."""
    files.roi(name)
    number = files.add(name, [])
    if random.random() < 0.5:
        for listed, _ in _renumbered(files):
            listed.insert(0, listed.pop(len(listed) - 1))
    assert number


def empty_beside_numbered(files: PlanFiles, name: str, _: Random) -> None:
    """The structure under ``NAME_1``, and an empty one under its own name."""
    files.roi(name).ROIName = f"{name}_1"
    files.add(name, [])


def contoured_namesake(files: PlanFiles, name: str, random: Random) -> None:
    """A second ROI of the name with a part of the contours."""
    contours = files.contours(name)
    files.add(name, [deepcopy(one) for one in contours[: random.randint(1, len(contours))]])


def duplicate_exactly(files: PlanFiles, name: str, _: Random) -> None:
    contours = files.contours(name)
    files.put(name, [*contours, *map(deepcopy, contours)])


def duplicate_shifted(files: PlanFiles, name: str, random: Random) -> None:
    """A second export of the same contours, rounded otherwise."""
    contours, shift = files.contours(name), np.zeros(3)
    shift[random.choice([0, 1])] = random.choice([-0.02, 0.02])
    files.put(name, [*contours, *(copy_of(one, points_of(one) + shift) for one in contours)])


def duplicate_resampled(files: PlanFiles, name: str, random: Random) -> None:
    """The same outlines with other corners: one in the middle of each side."""
    contours, share = files.contours(name), random.choice([0.3, 0.5])
    files.put(name, [*contours, *(copy_of(one, _resampled(points_of(one), share)) for one in contours)])


def _resampled(points: Points, share: float) -> Points:
    between = points + share * (np.roll(points, -1, axis=0) - points)
    return np.stack([points, between], axis=1).reshape(-1, 3)


def duplicate_on_other_planes(files: PlanFiles, name: str, _: Random) -> None:
    """The contours of a second series, whose planes lie 0.02 mm higher."""
    contours = files.contours(name)
    files.put(name, [*contours, *(copy_of(one, points_of(one) + np.array([0.0, 0.0, 0.02])) for one in contours)])


def two_strokes(files: PlanFiles, name: str, random: Random) -> None:
    """Each outline as two that overlap: beyond the middle from either side."""
    axis, share, made = random.choice([0, 1]), random.choice([0.2, 0.5, 0.8]), []
    for one in files.contours(name):
        points = points_of(one)
        low, high = points[:, axis].min(), points[:, axis].max()
        reach = share * (high - low) / 2
        lower, upper = points.copy(), points.copy()
        lower[:, axis] = np.minimum(points[:, axis], (low + high) / 2 + reach)
        upper[:, axis] = np.maximum(points[:, axis], (low + high) / 2 - reach)
        made += [copy_of(one, lower), copy_of(one, upper)]
    files.put(name, made)


def _halves(files: PlanFiles, name: str) -> list[list[Dataset]]:
    """The contours below and above the middle plane; of a structure that lacks a plane, the gap might lie there."""
    _closed(files, name)
    contours = sorted(files.contours(name), key=lambda one: float(points_of(one)[0, 2]))
    steps = np.diff([float(points_of(one)[0, 2]) for one in contours])
    if len(contours) < 4 or steps.max() > 1.5 * max(steps.min(), 1.0):
        raise Unchanged("planes are missing")
    return [contours[: len(contours) // 2], contours[len(contours) // 2 :]]


def in_two_rois(files: PlanFiles, name: str, random: Random) -> None:
    """The halves in ROIs of their own, with a number or a letter behind the name."""
    lower, upper = _halves(files, name)
    suffixes = random.choice([("_1", "_2"), (" a", " b"), ("_inf", "_sup")])
    files.put(name, lower)
    files.roi(name).ROIName = name + suffixes[0]
    files.add(name + suffixes[1], upper)


def in_a_second_roi(files: PlanFiles, name: str, random: Random) -> None:
    """One half keeps the name, the other has nearly the same."""
    halves = _halves(files, name)
    random.shuffle(halves)
    files.put(name, halves[0])
    files.add(
        random.choice([f"{name}_2", f"{name} 2", f"{name}2", f"{name}_1", f"{name}_sup", f"{name}_old"]), halves[1]
    )


def in_other_letters(files: PlanFiles, name: str, random: Random) -> None:
    """One half keeps the name, the other has it in small letters, or in capitals."""
    halves = _halves(files, name)
    random.shuffle(halves)
    files.put(name, halves[0])
    files.add(random.choice([name.lower(), name.upper()]), halves[1])


def lose_inner_planes(files: PlanFiles, name: str, random: Random) -> None:
    """Two planes or more that follow each other, none of them the first or the last."""
    _closed(files, name)
    by_plane: dict[float, list[Dataset]] = {}
    for one in files.contours(name):
        by_plane.setdefault(round(float(points_of(one)[0, 2]), 1), []).append(one)
    if len(by_plane) < 4:
        raise Unchanged(name)
    first = random.randint(1, len(by_plane) - 3)
    last = random.randint(first + 1, len(by_plane) - 2)
    lost = sorted(by_plane)[first : last + 1]
    files.put(name, [one for z, ones in sorted(by_plane.items()) if z not in lost for one in ones])


def lose_every_second_plane(files: PlanFiles, name: str, random: Random) -> None:
    """On half of the organ."""
    _closed(files, name)
    by_plane = sorted(files.contours(name), key=lambda one: float(points_of(one)[0, 2]))
    half, upper = len(by_plane) // 2, random.random() < 0.5
    kept = [one for at, one in enumerate(by_plane[:-1]) if at % 2 == 0 or (at >= half) != upper]
    files.put(name, [*kept, by_plane[-1]])


def leave_one_plane(files: PlanFiles, name: str, random: Random) -> None:
    files.put(name, [random.choice(files.contours(name))])


def to_type(*kinds: str) -> OfStructure:
    """All contours get one of these geometric types."""

    def change(files: PlanFiles, name: str, random: Random) -> None:
        kind = random.choice(kinds)
        for one in files.contours(name):
            set_raw(one, "ContourGeometricType", kind)  # some are longer than the type of text allows

    return change


CLOSED = {"CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR", "INTERPOLATED_PLANAR"}


def _closed(files: PlanFiles, name: str) -> None:
    if any(str(one.get("ContourGeometricType", "")) not in CLOSED for one in files.contours(name)):
        raise Unchanged("contours of another type")


def to_interpolated(files: PlanFiles, name: str, random: Random) -> None:
    """The type that some programs give to contours which they drew between others."""
    _closed(files, name)
    to_type("INTERPOLATED_PLANAR")(files, name, random)


def to_exclusive_or(files: PlanFiles, name: str, random: Random) -> None:
    """The type of contours that leave out what two enclose, also misspelt; of one contour a plane, it is the same."""
    contours = files.contours(name)
    if len({round(float(points_of(one)[0, 2]), 1) for one in contours}) < len(contours):
        raise Unchanged("two contours on a plane")
    _closed(files, name)
    to_type("CLOSED_PLANAR_XOR", "CLOSEDPLANAR_XOR")(files, name, random)


def one_contour_of_type(*kinds: str) -> OfStructure:
    def change(files: PlanFiles, name: str, random: Random) -> None:
        set_raw(random.choice(files.contours(name)), "ContourGeometricType", random.choice(kinds))

    return change


def to_points(files: PlanFiles, name: str, _: Random) -> None:
    """Each contour is its first corner."""
    for one in files.contours(name):
        move(one, points_of(one)[:1])
        one.ContourGeometricType = "POINT"


def other_frame(files: PlanFiles, name: str, _: Random) -> None:
    for roi in [files.roi(name)]:
        roi.ReferencedFrameOfReferenceUID = OTHER_UID


def lose_roi_number(files: PlanFiles, name: str, random: Random) -> None:
    """The number is missing where the structure is listed, or where its contours are."""
    files.number(name)
    if random.random() < 0.5:
        del files.roi(name).ROINumber
    else:
        del files.items(name)[0].ReferencedROINumber


def roi_number_twice(files: PlanFiles, name: str, random: Random) -> None:
    """Another structure has the same number, where both are listed."""
    number = files.number(name)
    others = [roi for roi in files.structures.StructureSetROISequence if roi.ROIName != name]
    random.choice(others).ROINumber = number


def of_contour(change: Callable[[Dataset], None]) -> OfStructure:
    """The change of one contour."""

    def damage(files: PlanFiles, name: str, random: Random) -> None:
        one = random.choice(files.contours(name))
        points_of(one)
        change(one)

    return damage


def with_number(text: str) -> OfStructure:
    """One coordinate is another text."""

    def change(one: Dataset) -> None:
        written = [str(value) for value in one.ContourData]
        set_raw(one, "ContourData", "\\".join([*written[:4], text, *written[5:]]))

    return of_contour(change)


def with_count(text: str) -> OfStructure:
    return of_contour(lambda one: set_raw(one, "NumberOfContourPoints", text))


def cut_to(keep: int) -> OfStructure:
    """The text of the coordinates ends after so many numbers; the count of points stays."""

    def change(one: Dataset) -> None:
        set_raw(one, "ContourData", "\\".join(str(value) for value in one.ContourData[:keep]))

    return of_contour(change)


def cut_to_half(one: Dataset) -> None:
    """Half of the points are left, and the count of all of them."""
    points = points_of(one)
    written = [str(value) for value in one.ContourData]
    set_raw(one, "ContourData", "\\".join(written[: 3 * (len(points) // 2)]))


def cut_in_a_number(one: Dataset) -> None:
    """The text ends in the middle of a number, as a field that was too short."""
    text = "\\".join(str(value) for value in one.ContourData)
    set_raw(one, "ContourData", text[: len(text) // 2] + "-")


def off_its_plane(one: Dataset) -> None:
    points = points_of(one)
    points[0, 2] += 8.0
    move(one, points)


DAMAGES: dict[str, OfStructure] = {
    "NaN": with_number("NaN"),
    "infinite": with_number("inf"),
    "decimal comma": with_number("1,5"),
    "a word": with_number("left"),
    "a number that is missing": with_number(""),
    "the last number lost": cut_to(-1),
    "two numbers lost": cut_to(-2),
    "a point lost": cut_to(-3),
    "half of the points lost": of_contour(cut_to_half),
    "cut in a number": of_contour(cut_in_a_number),
    "nothing left of a contour": cut_to(0),
    "another count": with_count("77"),
    "a count that is none": with_count("many"),
    "a corner off its plane": of_contour(off_its_plane),
    "no ROI number": lose_roi_number,
    "a ROI number twice": roi_number_twice,
    "another frame of reference": other_frame,
    "points": to_points,
    "type POINT": to_type("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"),
    "one contour of another type": one_contour_of_type("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"),
    "a type that is none": to_type("CLOSED", "PLANAR_CLOSED"),
}
"""What keeps a structure from being read, or one of its contours."""

LOSSES: dict[str, OfStructure] = {
    "removed": remove,
    "renamed": rename,
    "renamed to a namesake": rename_to_a_namesake,
    "empty": empty,
    "empty beside a numbered one": empty_beside_numbered,
    "in two ROIs": in_two_rois,
    "in a second ROI": in_a_second_roi,
    "in other letters": in_other_letters,
    "inner planes lost": lose_inner_planes,
    "every second plane lost": lose_every_second_plane,
    "one plane left": leave_one_plane,
}
"""What takes a structure from the plan, or a part of it."""

DOUBLES: dict[str, OfStructure] = {
    "twice": duplicate_exactly,
    "twice, shifted": duplicate_shifted,
    "twice, resampled": duplicate_resampled,
    "twice, on other planes": duplicate_on_other_planes,
    "an empty namesake": empty_namesake,
    "a contoured namesake": contoured_namesake,
    "two strokes": two_strokes,
    "exclusive or": to_exclusive_or,
    "an interpolated type": to_interpolated,
}
"""What leaves all of a structure in the plan, said more than once or in other words."""

OF_STRUCTURE = DAMAGES | LOSSES | DOUBLES


# -------------------------------------------------------------------------------------------- changes of the dose

OfPlan = Callable[[PlanFiles, Random], None]
SIDES = tuple((axis, end) for axis in (0, 1, 2) for end in (0, 1))


def crop(files: PlanFiles, axis: int, end: int, share: float) -> None:
    """Cut a share of the grid off: ``axis`` counts k, j, i; ``end`` is the first or the last of its points."""
    values = files.dose_gy
    count = values.shape[axis]
    lost = min(max(round(share * count), 1), count - 2)
    if count < 4:
        raise Unchanged("a grid of few points")
    kept = np.take(values, range(lost, count) if end == 0 else range(count - lost), axis=axis)
    if end == 0:
        _move_first_point(files, axis, lost)
    scaling = files.dose.DoseGridScaling
    stored = np.rint(kept / float(scaling)).astype(f"<u{files.dose.BitsAllocated // 8}")
    files.dose.NumberOfFrames, files.dose.Rows, files.dose.Columns = stored.shape
    files.dose.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    if axis == 0:
        offsets = [float(z) for z in files.dose.GridFrameOffsetVector]
        step = offsets[1] - offsets[0]
        files.dose.GridFrameOffsetVector = [f"{k * step:.10g}" for k in range(len(stored))]


def _move_first_point(files: PlanFiles, axis: int, points: int) -> None:
    first = [float(value) for value in files.dose.ImagePositionPatient]
    offsets = [float(z) for z in files.dose.GridFrameOffsetVector]
    between_rows, between_columns = (float(value) for value in files.dose.PixelSpacing)
    step = (offsets[1] - offsets[0], between_rows, between_columns)[axis]
    first[2 - axis] += points * step
    files.dose.ImagePositionPatient = [f"{value:.10g}" for value in first]


def crop_somewhere(files: PlanFiles, random: Random) -> None:
    crop(files, *random.choice(SIDES), random.choice([0.05, 0.2, 0.35, 0.5, 0.65, 0.8]))


def crop_to(files: PlanFiles, low_mm: Sequence[float], high_mm: Sequence[float]) -> None:
    """Cut the grid to the points between two corners ``(x, y, z)``, and the first ones beyond them."""
    for axis in (0, 1, 2):
        first = float(files.dose.ImagePositionPatient[2 - axis])
        offsets = [float(z) for z in files.dose.GridFrameOffsetVector]
        step = (offsets[1] - offsets[0], *(float(value) for value in files.dose.PixelSpacing))[axis]
        count = files.dose_gy.shape[axis]
        below = int((low_mm[2 - axis] - first) / step)
        above = int(first / step + count - 1 - high_mm[2 - axis] / step)
        if below > 0:
            crop(files, axis, 0, below / count)
        if above > 0:
            crop(files, axis, 1, above / (count - max(below, 0)))


def scale(files: PlanFiles, factor: float) -> None:
    files.dose.DoseGridScaling = f"{float(files.dose.DoseGridScaling) * factor:.9g}"


def one_fraction(files: PlanFiles, _: Random) -> None:
    scale(files, 1 / 5)


def one_beam(files: PlanFiles, random: Random) -> None:
    """One of two beams or more: less everywhere, and less on its far side."""
    values = files.dose_gy
    slope = np.linspace(0.15, random.uniform(0.3, 0.7), values.shape[2])
    files.set_dose(values * slope)


def zeros(files: PlanFiles, random: Random) -> None:
    """A placeholder: no dose, or nearly none."""
    level = random.choice([0, 0, 1])
    files.dose.PixelData = np.full(files.dose_gy.shape, level, f"<u{files.dose.BitsAllocated // 8}").tobytes()
    files.dose.DoseGridScaling = "1e-4"


def shift_dose(files: PlanFiles, random: Random) -> None:
    """The grid lies so far off that the target gets what another place was given."""
    first = [float(value) for value in files.dose.ImagePositionPatient]
    first[random.choice([0, 1, 2])] += random.choice([-1.0, 1.0]) * random.choice([24.0, 30.0, 60.0, 500.0])
    files.dose.ImagePositionPatient = [f"{value:.10g}" for value in first]


def dose_of_another_plan(files: PlanFiles, _: Random) -> None:
    """A dose round another target, in the same place, that says it is of this plan."""
    values = files.dose_gy
    files.set_dose(np.roll(values, round(0.4 * values.shape[2]), axis=2))


def foreign_dose(files: PlanFiles, _: Random) -> None:
    """The dose file of another plan, which names that plan."""
    files.dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = f"{OTHER_UID}.2"


def dose_in_another_frame(files: PlanFiles, _: Random) -> None:
    files.dose.FrameOfReferenceUID = OTHER_UID


def negative_dose(files: PlanFiles, _: Random) -> None:
    """Signed numbers, all below zero."""
    files.dose.PixelRepresentation = 1
    values = np.frombuffer(files.dose.PixelData, f"<u{files.dose.BitsAllocated // 8}")
    files.dose.PixelData = (-(values.astype(np.int64) // 2)).astype(f"<i{files.dose.BitsAllocated // 8}").tobytes()


def of_type(keyword: str, *values: str) -> OfPlan:
    def change(files: PlanFiles, random: Random) -> None:
        setattr(files.dose, keyword, random.choice(values))

    return change


def cut_pixels(files: PlanFiles, random: Random) -> None:
    """The file ends before its last frame does."""
    data = files.dose.PixelData
    kept = int(len(data) * random.choice([0.3, 0.9]))
    files.dose.PixelData = data[: kept - kept % 2]


OF_DOSE: dict[str, OfPlan] = {
    "cropped": crop_somewhere,
    "one fraction": one_fraction,
    "one beam": one_beam,
    "zeros": zeros,
    "shifted": shift_dose,
    "of another plan": dose_of_another_plan,
    "names another plan": foreign_dose,
    "in another frame": dose_in_another_frame,
    "negative": negative_dose,
    "of a fraction, by its type": of_type("DoseSummationType", "FRACTION", "BEAM", "CONTROL_POINT", "RECORD"),
    "of another kind": of_type("DoseType", "EFFECTIVE", "ERROR"),
    "relative": of_type("DoseUnits", "RELATIVE"),
    "cut": cut_pixels,
}


# ------------------------------------------------------------------------------------ changes of the prescription


def no_prescription(files: PlanFiles, random: Random) -> None:
    """In one of the ways in which a dose is not stated, or not as a number."""
    for reference in files.plan.get("DoseReferenceSequence", ()):
        if "TargetPrescriptionDose" not in reference:
            continue
        match random.choice(["gone", "empty", "word", "nothing", "below nothing"]):
            case "gone":
                del reference.TargetPrescriptionDose
            case "empty":
                reference.TargetPrescriptionDose = None
            case "word":
                set_raw(reference, "TargetPrescriptionDose", "fifty")
            case "nothing":
                reference.TargetPrescriptionDose = "0"
            case _:
                reference.TargetPrescriptionDose = "-50"


def no_dose_reference(files: PlanFiles, _: Random) -> None:
    if "DoseReferenceSequence" in files.plan:
        del files.plan.DoseReferenceSequence


def no_fractions(files: PlanFiles, random: Random) -> None:
    """No number of fractions, none planned, or no fraction group."""
    if "FractionGroupSequence" not in files.plan:
        raise Unchanged("no fraction group")
    way = random.choice(["gone", "empty", "0", "word", "group gone"])
    for group in files.plan.FractionGroupSequence:
        if "NumberOfFractionsPlanned" not in group:
            continue
        if way == "gone":
            del group.NumberOfFractionsPlanned
        elif way == "empty":
            group.NumberOfFractionsPlanned = None
        elif way == "0":
            group.NumberOfFractionsPlanned = 0
        elif way == "word":
            set_raw(group, "NumberOfFractionsPlanned", "five")
    if way == "group gone":
        del files.plan.FractionGroupSequence


def other_fractions(files: PlanFiles, random: Random) -> None:
    for group in files.plan.get("FractionGroupSequence", ()):
        if "NumberOfFractionsPlanned" in group:
            del group.NumberOfFractionsPlanned  # it may be a text that is no number
        group.NumberOfFractionsPlanned = random.choice([1, 3, 4, 8, 30])


def larger_prescription(files: PlanFiles, random: Random) -> None:
    """So much more that no target gets 90 % of it; also in cGy, of which DICOM knows nothing."""
    for reference in files.plan.get("DoseReferenceSequence", ()):
        if "TargetPrescriptionDose" in reference:
            del reference.TargetPrescriptionDose  # it may be a text that is no number
        reference.TargetPrescriptionDose = random.choice(["75", "100", "5000"])


def no_plan_file(files: PlanFiles, _: Random) -> None:
    """The RT Plan of somebody else lies in the folder in place of this one."""
    files.plan.SOPInstanceUID = OTHER_UID
    files.plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = OTHER_UID + ".1"


OF_PRESCRIPTION: dict[str, OfPlan] = {
    "not stated": no_prescription,
    "no dose reference": no_dose_reference,
    "no fractions": no_fractions,
    "other fractions": other_fractions,
    "larger": larger_prescription,
    "of another plan": no_plan_file,
}


# --------------------------------------------------------------------------------- changes of the folder, the names


def _another(files: PlanFiles) -> PlanFiles:
    """The files of another plan of another patient."""
    other = small_plan(3)
    scale(other, 0.1)
    return other


def files_of_another_plan(files: PlanFiles, random: Random) -> None:
    """One, two or all three of them lie in the folder too."""
    other = _another(files)
    every = [other.structures, other.dose, other.plan]
    files.others += random.sample(every, random.randint(1, 3))


def second_dose(files: PlanFiles, random: Random) -> None:
    """Another dose of the same plan: of nothing, of a tenth, or the same."""
    other = deepcopy(files.dose)
    other.SOPInstanceUID = f"{OTHER_UID}.{len(files.others) + 7}"
    other.DoseGridScaling = f"{float(other.DoseGridScaling) * random.choice([1e-6, 0.1, 1.0]):.9g}"
    files.others.append(other)


def second_structure_set(files: PlanFiles, random: Random) -> None:
    """Another structure set of the same frame of reference, with organs that lie elsewhere, or none."""
    other = deepcopy(files.structures)
    other.SOPInstanceUID = f"{OTHER_UID}.{len(files.others) + 7}"
    for part in other.ROIContourSequence:
        part.ContourSequence = Items([])
    files.others.append(other)


def same_uid_twice(files: PlanFiles, random: Random) -> None:
    """A file that differs from one of the plan and has its UID."""
    other = deepcopy(files.dose)
    other.DoseGridScaling = f"{float(other.DoseGridScaling) * 0.2:.9g}"
    files.others.append(other)


def name_not_there(files: PlanFiles, random: Random) -> None:
    """The user names a structure that the plan does not have."""
    listed = [roi.ROIName for roi in files.structures.StructureSetROISequence if roi.ROIName in EXPECTED]
    if not listed:
        raise Unchanged("no organ")
    organ = random.choice(listed)
    files.names = files.names | {organ: random.choice([organ[:-1], f"{organ}x", "nothing"])}


OF_FOLDER: dict[str, OfPlan] = {
    "files of another plan": files_of_another_plan,
    "a second dose": second_dose,
    "a second structure set": second_structure_set,
    "a UID twice": same_uid_twice,
    "a name not there": name_not_there,
}

OF_PLAN: dict[str, OfPlan] = (
    {f"dose: {name}": change for name, change in OF_DOSE.items()}
    | {f"prescription: {name}": change for name, change in OF_PRESCRIPTION.items()}
    | OF_FOLDER
)


# ------------------------------------------------------------------------------------------------------- orders


def shuffle_rois(files: PlanFiles, random: Random) -> None:
    """The three lists of a structure set, each in an order of its own."""
    for listed, _ in _renumbered(files):
        random.shuffle(listed)


def shuffle_contours(files: PlanFiles, random: Random) -> None:
    for part in files.structures.ROIContourSequence:
        if "ContourSequence" in part:
            random.shuffle(part.ContourSequence)


def turn_contours(files: PlanFiles, random: Random) -> None:
    """Every contour begins at another corner, and some run the other way round."""
    for part in files.structures.ROIContourSequence:
        for one in part.get("ContourSequence", ()):
            points = np.roll(points_of(one), random.randint(0, 9), axis=0)
            texts = [f"{value:.10g}" for value in (points[::-1] if random.random() < 0.5 else points).ravel()]
            one.ContourData = texts


def shuffle_files(files: PlanFiles, random: Random) -> None:
    order = list(range(3 + len(files.others)))
    random.shuffle(order)
    files.order = tuple(order)


ORDERS: dict[str, OfPlan] = {
    "ROIs": shuffle_rois,
    "contours": shuffle_contours,
    "corners": turn_contours,
    "files": shuffle_files,
}

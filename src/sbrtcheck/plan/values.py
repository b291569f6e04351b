"""The values that a plan is made of: dose grid, structures, prescription, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sbrtcheck.by_value import ByValue
from sbrtcheck.formatting import one_line

MIN_SHARE_OF_PRESCRIPTION = 0.9
"""Half of a target receives more than this share of the prescription: a lower dose is of a fraction, or of a beam."""

MAX_SHARE_OF_PRESCRIPTION = 2.0
"""Nobody prescribes to less than half of the largest dose: where even the median of every target is above twice the
prescription, one of the two is of another unit or another plan."""

MAXIMUM_PERCENT = 90.0, 500.0
"""A plan's hottest point is never far below its prescription, and no one prescribes to an isodose as low as a fifth of
the maximum: a largest dose outside, in percent of the prescription, is of another plan or in another unit."""

HUNDREDFOLD_SHARES = 0.5, 3.0
"""A largest dose whose hundredfold lies within these shares of the prescription was read in a wrong unit."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class FindingCode(StrEnum):
    """What kind of thing was noticed; stable, for programs."""

    CONTOURS_WITHOUT_AREA = "contours without area"
    OPEN_CONTOURS_IGNORED = "open contours ignored"
    OVERLAPPING_CONTOURS = "overlapping contours"
    CONTOURS_CONTRADICTORY = "contours contradict each other"
    CONTOURS_INCOMPLETE = "contours incomplete"
    PLANES_TOO_CLOSE = "contour planes too close"
    PLANE_SPACING = "spacing of contour planes"
    PLANE_BRIDGED = "missing plane bridged"
    SLAB_THICKNESS = "slab thickness"
    PLANES_MERGED = "planes merged"
    PLANE_GAP = "gap between planes"
    TOO_FEW_PLANES = "too few planes"
    STRAIGHT_BETWEEN_PLANES = "straight between planes"
    DOSE_NOT_CUBIC = "dose not cubic"
    OUTSIDE_DOSE_GRID = "outside the dose grid"
    OUTERMOST_DOSE_PLANES = "beyond the outermost dose planes"
    PIXEL_PADDING = "padding after the pixel data"
    SMALLER_THAN_LIMIT_VOLUME = "smaller than the limit's volume"
    SMALL_FOR_THE_ORGAN = "smaller than the organ's critical volume"
    NEAR_COPY = "near copy of the organ"
    PART_WITH_MORE = "part with more than the whole"
    PERHAPS_PART = "may belong to the organ and would break its limit"
    CONTOUR_ENDS_IN_DOSE = "contour ends in dose above the limit"
    FRAME_UNKNOWN = "frame of reference unknown"
    OTHER_FRAME = "another frame of reference"
    LINKED_BY_FRAME_OF_REFERENCE = "linked by frame of reference"
    LINKED_BY_FOLDER = "linked by folder"
    SEVERAL_PRESCRIPTIONS = "several prescriptions"
    PRESCRIPTION_SOURCE = "where the prescription comes from"
    OTHER_FRACTIONS = "another number of fractions given"
    OTHER_SCHEDULE = "prescription is not that of the profile"
    SUMMED_DOSES = "summed doses"
    DOSE_OF_PARTS = "dose of parts of the plan"
    DOSE_ACCEPTED = "dose accepted by the user"
    DOSE_OF_SEVERAL_PLANS = "dose of several plans"
    BRACHYTHERAPY = "plan of brachytherapy"
    DOSE_TYPE = "dose type"
    DOSE_CHANGED = "dose changed after its calculation"
    RELATIVE_DOSE_SCALED = "relative dose scaled"
    STORED_DVH_UNITS = "stored DVH units"
    STORED_DVH_CONTRADICTORY = "stored DVH contradicts itself"
    STORED_DVH_INCOMPLETE = "stored DVH incomplete"
    DERIVED_STRUCTURE = "derived structure"
    NAME_MATCH = "name match"
    SEVERAL_TARGETS = "several targets"
    SIDE_OF_TARGET = "side of the target"
    ISODOSE_LEAVES_GRID = "isodose leaves the dose grid"
    TILTED_PLANES = "tilted planes"
    VOXEL_MASK = "voxel mask"
    FILE_SKIPPED = "file skipped"
    PATIENTS_DIFFER = "files of different patients"
    PATIENT_DETAILS_DIFFER = "details of the patient differ"
    PATIENT_NOT_STATED = "patient not stated"
    OTHER_STRUCTURE_SET = "another structure set"
    REJECTED = "rejected by a reviewer"
    NOT_FOR_A_PATIENT = "plan is not for a patient"
    STRUCTURES_AFTER_DOSE = "structures later than the dose"
    NO_HETEROGENEITY_CORRECTION = "no heterogeneity correction"
    NEGATIVE_DOSE = "negative dose"
    LOW_DOSES_MISSING = "low doses missing"
    DOSE_SPACING = "spacing of the dose grid"
    DOSE_PLANES_UNEVEN = "dose planes unevenly spaced"
    DOSE_STEP = "doses stored in large steps"
    PARTS_DO_NOT_SUM = "doses of parts do not sum to the dose"
    TABLE_WARNING = "warning about a table"
    BEYOND_MODEL = "beyond the range of a model"
    NOT_COMPUTED = "not computed"
    OTHER = "other"


DOUBTFUL_CONTOURS = frozenset(
    {
        FindingCode.CONTOURS_CONTRADICTORY,
        FindingCode.CONTOURS_INCOMPLETE,
        FindingCode.PLANES_TOO_CLOSE,
        FindingCode.STORED_DVH_CONTRADICTORY,
    }
)
"""Findings that leave open what a structure is, or what it receives: no report on it is a clean pass."""


DOUBTFUL_FILES = frozenset(
    {
        FindingCode.PATIENTS_DIFFER,
        FindingCode.OTHER_STRUCTURE_SET,
        FindingCode.REJECTED,
        FindingCode.NOT_FOR_A_PATIENT,
    }
)
"""Findings by which files may not be those of one plan, or of one that a patient will be treated with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a reader of the report should know; never a verdict.

    ``subject`` is the structure name or UID, or the table and its row, it is about; empty for the plan as a whole.
    """

    code: FindingCode
    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contours(ByValue):
    """Closed planar polygons of one structure, concatenated.

    Parameters
    ----------
    points_mm
        Shape ``(points, 3)``, patient coordinates in mm.
    starts
        Shape ``(contours + 1,)``; contour ``c`` is ``points_mm[starts[c]:starts[c + 1]]``.
    """

    points_mm: FloatArray
    starts: IntArray

    def read(self) -> Contours:
        """Itself: contours in memory are their own source."""
        return self

    def first_points(self) -> FloatArray:
        """The first point of each contour that may enclose an area, shape ``(contours, 3)``, mm."""
        return self.points_mm[self.starts[:-1][np.diff(self.starts) >= 3]]

    @property
    def is_contoured(self) -> bool:
        """Whether any of them may enclose an area."""
        return bool(np.any(np.diff(self.starts) >= 3))

    @classmethod
    def of(cls, *contours_mm: npt.ArrayLike) -> Contours:
        """Contours from one ``(points, 3)`` array a polygon, in mm."""
        arrays = [np.asarray(c, dtype=np.float64).reshape(-1, 3) for c in contours_mm]
        points = np.concatenate(arrays) if arrays else np.zeros((0, 3))
        starts = np.concatenate([[0], np.cumsum([len(a) for a in arrays])]).astype(np.int64)
        points.setflags(write=False)
        starts.setflags(write=False)
        return cls(points_mm=points, starts=starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __repr__(self) -> str:
        return f"<Contours: {len(self)} with {len(self.points_mm)} points>"


class ContourSource(Protocol):
    """Where contours come from: memory, or bytes of a file decoded when asked for."""

    def read(self) -> Contours:
        """Decode the contours; raises `DicomError` when they are damaged."""
        ...

    def first_points(self) -> FloatArray:
        """The first point of each contour that may enclose an area, shape ``(contours, 3)``, mm; decodes little more.

        Raises `DicomError` where one of these is damaged; damage elsewhere is not looked for.
        """
        ...

    @property
    def is_contoured(self) -> bool:
        """Whether there is any contour that may enclose an area, damaged ones included; decodes nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """One ROI of a structure set.

    Parameters
    ----------
    name, number
        ROI Name and ROI Number as in the file.
    kind
        RT ROI Interpreted Type (``PTV``, ``ORGAN``, ``EXTERNAL`` ...), or ``""`` when absent.
    codes
        Code meanings of the RT ROI Identification Code Sequence.
    contours
        Source of the polygons; ``contours.read()`` decodes them, or raises `DicomError` where they are damaged.
    exclusive_or
        All contours are of the type CLOSEDPLANAR_XOR: where two overlap, neither counts (PS3.3 C.8.8.6.3).
    slab_mm
        Thickness that the file states for a contour (Contour Slab Thickness, or the spacing of the source images),
        mm; None where it states none, or several.
    of_voxels
        The contours are the edges of voxels, ``slab_mm`` thick, as `voxel_edges` draws them: they wind around what is
        inside once, no plane is missing, and what lies between two layers of voxels is none.
    findings
        What reading it turned up.
    """

    name: str
    number: int
    kind: str = ""
    codes: tuple[str, ...] = ()
    contours: ContourSource = field(default_factory=Contours.of)
    exclusive_or: bool = False
    slab_mm: float | None = None
    of_voxels: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def is_contoured(self) -> bool:
        """Whether it has any contour that may enclose an area, damaged or not used ones included; decodes nothing."""
        return self.contours.is_contoured

    def __repr__(self) -> str:
        contoured = "" if self.is_contoured else ", without contours"
        return one_line(f"<Structure {self.number} {self.name!r}{f' ({self.kind})' if self.kind else ''}{contoured}>")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoseGrid(ByValue):
    """Dose on a rectangular grid, trilinear between its points.

    Point ``(k, j, i)`` lies at ``origin_mm + i * spacing_mm[0] * axes[0] + j * spacing_mm[1] * axes[1]
    + offsets_mm[k] * axes[2]`` and has ``stored[k, j, i] * gy_per_unit`` Gy.

    Parameters
    ----------
    stored
        Shape ``(k, j, i)``, any real dtype; integers as stored in the file, converted where used.
    gy_per_unit
        Gy of one stored unit (Dose Grid Scaling); 1.0 for an array that already holds Gy.
    origin_mm
        Shape ``(3,)``, patient coordinates of point ``(0, 0, 0)``.
    axes
        Shape ``(3, 3)``: unit vectors along i, j and k, mutually perpendicular.
    spacing_mm
        Distance between columns (i) and between rows (j), both above 0.
    offsets_mm
        Shape ``(k,)``, strictly rising, first 0: position of each frame along ``axes[2]``.
    """

    stored: npt.NDArray[np.number[Any]]
    gy_per_unit: float = 1.0
    origin_mm: FloatArray
    axes: FloatArray
    spacing_mm: tuple[float, float]
    offsets_mm: FloatArray

    @property
    def values_gy(self) -> FloatArray:
        """The whole grid in Gy, shape ``(k, j, i)``: a new float64 array at each call."""
        return np.asarray(self.stored, dtype=np.float64) * self.gy_per_unit

    @property
    def max_gy(self) -> float:
        """Largest dose of the grid, Gy."""
        return float(np.max(self.stored)) * self.gy_per_unit

    @property
    def max_on_faces_gy(self) -> float:
        """Largest dose on the six faces of the grid, Gy: what lies outside may have as much."""
        d = self.stored
        faces = (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1])
        return max(float(np.max(face)) for face in faces) * self.gy_per_unit

    def __repr__(self) -> str:
        k, j, i = self.stored.shape
        dx_mm, dy_mm = self.spacing_mm
        return f"<DoseGrid of {i} x {j} x {k} points, {dx_mm:g} x {dy_mm:g} mm apart, up to {self.max_gy:.2f} Gy>"

    @classmethod
    def axial(
        cls,
        values_gy: npt.ArrayLike,
        *,
        origin_mm: tuple[float, float, float],
        spacing_mm: tuple[float, float, float],
    ) -> DoseGrid:
        """A grid along the patient axes: ``values_gy[k, j, i]`` at ``origin + (i, j, k) * spacing`` (x, y, z)."""
        values = np.asarray(values_gy)
        return cls(
            stored=values,
            origin_mm=np.asarray(origin_mm, dtype=np.float64),
            axes=np.eye(3),
            spacing_mm=(spacing_mm[0], spacing_mm[1]),
            offsets_mm=np.arange(values.shape[0], dtype=np.float64) * np.float64(spacing_mm[2]),
        )


def may_be_maximum(percent: float) -> bool:
    """Whether the largest dose of a plan can be that, in percent of its prescription.

    Examples
    --------
    >>> may_be_maximum(125.0), may_be_maximum(20.0), may_be_maximum(6000.0)
    (True, False, False)
    """
    low, high = MAXIMUM_PERCENT
    return low <= percent <= high


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    """Prescribed dose of the whole course, Gy, and number of fractions.

    ``source`` says which rule found it.
    """

    dose_gy: float
    fractions: int
    source: str = "given"

    def is_hundredfold_of(self, maximum_gy: float) -> bool:
        """Whether a largest dose is about a hundredth of what it should be: of Gy that were read as cGy.

        Examples
        --------
        >>> rx = Prescription(dose_gy=50.0, fractions=5)
        >>> rx.is_hundredfold_of(0.62), rx.is_hundredfold_of(62.0)
        (True, False)
        """
        low, high = HUNDREDFOLD_SHARES
        return low <= 100.0 * maximum_gy / self.dose_gy <= high


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPrescription:
    """The prescription could not be told; ``fractions`` may still be known."""

    reason: str
    fractions: int | None = None


class Sex(StrEnum):
    """The patient's sex, by which some limits differ."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownSex:
    """The patient's sex could not be told, and why."""

    reason: str


SEX_NOT_STATED = UnknownSex(reason="the plan's files do not say it")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanUids:
    """Identifiers of the files a plan was made from; ``""`` where a file had none or none was used."""

    plan: str = ""
    structure_set: str = ""
    doses: tuple[str, ...] = ()
    frame_of_reference: str = ""

    def share_frame_with(self, other: PlanUids) -> bool:
        """Whether both state a frame of reference, and the same: two that state none may lie anywhere."""
        return self.frame_of_reference == other.frame_of_reference != ""


NO_UIDS = PlanUids()
"""Of a plan that came from no files."""


def prescription_words(rx: Prescription | UnknownPrescription) -> str:
    """``50 Gy in 5 fractions``, or why it is not known."""
    if isinstance(rx, UnknownPrescription):
        known = "" if rx.fractions is None else f" ({rx.fractions} fractions)"
        return f"prescription unknown: {rx.reason}{known}"
    return f"{rx.dose_gy:g} Gy in {rx.fractions} {'fraction' if rx.fractions == 1 else 'fractions'}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration(ByValue):
    """How frames of reference lie to each other: rigid, from each of them to one that they share.

    ``to_shared`` has, by Frame of Reference UID, matrices of shape ``(4, 4)`` that turn a point ``(x, y, z, 1)``, mm,
    into one of the shared frame.
    """

    to_shared: Mapping[str, FloatArray]

    def matrix(self, source: str, target: str) -> FloatArray | None:
        """Matrix from one frame of reference to another, None where one of them is not registered."""
        if source not in self.to_shared or target not in self.to_shared:
            return None
        matrix: FloatArray = np.linalg.inv(self.to_shared[target]) @ self.to_shared[source]
        return matrix

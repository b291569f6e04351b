"""A plan as one value, and its constructors from arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from sbrtcheck.formatting import escaped, html_lines, html_table, one_screen
from sbrtcheck.plan.prescription_text import GivenPrescription
from sbrtcheck.plan.values import (
    NO_UIDS,
    SEX_NOT_STATED,
    DoseGrid,
    Finding,
    PlanUids,
    Prescription,
    Sex,
    Structure,
    UnknownPrescription,
    UnknownSex,
    prescription_words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan: no patient identity is kept in it.

    ``label`` is the RT Plan Label, empty when absent. ``sex`` is the patient's, which some limits depend on.
    """

    dose: DoseGrid
    structures: tuple[Structure, ...]
    prescription: Prescription | UnknownPrescription
    uids: PlanUids = NO_UIDS
    label: str = ""
    sex: Sex | UnknownSex = SEX_NOT_STATED
    findings: tuple[Finding, ...] = ()

    def structure(self, name: str) -> Structure:
        """The one structure of that exact name; KeyError when none or several have it."""
        matches = [s for s in self.structures if s.name == name]
        if len(matches) != 1:
            raise KeyError(f"{len(matches)} structures are named {name!r}")
        return matches[0]

    def __repr__(self) -> str:
        heading = f"Plan {self.label or 'without label'}: {prescription_words(self.prescription)}"
        lines = [repr(self.dose), *(f"{number} {name}{kind}{more}" for number, name, kind, more in self._rows())]
        return one_screen(heading, lines)

    def _rows(self) -> list[tuple[int, str, str, str]]:
        """For people: number, name, kind of each structure, and whether it lacks contours."""
        return [
            (s.number, s.name, f" ({s.kind})" if s.kind else "", "" if s.is_contoured else ", without contours")
            for s in self.structures
        ]

    def _repr_html_(self) -> str:
        """Show dose, prescription and structures in a notebook; everything in it escaped, no script."""
        rows = [
            (str(number), escaped(name), escaped(kind.strip(" ()")), escaped(more.removeprefix(", ")))
            for number, name, kind, more in self._rows()
        ]
        head = [f"Plan: {self.label or 'without label'}", f"Prescription: {prescription_words(self.prescription)}"]
        dose = repr(self.dose).strip("<>")
        findings = [f"{one.subject}: {one.text}" if one.subject else one.text for one in self.findings]
        table = html_table(("Number", "Structure", "Type", ""), rows)
        return f"<div>{html_lines([*head, dose])}{table}{html_lines(findings)}</div>"

    @classmethod
    def from_arrays(
        cls,
        dose: npt.ArrayLike,
        *,
        spacing_mm: Sequence[float],
        origin_mm: Sequence[float],
        contours: Mapping[str, Sequence[npt.ArrayLike]],
        prescription: GivenPrescription | None = None,
        axes: npt.ArrayLike | None = None,
        offsets_mm: Sequence[float] | None = None,
    ) -> Plan:
        """A plan from a dose array and polygons, all in the patient coordinates of DICOM (LPS+).

        Parameters
        ----------
        dose
            Gy, shape ``(k, j, i)``: frames, rows, columns; the total of all fractions.
        spacing_mm
            Distance between points along i, j and k, above 0; only the first two where there are ``offsets_mm``.
        origin_mm
            x, y and z of the middle of voxel ``(0, 0, 0)``.
        contours
            For each structure its closed polygons, arrays ``(points, 3)`` of x, y and z, each in a plane. A list
            without any makes a structure without contours.
        prescription
            ``"50Gy/5"``, ``(50.0, 5)``, or a `Prescription`; unknown when None.
        axes
            Unit vectors along i, j and k, shape ``(3, 3)``; those of the patient when None.
        offsets_mm
            Places of the frames along k, the first 0, where they are not evenly spaced.

        Raises
        ------
        InputError
            Something has a wrong shape, is no finite number, or cannot be a prescription.
        GeometryError
            The axes are not at right angles.

        Examples
        --------
        >>> import numpy as np
        >>> square = [[5, 5, 4], [15, 5, 4], [15, 15, 4], [5, 15, 4]]
        >>> plan = Plan.from_arrays(np.full((5, 11, 11), 2.0), spacing_mm=(2, 2, 2), origin_mm=(0, 0, 0),
        ...                         contours={"PTV": [square]}, prescription="50Gy/5")
        >>> plan.prescription.dose_gy, plan.structures[0].name
        (50.0, 'PTV')
        """
        from sbrtcheck.plan.arrays import dose_grid, lattice_of_dose, prescription_of, structures_of_contours
        from sbrtcheck.plan.lattices import voxels_of

        lattice = lattice_of_dose(spacing_mm, origin_mm, axes, offsets_mm)
        return cls(
            dose=dose_grid(voxels_of(dose, lattice, None, "dose"), offsets_mm),
            structures=structures_of_contours(contours),
            prescription=prescription_of(prescription),
        )

    @classmethod
    def from_masks(
        cls,
        dose: Any,
        masks: Mapping[str, Any],
        *,
        prescription: GivenPrescription | None = None,
        affine: npt.ArrayLike | None = None,
        dose_affine: npt.ArrayLike | None = None,
        spacing_mm: Sequence[float] | None = None,
        origin_mm: Sequence[float] = (0.0, 0.0, 0.0),
        axes: npt.ArrayLike | None = None,
    ) -> Plan:
        """A plan from a dose and masks of voxels; each structure has exactly the volume of its voxels.

        Dose and masks may be images of nibabel or SimpleITK, each on a grid of its own. Plain arrays lie where the
        keywords say: by ``affine``, indexed ``[i, j, k]``; or by ``spacing_mm``, indexed ``[k, j, i]``.

        Parameters
        ----------
        dose
            Gy, the total of all fractions: an image, an array, or a `DoseGrid`.
        masks
            For each structure an image or an array of true and false, or 1 and 0. An empty one makes a structure
            without contours.
        prescription
            ``"50Gy/5"``, ``(50.0, 5)``, or a `Prescription`; unknown when None.
        affine
            Matrix ``(4, 4)`` from voxels ``(i, j, k, 1)`` to RAS+ coordinates in mm, as nibabel has it.
        dose_affine
            The same of the dose; ``affine`` when None.
        spacing_mm, origin_mm, axes
            As of `from_arrays`, in LPS+.

        Raises
        ------
        InputError
            Something has a wrong shape or values, lies nowhere, or cannot be a prescription.
        GeometryError
            The axes of an image are not at right angles.

        Examples
        --------
        >>> import numpy as np
        >>> mask = np.zeros((4, 5, 6), dtype=bool)
        >>> mask[1:3, 1:4, 2] = True
        >>> plan = Plan.from_masks(np.full(mask.shape, 2.0), {"Cord": mask}, spacing_mm=(1, 1, 3))
        >>> plan.structures[0].findings[0].text
        'its contours are the edges of 6 voxels of 1 x 1 x 3 mm'
        """
        from sbrtcheck.plan.arrays import dose_grid, prescription_of
        from sbrtcheck.plan.lattices import Lattice, voxels_of
        from sbrtcheck.plan.masks import TURNED, structures_of_masks

        given = None if spacing_mm is None else Lattice.of(spacing_mm, origin_mm, axes)
        turned_dose = False
        if not isinstance(dose, DoseGrid):
            voxels = voxels_of(dose, given, affine if dose_affine is None else dose_affine, "dose")
            dose, turned_dose = dose_grid(voxels), voxels.turned
        structures, turned_masks = structures_of_masks(masks, given, affine, dose)
        return cls(
            dose=dose,
            structures=structures,
            prescription=prescription_of(prescription),
            findings=(TURNED,) if turned_dose or turned_masks else (),
        )

"""Computed DVHs + the plan's files -> an RTDOSE that has a DVH Sequence and no dose grid (PS3.3 A.18.3, C.8.8.4).

Each DVH is cumulative, in bins of 0.01 Gy, with the volume that receives at least the dose at the lower edge of its
bin: so the first one is the whole volume, and every reading of the curve is off by no more than a bin. The bounds of a
DVH have no place in the format.
"""

from __future__ import annotations

import numpy as np
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian, RTDoseStorage

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.files import Kind
from sbrtcheck.dicom.inputs import DicomInputs
from sbrtcheck.dicom.origin import Origin, origin_of, plan_references
from sbrtcheck.dicom.tags import ascii_text, quiet, uid_text
from sbrtcheck.dicom.write import SOFTWARE, file_bytes, set_equipment, version
from sbrtcheck.dvh import DVH, DVHSet, VolumeUnit
from sbrtcheck.dvh import Origin as From
from sbrtcheck.errors import InputError
from sbrtcheck.radiobiology import Quantity

BIN_GY = 0.01


def dvh_rtdose(dvhs: DVHSet, path: DicomInputs) -> bytes:
    """Write computed DVHs as DICOM, for the record of the patient whose plan they are of.

    Parameters
    ----------
    dvhs
        Computed ones. Those that `omission_lines` names are not written.
    path
        Folder or files that they were computed from; patient and study are those of these files.

    Returns
    -------
    bytes
        A DICOM file, implicit VR little endian: in explicit VR a DVH of more than 64 kB has no place. The same input
        gives the same bytes, UIDs included.

    Raises
    ------
    InputError
        The DVHs are stored ones or there are none; or the files are not there, name different patients or no plan.
    """
    written = [dvh for dvh in dvhs if _why_no_place(dvh) is None]
    if dvhs.origin is not From.COMPUTED:
        raise InputError("these DVHs were not computed here", hint="write computed ones: --dvhs computed")
    if converted := [dvh for dvh in written if dvh.quantity is not Quantity.PHYSICAL]:
        raise InputError(f"these DVHs are in {converted[0].quantity}", hint="write them before they are converted")
    if not written:
        raise InputError("there is no DVH to write", hint="ask for structures that have contours and dose")
    origin = origin_of(path, dvhs.provenance)
    with quiet():
        dataset = Dataset(origin.subject)
        dataset.SOPClassUID = RTDoseStorage
        _set_series(dataset, dvhs, origin)
        _set_dose(dataset, origin)
        dataset.ReferencedStructureSetSequence = Sequence(_structure_set(origin))
        dataset.DVHSequence = Sequence([_item(dvh, dataset.DoseType) for dvh in written])
        return file_bytes(dataset, ImplicitVRLittleEndian)


def omission_lines(dvhs: DVHSet) -> tuple[str, ...]:
    """A line for every structure that has no place in the file, with the reason."""
    lines = [
        f"{no_dvh.name}: {no_dvh.reason}" + (f" ({no_dvh.detail})" if no_dvh.detail else "") for no_dvh in dvhs.without
    ]
    lines += [f"{dvh.name}: {why}" for dvh in dvhs if (why := _why_no_place(dvh)) is not None]
    return tuple(lines)


def _why_no_place(dvh: DVH) -> str | None:
    """Why a DVH has no place in the file; None when it has."""
    if dvh.number < 0:
        return "made here from other structures, so the structure set has no ROI to refer to"
    if dvh.volume_unit is not VolumeUnit.CC:
        return "its volume in cc is not known"
    return None if dvh.volume > 0 else "it has no volume"


def _set_series(dataset: Dataset, dvhs: DVHSet, origin: Origin) -> None:
    """RT Series, Frame of Reference, General Equipment, and in SOP Common how the DVHs were made."""
    dataset.Modality = "RTDOSE"
    dataset.OperatorsName = ""
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = f"{SOFTWARE} DVHs"
    frame = next((uid for dose in origin.doses if (uid := uid_text(dose, Tag.FRAME_OF_REFERENCE_UID))), "")
    if not frame:
        raise InputError("the plan's dose has no frame of reference", hint="export it again")
    dataset.FrameOfReferenceUID = frame
    dataset.PositionReferenceIndicator = ""
    set_equipment(dataset)
    dataset.ContributingEquipmentSequence = Sequence([_contributing_equipment(dvhs)])


def _contributing_equipment(dvhs: DVHSet) -> Dataset:
    """What made the DVHs, and how: the instance's own description of its derivation."""
    purpose = Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator = "109102", "DCM"  # of context group 7005
    purpose.CodeMeaning = "Processing Equipment"
    equipment = Dataset()
    equipment.PurposeOfReferenceCodeSequence = Sequence([purpose])
    set_equipment(equipment)
    model, doses = dvhs.model, dvhs.provenance.get("doses", ())
    equipment.ContributionDescription = (
        f"Cumulative DVHs computed from contours and dose; end caps {model.end_caps}, between planes {model.between},"
        f" dose {model.dose} between grid points; bins of {BIN_GY:g} Gy, volume at the lower edge of each."
        f" Dose: {doses if isinstance(doses, str) else ', '.join(doses)}"
    )
    return equipment


def _set_dose(dataset: Dataset, origin: Origin) -> None:
    """RT Dose (C.8.8.3) without a grid."""
    plans = plan_references(origin)
    if not plans:
        raise InputError("the dose refers to no plan, and there is no RTPLAN", hint="add the RTPLAN to the folder")
    dataset.DoseUnits = "GY"
    dataset.DoseType = next(
        (kind for dose in origin.doses if (kind := ascii_text(dose, Tag.DOSE_TYPE).upper())), "PHYSICAL"
    )
    dataset.DoseComment = f"DVHs of {SOFTWARE} {version()}, no dose grid"
    dataset.DoseSummationType = "PLAN" if len(plans) == 1 else "MULTI_PLAN"
    dataset.ReferencedRTPlanSequence = Sequence(plans)


def _structure_set(origin: Origin) -> tuple[Dataset, ...]:
    if origin.references[Kind.SEGMENTATION]:
        what = "the structures are those of a SEG, and DVHs in an RTDOSE are of the ROIs of an RTSTRUCT"
        raise InputError(what, hint="write the structured report, or give an RTSTRUCT")
    references = origin.references[Kind.STRUCTURE_SET]
    if len(references) != 1:
        raise InputError("the structure set of the DVHs is not here", hint="give the folder they were computed from")
    return references


def _item(dvh: DVH, dose_type: str) -> Dataset:
    roi = Dataset()
    roi.ReferencedROINumber = dvh.number
    roi.DVHROIContributionType = "INCLUDED"
    volumes = _volumes_cc(dvh)
    item = Dataset()
    item.DVHReferencedROISequence = Sequence([roi])
    item.DVHType = "CUMULATIVE"
    item.DoseUnits = "GY"
    item.DoseType = dose_type
    item.DVHDoseScaling = "1"
    item.DVHVolumeUnits = "CM3"
    item.DVHNumberOfBins = len(volumes)
    item.DVHMinimumDose = _decimal(dvh.min_gy.value)
    item.DVHMaximumDose = _decimal(dvh.max_gy.value)
    item.DVHMeanDose = _decimal(dvh.mean_gy.value)
    text = "\\".join(f"{BIN_GY:g}\\{_decimal(volume)}" for volume in volumes)
    # bytes as they go into the file: as numbers, each would be parsed and checked again, which takes seconds
    item.add_new(Tag.DVH_DATA, "OB", text.encode() + b" " * (len(text) % 2))
    return item


def _volumes_cc(dvh: DVH) -> list[float]:
    """Volume that receives at least 0 Gy, 0.01 Gy, ... up to the largest dose."""
    bins = int(float(dvh.curve.dose_gy[-1]) / BIN_GY) + 1
    edges_gy = np.arange(bins) / round(1 / BIN_GY)
    return [bounds.value for bounds in dvh.volume_at_doses(edges_gy)]


def _decimal(number: float) -> str:
    """Nine digits, in no more than the 16 characters that a decimal string has."""
    return f"{number:.9g}"

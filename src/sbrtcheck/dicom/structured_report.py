"""What a report says, in plain values + the plan's files -> DICOM Structured Report of that patient (TID 1500).

::

    Imaging Measurement Report
      Qualitative Evaluations           the verdict of the whole report, and what it was made from, as text
      Imaging Measurements
        Measurement Group (TID 1501)    one an organ: tracking identifier (the contour), finding site (the organ)
          NUM   metric = value, UCUM unit, tracking identifier = the row; below it its bounds, limit, variation
          CODE  row and metric = verdict; below it the limit as printed, why there is no value, the source

A row that was not measured has no NUM at all: its CODE has the reason. Metrics, verdicts and organs have no codes in
DICOM, and are coded in the private scheme ``99SBRTCHECK``, each by its own text. Needs highdicom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, generate_uid

from sbrtcheck.dicom.inputs import DicomInputs
from sbrtcheck.dicom.origin import Origin, by_series, origin_of
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.dicom.write import IMPLEMENTATION, SOFTWARE, file_bytes, set_equipment, version
from sbrtcheck.errors import InputError, OutputError
from sbrtcheck.formatting import clean
from sbrtcheck.installation import install_command
from sbrtcheck.metric import Measurement, NotMeasured, Unit

SCHEME = "99SBRTCHECK"
_LONGEST_CODE, _LONGEST_MEANING = 16, 64  # of the VRs SH and LO; bytes, for there are readers that count them
_UCUM = {
    Unit.GY: ("Gy", "gray"),
    Unit.CGY: ("cGy", "centigray"),
    Unit.CC: ("cm3", "cubic centimeter"),
    Unit.PERCENT: ("%", "percent"),
    Unit.PERCENT_RX: ("%", "percent of the prescribed dose"),
    Unit.PERCENT_PTV: ("%", "percent of the volume of the PTV"),
    Unit.RATIO: ("1", "no units"),
    Unit.COUNT: ("1", "no units"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text under its heading."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRow:
    """One row of a report.

    Parameters
    ----------
    row
        Table and row.
    metric
        What was asked, as text.
    measured
        The value, or why there is none.
    verdict
        Of the row, in words.
    numbers
        Numbers of the limit in the metric's unit, by what they are called.
    said
        What else has to be said of it: the limit as printed, the source.
    """

    row: str
    metric: str
    measured: Measurement | NotMeasured
    verdict: str
    numbers: Mapping[str, float]
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedOrgan:
    """The rows on one organ; ``contour`` is empty where none was matched to it."""

    organ: str
    contour: str
    rows: tuple[ReportedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """A report: its verdict, what has to be said of the whole, and the organs."""

    verdict: str
    said: tuple[Said, ...]
    organs: tuple[ReportedOrgan, ...]


def require_sr() -> None:
    """Find out, before anything is computed, whether a Structured Report can be made; `OutputError` when not."""
    if find_spec("highdicom") is None:
        raise OutputError("a DICOM Structured Report needs highdicom", hint=install_command("sr"))


def structured_report(
    content: ReportContent,
    path: DicomInputs,
    provenance: Mapping[str, str | tuple[str, ...]],
    *,
    made_at: datetime,
) -> bytes:
    """Write a report for the record of the patient whose plan it is about.

    Parameters
    ----------
    content
        What the report says.
    path
        Folder or files of the plan; patient and study are those of these files.
    provenance
        Of the DVHs that the report is about: the UIDs of their files.
    made_at
        Content Date and Time, which the standard wants of every Structured Report.

    Returns
    -------
    bytes
        A DICOM file, Comprehensive SR in explicit VR little endian; the same input gives the same bytes.

    Raises
    ------
    OutputError
        highdicom is not installed.
    InputError
        The files are not there, name different patients, or are of no study; or the report has no row.
    """
    require_sr()
    if not content.organs:
        raise InputError("the report has no row, and a Structured Report is made of rows", hint="choose another format")
    origin = origin_of(path, provenance)
    with quiet():
        dataset = Dataset(origin.subject)
        dataset.SOPClassUID = ComprehensiveSRStorage
        dataset.Modality = "SR"
        dataset.SeriesNumber = 1
        dataset.SeriesDescription = f"{SOFTWARE} report: {content.verdict}"  # which lists of series show
        dataset.ReferencedPerformedProcedureStepSequence = Sequence([])
        set_equipment(dataset)
        _set_document(dataset, origin, made_at)
        dataset.update(_content_tree(content, str(provenance.get("structure_set", ""))))
        return file_bytes(dataset, ExplicitVRLittleEndian)


def _set_document(dataset: Dataset, origin: Origin, made_at: datetime) -> None:
    """SR Document General (PS3.3 C.17.2)."""
    dataset.InstanceNumber = 1
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.ContentDate = f"{made_at:%Y%m%d}"
    dataset.ContentTime = f"{made_at:%H%M%S}"
    dataset.PerformedProcedureCodeSequence = Sequence([])
    dataset.CurrentRequestedProcedureEvidenceSequence = Sequence(_evidence(origin))
    scheme = Dataset()
    scheme.CodingSchemeDesignator = SCHEME
    scheme.CodingSchemeName = "Metrics, verdicts and organ names of sbrtcheck, each coded by its own text"
    scheme.CodingSchemeVersion = version()
    dataset.CodingSchemeIdentificationSequence = Sequence([scheme])


def _evidence(origin: Origin) -> Iterator[Dataset]:
    """The plan's files by study and series (PS3.3 table C.17-3)."""
    for study_uid, series in by_series(origin).items():
        study = Dataset()
        study.StudyInstanceUID = study_uid
        study.ReferencedSeriesSequence = Sequence(_series(*one) for one in series.items())
        yield study


def _series(series_uid: str, references: Iterable[Dataset]) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = series_uid
    series.ReferencedSOPSequence = Sequence(references)
    return series


# -------------------------------------------------------------------------------- the content


def _content_tree(content: ReportContent, structure_set: str) -> Dataset:
    """The root of the content tree."""
    from highdicom import sr

    observer = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=IMPLEMENTATION, name=SOFTWARE, manufacturer_name=SOFTWARE, model_name=f"{SOFTWARE} {version()}"
        ),
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.SCT.RadiationTherapyProcedureOrService,
        imaging_measurements=[_group(organ, structure_set) for organ in content.organs],
        title=codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
            sr.CodedConcept("en", "RFC5646", "English")
        ),
    )
    root = Dataset(report[0])
    root.ContentSequence = Sequence([*root.ContentSequence, _of_whole_report(content)])
    _separate(root)
    return root


def _separate(item: Dataset) -> None:
    """Have viewers show what containers hold below each other, each with its name, not as values in running text."""
    if item.ValueType == "CONTAINER":
        item.ContinuityOfContent = "SEPARATE"
        for inner in item.ContentSequence:
            _separate(inner)


def _of_whole_report(content: ReportContent) -> Dataset:
    """The verdict of the report, and all that is of no single organ."""
    from highdicom import sr

    container = sr.ContainerContentItem(
        name=sr.CodedConcept("C0034375", "UMLS", "Qualitative Evaluations"),
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    verdict = sr.CodeContentItem(
        name=_code("overall verdict"),
        value=_code(content.verdict),
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    container.ContentSequence = sr.ContentSequence([verdict, *_texts(content.said, sr.RelationshipTypeValues.CONTAINS)])
    return Dataset(container)


def _group(organ: ReportedOrgan, structure_set: str) -> Any:
    """The measurement group of an organ: its measured rows, then the verdicts of all its rows."""
    from highdicom import sr

    names = [SOFTWARE, "organ", structure_set, organ.organ, organ.contour]
    contour = organ.contour or f"{organ.organ}: no contour"
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(entropy_srcs=names), identifier=clean(contour)),
        finding_sites=[sr.FindingSite(anatomic_location=_code(organ.organ))],
        measurements=[
            _measurement(row, row.measured, [*names, row.row])
            for row in organ.rows
            if isinstance(row.measured, Measurement)
        ],
        qualitative_evaluations=[_evaluation(row) for row in organ.rows],
    )


def _measurement(row: ReportedRow, measured: Measurement, names: list[str]) -> Any:
    """A value with its row, its bounds and the numbers of its limit."""
    from highdicom import sr

    unit = _unit(measured.unit)
    item = sr.Measurement(
        name=_code(row.metric),
        value=float(measured.value),
        unit=unit,
        tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(entropy_srcs=names), identifier=clean(row.row)),
    )
    bounds = {"lower bound": measured.low} | ({} if measured.open_above else {"upper bound": measured.high})
    item[0].ContentSequence.extend(
        sr.NumContentItem(
            name=_code(name),
            value=float(number),
            unit=unit,
            relationship_type=sr.RelationshipTypeValues.HAS_PROPERTIES,
        )
        for name, number in (bounds | dict(row.numbers)).items()
    )
    return item


def _evaluation(row: ReportedRow) -> Any:
    """The verdict of a row, with what has to be said of it."""
    from highdicom import sr

    name = _code(row.row, meaning=f"{row.metric} ({row.row})")  # a metric may be asked for by several rows
    item = sr.QualitativeEvaluation(name=name, value=_code(row.verdict))
    item[0].ContentSequence = sr.ContentSequence(_texts(row.said, sr.RelationshipTypeValues.HAS_PROPERTIES))
    return item


def _texts(said: Iterable[Said], relationship: Any) -> list[Any]:
    from highdicom import sr

    texts = ((one.heading, clean(one.text).strip()) for one in said)
    return [
        sr.TextContentItem(name=_code(heading), value=text, relationship_type=relationship)
        for heading, text in texts
        if text
    ]


def _code(text: str, meaning: str = "") -> Any:
    """A text as a code of our own scheme, whole as its value; its meaning as far as there is room."""
    from highdicom import sr

    value = _one_value(text)
    code = sr.CodedConcept(value="", scheme_designator=SCHEME, meaning=_shortened(meaning or text))
    if len(value.encode()) > _LONGEST_CODE:
        del code.CodeValue
        code.LongCodeValue = value
    else:
        code.CodeValue = value
    return code


def _one_value(text: str) -> str:
    return clean(text).strip().replace("\\", "/")  # a backslash would part it in two


def _shortened(text: str) -> str:
    whole = _one_value(text).encode()
    if len(whole) <= _LONGEST_MEANING:
        return whole.decode()
    return whole[: _LONGEST_MEANING - 3].decode(errors="ignore") + "..."


def _unit(unit: Unit) -> Any:
    from highdicom import sr

    value, meaning = _UCUM[unit]
    return sr.CodedConcept(value=value, scheme_designator="UCUM", meaning=meaning)

"""Element with a code of the standard -> its word; of any other word, no more than how long it is.

Words of codes stand in messages and reports, and a damaged file may have a patient's name where a code should be. So a
word is given as it stands only where the standard defines it there, apart from case and punctuation, or where other
software is known to write it; whatever is compared with a code stays comparable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.elements import Elements
from sbrtcheck.dicom.tags import ascii_text, ascii_texts

_DOSE_TYPES = ("PHYSICAL", "EFFECTIVE", "ERROR")

DEFINED: Mapping[int, tuple[str, ...]] = {
    Tag.DOSE_UNITS: ("GY", "RELATIVE"),
    Tag.DOSE_TYPE: _DOSE_TYPES,
    Tag.SPATIAL_TRANSFORM_OF_DOSE: ("NONE", "RIGID", "NON_RIGID"),
    Tag.DOSE_SUMMATION_TYPE: (
        "PLAN",
        "MULTI_PLAN",
        "PLAN_OVERVIEW",
        "FRACTION",
        "BEAM",
        "BRACHY",
        "FRACTION_SESSION",
        "BEAM_SESSION",
        "BRACHY_SESSION",
        "CONTROL_POINT",
        "RECORD",
    ),
    Tag.TISSUE_HETEROGENEITY_CORRECTION: ("IMAGE", "ROI_OVERRIDE", "WATER"),
    Tag.DVH_TYPE: ("DIFFERENTIAL", "CUMULATIVE", "NATURAL"),
    Tag.DVH_VOLUME_UNITS: ("CM3", "PERCENT", "PER_U"),
    Tag.DVH_ROI_CONTRIBUTION_TYPE: ("INCLUDED", "EXCLUDED"),
    Tag.CONTOUR_GEOMETRIC_TYPE: ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"),
    Tag.RT_ROI_INTERPRETED_TYPE: (
        "EXTERNAL",
        "PTV",
        "CTV",
        "GTV",
        "TREATED_VOLUME",
        "IRRAD_VOLUME",
        "OAR",
        "BOLUS",
        "AVOIDANCE",
        "ORGAN",
        "MARKER",
        "REGISTRATION",
        "ISOCENTER",
        "CONTRAST_AGENT",
        "CAVITY",
        "BRACHY_CHANNEL",
        "BRACHY_ACCESSORY",
        "BRACHY_SRC_APP",
        "BRACHY_CHNL_SHLD",
        "SUPPORT",
        "FIXATION",
        "DOSE_REGION",
        "CONTROL",
        "DOSE_MEASUREMENT",
        "DEVICE",
    ),
    Tag.PLAN_INTENT: (
        "CURATIVE",
        "PALLIATIVE",
        "PROPHYLACTIC",
        "VERIFICATION",
        "MACHINE_QA",
        "RESEARCH",
        "SERVICE",
    ),
    Tag.RT_PLAN_GEOMETRY: ("PATIENT", "TREATMENT_DEVICE"),
    Tag.DOSE_REFERENCE_TYPE: ("TARGET", "ORGAN_AT_RISK"),
    Tag.DOSE_REFERENCE_STRUCTURE_TYPE: ("POINT", "VOLUME", "COORDINATES", "SITE"),
    Tag.DOSE_VALUE_PURPOSE: ("TRACKING", "QA"),
    Tag.DOSE_VALUE_INTERPRETATION: ("NOMINAL", "ACTUAL"),
    Tag.APPROVAL_STATUS: ("APPROVED", "UNAPPROVED", "REJECTED"),
    Tag.FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE: ("RIGID", "RIGID_SCALE", "AFFINE"),
}
"""The words that PS3.3 defines for an attribute: RT Dose (C.8.8.3), RT DVH (C.8.8.4), ROI Contour (C.8.8.6), RT ROI
Observations (C.8.8.8), RT General Plan (C.8.8.9), RT Prescription (C.8.8.10), Approval (C.8.8.16), Spatial Registration
(C.20.2)."""

_ALSO_WRITTEN: Mapping[int, tuple[str, ...]] = {
    Tag.DOSE_UNITS: ("CGY", "MGY", "RAD", "RADS", "PERCENT", "%"),
    Tag.DVH_VOLUME_UNITS: ("CC", "ML", "MM3", "CM^3", "MM^3", "%"),
    Tag.CONTOUR_GEOMETRIC_TYPE: ("CLOSED", "OPEN", "CLOSED_NONPLANAR", "INTERPOLATED_PLANAR"),
    Tag.RT_ROI_INTERPRETED_TYPE: ("NONE", "UNDEFINED", "OTHER", "TARGET", "ITV", "PRV"),
}
"""Words that are none of the standard's there, and that are no name: a reader of a message has to see which it is."""

_MAX_LISTED = 11


def coded_word(elements: Elements, tag: int) -> str:
    """The first word of a coded element in capitals, empty when absent; for a word that is no code, its length."""
    return _shown(ascii_text(elements, tag), tag)


def coded_words(elements: Elements, tag: int) -> list[str]:
    """Each word of a coded element, as `coded_word` gives one; none when it is absent."""
    return [_shown(text, tag) for text in ascii_texts(elements, tag) if text]


def is_known(text: str, words: Iterable[str]) -> bool:
    """Whether a word is one of those that may stand somewhere, apart from case and punctuation."""
    letters = _letters(text)
    return any(text.upper() == word or (letters and letters == _letters(word)) for word in words)


def known_words(tag: int) -> tuple[str, ...]:
    """What the standard defines for a coded element, and what else is written there."""
    return (*DEFINED[tag], *_ALSO_WRITTEN.get(tag, ()))


def unknown_word(text: str, defined: Sequence[str]) -> str:
    """What is said in place of a word that nobody knows there."""
    listed = ", ".join(defined) if len(defined) <= _MAX_LISTED else "others"
    return f"a word of {len(text)} characters, where DICOM defines {listed}"


def _shown(text: str, tag: int) -> str:
    return text.upper() if not text or is_known(text, known_words(tag)) else unknown_word(text, DEFINED[tag])


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()

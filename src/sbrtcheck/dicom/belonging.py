"""What the files of one plan say of patient, purpose and time -> findings where they do not go together.

References tell which files are linked, and nothing else is asked there. A tool that writes constant UIDs, a hand that
puts a file into the wrong folder, a plan made for a phantom: in each the references hold, and the patient that the
report is about is not the one of the contours, or of the dose. No value that identifies a patient gets into a
finding: it names the attributes that differ, and the kinds of files.

The rules, with their reasons in ``docs/decisions/0035``:

1. Two files contradict each other where both state an attribute and the values differ; a removed value contradicts
   nothing, and neither does a word such as ``ANONYMOUS`` in its place. Letters' case, accents, punctuation and blanks
   do not count.
2. Patient ID decides (PS3.3 C.7.1.1: it identifies the patient). Where name or birth date alone differs, and the other
   two are stated and the same, it is a detail: people marry, and misspelt names are corrected. So it is where Patient
   IDs differ in leading zeros alone. What stands for nobody confirms nothing.
3. A file that says of no patient that it is theirs, beside others that do, is a detail.
4. What a reviewer rejected, and what is planned on no patient, is not what a patient will be treated with.
5. Structures are later than the dose where they were edited after the dose's file was made.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sbrtcheck.dicom.attributes import Tag
from sbrtcheck.dicom.coded_words import coded_word, coded_words
from sbrtcheck.dicom.elements import DoseFile, Elements
from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.tags import ascii_text, integer, name
from sbrtcheck.plan import Finding, FindingCode

# Files of one export are written one after the other: times no further apart do not tell which came first.
_ONE_EXPORT = dt.timedelta(hours=1)
# Plan Intent (PS3.3 C.8.8.9): of a phantom, of a machine, of its repair. RESEARCH and the others are on a patient.
_INTENTS_WITHOUT_PATIENT = frozenset({"VERIFICATION", "MACHINE_QA", "SERVICE"})
_DATE_DIGITS = 8
_TIMES = {2: "%H", 4: "%H%M", 6: "%H%M%S"}  # PS3.5 6.2: minutes and seconds may be left out


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """One file of a plan: its kind, its elements, and its approval where these end before it."""

    kind: Kind
    elements: Elements
    approval: str = ""


def doses_and_plan(doses: Sequence[DoseFile], plan: RtFile | None, elements: Elements | None) -> Iterator[PlanFile]:
    """The doses, and the RTPLAN where there is one, with what was read of it."""
    for dose in doses:
        yield PlanFile(kind=Kind.DOSE, elements=dose.elements)
    if plan is not None and elements is not None:
        yield PlanFile(kind=Kind.PLAN, elements=elements, approval=plan.approval)


def findings_on_files(files: Sequence[PlanFile]) -> tuple[Finding, ...]:
    """Where files of one plan contradict each other, or say that they are not for a patient's treatment.

    Parameters
    ----------
    files
        In any order; at least one dose.
    """
    return (
        *_patient_findings(files),
        *_approval_findings(files),
        *_purpose_findings(files),
        *_brachytherapy_findings(files),
        *_date_findings(files),
        *_heterogeneity_findings(files),
    )


def patients_differ(files: Sequence[PlanFile]) -> bool:
    """Whether files contradict each other on whose they are, of one plan or of several."""
    return any(finding.code is FindingCode.PATIENTS_DIFFER for finding in _patient_findings(files))


def frame_findings(dose: RtFile, structure_set: RtFile | None, plan: RtFile | None = None) -> tuple[Finding, ...]:
    """RTSTRUCT or RTDOSE names no frame of reference, or the RTPLAN another one: where the dose lies is not known."""
    if plan is not None and plan.frames and dose.frames and not set(plan.frames) & set(dose.frames):
        text = "the RTPLAN is in another frame of reference than the RTDOSE that names it: is it the dose of this plan?"
        return (Finding(code=FindingCode.OTHER_FRAME, text=text),)
    if structure_set is None or bool(dose.frames) == bool(structure_set.frames):
        return ()
    which = "RTSTRUCT" if dose.frames else "RTDOSE"
    text = f"the {which} names no frame of reference: whether contours and dose lie in the same one cannot be told"
    return (Finding(code=FindingCode.FRAME_UNKNOWN, text=text),)


# The patient


def _letters(text: str) -> str:
    """Letters and digits alone, without accents or case: `Mü^ler` and `MU LER` are one name."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


_ID, _NAME, _BIRTH_DATE, _SEX = "Patient ID", "Patient's Name", "Patient's Birth Date", "Patient's Sex"
_TAG_OF = {_ID: Tag.PATIENT_ID, _NAME: Tag.PATIENT_NAME, _BIRTH_DATE: Tag.PATIENT_BIRTH_DATE, _SEX: Tag.PATIENT_SEX}
_IDENTITY = (_ID, _NAME, _BIRTH_DATE)
_SEXES = frozenset({"m", "f"})  # O, other, contradicts neither
# What tools that remove identities write in place of a value; with a number behind it, it may tell patients apart.
_OF_NOBODY = re.compile(
    r"anon|anonyme?|anonymous|anonymus|anonymi[sz]ed?|anonymisierte?r?|deidentified|pseudonymi[sz]ed|removed|deleted"
    r"|unknown|unbekannt|none|null|patient|name|noname|patientid|patientname|x{2,}|0+"
)
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_FIRST_BIRTH_DATE = "19020101"  # 1900-01-01 and the like are no birth dates of who is treated today


def _stated(files: Sequence[PlanFile], attribute: str) -> list[str]:
    """What each file states, in a form that is the same where it means the same; ``""`` where it states nobody."""
    tag = _TAG_OF[attribute]
    raw = [file.elements.raw_text(tag) for file in files]
    if len({*filter(None, raw)}) <= 1:  # as in nearly all plans: then no character set has to be known
        texts = [text.decode("latin-1") for text in raw]
        return [_unless_of_nobody(_letters(text), text, attribute) for text in texts]
    texts = [name(file.elements, tag) for file in files]
    same = [_first_filled(text) if attribute == _NAME else _letters(text) for text in texts]
    return [_unless_of_nobody(letters, text, attribute) for letters, text in zip(same, texts, strict=True)]


def _unless_of_nobody(letters: str, text: str, attribute: str) -> str:
    """The letters; ``""`` where they stand in place of a value that was removed."""
    if attribute == _SEX:
        return letters if letters in _SEXES else ""
    if attribute == _BIRTH_DATE:
        return letters if letters >= _FIRST_BIRTH_DATE else ""
    words = filter(None, _BETWEEN_WORDS.split(text.casefold().replace("-", "")))
    return "" if all(map(_OF_NOBODY.fullmatch, words)) else letters


def _first_filled(person: str) -> str:
    """The first representation of a name that is filled; the others (PS3.5 6.2.1) repeat it in other scripts."""
    return next(filter(None, map(_letters, person.split("="))), "")


def _patient_findings(files: Sequence[PlanFile]) -> Iterator[Finding]:
    values = {attribute: _stated(files, attribute) for attribute in _TAG_OF}
    yield from _nobody_findings(files, values)
    differing = [attribute for attribute, stated in values.items() if len({*filter(None, stated)}) > 1]
    if not differing:
        return
    places = " and ".join(f"{attribute} ({_files_apart(files, values[attribute])})" for attribute in differing)
    if len(differing) == 1 and _others_agree(values, differing[0]):
        text = f"the files differ in {places}, and have one {' and one '.join(_without(differing[0]))}"
        yield Finding(code=FindingCode.PATIENT_DETAILS_DIFFER, text=text)
    else:
        text = f"the files differ in {places}: are they of one patient?"
        yield Finding(code=FindingCode.PATIENTS_DIFFER, text=text)


def _nobody_findings(files: Sequence[PlanFile], values: dict[str, list[str]]) -> Iterator[Finding]:
    """Files that say nothing of whose they are, where others of the plan do."""
    are_told = [any(of_file) for of_file in zip(*(values[attribute] for attribute in _IDENTITY), strict=True)]
    if any(are_told) and not all(are_told):
        kinds = sorted({file.kind for file, is_told in zip(files, are_told, strict=True) if not is_told})
        text = (
            f"nothing in the {' and the '.join(kinds)} says whose it is ({_ID}, name and birth date were removed):"
            " references alone tell that it is of the patient of the other files"
        )
        yield Finding(code=FindingCode.PATIENT_NOT_STATED, text=text)


def _others_agree(values: dict[str, list[str]], differing: str) -> bool:
    """Whether each two files that differ in a detail have the same of all else, Patient ID included."""
    if differing == _ID and len({value.lstrip("0") for value in values[_ID] if value}) > 1:
        return False
    stating = [at for at, value in enumerate(values[differing]) if value]
    pairs = [(a, b) for a, b in combinations(stating, 2) if values[differing][a] != values[differing][b]]
    others = [values[attribute] for attribute in _without(differing)]
    return all(other[a] and other[a] == other[b] for other in others for a, b in pairs)


def _without(differing: str) -> list[str]:
    """What tells who a patient is besides; the sex tells it of nobody."""
    return [attribute for attribute in _IDENTITY if attribute != differing]


def _files_apart(files: Sequence[PlanFile], values: Sequence[str]) -> str:
    """Which kinds of files have the same value, and which another: never the value."""
    kinds_by_value: dict[str, list[str]] = {}
    for file, value in zip(files, values, strict=True):
        if value:
            kinds_by_value.setdefault(value, []).append(file.kind)
    groups = sorted(", ".join(sorted(set(kinds))) for kinds in kinds_by_value.values())
    return " against ".join(groups)


# What the files are for


def _approval_findings(files: Sequence[PlanFile]) -> Iterator[Finding]:
    rejected = {
        file.kind for file in files if (file.approval or coded_word(file.elements, Tag.APPROVAL_STATUS)) == "REJECTED"
    }
    for kind in sorted(rejected):
        text = f"a reviewer rejected the {kind} (Approval Status REJECTED)"
        yield Finding(code=FindingCode.REJECTED, text=text)


def _purpose_findings(files: Sequence[PlanFile]) -> Iterator[Finding]:
    for plan in (file.elements for file in files if file.kind is Kind.PLAN):
        said = []
        intent, geometry = (coded_word(plan, tag) for tag in (Tag.PLAN_INTENT, Tag.RT_PLAN_GEOMETRY))
        if intent in _INTENTS_WITHOUT_PATIENT:
            said.append(f"its Plan Intent is {intent}")
        if geometry == "TREATMENT_DEVICE":
            said.append("its RT Plan Geometry is TREATMENT_DEVICE, which refers to no structures of a patient")
        if said:
            text = f"the RTPLAN is not for the treatment of a patient: {'; '.join(said)}"
            yield Finding(code=FindingCode.NOT_FOR_A_PATIENT, text=text)


def _brachytherapy_findings(files: Sequence[PlanFile]) -> Iterator[Finding]:
    """Of an RTPLAN with application setups (PS3.3 C.8.8.13), the dose or a part of it is of radioactive sources."""
    for plan in (file.elements for file in files if file.kind is Kind.PLAN):
        groups = plan.items(Tag.FRACTION_GROUP_SEQUENCE)
        setups = sum(integer(group, Tag.NUMBER_OF_BRACHY_APPLICATION_SETUPS) or 0 for group in groups)
        if setups > 0:
            text = (
                f"the RTPLAN is of brachytherapy (Number Of Brachy Application Setups {setups}): tables for external"
                " beams are applied to its dose"
            )
            yield Finding(code=FindingCode.BRACHYTHERAPY, text=text)


def _heterogeneity_findings(files: Sequence[PlanFile]) -> Iterator[Finding]:
    for dose in (file.elements for file in files if file.kind is Kind.DOSE):
        stated = {*coded_words(dose, Tag.TISSUE_HETEROGENEITY_CORRECTION)}
        if "WATER" in stated and "IMAGE" not in stated:
            text = (
                "the RTDOSE states that it was calculated with the patient as water, without a correction for"
                " heterogeneity (Tissue Heterogeneity Correction WATER)"
            )
            yield Finding(code=FindingCode.NO_HETEROGENEITY_CORRECTION, text=text)
            return


# Times


def _date_findings(files: Sequence[PlanFile]) -> Iterator[Finding]:
    edited = [
        _Time.of(file.elements, Tag.STRUCTURE_SET_DATE, Tag.STRUCTURE_SET_TIME)
        for file in files
        if file.kind is Kind.STRUCTURE_SET
    ]
    made = [
        _Time.of(file.elements, Tag.INSTANCE_CREATION_DATE, Tag.INSTANCE_CREATION_TIME)
        for file in files
        if file.kind is Kind.DOSE
    ]
    if any(structures.is_after(dose) for structures in filter(None, edited) for dose in filter(None, made)):
        text = (
            "the structures were edited after the file of the dose was made (Structure Set Date and Time): is the dose"
            " one that was planned on them?"
        )
        yield Finding(code=FindingCode.STRUCTURES_AFTER_DOSE, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """A day, and the moment in it where that is stated too."""

    day: dt.date
    moment: dt.datetime | None

    @classmethod
    def of(cls, elements: Elements, date_tag: int, time_tag: int) -> _Time | None:
        """None where there is no date that can be read."""
        date = ascii_text(elements, date_tag).replace(".", "")
        time = ascii_text(elements, time_tag).replace(":", "").partition(".")[0]
        day = _parsed(date, "%Y%m%d") if len(date) == _DATE_DIGITS else None
        clock = _parsed(time, _TIMES[len(time)]) if len(time) in _TIMES else None
        if day is None:
            return None
        moment = None if clock is None else dt.datetime.combine(day.date(), clock.time())
        return cls(day=day.date(), moment=moment)

    def is_after(self, other: _Time) -> bool:
        """Later by more than an export takes; by days where a time of day is missing."""
        if self.moment is None or other.moment is None:
            return self.day > other.day
        return self.moment - other.moment > _ONE_EXPORT


def _parsed(text: str, form: str) -> dt.datetime | None:
    """None where the text is no date, or no time: a day counts without its time of day."""
    try:
        return dt.datetime.strptime(text, form)
    except ValueError:
        return None

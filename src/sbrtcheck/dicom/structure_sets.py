"""A dose and its plan -> the structure set that has their contours, and the one that names their stored DVHs.

A structure set that is referred to is used. Where none that is referred to is there, those of the dose's frame of
reference are, for a review, and only for their contours: stored DVHs know ROI numbers alone, which mean something in
the structure set that is referred to and in no other. A SEG names images alone: by its frame of reference it stands in
for an RTSTRUCT that is not there, or for one where its UID is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sbrtcheck.dicom.file_index import FileIndex, files_sharing_frame
from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.found_plans import FoundPlan, Obstacle, with_findings
from sbrtcheck.plan import Finding, FindingCode

_MAX_FRAMES_LISTED = 3


def with_structure_sets(group: FoundPlan, index: FileIndex) -> list[FoundPlan]:
    """The plan with its structure set; once for each possible one where references do not tell."""
    return [_with_dvh_names(joined, group, index) for joined in _with_contours(group, index)]


def with_requested_segmentations(group: FoundPlan, index: FileIndex) -> list[FoundPlan]:
    """The plan with each SEG that could be in the place of its RTSTRUCT, for who asks for the UID of that SEG."""
    joined = _with_segmentations(group, "it was asked for", index)
    return [_with_dvh_names(with_seg, group, index) for with_seg in joined]


def for_stored_dvhs(plan: FoundPlan) -> FoundPlan:
    """The same plan, with the structure set that names stored DVHs in place of the one that has its contours."""
    return replace(plan, structure_set=plan.names_from, findings=plan.names_findings)


# -------------------------------------------------------------------------------- the one that has the contours


def _with_contours(group: FoundPlan, index: FileIndex) -> list[FoundPlan]:
    referring = _files_with_reference(group)
    named = [index.sets[ref] for file in referring for ref in file.structure_set_refs if ref in index.sets]
    if named:
        return [_with_structure_set(group, named[0], _findings_on_other_sets(referring, named[0]))]
    shared = files_sharing_frame(group.doses[0].frames, index.sets_in)
    if shared:
        return [
            _with_structure_set(group, linked, _findings_on_linked_set(referring, linked, len(shared)))
            for linked in shared
        ]
    why = _why_no_set(group, referring, index)
    also = "; no SEG here shares the dose's frame of reference" if index.segmentations else ""
    return _with_segmentations(group, why, index) or [replace(group, no_structures=Obstacle(what=why + also))]


def _with_segmentations(group: FoundPlan, why: str, index: FileIndex) -> list[FoundPlan]:
    """The plan with each SEG of its frame of reference."""
    shared = files_sharing_frame(group.doses[0].frames, index.segmentations_in)
    return [
        _with_structure_set(
            group,
            seg,
            [
                _frame_finding(
                    f"the structures are the segments of {seg.display_name}, {_which_of(len(shared))} in the dose's"
                    f" frame of reference, and not those of an RTSTRUCT: {why}"
                )
            ],
        )
        for seg in shared
    ]


def _with_structure_set(group: FoundPlan, structure_set: RtFile, findings: Iterable[Finding]) -> FoundPlan:
    """The plan with that structure set; the findings say how it was linked."""
    joined = replace(with_findings(group, *findings), structure_set=structure_set)
    frames = set(group.doses[0].frames)
    if structure_set.damage is not None:
        return replace(joined, no_structures=Obstacle.of_damage(structure_set))
    if frames and structure_set.frames and not frames & set(structure_set.frames):
        return replace(joined, no_structures=Obstacle(what=_other_frame_text(group, structure_set.frames)))
    if not frames or not structure_set.frames:
        file = group.doses[0] if not frames else structure_set
        text = f"{file.display_name} states no frame of reference; that dose and contours share one was not checked"
        return with_findings(joined, Finding(code=FindingCode.OTHER, text=text))
    return joined


def _files_with_reference(group: FoundPlan) -> list[RtFile]:
    """Files that refer to a structure set, the plan first."""
    return [file for file in (group.plan, *group.doses) if file is not None and file.structure_set_refs]


def _findings_on_linked_set(referring: Sequence[RtFile], structure_set: RtFile, choices: int) -> list[Finding]:
    named = "the structure set that is named is not among the files" if referring else "no structure set is named"
    used = f"{structure_set.display_name} was used, {_which_of(choices)} in the dose's frame of reference"
    return [_frame_finding(f"{named}; {used}"), *_findings_on_other_sets(referring, structure_set)]


def _frame_finding(text: str) -> Finding:
    return Finding(code=FindingCode.LINKED_BY_FRAME_OF_REFERENCE, text=text)


def _which_of(choices: int) -> str:
    return "the only one" if choices == 1 else f"one of {choices}"


def _findings_on_other_sets(referring: Iterable[RtFile], used: RtFile) -> list[Finding]:
    """A finding for each file that refers to another structure set than the one used; equal ones once."""
    texts = [
        f"the {file.kind} refers to another structure set ({file.structure_set_refs[0]})"
        f" than the one used ({used.uid or 'without UID'})"
        for file in referring
        if used.uid not in file.structure_set_refs
    ]
    return [Finding(code=FindingCode.OTHER_STRUCTURE_SET, text=text) for text in dict.fromkeys(texts)]


def _why_no_set(group: FoundPlan, referring: Sequence[RtFile], index: FileIndex) -> str:
    """Without the frames of reference of other sets: in a folder of many plans these are of other patients."""
    missing = "no RTSTRUCT is named"
    if referring:
        kind, ref = referring[0].kind, referring[0].structure_set_refs[0]
        missing = f"the RTSTRUCT that the {kind} names ({ref}) is not among the files"
    if not index.sets and not index.sets_elsewhere:
        return f"there is no RTSTRUCT; {missing}" if referring else "there is no RTSTRUCT"
    if not group.doses[0].frames or not (index.sets_in or index.sets_elsewhere):
        return f"{missing}, and without frames of reference none can be told to belong to the dose"
    return f"{missing}, and none here shares the dose's frame of reference {', '.join(group.doses[0].frames)}"


def _other_frame_text(group: FoundPlan, set_frames: Sequence[str]) -> str:
    more = f" and {len(set_frames) - _MAX_FRAMES_LISTED} more" if len(set_frames) > _MAX_FRAMES_LISTED else ""
    listed = ", ".join(set_frames[:_MAX_FRAMES_LISTED]) + more
    return f"the RTSTRUCT is in frame of reference {listed}, the RTDOSE in {', '.join(group.doses[0].frames)}"


# -------------------------------------------------------------------------------- the one that names stored DVHs


def _with_dvh_names(joined: FoundPlan, group: FoundPlan, index: FileIndex) -> FoundPlan:
    """The RTDOSE tells, for its DVHs have the numbers; without a reference in it, the RTPLAN.

    Parameters
    ----------
    joined
        The plan with the structure set that has the contours.
    group
        The same before that, without findings on contours.
    """
    referring = sorted(_files_with_reference(group), key=lambda file: file.kind is not Kind.DOSE)
    if not referring and joined.has_segmentation:
        text = "no structure set is here: stored DVHs have ROI numbers for names, which segments of a SEG have not"
        return _with_names_of(joined, None, (*group.findings, Finding(code=FindingCode.OTHER, text=text)))
    if not referring:
        return _with_names_of(joined, joined.structure_set, joined.findings)
    refs = referring[0].structure_set_refs
    sets = [index.sets[ref] for ref in refs if ref in index.sets]
    if sets:
        return _with_names_of(joined, sets[0], (*group.findings, *_findings_on_other_sets(referring, sets[0])))
    text = (
        f"the {referring[0].kind} refers to structure set {refs[0]}, which is not among the files: stored DVHs have ROI"
        " numbers for names, for another set may number its ROIs otherwise"
    )
    return _with_names_of(joined, None, (*group.findings, Finding(code=FindingCode.OTHER, text=text)))


def _with_names_of(joined: FoundPlan, structure_set: RtFile | None, findings: tuple[Finding, ...]) -> FoundPlan:
    if structure_set is None or structure_set.damage is None:
        return replace(joined, names_from=structure_set, names_findings=findings)
    text = f"{structure_set.display_name} gives no names to stored DVHs: {structure_set.damage.what}"
    return replace(joined, names_findings=(*findings, Finding(code=FindingCode.OTHER, text=text)))

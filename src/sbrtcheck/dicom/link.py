"""Headers of RT files -> plans: which dose belongs to which plan and structure set, or why it belongs to none.

References decide: RTDOSE names its RTPLAN, that its RTSTRUCT. Where a reference is missing, the frame of reference
decides, if it leaves one choice, and a finding says so. A reference to an RTPLAN that is not there is never replaced by
another RTPLAN, for the prescription depends on it. Several doses of one plan are for `dose_summation`, structure sets
for `structure_sets`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sbrtcheck.dicom.dose_summation import by_summation
from sbrtcheck.dicom.file_index import FileIndex, file_index, files_of_kind, files_sharing_frame
from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.found_plans import FoundPlan, Obstacle, Orphan, PlanFiles
from sbrtcheck.dicom.scan import Scan
from sbrtcheck.dicom.source import Source
from sbrtcheck.dicom.structure_sets import with_requested_segmentations, with_structure_sets
from sbrtcheck.plan import Finding, FindingCode

_BY_FOLDER = "files in other folders have the same UIDs and other content"


def link(scan: Scan) -> PlanFiles:
    """The plans that the scanned files make; files that folders tell apart are linked folder by folder."""
    plans: list[FoundPlan] = []
    unused: list[Orphan] = []
    asked_for: list[FoundPlan] = []
    for number in sorted({file.apart for file in scan.files}):
        files = tuple(file for file in scan.files if file.apart == number)
        linked, instead = (
            [_with_folder_finding(plan) if plan.apart else plan for plan in found]
            for found in _plans_of(files, sets_elsewhere=scan.sets_elsewhere and number == 0)
        )
        plans += linked
        asked_for += instead
        unused += _unused_orphans(files, linked, instead)
    return PlanFiles(
        plans=tuple(plan for plan in plans if not plan.reason),
        orphans=(*_incomplete_orphans(plans), *unused),
        incomplete=tuple(plan for plan in plans if plan.reason),
        with_segmentation=tuple(asked_for),
        not_dicom=scan.not_dicom,
        copies=scan.copies,
        others=scan.others,
    )


def _plans_of(files: Sequence[RtFile], *, sets_elsewhere: bool) -> tuple[list[FoundPlan], list[FoundPlan]]:
    """The plans, and those that have an RTSTRUCT with each SEG that could be in its place."""
    index = file_index(files, sets_elsewhere=sets_elsewhere)
    groups = [_with_damage(group) for group in _dose_groups(files_of_kind(files, Kind.DOSE), index)]
    plans = [with_structure_sets(group, index) for group in groups]
    return [_with_request(plan) for of_group in plans for plan in of_group], [
        with_segmentation
        for group, of_group in zip(groups, plans, strict=True)
        if of_group[0].structure_set is not None and not of_group[0].has_segmentation
        for with_segmentation in with_requested_segmentations(group, index)
    ]


# -------------------------------------------------------------------------------- doses with their plan


def _dose_groups(doses: Sequence[RtFile], index: FileIndex) -> list[FoundPlan]:
    """Doses that belong together, with their plan, before structure sets are looked for."""
    by_owner: dict[tuple[str, str], FoundPlan] = {}
    for dose in doses:
        for group in _owners(dose, index):
            key = (group.plan.display_name if group.plan is not None else "", _key_without_plan(group))
            earlier = by_owner.get(key)
            by_owner[key] = group if earlier is None else replace(earlier, doses=(*earlier.doses, dose))
    return [group for group in by_owner.values() for group in by_summation(group)]


def _key_without_plan(group: FoundPlan) -> str:
    """What holds doses together that have no RTPLAN: the plan they name, else nothing."""
    if group.plan is not None:
        return ""
    dose = group.doses[0]
    return dose.plan_refs[0] if len(dose.plan_refs) == 1 else dose.display_name


def _owners(dose: RtFile, index: FileIndex) -> list[FoundPlan]:
    """The plan a dose belongs to: one by reference; every possible one by frame of reference; or none, with reason."""
    alone = FoundPlan(doses=(dose,))
    # a dose of several plans is the dose of none of them, so that none of their prescriptions applies
    if len(dose.plan_refs) > 1:
        return [replace(alone, no_prescription=f"the dose belongs to {len(dose.plan_refs)} plans")]
    if dose.plan_refs:
        plan = index.plans.get(dose.plan_refs[0])
        if plan is not None:
            return [replace(alone, plan=plan)]
        return [replace(alone, no_prescription=f"the dose's RTPLAN {dose.plan_refs[0]} is not among the files")]
    shared = files_sharing_frame(dose.frames, index.free)
    if not shared:
        return [replace(alone, no_prescription="the dose names no RTPLAN, and none shares its frame of reference")]
    text = f"{dose.display_name} names no RTPLAN; it was linked by frame of reference"
    linked = Finding(code=FindingCode.LINKED_BY_FRAME_OF_REFERENCE, text=text)
    return [replace(alone, plan=plan, findings=(linked,)) for plan in shared]


def _with_damage(group: FoundPlan) -> FoundPlan:
    """The same, with the damage of a file as its problem."""
    files = [file for file in (*group.doses, group.plan) if file is not None]
    damage = next(filter(None, map(Obstacle.of_damage, files)), None)
    return group if damage is None else replace(group, problem=damage)


# -------------------------------------------------------------------------------- what is said of the files


def _with_folder_finding(plan: FoundPlan) -> FoundPlan:
    """The same, with a finding that nothing but the folder tells whose files these are."""
    text = f"{_BY_FOLDER}; this plan's were told from them by folder"
    told = _with_findings_on_files(plan, [Finding(code=FindingCode.OTHER, text=text)])
    if told.no_structures is None:
        return told
    what = f"{told.no_structures.what} ({_BY_FOLDER}, so each folder is read by itself)"
    return replace(told, no_structures=replace(told.no_structures, what=what))


def _with_request(plan: FoundPlan) -> FoundPlan:
    """The same, with a finding for each reference that was replaced on request.

    Stored DVHs have no names then: their ROI numbers are of the structure set that is lost.
    """
    replaced = [pair for file in plan.rt_files for pair in file.put_together]
    if not replaced:
        return plan
    joined = _with_findings_on_files(plan, dict.fromkeys(finding for _, finding in replaced))
    if all(kind is not Kind.STRUCTURE_SET for kind, _ in replaced):
        return joined
    text = "stored DVHs have ROI numbers for names: the structure set that they are of is not known by reference"
    finding = Finding(code=FindingCode.OTHER, text=text)
    return replace(joined, names_from=None, names_findings=(*joined.names_findings, finding))


def _with_findings_on_files(plan: FoundPlan, findings: Collection[Finding]) -> FoundPlan:
    """The same, with findings that hold for its contours and for its stored DVHs."""
    return replace(plan, findings=(*plan.findings, *findings), names_findings=(*plan.names_findings, *findings))


# -------------------------------------------------------------------------------- files that make no plan


def _incomplete_orphans(plans: Sequence[FoundPlan]) -> tuple[Orphan, ...]:
    return tuple(
        Orphan(kind=Kind.DOSE, uid=plan.uid, label=plan.label, files=plan.files, reason=plan.reason)
        for plan in plans
        if plan.reason
    )


def _unused_orphans(
    files: Sequence[RtFile], plans: Sequence[FoundPlan], asked_for: Sequence[FoundPlan]
) -> tuple[Orphan, ...]:
    used = {source for plan in plans for source in plan.files}
    possible = {source for plan in asked_for for source in plan.files}
    of_several = {uid for file in files if len(file.plan_refs) > 1 for uid in file.plan_refs}
    return tuple(
        Orphan(
            kind=file.kind,
            uid=file.uid,
            label=file.label,
            files=(file.source,),
            reason=file.damage.what if file.damage is not None else _why_unused(file, possible, of_several),
        )
        for file in files
        if file.source not in used
    )


def _why_unused(file: RtFile, possible: Collection[Source], of_several: Collection[str]) -> str:
    """``of_several`` are the UIDs of RTPLANs that a dose names together with others."""
    if file.kind is Kind.SEGMENTATION:
        asked = "there is an RTSTRUCT for the dose; ask for the SEG by this UID (plan=UID, --plan UID)"
        return asked if file.source in possible else "no RTDOSE shares its frame of reference"
    if file.kind is Kind.PLAN and file.uid in of_several:
        return "the RTDOSE that names it names other RTPLANs too, and has the prescription of none"
    return "the plan uses another dose" if file.kind is Kind.DOSE else "no RTDOSE belongs to it"

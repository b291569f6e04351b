"""Headers of RT files -> plans: which dose belongs to which plan and structure set, or why it belongs to none.

References decide: RTDOSE names its RTPLAN, that its RTSTRUCT. Where a reference is missing, the frame of reference
decides, if it leaves one choice, and a finding says so. A reference to an RTPLAN that is not there is never replaced by
another RTPLAN, for the prescription depends on it; a reference to an RTSTRUCT that is not there may be met by the one
structure set of the same frame of reference, for a review, and only for its contours: stored DVHs know ROI numbers
alone, which mean something in the structure set that is referred to and in no other. A SEG names images alone: by its
frame of reference it stands in for an RTSTRUCT that is not there, or for one where its UID is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sbrtcheck.dicom.elements import Damage
from sbrtcheck.dicom.files import NO_NUMBER, Kind, RtFile
from sbrtcheck.dicom.scan import Scan
from sbrtcheck.dicom.source import Source
from sbrtcheck.formatting import one_screen
from sbrtcheck.plan import Finding, FindingCode

_MAX_FRAMES_LISTED = 3
_BY_FOLDER = "files in other folders have the same UIDs and other content, so each folder is read by itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why something of a plan cannot be used.

    Parameters
    ----------
    what
        What is wrong.
    place
        How messages name the file that is to blame; None where that is the dose.
    hint
        What the user can do; None where nothing is known.
    """

    what: str
    place: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlan:
    """One plan that the files make: its doses (several are summed), and what else belongs to it.

    Parameters
    ----------
    doses, plan, structure_set
        The files; None where there is none.
    beside
        Doses of parts of the plan, which are not used, for ``doses`` has the whole one.
    findings
        How they were linked.
    no_prescription
        Why there is no RTPLAN; None when there is one.
    no_structures
        Why no structure set can be used; None when one can.
    problem
        Why neither dose nor stored DVHs can be used; None when they can.
    names_from, names_findings
        For stored DVHs, in place of ``structure_set`` and ``findings``: the set that their ROI numbers are of, None
        when it is not there; and how the files were linked, with the reason for that.
    """

    doses: tuple[RtFile, ...]
    beside: tuple[RtFile, ...] = ()
    plan: RtFile | None = None
    structure_set: RtFile | None = None
    findings: tuple[Finding, ...] = ()
    no_prescription: str | None = None
    no_structures: Obstacle | None = None
    problem: Obstacle | None = None
    names_from: RtFile | None = None
    names_findings: tuple[Finding, ...] = ()

    @property
    def uid(self) -> str:
        """SOP Instance UID of the plan, or of its first dose where there is no plan."""
        return self.plan.uid if self.plan is not None else self.doses[0].uid

    @property
    def label(self) -> str:
        """RT Plan Label, ``""`` when unknown."""
        return self.plan.label if self.plan is not None else ""

    @property
    def apart(self) -> bool:
        """Whether nothing but their folder tells its files from others of the same UIDs."""
        return self.doses[0].apart > 0

    @property
    def dose_uids(self) -> tuple[str, ...]:
        """SOP Instance UIDs of the doses."""
        return tuple(dose.uid for dose in self.doses)

    @property
    def files(self) -> tuple[Source, ...]:
        """The files to read, as `load_plan` accepts them."""
        return tuple(file.source for file in self.rt_files)

    @property
    def files_to_check(self) -> tuple[Source, ...]:
        """The same, and those that a check compares with them."""
        return (*self.files, *(dose.source for dose in self.beside))

    @property
    def rt_files(self) -> tuple[RtFile, ...]:
        """The headers of the same files."""
        parts = (*self.doses, self.plan, self.structure_set)
        return tuple(part for part in parts if part is not None)

    @property
    def has_segmentation(self) -> bool:
        """Whether its structures are the segments of a SEG."""
        return self.structure_set is not None and self.structure_set.kind is Kind.SEGMENTATION

    @property
    def obstacle(self) -> Obstacle | None:
        """Why `load_plan` would refuse it; None when nothing is known against it."""
        return self.problem or self.no_structures

    @property
    def reason(self) -> str | None:
        """The same as text."""
        return self.obstacle.what if self.obstacle is not None else None

    def has(self, uid: str) -> bool:
        """Whether one of its files has this SOP Instance UID."""
        parts = (self.plan, self.structure_set, *self.doses)
        return any(part is not None and part.uid == uid for part in parts)

    def has_segmentation_of(self, uid: str) -> bool:
        """Whether its structures are the segments of the SEG of this UID."""
        return self.structure_set is not None and self.has_segmentation and self.structure_set.uid == uid

    def __str__(self) -> str:
        plan = f"{self.plan.uid} {self.label!r}" if self.plan is not None else "no RTPLAN"
        which = "SEG" if self.has_segmentation else "structure set"
        structures = f", {which} {self.structure_set.uid}" if self.structure_set is not None else ""
        return f"{plan} (dose {', '.join(self.dose_uids)}{structures})"

    def __repr__(self) -> str:
        """UIDs alone: names of files may name patients."""
        files = [f"{file.kind} {file.uid}" for file in self.rt_files]
        refused = [] if self.reason is None else [f"cannot be used: {self.reason}"]
        return one_screen(f"FoundPlan {self.label or 'without label'}", [*refused, *files])


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """RT files that make no plan, and the reason."""

    kind: Kind
    uid: str
    label: str
    files: tuple[Source, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFiles:
    """Every plan below a folder.

    Parameters
    ----------
    plans
        Plans that `load_plan` can be asked for.
    orphans
        RT files that make none, each with the reason: a dose without structure set, a plan without dose ...
    incomplete
        The plans among the orphans, for stored DVHs may still be read from them.
    with_segmentation
        Plans that have an RTSTRUCT, with a SEG in its place: for who asks for the UID of that SEG.
    not_dicom, copies
        Files left out; copies repeat another file byte by byte.
    others
        Number of other DICOM files (images ...).
    """

    plans: tuple[FoundPlan, ...]
    orphans: tuple[Orphan, ...]
    incomplete: tuple[FoundPlan, ...] = ()
    with_segmentation: tuple[FoundPlan, ...] = ()
    not_dicom: tuple[Source, ...] = ()
    copies: tuple[Source, ...] = ()
    others: int = 0

    def __repr__(self) -> str:
        """The plans, one a line, then what makes none: one screen."""
        plans = [f"{plan.label or 'without label'} {plan.uid}" for plan in self.plans]
        orphans = [f"{orphan.kind} {orphan.uid}: {orphan.reason}" for orphan in self.orphans]
        heading = f"PlanFiles: {len(self.plans)} plans; {len(self.orphans)} RT files that make none"
        return one_screen(heading, [*plans, *orphans])


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


def _plans_of(files: tuple[RtFile, ...], *, sets_elsewhere: bool) -> tuple[list[FoundPlan], list[FoundPlan]]:
    """The plans, and those that have an RTSTRUCT with each SEG that could be in its place."""
    index = _index(files, sets_elsewhere=sets_elsewhere)
    groups = [_with_damage(group) for group in _dose_groups(_files_of_kind(files, Kind.DOSE), index)]
    plans = [_with_structure_sets(group, index) for group in groups]
    return [_with_request(plan) for of_group in plans for plan in of_group], [
        _with_names(with_seg, group, index)
        for group, of_group in zip(groups, plans, strict=True)
        if of_group[0].structure_set is not None and not of_group[0].has_segmentation
        for with_seg in _with_segmentations(group, "it was asked for", index)
    ]


def _with_folder_finding(plan: FoundPlan) -> FoundPlan:
    """The same, with a finding that nothing but the folder tells whose files these are."""
    text = "files in other folders have the same UIDs and other content; this plan's were told from them by folder"
    finding = Finding(code=FindingCode.OTHER, text=text)
    no_structures = plan.no_structures
    return replace(
        plan,
        findings=(*plan.findings, finding),
        names_findings=(*plan.names_findings, finding),
        no_structures=replace(no_structures, what=f"{no_structures.what} ({_BY_FOLDER})")
        if no_structures is not None
        else None,
    )


def _with_request(plan: FoundPlan) -> FoundPlan:
    """The same, with a finding for each reference that was replaced on request.

    Stored DVHs have no names then: their ROI numbers are of the structure set that is lost.
    """
    replaced = [pair for file in plan.rt_files for pair in file.put_together]
    if not replaced:
        return plan
    findings = tuple(dict.fromkeys(finding for _, finding in replaced))
    joined = replace(plan, findings=(*plan.findings, *findings), names_findings=(*plan.names_findings, *findings))
    if all(kind is not Kind.STRUCTURE_SET for kind, _ in replaced):
        return joined
    text = "stored DVHs have ROI numbers for names: the structure set that they are of is not known by reference"
    return _with_names_of(joined, None, (*joined.names_findings, Finding(code=FindingCode.OTHER, text=text)))


def _files_of_kind(files: Iterable[RtFile], kind: Kind) -> list[RtFile]:
    return [file for file in files if file.kind is kind]


def _incomplete_orphans(plans: list[FoundPlan]) -> tuple[Orphan, ...]:
    return tuple(
        Orphan(kind=Kind.DOSE, uid=plan.uid, label=plan.label, files=plan.files, reason=plan.reason)
        for plan in plans
        if plan.reason
    )


def _unused_orphans(
    files: tuple[RtFile, ...], plans: list[FoundPlan], asked_for: list[FoundPlan]
) -> tuple[Orphan, ...]:
    used = {source for plan in plans for source in plan.files}
    possible = {source for plan in asked_for for source in plan.files}
    return tuple(
        Orphan(
            kind=file.kind,
            uid=file.uid,
            label=file.label,
            files=(file.source,),
            reason=file.damage.what if file.damage is not None else _why_unused(file, possible),
        )
        for file in files
        if file.source not in used
    )


def _why_unused(file: RtFile, possible: Collection[Source]) -> str:
    if file.kind is Kind.SEGMENTATION:
        asked = "there is an RTSTRUCT for the dose; ask for the SEG by this UID (plan=UID, --plan UID)"
        return asked if file.source in possible else "no RTDOSE shares its frame of reference"
    return "the plan uses another dose" if file.kind is Kind.DOSE else "no RTDOSE belongs to it"


@dataclass(frozen=True, slots=True)
class _Index:
    """Plans and structure sets by what others refer to them with; ``free`` plans are named by no dose.

    Segmentations are referred to by nothing, and known by their frame of reference alone.
    """

    plans: Mapping[str, RtFile]
    free: Mapping[str, Sequence[RtFile]]
    sets: Mapping[str, RtFile]
    sets_in: Mapping[str, Sequence[RtFile]]
    segmentations: Sequence[RtFile]
    segmentations_in: Mapping[str, Sequence[RtFile]]
    sets_elsewhere: bool


def _index(files: tuple[RtFile, ...], *, sets_elsewhere: bool) -> _Index:
    # A file without UID cannot be named, but it can still share a frame of reference.
    sets = {file.uid or file.display_name: file for file in _files_of_kind(files, Kind.STRUCTURE_SET)}
    plans = {file.uid or file.display_name: file for file in _files_of_kind(files, Kind.PLAN)}
    segmentations = _files_of_kind(files, Kind.SEGMENTATION)
    named = {ref for dose in _files_of_kind(files, Kind.DOSE) for ref in dose.plan_refs}
    return _Index(
        plans=plans,
        free=_by_frame((plan, _frames_of_plan(plan, sets)) for uid, plan in plans.items() if uid not in named),
        sets=sets,
        sets_in=_by_frame((file, file.frames) for file in sets.values()),
        segmentations=segmentations,
        segmentations_in=_by_frame((file, file.frames) for file in segmentations),
        sets_elsewhere=sets_elsewhere,
    )


def _by_frame(files: Iterable[tuple[RtFile, Iterable[str]]]) -> dict[str, list[RtFile]]:
    by_frame: dict[str, list[RtFile]] = {}
    for file, frames in files:
        for frame in frames:
            by_frame.setdefault(frame, []).append(file)
    return by_frame


def _frames_of_plan(plan: RtFile, sets: Mapping[str, RtFile]) -> Iterable[str]:
    """Its own frame of reference, or those of the structure set it names."""
    return plan.frames or {frame for ref in plan.structure_set_refs if ref in sets for frame in sets[ref].frames}


def _files_sharing_frame(frames: Iterable[str], by_frame: Mapping[str, Sequence[RtFile]]) -> list[RtFile]:
    by_name = {file.display_name: file for frame in frames for file in by_frame.get(frame, ())}
    return [by_name[display_name] for display_name in sorted(by_name)]


# Doses of one plan


def _dose_groups(doses: list[RtFile], index: _Index) -> list[FoundPlan]:
    """Doses that belong together, with their plan, before structure sets are looked for."""
    by_owner: dict[tuple[str, str], FoundPlan] = {}
    for dose in doses:
        for group in _owners(dose, index):
            key = (group.plan.display_name if group.plan is not None else "", _key_without_plan(group))
            earlier = by_owner.get(key)
            by_owner[key] = group if earlier is None else replace(earlier, doses=(*earlier.doses, dose))
    return [group for group in by_owner.values() for group in _by_summation(group)]


def _key_without_plan(group: FoundPlan) -> str:
    """What holds doses together that have no RTPLAN: the plan they name, else nothing."""
    if group.plan is not None:
        return ""
    dose = group.doses[0]
    return dose.plan_refs[0] if len(dose.plan_refs) == 1 else dose.display_name


def _owners(dose: RtFile, index: _Index) -> list[FoundPlan]:
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
    shared = _files_sharing_frame(dose.frames, index.free)
    if not shared:
        return [replace(alone, no_prescription="the dose names no RTPLAN, and none shares its frame of reference")]
    text = f"{dose.display_name} names no RTPLAN; it was linked by frame of reference"
    linked = Finding(code=FindingCode.LINKED_BY_FRAME_OF_REFERENCE, text=text)
    return [replace(alone, plan=plan, findings=(linked,)) for plan in shared]


def _by_summation(group: FoundPlan) -> list[FoundPlan]:
    """Whole doses each stand alone; without one, doses of fraction groups or else of beams are summed."""
    whole = [dose for dose in group.doses if dose.summation in {"PLAN", "MULTI_PLAN"}]
    if whole:
        aside = _left_aside_findings(group, whole)
        parts = tuple(dose for dose in group.doses if dose.summation in {"FRACTION", "BEAM"} and not dose.damage)
        with_parts = replace(group, beside=parts)
        return [
            _with_part_findings(
                replace(with_parts, doses=(dose,), findings=(*group.findings, *_multi_plan_findings(dose), *aside))
            )
            for dose in whole
        ]
    for summation in ("FRACTION", "BEAM"):
        parts = tuple(dose for dose in group.doses if dose.summation == summation)
        if parts:
            return [_summed_doses(replace(group, doses=parts), summation)]
    unstated = [dose for dose in group.doses if dose.summation is None]
    if unstated:
        return [_with_part_findings(_doses_of_unstated_type(replace(group, doses=(dose,)))) for dose in unstated]
    kinds = ", ".join(sorted({dose.summation for dose in group.doses if dose.summation is not None}))
    return [replace(group, problem=Obstacle(what=f"Dose Summation Type {kinds} is not the dose of a plan"))]


def _left_aside_findings(group: FoundPlan, whole: list[RtFile]) -> tuple[Finding, ...]:
    aside = Counter(dose.summation or "untyped" for dose in group.doses if dose not in whole)
    if not aside:
        return ()
    listed = ", ".join(f"{count} {summation}" for summation, count in sorted(aside.items()))
    return (Finding(code=FindingCode.OTHER, text=f"the plan's whole dose was used; not used: {listed} doses"),)


def _multi_plan_findings(dose: RtFile) -> tuple[Finding, ...]:
    if dose.summation != "MULTI_PLAN":
        return ()
    text = f"{dose.display_name} is the sum of several plans (MULTI_PLAN)"
    return (Finding(code=FindingCode.DOSE_OF_SEVERAL_PLANS, text=text),)


def _doses_of_unstated_type(group: FoundPlan) -> FoundPlan:
    text = f"{group.doses[0].display_name} states no Dose Summation Type; it was used as the plan's whole dose"
    return replace(group, findings=(*group.findings, Finding(code=FindingCode.OTHER, text=text)))


def _with_part_findings(group: FoundPlan) -> FoundPlan:
    """The same, with a finding where a dose that is used as the whole one refers to some parts of its plan alone.

    A dose of all beams need not list them; one that lists beams is of these (PS3.3 C.8.8.3), whatever its type says.
    """
    dose, plan = group.doses[0], group.plan
    if plan is None or dose.summation == "MULTI_PLAN":
        return group
    for summation, names in (("FRACTION", "fraction groups"), ("BEAM", "beams")):
        have, planned = parts_of(dose, summation), parts_of(plan, summation)
        numbers = {part[-1] for part in have}
        if not have or NO_NUMBER in numbers:
            continue
        missing = [part for part in planned if part[-1] not in numbers]
        if missing:
            refers = f"{dose.display_name} refers to {names} {_part_numbers(have)} of its RTPLAN, and not to"
            finding = Finding(
                code=FindingCode.DOSE_OF_PARTS,
                text=f"{refers} {_part_numbers(missing)}: is it the dose of a part of the plan?",
            )
            return replace(group, findings=(*group.findings, finding))
    return group


def _summed_doses(group: FoundPlan, summation: str) -> FoundPlan:
    names = "fraction groups" if summation == "FRACTION" else "beams"
    have = sorted(part for dose in group.doses for part in parts_of(dose, summation))
    planned = sorted(parts_of(group.plan, summation)) if group.plan is not None else []
    count = f"{len(group.doses)} {summation} doses were summed" if len(group.doses) > 1 else f"one {summation} dose"
    code, cover = _finding_on_sum(have, planned, names)
    finding = Finding(code=code, text=f"{count} ({names} {_part_numbers(have)}); {cover}")
    summed = replace(group, findings=(*group.findings, finding))
    bad_sum = _why_no_sum(group, have, planned, names)
    return replace(summed, problem=Obstacle(what=bad_sum) if bad_sum is not None else None)


def parts_of(file: RtFile, summation: str) -> list[tuple[int, ...]]:
    """Fraction groups, or (fraction group, beam) pairs, that a plan delivers or a dose is of."""
    if summation == "FRACTION":
        return [(group,) for group, _ in file.parts]
    return [(group, beam) for group, beams in file.parts for beam in beams]


def _part_numbers(parts: list[tuple[int, ...]]) -> str:
    return ", ".join(str(part[-1]) for part in parts) if parts else "not stated"


def _finding_on_sum(have: list[tuple[int, ...]], planned: list[tuple[int, ...]], names: str) -> tuple[FindingCode, str]:
    """Code and text of the finding on a sum that is not refused: both files name the parts, or one does not."""
    if have and planned:
        return FindingCode.SUMMED_DOSES, f"these are all {names} of the RTPLAN"
    return FindingCode.DOSE_OF_PARTS, f"whether these are all {names} of the plan cannot be told"


def _why_no_sum(
    group: FoundPlan, have: list[tuple[int, ...]], planned: list[tuple[int, ...]], names: str
) -> str | None:
    """Why a sum would be wrong: other frames of reference, a part twice, a part missing, fewer doses than parts."""
    if len({dose.frames for dose in group.doses}) > 1:
        return "the doses to be summed are in different frames of reference"
    twice = [part for part, times in Counter(have).items() if times > 1]
    if twice:
        return f"several doses are of {names} {_part_numbers(twice)}: their sum would count them twice"
    missing = [part for part in planned if have and part not in have]
    if missing:
        return f"doses of {names} {_part_numbers(missing)} are missing: the sum would be too low"
    if not have and planned and len(group.doses) != len(planned):
        return f"{len(group.doses)} doses for {len(planned)} {names} of the RTPLAN: the sum may be wrong"
    return None


def _with_damage(group: FoundPlan) -> FoundPlan:
    """The same, with the damage of a file as its problem."""
    for file in (*group.doses, group.plan):
        if file is not None and file.damage is not None:
            return replace(group, problem=_damage_obstacle(file, file.damage))
    return group


def _damage_obstacle(file: RtFile, damage: Damage) -> Obstacle:
    return Obstacle(what=damage.what, place=file.display_name, hint=damage.hint)


# Structure sets


def _with_structure_sets(group: FoundPlan, index: _Index) -> list[FoundPlan]:
    """The group with its structure set; once for each possible one where references do not tell."""
    return [_with_names(joined, group, index) for joined in _with_contours(group, index)]


def _with_contours(group: FoundPlan, index: _Index) -> list[FoundPlan]:
    referring = _files_with_reference(group)
    named = [index.sets[ref] for file in referring for ref in file.structure_set_refs if ref in index.sets]
    if named:
        return [_with_structure_set(_with_findings(group, _texts_on_other_sets(referring, named[0])), named[0])]
    shared = _files_sharing_frame(group.doses[0].frames, index.sets_in)
    if not shared:
        why = _why_no_set(group, referring, index)
        with_segmentations = _with_segmentations(group, why, index)
        also = "; no SEG here shares the dose's frame of reference" if index.segmentations else ""
        return with_segmentations or [replace(group, no_structures=Obstacle(what=why + also))]
    return [
        _with_structure_set(
            _with_findings(group, _texts_on_linked_set(referring, structure_set, len(shared))), structure_set
        )
        for structure_set in shared
    ]


def _with_segmentations(group: FoundPlan, why: str, index: _Index) -> list[FoundPlan]:
    """The group with each SEG of its frame of reference."""
    shared = _files_sharing_frame(group.doses[0].frames, index.segmentations_in)
    which = "the only one" if len(shared) == 1 else f"one of {len(shared)}"
    return [
        _with_structure_set(
            _with_findings(
                group,
                {
                    f"the structures are the segments of {seg.display_name}, {which} in the dose's frame of reference,"
                    f" and not those of an RTSTRUCT: {why}": FindingCode.LINKED_BY_FRAME_OF_REFERENCE
                },
            ),
            seg,
        )
        for seg in shared
    ]


def _files_with_reference(group: FoundPlan) -> list[RtFile]:
    """Files that refer to a structure set, the plan first."""
    return [file for file in (group.plan, *group.doses) if file is not None and file.structure_set_refs]


def _with_findings(group: FoundPlan, texts: Mapping[str, FindingCode]) -> FoundPlan:
    additional = tuple(Finding(code=code, text=text) for text, code in texts.items())
    return replace(group, findings=(*group.findings, *additional))


def _texts_on_linked_set(referring: list[RtFile], structure_set: RtFile, choices: int) -> dict[str, FindingCode]:
    which = "the only one" if choices == 1 else f"one of {choices}"
    named = "the structure set that is named is not among the files" if referring else "no structure set is named"
    text = f"{named}; {structure_set.display_name} was used, {which} in the dose's frame of reference"
    how = {text: FindingCode.LINKED_BY_FRAME_OF_REFERENCE}
    return how | _texts_on_other_sets(referring, structure_set)


def _texts_on_other_sets(referring: Iterable[RtFile], used: RtFile) -> dict[str, FindingCode]:
    """A text for each file that refers to another structure set than the one used, with its finding code."""
    return {
        f"the {file.kind} refers to another structure set ({file.structure_set_refs[0]})"
        f" than the one used ({used.uid or 'without UID'})": FindingCode.OTHER_STRUCTURE_SET
        for file in referring
        if used.uid not in file.structure_set_refs
    }


# Structure sets that ROI numbers of stored DVHs are of


def for_stored_dvhs(plan: FoundPlan) -> FoundPlan:
    """The same plan, with the structure set that names stored DVHs in place of the one that has its contours."""
    return replace(plan, structure_set=plan.names_from, findings=plan.names_findings)


def _with_names(joined: FoundPlan, group: FoundPlan, index: _Index) -> FoundPlan:
    """The RTDOSE tells, for its DVHs have the numbers; without a reference in it, the RTPLAN."""
    referring = sorted(_files_with_reference(group), key=lambda file: file.kind is not Kind.DOSE)
    if not referring:
        if joined.has_segmentation:
            text = "no structure set is here: stored DVHs have ROI numbers for names, which segments of a SEG have not"
            return _with_names_of(joined, None, _with_findings(group, {text: FindingCode.OTHER}).findings)
        return _with_names_of(joined, joined.structure_set, joined.findings)
    refs = referring[0].structure_set_refs
    sets = [index.sets[ref] for ref in refs if ref in index.sets]
    if sets:
        return _with_names_of(joined, sets[0], _with_findings(group, _texts_on_other_sets(referring, sets[0])).findings)
    text = (
        f"the {referring[0].kind} refers to structure set {refs[0]}, which is not among the files: stored DVHs have ROI"
        " numbers for names, for another set may number its ROIs otherwise"
    )
    return _with_names_of(joined, None, _with_findings(group, {text: FindingCode.OTHER}).findings)


def _with_names_of(joined: FoundPlan, structure_set: RtFile | None, findings: tuple[Finding, ...]) -> FoundPlan:
    if structure_set is None or structure_set.damage is None:
        return replace(joined, names_from=structure_set, names_findings=findings)
    text = f"{structure_set.display_name} gives no names to stored DVHs: {structure_set.damage.what}"
    return replace(joined, names_findings=(*findings, Finding(code=FindingCode.OTHER, text=text)))


# Frames of reference


def _with_structure_set(group: FoundPlan, structure_set: RtFile) -> FoundPlan:
    joined = replace(group, structure_set=structure_set)
    frames = set(group.doses[0].frames)
    if structure_set.damage is not None:
        return replace(joined, no_structures=_damage_obstacle(structure_set, structure_set.damage))
    if frames and structure_set.frames and not frames & set(structure_set.frames):
        return replace(joined, no_structures=Obstacle(what=_other_frame_text(group, structure_set.frames)))
    if not frames or not structure_set.frames:
        file = group.doses[0] if not frames else structure_set
        text = f"{file.display_name} states no frame of reference; that dose and contours share one was not checked"
        return replace(joined, findings=(*joined.findings, Finding(code=FindingCode.OTHER, text=text)))
    return joined


def _why_no_set(group: FoundPlan, referring: list[RtFile], index: _Index) -> str:
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

"""Folder, files or Datasets -> one Plan, the DVHs stored with it, or the list of all plans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sbrtcheck.arguments import require_text_or_none
from sbrtcheck.dicom.belonging import PlanFile, doses_and_plan, findings_on_files, frame_findings
from sbrtcheck.dicom.dose import dose_grid, grid_maximum_gy, sum_of_doses
from sbrtcheck.dicom.elements import ANY_TAG, DoseFile, Elements
from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.found_plans import FoundPlan, PlanFiles
from sbrtcheck.dicom.inputs import DicomInputs, PlanInput
from sbrtcheck.dicom.link import link
from sbrtcheck.dicom.part_doses import findings_on_parts
from sbrtcheck.dicom.prescription import LAST_TAG_OF_PRESCRIPTION, prescription_of
from sbrtcheck.dicom.reader import read_dose, read_elements, read_errors
from sbrtcheck.dicom.relink import Together, relinked
from sbrtcheck.dicom.scan import scan
from sbrtcheck.dicom.source import Source
from sbrtcheck.dicom.structure_sets import for_stored_dvhs
from sbrtcheck.dicom.structures import names_and_kinds, structures_of
from sbrtcheck.dicom.tags import quiet
from sbrtcheck.dvh import DVHSet
from sbrtcheck.errors import AmbiguousPlanError, InputError, NoPlanError, SbrtcheckError
from sbrtcheck.plan import (
    SEX_NOT_STATED,
    DoseGrid,
    Finding,
    FindingCode,
    FloatArray,
    Plan,
    PlanUids,
    Prescription,
    Sex,
    Structure,
    UnknownPrescription,
    UnknownSex,
)
from sbrtcheck.plan.given_prescription import differences_from_stated
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription
from sbrtcheck.progress import log_step

_MAX_LISTED = 5
_UID, _UID_HINT = "the UID of a plan", "give it as text"
_SEX_OF_CODE = {"F": Sex.FEMALE, "M": Sex.MALE}  # PS3.3 C.7.1.1; O, other, is neither
_OF_PARTS = "stored DVHs belong to single parts of the summed dose, not to the plan"
_PLAN_WITHOUT_DVHS = "the plan was given as a Plan, which keeps no DVHs of the planning system"
_NO_PLAN_HINT = "give the folder with RTSTRUCT, RTDOSE and RTPLAN of one plan, or export them together"
_NO_DICOM_HINT = f"a text export of DVHs? use --dvh FILE (dvhs='imported'); else {_NO_PLAN_HINT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChosenPlan:
    """A chosen plan, its prescription read, dose and structures not yet; ``plan`` is what was read of its RTPLAN."""

    source: FoundPlan
    plan: Elements | None
    prescription: Prescription | UnknownPrescription
    findings: tuple[Finding, ...]

    @property
    def display_name(self) -> str:
        return self.source.doses[0].display_name

    @property
    def frame(self) -> str:
        return next(iter(self.source.doses[0].frames), "")

    @property
    def sex(self) -> Sex | UnknownSex:
        """The patient's sex, where the files state one and the same."""
        stated = {file.sex for file in self.source.rt_files if file.sex}
        if len(stated) > 1:
            return UnknownSex(reason="the files state different ones")
        return _SEX_OF_CODE.get(next(iter(stated), ""), SEX_NOT_STATED)

    @property
    def uids(self) -> PlanUids:
        plan, structure_set = self.source.plan, self.source.structure_set
        return PlanUids(
            plan=plan.uid if plan is not None else "",
            structure_set=structure_set.uid if structure_set is not None else "",
            doses=self.source.dose_uids,
            frame_of_reference=self.frame,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStored:
    """The planning system's own DVHs cannot be had beside a plan, and why."""

    reason: str


def find_plans(path: DicomInputs) -> PlanFiles:
    """All plans in what is given, and what makes no plan, with the reason.

    Only headers are read; the answer does not depend on the order of the file system or of a list.

    Parameters
    ----------
    path
        A folder (any depth, any file names), a file, a pydicom Dataset, a file open for reading bytes, or a list of
        these (`sbrtcheck.dicom.DicomInputs`).

    Raises
    ------
    InputError
        When a path does not exist, or something given is none of these or cannot be read.
    """
    with quiet():
        return link(scan(path))


def load_plan(path: PlanInput, *, plan: str | None = None, prescription: GivenPrescription | None = None) -> Plan:
    """Read the one plan in a folder, or in files on disk or in memory.

    Parameters
    ----------
    path
        A folder (any depth, any file names, with or without images), a file, a pydicom Dataset, a file open for
        reading bytes, or a list of these (`sbrtcheck.dicom.DicomInputs`). Nothing of it is changed, and nothing is
        written to disk. A `Plan` is given back as it is.
    plan
        SOP Instance UID of the plan wanted (or of its dose or structure set), where there are several.
    prescription
        Wins over what the RTPLAN (or the `Plan`) states; needed where that states none. ``"50Gy/5"``, ``"5x10Gy"`` and
        ``(50, 5)`` are 50 Gy in 5 fractions.

    Returns
    -------
    Plan
        Its contours are decoded when they are read; its ``findings`` are those of linking and reading.

    Raises
    ------
    InputError
        When something given is not accepted or cannot be read, or cannot be a prescription.
    NoPlanError
        When the files make no plan, with the reason; or a `Plan` is not the one of the UID.
    AmbiguousPlanError
        When they make several and ``plan`` does not tell which; all are listed.
    DicomError
        When a file is damaged or lacks something needed.
    """
    require_text_or_none(plan, _UID, _UID_HINT)
    rx = read_prescription(prescription)
    if isinstance(path, Plan):
        return _given_plan(path, plan, rx)
    with quiet():
        chosen = _chosen_plan(path, plan, rx)
        return _plan(chosen, _dose_files(chosen))


def load_plan_and_dvhs(
    path: PlanInput, *, plan: str | None = None, prescription: GivenPrescription | None = None
) -> tuple[Plan, DVHSet | NotStored]:
    """Read a plan as `load_plan` does, and with it the DVHs that its RTDOSE stores.

    Files are searched and opened once. Stored DVHs that cannot be used never keep the plan from being read. They know
    ROI numbers alone, so they are used only with the structure set that has those numbers.

    Raises
    ------
    SbrtcheckError
        As for `load_plan`.
    """
    require_text_or_none(plan, _UID, _UID_HINT)
    rx = read_prescription(prescription)
    if isinstance(path, Plan):
        return _given_plan(path, plan, rx), NotStored(reason=_PLAN_WITHOUT_DVHS)
    with quiet():
        chosen = _chosen_plan(path, plan, rx)
        doses = _dose_files(chosen)
        loaded = _plan(chosen, doses)
        return loaded, _stored_dvhs_beside(chosen, doses, loaded)


def _given_plan(given: Plan, uid: str | None, prescription: Prescription | None) -> Plan:
    """The Plan of the caller, with the caller's prescription; `NoPlanError` when it is another than the one wanted."""
    uids = (given.uids.plan, given.uids.structure_set, *given.uids.doses)
    if uid is not None and uid not in filter(None, uids):
        has = ", ".join(filter(None, uids)) or "none"
        raise NoPlanError(f"the Plan given is not {uid}", "", f"its UIDs are: {has}")
    if prescription is None:
        return given
    findings = differences_from_stated(prescription, given.prescription, "the Plan")
    return replace(given, prescription=prescription, findings=(*findings, *given.findings))


def _chosen_plan(path: DicomInputs, uid: str | None, prescription: Prescription | None) -> _ChosenPlan:
    files = _plan_files(path)
    plan = _choose(files, uid, with_structures=True)
    return _with_prescription(plan, plan, files, prescription)


def _plan(chosen: _ChosenPlan, doses: Sequence[DoseFile]) -> Plan:
    grid, dose_findings = _dose(chosen, doses)
    structures, set_findings, structure_set = _structures(chosen, grid.axes)
    together = (
        *frame_findings(chosen.source.doses[0], chosen.source.structure_set, chosen.source.plan),
        *findings_on_files((*doses_and_plan(doses, chosen.source.plan, chosen.plan), structure_set)),
    )
    return Plan(
        dose=grid,
        structures=structures,
        prescription=chosen.prescription,
        uids=chosen.uids,
        label=chosen.source.label,
        sex=chosen.sex,
        findings=(*chosen.findings, *dose_findings, *set_findings, *together),
    )


def _stored_dvhs_beside(chosen: _ChosenPlan, doses: Sequence[DoseFile], plan: Plan) -> DVHSet | NotStored:
    """The DVHs stored in the one dose of a plan, named by the plan's own structures."""
    from sbrtcheck.dicom.stored import has_dvhs, stored_dvhs

    if not any(has_dvhs(dose.elements) for dose in doses):
        return NotStored(reason="the RTDOSE stores no DVHs")
    if len(doses) > 1:
        return NotStored(reason=_OF_PARTS)
    if chosen.source.names_from != chosen.source.structure_set:
        reason = "the stored DVHs have the ROI numbers of another structure set than the one whose contours are here"
        return NotStored(reason=reason)
    try:
        return stored_dvhs(
            doses[0].elements,
            chosen.display_name,
            maximum_gy=plan.dose.max_gy,
            names={structure.number: (structure.name, structure.kind) for structure in plan.structures},
            prescription=chosen.prescription,
            provenance=_provenance(chosen),
            findings=(),
        )
    except SbrtcheckError as error:
        return NotStored(reason=f"the stored DVHs cannot be read: {error.what}")
    except read_errors():
        return NotStored(reason="the stored DVHs cannot be read: they are damaged")


def load_dvhs(path: DicomInputs, *, plan: str | None = None, prescription: GivenPrescription | None = None) -> DVHSet:
    """The DVHs that the planning system stored in the RTDOSE; no RTSTRUCT is needed but for names.

    Parameters
    ----------
    path, plan, prescription
        As for `load_plan`; a `Plan` has no stored DVHs and is refused.

    Returns
    -------
    DVHSet
        Structures without a usable stored DVH are in ``without``, each with the reason.

    Raises
    ------
    InputError
        As for `load_plan`; and when the RTDOSE stores no DVHs.
    """
    from sbrtcheck.dicom.stored import STORED_HINT, stored_dvhs

    require_text_or_none(plan, _UID, _UID_HINT)
    rx = read_prescription(prescription)
    with quiet():
        files = _plan_files(path)
        choice = _choose(files, plan, with_structures=False)
        chosen = _with_prescription(choice, for_stored_dvhs(choice), files, rx)
        if len(chosen.source.doses) > 1:
            raise InputError(_OF_PARTS, chosen.display_name, STORED_HINT)
        dose = read_dose(chosen.source.doses[0].source, chosen.display_name)
        with log_step("DVHs") as set_summary:
            names, named_by = _names(chosen)
            files_read = (*doses_and_plan([dose], chosen.source.plan, chosen.plan), *named_by)
            stored = stored_dvhs(
                dose.elements,
                chosen.display_name,
                maximum_gy=grid_maximum_gy(dose),
                names=names,
                prescription=chosen.prescription,
                provenance=_provenance(chosen),
                findings=(*chosen.findings, *findings_on_files(files_read)),
            )
            stored = replace(stored, sex=chosen.sex)
            set_summary(f"{len(stored)} stored in {chosen.display_name}, {len(stored.without)} structures without")
        return stored


def _provenance(chosen: _ChosenPlan) -> dict[str, str | tuple[str, ...]]:
    uids = chosen.uids
    return {
        "plan": uids.plan,
        "plan_label": chosen.source.label,
        "structure_set": uids.structure_set,
        "doses": uids.doses,
        "frame_of_reference": uids.frame_of_reference,
    }


def _counts(kinds: Sequence[Kind]) -> str:
    """How many there are of each kind; most plans have no SEG, which is not named where there is none."""
    named = [kind for kind in Kind if kind is not Kind.SEGMENTATION or kind in kinds]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in named)


def _plan_files(path: DicomInputs) -> PlanFiles:
    with log_step("files") as set_summary:
        files = scan(path)
        if isinstance(path, Together):
            files = replace(files, files=relinked(files.files, path.link))
        linked = link(files)
        counts = _counts([file.kind for file in files.files])
        skipped = f"{files.others} other DICOM, {len(files.not_dicom)} not DICOM, {len(files.copies)} copies"
        set_summary(f"{counts}; {skipped}; {len(linked.plans)} complete plans, {len(linked.incomplete)} incomplete")
    return linked


# Which plan


def _choose(files: PlanFiles, uid: str | None, *, with_structures: bool) -> FoundPlan:
    complete = [*files.plans] if with_structures else [plan for plan in _all_plans(files) if plan.problem is None]
    refused = [plan for plan in _all_plans(files) if plan not in complete]
    if uid is not None:
        asked_for = [plan for plan in files.with_segmentation if with_structures and plan.has_segmentation_of(uid)]
        complete += [plan for plan in asked_for if plan.obstacle is None]
        refused += [plan for plan in asked_for if plan.obstacle is not None]
        if not asked_for and not any(plan.has(uid) for plan in _all_plans(files)):
            raise NoPlanError(f"no plan, dose or structure set {uid} makes a plan", "", _plans_text(files))
        complete = [plan for plan in complete if plan.has(uid)]
        refused = [plan for plan in refused if plan.has(uid)]
    if not with_structures:
        complete = _one_for_each_set_of_names(complete)
    if len(complete) > 1:
        raise _several_plans_error(complete)
    if not complete:
        raise _no_plan_error(files, refused)
    return complete[0]


def _several_plans_error(complete: list[FoundPlan]) -> AmbiguousPlanError:
    times = Counter(map(str, complete))
    listed = "; ".join(text if number == 1 else f"{text}, in {number} folders" for text, number in times.items())
    hint = "choose one by the UID of its plan or dose (plan=UID, --plan UID)"
    doses = {(plan.uid, plan.dose_uids) for plan in complete}
    if len(doses) == 1:
        hint = "choose one by the UID of its structures (plan=UID, --plan UID)"
    if len(doses) < len(complete) and any(plan.apart for plan in complete):
        hint = "those of the same UIDs are told apart by folder alone: give the folder of the one wanted"
    return AmbiguousPlanError(f"{len(complete)} plans are here: {listed}", "", hint)


def _one_for_each_set_of_names(plans: list[FoundPlan]) -> list[FoundPlan]:
    """Of plans that differ in nothing but a structure set whose names are not used, the first."""
    first: dict[tuple[object, ...], FoundPlan] = {}
    for plan in plans:
        first.setdefault((plan.plan, plan.doses, plan.names_from), plan)
    return list(first.values())


def _all_plans(files: PlanFiles) -> tuple[FoundPlan, ...]:
    return (*files.plans, *files.incomplete)


def _plans_text(files: PlanFiles) -> str:
    plans = [str(plan) for plan in _all_plans(files)]
    more = f" and {len(plans) - _MAX_LISTED} more" if len(plans) > _MAX_LISTED else ""
    return "there are: " + ("; ".join(plans[:_MAX_LISTED]) + more if plans else "none")


def _no_plan_error(files: PlanFiles, refused: list[FoundPlan]) -> NoPlanError:
    if refused:
        first, obstacle = refused[0], refused[0].obstacle
        assert obstacle is not None  # noqa: S101 - it was refused for it
        more = f" (and {len(refused) - 1} more doses that make no plan)" if len(refused) > 1 else ""
        place = obstacle.place or first.doses[0].display_name
        return NoPlanError(obstacle.what + more, place, obstacle.hint or _NO_PLAN_HINT)
    kinds = [orphan.kind for orphan in files.orphans]
    counts = _counts(kinds)
    what = (
        f"there is no RTDOSE among the files ({counts}, {files.others} other DICOM, {len(files.not_dicom)} not DICOM)"
    )
    is_one_other_file = len(files.not_dicom) == 1 and not kinds and not files.others
    return NoPlanError(what, "", _NO_DICOM_HINT if is_one_other_file else _NO_PLAN_HINT)


# Reading it


def _with_prescription(
    choice: FoundPlan, source: FoundPlan, files: PlanFiles, given: Prescription | None
) -> _ChosenPlan:
    """``source`` is the chosen plan, with the structure set that is to be used."""
    plan = source.plan
    dataset = read_elements(plan.source, plan.display_name, LAST_TAG_OF_PRESCRIPTION) if plan is not None else None
    prescription, stated = prescription_of(dataset, given, source.no_prescription)
    findings = (*source.findings, *stated, *_not_used_findings(choice, files), *_skipped_findings(files))
    return _ChosenPlan(source=source, plan=dataset, prescription=prescription, findings=findings)


def _not_used_findings(chosen: FoundPlan, files: PlanFiles) -> tuple[Finding, ...]:
    """Other plans of the same input: not used because the caller chose another, or because they are incomplete."""
    others = [plan for plan in _all_plans(files) if plan is not chosen]
    texts = [
        f"also here and not used: {plan}" + (f": {plan.reason}" if plan.reason is not None else "") for plan in others
    ]
    texts += [
        f"also here and not used: {orphan.kind} {orphan.uid}: {orphan.reason}"
        for orphan in files.orphans
        if orphan.kind is not Kind.DOSE and not set(orphan.files) <= set(chosen.files)
    ]
    if len(texts) > _MAX_LISTED:
        texts[_MAX_LISTED:] = [f"also here and not used: {len(texts) - _MAX_LISTED} more plans or parts of plans"]
    return tuple(Finding(code=FindingCode.OTHER, text=text) for text in texts)


def _skipped_findings(files: PlanFiles) -> tuple[Finding, ...]:
    texts = {
        "not readable as DICOM and skipped": files.not_dicom,
        "skipped as copies of other files": files.copies,
    }
    return tuple(
        Finding(code=FindingCode.FILE_SKIPPED, text=f"{len(left_out)} {_files(left_out)} {reason}; -vv names them")
        for reason, left_out in texts.items()
        if left_out
    )


def _files(left_out: tuple[Source, ...]) -> str:
    return "file" if len(left_out) == 1 else "files"


def _dose_files(chosen: _ChosenPlan) -> list[DoseFile]:
    return [read_dose(dose.source, dose.display_name) for dose in chosen.source.doses]


def _dose(chosen: _ChosenPlan, doses: Sequence[DoseFile]) -> tuple[DoseGrid, tuple[Finding, ...]]:
    with log_step("dose") as set_summary:
        grids_and_findings = [dose_grid(dose, chosen.prescription) for dose in doses]
        findings = tuple(dict.fromkeys(finding for _, grid_findings in grids_and_findings for finding in grid_findings))
        grids = [grid for grid, _ in grids_and_findings]
        grid = grids[0] if len(grids) == 1 else sum_of_doses(grids, chosen.display_name)
        set_summary(f"{', '.join(dose.display_name for dose in chosen.source.doses)}; {_grid_text(grid)}")
        set_summary(_prescription_text(chosen.prescription))
        source = chosen.source
        of_plan = source.plan if source.doses[0].summation == "PLAN" else None
        parts = tuple(findings_on_parts(source.beside, of_plan, grid, chosen.prescription))
    return grid, (*findings, *parts)


def _grid_text(grid: DoseGrid) -> str:
    planes, rows, columns = grid.stored.shape
    across = f"{grid.spacing_mm[0]:g} x {grid.spacing_mm[1]:g} mm"
    return f"{columns} x {rows} x {planes} points, {across} in plane, up to {grid.max_gy:.4g} Gy"


def _prescription_text(rx: Prescription | UnknownPrescription) -> str:
    if isinstance(rx, UnknownPrescription):
        return "prescription unknown"
    return f"prescription {rx.dose_gy:g} Gy in {rx.fractions} fractions ({rx.source})"


def _structures(
    chosen: _ChosenPlan, dose_axes: FloatArray
) -> tuple[tuple[Structure, ...], tuple[Finding, ...], PlanFile]:
    """The structures, with findings; and the file that they were read from."""
    file = chosen.source.structure_set
    if file is None:
        missing = chosen.source.no_structures
        assert missing is not None  # noqa: S101 - it is why there is no structure set
        raise NoPlanError(missing.what, chosen.display_name, _NO_PLAN_HINT)
    with log_step("structures") as set_summary:
        findings: tuple[Finding, ...] = ()
        if file.kind is Kind.SEGMENTATION:
            structures, elements = _segments(file, dose_axes)
        else:
            elements = read_elements(file.source, file.display_name)
            structures, findings = structures_of(elements, file.display_name, chosen.frame)
        set_summary(f"{len(structures)} in {file.display_name}")
    return structures, findings, PlanFile(kind=file.kind, elements=elements)


def _segments(file: RtFile, dose_axes: FloatArray) -> tuple[tuple[Structure, ...], Elements]:
    """The segments of a SEG; pydicom, which reads it, is imported for it."""
    from sbrtcheck.dicom.general import read_general
    from sbrtcheck.dicom.segmentation import structures_of_seg

    elements = read_general(file.source, file.display_name, ANY_TAG)
    return structures_of_seg(elements.dataset, file.display_name, dose_axes), elements


def _names(chosen: _ChosenPlan) -> tuple[dict[int, tuple[str, str]], tuple[PlanFile, ...]]:
    """What ROI numbers mean, and the file that says so, where there is one."""
    file = chosen.source.structure_set
    if file is None:
        return {}, ()
    elements = read_elements(file.source, file.display_name)
    return names_and_kinds(elements, file.display_name), (PlanFile(kind=file.kind, elements=elements),)

"""What linked RT files come to: plans, with how they were linked and what is against them; and what makes none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.source import Source
from sbrtcheck.formatting import one_screen
from sbrtcheck.plan import Finding


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

    @classmethod
    def of_damage(cls, file: RtFile) -> Obstacle | None:
        """The damage of a file; None where nothing was noticed."""
        if file.damage is None:
            return None
        return cls(what=file.damage.what, place=file.display_name, hint=file.damage.hint)


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


def with_findings(plan: FoundPlan, *findings: Finding) -> FoundPlan:
    """The same plan, with further findings on how its files were linked."""
    return replace(plan, findings=(*plan.findings, *findings))

"""Headers whose references lead nowhere -> the same, with the one file of their folder or frame of reference for it.

For files whose references a tool has lost, and only on request. Nothing is picked from several: where more than one
dose, RTPLAN or RTSTRUCT could be meant, the doses cannot be used, with that reason. A reference to a file that lies
elsewhere in the archive is lost no more than any other, and nothing takes its place either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, overload

from sbrtcheck.dicom.elements import Damage
from sbrtcheck.dicom.files import Kind, RtFile
from sbrtcheck.dicom.source import Source
from sbrtcheck.plan import Finding, FindingCode


class Link(StrEnum):
    """What tells which files belong together."""

    REFERENCE = "reference"
    FOLDER = "folder"
    FRAME = "frame"

    @property
    def noun(self) -> str:
        """What reports call it."""
        return "frame of reference" if self is Link.FRAME else str(self)

    @property
    def code(self) -> FindingCode:
        """The kind of finding that it gives."""
        return FindingCode.LINKED_BY_FOLDER if self is Link.FOLDER else FindingCode.LINKED_BY_FRAME_OF_REFERENCE


class Together(Sequence[Source]):
    """Files of which it is known, by something else than their references, that they are those of one plan."""

    def __init__(self, files: Sequence[Source], link: Link) -> None:
        self.files, self.link = tuple(files), link

    @overload
    def __getitem__(self, at: int) -> Source: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Source]: ...
    def __getitem__(self, at: Any) -> Any:
        """One of them."""
        return self.files[at]

    def __len__(self) -> int:
        return len(self.files)


def nowhere(_uid: str) -> bool:
    """No file lies elsewhere: those here are all there are."""
    return False


def relinked(files: Sequence[RtFile], link: Link, elsewhere: Callable[[str], bool] = nowhere) -> tuple[RtFile, ...]:
    """The files of one folder, or of one frame of reference, with references that lead to each other.

    Parameters
    ----------
    files
        Each once.
    link
        What put them together; references alone change nothing.
    elsewhere
        Whether a file of that UID is in the archive, and not among these.
    """
    if link is Link.REFERENCE:
        return tuple(files)
    return tuple(_with_set(_with_plan([*files], link, elsewhere), link, elsewhere))


def _key(file: RtFile) -> str:
    """What others refer to it with; a file without UID is known by the name of messages."""
    return file.uid or file.display_name


def _of(files: Sequence[RtFile], *kinds: Kind) -> list[RtFile]:
    return [file for file in files if file.kind in kinds]


def _changed(files: Sequence[RtFile], change: Callable[[RtFile], RtFile], which: Sequence[RtFile]) -> list[RtFile]:
    return [change(file) if file in which else file for file in files]


def _damaged(file: RtFile, what: str) -> RtFile:
    return file if file.damage is not None else replace(file, damage=Damage(what=what, hint=_HINT))


_HINT = "give each plan a folder of its own"


def _elsewhere_text(kind: Kind, link: Link) -> str:
    return f"the {kind} that it names is in the archive, and not of this {link.noun}"


# The RTPLAN of a dose


def _with_plan(files: list[RtFile], link: Link, elsewhere: Callable[[str], bool]) -> list[RtFile]:
    doses, plans = _of(files, Kind.DOSE), {_key(plan): plan for plan in _of(files, Kind.PLAN)}
    lost = [dose for dose in doses if len(dose.plan_refs) <= 1 and not set(dose.plan_refs) & set(plans)]
    away = [dose for dose in lost if any(map(elsewhere, dose.plan_refs))]
    files = _changed(files, lambda dose: _damaged(dose, _elsewhere_text(Kind.PLAN, link)), away)
    named = {ref for dose in doses for ref in dose.plan_refs}
    free = [plan for key, plan in plans.items() if key not in named]
    lost, free = _not_settled([dose for dose in lost if dose not in away], free)
    if not lost or not free:
        return files
    if len(free) > 1 or not _one_plan_of(lost):
        what = (
            f"{len(lost)} RTDOSE and {len(free)} RTPLAN of one {link.noun} do not name each"
            " other: which belong together cannot be told"
        )
        return _changed(files, lambda dose: _damaged(dose, what), lost)
    said = (Kind.PLAN, _finding(Kind.DOSE, Kind.PLAN, link))
    return _changed(
        files,
        lambda dose: replace(dose, plan_refs=(_key(free[0]),), put_together=(*dose.put_together, said)),
        lost,
    )


def _not_settled(lost: Sequence[RtFile], free: Sequence[RtFile]) -> tuple[list[RtFile], list[RtFile]]:
    """Without the doses that name no RTPLAN and have one of their frame of reference to themselves."""
    nameless = [dose for dose in lost if not dose.plan_refs]
    pairs = [
        (dose, shared[0])
        for dose in nameless
        if len(shared := _sharing(dose, free)) == 1 and len(_sharing(shared[0], nameless)) == 1
    ]
    return (
        [dose for dose in lost if all(dose is not settled for settled, _ in pairs)],
        [plan for plan in free if all(plan is not settled for _, settled in pairs)],
    )


def _sharing(file: RtFile, others: Sequence[RtFile]) -> list[RtFile]:
    return [other for other in others if set(file.frames) & set(other.frames)]


def _one_plan_of(doses: Sequence[RtFile]) -> bool:
    """Whether these are the dose of one plan, or its parts."""
    if len(doses) == 1:
        return True
    refs = {dose.plan_refs for dose in doses}
    parts = {dose.summation for dose in doses}
    return len(refs) == 1 and (refs != {()} or parts in ({"BEAM"}, {"FRACTION"}))


# The RTSTRUCT of a dose or an RTPLAN


def _with_set(files: list[RtFile], link: Link, elsewhere: Callable[[str], bool]) -> list[RtFile]:
    sets, referring = _of(files, Kind.STRUCTURE_SET), _of(files, Kind.DOSE, Kind.PLAN)
    keys = {_key(one) for one in sets}
    unmet = [file for file in referring if file.structure_set_refs and not set(file.structure_set_refs) & keys]
    away = [file for file in unmet if any(map(elsewhere, file.structure_set_refs))]
    files = _changed(files, lambda file: _damaged(file, _elsewhere_text(Kind.STRUCTURE_SET, link)), away)
    if len(sets) != 1:
        return files
    (only,) = sets
    # what names no set is linked by its frame of reference where it can be, and what names another one never is
    nameless = [file for file in _without_any(referring) if not _sharing(file, sets)]
    lost = [*(file for file in unmet if file not in away), *nameless]
    return _changed(files, lambda file: _with_reference(file, only, link), lost)


def _with_reference(file: RtFile, only: RtFile, link: Link) -> RtFile:
    said = (Kind.STRUCTURE_SET, _finding(file.kind, Kind.STRUCTURE_SET, link))
    return replace(file, structure_set_refs=(_key(only),), put_together=(*file.put_together, said))


def _without_any(referring: Sequence[RtFile]) -> Iterator[RtFile]:
    """Doses that name no RTSTRUCT, and whose RTPLAN names none."""
    naming = {_key(file) for file in referring if file.kind is Kind.PLAN and file.structure_set_refs}
    for dose in _of(referring, Kind.DOSE):
        if not dose.structure_set_refs and not _any_in(dose.plan_refs, naming):
            yield dose


def _any_in(refs: Collection[str], keys: Collection[str]) -> bool:
    return any(ref in keys for ref in refs)


def _finding(one: Kind, other: Kind, link: Link) -> Finding:
    text = f"the {one} and the {other} were put together by their {link.noun}, not by references, as asked"
    return Finding(code=link.code, text=text)

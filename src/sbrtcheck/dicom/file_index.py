"""Headers of RT files -> the same by what others refer to them with, and by frame of reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sbrtcheck.dicom.files import Kind, RtFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIndex:
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


def file_index(files: Sequence[RtFile], *, sets_elsewhere: bool) -> FileIndex:
    """Index files; ``sets_elsewhere`` where other plans, which are not looked at, have structure sets."""
    # A file without UID cannot be named, but it can still share a frame of reference.
    sets = {file.uid or file.display_name: file for file in files_of_kind(files, Kind.STRUCTURE_SET)}
    plans = {file.uid or file.display_name: file for file in files_of_kind(files, Kind.PLAN)}
    segmentations = files_of_kind(files, Kind.SEGMENTATION)
    named = {ref for dose in files_of_kind(files, Kind.DOSE) for ref in dose.plan_refs}
    return FileIndex(
        plans=plans,
        free=_by_frame((plan, _frames_of_plan(plan, sets)) for uid, plan in plans.items() if uid not in named),
        sets=sets,
        sets_in=_by_frame((file, file.frames) for file in sets.values()),
        segmentations=segmentations,
        segmentations_in=_by_frame((file, file.frames) for file in segmentations),
        sets_elsewhere=sets_elsewhere,
    )


def files_of_kind(files: Iterable[RtFile], kind: Kind) -> list[RtFile]:
    """Those of the kind, in their order."""
    return [file for file in files if file.kind is kind]


def files_sharing_frame(frames: Iterable[str], by_frame: Mapping[str, Sequence[RtFile]]) -> list[RtFile]:
    """Those that are in one of the frames of reference, each once, ordered by how messages name them."""
    by_name = {file.display_name: file for frame in frames for file in by_frame.get(frame, ())}
    return [by_name[display_name] for display_name in sorted(by_name)]


def _by_frame(files: Iterable[tuple[RtFile, Iterable[str]]]) -> dict[str, list[RtFile]]:
    by_frame: dict[str, list[RtFile]] = {}
    for file, frames in files:
        for frame in frames:
            by_frame.setdefault(frame, []).append(file)
    return by_frame


def _frames_of_plan(plan: RtFile, sets: Mapping[str, RtFile]) -> Iterable[str]:
    """Its own frame of reference, or those of the structure set it names."""
    return plan.frames or {frame for ref in plan.structure_set_refs if ref in sets for frame in sets[ref].frames}

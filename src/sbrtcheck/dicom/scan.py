"""Folder, files or Datasets -> the RT files that may make plans, each once, and the files left out.

A UID identifies one file of its kind. Copies of a file are left out. Files of one UID that differ can neither of them
be picked, with two exceptions. A tool that removes identities from files may write one UID for all of them: a dose, a
plan and a structure set of one UID are three files, for references tell which kind they are to. Or it may write the
same UIDs for every patient, and then the patients' folders tell them apart. So, where one UID has several contents that
are in folders of which none is inside of the other, the files that hang together with them by reference are parted by
folder, as high up as needed, and linked with those of the same folder alone. Of folders whose files are all in another
one too, the larger is kept.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sbrtcheck.dicom.elements import Damage
from sbrtcheck.dicom.files import Kind, RtFile, read_rt_header
from sbrtcheck.dicom.inputs import DicomInputs, sources
from sbrtcheck.dicom.source import MemoryFile, Source, opened
from sbrtcheck.progress import log

# A UID ends in what tells instances apart; this much of it is enough, and names nobody.
_END_OF_UID = 8
_SEVERAL_CONTENTS = "another file has the same SOP Instance UID and differs: neither can be picked"

Files = Sequence[RtFile]
HashOf = Callable[[Source], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found: RT files in order of UID, files left out with the reason, how many other DICOM files.

    ``sets_elsewhere``: beside these, the archive has structure sets of other plans.
    """

    files: tuple[RtFile, ...]
    not_dicom: tuple[Source, ...] = ()
    copies: tuple[Source, ...] = ()
    others: int = 0
    sets_elsewhere: bool = False

    def count(self, kind: Kind) -> int:
        """Files of a kind."""
        return sum(file.kind is kind for file in self.files)


def scan(given: DicomInputs) -> Scan:
    """Headers of all RT files in what is given; nothing in it depends on file names or on the order they are given in.

    Which file has which name is logged at level DEBUG.

    Raises
    ------
    InputError
        When a path does not exist, or something given cannot be read.
    """
    headers: list[RtFile] = []
    not_dicom: list[Source] = []
    others = 0
    for file in sources(given):
        header = read_rt_header(file)
        match header:
            case RtFile():
                headers.append(header)
            case "not DICOM":
                not_dicom.append(file)
            case "other":
                others += 1
    result = replace(scan_of(headers), not_dicom=tuple(not_dicom), others=others)
    _log_names(result)
    return result


def scan_of(headers: Files, hash_of: HashOf | None = None, *, sets_elsewhere: bool = False) -> Scan:
    """The same of headers that were read already.

    Parameters
    ----------
    headers
        Of all files that may belong together.
    hash_of
        A hash of the content of a file on disk, where one is kept; else the files are read for it.
    sets_elsewhere
        That the archive has structure sets beside these, of other plans.
    """
    unique, copies = _unique_files(headers, hash_of or _content_hash)
    return Scan(files=_with_display_names(unique), copies=copies, sets_elsewhere=sets_elsewhere)


def _log_names(scan: Scan) -> None:
    """Only for who asks for everything: planning systems put patients' IDs into names of files."""
    for file in scan.files:
        log.debug("%s is %s", file.display_name, file.source)
    for source in scan.not_dicom:
        log.debug("not readable as DICOM and skipped: %s", source)
    for source in scan.copies:
        log.debug("skipped as copy of another file: %s", source)


# Copies, and files of one UID that differ


def _unique_files(files: Files, hash_of: HashOf) -> tuple[list[RtFile], tuple[Source, ...]]:
    """Each file once, in order of UID, with the number of the folder it is to be linked in; and the copies."""
    folders, contents = _folders_that_tell_apart(files, _contents(files, hash_of), hash_of)
    apart = {file.source for folder in folders for file in folder}
    unique, copies = _without_copies([file for file in files if file.source not in apart], contents)
    hashes_of_kept: list[frozenset[str]] = []
    for folder in sorted(folders, key=lambda folder: _order(folder, contents)):
        hashes = frozenset(contents[file.source] for file in folder)
        if any(hashes <= other for other in hashes_of_kept):
            copies += [file.source for file in folder]
            continue
        hashes_of_kept.append(hashes)
        own, more = _without_copies(folder, contents)
        unique += [replace(file, apart=len(hashes_of_kept)) for file in own]
        copies += more
    return sorted(unique, key=lambda file: (file.uid, file.kind)), tuple(copies)


def _contents(files: Files, hash_of: HashOf) -> dict[Source, str]:
    """What files that share their UID with another one hold, by path; the others need not be read for it."""
    times = Counter(map(_identity, files))
    of_datasets = {file.uid for file in files if isinstance(file.source, MemoryFile) and file.source.of_dataset}
    return {
        file.source: _dataset_hash(file.source) if file.uid in of_datasets else hash_of(file.source)
        for file in files
        if times[_identity(file)] > 1
    }


def _content_hash(source: Source) -> str:
    """Of the bytes."""
    import hashlib

    with opened(source) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _dataset_hash(source: Source) -> str:
    """Of the elements: a Dataset may have other bytes for the same."""
    from sbrtcheck.dicom.dataset_file import content_hash

    return content_hash(source)


def _identity(file: RtFile) -> str:
    """What names one file among all: its kind and UID, ``""`` where it has none."""
    return f"{file.kind} {file.uid}" if file.uid else ""


def _with_several_contents(files: Files, contents: Mapping[Source, str]) -> frozenset[str]:
    """Identities of which there are several contents."""
    pairs = {(_identity(file), contents[file.source]) for file in files if file.uid and file.source in contents}
    times = Counter(identity for identity, _ in pairs)
    return frozenset(identity for identity, number in times.items() if number > 1)


def _without_copies(files: Files, contents: Mapping[Source, str]) -> tuple[list[RtFile], list[Source]]:
    """One file of each SOP instance; instances whose files differ are marked, for neither may be picked."""
    by_identity: dict[str, list[RtFile]] = {}
    for file in files:
        by_identity.setdefault(_identity(file), []).append(file)
    unique: list[RtFile] = []
    copies: list[Source] = []
    for identity, same in sorted(by_identity.items()):
        distinct, more = _different_files(same, contents)
        copies += more
        if identity and len(distinct) > 1:
            distinct = [replace(distinct[0], damage=Damage(what=_SEVERAL_CONTENTS))]
        unique += distinct
    return unique, copies


def _different_files(files: Files, contents: Mapping[Source, str]) -> tuple[Files, list[Source]]:
    """Files of different content, in an order that depends on nothing else; and the copies of them."""
    if len(files) == 1:
        return files, []
    by_content: dict[str, RtFile] = {}
    copies = [file.source for file in files if by_content.setdefault(contents[file.source], file) is not file]
    return [by_content[content] for content in sorted(by_content)], copies


# Files of one UID told apart by folder


def _folders_that_tell_apart(
    files: Files, contents: Mapping[Source, str], hash_of: HashOf
) -> tuple[list[Files], Mapping[Source, str]]:
    """The files of each of the folders that tell them apart, none where no folder does; and what those files hold."""
    if not _with_several_contents(files, contents):
        return [], contents
    tangled = _files_tied_to_clashes(files, contents)
    if any(isinstance(file.source, MemoryFile) for file in tangled):  # which is in no folder
        return [], contents
    all_contents = {
        **contents,
        **{file.source: hash_of(file.source) for file in tangled if file.source not in contents},
    }
    folders = _by_folder(tangled, all_contents)
    return folders if len(folders) > 1 else [], all_contents


def _order(folder: Files, contents: Mapping[Source, str]) -> tuple[int, list[str]]:
    """The largest first; then by nothing but content."""
    hashes = sorted({contents[file.source] for file in folder})
    return -len(hashes), hashes


def _files_tied_to_clashes(files: Files, contents: Mapping[Source, str]) -> list[RtFile]:
    """Files that hang together, by references, with those of a UID that has several contents."""
    identities = set(map(_identity, files))
    reached: set[str] = set(_with_several_contents(files, contents))
    ties = [(file, _ties(file, identities)) for file in files]
    while True:
        ties_reached = [tied for _, tied in ties if tied & reached]
        more = reached.union(*ties_reached)
        if more == reached:
            return [file for file, tied in ties if tied & reached]
        reached = more


def _ties(file: RtFile, identities: set[str]) -> frozenset[str]:
    """What links a file with others: itself, what it refers to, and its frames of reference where they decide."""
    plans = {f"{Kind.PLAN} {ref}" for ref in file.plan_refs if ref}
    refs = plans | {f"{Kind.STRUCTURE_SET} {ref}" for ref in file.structure_set_refs if ref}
    by_frame = file.kind is Kind.STRUCTURE_SET or not refs & identities
    return frozenset({_identity(file), *refs, *(f"frame {frame}" for frame in file.frames if by_frame)} - {""})


def _by_folder(files: Files, contents: Mapping[Source, str]) -> list[Files]:
    """The files of each folder, as high up as its UIDs have one content each; those that no folder parts together."""
    clashing = _with_several_contents(files, contents)
    if not clashing:
        return [files]
    folders = [Path(os.path.abspath(str(file.source))).parent.parts for file in files]  # noqa: PTH100 - links as they are
    levels = enumerate(zip(*folders, strict=False))
    depth = next((at for at, names in levels if len(set(names)) > 1), min(map(len, folders)))
    below: dict[str, list[RtFile]] = {}
    for file, parts in zip(files, folders, strict=True):
        below.setdefault(parts[depth] if len(parts) > depth else "", []).append(file)
    if any(_identity(file) in clashing for file in below.get("", ())):
        return [files]
    return [folder for inside in below.values() for folder in _by_folder(inside, contents)]


# Names for messages


def _with_display_names(files: Iterable[RtFile]) -> tuple[RtFile, ...]:
    """The files with the names that messages use, each once."""
    times = Counter(short_name(file) for file in files)
    at: Counter[str] = Counter()
    named: list[RtFile] = []
    for file in files:
        short = short_name(file)
        at[short] += 1
        if times[short] == 1:
            display_name = short
        else:
            display_name = f"{file.kind} {file.uid}" if file.uid else f"{short} ({at[short]} of {times[short]})"
        named.append(replace(file, display_name=display_name))
    return tuple(named)


def short_name(file: RtFile) -> str:
    """How messages name a file, unless two have the same name."""
    if not file.uid:
        return f"{file.kind} without UID"
    return f"{file.kind} {'...' if len(file.uid) > _END_OF_UID else ''}{file.uid[-_END_OF_UID:]}"

"""A confirmed names file and the structures of its plan in; the clinic's dictionary, longer by what it says, out.

What stands in the file stays as it is, comments and order too: spellings are written behind those of their organ, new
organs at the end. The file that comes out is read before it replaces the old one.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sbrtcheck.errors import Fault, NamesError
from sbrtcheck.files import whole_file
from sbrtcheck.structure_names import (
    NO_DICTIONARY,
    Dictionary,
    Match,
    RoiName,
    UserNames,
    dictionary_key,
    match,
    normalise,
    organ_named,
)
from sbrtcheck.tables.dictionary import read_dictionary
from sbrtcheck.tables.document import document_bytes
from sbrtcheck.tables.table import ConstraintTable

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

_HEADING = """\
# What this clinic calls organs, for every plan: the TG-263 name, then its spellings.
# Names of structures alone stand here, nothing of a patient.
"""
_BY_HAND = "write what is missing into it by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A name that a dictionary cannot have, and why."""

    organ: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What came of a names file: spellings added, by organ in order, and names that were left out."""

    added: tuple[tuple[str, str], ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confirmed:
    """An organ, the text that the user gave for it, and the structure that this is."""

    organ: str
    given: str
    roi: RoiName


def learn_names(
    names: Mapping[str, str], rois: Sequence[RoiName], file: Path, tables: Sequence[ConstraintTable] = ()
) -> Learned:
    """Extend a dictionary by the names that a user confirmed for one plan; the file is made where there is none.

    A name is left out that is the organ's already, that is the TG-263 name of another organ or was given for two, and
    one by which the dictionary would not match the same structure: the plan has one of the exact TG-263 name beside it,
    or a second one of the name.

    Parameters
    ----------
    names
        TG-263 name -> structure name of the plan, or its number as ``ROI 6``.
    rois
        All structures of the plan.
    file
        The dictionary.
    tables
        A clinic's own, whose organs may stand in the dictionary.

    Returns
    -------
    Learned
        What was added, and what was not.

    Raises
    ------
    NamesError
        The dictionary has faults; a name is that of another organ in it; the plan does not have a name. Nothing is
        written then.
    OutputError
        The file cannot be written.
    """
    text, dictionary = _read(file, tables)
    confirmed = list(_confirmed(names, rois))
    _refuse_contradictions(confirmed, dictionary, file)
    new, left_out = _sorted_out(confirmed, rois, dictionary)
    if new:
        _write(file, _extended(text, new), _merged(dictionary, new), tables)
    return Learned(added=tuple((entry.organ, entry.roi.name) for entry in new), left_out=tuple(left_out))


def _read(file: Path, tables: Sequence[ConstraintTable]) -> tuple[str, Dictionary]:
    """Text and spellings of a dictionary; nothing where there is no file yet, or one of comments alone."""
    try:
        raw = document_bytes(file)
    except FileNotFoundError:
        return _HEADING, NO_DICTIONARY
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        raise NamesError(f"cannot be read: {getattr(error, 'strerror', error)}", str(file), "check the path") from error
    lines = raw.removeprefix(codecs.BOM_UTF8).splitlines()
    if all(line.strip().startswith(b"#") for line in lines if line.strip()):
        try:
            return raw.decode("utf-8") or _HEADING, NO_DICTIONARY
        except UnicodeDecodeError as error:
            raise NamesError("the file is not UTF-8 text", f"{file}:1", "save it as UTF-8") from error
    dictionary = read_dictionary(raw, str(file), tables)
    return raw.decode("utf-8"), dictionary


def _confirmed(names: Mapping[str, str], rois: Sequence[RoiName]) -> Iterator[_Confirmed]:
    """The structures that the names are, those that have contours first."""
    missing = []
    for key, given in sorted(names.items()):
        organ = organ_named(key) or key
        matched = match(organ, rois, {organ: given}) if given else None
        if isinstance(matched, Match):
            yield _Confirmed(organ=organ, given=given, roi=matched.roi)
        elif given:
            missing.append(Fault(place=key, what=f"no single structure of the plan is '{given}'"))
    if missing:
        raise NamesError("the plan does not have all names", hint="correct the names file", faults=tuple(missing))


def _refuse_contradictions(confirmed: Sequence[_Confirmed], dictionary: Dictionary, file: Path) -> None:
    known = [(entry, dictionary.organ_of(entry.roi.name)) for entry in confirmed]
    faults = tuple(
        Fault(
            place=str(file),
            what=f"'{entry.roi.name}' is a spelling of {other} here, and was given for {entry.organ}",
            hint="correct the one or the other; nothing was written",
        )
        for entry, other in known
        if other is not None and normalise(other) != normalise(entry.organ)
    )
    if faults:
        raise NamesError(faults[0].what, faults[0].place, faults[0].hint, faults=faults)


def _sorted_out(
    confirmed: Sequence[_Confirmed], rois: Sequence[RoiName], dictionary: Dictionary
) -> tuple[list[_Confirmed], list[LeftOut]]:
    """What is to be added, and what is not, with the reason."""
    new: list[_Confirmed] = []
    left_out: list[LeftOut] = []
    organs: dict[str, set[str]] = {}
    for entry in confirmed:
        organs.setdefault(dictionary_key(entry.roi.name), set()).add(entry.organ)
    for entry in confirmed:
        if reason := _reason_not_to_add(entry, organs[dictionary_key(entry.roi.name)], rois, dictionary):
            left_out.append(LeftOut(organ=entry.organ, name=entry.roi.name, reason=reason))
        else:
            new.append(entry)
    return new, left_out


def _reason_not_to_add(
    entry: _Confirmed, organs: set[str], rois: Sequence[RoiName], dictionary: Dictionary
) -> str | None:
    named = organ_named(entry.roi.name)
    if named == entry.organ:
        return "known already by TG-263 or a listed alias"
    if dictionary.organ_of(entry.roi.name) is not None:
        return "in the dictionary already"
    if len(organs) > 1:
        return f"given for {' and '.join(sorted(organs))}"
    if named is not None and normalise(named) == normalise(entry.roi.name):
        return f"the TG-263 name of {named}"
    by_dictionary = match(entry.organ, rois, UserNames({}, _merged(dictionary, [entry])))
    if not isinstance(by_dictionary, Match) or by_dictionary.roi != entry.roi:
        return "the plan has another structure that goes first, or fits as well"
    return None


def _merged(dictionary: Dictionary, new: Sequence[_Confirmed]) -> Dictionary:
    spellings = dict(dictionary.spellings)
    keys = {normalise(organ): organ for organ in spellings}
    for entry in new:
        organ = keys.setdefault(normalise(entry.organ), entry.organ)
        spellings[organ] = (*spellings.get(organ, ()), entry.roi.name)
    return Dictionary(spellings=spellings)


# -------------------------------------------------------------------------------- the text of the file


def _extended(text: str, new: Sequence[_Confirmed]) -> str:
    """The text with the spellings written in, everything else as it was."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    line_end = "\r\n" if "\r\n" in text else "\n"
    by_organ: dict[str, list[str]] = {}
    for entry in new:
        by_organ.setdefault(entry.organ, []).append(_quoted(entry.roi.name))
    lists = _lists_by_organ(text)
    known = {organ: lists[normalise(organ)] for organ in by_organ if normalise(organ) in lists}
    insertions = [_insertion(text, node, by_organ.pop(organ), line_end) for organ, node in known.items()]
    for place, insertion in sorted(insertions, reverse=True):
        text = text[:place] + insertion + text[place:]
    if by_organ and text and not text.endswith("\n"):
        text += line_end
    lines = (f"{_key(organ)}: [{', '.join(spellings)}]{line_end}" for organ, spellings in by_organ.items())
    return mark + text + "".join(lines)


def _lists_by_organ(text: str) -> dict[str, SequenceNode]:
    """The list of each organ's spellings, with its place in the text."""
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import SequenceNode

    node: MappingNode | None = YAML(typ="safe", pure=True).compose(text)
    entries = node.value if node is not None else []
    return {normalise(key.value): value for key, value in entries if isinstance(value, SequenceNode)}


def _insertion(text: str, node: SequenceNode, spellings: Sequence[str], line_end: str) -> tuple[int, str]:
    """Where spellings are written into a list, and what is written there."""
    if node.flow_style:
        closing = node.end_mark.index - 1
        has_comma = text[:closing].rstrip().endswith(",")
        before = " " if has_comma else ", " if node.value else ""
        return closing, before + ", ".join(spellings)
    end_of_line = text.find("\n", node.value[-1].end_mark.index)
    place = len(text) if end_of_line < 0 else end_of_line - (text[end_of_line - 1] == "\r")
    indent = " " * node.start_mark.column  # of the list's first dash
    return place, "".join(f"{line_end}{indent}- {spelling}" for spelling in spellings)


def _quoted(text: str) -> str:
    """Text in quotes, as YAML and JSON write it; what does not print is written by its number."""
    return "".join(
        letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in json.dumps(text, ensure_ascii=False)
    )


def _key(organ: str) -> str:
    return organ if re.fullmatch(r"[A-Za-z]\w*(-\w+)?", organ, re.ASCII) else _quoted(organ)


def _write(file: Path, text: str, expected: Dictionary, tables: Sequence[ConstraintTable]) -> None:
    """Replace the file, once it is certain that the text is the dictionary that it should be."""
    try:
        raw = text.encode()
        written = read_dictionary(raw, str(file), tables)
    except (UnicodeError, NamesError) as error:
        raise NamesError("cannot be extended without rewriting it", str(file), _BY_HAND) from error
    if dict(written.spellings) != dict(expected.spellings):
        raise NamesError("cannot be extended without rewriting it", str(file), _BY_HAND)
    with whole_file(file) as draft:
        draft.write_bytes(raw)

"""A clinic's dictionary, as a file or a mapping -> TG-263 name: its spellings, for every plan; or all its faults."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sbrtcheck.arguments import require_type
from sbrtcheck.errors import Fault, NamesError
from sbrtcheck.structure_names import (
    NO_DICTIONARY,
    Dictionary,
    dictionary_key,
    is_in_doubt,
    known_names,
    normalise,
    organ_named,
    similar_organs,
)
from sbrtcheck.tables.choice import organs_of_tables
from sbrtcheck.tables.document import At, Document, LineFault, document_bytes, read_document
from sbrtcheck.tables.load import bundled_tables
from sbrtcheck.tables.table import ConstraintTable

DictionaryInput = str | os.PathLike[str] | Mapping[str, Sequence[str]] | Dictionary
"""TG-263 name -> spellings, or a file with that."""

_FORM = "write [a list, of, spellings]"


def load_dictionary(dictionary: DictionaryInput | None, tables: Sequence[ConstraintTable] = ()) -> Dictionary:
    """Load a clinic's spellings of organs.

    Parameters
    ----------
    dictionary
        Path of a YAML file with one ``TG-263 name: [spelling, spelling]`` a line, or a mapping of the same. A spelling
        may be any name, also one that the other rules would never match. What is a dictionary already is used as it
        is; None: an empty one.
    tables
        A clinic's own, whose organs may stand in the dictionary beside those of TG-263 and of the bundled tables.

    Returns
    -------
    Dictionary
        The spellings; two are the same where they differ in case, blanks, ``_``, ``.`` and the place of the side alone.

    Raises
    ------
    NamesError
        The file cannot be read; or, all at once: it is no mapping of lists of text, nobody knows an organ, an organ or
        a spelling is repeated, a spelling is that of two organs, or is the TG-263 name of another organ.
    """
    if dictionary is None or isinstance(dictionary, Dictionary):
        return dictionary or NO_DICTIONARY
    if isinstance(dictionary, Mapping):
        organs: Iterable[object] = dictionary
        if bad_keys := [organ for organ in organs if not isinstance(organ, str)]:
            raise NamesError(f"the organ {bad_keys[0]!r} of the dictionary is no text", hint="give its TG-263 name")
        document = Document(data={organ: _as_list(spellings) for organ, spellings in dictionary.items()}, lines={})
        _raise(dictionary_faults(document, tables), "")
        return Dictionary(spellings={organ: tuple(spellings) for organ, spellings in dictionary.items()})
    require_type(dictionary, (str, os.PathLike), "a dictionary", "give a file, or {'SpinalCord': ['Cord', 'Myelon']}")
    place = os.fspath(dictionary)
    try:
        raw = document_bytes(Path(place))
    except (OSError, ValueError) as error:
        raise NamesError(f"cannot be read: {getattr(error, 'strerror', error)}", place, "check the path") from error
    return read_dictionary(raw, place, tables)


def read_dictionary(raw: bytes, place: str, tables: Sequence[ConstraintTable] = ()) -> Dictionary:
    """The dictionary that a file's bytes are; errors as for `load_dictionary`."""
    document = read_document(raw)
    _raise({*document.faults, *dictionary_faults(document, tables)}, place)
    data = document.data if isinstance(document.data, dict) else {}
    return Dictionary(spellings={organ: tuple(spellings) for organ, spellings in data.items()}, file=place)


def _as_list(spellings: object) -> object:
    return list(spellings) if isinstance(spellings, Sequence) and not isinstance(spellings, str) else spellings


def _raise(faults: Iterable[LineFault], place: str) -> None:
    """Raise all faults; they have no line where there is no file."""
    ordered = sorted(faults)
    if not ordered:
        return
    listed = tuple(
        fault.in_file(place) if place else Fault(place="dictionary", what=fault.what, hint=fault.hint)
        for fault in ordered
    )
    raise NamesError(listed[0].what, listed[0].place, listed[0].hint, faults=listed)


def dictionary_faults(document: Document, tables: Sequence[ConstraintTable]) -> Iterator[LineFault]:
    """What is wrong with a dictionary that could be read as YAML."""
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        yield document.fault((), "not a mapping of spellings", "write one 'TG-263 name: [spelling, spelling]' a line")
        return
    entries = list(_entries(document, document.data))
    yield from _faults_of_types(document, document.data)
    yield from _unknown_organs(document, document.data, tables)
    yield from _repeated_organs(document, document.data)
    yield from _repeated_spellings(document, entries)
    for organ, spelling, at in entries:
        other = _tg263_name(spelling)
        if other is not None and normalise(other) != normalise(organ):
            what = f"{spelling!r} for {organ} is the TG-263 name of another organ, {other}"
            yield document.fault(at, what, "it is always matched to that one; take it out")


def _entries(document: Document, data: Mapping[str, object]) -> Iterator[tuple[str, str, At]]:
    """Every spelling that can be one, with its organ and its place."""
    for organ, spellings in data.items():
        for place, spelling in enumerate(spellings if isinstance(spellings, list) else ()):
            at = (organ, place)
            if not document.is_reported(at) and isinstance(spelling, str) and normalise(spelling):
                yield organ, spelling, at


def _tg263_name(spelling: str) -> str | None:
    """The TG-263 name that a spelling is, but for case, blanks and the place of the side."""
    organ = organ_named(spelling)
    is_name = organ is not None and not is_in_doubt(spelling) and normalise(organ) == normalise(spelling)
    return organ if is_name else None


def _faults_of_types(document: Document, data: Mapping[str, object]) -> Iterator[LineFault]:
    for organ, spellings in data.items():
        if document.is_reported((organ,)):
            continue
        if not isinstance(spellings, list):
            yield document.fault((organ,), f"the spellings of '{organ}' are no list", f"{_FORM}, in brackets")
            continue
        for place, spelling in enumerate(spellings):
            if document.is_reported((organ, place)):
                continue
            if not isinstance(spelling, str):
                text = document.texts.get((organ, place), str(spelling))
                hint = f'put it in quotes: "{text}"' if not isinstance(spelling, list | dict) else _FORM
                yield document.fault((organ, place), f"a spelling of '{organ}' is not text", hint)
            elif not normalise(spelling):
                yield document.fault((organ, place), f"a spelling of '{organ}' has no letter", "take it out")


def _unknown_organs(
    document: Document, data: Mapping[str, object], tables: Sequence[ConstraintTable]
) -> Iterator[LineFault]:
    known = known_names() | organs_of_tables(tables)
    unknown = _not_among(data, known)
    if unknown:  # the bundled tables are read only when they are needed
        known |= organs_of_tables(bundled_tables())
    for organ in _not_among(unknown, known):
        similar = similar_organs(organ, known)
        hint = f"did you mean {' or '.join(map(repr, similar))}?" if similar else "give the organ's TG-263 name"
        yield document.fault((organ,), f"no table has an organ {organ!r}, nor is it a TG-263 name known here", hint)


def _not_among(organs: Mapping[str, object] | Sequence[str], known: frozenset[str] | set[str]) -> list[str]:
    keys = {normalise(organ) for organ in known}
    return [organ for organ in organs if normalise(organ) not in keys]


def _repeated_organs(document: Document, data: Mapping[str, object]) -> Iterator[LineFault]:
    first: dict[str, str] = {}
    for organ in data:
        other = first.setdefault(normalise(organ), organ)
        if other != organ:
            what = f"'{organ}' is the same organ as '{other}'{_on_line(document, (other,))}"
            yield document.fault((organ,), what, "put their spellings in one list")


def _repeated_spellings(document: Document, entries: Sequence[tuple[str, str, At]]) -> Iterator[LineFault]:
    first: dict[str, tuple[str, str, At]] = {}
    for organ, spelling, at in entries:
        other_organ, other, other_at = first.setdefault(dictionary_key(spelling), (organ, spelling, at))
        if other_at == at:
            continue
        on_line = _on_line(document, other_at)
        if normalise(other_organ) == normalise(organ):
            yield document.fault(at, f"{spelling!r} is the same spelling as {other!r}{on_line}", "remove one of them")
        else:
            what = f"{spelling!r} is a spelling of {organ}, and of {other_organ} as {other!r}{on_line}"
            yield document.fault(at, what, "leave it to one organ; names of one plan go into a names file")


def _on_line(document: Document, at: At) -> str:
    return f" on line {document.line(at)}" if document.lines else ""

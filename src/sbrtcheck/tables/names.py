"""The user's names for organs, as a file or a mapping -> TG-263 name: name of the structure in the plan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sbrtcheck.arguments import require_names
from sbrtcheck.errors import NamesError
from sbrtcheck.structure_names import normalise
from sbrtcheck.tables.document import Document, LineFault, document_bytes, read_document


def load_names(names: str | os.PathLike[str] | Mapping[str, str] | None) -> Mapping[str, str]:
    """Load the user's structure names.

    Parameters
    ----------
    names
        Path of a YAML file with one ``TG-263 name: ROI name`` a line. An empty text in quotes, as in a template that
        was not filled in yet, counts as not written. ``'ROI 6'`` names a structure by its ROI number, where the plan
        has none that is called so. A mapping of the same is used as it is; None: no names.

    Returns
    -------
    Mapping
        TG-263 name -> name of the structure in the plan.

    Raises
    ------
    NamesError
        The file cannot be read, is no mapping, repeats an organ in whatever spelling, or has a value that is not text.
    """
    if names is None:
        return {}
    if not isinstance(names, str | os.PathLike):
        require_names(names)
        return names
    place = os.fspath(names)
    try:
        document = read_document(document_bytes(Path(place)))
    except (OSError, ValueError) as error:
        raise NamesError(f"cannot be read: {getattr(error, 'strerror', error)}", place, "check the path") from error
    faults = sorted({*document.faults, *_names_faults(document)})
    if faults:
        first, more = faults[0], len(faults) - 1
        what = first.what + (f" (and {more} more)" if more else "")
        raise NamesError(what, f"{place}:{first.line}", first.hint)
    mapping = document.data if isinstance(document.data, dict) else {}
    return {str(organ): str(name) for organ, name in mapping.items() if name}


def _names_faults(document: Document) -> Iterator[LineFault]:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        yield document.fault((), "not a mapping of names", "write one 'TG-263 name: ROI name' a line")
        return
    for key, value in document.data.items():
        if document.is_reported((key,)) or (isinstance(value, str) and (value.strip() or not value)):
            continue
        what = f"the ROI name of '{key}' is not text"
        yield document.fault((key,), what, _hint_of_value(key, value, document.texts.get((key,), "")))
    yield from _repetition_faults(document, document.data)


def _hint_of_value(key: str, value: object, text: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"for the structure of that number write {key}: 'ROI {text}', for one of that name {key}: \"{text}\""
    return f'put it in quotes: {key}: "{text}"' if text else f"write {key}: and the ROI's name"


def _repetition_faults(document: Document, data: Mapping[str, object]) -> Iterator[LineFault]:
    """Two names for one organ, in two spellings of it: one of them would not be used."""
    first: dict[str, str] = {}
    for key, value in data.items():
        if value and first.setdefault(normalise(key), key) != key:
            other = first[normalise(key)]
            what = f"'{key}' is the same organ as '{other}' on line {document.line((other,))}"
            yield document.fault((key,), what, "remove one of them")

"""A file of treatment sites -> which organs a plan of each is expected to have contoured, and what asks for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck.arguments import require_type
from sbrtcheck.bundled import shipped_root
from sbrtcheck.errors import Fault, TableError
from sbrtcheck.tables.checks import sites_faults
from sbrtcheck.tables.document import Document, LineFault, document_bytes, hash_of, read_document
from sbrtcheck.tables.shape_faults import content_and_faults
from sbrtcheck.tables.values import Sites

if TYPE_CHECKING:
    from sbrtcheck.tables.shape import SitesFile

FILE = "sites.yaml"


def load_sites(path: str | os.PathLike[str] | None = None) -> Sites:
    """Load the shipped sites, or a clinic's own file in their place.

    Parameters
    ----------
    path
        A YAML file like ``constraints/sites.yaml``; None: that file.

    Raises
    ------
    TableError
        The file cannot be read, or has faults: all of them, with their lines.

    Examples
    --------
    >>> [organ.organ for organ in load_sites().site("liver").expects if organ.is_any_of(["Duodenum"])]
    ['Duodenum']
    """
    if path is None:
        return _shipped_sites()
    require_type(path, (str, os.PathLike), "a file of sites", "give its path")
    place = os.fspath(path)
    return _sites_without_faults(examine_sites(_file_bytes(place), place=place))


@cache  # a batch asks for every plan
def _shipped_sites() -> Sites:
    raw = shipped_root().joinpath(FILE).read_bytes()
    return _sites_without_faults(examine_sites(raw, place=f"constraints/{FILE}", path="bundled"))


def _file_bytes(path: str) -> bytes:
    try:
        return document_bytes(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        why = getattr(error, "strerror", None) or type(error).__name__
        what = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {why}"
        fault = Fault(place=path, what=what, hint="give the YAML file of the sites")
        raise TableError(fault.what, fault.place, fault.hint, faults=(fault,)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedSites:
    """A file of sites: its faults, or its content and the line of each organ, site by site."""

    place: str
    faults: tuple[Fault, ...]
    sites: Sites | None
    lines: tuple[tuple[int, ...], ...] = ()


def _sites_without_faults(examined: ExaminedSites) -> Sites:
    if examined.sites is None:
        count = "1 fault" if len(examined.faults) == 1 else f"{len(examined.faults)} faults"
        raise TableError(f"the file of sites has {count}", examined.place, faults=examined.faults)
    return examined.sites


def examine_sites(raw: bytes, *, place: str, path: str = "") -> ExaminedSites:
    """Read the bytes of a file of sites that may have faults; ``place`` names them."""
    document = read_document(raw)
    file, shape_faults = _validate(document)
    faults = sorted({*document.faults, *shape_faults, *sites_faults(document)})
    if faults or file is None:
        return ExaminedSites(place=place, faults=tuple(fault.in_file(place) for fault in faults), sites=None)
    lines = tuple(
        tuple(document.line(("sites", n, "expects", m)) for m in range(len(site.expects)))
        for n, site in enumerate(file.sites)
    )
    sites = file.value(path=path or place, sha256=hash_of(raw))
    return ExaminedSites(place=place, faults=(), sites=sites, lines=lines)


def sites_json_schema() -> dict[str, Any]:
    """JSON Schema of a file of sites, as published in ``constraints/sites.schema.json``."""
    from sbrtcheck.tables.shape import SitesFile, schema_of

    return schema_of(SitesFile)


def _validate(document: Document) -> tuple[SitesFile | None, list[LineFault]]:
    from sbrtcheck.tables.shape import SitesFile

    if document.data is None:
        return None, []
    if not isinstance(document.data, dict):
        return None, [document.fault((), "a file of sites has keys at its top", "start with id: and version:")]
    return content_and_faults(document, SitesFile.model_validate, _keys)


def _keys(loc: Sequence[int | str]) -> tuple[str, ...]:
    """Keys allowed beside the last step of a place."""
    from sbrtcheck.tables.shape import CiteFile, ExpectedFile, SiteFile, SitesFile, SourceFile

    match loc:
        case ("sites", int(), "expects", int(), "source", *_):
            return tuple(CiteFile.model_fields)
        case ("sites", int(), "expects", int(), *_):
            return tuple(ExpectedFile.model_fields)
        case ("sites", int(), *_):
            return tuple(SiteFile.model_fields)
        case ("sources", int(), *_):
            return tuple(SourceFile.model_fields)
        case _:
            return tuple(SitesFile.model_fields)

"""Name and type of a shipped file that is no table -> its content as a value of that type."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, ClassVar, TypeVar

from sbrtcheck.bundled import shipped_root
from sbrtcheck.errors import TableError
from sbrtcheck.tables.document import read_document
from sbrtcheck.tables.shape_faults import content_and_faults

Content = TypeVar("Content")


class Entry:
    """Base of the dataclasses that a shipped file is made of.

    The file gives each field under its name, and nothing else: one class is the value and the shape of the file. Lists
    become tuples, texts members of an enumeration. What a type cannot demand of a number, such as that it is above 0,
    is for the tests, which hold it for every shipped entry.
    """

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}


def read_shipped(name: str, content: type[Content], root: Traversable | None = None) -> Content:
    """Read a shipped file.

    Parameters
    ----------
    name
        Of the file, in the folder of the shipped tables.
    content
        An `Entry` with the fields at the top of the file.
    root
        Another folder.

    Raises
    ------
    TableError
        The file has faults: all of them, with their lines.
    """
    from pydantic import TypeAdapter

    document = read_document((root or shipped_root()).joinpath(name).read_bytes())
    value, shape_faults = content_and_faults(document, TypeAdapter(content).validate_python, lambda _: ())
    faults = sorted((*document.faults, *shape_faults))
    if faults or value is None:
        place = f"constraints/{name}"
        what = f"the file has {len(faults)} faults"
        raise TableError(what, place, faults=tuple(fault.in_file(place) for fault in faults))
    return value

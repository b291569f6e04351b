"""The type of a shipped file that is no table, and its name, in; its content as that value out."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, ClassVar, TypeVar

from sbrtcheck.bundled import shipped_root
from sbrtcheck.errors import Fault, TableError
from sbrtcheck.tables.document import Document, Trouble, read_document
from sbrtcheck.tables.wording import shape_trouble

Content = TypeVar("Content")


class Entry:
    """Base of the dataclasses that a shipped file is made of.

    The file gives each field under its name, and nothing else: one class is the value and says what the file has. Lists
    become tuples, words members of an enumeration. What a type cannot say of a number, such as that it is above 0, is
    for the tests, which hold it for every shipped entry.
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
    document = read_document((root or shipped_root()).joinpath(name).read_bytes())
    checked = _checked(document, content)
    troubles = [*document.troubles, *(checked if isinstance(checked, list) else [])]
    if troubles or isinstance(checked, list):
        faults = tuple(
            Fault(place=f"constraints/{name}:{one.line}", what=one.what, hint=one.hint) for one in sorted(troubles)
        )
        raise TableError(f"the file has {len(faults)} faults", f"constraints/{name}", faults=faults)
    return checked


def _checked(document: Document, content: type[Content]) -> Content | list[Trouble]:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(content).validate_python(document.data)
    except ValidationError as error:
        found = (shape_trouble(document, one, ()) for one in error.errors(include_url=False))
        return [trouble for trouble in found if trouble is not None]

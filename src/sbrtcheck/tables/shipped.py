"""A shipped file that is no table -> its checked content."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, TypeVar

from sbrtcheck.bundled import shipped_root
from sbrtcheck.errors import Fault, TableError
from sbrtcheck.tables.document import Document, Trouble, read_document
from sbrtcheck.tables.wording import shape_trouble

if TYPE_CHECKING:
    from pydantic import BaseModel

    Shape = TypeVar("Shape", bound=BaseModel)


def read_shipped(name: str, shape: type[Shape], root: Traversable | None = None) -> Shape:
    """Read and check a file of that folder; `TableError` with all its faults where it has some."""
    document = read_document((root or shipped_root()).joinpath(name).read_bytes())
    checked = _checked(document, shape)
    troubles = [*document.troubles, *(checked if isinstance(checked, list) else [])]
    if troubles or isinstance(checked, list):
        faults = tuple(
            Fault(place=f"constraints/{name}:{one.line}", what=one.what, hint=one.hint) for one in sorted(troubles)
        )
        raise TableError(f"the file has {len(faults)} faults", f"constraints/{name}", faults=faults)
    return checked


def _checked(document: Document, shape: type[Shape]) -> Shape | list[Trouble]:
    from pydantic import ValidationError

    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        found = (shape_trouble(document, one, ()) for one in error.errors(include_url=False))
        return [trouble for trouble in found if trouble is not None]

"""Values -> a digest that is the same in every process, and another where anything in them is another.

What a plan was checked by is told with it: the state of its files, the options, and the program and the tables it
brings. Python's own hashes differ from process to process, and bytes of `pickle` by how a value came about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import blake2b
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath

from sbrtcheck._version import __version__
from sbrtcheck.bundled import shipped_root

_BYTES = 16
_COMPUTE_WITH = ("numpy", "scipy", "pydicom", "rapidfuzz")


def digest(*values: object) -> bytes:
    """The digest of some values: frozen dataclasses, enumerations, paths, mappings, sequences, sets, and plain ones.

    Of a function, it is the name: an option that only watches changes no result. Fields of a dataclass that do not
    count where two are compared do not count here.

    Raises
    ------
    TypeError
        A value is of another type, of which it is not known what makes two of them the same.
    """
    made = blake2b(digest_size=_BYTES)
    for part in _parts(values):
        raw = part.encode("utf-8", "surrogateescape")
        made.update(b"%d:" % len(raw) + raw)  # with its length: ("ab", "c") is not ("a", "bc")
    return made.digest()


def _parts(value: object) -> Iterator[str]:
    yield type(value).__qualname__
    if isinstance(value, Enum):
        yield value.name
    elif value is None or isinstance(value, str | bool | int | float | bytes | dt.date | PurePath):
        yield str(value) if isinstance(value, str | PurePath) else repr(value)
    elif is_dataclass(value):
        for field in filter(lambda field: field.compare, fields(value)):
            yield field.name
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from _several([pair for item in value.items() for pair in item])
    elif isinstance(value, Sequence):
        yield from _several(value)
    elif isinstance(value, AbstractSet):
        yield from _several(sorted(digest(one) for one in value))
    elif callable(value):
        yield getattr(value, "__qualname__", "")
    else:
        raise TypeError(f"a {type(value).__name__} has no digest")


def _several(values: Sequence[object]) -> Iterator[str]:
    yield str(len(values))
    for value in values:
        yield from _parts(value)


@cache
def digest_of_program() -> bytes:
    """The digest of sbrtcheck itself, of its tables, and of the versions of what it computes with.

    Of the content of the files, not of the version: whoever changes a line, or a table, gets plans checked anew.
    """
    made = blake2b(__version__.encode(), digest_size=_BYTES)
    for root in (files("sbrtcheck"), shipped_root()):
        for name, content in _content(root):
            made.update(f"{name}:{len(content)}:".encode() + content)
    for package in _COMPUTE_WITH:
        made.update(f"{package} {metadata.version(package)};".encode())
    return made.digest()


def _content(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            if item.name != "__pycache__":
                yield from ((f"{item.name}/{name}", content) for name, content in _content(item))
        else:
            yield item.name, item.read_bytes()

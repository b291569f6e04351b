"""Bytes of a YAML file -> values with their lines; what YAML would have read otherwise than meant is a fault."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck.errors import Fault
from sbrtcheck.formatting import clean

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

At = tuple[str | int, ...]  # keys and list positions from the top of the file

MAX_BYTES = 1 << 19
"""Of YAML, which is read slowly: a larger file would take more than some seconds. The largest of ours has a tenth."""

_TAG = "tag:yaml.org,2002:"
_WORDS = {"bool": "true or false", "int": "a number", "float": "a number", "timestamp": "a date"}
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?")  # of more digits, none is a dose or a volume


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LineFault:
    """A fault on a line of a file, whose name is not known here."""

    line: int
    what: str
    hint: str = ""

    def in_file(self, place: str) -> Fault:
        """The same fault with the name of the file."""
        return Fault(place=f"{place}:{self.line}", what=self.what, hint=self.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Content of a YAML file.

    ``data`` is None when it cannot be read at all; ``lines`` and ``texts`` (of scalars, as written) are by place;
    ``unreadable`` are the places that have a fault already: their ``data`` mean nothing.
    """

    data: object
    lines: Mapping[At, int]
    texts: Mapping[At, str] = field(default_factory=dict)
    read_as: Mapping[At, str] = field(default_factory=dict)
    unreadable: frozenset[At] = frozenset()
    faults: tuple[LineFault, ...] = ()

    def line(self, at: At) -> int:
        """Line of the place, or of the nearest thing that holds it."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def fault(self, at: At, what: str, hint: str = "") -> LineFault:
        """A fault at a place, with its line."""
        return LineFault(line=self.line(at), what=what, hint=hint)

    def is_reported(self, at: At) -> bool:
        """Whether the place, or what holds it, has a fault of reading already."""
        return any(at[:n] in self.unreadable for n in range(len(at) + 1))


def label(at: At) -> str:
    """Name of a place for messages: its key, or which entry of the key's list."""
    key = next((step for step in reversed(at) if isinstance(step, str)), "")
    if at and isinstance(at[-1], int):
        return f"entry {at[-1] + 1} of '{key}'"
    return f"'{key}'" if key else "the file"


def document_bytes(file: Path) -> bytes:
    """The bytes of a file for `read_document`, which refuses those of which not all are given here."""
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def read_document(raw: bytes) -> Document:
    """Read one YAML 1.2 document; never raises for what is in it."""
    if len(raw) > MAX_BYTES:
        return _unreadable(
            1, f"the file has more than {MAX_BYTES >> 10} kB, as no such file has", "is it another file?"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return _unreadable(line, "the file is not UTF-8 text", "save it as UTF-8")
    return _read_text(text)


def _read_text(text: str) -> Document:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unreadable(
            mark.line + 1 if mark else 1,
            f"not YAML: {', '.join(filter(None, (error.context, error.problem)))}",
            _SPLIT_HINT if "another document" in (error.problem or "") else _YAML_HINT,
        )
    except (YAMLError, ValueError, KeyError) as error:  # characters that YAML forbids; a version that is not known
        what = "no known version in its %YAML line" if isinstance(error, KeyError) else " ".join(str(error).split())
        return _unreadable(1, f"not YAML: {what}", _YAML_HINT)
    except RecursionError:
        return _TOO_DEEP
    if node is None:
        return _unreadable(1, "the file is empty")
    reading = _Reading()
    try:
        data = reading.value(node, ())
    except RecursionError:
        return _TOO_DEEP
    return Document(
        data=data,
        lines=reading.lines,
        texts=reading.texts,
        read_as=reading.read_as,
        unreadable=frozenset(reading.unreadable),
        faults=tuple(reading.faults),
    )


_SPLIT_HINT = "write each to a file of its own"
_YAML_HINT = "look at brackets, quotes and indentation on this line and the one before"


def _unreadable(line: int, what: str, hint: str = "") -> Document:
    return Document(data=None, lines={(): line}, faults=(LineFault(line=line, what=what, hint=hint),))


_TOO_DEEP = _unreadable(1, "not a table: nested too deeply", "give the YAML file of a table")


class _Reading:
    """One walk over YAML's nodes, collecting as it goes; lives no longer than `read_document`."""

    def __init__(self) -> None:
        self.lines: dict[At, int] = {}
        self.texts: dict[At, str] = {}
        self.read_as: dict[At, str] = {}
        self.unreadable: set[At] = set()
        self.faults: list[LineFault] = []
        self._seen: set[int] = set()

    def value(self, node: Node, at: At) -> object:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        self.lines.setdefault(at, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._report(at, self.lines[at], "an alias (*) is not allowed here", "write the value out where it counts")
            return None
        self._seen.add(id(node))
        match node:
            case MappingNode():
                return self._mapping(node, at)
            case SequenceNode():
                return self._sequence(node, at)
            case _:
                return self._scalar(node, at)

    def _report(self, at: At, line: int, what: str, hint: str) -> None:
        self.unreadable.add(at)
        self.faults.append(LineFault(line=line, what=what, hint=hint))

    def _mapping(self, node: MappingNode, at: At) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == _TAG + "merge":
                self._report((*at, "<<"), line, "merging keys (<<) is not allowed here", "write the values out")
                continue
            if key.tag != _TAG + "str":
                key_text = f"'{key.value}'" if isinstance(key.value, str) else "of several parts"
                self._report((*at, str(key.value)), line, f"key {key_text} is not text", "put it in quotes")
                continue
            key_at = (*at, key.value)
            if key.value in values:
                first = self.lines[key_at]
                self._report(
                    key_at, line, f"key '{key.value}' is repeated; first on line {first}", "remove one of them"
                )
                continue
            self.lines[key_at] = line
            values[key.value] = self.value(value, key_at)
        return values

    def _sequence(self, node: SequenceNode, at: At) -> list[object]:
        return [self.value(item, (*at, position)) for position, item in enumerate(node.value)]

    def _scalar(self, node: Node, at: At) -> object:
        text = str(node.value)
        kind = str(node.tag).removeprefix(_TAG)
        line = self.lines[at]
        self.texts[at] = text
        self.read_as[at] = _WORDS.get(kind, "")
        name = label(at)
        match kind:
            case "str":
                return text
            case "null":
                self._report(at, line, f"{name} has no value", "give one, or take the key out")
            case "bool":
                return text.lower() == "true"
            case "int" | "float" if _PLAIN_NUMBER.fullmatch(text):
                return int(text) if kind == "int" else float(text)
            case "int" | "float":
                what = f"{name}: {text} is not a plain decimal number"
                self._report(at, line, what, "write it like 0.5, or put text in quotes")
            case "timestamp":
                self._report(at, line, f"{name}: YAML reads {text} as a date", f'put it in quotes: "{text}"')
            case _:
                self._report(at, line, f"{name}: the tag {node.tag} is not allowed here", "take it out")
        return None


def document_of(values: Mapping[Any, Any]) -> Document:
    """Values of a script as `read_document` gives those of a file; a row's line is its number, any other 0."""
    reading = _Values()
    data = reading.mapping(values, ())
    rows = data.get("rows")
    lines: dict[At, int] = {("rows", n): n + 1 for n in range(len(rows) if isinstance(rows, list) else 0)}
    lines[()] = 0
    document = Document(data=data, lines=lines, texts=reading.texts, unreadable=frozenset(reading.problems))
    faults = tuple(document.fault(at, what, hint) for at, (what, hint) in reading.problems.items())
    return replace(document, faults=faults)


class _Values:
    """One walk over values of a script, collecting as it goes; lives no longer than `document_of`."""

    def __init__(self) -> None:
        self.texts: dict[At, str] = {}
        self.problems: dict[At, tuple[str, str]] = {}

    def mapping(self, values: Mapping[Any, Any], at: At) -> dict[str, object]:
        return {self._key(key, at): self._plain(inner, (*at, str(key))) for key, inner in values.items()}

    def _plain(self, value: object, at: At) -> object:
        if len(at) > _DEEPEST:
            self.problems[at] = ("nested too deeply", "give the content of one table")
            return None
        if isinstance(value, Mapping):
            return self.mapping(value, at)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [self._plain(inner, (*at, n)) for n, inner in enumerate(value)]
        return self._scalar(value, at)

    def _key(self, key: object, at: At) -> str:
        if not isinstance(key, str):
            self.problems[(*at, str(key))] = (f"key {key!r} is not text", "put it in quotes")
        return str(key)

    def _scalar(self, value: object, at: At) -> object:
        if isinstance(value, str):
            self.texts[at] = str(value)
            return str(value)
        if isinstance(value, bool | Integral | Real):
            self.texts[at] = str(value)
            number = value if isinstance(value, bool) else _plain_number(value)
            if number is not None:
                return number
        what = f"{label(at)}: {clean(repr(value))[:_QUOTED]} is neither text nor a plain number"
        self.problems[at] = (what, "give text, a number, a list or a dictionary")
        return None


_DEEPEST, _LARGEST, _QUOTED = 12, 1e30, 40


def _plain_number(value: Integral | Real) -> int | float | None:
    """The number; None for one that is not finite, or that no dose or volume is."""
    number = int(value) if isinstance(value, Integral) else float(value)
    return number if abs(number) < _LARGEST else None


def hash_of(raw: bytes) -> str:
    """SHA-256 of a file's bytes with LF line ends."""
    return hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()

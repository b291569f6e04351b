"""Bytes of a file -> text, JSON values with their decimals, or XML elements with their lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from xml.parsers import expat  # document types, and with them entities, are refused below

from sbrtcheck.errors import InputError
from sbrtcheck.importers.template import NoMeaningError

_DIGITS = 30  # before or after the point; written out in full, a larger exponent would fill the memory


def text_of(raw: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not UTF-8 text", f"line {line}", "save it as UTF-8") from error


# -------------------------------------------------------------------------------- JSON


def json_of(raw: bytes) -> dict[str, Any]:
    """Read a JSON object; numbers are `Decimal`, as printed."""
    try:
        data = json.loads(
            text_of(raw),
            parse_float=_decimal,
            parse_int=_decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_repeats,
        )
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", f"line {error.lineno}") from error
    except RecursionError as error:
        raise InputError("not a template: nested too deeply") from error
    if not isinstance(data, dict):
        raise InputError("not a template: the file is no JSON object")
    return data


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent that has more digits than a Decimal can hold
        value = Decimal("Infinity")
    if not value.is_finite() or abs(value.adjusted()) > _DIGITS:
        raise InputError(f"the number {text[:_DIGITS]} is out of any range")
    return value


def _refuse_constant(constant: str) -> NoReturn:
    raise InputError(f"{constant} is not a number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise InputError(f"the key '{key}' is repeated in one JSON object", hint="remove one of them")
        data[key] = value
    return data


def list_at(data: dict[str, Any], key: str) -> list[Any]:
    """The list under a key; empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, list) else []


def text_at(data: object, key: str) -> str:
    """The text under a key, in one line; ``""`` where there is none."""
    value = data.get(key) if isinstance(data, dict) else None
    return " ".join(value.split()) if isinstance(value, str) else ""


def number_at(data: dict[str, Any], key: str) -> Decimal:
    """The number under a key, which must be there."""
    value = data.get(key)
    if not isinstance(value, Decimal):
        raise NoMeaningError(f"'{key}' is not a number")
    return value


# -------------------------------------------------------------------------------- XML


@dataclass(slots=True, kw_only=True)
class Element:
    """An XML element; filled while its file is read, then left alone."""

    tag: str
    attributes: dict[str, str]
    line: int
    texts: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, in one line."""
        return " ".join("".join(self.texts).split())

    def find(self, tag: str) -> Element | None:
        """First child of that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def child_text(self, tag: str) -> str:
        """Text of the first child of that tag; ``""`` where there is none."""
        child = self.find(tag)
        return child.text if child else ""

    def walk(self) -> Iterator[Element]:
        """Itself and all below, in the order of the file."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


def xml_of(raw: bytes) -> Element:
    """Read an XML document; one with a document type, where entities are declared, is refused."""
    parser = expat.ParserCreate()
    top = Element(tag="", attributes={}, line=0)
    open_: list[Element] = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag=tag, attributes=attributes, line=parser.CurrentLineNumber)
        open_[-1].children.append(element)
        open_.append(element)

    def end(_tag: str) -> None:
        open_.pop()

    def text(data: str) -> None:
        open_[-1].texts.append(data)

    def doctype(*_: object) -> NoReturn:
        raise InputError(
            "an XML document type is not read", f"line {parser.CurrentLineNumber}", "remove <!DOCTYPE ...>"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    try:
        parser.Parse(raw, True)  # noqa: FBT003 - expat takes no keyword
    except expat.ExpatError as error:
        raise InputError(f"not XML: {expat.ErrorString(error.code)}", f"line {error.lineno}") from error
    except (LookupError, ValueError) as error:  # encodings that Python does not know, or not letter by letter
        raise InputError("the encoding that the XML names is not read", "line 1", "save it as UTF-8") from error
    return top.children[0]

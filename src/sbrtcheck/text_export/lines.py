"""Bytes of an export -> its lines, with their numbers; the file's name and path are not kept."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sbrtcheck.errors import InputError

DISPLAY_NAME = "DVH export"
"""How messages name the file: its own name may be a patient's."""

_MAX_BYTES = 64 * 2**20  # the largest exports met have some 10 MB; more is another kind of file
_MAX_LINES = 1_000_000  # each line is a value of its own, an empty one too
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROL = 0.01  # share of control characters above which bytes are no text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file, its number from 1; blanks at its ends are removed, tabs at its beginning are not."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A text file, and the SHA-256 of its bytes."""

    lines: tuple[Line, ...]
    sha256: str

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def filled(self) -> tuple[Line, ...]:
        """The lines that are not blank."""
        return tuple(line for line in self.lines if line.text)


def fault(what: str, line: int | None = None, hint: str = "") -> InputError:
    """An error of the export as a whole, at a line where there is one."""
    return InputError(what, DISPLAY_NAME if line is None else f"{DISPLAY_NAME}, line {line}", hint)


def lines_of(path: Path) -> Lines:
    """Read a text file: UTF-8 or UTF-16 with a byte order mark, UTF-8, else Windows-1252.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, or it is no text.
    """
    raw = _bytes(path)
    text = _decoded(raw)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") >= _MAX_LINES:
        raise fault("the file has too many lines for a DVH export", hint="give the text file that the system exported")
    numbered = enumerate(text.split("\n"), start=1)
    lines = tuple(Line(number=number, text=_clean(line)) for number, line in numbered)
    return Lines(lines=lines, sha256=hashlib.sha256(raw).hexdigest())


def blocks(lines: Sequence[Line], starts: Sequence[int]) -> list[Sequence[Line]]:
    """The lines from each start (a place in ``lines``) to the next."""
    ends = [*starts[1:], len(lines)]
    return [lines[start:end] for start, end in zip(starts, ends, strict=False)]  # no start: no block


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise fault("the file is too large for a DVH export", hint="give the text file that the system exported")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        why = getattr(error, "strerror", None) or type(error).__name__
        raise fault(f"cannot be read ({why})", hint="give the text file that the system exported") from error


def _decoded(raw: bytes) -> str:
    if raw.startswith(_UTF_16):
        return _refuse_binary(raw.decode("utf-16", errors="replace"))
    try:
        return _refuse_binary(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _refuse_binary(raw.decode("cp1252", errors="replace"))


def _refuse_binary(text: str) -> str:
    odd = sum(not letter.isprintable() and letter not in "\t\r\n\f\x1a" for letter in text[:10_000])
    if "\0" in text[:10_000] or odd > _CONTROL * min(len(text), 10_000) + 1:
        raise fault("the file is no text", hint="give the text file that the system exported, not DICOM or a workbook")
    return text


def _clean(line: str) -> str:
    """Without blanks at the ends and what is not printable; a tab at the beginning may stand for an empty cell."""
    return "".join(letter if letter.isprintable() or letter == "\t" else "" for letter in line).rstrip().lstrip(" ")

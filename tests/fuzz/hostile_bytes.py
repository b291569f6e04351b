"""Changes of bytes and of text that a reader must survive: what a slip, a broken disk or an attacker makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

Case = tuple[bytes, ...]
"""What one execution reads: the bytes of one file, or of several that belong together."""

LARGEST = 1 << 16
"""Changed files do not grow beyond this: small ones are read thousands of times a second."""

NUMBERS = tuple(
    "0 -0 1 -1 2 0.5 1e308 -1e308 1e-308 1e999 nan NaN inf -inf Infinity 0x10 1_000 1,5 1.5.2 --1 +1 1e 65535 65536 "
    "2147483647 2147483648 -2147483649 4294967295 18446744073709551616 1e5 100000 99999999999999999999 1e-9 .5 5. "
    "0.1e-300 1e22 1e23 ½ ² ١٢ ".split(" ")
)
TEXTS = (
    "\0", "\x1b[2J", "\u202e", "\ufeff", "\u2028", "\x85", "\x0c", "\x1a", "\udc80", "é", "ß", "漢", "\U0010ffff",
    "'", '"', "\\", "/", "..", "../../x", "%s", "{0}", "{", "}", "[", "]", "(", ")", "<", ">", "&", "*", "#", ":",
    ";", ",", "\t", "\n", "\r", "\r\n", " ", "|", "-", "=", "=1+1", "@", "~", "null", "true", "None", "a" * 300,
    "9" * 400, "," * 50, "(" * 300, "[" * 300, "- " * 200, "? ", "! ", "!!python/object:os.system ", "&a ", "*a",
    "<<: ", "%YAML 9.9\n", "---\n", "...\n",
)  # fmt: skip
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"\w+")


def changed_bytes(rng: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """One to eight changes that know nothing of the format."""
    changed = bytearray(content)
    for _ in range(1 + min(rng.randrange(8), rng.randrange(8))):
        at = rng.randrange(len(changed) + 1)
        to = min(len(changed), at + 1 + min(rng.randrange(64), rng.randrange(64)))
        match rng.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(changed):
                changed[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 2:
                del changed[at:to]
            case 3:
                changed[at:at] = changed[at:to] * rng.choice((1, 1, 2, 20))
            case 4:
                changed[at:to] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\xff\x7f", bytes(to - at)))
            case 5:
                del changed[at:]
            case 6 if others:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                changed[at:to] = other[start : start + rng.randrange(200)]
    return bytes(changed[: max(LARGEST, len(content) + LARGEST // 8)])


def text_changer(words: Sequence[str]) -> Callable[[Random, Case, Sequence[Case]], Case]:
    """Changes of one of the files, most of which leave it a text; ``words`` mean something in its format."""

    def changed(rng: Random, case: Case, others: Sequence[Case]) -> Case:
        at = rng.randrange(len(case))
        content = case[at]
        other_contents = [other[at] for other in others if len(other) > at]
        if rng.random() < 0.1:
            content = changed_bytes(rng, content, other_contents)
        else:
            text = content.decode("utf-8", "surrogateescape")
            for _ in range(1 + min(rng.randrange(5), rng.randrange(5))):
                text = _changed_text(rng, text, words, other_contents)
            content = text[:LARGEST].encode("utf-8", "surrogatepass" if "\udc80" in text else "surrogateescape")
        return (*case[:at], content[:LARGEST], *case[at + 1 :])

    return changed


def _changed_text(  # noqa: PLR0911 - one way a case
    rng: Random, text: str, words: Sequence[str], others: Sequence[bytes]
) -> str:
    match rng.randrange(10):
        case 0:
            return _replaced(rng, text, _NUMBER, NUMBERS)
        case 1:
            return _replaced(rng, text, _WORD, words or TEXTS)
        case 2 | 3:
            at = rng.randrange(len(text) + 1)
            put = rng.choice(rng.choice((NUMBERS, TEXTS, words or TEXTS)))
            return text[:at] + put + text[at + min(rng.randrange(4), rng.randrange(4)) :]
        case 4:
            return text[: rng.randrange(len(text) + 1)]
        case 5 if others:
            lines, more = text.split("\n"), rng.choice(others).decode("utf-8", "replace").split("\n")
            at, start = rng.randrange(len(lines)), rng.randrange(len(more))
            return "\n".join([*lines[:at], *more[start : start + rng.randrange(1, 6)], *lines[at:]])
        case 6 if len(text) < LARGEST // 64:
            lines = text.split("\n")
            at = rng.randrange(len(lines))
            return "\n".join([*lines[:at], *[lines[at]] * rng.choice((2, 2, 3, 40)), *lines[at + 1 :]])
        case 7:
            lines = text.split("\n")
            one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            return "\n".join(lines)
        case 8:
            lines = text.split("\n")
            at = rng.randrange(len(lines))
            return "\n".join([*lines[:at], *lines[at + rng.randrange(1, 4) :]])
        case _:
            lines = text.split("\n")
            at = rng.randrange(len(lines))
            lines[at] = rng.choice((" ", "  ", "\t", "- ", "#", "")) + lines[at].strip()
            return "\n".join(lines)


def _replaced(rng: Random, text: str, what: re.Pattern[str], instead: Sequence[str]) -> str:
    hits = list(what.finditer(text))
    if not hits:
        return text + rng.choice(instead)
    hit = rng.choice(hits)
    return text[: hit.start()] + rng.choice(instead) + text[hit.end() :]

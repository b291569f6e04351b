"""The UIDs of a plan -> its pseudonym, which only who has the secret can make from them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from sbrtcheck.arguments import path_of
from sbrtcheck.errors import InputError, OutputError

FILE_NAME = "sbrtcheck-plan-keys.txt"
"""The file beside the results that keeps the secret, unless another is given."""

_BYTES = 32
_DIGITS = 16
_HEADING = (
    "# The secret that sbrtcheck makes plan keys with. Keep it: the same plan then has the same key in the next run.",
    "# Do not hand it on with the results: who has it, and the UIDs of a plan, can tell which key is that plan's.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKeys:
    """Makes pseudonyms of plans with a secret; ``lasting`` where the secret is kept for other runs, in ``file``.

    A key is the first 16 hexadecimal digits of HMAC-SHA256 (RFC 2104) of what tells the plan apart. Who knows the UIDs
    of a plan and not the secret can neither make its key nor see that a key is this plan's; of a million plans, no two
    have one key but with a chance of 3e-8.
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(_BYTES), repr=False)
    lasting: bool = False
    file: str | None = field(default=None, compare=False, repr=False)

    def key(self, *parts: str | Sequence[str]) -> str:
        """The pseudonym of what has these parts, such as UIDs and a folder."""
        text = json.dumps(parts, ensure_ascii=True)
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def keys_of_file(path: str | PathLike[str]) -> PlanKeys:
    """The secret that a file keeps; it is made where the file is not there yet.

    Raises
    ------
    InputError
        The file is none of these.
    OutputError
        It cannot be made.
    """
    file = path_of(path, "the file of the plan keys")
    try:
        return PlanKeys(secret=_read(file), lasting=True, file=str(file))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # a path that none can be, or no text
        raise InputError("cannot be read as the file of plan keys", str(file), "give another file") from error
    secret = secrets.token_bytes(_BYTES)
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write("\n".join((*_HEADING, secret.hex(), "")))
    except FileExistsError:  # another run was quicker
        return PlanKeys(secret=_read(file), lasting=True, file=str(file))
    except OSError as error:
        why = f"cannot be written ({error.strerror})"
        raise OutputError(why, str(file), "give a file in a folder you may write to: --plan-keys FILE") from error
    return PlanKeys(secret=secret, lasting=True, file=str(file))


def _read(file: Path) -> bytes:
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    if len(words) != 1 or not re.fullmatch(rf"[0-9a-f]{{{2 * _BYTES}}}", words[0]):
        hint = f"it has one line of {2 * _BYTES} hexadecimal digits; name a file that is not there, and it is made"
        raise InputError("is no file of plan keys", str(file), hint)
    return bytes.fromhex(words[0])


# -------------------------------------------------------------------------------- UIDs in texts

_UID = re.compile(r"(?<!\d)(?<!\d\.)[0-2](?:\.\d+){2,}")  # also behind a letter, or in a name as RS.1.2.3.dcm
_LONG, _DOTS = 16, 3  # a number of a version, or of a section of the standard, is shorter


def without_uids(text: str, known: Sequence[str]) -> str:
    """The text with ``UID`` for the known UIDs in it, and for whatever else looks like one."""
    known_uids = frozenset(known)

    def stand_in(found: re.Match[str]) -> str:
        is_uid = found[0] in known_uids or len(found[0]) >= _LONG or found[0].count(".") >= _DOTS
        return "UID" if is_uid else found[0]

    return _UID.sub(stand_in, text)


_WORD = re.compile(r"[\w.-]{5,}")  # shorter ones may well be numbers of a sentence


def unlike_uids(uids: Iterable[str]) -> tuple[str, ...]:
    """Words that tools write in place of UIDs, which `without_uids` does not find. A patient's number may be one."""
    return tuple(dict.fromkeys(uid for uid in uids if _WORD.fullmatch(uid) and not _UID.fullmatch(uid)))


def without_words(text: str, words: Collection[str]) -> str:
    """The text with ``UID`` for whole words of it."""

    def stand_in(found: re.Match[str]) -> str:
        word = found[0].rstrip(".")
        return f"UID{found[0][len(word) :]}" if word in words else found[0]

    return _WORD.sub(stand_in, text)

"""Differences of a file from its shape, as pydantic finds them -> faults with lines and messages for its author."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sbrtcheck.tables.document import At, Document, LineFault, label
from sbrtcheck.tables.limits import Sense

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Content = TypeVar("Content")

LIMIT_KEYS = (*(str(sense) for sense in Sense), "acceptable")
LIMIT_WITH_UNIT = re.compile(r"\s*([0-9.,]+)\s*(c?Gy|cc|cm3|cm³|ml|%\s*Rx|%|[A-Za-z%]+)\s*")

_NEAR_SCORE = 60.0  # rapidfuzz ratio: "metrc" is close to "metric", "remark" is close to nothing
_PLAIN_ID = "use small letters, digits, dots and hyphens"
_STEPS = "write [[cc, limit, acceptable], ...] by target volume, or [[percent, limit], ...] by Veff"
_FORMS = {
    "id": _PLAIN_ID,
    "key": _PLAIN_ID,
    "cite": _PLAIN_ID,
    "site": _PLAIN_ID,
    "version": 'write three numbers in quotes, such as "1.0.0"',
    "doi": "write it without https, such as 10.1000/182",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mismatch:
    """A place that differs from the shape: its text, and the keys that are allowed beside it."""

    at: At
    text: str
    read_as: str
    keys: Sequence[str]
    expected: str
    message: str

    @property
    def name(self) -> str:
        return str(self.at[-1]) if self.at else ""

    @property
    def label(self) -> str:
        return label(self.at)

    @property
    def instead(self) -> str:
        return f", not '{self.text}'" if self.text else ""


def content_and_faults(
    document: Document, validate: Callable[[object], Content], keys: Callable[[tuple[int | str, ...]], Sequence[str]]
) -> tuple[Content | None, list[LineFault]]:
    """Content of a file in its shape; or the faults that keep it from having that shape.

    Parameters
    ----------
    validate
        Of a pydantic model or type: values of the file in, its content out.
    keys
        Keys that may stand at a place, for hints.
    """
    from pydantic import ValidationError

    try:
        return validate(document.data), []
    except ValidationError as error:
        faults = (fault_of(document, detail, keys(detail["loc"])) for detail in error.errors(include_url=False))
        return None, [fault for fault in faults if fault is not None]


def fault_of(document: Document, error: ErrorDetails, keys: Sequence[str]) -> LineFault | None:
    """The fault of a mismatch; None where the place has a fault already, or a better one comes from its row.

    ``keys`` are those that may stand at the place.
    """
    from sbrtcheck.tables.shape import FORMS

    loc = tuple(step for step in error["loc"] if step not in FORMS)
    at = loc[: loc.index("structure") + 1] if "structure" in loc else loc  # after it come the forms that were tried
    if document.is_reported(at) or _is_limit_with_unit(at, error["input"]):
        return None
    if at[-1:] == ("structure",) and (loc != at or error["type"] not in ("missing", "extra_forbidden")):
        what = "'structure' is neither a name nor one of each, union and first"
        return document.fault(at, what, "write a name, or {first: [Liver-GTV, Liver]}")
    mismatch = _Mismatch(
        at=at,
        text=document.texts.get(at, ""),
        read_as=document.read_as.get(at, ""),
        keys=keys,
        expected=str(error.get("ctx", {}).get("expected", "")),
        message=error["msg"],
    )
    return document.fault(at, *_WORDS.get(error["type"], _message_of_pydantic)(mismatch))


def nearest(text: str, choices: Sequence[str], *, score: float = _NEAR_SCORE) -> str:
    """Closest of the choices, or ``""`` when none is close."""
    from rapidfuzz import fuzz, process

    best = process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=score)
    return best[0] if best else ""


def _is_limit_with_unit(at: At, value: object) -> bool:
    return bool(at) and at[-1] in LIMIT_KEYS and isinstance(value, str) and bool(LIMIT_WITH_UNIT.fullmatch(value))


def _missing(mismatch: _Mismatch) -> tuple[str, str]:
    return f"'{mismatch.name}' is missing", "every row names its source" if mismatch.name == "source" else "add it"


def _unknown_key(mismatch: _Mismatch) -> tuple[str, str]:
    suggestion = nearest(mismatch.name, mismatch.keys)
    return (
        f"unknown key '{mismatch.name}'",
        f"did you mean '{suggestion}'?" if suggestion else f"known are {', '.join(mismatch.keys)}",
    )


def _not_text(mismatch: _Mismatch) -> tuple[str, str]:
    if not mismatch.read_as:
        return f"{mismatch.label} must be text", "write text"
    hint = _FORMS.get(mismatch.name, "") if mismatch.name == "version" else f'put it in quotes: "{mismatch.text}"'
    return f"{mismatch.label} must be text, and YAML reads {mismatch.text} as {mismatch.read_as}", hint


def _wrong_text(mismatch: _Mismatch) -> tuple[str, str]:
    if not mismatch.text.strip():
        return f"{mismatch.label} is empty", "write something there"
    return f"{mismatch.label} is '{mismatch.text}'", _FORMS.get(mismatch.name, "write it otherwise")


def _not_a_number(mismatch: _Mismatch) -> tuple[str, str]:
    what = "a whole number, 1 or more" if "fractions" in mismatch.at else "a number above 0"
    hint = "check it against the source" if mismatch.read_as == "a number" else "write it without quotes or unit"
    return f"{mismatch.label} must be {what}{mismatch.instead}", hint


def _not_a_truth(mismatch: _Mismatch) -> tuple[str, str]:
    return f"{mismatch.label} must be true or false{mismatch.instead}", f"write {mismatch.name}: true, or take it out"


def _not_a_choice(mismatch: _Mismatch) -> tuple[str, str]:
    return f"{mismatch.label} is '{mismatch.text}'", f"write one of {mismatch.expected}"


def _not_a_list(mismatch: _Mismatch) -> tuple[str, str]:
    is_step = isinstance(mismatch.at[-1], int)  # in a table only limits by a volume are lists of lists
    hint = _STEPS if is_step else f"write {mismatch.name}: [{mismatch.text or '...'}]"
    return f"{mismatch.label} must be a list", hint


def _too_few(mismatch: _Mismatch) -> tuple[str, str]:
    if mismatch.message.endswith("not 0"):
        return f"{mismatch.label} is empty", "add an entry"
    return f"{mismatch.label} has too few entries", _STEPS


def _too_many(mismatch: _Mismatch) -> tuple[str, str]:
    return f"{mismatch.label} has too many entries", _STEPS


def _no_keys(mismatch: _Mismatch) -> tuple[str, str]:
    return f"{mismatch.label} must have keys of its own", f"they are {', '.join(mismatch.keys)}"


def _message_of_pydantic(mismatch: _Mismatch) -> tuple[str, str]:
    return f"{mismatch.label}: {mismatch.message}", ""


_WORDS: dict[str, Callable[[_Mismatch], tuple[str, str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "unexpected_keyword_argument": _unknown_key,
    "string_type": _not_text,
    "string_too_short": _wrong_text,
    "string_pattern_mismatch": _wrong_text,
    "float_type": _not_a_number,
    "int_type": _not_a_number,
    "greater_than": _not_a_number,
    "greater_than_equal": _not_a_number,
    "finite_number": _not_a_number,
    "bool_type": _not_a_truth,
    "enum": _not_a_choice,
    "literal_error": _not_a_choice,
    "list_type": _not_a_list,
    "tuple_type": _not_a_list,
    "too_short": _too_few,
    "too_long": _too_many,
    "model_type": _no_keys,
    "dataclass_type": _no_keys,
    "dict_type": _no_keys,
}

"""What pydantic finds -> a line and words for the person who wrote the table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sbrtcheck.tables.document import At, Document, Trouble, label
from sbrtcheck.tables.values import Sense

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LIMIT_KEYS = (*(str(sense) for sense in Sense), "acceptable")
LIMIT_WITH_UNIT = re.compile(r"\s*([0-9.,]+)\s*(c?Gy|cc|cm3|cm³|ml|%\s*Rx|%|[A-Za-z%]+)\s*")

_NEAR_SCORE = 60.0  # rapidfuzz ratio: "metrc" is near "metric", "remark" is near nothing
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
class _Found:
    """One finding: its place, the text that stands there, and the keys that may stand beside it."""

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


def shape_trouble(document: Document, error: ErrorDetails, keys: Sequence[str]) -> Trouble | None:
    """Say one finding; None where the place has its trouble already, or a better one comes from its row."""
    from sbrtcheck.tables.shape import FORMS

    loc = tuple(step for step in error["loc"] if step not in FORMS)
    at = loc[: loc.index("structure") + 1] if "structure" in loc else loc  # behind it stand the forms that were tried
    if document.is_told(at) or _is_limit_with_unit(at, error["input"]):
        return None
    if at[-1:] == ("structure",) and (loc != at or error["type"] not in ("missing", "extra_forbidden")):
        what = "'structure' is neither a name nor one of each, union and first"
        return document.trouble(at, what, "write a name, or {first: [Liver-GTV, Liver]}")
    found = _Found(
        at=at,
        text=document.texts.get(at, ""),
        read_as=document.read_as.get(at, ""),
        keys=keys,
        expected=str(error.get("ctx", {}).get("expected", "")),
        message=error["msg"],
    )
    return document.trouble(at, *_SAID.get(error["type"], _as_pydantic_says)(found))


def nearest(word: str, choices: Sequence[str], *, score: float = _NEAR_SCORE) -> str:
    """Closest of the choices, or ``""`` when none is close."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(word, choices, scorer=fuzz.ratio, score_cutoff=score)
    return found[0] if found else ""


def _is_limit_with_unit(at: At, value: object) -> bool:
    return bool(at) and at[-1] in LIMIT_KEYS and isinstance(value, str) and bool(LIMIT_WITH_UNIT.fullmatch(value))


def _missing(found: _Found) -> tuple[str, str]:
    return f"'{found.name}' is missing", "every row names its source" if found.name == "source" else "add it"


def _unknown_key(found: _Found) -> tuple[str, str]:
    near = nearest(found.name, found.keys)
    return f"unknown key '{found.name}'", f"did you mean '{near}'?" if near else f"known are {', '.join(found.keys)}"


def _not_text(found: _Found) -> tuple[str, str]:
    if not found.read_as:
        return f"{found.label} must be text", "write text"
    hint = _FORMS.get(found.name, "") if found.name == "version" else f'put it in quotes: "{found.text}"'
    return f"{found.label} must be text, and YAML reads {found.text} as {found.read_as}", hint


def _wrong_text(found: _Found) -> tuple[str, str]:
    if not found.text.strip():
        return f"{found.label} is empty", "write something there"
    return f"{found.label} is '{found.text}'", _FORMS.get(found.name, "write it otherwise")


def _not_a_number(found: _Found) -> tuple[str, str]:
    what = "a whole number, 1 or more" if "fractions" in found.at else "a number above 0"
    hint = "check it against the source" if found.read_as == "a number" else "write it without quotes or unit"
    return f"{found.label} must be {what}{found.instead}", hint


def _not_a_truth(found: _Found) -> tuple[str, str]:
    return f"{found.label} must be true or false{found.instead}", f"write {found.name}: true, or take it out"


def _not_a_choice(found: _Found) -> tuple[str, str]:
    return f"{found.label} is '{found.text}'", f"write one of {found.expected}"


def _not_a_list(found: _Found) -> tuple[str, str]:
    return f"{found.label} must be a list", f"write {found.name}: [{found.text or '...'}]"


def _too_few(found: _Found) -> tuple[str, str]:
    if found.message.endswith("not 0"):
        return f"{found.label} is empty", "add an entry"
    return f"{found.label} has too few entries", _STEPS


def _too_many(found: _Found) -> tuple[str, str]:
    return f"{found.label} has too many entries", _STEPS


def _no_keys(found: _Found) -> tuple[str, str]:
    return f"{found.label} must have keys of its own", f"they are {', '.join(found.keys)}"


def _as_pydantic_says(found: _Found) -> tuple[str, str]:
    return f"{found.label}: {found.message}", ""


_SAID: dict[str, Callable[[_Found], tuple[str, str]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
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
    "too_short": _too_few,
    "too_long": _too_many,
    "model_type": _no_keys,
    "dict_type": _no_keys,
}

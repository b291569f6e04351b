"""Changes of nested values, as YAML and JSON hold them, and the text of what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from hostile_bytes import LARGEST, NUMBERS, TEXTS, Case, text_changer

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, 1e308, -1e-308, 10**40, float("nan"), float("inf"), "", " ", "a", [], {}, [[]],
    [{}], [None], {"a": 1}, "any", [1, 1], "2026-01-01", 5.0,
)  # fmt: skip
_DEPTHS = (2, 3, 13, 60)
_AGAIN = (2, 3, 40)


def changed_values(rng: Random, values: Any, others: Sequence[Any], words: Sequence[str]) -> Any:
    """One to four changes of a copy."""
    root = [_copy(values)]
    for _ in range(1 + min(rng.randrange(4), rng.randrange(4))):
        places = list(_places(root))
        holder, key = rng.choice(places)
        _change(rng, holder, key, others, words)
    return root[0] if root else None


def _copy(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _copy(value) for key, value in values.items()}
    return [_copy(value) for value in values] if isinstance(values, list) else values


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a nest of lists and dictionaries, as what holds it and its key there."""
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    for key in keys:
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _change(  # noqa: C901, PLR0912 - one way a case
    rng: Random, holder: Any, key: Any, others: Sequence[Any], words: Sequence[str]
) -> None:
    value = holder[key]
    match rng.randrange(10):
        case 0 if len(holder) > 1:
            del holder[key]
        case 1:
            holder[key] = _copy(rng.choice(ODD))
        case 2:
            holder[key] = rng.choice(words or TEXTS)
        case 3:
            holder[key] = rng.choice((*NUMBERS, *TEXTS))
        case 4:
            for _ in range(rng.choice(_DEPTHS)):
                value = [value] if rng.random() < 0.5 else {str(key): value}
            holder[key] = value
        case 5 if isinstance(value, list) and value and len(value) < max(_AGAIN):
            holder[key] = [_copy(one) for one in value for _ in range(rng.choice(_AGAIN))]
        case 6 if isinstance(holder, dict):
            holder[rng.choice(words or TEXTS)] = holder.pop(key)
        case 7 if isinstance(holder, dict):
            holder[rng.choice((*words, *TEXTS))] = _copy(rng.choice(ODD))
        case 8 if others:
            there, place = rng.choice(list(_places([rng.choice(others)])))
            holder[key] = _copy(there[place])
        case _:
            if isinstance(value, int | float) and not isinstance(value, bool):
                holder[key] = rng.choice((-value, value * 10, value + 1, float(value), str(value), 0))
            elif isinstance(value, str):
                at = rng.randrange(len(value) + 1)
                holder[key] = value[:at] + rng.choice(rng.choice((TEXTS, NUMBERS))) + value[at + rng.randrange(3) :]


def as_yaml(values: Any) -> bytes:
    """The values as YAML, in the form that JSON has too."""
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")[:LARGEST]


def as_block_yaml(values: Any) -> bytes:
    """The values as YAML, a line a key, with JSON for what is not nested."""
    return "\n".join(_lines(values, "")).encode("utf-8", "surrogatepass")[:LARGEST]


def _lines(values: Any, indent: str) -> Iterator[str]:
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from _entry(f"{indent}{_scalar(key)}:", value, indent)
    elif isinstance(values, list) and values:
        for value in values:
            yield from _entry(f"{indent}-", value, indent)
    else:
        yield f"{indent}{_scalar(values)}"


def _entry(start: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield start
        yield from _lines(value, indent + "  ")
    else:
        yield f"{start} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and value.replace("-", "").replace("_", "").isalnum() and value.isascii():
        return value
    return json.dumps(value, ensure_ascii=False)


def yaml_changer(values: Sequence[Any], words: Sequence[str]) -> Callable[[Random, Case, Sequence[Case]], Case]:
    """Half of the cases are changed values written out, the others changed text."""
    change_text = text_changer(words)

    def changed(rng: Random, case: Case, others: Sequence[Case]) -> Case:
        if rng.random() < 0.5:
            return change_text(rng, case, others)
        made = changed_values(rng, rng.choice(values), values, words)
        return (rng.choice((as_yaml, as_block_yaml))(made),)

    return changed

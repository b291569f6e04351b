"""A template's rows -> the YAML of a table, with what has no place in it as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sbrtcheck.importers.template import LeftOut, Remark, Row, Template, one_line, plain_number

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./()-]*(?: [A-Za-z0-9_./()-]+)*")  # text that YAML reads without quotes
_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_OWN_KEY = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is above the rows."""

    id: str
    file: str
    dialect: str
    fractions: int


def table_yaml(head: Head, template: Template) -> str:
    """Write the table; the same template gives the same bytes."""
    rows = [entry for entry in template.entries if isinstance(entry, Row)]
    references = list(dict.fromkeys(row.reference for row in rows if row.reference))
    keys = {text: f"ref-{n}" for n, text in enumerate(references, 1)}
    lines = [*_head(head, template), *_sources(head, keys), "", "rows:"]
    ids = iter(row_ids(rows))
    for entry in template.entries:
        lines += _row(entry, next(ids), head, keys) if isinstance(entry, Row) else _left_out_comments(entry)
    return "\n".join(lines) + "\n"


def row_ids(rows: Sequence[Row]) -> list[str]:
    """An id for each row, from its structure and metric; a number tells equal ones apart."""
    counts: dict[str, int] = {}
    ids = []
    for row in rows:
        name = slug(f"{row.structure}-{row.metric}")
        counts[name] = counts.get(name, 0) + 1
        ids.append(name if counts[name] == 1 else f"{name}-no{counts[name]}")
    return ids


def slug(text: str) -> str:
    """Small letters, digits, dots and hyphens of a text; ``imported`` where nothing is left."""
    spelled = text.lower().replace("%", "pc")
    return re.sub(r"[^a-z0-9.]+", "-", spelled).strip("-.") or "imported"


def _quote(text: str) -> str:
    line = one_line(text)
    is_plain = _PLAIN.fullmatch(line) and line.lower() not in _YAML_WORDS
    return line if is_plain else json.dumps(line, ensure_ascii=False)


def _head(head: Head, template: Template) -> Iterator[str]:
    yield f"# Imported by sbrtcheck from {one_line(head.file)} ({head.dialect})."
    yield "# Every row was read once, from one file: compare each with the publication it comes from."
    yield from _comments(template.remarks, indent="")
    yield ""
    yield f"id: {_quote(head.id)}"
    yield 'version: "1.0.0"'
    yield f"title: {_quote(one_line(template.title) or head.file)}"
    yield "site: multi"
    yield f"fractions: [{head.fractions}]"
    yield ""


def _sources(head: Head, keys: Mapping[str, str]) -> Iterator[str]:
    yield "sources:"
    yield f"  - key: {_OWN_KEY}"
    yield f"    citation: {_quote(head.file)}"
    yield f"    where: {head.dialect}"
    for text, key in keys.items():
        yield f"  - key: {key}"
        yield f"    citation: {_quote(text)}"
        yield f"    where: {_quote(f'as cited in {head.file}')}"


def _row(row: Row, row_id: str, head: Head, keys: Mapping[str, str]) -> Iterator[str]:
    yield f"  # {one_line(f'{row.where}: {row.printed}')}"
    yield from _comments(row.remarks, indent="  ")
    yield f"  - id: {_quote(row_id)}"
    yield f"    organ: {_quote(row.organ)}"
    yield f"    structure: {_quote(row.structure)}"
    yield f"    metric: {row.metric}"
    yield f"    {row.sense}: {plain_number(row.limit)}"
    if row.acceptable is not None:
        yield f"    acceptable: {plain_number(row.acceptable)}"
    if row.endpoint:
        yield f"    endpoint: {_quote(row.endpoint)}"
    yield f"    source: {{cite: {keys.get(row.reference, _OWN_KEY)}, where: {_quote(row.where)}}}"
    yield f"    confirmed_by: [{_quote(head.file)}]"
    if row.note:
        yield f"    note: {_quote(row.note)}"
    yield ""


def _left_out_comments(entry: LeftOut) -> Iterator[str]:
    yield f"  # LEFT OUT: {one_line(f'{entry.where}: {entry.printed}')}"
    yield f"  #   {one_line(entry.why)}"
    yield ""


def _comments(remarks: Sequence[Remark], *, indent: str) -> Iterator[str]:
    return (f"{indent}# {one_line(remark.comment)}" for remark in remarks)

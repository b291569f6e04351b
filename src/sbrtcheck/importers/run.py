"""A file and its dialect -> the YAML of a table that loads, and what to warn of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from sbrtcheck.errors import InputError, TableError
from sbrtcheck.importers.dialects import dvhmetrics, plancheck, planscorecard, proknow, ray_scripts
from sbrtcheck.importers.template import LeftOut, Remark, Row, Template, one_line
from sbrtcheck.importers.write import Head, slug, table_yaml
from sbrtcheck.structure_names import known_names
from sbrtcheck.tables import read_table
from sbrtcheck.tables.lint import lint_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A format that can be imported."""

    title: str
    read: Callable[[bytes], Template]


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "plancheck": Dialect(title="PlanCheck or ClearPlan CSV", read=plancheck.read),
        "planscorecard": Dialect(title="PlanScoreCard JSON", read=planscorecard.read),
        "proknow": Dialect(title="ProKnow scorecard JSON", read=proknow.read),
        "ray-scripts": Dialect(title="ray_scripts XML", read=ray_scripts.read),
        "dvhmetrics": Dialect(title="DVHmetrics constraints", read=dvhmetrics.read),
    }
)
_LINES_NAMED = 5
_MAX_BYTES = 4 << 20
_MAX_ROWS = 2_000  # each row is written and read once by itself; the largest templates met have some hundred
_OWN_NAME = Remark(
    comment="no TG-263 name: say with --names what the plan calls it",
    warning="structures without a TG-263 name keep the name in the file: say with --names what the plan calls them",
)
_FRACTIONS_NOT_GIVEN = Remark(
    comment="the row does not say for how many fractions it holds",
    warning="rows that do not say for how many fractions they hold use those of the table",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The YAML of a table, and the warnings, each with its place: in the file imported, or in the YAML."""

    yaml: str
    warnings: tuple[str, ...]


def import_table(path: Path, dialect: str, *, table_id: str = "", fractions: int | None = None) -> Imported:
    """Import a template of another program as the YAML of a table.

    Parameters
    ----------
    path
        The file; its name, not its folder, becomes the source of every row.
    dialect
        Key of `DIALECTS`.
    table_id
        Id of the table; made from the file's name where empty.
    fractions
        Number of fractions the table is for; needed where the file does not state it.

    Raises
    ------
    InputError
        The file cannot be read, or does not state one number of fractions, or no row of it can be imported.
    TableError
        The table would not load: an id that is none.
    """
    used = DIALECTS[dialect]
    try:
        template = _read(path, used)
        chosen, template = _for_fractions(template, fractions)
    except InputError as error:
        place = ": ".join(filter(None, (str(path), error.place)))
        raise InputError(error.what, place, error.hint) from error
    head = Head(id=table_id or slug(path.stem), file=path.name, dialect=used.title, fractions=chosen)
    template = _without_refused_rows(head, _with_name_remarks(template))
    if not any(isinstance(entry, Row) for entry in template.entries):
        why = "; ".join(dict.fromkeys(entry.why for entry in template.entries if isinstance(entry, LeftOut)))
        raise InputError(f"no row can be imported: {one_line(why)}", str(path))
    text = table_yaml(head, template)
    name = f"{head.id}.yaml"
    read_table(text.encode(), place=name)
    warnings = [f"{path}: {one_line(warning)}" for warning in _warnings(template)]
    return Imported(yaml=text, warnings=(*warnings, *(str(remark) for remark in lint_bytes(text.encode(), place=name))))


def _read(path: Path, dialect: Dialect) -> Template:
    template = dialect.read(_file_bytes(path))
    if len(template.entries) > _MAX_ROWS:
        raise InputError(f"the file has {len(template.entries)} rows, as no template has", hint="is it another file?")
    return template


def _file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        what = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise InputError(what, hint="check the path") from error
    if len(raw) > _MAX_BYTES:
        raise InputError(
            f"the file has more than {_MAX_BYTES >> 20} MB, as no template has", hint="is it another file?"
        )
    return raw


# -------------------------------------------------------------------------------- fractions


def _for_fractions(template: Template, wanted: int | None) -> tuple[int, Template]:
    """One number of fractions, and the template with the entries for it alone."""
    by_row = sorted({entry.fractions for entry in template.entries if entry.fractions is not None})
    chosen = wanted or template.fractions or (by_row[0] if len(by_row) == 1 else None)
    if chosen is None:
        _refuse_many(by_row)
        raise InputError("the file does not say for how many fractions it holds", hint="add --fractions N")
    if template.fractions not in (None, chosen):
        what = f"the file is for {template.fractions} fractions, not {chosen}"
        raise InputError(what, hint="limits are never rescaled: leave --fractions out")
    entries = [entry for entry in template.entries if entry.fractions in (None, chosen)]
    if not entries:
        what = f"the file has no row for {chosen} fractions"
        raise InputError(what, hint=f"it has rows for {', '.join(map(str, by_row))}")
    if by_row:
        entries = [_with_fractions_remark(entry) for entry in entries]
    return chosen, replace(
        template, entries=tuple(entries), remarks=(*template.remarks, *_other_fractions(template, chosen))
    )


def _refuse_many(by_row: list[int]) -> None:
    if by_row:
        listed = ", ".join(map(str, by_row))
        raise InputError(f"the file has rows for {listed} fractions", hint="choose one with --fractions")


def _with_fractions_remark(entry: Row | LeftOut) -> Row | LeftOut:
    if isinstance(entry, Row) and entry.fractions is None:
        return replace(entry, remarks=(*entry.remarks, _FRACTIONS_NOT_GIVEN))
    return entry


def _other_fractions(template: Template, chosen: int) -> tuple[Remark, ...]:
    numbers = [entry.fractions for entry in template.entries if entry.fractions not in (None, chosen)]
    if not numbers:
        return ()
    counted = ", ".join(f"{numbers.count(n)} for {n}" for n in sorted(filter(None, set(numbers))))
    text = f"rows for other numbers of fractions were left out: {counted}"
    return (Remark(comment=text, warning=text),)


# -------------------------------------------------------------------------------- rows that a table can have


def _with_name_remarks(template: Template) -> Template:
    """With a remark where a structure has no TG-263 name."""
    entries = (
        replace(entry, remarks=(_OWN_NAME, *entry.remarks))
        if isinstance(entry, Row) and entry.structure not in known_names()
        else entry
        for entry in template.entries
    )
    return replace(template, entries=tuple(entries))


def _without_refused_rows(head: Head, template: Template) -> Template:
    """Without rows that are there twice, and without those that a table with them would not load for."""
    first: dict[object, str] = {}
    entries: list[Row | LeftOut] = []
    for entry in template.entries:
        if isinstance(entry, LeftOut):
            entries.append(entry)
            continue
        same = (entry.structure, entry.metric, entry.sense, entry.limit, entry.acceptable)
        why = f"the same as {first[same]}" if same in first else _refusal(head, entry)
        first.setdefault(same, entry.where)
        entries.append(LeftOut(where=entry.where, printed=entry.printed, why=why) if why else entry)
    return replace(template, entries=tuple(entries))


def _refusal(head: Head, row: Row) -> str:
    """The loader's message on a table with this row; ``""`` where it loads."""
    text = table_yaml(replace(head, id="imported"), Template(entries=(row,)))
    try:
        read_table(text.encode(), place="row")
    except TableError as error:
        return "; ".join(fault.what for fault in error.faults) or error.what
    return ""


# -------------------------------------------------------------------------------- warnings


def _warnings(template: Template) -> Iterator[str]:
    """What was left out, row by row; then what was kept as comments, one line for all rows of a kind."""
    for entry in template.entries:
        if isinstance(entry, LeftOut):
            yield f"{entry.where}: left out: {entry.printed}: {entry.why}"
    yield from dict.fromkeys(remark.warning for remark in template.remarks)
    places: dict[str, list[str]] = {}
    for entry in template.entries:
        for remark in entry.remarks if isinstance(entry, Row) else ():
            places.setdefault(remark.warning, []).append(entry.where)
    yield from (f"{_places_text(list(dict.fromkeys(rows)))}: {warning}" for warning, rows in places.items())


def _places_text(places: list[str]) -> str:
    more = len(places) - _LINES_NAMED
    return ", ".join(places[:_LINES_NAMED]) + (f" and {more} more" if more > 0 else "")

"""Table files -> everything that is wrong with them: faults, rows that cannot be meant so, tables that disagree.

Faults that keep a file from loading are the loader's; checks of a row alone are in ``lint_rows``, those of
sites in ``lint_sites``; here rows are compared with each other, in one table and over several.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from sbrtcheck.bundled import EVIDENCE, shipped_files
from sbrtcheck.errors import Fault
from sbrtcheck.tables.evidence import (
    DOCUMENTS_FILE,
    FOR_CLINICIAN,
    READINGS_FILE,
    Evidence,
    folder_faults,
    numbers_in_text,
)
from sbrtcheck.tables.lint_ids import id_slips
from sbrtcheck.tables.lint_sites import is_sites, row_site_slips, site_slips, table_slips
from sbrtcheck.tables.lint_table import OF_FRACTIONS, counts, for_whom, fraction_slips, is_in_gray, row_slips
from sbrtcheck.tables.load import (
    Examined,
    bundled_tables,
    evidence_of,
    examine_bytes,
    examine_file,
    read_file,
    tables_beside,
)
from sbrtcheck.tables.readings import Says
from sbrtcheck.tables.sites import ExaminedSites, examine_sites, load_sites
from sbrtcheck.tables.slips import Level, Slip, first_limit
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import load_yardsticks

__all__ = ["Level", "Remark", "lint_bytes", "lint_files", "worst"]

_ALIKE = 2  # rows that two tables must share before it is suspicious that all of them are equal
_SIMILAR_CITATION = 85.0  # rapidfuzz token_set_ratio: "AAPM TG-101" within a longer citation


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Remark:
    """One thing wrong: the file and line, how sure it is, what is wrong, and a hint."""

    file: str
    line: int
    level: Level
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.level}: {self.what}"
        return f"{text}; {self.hint}" if self.hint else text

    @property
    def mend(self) -> str:
        """The hint, under the name that it had in version 0.1."""
        warnings.warn("Remark.mend is now hint; the old name goes with version 0.3", DeprecationWarning, stacklevel=2)
        return self.hint


def lint_files(files: Sequence[str | os.PathLike[str]]) -> tuple[Remark, ...]:
    """Look for everything that is wrong with tables, files of sites and evidence, each alone and all together.

    Parameters
    ----------
    files
        Paths of YAML files, or ids of bundled tables. A file with ``sites`` at its top is one of sites. Of a folder
        ``evidence``, ``readings.csv`` or ``documents.csv`` is looked over with all tables beside it.

    Returns
    -------
    tuple[Remark, ...]
        File by file in the order given, line by line; then those on the evidence of tables that were given.

    Raises
    ------
    TableError
        A file cannot be read at all, or no bundled table has such an id.
    """
    given = [*dict.fromkeys(os.fspath(file) for file in files)]
    read = [_examine(file) for file in given if not _is_evidence(file)]
    folders = [evidence_of(file) for file in given if _is_evidence(file)]
    tables = [file for file in read if isinstance(file, Examined)]
    lists = [file for file in read if isinstance(file, ExaminedSites)]
    sites = _sites_with(lists)
    all_tables = (*bundled_tables(), *(file.table for file in tables))
    remarks = (
        *(remark for file in tables for remark in _table_remarks(file, sites)),
        *_family_remarks(tables),
        *(remark for file in lists for remark in _site_remarks(file, all_tables)),
        *(remark for evidence in folders for remark in _evidence_remarks(evidence)),
        *(remark for evidence in _beside(tables) for remark in _folder_remarks(evidence)),
    )
    place = {file.place: position for position, file in enumerate(read)}

    def position(remark: Remark) -> tuple[int, str, int]:
        return place.get(remark.file, len(read)), remark.file if remark.file not in place else "", remark.line

    return tuple(sorted(dict.fromkeys(remarks), key=position))


def _is_evidence(file: str) -> bool:
    path = Path(file).absolute()
    return path.name in (READINGS_FILE, DOCUMENTS_FILE) and path.parent.name == EVIDENCE


def _beside(tables: Iterable[Examined]) -> Iterable[Evidence]:
    """The evidence of the tables, each folder once."""
    return {file.evidence.place: file.evidence for file in tables if file.evidence}.values()


def _examine(file: str) -> Examined | ExaminedSites:
    found = read_file(file)
    return examine_sites(found.raw, place=found.place) if is_sites(found.raw) else examine_file(found)


def _evidence_remarks(evidence: Evidence) -> Iterator[Remark]:
    """What is wrong with a folder's evidence, and with its tables as far as the evidence goes."""
    yield from _folder_remarks(evidence)
    for file in tables_beside(evidence):
        yield from (_fault_remark(fault) for fault in file.faults if fault.place.startswith(evidence.place))
        yield from _untraced_remarks(file) if evidence.decides(file.table.id) else ()


def _folder_remarks(evidence: Evidence) -> Iterator[Remark]:
    table_ids = shipped_files(evidence.root)
    yield from map(_fault_remark, (*evidence.faults, *folder_faults(evidence, table_ids)))


def _untraced_remarks(read: Examined) -> Iterator[Remark]:
    """Numbers that nobody is recorded to have read in their source."""
    if read.evidence is not None and read.evidence.decides(read.table.id):
        slips = _numbers_without_reading(read.table, f"{read.evidence.place}/{READINGS_FILE}")
    else:
        hint = "name in confirmed_by who read it where; two independent readings make it count"
        slip = Slip(level=Level.WARNING, what="nobody is named who read the number in its source", hint=hint)
        slips = ((row.line, slip) for row in read.table.rows if not row.confirmed_by)
    yield from (_remark(read, line, slip) for line, slip in slips)


def _numbers_without_reading(table: ConstraintTable, file: str) -> Iterator[tuple[int, Slip]]:
    """Numbers of a table that decides by its readings, and has none of them that agrees; each with its line."""
    numbered = [(row.line, row.readings, tuple(row.numbers), f"row {row.id}", row.id) for row in table.rows]
    for n, item in enumerate(table.for_clinician, start=1):
        numbers = numbers_in_text(item.text)
        numbered.append((1, item.readings, numbers, f"statement {n} for the clinician", f"{FOR_CLINICIAN} {n}"))
    for line, readings, numbers, whose, row in numbered:
        agreeing = {reading.number for reading in readings if reading.says is Says.AGREES}
        for number in (number for number in numbers if number not in agreeing):
            what, hint = f"no reading agrees with '{number}' of {whose}", f"add who read it where to {file}, as '{row}'"
            yield line, Slip(level=Level.ERROR, what=what, hint=hint)


def _sites_with(lists: Iterable[ExaminedSites]) -> frozenset[str]:
    """Ids of the sites that have a list: the shipped ones, and those of the files looked at."""
    ids = (file.sites.ids for file in lists if file.sites)
    return frozenset(load_sites().ids).union(*ids)


def lint_bytes(raw: bytes, *, place: str) -> tuple[Remark, ...]:
    """Look for everything that is wrong with one table that is no file yet; ``place`` is its name in remarks."""
    remarks = _table_remarks(examine_bytes(raw, place=place), _sites_with(()))
    return tuple(sorted(dict.fromkeys(remarks), key=lambda remark: remark.line))


def _table_remarks(read: Examined, sites: frozenset[str]) -> Iterator[Remark]:
    yield from map(_fault_remark, read.faults)
    yield from _untraced_remarks(read)
    of_whole = () if read.faults else (*id_slips(read.table), *table_slips(read.table, sites))
    for slip in (*fraction_slips(read.table), *of_whole):
        yield _remark(read, 1, slip)
    for item in read.table.for_clinician:
        for slip in row_site_slips(item.only_site, read.table, sites):
            yield _remark(read, 1, slip)
    for row, slip in row_slips(read.table, load_yardsticks()):
        yield _remark(read, row.line, slip)
    for row in read.table.rows:
        for slip in _slips_against_bundled(read.table, row):
            yield _remark(read, row.line, slip)
        for slip in row_site_slips(row.only_site, read.table, sites):
            yield _remark(read, row.line, slip)


def _fault_remark(fault: Fault) -> Remark:
    file, _, line = fault.place.rpartition(":")
    return Remark(file=file, line=int(line), level=Level.ERROR, what=fault.what, hint=fault.hint)


def _site_remarks(read: ExaminedSites, tables: Sequence[ConstraintTable]) -> Iterator[Remark]:
    yield from map(_fault_remark, read.faults)
    for site, organ, slip in site_slips(read.sites, tables) if read.sites else ():
        yield _remark(read, read.lines[site][organ], slip)


def _remark(read: Examined | ExaminedSites, line: int, slip: Slip) -> Remark:
    return Remark(file=read.place, line=line, level=slip.level, what=slip.what, hint=slip.hint)


# -------------------------------------------------------------------------------- against bundled tables


def _slips_against_bundled(table: ConstraintTable, row: Constraint) -> Iterator[Slip]:
    """A row that a bundled table has from the same source, with another number."""
    for other in bundled_tables():
        if other.id == table.id or set(other.fractions) != set(table.fractions):
            continue
        for bundled_row in other.rows:
            is_same_row = _key(bundled_row) == _key(row) and _same_source(bundled_row, row)
            if is_same_row and first_limit(bundled_row) != first_limit(row) and bundled_row.steps == row.steps:
                what = f"'{row.metric}' {row.sense} {first_limit(row):g}, where {other.id} has "
                what += f"{first_limit(bundled_row):g} from the same source"
                yield Slip(level=Level.WARNING, what=what, hint="compare both with the print")
                return


def _same_source(first: Constraint, second: Constraint) -> bool:
    if first.source.doi and second.source.doi:
        return first.source.doi == second.source.doi
    from rapidfuzz import fuzz, utils

    score = fuzz.token_set_ratio(first.source.citation, second.source.citation, processor=utils.default_process)
    return score >= _SIMILAR_CITATION


# -------------------------------------------------------------------------------- several tables


def _family_remarks(read: Sequence[Examined]) -> Iterator[Remark]:
    for first, second in combinations(read, 2):
        few, many = sorted((first, second), key=lambda r: min(r.table.fractions, default=0))
        if _is_family(few.table, many.table):
            yield from _trend_remarks(few, many)


def _is_family(first: ConstraintTable, second: ConstraintTable) -> bool:
    """Whether two tables are of one publication, for different fraction numbers."""
    if not first.fractions or not second.fractions or set(first.fractions) & set(second.fractions):
        return False
    if _stem(first.id) == _stem(second.id) != "":
        return True
    return bool({s.citation for s in first.sources} & {s.citation for s in second.sources})


def _stem(id_: str) -> str:
    return OF_FRACTIONS.sub("", id_)


def _trend_remarks(few: Examined, many: Examined) -> Iterator[Remark]:
    """More fractions are allowed more dose: limits that fall, or do not rise."""
    later = {_key(row): row for row in many.table.rows if counts(row) and is_in_gray(row)}
    pairs = [(row, later[_key(row)]) for row in few.table.rows if counts(row) and _key(row) in later]
    equal = [pair for pair in pairs if first_limit(pair[0]) == first_limit(pair[1])]
    if len(equal) == len(pairs) >= _ALIKE:
        what = f"all {len(pairs)} limits are those of {few.place}, for {few.table.fractions_text()}"
        hint = f"this table is for {many.table.fractions_text()}: were they copied?"
        yield _remark(many, 1, Slip(level=Level.WARNING, what=what, hint=hint))
        return
    for before, after in pairs:
        # what a target needs may be less or more, by the dose of each fraction
        if after.is_upper_limit and first_limit(after) <= first_limit(before):
            yield _remark(many, after.line, _trend_slip(before, after, few))


def _trend_slip(before: Constraint, after: Constraint, few: Examined) -> Slip:
    kind = "the same" if first_limit(before) == first_limit(after) else f"{first_limit(before):g}"
    what = f"'{after.metric}' {after.sense} {first_limit(after):g}, and {kind} for {few.table.fractions_text()}"
    hint = f"more fractions are allowed more dose: compare with line {before.line} of {few.place}"
    return Slip(level=Level.WARNING, what=what, hint=hint)


def _key(row: Constraint) -> tuple[object, ...]:
    doses = row.quantity, row.alpha_beta_gy
    return (frozenset(row.structures), row.select, str(row.metric), row.sense, doses, for_whom(row))


def worst(remarks: Iterable[Remark]) -> Level | None:
    """The more serious level there is; None where there is no remark."""
    levels = {remark.level for remark in remarks}
    return next((level for level in Level if level in levels), None)

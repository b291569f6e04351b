"""What to check every plan of an archive against, how, and what is written: read once, and sent to whatever checks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrtcheck.archive.columns import Columns, Table
from sbrtcheck.archive.contents import Contents, metrics_of
from sbrtcheck.archive.entries import Entry
from sbrtcheck.archive.plan_keys import FILE_NAME, PlanKeys, keys_of_file
from sbrtcheck.arguments import require_type, texts_of
from sbrtcheck.errors import UnknownTableError
from sbrtcheck.options import NEAR_PERCENT, CheckOptions
from sbrtcheck.plan import Prescription
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription
from sbrtcheck.tables import ConstraintTable, load_dictionary
from sbrtcheck.tables.choice import TableName, distinct, load_tables
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.fitness import refuse_unfit
from sbrtcheck.tables.notes import NotesInput, PlanNotes, load_notes_by_plan

_DEFAULT_CHOICES = CheckOptions()

_OLD_NAMES: Mapping[str, str] = {
    "sites": "site",
    "names": "names",
    "dvhs": "dvhs",
    "lists": "sites",
    "accept_dose": "accept_dose",
    "strict": "strict",
    "include_unconfirmed": "include_unconfirmed",
}
"""Choices that `Options` had as fields of its own, with their names in `CheckOptions`; they go with version 0.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to check every plan against, and how.

    Parameters
    ----------
    tables
        Named tables; all their rows are reported for every plan.
    choices
        As for one plan. Its ``site`` says which organs are expected; without tables, the bundled ones of these sites
        that hold for a plan's fraction number are used. It is sent to the processes that check, its ``progress`` too.
    with_paths
        Add the column ``path``; folder names may name patients.
    notes
        Notes and sign-offs on any of the plans; what they say is written, and may name somebody.
    prescription
        Of every plan of the archive, in place of what their files say; None to take it from these.
    contents
        What is written of every plan beside its outcomes, and what its pseudonym is made with.
    **old
        Fields of version 0.1, with a warning: ``sites``, ``names``, ``dvhs``, ``lists``, ``accept_dose``, ``strict``,
        ``include_unconfirmed``. They win over those of ``choices``.
    """

    tables: tuple[ConstraintTable, ...] = ()
    choices: CheckOptions = _DEFAULT_CHOICES
    with_paths: bool = False
    notes: tuple[PlanNotes, ...] = ()
    prescription: Prescription | None = None
    contents: Contents

    def __init__(
        self,
        *,
        tables: tuple[ConstraintTable, ...] = (),
        choices: CheckOptions = _DEFAULT_CHOICES,
        with_paths: bool = False,
        notes: tuple[PlanNotes, ...] = (),
        prescription: Prescription | None = None,
        contents: Contents | None = None,
        **old: Any,
    ) -> None:
        # of the dataclass itself until the old keywords go
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "choices", _with_old_keywords(choices, old) if old else choices)
        require_type(with_paths, bool, "with_paths", "give True or False")
        object.__setattr__(self, "with_paths", with_paths)
        object.__setattr__(self, "notes", notes)
        object.__setattr__(self, "prescription", prescription)
        object.__setattr__(self, "contents", Contents() if contents is None else contents)

    if not TYPE_CHECKING:  # types know the new names only

        def __getattr__(self, name: str) -> Any:
            """A choice by the name that it had as a field."""
            if name not in _OLD_NAMES:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _warn_of_old_name(name, frames=3)
            return getattr(self.choices, _OLD_NAMES[name])

    @classmethod
    def read(  # noqa: PLR0913 - one argument an option
        cls,
        *,
        tables: TableName | Sequence[TableName] = (),
        sites: str | Sequence[str] = (),
        profile: str | None = None,
        names: str | PathLike[str] | None = None,
        dictionary: DictionaryInput | None = None,
        dvhs: str = "computed",
        sites_file: str | PathLike[str] | None = None,
        accept_dose: bool = False,
        allow_lint_errors: bool = False,
        strict: bool = False,
        include_unconfirmed: bool = False,
        sex: str | None = None,
        near_percent: float = NEAR_PERCENT,
        notes: NotesInput | Sequence[NotesInput] = (),
        with_paths: bool = False,
        prescription: GivenPrescription | None = None,
        metrics: str | Sequence[str] = (),
        curves: bool = False,
        with_identity: bool = False,
        plan_keys: str | PathLike[str] | None = None,
    ) -> Options:
        """Load tables, names and notes, so that a fault in them is found before the first plan is read.

        Parameters
        ----------
        tables, sites, profile, names, dictionary, dvhs, sites_file
            As of `sbrtcheck.check`; ``sites`` is its ``site``, and ``sites_file`` its ``sites``.
        accept_dose, allow_lint_errors, strict, include_unconfirmed, sex
            As of `sbrtcheck.check`.
        near_percent, notes
            As of `sbrtcheck.check`.
        with_paths
            Write each plan's folder.
        metrics
            Texts of metrics, such as ``"D95%[Gy], V20Gy[%]"``: measured on every structure, in a table of their own.
        curves
            Write the DVH of every structure, in a table of its own.
        with_identity
            Write UIDs and Patient IDs.
        plan_keys
            File with the secret that pseudonyms are made with; made where it is not there. None: one beside the
            results.

        Raises
        ------
        SbrtcheckError
            A table, a site, a profile, a file of names or notes, the dictionary or the prescription cannot be used.
        """
        loaded = distinct(dict.fromkeys(load_tables(tables)))
        site = texts_of(sites, "a site")
        if not loaded and not site and profile is None:
            raise UnknownTableError("no table to check against", hint="name a site or a table")
        choices = CheckOptions.read(
            site=tuple(dict.fromkeys(site)),
            profile=profile,
            names=names,
            dictionary=load_dictionary(dictionary, loaded),
            dvhs=dvhs,
            sites=sites_file,
            accept_dose=accept_dose,
            allow_lint_errors=allow_lint_errors,
            strict=strict,
            include_unconfirmed=include_unconfirmed,
            sex=sex,
            near_percent=near_percent,
        )
        choices.refuse_unknown(loaded)
        refuse_unfit(loaded, allowed=choices.allow_lint_errors)
        for name, chosen in (("curves", curves), ("with_identity", with_identity)):
            require_type(chosen, bool, name, "give True or False")
        keys = PlanKeys() if plan_keys is None else keys_of_file(plan_keys)
        return cls(
            tables=loaded,
            choices=choices,
            with_paths=with_paths,
            notes=load_notes_by_plan(notes),
            prescription=read_prescription(prescription),
            contents=Contents(metrics=metrics_of(metrics), curves=curves, with_identity=with_identity, plan_keys=keys),
        )

    def for_entry(self, entry: Entry) -> Options:
        """The same for one plan: with its own choices, where it has some."""
        if entry.own is None:
            return self
        return replace(self, choices=entry.own.choices, prescription=entry.own.prescription or self.prescription)

    def notes_on(self, entry: Entry) -> tuple[PlanNotes, ...]:
        """The notes on one plan; none where nobody wrote any."""
        return tuple(one for one in self.notes if one.plan_uid == entry.uid)

    @property
    def columns(self) -> Columns:
        """Columns of the outcomes, and the type of their values."""
        return self.columns_of(Table.OUTCOMES)

    def columns_of(self, table: Table) -> Columns:
        """Columns of a table of the run, and the type of their values."""
        return self.contents.columns(table, path=self.with_paths)

    def of_archive(self, entries: Sequence[Entry], beside: Path | None = None) -> Options:
        """The same for the plans of an archive, with the secret of their pseudonyms from the folder of the results."""
        contents = self.contents.of_archive(entries)
        if beside is not None and not contents.plan_keys.lasting:
            contents = replace(contents, plan_keys=keys_of_file(beside / FILE_NAME))
        return replace(self, contents=contents)


def _with_old_keywords(choices: CheckOptions, old: Mapping[str, Any]) -> CheckOptions:
    for name in old:
        if name not in _OLD_NAMES:
            raise TypeError(f"Options has no keyword {name!r}")
        _warn_of_old_name(name, frames=4)
    given = {_OLD_NAMES[name]: value for name, value in old.items()}
    read = CheckOptions.read(**given)
    return replace(choices, **{name: getattr(read, name) for name in given})


def _warn_of_old_name(name: str, *, frames: int) -> None:
    text = f"Options.{name} is now Options.choices.{_OLD_NAMES[name]}; the old name goes with version 0.3"
    warnings.warn(text, DeprecationWarning, stacklevel=frames)

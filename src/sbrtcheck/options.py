"""The choices of a user for a check, as text, files or values, in; one frozen value that all layers are given out.

A choice is named here once: `CheckOptions` holds it, `CheckOptions.read` reads it from what people write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath

from sbrtcheck.arguments import require_callable, require_names, require_number, require_type, texts_of
from sbrtcheck.by_value import ByValue
from sbrtcheck.dvh import Between, EndCaps, Interpolation, Model, Origin
from sbrtcheck.errors import InputError, UnknownTableError
from sbrtcheck.plan import Prescription, Sex, UnknownPrescription
from sbrtcheck.progress import Progress, no_progress
from sbrtcheck.reference_data import Profile, load_profile, load_profiles
from sbrtcheck.structure_names import NO_DICTIONARY, Dictionary, UserNames
from sbrtcheck.suggest import chosen
from sbrtcheck.tables import ConstraintTable, Side, Sites, load_dictionary, load_names, load_sites
from sbrtcheck.tables.choice import (
    TableChoice,
    TableName,
    bundled_of,
    check_names,
    check_sites,
    known_fractions,
    load_tables,
    tables_of_profile,
    tables_of_sites,
)
from sbrtcheck.tables.dictionary import DictionaryInput
from sbrtcheck.tables.fitness import refuse_unfit
from sbrtcheck.tables.table import fractions_text

Names = str | PathLike[str] | Mapping[str, str]
"""TG-263 name -> structure name of a plan, or a file with that."""


NEAR_PERCENT = 5.0
"""Percent of a limit within which a value is flagged as near it, unless the user says otherwise."""

_USUAL = Model()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckOptions(ByValue):
    """Every choice of a check, read already.

    Parameters
    ----------
    dvhs
        Where the DVHs come from.
    model
        How contours and dose grid are interpreted where DVHs are computed: end caps, the shape of a structure between
        its contour planes, the dose between grid points.
    names
        TG-263 name -> structure name of the plan; wins over every other matching rule.
    dictionary
        The clinic's spellings of organs, for every plan; ``names`` bring them along to where structures are matched.
    names_file
        The file that the names are from, for messages; None where there is none.
    site
        Treatment sites of the plan; none to use that of the tables.
    profile
        Whose tables a plan is checked against, those named beside it too; its site is then the site. None: no profile.
    sites
        Which organs are expected at each site; the shipped lists when None.
    accept_dose
        Judge the plan although its dose cannot be that of its prescription, or the prescription is not known.
    allow_lint_errors
        Use tables in which lint finds errors; each of them stands against a pass.
    strict
        Rows that bounds, other end caps or the sampling uncertainty could turn stand against a pass.
    include_unconfirmed
        Rows that two readers do not confirm count too.
    laterality
        The side of the target; told by the contours when None.
    sex
        The patient's; as the files of the plan say when None.
    near_percent
        Values within this many percent of a limit are flagged; no verdict depends on it.
    progress
        Called with the number of structures computed and of all.
    """

    dvhs: Origin = Origin.COMPUTED
    model: Model = _USUAL
    names: Mapping[str, str] | None = None
    dictionary: Dictionary = NO_DICTIONARY
    names_file: str | None = None
    site: tuple[str, ...] = ()
    profile: Profile | None = None
    sites: Sites | None = None
    accept_dose: bool = False
    allow_lint_errors: bool = False
    strict: bool = False
    include_unconfirmed: bool = False
    laterality: Side | None = None
    sex: Sex | None = None
    near_percent: float = NEAR_PERCENT
    progress: Progress = no_progress

    def __post_init__(self) -> None:
        """Read ``dvhs`` where it is a word, and take the site of a profile: slips are refused before a plan is read."""
        object.__setattr__(self, "dvhs", chosen(Origin, self.dvhs, "DVHs"))
        if self.laterality is not None:
            object.__setattr__(self, "laterality", chosen(Side, self.laterality, "the laterality"))
        if self.sex is not None:
            object.__setattr__(self, "sex", chosen(Sex, self.sex, "the sex"))
        require_callable(self.progress, "progress")
        require_names(self.names)
        require_type(self.profile, (Profile, type(None)), "a profile", "give the id of one")
        require_type(self.sites, (Sites, type(None)), "the sites", "give a file of them, or what load_sites gave")
        # a text such as "no" would be true, and rows would count that should not
        for name in ("accept_dose", "allow_lint_errors", "strict", "include_unconfirmed"):
            require_type(getattr(self, name), bool, name, "give True or False")
        if self.dictionary.spellings:
            object.__setattr__(self, "names", UserNames(self.names, self.dictionary))
        if self.profile is not None:
            object.__setattr__(self, "site", _site_of_profile(self.profile, self.site))

    @classmethod
    def read(  # noqa: PLR0913 - one argument an option
        cls,
        *,
        dvhs: str = Origin.COMPUTED,
        end_caps: str = EndCaps.HALF_SLICE,
        slice_interpolation: str = Between.SLAB,
        dose_interpolation: str = Interpolation.TRILINEAR,
        names: Names | None = None,
        dictionary: DictionaryInput | None = None,
        site: str | Sequence[str] | None = None,
        profile: str | Profile | None = None,
        sites: str | PathLike[str] | Sites | None = None,
        accept_dose: bool = False,
        allow_lint_errors: bool = False,
        strict: bool = False,
        include_unconfirmed: bool = False,
        laterality: str | None = None,
        sex: str | None = None,
        near_percent: float = NEAR_PERCENT,
        progress: Progress = no_progress,
    ) -> CheckOptions:
        """Read the choices as people write them: words for enums, files for names and sites, one site or several.

        A dictionary with organs of a clinic's own tables is read beforehand, by `load_dictionary`.

        Raises
        ------
        InputError
            A word is none of those there are to choose from; all of them are named. Or the site is not the profile's.
        UnknownTableError
            There is no such profile.
        NamesError, TableError
            The file of names, the dictionary, or the file of sites cannot be used.
        """
        return cls(
            dvhs=chosen(Origin, dvhs, "DVHs"),
            model=Model(
                end_caps=chosen(EndCaps, end_caps, "end caps"),
                between=chosen(Between, slice_interpolation, "the slice interpolation"),
                dose=chosen(Interpolation, dose_interpolation, "the dose interpolation"),
            ),
            names=load_names(names),
            dictionary=load_dictionary(dictionary),
            names_file=fspath(names) if isinstance(names, str | PathLike) else None,
            site=texts_of(site, "a site"),
            profile=load_profile(profile) if isinstance(profile, str) else profile,
            sites=load_sites(sites) if isinstance(sites, str | PathLike) else sites,
            accept_dose=accept_dose,
            allow_lint_errors=allow_lint_errors,
            strict=strict,
            include_unconfirmed=include_unconfirmed,
            laterality=laterality,  # type: ignore[arg-type]  # words, which become values above
            sex=sex,  # type: ignore[arg-type]
            near_percent=_percent(near_percent),
            progress=progress,
        )

    def named_tables(
        self, table: TableName | Sequence[TableName] | None, *, purpose: str
    ) -> tuple[ConstraintTable, ...]:
        """Load the tables that are named, those of a profile first; none where a site chooses, once a plan is read.

        Parameters
        ----------
        table
            Ids of bundled tables, paths of YAML files, or tables.
        purpose
            What they are for, as in "no table to check against".

        Raises
        ------
        UnknownTableError
            There is no such table; neither a table nor a site nor a profile is named; or of a site neither the lists
            nor one of the tables say which organs are expected.
        TableError
            A table has faults, or lint finds errors in it.
        NamesError
            A name is for an organ that nobody asks for: no TG-263 name, and of no table.
        """
        tables = load_tables(table)
        if self.profile is not None:
            of_profile = bundled_of(self.profile.tables)
            tables = (*of_profile, *(named for named in tables if named not in of_profile))
        if not tables and not self.site:
            raise UnknownTableError(f"no table {purpose}", hint="name one that sbrtcheck tables lists, or a site")
        self.refuse_unknown(tables)
        refuse_unfit(tables, allowed=self.allow_lint_errors)
        return tables

    def choose_tables(
        self, named_tables: tuple[ConstraintTable, ...], *prescriptions: Prescription | UnknownPrescription
    ) -> TableChoice:
        """Choose the tables for a plan, or for two that are compared: those named, else those of the site that hold.

        Parameters
        ----------
        named_tables
            By `named_tables`.
        prescriptions
            Of the plans.

        Raises
        ------
        UnknownTableError
            No number of fractions is known; or none is that of the profile, or of a table of the site.
        """
        if self.profile is not None:
            fractions = _fractions_for(self.profile, known_fractions(prescriptions))
            return tables_of_profile(named_tables, self.profile.site, fractions)
        return TableChoice(tables=named_tables) if named_tables else tables_of_sites(self.site, *prescriptions)

    def refuse_unknown(self, tables: Sequence[ConstraintTable]) -> None:
        """Raise `UnknownTableError` for a site, and `NamesError` for an organ, that nobody knows, as above."""
        self.refuse_unknown_sites(tables)
        check_names(self.names or {}, tables, file=self.names_file)

    def refuse_unknown_sites(self, tables: Sequence[ConstraintTable] = ()) -> None:
        """Raise `UnknownTableError` for a site of which neither the lists nor one of these tables know the organs."""
        if self.site:
            check_sites(self.site, self.sites or load_sites(), tables)


def _percent(percent: float) -> float:
    require_number(percent, "the distance from a limit, in percent")
    if not 0.0 <= percent <= 100.0:  # NaN too
        raise InputError(f"{percent:g} is no distance from a limit in percent", hint="give 0 to 100, such as 5")
    return float(percent)


def _site_of_profile(profile: Profile, named: tuple[str, ...]) -> tuple[str, ...]:
    """The site of the profile; `InputError` where another one is named."""
    if set(named) - {profile.site}:
        what = f"the site {', '.join(named)} is not that of the profile {profile.id}, which is {profile.site}"
        raise InputError(what, hint="leave the site out, or choose another profile")
    return (profile.site,)


def _fractions_for(profile: Profile, fractions: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of fractions of the plans; `UnknownTableError` where the profile is for none of them."""
    if profile.fractions in fractions:
        return fractions
    if not fractions:
        what = f"the plan's number of fractions is unknown, and the profile {profile.id} is for {profile.schedule}"
        raise UnknownTableError(what, hint="give the prescription like '50Gy/5'")
    others = [
        other.id for other in load_profiles().profiles if other.site == profile.site and other.fractions in fractions
    ]
    have = "the plan has" if len(fractions) == 1 else "the plans have"
    what = f"the profile {profile.id} is for {profile.schedule}, and {have} {fractions_text(fractions, ' and ')}"
    raise UnknownTableError(what, hint=f"choose {' or '.join((*others, f'the site {profile.site}'))}")

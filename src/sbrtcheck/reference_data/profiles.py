"""``profiles.yaml`` -> ready profiles: a schedule of a site, and the tables to check a plan of it against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sbrtcheck.errors import UnknownTableError
from sbrtcheck.formatting import one_screen
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.reference_data.regimens import SAME_DOSE_GY, Regimen, load_regimens
from sbrtcheck.suggest import suggest
from sbrtcheck.tables.shipped import Entry, read_shipped

FILE = "profiles.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Entry):
    """A schedule of one treatment site, and the tables that go with it.

    Parameters
    ----------
    id
        One word, such as ``lung-48gy-4fx``.
    title
        For people.
    site
        Treatment site: which organs are expected, and which rows of tables for several sites hold.
    dose_gy, fractions
        Of the whole course.
    tables
        Ids of bundled tables: those of the schedule's own protocols first, then those for the site, then those for
        many sites.
    note
        What a reader should know of the choice. Which organs have no limit that counts is not written down: that
        follows from the tables.
    """

    id: str
    title: str
    site: str
    dose_gy: float
    fractions: int
    tables: tuple[str, ...]
    note: str = ""

    @property
    def regimens(self) -> tuple[Regimen, ...]:
        """Where the schedule is named: the shipped regimens of its dose, fractions and site."""
        known = load_regimens().of_prescription(self.dose_gy, self.fractions)
        return tuple(regimen for regimen in known if self.site in regimen.sites)

    @property
    def schedule(self) -> str:
        """``48 Gy in 4 fractions``."""
        return f"{self.dose_gy:g} Gy in {self.fractions} {'fraction' if self.fractions == 1 else 'fractions'}"

    def is_schedule_of(self, rx: Prescription | UnknownPrescription) -> bool:
        """Whether a plan has this dose, but for normalisation, and this number of fractions."""
        if isinstance(rx, UnknownPrescription):
            return False
        return rx.fractions == self.fractions and abs(rx.dose_gy - self.dose_gy) <= SAME_DOSE_GY


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles(Entry):
    """All of the file."""

    id: str
    version: str
    title: str
    note: str
    profiles: tuple[Profile, ...]

    def __repr__(self) -> str:
        """The profiles, one a line: one screen."""
        lines = [f"{profile.id}: {profile.title}" for profile in self.profiles]
        return one_screen(f"Profiles {self.id} {self.version}: {len(lines)} profiles", lines)


@cache
def load_profiles() -> Profiles:
    """Load the shipped profiles."""
    return read_shipped(FILE, Profiles)


def load_profile(id_: str) -> Profile:
    """Load the profile of that id.

    Raises
    ------
    UnknownTableError
        There is none; the nearest ids are named.

    Examples
    --------
    >>> load_profile("lung-48gy-4fx").schedule
    '48 Gy in 4 fractions'
    """
    profiles = load_profiles().profiles
    for profile in profiles:
        if profile.id == id_:
            return profile
    ids = [profile.id for profile in profiles]
    hint = suggest(id_, ids) or f"the profiles are {', '.join(ids)}"
    raise UnknownTableError(f"no profile has the id {id_!r}", hint=hint)

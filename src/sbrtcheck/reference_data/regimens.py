"""``regimens.yaml`` -> the regimens, thresholds and corrected statements of the review that this package began with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache

from sbrtcheck.formatting import one_screen
from sbrtcheck.radiobiology import bed, eqd2
from sbrtcheck.tables.limits import Sense
from sbrtcheck.tables.shipped import Entry, read_shipped
from sbrtcheck.tables.values import ForSite, holds_at

FILE = "regimens.yaml"
TUMOUR_GY, LATE_GY = 10.0, 3.0  # the α/β by which regimens are compared: of a tumour, of late-reacting tissue
SAME_DOSE_GY = 0.05  # a prescription this close to a regimen's dose is that regimen: plans are normalised
SAME_BED_GY = 1e-6


class Named(StrEnum):
    """Where a regimen was found."""

    REVIEW = "review"
    PRIMARY = "primary source"
    TRIAL = "trial or guideline"


class ReportedBy(StrEnum):
    """In what the outcome of a regimen was read; nobody read the full papers."""

    NOBODY = ""
    REVIEW = "review"
    PRIMARY = "primary abstract"
    SECONDARY = "secondary table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Entry):
    """A statement of the review that its source contradicts; the source's number is the one to use.

    ``liver_months`` is the median survival of patients with liver metastases by primary tumour, where it is about that.
    """

    id: str
    site: str
    review: str
    source: str
    citation: str
    liver_months: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Entry, ForSite):
    """A BED that the review calls decisive.

    ``sense`` is the review's, ``source_sense`` what its source prints, the same where that was not read. ``spread_gy``
    is the ± printed with the BED, 0 where none is. ``site`` is the one treatment site whose plans it is about; ``""``:
    every site.
    """

    id: str
    site: str = ""
    bed_gy: float
    spread_gy: float = 0.0
    alpha_beta_gy: float
    sense: Sense
    source_sense: Sense
    statement: str
    where: str
    source: str
    source_says: str
    read: bool

    def holds_at(self, site: str | None) -> bool:
        """Whether it is about plans of this site; None: of an unknown one, for which nothing is left out."""
        return site is None or holds_at(self.site, site)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printed(Entry):
    id: str
    sites: tuple[str, ...]
    site_printed: str
    dose_gy: float
    fractions: int
    fractions_assumed: bool = False
    named_in: Named
    where: str
    printed_bed10_gy: float | None = None
    reported: str = ""
    reported_by: ReportedBy = ReportedBy.NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen(_Printed):
    """A dose and fractionation, where it is named, and what was reported for it.

    ``fractions_assumed``: the source names the dose alone. ``printed_bed10_gy`` is the BED that a source prints, None
    where none does. ``differs`` is the review's statement that its source contradicts.
    """

    differs: Statement | None = None

    @property
    def bed10_gy(self) -> float:
        """BED for α/β 10 Gy."""
        return bed(self.dose_gy, fractions=self.fractions, alpha_beta_gy=TUMOUR_GY)

    @property
    def eqd2_ab10_gy(self) -> float:
        """EQD2 for α/β 10 Gy."""
        return eqd2(self.dose_gy, fractions=self.fractions, alpha_beta_gy=TUMOUR_GY)

    @property
    def bed3_gy(self) -> float:
        """BED for α/β 3 Gy."""
        return bed(self.dose_gy, fractions=self.fractions, alpha_beta_gy=LATE_GY)

    @property
    def eqd2_ab3_gy(self) -> float:
        """EQD2 for α/β 3 Gy."""
        return eqd2(self.dose_gy, fractions=self.fractions, alpha_beta_gy=LATE_GY)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentWithoutDose(Entry):
    """A treatment of which the review says neither dose nor number of fractions; what is reported was read there."""

    id: str
    site: str
    treatment: str
    where: str
    reported: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _RegimenInFile(_Printed):
    """A regimen as the file has it: ``differs`` is the id of a statement."""

    differs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimenFile(Entry):
    """What the file has at its top."""

    id: str
    version: str
    title: str
    citation: str
    note: str
    thresholds: tuple[Threshold, ...]
    statements: tuple[Statement, ...]
    without_dose: tuple[TreatmentWithoutDose, ...] = ()
    regimens: tuple[_RegimenInFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimens:
    """All of the file; ``citation`` is of the review, ``without_dose`` what it says of treatments and not of a dose."""

    version: str
    title: str
    citation: str
    note: str
    thresholds: tuple[Threshold, ...]
    statements: tuple[Statement, ...]
    without_dose: tuple[TreatmentWithoutDose, ...]
    regimens: tuple[Regimen, ...]

    def __repr__(self) -> str:
        """The regimens, one a line: one screen."""
        lines = [f"{one.dose_gy:g} Gy in {one.fractions}: {one.id}, {one.site_printed}" for one in self.regimens]
        return one_screen(f"Regimens {self.version}: {len(self.regimens)} regimens of {self.citation}", lines)

    def of_prescription(self, dose_gy: float, fractions: int) -> tuple[Regimen, ...]:
        """The regimens with that dose and number of fractions, without those that a source names by the dose alone."""
        return tuple(
            regimen
            for regimen in self.regimens
            if regimen.fractions == fractions
            and abs(regimen.dose_gy - dose_gy) <= SAME_DOSE_GY
            and not regimen.fractions_assumed
        )

    def extremes_a_fraction(self, fractions: int) -> tuple[Regimen, Regimen] | None:
        """The regimens between whose doses a fraction those of a schedule of so many fractions are expected.

        The fewer the fractions, the higher each: the first has the lowest dose a fraction of all that are given in as
        many or fewer, the second the highest of all that are given in as many or more. Regimens that a source names by
        the dose alone are left out. None for more fractions than any of the others has.
        """
        stated = [regimen for regimen in self.regimens if not regimen.fractions_assumed]
        in_fewer = [regimen for regimen in stated if regimen.fractions <= fractions]
        in_more = [regimen for regimen in stated if regimen.fractions >= fractions]
        if not in_fewer or not in_more:
            return None
        return min(in_fewer, key=_by_fraction_dose), max(in_more, key=_by_fraction_dose)


def _by_fraction_dose(regimen: Regimen) -> tuple[float, str]:
    return regimen.dose_gy / regimen.fractions, regimen.id


def side_of(bed_gy: float, threshold_gy: float, sense: Sense) -> bool:
    """Whether a BED meets a threshold; a difference of rounding only is none, for 50 Gy in 5 has exactly 100 Gy."""
    is_same = abs(bed_gy - threshold_gy) <= SAME_BED_GY
    return sense.is_met(threshold_gy if is_same else bed_gy, threshold_gy)


@cache
def load_regimens() -> Regimens:
    """Load the shipped regimens."""
    file = read_shipped(FILE, RegimenFile)
    statements = {statement.id: statement for statement in file.statements}
    return Regimens(
        version=file.version,
        title=file.title,
        citation=file.citation,
        note=file.note,
        thresholds=file.thresholds,
        statements=file.statements,
        without_dose=file.without_dose,
        regimens=tuple(_regimen(entry, statements) for entry in file.regimens),
    )


def _regimen(entry: _RegimenInFile, statements: Mapping[str, Statement]) -> Regimen:
    printed = {own.name: getattr(entry, own.name) for own in fields(_Printed)}
    return Regimen(**printed, differs=statements[entry.differs] if entry.differs else None)

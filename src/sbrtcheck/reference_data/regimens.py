"""Shipped YAML -> the regimens, thresholds and corrected statements of the review that this package began with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sbrtcheck.radiobiology import bed, eqd2
from sbrtcheck.tables.shipped import read_shipped
from sbrtcheck.tables.values import MULTI, Sense, holds_at

if TYPE_CHECKING:
    from sbrtcheck.reference_data.regimen_shape import RegimenFile, StatementFile, ThresholdFile

FILE = "regimens.yaml"
TUMOUR_GY, LATE_GY = 10.0, 3.0  # the α/β by which regimens are compared: of a tumour, of late-reacting tissue
SAME_DOSE_GY = 0.05  # a prescription this near to a regimen's dose is that regimen: plans are normalised
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
class Statement:
    """Something the review says and its source says otherwise; the source's number is the one to use.

    ``liver_months`` is the median survival of patients with liver metastases by primary tumour, where it is about that.
    """

    id: str
    site: str
    review: str
    source: str
    citation: str
    liver_months: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A BED that the review calls decisive.

    ``sense`` is the review's, ``source_sense`` what its source prints, the same where that was not read. ``spread_gy``
    is the ± printed with the BED. ``site`` is the one treatment site whose plans it is about; ``""``: every site.
    """

    id: str
    site: str
    bed_gy: float
    spread_gy: float
    alpha_beta_gy: float
    sense: Sense
    source_sense: Sense
    statement: str
    where: str
    source: str
    source_says: str
    read: bool

    def holds_at(self, site: str) -> bool:
        """Whether it is about plans of this site; see `sbrtcheck.tables.holds_at`."""
        return holds_at(self.site, site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    """A dose and fractionation, where it is named, and what was reported for it.

    ``fractions_assumed``: the source names the dose alone. ``printed_bed10_gy`` is the BED that a source prints, None
    where none does. ``differs`` is what the review says otherwise than its source.
    """

    id: str
    sites: tuple[str, ...]
    site_printed: str
    dose_gy: float
    fractions: int
    fractions_assumed: bool
    named_in: Named
    where: str
    printed_bed10_gy: float | None
    reported: str
    reported_by: ReportedBy
    differs: Statement | None

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
class Regimens:
    """All of the file; ``citation`` is of the review."""

    version: str
    title: str
    citation: str
    note: str
    thresholds: tuple[Threshold, ...]
    statements: tuple[Statement, ...]
    regimens: tuple[Regimen, ...]

    def of_prescription(self, dose_gy: float, fractions: int) -> tuple[Regimen, ...]:
        """The regimens with that dose and number of fractions; a dose that a source gives without them is not told."""
        return tuple(
            one
            for one in self.regimens
            if one.fractions == fractions and abs(one.dose_gy - dose_gy) <= SAME_DOSE_GY and not one.fractions_assumed
        )


def side_of(bed_gy: float, threshold_gy: float, sense: Sense) -> bool:
    """Whether a BED meets a threshold; a difference of rounding only is none, for 50 Gy in 5 has exactly 100 Gy."""
    if abs(bed_gy - threshold_gy) <= SAME_BED_GY:
        return sense in (Sense.AT_LEAST, Sense.AT_MOST)
    return (bed_gy > threshold_gy) == (sense in (Sense.ABOVE, Sense.AT_LEAST))


@cache
def load_regimens() -> Regimens:
    """Load the shipped regimens."""
    from sbrtcheck.reference_data.regimen_shape import RegimensFile

    file = read_shipped(FILE, RegimensFile)
    statements = {one.id: _statement(one) for one in file.statements}
    return Regimens(
        version=file.version,
        title=file.title,
        citation=file.citation,
        note=file.note,
        thresholds=tuple(map(_threshold, file.thresholds)),
        statements=tuple(statements.values()),
        regimens=tuple(_regimen(one, statements) for one in file.regimens),
    )


def _statement(one: StatementFile) -> Statement:
    return Statement(
        id=one.id,
        site=one.site,
        review=one.review,
        source=one.source,
        citation=one.citation,
        liver_months=tuple(one.liver_months.items()),
    )


def _threshold(one: ThresholdFile) -> Threshold:
    return Threshold(
        id=one.id,
        site="" if one.site == MULTI else one.site,
        bed_gy=one.bed,
        spread_gy=one.spread,
        alpha_beta_gy=one.alpha_beta,
        sense=Sense(one.sense),
        source_sense=Sense(one.source_sense or one.sense),
        statement=one.statement,
        where=one.where,
        source=one.source,
        source_says=one.source_says,
        read=one.read,
    )


def _regimen(one: RegimenFile, statements: dict[str, Statement]) -> Regimen:
    return Regimen(
        id=one.id,
        sites=tuple(one.sites),
        site_printed=one.site_printed,
        dose_gy=one.dose,
        fractions=one.fractions,
        fractions_assumed=one.fractions_assumed,
        named_in=Named(one.named_in),
        where=one.where,
        printed_bed10_gy=one.printed_bed10,
        reported=one.reported,
        reported_by=ReportedBy(one.reported_by),
        differs=statements[one.differs] if one.differs else None,
    )

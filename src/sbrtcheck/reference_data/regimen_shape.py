"""Which keys the file of regimens has, for pydantic; imported where it is read, not before."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sbrtcheck.tables.shape import Id, Number, Text

Site = Literal["lung", "liver", "bone", "node", "pelvis", "multi"]
Sense = Literal["above", "at_least"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ThresholdFile(_Strict):
    """A BED that the review calls decisive."""

    id: Id
    site: Site
    bed: Number
    spread: Annotated[float, Field(ge=0)] = 0.0
    alpha_beta: Number = 10.0  # where a source states none; the entry says so
    sense: Sense
    source_sense: Sense | None = None
    statement: Text
    where: Text
    source: Text
    source_says: Text
    read: bool


class StatementFile(_Strict):
    """What the review says, and its source."""

    id: Id
    site: Site
    review: Text
    source: Text
    citation: Text
    liver_months: dict[str, Number] = {}


class RegimenFile(_Strict):
    """A dose and fractionation."""

    id: Id
    sites: Annotated[list[Site], Field(min_length=1)]
    site_printed: Text
    dose: Number
    fractions: Annotated[int, Field(ge=1)]
    fractions_assumed: bool = False
    named_in: Literal["review", "primary source", "trial or guideline"]
    where: Text
    printed_bed10: Number | None = None
    reported: str = ""
    reported_by: Literal["", "review", "primary abstract", "secondary table"] = ""
    differs: Id | None = None


class RegimensFile(_Strict):
    """The whole file."""

    id: Id
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    title: Text
    citation: Text
    note: Text
    thresholds: list[ThresholdFile]
    statements: list[StatementFile]
    regimens: list[RegimenFile]

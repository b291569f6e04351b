"""Which keys the file of risk models has, for pydantic; imported where it is read, not before."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sbrtcheck.tables.shape import Id, Names, Number, Text

Version = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
Whole = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScaleFile(_Strict):
    """The dose that parameters were fitted on: in fractions of one size, or physical for some fraction numbers."""

    fraction_gy: Number | None = None
    alpha_beta: Number | None = None
    physical: list[Whole] = []

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        equivalent = self.fraction_gy is not None and self.alpha_beta is not None
        if equivalent == bool(self.physical) or (self.fraction_gy is None) != (self.alpha_beta is None):
            raise ValueError("a scale is fraction_gy with alpha_beta, or physical")
        return self


class _Sourced(_Strict):
    id: Id
    endpoint: Text
    citation: Text
    where: Text
    confirmed_by: Names
    note: Text
    site: Id | None = None  # the one treatment site whose plans it is about


class NtcpFile(_Sourced):
    """Parameters of Lyman's model; the width is m or the slope gamma50."""

    organ: Text
    structures: Names
    n: Number
    m: Number | None = None
    gamma50: Number | None = None
    td50: Number
    scale: ScaleFile

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if (self.m is None) == (self.gamma50 is None):
            raise ValueError("give m or gamma50")
        return self


class TcpFile(_Sourced):
    """Parameters of a logistic curve; its middle is a BED, or one for each centimetre of diameter."""

    tumour: Text
    bed50: Number | None = None
    bed50_per_cm: Number | None = None
    scale: Number
    alpha_beta: Number
    least_fractions: Whole = 1
    least_dose_per_fraction: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _one_middle(self) -> Self:
        if (self.bed50 is None) == (self.bed50_per_cm is None):
            raise ValueError("give bed50 or bed50_per_cm")
        return self


class RiskModelsFile(_Strict):
    """The whole file."""

    id: Id
    version: Version
    note: Text
    ntcp: list[NtcpFile]
    tcp: list[TcpFile]

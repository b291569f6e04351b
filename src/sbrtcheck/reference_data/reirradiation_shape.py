"""Which keys the file of re-irradiation rules has, for pydantic; imported where it is read, not before."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sbrtcheck.tables.shape import Id, Names, Number, Text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LimitFile(_Strict):
    """One limit of a rule, on one side of one number."""

    id: Id
    of: Literal["cumulative", "course", "ratio", "interval_months"]
    at_most: Number | None = None
    at_least: Number | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give at_most or at_least")
        return self


class RuleFile(_Strict):
    """Limits that hold together."""

    id: Id
    title: Text
    organ: Text
    structures: Names
    metric: Text
    alpha_beta: Number
    fractions: list[Annotated[int, Field(ge=1)]]
    endpoint: Text
    citation: Text
    where: Text
    confirmed_by: Names
    note: Text
    limits: list[LimitFile]


class ReirradiationFile(_Strict):
    """The whole file."""

    id: Id
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    rules: list[RuleFile]

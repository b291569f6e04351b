"""Which keys the file of scores has, for pydantic; imported where it is read, not before."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sbrtcheck.tables.shape import Id, Number, Text

Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Score(_Strict):
    title: Text
    citation: Text
    where: Text
    use: Text
    not_for: Text


class PointsFile(_Strict):
    """Points of each factor."""

    male: Count
    synchronous: Count
    brain: Count
    non_adenocarcinoma: Count
    kps_below_80: Count


class GroupFile(_Strict):
    """Median survival of a range of points, with its 95 % interval."""

    least: Count
    most: Count
    months: Number
    low: Number
    high: Number


class EndFile(_Strict):
    """Survival at one number of factors."""

    factors: Count
    months: Number


class MetabankFile(_Score):
    """The MetaBank score."""

    points: PointsFile
    kps_limit: Count
    groups: list[GroupFile]


class DeVinFile(_Score):
    """De Vin's factors at the two ends."""

    ends: list[EndFile]


class OligometastaticFile(_Score):
    """Classes by number."""

    few: Count
    several: Count
    remark: Text
    lung_candidate_most: Count
    lung_candidate: Text


class ScoresFile(_Strict):
    """The whole file."""

    id: Id
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    note: Text
    metabank: MetabankFile
    de_vin: DeVinFile
    oligometastatic: OligometastaticFile

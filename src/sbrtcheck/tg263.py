"""Structure names: the TG-263 name a plan's structure has, by which rule; never a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Which rule took a structure for an organ."""

    GIVEN = "given by the user"
    EXACT = "TG-263 name"
    ALIAS = "listed alias"
    CODE = "RT ROI identification code"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiName:
    """What matching may look at of one structure."""

    name: str
    number: int
    kind: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The one structure taken for an organ."""

    organ: str
    roi: RoiName
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No structure may be taken; ``near`` are close names, only suggested."""

    organ: str
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Several structures fit equally well."""

    organ: str
    candidates: tuple[str, ...]


def match(organ: str, rois: Sequence[RoiName], names: Mapping[str, str] | None = None) -> Match | NoMatch | Ambiguous:
    """The structure of the plan that is ``organ`` (a TG-263 name); ``names`` maps organ -> ROI name and wins."""
    raise NotImplementedError

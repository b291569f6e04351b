"""What a complication or control model gives for a plan: frozen values, never a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.dvh import Bounds, Reason
from sbrtcheck.plan import Finding
from sbrtcheck.reference_data import NtcpModel, TcpModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A probability from 0 to 1, with the interval that the numerical error of the dose leaves it.

    ``dose`` is what the model was asked at, on its own ``scale``: gEUD for complications, BED for control. How far the
    model itself may be off is in no number here.
    """

    model: NtcpModel | TcpModel
    probability: Bounds
    dose: Bounds
    scale: str
    contour: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRisk:
    """A model that was not applied, and why."""

    model: NtcpModel | TcpModel
    reason: Reason
    detail: str = ""

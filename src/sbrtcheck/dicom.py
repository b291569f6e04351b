"""RTSTRUCT, RTDOSE, RTPLAN -> Plan; or the DVHs that the planning system stored -> DVHSet."""

from __future__ import annotations

from os import PathLike

from sbrtcheck.dvh import DVHSet
from sbrtcheck.plan import Plan, Prescription


def load_plan(
    path: str | PathLike[str] | list[str | PathLike[str]],
    *,
    plan: str | None = None,
    prescription: Prescription | None = None,
) -> Plan:
    """Read the one plan in a folder or list of files."""
    raise NotImplementedError


def load_dvhs(
    path: str | PathLike[str] | list[str | PathLike[str]],
    *,
    plan: str | None = None,
    prescription: Prescription | None = None,
) -> DVHSet:
    """The DVHs that the planning system stored in the RTDOSE."""
    raise NotImplementedError

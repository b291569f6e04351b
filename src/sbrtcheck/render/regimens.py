"""Regimens -> the lists that show them, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from sbrtcheck.reference_data import Regimen, Regimens, Statement, Threshold, TreatmentWithoutDose
from sbrtcheck.reference_data.regimens import ReportedBy
from sbrtcheck.render.course import difference_text, reported_text, threshold_text
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results import rounded

_HEADINGS = ("Regimen", "Site", "Dose", "BED10", "EQD2 (a/b 10)", "BED3", "Named in, reported")


def regimens_text(shipped: Regimens, site: str | None) -> str:
    """List regimens for people, then the thresholds, and where review and sources differ."""
    grid = ruled_table(*_HEADINGS)
    for regimen in _of_site(shipped, site):
        dose = f"{regimen.dose_gy:g} Gy/{regimen.fractions}"
        doses = (f"{gy:.2f}" for gy in (regimen.bed10_gy, regimen.eqd2_ab10_gy, regimen.bed3_gy))
        reported = f"{regimen.named_in}: {reported_text(regimen)}"
        grid.add_row(*map(Text, (regimen.id, regimen.site_printed, dose, *doses, reported)))
    for entry in _without_dose(shipped, site):
        reported = f"review: {entry.treatment}; {entry.where}. {entry.reported} (read in: {ReportedBy.REVIEW})"
        grid.add_row(*map(Text, (entry.id, entry.site, "not stated", "-", "-", "-", reported)))
    thresholds = [_threshold_line(threshold) for threshold in shipped.thresholds if threshold.holds_at(site)]
    statements = [difference_text(statement) for statement in shipped.statements if site in (None, statement.site)]
    parts: list[Any] = [grid, *_section("Thresholds", thresholds)]
    parts += _section("Where the review and its sources differ", statements)
    parts += _section("From", [shipped.citation, shipped.note])
    return terminal_text(parts)


def _section(title: str, lines: Sequence[str]) -> list[Text]:
    return [Text(f"\n{title}"), *(Text(f"  {line}") for line in lines)] if lines else []


def _threshold_line(threshold: Threshold) -> str:
    by_review = f"BED {threshold_text(threshold, threshold.sense)} in the review"
    if threshold.source_sense is not threshold.sense:
        by_review += f", {threshold_text(threshold, threshold.source_sense)} in its source"
    return f"{by_review}: {threshold.statement}. {threshold.source}: {threshold.source_says}"


def _without_dose(shipped: Regimens, site: str | None) -> list[TreatmentWithoutDose]:
    return [entry for entry in shipped.without_dose if site in (None, entry.site)]


def _of_site(shipped: Regimens, site: str | None) -> list[Regimen]:
    return [regimen for regimen in shipped.regimens if site is None or site in regimen.sites]


def regimens_json(shipped: Regimens, site: str | None) -> str:
    """List regimens for programs."""
    listed = {
        "schema": "sbrtcheck-regimens/1",
        "version": shipped.version,
        "citation": shipped.citation,
        "note": shipped.note,
        "regimens": [_regimen_dict(entry) for entry in _of_site(shipped, site)],
        "without_dose": [_without_dose_dict(entry) for entry in _without_dose(shipped, site)],
        "thresholds": [_threshold_dict(entry) for entry in shipped.thresholds if entry.holds_at(site)],
        "statements": [_statement_dict(entry) for entry in shipped.statements if site in (None, entry.site)],
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _regimen_dict(regimen: Regimen) -> dict[str, Any]:
    return {
        "id": regimen.id,
        "sites": list(regimen.sites),
        "site_printed": regimen.site_printed,
        "dose_gy": rounded(regimen.dose_gy),
        "fractions": regimen.fractions,
        "fractions_assumed": regimen.fractions_assumed,
        "bed10_gy": rounded(regimen.bed10_gy),
        "eqd2_ab10_gy": rounded(regimen.eqd2_ab10_gy),
        "bed3_gy": rounded(regimen.bed3_gy),
        "eqd2_ab3_gy": rounded(regimen.eqd2_ab3_gy),
        "printed_bed10_gy": rounded(regimen.printed_bed10_gy),
        "named_in": str(regimen.named_in),
        "where": regimen.where,
        "reported": regimen.reported,
        "reported_by": str(regimen.reported_by),
        "differs": regimen.differs.id if regimen.differs else None,
    }


def _without_dose_dict(entry: TreatmentWithoutDose) -> dict[str, str]:
    return {
        "id": entry.id,
        "site": entry.site,
        "treatment": entry.treatment,
        "where": entry.where,
        "reported": entry.reported,
        "reported_by": str(ReportedBy.REVIEW),
    }


def _threshold_dict(threshold: Threshold) -> dict[str, Any]:
    return {
        "id": threshold.id,
        "site": threshold.site,
        "bed_gy": threshold.bed_gy,
        "spread_gy": threshold.spread_gy,
        "alpha_beta_gy": threshold.alpha_beta_gy,
        "sense": str(threshold.sense),
        "source_sense": str(threshold.source_sense),
        "statement": threshold.statement,
        "where": threshold.where,
        "source": threshold.source,
        "source_says": threshold.source_says,
        "source_read": threshold.read,
    }


def _statement_dict(statement: Statement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "site": statement.site,
        "review": statement.review,
        "source": statement.source,
        "citation": statement.citation,
        "liver_months": dict(statement.liver_months),
    }

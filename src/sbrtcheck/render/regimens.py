"""Regimens -> the lists that show them, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from sbrtcheck.reference_data import Regimen, Regimens, Statement, Threshold
from sbrtcheck.render.course import differs, limit, said
from sbrtcheck.render.text import plain_table, printed
from sbrtcheck.results import rounded

_HEADINGS = ("Regimen", "Site", "Dose", "BED10", "EQD2 (a/b 10)", "BED3", "Named in, reported")


def regimens_text(shipped: Regimens, site: str | None) -> str:
    """List regimens for people, then the thresholds, and where review and sources differ."""
    grid = plain_table(*_HEADINGS)
    for one in _of_site(shipped, site):
        dose = f"{one.dose_gy:g} Gy/{one.fractions}"
        doses = (f"{gy:.2f}" for gy in (one.bed10_gy, one.eqd2_ab10_gy, one.bed3_gy))
        grid.add_row(*map(Text, (one.id, one.site_printed, dose, *doses, f"{one.named_in}: {said(one)}")))
    thresholds = [_threshold_text(one) for one in shipped.thresholds if one.holds_at(site or "")]
    statements = [differs(one) for one in shipped.statements if site in (None, one.site)]
    parts: list[Any] = [grid, *_section("Thresholds", thresholds)]
    parts += _section("Where the review and its sources differ", statements)
    parts += _section("From", [shipped.citation, shipped.note])
    return printed(parts)


def _section(title: str, lines: Sequence[str]) -> list[Text]:
    return [Text(f"\n{title}"), *(Text(f"  {line}") for line in lines)] if lines else []


def _threshold_text(one: Threshold) -> str:
    by_source = f", {limit(one, one.source_sense)} in its source" if one.source_sense is not one.sense else ""
    return f"BED {limit(one, one.sense)} in the review{by_source}: {one.statement}. {one.source}: {one.source_says}"


def _of_site(shipped: Regimens, site: str | None) -> list[Regimen]:
    return [one for one in shipped.regimens if site is None or site in one.sites]


def regimens_json(shipped: Regimens, site: str | None) -> str:
    """List regimens for programs."""
    listed = {
        "schema": "sbrtcheck-regimens/1",
        "version": shipped.version,
        "citation": shipped.citation,
        "note": shipped.note,
        "regimens": [_regimen_dict(one) for one in _of_site(shipped, site)],
        "thresholds": [_threshold_dict(one) for one in shipped.thresholds if one.holds_at(site or "")],
        "statements": [_statement_dict(one) for one in shipped.statements if site in (None, one.site)],
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _regimen_dict(one: Regimen) -> dict[str, Any]:
    return {
        "id": one.id,
        "sites": list(one.sites),
        "site_printed": one.site_printed,
        "dose_gy": rounded(one.dose_gy),
        "fractions": one.fractions,
        "fractions_assumed": one.fractions_assumed,
        "bed10_gy": rounded(one.bed10_gy),
        "eqd2_ab10_gy": rounded(one.eqd2_ab10_gy),
        "bed3_gy": rounded(one.bed3_gy),
        "eqd2_ab3_gy": rounded(one.eqd2_ab3_gy),
        "printed_bed10_gy": rounded(one.printed_bed10_gy),
        "named_in": str(one.named_in),
        "where": one.where,
        "reported": one.reported,
        "reported_by": str(one.reported_by),
        "differs": one.differs.id if one.differs else None,
    }


def _threshold_dict(one: Threshold) -> dict[str, Any]:
    return {
        "id": one.id,
        "site": one.site,
        "bed_gy": one.bed_gy,
        "spread_gy": one.spread_gy,
        "alpha_beta_gy": one.alpha_beta_gy,
        "sense": str(one.sense),
        "source_sense": str(one.source_sense),
        "statement": one.statement,
        "where": one.where,
        "source": one.source,
        "source_says": one.source_says,
        "source_read": one.read,
    }


def _statement_dict(one: Statement) -> dict[str, Any]:
    return {
        "id": one.id,
        "site": one.site,
        "review": one.review,
        "source": one.source,
        "citation": one.citation,
        "liver_months": dict(one.liver_months),
    }

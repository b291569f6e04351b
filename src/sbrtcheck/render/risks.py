"""Risks -> the list that shows them, as text or JSON; never a verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import Bounds
from sbrtcheck.reference_data import NtcpModel, TcpModel
from sbrtcheck.render import words
from sbrtcheck.render.text import plain_table, printed
from sbrtcheck.results import NOTICE, NoRisk, Risk
from sbrtcheck.results.to_dict import bounds_dict, finding_dict

CAUTION = (
    "Risks by published models, not verdicts: each holds for patients like those of its source."
    " Models that are for one treatment site are shown where --site names it."
)


def risks_text(found: Sequence[Risk | NoRisk]) -> str:
    """List risks for people, then what stands behind each model."""
    grid = plain_table("Model", "Endpoint", "Probability", "Dose", "Of")
    for one in found:
        grid.add_row(*map(Text, (one.model.id, one.model.endpoint, *_cells(one))))
    notes = [Text(f"  {one.model.id}: {_note(one.model)}") for one in found]
    said = dict.fromkeys(words.finding_text(f) for one in found if isinstance(one, Risk) for f in one.findings)
    findings = [Text("\nFindings"), *(Text(f"  {line}") for line in said)] if said else []
    return printed([Text(CAUTION), Text(""), grid, *findings, Text("\nModels"), *notes, Text(f"\n{NOTICE}")])


def _cells(one: Risk | NoRisk) -> tuple[str, str, str]:
    if isinstance(one, NoRisk):
        return (f"none: {one.reason}", "", words.clean(one.detail))
    dose = f"{one.dose.value:.2f} Gy ({one.scale})"
    return (_percent(one.probability), dose, words.clean(one.contour) or "the prescription")


def _percent(probability: Bounds) -> str:
    """``17.2 % [16.9, 17.5]``; the band is left out when it rounds to the value."""
    value, low, high = (f"{100 * x:.1f}" for x in (probability.value, probability.low, probability.high))
    return f"{value} %" if low == value == high else f"{value} % [{low}, {high}]"


def _note(model: NtcpModel | TcpModel) -> str:
    standing = "" if model.confirmed else "unconfirmed; "
    return f"{standing}{model.source.citation}, {model.source.where}. {model.note}"


def risks_json(found: Sequence[Risk | NoRisk]) -> str:
    """List risks for programs; probabilities from 0 to 1."""
    listed = {"schema": "sbrtcheck-risks/1", "risks": [_risk_dict(one) for one in found], "notice": NOTICE}
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _risk_dict(one: Risk | NoRisk) -> dict[str, Any]:
    risk = one if isinstance(one, Risk) else None
    return {
        "model": one.model.id,
        "kind": "complication" if isinstance(one.model, NtcpModel) else "control",
        "endpoint": one.model.endpoint,
        "probability": bounds_dict(risk.probability) if risk else None,
        "dose_gy": bounds_dict(risk.dose) if risk else None,
        "scale": risk.scale if risk else None,
        "contour": risk.contour if risk else None,
        "reason": None if isinstance(one, Risk) else str(one.reason),
        "detail": "" if isinstance(one, Risk) else one.detail,
        "confirmed": one.model.confirmed,
        "citation": one.model.source.citation,
        "where": one.model.source.where,
        "note": one.model.note,
        "findings": [finding_dict(finding) for finding in (risk.findings if risk else ())],
    }

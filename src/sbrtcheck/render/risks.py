"""Risks -> the list that shows them, as text or JSON; never a verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import Bounds
from sbrtcheck.formatting import clean
from sbrtcheck.reference_data import NtcpModel, TcpModel
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results import NOTICE, NoRisk, Risk, labels
from sbrtcheck.results.to_dict import bounds_dict, finding_dict

CAUTION = (
    "Risks by published models, not verdicts: each holds for patients like those of its source."
    " Models that are for one treatment site are shown where --site names it."
)


def risks_text(risks: Sequence[Risk | NoRisk]) -> str:
    """List risks for people, then the source of each model."""
    grid = ruled_table("Model", "Endpoint", "Probability", "Dose", "Of")
    for risk in risks:
        grid.add_row(*map(Text, (risk.model.id, risk.model.endpoint, *_cells(risk))))
    notes = [Text(f"  {risk.model.id}: {_note(risk.model)}") for risk in risks]
    lines = dict.fromkeys(labels.finding_text(f) for risk in risks if isinstance(risk, Risk) for f in risk.findings)
    findings = [Text("\nFindings"), *(Text(f"  {line}") for line in lines)] if lines else []
    return terminal_text([Text(CAUTION), Text(""), grid, *findings, Text("\nModels"), *notes, Text(f"\n{NOTICE}")])


def _cells(risk: Risk | NoRisk) -> tuple[str, str, str]:
    if isinstance(risk, NoRisk):
        return (f"none: {risk.reason}", "", clean(risk.detail))
    dose = f"{risk.dose.value:.2f} Gy ({risk.scale})"
    applied_to = "the prescription" if isinstance(risk.model, TcpModel) else clean(risk.contour)
    return (_percent(risk.probability), dose, applied_to)


def _percent(probability: Bounds) -> str:
    """``17.2 % [16.9, 17.5]``; the bounds are left out when they round to the value."""
    value, low, high = (f"{100 * x:.1f}" for x in (probability.value, probability.low, probability.high))
    return f"{value} %" if low == value == high else f"{value} % [{low}, {high}]"


def _note(model: NtcpModel | TcpModel) -> str:
    standing = "" if model.confirmed else "unconfirmed; "
    return f"{standing}{model.source.citation}, {model.source.where}. {model.note}"


def risks_json(risks: Sequence[Risk | NoRisk]) -> str:
    """List risks for programs; probabilities from 0 to 1."""
    listed = {"schema": "sbrtcheck-risks/1", "risks": [_risk_dict(risk) for risk in risks], "notice": NOTICE}
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _risk_dict(result: Risk | NoRisk) -> dict[str, Any]:
    risk = result if isinstance(result, Risk) else None
    return {
        "model": result.model.id,
        "kind": "complication" if isinstance(result.model, NtcpModel) else "control",
        "endpoint": result.model.endpoint,
        "probability": bounds_dict(risk.probability) if risk else None,
        "dose_gy": bounds_dict(risk.dose) if risk else None,
        "scale": risk.scale if risk else None,
        "contour": risk.contour if risk else None,
        "reason": None if isinstance(result, Risk) else str(result.reason),
        "detail": "" if isinstance(result, Risk) else result.detail,
        "confirmed": result.model.confirmed,
        "citation": result.model.source.citation,
        "where": result.model.source.where,
        "note": result.model.note,
        "findings": [finding_dict(finding) for finding in (risk.findings if risk else ())],
    }

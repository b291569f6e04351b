"""Risks -> the list that shows them, as text or JSON; never a verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from sbrtcheck.dvh import Bounds
from sbrtcheck.formatting import clean
from sbrtcheck.reference_data import NtcpModel, TcpModel, load_risk_models
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.results import NOTICE, NoRisk, Risk, labels
from sbrtcheck.results.to_dict import bounds_dict, finding_dict

CAUTION = "Risks by published models, not verdicts: each holds for patients like those of its source."
_NONE = "No model was asked for, and none is true of every plan."


def risks_text(risks: Sequence[Risk | NoRisk], left_out: Sequence[NtcpModel | TcpModel] = ()) -> str:
    """List risks for people, then the source of each model, and how to ask for the models that were left out."""
    grid = ruled_table("Model", "Endpoint", "Probability", "Dose", "Of")
    for risk in risks:
        grid.add_row(*map(Text, (risk.model.id, risk.model.endpoint, *_cells(risk))))
    notes = [Text(f"  {risk.model.id}: {_note(risk.model)}") for risk in risks]
    lines = dict.fromkeys(labels.finding_text(f) for risk in risks if isinstance(risk, Risk) for f in risk.findings)
    findings = [Text("\nFindings"), *(Text(f"  {line}") for line in lines)] if lines else []
    listed = [Text(""), grid, *findings, Text("\nModels"), *notes] if risks else [Text(_NONE)]
    return terminal_text([Text(CAUTION), *listed, *_left_out_parts(left_out), Text(f"\n{NOTICE}")])


def _left_out_parts(models: Sequence[NtcpModel | TcpModel]) -> Iterator[Text]:
    """How to ask for each of the models that were left out; those asked for alike on one line."""
    by_option: dict[str, list[str]] = {}
    for model in models:
        by_option.setdefault(_option(model), []).append(f"{model.id} ({model.endpoint})")
    if by_option:
        yield Text("\nLeft out, for a model is applied to what it is about; ask for them with")
    for option, names in by_option.items():
        yield Text(f"  {option}: {', '.join(names)}")


def _option(model: NtcpModel | TcpModel) -> str:
    if not model.tumour:
        return " or ".join(f"--site {site}" for site in model.sites)
    tumour = load_risk_models().tumour(model.tumour)
    return f"--tumour {tumour.id} ({tumour.title})"


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


def risks_json(risks: Sequence[Risk | NoRisk], left_out: Sequence[NtcpModel | TcpModel] = ()) -> str:
    """List risks for programs, probabilities from 0 to 1, and the models that were not asked for."""
    listed = {
        "schema": "sbrtcheck-risks/1",
        "risks": [_risk_dict(risk) for risk in risks],
        "left_out": [{"model": model.id, **_scope_dict(model)} for model in left_out],
        "notice": NOTICE,
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _risk_dict(result: Risk | NoRisk) -> dict[str, Any]:
    risk = result if isinstance(result, Risk) else None
    return {
        "model": result.model.id,
        "kind": "complication" if isinstance(result.model, NtcpModel) else "control",
        **_scope_dict(result.model),
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


def _scope_dict(model: NtcpModel | TcpModel) -> dict[str, Any]:
    return {"tumour": model.tumour or None, "sites": list(model.sites)}

"""Scores -> text for people or JSON for programs, with what each score is not for."""

from __future__ import annotations

import json
from typing import Any

from sbrtcheck.reference_data.scores import About, DeVinScore, MetabankScore, NotPublished, Oligometastatic, Survival
from sbrtcheck.results import NOTICE

Score = MetabankScore | DeVinScore | Oligometastatic


def score_text(score: Score) -> str:
    """A score, then what it is for and not for, and where it was read."""
    about = score.about
    return "\n".join(
        (
            f"{about.title}: {_result_text(score)}",
            *_remarks(score),
            f"For: {about.use}",
            f"Not for: {about.not_for}",
            f"Read in: {about.citation}, {about.where}",
            NOTICE,
            "",
        )
    )


def _result_text(score: Score) -> str:
    match score:
        case MetabankScore():
            least, most = score.group
            return f"{score.points} points (group {least} to {most}), {_survival(score.survival)}"
        case DeVinScore():
            return f"{score.factors} of 4 factors, {_survival(score.survival)}"
        case Oligometastatic():
            return f"{score.metastases} metastases, {score.timing}: {score.disease}"


def _survival(survival: Survival | NotPublished) -> str:
    if isinstance(survival, NotPublished):
        return survival.detail
    interval = f" ({survival.low:g} to {survival.high:g})" if survival.low < survival.high else ""
    return f"median survival {survival.months:g} months{interval}"


def _remarks(score: Score) -> tuple[str, ...]:
    return score.remarks if isinstance(score, Oligometastatic) else ()


def score_json(score: Score) -> str:
    """A score for programs."""
    listed = {"schema": "sbrtcheck-score/1", **_score_dict(score), **_about_dict(score.about), "notice": NOTICE}
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def _score_dict(score: Score) -> dict[str, Any]:
    match score:
        case MetabankScore():
            return {"score": "metabank", "points": score.points, "group": list(score.group), **_months(score.survival)}
        case DeVinScore():
            return {"score": "de-vin", "factors": score.factors, **_months(score.survival)}
        case Oligometastatic():
            return {
                "score": "oligometastatic",
                "metastases": score.metastases,
                "class": str(score.disease),
                "timing": str(score.timing),
                "remarks": list(score.remarks),
            }


def _months(survival: Survival | NotPublished) -> dict[str, Any]:
    if isinstance(survival, NotPublished):
        return {"months": None, "low": None, "high": None, "not_published": survival.detail}
    return {"months": survival.months, "low": survival.low, "high": survival.high, "not_published": ""}


def _about_dict(about: About) -> dict[str, str]:
    return {"use": about.use, "not_for": about.not_for, "citation": about.citation, "where": about.where}

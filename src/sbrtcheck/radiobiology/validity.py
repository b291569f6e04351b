"""Dose a fraction -> findings where a model is used outside the range that its source gives it; never a refusal."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.radiobiology.course import not_negative, whole_fractions

REASONABLE_TO_GY = 10.0
"""Dose a fraction to which the linear-quadratic model is reasonable: Brenner 2008, PMC2750078."""

USABLE_TO_GY = 18.0
"""Dose a fraction to which it can still be used: the same source."""


class Quantity(StrEnum):
    """What the doses of a distribution are."""

    PHYSICAL = "physical"
    EQD2 = "EQD2"
    BED = "BED"


class SurvivalModel(StrEnum):
    """The survival curve that a conversion stands on."""

    LQ = "linear-quadratic"
    LQ_L = "linear-quadratic-linear"
    USC = "universal survival curve"


def findings_for(
    total_gy: npt.ArrayLike,
    *,
    fractions: npt.ArrayLike,
    model: SurvivalModel = SurvivalModel.LQ,
    subject: str = "",
) -> tuple[Finding, ...]:
    """What a reader should know of the range a model is used in.

    Parameters
    ----------
    total_gy
        Physical dose over the whole course, Gy, 0 or more, any shape; its largest dose a fraction decides.
    fractions
        Number of equal fractions; broadcasts with ``total_gy``.
    model
        The survival curve. Only the linear-quadratic one has a stated upper end; the other two are made for what lies
        beyond it.
    subject
        What the dose is of, such as a structure's name.

    Returns
    -------
    tuple of Finding
        Empty inside the range; one finding beyond.

    Raises
    ------
    ValueError
        As for `bed`.

    Notes
    -----
    The linear-quadratic model is reasonable up to about 10 Gy a fraction and usable up to about 18 Gy [1]_; others
    put the end at 6 Gy.

    References
    ----------
    .. [1] Brenner DJ. Point: The linear-quadratic model is an appropriate methodology for determining iso-effective
       doses at large doses per fraction. Semin Radiat Oncol 2008;18:234-239. PMC2750078.

    Examples
    --------
    >>> findings_for(50.0, fractions=5)
    ()
    >>> findings_for(54.0, fractions=3)[0].text
    'up to 18 Gy a fraction: the linear-quadratic model is reasonable to about 10 Gy and usable to about 18 Gy'
    """
    total, number = not_negative("total_gy", total_gy), whole_fractions("fractions", fractions)
    dose_gy = float(np.max(total / number, initial=0.0))
    if model is not SurvivalModel.LQ or dose_gy <= REASONABLE_TO_GY:
        return ()
    range_ = f"reasonable to about {REASONABLE_TO_GY:g} Gy and usable to about {USABLE_TO_GY:g} Gy"
    beyond = ", and this is beyond both" if dose_gy > USABLE_TO_GY else ""
    text = f"up to {dose_gy:.4g} Gy a fraction: the {model} model is {range_}{beyond}"
    return (Finding(code=FindingCode.BEYOND_MODEL, text=text, subject=subject),)

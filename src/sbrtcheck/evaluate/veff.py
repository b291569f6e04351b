"""A row whose limit goes by the effective volume of its organ -> the row with the limit of this plan."""

from __future__ import annotations

from dataclasses import replace

from sbrtcheck.dvh import DVH, Reason
from sbrtcheck.metric import EffectiveVolume, NotMeasured, measure
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.table import Constraint, NoRule


def at_effective_volume(row: Constraint, dvh: DVH | NotMeasured) -> tuple[Constraint, DVH | NotMeasured]:
    """The row with the limit of the step that the organ's effective volume falls on; other rows as they are.

    Where no effective volume can be measured, or no step reaches it, the reason comes in the place of the DVH.
    """
    if not row.veff_steps or isinstance(dvh, NotMeasured):
        return row, dvh
    veff = measure(EffectiveVolume(), dvh)
    if isinstance(veff, NotMeasured):
        return row, veff
    step = row.at_effective_volume(veff.value)
    if isinstance(step, NoRule):
        return row, NotMeasured(reason=Reason.TARGET_VOLUME_OUTSIDE_RANGE, detail=f"effective volume: {step.detail}")
    text = f"effective volume {veff.value:.1f} %: the limit for up to {step.veff_percent:g} % holds"
    said = Finding(code=FindingCode.OTHER, text=text, subject=dvh.name)
    return replace(row, limit=step.limit), replace(dvh, findings=(*dvh.findings, said))

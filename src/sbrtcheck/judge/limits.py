"""A row and the structures of a plan in, what the row allows for this plan out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, Reason, VolumeUnit
from sbrtcheck.judge.naming import TARGET
from sbrtcheck.metric import EffectiveVolume, NotMeasured, measure
from sbrtcheck.tables import (
    Constraint,
    FixedLimit,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    LimitByVolume,
    NoRule,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a row allows for one plan.

    ``limit`` is what holds; ``limits_at_bounds`` are the limits at the ends of the bounds of the volume that it depends
    on; ``detail`` says which volume that is.
    """

    row: Constraint
    limit: FixedLimit
    limits_at_bounds: tuple[FixedLimit, ...] = ()
    detail: str = ""


def limits_for(
    row: Constraint, organ: str, dvh: DVH | NotMeasured, target: DVH | NotMeasured | None
) -> Limits | NotMeasured:
    """The limits for a structure, ``dvh``, matched to ``organ``, in a plan with that target; or why there are none."""
    match row.limit:
        case LimitByTargetVolume() as limit:
            return _by_target_volume(row, limit, _target_for(organ, dvh, target))
        case LimitByEffectiveVolume() as limit:
            return _by_effective_volume(row, limit, dvh)
        case number:
            return _printed(row, number)


def depends_on_target(row: Constraint, organ: str) -> bool:
    """Whether the limit of a row depends on another structure than the one that is judged: on the target."""
    return isinstance(row.limit, LimitByTargetVolume) and organ != TARGET


def printed_limits(row: Constraint) -> Limits | None:
    """What a row allows for every plan; None where that depends on a volume."""
    return None if isinstance(row.limit, LimitByVolume) else _printed(row, row.limit)


def _printed(row: Constraint, limit: float) -> Limits:
    return Limits(row=row, limit=FixedLimit(limit=limit, acceptable=row.acceptable))


def _by_target_volume(row: Constraint, limit: LimitByTargetVolume, target: DVH | NotMeasured) -> Limits | NotMeasured:
    if isinstance(target, NotMeasured):
        return replace(target, detail=f"the limit depends on the volume of the PTV: {target.detail or target.reason}")
    # rounded as in the report: rounding noise of a volume or an interpolated limit must not change a verdict
    step = limit.at(_rounded(target.volume))
    if isinstance(step, NoRule):
        return NotMeasured(reason=Reason.TARGET_VOLUME_OUTSIDE_RANGE, detail=step.detail)
    acceptable = None if step.acceptable is None else _rounded(step.acceptable)
    fixed = FixedLimit(limit=_rounded(step.limit), acceptable=acceptable)
    return Limits(row=row, limit=fixed, detail=f"limit for a PTV of {target.volume:.4g} cc ({target.name})")


def _target_for(organ: str, dvh: DVH | NotMeasured, target: DVH | NotMeasured | None) -> DVH | NotMeasured:
    """The PTV under the end-cap convention of the structure that is judged: one convention for both volumes."""
    if organ == TARGET or isinstance(dvh, NotMeasured) or target is None:
        target = dvh
    elif isinstance(target, DVH):
        target = next((t for t in (target, *target.alternatives) if t.end_caps == dvh.end_caps), target)
    if isinstance(target, DVH) and target.volume_unit is not VolumeUnit.CC:
        return NotMeasured(reason=Reason.UNDEFINED_FOR_STORED_DVH, detail="only volumes in percent are stored")
    return target


def _by_effective_volume(
    row: Constraint, limit: LimitByEffectiveVolume, dvh: DVH | NotMeasured
) -> Limits | NotMeasured:
    veff = dvh if isinstance(dvh, NotMeasured) else measure(EffectiveVolume(), dvh)
    if isinstance(veff, NotMeasured):
        return replace(veff, detail=f"the limit depends on the effective volume: {veff.detail or veff.reason}")
    step = limit.at(veff.value)
    if isinstance(step, NoRule):
        return NotMeasured(reason=Reason.TARGET_VOLUME_OUTSIDE_RANGE, detail=step.detail)
    ends = (limit.at(end) for end in (veff.low, veff.high))
    return Limits(
        row=row,
        limit=FixedLimit(limit=step.limit),
        limits_at_bounds=tuple(FixedLimit(limit=end.limit) for end in ends if not isinstance(end, NoRule)),
        detail=f"limit for an effective volume of {veff.value:.4g} %",
    )


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")

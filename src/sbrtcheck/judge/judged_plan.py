"""The structures of a plan, and the rows that it is judged by, in; everything that judging a row looks at out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sbrtcheck.dvh import DVH, DVHSet
from sbrtcheck.judge.dose_check import DoseCheck
from sbrtcheck.judge.naming import TARGET
from sbrtcheck.judge.selection import Combined, select, target_of_limits
from sbrtcheck.judge.structures import MatchedDvh, PlanStructures
from sbrtcheck.metric import Measurement, Metric, NotMeasured, OfPlan, WholePlan, measure
from sbrtcheck.results.plan_site import PlanSite
from sbrtcheck.tables import Constraint, LimitByTargetVolume

REFINED_SHARE = 1e-3
"""Bounds of isodose volumes, as a share of the volume, where wider ones leave a verdict undecided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPlan:
    """A plan, and what its rows share: which structures are which organ, their DVHs alone and combined.

    ``limit_target`` is the target on whose volume limits depend, all separate ones together; None where no limit does.
    ``whole`` measures what is of the plan as a whole, ``refined_whole`` the same with narrower bounds of isodoses.
    """

    structures: PlanStructures
    combined: Combined
    limit_target: DVH | NotMeasured | None
    whole: WholePlan
    refined_whole: WholePlan
    site: PlanSite
    dose: DoseCheck

    @property
    def dvhs(self) -> DVHSet:
        """All DVHs of the plan."""
        return self.structures.dvhs

    def select(self, row: Constraint) -> list[MatchedDvh]:
        """What the row is judged on, one for every outcome it will have."""
        return [self.combined.put_into(matched) for matched in select(row, self.structures)]

    def measure(self, metric: Metric, dvh: DVH) -> Measurement | NotMeasured:
        """Measure a metric on a structure's DVH, or on the whole plan with the structure as its target."""
        return self.whole.measure(metric, dvh) if isinstance(metric, OfPlan) else measure(metric, dvh)

    def with_refined_isodoses(self) -> JudgedPlan:
        """The same with narrower bounds of isodose volumes."""
        return replace(self, whole=self.refined_whole)


def judged_plan(
    structures: PlanStructures, rows: Iterable[Constraint], *, site: PlanSite, dose: DoseCheck
) -> JudgedPlan:
    """Combine the structures that rows take together, each combination once, and find the target of their limits."""
    rows = tuple(rows)
    selected = [matched for row in rows for matched in select(row, structures)]
    if any(isinstance(row.limit, LimitByTargetVolume) for row in rows):
        target = target_of_limits(TARGET, structures)
        combined = Combined.of([*selected, target], structures.dvhs)
        limit_target: DVH | NotMeasured | None = combined.put_into(target).dvh
    else:
        combined, limit_target = Combined.of(selected, structures.dvhs), None
    return JudgedPlan(
        structures=structures,
        combined=combined,
        limit_target=limit_target,
        whole=WholePlan(dvhs=structures.dvhs),
        refined_whole=WholePlan(dvhs=structures.dvhs, narrow_share=REFINED_SHARE),
        site=site,
        dose=dose,
    )

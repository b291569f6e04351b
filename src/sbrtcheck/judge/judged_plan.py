"""The structures of a plan, and the rows that it is judged by, in; all that judging one of these rows needs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sbrtcheck.dvh import DVH, DVHSet
from sbrtcheck.judge.dose_check import DoseCheck
from sbrtcheck.judge.naming import TARGET
from sbrtcheck.judge.selection import CombinedDvhs, select, target_of_limits
from sbrtcheck.judge.structures import MatchedDvh, PlanStructures
from sbrtcheck.metric import FarDoses, NotMeasured
from sbrtcheck.plan import Sex, UnknownSex
from sbrtcheck.results.plan_site import PlanSite
from sbrtcheck.tables import Constraint, LimitByTargetVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPlan:
    """A plan, and what its rows share: which structures are which organ, their DVHs alone and combined.

    ``limit_target`` is the target on whose volume limits depend, all separate ones together; None where no limit does.
    Its ``dvh`` is combined already.
    ``far_doses`` finds the largest doses at a distance from targets, each once for all rows.
    """

    structures: PlanStructures
    combined: CombinedDvhs
    limit_target: MatchedDvh | None
    site: PlanSite
    dose: DoseCheck
    sex: Sex | UnknownSex
    far_doses: FarDoses

    @property
    def dvhs(self) -> DVHSet:
        """All DVHs of the plan."""
        return self.structures.dvhs

    @property
    def limit_target_dvh(self) -> DVH | NotMeasured | None:
        """What limits that depend on the volume of the target are found by."""
        return None if self.limit_target is None else self.limit_target.dvh

    def select(self, row: Constraint) -> list[MatchedDvh]:
        """The structures that the row is judged on, one for every outcome it will have."""
        return [self.combined.with_combined_dvh(matched) for matched in select(row, self.structures)]


def judged_plan(
    structures: PlanStructures,
    rows: Iterable[Constraint],
    *,
    site: PlanSite,
    dose: DoseCheck,
    sex: Sex | UnknownSex,
) -> JudgedPlan:
    """Combine the structures that rows use together, each combination once, and find the target of their limits."""
    rows = tuple(rows)
    # here, not row by row: the DVH of a union is computed from the contours, and several rows use the same union
    selected = [matched for row in rows for matched in select(row, structures)]
    if any(isinstance(row.limit, LimitByTargetVolume) for row in rows):
        target = target_of_limits(TARGET, structures)
        combined = CombinedDvhs.of([*selected, target], structures.dvhs)
        limit_target: MatchedDvh | None = combined.with_combined_dvh(target)
    else:
        combined, limit_target = CombinedDvhs.of(selected, structures.dvhs), None
    return JudgedPlan(
        structures=structures,
        combined=combined,
        limit_target=limit_target,
        site=site,
        dose=dose,
        sex=sex,
        far_doses=FarDoses(structures.dvhs.plan),
    )

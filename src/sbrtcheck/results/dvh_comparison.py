"""The differences of two sets of DVHs of one plan: frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from sbrtcheck.dvh import CurveDistance, Reason
from sbrtcheck.formatting import fields_on_screen, one_screen
from sbrtcheck.metric import Measurement, Metric, NotMeasured
from sbrtcheck.radiobiology import Quantity

VOLUME = "Volume[cc]"
GENERAL = ("Mean[Gy]", "D95%[Gy]", "D50%[Gy]", "D2%[Gy]", "D0.03cc[Gy]")
"""Compared for every structure, asked for by a row or not. The largest dose, the least stable number, is not."""

SAME_VOLUME_SHARE = 1e-3
"""End-cap conventions whose volumes agree with another one equally well within this share are not told apart."""

CLEARLY = 2.0
"""A convention agrees best where every other one is at least this many times as far off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDifference:
    """One metric of one structure, measured here and by the other; each in the metric's unit, or why not.

    ``quantity`` and ``alpha_beta_gy`` say which doses it is of.
    """

    metric: Metric
    ours: Measurement | NotMeasured
    theirs: Measurement | NotMeasured
    quantity: Quantity = Quantity.PHYSICAL
    alpha_beta_gy: float | None = None

    @property
    def difference(self) -> float | NotMeasured:
        """Ours minus theirs, in the metric's unit."""
        if isinstance(self.ours, NotMeasured):
            return self.ours
        if isinstance(self.theirs, NotMeasured):
            return self.theirs
        return self.ours.value - self.theirs.value

    @property
    def percent(self) -> float | NotMeasured:
        """The difference in percent of theirs."""
        difference = self.difference
        if isinstance(difference, NotMeasured) or isinstance(self.theirs, NotMeasured):
            return difference if isinstance(difference, NotMeasured) else NotMeasured(reason=Reason.NOT_GIVEN)
        if self.theirs.value == 0:
            return NotMeasured(reason=Reason.NOT_GIVEN, detail="percent of nothing")
        return 100 * difference / self.theirs.value

    @property
    def within_bands(self) -> bool:
        """Whether both are measured and their numerical bounds overlap, so that there may be no difference."""
        if isinstance(self.ours, NotMeasured) or isinstance(self.theirs, NotMeasured):
            return False
        return bool(_upper_bound(self.ours) >= self.theirs.low and _upper_bound(self.theirs) >= self.ours.low)


def _upper_bound(measured: Measurement) -> float:
    return float("inf") if measured.open_above else measured.high


@dataclass(frozen=True, slots=True, kw_only=True)
class ConventionVolume:
    """The volume of a structure computed here under one end-cap convention."""

    end_caps: str
    volume_cc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureDifference:
    """One structure in both sets: volume first among the metrics, then those of the tables' rows, then general ones.

    ``conventions`` are its volumes here, that of the report first; none where the other volume is not in cc.
    """

    name: str
    metrics: tuple[MetricDifference, ...]
    curves: CurveDistance
    conventions: tuple[ConventionVolume, ...] = ()

    @property
    def agrees_best(self) -> tuple[str, ...]:
        """End-cap conventions under which the volume is clearly closest to theirs; none where that cannot be told."""
        theirs = self.metrics[0].theirs
        if isinstance(theirs, NotMeasured) or not self.conventions:
            return ()
        difference_cc = {volume.end_caps: abs(volume.volume_cc - theirs.value) for volume in self.conventions}
        smallest_cc = min(difference_cc.values())
        best = tuple(caps for caps, cc in difference_cc.items() if cc <= smallest_cc + SAME_VOLUME_SHARE * theirs.value)
        others_cc = [cc for caps, cc in difference_cc.items() if caps not in best]
        return best if others_cc and min(others_cc) >= CLEARLY * smallest_cc else ()

    def __repr__(self) -> str:
        return fields_on_screen(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    """A structure that only one of the two has, or whose DVH could not be used, and why."""

    name: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictDifference:
    """A row of a table that the other DVHs would judge otherwise; ids as in the report, verdicts as its words.

    ``limit`` is that of the report, None where it depends on a volume that is not known here.
    ``under`` is the end-cap convention under which the row has their verdict here too; None where there is none.
    """

    table_id: str
    row_id: str
    organ: str
    contour: str
    measured: MetricDifference
    sense: str
    limit: float | None
    ours: str
    theirs: str
    under: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A row that was evaluated here, and that the other DVHs cannot answer, and why."""

    table_id: str
    row_id: str
    organ: str
    contour: str
    metric: Metric
    reason: Reason | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Our DVHs compared with others of the plan; ``other`` says whose: "stored in the RTDOSE", "Eclipse text export".

    ``same_verdicts``: how many rows evaluated on both got the same verdict. ``not_asked`` are structures with a DVH of
    theirs that nothing was computed for here.
    """

    other: str
    structures: tuple[StructureDifference, ...]
    without: tuple[NotCompared, ...] = ()
    verdicts: tuple[VerdictDifference, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    same_verdicts: int = 0
    not_asked: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """How many verdicts differ, what makes it doubtful, and what was compared: one screen."""
        verdicts = f"{len(self.verdicts)} verdicts differ, {self.same_verdicts} are the same"
        unanswered = f"{len(self.unanswered)} rows evaluated here, for which theirs have no answer"
        structures = [f"compared: {one.name}" for one in self.structures]
        without = [f"not compared: {one.name}, {one.reason}" for one in self.without]
        lines = [verdicts, unanswered, *self.remarks, *structures, *without]
        return one_screen(f"Comparison with DVHs {self.other}", lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoComparison:
    """Nothing to compare with, and why; ``expected``: a reader may expect a comparison, and is told why there is none.

    Nobody expects one where no other DVHs were given.
    """

    reason: str
    expected: bool = True


NO_OTHER_DVHS = NoComparison(reason="no other DVHs were given", expected=False)

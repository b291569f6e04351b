"""One published table as a frozen value: its rows, for which numbers of fractions, and as points on curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sbrtcheck.chart.points import CurvePoint, NotDrawn
from sbrtcheck.dvh import DVHSet
from sbrtcheck.tables.points import row_points
from sbrtcheck.tables.values import ClinicianItem, Constraint, ExpectedOrgan, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTable:
    """One published table.

    ``fractions`` are the fraction numbers it holds for, none: for every number; ``for_clinician`` are statements of
    the sources that no plan can answer; ``expects`` are the organs that a plan must have contoured, none: those of the
    ``site``, as `load_sites` gives them; ``sha256`` is of the file's bytes with LF line ends; ``path``
    is as given by the user, ``"bundled"`` for the shipped ones.
    """

    id: str
    version: str
    title: str
    site: str
    fractions: tuple[int, ...]
    sources: tuple[Source, ...]
    rows: tuple[Constraint, ...]
    note: str = ""
    for_clinician: tuple[ClinicianItem, ...] = ()
    expects: tuple[ExpectedOrgan, ...] = ()
    sha256: str = ""
    path: str = ""

    def holds_for(self, fractions: int | None) -> bool:
        """Whether the table may be used for a plan of so many fractions; None: the number is not known."""
        return not self.fractions or fractions in self.fractions

    def points(
        self, dvhs: DVHSet, names: Mapping[str, str] | None = None
    ) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        """Give the rows as points on the curves of these DVHs, and those that are none; see `DVHSet.plot`."""
        if not self.holds_for(dvhs.prescription.fractions):
            reason = f"{self.id} is for {self.fractions_text()}"
            return (), tuple(NotDrawn(label=str(row.metric), reason=reason) for row in self.rows)
        return row_points(self.rows, dvhs, names)

    def fractions_text(self, between: str = ", ") -> str:
        """``"3, 4, 5 fractions"``, ``"1 fraction"`` or ``"any number of fractions"``."""
        return fractions_text(self.fractions, between)


def fractions_text(fractions: tuple[int, ...], between: str = ", ") -> str:
    """``"3, 4, 5 fractions"``, ``"1 fraction"``; without numbers ``"any number of fractions"``."""
    if not fractions:
        return "any number of fractions"
    return f"{between.join(map(str, fractions))} {'fraction' if fractions == (1,) else 'fractions'}"

"""One published table as a frozen value: its rows, for which numbers of fractions, and as points on curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sbrtcheck._above import from_above
from sbrtcheck.chart.points import CurvePoint, NotDrawn
from sbrtcheck.dvh import DVHSet
from sbrtcheck.formatting import escaped, html_lines, html_table, one_screen
from sbrtcheck.tables.points import row_points
from sbrtcheck.tables.values import MULTI, ClinicianItem, Constraint, ExpectedOrgan, Source


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

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Sequence[Any] | Mapping[str, Any]],
        *,
        fractions: int | Sequence[int] | str,
        id: str = "given",  # noqa: A002 - the word of the field
        title: str = "Limits given by the user",
        site: str = MULTI,
    ) -> ConstraintTable:
        """A table of limits of your own, without a file.

        Parameters
        ----------
        rows
            Each ``(structure, metric, sense, limit)`` with the sense as ``"<"``, ``"<="``, ``">"``, ``">="`` or one of
            the words of a table file; or a dictionary with the keys of a row of a file. What such a dictionary leaves
            out is filled in: ``id``, ``organ``, and a ``source``, which may be a text here.
        fractions
            Number of fractions that the limits hold for, or several, or ``"any"``.
        id, title, site
            Of the table. ``multi``: for every site.

        Returns
        -------
        ConstraintTable
            Its rows have one reading, yours: they are shown and do not count, unless the check is made with
            ``include_unconfirmed=True``, which the report says. Two names in a row's ``confirmed_by`` confirm it.

        Raises
        ------
        TableError
            The rows have faults: all of them, with the number of the row.

        Examples
        --------
        >>> rows = [("SpinalCord", "D0.035cc[Gy]", "<", 30), {"structure": "Heart", "metric": "Max[Gy]", "at_most": 38}]
        >>> ConstraintTable.from_rows(rows, fractions=5)
        ConstraintTable given, Limits given by the user: 2 rows for 5 fractions
          (unconfirmed) SpinalCord D0.035cc[Gy] below 30
          (unconfirmed) Heart Max[Gy] at most 38
        """
        of_rows = from_above("tables.given", "table_of_rows")
        table: ConstraintTable = of_rows(rows, fractions=fractions, id_=id, title=title, site=site)
        return table

    def __repr__(self) -> str:
        count = "1 row" if len(self.rows) == 1 else f"{len(self.rows)} rows"
        heading = f"ConstraintTable {self.id}, {self.title}: {count} for {self.fractions_text()}"
        return one_screen(heading, [row.text for row in self.rows])

    def _repr_html_(self) -> str:
        """Show the rows in a notebook; everything in it escaped, no script."""
        rows = [(escaped(row.id), escaped(row.text), escaped(_place_of(row.source))) for row in self.rows]
        head = [f"{self.id} {self.version}: {self.title}", f"For {self.fractions_text()}, site {self.site}"]
        table = html_table(("Row", "Limit", "Source"), rows)
        return f"<div>{html_lines(head)}{table}{html_lines([self.note] if self.note else [])}</div>"

    def fractions_text(self, between: str = ", ") -> str:
        """``"3, 4, 5 fractions"``, ``"1 fraction"`` or ``"any number of fractions"``."""
        return fractions_text(self.fractions, between)


def _place_of(source: Source) -> str:
    return f"{source.citation}, {source.where}"


def fractions_text(fractions: tuple[int, ...], between: str = ", ") -> str:
    """``"3, 4, 5 fractions"``, ``"1 fraction"``; without numbers ``"any number of fractions"``."""
    if not fractions:
        return "any number of fractions"
    return f"{between.join(map(str, fractions))} {'fraction' if fractions == (1,) else 'fractions'}"

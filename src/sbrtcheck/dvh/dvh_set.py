"""All DVHs of one plan as one frozen value: the result of every source of DVHs, and the input of every check.

Before it nothing knows constraints, and after it nothing knows DICOM or voxels::

    DICOM plan -- compute_dvhs --+
    DVHs that a planning system  |
      stored  -- load_dvhs ------+--> DVHSet --> metrics, verdicts, charts, reports
      exported -- load_dvh_export+

Its methods hand over to the modules below: `compute`, `refine`, and those that draw. What only few need is imported
when it is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sbrtcheck._above import from_above
from sbrtcheck.arguments import require_names, require_type, texts_of
from sbrtcheck.by_value import ByValue
from sbrtcheck.dvh.compute import union_of
from sbrtcheck.dvh.dvh import DERIVED_NUMBER, DVH, NoDVH, Origin
from sbrtcheck.dvh.model import Model
from sbrtcheck.dvh.questions import Question
from sbrtcheck.dvh.roi_names import roi_name_of_dvh, roi_names_of
from sbrtcheck.errors import ArgumentError
from sbrtcheck.formatting import number_text, one_screen
from sbrtcheck.plan import (
    SEX_NOT_STATED,
    Finding,
    Plan,
    Prescription,
    Sex,
    UnknownPrescription,
    UnknownSex,
    prescription_words,
)
from sbrtcheck.structure_names import RoiName

_Default = TypeVar("_Default")

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sbrtcheck.chart.points import HasPoints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DVHSet(ByValue):
    """All DVHs of one plan: before it nothing knows constraints, after it nothing knows DICOM.

    ``dvhs["Liver"]``, ``"Liver" in dvhs``, ``get``, ``keys``, ``values`` and ``items`` are by structure name, as of a
    dictionary; a loop over the set gives the `DVH` themselves. A plan may have a name twice: then both stand in
    ``keys``, ``values`` and ``items``, and asking for the one DVH of that name is a KeyError, never a choice.

    ``provenance`` has the UIDs of the files and the plan label; ``sex`` is the
    patient's; ``plan`` and ``model`` are what the DVHs were computed from, ``plan`` None for stored ones.
    """

    dvhs: tuple[DVH, ...]
    without: tuple[NoDVH, ...] = ()
    prescription: Prescription | UnknownPrescription
    origin: Origin
    provenance: Mapping[str, str | tuple[str, ...]]
    findings: tuple[Finding, ...] = ()
    sex: Sex | UnknownSex = SEX_NOT_STATED

    plan: Plan | None = None
    model: Model = field(default_factory=Model)

    def __getitem__(self, name: str) -> DVH:
        """The one DVH of that exact structure name; KeyError when there is none or several."""
        matches = [dvh for dvh in self.dvhs if dvh.name == name]
        if len(matches) != 1:
            known = ", ".join(sorted({dvh.name for dvh in self.dvhs})) or "none"
            raise KeyError(f"{len(matches)} DVHs are named {name!r}; there are: {known}")
        return matches[0]

    def __contains__(self, name: object) -> bool:
        """Whether any DVH has that structure name; or whether the set has that DVH."""
        return any(name in (dvh.name, dvh) for dvh in self.dvhs)

    def get(self, name: str, default: _Default | None = None) -> DVH | _Default | None:
        """The one DVH of that name; ``default`` where there is none, KeyError where there are several."""
        return default if name not in self.keys() else self[name]

    def keys(self) -> tuple[str, ...]:
        """The structure names in the order of the DVHs; one that is used twice stands there twice."""
        return tuple(dvh.name for dvh in self.dvhs)

    def values(self) -> tuple[DVH, ...]:
        """The DVHs."""
        return self.dvhs

    def items(self) -> tuple[tuple[str, DVH], ...]:
        """Name and DVH of each structure; a name that is used twice stands there twice."""
        return tuple((dvh.name, dvh) for dvh in self.dvhs)

    def measure(self, metrics: Any) -> dict[str, Any]:
        """Measure one metric, or several, on each structure: as `sbrtcheck.measure`."""
        return from_above("metric", "measure")(metrics, self)  # type: ignore[no-any-return]

    def to_records(self, metrics: Any = ()) -> list[dict[str, Any]]:
        """One flat record a structure, all with the same keys; those without a DVH last.

        Parameters
        ----------
        metrics
            Such as ``["D95%[Gy]", "V20Gy[%]"]``.

        Returns
        -------
        list of dict
            ``structure``, ``kind``, ``origin``, ``volume_cc``, and ``reason`` for a structure without a DVH. For each
            metric its value, under the text that was given, and the same text with `` low``, `` high`` and `` reason``
            behind: the bounds, and why there is no value. What is not known is None, as is ``high`` of a value
            that nothing bounds from above.
        """
        return from_above("metric", "dvh_records")(metrics, self)  # type: ignore[no-any-return]

    def to_dataframe(self, metrics: Any = ()) -> pd.DataFrame:
        """One line a structure, columns as the keys of `to_records`; needs pandas.

        Raises
        ------
        ImportError
            pandas is not installed.
        MetricError
            A text is no metric.
        """
        return from_above("metric", "dvh_dataframe")(metrics, self)

    def union(self, parts: Sequence[DVH]) -> DVH | NoDVH:
        """The DVH of several structures as one organ; what lies in two of them counts once.

        Stored DVHs cannot be joined: how much two structures overlap is not in them.
        """
        return union_of(self.plan, parts, self.model)

    def finer(self, dvh: DVH) -> DVH | None:
        """The same DVH from elements half as wide: bounds about half as far apart. None where that is not to be had."""
        from sbrtcheck.dvh.refine import refine_everywhere

        return refine_everywhere(self.plan, dvh)

    def narrowed(self, dvh: DVH, *questions: Question, known: Sequence[DVH] = ()) -> tuple[DVH, ...]:
        """For each question the same DVH, with bounds that answer it.

        They tell on which side of each of its points the curve passes, and the volumes it seeks as closely as it asks.
        Only cells that the isodose of a point crosses are halved, and only until it is known; where the curve passes
        through a point, that is never. No DVHs where this one was not computed here.

        ``known``, one for each question, are the same DVH with bounds that were narrowed for other questions: they stay
        as narrow as they are.
        """
        from sbrtcheck.dvh.refine import refine_at

        return refine_at(self.plan, dvh, questions, known)

    def with_close_curves(self) -> DVHSet:
        """The set with bounding curves that lie close together all along, where they do not yet.

        Bounds that are read off one of its DVHs are closer, too. It takes about twice as long as the DVHs did. As they
        are stay DVHs that were not computed here, on planes that are tilted, and of what lies outside the dose grid.
        """
        from sbrtcheck.dvh.close_curves import with_close_curves

        return replace(self, dvhs=tuple(with_close_curves(self.plan, self.dvhs)))

    def plot(
        self,
        *,
        constraints: HasPoints[DVHSet] | Iterable[HasPoints[DVHSet]] = (),
        structures: Collection[str] | None = None,
        ax: Axes | None = None,
        relative: bool = True,
        names: Mapping[str, str] | None = None,
    ) -> Axes:
        """Draw the cumulative curves, their close bounds shaded, and constraints as points; needs matplotlib.

        Targets come first, with thicker lines.

        Parameters
        ----------
        constraints
            A `ConstraintTable` or a `Report`, or several. A triangle that points down (up) says that the curve has to
            pass below or left (above or right) of it; a hollow one counts for no verdict. What is no point on a curve
            is counted in the title.
        structures
            Names of the structures to draw; all when None.
        ax
            Axes to draw on; new ones when None.
        relative
            Volumes in percent of each structure's; else in cc.
        names
            TG-263 name -> structure name, to find the structures of a table's organs, and targets of any name.

        Returns
        -------
        matplotlib.axes.Axes
            Dose in Gy to the right, volume upwards.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        ArgumentError
            There is no DVH of a name in ``structures``, or no absolute volume to draw.
        """
        from sbrtcheck.chart.axes import draw
        from sbrtcheck.dvh.charts import dvh_chart, styled_dvhs

        sources = _sources(constraints)
        require_type(relative, bool, "relative", "give True or False")
        require_names(names)
        structures = None if structures is None else texts_of(structures, "a structure's name")
        points_of_sources = [source.points(self, names) for source in sources]
        chart = dvh_chart(
            styled_dvhs(self.with_close_curves().dvhs, roi_names(self), names),
            points=[point for points, _ in points_of_sources for point in points],
            left_out=[constraint for _, left_out in points_of_sources for constraint in left_out],
            structures=structures,
            relative=relative,
        )
        return draw(chart, ax)

    def _repr_html_(self) -> str:
        """Show curves and a summary in a notebook; everything in it escaped, no script."""
        from sbrtcheck.dvh.charts import styled_dvhs
        from sbrtcheck.dvh.notebook import dvhs_html

        styled = styled_dvhs(self.with_close_curves().dvhs, roi_names(self))
        return dvhs_html(styled, without=self.without, findings=self.findings, origin=self.origin, model=self.model)

    def __repr__(self) -> str:
        count = "1 DVH" if len(self.dvhs) == 1 else f"{len(self.dvhs)} DVHs"
        heading = f"DVHSet of {count} {self.origin}: {prescription_words(self.prescription)}"
        lacking = [f"{no_dvh.name}: no DVH, {no_dvh.reason}" for no_dvh in self.without]
        return one_screen(heading, [*map(_line, self.dvhs), *lacking])

    def __iter__(self) -> Iterator[DVH]:
        return iter(self.dvhs)

    def __len__(self) -> int:
        return len(self.dvhs)


def _sources(constraints: HasPoints[DVHSet] | Iterable[HasPoints[DVHSet]]) -> list[HasPoints[DVHSet]]:
    """One source of points, or several; a report is one, though it can be looped over."""
    sources: list[Any]
    is_one = hasattr(constraints, "points") or not isinstance(constraints, Iterable)
    sources = [constraints] if is_one else list(constraints)  # type: ignore[arg-type]
    for source in sources:
        if not callable(getattr(source, "points", None)):
            kind = type(source).__name__
            raise ArgumentError(f"constraints cannot be of the type {kind}", hint="give a table or a report")
    return sources


def _line(dvh: DVH) -> str:
    volume = f"{number_text(dvh.volume)} {dvh.volume_unit}"
    doses = f"mean {number_text(dvh.mean_gy.value)}, max {number_text(dvh.max_gy.value)} Gy"
    return f"{dvh.name:<20} {volume:>12}  {doses}"


def roi_names(dvhs: DVHSet) -> tuple[RoiName, ...]:
    """All structures of the plan, also those without a DVH: a name is ambiguous whether it was computed or not."""
    if dvhs.plan is not None:
        return roi_names_of(dvhs.plan)
    everything: tuple[DVH | NoDVH, ...] = (*dvhs.dvhs, *dvhs.without)
    return tuple(roi_name_of_dvh(dvh) for dvh in everything if dvh.number != DERIVED_NUMBER)

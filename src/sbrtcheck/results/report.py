"""The result of one check, as one frozen value: outcomes, verdict, and everything that both depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sbrtcheck.dvh import DVHSet
from sbrtcheck.formatting import one_screen
from sbrtcheck.installation import install_command
from sbrtcheck.plan import Sex
from sbrtcheck.results.comparison_dict import comparison_dict
from sbrtcheck.results.notes import row_note_dict, signature_dict
from sbrtcheck.results.outcome import NOTICE, Outcome, Verdict
from sbrtcheck.results.report_values import ReportValues
from sbrtcheck.results.to_dict import (
    RECORD_KEYS,
    SCHEMA,
    course_dict,
    failing_dict,
    finding_dict,
    left_out_dict,
    outcome_dict,
    outcome_record,
    prescription_dict,
    profile_dict,
    provenance_dict,
    reason_dict,
    rounded,
    site_dict,
    table_dict,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from sbrtcheck.chart.points import CurvePoint, NotDrawn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report(ReportValues):
    """Everything one check found.

    ``verdict`` is the overall one: FAIL, REVIEW, VARIATION or PASS; ``reasons`` are those not to call it a pass,
    whatever the verdict. ``site`` says which organs are expected. ``strict``, ``include_unconfirmed``,
    ``accept_dose`` and ``allow_lint_errors`` are the choices it was made under; ``end_caps``, ``between`` and
    ``dose`` the model behind the numbers. ``dvhs`` are those it was judged on; ``compared`` compares them with
    others of the plan. ``names`` says which structure was matched to which organ, and which ones no row used;
    ``matches`` are the matches that all of it was judged by. ``course`` is what is known of the prescription by
    itself. ``left_out`` are the tables of the site that were not used, where the site or a ``profile`` chose the
    tables; ``profile`` is None where none was asked for.
    ``near_percent`` is the distance from a limit at which a row is flagged as near it. ``notes`` are what people wrote
    on the report (`sbrtcheck.results.noted.with_notes`); nothing else in it depends on them.
    """

    @property
    def by_organ(self) -> dict[str, tuple[Outcome, ...]]:
        """Organ -> its outcomes, targets first; the organs and their rows in the order of the tables."""
        from sbrtcheck.results.labels import targets_first

        by_organ: dict[str, list[Outcome]] = {}
        for outcome in targets_first(self.outcomes):
            by_organ.setdefault(outcome.organ, []).append(outcome)
        return {organ: tuple(outcomes) for organ, outcomes in by_organ.items()}

    def __getitem__(self, organ: str) -> tuple[Outcome, ...]:
        """The outcomes of an organ; KeyError, with the organs that there are, for one of which no row is."""
        by_organ = self.by_organ
        if organ not in by_organ:
            raise KeyError(f"no row is on {organ!r}; there are rows on: {', '.join(by_organ) or 'nothing'}")
        return by_organ[organ]

    def __contains__(self, organ: object) -> bool:
        """Whether any row is on that organ."""
        return any(outcome.organ == organ for outcome in self.outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        """The outcomes, in the order of the tables."""
        return iter(self.outcomes)

    def __repr__(self) -> str:
        """The headline and what stands below it, then the rows, those that fail first: one screen."""
        from sbrtcheck.results import labels

        heading = f"Report: {labels.overall_text(self)}: {labels.summary_text(self)}"
        plan = f"plan {labels.plan_text(self)}, {labels.prescription_text(self)}"
        reasons = [text for _, text in labels.headline_lines(self)]
        return one_screen(heading, [plan, *labels.choices(self), *reasons, *map(_line, self._by_urgency())])

    def _by_urgency(self) -> list[Outcome]:
        """Rows that have not passed before those that have; targets first among either."""
        from sbrtcheck.results.labels import targets_first

        return sorted(targets_first(self.outcomes), key=lambda outcome: outcome.verdict is Verdict.PASS)

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-ready values, numbers to 6 significant digits; ``schema`` names its version."""
        computed = {
            "end_caps": self.end_caps,
            "between": str(self.between),
            "dose": str(self.dose),
        }
        return {
            "schema": SCHEMA,
            "software": self.software,
            "plan_label": self.label,
            "verdict": str(self.verdict),
            "reasons": [reason_dict(reason) for reason in self.reasons],
            "failing": [failing_dict(outcome) for outcome in self.failing],
            "site": site_dict(self.site),
            "summary": {str(verdict): number for verdict, number in self.tally().items()},
            "rows_not_expected": len(self.not_expected()),
            "strict": self.strict,
            "include_unconfirmed": self.include_unconfirmed,
            "accept_dose": self.accept_dose,
            **({"allow_lint_errors": True} if self.allow_lint_errors else {}),
            "near_percent": rounded(self.near_percent),
            "laterality": None if self.laterality is None else str(self.laterality),
            "sex": str(self.sex) if self.depends_on_sex and isinstance(self.sex, Sex) else None,
            "prescription": prescription_dict(self.prescription),
            "regimen": course_dict(self.course),
            "dvh": {"origin": str(self.dvh_origin), **(computed if self.dvh_origin == "computed" else {})},
            "provenance": provenance_dict(self.provenance),
            "tables": [{**table_dict(table), "rows_counting": self.counting_rows(table)} for table in self.tables],
            "left_out": [left_out_dict(table) for table in self.left_out],
            **self._by_profile(),
            "outcomes": [outcome_dict(outcome, self.notes.on(n)) for n, outcome in enumerate(self.outcomes)],
            "lost_notes": [row_note_dict(one) for one in self.notes.rows if one.place is None],
            "sign_offs": [signature_dict(one) for one in self.notes.signatures],
            "findings": [finding_dict(finding) for finding in self.findings],
            "compared": comparison_dict(self.compared),
            "notice": NOTICE,
        }

    def _by_profile(self) -> dict[str, Any]:
        """What only a report by a profile has: the profile, and all limits organ by organ with the plan's values."""
        from sbrtcheck.results.by_organ import measured_dict, measured_lines

        if self.profile is None:
            return {}
        organs = [measured_dict(measured) for measured in measured_lines(self)]
        return {"profile": profile_dict(self.profile), "organs": organs}

    def to_records(self) -> list[dict[str, Any]]:
        """One flat record a row of the report, all with the same keys."""
        return [outcome_record(outcome, self.notes.on(n)) for n, outcome in enumerate(self.outcomes)]

    def to_dataframe(self) -> pd.DataFrame:
        """One line a row of the report; needs pandas.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(f"Report.to_dataframe needs pandas: {install_command('pandas')}") from error
        return pd.DataFrame(self.to_records(), columns=list(RECORD_KEYS))

    def points(
        self,
        dvhs: DVHSet,
        names: Mapping[str, str] | None = None,  # noqa: ARG002 - of the protocol; the report knows its contours
    ) -> tuple[tuple[CurvePoint, ...], tuple[NotDrawn, ...]]:
        """Give the rows as points on the curves of these DVHs, with the limits used; see `DVHSet.plot`.

        The contours are those that the report was made on, whatever ``names`` say.
        """
        from sbrtcheck.results.points import outcome_points

        return outcome_points(self.outcomes, dvhs)

    def plot(self, *, structures: Collection[str] | None = None, ax: Axes | None = None, relative: bool = True) -> Axes:
        """Draw the DVHs of the report, and its rows as points; as `DVHSet.plot`."""
        from sbrtcheck.results.points import given_targets

        names = given_targets(self.names)
        return self.dvhs.plot(constraints=self, structures=structures, ax=ax, relative=relative, names=names)

    def _repr_html_(self) -> str:
        """Show the report in a notebook: the rows that need attention first, everything in it escaped, no script."""
        from sbrtcheck.results.notebook import report_html

        return report_html(self)


def _line(outcome: Outcome) -> str:
    """A row in one line; what makes its verdict worth less comes before what may be cut off."""
    from sbrtcheck.results import labels

    uncounted = "" if outcome.counts else f" ({labels.why_not_counted(outcome)})"
    return f"{labels.verdict_text(outcome)}{uncounted} {labels.against_limit_text(outcome)}"

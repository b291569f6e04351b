"""A report and another set of DVHs of its plan in; which values differ, and which verdicts would change, out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sbrtcheck.dvh import DVH, DVHSet, NoDVH, VolumeUnit, curve_distance
from sbrtcheck.judge.dose_check import check_dose
from sbrtcheck.judge.judged_plan import judged_plan
from sbrtcheck.judge.outcomes import outcomes_of
from sbrtcheck.judge.site import rows_for
from sbrtcheck.judge.structures import dvh_of, plan_structures
from sbrtcheck.metric import Metric, NotMeasured, OfOneDvh, measure, parse
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.results.dvh_comparison import (
    GENERAL,
    VOLUME,
    Comparison,
    ConventionVolume,
    MetricDifference,
    NotCompared,
    StructureDifference,
    Unanswered,
    VerdictDifference,
)
from sbrtcheck.results.outcome import Outcome, Verdict
from sbrtcheck.results.report import Report

OTHER_CONTOUR = 1.5
"""Volumes further apart than this factor, whatever the end caps, are hardly of one contour: systems differ by less."""

MAX_NAMES = 3
"""Of so many structures at most a remark gives the names."""

EVALUATED = (Verdict.PASS, Verdict.VARIATION, Verdict.FAIL, Verdict.MET, Verdict.NOT_MET)

Pair = tuple[Outcome, Outcome]


def compare_with(report: Report, theirs: DVHSet, *, other: str, names: Mapping[str, str] | None = None) -> Comparison:
    """Compare the DVHs of a report with those that somebody else has of the same plan.

    Parameters
    ----------
    report
        Of one plan.
    theirs
        Other DVHs of that plan: stored by the planning system, or exported by it. They are judged for the report's
        prescription, on the structures that the report was made on.
    other
        Whose they are, in words: "stored in the RTDOSE".
    names
        Not looked at any more: the report has the matches that it was made with. Goes with version 0.3.

    Returns
    -------
    Comparison
        Differences are those of the report minus theirs. No DVH is computed for it.
    """
    if names is not None:
        text = "compare_with needs no names: the report has them; the parameter goes with version 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
    ours = report.dvhs
    spelled = _spelled_as_ours(theirs, ours)
    same_rx = _for_prescription(_renamed(theirs, spelled), report.prescription)
    pairs = _pairs(report, same_rx)
    dvh_pairs = [(dvh, dvh_of(dvh.name, dvh.number, same_rx)) for dvh in ours.dvhs]
    our_names = {dvh.name for dvh in ours.dvhs} | {no_dvh.name for no_dvh in ours.without}
    return Comparison(
        other=other,
        structures=tuple(
            _structure(dvh, their_dvh, pairs) for dvh, their_dvh in dvh_pairs if isinstance(their_dvh, DVH)
        ),
        without=(
            *(
                NotCompared(name=dvh.name, reason=their_dvh.reason, detail=their_dvh.detail)
                for dvh, their_dvh in dvh_pairs
                if isinstance(their_dvh, NoDVH)
            ),
            *_not_computed(ours.without, same_rx),
        ),
        verdicts=tuple(_verdict_difference(ours, theirs) for ours, theirs in pairs if _differ(ours, theirs)),
        unanswered=tuple(_unanswered(ours, theirs) for ours, theirs in pairs if _is_unanswered(ours, theirs)),
        same_verdicts=sum(ours.verdict is theirs.verdict in EVALUATED for ours, theirs in pairs),
        not_asked=tuple(dvh.name for dvh in same_rx.dvhs if dvh.name not in our_names),
        remarks=(
            *(f"{name} there was matched to {our_name} here" for name, our_name in spelled.items()),
            *_other_plan(ours, theirs),
            *_other_prescription(report.prescription, theirs.prescription),
            *_other_contours([(dvh, their_dvh) for dvh, their_dvh in dvh_pairs if isinstance(their_dvh, DVH)]),
            *(finding.text for finding in theirs.findings),
            *_findings_of([their_dvh for _, their_dvh in dvh_pairs if isinstance(their_dvh, DVH)]),
        ),
    )


def _spelled_as_ours(theirs: DVHSet, ours: DVHSet) -> dict[str, str]:
    """Names of theirs that differ from one of ours in case, blanks, ``_`` and ``.`` alone; systems drop these."""
    our_names = {structure.name for structure in ours.plan.structures} if ours.plan else {dvh.name for dvh in ours.dvhs}
    by_spelling = {_spelling(name): name for name in our_names}
    unlike = ({dvh.name for dvh in theirs.dvhs} | {no_dvh.name for no_dvh in theirs.without}) - our_names
    unused = our_names - {dvh.name for dvh in theirs.dvhs}
    counted = Counter(map(_spelling, our_names)) + Counter(map(_spelling, unlike))
    return {
        name: by_spelling[key]
        for name in sorted(unlike)
        if counted[key := _spelling(name)] == 2 and by_spelling.get(key) in unused
    }


def _spelling(name: str) -> str:
    return "".join(char for char in name.casefold() if char not in " _.")


def _renamed(dvhs: DVHSet, names: Mapping[str, str]) -> DVHSet:
    return replace(
        dvhs,
        dvhs=tuple(replace(dvh, name=names.get(dvh.name, dvh.name)) for dvh in dvhs.dvhs),
        without=tuple(replace(dvh, name=names.get(dvh.name, dvh.name)) for dvh in dvhs.without),
    )


def _for_prescription(theirs: DVHSet, rx: Prescription | UnknownPrescription) -> DVHSet:
    """The same DVHs, to be judged for the report's prescription."""
    return replace(theirs, prescription=rx, dvhs=tuple(replace(dvh, prescription=rx) for dvh in theirs.dvhs))


def _other_plan(ours: DVHSet, theirs: DVHSet) -> tuple[str, ...]:
    """Structures have the same names in all plans of a patient: only the label tells which plan an export is of."""
    our_label, their_label = (str(dvh_set.provenance.get("plan_label") or "") for dvh_set in (ours, theirs))
    if not our_label or not their_label or _spelling(our_label) in _spelling(their_label):
        return ()
    return (f"they are of the plan {their_label!r}, and the plan here is {our_label!r}: is it the same?",)


def _other_prescription(
    ours: Prescription | UnknownPrescription, theirs: Prescription | UnknownPrescription
) -> tuple[str, ...]:
    if not isinstance(ours, Prescription) or not isinstance(theirs, Prescription):
        return ()
    if (ours.dose_gy, ours.fractions) == (theirs.dose_gy, theirs.fractions):
        return ()
    text = f"they are for {theirs.dose_gy:g} Gy in {theirs.fractions}, and were judged for the plan's prescription"
    return (text,)


def _other_contours(dvh_pairs: Sequence[tuple[DVH, DVH]]) -> list[str]:
    """Structures of one name whose volumes no end-cap convention brings together."""
    remarks = []
    for ours, theirs in dvh_pairs:
        both_cc = ours.volume_unit is theirs.volume_unit is VolumeUnit.CC
        volumes = [dvh.volume for dvh in (ours, *ours.alternatives)]
        if both_cc and all(
            max(volume, theirs.volume) > OTHER_CONTOUR * min(volume, theirs.volume) for volume in volumes
        ):
            text = f"{ours.name}: {ours.volume:.4g} cc here and {theirs.volume:.4g} cc there"
            remarks.append(f"{text}: are they of the same contours?")
    return remarks


def _findings_of(theirs: Sequence[DVH]) -> tuple[str, ...]:
    """What reading the other DVHs turned up, each once with the structures that it is true of."""
    names_by_text: dict[str, list[str]] = {}
    for dvh in theirs:
        for finding in dvh.findings:
            names_by_text.setdefault(finding.text, []).append(dvh.name)
    return tuple(f"{_listed(names)}: {text}" for text, names in names_by_text.items())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MAX_NAMES else f"{len(names)} structures"


def _not_computed(without: Iterable[NoDVH], theirs: DVHSet) -> list[NotCompared]:
    """Structures that have a DVH of theirs, and none here."""
    return [
        NotCompared(name=no_dvh.name, reason=no_dvh.reason, detail=f"no DVH here: {no_dvh.detail}".removesuffix(": "))
        for no_dvh in without
        if isinstance(dvh_of(no_dvh.name, no_dvh.number, theirs), DVH)
    ]


# Structures


def _structure(ours: DVH, theirs: DVH, pairs: Sequence[Pair]) -> StructureDifference:
    of_rows = [pair for pair in pairs if pair[0].contour == ours.name]
    return structure_difference(ours.name, ours, theirs, of_rows)


def structure_difference(name: str, ours: DVH, theirs: DVH, of_rows: Sequence[Pair]) -> StructureDifference:
    """What two DVHs of one structure say differently; ``of_rows`` are the outcomes of rows on it, on each of them."""
    general = [
        MetricDifference(metric=metric, ours=measure(metric, ours), theirs=measure(metric, theirs))
        for metric in map(parse, (VOLUME, *GENERAL))
    ]
    row_metrics = [_of_row(*pair) for pair in of_rows if _is_read_off(*pair)]
    metrics = {
        (str(difference.metric), difference.alpha_beta_gy, difference.quantity): difference
        for difference in (general[0], *row_metrics)
    }
    metrics |= {
        key: difference
        for difference in general
        if (key := (str(difference.metric), None, difference.quantity)) not in metrics
    }
    return StructureDifference(
        name=name,
        metrics=tuple(metrics.values()),
        curves=curve_distance(ours, theirs),
        conventions=_volumes(ours) if theirs.volume_unit is VolumeUnit.CC else (),
    )


def _is_read_off(ours: Outcome, theirs: Outcome) -> bool:
    """Whether a row's metric is one of a single DVH, and one of both could be measured."""
    measured = not (isinstance(ours.measurement, NotMeasured) and isinstance(theirs.measurement, NotMeasured))
    return measured and isinstance(ours.constraint.metric, OfOneDvh)


def _of_row(ours: Outcome, theirs: Outcome) -> MetricDifference:
    row = ours.constraint
    return MetricDifference(
        metric=row.metric,
        ours=ours.measurement,
        theirs=theirs.measurement,
        quantity=row.quantity,
        alpha_beta_gy=row.alpha_beta_gy,
    )


def _volumes(ours: DVH) -> tuple[ConventionVolume, ...]:
    return tuple(
        ConventionVolume(end_caps=str(dvh.end_caps), volume_cc=dvh.volume)
        for dvh in (ours, *ours.alternatives)
        if dvh.end_caps is not None and dvh.volume_unit is VolumeUnit.CC
    )


# Verdicts


def _pairs(report: Report, theirs: DVHSet) -> list[Pair]:
    """Each outcome of the report, and that of the same row on the same structure from their DVHs."""
    dose = check_dose(report.dvhs, report.matches.targets, accepted=report.accept_dose)
    structures = plan_structures(report.dvhs, report.matches, report.laterality).with_dvhs_of(theirs)
    tables = [replace(table, rows=rows_for(table, report.site, report.sex)) for table in report.tables]
    rows = [row for table in tables for row in table.rows]
    plan = judged_plan(structures, rows, site=report.site, dose=dose, sex=report.sex)
    judged = outcomes_of(tables, plan, include_unconfirmed=report.include_unconfirmed)
    by_key = {_key(outcome): outcome for outcome in judged}
    return [(ours, by_key[_key(ours)]) for ours in report.outcomes if _key(ours) in by_key]


def _key(outcome: Outcome) -> tuple[str, str, str, str]:
    return outcome.table_id, outcome.constraint.id, outcome.organ, outcome.contour


def _is_unanswered(ours: Outcome, theirs: Outcome) -> bool:
    return theirs.verdict is Verdict.NOT_EVALUATED is not ours.verdict


def _differ(ours: Outcome, theirs: Outcome) -> bool:
    return ours.verdict is not theirs.verdict and not _is_unanswered(ours, theirs)


def _verdict_difference(ours: Outcome, theirs: Outcome) -> VerdictDifference:
    end_caps = (convention.end_caps for convention in ours.conventions if convention.verdict is theirs.verdict)
    return VerdictDifference(
        table_id=ours.table_id,
        row_id=ours.constraint.id,
        organ=ours.organ,
        contour=ours.contour,
        measured=_of_row(ours, theirs),
        sense=ours.constraint.sense,
        limit=ours.limit_used,
        ours=ours.verdict,
        theirs=theirs.verdict,
        under=next(end_caps, None),
    )


def _unanswered(ours: Outcome, theirs: Outcome) -> Unanswered:
    metric: Metric = ours.constraint.metric
    return Unanswered(
        table_id=ours.table_id,
        row_id=ours.constraint.id,
        organ=ours.organ,
        contour=ours.contour,
        metric=metric,
        reason=theirs.reason,
        detail=theirs.detail,
    )

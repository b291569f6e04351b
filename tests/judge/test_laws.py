"""The one law: a report never looks better than what was checked.

**No change** of `plan_changes` **turns a report that is not a PASS into one, nor a FAIL into anything but FAIL or
REVIEW**; that a check ends with an error instead of a report is no better either. A VARIATION may become anything but
a PASS. Of several changes one after the other, the same holds for each. What the law does not say, by the design:

- A structure of an organ that is not expected at the site of the plan may be lost, and then its rows are silent. So
  structures are lost here where the site is unknown, and every organ is expected, or the organ is expected.
- What cannot be told from another plan: a dose with which a target still receives 90 % of the prescription, an organ
  without its first or its last planes, a contour with fewer corners and a count that says so, two organs whose names
  are exchanged, a prescription that is less. So doses change by more here, and planes are lost between others.
- One plane that is missing between others is bridged. So it is two here, or more.
- Beyond a dose grid that holds all targets, the dose is no larger than on its faces. So it falls off with the distance
  here; a second place of high dose has a target.
- A plan without any target is compared with its prescription by its largest dose. So every table has a row of a target.

The other laws: a looser limit never turns a PASS into a FAIL; the order of rows, structures, files, contours and
corners changes nothing.
"""

from __future__ import annotations

import atexit
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import plan_changes as changes
import sbrtcheck
from dvh_builders import row, table
from effort import examples
from plan_changes import NAMED, PlanFiles, Unchanged, small_plan
from sbrtcheck.dvh import Reason
from sbrtcheck.errors import SbrtcheckError
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.results import Report
from sbrtcheck.tables import Constraint, ConstraintTable, Select, Status

SLOW = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a seed has no simpler seeds
)
ERROR = "ERROR"  # the check ended with exit code 2, and there is no report

ALLOWED = {
    "FAIL": {"FAIL", "REVIEW", ERROR},
    "REVIEW": {"FAIL", "REVIEW", ERROR},
    "VARIATION": {"FAIL", "REVIEW", "VARIATION", ERROR},
    "PASS": {"FAIL", "REVIEW", "VARIATION", "PASS", ERROR},
}
"""What a report of each verdict may become when the plan is changed."""


# ------------------------------------------------------------------------------------------------ rows and tables


def _row(at: str, metric: str, sense: str, *structures: str, **fields: Any) -> Constraint:
    return row(metric, sense, 1.0, *structures, id=at, **fields)


ROWS = {
    one.id: one
    for one in (
        _row("cord", "D0.035cc[Gy]", "below", "SpinalCord"),
        _row("cord by volume", "D0.35cc[Gy]", "below", "SpinalCord", volume_threshold=True),
        _row("cord in EQD2", "D0.1cc[Gy]", "at_most", "SpinalCord", quantity=Quantity.EQD2, alpha_beta_gy=2.0),
        _row("heart", "Mean[Gy]", "at_most", "Heart"),
        _row("heart in percent", "D0.5cc[%Rx]", "at_most", "Heart"),
        _row("esophagus", "V15Gy[cc]", "below", "Esophagus"),
        _row("esophagus in percent", "D5%[Gy]", "below", "Esophagus"),
        _row("vessels", "D0.1cc[Gy]", "below", "GreatVes"),
        _row("lungs", "V10Gy[%]", "below", "Lungs-GTV", "Lungs", select=Select.FIRST),
        _row("lungs, the coldest", "DC20cc[Gy]", "below", "Lungs"),
        _row("each lung", "Mean[Gy]", "below", "Lung_L", "Lung_R"),
        _row("airways", "D0.1cc[Gy]", "below", "Trachea", "Bronchus_Main", select=Select.UNION),
        _row("airways, in part", "D1cc[Gy]", "below", "Bronchus_Main", "Trachea", "Carina", select=Select.UNION,
             optional=("Carina",)),
        _row("by a name given", "D0.1cc[Gy]", "below", "BrachialPlex_R"),
        _row("target", "D95%[Gy]", "at_least", "PTV"),
        _row("target, volume", "V47Gy[%]", "at_least", "PTV"),
        _row("beyond the target", "D2cm[Gy]", "below", "PTV"),
    )
}  # fmt: skip
OF_WHICH = {
    at: [name for name in one.structures if name not in ("Lungs", "Lungs-GTV", "Carina")] for at, one in ROWS.items()
}
OF_WHICH |= {
    "lungs": ["Lung_L", "Lung_R", "GTV"],
    "lungs, the coldest": ["Lung_L", "Lung_R"],
    "by a name given": ["vagus 7"],
}
"""Structures that each row hangs on."""

SITES = ("lung", "multi")  # a table for all sites leaves the site unknown, and then every organ is expected


@cache
def values(variant: int) -> Mapping[str, float]:
    """What each row of `ROWS` measures on a small plan: the largest where it asks for several structures."""
    report = reported(small_plan(variant), table(*ROWS.values()), names=NAMED)
    assert isinstance(report, Report)
    found: dict[str, float] = {}
    for outcome in report.outcomes:
        assert isinstance(outcome.measurement, sbrtcheck.Measurement), outcome
        at, value = outcome.constraint.id, outcome.measurement.value
        found[at] = max(found.get(at, 0.0), value)
    return found


def limited(at: str, variant: int, factor: float, **fields: Any) -> Constraint:
    """A row whose limit is its value by a factor: above 1 it is met, below 1 it is not."""
    one = ROWS[at]
    by = factor if one.is_upper_limit else 1.0 / factor
    return replace(one, limit=values(variant)[at] * by, **fields)


KINDS: dict[str, tuple[float, dict[str, Any], str]] = {
    "fails": (0.8, {}, "FAIL"),
    "fails narrowly": (0.97, {}, "FAIL"),
    "fails, read once": (0.8, {"confirmed_by": ("print",)}, "REVIEW"),
    "fails, disputed": (0.8, {"status": Status.DISPUTED}, "REVIEW"),
    "varies": (0.8, {}, "VARIATION"),
    "passes": (1.25, {}, "PASS"),
}
"""How one row of a table turns out, and with it the report; the others pass."""


def one_row_decides(at: str, kind: str, variant: int, site: str) -> ConstraintTable:
    """All rows, one of which turns out as its kind says; the others are met with room to spare."""
    factor, fields, _ = KINDS[kind]
    decisive = limited(at, variant, factor, **fields)
    if kind == "varies":
        decisive = replace(decisive, acceptable=limited(at, variant, 1.25).limit)
    others = [limited(other, variant, 1.6) for other in ("heart", "airways", "target") if other != at]
    return table(decisive, *others, site=site)


# ------------------------------------------------------------------------------------------------------- checking


def reported(files: PlanFiles, tables: ConstraintTable | Sequence[ConstraintTable], **options: Any) -> Report | str:
    """The report on the files as they are on a disk, or `ERROR`."""
    folder = a_folder()
    for path in folder.iterdir():
        path.unlink()
    try:
        return sbrtcheck.check(files.save(folder), tables, **options)
    except SbrtcheckError:
        return ERROR


@cache
def a_folder() -> Path:
    """The same one for all plans, one after the other: to remove a folder can take a tenth of the time of a check."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def verdict(files: PlanFiles, tables: ConstraintTable, **options: Any) -> str:
    found = reported(files, tables, names=files.names or None, **options)
    return found if isinstance(found, str) else str(found.verdict)


def named_plan(variant: int) -> PlanFiles:
    files = small_plan(variant)
    files.names = dict(NAMED)
    return files


@dataclass(frozen=True, slots=True)
class Situation:
    """A small plan and a table of which one row decides."""

    at: str
    kind: str
    variant: int
    site: str

    @property
    def table(self) -> ConstraintTable:
        return one_row_decides(self.at, self.kind, self.variant, self.site)

    @property
    def verdict(self) -> str:
        return KINDS[self.kind][2]


situations = st.builds(
    Situation,
    st.sampled_from(sorted(ROWS)),
    st.sampled_from([kind for kind in KINDS if kind != "passes"]),
    st.integers(0, 3),
    st.sampled_from(SITES),
)
randoms = st.integers(0, 10_000)


def assert_never_better(before: str, after: str, what: object) -> None:
    assert after in ALLOWED[before], f"{before} became {after}: {what}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", ROWS)
def test_a_report_is_what_its_one_row_makes_it(at: str, kind: str) -> None:
    situation = Situation(at, kind, list(ROWS).index(at) % 4, SITES[len(kind) % 2])
    assert verdict(named_plan(situation.variant), situation.table) == situation.verdict


# ------------------------------------------------------------------------------------------------------ one change


def changed(situation: Situation, change: Any, seed: int, *of: str) -> PlanFiles:
    """The plan of a situation after one change; the example is passed over where it does not apply."""
    files = named_plan(situation.variant)
    try:
        change(files, *of, Random(seed))
    except Unchanged:
        assume(False)
    return files


@pytest.mark.slow
@pytest.mark.parametrize("name", changes.OF_STRUCTURE)
@given(situations, st.integers(0, 9), randoms)
@settings(SLOW, max_examples=examples(5))
def test_no_change_of_a_structure_makes_a_report_better(name: str, situation: Situation, which: int, seed: int) -> None:
    structures = OF_WHICH[situation.at]
    structure = structures[which % len(structures)]
    files = changed(situation, changes.OF_STRUCTURE[name], seed, structure)
    assume(not (structure in NAMED.values() and name in ("in a second ROI", "in other letters")))  # the user chose it
    after = verdict(files, situation.table)
    assert_never_better(situation.verdict, after, (name, structure, situation))


@pytest.mark.slow
@pytest.mark.parametrize("name", changes.OF_PLAN)
@given(situations, randoms)
@settings(SLOW, max_examples=examples(4))
def test_no_change_of_the_plan_makes_a_report_better(name: str, situation: Situation, seed: int) -> None:
    files = changed(situation, changes.OF_PLAN[name], seed)
    assert_never_better(situation.verdict, verdict(files, situation.table), (name, situation))


WHOLE = {
    "every second plane lost",  # a step of two spacings is bridged
    "in a second ROI",  # it is added to the first, and where the row comes to the same it stands
    "in other letters",  # the same
}
LOST = {name: change for name, change in (changes.DAMAGES | changes.LOSSES).items() if name not in WHOLE}


IN_OTHER_ROIS = {"in two ROIs", "empty beside a numbered one"}
"""Several targets are as good as one, and so is a contour that the user names; lungs without the GTV are lungs."""


@pytest.mark.slow
@pytest.mark.parametrize("name", LOST)
@given(st.sampled_from(sorted(ROWS)), st.integers(0, 9), st.integers(0, 3), st.sampled_from(SITES), randoms)
@settings(SLOW, max_examples=examples(3))
def test_no_pass_is_left_of_a_structure_that_is_not_whole(
    name: str, at: str, which: int, variant: int, site: str, seed: int
) -> None:
    situation = Situation(at, "passes", variant, site)
    passed_over = {"GTV"} | ({"PTV", "vagus 7"} if name in IN_OTHER_ROIS else set())
    structures = [one for one in OF_WHICH[at] if one not in passed_over]
    assume(structures)
    files = changed(situation, LOST[name], seed, structures[which % len(structures)])
    assert verdict(files, situation.table) not in ("PASS", "VARIATION"), (name, situation)


HARMLESS = {
    "dose: cropped",  # it may be air
    "a second structure set",  # the plan names its own
    "files of another plan",  # those that do not belong to this one are left aside
    "dose: of a fraction, by its type",  # the targets get what is prescribed
    "dose: of another kind",  # the same
}
SEEN = {name: change for name, change in changes.OF_PLAN.items() if name not in HARMLESS}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEN)
@given(st.sampled_from(sorted(ROWS)), st.integers(0, 3), st.sampled_from(SITES), randoms)
@settings(SLOW, max_examples=examples(3))
def test_no_pass_is_left_on_a_dose_or_a_prescription_of_something_else(
    name: str, at: str, variant: int, site: str, seed: int
) -> None:
    situation = Situation(at, "passes", variant, site)
    files = changed(situation, SEEN[name], seed)
    assert verdict(files, situation.table) not in ("PASS", "VARIATION"), (name, situation)


def _boxed(files: PlanFiles, margin_mm: float) -> None:
    middle = np.array(changes.CENTRE_MM)
    changes.crop_to(files, middle - margin_mm, middle + margin_mm)


CUTS = {
    **{side: partial(changes.crop, axis=side[0], end=side[1], share=0.35) for side in changes.SIDES},
    **{margin_mm: partial(_boxed, margin_mm=margin_mm) for margin_mm in (10.0, 16.0)},
}
"""From one side by a third; or to a box round the target that holds no place 2 cm from it."""


@pytest.mark.slow
@pytest.mark.parametrize("at", ROWS)
def test_no_row_that_fails_passes_on_a_grid_that_is_cut(at: str) -> None:
    """Each row on some of the cuts by turns, by night on all of them."""
    place = list(ROWS).index(at)
    situation = Situation(at, "fails narrowly", place % 4, "multi")
    for turn in range(min(examples(3), len(CUTS))):
        name = list(CUTS)[(place + 3 * turn) % len(CUTS)]
        files = named_plan(situation.variant)
        CUTS[name](files)
        assert_never_better("FAIL", verdict(files, situation.table), (name, situation))


@pytest.mark.parametrize("end", [0, 1])
def test_what_streams_out_of_the_grid_is_not_cold_at_a_distance(end: int) -> None:
    """A streak of 25 Gy along y: 2 cm from the target it is more than the limit, and the grid is cut before that."""
    at_a_distance = table(limited("target", 0, 1.6), row("D2cm[Gy]", "below", 15, "PTV", id="beyond"))
    found = []
    for share in (None, 0.25):
        files = named_plan(0)
        values = files.dose_gy
        i, k = round((42.0 - 14.0) / 3.0), values.shape[0] // 2
        half = slice(values.shape[1] // 2, None) if end else slice(None, values.shape[1] // 2)
        values[k - 1 : k + 2, half, i - 1 : i + 2] = np.maximum(values[k - 1 : k + 2, half, i - 1 : i + 2], 25.0)
        files.set_dose(values)
        if share is not None:
            changes.crop(files, 1, end, share)
        report = reported(files, at_a_distance)
        assert isinstance(report, Report)
        found.append((str(report.verdict), report.outcomes[1].reason))
    assert found == [("FAIL", None), ("REVIEW", Reason.PARTLY_OUTSIDE_GRID)]


def test_a_row_whose_verdict_hangs_on_how_contours_overlap_has_none() -> None:
    """Of two strokes, what both enclose is inside or outside; the limit lies between the means of the two readings."""
    means = []
    for kind in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
        files = named_plan(0)
        changes.two_strokes(files, "Lung_R", Random(1))
        changes.to_type(kind)(files, "Lung_R", Random(0))
        report = reported(files, table(limited("target", 0, 2.0), row("Mean[Gy]", "below", 100, "Lung_R", id="mean")))
        assert isinstance(report, Report)
        (mean,) = [one.measurement for one in report.outcomes if one.constraint.id == "mean"]
        assert isinstance(mean, sbrtcheck.Measurement)
        means.append(mean.value)
    assert abs(means[0] - means[1]) > 0.2
    between = (means[0] + means[1]) / 2
    for sense in ("below", "above"):
        files = named_plan(0)
        changes.two_strokes(files, "Lung_R", Random(1))
        report = reported(files, table(row("Mean[Gy]", sense, between, "Lung_R")))
        assert isinstance(report, Report)
        assert report.outcomes[0].reason is Reason.CONTOURS_CONTRADICTORY
        assert report.verdict == "REVIEW"


@pytest.mark.parametrize("name", ["one plane left", "inner planes lost", "two strokes", "one contour of another type"])
def test_no_limit_is_met_by_the_volume_of_contours_in_doubt(name: str) -> None:
    """No organ of 1 cc has 5 cc above a dose, if it is all of the organ."""
    by_volume = table(row("D5cc[Gy]", "below", 1.0, "Esophagus", volume_threshold=True))
    verdicts = []
    for change in (None, changes.OF_STRUCTURE[name]):
        files = named_plan(0)
        if change is not None:
            change(files, "Esophagus", Random(2))
        report = reported(files, by_volume)
        assert isinstance(report, Report)
        verdicts.append(str(report.outcomes[0].verdict))
    assert verdicts == ["PASS", "NOT_EVALUATED"]


@pytest.mark.parametrize("organ", ["Esophagus", "Trachea", "Liver"])
def test_a_name_that_the_plan_lacks_is_a_review_whether_a_row_asks_for_it_or_not(organ: str) -> None:
    files = named_plan(0)
    files.names[organ] = "nothing"
    for at in ("cord", "airways"):
        assert verdict(files, one_row_decides(at, "passes", 0, "lung")) == "REVIEW"
    assert verdict(files, one_row_decides("cord", "fails", 0, "lung")) == "FAIL"


# ------------------------------------------------------------------------------------------- one after the other

steps = st.lists(
    st.tuples(st.sampled_from(sorted([*changes.OF_STRUCTURE, *changes.OF_PLAN])), randoms), min_size=2, max_size=3
)


@pytest.mark.slow
@given(st.sampled_from(sorted(ROWS)), st.sampled_from(sorted(KINDS)), st.integers(0, 3), st.sampled_from(SITES), steps)
@settings(SLOW, max_examples=examples(36))
def test_no_changes_one_after_the_other_make_a_report_better(
    at: str, kind: str, variant: int, site: str, made: list[tuple[str, int]]
) -> None:
    situation, files = Situation(at, kind, variant, site), named_plan(variant)
    before, structures = situation.verdict, OF_WHICH[at]
    for name, seed in made:
        random = Random(seed)
        try:
            if name in changes.OF_STRUCTURE:
                if name in ("in a second ROI", "in other letters") and structures[0] in NAMED.values():
                    continue
                changes.OF_STRUCTURE[name](files, structures[seed % len(structures)], random)
            else:
                changes.OF_PLAN[name](files, random)
        except Unchanged:
            continue
        after = verdict(files, situation.table)
        assert_never_better(before, after, (name, made, situation))
        if after != ERROR:  # an error is no report, and says nothing of what comes after
            before = after


def test_an_unknown_prescription_and_negative_doses_are_no_crash() -> None:
    files = named_plan(1)
    for reference in files.plan.DoseReferenceSequence:
        del reference.TargetPrescriptionDose
    changes.negative_dose(files, Random(0))
    for at in ROWS:
        assert verdict(files, one_row_decides(at, "passes", 1, "lung")) != "PASS"


@pytest.mark.slow
@given(situations, st.tuples(*[st.tuples(st.sampled_from(sorted(changes.OF_STRUCTURE)), randoms)] * 2))
@settings(SLOW, max_examples=examples(20))
def test_two_changes_of_two_structures_come_to_the_same_in_either_order(
    situation: Situation, made: tuple[tuple[str, int], tuple[str, int]]
) -> None:
    """The changes that look at one structure alone; a namesake, or a ROI number twice, looks at others too."""
    assume(not any(name in OF_OTHERS for name, _ in made))
    structures = (OF_WHICH[situation.at][0], "Heart" if OF_WHICH[situation.at][0] != "Heart" else "Esophagus")
    pairs = list(zip(structures, made, strict=True))
    found = []
    for order in (pairs, pairs[::-1]):
        files = named_plan(situation.variant)
        for structure, (name, seed) in order:
            try:
                changes.OF_STRUCTURE[name](files, structure, Random(seed))
            except Unchanged:
                assume(False)
        found.append(verdict(files, situation.table))
        assert_never_better(situation.verdict, found[-1], (order, situation))
    assert found[0] == found[1]


OF_OTHERS = {"a ROI number twice", "renamed to a namesake"}


# --------------------------------------------------------------------------------------------------------- orders


def in_no_order(report: Report) -> Any:
    """A report as JSON knows it, but for the order of its lists of rows, findings and files.

    The outcomes are listed in the order of the rows, their findings and those of the plan in the order in which the
    files have their structures, tables and files as they come. Of a damaged contour the report says which one it is, by
    its place in the file.
    """
    text = re.sub(r"contour \d+", "contour N", json.dumps(report.to_dict()))
    return _sorted(json.loads(text))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(one) for one in value), key=json.dumps)
    return value


@pytest.mark.slow
@pytest.mark.parametrize("name", changes.ORDERS)
@given(situations, st.sampled_from([None, *sorted(changes.OF_STRUCTURE)]), randoms)
@settings(SLOW, max_examples=examples(4))
def test_no_order_of_the_files_changes_anything(name: str, situation: Situation, first: str | None, seed: int) -> None:
    files = named_plan(situation.variant)
    again = named_plan(situation.variant)
    for one in (files, again):
        if first is not None:
            _or_pass_over(changes.OF_STRUCTURE[first], one, OF_WHICH[situation.at][0], Random(seed))
    _or_pass_over(changes.ORDERS[name], again, Random(seed))
    reports = [reported(one, situation.table, names=one.names) for one in (files, again)]
    found = [one if isinstance(one, str) else in_no_order(one) for one in reports]
    assert found[0] == found[1]


def _or_pass_over(change: Any, files: PlanFiles, *of: Any) -> None:
    try:
        change(files, *of)
    except Unchanged:
        assume(False)


@pytest.mark.slow
@given(situations, st.randoms(use_true_random=False))
@settings(SLOW, max_examples=examples(8))
def test_no_order_of_rows_and_tables_changes_anything(situation: Situation, random: Random) -> None:
    """Not even of what stands against a pass: here rows that do not count, and organs that are lost or damaged."""
    first, variant = situation.table, situation.variant
    failing = [limited(at, variant, 0.8, confirmed_by=("print",)) for at in ("vessels", "cord", "each lung")]
    second = table(*failing, limited("esophagus", variant, 1.3), id="second", site="lung")
    files = named_plan(variant)
    changes.DAMAGES["NaN"](files, "Heart", Random(0))
    changes.remove(files, "Esophagus", Random(0))
    found = []
    for turned in (False, True):
        tables = [first, second]
        if turned:
            tables = [replace(one, rows=tuple(random.sample(one.rows, len(one.rows)))) for one in (second, first)]
        report = reported(files, tables, names=files.names)
        assert isinstance(report, Report)
        assert len(report.reasons) >= 4
        found.append((report.reasons, in_no_order(report)))
    assert found[0] == found[1]


# --------------------------------------------------------------------------------------------------------- limits


@pytest.mark.slow
@given(
    st.sampled_from(sorted(ROWS)),
    st.integers(0, 3),
    st.floats(0.7, 1.4),
    st.floats(1.0, 1.6),
    st.sampled_from([None, *sorted(changes.DOUBLES), "inner planes lost", "one plane left"]),
    st.sampled_from([None, 0.2, 0.5]),
    randoms,
)
@settings(SLOW, max_examples=examples(25))
def test_a_looser_limit_never_makes_a_report_worse(
    at: str, variant: int, factor: float, looser: float, change: str | None, share: float | None, seed: int
) -> None:
    """A PASS never becomes a FAIL, and is left a PASS; a FAIL that stays one is of a value beyond both limits."""
    files = named_plan(variant)
    if change is not None:
        _or_pass_over(changes.OF_STRUCTURE[change], files, OF_WHICH[at][0], Random(seed))
    if share is not None:
        changes.crop(files, *changes.SIDES[seed % 6], share)
    others = [limited(other, variant, 2.0) for other in ("heart", "target") if other != at]
    tight, loose = (
        verdict(files, table(limited(at, variant, by), *others, site="multi")) for by in (factor, factor * looser)
    )
    assert ORDER.index(loose) <= ORDER.index(tight) or (tight, loose) == ("FAIL", "REVIEW")
    if tight == "PASS":
        assert loose == "PASS"


ORDER = ["PASS", "VARIATION", "REVIEW", "FAIL", ERROR]


# ----------------------------------------------------------------------------------------------------- scaled doses


@pytest.mark.slow
@given(situations, st.floats(1.0, 2.5))
@settings(SLOW, max_examples=examples(10))
def test_more_dose_everywhere_passes_no_upper_limit(situation: Situation, factor: float) -> None:
    """Targets get more too: only rows of organs are kept."""
    assume(ROWS[situation.at].is_upper_limit)
    upper = replace(situation.table, rows=tuple(one for one in situation.table.rows if one.is_upper_limit))
    files = named_plan(situation.variant)
    changes.scale(files, factor)
    assert_never_better(situation.verdict, verdict(files, upper), (factor, situation))


@pytest.mark.slow
@given(situations, st.floats(0.01, 0.8))
@settings(SLOW, max_examples=examples(12))
def test_less_dose_everywhere_is_no_better(situation: Situation, factor: float) -> None:
    """So much less that half of no target receives 90 % of the prescription: the median of the GTV is 55 Gy."""
    files = named_plan(situation.variant)
    changes.scale(files, factor * 45.0 / 63.0)
    found = reported(files, situation.table, names=NAMED)
    assert isinstance(found, Report)
    assert str(found.verdict) == "REVIEW"
    assert {str(one.verdict) for one in found.outcomes} == {"NOT_EVALUATED"}

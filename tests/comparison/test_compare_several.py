"""More than two plans of one patient: their order changes no row; a side known in one plan only pairs organs."""

from __future__ import annotations

import json
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import dvh_set, plan_of, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck import api
from sbrtcheck.cli import main
from sbrtcheck.comparison import (
    Better,
    NoOutcome,
    PlanComparison,
    PlansCompared,
    RowOfPlans,
    Standing,
    compare_plans,
    compare_several,
)
from sbrtcheck.dvh import DVHSet, compute_dvhs
from sbrtcheck.errors import InputError
from sbrtcheck.judge import evaluate
from sbrtcheck.render.several_plans import SEVERAL_FORMATS
from sbrtcheck.results import Report
from sbrtcheck.tables import RowSide
from stored_plans import LUNG

pytestmark = pytest.mark.usefixtures("computed_once")

ROWS = table(
    row("D0.035cc[Gy]", "below", 30, id="max"),
    row("D0.5cc[Gy]", "below", 25, acceptable=40, id="varies"),
    row("D95%[Gy]", "at_least", 10, id="covered"),
    row("Mean[Gy]", "below", 20, "Heart", id="heart"),
)
KIDNEYS = ("Kidney_L", "Kidney_R")


@st.composite
def plans(draw: st.DrawFn) -> DVHSet:
    low, high = sorted((draw(st.floats(0.1, 60.0)), draw(st.floats(0.1, 60.0))))
    cord = ramp_dvh(low_gy=low, high_gy=high, half_width_gy=draw(st.sampled_from([0.0, 0.01, 3.0])))
    heart = [uniform_dvh("Heart", dose_gy=draw(st.floats(1.0, 40.0)))] if draw(st.booleans()) else []
    return dvh_set(cord, *heart)


def reports_of(sets: list[DVHSet]) -> list[Report]:
    return [report_on(ROWS, one) for one in sets]


# -------------------------------------------------------------------------------- laws


@given(st.lists(plans(), min_size=3, max_size=4), st.data())
def test_plans_that_change_places_take_their_columns_along(sets: list[DVHSet], data: st.DataObject) -> None:
    reports = reports_of(sets)
    order = data.draw(st.permutations(range(len(reports))))
    there = compare_several(reports)
    back = compare_several([reports[n] for n in order])
    rows = {one.constraint.id: one for one in back.rows}
    for one in there.rows:
        other = rows[one.constraint.id]
        assert tuple(one.standings[n] for n in order) == other.standings
        assert tuple(one.outcomes[n] for n in order) == other.outcomes


@given(st.lists(plans(), min_size=3, max_size=4))
def test_a_plan_is_best_where_no_other_is_better_in_a_comparison_of_two(sets: list[DVHSet]) -> None:
    reports = reports_of(sets)
    several = compare_several(reports)
    beaten: dict[str, set[int]] = {one.constraint.id: set() for one in several.rows}
    for a, b in combinations(range(len(reports)), 2):
        for one in compare_plans(reports[a], reports[b]).rows:
            if one.better in (Better.FIRST, Better.SECOND):
                beaten[one.constraint.id].add(b if one.better is Better.FIRST else a)
    for one in several.rows:
        worse = beaten[one.constraint.id]
        for place, standing in enumerate(one.standings):
            assert (standing is Standing.NOT_BEST) == (place in worse)
            assert standing is not Standing.BEST or worse
        if worse:
            assert len(worse) < len(reports)


@given(st.lists(plans(), min_size=3, max_size=4))
def test_the_tally_of_each_plan_counts_every_row_once(sets: list[DVHSet]) -> None:
    several = compare_several(reports_of(sets))
    for place in range(len(sets)):
        assert sum(several.tally(place).values()) == sum(one.counts for one in several.rows)


# -------------------------------------------------------------------------------- rows


def three(*doses_gy: float | None) -> RowOfPlans:
    """A row on the mean dose of the heart, below 20 Gy, in plans of which some have no heart."""
    asked = table(row("Mean[Gy]", "below", 20, "Heart", id="heart"))
    sets = [dvh_set(uniform_dvh("Heart" if gy is not None else "Liver", dose_gy=gy or 1.0)) for gy in doses_gy]
    (found,) = compare_several([report_on(asked, one) for one in sets]).rows
    return found


def test_the_largest_margin_is_best_and_equal_ones_share_it() -> None:
    assert three(5, 3, 30).standings == (Standing.NOT_BEST, Standing.BEST, Standing.NOT_BEST)
    assert three(3, 5, 3).standings == (Standing.BEST, Standing.NOT_BEST, Standing.BEST)
    assert three(3, 3, 3).standings == (Standing.SAME,) * 3


def test_a_plan_without_the_organ_is_not_compared_and_the_others_are() -> None:
    found = three(5, None, 3)
    assert found.standings == (Standing.NOT_BEST, Standing.NOT_COMPARED, Standing.BEST)
    assert found.why == "not in B: structure missing"
    assert three(None, None, None).why == "in none: structure missing"
    assert not three(5, None, None).is_compared
    assert three(5, None, None).why == "not in B, C: structure missing"


def with_side(side: RowSide, target_x: float, laterality: str | None = None) -> Report:
    plan = plan_of(Kidney_L=25, Kidney_R=-15, PTV=target_x)
    asked = table(row("Mean[Gy]", "below", 30, *KIDNEYS, side=side))
    return evaluate(asked, compute_dvhs(plan), laterality=laterality, accept_dose=True)


def organs(found: PlanComparison) -> dict[str, tuple[str, str]]:
    def of(outcome: Any) -> str:
        return outcome.detail if isinstance(outcome, NoOutcome) else str(outcome.organ)

    return {one.organ: (of(one.first), of(one.second)) for one in found.rows}


def test_a_side_known_in_one_plan_only_pairs_the_organ_that_both_judge() -> None:
    known, unknown = (with_side(RowSide.IPSILATERAL, x) for x in (12, 5))
    found = organs(compare_plans(known, unknown))
    assert found == {
        "Kidney_L": ("Kidney_L", "Kidney_L"),
        "Kidney_R": ("by the side of its target, the row is for Kidney_L alone", "Kidney_R"),
    }
    assert organs(compare_plans(unknown, known)) == {organ: (b, a) for organ, (a, b) in found.items()}


def test_a_contralateral_row_whose_side_is_open_in_one_plan_says_why() -> None:
    known, unknown = (with_side(RowSide.CONTRALATERAL, x) for x in (12, 5))
    (one,) = compare_plans(known, unknown).rows
    assert (one.organ, one.better) == ("Kidney_R", Better.NOT_COMPARED)
    assert one.why.startswith("not in the second: side of the target")
    (mirrored,) = compare_plans(unknown, known).rows
    assert (mirrored.organ, mirrored.why) == ("Kidney_R", one.why.replace("second", "first"))


def test_targets_on_different_sides_are_not_compared_with_each_other() -> None:
    left, right = (with_side(RowSide.IPSILATERAL, x) for x in (12, -5))
    assert {one.better for one in compare_plans(left, right).rows} == {Better.NOT_COMPARED}


# -------------------------------------------------------------------------------- front doors


@pytest.fixture(scope="module")
def compared() -> PlansCompared:
    found = api.compare([LUNG, LUNG, LUNG], table="rtog-0813", prescriptions=[None, "54Gy/5", "48Gy/4"])
    assert isinstance(found, PlansCompared)
    return found


def test_each_plan_keeps_its_prescription_and_its_fractions(compared: PlansCompared) -> None:
    assert [one.prescription.fractions for one in compared.reports] == [5, 5, 4]
    assert all(one.standings[2] is Standing.NOT_COMPARED for one in compared.rows)
    assert all("C" in one.why and "fractions do not match" in one.why for one in compared.rows)


def test_json_has_a_list_of_plans_and_for_each_row_their_standing(compared: PlansCompared) -> None:
    found = json.loads(SEVERAL_FORMATS["json"](compared))
    assert found["schema"] == "sbrtcheck-compare/3"
    assert [plan["letter"] for plan in found["plans"]] == ["A", "B", "C"]
    for listed, one in zip(found["rows"], compared.rows, strict=True):
        assert [plan["standing"] for plan in listed["plans"]] == list(map(str, one.standings))
    assert [pair["plan"] for pair in found["to_first"]] == ["B", "C"]


def test_best_is_a_symbol_and_a_word_in_text_and_markdown() -> None:
    asked = table(row("Mean[Gy]", "below", 20, "Heart", id="heart"))
    sets = [dvh_set(uniform_dvh("Heart", dose_gy=gy)) for gy in (5.0, 3.0, 30.0)]
    found = compare_several([report_on(asked, one) for one in sets])
    text = SEVERAL_FORMATS["text"](found)
    heart = next(n for n, line in enumerate(text.splitlines()) if line.startswith("B "))
    assert "PASS 5.00" in text.splitlines()[heart]
    assert text.splitlines()[heart + 1].strip() == "<- best"
    assert "| B | Heart | Mean\\[Gy\\] | &lt; 20 |".replace("&lt;", "\\<") in SEVERAL_FORMATS["markdown"](found)
    assert "PASS 3.00 \\<- best" in SEVERAL_FORMATS["markdown"](found)


def test_two_plans_in_a_list_are_two_plans_and_one_is_refused() -> None:
    assert isinstance(api.compare([LUNG, LUNG], table="rtog-0813"), PlanComparison)
    with pytest.raises(InputError, match="no two plans"):
        api.compare([LUNG], table="rtog-0813")
    files_of_one = sorted(LUNG.iterdir())  # a list beside a second plan is the files of the first
    assert isinstance(api.compare(files_of_one, LUNG, table="rtog-0813"), PlanComparison)


def test_the_command_takes_any_number_of_plans(tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(LUNG, other)
    arguments = ["compare", str(LUNG), str(other), str(LUNG), "--table", "rtog-0813", "--format", "json"]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, len(json.loads(done.stdout)["plans"])) == (0, 3)
    done = CliRunner().invoke(main, ["compare", str(LUNG), "--table", "rtog-0813"])
    assert done.exit_code == 2
    assert "two or more plans" in done.stderr

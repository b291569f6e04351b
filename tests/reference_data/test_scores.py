"""Scores of patients: the published points and ends, and nothing between them."""

from __future__ import annotations

import json
from itertools import product

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.cli import main
from sbrtcheck.reference_data.scores import (
    NotPublished,
    OligoClass,
    Survival,
    Timing,
    de_vin,
    metabank,
    oligometastatic,
)

NOBODY = {"male": False, "synchronous": False, "brain_metastases": False, "non_adenocarcinoma": False, "kps": 90}


@pytest.mark.parametrize(
    ("factor", "points"),
    [
        ({}, 0),
        ({"male": True}, 4),
        ({"synchronous": True}, 2),
        ({"brain_metastases": True}, 7),
        ({"non_adenocarcinoma": True}, 7),
        ({"kps": 79}, 8),
        ({"kps": 80}, 0),
    ],
)
def test_each_factor_of_metabank_has_its_points(factor: dict[str, object], points: int) -> None:
    assert metabank(**(NOBODY | factor)).points == points


@pytest.mark.parametrize(
    ("factors", "group", "survival"),
    [
        ({"synchronous": True}, (0, 2), (41.2, 30.2, 52.3)),
        ({"male": True, "synchronous": True}, (3, 8), (29.3, 24.6, 34.0)),
        ({"kps": 70}, (3, 8), (29.3, 24.6, 34.0)),
        ({"synchronous": True, "brain_metastases": True}, (9, 13), (17.4, 10.1, 24.7)),
        ({"brain_metastases": True, "non_adenocarcinoma": True}, (14, 28), (7.9, 5.5, 10.3)),
    ],
)
def test_each_group_of_metabank_has_its_survival(
    factors: dict[str, object], group: tuple[int, int], survival: tuple[float, float, float]
) -> None:
    found = metabank(**(NOBODY | factors))
    assert found.group == group
    assert (found.survival.months, found.survival.low, found.survival.high) == survival


def test_metabank_goes_from_0_to_28_points_and_more_points_never_mean_longer_survival() -> None:
    found = sorted(
        (
            metabank(male=a, synchronous=b, brain_metastases=c, non_adenocarcinoma=d, kps=90 - 40 * e)
            for a, b, c, d, e in product((False, True), repeat=5)
        ),
        key=lambda one: one.points,
    )
    assert (found[0].points, found[-1].points) == (0, 28)
    months = [one.survival.months for one in found]
    assert months == sorted(months, reverse=True)
    assert all(one.group[0] <= one.points <= one.group[1] for one in found)


@pytest.mark.parametrize("kps", [-10, 101])
def test_a_performance_status_that_is_none_is_refused(kps: int) -> None:
    with pytest.raises(ValueError, match="kps"):
        metabank(**(NOBODY | {"kps": kps}))


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_de_vin_is_known_at_its_two_ends_and_never_between(a: bool, b: bool, c: bool, d: bool) -> None:
    found = de_vin(male=a, synchronous=b, intracranial=c, non_adenocarcinoma=d)
    assert found.factors == a + b + c + d
    match found.factors:
        case 0:
            assert found.survival == Survival(months=40, low=40, high=40)
        case 4:
            assert found.survival == Survival(months=4, low=4, high=4)
        case _:
            assert isinstance(found.survival, NotPublished)


@pytest.mark.parametrize(
    ("metastases", "disease"),
    [
        (0, OligoClass.NONE),
        (1, OligoClass.FEW),
        (3, OligoClass.FEW),
        (4, OligoClass.SEVERAL),
        (5, OligoClass.SEVERAL),
        (6, OligoClass.MANY),
    ],
)
def test_the_class_by_number_of_metastases(metastases: int, disease: OligoClass) -> None:
    found = oligometastatic(metastases, Timing.SYNCHRONOUS)
    assert (found.disease, found.timing) == (disease, Timing.SYNCHRONOUS)
    assert bool(found.remarks) == (metastases == 3)  # where the review says both 3 or fewer, and fewer than 3


def test_a_negative_number_of_metastases_is_refused() -> None:
    with pytest.raises(ValueError, match="metastases"):
        oligometastatic(-1, Timing.METACHRONOUS)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ("metabank", "--male", "--kps", "70"),
            "12 points (group 9 to 13), median survival 17.4 months (10.1 to 24.7)",
        ),
        (("de-vin", "--male"), "1 of 4 factors, survival with 1 of 4 factors was not read"),
        (
            ("oligometastatic", "--count", "4", "--timing", "metachronous"),
            "4 metastases, metachronous: oligometastatic",
        ),
    ],
)
def test_the_command_says_the_score_and_what_it_is_not_for(command: tuple[str, ...], said: str) -> None:
    shown = CliRunner().invoke(main, ["score", *command])
    assert shown.exit_code == 0
    assert said in shown.output
    assert "\nFor: " in shown.output
    assert "\nNot for: Not " in shown.output
    assert "\nRead in: " in shown.output


def test_the_command_gives_scores_to_programs() -> None:
    found = json.loads(CliRunner().invoke(main, ["score", "metabank", "--kps", "90", "--format", "json"]).output)
    assert (found["points"], found["months"]) == (0, 41.2)
    between = json.loads(CliRunner().invoke(main, ["score", "de-vin", "--male", "--format", "json"]).output)
    assert between["months"] is None
    oligo = ["score", "oligometastatic", "--count", "3", "--timing", "synchronous", "--format", "json"]
    assert len(json.loads(CliRunner().invoke(main, oligo).output)["remarks"]) == 1


def test_a_performance_status_that_is_none_is_an_input_error() -> None:
    assert CliRunner().invoke(main, ["score", "metabank", "--kps", "101"]).exit_code == 2

"""What a row says of itself: whether it counts, which side of its limit is the right one."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import row
from sbrtcheck.tables import (
    Kind,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    NoRule,
    Sense,
    Status,
    Step,
    VeffStep,
)

READINGS: tuple[tuple[str, ...], ...] = ((), ("a copy",), ("a copy", "the page"))


def test_only_an_undisputed_limit_read_twice_counts() -> None:
    counting = [
        (kind, status, len(read))
        for kind, status, read in product(Kind, Status, READINGS)
        if row("Max[Gy]", "below", 30, kind=kind, status=status, confirmed_by=read).counts(include_unconfirmed=False)
    ]
    assert counting == [(Kind.LIMIT, Status.OK, 2)]


def test_unconfirmed_rows_count_where_that_is_asked_for_and_no_others() -> None:
    counting = {
        (kind, status)
        for kind, status, read in product(Kind, Status, READINGS)
        if row("Max[Gy]", "below", 30, kind=kind, status=status, confirmed_by=read).counts(include_unconfirmed=True)
    }
    assert counting == {(Kind.LIMIT, Status.OK)}


@pytest.mark.parametrize("sense", Sense)
def test_a_limit_is_an_upper_one_where_less_is_better(sense: Sense) -> None:
    assert row("Max[Gy]", sense, 30).is_upper_limit == (sense in {"below", "at_most"})


@pytest.mark.parametrize(
    ("sense", "under", "at", "over"),
    [
        ("below", True, False, False),
        ("at_most", True, True, False),
        ("above", False, False, True),
        ("at_least", False, True, True),
    ],
)
def test_a_word_says_which_values_keep_a_limit_and_whether_the_limit_itself_does(
    sense: str, *, under: bool, at: bool, over: bool
) -> None:
    assert [Sense(sense).is_met(value, 30.0) for value in (29.9, 30.0, 30.1)] == [under, at, over]


def test_the_old_name_of_is_upper_limit_warns() -> None:
    with pytest.warns(DeprecationWarning, match="is_upper_limit"):
        assert row("Max[Gy]", "below", 30).is_upper


# -------------------------------------------------------------------------------- limits that depend on a volume


def by_volume(*steps: tuple[float, ...]) -> LimitByTargetVolume:
    return LimitByTargetVolume(
        steps=tuple(Step(volume_cc=cc, limit=limit, acceptable=next(iter(more), None)) for cc, limit, *more in steps)
    )


volumes_cc = st.lists(st.floats(0.1, 300.0), min_size=2, max_size=6, unique=True).map(sorted)


@given(volumes_cc, st.data())
def test_a_limit_by_volume_is_linear_between_its_steps_and_none_outside(
    volumes: list[float], data: st.DataObject
) -> None:
    slope, start = data.draw(st.floats(-2.0, 2.0)), data.draw(st.floats(700.0, 900.0))
    rule = by_volume(*((cc, start + slope * cc, start + slope * cc + 5.0) for cc in volumes))
    volume_cc = data.draw(st.floats(volumes[0], volumes[-1]))
    found = rule.at(volume_cc)
    assert isinstance(found, Step)
    assert found.limit == pytest.approx(start + slope * volume_cc)
    assert found.acceptable == pytest.approx(start + slope * volume_cc + 5.0)
    assert isinstance(rule.at(volumes[0] * 0.99), NoRule)
    assert isinstance(rule.at(volumes[-1] * 1.01), NoRule)


@given(st.lists(st.floats(1.0, 100.0), min_size=1, max_size=6, unique=True).map(sorted), st.floats(0.0, 110.0))
def test_an_effective_volume_has_the_limit_of_the_first_step_that_reaches_it(ends: list[float], percent: float) -> None:
    rule = LimitByEffectiveVolume(steps=tuple(VeffStep(veff_percent=end, limit=100.0 - end) for end in ends))
    reaching = [100.0 - end for end in ends if end >= percent]
    found = rule.at(percent)
    assert isinstance(found, NoRule) if not reaching else found.limit == reaching[0]


def test_no_number_can_be_read_where_the_limit_depends_on_a_volume() -> None:
    asked = row("Mean[Gy]", "below", by_volume((5, 10, 12), (15, 20, 24)))
    with pytest.raises(TypeError):
        f"{asked.limit:g}"
    with pytest.raises(TypeError):
        asked.limit > 5  # noqa: B015 - the comparison is what fails
    assert asked.acceptable is None


def test_an_acceptable_variation_beside_a_limit_by_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        row("Mean[Gy]", "below", by_volume((5, 10), (15, 20)), acceptable=12)


@pytest.mark.parametrize("kind", [LimitByTargetVolume, LimitByEffectiveVolume])
def test_a_limit_by_volume_without_steps_is_refused(kind: type[LimitByTargetVolume | LimitByEffectiveVolume]) -> None:
    with pytest.raises(ValueError, match="step"):
        kind(steps=())


def test_a_number_is_the_limit_at_every_volume() -> None:
    asked = row("Mean[Gy]", "below", 10, acceptable=12)
    assert asked.at_target_volume(3.0) == Step(volume_cc=3.0, limit=10, acceptable=12)
    assert (asked.steps, asked.veff_steps) == ((), ())

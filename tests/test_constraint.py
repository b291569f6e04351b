"""What a row says of itself: whether it counts, which side of its limit is the right one."""

from __future__ import annotations

from itertools import product

import pytest

from dvh_builders import row
from sbrtcheck.tables import Kind, Sense, Status

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


def test_the_old_name_of_is_upper_limit_warns() -> None:
    with pytest.warns(DeprecationWarning, match="is_upper_limit"):
        assert row("Max[Gy]", "below", 30).is_upper

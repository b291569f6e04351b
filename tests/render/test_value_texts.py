"""Values are printed with the digits that their bounds certify, and on the side of a limit on which they lie."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.formatting import certified_text, number_text

values = st.floats(0.0, 1e3)
offs = st.floats(0.0, 100.0)


@given(values, offs)
def test_the_last_digit_is_off_by_two_and_a_half_at_most(value: float, off: float) -> None:
    text = certified_text(value, off)
    decimals = len(text.partition(".")[2])
    assert decimals <= 2
    assert decimals == 0 or off <= 2.5 * 10.0**-decimals
    # one digit more would not be certified, or is more than anyone reads
    assert decimals == 2 or off > 2.5 * 10.0 ** -(decimals + 1)
    assert abs(float(text) - value) <= 0.5 * 10.0**-decimals + 1e-9


@given(values, offs, st.floats(-1e-3, 1e-3))
def test_what_is_printed_lies_on_the_same_side_of_a_limit(value: float, off: float, beyond: float) -> None:
    """A limit may have more digits than a value is printed with: one for the volume of a target is interpolated."""
    limit = value + beyond
    if math.isclose(value, limit, rel_tol=0.0, abs_tol=1e-8):
        return  # nearer than any digit that is printed
    for printed in (float(certified_text(value, off, limit)), float(number_text(value, limit))):
        assert (printed > limit) == (value > limit)
        assert (printed < limit) == (value < limit)


def test_examples() -> None:
    assert certified_text(52.1234, 0.05) == "52.1"
    assert certified_text(52.1234, 0.02) == "52.12"
    assert certified_text(34.96, 0.03, 35.0) == "34.96"
    assert certified_text(34.96, 0.03) == "35.0"
    assert certified_text(123.4, 30.0) == "123"
    assert number_text(5.9123, 5.9103) == "5.912"  # beyond a limit that 5.91 would keep

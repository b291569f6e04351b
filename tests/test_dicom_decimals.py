"""Decimal text -> numbers: the same bits as Python's float, by either way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.dicom.decimals import BadDecimalError, parse_decimals

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SMALL = st.floats(min_value=-1e4, max_value=1e4)
DIGITS = st.text("0123456789", max_size=17)


@st.composite
def fixed_point(draw: st.DrawFn) -> str:
    whole, decimals = draw(DIGITS), draw(DIGITS)
    point = "." if decimals else draw(st.sampled_from(["", "."]))
    return draw(st.sampled_from(["", "-"])) + (whole + point + decimals if whole + decimals else "0")


ODD = st.sampled_from(
    ["-0", "-0.00", "+1.5", "1e-3", " 12.3 ", ".5", "5.", "-.5", "1E+2", "00012", "12\0", "1e22", "-5."]
)
ANY_FORMAT = st.one_of(
    fixed_point(),
    ODD,
    FINITE.map(repr),
    SMALL.map("{:.2f}".format),
    SMALL.map("{:.6e}".format),
    SMALL.map("{:.17g}".format),
    st.integers(-(10**16), 10**16).map(str),
)


def bits(numbers: object) -> list[int]:
    return [int(b) for b in np.asarray(numbers, dtype=np.float64).view(np.int64)]


@given(st.lists(ANY_FORMAT, min_size=1, max_size=20))
def test_any_format_gives_the_bits_of_float(texts: list[str]) -> None:
    expected = [float(text.strip(" \0")) for text in texts]
    assert bits(parse_decimals("\\".join(texts).encode())) == bits(expected)


@given(st.lists(fixed_point(), min_size=1, max_size=20))
def test_plain_text_gives_the_bits_of_float(texts: list[str]) -> None:
    assert bits(parse_decimals("\\".join(texts).encode())) == bits([float(text) for text in texts])


@given(st.integers(0, 15), st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=50))
def test_numbers_of_one_format_give_the_bits_of_float(places: int, units: list[int]) -> None:
    texts = [f"{'-' if u < 0 else ''}{str(abs(u)).zfill(places + 1)}" for u in units]
    texts = [text if not places else f"{text[:-places]}.{text[-places:]}" for text in texts]
    assert bits(parse_decimals("\\".join(texts).encode())) == bits([float(text) for text in texts])


@pytest.mark.parametrize(
    "token",
    ["", " ", "-", ".", "-.", "1.2.3", "1-2", "--1", "1,5", "abc", "nan", "inf", "1e999", "1_000", "1 2", "0x1"],
)
@pytest.mark.parametrize("before", [["1.25", "2"], ["1e3", " 2"]])
def test_what_is_no_finite_number_is_named(token: str, before: list[str]) -> None:
    with pytest.raises(BadDecimalError) as caught:
        parse_decimals("\\".join([*before, token, "7"]).encode())
    assert (caught.value.index, caught.value.token) == (2, token.strip(" "))


@given(st.binary(max_size=40))
def test_any_bytes_are_finite_numbers_or_a_named_fault(text: bytes) -> None:
    tokens = text.split(b"\\")
    try:
        numbers = parse_decimals(text)
    except BadDecimalError as fault:
        refused = tokens[fault.index].strip(b" \0")
    else:
        refused = b""
        assert np.isfinite(numbers).all()
        assert len(numbers) == (len(tokens) if text else 0)
    assert not refused.isdigit()


def test_no_text_has_no_numbers() -> None:
    assert parse_decimals(b"").shape == (0,)

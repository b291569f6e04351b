"""Decimal text -> numbers: the same bits as Python's float, by either way."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sbrtcheck.dicom import decimals
from sbrtcheck.dicom.decimals import BadDecimalError, parse_decimals, parse_joined_decimals, quoted_number

# The way of cutting text into pieces is the same for all examples of a test.
SAME_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
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


# Long enough for the fast way, alone and in front of others; numbers of up to 8, and of up to 16 characters.
FILLERS = [["1.25"] * 80, ["-0.123456789012"] * 40]


@pytest.fixture(params=[1 << 18, 300], ids=["one piece", "many pieces"], autouse=True)
def _pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decimals, "_PIECE", request.param)


def bits(numbers: object) -> list[int]:
    return [int(b) for b in np.asarray(numbers, dtype=np.float64).view(np.int64)]


@SAME_FIXTURE
@given(st.lists(ANY_FORMAT, min_size=1, max_size=20))
def test_any_format_gives_the_bits_of_float(texts: list[str]) -> None:
    expected = [float(text.strip(" \0")) for text in texts]
    assert bits(parse_decimals("\\".join(texts).encode())) == bits(expected)


@SAME_FIXTURE
@given(st.lists(st.one_of(fixed_point(), ANY_FORMAT), min_size=1, max_size=20), st.sampled_from(FILLERS), st.booleans())
def test_among_many_numbers_any_format_gives_the_bits_of_float(
    texts: list[str], filler: list[str], after: bool
) -> None:
    texts = [*texts, *filler] if after else [*filler, *texts]
    assert bits(parse_decimals("\\".join(texts).encode())) == bits([float(text.strip(" \0")) for text in texts])


@st.composite
def short_fixed_point(draw: st.DrawFn, most: int) -> str:
    """At most that many characters without the sign, with a point anywhere or none."""
    digits = draw(st.text("0123456789", min_size=1, max_size=most - 1))
    at = draw(st.integers(0, len(digits)))
    point = "." if at < len(digits) else draw(st.sampled_from(["", "."]))
    return draw(st.sampled_from(["", "-"])) + digits[:at] + point + digits[at:]


@pytest.mark.slow
@SAME_FIXTURE
@given(st.sampled_from([8, 16]).flatmap(lambda most: st.lists(short_fixed_point(most), min_size=60, max_size=90)))
def test_many_plain_numbers_are_read_by_whole_words_with_the_bits_of_float(texts: list[str]) -> None:
    text = "\\".join([*texts, *FILLERS[0]]).encode()
    piece = decimals._MARGIN + text
    numbers = decimals._by_words(piece, *decimals._starts_and_ends(piece))
    assert numbers is not None
    assert bits(numbers) == bits([float(text) for text in [*texts, *FILLERS[0]]])


@SAME_FIXTURE
@given(st.integers(0, 15), st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=50))
def test_numbers_of_one_format_give_the_bits_of_float(places: int, units: list[int]) -> None:
    units = units * 20
    texts = [f"{'-' if u < 0 else ''}{str(abs(u)).zfill(places + 1)}" for u in units]
    texts = [text if not places else f"{text[:-places]}.{text[-places:]}" for text in texts]
    assert bits(parse_decimals("\\".join(texts).encode())) == bits([float(text) for text in texts])


@pytest.mark.parametrize(
    "token",
    ["", " ", "-", ".", "-.", "1.2.3", "1-2", "--1", "1,5", "abc", "nan", "inf", "1e999", "1_000", "1 2", "0x1"],
)
@pytest.mark.parametrize("before", [["1.25", "2"], ["1e3", " 2"], *FILLERS, FILLERS[0] * 3])
def test_what_is_no_finite_number_is_named(token: str, before: list[str]) -> None:
    with pytest.raises(BadDecimalError) as caught:
        parse_decimals("\\".join([*before, token, "7"]).encode())
    said = {"abc": "a text of 3 characters"}.get(token, repr(token.strip(" ")))
    assert (caught.value.index, caught.value.token) == (len(before), said)


@given(st.text("DOEJANEdoejaneäöüÄÖÜ", min_size=2, max_size=40), st.sampled_from(["", "^", ",", " ", "1"]))
def test_a_word_in_place_of_a_number_is_not_quoted(word: str, mark: str) -> None:
    assume(word.casefold() != "nan")
    token = f"{word}{mark}12"
    with pytest.raises(BadDecimalError) as caught:
        parse_decimals(f"1\\{token}\\2".encode("latin-1"))
    assert caught.value.token == f"a text of {len(token)} characters"


@pytest.mark.parametrize("token", ["-1.#QNAN", "NaN", "-1.#IND", "Infinity", "12,5", "1e400", "0x1F", "2.5 3"])
def test_what_programs_write_for_a_number_is_quoted(token: str) -> None:
    assert quoted_number(token.encode()) == repr(token)


@pytest.mark.parametrize(
    "text", ["1950-01-17", "17.01.1950", "123-45-6789", "J D", "D.O.E", "X1234567", "\u738b", "\u674e\u660e", "5e"]
)
def test_what_may_tell_of_a_patient_is_not_quoted(text: str) -> None:
    """Dates, numbers of persons, initials, and names in other alphabets; an exponent that was cut off is a number."""
    said = quoted_number(text.encode())
    assert said == (repr(text) if text == "5e" else f"a text of {len(text.encode())} characters")


LIKE_NUMBERS = st.lists(st.sampled_from(b"0123456789.-\\ e/:"), max_size=12).map(bytes)


@SAME_FIXTURE
@given(st.one_of(st.binary(max_size=40), LIKE_NUMBERS), st.sampled_from([[], *FILLERS]))
def test_any_bytes_are_finite_numbers_or_a_named_fault(text: bytes, filler: list[str]) -> None:
    text = "\\".join([*filler, ""]).encode() + text
    tokens = text.split(b"\\")
    try:
        numbers = parse_decimals(text)
    except BadDecimalError as fault:
        refused = tokens[fault.index].strip(b" \0")
    else:
        refused = b""
        assert np.isfinite(numbers).all()
        assert bits(numbers) == bits([float(token.strip(b" \0")) for token in tokens] if text else [])
    assert not refused.isdigit()


def test_no_text_has_no_numbers() -> None:
    assert parse_decimals(b"").shape == (0,)
    numbers, counts = parse_joined_decimals(b"", [])
    assert (numbers.shape, counts.shape) == ((0,), (0,))


@pytest.mark.slow
@SAME_FIXTURE
@given(st.lists(st.lists(ANY_FORMAT, min_size=1, max_size=40), min_size=1, max_size=20))
def test_of_joined_texts_the_numbers_of_each_are_counted(texts: list[list[str]]) -> None:
    joined = ["\\".join(text).encode() for text in texts]
    numbers, counts = parse_joined_decimals(b"\\".join(joined), [len(text) for text in joined])
    assert counts.tolist() == [len(text) for text in texts]
    assert bits(numbers) == bits([float(number.strip(" \0")) for text in texts for number in text])


def test_an_empty_text_among_others_is_a_fault() -> None:
    with pytest.raises(BadDecimalError) as caught:
        parse_joined_decimals(b"1\\2\\\\3", [3, 0, 1])
    assert (caught.value.index, caught.value.token) == (2, "''")

"""Every format begins alike: which plan, its verdict, every row that fails, every reason for a review; then targets."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from dvh_builders import dvh_set, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.render import csv_report, html_report, json_report, markdown_report, pdf_report, text_report
from sbrtcheck.results import Report
from sbrtcheck.tables import Constraint, Kind, Status

ORGANS = {"SpinalCord": 20.0, "Heart": 31.5, "Esophagus": 7.25}  # uniform dose of each, Gy
ABSENT = ("Trachea", "Cochlea_L")  # a lung plan is expected to have the first, not the second
LABEL = "RUL 5x10"


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def of_html(text: str) -> str:
    body = re.sub(r"<(style|script|title)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", body))


def of_pdf(made: Report) -> str:
    """The text of the pages, without what stands on each of them."""
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf_report(made))).pages]
    return "".join(page.partition("sbrtcheck 0.1.0, plan")[0] for page in pages)


PEOPLE: dict[str, Callable[[Report], str]] = {
    "text": text_report,
    "markdown": lambda made: markdown_report(made).replace("\\", "").replace("**", ""),
    "html": lambda made: of_html(html_report(made)),
    "pdf": of_pdf,
    "notebook": lambda made: of_html(made._repr_html_()),
}


def row_of(number: int, organ: str, limit: float, sort: str) -> Constraint:
    fields = {
        "counts": {},
        "unconfirmed": {"confirmed_by": ("one",)},
        "disputed": {"status": Status.DISPUTED, "note": "swapped"},
        "advisory": {"kind": Kind.ADVISORY},
        "acceptable": {"acceptable": 0.5 if organ == "PTV" else 1000.0},
    }[sort]
    metric, sense = ("D95%[Gy]", "at_least") if organ == "PTV" else ("Mean[Gy]", "below")
    return row(metric, sense, limit, organ, id=f"row-{number}", **fields)


ROWS = st.lists(
    st.tuples(
        st.sampled_from([*ORGANS, *ABSENT, "PTV"]),
        st.floats(1.0, 60.0).map(lambda limit: round(limit, 1)),
        st.sampled_from(["counts", "counts", "unconfirmed", "disputed", "advisory", "acceptable"]),
    ),
    min_size=1,
    max_size=8,
)


def made_of(rows: list[tuple[str, float, str]]) -> Report:
    dvhs = dvh_set(
        *(uniform_dvh(name, dose_gy=dose) for name, dose in ORGANS.items()), uniform_dvh("PTV", dose_gy=50.0)
    )
    dvhs = replace(dvhs, provenance={"plan_label": LABEL})
    return report_on(table(*(row_of(n, *one) for n, one in enumerate(rows))), dvhs)


def failing(rows: list[tuple[str, float, str]]) -> list[str]:
    """The line of every row that fails, those that count first; by hand."""
    lines = []
    for organ, limit, sort in rows:
        value = 50.0 if organ == "PTV" else ORGANS.get(organ)
        if value is None or sort in ("advisory", "acceptable"):
            continue
        if organ == "PTV" and value < limit:
            lines.append(
                (sort, f"PTV D95%[Gy] {value:.2f}, limit >= {limit:g} ({percent(value, limit)} % of the limit)")
            )
        if organ != "PTV" and value >= limit:
            lines.append(
                (sort, f"{organ} Mean[Gy] {value:.2f}, limit < {limit:g} ({percent(value, limit)} % of the limit)")
            )
    aside = "{}: fails, and does not count ({})"
    counted = [line for sort, line in lines if sort == "counts"]
    return counted + [aside.format(line, sort) for sort, line in lines if sort != "counts"]


def percent(value: float, limit: float) -> str:
    share = 100.0 * value / limit
    texts = (f"{share:.{decimals}f}" for decimals in range(6))
    return next(text for text in texts if share == 100.0 or float(text) != 100.0)


def check_order(shown: str, parts: list[str]) -> None:
    """The parts stand in the text, each behind the one before."""
    at = 0
    for part in map(squeezed, parts):
        found = squeezed(shown).find(part, at)
        assert found >= 0, part
        at = found + len(part)


@pytest.mark.slow
@pytest.mark.parametrize("name", PEOPLE)
@settings(max_examples=15)
@given(rows=ROWS)
def test_plan_prescription_verdict_failing_rows_and_reasons_begin_every_report(
    name: str, rows: list[tuple[str, float, str]]
) -> None:
    made = made_of(rows)
    fails = failing(rows)
    once = [line for line in dict.fromkeys(reason.text for reason in made.reasons) if line not in fails]
    order = [LABEL, "50 Gy in 5 fractions", "lung, by the tables", made.verdict, *fails, *once]
    check_order(PEOPLE[name](made), order)
    verdict = "FAIL" if any("does not count" not in line for line in fails) else "REVIEW" if made.reasons else None
    assert verdict in (None, made.verdict)
    assert all(any(line == reason.text for reason in made.reasons) for line in fails if "does not count" in line)


@settings(max_examples=30)
@given(ROWS)
def test_programs_are_told_of_every_row_that_fails_and_every_reason(rows: list[tuple[str, float, str]]) -> None:
    made, fails = made_of(rows), failing(rows)
    found = json.loads(json_report(made))
    named = [(one["organ"], one["counts"]) for one in found["failing"]]
    assert named == [(line.partition(" ")[0], "does not count" not in line) for line in fails]
    assert [one["text"] for one in found["reasons"]] == [reason.text for reason in made.reasons]
    lines = list(csv.DictReader(io.StringIO(csv_report(made))))
    assert sum(line["verdict"] == "FAIL" and line["kind"] == "limit" for line in lines) == len(fails)
    assert [line["detail"] for line in lines if line["kind"] == "review"] == [reason.text for reason in made.reasons]


@pytest.mark.slow
@pytest.mark.parametrize("name", PEOPLE)
@settings(max_examples=10)
@given(order=st.permutations(["PTV", "SpinalCord", "GTV", "Heart", "ITV", "Esophagus"]))
def test_rows_on_targets_stand_before_those_on_organs(name: str, order: list[str]) -> None:
    rows = [row(f"D{n + 11}%[Gy]", "at_most", 60, organ, id=f"r{n}") for n, organ in enumerate(order)]
    dvhs = dvh_set(*(uniform_dvh(organ, dose_gy=50.0) for organ in order))
    shown = PEOPLE[name](report_on(table(*rows), dvhs))
    places = {organ: shown.index(f"D{n + 11}%") for n, organ in enumerate(order)}
    by_place = sorted(places, key=lambda organ: places[organ])
    targets = [organ for organ in order if organ.endswith("TV")]
    assert by_place == [*targets, *(organ for organ in order if organ not in targets)]


@pytest.mark.parametrize("name", PEOPLE)
def test_what_is_behind_a_variation_is_named_where_it_is_the_verdict(name: str) -> None:
    varies = row("Mean[Gy]", "below", 15, acceptable=25)
    dvhs = dvh_set(uniform_dvh(dose_gy=20.0))
    line = "SpinalCord Mean[Gy] 20.00, limit < 15 (variation < 25) (133 % of the limit)"
    shown = squeezed(PEOPLE[name](report_on(table(varies), dvhs)))
    assert squeezed(f"VARIATION{line}") in shown
    fails = row("Max[Gy]", "below", 15, id="fails")
    assert squeezed(f"VARIATION{line}") not in squeezed(PEOPLE[name](report_on(table(varies, fails), dvhs)))


@pytest.mark.parametrize("name", PEOPLE)
def test_the_last_paragraphs_are_those_on_regimen_and_files(name: str) -> None:
    if name == "notebook":
        return  # which has neither
    odd = Finding(code=FindingCode.OTHER, text="something odd", subject="SpinalCord")
    made = report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh(dose_gy=20.0, findings=(odd,))))
    parts = ["something odd", "Doe 2020", "BED 100.00 Gy", "0123456789ab", "A second check, not a replacement"]
    shown = squeezed(PEOPLE[name](made))
    places = [shown.rindex(squeezed(part)) for part in parts]
    assert places == sorted(places)


@pytest.mark.parametrize("name", PEOPLE)
def test_what_the_user_chose_stands_before_the_verdict(name: str) -> None:
    made = report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh(dose_gy=20.0)), strict=True)
    check_order(PEOPLE[name](made), ["Strict: borderline", "The dose was accepted by the user", "PASS on 1 of 1 rows"])


@pytest.mark.parametrize("name", PEOPLE)
def test_a_contour_that_is_not_called_as_its_organ_is_named_with_the_row_that_fails(name: str) -> None:
    dvhs = dvh_set(ramp_dvh("Myelon X", high_gy=60.0, volume_cc=10.0))
    asked = table(row("D0.5cc[Gy]", "below", 20), row("DC700cc[Gy]", "below", 15, id="cold"))
    shown = squeezed(PEOPLE[name](report_on(asked, dvhs, names={"SpinalCord": "Myelon X"})))
    value = squeezed("SpinalCord D0.5cc[Gy] 57.00, limit < 20 (285 % of the limit) on contour Myelon X")
    assert value in shown
    assert (
        squeezed("SpinalCord DC700cc[Gy], limit < 15 on contour Myelon X: infeasible: the organ has only 10 cc")
        in shown
    )


@pytest.mark.parametrize("name", PEOPLE)
def test_a_plan_without_a_label_says_so(name: str) -> None:
    made = report_on(table(row("Mean[Gy]", "below", 30)), dvh_set(uniform_dvh(dose_gy=20.0)))
    check_order(PEOPLE[name](made), ["Plan", "without a label", "50 Gy in 5 fractions"])

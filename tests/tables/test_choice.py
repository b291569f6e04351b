"""The choice of tables: each bundled one is used, or left out with its reason, never both; the nearest are named."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import row, table
from sbrtcheck.cli import main
from sbrtcheck.errors import UnknownTableError
from sbrtcheck.plan import Prescription, UnknownPrescription
from sbrtcheck.tables import bundled_tables, load_sites
from sbrtcheck.tables.choice import (
    TableLeftOut,
    WhyLeftOut,
    nearest_text,
    tables_of_profile,
    tables_of_sites,
    tables_that_hold,
)
from shipped import ship

SITES = st.lists(st.sampled_from(load_sites().ids), min_size=1, max_size=2, unique=True)
NUMBERS = st.integers(1, 12)
BY_ID = {one.id: one for one in bundled_tables()}


@given(st.none() | SITES, st.none() | NUMBERS)
def test_a_table_is_used_or_left_out_for_a_reason_that_is_true(sites: list[str] | None, number: int | None) -> None:
    chosen = tables_that_hold(sites, None if number is None else (number,))
    used, left_out = {one.id for one in chosen.tables}, {one.id: one for one in chosen.left_out}
    assert used.isdisjoint(left_out)
    assert {*used, *left_out} == {*BY_ID}
    for id_, one in BY_ID.items():
        of_site = sites is None or one.site in (*sites, "multi")
        holds = number is None or not one.fractions or number in one.fractions
        assert (id_ in used) == (of_site and holds)
        if id_ in left_out:
            assert left_out[id_].why == (WhyLeftOut.FRACTIONS if of_site else WhyLeftOut.SITE)


@given(SITES, st.lists(NUMBERS, min_size=1, max_size=2))
def test_the_tables_of_a_site_are_used_or_left_out_for_one_plan_and_for_two(
    sites: list[str], numbers: list[int]
) -> None:
    of_site = {id_ for id_, one in BY_ID.items() if one.site in (*sites, "multi")}
    try:
        chosen = tables_of_sites(sites, *(Prescription(dose_gy=50, fractions=number) for number in numbers))
    except UnknownTableError:
        assert not any(set(BY_ID[id_].fractions) & set(numbers) for id_ in of_site)
        return
    used, left_out = {one.id for one in chosen.tables}, {one.id for one in chosen.left_out}
    assert used.isdisjoint(left_out)
    assert used | left_out == of_site


@given(st.lists(st.sampled_from(sorted(BY_ID)), unique=True), st.sampled_from(load_sites().ids), NUMBERS)
def test_of_a_profile_what_holds_and_is_not_in_it_is_said_too(ids: list[str], site: str, number: int) -> None:
    chosen = tables_of_profile([BY_ID[id_] for id_ in ids], site, (number,))
    assert [one.id for one in chosen.tables] == ids
    left_out = {one.id: one.why for one in chosen.left_out}
    assert left_out == {
        id_: WhyLeftOut.PROFILE if one.holds_for(number) else WhyLeftOut.FRACTIONS
        for id_, one in BY_ID.items()
        if one.site in (site, "multi") and id_ not in ids
    }


def test_of_two_plans_one_may_have_an_unknown_number_of_fractions() -> None:
    unknown = UnknownPrescription(reason="no RTPLAN")
    known = Prescription(dose_gy=50, fractions=5)
    assert tables_of_sites(["lung"], unknown, known) == tables_of_sites(["lung"], known)
    with pytest.raises(UnknownTableError, match="number of fractions is unknown"):
        tables_of_sites(["lung"], unknown)


@given(st.lists(st.sets(NUMBERS, max_size=3), max_size=5), NUMBERS)
def test_the_nearest_are_the_nearest_on_both_sides(holding: list[set[int]], number: int) -> None:
    holding = [numbers - {number} for numbers in holding]
    tables = [
        TableLeftOut(id=f"t{n}", site="lung", fractions=tuple(sorted(numbers)), why=WhyLeftOut.FRACTIONS)
        for n, numbers in enumerate(holding)
    ]
    named = [(int(n), ids) for n, ids in re.findall(r"(\d+) fractions? \(([^)]*)\)", nearest_text(tables, number))]
    everything = {one for numbers in holding for one in numbers}
    below, above = [n for n in everything if n < number], [n for n in everything if n > number]
    assert [n for n, _ in named] == [*([max(below)] if below else []), *([min(above)] if above else [])]
    for n, ids in named:
        assert ids.split(", ") == [f"t{place}" for place, numbers in enumerate(holding) if n in numbers]


def test_ten_fractions_name_the_nearest_and_say_why_nothing_is_converted() -> None:
    with pytest.raises(UnknownTableError) as caught:
        tables_of_sites(["lung"], Prescription(dose_gy=60, fractions=10))
    text = str(caught.value)
    assert text.startswith("no bundled table of site 'lung' holds for 10 fractions; the nearest are for 8 fractions (")
    assert "timmerman-2022-8fx for many sites" in text
    assert "none for more; no limit is converted to another number of fractions" in text
    assert "docs/explanation/limits.md" in text


# -------------------------------------------------------------------------------- the command tables


def tables_command(*args: str) -> str:
    done = CliRunner().invoke(main, ["tables", *args])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("args", [("--site", "lung"), ("--fractions", "4"), ("--site", "liver", "--fractions", "6")])
def test_the_list_says_of_every_table_whether_it_holds(args: tuple[str, ...]) -> None:
    listed = json.loads(tables_command(*args, "--format", "json"))
    ids = [one["id"] for one in (*listed["tables"], *listed["left_out"])]
    assert sorted(ids) == sorted(BY_ID)
    text = tables_command(*args)
    assert all(id_ in " ".join(text.split()) for id_ in ids)


def test_the_list_counts_rows_and_names_organs_with_a_limit_that_counts() -> None:
    listed = json.loads(tables_command("--site", "lung", "--fractions", "4", "--format", "json"))
    (nccn,) = (one for one in listed["tables"] if one["id"] == "nccn-lung-4fx")
    counting = [one for one in BY_ID["nccn-lung-4fx"].rows if one.counts(include_unconfirmed=False)]
    assert (nccn["rows"], nccn["rows_counting"]) == (len(BY_ID["nccn-lung-4fx"].rows), len(counting))
    assert len(nccn["organs_counting"]) == len({one.structures for one in counting})
    assert {"Heart", "Esophagus"} <= {*nccn["organs_counting"]}
    (review,) = (one for one in listed["tables"] if one["id"] == "review-text")
    assert (review["rows"], review["rows_counting"]) == (1, 0)  # its other rows are for the liver


def test_a_site_with_tables_for_many_sites_only_and_one_without_any_say_so() -> None:
    assert "Site spine has no table of its own here" in tables_command("--site", "spine", "--fractions", "8")
    text = " ".join(tables_command("--site", "lung", "--fractions", "10").split())
    assert "No table holds for 10 fractions; the nearest are for 8 fractions" in text
    assert "No limit is converted to another number of fractions" in text


def test_what_contradicts_is_refused_and_a_slip_of_the_pen_is_suggested() -> None:
    for args in (("--profiles", "--site", "lung"), ("--profile", "lung-48gy-4fx", "--fractions", "4")):
        assert CliRunner().invoke(main, ["tables", *args]).exit_code == 2
    done = CliRunner().invoke(main, ["tables", "--site", "lungs"])
    assert (done.exit_code, "did you mean 'lung'?" in done.output) == (2, True)


def test_a_table_whose_rows_are_all_for_another_site_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = table(row("Mean[Gy]", "below", 5, site="liver"), id="mine", site="multi", fractions=(5,))
    ship([mine], monkeypatch)
    (listed,) = json.loads(tables_command("--site", "lung", "--format", "json"))["tables"]
    assert (listed["rows"], listed["rows_counting"], listed["organs_counting"]) == (0, 0, [])

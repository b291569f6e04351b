"""Shipped data that is no table: what a type cannot say of an entry holds for every one of them."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sbrtcheck.cli.regimens import SITES
from sbrtcheck.errors import TableError
from sbrtcheck.reference_data import (
    load_regimens,
    load_reirradiation_rules,
    load_reirradiation_statements,
    load_risk_models,
    scores,
)
from sbrtcheck.reference_data.risk_models import RiskModels
from sbrtcheck.tables.shipped import read_shipped

ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
COUNTS_FROM_0 = {"least", "factors"}  # of points and of risk factors: nobody may have any


def leaves(value: Any, name: str = "", default: Any = dataclasses.MISSING) -> Iterator[tuple[str, Any, Any]]:
    """Field name, value and default of all that a value is made of."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), field.name, field.default)
    elif isinstance(value, tuple):
        for item in value:
            yield from leaves(item, name, default)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(key, name)
            yield from leaves(item, name)
    else:
        yield name, value, default


LOADED = {
    "regimens": load_regimens(),
    "re-irradiation": (load_reirradiation_rules(), load_reirradiation_statements()),
    "risk models": load_risk_models(),
    "scores": scores._file(),
}
LEAVES = [(file, *leaf) for file, loaded in LOADED.items() for leaf in leaves(loaded)]


def test_there_are_as_many_values_as_the_files_have() -> None:
    assert len(LEAVES) > 500


def test_every_number_is_above_zero_where_zero_is_no_default_and_finite() -> None:
    numbers = [leaf for leaf in LEAVES if isinstance(leaf[2], int | float) and not isinstance(leaf[2], bool)]
    assert all(math.isfinite(value) for _, _, value, _ in numbers)
    wrong = [leaf for leaf in numbers if not (leaf[2] > 0 or leaf[2] == leaf[3] or leaf[1] in COUNTS_FROM_0)]
    assert wrong == []


def test_every_text_has_something_in_it_where_nothing_is_no_default() -> None:
    texts = [leaf for leaf in LEAVES if isinstance(leaf[2], str)]
    assert [leaf for leaf in texts if not leaf[2].strip() and leaf[3] != ""] == []


def test_every_id_is_one_and_used_once() -> None:
    loaded = LOADED["risk models"]
    shipped = load_regimens()
    for entries in (
        loaded.tumours,
        loaded.ntcp,
        loaded.tcp,
        shipped.without_dose,
        shipped.regimens,
        shipped.thresholds,
        shipped.statements,
    ):
        ids = [entry.id for entry in entries]
        assert all(ID.fullmatch(id_) for id_ in ids)
        assert len(set(ids)) == len(ids)


def test_the_sites_of_regimens_are_those_of_plans_and_of_metastases() -> None:
    sites = {site for one in load_regimens().regimens for site in one.sites}
    assert sites == {"lung", "liver", "abdomen", "bone", "node", "pelvis", "multi"}
    listed = {*sites, *(one.site for one in load_regimens().without_dose)}
    assert {*SITES} == listed  # a site that the command offers has something to list, and none is left out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("notes: x", ":4: unknown key 'notes'"),
        ("ntcp: 5", ":4: 'ntcp' must be a list"),
        ("ntcp: [5]", ":4: entry 1 of 'ntcp' must have keys of its own"),
        ("ntcp: [{id: a}]", ":4: 'td50_gy' is missing; add it"),
    ],
)
def test_a_slip_in_a_shipped_file_is_told_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    text = f'id: risk-models\nversion: "1.0.0"\nnote: n\n{line}\ntcp: []\n'
    tmp_path.joinpath("risk-models.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_shipped("risk-models.yaml", RiskModels, tmp_path)
    assert any(said in str(fault) for fault in caught.value.faults)

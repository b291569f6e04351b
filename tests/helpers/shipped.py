"""Other tables in place of those that are shipped."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sbrtcheck.tables import ConstraintTable, choice
from sbrtcheck.tables.load import TableHead


def ship(tables: Iterable[ConstraintTable], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let plans be checked as if these were all tables that are shipped."""
    by_id = {table.id: table for table in tables}
    heads = tuple(TableHead(id=table.id, site=table.site, fractions=table.fractions) for table in by_id.values())
    monkeypatch.setattr(choice, "bundled_heads", lambda: heads)
    monkeypatch.setattr(choice, "bundled_table", by_id.__getitem__)
    monkeypatch.setattr(choice, "bundled_tables", lambda: tuple(by_id.values()))

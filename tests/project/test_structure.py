"""The import graph of the package has no cycle, imports inside functions and for type checkers included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structure import ROOT, cycles, graph, imports


def test_no_modules_import_each_other_round_in_a_circle() -> None:
    assert cycles(graph(ROOT / "src")) == []


@pytest.mark.parametrize(
    "text",
    [
        "from package.b import name",
        "import package.b",
        "from package import b",
        "def f():\n    from package.b import name",
        "if TYPE_CHECKING:\n    from package.b import Name",
        "from importlib import import_module\nfound = import_module('package.b')",
        "from importlib import import_module\nHOMES = {'name': 'b'}",
    ],
)
def test_an_import_counts_wherever_it_stands(text: str) -> None:
    assert imports("package.a", text, frozenset({"package", "package.a", "package.b"})) == {"package.b"}


@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=24))
def test_cycles_are_the_modules_that_reach_themselves(edges: set[tuple[int, int]]) -> None:
    names = [f"m{i}" for i in range(9)]
    of = {name: frozenset(names[b] for a, b in edges if names[a] == name != names[b]) for name in names}
    assert {module for ring in cycles(of) for module in ring} == {name for name in names if name in reached(name, of)}
    assert all(one in reached(other, of) for ring in cycles(of) for one in ring for other in ring)


def reached(start: str, of: dict[str, frozenset[str]]) -> set[str]:
    """All that is imported from a module on, by any number of steps."""
    found: set[str] = set()
    following = set(of[start])
    while following:
        found |= following
        following = {other for module in following for other in of[module]} - found
    return found

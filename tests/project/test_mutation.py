"""The command for mutation testing: what counts as wording, and shares that never look better than what was tried."""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folders import ROOT, TESTS


@cache
def loaded(name: str) -> ModuleType:
    """A module of the folder of validation; what it adds to the path is taken out again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(TESTS / "validation"), *sys.path])
        return import_module(name)


def only_wording(before: str, after: str) -> bool:
    functions = [ast.parse(f"def f(x):\n    {line}").body[0] for line in (before, after)]
    return bool(loaded("mutants").only_wording(*functions))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("raise InputError('no such plan')", "raise InputError('XXno such planXX')"),
        ("raise InputError(x, hint='give it')", "raise InputError(x, hint='GIVE IT')"),
        ("detail = 'lies outside'", "detail = 'LIES OUTSIDE'"),
        ("yield error(f'a limit of {x:g} Gy', x)", "yield error(f'a limit of {x + 1:g} Gy', x)"),
        ("return 'the limit depends'", "return 'XXthe limit dependsXX'"),
        ("return Note(text='one' + f' and {x}')", "return Note(text='one' + f' and {None}')"),
    ],
)
def test_a_text_for_people_that_stays_a_text_is_wording(before: str, after: str) -> None:
    assert only_wording(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("raise InputError('no such plan')", "raise InputError(None)"),  # the message is lost
        ("return Note(x, detail='lies outside')", "return Note(x, )"),
        ("return x['rows']", "return x['XXrowsXX']"),  # a key
        ("return f'D{x}cc'", "return f'D{x + 1}cc'"),  # the name of a metric
        ("raise fault('at', x)", "raise fault('XXatXX', x)"),
        ("return re.compile('one two three')", "return re.compile('ONE TWO THREE')"),
        ("detail = 'one two' if x else 'three four'", "detail = 'one two' if not x else 'three four'"),
        ("return Note(x + 1, text='of two words')", "return Note(x - 1, text='of two words')"),
    ],
)
def test_whatever_else_changes_is_more_than_wording(before: str, after: str) -> None:
    assert not only_wording(before, after)


@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [
        ("f(cast('A', x))", "f(cast(None, x))", True),
        ("zip(a, b, strict=True)", "zip(a, b)", True),
        ("[zip(a, b, strict=True)]", "[zip(a, b, strict=False)]", True),
        ("f(cast('A', x))", "f(cast('A', None))", False),
        ("zip(a, b, strict=True)", "zip(b, strict=True)", False),
        ("f(a, strict=True)", "f(a)", False),
        ("[zip(a, b, strict=True), 1]", "[zip(a, b, strict=True), 2]", False),
    ],
)
def test_only_what_no_test_of_values_can_notice_is_said_to_be_for_checkers(
    before: str, after: str, *, apart: bool
) -> None:
    functions = (ast.parse(f"def f():\n    return {line}").body[0] for line in (before, after))
    assert loaded("mutants").only_for_checkers(*functions) is apart


def test_the_lines_that_differ_are_told_without_comments() -> None:
    before = "def x_f__mutmut_orig(x):\n    # why\n    y = x + 1\n    return y"
    after = "def x_f__mutmut_1(x):\n    # why\n    y = x - 1\n    return y"
    assert loaded("mutants").changed_lines(before, after) == ("y = x + 1", "y = x - 1")


@given(number=st.integers(1, 500), data=st.data())
def test_wilsons_interval_solves_its_equation(number: int, data: st.DataObject) -> None:
    """Its ends are the shares p that lie z of their own standard errors from the one seen."""
    good = data.draw(st.integers(0, number))
    z, seen = 1.959964, good / number
    low, high = loaded("mutation").wilson(good, number)
    assert low - 1e-12 <= seen <= high + 1e-12
    for p in (low, high):
        assert (seen - p) ** 2 == pytest.approx(z * z * p * (1 - p) / number, abs=1e-9)


def test_nothing_tried_is_nothing_known() -> None:
    assert loaded("mutation").wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("outcome", ["survived", "no test", "exit code -11"])
def test_only_what_failed_or_hung_counts_as_noticed(outcome: str) -> None:
    mutation = loaded("mutation")
    assert mutation.Tried(mutant=None, outcome=outcome).survived
    mutants = loaded("mutants")
    one = mutants.Mutant(
        name="m",
        package="metric",
        function="f",
        before="def f():\n    pass",
        after="def f():\n    return",
    )
    count = mutation.counted("metric", [one, one], [mutation.Tried(mutant=one, outcome=o) for o in (outcome, "killed")])
    assert count.share == 0.5


def test_the_same_seed_chooses_the_same_mutants() -> None:
    sampled = loaded("mutation").sampled
    assert sampled(range(100), 10, 1) == sampled(range(100), 10, 1) != sampled(range(100), 10, 2)
    assert sampled(range(5), 10, 1) == sampled(range(5), None, 1) == list(range(5))


def test_a_test_of_many_variants_gets_no_more_time_than_one_of_a_single_one() -> None:
    pytest.importorskip("resource", reason="mutants are tried where there is fork")
    names = [*(f"test_a[{number}]" for number in range(100)), "test_b"]
    known = loaded("mutant_session").Known(
        names=names, seconds=dict.fromkeys(range(100), 0.1) | {100: 1.05}, reaching={"f": list(range(101))}
    )
    assert known.chosen("f", 2.06) == [*range(10), 100]
    assert known.chosen("f", 0.01) == [0]  # one at least
    assert known.chosen("g", 10.0) == []


@cache
def functions_of(module: Path) -> dict[str, ast.FunctionDef]:
    """By name, those of a class with its name."""
    top = ast.parse(module.read_text(encoding="utf-8")).body
    methods = {
        f"{one.name}.{node.name}": node
        for one in top
        if isinstance(one, ast.ClassDef)
        for node in one.body
        if isinstance(node, ast.FunctionDef)
    }
    return methods | {node.name: node for node in top if isinstance(node, ast.FunctionDef)}


def lines_of(function: str) -> str:
    """The lines of a function as the file of reasons writes them."""
    package, module, name = function.removeprefix("sbrtcheck.").split(".", 2)
    body = functions_of(ROOT / "src" / "sbrtcheck" / package / f"{module}.py")[name].body
    return " / ".join(line.strip() for node in body for line in ast.unparse(node).splitlines())


def test_every_survivor_that_was_looked_at_has_its_reason_and_its_line() -> None:
    for (function, was, becomes), (kind, reason) in loaded("mutation").reasons().items():
        assert function.startswith("sbrtcheck.")
        assert was != becomes
        assert kind in ("equivalent", "harmless")
        assert reason
        assert was in lines_of(function), f"{function} has no such line any more"

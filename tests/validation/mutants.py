"""Mutants as mutmut wrote them: what each changes, and whether that is nothing that a test of values could notice.

mutmut puts every mutant of a function beside it, ``name__mutmut_7`` beside ``name__mutmut_orig``, and a list of them
beside the file. The two functions are compared here by their syntax trees; standard library only.

The rule for wording. A mutant changes nothing but wording where all that differs is a text that stays a text, or what
is put into a formatted text, and the text

* has two words or more and goes into a message: it is an argument of a call whose name ends in "error", "fault",
  "warning", "remark" or "report", or it is an argument or a variable called ``detail``, ``hint``, ``text``, ``reason``,
  ``description``, ``what`` or ``message``; or
* has three words or more, wherever it stands, but in a regular expression.

A message that is lost (None in its place, or the argument left out) is more than wording.

The rule for words to checkers. Nothing but these is changed where all that differs is the type that `typing.cast` is
told, which returns its other argument whatever the type, or the ``strict`` of `zip`, an assertion that changes no
result of lists of one length.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

MESSAGE_MAKERS = ("error", "fault", "warning", "remark", "report")
MESSAGE_NAMES = frozenset({"detail", "hint", "text", "reason", "description", "what", "message"})
EXPRESSIONS = frozenset({"compile", "sub", "match", "fullmatch", "search", "split", "findall", "finditer"})

_WORD = re.compile(r"(?<![^\s(\"'])[^\W\d_]{2,}(?![^\s,.;:!?)\"'])")
_GENERATED = re.compile(r"^(.*)__mutmut_(\d+)$")
_SIMPLE_TEXT = (ast.JoinedStr, ast.FormattedValue, ast.BinOp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault: in which function, the source of the function before and after, and which rule sets it apart."""

    name: str
    package: str
    function: str
    before: str
    after: str
    wording: bool = False
    for_checkers: bool = False

    @property
    def semantic(self) -> bool:
        """Whether no rule sets it apart."""
        return not (self.wording or self.for_checkers)

    @property
    def changed(self) -> tuple[str, str]:
        """The lines that differ, before and after, as Python writes them without comments."""
        return changed_lines(self.before, self.after)


def of_tree(folder: Path, package: str) -> Iterator[Mutant]:
    """All mutants of a package in a tree that mutmut wrote, by file and number."""
    for listed in sorted((folder / "src" / "sbrtcheck" / package).rglob("*.py.meta")):
        if names := json.loads(listed.read_text(encoding="utf-8"))["exit_code_by_key"]:
            yield from _of_file(listed.with_suffix(""), package, names)


def _of_file(path: Path, package: str, names: Iterable[str]) -> Iterator[Mutant]:
    whole = path.read_text(encoding="utf-8")
    lines, top = whole.splitlines(), ast.parse(whole).body
    methods = [node for one in top if isinstance(one, ast.ClassDef) for node in one.body]
    functions = {node.name: node for node in (*top, *methods) if isinstance(node, ast.FunctionDef)}
    for name in names:
        module, _, generated = name.rpartition(".")
        mangled = _GENERATED.sub(r"\1", generated)
        before, after = functions[f"{mangled}__mutmut_orig"], functions[generated]
        yield Mutant(
            name=name,
            package=package,
            function=f"{module}.{_plain(mangled)}",
            before=_source(lines, before),
            after=_source(lines, after),
            wording=only_wording(before, after),
            for_checkers=only_for_checkers(before, after),
        )


def _source(lines: Sequence[str], node: ast.FunctionDef) -> str:
    return textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))


def _plain(mangled: str) -> str:
    """``x_f`` and ``xǁClassǁf`` as they are in the source."""
    return mangled.removeprefix("xǁ").replace("ǁ", ".") if mangled.startswith("xǁ") else mangled.removeprefix("x_")


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines of a function that differ, as Python writes them without comments."""
    marks = difflib.unified_diff(_written(before), _written(after), n=0, lineterm="")
    lines = [mark for mark in marks if not mark.startswith(("---", "+++", "@@ "))]
    was, becomes = (" / ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return was, becomes


def _written(source: str) -> list[str]:
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    function.name, function.decorator_list = "f", []
    return ast.unparse(function).splitlines()


class _WithoutWordsToCheckers(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        name = _called(node)
        if name == "cast":
            node.args[:1] = []
        if name == "zip":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "strict"]
        return node


def only_for_checkers(before: ast.FunctionDef, after: ast.FunctionDef) -> bool:
    """Whether all that differs is the type told to `cast`, or the ``strict`` of `zip`."""
    one, other = (
        _WithoutWordsToCheckers().visit(ast.Module(deepcopy([node.args, *node.body]), [])) for node in (before, after)
    )
    return ast.dump(one) == ast.dump(other)


def only_wording(before: ast.FunctionDef, after: ast.FunctionDef) -> bool:
    """Whether all that differs is a text for people; the rule is that of this module."""
    *above, (old, new) = _way_down(*(ast.Module([node.args, *node.body], []) for node in (before, after)))
    parents = [node for node, _ in above]
    inside = [number for number, node in enumerate(parents) if isinstance(node, ast.JoinedStr)]
    if inside:
        text, parents = parents[inside[0]], parents[: inside[0]]
    elif _is_text(old) and _is_text(new):
        text = old
    else:
        return False
    while parents and isinstance(parents[-1], _SIMPLE_TEXT):
        text = parents.pop()
    return _is_message(text, parents)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or _is_literal(node)


def _is_message(text: ast.AST, parents: list[ast.AST]) -> bool:
    words = sum(len(_WORD.findall(node.value)) for node in ast.walk(text) if _is_literal(node))
    call = next((node for node in reversed(parents) if not isinstance(node, ast.keyword)), None)
    name = _called(call) if isinstance(call, ast.Call) else ""
    if name in EXPRESSIONS:
        return False
    makes = name.lower().endswith(MESSAGE_MAKERS) or _name_of_place(parents[-1]) in MESSAGE_NAMES
    return words >= (2 if makes else 3)


def _name_of_place(parent: ast.AST) -> str | None:
    """Of the argument or the variable that a text becomes."""
    if isinstance(parent, ast.keyword):
        return parent.arg
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else None


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _way_down(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """From the whole to the smallest pair of nodes that holds all that differs."""
    chain = [(old, new)]
    while (pair := _only_difference(*chain[-1])) is not None:
        chain.append(pair)
    return chain


def _only_difference(old: ast.AST, new: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    """The one pair of nodes below these that differ; None where more differs, or what is no node."""
    if type(old) is not type(new):
        return None
    different = [pair for pair in _parts(old, new) if not _same(*pair)]
    if len(different) != 1:
        return None
    one, other = different[0]
    return (one, other) if isinstance(one, ast.AST) and isinstance(other, ast.AST) else None


def _parts(old: ast.AST, new: ast.AST) -> Iterator[tuple[object, object]]:
    for name in old._fields:
        one, other = getattr(old, name, None), getattr(new, name, None)
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            yield from zip(one, other, strict=True)
        else:
            yield one, other


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, ast.AST) and isinstance(other, ast.AST):
        return all(_same(*pair) for pair in _parts(one, other))
    return repr(one) == repr(other) if not isinstance(one, list) else False  # lists come here of unequal length alone

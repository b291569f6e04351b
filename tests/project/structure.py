"""Figures of the code's structure, as a table: ``python tests/project/structure.py [FOLDER]``; needs nothing installed.

``FOLDER`` is a checkout, this one by default, so that two commits can be compared. The import graph has every import
of the package by itself: those inside functions and those for type checkers are counted like any other, for a reader
has to follow them all.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "sbrtcheck"

Graph = Mapping[str, frozenset[str]]
"""Module -> the modules that it imports."""


def modules(source: Path) -> dict[str, Path]:
    """Dotted name -> file of every module below a folder; a package goes by its own name."""
    found = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, text: str, known: frozenset[str]) -> frozenset[str]:
    """Modules of the package that one module imports, wherever in its text, itself and its own packages left out.

    A package is imported with every module in it, but ``from package import name`` means the module ``package.name``
    where there is one. A package above a module is loaded before it and is no dependency of its own. In a module that
    has `importlib.import_module`, every text that is the name of a module counts as imported, whole or below the folder
    that the module is in; the lists of what is found under its old name for a while are left out.
    """
    found = set()
    tree = ast.parse(text)
    if "import_module" in text and not name.endswith("._old_modules"):
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        texts = {value for value in constants if isinstance(value, str)}
        folders = {name, name.rpartition(".")[0]}
        found |= texts | {f"{folder}.{one}" for one in texts for folder in folders}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {_module_of(node.module, alias.name, known) for alias in node.names}
    return frozenset(one for one in found & known if one != name)


def _module_of(module: str, name: str, known: frozenset[str]) -> str:
    return f"{module}.{name}" if f"{module}.{name}" in known else module


def graph(source: Path) -> dict[str, frozenset[str]]:
    """The import graph of the package in a source folder."""
    files = modules(source)
    return {name: imports(name, path.read_text("utf-8"), frozenset(files)) for name, path in files.items()}


def cycles(of: Graph) -> list[tuple[str, ...]]:
    """Groups of modules that all reach one another, by Tarjan's algorithm (SIAM J Comput 1972;1:146)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(of[node]):
            if other not in number:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(tuple(sorted(group)))

    for node in sorted(of):
        if node not in number:
            visit(node)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines of Python text: all of them, those with code, those with a comment or a docstring under a constant."""

    all: int
    code: int
    comments: int


def lines(text: str) -> Lines:
    """Count lines; a docstring of a module, class or function is neither code nor comment."""
    docstrings, under_constants = _docstrings(ast.parse(text))
    comments, code = set(), set()
    skipped = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type not in skipped:
            code |= set(range(token.start[0], token.end[0] + 1))
    return Lines(
        all=len(text.splitlines()),
        code=len(code - docstrings - under_constants),
        comments=len(comments | under_constants),
    )


def _docstrings(tree: ast.Module) -> tuple[set[int], set[int]]:
    """Lines of docstrings, and of the texts that stand under a constant."""
    of_definitions, of_constants = set(), set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for before, item in zip([None, *body], body, strict=False):
            if (
                isinstance(item, ast.Expr)
                and isinstance(item.value, ast.Constant)
                and isinstance(item.value.value, str)
            ):
                where = set(range(item.lineno, (item.end_lineno or item.lineno) + 1))
                if before is None:
                    of_definitions |= where
                else:
                    of_constants |= where
    return of_definitions, of_constants


def table(checkout: Path) -> Iterator[tuple[str, str]]:
    """Rows of the table: what, and how much."""
    source = checkout / "src"
    counted = [lines(path.read_text("utf-8")) for path in modules(source).values()]
    tests = [lines(path.read_text("utf-8")) for path in sorted((checkout / "tests").rglob("*.py"))]
    of = graph(source)
    rings = cycles(of)
    code = sum(one.code for one in counted)
    yield "files", str(len(counted))
    yield "lines", str(sum(one.all for one in counted))
    yield "lines of code", str(code)
    yield "comments for 100 lines of code", f"{100 * sum(one.comments for one in counted) / code:.1f}"
    yield "import cycles (modules in them)", f"{len(rings)} ({sum(map(len, rings))})"
    yield "imports of the package by itself, a module", f"{mean(len(one) for one in of.values()):.1f}"
    yield "modules of more than 500 lines", str(sum(one.all > 500 for one in counted))
    yield (
        "lines of tests for a line of the package",
        f"{sum(one.all for one in tests) / sum(one.all for one in counted):.2f}",
    )


def main() -> int:
    """Print the table."""
    checkout = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    for what, how_much in table(checkout):
        print(f"{what:<44} {how_much}")  # noqa: T201 - a program for people
    for ring in cycles(graph(checkout / "src")):
        print("cycle:", ", ".join(ring))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every command and every block of code in README and docs runs, and prints what the page shows.

The blocks of a page run in their order, in a folder that has a copy of ``examples/``:

* ``console``: lines after ``$`` are run; what stands below them is what they print, where ``...`` stands for anything,
  and runs of blanks are one. ``$ echo $?`` shows the exit code of the command before.
* ``python`` and ``pycon``: run in one namespace a page.
* ``yaml`` with a file's name in a comment on its first line: written to that file.
"""

from __future__ import annotations

import doctest
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import sbrtcheck
from folders import ROOT
from sbrtcheck.cli import main
from sbrtcheck.results import Report
from sbrtcheck.results.noted import new_note, new_sign_off, plan_uid, with_notes
from sbrtcheck.tables import Status, bundled_tables
from sbrtcheck.tables.notes import PlanNotes
from stored_plans import lung_with_stored_dvhs

pytestmark = pytest.mark.usefixtures("computed_once")

PAGES = [
    ROOT / "README.md",
    *sorted(path for path in ROOT.glob("docs/**/*.md") if not {"_build", "_tables"} & {*path.parts}),
]
FENCE = re.compile(r"^```\{?([\w-]+)\}?[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = {"text", "include", "literalinclude", "toctree", "eval-rst"}
RUN_ELSEWHERE = {"python examples/quickstart.py", "python tests/run_all.py"}  # they make virtual environments
LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
UNUSABLE = 2


class Page:
    """One page being run: the exit code of its last command, and the namespace of its Python blocks."""

    def __init__(self) -> None:
        self.code = 0
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def console(self, block: str) -> None:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            printed = self.printed(command)
            assert not shown or doctest.OutputChecker().check_output(shown, printed, LOOSELY), f"{command}\n{printed}"
            said = command.startswith("sbrtcheck lint") or shown.startswith("sbrtcheck: ")
            assert self.code != UNUSABLE or said, printed

    def printed(self, command: str) -> str:
        if command == "echo $?":
            code, self.code = self.code, 0
            return f"{code}\n"
        if command in RUN_ELSEWHERE:
            return ""
        program, *words = shlex.split(command)
        assert program == "sbrtcheck", f"not a command that the tests can run: {command}"
        done = CliRunner().invoke(main, words, prog_name="sbrtcheck")
        self.code = done.exit_code
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output

    def python(self, block: str) -> None:
        exec(compile(block, "block of a page", "exec"), self.names)  # noqa: S102 - our own pages

    def pycon(self, block: str) -> None:
        test = doctest.DocTestParser().get_doctest(block, self.names, "block of a page", None, 0)
        failed, _ = doctest.DocTestRunner(optionflags=LOOSELY).run(test, clear_globs=False)
        self.names.update(test.globs)
        assert failed == 0

    def yaml(self, block: str) -> None:
        name = re.match(r"# ([\w-]+\.yaml)\n", block)
        assert name, "the first line of a yaml block is a comment with the file's name"
        Path(name[1]).write_text(block, encoding="utf-8")


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    return ((found[1], found[2]) for found in FENCE.finditer(page.read_text(encoding="utf-8")))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_blocks_of_the_page_run_and_print_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    running = Page()
    for language, block in blocks(page):
        if language not in SHOWN_ONLY:
            getattr(running, language)(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_command_hides_in_a_block_that_is_only_shown(page: Path) -> None:
    shown = [block for language, block in blocks(page) if language == "text"]
    assert not [line for block in shown for line in block.splitlines() if line.startswith(("$ ", ">>> "))]


def keys(value: object, path: str = "") -> Iterator[str]:
    """Paths of all keys: ``outcomes[].source.doi``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from keys(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, f"{path}[]" if isinstance(inner, dict) else path)
    else:
        yield path


def noted(report: Report) -> Report:
    """The report with a note on a row, one on a row that it does not have, and a sign-off."""
    note = new_note(report.outcomes[0], "seen", "AB")
    lost = replace(note, hash="0", row="gone/row")
    signed = (new_sign_off(report, "AB"),)
    return with_notes(report, PlanNotes(plan_uid=plan_uid(report), notes=(note, lost), sign_offs=signed))


def test_the_schema_page_has_the_keys_of_a_report_and_no_others(tmp_path: Path) -> None:
    stored = lung_with_stored_dvhs(tmp_path / "plan", SpinalCord=8.0)
    names = {"Heart": "GTV", "Esophagus": "nowhere"}  # so that there are rows that fail, and reasons for a review
    sites = ("lung", "liver")  # and thresholds, which are for the liver
    tables = ["rtog-0813", "review-text"]
    report = sbrtcheck.check(stored, table=tables, names=names, site=sites, allow_lint_errors=True)
    by_tables = report.to_dict()
    by_profile = noted(sbrtcheck.check(stored, profile="lung-50gy-5fx")).to_dict()
    found = {key for key in (*keys(by_tables), *keys(by_profile)) if not key.startswith(("summary.", "findings[]"))}
    page = (ROOT / "docs/reference/report-json.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    assert found <= documented
    assert documented - found <= {"summary", "tables", "outcomes", "findings", "compared", "profile", "organs"}


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], str]]:
    monkeypatch.syspath_prepend(ROOT / "docs")
    import generated

    return dict(generated.PARTS)


def test_every_generated_part_stands_on_a_page_and_can_be_made(generated: dict[str, Callable[[], str]]) -> None:
    wanted = {name for page in PAGES for name in re.findall(r"<!-- generated: (\w+) -->", page.read_text("utf-8"))}
    assert wanted == set(generated)
    assert all(make() for make in generated.values())


def test_the_list_of_modules_is_printed_by_the_command_that_contributors_are_told(
    generated: dict[str, Callable[[], str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["generated.py", "modules"])
    runpy.run_path(str(ROOT / "docs" / "generated.py"), run_name="__main__")
    assert capsys.readouterr().out == generated["modules"]() + "\n"


def test_every_table_has_a_page_with_each_of_its_limits_readings_and_notes(
    generated: dict[str, Callable[[], str]],
) -> None:
    import generated as module

    pages = module.table_pages()
    listed = generated["tables"]()
    for table in bundled_tables():
        page = pages[table.id].replace("\\", "")
        assert f"({'../_tables/' + table.id}.md)" in listed
        for row in table.rows:
            numbers = [row.limit] if isinstance(row.limit, float) else [s.limit for s in row.limit.steps]
            numbers += [s.volume_cc for s in row.steps]
            shown = (row.id, str(row.metric), row.note, *row.confirmed_by, *(f"{number:g}" for number in numbers))
            assert all(part in page for part in shown), (table.id, row.id)
        assert all(item.text in page for item in table.for_clinician)
        assert ("## Disputed" in page) == any(row.status is Status.DISPUTED for row in table.rows)


def test_every_command_is_in_the_list_of_commands_and_the_readme_has_no_other() -> None:
    def named(page: str) -> set[str]:
        return set(re.findall(r"^\| `sbrtcheck (\w+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE))

    assert named("docs/reference/command-line.md") == set(main.commands)
    assert {"check", "tables"} <= named("README.md") <= set(main.commands)


def test_the_readme_has_the_figures_of_the_measured_page(generated: dict[str, Callable[[], str]]) -> None:
    import figures

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert figures.readme_block() in readme, "python docs/figures.py writes them"
    assert readme.count(figures.BEGIN) == readme.count(figures.END) == 1


def test_every_picture_stands_on_a_page_and_the_one_of_the_readme_is_small(
    generated: dict[str, Callable[[], str]],
) -> None:
    import screenshots

    wanted = {
        name for page in PAGES for name in re.findall(r"<!-- picture: ([\w.-]+): .+ -->", page.read_text("utf-8"))
    }
    assert wanted == {*screenshots.OF_PAGES, *screenshots.WITHOUT_BROWSER}
    assert screenshots.README_PICTURE.stat().st_size < 250_000


def test_every_page_is_linked_from_another() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    pages = {page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in ROOT.glob("docs/[!_]*/*.md")}
    assert {page for page in pages if not page.startswith("decisions/")} <= set(index.split())


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        assert all((page.parent / link).exists() for link in links), page

"""Help texts end with examples that work; shells complete what can be told without reading a plan."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from folders import ROOT
from sbrtcheck.bundled import shipped_files
from sbrtcheck.cli import main
from sbrtcheck.cli.completion import SHELLS
from sbrtcheck.cli.options import DICOM_PDF, DICOM_SR, RTDOSE
from sbrtcheck.dvh import Between, EndCaps, Interpolation, Origin
from sbrtcheck.pacs import web
from sbrtcheck.pacs.listener import Listener
from sbrtcheck.render import FORMATS
from sbrtcheck.render.lists import DVH_FORMATS
from sbrtcheck.render.names import NAMES_FORMATS
from sbrtcheck.render.plan_comparison import PLAN_FORMATS
from sbrtcheck.tables import bundled_tables

pytestmark = pytest.mark.usefixtures("computed_once")

EXAMPLES = ROOT / "examples"
MOST_EXAMPLES = 3
BASH = shutil.which("bash")


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command, with those of groups in it."""
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def examples_of(*path: str) -> list[str]:
    """The commands at the end of a help text, as it is shown."""
    shown = CliRunner().invoke(main, [*path, "--help"]).output
    _, heading, end = shown.partition("Example")
    assert heading, "no examples"
    return [re.split(r"\s{3,}", line.strip())[0] for line in end.splitlines()[1:]]


ALL = [(), *commands(main)]
EVERY_EXAMPLE = [one for path in ALL for one in examples_of(*path)]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_help_text_ends_with_one_to_three_examples_of_its_command(path: tuple[str, ...]) -> None:
    found = examples_of(*path)
    assert 1 <= len(found) <= MOST_EXAMPLES
    assert all(shlex.split(one)[: len(path) + 1] == ["sbrtcheck", *path] for one in found)


@pytest.fixture(scope="module")
def batch_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a batch writes of the bundled plans."""
    folder, table = tmp_path_factory.mktemp("batch"), str(EXAMPLES / "my-clinic.yaml")
    for out in (folder / "results.csv", folder / "results.parquet"):
        words = ["batch", str(EXAMPLES / "plans"), "--table", table, "--out", str(out), "--quiet", "--jobs", "1"]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_results: Path) -> None:
    """What the examples speak of: a plan, an earlier one, an archive, a template, a table of one's own."""
    shutil.copytree(EXAMPLES / "plans/lung-50gy-5fx", tmp_path / "plan")
    shutil.copytree(EXAMPLES / "plans/liver-45gy-3fx", tmp_path / "earlier")
    shutil.copytree(EXAMPLES / "plans/lung-50gy-5fx", tmp_path / "third")
    shutil.copytree(EXAMPLES / "plans", tmp_path / "archive")
    shutil.copytree(batch_results, tmp_path, dirs_exist_ok=True)
    for name in ("clinic-template.csv", "my-clinic.yaml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pacs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PACS that has the bundled plans, and somebody who stops a listener as soon as it listens."""

    def fetched(_query: web.WebQuery, folder: Path, **_: Any) -> web.Fetched:
        shutil.copytree(EXAMPLES / "plans", folder, dirs_exist_ok=True)
        return web.Fetched(studies=2, objects=6)

    monkeypatch.setattr(web, "fetch", fetched)
    monkeypatch.setattr(Listener, "run", lambda *_: None)


@pytest.mark.slow
@pytest.mark.usefixtures("at_hand", "pacs")
@pytest.mark.parametrize("example", sorted({*EVERY_EXAMPLE}))
def test_the_example_works(example: str) -> None:
    any_port = ["--port", "0"] if example.startswith("sbrtcheck listen") else []
    done = CliRunner().invoke(main, [*shlex.split(example)[1:], *any_port])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.exit_code in {0, 1, 3}, done.output
    assert "Traceback" not in done.output
    if "--out" in example:
        assert Path(shlex.split(example)[shlex.split(example).index("--out") + 1]).stat().st_size > 0
    else:
        assert done.stdout


def test_the_first_example_of_all_is_a_check() -> None:
    assert examples_of()[0] == "sbrtcheck check plan --site lung"


# -------------------------------------------------------------------------------- completion


def offered(*words: str) -> set[str]:
    """What is offered for the last word; ``FILES`` stands for what the shell finds itself."""
    items = ShellComplete(main, {}, "sbrtcheck", "_SBRTCHECK_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return {"FILES" if item.type == "file" else str(item.value) for item in items}


def test_commands_and_options_are_offered() -> None:
    assert offered("ch") == {"check"}
    assert {"--table", "--site", "--quiet"} <= offered("check", "plan", "--")


@pytest.mark.parametrize("command", ["check", "batch", "names", "sum"])
def test_ids_of_tables_and_files_are_offered(command: str) -> None:
    assert offered(command, "plan", "--table", "tg101") == {"tg101-1fx", "tg101-3fx", "tg101-5fx", "FILES"}
    assert offered(command, "plan", "--table", "") == {"FILES", *(table.id for table in bundled_tables())}


def test_lint_is_offered_ids_and_files() -> None:
    assert offered("lint", "rtog-08") == {"rtog-0813", "FILES"}


@pytest.mark.parametrize("command", ["check", "batch"])
def test_sites_are_offered(command: str) -> None:
    assert offered(command, "plan", "--site", "l") == {"lung", "liver"}
    assert offered(command, "plan", "--site", "") == {table.site for table in bundled_tables()}


@pytest.mark.parametrize(
    "words",
    [
        ("check", ""),
        ("check", "plan", "--out", ""),
        ("check", "plan", "--names", ""),
        ("sum", "plan", "--registration", ""),
        ("names", "plan", "--template", ""),
        ("import", ""),
        ("batch", ""),
        ("batch", "plan", "--out", ""),
    ],
)
def test_files_are_offered_where_they_are_wanted(words: tuple[str, ...]) -> None:
    assert offered(*words) == {"FILES"}


def test_words_of_an_option_are_offered() -> None:
    assert offered("check", "plan", "--end-caps", "") == {"half-slice", "none", "capped"}


def test_names_of_files_and_folders_are_ids_and_sites() -> None:
    assert {key: site for key, (site, _) in shipped_files().items()} == {t.id: t.site for t in bundled_tables()}


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_SBRTCHECK_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.skipif(BASH is None or os.name == "nt", reason="there is no bash here")
def test_bash_completes_with_the_script_it_is_given(tmp_path: Path) -> None:
    typed = """
        eval "$(sbrtcheck completion bash)"
        complete -p sbrtcheck
        COMP_WORDS=(sbrtcheck check plan --table rtog-08) COMP_CWORD=4
        _sbrtcheck_completion sbrtcheck
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(  # noqa: S603
        [str(BASH), "--norc", "-c", typed],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
    )
    registered, *found = done.stdout.splitlines()
    assert registered.endswith("_sbrtcheck_completion sbrtcheck"), done.stderr
    assert found == ["rtog-0813"]


def test_completion_and_help_read_no_table_and_load_nothing_heavy() -> None:
    code = (
        "import sys, os; os.environ['_SBRTCHECK_COMPLETE'] = 'bash_complete';"
        "os.environ['COMP_WORDS'] = 'sbrtcheck check plan --table t'; os.environ['COMP_CWORD'] = '4';"
        "import atexit; atexit.register(lambda: print({'numpy', 'pydicom', 'ruamel.yaml'} & {*sys.modules}));"
        "from sbrtcheck.cli import main; main(prog_name='sbrtcheck')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert "tg101-1fx" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()", done.stderr


@pytest.mark.parametrize(
    ("command", "option", "words"),
    [
        ("check", "end_caps", EndCaps),
        ("check", "slice_interpolation", Between),
        ("check", "dose_interpolation", Interpolation),
        ("check", "dvhs", [origin for origin in Origin if origin is not Origin.IMPORTED]),  # that is --dvh
        ("check", "format_", [*FORMATS, DICOM_PDF, DICOM_SR]),
        ("dvh", "format_", [*DVH_FORMATS, RTDOSE]),
        ("names", "format_", NAMES_FORMATS),
        ("compare", "format_", PLAN_FORMATS),
    ],
)
def test_the_words_that_an_option_offers_are_those_that_the_package_knows(
    command: str, option: str, words: Iterable[str]
) -> None:
    (found,) = (one for one in main.commands[command].params if one.name == option)
    assert isinstance(found.type, click.Choice)
    assert sorted(found.type.choices) == sorted(words)

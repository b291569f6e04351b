"""How the checkout is installed before everything is checked: by uv, and by pip wherever uv does not do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import run_all

Fails = Callable[[tuple[str, ...]], bool]


def installed(monkeypatch: pytest.MonkeyPatch, versions: str, fails: Fails) -> tuple[int, list[str]]:
    """The exit code, and the names of the steps, where those commands fail of which that is said."""
    steps = []

    def run(_environment: Path, name: str, command: tuple[str, ...], _told: object = None) -> int:
        steps.append(name)
        return int(fails(command))

    monkeypatch.setattr(run_all, "run", run)
    monkeypatch.setattr(run_all, "as_pip_is_told", lambda _: {})
    return run_all.installed(Path("environment"), versions), steps


def is_uv(command: tuple[str, ...]) -> bool:
    return command[0] == "uv"


def gets_uv(command: tuple[str, ...]) -> bool:
    return command[-1] == "uv"


@pytest.mark.parametrize(
    ("fails", "code", "steps"),
    [
        (lambda _: False, 0, ["Getting uv", "Installing"]),
        (gets_uv, 0, ["Getting uv", "Installing by pip"]),
        (is_uv, 0, ["Getting uv", "Installing", "Installing by pip"]),
        (lambda _: True, 1, ["Getting uv", "Installing by pip"]),
    ],
    ids=["uv", "no uv to be had", "uv fails", "nothing to be had"],
)
def test_pip_installs_where_uv_does_not(
    monkeypatch: pytest.MonkeyPatch, fails: Fails, code: int, steps: list[str]
) -> None:
    assert installed(monkeypatch, "newest", fails) == (code, steps)


@pytest.mark.parametrize("fails", [gets_uv, is_uv])
def test_the_lowest_versions_are_not_guessed_without_uv(monkeypatch: pytest.MonkeyPatch, fails: Fails) -> None:
    with pytest.raises(SystemExit, match="found by uv"):
        installed(monkeypatch, "lowest", fails)


def test_what_is_locked_is_installed_with_its_hashes_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed(monkeypatch, "locked", lambda _: False) == (0, ["Installing what is locked", "Installing"])
    assert installed(monkeypatch, "locked", lambda _: True) == (1, ["Installing what is locked"])


@pytest.mark.parametrize("is_there", [False, True])
def test_a_program_that_cannot_be_started_is_a_failed_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_there: bool
) -> None:
    """As where a machine lets no program run that it does not know."""
    program = Path(run_all.program(tmp_path, "uv"))
    if is_there:
        program.parent.mkdir()
        program.write_bytes(b"")  # no program, and without the right to be run
    assert run_all.run(tmp_path, "Installing", ("uv", "pip")) == run_all.CANNOT_START
    assert run_all.run_each(tmp_path, {"Style": ("uv",)}, at_once=True) == {"Style": run_all.CANNOT_START}
    assert "=== Installing: FAILED, cannot be started" in capsys.readouterr().out


def test_what_a_step_prints_stands_in_one_piece_under_its_heading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_all, "program", lambda _environment, _name: sys.executable)
    words = ("python", "-c", "import sys; print('said'); sys.exit(3)")
    assert run_all.run(tmp_path, "Types", words, at_once=True) == 3
    heading, said, ended = capsys.readouterr().out.strip().splitlines()
    assert heading.startswith("=== Types: python -c")
    assert said == "said"
    assert ended.startswith("=== Types: FAILED with exit code 3")


def test_counts_of_an_earlier_run_do_not_stand_in_the_way_of_the_next(tmp_path: Path) -> None:
    """Pytest looks for its options beside what it takes for a path: here in a folder that has none."""
    option = run_all.counted_in("newest")
    earlier = tmp_path / option.partition("=")[2]
    earlier.parent.mkdir(parents=True)
    earlier.write_text("{}", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    for name in ("conftest.py", "helpers/counting.py"):
        copied = tmp_path / "tests" / name
        copied.parent.mkdir(exist_ok=True)
        copied.write_bytes((run_all.ROOT / "tests" / name).read_bytes())
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", option]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)  # noqa: S603
    assert "unrecognized arguments" not in done.stderr

"""What a long run tells: how far it is, to who watches; each stage with its choices, to who asks; names to nobody."""

from __future__ import annotations

import io
import logging
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dvh_builders import plan_of
from folders import ROOT
from sbrtcheck import api, compute_dvhs
from sbrtcheck.cli import main, options, streams
from sbrtcheck.dose_accumulation import Course, accumulate
from sbrtcheck.progress import log_step

LUNG = ROOT / "examples/plans/lung-50gy-5fx"
LIVER = LUNG.parent / "liver-45gy-3fx"


@pytest.fixture
def numbers() -> tuple[list[tuple[int, int]], Callable[[int, int], None]]:
    seen: list[tuple[int, int]] = []
    return seen, lambda done, of_all: seen.append((done, of_all))


Numbers = tuple[list[tuple[int, int]], Callable[[int, int], None]]

# -------------------------------------------------------------------------------- how far


def test_each_structure_is_counted_up_to_all(numbers: Numbers) -> None:
    seen, progress = numbers
    compute_dvhs(plan_of(SpinalCord=0.0, Heart=10.0, Liver=20.0), progress=progress)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_sum_counts_the_structures_of_each_ratio(numbers: Numbers) -> None:
    seen, progress = numbers
    ratios = {"SpinalCord": 2.0, "Heart": 3.0, "Liver": 3.0}
    accumulate([Course(plan=plan_of(SpinalCord=0.0, Heart=10.0, Liver=20.0))], ratios, progress=progress)
    assert seen == [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    "run",
    [
        lambda progress: api.check(LUNG, "tg101-5fx", progress=progress),
        lambda progress: api.dvhs(LUNG, structures=["SpinalCord"], progress=progress),
        lambda progress: api.risks(LUNG, site="lung", progress=progress),
        lambda progress: api.accumulate([LUNG], {"SpinalCord": 2.0}, progress=progress),
    ],
    ids=["check", "dvh", "risk", "sum"],
)
def test_every_way_through_a_plan_tells_how_far_it_is(run: Callable[[Any], object], numbers: Numbers) -> None:
    seen, progress = numbers
    run(progress)
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 0


class Terminal(io.StringIO):
    """A standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


class AtOnce:
    """A timer whose time is over when it starts."""

    def __init__(self, _seconds: float, call: Callable[[], None]) -> None:
        self.start = call

    def cancel(self) -> None: ...


class Never(AtOnce):
    """A timer that is cancelled first."""

    def start(self) -> None: ...  # type: ignore[override]

    def __init__(self, _seconds: float, call: Callable[[], None]) -> None: ...


def shown(monkeypatch: pytest.MonkeyPatch, timer: type, stderr: io.StringIO, *, quiet: bool = False) -> str:
    monkeypatch.setattr(streams, "Timer", timer)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    with streams.progress(quiet=quiet, before="reading", during="computing", after="evaluating") as progress:
        for done in range(3):
            progress(done, 2)
    return stderr.getvalue()


def test_a_bar_is_shown_to_who_looks_once_it_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, AtOnce, Terminal())
    assert "reading" in text or "evaluating" in text


def test_what_is_quick_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "reading" not in shown(monkeypatch, Never, Terminal())


@pytest.mark.parametrize(("stderr", "quiet"), [(io.StringIO(), False), (Terminal(), True)], ids=["piped", "quiet"])
def test_nobody_is_shown_a_bar_who_does_not_look_or_does_not_want_it(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, quiet: bool
) -> None:
    assert shown(monkeypatch, AtOnce, stderr, quiet=quiet) == ""


def test_a_bar_that_has_ended_is_not_shown_by_a_late_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    bar = streams.Bar("reading", "computing", "evaluating")
    bar.end()
    before = stderr.getvalue()
    bar.show()
    assert stderr.getvalue() == before


def test_every_command_that_may_take_long_can_be_quiet() -> None:
    for name in ("check", "dvh", "sum", "risk", "batch"):
        assert "--quiet" in {text for option in main.commands[name].params for text in option.opts}, name
        done = CliRunner().invoke(main, [name, "--help"])
        assert "--quiet" in done.output


def test_the_words_are_of_the_steps() -> None:
    assert list(options.STEPS) == ["before", "during", "after"]


# -------------------------------------------------------------------------------- the log


def test_a_stage_is_one_line_with_what_was_said_and_its_seconds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="sbrtcheck"), log_step("tables") as say:
        say("two")
        say("of three")
    (record,) = caplog.records
    assert re.fullmatch(r"tables: two; of three \([0-9]+\.[0-9]{2} s\)", record.getMessage())


def test_a_stage_that_fails_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="sbrtcheck"), pytest.raises(ValueError, match="x"), log_step("tables"):
        raise ValueError("x")
    assert caplog.records == []


def test_every_stage_of_a_check_is_told_in_its_order_without_a_path_or_a_structure(tmp_path: Path) -> None:
    folder = tmp_path / "Mustermann Max"
    shutil.copytree(LUNG, folder)
    done = CliRunner().invoke(main, ["check", str(folder), "--table", "rtog-0813", "-v"])
    lines = [line.removeprefix("sbrtcheck: ") for line in done.stderr.splitlines()]
    stages = [line.split(":")[0] for line in lines if re.search(r"\([0-9.]+ s\)$", line)]
    assert stages == ["tables", "files", "dose", "structures", "DVHs", "evaluation"]
    assert "Mustermann" not in done.stderr
    assert "rtog-0813 1.3.0 (21 rows)" in lines[0]
    assert any(line.startswith("files: 1 RTDOSE, 1 RTPLAN, 1 RTSTRUCT; 0 other DICOM") for line in lines)
    assert any("prescription 50 Gy in 5 fractions" in line for line in lines)
    assert any(line.startswith("DVHs: 14 of 14 requested computed, 17 in the plan; slab") for line in lines)
    assert done.exit_code == 0


def test_twice_verbose_names_the_files(tmp_path: Path) -> None:
    shutil.copytree(LUNG, tmp_path / "plan")
    done = CliRunner().invoke(main, ["dvh", str(tmp_path / "plan"), "--structure", "Heart", "-vv"])
    assert f" is {tmp_path / 'plan' / 'rtdose.dcm'}" in done.stderr


def test_choosing_the_tables_of_a_site_is_a_stage_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="sbrtcheck"):
        api.check(LIVER, site="liver")
    said = [record.getMessage().split(":")[0] for record in caplog.records]
    assert "tables of the site" in said

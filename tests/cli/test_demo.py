"""The demo shows what a check of the bundled plan shows."""

from __future__ import annotations

import importlib.util
import webbrowser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import sbrtcheck
from folders import ROOT
from sbrtcheck.cli import main, streams
from sbrtcheck.installation import install_command
from sbrtcheck.render import html_report, text_report
from sbrtcheck.results import Report

pytestmark = pytest.mark.usefixtures("computed_once")

PLAN = ROOT / "examples" / "plans" / "lung-50gy-5fx"


@pytest.fixture(scope="module")
def report() -> Report:
    return sbrtcheck.check(PLAN, "rtog-0813")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What was opened in a browser."""
    found: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda url: not found.append(url))
    monkeypatch.setattr(streams, "is_screen", lambda: True)
    return found


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["demo", *words])


def test_the_page_is_that_of_check_and_is_opened(report: Report, opened: list[str], tmp_path: Path) -> None:
    done = run()
    page = tmp_path / "sbrtcheck-demo.html"
    assert (done.exit_code, done.stderr) == (0, "")
    assert page.read_text(encoding="utf-8") == html_report(report)
    assert opened == [page.resolve().as_uri()]
    assert f"PASS on 18 of 18 rows for lung\nThe report is in {page.resolve()}\n" in done.stdout


def test_nothing_is_opened_unless_somebody_looks(
    opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--no-open", "--out", "one.html").exit_code == 0
    monkeypatch.setattr(streams, "is_screen", lambda: False)
    assert run("--out", "two.html").exit_code == 0
    assert opened == []
    assert {path.name for path in tmp_path.iterdir()} == {"one.html", "two.html"}


def test_without_a_browser_it_says_so(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _url: False)
    done = run()
    assert (done.exit_code, opened) == (0, [])
    assert "no browser to open it in" in done.stderr


def test_without_jinja2_the_report_is_text_and_the_page_one_command_away(
    report: Report, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jinja2" else find(name))
    done = run()
    assert (done.exit_code, done.stdout) == (0, text_report(report))
    assert install_command("html") in done.stderr
    assert (opened, list(tmp_path.iterdir())) == ([], [])

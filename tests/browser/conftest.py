"""One headless Chromium for all tests of the folder; where there is none, they are skipped and say so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from browser_programs import LACKING, programs
from sbrtcheck.render import html_report
from sbrtcheck.results import Report

ARGUMENTS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1300,1000",
)


@dataclass(frozen=True)
class Browser:
    """A Chromium with a report open."""

    driver: webdriver.Chrome

    def open(self, file: Path) -> None:
        """Open a page, and forget what was noted of those before."""
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(file.as_uri())

    def all(self, query: str) -> list[WebElement]:
        """Elements of a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, query)

    def one(self, query: str) -> WebElement:
        """The one element of a CSS selector."""
        (found,) = self.all(query)
        return found

    def seen(self, query: str) -> list[WebElement]:
        """Those of them that are on display."""
        return [one for one in self.all(query) if one.is_displayed()]

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript on the page."""
        return self.driver.execute_script(script, *arguments)

    def cdp(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command of Chrome's protocol."""
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(command, arguments)
        return answer

    def media(self, media: str = "", **features: str) -> None:
        """Show the page as on another medium."""
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=listed)

    def requests(self) -> list[str]:
        """Addresses asked for since the last page was opened."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """What the console has been told since then."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")  # one that stays open keeps a core half busy, beside whatever is tested then
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    found = programs()
    if found is None:
        pytest.skip(LACKING)
    browser, service = found
    options = Options()
    options.binary_location = browser
    rootly = ("--no-sandbox",) if getattr(os, "geteuid", lambda: 1)() == 0 else ()
    for argument in (*ARGUMENTS, *rootly, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(service))
    started.set_script_timeout(120.0)  # seconds; what is slow on a machine that is busy is no fault of a page
    yield started
    started.quit()


@pytest.fixture
def browser(driver: webdriver.Chrome) -> Iterator[Browser]:
    one = Browser(driver)
    yield one
    one.cdp("Emulation.setScriptExecutionDisabled", value=False)
    one.cdp("Emulation.clearDeviceMetricsOverride")
    one.media()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Report], Path]:
    """A function that writes a report once, and gives its file."""
    folder = tmp_path_factory.mktemp("reports")
    known: dict[int, Path] = {}

    def write(report: Report) -> Path:
        if id(report) not in known:
            known[id(report)] = folder / f"{len(known)}.html"
            known[id(report)].write_text(html_report(report), encoding="utf-8")
        return known[id(report)]

    return write

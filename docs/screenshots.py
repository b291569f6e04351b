"""The bundled plans -> pictures of what sbrtcheck shows, for the pages; ``--readme`` renews the one in the repository.

A page has ``<!-- picture: report: what it shows -->`` where it wants one. The build makes them in ``docs/_pictures``;
without Chromium those of the HTML page are left out, and the pages stand without them.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import algorithm_figures

from browser_programs import LACKING, programs

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "_pictures"
README_PICTURE = ROOT / "docs" / "images" / "report.png"
PLANS = ROOT / "examples" / "plans"

WIDTH, HEIGHT = 1180, 1000  # of the window, in CSS pixels
PAPER_WIDTH, PAPER_HEIGHT, PAPER_MARGIN = 860, 1216, 46  # A4, as far as Chromium shrinks the page to fit it
SHARPNESS = 1.5  # pixels of the picture for one of the page
UNSEEN = 0.02  # mean difference of two pictures, of 255: one word changed is more
COLOURS = 192  # enough for text and lines; a smaller file
ARGUMENTS = ("--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking")


@cache
def lung() -> Any:
    """The check that the tutorial reads."""
    import sbrtcheck

    return sbrtcheck.check(PLANS / "lung-50gy-5fx", table="rtog-0813")


@cache
def liver() -> Any:
    """A check with rows that fail."""
    import sbrtcheck

    return sbrtcheck.check(PLANS / "liver-45gy-3fx", table="tg101-3fx")


# -------------------------------------------------------------------------------- pictures of pages, by Chromium


@dataclass(frozen=True)
class Browser:
    """A Chromium without a window, and a folder for the pages it opens."""

    driver: Any
    folder: Path

    def open(self, html: str, *, width: int = WIDTH, height: int = HEIGHT, media: str = "screen") -> None:
        """Show a page in light colours, nothing moving."""
        size = {"width": width, "height": height, "deviceScaleFactor": SHARPNESS, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [
            {"name": "prefers-color-scheme", "value": "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        page = self.folder / "page.html"
        page.write_text(html, encoding="utf-8")
        self.driver.get(page.as_uri())

    def run(self, script: str) -> Any:
        """Run JavaScript on the page."""
        return self.driver.execute_script(script)

    def part(self, first: str, last: str = "", *, beside: int = 12, above: int = 0, below: int = 0) -> bytes:
        """Picture of the page from the top of one element to the bottom of another, with that much around."""
        place = "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        place += "return [box.left + scrollX, box.top + scrollY, box.right + scrollX, box.bottom + scrollY];"
        left, top, right, bottom = self.driver.execute_script(place, first)
        if last:
            bottom = self.driver.execute_script(place, last)[3]
        clip = {"x": max(left - beside, 0), "y": max(top - above, 0), "scale": 1}
        clip["width"] = right + beside - clip["x"]
        clip["height"] = bottom + below - clip["y"]
        wanted = {"format": "png", "clip": clip, "captureBeyondViewport": True}
        return _small(base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", wanted)["data"]))


def report(browser: Browser) -> bytes:
    """The report's first screen."""
    from sbrtcheck.render import html_report

    browser.open(html_report(lung()))
    return browser.part("header", "#r-9", above=12)


def chart(browser: Browser) -> bytes:
    """The chart with the limits drawn on it."""
    from sbrtcheck.render import html_report

    browser.open(html_report(lung()), width=1000)
    return browser.part("#dvh", "#dvh table", below=4)


def row(browser: Browser) -> bytes:
    """A row that failed, opened."""
    from sbrtcheck.render import html_report

    browser.open(html_report(liver()))
    browser.run("document.querySelector('tbody[data-filters~=fail] button.open').click()")
    return browser.part("tbody[data-filters~=fail]")


def attention(browser: Browser) -> bytes:
    """The table with what needs attention alone."""
    from sbrtcheck.render import html_report

    browser.open(html_report(liver()))
    browser.run("document.querySelector('button[data-filter=attention]').click()")
    return browser.part("#verdicts", below=8)


def paper(browser: Browser) -> bytes:
    """The first page as printed."""
    from sbrtcheck.render import html_report

    browser.open(html_report(liver()), width=PAPER_WIDTH, height=PAPER_HEIGHT, media="print")
    style = f"padding: {PAPER_MARGIN}px; border-bottom: {PAPER_MARGIN}px solid white; height: {PAPER_HEIGHT}px"
    browser.run(f"document.body.style = '{style}; overflow: hidden'")
    return browser.part("body", beside=0)


def notebook(browser: Browser) -> bytes:
    """What a notebook shows of a report."""
    style = "font:14px/1.4 system-ui,sans-serif;margin:0;padding:8px 16px"
    browser.open(f"<!DOCTYPE html><meta charset=utf-8><body style='{style}'><main>{liver()._repr_html_()}</main>")
    return browser.part("p", "tr:nth-child(8)", above=12)


OF_PAGES: Mapping[str, Callable[[Browser], bytes]] = {
    "report.png": report,
    "report-chart.png": chart,
    "report-row.png": row,
    "report-attention.png": attention,
    "report-printed.png": paper,
    "notebook.png": notebook,
}


@contextmanager
def started(browser: str, service: str) -> Iterator[Browser]:
    """Start Chromium, and end it."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = Options()
        options.binary_location = browser
        rootly = ("--no-sandbox",) if getattr(os, "geteuid", lambda: 1)() == 0 else ()
        for argument in (*ARGUMENTS, *rootly, f"--user-data-dir={folder}/profile"):
            options.add_argument(argument)
        driver = webdriver.Chrome(options=options, service=Service(service))
        try:
            yield Browser(driver, Path(folder))
        finally:
            driver.quit()


def _small(png: bytes) -> bytes:
    """The picture with fewer colours, which nobody sees: a third of the bytes."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _alike(old: bytes, new: bytes) -> bool:
    """Whether two pictures show the same, but for how the edges of letters were smoothed this time."""
    from PIL import Image, ImageChops, ImageStat

    with Image.open(io.BytesIO(old)) as before, Image.open(io.BytesIO(new)) as after:
        if before.size != after.size:
            return False
        apart = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    return max(ImageStat.Stat(apart).mean) < UNSEEN


# -------------------------------------------------------------------------------- pictures without Chromium


def plot() -> bytes:
    """Curves and limits as matplotlib draws them."""
    import matplotlib as mpl

    mpl.use("Agg")
    axes = lung().plot(structures=["PTV", "Heart", "SpinalCord"])
    out = io.BytesIO()
    axes.figure.savefig(out, format="png", dpi=130, metadata={"Software": None}, bbox_inches="tight")
    return _small(out.getvalue())


def terminal() -> bytes:
    """The head of the text report, in a terminal's colours."""
    from rich.console import Console
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME
    from rich.text import Text

    from sbrtcheck.render import text_report

    lines = text_report(liver(), colour=True).splitlines()
    organ = lines.index("Duodenum -> contour Duodenum (TG-263 name)")
    command = "$ sbrtcheck check examples/plans/liver-45gy-3fx --table tg101-3fx"
    shown = [command, *lines[:9], "...", *lines[organ : organ + 7], "..."]
    console = Console(record=True, width=108, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    for line in shown:
        console.print(Text.from_ansi(line), soft_wrap=True)
    drawn = console.export_svg(title="sbrtcheck", theme=DEFAULT_TERMINAL_THEME, unique_id="sbrtcheck")
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)  # no font from the network
    return drawn.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono").encode()


WITHOUT_BROWSER: Mapping[str, Callable[[], bytes]] = {
    "plot.png": plot,
    "terminal.svg": terminal,
    **algorithm_figures.FIGURES,
}


# -------------------------------------------------------------------------------- all of them


def write_all(folder: Path = FOLDER) -> str:
    """Make every picture that can be made here; returns why others were not, "" when all were."""
    folder.mkdir(exist_ok=True)
    for name, make in WITHOUT_BROWSER.items():
        _write(folder / name, make())
    found = programs()
    if found is None:
        for name in OF_PAGES:
            (folder / name).unlink(missing_ok=True)
        return LACKING
    with started(*found) as browser:
        for name, picture in OF_PAGES.items():
            _write(folder / name, picture(browser))
    return ""


def write_readme_picture() -> str:
    """Make the picture of the README; returns why it was not made, "" when it was."""
    found = programs()
    if found is None:
        return LACKING
    with started(*found) as browser:
        README_PICTURE.parent.mkdir(exist_ok=True)
        _write(README_PICTURE, report(browser))
    return ""


def _write(file: Path, picture: bytes) -> None:
    """Write a picture that shows something else than before; others stay as they are, in a repository above all."""
    if file.exists() and (
        file.read_bytes() == picture or (file.suffix == ".png" and _alike(file.read_bytes(), picture))
    ):
        return
    file.write_bytes(picture)


def main() -> int:
    """Make the pictures of the pages, or the one of the README."""
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("--readme", action="store_true", help="the picture and the figures of the README instead")
    if parser.parse_args().readme:
        import figures

        figures.write_readme()
        lacking = write_readme_picture()
    else:
        lacking = write_all()
    if lacking:
        sys.stderr.write(f"pictures not made: {lacking}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())

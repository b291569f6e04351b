"""Where Chromium and its driver are, for the tests of the HTML report; the standard library alone."""

from __future__ import annotations

import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LACKING = "no chromium with chromedriver on the path (Debian: chromium and chromium-driver)"


def programs() -> tuple[str, str] | None:
    """Paths of a browser and its driver; None where one of them is not installed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None

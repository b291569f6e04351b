"""The HTML report in a real browser: it answers to mouse and keyboard, shows the DVHs' own values, prints, asks nobody.

Skipped, with the reason, where there is no Chromium.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import sbrtcheck
from dvh_builders import dvh_set, ramp_dvh, row, table, uniform_dvh
from html_reports import (
    NASTY,
    PLANS,
    compared_report,
    lung_report,
    nasty_report,
    profile_report,
    varied_report,
)
from sbrtcheck.archive import Options, batch
from sbrtcheck.archive.summary_page import summary_page
from sbrtcheck.archive.trend import load_trends
from sbrtcheck.archive.trend_page import trend_page
from sbrtcheck.cli import main
from sbrtcheck.dvh import DVH, DVHSet
from sbrtcheck.formatting import clean
from sbrtcheck.judge import evaluate
from sbrtcheck.render import html_report
from sbrtcheck.render.lists import dvhs_json
from sbrtcheck.results import Report, labels
from sbrtcheck.results.noted import new_note, new_sign_off, with_notes
from sbrtcheck.tables.notes import PlanNotes, load_notes, notes_text

Written = Callable[[Report], Path]
VARIED = varied_report()
COMPARED = compared_report()
NASTILY = nasty_report()
A4_POINTS = (595, 842)
SERIOUS = {"serious", "critical"}


@pytest.fixture
def varied(browser: Any, written: Written) -> Any:
    """A browser with a report that has a row of every sort."""
    browser.open(written(VARIED))
    return browser


@pytest.fixture
def lung(browser: Any, written: Written) -> Any:
    """A browser with the report of the bundled lung plan."""
    browser.open(written(lung_report()))
    return browser


def rows_seen(browser: Any) -> list[str]:
    """Ids of the table's rows on display, in their order."""
    numbers = [one.get_attribute("id").removeprefix("r-") for one in browser.seen("#rows > tbody")]
    return [VARIED.outcomes[int(number)].constraint.id for number in numbers]


def chip(browser: Any, key: str) -> Any:
    return browser.one(f'.chip[data-filter="{key}"]')


# -------------------------------------------------------------------------------- the first screen


def crowded(failing: int, lacking: int) -> Report:
    """So many rows that fail, every second without counting, and so many organs that the plan lacks."""
    one_reading: dict[str, Any] = {"confirmed_by": ("one",)}
    rows = [
        row("D5cc[Gy]", "below", 16.5 + n / 10, "GreatVes", id=f"fails-{n}", **(one_reading if n % 2 else {}))
        for n in range(failing)
    ]
    rows += [row("D0.035cc[Gy]", "below", 21.9, f"Organ_{n}", id=f"lacks-{n}", mandatory=True) for n in range(lacking)]
    dvhs = dvh_set(ramp_dvh("GreatVes", volume_cc=40.0, high_gy=63.0), uniform_dvh("PTV", dose_gy=52.0))
    return evaluate(table(*rows), replace(dvhs, provenance={"plan_label": "RUL 5x10"}))


CROWDED = crowded(8, 8)
OVERFULL = crowded(8, 40)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)], ids=["screen", "phone"])
@pytest.mark.parametrize("report", [CROWDED, OVERFULL], ids=["eight", "many"])
def test_verdict_failing_rows_and_reasons_are_seen_without_scrolling(
    browser: Any, written: Written, report: Report, width: int, height: int
) -> None:
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.open(written(report))
    bottom = "return Math.max(...[...document.querySelectorAll('h1, .plan, .counts, .reasons > li')].map((one) => "
    assert browser.run(f"{bottom}one.getBoundingClientRect().bottom))") <= height
    assert len(browser.seen(".reasons > li")) == 8 + (8 if report is CROWDED else 1)


def test_many_reasons_are_a_line_until_they_are_asked_for_or_printed(browser: Any, written: Written) -> None:
    browser.open(written(OVERFULL))
    assert not browser.seen(".reasons details li")
    browser.one(".reasons summary").click()
    assert len(browser.seen(".reasons details li")) == 40
    browser.one(".reasons summary").click()
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert len(browser.seen(".reasons details li")) == 40
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert not browser.seen(".reasons details li")


def test_a_line_under_the_verdict_leads_to_its_row_whatever_is_filtered(varied: Any) -> None:
    chip(varied, "variation").click()
    varied.one("#find").send_keys("nothing")
    assert rows_seen(varied) == []
    varied.all("a.to-row")[0].click()
    assert varied.one("#d-2").is_displayed()
    assert varied.driver.switch_to.active_element == varied.one("#r-2 button.open")


# -------------------------------------------------------------------------------- the verdict table


def test_a_row_opens_and_closes(varied: Any) -> None:
    button, detail = varied.one("#r-0 button.open"), varied.one("#d-0")
    assert (button.get_attribute("aria-expanded"), detail.is_displayed()) == ("false", False)
    button.click()
    assert (button.get_attribute("aria-expanded"), detail.is_displayed()) == ("true", True)
    for part in ("Doe 2020", "https://doi.org/10.0/x", "Table 1", "print, transcription", "End caps none", "myelitis"):
        assert part in detail.text
    varied.all("#r-0 td.name")[0].click()
    assert not detail.is_displayed()


def test_rows_that_ask_for_what_the_plan_has_not_are_a_line_until_they_are_asked_for(varied: Any) -> None:
    assert "missing" not in rows_seen(varied)
    assert "Trachea" in varied.one(".gone").text
    assert "1 more" in varied.one("#shown").text
    varied.one("#show-missing").click()
    assert "missing" in rows_seen(varied)
    assert varied.one("#shown").text == f"All {len(VARIED.outcomes)} rows are shown."


FILTERED = {
    "fail": ["fails", "doubted"],
    "variation": ["varies"],
    "review": ["doubted", "missing", "must"],
    "none": ["missing", "must"],
    "borderline": ["flagged"],
    "convention": ["flagged"],
    "unconfirmed": ["once"],
    "attention": ["flagged", "varies", "fails", "once", "doubted", "must"],
}


@pytest.mark.parametrize("key", FILTERED)
def test_a_filter_leaves_its_rows(varied: Any, key: str) -> None:
    chip(varied, key).click()
    assert rows_seen(varied) == FILTERED[key]
    assert chip(varied, key).get_attribute("aria-pressed") == "true"
    assert chip(varied, "").get_attribute("aria-pressed") == "false"
    assert f"{len(FILTERED[key])} of {len(VARIED.outcomes)} rows" in varied.one("#shown").text
    chip(varied, "").click()
    assert len(rows_seen(varied)) == len(VARIED.outcomes) - 1


def test_filters_add_up_and_words_narrow_them(varied: Any) -> None:
    chip(varied, "fail").click()
    chip(varied, "variation").click()
    assert rows_seen(varied) == ["varies", "fails", "doubted"]
    varied.one("#find").send_keys("HEART")
    assert rows_seen(varied) == ["fails", "doubted"]
    varied.one("#find").send_keys(" of nobody")
    assert rows_seen(varied) == []


def test_every_column_sorts_up_down_and_back(varied: Any) -> None:
    first = rows_seen(varied)
    column = varied.one('.sort[data-key="margin"]')
    header = varied.run("return arguments[0].closest('th')", column)
    margins = {one.constraint.id: one.margin for one in VARIED.outcomes}
    for direction, sign in (("ascending", 1), ("descending", -1)):
        column.click()
        assert header.get_attribute("aria-sort") == direction
        known = [sign * margins[id_] for id_ in rows_seen(varied) if margins[id_] is not None]
        assert known == sorted(known)
        assert margins[rows_seen(varied)[-1]] is None
    column.click()
    assert header.get_attribute("aria-sort") == "none"
    assert rows_seen(varied) == first


def test_verdicts_sort_with_the_worst_first(varied: Any) -> None:
    varied.one('.sort[data-key="rank"]').click()
    verdicts = {one.constraint.id: one.verdict for one in VARIED.outcomes}
    found = list(dict.fromkeys(verdicts[id_] for id_ in rows_seen(varied)))
    assert found == ["FAIL", "NOT_EVALUATED", "VARIATION", "RISK", "PASS"]


# -------------------------------------------------------------------------------- the chart


def lines(browser: Any) -> list[int]:
    """Numbers of the structures drawn."""
    return sorted(int(one.get_attribute("data-series")) for one in browser.all("#chart path.line"))


def test_a_structure_is_switched_off_and_on_with_its_limits(varied: Any) -> None:
    assert lines(varied) == [0, 1, 2]
    of_cord = len(varied.all("#chart .limit"))
    varied.one('.switch[data-series="0"]').click()
    assert lines(varied) == [1, 2]
    assert 0 < len(varied.all("#chart .limit")) < of_cord
    varied.one("#all-off").click()
    assert lines(varied) == []
    varied.one("#all-on").click()
    assert lines(varied) == [0, 1, 2]
    assert len(varied.all("#chart .limit")) == of_cord


def test_limits_and_bands_can_be_left_out(varied: Any) -> None:
    for box, query in (("#with-limits", "#chart .limit"), ("#with-band", "#chart .band")):
        assert varied.all(query)
        varied.one(box).click()
        assert not varied.all(query)


def shown_text(dvh: DVH, volume: float, *, in_cc: bool) -> str:
    """A volume with the digits that the page promises."""
    if not in_cc:
        return f"{100 * volume / dvh.volume:.2f}"
    return f"{volume:.{3 if dvh.volume < 10 else 2 if dvh.volume < 1000 else 1}f}"


def check_reading(dvh: DVH, dose_gy: float, text: str, *, in_cc: bool) -> None:
    """The text is the DVH's own value and band at the dose, to half of the last digit shown."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", text)]
    band = dvh.volume_at_dose(dose_gy)
    exact = [band.value, band.low, band.high]
    if len(numbers) == 1:
        numbers *= 3
    for number, volume in zip(numbers, exact, strict=True):
        shown = shown_text(dvh, volume, in_cc=in_cc)
        half = 0.5 * 10.0 ** -len(shown.partition(".")[2])
        scaled = volume if in_cc else 100 * volume / dvh.volume
        assert abs(number - scaled) <= half + 1e-6 * scaled
    assert text.endswith("]") == (len(set(numbers)) > 1)


def as_listed(browser: Any) -> list[DVH]:
    """The DVHs of the lung plan in the order of the legend, with the curves that are drawn."""
    drawn = lung_curves()
    dvhs = [drawn[one.get_attribute("textContent").strip()] for one in browser.all("#legend tbody th")]
    assert len(dvhs) == len(drawn)
    return dvhs


@cache
def lung_curves() -> DVHSet:
    return lung_report().dvhs.with_close_curves()


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["percent", "cc"])
def test_values_under_the_pointer_are_those_of_the_dvhs(lung: Any, unit: str) -> None:
    lung.one(f'input[value="{unit}"]').click()
    chart = lung.one("#chart")
    found = set()
    for share in (-0.42, -0.2, 0.0, 0.23, 0.37, 0.41):
        across = int(share * chart.size["width"])
        ActionChains(lung.driver).move_to_element_with_offset(chart, across, 20).perform()
        dose = float(lung.one("#at").text.removesuffix(" Gy"))
        found.add(dose)
        for dvh, cell in zip(as_listed(lung), lung.all(".reading"), strict=True):
            check_reading(dvh, dose, cell.text, in_cc=unit == "cc")
    assert len(found) == 6


@pytest.mark.slow
def test_values_of_the_slider_are_those_of_the_dvhs_and_of_their_json(lung: Any) -> None:
    script = """
        const slider = document.querySelector("#dose"), found = [];
        for (let n = 0; n <= 640; n += 7) {
          slider.value = n * Number(slider.step);
          slider.dispatchEvent(new Event("input"));
          found.push([document.querySelector("#at").textContent,
                      [...document.querySelectorAll(".reading")].map((cell) => cell.textContent)]);
        }
        return found;
    """
    in_json = {one["name"]: one for one in json.loads(dvhs_json(lung_report().dvhs))["structures"]}
    for at, texts in lung.run(script):
        dose = float(at.removesuffix(" Gy"))
        for dvh, text in zip(as_listed(lung), texts, strict=True):
            check_reading(dvh, dose, text, in_cc=False)
            check_json(in_json[dvh.name], dose, float(text.partition(" ")[0]))


def check_json(curve: dict[str, Any], dose_gy: float, percent: float) -> None:
    """The value lies between those of the curve's own points around the dose."""
    volumes = [100 * volume / curve["volume"] for volume in curve["volume_at_least"]]
    left = [v for d, v in zip(curve["dose_gy"], volumes, strict=True) if d < dose_gy - 0.01]
    right = [v for d, v in zip(curve["dose_gy"], volumes, strict=True) if d > dose_gy + 0.01]
    assert (right[0] if right else 0) - 0.006 <= percent <= (left[-1] if left else 100) + 0.006


def test_the_line_of_the_script_is_that_of_the_page_for_paper(browser: Any, written: Written) -> None:
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(written(VARIED))
    drawn = "return [...document.querySelectorAll('#chart path.line')].map((one) => one.getAttribute('d'))"
    marks = """
        const corners = ["x", "y", "width", "height"];
        return [...document.querySelectorAll("#chart .limit, #chart .wedge, #chart .axis, #chart .tick")].map((one) =>
          one.textContent + (one.getAttribute("transform") ??
          corners.map((key) => Number(one.getAttribute(key)).toFixed(1)).join(" ")));
    """
    plain, plain_marks = browser.run(drawn), browser.run(marks)
    browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
    browser.open(written(VARIED))
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert sorted(browser.run(marks)) == sorted(plain_marks)
    for few, many in zip(plain, browser.run(drawn), strict=True):
        assert set(few[1:].split("L")) <= set(many[1:].split("L"))


def test_scales_change_the_axes_and_keep_the_values(varied: Any) -> None:
    axis = varied.all("#chart .axis")[1]
    assert axis.text == "Volume, %"
    varied.one('input[value="log"]').click()
    assert [one.text for one in varied.all("#chart .tick")][-5:] == ["0.01", "0.1", "1", "10", "100"]
    varied.one('input[value="cc"]').click()
    assert varied.all("#chart .axis")[1].text == "Volume, cc"
    assert varied.one('.reading[data-series="1"]').text.endswith("cc")


def test_a_row_leads_to_its_limit_and_a_limit_to_its_row(varied: Any) -> None:
    varied.one("#r-1 button.open").click()
    varied.one("#all-off").click()
    varied.one('.to-chart[data-row="1"]').click()
    assert lines(varied) == [0]
    assert varied.all("#chart .side")
    assert varied.one("#at").text.startswith("23.")
    varied.run("document.querySelector('.limit[data-row=\"0\"]').dispatchEvent(new Event('click', {bubbles: true}))")
    assert varied.one("#d-0").is_displayed()
    assert varied.driver.switch_to.active_element == varied.one("#r-0 button.open")


# -------------------------------------------------------------------------------- without a mouse, script, network


@pytest.mark.slow
def test_everything_answers_to_the_keyboard(varied: Any) -> None:
    reached = []
    varied.run("document.activeElement.blur()")
    for _ in range(90):
        ActionChains(varied.driver).send_keys(Keys.TAB).perform()
        active = varied.driver.switch_to.active_element
        assert active.is_displayed() or "skip" in (active.get_attribute("class") or "")
        reached.append(active)
    for query in (".chip", "#find", ".sort", "#rows button.open", "#show-missing", "#dose", ".switch", "#all-on"):
        assert set(varied.seen(query)) <= set(reached), query
    button = varied.one("#r-2 button.open")
    button.send_keys(Keys.ENTER)
    assert varied.one("#d-2").is_displayed()
    button.send_keys(Keys.SPACE)
    assert not varied.one("#d-2").is_displayed()
    chip(varied, "fail").send_keys(Keys.SPACE)
    assert rows_seen(varied) == FILTERED["fail"]
    varied.one('.switch[data-series="2"]').send_keys(Keys.SPACE)
    assert lines(varied) == [0, 1]
    before = float(varied.one("#at").text.removesuffix(" Gy"))
    varied.one("#dose").send_keys(Keys.ARROW_RIGHT)
    step = float(varied.one("#dose").get_attribute("step"))
    assert float(varied.one("#at").text.removesuffix(" Gy")) == pytest.approx(before + step)


def test_without_script_every_row_and_the_chart_are_there(browser: Any, written: Written) -> None:
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(written(VARIED))
    heights = "return [...document.querySelectorAll(arguments[0])].map((one) => one.getBoundingClientRect().height)"
    assert all(height > 0 for height in browser.run(heights, "#rows > tbody > tr"))
    assert len(browser.run(heights, "#chart path.line")) == 3
    assert not any(browser.run(heights, ".controls"))


@pytest.mark.slow
@pytest.mark.parametrize("report", [VARIED, NASTILY, lung_report()], ids=["varied", "nasty", "lung"])
def test_nobody_is_asked_for_anything(browser: Any, written: Written, report: Report) -> None:
    browser.open(written(report))
    for query in ("#all-on", "#open-all", '.sort[data-key="margin"]', 'input[value="cc"]', 'input[value="log"]'):
        browser.one(query).click()
    assert browser.requests() == [written(report).as_uri()]
    assert browser.complaints() == []


def test_names_that_would_be_script_do_nothing(browser: Any, written: Written) -> None:
    browser.open(written(NASTILY))
    browser.run("window.alert = () => { window.harmed = true; }")
    browser.one("#open-all").click()
    browser.one("#find").send_keys("alert")
    names = [one.get_attribute("textContent") for one in browser.all("#legend tbody th")]
    assert [" ".join(name.split()) for name in names] == [" ".join(clean(name).split()) for name in NASTY]
    assert browser.run("return window.harmed ?? null") is None
    assert not browser.all("img")
    assert len(browser.all("script")) == 3


# -------------------------------------------------------------------------------- notes and sign-off


def downloaded(browser: Any, folder: Path) -> Path:
    """The file that the page saves into a folder, once it is whole."""
    file = folder / "sbrtcheck-notes.yaml"
    browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    browser.one("#save-notes").send_keys(Keys.ENTER)
    for _ in range(100):
        if file.exists() and file.stat().st_size:
            return file
        time.sleep(0.1)
    raise AssertionError("nothing was downloaded")


def test_notes_are_filled_in_saved_and_read_by_the_next_check(browser: Any, written: Written, tmp_path: Path) -> None:
    report = lung_report()
    browser.open(written(report))
    browser.one("#r-1 button.open").send_keys(Keys.ENTER)
    browser.one('textarea.note[data-row="1"]').send_keys(
        'a "note": #1 \u2028 \u00e9' + Keys.ENTER + "<b>second</b> line"
    )
    browser.one('input.initials[data-row="1"]').send_keys(" AB ")
    browser.one("#sign-initials").send_keys("CD")
    browser.one("#sign-date").clear()
    browser.one("#sign-date").send_keys("2026-02-30")
    browser.one("#save-notes").click()
    assert browser.one("#notes-state").text.startswith("Not saved: write the date like")
    browser.one("#sign-date").clear()
    browser.one("#sign-date").send_keys("2026-02-28")
    assert "second" in browser.one("#r-1 tr.draft").text
    file = downloaded(browser, tmp_path)
    assert browser.one("#notes-state").text == "Saved as sbrtcheck-notes.yaml: 1 new notes, a sign-off."
    assert browser.complaints() == []
    plan = str(PLANS / "lung-50gy-5fx")
    arguments = ["check", plan, "--table", "rtog-0813", "--notes", str(file)]
    done = CliRunner().invoke(main, [*arguments, "--format", "json"])
    found = json.loads(done.stdout)
    assert found["outcomes"][1]["notes"] == [
        {
            "note": 'a "note": #1 \u2028 \u00e9\n<b>second</b> line',
            "initials": "AB",
            "is_current": True,
            "written_for": None,
        }
    ]
    (signed,) = found["sign_offs"]
    assert (signed["initials"], signed["date"], signed["is_current"]) == ("CD", "2026-02-28", True)
    assert found["verdict"] == report.verdict

    # the next page keeps them, adds one, and loses none
    again = tmp_path / "again.html"
    CliRunner().invoke(main, [*arguments, "--format", "html", "--out", str(again)])
    browser.open(again)
    assert "<b>second</b> line (AB)" in browser.one("#r-1 tr.noted").text
    assert "CD, 2026-02-28" in browser.one("#sign-off").text
    browser.one("#r-2 button.open").click()
    browser.one('input.initials[data-row="2"]').send_keys("EF")
    file.unlink()
    notes = load_notes(downloaded(browser, tmp_path))
    assert notes is not None
    assert [note.initials for note in notes.notes] == ["AB", "EF"]
    assert len(notes.sign_offs) == 1


def test_what_the_page_saves_is_what_python_writes(browser: Any, written: Written, tmp_path: Path) -> None:
    report = lung_report()
    browser.open(written(report))
    browser.one("#open-all").click()
    browser.one('textarea.note[data-row="0"]').send_keys("seen: 'twice' \\ {x}")
    browser.one('input.initials[data-row="3"]').send_keys("AB")
    file = downloaded(browser, tmp_path)
    expected = PlanNotes(
        plan_uid=str(report.provenance["plan"]),
        notes=(
            new_note(report.outcomes[0], "seen: 'twice' \\ {x}", ""),
            new_note(report.outcomes[3], "", "AB"),
        ),
    )
    assert file.read_text(encoding="utf-8") == notes_text(expected)


def test_notes_are_read_without_script_and_printed(browser: Any, tmp_path: Path) -> None:
    report = lung_report()
    notes = PlanNotes(
        plan_uid=str(report.provenance["plan"]),
        notes=(new_note(report.outcomes[0], "seen", "AB"),),
        sign_offs=(new_sign_off(report, "CD"),),
    )
    file = tmp_path / "noted.html"
    file.write_text(html_report(with_notes(report, notes)), encoding="utf-8")
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(file)
    assert [one.text for one in browser.seen("tr.noted")] == ["Note: seen (AB)"]
    assert not browser.seen("textarea, .fill input")
    browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
    browser.open(file)
    browser.media("print")
    assert [one.text for one in browser.seen("tr.noted")] == ["Note: seen (AB)"]
    assert "CD" in browser.one("#sign-off").text


# -------------------------------------------------------------------------------- paper


def pages_of(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of every page, points."""
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", pdf)
    return [(float(width), float(height)) for width, height in boxes]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_on_a_few_pages_of_a4(lung: Any, scheme: str) -> None:
    lung.media(prefers_color_scheme=scheme)
    pdf = base64.b64decode(lung.cdp("Page.printToPDF", preferCSSPageSize=True)["data"])
    pages = pages_of(pdf)
    assert 2 <= len(pages) <= 8
    assert all(page == pytest.approx(A4_POINTS, abs=1) for page in pages)


@pytest.mark.slow
def test_limits_organ_by_organ_fit_on_paper(browser: Any, written: Written) -> None:
    browser.open(written(profile_report()))
    browser.media("print")
    assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    strictest = [one.text for one in browser.seen("#organs b")]
    assert strictest
    assert all(text.endswith("*") for text in strictest)


def test_paper_has_what_needs_attention_open_and_no_controls_whatever_the_screen_shows(varied: Any) -> None:
    chip(varied, "variation").click()
    varied.media("print", prefers_color_scheme="dark")
    details = [one.get_attribute("id") for one in varied.seen("tr.detail")]
    attention = FILTERED["attention"]
    assert details == [f"d-{n}" for n, one in enumerate(VARIED.outcomes) if one.constraint.id in attention]
    assert rows_seen(varied) == [one.constraint.id for one in VARIED.outcomes if one.constraint.id != "missing"]
    assert "Trachea" in varied.one(".gone").text
    assert not varied.seen(".controls, .sort, input, select")
    assert varied.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert varied.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


# -------------------------------------------------------------------------------- for everybody


def serious_by_axe(browser: Any) -> list[tuple[str, list[str]]]:
    """What axe finds serious on the page: the rules that are broken, and by which elements."""
    browser.run(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    # of the rules that are kept one element is enough: to describe all of them takes several times as long
    run = "axe.run({resultTypes: ['violations']}).then(arguments[0])"
    found = browser.driver.execute_async_script(run)
    assert len(found["passes"]) > 20
    return [
        (one["id"], [node["html"] for node in one["nodes"]][:3])
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "report",
    [COMPARED, lung_report(), OVERFULL, profile_report(small=True)],
    ids=["varied", "lung", "overfull", "profile"],
)
def test_axe_finds_nothing_serious(browser: Any, written: Written, report: Report, scheme: str) -> None:
    browser.media(prefers_color_scheme=scheme)
    browser.open(written(report))
    browser.one("#open-all").click()
    browser.one("#all-on").click()
    assert serious_by_axe(browser) == []


@pytest.fixture(scope="module")
def trend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the margins of both bundled plans."""
    folder = tmp_path_factory.mktemp("trend")
    batch(PLANS, folder / "results.csv", Options.read(sites=["lung", "liver"]), jobs=1)
    (folder / "trend.html").write_text(trend_page(load_trends(folder / "results.csv")), encoding="utf-8")
    return folder / "trend.html"


@pytest.fixture(scope="module")
def summary(trend: Path) -> Path:
    """The page that sums up the same results."""
    file = trend.with_name("summary.html")
    file.write_text(summary_page(sbrtcheck.summary(trend.with_name("results.csv"))), encoding="utf-8")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["trend", "summary"])
def test_axe_finds_nothing_serious_in_the_pages_of_an_archive(
    browser: Any, request: pytest.FixtureRequest, page: str, scheme: str
) -> None:
    browser.media(prefers_color_scheme=scheme)
    browser.open(request.getfixturevalue(page))
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert serious_by_axe(browser) == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (390, 844)], ids=["screen", "phone"])
def test_rows_that_fail_are_on_the_first_screen_of_a_trend(browser: Any, trend: Path, width: int, height: int) -> None:
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.open(trend)
    links = browser.all("h1 ~ ul a")
    assert links
    assert all(one.location["y"] + one.size["height"] <= height for one in links)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.requests() == [trend.as_uri()]
    assert browser.complaints() == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1400])
def test_a_summary_begins_with_what_was_not_checked_and_never_scrolls_sideways(
    browser: Any, summary: Path, width: int
) -> None:
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.open(summary)
    assert "Not checked: 0 of 2 plans" in browser.one(".unchecked").text
    assert browser.one(".unchecked").location["y"] < browser.all("h2")[0].location["y"]
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.requests() == [summary.as_uri()]
    assert browser.complaints() == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 768, 1300])
def test_the_page_never_scrolls_sideways(browser: Any, written: Written, width: int) -> None:
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    for report in (VARIED, NASTILY, lung_report(), OVERFULL, profile_report()):
        browser.open(written(report))
        browser.one("#open-all").click()
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
def test_on_a_phone_organ_metric_limit_and_value_of_a_row_are_seen_at_once(browser: Any, written: Written) -> None:
    """The other columns are left out, and stand in what a row opens to; no name is broken within a word."""
    browser.cdp("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=False)
    browser.open(written(lung_report()))
    cells = browser.seen("#rows tr.head > *")
    rows = browser.seen("#rows tr.head")
    assert len(cells) == 5 * len(rows)
    assert all(one.rect["x"] + one.rect["width"] <= 390 for one in cells)
    names = browser.seen("#legend th[scope=row] span")
    assert names
    assert all(one.size["height"] < 24 for one in names)


def test_verdicts_are_told_by_word_and_shape(varied: Any) -> None:
    shapes = {}
    for outcome, badge in zip(VARIED.outcomes, varied.all("#rows tr.head .badge"), strict=True):
        words_ = badge.get_attribute("textContent").strip()
        assert words_ == labels.verdict_text(outcome)
        shapes[words_] = badge.find_element("css selector", "use").get_attribute("href")
    assert len(set(shapes.values())) == len(shapes) == 5

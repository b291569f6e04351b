"""Report -> one HTML page that needs nothing else: no network, no other file; for a screen, and for paper.

``chart`` gives what the DVH chart shows, ``view`` gives the texts, those that a row opens to by ``facts``, and
``report.html.jinja``, ``report.css`` and ``report.js`` show them. ``notes`` gives what people wrote on the report, and
what the script writes more of it with. Text of files is text in the page, never markup or script; the page's own script
and style are let in by their hashes, and nothing else is.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sbrtcheck.errors import OutputError
from sbrtcheck.installation import install_command

if TYPE_CHECKING:
    from jinja2 import Template

    from sbrtcheck.results import Report

_AT_ONCE = 'document.documentElement.className = "js";'  # before anything is drawn
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def check_installed() -> None:
    """Raise `OutputError` when what lays the page out is not installed."""
    if importlib.util.find_spec("jinja2") is None:
        raise OutputError("reports as HTML need jinja2", hint=install_command("html"))


def html_report(report: Report, group: str = "organ") -> str:
    """Write the report as one HTML page; needs jinja2. Rows of several tables stand together by organ, or by table.

    The same report gives the same bytes. Volumes in the chart are the DVHs' own at every dose that can be pointed at.

    Raises
    ------
    OutputError
        jinja2 is not installed.
    """
    check_installed()
    from sbrtcheck.render.html import chart, notes, view

    page_chart = chart.chart_of(report)
    style, script = _part("report.css"), _part("report.js")
    text = _template().render(
        **view.page(report, frozenset(limit.row for limit in page_chart.limits if limit.row is not None), group),
        **notes.notes_page(report),
        chart=page_chart,
        drawing=page_chart.drawing() if page_chart.series else "",
        structures=view.structures([series.dvh for series in page_chart.series]),
        width=chart.WIDTH,
        height=chart.HEIGHT,
        data=_script_safe({**page_chart.data(), "notes": notes.notes_data(report)}),
        style=style,
        script=script,
        at_once=_AT_ONCE,
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(_AT_ONCE)}' '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
    )
    return text.strip() + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_part("report.html.jinja"))


@cache
def _part(name: str) -> str:
    """One of the files beside this one, without the line ends around it."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _script_safe(value: Any) -> str:
    """JSON that cannot end the element it stands in: ASCII, and no character of markup."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return "".join(_UNSAFE.get(char, char) for char in text)


def _hash(text: str) -> str:
    """A hash as a content security policy has it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

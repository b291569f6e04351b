"""Report -> text, json, csv, markdown, html, pdf: one function a format, all of them listed in `formats`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sbrtcheck.render.formats import FORMATS, REPORT_FORMATS, Format

if TYPE_CHECKING:
    from sbrtcheck.render.html import html_report
    from sbrtcheck.render.markdown import markdown_report
    from sbrtcheck.render.pdf import pdf_report
    from sbrtcheck.render.report_csv import csv_report
    from sbrtcheck.render.report_json import json_report
    from sbrtcheck.render.text import text_report

__all__ = [
    "FORMATS",
    "REPORT_FORMATS",
    "Format",
    "csv_report",
    "html_report",
    "json_report",
    "markdown_report",
    "pdf_report",
    "text_report",
]

# Loaded when first used (PEP 562): the command line asks for the names of the formats before it needs any of them.
_HOMES = {
    "csv_report": "report_csv",
    "html_report": "html",
    "json_report": "report_json",
    "markdown_report": "markdown",
    "pdf_report": "pdf",
    "text_report": "text",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

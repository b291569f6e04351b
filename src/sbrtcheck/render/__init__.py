"""Report -> text, json, csv, markdown, html, pdf: one function a format, one registry.

A new format is a module with one function, and one entry in `FORMATS`; what gives bytes is for files, not for screens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sbrtcheck.render.csv_report import csv_report
from sbrtcheck.render.html import html_report
from sbrtcheck.render.json_report import json_report
from sbrtcheck.render.markdown import markdown_report
from sbrtcheck.render.pdf import pdf_report
from sbrtcheck.render.text import text_report
from sbrtcheck.results import Report

FORMATS: Mapping[str, Callable[[Report], str | bytes]] = MappingProxyType(
    {
        "text": text_report,
        "json": json_report,
        "csv": csv_report,
        "markdown": markdown_report,
        "html": html_report,
        "pdf": pdf_report,
    }
)

__all__ = ["FORMATS", "csv_report", "html_report", "json_report", "markdown_report", "pdf_report", "text_report"]

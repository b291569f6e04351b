"""The formats of a report: the name of each, the function that writes it, and what that needs.

A new format is one function, and one entry in `REPORT_FORMATS`: the mapping `FORMATS`, the command's ``--format`` and
its help text follow. Functions are imported when they are called, for the command line knows the names at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbrtcheck.results import Report


def _nothing() -> None:
    """What a format needs that comes with the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of a report.

    Parameters
    ----------
    name
        What users choose it by.
    write
        Gives the report as text, or as bytes where ``binary``.
    is_grouped
        ``write`` also takes what rows of several tables stand together by: ``organ`` or ``table``.
    binary
        For files, not for screens.
    check_installed
        Raises `OutputError` when a package that it needs is missing: called before anything is computed.
    """

    name: str
    write: Callable[..., str | bytes]
    is_grouped: bool = False
    binary: bool = False
    check_installed: Callable[[], None] = _nothing


def _in_module(module: str, function: str) -> Callable[..., Any]:
    """A function of a module beside this one, which is imported when the function is called."""

    def call(*args: Any) -> Any:
        return getattr(import_module(f"sbrtcheck.render.{module}"), function)(*args)

    return call


REPORT_FORMATS: tuple[Format, ...] = (
    Format(name="text", write=_in_module("text", "text_report"), is_grouped=True),
    Format(name="json", write=_in_module("report_json", "json_report")),
    Format(name="csv", write=_in_module("report_csv", "csv_report")),
    Format(name="csv-excel", write=_in_module("report_csv", "excel_csv_report"), binary=True),
    Format(name="markdown", write=_in_module("markdown", "markdown_report"), is_grouped=True),
    Format(
        name="html",
        write=_in_module("html", "html_report"),
        is_grouped=True,
        check_installed=_in_module("html", "check_installed"),
    ),
    Format(
        name="pdf",
        write=_in_module("pdf", "pdf_report"),
        binary=True,
        check_installed=_in_module("pdf", "require_pdf"),
    ),
)
"""In the order that they are offered in; the first is the usual one."""

FORMATS: Mapping[str, Callable[[Report], str | bytes]] = MappingProxyType(
    {format_.name: format_.write for format_ in REPORT_FORMATS}
)
"""Name -> function that writes a report."""


def format_names() -> tuple[str, ...]:
    """The names of all formats, the usual one first."""
    return tuple(format_.name for format_ in REPORT_FORMATS)


def format_named(name: str) -> Format:
    """The format of that name; `KeyError` when there is none."""
    return {format_.name: format_ for format_ in REPORT_FORMATS}[name]

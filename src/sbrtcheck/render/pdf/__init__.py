"""Report -> PDF for the patient's record: A4, its fonts embedded, the same report the same bytes.

::

    story     report -> paragraphs, tables and the chart, in their order
    chart     DVHs and the points of the constraints -> a drawing
    page      head and foot of every page; headings -> bookmarks; story -> bytes
    style     fonts, sizes, and text from files -> markup that cannot be mistaken for ours

Needs the extra ``sbrtcheck[pdf]``; nothing of it is imported before a PDF is asked for.
"""

from __future__ import annotations

from importlib.util import find_spec

from sbrtcheck.errors import OutputError
from sbrtcheck.installation import install_command
from sbrtcheck.results import Report


def pdf_report(report: Report) -> bytes:
    """Write the report as a PDF.

    It holds no time and no patient identity. Characters that the font has no glyph for are written as their number:
    ``[U+4E2D]``.

    Raises
    ------
    OutputError
        What draws it is not installed.
    """
    require_pdf()
    from sbrtcheck.render.pdf.page import document
    from sbrtcheck.render.pdf.story import story

    return document(report, story(report))


def require_pdf() -> None:
    """Find out, before anything is computed, whether a PDF can be made; `OutputError` when not."""
    needed = {"reportlab": "reportlab", "matplotlib": "matplotlib", "bidi": "python-bidi"}
    if lacking := [package for module, package in needed.items() if find_spec(module) is None]:
        raise OutputError(f"a PDF needs {' and '.join(lacking)}", hint=install_command("pdf"))

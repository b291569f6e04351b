"""Story -> bytes of a PDF: pages with head and foot, headings as bookmarks."""

from __future__ import annotations

from hashlib import md5
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFInfo, PDFString
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from sbrtcheck.render.pdf.style import BOLD, FAINT, PLAIN, in_visual_order, register_fonts
from sbrtcheck.results import NOTICE, Report
from sbrtcheck.results.labels import overall_text, plan_text

MARGIN = 15 * mm
_TOP, _BOTTOM = 18 * mm, 22 * mm
WIDTH = A4[0] - 2 * MARGIN  # points; of head and foot
_SMALL = 6.5
_UID_SHOWN = 64  # a UID is no longer
_MAX_LABEL = 24  # characters; DICOM allows 16


def document(report: Report, story: list[Flowable]) -> bytes:
    """Lay out the story and give the bytes of the PDF."""
    register_fonts()
    out = BytesIO()
    template = _Template(out, title=f"{report.software}: {overall_text(report)}")
    template.build(story, canvasmaker=lambda *args, **options: _Canvas(report, *args, **options))
    return out.getvalue()


class _Template(BaseDocTemplate):
    def __init__(self, out: BytesIO, *, title: str) -> None:
        super().__init__(
            out,
            pagesize=A4,
            invariant=1,
            title=title,
            author="",
            subject="Dose constraints of a radiotherapy plan",
            creator="sbrtcheck",
            lang="en",
        )
        frame = Frame(
            MARGIN, _BOTTOM, WIDTH, A4[1] - _TOP - _BOTTOM, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
        )
        self.addPageTemplates(PageTemplate(frames=[frame]))
        self.bookmarks = 0

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        """Make a bookmark of a heading."""
        if isinstance(flowable, Paragraph) and flowable.style.name in ("title", "heading"):
            key = f"part{self.bookmarks}"
            self.bookmarks += 1
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=0 if flowable.style.name == "title" else 1)


class _Canvas(Canvas):
    """Pages wait until all are there, for each has their number at its foot."""

    def __init__(self, report: Report, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"initialFontName": PLAIN})
        self._doc.info = _Undated()  # type: ignore[attr-defined] # there is no public way
        # the document's ID, begun anew: reportlab began it with the time of SOURCE_DATE_EPOCH, where that is set
        self._doc.signature = md5(usedforsecurity=False)  # type: ignore[attr-defined]
        self.showOutline()
        self.shown_report = report
        self.pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Put the page aside."""
        self.pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined] # as reportlab's own pages begin

    def save(self) -> None:
        """Write all pages."""
        for page in self.pages:
            self.__dict__.update(page)
            self._draw_head_and_foot(len(self.pages))
            super().showPage()
        super().save()

    def _draw_head_and_foot(self, page_count: int) -> None:
        """Head and foot: which plan, the verdict, what the report is not, page x of y."""
        report, right = self.shown_report, A4[0] - MARGIN
        self.setFillColor(FAINT)
        self.setFont(PLAIN, _SMALL)
        self.drawString(MARGIN, A4[1] - 11 * mm, in_visual_order(f"{report.software}, {_plan_text(report)}"))
        self.setFont(BOLD, _SMALL)
        self.drawRightString(right, A4[1] - 11 * mm, f"OVERALL: {overall_text(report)}")
        self.setFont(PLAIN, _SMALL)
        self.drawRightString(right, 14 * mm, f"page {self.getPageNumber()} of {page_count}")
        for line, text in enumerate(simpleSplit(NOTICE, PLAIN, _SMALL, WIDTH - 25 * mm)):
            self.drawString(MARGIN, 14 * mm - line * 1.3 * _SMALL, text)


def _plan_text(report: Report) -> str:
    uids = report.provenance.get("plan") or report.provenance.get("doses") or ""
    first = uids if isinstance(uids, str) else next(iter(uids), "")
    short_uid = first[:_UID_SHOWN] or "without UID"
    return f"plan {plan_text(report)[:_MAX_LABEL]}, {short_uid}"


class _Undated(PDFInfo):
    """Metadata of the document: no time, for the same report gives the same bytes."""

    def format(self, document: Any) -> Any:
        """Write it."""
        properties = {"Title": self.title, "Subject": self.subject, "Creator": self.creator, "Producer": self.producer}
        return PDFDictionary({key: PDFString(value) for key, value in properties.items()}).format(document)

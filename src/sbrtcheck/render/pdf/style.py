"""Text that files hold -> markup of the PDF; fonts, sizes and colours."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bidi import get_display
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from sbrtcheck.formatting import clean
from sbrtcheck.results import Verdict

PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
LONGEST_CELL = 660  # characters; the 64 of a DICOM name all fit, as numbers too, and a cell must fit a page
INK = HexColor("#1a1a1a")
FAINT = HexColor("#666666")
RULE = HexColor("#bbbbbb")
# dark enough on white to be read, and none the only sign: the verdict is always there as text
COLOURS: dict[Verdict, Color] = {
    Verdict.PASS: HexColor("#1b6e3c"),
    Verdict.VARIATION: HexColor("#8a5a00"),
    Verdict.FAIL: HexColor("#b00020"),
    Verdict.NOT_EVALUATED: HexColor("#4a535d"),
    Verdict.RISK: HexColor("#1f5fa8"),
    Verdict.REVIEW: HexColor("#6a3d9a"),
    Verdict.MET: HexColor("#0b6b62"),
    Verdict.NOT_MET: HexColor("#7d4b32"),
}


@cache
def register_fonts() -> tuple[TTFont, ...]:
    """Make DejaVu known to reportlab; it is the one that matplotlib brings along, found without importing that."""
    spec = find_spec("matplotlib")
    folder = Path(str(spec.origin if spec else "")).parent / "mpl-data" / "fonts" / "ttf"
    fonts = tuple(TTFont(name, str(folder / f"{name}.ttf")) for name in (PLAIN, BOLD))
    for font in fonts:
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return fonts


@cache
def _glyphs() -> frozenset[int]:
    """Code points that both fonts can show, and whose meaning reportlab writes rightly: none beyond 16 bits."""
    regular, bold = register_fonts()
    return frozenset(regular.face.charToGlyph) & frozenset(bold.face.charToGlyph) & frozenset(range(0x10000))


def printable(text: str) -> str:
    """The text on one line, a character without glyph as its number: ``[U+4E2D]``."""
    glyphs = _glyphs()
    return "".join(char if ord(char) in glyphs else f"[U+{ord(char):04X}]" for char in clean(text))


def in_visual_order(text: str) -> str:
    """The text as `printable`, its characters in the order they have on paper, where some run from right to left."""
    return str(get_display(printable(text), base_dir="L"))


def markup(text: str) -> str:
    """The text as `in_visual_order`, for a paragraph; no text of a file may turn into markup."""
    return escape(in_visual_order(text))


def cell_markup(text: str) -> str:
    """As `markup`, cut where a cell would outgrow its page."""
    printed = printable(text)
    return escape(in_visual_order(printed if len(printed) <= LONGEST_CELL else f"{printed[:LONGEST_CELL]}..."))


def _style(name: str, size: float, *, bold: bool = False, **fields: Any) -> ParagraphStyle:
    register_fonts()
    given: dict[str, Any] = {
        "fontName": BOLD if bold else PLAIN,
        "bulletFontName": PLAIN,
        "fontSize": size,
        "leading": size * 1.3,
        "textColor": INK,
    }
    return ParagraphStyle(name, **(given | fields))


@cache
def styles() -> dict[str, ParagraphStyle]:
    """Styles by what they are for."""
    return {
        "title": _style("title", 15, bold=True, spaceBefore=3, spaceAfter=5),
        "heading": _style("heading", 10.5, bold=True, spaceBefore=10, spaceAfter=3),
        "text": _style("text", 8, spaceAfter=2),
        "reason": _style("reason", 8, leftIndent=12, firstLineIndent=-12, spaceAfter=1.5),
        "item": _style("item", 7.5, leftIndent=9, bulletIndent=0, spaceAfter=1.5),
        "cell": _style("cell", 7),
        "head": _style("head", 7, bold=True),
        "right": _style("right", 7, alignment=2),
    }

"""Values -> the text that people see of them, the same in every format."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any


def clean(text: str) -> str:
    """One line that can be printed: structure names come from files, and may hold control characters."""
    return "".join(char if char.isprintable() else " " for char in text)


# What a spreadsheet reads as a formula where a cell begins with it; and the mark that it is none.
_FORMULA = ("=", "+", "-", "@")
_NO_FORMULA = "'"


def csv_text(text: str) -> str:
    """One line for a cell of a CSV file: a name that begins as formulas do has a ``'`` put before it."""
    line = clean(text)
    return _NO_FORMULA + line if line.lstrip(f" {_NO_FORMULA}").startswith(_FORMULA) else line


def of_csv_text(cell: str) -> str:
    """The name again that `csv_text` wrote."""
    name = cell.removeprefix(_NO_FORMULA)
    return name if csv_text(name) != name else cell


def number_text(value: float, *apart_from: float | None) -> str:
    """2 decimals, or as many as are needed to be printed on the same side of a limit as the number lies, or on it."""
    return _on_its_side(value, 2, apart_from)


def certified_text(value: float, off: float, *apart_from: float | None) -> str:
    """A number that may be off by so much: at most 2 decimals, the last of which may be off by two and a half.

    More, where it needs them to be printed on the same side of a limit as it lies, or on it.
    """
    return _on_its_side(value, sum(2.5 * 10.0**-decimals >= off for decimals in (1, 2)), apart_from)


def _on_its_side(value: float, least_decimals: int, limits: Iterable[float | None]) -> str:
    """A number with the fewest decimals by which it is printed on its own side of each limit."""
    stated = [limit for limit in limits if limit is not None]
    for decimals in range(least_decimals, 9):
        text = f"{value:.{decimals}f}"
        if all(_side(float(text), limit) == _side(value, limit) for limit in stated):
            return text
    return repr(value)


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def count(number: int, noun: str, plural: str = "") -> str:
    """A number of things in words: ``1 plan``, ``2 plans``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def bounds_text(value: float, low: float, high: float) -> str:
    """``17.52 [17.50, 17.55]``; the bounds are left out where they round to the value."""
    texts = number_text(value), number_text(low), number_text(high)
    return texts[0] if len({*texts}) == 1 else f"{texts[0]} [{texts[1]}, {texts[2]}]"


# -------------------------------------------------------------------------------- HTML for notebooks

# Style is in the elements themselves: what shows a notebook may leave out style sheets. Lines and text take the
# notebook's own colour, so that they can be read in the light and in the dark.
_LINE = "1px solid rgba(128,128,128,.45)"
_CELL = f"text-align:left;vertical-align:top;padding:.25em .6em;border:0;border-bottom:{_LINE}"
SMALL = "font-size:.85em;opacity:.85"


def escaped(text: str) -> str:
    """One line of text, harmless in HTML."""
    import html  # with a table of all entities, which most processes never need

    return html.escape(clean(text))


def html_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; headings are text, cells are HTML already."""
    head = "".join(f'<th scope="col" style="{_CELL}">{escaped(heading)}</th>' for heading in headings)
    body = "".join("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows)
    style = "border-collapse:collapse;background:transparent;color:inherit"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def html_lines(lines: Iterable[str]) -> str:
    """Small print: one line below the other; lines are text. Nothing where there are none."""
    listed = "<br>".join(map(escaped, lines))
    return f'<p style="{SMALL}">{listed}</p>' if listed else ""


def html_details(title: str, inner: str) -> str:
    """HTML that opens when its title is chosen; nothing where there is nothing inside."""
    return f"<details><summary>{escaped(title)}</summary>{inner}</details>" if inner else ""


# -------------------------------------------------------------------------------- what a value is shown as

SCREEN_LINES, SCREEN_WIDTH = 24, 79
"""A ``repr`` fits on one screen: 2000 characters at most."""
_LINES_OF_A_FIELD = 5
_LONGEST_TEXT = 1000


def shortened(text: str) -> str:
    """A text within a ``repr``, which may have several of them; what is cut off is seen."""
    line = clean(text)
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 3]}..."


def one_line(text: str) -> str:
    """One line of a screen; what does not fit is cut off, and that is seen."""
    line = clean(text)
    return line if len(line) <= SCREEN_WIDTH else f"{line[: SCREEN_WIDTH - 3]}..."


def one_screen(heading: str, lines: Sequence[str]) -> str:
    """A heading, and as many lines below it as a screen has; how many there are beyond is said."""
    room = SCREEN_LINES - 1
    shown = lines if len(lines) <= room else lines[: room - 1]
    more = [] if len(shown) == len(lines) else [f"  ... and {len(lines) - len(shown)} more"]
    return "\n".join([one_line(heading), *(one_line(f"  {line}") for line in shown), *more])


def fields_on_screen(value: Any) -> str:
    """A dataclass as its ``repr``: a line a field, long ones broken; what is cut off is seen."""
    lines = [
        line
        for field in fields(value)
        for line in textwrap.wrap(
            clean(f"{field.name}: {getattr(value, field.name)!r}"),
            width=SCREEN_WIDTH - 2,
            max_lines=_LINES_OF_A_FIELD,
            placeholder=" ...",
            subsequent_indent="  ",
        )
    ]
    return one_screen(type(value).__name__, lines)

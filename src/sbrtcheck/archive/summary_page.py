"""The summary of an archive's results as one HTML page without script or network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from sbrtcheck.archive.margins import Margins
from sbrtcheck.archive.page import css_class, html_page, share_text, word
from sbrtcheck.archive.results_summary import ResultsSummary, RowSummary
from sbrtcheck.archive.summary_text import (
    loose_text,
    margins_text,
    not_checked_text,
    row_tally_text,
    row_title,
    tally_text,
    unread_text,
)
from sbrtcheck.formatting import count, escaped
from sbrtcheck.results import Verdict

WIDTH, HEIGHT = 360, 120
LEFT, RIGHT, TOP, BOTTOM = 30, 12, 8, 30
MAX_LINKS = 12
"""Rows that fail which the head of the page names; the others stand below with the rest, in the same order."""

_STYLE = """
h1 ~ h2 { font-size: 18px; margin: 18px 0 6px; }
.unchecked { border: 1px solid var(--rule); border-left: 6px solid var(--variation); border-radius: 6px;
  padding: 8px 12px; margin: 8px 0; }
.unchecked.none { border-left-color: var(--pass); }
.bar { display: block; width: 100%; height: 14px; margin: 6px 0; border: 1px solid var(--rule); border-radius: 3px;
  background: var(--soft); }
.key svg.bar { display: inline-block; width: 18px; margin: 0 3px 0 0; vertical-align: -2px; }
.defs { position: absolute; width: 0; height: 0; }
.mark.review { color: var(--link); } .mark .gap { fill: var(--paper); }
.numbers { max-width: 720px; } .numbers td.number { width: 6em; }
.column { fill: var(--other); } .median { stroke: var(--link); stroke-width: 2; stroke-dasharray: 4 2; }
"""


def summary_page(summary: ResultsSummary) -> str:
    """Write the page; the same results give the same bytes."""
    return html_page(f"What {count(summary.plans, 'plan')} came to", _lines(summary), more_style=_STYLE)


def _lines(summary: ResultsSummary) -> Iterator[str]:
    numbered = list(enumerate(summary.rows))
    yield _patterns()
    yield f"<h1>What {count(summary.plans, 'plan')} came to</h1>"
    yield f'<p class="said">Results of {escaped(", ".join(summary.software))}. Shares are of all plans.</p>'
    yield from _not_checked(summary)
    yield "<h2>Plans</h2>"
    yield from _plan_bar(summary)
    if summary.review:
        yield "<p><b>Against a pass</b>, plans that have it, whatever their verdict:</p>"
        yield from _numbers(summary.review, summary.plans)
    yield from _failing([(number, row) for number, row in numbered if Verdict.FAIL in row.verdicts])
    yield from _tables(summary)
    for counts, heading in ((True, "Rows that count"), (False, "Rows that do not count in a verdict")):
        shown = [(number, row) for number, row in numbered if row.counts is counts and row.evaluated]
        if shown:
            yield f"<h2>{heading}</h2>"
            yield from _key()
            yield '<div class="rows">'
            yield from chain.from_iterable(_row(number, row) for number, row in shown)
            yield "</div>"
    yield from _never_evaluated([row for row in summary.rows if not row.evaluated])


def _not_checked(summary: ResultsSummary) -> Iterator[str]:
    is_all = summary.checked == summary.plans and not summary.loose_files and not summary.unread
    none = " none" if is_all else ""
    yield f'<div class="unchecked{none}"><b>{escaped(not_checked_text(summary))}.</b>'
    if summary.not_checked:
        yield "<ul>"
        yield from (f"<li>{escaped(reason)}: {number}</li>" for reason, number in summary.not_checked.items())
        yield "</ul>"
    if summary.loose_files:
        yield f"<p>{escaped(loose_text(summary))}.</p>"
    if summary.unread:
        yield f"<p>{escaped(unread_text(summary))}.</p>"
    yield "</div>"


def _plan_bar(summary: ResultsSummary) -> Iterator[str]:
    parts = [(_class(verdict), number) for verdict, number in summary.verdicts.items()]
    yield _bar(parts, ", ".join(f"{number} {word(one)}" for one, number in summary.verdicts.items()))
    yield from _numbers({word(verdict): number for verdict, number in summary.verdicts.items()}, summary.plans)


def _numbers(counted: Mapping[str, int], of_all: int) -> Iterator[str]:
    yield '<table class="numbers"><tbody>'
    for text, number in counted.items():
        cells = f'<td class="number">{number}</td><td class="number">{escaped(share_text(number, of_all))}</td>'
        yield f'<tr><th scope="row">{escaped(text)}</th>{cells}</tr>'
    yield "</tbody></table>"


def _failing(failing: Sequence[tuple[int, RowSummary]]) -> Iterator[str]:
    if failing:
        yield f"<p><b>{count(len(failing), 'row')} with a plan that fails:</b></p><ul>"
        for number, row in failing[:MAX_LINKS]:
            counts = "" if row.counts else ", does not count"
            fails = f"{row.verdicts[Verdict.FAIL]} FAIL ({share_text(row.verdicts[Verdict.FAIL], row.of_all)})"
            yield f'<li><a href="#row-{number}">{escaped(row_title(row))}</a>: {escaped(fails)}{counts}</li>'
        if len(failing) > MAX_LINKS:
            yield f"<li>and {count(len(failing) - MAX_LINKS, 'more row')}, below</li>"
        yield "</ul>"


def _tables(summary: ResultsSummary) -> Iterator[str]:
    if not summary.tables:
        return
    yield "<h2>Tables</h2>"
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Tables"><table><thead><tr>'
    headings = ("Table", "Plans asked", "Rows that count", "Rows that do not")
    yield "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    yield "</tr></thead><tbody>"
    for table in summary.tables:
        cells = (f"{table.plans} of {summary.plans}", tally_text(table.counted), tally_text(table.uncounted))
        name = f"{table.table_id} {table.table_version}"
        yield f'<tr><th scope="row">{escaped(name)}</th>{"".join(f"<td>{escaped(cell)}</td>" for cell in cells)}</tr>'
    yield "</tbody></table></div>"


def _never_evaluated(rows: Sequence[RowSummary]) -> Iterator[str]:
    if rows:
        yield "<h2>Not evaluated in any plan</h2><ul>"
        for row in rows:
            reasons = ", ".join(f"{reason}: {number}" for reason, number in row.reasons.items())
            yield f"<li>{escaped(f'{row_title(row)} ({row.table_id}/{row.row_id})')}: {escaped(reasons)}</li>"
        yield "</ul>"


# -------------------------------------------------------------------------------- one row


def _row(number: int, row: RowSummary) -> Iterator[str]:
    fails = " fails" if Verdict.FAIL in row.verdicts else ""
    yield f'<section class="row{fails}" id="row-{number}" aria-labelledby="h-{number}">'
    yield f'<h2 id="h-{number}">{escaped(row_title(row))}</h2>'
    yield f'<p class="said">{escaped(f"{row.table_id}/{row.row_id}")}</p>'
    parts = [(_class(verdict), outcomes) for verdict, outcomes in row.verdicts.items()]
    yield _bar([*parts, ("asked", row.not_asked)], row_tally_text(row))
    yield f"<p>{escaped(row_tally_text(row))}</p>"
    if row.margins is not None:
        yield from _histogram(row.margins, row)
        yield f'<p class="said">{escaped(margins_text(row.margins, row.unit))}</p>'
    if row.reasons:
        unevaluated = row.verdicts.get(Verdict.NOT_EVALUATED, 0)
        yield f"<details><summary>Why {unevaluated} not evaluated</summary><ul>"
        yield from (f"<li>{escaped(reason)}: {outcomes}</li>" for reason, outcomes in row.reasons.items())
        yield "</ul></details>"
    yield "</section>"


def _class(verdict: Verdict) -> str:
    return "review" if verdict is Verdict.REVIEW else css_class(verdict)


def _bar(parts: Sequence[tuple[str, int]], text: str) -> str:
    """Shares side by side, each with a pattern of its own; the text says the same."""
    of_all = sum(number for _, number in parts) or 1
    pieces, left = [], 0.0
    for name, number in parts:
        width = 1000.0 * number / of_all
        if number and name in _PATTERNS:
            pieces.append(f'<rect x="{left:.1f}" width="{max(width, 3.0):.1f}" height="14" fill="url(#p-{name})"/>')
        left += width
    return (
        f'<svg class="bar" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label="{escaped(text)}">'
        f"{''.join(pieces)}</svg>"
    )


_PATTERNS = {
    "pass": '<rect width="8" height="14"/>',
    "variation": '<path d="M0 0h5v14h-5Z"/>',
    "fail": '<rect width="8" height="14"/><path class="gap" d="M2 5h4v4h-4Z"/>',
    "review": '<path d="M0 0h8v4h-8ZM0 7h8v4h-8Z"/>',
    "other": '<path d="M0 0h2v14h-2Z"/>',
}
"""Verdict, or a group of them -> what its part of a bar is filled with: no colour is needed to tell them apart."""


def _patterns() -> str:
    size = 'width="8" height="14" patternUnits="userSpaceOnUse"'
    made = (f'<pattern id="p-{name}" {size} class="mark {name}">{shape}</pattern>' for name, shape in _PATTERNS.items())
    return f'<svg class="defs" aria-hidden="true"><defs>{"".join(made)}</defs></svg>'


def _key() -> Iterator[str]:
    texts = {"pass": "PASS", "variation": "VARIATION", "fail": "FAIL"}
    yield '<ul class="key">'
    for name, text in (*texts.items(), ("other", "not evaluated, or no pass and no fail")):
        fill = f'<rect width="18" height="14" fill="url(#p-{name})"/>'
        yield f'<li><svg class="bar" viewBox="0 0 18 14" aria-hidden="true">{fill}</svg>{text}</li>'
    yield "<li>empty: not asked in the plan</li><li>shaded: beyond the limit; dashed: the median</li></ul>"


def _histogram(margins: Margins, row: RowSummary) -> Iterator[str]:
    """Columns of margins, the limit as a line at 0, and what is beyond it shaded."""
    low, high = min(margins.edges[0], 0.0), max(margins.edges[-1], 0.0)
    most, floor = max(margins.numbers), HEIGHT - BOTTOM

    def x(margin: float) -> float:
        return LEFT + (margin - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    label = f"Margins of {row_title(row)}: {margins_text(margins, row.unit)}"
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(label)}">'
    yield f'<rect class="beyond" x="{LEFT}" y="{TOP}" width="{x(0.0) - LEFT:.1f}" height="{floor - TOP}"/>'
    for left, right, number in zip(margins.edges, margins.edges[1:], margins.numbers, strict=False):
        if number:
            height = max(number / most * (floor - TOP), 1.0)
            place = f'x="{x(left):.1f}" y="{floor - height:.1f}"'
            size = f'width="{max(x(right) - x(left) - 1.0, 3.0):.1f}" height="{height:.1f}"'
            yield f'<rect class="column" {place} {size}/>'
    yield f'<path class="edge" fill="none" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>'
    yield f'<path class="limit" d="M{x(0.0):.1f} {TOP}V{floor}"/>'
    yield f'<path class="median" d="M{x(margins.median):.1f} {TOP}V{floor}"/>'
    yield f'<text x="{LEFT - 4}" y="{TOP + 9}" text-anchor="end">{most}</text>'
    yield from _x_labels((low, 0.0, high), x, row.unit)
    yield "</svg>"


def _x_labels(margins: Sequence[float], x: Callable[[float], float], unit: str) -> Iterator[str]:
    written: list[float] = []
    for margin, anchor in ((margins[1], "middle"), (margins[0], "start"), (margins[2], "end")):
        at = x(margin)
        if all(abs(at - other) > 50 for other in written):
            written.append(at)
            text = "limit" if margin == 0 else f"{margin:+.3g} {unit}"
            yield f'<text x="{at:.1f}" y="{HEIGHT - 12}" text-anchor="{anchor}">{escaped(text)}</text>'

"""Trends -> one HTML page without script or network: a small chart of margins for each row, and a table beneath."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from sbrtcheck.archive.page import css_class, html_page, word
from sbrtcheck.archive.trend import PlanOnRow, RowTrend, Trends
from sbrtcheck.formatting import count, escaped, number_text
from sbrtcheck.results import Verdict, labels
from sbrtcheck.tables import Sense

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 34
MAX_LINKS = 12
"""Rows that fail which the head of the page names; the others stand below with the rest, in the same order."""

_Scale = Callable[[float], float]

_SHAPES = {
    Verdict.PASS: '<circle r="3.6"/>',
    Verdict.VARIATION: '<path d="M0-5L5 4H-5Z"/>',
    Verdict.FAIL: '<path d="M-4.4-4.4h8.8v8.8h-8.8Z"/>',
    Verdict.RISK: '<path d="M0-5L5 0 0 5-5 0Z"/>',
    Verdict.MET: '<path d="M-1.4-4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3Z"/>',
    Verdict.NOT_MET: '<path class="line" d="M-4-4L4 4M-4 4L4-4"/>',
    Verdict.NOT_EVALUATED: '<path class="line" d="M-4 0H4"/>',
}
"""Verdict -> its mark in the charts: no colour is needed to tell them apart."""

_HEADINGS = "".join(
    f'<th scope="col"{class_}>{heading}</th>'
    for heading, class_ in (
        *(("Date", ""), ("Verdict", "")),
        *((heading, ' class="number"') for heading in ("Value", "Limit", "Margin")),
        *(("Contour", ""), ("Plan", "")),
    )
)


def trend_page(trends: Trends) -> str:
    """Write the page; the same results give the same bytes."""
    return html_page(
        f"Margins over {count(trends.plan_count, 'plan')}",
        chain(
            _head(trends),
            ['<div class="rows">'],
            *(_row(n, row, trends) for n, row in enumerate(trends.rows) if _is_shown(row)),
            ["</div>"],
            _rows_without_values(trends),
        ),
    )


# -------------------------------------------------------------------------------- head of the page


def _head(trends: Trends) -> Iterator[str]:
    failing = [(number, row) for number, row in enumerate(trends.rows) if Verdict.FAIL in row.tally()]
    yield f"<h1>Margins over {count(trends.plan_count, 'plan')}</h1>"
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in trends.plan_verdicts.items())
    evaluated = sum(map(_is_shown, trends.rows))
    yield f"<p><b>Verdicts of the plans:</b> {escaped(verdicts or 'none')}.</p>"
    rows = count(len(trends.rows), "row")
    yield f"<p>{rows} of tables: {evaluated} evaluated in some plan, {len(failing)} with a plan that fails.</p>"
    if failing:
        yield "<ul>"
        for number, row in failing[:MAX_LINKS]:
            yield f'<li><a href="#row-{number}">{escaped(_title(row))}</a>: {escaped(_tally_text(row))}</li>'
        if len(failing) > MAX_LINKS:
            yield f"<li>and {count(len(failing) - MAX_LINKS, 'more row')}, below in the same order</li>"
        yield "</ul>"
    if trends.not_checked:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in trends.not_checked.items())
        yield f"<p><b>Not checked, and in no row:</b> {escaped(reasons)}.</p>"
    yield f'<p class="said">{escaped(_axis_text(trends))}</p>'
    yield '<ul class="key">'
    for verdict, shape in _SHAPES.items():
        mark = f'<svg viewBox="-6 -6 12 12" aria-hidden="true"><g class="mark {css_class(verdict)}">{shape}</g></svg>'
        yield f"<li>{mark} {word(verdict)}</li>"
    yield "</ul>"


def _axis_text(trends: Trends) -> str:
    above = (
        "Margins: how far inside its limit a value lies; the line is the limit, and below it the shaded side is beyond."
        " What was not evaluated stands below the chart, whatever its value."
    )
    if trends.undated == trends.plan_count:
        return f"{above} No plan has a date: they stand in the order of the results."
    undated = f" {count(trends.undated, 'plan')} without a date: in the tables alone." if trends.undated else ""
    return f"{above} Plans stand by their date.{undated}"


def _title(row: RowTrend) -> str:
    return f"{row.organ} {row.metric} ({row.table_id}/{row.row_id})"


def _tally_text(row: RowTrend) -> str:
    text = ", ".join(f"{number} {word(verdict)}" for verdict, number in row.tally().items())
    return text if row.counts else f"{text}; does not count"


def _is_shown(row: RowTrend) -> bool:
    """Whether a row has anything to draw; one that fails by logic alone has no margin, and is never left out."""
    return any(plan.verdict is not Verdict.NOT_EVALUATED for plan in row.plans)


def _rows_without_values(trends: Trends) -> Iterator[str]:
    rows = [row for row in trends.rows if not _is_shown(row)]
    if rows:
        yield "<section><h2>Not evaluated in any plan</h2><ul>"
        for row in rows:
            reasons = dict.fromkeys(plan.reason for plan in row.plans)
            yield f"<li>{escaped(_title(row))}: {escaped(', '.join(reasons))}</li>"
        yield "</ul></section>"


# -------------------------------------------------------------------------------- one row


def _row(number: int, row: RowTrend, trends: Trends) -> Iterator[str]:
    fails = " fails" if Verdict.FAIL in row.tally() else ""
    yield f'<section class="row{fails}" id="row-{number}" aria-labelledby="h-{number}">'
    yield f'<h2 id="h-{number}">{escaped(row.organ)} {escaped(row.metric)}</h2>'
    yield f"<p>{escaped(_limits_text(row))}. {escaped(_tally_text(row))}</p>"
    yield f'<p class="said">{escaped(row.table_id)}/{escaped(row.row_id)}</p>'
    yield from _chart(row, trends)
    yield f"<details><summary>{count(len(row.plans), 'value')}</summary>"
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(_title(row))}, values">'
    yield f"<table><thead><tr>{_HEADINGS}</tr></thead><tbody>"
    yield from map(_line, row.plans)
    yield "</tbody></table></div></details>\n</section>"


def _limits_text(row: RowTrend) -> str:
    """``< 18 Gy``; both ends where the limit is not the same in all plans."""
    limits = sorted({plan.limit for plan in row.plans if plan.limit is not None})
    sign = labels.SIGNS[Sense(row.sense)] if row.sense in tuple(Sense) else row.sense
    if not limits:
        return f"{sign} by volume"
    return f"{sign} {' to '.join(f'{limit:.6g}' for limit in dict.fromkeys((limits[0], limits[-1])))} {row.unit}"


def _line(plan: PlanOnRow) -> str:
    cells = (
        f'<th scope="row">{plan.date.isoformat() if plan.date else "no date"}</th>',
        f'<td class="{css_class(plan.verdict)}">{word(plan.verdict)}</td>',
        f'<td class="number">{_number(plan.value) if plan.value is not None else escaped(plan.reason)}</td>',
        f'<td class="number">{"" if plan.limit is None else f"{plan.limit:.6g}"}</td>',
        f'<td class="number">{_number(plan.margin, sign=True)}</td>',
        f"<td>{escaped(plan.contour)}</td>",
        f'<td class="uid">{escaped(plan.plan_key)}</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _number(number: float | None, *, sign: bool = False) -> str:
    if number is None:
        return ""
    text = number_text(number, 0.0) if sign else number_text(number)
    return f"+{text}" if sign and not text.startswith("-") else text


# -------------------------------------------------------------------------------- its chart


def _chart(row: RowTrend, trends: Trends) -> Iterator[str]:
    by_date = trends.undated < trends.plan_count
    shown = [plan for plan in row.plans if plan.date is not None] if by_date else list(row.plans)
    margins = [margin for plan in shown if (margin := _evaluated_margin(plan)) is not None]
    if not shown:
        yield "<p>No plan with a date.</p>"
        return
    low, high = _range(margins)
    positions = [_position(plan, by_date=by_date) for plan in shown]
    first, last = min(positions), max(positions)

    def x(position: float) -> float:
        share = 0.5 if first == last else (position - first) / (last - first)
        return LEFT + 8 + share * (WIDTH - LEFT - RIGHT - 16)

    def y(margin: float) -> float:
        return TOP + (high - margin) / (high - low) * (HEIGHT - TOP - BOTTOM)

    label = f"{_title(row)}: {_tally_text(row)}; margins {_span(margins, row.unit)}; values are in the table below"
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    yield f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escaped(label)}">'
    yield f'<rect class="beyond" x="{LEFT}" y="{y(0):.1f}" width="{right - LEFT}" height="{floor - y(0):.1f}"/>'
    yield f'<path class="edge" fill="none" d="M{LEFT} {TOP}V{floor}H{right}"/>'
    yield f'<path class="limit" d="M{LEFT} {y(0):.1f}H{right}"/>'
    yield from _y_labels((high, 0.0, low), y)
    ends = ((first, "start"), (last, "end")) if first != last else ((first, "middle"),)
    for position, anchor in ends:
        text = _position_text(position, by_date=by_date)
        yield f'<text x="{x(position):.1f}" y="{HEIGHT - 14}" text-anchor="{anchor}">{text}</text>'
    for plan, position in zip(shown, positions, strict=True):
        margin = _evaluated_margin(plan)
        at = floor + 6 if margin is None else y(margin)
        mark = f'<g class="mark {css_class(plan.verdict)}" transform="translate({x(position):.1f} {at:.1f})">'
        yield f"{mark}{_SHAPES[plan.verdict]}</g>"
    yield "</svg>"


def _evaluated_margin(plan: PlanOnRow) -> float | None:
    """The margin that is drawn: none of a value that no verdict rests on, as of a part inside the dose grid."""
    return None if plan.verdict is Verdict.NOT_EVALUATED else plan.margin


def _y_labels(margins: Sequence[float], y: _Scale) -> Iterator[str]:
    written: list[float] = []
    for margin in (margins[1], margins[0], margins[2]):
        at = y(margin)
        if all(abs(at - other) > 12 for other in written):
            written.append(at)
            text = "limit" if margin == 0 else f"{margin:+.3g}"
            yield f'<text x="{LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'


def _range(margins: Sequence[float]) -> tuple[float, float]:
    """From the smallest to the largest margin, with the limit and a little room on both sides of it."""
    low, high = min([0.0, *margins]), max([0.0, *margins])
    room = 0.12 * (high - low or 1.0)
    return low - room, high + room


def _span(margins: Sequence[float], unit: str) -> str:
    return f"{_number(min(margins), sign=True)} to {_number(max(margins), sign=True)} {unit}" if margins else "none"


def _position(plan: PlanOnRow, *, by_date: bool) -> int:
    return plan.date.toordinal() if by_date and plan.date is not None else plan.number


def _position_text(position: int, *, by_date: bool) -> str:
    return dt.date.fromordinal(position).isoformat() if by_date else f"plan {position}"

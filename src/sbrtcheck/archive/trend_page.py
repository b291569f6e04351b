"""Trends -> one HTML page without script or network: a small chart of margins for each row, and a table beneath."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from sbrtcheck._version import __version__
from sbrtcheck.archive.trend import PlanOnRow, RowTrend, Trends
from sbrtcheck.formatting import escaped, number_text
from sbrtcheck.results import NOTICE, Verdict, labels
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

_STYLE = """
:root { --paper: #fff; --ink: #1b1f24; --faint: #57606a; --rule: #d5dae0; --soft: #f4f6f8; --link: #0b57a4;
  --pass: #12703f; --variation: #8a5a00; --fail: #b3141d; --other: #4a535d; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e4e7eb; --faint: #a3abb5;
  --rule: #363c44; --soft: #1e2329; --link: #7cbcf5; --pass: #62cf95; --variation: #e6b450; --fail: #ff8086;
  --other: #b9c1ca; } }
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1240px; padding: 0 16px 32px; background: var(--paper); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }
h1 { font-size: 24px; margin: 14px 0 4px; } h2 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
p { margin: 4px 0; } ul { margin: 4px 0; padding-left: 20px; } a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.said { color: var(--faint); font-size: 12.5px; }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(350px, 100%), 1fr)); gap: 14px;
  margin: 14px 0; }
.row { border: 1px solid var(--rule); border-radius: 6px; padding: 10px 12px; min-width: 0; }
.row.fails { border-left: 6px solid var(--fail); }
.row svg { display: block; width: 100%; height: auto; margin: 6px 0; }
.key { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; padding: 0; }
.key svg { width: 12px; height: 12px; vertical-align: -1px; }
.mark { fill: currentColor; } .mark .line { fill: none; stroke: currentColor; stroke-width: 2; }
.pass { color: var(--pass); } .variation { color: var(--variation); } .fail { color: var(--fail); }
.other { color: var(--other); }
.limit { stroke: var(--ink); stroke-width: 1.4; } .edge { stroke: var(--rule); }
.beyond { fill: var(--faint); fill-opacity: .14; }
text { fill: var(--faint); font-size: 11.5px; }
summary { cursor: pointer; color: var(--link); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
th, td { text-align: left; vertical-align: top; padding: 2px 8px 2px 0; border-bottom: 1px solid var(--rule);
  font-weight: 400; }
thead th { font-weight: 600; white-space: nowrap; } .number { text-align: right; white-space: nowrap; }
td.uid { overflow-wrap: anywhere; min-width: 9em; }
@media print { .row { break-inside: avoid; } }
""".strip()


def trend_page(trends: Trends) -> str:
    """Write the page; the same results give the same bytes."""
    policy = f"default-src 'none'; style-src '{_hash(_STYLE)}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>Margins over {_count(trends.plan_count, 'plan')}</title>",
            f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
            *_head(trends),
            '<div class="rows">',
            *chain.from_iterable(_row(n, row, trends) for n, row in enumerate(trends.rows) if _is_shown(row)),
            "</div>",
            *_rows_without_values(trends),
            "</main>",
            f'<footer class="said"><p>sbrtcheck {__version__}. {escaped(NOTICE)}</p></footer>\n</body>\n</html>\n',
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# -------------------------------------------------------------------------------- head of the page


def _head(trends: Trends) -> Iterator[str]:
    failing = [(number, row) for number, row in enumerate(trends.rows) if Verdict.FAIL in row.tally()]
    yield f"<h1>Margins over {_count(trends.plan_count, 'plan')}</h1>"
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in trends.plan_verdicts.items())
    evaluated = sum(map(_is_shown, trends.rows))
    yield f"<p><b>Verdicts of the plans:</b> {escaped(verdicts or 'none')}.</p>"
    rows = _count(len(trends.rows), "row")
    yield f"<p>{rows} of tables: {evaluated} evaluated in some plan, {len(failing)} with a plan that fails.</p>"
    if failing:
        yield "<ul>"
        for number, row in failing[:MAX_LINKS]:
            yield f'<li><a href="#row-{number}">{escaped(_title(row))}</a>: {escaped(_tally_text(row))}</li>'
        if len(failing) > MAX_LINKS:
            yield f"<li>and {_count(len(failing) - MAX_LINKS, 'more row')}, below in the same order</li>"
        yield "</ul>"
    if trends.not_checked:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in trends.not_checked.items())
        yield f"<p><b>Not checked, and in no row:</b> {escaped(reasons)}.</p>"
    yield f'<p class="said">{escaped(_axis_text(trends))}</p>'
    yield '<ul class="key">'
    for verdict, shape in _SHAPES.items():
        mark = f'<svg viewBox="-6 -6 12 12" aria-hidden="true"><g class="mark {_class(verdict)}">{shape}</g></svg>'
        yield f"<li>{mark} {_word(verdict)}</li>"
    yield "</ul>"


def _axis_text(trends: Trends) -> str:
    above = (
        "Margins: how far inside its limit a value lies; the line is the limit, and below it the shaded side is beyond."
    )
    if trends.undated == trends.plan_count:
        return f"{above} No plan has a date: they stand in the order of the results."
    undated = f" {_count(trends.undated, 'plan')} without a date: in the tables alone." if trends.undated else ""
    return f"{above} Plans stand by their date.{undated}"


def _title(row: RowTrend) -> str:
    return f"{row.organ} {row.metric} ({row.table_id}/{row.row_id})"


def _tally_text(row: RowTrend) -> str:
    text = ", ".join(f"{number} {_word(verdict)}" for verdict, number in row.tally().items())
    return text if row.counts else f"{text}; does not count"


def _word(verdict: Verdict) -> str:
    return verdict.replace("_", " ")


def _class(verdict: Verdict) -> str:
    plain = (Verdict.PASS, Verdict.VARIATION, Verdict.FAIL)
    return str(verdict).lower() if verdict in plain else "other"


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
    yield f"<details><summary>{_count(len(row.plans), 'value')}</summary>"
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
        f'<td class="{_class(plan.verdict)}">{_word(plan.verdict)}</td>',
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
    margins = [plan.margin for plan in shown if plan.margin is not None]
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
        at = floor + 6 if plan.margin is None else y(plan.margin)
        mark = f'<g class="mark {_class(plan.verdict)}" transform="translate({x(position):.1f} {at:.1f})">'
        yield f"{mark}{_SHAPES[plan.verdict]}</g>"
    yield "</svg>"


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

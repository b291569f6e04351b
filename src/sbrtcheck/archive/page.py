"""What the pages on an archive have alike: style, frame, words. No script, no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from sbrtcheck._version import __version__
from sbrtcheck.formatting import escaped
from sbrtcheck.results import NOTICE, Verdict

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


def html_page(title: str, lines: Iterable[str], *, more_style: str = "") -> str:
    """A page with its title and what stands in it; the same lines give the same bytes."""
    style = f"{_STYLE}{more_style}"
    policy = f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escaped(title)}</title>",
            f"<style>{style}</style>\n</head>\n<body>\n<main>",
            *lines,
            "</main>",
            f'<footer class="said"><p>sbrtcheck {__version__}. {escaped(NOTICE)}</p></footer>\n</body>\n</html>\n',
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def word(verdict: Verdict) -> str:
    """The verdict as people read it."""
    return verdict.replace("_", " ")


def css_class(verdict: Verdict) -> str:
    """The class of what has the colour of the verdict."""
    plain = (Verdict.PASS, Verdict.VARIATION, Verdict.FAIL)
    return str(verdict).lower() if verdict in plain else "other"


def share_text(number: int, of_all: int) -> str:
    """``24.0 %``; 0 and 100 only where it is none and all of them."""
    if of_all == 0:
        return "none"
    text = f"{100.0 * number / of_all:.1f} %"
    if number and text == "0.0 %":
        return "< 0.1 %"
    return "> 99.9 %" if number < of_all and text == "100.0 %" else text

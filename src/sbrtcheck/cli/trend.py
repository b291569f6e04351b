"""The command trend: what batch wrote -> a page with the margins of each row over the plans."""

from __future__ import annotations

from pathlib import Path

import click

from sbrtcheck.cli import options, streams


@click.command(epilog=options.examples("sbrtcheck trend results.csv --out trend.html"))
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@options.out
@options.verbose
def trend(*, results: Path, out: Path | None) -> None:
    """Show the margins of every row in RESULTS, a .csv or .parquet file of batch, by the plans' dates: an HTML page.

    Exit code: 0 the page was written, whatever the verdicts; 2 unusable input.
    """
    from sbrtcheck.archive.trend import load_trends
    from sbrtcheck.archive.trend_page import trend_page

    with streams.output(out, inputs=[results]) as write:
        write(trend_page(load_trends(results)))

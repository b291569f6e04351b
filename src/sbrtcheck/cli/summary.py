"""The command summary: what batch wrote -> how many plans and rows came to what, as text, JSON or a page."""

from __future__ import annotations

from pathlib import Path

import click

from sbrtcheck.cli import options, streams

FORMATS = ("text", "html", "json")


@click.command(
    epilog=options.examples(
        "sbrtcheck summary results.parquet", "sbrtcheck summary results.parquet --format html --out summary.html"
    )
)
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@options.out
@options.verbose
def summary(*, results: Path, format_: str, out: Path | None) -> None:
    """Sum up RESULTS, a .csv or .parquet file of batch: plans not checked, verdicts, pass rates of rows, margins.

    Exit code: 0 the summary was written, whatever the verdicts; 2 unusable input, or files of different runs.
    """
    from sbrtcheck import archive
    from sbrtcheck.archive.summary_page import summary_page
    from sbrtcheck.archive.summary_text import summary_json, summary_text

    write_as = {"text": summary_text, "html": summary_page, "json": summary_json}[format_]
    with streams.output(out, inputs=[archive.path_of_table(results, table) for table in archive.Table]) as write:
        write(write_as(archive.summary(results)))

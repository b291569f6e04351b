"""The command that turns another program's template into a table: import."""

from __future__ import annotations

from pathlib import Path

import click

from sbrtcheck.cli import options, streams

DIALECTS = ("plancheck", "planscorecard", "proknow", "ray-scripts", "dvhmetrics")


@click.command(
    "import",
    epilog=options.examples(
        "sbrtcheck import clinic-template.csv --from plancheck --id my-lung --fractions 5 --out my-lung.yaml"
    ),
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--from", "dialect", type=click.Choice(DIALECTS), required=True, help="What wrote the file.")
@click.option(
    "--id", "table_id", metavar="ID", default="", help="Id of the table; by default derived from the file's name."
)
@click.option("--fractions", type=click.IntRange(min=1), metavar="N", help="Number of fractions the limits are for.")
@options.out
@options.verbose
def import_(*, file: Path, dialect: str, table_id: str, fractions: int | None, out: Path | None) -> None:
    """Turn a template of another program into a constraint table, as YAML.

    What has no meaning in a table stays as a comment and is a warning on standard error. Exit code: 0 a table that
    loads was written, with warnings or without; 2 there is none, with the reason.
    """
    from sbrtcheck.importers import import_table

    with streams.output(out) as write:
        imported = import_table(file, dialect, table_id=table_id, fractions=fractions)
        write(imported.yaml)
    for warning in imported.warnings:
        click.echo(f"sbrtcheck: {warning}", err=True)

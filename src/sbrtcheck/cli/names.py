"""The command that shows which structure is matched to which organ: names."""

from __future__ import annotations

from pathlib import Path

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import OutputError

_SCREEN = "-"


@click.command(
    epilog=options.examples(
        "sbrtcheck names plan --table rtog-0813", "sbrtcheck names plan --table rtog-0813 --template names.yaml"
    )
)
@options.folder
@options.tables(required=True)
@options.names
@click.option(
    "--template",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Write a names file to fill in; - shows it instead of the list.",
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@options.out
@options.plan
@options.verbose
def names(
    *,
    folder: Path,
    tables: tuple[str, ...],
    names: str | None,
    template: str | None,
    format_: str,
    out: Path | None,
    plan: str | None,
) -> None:
    """Show which structure of the plan in DIR is matched to each organ of a table, by which rule, and close names."""
    from sbrtcheck import api
    from sbrtcheck.render.names import NAMES_FORMATS, names_template

    file = Path(template) if template not in (None, _SCREEN) else None
    if file is not None and file.exists():
        raise OutputError("there is such a file already", str(file), "give another name: it may have been filled in")
    with streams.output(out) as write:
        plan_names = api.names(streams.existing_folder(folder), list(dict.fromkeys(tables)), names=names, plan=plan)
        write(names_template(plan_names) if template == _SCREEN else NAMES_FORMATS[format_](plan_names))
    if file is not None:
        with streams.output(file) as write:
            write(names_template(plan_names))

"""The command that shows which structure is matched to which organ: names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import OutputError
from sbrtcheck.formatting import clean

if TYPE_CHECKING:
    from sbrtcheck.tables.learn import Learned

_SCREEN = "-"


@click.command(
    epilog=options.examples(
        "sbrtcheck names plan --table rtog-0813",
        "sbrtcheck names plan --table rtog-0813 --template names.yaml",
    )
)
@options.folder
@options.tables(required=True)
@options.names
@options.dictionary
@click.option(
    "--template",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Write a names file to fill in; - shows it instead of the list.",
)
@click.option(
    "--learn",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Add the names in --names to this dictionary, once they are right; it is made where there is none.",
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@options.out
@options.plan
@options.verbose
def names(
    *,
    folder: Path,
    tables: tuple[str, ...],
    template: str | None,
    learn: Path | None,
    format_: str,
    out: Path | None,
    **choices: Any,
) -> None:
    """Show which structure of the plan in DIR is matched to each organ of a table, by which rule, and close names."""
    from sbrtcheck import api
    from sbrtcheck.render.names import NAMES_FORMATS, names_template

    if learn is not None and choices["names"] is None:
        raise click.UsageError("--learn needs --names FILE: the names that were confirmed for this plan")
    file = Path(template) if template not in (None, _SCREEN) else None
    if file is not None and file.exists():
        raise OutputError("there is such a file already", str(file), "give another name: it may have been filled in")
    with streams.output(out) as write:
        source, asked = streams.existing_folder(folder), list(dict.fromkeys(tables))
        plan_names = api.names(source, asked, **choices)
        if learn is not None:
            learned = api.learn_names(source, choices["names"], learn, asked, plan=choices["plan"])
            streams.print_notice(_learned_text(learned, learn))
        write(names_template(plan_names) if template == _SCREEN else NAMES_FORMATS[format_](plan_names))
    if file is not None:
        with streams.output(file) as write:
            write(names_template(plan_names))


def _learned_text(learned: Learned, file: Path) -> str:
    """What was added to a dictionary, and what was not."""
    added = [f"{organ}: '{clean(name)}'" for organ, name in learned.added]
    left_out = [f"not added: {entry.organ}: '{clean(entry.name)}', {entry.reason}" for entry in learned.left_out]
    return "\n".join([f"added to {file.name}: {', '.join(added) or 'nothing'}", *left_out])

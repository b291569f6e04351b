"""The command that gives a shell its completion, and what is offered for options that click knows nothing of."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from sbrtcheck.cli import options, streams

SHELLS = ("bash", "zsh", "fish")
_PROGRAM = "sbrtcheck"
_VARIABLE = "_SBRTCHECK_COMPLETE"  # the name that click expects


@click.command(epilog=options.examples("sbrtcheck completion bash"))
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    r"""Print the script that makes a shell complete commands, options, ids of tables, sites and files.

    \b
    bash   eval "$(sbrtcheck completion bash)"      in ~/.bashrc
    zsh    eval "$(sbrtcheck completion zsh)"       in ~/.zshrc
    fish   sbrtcheck completion fish | source       in ~/.config/fish/config.fish
    """
    completion_class = get_completion_class(shell)
    assert completion_class is not None  # noqa: S101 - click has the shells of SHELLS
    streams.print_text(completion_class(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source() + "\n")

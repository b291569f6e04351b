"""The command sum: several courses of one patient together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sbrtcheck.cli import exit_codes, options, streams
from sbrtcheck.errors import InputError

_NO_RX = "-"


@click.command(
    "sum",
    epilog=options.examples(
        "sbrtcheck sum plan earlier --alpha-beta SpinalCord=2 --frames-agree",
        "sbrtcheck sum plan earlier --table hytec-reirradiation --interval-months 8 --frames-agree",
    ),
)
@click.argument("folders", metavar="PLAN EARLIER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--alpha-beta", "alpha_betas", multiple=True, metavar="ORGAN=GY", help="For this organ; may be repeated.")
@options.tables(text="Rule, statements, table or YAML file; may be repeated.")
@click.option(
    "--recovery",
    type=options.NUMBER,
    default=0.0,
    metavar="SHARE",
    help="Share of the earlier EQD2 that has recovered: 0 to 1.",
)
@click.option("--interval-months", type=options.NUMBER, metavar="MONTHS", help="Since the last course.")
@click.option("--frames-agree", is_flag=True, help="State that all plans lie in one frame of reference.")
@click.option(
    "--registration",
    "registrations",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="Rigid registration object.",
)
@click.option(
    "--rx", "prescriptions", multiple=True, metavar="50Gy/5", help="One for each plan, in order; - to skip one."
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@options.out
@options.names
@options.dictionary
@options.accept_dose
@options.allow_lint_errors
@options.quiet
@options.verbose
@click.pass_context
def sum_(
    ctx: click.Context,
    /,
    *,
    folders: tuple[Path, ...],
    alpha_betas: tuple[str, ...],
    tables: tuple[str, ...],
    prescriptions: tuple[str, ...],
    format_: str,
    out: Path | None,
    quiet: bool,
    **choices: Any,
) -> None:
    """Sum the course in PLAN and the EARLIER ones of the same patient in EQD2, and judge the sum.

    Structures and dose grid are those of PLAN. Rules are judged by both readings of the cumulative dose: in the
    accumulated dose, and in each course alone and added. Exit code as for check; 0 when nothing was asked for.
    """
    from sbrtcheck import api
    from sbrtcheck.render.sums import sum_json, sum_text

    with streams.output(out) as write:
        with streams.progress(quiet=quiet, **options.STEPS) as progress:
            report = api.accumulate(
                [streams.existing_folder(folder) for folder in folders],
                _ratios(alpha_betas),
                list(dict.fromkeys(tables)),
                prescriptions=[None if rx == _NO_RX else rx for rx in prescriptions],
                progress=progress,
                **choices,
            )
        write(sum_json(report) if format_ == "json" else sum_text(report))
    ctx.exit(_exit_code(report.verdict) if tables else exit_codes.OK)


def _exit_code(verdict: str) -> int:
    return {"FAIL": exit_codes.FAIL, "REVIEW": exit_codes.REVIEW}.get(str(verdict), exit_codes.OK)


def _ratios(texts: Sequence[str]) -> dict[str, float]:
    """By organ; two for one would be a guess which is meant."""
    ratios: dict[str, float] = {}
    for organ, ratio_gy in map(_alpha_beta, texts):
        if ratios.setdefault(organ, ratio_gy) != ratio_gy:
            problem = f"alpha/beta of {organ} is given as {ratios[organ]:g} and as {ratio_gy:g} Gy"
            raise InputError(problem, hint="give one for each organ")
    return ratios


def _alpha_beta(text: str) -> tuple[str, float]:
    organ, _, number = text.rpartition("=")
    try:
        ratio = float(number.replace(",", "."))
    except ValueError:
        ratio = math.nan
    if not organ.strip() or not math.isfinite(ratio):
        raise InputError(f"alpha/beta {text!r} cannot be read", hint="write organ and Gy like 'SpinalCord=2'")
    return organ.strip(), ratio

"""The commands score metabank, score de-vin, score oligometastatic: of patients, not of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sbrtcheck.cli import options, streams
from sbrtcheck.errors import InputError

if TYPE_CHECKING:
    from sbrtcheck.render.scores import Score

_format = click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
_male = click.option("--male", is_flag=True)
_synchronous = click.option("--synchronous", is_flag=True, help="Metastases came with the primary tumour.")
_non_adenocarcinoma = click.option("--non-adenocarcinoma", is_flag=True, help="Any other histology.")


@click.group(epilog=options.examples("sbrtcheck score oligometastatic --count 3 --timing metachronous"))
def score() -> None:
    """Score a patient, not a plan: median survival of groups, and classes by number of metastases."""


@score.command(epilog=options.examples("sbrtcheck score metabank --male --kps 90"))
@_male
@_synchronous
@click.option("--brain-metastases", is_flag=True)
@_non_adenocarcinoma
@click.option("--kps", type=int, required=True, help="Karnofsky performance status, 0 to 100.")
@_format
def metabank(
    *, male: bool, synchronous: bool, brain_metastases: bool, non_adenocarcinoma: bool, kps: int, format_: str
) -> None:
    """MetaBank score: a factor that is not named does not hold."""
    from sbrtcheck.reference_data import scores

    try:
        result = scores.metabank(
            male=male,
            synchronous=synchronous,
            brain_metastases=brain_metastases,
            non_adenocarcinoma=non_adenocarcinoma,
            kps=kps,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    _show(result, format_)


@score.command("de-vin", epilog=options.examples("sbrtcheck score de-vin --synchronous --intracranial"))
@_male
@_synchronous
@click.option("--intracranial", is_flag=True, help="Intracranial metastases.")
@_non_adenocarcinoma
@_format
def de_vin(*, male: bool, synchronous: bool, intracranial: bool, non_adenocarcinoma: bool, format_: str) -> None:
    """De Vin's risk factors: a factor that is not named does not hold."""
    from sbrtcheck.reference_data import scores

    result = scores.de_vin(
        male=male, synchronous=synchronous, intracranial=intracranial, non_adenocarcinoma=non_adenocarcinoma
    )
    _show(result, format_)


@score.command(epilog=options.examples("sbrtcheck score oligometastatic --count 3 --timing metachronous"))
@click.option("--count", type=click.IntRange(min=0), required=True, help="Number of metastases.")
@click.option("--timing", type=click.Choice(("synchronous", "metachronous")), required=True)
@_format
def oligometastatic(*, count: int, timing: str, format_: str) -> None:
    """Class of the disease by number of metastases and timing."""
    from sbrtcheck.reference_data import scores

    _show(scores.oligometastatic(count, scores.Timing(timing)), format_)


def _show(result: Score, format_: str) -> None:
    from sbrtcheck.render.scores import score_json, score_text

    streams.print_text(score_json(result) if format_ == "json" else score_text(result))

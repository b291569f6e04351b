"""Rows on organs in; a finding out where an organ is smaller than what is to be spared of it.

Nothing published on how large organs usually are is among the sources here. What is printed is how much of the lungs,
the liver and the kidneys has to be spared (`critical_volumes.csv`, with the confirmed row and the source of each): who
has less than that of an organ has lost a part of it, or it was contoured in part. Which of the two, no file tells, so
this is a question to the reader, whether a row on that volume is asked for or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from sbrtcheck.dvh import DVH, VolumeUnit
from sbrtcheck.judge.row import Case
from sbrtcheck.metric import DoseAtVolume, VolumeAtDose
from sbrtcheck.plan import Finding, FindingCode


def small_organ_findings(case: Case) -> Iterator[Finding]:
    """At most one; none for a row on a critical volume, which says that it is infeasible."""
    dvh, least = case.dvh, _critical_volumes().get(case.matched.organ)
    if least is None or not isinstance(dvh, DVH) or dvh.volume_unit is not VolumeUnit.CC:
        return
    volume_cc, source = least
    is_on_it = isinstance(case.row.metric, DoseAtVolume | VolumeAtDose) and case.row.metric.cold
    if dvh.volume < volume_cc and not is_on_it:
        text = (
            f"{dvh.volume:.4g} cc, smaller than the {volume_cc:g} cc that are to be spared of it ({source}): is the"
            " contour complete?"
        )
        yield Finding(code=FindingCode.SMALL_FOR_THE_ORGAN, text=text, subject=case.matched.contour)


@cache
def _critical_volumes() -> Mapping[str, tuple[float, str]]:
    """Organ -> how many cc of it are to be spared, and the source."""
    import csv
    import pkgutil  # importlib.resources needs 12 ms to import

    text = pkgutil.get_data(__package__, "critical_volumes.csv")
    assert text is not None  # noqa: S101 - None is of loaders that have no files
    rows = csv.DictReader(text.decode().splitlines())
    return {row["organ"]: (float(row["volume_cc"]), row["source"]) for row in rows}

"""Bundled tables -> what is usual in them for each part of the body: the yardstick that lint holds other tables to.

No number here is anybody's opinion: each is the largest, or the set, of what the bundled tables print. They are kept in
``constraints/yardsticks.json``, for reading all tables takes longer than a plan; ``python -m sbrtcheck.tables.yardsticks``
writes that file anew, and a test holds it to the tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sbrtcheck.bundled import shipped_root
from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Stat, Unit
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import organ_named
from sbrtcheck.tables.alpha_betas import AlphaBetas, read_alpha_betas
from sbrtcheck.tables.slips import first_limit, is_target
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint, Sites

_FILE = "yardsticks.json"
# Kinds of structures that TG-263 puts before the name: the artery in A_Aorta, the bone in Bone_Pelvic.
_KINDS = frozenset({"a", "v", "bag", "bone", "cavity", "glnd", "lobe", "ln", "musc", "nrv", "vb"})

ByFractions = Mapping[str, float]
"""Number of fractions, as JSON has it -> Gy."""


def body(name: str) -> str:
    """Part of the body that a structure belongs to: that of its TG-263 name, where it is a spelling of one.

    Examples
    --------
    >>> body("Lungs-GTV"), body("Lt Lung"), body("Kidney_Cortex"), body("A_Aorta"), body("Spinal cord")
    ('lung', 'lung', 'kidney', 'a_aorta', 'spinalcord')
    """
    parts = re.split(r"[-_]", (organ_named(name) or name).lower())
    length = 2 if parts[0] in _KINDS else 1
    return "_".join(parts[:length]).replace(" ", "").removesuffix("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardsticks:
    """What the bundled tables print, by part of the body (`body`).

    Parameters
    ----------
    critical_cc
        Critical volumes, in cc.
    hot_gy, cold_gy, mean_gy
        The highest limit of a hot dose (to any volume, or the maximum), of the dose to a critical volume, and of a mean
        dose, in Gy of physical dose, by number of fractions.
    hot_cc, hot_percent
        Volumes, in cc and in percent, that doses are limited to.
    at_largest_gy
        The highest dose that is allowed to the largest of these volumes in cc, in Gy.
    numbers
        Part of the body -> doses and metric -> limit -> a table that has it.
    printed
        The organ as printed, in small letters -> parts of the body that its rows are on.
    together
        Parts of the body that stand for each other, or are one organ, in a row or a list of expected organs.
    ratios
        α/β that were read: ``[lowest, highest]``, in Gy, and whether more cannot be meant.
    tissues_gy, all_gy
        The highest α/β of any tissue; the lowest and the highest of any tissue or tumour.
    """

    critical_cc: Mapping[str, Sequence[float]]
    hot_gy: Mapping[str, ByFractions]
    cold_gy: Mapping[str, ByFractions]
    mean_gy: Mapping[str, ByFractions]
    hot_cc: Mapping[str, Sequence[float]]
    hot_percent: Mapping[str, Sequence[float]]
    at_largest_gy: Mapping[str, float]
    numbers: Mapping[str, Mapping[str, Mapping[str, str]]]
    printed: Mapping[str, Sequence[str]]
    together: Mapping[str, Sequence[str]]
    ratios: Mapping[str, Sequence[float | bool]]
    tissues_gy: float
    all_gy: Sequence[float]

    @classmethod
    def of(cls, tables: Iterable[ConstraintTable], sites: Sites, alpha_betas: AlphaBetas) -> Yardsticks:
        """Gather them."""
        rows = [(table, row) for table in tables for row in table.rows if not is_target(row)]
        critical: dict[str, set[float]] = {}
        doses: dict[str, dict[str, dict[str, float]]] = {"hot": {}, "cold": {}, "mean": {}}
        volumes: dict[Unit, dict[str, set[float]]] = {Unit.CC: {}, Unit.PERCENT: {}}
        at_volume: dict[str, dict[float, float]] = {}
        numbers: dict[str, dict[str, dict[str, str]]] = {}
        printed: dict[str, set[str]] = {}
        together: dict[str, set[str]] = {}
        for table, row in rows:
            bodies = bodies_of(row)
            printed.setdefault(" ".join(row.organ.lower().split()), set()).update(bodies)
            for one in bodies:
                together.setdefault(one, set()).update(bodies)
                same = numbers.setdefault(one, {}).setdefault(dose_key(row, str(row.metric)), {})
                same.setdefault(f"{first_limit(row):g}", table.id)
                _add_doses(doses, one, table, row)
                match row.metric:
                    case DoseAtVolume(cold=True, volume_unit=Unit.CC, volume=volume):
                        critical.setdefault(one, set()).add(volume)
                    case DoseAtVolume(cold=False, volume_unit=unit, volume=volume) if row.is_upper_limit:
                        volumes[unit].setdefault(one, set()).add(volume)
                        if unit is Unit.CC and _is_physical_gy(row):
                            at = at_volume.setdefault(one, {})
                            at[volume] = max(at.get(volume, 0.0), highest_limit(row))
        for organ in (organ for site in sites.sites for organ in site.expects):
            bodies = {body(name) for name in organ.structures}
            for one in bodies:
                together.setdefault(one, set()).update(bodies)
        ratios: dict[str, Sequence[float | bool]] = {
            one: (tissue.lowest_gy, tissue.highest_gy, tissue.late_only)
            for tissue in alpha_betas.tissues
            for one in dict.fromkeys(map(body, tissue.structures))
        }
        tissues = alpha_betas.tissues
        return cls(
            critical_cc=_sorted(critical),
            hot_gy=doses["hot"],
            cold_gy=doses["cold"],
            mean_gy=doses["mean"],
            hot_cc=_sorted(volumes[Unit.CC]),
            hot_percent=_sorted(volumes[Unit.PERCENT]),
            at_largest_gy={one: at[max(at)] for one, at in at_volume.items()},
            numbers=numbers,
            printed=_sorted(printed),
            together=_sorted(together),
            ratios=ratios,
            tissues_gy=max(tissue.highest_gy for tissue in tissues),
            all_gy=(
                min(alpha_betas.tumours.lowest_gy, *(tissue.lowest_gy for tissue in tissues)),
                max(alpha_betas.tumours.highest_gy, *(tissue.highest_gy for tissue in tissues)),
            ),
        )

    def critical(self, row: Constraint) -> frozenset[float]:
        """Critical volumes that are printed for an organ of the row, in cc."""
        return frozenset(volume for one in bodies_of(row) for volume in self.critical_cc.get(one, ()))


def bodies_of(row: Constraint) -> tuple[str, ...]:
    """Parts of the body that the row is on, each once."""
    return tuple(dict.fromkeys(map(body, row.structures)))


def highest_limit(row: Constraint) -> float:
    """The highest number of the row that a plan may reach, acceptable variations and limits by volume included."""
    return max(row.numbers.values())


def dose_key(row: Constraint, metric: str) -> str:
    """The metric, and what its doses are."""
    return f"{metric} {row.quantity} {row.alpha_beta_gy or ''}".strip()


def _is_physical_gy(row: Constraint) -> bool:
    return row.quantity is Quantity.PHYSICAL and row.metric.unit is Unit.GY


def _add_doses(doses: Mapping[str, dict[str, dict[str, float]]], one: str, table: ConstraintTable, row: Constraint) -> None:
    if not _is_physical_gy(row) or not row.is_upper_limit:
        return
    match row.metric:
        case DoseAtVolume(cold=cold):
            kind = "cold" if cold else "hot"
        case DoseStatistic(stat=Stat.MAX):
            kind = "hot"
        case DoseStatistic(stat=Stat.MEAN):
            kind = "mean"
        case _:
            return
    highest = doses[kind].setdefault(one, {})
    for number in table.fractions:
        highest[str(number)] = max(highest.get(str(number), 0.0), highest_limit(row))


def _sorted(sets: Mapping[str, set[Any]]) -> dict[str, list[Any]]:
    return {key: sorted(values) for key, values in sets.items()}


@cache
def load_yardsticks() -> Yardsticks:
    """Those of the bundled tables."""
    return Yardsticks(**json.loads(shipped_root().joinpath(_FILE).read_bytes()))


def yardsticks_text() -> str:
    """The text of the file, made anew from the bundled tables."""
    from sbrtcheck.tables.load import bundled_tables
    from sbrtcheck.tables.sites import load_sites

    made = Yardsticks.of(bundled_tables(), load_sites(), read_alpha_betas())
    return json.dumps(asdict(made), indent=0, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(__file__).resolve().parents[3].joinpath("constraints", _FILE).write_text(yardsticks_text(), encoding="utf-8")

"""Bundled tables -> what is usual in them for each part of the body: the yardstick that lint holds other tables to.

No number here is anybody's opinion: each is the largest, or the set, of what the bundled tables print. They are kept in
``constraints/yardsticks.json``, for reading all tables takes longer than checking a plan. A test holds it to the
tables; ``python -m sbrtcheck.tables.yardsticks`` writes it anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

from sbrtcheck.bundled import shipped_root
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    IsodoseRatio,
    MaxDoseAtDistance,
    Stat,
    Unit,
    VolumeOutside,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import organ_named, parts, target_taken_out
from sbrtcheck.tables.alpha_betas import AlphaBetas, read_alpha_betas
from sbrtcheck.tables.slips import first_limit, is_target
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint, Sites

_FILE = "yardsticks.json"
_BOWEL = "bowel"
_HOT = "hot"
# Kinds of structures that TG-263 puts before the name: the artery in A_Aorta, the bone in Bone_Pelvic.
_KINDS = frozenset({"a", "v", "bag", "bone", "cavity", "glnd", "lobe", "ln", "musc", "nrv", "vb"})

ByFractions = Mapping[str, Sequence[Sequence[float]]]
"""Number of fractions, as JSON has it -> volumes and the highest limit of the dose to each, ``[cc, Gy]``."""

SHARE_CC = 1e9
"""Stands, with the percent added, for a share of an organ: larger than any in cc, for it is not known which it is."""

WHOLE_BODY = frozenset({"body", "external"})
"""The whole patient, the target included: no organ."""

POINT_CC = 0.1
"""Volumes up to this stand for the maximum in bundled tables."""


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
    hot_gy
        Limits of hot doses, acceptable variations included, in Gy of physical dose, by number of fractions and by
        volume: 0 cc for the maximum, `SHARE_CC` and the percent for a share.
    cold_gy, mean_gy
        The highest limits of doses to critical volumes, and of mean doses, likewise.
    hot_cc, hot_percent
        Volumes, in cc and in percent, that doses are limited to.
    numbers
        Part of the body -> doses and metric -> limit -> tables that have it, with their numbers of fractions.
    printed
        The organ as printed, in small letters -> parts of the body that its rows are on.
    without_target
        Parts of the body that a row measures without the target in it.
    together
        Parts of the body that stand for each other, or are one organ, in a row or a list of expected organs; or one of
        which is a part of the other.
    apart
        Parts of the body that a list of expected organs has as organs of their own: none is a part of another, or
        stands for it. Without the bowel, whose parts are listed beside it.
    ratios
        α/β that were read: ``[lowest, highest]``, in Gy, and whether more cannot be meant.
    tissues_gy, all_gy
        The highest α/β of any tissue; the lowest and the highest of any tissue or tumour.
    around_targets
        The highest limits, acceptable variations included, of each metric of what surrounds a target: ``R50%[ratio]``.
    tumours_gy
        The highest α/β of any tumour, without the ends of intervals.
    """

    critical_cc: Mapping[str, Sequence[float]]
    hot_gy: Mapping[str, ByFractions]
    cold_gy: Mapping[str, ByFractions]
    mean_gy: Mapping[str, ByFractions]
    hot_cc: Mapping[str, Sequence[float]]
    hot_percent: Mapping[str, Sequence[float]]
    numbers: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Sequence[int]]]]]
    printed: Mapping[str, Sequence[str]]
    without_target: Sequence[str]
    together: Mapping[str, Sequence[str]]
    apart: Mapping[str, Sequence[str]]
    ratios: Mapping[str, Sequence[float | bool]]
    tissues_gy: float
    all_gy: Sequence[float]
    around_targets: Mapping[str, float] = field(default_factory=dict)
    tumours_gy: float | None = None

    @classmethod
    def of(cls, tables: Iterable[ConstraintTable], sites: Sites, alpha_betas: AlphaBetas) -> Yardsticks:
        """Gather them."""
        gathered = _Gathered()
        for table in tables:
            for row in table.rows:
                if not is_target(row):
                    gathered.add(table, row)
                elif row.is_upper_limit and isinstance(row.metric, IsodoseRatio | MaxDoseAtDistance | VolumeOutside):
                    gathered.add_around(str(row.metric), highest_limit(row))
        for organ in (organ for site in sites.sites for organ in site.expects):
            gathered.add_together(list(dict.fromkeys(map(body, organ.structures))))
        for part, whole in parts():
            gathered.add_together([body(part), body(whole)])
        tissues, tumours = alpha_betas.tissues, alpha_betas.tumours
        return cls(
            critical_cc=_sorted(gathered.critical_cc),
            hot_gy=gathered.doses(_HOT),
            cold_gy=gathered.doses("cold"),
            mean_gy=gathered.doses("mean"),
            hot_cc=_sorted(gathered.hot_volumes[Unit.CC]),
            hot_percent=_sorted(gathered.hot_volumes[Unit.PERCENT]),
            numbers=gathered.numbers,
            printed=_sorted(gathered.printed),
            without_target=sorted(gathered.without_target),
            together=_sorted(gathered.together),
            apart=_sorted(_apart(sites)),
            ratios={
                one: (tissue.lowest_gy, tissue.highest_gy, tissue.late_only)
                for tissue in tissues
                for one in map(body, tissue.structures)
            },
            tissues_gy=max(tissue.highest_gy for tissue in tissues),
            all_gy=(
                min(tumours.lowest_gy, *(tissue.lowest_gy for tissue in tissues)),
                max(tumours.highest_gy, *(tissue.highest_gy for tissue in tissues)),
            ),
            around_targets=gathered.around_targets,
            tumours_gy=tumours.highest_value_gy,
        )

    def critical(self, row: Constraint) -> frozenset[float]:
        """Critical volumes that are printed for an organ of the row, in cc."""
        return frozenset(volume for one in bodies_of(row) for volume in self.critical_cc.get(one, ()))

    def is_serial(self, row: Constraint) -> bool:
        """Whether bundled tables limit the hot doses of all that the row is on, and set a critical volume for none."""
        bodies = bodies_of(row)
        return all(one in self.hot_gy for one in bodies) and not any(one in self.critical_cc for one in bodies)

    def hot_limits(self, row: Constraint, fractions: int) -> list[tuple[float, float]]:
        """Volumes, and each dose that a bundled table limits that much of the row's organ to in so many fractions."""
        pairs = (pair for one in bodies_of(row) for pair in self.hot_gy.get(one, {}).get(str(fractions), ()))
        return [(cc, gy) for cc, gy in pairs]

    def hot_limits_from(self, row: Constraint, fractions: int) -> list[tuple[float, float]]:
        """The same for so many fractions, or for the next larger number that a bundled table has for the organ."""
        known = {
            int(number) for one in bodies_of(row) for number in self.hot_gy.get(one, {}) if int(number) >= fractions
        }
        return self.hot_limits(row, min(known)) if known else []

    def highest_of_all(self, fractions: int) -> dict[int, float]:
        """The highest dose that bundled tables allow any organ, by number of fractions, from so many on."""
        highest: dict[int, float] = {}
        for by_number in self.hot_gy.values():
            for number, doses in by_number.items():
                if int(number) >= fractions:
                    highest[int(number)] = max(highest.get(int(number), 0.0), *(gy for _, gy in doses))
        return highest

    def largest_hot_cc(self, row: Constraint) -> float:
        """The largest volume in cc that the dose to the row's organ, or to one that stands for it, is limited in."""
        bodies = {other for one in bodies_of(row) for other in (one, *self.together.get(one, ()))}
        of_numbers = (doses for one in bodies for doses in self.hot_gy.get(one, {}).values())
        return max((cc for doses in of_numbers for cc, _ in doses if cc < SHARE_CC), default=0.0)

    def limits_with(self, row: Constraint, metric: str) -> dict[str, dict[str, Sequence[int]]]:
        """The limits that tables have for the organ of the row with this metric: tables, their numbers of fractions."""
        found: dict[str, dict[str, Sequence[int]]] = {}
        for one in bodies_of(row):
            for limit, tables in self.numbers.get(one, {}).get(_dose_key(row, metric), {}).items():
                found.setdefault(limit, {}).update(tables)
        return found

    def tables_with(self, row: Constraint, metric: str, limit: float) -> dict[str, Sequence[int]]:
        """Tables that have the organ of the row with this metric and limit; and their numbers of fractions."""
        return self.limits_with(row, metric).get(f"{limit:g}", {})


def bodies_of(row: Constraint) -> tuple[str, ...]:
    """Parts of the body that the row is on, each once."""
    return tuple(dict.fromkeys(map(body, row.structures)))


_LEFT_OUT = re.compile(
    r"[-\u2010-\u2015\u2212] ?i?[pcgi]tv|\b(minus|without|outside|excluding|excl|except|adjacent|spared|uninvolved"
    r"|normal|healthy|ohne|au[sß]+erhalb|sans|hors|menos|fuera|senza|zonder|buiten)\b",
    re.IGNORECASE,
)


def called_without(row: Constraint) -> bool:
    """Whether the organ as printed is itself one without something: ``Esophagus, non-adjacent wall``."""
    return _LEFT_OUT.search(row.organ) is not None


def words_of(text: str) -> str:
    """The text in small letters, with one space between words."""
    return " ".join(text.lower().split())


def highest_limit(row: Constraint) -> float:
    """The highest number of the row that a plan may reach, acceptable variations and limits by volume included."""
    return max(row.numbers.values())


def _dose_key(row: Constraint, metric: str) -> str:
    """The metric, and what its doses are."""
    return f"{metric} {row.quantity} {row.alpha_beta_gy or ''}".strip()


@dataclass(slots=True)
class _Gathered:
    """What rows print, while it is gathered."""

    critical_cc: dict[str, set[float]] = field(default_factory=dict)
    allowed: dict[tuple[str, str, int, float], set[float]] = field(default_factory=dict)
    hot_volumes: dict[Unit, dict[str, set[float]]] = field(default_factory=lambda: {Unit.CC: {}, Unit.PERCENT: {}})
    numbers: dict[str, dict[str, dict[str, dict[str, list[int]]]]] = field(default_factory=dict)
    printed: dict[str, set[str]] = field(default_factory=dict)
    without_target: set[str] = field(default_factory=set)
    together: dict[str, set[str]] = field(default_factory=dict)
    around_targets: dict[str, float] = field(default_factory=dict)

    def add_around(self, metric: str, limit: float) -> None:
        """Gather what a row prints of what surrounds a target."""
        self.around_targets[metric] = max(limit, self.around_targets.get(metric, 0.0))

    def add(self, table: ConstraintTable, row: Constraint) -> None:
        """Gather what a row of an organ prints."""
        bodies = bodies_of(row)
        self.printed.setdefault(words_of(row.organ), set()).update(bodies)
        self.add_together(bodies)
        self.without_target.update(body(name) for name in row.structures if target_taken_out(name))
        for one in bodies:
            same_metric = self.numbers.setdefault(one, {}).setdefault(_dose_key(row, str(row.metric)), {})
            same_metric.setdefault(f"{first_limit(row):g}", {})[table.id] = list(table.fractions)
            self._add_volume(one, row)
            self._add_dose(one, table, row)

    def add_together(self, bodies: Sequence[str]) -> None:
        """Gather parts of the body that stand for each other."""
        for one in bodies:
            self.together.setdefault(one, set()).update(bodies)

    def _add_volume(self, one: str, row: Constraint) -> None:
        match row.metric:
            case DoseAtVolume(cold=True, volume_unit=Unit.CC, volume=volume):
                self.critical_cc.setdefault(one, set()).add(volume)
            case DoseAtVolume(cold=False, volume_unit=unit, volume=volume):
                self.hot_volumes[unit].setdefault(one, set()).add(volume)
            case _:
                pass

    def _add_dose(self, one: str, table: ConstraintTable, row: Constraint) -> None:
        if row.quantity is not Quantity.PHYSICAL or row.metric.unit is not Unit.GY:
            return
        match row.metric:
            case DoseAtVolume(cold=cold, volume=volume, volume_unit=unit):
                kind, cc = ("cold" if cold else _HOT), volume if unit is Unit.CC else SHARE_CC + volume
            case DoseStatistic(stat=Stat.MAX):
                kind, cc = _HOT, 0.0
            case DoseStatistic(stat=Stat.MEAN):
                kind, cc = "mean", 0.0
            case _:
                return
        for number in table.fractions:
            numbers = row.numbers.values() if kind == _HOT else (highest_limit(row),)
            self.allowed.setdefault((kind, one, number, cc), set()).update(numbers)

    def doses(self, kind: str) -> dict[str, dict[str, list[tuple[float, float]]]]:
        """Limits of a kind, by part of the body, number of fractions and volume: all of hot doses, else the highest."""
        doses: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for (of_kind, one, number, cc), allowed in sorted(self.allowed.items()):
            if of_kind == kind:
                shown = sorted(allowed) if kind == _HOT else [max(allowed)]
                doses.setdefault(one, {}).setdefault(str(number), []).extend((cc, gy) for gy in shown)
        return doses


def _apart(sites: Sites) -> dict[str, set[str]]:
    apart: dict[str, set[str]] = {}
    for site in sites.sites:
        organs = [bodies for organ in site.expects if _BOWEL not in (bodies := {*map(body, organ.structures)})]
        for one, other in permutations(organs, 2):
            for part in one - other:
                apart.setdefault(part, set()).update(other - one)
    return apart


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

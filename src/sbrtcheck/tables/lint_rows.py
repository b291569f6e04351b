"""Row of a table -> remarks on what loads and cannot be meant: hot for cold, cc for percent, the wrong structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    EquivalentUniformDose,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    Unit,
    VolumeAtDose,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import TARGETS, known_names
from sbrtcheck.tables.limits import LimitByVolume
from sbrtcheck.tables.shape_faults import nearest
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint, RowSide, Select, sides_of

# What gives a slip away; none of these is a dose limit.
_MAX_GY = 150.0  # far more than any course of SBRT: the number is in cGy
_MAX_FRACTION = 2.0  # a percentage this small is a fraction: 0.95 for 95 %
_MIN_PERCENT = 0.1  # D0.035%: somebody meant cc
_THIRDS = (100 / 3, 200 / 3)
_SAME = 0.1
_NEAR_NAME = 85.0

_SIDE = re.compile(r"_[LR]$")
_PRINTED_SIDE = re.compile(r"\b(ipsi|contra)(?=-?lateral)", re.IGNORECASE)
_MAXIMUM = re.compile(r"\b(d?max|maximum)\b", re.IGNORECASE)
_POINT = re.compile(r"\bd?0[.,]0\d+ ?cc\b", re.IGNORECASE)
_FRACTIONS = re.compile(r"(?<![\d.])(\d{1,2})[ -]?(?:fx|fractions?)\b", re.IGNORECASE)

_KIDNEYS = ("Kidney_L", "Kidney_R", "Kidneys")
# Pattern of the printed organ, structures that are not it, what it is called, and the structures that are it.
_OTHER_THAN: tuple[tuple[re.Pattern[str], tuple[str, ...], str, str], ...] = (
    (re.compile(r"hilum|trunk|pedicle", re.I), _KIDNEYS, "the hilum", "Kidney_Hilum_L, Kidney_Hilum_R"),
    (re.compile(r"cortex", re.I), _KIDNEYS, "the cortex", "Kidney_Cortex"),
    (re.compile(r"canal", re.I), ("SpinalCord",), "the canal", "SpinalCanal"),
    (re.compile(r"thecal", re.I), ("SpinalCord",), "the thecal sac", "ThecalSac"),
    (re.compile(r"\bprv\b", re.I), ("SpinalCord",), "a PRV", "SpinalCord_PRV"),
    (re.compile(r"^(?!.*\brib).*chest ?wall", re.I), ("Rib", "Ribs"), "the chest wall", "Chestwall"),
)


class Level(StrEnum):
    """How sure a remark is."""

    ERROR = "error"  # the row cannot be meant as written
    WARNING = "warning"  # it may, and a reader should be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A remark on a row, before its place is put to it."""

    level: Level
    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """The bundled tables, to compare a row with: their rows, and the critical volumes of each organ in cc."""

    tables: tuple[ConstraintTable, ...]
    critical_cc: Mapping[str, frozenset[float]]

    @classmethod
    def of(cls, tables: tuple[ConstraintTable, ...]) -> Shipped:
        """Gather them."""
        critical_cc: dict[str, set[float]] = {}
        for row in (row for table in tables for row in table.rows):
            if isinstance(row.metric, DoseAtVolume) and row.metric.cold and row.metric.volume_unit is Unit.CC:
                for name in row.structures:
                    critical_cc.setdefault(_body(name), set()).add(row.metric.volume)
        return cls(tables=tables, critical_cc={body: frozenset(volumes) for body, volumes in critical_cc.items()})

    def critical(self, row: Constraint) -> frozenset[float]:
        """Critical volumes that are printed for an organ of the row, in cc."""
        none: frozenset[float] = frozenset()
        return none.union(*(self.critical_cc.get(_body(name), none) for name in row.structures))


def slips(table: ConstraintTable, row: Constraint, shipped: Shipped) -> Iterator[Slip]:
    """Everything that seems wrong with one row."""
    for check in _CHECKS:
        yield from check(table, row, shipped)


def is_target(row: Constraint) -> bool:
    """Whether the row is of a target: more dose is better there."""
    return all(name.upper().startswith(TARGETS) for name in row.structures)


def first_limit(row: Constraint) -> float:
    """The limit as typed, to look for slips; of a limit by volume the first, which shows them as well as any."""
    return row.limit.steps[0].limit if isinstance(row.limit, LimitByVolume) else row.limit


def same_doses(first: Constraint, second: Constraint) -> bool:
    """Whether the doses of two rows are the same quantity, so that their numbers can be compared."""
    return (first.quantity, first.alpha_beta_gy) == (second.quantity, second.alpha_beta_gy)


def _body(name: str) -> str:
    """Part of the body that a structure belongs to: ``lung`` for Lungs-GTV and Lung_L, ``kidney`` for Kidney_Cortex."""
    return re.split(r"[-_]", name, maxsplit=1)[0].lower().removesuffix("s")


def _error(what: str, hint: str) -> Slip:
    return Slip(level=Level.ERROR, what=what, hint=hint)


def _warning(what: str, hint: str) -> Slip:
    return Slip(level=Level.WARNING, what=what, hint=hint)


def _summary(row: Constraint) -> str:
    return f"'{row.metric}' {row.sense} {first_limit(row):g}"


# -------------------------------------------------------------------------------- hot and cold


def _hot_for_cold(_table: ConstraintTable, row: Constraint, shipped: Shipped) -> Iterator[Slip]:
    """Critical volumes written as hot ones: large organs fail and small ones pass."""
    critical = shipped.critical(row)
    if not critical or is_target(row) or not row.is_upper_limit:
        return
    organ, limit = row.structures[0], first_limit(row)
    match row.metric:
        case VolumeAtDose(cold=False, unit=Unit.CC, dose=dose, dose_unit=unit):
            cold = f"'DC{limit:g}cc[{unit}]' below {dose:g}, or 'CV{dose:g}{unit}[cc]' at_least {limit:g}"
            if limit in critical:
                what = f"{_summary(row)} passes a small organ: {limit:g} cc is a critical volume of {organ}"
                yield _error(what, f"write {cold}")
            elif limit > min(critical) / 2:
                what = f"{_summary(row)} is the volume of {organ} that receives at least the dose"
                yield _warning(what, f"if the source says 'at least {limit:g} cc below', write {cold}")
        case DoseAtVolume(cold=False, volume_unit=Unit.CC, volume=volume) if volume in critical:
            what = f"{_summary(row)} is of the hottest {volume:g} cc, and that is a critical volume of {organ}"
            yield _error(what, f"write 'DC{volume:g}cc[{row.metric.unit}]', the dose to the coldest {volume:g} cc")
        case _:
            pass


def _asks_for_dose(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """An organ that has to receive a dose: the sense or the side of the volume is wrong."""
    if is_target(row) or row.is_upper_limit:
        return
    match row.metric:
        case VolumeAtDose(cold=False, unit=Unit.CC, dose=dose, dose_unit=unit):
            cold = f"'CV{dose:g}{unit}[cc]' {row.sense} {first_limit(row):g}"
            yield _error(f"{_summary(row)} asks for dose in {row.structures[0]}", f"to spare a volume, write {cold}")
        case DoseAtVolume(cold=False) | VolumeAtDose(cold=False) | DoseStatistic() | EquivalentUniformDose():
            yield _error(f"{_summary(row)} asks for dose in {row.structures[0]}", "write below or at_most")
        case _:
            pass


def _caps_coverage(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """A target that must not be covered."""
    if not is_target(row) or not row.is_upper_limit:
        return
    match row.metric:
        case VolumeAtDose(cold=False, dose_unit=Unit.PERCENT_RX, dose=dose) if dose <= 100:
            yield _warning(f"{_summary(row)} caps the coverage of {row.structures[0]}", "write at_least or above")
        case DoseAtVolume(cold=False, volume_unit=Unit.PERCENT, volume=volume) if volume >= 50:
            yield _warning(f"{_summary(row)} caps the coverage of {row.structures[0]}", "write at_least or above")
        case _:
            pass


def _per_side(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """Critical volumes are of both sides together."""
    cold = isinstance(row.metric, DoseAtVolume | VolumeAtDose) and row.metric.cold
    in_cc = isinstance(row.metric, DoseAtVolume) and row.metric.volume_unit is Unit.CC
    in_cc |= isinstance(row.metric, VolumeAtDose) and row.metric.unit is Unit.CC
    one_side = row.select is not Select.UNION and any(_SIDE.search(name) for name in row.structures)
    if cold and in_cc and one_side:
        sides = sorted({_SIDE.sub("", name) + side for name in row.structures for side in ("_L", "_R")})
        what = f"'{row.metric}' is asked of one side, and a critical volume is of both together"
        yield _error(what, f"write structure: {{union: [{', '.join(sides)}]}}")


# -------------------------------------------------------------------------------- units


def _thirds_in_cc(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """Thirds of an organ, in percent, that were written in cc."""
    match row.metric:
        case DoseAtVolume(volume_unit=Unit.CC, volume=volume, unit=unit, cold=cold) if _is_third(volume):
            hint = f"'{'DC' if cold else 'D'}{volume:g}%[{unit}]'"
        case VolumeAtDose(unit=Unit.CC, dose=dose, dose_unit=unit, cold=cold) if _is_third(first_limit(row)):
            hint = f"'{'CV' if cold else 'V'}{dose:g}{unit}[%]'"
        case _:
            return
    yield _error(f"{_summary(row)} has a third of an organ in cc", f"if percent is meant, write {hint}")


def _is_third(number: float) -> bool:
    return number % 1 != 0 and any(abs(number - third) < _SAME for third in _THIRDS)


def _small_percentage(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    metric = row.metric
    if isinstance(metric, DoseAtVolume) and metric.volume_unit is Unit.PERCENT and metric.volume < _MIN_PERCENT:
        what = f"'{metric}' is of {metric.volume:g} percent of the organ"
        yield _warning(what, f"if cc is meant, write 'D{metric.volume:g}cc[{metric.unit}]'")


def _magnitude(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """Gray that are centigray, percentages that are fractions."""
    metric, limit = row.metric, first_limit(row)
    in_percent = f"{100 * limit:g}"
    course = row.quantity is Quantity.PHYSICAL and not isinstance(metric, PrescriptionMetric)  # a BED may well be more
    if metric.unit is Unit.GY and course and limit > _MAX_GY:
        yield _error(f"a limit of {limit:g} Gy", f"if it is in cGy, write {limit / 100:g}")
    if metric.unit is Unit.PERCENT_RX and limit <= _MAX_FRACTION:
        yield _error(f"a limit of {limit:g} % of the prescription", f"if it is a fraction, write {in_percent}")
    if metric.unit is Unit.PERCENT and limit <= 1:
        remark = _warning if row.is_upper_limit else _error
        yield remark(f"a limit of {limit:g} % of the volume", f"if it is a fraction, write {in_percent}")
    if not isinstance(metric, VolumeAtDose):
        return
    if metric.dose_unit is Unit.GY and course and metric.dose > _MAX_GY:
        yield _error(f"'{metric}': a dose of {metric.dose:g} Gy", f"if it is in cGy, write {metric.dose / 100:g}Gy")
    if metric.dose_unit is Unit.PERCENT_RX and 0 < metric.dose <= _MAX_FRACTION:
        what = f"'{metric}': a dose of {metric.dose:g} % of the prescription"
        yield _error(what, f"if it is a fraction, write {100 * metric.dose:g}%Rx")


def _other_unit_than_bundled(table: ConstraintTable, row: Constraint, shipped: Shipped) -> Iterator[Slip]:
    """The numbers of a bundled row, with cc and percent changed about."""
    twin = (_in_other_unit(row), first_limit(row))
    for other in shipped.tables:
        for bundled_row in other.rows:
            same_organ = {_body(n) for n in bundled_row.structures} & {_body(n) for n in row.structures}
            same_organ = same_organ if same_doses(bundled_row, row) else set()
            if other.id != table.id and same_organ and (str(bundled_row.metric), first_limit(bundled_row)) == twin:
                what = f"{_summary(row)}, where {other.id} has '{bundled_row.metric}' with the same number"
                yield _error(what, f"if that is the row meant, write '{bundled_row.metric}'")
                return


def _in_other_unit(row: Constraint) -> str:
    match row.metric:
        case VolumeAtDose(unit=unit):
            return str(row.metric).replace(f"[{unit}]", "[%]" if unit is Unit.CC else "[cc]")
        case DoseAtVolume(volume_unit=unit, unit=out):
            return str(row.metric).replace(f"{unit}[{out}]", f"{'%' if unit is Unit.CC else 'cc'}[{out}]")
        case _:
            return ""


# -------------------------------------------------------------------------------- printed text against numbers


def _point_or_maximum(table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """A dose to a small volume is no maximum, and the reverse; the note may tell that one was used for the other."""
    text = f"{row.organ} {row.id.replace('-', ' ')}"
    match row.metric:
        case DoseAtVolume(cold=False, volume=volume, volume_unit=Unit.CC) if _MAXIMUM.search(text):
            if f"{volume:g} cc" not in f"{row.note} {table.note}":
                what = f"called a maximum, and '{row.metric}' is the dose to {volume:g} cc"
                yield _warning(what, f"write 'Max[{row.metric.unit}]', or say in note that {volume:g} cc was used")
        case DoseStatistic(stat=Stat.MAX) if point := _POINT.search(text):
            volume_text = point[0].lower().removeprefix("d").replace(" ", "").replace(",", ".")
            what = f"called the dose to {volume_text}, and '{row.metric}' is the hottest point"
            yield _warning(what, f"write 'D{volume_text}[{row.metric.unit}]'")
        case _:
            pass


def _other_structure(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    text = f"{row.organ} {row.id.replace('-', ' ')}"
    for pattern, structures, part, right in _OTHER_THAN:
        wrong = [name for name in _first_named(row) if name in structures]
        if wrong and pattern.search(text):
            what = f"printed for '{row.organ}', and measured on {', '.join(wrong)}"
            yield _error(what, f"{part} is another structure: write {right}")
            return


def _first_named(row: Constraint) -> tuple[str, ...]:
    """What the row is on; what may stand in for it, where the plan does not have it, is said in the report."""
    return row.choices[0].structures if row.choices else row.structures


def _side_not_said(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """Printed for the organ on one side of the target, and asked of both."""
    printed = _PRINTED_SIDE.search(row.organ)
    if printed is None or sides_of(row.structures) is None:
        return
    if row.side is None:
        side = RowSide.CONTRALATERAL if printed[0].lower().startswith("contra") else RowSide.IPSILATERAL
        yield _warning(f"printed for '{row.organ}', and asked of both sides", f"add side: {side}")
    elif not row.side.startswith(printed[0].lower()):
        yield _error(f"printed for '{row.organ}', and side is {row.side}", "correct side, or organ")


def _other_fractions(table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """A row that names a fraction number which its table does not hold for."""
    for text in (row.id, row.organ, row.source.where):
        for mention in _FRACTIONS.finditer(text):
            if not table.holds_for(int(mention[1])):
                what = f"'{text}' says {mention[1]} fractions, and the table is for {table.fractions_text()}"
                yield _error(what, "move the row to its table, or correct the text")
                return


def _misspelt_names(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    names = known_names()
    for name in row.structures:
        suggestion = "" if name in names else nearest(name, sorted(names), score=_NEAR_NAME)
        if suggestion:
            yield _warning(f"'{name}' is no TG-263 name", f"did you mean '{suggestion}'?")


def _volume_of_nothing(_table: ConstraintTable, row: Constraint, _shipped: Shipped) -> Iterator[Slip]:
    """An upper limit on an organ's own volume, which no plan can change."""
    if isinstance(row.metric, StructureVolume) and not is_target(row) and row.is_upper_limit:
        yield _warning(f"{_summary(row)} limits the size of {row.structures[0]}", "is a volume at a dose meant?")


_CHECKS: tuple[Callable[[ConstraintTable, Constraint, Shipped], Iterator[Slip]], ...] = (
    _hot_for_cold,
    _asks_for_dose,
    _caps_coverage,
    _per_side,
    _thirds_in_cc,
    _small_percentage,
    _magnitude,
    _other_unit_than_bundled,
    _point_or_maximum,
    _other_structure,
    _side_not_said,
    _other_fractions,
    _misspelt_names,
    _volume_of_nothing,
)

"""Row of a table -> remarks on what loads and cannot be meant: hot for cold, cc for percent, the wrong structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    EquivalentUniformDose,
    IsodoseRatio,
    MaxDoseAtDistance,
    Metric,
    PrescriptionMetric,
    Stat,
    StructureVolume,
    Unit,
    VolumeAtDose,
    VolumeOutside,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import TARGETS, known_names, organ_named, target_taken_out, without_margin
from sbrtcheck.tables.lint_copies import COPY_CHECKS
from sbrtcheck.tables.lint_equivalents import EQUIVALENT_CHECKS
from sbrtcheck.tables.lint_numbers import NUMBER_CHECKS, physical_dose
from sbrtcheck.tables.lint_organs import ORGAN_CHECKS
from sbrtcheck.tables.lint_serial import SERIAL_CHECKS
from sbrtcheck.tables.shape_faults import nearest
from sbrtcheck.tables.slips import MAX_FRACTION, MAX_GY, Slip, error, first_limit, is_target, printed, summary, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint, RowSide, sides_of
from sbrtcheck.tables.yardsticks import Yardsticks, bodies_of

# What gives a slip away; none of these is a dose limit.
_MIN_PERCENT = 0.1  # D0.035%: somebody meant cc
_THIRDS = (100 / 3, 200 / 3)
_SAME = 0.1
_NEAR_NAME = 85.0
_TWICE = 2.0
_ROUND = 5
_WHOLE, _MOST = 100.0, 90.0  # percent

_PRINTED_SIDE = re.compile(r"\b(ipsi|h?omo|contra|kontra|contro)(?=-?lat[eé]r)", re.IGNORECASE)
_MAXIMUM = re.compile(r"\b(d?max|maximum)\b", re.IGNORECASE)
_POINT = re.compile(r"\bd?0[.,]0\d+ ?cc\b", re.IGNORECASE)
_NUMBERS = ("", "single", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_FRACTIONS = re.compile(  # 5# is how it is written in the United Kingdom; #5 is a number of something else
    rf"(?<![\w.])(\d{{1,2}}|{'|'.join(_NUMBERS[1:])})[ -]?"
    r"(?:(?:fx|fra[ck][tc]?i[oó]ns?|fraktionen|fracciones|fra[cç][oõ]es|frazioni|fracties|s[eé]ances)\b|\#)",
    re.IGNORECASE,
)

_CORD = re.compile(r"\bcord\b", re.IGNORECASE)
_BREAK = re.compile(r"[(,;:/]")
_WITHOUT = re.compile(r"\b(without|no|not|excluding|minus|ohne|sans|hors|sin|senza|zonder)\b", re.IGNORECASE)
# Another number of fractions than the plan's is meant: a range, an earlier course, what an EQD2 is compared with.
_NOT_THE_PLANS = re.compile(
    r"\d ?(-|–|to|or|and) ?\d+[ -]?(fx|fraction)|[<>≤≥]"
    r"|\b(up to|at most|or (fewer|less|more)|than|until|before|after|earlier|prior|previous(ly)?"
    r"|equivalent|eqd2|bed)\b",
    re.IGNORECASE,
)

# Gray that are no physical dose of the whole course.
_BIOLOGICAL = re.compile(r"\bEQD ?-?2|\b(?-i:BED)(?:\d|\b)|\b(?:alpha|α) ?/ ?(?:beta|β)", re.IGNORECASE)
_OF_ONE = re.compile(
    r"(?<!Gy)(?<!Gy )(\bper |/ ?|\b(?:pro|par|por|per|each) )(fx|fra[ck][tc]?i[oó]n\w*|frazione|fractie|séance)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(physical|not?|never|without|non|nicht|kein\w*)\b", re.IGNORECASE)

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


def slips(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """Everything that seems wrong with one row."""
    for check in ROW_CHECKS:
        yield from check(table, row, usual)


# -------------------------------------------------------------------------------- hot and cold


def _hot_for_cold(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """Critical volumes written as hot ones: large organs fail and small ones pass."""
    critical = usual.critical(row)
    if not critical or is_target(row) or not row.is_upper_limit:
        return
    organ, limit = row.structures[0], first_limit(row)
    match row.metric:
        case VolumeAtDose(cold=False, unit=Unit.CC, dose=dose, dose_unit=unit):
            cold = f"'DC{limit:g}cc[{unit}]' below {dose:g}, or 'CV{dose:g}{unit}[cc]' at_least {limit:g}"
            if limit in critical:
                what = f"{summary(row)} passes a small organ: {limit:g} cc is a critical volume of {organ}"
                yield error(what, f"write {cold}")
            elif limit > min(critical) / 2:
                what = f"{summary(row)} is the volume of {organ} that receives at least the dose"
                yield warning(what, f"if the source says 'at least {limit:g} cc below', write {cold}")
        case DoseAtVolume(cold=False, volume_unit=Unit.CC, volume=volume, unit=unit) if _is_near(volume, critical):
            what, remark = f"{summary(row)} is of the hottest {volume:g} cc", warning
            if volume in critical:
                what, remark = f"{what}, and that is a critical volume of {organ}", error
            yield remark(what, f"write 'DC{volume:g}cc[{unit}]', the dose to the coldest {volume:g} cc")
        case _:
            pass


def _is_near(volume: float, critical: Collection[float]) -> bool:
    """Whether it may be another source's critical volume: more than half of the least, less than twice the largest."""
    return min(critical) / 2 < volume < 2 * max(critical)


def _cold_for_hot(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The share of an organ that bundled tables allow a dose, written as the share that is spared it."""
    metric = row.metric
    if not isinstance(metric, VolumeAtDose) or not metric.cold or metric.unit is not Unit.PERCENT or row.is_upper_limit:
        return
    limit, instead = first_limit(row), str(replace(metric, cold=False))
    if is_target(row):
        if metric.dose_unit is Unit.PERCENT_RX and metric.dose <= _WHOLE:  # more of it than that may well be limited
            what = f"{summary(row)} asks for {limit:g} % of {row.structures[0]} below the dose"
            yield (error if limit >= _WHOLE / 2 else warning)(what, f"to cover it, write '{instead}'")
    elif limit < _WHOLE / 2 and (tables := usual.tables_with(row, instead, limit)):
        what = f"{summary(row)} spares {limit:g} %, where {min(tables)} has '{instead}' with the same number"
        yield warning(what, f"if that is the row meant, write '{instead}' below, or spare {_WHOLE - limit:g} %")


def _asks_for_dose(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """An organ, or the tissue around a target, that has to receive a dose: the sense or the side is wrong."""
    if row.is_upper_limit:
        return
    if _is_of_spill(row.metric):
        yield error(f"{summary(row)} asks for dose outside the target", "write below or at_most")
        return
    if is_target(row):
        return
    # a name that is on no list may be of a target, and so may an organ that no table limits: a vertebra, the pancreas
    is_at_risk = all(one in usual.numbers for one in bodies_of(row))
    remark = error if is_at_risk and all(map(organ_named, row.structures)) else warning
    match row.metric:
        case VolumeAtDose(cold=False, unit=Unit.CC, dose=dose, dose_unit=unit):
            cold = f"'CV{dose:g}{unit}[cc]' {row.sense} {first_limit(row):g}"
            yield remark(f"{summary(row)} asks for dose in {row.structures[0]}", f"to spare a volume, write {cold}")
        case DoseAtVolume(cold=False) | VolumeAtDose(cold=False) | DoseStatistic() | EquivalentUniformDose():
            yield remark(f"{summary(row)} asks for dose in {row.structures[0]}", "write below or at_most")
        case _:
            pass


def _is_of_spill(metric: Metric) -> bool:
    """Whether it is of what surrounds a target; R100 and R95 are of its coverage too, and may be at least 1."""
    if isinstance(metric, IsodoseRatio):
        return metric.percent < _MOST
    return isinstance(metric, MaxDoseAtDistance | VolumeOutside)


def _caps_coverage(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A target that must not be covered."""
    if not is_target(row) or not row.is_upper_limit:
        return
    match row.metric:
        case VolumeAtDose(cold=False, unit=unit, dose_unit=Unit.PERCENT_RX, dose=dose) if dose <= _WHOLE:
            # a target of less dose than the prescribed one may be limited so, to a part of it
            certain = unit is Unit.PERCENT and first_limit(row) >= _MOST and {*row.structures} <= {*TARGETS}
            remark = error if certain else warning
            yield remark(f"{summary(row)} caps the coverage of {row.structures[0]}", "write at_least or above")
        case DoseAtVolume(cold=False, volume_unit=Unit.PERCENT, volume=volume) if volume >= 50:
            yield warning(f"{summary(row)} caps the coverage of {row.structures[0]}", "write at_least or above")
        case _:
            pass


# -------------------------------------------------------------------------------- units


def _thirds_in_cc(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """Thirds of an organ, in percent, that were written in cc."""
    match row.metric:
        case DoseAtVolume(volume_unit=Unit.CC, volume=volume, unit=unit, cold=cold) if _is_third(volume):
            hint = f"'{'DC' if cold else 'D'}{volume:g}%[{unit}]'"
        case VolumeAtDose(unit=Unit.CC, dose=dose, dose_unit=unit, cold=cold) if _is_third(first_limit(row)):
            hint = f"'{'CV' if cold else 'V'}{dose:g}{unit}[%]'"
        case _:
            return
    yield error(f"{summary(row)} has a third of an organ in cc", f"if percent is meant, write {hint}")


def _is_third(number: float) -> bool:
    return number % 1 != 0 and any(abs(number - third) < _SAME for third in _THIRDS)


def _coverage_in_cc(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The percentage of a target that has to be covered, written in cc: a small target cannot, a large one need not."""
    if not is_target(row) or row.is_upper_limit:
        return
    match row.metric:
        case VolumeAtDose(cold=False, unit=Unit.CC) if _WHOLE / 2 <= first_limit(row) <= _WHOLE:
            instead = f"{row.metric}".replace("[cc]", "[%]")
        case DoseAtVolume(cold=False, volume_unit=Unit.CC, volume=volume, unit=unit) if _WHOLE / 2 <= volume <= _WHOLE:
            instead = f"D{volume:g}%[{unit}]"
        case _:
            return
    yield warning(f"{summary(row)} has the coverage of {row.structures[0]} in cc", f"if % is meant, write '{instead}'")


def _small_percentage(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A volume of less than 0.1 percent of an organ: somebody meant cc."""
    metric = row.metric
    if isinstance(metric, DoseAtVolume) and metric.volume_unit is Unit.PERCENT and metric.volume < _MIN_PERCENT:
        what = f"'{metric}' is of {metric.volume:g} percent of the organ"
        yield warning(what, f"if cc is meant, write 'D{metric.volume:g}cc[{metric.unit}]'")


def _magnitude(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """Gray that are centigray, percentages that are fractions."""
    metric, limit = row.metric, first_limit(row)
    in_percent = f"{100 * limit:g}"
    course = row.quantity is Quantity.PHYSICAL and not isinstance(metric, PrescriptionMetric)  # a BED may well be more
    if metric.unit is Unit.GY and course and limit > MAX_GY:
        yield error(f"a limit of {limit:g} Gy", f"if it is in cGy, write {limit / 100:g}")
    if metric.unit is Unit.GY and row.alpha_beta_gy is not None and table.fractions:
        physical_gy = physical_dose(row, limit, max(table.fractions))
        if physical_gy > MAX_GY:
            what = f"a limit of {limit:g} Gy of {row.quantity}, {physical_gy:.4g} Gy of physical dose"
            yield error(what, f"if it is in cGy, write {limit / 100:g}")
    doses = [limit] if metric.unit is Unit.GY else []
    doses += [metric.dose] if isinstance(metric, VolumeAtDose) and metric.dose_unit is Unit.GY else []
    if is_target(row) and not row.is_upper_limit and any(0 < dose <= MAX_FRACTION for dose in doses):
        yield error(
            f"{summary(row)}: a target of {min(doses):g} Gy", f"if a digit is missing, write {100 * min(doses):g}"
        )
    if metric.unit is Unit.PERCENT_RX and limit <= MAX_FRACTION:
        # of an organ that no table limits it may be meant: as little as can be
        unusual = row.is_upper_limit and not is_target(row) and not any(one in usual.hot_gy for one in bodies_of(row))
        remark = warning if unusual else error
        yield remark(f"a limit of {limit:g} % of the prescription", f"if it is a fraction, write {in_percent}")
    if metric.unit is Unit.PERCENT and limit <= 1:
        remark = warning if row.is_upper_limit else error
        yield remark(f"a limit of {limit:g} % of the volume", f"if it is a fraction, write {in_percent}")
    if not isinstance(metric, VolumeAtDose):
        return
    if metric.dose_unit is Unit.GY and course and metric.dose > MAX_GY:
        yield error(f"'{metric}': a dose of {metric.dose:g} Gy", f"if it is in cGy, write {metric.dose / 100:g}Gy")
    if metric.dose_unit is Unit.PERCENT_RX and 0 < metric.dose <= MAX_FRACTION:
        what = f"'{metric}': a dose of {metric.dose:g} % of the prescription"
        yield error(what, f"if it is a fraction, write {100 * metric.dose:g}%Rx")


def _other_unit_than_bundled(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The numbers of a bundled row, with cc and percent changed about."""
    for instead, limit in _in_other_unit(row):
        others = [(id_, numbers) for id_, numbers in usual.tables_with(row, instead, limit).items() if id_ != table.id]
        # for other numbers of fractions it may be by chance
        for id_, numbers in sorted(others, key=lambda other: set(other[1]).isdisjoint(table.fractions)):
            by_chance = set(numbers).isdisjoint(table.fractions) or _are_round(row, instead)
            remark = warning if by_chance else error
            same = "the same number" if limit == first_limit(row) else "the same numbers"
            what = f"{summary(row)}, where {id_} has '{instead}' with {same}"
            yield remark(what, f"if that is the row meant, write '{instead}'")
            return


def _are_round(row: Constraint, instead: str) -> bool:
    """Whether a volume at a dose, in percent, has numbers that a clinic may well have made up, and not copied."""
    if not isinstance(row.metric, VolumeAtDose) or not instead.startswith("D"):
        return False
    return row.metric.dose % _ROUND == 0 and first_limit(row) % _ROUND == 0


def _in_other_unit(row: Constraint) -> Iterator[tuple[str, float]]:
    """Metrics, and the limit of each, that the row would be with cc for percent or the reverse."""
    metric, limit = row.metric, first_limit(row)
    match metric:
        case VolumeAtDose(unit=unit, dose=dose, dose_unit=dose_unit, cold=cold):
            yield str(metric).replace(f"[{unit}]", "[%]" if unit is Unit.CC else "[cc]"), limit
            # tables print "no more than v cc above d Gy" as the dose to v cc
            if unit is Unit.PERCENT and dose_unit is Unit.GY and not cold and row.is_upper_limit:
                yield f"D{limit:g}cc[Gy]", dose
        case DoseAtVolume(volume_unit=unit, unit=out):
            yield str(metric).replace(f"{unit}[{out}]", f"{'%' if unit is Unit.CC else 'cc'}[{out}]"), limit
            if unit is Unit.CC and out is Unit.GY and not metric.cold and row.is_upper_limit:
                yield f"V{limit:g}Gy[%]", metric.volume
        case _:
            pass


def _limit_of_more_fractions(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """The limit that bundled tables have for more fractions, where they have another for this number."""
    metric, dose, allows = str(row.metric), first_limit(row), row.is_upper_limit
    match row.metric:
        case VolumeAtDose(cold=cold, dose_unit=Unit.GY, unit=Unit.CC, dose=at_gy):
            # tables print "no more than v cc above d Gy" as the dose to v cc, and what is spared likewise
            metric, dose, allows = f"{'DC' if cold else 'D'}{dose:g}cc[Gy]", at_gy, allows != cold
        case _:
            pass
    if not table.fractions or is_target(row) or not allows or not metric.endswith(f"[{Unit.GY}]"):
        return
    by_limit, limit = usual.limits_with(row, metric), f"{dose:g}"
    here = {number for number, tables in by_limit.items() if any({*of} & {*table.fractions} for of in tables.values())}
    more = {id_: of for id_, of in by_limit.get(limit, {}).items() if of and min(of) > max(table.fractions)}
    if more and here and limit not in here and all(float(number) < dose for number in here):
        id_ = min(more)
        far = dose > _TWICE * max(map(float, here))
        what = f"{summary(row)} is the limit of {id_}; for {table.fractions_text()} bundled tables have "
        what += ", ".join(sorted(here, key=float))
        yield (error if far else warning)(what, "is it from the column of this number of fractions?")


# -------------------------------------------------------------------------------- printed text against numbers


def _point_or_maximum(table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A dose to a small volume is no maximum, and the reverse; organ or note may tell that one stands for the other."""
    text = printed(row)
    match row.metric:
        case DoseAtVolume(cold=False, volume=volume, volume_unit=Unit.CC) if _MAXIMUM.search(text):
            said = f"{row.organ} {row.note} {table.note}".replace(",", ".")
            if not re.search(rf"(?<![\d.]){re.escape(f'{volume:g}')} ?cc", said):
                what = f"called a maximum, and '{row.metric}' is the dose to {volume:g} cc"
                yield warning(what, f"write 'Max[{row.metric.unit}]', or say in note that {volume:g} cc was used")
        case DoseStatistic(stat=Stat.MAX) if point := _POINT.search(text):
            volume_text = point[0].lower().removeprefix("d").replace(" ", "").replace(",", ".")
            what = f"called the dose to {volume_text}, and '{row.metric}' is the hottest point"
            yield warning(what, f"write 'D{volume_text}[{row.metric.unit}]'")
        case _:
            pass


def _other_structure(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A text that names a part or a margin, and the organ itself as the structure: the hilum, the canal, a PRV."""
    text = printed(row)
    for pattern, structures, part, right in _OTHER_THAN:
        wrong = [name for name in _first_named(row) if name in structures]
        if wrong and pattern.search(text):
            what = f"printed for '{row.organ}', and measured on {', '.join(wrong)}"
            # "cord or canal": either is as printed; "kidneys (with cortex)" and "cord without PRV" are the organ itself
            itself = _CORD.search(row.organ) or _names_whole(row.organ, pattern)
            remark = warning if itself or _WITHOUT.search(text) else error
            yield remark(what, f"{part} is another structure: write {right}")
            return


def _names_whole(organ: str, part: re.Pattern[str]) -> bool:
    """Whether the text begins with another name, and speaks of the part only in brackets or after a comma or stroke."""
    first, *more = _BREAK.split(organ)
    return bool(first.strip()) and not part.search(first) and any(map(part.search, more))


def _first_named(row: Constraint) -> tuple[str, ...]:
    """What the row is on; what may stand in for it, where the plan does not have it, is said in the report."""
    return row.choices[0].structures if row.choices else row.structures


def _side_not_said(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """Printed for the organ on one side of the target, and asked of both."""
    printed = _PRINTED_SIDE.search(row.organ)
    if printed is None:
        return
    side = RowSide.CONTRALATERAL if "ontr" in printed[0].lower() else RowSide.IPSILATERAL
    if len(row.structures) == 1 and (sides := _sides_of_pair(row.structures[0])):
        if len({*map(str.lower, _PRINTED_SIDE.findall(row.organ))}) == 1:
            hint = f"write structure: {{each: [{', '.join(sides)}]}}, and side: {side}"
            yield warning(f"printed for '{row.organ}', and measured on both sides together", hint)
        return
    if sides_of(row.structures) is None:
        return
    if row.side is None:
        yield warning(f"printed for '{row.organ}', and asked of both sides", f"add side: {side}")
    elif row.side != side:
        yield error(f"printed for '{row.organ}', and side is {row.side}", "correct side, or organ")


def _sides_of_pair(name: str) -> tuple[str, ...]:
    """The left and the right organ of a name that is of both together: of lungs and kidneys, less a target too."""
    itself = without_margin(name) if target_taken_out(name) else name
    stem = (organ_named(itself) or itself).removesuffix("s")
    sides = (f"{stem}_L", f"{stem}_R")
    return sides if known_names().issuperset(sides) else ()


def _other_fractions(table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A row that names a fraction number which its table does not hold for."""
    for text in (row.id, row.organ, row.source.where):
        found = [mention[1].lower() for mention in _FRACTIONS.finditer(text)]
        mentions = [_NUMBERS.index(number) if number in _NUMBERS else int(number) for number in found]
        if mentions and not any(map(table.holds_for, mentions)):
            what = f"'{text}' says {mentions[0]} fractions, and the table is for {table.fractions_text()}"
            # a place may be named by what is beside it
            of_others = text == row.organ and _NOT_THE_PLANS.search(text)
            other = text == row.source.where or row.quantity is not Quantity.PHYSICAL or of_others
            remark = warning if other else error
            yield remark(what, "move the row to its table, or correct the text")
            return


def _other_kind_of_dose(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """Words that call the doses BED, EQD2 or those of one fraction, and gray that are compared with a whole plan's."""
    if row.quantity is not Quantity.PHYSICAL or not _is_in_gray(row.metric):
        return
    for text in (row.organ, row.source.where, row.note):
        biological = _BIOLOGICAL.search(text)
        if biological and not text.isupper() and not _DENIED.search(text):
            what = f"'{biological[0]}' stands in the words of the row, and its doses are compared with physical ones"
            yield warning(what, "if the number is one, add quantity and alpha_beta")
            return
    if _OF_ONE.search(row.organ):
        what = f"'{row.organ}' is of one fraction, and doses are compared with those of all"
        yield warning(what, "write the dose of the whole course, as the source prints it")


def _is_in_gray(metric: Metric) -> bool:
    of_dose = isinstance(metric, DoseAtVolume | DoseStatistic) and metric.unit is Unit.GY
    return of_dose or (isinstance(metric, VolumeAtDose) and metric.dose_unit is Unit.GY)


def _misspelt_names(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A structure whose name is nearly one of TG-263."""
    names = known_names()
    for name in row.structures:
        is_known = name in names or (target_taken_out(name) and without_margin(name) in names)
        suggestion = "" if is_known else nearest(name, sorted(names), score=_NEAR_NAME)
        if suggestion:
            yield warning(f"'{name}' is no TG-263 name", f"did you mean '{suggestion}'?")


def _volume_of_nothing(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """An upper limit on an organ's own volume, which no plan can change."""
    if isinstance(row.metric, StructureVolume) and not is_target(row) and row.is_upper_limit:
        yield warning(f"{summary(row)} limits the size of {row.structures[0]}", "is a volume at a dose meant?")


ROW_CHECKS: tuple[Callable[[ConstraintTable, Constraint, Yardsticks], Iterator[Slip]], ...] = (
    _hot_for_cold,
    _cold_for_hot,
    _asks_for_dose,
    _caps_coverage,
    _thirds_in_cc,
    _coverage_in_cc,
    _small_percentage,
    _magnitude,
    _other_unit_than_bundled,
    _limit_of_more_fractions,
    _point_or_maximum,
    _other_structure,
    _side_not_said,
    _other_fractions,
    _other_kind_of_dose,
    _misspelt_names,
    _volume_of_nothing,
    *ORGAN_CHECKS,
    *NUMBER_CHECKS,
    *COPY_CHECKS,
    *EQUIVALENT_CHECKS,
    *SERIAL_CHECKS,
)

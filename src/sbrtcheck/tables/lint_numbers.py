"""Row of a table -> remarks on numbers that no plan could miss, or that no source prints: decision 36 says which.

What is usual for an organ are the limits of the bundled tables (`yardsticks`). A number that only makes a limit
stricter is no error: no plan passes by it that should not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    Index,
    MaxDoseAtDistance,
    Metric,
    PlanIndex,
    Stat,
    Unit,
    VolumeAtDose,
    VolumeOutside,
)
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.structure_names import organ_named
from sbrtcheck.tables.slips import MAX_FRACTION, MAX_GY, Slip, error, first_limit, is_target, summary, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import POINT_CC, SHARE_CC, WHOLE_BODY, Yardsticks, bodies_of, highest_limit

# How far from everything printed a number has to be; none of these is a limit.
_TWICE = 2.0  # no limit of a bundled table is so far above all others of its organ
_WELL_ABOVE = 1.3  # a local limit may be somewhat looser than all that are printed
_TENFOLD = 10.0  # a slip of the decimal point
_HUNDREDFOLD = 100.0
_FAR_VARIATION = 2.0  # the widest that is printed is 1.5 times the limit
_NEARLY_ALL = 90.0  # percent of an organ: the dose to so much of it is nearly its minimum
_NEARLY_WHOLE = 95.0  # percent of an organ: to allow so much of it a dose limits nothing
_MAX_PERCENT_RX = 200.0  # no plan whose dose is that of its prescription has an organ so hot
_MIN_PERCENT_RX = 50.0
_WHOLE, _HALF = 100.0, 50.0

Check = Callable[[ConstraintTable, Constraint, Yardsticks], Iterator[Slip]]


# -------------------------------------------------------------------------------- limits that say nothing


def _of_no_dose(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The volume at 0 Gy is the whole structure, whatever the plan."""
    if isinstance(row.metric, VolumeAtDose) and row.metric.dose == 0.0:
        which = "no volume" if row.metric.cold else "the whole structure"
        yield error(f"'{row.metric}' is {which} in every plan", "write the dose that the source prints")


def _met_by_all(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """Limits that every plan meets, or nearly every one."""
    limit, metric = highest_limit(row), row.metric
    if not row.is_upper_limit:
        return
    in_percent = metric.unit is Unit.PERCENT and isinstance(metric, VolumeAtDose)
    if in_percent and limit >= _WHOLE:
        typed = summary(row) if limit == first_limit(row) else f"'{metric}' acceptable {limit:g}"
        if row.sense.is_met(_WHOLE, limit):
            yield error(
                f"{typed} allows the whole volume, so that no plan fails", "give the number that the source prints"
            )
        else:
            yield warning(
                f"{typed} allows all but the last bit of the volume", "give the number that the source prints"
            )
    elif in_percent and limit >= _NEARLY_WHOLE and not is_target(row):
        yield warning(f"{summary(row)} allows nearly the whole volume", "give the number that the source prints")
    if isinstance(metric, MaxDoseAtDistance) and metric.unit is Unit.PERCENT_RX and _WHOLE <= limit <= _MAX_PERCENT_RX:
        what = f"{summary(row)} allows the whole prescription 2 cm from the target"
        yield warning(what, "give the number that the source prints")
    if isinstance(metric, PlanIndex) and metric.index is Index.CI_PADDICK and limit >= 1:
        yield error(f"{summary(row)}: it is 1 at most in every plan", "write at_least or above")
    if metric.unit is Unit.PERCENT_RX and limit > _MAX_PERCENT_RX:
        remark = warning if is_target(row) or _is_whole_body(row) else error
        yield remark(f"{summary(row)}: no plan has so much", "give the limit in percent of the prescription")


def _beyond_prescription(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The volume at a dose, in percent of the prescription, that no plan has."""
    metric = row.metric
    if not isinstance(metric, VolumeAtDose) or metric.dose_unit is not Unit.PERCENT_RX:
        return
    if row.is_upper_limit != metric.cold and metric.dose >= _MAX_PERCENT_RX:
        certain = metric.dose > _MAX_PERCENT_RX and not is_target(row) and not _is_whole_body(row)
        what = f"'{metric}' is at {metric.dose:g} % of the prescription: no plan has so much"
        yield (error if certain else warning)(what, _POINT)


def _of_nearly_all(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """The minimum of an organ, or the dose to nearly all of it, is low in every plan."""
    if is_target(row) or not row.is_upper_limit:
        return
    match row.metric:
        case DoseStatistic(stat=Stat.MIN):
            what = f"{summary(row)} limits the lowest dose of {row.structures[0]}"
        case DoseAtVolume(cold=False, volume_unit=Unit.PERCENT, volume=volume) if volume >= _NEARLY_ALL:
            what = f"{summary(row)} limits the dose to nearly all of {row.structures[0]}"
        case _:
            return
    yield warning(what, "nearly every plan meets that: is the maximum, or a hot volume, meant?")


def _low_coverage(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """A target that may be covered by nearly nothing."""
    if not is_target(row) or row.is_upper_limit:
        return
    metric = row.metric
    of_target = metric.unit is Unit.PERCENT_RX and not isinstance(metric, MaxDoseAtDistance)
    asked = [first_limit(row)] if of_target else []
    if isinstance(metric, VolumeAtDose) and metric.dose_unit is Unit.PERCENT_RX and not metric.cold:
        asked.append(metric.dose)
        if metric.unit is Unit.PERCENT and metric.dose <= _WHOLE and MAX_FRACTION < first_limit(row) < _HALF:
            yield warning(f"{summary(row)} leaves more than half of the target out", "compare with the source")
    if any(MAX_FRACTION < percent <= _MIN_PERCENT_RX for percent in asked):  # what is less is a fraction: another rule
        yield warning(f"{summary(row)} asks for half of the prescription or less", "compare with the source")


def _far_from_target(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """What surrounds the target, far above all that bundled tables allow; or its volume in cc, with their percent."""
    metric, limit = row.metric, highest_limit(row)
    highest = usual.around_targets.get(str(metric))
    if row.is_upper_limit and highest is not None and limit > _TWICE * highest:
        yield warning(f"'{metric}' allows {limit:g}, where no bundled table allows more than {highest:g}", _POINT)
    if row.is_upper_limit and isinstance(metric, VolumeOutside) and metric.unit is Unit.CC:
        instead = str(replace(metric, unit=Unit.PERCENT_PTV))
        if usual.around_targets.get(instead) == limit:
            what = f"{summary(row)}, where bundled tables have '{instead}' with the same number"
            yield warning(what, f"if that is the row meant, write '{instead}'")


def _far_variation(_table: ConstraintTable, row: Constraint, _usual: Yardsticks) -> Iterator[Slip]:
    """An acceptable variation far from the limit: a digit too many, or the number of another row."""
    for limit, acceptable in _pairs(row):
        far = acceptable > _FAR_VARIATION * limit if row.is_upper_limit else acceptable < limit / _FAR_VARIATION
        if far:
            what = f"acceptable {acceptable:g} is far from {row.sense} {limit:g}"
            yield warning(what, "a plan between the two is a variation, no fail: compare both with the source")


def _pairs(row: Constraint) -> list[tuple[float, float]]:
    if row.steps:
        return [(step.limit, step.acceptable) for step in row.steps if step.acceptable is not None]
    return [] if row.acceptable is None else [(first_limit(row), row.acceptable)]


# -------------------------------------------------------------------------------- doses


def _too_much_dose(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """More dose than any bundled table allows the organ in so many fractions: a BED or EQD2, or the wrong row."""
    dose = _dose_allowed(row)
    if dose is None or not table.fractions or is_target(row) or _is_whole_body(row) or not row.is_upper_limit:
        return
    typed_gy, number = dose, max(table.fractions)
    gy = physical_dose(row, typed_gy, number)
    here, later = _highest(row, usual, number)
    is_cgy = row.quantity is Quantity.PHYSICAL and first_limit(row) > MAX_GY  # which has a rule of its own
    if here is None or is_cgy or gy <= _WELL_ABOVE * here:
        return
    meant = "" if row.quantity is Quantity.PHYSICAL else f" ({gy:.3g} Gy of physical dose in {table.fractions_text()})"
    what = f"'{row.metric}' allows {typed_gy:g} Gy{meant} where no bundled table allows more than {here:g} Gy"
    # means are printed seldom, and a local one may be far from them
    certain = gy >= (_TENFOLD if _is_mean(row.metric) else _TWICE) * here and gy > _WELL_ABOVE * later
    remark, hint = (error, "if it is a BED or EQD2, say so in quantity") if certain else (warning, _COMPARE)
    yield remark(what, hint)


_COMPARE = "compare with the source; a BED or EQD2 needs a quantity"


def _beyond_any_organ(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A dose that bundled tables allow no organ, of an organ that they have no such dose for."""
    dose = _dose_of_any_organ(row)
    if dose is None or not table.fractions or is_target(row) or _is_whole_body(row):
        return
    if row.quantity is not Quantity.PHYSICAL or dose > MAX_GY:
        return
    metric, number = row.metric, max(table.fractions)
    cold = isinstance(metric, VolumeAtDose) and metric.cold
    if not cold and _highest(row, usual, number)[0] is not None:  # which has a rule of its own
        return
    by_number = usual.highest_of_all(number)
    if not by_number or dose <= _WELL_ABOVE * by_number[min(by_number)]:
        return
    here, later = by_number[min(by_number)], max(by_number.values())
    certain = row.is_upper_limit != cold and dose > _TWICE * here and dose > _WELL_ABOVE * later
    what = f"'{metric}' is at {dose:g} Gy, where no bundled table allows any organ more than {here:g} Gy"
    yield (error if certain else warning)(what, _POINT)


def _dose_of_any_organ(row: Constraint) -> float | None:
    """The dose in Gy that a row is about: of a volume at a dose, or the limit of an organ whose name is listed.

    Another name may be of a ring around the target, which is as hot as it.
    """
    match row.metric:
        case VolumeAtDose(dose_unit=Unit.GY, dose=dose):
            return dose
        case _ if row.is_upper_limit and all(map(organ_named, row.structures)):
            return _dose_allowed(row)
        case _:
            return None


def _is_whole_body(row: Constraint) -> bool:
    """Whether the row is on the whole patient, or what is left of it: as hot as the target, and larger than organs."""
    return all(one in WHOLE_BODY for one in bodies_of(row))


def _dose_allowed(row: Constraint) -> float | None:
    """The dose, in Gy of the row's quantity, that an organ may receive by the row; None: it limits none."""
    match row.metric:
        case DoseAtVolume(unit=Unit.GY) | DoseStatistic(unit=Unit.GY, stat=Stat.MAX | Stat.MEAN):
            return highest_limit(row)
        case VolumeAtDose(dose_unit=Unit.GY, cold=False, dose=dose):
            return dose
        case _:
            return None


def physical_dose(row: Constraint, dose_gy: float, fractions: int) -> float:
    """The physical dose, in Gy, that a dose of the row's quantity is in so many fractions."""
    from sbrtcheck.radiobiology import total_dose_for_bed, total_dose_for_eqd2

    if row.alpha_beta_gy is None:
        return dose_gy
    physical = total_dose_for_bed if row.quantity is Quantity.BED else total_dose_for_eqd2
    return float(physical(dose_gy, fractions=fractions, alpha_beta_gy=row.alpha_beta_gy))


def _highest(row: Constraint, usual: Yardsticks, number: int) -> tuple[float | None, float]:
    """The highest dose printed for the organ: for this number of fractions, or the next larger; and for any larger.

    Of the doses to volumes, those to no larger a volume: less of an organ may receive more.
    """
    if _is_mean(row.metric):
        of_kind, volume = usual.mean_gy, 0.0
    elif isinstance(row.metric, DoseAtVolume) and row.metric.cold:
        is_share = row.metric.volume_unit is not Unit.CC
        of_kind, volume = usual.cold_gy, SHARE_CC * is_share + row.metric.volume
    else:
        of_kind, volume = usual.hot_gy, _hot_volume(row)
    at_most_as_large = POINT_CC if volume <= POINT_CC else volume
    # the dose to the coldest nine tenths is that to the hottest tenth: a critical volume in cc says nothing of it
    at_least_as_large = SHARE_CC if of_kind is usual.cold_gy and volume >= SHARE_CC + _HALF else 0.0
    by_number: dict[int, float] = {}
    for one in bodies_of(row):
        for fractions, doses in of_kind.get(one, {}).items():
            highest = max((gy for cc, gy in doses if at_least_as_large <= cc <= at_most_as_large), default=0.0)
            if int(fractions) >= number and highest:
                by_number[int(fractions)] = max(highest, by_number.get(int(fractions), highest))
    return (by_number[min(by_number)], max(by_number.values())) if by_number else (None, 0.0)


def _hot_volume(row: Constraint) -> float:
    """The volume that a hot row is about, as yardsticks have it; of a maximum 0."""
    match row.metric:
        case DoseAtVolume(volume_unit=Unit.CC, volume=volume):
            return volume
        case DoseAtVolume(volume=percent):
            return SHARE_CC + percent
        case VolumeAtDose(unit=unit):
            return first_limit(row) if unit is Unit.CC else SHARE_CC + first_limit(row)
        case _:
            return 0.0


def _is_mean(metric: Metric) -> bool:
    return isinstance(metric, DoseStatistic) and metric.stat is Stat.MEAN


def _ratio(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """An α/β beyond what was read of any tissue, or of this one."""
    ratio = row.alpha_beta_gy
    if ratio is None:
        return
    lowest, highest = usual.all_gy
    if not lowest <= ratio <= highest:
        remark = error if ratio > highest and not is_target(row) else warning  # a larger one makes EQD2 and BED smaller
        yield remark(
            f"alpha_beta {ratio:g}; what was read is from {lowest:g} to {highest:g} Gy", "compare with the source"
        )
        return
    if is_target(row):
        if usual.tumours_gy is not None and ratio > _TWICE * usual.tumours_gy:
            what = (
                f"alpha_beta {ratio:g} of {row.structures[0]}; of tumours none above {usual.tumours_gy:g} Gy was read"
            )
            yield warning(what, "compare with the source")
        return
    read = [usual.ratios[one] for one in bodies_of(row) if one in usual.ratios]
    late_gy = max((float(one[1]) for one in usual.ratios.values() if one[2]), default=usual.tissues_gy)
    if not read and late_gy < ratio <= usual.tissues_gy and any(one in usual.numbers for one in bodies_of(row)):
        what = f"alpha_beta {ratio:g} for {row.structures[0]}; none above {late_gy:g} Gy was read of what reacts late"
        yield warning(what, "is it that of a tumour?")
        return
    highest_of_organ = max((float(one[1]) for one in read), default=usual.tissues_gy)
    if ratio > highest_of_organ:
        remark = error if read and all(one[2] for one in read) else warning
        what = f"alpha_beta {ratio:g} for {row.structures[0]}, of which nothing above {highest_of_organ:g} Gy was read"
        yield remark(what, "is it that of a tumour?")


# -------------------------------------------------------------------------------- volumes


def _too_large_volume(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A volume in cc far larger than any that a bundled table limits the organ's dose to."""
    volume, dose = hot_cc(row)
    if volume is None or is_target(row) or _is_whole_body(row) or not row.is_upper_limit:
        return
    largest = max(_printed_cc(row, usual), default=None)
    if largest is None or volume <= _TWICE * largest:
        return
    if volume < _TENFOLD * largest and not (dose and _is_as_much_as_any(table, row, dose, largest, usual)):
        return
    what = f"{summary(row)}: {volume:g} cc of {row.structures[0]}, where no bundled table has more than {largest:g} cc"
    # to ten times the largest volume printed as much dose as to that; or more than organs with a critical volume have
    as_much_dose = row.quantity is Quantity.PHYSICAL and dose is not None and _is_as_much(table, row, dose, usual)
    certain = volume >= _TENFOLD * largest and (
        as_much_dose or largest in usual.critical(row) or volume >= _HUNDREDFOLD * largest
    )
    remark = error if certain else warning
    yield remark(what, "a structure smaller than that cannot fail: compare with the source")


def _is_as_much(table: ConstraintTable, row: Constraint, dose_gy: float, usual: Yardsticks) -> bool:
    """Whether the dose is a printed one, or well above all that are, to the largest volumes of the organ.

    In as many fractions, or the next larger number; another dose of the clinic's own is no slip of the decimal point.
    """
    number = max(table.fractions, default=0)
    by_number: dict[int, list[float]] = {}
    for one in bodies_of(row):
        largest = max(usual.hot_cc.get(one, ()), default=None)
        for fractions, doses in usual.hot_gy.get(one, {}).items():
            printed_gy = [gy for cc, gy in doses if cc == largest]
            if printed_gy and int(fractions) >= number:
                by_number.setdefault(int(fractions), []).extend(printed_gy)
    if not by_number:
        return False
    printed_gy = by_number[min(by_number)]
    return dose_gy in printed_gy or dose_gy >= _WELL_ABOVE * max(printed_gy)


def _is_as_much_as_any(
    table: ConstraintTable, row: Constraint, dose_gy: float, largest_cc: float, usual: Yardsticks
) -> bool:
    """Whether a bundled table for this number of fractions has no more dose to the largest volume of the organ."""
    if row.quantity is not Quantity.PHYSICAL:
        return False
    printed_gy = [gy for cc, gy in usual.hot_limits(row, max(table.fractions, default=0)) if cc == largest_cc]
    return any(gy <= dose_gy for gy in printed_gy)


def hot_cc(row: Constraint) -> tuple[float | None, float | None]:
    """The volume in cc that a hot row is about, and its dose in Gy where it is in Gy."""
    match row.metric:
        case DoseAtVolume(cold=False, volume_unit=Unit.CC, volume=volume, unit=unit):
            return volume, highest_limit(row) if unit is Unit.GY else None
        case VolumeAtDose(cold=False, unit=Unit.CC, dose=dose, dose_unit=unit):
            return highest_limit(row), dose if unit is Unit.GY else None
        case _:
            return None, None


def _printed_cc(row: Constraint, usual: Yardsticks) -> list[float]:
    printed = (cc for one in bodies_of(row) for cc in (*usual.hot_cc.get(one, ()), *usual.critical_cc.get(one, ())))
    return [cc for cc in printed if cc > POINT_CC]


def _odd_critical_volume(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A critical volume with the decimal point elsewhere: a smaller one is met by plans that should fail."""
    match row.metric:
        case DoseAtVolume(cold=True, volume_unit=Unit.CC, volume=volume):
            pass
        case VolumeAtDose(cold=True, unit=Unit.CC):
            volume = min(row.numbers.values())
        case _:
            return
    critical = usual.critical(row)
    if not critical:
        return
    organ, text = row.structures[0], ", ".join(f"{cc:g}" for cc in sorted(critical))
    if any(volume * slip in critical for slip in (_TENFOLD, _HUNDREDFOLD)) or volume <= min(critical) / _TENFOLD:
        yield error(f"{summary(row)} spares {volume:g} cc of {organ}, whose critical volume is {text} cc", _POINT)
    elif volume >= _TENFOLD * max(critical):
        yield warning(f"{summary(row)} spares {volume:g} cc of {organ}, whose critical volume is {text} cc", _POINT)


_POINT = "is the decimal point in its place?"


def _percent_for_cc(_table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A number that is a usual volume of the organ in cc, and was written in percent; or the reverse."""
    metric = row.metric
    if not isinstance(metric, DoseAtVolume) or metric.cold or is_target(row) or not row.is_upper_limit:
        return
    in_cc = {cc for one in bodies_of(row) for cc in usual.hot_cc.get(one, ())}
    in_percent = {percent for one in bodies_of(row) for percent in usual.hot_percent.get(one, ())}
    is_cc = metric.volume_unit is Unit.CC
    if not is_cc and metric.volume >= _HALF:  # the median and beyond are asked in percent alone
        return
    own, other, word = (in_cc, in_percent, "%") if is_cc else (in_percent, in_cc, "cc")
    instead = str(metric).replace(f"{metric.volume_unit}[", f"{word}[")
    if metric.volume in other and metric.volume not in own and not usual.tables_with(row, instead, first_limit(row)):
        what = f"{summary(row)}: bundled tables have {metric.volume:g} {word} of {row.structures[0]}"
        yield warning(what, f"if that is meant, write '{instead}'")


NUMBER_CHECKS: tuple[Check, ...] = (
    _of_no_dose,
    _met_by_all,
    _beyond_prescription,
    _of_nearly_all,
    _low_coverage,
    _far_from_target,
    _far_variation,
    _too_much_dose,
    _beyond_any_organ,
    _ratio,
    _too_large_volume,
    _odd_critical_volume,
    _percent_for_cc,
)

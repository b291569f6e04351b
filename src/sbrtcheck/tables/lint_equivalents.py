"""Row of a table -> remarks on physical doses that are the EQD2 or BED of the limit that is printed for the organ.

A number alone does not tell what it is, so a remark is never more than a warning, and only where chance seldom makes
one: the limit is written with digits that clinics seldom make up, it is no limit of the organ itself, and it is more
than a little looser than the printed one, for the same number of fractions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sbrtcheck.metric import DoseAtVolume, DoseStatistic, Unit, VolumeAtDose
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables.slips import Slip, first_limit, is_target, summary, warning
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import Constraint
from sbrtcheck.tables.yardsticks import Yardsticks, bodies_of

_RATIOS_GY = (2.0, 3.0, 10.0)
"""α/β by convention, of the cord, of late harm and of tumours, as ``constraints/alpha-beta.yaml`` has them."""

_LITTLE_LOOSER = 1.1  # what is no looser than that does little harm, and is made by chance most often
_HALVES = 0.5  # whole and half Gray are what clinics round to: too many are an EQD2 of something by chance
_NO_MORE = 1e-9  # relative: 26.25 is half a digit from 26.2 and from 26.3, whatever binary numbers say

Check = Callable[[ConstraintTable, Constraint, Yardsticks], Iterator[Slip]]


def _equivalent_of_printed(table: ConstraintTable, row: Constraint, usual: Yardsticks) -> Iterator[Slip]:
    """A physical dose, to a tenth of a Gray or closer, that is the EQD2 or BED of the printed one."""
    dose = _dose(row)
    if dose is None or dose % _HALVES == 0 or len(table.fractions) != 1 or is_target(row):
        return
    (number,) = table.fractions
    printed = _printed_doses(row, usual)
    if dose in printed or any(dose == gy for _, gy in usual.hot_limits(row, number)):
        return
    here = ((gy, id_) for gy, tables in sorted(printed.items()) for id_, of in sorted(tables.items()) if number in of)
    for gy, id_ in here:
        if names := _equivalents(dose, gy, number):
            what = f"{summary(row)}: {dose:g} Gy is the {' or the '.join(names)} of the {gy:g} Gy "
            what += f"that {id_} has for {table.fractions_text()}"
            yield warning(what, "physical, or EQD2 or BED? For these add quantity and alpha_beta")
            return


def _dose(row: Constraint) -> float | None:
    """The physical dose in Gy that the row limits something to."""
    if row.quantity is not Quantity.PHYSICAL:
        return None
    match row.metric:
        case VolumeAtDose(dose_unit=Unit.GY, dose=dose, cold=cold) if row.is_upper_limit != cold:
            return dose
        case DoseAtVolume(unit=Unit.GY) | DoseStatistic(unit=Unit.GY) if row.is_upper_limit:
            return first_limit(row)
        case _:
            return None


def _printed_doses(row: Constraint, usual: Yardsticks) -> dict[float, dict[str, Sequence[int]]]:
    """Doses that tables have for what the row asks of its organ: the tables, and their numbers of fractions."""
    metric, limit = row.metric, f"{first_limit(row):g}"
    if not isinstance(metric, VolumeAtDose):
        return {float(gy): tables for gy, tables in usual.limits_with(row, str(metric)).items()}
    # tables print "no more than v cc above d Gy" as the dose to v cc
    as_dose = f"{'DC' if metric.cold else 'D'}{limit}{metric.unit}[Gy]"
    doses = {float(gy): dict(tables) for gy, tables in usual.limits_with(row, as_dose).items()}
    at_any_dose = re.compile(rf"{'C' * metric.cold}V([\d.]+)Gy\[{metric.unit}\]")
    keys = (key for one in bodies_of(row) for key in usual.numbers.get(one, {}))
    for asked in (key.removesuffix(f" {Quantity.PHYSICAL}") for key in keys):
        if found := at_any_dose.fullmatch(asked):
            # with another limit it is of no table here, and still a dose that is printed
            doses.setdefault(float(found[1]), {}).update(usual.tables_with(row, asked, first_limit(row)))
    return doses


def _equivalents(dose_gy: float, printed_gy: float, fractions: int) -> list[str]:
    """What the dose is of a printed one, to the digits in which it is written: EQD2 and BED, with their α/β."""
    from sbrtcheck.radiobiology import bed, eqd2

    half_a_digit = 0.5 * 10.0 ** -len(f"{dose_gy:g}".partition(".")[2])
    return [
        f"{quantity} (α/β {ratio:g} Gy)"
        for quantity, of in ((Quantity.EQD2, eqd2), (Quantity.BED, bed))
        for ratio in _RATIOS_GY
        if (equivalent := float(of(printed_gy, fractions=fractions, alpha_beta_gy=ratio))) > _LITTLE_LOOSER * printed_gy
        and abs(equivalent - dose_gy) <= half_a_digit * (1 + _NO_MORE)
    ]


EQUIVALENT_CHECKS: tuple[Check, ...] = (_equivalent_of_printed,)

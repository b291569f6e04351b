"""Physical dose and fractionation -> isoeffective doses (BED, EQD2) and risks; arrays in, arrays out.

::

    lq        the linear-quadratic model: BED, EQD2, and what inverts them
    highdose  what bends it straight at large doses a fraction: LQ-L, universal survival curve
    time      what days and hours do: repopulation, incomplete repair
    risk      dose on a model's own scale -> probability of a complication, or of control
    validity  dose a fraction -> findings where a model is used outside its range
    course    arguments in, arrays out; a meaningless one is refused by its name
"""

from sbrtcheck.radiobiology.highdose import (
    lql_bed,
    lql_total_dose_for_bed,
    usc_alpha_beta_gy,
    usc_bed,
    usc_total_dose_for_bed,
    usc_transition_gy,
)
from sbrtcheck.radiobiology.lq import (
    bed,
    bed_of_eqd2,
    eqd2,
    eqd2_of_bed,
    fractions_for_bed,
    isoeffective_dose,
    total_dose_for_bed,
    total_dose_for_eqd2,
)
from sbrtcheck.radiobiology.risk import logistic_tcp, lyman_ntcp, m_of_gamma50
from sbrtcheck.radiobiology.time import (
    bed_with_incomplete_repair,
    bed_with_repopulation,
    eqd2_with_proliferation,
    incomplete_repair_factor,
    total_dose_for_bed_with_incomplete_repair,
    total_dose_for_bed_with_repopulation,
)
from sbrtcheck.radiobiology.validity import Quantity, SurvivalModel, findings_for

__all__ = [
    "Quantity",
    "SurvivalModel",
    "bed",
    "bed_of_eqd2",
    "bed_with_incomplete_repair",
    "bed_with_repopulation",
    "eqd2",
    "eqd2_of_bed",
    "eqd2_with_proliferation",
    "findings_for",
    "fractions_for_bed",
    "incomplete_repair_factor",
    "isoeffective_dose",
    "logistic_tcp",
    "lql_bed",
    "lql_total_dose_for_bed",
    "lyman_ntcp",
    "m_of_gamma50",
    "total_dose_for_bed",
    "total_dose_for_bed_with_incomplete_repair",
    "total_dose_for_bed_with_repopulation",
    "total_dose_for_eqd2",
    "usc_alpha_beta_gy",
    "usc_bed",
    "usc_total_dose_for_bed",
    "usc_transition_gy",
]

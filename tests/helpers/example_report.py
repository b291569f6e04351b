"""A report with a row of every sort."""

from __future__ import annotations

from typing import Any

from dvh_builders import dvh_set, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck.dvh import EndCaps, Model
from sbrtcheck.plan import Finding, FindingCode
from sbrtcheck.results import Report
from sbrtcheck.tables import ClinicianItem, Kind, Source, Status

OUTSIDE = Finding(code=FindingCode.OUTSIDE_DOSE_GRID, text="2 cc lie outside the dose grid", subject="Heart")


def report(**options: Any) -> Report:
    """One row of every sort: pass, variation, fail, borderline, convention, disputed, unconfirmed, risk, missing."""
    bare = ramp_dvh(high_gy=30.4, model=Model(end_caps=EndCaps.NONE))
    cord = ramp_dvh(high_gy=30, half_width_gy=0.02, alternatives=(bare,))
    heart = uniform_dvh("Heart", volume_cc=3.0, dose_gy=20.0, findings=(OUTSIDE,))
    other = Source(citation="Roe 2021", where="page 7")
    rows = (
        row("D0.035cc[Gy]", "below", 29.9, id="flagged", organ="cord and medulla"),
        row("D0.35cc[Gy]", "at_most", 23, acceptable=30, id="varies"),
        row("Mean[Gy]", "below", 15, "Heart", id="fails", source=other),
        row("D5cc[Gy]", "below", 15, "Heart", id="small", volume_threshold=True),
        row("Mean[Gy]", "below", 15, "Heart", id="once", confirmed_by=("one",)),
        row("Max[Gy]", "below", 15, "Heart", id="doubted", status=Status.DISPUTED, note="digits swapped in print"),
        row("V5Gy[%]", "below", 15, "Heart", id="risk", kind=Kind.RISK),
        row("D5cc[Gy]", "below", 15, "Trachea", id="missing"),
        row("D5cc[Gy]", "below", 15, "Esophagus", id="must", mandatory=True),
    )
    asked = ClinicianItem(text="good *general* condition", source=Source(citation="Poe 2022", where="page 9"))
    of_report = table(*rows, note="a note of the table", for_clinician=(asked,))
    return report_on(of_report, dvh_set(cord, heart), **options)

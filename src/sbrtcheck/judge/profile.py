"""A report and the choice of its tables in; the report that says what was chosen, and what was left out, out."""

from __future__ import annotations

from dataclasses import replace

from sbrtcheck.plan import Finding, FindingCode, Prescription, UnknownPrescription
from sbrtcheck.reference_data import Profile
from sbrtcheck.results.report import Report
from sbrtcheck.tables.choice import TableChoice


def with_choice(report: Report, choice: TableChoice, profile: Profile | None) -> Report:
    """The report with the tables that were left out, and with the profile; its verdict stays.

    A prescription that is not that of the profile is a finding.
    """
    findings = report.findings
    if profile is not None and not profile.is_schedule_of(report.prescription):
        findings = (_other_schedule(profile, report.prescription), *findings)
    return replace(report, left_out=choice.left_out, profile=profile, findings=findings)


def _other_schedule(profile: Profile, rx: Prescription | UnknownPrescription) -> Finding:
    of_plan = (
        f"{rx.dose_gy:g} Gy in {rx.fractions} fractions" if isinstance(rx, Prescription) else "not known by its dose"
    )
    text = f"the profile {profile.id} is for {profile.schedule}, and the prescription is {of_plan}"
    return Finding(code=FindingCode.OTHER_SCHEDULE, text=text)

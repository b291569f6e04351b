"""Check SBRT plans against published dose constraints: DICOM RT in, sourced verdicts out.

Where to find what, by task::

    check a plan                     check(folder, table="...")          -> Report
    compare two plans                compare(a, b, table="...")          -> PlanComparison
    show its DVHs                    dvhs(folder)                        -> DVHSet
    which structure is which organ   names(folder, table="...")          -> PlanNames
    risks by published models        risks(folder)                       -> Risk | NoRisk, several
    several courses together         accumulate(folders, {"organ": 2.0}) -> SumReport
    check an archive of plans        batch(folder, file, options)        -> archive.Summary
    plan by plan, in a loop          check_archive(folder, "table")      -> PlanResult, one after the other
    what its plans came to           summary(file)                       -> archive.ResultsSummary
    the same, step by step
      read a plan                    load_plan(folder)                   -> Plan
      compute its DVHs               compute_dvhs(plan)                  -> DVHSet
      or read those the planning
      system stored                  load_dvhs(folder)                   -> DVHSet
      or exported as text            load_dvh_export(file)               -> DVHSet
      read a table of constraints    load_table("id or file.yaml")       -> ConstraintTable
      or which organs a site expects load_sites()                        -> Sites of Site, of ExpectedOrgan
      judge every row                evaluate(table, dvhs)               -> Report
    what stands against a pass       Report.verdict, Report.reasons      -> Verdict, ReviewReason
    measure one thing                measure("D0.035cc[Gy]", dvh)        -> Measurement | NotMeasured
    fractionation                    bed(...), eqd2(...)
    show a report                    Report.to_dict, Report.to_dataframe, sbrtcheck.render.FORMATS
    draw curves and constraints      DVHSet.plot, Report.plot; notebooks show both by themselves
    catch what goes wrong            SbrtcheckError; its tree is in sbrtcheck.errors

Doses are in Gy, volumes in cc, lengths in mm. What could not be told is a value of its own type (`NotMeasured`,
`UnknownPrescription`, the verdict ``NOT_EVALUATED``), never None or NaN. It is a second check, not a replacement for
review.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sbrtcheck._old_modules import install
from sbrtcheck._version import __version__

if TYPE_CHECKING:
    from sbrtcheck.api import check, compare, dvhs, names, risks
    from sbrtcheck.archive import PlanResult, batch, check_archive, summary
    from sbrtcheck.dicom import load_dvhs, load_plan
    from sbrtcheck.dvh import DVH, DVHSet, compute_dvhs
    from sbrtcheck.errors import SbrtcheckError
    from sbrtcheck.judge import evaluate
    from sbrtcheck.metric import Measurement, NotMeasured, measure
    from sbrtcheck.plan import Plan, Prescription
    from sbrtcheck.radiobiology import bed, eqd2
    from sbrtcheck.results import Report, ReviewReason, Verdict
    from sbrtcheck.sums import accumulate
    from sbrtcheck.tables import ConstraintTable, ExpectedOrgan, Site, load_sites, load_table
    from sbrtcheck.text_export import load_dvh_export

__all__ = [
    "DVH",
    "ConstraintTable",
    "DVHSet",
    "ExpectedOrgan",
    "Measurement",
    "NotMeasured",
    "Plan",
    "PlanResult",
    "Prescription",
    "Report",
    "ReviewReason",
    "SbrtcheckError",
    "Site",
    "Verdict",
    "__version__",
    "accumulate",
    "batch",
    "bed",
    "check",
    "check_archive",
    "compare",
    "compute_dvhs",
    "dvhs",
    "eqd2",
    "evaluate",
    "load_dvh_export",
    "load_dvhs",
    "load_plan",
    "load_sites",
    "load_table",
    "measure",
    "names",
    "risks",
    "summary",
]

# Loaded when first used, so that `import sbrtcheck` costs next to nothing (PEP 562).
_HOMES = {
    "ConstraintTable": "tables",
    "DVH": "dvh",
    "DVHSet": "dvh",
    "ExpectedOrgan": "tables",
    "Measurement": "metric",
    "NotMeasured": "metric",
    "Plan": "plan",
    "PlanResult": "archive",
    "Prescription": "plan",
    "Report": "results",
    "ReviewReason": "results",
    "SbrtcheckError": "errors",
    "Site": "tables",
    "Verdict": "results",
    "accumulate": "sums",
    "batch": "archive",
    "bed": "radiobiology",
    "check": "api",
    "check_archive": "archive",
    "compare": "api",
    "compute_dvhs": "dvh",
    "dvhs": "api",
    "eqd2": "radiobiology",
    "evaluate": "judge",
    "load_dvh_export": "text_export",
    "load_dvhs": "dicom",
    "load_plan": "dicom",
    "load_sites": "tables",
    "load_table": "tables",
    "measure": "metric",
    "names": "api",
    "risks": "api",
    "summary": "archive",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        if f"{__name__}.{name}" in sys.modules:  # a module under its old name
            return sys.modules[f"{__name__}.{name}"]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # so that this function is not asked again
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


install()

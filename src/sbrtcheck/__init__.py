"""Check SBRT plans against published dose constraints: DICOM RT in, sourced verdicts out.

Where to find what, by task::

    check a plan                     check(folder, table="...")          -> Report
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
    compare two plans                api.compare(a, b, table="...")      -> PlanComparison
    fractionation                    bed(...), eqd2(...)
    show a report                    Report.to_dict, Report.to_dataframe, sbrtcheck.report.FORMATS
    draw curves and constraints      DVHSet.plot, Report.plot; notebooks show both by themselves
    catch what goes wrong            SbrtcheckError; its tree is in sbrtcheck.errors

Doses are in Gy, volumes in cc, lengths in mm. What could not be told is a value of its own type (`NotMeasured`,
`UnknownPrescription`, the verdict ``NOT_EVALUATED``), never None or NaN. It is a second check, not a replacement for
review.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from sbrtcheck.lazy import when_first_used

if TYPE_CHECKING:
    from sbrtcheck.api import check
    from sbrtcheck.dicom import load_dvhs, load_plan
    from sbrtcheck.dvh import DVH, DVHSet, compute_dvhs
    from sbrtcheck.errors import SbrtcheckError
    from sbrtcheck.evaluate import Report, ReviewReason, Verdict, evaluate
    from sbrtcheck.metric import Measurement, NotMeasured, measure
    from sbrtcheck.plan import Plan, Prescription
    from sbrtcheck.radiobiology import bed, eqd2
    from sbrtcheck.table import ConstraintTable, ExpectedOrgan, Site, load_sites, load_table
    from sbrtcheck.textdvh import load_dvh_export

__version__ = "0.1.0"

__all__ = [
    "DVH",
    "ConstraintTable",
    "DVHSet",
    "ExpectedOrgan",
    "Measurement",
    "NotMeasured",
    "Plan",
    "Prescription",
    "Report",
    "ReviewReason",
    "SbrtcheckError",
    "Site",
    "Verdict",
    "__version__",
    "bed",
    "check",
    "compute_dvhs",
    "eqd2",
    "evaluate",
    "load_dvh_export",
    "load_dvhs",
    "load_plan",
    "load_sites",
    "load_table",
    "measure",
]

# Loaded when first used, so that `import sbrtcheck` costs next to nothing.
_HOME = {
    "ConstraintTable": "table",
    "DVH": "dvh",
    "DVHSet": "dvh",
    "ExpectedOrgan": "table",
    "Measurement": "metric",
    "NotMeasured": "metric",
    "Plan": "plan",
    "Prescription": "plan",
    "Report": "evaluate",
    "ReviewReason": "evaluate",
    "SbrtcheckError": "errors",
    "Site": "table",
    "Verdict": "evaluate",
    "bed": "radiobiology",
    "check": "api",
    "compute_dvhs": "dvh",
    "eqd2": "radiobiology",
    "evaluate": "evaluate",
    "load_dvh_export": "textdvh",
    "load_dvhs": "dicom",
    "load_plan": "dicom",
    "load_sites": "table",
    "load_table": "table",
    "measure": "metric",
}

__getattr__, __dir__ = when_first_used(__name__, _HOME)


class _Package(ModuleType):
    """The class of this package: `evaluate` is the function in it, also once the module of that name has been imported.

    Importing a submodule sets an attribute of its name on the package, which would hide the function.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "evaluate" and isinstance(value, ModuleType):
            value = value.evaluate
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

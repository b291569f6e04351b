"""Why something could not be measured or evaluated: one word of a fixed list, for programs.

Where a number cannot be told, this package and those above it give no number, but a value that carries a `Reason`
(`NoDVH`, `NotMeasured`) and a sentence for people.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something could not be measured or evaluated; stable, for programs."""

    STRUCTURE_MISSING = "structure missing"
    STRUCTURE_AMBIGUOUS = "structure ambiguous"
    STRUCTURE_EMPTY = "structure empty"
    STRUCTURE_NOT_COMPUTED = "structure not computed"
    STRUCTURE_DAMAGED = "structure damaged"
    GIVEN_NAME_MISSING = "given name not in the plan"
    PART_MISSING = "part of the organ missing"
    CONTOURS_CONTRADICTORY = "contours contradict each other"
    CONTOURS_INCOMPLETE = "contours incomplete"
    PARTLY_OUTSIDE_GRID = "partly outside the dose grid"
    DOSE_NOT_OF_PLAN = "dose is not that of the prescription"
    VOLUME_TOO_SMALL = "volume too small"
    DOSE_GRID_MISSING = "dose grid missing"
    PRESCRIPTION_UNKNOWN = "prescription unknown"
    FRACTIONS_DO_NOT_MATCH = "fractions do not match"
    TARGET_VOLUME_OUTSIDE_RANGE = "target volume outside the rule's range"
    UNDEFINED_FOR_STORED_DVH = "metric undefined for stored DVHs"
    UNIT_UNKNOWN = "unit unknown"
    ISODOSE_LEAVES_GRID = "isodose leaves the dose grid"
    NEEDS_WHOLE_PLAN = "needs the whole plan"
    SEX_UNKNOWN = "sex of the patient unknown"
    SIDE_UNKNOWN = "side of the target unknown"
    NOT_GIVEN = "something needed was not given"

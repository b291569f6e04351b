"""What each rule of lint says of a row, and the row that it proposes in its place: metric, unit, sense and number.

The yardsticks are invented, as in ``test_lint_thresholds.py``; a user types what the hint says, so that every part of
it counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dvh_builders import row, table
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import (
    Constraint,
    ExpectedOrgan,
    Kind,
    LimitByTargetVolume,
    RowSide,
    Select,
    Site,
    Sites,
    Source,
    Step,
)
from sbrtcheck.tables.lint_sites import is_sites, row_site_slips, site_slips, table_slips
from sbrtcheck.tables.lint_table import fraction_slips, row_slips
from sbrtcheck.tables.slips import Slip
from sbrtcheck.tables.yardsticks import SHARE_CC, Yardsticks

USUAL = Yardsticks(
    critical_cc={"liver": [100.0, 300.0]},
    hot_gy={
        "heart": {"5": [[0.0, 40.0], [3.0, 27.0], [4.0, 26.0], [20.0, 20.0]], "8": [[0.0, 50.0], [20.0, 30.0]]},
        "stomach": {"5": [[0.0, 40.0], [0.5, 25.0], [SHARE_CC + 5.0, 22.0]]},
        "duodenum": {"5": [[0.0, 40.0]]},
    },
    cold_gy={"liver": {"5": [[100.0, 10.0]]}},
    mean_gy={"heart": {"5": [[0.0, 10.0]]}},
    hot_cc={"heart": [2.0, 20.0], "stomach": [50.0]},
    hot_percent={"heart": [5.0], "stomach": [30.0]},
    numbers={
        "duodenum": {},
        "heart": {
            "D10cc[Gy] physical": {"20": {"printed": [5], "another": [3]}},
            "D4cc[Gy] physical": {
                "25": {"printed": [5]},
                "18": {"printed": [5]},
                "30": {"b-8": [8], "a-8": [8]},
                "50": {"c-8": [8]},
                "51": {"c-8": [8]},
            },
            "Max[Gy] physical": {"33": {"printed": [5]}},
        },
        "stomach": {"D9%[Gy] physical": {"14": {"printed": [5]}}},
    },
    printed={},
    together={"heart": ["heart"]},
    apart={"heart": ["liver"]},
    ratios={"heart": [1.0, 4.0, True]},
    without_target=[],
    tissues_gy=10.0,
    all_gy=[0.5, 20.0],
)


def said(one: Constraint, usual: Yardsticks = USUAL, **of_table: Any) -> list[str]:
    asked = table(one, **{"id": "own", **of_table})
    return [f"{slip.level}: {slip.what}; {slip.hint}" for _, slip in row_slips(asked, usual)]


def of(metric: str, sense: str, limit: Any, *structures: str, **fields: Any) -> list[str]:
    of_table = {key: fields.pop(key) for key in ("fractions", "usual") if key in fields}
    return said(row(metric, sense, limit, *structures, **fields), **of_table)


DECIMAL = "is the decimal point in its place?"
SOURCE = "compare with the source"


@pytest.mark.parametrize(
    ("asked", "remarks"),
    [
        # a critical volume as a hot one
        (
            ("V5Gy[cc]", "below", 300, "Liver"),
            [
                (
                    "error: 'V5Gy[cc]' below 300 passes a small organ: 300 cc is a critical "
                    "volume of Liver; write 'DC300cc[Gy]' below 5, or 'CV5Gy[cc]' at_least 300"
                )
            ],
        ),
        (
            ("V5%Rx[cc]", "at_most", 60, "Liver"),
            [
                (
                    "warning: 'V5%Rx[cc]' at_most 60 is the volume of Liver that receives "
                    "at least the dose; if the source says 'at least 60 cc below', write 'DC60cc[%Rx]' "
                    "below 5, or 'CV5%Rx[cc]' "
                    "at_least 60"
                )
            ],
        ),
        (
            ("D100cc[%Rx]", "below", 5, "Liver"),
            [
                (
                    "error: 'D100cc[%Rx]' below 5 is of the hottest 100 cc, and that is a "
                    "critical volume of Liver; write 'DC100cc[%Rx]', the dose to the coldest 100 cc"
                )
            ],
        ),
        # dose where none should be
        (
            ("R50%[ratio]", "at_least", 3, "PTV"),
            [("error: 'R50%[ratio]' at_least 3 asks for dose outside the target; write below or at_most")],
        ),
        (("R90%[ratio]", "at_least", 3, "PTV"), []),
        (
            ("D2cm[%Rx]", "above", 50, "PTV"),
            [("error: 'D2cm[%Rx]' above 50 asks for dose outside the target; write below or at_most")],
        ),
        (
            ("V20Gy[cc]", "above", 5, "Ours"),
            [("warning: 'V20Gy[cc]' above 5 asks for dose in Ours; to spare a volume, write 'CV20Gy[cc]' above 5")],
        ),
        (
            ("V20Gy[%]", "at_least", 5, "Heart"),
            [("error: 'V20Gy[%]' at_least 5 asks for dose in Heart; write below or at_most")],
        ),
        # coverage from above
        (
            ("V100%Rx[%]", "at_most", 90, "PTV"),
            [("error: 'V100%Rx[%]' at_most 90 caps the coverage of PTV; write at_least or above")],
        ),
        (
            ("V100%Rx[%]", "at_most", 89.9, "PTV"),
            [("warning: 'V100%Rx[%]' at_most 89.9 caps the coverage of PTV; write at_least or above")],
        ),
        (
            ("V100%Rx[%]", "at_most", 90, "PTV_1"),
            [("warning: 'V100%Rx[%]' at_most 90 caps the coverage of PTV_1; write at_least or above")],
        ),
        (
            ("V100%Rx[cc]", "at_most", 95, "PTV"),
            [("warning: 'V100%Rx[cc]' at_most 95 caps the coverage of PTV; write at_least or above")],
        ),
        # thirds, small shares, cGy and fractions
        (
            ("D33.3cc[Gy]", "below", 5, "Spleen"),
            [("error: 'D33.3cc[Gy]' below 5 has a third of an organ in cc; if percent is meant, write 'D33.3%[Gy]'")],
        ),
        (
            ("DC66.7cc[%Rx]", "below", 5, "Spleen"),
            [
                (
                    "error: 'DC66.7cc[%Rx]' below 5 has a third of an organ in cc; "
                    "if percent is meant, write 'DC66.7%[%Rx]'"
                )
            ],
        ),
        (
            ("V5Gy[cc]", "below", 33.3, "Spleen"),
            [("error: 'V5Gy[cc]' below 33.3 has a third of an organ in cc; if percent is meant, write 'V5Gy[%]'")],
        ),
        (
            ("CV5%Rx[cc]", "at_least", 66.6, "Spleen"),
            [
                (
                    "error: 'CV5%Rx[cc]' at_least 66.6 has a third of an organ in cc; "
                    "if percent is meant, write 'CV5%Rx[%]'"
                )
            ],
        ),
        (
            ("D0.03%[%Rx]", "below", 50, "Spleen"),
            [("warning: 'D0.03%[%Rx]' is of 0.03 percent of the organ; if cc is meant, write 'D0.03cc[%Rx]'")],
        ),
        (("Max[Gy]", "below", 2000, "Spleen"), ["error: a limit of 2000 Gy; if it is in cGy, write 20"]),
        (
            ("V2000Gy[cc]", "below", 5, "Spleen"),
            ["error: 'V2000Gy[cc]': a dose of 2000 Gy; if it is in cGy, write 20Gy"],
        ),
        (
            ("Max[%Rx]", "below", 0.5, "Heart"),
            ["error: a limit of 0.5 % of the prescription; if it is a fraction, write 50"],
        ),
        (
            ("V5Gy[%]", "below", 0.25, "Spleen"),
            ["warning: a limit of 0.25 % of the volume; if it is a fraction, write 25"],
        ),
        (
            ("V0.95%Rx[cc]", "at_least", 5, "PTV"),
            [("error: 'V0.95%Rx[cc]': a dose of 0.95 % of the prescription; if it is a fraction, write 95%Rx")],
        ),
        (
            ("D95%[Gy]", "at_least", 0.5, "PTV"),
            [("error: 'D95%[Gy]' at_least 0.5: a target of 0.5 Gy; if a digit is missing, write 50")],
        ),
        (
            ("D95%[Gy]", "at_least", 2, "PTV"),
            [("error: 'D95%[Gy]' at_least 2: a target of 2 Gy; if a digit is missing, write 200")],
        ),
        (("D95%[Gy]", "at_least", 2.1, "PTV"), []),
        (
            ("V2Gy[cc]", "at_least", 2, "PTV"),
            [("error: 'V2Gy[cc]' at_least 2: a target of 2 Gy; if a digit is missing, write 200")],
        ),
        # a printed row in the other unit, from another column, or in percent of the prescription
        (
            ("D10%[Gy]", "below", 20, "Heart"),
            [
                (
                    "error: 'D10%[Gy]' below 20, where printed has 'D10cc[Gy]' with the same "
                    "number; if that is the row meant, write 'D10cc[Gy]'"
                )
            ],
        ),
        (
            ("D9cc[Gy]", "below", 14, "Stomach"),
            [
                (
                    "error: 'D9cc[Gy]' below 14, where printed has 'D9%[Gy]' with the same "
                    "number; if that is the row meant, write 'D9%[Gy]'"
                )
            ],
        ),
        (
            ("V18Gy[%]", "below", 4, "Heart"),
            [
                (
                    "error: 'V18Gy[%]' below 4, where printed has 'D4cc[Gy]' with the same "
                    "numbers; if that is the row meant, write 'D4cc[Gy]'"
                )
            ],
        ),
        (
            ("V18Gy[%]", "at_least", 4, "Heart"),
            [("error: 'V18Gy[%]' at_least 4 asks for dose in Heart; write below or at_most")],
        ),
        (
            ("D4cc[Gy]", "below", 30, "Heart"),
            [
                (
                    "warning: 'D4cc[Gy]' below 30 is the limit of a-8; for 5 fractions bundled tables have 18, 25; "
                    "is it from the column of this number of fractions?"
                )
            ],
        ),
        (
            ("Max[%Rx]", "at_most", 33, "Heart"),
            [
                (
                    "warning: 'Max[%Rx]' at_most 33, where printed has the same numbers in "
                    "Gy; if that is the row meant, write 'Max[Gy]' at_most 33"
                )
            ],
        ),
        (
            ("D10cc[%Rx]", "below", 20, "Heart"),
            [
                (
                    "warning: 'D10cc[%Rx]' below 20, where another has the same numbers in "
                    "Gy; if that is the row meant, write 'D10cc[Gy]' below 20"
                )
            ],
        ),
        (
            ("V20%Rx[cc]", "below", 10, "Heart"),
            [
                (
                    "warning: 'V20%Rx[cc]' below 10, where another has the same numbers in "
                    "Gy; if that is the row meant, write 'D10cc[Gy]' below 20"
                )
            ],
        ),
        (("V20%Rx[%]", "below", 10, "Heart"), []),
        (
            ("Max[%Rx]", "at_least", 33, "PTV"),
            [("warning: 'Max[%Rx]' at_least 33 asks for half of the prescription or less; compare with the source")],
        ),
        # limits that say nothing
        (
            ("V0Gy[%]", "below", 5, "Spleen"),
            [("error: 'V0Gy[%]' is the whole structure in every plan; write the dose that the source prints")],
        ),
        (
            ("CV0Gy[cc]", "at_least", 5, "Spleen"),
            [("error: 'CV0Gy[cc]' is no volume in every plan; write the dose that the source prints")],
        ),
        (
            ("V20Gy[%]", "at_most", 60, "Spleen", {"acceptable": 100.0}),
            [
                (
                    "error: 'V20Gy[%]' acceptable 100 allows the "
                    "whole volume, so that no plan fails; give the number that the source prints"
                )
            ],
        ),
        (
            ("V20Gy[%]", "below", 100, "Spleen"),
            [
                (
                    "warning: 'V20Gy[%]' below 100 allows all but the last bit of the "
                    "volume; give the number that the source prints"
                )
            ],
        ),
        (
            ("Max[%Rx]", "below", 250, "Spleen"),
            [("error: 'Max[%Rx]' below 250: no plan has so much; give the limit in percent of the prescription")],
        ),
        (
            ("Max[%Rx]", "below", 250, "Body"),
            [("warning: 'Max[%Rx]' below 250: no plan has so much; give the limit in percent of the prescription")],
        ),
        (
            ("Min[Gy]", "below", 5, "Spleen"),
            [
                (
                    "warning: 'Min[Gy]' below 5 limits the lowest dose of Spleen; nearly every "
                    "plan meets that: is the maximum, or a hot volume, meant?"
                )
            ],
        ),
        (
            ("V95%Rx[%]", "at_least", 49.9, "PTV"),
            [(f"warning: 'V95%Rx[%]' at_least 49.9 leaves more than half of the target out; {SOURCE}")],
        ),
        (("V101%Rx[%]", "at_least", 49.9, "PTV"), []),
        (("V95%Rx[%]", "at_least", 50, "PTV"), []),
        # doses and volumes beyond what is printed
        (
            ("Max[Gy]", "below", 41, "Heart", {"alpha_beta_gy": 4.1, "quantity": Quantity.EQD2}),
            ["error: alpha_beta 4.1 for Heart, of which nothing above 4 Gy was read; is it that of a tumour?"],
        ),
        (
            ("Max[Gy]", "below", 41, "Heart", {"alpha_beta_gy": 21.0, "quantity": Quantity.EQD2}),
            [f"error: alpha_beta 21; what was read is from 0.5 to 20 Gy; {SOURCE}"],
        ),
        (
            ("Max[Gy]", "below", 120, "Duodenum"),
            [
                (
                    "error: 'Max[Gy]' allows 120 Gy where no bundled table allows more than "
                    "40 Gy; if it is a BED or EQD2, say so in quantity"
                )
            ],
        ),
        (
            ("Max[Gy]", "below", 60, "Duodenum"),
            [
                (
                    "warning: 'Max[Gy]' allows 60 Gy where no bundled table allows more than "
                    "40 Gy; compare with the source; a BED or EQD2 needs a quantity"
                )
            ],
        ),
        (
            ("CV10Gy[cc]", "at_least", 30, "Liver"),
            [
                (
                    f"error: 'CV10Gy[cc]' at_least 30 spares 30 cc of Liver, whose "
                    f"critical volume is 100, 300 cc; {DECIMAL}"
                )
            ],
        ),
        (
            ("DC3000cc[Gy]", "below", 10, "Liver"),
            [
                (
                    f"warning: 'DC3000cc[Gy]' below 10 spares 3000 cc of Liver, whose "
                    f"critical volume is 100, 300 cc; {DECIMAL}"
                )
            ],
        ),
        (
            ("D30cc[Gy]", "below", 5, "Stomach"),
            [("warning: 'D30cc[Gy]' below 5: bundled tables have 30 % of Stomach; if that is meant, write 'D30%[Gy]'")],
        ),
        (
            ("D20%[%Rx]", "below", 5, "Heart"),
            [
                (
                    "warning: 'D20%[%Rx]' below 5: bundled tables have 20 cc of Heart; "
                    "if that is meant, write 'D20cc[%Rx]'"
                )
            ],
        ),
        # numbers from elsewhere
        (
            ("D0.5cc[Gy]", "below", 0.5, "Spleen"),
            [
                (
                    "warning: 'D0.5cc[Gy]' below 0.5 has the number of its volume as its "
                    "dose; if 0.5 cc are the limit, write 'V(dose)Gy[cc]' below 0.5"
                )
            ],
        ),
        (("D1cc[Gy]", "below", 1, "Spleen"), []),
        (
            ("D20cc[Gy]", "below", 27, "Heart"),
            [
                (
                    "warning: 'D20cc[Gy]' below 27: bundled tables have 27 Gy to 3 cc of "
                    "Heart, and 20 Gy to 20 cc; is it from the line of another volume?"
                )
            ],
        ),
        (("D20cc[Gy]", "below", 26, "Heart"), []),  # 1.3 times what is printed: not well above it
        # the text against the numbers
        (
            ("D0.3cc[%Rx]", "below", 9, "Spleen", {"organ": "Spleen, maximum"}),
            [
                (
                    "warning: called a maximum, and "
                    "'D0.3cc[%Rx]' is the dose to 0.3 cc; write 'Max[%Rx]', or say in note that 0.3 cc was used"
                )
            ],
        ),
        (
            ("Max[%Rx]", "below", 9, "Spleen", {"organ": "Spleen D0,03 CC"}),
            [("warning: called the dose to 0.03cc, and 'Max[%Rx]' is the hottest point; write 'D0.03cc[%Rx]'")],
        ),
        (
            ("D50%[%Rx]", "below", 9, "Spleen", {"organ": "Spleen max"}),
            [("error: called a maximum, and 'D50%[%Rx]' is not; write 'Max[%Rx]'")],
        ),
        (
            ("Mean[Gy]", "below", 9, "Spleen", {"organ": "Spleen max"}),
            [("error: called a maximum, and 'Mean[Gy]' is not; write 'Max[Gy]'")],
        ),
        (
            ("Mean[Gy]", "below", 9, "Spleen", {"organ": "Spleen max", "note": "the mean"}),
            [("warning: called a maximum, and 'Mean[Gy]' is not; write 'Max[Gy]'")],
        ),
        (
            ("Max[Gy]", "below", 9, "Spleen", {"organ": "Spleen mean"}),
            [("warning: called a mean, and 'Max[Gy]' is the hottest point; write 'Mean[Gy]'")],
        ),
        (
            ("Max[Gy]", "at_least", 9, "PTV", {"organ": "PTV minimum"}),
            [("error: called a minimum, and 'Max[Gy]' is the hottest point; write 'Min[Gy]'")],
        ),
        (
            ("Max[Gy]", "below", 9, "Lung_L", "Lung_R", {"organ": "Contralateral lung"}),
            [("warning: printed for 'Contralateral lung', and asked of both sides; add side: contralateral")],
        ),
        (
            ("Max[Gy]", "below", 9, "Lung_L", "Lung_R", {"organ": "IPSI-lateral lung"}),
            [("warning: printed for 'IPSI-lateral lung', and asked of both sides; add side: ipsilateral")],
        ),
        (
            ("Max[Gy]", "below", 9, "Lung_L", "Lung_R", {"organ": "Ipsilateral lung", "side": RowSide.CONTRALATERAL}),
            ["error: printed for 'Ipsilateral lung', and side is contralateral; correct side, or organ"],
        ),
        (
            ("Mean[Gy]", "below", 9, "Spleen", {"id": "a-3fx"}),
            [
                (
                    "error: 'a-3fx' says 3 fractions, and the table is for 5 "
                    "fractions; move the row to its table, or correct the text"
                )
            ],
        ),
        (("Mean[Gy]", "below", 9, "Esophagu"), ["warning: 'Esophagu' is no TG-263 name; did you mean 'Esophagus'?"]),
        (
            ("Volume[cc]", "below", 9, "Spleen"),
            [("warning: 'Volume[cc]' below 9 limits the size of Spleen; is a volume at a dose meant?")],
        ),
        (
            ("Max[Gy]", "below", 9, "Kidney_L", {"organ": "Renal cortex"}),
            [
                (
                    "error: printed for 'Renal cortex', and "
                    "measured on Kidney_L; the cortex is another structure: write Kidney_Cortex"
                )
            ],
        ),
        (
            ("Max[Gy]", "below", 9, "Kidney_L", {"organ": "Right kidney"}),
            [("error: printed for 'Right kidney', and measured on Kidney_L; correct organ, or structure")],
        ),
        (
            ("Mean[Gy]", "below", 9, "Lung_L", "Lung_R", {"organ": "Left lung", "select": Select.UNION}),
            ["error: printed for 'Left lung', and measured on Lung_L, Lung_R; name the structure of that side alone"],
        ),
        (
            ("Max[Gy]", "below", 9, "Liver", "Spleen", {"organ": "Heart"}),
            [("warning: printed for 'Heart', and measured on Liver, Spleen; correct organ, or structure")],
        ),
        # structures that hide an organ
        (
            ("D5cc[Gy]", "below", 9, "Spleen", "Body", {"select": Select.UNION}),
            [("error: Body together with Spleen: that is the whole patient; take Body out")],
        ),
        (
            ("Mean[Gy]", "below", 9, "Spleen", "Body", {"select": Select.FIRST}),
            [("error: Body in place of Spleen: that is the whole patient; take Body out")],
        ),
        (
            ("Mean[Gy]", "below", 9, "Kidney_R", "Kidney_L", {"select": Select.FIRST}),
            [
                (
                    "error: the first of Kidney_R, "
                    "Kidney_L that the plan has: the other side is not checked; "
                    "write structure: {each: [Kidney_L, Kidney_R]}, or "
                    "union for both together"
                )
            ],
        ),
        (
            ("Mean[Gy]", "below", 9, "Heart", "Spleen", {"select": Select.UNION}),
            [
                (
                    "warning: 'Mean[Gy]' below 9 of Heart + "
                    "Spleen together: a large organ hides a small one; "
                    "write structure: {each: [...]} for a limit on each"
                )
            ],
        ),
        (
            ("Mean[Gy]", "below", 9, "Heart", "Spleen", {"select": Select.FIRST}),
            [("warning: Spleen in place of Heart: another organ; give each organ a row of its own")],
        ),
        (
            ("DC50cc[Gy]", "below", 9, "Kidney_L"),
            [
                (
                    "error: 'DC50cc[Gy]' is asked of one side, and a critical volume is of "
                    "both together; write structure: {union: [Kidney_L, Kidney_R]}"
                )
            ],
        ),
        # the cold part, or the middle, of an organ that is limited at its hottest
        (
            ("DC0.5cc[Gy]", "below", 9, "Stomach"),
            [
                (
                    "error: 'DC0.5cc[Gy]' below 9 is of the coldest 0.5 cc of Stomach, and "
                    "bundled tables limit so much of it in its hottest part; write 'D0.5cc[Gy]' below 9"
                )
            ],
        ),
        (
            ("DC51cc[%Rx]", "at_most", 9, "Stomach"),
            [
                (
                    "warning: 'DC51cc[%Rx]' at_most 9 is of the coldest 51 cc of "
                    "Stomach, for which no bundled table has a critical volume; "
                    "if the hottest is meant, write 'D51cc[%Rx]' "
                    "at_most 9"
                )
            ],
        ),
        (
            ("CV5Gy[%]", "at_least", 30, "Stomach"),
            [
                (
                    "error: 'CV5Gy[%]' at_least 30 is of the coldest 30 % of Stomach, "
                    "and bundled tables limit so much of it in its hottest part; write 'V5Gy[%]' at_most 30"
                )
            ],
        ),
        (("CV5Gy[%]", "at_least", 50, "Stomach"), []),
        (
            ("CV5Gy[cc]", "at_least", 51, "Stomach"),
            [
                (
                    "warning: 'CV5Gy[cc]' at_least 51 is of the coldest 51 cc of "
                    "Stomach, for which no bundled table has a critical volume; "
                    "if the hottest is meant, write 'V5Gy[cc]' "
                    "at_most 51"
                )
            ],
        ),
        (
            ("Mean[Gy]", "below", 40, "Stomach"),
            [
                (
                    "error: 'Mean[Gy]' below 40 of Stomach, which bundled tables limit at its "
                    "hottest, to 40 Gy and more; write 'Max[Gy]'"
                )
            ],
        ),
        (
            ("Mean[Gy]", "below", 25, "Stomach"),
            [
                (
                    "warning: 'Mean[Gy]' below 25 of Stomach, which bundled tables limit at "
                    "its hottest, with the same number to 0.5 cc; if that is the row meant, write 'D0.5cc[Gy]'"
                )
            ],
        ),
        (("Mean[Gy]", "below", 22, "Stomach"), []),  # the number of a share, not of a volume
        (("Mean[Gy]", "below", 24, "Stomach"), []),
        (("Mean[%Rx]", "below", 25, "Stomach"), []),
        (("Mean[Gy]", "below", 25, "Stomach", {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}), []),
        (
            ("Mean[Gy]", "at_least", 25, "Stomach"),
            [("error: 'Mean[Gy]' at_least 25 asks for dose in Stomach; write below or at_most")],
        ),
        (
            ("Mean[Gy]", "below", 40, "Heart"),
            [
                (
                    "warning: 'Mean[Gy]' allows 40 Gy where no bundled table allows more than "
                    "10 Gy; compare with the source; a BED or EQD2 needs a quantity"
                )
            ],
        ),  # a mean of it is printed
        (("Mean[Gy]", "below", 40, "Duodenum"), []),  # so small that its maximum alone is limited
        (
            ("Median[Gy]", "below", 25, "Stomach"),
            [
                (
                    "warning: 'Median[Gy]' below 25 of Stomach, which bundled tables limit "
                    "at its hottest, with the same number to 0.5 cc; if that is the row meant, write 'D0.5cc[Gy]'"
                )
            ],
        ),
        (
            ("D50%[Gy]", "below", 25, "Stomach"),
            [
                (
                    "warning: 'D50%[Gy]' below 25 of Stomach, which bundled tables limit at "
                    "its hottest, with the same number to 0.5 cc; if that is the row meant, write 'D0.5cc[Gy]'"
                )
            ],
        ),
        (("D49%[Gy]", "below", 25, "Stomach"), []),
    ],
    ids=lambda value: " ".join(map(str, value[:3])) if isinstance(value, tuple) else "",
)
def test_the_words_of_a_remark_and_the_row_that_it_proposes(asked: tuple[Any, ...], remarks: list[str]) -> None:
    *plain, fields = asked if isinstance(asked[-1], dict) else (*asked, {})
    assert of(*plain, **fields) == remarks


# -------------------------------------------------------------------------------- numbers copied from elsewhere

COPIED = replace(
    USUAL,
    hot_gy={"heart": {"5": [[0.0, 41.0], [0.05, 33.0], [0.5, 31.0], [3.0, 24.0], [30.0, 15.0]]}, "body": {}, "ptv": {}},
    hot_cc={"heart": [0.5, 3.0], "skin": [5.0]},
    hot_percent={},
    numbers={},
    mean_gy={},
)


@pytest.mark.parametrize(
    ("metric", "limit", "remarks"),
    [
        # the dose to a tenth of the volume
        (
            "D5cc[Gy]",
            31,
            ["warning: 'D5cc[Gy]' below 31: bundled tables have 31 Gy to 0.5 cc of Heart; "],
        ),  # skin has 5
        (
            "D30cc[Gy]",
            24,
            [
                "error: 'D30cc[Gy]' below 24: bundled tables have 24 Gy to 3 cc of Heart; ",
                "warning: 'D30cc[Gy]' below 24: bundled tables have 24 Gy to 3 cc of Heart, and 15 Gy to 30 cc; ",
                "error: 'D30cc[Gy]' below 24: 30 cc of Heart, where no bundled table has more than 3 cc; ",
            ],
        ),
        ("D0.5cc[Gy]", 33, ["warning: 'D0.5cc[Gy]' below 33: bundled tables have 33 Gy to 0.05 cc of Heart; "]),
        ("D5.5cc[Gy]", 31, []),
        (
            "D30cc[Gy]",
            15,
            ["warning: 'D30cc[Gy]' below 15: 30 cc of Heart, where no bundled table has more than 3 cc; "],
        ),
        # two digits changed about
        (
            "D3cc[Gy]",
            42,
            [
                (
                    "warning: 'D3cc[Gy]' below 42 has the digits of 24, which bundled tables have; none has more than "
                    "24 Gy; "
                )
            ],
        ),
        ("Max[Gy]", 42, []),
        ("D0.5cc[Gy]", 31, []),
        ("D0.5cc[Gy]", 13, []),  # less than is printed
    ],
)
def test_numbers_of_another_line(metric: str, limit: float, remarks: list[str]) -> None:
    found = of(metric, "below", limit, "Heart", usual=COPIED)
    assert sorted(one.rpartition("; ")[0] + "; " for one in found) == sorted(remarks)


TENTH, LINE, DIGITS = "bundled tables have 3", "is it from the line of another volume?", "has the digits of 24"


@pytest.mark.parametrize(
    ("limits", "metric", "limit", "level", "word"),
    [
        ([[0.1, 33.0]], "D1cc[Gy]", 33, "warning", TENTH),  # which stands for the maximum
        ([[0.11, 33.0]], "D1.1cc[Gy]", 33, "error", TENTH),
        ([[0.05, 33.0], [0.1, 20.0]], "D0.1cc[Gy]", 33, "", LINE),
        ([[0.05, 33.0], [0.11, 20.0]], "D0.11cc[Gy]", 33, "warning", LINE),
        ([[0.1, 24.0]], "Max[Gy]", 42, "warning", DIGITS),
        ([[0.0, 24.0]], "D0.1cc[Gy]", 42, "warning", DIGITS),
        ([[0.0, 24.0]], "D0.11cc[Gy]", 42, "", DIGITS),
        ([[0.11, 24.0]], "Max[Gy]", 42, "", DIGITS),
        ([[3.0, 24.0]], "D3cc[Gy]", 42, "warning", DIGITS),
        ([[3.0, 24.0], [3.0, 42.0]], "D3cc[Gy]", 42, "", DIGITS),  # printed itself
    ],
)
def test_where_a_volume_stands_for_the_maximum_and_a_dose_is_printed_itself(
    limits: list[list[float]], metric: str, limit: float, level: str, word: str
) -> None:
    usual = replace(COPIED, hot_gy={"heart": {"5": limits}}, hot_cc={})
    found = of(metric, "below", limit, "Heart", usual=usual)
    assert [one.partition(":")[0] for one in found if word in one] == ([level] if level else [])


@pytest.mark.parametrize(
    ("metric", "sense", "organ", "is_said"),
    [
        ("D5cc[Gy]", "below", "Heart", True),
        ("D5cc[Gy]", "below", "PTV", False),
        ("D5cc[Gy]", "at_least", "Heart", False),
        ("D5cc[%Rx]", "below", "Heart", False),
        ("V31Gy[cc]", "below", "Heart", True),
        ("V31Gy[cc]", "below", "PTV", False),
        ("V31Gy[cc]", "at_least", "Heart", False),
        ("V31%Rx[cc]", "below", "Heart", False),
    ],
)
def test_only_upper_limits_of_organs_in_gray_may_be_copied_from_another_line(
    metric: str, sense: str, organ: str, is_said: bool
) -> None:
    usual = replace(COPIED, hot_gy={key: {"5": [[0.5, 31.0], [5.0, 13.0]]} for key in ("heart", "ptv")})
    found = of(metric, sense, 31 if metric.startswith("D") else 5, organ, usual=usual)
    words = ("31 Gy to 0.5 cc", "has the digits")
    assert [any(word in one for one in found) for word in words] == [is_said, is_said]


@pytest.mark.parametrize("other", ["", "D5%[%Rx] physical"])
def test_a_row_in_percent_that_bundled_tables_print_so_is_not_asked_for_gray(other: str) -> None:
    in_gray = {"D5%[Gy] physical": {"50": {"printed": [5]}}}
    usual = replace(COPIED, numbers={"heart": {**in_gray, other: {"50": {"another": [5]}}}})
    remark = (
        "warning: 'D5%[%Rx]' below 50, where printed has the same numbers in Gy; if that is the row meant, write"
        " 'D5%[Gy]' below 50"
    )
    assert of("D5%[%Rx]", "below", 50, "Heart", usual=usual) == ([] if other else [remark])
    of_target = replace(usual, numbers={"ptv": in_gray, "heart": in_gray})
    for sense, organ in (("below", "PTV"), ("at_least", "Heart"), ("at_least", "PTV")):
        assert not any("same numbers in Gy" in one for one in of("D5%[%Rx]", sense, 50, organ, usual=of_target))


@pytest.mark.parametrize(
    ("limits", "limit", "remarks"),
    [  # up to 0.1 cc a volume stands for the maximum
        ([[0.1, 40.0], [5.0, 25.0]], 40, ["error"]),
        ([[0.1, 40.0], [5.0, 25.0]], 39, []),
        ([[0.11, 40.0], [5.0, 25.0]], 40, ["warning"]),
        ([[0.11, 40.0], [5.0, 25.0]], 41, []),
        ([[0.0, 42.0], [0.1, 40.0]], 40, []),  # its maximum alone is limited
    ],
)
def test_a_mean_as_high_as_the_maximum_of_an_organ_that_is_limited_at_its_hottest(
    limits: list[list[float]], limit: float, remarks: list[str]
) -> None:
    usual = replace(COPIED, hot_gy={"stomach": {"5": limits}})
    assert [one.partition(":")[0] for one in of("Mean[Gy]", "below", limit, "Stomach", usual=usual)] == remarks


@pytest.mark.parametrize(("organ", "is_said"), [("Stomach", True), ("Liver", False), ("PTV", False)])
def test_a_mean_of_an_organ_with_a_critical_volume_or_of_a_target_may_be_as_high_as_the_maximum_of_it(
    organ: str, is_said: bool
) -> None:
    usual = replace(COPIED, hot_gy={organ.lower(): {"5": [[0.0, 40.0], [5.0, 25.0]]}})
    found = of("Mean[Gy]", "below", 40, organ, usual=usual)
    assert any("at its hottest" in one for one in found) == is_said


def test_a_mean_with_the_number_of_a_volume_names_the_largest_one_that_has_it() -> None:
    limits = [[0.0, 40.0], [0.5, 25.0], [1.5, 25.0], [5.0, 20.0], [SHARE_CC + 5.0, 25.0]]
    (found,) = of("Mean[Gy]", "below", 25, "Stomach", usual=replace(COPIED, hot_gy={"stomach": {"5": limits}}))
    assert found.endswith("with the same number to 1.5 cc; if that is the row meant, write 'D1.5cc[Gy]'")


TWO = "one of the two numbers is a slip"


def of_rows(*rows: Constraint, **of_table: Any) -> list[tuple[str, str]]:
    """The row that a remark is on, and the remark, of rows that nothing is wrong with by themselves."""
    asked = table(*rows, **{"id": "own", **of_table})
    return [(one.id, f"{slip.level}: {slip.what}; {slip.hint}") for one, slip in row_slips(asked, USUAL)]


def test_of_two_limits_in_the_wrong_order_the_looser_is_named_and_the_line_of_the_other() -> None:
    small, large = (
        row("D1cc[Gy]", "below", 9, "Spleen", id="small", line=7),
        row("D5cc[Gy]", "at_most", 9.5, "Spleen", id="large", line=11),
    )
    what = "'D5cc[Gy]' at_most 9.5 cannot be missed where 'D1cc[Gy]' below 9 is met (line 7)"
    for rows in ((small, large), (large, small)):
        assert of_rows(*rows) == [("large", f"error: {what}; {TWO}")]
    elsewhere = replace(large, source=Source(citation="Roe", where="x"))
    assert of_rows(small, elsewhere) == [("large", f"warning: {what}; {TWO}")]
    assert of_rows(small, replace(large, limit=9.0))[0][1].startswith("warning: ")
    assert of_rows(small, replace(large, limit=8.9)) == of_rows(small, replace(large, kind=Kind.RISK)) == []
    between = row("Mean[Gy]", "below", 9, "Spleen", id="mean")
    assert of_rows(small, between, replace(large, structures=("Liver",), organ="Liver"), large) == [
        ("large", f"error: {what}; {TWO}")
    ]


def test_one_question_with_two_answers_names_the_line_of_the_first() -> None:
    first, second, third = (
        row("Mean[Gy]", "below", limit, "Spleen", id=f"r{line}", line=line, organ="The spleen")
        for line, limit in ((7, 9), (9, 9), (11, 8))
    )
    hint = "the looser of the two may be the acceptable variation of the other"
    assert of_rows(first, second, third) == [
        ("r11", f"warning: 'Mean[Gy]' of The spleen has another limit on line 7; {hint}")
    ]
    assert of_rows(first, replace(third, alpha_beta_gy=3.0, quantity=Quantity.EQD2)) == []


def test_remarks_on_numbers_of_fractions() -> None:
    def of_fractions(*rows: Constraint, **fields: Any) -> list[str]:
        return [f"{slip.level}: {slip.what}; {slip.hint}" for slip in fraction_slips(table(*rows, **fields))]

    gray, share = row("Mean[Gy]", "below", 9, "Spleen", id="a"), row("V5Gy[%]", "below", 9, "Spleen", id="b")
    percent = row("Mean[%Rx]", "below", 9, "Spleen", id="c")
    assert of_fractions(percent, share, gray, id="own", fractions=(3, 5)) == [
        (
            "warning: limits in Gy for 3, 5 fractions alike (b, 2 in all); "
            "one table for each number of fractions, unless printed so"
        )
    ]
    assert of_fractions(gray, id="own_8fx", fractions=(5,)) == [
        "error: the id 'own_8fx' says 8 fractions, and the table is for 5 fractions; correct fractions, or the id"
    ]
    assert of_fractions(gray, id="own.08-fx", fractions=(8,)) == of_fractions(percent, id="own", fractions=(3, 5)) == []


@pytest.mark.parametrize(
    ("sense", "limit", "acceptable", "said_of"),
    [
        ("below", 9.0, 18.1, "acceptable 18.1 is far from below 9"),
        ("below", 9.0, 18.0, ""),
        ("at_least", 9.0, 4.4, "acceptable 4.4 is far from at_least 9"),
        ("at_least", 9.0, 4.5, ""),
    ],
)
def test_a_far_variation_of_a_number_and_of_a_step(sense: str, limit: float, acceptable: float, said_of: str) -> None:
    steps = LimitByTargetVolume(
        steps=(Step(volume_cc=1, limit=limit), Step(volume_cc=2, limit=limit, acceptable=acceptable))
    )
    hint = "a plan between the two is a variation, no fail: compare both with the source"
    expected = [f"warning: {said_of}; {hint}"] if said_of else []
    assert of("gEUD(a=2)[Gy]", sense, limit, "PTV", acceptable=acceptable) == expected
    assert of("gEUD(a=2)[Gy]", sense, steps, "PTV") == expected


def test_a_target_that_is_taken_out_of_an_organ_printed_whole() -> None:
    usual = replace(USUAL, without_target=["liver"], numbers={**USUAL.numbers, "liver": {}, "body": {}})
    hint = "write the organ itself; or say in organ what is left out, as the source does"
    what = "printed for '{}', and measured on {}, without its part in the target"
    stomach = what.format("Stomach", "Stomach-PTV")
    assert of("Max[Gy]", "below", 9, "Stomach-PTV", organ="Stomach", usual=usual) == [f"warning: {stomach}; {hint}"]
    named = {"stomach": {"Max[Gy] physical": {"9": {"z-5": [5], "b-5": [3, 5], "a-3": [3]}}}}
    usual = replace(usual, numbers={**usual.numbers, **named})
    assert of("Max[Gy]", "below", 9, "Stomach-PTV", organ="Stomach", usual=usual) == [
        f"error: {stomach}, where b-5 has this limit for the whole organ; {hint}"
    ]
    elsewhere = of("Max[Gy]", "below", 9, "Stomach-PTV", organ="Stomach", usual=usual, fractions=(8,))
    assert f"warning: {stomach}; {hint}" in elsewhere
    for metric, sense, structure, organ in (
        ("Max[Gy]", "below", "Stomach-PTV", "Stomach minus PTV"),  # as the source says
        ("Max[Gy]", "below", "Liver-GTV", "Liver"),  # a table measures it so
        ("Max[Gy]", "below", "Spleen-PTV", "Spleen"),  # no table has it
        ("Max[Gy]", "below", "Body-PTV", "Body"),
        ("Max[Gy]", "below", "Stomach", "Stomach"),
    ):
        found = of(metric, sense, 9, structure, organ=organ, usual=usual)
        assert not [one for one in found if "without its part" in one]
    of_others = of("CV5Gy[cc]", "at_least", 9, "Stomach-PTV", organ="Stomach", usual=usual)
    assert not [one for one in of_others if "without its part" in one]


# -------------------------------------------------------------------------------- sites


def organ(name: str, *structures: str) -> ExpectedOrgan:
    return ExpectedOrgan(organ=name, structures=structures or (name,), choice="why")


def words_of(slip: Slip) -> str:
    return f"{slip.level}: {slip.what}; {slip.hint}"


UNCHECKED = "it is asked for, and its dose is not checked"
EXACTLY = "the organ is looked for under exactly this name"


def test_each_remark_on_a_site_is_on_its_organ() -> None:
    heart = table(row("Max[Gy]", "below", 9, "Heart", "Our organ", select=Select.EACH), site="lung")
    everywhere = table(row("Max[Gy]", "below", 9, "Liver"), site="multi")
    sites = Sites(
        id="s",
        version="1.0.0",
        title="S",
        sites=(
            Site(id="lung", title="L", expects=(organ("Heart"), organ("Our organ"), organ("Spleen"))),
            Site(id="liver", title="L", expects=(organ("Liver"), organ("Heart"), organ("x", "Zqzqzq", "Hart"))),
        ),
    )
    found = [(n, m, words_of(slip)) for n, m, slip in site_slips(sites, [heart, everywhere])]
    assert found == [
        (0, 2, f"warning: no table of site 'lung' has a row for Spleen; {UNCHECKED}"),
        (1, 1, f"warning: no table of site 'liver' has a row for Heart; {UNCHECKED}"),
        (1, 2, f"warning: 'Zqzqzq' is no TG-263 name, and no table has it; {EXACTLY}"),
        (1, 2, "warning: 'Hart' is no TG-263 name, and no table has it; did you mean 'Heart'?"),
        (1, 2, f"warning: no table of site 'liver' has a row for x; {UNCHECKED}"),
    ]


def test_the_site_of_a_table_has_a_list_or_the_table_has_one() -> None:
    def remarks(site: str, *expects: ExpectedOrgan) -> list[str]:
        asked = table(row("Max[Gy]", "below", 9, "Heart"), site=site, expects=expects)
        return [words_of(slip) for slip in table_slips(asked, ["lung", "liver"])]

    none = "has no list of expected organs"
    hint = "list the organs that a plan must have in expects, or the site in a file of sites"
    assert remarks("lung") == remarks("multi") == remarks("tongue", organ("Heart")) == []
    assert remarks("tongue") == [f"warning: site 'tongue' {none}; {hint}"]
    assert remarks("lungs") == [f"warning: site 'lungs' {none}; did you mean 'lung'?"]
    assert remarks("tongue", organ("Heart"), organ("Spleen")) == [
        f"warning: no row of the table is of Spleen; {UNCHECKED}"
    ]
    assert remarks("lung", organ("Zqzqzq"))[0] == f"warning: 'Zqzqzq' is no TG-263 name, and no table has it; {EXACTLY}"


def test_the_site_of_a_row_is_one_that_a_plan_may_be_of() -> None:
    def remarks(only_site: str | None, of_table: str) -> list[str]:
        return [words_of(slip) for slip in row_site_slips(only_site, table(site=of_table), ["lung", "liver"])]

    assert remarks(None, "multi") == remarks("lung", "multi") == remarks("tongue", "tongue") == []
    assert remarks("tongue", "multi") == ["warning: site 'tongue' is in no file of sites; no plan will be of that site"]
    assert remarks("lungs", "liver") == ["warning: site 'lungs' is in no file of sites; did you mean 'lung'?"]
    assert remarks("multi", "multi")[0].startswith("warning: site 'multi' is in no file of sites")


@pytest.mark.parametrize(
    ("raw", "is_one"),
    [(b"sites: []", True), (b"sites: []\nrows: []", False), (b"note: sites", False), (b"[sites]", False), (b"", False)],
)
def test_a_file_of_sites_has_sites_at_its_top(raw: bytes, is_one: bool) -> None:
    assert is_sites(raw) is is_one


@pytest.mark.parametrize(
    ("asked", "levels"),
    [
        # the column of more fractions, at twice the limit of this number
        (("D4cc[Gy]", "below", 50, "Heart"), ["warning"]),
        (("D4cc[Gy]", "below", 51, "Heart"), ["error"]),
        # a maximum by its name
        (("D19.9%[Gy]", "below", 9, "Spleen", {"organ": "Spleen max"}), []),
        (("D20%[Gy]", "below", 9, "Spleen", {"organ": "Spleen max"}), ["error"]),
        (("DC20%[Gy]", "below", 9, "Spleen", {"organ": "Spleen max"}), []),
        (("D20%[Gy]", "below", 9, "Spleen", {"organ": "Spleen max, mean"}), []),
        (("D20%[Gy]", "below", 9, "Spleen", {"organ": "Spleen max vol"}), []),
        (("D95%[Gy]", "at_least", 9, "PTV", {"organ": "PTV max"}), []),
        (("Max[Gy]", "at_least", 9, "PTV", {"organ": "PTV min, not max"}), []),
        (("Max[Gy]", "at_least", 9, "PTV", {"organ": "PTV mean"}), []),
        (("Mean[Gy]", "at_most", 9, "PTV", {"organ": "PTV max"}), ["warning"]),
        (("Mean[Gy]", "at_least", 9, "PTV", {"organ": "PTV max"}), []),
        (("Mean[Gy]", "below", 9, "Spleen", {"organ": "Spleen max mean"}), []),
        (("Max[Gy]", "below", 9, "Spleen", {"organ": "Spleen max mean"}), []),
        # the organs that a text names, wherever they stand in it
        (("Max[Gy]", "below", 9, "Spleen", {"organ": "The liver, or else the spleen"}), []),
        (("Max[Gy]", "below", 9, "Liver", {"organ": "The liver, or else the spleen"}), []),
        (("Max[Gy]", "below", 9, "Heart", {"organ": "The liver, or else the spleen"}), ["warning"]),
        (("Max[Gy]", "below", 9, "Heart", {"organ": "near the spinal cord of it"}), ["warning"]),
        (("Max[Gy]", "below", 9, "SpinalCord", {"organ": "near the spinal cord of it"}), []),
        # several structures, of which one hides another
        (("Mean[Gy]", "below", 9, "Heart", "Heart-PTV", {"select": Select.UNION, "organ": "Heart minus PTV"}), []),
        (("Mean[Gy]", "below", 9, "Kidney_L", "Kidney_R", "Spleen", {"select": Select.UNION}), ["warning"]),
        (("Mean[Gy]", "below", 9, "Heart", "Body", {"select": Select.EACH}), []),
        (
            (
                "Mean[Gy]",
                "below",
                9,
                "Heart",
                "Heart-PTV",
                "Liver",
                {"select": Select.FIRST, "organ": "Heart minus PTV"},
            ),
            ["warning"],
        ),
        (("DC50cc[Gy]", "below", 9, "Kidney_L", "Kidney_Cortex_L", {"select": Select.UNION}), ["error"]),
        (("DC50cc[Gy]", "below", 9, "Kidney_L", "Spleen", {"select": Select.UNION}), ["warning"]),
        (("CV5Gy[%]", "at_least", 9, "Kidney_L"), []),
        (("CV5Gy[cc]", "at_least", 9, "Kidney_L"), ["error"]),
        (("V5Gy[cc]", "below", 9, "Kidney_L"), []),
    ],
    ids=lambda value: " ".join(map(str, value[:5])) if isinstance(value, tuple) else "",
)
def test_levels_of_remarks_on_words_and_structures(asked: tuple[Any, ...], levels: list[str]) -> None:
    *plain, fields = asked if isinstance(asked[-1], dict) else (*asked, {})
    assert [one.partition(":")[0] for one in of(*plain, **fields)] == levels


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ([], "error"),
        ([14.9, 24.0], "error"),
        ([15.0, 23.9], "error"),
        ([15.0, 24.0], "warning"),
        ([30.0, 24.1], "warning"),
    ],
)
def test_a_dose_that_somebody_allows_to_half_as_much_is_no_slip_for_sure(more: list[float], level: str) -> None:
    hot = {"heart": {"5": [[3.0, 24.0], *([more] if more else [])]}}
    usual = replace(COPIED, hot_gy=hot, hot_cc={"heart": [60.0]})
    found = of("D30cc[Gy]", "below", 24, "Heart", usual=usual)
    what = f"{level}: 'D30cc[Gy]' below 24: bundled tables have 24 Gy to 3 cc of Heart; {DECIMAL}"
    assert what in found
    used = replace(usual, hot_cc={"heart": [60.0], "skin": [30.0]})  # a volume that is used of another organ
    assert what.replace("error", "warning") in of("D30cc[Gy]", "below", 24, "Heart", usual=used)


def test_a_table_for_any_number_of_fractions_is_held_to_none() -> None:
    usual = replace(COPIED, hot_gy={"heart": {"1": COPIED.hot_gy["heart"]["5"]}}, hot_cc={"heart": [60.0]})
    for metric, limit in (("D30cc[Gy]", 24), ("D3cc[Gy]", 42), ("Mean[Gy]", 31)):
        found = [of(metric, "below", limit, "Heart", usual=usual, fractions=numbers) for numbers in ((1,), ())]
        assert [bool(one) for one in found] == [True, False]

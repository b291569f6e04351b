"""Tables that Eclipse, CERR and SlicerRT computed of one published plan, read as exports.

Collected only where the plans are (``SBRTCHECK_RTDATA``, else ``../shared/rtdata``).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from folders import ROOT
from sbrtcheck import load_dvh_export, measure
from sbrtcheck.dvh import Reason

DATA = Path(os.environ.get("SBRTCHECK_RTDATA", ROOT.parent / "shared" / "rtdata"))
TABLES = DATA / "eclipse81_prostate" / "dvh_tables"
METRICS = {"V5 (cc)": "V5Gy[cc]", "V5 (%)": "V5Gy[%]", "V20 (cc)": "V20Gy[cc]", "V20 (%)": "V20Gy[%]"}
METRICS |= {"D2cc (GY)": "D2cc[Gy]", "D5cc (GY)": "D5cc[Gy]", "D5% (GY)": "D5%[Gy]", "D10% (GY)": "D10%[Gy]"}
METRICS |= {"Mean dose (GY)": "Mean[Gy]", "Min dose (GY)": "Min[Gy]", "Max dose (GY)": "Max[Gy]"}

if TABLES.is_dir():

    def table(system: str) -> Path:
        return TABLES / f"EclipseProstate_DvhTable_{system}.csv"

    def slicers_own() -> list[dict[str, str]]:
        with (TABLES / "EclipseProstate_DvhMetrics_SlicerRT.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    @pytest.mark.parametrize("stated", slicers_own(), ids=lambda stated: stated["Structure"])
    def test_the_table_of_slicer_has_the_metrics_that_slicer_states(stated: dict[str, str]) -> None:
        dvh = load_dvh_export(table("SlicerRT"))[stated["Structure"]]
        assert dvh.volume_cc == pytest.approx(float(stated["Volume (cc)"]), abs=0.1)
        for heading, metric in METRICS.items():
            found = measure(metric, dvh)
            theirs = float(stated[heading])
            assert found.low - 1e-3 <= theirs <= found.high + 1e-3, metric  # type: ignore[union-attr]
            if metric[0] in "VD" or metric == "Mean[Gy]":  # minimum and maximum fall between rows
                assert found.value == pytest.approx(theirs, rel=2e-3, abs=5e-3), metric  # type: ignore[union-attr]

    def test_a_row_whose_dose_falls_is_found_in_the_table_of_eclipse() -> None:
        """Line 776 of the published file has 0.00035604 for 35.604 Gy."""
        found = load_dvh_export(table("Eclipse"))
        assert len(found) == 0
        assert {(one.reason, one.detail) for one in found.without} == {
            (Reason.STRUCTURE_NOT_COMPUTED, "the doses of its table fall, from 35.56 to 0.000356 Gy")
        }

    @pytest.mark.parametrize("structure", ["Bladder", "FemoralHeadLt", "FemoralHeadRT", "PTV", "Rectum"])
    def test_the_table_of_eclipse_agrees_with_that_of_cerr(structure: str, tmp_path: Path) -> None:
        mended = tmp_path / "eclipse.csv"
        lines = table("Eclipse").read_text(encoding="utf-8").splitlines()
        mended.write_text("\n".join(line for line in lines if "0.00035604" not in line), encoding="utf-8")
        eclipse, cerr = (load_dvh_export(path)[structure] for path in (mended, table("CERR")))
        assert eclipse.volume == pytest.approx(cerr.volume, rel=0.015)
        for metric in ("Mean[Gy]", "D50%[Gy]", "D2%[Gy]"):
            one, two = (measure(metric, dvh).value for dvh in (eclipse, cerr))  # type: ignore[union-attr]
            assert one == pytest.approx(two, abs=0.2), metric

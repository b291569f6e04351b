"""Plans of the schedules that lung and liver clinics use, judged by the tables of their profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dvh_builders import curve, dvh_set, exact, report_on, uniform_dvh
from folders import ROOT
from sbrtcheck import cli
from sbrtcheck.dvh import DVH, Model, Origin
from sbrtcheck.plan import Prescription
from sbrtcheck.reference_data import load_profiles
from sbrtcheck.results import Report, ReviewCode, Verdict
from sbrtcheck.tables import ConstraintTable, load_table

PLANS = {
    site: ROOT / "examples" / "plans" / name for site, name in (("lung", "lung-50gy-5fx"), ("liver", "liver-45gy-3fx"))
}
PROFILES = {profile.id: profile for profile in load_profiles().profiles}


def check(profile_id: str, *args: str) -> tuple[int, dict[str, Any]]:
    """Check the bundled plan of the site as if it were of the schedule; only what its tables come to is looked at."""
    profile = PROFILES[profile_id]
    rx = f"{profile.dose_gy:g}Gy/{profile.fractions}"
    options = ("--profile", profile_id, "--rx", rx, "--accept-dose", "--sex", "female", "--format", "json")
    done = CliRunner().invoke(cli.main, ["check", str(PLANS[profile.site]), *options, *args])
    assert done.exit_code in (0, 1, 3), done.output
    return done.exit_code, dict(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.parametrize("profile_id", PROFILES)
def test_the_bundled_plan_of_the_site_is_judged_by_every_table_of_each_profile(profile_id: str) -> None:
    _, report = check(profile_id)
    judged = {row["table"] for row in report["outcomes"] if row["value"] is not None}
    assert judged == set(PROFILES[profile_id].tables)
    counted = [row for row in report["outcomes"] if row["counts"] and row["verdict"] in ("PASS", "VARIATION", "FAIL")]
    assert bool(counted) == (profile_id != "liver-60gy-6fx")  # nothing for six fractions is confirmed
    assert (report["verdict"] in ("PASS", "VARIATION")) <= bool(counted)


@pytest.mark.slow
@pytest.mark.parametrize("profile_id", [id_ for id_, profile in PROFILES.items() if profile.site == "lung"])
def test_a_hot_spinal_cord_fails_in_every_lung_schedule(profile_id: str, tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("SpinalCord: GTV\nSpinalCanal: GTV\n", encoding="utf-8")
    exit_code, report = check(profile_id, "--names", str(names))
    failing = {row["organ"] for row in report["failing"] if row["counts"]}
    assert (exit_code, report["verdict"]) == (1, "FAIL")
    assert failing & {"SpinalCord", "SpinalCanal", "SpinalCord + Medulla"}


# -------------------------------------------------------------------------------- five fractions of the liver


def liver(cold_gy: float, hot_gy: float, volume_cc: float = 1500.0) -> DVH:
    """Half of the liver without its target receives one dose, half another: the mean is halfway."""
    at = curve([0.0, cold_gy, cold_gy, hot_gy], [volume_cc, volume_cc, volume_cc / 2, volume_cc / 2])
    mean_gy = (cold_gy + hot_gy) / 2
    return DVH(
        name="Liver-GTV",
        number=1,
        origin=Origin.COMPUTED,
        volume=volume_cc,
        curve=at,
        lower=at,
        upper=at,
        mean_gy=exact(mean_gy),
        min_gy=exact(cold_gy),
        max_gy=exact(hot_gy),
        prescription=FIFTY_IN_FIVE,
        model=Model(),
    )


FIFTY_IN_FIVE = Prescription(dose_gy=50.0, fractions=5)
LIVER_TABLES: list[ConstraintTable] = [load_table(id_) for id_ in PROFILES["liver-50gy-5fx"].tables]


def judged(liver_dvh: DVH) -> Report:
    others = (uniform_dvh(name, dose_gy=1.0) for name in ("Stomach", "Duodenum", "Bowel_Small", "Colon", "SpinalCord"))
    kidneys = uniform_dvh("Kidneys", dose_gy=1.0, volume_cc=300.0)
    dvhs = dvh_set(liver_dvh, uniform_dvh("PTV", dose_gy=52.0, volume_cc=30.0), *others, kidneys)
    return report_on(LIVER_TABLES, dvhs, site="liver")


def test_a_mean_of_21_5_gy_to_the_liver_in_five_fractions_does_not_pass() -> None:
    report = judged(liver(5.0, 38.0))
    (mean,) = (one for one in report.outcomes if one.row_id == "uk-2022-liver-5fx/liver-mean")
    (cold,) = (one for one in report.outcomes if one.row_id == "timmerman-2022-5fx/normal-liver-dc700cc")
    assert (mean.verdict, mean.counts, cold.verdict) == (Verdict.FAIL, False, Verdict.PASS)
    assert report.verdict is Verdict.REVIEW
    assert any(
        reason.code is ReviewCode.FAILS_WITHOUT_COUNTING and mean.row_id in reason.rows for reason in report.reasons
    )


def test_a_mean_below_both_limits_leaves_no_reason_of_its_own() -> None:
    report = judged(liver(5.0, 20.0))
    assert not [reason for reason in report.reasons if any("liver-mean" in row for row in reason.rows)]


def test_between_the_optimal_and_the_mandatory_mean_is_a_variation() -> None:
    report = judged(liver(5.0, 23.0))
    found = {one.constraint.id: one.verdict for one in report.outcomes if one.table_id == "uk-2022-liver-5fx"}
    assert (found["liver-mean"], found["liver-mean-optimal"]) == (Verdict.PASS, Verdict.VARIATION)

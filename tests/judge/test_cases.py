"""What people's software writes, and how people's plans break: each case with the right answer, as a user gets it.

The two bundled plans are changed, written and checked on the command line. Each case stands for a kind: its variants
are other structures, other orders and combinations of the same faults.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from pydicom import dcmread
from pydicom.sequence import Sequence as Items

import plan_changes as changes
from dicom_files import contour, item, set_raw
from folders import ROOT
from plan_changes import PlanFiles, Points, move, points_of, scale
from sbrtcheck import cli
from sbrtcheck.dvh import Reason
from sbrtcheck.plan import FindingCode
from sbrtcheck.results import ReviewCode

PLANS = ROOT / "examples" / "plans"
LUNG = ("--table", "tg101-5fx", "--site", "lung")
LIVER = ("--table", "tg101-3fx", "--site", "liver")
ANY = Random(7)


def lung() -> PlanFiles:
    """The bundled lung plan: 50 Gy in 5; all of its rows pass."""
    return changes.read(PLANS / "lung-50gy-5fx")


def liver() -> PlanFiles:
    """The bundled liver plan: 45 Gy in 3; its duodenum gets too much."""
    return changes.read(PLANS / "liver-45gy-3fx")


@dataclass(frozen=True, slots=True)
class Done:
    """What one run of the command ended with."""

    exit_code: int
    output: str
    report: dict[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.report["verdict"])

    @property
    def came_to(self) -> tuple[str, int]:
        return self.verdict, self.exit_code

    @property
    def codes(self) -> set[str]:
        """What stands against a pass."""
        return {reason["code"] for reason in self.report["reasons"]}

    @property
    def texts(self) -> str:
        """Everything that the report says of itself."""
        said = [reason["text"] for reason in self.report["reasons"]]
        found = [*self.report["findings"], *(one for row in self.report["outcomes"] for one in row["findings"])]
        details = [row["detail"] for row in self.report["outcomes"]]
        return "\n".join([*said, *(one["text"] for one in found), *details])

    def rows(self, organ: str, metric: str = "") -> list[dict[str, Any]]:
        """The rows of an organ, or of a union that it is in."""
        found = [
            row
            for row in self.report["outcomes"]
            if organ in row["organ"].split(" + ") and (not metric or row["metric"] == metric)
        ]
        assert found, (organ, metric)
        return found

    def row(self, organ: str, metric: str) -> dict[str, Any]:
        (found,) = self.rows(organ, metric)
        return found

    def verdicts(self, organ: str) -> set[str]:
        return {row["verdict"] for row in self.rows(organ)}

    def reasons(self, organ: str) -> set[str | None]:
        return {row["reason"] for row in self.rows(organ)}

    def except_of(self, *organs: str) -> dict[str, tuple[str, float | None]]:
        """Verdict and value of every row that asks for none of these organs."""
        return {
            f"{row['row']} {row['organ']}": (row["verdict"], row["value"])
            for row in self.report["outcomes"]
            if not set(row["organ"].replace(" + ", "-").split("-")) & set(organs)
        }


Check = Callable[..., Done]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Write the files of a plan and check them; other arguments go to the command."""

    def run(files: PlanFiles | Path, *args: str) -> Done:
        folder = files if isinstance(files, Path) else files.save(tmp_path / "plan")
        done = CliRunner().invoke(cli.main, ["check", str(folder), *args, "--format", "json"])
        report = json.loads(done.stdout) if done.exit_code in (0, 1, 3) else {}
        return Done(done.exit_code, done.output, report)

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """The two plans as they are."""
    found = {}
    for name, files, args in (("lung", lung(), LUNG), ("liver", liver(), LIVER)):
        folder = files.save(tmp_path_factory.mktemp(name) / "plan")
        done = CliRunner().invoke(cli.main, ["check", str(folder), *args, "--format", "json"])
        found[name] = Done(done.exit_code, done.output, json.loads(done.stdout))
    return found


def names_file(folder: Path, **names: str) -> str:
    path = folder / "names.yaml"
    path.write_text("".join(f"{organ}: {name!r}\n" for organ, name in names.items()), encoding="utf-8")
    return str(path)


@pytest.mark.slow
def test_the_two_plans_are_what_the_cases_start_from(whole: dict[str, Done]) -> None:
    assert whole["lung"].came_to == ("PASS", 0)
    assert whole["liver"].came_to == ("FAIL", 1)
    assert whole["liver"].verdicts("Duodenum") == {"FAIL", "PASS"}


# ------------------------------------------------------------------------------ contours that are there twice

SPOT_GY = pytest.approx(63.8, abs=0.1)  # in the middle of the lung plan's target
LARGE_SPOT_GY = pytest.approx(60.0, abs=0.1)  # of its hottest 10 cc


def as_the_target(files: PlanFiles, name: str, *, shift_mm: float = 0.0) -> None:
    """The structure's contours are those of the PTV."""
    moved = [changes.copy_of(one, points_of(one) + np.array([shift_mm, 0.0, 0.0])) for one in files.contours("PTV")]
    files.put(name, moved)


TWICE = {
    "exactly": changes.duplicate_exactly,
    "shifted": changes.duplicate_shifted,
    "resampled": changes.duplicate_resampled,
    "on other planes": changes.duplicate_on_other_planes,
}


@pytest.mark.slow
@pytest.mark.parametrize("how", TWICE)
def test_an_organ_that_is_there_twice_counts_once(check: Check, how: str) -> None:
    files = lung()
    as_the_target(files, "GreatVes")
    TWICE[how](files, "GreatVes", Random(3))
    done = check(files, *LUNG)
    assert done.came_to == ("FAIL", 1)
    assert done.row("GreatVes", "D0.035cc[Gy]")["value"] == SPOT_GY
    assert done.row("GreatVes", "D10cc[Gy]")["value"] == LARGE_SPOT_GY


@pytest.mark.slow
@pytest.mark.parametrize("how", ["exactly", "shifted"])
@pytest.mark.parametrize("kind", ["CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR"])
def test_copies_do_not_pass_by_exclusive_or(check: Check, how: str, kind: str) -> None:
    """What two copies leave of each other is a sliver, and no organ."""
    files = lung()
    as_the_target(files, "GreatVes")
    TWICE[how](files, "GreatVes", Random(3))
    changes.to_type(kind)(files, "GreatVes", ANY)
    done = check(files, *LUNG)
    assert done.exit_code in (1, 3)
    assert "PASS" not in done.verdicts("GreatVes")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Heart", "Lung_R", "Esophagus", "PTV"])
def test_a_copy_changes_no_verdict_and_hardly_a_value(check: Check, whole: dict[str, Done], name: str) -> None:
    files = lung()
    changes.duplicate_shifted(files, name, Random(5))
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    for row, before in zip(done.report["outcomes"], whole["lung"].report["outcomes"], strict=True):
        assert row["verdict"] == before["verdict"]
        if row["value"] is not None:
            assert row["value"] == pytest.approx(before["value"], rel=0.01, abs=0.05)


def test_three_copies_are_one_too(check: Check) -> None:
    files = lung()
    as_the_target(files, "GreatVes")
    for at in range(2):
        changes.duplicate_shifted(files, "GreatVes", Random(at))
    done = check(files, *LUNG)
    assert done.verdicts("GreatVes") <= {"FAIL", "NOT_EVALUATED"}
    assert done.exit_code in (1, 3)


# -------------------------------------------------------------------------------- contours that overlap in part


def two_strokes(files: PlanFiles, *, margin_mm: float = 14.0) -> tuple[Points, ...]:
    """Two brush strokes across the target on each plane; both hold it."""
    every = np.concatenate([points_of(one) for one in files.contours("PTV")])
    (x0, y0, _), (x1, y1, _) = every.min(axis=0) - margin_mm, every.max(axis=0) + margin_mm
    planes = sorted({float(points_of(one)[0, 2]) for one in files.contours("PTV")})
    heights = [*(planes[0] - 3.0 * n for n in (3, 2, 1)), *planes, *(planes[-1] + 3.0 * n for n in (1, 2, 3))]
    made = []
    for z in heights:
        made += [
            np.array([(x0, y0, z), (x1 + 40, y0, z), (x1 + 40, y1, z), (x0, y1, z)]),
            np.array(
                [(x0 - 0.3, y0 - 40, z), (x1 + 0.3, y0 - 40, z), (x1 + 0.3, y1 + 0.3, z), (x0 - 0.3, y1 + 0.3, z)]
            ),
        ]
    return tuple(made)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "INTERPOLATED_PLANAR"])
@pytest.mark.parametrize("name", ["GreatVes", "Esophagus"])
def test_two_strokes_that_overlap_do_not_cancel(check: Check, kind: str, name: str) -> None:
    files = lung()
    files.put(name, [contour(points) for points in two_strokes(files)])
    changes.to_type(kind)(files, name, ANY)
    done = check(files, *LUNG)
    assert done.came_to in {("FAIL", 1), ("REVIEW", 3)}
    row = done.row(name, "D0.035cc[Gy]")
    assert row["verdict"] in ("FAIL", "NOT_EVALUATED")
    assert row["value"] == SPOT_GY
    assert ReviewCode.CONTOURS in done.codes


@pytest.mark.slow
def test_the_order_of_two_strokes_changes_nothing(check: Check) -> None:
    values = []
    for turned in (False, True):
        files = lung()
        strokes = [contour(points) for points in two_strokes(files)]
        files.put("GreatVes", strokes[::-1] if turned else strokes)
        done = check(files, *LUNG)
        values.append([(row["value"], row["verdict"], row["reason"]) for row in done.rows("GreatVes")])
    assert values[0] == values[1]


def test_by_exclusive_or_two_strokes_do_cancel(check: Check) -> None:
    files = lung()
    files.put("GreatVes", [contour(points, "CLOSEDPLANAR_XOR") for points in two_strokes(files)])
    done = check(files, *LUNG)
    assert done.row("GreatVes", "D0.035cc[Gy]")["value"] < 40.0  # what both enclose is outside


def test_a_hole_stays_a_hole(check: Check, whole: dict[str, Done]) -> None:
    """The skin is a rind of two loops a plane: the inner one is a hole, and no overlap."""
    assert whole["lung"].row("Skin", "D10cc[Gy]")["verdict"] == "PASS"
    assert not whole["lung"].codes


# ------------------------------------------------------------------------------------------ types and planes


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["INTERPOLATED_PLANAR", "CLOSED_PLANAR_XOR", "CLOSEDPLANAR_XOR"])
def test_types_that_enclose_an_area_are_read(check: Check, whole: dict[str, Done], kind: str) -> None:
    files = lung()
    changes.to_type(kind)(files, "SpinalCord", ANY)
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    assert done.rows("SpinalCord")[0]["value"] == whole["lung"].rows("SpinalCord")[0]["value"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED"])
@pytest.mark.parametrize("name", ["SpinalCord", "Heart"])
def test_other_types_are_named_in_the_reason(check: Check, kind: str, name: str) -> None:
    files = lung()
    changes.to_type(kind)(files, name, ANY)
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert done.verdicts(name) == {"NOT_EVALUATED"}
    detail = done.rows(name)[0]["detail"]
    assert kind in detail
    assert str(len(files.contours(name))) in detail


SPARSE = ("Lung_L", "Lung_R", "Heart", "Esophagus", "SpinalCord")


def lose_planes(files: PlanFiles, name: str, which: Sequence[int]) -> None:
    by_height = sorted(files.contours(name), key=lambda one: float(points_of(one)[0, 2]))
    heights = sorted({round(float(points_of(one)[0, 2]), 2) for one in by_height})
    lost = {heights[at] for at in which if 0 < at < len(heights) - 1}
    files.put(name, [one for one in by_height if round(float(points_of(one)[0, 2]), 2) not in lost])


def volume_cc(folder: Path, name: str) -> float:
    done = CliRunner().invoke(cli.main, ["dvh", str(folder), "--structure", name, "--format", "json"])
    assert done.exit_code == 0, done.output
    (dvh,) = json.loads(done.stdout)["structures"]
    return float(dvh["volume"])


@pytest.mark.slow
def test_steps_of_three_and_six_millimetres_keep_the_volume(check: Check, tmp_path: Path) -> None:
    files = lung()
    for name in SPARSE:
        lose_planes(files, name, (5, 9, 14, 20, 24, 31))
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    for name in ("Heart", "Esophagus", "Lung_L"):
        assert volume_cc(tmp_path / "plan", name) == pytest.approx(volume_cc(PLANS / "lung-50gy-5fx", name), rel=0.01)
    assert "bridged" in done.texts


def test_half_of_an_organ_on_every_second_plane(check: Check, tmp_path: Path) -> None:
    files = lung()
    lose_planes(files, "Heart", range(1, 20, 2))
    assert check(files, *LUNG).came_to == ("PASS", 0)
    assert volume_cc(tmp_path / "plan", "Heart") == pytest.approx(volume_cc(PLANS / "lung-50gy-5fx", "Heart"), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Heart", "Esophagus", "Lung_R"])
def test_three_planes_that_are_missing_are_no_step(check: Check, name: str) -> None:
    files = lung()
    lose_planes(files, name, (10, 11, 12))
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert ReviewCode.CONTOURS in done.codes


def one_plane(files: PlanFiles, name: str, *, thickness_mm: str = "") -> None:
    contours = files.contours(name)
    one = contours[len(contours) // 2]
    if thickness_mm:
        one.ContourSlabThickness = thickness_mm
    files.put(name, [one])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SpinalCord", "Esophagus", "GreatVes"])
def test_an_organ_on_one_plane_meets_no_limit_by_its_volume(check: Check, tmp_path: Path, name: str) -> None:
    files = lung()
    one_plane(files, name, thickness_mm="1")
    area_mm2 = 0.5 * abs(sum(x * v - u * y for (x, y, _), (u, v, _) in _sides(points_of(files.contours(name)[0]))))
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert {row["verdict"] for row in done.rows(name) if row["value"] is None} <= {"NOT_EVALUATED"}
    assert volume_cc(tmp_path / "plan", name) == pytest.approx(area_mm2 / 1000.0, rel=1e-3)  # 1 mm thick


def _sides(points: Points) -> list[tuple[Points, Points]]:
    return list(zip(points, np.roll(points, -1, axis=0), strict=True))


def test_an_organ_on_one_plane_without_a_thickness_meets_none_either(check: Check) -> None:
    files = lung()
    one_plane(files, "SpinalCord")
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert "smaller than" not in "".join(row["detail"] for row in done.rows("SpinalCord") if row["verdict"] == "PASS")


# ------------------------------------------------------------------------------------------- damaged contours


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "name"), [(damage, ("Heart", "GreatVes")[at % 2]) for at, damage in enumerate(changes.DAMAGES)]
)
def test_a_damaged_organ_costs_its_own_rows(check: Check, whole: dict[str, Done], damage: str, name: str) -> None:
    files = lung()
    others = files.structures.StructureSetROISequence
    changes.DAMAGES[damage](files, name, Random(3))
    lost = {name}
    if damage == "a ROI number twice":
        number = next(roi.ROINumber for roi in others if roi.ROIName == name)
        lost = {roi.ROIName for roi in others if roi.ROINumber == number}
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert done.except_of(*lost, "Lungs") == whole["lung"].except_of(*lost, "Lungs")
    if damage != "one contour of another type":
        assert done.verdicts(name) == {"NOT_EVALUATED"}
        assert all(row["reason"] for row in done.rows(name))
    assert any(name in reason["structure"] or name in reason["text"] for reason in done.report["reasons"])


def test_the_place_of_the_damage_is_named(check: Check) -> None:
    files = lung()
    one = files.contours("Heart")[2]
    texts = [str(value) for value in one.ContourData]
    set_raw(one, "ContourData", "\\".join(["NaN", *texts[1:]]))
    done = check(files, *LUNG)
    (reason,) = done.report["reasons"]
    assert reason["structure"] == "Heart"
    assert "contour 3" in reason["text"]
    assert "NaN" in reason["text"]
    assert len(reason["rows"]) == 2


def test_of_a_failing_organ_that_is_damaged_a_review_is_left(check: Check) -> None:
    files = liver()
    changes.DAMAGES["the last number lost"](files, "Duodenum", ANY)
    done = check(files, *LIVER)
    assert done.came_to == ("REVIEW", 3)
    assert done.reasons("Duodenum") == {Reason.STRUCTURE_DAMAGED}


@pytest.mark.slow
def test_two_damaged_organs_in_either_order(check: Check) -> None:
    found = []
    for names in (("Heart", "Esophagus"), ("Esophagus", "Heart")):
        files = lung()
        for name in names:
            changes.DAMAGES["NaN"](files, name, Random(1))
        found.append(check(files, *LUNG).report["reasons"])
    assert found[0] == found[1]
    assert {reason["structure"] for reason in found[0]} == {"Heart", "Esophagus"}


# ------------------------------------------------------------------------------------------------------- dose


def zero_dose(files: PlanFiles) -> None:
    files.dose.PixelData = b"\0" * len(files.dose.PixelData)


NOT_THE_DOSE: dict[str, Callable[[PlanFiles], None]] = {
    "zeros": zero_dose,
    "one fraction of five": lambda files: scale(files, 1 / 5),
    "two fractions of five": lambda files: scale(files, 2 / 5),
    "one beam of two": lambda files: scale(files, 0.45),
    "in cGy, said to be in Gy": lambda files: scale(files, 0.01),
    "one beam by its shape": lambda files: changes.one_beam(files, Random(1)),
    "of another plan": lambda files: changes.dose_of_another_plan(files, ANY),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_THE_DOSE)
def test_a_dose_that_is_not_the_plans_passes_nothing(check: Check, name: str) -> None:
    files = lung()
    NOT_THE_DOSE[name](files)
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert ReviewCode.DOSE in done.codes
    assert {row["verdict"] for row in done.report["outcomes"]} == {"NOT_EVALUATED"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zeros", "one fraction of five"])
@pytest.mark.parametrize("lost", [("PTV",), ("GTV", "ITV"), ("PTV", "GTV", "ITV")])
def test_nor_without_targets(check: Check, name: str, lost: tuple[str, ...]) -> None:
    files = lung()
    NOT_THE_DOSE[name](files)
    for target in lost:
        changes.remove(files, target, ANY)
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert ReviewCode.DOSE in done.codes


def test_an_organ_that_is_missing_says_so_whatever_the_dose(check: Check) -> None:
    files = lung()
    zero_dose(files)
    changes.remove(files, "Esophagus", ANY)
    done = check(files, *LUNG)
    assert done.codes == {ReviewCode.DOSE, ReviewCode.NOT_EVALUATED}
    assert done.row("Esophagus", "D5cc[Gy]")["reason"] == Reason.STRUCTURE_MISSING
    assert done.row("SpinalCord", "D0.035cc[Gy]")["reason"] == Reason.DOSE_NOT_OF_PLAN


def test_a_table_for_other_fractions_says_so_once_whatever_the_dose(check: Check) -> None:
    files = lung()
    zero_dose(files)
    done = check(files, "--table", "tg101-3fx", "--site", "lung")
    assert done.came_to == ("REVIEW", 3)
    assert len(done.report["reasons"]) == 2
    assert done.codes == {ReviewCode.DOSE, ReviewCode.NOTHING_EVALUATED}


def test_a_dose_that_the_user_accepts_is_judged_and_recorded(check: Check) -> None:
    files = lung()
    scale(files, 0.45)
    done = check(files, *LUNG, "--accept-dose")
    assert done.report["accept_dose"] is True
    assert done.row("GreatVes", "D0.035cc[Gy]")["verdict"] == "PASS"
    (accepted,) = [one for one in done.report["findings"] if one["code"] == FindingCode.DOSE_ACCEPTED]
    assert "% of the prescription of 50 Gy in 5" in accepted["text"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FRACTION", "BEAM"])
def test_a_dose_of_a_part_by_its_type_passes_nothing(check: Check, name: str) -> None:
    files = lung()
    files.dose.DoseSummationType = name
    scale(files, 0.2)
    done = check(files, *LUNG)
    assert done.exit_code in (2, 3)


def test_nor_does_a_dose_of_the_plan_that_refers_to_one_of_its_beams(check: Check) -> None:
    files = lung()
    group = files.plan.FractionGroupSequence[0]
    group.ReferencedBeamSequence = Items([item(ReferencedBeamNumber=n, BeamMeterset="100") for n in (1, 2)])
    of_one = item(ReferencedFractionGroupNumber=1, ReferencedBeamSequence=Items([item(ReferencedBeamNumber=1)]))
    files.dose.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = Items([of_one])
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert done.codes == {ReviewCode.DOSE}
    assert "refers to beams 1 of its RTPLAN, and not to 2" in done.texts


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FRACTION", "BEAM"])
def test_nor_does_one_that_is_large_enough(check: Check, name: str) -> None:
    """The files do not say of which fraction groups or beams it is."""
    files = lung()
    files.dose.DoseSummationType = name
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert done.codes == {ReviewCode.DOSE}
    assert f"one {name} dose" in done.texts


# -------------------------------------------------------------------------------------------------- dose grid


def crop_half(files: PlanFiles, *, end: int) -> None:
    changes.crop(files, 2, end, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("end", [0, 1])
def test_half_a_dose_grid_passes_nothing_that_lies_outside(check: Check, whole: dict[str, Done], end: int) -> None:
    files = liver()
    crop_half(files, end=end)
    done = check(files, *LIVER)
    assert done.exit_code in (1, 3)
    failed = {row["row"] for row in whole["liver"].report["outcomes"] if row["verdict"] == "FAIL"}
    for row in done.report["outcomes"]:
        if row["row"] in failed:
            assert row["verdict"] in ("FAIL", "NOT_EVALUATED")


CROPS = [(axis, end, share) for axis in (0, 1, 2) for end in (0, 1) for share in (0.3, 0.6)]


@pytest.mark.slow
@pytest.mark.parametrize(("axis", "end", "share"), CROPS)
def test_no_row_passes_that_fails_on_the_whole_grid(
    check: Check, whole: dict[str, Done], axis: int, end: int, share: float
) -> None:
    files = liver()
    changes.crop(files, axis, end, share)
    done = check(files, *LIVER)
    assert done.exit_code in (1, 3)
    before = {(row["row"], row["organ"]): row["verdict"] for row in whole["liver"].report["outcomes"]}
    for row in done.report["outcomes"]:
        if before[row["row"], row["organ"]] == "FAIL":
            assert row["verdict"] in ("FAIL", "NOT_EVALUATED"), row


@pytest.mark.slow
@pytest.mark.parametrize("margin_mm", [5.0, 10.0, 15.0])
def test_a_grid_that_ends_near_the_target_says_nothing_of_what_is_beyond(
    check: Check, tmp_path: Path, margin_mm: float
) -> None:
    """The dose at 2 cm from the target is not in the grid; what is in it is less than the limit."""
    table = tmp_path / "table.yaml"
    table.write_text(BEYOND, encoding="utf-8")
    files = lung()
    before = check(files, "--table", str(table))
    assert (before.row("PTV", "D2cm[Gy]")["verdict"], before.row("Heart", "V20Gy[%]")["verdict"]) == ("FAIL", "PASS")
    every = np.concatenate([points_of(one) for one in files.contours("PTV")])
    changes.crop_to(files, every.min(axis=0) - margin_mm, every.max(axis=0) + margin_mm)
    done = check(files, "--table", str(table))
    assert done.came_to == ("REVIEW", 3)
    row = done.row("PTV", "D2cm[Gy]")
    assert row["value"] < row["limit"]
    assert (row["verdict"], row["reason"]) == ("NOT_EVALUATED", Reason.PARTLY_OUTSIDE_GRID)
    assert done.row("Heart", "V20Gy[%]")["verdict"] == "NOT_EVALUATED"
    assert done.row("Heart", "V20Gy[%]")["outside_percent"] > 90.0
    assert ReviewCode.OUTSIDE_GRID in done.codes


BEYOND = """
id: beyond
version: "1.0.0"
title: Table of a test
site: lung
fractions: [5]
sources:
  - {key: doe, citation: Doe 2020, where: nowhere}
rows:
  - id: beyond
    organ: PTV
    structure: PTV
    metric: "D2cm[Gy]"
    below: 26.5
    source: {cite: doe, where: nowhere}
    confirmed_by: [one, two]
  - id: heart
    organ: Heart
    structure: Heart
    metric: "V20Gy[%]"
    below: 5
    source: {cite: doe, where: nowhere}
    confirmed_by: [one, two]
"""


@pytest.mark.slow
def test_what_lies_beyond_the_outermost_dose_planes_is_said(check: Check) -> None:
    """The grid ends 1 mm above the last plane of the target: the half slice beyond it has no dose of its own."""
    files = lung()
    top = max(float(points_of(one)[0, 2]) for one in files.contours("Trachea"))
    first = float(files.dose.ImagePositionPatient[2])
    planes = round((top - first) / 3.0) + 1
    changes.crop(files, 0, 1, 1.0 - planes / int(files.dose.NumberOfFrames))
    done = check(files, *LUNG)
    codes = {one["code"] for row in done.rows("Trachea") for one in row["findings"]}
    assert codes & {FindingCode.OUTERMOST_DOSE_PLANES, FindingCode.OUTSIDE_DOSE_GRID}


@pytest.mark.slow
def test_negative_doses_pass_nothing(check: Check) -> None:
    files = liver()
    changes.negative_dose(files, ANY)
    assert check(files, *LIVER).exit_code in (2, 3)


# ------------------------------------------------------------------------------------- what the files say of themselves


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["1e-6", "-1e-6", "0.005"])
def test_relative_offsets_written_from_floats_are_read(check: Check, whole: dict[str, Done], noise: str) -> None:
    files = lung()
    steps = [3 * at for at in range(1, int(files.dose.NumberOfFrames))]
    set_raw(files.dose, "GridFrameOffsetVector", "\\".join([noise, *map(str, steps)]))
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    assert done.row("GreatVes", "D0.035cc[Gy]")["value"] == pytest.approx(
        whole["lung"].row("GreatVes", "D0.035cc[Gy]")["value"], abs=0.05
    )


@pytest.mark.slow
@pytest.mark.parametrize("off_mm", [0.0, 0.02, -0.005])
def test_absolute_offsets_a_little_off_are_read(check: Check, whole: dict[str, Done], off_mm: float) -> None:
    files = lung()
    x, y, z = (float(value) for value in files.dose.ImagePositionPatient)
    heights = [f"{z + 3 * at:.1f}" for at in range(int(files.dose.NumberOfFrames))]
    files.dose.ImagePositionPatient = [f"{x:.10g}", f"{y:.10g}", f"{z + off_mm:.10g}"]
    files.dose.GridFrameOffsetVector = heights
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    assert done.row("GreatVes", "D0.035cc[Gy]")["value"] == pytest.approx(
        whole["lung"].row("GreatVes", "D0.035cc[Gy]")["value"], abs=0.1
    )


@pytest.mark.slow
def test_offsets_that_fit_neither_way_are_refused(check: Check) -> None:
    files = lung()
    files.dose.GridFrameOffsetVector = [str(7 + 3 * at) for at in range(int(files.dose.NumberOfFrames))]
    done = check(files, *LUNG)
    assert done.exit_code == 2
    assert "offset" in done.output.lower()


@pytest.mark.slow
@pytest.mark.parametrize("syntax", ["1.2.840.113619.5.2", "1.2.3.4.5"])
def test_a_transfer_syntax_that_is_not_read_is_refused_by_its_name(check: Check, tmp_path: Path, syntax: str) -> None:
    folder = lung().save(tmp_path / "plan")
    path = folder / "1.dcm"  # the dose
    dose = dcmread(path)
    swapped = np.frombuffer(dose.PixelData, "<u2").astype(">u2").tobytes()
    dose.PixelData = swapped
    dose.file_meta.TransferSyntaxUID = syntax
    dose.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    done = check(folder, *LUNG)
    assert done.exit_code == 2
    assert syntax in done.output


@pytest.mark.slow
@pytest.mark.parametrize("size", [512, 2])
def test_padding_after_the_last_frame_is_read_and_said(check: Check, whole: dict[str, Done], size: int) -> None:
    files = lung()
    data = files.dose.PixelData
    files.dose.PixelData = data + b"\0" * (size - len(data) % size)
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    assert done.except_of() == whole["lung"].except_of()
    assert FindingCode.PIXEL_PADDING in {one["code"] for one in done.report["findings"]}


@pytest.mark.slow
def test_pixels_that_are_missing_are_refused(check: Check) -> None:
    files = lung()
    files.dose.PixelData = files.dose.PixelData[:-512]
    assert check(files, *LUNG).exit_code == 2


def into_fraction_group(files: PlanFiles, dose_gy: str = "50") -> None:
    del files.plan.DoseReferenceSequence[0].TargetPrescriptionDose
    reference = item(ReferencedDoseReferenceNumber=1, TargetPrescriptionDose=dose_gy)
    files.plan.FractionGroupSequence[0].ReferencedDoseReferenceSequence = Items([reference])


@pytest.mark.slow
def test_a_prescription_in_the_fraction_group_is_found(check: Check) -> None:
    files = lung()
    into_fraction_group(files)
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    rx = done.report["prescription"]
    assert (rx["dose_gy"], rx["fractions"]) == (50.0, 5)
    assert "Fraction Group" in rx["source"]


def nominal_and_actual(files: PlanFiles, *, actual_first: bool, actual_gy: str = "58.1") -> None:
    nominal = files.plan.DoseReferenceSequence[0]
    nominal.DoseReferenceStructureType = "VOLUME"
    nominal.add_new(0x300A061D, "CS", "TRACKING")
    nominal.add_new(0x300A068B, "CS", "NOMINAL")
    actual = deepcopy(nominal)
    actual.DoseReferenceNumber = 2
    actual[0x300A061D].value, actual[0x300A068B].value = "QA", "ACTUAL"
    actual.TargetPrescriptionDose = actual_gy
    files.plan.DoseReferenceSequence = Items([actual, nominal] if actual_first else [nominal, actual])


@pytest.mark.slow
@pytest.mark.parametrize("actual_first", [True, False])
@pytest.mark.parametrize("actual_gy", ["58.1", "44"])
def test_the_nominal_dose_is_the_prescription(check: Check, actual_first: bool, actual_gy: str) -> None:
    files = lung()
    nominal_and_actual(files, actual_first=actual_first, actual_gy=actual_gy)
    as_the_target(files, "GreatVes", shift_mm=28.0)
    done = check(files, "--table", "rtog-0813")
    assert done.report["prescription"]["dose_gy"] == 50.0
    assert "NOMINAL" in done.report["prescription"]["source"]
    assert done.came_to == ("FAIL", 1)
    row = done.row("GreatVes", "D0.035cc[%Rx]")
    assert row["value"] == pytest.approx(119.4, abs=0.2)
    assert row["verdict"] == "FAIL"


@pytest.mark.slow
def test_no_prescription_is_no_pass(check: Check) -> None:
    for change in (changes.no_dose_reference, changes.no_fractions, changes.larger_prescription):
        files = lung()
        change(files, Random(2))
        assert check(files, *LUNG).came_to == ("REVIEW", 3)


# --------------------------------------------------------------------------------------- folders and archives


def batch(folder: Path, out: Path, *args: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(cli.main, ["batch", str(folder), "--out", str(out), "--jobs", "1", "--quiet", *args])
    assert done.exit_code == 0, done.output
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_three_folders_with_the_same_uids_are_three_plans(tmp_path: Path) -> None:
    for at, factor in enumerate((1.0, 0.98, 1.02)):
        files = lung()
        scale(files, factor)
        for one in (files.structures, files.dose, files.plan):
            one.PatientID = f"anon{at}"
        files.save(tmp_path / "archive" / f"patient{at}")
    rows = batch(tmp_path / "archive", tmp_path / "out.csv", *LUNG)
    values = [row["value"] for row in rows if row["row_id"] == "great-vessels-d0.035cc"]
    assert len(set(values)) == 3
    assert {row["plan_verdict"] for row in rows} == {"PASS"}


@pytest.mark.slow
def test_the_batch_says_what_the_check_says(tmp_path: Path) -> None:
    for name, change in (("zeros", zero_dose), ("fraction", lambda files: scale(files, 0.2))):
        files = lung()
        change(files)
        files.save(tmp_path / "archive" / name)
    rows = batch(tmp_path / "archive", tmp_path / "out.csv", *LUNG)
    assert {row["plan_verdict"] for row in rows} == {"REVIEW"}
    assert all("prescription" in row["review_reasons"] for row in rows)


@pytest.mark.slow
def test_files_of_another_plan_in_the_folder_are_no_pass(check: Check) -> None:
    files = lung()
    other = liver()
    files.others = [other.structures, other.dose, other.plan]
    assert check(files, *LUNG).exit_code == 2
    files.others = [other.dose]
    assert check(files, *LUNG).exit_code in (0, 2)  # its plan and frame are not those of the lung plan


# ------------------------------------------------------------------------------------------------- text exports


def hiart_export(dvhs: Sequence[dict[str, Any]], *, volume: str = "Relative Volume (%)") -> str:
    """Three columns a structure: its name, then doses, then volumes."""
    tables = []
    for one in dvhs:
        whole_cc = one["volume"]
        tables.append([(dose, 100.0 * cc / whole_cc if "%" in volume else cc) for dose, cc in one["points"]])
    lines = [",".join(f"{one['name']}(STANDARD),Dose (Gy),{volume}" for one in dvhs)]
    for at in range(max(map(len, tables))):
        cells = [["", f"{t[at][0]:.4f}", f"{t[at][1]:.6E}"] if at < len(t) else ["", "", ""] for t in tables]
        lines.append(",".join(cell for three in cells for cell in three))
    return "\n".join(lines) + "\n"


RAMPS = [
    {"name": name, "volume": volume, "points": [(0.5 * at, volume * (1 - at / steps)) for at in range(steps + 1)]}
    for name, volume, steps in (("PTV", 30.0, 120), ("SpinalCord", 20.0, 20), ("Heart", 500.0, 40))
]


def dvhs_of(export: Path) -> tuple[int, str, dict[str, dict[str, Any]]]:
    done = CliRunner().invoke(cli.main, ["dvh", "--dvh", str(export), "--rx", "50Gy/5", "--format", "json"])
    found = json.loads(done.stdout)["structures"] if done.exit_code == 0 else []
    return done.exit_code, done.output, {one["name"]: one for one in found}


@pytest.mark.parametrize("volume", ["Relative Volume (%)", "Absolute Volume (cc)"])
@pytest.mark.parametrize("count", [1, 3])
def test_an_export_of_tomotherapy_is_read(tmp_path: Path, volume: str, count: int) -> None:
    export = tmp_path / "export.csv"
    export.write_text(hiart_export(RAMPS[:count], volume=volume), encoding="utf-8")
    code, said, found = dvhs_of(export)
    assert code == 0, said
    assert list(found) == [one["name"] for one in RAMPS[:count]]
    assert found["PTV"]["mean_gy"]["value"] == pytest.approx(30.0, abs=0.3)


RULE = "*" * 40


def oncentra_export(*, ruled: bool, structures: Sequence[str] = ("SpinalCord", "Heart")) -> str:
    lines = ["Case: Doe 4711", "Plan: SBRT", "Cumulative mode", "Absolute dose - values in [Gy]"]
    lines += ["Absolute volume - values in [ccm]", ""]
    for name in structures:
        lines += ["Dose: SBRT", f"ROI: {name}", *([RULE] if ruled else []), "", "Bin      Dose      Volume"]
        lines += [f"{at + 1:03d}  {at:10.3f}  {20.0 - 2.0 * at:10.3f}" for at in range(11)]
        lines += [""]
    return "\n".join(lines) + "\n"


def test_the_rules_of_oncentra_change_nothing(tmp_path: Path) -> None:
    found = []
    for ruled in (False, True):
        export = tmp_path / f"{ruled}.txt"
        export.write_text(oncentra_export(ruled=ruled), encoding="utf-8")
        code, said, dvhs = dvhs_of(export)
        assert code == 0, said
        found.append({name: (one["volume"], one["mean_gy"]) for name, one in dvhs.items()})
    assert found[0] == found[1]
    assert set(found[0]) == {"SpinalCord", "Heart"}


def test_an_export_of_which_every_structure_is_refused_is_an_error(tmp_path: Path) -> None:
    text = oncentra_export(ruled=False).replace("20.000", "twenty").replace("18.000", "eighteen")
    export = tmp_path / "export.txt"
    export.write_text(text, encoding="utf-8")
    code, said, found = dvhs_of(export)
    assert code == 2, (said, found)


def test_an_export_is_no_pass_where_its_dose_is_not_the_plans(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    low = [one | {"points": [(dose / 5, cc) for dose, cc in one["points"]]} for one in RAMPS]
    export.write_text(hiart_export(low, volume="Absolute Volume (cc)"), encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["check", "--dvh", str(export), "--rx", "50Gy/5", *LUNG, "--format", "json"])
    assert done.exit_code == 3
    assert ReviewCode.DOSE in {one["code"] for one in json.loads(done.stdout)["reasons"]}


# ------------------------------------------------------------------------------------------------------- names


@pytest.mark.slow
@pytest.mark.parametrize("first", [True, False])
def test_of_two_rois_of_one_name_the_contoured_one_is_taken(check: Check, whole: dict[str, Done], first: bool) -> None:
    files = lung()
    files.add("SpinalCord", [])
    if first:
        for listed in (files.structures.StructureSetROISequence, files.structures.ROIContourSequence):
            listed.insert(0, listed.pop(len(listed) - 1))
    done = check(files, *LUNG)
    assert done.came_to == ("PASS", 0)
    assert done.except_of() == whole["lung"].except_of()
    assert "SpinalCord" in done.texts


@pytest.mark.slow
def test_of_two_contoured_rois_of_one_name_a_number_chooses(check: Check, tmp_path: Path) -> None:
    files = lung()
    cord = files.number("SpinalCord")
    number = files.add("SpinalCord", [deepcopy(one) for one in files.contours("PTV")])
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert done.reasons("SpinalCord") == {Reason.STRUCTURE_AMBIGUOUS}
    chosen = check(files, *LUNG, "--names", names_file(tmp_path, SpinalCord=f"ROI {cord}"))
    assert chosen.came_to == ("PASS", 0)
    other = check(files, *LUNG, "--names", names_file(tmp_path, SpinalCord=f"ROI {number}"))
    assert other.came_to == ("FAIL", 1)
    assert other.rows("SpinalCord", "D0.035cc[Gy]")[0]["value"] == SPOT_GY


REAL_NAMES = [
    ("SpinalCord", "Spinal Canal"),
    ("Bronchus_Main", "BronchialTree"),
    ("Bronchus_Main", "ProxBronchiaZone"),
    ("GreatVes", "Aorta"),
    ("GreatVes", "PulmonaryArtery"),
    ("GreatVes", "Great Vessel"),
    ("Heart", "Heart_1"),
    ("Esophagus", "Oesoph"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("organ", "name"), REAL_NAMES)
def test_a_name_of_a_real_plan_is_taken_or_shown_as_close(check: Check, organ: str, name: str) -> None:
    files = lung()
    files.roi(organ).ROIName = name
    done = check(files, *LUNG)
    rows = done.rows("ProxBronchTree" if organ == "Bronchus_Main" else organ)  # a name of the whole tree, maybe
    if {row["contour"] for row in rows} != {name}:
        assert done.came_to == ("REVIEW", 3)
        assert any(name in reason["text"] for reason in done.report["reasons"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "organ"),
    [("BRSTEM", "Brainstem"), ("Lt_Fem_Head", "Femur_Head_L"), ("Rt_Fem_Head", "Femur_Head_R"),
     ("Optic Nerve - Rt", "OpticNrv_R"), ("Optic Nerve-Lt", "OpticNrv_L"), ("Optic Nerve Righ", "OpticNrv_R"),
     ("Lung B", "Lungs"), ("Aorta", "A_Aorta"), ("PulmonaryArtery", "A_Pulmonary"), ("1 PTV +1.0 mm", "PTV")],
)  # fmt: skip
def test_real_names_are_matched_or_suggested(tmp_path: Path, name: str, organ: str) -> None:
    files = lung()
    if organ in ("PTV",):
        files.roi("PTV").ROIName = name
        files.structures.RTROIObservationsSequence = Items([])
    elif organ == "Lungs":
        changes.remove(files, "Lung_L", ANY)
        files.roi("Lung_R").ROIName = name
    else:
        files.roi("Rib").ROIName = name
    folder = files.save(tmp_path / "plan")
    table = tmp_path / "table.yaml"
    table.write_text(ONE_ORGAN.format(organ=organ), encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["names", str(folder), "--table", str(table)])
    assert done.exit_code == 0, done.output
    assert name in done.output.split("no row")[0]


ONE_ORGAN = """
id: one-organ
version: "1.0.0"
title: Table of a test
site: multi
fractions: [5]
sources:
  - {{key: doe, citation: Doe 2020, where: nowhere}}
rows:
  - id: it
    organ: {organ}
    structure: {organ}
    metric: "Max[Gy]"
    below: 100
    source: {{cite: doe, where: nowhere}}
    confirmed_by: [one, two]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("organ", "other"), [("Cochlea_L", "Couch"), ("SpinalCord", "Point 1")])
def test_what_helps_nobody_is_not_suggested(check: Check, organ: str, other: str) -> None:
    files = lung()
    if organ == "SpinalCord":
        changes.remove(files, organ, ANY)
    files.roi("Rib").ROIName = other
    done = check(files, "--table", "tg101-5fx")
    assert not any(other in row["detail"] for row in done.rows(organ))


@pytest.mark.slow
def test_a_canal_is_no_cord_unless_the_user_says_so(check: Check, tmp_path: Path) -> None:
    files = lung()
    files.roi("SpinalCord").ROIName = "Spinal Canal"
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    assert done.verdicts("SpinalCord") == {"NOT_EVALUATED"}
    said = check(files, *LUNG, "--names", names_file(tmp_path, SpinalCord="Spinal Canal"))
    assert said.came_to == ("PASS", 0)


# ------------------------------------------------------------------------------- what once ended in OVERALL: PASS


def test_a_cord_that_fails_without_counting_is_in_the_headline(check: Check, tmp_path: Path) -> None:
    args = ("--table", "safron2-4fx", "--rx", "48Gy/4", "--names", names_file(tmp_path, SpinalCord="GTV"))
    done = check(lung(), *args)
    assert done.came_to == ("REVIEW", 3)
    assert ReviewCode.FAILS_WITHOUT_COUNTING in done.codes
    (failing,) = (row for row in done.report["failing"] if row["organ"] == "SpinalCord")
    assert failing["value"] == pytest.approx(63.8, abs=0.3)
    text = CliRunner().invoke(cli.main, ["check", str(tmp_path / "plan"), *args]).stdout
    headline = text[: text.index("SAFRON")]
    assert "SpinalCord" in headline
    assert "FAIL" in headline


@pytest.mark.slow
@pytest.mark.parametrize("name", ["PBT", "ProxBronchTree", "Bronchi", "zz"])
def test_an_airway_under_another_name_does_not_pass_on_the_trachea(check: Check, name: str) -> None:
    files = lung()
    changes.remove(files, "Bronchus_Main", ANY)
    files.roi("GTV").ROIName = name
    done = check(files, "--table", "rtog-lung-3fx", "--rx", "54Gy/3")
    assert done.exit_code in (1, 3)
    for row in done.report["outcomes"]:
        if "Bronchus_Main" in row["organ"] and row["sense"] in ("below", "at_most"):
            assert row["verdict"] != "PASS"


def test_a_union_without_a_part_says_which_and_why(check: Check) -> None:
    """The part is there under a name that may be its own: that is not the same as not contoured."""
    files = lung()
    files.roi("Bronchus_Main").ROIName = "Bronchi"
    done = check(files, *LUNG)
    assert done.came_to == ("REVIEW", 3)
    (row,) = done.rows("Trachea", "D0.035cc[Gy]")
    assert row["reason"] == Reason.PART_MISSING
    assert "Bronchus_Main" in row["lacking"]
    assert "Bronchi" in row["lacking"] + row["detail"] + done.texts


@pytest.mark.parametrize("name", ["PBT", "Prox_Bronch_Tree", "ProxBronchTree"])
def test_a_proximal_bronchial_tree_is_judged_with_the_trachea_beside_it(check: Check, name: str) -> None:
    files = lung()
    files.roi("Bronchus_Main").ROIName = name
    done = check(files, *LUNG)
    (row,) = done.rows("ProxBronchTree", "D0.035cc[Gy]")
    assert (row["contour"], row["lacking"]) == (f"{name} + Trachea", "")
    assert row["verdict"] == "PASS"


def test_parts_given_by_hand_in_an_export_are_no_less_than_no_parts(tmp_path: Path) -> None:
    """A union that cannot be added from DVHs alone is not evaluated, with names or without."""
    found = []
    export = tmp_path / "export.csv"
    parts = [RAMPS[0], *({**RAMPS[1], "name": name} for name in ("Trachea", "airway 2"))]
    export.write_text(hiart_export(parts, volume="Absolute Volume (cc)"), encoding="utf-8")
    for names in ({}, {"Bronchus_Main": "airway 2"}):
        given = ["--names", names_file(tmp_path, **names)] if names else []
        args = ["check", "--dvh", str(export), "--rx", "50Gy/5", *LUNG, *given, "--format", "json"]
        done = CliRunner().invoke(cli.main, args)
        report = json.loads(done.stdout)
        found.append([row["verdict"] for row in report["outcomes"] if "Trachea" in row["organ"]])
        assert done.exit_code == 3
    assert all("PASS" not in verdicts for verdicts in found)


def test_a_liver_plan_without_stomach_bowel_and_kidneys_is_no_pass(check: Check) -> None:
    files = liver()
    for name in ("Stomach", "Duodenum", "Jejunum_Ileum", "Colon", "Kidney_L", "Kidney_R"):
        changes.remove(files, name, ANY)
    done = check(files, "--site", "liver", "--rx", "50Gy/5")
    assert done.came_to == ("REVIEW", 3)
    said = " ".join(f"{reason['structure']} {reason['text']}" for reason in done.report["reasons"])
    for organ in ("Stomach", "Duodenum", "Kidney"):
        assert organ in said


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["Duo", "duodenum 1", "Duodenumm"])
@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_a_typing_error_in_the_names_loses_no_organ(
    check: Check, tmp_path: Path, typed: str, strict: tuple[str, ...]
) -> None:
    done = check(liver(), *LIVER, *strict, "--names", names_file(tmp_path, Duodenum=typed))
    assert done.came_to == ("REVIEW", 3)
    assert done.reasons("Duodenum") == {Reason.GIVEN_NAME_MISSING}
    assert ReviewCode.GIVEN_NAME in done.codes
    assert typed in done.texts


@pytest.mark.slow
def test_another_contour_is_never_taken_for_the_one_that_was_named(check: Check, tmp_path: Path) -> None:
    table = tmp_path / "table.yaml"
    table.write_text(FIRST, encoding="utf-8")
    files = liver()
    assert check(files, "--table", str(table)).verdict == "FAIL"
    done = check(files, "--table", str(table), "--names", names_file(tmp_path, Duodenum="Duo"))
    assert done.came_to == ("REVIEW", 3)
    (row,) = done.report["outcomes"]
    assert (row["verdict"], row["contour"]) == ("NOT_EVALUATED", "")


FIRST = """
id: first
version: "1.0.0"
title: Table of a test
site: liver
fractions: [3]
sources:
  - {key: doe, citation: Doe 2020, where: nowhere}
rows:
  - id: bowel
    organ: Bowel
    structure: {first: [Duodenum, Colon]}
    metric: "D0.035cc[Gy]"
    below: 22.2
    source: {cite: doe, where: nowhere}
    confirmed_by: [one, two]
"""

UNJUDGED: dict[str, Callable[[PlanFiles], None]] = {
    "two of its name": lambda files: changes.contoured_namesake(files, "Duodenum", Random(4)),
    "another frame of reference": lambda files: changes.other_frame(files, "Duodenum", ANY),
    "points": lambda files: changes.to_points(files, "Duodenum", ANY),
    "type POINT": lambda files: changes.to_type("POINT")(files, "Duodenum", ANY),
    "empty beside a numbered one": lambda files: changes.empty_beside_numbered(files, "Duodenum", ANY),
    "empty": lambda files: changes.empty(files, "Duodenum", Random(1)),
    "removed": lambda files: changes.remove(files, "Duodenum", ANY),
    "renamed": lambda files: setattr(files.roi("Duodenum"), "ROIName", "zz"),
    "in another ROI": lambda files: changes.in_two_rois(files, "Duodenum", Random(1)),
    "outside the grid": lambda files: changes.crop_to(files, (-174.0, -117.0, -135.0), (174.0, 117.0, 0.0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("why", UNJUDGED)
@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_a_failing_organ_that_cannot_be_judged_is_a_review(check: Check, why: str, strict: tuple[str, ...]) -> None:
    files = liver()
    UNJUDGED[why](files)
    done = check(files, *LIVER, *strict)
    assert done.came_to == ("REVIEW", 3)
    assert "PASS" not in done.verdicts("Duodenum")
    said = " ".join(f"{reason['structure']} {reason['text']}" for reason in done.report["reasons"])
    assert "Duodenum" in said


@pytest.mark.slow
@pytest.mark.parametrize("order", [("points", "one fraction"), ("one fraction", "points")])
def test_two_faults_in_either_order(check: Check, order: tuple[str, ...]) -> None:
    faults = {"points": UNJUDGED["points"], "one fraction": lambda files: scale(files, 1 / 3)}
    files = liver()
    for name in order:
        faults[name](files)
    done = check(files, *LIVER)
    assert done.came_to == ("REVIEW", 3)
    assert ReviewCode.DOSE in done.codes


@pytest.mark.slow
def test_a_prescription_moved_and_an_organ_doubled(check: Check) -> None:
    files = lung()
    into_fraction_group(files)
    as_the_target(files, "GreatVes")
    changes.duplicate_shifted(files, "GreatVes", Random(1))
    files.dose.PixelData = files.dose.PixelData + b"\0" * 300
    done = check(files, *LUNG)
    assert done.came_to == ("FAIL", 1)
    assert done.row("GreatVes", "D0.035cc[Gy]")["value"] == SPOT_GY


@pytest.mark.slow
def test_moving_a_corner_in_its_plane_is_no_damage(check: Check) -> None:
    """What a report can not tell: a contour that somebody drew otherwise."""
    files = lung()
    one = files.contours("Heart")[4]
    points = points_of(one)
    points[0, 0] += 1.0
    move(one, points)
    assert check(files, *LUNG).came_to == ("PASS", 0)

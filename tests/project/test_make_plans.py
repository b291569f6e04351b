"""The phantom generator: shapes of known volume, valid files, and bundled plans that are exactly its output."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

import make_plans
import phantom
import sbrtcheck
from folders import ROOT

PLANS = ROOT / "examples" / "plans"
FILES = ["rtdose.dcm", "rtplan.dcm", "rtstruct.dcm"]
ONE_MB = 1_000_000
lengths_mm = st.floats(5.0, 60.0)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    command = [sys.executable, "-W", "error", make_plans.__file__, str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own script
    return folder


# The bundled plans


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["lung-50gy-5fx", "liver-45gy-3fx"])
def test_the_bundled_plan_is_what_the_generator_writes(plan: str, written: Path) -> None:
    assert sorted(path.name for path in (PLANS / plan).iterdir()) == FILES
    for name in FILES:
        assert (PLANS / plan / name).read_bytes() == (written / plan / name).read_bytes()


def test_a_bundled_plan_has_at_most_three_megabytes() -> None:
    for folder in PLANS.iterdir():
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 3 * ONE_MB


def test_the_version_of_the_writing_software_is_not_in_the_files() -> None:
    for path in PLANS.rglob("*.dcm"):
        assert b"PYDICOM" not in path.read_bytes().upper()


def test_the_lung_plan_meets_every_row_of_its_table() -> None:
    report = sbrtcheck.check(PLANS / "lung-50gy-5fx", table="rtog-0813", include_unconfirmed=True, strict=True)
    assert report.verdict == "PASS"
    assert {outcome.verdict.value for outcome in report.outcomes} <= {"PASS", "RISK"}


def test_the_liver_plan_fails_two_rows_of_the_duodenum_and_no_other() -> None:
    report = sbrtcheck.check(PLANS / "liver-45gy-3fx", table=["liver-critical-volume-3fx", "tg101-3fx"])
    failed = [
        (outcome.organ, str(outcome.constraint.metric)) for outcome in report.outcomes if outcome.verdict == "FAIL"
    ]
    assert report.verdict == "FAIL"
    assert sorted(failed) == [("Duodenum", "D0.035cc[Gy]"), ("Duodenum", "D5cc[Gy]")]


def test_the_liver_plan_leaves_enough_cold_liver() -> None:
    assert sbrtcheck.check(PLANS / "liver-45gy-3fx", table="liver-critical-volume-3fx").verdict == "PASS"


@pytest.mark.slow
def test_no_row_of_the_bundled_plans_is_near_its_limit() -> None:
    tables = {"lung-50gy-5fx": ["rtog-0813"], "liver-45gy-3fx": ["liver-critical-volume-3fx", "tg101-3fx"]}
    for plan, table in tables.items():
        for outcome in sbrtcheck.check(PLANS / plan, table=table).outcomes:
            assert not outcome.borderline
            assert not outcome.convention_sensitive


@pytest.mark.slow
def test_reading_the_files_gives_the_plan_made_in_memory() -> None:
    dose = make_plans.liver_dose()
    rx = phantom.PhantomPrescription(dose_gy=45.0, fractions=3)
    made = phantom.in_memory(make_plans.liver_structures(), dose, rx)
    read = sbrtcheck.load_plan(PLANS / "liver-45gy-3fx")
    assert (read.prescription.dose_gy, read.prescription.fractions) == (45.0, 3)
    assert [(s.name, s.kind) for s in read.structures] == [(s.name, s.kind) for s in made.structures]
    for one, other in zip(read.structures, made.structures, strict=True):
        np.testing.assert_allclose(one.contours.read().points_mm, other.contours.read().points_mm, atol=0.0051)
    np.testing.assert_allclose(read.dose.values_gy, made.dose.values_gy, atol=0.51 * read.dose.gy_per_unit)


@pytest.mark.slow
def test_organ_sizes_are_those_the_docstring_states() -> None:
    stated = {
        name: float(cc)
        for names, cc in re.findall(r"(\w[\w, -]*?) {2,}(\d+)(?=  |\n)", make_plans.__doc__)
        for name in re.split(r", (?:in part|right side)|, ", names)
        if name and not name.startswith("_")
    }
    structures = {s.name: s for s in (*make_plans.lung_structures(), *make_plans.liver_structures())}
    assert len(stated) >= 15
    for name, cc in stated.items():
        volume = phantom.slab_volume_cc(structures[name].contours_mm, make_plans.SPACING_MM)
        assert volume == pytest.approx(cc, rel=0.1), name


@pytest.mark.slow
def test_organs_of_the_torso_do_not_lie_in_each_other() -> None:
    random = np.random.default_rng(5)
    at = [random.uniform(low, high, 200_000) for low, high in ((-170, 170), (-110, 110), (-300, 110))]
    organs = {
        "Lung_L": make_plans.lung(+1),
        "Lung_R": make_plans.lung(-1),
        "Heart": make_plans.HEART,
        "Liver": make_plans.LIVER,
        "Stomach": make_plans.STOMACH,
        "Duodenum": make_plans.DUODENUM,
        "Kidney_L": make_plans.KIDNEY_L,
        "Kidney_R": make_plans.KIDNEY_R,
        "Spleen": make_plans.SPLEEN,
    }
    inside = {name: region(*at) > 0.0 for name, region in organs.items()}
    shared = {pair: np.count_nonzero(inside[pair[0]] & inside[pair[1]]) for pair in combinations(organs, 2)}
    assert {pair for pair, count in shared.items() if count} == set()


@pytest.mark.slow
def test_every_organ_lies_in_the_body() -> None:
    for structures in (make_plans.lung_structures(), make_plans.liver_structures()):
        for structure in structures[1:]:
            points = np.concatenate(structure.contours_mm).T
            assert np.all(make_plans.body_depth(*points) > -0.01), structure.name


def test_the_dose_looks_like_sbrt() -> None:
    dose = make_plans.lung_dose()
    voxel_cc = math.prod(dose.spacing_mm) / 1000.0
    ptv_cc = 4.0 / 3.0 * math.pi * math.prod(make_plans.LUNG_TARGET.ptv_mm) / 1000.0
    assert 1.2 * 50.0 < dose.values_gy.max() < 1.3 * 50.0
    assert 1.0 < np.count_nonzero(dose.values_gy >= 50.0) * voxel_cc / ptv_cc < 1.3
    assert 3.5 < np.count_nonzero(dose.values_gy >= 25.0) * voxel_cc / ptv_cc < 4.5


def test_air_gets_no_dose() -> None:
    dose = make_plans.beams_dose(make_plans.LUNG_TARGET, make_plans.LUNG_BEAMS)
    assert dose(np.array([-172.0]), np.array([24.0]), np.array([-45.0])) == 0.0


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_plans.main([]) == 2
    assert "OUT_DIR" in capsys.readouterr().err


# Shapes


@given(lengths_mm, st.integers(8, 200))
def test_a_circle_is_a_regular_polygon(radius_mm: float, points: int) -> None:
    area = 0.5 * points * radius_mm**2 * math.sin(2.0 * math.pi / points)
    assert phantom.area_mm2(phantom.circle((3.0, -7.0), radius_mm, points=points)) == pytest.approx(area)


@given(lengths_mm, st.integers(1, 20))
def test_slabs_fill_a_cylinder(radius_mm: float, slabs: int) -> None:
    loops = phantom.cylinder((0.0, 0.0, 10.0), radius_mm, slabs * 2.5, spacing_mm=2.5)
    area = phantom.area_mm2(phantom.circle((0.0, 0.0), radius_mm))
    assert len(loops) == slabs
    assert phantom.slab_volume_cc(loops, 2.5) == pytest.approx(area * slabs * 2.5 / 1000.0)
    assert np.mean([loop[0, 2] for loop in loops]) == pytest.approx(10.0)


def test_slabs_fill_a_box() -> None:
    assert phantom.slab_volume_cc(phantom.box((1.0, 2.0, 3.0), (10.0, 20.0, 30.0)), 2.0) == pytest.approx(6.0)


@given(st.floats(20.0, 60.0))
def test_a_sphere_has_the_volume_of_a_sphere(radius_mm: float) -> None:
    loops = phantom.sphere((0.0, 0.0, 0.0), radius_mm, spacing_mm=radius_mm / 40.0, points=360)
    assert phantom.slab_volume_cc(loops, radius_mm / 40.0) == pytest.approx(
        4.0 / 3.0 * math.pi * radius_mm**3 / 1000.0, rel=1e-3
    )


def test_a_cone_has_a_third_of_the_cylinder_and_its_base_at_the_bottom() -> None:
    loops = phantom.cone((0.0, 0.0, 0.0), 30.0, 60.0, spacing_mm=1.0, points=360)
    assert phantom.slab_volume_cc(loops, 1.0) == pytest.approx(math.pi * 30.0**2 * 60.0 / 3.0 / 1000.0, rel=1e-3)
    assert np.ptp(loops[0][:, 0]) > np.ptp(loops[-1][:, 0])


@given(st.floats(21.0, 60.0), st.floats(2.0, 19.0))
def test_a_keyhole_encloses_the_ring_only(outer_mm: float, inner_mm: float) -> None:
    outer, inner = phantom.circle((0.0, 0.0), outer_mm), phantom.circle((1.0, 0.0), inner_mm)
    ring = phantom.area_mm2(phantom.keyhole(outer, inner))
    assert ring == pytest.approx(phantom.area_mm2(outer) - phantom.area_mm2(inner))


@settings(max_examples=25)
@given(lengths_mm, lengths_mm)
def test_tracing_an_ellipsoid_gives_its_middle_ellipse(a: float, b: float) -> None:
    region = phantom.ellipsoid((5.0, -5.0, 0.0), (a, b, 10.0))
    (loop,) = phantom.trace(region, [0.0], window_mm=(-90.0, 90.0, -90.0, 90.0), points=180)
    assert np.all(np.abs(region(*loop.T)) < 0.02)
    assert phantom.area_mm2(loop[:, :2]) == pytest.approx(math.pi * a * b, rel=0.05)


def test_a_tube_is_a_capsule() -> None:
    inside = phantom.tube([(0.0, 0.0, 0.0), (0.0, 0.0, 10.0)], 3.0)
    x, y, z = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 5.0], [0.0, 0.0, 13.0], [4.0, 0.0, 5.0]]).T
    assert inside(x, y, z).tolist() == [3.0, 1.0, 0.0, -1.0]


def test_regions_join_meet_and_leave_out() -> None:
    left, right = phantom.tube([(0, 0, 0), (1, 0, 0)], 2.0), phantom.tube([(3, 0, 0), (4, 0, 0)], 2.0)
    x, y, z = np.array([[-1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [5.0, 0.0, 0.0]]).T
    assert (phantom.union(left, right)(x, y, z) > 0).tolist() == [True, True, True]
    assert (phantom.common(left, right)(x, y, z) > 0).tolist() == [False, True, False]
    assert (phantom.without(left, right)(x, y, z) > 0).tolist() == [True, False, False]


# Dose and files


def test_a_grid_holds_a_linear_dose_exactly() -> None:
    dose = phantom.linear_dose(20.0, (0.1, -0.2, 0.05), center_mm=(1.0, 2.0, 3.0))
    grid = phantom.sample_dose(
        dose, first_mm=(-10.0, -10.0, -9.0), last_mm=(10.0, 12.0, 9.0), spacing_mm=(2.5, 2.0, 3.0)
    )
    assert grid.values_gy.shape == (7, 12, 9)
    k, j, i = 4, 7, 2
    x, y, z = -10.0 + 2.5 * i, -10.0 + 2.0 * j, -9.0 + 3.0 * k
    assert grid.values_gy[k, j, i] == pytest.approx(20.0 + 0.1 * (x - 1.0) - 0.2 * (y - 2.0) + 0.05 * (z - 3.0))


def test_a_grid_around_structures_reaches_beyond_them() -> None:
    cube = phantom.PhantomStructure(name="Cube", contours_mm=phantom.box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)))
    grid = phantom.dose_around([cube], phantom.uniform_dose(7.0), margin_mm=6.0, spacing_mm=4.0)
    last = np.array(grid.origin_mm) + (np.array(grid.values_gy.shape[::-1]) - 1) * 4.0
    assert np.all(np.array(grid.origin_mm) <= -15.0)
    assert np.all(last >= 15.0)
    assert np.all(grid.values_gy == 7.0)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 120.0), st.sampled_from([16, 32]))
def test_stored_dose_is_within_half_a_unit_and_uses_the_bits(max_gy: float, bits: int) -> None:
    gradient = phantom.linear_dose(max_gy / 2.0, (max_gy / 40.0, 0.0, 0.0))
    dose = phantom.sample_dose(
        gradient, first_mm=(-20.0, 0.0, 0.0), last_mm=(20.0, 4.0, 4.0), spacing_mm=(2.0, 2.0, 2.0)
    )
    ds = phantom.rtdose_dataset("BITS", dose, bits=bits)
    stored = np.frombuffer(ds.PixelData, dtype=f"<u{bits // 8}")[: dose.values_gy.size].reshape(dose.values_gy.shape)
    unit = float(ds.DoseGridScaling)
    assert np.max(np.abs(stored * unit - dose.values_gy)) <= 0.5001 * unit
    assert stored.max() > 0.97 * (2**bits - 1)


def write_cube(folder: Path, label: str = "CUBE", bits: int = 16) -> Path:
    cube = phantom.PhantomStructure(name="PTV", kind="PTV", contours_mm=phantom.box((0, 0, 0), (20.0, 20.0, 20.0)))
    empty = phantom.PhantomStructure(name="Empty")
    return phantom.write_plan(
        folder,
        structures=[cube, empty],
        dose=phantom.dose_around([cube], phantom.uniform_dose(50.0)),
        prescription=phantom.PhantomPrescription(dose_gy=50.0, fractions=5),
        label=label,
        bits=bits,
    )


def test_the_three_files_refer_to_each_other(tmp_path: Path) -> None:
    rtdose, rtplan, rtstruct = (dcmread(write_cube(tmp_path) / name) for name in FILES)
    assert rtdose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == rtplan.SOPInstanceUID
    assert rtplan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == rtstruct.SOPInstanceUID
    assert rtdose.FrameOfReferenceUID == rtstruct.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID
    assert len({ds.StudyInstanceUID for ds in (rtdose, rtplan, rtstruct)}) == 1
    assert len({ds.SOPInstanceUID for ds in (rtdose, rtplan, rtstruct)}) == 3


def test_the_patient_is_a_phantom(tmp_path: Path) -> None:
    for path in write_cube(tmp_path).iterdir():
        ds = dcmread(path)
        assert (ds.PatientName, ds.PatientID) == ("PHANTOM^CUBE", "sbrtcheck-phantom-cube")
        assert not ds.PatientBirthDate


def test_the_same_call_gives_the_same_bytes_and_another_label_other_uids(tmp_path: Path) -> None:
    once, again, other = (write_cube(tmp_path / name, label) for name, label in (("a", "A"), ("b", "A"), ("c", "C")))
    for name in FILES:
        assert (once / name).read_bytes() == (again / name).read_bytes()
        assert dcmread(once / name).SOPInstanceUID != dcmread(other / name).SOPInstanceUID


def test_a_small_phantom_can_be_checked_like_a_plan(tmp_path: Path) -> None:
    dvh = sbrtcheck.compute_dvhs(sbrtcheck.load_plan(write_cube(tmp_path, bits=32)))["PTV"]
    assert dvh.volume == pytest.approx(8.0)
    assert dvh.mean_gy.value == pytest.approx(50.0, abs=0.01)

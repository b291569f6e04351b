"""Plans from masks: volumes are those of the voxels, wherever and however the arrays lie."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import DVH
from sbrtcheck.errors import GeometryError, InputError
from sbrtcheck.plan import DoseGrid, FindingCode, Plan
from solids import ring

masks = arrays(bool, array_shapes(min_dims=3, max_dims=3, max_side=6))
sizes = st.tuples(*[st.floats(0.5, 6.0)] * 3)


def dose_around(*, half_mm: float = 60.0, gradient: tuple[float, float, float] = (0.1, 0.2, 0.05)) -> DoseGrid:
    """Linear dose, which trilinear interpolation has exactly, on a grid around the origin."""
    axis = np.linspace(-half_mm, half_mm, 21)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    dose = 20 + gradient[0] * x + gradient[1] * y + gradient[2] * z
    return DoseGrid.axial(dose, origin_mm=(-half_mm,) * 3, spacing_mm=(float(axis[1] - axis[0]),) * 3)


def the_dvh(plan: Plan) -> DVH:
    dvhs = compute_dvhs(plan)
    assert len(dvhs) == 1, dvhs.without
    return dvhs[plan.structures[0].name]


@settings(deadline=None, max_examples=60)
@given(masks, sizes)
def test_the_volume_is_the_number_of_voxels_times_theirs(mask: np.ndarray, size: tuple[float, float, float]) -> None:
    plan = Plan.from_masks(dose_around(), {"Organ": mask}, spacing_mm=size, origin_mm=(-9.3, -8.1, 3.7))
    if not mask.any():
        assert compute_dvhs(plan).without[0].name == "Organ"
        return
    assert the_dvh(plan).volume == pytest.approx(mask.sum() * np.prod(size) / 1000, rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(masks.filter(np.any), sizes)
def test_the_mean_of_a_linear_dose_is_that_at_the_centre_of_the_voxels(
    mask: np.ndarray, size: tuple[float, float, float]
) -> None:
    plan = Plan.from_masks(dose_around(), {"Organ": mask}, spacing_mm=size, origin_mm=(-9.3, -8.1, 3.7))
    k, j, i = (index.mean() for index in np.nonzero(mask))
    x, y, z = -9.3 + i * size[0], -8.1 + j * size[1], 3.7 + k * size[2]
    assert the_dvh(plan).mean_gy.value == pytest.approx(20 + 0.1 * x + 0.2 * y + 0.05 * z, abs=2e-3)


@settings(deadline=None, max_examples=30)
@given(
    masks.filter(np.any),
    st.permutations([0, 1, 2]),
    st.tuples(*[st.sampled_from([1, -1])] * 3),
)
def test_an_affine_may_turn_and_flip_the_array(mask: np.ndarray, order: list[int], signs: tuple[int, int, int]) -> None:
    size = np.array([2.0, 3.0, 4.0])
    straight = np.diag([*size, 1.0])  # nibabel: array [i, j, k]
    straight[:3, 3] = [-5.0, 4.0, 3.0]
    inverse = [slice(None, None, sign) for sign in signs]
    turned_mask = mask[tuple(inverse)].transpose(order)
    # axis a of the turned array is axis order[a] of the straight one, from its other end where flipped
    turned = np.eye(4)
    turned[:3, 3] = straight[:3, 3]
    for new, old in enumerate(order):
        turned[:3, new] = straight[:3, old] * signs[old]
        if signs[old] < 0:
            turned[:3, 3] += straight[:3, old] * (mask.shape[old] - 1)
    one = the_dvh(Plan.from_masks(dose_around(), {"Organ": mask}, affine=straight))
    other = the_dvh(Plan.from_masks(dose_around(), {"Organ": turned_mask}, affine=turned))
    assert other.volume == pytest.approx(one.volume, rel=1e-9)
    for share in (0.02, 0.5, 0.9):
        dose = one.dose_at_volume(share * one.volume).value
        assert other.dose_at_volume(share * one.volume).value == pytest.approx(dose, abs=0.02)
    assert other.mean_gy.value == pytest.approx(one.mean_gy.value, abs=2e-3)


def test_an_affine_is_ras_and_becomes_lps() -> None:
    mask = np.zeros((4, 5, 6), dtype=bool)
    mask[3, 0, 0] = True  # i = 3: 6 mm to the right, 1 mm to the front, 2 mm to the head
    affine = np.array([[2.0, 0, 0, 0], [0, 2.0, 0, 1.0], [0, 0, 2.0, 2.0], [0, 0, 0, 1.0]])
    plan = Plan.from_masks(dose_around(), {"Right": mask}, affine=affine)
    points = plan.structures[0].contours.read().points_mm
    assert points.mean(axis=0).tolist() == [-6.0, -1.0, 2.0]
    assert any("RAS" in finding.text for finding in plan.findings)


def test_an_array_dose_and_its_affine() -> None:
    i, j, k = np.meshgrid(np.arange(20), np.arange(21), np.arange(22), indexing="ij")
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])  # x and y of DICOM: steps of 2 mm to the left and to the back
    mask = (abs(i - 10) < 3) & (abs(j - 9) < 4) & (abs(k - 11) < 5)
    dvh = the_dvh(Plan.from_masks(1.0 * i + 0.5 * j + 0.1 * k, {"Box": mask}, affine=affine, prescription=(50, 5)))
    assert dvh.mean_gy.value == pytest.approx(10 + 4.5 + 1.1, abs=1e-3)
    assert dvh.volume == pytest.approx(5 * 7 * 9 * 8 / 1000)
    assert dvh.max_gy.value == pytest.approx(12.5 + 0.5 * 12.5 + 0.1 * 15.5, abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 3), (3, 1, 1)])
def test_a_layer_alone_is_as_thick_as_its_voxels(shape: tuple[int, int, int]) -> None:
    plan = Plan.from_masks(
        dose_around(), {"Few": np.ones(shape, dtype=bool)}, spacing_mm=(1, 1, 5), origin_mm=(0, 0, 0)
    )
    assert the_dvh(plan).volume == pytest.approx(np.prod(shape) * 5 / 1000)


def test_empty_layers_are_not_bridged_and_asked_about() -> None:
    mask = np.ones((5, 4, 4), dtype=bool)
    mask[2] = False
    dvh = the_dvh(Plan.from_masks(dose_around(), {"Gap": mask}, spacing_mm=(2, 2, 2), origin_mm=(0, 0, 0)))
    assert dvh.volume == pytest.approx(mask.sum() * 8 / 1000)
    assert FindingCode.CONTOURS_INCOMPLETE in {finding.code for finding in dvh.findings}


def test_thin_shells_one_in_another_are_no_copies() -> None:
    """Walls one voxel thin: contours as people draw them would be taken for one that is there twice."""
    far = np.max(np.abs(np.indices((21, 21, 21)) - 10), axis=0)
    shells = {"Shells": far % 2 == 0}
    dvh = the_dvh(Plan.from_masks(dose_around(), shells, spacing_mm=(0.2, 0.2, 0.2), origin_mm=(0, 0, 0)))
    assert dvh.volume == pytest.approx((far % 2 == 0).sum() * 0.008 / 1000, rel=1e-9)


def test_a_torus_has_its_hole() -> None:
    k, j, i = np.indices((9, 41, 41)) - np.array([4, 20, 20])[:, None, None, None]
    torus = (np.hypot(i, j) - 14) ** 2 + k**2 < 16
    dvh = the_dvh(Plan.from_masks(dose_around(), {"Torus": torus}, spacing_mm=(1, 1, 1), origin_mm=(-20, -20, -4)))
    assert dvh.volume == pytest.approx(torus.sum() / 1000, rel=1e-9)
    assert dvh.mean_gy.value == pytest.approx(20.0, abs=2e-3)


def test_a_ball_of_voxels_is_near_the_ball_of_contours() -> None:
    radius, step = 15.0, 0.5
    k, j, i = (np.indices((64, 64, 64)) - 31.5) * step
    ball = k**2 + j**2 + i**2 < radius**2
    of_mask = the_dvh(Plan.from_masks(dose_around(), {"Ball": ball}, spacing_mm=(step,) * 3, origin_mm=(-15.75,) * 3))
    planes = [
        ring(float(np.sqrt(radius**2 - z**2)), z, points=360) for z in np.arange(-14.75, 15, step) if abs(z) < radius
    ]
    dose = dose_around()
    of_contours = the_dvh(
        Plan.from_arrays(
            dose.values_gy, spacing_mm=(6, 6, 6), origin_mm=dose.origin_mm.tolist(), contours={"Ball": planes}
        )
    )
    assert of_mask.volume == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=5e-3)
    for share in (0.1, 0.5, 0.9):
        one, other = (dvh.dose_at_volume(share * dvh.volume) for dvh in (of_mask, of_contours))
        assert one.value == pytest.approx(other.value, abs=0.05)
        assert one.low <= other.high
        assert other.low <= one.high


def test_masks_unite_whichever_way_their_arrays_are_turned() -> None:
    half = np.zeros((4, 6, 8), dtype=bool)
    half[:, :, :4] = True
    turn = np.array([[0, 0, 1.0], [0, 1, 0], [1, 0, 0]])
    dose = dose_around()
    at: dict[str, Any] = {"spacing_mm": (2, 2, 2), "origin_mm": (0, 0, 0)}
    left = Plan.from_masks(dose, {"Lung_L": half}, **at)
    right = Plan.from_masks(dose, {"Lung_R": ~half.transpose(2, 1, 0)}, **at, axes=turn)
    both = Plan(
        dose=dose,
        structures=(
            left.structures[0],
            Plan.from_masks(
                dose, {"X": half.transpose(2, 1, 0), "Lung_R": (~half).transpose(2, 1, 0)}, **at, axes=turn
            ).structures[1],
        ),
        prescription=left.prescription,
    )
    assert compute_dvhs(right)["Lung_R"].volume == pytest.approx(96 * 8 / 1000)
    assert compute_dvhs(both, structures=["Lungs"])["Lungs"].volume == pytest.approx(half.size * 8 / 1000)


# Images, by stand-ins that have what the libraries have.


class Nifti:
    def __init__(self, values: np.ndarray, affine: np.ndarray, unit: str = "mm") -> None:
        self.dataobj, self.affine = values, affine
        self.header = SimpleNamespace(get_xyzt_units=lambda: (unit, "sec"))


def test_a_nifti_image_is_its_array_and_affine() -> None:
    mask, affine = np.zeros((3, 4, 5), dtype=np.uint8), np.diag([-1.0, -2.0, 3.0, 1.0])
    mask[0, 1, 2:4] = 1
    image = Plan.from_masks(dose_around(), {"Organ": Nifti(mask, affine)})
    array = Plan.from_masks(dose_around(), {"Organ": mask}, affine=affine)
    assert np.array_equal(image.structures[0].contours.read().points_mm, array.structures[0].contours.read().points_mm)


def test_a_nifti_image_in_micrometres_is_refused() -> None:
    with pytest.raises(InputError, match="micron, not in mm"):
        Plan.from_masks(dose_around(), {"Organ": Nifti(np.ones((2, 2, 2)), np.eye(4), "micron")})


@pytest.fixture
def itk(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A stand-in of SimpleITK: images of a module that reads their arrays."""
    module: Any = ModuleType("StandInITK")

    class Image:
        def __init__(self, values: np.ndarray, spacing: tuple, origin: tuple, direction: tuple) -> None:
            self.values = values
            self.GetSpacing, self.GetOrigin = (lambda: spacing), (lambda: origin)
            self.GetDirection = lambda: direction

    Image.__module__ = "StandInITK"
    module.Image = Image
    module.GetArrayFromImage = lambda image: image.values
    monkeypatch.setitem(sys.modules, "StandInITK", module)
    return module


def test_the_columns_of_an_itk_direction_are_the_axes(itk: Any) -> None:
    mask = np.zeros((2, 3, 4), dtype=np.uint8)
    mask[0, 0, 3] = 1
    # i runs along y, j along z, k along x: column 0 of the matrix is (0, 1, 0)
    direction = (0, 0, 1, 1, 0, 0, 0, 1, 0)
    plan = Plan.from_masks(dose_around(), {"Organ": itk.Image(mask, (2.0, 3.0, 4.0), (1.0, 1.0, 1.0), direction)})
    assert plan.structures[0].contours.read().points_mm.mean(axis=0) == pytest.approx([1.0, 7.0, 1.0], abs=2.0)
    assert the_dvh(plan).mean_gy.value == pytest.approx(20 + 0.1 * 1 + 0.2 * 7 + 0.05 * 1, abs=2e-3)


LIBRARIES = [name for name in ("nibabel", "SimpleITK") if find_spec(name)]


def image_of(library: str, mask: np.ndarray) -> Any:
    """A mask ``[k, j, i]`` as an image with spacing 2, 3 and 4 mm and its first voxel at -5, 6 and 7 mm (LPS+)."""
    if library == "nibabel":
        import nibabel

        affine = np.diag([-2.0, -3.0, 4.0, 1.0])
        affine[:3, 3] = [5, -6, 7]
        return nibabel.Nifti1Image(mask.T.astype(np.uint8), affine)
    import SimpleITK

    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing((2.0, 3.0, 4.0))
    image.SetOrigin((-5.0, 6.0, 7.0))
    return image


def test_images_of_the_libraries_that_are_installed() -> None:
    mask = np.random.default_rng(7).random((6, 7, 8)) < 0.5
    lps = Plan.from_masks(dose_around(), {"Organ": mask}, spacing_mm=(2, 3, 4), origin_mm=(-5, 6, 7))
    points = lps.structures[0].contours.read().points_mm
    for library in LIBRARIES:
        found = Plan.from_masks(dose_around(), {"Organ": image_of(library, mask)})
        assert found.structures[0].contours.read().points_mm == pytest.approx(points, abs=1e-5), library


# What cannot be used


@pytest.mark.parametrize(
    ("masks", "keywords", "text"),
    [
        ({"A": np.ones((2, 2))}, {"spacing_mm": (1, 1, 1)}, "'A'.*shape .2, 2., not three dimensions"),
        ({"A": np.ones((2, 0, 2))}, {"spacing_mm": (1, 1, 1)}, "no voxel in it"),
        ({"A": np.full((2, 2, 2), 3)}, {"spacing_mm": (1, 1, 1)}, "values other than 0 and 1.*labels == 3"),
        ({"A": np.full((2, 2, 2), np.nan)}, {"spacing_mm": (1, 1, 1)}, "values other than 0 and 1"),
        ({"A": np.full((2, 2, 2), "x")}, {"spacing_mm": (1, 1, 1)}, "of type <U1"),
        ({"A": np.ones((2, 2, 2))}, {}, "nothing says where its voxels lie"),
        ({"A": np.ones((2, 2, 2))}, {"spacing_mm": (1, 0, 1)}, "is not above 0"),
        ({"A": np.ones((2, 2, 2))}, {"spacing_mm": (1, np.nan, 1)}, "not a finite number"),
        ({"A": np.ones((2, 2, 2))}, {"affine": np.ones((4, 4))}, "last row"),
        ({"A": np.ones((2, 2, 2))}, {"affine": np.diag([0.0, 1, 1, 1])}, "axis of length 0"),
        ({"A": np.ones((2, 2, 2))}, {"affine": np.eye(3)}, r"shape \(3, 3\), not \(4, 4\)"),
        ({"A": np.ones((2, 2)), "B": np.full((2, 2, 2), 5)}, {"spacing_mm": (1, 1, 1)}, "'A'.*'B'"),
    ],
)
def test_masks_that_cannot_be_used_are_named(masks: dict[str, Any], keywords: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        Plan.from_masks(dose_around(), masks, **keywords)


def test_a_sheared_affine_is_refused() -> None:
    affine = np.eye(4)
    affine[0, 1] = 0.1
    with pytest.raises(GeometryError, match="not at right angles"):
        Plan.from_masks(dose_around(), {"A": np.ones((2, 2, 2))}, affine=affine)

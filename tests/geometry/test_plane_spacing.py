"""Distances between contour planes beside those of the other structures: laws over spacings, and cases by hand."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.dvh import DVH, compute_dvhs
from sbrtcheck.errors import DicomError
from sbrtcheck.geometry import common_spacing_mm, spacing_findings
from sbrtcheck.plan import Contours, DoseGrid, Finding, FindingCode, Structure
from solids import Array, grid, plan, rectangle, structure, uniform

WIDE = [FindingCode.PLANE_SPACING]
CLOSE = [FindingCode.PLANES_TOO_CLOSE]
BODY_MM = np.arange(-30.0, 30.1, 3.0)


def stack(spacing_mm: float, planes: int = 9, lowest_mm: float = 0.0) -> Array:
    return lowest_mm + spacing_mm * np.arange(planes)


def found(heights_mm: Array, *others: Array) -> tuple[Finding, ...]:
    return spacing_findings("Heart", heights_mm, common_spacing_mm([heights_mm, *others]))


def codes(heights_mm: Array, *others: Array) -> list[FindingCode]:
    return [finding.code for finding in found(heights_mm, *others)]


SPACINGS = st.floats(1.0, 10.0)


@given(SPACINGS, st.floats(0.05, 20.0), st.integers(4, 40), st.integers(2, 5), st.floats(-500.0, 500.0))
def test_planes_are_odd_where_they_are_about_twice_as_far_apart_as_the_others_or_half_as_far(
    common_mm: float, ratio: float, planes: int, others: int, lowest_mm: float
) -> None:
    """The law of the limits: between 1/1.75 and 1.75 of the others nothing is said, from 2 and from 1/2 on it is."""
    rest = [stack(common_mm, 12 + k, lowest_mm - k * common_mm) for k in range(others)]
    said = codes(stack(ratio * common_mm, planes, lowest_mm), *rest)
    if 1 / 1.75 < ratio < 1.75:
        assert said == []
    elif ratio >= 2.0 or 1 / 5.4 <= ratio <= 0.5:
        assert said == WIDE
    elif ratio < 1 / 5.6:
        assert said == CLOSE


@given(SPACINGS, st.integers(2, 5), st.integers(4, 30), st.floats(0.0, 1.0))
def test_planes_of_finer_images_are_said_and_cost_no_verdict_wherever_they_lie(
    common_mm: float, times: int, planes: int, aside: float
) -> None:
    """Also where they are on none of the others' planes, as those of a second series are."""
    rest = [stack(common_mm, 30), stack(common_mm, 40)]
    heights = stack(common_mm / times, planes + times, common_mm * (1.0 + aside))
    assert codes(heights, *rest) == WIDE


@given(SPACINGS, st.integers(2, 20), st.integers(2, 5))
def test_heights_in_cm_leave_the_volume_in_doubt(spacing_mm: float, planes: int, others: int) -> None:
    """Also where they happen to lie on planes of the others, as multiples of a tenth of their distance do."""
    rest = [stack(spacing_mm, 30 + k) for k in range(others)]
    assert codes(stack(spacing_mm, planes) / 10.0, *rest) == CLOSE


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0, 5.0]), min_size=1, max_size=9))
def test_nothing_is_common_that_no_more_than_half_have(spacings_mm: list[float]) -> None:
    common = common_spacing_mm([stack(mm) for mm in spacings_mm])
    most = max(spacings_mm, key=spacings_mm.count)
    assert common == (pytest.approx(most) if 2 * spacings_mm.count(most) > len(spacings_mm) else None)


def test_ten_thousand_structures_are_compared_in_little_memory() -> None:
    heights = [stack(3.0, 4)] * 10_000  # each with each would be 10^8 pairs, 0.8 GB
    tracemalloc.start()
    common = common_spacing_mm(heights)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert common == 3.0
    assert most_bytes < 10_000_000


def test_what_is_said_has_both_distances() -> None:
    (wide,), (close,), (finer,) = (found(stack(mm), BODY_MM, BODY_MM) for mm in (6.0, 0.3, 1.0))
    beside = "mm apart, where those of most structures are 3 mm apart"
    assert wide.text == f"contour planes 6 {beside}: was it contoured on some images only?"
    assert close.text == f"contour planes 0.3 {beside}: are its heights in mm? If not, its volume is too small"
    assert finer.text == f"contour planes 1 {beside}: was it contoured on other images?"
    assert wide.subject == close.subject == finer.subject == "Heart"


@pytest.mark.parametrize(
    ("heights_mm", "expected"),
    [
        ([0, 3, 6, 60, 63, 66, 120, 123], []),  # three metastases
        ([0, 60], []),  # two parts of one plane
        ([0, 6, 12], []),  # too few to be a spacing; where others have planes between, that is said
        ([0, 6, 12, 18], WIDE),
        ([0, 0.4, 3, 3.4, 6, 6.4, 9, 9.4], []),  # two series, each as far apart as usual
        ([0, 2, 5, 7, 10, 12], []),  # 2.5 mm, rounded
        ([0, 5, 10, 15], []),  # thicker images of the same scan
        ([0, 0.4], CLOSE),
        ([7], []),
    ],
)
def test_parts_slips_and_few_planes(heights_mm: Sequence[float], expected: list[FindingCode]) -> None:
    assert codes(np.array(heights_mm, dtype=float), BODY_MM, BODY_MM + 90.0, BODY_MM + 180.0) == expected


def test_structures_of_one_or_two_planes_tell_nothing_of_what_is_common() -> None:
    few = [np.array([0.0, 6.0]), np.array([0.0, 6.0]), np.array([12.0])]
    assert common_spacing_mm(few) is None
    assert codes(stack(6.0), *few, BODY_MM, BODY_MM) == WIDE
    assert spacing_findings("Heart", stack(6.0), None) == ()


# -------------------------------------------------------------------------------- of structures of a plan


DOSE = grid(uniform(10.0))


def organ(name: str, heights_mm: Sequence[float], number: int = 1) -> Structure:
    return structure(name, *[rectangle(-9, 9, -9, 9, z) for z in heights_mm], number=number)


def heart_of(heart: Structure, *others: Structure, dose: DoseGrid = DOSE) -> DVH:
    rest = others or (organ("Body", BODY_MM, 2), organ("Lungs", BODY_MM[2:-2], 3))
    return compute_dvhs(plan(dose, heart, *rest))["Heart"]


def of_spacing(dvh: DVH) -> list[FindingCode]:
    return [finding.code for finding in dvh.findings if finding.code in {*WIDE, *CLOSE}]


def test_an_organ_on_every_second_image_and_one_in_cm_are_said() -> None:
    assert of_spacing(heart_of(organ("Heart", BODY_MM[4:-4]))) == []
    assert of_spacing(heart_of(organ("Heart", BODY_MM[::2]))) == WIDE
    assert of_spacing(heart_of(organ("Heart", BODY_MM / 10.0))) == CLOSE


def test_planes_along_another_axis_are_compared_along_it() -> None:
    along_x = [
        structure(name, *[rectangle(-9, 9, -9, 9, z)[:, [2, 0, 1]] for z in heights], number=number)
        for number, (name, heights) in enumerate({"Heart": BODY_MM[::2], "A": BODY_MM, "B": BODY_MM}.items())
    ]
    assert of_spacing(heart_of(*along_x)) == WIDE
    # two others that lie across it have no planes that could be compared
    assert of_spacing(heart_of(along_x[0])) == []


def test_a_mask_has_the_thickness_of_its_voxels_whatever_others_are_apart() -> None:
    mask = replace(organ("Heart", BODY_MM[::2]), of_voxels=True, slab_mm=6.0)
    assert of_spacing(heart_of(mask)) == []
    masks = [replace(organ(name, BODY_MM, 2), of_voxels=True, slab_mm=3.0) for name in "AB"]
    assert of_spacing(heart_of(organ("Heart", BODY_MM[::2]), *masks)) == []


class Damaged(Contours):
    """Contours of which nothing can be read."""

    def first_points(self) -> Array:
        raise DicomError("no number", "here", "export again")


def test_a_structure_that_cannot_be_read_costs_the_others_nothing() -> None:
    made = Contours.of(rectangle(-9, 9, -9, 9, 0.0))
    damaged = replace(organ("X", [0.0], 4), contours=Damaged(points_mm=made.points_mm, starts=made.starts))
    rest = (organ("Body", BODY_MM, 2), organ("Lungs", BODY_MM, 3))
    assert of_spacing(heart_of(organ("Heart", BODY_MM[::2]), damaged, *rest)) == WIDE

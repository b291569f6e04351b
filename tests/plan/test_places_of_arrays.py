"""Arrays and images lie in one place or are refused, and a plan of them stays what it was made of."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck import compute_dvhs
from sbrtcheck.errors import InputError
from sbrtcheck.plan import DoseGrid, Plan

SHAPE = (4, 5, 6)
AXIS = st.integers(2, 5)


def box(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[1, 1, 1] = True
    return mask


def dose(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    k, j, i = np.indices(shape, dtype=np.float64)
    values: np.ndarray = 10.0 + i + 2 * j + 4 * k
    return values


def grid() -> DoseGrid:
    return DoseGrid.axial(dose(), origin_mm=(0, 0, 0), spacing_mm=(1, 1, 1))


def state(plan: Plan) -> tuple[Any, ...]:
    (dvh,) = compute_dvhs(plan).dvhs
    return (dvh.volume, dvh.mean_gy, dvh.max_gy, plan.dose.max_gy)


# -------------------------------------------------------------------------------- one shape on one grid


@given(st.tuples(AXIS, AXIS, AXIS), st.tuples(AXIS, AXIS, AXIS), st.booleans(), st.booleans())
def test_arrays_on_one_grid_have_one_shape(
    first: tuple[int, ...], second: tuple[int, ...], by_affine: bool, of_masks: bool
) -> None:
    where: dict[str, Any] = {"affine": np.eye(4)} if by_affine else {"spacing_mm": (1, 1, 1), "origin_mm": (0, 0, 0)}
    masks = {"A": np.ones(first), "B": np.ones(second)} if of_masks else {"B": np.ones(second)}
    its_dose = grid() if of_masks else dose(first)
    if first == second:
        assert len(Plan.from_masks(its_dose, masks, **where).structures) == len(masks)
        return
    with pytest.raises(InputError) as caught:
        Plan.from_masks(its_dose, masks, **where)
    other = "mask 'A'" if of_masks else "the dose"
    assert f"mask 'B' has shape {second}, and {other} on the same grid {first}" in str(caught.value)


def test_masks_on_a_grid_of_their_own_need_not_have_the_shape_of_the_dose() -> None:
    plan = Plan.from_masks(dose((9, 9, 9)), {"A": np.ones((2, 2, 2))}, affine=np.eye(4), dose_affine=np.eye(4))
    assert compute_dvhs(plan)["A"].volume == pytest.approx(0.008)


# -------------------------------------------------------------------------------- one place


class Header:
    """What is asked of the header of a NIfTI image; a form is None where its code is 0."""

    def __init__(self, sform: np.ndarray | None, qform: np.ndarray | None) -> None:
        self.forms = (sform, qform)

    def get_sform(self, *, coded: bool) -> tuple[np.ndarray | None, int]:
        assert coded
        return self.forms[0], int(self.forms[0] is not None)

    def get_qform(self, *, coded: bool) -> tuple[np.ndarray | None, int]:
        assert coded
        return self.forms[1], int(self.forms[1] is not None)


class Analyze:
    default_x_flip = True


class Image:
    def __init__(self, header: object) -> None:
        self.header, self.affine, self.dataobj, self.shape = header, np.eye(4), dose(), SHAPE


FLIPPED = np.diag([-1.0, 1, 1, 1])
NEARLY = np.eye(4) + 1e-3 * np.eye(4, k=3)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (Header(None, None), "neither sform nor qform: left, right and place"),
        (Header(np.eye(4), FLIPPED), "sform and qform of the image place it differently"),
        (Analyze(), "does not say which side is left"),
    ],
)
def test_an_image_that_lies_nowhere_or_in_two_places_is_refused(header: object, text: str) -> None:
    with pytest.raises(InputError, match=text) as caught:
        Plan.from_masks(Image(header), {})
    assert "affine=image.affine" in str(caught.value)


@pytest.mark.parametrize("header", [Header(np.eye(4), None), Header(None, np.eye(4)), Header(np.eye(4), NEARLY), None])
def test_an_image_that_lies_in_one_place_is_used(header: object) -> None:
    assert Plan.from_masks(Image(header), {}).dose.max_gy == 10 + 5 + 8 + 12


def test_images_of_nibabel_are_told_by_their_headers() -> None:
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(dose().astype("f4"), np.diag([2.0, 2, 2, 1]))
    assert Plan.from_masks(image, {}).dose.max_gy == 35
    content = bytearray(image.to_bytes())
    content[252:256] = bytes(4)  # qform_code and sform_code, nifti1.h
    nowhere = nibabel.Nifti1Image.from_bytes(bytes(content))
    assert nowhere.affine.shape == (4, 4)  # made up
    with pytest.raises(InputError, match="neither sform nor qform"):
        Plan.from_masks(nowhere, {})
    assert Plan.from_masks(np.asarray(nowhere.dataobj), {}, affine=nowhere.affine).dose.max_gy == 35
    with pytest.raises(InputError, match="ANALYZE"):
        Plan.from_masks(nibabel.AnalyzeImage(dose().astype("f4"), np.eye(4)), {})


@pytest.mark.parametrize(
    ("its_dose", "masks", "where", "text"),
    [
        (dose(), {}, {"affine": np.eye(4), "spacing_mm": (1, 1, 1)}, "spacing_mm and an affine are given"),
        (dose(), {}, {"affine": np.eye(4), "origin_mm": (0, 0, 0)}, "origin_mm and an affine are given"),
        (dose(), {}, {"affine": np.eye(4), "axes": np.eye(3)}, "axes and an affine are given"),
        (dose(), {}, {"origin_mm": (0, 0, 0)}, "origin_mm is given, and no spacing_mm"),
        (grid(), {"A": box()}, {"spacing_mm": (1, 1, 1)}, "'A': no origin_mm says where it lies"),
        (Image(None), {"A": box()}, {"spacing_mm": (1, 1, 1)}, "'A': no origin_mm says where it lies"),
        (Image(None), {}, {"affine": np.eye(4)}, "affine or spacing_mm is given, and all that it could place"),
        (Image(None), {}, {"dose_affine": np.eye(4)}, "dose_affine is given, and all that it could place"),
        (grid(), {}, {"dose_affine": np.eye(4)}, "dose_affine is given, and all that it could place"),
    ],
)
def test_what_places_arrays_twice_or_not_at_all_is_refused(
    its_dose: Any, masks: Any, where: dict[str, Any], text: str
) -> None:
    with pytest.raises(InputError, match=text):
        Plan.from_masks(its_dose, masks, **where)


def from_masks(masks: Any, **where: Any) -> Plan:
    return Plan.from_masks(dose(), masks, **where)


class OnlySpacing:
    def GetSpacing(self) -> tuple[float, ...]:  # noqa: N802 - as SimpleITK calls it
        return (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Plan.from_masks(OnlySpacing(), {}), "a spacing, but no origin and direction"),
        (lambda: Plan.from_masks([[[1, 2], [3]]], {}, affine=np.eye(4)), "no array can be made of it"),
        (lambda: from_masks([box()], spacing_mm=(1, 1, 1)), "masks cannot be of the type list"),
        (lambda: from_masks(None, spacing_mm=(1, 1, 1)), "masks cannot be of the type NoneType"),
        (lambda: from_arrays(contours=None), "contours cannot be of the type NoneType"),
        (lambda: from_arrays(contours={"A": 3}), "the contours of 'A' are no list"),
        (lambda: from_arrays(dose=dose((1, 5, 5))), "nothing can be interpolated along an axis of one point"),
        (lambda: from_arrays(dose=dose((5, 5, 1))), "nothing can be interpolated along an axis of one point"),
        (lambda: from_arrays(dose=dose() * 1e300), "beyond 1e.06 Gy, which is no dose"),
    ],
)
def test_other_things_are_refused_by_name(call: Callable[[], object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        call()


class NoArray:
    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise RuntimeError("of another library")


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=2)), max_size=4),
    st.dictionaries(st.text(max_size=2), st.one_of(st.none(), st.integers(), st.just([[[1, 2]]])), max_size=2),
    st.builds(NoArray),
    st.sampled_from([np.zeros(3), np.zeros((3, 3)), np.zeros((2, 2, 2), dtype=object), np.array("x"), object(), dose]),
    st.sampled_from(
        [OnlySpacing(), Image(None), Image(object()), np.datetime64("NaT", "D"), 1j, range(3), dose(), iter(())]
    ),
)
FROM_ARRAYS = ("dose", "spacing_mm", "origin_mm", "contours", "prescription", "axes", "offsets_mm")
FROM_MASKS = ("dose", "masks", "prescription", "affine", "dose_affine", "spacing_mm", "origin_mm", "axes")


@given(st.sampled_from(FROM_ARRAYS), WRONG)
def test_whatever_is_given_as_arrays_is_used_or_refused_as_input(name: str, wrong: object) -> None:
    with contextlib.suppress(InputError):
        from_arrays(**{name: wrong})


@given(st.sampled_from(FROM_MASKS), WRONG, st.booleans())
def test_whatever_is_given_as_masks_is_used_or_refused_as_input(name: str, wrong: object, in_mapping: bool) -> None:
    given_all: dict[str, Any] = {"dose": dose(), "masks": {"A": box()}, "spacing_mm": (1, 1, 1)}
    if name in {"affine", "dose_affine"}:
        del given_all["spacing_mm"]
        given_all |= {"affine": np.eye(4)}
    with contextlib.suppress(InputError):
        Plan.from_masks(**{**given_all, name: {"A": wrong} if in_mapping and name == "masks" else wrong})


# -------------------------------------------------------------------------------- masked values


@given(st.integers(0, 3), st.integers(0, 4), st.integers(0, 5), st.booleans())
def test_arrays_with_masked_values_are_refused(k: int, j: int, i: int, in_dose: bool) -> None:
    hidden = np.zeros(SHAPE, dtype=bool)
    given_dose, mask = np.ma.array(dose(), mask=hidden), np.ma.array(box(), mask=hidden)
    assert state(Plan.from_masks(given_dose, {"A": mask}, spacing_mm=(1, 1, 1))) == state(
        Plan.from_masks(dose(), {"A": box()}, spacing_mm=(1, 1, 1))
    )
    (given_dose if in_dose else mask)[k, j, i] = np.ma.masked
    with pytest.raises(InputError, match="some values of the array are masked"):
        Plan.from_masks(given_dose, {"A": mask}, spacing_mm=(1, 1, 1))


# -------------------------------------------------------------------------------- a plan stays as it is


def from_arrays(**changes: Any) -> Plan:
    corners = [[0.0, 0, 1], [2, 0, 1], [2, 2, 1], [0, 2, 1]]
    given_all: dict[str, Any] = {
        "dose": dose(),
        "spacing_mm": np.array([1.0, 1, 1]),
        "origin_mm": np.zeros(3),
        "axes": np.eye(3),
        "contours": {"A": [np.array(corners)]},
    }
    return Plan.from_arrays(**{**given_all, **changes})


@given(st.sampled_from(["dose", "spacing_mm", "origin_mm", "axes", "offsets_mm", "contour"]))
def test_a_plan_does_not_change_with_the_arrays_that_it_was_made_of(name: str) -> None:
    corners = np.array([[0.0, 0, 1], [2, 0, 1], [2, 2, 1], [0, 2, 1]])
    arrays: dict[str, Any] = {
        "dose": dose(),
        "spacing_mm": np.array([1.0, 1, 1]),
        "origin_mm": np.zeros(3),
        "axes": np.eye(3),
        "offsets_mm": np.arange(4.0),
    }
    plan = from_arrays(**arrays, contours={"A": [corners]})
    before = state(plan)
    ({**arrays, "contour": corners}[name])[...] += 0.5
    assert state(plan) == before
    with pytest.raises(ValueError, match="read-only"):
        plan.dose.stored[...] = 0


@given(st.sampled_from(["f2", "f4", ">f4", "f8", ">f8", "g", "u1", "u2", ">i2", "i4", "i8", "u8"]), st.booleans())
def test_the_type_and_the_order_of_a_dose_do_not_matter(dtype: str, by_columns: bool) -> None:
    array = dose().astype(dtype, order="F" if by_columns else "C")
    assert state(from_arrays(dose=array)) == pytest.approx(state(from_arrays()))

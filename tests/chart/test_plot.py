"""What is drawn: the curves as they are, each constraint where it is, on the side that a verdict would be on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from dvh_builders import NOT_KNOWN, box, dvh_set, percent_dvh, plan_of, ramp_dvh, report_on, row, table, uniform_dvh
from sbrtcheck import Measurement, compute_dvhs, measure
from sbrtcheck.chart.points import CurvePoint, Side
from sbrtcheck.installation import install_command
from sbrtcheck.plan import Sex, Structure, UnknownSex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import RowSide, Select
from sbrtcheck.tables.points import curve_point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


@pytest.fixture(autouse=True)
def figures_closed() -> Iterator[None]:
    yield
    plt.close("all")


def curves(axes: Axes) -> dict[str, Line2D]:
    return {line.get_label(): line for line in axes.get_lines() if line.get_linestyle() != "None"}


def markers(axes: Axes) -> dict[str, Line2D]:
    return {line.get_gid(): line for line in axes.get_lines() if line.get_gid()}


# -------------------------------------------------------------------------------- points

METRICS = (
    "D{0}cc[Gy]",
    "D{0}%[Gy]",
    "D{0}%[%Rx]",
    "DC{0}cc[Gy]",
    "V{0}Gy[cc]",
    "V{0}Gy[%]",
    "V{0}%Rx[cc]",
    "CV{0}Gy[cc]",
    "Max[Gy]",
    "Median[Gy]",
    "Min[Gy]",
)


@given(
    st.sampled_from(METRICS),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from(("below", "at_most", "above", "at_least")),
)
def test_the_curve_passes_the_point_on_its_side_just_when_the_value_keeps_the_limit(
    metric: str, at: int, limit: int, sense: str
) -> None:
    dvh = ramp_dvh(volume_cc=50.0, low_gy=5.0, high_gy=45.0)
    asked = row(metric.format(at), sense, float(limit))
    found, point = measure(asked.metric, dvh), curve_point(asked, dvh, limit=asked.limit, counts=True)
    assume(isinstance(found, Measurement) and isinstance(point, CurvePoint))
    assert isinstance(found, Measurement)
    assert isinstance(point, CurvePoint)
    volume_cc = point.volume_percent / 100 * dvh.volume
    above = float(dvh.curve.volume_at(np.array([point.dose_gy]))[0]) - volume_cc
    beyond = float(dvh.curve.dose_at(np.array([volume_cc]))[0]) - point.dose_gy
    # on the limit the word decides, and a drawing has no words; doses closer than 0.45 mGy, 0.0012 % here, are one
    assume(abs(found.value - limit) > 2e-3)
    kept = found.value < limit if sense in {"below", "at_most"} else found.value > limit
    passes = above < 1e-6 and beyond < 1e-6
    assert passes == (kept == (point.side is Side.UNDER))


@pytest.mark.parametrize(
    ("metric", "sense", "limit", "place"),
    [
        ("D2cc[Gy]", "below", 18.0, (18.0, 20.0, 2.0, Side.UNDER)),
        ("V20Gy[%]", "at_most", 10.0, (20.0, 10.0, 1.0, Side.UNDER)),
        ("D95%[%Rx]", "at_least", 90.0, (45.0, 95.0, 9.5, Side.OVER)),
        ("DC7cc[Gy]", "below", 15.0, (15.0, 30.0, 3.0, Side.UNDER)),
        ("CV15Gy[cc]", "at_least", 7.0, (15.0, 30.0, 3.0, Side.UNDER)),
        ("Max[Gy]", "below", 30.0, (30.0, 0.0, 0.0, Side.UNDER)),
        ("Min[Gy]", "above", 30.0, (30.0, 100.0, 10.0, Side.OVER)),
    ],
)
def test_where_a_constraint_is(metric: str, sense: str, limit: float, place: tuple[float, float, float, Side]) -> None:
    (point,), left = table(row(metric, sense, limit)).points(dvh_set(ramp_dvh(volume_cc=10.0)))
    assert (point.dose_gy, point.volume_percent, point.volume_cc, point.side) == (
        *map(pytest.approx, place[:3]),
        place[3],
    )
    assert left == ()


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (row("Mean[Gy]", "below", 5), "no point on a curve"),
        (row("Volume[cc]", "below", 5), "no point on a curve"),
        (row("D20cc[Gy]", "below", 5), "volume too small"),
        (row("D5%[Gy]", "below", 5, "Heart"), "structure missing"),
        (row("D5%[Gy]", "below", 5, quantity=Quantity.EQD2, alpha_beta_gy=3.0), "another kind of dose"),
    ],
)
def test_what_cannot_be_drawn_is_told(asked: object, reason: str) -> None:
    points, (left,) = table(asked).points(dvh_set(ramp_dvh()))
    assert (points, left.reason) == ((), reason)


def test_a_table_for_other_fractions_is_not_drawn() -> None:
    points, (left,) = table(row("Max[Gy]", "below", 5), fractions=(3,)).points(dvh_set(ramp_dvh()))
    assert (points, left.reason) == ((), "test-table is for 3 fractions")


@pytest.mark.parametrize("stated", [Sex.FEMALE, Sex.MALE, UnknownSex(reason="the files do not say it")])
@pytest.mark.parametrize("asked", Sex)
def test_a_limit_for_one_sex_is_drawn_only_where_a_report_has_it(asked: Sex, stated: Sex | UnknownSex) -> None:
    of_sex = table(row("D1cc[Gy]", "below", 5, sex=asked))
    dvhs = replace(dvh_set(ramp_dvh()), sex=stated)
    points, left = of_sex.points(dvhs)
    report = report_on(of_sex, dvhs)
    assert (points, left) == report.points(dvhs) or isinstance(stated, UnknownSex)
    if isinstance(stated, UnknownSex):  # the report does not evaluate it
        assert points == ()
        assert [one.reason for one in left] == [f"limit is for a {asked} patient (plot the report)"]


@pytest.mark.parametrize("side", RowSide)
def test_a_limit_for_one_side_is_not_drawn_on_both(side: RowSide) -> None:
    lungs = dvh_set(ramp_dvh("Lung_L"), ramp_dvh("Lung_R"))
    points, (left,) = table(row("D1cc[Gy]", "below", 5, "Lung_L", "Lung_R", side=side)).points(lungs)
    assert (points, left.reason) == ((), f"limit is for the {side} organ (plot the report)")


def test_percent_of_an_unknown_prescription_is_not_drawn() -> None:
    dvhs = dvh_set(ramp_dvh(), rx=NOT_KNOWN)
    points, (left,) = table(row("Max[%Rx]", "below", 5), fractions=()).points(dvhs)
    assert (points, left.reason) == ((), "prescription unknown")


def test_organs_are_taken_as_a_report_takes_them() -> None:
    plan = plan_of(SpinalCord=0.0, Trachea=20.0, Esophagus=25.0)
    plan = replace(plan, structures=(*plan.structures, Structure(name="My heart", number=9, contours=box(-15.0))))
    asked = table(
        row("D0.1cc[Gy]", "below", 12, id="one"),
        row("D0.1cc[Gy]", "below", 12, "Heart", id="named"),
        row("D0.1cc[Gy]", "below", 12, "Trachea", "Esophagus", select=Select.UNION, id="together"),
        row("D0.1cc[Gy]", "below", 12, "Liver", "Esophagus", select=Select.FIRST, id="first"),
        row("D0.1cc[Gy]", "below", 12, "Liver", select=Select.FIRST, id="none"),
    )
    names = {"Heart": "My heart"}
    dvhs = compute_dvhs(plan, names=names)
    report = report_on(asked, dvhs, names=names)
    of_table, of_report = asked.points(dvhs, names), report.points(dvhs)
    assert of_table[0] == of_report[0]
    assert [one.reason for one in of_table[1]] == [one.reason for one in of_report[1]] == ["structure missing"]
    assert [point.structure for point in of_table[0]] == ["SpinalCord", "My heart", "Trachea + Esophagus", "Esophagus"]


def test_rows_that_do_not_count_are_told_apart() -> None:
    asked = table(row("Max[Gy]", "below", 5), row("Max[Gy]", "below", 5, id="one", confirmed_by=("print",)))
    dvhs = dvh_set(ramp_dvh())
    assert [one.counts for one in asked.points(dvhs)[0]] == [True, False]
    assert [one.counts for one in report_on(asked, dvhs).points(dvhs)[0]] == [True, False]


# -------------------------------------------------------------------------------- axes


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0, 40), st.floats(0.5, 30), st.floats(0.1, 900)), min_size=1, max_size=4))
def test_the_lines_are_the_curves(ramps: list[tuple[float, float, float]]) -> None:
    dvhs = dvh_set(*(ramp_dvh(f"S{n}", low_gy=lo, high_gy=lo + w, volume_cc=cc) for n, (lo, w, cc) in enumerate(ramps)))
    for relative in (True, False):
        lines = curves(dvhs.plot(relative=relative))
        assert list(lines) == [dvh.name for dvh in dvhs]
        for dvh in dvhs:
            x, y = lines[dvh.name].get_data()
            assert np.array_equal(x, dvh.curve.dose_gy)
            assert np.allclose(y, dvh.curve.volume * (100 / dvh.volume if relative else 1.0), rtol=1e-12)
        plt.close("all")


def test_a_curve_starts_with_the_whole_volume_at_no_dose() -> None:
    dvh = compute_dvhs(plan_of(SpinalCord=0.0))
    x, y = curves(dvh.plot())["SpinalCord"].get_data()
    assert (x[0], y[0]) == (0.0, 100.0)


def test_a_curve_ends_with_no_volume_at_the_largest_dose() -> None:
    x, y = curves(dvh_set(uniform_dvh(dose_gy=20.0)).plot())["SpinalCord"].get_data()
    assert (x[-1], y[-1]) == (20.0, 0.0)


def test_the_band_lies_between_the_bounds() -> None:
    axes = dvh_set(ramp_dvh(low_gy=10.0, high_gy=20.0, half_width_gy=1.0)).plot()
    (shade,) = axes.patches
    assert {tuple(corner) for corner in shade.get_xy()} == {
        (0.0, 100.0),
        (11.0, 100.0),
        (21.0, 0.0),
        (19.0, 0.0),
        (9.0, 100.0),
    }


def test_every_drawable_constraint_is_one_marker_at_its_place() -> None:
    asked = table(
        row("D2cc[Gy]", "below", 18),
        row("D95%[Gy]", "at_least", 1, id="b", confirmed_by=("print",)),
        row("Mean[Gy]", "below", 5, id="c"),
    )
    axes = dvh_set(ramp_dvh(volume_cc=10.0)).plot(constraints=asked)
    hot, cover = markers(axes).values()
    assert [hot.get_xydata().tolist(), hot.get_marker()] == [[[18.0, 20.0]], "v"]
    assert [cover.get_xydata().tolist(), cover.get_marker()] == [[[1.0, 95.0]], "^"]
    assert (hot.get_markerfacecolor(), cover.get_markerfacecolor()) == (hot.get_color(), "none")
    assert hot.get_color() == curves(axes)["SpinalCord"].get_color()
    assert axes.get_title(loc="left") == "Not drawn: 1 × no point on a curve"
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [
        "SpinalCord",
        "constraint: the curve passes below or left",
        "constraint: the curve passes above or right",
        "hollow: does not count for a verdict",
    ]


def test_the_report_draws_itself_in_cc_with_the_limits_it_used() -> None:
    dvhs = dvh_set(ramp_dvh(volume_cc=10.0))
    axes = report_on(table(row("V10Gy[%]", "below", 40)), dvhs).plot(relative=False)
    (marker,) = markers(axes).values()
    assert marker.get_xydata().tolist() == [[10.0, 4.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Dose [Gy]", "Volume [cc]")


def test_the_axes_say_what_they_are() -> None:
    dvhs = dvh_set(ramp_dvh())
    assert (dvhs.plot().get_xlabel(), dvhs.plot().get_ylabel()) == ("Dose [Gy]", "Volume [%]")
    converted = dvh_set(ramp_dvh().to_eqd2(alpha_beta_gy=3.0))
    assert converted.plot().get_xlabel() == "EQD2 [Gy]"


def test_only_the_structures_asked_for_are_drawn_on_the_axes_given() -> None:
    _, mine = plt.subplots()
    dvhs = dvh_set(ramp_dvh(), ramp_dvh("Heart"))
    asked = table(row("Max[Gy]", "below", 5, "SpinalCord", "Heart"))
    axes = dvhs.plot(structures=["Heart"], ax=mine, constraints=[asked])
    assert axes is mine
    assert list(curves(axes)) == ["Heart"]
    assert list(markers(axes)) == ["Heart: Max[Gy] below 5"]


def test_an_unknown_structure_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no DVH of 'Hart'; there are: Heart"):
        dvh_set(ramp_dvh("Heart")).plot(structures=["Hart"])


def test_curves_without_absolute_volume_are_drawn_in_percent_only() -> None:
    dvhs = dvh_set(percent_dvh())
    assert curves(dvhs.plot(constraints=table(row("D5%[Gy]", "below", 5))))
    with pytest.raises(ValueError, match="no absolute volume of SpinalCord"):
        dvhs.plot(relative=False)


def test_a_name_is_shown_as_it_is() -> None:
    axes = dvh_set(ramp_dvh("_$x^2$")).plot()
    axes.figure.canvas.draw()
    assert [text.get_text().strip("\u200b") for text in axes.get_legend().get_texts()] == [r"_\$x^2\$"]


def test_nothing_to_draw_is_empty_axes() -> None:
    assert not curves(dvh_set().plot())


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=re.escape(install_command("plot"))):
        dvh_set(ramp_dvh()).plot()

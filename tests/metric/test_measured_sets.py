"""Metrics of a whole set: every structure has its answer or says why not, under the text that was asked."""

from __future__ import annotations

import pytest

from dvh_builders import dvh_set, plan_of, ramp_dvh, uniform_dvh
from sbrtcheck import compute_dvhs
from sbrtcheck.dvh import DERIVED_NUMBER, NoDVH, Reason
from sbrtcheck.errors import ArgumentError, MetricError
from sbrtcheck.metric import DoseStatistic, Measurement, NotMeasured, Stat, Unit, measure
from solids import along_x, grid, plan, rectangle, structure

MEAN = DoseStatistic(stat=Stat.MEAN, unit=Unit.GY)
EMPTY = NoDVH(name="Heart", number=7, reason=Reason.STRUCTURE_EMPTY, detail="it has no contours")
OUTSIDE = NoDVH(name="Liver", number=8, kind="ORGAN", reason=Reason.DOSE_GRID_MISSING)
SET = dvh_set(
    uniform_dvh("SpinalCord", volume_cc=3.0, dose_gy=12.0, kind="ORGAN"),
    uniform_dvh("Twice", dose_gy=1.0),
    uniform_dvh("Twice", dose_gy=2.0),
    without=(EMPTY, OUTSIDE),
)


def gy(value: float) -> Measurement:
    return Measurement(value=value, low=value, high=value, unit=Unit.GY)


def test_each_structure_answers_by_its_name_or_says_why_not() -> None:
    assert measure("Mean[Gy]", SET) == {
        "SpinalCord": gy(12.0),
        "Twice": NotMeasured(reason=Reason.STRUCTURE_AMBIGUOUS, detail="2 DVHs are named 'Twice'"),
        "Heart": NotMeasured(reason=Reason.STRUCTURE_EMPTY, detail="it has no contours"),
        "Liver": NotMeasured(reason=Reason.DOSE_GRID_MISSING),
    }
    assert measure("Mean[Gy]", SET) == SET.measure("Mean[Gy]")


def test_several_metrics_answer_by_the_texts_that_were_given() -> None:
    answers = measure(["Dmax[cGy]", MEAN, "mean dose [Gy]"], SET)
    assert list(answers) == ["SpinalCord", "Twice", "Heart", "Liver"]
    assert answers["SpinalCord"] == {
        "Dmax[cGy]": Measurement(value=1200.0, low=1200.0, high=1200.0, unit=Unit.CGY),
        "Mean[Gy]": gy(12.0),  # the text of a metric that was given as one
        "mean dose [Gy]": gy(12.0),
    }
    assert set(answers["Heart"].values()) == {NotMeasured(reason=Reason.STRUCTURE_EMPTY, detail="it has no contours")}
    of_one = measure(["Dmax[cGy]", MEAN, "mean dose [Gy]"], SET["SpinalCord"])
    assert of_one == answers["SpinalCord"]


@pytest.mark.parametrize("wrong", [5, None, [5], ["Mean[Gy]", None]])
def test_what_is_no_metric_is_named_by_its_type(wrong: object) -> None:
    kind = type(wrong[-1] if isinstance(wrong, list) else wrong).__name__
    for of in (SET, SET["SpinalCord"]):
        with pytest.raises(MetricError, match=f"^a metric cannot be of the type {kind}") as error:
            measure(wrong, of)  # type: ignore[call-overload]
        assert "D0.035cc[Gy]" in error.value.hint


def test_what_is_no_dvh_is_refused() -> None:
    with pytest.raises(ArgumentError, match="what is measured"):
        measure("Mean[Gy]", "SpinalCord")  # type: ignore[call-overload]


# -------------------------------------------------------------------------------- records


def test_a_record_has_every_metric_with_bounds_and_reasons() -> None:
    spinal_cord, *twice, heart, liver = SET.to_records(["Mean[Gy]", "D5cc[Gy]"])
    assert spinal_cord == {
        "structure": "SpinalCord",
        "kind": "ORGAN",
        "origin": "computed",
        "volume_cc": 3.0,
        "reason": None,
        "Mean[Gy]": 12.0,
        "Mean[Gy] low": 12.0,
        "Mean[Gy] high": 12.0,
        "Mean[Gy] reason": None,
        "D5cc[Gy]": None,
        "D5cc[Gy] low": None,
        "D5cc[Gy] high": None,
        "D5cc[Gy] reason": f"{Reason.VOLUME_TOO_SMALL}: the structure has 3 cc, less than 5 cc",
    }
    assert [record["Mean[Gy]"] for record in twice] == [1.0, 2.0]  # each by itself: a record is of one DVH
    said = f"{Reason.STRUCTURE_EMPTY}: it has no contours"
    assert heart == dict.fromkeys(spinal_cord) | {
        "structure": "Heart",
        "kind": "",
        "reason": said,
        "Mean[Gy] reason": said,
        "D5cc[Gy] reason": said,
    }
    assert (liver["structure"], liver["kind"], liver["reason"]) == ("Liver", "ORGAN", str(Reason.DOSE_GRID_MISSING))


def test_one_metric_alone_and_one_that_is_asked_twice_make_one_column() -> None:
    assert SET.to_records("Mean[Gy]") == SET.to_records([MEAN]) == SET.to_records(["Mean[Gy]", MEAN, "Mean[Gy]"])
    assert list(SET.to_records()[0]) == ["structure", "kind", "origin", "volume_cc", "reason"]


def test_the_frame_has_the_records_and_their_columns_without_any_structure() -> None:
    frame = SET.to_dataframe(["Max[cGy]", MEAN])
    assert list(frame.columns) == list(SET.to_records(["Max[cGy]", MEAN])[0])
    assert frame["Max[cGy]"].tolist()[:3] == [1200.0, 100.0, 200.0]
    empty = dvh_set().to_dataframe("Mean[Gy]")
    assert list(empty.columns) == list(SET.to_records("Mean[Gy]")[0])
    assert len(empty) == 0
    with pytest.raises(MetricError):
        dvh_set().to_records("V20")


def test_a_value_that_nothing_bounds_from_above_has_no_high_in_a_record() -> None:
    from sbrtcheck.metric.dvh_records import _values

    open_above = Measurement(value=2.0, low=1.0, high=3.0, unit=Unit.RATIO, open_above=True)
    assert _values(open_above) == (2.0, 1.0, None, None)


# -------------------------------------------------------------------------------- close bounds


def test_a_set_whose_plan_is_at_hand_answers_each_metric_from_the_dvh_that_was_refined_for_it() -> None:
    """10 Gy everywhere: whatever was refined, every dose is 10 Gy and every volume all of 1 cc."""
    dvhs = compute_dvhs(plan_of(SpinalCord=0.0))
    answers = dvhs.measure(["D0.5cc[Gy]", "V9.99Gy[cc]", "Mean[Gy]", "gEUD(4)[Gy]", "Volume[cc]"])["SpinalCord"]
    for text, expected in (("D0.5cc[Gy]", 10.0), ("Mean[Gy]", 10.0), ("gEUD(4)[Gy]", 10.0), ("V9.99Gy[cc]", 1.0)):
        assert answers[text].low - 1e-3 <= expected <= answers[text].high + 1e-3
        assert answers[text].value == pytest.approx(expected, abs=1e-3)
    assert answers["Volume[cc]"].value == pytest.approx(1.0, abs=1e-6)
    assert dvhs.to_records("D0.5cc[Gy]")[0]["D0.5cc[Gy]"] == answers["D0.5cc[Gy]"].value


def test_a_set_answers_more_closely_than_one_of_its_dvhs_where_dose_falls() -> None:
    walls = [rectangle(-6, 6, -6, 6, z) for z in (-2.0, 0.0, 2.0)]
    dvhs = compute_dvhs(plan(grid(along_x(2.0, middle=60.0), half_mm=12.0), structure("Cord", *walls)))
    # half of it has 60 Gy, and each 2 Gy a twelfth of its 0.864 cc
    for text, truth, close in (("D50%[Gy]", 60.0, 0.06), ("V58Gy[cc]", 0.864 * 7 / 12, 1e-3)):
        of_one, of_set = measure(text, dvhs["Cord"]), measure(text, dvhs)["Cord"]
        assert isinstance(of_one, Measurement)
        assert isinstance(of_set, Measurement)
        assert of_set.low - 1e-3 <= truth <= of_set.high + 1e-3
        assert of_set.high - of_set.low <= 2 * close < of_one.high - of_one.low


def test_derived_structures_answer_too() -> None:
    derived = dvh_set(ramp_dvh("Lungs", number=DERIVED_NUMBER, high_gy=10.0))
    assert derived.measure("Mean[Gy]")["Lungs"].value == 5.0

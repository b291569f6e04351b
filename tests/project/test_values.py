"""The values that the public functions give: found by name, equal by content, shown on one screen, harmless in HTML."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sbrtcheck
from dvh_builders import dvh_set, percent_dvh, plan_of, ramp_dvh, row, table, uniform_dvh
from example_report import report as example_report
from sbrtcheck import DVHSet, Measurement, NotMeasured
from sbrtcheck.dvh import Curve, NoDVH, Reason
from sbrtcheck.errors import MetricError
from sbrtcheck.metric import Unit, parse

MOST_LINES, MOST_CHARACTERS = 25, 2000
NASTY = "<script>alert(1)</script>\n\x1b[31m"

names = st.lists(st.sampled_from(["Heart", "SpinalCord", "Lung_L", "", "PTV"]), max_size=6)
metric_lists = st.lists(
    st.sampled_from(["D95%[Gy]", "V20Gy[%]", "V5Gy[cc]", "D1000cc[Gy]", "Mean[cGy]", "R50%[ratio]", "Max[%Rx]"]),
    unique=True,
)


def set_of(structures: list[str], *, without: tuple[NoDVH, ...] = ()) -> DVHSet:
    return dvh_set(*(ramp_dvh(name, volume_cc=n + 1.0) for n, name in enumerate(structures)), without=without)


# -------------------------------------------------------------------------------- DVHs by name


@given(names)
def test_a_set_of_dvhs_is_asked_by_name(structures: list[str]) -> None:
    dvhs = set_of(structures)
    assert dvhs.keys() == tuple(structures)
    assert dvhs.values() == tuple(dvhs) == tuple(dvh for _, dvh in dvhs.items())
    assert len(dvhs) == len(dvhs.items())
    for name in ("Heart", "Liver", *structures):
        assert (name in dvhs) == (structures.count(name) > 0)
        match structures.count(name):
            case 0:
                assert dvhs.get(name) is None
                assert dvhs.get(name, "none") == "none"
            case 1:
                assert dvhs.get(name) is dvhs[name] is dvhs.dvhs[structures.index(name)]
            case _:  # there, and not to be had: a choice between the two would be a guess
                with pytest.raises(KeyError, match=f"{structures.count(name)} DVHs are named"):
                    dvhs.get(name)


def test_a_dictionary_can_be_made_of_a_set_and_its_dvhs_are_in_it() -> None:
    dvhs = set_of(["Heart", "PTV"])
    assert dict(dvhs) == {"Heart": dvhs["Heart"], "PTV": dvhs["PTV"]}  # type: ignore[call-overload]
    assert dvhs["Heart"] in dvhs
    assert ramp_dvh("Heart", volume_cc=77.0) not in dvhs


# -------------------------------------------------------------------------------- measuring several


@given(names, metric_lists)
def test_several_metrics_on_a_set_are_what_each_is_on_each(structures: list[str], metrics: list[str]) -> None:
    missing = NoDVH(name="Liver", number=99, reason=Reason.STRUCTURE_EMPTY, detail="no contours")
    dvhs = set_of(structures, without=(missing,))
    measured = sbrtcheck.measure(metrics, dvhs)
    assert measured == dvhs.measure(metrics)
    assert list(measured) == [*dict.fromkeys(structures), "Liver"]
    for name, answers in measured.items():
        assert list(answers) == metrics
        for metric, answer in answers.items():
            if name == "Liver":
                assert answer == NotMeasured(reason=Reason.STRUCTURE_EMPTY, detail="no contours")
            elif structures.count(name) > 1:
                assert isinstance(answer, NotMeasured)
                assert answer.reason is Reason.STRUCTURE_AMBIGUOUS
            else:
                assert answer == sbrtcheck.measure(metric, dvhs[name]) == sbrtcheck.measure(metrics, dvhs[name])[metric]
    for metric in metrics:
        assert sbrtcheck.measure(metric, dvhs) == {name: answers[metric] for name, answers in measured.items()}


@given(names, metric_lists)
def test_records_of_dvhs_have_a_line_a_structure_and_a_reason_for_every_gap(
    structures: list[str], metrics: list[str]
) -> None:
    missing = NoDVH(name="Liver", number=99, reason=Reason.STRUCTURE_DAMAGED)
    dvhs = set_of(structures, without=(missing,))
    records = dvhs.to_records(metrics)
    frame = dvhs.to_dataframe(metrics)
    assert [record["structure"] for record in records] == [*structures, "Liver"]  # a name used twice: both
    assert list(frame.columns) == list(records[0])
    assert len(frame) == len(records)
    for record, dvh in zip(records, dvhs, strict=False):
        assert record["volume_cc"] == dvh.volume
        for metric in metrics:
            answer = sbrtcheck.measure(metric, dvh)
            if isinstance(answer, Measurement):
                assert (record[metric], record[f"{metric} low"]) == (answer.value, answer.low)
                assert record[f"{metric} reason"] is None
            else:
                assert record[metric] is record[f"{metric} low"] is record[f"{metric} high"] is None
                assert record[f"{metric} reason"].startswith(answer.reason)
    assert all(records[-1][f"{metric} reason"] == "structure damaged" for metric in metrics)


def test_metrics_may_come_from_a_generator_and_are_refused_without_a_structure() -> None:
    frame = set_of(["Heart"]).to_dataframe(text for text in ("Mean[Gy]", "Max[Gy]"))
    assert frame["Max[Gy]"].tolist() == [20.0]
    assert list(set_of([]).to_dataframe("Max[Gy]").columns)[-4:-2] == ["Max[Gy]", "Max[Gy] low"]
    with pytest.raises(MetricError):
        set_of([]).to_records(["Max"])


def test_relative_volumes_are_no_cc() -> None:
    (record,) = dvh_set(percent_dvh("Heart")).to_records("V10Gy[cc]")
    assert record["volume_cc"] is None
    assert record["V10Gy[cc]"] is None
    assert "percent only" in record["V10Gy[cc] reason"]


def test_a_dose_asked_in_cgy_is_answered_in_cgy_and_a_metric_in_gy() -> None:
    cord = ramp_dvh(volume_cc=10.0, low_gy=5.0, high_gy=25.0, half_width_gy=0.5)  # D at v cc is 25 - 2 v
    in_cgy = sbrtcheck.measure("D1cc[cGy]", cord)
    assert (in_cgy.value, in_cgy.low, in_cgy.high) == pytest.approx((2300.0, 2250.0, 2350.0))
    in_gy = sbrtcheck.measure(parse("D1cc[cGy]"), cord)
    assert isinstance(in_cgy, Measurement)
    assert isinstance(in_gy, Measurement)
    assert (in_gy.value, in_gy.low, in_gy.high) == pytest.approx((23.0, 22.5, 23.5))
    assert (in_cgy.unit, in_gy.unit) == (Unit.CGY, Unit.GY)


@pytest.mark.parametrize("metric", [None, 5, b"Max[Gy]", [5], ["Max[Gy]", None], object(), ["no metric"]])
def test_what_is_no_metric_is_refused(metric: object) -> None:
    with pytest.raises(MetricError):
        sbrtcheck.measure(metric, ramp_dvh())  # type: ignore[call-overload]


# -------------------------------------------------------------------------------- equal by content


@cache
def values() -> dict[str, object]:
    report = example_report()
    plan = plan_of(Heart=0.0, SpinalCord=15.0)
    return {
        "Report": report,
        "Outcome": report.outcomes[0],
        "DVHSet": sbrtcheck.compute_dvhs(plan),
        "DVH": ramp_dvh(),
        "Curve": ramp_dvh().curve,
        "Plan": plan,
        "Structure": plan.structures[0],
        "DoseGrid": plan.dose,
        "ConstraintTable": table(row("Max[Gy]", "below", 3)),
        "Constraint": row("Max[Gy]", "below", 3),
        "StructureMatches": report.matches,
        "Prescription": report.prescription,
        "Measurement": sbrtcheck.measure("Max[Gy]", ramp_dvh()),
    }


def made_anew(kind: str) -> object:
    return pickle.loads(pickle.dumps(values()[kind]))  # noqa: S301 - of our own making


KINDS = sorted(values())


@pytest.mark.parametrize("kind", KINDS)
def test_equal_content_is_equal_and_has_one_hash(kind: str) -> None:
    first, second = values()[kind], made_anew(kind)
    assert first is not second
    assert first == second
    assert hash(first) == hash(second)
    assert {first: 1}[second] == 1
    assert all(first != values()[other] for other in KINDS if other != kind)
    assert first != "another type"
    assert first is not None


@given(st.floats(1.0, 30.0), st.floats(1.0, 30.0))
def test_dvhs_are_equal_where_their_curves_are(first_gy: float, second_gy: float) -> None:
    first, second = ramp_dvh(high_gy=first_gy), ramp_dvh(high_gy=second_gy)
    assert (first == second) == (first_gy == second_gy)
    assert (dvh_set(first) == dvh_set(second)) == (first_gy == second_gy)
    if first == second:
        assert hash(first) == hash(second)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_whole_numbers_and_floats_of_one_value_are_one_curve_with_one_hash(doses: list[int]) -> None:
    whole = Curve(dose_gy=np.array(doses), volume=np.array(doses))  # type: ignore[arg-type]
    floats = Curve(dose_gy=np.array(doses, dtype=np.float64), volume=np.array(doses, dtype=np.float64))
    assert whole == floats
    assert hash(whole) == hash(floats)


def test_the_report_of_a_plan_checked_twice_is_one_report() -> None:
    first, second = (sbrtcheck.check("examples/plans/lung-50gy-5fx", table="rtog-0813") for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != replace(second, strict=True)
    changed = replace(second.dvhs, dvhs=second.dvhs.dvhs[:-1])
    assert first != replace(second, dvhs=changed)


# -------------------------------------------------------------------------------- shown


@pytest.mark.parametrize("kind", KINDS)
def test_a_repr_is_one_screen(kind: str) -> None:
    assert_one_screen(repr(values()[kind]))


def assert_one_screen(text: str) -> None:
    assert len(text.splitlines()) <= MOST_LINES
    assert len(text) <= MOST_CHARACTERS
    assert all(char.isprintable() or char == "\n" for char in text)


@settings(max_examples=25)
@given(st.integers(0, 60), st.text(max_size=200))
def test_a_repr_is_one_screen_however_much_there_is_and_says_what_it_leaves_out(number: int, name: str) -> None:
    structures = [f"{name}{n}" for n in range(number)]
    dvhs = set_of(structures)
    rows = [row("Max[Gy]", "below", 3, structure, id=f"r{n}", organ=name) for n, structure in enumerate(structures)]
    asked = table(*rows, title=name or "t")
    judged = sbrtcheck.evaluate(asked, dvhs, accept_dose=True)
    for value in (dvhs, asked, judged, *dvhs.dvhs[:1], *rows[:1]):
        assert_one_screen(repr(value))
    shown = repr(asked).splitlines()[1:]
    left_out = int(shown[-1].split()[2]) if shown and shown[-1].startswith("  ... and ") else 0
    assert len(shown) - bool(left_out) + left_out == number


def test_a_repr_of_a_report_looks_no_better_than_the_report() -> None:
    report = example_report()
    lines = repr(report).splitlines()
    assert lines[0].startswith(f"Report: {report.verdict}")
    unconfirmed = [outcome for outcome in report.outcomes if not outcome.counts and outcome.verdict == "PASS"]
    assert all("does not count" in repr(outcome) for outcome in unconfirmed)
    confirmed_by_choice = example_report(include_unconfirmed=True)
    assert "Also counted: unconfirmed rows" in repr(confirmed_by_choice)
    unread = [outcome.constraint for outcome in report.outcomes if not outcome.constraint.confirmed]
    assert unread
    assert all("unconfirmed" in repr(row).split(")")[0] for row in unread)
    verdicts = [line.split()[0] for line in lines if line.split()[0] in ("FAIL", "PASS", "VARIATION", "NOT")]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict == "PASS")


def test_what_a_notebook_shows_has_no_script_and_no_markup_of_a_file() -> None:
    plan = plan_of(**{NASTY: 0.0})
    dvhs = set_of([NASTY])
    asked = table(row("Max[Gy]", "below", 3, NASTY, organ=NASTY, note=NASTY), title=NASTY, note=NASTY)
    report = sbrtcheck.evaluate(asked, dvhs, names={NASTY: NASTY}, accept_dose=True)
    for value in (replace(plan, label=NASTY), dvhs, asked, report, *report.outcomes):
        page = value._repr_html_()
        assert "<script" not in page
        assert "alert(1)" in page
        assert "\x1b" not in page


# -------------------------------------------------------------------------------- a report by organ


def test_a_report_is_asked_by_organ() -> None:
    report = example_report()
    by_organ = report.by_organ
    assert [o for outcomes in by_organ.values() for o in outcomes if o in report.outcomes]
    assert sum(map(len, by_organ.values())) == len(report.outcomes) == len(list(report))
    for organ, outcomes in by_organ.items():
        assert organ in report
        assert report[organ] == outcomes == tuple(one for one in report.outcomes if one.organ == organ)
    with pytest.raises(KeyError, match=r"Nothing.*SpinalCord.*Heart"):
        report["Nothing"]
    assert "Nothing" not in report


def test_targets_are_the_first_organs_of_a_report() -> None:
    rows = [row("Max[Gy]", "below", 30, "Heart", id="heart"), row("D95%[Gy]", "at_least", 10, "PTV", id="ptv")]
    dvhs = dvh_set(uniform_dvh("Heart"), uniform_dvh("PTV", kind="PTV", dose_gy=50.0))
    assert list(sbrtcheck.evaluate(table(*rows), dvhs).by_organ) == ["PTV", "Heart"]


def test_one_word_for_the_limit_and_one_for_the_percent_of_it() -> None:
    report = example_report()
    for outcome, record in zip(report.outcomes, report.to_records(), strict=True):
        assert outcome.limit == outcome.limit_used
        assert record["limit"] == pytest.approx(outcome.limit)
        if isinstance(outcome.measurement, Measurement) and outcome.limit:
            share = 100.0 * outcome.measurement.value / outcome.limit
            assert record["percent_of_limit"] == pytest.approx(share, rel=1e-5)
            assert outcome.percent_of_limit == pytest.approx(share)

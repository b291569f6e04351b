"""What is gathered of tables for lint, field by field, from rows made up for the purpose; and limits by a volume."""

from __future__ import annotations

from pathlib import Path

import pytest

from dvh_builders import row, table
from sbrtcheck.errors import Fault, TableError
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables import (
    ExpectedOrgan,
    LimitByEffectiveVolume,
    LimitByTargetVolume,
    NoRule,
    Select,
    Site,
    Sites,
    Step,
    VeffStep,
)
from sbrtcheck.tables.alpha_betas import AlphaBetas, TissueRatio, TumourRatio
from sbrtcheck.tables.shipped import read_shipped
from sbrtcheck.tables.yardsticks import SHARE_CC, Yardsticks, called_without

EQD2 = {"quantity": Quantity.EQD2, "alpha_beta_gy": 3.0}


def organ(*structures: str) -> ExpectedOrgan:
    return ExpectedOrgan(organ="x", structures=structures, choice="why")


def test_everything_is_gathered_from_the_rows_that_print_it() -> None:
    three = table(
        row("D5cc[Gy]", "below", 20.0, "Oddorgan", organ="An  Odd organ", acceptable=22.0),
        row("D5cc[Gy]", "below", 21.0, "Oddorgan", organ="an odd ORGAN", id="b"),
        row("D10%[Gy]", "below", 12.0, "Oddorgan", organ="Odd", id="c"),
        row("Max[Gy]", "below", 30.0, "Oddorgan", organ="Odd", id="d"),
        row("Mean[Gy]", "below", 8.0, "Oddorgan", organ="Odd", id="e", acceptable=9.0),
        row("DC70cc[Gy]", "below", 7.0, "Oddorgan", organ="Odd", id="f"),
        row("Max[Gy]", "below", 99.0, "PTV", organ="Target", id="g"),
        row("R50%[ratio]", "below", 4.0, "PTV", organ="Target", id="h", acceptable=5.0),
        row("R50%[ratio]", "below", 4.5, "PTV", organ="Target", id="i"),
        row("R100%[ratio]", "at_least", 0.9, "PTV", organ="Target", id="j"),
        row("V105%Rx_outside_PTV[%PTV]", "below", 15.0, "PTV", organ="Target", id="k"),
        id="three", fractions=(3, 4),
    )  # fmt: skip
    five = table(
        row("D5cc[Gy]", "below", 25.0, "Oddorgan", organ="Odd"),
        row("Max[Gy]", "below", 50.0, "Oddorgan", organ="Odd", id="b", **EQD2),
        row("Max[%Rx]", "below", 105.0, "Oddorgan", organ="Odd", id="c"),
        row("Median[Gy]", "below", 6.0, "Oddorgan", organ="Odd", id="d"),
        row("DC80cc[Gy]", "below", 9.0, "Oddorgan", organ="Odd", id="e"),
        row("DC40%[Gy]", "below", 5.0, "Oddorgan", organ="Odd", id="f"),
        row("Mean[Gy]", "below", 6.5, "Oddorgan", organ="Odd", id="g"),
        row("D7%[Gy]", "below", 3.0, "Thing-GTV", "Other", organ="Thing", select=Select.UNION, id="h"),
        id="five", fractions=(5,),
    )  # fmt: skip
    sites = Sites(id="s", version="1.0.0", title="S", sites=(
        Site(id="one", title="x", expects=(organ("Alpha", "Beta"), organ("Gamma", "Beta"))),
        Site(id="two", title="x", expects=(organ("Delta"), organ("Gamma"), organ("Bowel", "Colon"))),
    ))  # fmt: skip
    ratios = AlphaBetas(
        id="a", version="1.0.0", title="A",
        tissues=(
            TissueRatio(tissue="odd", structures=("Oddorgan", "Other"), lowest_gy=1.0, highest_gy=4.0, source="x",
                        late_only=True),
            TissueRatio(tissue="even", structures=("Alpha",), lowest_gy=0.5, highest_gy=9.0, source="x"),
        ),
        tumours=TumourRatio(lowest_gy=2.0, highest_value_gy=12.0, highest_gy=20.0, source="x"),
    )  # fmt: skip
    made = Yardsticks.of([three, five], sites, ratios)
    assert made.critical_cc == {"oddorgan": [70.0, 80.0]}
    assert made.hot_cc == {"oddorgan": [5.0]}
    assert made.hot_percent == {"oddorgan": [10.0], "thing": [7.0], "other": [7.0]}
    hot = [(0.0, 30.0), (5.0, 20.0), (5.0, 21.0), (5.0, 22.0), (SHARE_CC + 10.0, 12.0)]
    share = {"5": [(SHARE_CC + 7.0, 3.0)]}
    assert made.hot_gy == {
        "oddorgan": {"3": hot, "4": hot, "5": [(5.0, 25.0)]}, "thing": share, "other": share,
    }  # fmt: skip
    cold = [(70.0, 7.0)]
    assert made.cold_gy == {"oddorgan": {"3": cold, "4": cold, "5": [(80.0, 9.0), (SHARE_CC + 40.0, 5.0)]}}
    assert made.mean_gy == {"oddorgan": {"3": [(0.0, 9.0)], "4": [(0.0, 9.0)], "5": [(0.0, 6.5)]}}
    numbers = made.numbers["oddorgan"]
    assert numbers["D5cc[Gy] physical"] == {"20": {"three": [3, 4]}, "21": {"three": [3, 4]}, "25": {"five": [5]}}
    assert numbers["Max[Gy] EQD2 3.0"] == {"50": {"five": [5]}}
    assert {*made.numbers} == {"oddorgan", "thing", "other"}
    assert made.printed == {"an odd organ": ["oddorgan"], "odd": ["oddorgan"], "thing": ["other", "thing"]}
    assert made.without_target == ["thing"]
    assert made.together["thing"] == made.together["other"] == ["other", "thing"]
    assert made.together["alpha"] == ["alpha", "beta"]
    assert made.together["beta"] == ["alpha", "beta", "gamma"]
    assert made.apart == {"alpha": ["gamma"], "gamma": ["alpha", "delta"], "delta": ["gamma"]}
    odd = (1.0, 4.0, True)
    assert made.ratios == {"oddorgan": odd, "other": odd, "alpha": (0.5, 9.0, False)}
    assert (made.tissues_gy, made.all_gy, made.tumours_gy) == (9.0, (0.5, 20.0), 12.0)
    assert made.around_targets == {"R50%[ratio]": 5.0, "V105%Rx_outside_PTV[%PTV]": 15.0}

    one, both = row("Max[Gy]", "below", 1.0, "Oddorgan"), row("D7%[Gy]", "below", 3.0, "Other", "Oddorgan")
    assert made.critical(one) == made.critical(both) == {70.0, 80.0}
    assert not made.critical(row("Max[Gy]", "below", 1.0, "Other"))
    names = (("Oddorgan",), ("Other",), ("Other", "Oddorgan"), ("Other", "Thing"), ("Alpha",), ("Other", "Alpha"))
    serial = [made.is_serial(row("Max[Gy]", "below", 1.0, *of)) for of in names]
    assert serial == [False, True, False, True, False, False]
    assert made.hot_limits(both, 5) == [(SHARE_CC + 7.0, 3.0), (5.0, 25.0)]
    assert made.hot_limits(both, 8) == []
    assert made.tables_with(both, "D7%[Gy]", 3.0) == {"five": [5]}
    assert made.tables_with(both, "D7%[Gy]", 3.1) == made.tables_with(one, "D7%[Gy]", 3.0) == {}
    assert made.tables_with(row("Max[Gy]", "below", 1.0, "Oddorgan", **EQD2), "Max[Gy]", 50.0) == {"five": [5]}
    assert made.limits_with(both, "D5cc[Gy]") == numbers["D5cc[Gy] physical"]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Esophagus", False), ("Esophagus-PTV", True), ("Esophagus - iGTV", True), ("Esophagus, non-adjacent", True),
        ("Lung ohne Tumor", True), ("Normal liver", True), ("Abnormality", False), ("PTV", False),
    ],
)  # fmt: skip
def test_an_organ_is_called_one_without_something(text: str, is_one: bool) -> None:
    assert called_without(row("Max[Gy]", "below", 1.0, organ=text)) is is_one


def test_a_shipped_file_with_faults_is_refused_with_all_of_them(tmp_path: Path) -> None:
    tumours = "{lowest_gy: x, highest_value_gy: 1.0, highest_gy: 2.0, source: s, more: 1}"
    text = f"id: a\nversion: '1'\ntitle: T\ntissues: []\ntumours: {tumours}\n"
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_shipped("own.yaml", AlphaBetas, tmp_path)
    place = "constraints/own.yaml"
    assert (caught.value.what, caught.value.place) == ("the file has 2 faults", place)
    assert {fault.place for fault in caught.value.faults} == {f"{place}:5"}
    assert any(fault.what == "unknown key 'more'" for fault in caught.value.faults)
    (tmp_path / "own.yaml").write_text("id: a\nid: b", encoding="utf-8")
    with pytest.raises(TableError) as twice:
        read_shipped("own.yaml", AlphaBetas, tmp_path)
    again = Fault(place=f"{place}:2", what="key 'id' is repeated; first on line 1", hint="remove one of them")
    assert again in twice.value.faults
    (tmp_path / "own.yaml").write_text(text.replace("x,", "1.0,").replace(", more: 1", ""), encoding="utf-8")
    ratio = TumourRatio(lowest_gy=1.0, highest_value_gy=1.0, highest_gy=2.0, source="s")
    expected = AlphaBetas(id="a", version="1", title="T", tissues=(), tumours=ratio)
    assert read_shipped("own.yaml", AlphaBetas, tmp_path) == expected


# -------------------------------------------------------------------------------- limits that depend on a volume

BY_TARGET = LimitByTargetVolume(steps=(
    Step(volume_cc=2.0, limit=10.0, acceptable=12.0), Step(volume_cc=4.0, limit=20.0, acceptable=23.0),
    Step(volume_cc=8.0, limit=24.0),
))  # fmt: skip
OUTSIDE = "the rule is printed for targets of 2 to 8 cc, not"


@pytest.mark.parametrize(
    ("volume_cc", "expected"),
    [
        (1.999, NoRule(detail=f"{OUTSIDE} 1.999 cc")),
        (2.0, Step(volume_cc=2.0, limit=10.0, acceptable=12.0)),
        (2.5, Step(volume_cc=2.5, limit=12.5, acceptable=14.75)),
        (4.0, Step(volume_cc=4.0, limit=20.0, acceptable=23.0)),
        (5.0, Step(volume_cc=5.0, limit=21.0)),  # one of the two steps has no variation
        (8.0, Step(volume_cc=8.0, limit=24.0)),
        (8.00123, NoRule(detail=f"{OUTSIDE} 8.001 cc")),
    ],
)
def test_a_limit_between_two_steps_and_none_beyond(volume_cc: float, expected: Step | NoRule) -> None:
    assert BY_TARGET.at(volume_cc) == row("R50%[ratio]", "below", BY_TARGET).at_target_volume(volume_cc) == expected


def test_a_limit_by_effective_volume_holds_up_to_its_step() -> None:
    first, last = VeffStep(veff_percent=25.0, limit=50.0), VeffStep(veff_percent=40.0, limit=30.0)
    rule = LimitByEffectiveVolume(steps=(first, last))
    asked = row("Rx[Gy]", "at_most", rule)
    beyond = NoRule(detail="the rule ends at 40 %, and this is 40.01 %")
    for percent, expected in ((0.0, first), (25.0, first), (25.01, last), (40.0, last), (40.01, beyond)):
        assert rule.at(percent) == asked.at_effective_volume(percent) == expected
    assert (asked.veff_steps, asked.steps) == ((first, last), ())
    not_of_target = NoRule(detail="the limit depends on the effective volume, not on that of the target")
    assert asked.at_target_volume(5.0) == not_of_target
    fixed = row("Mean[Gy]", "below", 5.0)
    assert fixed.at_effective_volume(5.0) == NoRule(detail="the limit does not depend on the effective volume")
    assert row("R50%[ratio]", "below", BY_TARGET).steps == BY_TARGET.steps
    assert LimitByTargetVolume(steps=BY_TARGET.steps[:1]).at(2.0) == BY_TARGET.steps[0]

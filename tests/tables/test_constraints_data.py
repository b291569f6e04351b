"""The shipped tables: every number traced, and consistent with every other."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvh_builders import curve, dvh_set, exact, plan_of, report_on
from dvh_builders import table as table_of
from folders import ROOT
from sbrtcheck.dvh import DVH, Model, Origin, Reason, compute_dvhs
from sbrtcheck.judge import row as judging
from sbrtcheck.metric import (
    DoseAtVolume,
    DoseStatistic,
    IsodoseRatio,
    MaxDoseAtDistance,
    Measurement,
    StructureVolume,
    Unit,
    VolumeAtDose,
    VolumeOutside,
)
from sbrtcheck.plan import Prescription
from sbrtcheck.results import Verdict
from sbrtcheck.structure_names import known_names
from sbrtcheck.tables import (
    Constraint,
    ConstraintTable,
    Kind,
    NoRule,
    Priority,
    Select,
    Sense,
    Status,
    Step,
    VeffStep,
    bundled_tables,
    json_schema,
    load,
)
from sbrtcheck.tables.load import bundled_heads

CONSTRAINTS = ROOT / "constraints"

TABLES = {table.id: table for table in bundled_tables()}
ROWS = [pytest.param(table, row, id=f"{table.id}:{row.id}") for table in TABLES.values() for row in table.rows]
FILES = sorted(CONSTRAINTS.glob("*/*.yaml"))

FILE_OF = {f.stem: f.read_text(encoding="utf-8") for f in FILES}

OWN_NAMES = {"External-PTV"}  # a contour that planners make
AIRWAY = ("ProxBronchTree", "Trachea", "Bronchus_Main")
FAR_ABOVE = (("Esophagus",), AIRWAY)  # what Timmerman 2022 limits far above TG-101
PRINT_THRESHOLDS = ("tg101", "rtog-0813", "timmerman")  # they print "no more than so many cc above"


def hot(row: Constraint) -> bool:
    return isinstance(row.metric, DoseAtVolume) and not row.metric.cold and row.sense in (Sense.BELOW, Sense.AT_MOST)


def test_every_file_is_a_bundled_table_named_by_its_id_in_the_folder_of_its_site() -> None:
    assert {f.stem: f.parent.name for f in FILES} == {t.id: t.site for t in TABLES.values()}


def test_the_head_of_a_table_says_what_the_table_says() -> None:
    heads = {head.id: (head.site, head.fractions) for head in bundled_heads()}
    assert heads == {table.id: (table.site, table.fractions) for table in TABLES.values()}


@pytest.mark.parametrize(
    "line", ["fractions: [5,\n  3]", "fractions:\n  - 5\n  - 3", "fractions: [ 5,3 ]  # a course\r"]
)
def test_however_the_numbers_of_fractions_are_written_the_head_has_them(tmp_path, monkeypatch, line: str) -> None:
    (tmp_path / "lung").mkdir()
    raw = (CONSTRAINTS / "lung" / "rtog-0813.yaml").read_bytes()
    made = tmp_path / "lung" / "mine.yaml"
    made.write_bytes(raw.replace(b"fractions: [5]", line.encode()).replace(b"id: rtog-0813", b"id: mine"))
    monkeypatch.setattr(load, "shipped_root", lambda: tmp_path)
    monkeypatch.setattr(load, "bundled_evidence", lambda: None)
    assert [head.fractions for head in load.bundled_heads.__wrapped__()] == [(5, 3)]


def test_the_published_schema_is_the_one_the_loader_uses() -> None:
    assert json.loads((CONSTRAINTS / "schema.json").read_text(encoding="utf-8")) == json_schema(), (
        "constraints/README.md says how to write it anew"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_table_reads_well(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")
    assert max(map(len, text.splitlines())) <= 120
    assert "\t" not in text
    assert "\r" not in text


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_row_stands_by_what_it_says_of_itself(table: ConstraintTable, row: Constraint) -> None:
    assert set(row.structures) <= known_names() | OWN_NAMES
    if row.mandatory or row.acceptable is not None:
        assert row.confirmed
    if not row.confirmed:
        once = len(row.confirmed_by) == 1
        said = "ingle reading" if once else "DISPUTED" if row.status is Status.DISPUTED else "Not confirmed"
        assert said in row.note
    else:
        assert "ingle reading" not in row.note
    if row.confirmed:
        assert row.status is Status.OK


def test_risk_points_are_those_of_hytec_and_quantec_and_advice_is_the_reviews() -> None:
    for table in TABLES.values():
        kinds = {row.kind for row in table.rows}
        if table.id.startswith(("hytec-", "quantec-")):
            assert kinds == {Kind.RISK}
        else:
            assert kinds == {Kind.ADVISORY if table.id == "review-text" else Kind.LIMIT}


def test_every_risk_point_has_its_endpoint() -> None:
    assert all(row.endpoint for table in TABLES.values() for row in table.rows if row.kind is Kind.RISK)


def test_no_table_is_called_what_was_never_read() -> None:
    text = " ".join(f.read_text(encoding="utf-8") for f in FILES)
    names = " ".join(f"{t.id} {t.title} {' '.join(s.citation for s in t.sources)}" for t in TABLES.values())
    for unread in ("Table 3/5", "review Table"):
        assert unread not in text
    assert not re.search(r"\b(uw|norway|ukconsensus|rosel|hilus|eviq|nrg)\b", names, re.IGNORECASE)
    assert "0236" not in TABLES["rtog-conformity"].title
    assert "It is not the table of RTOG 0236" in " ".join(FILE_OF["rtog-conformity"].split("\n# "))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_smaller_volume_is_allowed_more_dose(table: ConstraintTable) -> None:
    kinds: dict[tuple[object, ...], list[tuple[float, float]]] = defaultdict(list)
    for row in table.rows:
        counts = row.kind is Kind.LIMIT and row.status is Status.OK
        if counts and isinstance(row.metric, DoseAtVolume) and row.sense in (Sense.BELOW, Sense.AT_MOST):
            key = (row.organ, row.metric.volume_unit, row.metric.unit, row.metric.cold)
            kinds[key].append((row.metric.volume, row.limit))
    for limits in kinds.values():
        for (small, more), (large, less) in itertools.pairwise(sorted(limits)):
            assert small < large
            assert more > less


def test_more_fractions_are_allowed_more_dose() -> None:
    for few, many in (("tg101-1fx", "tg101-3fx"), ("tg101-3fx", "tg101-5fx")):
        later = {row.id: row for row in TABLES[many].rows}
        for row in TABLES[few].rows:
            if row.id in later:
                assert row.limit < later[row.id].limit, row.id
                assert (row.structures, row.metric, row.sense) == (
                    later[row.id].structures,
                    later[row.id].metric,
                    later[row.id].sense,
                )


def test_tg101_asks_the_same_rows_for_each_number_of_fractions() -> None:
    one, three, five = ({r.id for r in TABLES[f"tg101-{n}fx"].rows} for n in (1, 3, 5))
    assert one == five
    assert three - one == {"rib-chest-wall-d30cc"}  # printed for three fractions only


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_a_point_dose_has_no_volume_threshold_and_a_printed_volume_has_one(
    table: ConstraintTable, row: Constraint
) -> None:
    if not hot(row) or not isinstance(row.metric, DoseAtVolume):
        assert not row.volume_threshold
        return
    point = row.metric.volume <= 0.035
    printed_so = table.id.startswith(PRINT_THRESHOLDS)
    assert row.volume_threshold == (printed_so and not point and row.metric.volume_unit is Unit.CC)


def test_critical_volumes_are_of_whole_paired_organs() -> None:
    cold = [r for t in TABLES.values() for r in t.rows if isinstance(r.metric, DoseAtVolume) and r.metric.cold]
    assert cold
    for row in cold:
        assert row.sense in (Sense.BELOW, Sense.AT_MOST)
        assert not any(name.endswith(("_L", "_R")) for name in row.structures)


def test_disputed_are_known_rows_of_three_publications() -> None:
    """Parallel rows like those of four fractions, a stomach that contradicts itself, organs far above TG-101."""
    disputed = {(t.id, r.id) for t in TABLES.values() for r in t.rows if r.status is Status.DISPUTED}
    cold = {r.id for r in TABLES["tg101-3fx"].rows if isinstance(r.metric, DoseAtVolume) and r.metric.cold}
    stomach = {("fastrack2-1fx", "stomach-d1.5cc"), ("fastrack2-1fx", "stomach-d5cc")}
    far_above = {
        (t.id, r.id)
        for t in TABLES.values()
        for r in t.rows
        if t.id.startswith("timmerman") and r.structures in FAR_ABOVE
    }
    assert len(far_above) == 14
    assert disputed == {("tg101-3fx", row) for row in cold} | stomach | far_above


def test_rows_of_timmerman_far_above_tg101_say_by_how_much_and_never_count() -> None:
    told = 0
    for fractions in (1, 3, 5):
        tg101 = {(r.structures, str(r.metric)): r.limit for r in TABLES[f"tg101-{fractions}fx"].rows}
        for row in TABLES[f"timmerman-2022-{fractions}fx"].rows:
            other = tg101.get((row.structures, str(row.metric)), row.limit)
            if row.structures in FAR_ABOVE:
                assert f"TG-101 prints {other:g} Gy" in row.note
                assert f"this is {row.limit / other:.1f} times as much" in row.note
                assert not row.confirmed
                told += 1
            else:
                assert row.limit / other < 1.2
    assert told == 12


def test_the_medulla_alone_may_be_missing_from_an_organ_and_the_note_says_why() -> None:
    unions = [(t, r) for t in TABLES.values() for r in t.rows if r.select is Select.UNION]
    for table, row in unions:
        assert row.optional == (("Medulla",) if row.structures == ("SpinalCord", "Medulla") else ())
        assert not row.optional or "medulla beside the spinal cord is optional" in " ".join(table.note.split())
    assert len(unions) == 32
    assert sum(bool(row.optional) for _, row in unions) == 16
    assert not any(r.optional for t in TABLES.values() for r in t.rows if r.select is not Select.UNION)


def test_what_the_review_says_of_lung_nodes_or_liver_is_for_plans_of_them() -> None:
    review = TABLES["review-text"]
    for row in review.rows:
        assert row.site == row.source.where.removesuffix(" section")
        assert f"For plans of the {row.site}" in row.note
    by_site = {
        site: [item.text for item in review.for_clinician if item.site == site]
        for site in ("lung", "node", "liver", "")
    }
    assert all(text.startswith("Liver metastases") for text in by_site["liver"])
    assert all(text.startswith("Lung metastases") for text in by_site["lung"])
    assert all(text.startswith("Mediastinal and hilar nodes") for text in by_site["node"])
    assert [text.split(":")[0] for text in by_site[""]] == ["Oligometastatic disease"]
    assert [len(texts) for texts in by_site.values()] == [1, 1, 2, 1]


def test_no_row_of_another_table_is_for_one_site() -> None:
    assert not [r.id for t in TABLES.values() if t.id != "review-text" for r in t.rows if r.site]


def test_no_row_of_tg101_is_mandatory() -> None:
    assert not any(r.mandatory for t in TABLES.values() if t.id.startswith("tg101") for r in t.rows)


def test_the_cord_subvolume_is_never_the_whole_cord() -> None:
    for table in TABLES.values():
        for row in table.rows:
            assert ("subvolume" in row.organ) == (row.structures == ("SpinalCord_Sub",))


def test_the_readme_lists_every_table_with_its_counts() -> None:
    text = (CONSTRAINTS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| ([\w, ]+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    actual = [
        (
            t.id,
            t.site,
            ", ".join(map(str, t.fractions)) or "any",
            str(len(t.rows)),
            str(sum(r.confirmed for r in t.rows)),
        )
        for t in TABLES.values()
    ]
    assert sorted(listed) == sorted(actual)


def test_the_readme_lists_every_mandatory_row() -> None:
    text = (CONSTRAINTS / "README.md").read_text(encoding="utf-8")
    block = text.split("Mandatory are")[1].split("\n\n")[0]
    assert {t.id for t in TABLES.values() if any(r.mandatory for r in t.rows)} == set(re.findall(r"`([\w-]+)`", block))


def test_the_changelog_lists_every_table_with_its_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("### Tables")[1].split("\n## ")[0]
    said: set[tuple[str, str]] = set()
    waiting: list[str] = []
    for id_, version in re.findall(r"`([a-z0-9-]+)`|\b(\d+\.\d+\.\d+)\b", text):
        waiting = [*waiting, id_] if id_ else waiting
        if version:  # of all that were named since the last one
            said |= {(name, version) for name in waiting}
            waiting = []
    assert {(t.id, t.version) for t in TABLES.values()} <= said


def test_the_readmes_example_row_is_a_shipped_row() -> None:
    text = (CONSTRAINTS / "README.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n")[1].split("```")[0]
    lines = [re.sub(r"\s+# .*", "", line) for line in block.splitlines()]
    shipped = (CONSTRAINTS / "lung" / "rtog-0813.yaml").read_text(encoding="utf-8")
    assert "\n".join(lines[:9]) in shipped


# -------------------------------------------------------------------------------- limits by the target's volume

CONFORMITY = {row.id: row for row in TABLES["rtog-conformity"].rows}


@pytest.mark.parametrize(
    ("row", "volume_cc", "limit", "acceptable"),
    [
        ("r50", 10, 4.9207, 5.9103),
        ("d2cm", 10, 50, 58),  # a public script interpolates to 54 here
        ("r50", 28, 4.4, 5.4),
        ("d2cm", 28, 56, 65.5),
        ("r100", 28, 1.2, 1.5),
        ("lungs-v20gy", 28, 10, 15),
        ("r50", 1.8, 5.9, 7.5),
        ("r50", 163, 2.9, 3.7),
    ],
)
def test_limits_lie_on_the_line_between_the_printed_volumes(
    row: str, volume_cc: float, limit: float, acceptable: float
) -> None:
    step = CONFORMITY[row].at_target_volume(volume_cc)
    assert isinstance(step, Step)
    assert (step.limit, step.acceptable) == pytest.approx((limit, acceptable), abs=5e-5)


@given(st.floats(1.8, 163))
def test_limits_between_two_printed_volumes_lie_between_their_limits(volume_cc: float) -> None:
    for row in CONFORMITY.values():
        step = row.at_target_volume(volume_cc)
        assert isinstance(step, Step)
        below = [s for s in row.steps if s.volume_cc <= volume_cc][-1]
        above = next(s for s in row.steps if s.volume_cc >= volume_cc)
        for found, ends in (
            (step.limit, (below.limit, above.limit)),
            (step.acceptable, (below.acceptable, above.acceptable)),
        ):
            assert min(ends) - 1e-9 <= found <= max(ends) + 1e-9


@given(st.one_of(st.floats(0, 1.799), st.floats(163.001, 5000)))
def test_outside_the_printed_volumes_there_is_no_rule(volume_cc: float) -> None:
    for row in CONFORMITY.values():
        assert isinstance(row.at_target_volume(volume_cc), NoRule)


def test_a_row_without_steps_allows_the_same_for_every_volume() -> None:
    row = TABLES["rtog-0813"].rows[-1]
    assert row.at_target_volume(0.1) == Step(volume_cc=0.1, limit=10, acceptable=15)


@pytest.mark.parametrize(("veff", "rx"), [(0, 50), (25, 50), (25.1, 45), (29, 45), (40, 35), (64, 27.5)])
def test_the_prescription_steps_down_with_the_effective_liver_volume(veff: float, rx: float) -> None:
    step = TABLES["rtog-1112"].rows[0].at_effective_volume(veff)
    assert isinstance(step, VeffStep)
    assert step.limit == rx


def test_above_the_last_effective_volume_there_is_no_rule() -> None:
    assert isinstance(TABLES["rtog-1112"].rows[0].at_effective_volume(64.1), NoRule)


# -------------------------------------------------------------------------------- each row bites

OUTSIDE, INSIDE = 1.001, 0.999


def step_dvh(share: float, dose_gy: float, volume_cc: float, rx: Prescription) -> DVH:
    """A share of the volume gets a dose, the rest nothing."""
    hot = share * volume_cc
    at = curve([0.0, 0.0, dose_gy, dose_gy], [volume_cc, hot, hot, 0.0])
    return DVH(
        name="organ",
        number=1,
        origin=Origin.COMPUTED,
        volume=volume_cc,
        curve=at,
        lower=at,
        upper=at,
        mean_gy=exact(share * dose_gy),
        min_gy=exact(0.0 if share < 1 else dose_gy),
        max_gy=exact(dose_gy),
        prescription=rx,
        model=Model(),
    )


def dvh_of(metric: object, value: float, rx: Prescription) -> DVH | None:
    """A DVH on which the metric has the value; None for metrics that no DVH has."""
    match metric:
        case DoseAtVolume(unit=unit) | DoseStatistic(unit=unit):
            return step_dvh(1, value * (rx.dose_gy / 100 if unit is Unit.PERCENT_RX else 1), 5000, rx)
        case VolumeAtDose(dose=dose, dose_unit=dose_unit, unit=Unit.PERCENT):
            gy = dose * (rx.dose_gy / 100 if dose_unit is Unit.PERCENT_RX else 1)
            return step_dvh(min(value, 100) / 100, gy + 1, 5000, rx)
        case StructureVolume():
            return step_dvh(1, 10, value, rx)
    return None


def verdict(row: Constraint, value: float, rx: Prescription) -> Verdict:
    """What a row comes to where its metric has the value."""
    found = dvh_of(row.metric, value, rx)
    if found is None:
        raise NotImplementedError(str(row.metric))
    name = row.structures[0]
    organ = replace(found, name=name)
    alone = replace(row, structures=row.structures[:1], select=Select.EACH, acceptable=None, side=None, sex=None)
    asked = table_of(alone, fractions=(rx.fractions,), site=row.site or "multi")
    # a structure called Bronchus is an organ by the user's word alone
    (outcome,) = report_on(asked, dvh_set(organ, rx=rx), names={name: name}).outcomes
    return outcome.verdict


FIVE = Prescription(dose_gy=50, fractions=5)
ALL = [pytest.param(table, row, id=f"{table.id}:{row.id}") for table in TABLES.values() for row in table.rows]
OF_PLAN = [p for p in ALL if isinstance(p.values[1].metric, IsodoseRatio | MaxDoseAtDistance | VolumeOutside)]
STEPPED = [p for p in ALL if p.values[1].steps]
OF_DVH = [p for p in ALL if dvh_of(p.values[1].metric, 1.0, FIVE) is not None and p not in STEPPED]


def test_every_row_is_shown_to_bite() -> None:
    shown = {p.id for p in (*OF_PLAN, *STEPPED, *OF_DVH)}
    rest = {
        "rtog-1112:rx-by-veff",
        "review-text:liver-bed10",
        "review-text:lung-metastases",
    }  # tests of their own below
    assert {p.id for p in ALL} - shown == rest


@pytest.mark.parametrize(("table", "row"), OF_DVH)
def test_a_plan_just_inside_passes_and_one_just_outside_does_not(table: ConstraintTable, row: Constraint) -> None:
    rx = Prescription(dose_gy=50, fractions=next(iter(table.fractions), 5))
    upper = row.sense in (Sense.BELOW, Sense.AT_MOST)
    good, bad = (INSIDE, OUTSIDE) if upper else (OUTSIDE, INSIDE)
    found = tuple(verdict(row, factor * row.limit, rx) for factor in (good, 1, bad))
    at_the_limit = Verdict.FAIL if row.sense in (Sense.BELOW, Sense.ABOVE) else Verdict.PASS
    expected = (Verdict.PASS, at_the_limit, Verdict.FAIL)
    if row.kind is Kind.RISK:
        expected = (Verdict.RISK,) * 3
    elif row.priority is Priority.OPTIMAL:
        expected = tuple(Verdict.VARIATION if one is Verdict.FAIL else one for one in expected)
    elif row.kind is Kind.ADVISORY:
        expected = tuple(Verdict.MET if one is Verdict.PASS else Verdict.NOT_MET for one in expected)
    assert found == expected


@pytest.mark.parametrize(("table", "row"), OF_PLAN)
def test_a_plan_index_just_inside_passes_and_one_just_outside_does_not(
    table: ConstraintTable, row: Constraint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in row.steps or (row.at_target_volume(30),):
        assert verdicts_around(row, step, monkeypatch) == around(step)


@pytest.mark.parametrize(("table", "row"), [p for p in STEPPED if p not in OF_PLAN])
def test_an_organ_whose_limit_goes_by_the_targets_volume_bites_at_every_printed_one(
    table: ConstraintTable, row: Constraint
) -> None:
    for step in row.steps:
        assert verdicts_around(row, step, None) == around(step)


def around(step: Step) -> list[Verdict]:
    """What a strict upper limit comes to just inside and just outside, and its variation likewise."""
    limit = [Verdict.PASS, Verdict.FAIL if step.acceptable is None else Verdict.VARIATION]
    return limit if step.acceptable is None else [*limit, Verdict.VARIATION, Verdict.FAIL]


def verdicts_around(row: Constraint, step: Step, monkeypatch: pytest.MonkeyPatch | None) -> list[Verdict]:
    """Verdicts just inside and just outside the limit, and the variation, for a target of the step's volume."""
    ptv = replace(step_dvh(1, 50, step.volume_cc, FIVE), name="PTV")
    limits = [limit for limit in (step.limit, step.acceptable) if limit is not None]
    found = []
    for value in (factor * limit for limit in limits for factor in (INSIDE, OUTSIDE)):
        organ = dvh_of(row.metric, value, FIVE)
        if monkeypatch is not None:
            measured = Measurement(value=value, low=value, high=value, unit=row.metric.unit)
            monkeypatch.setattr(judging, "index_from_isodoses", lambda *_, measured=measured: measured)
        dvhs = [ptv] if organ is None else [ptv, replace(organ, name=row.structures[0])]
        (outcome,) = report_on(table_of(row), dvh_set(*dvhs, rx=FIVE)).outcomes
        found.append(outcome.verdict)
    return found


@pytest.mark.parametrize(("dose_gy", "expected"), [(50.01, "MET"), (50, "NOT_MET"), (49.9, "NOT_MET")])
def test_a_prescription_of_exactly_the_bed_of_the_review_is_not_above_it(dose_gy: float, expected: str) -> None:
    (row,) = (row for row in TABLES["review-text"].rows if row.id == "liver-bed10")
    rx = Prescription(dose_gy=dose_gy, fractions=5)
    ptv = replace(step_dvh(1, dose_gy, 30, rx), name="PTV")
    (outcome,) = report_on(table_of(row, site="liver"), dvh_set(ptv, rx=rx)).outcomes
    assert (outcome.verdict, outcome.counts) == (expected, False)


@pytest.mark.parametrize(("targets", "expected"), [(1, "MET"), (3, "MET"), (4, "NOT_MET")])
def test_more_than_three_targets_are_more_than_the_review_treats(targets: int, expected: str) -> None:
    (row,) = (row for row in TABLES["review-text"].rows if row.id == "lung-metastases")
    plan = plan_of(**{f"PTV{n}": 15.0 * n for n in range(targets)})
    (outcome,) = report_on(table_of(row), compute_dvhs(plan)).outcomes
    assert (outcome.verdict, outcome.counts) == (expected, False)


def test_a_risk_point_shows_on_which_side_the_plan_lies() -> None:
    rx = Prescription(dose_gy=50, fractions=5)
    row = TABLES["hytec-cord-5fx"].rows[0]
    for share in (INSIDE, OUTSIDE):
        cord = replace(step_dvh(1, share * row.limit, 30, rx), name="SpinalCord")
        outcome, _ = report_on(TABLES["hytec-cord-5fx"], dvh_set(cord, rx=rx)).outcomes
        assert outcome.margin is not None
        assert (outcome.margin > 0) == (share < 1)


@pytest.mark.parametrize(("mean_gy", "rx_gy", "expected"), [(12.4, 50, "PASS"), (12.6, 50, "FAIL"), (16, 27.5, "PASS")])
def test_the_prescription_is_held_against_the_effective_liver_volume(
    mean_gy: float, rx_gy: float, expected: str
) -> None:
    rx = Prescription(dose_gy=rx_gy, fractions=5)
    liver = replace(step_dvh(1, mean_gy, 1500, rx), name="Liver-GTV")
    (outcome,) = report_on(TABLES["rtog-1112"], dvh_set(liver, rx=rx)).outcomes
    assert (outcome.verdict, outcome.counts) == (expected, False)
    assert f"effective volume of {100 * mean_gy / rx_gy:.4g} %" in outcome.detail


def test_a_liver_beyond_every_effective_volume_is_not_judged() -> None:
    rx = Prescription(dose_gy=27.5, fractions=5)
    liver = replace(step_dvh(1, 20, 1500, rx), name="Liver-GTV")
    (outcome,) = report_on(TABLES["rtog-1112"], dvh_set(liver, rx=rx)).outcomes
    assert (outcome.verdict, outcome.reason) == (Verdict.NOT_EVALUATED, Reason.TARGET_VOLUME_OUTSIDE_RANGE)

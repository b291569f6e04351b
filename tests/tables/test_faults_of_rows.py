"""Each rule on what a table or a list of sites says: line, words and hint of its fault, and what is none.

The rules look at plain values, so that a few lines of YAML do: what else a table needs is for its shape to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sbrtcheck.tables.checks import sites_faults, table_faults
from sbrtcheck.tables.document import Document, LineFault, read_document

ONCE = "name each once"


def said(find: Callable[[Document], Iterator[LineFault]], text: str) -> list[str]:
    document = read_document(text.encode())
    assert document.faults == ()
    return [f"{fault.line}: {fault.what}; {fault.hint}" for fault in sorted({*find(document)})]  # as a reader gets them


def of_row(*lines: str) -> list[str]:
    """What is wrong with one row, whose first key is on line 2, the next on line 3, and so on."""
    (first, *others) = lines
    return said(table_faults, "\n".join(["rows:", f"  - {first}", *(f"    {line}" for line in others)]))


# -------------------------------------------------------------------------------- metric and limit

MET = "metric: D5cc[Gy]"


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ((MET, "below: 20"), []),
        ((MET,), ["2: no limit; add one of below, at_most, above, at_least"]),
        (
            (MET, "above: 1", "below: 20"),
            ["3: more than one limit: below and above; keep one; two limits are two rows"],
        ),
        (
            ("at_least: 1", "above: 1", "at_most: 20"),
            ["3: more than one limit: at_most and above and at_least; keep one; two limits are two rows"],
        ),
        (
            ("below: 20", "metric: D5cc[cGy]"),
            ["3: metric 'D5cc[cGy]': tables are in Gy; write 'D5cc[Gy]' and the limit in Gy"],
        ),
        (
            ("below: 20", "metric: V500cGy[cc]"),
            ["3: metric 'V500cGy[cc]': tables are in Gy; write 'V5Gy[cc]' and the limit in Gy"],
        ),
        (
            ("below: 20", "metric: D5[Gy]"),
            ["3: metric 'D5[Gy]': unit of the volume missing; try 'D5%[Gy]' or 'D5cc[Gy]'"],
        ),
        (("below: 20", "metric: ' '"), []),  # for the shape to say
        (("below: 20", "metric: 5"), []),
    ],
)
def test_a_row_has_one_metric_in_gray_and_one_limit(lines: tuple[str, ...], faults: list[str]) -> None:
    assert of_row(*lines) == faults


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (("metric: V20Gy[%]", "below: 100"), []),
        (("metric: V20Gy[%]", "below: 100.5"), ["3: a limit of 100.5 % of the volume; at most 100 %"]),
        (("metric: CV20Gy[%]", "at_least: 101"), ["3: a limit of 101 % of the volume; at most 100 %"]),
        (("metric: V20Gy[cc]", "below: 101"), []),
        (("metric: D95%[%Rx]", "at_least: 101"), []),
        (("metric: V20Gy[%]", "below: '101'"), []),
        (("metric: V20Gy[%]", "below: true"), []),  # no number, whatever Python takes it for
    ],
)
def test_no_share_is_more_than_the_whole(lines: tuple[str, ...], faults: list[str]) -> None:
    assert of_row(*lines) == faults


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ((MET, "below: 20 Gy"), ["3: 'below' has a unit; the metric says it; write below: 20"]),
        (
            (MET, "below: 20", "acceptable: 22Gy"),
            ["4: 'acceptable' has a unit; the metric says it; write acceptable: 22"],
        ),
        (
            (MET, "at_most: 2000 cGy"),
            ["3: 'at_most' is in cGy, and the metric in Gy; give the number in Gy, without the unit"],
        ),
        (
            ("metric: D95%[%Rx]", "at_least: 95 % Rx"),
            ["3: 'at_least' has a unit; the metric says it; write at_least: 95"],
        ),
        (
            ("metric: D95%[%Rx]", "above: 95 %"),
            ["3: 'above' is in %, and the metric in %Rx; give the number in %Rx, without the unit"],
        ),
        *(
            (
                ("metric: V20Gy[cc]", f"below: 20 {unit}"),
                [f"3: 'below' is in {unit}, and the metric in cc; give the number in cc, without the unit"],
            )
            for unit in ("cm3", "cm³", "ml", "%vol")
        ),
        ((MET, "below: 20,5 Gy"), ["3: 'below' has a unit; the metric says it; write below: 20,5"]),
        (("below: 20 Gy",), ["2: 'below' has a unit; the metric says it; write below: 20"]),  # nor is the metric known
        ((MET, "below: twenty"), []),
    ],
)
def test_a_unit_beside_a_limit_is_the_metrics_to_say(lines: tuple[str, ...], faults: list[str]) -> None:
    assert of_row(*lines) == faults


def tighter(acceptable: float, sense: str, limit: float, side: str) -> str:
    return (
        f"acceptable {acceptable:g} is not looser than {sense} {limit:g}; an acceptable variation lies {side} the limit"
    )


@pytest.mark.parametrize(
    ("sense", "acceptable", "faults"),
    [
        ("below", 20.1, []),
        ("below", 20, ["4: " + tighter(20, "below", 20, "above")]),
        ("below", 19.9, ["4: " + tighter(19.9, "below", 20, "above")]),
        ("at_most", 20, ["4: " + tighter(20, "at_most", 20, "above")]),
        ("above", 19.9, []),
        ("above", 20, ["4: " + tighter(20, "above", 20, "below")]),
        ("at_least", 20.1, ["4: " + tighter(20.1, "at_least", 20, "below")]),
        ("below", "'19'", []),  # no number: the shape says so
    ],
)
def test_a_variation_is_looser_than_its_limit(sense: str, acceptable: float | str, faults: list[str]) -> None:
    assert of_row("metric: Mean[Gy]", f"{sense}: 20", f"acceptable: {acceptable}") == faults


RISE = "does not rise; sort the steps by volume"
STEPS = "give every step an acceptable variation, or none"


@pytest.mark.parametrize(
    ("steps", "faults"),
    [
        ("[[0.5, 20], [9, 30]]", []),
        ("[[0, 20], [9, 30]]", [f"2: volume 0 {RISE}"]),
        ("[[9, 20], [9, 30]]", [f"2: volume 9 {RISE}"]),
        ("[[9, 20], [5, 30], [7, 40]]", [f"2: volume 5 {RISE}"]),  # after 5, 7 does
        ("[[9, 20], 7, [5, 30]]", [f"2: volume 5 {RISE}"]),  # whatever stands between
        ("[[9, 20], [7], ['8', 3], [5, 30]]", [f"2: volume 5 {RISE}"]),
        ("[[1, 20, 22], [9, 30]]", [f"2: 2 numbers where the step before has 3; {STEPS}"]),
        ("[[1, 20], [9, 30, 33]]", [f"2: 3 numbers where the step before has 2; {STEPS}"]),
        ("[[1, 20, 20], [9, 30, 31]]", ["2: " + tighter(20, "below", 20, "above")]),
        ("[[1, 20, 21], [9, 30, 29]]", ["2: " + tighter(29, "below", 30, "above")]),
        ("5", []),
    ],
)
def test_steps_rise_and_are_alike(steps: str, faults: list[str]) -> None:
    assert of_row(f"below: {{by_target_volume: {steps}}}") == faults


def test_steps_have_lines_of_their_own_and_no_variation_beside_them() -> None:
    lines = ("metric: Mean[Gy]", "at_least:", "  by_target_volume:", "    - [1, 20]", "    - [1, 30]", "acceptable: 5")
    beside = "'acceptable' beside limits that depend on a volume; make it the last number of each step"
    assert of_row(*lines) == [f"6: volume 1 {RISE}", f"7: {beside}"]


def test_steps_by_effective_volume_are_of_a_prescription_and_have_two_numbers() -> None:
    steps = "at_most: {by_veff: [[25, 50], [50, 40]]}"
    assert of_row("metric: Rx[Gy]", steps) == []
    only = "by effective volume: only a prescription depends on it; write metric: Rx[Gy]"
    assert of_row("metric: Mean[Gy]", steps) == [f"3: 'Mean[Gy]' {only}"]
    assert of_row("metric: Mean[Gy]", steps.replace("by_veff", "by_target_volume")) == []
    # what a third number would mean there is not known: the shape refuses it, and nothing more is said of it
    assert of_row("metric: Rx[Gy]", "at_most: {by_veff: [[25, 50, 40], [50, 40]]}") == []


# -------------------------------------------------------------------------------- hot and cold, EQD2 and BED

FITS = "it is for 'no more than v cc above d Gy': D5cc[Gy] below d"


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (("metric: DC700cc[Gy]", "below: 15"), []),
        (
            ("metric: DC700cc[Gy]", "above: 15"),
            ["3: 'DC700cc[Gy]' above: a critical volume has to stay below a dose; write below or at_most"],
        ),
        (("metric: CV15Gy[cc]", "above: 700"), []),
        (
            ("metric: CV15Gy[cc]", "at_most: 700"),
            ["3: 'CV15Gy[cc]' at_most: a spared volume has to be at least so large; write at_least or above"],
        ),
        ((MET, "at_most: 15", "volume_threshold: true"), []),
        ((MET, "at_least: 15", "volume_threshold: false"), []),
        (
            (MET, "at_least: 15", "volume_threshold: true"),
            [f"4: volume_threshold does not fit 'D5cc[Gy]' at_least; {FITS}"],
        ),
        (
            ("metric: D5%[Gy]", "below: 15", "volume_threshold: true"),
            [f"4: volume_threshold does not fit 'D5%[Gy]' below; {FITS}"],
        ),
        (
            ("metric: DC5cc[Gy]", "below: 15", "volume_threshold: true"),
            [f"4: volume_threshold does not fit 'DC5cc[Gy]' below; {FITS}"],
        ),
        (
            ("metric: V5Gy[cc]", "below: 15", "volume_threshold: true"),
            [f"4: volume_threshold does not fit 'V5Gy[cc]' below; {FITS}"],
        ),
    ],
)
def test_what_is_spared_and_what_is_hit_are_not_mixed_up(lines: tuple[str, ...], faults: list[str]) -> None:
    assert of_row(*lines) == faults


WITHOUT = "add the α/β that the source uses, such as alpha_beta: 3"
OUT = "take quantity out"


@pytest.mark.parametrize(
    ("metric", "more", "faults"),
    [
        ("Mean[Gy]", "quantity: physical", []),
        ("Mean[Gy]", "quantity: EQD2, alpha_beta: 3", []),
        ("Mean[Gy]", "quantity: BED", [f"BED without alpha_beta; {WITHOUT}"]),
        (
            "Mean[Gy]",
            "alpha_beta: 3",
            [
                (
                    "alpha_beta without a quantity: physical dose has none; "
                    "add quantity: EQD2 or quantity: BED, as the source says"
                )
            ],
        ),
        ("Volume[cc]", "quantity: EQD2, alpha_beta: 3", [f"'Volume[cc]' has no dose; {OUT}"]),
        ("Volume[cc]", "quantity: EQD2", [f"'Volume[cc]' has no dose; {OUT}", f"EQD2 without alpha_beta; {WITHOUT}"]),
        ("R50%[ratio]", "quantity: BED, alpha_beta: 3", [f"'R50%[ratio]' is of the plan, in physical dose; {OUT}"]),
        ("Rx[Gy]", "quantity: BED, alpha_beta: 3", [f"'Rx[Gy]' is of the plan, in physical dose; {OUT}"]),
        (
            "Max[%Rx]",
            "quantity: EQD2, alpha_beta: 3",
            [
                (
                    "'Max[%Rx]': a percentage of the prescription means two things in EQD2 and BED; "
                    "give dose and limit in Gy"
                )
            ],
        ),
        (
            "V95%Rx[%]",
            "quantity: BED, alpha_beta: 3",
            [
                (
                    "'V95%Rx[%]': a percentage of the prescription means two things in EQD2 and BED; "
                    "give dose and limit in Gy"
                )
            ],
        ),
        ("V20Gy[%]", "quantity: BED, alpha_beta: 3", []),
    ],
)
def test_eqd2_and_bed_need_a_ratio_and_a_dose(metric: str, more: str, faults: list[str]) -> None:
    assert of_row(f"{{metric: '{metric}', at_most: 20, {more}}}") == [f"2: {fault}" for fault in faults]


def test_a_quantity_has_its_line() -> None:
    assert [one[:2] for one in of_row("metric: Max[%Rx]", "below: 9", "quantity: BED")] == ["4:", "4:"]
    assert [one[:2] for one in of_row("metric: Volume[cc]", "below: 9", "quantity: BED", "alpha_beta: 3")] == ["4:"]
    assert [one[:2] for one in of_row("metric: Rx[Gy]", "below: 9", "alpha_beta: 3", "quantity: BED")] == ["5:"]
    assert [one[:2] for one in of_row("metric: Max[Gy]", "below: 9", "alpha_beta: 3")] == ["4:"]


# -------------------------------------------------------------------------------- standing, priority, side


NEVER = "a row that never counts cannot be mandatory; take mandatory out, or make it kind: limit, status: ok"
TWICE = "the same reading twice; two independent readings confirm a row"


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (("mandatory: true",), []),  # a row is a limit unless it says otherwise
        (("kind: limit", "mandatory: true"), []),
        (("kind: risk", "mandatory: false"), []),
        (("kind: risk", "mandatory: true"), [f"4: {NEVER}"]),
        (("kind: advisory", "mandatory: true"), [f"4: {NEVER}"]),
        (("status: ok", "mandatory: true"), []),
        (("status: disputed", "note: why", "mandatory: true"), [f"5: {NEVER}"]),
        (("note: why", "status: disputed"), []),
        (("note: ''", "status: disputed"), ["4: a disputed row without a note; say in note what is disputed"]),
        (("status: disputed",), ["3: a disputed row without a note; say in note what is disputed"]),
        (("confirmed_by: [a, b]",), []),
        (("kind: limit", "confirmed_by: [a, b, A ]"), [f"4: {TWICE}"]),
        (("confirmed_by: [1, 1]",), [f"3: {TWICE}"]),
        (("confirmed_by: a",), []),
        (("kind: limit", "priority: optimal"), []),
        (("priority: mandatory",), []),
        (
            ("kind: risk", "priority: optimal"),
            ["4: 'priority' of what is no limit; take priority out, or make it kind: limit"],
        ),
        (
            ("priority: optimal", "acceptable: 25"),
            ["4: 'acceptable' of an optimal limit; make the looser limit a row of its own, priority: mandatory"],
        ),
        (("priority: mandatory", "acceptable: 25"), []),
    ],
)
def test_what_a_row_is_worth(lines: tuple[str, ...], faults: list[str]) -> None:
    assert of_row("below: 20", *lines) == faults


LEFT_AND_RIGHT = (
    "3: 'side' without a left and a right structure to choose from; "
    "write structure: {each: [Kidney_L, Kidney_R]}, or take side out"
)


@pytest.mark.parametrize(
    ("structure", "faults"),
    [
        ("{each: [Lung_L, Lung_R]}", []),
        ("{each: [Lung_R, Lung_L]}", []),
        ("{each: [Lung_L, Lung_R, Heart]}", [LEFT_AND_RIGHT]),
        ("{each: [Lung_L, Heart]}", [LEFT_AND_RIGHT]),
        ("{each: [Lung_L]}", [LEFT_AND_RIGHT]),
        ("{each: Lung_L}", [LEFT_AND_RIGHT]),
        ("{union: [Lung_L, Lung_R]}", [LEFT_AND_RIGHT]),
        ("Lung_L", [LEFT_AND_RIGHT]),
    ],
)
def test_a_side_is_of_a_left_and_a_right_organ(structure: str, faults: list[str]) -> None:
    assert of_row("below: 20", "side: ipsilateral", f"structure: {structure}") == faults
    assert of_row("below: 20", "note: x", f"structure: {structure}") == []


# -------------------------------------------------------------------------------- structures

EVERY = "every part is optional; keep the parts that make the organ"


@pytest.mark.parametrize(
    ("structure", "faults"),
    [
        ("Heart", []),
        ("{each: [Heart, Liver]}", []),
        ("{each: [Heart, Liver, Heart]}", [f"3: a structure is named twice; {ONCE}"]),
        ("{union: [Heart, Heart]}", [f"3: a structure is named twice; {ONCE}"]),
        ("{first: [Heart, Heart]}", [f"3: a structure is named twice; {ONCE}"]),
        ("{union: Heart}", []),
        ("{first: [{union: [A, B], optional: [B]}, A]}", []),
        ("{first: [A, {union: [B, B]}]}", [f"3: a structure is named twice; {ONCE}"]),
        ("{first: [A, {union: [B, C], optional: [C, C]}]}", [f"3: a structure is named twice; {ONCE}"]),
        ("{first: [{union: [B, C], optional: [B, C]}, A]}", [f"3: {EVERY}"]),
        (
            "{first: [{union: [Bowel, C], optional: [Bowl]}]}",
            ["3: 'Bowl' is not a part of the union; did you mean 'Bowel'?"],
        ),
        (
            "{first: [{union: [B, C], optional: [Xyz]}]}",
            ["3: 'Xyz' is not a part of the union; name parts of the union only"],
        ),
        ("{first: [{union: [B, C], optional: []}]}", []),  # the shape asks for an entry
    ],
)
def test_structures_and_the_choices_among_them(structure: str, faults: list[str]) -> None:
    assert of_row("below: 20", f"structure: {structure}") == faults


def test_a_choice_has_its_line() -> None:
    lines = ("below: 20", "structure:", "  first:", "    - A", "    - union: [B, B]", "      optional: [C, C]")
    assert of_row(*lines) == [
        f"6: a structure is named twice; {ONCE}",
        "7: 'C' is not a part of the union; name parts of the union only",
        f"7: a structure is named twice; {ONCE}",
    ]


@pytest.mark.parametrize(
    ("optional", "structure", "faults"),
    [
        ("[B]", "{union: [A, B]}", []),
        ("[]", "Heart", []),
        ("B", "{union: [A, B]}", []),
        ("[B]", "Heart", ["3: optional parts of what is no union; write structure: {union: [...]}, or take it out"]),
        (
            "[B]",
            "{each: [A, B]}",
            ["3: optional parts of what is no union; write structure: {union: [...]}, or take it out"],
        ),
        ("[A, B]", "{union: [A, B]}", [f"3: {EVERY}"]),
        ("[B, B]", "{union: [A, B]}", [f"3: a structure is named twice; {ONCE}"]),
        ("[Bowl]", "{union: [A, Bowel]}", ["3: 'Bowl' is not a part of the union; did you mean 'Bowel'?"]),
        ("[5]", "{union: [A, 5]}", []),
    ],
)
def test_only_parts_of_a_union_are_optional_and_never_all(optional: str, structure: str, faults: list[str]) -> None:
    assert of_row("below: 20", f"optional: {optional}", f"structure: {structure}") == faults


# -------------------------------------------------------------------------------- the table as a whole


def of_table(text: str) -> list[str]:
    return said(table_faults, text)


def test_what_is_used_twice_is_told_with_the_line_of_the_first_whatever_stands_between() -> None:
    text = """\
fractions: [3, 5, 3]
sources:
  - {where: no key}
  - {key: a}
  - text
  - {key: a}
  - {key: a}
rows:
  - {below: 1}
  - {id: x, below: 1}
  - 5
  - {id: [x], below: 1}
  - {id: x, below: 1}
for_clinician: 5
expects:
  - {organ: Heart, choice: why}
  - {organ: 5, choice: why}
  - {organ: Heart, choice: why}
"""
    again = "give each its own"
    assert of_table(text) == [
        f"1: a fraction number is repeated; {ONCE}",
        f"6: source key 'a' is repeated; first on line 4; {again}",
        f"7: source key 'a' is repeated; first on line 4; {again}",
        f"13: row id 'x' is repeated; first on line 10; {again}",
        f"18: organ 'Heart' is repeated; first on line 16; {again}",
    ]
    assert of_table("fractions: [3, '3']") == [f"1: a fraction number is repeated; {ONCE}"]
    assert of_table("fractions: any") == of_table("rows: x\nsources: {a: b}") == of_table("[]") == []


def test_a_site_of_a_row_or_a_statement_is_one_of_its_table() -> None:
    rows = "rows: [1, {below: 1, site: S}]\nfor_clinician: [1, {site: S}]"
    moved = "take it out, or move it to a table of its site"
    for_all = "'multi' is no site of a plan; take site out: it holds for every site"
    expected = {
        ("lung", "lung"): [],
        ("multi", "lung"): [],
        ("liver", "lung"): [f"{line}: site 'lung' in a table of site 'liver'; {moved}" for line in (2, 3)],
        ("multi", "multi"): [f"{line}: {for_all}" for line in (2, 3)],
        ("lung", "multi"): [f"{line}: {for_all}" for line in (2, 3)],
        ("5", "lung"): [],
        ("lung", "5"): [],
    }
    for (of_the_table, of_entry), faults in expected.items():
        assert of_table(f"site: {of_the_table}\n{rows.replace('S', of_entry)}") == faults


def test_what_is_cited_is_among_the_sources() -> None:
    text = """\
sources: [{key: paper}, {where: x}, 5, {key: 7}]
rows:
  - {below: 1, source: {cite: paper}}
  - {below: 1, source: {cite: papr}}
  - {below: 1, source: {cite: 7}}
  - {below: 1, source: paper}
for_clinician:
  - {source: {cite: other}}
expects:
  - organ: Heart
    source:
      cite: papr
"""
    assert of_table(text) == [
        "4: 'papr' is not a key of sources; did you mean 'paper'?",
        "8: 'other' is not a key of sources; add it to sources",
        "12: 'papr' is not a key of sources; did you mean 'paper'?",
    ]
    assert of_table("sources: 5\nrows: [{below: 1, source: {cite: a}}]") == [
        "2: 'a' is not a key of sources; add it to sources"
    ]


# -------------------------------------------------------------------------------- sites and expected organs


def test_expected_organs_have_one_ground_and_parts_that_are_among_their_names() -> None:
    text = """\
sites:
  - text
  - id: lung
    expects:
      - text
      - {organ: A, choice: why, structures: [A, B, C], together: [B, C]}
      - organ: B
        choice: why
        source: {cite: paper}
      - organ: C
        structures: [C]
      - organ: D
        choice: why
        structures: [D, D]
        together: [E, E]
      - organ: E
        choice: why
        together: [E]
      - organ: F
        choice: why
        structures: [F, G]
        together: [F]
  - {id: multi, expects: 5}
  - {id: lung}
"""
    assert said(sites_faults, text) == [
        "8: both a source and a choice; keep source; the choice is its own",
        "9: 'paper' is not a key of sources; add it to sources",
        "10: neither source nor choice; name the source that asks for the organ, or say why in choice",
        f"14: a structure is named twice; {ONCE}",
        "15: 'E' is not among structures; add it there",
        f"15: a structure is named twice; {ONCE}",
        "22: one structure alone is not together; name the others, or take it out",
        "23: 'multi' is no site: tables whose rows span the body have it; name one site, such as lung",
        "24: site 'lung' is repeated; first on line 3; give each its own",
    ]
    assert said(sites_faults, "[]") == said(sites_faults, "sites: 5") == []
    with_sources = "sources: [{key: a}, {key: a}]\nsites: [{id: x, expects: [{organ: A, source: {cite: a}}]}]"
    assert said(sites_faults, with_sources) == ["1: source key 'a' is repeated; first on line 1; give each its own"]

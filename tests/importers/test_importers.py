"""Templates of other programs become tables that load; what has no meaning in a table is said, never guessed.

The files in ``importers/`` are written after the dialects' documentation; their numbers are invented. Beside each
stands the table that it becomes, every row under a comment with what is printed in the file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from folders import TESTS
from sbrtcheck import cli
from sbrtcheck.cli.importing import DIALECTS as CHOICES
from sbrtcheck.errors import SbrtcheckError, TableError
from sbrtcheck.importers import DIALECTS, import_table
from sbrtcheck.importers.template import Row
from sbrtcheck.tables import ConstraintTable, load_table, read_table

FILES = TESTS / "importers"
PLANS = FILES.parent.parent / "examples" / "plans"

# File -> dialect, number of fractions to ask for, and the rows a reader of the file would write: by hand.
EXAMPLES: dict[str, tuple[str, int | None, list[tuple[str, str, str, float, float | None]]]] = {
    "plancheck.csv": (
        "plancheck",
        3,
        [
            ("SpinalCord", "D0.35cc[Gy]", "at_most", 11.11, 12.22),  # 1111 and 1222 cGy
            ("SpinalCord", "Max[Gy]", "below", 23.45, None),
            ("Kidney_L", "CV14.5Gy[cc]", "at_least", 77, None),  # its variation, 88, is stricter: left out
            ("Liver", "V15.5Gy[cc]", "at_most", 640, None),  # a cold volume written hot: as printed
            ("Lungs", "V20Gy[%]", "at_most", 9.5, 12.5),
            ("PTV", "V95%Rx[%]", "at_least", 96, 91),
            ("FemHeadNeck_L", "D10cc[Gy]", "at_most", 23, None),  # no TG-263 name: as printed
        ],
    ),
    "clearplan.csv": (
        "plancheck",
        5,
        [
            ("Target", "D95%[%Rx]", "at_least", 94, 91),  # which target is not said
            ("SpinalCord", "D0.035cc[Gy]", "at_most", 17.5, None),  # its variation has another sign
            ("Heart", "Mean[Gy]", "at_most", 6.5, 8),
        ],
    ),
    "planscorecard.json": (
        "planscorecard",
        None,
        [
            ("Stomach", "D10.5cc[Gy]", "at_most", 16.5, None),
            ("PTV", "V100%Rx[%]", "at_least", 94, None),  # scores rise with coverage
            ("Liver-PTV", "Mean[Gy]", "at_most", 11, None),  # 1100 cGy
        ],
    ),
    "proknow.json": (
        "proknow",
        5,
        [
            ("SpinalCord", "D0.35cc[Gy]", "at_most", 17.25, None),  # PASS has the edge: max
            ("PTV", "D95%[Gy]", "at_least", 48.5, None),  # PASS has the edge: min
            ("Lungs", "V20Gy[%]", "at_most", 9, 13),  # IDEAL and GOOD pass, ACCEPTABLE ends at 13
            ("Liver", "DC650cc[Gy]", "below", 14.5, None),  # FAIL has the edge; dose of all but 650 cc: the coldest 650
            ("Lungs", "CV11.5Gy[cc]", "above", 1400, None),  # volume from 0 to 11.5 Gy
            ("Chestwall", "V30.5Gy[cc]", "at_most", 25, None),  # 60 is the first fail, 25 the last pass: not one sense
            ("Heart", "Mean[Gy]", "at_most", 5.5, None),
        ],
    ),
    "ray_scripts.xml": (
        "ray-scripts",
        3,
        [
            ("SpinalCord", "D0.35cc[Gy]", "at_most", 17.7, None),
            ("SpinalCord", "D0.035cc[Gy]", "below", 21.1, None),  # its Max is at 0.035 cc
            ("Liver", "DC650cc[Gy]", "at_most", 14.4, None),  # residual volume
            ("Lungs", "V12.2Gy[cc]", "at_most", 1400, None),  # a cold volume written hot: as printed
            ("PTV_p", "D94%[%Rx]", "at_least", 97, None),
            ("Heart", "Mean[Gy]", "at_most", 7.5, None),
        ],
    ),
    "dvhmetrics.txt": (
        "dvhmetrics",
        3,
        [
            ("Heart", "D1cc[Gy]", "below", 21.5, None),
            ("SpinalCord", "D0.2cc[Gy]", "at_most", 16.5, None),  # 1650 cGy
            ("Lungs", "V20Gy[%]", "below", 11, None),
            ("Liver", "Mean[Gy]", "below", 13, None),
            ("PTV", "V95%Rx[%]", "at_least", 96, None),
            ("PTV", "D98%[%Rx]", "above", 93, None),
        ],
    ),
}
KNOWN_LIMITS = {"PTV", "Liver", "SpinalCord"}


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [str(word) for word in words])


def imported(name: str) -> Result:
    dialect, fractions, _ = EXAMPLES[name]
    return run("import", FILES / name, "--from", dialect, *(("--fractions", fractions) if fractions else ()))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_in_each_dialect_becomes_the_table_beside_it(name: str) -> None:
    done = imported(name)
    assert done.exit_code == 0
    assert done.stdout == (FILES / name).with_suffix(".yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_rows_are_those_that_a_reader_of_the_file_would_write(name: str) -> None:
    _, fractions, rows = EXAMPLES[name]
    table = read_table((FILES / name).with_suffix(".yaml").read_bytes(), place=name)
    found = [(*row.structures, str(row.metric), str(row.sense), row.limit, row.acceptable) for row in table.rows]
    assert found == rows
    assert table.fractions == (fractions or 3,)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_names_the_file_and_its_place_there_and_is_read_once(name: str) -> None:
    table = read_table((FILES / name).with_suffix(".yaml").read_bytes(), place=name)
    assert all(row.confirmed_by == (name,) and not row.confirmed and not row.mandatory for row in table.rows)
    assert all(row.source.where.split()[-1].isdigit() for row in table.rows)
    assert all(row.source.citation == name or row.source.citation.startswith("Invented") for row in table.rows)


@pytest.mark.parametrize("name", EXAMPLES)
def test_everything_left_out_is_a_comment_and_a_warning(name: str) -> None:
    done = imported(name)
    comments = [line.removeprefix("  # LEFT OUT: ") for line in done.stdout.splitlines() if "# LEFT OUT: " in line]
    warned = [line for line in done.stderr.splitlines() if ": left out: " in line]
    assert len(comments) == len(warned)
    assert all(line.startswith(f"sbrtcheck: {FILES / name}: ") for line in warned)


def test_every_dialect_is_on_the_command_line() -> None:
    assert tuple(DIALECTS) == CHOICES
    assert {dialect for dialect, _, _ in EXAMPLES.values()} == set(DIALECTS)


def test_a_cold_volume_written_hot_is_imported_as_printed_and_warned_of() -> None:
    done = imported("plancheck.csv")
    line = next(n for n, text in enumerate(done.stdout.splitlines(), 1) if "V15.5Gy[cc]" in text and "# " not in text)
    (warning,) = [text for text in done.stderr.splitlines() if "at least 640 cc" in text]
    row = next(n for n, text in enumerate(done.stdout.splitlines(), 1) if "- id: liver-v15.5gy-cc" in text)
    assert row < line
    assert warning.startswith(f"sbrtcheck: plancheck.yaml:{row}: warning: 'V15.5Gy[cc]' at_most 640")


def test_an_imported_table_checks_a_plan(tmp_path: Path) -> None:
    out = tmp_path / "own.yaml"
    assert run("import", FILES / "dvhmetrics.txt", "--from", "dvhmetrics", "--fractions", 3, "--out", out).stdout == ""
    plan = PLANS / "liver-45gy-3fx"
    counted = run("check", plan, "--table", out, "--include-unconfirmed", "--format", "json")
    outcomes = json.loads(counted.stdout)["outcomes"]
    assert {o["contour"] for o in outcomes if o["value"] is not None} >= KNOWN_LIMITS
    assert run("check", plan, "--table", out).exit_code == 3  # one reading: nothing counts


# -------------------------------------------------------------------------------- one limit, five dialects


@dataclass(frozen=True)
class Limit:
    """A limit as a physicist thinks of it, to be written in every dialect."""

    organ: str
    kind: str  # dose at a volume in cc, or in %; volume in % at a dose; mean dose
    at: Decimal
    sign: str
    value: Decimal

    @property
    def metric(self) -> str:
        at = f"{self.at.normalize():f}"
        return {"Dcc": f"D{at}cc[Gy]", "D%": f"D{at}%[Gy]", "V%": f"V{at}Gy[%]", "mean": "Mean[Gy]"}[self.kind]


WORDS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}
XML_WORDS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
limits = st.builds(
    Limit,
    organ=st.sampled_from(["Heart", "Lungs", "SpinalCord", "Kidney_L", "PTV"]),
    kind=st.sampled_from(["Dcc", "D%", "V%", "mean"]),
    at=st.decimals("0.01", "100", places=2),
    sign=st.sampled_from(list(WORDS)),
    value=st.decimals("0.01", "100", places=2),
)


def in_plancheck(limit: Limit) -> str:
    text = limit.metric.replace("Gy]", "cGy]")
    value = limit.value if text == limit.metric else limit.value * 100
    return f"Structure IDs,DVH Objective,Evaluation Point\n{limit.organ},{text},{limit.sign}{value}\n"


def in_dvhmetrics(limit: Limit) -> str:
    metric = {"Dcc": f"D{limit.at}CC", "D%": f"D{limit.at}%", "V%": f"V{limit.at}GY", "mean": "DMEAN"}[limit.kind]
    unit = "%" if limit.kind == "V%" else "Gy"
    return f'structure constraint\n{limit.organ} "{metric} {limit.sign} {limit.value}{unit}"\n'


def in_ray_scripts(limit: Limit) -> str:
    type_ = {"Dcc": "DX", "D%": "DX", "V%": "VX", "mean": "Mean"}[limit.kind]
    volume, dose = (limit.value, limit.at) if limit.kind == "V%" else (limit.at, limit.value)
    its_volume = f'<volume units="{"cc" if limit.kind == "Dcc" else "%"}">{volume}</volume>'
    return (
        f'<protocol><goals><roi><name>{limit.organ}</name><type dir="{XML_WORDS[limit.sign]}">{type_}</type>'
        f'<dose units="Gy">{dose}</dose>{"" if limit.kind == "mean" else its_volume}</roi></goals></protocol>'
    )


def in_proknow(limit: Limit) -> str:
    types = {"Dcc": "DOSE_VOLUME_CC_ROI", "D%": "DOSE_VOLUME_PERCENT_ROI", "V%": "VOLUME_PERCENT_DOSE_ROI"}
    edge, lower_has_it = float(limit.value), limit.sign in ("<=", ">")
    labels = ("PASS", "FAIL") if limit.sign in ("<", "<=") else ("FAIL", "PASS")
    lower, upper = {"label": labels[0]}, {"label": labels[1]}
    bands = [lower | {"max": edge}, upper] if lower_has_it else [lower, upper | {"min": edge}]
    metric = {"type": types.get(limit.kind, "MEAN_DOSE_ROI"), "roi_name": limit.organ, "arg_1": float(limit.at)}
    return json.dumps({"computed": [metric | {"objectives": bands}]})


def in_planscorecard(limit: Limit) -> str:
    """Scores are continuous, so that its limits have no sign without =; they fall on the side that fails."""
    x, falls = float(limit.value), limit.sign in ("<", "<=")
    points = [{"PointX": x - 1, "Score": 9 if falls else 1}, {"PointX": x, "Score": 5, "Variation": True}]
    points.append({"PointX": x + 1, "Score": 1 if falls else 9})
    metric = {
        "Dcc": ("DoseAtVolume", "CC", "Gy"),
        "D%": ("DoseAtVolume", "%", "Gy"),
        "V%": ("VolumeAtDose", "Gy", "%"),
        "mean": ("MeanDose", "", "Gy"),
    }[limit.kind]
    row = dict(zip(("MetricType", "InputUnit", "OutputUnit"), metric, strict=True))
    row |= {"InputValue": float(limit.at), "Structure": {"StructureId": limit.organ}, "ScorePoints": points}  # type: ignore[dict-item]
    return json.dumps({"ScoreTemplates": [row]})


WRITERS: dict[str, Callable[[Limit], str]] = {
    "plancheck": in_plancheck,
    "dvhmetrics": in_dvhmetrics,
    "ray-scripts": in_ray_scripts,
    "proknow": in_proknow,
    "planscorecard": in_planscorecard,
}


@given(limits)
def test_one_limit_written_in_every_dialect_is_one_row(limit: Limit) -> None:
    for dialect, write in WRITERS.items():
        (row,) = DIALECTS[dialect].read(write(limit).encode()).entries
        assert isinstance(row, Row), (dialect, row)
        sign = f"{limit.sign[0]}=" if dialect == "planscorecard" else limit.sign
        assert (row.structure, str(row.metric), str(row.sense)) == (limit.organ, limit.metric, WORDS[sign]), dialect
        assert row.limit == limit.value, dialect


@given(st.sampled_from(sorted(EXAMPLES)), st.data())
@settings(max_examples=60)
def test_a_damaged_file_is_refused_or_becomes_a_table_that_loads(name: str, data: st.DataObject) -> None:
    raw = bytearray((FILES / name).read_bytes())
    pieces = st.sampled_from(
        [b"", b"9" * 400, b"1e999999999", b"\x00", b'"', b"\n", b": #", b"<", b"-", b"\xff", b"\xe2\x80\xa8"]
    )
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw) - 1))
        raw[start : start + data.draw(st.integers(0, 20))] = data.draw(pieces)
        raw = raw or bytearray(b" ")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(bytes(raw))
        try:
            made = import_table(file, EXAMPLES[name][0], fractions=3)
        except SbrtcheckError:
            return
    assert isinstance(read_table(made.yaml.encode(), place=name), ConstraintTable)
    assert all(warning.isprintable() for warning in made.warnings)


@given(st.text(min_size=1, max_size=30), st.text(max_size=40))
@settings(max_examples=50)
def test_any_name_of_an_organ_comes_back_as_it_was_but_for_blanks(organ: str, title: str) -> None:
    shown = " ".join("".join(char if char.isprintable() else " " for char in organ).split())
    assume(shown and not set(shown) & set("|*?"))
    metric = {
        "type": "MEAN_DOSE_ROI",
        "roi_name": organ,
        "objectives": [{"label": "PASS", "max": 5}, {"label": "FAIL"}],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "odd.json"
        file.write_text(json.dumps({"name": title, "computed": [metric]}), encoding="utf-8")
        table = read_table(import_table(file, "proknow", fractions=5).yaml.encode(), place="odd")
    assert table.rows[0].organ == shown


# -------------------------------------------------------------------------------- fractions


def refused(file: Path, dialect: str, *words: object) -> str:
    done = run("import", file, "--from", dialect, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    return done.stderr


def test_a_file_that_does_not_say_its_fractions_needs_them_said() -> None:
    said = refused(FILES / "plancheck.csv", "plancheck")
    assert said.endswith("plancheck.csv: the file does not say for how many fractions it holds; add --fractions N\n")


def test_a_file_with_rows_for_several_numbers_needs_one_chosen() -> None:
    said = refused(FILES / "ray_scripts.xml", "ray-scripts")
    assert said.endswith("the file has rows for 3, 5 fractions; choose one with --fractions\n")


def test_rows_for_other_numbers_are_left_out_and_counted() -> None:
    done = run("import", FILES / "ray_scripts.xml", "--from", "ray-scripts", "--fractions", 5)
    table = read_table(done.stdout.encode(), place="five")
    assert [row.limit for row in table.rows] == [97, 9.5]
    assert "rows for other numbers of fractions were left out: 12 for 3\n" in done.stderr


def test_a_number_that_no_row_is_for_is_refused() -> None:
    said = refused(FILES / "planscorecard.json", "planscorecard", "--fractions", 5)
    assert "the file is for 3 fractions, not 5; limits are never rescaled" in said


def test_a_number_without_rows_is_refused_with_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    goal = '<roi><name>Heart</name><type>Mean</type><dose units="Gy">7</dose><fractions>3</fractions></roi>'
    file.write_text(f"<protocol><goals>{goal}</goals></protocol>", encoding="utf-8")
    assert "the file has no row for 8 fractions; it has rows for 3" in refused(file, "ray-scripts", "--fractions", 8)
    assert run("import", file, "--from", "ray-scripts").exit_code == 0


def test_goals_of_an_order_hold_for_its_fractions(tmp_path: Path) -> None:
    goal = '<roi><name>Heart</name><type dir="le">Mean</type><dose units="Gy">{}</dose></roi>'
    rx = "<prescription><roi><name>PTV</name></roi><fractions>{}</fractions></prescription>"
    orders = (f"<order>{rx.format(n)}<goals>{goal.format(n)}</goals></order>" for n in (3, 5))
    file = tmp_path / "orders.xml"
    file.write_text(f"<protocol><name>Two orders</name>{''.join(orders)}</protocol>", encoding="utf-8")
    table = read_table(import_table(file, "ray-scripts", fractions=5).yaml.encode(), place="orders")
    assert [row.limit for row in table.rows] == [5]
    assert table.title == "Two orders"


# -------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("dialect", "raw", "said"),
    [
        ("plancheck", b"", "line 1: no column for organ and metric and goal; name the columns as PlanCheck"),
        ("plancheck", b"Structure IDs,DVH Objective\n", "line 1: no column for goal"),
        ("plancheck", b"Structure IDs\n\xff", "line 2: the file is not UTF-8 text; save it as UTF-8"),
        (
            "plancheck",
            b"Structure IDs,DVH Objective,Evaluation Point,Goal\nPTV,D95%[Gy],>=50,>=40\n",
            "line 1: several columns for goal: Evaluation Point, Goal; leave one of them in the file",
        ),
        ("planscorecard", b"[]", "not a template: the file is no JSON object"),
        ("planscorecard", b'{"computed": [1]}', "no list of metrics under 'ScoreTemplates'; this looks like a ProKnow"),
        ("planscorecard", b'{"a": 1,\n "a" 2}', "line 2: not JSON: "),
        ("proknow", b'{"ScoreTemplates": [1]}', "no list of metrics under 'computed'; this looks like a PlanScoreCard"),
        ("proknow", b'{"a": 1, "a": 2}', "the key 'a' is repeated in one JSON object; remove one of them"),
        ("proknow", b'{"a": NaN}', "NaN is not a number"),
        ("proknow", b'{"a": 1e999999999}', "the number 1e999999999 is out of any range"),
        ("proknow", b'{"a": 1e-99999999999999999999}', "the number 1e-99999999999999999999 is out of any range"),
        ("proknow", b'{"computed": [1]}', "no row can be imported: it has no metric"),
        ("proknow", b'{"a":' + b"[" * 200_000, "not a template: nested too deeply"),
        ("ray-scripts", b"<protocol><goals></goal></protocol>", "line 1: not XML: mismatched tag"),
        ("ray-scripts", b"<protocol/>", "no <roi> in <goals> or <set>"),
        (
            "ray-scripts",
            b'<?xml version="1.0"?>\n<!DOCTYPE p [<!ENTITY a "b">]>\n<p>&a;</p>',
            "line 2: an XML document type is not read; remove <!DOCTYPE ...>",
        ),
        ("dvhmetrics", b"", "the file is empty"),
        ("dvhmetrics", b"structure,constraint\n", "line 1: no column 'constraint'; the first line names the columns"),
    ],
)
def test_a_file_that_is_no_template_is_refused_with_the_reason(
    dialect: str, raw: bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "template"
    file.write_bytes(raw)
    assert refused(file, dialect, "--fractions", 3).startswith(f"sbrtcheck: {file}: {said}")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("PTV,D95%[Gy],>=49,5,,1", "6 cells, and the first line has 5"),  # 49 with 5 as its variation
        ('PTV,D95%[cGy],">=5,000",,1', "'5,000' may be 5000 or 5.000"),
        ('PTV,D95%[cGy],>=5000,"4,500",1', "'4,500' may be 4500 or 4.500"),
        ('Liver,"DC1,234cc[Gy]",<=15,,1', "'1,234' may be 1234 or 1.234"),
        ('Heart,"V1,234cGy[%]",<=15,,1', "'1,234' may be 1234 or 1.234"),
    ],
)
def test_a_comma_that_may_part_cells_or_thousands_leaves_its_row_out(row: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "clinic.csv"
    head = "Structure IDs,DVH Objective,Evaluation Point,Variation,Priority\n"
    right = 'SpinalCord,"D0,345cc[Gy]","<=11,25",,1\n'  # of these no comma can part thousands
    file.write_text(f"{head}{right}{row}\n", encoding="utf-8")
    imported = import_table(file, "plancheck", fractions=5)
    table = read_table(imported.yaml.encode(), place="it")
    assert [(str(one.metric), one.limit) for one in table.rows] == [("D0.345cc[Gy]", 11.25)]
    assert any("line 3: left out: " in warning and why in warning for warning in imported.warnings)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv", "plancheck").endswith("none.csv: no such file; check the path\n")


def test_an_id_that_is_none_is_refused_and_nothing_printed() -> None:
    said = refused(FILES / "dvhmetrics.txt", "dvhmetrics", "--fractions", 3, "--id", "My table: #1")
    assert "'id' is 'My table: #1'; use small letters, digits, dots and hyphens" in said


def test_the_id_asked_for_is_taken_and_else_made_from_the_name_of_the_file() -> None:
    assert "\nid: own.3\n" in import_table(FILES / "dvhmetrics.txt", "dvhmetrics", table_id="own.3", fractions=3).yaml
    assert "\nid: ray-scripts\n" in import_table(FILES / "ray_scripts.xml", "ray-scripts", fractions=3).yaml


def test_a_row_for_one_patient_is_left_out_and_the_patient_not_named() -> None:
    done = imported("dvhmetrics.txt")
    assert "a row for one patient" in done.stdout
    assert "Doe" not in done.output


def test_the_person_who_made_a_scorecard_is_not_named() -> None:
    assert "somebody" not in imported("planscorecard.json").output


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "table.yaml"
    assert "cannot be written" in refused(FILES / "dvhmetrics.txt", "dvhmetrics", "--fractions", 3, "--out", out)


def test_a_table_printed_to_a_file_loads_from_there(tmp_path: Path) -> None:
    out = tmp_path / "own.yaml"
    out.write_text(imported("proknow.json").stdout, encoding="utf-8")
    assert load_table(out).id == "proknow"
    with pytest.raises(TableError):
        load_table(tmp_path / "other.yaml")

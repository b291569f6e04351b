"""``--dvh FILE`` on the command line: reports, exit codes, what cannot go together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sbrtcheck
from folders import ROOT, TESTS
from sbrtcheck import cli
from sbrtcheck.dvh import compute_dvhs

GOLDEN = TESTS / "text_export" / "files"
EXPORT = ROOT / "examples" / "exports" / "lung-50gy-5fx.txt"
ECLIPSE = str(GOLDEN / "eclipse-total-dose.txt")

TABLE = """\
id: own
version: "1.0.0"
title: Own limits
site: lung
fractions: [5]
sources:
  - {{key: own, citation: Clinic, where: page 1}}
rows:
  - id: cord
    organ: Cord
    structure: {{each: [SpinalCord]}}
    metric: Mean[Gy]
    below: {limit}
    source: {{cite: own, where: page 1}}
    confirmed_by: [first, second]
"""


def run(*args: object) -> Result:
    return CliRunner().invoke(cli.main, [str(arg) for arg in args])


def check(folder: Path, limit: float, *args: object, export: object = ECLIPSE) -> Result:
    table = folder / "own.yaml"
    table.write_text(TABLE.format(limit=limit), encoding="utf-8")
    return run("check", "--dvh", export, "--table", table, *args)


@pytest.mark.parametrize(
    ("limit", "rx", "code"),
    [(20, ("--rx", "50Gy/5"), 0), (2, ("--rx", "50Gy/5"), 1), (20, (), 3), (20, ("--rx", "50Gy/3"), 3)],
    ids=["pass", "fail", "no fractions", "other fractions"],
)
def test_the_exit_code_is_the_overall_verdict(tmp_path: Path, limit: float, rx: tuple[str, ...], code: int) -> None:
    done = check(tmp_path, limit, *rx)
    assert done.exit_code == code, done.output
    assert done.stderr == ""


def test_the_report_says_what_the_dvhs_come_from_and_nothing_of_the_patient(tmp_path: Path) -> None:
    done = check(tmp_path, 20, "--rx", "50Gy/5")
    assert "system: Eclipse" in done.stdout
    assert "file_kind: DVH text export, cumulative" in done.stdout
    assert "DVHs imported, not computed here: their own convention holds" in done.stdout
    assert not any(secret in done.stdout for secret in ("Doe", "4711", "eclipse-total-dose"))


def test_the_json_report_has_origin_and_provenance(tmp_path: Path) -> None:
    report = json.loads(check(tmp_path, 20, "--rx", "50Gy/5", "--format", "json").stdout)
    assert report["dvh"] == {"origin": "imported"}
    assert set(report["provenance"]) == {"system", "file_kind", "file_sha256", "plan_label"}
    assert report["outcomes"][0]["value"] == pytest.approx(5.0)


def test_a_plan_is_chosen_by_its_name(tmp_path: Path) -> None:
    assert check(tmp_path, 20, "--rx", "50Gy/5", "--plan", "SBRT").exit_code == 0
    done = check(tmp_path, 20, "--rx", "50Gy/5", "--plan", "Other")
    assert (done.exit_code, done.stderr) == (2, "sbrtcheck: DVH export: it has no plan 'Other'; it has: C1/SBRT\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("check", "--table", "rtog-0813"), "give the folder of a plan, DIR, or --dvh FILE"),
        (("check", ".", "--dvh", ECLIPSE, "--table", "rtog-0813"), "give DIR or --dvh FILE, not both"),
        (("check", "--dvh", ECLIPSE, "--dvhs", "stored", "--table", "rtog-0813"), "--dvhs stored needs DIR"),
        (("dvh",), "give the folder of a plan, DIR, or --dvh FILE"),
        (("dvh", ".", "--dvh", ECLIPSE), "give DIR or --dvh FILE, not both"),
        (("dvh", "--dvh", "nowhere.txt"), "no such file or folder"),
        (("dvh", "--dvh", str(GOLDEN)), "DVH export: cannot be read"),
        (("dvh", "--dvh", str(GOLDEN / "broken" / "binary.txt")), "DVH export: the file is no text"),
        (("dvh", "--dvh", ECLIPSE, "--structure", "Heart"), "the plan has no structure Heart"),
    ],
)
def test_what_cannot_be_used_is_said_and_exit_2(args: tuple[str, ...], said: str) -> None:
    done = run(*args)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_dvh_shows_the_structures_and_why_others_have_none() -> None:
    done = run("dvh", "--dvh", GOLDEN / "eclipse-small-and-empty.txt")
    assert done.exit_code == 0
    assert "SpinalCord" in done.stdout
    assert "its table is empty" in done.stdout


@pytest.mark.parametrize("format_", ["text", "csv", "json"])
def test_without_one_dvh_the_exit_code_is_2_and_every_reason_is_said(tmp_path: Path, format_: str) -> None:
    text = (GOLDEN / "oncentra-gy-ccm.txt").read_text(encoding="utf-8").replace("001 ", "001 x ")
    (tmp_path / "export.txt").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    done = run("dvh", "--dvh", tmp_path / "export.txt", "--format", format_, "--out", out)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert not out.exists()
    assert "no DVH: SpinalCord: structure not computed (line " in done.stderr
    assert "no DVH: PTV: structure not computed (line " in done.stderr
    assert "no structure has a DVH that can be used" in done.stderr


def test_the_export_is_not_overwritten(tmp_path: Path) -> None:
    export = tmp_path / "export.txt"
    export.write_bytes(Path(ECLIPSE).read_bytes())
    done = run("dvh", "--dvh", export, "--out", export)
    assert done.exit_code == 2
    assert export.read_bytes() == Path(ECLIPSE).read_bytes()


def test_the_front_door_takes_an_export_too() -> None:
    report = sbrtcheck.check(EXPORT, "rtog-0813", dvhs="imported", prescription="50Gy/5")
    assert report.dvh_origin == "imported"
    with pytest.raises(sbrtcheck.SbrtcheckError, match="a DVH export is one text file"):
        sbrtcheck.check([EXPORT], "rtog-0813", dvhs="imported")


def test_the_bundled_export_is_of_the_bundled_plan() -> None:
    """What is computed from contours and dose lies inside the bounds of what is read back."""
    read = sbrtcheck.load_dvh_export(EXPORT)
    computed = compute_dvhs(sbrtcheck.load_plan(ROOT / "examples" / "plans" / "lung-50gy-5fx"))
    assert not read.without
    assert {dvh.name for dvh in read} == {dvh.name for dvh in computed}
    for dvh in computed:
        for metric in ("Mean[Gy]", "D0.035cc[Gy]", "D2%[Gy]", "D50%[Gy]", "V5Gy[%]", "V20Gy[cc]", "Max[Gy]"):
            true, found = sbrtcheck.measure(metric, dvh), sbrtcheck.measure(metric, read[dvh.name])
            assert found.low - 1e-3 <= true.value <= found.high + 1e-3, (dvh.name, metric)  # type: ignore[union-attr]

"""What a user types wrong is one line with the place and the hint; a misspelt word is told the closest."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from folders import ROOT
from sbrtcheck.cli import main
from sbrtcheck.errors import DicomError
from sbrtcheck.suggest import suggest, suggestions
from sbrtcheck.tables import bundled_tables

EXAMPLES = ROOT / "examples"
IDS = [table.id for table in bundled_tables()]
TYPED = "abcdefghijklmnopqrstuvwxyz0123456789-"


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EXAMPLES / "plans/lung-50gy-5fx", tmp_path / "plan")
    shutil.copytree(EXAMPLES / "plans/liver-45gy-3fx", tmp_path / "earlier")
    shutil.copy(tmp_path / "plan/rtdose.dcm", tmp_path / "dose.dcm")
    shutil.copy(EXAMPLES / "exports/lung-50gy-5fx.txt", tmp_path / "export.txt")
    (tmp_path / "empty").mkdir()
    (tmp_path / "syntax.yaml").write_text("a: [\n", encoding="utf-8")
    (tmp_path / "list.yaml").write_text("- a\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)


CHECK = "check plan --table rtog-0813"
SUM = "sum plan earlier --alpha-beta SpinalCord=2 --frames-agree"
NO_PLAN = "give the folder with RTSTRUCT, RTDOSE and RTPLAN of one plan, or export them together"


@pytest.mark.usefixtures("at_hand")
@pytest.mark.parametrize(
    ("typed", "said", "hint"),
    [
        ("check nowhere --table rtog-0813", "nowhere: no such file or folder", "give the folder with the plan's DICOM"),
        ("check empty --table rtog-0813", "there is no RTDOSE among the files (0 RTDOSE", NO_PLAN),
        ("dvh export.txt", "there is no RTDOSE among the files (0 RTDOSE", "a text export of DVHs? use --dvh FILE"),
        ("check dose.dcm --table rtog-0813", "RTDOSE ...79153164: there is no RTSTRUCT", NO_PLAN),
        ("check plan", "no table to check against", "name one that sbrtcheck tables lists, or a site"),
        ("check plan --table rtog-813", "no table has the id 'rtog-813'", "did you mean 'rtog-0813'?"),
        ("check plan --table zzz", "no table has the id 'zzz'", "sbrtcheck tables lists them"),
        ("check plan --table plan", "plan: is a folder, not a table", "give a YAML file, or the id of a bundled table"),
        ("check plan --table syntax.yaml", "syntax.yaml:2: not YAML: ", "look at brackets, quotes and indentation"),
        ("check plan --site lungs", "no site has the id 'lungs'", "did you mean 'lung'? the sites are "),
        ("check plan --site lung --rx 50/5", "prescription '50/5' cannot be read", "write dose and fractions like"),
        (f"{CHECK} --names no.yaml", "no.yaml: cannot be read", "check the path"),
        (
            f"{CHECK} --names list.yaml",
            "list.yaml:1: not a mapping of names",
            "write one 'TG-263 name: ROI name' a line",
        ),
        (f"{CHECK} --names syntax.yaml", "syntax.yaml:2: not YAML: ", "look at brackets, quotes and indentation"),
        (f"{CHECK} --out no/x.txt", "no/x.txt: cannot be written", "give a file in a folder you may write to"),
        (f"{CHECK} --out plan", "plan: cannot be written (it is a folder)", "give the name of a file"),
        (
            f"{CHECK} --out plan/rtdose.dcm",
            "plan/rtdose.dcm: is a DICOM file already",
            "give the result a file of its own",
        ),
        (f"{CHECK} --plan 1.2", "no plan, dose or structure set 1.2 makes a plan", "there are: "),
        (
            f"{CHECK} --dvhs stored",
            "RTDOSE ...79153164: the RTDOSE stores no DVHs",
            "use computed DVHs (dvhs='computed'",
        ),
        ("check . --table rtog-0813", "2 plans are here: ", "choose one by the UID of its plan or dose"),
        ("dvh plan --structure hart", "the plan has no structure hart", "did you mean 'Heart'? it has: Body, "),
        ("dvh plan --structure Pineapple", "the plan has no structure Pineapple", "it has: Body, "),
        ("lint no.yaml", "no.yaml: no such file", "check the path, or give the id of a bundled table"),
        ("names plan --table rtog-813", "no table has the id 'rtog-813'", "did you mean 'rtog-0813'?"),
        ("import no.csv --from plancheck", "no.csv: no such file", "check the path"),
        ("risk plan --diameter-cm 0", "a tumour's diameter cannot be 0 cm", "give it in cm, above 0"),
        (
            "sum plan earlier --alpha-beta Cord",
            "alpha/beta 'Cord' cannot be read",
            "write organ and Gy like 'SpinalCord=2'",
        ),
        (
            "sum plan earlier --alpha-beta SpinlCord=2 --frames-agree",
            "the plan has no structure for SpinlCord",
            "did you mean 'SpinalCord'? it has: ",
        ),
        (f"{SUM} --table hytec-reiradiation", "no table has the id 'hytec-reir", "did you mean 'hytec-reirradiation'?"),
        (f"{SUM} --recovery 2", "a recovery of 2 is impossible", "give a share from 0 to less than 1"),
        (f"{SUM} --registration no.dcm", "no.dcm: no such file", "give the rigid registration, a REG file"),
        (f"{SUM} --registration list.yaml", "list.yaml: not a DICOM file", "give the rigid registration, a REG file"),
        (
            "batch empty --table rtog-0813 --out x.csv",
            "empty: there is no plan",
            "give the folder that the plans are in",
        ),
        (
            "batch . --table rtog-0813 --out x.xls",
            "x.xls: the format cannot be told",
            "end the name in .csv or .parquet",
        ),
    ],
)
def test_what_is_wrong_where_and_what_mends_it_is_one_line(typed: str, said: str, hint: str) -> None:
    done = CliRunner().invoke(main, typed.split())
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"sbrtcheck: {said}")
    assert f"; {hint}" in line


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("check", "give the folder of a plan, DIR, or --dvh FILE"),
        ("check plan --fromat text", "--format"),
        ("check plan --format htm", "'text', 'json', 'csv', 'csv-excel', 'markdown'"),
        ("chek plan", "No such command 'chek'"),
        ("bed 48 6", "Missing option '--alpha-beta'"),
        ("bed 48 6 --alpha-beta ten", "'ten' is no number; write it like 2.5"),
        ("risk plan --diameter-cm 2cm", "'2cm' is no number; write it like 2.5"),
        ("regimens --site lng", "'lung'"),
    ],
)
def test_wrong_usage_points_to_the_help(typed: str, said: str) -> None:
    done = CliRunner().invoke(main, typed.split(), prog_name="sbrtcheck")
    assert (done.exit_code, done.stdout) == (2, "")
    assert re.search(r"-(h|-help)' for help\.", done.stderr)  # click tells the one option or the other
    assert "Try 'sbrtcheck" in done.stderr
    assert said in done.stderr


def test_decimals_may_follow_a_comma() -> None:
    typed, other = (CliRunner().invoke(main, ["bed", dose, "6", "--alpha-beta", "10"]) for dose in ("48,5", "48.5"))
    assert typed.exit_code == 0
    assert typed.output == other.output


def test_a_dicom_file_that_cannot_be_used_may_be_exported_again() -> None:
    assert str(DicomError("it is odd", "RTDOSE ...1")) == "RTDOSE ...1: it is odd; export it again"
    assert str(DicomError("it is odd", hint="leave it")) == "it is odd; leave it"


# -------------------------------------------------------------------------------- misspelt words


@given(st.sampled_from(IDS), st.data())
def test_one_letter_too_many_or_too_few_still_finds_the_word(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    typed = data.draw(
        st.one_of(
            st.just(word[:at] + word[at + 1 :]), st.sampled_from(TYPED).map(lambda new: word[:at] + new + word[at:])
        )
    )
    found = suggestions(typed, IDS)
    assert found
    alone = sum(one[:-4] == word[:-4] for one in IDS) == 1  # of several fraction numbers, a letter makes another
    assert word in found or typed in IDS or not alone


def test_case_is_the_same_and_nothing_close_is_nothing() -> None:
    assert suggestions("HEART", ["Heart", "Liver"]) == ("Heart",)
    assert suggestions("Pineapple", ["Heart", "Liver"]) == ()
    assert suggestions("x", []) == ()
    assert suggest("zzz", ["Heart"]) == ""
    assert suggest("tg-101", ["tg101-1fx", "tg101-3fx"]) == "did you mean 'tg101-1fx' or 'tg101-3fx'?"

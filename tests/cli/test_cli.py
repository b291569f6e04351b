"""The command line: the right exit code, results and errors where they belong, no half-written file."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from dvh_builders import NOT_KNOWN, dvh_set, plan_of, row, table, uniform_dvh
from folders import ROOT
from sbrtcheck import __version__, api, archive, cli, given_plans
from sbrtcheck.cli import exit_codes, main, options
from sbrtcheck.dicom import NotStored
from sbrtcheck.errors import Fault, InputError, NamesError, TableError, UnknownTableError
from sbrtcheck.judge import plan_dvhs
from sbrtcheck.plan import Plan, Prescription
from sbrtcheck.plan.prescription_text import GivenPrescription, read_prescription
from sbrtcheck.render import FORMATS
from sbrtcheck.render.lists import DVH_FORMATS
from sbrtcheck.tables import ConstraintTable, bundled_tables, choice
from shipped import ship

pytestmark = pytest.mark.usefixtures("computed_once")

Run = Callable[..., Result]

TWENTY_IN_FIVE = Prescription(dose_gy=20.0, fractions=5)
TABLES = {
    "passes": table(row("Mean[Gy]", "below", 30), id="passes"),
    "varies": table(row("Mean[Gy]", "below", 5, acceptable=30), id="varies"),
    "fails": table(row("Mean[Gy]", "below", 5), id="fails"),
    "missing": table(row("Mean[Gy]", "below", 5, "Heart"), id="missing", site="liver"),
    "mandatory": table(
        row("Mean[Gy]", "below", 30), row("Mean[Gy]", "below", 5, "Heart", id="b", mandatory=True), id="mandatory"
    ),
    "everywhere": table(row("Max[Gy]", "below", 30), id="everywhere", site="multi"),
    "in-three": table(row("Mean[Gy]", "below", 30), id="in-three", fractions=(3,)),
}


def named_table(name: str) -> ConstraintTable:
    if name not in TABLES:
        raise UnknownTableError(f"no table has the id {name!r}", hint="the tables are many")
    return TABLES[name]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line on a plan of one cord, with 20 Gy everywhere, and tables of the test."""
    monkeypatch.setattr(api, "load_plan", loaded_plan)
    monkeypatch.setattr(given_plans, "load_plan_and_dvhs", plan_without_dvhs)
    monkeypatch.setattr(
        given_plans, "load_dvhs", lambda *_, **__: dvh_set(uniform_dvh(dose_gy=22.0), rx=TWENTY_IN_FIVE)
    )
    monkeypatch.setattr(choice, "load_table", named_table)
    ship(TABLES.values(), monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan").mkdir()
    return lambda *args: CliRunner().invoke(cli.main, list(args))


def plan_without_dvhs(*args: Any, **options: Any) -> tuple[Plan, NotStored]:
    return api.load_plan(*args, **options), NotStored(reason="the RTDOSE stores no DVHs")


def loaded_plan(_path: object, *, plan: str | None = None, prescription: GivenPrescription | None = None) -> Plan:
    rx = read_prescription(prescription)
    of_ten_gy = plan_of(SpinalCord=0.0)
    dose = replace(of_ten_gy.dose, gy_per_unit=2.0)
    return replace(of_ten_gy, dose=dose, prescription=rx or TWENTY_IN_FIVE, label=plan or "")


# -------------------------------------------------------------------------------- check


@pytest.mark.parametrize(
    ("name", "code"), [("passes", 0), ("varies", 0), ("fails", 1), ("missing", 3), ("mandatory", 3), ("in-three", 3)]
)
def test_the_exit_code_is_the_overall_verdict(run: Run, name: str, code: int) -> None:
    done = run("check", "plan", "--table", name)
    assert done.exit_code == code, done.output
    assert "\nOVERALL: " in done.stdout
    assert done.stderr == ""


def test_a_fail_wins_over_what_was_not_evaluated(run: Run) -> None:
    assert run("check", "plan", "--table", "fails", "--table", "mandatory").exit_code == 1


def test_a_table_named_twice_is_taken_once(run: Run) -> None:
    done = run("check", "plan", "--table", "passes", "--table", "passes", "--format", "json")
    assert len(json.loads(done.stdout)["tables"]) == 1


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_is_on_the_command_line(run: Run, name: str) -> None:
    done = run("check", "plan", "--table", "passes", "--format", name)
    assert done.exit_code == 0
    assert done.stdout


@pytest.mark.slow
def test_a_format_is_added_in_one_place() -> None:
    """An entry in the list of formats is all that the command line, its help and the mapping of functions need."""
    code = """
from click.testing import CliRunner
from sbrtcheck.render import formats
formats.REPORT_FORMATS += (formats.Format(name="verdict", write=lambda report: str(report.verdict) + "!"),)
from sbrtcheck.cli import main
print("verdict|" in CliRunner().invoke(main, ["check", "--help"]).output)
print(CliRunner().invoke(main, ["check", PLAN, "--table", "rtog-0813", "--format", "verdict"]).output)
"""
    done = in_a_process(f"PLAN = {str(LUNG_PLAN)!r}{code}")
    assert done.stdout.decode().split() == ["True", "PASS!"], done.stderr


def test_the_options_reach_the_report(run: Run) -> None:
    given = ("--strict", "--include-unconfirmed", "--rx", "54 Gy / 3", "--end-caps", "none")
    done = run("check", "plan", "--table", "in-three", "--format", "json", *given)
    as_dict = json.loads(done.stdout)
    assert (as_dict["strict"], as_dict["include_unconfirmed"]) == (True, True)
    assert as_dict["prescription"] == {"dose_gy": 54.0, "fractions": 3, "source": "given", "unknown": None}
    assert as_dict["dvh"]["end_caps"] == "none"


@pytest.mark.parametrize(
    ("old", "now", "word", "key"),
    [
        ("--between", "--slice-interpolation", "interpolated", "between"),
        ("--dose", "--dose-interpolation", "cubic", "dose"),
    ],
)
def test_an_option_is_taken_by_its_old_name_too_which_no_help_shows(
    run: Run, old: str, now: str, word: str, key: str
) -> None:
    shown = [run("dvh", "plan", "--format", "json", option, word) for option in (old, now)]
    assert shown[0].stdout == shown[1].stdout
    assert json.loads(shown[0].stdout)["structures"][0][key] == word
    for command in ("check", "dvh", "compare"):
        text = run(command, "--help").output
        assert f"{now} [" in text
        assert f"{old} " not in text
        assert run(command, "plan", old, "round").stderr.count("is not one of") == 1


def test_stored_dvhs_are_taken_when_asked_for(run: Run) -> None:
    as_dict = json.loads(run("check", "plan", "--table", "passes", "--dvhs", "stored", "--format", "json").stdout)
    assert as_dict["outcomes"][0]["value"] == 22.0


def test_a_file_of_names_says_which_structure_is_which(run: Run) -> None:
    Path("names.yaml").write_text("Heart: SpinalCord\n", encoding="utf-8")
    done = run("check", "plan", "--table", "missing", "--names", "names.yaml", "--format", "json")
    (outcome,) = json.loads(done.stdout)["outcomes"]
    assert (outcome["contour"], outcome["rule"], outcome["verdict"]) == ("SpinalCord", "given by the user", "FAIL")


def test_a_site_stands_for_all_its_tables_that_fit_the_fractions(run: Run) -> None:
    done = run("check", "plan", "--site", "lung", "--format", "json")
    ids = [one["id"] for one in json.loads(done.stdout)["tables"]]
    assert ids == ["passes", "varies", "fails", "mandatory", "everywhere"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--table", "nope"), "sbrtcheck: no table has the id 'nope'; the tables are many"),
        ((), "sbrtcheck: no table to check against; name one that sbrtcheck tables lists, or a site"),
        (
            ("--site", "toe"),
            "sbrtcheck: no site has the id 'toe'; did you mean 'abdomen'? the sites are lung, liver, spine, abdomen",
        ),
        (
            ("--site", "liver", "--rx", "60Gy/8"),
            "sbrtcheck: no bundled table of site 'liver' holds for 8 fractions; the nearest are for 5 fractions (",
        ),
        (("--table", "passes", "--rx", "50/5"), "sbrtcheck: prescription '50/5' cannot be read; write dose and"),
        (("--table", "passes", "--names", "none.yaml"), "sbrtcheck: none.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_line_on_standard_error_and_exit_2(
    run: Run, args: tuple[str, ...], said: str
) -> None:
    done = run("check", "plan", *args)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_not_there_is_said_to_be_missing(run: Run) -> None:
    done = run("check", "elsewhere", "--table", "passes")
    assert done.exit_code == 2
    assert done.stderr.startswith("sbrtcheck: elsewhere: no such file or folder; give the folder")


def test_every_fault_of_a_table_is_a_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = tuple(Fault(place=f"t.yaml:{line}", what="no limit", hint="add one") for line in (3, 9))

    def broken(_name: str) -> ConstraintTable:
        raise TableError("2 faults", "t.yaml", faults=faults)

    monkeypatch.setattr(choice, "load_table", broken)
    done = run("check", "plan", "--table", "t.yaml")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "sbrtcheck: t.yaml:3: no limit; add one",
        "sbrtcheck: t.yaml:9: no limit; add one",
    ]


def test_an_unknown_fraction_number_cannot_choose_tables(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "load_plan", lambda *_, **__: replace(plan_of(SpinalCord=0.0), prescription=NOT_KNOWN))
    done = run("check", "plan", "--site", "lung")
    assert done.exit_code == 2
    assert "number of fractions is unknown" in done.stderr


def test_an_error_is_traced_only_when_asked(run: Run) -> None:
    assert "Traceback" not in run("check", "plan", "--table", "nope").stderr
    assert "Traceback" in run("check", "plan", "--table", "nope", "-v").stderr


@pytest.mark.parametrize("fault", [ZeroDivisionError, MemoryError, RecursionError, OSError, AttributeError])
def test_a_fault_of_our_own_is_neither_a_verdict_nor_an_input_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def faulty(*_: object, **__: object) -> Plan:
        raise fault("Mustermann")

    monkeypatch.setattr(api, "load_plan", faulty)
    done = run("check", "plan", "--table", "passes")
    assert (done.exit_code, done.stdout) == (exit_codes.OUR_FAULT, "")
    assert done.stderr.startswith(
        f"sbrtcheck: an error in sbrtcheck itself, no verdict: {fault.__name__} at test_cli.py:"
    )
    assert len(done.stderr.splitlines()) == 1
    assert "Mustermann" not in done.stderr
    assert "Traceback" in run("check", "plan", "--table", "passes", "-v").stderr


def test_an_interrupt_is_no_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> Plan:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "load_plan", interrupted)
    assert run("check", "plan", "--table", "passes").exit_code == exit_codes.INTERRUPTED


def test_what_the_package_logs_is_shown_only_when_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*args: object, **options: Any) -> Plan:
        logging.getLogger("sbrtcheck.dicom").info("notes.txt is no DICOM file")
        return loaded_plan(*args, **options)

    monkeypatch.setattr(api, "load_plan", load)
    assert run("check", "plan", "--table", "passes").stderr == ""
    for _ in range(2):
        said = run("check", "plan", "--table", "passes", "-v").stderr.splitlines()
        assert said.count("sbrtcheck: notes.txt is no DICOM file") == 1
    assert run("check", "plan", "--table", "passes").stderr == ""


def test_a_names_key_that_no_table_asks_for_is_refused_with_the_nearest(run: Run) -> None:
    Path("names.yaml").write_text("Hart: SpinalCord\n", encoding="utf-8")
    done = run("check", "plan", "--table", "missing", "--names", "names.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("sbrtcheck: names.yaml: no table has an organ 'Hart'")
    assert "did you mean 'Heart'" in done.stderr
    with pytest.raises(NamesError, match="Hart"):
        archive.Options.read(tables=["missing"], names="names.yaml")


@pytest.mark.parametrize("key", ["spinal cord", "Parsnip", "PTV", "Lungs-GTV"])
def test_a_names_key_may_be_known_or_of_the_users_table(run: Run, key: str) -> None:
    own = table(row("Mean[Gy]", "below", 30, "Parsnip"), id="own")
    report = api.check("plan", own, names={key: "SpinalCord"})
    assert (report.outcomes[0].rule == "given by the user") == (key == "Parsnip")


# -------------------------------------------------------------------------------- --out


def test_a_report_is_written_whole_and_nothing_else_stays_behind(run: Run) -> None:
    shown = run("check", "plan", "--table", "passes", "--format", "json").stdout
    done = run("check", "plan", "--table", "passes", "--format", "json", "--out", "report.json")
    assert (done.exit_code, done.stdout) == (0, "")
    assert Path("report.json").read_bytes() == shown.encode()
    assert sorted(path.name for path in Path().iterdir()) == ["plan", "report.json"]


def test_an_older_report_is_replaced(run: Run) -> None:
    Path("report.txt").write_text("old", encoding="utf-8")
    run("check", "plan", "--table", "fails", "--out", "report.txt")
    assert "\nOVERALL: FAIL" in Path("report.txt").read_text(encoding="utf-8")


def test_a_check_that_breaks_off_leaves_the_older_report_alone(run: Run) -> None:
    Path("report.txt").write_text("old", encoding="utf-8")
    assert run("check", "plan", "--table", "nope", "--out", "report.txt").exit_code == 2
    assert Path("report.txt").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["plan", "report.txt"]


@pytest.mark.parametrize("out", ["nowhere/report.txt", "plan", ".", "..", "/"])
def test_a_file_that_cannot_be_written_is_found_before_anything_is_computed(
    run: Run, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.setattr(api, "load_plan", lambda *_, **__: pytest.fail("computed first"))
    done = run("check", "plan", "--table", "passes", "--out", out)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"sbrtcheck: {out}: cannot be written")


def test_an_empty_name_is_no_file(run: Run) -> None:
    done = run("check", "plan", "--table", "passes", "--out", "")
    assert done.exit_code == 2
    assert done.stderr.startswith("sbrtcheck: .: cannot be written (it is a folder)")


def test_a_link_stays_a_link_and_what_it_leads_to_is_replaced(run: Run) -> None:
    Path("shared").mkdir()
    Path("shared/report.txt").write_text("old", encoding="utf-8")
    for link, goal in (("report.txt", "shared/report.txt"), ("fresh.txt", "shared/fresh.txt")):
        symlink(link, goal)
        assert run("check", "plan", "--table", "passes", "--out", link).exit_code == 0
        assert Path(link).is_symlink()
        assert "\nOVERALL: PASS" in Path(goal).read_text(encoding="utf-8")
    assert sorted(path.name for path in Path("shared").iterdir()) == ["fresh.txt", "report.txt"]


def symlink(link: str, goal: str) -> None:
    try:
        Path(link).symlink_to(goal)
    except OSError:
        pytest.skip("this system lets not everybody make links")


def test_a_link_that_leads_to_itself_is_an_output_error(run: Run) -> None:
    symlink("loop.txt", "loop.txt")
    done = run("check", "plan", "--table", "passes", "--out", "loop.txt")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_a_device_is_written_to_and_stays(run: Run) -> None:
    before = Path(os.devnull).stat()
    assert run("check", "plan", "--table", "passes", "--out", os.devnull).exit_code == 0
    after = Path(os.devnull).stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_device_that_takes_nothing_is_an_output_error(run: Run) -> None:
    done = run("check", "plan", "--table", "passes", "--out", "/dev/full")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "/dev/full: cannot be written (No space left on device)" in done.stderr


@pytest.mark.parametrize("head", [b"\0" * 128 + b"DICM\2\0", b"\x08\x00\x05\x00CS"])
@pytest.mark.parametrize("out", ["plan/dose.dcm", "elsewhere.dcm"])
def test_a_dicom_file_is_never_replaced(run: Run, head: bytes, out: str) -> None:
    Path(out).write_bytes(head)
    done = run("check", "plan", "--table", "passes", "--out", out)
    assert done.exit_code == 2
    assert done.stderr == (
        f"sbrtcheck: {out}: is a DICOM file already, and none is ever overwritten;"
        " give the result a file of its own, or remove that one\n"
    )
    assert Path(out).read_bytes() == head


@pytest.mark.parametrize("option", ["--names", "--table"])
def test_a_file_given_as_an_input_is_not_replaced(run: Run, option: str) -> None:
    Path("given.yaml").write_text("PTV: x\n", encoding="utf-8")
    done = run("check", "plan", "--table", "passes", option, "given.yaml", "--out", "given.yaml")
    assert (done.exit_code, "is an input" in done.stderr) == (2, True)
    assert Path("given.yaml").read_text(encoding="utf-8") == "PTV: x\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such rights")
def test_an_older_reports_rights_are_kept(run: Run) -> None:
    Path("report.txt").write_text("old", encoding="utf-8")
    Path("report.txt").chmod(0o600)
    run("check", "plan", "--table", "passes", "--out", "report.txt")
    assert Path("report.txt").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_an_output_error_and_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_draft: Path, _target: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    done = run("check", "plan", "--table", "passes", "--out", "report.txt")
    assert done.exit_code == 2
    assert "cannot be written (No space left on device)" in done.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["plan"]


# -------------------------------------------------------------------------------- the other commands


def test_the_tables_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from sbrtcheck import tables

    monkeypatch.setattr(tables, "bundled_tables", lambda: (TABLES["passes"],))
    assert "passes" in run("tables").stdout
    assert json.loads(run("tables", "--format", "json").stdout)["tables"][0]["id"] == "passes"


@pytest.mark.parametrize("name", list(DVH_FORMATS))
def test_dvhs_are_shown_in_every_format(run: Run, name: str) -> None:
    done = run("dvh", "plan", "--format", name)
    assert done.exit_code == 0
    assert "SpinalCord" in done.stdout


def test_only_the_dvh_asked_for_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "load_plan", lambda *_, **__: plan_of(SpinalCord=0.0, Heart=10.0))
    done = run("dvh", "plan", "--structure", "Heart")
    assert "Heart" in done.stdout
    assert "SpinalCord" not in done.stdout


@pytest.mark.parametrize("origin", options.DVHS)
def test_a_structure_the_plan_has_not_is_an_input_error_that_lists_those_it_has(run: Run, origin: str) -> None:
    done = run("dvh", "plan", "--structure", "Heart", "--dvhs", origin)
    assert done.exit_code == 2
    assert done.stderr == "sbrtcheck: the plan has no structure Heart; it has: SpinalCord\n"


def test_bed_and_eqd2_of_48_gy_in_6_are_86_and_72_gy(run: Run) -> None:
    done = run("bed", "48", "6", "--alpha-beta", "10")  # 48 (1 + 8 / 10); 48 (8 + 10) / (2 + 10)
    assert done.stdout.splitlines()[1:] == ["BED  86.40 Gy", "EQD2 72.00 Gy"]


def test_a_dose_beyond_the_models_range_is_converted_with_a_note(run: Run) -> None:
    done = run("bed", "34", "1", "--alpha-beta", "10")
    assert done.stdout.splitlines()[1] == "BED  149.60 Gy"
    assert done.stdout.splitlines()[3].startswith("Note: up to 34 Gy a fraction")


@pytest.mark.parametrize(
    "args",
    [
        ("48", "0", "--alpha-beta", "10"),
        ("48", "6", "--alpha-beta", "0"),
        ("nan", "6", "--alpha-beta", "3"),
        ("1e308", "1", "--alpha-beta", "1e-5"),
        ("50", "9" * 400, "--alpha-beta", "3"),
    ],
)
def test_a_course_that_cannot_be_is_an_input_error(run: Run, args: tuple[str, ...]) -> None:
    done = run("bed", *args)
    assert done.exit_code == 2
    assert done.stderr.startswith("sbrtcheck: ")


@pytest.mark.parametrize(
    "args", [("check",), ("check", "plan", "--format", "pdf"), ("frobnicate",), ("bed", "48", "6")]
)
def test_wrong_usage_is_exit_2(run: Run, args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2


# -------------------------------------------------------------------------------- consoles and pipes


def in_a_process(code: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, check=False, env=os.environ | environment
    )


def test_a_console_without_the_characters_shows_stand_ins_and_does_not_crash() -> None:
    code = (
        "from sbrtcheck.cli import streams; streams.make_streams_safe();"
        "streams.print_text('Geh\\u00f6rgang \\u2192 \\u03b1\\n')"
    )
    done = in_a_process(code, PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["Gehörgang".encode("cp1252"), b"[U+2192]", b"[U+03B1]"]


@pytest.mark.parametrize(
    ("name", "encoding", "said"), [("α and 肺", "cp1252", 1), ("Öhr", "cp1252", 0), ("肺", "utf-8", 0)]
)
def test_a_character_that_the_console_lacks_is_shown_and_said_and_the_exit_code_stays(
    run: Run, tmp_path: Path, name: str, encoding: str, said: int
) -> None:
    (tmp_path / "names.yaml").write_text(f"Heart: '{name}'\n", encoding="utf-8")
    words = ["-m", "sbrtcheck", "check", str(LUNG_PLAN), "--table", "rtog-0813", "--names", "names.yaml"]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, *words], capture_output=True, check=False, env=environment, cwd=tmp_path
    )
    shown = name if encoding == "utf-8" else name.replace("α", "[U+03B1]").replace("肺", "[U+80BA]")
    assert shown in done.stdout.decode(encoding)
    assert done.stderr.decode(encoding).count("does not have are shown by their number") == said
    assert done.returncode == 3  # a given name that the plan does not have


@pytest.fixture(scope="module")
def named_in_japanese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lung plan with characters in its names that consoles lack."""
    folder = tmp_path_factory.mktemp("plan")
    for path in LUNG_PLAN.iterdir():
        dataset = dcmread(path)
        dataset.SpecificCharacterSet = "ISO_IR 192"
        for roi in dataset.get("StructureSetROISequence", ()):
            roi.ROIName = {"Heart": "Herz 心臓 α ß", "Rib": "Rippe→ü"}.get(roi.ROIName, roi.ROIName)
        if "RTPlanLabel" in dataset:
            dataset.RTPlanLabel = "LÜNGE α"
        dataset.save_as(folder / path.name)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        *(f"check PLAN --table rtog-0813 --format {name}" for name in ("text", "markdown", "csv", "json")),
        *("check PLAN --site lung", "names PLAN --table rtog-0813", "dvh PLAN", "risk PLAN", "sum PLAN PLAN"),
        *("compare PLAN PLAN --table rtog-0813", "compare PLAN PLAN PLAN --table rtog-0813 --format markdown"),
        *("tables", "tables rtog-0813 --evidence", "check 心", "--help"),
    ],
)
@pytest.mark.parametrize("encoding", ["cp1252", "cp850"])
def test_no_command_loses_a_character_on_a_console_that_lacks_it(
    named_in_japanese: Path, words: str, encoding: str
) -> None:
    """With the stand-ins undone, and the line that tells of them left out, it is the output in UTF-8."""
    command = [str(named_in_japanese) if word == "PLAN" else word for word in words.split()]
    there, here = (CliRunner(charset=charset).invoke(main, command) for charset in (encoding, "utf-8"))
    assert there.exit_code == here.exit_code
    assert there.exit_code != exit_codes.OUR_FAULT
    for one, other in ((there.stdout_bytes, here.stdout), (there.stderr_bytes, here.stderr)):
        lines = [line for line in one.decode(encoding).splitlines() if "are shown by their number" not in line]
        whole = re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda found: chr(int(found[1], 16)), "\n".join(lines))
        assert whole == "\n".join(other.splitlines())
    assert ("[U+" in there.stdout + there.stderr) == ("are shown by their number" in there.stderr)


def test_a_page_on_standard_output_is_utf_8_as_it_says_whatever_the_console_has() -> None:
    words = ["-m", "sbrtcheck", "check", str(LUNG_PLAN), "--table", "rtog-0813", "--format", "html"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, *words], capture_output=True, check=False, env=environment)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode("utf-8").replace("\r\n", "\n")
    assert shown == FORMATS["html"](api.check(LUNG_PLAN, "rtog-0813"))


def test_a_check_of_plain_files_loads_neither_pydicom_nor_what_other_commands_need() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from sbrtcheck.cli import main;"
        f"done = CliRunner().invoke(main, ['check', {str(LUNG_PLAN)!r}, '--table', 'rtog-0813']);"
        "others = {'pydicom', 'highdicom', 'dicompylercore', 'matplotlib', 'sbrtcheck.text_export', 'webbrowser'};"
        "print(done.exit_code, others & {*sys.modules})"
    )
    done = in_a_process(code)
    assert done.stdout.split(maxsplit=1) == [b"0", b"set()\n"], done.stderr


def test_a_reader_that_has_gone_away_is_no_error() -> None:
    code = (
        "import os, sys; from sbrtcheck.cli import streams; read, write = os.pipe(); os.dup2(write, 1);"
        "os.close(write); os.close(read); streams.print_text('x' * 100000)"
    )
    done = in_a_process(code)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_package_is_the_command_when_python_runs_it() -> None:
    done = subprocess.run([sys.executable, "-m", "sbrtcheck", "--version"], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, f"sbrtcheck, version {__version__}\n"), done.stderr


COMMAND = f"'{sys.executable}' -c 'from sbrtcheck.cli import main; main()'"


def in_a_shell(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", code], capture_output=True, check=False, text=True)  # noqa: S603


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="shell of POSIX")
@pytest.mark.parametrize("args", ["tables", "bed 48 6 --alpha-beta 10", "--help", "check --help", "--version"])
@pytest.mark.parametrize("to", ["closed", "full", "gone"])
def test_standard_output_that_takes_nothing_is_one_line_and_never_a_verdict(args: str, to: str) -> None:
    if to == "full" and not Path("/dev/full").exists():
        pytest.skip("only Linux has a disk that is always full")
    redirect = {"closed": ">&-", "full": ">/dev/full", "gone": "| true"}[to]
    done = in_a_shell(f"{{ {COMMAND} {args}; echo $? >&2; }} {redirect}")
    *said, exit_code = done.stderr.splitlines()
    works = to == "gone" or (to == "closed" and args.endswith(("--help", "--version")))  # nobody to miss the text
    assert int(exit_code) == (0 if works else 2), done.stderr
    assert len(said) == (0 if works else 1), done.stderr
    assert all(line.startswith("sbrtcheck: standard output: cannot be written (") for line in said)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="shell of POSIX")
def test_nobody_listening_to_errors_changes_no_exit_code() -> None:
    assert in_a_shell(f"{COMMAND} check nowhere --table tg101-5fx 2>&-").returncode == 2


# -------------------------------------------------------------------------------- the front door in Python


def test_the_front_door_takes_tables_paths_and_mappings(run: Run) -> None:
    report = api.check("plan", [TABLES["passes"], "everywhere"], names={"SpinalCord": "SpinalCord"})
    assert [one.id for one in report.tables] == ["passes", "everywhere"]
    assert report.outcomes[0].rule == "given by the user"


def test_a_named_table_of_the_site_is_taken_once(run: Run) -> None:
    report = api.check("plan", "everywhere", site="lung")
    assert [one.id for one in report.tables].count("everywhere") == 1


def test_only_the_structures_the_tables_need_are_computed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    compute = plan_dvhs.computed_dvhs
    monkeypatch.setattr(api, "load_plan", lambda *_, **__: plan_of(SpinalCord=0.0, Heart=5.0))
    monkeypatch.setattr(
        plan_dvhs,
        "computed_dvhs",
        lambda plan, structures, *rest: asked.append(structures) or compute(plan, structures, *rest),
    )
    api.check("plan", "passes")
    assert asked == [{"SpinalCord"}]


@pytest.mark.parametrize(
    "option",
    [{"dvhs": "guessed"}, {"end_caps": "round"}, {"slice_interpolation": "none"}, {"dose_interpolation": "linear"}],
)
def test_a_choice_that_is_none_is_an_input_error(run: Run, option: dict[str, str]) -> None:
    with pytest.raises(InputError, match="choose one of"):
        api.check("plan", "passes", **option)


@pytest.mark.parametrize(
    ("text", "dose_gy", "fractions"),
    [
        ("50Gy/5", 50.0, 5),
        ("50 Gy / 5", 50.0, 5),
        ("5000cGy/5", 50.0, 5),
        ("7,5 gy/1", 7.5, 1),
        ("50 Gy in 5", 50.0, 5),
        ("50 Gy in 5 fractions", 50.0, 5),
        ("50 Gy / 5 fx", 50.0, 5),
        ("5x10Gy", 50.0, 5),
        ("3 × 1,5 Gy", 4.5, 3),
        ("5 x 1000 cGy", 50.0, 5),
    ],
)
def test_a_prescription_is_read_with_its_unit(text: str, dose_gy: float, fractions: int) -> None:
    assert api.parse_prescription(text) == Prescription(dose_gy=dose_gy, fractions=fractions)


@given(st.integers(100, 10_000), st.integers(1, 40))
def test_one_prescription_in_all_its_spellings(cgy: int, fractions: int) -> None:
    rx = Prescription(dose_gy=cgy / 100, fractions=fractions)
    texts = [f"{cgy / 100}Gy/{fractions}", f"{cgy} cGy in {fractions} fx", f"{cgy / 100} Gy / {fractions} fractions"]
    assert all(read_prescription(text) == rx for text in texts)
    if fractions * cgy <= 100_000:
        times = read_prescription(f"{fractions}x{cgy}cGy")
        assert times is not None
        assert (times.dose_gy, times.fractions) == (pytest.approx(fractions * cgy / 100), fractions)
    pair = (cgy / 100, fractions)
    if cgy >= 100 * fractions:
        assert read_prescription(pair) == read_prescription(list(pair)) == rx
    else:  # less than 1 Gy a fraction: the two may have changed places
        with pytest.raises(InputError, match="the dose comes first"):
            read_prescription(pair)


@pytest.mark.parametrize("text", ["10Gyx5", "50 Gy x 5", "12Gy*4fx"])
def test_a_dose_before_the_number_of_times_may_be_two_things(text: str) -> None:
    with pytest.raises(InputError, match="may be the dose of the course or that of a fraction"):
        api.parse_prescription(text)


@pytest.mark.parametrize(
    "text", ["", "50/5", "5x10", "50 in 5", "50Gy", "50Gy/0", "0Gy/5", "50Gy/5x", "-50Gy/5", "50Gy/2.5", "nanGy/5"]
)
def test_a_prescription_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"cannot be (read|right)"):
        api.parse_prescription(text)


@pytest.mark.parametrize(
    "text", ["50Gy/" + "9" * 5000, "9" * 400 + "Gy/5", "1001Gy/5", "50Gy/1001", "9" * 400 + "cGy/5"]
)
def test_a_prescription_that_no_course_has_is_refused_in_a_short_line(text: str) -> None:
    with pytest.raises(InputError, match="cannot be right") as caught:
        api.parse_prescription(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("dose_gy", [0.0, -50.0, float("nan"), float("inf")])
def test_a_prescription_made_in_python_has_the_same_bounds(run: Run, dose_gy: float) -> None:
    with pytest.raises(InputError, match="cannot be right"):
        api.check("plan", "passes", prescription=Prescription(dose_gy=dose_gy, fractions=5))


# -------------------------------------------------------------------------------- on a plan in files

LUNG_PLAN = ROOT / "examples" / "plans" / "lung-50gy-5fx"


def check_in_a_process(**environment: str) -> subprocess.CompletedProcess[bytes]:
    code = "from sbrtcheck.cli import main; main()"
    args = ("check", str(LUNG_PLAN), "--site", "lung", "--format", "json")
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *args], capture_output=True, check=False, env=os.environ | environment
    )


@pytest.mark.slow
def test_the_bundled_lung_plan_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    one, other = check_in_a_process(PYTHONHASHSEED="1"), check_in_a_process(PYTHONHASHSEED="2")
    assert one.stderr == b""
    assert one.stdout == other.stdout
    as_dict = json.loads(one.stdout)
    of_lung = {t.id for t in bundled_tables() if t.site in ("lung", "multi") and t.holds_for(5)}
    assert {table["id"] for table in as_dict["tables"]} == of_lung > {"rtog-0813", "rtog-conformity", "tg101-5fx"}
    assert one.returncode == {"PASS": 0, "VARIATION": 0, "FAIL": 1, "REVIEW": 3}[as_dict["verdict"]]
    assert sum(outcome["value"] is not None for outcome in as_dict["outcomes"]) > 20


@pytest.mark.slow
def test_the_bundled_lung_plan_holds_no_band_that_leaves_out_its_value() -> None:
    done = CliRunner().invoke(main, ["check", str(LUNG_PLAN), "--site", "lung", "--format", "json"])
    for outcome in json.loads(done.stdout)["outcomes"]:
        if outcome["value"] is not None:
            assert outcome["low"] <= outcome["value"] <= outcome["high"], outcome["row"]

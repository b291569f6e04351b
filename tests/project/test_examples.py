"""Every script in examples/ runs as a reader would run it, and prints what it promises."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

import sbrtcheck
from folders import ROOT

EXAMPLES = ROOT / "examples"
KEY_LINES = {
    "check_a_plan.py": "Duodenum: D0.035cc[Gy] below 22.2, measured",
    "step_by_step.py": "RTOG 0813, organs and coverage, five fractions: PASS",
    "own_table.py": "Overall: PASS",
    "compare_fractionations.py": "50 Gy in 5        100.0",
    "make_export.py": "Structure: SpinalCord",
    "scripts/archive_to_duckdb.py": "2 plans: 1 checked, 1 of them failing; 1 not checked",
    "scripts/arrays_and_masks.py": "PTV: ",
    "scripts/check_and_branch.py": "Beyond a limit: Duodenum D5cc[Gy], Duodenum D0.035cc[Gy]",
    "scripts/datasets_of_a_listener.py": "3 Datasets: PASS",
    "scripts/metrics_to_dataframe.py": "D0.035cc[Gy]",
    "scripts/settle_names.py": "Settled: ProxBronchTree + Trachea D4cc[Gy] on Bronchus_Main + Trachea: ",
    "scripts/table_of_rows.py": "PASS: (unconfirmed) SpinalCord D0.035cc[Gy] below 30",
    "scripts/two_courses.py": "Both courses: SpinalCord D0.035cc in EQD2",
}
# have tests of their own; quickstart.py makes an environment and installs into it, which needs a package index
ELSEWHERE = {"make_archive.py", "make_plans.py", "phantom.py", "quickstart.py"}


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own scripts
        [sys.executable, "-X", "utf8", "-W", "error", str(EXAMPLES / script)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def test_no_script_is_forgotten() -> None:
    scripts = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")}
    assert scripts - ELSEWHERE == set(KEY_LINES)


@pytest.mark.slow
@pytest.mark.parametrize("script", KEY_LINES)
def test_the_script_runs_and_prints_its_key_line(script: str) -> None:
    done = run(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert KEY_LINES[script] in done.stdout
    assert "PHANTOM^" not in done.stdout  # no patient's name, not even a phantom's


@pytest.mark.parametrize("script", KEY_LINES)
def test_a_script_is_short(script: str) -> None:
    assert len((EXAMPLES / script).read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("script", [script for script in KEY_LINES if script.startswith("scripts/")])
def test_a_script_of_a_user_is_under_fifteen_lines_of_code(script: str) -> None:
    docstring, *code = ast.parse((EXAMPLES / script).read_text(encoding="utf-8")).body
    source = (EXAMPLES / script).read_text(encoding="utf-8").splitlines()[docstring.end_lineno :]
    assert code
    assert len([line for line in source if line.strip() and not line.lstrip().startswith("#")]) < 15


def test_the_example_table_has_no_number_of_its_own() -> None:
    bundled = {
        (row.structures, str(row.metric), row.sense, row.limit, row.acceptable, row.volume_threshold, row.source)
        for table in ("liver-critical-volume-3fx", "tg101-3fx")
        for row in sbrtcheck.load_table(table).rows
    }
    for row in sbrtcheck.load_table(EXAMPLES / "my-clinic.yaml").rows:
        printed = (row.structures, str(row.metric), row.sense, row.limit, row.acceptable, row.volume_threshold)
        assert (*printed, row.source) in bundled

"""What is in the wheel and in the sdist, and that an installed package finds its tables however it was installed."""

from __future__ import annotations

import email
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import install_offline
import sbrtcheck
from folders import ROOT

TABLES = {path.relative_to(ROOT / "constraints").as_posix(): path for path in ROOT.glob("constraints/*/*.yaml")}
SHIPPED = {path.relative_to(ROOT / "constraints").as_posix(): path for path in ROOT.glob("constraints/**/*.yaml")}
DEMO = ROOT / "examples" / "plans" / "lung-50gy-5fx"
FIND = """
import json, sys
sys.path[:0] = sys.argv[1:]
import sbrtcheck
from sbrtcheck.reference_data import load_regimens
from sbrtcheck.tables import bundled_tables
from sbrtcheck.structure_names import known_names
found = {table.id: table.sha256 for table in bundled_tables()}
print(json.dumps({"package": sbrtcheck.__file__, "tables": found, "names": len(known_names()),
                  "regimens": len(load_regimens().regimens)}))
"""


def run(*words: object) -> str:
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist of this checkout, and the wheel made from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("sbrtcheck-*-py3-none-any.whl")
    return path


@pytest.fixture(scope="module")
def in_wheel(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def in_sdist(dist: Path) -> set[str]:
    (path,) = dist.glob("sbrtcheck-*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def tracked(folder: str) -> set[str]:
    """Files of a folder of the checkout, but what running and building leave there."""
    left = {"__pycache__", "_build", "_pictures", "_tables"}
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and not left & {*path.parts})
    return {path.relative_to(ROOT).as_posix() for path in files}


@pytest.mark.slow
def test_the_wheel_has_the_tables_of_the_checkout_byte_for_byte(in_wheel: dict[str, bytes]) -> None:
    prefix = "sbrtcheck/_constraints/"
    shipped = {name.removeprefix(prefix): raw for name, raw in in_wheel.items() if name.startswith(prefix)}
    assert {name for name in shipped if name.endswith(".yaml")} == {*SHIPPED}
    assert all(shipped[name] == path.read_bytes() for name, path in SHIPPED.items())


def test_the_wheel_has_the_evidence_of_the_checkout_byte_for_byte(in_wheel: dict[str, bytes]) -> None:
    files = sorted((ROOT / "constraints" / "evidence").glob("*.csv"))
    assert [path.name for path in files] == ["documents.csv", "readings.csv"]
    for path in files:
        assert in_wheel[f"sbrtcheck/_constraints/evidence/{path.name}"] == path.read_bytes()


def test_the_wheel_has_every_file_of_the_package(in_wheel: dict[str, bytes]) -> None:
    assert {name.removeprefix("src/") for name in tracked("src")} <= {*in_wheel}
    names = {f"sbrtcheck/structure_names/{file}" for file in ("tg263_names.csv", "likeness.csv")}
    assert {"sbrtcheck/py.typed", *names} <= {*in_wheel}


def test_the_wheel_has_nothing_but_the_package_and_its_metadata(in_wheel: dict[str, bytes]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in in_wheel} == {"sbrtcheck"}
    assert not [name for name in in_wheel if name.endswith(".pyc")]


def test_the_wheel_has_the_plan_of_the_demo_and_no_other(in_wheel: dict[str, bytes]) -> None:
    files = {f"sbrtcheck/_demo/{path.name}": path.read_bytes() for path in DEMO.iterdir()}
    assert len(files) == 3
    assert {name: raw for name, raw in in_wheel.items() if name.endswith(".dcm")} == files


@pytest.fixture(scope="module")
def long_description(in_wheel: dict[str, bytes]) -> str:
    (metadata,) = (raw for name, raw in in_wheel.items() if name.endswith("/METADATA"))
    return email.message_from_string(metadata.decode()).get_payload()


def test_the_long_description_is_readme_with_links_that_lead_from_an_index_to_files_of_the_version(
    long_description: str,
) -> None:
    files = rf"https://github.com/sbrtcheck/sbrtcheck/(?:blob|raw)/v{re.escape(sbrtcheck.__version__)}/"
    links = re.findall(r"\]\(([^)]*)\)", long_description)
    assert not [link for link in links if not link.startswith(("https://", "#"))]
    of_files = [re.sub(files, "", link).partition("#")[0] for link in links if re.match(files, link)]
    assert len(of_files) > 5
    assert not [path for path in of_files if not (ROOT / path).exists()]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.sub(rf"\]\({files}", "](", long_description) == readme


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 3_000_000


def test_the_wheel_carries_its_licence(in_wheel: dict[str, bytes]) -> None:
    (licence,) = (raw for name, raw in in_wheel.items() if name.endswith("/licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("folder", ["src", "constraints", "requirements", "tests", "examples", "docs"])
def test_the_sdist_has_every_file_of_the_folder(in_sdist: set[str], folder: str) -> None:
    assert tracked(folder) <= in_sdist


def test_the_sdist_has_what_a_reader_looks_for_first(in_sdist: set[str]) -> None:
    assert {"README.md", "LICENSE", "CHANGELOG.md", "RELEASE_NOTES.md", "SECURITY.md", "pyproject.toml"} <= in_sdist


def assert_finds_its_data(said: str, home: Path) -> None:
    found = json.loads(said)
    assert Path(found["package"]).is_relative_to(home)
    assert set(found["tables"]) == {path.stem for path in TABLES.values()}
    assert all(found["tables"].values())
    assert found["names"] > 0
    assert found["regimens"] > 0


@pytest.mark.slow
def test_the_package_finds_its_data_inside_the_zipped_wheel(wheel: Path) -> None:
    assert_finds_its_data(run("-I", "-c", FIND, wheel), wheel)


@pytest.mark.slow
def test_the_package_finds_its_data_where_pip_installed_it(wheel: Path, tmp_path: Path) -> None:
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", tmp_path, wheel)
    assert_finds_its_data(run("-I", "-c", FIND, tmp_path), tmp_path)


@pytest.mark.slow
def test_the_package_finds_its_data_in_the_checkout() -> None:
    assert_finds_its_data(run("-I", "-c", FIND, ROOT / "src"), ROOT / "src")


# -------------------------------------------------------------------------------- a PC without internet

CORE = {  # what a check imports, and what these need
    *(
        "annotated-types",
        "click",
        "markdown-it-py",
        "mdurl",
        "numpy",
        "pydantic",
        "pydantic-core",
        "pydicom",
        "pygments",
    ),
    *("rapidfuzz", "rich", "ruamel-yaml", "scipy", "sbrtcheck", "typing-extensions", "typing-inspection"),
    "colorama",  # what click needs on Windows
}


@pytest.mark.slow
def test_a_folder_of_wheels_is_all_that_a_pc_without_internet_needs(wheel: Path, tmp_path: Path) -> None:
    installed = install_offline.install("", tmp_path, wheel=wheel)
    assert installed.packages <= CORE
    assert installed.environment_mb < 310
    assert installed.demo == installed.check == "PASS on 18 of 18"

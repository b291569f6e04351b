"""Everything a change has to pass, in a virtual environment made for it: ``python tests/run_all.py``.

Needs Python 3.11 or newer and a package index; uses nothing but the standard library. All checks run, also after one
has failed; the exit code is that of the first that failed.

``--versions`` says of which packages the environment is: the *newest* that fit, *locked* ones with their hashes
(``requirements/development.txt``), or the *lowest* that pyproject.toml allows. With the lowest the tests alone are run:
checkers and documentation are tools of those who develop.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from browser_programs import LACKING, programs
from pacs_programs import LACKING_PACS, has_pacs

ROOT = Path(__file__).resolve().parent.parent
CHECKS = {
    "Style": ("ruff", "check", "."),
    "Layout": ("ruff", "format", "--check", "."),
    "Types": ("mypy",),
    "Types of the scripts of users": ("mypy", "examples/scripts"),
    "Types of the scripts of users, by the other checker": ("pyright",),
    "Direction of imports": ("lint-imports",),
    "Tests, examples, blocks of the documentation": ("pytest", "-n", "auto", "--hypothesis-profile", "repeatable"),
    "Documentation": ("sphinx-build", "-W", "-E", "-q", "-b", "html", "docs", "docs/_build/html"),
}


def main() -> int:
    """Install the checkout with its tools, run every check, sum up."""
    parser = argparse.ArgumentParser(description="Run everything a change has to pass.")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="default: .venv, .venv-locked or .venv-lowest")
    parser.add_argument("--versions", choices=["newest", "locked", "lowest"], default="newest", help="of packages")
    args = parser.parse_args()
    usual = ROOT / (".venv" if args.versions == "newest" else f".venv-{args.versions}")
    environment = made((args.venv or usual).resolve())
    for command in installing(environment, args.versions):
        if code := run(environment, "Installing", command):
            return code
    checks = {name: command for name, command in CHECKS.items() if args.versions != "lowest" or command[0] == "pytest"}
    codes = {name: run(environment, name, command) for name, command in checks.items()}
    say("\n=== Summary")
    for name, code in codes.items():
        say(f"{'ok    ' if code == 0 else 'FAILED'}  {name}")
    for tests in left_out():
        say(f"left out: {tests}")
    return next(filter(None, codes.values()), 0)


def installing(environment: Path, versions: str) -> list[tuple[str, ...]]:
    """Commands that put the checkout and its tools into the environment; pip knows no lowest versions, uv does."""
    pip = ("python", "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    if versions == "newest":
        return [(*pip, "--editable", ".[dev,batch]")]
    if versions == "locked":
        lock = (*pip, "--require-hashes", "--requirement", "requirements/development.txt")
        return [lock, (*pip, "--no-deps", "--no-build-isolation", "--editable", ".")]
    target = ("--editable", ".[dev,batch]", "--python", program(environment, "python"))
    return [(*pip, "uv"), ("uv", "pip", "install", "--quiet", "--resolution", "lowest-direct", *target)]


def left_out() -> Iterator[str]:
    """Tests that were skipped because a program is not installed, and which."""
    if programs() is None:
        yield f"tests of the HTML report in a browser: {LACKING}"
    if shutil.which("dciodvfy") is None:
        yield "validation of the DICOM objects that are written: there is no dciodvfy (Debian's dicom3tools)"
    if not has_pacs():
        yield f"a push from a real PACS, and a DICOMweb batch of one: {LACKING_PACS}"


def made(folder: Path) -> Path:
    """A virtual environment in that folder, made if it is not there."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this script may be started by any Python
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    if not (folder / "pyvenv.cfg").exists():
        say(f"Making a virtual environment in {folder}")
        venv.create(folder, with_pip=True)
    return folder


def program(environment: Path, name: str) -> str:
    """Path of a program of the environment."""
    return str(environment / "Scripts" / f"{name}.exe" if os.name == "nt" else environment / "bin" / name)


def run(environment: Path, name: str, command: tuple[str, ...]) -> int:
    """Run a program of the environment in the checkout, under a heading; its exit code."""
    say(f"\n=== {name}: {' '.join(command)}")
    start = time.monotonic()
    started = Path(program(environment, command[0]))
    # pyright looks for packages where the first `python` of the path has them; and of the hundreds of programs that
    # tests start, each would compile every module anew where it is forbidden to keep what is compiled
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    surroundings["PATH"] = f"{started.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    surroundings["PYTHONPYCACHEPREFIX"] = str(environment / "compiled")
    code = subprocess.run([started, *command[1:]], cwd=ROOT, check=False, env=surroundings).returncode  # noqa: S603
    say(f"=== {name}: {'ok' if code == 0 else f'FAILED with exit code {code}'}, {time.monotonic() - start:.0f} s")
    return code


def say(line: str) -> None:
    """Print a line at once, so that it stands before what the next program prints."""
    print(line, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())

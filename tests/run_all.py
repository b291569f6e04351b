"""Everything a change has to pass, in a virtual environment made for it: ``python tests/run_all.py``.

Needs Python 3.11 or newer and a package index; uses nothing but the standard library. All checks run, also after one
has failed; the exit code is that of the first that failed.

``--versions`` says of which packages the environment is: the *newest* that fit, *locked* ones with their hashes
(``tests/locked_versions.txt``), or the *lowest* that pyproject.toml allows. With the lowest the tests alone are run:
checkers and documentation are tools of those who develop. What the tests came to is counted in ``.cache/counts``, and
``python tests/validation/run.py`` reads it there: no test is run twice for the validation report.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from browser_programs import LACKING, programs
from pacs_programs import LACKING_PACS, has_pacs

ROOT = Path(__file__).resolve().parent.parent
ON_ONE_CORE = {
    "Style": ("ruff", "check", "."),
    "Layout": ("ruff", "format", "--check", "."),
    "Types": ("mypy",),
    "Types of the scripts of users": ("mypy", "examples/scripts"),
    "Types of the scripts of users, by the other checker": ("pyright",),
    "Direction of imports": ("lint-imports",),
    # all pages are read and their references looked up; to write them as HTML as well takes as long again, by night
    "Documentation": ("sphinx-build", "-W", "-E", "-q", "-b", "dummy", "docs", "docs/_build/dummy"),
}
"""One after the other, beside the tests, which often wait: for a server, a program, or the last test of all."""

WORKERS = str((os.cpu_count() or 1) + 1)  # one more than cores: some always wait for a server, a browser, a program
TESTS = ("pytest", "-n", WORKERS, "--dist", "worksteal", "--hypothesis-profile", "repeatable")
"""Tests stay with their neighbours, whose fixtures they share, until a worker has nothing left to do."""


COUNTS = ".cache/counts"
"""Where a run leaves what it counted, a file for each of ``--versions``; the validation report is made of them."""


def counted_in(versions: str) -> str:
    """The option of the tests that has them counted.

    One word: pytest takes a file by itself, once it is there, for the tests to run, and then does not know the option.
    """
    return f"--counts={COUNTS}/{versions}.json"


def main() -> int:
    """Install the checkout with its tools, run every check, sum up."""
    sys.stdout.reconfigure(errors="replace")  # what programs print may hold what the console lacks
    parser = argparse.ArgumentParser(description="Run everything a change has to pass.")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="default: .venv, .venv-locked or .venv-lowest")
    parser.add_argument("--versions", choices=["newest", "locked", "lowest"], default="newest", help="of packages")
    args = parser.parse_args()
    usual = ROOT / (".venv" if args.versions == "newest" else f".venv-{args.versions}")
    environment = made((args.venv or usual).resolve())
    if code := installed(environment, args.versions):
        return code
    beside = {} if args.versions == "lowest" else ON_ONE_CORE  # what is not run is written for the newest
    tests = (*TESTS, counted_in(args.versions))
    with ThreadPoolExecutor(1) as other:
        read = other.submit(run_each, environment, beside, at_once=True)
        codes = run_each(environment, {"Tests, examples, blocks of the documentation": tests})
    codes = read.result() | codes
    say("\n=== Summary")
    for name, code in codes.items():
        say(f"{'ok    ' if code == 0 else 'FAILED'}  {name}")
    for tests in left_out():
        say(f"left out: {tests}")
    return next(filter(None, codes.values()), 0)


def run_each(environment: Path, checks: Mapping[str, tuple[str, ...]], *, at_once: bool = False) -> dict[str, int]:
    """Run checks one after the other; their exit codes."""
    return {name: run(environment, name, command, at_once=at_once) for name, command in checks.items()}


CANNOT_START = 126
"""The exit code of a program that could not be started; shells have the same."""

PIP = ("python", "-m", "pip", "install", "-qq", "--disable-pip-version-check")


def installed(environment: Path, versions: str) -> int:
    """Install the checkout with its tools: by uv, in a tenth of pip's time, or by pip where uv is not to be had."""
    if versions == "locked":
        lock = (*PIP, "--require-hashes", "--requirement", "tests/locked_versions.txt")
        checkout = (*PIP, "--no-deps", "--no-build-isolation", "--editable", ".")
        return run(environment, "Installing what is locked", lock) or run(environment, "Installing", checkout)
    what = ("--editable", ".[dev,batch]")
    if run(environment, "Getting uv", (*PIP, "uv")) == 0:
        lowest = ("--resolution", "lowest-direct") if versions == "lowest" else ()
        uv = ("uv", "pip", "install", "--quiet", "--python", program(environment, "python"), *lowest, *what)
        if (code := run(environment, "Installing", uv, as_pip_is_told(environment))) == 0:
            return code
    if versions == "lowest":
        sys.exit("The lowest versions are found by uv, which is not to be had or failed.")
    return run(environment, "Installing by pip", (*PIP, *what))


OF_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "constraint": "UV_CONSTRAINT",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
"""What pip's settings are called where uv looks for them."""


def as_pip_is_told(environment: Path) -> dict[str, str]:
    """Where packages come from by the settings of pip, for uv; what uv is told itself stays."""
    pip = [program(environment, "python"), "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, capture_output=True, text=True, check=False).stdout  # noqa: S603
    told = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip: the best of all indices, not of the first that has one
    for of in ("global.", "install.", ":env:."):  # the later ones count
        for line in listed.splitlines():
            name, _, value = line.removeprefix(of).partition("=")
            if line.startswith(of) and name in OF_UV:
                told[OF_UV[name]] = " ".join(ast.literal_eval(value).split())
    return told | {name: value for name, value in os.environ.items() if name in told}


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


def run(
    environment: Path,
    name: str,
    command: tuple[str, ...],
    told: Mapping[str, str] | None = None,
    *,
    at_once: bool = False,
) -> int:
    """Run a program of the environment in the checkout, under a heading; its exit code.

    ``at_once``: what it prints is printed when it has ended, in one piece, as others run beside it.
    """
    start = time.monotonic()
    started = Path(program(environment, command[0]))
    # pyright looks for packages where the first `python` of the path has them; and of the hundreds of programs that
    # tests start, each would compile every module anew where it is forbidden to keep what is compiled
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    surroundings |= told or {}
    surroundings["PATH"] = f"{started.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    surroundings["PYTHONPYCACHEPREFIX"] = str(environment / "compiled")
    heading = f"\n=== {name}: {' '.join(command)}"
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"} if at_once else {}
    if not at_once:
        say(heading)
    printed: list[str] = []
    try:
        done = subprocess.run([started, *command[1:]], cwd=ROOT, check=False, env=surroundings, **how)  # noqa: S603
    except OSError as fault:  # it is not there, or this machine does not let it start
        code, result = CANNOT_START, f"FAILED, cannot be started: {fault.strerror}"
    else:
        code, printed = done.returncode, done.stdout.splitlines() if at_once else []
        result = "ok" if code == 0 else f"FAILED with exit code {code}"
    ended = f"=== {name}: {result}, {time.monotonic() - start:.0f} s"
    say("\n".join((heading, *printed, ended)) if at_once else ended)
    return code


def say(line: str) -> None:
    """Print a line at once, so that it stands before what the next program prints."""
    print(line, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())

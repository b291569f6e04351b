"""Set sbrtcheck up in a virtual environment of its own and check a bundled plan: ``python examples/quickstart.py``.

Needs Python 3.11 or newer and a package index; uses nothing but the standard library. The exit code is that of
``sbrtcheck check``: 0 when the plan passes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAN = Path("examples", "plans", "lung-50gy-5fx")
TABLE = "rtog-0813"


def main() -> int:
    """Make the environment if it is not there, install this checkout into it, check the plan."""
    parser = argparse.ArgumentParser(description="Set sbrtcheck up and check a bundled plan.")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", metavar="DIR", help="default: .venv")
    environment = made(parser.parse_args().venv.resolve())
    run(environment, "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--editable", ".[html]")
    return run(environment, "sbrtcheck", "check", PLAN, "--table", TABLE, may_fail=True)


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


def run(environment: Path, name: str, *arguments: object, may_fail: bool = False) -> int:
    """Run a program of the environment in the checkout, after showing its command line; its exit code."""
    words = [*map(str, arguments)]
    say(f"$ {name} {' '.join(words)}")
    return subprocess.run([program(environment, name), *words], cwd=ROOT, check=not may_fail).returncode  # noqa: S603


def say(line: str) -> None:
    """Write a line on standard error at once: standard output is for the report."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

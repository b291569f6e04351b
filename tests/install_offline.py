"""Install sbrtcheck as a PC without internet would, and check that it works: ``python tests/install_offline.py``.

Needs Python 3.11 or newer and a package index for the first step; uses nothing but the standard library. With the
Python that it is run with: the wheel and what it needs are gathered in a folder; a fresh virtual environment is made;
from there on nothing but that folder is used, and every way to a network leads nowhere. For each extra that is asked
for it prints a line of the table in ``docs/how-to/hospital-pc.md``. The exit code is 1 where something does not work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAN = ROOT / "examples" / "plans" / "lung-50gy-5fx"
NOWHERE = "http://127.0.0.1:9"  # the port "discard", where nothing listens
TOOLS = ("pip", "setuptools")  # what the environment brings itself
VERDICT = re.compile(r"(?:OVERALL|rtog-0813): ([A-Z]+ on \d+ of \d+) rows")
HEADING = "| Python | installed | wheels | packages | on disk | demo | check |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What was seen of one installation; sizes in MB of a million bytes."""

    extra: str
    wheels: int
    wheels_mb: float
    packages: frozenset[str]
    environment_mb: float
    demo: str
    check: str

    def row(self) -> str:
        """The line of the table."""
        name = f"sbrtcheck[{self.extra}]" if self.extra else "sbrtcheck"
        return (
            f"| {platform.python_version()} | `{name}` | {self.wheels} files, {self.wheels_mb:.0f} MB |"
            f" {len(self.packages)} | {self.environment_mb:.0f} MB | {self.demo} | {self.check} |"
        )


def main() -> int:
    """Install each extra, print the table."""
    parser = argparse.ArgumentParser(description="Install sbrtcheck from a folder of wheels, without network.")
    parser.add_argument("--extra", action="append", metavar="NAME", help='such as "all"; default: none, then html')
    parser.add_argument("--wheel", type=Path, metavar="FILE", help="default: one is built of this checkout")
    arguments = parser.parse_args()
    extras = arguments.extra or ["", "html"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = [install(extra, Path(folder) / f"extra-{extra}", wheel=arguments.wheel).row() for extra in extras]
        except subprocess.CalledProcessError as failed:
            say(f"FAILED: {' '.join(failed.cmd)}\n{failed.stdout}{failed.stderr}")
            return 1
        except ValueError as failed:
            say(f"FAILED: {failed}")
            return 1
    say("\n".join((HEADING, *rows)))
    return 0


def install(extra: str, folder: Path, *, wheel: Path | None = None) -> Installed:
    """Gather the wheels below that folder, install them there without network, run demo and check.

    Raises
    ------
    subprocess.CalledProcessError
        Of a step that did not work, with all that it printed.
    ValueError
        Demo or check gave no verdict.
    """
    wheels, environment = folder / "wheels", folder / "environment"
    gather(extra, wheels, wheel)
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    requirement = f"sbrtcheck[{extra}]" if extra else "sbrtcheck"
    pip = [str(programs / "python"), "-m", "pip", "--isolated", "--disable-pip-version-check"]
    run([*pip, "install", "--no-index", "--find-links", wheels, requirement], folder)
    listed = json.loads(run([*pip, "list", "--format", "json"], folder))
    demo = run([programs / "sbrtcheck", "demo", "--no-open"], folder)
    check = run([programs / "sbrtcheck", "check", PLAN, "--table", "rtog-0813"], folder)
    files = list(wheels.iterdir())
    return Installed(
        extra=extra,
        wheels=len(files),
        wheels_mb=megabytes(files),
        packages=frozenset(plain(package["name"]) for package in listed) - {*TOOLS},
        environment_mb=megabytes(path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()),
        demo=verdict(demo),
        check=verdict(check),
    )


def gather(extra: str, wheels: Path, wheel: Path | None) -> None:
    """Put the wheel, and those of all that it needs, into a folder: the one step that uses the package index."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    wheels.mkdir(parents=True)
    if wheel is None:
        run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, ROOT], ROOT, network=True)
        (wheel,) = wheels.iterdir()
    requirement = f"sbrtcheck[{extra}] @ {wheel.resolve().as_uri()}" if extra else wheel
    run([*pip, "download", "--quiet", "--dest", wheels, requirement], ROOT, network=True)


def run(command: Sequence[str | Path], folder: Path, *, network: bool = False) -> str:
    """What a program prints, which must end well; without network unless it is allowed."""
    environment = os.environ if network else without_network(os.environ)
    words = [str(word) for word in command]
    done = subprocess.run(  # noqa: S603
        words, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=True
    )
    return done.stdout + done.stderr


def without_network(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a PC without network, and without what another Python was told."""
    others = ("PYTHON", "PIP_", "NO_PROXY")
    own = {name: value for name, value in environment.items() if not name.upper().startswith(others)}
    return own | dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)


def plain(name: str) -> str:
    """The name of a package as the index writes it."""
    return name.lower().replace("_", "-").replace(".", "-")


def verdict(printed: str) -> str:
    """The overall verdict in what a command printed."""
    found = VERDICT.search(printed)
    if found is None:
        raise ValueError(f"no verdict in what was printed:\n{printed}")
    return found[1]


def megabytes(files: Iterable[Path]) -> float:
    """Size of files, in millions of bytes."""
    return sum(path.stat().st_size for path in files) / 1e6


def say(text: str) -> None:
    """Print."""
    print(text, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())

"""What one command of the validation found, as a file of JSON that the report is made of; standard library only.

A file says by which command it was made, when, on which commit and of which sources: a digest of all that decides
about numbers and verdicts (`src` and `constraints`), and for some sections of the files that they are about (`ABOUT`).
What was found of other sources is told apart from what is there now; pages and tests may change in between.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "validation"
"""Where the files are kept, each by the name of its section."""

DECIDES = ("src", "constraints")
_OF_PACKAGES = ("pyproject.toml", "tests/locked_versions.txt")
ABOUT = {
    "hazards": ("docs/hazards.yaml",),
    "adversarial-reading": ("docs/validation/adversarial-reading.yaml",),
    "dependencies": _OF_PACKAGES,
    "supply-chain": _OF_PACKAGES,
}
"""Section -> files that it is about: what was found of other ones does not count either."""

PACKAGES = ("numpy", "scipy", "pydicom", "ruamel.yaml", "pydantic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading, a sentence or two, and a table in Markdown; each may be empty."""

    heading: str = ""
    text: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """When, of what and where something was found.

    ``changed`` names what was not committed; ``sources`` is the digest of what was there when it was found.
    """

    date: str
    commit: str
    changed: tuple[str, ...]
    sources: str
    surroundings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Origin):
    """What was found: ``met`` is None where it was not all that the section asks for, whatever it came to.

    ``nothing``: nothing could be looked at, and the summary says why; such a section was not run.
    """

    section: str
    command: str
    summary: str
    met: bool | None
    parts: tuple[Part, ...]
    nothing: bool = False


def found(
    section: str,
    command: str,
    *,
    summary: str,
    met: bool | None,
    parts: Sequence[Part],
    origin: Origin | None = None,
    nothing: bool = False,
) -> Evidence:
    """Evidence of now and here, or of the origin given; RuntimeError where the sources changed since this began."""
    if digest() != BEGAN_WITH:
        raise RuntimeError("src or constraints changed while this ran: it is of neither")
    of = asdict(origin or here()) | {"sources": digest(section)}
    return Evidence(
        section=section, command=command, summary=summary, met=met, parts=tuple(parts), nothing=nothing, **of
    )


def here() -> Origin:
    """Now, and what is there."""
    commit, changed = state()
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Origin(date=date, commit=commit, changed=changed, sources=digest(), surroundings=surroundings())


def write(evidence: Evidence, folder: Path = FOLDER) -> Path:
    """The file of a section, replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{evidence.section}.json"
    path.write_text(json.dumps(asdict(evidence), indent=1, ensure_ascii=True) + "\n", encoding="utf-8", newline="\n")
    return path


def read(path: Path) -> Evidence:
    """A file as it was written; ValueError, TypeError or KeyError where it is none."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("met") not in (True, False, None):
        raise ValueError(f"{path.name} is not what a section found")
    parts = tuple(Part(**part) for part in content.pop("parts"))
    return Evidence(**{**content, "parts": parts, "changed": tuple(content.pop("changed"))})


def digest(section: str = "") -> str:
    """Of the names and bytes of all files that decide, whatever the ends of their lines; and of those of a section."""
    said = hashlib.sha256()
    decide = sorted(path for folder in DECIDES for path in (ROOT / folder).rglob("*") if path.is_file())
    for path in (*decide, *(ROOT / name for name in ABOUT.get(section, ()))):
        if "__pycache__" in path.parts or path.suffix == ".pyc":
            continue
        content = path.read_bytes().replace(b"\r\n", b"\n")
        said.update(f"{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode() + content)
    return said.hexdigest()[:16]


BEGAN_WITH = digest()
"""The sources when this was imported: what takes hours is not to be taken for evidence of what was edited meanwhile."""


def state() -> tuple[str, tuple[str, ...]]:
    """The commit, and what of the files that decide, or of the tests, is not in it; both "not known" without git."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    if commit is None:
        return "not known", ("not known",)
    lines = (_git("status", "--porcelain", "--", *DECIDES, "tests") or "").splitlines()
    return commit.strip(), tuple(sorted({line[3:].split("/")[0] for line in lines}))


def normal(name: str) -> str:
    """The name of a package as indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def surroundings(packages: Sequence[str] = PACKAGES) -> str:
    """System, processors, Python, and the versions that matter."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    return ", ".join([system, *(f"{name} {_version(name)}" for name in packages)])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"

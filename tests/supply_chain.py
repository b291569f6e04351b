"""Lock, list and look through what sbrtcheck depends on: ``python tests/supply_chain.py lock|check|sbom|audit``.

``lock``   writes ``tests/locked_versions.txt``: every package of the development environment, with hashes, for all
           systems and versions of Python that are supported. ``python tests/run_all.py --versions locked`` installs it.
``check``  says whether the lock fits pyproject.toml; a test runs it, and it needs no network.
``sbom``   writes ``dist/sbrtcheck.cdx.json``: a bill of materials (CycloneDX) of an environment with everything that
           ``sbrtcheck[all]`` installs, in the locked versions.
``audit``  looks for known weaknesses in these, and writes the section of the validation report. A package that nobody
           answered for is not called safe. ``--python 3.13``: of what is locked for another Python.

All but ``check`` need a package index; their tools are installed into an environment of their own, in ``.cache``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
import urllib.request
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tests" / "locked_versions.txt"
BILL = ROOT / "dist" / "sbrtcheck.cdx.json"
TOOLS = ROOT / ".cache" / "supply-tools"
PRODUCT = ROOT / ".cache" / "supply-product"
NEEDED = ("uv>=0.5", "pip-audit>=2.7", "cyclonedx-bom>=5")
UV_LIST = ("pip", "list", "--quiet", "--format", "json", "--python")
EXTRAS = ("dev", "batch")
"""What `tests/run_all.py` installs."""

HEAD = """\
# Every package of the development environment, with hashes. Written by `python tests/supply_chain.py lock`; don't edit.
"""


# ------------------------------------------------------------------------------------------------------------- lock


def lock() -> int:
    """Resolve anew, to the newest versions that fit."""
    words = [
        "pip",
        "compile",
        "pyproject.toml",
        *_extras(EXTRAS),
        "--universal",
        "--python-version",
        "3.11",
        "--upgrade",
    ]
    words += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet", "--output-file", str(LOCK)]
    LOCK.parent.mkdir(exist_ok=True)
    code = _run(_tool("uv"), *words)
    if code == 0:
        LOCK.write_text(HEAD + LOCK.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
    return code or check()


def _extras(names: Iterable[str]) -> list[str]:
    return [word for name in names for word in ("--extra", name)]


def check() -> int:
    """Print what is wrong with the lock; 1 where something is."""
    wrong = [*faults(LOCK.read_text(encoding="utf-8"), requirements())]
    print("\n".join(wrong) or f"{LOCK.name} fits pyproject.toml")
    return int(bool(wrong))


def requirements(extras: Iterable[str] = EXTRAS) -> list[Requirement]:
    """What pyproject.toml asks for, extras of itself unfolded."""
    of = project()
    return [*_unfolded(of["dependencies"], of), *_unfolded([f"{of['name']}[{','.join(extras)}]"], of)]


def project() -> dict[str, Any]:
    """What pyproject.toml says of the package."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def _unfolded(texts: Iterable[str], of: dict[str, Any]) -> Iterator[Requirement]:
    for text in texts:
        one = Requirement(text)
        if one.name != of["name"]:
            yield one
        for extra in sorted(one.extras) if one.name == of["name"] else ():
            yield from _unfolded(of["optional-dependencies"][extra], of)


def locked(text: str) -> dict[str, list[tuple[Version, int]]]:
    """Name -> each version of it that is locked, with the number of its hashes."""
    found: dict[str, list[tuple[Version, int]]] = {}
    for block in text.replace("\\\n", " ").splitlines():
        if block and not block.lstrip().startswith("#"):
            words = block.split(" --hash=")
            one = Requirement(words[0].strip())
            (pinned,) = one.specifier
            found.setdefault(canonicalize_name(one.name), []).append((Version(pinned.version), len(words) - 1))
    return found


def faults(text: str, asked: Iterable[Requirement]) -> Iterator[str]:
    """Packages that are missing, of a version that does not fit, or without a hash; and addresses."""
    there = locked(text)
    for one in asked:
        versions = there.get(canonicalize_name(one.name), [])
        if not versions:
            yield f"{one.name} is not in the lock"
        yield from (
            f"{one.name} {found} is locked, asked for is {one}" for found, _ in versions if found not in one.specifier
        )
    yield from (
        f"{name} {found} has no hash" for name, versions in there.items() for found, hashes in versions if not hashes
    )
    yield from (f"an address is in the lock: {line.strip()}" for line in text.splitlines() if "://" in line)


# --------------------------------------------------------------------------------------------------- bill and audit


def sbom() -> int:
    """Everything that ``sbrtcheck[all]`` installs, in locked versions, as CycloneDX."""
    python = _product("all")
    BILL.parent.mkdir(exist_ok=True)
    words = ["environment", str(python), "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON"]
    code = _run(_tool("cyclonedx-py"), *words, "-o", str(BILL))
    if code == 0:
        bill = json.loads(BILL.read_text(encoding="utf-8"))
        print(f"{BILL.name}: CycloneDX {bill['specVersion']}, {len(bill['components'])} components")
    return code


def audit(extra: str, python: str, out: Path | None = None) -> int:
    """Known weaknesses of what is installed; 1 where one is known, 3 where it cannot be told of every package."""
    answers, reason = _answers(_product(extra, python))
    found = audited(with_newest(answers, _project_page), reason, extra, python)
    _evidence().write(found, out or _evidence().FOLDER)
    print(found.summary)
    return {True: 0, False: 1, None: 3}[found.met]


@cache
def _evidence() -> ModuleType:
    """The module of the validation report; it is imported by nothing else here."""
    sys.path.append(str(ROOT / "tests" / "validation"))
    return import_module("evidence")


def _answers(python: Path) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package of an environment, with its version; without an answer, why."""
    site = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    words = [_tool("pip-audit"), "--path", site.strip(), "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    try:
        answers = json.loads(done.stdout)["dependencies"]
        listed = json.loads(subprocess.check_output([_tool("uv"), *UV_LIST, str(python)], text=True))
        version_of = {canonicalize_name(one["name"]): one["version"] for one in listed}
        return [{"version": version_of.get(canonicalize_name(one["name"]), ""), **one} for one in answers], ""
    except ValueError:  # what it prints of that may have the address of an index
        return [], f"pip-audit ended with {done.returncode}"


def with_newest(
    answers: Iterable[Mapping[str, Any]], page_of: Callable[[str], Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Answers for newest releases from the pages of their projects, where pip-audit had none from that of the release.

    The page of a project lists the known weaknesses of its newest release, in the same words. Some mirrors of the
    package index have these pages alone; of an older release they say nothing.
    """
    return [_of_newest(one, page_of(one["name"])) if "skip_reason" in one else one for one in answers]


def _of_newest(one: Mapping[str, Any], page: Mapping[str, Any]) -> Mapping[str, Any]:
    newest = page.get("info", {}).get("version")
    if newest is None or newest != one["version"] or "vulnerabilities" not in page:
        return one
    known = [weakness for weakness in page["vulnerabilities"] if not weakness.get("withdrawn")]
    return {"name": one["name"], "version": newest, "vulns": known}


def _project_page(name: str) -> Mapping[str, Any]:
    """What the package index says of a project; nothing where it has no answer."""
    try:
        with urllib.request.urlopen(f"{_index()}/{name}/json", timeout=60) as page:  # noqa: S310  -- pip's own address
            return dict(json.load(page))
    except (OSError, ValueError):
        return {}


@cache
def _index() -> str:
    """Where pip finds projects unless it is told otherwise."""
    code = "from pip._internal.models.index import PyPI; print(PyPI.pypi_url)"
    return subprocess.check_output([_python(TOOLS), "-c", code], text=True).strip()


def audited(answers: Sequence[Mapping[str, Any]], reason: str, extra: str, python: str = "") -> Any:
    """What was said as evidence: met only where it was answered for every package of ``sbrtcheck[all]``."""
    packages = [one for one in answers if one["name"] != "sbrtcheck"]
    unknown = [f"{one['name']} {one['version']}" for one in packages if "skip_reason" in one]
    weak = [f"{one['name']} {one['version']}: {found['id']}" for one in packages for found in one.get("vulns", ())]
    known = len(packages) - len(unknown)
    lock_wrong = [*faults(LOCK.read_text(encoding="utf-8"), requirements())]
    of = (f"sbrtcheck[{extra}]" if extra else "sbrtcheck") + (f" for Python {python}" if python else "")
    asked = f"of {len(packages)} packages of {of} {known} were answered for"
    summary = f"{asked}; known weaknesses: {len(weak)}" if known else f"no answer could be had on this machine: {asked}"
    summary += f"; {reason}" if reason else ""
    whole = bool(packages) and not unknown and extra == "all"
    evidence = _evidence()
    none = "none" if whole else "none that was told" if known else "not known"
    parts = [
        evidence.Part(heading="Known weaknesses", text="; ".join(weak) or none),
        evidence.Part(heading="Not answered for", text=", ".join(unknown) or ("none" if packages else "all")),
        evidence.Part(heading="Lock", text="; ".join(lock_wrong) or f"`tests/{LOCK.name}` fits pyproject.toml."),
    ]
    return evidence.found(
        "supply-chain",
        f"python tests/supply_chain.py audit{'' if extra == 'all' else ' --extra ' + (extra or chr(34) * 2)}"
        + (f" --python {python}" if python else ""),
        summary=summary,
        met=False if weak or lock_wrong else True if whole else None,
        parts=parts,
        nothing=not known,
    )


def _product(extra: str, version: str = "") -> Path:
    """Python, of a version, of an environment with what a user installs, in locked versions."""
    uv = _tool("uv")
    python = _python(PRODUCT)
    code = _run(uv, "venv", "--quiet", "--clear", "--python", version or sys.executable, str(PRODUCT))
    target = f".[{extra}]" if extra else "."
    code = code or _run(uv, "pip", "install", "--quiet", "--python", str(python), "--constraint", str(LOCK), target)
    if code:
        sys.exit(code)
    return python


# ------------------------------------------------------------------------------------------------------------- tools


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _tool(name: str) -> str:
    """A program of the environment of tools, which is made on the first call."""
    python = _python(TOOLS)
    done = TOOLS / "complete"
    if not done.exists():
        venv.create(TOOLS, with_pip=True, clear=True)
        if code := _run(str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *NEEDED):
            sys.exit(code)
        done.touch()
    return str(python.with_name(f"{name}.exe" if os.name == "nt" else name))


def _run(*words: str) -> int:
    return subprocess.run(words, cwd=ROOT, check=False).returncode


def main(words: Sequence[str] | None = None) -> int:
    """One of the commands."""
    parser = argparse.ArgumentParser(description="Lock, list and look through what sbrtcheck depends on.")
    parser.add_argument("command", choices=["lock", "check", "sbom", "audit"])
    parser.add_argument("--extra", default="all", help="for audit: an extra, or nothing; default all")
    parser.add_argument(
        "--python", default="", choices=["3.11", "3.12", "3.13"], help="for audit: another Python than this one"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for audit; default: docs/validation")
    args = parser.parse_args(words)
    if args.command == "audit":
        return audit(args.extra, args.python, args.out)
    return {"lock": lock, "check": check, "sbom": sbom}[args.command]()


if __name__ == "__main__":
    sys.exit(main())

"""Store anew what the program prints: ``python tests/stored_outputs/store.py [CASE...] [--full FOLDER]``.

Allowed when a change of the output is meant: a word, a number with its reason, a table, an example, a version of a
library. Look at the difference in git before you commit it, and say in the commit why it is right. Never to make a test
pass after a change that was to leave the outputs as they are.

Each case is one file in ``expected``: for every command its arguments, exit code, standard output and error, and the
files it wrote. HTML, what is not text, and what is longer than `LONGEST` is a line in ``digests.json`` instead;
``--full`` writes those whole, into a folder outside the repository, for a comparison by eye. The program's own version
is stored as ``<version>``, but for PDF and DICOM, whose digests change with it. Numbers written with all their digits
(those that columns of HTML are sorted by, and those of calls) are rounded to ten, for the last differ from processor to
processor; nothing else is changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # when run as a script; for pytest it is there

import sbrtcheck
from sbrtcheck.cli import main as sbrtcheck_main
from stored_outputs.cases import CALLS, COMMANDS, Commands, steady

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
EXPECTED = HERE / "expected"
DIGESTS = EXPECTED / "digests.json"
LONGEST = 60_000
"""Bytes of one output; what is longer is stored as its digest."""
LIBRARIES = ("click", "jinja2", "matplotlib", "numpy", "pydicom", "rapidfuzz", "reportlab", "rich", "scipy")
SURROUNDINGS = {
    "COLUMNS": "120",
    "LINES": "50",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "FORCE_COLOR": None,
    "PYTHONUTF8": "1",
}
GIVEN = ("plans", "exports", "my-clinic.yaml", "clinic-template.csv")


@dataclass(frozen=True, slots=True)
class Output:
    """What one case gave: its file in ``expected``, and whole what is only a digest there, by its name."""

    text: bytes
    long: dict[str, bytes] = field(default_factory=dict)

    def digests(self) -> dict[str, dict[str, str | int]]:
        """Length and SHA-256 of what is long."""
        return {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in self.long.items()
        }


def output_of(case: str) -> Output:
    """Run a case, in this process."""
    parts, long = [], {}
    for title, data in _call(case) if case in CALLS else _commands(COMMANDS[case]):
        name = title.rpartition(" ")[2]
        shown = _without_version(name, data)
        if html := shown.startswith(b"<!DOCTYPE html>"):
            shown = steady(shown.decode("utf-8")).encode("utf-8")
        if html or len(shown) > LONGEST or name.endswith((".pdf", ".dcm")):
            long[f"{case}/{name}"] = shown
            shown = b"(long: in digests.json)\n"
        end = b"" if shown.endswith(b"\n") or not shown else b"\n=== no newline\n"
        parts += [f"=== {title}\n".encode(), shown, end]
    return Output(b"".join(parts), long)


def _without_version(name: str, data: bytes) -> bytes:
    if name.endswith((".pdf", ".dcm")):
        return data
    own = sbrtcheck.__version__.encode()
    for before in (b"sbrtcheck ", b"sbrtcheck, version "):
        data = data.replace(before + own, before + b"<version>")
    return data


def _call(case: str) -> Iterator[tuple[str, bytes]]:
    with chdir(EXAMPLES):
        yield "result", CALLS[case]().encode("utf-8")


def _commands(case: Commands) -> Iterator[tuple[str, bytes]]:
    """Title and content: of each command what it said, then of each file that was written."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        _prepare(case)
        before = _files()
        for place, argv in enumerate(case.argvs, 1):
            done = CliRunner(env=SURROUNDINGS).invoke(
                sbrtcheck_main, list(argv), prog_name="sbrtcheck", terminal_width=78
            )
            yield f"sbrtcheck {' '.join(argv)}", f"exit code {done.exit_code}\n".encode()
            yield f"stdout-{place}", done.stdout_bytes
            yield f"stderr-{place}", done.stderr_bytes
        after = _files()
        for path in sorted(after):
            if after[path] != before.get(path):
                yield f"written: {path}", after[path]


def _prepare(case: Commands) -> None:
    for name in GIVEN:
        source = EXAMPLES / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, name)
    for name, text in case.files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(text.encode("utf-8"))
    for name, source in case.copies.items():
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copyfile(source, name)


def _files() -> dict[str, bytes]:
    return {path.as_posix(): _content(path) for path in Path().rglob("*") if path.is_file()}


def _content(path: Path) -> bytes:
    """The bytes of a file; a database has the times of files in it, and is never twice the same."""
    return b"a database\n" if path.suffix == ".sqlite" else path.read_bytes()


def versions() -> dict[str, str]:
    """Of what the outputs were made with; missing libraries are left out."""
    found = {"python": platform.python_version(), "zlib": zlib.ZLIB_RUNTIME_VERSION}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def stored_digests() -> dict[str, dict[str, dict[str, str | int]]]:
    """``libraries`` and ``outputs`` of ``digests.json``."""
    return json.loads(DIGESTS.read_text(encoding="utf-8"))


def store(cases: list[str], full: Path | None) -> None:
    """Write what those cases give; without any, all of them, and nothing else stays in ``expected``."""
    outputs = {case: output_of(case) for case in cases or [*COMMANDS, *CALLS]}
    kept = stored_digests()["outputs"] if cases else {}
    digests = {name: one for name, one in kept.items() if name.partition("/")[0] not in outputs}
    EXPECTED.mkdir(exist_ok=True)
    if not cases:
        for path in EXPECTED.glob("*.txt"):
            path.unlink()
    for case, output in outputs.items():
        (EXPECTED / f"{case}.txt").write_bytes(output.text)
        digests |= output.digests()
        for name, data in output.long.items() if full else ():
            path = full / name.replace("/", "--")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    made = {"libraries": versions(), "outputs": dict(sorted(digests.items()))}
    DIGESTS.write_bytes((json.dumps(made, indent=1) + "\n").encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Store anew what the program prints.")
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[*COMMANDS, *CALLS, []], help="default: all")
    parser.add_argument("--full", type=Path, metavar="FOLDER", help="write there whole what is stored as a digest")
    asked = parser.parse_args()
    warnings.simplefilter("error")  # as in the tests
    os.environ |= {name: value for name, value in SURROUNDINGS.items() if value}
    store(asked.cases, asked.full and asked.full.resolve())

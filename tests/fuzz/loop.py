"""One process reads changed files, one after the other, and notes what came of each; `run.py` watches it."""

from __future__ import annotations

import hashlib
import json
import mmap
import re
import struct
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hostile_bytes import Case
from readers import Reader
from sbrtcheck.errors import Fault, SbrtcheckError

MEMORY_BYTES = 1 << 30
"""What reading may take of memory, beside what the process had before."""

SECONDS = 3.0
"""Of the processor, for one case; files of the fuzzer have 64 kB at most."""

MOST_KEPT = 3000
"""Cases of one reader that came to something new, and are changed further."""

_LARGEST_KEPT = 1 << 14
_CONTENT_BYTES = 1 << 23
_HEAD = struct.Struct("<QQ")
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|[\d.]+|\b[A-Z]{2}\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What must not have happened, and the case that it happened with."""

    kind: str
    detail: str
    case: Case = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What came of a number of executions."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Found] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    kept: list[Case] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def executions(self) -> int:
        """How many there were."""
        return self.outcomes.total()


class Noted:
    """The case that is being read, in a file that both processes see: of one that is killed, it is all that is left."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _HEAD.size + _CONTENT_BYTES)

    @staticmethod
    def made(file: Path) -> Noted:
        """One in a new file."""
        file.write_bytes(bytes(_HEAD.size + _CONTENT_BYTES))
        return Noted(file)

    def write(self, number: int, case: Case) -> None:
        """Note a case before it is read."""
        content = packed(case)[:_CONTENT_BYTES]
        self._shared[_HEAD.size : _HEAD.size + len(content)] = content
        self._shared[: _HEAD.size] = _HEAD.pack(number, len(content))

    def read(self) -> tuple[int, Case]:
        """How many were begun, and the last of them."""
        number, length = _HEAD.unpack(self._shared[: _HEAD.size])
        return number, unpacked(self._shared[_HEAD.size : _HEAD.size + length]) if length else ()

    def close(self) -> None:
        """Give the file back."""
        self._shared.close()


def packed(case: Case) -> bytes:
    """The files of a case behind each other."""
    return b"".join(struct.pack("<L", len(content)) + content for content in case)


def unpacked(content: bytes) -> Case:
    """The case again, as far as it is there."""
    case, at = [], 0
    while at + 4 <= len(content):
        length = int.from_bytes(content[at : at + 4], "little")
        case.append(content[at + 4 : at + 4 + length])
        at += 4 + length
    return tuple(case)


def bound_memory() -> bool:
    """Let this process have no more than `MEMORY_BYTES` beside what it has; whether the system can do that."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, OSError, ValueError):
        return False
    return True


def executed(reader: Reader, case: Case, folder: Path) -> tuple[str, Found | None, str]:
    """What came of one case in a word, in a sentence that tells new outcomes apart; and what must not have happened."""
    began = time.process_time()
    try:
        said = reader.read(case, folder)
        outcome, found = "read", None
    except SbrtcheckError as error:
        outcome, said = f"refused: {type(error).__name__}", f"{type(error).__name__} {_VARIABLE.sub('#', str(error))}"
        found = _fault_of(error, reader, case)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome, said = "FOUND", type(error).__name__
        found = Found(kind=_kind(error), detail=traceback.format_exc(limit=-12), case=case)
    taken = time.process_time() - began
    if taken > SECONDS and found is None:
        outcome, found = "FOUND", Found(kind="too slow", detail=f"{taken:.1f} s of the processor", case=case)
    return ("FOUND" if found is not None else outcome), found, said[:160]


def _kind(error: BaseException) -> str:
    """What tells one fault of the program from another: what was raised, and where in its code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "sbrtcheck" in Path(frame.filename).parts]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "elsewhere"
    return f"{type(error).__name__} in {place}"


def _fault_of(error: SbrtcheckError, reader: Reader, case: Case) -> Found | None:
    """What is wrong with a refusal: it says nothing, has no place, or names the patient."""
    faults: Sequence[Fault | SbrtcheckError] = getattr(error, "faults", ()) or (error,)
    text = str(error)
    wrong = ""
    if not all(fault.what.strip() for fault in faults):
        wrong = "says nothing"
    elif reader.placed and not all(fault.place for fault in faults):
        wrong = "has no place"
    elif any(word in text for word in reader.hides):
        wrong = "names the patient"
    elif len(text) > 1 << 16:
        wrong = "is longer than any screen"
    return Found(kind=f"a refusal that {wrong}", detail=text[:2000], case=case) if wrong else None


def run(
    reader: Reader,
    rng: Random,
    more: Callable[[int], bool],
    *,
    pool: Sequence[Case] = (),
    noted: Noted | None = None,
) -> Tally:
    """Read changed cases for as long as ``more`` says so, which is given how many there were.

    A case that comes to something new (another message, another kind of result) is changed further, so that changes
    lead deeper into the reader than one of them could.
    """
    tally = Tally()
    cases = [*reader.seeds, *pool]
    seen: set[str] = set()
    began = time.process_time()
    with TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = Path(name)
        for case in cases:  # what these come to is not new
            seen.add(executed(reader, case, folder)[2])
        number = 0
        while more(number):
            number += 1
            base = reader.seeds[rng.randrange(len(reader.seeds))] if rng.random() < 0.3 else rng.choice(cases)
            case = reader.change(rng, base, cases)
            if noted is not None:
                noted.write(number, case)
            outcome, found, said = executed(reader, case, folder)
            tally.outcomes[outcome] += 1
            if found is not None:
                tally.times[found.kind] += 1
                smaller = tally.findings.get(found.kind)
                if smaller is None or sum(map(len, case)) < sum(map(len, smaller.case)):
                    tally.findings[found.kind] = found
            elif said not in seen:
                seen.add(said)
                if len(cases) < MOST_KEPT and sum(map(len, case)) < _LARGEST_KEPT:
                    cases.append(case)
                    tally.kept.append(case)
    tally.seconds = time.process_time() - began
    return tally


# What one process hands over to another, and what is kept on disk


def name_of(case: Case) -> str:
    """A name for a case on disk, by its content."""
    return hashlib.sha256(packed(case)).hexdigest()[:16]


def write_case(folder: Path, case: Case) -> Path:
    """Keep a case: as a file, or as a folder where it has several."""
    path = folder / name_of(case)
    if len(case) == 1:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case[0])
        return path
    path.mkdir(parents=True, exist_ok=True)
    for at, content in enumerate(case):
        (path / str(at)).write_bytes(content)
    return path


def read_case(path: Path) -> Case:
    """The case that was kept there."""
    if path.is_file():
        return (path.read_bytes(),)
    inside = sorted((file for file in path.iterdir() if file.name.isdecimal()), key=lambda file: int(file.name))
    return tuple(file.read_bytes() for file in inside)


def read_cases(folder: Path) -> list[Case]:
    """All cases that were kept in a folder."""
    return [read_case(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []


def write_tally(file: Path, tally: Tally) -> None:
    """For the process that watches."""
    said = {
        "outcomes": tally.outcomes,
        "times": tally.times,
        "seconds": tally.seconds,
        "findings": [{**asdict(found), "case": packed(found.case).hex()} for found in tally.findings.values()],
        "kept": [packed(case).hex() for case in tally.kept],
    }
    file.write_text(json.dumps(said), encoding="utf-8")


def read_tally(file: Path) -> Tally:
    """What `write_tally` wrote."""
    said = json.loads(file.read_text(encoding="utf-8"))
    findings = [Found(**{**found, "case": unpacked(bytes.fromhex(found["case"]))}) for found in said["findings"]]
    return Tally(
        outcomes=Counter(said["outcomes"]),
        times=Counter(said["times"]),
        seconds=said["seconds"],
        findings={found.kind: found for found in findings},
        kept=[unpacked(bytes.fromhex(case)) for case in said["kept"]],
    )


if __name__ == "__main__":
    sys.exit("start run.py")

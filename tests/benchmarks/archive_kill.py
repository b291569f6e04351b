"""Kill a batch at random moments, start it again, and compare: ``python tests/benchmarks/archive_kill.py``.

Every batch is a process of its own, killed without a chance to tidy up (SIGKILL; TerminateProcess on Windows) some
random time after it has kept some number of plans, or none. In the end the table must be that of a run that nobody
disturbed, byte for byte, and the database must say that no finished plan was checked twice.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

MOST_PLANS = 3
"""Kept by a run before it is killed."""
_QUIET_S = 0.4
PLANS = Path(__file__).parents[2] / "examples" / "plans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of it.

    Parameters
    ----------
    plans
        That were finished.
    killed
        Number of runs that had not ended before.
    new
        Newly finished plans of each run.
    times
        How often a finished plan was kept.
    same_rows
        Whether the table is that of an undisturbed run.
    """

    plans: int
    killed: int
    new: tuple[int, ...]
    times: frozenset[int]
    same_rows: bool


def killed_and_resumed(archive: Path, folder: Path, options: Sequence[str], *, kills: int, seed: int) -> Seen:
    """Run it once undisturbed, and once with kills, into files of this folder."""
    moments = random.Random(seed)
    whole, out = folder / "whole.csv", folder / "out.csv"
    subprocess.run(_command(archive, whole, options), check=True, capture_output=True)
    new, before, killed = [], 0, 0
    for _ in range(kills):
        process = subprocess.Popen(_command(archive, out, options), stderr=subprocess.DEVNULL)
        _wait_for_plans(out, process, moments.randint(0, MOST_PLANS))
        with suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.0, 0.2))
        killed += process.poll() is None
        process.kill()
        process.wait()
        _wait_for_lock(out)
        kept = sum(_times(out).values())
        new.append(kept - before)
        before = kept
    said = subprocess.run(_command(archive, out, options), check=True, capture_output=True, text=True).stderr
    taken_over = re.search(r"(\d+) of \d+ taken", said)
    times = _times(out)
    new.append(sum(times.values()) - int(taken_over[1] if taken_over else 0))
    return Seen(
        plans=sum(times.values()),
        killed=killed,
        new=tuple(new),
        times=frozenset(times),
        same_rows=out.read_bytes() == whole.read_bytes(),
    )


def _command(archive: Path, out: Path, options: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "sbrtcheck", "batch", str(archive), "--out", str(out), *options]


def _wait_for_plans(out: Path, process: subprocess.Popen[bytes], number: int) -> None:
    """Until the run has written to its database so many times after it began to check; or until it has ended.

    While the workers start, nothing is written for a while.
    """
    began, last_change, more = time.time(), 0.0, -1
    seen = _changed(out)
    while process.poll() is None and more < number:
        time.sleep(0.002)
        now = _changed(out)
        if now != seen:
            seen, last_change = now, time.monotonic()
            more += more >= 0
        elif more < 0 and seen > began and time.monotonic() > last_change + _QUIET_S:
            more = 0


def _changed(out: Path) -> float:
    """When something was last written to the journal of the database; 0 where there is none."""
    try:
        return out.with_name(f"{out.name}.sqlite-wal").stat().st_mtime_ns / 1e9
    except OSError:
        return 0.0


def _wait_for_lock(out: Path) -> None:
    """Until nobody holds the database any more: Windows takes a moment to let go of a process that was killed."""
    for _ in range(200):
        with suppress(sqlite3.OperationalError):
            _times(out)
            return
        time.sleep(0.05)


def _times(out: Path) -> dict[int, int]:
    """How many plans were kept how often."""
    database = out.with_name(f"{out.name}.sqlite")
    if not database.exists():
        return {}
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'finished_plans'").fetchone():
            return {}
        return dict(connection.execute("SELECT times, count(*) FROM finished_plans GROUP BY times").fetchall())


def copies(folder: Path, number: int) -> Path:
    """An archive of the bundled plans, in several copies with UIDs of their own."""
    import pydicom

    archive = folder / "archive"
    for copy in range(number):
        for plan in PLANS.iterdir():
            to = archive / f"{copy}-{plan.name}"
            to.mkdir(parents=True)
            for file in plan.glob("*"):
                if file.suffix == ".dcm":
                    dataset = pydicom.dcmread(file)
                    for element in dataset.iterall():
                        if element.VR == "UI" and str(element.value).startswith("2.25."):
                            element.value = f"{str(element.value)[:50]}.{copy}"
                    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
                    dataset.save_as(to / file.name)
                else:
                    shutil.copy(file, to)
    return archive


def main() -> None:
    """Print what was seen."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--copies", type=int, default=20, help="of the two bundled plans")
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    with TemporaryDirectory() as folder:
        archive = copies(Path(folder), given.copies)
        options = ["--table", "rtog-0813", "--jobs", "2"]
        seen = killed_and_resumed(archive, Path(folder), options, kills=given.kills, seed=given.seed)
    new = ", ".join(map(str, seen.new))
    print(f"{seen.plans} plans, {seen.killed} of {given.kills} runs killed; newly finished in each run: {new}")
    print(f"kept how often: {sorted(seen.times)}; table byte for byte that of an undisturbed run: {seen.same_rows}")
    sys.exit(not (seen.same_rows and seen.times == {1}))


if __name__ == "__main__":
    main()

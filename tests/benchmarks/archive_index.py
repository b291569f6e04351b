"""How long it takes to look through an archive, the first time and the second: 5,000 CT slices and 100 plans.

    python tests/benchmarks/archive_index.py [--slices 5000] [--plans 100] [--rounds 3] [--headers] [--memory]

The tree is made in a temporary folder: the example plan of a lung with UIDs of its own for every plan (with --headers,
without contours and pixels), and slices of 64 x 64 pixels, of which no more is read than of large ones. Printed are
processor milliseconds a file, of the index with linking and listing of all plans; and with --memory the memory of a
process that does nothing else, in the first pass and in the second.
"""

from __future__ import annotations

import argparse
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pydicom
import shop

from sbrtcheck.archive.listing import find_entries

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plans" / "lung-50gy-5fx"
UID_KEYWORDS = ("SOPInstanceUID", "FrameOfReferenceUID")
SLICES_IN_A_FOLDER = 100


def header_alone(path: Path) -> bytes:
    """A file without what makes it long."""
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    dataset.pop("ROIContourSequence", None)
    stream = BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def plan_files(numbers: int, *, headers: bool) -> Iterator[dict[str, bytes]]:
    """The files of the example, with other UIDs of the same length for each number."""
    paths = sorted(EXAMPLE.glob("*.dcm"))
    contents = {path.name: header_alone(path) if headers else path.read_bytes() for path in paths}
    uids = {
        str(pydicom.dcmread(path, stop_before_pixels=True).get(keyword, ""))
        for path in EXAMPLE.glob("*.dcm")
        for keyword in UID_KEYWORDS
    } - {""}
    pattern = re.compile(b"|".join(re.escape(uid.encode()) for uid in sorted(uids, key=len, reverse=True)))
    for number in range(numbers):
        end = f"{number:07d}".encode()
        yield {
            name: pattern.sub(lambda found, end=end: found[0][: -len(end)] + end, content)  # type: ignore[misc]
            for name, content in contents.items()
        }


def write_slices(root: Path, number: int) -> None:
    """CT slices, a hundred a folder."""
    slice_file = pydicom.dcmread(next(EXAMPLE.glob("*.dcm")), stop_before_pixels=True)
    image = pydicom.Dataset()
    image.file_meta = pydicom.dataset.FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    image.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image.Modality, image.FrameOfReferenceUID = "CT", slice_file.get("FrameOfReferenceUID", "2.25.1")
    image.Rows = image.Columns = 64
    image.BitsAllocated = image.BitsStored = 16
    image.PixelData = bytes(64 * 64 * 2)
    for at in range(number):
        folder = root / f"patient {at // SLICES_IN_A_FOLDER:04d}" / "CT"
        folder.mkdir(parents=True, exist_ok=True)
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = f"2.25.77.{at}"
        image.save_as(folder / f"{at:06d}.dcm", enforce_file_format=True)


def write_plans(root: Path, number: int, *, headers: bool = False) -> None:
    """Plans, each in a folder."""
    for at, files in enumerate(plan_files(number, headers=headers)):
        folder = root / f"patient {at:05d}" / "RT"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


def timed(root: Path, database: Path) -> tuple[float, int, int]:
    """Processor seconds of one pass; files there, and plans."""
    start = time.process_time()
    with closing(sqlite3.connect(database)) as connection:
        entries = find_entries(root, connection)
        number = sum(1 for _ in entries)
        return time.process_time() - start, entries.seen.files, number


LISTS_PLANS = """
import sqlite3, sys
from pathlib import Path
from sbrtcheck.archive.listing import find_entries

def peak():
    return Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]

print(peak())
number = sum(1 for _ in find_entries(Path(sys.argv[1]), sqlite3.connect(sys.argv[2])))
print(peak())
"""


def memory_mb(root: Path, database: Path) -> float:
    """By how much the memory of a process grows at most that lists the plans; on Linux, which tells it in kB."""
    words = [sys.executable, "-c", LISTS_PLANS, str(root), str(database)]
    before, after = map(int, subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())
    return (after - before) / 1024


FIRST_AIM_MS, SECOND_AIM = 2.0, 0.05


def section(*, slices: int = 5000, plans: int = 100, rounds: int = 3) -> shop.Section:
    """The first pass and the second, and what it takes to ask the system for size and time of all files alone."""
    with TemporaryDirectory() as name:
        root = Path(name) / "archive"
        write_slices(root, slices)
        write_plans(root, plans)
        time.sleep(0.2)  # files changed just now would be read again
        turns = []
        for at in range(rounds):
            database = Path(name) / f"{at}.sqlite"
            first, files, found = timed(root, database)
            second, _, _ = timed(root, database)
            turns.append((first, second, looked_at(root)))
    first, second, alone = (statistics.median(column) for column in zip(*turns, strict=True))
    share = statistics.median(turn[1] / turn[0] for turn in turns)
    rows = [
        [what, f"{1000 * seconds:.0f}", f"{1000 * seconds / files:.4f}", f"{100 * seconds / first:.1f} %"]
        for what, seconds in (
            ("first pass", first),
            ("second pass: nothing was changed", second),
            ("the folders listed, and size and time of each file asked for: no more", alone),
        )
    ]
    return shop.Section(
        heading="Looking through an archive",
        text=(
            f"{files} files: {slices} CT slices, {plans} plans ({found} found), with linking and a list of all plans;"
            " processor time, the median of the rounds. A file that is changed in place leaves the time of its folder"
            " as it was, so no folder may be skipped, and a second pass has to ask for each file. What that alone"
            " takes, by the fastest way that Python has, is the last row: no second pass that sees every change takes"
            " less. It opens no file, hashes the list of each folder, and links anew only where something changed."
        ),
        table=shop.table(["what", "milliseconds", "milliseconds a file", "of the first pass"], rows),
        goals=(
            shop.Goal(
                what="looking through an archive, the first time",
                aim=f"at most {FIRST_AIM_MS:g} ms of the processor a file",
                measured=f"{1000 * first / files:.3f} ms",
                met=1000 * first / files <= FIRST_AIM_MS,
            ),
            shop.Goal(
                what="the second time",
                aim=f"at most {100 * SECOND_AIM:.0f} % of the first",
                measured=f"{100 * share:.1f} %",
                met=share <= SECOND_AIM,
            ),
        ),
    )


def looked_at(root: Path) -> float:
    """Processor seconds to list all folders and ask for size and time of all files."""
    began = time.process_time()
    folders = [str(root)]
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
    return time.process_time() - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=5000)
    parser.add_argument("--plans", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--headers", action="store_true")
    parser.add_argument("--memory", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        root = Path(name) / "archive"
        write_slices(root, given.slices)
        write_plans(root, given.plans, headers=given.headers)
        time.sleep(0.2)
        for at in range(given.rounds):
            database = Path(name) / f"{at}.sqlite"
            first, files, plans = timed(root, database)
            second, _, _ = timed(root, database)
            print(
                f"{files} files, {plans} plans: first {first:.3f} s ({1000 * first / files:.3f} ms a file),"
                f" second {second:.4f} s ({1000 * second / files:.4f} ms a file, {100 * second / first:.1f} % of it)"
            )
        if given.memory:
            first_mb, second_mb = (memory_mb(root, Path(name) / "memory.sqlite") for _ in range(2))
            size = (Path(name) / "memory.sqlite").stat().st_size / 1e6
            print(f"memory: {first_mb:.1f} MB more at most, second {second_mb:.1f} MB; index {size:.1f} MB on disk")


if __name__ == "__main__":
    main()

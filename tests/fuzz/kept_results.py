"""What a batch leaves behind, and how it is read: the SQLite file beside its results, and results as Parquet."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir, mkdtemp

import dicom_files as files
from hostile_bytes import Case
from sbrtcheck.archive import Options, batch
from sbrtcheck.archive.plan_keys import FILE_NAME
from sbrtcheck.archive.trend import load_trends

SECONDS_OF_FILES = 1_577_880_000  # the first of January 2020
SECRET = 64 * "0"
"""Of the pseudonyms: finished plans are known by them, among others."""

PARQUET = ("results.parquet", "results.plans.parquet")


@cache
def archive() -> Path:
    """A folder with one plan, at one place with one time: indices of it hold from one process to the next."""
    folder = Path(gettempdir(), "sbrtcheck-fuzz-archive")
    if not folder.exists():
        made = Path(mkdtemp(dir=folder.parent))
        for file in files.write_plan(made).iterdir():
            os.utime(file, (SECONDS_OF_FILES, SECONDS_OF_FILES))
        try:
            made.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(made)
    return folder


def databases(options: Options) -> tuple[Case, ...]:
    """The file beside the results of a batch that has ended; in small pages, so that damage hits more of it."""
    with TemporaryDirectory() as name:
        out = Path(name, "results.csv")
        out.with_name(FILE_NAME).write_text(SECRET, encoding="utf-8")
        batch(archive(), out, options, jobs=1)
        file = out.with_name("results.csv.sqlite")
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA page_size = 512")
            connection.execute("VACUUM")
        return ((file.read_bytes(),),)


def read_database(case: Case, folder: Path, options: Options) -> str:
    """Go on with a batch where the file says that it was left."""
    for file in folder.glob("results*"):
        file.unlink()
    (folder / FILE_NAME).write_text(SECRET, encoding="utf-8")
    (folder / "results.csv.sqlite").write_bytes(case[0])
    done = batch(archive(), folder / "results.csv", options, jobs=1)
    return f"{done.plans} plans, {done.taken_over} taken over, {done.rows} rows"


def parquets(options: Options) -> tuple[Case, ...]:
    """Outcomes and plans of a batch."""
    with TemporaryDirectory() as name:
        batch(archive(), Path(name, PARQUET[0]), options, jobs=1)
        return (tuple(Path(name, file).read_bytes() for file in PARQUET),)


def read_parquet(case: Case, folder: Path) -> str:
    """Both tables, as a summary."""
    import sbrtcheck

    for name, content in zip(PARQUET, case, strict=True):
        (folder / name).write_bytes(content)
    return f"{sbrtcheck.summary(folder / PARQUET[0]).checked} plans"


def read_trend(case: Case, folder: Path) -> str:
    """The outcomes, as a trend."""
    (folder / PARQUET[0]).write_bytes(case[0])
    return f"{len(load_trends(folder / PARQUET[0]).rows)} rows"

"""Archives of small plans, one folder a plan, sound ones and damaged ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dicom_files as files

UNIFORM = np.full((8, 12, 12), 10_000, dtype="uint32")  # at 0.002 Gy a unit


def uids(number: int) -> dict[str, str]:
    return {kind: f"2.25.{number}.{at}" for at, kind in enumerate(("plan", "set", "dose", "frame"), start=1)}


def datasets(number: int, **of_plan: Any) -> dict[str, Any]:
    """A plan with 20 Gy everywhere in 5 fractions, its UIDs and frame of reference all its own."""
    uid = uids(number)
    made = {
        "dose": files.dose(uid["dose"], stored=UNIFORM, plans=(uid["plan"],)),
        "structures": files.structure_set(uid["set"], frame=uid["frame"]),
        "plan": files.plan(uid["plan"], structure_set=uid["set"], **{"doses": ((20.0, "SITE"),), **of_plan}),
    }
    for name in ("dose", "plan"):
        made[name].FrameOfReferenceUID = uid["frame"]
    return made


def write_plan(folder: Path, number: int, *without: str, **of_plan: Any) -> None:
    for name, dataset in datasets(number, **of_plan).items():
        if name not in without:
            files.write(folder / f"{name}.dcm", dataset)


def good(folder: Path, number: int) -> None:
    write_plan(folder, number)


def no_structures(folder: Path, number: int) -> None:
    write_plan(folder, number, "structures")


def no_dose(folder: Path, number: int) -> None:
    write_plan(folder, number, "dose")


def other_fractions(folder: Path, number: int) -> None:
    write_plan(folder, number, fractions=(8,))


def truncated_dose(folder: Path, number: int) -> None:
    write_plan(folder, number)
    cut(folder / "dose.dcm")


def truncated_structures(folder: Path, number: int) -> None:
    write_plan(folder, number)
    cut(folder / "structures.dcm")


def two_that_differ(folder: Path, number: int) -> None:
    write_plan(folder, number)
    other = datasets(number)["dose"]
    other.DoseGridScaling = 0.004
    files.write(folder / "Really^Nobody other dose.dcm", other)


def bad_numbers(folder: Path, number: int) -> None:
    write_plan(folder, number, "dose")
    other = datasets(number)["dose"]
    other.PixelSpacing = [0.0, 2.0]
    files.write(folder / "dose.dcm", other)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


CHECKED = (good, other_fractions)
NOT_CHECKED = (no_structures, no_dose, truncated_dose, truncated_structures, two_that_differ, bad_numbers)
KINDS = (*CHECKED, *NOT_CHECKED)

Kind = Callable[[Path, int], None]


def write_archive(root: Path, kinds: Sequence[Kind]) -> Path:
    """One folder a plan, named after the patient."""
    for number, kind in enumerate(kinds, start=1):
        kind(root / f"Really^Nobody {number}", number)
    (root / "notes.txt").write_text("not DICOM", encoding="utf-8")
    return root

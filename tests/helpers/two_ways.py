"""Reads plans as `load_plan` does, and with pydicom alone, into values that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from sbrtcheck.dicom import fast, load_plan
from sbrtcheck.errors import InputError
from sbrtcheck.plan import Plan, Structure


@contextmanager
def without_fast_reading() -> Iterator[None]:
    with mock.patch.object(fast._Walk, "file", side_effect=fast._OddFileError):
        yield


def outcome(read: Callable[[], object]) -> object:
    try:
        return read()
    except InputError as error:
        return type(error), str(error)


def everything(plan: Plan) -> object:
    """A plan as values that can be compared."""
    dose = plan.dose
    return (
        [
            (s.name, s.number, s.kind, s.codes, s.is_contoured, s.exclusive_or, s.slab_mm, s.findings)
            for s in plan.structures
        ],
        [outcome(lambda s=s: contours(s)) for s in plan.structures],
        (dose.stored.dtype, dose.stored.shape, dose.stored.tobytes(), dose.gy_per_unit, dose.spacing_mm),
        [array.tobytes() for array in (dose.origin_mm, dose.axes, dose.offsets_mm)],
        (plan.prescription, plan.uids, plan.label, plan.findings),
    )


def contours(structure: Structure) -> tuple[bytes, bytes]:
    read = structure.contours.read()
    return read.points_mm.tobytes(), read.starts.tobytes()


def both_ways(folder: Path) -> tuple[object, object]:
    def read() -> object:
        return everything(load_plan(folder))

    fast_read = outcome(read)
    with without_fast_reading():
        return fast_read, outcome(read)

"""Every error sbrtcheck raises on purpose: what is wrong, where, and a hint what to do.

::

    SbrtcheckError
    ├── InputError          a file or folder, or what a function was given, cannot be used as it is
    │   ├── ArgumentError       an argument is not what the function takes; a ValueError too
    │   ├── NoPlanError         nothing in the input makes a plan
    │   ├── AmbiguousPlanError  several plans; none may be picked silently
    │   ├── DicomError          a DICOM file is damaged or lacks something needed
    │   ├── PlansFileError      a file of choices plan by plan has faults, all listed
    │   └── FramesError         nothing says how the frames of reference of two plans lie to each other
    ├── GeometryError       a dose grid or contour set that we do not compute
    ├── MetricError         text that is not one metric
    ├── TableError          a constraint table has faults, all listed
    │   └── UnknownTableError   no bundled table has that id
    ├── NamesError          a structure-name mapping cannot be used
    ├── NotesError          a file of notes cannot be used, or is of another plan
    └── OutputError         a result cannot be written

Types and fields are public; texts are for people and may change.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

_MOST_LISTED = 500
_LONGEST = 4000
"""Letters of a fault: it may quote what a file has, of any length."""


def _line(place: str, what: str, hint: str) -> str:
    text = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}..."
    text = f"{place}: {text}" if place else text
    return f"{text}; {hint}" if hint else text


class SbrtcheckError(Exception):
    """The root: catch this to catch every error raised on purpose.

    Parameters
    ----------
    what
        What is wrong, one line, no patient identity.
    place
        File, and line or tag where known; empty when there is no place.
    hint
        What the user can do about it; empty when nothing is known.
    """

    def __init__(self, what: str, place: str = "", hint: str = "") -> None:
        super().__init__(what, place, hint)
        self.what = what
        self.place = place
        self.hint = hint

    @property
    def mend(self) -> str:
        """The hint, under the name that it had in version 0.1."""
        warnings.warn("SbrtcheckError.mend is now hint; the old name goes with version 0.3", DeprecationWarning, 2)
        return self.hint

    def __str__(self) -> str:
        return _line(self.place, self.what, self.hint)


class _SeveralFaultsError(SbrtcheckError):
    """A file of which all faults are told at once, in ``faults``; or the one thing that is wrong."""

    def __init__(self, what: str, place: str = "", hint: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(what, place, hint)
        self.args = (what, place, hint, faults)
        self.faults = faults

    def __str__(self) -> str:
        if not self.faults:
            return super().__str__()
        listed, more = self.faults[:_MOST_LISTED], len(self.faults) - _MOST_LISTED
        return "\n".join([*map(str, listed), *([f"... and {more} more faults"] if more > 0 else [])])


class InputError(SbrtcheckError):
    """A file or folder cannot be used as it is."""


class ArgumentError(InputError, ValueError):
    """An argument is not what the function takes; those who expect a ValueError get one."""


class NoPlanError(InputError):
    """Nothing in the input makes a plan."""


class AmbiguousPlanError(InputError):
    """Several plans are in the input and the caller did not say which."""


class DicomError(InputError):
    """A DICOM file is damaged or lacks something that is needed; where nothing else helps, another export may."""

    def __init__(self, what: str, place: str = "", hint: str = "export it again") -> None:
        super().__init__(what, place, hint)


class FramesError(InputError):
    """Nothing says how the frames of reference of two plans lie to each other."""


class PlansFileError(_SeveralFaultsError, InputError):
    """A file of choices plan by plan that cannot be used; ``faults`` has all of them."""


class GeometryError(SbrtcheckError):
    """A dose grid or contour set that is refused rather than computed wrongly."""


class MetricError(SbrtcheckError):
    """Text that is not exactly one metric."""


class NamesError(_SeveralFaultsError):
    """A structure-name mapping or a dictionary cannot be used; ``faults`` has all faults of a dictionary."""


class NotesError(_SeveralFaultsError):
    """A file of notes that does not load, ``faults`` has all of them; or that is of another plan."""


class OutputError(SbrtcheckError):
    """A result cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a table file: the place, what is wrong, and a hint."""

    place: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return _line(self.place, self.what, self.hint)


class TableError(_SeveralFaultsError):
    """A constraint table that does not load; ``faults`` has all of them."""


class UnknownTableError(TableError):
    """No bundled table has that id; ``table`` is the id that was asked for, empty where none was."""

    def __init__(
        self, what: str, place: str = "", hint: str = "", faults: tuple[Fault, ...] = (), *, table: str = ""
    ) -> None:
        super().__init__(what, place, hint, faults)
        self.table = table

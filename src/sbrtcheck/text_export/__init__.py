"""Text export of DVHs from a planning system -> a DVHSet, with the same types as from any other source.

::

    lines       bytes of the file -> its lines, numbered
    numbers     printed numbers -> values, and half of the last digit that each was printed with
    export      what every dialect is read into: structures, tables, units and plans as printed
    cells       lines of a CSV file -> cells
    dialects    lines -> which dialect they are written in; a file a dialect, lines -> `Export`
    structures  one exported structure -> its DVH with bounds, or why it has none
    load        file -> DVHSet of one plan

How to add a dialect:

1. Write ``dialects/<system>.py`` with two functions of `Lines`. ``is_<system>`` tells whether the lines are of this
   dialect, by what they look like: of all dialects exactly one may answer yes. ``read_<system>`` gives an `Export`:
   everything as printed, nothing converted, `NoTable` with the reason where a structure has no table that can be used.
   What `Export`, `Table` and `ExportedPlan` hold is in ``export.py``; ``dialects/monaco.py`` is the shortest example,
   ``dialects/hiart.py`` one for CSV.
2. At its end put both into a `Dialect`, with a name and what it is told by, and enter that in ``DIALECTS`` in
   ``dialects/__init__.py``.

Units, bins, bounds, findings and refusals are then those of every other dialect: they are made in ``structures.py``.
"""

from sbrtcheck.text_export.load import load_dvh_export
from sbrtcheck.text_export.of_plan import load_export_of

__all__ = [
    "load_dvh_export",
    "load_export_of",
]

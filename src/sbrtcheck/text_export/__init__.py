"""Text export of DVHs from a planning system -> a DVHSet, with the same types as from any other source.

::

    lines       bytes of the file -> its lines, numbered
    numbers     printed numbers -> values, and half of the last digit that each was printed with
    export      what every dialect is read into: structures, tables, units and plans as printed
    cells       lines of a CSV file -> cells
    dialects    lines -> which dialect they are written in; a file a dialect, lines -> `Export`
    structures  one exported structure -> its DVH with bounds, or why it has none
    load        file -> DVHSet of one plan

How to add a dialect is said in ``CONTRIBUTING.md``.
"""

from sbrtcheck.text_export.load import load_dvh_export
from sbrtcheck.text_export.of_plan import load_export_of

__all__ = [
    "load_dvh_export",
    "load_export_of",
]

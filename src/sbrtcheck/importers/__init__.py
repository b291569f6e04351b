"""A template of another program -> a constraint table, as YAML that sbrtcheck loads.

Nothing is guessed: what has no meaning in a table, or more than one, stays as a comment in the YAML and is a warning.

``template`` is what a dialect's reader gives, ``dialects`` has one module a dialect, ``files`` reads text, JSON and
XML, ``write`` puts a template into YAML, ``run`` calls one after the other.

To add a dialect:

1. Write ``dialects/<name>.py`` with ``read(raw: bytes) -> Template``. It makes one entry of each line or element with
   `template.entry`, whose function gives a `template.Row`, or raises `template.NoMeaningError` with the reason why a
   table cannot say it; that reason is the comment in the YAML and the warning. A file that is not of the dialect at all
   is an `InputError`. What a table has no place for, such as a priority, is a `template.Remark` (see `field_remark`).
   ``dialects/dvhmetrics.py`` is the shortest to start from.
2. Enter it in `run.DIALECTS` under the value for ``--from``, with its title for people.
3. Put a file of the dialect into ``tests/importers`` and its rows into ``tests/importers/test_importers.py``; never
   invent a meaning that the program's documentation or source does not give.
"""

from sbrtcheck.importers.run import DIALECTS, Imported, import_table

__all__ = [
    "DIALECTS",
    "Imported",
    "import_table",
]

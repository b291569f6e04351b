"""A template of another program -> a constraint table, as YAML that sbrtcheck loads.

Nothing is guessed: what has no meaning in a table, or more than one, stays as a comment in the YAML and is a warning.

``template`` is what a dialect's reader gives, ``dialects`` has one module a dialect, ``files`` reads text, JSON and
XML, ``write`` puts a template into YAML, ``run`` puts them in a row.
"""

from sbrtcheck.importers.run import DIALECTS, Imported, import_table

__all__ = [
    "DIALECTS",
    "Imported",
    "import_table",
]

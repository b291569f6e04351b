"""Lines of an export -> the one dialect that they are written in.

How to add a dialect is said in ``CONTRIBUTING.md``.
"""

from __future__ import annotations

from sbrtcheck.text_export.dialects.cadplan import CADPLAN
from sbrtcheck.text_export.dialects.columns import COLUMNS
from sbrtcheck.text_export.dialects.eclipse import ECLIPSE
from sbrtcheck.text_export.dialects.hiart import HIART
from sbrtcheck.text_export.dialects.monaco import MONACO
from sbrtcheck.text_export.dialects.oncentra import ONCENTRA
from sbrtcheck.text_export.dialects.onkodicom import ONKODICOM
from sbrtcheck.text_export.dialects.primo import PRIMO
from sbrtcheck.text_export.dialects.prosoma import PROSOMA
from sbrtcheck.text_export.dialects.raystation import RAYSTATION
from sbrtcheck.text_export.dialects.rows import ROWS
from sbrtcheck.text_export.export import Dialect
from sbrtcheck.text_export.lines import Lines, fault

DIALECTS: tuple[Dialect, ...] = (
    *(ECLIPSE, RAYSTATION, MONACO, ONCENTRA, HIART, PRIMO, CADPLAN, PROSOMA, ONKODICOM),
    *(COLUMNS, ROWS),
)


def dialect_of(lines: Lines) -> Dialect:
    """The dialect of the export.

    Raises
    ------
    InputError
        None knows it, or several do; the message lists what was looked for.
    """
    dialects = [dialect for dialect in DIALECTS if dialect.is_it(lines)]
    if len(dialects) == 1:
        return dialects[0]
    if not lines.filled:
        raise fault("the file is empty", hint="export it again")
    if dialects:
        raise fault(
            f"the file may be of {' or '.join(dialect.name for dialect in dialects)}", hint="export one format a file"
        )
    tried = "; ".join(f"{dialect.name} ({dialect.told_by})" for dialect in DIALECTS)
    raise fault("the file is no DVH export that is known", hint=f"looked for: {tried}")

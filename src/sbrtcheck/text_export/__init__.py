"""A planning system's text export of DVHs in, the same values as from any other source out."""

from sbrtcheck.text_export.load import load_dvh_export
from sbrtcheck.text_export.of_plan import load_export_of

__all__ = [
    "load_dvh_export",
    "load_export_of",
]

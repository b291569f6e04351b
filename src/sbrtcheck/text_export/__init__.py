"""A planning system's text export of DVHs in, the same values as from any other source out."""

from sbrtcheck.text_export.load import load_dvh_export

__all__ = [
    "load_dvh_export",
]

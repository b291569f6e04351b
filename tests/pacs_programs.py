"""The PACS of tests, Orthanc with its DICOMweb plugin, where it is installed; nothing but the standard library."""

from __future__ import annotations

import shutil
from pathlib import Path

LACKING_PACS = "no Orthanc with DICOMweb (Debian's orthanc, orthanc-dicomweb)"
_PLUGINS = (Path("/usr/share/orthanc/plugins"), Path("/usr/local/share/orthanc/plugins"))


def orthanc_program() -> str | None:
    """Orthanc; it is often where only administrators look for programs."""
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


def dicomweb_plugin() -> Path | None:
    """Its plugin."""
    return next((path for folder in _PLUGINS for path in folder.glob("libOrthancDicomWeb.*")), None)


def has_pacs() -> bool:
    """Whether both are there."""
    return orthanc_program() is not None and dicomweb_plugin() is not None

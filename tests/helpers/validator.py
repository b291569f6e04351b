"""The faults that a DICOM validator finds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_validator = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="no dciodvfy (Debian's dicom3tools): what is written is not validated"
)


PRIVATE_SCHEME = "Warning - Unrecognized defined term <99SBRTCHECK> for value 1 of attribute <Coding Scheme Designator>"
"""No fault: designators that begin with 99 are private (PS3.16, chapter 8)."""


def faults(content: bytes, folder: Path) -> list[str]:
    """What dciodvfy finds."""
    path = folder / "object.dcm"
    path.write_bytes(content)
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False, errors="replace")  # noqa: S603, S607
    lines = (done.stdout + done.stderr).splitlines()
    assert {"RTDose", "EncapsulatedPDF", "ComprehensiveSR"} & set(lines), lines  # it says what it took the object for
    return [line for line in lines if line.startswith(("Error", "Warning")) and line != PRIVATE_SCHEME]

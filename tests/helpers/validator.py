"""The faults that a DICOM validator finds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_validator = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="no dciodvfy (Debian's dicom3tools): what is written is not validated"
)


def faults(content: bytes, folder: Path) -> list[str]:
    """What dciodvfy finds."""
    path = folder / "object.dcm"
    path.write_bytes(content)
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False, errors="replace")  # noqa: S603, S607
    lines = (done.stdout + done.stderr).splitlines()
    assert {"RTDose", "EncapsulatedPDF"} & set(lines), lines  # it says what it took the object for
    return [line for line in lines if line.startswith(("Error", "Warning"))]

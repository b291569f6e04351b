"""Other tools in environments of their own: made when asked for, never mixed with that of sbrtcheck."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from pathlib import Path

DICOMPYLER = ("dicompyler-core==0.5.6", "pydicom==2.4.5", "scikit-image")
"""The newest dicompyler-core does not read files under pydicom 3."""


def dicompyler_python(peers_dir: Path) -> Path:
    """Python of an environment with dicompyler-core, made on the first call."""
    folder = peers_dir / "dicompyler-core"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
        words = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *DICOMPYLER]
        subprocess.run(words, check=True)
    return python


def has_plastimatch() -> bool:
    """Whether plastimatch is installed."""
    return shutil.which("plastimatch") is not None

"""Other tools in environments of their own: made when asked for, never mixed with that of sbrtcheck."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from pathlib import Path

import shop

DICOMPYLER = ("dicompyler-core==0.5.6", "pydicom==2.4.5", "scikit-image")
"""The newest dicompyler-core does not read files under pydicom 3."""


def dicompyler_python(peers_dir: Path | None) -> Path | shop.Missing:
    """Python of an environment with dicompyler-core, made on the first call; or why there is none."""
    if peers_dir is None:
        return shop.Missing(why="left out by --skip-peers")
    folder = peers_dir / "dicompyler-core"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "complete"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        words = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *DICOMPYLER]
        if subprocess.run(words, check=False).returncode:
            return shop.Missing(why=f"{DICOMPYLER[0]} could not be installed")
        done.touch()
    return python


def plastimatch(peers_dir: Path | None) -> str | shop.Missing:
    """The program plastimatch, or why there is none."""
    if peers_dir is None:
        return shop.Missing(why="left out by --skip-peers")
    return shutil.which("plastimatch") or shop.Missing(why="plastimatch is not installed")

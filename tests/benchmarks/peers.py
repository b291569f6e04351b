"""Other tools in environments of their own: made when asked for, never mixed with that of sbrtcheck."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import shop

DICOMPYLER = ("dicompyler-core==0.5.6", "pydicom==2.4.5", "scikit-image")
"""The newest dicompyler-core does not read files under pydicom 3."""

PYDCM = ("pydcm==0.5.0",)
"""Compiled; its wheels need a newer Python than sbrtcheck does."""

PYDCM_PYTHONS = ((3, 12), (3, 13), (3, 14))


def dicompyler_python(peers_dir: Path | None) -> Path | shop.Missing:
    """Python of an environment with dicompyler-core, made on the first call; or why there is none."""
    return _python_with(DICOMPYLER, peers_dir, Path(sys.executable))


def pydcm_python(peers_dir: Path | None) -> Path | shop.Missing:
    """Python of an environment with pydcm, made on the first call; or why there is none."""
    found = next(filter(None, map(_python_of_version, PYDCM_PYTHONS)), None)
    if peers_dir is not None and found is None:
        return shop.Missing(why=f"{PYDCM[0]} needs a Python of 3.12 or newer, and none is at hand")
    return _python_with(PYDCM, peers_dir, found or Path(sys.executable))


def _python_with(packages: Sequence[str], peers_dir: Path | None, base: Path) -> Path | shop.Missing:
    """Python of an environment with some packages, named after the first; ``base`` makes it."""
    if peers_dir is None:
        return shop.Missing(why="left out by --skip-peers")
    folder = peers_dir / packages[0].partition("==")[0]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "complete"
    if not done.exists():
        make = [str(base), "-m", "venv", "--clear", str(folder)]
        install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages]
        if any(subprocess.run(words, check=False).returncode for words in (make, install)):
            return shop.Missing(why=f"{packages[0]} could not be installed")
        done.touch()
    return python


def _python_of_version(version: tuple[int, int]) -> Path | None:
    """An interpreter of a version: this one, one on the path, or one that pyenv or uv keeps."""
    if sys.version_info[:2] == version:
        return Path(sys.executable)
    name = ".".join(map(str, version))
    kept = sorted(Path.home().glob(f".pyenv/versions/{name}.*/bin/python"))
    by_uv = ["uv", "python", "find", name]
    if shutil.which("uv"):
        said = subprocess.run(by_uv, check=False, capture_output=True, text=True)
        kept += [Path(said.stdout.strip())] if said.returncode == 0 else []
    on_path = shutil.which(f"python{name}")
    candidates = [Path(on_path)] if on_path else []
    return next(filter(_starts, [*candidates, *kept]), None)


def _starts(python: Path) -> bool:
    """Whether an interpreter starts: pyenv puts names on the path that do not."""
    return subprocess.run([str(python), "--version"], check=False, capture_output=True).returncode == 0


def plastimatch(peers_dir: Path | None) -> str | shop.Missing:
    """The program plastimatch, or why there is none."""
    if peers_dir is None:
        return shop.Missing(why="left out by --skip-peers")
    return shutil.which("plastimatch") or shop.Missing(why="plastimatch is not installed")

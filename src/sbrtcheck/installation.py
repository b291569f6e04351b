"""How this sbrtcheck was installed -> the command that adds an extra to it: pip, pipx, uv, an index, a file, a clone.

Every message that says what to install takes its command from here, so that it works where it is read.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

_PACKAGE = "sbrtcheck"
_OF_PIPX, _OF_UV = "pipx_metadata.json", "uv-receipt.toml"  # files that these tools leave in the environments they make


def install_command(extra: str) -> str:
    """Give the command that installs ``sbrtcheck[extra]`` as sbrtcheck itself was installed.

    Parameters
    ----------
    extra
        Such as ``pdf``.

    Returns
    -------
    str
        One line for a shell: POSIX, PowerShell or ``cmd``. Where sbrtcheck came from a package index or a folder of
        wheels, the command names neither: what was given to the installer then has to be given again.
    """
    return f"{_installer()} {_requirement(extra)}"


def _installer() -> str:
    """The program that made the environment, with the words before a requirement."""
    environment = Path(sys.prefix)
    if (environment / _OF_PIPX).is_file():
        return "pipx install --force"
    if (environment / _OF_UV).is_file():
        return "uv tool install --force"
    if importlib.util.find_spec("pip") is None:  # as uv leaves it out
        return f"uv pip install --python {_quoted(sys.executable)}"
    return f"{_python()} -m pip install"


def _python() -> str:
    """``python`` where that is the one that runs; else its path."""
    import shutil  # which brings every kind of archive along

    found = shutil.which("python")
    is_this_one = found is not None and _same(found, sys.executable)
    if is_this_one:
        return "python"
    call = "& " if os.name == "nt" and " " in sys.executable else ""  # PowerShell runs no quoted path without it
    return call + _quoted(sys.executable)


def _same(first: str, second: str) -> bool:
    """Whether two paths are one, links not followed: the Python of an environment is a link to another."""
    return os.path.normcase(os.path.abspath(first)) == os.path.normcase(os.path.abspath(second))  # noqa: PTH100


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _requirement(extra: str) -> str:
    """What to install: the package by its name, or the folder, file or repository it came from."""
    origin = _origin()
    url = str(origin.get("url", ""))
    if "dir_info" in origin:
        from urllib.parse import urlsplit
        from urllib.request import url2pathname  # takes as long to import as the tables of a check to read

        editable = "--editable " if origin["dir_info"].get("editable") else ""
        return f'{editable}"{url2pathname(urlsplit(url).path)}[{extra}]"'
    if "vcs_info" in origin:
        return f'"{_PACKAGE}[{extra}] @ {origin["vcs_info"]["vcs"]}+{url}"'
    return f'"{_PACKAGE}[{extra}] @ {url}"' if url else f'"{_PACKAGE}[{extra}]"'


def _origin() -> dict[str, Any]:
    """What the installer noted of a package that came from no index (PEP 610); nothing where it came from one."""
    from importlib import metadata

    try:
        text = metadata.distribution(_PACKAGE).read_text("direct_url.json")
    except metadata.PackageNotFoundError:  # run from its source, not installed
        return {}
    origin: dict[str, Any] = json.loads(text) if text else {}
    return origin

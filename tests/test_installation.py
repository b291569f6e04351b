"""The command that a message names is the one that works for how sbrtcheck was installed."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from sbrtcheck.installation import install_command


class Installed:
    """An installation as an installer leaves it: what it noted, and the files in the environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, prefix: Path, origin: dict[str, Any] | None) -> None:
        noted = None if origin is None else json.dumps(origin)
        monkeypatch.setattr(metadata, "distribution", lambda _name: self)
        monkeypatch.setattr(sys, "prefix", str(prefix))
        self.read_text = lambda _name: noted


def uri(folder: Path) -> str:
    return folder.as_uri()


@pytest.fixture(autouse=True)
def _python_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: sys.executable)


def test_from_an_index_or_a_folder_of_wheels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Installed(monkeypatch, tmp_path, None)
    assert install_command("sr") == 'python -m pip install "sbrtcheck[sr]"'


@pytest.mark.parametrize(("editable", "word"), [(True, "--editable "), (False, "")])
def test_from_a_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str, editable: bool) -> None:
    clone = tmp_path / "a clone"
    Installed(monkeypatch, tmp_path, {"url": uri(clone), "dir_info": {"editable": editable} if editable else {}})
    assert install_command("pdf") == f'python -m pip install {word}"{clone}[pdf]"'


def test_from_a_wheel_or_a_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = uri(tmp_path / "sbrtcheck-1-py3-none-any.whl")
    Installed(monkeypatch, tmp_path, {"url": wheel, "archive_info": {}})
    assert install_command("sr") == f'python -m pip install "sbrtcheck[sr] @ {wheel}"'
    Installed(monkeypatch, tmp_path, {"url": "https://example.org/s.git", "vcs_info": {"vcs": "git"}})
    assert install_command("sr") == 'python -m pip install "sbrtcheck[sr] @ git+https://example.org/s.git"'


@pytest.mark.parametrize(
    ("left", "command"),
    [
        ("pipx_metadata.json", 'pipx install --force "sbrtcheck[html]"'),
        ("uv-receipt.toml", 'uv tool install --force "sbrtcheck[html]"'),
    ],
)
def test_from_a_tool_for_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: str, command: str) -> None:
    (tmp_path / left).write_text("")
    Installed(monkeypatch, tmp_path, None)
    assert install_command("html") == command


def test_in_an_environment_without_pip_it_is_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Installed(monkeypatch, tmp_path, None)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else find(name))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert install_command("sr") == f'uv pip install --python {tmp_path / "python"} "sbrtcheck[sr]"'


def test_where_python_is_another_one_its_path_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Installed(monkeypatch, tmp_path, None)
    monkeypatch.setattr("shutil.which", lambda _name: str(tmp_path / "other"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert install_command("sr") == f'{tmp_path / "python"} -m pip install "sbrtcheck[sr]"'
    monkeypatch.setattr(sys, "executable", str(tmp_path / "my python"))
    call = "& " if os.name == "nt" else ""
    assert install_command("sr") == f'{call}"{tmp_path / "my python"}" -m pip install "sbrtcheck[sr]"'


def test_not_installed_at_all_it_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", lacking)
    assert install_command("sr").endswith('"sbrtcheck[sr]"')

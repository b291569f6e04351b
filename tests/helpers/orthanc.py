"""A PACS for tests: Orthanc on loopback, with a configuration, a database and ports of its own."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from pacs_programs import LACKING_PACS, dicomweb_plugin, has_pacs, orthanc_program

USER, PASSWORD = "tester", "not-a-secret-of-anyone"
_START_SECONDS = 20.0


needs_orthanc = pytest.mark.skipif(
    not has_pacs(), reason=f"{LACKING_PACS}: neither a push from a real PACS nor a batch of one is tested"
)


class Orthanc:
    """A running one, asked by its REST interface."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def dicomweb(self) -> str:
        return f"{self.url}/dicom-web"

    def ask(self, method: str, path: str, body: bytes | None = None) -> object:
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = Request(f"{self.url}{path}", data=body, method=method, headers={"Authorization": f"Basic {token}"})  # noqa: S310 - of loopback
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def add(self, *files: bytes) -> list[str]:
        """Store objects; their ids."""
        return [self.ask("POST", "/instances", file)["ID"] for file in files]  # type: ignore[index]


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """Start one, and stop it."""
    port = free_port()
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "DicomAet": "ORTHANC",
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "Plugins": [str(dicomweb_plugin())],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(orthanc_program()), str(folder / "orthanc.json")], stdout=log, stderr=log)  # noqa: S603
        try:
            running = Orthanc(f"http://127.0.0.1:{port}")
            _wait_for(running, process, folder / "log")
            yield running
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(running: Orthanc, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            running.ask("GET", "/system")
        except (URLError, OSError):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

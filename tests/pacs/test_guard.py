"""Connections that are followed in pieces of any size, and processes that end with their listener."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.pacs.guard import MAX_PDU_BYTES, GuardedServer, Pace
from sbrtcheck.pacs.settings import Limits, Tls
from sbrtcheck.pacs.worker import Worker
from stepping import stepping

lengths = st.lists(st.integers(0, 40), min_size=1, max_size=6)


def pdus(sizes: list[int]) -> bytes:
    return b"".join(b"\x04\x00" + size.to_bytes(4, "big") + bytes(size) for size in sizes)


@given(lengths, st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_pdus_are_followed_in_whatever_pieces_they_are_read(sizes: list[int], pieces: list[int]) -> None:
    """Where the last one is whole, nothing is left; a byte before that, something is."""
    stream = pdus(sizes)
    for end in (len(stream), len(stream) - 1):
        pace, at, turn = Pace(Limits()), 0, 0
        while at < end:
            piece = stream[at : min(at + pieces[turn % len(pieces)], end)]
            pace.took(piece)
            at, turn = at + len(piece), turn + 1
        assert (not pace._left and not pace._header) == (end == len(stream))


@pytest.mark.parametrize("before", [0, 3])
def test_a_pdu_that_is_too_long_is_found_behind_others(before: int) -> None:
    with pytest.raises(ConnectionAbortedError):
        Pace(Limits()).took(pdus([5] * before) + b"\x04\x00" + (2 * MAX_PDU_BYTES + 1).to_bytes(4, "big"))


def test_a_peer_that_is_gone_before_it_is_accepted_does_not_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TLS, Python reads from a connection that was reset before it is wrapped: then it is not ours yet."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    paths = {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "ca")}
    issued.cert_chain_pems[0].write_to_path(paths["cert"])
    issued.private_key_pem.write_to_path(paths["key"])
    authority.cert_pem.write_to_path(paths["ca"])
    monkeypatch.setattr(socket.socket, "getpeername", _not_connected)
    with stepping(tmp_path, tls=Tls(**paths)) as one:
        for _ in range(2):
            client = socket.create_connection(("127.0.0.1", one.listener.port), timeout=10)
            with client, suppress(ConnectionError):
                assert client.recv(1) == b""
        assert one.listener._scp.is_open


def _not_connected(*_: object) -> None:
    import errno

    raise OSError(errno.ENOTCONN, "not connected")


def test_on_windows_no_other_program_can_take_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    done: list[Any] = []
    fake = SimpleNamespace(
        setsockopt=lambda *given: done.append(given), bind=done.append, getsockname=lambda: ("127.0.0.1", 104)
    )
    server: Any = SimpleNamespace(socket=fake, server_address=("127.0.0.1", 0))
    GuardedServer.server_bind(server)
    assert done == [(socket.SOL_SOCKET, -5, 1), ("127.0.0.1", 0)]
    assert server.server_address == ("127.0.0.1", 104)


_STARTS = """
import os
import time
from sbrtcheck.pacs.worker import Worker
if __name__ == "__main__":
    worker = Worker()
    print(worker.run(os.getpid, seconds=60), flush=True)
    worker.run(time.sleep, 3600, seconds=3600)
"""


@pytest.mark.slow  # two processes
@pytest.mark.skipif(os.name == "nt", reason="processes are asked after in another way there")
def test_a_job_ends_when_its_listener_is_killed_and_not_with_a_signal_to_both(tmp_path: Path) -> None:
    """Services are stopped with SIGTERM to all their processes: the one that listens ends the other."""
    (tmp_path / "starts.py").write_text(_STARTS)
    with subprocess.Popen([sys.executable, str(tmp_path / "starts.py")], stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout is not None
        try:
            worker = int(parent.stdout.readline())
            os.kill(worker, signal.SIGTERM)
            time.sleep(0.2)
            assert _is_there(worker)
        finally:
            parent.kill()
        until = time.monotonic() + 20
        while _is_there(worker):
            assert time.monotonic() < until
            time.sleep(0.05)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_worker_that_is_not_started_is_stopped() -> None:
    Worker().stop()

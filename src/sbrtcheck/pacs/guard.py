"""The open port: connections that are slow, too many, too long or too large end, whatever their peer intends.

pynetdicom reads a part of a message (PDU, PS3.8 9.3) to its end however long that takes, shakes hands of TLS in the
thread that accepts connections, and counts associations only once they are asked for. So the sockets it is given here
know PDUs: one that is larger than any that was negotiated, or not there in time, is an error of the connection.
"""

from __future__ import annotations

import gc
import socket
import ssl
import sys
from collections import deque
from contextlib import suppress
from itertools import count
from socketserver import BaseServer
from time import monotonic, sleep
from typing import Any

from pynetdicom.transport import ThreadedAssociationServer

from sbrtcheck.pacs.settings import Limits, Tls
from sbrtcheck.pacs.store import Origin
from sbrtcheck.progress import log

MAX_PDU_BYTES = 131_072
"""What is offered to peers; a PDU may be a little larger, and no more."""

_PDU_HEADER = 6  # type, reserved, length in four bytes (PS3.8 9.3)
_MINUTE = 60.0
_NOTICE_SECONDS = 1.0
_COLLECT_SECONDS = 10.0


class Pace:
    """How one connection goes: where in a PDU it is, and until when that must have come."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ends = monotonic() + limits.association_seconds
        self._deadline = self._ends
        self._header = bytearray()
        self._left = 0
        self._over_since: float | None = None

    def refuse(self) -> None:
        """Read nothing more."""
        self._over_since = self._over_since or monotonic()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is read of it."""
        return self._over_since is not None

    @property
    def is_long_over(self) -> bool:
        """Whether nobody reads from it or writes to it any more, and had the time to notice."""
        now = monotonic()
        over = self._over_since is not None and now - self._over_since > _NOTICE_SECONDS
        return over or now > self._ends + self._limits.idle_seconds

    def seconds(self) -> float:
        """How long the next bytes may take.

        Raises
        ------
        OSError
            Nothing more may come.
        """
        now = monotonic()
        if not self._header and not self._left:
            self._deadline = min(now + self._limits.pdu_seconds, self._ends)
        if self._over_since is not None or now >= self._deadline:
            self.refuse()
            raise TimeoutError("nothing more is read of this connection")
        return self._deadline - now

    def took(self, data: bytes) -> None:
        """Note what was read, in whatever pieces.

        Raises
        ------
        OSError
            A PDU is longer than any may be.
        """
        if not data:  # the peer has closed it
            self.refuse()
        rest = memoryview(data)
        while rest:
            if not self._left:
                missing = _PDU_HEADER - len(self._header)
                self._header += rest[:missing]
                rest = rest[missing:]
                self._begin()
            taken = min(self._left, len(rest))
            self._left -= taken
            rest = rest[taken:]

    def _begin(self) -> None:
        """Once the header of a PDU is whole: how much follows."""
        if len(self._header) < _PDU_HEADER:
            return
        self._left = int.from_bytes(self._header[2:_PDU_HEADER], "big")
        self._header.clear()
        if self._left > 2 * MAX_PDU_BYTES:
            log.info("a connection was closed: it sent a PDU of %d bytes", self._left)
            self.refuse()
            raise ConnectionAbortedError("the PDU is too long")


class GuardedSocket(socket.socket):
    """A connection of a peer."""

    pace: Pace
    origin: Origin

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Read, as long as the connection's pace allows."""
        self.settimeout(self.pace.seconds())
        data = super().recv(bufsize, flags)
        self.pace.took(data)
        return data

    def shutdown(self, how: int, /) -> None:
        """End it; where the peer was first, that is no error, so that it is closed too."""
        with suppress(OSError):
            super().shutdown(how)


class GuardedTlsSocket(ssl.SSLSocket):
    """The same with TLS."""

    pace: Pace
    origin: Origin

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read, as long as the connection's pace allows."""
        self.settimeout(self.pace.seconds())
        data = super().recv(buflen, flags)
        self.pace.took(data)
        return data

    def shutdown(self, how: int) -> None:
        """End it; where the peer was first, that is no error, so that it is closed too."""
        with suppress(OSError):
            super().shutdown(how)


def tls_server(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 or newer, for peers with a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.ca)
    context.load_cert_chain(tls.cert, tls.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.sslsocket_class = GuardedTlsSocket
    return context


class GuardedServer(ThreadedAssociationServer):
    """A server that takes so many connections at once, and so many of one address in a minute."""

    daemon_threads = True

    def __init__(self, *arguments: Any, limits: Limits, **settings: Any) -> None:
        self._limits = limits
        self._open: list[GuardedSocket | GuardedTlsSocket] = []
        self._latest: dict[str, deque[float]] = {}
        self._numbers = count(1)
        self._has_garbage, self._collected = False, monotonic()
        super().__init__(*arguments, **settings)

    def server_bind(self) -> None:
        """Take the port; on Windows so that no other program can take it too, which it could after pynetdicom's way."""
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        if exclusive is None:
            super().server_bind()
            return
        assert self.socket is not None  # noqa: S101 - it was made just now
        self.socket.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def senders(self) -> frozenset[str]:
        """Addresses that are connected."""
        return frozenset(one.origin.sender for one in tuple(self._open) if one.fileno() != -1 and not one.pace.is_over)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; hands are shaken later, in its own thread."""
        assert self.socket is not None  # noqa: S101 - it listens
        plain, address = self.socket.accept()
        try:
            plain.getpeername()  # else TLS reads from a connection that was reset, before it is known how
            guarded = self._guarded(plain)
        except Exception as error:  # of a peer that is gone already: no connection may end the thread that accepts them
            plain.close()
            raise ConnectionAbortedError(type(error).__name__) from error
        guarded.pace = Pace(self._limits)
        guarded.origin = Origin(sender=str(address[0]), number=next(self._numbers))
        guarded.settimeout(self._limits.pdu_seconds)
        return guarded, address

    def _guarded(self, plain: socket.socket) -> GuardedSocket | GuardedTlsSocket:
        if self.ssl_context is None:
            return GuardedSocket(plain.family, plain.type, plain.proto, plain.detach())
        wrapped = self.ssl_context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        assert isinstance(wrapped, GuardedTlsSocket)  # noqa: S101 - the context was told so
        return wrapped

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection; where not, it is closed at once."""
        busy = sum(one.fileno() != -1 and not one.pace.is_over for one in self._open)
        if busy >= self._limits.associations or not self._is_rare(str(client_address[0])):
            log.info("a connection was refused: there are too many")
            return False
        self._open.append(request)
        return True

    def service_actions(self) -> None:
        """Close what pynetdicom leaves open where the peer was the first to close it."""
        for one in self._open:
            if one.pace.is_long_over:
                one.close()
        still_open = [one for one in self._open if one.fileno() != -1]
        self._has_garbage |= len(still_open) < len(self._open)
        self._open = still_open
        if self._has_garbage and monotonic() - self._collected > _COLLECT_SECONDS:
            # an association is a ring of objects that holds its last message, which may be large
            gc.collect()
            self._has_garbage, self._collected = False, monotonic()

    def _is_rare(self, address: str) -> bool:
        now = monotonic()
        self._latest = {one: times for one, times in self._latest.items() if now - times[-1] < _MINUTE}
        times = self._latest.setdefault(address, deque(maxlen=self._limits.connections_per_minute))
        rare = len(times) < self._limits.connections_per_minute or now - times[0] >= _MINUTE
        if rare:
            times.append(now)
        return rare

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, where there is TLS, and serve."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that failed is logged without what came over it."""
        del request, client_address
        log.info("a connection failed: %s", type(sys.exception()).__name__)

    def stop(self) -> None:
        """Accept nothing more, and end what is open: no object under way was acknowledged."""
        BaseServer.shutdown(self)
        self.server_close()
        for association in self.active_associations:
            association.abort(block=False)
        for one in self._open:
            one.pace.refuse()
            one.shutdown(socket.SHUT_RDWR)
        until = monotonic() + _NOTICE_SECONDS
        while self.active_associations and monotonic() < until:
            sleep(0.01)
        for one in self._open:
            one.close()

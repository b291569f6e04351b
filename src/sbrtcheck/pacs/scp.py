"""Associations -> objects in the store: C-STORE of RT objects and C-ECHO, for callers whose AE titles may call."""

from __future__ import annotations

import logging
import warnings
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any
from weakref import WeakKeyDictionary

from pynetdicom import AE, evt
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.events import Event

from sbrtcheck.errors import InputError
from sbrtcheck.pacs.guard import MAX_PDU_BYTES, GuardedServer, GuardedSocket, GuardedTlsSocket, tls_server
from sbrtcheck.pacs.settings import Limits, ListenSettings
from sbrtcheck.pacs.store import Origin, Store
from sbrtcheck.progress import log

_RT = "1.2.840.10008.5.1.4.1.1.481"
_ACCEPTED = (f"{_RT}.5", f"{_RT}.8", f"{_RT}.2", f"{_RT}.3")  # RT Plan, RT Ion Plan, RT Dose, RT Structure Set Storage
_VERIFICATION = "1.2.840.10008.1.1"
# what is not compressed cannot grow when it is read
_SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_PREAMBLE = b"\0" * 128 + b"DICM"
_MAX_BROKEN = 10_000  # connections that are remembered
_COMMAND_BYTES = 1_000_000  # of messages without an object, far more than they have

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700  # these of PS3.4 B.2.3
NOT_OF_THIS_CLASS = 0xA900


class Scp:
    """A running server.

    Parameters
    ----------
    settings
        Where it listens, and to whom.
    store
        Where objects go.
    stored
        Called when one has gone there, by any thread.

    Raises
    ------
    InputError
        The address, the port or a certificate cannot be used.
    """

    def __init__(self, settings: ListenSettings, store: Store, stored: Callable[[], None]) -> None:
        self._store, self._stored, self._limits = store, stored, settings.limits
        self._lock = Lock()
        self._unanswered: WeakKeyDictionary[Any, _Unanswered] = WeakKeyDictionary()
        # its lines have AE titles, addresses and UIDs, and at its lowest level what peers send
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
        for module in ("pydicom", "pynetdicom"):
            warnings.filterwarnings("ignore", module=module)  # they quote what peers send
        self._broken: deque[int] = deque(maxlen=_MAX_BROKEN)
        self._server = self._opened(_entity(settings), settings)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def _opened(self, entity: AE, settings: ListenSettings) -> GuardedServer:
        handlers: list[Any] = [
            (evt.EVT_C_ECHO, lambda _event: SUCCESS),
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_PDU_RECV, self._on_pdu),
            (evt.EVT_DIMSE_RECV, self._on_message),
            (evt.EVT_DIMSE_SENT, self._on_answer),
            (evt.EVT_CONN_CLOSE, self._on_closed),
            (evt.EVT_ABORTED, self._on_closed),
            (evt.EVT_REJECTED, lambda _event: log.info("an association was rejected: AE titles, or too many")),
        ]
        try:
            server = entity.make_server(
                (settings.address, settings.port),
                ae_title=settings.title,
                ssl_context=None if settings.tls is None else tls_server(settings.tls),
                evt_handlers=handlers,
                server_class=GuardedServer,
                limits=settings.limits,
            )
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            place = f"{settings.host}:{settings.port}"
            hint = "choose another --port or --host; with TLS, look at the three files"
            raise InputError(f"cannot listen there ({why})", place, hint) from error
        assert isinstance(server, GuardedServer)  # noqa: S101 - it was asked for
        return server

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def is_open(self) -> bool:
        """Whether it accepts connections."""
        return self._thread.is_alive()

    def senders(self) -> frozenset[str]:
        """Addresses that are connected."""
        return self._server.senders()

    def lost_something(self, origin: Origin) -> bool:
        """Whether that connection brought an object that is not in the store: refused, or broken off."""
        return origin.number in tuple(self._broken)

    def stop(self) -> None:
        """Accept nothing more."""
        self._server.stop()

    def _of(self, event: Event) -> _Unanswered:
        with self._lock:
            if event.assoc not in self._unanswered:
                peer = _peer(event)
                self._unanswered[event.assoc] = _Unanswered(Origin() if peer is None else peer.origin)
            return self._unanswered[event.assoc]

    def _all(self) -> list[_Unanswered]:
        with self._lock:
            return list(self._unanswered.values())

    def _on_pdu(self, event: Event) -> None:
        """Count what a peer sends before it is answered: so much is held in memory."""
        values = getattr(event.pdu, "presentation_data_value_items", ())
        size = sum(len(value.presentation_data_value) for value in values)
        unanswered = self._of(event)
        size = unanswered.more(size)
        everywhere = sum(one.size for one in self._all())
        limit = self._limits.object_bytes + _COMMAND_BYTES
        if size > limit or everywhere > 2 * limit:
            what = "an object is" if size > limit else "objects that come at once are twice"
            log.info("an association was aborted: %s larger than %d bytes", what, self._limits.object_bytes)
            self._lost(event)
            peer = _peer(event)
            if peer is not None:
                peer.pace.refuse()
            event.assoc.abort(block=False)

    def _on_message(self, event: Event) -> None:
        self._of(event).whole()

    def _on_answer(self, event: Event) -> None:
        self._of(event).answered()

    def _on_closed(self, event: Event) -> None:
        if self._of(event).size:
            log.info("a connection ended in the middle of an object")
            self._lost(event)
        self._of(event).forget()

    def _lost(self, event: Event) -> None:
        """Note that an object of a connection is not in the store."""
        number = self._of(event).origin.number
        if number:
            self._broken.append(number)

    def _on_store(self, event: Event) -> int:
        """Store an object; the sender is told of success when it is safe, and of nothing else."""
        request: Any = event.request
        if str(request.AffectedSOPClassUID) != str(event.context.abstract_syntax):
            return NOT_OF_THIS_CLASS
        origin, content = self._of(event).origin, request.DataSet.getbuffer()
        try:
            if len(content) > self._limits.object_bytes or not self._store.has_room(len(content)):
                log.info("an object was refused: %d bytes do not fit", len(content))
                self._lost(event)
                return OUT_OF_RESOURCES
            meta = encode_file_meta(event.file_meta)
            self._store.put(str(request.AffectedSOPInstanceUID), (_PREAMBLE, meta, content), origin)
        except Exception as error:  # a full disk; a UID that cannot be encoded
            log.info("an object was refused: it cannot be written (%s)", type(error).__name__)
            self._lost(event)
            return OUT_OF_RESOURCES
        self._stored()
        return SUCCESS


class _Unanswered:
    """Bytes of one association that came since its last answer, message by message."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self._lock = Lock()
        self._coming = 0
        self._messages: deque[int] = deque()

    @property
    def size(self) -> int:
        with self._lock:
            return self._coming + sum(self._messages)

    def more(self, size: int) -> int:
        with self._lock:
            self._coming += size
        return self.size

    def forget(self) -> None:
        with self._lock:
            self._coming = 0
            self._messages.clear()

    def whole(self) -> None:
        with self._lock:
            self._messages.append(self._coming)
            self._coming = 0

    def answered(self) -> None:
        with self._lock:
            if self._messages:
                self._messages.popleft()


def _peer(event: Event) -> GuardedSocket | GuardedTlsSocket | None:
    """The connection of an event, while it is open."""
    connection = event.assoc.dul.socket
    peer = None if connection is None else connection.socket
    return peer if isinstance(peer, GuardedSocket | GuardedTlsSocket) else None


def _entity(settings: ListenSettings) -> AE:
    limits: Limits = settings.limits
    entity = AE(ae_title=settings.title)
    entity.require_called_aet = True
    entity.require_calling_aet = list(settings.allow_from)
    entity.maximum_associations = 2 * limits.associations  # it counts those that are ending, `guard` does not
    entity.maximum_pdu_size = MAX_PDU_BYTES
    entity.acse_timeout = limits.pdu_seconds
    entity.dimse_timeout = limits.idle_seconds
    entity.network_timeout = limits.idle_seconds
    for sop_class in _ACCEPTED:
        entity.add_supported_context(sop_class, _SYNTAXES)
    entity.add_supported_context(_VERIFICATION, _SYNTAXES)
    return entity

"""A report that is a DICOM object -> another application entity, by C-STORE."""

from __future__ import annotations

import ssl
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from pynetdicom import AE

from sbrtcheck.pacs.settings import ListenSettings, Peer, Tls

_CLASSES = ("1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88.33")
"""Encapsulated PDF Storage, Comprehensive SR Storage."""

_SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_SECONDS = 10.0
_WARNINGS = range(0xB000, 0xC000)  # it was stored (PS3.4 B.2.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of sending a report; ``why`` it was not taken, None where it was."""

    file: str
    tries: int
    why: str | None


class Courier:
    """Sends one report at a time, in a thread of its own: a PACS that does not answer holds nothing up."""

    def __init__(self, settings: ListenSettings, peer: Peer) -> None:
        self._settings, self._peer = settings, peer
        self._is_free = True
        self._done: SimpleQueue[Sent] = SimpleQueue()

    @property
    def is_free(self) -> bool:
        """Whether the next report can be given to it."""
        return self._is_free

    def take(self, file: str, tries: int) -> None:
        """Begin to send a report of the folder."""
        self._is_free = False
        Thread(target=self._send, args=(file, tries), daemon=True).start()

    def outcome(self) -> Sent | None:
        """What came of the report that was under way; None before that is known."""
        with suppress(Empty):
            sent = self._done.get_nowait()
            self._is_free = True
            return sent
        return None

    def _send(self, file: str, tries: int) -> None:
        try:
            why = send(self._settings.out / file, self._settings, self._peer)
        except Exception as error:  # of a file or a certificate that is not there any more, or of pynetdicom
            why = f"it cannot be sent ({type(error).__name__})"
        self._done.put(Sent(file=file, tries=tries, why=why))


def send(path: Path, settings: ListenSettings, peer: Peer) -> str | None:
    """Send a report; as text, why it was not taken."""
    entity = AE(ae_title=settings.title)
    entity.acse_timeout = entity.dimse_timeout = entity.connection_timeout = _SECONDS
    entity.network_timeout = 3 * _SECONDS
    for sop_class in _CLASSES:
        entity.add_requested_context(sop_class, _SYNTAXES)
    tls = None if settings.tls is None or not settings.send_tls else (_client(settings.tls), peer.host)
    association = entity.associate(peer.host, peer.port, ae_title=peer.ae_title, tls_args=tls)
    if not association.is_established:
        return "it rejects the association" if association.is_rejected else "it cannot be reached"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they quote values
            status = association.send_c_store(path).get("Status")
    except ValueError:  # of pynetdicom, where the context was not accepted
        return "it takes no such objects"
    finally:
        association.release()
    if status is None:
        return "it gave no answer"
    return None if status == 0 or status in _WARNINGS else f"it answered with status {status:04X}H"


def _client(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=tls.ca)
    context.load_cert_chain(tls.cert, tls.key)
    return context

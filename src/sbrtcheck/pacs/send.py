"""A report that is a DICOM object -> another application entity, by C-STORE."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path

from pynetdicom import AE

from sbrtcheck.pacs.settings import ListenSettings, Peer, Tls

_CLASSES = ("1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88.33")
"""Encapsulated PDF Storage, Comprehensive SR Storage."""

_SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_SECONDS = 10.0
_WARNINGS = range(0xB000, 0xC000)  # it was stored (PS3.4 B.2.3)


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

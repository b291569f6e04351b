"""What a listener is told: where it listens, who may send, how much it takes, and where its reports go.

Everything is looked at here, before a port is opened: a fault is an error of the command line, not of the first plan.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from math import inf
from pathlib import Path

from sbrtcheck.errors import InputError
from sbrtcheck.render.formats import format_names

DICOM_FORMATS = ("dicom-pdf", "dicom-sr")
FORMATS = (*format_names(), *DICOM_FORMATS)
LOOPBACK = "127.0.0.1"
_MAX_AE_TITLE = 16  # VR AE, PS3.5 6.2
_MAX_PORT = 65535
_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a listener takes of those who can reach its port.

    Parameters
    ----------
    object_bytes
        Largest object; a larger one ends its association before it is read whole.
    spool_bytes
        All objects on disk together; what does not fit is refused with a status, and nothing is deleted for it.
    free_bytes
        Space that is left free on the disk in any case.
    objects
        Most objects on disk.
    associations
        Open at the same time; what all of them hold in memory is limited to twice ``object_bytes``.
    connections_per_minute
        New ones of one address.
    pdu_seconds
        In which a peer must have sent a message's part that it began, shaken hands, or taken an answer.
    idle_seconds
        After which an association is closed in which nothing happens.
    association_seconds
        After which any association is closed.
    check_seconds
        After which the check of a plan is given up.
    keep_seconds
        After which received objects are deleted, from the last that belongs to the same plan.
    group_objects
        Most objects that may hang together by reference; more are not checked.
    """

    object_bytes: int = 512 * _MB
    spool_bytes: int = 20_000 * _MB
    free_bytes: int = 500 * _MB
    objects: int = 50_000
    associations: int = 6
    connections_per_minute: int = 300
    pdu_seconds: float = 30.0
    idle_seconds: float = 60.0
    association_seconds: float = 1800.0
    check_seconds: float = 600.0
    keep_seconds: float = 7 * 86_400.0
    group_objects: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM: own certificate and key, and the authority that certificates of peers must be signed by."""

    cert: Path
    key: Path
    ca: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Where reports are sent to."""

    ae_title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"

    @classmethod
    def read(cls, text: str) -> Peer:
        """``AET@HOST:PORT`` as people write it.

        Raises
        ------
        InputError
            It is not that.
        """
        title, at, address = text.partition("@")
        host, colon, port = address.rpartition(":")
        if not (at and colon and host and port.isdecimal() and 0 < int(port) <= _MAX_PORT):
            raise InputError("where to send reports cannot be read", hint="write it like PACS@192.0.2.7:104")
        return cls(ae_title=ae_title(title, "the AE title to send to"), host=host.strip("[]"), port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """How a listener listens.

    Parameters
    ----------
    out
        Folder for the reports; made where it is not there.
    spool
        Folder for received objects and the journal, which name patients: for nobody else's eyes.
    host, port
        Where it listens; port 0 for one that is free.
    title
        Its AE title, which callers must call.
    allow_from
        AE titles that may call; none for all, which only a loopback address may have.
    format
        Of the reports, one of `FORMATS`.
    send_to
        Where reports that are DICOM objects go too.
    tls
        Without it, objects travel as they are.
    send_tls
        Sends with the same certificates.
    wait_seconds
        After the last object of a plan: what then is missing is reported.
    settle_seconds
        After the last object of a plan that is complete: another dose may be under way.
    limits
        How much is taken.
    """

    out: Path
    spool: Path
    host: str = LOOPBACK
    port: int = 11112
    title: str = "SBRTCHECK"
    allow_from: tuple[str, ...] = ()
    format: str = "html"
    send_to: Peer | None = None
    tls: Tls | None = None
    send_tls: bool = False
    wait_seconds: float = 600.0
    settle_seconds: float = 2.0
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        ae_title(self.title, "the AE title to listen as")
        for title in self.allow_from:
            ae_title(title, "an AE title that may call")
        if not self.allow_from and not _is_loopback(self.host):
            what = "anyone who reaches this address could send, for no AE titles are allowed by name"
            raise InputError(what, self.host, "name who may: --allow-from AET, once for each")
        if self.format not in FORMATS:
            raise InputError(f"there is no report format {self.format!r}", hint=f"one of {', '.join(FORMATS)}")
        if self.send_to is not None and self.format not in DICOM_FORMATS:
            hint = f"choose --format {' or '.join(DICOM_FORMATS)}"
            raise InputError(f"a report as {self.format} is no DICOM object, and cannot be sent", hint=hint)
        if self.send_tls and self.tls is None:
            raise InputError("there is no certificate to send with", hint="give --tls-cert, --tls-key and --tls-ca")
        times = (self.wait_seconds, self.settle_seconds, self.limits.check_seconds)
        if not all(0 <= seconds < inf for seconds in times):
            raise InputError("a time to wait for is none", hint="write it as a number of seconds")
        if not self.limits.keep_seconds > self.wait_seconds:  # one that is no number neither
            raise InputError("objects would be deleted before the wait for others is over", hint="keep them longer")

    @property
    def address(self) -> str:
        """The IP address of the host."""
        return _addresses(self.host)[0]


def ae_title(text: str, what: str) -> str:
    """An AE title: 1 to 16 printable characters of ASCII, no backslash (VR AE, PS3.5 6.2); spaces around do not count.

    Raises
    ------
    InputError
        It is none.
    """
    title = text.strip()
    if not title or len(title) > _MAX_AE_TITLE or not (title.isascii() and title.isprintable()) or "\\" in title:
        raise InputError(f"{what} is none", hint=f"1 to {_MAX_AE_TITLE} letters, digits, spaces or signs of ASCII")
    return title


def _is_loopback(host: str) -> bool:
    return all(ip_address(address.partition("%")[0]).is_loopback for address in _addresses(host))


def _addresses(host: str) -> list[str]:
    try:
        found: Iterable[tuple[object, ...]] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError(
            "this is no address of this computer", host, "give an IP address, such as 127.0.0.1"
        ) from error
    return [str(address[0]) for *_, address in found if isinstance(address, tuple)]

"""A query by DICOMweb (QIDO-RS, WADO-RS) -> the RT files of the studies found, in a folder; images are never fetched.

A study comes whole or not at all: with one of its doses missing, a check might look better than the plan is.
"""

from __future__ import annotations

import re
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import requests
from dicomweb_client import DICOMwebClient
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from sbrtcheck.archive import Entry
from sbrtcheck.errors import InputError, OutputError
from sbrtcheck.files import writing
from sbrtcheck.pacs.credentials import authentication
from sbrtcheck.pacs.store import pseudonym
from sbrtcheck.progress import Progress, no_progress

WANTED = ("RTPLAN", "RTDOSE", "RTSTRUCT")
_PAGE = 100
_TRIES = 3
_BACKOFF = 0.5  # seconds before the second try, doubled for each one more
_TIMEOUT_SECONDS = (10.0, 120.0)  # to connect; between two bytes
_ANSWER_SECONDS = 1800.0
_ANSWER_BYTES = 1_000_000_000
_BUSY = (429, 500, 502, 503, 504)
_STUDY, _SERIES, _INSTANCE, _MODALITY = "0020000D", "0020000E", "00080018", "00080060"  # tags, as DICOM JSON has them
_DATE = re.compile(r"(\d{8})?(-(\d{8})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebQuery:
    """Which studies to fetch, and from where.

    Parameters
    ----------
    url
        Of the DICOMweb service, such as ``https://pacs.example/dicom-web``.
    modality
        That a study must have a series of.
    study_date
        ``20260131``, or a range: ``20260101-20260131``, ``20260101-``, ``-20260131``; empty for any.
    description
        Study Description, with ``*`` and ``?`` as the server takes them; empty for any.
    token_file
        Text file with a bearer token.
    """

    url: str
    modality: str = WANTED[0]
    study_date: str = ""
    description: str = ""
    token_file: Path | None = None

    def __post_init__(self) -> None:
        if self.modality not in WANTED:
            raise InputError(f"{self.modality!r} is not looked for", hint=f"one of {', '.join(WANTED)}")
        if self.study_date == "-" or not _DATE.fullmatch(self.study_date):
            hint = "write 20260131, 20260101-20260131, 20260101- or -20260131"
            raise InputError("the study date is no date or range", hint=hint)

    @property
    def filters(self) -> dict[str, str]:
        """The same as the server is asked."""
        asked = {
            "ModalitiesInStudy": self.modality,
            "StudyDate": self.study_date,
            "StudyDescription": self.description,
        }
        return {name: value for name, value in asked.items() if value}


@dataclass(slots=True, kw_only=True)
class Fetched:
    """What came of a query.

    Parameters
    ----------
    studies, objects
        Fetched.
    failed
        Study Instance UID -> why a study was not fetched.
    left
        Modality -> number of series of it that were left where they are.
    """

    studies: int = 0
    objects: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)

    def entries(self, *, with_uids: bool) -> tuple[Entry, ...]:
        """Each study that could not be fetched as a plan that cannot be checked, with the reason.

        It is called by its Study Instance UID, or by a hash of it that who has the UID can find.
        """
        names = {uid: uid if with_uids else pseudonym(uid) for uid in self.failed}
        return tuple(
            Entry(files=(), folder="", problem=f"study {names[uid]} could not be fetched: {why}", stand_ins={})
            for uid, why in sorted(self.failed.items())
        )

    def __str__(self) -> str:
        left = ", ".join(f"{number} {modality}" for modality, number in sorted(self.left.items()))
        return (
            f"{self.objects} RT objects of {self.studies} studies fetched; {len(self.failed)} studies could not be"
            + (f"; series left where they are: {left}" if left else "")
        )


def fetch(query: WebQuery, folder: Path, *, progress: Progress = no_progress) -> Fetched:
    """Fetch the RT files of all studies that a query finds.

    Parameters
    ----------
    query
        Which, and from where.
    folder
        Where they go; made where it is not there. It must be empty: what else is in it would be checked too.
    progress
        Called with the number of studies done and of all.

    Raises
    ------
    InputError
        The server cannot be asked, it knows no such study, or the folder is not empty.
    OutputError
        A file cannot be written.
    """
    session = requests.Session()
    session.auth = authentication(query.url, query.token_file)
    retry = Retry(
        total=_TRIES,
        backoff_factor=_BACKOFF,
        status_forcelist=_BUSY,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Bounded(max_retries=retry))
    with session:
        client = DICOMwebClient(query.url.rstrip("/"), session=session, timeout=_TIMEOUT_SECONDS)
        client.set_http_retry_params(retry=False)  # the session does, for connections that break too
        studies = _studies(client, query)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if any(folder.iterdir()):
                raise InputError("is not empty", str(folder), "give a new folder for what is fetched")
        fetched = Fetched()
        for done, study in enumerate(studies, start=1):
            _fetch_study(client, study, folder / pseudonym(study), fetched)
            progress(done, len(studies))
    return fetched


class _Bounded(HTTPAdapter):
    """Ends answers that are too long, unpacked, or take too long: they are held in memory."""

    def send(self, *arguments: Any, **settings: Any) -> requests.Response:
        """Ask, and count what is read of the answer."""
        response = super().send(*arguments, **settings)
        response.raw.stream = _counted(response.raw.stream)
        return response


def _counted(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    def counted(*arguments: Any, **settings: Any) -> Iterator[bytes]:
        size, until = 0, monotonic() + _ANSWER_SECONDS
        for part in stream(*arguments, **settings):
            size += len(part)
            if size > _ANSWER_BYTES or monotonic() > until:
                raise _AnswerError("its answer is too long, or takes too long")
            yield part

    return counted


class _AnswerError(Exception):
    """An answer that cannot be all that the server has, or is too much; the text says so."""


def _studies(client: DICOMwebClient, query: WebQuery) -> list[str]:
    try:
        found = list(_pages(client.search_for_studies, _STUDY, search_filters=query.filters))
    except Exception as error:  # of whatever an answer of another server may cause in requests, JSON or pydicom
        hint = "look at the address, the network and the credentials"
        raise InputError(f"the PACS cannot be asked: {_why(error)}", client.base_url, hint) from None
    if not found:
        raise InputError("the PACS knows no such study", client.base_url, "ask for another date or description")
    return [_value(study, _STUDY) for study in found]


def _fetch_study(client: DICOMwebClient, study: str, folder: Path, fetched: Fetched) -> None:
    """All or nothing of a study."""
    left: Counter[str] = Counter()
    objects = 0
    try:
        for series in _pages(client.search_for_series, _SERIES, study_instance_uid=study):
            modality = _value(series, _MODALITY)
            if modality and modality not in WANTED:
                left[modality] += 1
            else:
                objects += _fetch_series(client, study, _value(series, _SERIES), folder)
    except OutputError:
        raise
    except Exception as error:  # what one study causes must not cost the others
        shutil.rmtree(folder, ignore_errors=True)
        fetched.failed[study] = _why(error)
        return
    if not objects:
        fetched.failed[study] = "the PACS lists no RT object in it"
        return
    fetched.studies += 1
    fetched.objects += objects
    fetched.left.update(left)


def _fetch_series(client: DICOMwebClient, study: str, series: str, folder: Path) -> int:
    """The number of its objects; at least one, for none that is listed may be missing."""
    objects = 0
    of_series = {"study_instance_uid": study, "series_instance_uid": series}
    for instance in _pages(client.search_for_instances, _INSTANCE, **of_series):
        uid = _value(instance, _INSTANCE)
        _write(_retrieved(client, uid, **of_series), folder / f"{pseudonym(uid)}.dcm")
        objects += 1
    if not objects:
        raise _AnswerError("the PACS lists a series without objects")
    return objects


def _retrieved(client: DICOMwebClient, uid: str, **of_series: Any) -> Any:
    with _without_warnings():
        dataset = client.retrieve_instance(sop_instance_uid=uid, media_types=(("application/dicom", "*"),), **of_series)
    if dataset.get("SOPInstanceUID") != uid:  # as text, sequences in one another would take minutes
        raise _AnswerError("the PACS gave another object than it was asked for")
    return dataset


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Those of pydicom quote values of files; those of the client are of servers that bend the standard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _write(dataset: Any, path: Path) -> None:
    draft = path.with_suffix(".part")
    with writing(path):
        path.parent.mkdir(exist_ok=True, mode=0o700)
    with writing(path), draft.open("wb") as file, _without_warnings():
        dataset.save_as(file, enforce_file_format=True)
    with writing(path):
        draft.replace(path)


def _pages(search: Callable[..., Any], tag: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    """All that a search finds, page by page; a server that does not know pages gives all of it at once.

    Raises
    ------
    _AnswerError
        It gives the first page again and again.
    """
    seen: set[str] = set()
    offset = 0
    while True:
        page = search(limit=_PAGE, offset=offset, **asked)
        fresh = [one for one in page if _value(one, tag) not in seen]
        if not fresh:
            if len(page) == _PAGE:
                raise _AnswerError("the PACS gives its first page of answers only")
            return
        yield from fresh
        seen |= {_value(one, tag) for one in fresh}
        offset += len(page)


def _value(item: Mapping[str, Any], tag: str) -> str:
    """The first value of an element (DICOM JSON, PS3.18 F.2); "" where it has none."""
    values = item.get(tag, {}).get("Value") or [""]
    return str(values[0])


def _why(error: Exception) -> str:
    """The kind of fault; its text is left out, for it has addresses and what was asked."""
    if isinstance(error, _AnswerError):
        return str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted, or TLS failed (REQUESTS_CA_BUNDLE names other authorities)"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "the connection failed"
    return "its answer cannot be read"

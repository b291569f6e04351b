"""Plans fetched by DICOMweb: what is asked for, what comes, what does not; no credential is ever shown."""

from __future__ import annotations

import csv
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO, StringIO
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from pydicom import Dataset, dcmread

import dicom_files as files
from orthanc import PASSWORD, USER, needs_orthanc, orthanc
from plan_changes import small_plan_bytes
from sbrtcheck.cli import main
from sbrtcheck.errors import InputError
from sbrtcheck.pacs import web
from sbrtcheck.pacs.store import pseudonym
from sbrtcheck.pacs.web import Fetched, WebQuery, fetch

SECRET = "s3cr3t-token"  # noqa: S105 - of nobody


class FakePacs:
    """A DICOMweb server of some objects; ``faults`` are statuses to answer with first, by part of the path."""

    def __init__(self, *objects: bytes, page: int = 1000) -> None:
        self.objects = {
            one.SOPInstanceUID: (one, raw) for raw in objects for one in [dcmread(BytesIO(raw), force=True)]
        }
        self.page = page
        self.faults: dict[str, list[int]] = {}
        self.asked: list[str] = []
        self.headers: list[str | None] = []

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, str, bytes]:
        for part, statuses in self.faults.items():
            if part in path and statuses:
                return statuses.pop(0), "text/plain", b"PHANTOM^SMALL0"
        parts = path.strip("/").split("/")[1:]
        found = [one for one, _ in self.objects.values()]
        if len(parts) > 1:
            found = [one for one in found if one.StudyInstanceUID == parts[1]]
        if len(parts) > 3:
            found = [one for one in found if one.SeriesInstanceUID == parts[3]]
        if len(parts) > 5:
            return 200, 'multipart/related; type="application/dicom"; boundary=x', _part(self.objects[parts[5]][1])
        level = {1: "StudyInstanceUID", 3: "SeriesInstanceUID", 5: "SOPInstanceUID"}[len(parts)]
        unique = list({one[level].value: one for one in found}.values())
        offset, limit = int(query["offset"][0]), min(int(query["limit"][0]), self.page)
        keywords = (level, *(("Modality",) if level == "SeriesInstanceUID" else ()))
        listed = [_json(one, *keywords) for one in unique[offset : offset + limit]]
        return 200, "application/dicom+json", json.dumps(listed).encode()


def _part(raw: bytes) -> bytes:
    return b"--x\r\nContent-Type: application/dicom\r\n\r\n" + raw + b"\r\n--x--\r\n"


def _json(one: Dataset, *keywords: str) -> dict[str, object]:
    return {
        f"{one[k].tag.group:04X}{one[k].tag.element:04X}": {"vr": one[k].VR, "Value": [str(one[k].value)]}
        for k in keywords
    }


@contextmanager
def serving(pacs: FakePacs) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            pacs.asked.append(self.path)
            pacs.headers.append(self.headers.get("Authorization"))
            status, kind, body = pacs.answer(parts.path, parse_qs(parts.query))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of who runs the tests, no proxy, and no long waits between tries."""
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"SBRTCHECK_DICOMWEB_{name}", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(web, "_BACKOFF", 0.0)


def image_of(study: str, uid: str = "2.25.900") -> bytes:
    dataset = files.image(uid)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, "2.25.901"
    return files_bytes(dataset)


def files_bytes(dataset: Dataset) -> bytes:
    from plan_changes import _bytes

    return _bytes(dataset)


def fetched(url: str, folder: Path, **more: object) -> Fetched:
    return fetch(WebQuery(url=url, **more), folder)  # type: ignore[arg-type]


def run(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["batch", *map(str, arguments), "--table", "rtog-0813", "--jobs", "1"])
    return f"{done.exit_code} {done.output}"


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_all_rt_objects_come_page_by_page_and_no_image_is_asked_for(tmp_path: Path, page: int) -> None:
    one, other = small_plan_bytes(0), small_plan_bytes(1)
    image = image_of(dcmread(BytesIO(one[0])).StudyInstanceUID)
    pacs = FakePacs(*one, *other, image, page=page)
    with serving(pacs) as url:
        result = fetched(url, tmp_path / "new", study_date="20260101-", description="*SBRT*")
    assert (result.studies, result.objects, result.failed, result.left) == (2, 6, {}, Counter({"CT": 1}))
    assert {dcmread(path).SOPInstanceUID for path in (tmp_path / "new").rglob("*.dcm")} == set(pacs.objects) - {
        "2.25.900"
    }
    assert "ModalitiesInStudy=RTPLAN" in pacs.asked[0]
    assert "StudyDate=20260101-" in pacs.asked[0]
    assert not any("2.25.901/instances" in path for path in pacs.asked)


def test_what_is_busy_is_asked_again_and_not_for_ever(tmp_path: Path) -> None:
    pacs = FakePacs(*small_plan_bytes(0))
    pacs.faults = {"/instances/": [503, 502]}
    with serving(pacs) as url:
        assert fetched(url, tmp_path / "one").objects == 3
        pacs.faults = {"/instances/": [503] * 1000}
        asked = len(pacs.asked)
        result = fetched(url, tmp_path / "other")
    assert list(result.failed.values()) == ["HTTP status 503"]
    assert len(pacs.asked) - asked < 20


@pytest.mark.parametrize("identity", [("--with-identity",), ()])
def test_a_study_that_cannot_be_fetched_whole_is_a_row_and_others_go_on(
    tmp_path: Path, identity: tuple[str, ...]
) -> None:
    """One of its objects is refused: what else came of it is not checked."""
    one, other = small_plan_bytes(0), small_plan_bytes(1)
    refused = dcmread(BytesIO(one[1]))
    pacs = FakePacs(*one, *other)
    pacs.faults = {f"/instances/{refused.SOPInstanceUID}": [403] * 9}
    with serving(pacs) as url:
        told = run("--dicomweb", url, "--keep", tmp_path / "kept", "--out", tmp_path / "a.csv", *identity)
    assert told.startswith("0 "), told
    assert "3 RT objects of 1 studies fetched; 1 studies could not be" in told
    rows = list(csv.DictReader(StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    (failed,) = [row for row in rows if row["verdict"] == "NOT_EVALUATED" and not row["table_id"]]
    study = refused.StudyInstanceUID if identity else pseudonym(refused.StudyInstanceUID)
    assert failed["detail"] == f"study {study} could not be fetched: HTTP status 403"
    assert failed["plan_verdict"] == "REVIEW"
    assert len({row["plan_key"] for row in rows}) == 2
    assert "PHANTOM" not in (tmp_path / "a.csv").read_text(encoding="utf-8") + told
    assert len(list((tmp_path / "kept").rglob("*.dcm"))) == 3


@pytest.mark.parametrize("raw", [b"", b"no DICOM at all", small_plan_bytes(0)[1][:100]])
def test_what_is_no_dicom_fails_its_study(tmp_path: Path, raw: bytes) -> None:
    pacs = FakePacs(*small_plan_bytes(0))
    uid, (one, _) = next(iter(pacs.objects.items()))
    pacs.objects[uid] = (one, raw)
    with serving(pacs) as url:
        assert list(fetched(url, tmp_path / "new").failed.values()) == ["its answer cannot be read"]
    assert list((tmp_path / "new").rglob("*.dcm")) == []


def test_an_answer_that_is_too_long_fails_its_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raws = small_plan_bytes(0)
    monkeypatch.setattr(web, "_ANSWER_BYTES", max(map(len, raws)))  # of a file alone, without what is round it
    with serving(FakePacs(*raws)) as url:
        assert list(fetched(url, tmp_path / "new").failed.values()) == ["its answer is too long, or takes too long"]


def test_a_server_that_gives_the_first_page_alone_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PAGE", 1)
    pacs = FakePacs(*small_plan_bytes(0), *small_plan_bytes(1), page=1)
    answer = pacs.answer
    pacs.answer = lambda path, query: answer(path, {**query, "offset": ["0"]})  # type: ignore[method-assign]
    with serving(pacs) as url, pytest.raises(InputError, match="gives its first page of answers only"):
        fetched(url, tmp_path / "new")


@pytest.mark.parametrize(
    ("keyword", "why"),
    [("SOPInstanceUID", "another object than it was asked for"), ("SeriesInstanceUID", "a series without objects")],
)
def test_a_study_of_which_something_is_missing_is_not_fetched(tmp_path: Path, keyword: str, why: str) -> None:
    """Another object in place of one; a series that is listed, and not what is in it."""
    pacs = FakePacs(*small_plan_bytes(0))
    uid, (one, _) = next(iter(pacs.objects.items()))
    if keyword == "SOPInstanceUID":
        pacs.objects[uid] = (one, small_plan_bytes(1)[0])
    else:
        answer = pacs.answer
        hidden = f"/series/{one.SeriesInstanceUID}/instances"
        pacs.answer = lambda path, query: (  # type: ignore[method-assign]
            (200, "application/dicom+json", b"[]") if path.endswith(hidden) else answer(path, query)
        )
    with serving(pacs) as url:
        assert why in next(iter(fetched(url, tmp_path / "new").failed.values()))
    assert list((tmp_path / "new").rglob("*.dcm")) == []


def test_a_server_without_such_studies_or_that_is_none_is_said(tmp_path: Path) -> None:
    with serving(FakePacs()) as url, pytest.raises(InputError, match="the PACS knows no such study"):
        fetched(url, tmp_path / "new")
    with pytest.raises(InputError, match="cannot be asked: the connection failed"):
        fetched(url, tmp_path / "new")
    pacs = FakePacs()
    pacs.faults = {"studies": [401] * 9}
    with serving(pacs) as url, pytest.raises(InputError, match="cannot be asked: HTTP status 401"):
        fetched(url, tmp_path / "new")


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with serving(FakePacs(*small_plan_bytes(0))) as url, pytest.raises(InputError, match="is not empty"):
        fetched(url, tmp_path)


@pytest.mark.parametrize("way", ["file", "token", "password", "netrc"])
def test_credentials_are_sent_and_shown_nowhere(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    more: list[object] = []
    if way == "file":
        (tmp_path / "token").write_text(f"{SECRET}\n")
        more = ["--token-file", tmp_path / "token"]
    elif way == "token":
        monkeypatch.setenv("SBRTCHECK_DICOMWEB_TOKEN", SECRET)
    elif way == "password":
        monkeypatch.setenv("SBRTCHECK_DICOMWEB_USER", "me")
        monkeypatch.setenv("SBRTCHECK_DICOMWEB_PASSWORD", SECRET)
    else:
        (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    pacs = FakePacs(*small_plan_bytes(0))
    pacs.faults = {"/instances/": [403] * 9}
    with serving(pacs) as url:
        told = run("--dicomweb", url, "-vv", *more, "--out", tmp_path / "a.csv")
    starts = "Bearer " if way in {"file", "token"} else "Basic "
    assert pacs.headers
    assert all(header is not None and header.startswith(starts) for header in pacs.headers)
    shown = told + caplog.text + (tmp_path / "a.csv").read_text(encoding="utf-8") + " ".join(pacs.asked)
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://pacs.example/dicom-web", "credentials would be sent where others can read them"),
        (f"https://me:{SECRET}@pacs.example/x", "the URL has a name or password in it"),
        ("pacs.example", "no URL"),
        ("ftp://pacs.example", "no URL"),
        ("https://", "no URL"),
    ],
)
def test_addresses_that_would_give_credentials_away_are_refused(
    tmp_path: Path, url: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBRTCHECK_DICOMWEB_TOKEN", SECRET)
    told = run("--dicomweb", url, "--out", tmp_path / "a.csv")
    assert told.startswith("2 ")
    assert says in told
    assert SECRET not in told


def test_a_token_that_is_none_is_refused_without_being_shown(tmp_path: Path) -> None:
    for name, content in (("two", f"{SECRET} {SECRET}"), ("none", " \n")):
        (tmp_path / name).write_text(content)
        told = run("--dicomweb", "https://pacs.example", "--token-file", tmp_path / name, "--out", tmp_path / "a.csv")
        assert told.startswith("2 ")
        assert SECRET not in told


@pytest.mark.parametrize("date", ["2026", "2026-01-01", "20260101-2026", "-", "20260101-20260102-"])
def test_dates_are_written_as_dicom_writes_them(date: str) -> None:
    with pytest.raises(InputError, match="no date or range"):
        WebQuery(url="https://pacs.example", study_date=date)


@pytest.mark.parametrize("arguments", [(), ("x", "--dicomweb", "https://y"), ("x", "--study-date", "20260101")])
def test_a_folder_or_a_pacs(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert "give FOLDER, or --dicomweb URL" in run(*arguments, "--out", tmp_path / "a.csv")


@needs_orthanc
def test_a_batch_of_orthanc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBRTCHECK_DICOMWEB_USER", USER)
    monkeypatch.setenv("SBRTCHECK_DICOMWEB_PASSWORD", PASSWORD)
    one, other = small_plan_bytes(0), small_plan_bytes(1)
    image = image_of(dcmread(BytesIO(one[0])).StudyInstanceUID)
    (tmp_path / "pacs").mkdir()
    with orthanc(tmp_path / "pacs") as pacs:
        pacs.add(*one, *other, image)
        told = run("--dicomweb", pacs.dicomweb, "--out", tmp_path / "a.csv")
        none = run("--dicomweb", pacs.dicomweb, "--study-date", "19000101", "--out", tmp_path / "b.csv")
    assert told.startswith("0 "), told
    assert "6 RT objects of 2 studies fetched; 0 studies could not be; series left where they are: 1 CT" in told
    assert "2 plans: 2 checked" in told
    folder = tmp_path / "same"
    folder.mkdir()
    for at, raw in enumerate((*one, *other)):
        (folder / f"{at}.dcm").write_bytes(raw)
    run(folder, "--out", tmp_path / "same.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "same.csv").read_bytes()
    assert "knows no such study" in none

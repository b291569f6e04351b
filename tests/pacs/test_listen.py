"""Plans pushed to a listener by C-STORE: the report, what is missing, what is refused, what outlasts it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import trustme
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import EncapsulatedPDFStorage

import dicom_files as files
import failing_checks
from folders import ROOT
from orthanc import needs_orthanc, orthanc
from plan_changes import PlanFiles, small_plan
from sbrtcheck.archive import Options
from sbrtcheck.archive.plan_keys import PlanKeys
from sbrtcheck.errors import InputError
from sbrtcheck.pacs import jobs
from sbrtcheck.pacs.listener import Listener
from sbrtcheck.pacs.settings import Limits, ListenSettings, Peer, Tls
from sbrtcheck.pacs.store import Origin, Store
from stepping import key_of

# pynetdicom leaves sockets of requestors to be collected where the other side was the first to close
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <(socket|ssl):ResourceWarning")

OPTIONS = Options.read(tables="rtog-0813")
WAIT_SECONDS, SETTLE_SECONDS, PATIENCE_SECONDS = 2.0, 0.3, 30.0
SUCCESS, OUT_OF_RESOURCES, OTHER_CLASS = 0x0000, 0xA700, 0xA900


class Running:
    """A listener that runs in a thread, and what it told."""

    def __init__(self, folder: Path, *, check: Callable[..., Any] = jobs.check, **settings: Any) -> None:
        given = {"wait_seconds": WAIT_SECONDS, "settle_seconds": SETTLE_SECONDS, "format": "json", **settings}
        self.out, self.spool = folder / "reports", folder / "spool"
        self.told: list[str] = []
        self.listener = Listener(
            ListenSettings(out=self.out, spool=self.spool, port=0, **given),
            OPTIONS,
            tell=self.told.append,
            check=check,
        )
        self.port = self.listener.port
        self._stop = Event()
        self._thread = Thread(target=self.listener.run, args=(self._stop,))

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_SECONDS)
        self.listener.close()

    def reports(self, uid: str) -> list[str]:
        return sorted(path.name for path in self.out.glob(f"{key_of(self.spool, uid)}-*"))

    def report(self, name: str) -> str:
        return (self.out / name).read_text(encoding="utf-8")

    def wait_for_reports(self, uid: str, number: int = 1) -> list[str]:
        wait_until(lambda: len(self.reports(uid)) >= number, self.told)
        return self.reports(uid)


def wait_until(is_true: Callable[[], object], told: object = "") -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < until, told
        time.sleep(0.02)


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """The sockets that `pytestmark` is about are collected before other tests run, which would be blamed for them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@contextmanager
def listening(folder: Path, *, start: bool = True, **settings: Any) -> Iterator[Running]:
    running = Running(folder, **settings)
    try:
        if start:
            running.start()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests whose plans do not meet."""
    with listening(tmp_path_factory.mktemp("listener")) as one:
        yield one


def entity(*classes: str, title: str = "TPS") -> AE:
    made = AE(ae_title=title)
    made.acse_timeout = made.dimse_timeout = made.network_timeout = 20
    for one in classes or (*files.CLASSES.values(), "1.2.840.10008.1.1"):
        made.add_requested_context(one)
    return made


def push(port: int, *datasets: Dataset, title: str = "TPS", called: str = "SBRTCHECK", **more: Any) -> list[int]:
    """Send objects in one association; what is answered."""
    association = entity(title=title).associate("127.0.0.1", port, ae_title=called, **more)
    assert association.is_established
    answers = [association.send_c_store(dataset).get("Status", -1) for dataset in datasets]
    association.release()
    return answers


def sendable(dataset: Dataset) -> Dataset:
    """The same with the meta information of a file, of which the transfer syntax is taken."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def objects(plan: PlanFiles) -> list[Dataset]:
    return [plan.structures, plan.dose, plan.plan]


# ------------------------------------------------------------------------------------------------ plans


def test_a_plan_is_checked_once_its_three_objects_are_there(running: Running) -> None:
    plan = small_plan(0)
    assert push(running.port, plan.dose, plan.plan) == [SUCCESS, SUCCESS]
    time.sleep(3 * SETTLE_SECONDS)
    assert running.reports(plan.plan.SOPInstanceUID) == []
    push(running.port, plan.structures)
    (name,) = running.wait_for_reports(plan.plan.SOPInstanceUID)
    assert '"verdict"' in running.report(name)
    assert plan.plan.SOPInstanceUID in running.report(name)


def test_the_same_objects_again_make_no_new_report_and_a_changed_one_does(running: Running) -> None:
    plan = small_plan(1)
    uid = plan.plan.SOPInstanceUID
    push(running.port, *objects(plan))
    (first,) = running.wait_for_reports(uid)
    before = running.report(first)
    push(running.port, *objects(plan), plan.plan)
    time.sleep(4 * SETTLE_SECONDS)
    assert running.reports(uid) == [first]
    plan.roi("Stomach").ROIName = "Spleen"
    push(running.port, plan.structures)
    assert len(running.wait_for_reports(uid, 2)) == 2
    assert running.report(first) == before
    assert "the RTSTRUCT was received with several contents under one UID" in running.report(running.reports(uid)[1])
    assert "several contents" not in before


def test_a_late_dose_makes_a_new_report(running: Running) -> None:
    plan = small_plan(2)
    push(running.port, *objects(plan))
    (first,) = running.wait_for_reports(plan.plan.SOPInstanceUID)
    plan.dose.SOPInstanceUID = "2.25.777001"
    push(running.port, plan.dose)
    second = running.wait_for_reports(plan.plan.SOPInstanceUID, 2)[1]
    assert "2.25.777001" in running.report(second)
    assert "2.25.777001" not in running.report(first)


def test_a_sum_of_doses_waits_for_all_of_them(running: Running) -> None:
    """A dose a beam, as Pinnacle and others export: the first alone would be half of the plan."""
    plan, other = small_plan(9), small_plan(9)
    beams = files.items(*(files.item(ReferencedBeamNumber=n, BeamMeterset=100.0) for n in (1, 2)))
    plan.plan.FractionGroupSequence[0].ReferencedBeamSequence = beams
    group = plan.plan.FractionGroupSequence[0].FractionGroupNumber
    for number, dose in enumerate((plan.dose, other.dose), start=1):
        dose.SOPInstanceUID, dose.DoseSummationType = f"2.25.77703{number}", "BEAM"
        of_beam = files.item(
            ReferencedFractionGroupNumber=group,
            ReferencedBeamSequence=files.items(files.item(ReferencedBeamNumber=number)),
        )
        dose.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = files.items(of_beam)
    push(running.port, *objects(plan))
    time.sleep(4 * SETTLE_SECONDS)
    assert running.reports(plan.plan.SOPInstanceUID) == []
    push(running.port, other.dose)
    name = running.wait_for_reports(plan.plan.SOPInstanceUID)[-1]
    assert "2 BEAM doses were summed" in running.report(name)


def test_two_plans_that_come_mixed_are_two_reports(running: Running) -> None:
    one, other = small_plan(3), small_plan(4)
    mixed = [dataset for pair in zip(objects(one), objects(other), strict=True) for dataset in pair]
    assert push(running.port, *mixed) == [SUCCESS] * 6
    for plan in (one, other):
        (name,) = running.wait_for_reports(plan.plan.SOPInstanceUID)
        assert plan.dose.SOPInstanceUID in running.report(name)


def test_patients_with_the_same_uids_are_not_mixed(running: Running) -> None:
    """As tools write that remove identities: the structure set of one must not be checked with the dose of another."""
    one, other = small_plan(5), small_plan(5)
    for dataset in objects(other):
        dataset.PatientID = dataset.PatientName = "somebody else"
    push(running.port, one.structures, one.plan, other.dose)
    reports = running.wait_for_reports(one.plan.SOPInstanceUID)
    assert reports
    assert all("NOT-CHECKED" in name for name in reports)


def test_what_is_missing_is_reported_after_the_wait_and_the_plan_when_it_comes(running: Running) -> None:
    plan = small_plan(6)
    uid = plan.plan.SOPInstanceUID
    push(running.port, plan.structures, plan.plan)
    (name,) = running.wait_for_reports(uid)
    assert name.endswith("-NOT-CHECKED.txt")
    text = running.report(name)
    assert text.startswith("NOT CHECKED: there is no verdict on this plan.")
    assert "RTPLAN: no RTDOSE belongs to it" in text
    assert "PASS" not in text
    push(running.port, plan.dose)
    assert running.wait_for_reports(uid, 2)[1].endswith("-2.json")


def test_a_dose_without_its_plan_is_not_checked(running: Running) -> None:
    """The dose and the structures alone could be checked, without a prescription; the plan was to come."""
    plan = small_plan(7)
    push(running.port, plan.structures, plan.dose)
    (name,) = running.wait_for_reports(plan.dose.SOPInstanceUID)
    assert "not received: the RTPLAN that its files name" in running.report(name)


def test_an_object_that_cannot_be_read_is_stored_and_reported(running: Running) -> None:
    junk = sendable(files.header("RTPLAN", "2.25.777002"))
    association = entity().associate("127.0.0.1", running.port, ae_title="SBRTCHECK")
    with raw_objects(b"\xff\xfe" * 999):
        assert association.send_c_store(junk).Status == SUCCESS
    association.release()
    (name,) = running.wait_for_reports("2.25.777002")
    assert "it has no SOP Instance UID" in running.report(name)


def test_a_dose_that_is_cut_off_makes_no_verdict(running: Running) -> None:
    plan = small_plan(8)
    push(running.port, plan.structures, plan.plan)
    meta = plan.dose.file_meta
    del plan.dose.file_meta
    whole = BytesIO()
    plan.dose.save_as(whole, implicit_vr=True, little_endian=True, enforce_file_format=False)
    plan.dose.file_meta = meta
    association = entity().associate("127.0.0.1", running.port, ae_title="SBRTCHECK")
    with raw_objects(whole.getvalue()[:-5000]):
        assert association.send_c_store(plan.dose).Status == SUCCESS
    association.release()
    wait_until(lambda: len(running.reports(plan.plan.SOPInstanceUID)) >= 1)
    (name,) = running.reports(plan.plan.SOPInstanceUID)
    assert "NOT CHECKED" in running.report(name)


@contextmanager
def raw_objects(content: bytes) -> Iterator[None]:
    """Objects are sent as these bytes, whatever they are."""
    import pynetdicom.association as module

    original = module.encode
    module.encode = lambda *_arguments, **_more: content  # type: ignore[assignment]
    try:
        yield
    finally:
        module.encode = original


def test_nothing_names_a_patient(running: Running) -> None:
    """Whatever of the tests above ran before."""
    push(running.port, *objects(small_plan(10)))
    running.wait_for_reports(small_plan(10).plan.SOPInstanceUID)
    names = [path.name for path in running.out.rglob("*")] + running.told
    texts = names + [path.read_text(encoding="utf-8") for path in running.out.glob("*.*")]
    assert len(names) >= 1
    for told in texts:
        assert not any(word in told for word in ("PHANTOM", "Nobody", "secret-id", "somebody else"))
    assert not any("2.25" in name for name in names)


# ------------------------------------------------------------------------------------------------ refused


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that takes little; it checks nothing."""
    limits = Limits(
        object_bytes=300_000,
        spool_bytes=400_000,
        pdu_seconds=2.0,
        idle_seconds=4.0,
        associations=3,
        association_seconds=12.0,
        connections_per_minute=10_000,
    )
    with listening(tmp_path_factory.mktemp("strict"), start=False, limits=limits, allow_from=("TPS",)) as one:
        yield one


def stored(one: Running) -> list[str]:
    return sorted(path.name for path in one.listener._store.paths())


def test_echo_is_answered(strict: Running) -> None:
    association = entity().associate("127.0.0.1", strict.port, ae_title="SBRTCHECK")
    assert association.send_c_echo().Status == SUCCESS
    association.release()


def test_one_association_after_the_other_finds_room(strict: Running) -> None:
    """As systems do that open one for each object: far more than may be open at once."""
    assert all(_echoes(strict.port) for _ in range(15))


@pytest.mark.parametrize(("title", "called"), [("OTHER", "SBRTCHECK"), ("TPS", "ANY-SCP"), ("tps", "SBRTCHECK")])
def test_other_ae_titles_are_rejected(strict: Running, title: str, called: str) -> None:
    association = entity(title=title).associate("127.0.0.1", strict.port, ae_title=called)
    assert association.is_rejected


def test_images_are_refused(strict: Running) -> None:
    association = entity().associate("127.0.0.1", strict.port, ae_title="SBRTCHECK")
    with pytest.raises(ValueError, match="No presentation context"):
        association.send_c_store(sendable(files.image()))
    association.release()
    alone = entity(files.CLASSES["CT"]).associate("127.0.0.1", strict.port, ae_title="SBRTCHECK")
    assert not alone.is_established


def test_an_image_under_the_name_of_a_plan_is_refused(strict: Running) -> None:
    before = stored(strict)
    image = sendable(files.image())
    association = entity().associate("127.0.0.1", strict.port, ae_title="SBRTCHECK")
    context = next(c for c in association.accepted_contexts if c.abstract_syntax == files.CLASSES["RTPLAN"])
    association._get_valid_context = lambda *_a, **_k: context  # type: ignore[method-assign]
    assert association.send_c_store(image).Status == OTHER_CLASS
    association.release()
    assert stored(strict) == before


def test_an_object_over_the_limit_ends_the_association(strict: Running) -> None:
    before = stored(strict)
    dataset = sendable(files.plan("2.25.777010"))
    dataset.add_new(0x30060050, "OB", bytes(4_000_000))
    association = entity().associate("127.0.0.1", strict.port, ae_title="SBRTCHECK")
    assert association.send_c_store(dataset).get("Status") is None
    wait_until(lambda: association.is_aborted or not association.is_established)
    assert stored(strict) == before
    assert strict.listener._scp.lost_something(latest(strict))


def latest(one: Running) -> Origin:
    """The connection that was opened last."""
    return Origin(number=next(one.listener._scp._server._numbers) - 1)


def test_a_connection_that_breaks_in_an_object_is_remembered(strict: Running) -> None:
    association = entity().associate("127.0.0.1", strict.port, ae_title="SBRTCHECK")
    origin, peer = latest(strict), association.dul.socket
    assert strict.listener._scp.senders() == {"127.0.0.1"}
    assert peer is not None
    assert peer.socket is not None
    part = (102).to_bytes(4, "big") + b"\x01\x01" + bytes(100)  # of a command that goes on
    peer.socket.sendall(b"\x04\x00" + len(part).to_bytes(4, "big") + part)
    wait_until(lambda: any(one.size for one in strict.listener._scp._all()))
    peer.socket.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: strict.listener._scp.lost_something(origin))
    wait_until(lambda: not strict.listener._scp.senders())


def test_objects_that_come_at_once_share_the_memory(tmp_path: Path) -> None:
    """Of three peers that each keep to the limit, one is ended."""
    part = (100_002).to_bytes(4, "big") + b"\x01\x01" + bytes(100_000)  # of a command: 1 MB of it are taken
    with listening(tmp_path, start=False, limits=Limits(object_bytes=1)) as one:
        peers = [entity().associate("127.0.0.1", one.port, ae_title="SBRTCHECK") for _ in range(3)]
        for peer in peers:
            assert peer.dul.socket is not None
            assert peer.dul.socket.socket is not None
            for _ in range(8):
                peer.dul.socket.socket.sendall(b"\x04\x00" + len(part).to_bytes(4, "big") + part)
        wait_until(lambda: any(peer.is_aborted for peer in peers))
        assert sum(peer.is_aborted for peer in peers) == 1
        for peer in peers:
            peer.abort()


def test_what_does_not_fit_on_the_disk_is_refused_and_what_was_there_stays(strict: Running) -> None:
    datasets = [sendable(files.plan(f"2.25.77702{n}")) for n in range(4)]
    for dataset in datasets:
        dataset.add_new(0x30060050, "OB", bytes(150_000))
    answers = push(strict.port, *datasets)
    assert answers == [SUCCESS, SUCCESS, OUT_OF_RESOURCES, OUT_OF_RESOURCES]
    assert strict.listener._scp.lost_something(latest(strict))
    assert all(
        any(name.startswith(key_of(strict.spool, d.SOPInstanceUID)) for name in stored(strict)) for d in datasets[:2]
    )


@pytest.mark.parametrize(
    "sent",
    [
        b"",  # says nothing
        b"\x01\x00\x00\x00",  # begins a request
        b"\x01\x00\x00\x00\x10\x00" + bytes(100),  # and never ends it
        b"\x04\x00\xff\xff\xff\xff",  # says that 4 GB follow
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["silent", "half a header", "half a request", "4 GB", "another protocol"],
)
def test_a_client_that_hangs_is_let_go(strict: Running, sent: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", strict.port), timeout=10)) as client:
        client.sendall(sent)
        while client.recv(1000):  # until it is closed, else the time is out
            pass


def test_a_client_that_sends_byte_by_byte_is_let_go(strict: Running) -> None:
    """Each byte comes in time; the whole does not."""
    started = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", strict.port), timeout=10)) as client:
        client.sendall(b"\x01\x00\x00\x00\x10\x00")
        with pytest.raises(OSError):  # noqa: PT011 - broken pipe or reset, as the system says
            _drip(client, until=started + 10)


def _drip(client: socket.socket, *, until: float) -> None:
    while time.monotonic() < until:
        client.sendall(b"\0")
        time.sleep(0.05)


def test_more_connections_than_allowed_are_closed_at_once_and_others_served_later(strict: Running) -> None:
    held = [socket.create_connection(("127.0.0.1", strict.port), timeout=10) for _ in range(8)]
    wait_until(lambda: sum(is_closed(one) for one in held) >= 5)
    for one in held:
        one.close()
    wait_until(lambda: _echoes(strict.port))


def is_closed(one: socket.socket) -> bool:
    one.settimeout(0.01)
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _echoes(port: int) -> bool:
    association = entity().associate("127.0.0.1", port, ae_title="SBRTCHECK")
    if association.is_established:
        association.release()
    return bool(association.is_released)


def test_so_many_connections_in_a_minute(tmp_path: Path) -> None:
    with listening(tmp_path, start=False, limits=Limits(connections_per_minute=3)) as one:
        assert [_echoes(one.port) for _ in range(5)] == [True, True, True, False, False]


# ------------------------------------------------------------------------------------------------ what outlasts it


def test_two_listeners_on_one_folder_refuse_each_other(tmp_path: Path) -> None:
    with listening(tmp_path, start=False), pytest.raises(InputError, match="another listener has this folder"):
        Running(tmp_path)


@pytest.mark.slow  # worker processes die in it
def test_a_check_that_ends_badly_costs_its_plan_alone(tmp_path: Path) -> None:
    plan = small_plan(0)
    ends = (
        (failing_checks.dies, "its process ended"),
        (failing_checks.hangs, "it was given up after 0.5 seconds"),
        (failing_checks.fails, "RuntimeError at failing_checks.py"),
    )
    with listening(tmp_path, limits=Limits(check_seconds=0.5)) as one:
        for number, (check, why) in enumerate(ends, start=1):
            one.listener._check = check
            push(one.port, *objects(plan))  # the same again: for a plan without a verdict that is to be tried again
            name = one.wait_for_reports(plan.plan.SOPInstanceUID, number)[-1]
            assert name.endswith(f"-{number}-NOT-CHECKED.txt")
            assert why in one.report(name)
            assert "Nobody" not in one.report(name)
            assert _echoes(one.port)
        one.listener._check = jobs.check
        one.listener._settings = replace(one.listener._settings, limits=Limits())
        push(one.port, *objects(plan))
        assert one.wait_for_reports(plan.plan.SOPInstanceUID, 4)[-1].endswith("-4.json")


# ------------------------------------------------------------------------------------------------ sent on, and TLS


@pytest.mark.slow
def test_a_report_is_sent_to_the_record_of_the_patient_also_when_that_is_away_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sbrtcheck.pacs.listener._FIRST_SEND_AGAIN_SECONDS", 0.3)
    received: list[Dataset] = []

    def take(event: evt.Event) -> int:
        received.append(event.dataset)
        return 0xA700 if len(received) == 1 else 0

    pacs = AE(ae_title="PACS")
    pacs.add_supported_context(EncapsulatedPDFStorage)
    server = pacs.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    assert server is not None
    try:
        peer = Peer.read(f"PACS@127.0.0.1:{server.server_address[1]}")
        plan = small_plan(0)
        with listening(tmp_path, format="dicom-pdf", send_to=peer) as one:
            push(one.port, *objects(plan))
            wait_until(lambda: any("sent to PACS" in line for line in one.told), one.told)
            assert any("A700" in line for line in one.told)
            assert list(one.listener._journal.due()) == []
    finally:
        server.shutdown()
    assert len(received) == 2
    assert received[1].PatientID == plan.plan.PatientID
    assert received[1].EncapsulatedDocument.startswith(b"%PDF")


def test_with_tls_only_peers_with_a_certificate_of_the_authority_are_heard(tmp_path: Path) -> None:
    import ssl

    authority, other = trustme.CA(), trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    paths = {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "ca")}
    issued.cert_chain_pems[0].write_to_path(paths["cert"])
    issued.private_key_pem.write_to_path(paths["key"])
    authority.cert_pem.write_to_path(paths["ca"])
    limits = Limits(pdu_seconds=1.0)
    with listening(tmp_path, start=False, tls=Tls(**paths), limits=limits) as one:
        silent = socket.create_connection(("127.0.0.1", one.port))  # hands are never shaken, and nobody waits for it
        context = ssl.create_default_context(cafile=paths["ca"])
        authority.issue_cert("tps.example").configure_cert(context)
        assert push(one.port, small_plan(0).plan, tls_args=(context, "127.0.0.1")) == [SUCCESS]
        silent.close()
        stranger = ssl.create_default_context(cafile=paths["ca"])
        other.issue_cert("tps.example").configure_cert(stranger)
        for arguments in ({"tls_args": (stranger, "127.0.0.1")}, {}):
            association = entity().associate("127.0.0.1", one.port, ae_title="SBRTCHECK", **arguments)
            assert not association.is_established


# ------------------------------------------------------------------------------------------------ its parts


@pytest.mark.parametrize("uid", ["../../etc/passwd", "C:\\x", "1.2.3\0.dcm", "a" * 500, "", "NUL", "1.2/3"])
def test_whatever_a_uid_is_it_becomes_no_path(tmp_path: Path, uid: str) -> None:
    store = Store(tmp_path / "spool", Limits(), PlanKeys())
    path = store.put(uid, (b"content",))
    assert path.parent == tmp_path / "spool"
    assert path.read_bytes() == b"content"
    assert store.put(uid, (b"con", b"tent")) == path
    assert store.put(uid, (b"other",)) != path
    assert sorted(tmp_path.rglob("*.dcm")) == sorted(store.paths())
    assert len(list(store.paths())) == 2


def test_a_disk_that_is_nearly_full_takes_nothing(tmp_path: Path) -> None:
    assert not Store(tmp_path / "spool", Limits(free_bytes=10**18), PlanKeys()).has_room(1)
    assert not Store(tmp_path / "spool", Limits(objects=0), PlanKeys()).has_room(1)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"host": "0.0.0.0"}, "no AE titles are allowed by name"),  # noqa: S104 - it is refused
        ({"host": "no such host"}, "no address of this computer"),
        ({"title": ""}, "the AE title to listen as"),
        ({"title": "A" * 17}, "the AE title to listen as"),
        ({"allow_from": ("A\\B",)}, "an AE title that may call"),
        ({"send_to": Peer(ae_title="A", host="b", port=1)}, "no DICOM object"),
        ({"send_tls": True}, "no certificate to send with"),
        ({"format": "docx"}, "no report format"),
        ({"wait_seconds": 1e9}, "deleted before"),
        ({"limits": Limits(keep_seconds=float("nan"))}, "deleted before"),
        ({"wait_seconds": float("nan")}, "a time to wait for is none"),
        ({"wait_seconds": -1.0}, "a time to wait for is none"),
        ({"limits": Limits(check_seconds=float("inf"))}, "a time to wait for is none"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        ListenSettings(out=tmp_path, spool=tmp_path, **settings)


def test_a_host_for_all_is_taken_with_names(tmp_path: Path) -> None:
    assert ListenSettings(out=tmp_path, spool=tmp_path, host="0.0.0.0", allow_from=("TPS",)).address == "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("text", ["", "PACS", "PACS@host", "@host:104", "PACS@host:0", "PACS@host:70000", "PACS@:104"])
def test_where_to_send_is_written_in_one_way(text: str) -> None:
    with pytest.raises(InputError):
        Peer.read(text)


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no certificate")
    tls = Tls(cert=tmp_path / "x.pem", key=tmp_path / "x.pem", ca=tmp_path / "x.pem")
    with pytest.raises(InputError, match="cannot listen there"):
        Running(tmp_path, tls=tls)


# ------------------------------------------------------------------------------------------------ the command


@contextmanager
def command(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The command, and its port; killed in the end where it runs still."""
    words = [sys.executable, "-m", "sbrtcheck", "listen", "--port", "0", "--out", str(folder), "--table", "rtog-0813"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert "listening as SBRTCHECK on 127.0.0.1:" in line
            yield process, int(line.split("127.0.0.1:")[1].split(";")[0])
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="a test can send Ctrl-C to one process only elsewhere")
@pytest.mark.slow
def test_the_command_ends_cleanly_with_ctrl_c(tmp_path: Path) -> None:
    with command(tmp_path) as (process, port):
        assert push(port, small_plan(0).plan) == [SUCCESS]
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        rest = process.stderr.read()
        assert process.wait(20) == 0, rest
    assert rest.splitlines() == [
        "sbrtcheck: stopped; what was received and not yet checked is checked at the next start"
    ]


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.slow  # two processes with a worker each
def test_the_command_killed_and_started_again_loses_nothing_and_ends_with_sigterm(tmp_path: Path) -> None:
    plans = [small_plan(number) for number in range(2)]
    with command(tmp_path) as (process, port):
        assert push(port, *objects(plans[0])) == [SUCCESS] * 3
        time.sleep(3.0)  # somewhere in the check
        process.kill()
    with command(tmp_path) as (process, port):
        assert push(port, *objects(plans[1])) == [SUCCESS] * 3
        first, second = (f"{key_of(tmp_path / 'spool', plan.plan.SOPInstanceUID)}-" for plan in plans)
        expected = {f"{first}1.html", f"{second}1.html"}
        wait_until(lambda: expected <= {path.name for path in tmp_path.glob("*.html")})
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    # killed between a report and its entry in the journal, it makes that report again: once more, never not at all
    assert {path.name for path in tmp_path.glob("*.*")} - {f"{first}2.html"} == expected


# ------------------------------------------------------------------------------------------------ a real PACS


@needs_orthanc
def test_orthanc_pushes_a_plan_and_its_report_is_there(running: Running, tmp_path: Path) -> None:
    plan = ROOT / "examples/plans/lung-50gy-5fx"
    with orthanc(tmp_path) as pacs:
        ids = pacs.add(*(path.read_bytes() for path in sorted(plan.glob("*.dcm"))))
        peer = f'{{"AET": "SBRTCHECK", "Host": "127.0.0.1", "Port": {running.port}}}'
        pacs.ask("PUT", "/modalities/check", peer.encode())
        pacs.ask("POST", "/modalities/check/echo", b"{}")
        pacs.ask("POST", "/modalities/check/store", str(ids).replace("'", '"').encode())
    import pydicom

    uid = pydicom.dcmread(plan / "rtplan.dcm", stop_before_pixels=True).SOPInstanceUID
    (name,) = running.wait_for_reports(uid)
    assert '"plan_label": "LUNG"' in running.report(name)

"""What a listener makes of what came: several contents, late parts, full disks, clocks; without a connection."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from dicom_files import item, items
from plan_changes import PlanFiles, small_plan, small_plan_bytes
from sbrtcheck.archive.plan_keys import PlanKeys
from sbrtcheck.errors import InputError, OutputError
from sbrtcheck.pacs import jobs
from sbrtcheck.pacs.groups import Group, digest
from sbrtcheck.pacs.jobs import Written
from sbrtcheck.pacs.journal import Entry, Journal
from sbrtcheck.pacs.settings import Limits, Peer
from sbrtcheck.pacs.store import Origin, Store
from sbrtcheck.pacs.worker import StoppedError
from stepping import OPTIONS, Steps, key_of, names_alone, stepping

FAR = Origin(sender="192.0.2.7", number=7)
LONG = 3600.0


def objects(plan: PlanFiles) -> list[Any]:
    return [plan.structures, plan.dose, plan.plan]


# ------------------------------------------------------------------------------------------------ what is reported


def test_remarks_are_reasons_against_a_pass(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.dcm" for n in range(3)]
    for path, raw in zip(paths, small_plan_bytes(0), strict=True):
        path.write_bytes(raw)
    written = jobs.check(paths, OPTIONS, "json", ["it came twice"])
    report = json.loads(written.content)
    assert {"code": "files in doubt", "text": "it came twice"}.items() <= report["reasons"][0].items()
    assert written.verdict in {"REVIEW", "FAIL"}


def test_a_rejected_plan_and_beams_that_are_of_another_dose_are_reviews_by_this_door_too(tmp_path: Path) -> None:
    plan = small_plan(0)
    plan.plan.ApprovalStatus = "REJECTED"
    beam = deepcopy(plan.dose)
    beam.SOPInstanceUID, beam.DoseSummationType = "2.25.4711", "BEAM"
    beam.DoseGridScaling = f"{3 * float(beam.DoseGridScaling):.6g}"
    group = item(ReferencedFractionGroupNumber=1, ReferencedBeamSequence=items(item(ReferencedBeamNumber=1)))
    beam.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = items(group)
    with stepping(tmp_path, check=jobs.check) as one:
        one.put(*objects(plan), beam)
        one.step()
        (report,) = [
            text for text in map(one.report, one.reports()) if "OVERALL" in text
        ]  # the beam has one of its own
    assert "REVIEW a reviewer rejected the RTPLAN (Approval Status REJECTED)" in report
    assert "REVIEW the beam dose beside the plan's dose is more than all of it" in " ".join(report.split())


def test_the_last_content_of_a_uid_has_the_last_report_and_is_no_pass(tmp_path: Path) -> None:
    """Also where it is the first one again: between the two, another report was the newest."""
    plan = small_plan(0)
    with stepping(tmp_path) as one:
        one.put(*objects(plan))
        one.step()
        before = one.report(one.reports()[0])
        one.put(*objects(plan))
        assert len(one.step()) == 1
        plan.roi("Stomach").ROIName = "Spleen"
        one.put(plan.structures)
        assert len(one.step()) == 2
        one.put(*objects(small_plan(0)))
        third = one.step()[2:]
        assert len(third) == 1
        assert before in one.report(third[0])
        assert [line.split(": ")[1] for line in one.told] == ["PASS", "REVIEW", "REVIEW"]
        one.put(*objects(small_plan(0)))
        assert len(one.step()) == 3
    with stepping(tmp_path) as again:
        assert len(again.step()) == 3


def test_a_second_whole_dose_is_a_report_of_its_own_and_no_pass(tmp_path: Path) -> None:
    """A plan that was optimised again: which dose is the plan's, the files do not say."""
    plan = small_plan(0)
    with stepping(tmp_path) as one:
        one.put(*objects(plan))
        one.step()
        plan.dose.SOPInstanceUID = "2.25.777001"
        one.put(plan.dose)
        names = one.step()
        assert len(names) == 2
        assert [line.split(": ")[1] for line in one.told] == ["PASS", "REVIEW"]
        assert key_of(one.spool, "2.25.777001") in one.report(names[1])
    with stepping(tmp_path) as again:
        assert again.step() == names


def test_a_plan_of_two_patients_is_told_as_such(tmp_path: Path) -> None:
    """Reports are named by the plan's UID: who looks for one of them finds both."""
    other = small_plan(0)
    for dataset in objects(other):
        dataset.PatientID = dataset.PatientName = "somebody else"
    with stepping(tmp_path) as one:
        one.put(*objects(small_plan(0)))
        one.step()
        one.put(*objects(other))
        names = one.step()
        assert [line.split(": ")[1] for line in one.told] == ["PASS", "REVIEW"]
        assert "several patients" in one.report(names[1])
        assert "somebody" not in one.report(names[1])


def test_a_dose_and_structures_without_a_plan_wait_for_it(tmp_path: Path) -> None:
    plan = small_plan(0)
    del plan.dose.ReferencedRTPlanSequence
    with stepping(tmp_path, wait_seconds=LONG) as one:
        one.put(plan.structures, plan.dose)
        assert one.step() == []
        one.put(plan.plan)
        assert len(one.step()) == 1


def test_while_the_sender_is_connected_more_may_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, senders = small_plan(0), {FAR.sender}
    with stepping(tmp_path, wait_seconds=LONG) as one:
        monkeypatch.setattr(one.listener._scp, "senders", lambda: frozenset(senders))
        one.put(*objects(plan), origin=FAR)
        assert one.step() == []
        senders.clear()
        assert len(one.step()) == 1
    with stepping(tmp_path / "other") as impatient:  # nor for ever
        monkeypatch.setattr(impatient.listener._scp, "senders", lambda: frozenset({FAR.sender}))
        impatient.put(*objects(plan), origin=FAR)
        assert len(impatient.step()) == 1


def test_where_an_object_of_the_same_connection_was_lost_it_is_no_pass_until_all_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stepping(tmp_path) as one:
        monkeypatch.setattr(one.listener._scp, "lost_something", lambda origin: origin is FAR)
        one.put(*objects(small_plan(0)), origin=FAR)
        assert len(one.step()) == 1
        one.put(*objects(small_plan(0)))
        assert len(one.step()) == 2
        assert [line.split(": ")[1] for line in one.told] == ["REVIEW", "PASS"]


# ------------------------------------------------------------------------------------------------ what goes wrong


def test_an_object_of_no_use_has_one_report_whatever_is_restarted(tmp_path: Path) -> None:
    for _ in range(3):
        with stepping(tmp_path) as one:
            if not one.reports():
                one.put(b"no DICOM")
            (name,) = one.step()
    with stepping(tmp_path) as one:
        one.put(b"no DICOM")  # again, and again it is said
        assert one.step() == [name, name.replace("-1-", "-2-")]


def test_a_folder_that_goes_away_costs_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried more often than a check may end the listener."""
    monkeypatch.setattr("sbrtcheck.pacs.listener._WRITE_AGAIN_SECONDS", 0.0)
    with stepping(tmp_path) as one:
        one.put(*objects(small_plan(0)), b"no DICOM")
        one.out.rmdir()
        for _ in range(8):
            assert one.step() == []
        assert len(one.told) == 1
        one.out.mkdir()
        assert len(one.step()) == 2
        assert one.told[-1].endswith("PASS")


def test_a_report_that_the_journal_cannot_note_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with stepping(tmp_path) as one:
        one.put(*objects(small_plan(0)))
        with monkeypatch.context() as patched:
            patched.setattr(one.listener._journal, "finish", full)
            for _ in range(8):
                with pytest.raises(sqlite3.Error):
                    one.step()
        assert len(one.step()) == 1
        assert one.told[-1].endswith("PASS")


def test_a_listener_that_hears_nothing_any_more_ends(tmp_path: Path) -> None:
    with stepping(tmp_path) as one:
        one.listener._scp.stop()
        one.listener._scp._thread.join(5)
        with pytest.raises(OutputError, match="no connection is accepted any more"):
            one.listener.run(Event())


def test_a_pacs_that_does_not_answer_holds_up_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, begun = Event(), Event()

    def slow(*_: object) -> str:
        begun.set()
        answer.wait(20)
        return "it cannot be reached"

    monkeypatch.setattr("sbrtcheck.pacs.send.send", slow)
    peer = Peer.read("PACS@192.0.2.7:104")
    with stepping(tmp_path, format="dicom-pdf", send_to=peer) as one:
        one.put(*objects(small_plan(0)))
        one.step()
        assert begun.wait(20)
        one.put(*objects(small_plan(1)))
        assert len(one.step()) == 2
        answer.set()
        until = time.monotonic() + 20
        while not any("not sent yet to PACS" in line for line in one.told):
            assert time.monotonic() < until
            one.step()


def test_a_file_that_cannot_be_sent_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sbrtcheck.pacs.send import Courier

    def fails(*_: object) -> str:
        raise RuntimeError("Nobody^Really")

    monkeypatch.setattr("sbrtcheck.pacs.send.send", fails)
    with stepping(tmp_path) as one:
        courier = Courier(one.listener._settings, Peer.read("PACS@192.0.2.7:104"))
        courier.take("report.dcm", 0)
        sent = courier._done.get(timeout=20)
        assert sent.why == "it cannot be sent (RuntimeError)"


# ------------------------------------------------------------------------------------------------ what outlasts it


def test_a_restart_between_objects_loses_nothing(tmp_path: Path) -> None:
    """The first never looked at what it received, as one that was killed at once."""
    plan = small_plan(0)
    with stepping(tmp_path) as first:
        first.put(plan.plan, plan.structures)
    (tmp_path / "spool" / "0123.part").write_bytes(b"of a listener that was killed")
    with stepping(tmp_path, wait_seconds=LONG) as second:
        second.put(plan.dose)
        (name,) = second.step()
    with stepping(tmp_path) as third:
        assert third.step() == [name]
        assert third.told == []
    assert not list((tmp_path / "spool").glob("*.part"))


def test_a_check_that_ended_the_listener_often_is_not_begun_again(tmp_path: Path) -> None:
    with stepping(tmp_path) as one:
        one.put(*objects(small_plan(0)))
        names = [path.name for path in one.listener._store.paths()]
        for _ in range(5):
            one.listener._journal.begin(digest([*names, ""]), "plan")
        (name,) = one.step()
        assert "sbrtcheck itself ended in its check, 5 times" in one.report(name)


def test_a_check_under_way_ends_with_the_listener_and_is_done_at_the_next_start(tmp_path: Path) -> None:
    with stepping(tmp_path, settle_seconds=LONG) as one:
        one.put(*objects(small_plan(0)))
        one.step()  # all is described
        one.listener._settings = replace(one.listener._settings, settle_seconds=0.0)
        one.listener._link = lambda group: _ended_after(one.listener._worker.end, jobs.link, one, group)  # type: ignore[method-assign]
        with pytest.raises(StoppedError):
            one.step()
    with closing(Journal(tmp_path / "spool" / "journal.sqlite3")) as journal:
        assert journal._database.execute("SELECT tries, file FROM reports").fetchall() == [(0, "")]


def _ended_after(end: Event, link: Callable[..., Any], one: Steps, group: Group) -> Any:
    linked = link([one.listener._store.path(member.name) for member in group.members])
    end.set()
    return linked


def test_old_objects_are_deleted_with_their_plan_and_reports_stay(tmp_path: Path) -> None:
    with stepping(tmp_path, limits=Limits(keep_seconds=1e-6)) as one:
        one.put(*objects(small_plan(0)), b"no DICOM")
        one.step()
        one.listener._cleaned = -1e9
        assert len(one.step()) == 2
        assert list(one.listener._store.paths()) == []


@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_was_wrong_delays_no_plan(tmp_path: Path, years: int) -> None:
    then = time.time() + years * 365 * 86_400
    with stepping(tmp_path) as one:
        one.put(*objects(small_plan(0)), b"no DICOM")
        for path in one.listener._store.paths():
            os.utime(path, (then, then))
        assert len(one.step()) == 2
    with stepping(tmp_path) as again:
        assert len(again.step()) == 2
        assert again.told == []


def test_the_content_that_came_last_is_the_newest_whatever_the_clock_says(tmp_path: Path) -> None:
    store = Store(tmp_path, Limits(), PlanKeys())
    first = store.put("1.2", (b"first",))
    then = time.time() + 1e6
    os.utime(first, (then, then))
    second = store.put("1.2", (b"second",))
    assert second.stat().st_mtime > first.stat().st_mtime
    assert store.put("1.2", (b"first",)).stat().st_mtime > second.stat().st_mtime
    assert store.put("1.3", (b"other",)).stat().st_mtime < then


def test_the_same_content_is_taken_again_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, a file that is open cannot be replaced."""
    store = Store(tmp_path, Limits(), PlanKeys())
    path = store.put("1.2", (b"content",))
    os.utime(path, (0, 0))

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "replace", refuse)
    assert store.put("1.2", (b"content",)).stat().st_mtime > 0
    with pytest.raises(PermissionError):
        store.put("1.2", (b"other content",))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_what_is_received_is_for_its_owner_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert Store(tmp_path, Limits(), PlanKeys()).put("1.2", (b"content",)).stat().st_mode & 0o077 == 0


def test_a_store_tells_once_what_is_new(tmp_path: Path) -> None:
    store = Store(tmp_path, Limits(), PlanKeys())
    path = store.put("1.2", (b"content",), FAR)
    assert store.take_fresh() == {path.name: FAR}
    assert store.take_fresh() == {}
    assert Store(tmp_path, Limits(), PlanKeys()).take_fresh() == {path.name: Origin()}


def test_what_came_again_just_now_is_not_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path, Limits(), PlanKeys())
    path = store.put("1.2", (b"content",))
    assert not store.remove(path.name)
    store.take_fresh()
    assert store.remove(path.name)
    assert not path.exists()


def test_a_second_listener_leaves_alone_what_the_first_is_writing(tmp_path: Path) -> None:
    with stepping(tmp_path):
        draft = tmp_path / "spool" / "0123.part"
        draft.write_bytes(b"under way")
        with pytest.raises(InputError, match="another listener"):
            stepping(tmp_path).__enter__()
        assert draft.exists()


def test_what_came_while_another_plan_was_checked_is_looked_at_first(tmp_path: Path) -> None:
    """A second dose of the plan that is next: both of its reports say that there are two."""
    late = small_plan(1)
    late.dose.SOPInstanceUID = "2.25.777001"
    with stepping(tmp_path, settle_seconds=0.0, wait_seconds=LONG) as one:

        def check(*arguments: Any) -> Written:
            if not one.told:
                one.put(late.dose)
            return names_alone(*arguments)

        one.listener._check = check
        one.put(*objects(small_plan(0)))
        time.sleep(0.02)  # so that it is the first
        one.put(*objects(small_plan(1)))
        one.step()
        names = one.step()
        assert sorted(len(one.report(name).splitlines()) for name in names) == [3, 4, 4]


def test_numbers_of_reports_are_never_given_again(tmp_path: Path) -> None:
    """Neither where a report is moved away, nor where one on the same files is made again."""
    with closing(Journal(tmp_path / "journal.sqlite3")) as journal:
        for number in range(1, 4):
            assert journal.number("plan") == number - 1
            entry = Entry(
                what="same",
                plan="plan",
                received=time.time(),
                file=f"plan-{number}",
                number=number,
                outcome="PASS",
                stands=False,
            )
            journal.finish(entry)
            assert journal.is_done("same", entry.received)
            assert not journal.is_done("same", time.time() + 1)


def test_names_in_files_are_pseudonyms_alone(tmp_path: Path) -> None:
    plan = small_plan(0)
    with stepping(tmp_path) as one:
        one.put(*objects(plan))
        uid = plan.plan.SOPInstanceUID
        (name,) = one.step()
        assert name == f"{key_of(one.spool, uid)}-1.txt"
        assert not name.startswith(hashlib.sha256(uid.encode()).hexdigest()[:8])  # who has the UID alone cannot tell it
        assert isinstance(names_alone([], OPTIONS, "", []), Written)

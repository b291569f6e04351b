"""Which received objects hang together: laws over objects of any references, and what a plan waits for."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sbrtcheck.dicom import Kind
from sbrtcheck.pacs.groups import Group, Received, groups_of
from sbrtcheck.pacs.jobs import Described, Linked

uids = st.sampled_from("ABCDEF")
several = st.lists(uids, max_size=2).map(tuple)


@st.composite
def objects(draw: st.DrawFn) -> Received:
    """Anything that may be received; few UIDs, so that much hangs together."""
    kind = draw(st.sampled_from([Kind.PLAN, Kind.DOSE, Kind.STRUCTURE_SET]))
    described = Described(
        kind=kind,
        uid=draw(uids),
        patient=draw(st.sampled_from(["one", "other"])),
        frames=draw(several),
        plan_refs=draw(several) if kind is Kind.DOSE else (),
        structure_set_refs=draw(several),
    )
    at = draw(st.integers(0, 5))
    return Received(name=f"{at}{described}", at=float(at), described=described)


def _names(groups: tuple[Group, ...]) -> set[frozenset[str]]:
    return {frozenset(member.name for member in group.members) for group in groups}


received = st.lists(objects(), max_size=12, unique_by=lambda one: one.name)


@given(received)
def test_every_object_is_in_one_group_or_has_a_newer_one_of_its_uid(given_: list[Received]) -> None:
    groups = groups_of(given_)
    everywhere = [name for group in groups for name in (*(member.name for member in group.members), *group.older)]
    assert sorted(everywhere) == sorted(one.name for one in given_)
    for group in groups:
        for older in group.older:
            old = next(one for one in given_ if one.name == older)
            (newest,) = (
                one
                for one in group.members
                if (one.described.patient, one.described.uid) == (old.described.patient, old.described.uid)
            )
            assert newest.at >= old.at


@given(received)
def test_patients_never_share_a_group(given_: list[Received]) -> None:
    for group in groups_of(given_):
        assert len({member.described.patient for member in group.members}) == 1


@given(received)
def test_what_refers_to_another_is_in_its_group(given_: list[Received]) -> None:
    for group in groups_of(given_):
        here = {member.described.uid for member in group.members}
        patient = group.members[0].described.patient
        others = {
            member.described.uid
            for other in groups_of(given_)
            if other is not group
            for member in other.members
            if member.described.patient == patient
        } - here
        refs = {
            ref
            for member in group.members
            for ref in (*member.described.plan_refs, *member.described.structure_set_refs)
        }
        assert not refs & others


@given(received, st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order(given_: list[Received], random: Random) -> None:
    shuffled = list(given_)
    random.shuffle(shuffled)
    assert _names(groups_of(shuffled)) == _names(groups_of(given_))


def test_a_plan_lacks_what_it_refers_to_and_what_its_doses_refer_to() -> None:
    def one(kind: Kind, uid: str, plans: tuple[str, ...] = (), sets: tuple[str, ...] = ()) -> Received:
        described = Described(kind=kind, uid=uid, patient="p", frames=("f",), plan_refs=plans, structure_set_refs=sets)
        return Received(name=uid, at=0.0, described=described)

    plan, dose = one(Kind.PLAN, "plan", sets=("set",)), one(Kind.DOSE, "dose", ("plan",), ("set",))
    structures = one(Kind.STRUCTURE_SET, "set")
    whole = Linked(uid="plan", names=("plan", "dose", "set"))
    assert Group(members=(plan, dose, structures)).lacks(whole) == ()
    assert Group(members=(plan, dose)).lacks(whole) == ("RTSTRUCT",)
    assert Group(members=(dose, structures)).lacks(whole) == ("RTPLAN",)
    assert Group(members=(dose,)).lacks(whole) == ("RTPLAN", "RTSTRUCT")

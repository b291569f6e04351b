"""DICOM files as trees of elements that can be changed, and written with lengths and encodings that lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from hostile_bytes import LARGEST, NUMBERS, TEXTS, Case, changed_bytes

EXPLICIT, IMPLICIT = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2"
DEFLATED, BIG_ENDIAN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2"
_SYNTAXES = (
    EXPLICIT, EXPLICIT, IMPLICIT, IMPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN, b"", b"1.2.840.113619.5.2",
    b"1.2.840.10008.1.2.5", b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.90",
)  # fmt: skip
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_VRS = b"AE AS AT CS DA DS DT FD FL IS LO LT OB OF OW PN SH SL SQ SS ST TM UI UL UN US UT ZZ".split()
_UNDEFINED = 0xFFFFFFFF
_LENGTHS = (0, 1, 2, 7, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFE, 0xFFFFFFFE, _UNDEFINED)
_SHORTS = (0, 1, 2, 3, 7, 8, 16, 32, 64, 255, 65535)
_DEPTHS = (1, 2, 15, 16, 17, 40)
_IDENTITY = (0x00100010, 0x00100020)
_CHARACTER_SETS = (
    b"ISO_IR 100",
    b"ISO_IR 192",
    b"\\ISO 2022 IR 87",
    b"GB18030",
    b"ISO_IR 999",
    b"nonsense",
    b"ISO 2022 IR 6\\x",
)


@dataclass(slots=True)
class Node:
    """An element: its value, or the items of a sequence; ``length`` is stated in place of the true one."""

    tag: int
    vr: bytes
    value: bytes = b""
    items: list[Tree] | None = None
    length: int | None = None
    open: bool = False

    def copy(self) -> Node:
        items = None if self.items is None else [copied(item) for item in self.items]
        return Node(self.tag, self.vr, self.value, items, self.length, self.open)


Tree: TypeAlias = list[Node]


def copied(tree: Tree) -> Tree:
    """The tree again, to change."""
    return [node.copy() for node in tree]


def tree_of(content: bytes) -> Tree:
    """The dataset of a file of explicit VR little endian, as pydicom writes it."""
    at = 132 + 12 + int.from_bytes(content[140:144], "little")  # the group length of the meta information comes first
    return _tree(content, at, len(content))[0]


def _tree(content: bytes, at: int, end: int) -> tuple[Tree, int]:
    tree: Tree = []
    while at < end:
        group, element, vr = struct.unpack_from("<HH2s", content, at)
        if (group, element) == (0xFFFE, 0xE00D):
            return tree, at + 8
        long = vr in _LONG
        length = struct.unpack_from("<L" if long else "<H", content, at + (8 if long else 6))[0]
        at += 12 if long else 8
        node = Node(group << 16 | element, vr)
        if vr == b"SQ":
            node.items, at = _items(content, at, end if length == _UNDEFINED else at + length)
        else:
            node.value = content[at : at + length]
            at += length
        tree.append(node)
    return tree, at


def _items(content: bytes, at: int, end: int) -> tuple[list[Tree], int]:
    items: list[Tree] = []
    while at < end:
        element, length = struct.unpack_from("<HL", content, at + 2)
        at += 8
        if element == 0xE0DD:
            break
        item, at = _tree(content, at, end if length == _UNDEFINED else at + length)
        items.append(item)
    return items, at


# Writing


def written(tree: Tree, syntax: bytes = EXPLICIT, *, meta: bool = True, named: bytes | None = None) -> bytes:
    """A file; ``named`` is the transfer syntax that it says it has."""
    order, implicit = ("<", ">")[syntax == BIG_ENDIAN], syntax == IMPLICIT
    body = b"".join(_element(node, order, implicit=implicit) for node in tree)
    if not meta:
        return body
    if syntax == DEFLATED:
        packing = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = packing.compress(body) + packing.flush()
    name = syntax if named is None else named
    name += b"\0" * (len(name) % 2)
    sop = next((node.value for node in tree if node.tag == 0x00080016), b"")
    about = _element(Node(0x00020002, b"UI", sop), "<", implicit=False)
    about += _element(Node(0x00020010, b"UI", name), "<", implicit=False)
    length = struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(about))
    return bytes(128) + b"DICM" + length + about + body


def _element(node: Node, order: str, *, implicit: bool) -> bytes:
    value = node.value
    if node.items is not None:
        value = b"".join(_item(item, order, implicit=implicit, open_=node.open) for item in node.items)
        if node.open:
            value += struct.pack(f"{order}HHL", 0xFFFE, 0xE0DD, 0)
    elif order == ">" and node.vr in {b"US", b"SS"}:
        value = value[::-1]
    length = _UNDEFINED if node.open else len(value)
    length = length if node.length is None else node.length
    group, element = node.tag >> 16, node.tag & 0xFFFF
    if implicit:
        return struct.pack(f"{order}HHL", group, element, length) + value
    if node.vr in _LONG:
        return struct.pack(f"{order}HH2sHL", group, element, node.vr, 0, length) + value
    return struct.pack(f"{order}HH2sH", group, element, node.vr, length & 0xFFFF) + value


def _item(item: Tree, order: str, *, implicit: bool, open_: bool) -> bytes:
    body = b"".join(_element(node, order, implicit=implicit) for node in item)
    if open_:
        return (
            struct.pack(f"{order}HHL", 0xFFFE, 0xE000, _UNDEFINED)
            + body
            + struct.pack(f"{order}HHL", 0xFFFE, 0xE00D, 0)
        )
    return struct.pack(f"{order}HHL", 0xFFFE, 0xE000, len(body)) + body


# Changing


def dicom_changer(seeds: Sequence[Case]) -> Callable[[Random, Case, Sequence[Case]], Case]:
    """Changes of one of the files: of its elements, of how they are written, or of its bytes."""
    trees = [[tree_of(content) for content in case] for case in seeds]
    all_trees = [tree for case in trees for tree in case]

    def changed(rng: Random, case: Case, others: Sequence[Case]) -> Case:
        at = rng.randrange(len(case))
        content = case[at]
        if rng.random() < 0.25:
            content = changed_bytes(rng, content, [other[at] for other in others if len(other) > at])
        else:
            case = seeds[(which := rng.randrange(len(seeds)))]
            at = rng.randrange(len(case))
            tree = copied(trees[which][at])
            for _ in range(1 + min(rng.randrange(4), rng.randrange(4))):
                _change(rng, tree, all_trees)
            syntax = rng.choice(_SYNTAXES)
            named = rng.choice(_SYNTAXES) if rng.random() < 0.05 else None
            content = written(tree, syntax, meta=rng.random() > 0.1, named=named)
            if rng.random() < 0.1:
                content = changed_bytes(rng, content, ())
        largest = max(LARGEST, len(case[at]) + LARGEST // 8)  # real ones may be larger than ours
        return (*case[:at], content[:largest], *case[at + 1 :])

    return changed


def _places(tree: Tree) -> Iterator[tuple[Tree, int]]:
    for at, node in enumerate(tree):
        yield tree, at
        for item in node.items or ():
            yield from _places(item)


def _change(rng: Random, tree: Tree, all_trees: Sequence[Tree]) -> None:  # noqa: C901, PLR0912 - one way a case
    places = list(_places(tree))
    if not places:
        tree.extend(copied(rng.choice(all_trees)))
        return
    holder, at = rng.choice(places)
    node = holder[at]
    match rng.randrange(15):
        case 0:
            del holder[at]
        case 1:
            holder.insert(rng.randrange(len(holder) + 1), node.copy())
        case 2:
            other = rng.randrange(len(holder))
            holder[at], holder[other] = holder[other], holder[at]
        case 3 if node.tag not in _IDENTITY:
            node.vr = rng.choice(_VRS)
        case 4 if node.tag not in _IDENTITY:
            node.tag = rng.choice(list(_places(rng.choice(all_trees))))[0][0].tag
        case 5:
            node.length = rng.choice((*_LENGTHS, len(node.value) + 2, max(0, len(node.value) - 2)))
        case 6 if node.items:
            node.items = node.items * rng.choice((2, 3, 20)) if rng.random() < 0.5 else node.items[:-1]
        case 7 if node.items is not None:
            node.open = not node.open
        case 8:
            for _ in range(rng.choice(_DEPTHS)):
                node = Node(node.tag, b"SQ", items=[[node]], open=rng.random() < 0.5)
            holder[at] = node
        case 9:
            there, place = rng.choice(list(_places(rng.choice(all_trees))))
            if there[place].tag not in _IDENTITY:
                holder[at] = there[place].copy()
        case 10:
            tree.insert(0, Node(0x00080005, b"CS", rng.choice(_CHARACTER_SETS)))
        case 11 if node.items is not None:
            node.items = None
            node.value = rng.randbytes(rng.randrange(60))
        case 12 if rng.random() < 0.1:
            holder[at] = Node(node.tag, b"SQ", deep(node.tag, rng.choice((400, 2000)), explicit=rng.random() < 0.5))
        case _ if node.items is None:
            node.value = _changed_value(rng, node)


def deep(tag: int, depth: int, *, explicit: bool) -> bytes:
    """Items in sequences in items, of undefined length and never closed."""
    header = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + (b"SQ\0\0" if explicit else b"") + b"\xff" * 4
    return (b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + header) * depth


def _changed_value(rng: Random, node: Node) -> bytes:
    if node.vr in {b"US", b"SS", b"UL", b"SL"}:
        return struct.pack("<H", rng.choice(_SHORTS)) * rng.choice((1, 1, 1, 0, 2))
    if node.vr in {b"OW", b"OB", b"UN"}:
        return changed_bytes(rng, node.value, ())
    parts = node.value.split(b"\\")
    put = rng.choice(rng.choice((NUMBERS, NUMBERS, TEXTS))).encode("utf-8", "surrogatepass")
    match rng.randrange(6):
        case 0 | 1 | 2:
            parts[rng.randrange(len(parts))] = put
        case 3:
            del parts[rng.randrange(len(parts))]
        case 4:
            parts *= rng.choice((2, 3, 30))
        case _:
            parts.insert(rng.randrange(len(parts) + 1), put)
    value = b"\\".join(parts)
    return value + b" " * (len(value) % 2)

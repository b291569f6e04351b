"""What pydcm says of DICOM objects: ``read_objects.py OUT_JSON KIND=FILE...``; runs in an environment of its own."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pydcm


def dvhs(read: object) -> str:
    """How many there are, and the largest volume: of the patient's outline in the examples."""
    fault = read.stored_dvh_error
    largest = max((max(dvh["volumes"], default=0.0) for dvh in read.dvhs), default=0.0)
    return f"{len(read.dvhs)} DVHs, the largest of {largest:.1f} cc" + (f"; {fault}" if fault else "")


READERS = {
    "RTSTRUCT": ("read_rtstruct", lambda read: f"{len(read.rois)} structures"),
    "RTDOSE": ("read_rtdose", lambda read: f"a grid of {' x '.join(map(str, read.shape))}"),
    "RTDOSE with DVHs": ("read_rtdose", lambda read: f"{len(read.dvhs)} DVHs"),
    "the same DVHs in the plan's RTDOSE": ("read_rtdose", dvhs),
    "RTPLAN": ("read_rtplan", lambda read: f"{read.fractions_planned} fractions"),
    "encapsulated PDF": ("read_encapsulated", lambda read: f"{len(read.payload)} bytes of {read.mime}"),
    "Structured Report": ("read_report", lambda read: f"a tree of {len(read)} entries"),
}


def said(kind: str, path: str) -> str:
    """Whether it is read, and what its own validation finds."""
    name, shown = READERS[kind]
    try:
        read = shown(getattr(pydcm, name)(path))
    except Exception as fault:  # whatever another program raises is what it says
        read = f"not read: {type(fault).__name__}: {str(fault).replace(path, 'FILE')}"
    found = Counter(f"{one['severity']}: {_remark(one['message'])}" for one in pydcm.validate(path))
    remarks = "; ".join(f"{number} x {text}" for text, number in sorted(found.items()))
    return f"{read}; validation: {remarks or 'nothing'}"


def _remark(message: str) -> str:
    """All private codes are one remark: pydcm has a dictionary of codes, and those of a clinic are in none."""
    return "a private code is not in its dictionary" if "99SBRTCHECK" in message else message


if __name__ == "__main__":
    out, *objects = sys.argv[1:]
    pairs = (one.partition("=")[::2] for one in objects)
    Path(out).write_text(json.dumps({kind: said(kind, path) for kind, path in pairs}), encoding="utf-8")

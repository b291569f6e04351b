"""DVHs that planning systems stored in their RTDOSE files, against those computed here, under each end-cap convention.

No file of a patient is in the repository: a folder of real plans is given. The bands are those of
`tests/dicom/test_agreement.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import evidence
import numpy as np
import shop
from evidence import Evidence, Part
from pydicom import dcmread

from sbrtcheck.dicom import find_plans, load_dvhs, load_plan
from sbrtcheck.dvh import DVH, DVHSet, EndCaps, compute_dvhs
from sbrtcheck.errors import SbrtcheckError

BANDS = {"volume": (0.0, 0.015), "mean": (0.1, 0.003), "D95%": (0.2, 0.005), "D50%": (0.1, 0.003), "D2%": (0.2, 0.005)}
"""Value -> cc or Gy, and share of the stored value: what is within either counts as agreement."""

SMALL_CC = 1.0
"""Structures of less, whose volume planning systems find in ways of their own, are counted apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value of one structure: ours less theirs, and whether it is within the band."""

    structure: str
    value: str
    ours: float
    theirs: float
    small: bool

    @property
    def within(self) -> bool:
        absolute, share = BANDS[self.value]
        return abs(self.ours - self.theirs) <= max(absolute, share * self.theirs)


def compared(folder: Path, command: str) -> Evidence:
    """Every plan below the folder that stores DVHs; plans are numbered, for neither folder nor patient is named."""
    parts, agreeing, without, shares = [], 0, 0, []
    for found in find_plans(folder).plans:
        files = list(found.files)
        try:
            stored = load_dvhs(files, plan=found.uid)
        except SbrtcheckError:
            without += 1
            continue
        by_caps = {caps: [*differences(files, found.uid, stored, caps)] for caps in EndCaps}
        best = max(by_caps, key=lambda caps: _share(by_caps[caps]))
        shares.append(_share(by_caps[best]))
        agreeing += shares[-1] == 1.0
        parts.append(_part(f"Plan {len(parts) + 1}: {system(files)}", by_caps, best))
    return evidence.found(
        "planning-systems",
        command,
        summary=f"plans with stored DVHs: {len(parts)}; plans of which every value of every structure of {SMALL_CC:g}"
        f" cc or more is in the band under one convention: {agreeing}; plans that store none: {without}",
        met=None if not parts else agreeing == len(parts),
        parts=parts,
    )


def differences(files: Sequence[object], uid: str, stored: DVHSet, caps: EndCaps) -> Iterator[Difference]:
    """All values that can be compared, of all structures that both have."""
    ours = {dvh.number: dvh for dvh in compute_dvhs(load_plan(files, plan=uid), end_caps=caps)}
    for theirs in stored:
        if theirs.number in ours and theirs.volume_unit == ours[theirs.number].volume_unit and theirs.volume > 0.0:
            yield from _of_structure(ours[theirs.number], theirs)


def _of_structure(ours: DVH, theirs: DVH) -> Iterator[Difference]:
    pairs = {"volume": (ours.volume, theirs.volume), "mean": (ours.mean_gy.value, theirs.mean_gy.value)}
    for percent in (95, 50, 2):
        both = tuple(dvh.dose_at_volume(percent / 100.0 * dvh.volume).value for dvh in (ours, theirs))
        pairs[f"D{percent}%"] = both
    for value, (one, other) in pairs.items():
        yield Difference(structure=ours.name, value=value, ours=one, theirs=other, small=theirs.volume < SMALL_CC)


def _share(found: Sequence[Difference]) -> float:
    counted = [one.within for one in found if not one.small]
    return sum(counted) / len(counted) if counted else 0.0


def _part(heading: str, by_caps: dict[EndCaps, list[Difference]], best: EndCaps) -> Part:
    rows = []
    for caps, found in by_caps.items():
        for value in BANDS:
            of = [one for one in found if one.value == value and not one.small]
            apart = np.array([abs(one.ours - one.theirs) for one in of])
            if value == "volume":
                apart = 100.0 * apart / np.array([one.theirs for one in of])
            unit = "%" if value == "volume" else "Gy"
            inside = f"{sum(one.within for one in of)} of {len(of)}"
            rows.append((str(caps), value, inside, f"{np.median(apart):.3f} {unit}", f"{apart.max():.3f} {unit}"))
    off = [one for one in by_caps[best] if not one.within]
    said = "; ".join(f"{x.structure} {x.value} {x.ours:.2f} against {x.theirs:.2f}{' (small)' * x.small}" for x in off)
    small = len({one.structure for one in by_caps[best] if one.small})
    text = f"Agrees best with end caps `{best}`. Outside the band there: {said or 'nothing'}. Not in the table: "
    text += f"{small} structures of less than {SMALL_CC:g} cc."
    table = shop.table(["end caps", "value", "in the band", "apart, median", "largest"], rows)
    return Part(heading=heading, text=text, table=table)


def system(files: Sequence[object]) -> str:
    """What wrote the dose, as its file says."""
    for file in files:
        head = dcmread(file, stop_before_pixels=True, force=True)
        if head.get("Modality") == "RTDOSE":
            said = (head.get(name, "") for name in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"))
            return " ".join(str(word) for word in said if word) or "its file does not say by what"
    return "no dose"

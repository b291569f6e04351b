"""DVHs that planning systems gave, against those computed here, under each end-cap convention; and why some differ.

They are stored in the RTDOSE of a plan, or are a table that Eclipse wrote, ``dvh_tables/*_Eclipse.csv`` beside it. No
file of a patient is in the repository: a folder of real plans is given. The bands are those of
`tests/dicom/test_agreement.py`. What is outside them is held against reasons that are tried by computing with them, by
points and with code that shares nothing with sbrtcheck (`tests/cross_checks/sampler.py`): a structure is explained only
where all its values come into the bands, and the whole curve of the system with them.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import evidence
import numpy as np
import shop
from evidence import ROOT, Evidence, Part
from pydicom import Dataset, dcmread

from sbrtcheck.dicom import find_plans, load_dvhs, load_plan
from sbrtcheck.dvh import DVH, Curve, EndCaps, compute_dvhs
from sbrtcheck.errors import SbrtcheckError

sys.path[:0] = [str(ROOT / "tests" / "cross_checks")]
import explain  # noqa: E402
import readings  # noqa: E402
import sampler  # noqa: E402
from sampler import FloatArray, Heights, Overlap, Way  # noqa: E402

BANDS = {"volume": (0.0, 0.015), "mean": (0.1, 0.003), "D95%": (0.2, 0.005), "D50%": (0.1, 0.003), "D2%": (0.2, 0.005)}
"""Value -> cc or Gy, and share of the system's value: what is within either counts as agreement."""

READ_AS = {"volume": "Volume[cc]", "mean": "Mean[Gy]", "D95%": "D95%[Gy]", "D50%": "D50%[Gy]", "D2%": "D2%[Gy]"}

SMALL_CC = 1.0
"""Structures of less, whose volume planning systems find in ways of their own, are counted apart."""

MOST_LOST = 0.1
"""Of the planes at one end of a structure no larger share is tried to be left out."""

GRID_POINTS = "points of the dose grid stand for voxels"
UNITED = "contours within others are no holes"
BLENDED = "outlines between planes are blended by distance"
LOST = "its {} {} planes of {} are not in the system's DVH"
TRIED = (
    f"Tried were, in this order: {GRID_POINTS}; {UNITED}; {BLENDED}, that is, between two planes an outline is where"
    f" the distances from both, weighed, are none, and the structure ends {sampler.END:g} of a step beyond its last"
    " plane (that number was found on the small structures of an Eclipse plan); planes at one end are left out, as few"
    f" as will do, at most {MOST_LOST:.0%} (how many is found, and no file says why). A reason must bring *all* values"
    " of the structure into the bands, and the system's whole curve, at each of its doses, into the band of volume."
)
ALONG_AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a planning system gave of one structure; volumes in cc."""

    structure: str
    values: Mapping[str, float]
    curve: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value of one structure: ours and theirs, and whether ours is within the band."""

    structure: str
    value: str
    ours: float
    theirs: float
    small: bool

    @property
    def within(self) -> bool:
        absolute, share = BANDS[self.value]
        return abs(self.ours - self.theirs) <= max(absolute, share * self.theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The reason of a structure, with the values that it comes to, and what stays outside the bands."""

    reason: str
    made: Mapping[str, float]
    left: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether planes are left out: their number was found, and is in no file."""
        return self.reason not in (GRID_POINTS, UNITED, BLENDED)


class Files:
    """Contours and dose of a plan, by pydicom alone."""

    def __init__(self, files: Sequence[object]) -> None:
        self._files = files

    def _of(self, modality: str) -> Dataset:
        return next(file for file in (dcmread(one, force=True) for one in self._files) if file.Modality == modality)

    @cached_property
    def loops(self) -> dict[str, list[FloatArray]]:
        return explain.loops_of(self._of("RTSTRUCT"))

    @cached_property
    def grid(self) -> sampler.Grid | None:
        """None for a grid that is not along the axes of the patient, which the points are not made for."""
        dose = self._of("RTDOSE")
        if tuple(map(float, dose.ImageOrientationPatient)) != ALONG_AXES or float(dose.GridFrameOffsetVector[-1]) <= 0:
            return None
        return explain.grid_of(dose)


# ------------------------------------------------------------------------------------------------------ comparison


def compared(folder: Path, command: str) -> Evidence:
    """Every plan below the folder with DVHs; plans are numbered, for neither folder nor patient is named."""
    parts, without, counts = [], 0, np.zeros(6, dtype=int)
    for found in find_plans(folder).plans:
        files = list(found.files)
        given = [*_stored(files, found.uid), *_tabulated(files)]
        if not given:
            without += 1
            continue
        by_caps = {caps: [*differences(files, found.uid, given, caps)] for caps in EndCaps}
        best = max(by_caps, key=lambda caps: _share(by_caps[caps]))
        reasons = explained_of(files, given, [one for one in by_caps[best] if not one.within])
        parts.append(_part(f"Plan {counts[0] + 1}: {system(files)}", by_caps, best))
        parts += [_outside(by_caps[best], reasons)] if reasons else []
        if any(one.reason == BLENDED and not one.left for one in reasons.values()):
            parts.append(_in_its_way(files, given))
        counted = [one for one in by_caps[best] if not one.small]
        off = {one.structure for one in counted if not one.within}
        unexplained = sum(bool(reasons[name].left) for name in off)
        agreed = sum(one.within for one in counted)
        lost = sum(not reasons[name].left and reasons[name].lost for name in off)
        counts += (1, len(counted), agreed, len(off) - unexplained, lost, unexplained)
    plans, values, within, whys, lost, nothing = counts.tolist()
    return evidence.found(
        "planning-systems",
        command,
        summary=f"plans with DVHs of a planning system: {plans}; of {values} values of structures of {SMALL_CC:g} cc or"
        f" more, {within} are in the band under one convention of the plan; structures with others: {whys} explained by"
        f" a reason that was tried ({lost} of them by planes that are left out, which no file says why), {nothing} not;"
        f" plans without such DVHs: {without}",
        met=None if not plans else nothing == 0,
        parts=parts,
    )


def _stored(files: Sequence[object], uid: str) -> Iterator[Given]:
    """DVHs in the RTDOSE, of volumes in cc."""
    try:
        stored = load_dvhs(files, plan=uid)
    except SbrtcheckError:
        return
    for dvh in stored:
        if str(dvh.volume_unit) == "cc" and dvh.volume > 0.0:
            yield Given(structure=dvh.name, values=_values(dvh), curve=dvh.curve)


def _tabulated(files: Sequence[object]) -> Iterator[Given]:
    """DVHs of a table that Eclipse wrote: pairs of columns, the volume in the head, and percent of it below."""
    for table in sorted({Path(str(file)).parent for file in files}):
        for path in sorted(table.glob("dvh_tables/*DvhTable_Eclipse.csv")):
            head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
            for i in range(0, len(head) - 1, 2):
                pairs = np.array([row[i : i + 2] for row in rows if len(row) > i + 1 and row[i] and row[i + 1]], float)
                volume = re.search(r"of ([\d.]+) cc", head[i + 1])
                if volume:
                    yield _given(head[i].partition("_")[0], pairs[:, 0], pairs[:, 1] / 100.0 * float(volume[1]))


def _given(structure: str, dose_gy: FloatArray, volume: FloatArray) -> Given:
    curve = Curve(dose_gy=dose_gy, volume=volume)
    steps = -np.diff(volume) / volume[0]
    values = {"volume": float(volume[0]), "mean": float(steps @ (dose_gy[1:] + dose_gy[:-1]) / 2.0)}
    for percent in (95, 50, 2):
        values[f"D{percent}%"] = float(curve.dose_at(np.array([percent / 100.0 * volume[0]]))[0])
    return Given(structure=structure, values=values, curve=curve)


def _values(dvh: DVH) -> dict[str, float]:
    doses = {f"D{p}%": dvh.dose_at_volume(p / 100.0 * dvh.volume).value for p in (95, 50, 2)}
    return {"volume": dvh.volume, "mean": dvh.mean_gy.value, **doses}


def differences(files: Sequence[object], uid: str, given: Sequence[Given], caps: EndCaps) -> Iterator[Difference]:
    """All values that can be compared, of all structures that both have; names by their letters."""
    ours = {_letters(dvh.name): dvh for dvh in compute_dvhs(load_plan(files, plan=uid), end_caps=caps)}
    for theirs in given:
        dvh = ours.get(_letters(theirs.structure))
        if dvh is not None and str(dvh.volume_unit) == "cc":
            yield from of_structure(theirs, _values(dvh))


def of_structure(theirs: Given, ours: Mapping[str, float]) -> Iterator[Difference]:
    """Each value."""
    small = theirs.values["volume"] < SMALL_CC
    for value, one in ours.items():
        yield Difference(structure=theirs.structure, value=value, ours=one, theirs=theirs.values[value], small=small)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _share(found: Sequence[Difference]) -> float:
    counted = [one.within for one in found if not one.small]
    return sum(counted) / len(counted) if counted else 0.0


# --------------------------------------------------------------------------------------------------------- reasons


def explained_of(files: Sequence[object], given: Sequence[Given], off: Sequence[Difference]) -> dict[str, Explained]:
    """The reason of each structure that has a value outside its band."""
    plan = Files(files)
    by_letters = {_letters(name): loops for name, loops in plan.loops.items()}
    names = {one.structure for one in off}
    return {
        theirs.structure: explained(theirs, by_letters[_letters(theirs.structure)], plan.grid)
        for theirs in given
        if theirs.structure in names
    }


def explained(theirs: Given, loops: Sequence[FloatArray], grid: sampler.Grid | None) -> Explained:
    """The first reason that leaves nothing outside the bands, else the one that leaves least."""
    if grid is None:
        return Explained(reason="not tried, for the grid is not along the axes", made={}, left=tuple(BANDS))
    found = []
    for reason, kept, way in ways(loops):
        found.append(tried(reason, theirs, kept, grid, way))
        if not found[-1].left:
            return found[-1]
    return min(found, key=lambda one: len(one.left))


def ways(loops: Sequence[FloatArray]) -> Iterator[tuple[str, list[FloatArray], Way]]:
    """What is tried, in this order (TRIED)."""
    yield GRID_POINTS, list(loops), Way(parts=1, heights=Heights.NO_ENDS)
    yield UNITED, list(loops), Way(overlap=Overlap.UNITED, heights=Heights.NO_ENDS)
    yield BLENDED, list(loops), Way(blend=True)
    planes = sorted({round(float(loop[0, 2]), 3) for loop in loops})
    for number in range(1, int(MOST_LOST * len(planes)) + 1):
        for word, kept in (("last", set(planes[:-number])), ("first", set(planes[number:]))):
            rest = [loop for loop in loops if round(float(loop[0, 2]), 3) in kept]
            yield LOST.format(word, number, len(planes)), rest, Way(heights=Heights.NO_ENDS)


def tried(reason: str, theirs: Given, loops: Sequence[FloatArray], grid: sampler.Grid, way: Way) -> Explained:
    """What a way of computing comes to, and what of it is outside the bands; the curve is looked at last."""
    samples = sampler.sampled(loops, grid, way)
    read = readings.values(samples, way)
    made = {value: read[name] for value, name in READ_AS.items()}
    left = tuple(one.value for one in of_structure(theirs, made) if not one.within)
    return Explained(reason=reason, made=made, left=left or (() if along(samples, theirs) else ("its curve",)))


def along(samples: sampler.Samples, theirs: Given) -> bool:
    """Whether a system's curve is within the band of volume at each of its doses, or at each half a bin above.

    Systems write the edge of a bin or its middle; one of both must do for the whole curve.
    """
    order = np.argsort(samples.doses_gy)
    beyond = np.append(samples.volumes_cc[order][::-1].cumsum()[::-1], 0.0)
    doses, volumes = theirs.curve.dose_gy, theirs.curve.volume
    half = float(np.median(np.diff(doses))) / 2.0
    made = [beyond[np.searchsorted(samples.doses_gy[order], doses + shift)] for shift in (0.0, half)]
    furthest = min(float(np.abs(one - volumes)[doses > 0.0].max()) for one in made)
    return furthest <= BANDS["volume"][1] * theirs.values["volume"]


# ---------------------------------------------------------------------------------------------------------- tables


def _part(heading: str, by_caps: Mapping[EndCaps, Sequence[Difference]], best: EndCaps) -> Part:
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
    small = len({one.structure for one in by_caps[best] if one.small})
    none = "" if any(not one.within for one in by_caps[best]) else " Nothing is outside the band there."
    text = (
        f"Agrees best with end caps `{best}`.{none} Not in the table: {small} structures of less than {SMALL_CC:g} cc."
    )
    table = shop.table(["end caps", "value", "in the band", "apart, median", "largest"], rows)
    return Part(heading=heading, text=text, table=table)


def _outside(found: Sequence[Difference], reasons: Mapping[str, Explained]) -> Part:
    rows = []
    for one in found:
        if not one.within:
            why, made = reasons[one.structure], reasons[one.structure].made
            left = f"**not explained**; nearest: {why.reason}, which leaves {', '.join(why.left)} outside"
            rows.append(
                (
                    one.structure + " (small)" * one.small,
                    one.value,
                    f"{one.ours:.2f}",
                    f"{one.theirs:.2f}",
                    left if why.left else why.reason,
                    f"{made[one.value]:.2f}" if one.value in made else "",
                )
            )
    heads = ["structure", "value", "sbrtcheck", "the system", "explained by", "so computed"]
    return Part(text=f"Outside the band there (volumes in cc, doses in Gy). {TRIED}", table=shop.table(heads, rows))


def _in_its_way(files: Sequence[object], given: Sequence[Given]) -> Part:
    """How all structures come out, also those in the band, if outlines between planes are blended."""
    plan = Files(files)
    by_letters = {_letters(name): loops for name, loops in plan.loops.items()}
    rows = []
    for theirs in given if plan.grid is not None else []:
        loops = by_letters.get(_letters(theirs.structure), [])
        if loops:
            way = tried(BLENDED, theirs, loops, plan.grid, Way(blend=True))
            apart = 100.0 * (way.made["volume"] / theirs.values["volume"] - 1.0)
            rows.append((theirs.structure, f"{theirs.values['volume']:.2f}", f"{apart:+.2f} %", ", ".join(way.left)))
    text = f"All structures of this plan, those in the band too, computed by points: {BLENDED}."
    table = shop.table(["structure", "volume of the system, cc", "by points", "outside the band"], rows)
    return Part(text=text, table=table)


def system(files: Sequence[object]) -> str:
    """What wrote the dose, as its file says."""
    for file in files:
        head = dcmread(file, stop_before_pixels=True, force=True)
        if head.get("Modality") == "RTDOSE":
            said = (head.get(name, "") for name in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"))
            return " ".join(str(word) for word in said if word) or "its file does not say by what"
    return "no dose"

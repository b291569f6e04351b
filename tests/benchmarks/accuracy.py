"""How far DVHs are from what is known exactly: ``python tests/benchmarks/accuracy.py [--quick] [--skip-peers]``.

1. Five solids of 24 mm in a dose of 1 Gy/mm, against their formulas: largest errors, and time.
2. The same on planes that meet the flat ends: how many of 240 endpoints are far off.
3. Polygons of all kinds in an uneven dose, against a slow reference: what the files say, apart from what was meant.
4. Spheres of 3 to 20 mm at random places in a dose that peaks there.
5. Whether the bounds of every number hold the exact result of the model.

Every method that ``compute_dvhs`` offers is measured, and dicompyler-core, plastimatch and pydcm where they are.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import peers
import reference
import shop
from case_files import PRESCRIPTION, write_case
from closed_forms import ENDPOINTS, GRADIENTS, HALF, SHAPES, Truth, contours, ideal, slabs, volume_of

import chart
import phantom
from sbrtcheck.dvh import DVH, compute, compute_dvhs

MATCHED = ((1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (0.2, 1.0))
"""Spacing of contour planes and of the dose grid, mm."""

OFFSETS = (0.0, 0.37)
"""Of the dose grid, voxels."""

ERRORS = ("Volume %", "Mean", "D99%", "D95%", "D50%", "D5%", "D1%", "D0.03cc", "Curve %")


# Methods


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to compute a DVH: the options it gives to ``compute_dvhs``."""

    options: dict[str, str] = field(default_factory=dict)
    elements: int = 0  # wanted of a structure; 0 leaves it to sbrtcheck

    @property
    def name(self) -> str:
        words = [*self.options.values(), *([f"{self.elements:,} elements"] if self.elements else [])]
        return "sbrtcheck" + "".join(f", {word}" for word in words)

    def dvh(self, plan: Any, name: str) -> DVH:
        usual = compute.ELEMENTS_WANTED
        compute.ELEMENTS_WANTED = self.elements or usual
        try:
            return compute_dvhs(plan, [name], **self.options)[name]
        finally:
            compute.ELEMENTS_WANTED = usual


def choices(option: str) -> tuple[str, ...]:
    """The values of an option of ``compute_dvhs``, its default first; none when it does not have it."""
    parameter = inspect.signature(compute_dvhs).parameters.get(option)
    if parameter is None:
        return ()
    default = parameter.default
    known = {"between": ("slab", "interpolated"), "dose": ("trilinear", "cubic")}
    values = [str(v) for v in type(default)] if isinstance(default, Enum) else list(known.get(option, (default,)))
    return tuple(sorted(values, key=lambda value: value != str(default)))


def methods(*options: str) -> list[Method]:
    """All combinations of the values of some options."""
    offered = [(option, choices(option)) for option in options if choices(option)]
    names = [option for option, _ in offered]
    return [Method(options=dict(zip(names, combo, strict=True))) for combo in product(*(v for _, v in offered))]


def coarser_and_finer(method: Method) -> list[Method]:
    """The method with a twentieth of the elements, and with ten times as many."""
    usual = compute.ELEMENTS_WANTED
    return [replace(method, elements=usual // 20), replace(method, elements=10 * usual)]


# One DVH against its formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """One solid of the set, drawn and in a dose grid, and its formula."""

    shape: str
    gradient: str
    slice_mm: float
    grid_mm: float
    offset: float
    loops: tuple[phantom.Loop, ...]
    dose: phantom.PhantomDose
    truth: Truth

    @property
    def structure(self) -> phantom.PhantomStructure:
        return phantom.PhantomStructure(name="Solid", kind="ORGAN", contours_mm=self.loops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a method said of a solid: `ENDPOINTS`, the volume at a dose, and the milliseconds it took."""

    values: dict[str, float]
    volume_at: Callable[[float], float]
    milliseconds: float


def solids(spacings: Iterable[tuple[float, float]], *, middle_gy: float, ends_on_planes: bool = False) -> list[Solid]:
    """The set, for some spacings of planes and dose grid."""
    made = []
    for (slice_mm, grid_mm), shape, gradient, offset in product(spacings, SHAPES, GRADIENTS, OFFSETS):
        draw = phantom.planes if ends_on_planes else phantom.slab_planes
        made.append(
            Solid(
                shape=shape,
                gradient=gradient,
                slice_mm=slice_mm,
                grid_mm=grid_mm,
                offset=offset,
                loops=contours(shape, draw(-HALF, HALF, slice_mm)),
                dose=_rising_dose(gradient, grid_mm, offset, middle_gy),
                truth=ideal(shape, gradient, middle_gy=middle_gy),
            )
        )
    return made


def _rising_dose(gradient: str, grid_mm: float, offset: float, middle_gy: float) -> phantom.PhantomDose:
    along = (0.0, 1.0, 0.0) if gradient == "AP" else (0.0, 0.0, 1.0)
    first = -15.0 + offset * grid_mm
    last = 18.0 + offset * grid_mm
    return phantom.sample_dose(
        phantom.linear_dose(middle_gy, along), first_mm=(first,) * 3, last_mm=(last,) * 3, spacing_mm=(grid_mm,) * 3
    )


def by_sbrtcheck(method: Method, solid: Solid, *, repeats: int) -> Measured:
    """What one of our methods says."""
    plan = phantom.in_memory([solid.structure], solid.dose, PRESCRIPTION)
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        dvh = method.dvh(plan, "Solid")
        taken.append(time.perf_counter() - started)
    values = {name: band.value for name, band in bands(dvh).items()}
    return Measured(values=values, volume_at=dvh.curve.volume_at, milliseconds=1000.0 * float(np.median(taken)))


def bands(dvh: DVH) -> dict[str, Any]:
    """The dose endpoints of a DVH with their bounds, and the volume."""
    found = {name: dvh.dose_at_volume(volume_of(name, dvh.volume)) for name in ENDPOINTS[2:]}
    return {"Volume": dvh.volume_at_dose(0.0), "Mean": dvh.mean_gy} | found


DICOMPYLER, PLASTIMATCH, PYDCM = "dicompyler-core", "plastimatch", "pydcm"


def by_others(solid_set: Sequence[Solid], extent: shop.Extent) -> dict[str, list[Measured] | shop.Missing]:
    """What the other tools say, through files; or why they were not asked."""
    python, program = peers.dicompyler_python(extent.peers_dir), peers.plastimatch(extent.peers_dir)
    if extent.quick and not isinstance(program, shop.Missing):
        program = shop.Missing(why="left out by --quick")
    other_python = peers.pydcm_python(extent.peers_dir)
    return {
        DICOMPYLER: by_library(solid_set, python, "run_dicompyler_core.py"),
        PYDCM: by_library(solid_set, other_python, "run_pydcm.py"),
        PLASTIMATCH: program if isinstance(program, shop.Missing) else by_plastimatch(solid_set),
    }


def by_library(solid_set: Sequence[Solid], python: Path | shop.Missing, driver: str) -> list[Measured] | shop.Missing:
    """What a library for Python says, and the time of its function that computes a DVH; that of pydcm reads, too."""
    if isinstance(python, shop.Missing):
        return python
    with tempfile.TemporaryDirectory() as scratch:
        folders = [
            write_case(Path(scratch, f"solid{i}"), f"SOLID{i}", structures=[s.structure], dose=s.dose)
            for i, s in enumerate(solid_set)
        ]
        wanted = ",".join([*_METRICS, "Curve", "Seconds"])
        run = shop.run(python, driver, wanted, "", *folders)
    return [_of_json(run.result[str(folder)]["Solid"]) for folder in folders]


def by_plastimatch(solid_set: Sequence[Solid]) -> list[Measured]:
    """What plastimatch says of each solid in a box; it drops the last plane of a structure set, here of the box.

    Its time is that of the whole program, reading and all, for it tells no other.
    """
    found = []
    for solid in solid_set:
        heights = [float(loop[0, 2]) for loop in solid.loops]
        more = 2.0 * solid.slice_mm
        levels = phantom.planes(min(heights) - more, max(heights) + more, solid.slice_mm)
        around = phantom.PhantomStructure(
            name="BODY",
            kind="EXTERNAL",
            contours_mm=phantom.stack(levels, lambda _: [phantom.rectangle((0.0, 0.0), (2.5 * HALF, 2.5 * HALF))]),
        )
        with tempfile.TemporaryDirectory() as scratch:
            folder = write_case(Path(scratch), "SOLID", structures=[solid.structure, around], dose=solid.dose)
            words = (",".join([*_METRICS, "Curve", "Seconds"]), "Solid", folder)
            run = shop.run(sys.executable, "run_plastimatch.py", *words)
            found.append(_of_json(run.result[str(folder)]["Solid"]))
    return found


_METRICS = [f"{name}[{'cc' if name == 'Volume' else 'Gy'}]" for name in ENDPOINTS]


def _of_json(found: dict[str, Any]) -> Measured:
    values = {name: found[metric] for name, metric in zip(ENDPOINTS, _METRICS, strict=True)}
    doses_gy, volumes_cc = np.asarray(found["Curve"])

    def volume_at(dose_gy: float) -> float:
        return float(np.interp(dose_gy, doses_gy, volumes_cc, right=0.0))

    return Measured(values=values, volume_at=volume_at, milliseconds=1000.0 * found["Seconds"])


def errors(measured: Measured, solid: Solid) -> dict[str, float]:
    """Errors against the formula: Gy, and percent of the volume; of the curve, the largest."""
    exact = solid.truth.endpoints()
    found = {name: abs(measured.values[name] - exact[name]) for name in ENDPOINTS[1:]}
    doses = solid.truth.middle_gy + np.linspace(-HALF - 1.0, HALF + 1.0, 261)
    off = max(abs(measured.volume_at(d) - solid.truth.volume_at(d)) for d in doses.tolist())
    whole = exact["Volume"]
    return {
        "Volume %": 100.0 * abs(measured.values["Volume"] - whole) / whole,
        **found,
        "Curve %": 100.0 * off / whole,
    }


# 1. Largest errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The largest error of a method over the 20 cases of one pair of spacings, and its median time."""

    slice_mm: float
    grid_mm: float
    method: str
    milliseconds: float
    worst: dict[str, float]


def largest_errors(extent: shop.Extent, repeats: int = 3) -> tuple[list[Line], dict[str, str]]:
    """One line for each pair of spacings and each method; and which tools were left out, and why.

    ``repeats`` of what is timed: errors are the same each time, so that whoever is after them needs one.
    """
    lines, missing = [], {}
    for slice_mm, grid_mm in MATCHED[1:3] if extent.quick else MATCHED:
        chosen = solids([(slice_mm, grid_mm)], middle_gy=20.0)
        ways = methods("between", "dose")
        for usual in [method for method in ways if "trilinear" in method.options.values()]:
            ways += coarser_and_finer(usual)
        times = 1 if extent.quick else repeats
        said = {method.name: [by_sbrtcheck(method, solid, repeats=times) for solid in chosen] for method in ways}
        for name, others in by_others(chosen, extent).items():
            if isinstance(others, shop.Missing):
                missing[name] = others.why
            else:
                said[name] = others
        for name, found in said.items():
            off = [errors(measured, solid) for measured, solid in zip(found, chosen, strict=True)]
            worst = {key: max(e[key] for e in off) for key in ERRORS}
            spent = float(np.median([m.milliseconds for m in found]))
            lines.append(Line(slice_mm=slice_mm, grid_mm=grid_mm, method=name, milliseconds=spent, worst=worst))
    return lines, missing


def largest_errors_section(lines: Sequence[Line], missing: dict[str, str], picture: Path | None) -> shop.Section:
    """Errors against formulas, over shapes, gradients and positions of the dose grid; as a picture too."""
    rows = [
        [f"{line.slice_mm:g} / {line.grid_mm:g}", line.method, f"{line.milliseconds:.1f}"]
        + [f"{line.worst[key]:.3f}" for key in ERRORS]
        for line in lines
    ]
    units = [key if key.endswith(" %") else f"{key}, Gy" for key in ERRORS]
    rows += [["all", name, f"not measured: {why}", *[""] * len(ERRORS)] for name, why in missing.items()]
    text = (
        "Sphere, cylinder and cone of 24 mm, standing and lying, in a dose of 1 Gy/mm along z and y (so Gy are also"
        " mm), dose grid at 0 and 0.37 voxels. Largest error of the 20 cases; median ms a solid, without reading (but"
        " of plastimatch the whole program, and of pydcm with reading). sbrtcheck divides a solid into"
        f" {compute.ELEMENTS_WANTED:,} elements unless another number is given."
    )
    if picture:
        text += f"\n\n![{_in_words(lines)}]({picture.name})"
    return shop.Section(
        heading="Five solids, against formulas",
        text=text,
        table=shop.table(["planes / grid, mm", "method", "ms", *units], rows),
        goals=tuple(_goals_of_lines(lines)),
    )


def draw(lines: Sequence[Line], picture: Path) -> None:
    """Error against time of every method, a panel for each spacing."""
    picture.write_text(
        chart.svg(
            _points(lines),
            title="Error against time",
            x_label="ms a solid",
            y_label="largest error of D99%, Gy, at 1 Gy/mm",
        ),
        encoding="utf-8",
        newline="\n",
    )


def _points(lines: Sequence[Line]) -> list[chart.Point]:
    return [
        chart.Point(
            group=f"planes {line.slice_mm:g} mm, grid {line.grid_mm:g} mm",
            name=line.method,
            time=line.milliseconds,
            error=max(line.worst["D99%"], 1e-3),
        )
        for line in lines
    ]


def _in_words(lines: Sequence[Line]) -> str:
    """What the picture shows, for those who do not see it."""
    groups = dict.fromkeys(point.group for point in _points(lines))
    fronts = {group: chart.front([p for p in _points(lines) if p.group == group]) for group in groups}
    said = "; ".join(f"{group}: " + ", then ".join(p.name for p in best) for group, best in fronts.items())
    return f"Error of D99% against time, both on logarithmic axes. Nothing is both faster and closer than, for {said}."


def _goals_of_lines(lines: Sequence[Line]) -> Iterable[shop.Goal]:
    asked = "sbrtcheck, interpolated, trilinear"  # with as many elements as it takes by itself
    coarse = [x for x in lines if x.slice_mm == 3.0 and x.method == asked]
    for line in coarse:
        for key, most in (("D95%", 0.05), ("D0.03cc", 0.3)):
            yield shop.Goal(
                what=f"largest {key} error, interpolated, planes and grid of 3 mm, 1 Gy/mm",
                aim=f"at most {most:g} Gy",
                measured=f"{line.worst[key]:.3f} Gy",
                met=line.worst[key] <= most,
            )


# 2. The 240 endpoints


def endpoints_far_off(extent: shop.Extent) -> shop.Section:
    """Planes at the ends, where nothing says whether a solid goes on for half a slice: the kinder truth counts."""
    chosen = solids(MATCHED[:3], middle_gy=16.0, ends_on_planes=True)
    said = {m.name: [by_sbrtcheck(m, s, repeats=1) for s in chosen] for m in methods("end_caps", "between")}
    others = by_others(chosen, extent)
    said |= {name: of for name, of in others.items() if not isinstance(of, shop.Missing)}
    rows, goals = [], []
    for name, found in said.items():
        for offset in OFFSETS:
            shares = [
                share
                for measured, solid in zip(found, chosen, strict=True)
                if solid.offset == offset
                for share in _relative_errors(measured, solid).values()
            ]
            over = {limit: sum(s > limit for s in shares) / len(shares) for limit in (0.03, 0.02)}
            rows.append([name, f"{offset:g}", *(f"{s * len(shares):.0f} ({s:.1%})" for s in over.values())])
            goals += _goals_of_share(name, offset, over[0.03])
    rows += [
        [name, "all", f"not measured: {of.why}", ""] for name, of in others.items() if isinstance(of, shop.Missing)
    ]
    return shop.Section(
        heading="240 endpoints: how many are far off",
        text=(
            "The same solids on planes 1, 2 and 3 mm apart that meet the flat ends, dose grid as fine as the planes,"
            " 4 to 28 Gy; volume, mean, D99, D95, D50, D5, D1 and D0.03cc. An endpoint counts as off when it is so"
            " far from the solid as meant and from the solid with half a slice at its flat ends."
        ),
        table=shop.table(["method", "grid offset, voxels", "more than 3 % off", "more than 2 % off"], rows),
        goals=tuple(goals),
    )


def _goals_of_share(name: str, offset: float, share: float) -> list[shop.Goal]:
    aims = {
        "sbrtcheck, half-slice": 0.05,
        "sbrtcheck, half-slice, slab": 0.05,
        "sbrtcheck, half-slice, interpolated": 0.01,
    }
    if name not in aims:
        return []
    what = f"endpoints over 3 %, {name.removeprefix('sbrtcheck, ')}, grid offset {offset:g}"
    return [shop.Goal(what=what, aim=f"at most {aims[name]:.0%}", measured=f"{share:.1%}", met=share <= aims[name])]


def _relative_errors(measured: Measured, solid: Solid) -> dict[str, float]:
    """Errors as shares of the true value, against the solid as meant or with half a slice at flat ends."""
    meant = solid.truth.endpoints()
    cap_mm = solid.slice_mm / 2.0
    capped = ideal(solid.shape, solid.gradient, middle_gy=solid.truth.middle_gy, cap_mm=cap_mm).endpoints()
    said = measured.values
    return {name: min(abs(said[name] - true[name]) / true[name] for true in (meant, capped)) for name in ENDPOINTS}


# 3. What the files say


def polygons(rng: np.random.Generator, kind: str) -> tuple[phantom.Loop, ...]:
    """Five planes, 2.5 mm apart, of a random structure: stars, with holes, or loops that cross themselves."""
    loops = []
    middle = rng.uniform(-4.0, 4.0, 2)
    for z in phantom.planes(-5.0, 5.0, 2.5):
        corners = int(rng.integers(7, 24))
        turns = 2 if kind == "crossing" else 1
        angle = (np.arange(corners) + rng.uniform(0.05, 0.95, corners)) * (2.0 * np.pi * turns / corners)
        star = rng.uniform(5.0, 13.0, corners)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        scales = (1.0, 0.35) if kind == "holes" else (1.0,)
        loops += [np.column_stack([middle + scale * star, np.full(corners, z)]) for scale in scales]
    return tuple(loops)


def uneven_dose(rng: np.random.Generator) -> phantom.PhantomDose:
    """Four waves of 25 to 60 mm, each of 7 Gy either way of 30 Gy, on a grid of 2.5 mm that starts anywhere."""
    waves = rng.uniform(-0.25, 0.25, (4, 3))
    waves *= (2.0 * np.pi / rng.uniform(25.0, 60.0, 4) / np.linalg.norm(waves, axis=1))[:, None]
    phases = rng.uniform(0.0, 2.0 * np.pi, 4)

    def dose(x: Any, y: Any, z: Any) -> Any:
        return 30.0 + 7.0 * sum(np.sin(w[0] * x + w[1] * y + w[2] * z + p) for w, p in zip(waves, phases, strict=True))

    first = tuple(float(v) for v in -22.5 + rng.uniform(0.0, 2.5, 3))
    last = tuple(v + 42.5 for v in first)
    return phantom.sample_dose(dose, first_mm=first, last_mm=last, spacing_mm=(2.5,) * 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many numbers lie inside their bounds, the widest bounds, and the farthest outside."""

    inside: int = 0
    count: int = 0
    farthest: float = 0.0

    def and_(self, band: Any, exact: float, *, slack: float) -> Tally:
        """One more number, inside when it is not further outside than ``slack``."""
        out = max(band.low - exact, exact - band.high, 0.0)
        return Tally(inside=self.inside + (out <= slack), count=self.count + 1, farthest=max(self.farthest, out))

    def __str__(self) -> str:
        return f"{self.inside} of {self.count}; farthest out {self.farthest:.2g}"


def what_the_files_say(*, quick: bool) -> shop.Section:
    """The default method against the slow reference, and whether the bounds hold it."""
    rng = np.random.default_rng(20240102)
    rows, goals = [], []
    for kind in ("stars", "holes", "crossing"):
        worst = dict.fromkeys(("Volume %", *ENDPOINTS[1:]), 0.0)
        inside = Tally()
        cases = 3 if quick else 12
        for _ in range(cases):
            loops, dose = polygons(rng, kind), uneven_dose(rng)
            exact = _by_reference(loops, dose, step_mm=0.08)
            plan = phantom.in_memory([phantom.PhantomStructure(name="Solid", contours_mm=loops)], dose, PRESCRIPTION)
            said = bands(Method().dvh(plan, "Solid"))
            off = abs(said["Volume"].value / exact.pop("Volume") - 1.0)
            worst["Volume %"] = max(worst["Volume %"], 100.0 * off)
            for name, value in exact.items():
                worst[name] = max(worst[name], abs(said[name].value - value))
                inside = inside.and_(said[name], value, slack=0.002)
        rows.append([kind, cases, *(f"{v:.4f}" for v in worst.values()), inside])
        goals += _goals_of_polygons(kind, worst)
    heads = ["polygons", "cases", "Volume %", *(f"{name}, Gy" for name in ENDPOINTS[1:]), "in bounds (± 0.002 Gy)"]
    return shop.Section(
        heading="What the files say",
        text=(
            "Random polygons on five planes in an uneven dose of 2 to 58 Gy, as slabs, against a slow computation that"
            " shares nothing with ours. Largest errors of the default method; the reference itself is good to about"
            " 0.0001 % and 0.002 Gy."
        ),
        table=shop.table(heads, rows),
        goals=tuple(goals),
    )


def _by_reference(loops: Sequence[phantom.Loop], dose: phantom.PhantomDose, *, step_mm: float) -> dict[str, float]:
    doses, volumes = reference.samples(loops, dose, spacing_mm=2.5, step_mm=step_mm)
    whole = float(volumes.sum())
    found = {name: reference.dose_at(doses, volumes, volume_of(name, whole)) for name in ENDPOINTS[2:]}
    mean = float(doses @ volumes) / whole
    return {"Volume": reference.volume_cc(loops, spacing_mm=2.5), "Mean": mean} | found


def _goals_of_polygons(kind: str, worst: dict[str, float]) -> list[shop.Goal]:
    dose_gy = max(value for name, value in worst.items() if name != "Volume %")
    found = (("volume", worst["Volume %"], 0.1, "%"), ("dose endpoints", dose_gy, 0.05, "Gy"))
    return [
        shop.Goal(
            what=f"what the files say, {kind}: {what}",
            aim=f"at most {most:g} {unit}",
            measured=f"{value:.3f} {unit}",
            met=value <= most,
        )
        for what, value, most, unit in found
    ]


# 4. Small spheres


EDGE_GY = 20.0
"""Dose on the surface of a small sphere; twice as much in its middle."""


def small_spheres(*, quick: bool) -> shop.Section:
    """Contours and dose grid every mm: volume, and volume with the dose of the edge, in percent off."""
    rows, goals = [], []
    for diameter_mm in (3.0, 5.0, 7.0, 10.0, 15.0, 20.0):
        rng = np.random.default_rng(int(diameter_mm))
        places = rng.uniform(-0.5, 0.5, (8 if quick else 50, 3))
        for method in methods("between", "dose"):
            off = np.array([_sphere_errors(method, diameter_mm / 2.0, place) for place in places])
            shown = [f"{c.mean():+.2f} [{c.min():+.2f}, {c.max():+.2f}]" for c in off.T]
            rows.append([f"{diameter_mm:g}", method.name, *shown])
            if "interpolated" in method.name and "cubic" not in method.name:
                goals += _goals_of_spheres(diameter_mm, off[:, 0])
    return shop.Section(
        heading="Small spheres in a peak of dose",
        text=(
            f"{8 if quick else 50} random places each, contours and dose grid every 1 mm; the dose falls from 40 Gy in"
            " the middle to 20 Gy at the surface as a Gaussian. Mean [least, most] error in percent. The last column is"
            " free of how the sphere is contoured: it shows the interpolation of dose alone."
        ),
        table=shop.table(
            ["diameter, mm", "method", "volume %", "V20Gy % in the sphere", "V20Gy % in a wider box"], rows
        ),
        goals=tuple(goals),
    )


def _goals_of_spheres(diameter_mm: float, off: np.ndarray) -> Iterable[shop.Goal]:
    mean, worst = abs(float(off.mean())), float(np.abs(off).max())
    what = f"volume of a sphere of {diameter_mm:g} mm, interpolated"
    yield shop.Goal(what=f"{what}, mean", aim="within 0.1 %", measured=f"{mean:.2f} %", met=mean <= 0.1)
    limits = {3.0: 6.0, 7.0: 1.5}
    if diameter_mm in limits:
        most = limits[diameter_mm]
        yield shop.Goal(what=f"{what}, worst", aim=f"within {most:g} %", measured=f"{worst:.2f} %", met=worst <= most)


def _sphere_errors(method: Method, radius_mm: float, place: np.ndarray) -> tuple[float, float, float]:
    cx, cy, cz = (float(v) for v in place)
    reach = np.ceil(radius_mm) + 5.0

    def outline(z: float) -> list[phantom.Outline]:
        rest = radius_mm**2 - (z - cz) ** 2
        return [phantom.circle((cx, cy), rest**0.5, points=360)] if rest > 1e-6 else []

    def dose(x: Any, y: Any, z: Any) -> Any:
        away2 = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2
        return 2.0 * EDGE_GY * 0.5 ** (away2 / radius_mm**2)

    levels = phantom.planes(-reach, reach, 1.0)
    wide = 2.0 * radius_mm + 4.0
    structures = [
        phantom.PhantomStructure(name="Sphere", contours_mm=phantom.stack(levels, outline)),
        phantom.PhantomStructure(name="Box", contours_mm=phantom.box((0.0, 0.0, 0.0), (wide,) * 3, spacing_mm=1.0)),
    ]
    grid = phantom.sample_dose(dose, first_mm=(-reach,) * 3, last_mm=(reach,) * 3, spacing_mm=(1.0,) * 3)
    plan = phantom.in_memory(structures, grid, PRESCRIPTION)
    true_cc = 4.0 * np.pi * radius_mm**3 / 3000.0
    sphere, around = method.dvh(plan, "Sphere"), method.dvh(plan, "Box")
    said = sphere.volume, sphere.volume_at_dose(EDGE_GY).value, around.volume_at_dose(EDGE_GY).value
    a, b, c = (100.0 * (value / true_cc - 1.0) for value in said)
    return a, b, c


# 5. Bounds


def bounds_hold(*, quick: bool) -> shop.Section:
    """The exact DVH of slabs, for the polygons of the five solids, against the bounds of every endpoint."""
    rows, everything = [], []
    for spacings in MATCHED[1:3] if quick else MATCHED:
        inside, widest = Tally(), 0.0
        for solid in solids([spacings], middle_gy=20.0):
            plan = phantom.in_memory([solid.structure], solid.dose, PRESCRIPTION)
            said = bands(Method().dvh(plan, "Solid"))
            exact = slabs(solid.loops, solid.slice_mm, solid.gradient, middle_gy=20.0).endpoints()
            for name in ENDPOINTS:
                inside = inside.and_(said[name], exact[name], slack=1e-6)
                widest = max(widest, said[name].high - said[name].low)
        rows.append([f"{spacings[0]:g} / {spacings[1]:g}", inside, f"{widest:.3f}"])
        everything.append(inside)
    counts = sum(t.inside for t in everything), sum(t.count for t in everything)
    goal = shop.Goal(
        what="closed form of the model inside its bounds",
        aim="always",
        measured=f"{counts[0]} of {counts[1]}",
        met=counts[0] == counts[1],
    )
    return shop.Section(
        heading="Bounds",
        text="The exact result for the slabs of the five solids, default method: is it between the bounds given?",
        table=shop.table(["planes / grid, mm", "exact slab result in bounds", "widest bounds, Gy or cc"], rows),
        goals=(goal,),
    )


def sections(extent: shop.Extent, *, picture: Path | None) -> Iterator[shop.Section]:
    """All tables, as they get ready; the picture is written where asked for."""
    lines, missing = largest_errors(extent)
    if picture:
        draw(lines, picture)
    yield largest_errors_section(lines, missing, picture)
    yield endpoints_far_off(extent)
    yield what_the_files_say(quick=extent.quick)
    yield small_spheres(quick=extent.quick)
    yield bounds_hold(quick=extent.quick)


def main() -> None:
    """Print all tables, then the goals."""
    parser = argparse.ArgumentParser(description="How far DVHs are from what is known exactly.")
    shop.add_options(parser)
    parser.add_argument("--picture", type=Path, help="SVG file to write, of error against time")
    args = parser.parse_args()
    goals = []
    for section in sections(shop.extent_of(args), picture=args.picture):
        print(section, flush=True)
        goals += section.goals
    print(shop.goals_table(goals))


if __name__ == "__main__":
    main()

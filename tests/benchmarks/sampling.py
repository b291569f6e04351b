"""How often the truth lies within the sampling uncertainty: ``python tests/benchmarks/sampling.py``.

It writes ``docs/sampling-coverage.md``, from which the other pages take their figures; ``--quick`` prints a few. The
constants of the estimate (`sbrtcheck.metric.sampling`) were chosen on the phantoms with numbers from `CALIBRATION` on;
the page is of those from `TEST` on, which nothing was chosen by. ``--calibration`` prints the former.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shop
from sampling_phantoms import SamplingPhantom, Truth, random_phantom

from sbrtcheck.dvh import DVH, DVHSet, compute_dvhs
from sbrtcheck.dvh import sampled_otherwise as otherwise
from sbrtcheck.metric import Measurement, measure
from sbrtcheck.metric.sampling import NoSamplingEstimate, SamplingEstimate, estimate, filled_otherwise

PAGE = shop.ROOT / "docs" / "sampling-coverage.md"
CALIBRATION, TEST = 1_000, 500_000
PHANTOMS = 400

INTRODUCTION = """\
# How often the truth lies within the sampling uncertainty

Every number on this page was made by `{command}`.
It is of {phantoms} phantoms, none of which was used to choose a constant of the estimate: spheres, ellipsoids,
cylinders and cones of 3 to 60 mm, upright or turned; contour planes 1, 2, 3 or 5 mm and dose grids 1, 2 or 3 mm apart,
at random places; dose that rises evenly by 0.1 to 3 Gy/mm, peaks, or falls off as a penumbra. The truth is that of the
solid itself in the formula of the dose. {left_out} more phantoms lie on fewer than three contour planes: of them the
sampling uncertainty is not known.

*Inside*: the truth lies within the sampling uncertainty, to 0.1 % of the value. *Within the bounds*: the same of the
numerical bounds, which promise nothing of the kind. *Width*: the sampling uncertainty over the actual error, the middle
of all. *99 % within*: that share of the truths lies within so many times the estimate, which is no bound.
"""

METRICS = ("Volume[cc]", "Mean[Gy]", "Max[Gy]", "Min[Gy]", "D0.035cc[Gy]", "D2%[Gy]", "D50%[Gy]", "D95%[Gy]", "V")
"""``V`` stands for the volumes at the doses that 10, 50 and 90 % of the true solid receive."""

LARGE_PLANES = 8
"""Of a large structure at least."""
LARGE_CELLS = 16
"""Of the dose grid that a large structure extends over, at least."""

LEVEL_GY = 0.05
"""Where a tenth of the solid has doses no further apart, dose is level."""

SAME = 1e-3
"""A value this close to the truth, as a share of it, is right: the truth is known no better everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One metric of one phantom: what was said of it, and the truth."""

    phantom: SamplingPhantom
    planes: int
    metric: str
    truth: float
    measured: Measurement
    half_width: float

    @property
    def error(self) -> float:
        return abs(self.measured.value - self.truth)

    @property
    def slack(self) -> float:
        return SAME * abs(self.truth)

    @property
    def inside(self) -> bool:
        return self.error <= self.half_width + self.slack

    @property
    def in_bounds(self) -> bool:
        return self.measured.low - self.slack <= self.truth <= self.measured.high + self.slack


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How phantoms are computed: the options of a DVH; and whether those on many planes are treated as large ones."""

    name: str
    between: str = "slab"
    dose: str = "trilinear"
    as_large: bool = False


WAYS = (
    Way(name="as it comes"),
    Way(name="as a large structure", as_large=True),
    Way(name="interpolated, cubic", between="interpolated", dose="cubic"),
)


def cases_of(number: int, way: Way) -> list[Case] | None:
    """The metrics of one phantom; None where it has too few planes for an estimate."""
    made = random_phantom(number)
    plan = made.plan()
    if plan is None:
        return []
    dvhs = compute_dvhs(plan, ["Solid"], between=way.between, dose=way.dose)
    if not len(dvhs):
        return []
    if way.as_large and made.size_mm < LARGE_CELLS * made.grid_mm:
        return []
    usual = otherwise.MAX_CELLS
    otherwise.MAX_CELLS = 0 if way.as_large else usual
    try:
        return _measured(made, dvhs, LARGE_PLANES if way.as_large else 0)
    finally:
        otherwise.MAX_CELLS = usual


def _measured(made: SamplingPhantom, dvhs: DVHSet, fewest_planes: int) -> list[Case] | None:
    dvh = dvhs["Solid"]
    assert dvhs.plan is not None
    contours = otherwise.drawn(dvhs.plan, dvh)
    assert contours is not None
    if contours.planes < fewest_planes:
        return []
    filled = filled_otherwise(dvhs, dvh)
    if isinstance(filled, NoSamplingEstimate):
        return None
    found = []
    for metric, text, true in _asked(made.truth()):

        def on(other: DVH, text: str = text) -> Measurement:
            return measure(text, other)

        value = on(dvh)
        said = estimate(value, filled, on)
        if isinstance(value, Measurement) and isinstance(said, SamplingEstimate):
            found.append(
                Case(
                    phantom=made,
                    planes=contours.planes,
                    metric=metric,
                    truth=true,
                    measured=value,
                    half_width=said.half_width,
                )
            )
    return found


def _asked(truth: Truth) -> Iterator[tuple[str, str, float]]:
    """Metric, its text, and what it is of the true solid."""
    of_whole = {"Volume[cc]": truth.volume_cc, "Mean[Gy]": truth.mean_gy}
    of_whole |= {"Max[Gy]": float(truth.doses_gy[0]), "Min[Gy]": float(truth.doses_gy[-1])}
    for metric in METRICS[:-1]:
        if metric in of_whole:
            yield metric, metric, of_whole[metric]
            continue
        amount = metric.removeprefix("D").removesuffix("[Gy]")
        in_cc = amount.endswith("cc")
        volume_cc = float(amount[:-2]) if in_cc else float(amount[:-1]) / 100.0 * truth.volume_cc
        if volume_cc < truth.volume_cc:
            yield metric, metric, truth.dose_at(volume_cc)
    for share in (0.1, 0.5, 0.9):
        dose_gy = truth.dose_at(share * truth.volume_cc)
        # where dose is level, no volume belongs to it: the slightest error makes it all or nothing
        around = (truth.dose_at(one * truth.volume_cc) for one in (share - 0.05, share + 0.05))
        if abs(float(np.subtract(*around))) < LEVEL_GY:
            continue
        yield "V", f"V{dose_gy:.6f}Gy[cc]", truth.volume_at(round(dose_gy, 6))


def _of_number(task: tuple[int, Way]) -> list[Case] | None:
    return cases_of(*task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The cases of one way, how many phantoms they are of, and how many had too few planes."""

    cases: Sequence[_Facts]
    phantoms: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is counted of a case; phantoms hold functions, which do not go from process to process."""

    metric: str
    shape: str
    dose: str
    size_mm: float
    planes_mm: float
    grid_mm: float
    planes: int
    inside: bool
    in_bounds: bool
    error: float
    half_width: float
    slack: float


def facts_of(task: tuple[int, Way]) -> list[_Facts] | None:
    """One phantom's cases as plain facts."""
    cases = _of_number(task)
    return None if cases is None else [_facts(case) for case in cases]


def _facts(case: Case) -> _Facts:
    made = case.phantom
    return _Facts(
        metric=case.metric,
        shape=made.shape,
        dose=made.kind,
        size_mm=made.size_mm,
        planes_mm=made.planes_mm,
        grid_mm=made.grid_mm,
        planes=case.planes,
        inside=case.inside,
        in_bounds=case.in_bounds,
        error=case.error,
        half_width=case.half_width,
        slack=case.slack,
    )


def found(first: int, number: int, way: Way, processes: int) -> Found:
    """Compute phantoms."""
    tasks = [(first + n, way) for n in range(number)]
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            answers = list(pool.map(facts_of, tasks, chunksize=8))
    else:
        answers = [facts_of(task) for task in tasks]
    known = [answer for answer in answers if answer]
    return Found(
        cases=[fact for answer in known for fact in answer],
        phantoms=len(known),
        left_out=sum(answer is None for answer in answers),
    )


# -------------------------------------------------------------------------------- tables

HEADS = ("cases", "inside", "within the bounds", "width", "99 % within")


def counted(cases: Sequence[_Facts]) -> list[str]:
    """The columns of `HEADS`."""
    if not cases:
        return ["0", "", "", "", ""]
    inside, bounds = (sum(getattr(c, name) for c in cases) / len(cases) for name in ("inside", "in_bounds"))
    widths = [c.half_width / c.error for c in cases if c.error > c.slack]
    needed = np.quantile([(c.error - c.slack) / max(c.half_width, 1e-9) for c in cases], 0.99)
    width = f"{np.median(widths):.1f}" if widths else ""
    return [str(len(cases)), f"{inside:.1%}", f"{bounds:.1%}", width, f"{needed:.1f}" if needed < 10.0 else "over 10"]


Keep = Callable[[_Facts], bool]


def groups() -> dict[str, list[tuple[str, Keep]]]:
    """What the cases are told apart by."""
    sizes, planes = ((3, 6), (6, 12), (12, 25), (25, 60)), ((3, 3), (4, 7), (8, 15), (16, math.inf))
    return {
        "metric": [(m.replace("V", "volumes at a dose") if m == "V" else m, _is("metric", m)) for m in METRICS],
        "size, mm": [(f"{a} to {b}", _between("size_mm", a, b)) for a, b in sizes],
        "contour planes": [
            (f"{a}" if a == b else f"{a} or more" if b == math.inf else f"{a} to {b}", _between("planes", a, b + 1))
            for a, b in planes
        ],
        "shape": [(s, _is("shape", s)) for s in ("sphere", "ellipsoid", "cylinder", "cone")],
        "dose": [(d, _is("dose", d)) for d in ("linear", "peak", "penumbra")],
        "planes apart, mm": [(f"{a:g}", _is("planes_mm", a)) for a in (1.0, 2.0, 3.0, 5.0)],
        "dose grid, mm": [(f"{a:g}", _is("grid_mm", a)) for a in (1.0, 2.0, 3.0)],
    }


def _is(name: str, value: object) -> Keep:
    return lambda case: getattr(case, name) == value


def _between(name: str, low: float, high: float) -> Keep:
    return lambda case: low <= getattr(case, name) < high


def sections(by_way: dict[Way, Found]) -> Iterator[shop.Section]:
    """The tables: all ways, and the usual one by everything."""
    usual = by_way[WAYS[0]].cases
    yield shop.Section(
        heading="How it is computed",
        text=(
            f"*As a large structure*: those of {LARGE_CELLS} cells and on {LARGE_PLANES} planes or more, computed on"
            " every second plane and every second point of the dose grid, as large structures are. *Interpolated,"
            " cubic*: with `--slice-interpolation interpolated --dose-interpolation cubic`; the estimate is then for"
            " the coarser default, and wider than it need be."
        ),
        table=shop.table(["way", *HEADS], [[way.name, *counted(of.cases)] for way, of in by_way.items()]),
    )
    for what, parts in groups().items():
        rows = [[name, *counted([case for case in usual if keep(case)])] for name, keep in parts]
        yield shop.Section(heading=f"By {what}", table=shop.table([what, *HEADS], rows))
    small = [c for c in usual if c.shape == "sphere" and c.size_mm <= 20.0 and c.metric == "D0.035cc[Gy]"]
    yield shop.Section(
        heading="D0.035cc of spheres of 3 to 20 mm", table=shop.table(["what", *HEADS], [["D0.035cc", *counted(small)]])
    )


def main() -> None:
    """Print the page, and write it unless it is of a few phantoms or of those that the constants were chosen by."""
    parser = argparse.ArgumentParser(description="How often the truth lies within the sampling uncertainty.")
    parser.add_argument("--quick", action="store_true", help="a few phantoms, and no page is written")
    parser.add_argument("--calibration", action="store_true", help="those that constants were chosen by, and no page")
    parser.add_argument("--phantoms", type=int, default=PHANTOMS)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=PAGE)
    args = parser.parse_args()
    number = 20 if args.quick else args.phantoms
    first = CALIBRATION if args.calibration else TEST
    by_way = {way: found(first, number, way, args.processes) for way in WAYS}
    usual = by_way[WAYS[0]]
    command = "python tests/benchmarks/sampling.py" + (f" --phantoms {number}" if number != PHANTOMS else "")
    head = INTRODUCTION.format(command=command, phantoms=usual.phantoms, left_out=usual.left_out)
    page = "\n".join([head, *map(str, sections(by_way))])
    print(page)
    if not (args.quick or args.calibration):
        args.out.write_text(page, encoding="utf-8", newline="\n")
        print(f"wrote {args.out.name}", file=sys.stderr)


if __name__ == "__main__":
    main()

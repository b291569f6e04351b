"""How wide printed bounds are, and whether the truth lies inside: ``python tests/benchmarks/bounds_and_truth.py``.

Bounds are taken as a report prints them: of the whole set of DVHs, by `DVHSet.measure`. Against truths that are known
(`exact_phantoms`), half their width is compared with how far the value is off; on plans, with the value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shop
from case_files import PRESCRIPTION
from exact_phantoms import GENERATORS, NAME, Phantom
from lung_case import dose_grid, lung_structures
from scipy.optimize import brentq

import phantom
from sbrtcheck import compute_dvhs, load_plan
from sbrtcheck.dvh import DVH, OF_DOSE, SAME_DOSE, Bounds, DVHSet, isoeffect
from sbrtcheck.metric import Measurement, question_for_power_mean
from sbrtcheck.metric.measurement import measure_each
from sbrtcheck.radiobiology import Quantity

COUNTS = {"shapes": 4000, "layers": 3200, "saddles": 2800}
"""Phantoms of each generator."""

FEW = 100
"""Of each with ``--quick``."""

A_BATCH = 50
ASKED_OF_EACH = 5
"""Metrics of a phantom, drawn from those below."""

DOSES = (1.0, 2.0, 5.0, 10.0, 50.0, 90.0, 95.0, 98.0, 99.0)
"""Percent of the volume of the ``D`` metrics."""

SAME_GY = 2e-4
"""Doses so near each other are one, as in the tests of the bounds; and those within `SAME_DOSE` of the largest."""

SAME_CC = 1e-8

CLOSE_GY = 0.02
"""Bounds of a dose as near its value are close enough, whatever share of it that is."""

ON_PLANS = (
    *("Mean[Gy]", "Min[Gy]", "Max[Gy]", "D99%[Gy]", "D98%[Gy]", "D95%[Gy]", "D90%[Gy]", "D50%[Gy]", "D10%[Gy]"),
    *("D5%[Gy]", "D2%[Gy]", "D0.035cc[Gy]", "D1cc[Gy]", "D5cc[Gy]"),
    *("V5Gy[%]", "V10Gy[%]", "V20Gy[%]", "V30Gy[cc]", "V50%Rx[%]", "V100%Rx[%]"),
)
"""Measured on every structure of the plans."""

POWERS = (-10.0, 2.0, 8.0, 20.0)
"""Exponents of gEUD."""

ALPHA_BETA_GY = 3.0

INSIDE, HALF_WIDTH, ERROR, VALUE, OUTSIDE, KIND, ASKED = range(7)
"""Columns of what is found of a number.

Outside is how far, Gy or cc, beyond what counts as the same; asked is how close bounds shall be to either side.
"""

KINDS = ("mean", "minimum, maximum", "dose at a volume", "volume at a dose")

RATIOS = (0.0, 5.0, 40.0, 200.0, 1000.0)
"""Bars of the histogram of half-widths over errors begin here."""

CLOSE_SHARE = 1e-3
"""Bounds this share of the value to either side are close, by the manual; of a volume also of the rest."""

FloatArray = npt.NDArray[np.float64]


# Numbers of phantoms


def numbers_of(rng: np.random.Generator, made: Phantom) -> Iterator[tuple[float, ...]]:
    """Some metrics of a phantom: a row for each that has a value."""
    truth = made.truth
    low_gy, high_gy = truth.extremes_gy
    volumes = [f"V{dose_gy:.3f}Gy[cc]" for dose_gy in rng.uniform(low_gy, high_gy, 4)]
    doses = [f"D{percent:g}%[Gy]" for percent in DOSES] + ["D0.035cc[Gy]"]
    texts = [str(text) for text in rng.choice(["Mean[Gy]", "Min[Gy]", "Max[Gy]", *doses, *volumes], ASKED_OF_EACH)]
    same_gy = SAME_GY + SAME_DOSE * made.largest_gy
    for text, said in made.dvhs.measure(dict.fromkeys(texts))[NAME].items():
        if isinstance(said, Measurement):
            yield *_compared(text, said, made, same_gy), *_kind_and_asked(text, said, made)


def _kind_and_asked(text: str, said: Measurement, made: Phantom) -> tuple[float, float]:
    """Which of `KINDS` a metric is of, and how close its bounds are to be, Gy or cc; nothing is asked for a mean."""
    if text.startswith("V"):
        whole_cc = made.truth.volume_cc
        of_rest = max(CLOSE_SHARE * (whole_cc - said.value), 1e-4 * whole_cc)
        return KINDS.index("volume at a dose"), max(min(CLOSE_SHARE * said.value, of_rest), 1e-5 * whole_cc)
    if text.startswith("Mean"):
        return KINDS.index("mean"), np.nan
    kind = "dose at a volume" if text.startswith("D") else "minimum, maximum"
    return KINDS.index(kind), max(CLOSE_GY, CLOSE_SHARE * said.value)


def _compared(text: str, said: Measurement, made: Phantom, same_gy: float) -> tuple[float, ...]:
    truth = made.truth
    if text.startswith("V"):
        dose_gy = float(text[1:].partition("Gy")[0])
        exact, slack = truth.volume_at(dose_gy), made.error_share * truth.volume_cc + SAME_CC
        least, most = truth.volume_at(dose_gy + same_gy) - slack, truth.volume_at(dose_gy - same_gy) + slack
        outside = max(said.low - most, least - said.high, 0.0)
    elif text.startswith("D"):
        exact, outside = _dose(text, said, made, same_gy)
    else:
        exact = {"Mean": truth.mean_gy, "Min": truth.extremes_gy[0], "Max": truth.extremes_gy[1]}[
            text.partition("[")[0]
        ]
        outside = max(said.low - exact, exact - said.high, same_gy) - same_gy
    return outside == 0.0, (said.high - said.low) / 2.0, abs(said.value - exact), said.value, outside


def _dose(text: str, said: Measurement, made: Phantom, same_gy: float) -> tuple[float, float]:
    """The dose that a volume gets, and how far that is outside of the bounds; the volume is to be met, not the dose.

    Where pieces have doses far apart, a volume has more doses than one.
    """
    truth = made.truth
    asked = text[1:].partition("[")[0]
    cc = float(asked[:-1]) / 100.0 * truth.volume_cc if asked.endswith("%") else float(asked[:-2])
    slack = made.error_share * truth.volume_cc + SAME_CC
    low_gy, high_gy = truth.extremes_gy

    def over(dose_gy: float) -> float:
        return truth.volume_at(dose_gy) - cc

    ends = said.low - same_gy, said.high + same_gy
    volumes_over = tuple(map(over, ends))
    if volumes_over[0] > 0.0 > volumes_over[1]:
        return brentq(over, *ends, xtol=1e-9), 0.0
    exact = brentq(over, low_gy - 1e-9, high_gy + 1e-9, xtol=1e-9)
    if volumes_over[0] >= -slack and volumes_over[1] <= slack:
        return exact, 0.0
    return exact, max(said.low - exact, exact - said.high, 0.0)


def batch_of(task: tuple[str, int, int]) -> tuple[str, FloatArray, float]:
    """Numbers of a generator's phantoms from a seed on, and the largest own error of their truths, as a share."""
    name, seed, count = task
    rng = np.random.default_rng([seed, *name.encode()])
    rows, own = [], 0.0
    for _ in range(count):
        made = GENERATORS[name](rng)
        rows += list(numbers_of(rng, made))
        own = max(own, made.error_share)
    return name, np.array(rows, dtype=np.float64), own


def phantoms(extent: shop.Extent) -> Iterator[shop.Section]:
    """Truth inside, and half the width over the error, by generator; and why that is what it is."""
    counts = {name: FEW if extent.quick else count for name, count in COUNTS.items()}
    tasks = [(name, seed, A_BATCH) for name, count in counts.items() for seed in range(count // A_BATCH)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        batches = list(pool.map(batch_of, tasks))
    found = {name: np.concatenate([rows for which, rows, _ in batches if which == name]) for name in counts}
    own = {name: max(error for which, _, error in batches if which == name) for name in counts}
    everything = np.concatenate(list(found.values()))
    lines = [
        [name, f"{counts[name]:,}", *_in_words(rows), f"{100.0 * own[name]:.3f}" if own[name] else "none"]
        for name, rows in found.items()
    ]
    lines.append(["all", f"{sum(counts.values()):,}", *_in_words(everything), ""])
    yield shop.Section(
        heading="Bounds against truths",
        text=(
            "Random phantoms of three generators, of which the result of the model is known without sbrtcheck: contours"
            " of every awkward kind in a linear dose, stacks of ellipses in a dose that bends at every plane of its"
            f" grid, and convex polygons in a dose of saddles. Of each, {ASKED_OF_EACH} drawn from mean, minimum,"
            " maximum, ten doses at volumes and volumes at four doses, with the bounds that a report prints."
            " *Inside*: within the bounds, but for differences of dose of"
            f" {SAME_GY:g} Gy and {SAME_DOSE:g} of the largest dose, which are none to sbrtcheck, and the truth's own"
            " error. The ratio is half the width of the bounds over the distance of the value from the truth: no"
            " number is left out, and a value that happens to be exact has an infinite one."
        ),
        table=shop.table(
            [
                "generator",
                "phantoms",
                "truth inside",
                "half-width / error, median",
                "90th percentile",
                "error, share of the value, median",
                "half-width, share of the value, median",
                "truth's own error, % of the volume, at most",
            ],
            lines,
        ),
        goals=tuple(_goals_of_phantoms(everything, sum(counts.values()))),
    )
    yield _by_kind(everything)
    yield _by_ratio(everything)


def _by_kind(rows: FloatArray) -> shop.Section:
    lines = []
    for kind, name in enumerate(KINDS):
        some = rows[rows[:, KIND] == kind]
        middle, most = (_percentile(ratios(some), percent) for percent in (50, 90))
        lines.append([name, f"{len(some):,}", f"{middle:.1f}", f"{most:.0f}", *_of_asked(some)])
    heads = ["what", "numbers", "half-width / error, median", "90th percentile"]
    return shop.Section(
        heading="Why bounds are wider than errors",
        text=(
            "The same numbers, by what they are, and beside what is asked of bounds: a thousandth of the value to"
            f" either side or {CLOSE_GY:g} Gy, of a volume also a thousandth of the rest. Work ends where bounds are as"
            " close as that. A dose at a volume is found between two isodoses, so that its bounds are as far apart as"
            " these were put, however well its value is known: the value is the curve's, whose error is mostly that of"
            " rounding to 0.1 mGy. A half-width of a hundred errors is there a value a hundred times better than what"
            " was asked for, not a bound a hundred times wider. Closer bounds are to be had at the price of isodoses"
            " that need halved cells, twice the time for digits that are not printed."
        ),
        table=shop.table([*heads, "half-width / asked, median", "error / asked, median"], lines),
    )


def _by_ratio(rows: FloatArray) -> shop.Section:
    found, lines = ratios(rows), []
    for low, high in pairwise((*RATIOS, np.inf)):
        is_last = high == np.inf
        some = rows[(found >= low) & ((found < high) | is_last)]
        name = f"{low:g} and more" if is_last else f"{low:g} to {high:g}"
        share = 100.0 * len(some) / len(rows)
        lines.append([name, f"{share:.0f} %", *_of_asked(some)])
    return shop.Section(
        heading="Half-widths over errors, as a histogram",
        text=(
            "A large ratio goes with a small error, not with wide bounds: half-widths are what was asked for in every"
            " bar but the first, where bounds could not get closer or did not have to."
        ),
        table=shop.table(
            ["half-width / error", "of all numbers", "half-width / asked, median", "error / asked, median"], lines
        ),
    )


def _of_asked(rows: FloatArray) -> list[str]:
    """Half-widths and errors over what was asked, medians; "" where nothing was."""
    asked = rows[np.isfinite(rows[:, ASKED])]
    if not len(asked):
        return ["nothing asked", ""]
    return [f"{np.median(asked[:, column] / asked[:, ASKED]):.3g}" for column in (HALF_WIDTH, ERROR)]


def ratios(rows: FloatArray) -> FloatArray:
    """Half the width over the error; 1 where neither is there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.nan_to_num(rows[:, HALF_WIDTH] / rows[:, ERROR], nan=1.0, posinf=np.inf)
    return found


def _in_words(rows: FloatArray) -> list[str]:
    inside = f"{int(rows[:, INSIDE].sum()):,} of {len(rows):,}"
    if outside := float(rows[:, OUTSIDE].max()):
        inside += f"; farthest out {outside:.2g}"
    middle, most = (_percentile(ratios(rows), percent) for percent in (50, 90))
    valued = rows[rows[:, VALUE] > 0.0]
    shares = [float(np.median(valued[:, column] / valued[:, VALUE])) for column in (ERROR, HALF_WIDTH)]
    return [inside, f"{middle:.1f}", f"{most:.0f}", *(f"{100.0 * share:.4f} %" for share in shares)]


def _goals_of_phantoms(rows: FloatArray, count: int) -> Iterator[shop.Goal]:
    inside = int(rows[:, INSIDE].sum())
    yield shop.Goal(
        what="truth of the model inside printed bounds, phantoms of three generators",
        aim="always, of at least 10,000 phantoms",
        measured=f"{inside:,} of {len(rows):,} numbers, {count:,} phantoms",
        met=False if inside < len(rows) else True if count >= 10_000 else None,
    )
    for percent, words, most in ((50, "median", 5.0), (90, "90th percentile", 40.0)):
        times = _percentile(ratios(rows), percent)
        what = f"half-width of printed bounds over actual error, {words}"
        yield shop.Goal(what=what, aim=f"at most {most:g}", measured=f"{times:.1f}", met=times <= most)


# Plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Half-widths as shares of the values, percent, and the same with those 0 that are doses within `CLOSE_GY`."""

    shares: FloatArray
    beyond: FloatArray


def widths_of(dvhs: DVHSet, *, covered: bool = False) -> Widths:
    """Of every metric of every structure that has a value; a volume that is surely 0 has none to compare with.

    ``covered``: only of structures that have a dose everywhere.
    """
    shares, beyond = [], []
    for dvh, answers in zip(dvhs, measure_each(ON_PLANS, dvhs), strict=True):
        for text, said in {} if covered and dvh.uncovered_cc else answers.items():
            if isinstance(said, Measurement) and said.high > 0.0:
                half = (said.high - said.low) / 2.0
                share = 100.0 * half / said.value if said.value > 0.0 else np.inf
                shares.append(share)
                beyond.append(0.0 if text.endswith("[Gy]") and half <= CLOSE_GY else share)
    return Widths(shares=np.array(shares), beyond=np.array(beyond))


def plans() -> shop.Section:
    """Half-widths as shares of the value on the bundled plans and the lung case."""
    dvhs = {path.name: compute_dvhs(load_plan(path)) for path in bundled_plans()}
    dvhs["22 structures, 2 mm"] = compute_dvhs(phantom.in_memory(lung_structures(), dose_grid(2.0), PRESCRIPTION))
    rows, goals = [], []
    for name, of_plan in dvhs.items():
        widths = widths_of(of_plan)
        for which, shown in (("all", widths), ("covered", widths_of(of_plan, covered=True))):
            numbers = [name, which, len(shown.shares)]
            rows.append([*numbers, *_quantiles(shown.shares), *_quantiles(shown.beyond)])
        for percent, words, most in ((50, "median", 0.1), (90, "90th percentile", 1.0)):
            share = _percentile(widths.beyond, percent)
            goals.append(
                shop.Goal(
                    what=f"half-width of printed bounds, {name}, {words}",
                    aim=f"at most {most:g} % of the value, or {CLOSE_GY:g} Gy",
                    measured=f"{share:.3f} %",
                    met=share <= most,
                )
            )
    columns = ["median, %", "90th percentile, %", "largest, %"]
    heads = ["plan", "structures", "numbers", *columns, *(f"or {CLOSE_GY:g} Gy, {column}" for column in columns)]
    return shop.Section(
        heading="Bounds of plans",
        text=(
            f"Half the width of the bounds that a report prints, as a share of the value: {len(ON_PLANS)} metrics of"
            f" every structure ({', '.join(ON_PLANS)}). Behind *or*, doses with bounds within {CLOSE_GY:g} Gy of the"
            " value count as 0 %. Volumes that are surely 0 are left out. *Covered*: without structures that leave the"
            " dose grid, whose bounds are as wide as what nobody knows of their dose."
        ),
        table=shop.table(heads, rows),
        goals=tuple(goals),
    )


def means_and_curves() -> shop.Section:
    """Half-widths of means of powers and of curves on the bundled plans, by the elements, and as printed or drawn."""
    found: dict[str, list[tuple[float, float]]] = {}
    for path in bundled_plans():
        dvhs = compute_dvhs(load_plan(path))
        close = dvhs.with_close_curves()
        for dvh in dvhs:
            if dvh.uncovered_cc > 0.0:
                continue
            for name, by_elements, printed in _both_half_widths(dvh, dvhs, close[dvh.name]):
                found.setdefault(name, []).append((by_elements, printed))
    rows = []
    for name, pairs in found.items():
        numbers = np.array(pairs)
        rows.append([name, len(pairs), *(_two(numbers[:, i], percent) for percent in (50, 90) for i in (0, 1))])
    heads = ["by the elements, median", "as printed, median", "by the elements, 90th percentile", "as printed, 90th"]
    return shop.Section(
        heading="Bounds of means and curves",
        text=(
            "The bundled plans, structures that do not leave the dose grid. gEUD and the mean of EQD2, printed in a"
            " row, as the dose of a risk, or measured of a set: half the width, percent of the value. Curves, as they"
            " are drawn: half the distance of the bounding curves, on the average over the volume, percent of the mean."
            f" Those within {CLOSE_GY:g} Gy are left as they are, and count as 0 %."
        ),
        table=shop.table(["what", "structures", *heads], rows),
    )


def _both_half_widths(dvh: DVH, dvhs: DVHSet, close: DVH) -> Iterator[tuple[str, float, float]]:
    def share(low: float, high: float, value: float) -> float:
        return 50.0 * (high - low) / value if high - low > 2.0 * CLOSE_GY else 0.0

    def of(bounds: Bounds) -> float:
        return share(bounds.low, bounds.high, bounds.value)

    effect = isoeffect(Quantity.EQD2, fractions=dvh.prescription.fractions or 1, alpha_beta_gy=ALPHA_BETA_GY)
    for name, power, what, read in (
        *((f"gEUD({a:g})", a, OF_DOSE, partial(DVH.geud, a=a)) for a in POWERS),
        ("mean of EQD2", 1.0, effect, lambda one: one.to_eqd2(alpha_beta_gy=ALPHA_BETA_GY).mean_gy),
    ):
        question = question_for_power_mean(power, read(dvh), what)
        printed = dvhs.narrowed(dvh, question)[0] if question else dvh
        yield name, of(read(dvh)), of(read(printed))
    yield "curve", *(share(one.lower.mean(), one.upper.mean(), dvh.mean_gy.value) for one in (dvh, close))


def _two(values: FloatArray, percent: float) -> str:
    return f"{_percentile(values, percent):.2g} %"


def bundled_plans() -> list[Path]:
    """Folders of the plans in the repository."""
    return sorted(path for path in (shop.ROOT / "examples" / "plans").iterdir() if path.is_dir())


def _quantiles(shares: FloatArray) -> Sequence[str]:
    return [f"{_percentile(shares, percent):.3f}" for percent in (50, 90, 100)]


def _percentile(values: FloatArray, percent: float) -> float:
    """One of the values, never between two: some are infinite."""
    return float(np.percentile(values, percent, method="higher"))


def sections(extent: shop.Extent) -> Iterator[shop.Section]:
    """All tables."""
    yield from phantoms(extent)
    yield plans()
    yield means_and_curves()


if __name__ == "__main__":
    shop.print_sections(sections, "How wide printed bounds are, and whether the truth lies inside.")

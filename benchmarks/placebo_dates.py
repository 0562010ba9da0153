"""How often the excess test and the verdict over placebo dates are right where the truth is known.

Run ``python -m benchmarks.placebo_dates``; the table is in docs/placebo-dates.md. Every course is
a line of its own (mean −1, SD 0.5 points/month) with visit noise of SD 1.3 points; no rounding and
no ends of the scale. What is added is the same for everybody, or differs between people where the
table says so.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.date_splits import date_changes, pool_of, split_changes
from analysis.placebo_verdict import date_verdict
from analysis.settings import DEFAULT
from analysis.shift_profile import MOST_MONTHS, near_day0
from analysis.slope_points import Points
from data.trial import FloatArray

SLOPE = (-1.0, 0.5)
NOISE = 1.3
VERDICTS = ("here", "elsewhere", "inconclusive")


@dataclass(frozen=True)
class Truth:
    """What happens to the courses.

    Parameters
    ----------
    name
        Words for the table.
    bend
        Change of slope at day 0, in points/month, and its SD between people.
    square
        Factor of t², in points/month²: the slope changes by twice that each month.
    earlier
        Months before day 0 at which the bend lies.
    """

    name: str
    bend: tuple[float, float] = (0.0, 0.0)
    square: float = 0.0
    earlier: float = 0.0


TRUTHS = (
    Truth("straight"),
    Truth("straight on average, changes at day 0 differ by SD 0.45", (0.0, 0.45)),
    Truth("bend of +0.5 at day 0", (0.5, 0.0)),
    Truth("bend of +0.5 at day 0, SD 0.45", (0.5, 0.45)),
    Truth("bend of +1 at day 0", (1.0, 0.0)),
    Truth("bend of +1 at day 0, SD 0.45", (1.0, 0.45)),
    Truth("decline that slows evenly, +0.02 t²", square=0.02),
    Truth("decline that speeds up evenly, −0.02 t²", square=-0.02),
    Truth("bend of +1 four months before day 0", (1.0, 0.0), earlier=4.0),
    Truth("bend of +1 six months after day 0", (1.0, 0.0), earlier=-6.0),
    Truth("both: bend of +1 at day 0 and +0.02 t²", (1.0, 0.0), square=0.02),
)
SCHEDULES = {
    "every 3 months, −18 to +18": np.arange(-18.0, 18.5, 3),
    "every 2 months, −10 to +10": np.arange(-10.0, 10.5, 2),
    "monthly to day 0, then every 3 months, −6 to +12": np.r_[-6.0:0.5, 3:12.5:3],
}


def points_of(truth: Truth, months: FloatArray, people: int, rng: np.random.Generator) -> Points:
    """Return the visits of ``people`` simulated patients, those on day 0 counted as before."""
    slope = rng.normal(*SLOPE, people)
    bend = rng.normal(*truth.bend, people)
    value = 36 + slope[:, None] * months + truth.square * months**2
    value += bend[:, None] * np.maximum(months + truth.earlier, 0)
    value += rng.normal(0, NOISE, value.shape)
    patient = np.repeat(np.arange(people), len(months))
    month = np.tile(months, people)
    every, never = np.ones(len(month), dtype=np.bool_), np.zeros(len(month), dtype=np.bool_)
    return Points(
        patient, month, value.ravel(), month <= 0, month > 0, every, np.arange(len(month)), never
    )


def measured(
    truth: Truth, months: FloatArray, patients: int, trials: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return shares in %: P < 0.05 of the paired t and of the excess test, and the verdicts."""
    people = patients * trials
    points = points_of(truth, months, people, rng)
    dates = date_changes(pool_of(points, np.ones(people, dtype=np.bool_)), DEFAULT)
    found: Counter[str] = Counter()
    table = (people, len(months))
    profile = split_changes(points.month.reshape(table), points.value.reshape(table), 0, DEFAULT)
    interval = float(np.diff(months[months <= 0])[-1])
    tells_apart = dates.tells_apart(np.arange(people))
    for k in range(trials):
        some = slice(k * patients, (k + 1) * patients)
        change, excess = dates.seen.true[some], dates.seen.excess[some]
        even, alone = dates.even[some], dates.alone[some]
        peak = peak_of(profile[some], months, float(change.mean()))
        verdict = date_verdict(
            patients,
            change,
            excess,
            even,
            alone,
            tells_apart=tells_apart,
            peak=peak,
            near=near_day0(peak, interval),
        )
        found[verdict.key] += 1
    shares = {
        name: float(
            np.mean(stats.ttest_1samp(x.reshape(trials, patients), 0, axis=1).pvalue < 0.05)
        )
        for name, x in (("change", dates.seen.true), ("excess", dates.seen.excess))
    }
    shares |= {name: found[name] / trials for name in VERDICTS}
    return {name: 100 * share for name, share in shares.items()}


def peak_of(profile: FloatArray, months: FloatArray, direction: float) -> float:
    """Return the month with the largest mean change: moved to a visit, day 0 has it before."""
    at, mean = months[:-1], profile.mean(axis=0) * np.sign(direction)
    known = np.flatnonzero(np.isfinite(mean) & (np.abs(at) <= MOST_MONTHS))
    return float(at[known[np.argmax(mean[known])]])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--patients", type=int, nargs="+", default=[12])
    options = parser.parse_args()
    started = time.perf_counter()
    tests = "P < 0.05, change | P < 0.05, excess"
    print(f"| n | visits | truth | {tests} | {' | '.join(VERDICTS)} |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for patients in options.patients:
        for name, months in SCHEDULES.items():
            rng = np.random.default_rng(20_230_361)
            for truth in TRUTHS:
                shares = measured(truth, months, patients, options.trials, rng)
                cells = " | ".join(f"{value:.1f}" for value in shares.values())
                print(f"| {patients} | {name} | {truth.name} | {cells} |", flush=True)
    print(f"<!-- {time.perf_counter() - started:.0f} s -->")


if __name__ == "__main__":
    main()

"""Make the bundled example: a simulated trial after Shamsaei 2023.

No person is behind any value. From one fixed seed the script draws visit days, slopes and
courses, changes single values by one step of the scale until the means and SDs of the slopes
equal the published ones at two decimals, writes the CSV beside itself and checks it with
``numpy.polyfit``; the description in the JSON is written by hand::

    python data/examples/make_after_shamsaei_2023.py

Arrays of visits have one row a patient and one column a planned visit. Pairs are (before,
after) the transplant or (lowest, highest). Slopes are per period of ten months.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Pair = tuple[float, float]

SEED: Final = 2023043  # After the DOI. Another seed gives another trial with the same moments.
HERE: Final = Path(__file__).resolve().parent
NAME: Final = "after_shamsaei_2023.csv"
HEADER: Final = (
    *("patient_id", "transplant_date", "visit_date", "alsfrs_r", "fvc_percent"),
    *("sex", "age_years", "onset_site", "onset_date", "simulated"),
)

N_PATIENTS: Final = 10
DAYS_PER_MONTH: Final = 30.4375
PERIOD_MONTHS: Final = 10
PLAN_MONTHS: Final = np.arange(-10, 11, 2)
DAY_0: Final = 5  # Column of the transplant-day visit, the last that counts as before.
IS_SIDE: Final = np.array([PLAN_MONTHS <= 0, PLAN_MONTHS > 0])
MIN_VISITS, MIN_SPAN_DAYS = 3, 240
TOLERANCES: Final = np.array([0.004, 0.004, 0.004, 0.004, 0.01])  # Means, SDs, correlation.


@dataclass(frozen=True)
class Endpoint:
    """What the trial must show for one endpoint, and what counts as plausible."""

    means: Pair  # Published means of the slopes.
    sds: Pair  # Published SDs of the slopes.
    correlation: float  # Of a patient's two slopes: assumed, the abstract does not give it.
    p: Pair  # Limits of the P value of that test.
    slopes: tuple[Pair, Pair]  # Limits before, limits after.
    values: Pair
    residual_sd: Pair  # Around both lines of a patient.
    entry: float  # Lowest value allowed at the last visit up to day 0.
    decimals: int
    level: Pair  # Mean and SD of the value at the transplant.
    tilt: float  # Change of that value per point of the slope after.


ENDPOINTS: Final = {
    "alsfrs_r": Endpoint(
        means=(-5.40, -2.00),
        sds=(2.30, 3.08),
        correlation=0.161,
        p=(0.0135, 0.0145),  # The published P is .014.
        slopes=((-10.0, -2.6), (-8.5, 3.2)),
        values=(18, 46),
        residual_sd=(0.65, 1.25),
        entry=27,
        decimals=0,
        level=(33.5, 2.5),
        tilt=0.0,
    ),
    "fvc_percent": Endpoint(
        means=(-12.60, -4.80),
        sds=(5.22, 14.72),
        correlation=0.40,
        p=(0.09, 0.11),
        slopes=((-24.0, -4.0), (-34.0, 22.0)),
        values=(30, 105),
        residual_sd=(1.6, 3.9),
        entry=45.0,
        decimals=1,
        level=(68.0, 6.0),
        tilt=-0.45,  # Who falls steeply has something to fall from.
    ),
}
SHARED_SCORE: Final = 0.45  # How closely FVC slopes follow ALSFRS-R slopes.


def draw_visits(rng: np.random.Generator) -> tuple[NDArray[np.datetime64], Floats]:
    """Draw transplant dates in order of enrolment, and visit days relative to them.

    Visits fall on working days within a week of the plan; three patients miss an inner visit
    before the transplant and three after it (NaN); two have their last visit before day 0.
    """
    start = np.sort(rng.choice(600, size=N_PATIENTS, replace=False))
    transplants = np.busday_offset(np.datetime64("2020-02-03") + start, 0, roll="forward")
    planned = np.round(PLAN_MONTHS * DAYS_PER_MONTH)
    early = rng.permutation(N_PATIENTS) < 2
    while True:
        drawn = planned + rng.integers(-7, 6, size=(N_PATIENTS, planned.size))
        drawn[:, DAY_0] = np.where(early, rng.integers(-7, -2, size=N_PATIENTS), 0)
        dates = transplants[:, None] + drawn.astype(int)
        days = (np.busday_offset(dates, 0, roll="forward") - transplants[:, None]).astype(float)
        spans = [np.ptp(days[:, columns], axis=1) for columns in IS_SIDE]
        if np.min(spans) >= MIN_SPAN_DAYS:
            break
    for first, last in ((1, DAY_0 - 1), (DAY_0 + 2, planned.size - 2)):
        for patient in rng.choice(N_PATIENTS, size=3, replace=False):
            days[patient, rng.integers(first, last, endpoint=True)] = np.nan
    return transplants, days


def standardised(scores: Floats) -> Floats:
    """Return scores with mean 0 and sample SD 1."""
    result: Floats = (scores - scores.mean()) / scores.std(ddof=1)
    return result


def draw_slopes(endpoint: Endpoint, scores: Floats, rng: np.random.Generator) -> Floats:
    """Draw slopes (2, patients) with the wanted moments, near `scores`, within the limits."""
    while True:
        own = rng.standard_normal((2, N_PATIENTS))
        mixed = SHARED_SCORE * scores + np.sqrt(1 - SHARED_SCORE**2) * own
        before, other = standardised(mixed[0]), standardised(mixed[1])
        other = standardised(other - before * np.sum(before * other) / np.sum(before**2))
        r = endpoint.correlation
        after = r * before + np.sqrt(1 - r**2) * other
        slopes = np.transpose(endpoint.means + np.array([before, after]).T * endpoint.sds)
        if within(slopes[0], endpoint.slopes[0]) and within(slopes[1], endpoint.slopes[1]):
            return slopes


class Lines:
    """Least-squares lines of every patient and side.

    Parameters
    ----------
    months
        Visit times (patients, visits), NaN where there is no value.
    """

    def __init__(self, months: Floats) -> None:
        self.seen = ~np.isnan(months)
        self.mask = self.seen * IS_SIDE[:, None, :]  # Side, patient, visit.
        self.share = self.mask / self.mask.sum(axis=-1, keepdims=True)
        times = np.nan_to_num(months)
        self.times = self.mask * (times - (self.share * times).sum(axis=-1, keepdims=True))
        squares = (self.times**2).sum(axis=-1, keepdims=True)
        self.weights = PERIOD_MONTHS * self.times / squares

    def fit(self, values: Floats) -> tuple[Floats, Floats]:
        """Return slopes (2, patients) and residuals (patients, visits)."""
        slopes = (self.weights * values).sum(axis=-1)
        levels = (self.share * values).sum(axis=-1, keepdims=True)
        fitted = self.mask * levels + slopes[..., None] / PERIOD_MONTHS * self.times
        return slopes, self.seen * values - fitted.sum(axis=0)


def within(values: Floats, limits: Pair) -> bool:
    """Tell whether all values lie between the limits, ends included."""
    return bool(values.min() >= limits[0] and values.max() <= limits[1])


def is_plausible(endpoint: Endpoint, lines: Lines, values: Floats) -> bool:
    """Tell whether every course keeps to the limits of its endpoint."""
    slopes, residuals = lines.fit(values)
    squares = (residuals**2).sum(axis=1)
    return (
        within(values[lines.seen], endpoint.values)
        and within(values[:, DAY_0], (endpoint.entry, np.inf))
        and within(slopes[0], endpoint.slopes[0])
        and within(slopes[1], endpoint.slopes[1])
        and within(np.sqrt(squares / (lines.seen.sum(axis=1) - 4)), endpoint.residual_sd)
    )


def misfit(endpoint: Endpoint, slopes: Floats) -> Floats:
    """Return how far slopes (..., 2, patients) are from the wanted moments.

    A sum of squares in units of the tolerances, 0 where all are met.
    """
    means, sds = slopes.mean(axis=-1), slopes.std(axis=-1, ddof=1)
    centred = slopes - means[..., None]
    r = np.prod(centred, axis=-2).sum(axis=-1) / np.prod(sds, axis=-1) / (N_PATIENTS - 1)
    moments = np.concatenate([means, sds, r[..., None]], axis=-1)
    wanted = np.array([*endpoint.means, *endpoint.sds, endpoint.correlation])
    away = np.maximum(np.abs(moments - wanted) / TOLERANCES - 1.0, 0.0)
    distance: Floats = (away**2).sum(axis=-1)
    return np.round(distance, 9)  # So that no choice hangs on the last bit.


def draw_values(
    endpoint: Endpoint, months: Floats, slopes: Floats, rng: np.random.Generator
) -> Floats:
    """Draw the values of one endpoint and search until they have the wanted moments.

    Each course is a line bent at the transplant plus noise without a trend of its own,
    rounded to the scale. Every round tries many random sets of about three single steps and
    takes the best. A search that gets stuck starts again with other levels and noise.
    """
    lines, step = Lines(months), 10.0**-endpoint.decimals
    bent = (lines.mask * np.nan_to_num(months) * slopes[..., None] / PERIOD_MONTHS).sum(axis=0)
    level = endpoint.level[0] + endpoint.tilt * (slopes[1] - endpoint.means[1])
    while True:
        noise = lines.fit(rng.normal(0, np.mean(endpoint.residual_sd), size=months.shape))[1]
        at_0 = rng.normal(level, endpoint.level[1])[:, None]
        values = np.round(at_0 + bent + noise, endpoint.decimals)
        for _ in range(60 if is_plausible(endpoint, lines, values) else 0):
            now = lines.fit(values)[0]
            if misfit(endpoint, now) == 0:
                return np.where(lines.seen, values, np.nan)
            moves = step * rng.choice([-1, 0, 1], size=(500, *months.shape), p=[0.015, 0.97, 0.015])
            costs = misfit(endpoint, now + (lines.weights * moves[:, None]).sum(axis=-1))
            changed = np.round(values + moves[costs.argmin()], endpoint.decimals)
            if costs.min() < misfit(endpoint, now) and is_plausible(endpoint, lines, changed):
                values = changed


def write(folder: Path) -> None:
    """Make the trial and write its CSV into `folder`, always with the same bytes."""
    rng = np.random.default_rng(SEED)
    transplants, days = draw_visits(rng)
    fvc_days = days.copy()
    complete = np.flatnonzero(~np.isnan(days).any(axis=1))
    for patient in rng.choice(complete, size=2, replace=False):  # Two visits without FVC.
        fvc_days[patient, rng.integers(DAY_0 + 2, days.shape[1] - 1)] = np.nan

    alsfrs, fvc = ENDPOINTS.values()
    slopes = draw_slopes(alsfrs, rng.standard_normal((2, N_PATIENTS)), rng)
    scores = np.array([standardised(side) for side in slopes])
    totals = draw_values(alsfrs, days / DAYS_PER_MONTH, slopes, rng)
    percents = draw_values(fvc, fvc_days / DAYS_PER_MONTH, draw_slopes(fvc, scores, rng), rng)

    # Onset: when the points lost by the first visit would have begun to go, roughly.
    months_ill = (48 - totals[:, 0]) / -slopes[0] * PERIOD_MONTHS * rng.uniform(0.7, 1.2, 10)
    months_ill = np.clip(months_ill, 5, 22) + rng.uniform(0, 3, N_PATIENTS) + PERIOD_MONTHS
    onsets = transplants - np.round(months_ill * DAYS_PER_MONTH).astype(int)
    sexes = rng.permutation(["F"] * 4 + ["M"] * 6)
    ages = rng.integers(38, 67, size=N_PATIENTS)
    sites = rng.permutation(["bulbar"] * 2 + ["limb"] * 8)

    with (folder / NAME).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for i, j in np.argwhere(~np.isnan(days)):
            visit = transplants[i] + int(days[i, j])
            percent = "" if np.isnan(percents[i, j]) else f"{percents[i, j]:.1f}"
            row = [f"P{i + 1:02d}", transplants[i], visit, f"{totals[i, j]:.0f}", percent]
            writer.writerow([*row, sexes[i], ages[i], sites[i], onsets[i], "yes"])


def check(folder: Path) -> None:
    """Recompute everything from the written CSV by another route, and print a summary.

    Raises
    ------
    ValueError
        If anything is not as wanted.
    """
    with (folder / NAME).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    counts = Counter(row["patient_id"] for row in rows)
    holds = {
        "patients": list(counts) == [f"P{number:02d}" for number in range(1, N_PATIENTS + 1)],
        "mark": all(row["simulated"] == "yes" for row in rows),
        "visits": set(counts.values()) <= {9, 10, 11},
        "day 0": sum(row["visit_date"] == row["transplant_date"] for row in rows) >= 7,
        "empty cells": sum(not row["fvc_percent"] for row in rows) in (1, 2),
    }
    for column, endpoint in ENDPOINTS.items():
        fits = [refit(rows, patient, column) for patient in counts]
        before, after, residual_sd, entry = np.transpose(fits)
        p = float(stats.ttest_rel(after, before).pvalue)
        moments = [before.mean(), after.mean(), before.std(ddof=1), after.std(ddof=1)]
        wanted = [f"{moment:.2f}" for moment in (*endpoint.means, *endpoint.sds)]
        holds |= {
            f"{column} moments": [f"{moment:.2f}" for moment in moments] == wanted,
            f"{column} P": endpoint.p[0] < p < endpoint.p[1],
            f"{column} slopes before": within(before, endpoint.slopes[0]),
            f"{column} slopes after": within(after, endpoint.slopes[1]),
            f"{column} residual SD": within(residual_sd, endpoint.residual_sd),
            f"{column} entry": entry.min() >= endpoint.entry,
        }
        print(column, "means, SDs", np.round(moments, 4), "paired t P", round(p, 4))
    failed = [name for name, held in holds.items() if not held]
    if failed:
        raise ValueError(f"the written trial is not as wanted: {', '.join(failed)}")


def refit(rows: list[dict[str, str]], patient: str, column: str) -> list[float]:
    """Return both slopes, the residual SD and the last value up to day 0 of a patient."""
    own = [row for row in rows if row["patient_id"] == patient and row[column]]
    values = np.array([float(row[column]) for row in own])
    dates = [(row["visit_date"], row["transplant_date"]) for row in own]
    days = np.array([(date.fromisoformat(a) - date.fromisoformat(b)).days for a, b in dates])
    slopes, squares = [], 0.0
    for side in (days <= 0, days > 0):
        if side.sum() < MIN_VISITS or np.ptp(days[side]) < MIN_SPAN_DAYS:
            raise ValueError(f"{patient} has too few visits with {column}")
        months = days[side] / DAYS_PER_MONTH
        line = np.polyfit(months, values[side], 1)
        squares += float(np.sum((values[side] - np.polyval(line, months)) ** 2))
        slopes.append(float(line[0]) * PERIOD_MONTHS)
    return [*slopes, (squares / (values.size - 4)) ** 0.5, float(values[days <= 0][-1])]


if __name__ == "__main__":
    write(HERE)
    check(HERE)

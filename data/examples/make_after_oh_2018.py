"""Make the bundled controlled example: a simulated trial after Oh 2018, table 3.

No person is behind any value. From one fixed seed the script draws visit days, slopes and courses
of two groups, changes single values by one step of the scale until mean and SD of the change of the
slope in each group equal the published ones at two decimals, writes the CSV beside itself and
checks it with ``numpy.polyfit``; the description in the JSON is written by hand::

    python data/examples/make_after_oh_2018.py

Arrays of visits have one row a patient and one column a planned visit. Slopes are per month.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Pair = tuple[float, float]

SEED: Final = 25302  # After the DOI. Another seed gives another trial with the same moments.
HERE: Final = Path(__file__).resolve().parent
NAME: Final = "after_oh_2018.csv"
HEADER: Final = (
    *("patient_id", "group", "day0_date", "visit_date", "alsfrs_r", "fvc_percent"),
    *("sex", "age", "onset_site", "onset_date", "simulated"),
)

DAYS_PER_MONTH: Final = 30.4375
PLAN_MONTHS: Final = np.array([-3, -2, -1, 0, 1, 2, 3, 4])
DAY_0: Final = 3  # Column of the day-0 visit, the last that counts as before.
IS_SIDE: Final = np.array([PLAN_MONTHS <= 0, PLAN_MONTHS > 0])
MIN_VISITS, MIN_SPAN_DAYS = 3, 60
TOLERANCE: Final = 0.004


@dataclass(frozen=True)
class Endpoint:
    """What counts as plausible for one endpoint."""

    before: Pair  # Mean and SD of the slopes before: assumed.
    follows: float  # Correlation of the change with the slope before: assumed.
    slopes: tuple[Pair, Pair]  # Limits before, limits after.
    values: Pair
    noise_sd: float  # Around both lines of a patient: assumed.
    entry: float  # Lowest value allowed at day 0.
    decimals: int
    level: Pair  # Mean and SD of the value at day 0: assumed.


@dataclass(frozen=True)
class Arm:
    """One group, and the published mean and SD of its change of the slope."""

    group: str
    n: int
    without_fvc: int  # Patients whose FVC ends at day 0.
    alsfrs_r: Pair
    fvc_percent: Pair

    def published(self, column: str) -> Pair:
        """Return the published mean and SD of the change of one endpoint."""
        return self.alsfrs_r if column == "alsfrs_r" else self.fvc_percent


ARMS: Final = (
    Arm("control", 27, 2, alsfrs_r=(0.03, 1.33), fvc_percent=(-0.80, 3.18)),
    Arm("treated", 32, 1, alsfrs_r=(1.13, 1.33), fvc_percent=(-1.54, 3.38)),
)
ENDPOINTS: Final = {
    "alsfrs_r": Endpoint(
        before=(-1.3, 0.8),
        follows=-0.6,
        slopes=((-4.0, 0.4), (-5.0, 2.2)),
        values=(14, 48),
        noise_sd=1.1,
        entry=20,
        decimals=0,
        level=(36, 4.5),
    ),
    "fvc_percent": Endpoint(
        before=(-1.4, 2.2),
        follows=-0.5,
        slopes=((-7.5, 5.0), (-13.0, 8.0)),
        values=(25, 130),
        noise_sd=3.0,
        entry=40,
        decimals=1,
        level=(82, 14),
    ),
}


def draw_visits(n: int, rng: np.random.Generator) -> tuple[NDArray[np.datetime64], Floats]:
    """Draw days 0 in order of enrolment, and visit days relative to them.

    Visits fall on working days within five days of the plan; about a third of the patients miss one
    inner visit (NaN).
    """
    start = np.sort(rng.choice(800, size=n, replace=False))
    zeros = np.busday_offset(np.datetime64("2012-03-05") + start, 0, roll="forward")
    drawn = np.round(PLAN_MONTHS * DAYS_PER_MONTH) + rng.integers(-4, 4, (n, PLAN_MONTHS.size))
    drawn[:, DAY_0] = 0
    dates = np.busday_offset(zeros[:, None] + drawn.astype(int), 0, roll="forward")
    days = (dates - zeros[:, None]).astype(float)
    for patient in rng.choice(n, size=n // 3, replace=False):
        days[patient, rng.choice([1, 2, 5, 6])] = np.nan
    return zeros, days


def standardised(scores: Floats) -> Floats:
    """Return scores with mean 0 and sample SD 1."""
    result: Floats = (scores - scores.mean()) / scores.std(ddof=1)
    return result


def within(values: Floats, limits: Pair) -> bool:
    """Tell whether all values lie between the limits, ends included."""
    return bool(values.min() >= limits[0] and values.max() <= limits[1])


def draw_slopes(endpoint: Endpoint, change: Pair, n: int, rng: np.random.Generator) -> Floats:
    """Draw slopes (2, patients) whose change has the wanted moments, within the limits."""
    while True:
        z = standardised(rng.standard_normal(n))
        own = rng.standard_normal(n)
        mixed = standardised(endpoint.follows * z + np.sqrt(1 - endpoint.follows**2) * own)
        before = endpoint.before[0] + endpoint.before[1] * mixed
        slopes = np.array([before, before + change[0] + change[1] * z])
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
        self.weights = self.times / (self.times**2).sum(axis=-1, keepdims=True)

    def slopes(self, values: Floats) -> Floats:
        """Return slopes (..., 2, patients) of values (..., patients, visits)."""
        result: Floats = (self.weights * values[..., None, :, :]).sum(axis=-1)
        return result

    def residuals(self, values: Floats) -> Floats:
        """Return what the lines leave over (patients, visits)."""
        levels = (self.share * values).sum(axis=-1, keepdims=True)
        fitted = self.mask * levels + self.slopes(values)[..., None] * self.times
        return np.asarray(self.seen * values - fitted.sum(axis=0))


def is_plausible(endpoint: Endpoint, lines: Lines, values: Floats) -> bool:
    """Tell whether every course keeps to the limits of its endpoint."""
    slopes = lines.slopes(values)
    return (
        within(values[lines.seen], endpoint.values)
        and within(values[:, DAY_0], (endpoint.entry, np.inf))
        and within(slopes[0], endpoint.slopes[0])
        and within(slopes[1], endpoint.slopes[1])
    )


def misfit(wanted: Pair, slopes: Floats) -> Floats:
    """Return how far the changes of slopes (..., 2, patients) are from the wanted moments.

    A sum of squares in units of the tolerance, 0 where both are met.
    """
    change = slopes[..., 1, :] - slopes[..., 0, :]
    moments = np.stack([change.mean(axis=-1), change.std(axis=-1, ddof=1)], axis=-1)
    away = np.maximum(np.abs(moments - np.array(wanted)) / TOLERANCE - 1.0, 0.0)
    return np.asarray(np.round((away**2).sum(axis=-1), 9))  # No choice hangs on the last bit.


def draw_values(
    endpoint: Endpoint, wanted: Pair, months: Floats, rng: np.random.Generator
) -> Floats:
    """Draw the values of one endpoint and search until their changes have the wanted moments.

    Each course is a line bent at day 0 plus noise without a trend of its own, rounded to the scale.
    A course that leaves the limits is drawn again. Then every round tries many random sets of a few
    single steps and takes the best.
    """
    lines, step = Lines(months), 10.0**-endpoint.decimals
    n = len(months)
    while True:
        slopes = draw_slopes(endpoint, wanted, n, rng)
        bent = (lines.mask * np.nan_to_num(months) * slopes[..., None]).sum(axis=0)
        values = np.full(months.shape, np.nan)
        for _ in range(400):
            open_rows = np.isnan(values[:, 0])
            noise = lines.residuals(rng.normal(0, endpoint.noise_sd, months.shape))
            at_0 = rng.normal(*endpoint.level, n)[:, None]
            drawn = np.round(at_0 + bent + noise, endpoint.decimals)
            inside = np.where(lines.seen, drawn, endpoint.values[1])
            fits = (inside >= endpoint.values[0]).all(axis=1)
            fits &= (inside <= endpoint.values[1]).all(axis=1)
            fits &= drawn[:, DAY_0] >= endpoint.entry
            values[open_rows & fits] = drawn[open_rows & fits]
        for _ in range(200 if not np.isnan(values).any() else 0):
            now = lines.slopes(values)
            if misfit(wanted, now) == 0 and is_plausible(endpoint, lines, values):
                return np.where(lines.seen, values, np.nan)
            moves = step * rng.choice([-1, 0, 1], (300, *months.shape), p=[0.005, 0.99, 0.005])
            costs = misfit(wanted, now + lines.slopes(moves))
            changed = np.round(values + moves[costs.argmin()], endpoint.decimals)
            if costs.min() < misfit(wanted, now) and is_plausible(endpoint, lines, changed):
                values = changed


def write(folder: Path) -> None:
    """Make the trial and write its CSV into `folder`, always with the same bytes."""
    rng = np.random.default_rng(SEED)
    rows = []
    for arm in ARMS:
        zeros, days = draw_visits(arm.n, rng)
        totals = draw_values(
            ENDPOINTS["alsfrs_r"], arm.published("alsfrs_r"), days / DAYS_PER_MONTH, rng
        )
        kept = np.sort(rng.permutation(arm.n)[arm.without_fvc :])
        percents = np.full(days.shape, np.nan)
        percents[kept] = draw_values(
            ENDPOINTS["fvc_percent"],
            arm.published("fvc_percent"),
            days[kept] / DAYS_PER_MONTH,
            rng,
        )
        # Who gives no FVC after day 0 has values without a trend before it.
        lost = np.setdiff1d(np.arange(arm.n), kept)
        drawn = np.round(rng.normal(60, 4, (len(lost), PLAN_MONTHS.size)), 1)
        percents[lost] = np.where(IS_SIDE[0] & ~np.isnan(days[lost]), drawn, np.nan)
        # Onset: when the points lost by day 0 would have begun to go at 1 a month, roughly.
        ill = np.clip((48 - totals[:, DAY_0]) * rng.uniform(0.8, 1.6, arm.n), 8, 40)
        onsets = zeros - np.round(ill * DAYS_PER_MONTH).astype(int)
        sexes = rng.choice(["F", "M"], arm.n, p=[0.4, 0.6])
        ages = rng.integers(34, 70, arm.n)
        sites = rng.choice(["bulbar", "limb"], arm.n, p=[0.2, 0.8])
        for i, j in np.argwhere(~np.isnan(days)):
            percent = "" if np.isnan(percents[i, j]) else f"{percents[i, j]:.1f}"
            name = f"{arm.group[0].upper()}{i + 1:02d}"
            when = (zeros[i], zeros[i] + int(days[i, j]))
            person = (sexes[i], ages[i], sites[i], onsets[i])
            rows.append([name, arm.group, *when, f"{totals[i, j]:.0f}", percent, *person, "yes"])
    with (folder / NAME).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def check(folder: Path) -> None:
    """Recompute everything from the written CSV by another route, and print a summary.

    Raises
    ------
    ValueError
        If anything is not as wanted.
    """
    with (folder / NAME).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    failed = [] if all(row["simulated"] == "yes" for row in rows) else ["mark"]
    for column in ENDPOINTS:
        changes = []
        for arm in ARMS:
            names = sorted({row["patient_id"] for row in rows if row["group"] == arm.group})
            fits = [refit([r for r in rows if r["patient_id"] == name], column) for name in names]
            change = np.array([after - before for before, after in filter(None, fits)])
            shown = [f"{change.mean():.2f}", f"{change.std(ddof=1):.2f}"]
            fvc = column == "fvc_percent"
            size = len(names) == arm.n and len(change) == arm.n - fvc * arm.without_fvc
            if not size or shown != [f"{moment:.2f}" for moment in arm.published(column)]:
                failed.append(f"{column} of {arm.group}")
            changes.append(change)
            print(column, arm.group, len(change), change.mean(), change.std(ddof=1))
        print(column, stats.ttest_ind(changes[1], changes[0], equal_var=False))
    if failed:
        raise ValueError(f"the written trial is not as wanted: {', '.join(failed)}")


def refit(rows: list[dict[str, str]], column: str) -> Pair | None:
    """Return both slopes of a patient, or ``None`` without values after day 0."""
    own = [row for row in rows if row[column]]
    values = np.array([float(row[column]) for row in own])
    dates = [(row["visit_date"], row["day0_date"]) for row in own]
    days = np.array([(date.fromisoformat(a) - date.fromisoformat(b)).days for a, b in dates])
    slopes = []
    for side in (days <= 0, days > 0):
        if not side.any():
            return None
        if side.sum() < MIN_VISITS or np.ptp(days[side]) < MIN_SPAN_DAYS:
            raise ValueError(f"{rows[0]['patient_id']} has too few visits with {column}")
        slopes.append(float(np.polyfit(days[side] / DAYS_PER_MONTH, values[side], 1)[0]))
    return slopes[0], slopes[1]


if __name__ == "__main__":
    write(HERE)
    check(HERE)

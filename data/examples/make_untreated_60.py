"""Make the bundled untreated cohort: 60 simulated people, of whom nobody is treated.

No person is behind any value. From one fixed seed the script draws true slopes before and after a
reference date, visits that scatter around them, and deaths, writes the CSV beside itself and prints
what a before/after comparison makes of everybody and of those who declined fast before; the
description in the JSON is written by hand::

    python data/examples/make_untreated_60.py

The numbers of the natural history stand below with their sources. Slopes are per month.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

SEED: Final = 60  # The number of people; no other seed was tried.
HERE: Final = Path(__file__).resolve().parent
NAME: Final = "untreated_60.csv"
HEADER: Final = (
    *("patient_id", "day0_date", "visit_date", "alsfrs_r", "fvc_percent"),
    *("sex", "age", "onset_site", "onset_date", "death_date", "simulated"),
)

N: Final = 60
DAYS_PER_MONTH: Final = 30.4375
PLAN_MONTHS: Final = np.array([-3, -2, -1, 0, 1, 2, 3, 4.5, 6, 7.5, 9])

MEAN_SLOPES: Final = np.array([-0.99, -2.7])
"""ALSFRS-R (Thakore 2018, doi 10.1002/mus.26042); FVC (Andrews 2018, PMC5833488: SVC)."""

SD_SLOPES: Final = np.array([0.58, 2.0])
"""Calibrated to public summaries of untreated people; of FVC a rough value."""

CONSTANCY: Final = 0.47
"""Correlation of a person's slopes before and after; calibrated in the same way."""

BETWEEN: Final = 0.5
"""Correlation of a person's ALSFRS-R and FVC slopes; a rough value."""

VISIT_SD: Final = 1.65
VISIT_SHARE: Final = 0.05
TAIL_DF: Final = 4.0
"""Scatter of ALSFRS-R in points, of FVC as a share of its value with heavy tails."""

LEVELS: Final = ((36.0, 5.0), (82.0, 14.0))
"""Mean and SD at day 0: assumed."""

DEATHS_A_YEAR: Final = 0.34
PER_POINT: Final = 0.936
BULBAR: Final = 1.29
"""Mortality in a year, hazard ratio per ALSFRS-R point, and of bulbar onset."""

MID_YEAR_SCORE: Final = 30.0
"""Score at which the mortality is taken to hold: about the mean over the year after day 0."""


def draw_slopes(rng: np.random.Generator) -> Floats:
    """Draw true slopes of shape (2 periods, people, 2 endpoints)."""
    shared = np.array([[1.0, BETWEEN], [BETWEEN, 1.0]])
    before = rng.multivariate_normal(np.zeros(2), shared, N)
    own = rng.multivariate_normal(np.zeros(2), shared, N)
    after = CONSTANCY * before + np.sqrt(1 - CONSTANCY**2) * own
    return np.asarray(MEAN_SLOPES + SD_SLOPES * np.stack([before, after]))


def draw_scores(
    months: Floats, slopes: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return ALSFRS-R and FVC of every visit, people × visits, and the true ALSFRS-R at day 0."""
    level = np.stack([rng.normal(mean, sd, N) for mean, sd in LEVELS])
    level[0] = np.clip(level[0], 20, 47)
    level[1] = np.clip(level[1], 45, 125)
    bent = np.where(months[..., None] > 0, slopes[1][:, None], slopes[0][:, None])
    course = level.T[:, None] + bent * months[..., None]
    total = np.clip(course[..., 0], 0, 48) + rng.normal(0, VISIT_SD, months.shape)
    true_fvc = np.clip(course[..., 1], 10, 140)
    heavy = rng.standard_t(TAIL_DF, months.shape) * np.sqrt((TAIL_DF - 2) / TAIL_DF)
    fvc = true_fvc * (1 + VISIT_SHARE * heavy)
    return np.clip(np.round(total), 0, 48), np.clip(np.round(fvc, 1), 5, 150), level[0]


def draw_deaths(
    level: Floats, slopes: Floats, bulbar: NDArray[np.bool_], rng: np.random.Generator
) -> Floats:
    """Return months from day 0 to death, infinity beyond a year; the hazard follows the course."""
    base = -np.log(1 - DEATHS_A_YEAR) / 12
    died = np.full(N, np.inf)
    for month in range(12):
        score = level + slopes[1][:, 0] * (month + 0.5)
        hazard = base * PER_POINT ** (score - MID_YEAR_SCORE) * np.where(bulbar, BULBAR, 1.0)
        when = month + rng.exponential(1 / hazard)
        died = np.where(np.isinf(died) & (when < month + 1), when, died)
    return died


def write(folder: Path) -> None:
    """Make the cohort and write its CSV into `folder`, always with the same bytes."""
    rng = np.random.default_rng(SEED)
    zeros = np.busday_offset(
        np.datetime64("2015-01-05") + np.sort(rng.choice(900, N, replace=False)), 0, roll="forward"
    )
    planned = np.round(PLAN_MONTHS * DAYS_PER_MONTH) + rng.integers(-4, 5, (N, PLAN_MONTHS.size))
    planned[:, PLAN_MONTHS == 0] = 0
    dates = np.busday_offset(zeros[:, None] + planned.astype(int), 0, roll="forward")
    days = (dates - zeros[:, None]).astype(float)
    slopes = draw_slopes(rng)
    totals, percents, level = draw_scores(days / DAYS_PER_MONTH, slopes, rng)
    sites = rng.choice(["bulbar", "limb"], N, p=[0.2, 0.8])
    died = draw_deaths(level, slopes, sites == "bulbar", rng)
    missed = rng.random(days.shape) < 0.05
    missed[:, PLAN_MONTHS == 0] = False
    missed[:, 0] = False
    sexes, ages = rng.choice(["F", "M"], N, p=[0.4, 0.6]), rng.integers(34, 75, N)
    ill = np.clip((48 - level) * rng.uniform(0.8, 1.6, N), 6, 40)
    onsets = zeros - np.round(ill * DAYS_PER_MONTH).astype(int)
    rows = []
    for i, j in np.argwhere(~missed & (days < died[:, None] * DAYS_PER_MONTH)):
        death = "" if np.isinf(died[i]) else zeros[i] + int(died[i] * DAYS_PER_MONTH) + 1
        scores = (f"{totals[i, j]:.0f}", f"{percents[i, j]:.1f}")
        person = (sexes[i], ages[i], sites[i], onsets[i], death, "yes")
        rows.append([f"U{i + 1:02d}", zeros[i], zeros[i] + int(days[i, j]), *scores, *person])
    with (folder / NAME).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def check(folder: Path) -> None:
    """Recompute slopes from the written CSV and print what a naive comparison makes of them."""
    with (folder / NAME).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    pairs = []
    for name in sorted({row["patient_id"] for row in rows}):
        own = [row for row in rows if row["patient_id"] == name]
        visits = np.array([np.datetime64(row["visit_date"]) for row in own])
        month = (visits - np.datetime64(own[0]["day0_date"])).astype(float) / DAYS_PER_MONTH
        score = np.array([float(row["alsfrs_r"]) for row in own])
        sides = [month <= 0, month > 0]
        if all(side.sum() >= 2 and np.ptp(month[side]) >= 60 / DAYS_PER_MONTH for side in sides):
            pairs.append([float(np.polyfit(month[side], score[side], 1)[0]) for side in sides])
    before, after = np.array(pairs).T
    for words, chosen in (("everybody", before < 9), ("1 point/month or more", before <= -1)):
        change = (after - before)[chosen]
        p = stats.ttest_1samp(change, 0).pvalue
        means = before[chosen].mean(), after[chosen].mean(), change.mean()
        print(words, len(change), *(f"{mean:.2f}" for mean in means), f"P = {p:.2g}")


if __name__ == "__main__":
    write(HERE)
    check(HERE)

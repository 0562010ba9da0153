"""How often the tests reject without any change at day 0, and how often intervals cover.

Run ``python -m benchmarks.calibration``; the table is in the docs. Everything is simulated. Each
replicate is a trial; all replicates of a scenario pass through the slopes of the pages at once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.mixed_model import MixedData, NotEstimable, fit_mixed
from analysis.paired_tests import hodges_lehmann_result, paired_t, sign_flip_test
from analysis.settings import Settings
from analysis.slopes import slope_table
from data.trial import (
    DAYS_PER_MONTH,
    EVENT_COLUMNS,
    MEASUREMENT_COLUMNS,
    PATIENT_COLUMNS,
    FloatArray,
    Trial,
)

MONTHS = np.asarray((-9, -6, -3, 0, 3, 6, 9, 12, 15), dtype=np.float64)
SIZES = (8, 12, 20)
MISSING = 0.08
METHODS = ("paired t", "exact sign flip", "Wilcoxon", "mixed model, KR", "mixed model, Satt.")
SEED = 20_230_361


@dataclass(frozen=True)
class Scenario:
    """What untreated courses are like: nobody's mean slope changes because of day 0.

    Parameters
    ----------
    name
        Words for the table.
    sd_change
        SD of the change of slope between patients, points/month.
    level, slope
        Means at day 0 and per month.
    curvature
        Points/month², added to everybody.
    whole
        Whether scores are whole numbers from 0 to 48.
    entry
        Only patients whose slope between months −3 and 0 is at most this are enrolled.
    months
        Visits.
    """

    name: str
    sd_change: float = 0.45
    level: float = 36.0
    slope: float = -0.8
    curvature: float = 0.0
    whole: bool = False
    entry: float | None = None
    months: tuple[float, ...] = tuple(MONTHS)


SHORT = (-3.0, 0.0, 3.0, 6.0, 9.0, 12.0)
NULL = (
    Scenario("straight lines, slopes change by ±0.45"),
    Scenario("… by ±0.25", sd_change=0.25),
    Scenario("… not at all (random part singular)", sd_change=0.0),
)
MECHANISMS = (
    Scenario("whole scores up to 48, mean 36 at day 0", whole=True),
    Scenario("whole scores, early patients (mean 44)", whole=True, level=44),
    Scenario("whole scores, late fast patients (mean 24, −1.2)", whole=True, level=24, slope=-1.2),
    Scenario("decline that flattens, 0.01 points/month²", curvature=0.01),
    Scenario("decline that flattens, 0.02 points/month²", curvature=0.02),
    Scenario("chosen for a slope ≤ −1 over 3 months", entry=-1.0, months=SHORT),
)
RESIDUAL_SD = 1.3
SD_SLOPE = 0.5
SD_LEVEL = 5.0


def courses(rng: np.random.Generator, scenario: Scenario, patients: int) -> FloatArray:
    """Return scores of ``patients`` rows, one column a visit; NaN where a visit was missed."""
    t = np.asarray(scenario.months)
    wanted = patients if scenario.entry is None else 12 * patients
    level = scenario.level + SD_LEVEL * rng.standard_normal((wanted, 1))
    slope = scenario.slope + SD_SLOPE * rng.standard_normal((wanted, 1))
    change = scenario.sd_change * rng.standard_normal((wanted, 1))
    y = level + slope * t + change * np.maximum(t, 0) + scenario.curvature * t**2
    y += RESIDUAL_SD * rng.standard_normal(y.shape)
    if scenario.entry is not None:
        early = (y[:, t == 0] - y[:, t == -3])[:, 0] / 3
        y = y[early <= scenario.entry][:patients]
    y[rng.random(y.shape) < MISSING * (scenario.entry is None)] = np.nan
    return np.asarray(np.clip(np.round(y), 0, 48) if scenario.whole else y)


def as_trial(scores: FloatArray, months: tuple[float, ...]) -> Trial:
    """Return the courses as one trial in which all visits stand."""
    names = np.asarray([f"S{i:06d}" for i in range(len(scores))])
    who, at = np.nonzero(np.isfinite(scores))
    people = pd.DataFrame(
        {
            "patient": names,
            "transplant_days": [(0.0,)] * len(names),
            "transplant_dates": [()] * len(names),
            "onset_day": np.nan,
            "death_day": np.nan,
            "sex": "",
            "age": np.nan,
            "onset_site": "",
            "group": "",
        },
        columns=list(PATIENT_COLUMNS),
    )
    visits = pd.DataFrame(
        {
            "patient": names[who],
            "endpoint": "alsfrs_r",
            "day": np.asarray(months)[at] * DAYS_PER_MONTH,
            "value": scores[who, at],
            "status": "ok",
            "date": pd.NaT,
            "file": "",
            "sheet": "",
            "row": np.arange(len(who)),
            "column": "",
        },
        columns=list(MEASUREMENT_COLUMNS),
    )
    return Trial(people, visits, pd.DataFrame(columns=list(EVENT_COLUMNS)), simulated=True)


def paired(changes: FloatArray) -> Iterator[tuple[float, bool]]:
    """Yield P and whether the interval covers 0, for each two-stage method."""
    settings = Settings()
    for test in (paired_t, sign_flip_test, hodges_lehmann_result):
        result = test(changes, settings)
        interval = result.interval
        yield result.p, interval is None or not interval.excludes_zero


def mixed(scores: FloatArray, months: FloatArray) -> Iterator[tuple[float, bool]]:
    """Yield P and cover for the change of slope in the mixed model, by both kinds of df."""
    who, at = np.nonzero(np.isfinite(scores))
    t = months[at]
    x = np.column_stack((np.ones(len(t)), t, np.maximum(t, 0)))
    data = MixedData(who, scores[who, at], x, x, ("level", "slope", "change"))
    try:
        fit = fit_mixed(data)
    except NotEstimable:
        yield from ((np.nan, True), (np.nan, True))
        return
    for df in ("kenward-roger", "satterthwaite"):
        found = fit.contrast((0, 0, 1), df=df)
        yield found.p, found.low <= 0 <= found.high


def rejections(scenario: Scenario, n: int, replicates: int) -> tuple[FloatArray, FloatArray, float]:
    """Return the shares rejected and covered, one a method, and the mean change per month."""
    rng = np.random.default_rng([SEED, n, *scenario.name.encode()])
    scores = courses(rng, scenario, replicates * n)
    months = np.asarray(scenario.months)
    # The run-in of two visits spans 91 days.
    table = slope_table(as_trial(scores, scenario.months), "alsfrs_r", Settings())
    p = np.empty((replicates, len(METHODS)))
    covered = np.empty_like(p)
    for k in range(replicates):
        mine = slice(k * n, (k + 1) * n)
        d = table.change[mine]
        results = [*paired(d[np.isfinite(d)]), *mixed(scores[mine], months)]
        p[k], covered[k] = zip(*results, strict=True)
    return np.mean(p < 0.05, axis=0), covered.mean(axis=0), float(np.nanmean(table.change))


def table_of(scenarios: tuple[Scenario, ...], replicates: int, show: Callable[[str], None]) -> None:
    """Print one markdown table."""
    show(f"| scenario | n | mean change | {' | '.join(METHODS)} | cover t / KR |")
    show(f"|{' --- |' * (len(METHODS) + 4)}")
    for scenario in scenarios:
        for n in SIZES:
            rejected, covered, mean = rejections(scenario, n, replicates)
            shares = " | ".join(f"{100 * share:.1f}" for share in rejected)
            cover = f"{100 * covered[0]:.1f} / {100 * covered[3]:.1f}"
            shown = f"{mean:+.2f}".replace("-", "−")
            show(f"| {scenario.name} | {n} | {shown} | {shares} | {cover} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    replicates = parser.parse_args().replicates
    started = time.perf_counter()
    print("Per cent of simulated trials with P < 0.05, though nothing happens at day 0.")
    print(f"{replicates:,} trials a line in the first table, {replicates // 2:,} in the second.\n")
    for scenarios, runs in ((NULL, replicates), (MECHANISMS, replicates // 2)):
        table_of(scenarios, runs, lambda line: print(line, flush=True))
        print()
    error = 100 * (0.05 * 0.95 / replicates) ** 0.5
    print(f"Monte Carlo SE of 5 %: {error:.1f}. {time.perf_counter() - started:,.0f} s.")


if __name__ == "__main__":
    main()

"""Regression to the mean: how far run-ins are chance, and what is left of the change beyond it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.natural_shrinkage import (
    RegressionToTheMean,
    natural_slopes,
    regression_to_the_mean,
)
from analysis.paired_tests import summarise
from analysis.results import Summary, finite
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import prepare
from analysis.untreated.history import History
from analysis.untreated.posterior import slopes_given_run_in
from analysis.untreated.replicates import run_in_given, up_to_day0
from data.trial import FloatArray, IntArray, Trial

RUN_INS: Final = ((3, 2), (3, 4), (6, 3), (6, 7), (10, 5), (12, 5), (12, 13))
"""Months and visits of the run-ins whose reliability is tabulated, day 0 included."""


@dataclass(frozen=True, slots=True)
class RunInReliability:
    """What a run-in of equally spaced visits tells of a person's slope.

    Parameters
    ----------
    months, visits
        Its length, and its visits with both ends.
    se
        Standard error of its least-squares slope, per month.
    reliability
        Share of the variance of such slopes between people that is not visit noise.
    """

    months: float
    visits: int
    se: float
    reliability: float

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "months": self.months,
            "visits": self.visits,
            "se": finite(self.se),
            "reliability": finite(self.reliability),
        }


@dataclass(frozen=True, slots=True)
class RunInSlopes:
    """Slopes of the run-in as they were seen, and as the natural history lets expect them.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``, one entry a patient.
    observed
        Least-squares slope of all visits up to day 0, per month; NaN with fewer than 2 of them.
    expected
        Mean of the true slope given these visits and the natural history, per month.
    reliability
        Share of the variance of the slope that is not visit noise.
    """

    patient: IntArray
    observed: FloatArray
    expected: FloatArray
    reliability: FloatArray


@dataclass(frozen=True, slots=True)
class RegressionReport:
    """Regression to the mean of one endpoint.

    Parameters
    ----------
    key
        Of the endpoint.
    slopes
        Run-in slopes of the patients.
    formula
        The change to expect without treatment.
    adjusted
        Change of each patient minus what is expected of that patient's slope before: mean, SD and
        interval, in the unit of the comparison. The mean is the observed minus the expected change.
    table
        Reliability of other run-ins under the same natural history.
    """

    key: str
    slopes: RunInSlopes
    formula: RegressionToTheMean
    adjusted: Summary
    table: tuple[RunInReliability, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything but single patients as JSON values."""
        return {
            "formula": self.formula.to_json(),
            "adjusted_change": self.adjusted.to_json(),
            "run_in_reliability": [row.to_json() for row in self.table],
        }


def regression_report(trial: Trial, comparison: Comparison) -> dict[str, RegressionReport]:
    """Return regression to the mean of every endpoint with a known natural history.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison. Patients of a leading control arm stay in: the formula is
        about everybody in the comparison.

    Notes
    -----
    The interval of the adjusted change takes the natural history as known: it holds the scatter of
    patients, not the doubt about the assumed means, SDs and correlation.
    """
    assumed = assumed_history(comparison.settings)
    prepared = prepare(trial, comparison)
    found = {}
    for result in comparison.endpoints:
        key = result.endpoint.key
        if key not in prepared.schedules:
            continue
        history = assumed.histories[key]
        formula = regression_to_the_mean(result, natural_slopes(history))
        found[key] = RegressionReport(
            key=key,
            slopes=_run_in_slopes(result, history),
            formula=formula,
            adjusted=_adjusted(result, formula, comparison.settings.confidence),
            table=reliability_table(history, _typical_value(result, history)),
        )
    return found


def reliability_table(history: History, value: float) -> tuple[RunInReliability, ...]:
    """Return the reliability of run-ins of several lengths and visits.

    Parameters
    ----------
    history
        SD of slopes between people, and of visits.
    value
        Score around which visits scatter.

    Notes
    -----
    SE = σ/√Σ(t − t̄)², reliability σ_before²/(σ_before² + SE²).
    """
    rows = []
    for months, visits in RUN_INS:
        times = np.linspace(-months, 0, visits)
        sxx = float(np.sum((times - times.mean()) ** 2))
        se = float(history.noise_sd(value)) / math.sqrt(sxx)
        reliability = history.sd_before**2 / (history.sd_before**2 + se**2)
        rows.append(RunInReliability(months, visits, se, reliability))
    return tuple(rows)


def _run_in_slopes(result: EndpointComparison, history: History) -> RunInSlopes:
    who = np.flatnonzero(result.paired)
    run_in = run_in_given(result, who, history.bend)
    noise = np.where(run_in.n > 0, history.noise_sd(run_in.mean_value), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.where(run_in.sxx > 0, run_in.sxy / run_in.sxx, np.nan)
    signal = history.sd_before**2 * run_in.sxx
    expected = slopes_given_run_in(run_in, history)
    return RunInSlopes(who, observed, expected, signal / (signal + noise**2))


def _adjusted(result: EndpointComparison, formula: RegressionToTheMean, level: float) -> Summary:
    """Return the changes minus what each slope before lets expect, as one summary."""
    history = formula.history
    if formula.reason or history is None or not (history.sd_before and history.sd_after):
        return summarise(np.empty(0), level)
    factor = result.rate.months_before
    pull = formula.reliability * (history.correlation or 0.0) * history.sd_after / history.sd_before
    before = result.before[result.paired] / factor
    drift = history.mean_after - history.mean_before
    expected = factor * (drift + (pull - 1) * (before - history.mean_before))
    return summarise(result.change[result.paired] - expected, level)


def _typical_value(result: EndpointComparison, history: History) -> float:
    """Return the mean score of the run-in's visits, or of people at day 0 without one."""
    points = result.slopes.points
    seen = points.analysable & up_to_day0(points.month)
    return float(np.mean(points.value[seen])) if np.any(seen) else history.level_mean

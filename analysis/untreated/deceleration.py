"""Decline that slows by itself: what it does to the benchmark, and how much would be enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from analysis.comparison import Comparison
from analysis.results import finite
from analysis.untreated.assumed import Assumed, assumed_history
from analysis.untreated.benchmark import Prepared, Progress, benchmark, prepare
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.shares import SimulatedShare
from data.trial import Trial

BENDS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "alsfrs_r": (0.0, 0.005, 0.01, 0.015, 0.02, 0.03),
        "fvc": (0.0, 0.0125, 0.025, 0.0375, 0.05, 0.075),
    }
)
"""Changes of the slope per month that are tried, in units/month², by endpoint."""

MOST_TRIALS: Final = 500
"""Simulated trials for each of them at most; all rest on the same luck, so the curve is smooth."""


@dataclass(frozen=True, slots=True)
class WithBend:
    """The benchmark with one curvature.

    Parameters
    ----------
    bend
        Change of the slope per month, in units/month²; above 0 decline slows by itself.
    mean
        Mean change without treatment.
    at_least, in_favour
        As in :class:`analysis.untreated.outcome.UntreatedEndpoint`. All three are those of the
        mean slope, the assumed one or the patients' own, that lets expect the larger change.
    """

    bend: float
    mean: float
    at_least: SimulatedShare
    in_favour: SimulatedShare

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "bend": self.bend,
            "untreated_change": finite(self.mean),
            "at_least_as_large": self.at_least.to_json(),
            "p_below_0_05_in_favour": self.in_favour.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Deceleration:
    """One endpoint with more and more curvature.

    Parameters
    ----------
    key
        Of the endpoint.
    unit
        Of the curvature.
    observed
        Mean change that was observed.
    rows
        By curvature, from none upwards; empty where no natural history is known.
    enough
        Curvature with which the observed change is what untreated trials show on average; NaN if
        that cannot be told.
    """

    key: str
    unit: str
    observed: float
    rows: tuple[WithBend, ...]
    enough: float

    def to_json(self) -> dict[str, Any]:
        """Return the rows as JSON values."""
        return {
            "unit": self.unit,
            "observed_change": finite(self.observed),
            "enough": finite(self.enough),
            "rows": [row.to_json() for row in self.rows],
        }


def deceleration(
    trial: Trial, comparison: Comparison, *, progress: Progress | None = None
) -> dict[str, Deceleration]:
    """Repeat the benchmark with courses that bend on their own, by more and more.

    Parameters
    ----------
    trial, comparison, progress
        As for :func:`analysis.untreated.benchmark.untreated`; the natural history is that of the
        settings, with its curvature replaced.

    Returns
    -------
    dict
        By endpoint key, in the order of the comparison.

    Notes
    -----
    Every course, before and after day 0, is level + slope × t + bend/2 × t². The bend that is
    enough is where the mean change without treatment crosses the observed one, by a straight line
    between the two nearest bends or beyond the largest one: the mean change is close to linear in
    the bend, as the change between two least-squares slopes of a parabola is.
    """
    prepared = prepare(trial, comparison)
    assumed = assumed_history(comparison.settings)
    trials = min(comparison.settings.untreated_trials, MOST_TRIALS)
    steps = max(len(bends) for bends in BENDS.values())
    rows: dict[str, list[WithBend]] = {key: [] for key in prepared.schedules}
    for at in range(steps):
        for key, one in _at_step(prepared, assumed, at, trials).items():
            most = one.cautious
            bent = WithBend(BENDS[key][at], most.mean, most.at_least, most.in_favour)
            rows[key].append(bent)
        if progress is not None and not progress((at + 1) / steps):
            break
    found: dict[str, Deceleration] = {}
    for result in comparison.endpoints:
        key = result.endpoint.key
        observed = result.change_summary.mean
        if (schedule := prepared.schedules.get(key)) is not None and schedule.n:
            observed = float(np.mean(result.change[schedule.who]))
        some = tuple(rows.get(key, ()))
        unit = f"{result.endpoint.change_unit}/month²"
        found[key] = Deceleration(key, unit, observed, some, enough_bend(some, observed))
    return found


def _at_step(
    prepared: Prepared, assumed: Assumed, at: int, trials: int
) -> dict[str, UntreatedEndpoint]:
    bent = replace(
        assumed,
        histories={
            key: history.with_(bend=BENDS[key][at]) for key, history in assumed.histories.items()
        },
    )
    outcome = benchmark(prepared, bent, trials)
    return {
        one.endpoint.key: one
        for one in outcome.endpoints
        if not one.reason and one.endpoint.key in prepared.schedules
    }


def enough_bend(rows: tuple[WithBend, ...], observed: float) -> float:
    """Return the bend whose mean change equals the observed one, by straight lines.

    Parameters
    ----------
    rows
        By bend, upwards.
    observed
        Mean change.

    Returns
    -------
    float
        0 where no bend is needed; NaN with fewer than 2 rows, or where more bend does not give a
        larger change.
    """
    if len(rows) < 2 or not math.isfinite(observed):
        return math.nan
    if observed <= rows[0].mean:
        return 0.0
    after = next((k for k, row in enumerate(rows) if row.mean >= observed), len(rows) - 1)
    low, high = rows[max(after, 1) - 1], rows[max(after, 1)]
    if not high.mean > low.mean:
        return math.nan
    return low.bend + (observed - low.mean) * (high.bend - low.bend) / (high.mean - low.mean)

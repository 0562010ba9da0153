"""The same specification curve in simulated trials of untreated people with these run-ins."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.comparison import Comparison, EndpointComparison
from analysis.leave_one_out import ALPHA
from analysis.rate import MONTHS_PER_YEAR
from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slopes import Points, SlopeTable, slope_table
from analysis.specification import Progress, SpecificationCurve
from analysis.untreated.assumed import Assumed, assumed_history
from analysis.untreated.benchmark import Prepared, prepare, with_own_means
from analysis.untreated.posterior import draw_given_run_in
from analysis.untreated.replicates import run_in_given, up_to_day0
from analysis.untreated.scores import noisy_scores
from analysis.untreated.shares import SimulatedShare
from analysis.untreated.weights import visit_weights
from data.trial import BoolArray, FloatArray, IntArray, Trial

MOST_TRIALS: Final = 500
FEWEST_TRIALS: Final = 100
_VISITS: Final = 2_000_000
"""Simulated visits that are held in memory."""

_STREAM: Final = 8


@dataclass(frozen=True, slots=True)
class UntreatedCurve:
    """How often untreated trials show a curve like this one.

    Parameters
    ----------
    trials
        Simulated trials.
    median_at_least
        Those whose median estimate is at least as large, in the direction seen.
    significant_at_least
        Those with at least as many analyses with P < 0.05 in that direction.
    own_mean
        Whether both shares rest on the cohort's own mean run-in slope: of the two natural
        histories, the one that lets expect more is taken.
    reason
        Why nothing is said; empty if something is.
    """

    trials: int
    median_at_least: SimulatedShare
    significant_at_least: SimulatedShare
    own_mean: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the shares as JSON values."""
        return {
            "trials": self.trials,
            "median_at_least": self.median_at_least.to_json(),
            "significant_at_least": self.significant_at_least.to_json(),
            "own_mean": self.own_mean,
            "reason": self.reason,
        }


_NONE: Final = SimulatedShare(0, 0)


def untreated_curve(
    trial: Trial,
    comparison: Comparison,
    curve: SpecificationCurve,
    *,
    progress: Progress | None = None,
) -> UntreatedCurve:
    """Run every analysis of a curve on simulated trials with no transplant.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    curve
        What was seen.
    progress
        Called with the share that is done; if it returns ``False``, nothing is said.

    Notes
    -----
    Each simulated trial keeps the visits up to day 0 of the patients of the primary analysis, draws
    their courses from the natural history given these visits, and scores at all their visits after
    day 0 once; every analysis then takes the same scores. Patients who enter some other analysis
    only are not simulated. A direction is that of the observed median.
    """
    result = comparison.endpoint(curve.endpoint)
    why = _not_simulated(comparison, curve, result)
    if why or result is None:
        return UntreatedCurve(0, _NONE, _NONE, reason=why or "there is no such endpoint")
    assumed = assumed_history(comparison.settings)
    prepared = prepare(trial, comparison)
    points = result.slopes.points
    later = _later(points, result)
    trials = min(comparison.settings.untreated_trials, MOST_TRIALS, _VISITS // max(1, later.sum()))
    if trials < min(FEWEST_TRIALS, comparison.settings.untreated_trials):
        return UntreatedCurve(0, _NONE, _NONE, reason="there are too many visits to simulate")
    found = []
    for half, history in enumerate((assumed, with_own_means(prepared, assumed))):
        scores = _simulated(prepared, result, history, later, trials)
        shares = _shares(trial, curve, result, (later, scores), (progress, half / 2))
        if shares is None:
            return UntreatedCurve(0, _NONE, _NONE, reason="stopped before the end")
        found.append(shares)
    own = found[1][0].count > found[0][0].count
    return UntreatedCurve(trials, *found[1 if own else 0], own_mean=own)


def _not_simulated(
    comparison: Comparison, curve: SpecificationCurve, result: EndpointComparison | None
) -> str:
    if result is None or not len(curve.estimate):
        return "there is no analysis"
    if curve.endpoint not in assumed_history(comparison.settings).histories:
        return f"no natural history is known for {result.endpoint.label}"
    if result.against_control is not None:
        return "a concurrent control group is there, which says more"
    if result.n < 2:
        return "the primary analysis has fewer than 2 patients"
    return ""


def _later(points: Points, result: EndpointComparison) -> BoolArray:
    """Return the visits after day 0 that are simulated."""
    return np.asarray(
        np.isfinite(points.month) & ~up_to_day0(points.month) & result.paired[points.patient]
    )


def _simulated(
    prepared: Prepared,
    result: EndpointComparison,
    assumed: Assumed,
    later: BoolArray,
    trials: int,
) -> FloatArray:
    """Return scores at the visits after day 0, trials × visits."""
    settings, key = prepared.comparison.settings, result.endpoint.key
    keys = [k for k in assumed.histories if k in prepared.schedules and prepared.schedules[k].n]
    results = {one.endpoint.key: one for one in prepared.comparison.endpoints}
    histories = tuple(assumed.histories[k] for k in keys)
    run_ins = tuple(
        run_in_given(results[k], prepared.who, history.bend)
        for k, history in zip(keys, histories, strict=True)
    )
    rng = np.random.default_rng([settings.seed, _STREAM])
    drawn = draw_given_run_in(run_ins, histories, assumed.between, trials, rng)[keys.index(key)]
    place = np.full(len(result.paired), -1)
    place[prepared.who] = np.arange(len(prepared.who))
    points, history = result.slopes.points, assumed.histories[key]
    who, month = place[points.patient[later]], points.month[later]
    course = drawn.level[:, who] + drawn.after[:, who] * month + history.bend / 2 * month**2
    return noisy_scores(course, history, result.endpoint, rng)


def _shares(
    trial: Trial,
    curve: SpecificationCurve,
    result: EndpointComparison,
    simulated: tuple[BoolArray, FloatArray],
    progress: tuple[Progress | None, float],
) -> tuple[SimulatedShare, SimulatedShare] | None:
    """Return how often simulated curves are like the one that was seen."""
    told, start = progress
    later, scores = simulated
    trials, total = len(scores), len(curve.estimate)
    way = -1.0 if curve.median < 0 else 1.0
    level = ALPHA / 2 if curve.base.alternative == "two-sided" else ALPHA
    means = np.empty((total, trials))
    hits = np.zeros(trials, dtype=np.int64)
    for k in range(total):
        if told is not None and k % 10 == 0 and not told(start + k / total / 2):
            return None
        change = _changes(trial, curve, k, result, later, scores)
        n = change.shape[1]
        means[k] = change.mean(axis=1)
        if n > 1:
            with np.errstate(invalid="ignore", divide="ignore"):
                t = means[k] / (change.std(axis=1, ddof=1) / math.sqrt(n))
            hits += way * t > stats.t.isf(level, n - 1)
    factor = MONTHS_PER_YEAR if curve.base.rate_unit == "year" else 1.0
    medians = factor * way * np.median(means, axis=0)
    seen = int(np.sum((curve.p < ALPHA) & (way * curve.estimate > 0)))
    near = 1e-9 * max(1.0, abs(curve.median))
    return (
        SimulatedShare(int(np.sum(medians >= way * curve.median - near)), trials),
        SimulatedShare(int(np.sum(hits >= seen)), trials),
    )


def _changes(
    trial: Trial,
    curve: SpecificationCurve,
    k: int,
    result: EndpointComparison,
    later: BoolArray,
    scores: FloatArray,
) -> FloatArray:
    """Return the changes of slope under analysis ``k``, trials × patients."""
    settings = curve.settings_of(k)
    table = slope_table(trial, curve.endpoint, settings)
    points = table.points
    settings = settings.with_(run_in=table.run_in_used)
    who = np.flatnonzero(np.isfinite(table.change) & result.paired)
    number = np.full(len(result.paired), -1)
    number[who] = np.arange(len(who))
    used = (points.before | points.after) & (number[points.patient] >= 0)
    kept = Points(
        **{f.name: getattr(points, f.name)[used] for f in fields(Points)}
        | {"patient": number[points.patient[used]]}
    )
    column = np.cumsum(later) - 1
    moving = later[used]
    values = np.repeat(kept.value[None], len(scores), axis=0)
    values[:, moving] = scores[:, column[used][moving]]
    before, after = _slopes(kept, values, len(who), settings, table, who)
    return np.asarray(after - before)


def _slopes(
    points: Points,
    values: FloatArray,
    n: int,
    settings: Settings,
    table: SlopeTable,
    who: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Return slopes before and after of every simulated trial."""
    weights = visit_weights(points, n, settings)
    if weights is None:
        before, after = _tiled(points, values, n, settings)
    else:
        starts = np.flatnonzero(np.diff(points.patient, prepend=-1))
        before, after = (
            np.add.reduceat(values * side, starts, axis=1)
            for side in (np.nan_to_num(weights.before), weights.after)
        )
    if table.run_in_used == "onset":
        before = table.before.slope[who][None]
    return before, after


def _tiled(
    points: Points, values: FloatArray, n: int, settings: Settings
) -> tuple[FloatArray, FloatArray]:
    """Return slopes that are no weighted sum: simulated trials become more patients."""
    times = len(values)
    patient = points.patient[None] + n * np.arange(times)[:, None]
    tiled = {f.name: np.tile(getattr(points, f.name), times) for f in fields(Points)}
    many = replace(Points(**tiled), patient=patient.ravel(), value=values.ravel())
    lines = ESTIMATORS[settings.estimator](many, n * times, settings)
    shape = (times, n)
    return lines.before.slope.reshape(shape), lines.after.slope.reshape(shape)

"""The same specification curve in simulated trials of untreated people with these run-ins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special

from analysis.comparison import Comparison, EndpointComparison
from analysis.leave_one_out import ALPHA
from analysis.rate import MONTHS_PER_YEAR
from analysis.signed_rank import rounded
from analysis.slopes import slope_table
from analysis.specification import Progress, SpecificationCurve, part_of
from analysis.specification_slopes import CurveSlopes, curve_slopes
from analysis.untreated.assumed import Assumed, assumed_history
from analysis.untreated.benchmark import Prepared, prepare, with_own_means
from analysis.untreated.posterior import draw_given_run_in
from analysis.untreated.replicates import run_in_given, up_to_day0
from analysis.untreated.scores import noisy_scores
from analysis.untreated.shares import SimulatedShare
from data.trial import FloatArray, IntArray, Trial

MOST_TRIALS: Final = 500
FEWEST_TRIALS: Final = 100
_WORK: Final = 60_000_000
"""Analyses × patients × trials that are worth a wait, as long as ``FEWEST_TRIALS`` are run. The
number of trials rests on this and never on a clock, so that one seed gives one answer anywhere."""

_MEDIAN_COST: Final = 50
"""Analyses whose time one slope takes that is no weighted sum."""

_VISITS_AT_ONCE: Final = 500_000
_TRIALS_AT_ONCE: Final = 50
"""So many that a stop leaves something."""

_STREAM: Final = 8
_NEAR: Final = 1e-9
_NONE: Final = SimulatedShare(0, 0)
_EMPTY: Final = np.empty(0)
_NOBODY: Final = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class CurveShares:
    """How often trials that are simulated under one natural history show such a curve.

    Parameters
    ----------
    median_at_least
        Trials whose median estimate is at least as large, in the direction of the observed median.
    significant_at_least
        Trials with at least as many analyses with P < 0.05 in that direction.
    any_significant
        Trials with any such analysis.
    median
        Mean over the trials of their median estimate, in the unit of the curve.
    """

    median_at_least: SimulatedShare
    significant_at_least: SimulatedShare
    any_significant: SimulatedShare
    median: float

    def to_json(self) -> dict[str, Any]:
        """Return the shares as JSON values."""
        return {
            "median_at_least": self.median_at_least.to_json(),
            "significant_at_least": self.significant_at_least.to_json(),
            "any_significant": self.any_significant.to_json(),
            "mean_of_medians": self.median,
        }


@dataclass(frozen=True, slots=True)
class UntreatedCurve:
    """How often untreated trials show a curve like this one.

    Parameters
    ----------
    trials
        Simulated trials.
    median_at_least
        Those whose median estimate is at least as large, in the direction of the observed median
        (at least as low where it is below 0). As the other shares it is the larger one of
        ``reference`` and ``own_mean``, so that it holds under both.
    significant_at_least
        Those with at least as many analyses with P < 0.05 in that direction.
    any_significant
        Those with any such analysis.
    reference
        The shares under the natural history of the settings; ``None`` where nothing is said.
    own_mean
        The same with the mean of these patients’ own run-in slopes as its mean slope.
    n
        Patients whose courses were simulated: everybody in any analysis.
    reason
        Why nothing is said; empty if something is.
    """

    trials: int
    median_at_least: SimulatedShare
    significant_at_least: SimulatedShare
    any_significant: SimulatedShare = _NONE
    reference: CurveShares | None = None
    own_mean: CurveShares | None = None
    n: int = 0
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the shares as JSON values."""
        return {
            "trials": self.trials,
            "n": self.n,
            "median_at_least": self.median_at_least.to_json(),
            "significant_at_least": self.significant_at_least.to_json(),
            "any_significant": self.any_significant.to_json(),
            "reference": None if self.reference is None else self.reference.to_json(),
            "own_mean": None if self.own_mean is None else self.own_mean.to_json(),
            "reason": self.reason,
        }


def untreated_curves(
    trial: Trial,
    comparison: Comparison,
    curves: Mapping[str, SpecificationCurve],
    *,
    progress: Progress | None = None,
) -> dict[str, UntreatedCurve]:
    """Return the untreated curve of each curve by its key.

    Parameters
    ----------
    trial, comparison, progress
        As in :func:`untreated_curve`; the share is that of all curves.
    curves
        What was seen, by key of the endpoint.
    """
    return {
        key: untreated_curve(trial, comparison, curve, progress=part_of(progress, at, len(curves)))
        for at, (key, curve) in enumerate(curves.items())
    }


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
        Called with the share that is done; if it returns ``False``, what was simulated so far is
        given.

    Returns
    -------
    UntreatedCurve
        From as many trials as the settings ask for, at most 500, and fewer (at least 100) with very
        many analyses of very many patients.

    Notes
    -----
    Each simulated trial keeps the visits up to day 0 that were seen, draws the course of everybody
    in any analysis from the natural history given the primary analysis’s visits up to day 0, and
    scores at all visits after day 0 once; every analysis then takes the same scores. A slope from
    onset is that of the visits that were seen. It is the model of
    :func:`analysis.untreated.benchmark.untreated`, on a stream of chance of its own.
    """
    result = comparison.endpoint(curve.endpoint)
    if result is None or not len(curve.estimate):
        return UntreatedCurve(0, _NONE, _NONE, reason="there is no analysis")
    assumed = assumed_history(comparison.settings)
    if curve.endpoint not in assumed.histories:
        why = f"no natural history is known for {result.endpoint.label}: none is guessed"
        return UntreatedCurve(0, _NONE, _NONE, reason=why)
    settings = [curve.settings_of(k) for k in range(len(curve.estimate))]
    tables = (slope_table(trial, curve.endpoint, one) for one in settings)
    slopes = curve_slopes(tables, settings, _with_run_in(result))
    if not len(slopes.who):
        return UntreatedCurve(0, _NONE, _NONE, reason="no patient has a visit up to day 0")
    prepared = prepare(trial, comparison)
    natural = (assumed, with_own_means(prepared, assumed))
    found = _simulated(prepared, result, natural, curve, slopes, progress)
    if not len(found[0].median):
        return UntreatedCurve(0, _NONE, _NONE, reason="stopped before a trial was simulated")
    reference, own = (_shares(curve, one) for one in found)
    return UntreatedCurve(
        trials=reference.median_at_least.trials,
        median_at_least=_larger(reference.median_at_least, own.median_at_least),
        significant_at_least=_larger(reference.significant_at_least, own.significant_at_least),
        any_significant=_larger(reference.any_significant, own.any_significant),
        reference=reference,
        own_mean=own,
        n=len(slopes.who),
    )


def _with_run_in(result: EndpointComparison) -> IntArray:
    """Return of whom the primary analysis has a visit up to day 0, which their course rests on."""
    points = result.slopes.points
    return np.unique(points.patient[points.analysable & up_to_day0(points.month)])


def _larger(one: SimulatedShare, other: SimulatedShare) -> SimulatedShare:
    return other if other.count > one.count else one


@dataclass(frozen=True, slots=True)
class _Simulated:
    """Of every simulated trial the median estimate, per month, and the significant analyses."""

    median: FloatArray
    significant: IntArray


def _simulated(
    prepared: Prepared,
    result: EndpointComparison,
    natural: tuple[Assumed, Assumed],
    curve: SpecificationCurve,
    slopes: CurveSlopes,
    progress: Progress | None,
) -> tuple[_Simulated, ...]:
    """Return what the curve is in untreated trials, by natural history.

    One seed gives both natural histories one stream of chance: they are compared on the same luck.
    """
    seed = prepared.comparison.settings.seed
    streams = [np.random.default_rng([seed, _STREAM]) for _ in natural]
    total, done = _trials(prepared.comparison, slopes), 0
    medians: list[list[FloatArray]] = [[] for _ in natural]
    hits: list[list[IntArray]] = [[] for _ in natural]
    for size in _batches(total, len(slopes.month)):
        for h, (assumed, rng) in enumerate(zip(natural, streams, strict=True)):
            scores = _scores(prepared, result, assumed, slopes, size, rng)
            median, significant = _curves(curve, slopes, scores)
            medians[h].append(median)
            hits[h].append(significant)
        done += size
        if progress is not None and not progress(done / total):
            break
    return tuple(
        _Simulated(np.concatenate(m), np.concatenate(s)) if m else _Simulated(_EMPTY, _NOBODY)
        for m, s in zip(medians, hits, strict=True)
    )


def _trials(comparison: Comparison, slopes: CurveSlopes) -> int:
    """Return how many trials are simulated: fewer where analyses and patients are very many."""
    analyses = sum(
        len(slope.analyses) + (_MEDIAN_COST if slope.weights is None else 0)
        for slope in slopes.slopes
    )
    affordable = max(FEWEST_TRIALS, _WORK // max(1, analyses * len(slopes.who)))
    return min(comparison.settings.untreated_trials, MOST_TRIALS, affordable)


def _batches(total: int, visits: int) -> Iterator[int]:
    size = min(_TRIALS_AT_ONCE, max(1, _VISITS_AT_ONCE // max(1, visits)))
    for start in range(0, total, size):
        yield min(size, total - start)


def _scores(
    prepared: Prepared,
    result: EndpointComparison,
    assumed: Assumed,
    slopes: CurveSlopes,
    trials: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return scores of untreated people at the visits after day 0, trials × visits."""
    key = result.endpoint.key
    results = {one.endpoint.key: one for one in prepared.comparison.endpoints}
    # The endpoints whose visits up to day 0 inform the benchmark, and this one in any case.
    keys = [
        k
        for k in assumed.histories
        if k == key or (k in prepared.schedules and prepared.schedules[k].n)
    ]
    histories = tuple(assumed.histories[k] for k in keys)
    run_ins = tuple(
        run_in_given(results[k], slopes.who, history.bend)
        for k, history in zip(keys, histories, strict=True)
    )
    drawn = draw_given_run_in(run_ins, histories, assumed.between, trials, rng)[keys.index(key)]
    history, who, month = assumed.histories[key], slopes.patient, slopes.month
    course = drawn.level[:, who] + drawn.after[:, who] * month + history.bend / 2 * month**2
    return noisy_scores(course, history, result.endpoint, rng)


def _curves(
    curve: SpecificationCurve, slopes: CurveSlopes, scores: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return the median estimate of every simulated trial, and how many analyses are significant.

    Significant is what has P < 0.05 by the test of the settings and lies on the side of 0 that the
    observed median lies on.
    """
    way = _way(curve)
    two_sided = curve.base.alternative == "two-sided"
    tested = two_sided or (curve.base.alternative == "less steep") == (way > 0)
    level = ALPHA / 2 if two_sided else ALPHA
    means = np.full((len(curve.estimate), len(scores)), np.nan)
    hits = np.zeros(len(scores), dtype=np.int64)
    for k, change in slopes.changes(scores):
        n = change.shape[1]
        if n < 2:
            continue
        means[k], sd = change.mean(axis=1), change.std(axis=1, ddof=1)
        if tested:
            critical = float(special.stdtrit(n - 1, 1 - level))
            hits += (sd > _NEAR) & (way * means[k] * math.sqrt(n) > critical * sd)
    known = np.isfinite(means[:, 0])
    return np.median(means[known], axis=0), hits


def _way(curve: SpecificationCurve) -> float:
    return -1.0 if curve.median < 0 else 1.0


def _shares(curve: SpecificationCurve, simulated: _Simulated) -> CurveShares:
    """Return how often simulated curves are like the one that was seen."""
    way, trials = _way(curve), len(simulated.median)
    factor = MONTHS_PER_YEAR if curve.base.rate_unit == "year" else 1.0
    medians = factor * simulated.median
    large = rounded(way * medians) >= rounded(np.asarray(way * curve.median))
    seen = int(np.sum((curve.p < ALPHA) & (way * curve.estimate > 0)))
    return CurveShares(
        median_at_least=SimulatedShare(int(np.sum(large)), trials),
        significant_at_least=SimulatedShare(int(np.sum(simulated.significant >= seen)), trials),
        any_significant=SimulatedShare(int(np.sum(simulated.significant > 0)), trials),
        median=float(np.mean(medians)),
    )

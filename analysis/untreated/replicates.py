"""Visits after day 0 of untreated people, and the slopes that the settings make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_points import SAME_DAY, Points
from analysis.slopes import day0_used
from analysis.untreated.history import History
from analysis.untreated.posterior import Drawn, RunIn, run_in_of
from analysis.untreated.scores import noisy_scores
from analysis.untreated.weights import VisitWeights, visit_weights
from data.endpoints import Endpoint
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray

_VISITS_AT_ONCE = 1_500_000
"""Visits of all replicates that are held in memory at once."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The visits of the patients whose untreated courses are simulated, one endpoint.

    Parameters
    ----------
    endpoint
        Which one.
    settings
        Estimator and rules, as the comparison used them.
    who
        Positions in ``Trial.patient_ids`` of the patients; they are numbered anew from 0.
    points
        Their visits that enter a slope; values up to day 0 are those that were seen.
    later
        Which of these visits lie after day 0.
    weights
        How much each visit counts in the slopes; ``None`` for slopes that are no weighted sum.
    from_onset
        Slopes before, per month, where they are counted from onset; else ``None``.
    """

    endpoint: Endpoint
    settings: Settings
    who: IntArray
    points: Points
    later: BoolArray
    weights: VisitWeights | None
    from_onset: FloatArray | None

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.who)

    @property
    def before_is_fixed(self) -> bool:
        """Whether slopes before rest on visits up to day 0 alone."""
        if self.from_onset is not None:
            return True
        return self.weights is not None and not np.any(self.weights.before[self.later])


def schedule_of(result: EndpointComparison, settings: Settings, members: BoolArray) -> Schedule:
    """Return the visits of the compared patients among ``members``.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Those of the comparison.
    members
        One entry a patient of the trial.
    """
    slopes = result.slopes
    settings = settings.with_(run_in=slopes.run_in_used, day0=day0_used(settings))
    chosen = result.paired & members
    who = np.flatnonzero(chosen)
    kept = (slopes.points.before | slopes.points.after) & chosen[slopes.points.patient]
    number = np.cumsum(chosen) - 1
    values = {f.name: getattr(slopes.points, f.name)[kept] for f in fields(Points)}
    points = Points(**values | {"patient": number[values["patient"]]})
    return Schedule(
        endpoint=result.endpoint,
        settings=settings,
        who=who,
        points=points,
        later=~up_to_day0(points.month),
        weights=visit_weights(points, len(who), settings),
        from_onset=slopes.before.slope[who] if slopes.run_in_used == "onset" else None,
    )


def up_to_day0(month: FloatArray) -> BoolArray:
    """Return which visits lie on day 0 or before it, as the placing of visits tells the days apart.

    Parameters
    ----------
    month
        Months from day 0; NaN lies nowhere.
    """
    return np.asarray(month * DAYS_PER_MONTH < SAME_DAY)


def run_in_given(result: EndpointComparison, who: IntArray, bend: float) -> RunIn:
    """Summarise every analysable visit up to day 0, inside the window or not.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    who
        Positions of the patients whose visits are taken; they are numbered anew.
    bend
        Change of the slope per month that is taken out first.
    """
    points = result.slopes.points
    number = np.full(len(result.paired), -1)
    number[who] = np.arange(len(who))
    seen = points.analysable & up_to_day0(points.month) & (number[points.patient] >= 0)
    return run_in_of(
        number[points.patient[seen]], points.month[seen], points.value[seen], len(who), bend
    )


def batches(total: int, visits: int) -> Iterator[int]:
    """Yield the numbers of replicates of each batch, of so many visits each."""
    size = max(1, _VISITS_AT_ONCE // max(1, visits))
    for start in range(0, total, size):
        yield min(size, total - start)


def untreated_slopes(
    schedule: Schedule, history: History, drawn: Drawn, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return slopes before and after of untreated replicates.

    Parameters
    ----------
    schedule
        The visits; those up to day 0 are kept as they were seen.
    history
        Noise of visits and bend of the course.
    drawn
        True courses of the schedule's patients, replicates × patients.
    rng
        Source of chance.

    Returns
    -------
    tuple of array
        Slopes per month, each replicates × patients; the first one has one row where slopes before
        rest on visits up to day 0 alone.
    """
    points, later = schedule.points, schedule.later
    patient, month = points.patient[later], points.month[later]
    course = drawn.level[:, patient] + drawn.after[:, patient] * month + history.bend / 2 * month**2
    scores = noisy_scores(course, history, schedule.endpoint, rng)
    if schedule.weights is None:
        values = np.repeat(points.value[None], len(scores), axis=0)
        values[:, later] = scores
        before, after = _by_estimator(schedule, values)
    else:
        before = _weighted(schedule, schedule.weights.before, scores)
        after = _weighted(schedule, schedule.weights.after, scores)
    if schedule.from_onset is not None:
        before = schedule.from_onset[None]
    return before, after


def _weighted(schedule: Schedule, weights: FloatArray, scores: FloatArray) -> FloatArray:
    """Return sums of weight × score by patient, replicates × patients."""
    points, later = schedule.points, schedule.later
    seen = ~later
    fixed = np.bincount(points.patient[seen], weights[seen] * points.value[seen], schedule.n)
    moving = weights[later]
    if not np.any(moving):
        return np.asarray(fixed[None])
    patient = points.patient[later]
    # Every compared patient has a visit after day 0: no group of reduceat is empty.
    starts = np.flatnonzero(np.diff(patient, prepend=-1))
    total = np.zeros((len(scores), schedule.n))
    total[:, patient[starts]] = np.add.reduceat(scores * moving, starts, axis=1)
    return np.asarray(fixed + total)


def slopes_of(schedule: Schedule, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slopes of replicates in which every visit is simulated, also those up to day 0.

    Parameters
    ----------
    schedule
        The visits.
    values
        Scores, replicates × visits of the schedule.

    Returns
    -------
    tuple of array
        Slopes per month before and after, each replicates × patients.
    """
    if schedule.weights is None:
        return _by_estimator(schedule, values)
    starts = np.flatnonzero(np.diff(schedule.points.patient, prepend=-1))
    weights = schedule.weights
    before, after = (
        np.add.reduceat(values * side, starts, axis=1) for side in (weights.before, weights.after)
    )
    return np.asarray(before), np.asarray(after)


def _by_estimator(schedule: Schedule, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return slopes of estimators that are no weighted sum: replicates become more patients."""
    points, times = schedule.points, len(values)
    patient = points.patient[None] + schedule.n * np.arange(times)[:, None]
    tiled = {f.name: np.tile(getattr(points, f.name), times) for f in fields(Points)}
    many = Points(**tiled | {"patient": patient.ravel(), "value": values.ravel()})
    estimate = ESTIMATORS[schedule.settings.estimator]
    lines = estimate(many, schedule.n * times, schedule.settings)
    shape = (times, schedule.n)
    return lines.before.slope.reshape(shape), lines.after.slope.reshape(shape)

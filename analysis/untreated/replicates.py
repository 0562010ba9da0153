"""Visits after day 0 of untreated people, and the slopes that the settings make of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_points import Points
from analysis.untreated.history import History
from analysis.untreated.posterior import Drawn, RunIn, run_in_of
from data.endpoints import Endpoint
from data.trial import BoolArray, FloatArray, IntArray

_AT_ONCE = 1_500_000
"""Visits of all replicates that are held in memory at once."""


def run_in_given(result: EndpointComparison, bend: float) -> RunIn:
    """Summarise every analysable visit up to day 0, inside the window or not, by patient."""
    points = result.slopes.points
    seen = points.analysable & (points.month <= 0)
    return run_in_of(
        points.patient[seen],
        points.month[seen],
        points.value[seen],
        len(result.paired),
        bend,
    )


def replicates_at_once(results: tuple[EndpointComparison, ...]) -> int:
    """Return how many replicates fit into memory at once."""
    visits = max(len(result.slopes.points.month) for result in results)
    return max(1, _AT_ONCE // max(1, visits))


def batches(total: int, size: int) -> Iterator[int]:
    """Yield the numbers of replicates of each batch."""
    for start in range(0, total, size):
        yield min(size, total - start)


def simulated_changes(
    result: EndpointComparison,
    history: History,
    drawn: Drawn,
    settings: Settings,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return slopes before and after of the compared patients in untreated replicates.

    Parameters
    ----------
    result
        Comparison of one endpoint; its visits up to day 0 are kept as they were seen.
    history, drawn
        The noise of visits, and true courses of all patients, replicates × patients.
    settings
        Those of the comparison.
    rng
        Source of chance.

    Returns
    -------
    tuple of array
        Slopes per month before and after, each replicates × compared patients.
    """
    points, order = _of_compared(result)
    values = np.repeat(points.value[None], len(drawn.level), axis=0)
    later = points.month > 0
    who = np.flatnonzero(result.paired)[points.patient[later]]
    values[:, later] = _visits(points.month[later], who, drawn, history, result.endpoint, rng)
    if result.slopes.estimator == "broken_stick_jump" and settings.day0 == "both":
        settings = settings.with_(day0="before")
    many = _tiled(points, values, order)
    lines = ESTIMATORS[result.slopes.estimator](
        many, order * len(values), settings.with_(run_in=result.slopes.run_in_used)
    )
    shape = (len(values), order)
    before = lines.before.slope.reshape(shape)
    if result.slopes.run_in_used == "onset":
        before = np.broadcast_to(result.slopes.before.slope[result.paired], shape)
    return before, lines.after.slope.reshape(shape)


def _of_compared(result: EndpointComparison) -> tuple[Points, int]:
    """Return the visits that enter slopes of compared patients, who are numbered anew."""
    points = result.slopes.points
    number = np.cumsum(result.paired) - 1
    kept = (points.before | points.after) & result.paired[points.patient]
    return _chosen(points, kept, number[points.patient[kept]]), int(result.paired.sum())


def _chosen(points: Points, kept: BoolArray, patient: IntArray) -> Points:
    return Points(
        patient,
        points.month[kept],
        points.value[kept],
        points.before[kept],
        points.after[kept],
        points.analysable[kept],
        points.position[kept],
        points.ended[kept],
    )


def _visits(
    month: FloatArray,
    who: IntArray,
    drawn: Drawn,
    history: History,
    endpoint: Endpoint,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the scores of untreated replicates at the times of the visits after day 0."""
    course = drawn.level[:, who] + drawn.after[:, who] * month + history.bend / 2 * month**2
    course = np.clip(course, endpoint.low, endpoint.high)
    if np.isinf(history.tail_df):
        noise = rng.standard_normal(course.shape)
    else:
        df = history.tail_df
        noise = rng.standard_t(df, course.shape) * np.sqrt((df - 2) / df)
    seen = np.round(course + history.noise_sd(course) * noise, endpoint.decimals)
    lowest = 10.0**-endpoint.decimals if endpoint.exclusive_low else endpoint.low
    return np.asarray(np.clip(seen, lowest, endpoint.high))


def _tiled(points: Points, values: FloatArray, n_patients: int) -> Points:
    """Return the visits of all replicates as those of so many more patients."""
    times = len(values)
    patient = points.patient[None] + n_patients * np.arange(times)[:, None]
    return Points(
        patient.ravel(),
        np.tile(points.month, times),
        values.ravel(),
        np.tile(points.before, times),
        np.tile(points.after, times),
        np.tile(points.analysable, times),
        np.tile(points.position, times),
        np.tile(points.ended, times),
    )

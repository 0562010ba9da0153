"""One patient's run-in projected beyond day 0, and what was observed against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.comparison import EndpointComparison
from analysis.day0 import SAME_DAY
from analysis.natural_shrinkage import NATURAL_HISTORY, NaturalHistory
from analysis.results import Interval
from analysis.slopes import SlopeTable
from data.trial import DAYS_PER_MONTH, FloatArray

FEWEST_FOR_A_VERDICT: Final = 3
"""Visits before day 0 below which a projection is shown without a verdict.

Two visits fit any line exactly: nothing in them says how well the line holds.
"""

_SHARES_VISITS: Final = (
    "the line before of a broken stick meets the line after at day 0, so the visits after day 0 "
    "have already shaped it"
)
_NO_ERROR_THEIL_SEN: Final = "Theil–Sen lines have no standard error"
_NO_ERROR_ONSET: Final = "the error of a run-in counted from onset is not known"
_NO_SPREAD: Final = "no patient has visits left over to tell the residual SD"
_NO_LINE: Final = "no line before day 0"
_CUT: Final = "the projection leaves the scale and is cut at its end"


@dataclass(frozen=True, slots=True)
class Prediction:
    """A straight line with the half-width of its prediction interval, not cut at the scale's ends.

    Parameters
    ----------
    month, value
        Points of the line, shape (k,).
    half
        Half-width of the interval of one new visit, shape (k,); NaN where the error is not known.
    """

    month: FloatArray
    value: FloatArray
    half: FloatArray


@dataclass(frozen=True, slots=True)
class Projected:
    """What one visit would have shown had the run-in gone on.

    Parameters
    ----------
    month
        Months from day 0.
    value, low, high
        Projected value and prediction interval of one new visit, in the unit of the endpoint, each
        cut at the ends of the scale; the interval is NaN where the error is not known.
    own_visits
        Visits before day 0 that the line rests on.
    cut
        Whether the line itself is beyond an end of the scale at this month.
    """

    month: float
    value: float
    low: float
    high: float
    own_visits: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Observed minus projected at one visit.

    Parameters
    ----------
    month
        Months from day 0 of the visit.
    observed, projected
        The two values; the projected one is cut at the ends of the scale.
    value
        Observed minus projected, in the unit of the endpoint; above 0 the visit is better than the
        run-in projects.
    interval
        Interval of the difference, not cut; ``None`` where it is not known or the projection is
        cut.
    own_visits
        Visits before day 0 that the line rests on.
    cut
        Whether the projection was cut at an end of the scale.
    verdict
        Whether "more than", "less than" or "as projected" may be said.
    reason
        Why not; empty if it may.
    """

    month: float
    observed: float
    projected: float
    value: float
    interval: Interval | None
    own_visits: int
    cut: bool
    verdict: bool
    reason: str

    @property
    def side(self) -> int:
        """1 above and −1 below the projection, 0 where the interval holds 0 or is not known."""
        if self.interval is None or not self.interval.excludes_zero:
            return 0
        return 1 if self.value > 0 else -1


@dataclass(frozen=True, slots=True)
class ShrunkenRunIn:
    """A run-in's slope given the patient's own visits and the natural history.

    Parameters
    ----------
    slope, slope_sd
        Mean and SD of the slope, per month.
    weight
        Weight of the patient's own slope, between 0 and 1; the rest is the natural history's.
    month, value, value_sd
        A point of the line, and the SD of the line there; its error is independent of the slope's.
    history
        The natural history.
    """

    slope: float
    slope_sd: float
    weight: float
    month: float
    value: float
    value_sd: float
    history: NaturalHistory


def run_in_prediction(
    result: EndpointComparison, patient: int, months: npt.ArrayLike, level: float
) -> Prediction | None:
    """Return the run-in's own line at some months with the prediction interval of one new visit.

    Parameters
    ----------
    result, patient
        The comparison of the endpoint, and a position in ``Trial.patient_ids``.
    months
        Months from day 0, shape (k,), or one.
    level
        Level of the interval.

    Returns
    -------
    Prediction or None
        At these k months; ``None`` where the patient has no line before day 0.

    Notes
    -----
    Half-width t(df) · s · √(1 + 1/n + (t − t̄)²/Sxx) with the residual SD s pooled over patients and
    its degrees of freedom: Draper & Smith 1998, *Applied Regression Analysis*, chapter 3
    (doi 10.1002/9781118625590).
    """
    side, table = result.slopes.before, result.slopes
    if not side.enough[patient]:
        return None
    at = np.atleast_1d(np.asarray(months, dtype=np.float64))
    variance = 1.0 + side.variance(patient, at)
    return Prediction(at, side.predict(patient, at), half_width(table, variance, level))


def projected(
    result: EndpointComparison, patient: int, month: float, level: float
) -> Projected | None:
    """Return what one visit would have shown at ``month`` had the run-in gone on.

    Parameters
    ----------
    result, patient, level
        As for :func:`run_in_prediction`.
    month
        Months from day 0.

    Returns
    -------
    Projected or None
        ``None`` where the patient has no line before day 0.
    """
    return _at_month(run_in_prediction(result, patient, month, level), result, patient)


def gap_at_last_visit(result: EndpointComparison, patient: int, level: float) -> Gap | None:
    """Return observed minus projected at the last visit that counts as after day 0.

    Parameters
    ----------
    result, patient, level
        As for :func:`run_in_prediction`.

    Returns
    -------
    Gap or None
        ``None`` where there is no line before day 0 or no visit later than day 0 in the period
        after it.

    Notes
    -----
    The visit is not one of those that made the line, so the error of the difference is that of the
    prediction: the interval is the prediction's half-width around the difference, and it excludes 0
    just where the visit lies outside the prediction band. Its residual is one of those in the
    pooled SD, which matters only where few patients share that SD. Where the line leaves the
    scale, the difference is taken to the end of the scale and nothing more is said: no straight
    line holds there.
    """
    points, side = result.slopes.points, result.slopes.before
    later = points.month * DAYS_PER_MONTH > SAME_DAY
    mine = np.flatnonzero((points.patient == patient) & points.after & later)
    if not mine.size:
        return None
    last = mine[np.argmax(points.month[mine])]
    month, observed = float(points.month[last]), float(points.value[last])
    line = run_in_prediction(result, patient, month, level)
    at = _at_month(line, result, patient)
    if line is None or at is None:
        return None
    value, half = observed - at.value, float(line.half[0])
    reason = _why_no_interval(result.slopes) or (_CUT if at.cut else "")
    interval = None if reason else Interval(value - half, value + half, level, level)
    few = int(side.n[patient])
    if not reason and few < FEWEST_FOR_A_VERDICT:
        reason = f"{few} visits before day 0; a verdict needs {FEWEST_FOR_A_VERDICT}"
    return Gap(
        month, observed, at.value, value, interval, at.own_visits, at.cut, not reason, reason
    )


def why_not_shrunken(result: EndpointComparison, patient: int) -> str:
    """Return why the run-in cannot be shrunken toward the natural history; empty if it can.

    Parameters
    ----------
    result, patient
        The comparison of the endpoint, and a position in ``Trial.patient_ids``.
    """
    history = NATURAL_HISTORY.get(result.endpoint.key)
    if not result.slopes.before.enough[patient]:
        return _NO_LINE
    if history is None:
        return f"no natural history of {result.endpoint.label} is known"
    if not history.sd_before:
        return f"no spread of untreated slopes is known for {result.endpoint.label}"
    return _why_no_interval(result.slopes)


def shrunken_run_in(
    result: EndpointComparison, patient: int, history: NaturalHistory | None = None
) -> ShrunkenRunIn | None:
    """Return the run-in's slope given the patient's own visits and the natural history.

    Parameters
    ----------
    result, patient
        The comparison of the endpoint, and a position in ``Trial.patient_ids``.
    history
        Other natural-history slopes than those of ``NATURAL_HISTORY``.

    Returns
    -------
    ShrunkenRunIn or None
        ``None`` where it is not defined: :func:`why_not_shrunken`.

    Notes
    -----
    Slope ~ N(μ, τ²) of untreated people, a flat prior for the level, and normal errors with the
    pooled residual SD s. The posterior is normal: the level at t̄ is N(ȳ, s²/n), and independently
    of it the slope is N(w b + (1 − w) μ, 1/(Sxx/s² + 1/τ²)) with w = τ²/(τ² + s²/Sxx). It is the
    slope of the run-in, not of the time after day 0: a patient's later slope agrees with the
    earlier one only in part even without treatment. Source: Gelman et al. 2013, *Bayesian Data
    Analysis*, 3rd edition, sections 2.5 and 14.8 (doi 10.1201/b16018).
    """
    if why_not_shrunken(result, patient):
        return None
    chosen = history or NATURAL_HISTORY[result.endpoint.key]
    if not chosen.sd_before:
        return None
    side, sd = result.slopes.before, result.slopes.residual_sd
    between, error = chosen.sd_before**2, sd**2 / float(side.sxx[patient])
    weight = between / (between + error)
    return ShrunkenRunIn(
        slope=weight * float(side.slope[patient]) + (1 - weight) * chosen.mean_before,
        slope_sd=math.sqrt(weight * error),
        weight=weight,
        month=float(side.mean_month[patient]),
        value=float(side.mean_value[patient]),
        value_sd=sd * math.sqrt(float(side.mean_variance[patient])),
        history=chosen,
    )


def shrunken_prediction(
    result: EndpointComparison, patient: int, months: npt.ArrayLike, level: float
) -> Prediction | None:
    """Return the shrunken run-in at some months with the prediction interval of one new visit.

    Parameters
    ----------
    result, patient, months, level
        As for :func:`run_in_prediction`.

    Returns
    -------
    Prediction or None
        At these k months; ``None`` where it is not defined: :func:`why_not_shrunken`.

    Notes
    -----
    The variance is that of :func:`shrunken_run_in` plus that of one visit. The residual SD is taken
    as known but for the quantile, which is of t with its pooled degrees of freedom.
    """
    run_in = shrunken_run_in(result, patient)
    if run_in is None:
        return None
    at = np.atleast_1d(np.asarray(months, dtype=np.float64))
    distance, sd = at - run_in.month, result.slopes.residual_sd
    variance = sd**2 + run_in.value_sd**2 + (run_in.slope_sd * distance) ** 2
    half = half_width(result.slopes, variance / sd**2, level)
    return Prediction(at, run_in.value + run_in.slope * distance, half)


def shrunken_projection(
    result: EndpointComparison, patient: int, month: float, level: float
) -> Projected | None:
    """Return what one visit would have shown at ``month`` by the shrunken run-in.

    Parameters
    ----------
    result, patient, level
        As for :func:`run_in_prediction`.
    month
        Months from day 0.

    Returns
    -------
    Projected or None
        ``None`` where it is not defined: :func:`why_not_shrunken`.
    """
    return _at_month(shrunken_prediction(result, patient, month, level), result, patient)


def _at_month(
    line: Prediction | None, result: EndpointComparison, patient: int
) -> Projected | None:
    if line is None:
        return None
    ends = (result.endpoint.low, result.endpoint.high)
    value, half = float(line.value[0]), float(line.half[0])
    low, middle, high = (float(np.clip(v, *ends)) for v in (value - half, value, value + half))
    visits = int(result.slopes.before.n[patient])
    return Projected(float(line.month[0]), middle, low, high, visits, abs(middle - value) > 1e-9)


def half_width(table: SlopeTable, variance: FloatArray, level: float) -> FloatArray:
    """Return half-widths of intervals at the pooled residual SD; NaN without an error.

    Parameters
    ----------
    table
        Residual SD and its degrees of freedom.
    variance
        Variances over the residual variance, shape (k,).
    level
        Level of the intervals.
    """
    sd, df = table.residual_sd, table.residual_df
    if not (df > 0 and sd > 0):
        return np.full(len(variance), np.nan)
    return np.asarray(stats.t.ppf((1 + level) / 2, df) * sd * np.sqrt(variance))


def _why_no_interval(table: SlopeTable) -> str:
    """Return why a visit cannot be set against the line before; empty if it can."""
    if table.run_in_used == "onset":
        return _NO_ERROR_ONSET
    if table.estimator == "theil_sen":
        return _NO_ERROR_THEIL_SEN
    if table.estimator == "broken_stick":
        return _SHARES_VISITS
    return "" if table.residual_df > 0 and table.residual_sd > 0 else _NO_SPREAD

"""Per-patient slopes before and after day 0, for all patients at once.

Windows, the rule for day 0 and exclusions are applied here, once, so that every estimator and every
figure rests on the same visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

_SAME_DAY: Final = 1e-6

WINDOW_SLACK_DAYS: Final = 3.0
"""Days beyond its length that a window still takes in.

Calendar months are up to 2.94 days longer than as many months of 30.4375 days: without the slack a
visit on the same day of the month, six months later, would fall out of a window of six months.
"""


@dataclass(frozen=True, slots=True)
class Points:
    """The values of one endpoint, placed around day 0 and assigned to periods.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    month
        Months from day 0; NaN without a day 0.
    value
        Scores.
    before, after
        Whether the value enters the slope of that period; a value may enter both or none.
    analysable
        False for quarantined values that were not kept and values that the user left out.
    position
        Row of ``Trial.measurements``.
    """

    patient: IntArray
    month: FloatArray
    value: FloatArray
    before: BoolArray
    after: BoolArray
    analysable: BoolArray
    position: IntArray


@dataclass(frozen=True, slots=True)
class SideSlopes:
    """Least-squares lines of one period, one entry a patient; NaN where there is no line.

    Parameters
    ----------
    n
        Visits in the period.
    span_days
        Days from the first to the last of them.
    slope
        Change per month; NaN where the rules for visits and span are not met.
    se
        Standard error from the patient's own residuals, NaN with two visits.
    mean_month, mean_value, sxx
        Centre of the line and spread of the times, in months.
    rss
        Residual sum of squares.
    enough
        Whether the rules for visits and span are met.
    """

    n: IntArray
    span_days: FloatArray
    slope: FloatArray
    se: FloatArray
    mean_month: FloatArray
    mean_value: FloatArray
    sxx: FloatArray
    rss: FloatArray
    enough: BoolArray

    def predict(self, patient: int, months: npt.ArrayLike) -> FloatArray:
        """Return the line of one patient at some months."""
        at = np.asarray(months, dtype=np.float64)
        return np.asarray(
            self.mean_value[patient] + self.slope[patient] * (at - self.mean_month[patient])
        )


@dataclass(frozen=True, slots=True)
class SlopeTable:
    """Lines before and after day 0 for every patient of a trial, per month.

    Parameters
    ----------
    points
        The values that the lines rest on.
    before, after
        The lines.
    change
        Slope after minus slope before; positive is a less steep decline.
    change_se
        Standard error of the change from the pooled residual SD; where the day-0 visit counts in
        both periods it contains their covariance.
    shared_error
        Covariance of the two slopes over the residual variance; 0 unless a visit is in both.
    residual_sd, residual_df
        Residual SD pooled over patients and periods, and its degrees of freedom.
    """

    points: Points
    before: SideSlopes
    after: SideSlopes
    change: FloatArray
    change_se: FloatArray
    shared_error: FloatArray
    residual_sd: float
    residual_df: int


def day0_offsets(trial: Trial, settings: Settings) -> tuple[FloatArray, FloatArray]:
    """Return, per patient, the day that counts as day 0 and the day of the next transplant.

    Days count from the first transplant. NaN where there is no such transplant; infinity where no
    further one follows.
    """
    zero = np.full(len(trial.patient_ids), np.nan)
    following = np.full(len(trial.patient_ids), np.inf)
    for i, days in enumerate(trial.patients_frame["transplant_days"]):
        chosen = settings.transplant if settings.transplant >= 0 else len(days) - 1
        if 0 <= chosen < len(days):
            zero[i] = days[chosen]
            if chosen + 1 < len(days):
                following[i] = days[chosen + 1]
    return zero + settings.shift_days, following


def months_from_day0(trial: Trial, settings: Settings, patient: int, day: FloatArray) -> FloatArray:
    """Return months from a patient's day 0 for days that count from the first transplant.

    Where the settings give the patient no day 0, months count from the first transplant.
    """
    zero = float(day0_offsets(trial, settings)[0][patient])
    return np.asarray((day - (zero if np.isfinite(zero) else 0.0)) / DAYS_PER_MONTH)


def place_points(trial: Trial, endpoint: str, settings: Settings) -> Points:
    """Place every value of ``endpoint`` around day 0 and assign it to the periods.

    Parameters
    ----------
    trial, endpoint
        Whose values.
    settings
        Windows, rule for day 0, skipped days, exclusions.
    """
    series = trial.series(endpoint)
    zero, following = day0_offsets(trial, settings)
    day = series.day - zero[series.patient]
    analysable = _analysable(trial, endpoint, settings)
    on_day0 = np.abs(day) < _SAME_DAY
    before = np.where(on_day0, settings.day0 in ("before", "both"), day < 0)
    after = np.where(on_day0, settings.day0 in ("after", "both"), day > 0)
    if settings.skip_days:
        after &= day > settings.skip_days
    if settings.pre_months is not None:
        before &= day >= -settings.pre_months * DAYS_PER_MONTH - WINDOW_SLACK_DAYS
    if settings.post_months is not None:
        after &= day <= settings.post_months * DAYS_PER_MONTH + WINDOW_SLACK_DAYS
    if settings.stop_at_next:
        after &= series.day <= following[series.patient]
    return Points(
        series.patient,
        day / DAYS_PER_MONTH,
        series.value,
        before & analysable,
        after & analysable,
        analysable,
        series.position,
    )


def _analysable(trial: Trial, endpoint: str, settings: Settings) -> BoolArray:
    series = trial.series(endpoint)
    usable = series.usable.copy()
    order = {patient: i for i, patient in enumerate(trial.patient_ids)}
    for decision in settings.points:
        if decision.endpoint == endpoint and decision.patient in order:
            same = (
                (series.patient == order[decision.patient])
                & (np.abs(series.day - decision.day) < _SAME_DAY)
                & (series.value == decision.value)
            )
            usable[same] = decision.keep and ENDPOINTS[endpoint].within(decision.value)
    left_out = [order[e.patient] for e in settings.excluded_patients if e.patient in order]
    if left_out:
        usable &= ~np.isin(series.patient, left_out)
    return usable


def fit_side(points: Points, chosen: BoolArray, n_patients: int, settings: Settings) -> SideSlopes:
    """Fit one least-squares line a patient through the ``chosen`` values.

    Sums run over all patients at once; times and values are centred per patient first, so that
    nothing is lost to cancellation.
    """
    who = points.patient[chosen]
    t = points.month[chosen]
    y = points.value[chosen]

    def total(weights: FloatArray) -> FloatArray:
        return np.bincount(who, weights, minlength=n_patients).astype(np.float64)

    n = np.bincount(who, minlength=n_patients)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_t = total(t) / n
        mean_y = total(y) / n
        dt = t - mean_t[who]
        dy = y - mean_y[who]
        sxx = total(dt * dt)
        first = np.full(n_patients, np.inf)
        last = np.full(n_patients, -np.inf)
        np.minimum.at(first, who, t)
        np.maximum.at(last, who, t)
        span = np.where(n > 0, (last - first) * DAYS_PER_MONTH, np.nan)
        long_enough = span >= settings.min_span_days - _SAME_DAY
        enough = (n >= settings.min_visits) & long_enough & (span > _SAME_DAY)
        slope = np.where(enough, total(dt * dy) / sxx, np.nan)
        rss = total((dy - slope[who] * dt) ** 2)
        se = np.where(n > 2, np.sqrt(rss / (n - 2) / sxx), np.nan)
    return SideSlopes(n, span, slope, se, mean_t, mean_y, sxx, rss, enough)


def slope_table(trial: Trial, endpoint: str, settings: Settings) -> SlopeTable:
    """Fit every patient's lines before and after day 0.

    Parameters
    ----------
    trial, endpoint
        Whose values.
    settings
        Windows and rules.

    Returns
    -------
    SlopeTable
        Slopes per month, whatever the rate unit of the settings.

    Notes
    -----
    The residual SD is pooled: the residual sums of squares of all lines over the sum of their
    degrees of freedom. A person's own SD from three visits has one degree of freedom and would give
    intervals wider than the scale.
    """
    points = place_points(trial, endpoint, settings)
    n = len(trial.patient_ids)
    before = fit_side(points, points.before, n, settings)
    after = fit_side(points, points.after, n, settings)
    sides = (before, after)
    df = sum(int(np.sum(side.n[side.enough] - 2)) for side in sides)
    rss = sum(float(np.sum(side.rss[side.enough])) for side in sides)
    sd = float(np.sqrt(rss / df)) if df > 0 else float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = _shared_error(points, before, after)
        variance = 1 / before.sxx + 1 / after.sxx - 2 * shared
        change = after.slope - before.slope
        change_se = np.where(np.isnan(change), np.nan, sd * np.sqrt(np.maximum(variance, 0)))
    return SlopeTable(points, before, after, change, change_se, shared, sd, df)


def _shared_error(points: Points, before: SideSlopes, after: SideSlopes) -> FloatArray:
    """Return the covariance of the two slopes, over the residual variance, from shared visits."""
    both = points.before & points.after
    who = points.patient[both]
    t = points.month[both]
    weight = (t - before.mean_month[who]) * (t - after.mean_month[who])
    return np.asarray(np.bincount(who, weight, len(before.n)) / (before.sxx * after.sxx))

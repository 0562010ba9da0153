"""Lines of all patients as arrays, and the visits of a period that they are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.settings import Settings
from analysis.slope_points import SAME_DAY, Points
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class SideSlopes:
    """The lines of one period, one entry a patient; NaN where there is no line.

    Parameters
    ----------
    n
        Visits in the period.
    span_days
        Days from the first to the last of them.
    slope
        Change per month.
    se
        Standard error from the patient's own residuals; NaN where they have no degree of freedom.
    mean_month, mean_value
        A point of the line: where its error is smallest, for estimators that have an error; for
        least squares the means of times and scores.
    mean_variance
        Variance of the line there, over the residual variance; for least squares 1/n.
    sxx
        Residual variance over the variance of the slope: for least squares Σ(t − t̄)², in months
        squared. NaN for estimators whose error is not known.
    rss
        Residual sum of squares that the residual SD rests on.
    enough
        Whether there is a line: the rules for visits and span are met, and whatever else the
        estimator needs.
    """

    n: IntArray
    span_days: FloatArray
    slope: FloatArray
    se: FloatArray
    mean_month: FloatArray
    mean_value: FloatArray
    mean_variance: FloatArray
    sxx: FloatArray
    rss: FloatArray
    enough: BoolArray

    def predict(self, patient: int, months: npt.ArrayLike) -> FloatArray:
        """Return the line of one patient at some months."""
        at = np.asarray(months, dtype=np.float64)
        return np.asarray(
            self.mean_value[patient] + self.slope[patient] * (at - self.mean_month[patient])
        )

    def variance(self, patient: int, months: npt.ArrayLike) -> FloatArray:
        """Return the variance of one patient's line at some months, over the residual variance."""
        distance = np.asarray(months, dtype=np.float64) - self.mean_month[patient]
        return np.asarray(self.mean_variance[patient] + distance**2 / self.sxx[patient])


@dataclass(frozen=True, slots=True)
class Lines:
    """What an estimator makes of everybody's visits.

    Parameters
    ----------
    before, after
        The lines of the two periods.
    shared_error
        Covariance of the two slopes over the residual variance.
    residual_sd, residual_df
        Residual SD pooled over patients, and its degrees of freedom; NaN and 0 where the estimator
        has no standard error.
    jump, jump_se
        Step of the level at day 0 with its standard error from the pooled SD; NaN for estimators
        without one.
    """

    before: SideSlopes
    after: SideSlopes
    shared_error: FloatArray
    residual_sd: float
    residual_df: int
    jump: FloatArray
    jump_se: FloatArray


@dataclass(frozen=True, slots=True)
class Period:
    """The values of one period, sorted by patient and day, and what the rules say of them.

    Parameters
    ----------
    who, t, y
        Patient, month and score of each visit.
    n, start
        Visits of each patient, and where they start in the arrays above.
    span_days
        Days from the first to the last of them.
    enough
        Whether the rules for visits and span are met.
    """

    who: IntArray
    t: FloatArray
    y: FloatArray
    n: IntArray
    start: IntArray
    span_days: FloatArray
    enough: BoolArray

    def total(self, weights: FloatArray) -> FloatArray:
        """Return the sum of ``weights`` over each patient's visits."""
        return np.bincount(self.who, weights, minlength=len(self.n)).astype(np.float64)

    def ends(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the entries of ``values`` at each patient's first and last visit."""
        first, last = np.full(len(self.n), np.nan), np.full(len(self.n), np.nan)
        seen = self.n > 0
        first[seen] = values[self.start[seen]]
        last[seen] = values[self.start[seen] + self.n[seen] - 1]
        return first, last


def period_of(points: Points, chosen: BoolArray, n_patients: int, settings: Settings) -> Period:
    """Return the ``chosen`` visits, and whether they meet the rules for visits and span.

    Parameters
    ----------
    points, chosen
        Visits, sorted by patient and day, and which of them are in the period.
    n_patients
        Patients of the trial, also those without a visit.
    settings
        The rules.
    """
    who, t, y = points.patient[chosen], points.month[chosen], points.value[chosen]
    n = np.bincount(who, minlength=n_patients)
    start = np.cumsum(n) - n
    period = Period(who, t, y, n, start, np.empty(0), np.empty(0, dtype=np.bool_))
    first, last = period.ends(t)
    span = (last - first) * DAYS_PER_MONTH
    long_enough = (span >= settings.min_span_days - SAME_DAY) & (span > SAME_DAY)
    return replace(period, span_days=span, enough=(n >= settings.min_visits) & long_enough)

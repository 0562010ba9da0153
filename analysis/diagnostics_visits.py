"""Checks of the straight lines behind the slopes: single visits, and curvature before day 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.paired_tests import paired_t
from analysis.results import Interval, TestResult, finite
from analysis.settings import Settings
from analysis.slopes import SideSlopes
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray

FAR: Final = 4.0
"""Studentised residual beyond which a visit is named."""

CURVE_VISITS: Final = 4
"""Visits before day 0 that a patient needs to take part in the estimate of curvature."""

_NO_LEVERAGE_LEFT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class VisitResiduals:
    """Distance of every visit from its own line, one entry a visit and line.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    position
        Row of ``Trial.measurements``.
    month, value
        Time from day 0 and score.
    after
        Whether the line is the one after day 0. A day-0 visit that counts in both has two entries.
    residual
        Score minus line.
    studentised
        Residual over its standard error, the residual SD being pooled over all lines without this
        visit; NaN where the line must pass through the visit, and for lines that are not plain
        least squares.
    far
        Whether ``studentised`` is beyond 4.
    """

    patient: IntArray
    position: IntArray
    month: FloatArray
    value: FloatArray
    after: BoolArray
    residual: FloatArray
    studentised: FloatArray
    far: BoolArray

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return how many visits there are and which are far off, patients by name."""
        return {
            "visits": len(self.patient),
            "threshold": FAR,
            "far": [
                {
                    "patient": patient_ids[self.patient[k]],
                    "period": "after" if self.after[k] else "before",
                    "day_from_day0": round(float(self.month[k] * DAYS_PER_MONTH), 6),
                    "value": finite(self.value[k]),
                    "residual": finite(self.residual[k]),
                    "studentised": finite(self.studentised[k]),
                }
                for k in np.flatnonzero(self.far)
            ],
        }


def visit_residuals(result: EndpointComparison) -> VisitResiduals:
    """Return the residuals of all lines, studentised with the pooled residual SD.

    Parameters
    ----------
    result
        Comparison of one endpoint. All lines count that meet the rules for visits and span, also
        those of patients who have a line on one side only.

    Notes
    -----
    Externally studentised residuals of the one regression that holds every line, with
    s² = Σ RSS / Σ (visits − 2): Belsley, Kuh & Welsch 1980, *Regression Diagnostics*
    (doi 10.1002/0471725153), chapter 2. A person's own SD would rest on a single degree of freedom.
    """
    points, table = result.slopes.points, result.slopes
    pieces: list[list[Any]] = []
    for is_after, side, chosen in (
        (False, table.before, points.before),
        (True, table.after, points.after),
    ):
        if not is_after and table.run_in_used == "onset":
            # A line from the maximal score at onset is not fitted to the visits.
            chosen = np.zeros_like(chosen)
        at = np.flatnonzero(chosen & side.enough[points.patient])
        who, month = points.patient[at], points.month[at]
        line = side.mean_value[who] + side.slope[who] * (month - side.mean_month[who])
        left = _variance_left(side, who, month, len(result.paired))
        pieces.append([at, np.full(len(at), is_after), points.value[at] - line, left])
    at, after, residual, left = (np.concatenate(column) for column in zip(*pieces, strict=True))
    studentised = _studentised(residual, left, table.residual_sd, table.residual_df)
    return VisitResiduals(
        patient=points.patient[at],
        position=points.position[at],
        month=points.month[at],
        value=points.value[at],
        after=after,
        residual=residual,
        studentised=studentised,
        far=np.abs(studentised) > FAR,
    )


@dataclass(frozen=True, slots=True)
class _Times:
    """Visit times of one period about their means, and the spread of them, per patient."""

    away: FloatArray
    mean: FloatArray
    n: FloatArray
    spread: FloatArray


def _times(who: IntArray, month: FloatArray, n: int) -> _Times:
    count = np.bincount(who, minlength=n).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(who, month, minlength=n) / count
    away = month - mean[who]
    return _Times(away, mean, count, np.bincount(who, away * away, minlength=n).astype(np.float64))


def _least_squares(side: SideSlopes, times: _Times) -> BoolArray:
    """Return who has a plain least-squares line: other estimators have another error."""
    return np.asarray(np.isclose(side.sxx, times.spread, rtol=1e-9, atol=0))


def _variance_left(side: SideSlopes, who: IntArray, month: FloatArray, n: int) -> FloatArray:
    """Return 1 − leverage of every visit; NaN where the line is not plain least squares."""
    times = _times(who, month, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = 1 - 1 / times.n[who] - times.away**2 / times.spread[who]
    return np.where(_least_squares(side, times)[who], left, np.nan)


def _studentised(residual: FloatArray, left: FloatArray, sd: float, df: int) -> FloatArray:
    if df < 2 or not sd > 0:
        return np.full(len(residual), np.nan)
    free = left > _NO_LEVERAGE_LEFT
    scaled = np.full(len(residual), np.nan)
    scaled[free] = residual[free] / np.sqrt(left[free])
    others = np.maximum(sd**2 * df - scaled**2, 0) / (df - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(scaled / np.sqrt(others))


@dataclass(frozen=True, slots=True)
class Curvature:
    """How much the decline bends before day 0, and the change that this alone would make.

    Parameters
    ----------
    patient
        Patients with enough visits before day 0.
    coefficient
        Their quadratic coefficients, in the unit of the endpoint per month squared; positive where
        the decline slows down.
    test
        Mean coefficient with interval and P.
    schedule
        Mean over the compared patients of the change that a coefficient of 1 makes with their own
        visits, in months (per month) or in months of the rate unit.
    implied, implied_interval
        Mean coefficient and its interval times ``schedule``, in the unit of the comparison: the
        change of slope if the course went on bending as before day 0 and nothing else happened.
    reason
        Why nothing can be said; empty if it can.
    """

    patient: IntArray
    coefficient: FloatArray
    test: TestResult
    schedule: float
    implied: float
    implied_interval: Interval | None
    reason: str = ""

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return the estimate as JSON values, patients by name."""
        interval = self.implied_interval
        return {
            "n": len(self.patient),
            "fewest_visits": CURVE_VISITS,
            "test": self.test.to_json(),
            "schedule_months": finite(self.schedule),
            "implied_change": finite(self.implied),
            "implied_interval": None if interval is None else interval.to_json(),
            "reason": self.reason,
            "patients": [
                {"patient": patient_ids[i], "coefficient": finite(q)}
                for i, q in zip(self.patient, self.coefficient, strict=True)
            ],
        }


def curvature(result: EndpointComparison, settings: Settings) -> Curvature:
    """Estimate the curvature within the run-in, and the change of slope that it would carry on to.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Level of the interval; the test is two-sided.

    Notes
    -----
    Per patient the least-squares coefficient of t², from at least 4 visits on at least 3 days
    before day 0; then the t test of their mean. The least-squares line through a course y = t² has
    the slope 2 t̄ + Σ(t − t̄)³/Σ(t − t̄)², so a coefficient q changes the slope by exactly q times
    the difference of that between the two periods. For visits that are evenly spaced in each period
    this is 2q times the distance between the mean times of the periods: q times the total span
    where the periods meet on day 0 and share that visit.
    """
    points, table = result.slopes.points, result.slopes
    n = len(result.paired)
    before = points.before & table.before.enough[points.patient]
    after = points.after & table.after.enough[points.patient]
    run_in = _times(points.patient[before], points.month[before], n)
    later = _times(points.patient[after], points.month[after], n)
    coefficient = _quadratic(run_in, points.patient[before], points.value[before], n)
    known = np.flatnonzero(np.isfinite(coefficient))
    test = _mean_curvature(coefficient[known], settings)
    bend = _bend(later, points.patient[after], n) - _bend(run_in, points.patient[before], n)
    plain = _least_squares(table.before, run_in) & _least_squares(table.after, later)
    reason = _no_curvature(result, len(known), bool(np.all(plain[result.paired])))
    factor = result.rate.months_before
    schedule = factor * float(np.mean(bend[result.paired])) if not reason else math.nan
    return Curvature(
        patient=known,
        coefficient=coefficient[known],
        test=test,
        schedule=schedule,
        implied=test.estimate * schedule,
        implied_interval=_scaled(test.interval, schedule),
        reason=reason,
    )


def _no_curvature(result: EndpointComparison, known: int, plain: bool) -> str:
    if not known:
        return f"nobody has {CURVE_VISITS} visits on 3 days before day 0"
    if not result.n:
        return "no compared patient"
    return "" if plain else "the change it would make is known for separate lines by OLS only"


def _mean_curvature(coefficients: FloatArray, settings: Settings) -> TestResult:
    """Return the t test of the mean coefficient; too few patients leave only the mean."""
    test = paired_t(coefficients, settings.with_(alternative="two-sided"))
    return TestResult(
        key="curvature",
        name="t test of the mean quadratic coefficient before day 0",
        role="exploratory",
        p=test.p,
        n=test.n,
        statistic=test.statistic,
        statistic_name="t",
        df=test.df,
        estimate=test.estimate,
        estimate_name="mean quadratic coefficient",
        interval=test.interval,
        notes=test.notes,
    )


def _quadratic(times: _Times, who: IntArray, value: FloatArray, n: int) -> FloatArray:
    """Return each patient's coefficient of t², NaN where visits or days are too few."""

    def total(weights: FloatArray) -> FloatArray:
        return np.bincount(who, weights, minlength=n).astype(np.float64)

    away = times.away
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = total(value) / times.n
        lean = total(away**3) / times.spread
        curve = away * away - (times.spread / times.n)[who] - lean[who] * away
        size = total(curve * curve)
        # Two distinct days leave no curve but rounding error.
        enough = (times.n >= CURVE_VISITS) & (size > _NO_LEVERAGE_LEFT * total(away**4))
        return np.where(enough, total(curve * (value - centre[who])) / size, np.nan)


def _bend(times: _Times, who: IntArray, n: int) -> FloatArray:
    """Return the slope of the least-squares line through y = t² at each patient's visits."""
    with np.errstate(invalid="ignore", divide="ignore"):
        cubes = np.bincount(who, times.away**3, minlength=n).astype(np.float64)
        return np.asarray(2 * times.mean + cubes / times.spread)


def _scaled(interval: Interval | None, factor: float) -> Interval | None:
    if interval is None or not math.isfinite(factor):
        return None
    low, high = sorted((interval.low * factor, interval.high * factor))
    return Interval(low, high, interval.level, interval.attained)

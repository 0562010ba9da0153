"""Slopes of all patients at once: least squares, Theil–Sen, end to end and broken sticks.

Every estimator takes the same visits and asks for the same number and span of them, so that they
differ in nothing but the way from visits to slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from analysis.settings import Estimator, Settings
from analysis.slope_lines import Lines, Period, SideSlopes, period_of
from analysis.slope_points import SAME_DAY, Points
from data.trial import DAYS_PER_MONTH, FloatArray, IntArray

_PAIRS_AT_ONCE: Final = 2_000_000
"""Pairs of visits that Theil–Sen holds in memory."""


def _both_periods(
    points: Points, n_patients: int, settings: Settings
) -> tuple[Period, Period, SideSlopes, SideSlopes]:
    before = period_of(points, points.before, n_patients, settings)
    after = period_of(points, points.after, n_patients, settings)
    return before, after, _least_squares_line(before), _least_squares_line(after)


def _least_squares_line(period: Period) -> SideSlopes:
    """Fit one least-squares line a patient.

    Times and values are centred per patient first, so that nothing is lost to cancellation.
    """
    n, who = period.n, period.who
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_t = period.total(period.t) / n
        mean_y = period.total(period.y) / n
        dt = period.t - mean_t[who]
        dy = period.y - mean_y[who]
        sxx = period.total(dt * dt)
        slope = np.where(period.enough, period.total(dt * dy) / sxx, np.nan)
        rss = period.total((dy - slope[who] * dt) ** 2)
        se = np.where(n > 2, np.sqrt(rss / (n - 2) / sxx), np.nan)
        return SideSlopes(
            n, period.span_days, slope, se, mean_t, mean_y, 1 / n, sxx, rss, period.enough
        )


def _pooled(*parts: tuple[FloatArray, IntArray]) -> tuple[float, int]:
    """Return the residual SD from residual sums of squares with their degrees of freedom."""
    df = sum(int(np.sum(freedom)) for _, freedom in parts)
    rss = sum(float(np.sum(squares)) for squares, _ in parts)
    return (float(np.sqrt(rss / df)) if df > 0 else float("nan")), df


def _pooled_over_lines(*lines: SideSlopes) -> tuple[float, int]:
    return _pooled(*((line.rss[line.enough], line.n[line.enough] - 2) for line in lines))


def _nothing(n_patients: int) -> FloatArray:
    return np.full(n_patients, np.nan)


def least_squares(points: Points, n_patients: int, settings: Settings) -> Lines:
    """Fit one least-squares line before and one after day 0.

    Parameters
    ----------
    points
        Visits, sorted by patient and day.
    n_patients
        Patients of the trial, also those without a visit.
    settings
        Rules for visits and span.

    Notes
    -----
    The residual SD is pooled: the residual sums of squares of all lines over the sum of their
    degrees of freedom. A person's own SD from three visits has one degree of freedom and would give
    intervals wider than the scale. Source: Draper & Smith 1998, *Applied Regression Analysis*,
    chapter 1 (doi 10.1002/9781118625590).
    """
    _, _, before, after = _both_periods(points, n_patients, settings)
    both = points.before & points.after
    who, t = points.patient[both], points.month[both]
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (t - before.mean_month[who]) * (t - after.mean_month[who])
        shared = np.bincount(who, weight, n_patients) / (before.sxx * after.sxx)
    sd, df = _pooled_over_lines(before, after)
    nothing = _nothing(n_patients)
    return Lines(before, after, np.asarray(shared), sd, df, nothing, nothing)


def theil_sen(points: Points, n_patients: int, settings: Settings) -> Lines:
    """Take the median of the slopes between all pairs of visits, before and after day 0.

    Parameters
    ----------
    points, n_patients, settings
        As for :func:`least_squares`.

    Notes
    -----
    Pairs of one day are left out; of an even number of slopes the median is the mean of the middle
    two. The line has the intercept median(y − slope·t). No standard error and no residual SD is
    given. Source: Sen 1968 (doi 10.1080/01621459.1968.10480934).
    """
    before = _theil_sen_line(period_of(points, points.before, n_patients, settings))
    after = _theil_sen_line(period_of(points, points.after, n_patients, settings))
    nothing = _nothing(n_patients)
    return Lines(before, after, nothing, float("nan"), 0, nothing, nothing)


def _theil_sen_line(period: Period) -> SideSlopes:
    n_patients = len(period.n)
    slope, intercept = _nothing(n_patients), _nothing(n_patients)
    # One table for all patients with the same number of visits: pairs are then columns.
    for size in np.unique(period.n[period.enough]):
        patients = np.flatnonzero(period.enough & (period.n == size))
        first, second = np.triu_indices(int(size), 1)
        step = max(1, _PAIRS_AT_ONCE // len(first))
        for at in range(0, len(patients), step):
            some = patients[at : at + step]
            rows = period.start[some][:, None] + np.arange(size)
            t, y = period.t[rows], period.y[rows]
            apart = t[:, second] - t[:, first]
            with np.errstate(invalid="ignore", divide="ignore"):
                between = (y[:, second] - y[:, first]) / apart
            between[apart * DAYS_PER_MONTH <= SAME_DAY] = np.nan
            slope[some] = _row_medians(between)
            intercept[some] = _row_medians(y - slope[some][:, None] * t)
    nothing = _nothing(n_patients)
    zero = np.zeros(n_patients)
    return SideSlopes(
        period.n,
        period.span_days,
        slope,
        nothing,
        zero,
        intercept,
        nothing,
        nothing,
        nothing,
        period.enough,
    )


def _row_medians(table: FloatArray) -> FloatArray:
    """Return the median of each row without its NaN; every row has a number."""
    table = np.sort(table, axis=1)
    known = table.shape[1] - np.isnan(table).sum(axis=1)
    row = np.arange(len(table))
    return np.asarray((table[row, (known - 1) // 2] + table[row, known // 2]) / 2)


def end_to_end(points: Points, n_patients: int, settings: Settings) -> Lines:
    """Join the first and the last visit of each period.

    Parameters
    ----------
    points, n_patients, settings
        As for :func:`least_squares`.

    Notes
    -----
    The errors rest on the residual SD around the least-squares lines: two visits have no residual.
    Two different scores on the first or the last day cannot occur, see :class:`Points`.
    """
    first, second, least_before, least_after = _both_periods(points, n_patients, settings)
    before, after = _joined(first, least_before), _joined(second, least_after)
    # The shared visit is the last one before and the first one after.
    shared = np.zeros(n_patients)
    who = points.patient[points.before & points.after]
    with np.errstate(invalid="ignore", divide="ignore"):
        shared[who] = -(DAYS_PER_MONTH**2) / (before.span_days * after.span_days)[who]
    sd, df = _pooled_over_lines(least_before, least_after)
    nothing = _nothing(n_patients)
    return Lines(before, after, shared, sd, df, nothing, nothing)


def _joined(period: Period, least: SideSlopes) -> SideSlopes:
    t_first, t_last = period.ends(period.t)
    y_first, y_last = period.ends(period.y)
    with np.errstate(invalid="ignore", divide="ignore"):
        sxx = (t_last - t_first) ** 2 / 2
        return replace(
            least,
            slope=np.where(period.enough, (y_last - y_first) / (t_last - t_first), np.nan),
            se=np.where(period.n > 2, np.sqrt(least.rss / (period.n - 2) / sxx), np.nan),
            mean_month=(t_first + t_last) / 2,
            mean_value=(y_first + y_last) / 2,
            mean_variance=np.full(len(sxx), 0.5),
            sxx=sxx,
        )


def broken_stick(points: Points, n_patients: int, settings: Settings) -> Lines:
    """Fit two lines that meet at day 0 through all visits of a patient, by least squares.

    Parameters
    ----------
    points, n_patients
        As for :func:`least_squares`; a visit in both periods counts once.
    settings
        Rules for visits and span. They are not asked of the period before where the run-in is
        counted from onset; a visit before day 0 is needed then too.

    Notes
    -----
    The model is y = a + b·min(t, 0) + c·max(t, 0): the same as a + b·t + (c − b)·max(t, 0), with
    the two slopes as its coefficients. The residual SD is pooled over the patients who have a fit,
    with n − 3 degrees of freedom each. Source: Draper & Smith 1998, *Applied Regression Analysis*,
    chapter 14 (doi 10.1002/9781118625590).
    """
    before = period_of(points, points.before, n_patients, settings)
    after = period_of(points, points.after, n_patients, settings)
    union = period_of(points, points.before | points.after, n_patients, settings)
    n, who = union.n, union.who
    u, v = np.minimum(union.t, 0), np.maximum(union.t, 0)
    needed = after.enough if settings.run_in == "onset" else before.enough & after.enough
    # Two days in the period after and one before day 0 are three days: the fit is unique.
    fitted = needed & (union.total((union.t * DAYS_PER_MONTH < -SAME_DAY).astype(np.float64)) > 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean_u, mean_v, mean_y = (union.total(x) / n for x in (u, v, union.y))
        du, dv, dy = u - mean_u[who], v - mean_v[who], union.y - mean_y[who]
        suu, svv, suv = union.total(du * du), union.total(dv * dv), union.total(du * dv)
        suy, svy = union.total(du * dy), union.total(dv * dy)
        det = np.where(fitted, suu * svv - suv * suv, np.nan)
        slopes = ((svv * suy - suv * svy) / det, (suu * svy - suv * suy) / det)
        rss = union.total((dy - slopes[0][who] * du - slopes[1][who] * dv) ** 2)
        variances, shared = (svv / det, suu / det), -suv / det
        level = mean_y - slopes[0] * mean_u - slopes[1] * mean_v
        level_variance = (
            1 / n
            + mean_u**2 * variances[0]
            + mean_v**2 * variances[1]
            + 2 * mean_u * mean_v * shared
        )
        sides = []
        for period, slope, variance, own, other in (
            (before, slopes[0], variances[0], mean_u, mean_v),
            (after, slopes[1], variances[1], mean_v, mean_u),
        ):
            covariance = -(own * variance + other * shared)
            # The variance of the line is a parabola in time: its lowest point and its value there.
            month = -covariance / variance
            sides.append(
                SideSlopes(
                    n=period.n,
                    span_days=period.span_days,
                    slope=slope,
                    se=np.where(n > 3, np.sqrt(rss / (n - 3) * variance), np.nan),
                    mean_month=month,
                    mean_value=level + slope * month,
                    mean_variance=level_variance - covariance**2 / variance,
                    sxx=1 / variance,
                    rss=rss,
                    enough=fitted,
                )
            )
    sd, df = _pooled((rss[fitted], n[fitted] - 3))
    nothing = _nothing(n_patients)
    return Lines(sides[0], sides[1], shared, sd, df, nothing, nothing)


def broken_stick_jump(points: Points, n_patients: int, settings: Settings) -> Lines:
    """Fit a broken stick whose level may step at day 0, through all visits of a patient.

    Parameters
    ----------
    points
        As for :func:`least_squares`, with no visit in both periods.
    n_patients, settings
        As for :func:`least_squares`.

    Notes
    -----
    With a step the two lines share no coefficient: they are the separate least-squares lines, and
    the step is their distance at day 0. A patient's own residuals are those of both lines.
    """
    lines = least_squares(points, n_patients, settings)
    before, after = lines.before, lines.after
    rss, df = np.zeros(n_patients), np.zeros(n_patients, dtype=np.int64)
    for side in (before, after):
        rss += np.where(side.enough, side.rss, 0)
        df += np.where(side.enough, side.n - 2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(df > 0, rss / df, np.nan)
        level_before, level_after = (s.mean_value - s.slope * s.mean_month for s in (before, after))
        variance_before, variance_after = (
            s.mean_variance + s.mean_month**2 / s.sxx for s in (before, after)
        )
        jump = level_after - level_before
        jump_se = lines.residual_sd * np.sqrt(variance_before + variance_after)
        return replace(
            lines,
            before=replace(before, se=np.where(before.enough, np.sqrt(own / before.sxx), np.nan)),
            after=replace(after, se=np.where(after.enough, np.sqrt(own / after.sxx), np.nan)),
            jump=jump,
            jump_se=np.where(np.isnan(jump), np.nan, jump_se),
        )


ESTIMATORS: Final[Mapping[Estimator, Callable[[Points, int, Settings], Lines]]] = MappingProxyType(
    {
        "ols": least_squares,
        "theil_sen": theil_sen,
        "end_to_end": end_to_end,
        "broken_stick": broken_stick,
        "broken_stick_jump": broken_stick_jump,
    }
)
"""The estimators by their names in :attr:`analysis.settings.Settings.estimator`."""

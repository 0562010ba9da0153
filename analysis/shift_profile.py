"""The mean change when the day 0 of everybody is moved: the shift profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from analysis.paired_tests import paired_t
from analysis.rate import Rate
from analysis.results import TestResult, finite
from analysis.settings import Settings
from analysis.slope_onset import run_in_used
from analysis.slope_points import SAME_DAY, WINDOW_SLACK_DAYS, place_points
from analysis.slopes import slope_table
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

MOST_MONTHS: Final = 6
"""Months by which day 0 is moved at most, to either side."""

_ROUNDING: Final = 1e-10
_FARTHEST: Final = 3650
"""Largest ``Settings.shift_days``."""

Visits = Literal["all", "run_in", "follow_up"]


@dataclass(frozen=True, slots=True)
class ShiftProfile:
    """The paired t test at moved dates; every array has one entry a date, earliest first.

    Parameters
    ----------
    visits
        Which visits enter: all, only those of the run-in (``"run_in"``) or only those after day 0
        (``"follow_up"``).
    months
        By how much day 0 is moved, in whole months; below 0 is earlier.
    days
        ``Settings.shift_days`` of the analysis there.
    estimate, low, high, p, n
        Mean change, its interval, P and patients.
    """

    visits: Visits
    months: IntArray
    days: IntArray
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    n: IntArray

    def to_json(self) -> list[dict[str, Any]]:
        """Return one object a date."""
        return [
            {
                "months": int(self.months[k]),
                "shift_days": int(self.days[k]),
                "estimate": finite(self.estimate[k]),
                "low": finite(self.low[k]),
                "high": finite(self.high[k]),
                "p": finite(self.p[k]),
                "n": int(self.n[k]),
            }
            for k in range(len(self.months))
        ]


def shift_profile(
    trial: Trial, endpoint: str, settings: Settings, rate: Rate, who: BoolArray
) -> ShiftProfile:
    """Repeat the comparison with day 0 moved by −6 to +6 months, month by month.

    Parameters
    ----------
    trial, endpoint, settings
        The primary analysis; where it moves day 0 already, the months count from there.
    rate
        Unit of the changes.
    who
        Patients that may be compared, one entry a patient of the trial.

    Returns
    -------
    ShiftProfile
        Every entry is the comparison under the same settings with another ``shift_days``; windows
        and skipped days move with the date. Dates at which fewer than 2 patients can be compared
        are left out, but for 0.
    """
    months = range(-MOST_MONTHS, MOST_MONTHS + 1)
    return _profile(trial, endpoint, settings, rate, who, visits="all", months=months)


def run_in_profile(
    trial: Trial, endpoint: str, settings: Settings, rate: Rate, who: BoolArray
) -> ShiftProfile:
    """Return the profile of dates in the run-in, made of the visits up to day 0 alone.

    Parameters
    ----------
    trial, endpoint, settings, rate, who
        As for :func:`shift_profile`.

    Returns
    -------
    ShiftProfile
        Only dates before day 0, only visits that belong to the period before it (whatever its
        window). Nothing in it depends on what happened after day 0.
    """
    months = range(-MOST_MONTHS, 0)
    return _profile(trial, endpoint, settings, rate, who, visits="run_in", months=months)


def follow_up_profile(
    trial: Trial, endpoint: str, settings: Settings, rate: Rate, who: BoolArray
) -> ShiftProfile:
    """Return the profile of dates in the follow-up, made of the visits after day 0 alone.

    Parameters
    ----------
    trial, endpoint, settings, rate, who
        As for :func:`shift_profile`.

    Returns
    -------
    ShiftProfile
        Only dates after day 0, only visits of the period after it, without those on day 0 itself.
        Empty where the run-in is counted from onset: that slope lies before day 0.
    """
    months = range(1, MOST_MONTHS + 1)
    return _profile(trial, endpoint, settings, rate, who, visits="follow_up", months=months)


def moved(settings: Settings, months: float) -> int:
    """Return ``shift_days`` of a date that lies ``months`` from the day 0 of the settings."""
    days = settings.shift_days + round(months * DAYS_PER_MONTH)
    return max(-_FARTHEST, min(_FARTHEST, days))


def changes_at(
    trial: Trial,
    endpoint: str,
    settings: Settings,
    rate: Rate,
    only: BoolArray | None = None,
) -> FloatArray:
    """Return every patient's change in the unit of the rate, as the comparison computes it.

    Parameters
    ----------
    trial, endpoint, settings, rate
        The analysis.
    only
        Which values may enter; all by default.
    """
    table = slope_table(trial, endpoint, settings, only)
    return np.asarray(
        table.after.slope * rate.months_after - table.before.slope * rate.months_before
    )


def _profile(
    trial: Trial,
    endpoint: str,
    settings: Settings,
    rate: Rate,
    who: BoolArray,
    *,
    visits: Visits,
    months: range,
) -> ShiftProfile:
    only = None if visits == "all" else _side(trial, endpoint, settings, visits)
    if visits == "follow_up" and run_in_used(endpoint, settings) == "onset":
        months = range(0)
    rows: list[tuple[int, int, TestResult]] = []
    for month in months:
        days = moved(settings, month)
        at = settings.with_(shift_days=days)
        changes = changes_at(trial, endpoint, at, rate, only)
        test = paired_t(changes[who & np.isfinite(changes)], settings)
        if test.n >= 2 or month == 0:
            rows.append((month, days, test))
    tests = [test for _, _, test in rows]
    ends = [(t.interval.low, t.interval.high) if t.interval else (np.nan, np.nan) for t in tests]
    return ShiftProfile(
        visits=visits,
        months=np.asarray([month for month, _, _ in rows], dtype=np.int64),
        days=np.asarray([days for _, days, _ in rows], dtype=np.int64),
        estimate=np.asarray([test.estimate for test in tests], dtype=np.float64),
        low=np.asarray([low for low, _ in ends], dtype=np.float64),
        high=np.asarray([high for _, high in ends], dtype=np.float64),
        p=np.asarray([test.p for test in tests], dtype=np.float64),
        n=np.asarray([test.n for test in tests], dtype=np.int64),
    )


def _side(trial: Trial, endpoint: str, settings: Settings, visits: Visits) -> BoolArray:
    """Return which values belong to one period of the primary analysis, whatever its window."""
    points = place_points(trial, endpoint, settings.with_(pre_months=None, post_months=None))
    if visits == "run_in":
        return points.before
    return np.asarray(points.after & (points.month * DAYS_PER_MONTH > SAME_DAY))


def peak(profile: ShiftProfile, direction: float, fewest: float) -> float:
    """Return the months at which the mean change is largest in some direction.

    Parameters
    ----------
    profile
        The means.
    direction
        Above 0 for the highest mean, below for the lowest.
    fewest
        Patients that a mean must rest on.

    Returns
    -------
    float
        Of equal means the one nearest to 0; NaN where there is none or ``direction`` is 0.
    """
    known = np.flatnonzero(np.isfinite(profile.estimate) & (profile.n >= fewest))
    if not known.size or not abs(direction) > _ROUNDING:
        return float("nan")
    height = np.round(np.sign(direction) * profile.estimate[known], 10)
    best = known[height == height.max()]
    return float(profile.months[best[np.argmin(np.abs(profile.months[best]))]])


def near_day0(at: float, earlier: float, later: float = 0.0) -> bool:
    """Whether a peak lies where a bend at day 0 would put it.

    Parameters
    ----------
    at
        Months from day 0.
    earlier, later
        Months before and after day 0 between which the profile of such a bend is level: one visit
        interval, or 0 on a side on which it is not.

    Notes
    -----
    The visit on day 0 lies on both lines of a bend there: a noise-free bend has the same change
    whether that visit is counted as before or as after. With day 0 moved earlier it counts as
    after, with day 0 moved later as before. So the profile is level for one visit interval before
    day 0 where the rule counts it as before, for one after day 0 where the rule counts it as after,
    and on both sides where it counts on both or on neither.
    """
    slack = WINDOW_SLACK_DAYS / DAYS_PER_MONTH
    return bool(-earlier - slack <= at <= later + slack)

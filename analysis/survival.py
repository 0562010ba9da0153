"""Survival from the transplant: Kaplan–Meier to death or tracheostomy, with who is in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.day0 import SAME_DAY
from analysis.follow_up import FollowUp, follow_up, late_deaths, ventilated
from analysis.grouping import Grouping, grouping_of
from analysis.log_rank import LogRank, log_rank
from analysis.results import finite
from analysis.setting_lists import filters_by_field
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

MOST_CURVES: Final = 6
OTHERS: Final = "other groups"
ALL: Final = "all"

_BY_OUTCOME: Final = frozenset({"followed", "alsfrs_r_visits", "fvc_visits"})
"""Filters that rest on what happened after day 0."""

_HALF: Final = 0.5
_TOLERANCE: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Curve:
    """The Kaplan–Meier estimate of one group.

    Parameters
    ----------
    label
        Name of the group; ``"all"`` without groups.
    patient
        Positions in ``Trial.patient_ids``, in the order of ``time`` and ``event``.
    time
        Months from day 0 to the event or to the end of follow-up.
    event
        Whether it ended with an event.
    death
        Whether that event was a death; else it was a tracheostomy.
    month, survival, low, high
        The steps: distinct times of ``time``, the estimate from each of them on, and its pointwise
        interval; NaN where the interval does not exist (before the first event and at 0).
    at_risk, events, censored
        At each step: patients under observation just before it, events, and ends of follow-up.
    median
        First month at which the estimate falls below one half, NaN where it does not; where it is
        exactly one half for a while, the middle of that while.
    median_ends
        Interval of the median; NaN where an end is not reached.
    """

    label: str
    patient: IntArray
    time: FloatArray
    event: BoolArray
    death: BoolArray
    month: FloatArray
    survival: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: IntArray
    events: IntArray
    censored: IntArray
    median: float
    median_ends: tuple[float, float]

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.time)

    @property
    def n_events(self) -> int:
        """Events."""
        return int(self.event.sum())

    @property
    def n_deaths(self) -> int:
        """Events that were deaths."""
        return int((self.event & self.death).sum())

    def at_risk_at(self, months: FloatArray) -> IntArray:
        """Return how many are under observation just before some months."""
        below = np.searchsorted(np.sort(self.time), months - SAME_DAY / DAYS_PER_MONTH)
        return np.asarray(self.n - below, dtype=np.int64)

    def survival_at(self, month: float) -> float:
        """Return the estimate at some month; NaN after the last time of follow-up."""
        if not self.n or month > self.time.max() + SAME_DAY / DAYS_PER_MONTH:
            return math.nan
        step = int(np.searchsorted(self.month, month + SAME_DAY / DAYS_PER_MONTH)) - 1
        return 1.0 if step < 0 else float(self.survival[step])

    def to_json(self) -> dict[str, Any]:
        """Return the curve as JSON values."""
        low, high = self.median_ends
        return {
            "label": self.label,
            "n": self.n,
            "events": self.n_events,
            "deaths": self.n_deaths,
            "tracheostomies": self.n_events - self.n_deaths,
            "median": finite(self.median),
            "median_low": finite(low),
            "median_high": finite(high),
            "month": self.month.tolist(),
            "survival": self.survival.tolist(),
            "low": [finite(v) for v in self.low.tolist()],
            "high": [finite(v) for v in self.high.tolist()],
            "at_risk": self.at_risk.tolist(),
            "events_at": self.events.tolist(),
            "censored_at": self.censored.tolist(),
        }


@dataclass(frozen=True, slots=True)
class Survival:
    """Survival from day 0 in a trial.

    Parameters
    ----------
    curves
        One without groups; else one a group, at most six.
    by
        Name of the grouping in words; empty without groups.
    level
        Level of the intervals.
    left
        Names of patients who are not in it, each with the reason.
    filtered
        Patients whom the filters hide.
    n_loaded
        Patients of the trial.
    without_group
        Names of patients who are followed but whose group is not known.
    late_deaths
        Deaths of which only a visit by which the patient had died is known: the curve falls too
        late there.
    ventilated
        Patients with a visit after day 0 at which item 12 is 0 (invasive ventilation), and without
        a date of a tracheostomy: they are not counted as events for it.
    by_outcome
        Whether a filter chooses patients by how long they were followed or by visits after day 0:
        then the curve is that of people who were known to live.
    log_rank
        Between exactly two groups with at least one event; else ``None``.
    """

    curves: tuple[Curve, ...]
    by: str
    level: float
    left: tuple[tuple[str, str], ...]
    filtered: int
    n_loaded: int
    without_group: tuple[str, ...]
    late_deaths: int
    ventilated: int
    by_outcome: bool
    log_rank: LogRank | None

    @property
    def n(self) -> int:
        """Patients in the curves."""
        return sum(curve.n for curve in self.curves)

    @property
    def n_events(self) -> int:
        """Events in the curves."""
        return sum(curve.n_events for curve in self.curves)

    @property
    def included(self) -> IntArray:
        """Positions of the patients in the curves."""
        return np.sort(np.concatenate([c.patient for c in self.curves] or [np.empty(0, np.int64)]))

    def observed_months(self) -> tuple[float, float, float]:
        """Return median, shortest and longest months under observation; NaN without patients."""
        if not self.n:
            return math.nan, math.nan, math.nan
        time = np.concatenate([curve.time for curve in self.curves])
        return float(np.median(time)), float(time.min()), float(time.max())

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        median, shortest, longest = self.observed_months()
        return {
            "n": self.n,
            "n_loaded": self.n_loaded,
            "by": self.by,
            "level": self.level,
            "interval": "log-log",
            "curves": [curve.to_json() for curve in self.curves],
            "left": [list(entry) for entry in self.left],
            "filtered": self.filtered,
            "without_group": list(self.without_group),
            "late_deaths": self.late_deaths,
            "ventilated": self.ventilated,
            "by_outcome": self.by_outcome,
            "log_rank": None if self.log_rank is None else self.log_rank.to_json(),
            "follow_up": {
                "median": finite(median),
                "min": finite(shortest),
                "max": finite(longest),
            },
        }


def survival(trial: Trial, settings: Settings) -> Survival:
    """Estimate survival from day 0 to death or tracheostomy, whichever comes first.

    Parameters
    ----------
    trial, settings
        The patients; day 0, groups, level of the intervals, who is left out, and the filters.

    Notes
    -----
    Kaplan & Meier 1958 (doi 10.1080/01621459.1958.10501452). Never counted from onset: everybody
    had to live to the transplant, and that time is not survival after it. With more than six groups
    the five largest are kept and the rest is one group.
    """
    followed = follow_up(trial, settings)
    grouping = grouping_of(trial, settings.group_by)
    alone = followed.included & (grouping.code < 0) & (grouping.by != "none")
    groups = _groups(grouping, followed.included)
    curves = tuple(
        kaplan_meier(label, followed, at, settings.confidence) for label, at in groups if len(at)
    )
    return Survival(
        curves=curves,
        by=grouping.name,
        level=settings.confidence,
        left=followed.left,
        filtered=followed.filtered,
        n_loaded=len(trial.patient_ids),
        without_group=tuple(trial.patient_ids[i] for i in np.flatnonzero(alone)),
        late_deaths=late_deaths(trial, followed),
        ventilated=ventilated(trial, settings, followed),
        by_outcome=bool(_BY_OUTCOME & set(filters_by_field(settings.filters))),
        log_rank=_compared(curves),
    )


def kaplan_meier(label: str, followed: FollowUp, at: IntArray, level: float) -> Curve:
    """Estimate one curve.

    Parameters
    ----------
    label
        Name of the group.
    followed
        Times of everybody.
    at
        Positions of the patients in the curve.
    level
        Level of the intervals.

    Notes
    -----
    S(t) is the product of 1 − d/n over the times of events up to t; a patient whose follow-up ends
    at the time of an event is still at risk there. Variance by Greenwood; the interval is that of
    log(−log S) (Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data, 1980,
    section 1.3), pointwise. The interval of the median is that of Brookmeyer & Crowley 1982
    (doi 10.2307/2530286): where the ends of the pointwise interval fall below one half. Equal to
    ``survfit(conf.type = "log-log")`` of R's survival.
    """
    time, event = followed.month[at], followed.event[at]
    month, step = _distinct(time)
    events = np.bincount(step, weights=event, minlength=len(month)).astype(np.int64)
    leaving = np.bincount(step, minlength=len(month))
    at_risk = leaving[::-1].cumsum()[::-1]
    surviving = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        log = np.log(surviving)
        half = stats.norm.ppf((1 + level) / 2) * np.sqrt(greenwood) / np.abs(log)
        inside = (surviving > 0) & (surviving < 1)
        low = np.where(inside, surviving ** np.exp(half), np.nan)
        high = np.where(inside, surviving ** np.exp(-half), np.nan)
    return Curve(
        label=label,
        patient=at,
        time=time,
        event=event,
        death=followed.death[at],
        month=month,
        survival=surviving,
        low=low,
        high=high,
        at_risk=at_risk,
        events=events,
        censored=leaving - events,
        median=_half_time(month, surviving),
        median_ends=(_half_time(month, low), _half_time(month, high)),
    )


def _distinct(time: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return distinct times, and the position of each time among them; one day is one time."""
    order = np.argsort(time, kind="stable")
    new = np.ones(len(time), dtype=np.bool_)
    new[1:] = np.diff(time[order]) * DAYS_PER_MONTH > SAME_DAY
    step = np.empty(len(time), dtype=np.int64)
    step[order] = np.cumsum(new) - 1
    return time[order][new], step


def _half_time(month: FloatArray, curve: FloatArray) -> float:
    """Return when a falling curve goes below one half; the middle of a stretch exactly at it."""
    known = np.isfinite(curve)
    month, curve = month[known], curve[known]
    reached = np.flatnonzero(curve < _HALF + _TOLERANCE)
    if not reached.size:
        return math.nan
    first = reached[0]
    below = np.flatnonzero(curve < _HALF - _TOLERANCE)
    if curve[first] > _HALF - _TOLERANCE and below.size:
        return float((month[first] + month[below[0]]) / 2)
    return float(month[first])


def _groups(grouping: Grouping, included: BoolArray) -> list[tuple[str, IntArray]]:
    if grouping.by == "none":
        return [(ALL, np.flatnonzero(included))]
    groups = [
        (label, np.flatnonzero(included & grouping.members(code)))
        for code, label in enumerate(grouping.labels)
    ]
    groups = [group for group in groups if len(group[1])]
    if len(groups) <= MOST_CURVES:
        return groups
    by_size = sorted(groups, key=lambda group: -len(group[1]))
    kept = by_size[: MOST_CURVES - 1]
    rest = np.sort(np.concatenate([at for _, at in by_size[MOST_CURVES - 1 :]]))
    return [*sorted(kept), (OTHERS, rest)]


def _compared(curves: tuple[Curve, ...]) -> LogRank | None:
    if len(curves) != 2 or not any(curve.n_events for curve in curves):
        return None
    first, second = curves
    month, step = _distinct(np.concatenate([first.time, second.time]))
    # Times of one day can differ by rounding: unlike the curves, the test needs equal numbers.
    time = month[step]
    return log_rank((time[: first.n], first.event), (time[first.n :], second.event))

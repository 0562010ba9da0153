"""Change from the day-0 value at fixed months, and the mean course of the cohort."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.cohort import visit_spacing
from analysis.day0 import VALUE_AGE_DAYS
from analysis.day0_values import Day0Values, day0_values
from analysis.paired_tests import summarise
from analysis.results import Summary, finite
from analysis.settings import Settings
from analysis.slope_points import Points, day0_offsets, place_points
from data.endpoints import ENDPOINTS, Endpoint
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

SPACING_MONTHS: Final = 3.0
FEWEST: Final = 3
WIDEST_MONTHS: Final = 1.5
"""A visit further than this from a month does not stand for it."""


@dataclass(frozen=True, slots=True)
class ChangeAt:
    """Change of one endpoint from the day-0 value at one month.

    Parameters
    ----------
    month
        Months after day 0.
    change
        Mean, SD, median and interval of the changes, in the unit of the endpoint.
    median_month
        Median time of the visits, in months; NaN without any.
    died
        Patients with a day-0 value who have no visit in the window and died before its end.
    ended
        … whose last visit that counts lies before the window, without a known death by its end.
    missed
        … who were seen later but not in the window.
    """

    month: float
    change: Summary
    median_month: float
    died: int
    ended: int
    missed: int

    @property
    def missing(self) -> int:
        """Patients with a day-0 value but no value at this month."""
        return self.died + self.ended + self.missed

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "month": self.month,
            "change": self.change.to_json(),
            "median_visit_month": finite(self.median_month),
            "missing": {"died": self.died, "no_later_visit": self.ended, "missed": self.missed},
        }


@dataclass(frozen=True, slots=True)
class MeanCourse:
    """Mean of an endpoint by visit month.

    Parameters
    ----------
    spacing
        Months between two centres.
    month
        Centres, multiples of the spacing.
    n
        Patients with a visit within half a spacing of the centre.
    mean, sd, low, high
        Over those patients, with the t interval of the mean; NaN with fewer than 3 patients. Equal
        values have no interval.
    """

    spacing: float
    month: FloatArray
    n: IntArray
    mean: FloatArray
    sd: FloatArray
    low: FloatArray
    high: FloatArray

    def to_json(self) -> list[dict[str, Any]]:
        """Return one entry a month as JSON values."""
        columns = (self.mean, self.sd, self.low, self.high)
        return [
            {
                "month": float(self.month[i]),
                "n": int(self.n[i]),
                **{
                    name: finite(float(column[i]))
                    for name, column in zip(("mean", "sd", "low", "high"), columns, strict=True)
                },
            }
            for i in range(len(self.month))
        ]


@dataclass(frozen=True, slots=True)
class ChangeFromDay0:
    """Changes of one endpoint from its day-0 value.

    Parameters
    ----------
    endpoint
        Which one.
    window
        A visit stands for a month if it is up to this many months from it.
    n_day0
        Patients with a day-0 value: those whose changes are counted or missing.
    without_day0
        Patients with a value after day 0 but no day-0 value.
    by_month
        One entry a month.
    course
        Means of the values themselves.
    """

    endpoint: Endpoint
    window: float
    n_day0: int
    without_day0: tuple[str, ...]
    by_month: tuple[ChangeAt, ...]
    course: MeanCourse

    def to_json(self) -> dict[str, Any]:
        """Return the changes as JSON values."""
        return {
            "endpoint": self.endpoint.key,
            "unit": self.endpoint.unit,
            "window_months": self.window,
            "day0_value_age_days": VALUE_AGE_DAYS,
            "n_day0": self.n_day0,
            "without_day0": list(self.without_day0),
            "by_month": [change.to_json() for change in self.by_month],
            "course": self.course.to_json(),
        }


def change_from_day0(
    trial: Trial, endpoint: str, settings: Settings, months: Sequence[float] | None = None
) -> ChangeFromDay0:
    """Summarise how far an endpoint has moved from its day-0 value at fixed months.

    Parameters
    ----------
    trial, endpoint
        Whose values.
    settings
        Day 0, windows, exclusions and the level of the intervals.
    months
        Months after day 0, all above 0; without it every 3 months at which at least 3 patients have
        a change.

    Returns
    -------
    ChangeFromDay0
        The day-0 value is the last analysable one on or before day 0, at most
        :data:`~analysis.day0.VALUE_AGE_DAYS` old. The value at a month is that of the
        visit nearest to it within half the smallest step between months, at most 1.5 months, of the
        visits that count as after day 0; of two equally near ones the earlier.

    Raises
    ------
    ValueError
        If a month is not above 0.

    Notes
    -----
    Only patients who were seen are averaged: where the sicker ones die or stay away, the mean
    change of the others flatters. The counts of the missing stand beside it for that reason.
    """
    points = place_points(trial, endpoint, settings)
    n_patients = len(trial.patient_ids)
    day0 = day0_values(points, n_patients)
    later = points.after
    has_day0 = np.isfinite(day0.value)
    seen = np.zeros(n_patients, dtype=np.bool_)
    seen[points.patient[later]] = True
    chosen = sorted(set(months)) if months is not None else _usual_months(points, later)
    if chosen and not chosen[0] > 0:
        raise ValueError("months after day 0 must be above 0")
    window = _window(chosen)
    last = np.full(n_patients, -np.inf)
    np.maximum.at(last, points.patient[later], points.month[later])
    death = _death_months(trial, settings)
    by_month = tuple(
        _at(month, window, _Cohort(points, later, day0, last, death), settings.confidence)
        for month in chosen
    )
    if months is None:
        by_month = tuple(change for change in by_month if change.change.n >= FEWEST)
    return ChangeFromDay0(
        endpoint=ENDPOINTS[endpoint],
        window=window,
        n_day0=int(has_day0.sum()),
        without_day0=tuple(trial.patient_ids[i] for i in np.flatnonzero(seen & ~has_day0)),
        by_month=by_month,
        course=mean_course(points, visit_spacing(points), settings.confidence),
    )


@dataclass(frozen=True, slots=True)
class _Cohort:
    """What every month needs: values after day 0; day-0 value, last visit and death of each."""

    points: Points
    later: BoolArray
    day0: Day0Values
    last: FloatArray
    death: FloatArray


def _at(month: float, window: float, cohort: _Cohort, level: float) -> ChangeAt:
    points, n_patients = cohort.points, len(cohort.last)
    away = points.month - month
    near = cohort.later & (away > -window) & (away <= window)
    at = np.flatnonzero(near)
    # The nearest is written last; of two equally near ones that is the earlier.
    order = np.lexsort((-points.month[at], -np.round(np.abs(away[at]), 9), points.patient[at]))
    at = at[order]
    value, when = np.full(n_patients, np.nan), np.full(n_patients, np.nan)
    value[points.patient[at]] = points.value[at]
    when[points.patient[at]] = points.month[at]
    change = value - cohort.day0.value
    found = np.isfinite(change)
    lacking = np.isfinite(cohort.day0.value) & ~found
    died = lacking & (cohort.death <= month + window)
    ended = lacking & ~died & (cohort.last <= month - window)
    return ChangeAt(
        month=float(month),
        change=summarise(change[found], level),
        median_month=float(np.median(when[found])) if found.any() else math.nan,
        died=int(died.sum()),
        ended=int(ended.sum()),
        missed=int((lacking & ~died & ~ended).sum()),
    )


def _usual_months(points: Points, later: BoolArray) -> list[float]:
    if not later.any():
        return []
    last = float(points.month[later].max())
    steps = math.ceil((last - WIDEST_MONTHS) / SPACING_MONTHS)
    return [SPACING_MONTHS * step for step in range(1, max(steps, 0) + 1)]


def _window(months: Sequence[float]) -> float:
    steps = np.diff([0.0, *months])
    return min(WIDEST_MONTHS, float(steps.min()) / 2) if len(steps) else WIDEST_MONTHS


def _death_months(trial: Trial, settings: Settings) -> FloatArray:
    """Return months from day 0 to death, infinity where no death is known."""
    death = trial.patients_frame["death_day"].to_numpy(dtype=np.float64)
    months = (death - day0_offsets(trial, settings)[0]) / DAYS_PER_MONTH
    return np.where(np.isfinite(months), months, np.inf)


def mean_course(points: Points, spacing: float, level: float) -> MeanCourse:
    """Return the mean of the values by visit month, before and after day 0.

    Parameters
    ----------
    points
        Values of one endpoint; all that can be analysed count, also those outside the windows.
    spacing
        Months between two centres, above 0.
    level
        Level of the intervals.

    Returns
    -------
    MeanCourse
        Each patient counts once at each centre, with the visit nearest to it.
    """
    known = np.isfinite(points.month) & points.analysable
    visits = (points.patient[known], points.month[known], points.value[known])
    return mean_by_month(*visits, spacing, level)


def mean_by_month(
    patient: IntArray, month: FloatArray, value: FloatArray, spacing: float, level: float
) -> MeanCourse:
    """Return the mean of some visits by visit month.

    Parameters
    ----------
    patient, month, value
        Patient, months from day 0 and value of each visit, all known.
    spacing, level
        As for :func:`mean_course`.
    """
    if not len(month):
        empty = np.empty(0)
        return MeanCourse(spacing, empty, empty.astype(np.int64), empty, empty, empty, empty)
    bins = np.floor(month / spacing + 0.5).astype(np.int64)
    order = np.lexsort((np.abs(month - bins * spacing), bins, patient))
    patient, bins, value = patient[order], bins[order], value[order]
    first = np.ones(len(bins), dtype=np.bool_)
    first[1:] = (np.diff(patient) != 0) | (np.diff(bins) != 0)
    start = int(bins.min())
    slot, value = bins[first] - start, value[first]
    n = np.bincount(slot)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(slot, value) / n
        sd = np.sqrt(np.bincount(slot, (value - mean[slot]) ** 2) / (n - 1))
        enough = n >= FEWEST
        quantile = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1))
        half = np.where(sd > 0, quantile * sd / np.sqrt(n), np.nan)
    centres = np.asarray((start + np.arange(len(n))) * spacing, dtype=np.float64)
    shown = (np.where(enough, column, np.nan) for column in (mean, sd, mean - half, mean + half))
    return MeanCourse(spacing, centres, n, *shown)

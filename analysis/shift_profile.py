"""The mean change when day 0 is moved: with all visits, with the run-in’s, with the follow-up’s."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.paired_tests import paired_t
from analysis.results import TestResult
from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_points import place_points
from analysis.slopes import slope_table
from analysis.untreated.replicates import up_to_day0
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, Trial

FARTHEST: Final = 6
"""Months by which day 0 is moved at most."""


@dataclass(frozen=True, slots=True)
class ShiftedDate:
    """The comparison with day 0 moved by some months.

    Parameters
    ----------
    months
        By how much; negative is earlier.
    days
        The same in whole days, as the settings have it.
    test
        Paired t test of the change there.
    """

    months: int
    days: int
    test: TestResult

    def to_json(self) -> dict[str, Any]:
        """Return the date as JSON values."""
        return {"months": self.months, "days": self.days, "test": self.test.to_json()}


def shift_days(settings: Settings, months: int) -> int:
    """Return the setting that moves day 0 by ``months`` from where the settings have it."""
    return settings.shift_days + round(months * DAYS_PER_MONTH)


def shift_profile(
    trial: Trial, result: EndpointComparison, settings: Settings, members: BoolArray
) -> tuple[ShiftedDate, ...]:
    """Return the change with day 0 moved by −6 to 6 months, all other settings kept.

    Parameters
    ----------
    trial, result, settings
        The data and the primary analysis of one endpoint.
    members
        Patients who count, one entry a patient of the trial.

    Returns
    -------
    tuple
        Dates with at least 2 patients; visits of both sides are used, so that a bend at the
        transplant is felt at dates near it too.
    """
    found = []
    for months in range(-FARTHEST, FARTHEST + 1):
        days = shift_days(settings, months)
        if not _possible(days):
            continue
        change = slope_table(trial, result.endpoint.key, settings.with_(shift_days=days)).change
        found.append(_date(result, settings, months, days, change[members]))
    return tuple(one for one in found if one.test.n > 1)


def one_sided_profile(
    trial: Trial, result: EndpointComparison, settings: Settings, members: BoolArray
) -> tuple[ShiftedDate, ...]:
    """Return the change at dates of the run-in from the run-in’s visits alone, and after it.

    Parameters
    ----------
    trial, result, settings, members
        As for :func:`shift_profile`.

    Returns
    -------
    tuple
        Dates before day 0, which use no visit after it, and dates after day 0, which use none on or
        before it. Slopes come from visits also where the settings take the run-in from onset.
    """
    key = result.endpoint.key
    settings = settings.with_(run_in="visits")
    early = up_to_day0(place_points(trial, key, settings).month)
    found = []
    for months in range(-FARTHEST, FARTHEST + 1):
        days = shift_days(settings, months)
        if not months or not _possible(days):
            continue
        moved = settings.with_(shift_days=days)
        points = place_points(trial, key, moved)
        kept = early if months < 0 else ~early
        points = replace(points, before=points.before & kept, after=points.after & kept)
        lines = ESTIMATORS[settings.estimator](points, len(trial.patient_ids), moved)
        change = lines.after.slope - lines.before.slope
        found.append(_date(result, settings, months, days, change[members]))
    return tuple(one for one in found if one.test.n > 1)


def _possible(days: int) -> bool:
    return abs(days) <= 3_650


def _date(
    result: EndpointComparison, settings: Settings, months: int, days: int, change: FloatArray
) -> ShiftedDate:
    known = change[np.isfinite(change)] * result.rate.months_before
    return ShiftedDate(months, days, paired_t(known, settings))

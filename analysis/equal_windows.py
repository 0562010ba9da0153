"""Windows of one length on both sides of day 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import Comparison
from analysis.results import finite
from analysis.settings import Settings
from analysis.slopes import WINDOW_SLACK_DAYS
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray

_SHORTEST: Final = 1.0


@dataclass(frozen=True, slots=True)
class EqualWindows:
    """The longest windows of one length that both periods of a trial fill.

    Parameters
    ----------
    before, after
        Months that the run-in and the follow-up have: the window where one is set, else the median
        over the compared patients of all endpoints.
    months
        The shorter of the two in whole months; NaN where there is none.
    reason
        Why there is none; empty if there is one.
    """

    before: float
    after: float
    months: float
    reason: str = ""

    @property
    def changes(self) -> dict[str, float]:
        """The settings that make both periods equally long; empty where there are none."""
        if self.reason:
            return {}
        return {"pre_months": self.months, "post_months": self.months}

    def holds(self, settings: Settings) -> bool:
        """Whether both windows of ``settings`` have one length."""
        return settings.pre_months is not None and settings.pre_months == settings.post_months

    def to_json(self) -> dict[str, Any]:
        """Return the lengths as JSON values."""
        return {
            "before": finite(self.before),
            "after": finite(self.after),
            "months": finite(self.months),
            "reason": self.reason,
        }


def equal_windows(comparison: Comparison) -> EqualWindows:
    """Return the windows that make both periods equally long.

    Parameters
    ----------
    comparison
        The analysis whose visits are looked at. A run-in that is counted from onset has no window:
        the visits before day 0 are looked at all the same.

    Notes
    -----
    Unequal periods give slopes of unequal precision, and a decline that slows by itself shows the
    more, the longer the later period is. Whole months are taken, and a visit within the 3 days by
    which a window is wider still counts, so that a follow-up of 5.95 months gives 6.
    """
    spans = [
        _extents(result.slopes.points.patient, result.slopes.points.month, side, result.paired)
        for result in comparison.endpoints
        for side in (result.slopes.points.before, result.slopes.points.after)
    ]
    settings = comparison.settings
    before = settings.pre_months or _median(spans[0::2])
    after = settings.post_months or _median(spans[1::2])
    if not (math.isfinite(before) and math.isfinite(after)):
        return EqualWindows(before, after, math.nan, "no patient can be compared")
    months = float(math.floor(min(before, after) + WINDOW_SLACK_DAYS / DAYS_PER_MONTH))
    if months < _SHORTEST:
        return EqualWindows(before, after, math.nan, "a period is shorter than a month")
    return EqualWindows(before, after, months)


def _extents(
    patient: IntArray, month: FloatArray, side: BoolArray, paired: BoolArray
) -> FloatArray:
    """Return the distance from day 0 of the farthest visit of each compared patient."""
    farthest = np.zeros(len(paired))
    np.maximum.at(farthest, patient[side], np.abs(month[side]))
    return farthest[paired]


def _median(parts: list[FloatArray]) -> float:
    every = np.concatenate(parts) if parts else np.empty(0)
    return float(np.median(every)) if every.size else math.nan

"""The log-rank test between two groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.results import finite
from data.trial import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test between two groups, exploratory.

    Parameters
    ----------
    chi2, p
        Statistic with one degree of freedom, and its two-sided P.
    observed, expected
        Events of each of the two groups, and those expected if the hazards were equal.
    """

    chi2: float
    p: float
    observed: tuple[int, int]
    expected: tuple[float, float]

    def to_json(self) -> dict[str, Any]:
        """Return the test as JSON values."""
        return {
            "chi2": finite(self.chi2),
            "p": finite(self.p),
            "observed": list(self.observed),
            "expected": list(self.expected),
        }


Times = tuple[FloatArray, BoolArray]
"""Times under observation, and whether each ended with an event."""


def log_rank(first: Times, second: Times) -> LogRank:
    """Test whether two groups have the same hazard.

    Parameters
    ----------
    first, second
        Times and events of the two groups; equal times are the same number.

    Returns
    -------
    LogRank
        ``chi2`` and ``p`` are NaN where nobody of one group is at risk at any event.

    Notes
    -----
    Mantel 1966 (Cancer Chemother Rep 50:163–170), with the hypergeometric variance at each time;
    equal to ``survdiff`` of R's survival.
    """
    times = np.unique(np.concatenate([time[event] for time, event in (first, second)]))
    ours, theirs = (_at_risk(group, times) for group in (first, second))
    died = _events(first, times) + _events(second, times)
    n = ours + theirs
    expected = died * ours / n
    spread = expected * (theirs / n) * (n - died) / np.maximum(n - 1, 1)
    mean, variance = float(expected.sum()), float(spread.sum())
    observed = (int(first[1].sum()), int(second[1].sum()))
    chi2 = (observed[0] - mean) ** 2 / variance if variance > 0 else math.nan
    p = float(stats.chi2.sf(chi2, 1))
    return LogRank(chi2, p, observed, (mean, float(died.sum()) - mean))


def _at_risk(group: Times, times: FloatArray) -> FloatArray:
    ordered = np.sort(group[0])
    return np.asarray(len(ordered) - np.searchsorted(ordered, times), dtype=np.float64)


def _events(group: Times, times: FloatArray) -> FloatArray:
    ends = np.sort(group[0][group[1]])
    upto, below = (np.searchsorted(ends, times, side) for side in ("right", "left"))
    return np.asarray(upto - below, dtype=np.float64)

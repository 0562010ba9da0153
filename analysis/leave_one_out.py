"""The comparison again without each patient in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.comparison import EndpointComparison
from analysis.paired_tests import paired_t, t_tail
from analysis.results import TestResult, finite
from analysis.settings import Settings
from analysis.signed_rank import rounded
from data.trial import BoolArray, FloatArray, IntArray

ALPHA: Final = 0.05
"""The P value whose crossing is reported, whatever the level of the intervals."""

FEWEST: Final = 3
"""Patients needed: without one of them, two must be left for a standard deviation."""

_CANCELLED: Final = 1e-6


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """Estimate, interval and P of the paired t test without each patient in turn.

    Parameters
    ----------
    full
        The test with everybody.
    level
        Level of the intervals.
    patient
        Position in ``Trial.patient_ids``, one entry a compared patient; all arrays have this order.
    change
        The patient's own change.
    estimate, low, high, p
        Mean change of the others, its interval and P; NaN where it is not estimable.
    dfbetas
        Mean change with everybody minus that without the patient, over the standard error that the
        SD of the others gives; infinite where the others are all equal.
    threshold
        Size of ``dfbetas`` above which a patient is influential: 2/√n.
    crosses
        Whether leaving out the patient moves P across 0.05, in either direction.
    flips
        Whether leaving out the patient turns the sign of the mean change.
    influential
        Whether ``dfbetas`` is larger than ``threshold``.
    """

    full: TestResult
    level: float
    patient: IntArray
    change: FloatArray
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    dfbetas: FloatArray
    threshold: float
    crosses: BoolArray
    flips: BoolArray
    influential: BoolArray

    @property
    def estimate_range(self) -> tuple[float, float]:
        """Smallest and largest mean change without one patient."""
        return _range(self.estimate)

    @property
    def p_range(self) -> tuple[float, float]:
        """Smallest and largest P without one patient."""
        return _range(self.p)

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return the table as JSON values, patients by name."""
        low, high = self.estimate_range
        p_low, p_high = self.p_range
        return {
            "full": self.full.to_json(),
            "level": self.level,
            "alpha": ALPHA,
            "dfbetas_threshold": finite(self.threshold),
            "estimate_range": [finite(low), finite(high)],
            "p_range": [finite(p_low), finite(p_high)],
            "without": [
                {
                    "patient": patient_ids[i],
                    "change": finite(self.change[k]),
                    "estimate": finite(self.estimate[k]),
                    "low": finite(self.low[k]),
                    "high": finite(self.high[k]),
                    "p": finite(self.p[k]),
                    "dfbetas": finite(self.dfbetas[k]),
                    "crosses_0_05": bool(self.crosses[k]),
                    "flips_sign": bool(self.flips[k]),
                    "influential": bool(self.influential[k]),
                }
                for k, i in enumerate(self.patient)
            ],
        }


def leave_one_out(result: EndpointComparison, settings: Settings) -> LeaveOneOut:
    """Repeat the paired t test without each compared patient.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Level of the intervals and direction of the test.

    Returns
    -------
    LeaveOneOut
        With fewer than 3 patients the means are given, but nothing has an interval or a P.

    Notes
    -----
    DFBETAS and its rule of 2/√n: Belsley, Kuh & Welsch 1980, *Regression Diagnostics*
    (doi 10.1002/0471725153), chapter 2, for a model that holds a mean only. About 1 in 20 patients
    of a normal sample is called influential by this rule.
    """
    changes = result.change[result.paired]
    n = len(changes)
    full = paired_t(changes, settings)
    mean, sd = without_each(changes)
    half = np.full(n, np.nan)
    p = np.full(n, np.nan)
    dfbetas = np.full(n, np.nan)
    if n >= FEWEST:
        se = np.where(sd > 0, sd, np.nan) / math.sqrt(n - 1)
        half = stats.t.ppf((1 + settings.confidence) / 2, n - 2) * se
        p = t_tail(mean / se, n - 2, settings.alternative)
        dfbetas = _dfbetas(full.estimate - mean, sd, n)
    sign = np.sign(rounded(np.asarray([full.estimate])))[0] if n else 0.0
    flips = (np.sign(rounded(mean)) == -sign) & (sign != 0)
    crosses = np.isfinite(p) & math.isfinite(full.p) & ((p < ALPHA) != (full.p < ALPHA))
    threshold = 2 / math.sqrt(n) if n else math.nan
    return LeaveOneOut(
        full=full,
        level=settings.confidence,
        patient=np.flatnonzero(result.paired),
        change=changes,
        estimate=mean,
        low=mean - half,
        high=mean + half,
        p=p,
        dfbetas=dfbetas,
        threshold=threshold,
        crosses=crosses,
        flips=flips,
        influential=np.abs(dfbetas) > threshold,
    )


def without_each(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and SD of all values but one, for each one in turn.

    Parameters
    ----------
    values
        One value a patient.

    Returns
    -------
    tuple of arrays
        Mean and SD of the others; NaN where none, or too few, are left. The SD is exactly 0 where
        the others are equal after rounding to 10 decimals.
    """
    n = len(values)
    if n < 2:
        return np.full(n, np.nan), np.full(n, np.nan)
    centre = float(np.mean(values))
    away = values - centre
    mean = centre - away / (n - 1)
    if n < FEWEST:
        return mean, np.full(n, np.nan)
    total = float(np.sum(away * away))
    rest = total - away * away * n / (n - 1)
    # One value that holds nearly the whole sum of squares leaves no digits for the others.
    for i in np.flatnonzero(rest < _CANCELLED * total):
        others = np.delete(values, i)
        rest[i] = np.sum((others - np.mean(others)) ** 2)
    sd = np.sqrt(np.maximum(rest, 0) / (n - 2))
    return mean, np.where(_spread_without_each(values) > 0, sd, 0.0)


def _spread_without_each(values: FloatArray) -> FloatArray:
    """Return the range of the others, after rounding."""
    near = rounded(values)
    order = np.argsort(near)
    low = np.full(len(near), near[order[0]])
    high = np.full(len(near), near[order[-1]])
    low[order[0]], high[order[-1]] = near[order[1]], near[order[-2]]
    return np.asarray(high - low)


def _dfbetas(shift: FloatArray, sd: FloatArray, n: int) -> FloatArray:
    """Return the shift over its standard error; 0 where leaving out moves nothing."""
    moved = rounded(shift) != 0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(moved, shift * math.sqrt(n) / sd, 0.0))


def _range(values: FloatArray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if known.size else (math.nan, math.nan)

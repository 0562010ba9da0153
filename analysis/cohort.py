"""The middle of the cohort over time: median and quartiles around day 0, with n."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.slopes import Points
from data.trial import FloatArray, IntArray

FEWEST = 3
_SPACINGS = (1.0, 2.0, 3.0, 4.0, 6.0, 12.0)


def visit_spacing(points: Points) -> float:
    """Return the usual time between two visits of one patient, in round months.

    Bins of another width would hold other patients from one to the next, and their median would
    rise and fall without anybody's course doing so.
    """
    known = np.isfinite(points.month) & points.analysable
    return usual_spacing(points.patient[known], points.month[known])


def usual_spacing(patient: IntArray, month: FloatArray) -> float:
    """Return the usual time between two visits of one patient, in round months.

    Parameters
    ----------
    patient, month
        Patient and time of each visit, all known.
    """
    order = np.lexsort((month, patient))
    gaps = np.diff(month[order])[np.diff(patient[order]) == 0]
    gaps = gaps[gaps > 0]
    usual = float(np.median(gaps)) if gaps.size else 2.0
    return min(_SPACINGS, key=lambda spacing: abs(math.log(spacing / max(usual, 0.1))))


@dataclass(frozen=True, slots=True)
class Middle:
    """Median and quartiles at evenly spaced months.

    Parameters
    ----------
    month
        Centres, multiples of the step.
    n
        Patients with a visit within half a step of the centre.
    median, lower, upper
        Over those patients; NaN where fewer than 3, or fewer than half of the largest n, are there.
    """

    month: FloatArray
    n: IntArray
    median: FloatArray
    lower: FloatArray
    upper: FloatArray


def middle_course(points: Points, step: float) -> Middle:
    """Return the middle of the cohort every ``step`` months.

    Each patient counts once at each centre, with the visit nearest to it.
    """
    known = np.isfinite(points.month) & points.analysable
    if not known.any():
        empty = np.empty(0)
        return Middle(empty, empty.astype(np.int64), empty, empty, empty)
    month, patient, value = points.month[known], points.patient[known], points.value[known]
    bins = np.floor(month / step + 0.5).astype(np.int64)
    order = np.lexsort((np.abs(month - bins * step), bins, patient))
    patient, bins, value = patient[order], bins[order], value[order]
    first = np.ones(len(bins), dtype=np.bool_)
    first[1:] = (patient[1:] != patient[:-1]) | (bins[1:] != bins[:-1])
    bins, value = bins[first], value[first]
    centres = np.arange(bins.min(), bins.max() + 1)
    n = np.bincount(bins - centres[0], minlength=len(centres))
    fewest = max(FEWEST, math.ceil(n.max() / 2))
    rows = [_quartiles(value[bins == centre], fewest) for centre in centres]
    lower, median, upper = (np.asarray(column) for column in zip(*rows, strict=True))
    return Middle(centres * step, n, median, lower, upper)


def _quartiles(values: FloatArray, fewest: int) -> tuple[float, float, float]:
    if len(values) < fewest:
        return math.nan, math.nan, math.nan
    lower, median, upper = np.quantile(values, (0.25, 0.5, 0.75))
    return float(lower), float(median), float(upper)

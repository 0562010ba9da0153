"""All patients at once: the middle of the cohort over time, its density, and last values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.comparison import EndpointComparison
from analysis.slopes import Points
from data.trial import FloatArray, IntArray

FEWEST = 3
DENSE = 2_000
"""Patients above which single courses can no longer be told apart, and a raster stands for them."""

_COLUMNS, _MOST_ROWS = 121, 64
_HEIGHTS = (0.1, 0.25, 1.0, 2.0, 5.0, 10.0)
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
SPACINGS = (1.0, 2.0, 3.0, 4.0, 6.0, 12.0)


def visit_spacing(points: Points) -> float:
    """Return the usual time between two visits of one patient, in round months.

    Bins of another width would hold other patients from one to the next, and their median would
    rise and fall without anybody's course doing so.
    """
    known = np.isfinite(points.month) & points.analysable
    return usual_spacing(points.patient[known], points.month[known])


def usual_spacing(patient: IntArray, month: FloatArray) -> float:
    """Return the median time between two visits of one patient, in round months.

    Parameters
    ----------
    patient, month
        One entry a visit, in any order.

    Returns
    -------
    float
        The nearest, by ratio, of 1, 2, 3, 4, 6 and 12 months; 2 where nobody has two visits.
    """
    order = np.lexsort((month, patient))
    gaps = np.diff(month[order])[np.diff(patient[order]) == 0]
    gaps = gaps[gaps > 0]
    usual = float(np.median(gaps)) if gaps.size else 2.0
    return min(SPACINGS, key=lambda spacing: abs(math.log(spacing / max(usual, 0.1))))


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
    tenth, ninetieth
        The ends of the middle four fifths, likewise.
    """

    month: FloatArray
    n: IntArray
    median: FloatArray
    lower: FloatArray
    upper: FloatArray
    tenth: FloatArray
    ninetieth: FloatArray

    @property
    def fewest(self) -> int:
        """Patients that must be there for a median."""
        return max(FEWEST, math.ceil(int(self.n.max(initial=0)) / 2))


def middle_course(points: Points, step: float) -> Middle:
    """Return the middle of the cohort every ``step`` months.

    Each patient counts once at each centre, with the visit nearest to it.
    """
    known = np.isfinite(points.month) & points.analysable
    if not known.any():
        empty = np.empty(0)
        return Middle(empty, empty.astype(np.int64), *[empty] * 5)
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
    rows = [_quantiles(value[bins == centre], fewest) for centre in centres]
    tenth, lower, median, upper, ninetieth = (
        np.asarray(column) for column in zip(*rows, strict=True)
    )
    return Middle(centres * step, n, median, lower, upper, tenth, ninetieth)


def _quantiles(values: FloatArray, fewest: int) -> tuple[float, ...]:
    if len(values) < fewest:
        return (math.nan,) * len(_QUANTILES)
    return tuple(np.quantile(values, _QUANTILES).tolist())


@dataclass(frozen=True, slots=True)
class Density:
    """How many courses pass each cell of a raster of months and values.

    Parameters
    ----------
    month, value
        Centres of the columns and rows.
    courses
        Rows × columns: courses in the cell, a course being the straight joins of its visits.
    """

    month: FloatArray
    value: FloatArray
    courses: IntArray


def course_density(points: Points, months: FloatArray, values: FloatArray) -> Density:
    """Count the courses that pass each cell of a raster.

    Parameters
    ----------
    points
        The values of one endpoint.
    months, values
        Evenly spaced, rising centres of the cells. Values beyond the outermost cells count there.

    Notes
    -----
    At each month a patient counts once, between the first and the last visit, with the value on the
    straight join of the two visits around it. A single visit makes no course.
    """
    known = np.isfinite(points.month) & points.analysable
    who, month, value = points.patient[known], points.month[known], points.value[known]
    order = np.lexsort((month, who))
    who, month, value = who[order], month[order], value[order]
    same = np.flatnonzero((np.diff(who) == 0) & (np.diff(month) > 0))
    step = float(months[1] - months[0]) if len(months) > 1 else 1.0
    # Each join holds the columns from its start up to, but not at, its end: the next one has that.
    first = np.ceil((month[same] - months[0]) / step - 1e-9).astype(np.int64)
    stop = np.ceil((month[same + 1] - months[0]) / step - 1e-9).astype(np.int64)
    # Nothing follows a patient's last visit, which would else be the one that is never counted.
    last = np.ones(len(same), dtype=np.bool_)
    last[:-1] = who[same[1:]] != who[same[:-1]]
    at_end = np.abs(months[0] + stop * step - month[same + 1]) < 1e-6
    stop = np.clip(stop + (last & at_end), 0, len(months))
    first = np.clip(first, 0, len(months))
    cells = np.maximum(stop - first, 0)
    join = np.repeat(same, cells)
    column = np.arange(cells.sum()) - np.repeat(np.cumsum(cells) - cells - first, cells)
    share = (months[0] + column * step - month[join]) / (month[join + 1] - month[join])
    height = value[join] + share * (value[join + 1] - value[join])
    room = float(values[1] - values[0]) if len(values) > 1 else 1.0
    row = np.floor((height - values[0]) / room + 0.5).astype(np.int64)
    cell = np.clip(row, 0, len(values) - 1) * len(months) + column
    counts = np.bincount(cell, minlength=len(values) * len(months))
    return Density(months, values, counts.reshape(len(values), len(months)))


@dataclass(frozen=True, slots=True)
class Overview:
    """What a figure of all courses of one endpoint rests on.

    Parameters
    ----------
    n
        Patients with a value that can be analysed and has a time from day 0.
    spacing
        Usual months between two visits.
    middle
        Median and quantiles.
    density
        How many courses pass each cell, or ``None`` where the lines themselves can be drawn.
    """

    n: int
    spacing: float
    middle: Middle
    density: Density | None


def overview(points: Points, scale: tuple[float, float]) -> Overview:
    """Return what a figure of all courses needs, with a raster above :data:`DENSE` patients.

    Parameters
    ----------
    points
        The values of one endpoint.
    scale
        Ends of the axis of values, which the raster covers.
    """
    known = np.isfinite(points.month) & points.analysable
    n = len(np.unique(points.patient[known]))
    spacing = visit_spacing(points)
    density = None
    if n > DENSE:
        months = np.linspace(points.month[known].min(), points.month[known].max(), _COLUMNS)
        low, high = scale
        # Scores are whole: cells of other heights would hold one or two of them in turn.
        height = next((h for h in _HEIGHTS if (high - low) / h <= _MOST_ROWS), high - low)
        rows = np.arange(low, high + height / 2, height)
        density = course_density(points, months, rows)
    return Overview(n, spacing, middle_course(points, spacing), density)


@dataclass(frozen=True, slots=True)
class LastValues:
    """The last value of every patient who has one, in the order of the trial.

    Parameters
    ----------
    patient
        Positions in ``Trial.patient_ids``.
    month, value
        Months from day 0 and the value.
    """

    patient: IntArray
    month: FloatArray
    value: FloatArray

    def below(self, limit: float) -> IntArray:
        """Return the places of those below ``limit``, lowest value first."""
        under = np.flatnonzero(self.value < limit)
        return under[np.argsort(self.value[under], kind="stable")]


def last_values(points: Points) -> LastValues:
    """Return the last value of each patient that can be analysed and has a time from day 0."""
    known = np.isfinite(points.month) & points.analysable
    who, month, value = points.patient[known], points.month[known], points.value[known]
    order = np.lexsort((month, who))
    who, month, value = who[order], month[order], value[order]
    last = np.ones(len(who), dtype=np.bool_)
    last[:-1] = np.diff(who) != 0
    return LastValues(who[last], month[last], value[last])


def change_bounds(result: EndpointComparison, level: float) -> tuple[float, float]:
    """Return the lowest and the highest end of all patients' intervals of the change.

    Where no residual SD can be estimated, those of the changes themselves.
    """
    change = result.change[result.paired]
    half = np.zeros(len(change))
    if result.slopes.residual_sd > 0:
        width = float(stats.t.ppf((1 + level) / 2, result.slopes.residual_df))
        half = np.nan_to_num(width * result.change_se[result.paired])
    return float((change - half).min()), float((change + half).max())

"""Changes of slope at every date at which a person's own visits can be split in two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.settings import Settings
from analysis.slope_points import SAME_DAY, Points
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Pool:
    """The visits that are split: those that enter a slope of the comparison, each once.

    Parameters
    ----------
    start, n
        Where each patient's visits start in ``month`` and ``value``, and how many there are; one
        entry a patient of the trial, 0 visits for those who are not asked for.
    month, value
        Months from day 0 and scores, sorted by patient and time.
    before
        How many of a patient's visits are in the period before day 0; they are the first ones.
    shared
        How many of them are in both periods: the visit on day 0 where it counts twice, else 0.
    """

    start: IntArray
    n: IntArray
    month: FloatArray
    value: FloatArray
    before: IntArray
    shared: IntArray


@dataclass(frozen=True, slots=True)
class Split:
    """The change of slope at day 0 and at the other dates, one entry a patient, per month.

    Parameters
    ----------
    true
        Slope after minus slope before, split at day 0; NaN where a side has too few visits.
    others
        Mean of the same over all other dates; NaN where there is none.
    n_others
        How many other dates there are.
    """

    true: FloatArray
    others: FloatArray
    n_others: IntArray

    @property
    def excess(self) -> FloatArray:
        """The change at day 0 beyond the mean of the other dates."""
        return np.asarray(self.true - self.others)


@dataclass(frozen=True, slots=True)
class DateChanges:
    """What the dates make of the visits, and of two courses at the same times.

    Parameters
    ----------
    seen
        The scores.
    square
        Splits of *t*²: a course that bends evenly.
    bend
        Splits of max(*t*, 0): a course that bends at day 0 and nowhere else.
    """

    seen: Split
    square: Split
    bend: Split

    @property
    def even(self) -> FloatArray:
        """The excess that each patient’s change at day 0 would have had in an even bend."""
        return np.asarray(self.seen.true * self.square.excess / self.square.true)

    @property
    def alone(self) -> FloatArray:
        """The excess that it would have had in a bend at day 0 and nowhere else."""
        return np.asarray(self.seen.true * self.bend.excess / self.bend.true)

    def tells_apart(self, patients: IntArray) -> bool:
        """Whether a bend at day 0 gives more of its change as excess than an even one, on average.

        Parameters
        ----------
        patients
            Positions of those who have another date.
        """
        if not patients.size:
            return False
        shares = self.bend.excess / self.bend.true - self.square.excess / self.square.true
        return bool(np.mean(shares[patients]) > _ROUNDING)


def pool_of(points: Points, chosen: BoolArray) -> Pool:
    """Return the visits of the ``chosen`` patients that enter a slope.

    Parameters
    ----------
    points
        Visits in their periods, sorted by patient and day.
    chosen
        Patients, one entry a patient of the trial.
    """
    n_patients = len(chosen)
    used = (points.before | points.after) & chosen[points.patient]
    who = points.patient[used]
    n = np.bincount(who, minlength=n_patients)
    before = np.bincount(who[points.before[used]], minlength=n_patients)
    both = (points.before & points.after)[used]
    shared = np.bincount(who[both], minlength=n_patients)
    return Pool(np.cumsum(n) - n, n, points.month[used], points.value[used], before, shared)


def date_changes(pool: Pool, settings: Settings) -> DateChanges:
    """Split the scores, and the two courses that they are held against, at every date.

    Parameters
    ----------
    pool, settings
        As for :func:`split_everywhere`.

    Notes
    -----
    Changes of slope are linear in the visits, and both courses have a change above 0 at day 0: so a
    patient's own change says how large either course would have been.
    """
    seen, square, bend = (
        split_everywhere(pool, value, settings)
        for value in (pool.value, pool.month**2, np.maximum(pool.month, 0))
    )
    return DateChanges(seen, square, bend)


def split_everywhere(pool: Pool, value: FloatArray, settings: Settings) -> Split:
    """Split every patient's visits at every possible date by two separate least-squares lines.

    Parameters
    ----------
    pool
        The visits.
    value
        Scores of the visits, or what else is to be split, such as the square of the months.
    settings
        Visits and days that each side needs. Nothing else of them is used: the lines are least
        squares whatever the estimator.

    Notes
    -----
    A date lies between two neighbouring visits; where the visit on day 0 counts on both sides, it
    lies on a visit that then counts on both sides too. So a date is one way to split the visits,
    and dates between the same two visits are one date. Times and values are centred per patient
    before they are summed up, so that nothing is lost to cancellation. Patients with the same
    number of visits are split together, as one table.
    """
    n_patients = len(pool.n)
    true, others = np.full(n_patients, np.nan), np.full(n_patients, np.nan)
    n_others = np.zeros(n_patients, dtype=np.int64)
    for shared in (0, 1):
        for size in np.unique(pool.n[(pool.n > 1) & (pool.shared == shared)]):
            some = np.flatnonzero((pool.n == size) & (pool.shared == shared))
            rows = pool.start[some][:, None] + np.arange(size)
            changes = split_changes(pool.month[rows], value[rows], shared, settings)
            # Column k holds the split with k + 1 visits before it.
            at = pool.before[some] - 1
            inside = np.flatnonzero((at >= 0) & (at < changes.shape[1]))
            true[some[inside]] = changes[inside, at[inside]]
            changes[inside, at[inside]] = np.nan
            n_others[some] = np.isfinite(changes).sum(axis=1)
            with np.errstate(invalid="ignore"):
                others[some] = np.nansum(changes, axis=1) / n_others[some]
    return Split(true, others, n_others)


def split_changes(t: FloatArray, y: FloatArray, shared: int, settings: Settings) -> FloatArray:
    """Return the change of slope at each split, of patients with equally many visits.

    Parameters
    ----------
    t, y
        Months and scores, patients × visits, by time.
    shared
        1 if the last visit before a date is the first one after it too, else 0.
    settings
        Visits and days that each side needs.

    Returns
    -------
    FloatArray
        Per month, patients × splits; column *k* has *k* + 1 visits before the date. NaN where a
        side has too few visits.
    """
    size = t.shape[1]
    t = t - t.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    first = np.arange(1, size + shared)
    second = size - first + shared
    sums = [np.cumsum(x, axis=1) for x in (t, y, t * t, t * y)]
    ahead = [x[:, first - 1] for x in sums]
    # What lies behind a split is everything without what ends before its first visit.
    behind = [x[:, -1:] - np.pad(x, ((0, 0), (1, 0)))[:, first - shared] for x in sums]
    enough = (first >= settings.min_visits) & (second >= settings.min_visits)
    allowed = np.tile(enough, (len(t), 1))
    for span in (t[:, first - 1] - t[:, :1], t[:, -1:] - t[:, first - shared]):
        days = span * DAYS_PER_MONTH
        allowed &= (days >= settings.min_span_days - SAME_DAY) & (days > SAME_DAY)
    with np.errstate(invalid="ignore", divide="ignore"):
        change = _slope(behind, second) - _slope(ahead, first)
    return np.where(allowed, change, np.nan)


def _slope(sums: list[FloatArray], n: IntArray) -> FloatArray:
    """Return the least-squares slope from the sums of t, y, t² and ty of ``n`` visits."""
    t, y, tt, ty = sums
    return np.asarray((ty - t * y / n) / (tt - t * t / n))

"""Spearman's rank correlation with its interval, and an exact P where there are few patients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.results import Interval, finite
from analysis.signed_rank import rounded
from data.trial import FloatArray

FEWEST_RANKS: Final = 4
"""Patients below whom no correlation is given."""

EXACT_ORDERS: Final = 9
"""Patients up to whom P counts all orders; 9 have 362,880."""


@dataclass(frozen=True, slots=True)
class Association:
    """Spearman's correlation of two values of the same patients.

    Parameters
    ----------
    r, interval, p, n
        Correlation, its interval, two-sided P and patients; NaN with fewer than 4 patients, or
        where either value is the same for everybody. No interval where the ranks agree wholly.
    exact
        Whether P counts all orders of the ranks.
    """

    r: float
    interval: Interval | None
    p: float
    n: int
    exact: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the correlation as JSON values."""
        return {
            "r": finite(self.r),
            "interval": None if self.interval is None else self.interval.to_json(),
            "p": finite(self.p),
            "n": self.n,
        }


def spearman(first: FloatArray, second: FloatArray, level: float) -> Association:
    """Return Spearman's correlation of two values of the same patients.

    Parameters
    ----------
    first, second
        One value a patient; patients for whom either is not a number are left out. Values
        that are the same to 10 decimals are ties.
    level
        Level of the interval.

    Notes
    -----
    Spearman 1904 (doi 10.2307/1412159), midranks for ties. The interval is that of Bonett & Wright
    2000 (doi 10.1007/BF02294183): Fisher's z with variance (1 + r²/2) / (n − 3). Up to 9 patients P
    is the share of all n! orders whose correlation is at least as far from 0, which is exact also
    with ties; above, it comes from t with n − 2 degrees of freedom. With 4 patients that
    approximation would call two orders of 24 a certainty.
    """
    known = np.isfinite(first) & np.isfinite(second)
    n = int(known.sum())
    x, y = (stats.rankdata(rounded(v[known])) for v in (first, second))
    if n < FEWEST_RANKS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Association(math.nan, None, math.nan, n)
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    whole = 1 - abs(r) < 1e-12
    exact = n <= EXACT_ORDERS
    if exact:
        p = _share_of_orders(x, y)
    else:
        t = math.inf if whole else abs(r) * math.sqrt((n - 2) / (1 - r * r))
        p = 2 * float(stats.t.sf(t, n - 2))
    if whole:
        return Association(math.copysign(1.0, r), None, p, n, exact)
    half = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt((1 + r * r / 2) / (n - 3))
    low, high = (math.tanh(math.atanh(r) + side * half) for side in (-1, 1))
    return Association(r, Interval(low, high, level, level), p, n, exact)


def _share_of_orders(x: FloatArray, y: FloatArray) -> float:
    """Return the share of all orders of ``y`` that agree, or disagree, with ``x`` as much."""
    # Doubled midranks are whole numbers, so that no rounding decides what is as extreme.
    first, second = (np.rint(2 * ranks).astype(np.int32) for ranks in (x, y))
    middle = int(first.sum()) * int(second.sum())
    n = len(first)
    seen = abs(n * int(first @ second) - middle)
    sums = second[_orders(n)] @ first
    return float(np.mean(np.abs(n * sums - middle) >= seen))


@lru_cache(maxsize=2)
def _orders(n: int) -> npt.NDArray[np.int8]:
    """Return all orders of n places, one a row."""
    orders = np.zeros((1, 1), dtype=np.int8)
    for last in range(1, n):
        orders = np.concatenate([np.insert(orders, at, last, axis=1) for at in range(last + 1)])
    return orders

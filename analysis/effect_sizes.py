"""Standardised changes with intervals from the noncentral t distribution."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import optimize, special, stats

from analysis.results import EffectSize, Interval
from data.trial import FloatArray

_WIDEST: Final = 1e4


def hedges_correction(df: float) -> float:
    """Return Hedges' exact small-sample factor J for ``df`` degrees of freedom.

    Notes
    -----
    Hedges 1981 (doi 10.3102/10769986006002107): Γ(df/2) / (√(df/2) Γ((df−1)/2)).
    """
    logs = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return float(math.exp(logs) / math.sqrt(df / 2))


def noncentrality_interval(t: float, df: float, level: float) -> tuple[float, float]:
    """Return the noncentralities under which ``t`` is just in either tail.

    Notes
    -----
    Steiger & Fouladi 1997, in *What if there were no significance tests?*, ch. 9.
    """
    tail = (1 - level) / 2

    def solve(probability: float) -> float:
        def gap(ncp: float) -> float:
            return float(stats.nct.cdf(t, df, ncp)) - probability

        low, high = t - 2, t + 2
        while gap(low) < 0 and low > -_WIDEST:
            low = t - 2 * (t - low)
        while gap(high) > 0 and high < _WIDEST:
            high = t + 2 * (high - t)
        return float(optimize.brentq(gap, low, high, xtol=1e-12, rtol=1e-14))

    return solve(1 - tail), solve(tail)


def standardised_changes(
    before: FloatArray, after: FloatArray, level: float
) -> tuple[EffectSize, EffectSize]:
    """Return Cohen's d_z and Hedges' g_av of the change from ``before`` to ``after``.

    Parameters
    ----------
    before, after
        One slope a patient in each period, in any common unit.
    level
        Level of the intervals.

    Returns
    -------
    tuple of EffectSize
        d_z (mean change over the SD of the changes) and g_av (mean change over the root mean square
        of the two SDs, times Hedges' correction). The interval of g_av is that of the population
        value, by Algina & Keselman 2003 (doi 10.1177/0013164403256358), without the correction,
        which removes the bias of the estimate and is not part of the population value.
    """
    d_z = ("d_z", "Cohen’s d_z (change / SD of the changes)")
    g_av = ("g_av", "Hedges’ g_av (change / root mean square of the two SDs, corrected)")
    n = len(before)
    change = after - before
    sd = float(np.std(change, ddof=1)) if n > 1 else math.nan
    pooled = math.sqrt((np.var(before, ddof=1) + np.var(after, ddof=1)) / 2) if n > 1 else math.nan
    if not sd > 0 or not pooled > 0:
        why = ("not estimable: fewer than 2 patients or no spread",)
        return (
            EffectSize(*d_z, math.nan, n, notes=why),
            EffectSize(*g_av, math.nan, n, notes=why),
        )
    mean = float(np.mean(change))
    low, high = noncentrality_interval(mean / sd * math.sqrt(n), n - 1, level)
    root = math.sqrt(n)
    stretch = sd / (root * pooled)
    return (
        EffectSize(*d_z, mean / sd, n, Interval(low / root, high / root, level, level)),
        EffectSize(
            *g_av,
            hedges_correction(n - 1) * mean / pooled,
            n,
            Interval(low * stretch, high * stretch, level, level),
            ("interval by Algina & Keselman, for the population value",),
        ),
    )

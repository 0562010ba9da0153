"""Standardised changes with intervals from the noncentral t distribution."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import optimize, special, stats

from analysis.results import EffectSize, Interval
from analysis.signed_rank import rounded
from data.trial import FloatArray

_TINY: Final = 1e-18
_FAR: Final = 9.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


def hedges_correction(df: float) -> float:
    """Return Hedges' exact small-sample factor J for ``df`` degrees of freedom.

    Notes
    -----
    Hedges 1981 (doi 10.3102/10769986006002107): Γ(df/2) / (√(df/2) Γ((df−1)/2)).
    """
    logs = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    return float(math.exp(logs) / math.sqrt(df / 2))


def noncentral_t_cdf(t: float, df: float, ncp: float) -> float:
    """Return P(T ≤ t) of the noncentral t distribution.

    Notes
    -----
    T is (Z + ncp) / S with a standard normal Z and S = √(χ²/df), so the probability is the mean of
    Φ(t S − ncp) over S, taken by Gauss–Legendre quadrature where neither factor is constant.
    scipy's own function gives NaN for large statistics in small samples.
    """
    if t < 0:
        return 1 - noncentral_t_cdf(-t, df, -ncp)
    if t == 0:
        return float(special.ndtr(-ncp))
    half = df / 2
    lowest = math.sqrt(special.gammaincinv(half, _TINY) / half)
    highest = math.sqrt(special.gammainccinv(half, _TINY) / half)
    a = min(max(lowest, (ncp - _FAR) / t), highest)
    b = min(max(a, (ncp + _FAR) / t), highest)
    s = (a + b) / 2 + (b - a) / 2 * _NODES
    constant = math.log(2) + half * math.log(half) - special.gammaln(half)
    density = np.exp(constant + (df - 1) * np.log(s) - half * s * s)
    inside = float(_WEIGHTS @ (density * special.ndtr(t * s - ncp)))
    return (b - a) / 2 * inside + float(special.gammaincc(half, half * b * b))


def noncentrality_interval(t: float, df: float, level: float) -> tuple[float, float]:
    """Return the noncentralities under which ``t`` is just in either tail.

    Notes
    -----
    Steiger & Fouladi 1997, in *What if there were no significance tests?*, ch. 9.
    """
    tail = (1 - level) / 2
    reach = 10 + abs(t) * math.sqrt(special.gammainccinv(df / 2, _TINY) / (df / 2))

    def solve(probability: float) -> float:
        def gap(ncp: float) -> float:
            return noncentral_t_cdf(t, df, ncp) - probability

        return float(optimize.brentq(gap, -reach, reach, xtol=1e-12, rtol=1e-14, maxiter=500))

    return solve(1 - tail), solve(tail)


def effect_menu(before: FloatArray, after: FloatArray, level: float) -> tuple[EffectSize, ...]:
    """Return d_z, g_av, g_z, d_av and the rank-biserial correlation of the change.

    Parameters
    ----------
    before, after
        One slope a patient in each period, in any common unit.
    level
        Level of the intervals.

    Returns
    -------
    tuple of EffectSize
        d_z is the mean change over the SD of the changes, d_av the mean change over the root mean
        square of the two SDs; g_z and g_av are these times Hedges' correction. Intervals are those
        of the population values: from the noncentral t distribution for d_z and g_z, by Algina &
        Keselman 2003 (doi 10.1177/0013164403256358) for d_av and g_av. The correction removes the
        bias of the estimate, is not part of the population value and does not enter them.
    """
    return (*_standardised(before, after, level), rank_biserial(after - before, level))


def _standardised(before: FloatArray, after: FloatArray, level: float) -> tuple[EffectSize, ...]:
    d_z = ("d_z", "Cohen’s d_z (change / SD of the changes)")
    g_av = ("g_av", "Hedges’ g_av (change / root mean square of the two SDs, corrected)")
    g_z = ("g_z", "Hedges’ g_z (change / SD of the changes, corrected)")
    d_av = ("d_av", "Cohen’s d_av (change / root mean square of the two SDs)")
    n = len(before)
    change = after - before
    spread = n > 1 and bool(np.ptp(rounded(change)) > 0)
    sd = float(np.std(change, ddof=1)) if spread else math.nan
    pooled = math.sqrt((np.var(before, ddof=1) + np.var(after, ddof=1)) / 2) if spread else 0.0
    if not pooled > 0:
        why = ("not estimable: fewer than 2 patients, or all changes are equal",)
        return tuple(EffectSize(*it, math.nan, n, notes=why) for it in (d_z, g_av, g_z, d_av))
    mean, root = float(np.mean(change)), math.sqrt(n)
    z, av = mean / sd, mean / pooled
    ends = noncentrality_interval(z * root, n - 1, level)
    stretch = sd / (root * pooled)
    of_z = Interval(ends[0] / root, ends[1] / root, level, level)
    of_av = Interval(ends[0] * stretch, ends[1] * stretch, level, level)
    how = "interval by Algina & Keselman, for the population value"
    if n == 2:
        correction = math.nan
        lost: tuple[str, ...] = ("not estimable with 2 patients: the correction is 0",)
    else:
        correction, lost = hedges_correction(n - 1), ()
    variant = "the variant over the mean of the two SDs can differ a little"
    return (
        EffectSize(*d_z, z, n, of_z),
        EffectSize(*g_av, correction * av, n, of_av, (*lost, how)),
        EffectSize(*g_z, correction * z, n, of_z, (*lost, "interval for the population value")),
        EffectSize(*d_av, av, n, of_av, (how, variant)),
    )


def rank_biserial(changes: FloatArray, level: float) -> EffectSize:
    """Matched-pairs rank-biserial correlation: (W+ − W−) over the sum of all ranks.

    Parameters
    ----------
    changes
        One change a patient; changes of exactly 0 are dropped.
    level
        Level of the interval.

    Notes
    -----
    Kerby 2014 (doi 10.2466/11.IT.3.1). The interval is Fisher's z with the standard error of the
    signed-rank sum under no change, as in R's effectsize; it is approximate, above all in small
    samples and near ±1.
    """
    values = rounded(changes)
    values = values[values != 0]
    n = len(values)
    base = EffectSize(
        "rank_biserial", "rank-biserial correlation (matched pairs)", math.nan, len(changes)
    )
    if len(changes) < 2 or n == 0:
        why = "not estimable: fewer than 2 patients, or no change differs from 0"
        return replace(base, notes=(why,))
    ranks = stats.rankdata(np.abs(values))
    total = n * (n + 1) / 2
    r = float((np.sign(values) * ranks).sum() / total)
    dropped = len(changes) - n
    notes = (f"{dropped} changes of exactly 0 are not ranked",) if dropped else ()
    if abs(r) == 1:
        why = "no interval: all changes that are not 0 have one sign"
        return replace(base, value=r, notes=(*notes, why))
    se = math.sqrt(n * (n + 1) * (2 * n + 1) / 6) / total
    half = float(special.ndtri((1 + level) / 2)) * se
    interval = Interval(
        math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half), level, level
    )
    return replace(base, value=r, interval=interval, notes=(*notes, "approximate interval"))

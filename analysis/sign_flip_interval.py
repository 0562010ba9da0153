"""Interval of the mean change from the sign-flip test."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import optimize, special, stats

from analysis.random_flips import by_size, random_subset_sums, subset_sums
from analysis.results import NO_INTERVAL, Interval, too_few_for
from analysis.signed_rank import MONTE_CARLO_FLIPS, rounded
from data.trial import FloatArray

EXACT_SUBSETS: Final = 24
_LISTED: Final = 12


def sign_flip_interval(
    changes: FloatArray, level: float, *, flips: int, seed: int
) -> tuple[Interval | None, str]:
    """Return the shifts that the sign-flip test does not reject, and what must be said about them.

    Parameters
    ----------
    changes
        One change a patient.
    level
        Level that is asked for.
    flips, seed
        Number and start of the random subsets, used above 24 patients.

    Returns
    -------
    tuple
        The interval with the level that it attains, or ``None`` where there is none; and a
        sentence, empty where the interval is exact.

    Notes
    -----
    A flip changes the signs of a subset of patients. The shift μ is rejected from below while fewer
    than k of the non-empty subsets have a mean of μ or less, so the ends are the k-th smallest and
    the k-th largest mean of a subset, with k = ⌊(1 − level)/2 · 2ⁿ⌋. The level is at least
    1 − 2k/2ⁿ for changes that scatter symmetrically (Hartigan 1969, *Journal of the American
    Statistical Association* 64:1303-1317). To 12 patients the means are listed, to 24 counted.
    Above, the means of random subsets take their place, which keeps the level:
    k = ⌊(1 − level)/2 · (draws + 1)⌋. They are those that the random test flips, so its one-sided
    P values and the interval cannot disagree about 0. Above 2,000 the normal approximation of the
    test is inverted: |n(d̄ − μ)| = z √Σ(dᵢ − μ)².
    """
    values = rounded(changes)
    n = len(values)
    if n > 1 and np.ptp(values) == 0:
        return None, NO_INTERVAL
    tail = (1 - level) / 2
    if n > MONTE_CARLO_FLIPS:
        return _normal_interval(values, level), ""
    if n > EXACT_SUBSETS:
        return _random_interval(values, level, flips, seed)
    k = math.floor(tail * 2.0**n)
    if k < 1:
        return None, too_few_for(n, level)
    attained = 1 - 2 * k / 2.0**n
    if n <= _LISTED:
        sums, sizes = subset_sums(values), subset_sums(np.ones(n))
        low, high = _kth_from_both_ends(sums[1:] / sizes[1:], k)
    else:
        low, high = _kth_mean(values, k), -_kth_mean(-values, k)
    return Interval(low, high, level, attained), ""


def _kth_from_both_ends(means: FloatArray, k: int) -> tuple[float, float]:
    ordered = np.partition(means, (k - 1, len(means) - k))
    return float(ordered[k - 1]), float(ordered[len(means) - k])


def _kth_mean(values: FloatArray, k: int) -> float:
    """Return the k-th smallest mean of a non-empty subset, counted by meeting in the middle.

    The count is a step function of the shift, nearly straight on the normal scale. Its jump is
    searched on that scale at k − ½, where no step lies.
    """
    half, total = len(values) // 2, 2.0 ** len(values)
    target = float(special.ndtri((k - 0.5) / total))

    def gap(shift: float) -> float:
        left = np.sort(subset_sums(values[:half] - shift))
        right = np.sort(-subset_sums(values[half:] - shift))
        with_empty = int(np.searchsorted(left, right, side="right").sum())
        return float(special.ndtri(max(with_empty - 1, 0.25) / total)) - target

    scale = float(np.ptp(values))
    start, stop = float(values.min()) - 1e-3 * scale, float(values.max())
    return float(optimize.brentq(gap, start, stop, xtol=1e-12 * scale, rtol=1e-14))


def _random_interval(
    values: FloatArray, level: float, flips: int, seed: int
) -> tuple[Interval | None, str]:
    """Take the ends from random subsets, those whose signs the test of the same seed flips."""
    values = by_size(values)
    sums, sizes = random_subset_sums(
        np.vstack((values, np.ones(len(values)))), flips=flips, seed=seed
    )
    some = sizes > 0
    # An empty subset is the flip that changes nothing: it counts against either end.
    k = math.floor((1 - level) / 2 * (flips + 1)) - int(np.count_nonzero(~some))
    if k < 1:
        return None, f"no interval: {flips:,} random flips are too few"
    low, high = _kth_from_both_ends(sums[some] / sizes[some], k)
    note = f"interval from {flips:,} random flips, seed {seed}"
    return Interval(low, high, level, 1 - 2 * k / (flips + 1)), note


def _normal_interval(values: FloatArray, level: float) -> Interval:
    n, mean = len(values), float(values.mean())
    z2 = float(stats.norm.ppf((1 + level) / 2)) ** 2
    half = math.sqrt(z2 * float(((values - mean) ** 2).sum()) / (n * (n - z2)))
    return Interval(mean - half, mean + half, level, level)

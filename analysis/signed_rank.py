"""Exact signed-rank and sign-flip distributions, valid with ties and zeros."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from scipy import stats

from analysis.random_flips import by_size, random_subset_sums
from data.trial import FloatArray

Zeros = Literal["wilcox", "pratt"]

EXACT_RANKS: Final = 200
EXACT_FLIPS: Final = 40
MONTE_CARLO_FLIPS: Final = 2_000
ROUNDING: Final = 10
_PAIRS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Tails:
    """P values of one statistic in three directions."""

    two_sided: float
    greater: float
    less: float
    exact: bool
    draws: int = 0


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's signed-rank sum of positive changes with its P values."""

    w_plus: float
    w_minus: float
    n_nonzero: int
    ties: bool
    tails: Tails


def rounded(changes: FloatArray) -> FloatArray:
    """Round to 10 decimals, so that floating-point noise neither makes nor breaks ties."""
    return np.asarray(np.round(changes, ROUNDING) + 0.0)


def signed_rank(changes: FloatArray, zeros: Zeros = "wilcox") -> SignedRank:
    """Wilcoxon's signed-rank test from the exact permutation distribution of the midranks.

    Parameters
    ----------
    changes
        One change a patient.
    zeros
        ``"wilcox"`` drops zeros before ranking, ``"pratt"`` ranks them and then drops them.

    Returns
    -------
    SignedRank
        Exact up to 200 ranked changes, also with ties; above, the normal approximation with
        correction for ties and without correction for continuity.

    Notes
    -----
    Wilcoxon 1945 (doi 10.2307/3001968), Pratt 1959 (doi 10.1080/01621459.1959.10501526); the
    distribution is counted by adding one doubled midrank at a time, which ties cannot disturb.
    """
    values = rounded(changes)
    if zeros == "wilcox":
        values = values[values != 0]
    ranked = len(values)
    ranks = stats.rankdata(np.abs(values))
    ranks, values = ranks[values != 0], values[values != 0]
    n = len(values)
    plus = float(ranks[values > 0].sum())
    minus = float(ranks[values < 0].sum())
    ties = len(np.unique(ranks)) < n
    if n == 0:
        return SignedRank(0.0, 0.0, 0, False, Tails(1.0, 1.0, 1.0, exact=True))
    if ranked > EXACT_RANKS:
        return SignedRank(plus, minus, n, ties, _normal_tails(plus, ranks))
    doubled = np.rint(2 * ranks).astype(np.int64)
    probability = _sum_distribution(doubled)
    at = round(2 * plus)
    less = float(probability[: at + 1].sum())
    greater = float(probability[at:].sum())
    two = min(1.0, 2 * min(less, greater))
    return SignedRank(plus, minus, n, ties, Tails(two, min(1.0, greater), min(1.0, less), True))


def _sum_distribution(weights: np.ndarray) -> FloatArray:
    """Return P(sum of the weights with a plus sign = s) for s = 0, 1, … under fair signs."""
    probability = np.zeros(int(weights.sum()) + 1)
    probability[0] = 1.0
    reach = 0
    for weight in weights:
        probability[weight : reach + weight + 1] += probability[: reach + 1].copy()
        probability *= 0.5
        reach += int(weight)
    return probability


def _normal_tails(plus: float, ranks: FloatArray) -> Tails:
    mean = ranks.sum() / 2
    sd = np.sqrt((ranks**2).sum() / 4)
    z = (plus - mean) / sd
    return Tails(
        float(2 * stats.norm.sf(abs(z))),
        float(stats.norm.sf(z)),
        float(stats.norm.cdf(z)),
        exact=False,
    )


def sign_flip(changes: FloatArray, *, flips: int, seed: int) -> Tails:
    """Permutation test of no change: the sum of the changes under all flips of their signs.

    Parameters
    ----------
    changes
        One change a patient.
    flips, seed
        Number and start of the random flips, used above 40 patients.

    Returns
    -------
    Tails
        Exact to 40 patients (all 2^n flips, counted by meeting in the middle), by random flips to
        2,000, then by the normal approximation. Flips that tie with the observed sum count as at
        least as extreme.

    Notes
    -----
    Fisher 1935, *The Design of Experiments*, section 21; random flips give
    (1 + number as extreme) / (1 + draws), Phipson & Smyth 2010 (doi 10.2202/1544-6115.1585).
    """
    values = rounded(changes)
    n = len(values)
    magnitude = np.abs(values)
    observed = float(values.sum())
    slack = 1e-9 * float(magnitude.sum())
    if n <= EXACT_FLIPS:
        return _exact_flips(magnitude, observed, slack)
    if n > MONTE_CARLO_FLIPS:
        z = observed / float(np.sqrt((values**2).sum()))
        return Tails(
            float(2 * stats.norm.sf(abs(z))),
            float(stats.norm.sf(z)),
            float(stats.norm.cdf(z)),
            exact=False,
        )
    return _random_flips(by_size(values), slack, flips, seed)


def _exact_flips(magnitude: FloatArray, observed: float, slack: float) -> Tails:
    half = len(magnitude) // 2
    left = np.sort(_all_sums(magnitude[:half]))
    # The sums of a half lie alike around 0, so they may be added or taken away. Sorted, they are
    # looked up several times as fast.
    right = np.sort(_all_sums(magnitude[half:]))
    total = len(left) * len(right)

    def below(limit: float, side: Literal["left", "right"]) -> int:
        """Count the flips whose sum is below ``limit``, with those at it for ``"right"``."""
        return int(np.searchsorted(left, limit + right, side=side).sum())

    far = total - below(abs(observed) - slack, "left")
    # All sums together lie alike around 0 too: as many reach −|sum| as do not exceed |sum|.
    near = below(abs(observed) + slack, "right")
    greater, less = (far, near) if observed >= 0 else (near, far)
    two = 1.0 if abs(observed) <= slack else min(1.0, 2 * far / total)
    return Tails(two, greater / total, less / total, exact=True)


def _all_sums(magnitude: FloatArray) -> FloatArray:
    sums = np.zeros(1)
    for value in magnitude:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _random_flips(values: FloatArray, slack: float, flips: int, seed: int) -> Tails:
    """Count random flips: those of a subset take away twice its sum."""
    observed = float(values.sum())
    sums = observed - 2 * random_subset_sums(values[None], flips=flips, seed=seed)[0]
    up = int(np.sum(sums >= observed - slack))
    down = int(np.sum(sums <= observed + slack))
    both = int(np.sum(np.abs(sums) >= abs(observed) - slack))
    return Tails(
        (1 + both) / (1 + flips), (1 + up) / (1 + flips), (1 + down) / (1 + flips), False, flips
    )


@lru_cache(maxsize=64)
def _signed_rank_quantile(n: int, probability: float) -> int:
    """Return the smallest k with P(W <= k) >= probability, for n untied changes."""
    if n > EXACT_RANKS:
        mean, sd = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return max(0, int(np.floor(mean + stats.norm.ppf(probability) * sd)))
    cumulative = np.cumsum(_sum_distribution(np.arange(1, n + 1)))
    return int(np.searchsorted(cumulative, probability * (1 - 1e-12)))


def hodges_lehmann(changes: FloatArray, level: float) -> tuple[float, float, float, float]:
    """Return the Hodges–Lehmann estimate, its interval and the level that is attained.

    Parameters
    ----------
    changes
        One change a patient, zeros included; at least one.
    level
        Level that is asked for.

    Returns
    -------
    tuple
        Median of the Walsh averages, lower and upper end, attained level.

    Notes
    -----
    Hodges & Lehmann 1963 (doi 10.1214/aoms/1177704172). The interval takes the k-th smallest and
    largest Walsh average, k from the distribution without ties (exact to 200 patients). With few
    patients the attained level can be below the one asked for.
    """
    values = np.sort(rounded(changes))
    n = len(values)
    pairs = n * (n + 1) // 2
    k = max(1, _signed_rank_quantile(n, (1 - level) / 2))
    if n <= _PAIRS:
        sums = np.concatenate([values[i:] + values[i] for i in range(n)])
        places = ((pairs - 1) // 2, pairs // 2, k - 1, pairs - k)
        walsh = np.partition(sums, places) / 2
        middle = (walsh[places[0]] + walsh[places[1]]) / 2
        low, high = walsh[k - 1], walsh[pairs - k]
    else:
        middle = (_kth_walsh(values, (pairs + 1) // 2) + _kth_walsh(values, pairs // 2 + 1)) / 2
        low, high = _kth_walsh(values, k), _kth_walsh(values, pairs - k + 1)
    return float(middle), float(low), float(high), _attained(n, k)


def _attained(n: int, k: int) -> float:
    if n > EXACT_RANKS:
        mean, sd = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return float(1 - 2 * stats.norm.cdf((k - 1 - mean) / sd))
    below = _sum_distribution(np.arange(1, n + 1))[:k].sum()
    return float(1 - 2 * below)


def _kth_walsh(values: FloatArray, k: int) -> float:
    """Return the k-th smallest Walsh average of sorted values by bisection over ranks."""
    low, high = float(values[0]), float(values[-1])
    index = np.arange(len(values))
    while high - low > 1e-12 * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2
        partners = np.searchsorted(values, 2 * middle - values, side="right")
        if int(np.maximum(partners - index, 0).sum()) >= k:
            high = middle
        else:
            low = middle
    return high

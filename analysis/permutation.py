"""The permutation distribution of a difference of two means: labels of groups are exchanged."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Final

import numpy as np
from scipy import stats

from analysis.signed_rank import Tails, rounded
from data.trial import FloatArray

EXACT_WAYS: Final = 200_000
"""Ways to choose a group up to which all are counted."""

MONTE_CARLO_PATIENTS: Final = 500
"""Patients above which the normal approximation takes the place of random permutations."""

_BLOCK: Final = 12


def permute_labels(first: FloatArray, second: FloatArray, *, draws: int, seed: int) -> Tails:
    """Permutation test that the labels of two groups do not matter.

    Parameters
    ----------
    first, second
        One value a patient in each group.
    draws, seed
        Number and start of the random permutations, used where there are more than 200,000 ways.

    Returns
    -------
    Tails
        ``greater`` speaks for a larger mean in ``second``. Permutations that tie with the observed
        difference count as at least as extreme. ``exact`` where all ways were counted; ``draws`` is
        0 for the normal approximation above 500 patients.

    Notes
    -----
    Fisher 1935, *The Design of Experiments*; Pitman 1937 (doi 10.2307/2984124). Random
    permutations give (1 + number as extreme) / (1 + draws), Phipson & Smyth 2010
    (doi 10.2202/1544-6115.1585). The difference of the means rises with the sum of the second
    group, whose mean over all permutations is the same share of the total, so sums are counted.
    """
    values = rounded(np.concatenate([first, second]))
    n, k = len(values), len(second)
    centred = values - np.mean(values)
    observed = float(centred[len(first) :].sum())
    slack = 1e-9 * float(np.abs(centred).sum())
    if comb(n, k) <= EXACT_WAYS:
        return _tails(_all_sums(centred, k), observed, slack, exact=True)
    if n > MONTE_CARLO_PATIENTS:
        spread = np.sqrt(k * (n - k) / n * np.var(centred, ddof=1))
        z = observed / float(spread) if spread > 0 else 0.0
        two_sided = float(2 * stats.norm.sf(abs(z)))
        return Tails(two_sided, float(stats.norm.sf(z)), float(stats.norm.cdf(z)), exact=False)
    sums = _random_sums(centred, k, draws, np.random.default_rng(seed))
    return _tails(sums, observed, slack, exact=False)


def _tails(sums: FloatArray, observed: float, slack: float, *, exact: bool) -> Tails:
    own = 0 if exact else 1
    total = len(sums) + own
    up = int(np.sum(sums >= observed - slack)) + own
    down = int(np.sum(sums <= observed + slack)) + own
    both = int(np.sum(np.abs(sums) >= abs(observed) - slack)) + own
    draws = 0 if exact else len(sums)
    return Tails(both / total, up / total, down / total, exact, draws)


def _all_sums(values: FloatArray, k: int) -> FloatArray:
    """Return the sums of all subsets of ``k`` values, by the smaller side of the division."""
    n = len(values)
    if 2 * k > n:
        return -_all_sums(values, n - k)
    chosen = np.fromiter(
        (at for subset in combinations(range(n), k) for at in subset),
        dtype=np.int64,
        count=comb(n, k) * k,
    )
    return np.asarray(values[chosen].reshape(-1, k).sum(axis=1))


def _random_sums(values: FloatArray, k: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return the sums of random subsets of ``k`` values.

    The patients are taken in blocks of 12: how many of the subset fall into each block is drawn
    from the multivariate hypergeometric distribution, and which of the block's subsets of that size
    it is, from all of them alike.
    """
    blocks = [values[start : start + _BLOCK] for start in range(0, len(values), _BLOCK)]
    sizes = rng.multivariate_hypergeometric(
        [len(block) for block in blocks], k, size=draws, method="marginals"
    )
    sums = np.zeros(draws)
    for at, block in enumerate(blocks):
        masks = np.arange(2 ** len(block))
        members = (masks[:, None] >> np.arange(len(block))) & 1
        held = members.sum(axis=1)
        order = np.argsort(held, kind="stable")
        table = (members @ block)[order]
        starts = np.searchsorted(held[order], np.arange(len(block) + 2))
        size = sizes[:, at]
        sums += table[rng.integers(starts[size], starts[size + 1])]
    return sums

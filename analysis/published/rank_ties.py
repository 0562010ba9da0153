"""Patterns of ties and zeros with which an exact Wilcoxon signed-rank test gives a certain P.

Equally large changes share the mean of their ranks; changes of 0 are left out before ranking
(Wilcoxon) or after it (Pratt). With n changes there are 2^(n − 1) patterns of ties alone, so the
search is ordered: one group of ties; Pratt's zeros; two groups; all patterns up to 10 changes;
then the same with some changes of 0 left out first; above 10, patterns spread over all of these. An
exact P is a whole multiple of 2^(1 − n);
where no such multiple lies in the interval nothing has to be searched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from analysis.published.rank_shapes import Range, pattern_ratios

EXHAUSTIVE: Final = 10
"""Up to this n every pattern of ties is tried before none is said to be found."""

_MOST_PATTERNS: Final = 450
_MOST_SIGNS: Final = 4
_LEFT_OUT: Final = 4
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class TiePattern:
    """How many changes are equally large.

    Parameters
    ----------
    sizes
        Changes in each group of equally large changes, smallest changes first.
    zeros
        Changes of 0 that are ranked and then left out (Pratt).
    """

    sizes: tuple[int, ...]
    zeros: int = 0

    @property
    def doubled_ranks(self) -> tuple[int, ...]:
        """Twice the mean rank of each group."""
        ranks, below = [], self.zeros
        for size in self.sizes:
            ranks.append(2 * below + size + 1)
            below += size
        return tuple(ranks)

    def p_values(self) -> np.ndarray:
        """Return the exact two-sided P for each doubled rank sum up to its middle; NaN for none."""
        weights = np.repeat(self.doubled_ranks, self.sizes)
        half = int(weights.sum()) // 2
        chance = np.zeros(half + 1)
        chance[0] = 1.0
        for weight in weights.tolist():
            moved = np.zeros_like(chance)
            if weight <= half:
                moved[weight:] = chance[: half + 1 - weight]
            chance = (chance + moved) / 2
        return np.where(chance > 0, np.minimum(1.0, 2 * np.cumsum(chance)), np.nan)

    def ratios(self, doubled_sum: int, n: int) -> list[Range]:
        """Return the ranges of |q| of some signs with this doubled rank sum.

        Four with the largest changes negative, which reach the low values, and four with the
        smallest, which reach the high ones.
        """
        signs = [
            negative
            for largest in (True, False)
            for negative in islice(
                _signs(self.sizes, self.doubled_ranks, doubled_sum, largest), _MOST_SIGNS
            )
        ]
        return [pattern_ratios(negative, self.sizes, n) for negative in signs]


def tied_patterns(n: int) -> Iterator[TiePattern]:
    """Yield patterns of n changes with ties, or with zeros that take ranks, simple ones first.

    Parameters
    ----------
    n
        Changes. To 10 all patterns of ties are given; above, at most 450 patterns in all. A
        pattern with fewer than n changes leaves out the others before ranking, being 0.
    """
    given: set[TiePattern] = set()
    for pattern in _all_patterns(n) if n <= EXHAUSTIVE else _some_patterns(n):
        if pattern not in given:
            given.add(pattern)
            yield pattern


def a_multiple_lies_in(p: Range, n: int) -> bool:
    """Tell whether a whole multiple of 2^(1 − n) lies in an interval of P, and is not 0."""
    steps = 2.0 ** (n - 1)
    return max(1, math.ceil(p[0] * steps * (1 - 1e-12))) <= p[1] * steps * (1 + 1e-12)


def _simple_patterns(n: int) -> Iterator[TiePattern]:
    for size in range(2, n + 1):
        for below in range(n - size + 1):
            yield TiePattern((1,) * below + (size,) + (1,) * (n - size - below))
    for zeros in range(1, n):
        yield TiePattern((1,) * (n - zeros), zeros)


def _all_patterns(n: int) -> Iterator[TiePattern]:
    for ranked in range(n, 1, -1):
        yield from _simple_patterns(ranked)
        for cuts in range(2 ** (ranked - 1) - 1):
            yield TiePattern(_sizes(cuts, ranked))


def _some_patterns(n: int) -> Iterator[TiePattern]:
    yield from islice(_simple_patterns(n), _MOST_PATTERNS // 3)
    for step in range(1, 2 * _MOST_PATTERNS // 3):
        # Multiples of the golden ratio, modulo 1, spread evenly over all patterns.
        ranked = n - step % _LEFT_OUT
        yield TiePattern(_sizes(int(step * _GOLDEN % 1 * 2 ** (ranked - 1)), ranked))


def _sizes(cuts: int, n: int) -> tuple[int, ...]:
    """Return group sizes; a bit says that the next larger change is not equally large."""
    sizes = [1]
    for place in range(n - 1):
        if cuts >> place & 1:
            sizes.append(1)
        else:
            sizes[-1] += 1
    return tuple(sizes)


def _signs(
    sizes: tuple[int, ...], ranks: tuple[int, ...], total: int, largest: bool
) -> Iterator[tuple[int, ...]]:
    """Yield how many of each group are negative so that their doubled ranks sum to ``total``.

    Those with the most of the largest changes come first, or those with the fewest.
    """
    reachable = _reachable(sizes, ranks)

    def chosen(groups: int, left: int) -> Iterator[tuple[int, ...]]:
        # Without this the search would try every dead end, exponentially many.
        if left < 0 or not reachable[groups] >> left & 1:
            return
        if not groups:
            yield ()
            return
        counts = range(sizes[groups - 1] + 1)
        for minus in reversed(counts) if largest else counts:
            for rest in chosen(groups - 1, left - minus * ranks[groups - 1]):
                yield (*rest, minus)

    return chosen(len(sizes), total)


def _reachable(sizes: tuple[int, ...], ranks: tuple[int, ...]) -> list[int]:
    """Return which doubled rank sums the first 0, 1, … groups can have, as bits of numbers."""
    sums = [1]
    for size, rank in zip(sizes, ranks, strict=True):
        bits = sums[-1]
        for _ in range(size):
            bits |= bits << rank
        sums.append(bits)
    return sums

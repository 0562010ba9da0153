"""Which n, and which correlation, allow the P of a Wilcoxon signed-rank test.

The P of the test depends on the rank sum alone. Whether a rank sum can go with the printed means
and SDs depends on the correlation r between before and after, which sets the SD of the changes:
SD² = s₁² + s₂² − 2 r s₁ s₂ (:mod:`analysis.published.rank_shapes`). For n ≥ 3 every mean and SD of
the changes can be completed to values before and after with these SDs and this r.

Sizes of changes are taken as real numbers. Ends of rounding intervals and of ranges count as
attained. P values are two-sided, 2 min(P(W ≤ w), P(W ≥ w)), at most 1 (Wilcoxon 1945,
doi 10.2307/3001968); the normal approximation has mean n(n + 1)/4 and variance
n(n + 1)(2n + 1)/24, and its correction for continuity brings W nearer to the mean by 1/2
(Hollander, Wolfe & Chicken, *Nonparametric Statistical Methods*, 3rd ed. 2014, section 3.1).
W is the smaller one of the two rank sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Literal, get_args

import numpy as np
from scipy import stats

from analysis.published.attainable import Box
from analysis.published.rank_shapes import Range, ratios
from analysis.published.rank_ties import TiePattern, a_multiple_lies_in, tied_patterns

RankVariant = Literal[
    "exact", "exact_ties", "asymptotic", "asymptotic_corrected", "asymptotic_ties"
]
"""Exact without ties and zeros; exact with them; normal approximation without and with correction
for continuity, both without ties; normal approximation with ties in its variance, uncorrected."""

MOST_PATIENTS: Final = 100
"""Above this n the search over signs takes too long."""

_ENOUGH_PATTERNS: Final = 3
_FEW_PATTERNS: Final = 24
_RANK_SUMS: Final = 4
_BISECTIONS: Final = 50
_EDGE: Final = 1e-9
_FAR: Final = 4.0


@dataclass(frozen=True, slots=True)
class RankReading:
    """What one n means for a Wilcoxon P.

    Parameters
    ----------
    n
        People, those without a change included.
    variant
        How P is calculated.
    possible
        Whether some changes with the printed means, SDs and P exist. With ties, false can also mean
        that none was found; ``reason`` then says so.
    r
        Intervals of the correlation between before and after with which they exist, rising. With
        ties these are the ones that were found: there can be more.
    smallest_p
        The smallest P at this n, whatever the means and SDs.
    reason
        The rank sums with which it is possible, or what rules it out, in words.
    """

    n: int
    variant: RankVariant
    possible: bool
    r: tuple[Range, ...]
    smallest_p: float
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return every field."""
        return {
            "n": self.n,
            "variant": self.variant,
            "possible": self.possible,
            "r": [list(interval) for interval in self.r],
            "smallest_p": self.smallest_p,
            "reason": self.reason,
        }


def rank_readings(
    p: Range,
    change: Range,
    before_sd: Range,
    after_sd: Range,
    n_values: Iterable[int],
    variant: RankVariant,
) -> tuple[RankReading, ...]:
    """Tell for each n whether a Wilcoxon signed-rank test can give a P, and with which r.

    Parameters
    ----------
    p
        Lowest and highest two-sided P.
    change, before_sd, after_sd
        Lowest and highest difference of the means, and SDs, all in one unit.
    n_values
        Each from 2 to 100.
    variant
        How P is calculated.

    Raises
    ------
    ValueError
        If an n is outside 2 to 100, or the variant is unknown.
    """
    if variant not in get_args(RankVariant):
        raise ValueError(f"No variant of the test is called {variant!r}.")
    box = Box((0.0, 0.0), before_sd, change, after_sd)
    readings = []
    for n in n_values:
        if not 2 <= n <= MOST_PATIENTS:
            raise ValueError(f"n is between 2 and {MOST_PATIENTS}, not {n}.")
        tied = variant in ("exact_ties", "asymptotic_ties")
        readings.append((_tied if tied else _untied)(p, box, n, variant))
    return tuple(readings)


def smallest_p(n: int, variant: RankVariant) -> float:
    """Return the smallest two-sided P at one n: all changes in one direction.

    It is 2^(1 − n) for the exact test, with or without ties. In the normal approximation with ties
    it belongs to equally large changes, z = √n.
    """
    if variant in ("exact", "exact_ties"):
        return float(2.0 ** (1 - n))
    if variant == "asymptotic_ties":
        return float(2 * stats.norm.sf(math.sqrt(n)))
    return float(p_values(n, variant)[0])


@lru_cache(maxsize=512)
def p_values(n: int, variant: RankVariant) -> tuple[float, ...]:
    """Return the two-sided P of each smaller rank sum w = 0, 1, …, without ties and zeros.

    Parameters
    ----------
    n
        Changes.
    variant
        How P is calculated; one without ties.
    """
    sums = np.arange(n * (n + 1) // 4 + 1)
    if variant == "exact":
        return tuple(TiePattern((1,) * n).p_values()[::2].tolist())
    away = n * (n + 1) / 4 - sums
    if variant == "asymptotic_corrected":
        away = np.maximum(0.0, away - 0.5)
    z = away / math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return tuple(np.minimum(1.0, 2 * stats.norm.sf(z)).tolist())


def _untied(p: Range, box: Box, n: int, variant: RankVariant) -> RankReading:
    floor = smallest_p(n, variant)

    def reading(r: tuple[Range, ...], reason: str) -> RankReading:
        return RankReading(n, variant, bool(r), r, floor, reason)

    if p[1] < floor * (1 - 1e-12):
        return reading((), _too_small(n, floor))
    sums = _sums(p, n, variant)
    if not sums:
        return reading((), "no rank sum gives a P that is printed like this")
    r = _correlations(box, n, (ratios(n, sums[0], sums[-1]),))
    words = _rank_sums(sums)
    if not r:
        return reading(
            (), f"{words} gives such a P, but cannot have this mean change and these SDs"
        )
    return reading(r, words)


def _tied(p: Range, box: Box, n: int, variant: RankVariant) -> RankReading:
    """Return the reading with ties or zeros: plain ranks, zeros, then patterns of ties."""
    floor = smallest_p(n, variant)
    if p[1] < floor * (1 - 1e-12):
        return RankReading(n, variant, False, (), floor, _too_small(n, floor))
    untied: RankVariant = "exact" if variant == "exact_ties" else "asymptotic"
    if variant == "exact_ties" and not a_multiple_lies_in(p, n):
        reason = f"P is a multiple of 2^{1 - n}, none of which is printed like this"
        return RankReading(n, variant, False, (), floor, reason)
    if not _within_reach(p, box, n, untied):
        reason = "the mean change and the SDs are far from what gives such a P"
        return RankReading(n, variant, False, (), floor, reason)
    found, reason = _with_zeros(p, box, n, untied)
    hits = 0
    # Where P is possible without ties, a few patterns show how much further ties reach.
    for pattern in islice(tied_patterns(n), _FEW_PATTERNS if found else None):
        if hits == _ENOUGH_PATTERNS or found == [(-1.0, 1.0)]:
            break
        r = _correlations(box, n, _tied_ratios(pattern, p, n, untied))
        if r:
            hits += 1
            reason = reason or _groups(pattern, n)
            found = list(_joined([*found, *r]))
    if not found:
        reason = "no pattern of ties or zeros was found that gives this P with these means and SDs"
    return RankReading(n, variant, bool(found), tuple(found), floor, reason)


def _within_reach(p: Range, box: Box, n: int, untied: RankVariant) -> bool:
    """Tell whether changes without ties come anywhere near: P up to four times smaller or larger.

    Ties move P by less, so what is out of reach is not searched.
    """
    wide = p[0] / _FAR, min(1.0, _FAR * p[1])
    spans = []
    for ranked in range(1, n + 1):
        sums = _sums(wide, ranked, untied)
        if sums:
            share = math.sqrt(ranked / n)
            low, high = ratios(ranked, sums[0], sums[-1])
            spans.append((low * share, high * share))
    if not spans:
        return False
    hull = min(low for low, _ in spans), max(high for _, high in spans)
    return bool(_correlations(box, n, (hull,)))


def _with_zeros(p: Range, box: Box, n: int, untied: RankVariant) -> tuple[list[Range], str]:
    """Return the intervals of r without ties, some changes being 0 or none, and the simplest."""
    found: list[Range] = []
    reason = ""
    for ranked in range(n, 0, -1):
        sums = _sums(p, ranked, untied)
        if not sums or found == [(-1.0, 1.0)]:
            continue
        # Changes of 0 leave the ratio of the others but for the number of people.
        low, high = ratios(ranked, sums[0], sums[-1])
        share = math.sqrt(ranked / n)
        r = _correlations(box, n, ((low * share, high * share),))
        if r and not reason:
            zeros = f", {n - ranked} of {n} changes being 0" if ranked < n else ""
            reason = _rank_sums(sums) + zeros
        found = list(_joined([*found, *r]))
    return found, reason


def _tied_ratios(pattern: TiePattern, p: Range, n: int, untied: RankVariant) -> list[Range]:
    """Return the ranges of |q| with which one pattern of ties gives a P between two bounds."""
    values = pattern.p_values()
    if untied == "asymptotic":
        ranks = np.repeat(pattern.doubled_ranks, pattern.sizes) / 2
        z = (ranks.sum() / 2 - np.arange(len(values)) / 2) / math.sqrt((ranks**2).sum() / 4)
        values = np.where(np.isnan(values), np.nan, 2 * stats.norm.sf(z))
    hits = np.flatnonzero((values >= p[0] * (1 - 1e-12)) & (values <= p[1] * (1 + 1e-12)))
    some = (
        hits[np.unique(np.linspace(0, len(hits) - 1, _RANK_SUMS).astype(int))] if len(hits) else []
    )
    return [span for doubled in some for span in pattern.ratios(int(doubled), n)]


def _sums(p: Range, n: int, variant: RankVariant) -> range:
    """Return the smaller rank sums whose P lies between two bounds; P rises with them."""
    values = np.asarray(p_values(n, variant))
    first = int(np.searchsorted(values, p[0] * (1 - 1e-12), side="left"))
    return range(first, int(np.searchsorted(values, p[1] * (1 + 1e-12), side="right")))


def _correlations(box: Box, n: int, spans: Iterable[Range]) -> tuple[Range, ...]:
    """Return the r with which a mean and an SD of the box have a ratio q within some range.

    With r the SD of the changes falls and q rises, at both ends of the box.
    """

    def ratio(change: float, sd: float) -> float:
        size = math.hypot(change, math.sqrt((n - 1) / n) * sd)
        return change / size if size else 0.0

    def highest(r: float) -> float:
        return ratio(box.change[1], box.sd_of_change(r)[0])

    def lowest(r: float) -> float:
        return ratio(box.change[0], box.sd_of_change(r)[1])

    found = []
    most, least = highest(1.0), lowest(-1.0)
    for low, high in spans:
        if most < low - _EDGE or least > high + _EDGE:
            continue
        start = -1.0 if highest(-1.0) >= low else _crossing(highest, low)
        end = 1.0 if lowest(1.0) <= high else _crossing(lowest, high)
        found.append((start, end))
    if n == 2:
        # Two people: before and after lie on a line.
        found = [(r, r) for r in (-1.0, 1.0) if any(a <= r <= b for a, b in found)]
    return _joined(found)


def _crossing(rising: Callable[[float], float], value: float) -> float:
    low, high = -1.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) >= value else (middle, high)
    return high


def _joined(intervals: Iterable[Range]) -> tuple[Range, ...]:
    """Return the union of intervals, rising and apart from each other."""
    joined: list[Range] = []
    for low, high in sorted(intervals):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _too_small(n: int, floor: float) -> str:
    return f"at n = {n} P cannot be below {floor:.2g}"


def _rank_sums(sums: range) -> str:
    if len(sums) == 1:
        return f"W = {sums[0]}"
    return f"W = {sums[0]} to {sums[-1]}"


def _groups(pattern: TiePattern, n: int) -> str:
    """Say in words which changes are equally large, counted from the smallest."""
    if pattern.zeros:
        return f"{pattern.zeros} of the changes being 0 and taking ranks (Pratt)"
    words, rank = [], 0
    for size in pattern.sizes:
        if size > 1:
            words.append(f"changes {rank + 1} to {rank + size} by size equally large")
        rank += size
    left_out = n - sum(pattern.sizes)
    return ", ".join([*words, *([f"{left_out} of {n} being 0"] if left_out else [])])

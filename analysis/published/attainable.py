"""Which P values a t test can give for printed means and SDs, and for which correlation.

The printed numbers leave two things open: the number of people, and the correlation r between a
person's value before and after. For the paired t test both decide P, because the SD of the changes
is √(s₁² + s₂² − 2 r s₁ s₂). A printed number stands for every number that rounds to it, so each
answer is a range over that box; the ranges are exact, not sampled, but for Welch's test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy import stats

from analysis.published.printed import PrintedSummary

Range = tuple[float, float]

TTest = Literal["paired", "student", "welch", "before", "after"]
"""Paired; two independent samples with equal variances; Welch's; one sample against 0, twice."""

_WELCH_STEPS: Final = 9


@dataclass(frozen=True, slots=True)
class Box:
    """Every value that the printed means and SDs can stand for.

    Parameters
    ----------
    before_mean, before_sd, after_mean, after_sd
        Lowest and highest value of each, in the unit of the summary; SDs are never negative.
    """

    before_mean: Range
    before_sd: Range
    after_mean: Range
    after_sd: Range

    @property
    def change(self) -> Range:
        """Lowest and highest size of the difference of the means, without its sign."""
        low = self.after_mean[0] - self.before_mean[1]
        high = self.after_mean[1] - self.before_mean[0]
        if low <= 0 <= high:
            return 0.0, max(-low, high)
        return min(abs(low), abs(high)), max(abs(low), abs(high))

    def sd_of_change(self, r: float) -> Range:
        """Return the lowest and the highest SD of the changes at one correlation.

        Parameters
        ----------
        r
            Correlation between before and after, −1 to 1.
        """
        corners = [_sd_of_change(a, b, r) for a in self.before_sd for b in self.after_sd]
        # The variance is convex in both SDs: its highest value is at a corner, its lowest at a
        # corner or where an edge crosses the line of the other SD's best value, r times this one.
        edges = [_sd_of_change(a, _within(r * a, self.after_sd), r) for a in self.before_sd]
        edges += [_sd_of_change(_within(r * b, self.before_sd), b, r) for b in self.after_sd]
        return min(corners + edges), max(corners)

    def times(self, factor: float) -> Box:
        """Return the box with both SDs multiplied: a printed SE is an SD over √n."""
        low, high = self.before_sd, self.after_sd
        return Box(
            self.before_mean,
            (low[0] * factor, low[1] * factor),
            self.after_mean,
            (high[0] * factor, high[1] * factor),
        )


def ends_json(ends: Range) -> dict[str, float]:
    """Return a range as JSON values."""
    return {"low": ends[0], "high": ends[1]}


def box_of(
    summary: PrintedSummary, means: int | None = None, sds: int | None = None, exact: bool = False
) -> Box:
    """Return what the printed means and SDs can stand for.

    Parameters
    ----------
    summary
        As printed.
    means, sds
        Decimals to which the means and the SDs were rounded; each as printed where left out.
        Fewer than printed are not possible: a printed decimal counts.
    exact
        Take the printed numbers as they are, with no rounding.
    """
    if exact:
        numbers = (
            summary.before_mean,
            summary.before_sd,
            summary.after_mean,
            summary.after_sd,
        )
        first, second, third, fourth = ((x.value, x.value) for x in numbers)
        return Box(first, second, third, fourth)

    def of(printed: Any, decimals: int | None) -> Range:
        low, high = printed.interval(max(printed.decimals, decimals or 0))
        return float(low), float(high)

    def spread(printed: Any) -> Range:
        low, high = of(printed, sds)
        return max(0.0, low), high

    return Box(
        of(summary.before_mean, means),
        spread(summary.before_sd),
        of(summary.after_mean, means),
        spread(summary.after_sd),
    )


def p_range(box: Box, n: int, r: float) -> Range:
    """Return the smallest and the largest two-sided P of a paired t test at one n and r.

    Every P in between is attainable as well: P is continuous over the box.

    Parameters
    ----------
    box
        What the printed numbers can stand for.
    n
        People in the test, at least 2.
    r
        Correlation between before and after, −1 to 1.
    """
    low_change, high_change = box.change
    low_sd, high_sd = box.sd_of_change(r)
    return _p(high_change, low_sd, n), _p(low_change, high_sd, n)


def paired_range(box: Box, n: int) -> Range:
    """Return the smallest and the largest two-sided P of a paired t test over all r.

    The smallest belongs to r = 1, the largest to r = −1.
    """
    return p_range(box, n, 1.0)[0], p_range(box, n, -1.0)[1]


def paired_correlations(box: Box, n: int, p: Range) -> Range | None:
    """Return the correlations at which a paired t test can give a P between two bounds.

    Parameters
    ----------
    box
        What the printed numbers can stand for.
    n
        People in the test, at least 2.
    p
        Lowest and highest two-sided P.

    Returns
    -------
    tuple or None
        The lowest and the highest r, both within −1 to 1; ``None`` if there is none.
    """
    if n < 2:
        return None
    small, large = paired_range(box, n)
    if small > p[1] or large < p[0]:
        return None
    low_change, high_change = box.change
    # P is at most p[1] where the SD of the changes is at most this, and at least p[0] where it
    # is at least that.
    widest = _sd_at(high_change, n, p[1])
    lowest = max(-1.0, _correlation(box, widest, smallest=True))
    highest = 1.0
    # A change that may be 0 has a P of 1, which is never too small.
    if low_change > 0:
        narrowest = _sd_at(low_change, n, p[0])
        highest = min(1.0, _correlation(box, narrowest, smallest=False))
    return (lowest, highest) if lowest <= highest else None


def unpaired_range(box: Box, n: int, welch: bool) -> Range:
    """Return the smallest and largest two-sided P of an unpaired t test, n people in each group.

    Student's test is at its ends in the corners of the box. Welch's degrees of freedom move with
    the ratio of the SDs, so its range is read from a grid that holds the corners.
    """
    low_change, high_change = box.change
    steps = _WELCH_STEPS if welch else 2
    first, second = np.meshgrid(
        np.linspace(*box.before_sd, steps), np.linspace(*box.after_sd, steps)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (first**2 + second**2) / n
        if welch:
            df = np.nan_to_num(
                (n - 1) * (first**2 + second**2) ** 2 / (first**4 + second**4), nan=n - 1.0
            )
        else:
            df = np.full(first.shape, 2.0 * (n - 1))
        small = 2 * stats.t.sf(high_change / np.sqrt(variance), df)
        large = 2 * stats.t.sf(low_change / np.sqrt(variance), df)
    return float(np.nanmin(small, initial=1.0)), float(np.nanmax(large, initial=0.0))


def one_sample_range(mean: Range, sd: Range, n: int) -> Range:
    """Return the smallest and largest two-sided P of a one-sample t test of a mean against 0."""
    low, high = min(abs(mean[0]), abs(mean[1])), max(abs(mean[0]), abs(mean[1]))
    if mean[0] <= 0 <= mean[1]:
        low = 0.0
    return _p(high, sd[0], n), _p(low, sd[1], n)


def t_range(box: Box, n: int, test: TTest) -> Range:
    """Return the smallest and the largest two-sided P that one t test can give.

    Parameters
    ----------
    box
        What the printed numbers can stand for.
    n
        People in the test, or in each group of an unpaired test.
    test
        Which one.
    """
    if test == "paired":
        return paired_range(box, n)
    if test == "before":
        return one_sample_range(box.before_mean, box.before_sd, n)
    if test == "after":
        return one_sample_range(box.after_mean, box.after_sd, n)
    return unpaired_range(box, n, test == "welch")


def attainable_n(box: Box, p: Range, test: TTest, n_values: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of people for which one t test can give a P between two bounds."""
    ranges = ((n, t_range(box, n, test)) for n in n_values)
    return tuple(n for n, (small, large) in ranges if small <= p[1] and large >= p[0])


def _p(change: float, sd: float, n: int) -> float:
    if change == 0:
        return 1.0
    if sd == 0:
        return 0.0
    return float(2 * stats.t.sf(change * math.sqrt(n) / sd, n - 1))


def _sd_at(change: float, n: int, p: float) -> float:
    """Return the SD of the changes with which a mean change has a two-sided P.

    Every SD gives a change of 0 a P of 1; no SD gives another change one, so it is infinite there.
    """
    if p <= 0:
        return 0.0
    t = float(stats.t.isf(p / 2, n - 1))
    return change * math.sqrt(n) / t if t > 0 else math.inf


def _sd_of_change(before: float, after: float, r: float) -> float:
    return math.sqrt(max(0.0, before**2 + after**2 - 2 * r * before * after))


def _within(value: float, bounds: Range) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _correlation(box: Box, sd: float, smallest: bool) -> float:
    """Return the lowest or highest r at which the SD of the changes can be just this.

    r = (s₁² + s₂² − sd²) / (2 s₁ s₂). Along one SD it is rising, or convex with its lowest value
    at √(s² − sd²) of the other: so its highest value is at a corner, its lowest at a corner or
    there.
    """
    if math.isinf(sd):
        return -math.inf
    if sd == 0 and not smallest:
        return math.inf
    pairs = [(a, b) for a in box.before_sd for b in box.after_sd]
    if smallest:
        for a in box.before_sd:
            pairs.append((a, _within(math.sqrt(max(0.0, a**2 - sd**2)), box.after_sd)))
        for b in box.after_sd:
            pairs.append((_within(math.sqrt(max(0.0, b**2 - sd**2)), box.before_sd), b))
    values = [_r(a, b, sd) for a, b in pairs]
    return min(values) if smallest else max(values)


def _r(before: float, after: float, sd: float) -> float:
    if before * after == 0:
        # One of the two does not vary, so the correlation does not matter.
        return -math.inf if max(before, after) <= sd else math.inf
    return (before**2 + after**2 - sd**2) / (2 * before * after)

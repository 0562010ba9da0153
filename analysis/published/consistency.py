"""Whether a printed summary adds up: which n, which correlation and which tests can have given it.

Nothing here says how the numbers came about. A combination that is impossible rules out one
reading of the text (this test, this n, this rounding), not the publication: another test, another
n for each endpoint, or a slip of the pen remain possible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

from analysis.published.attainable import (
    Box,
    Range,
    TTest,
    box_of,
    ends_json,
    paired_correlations,
    t_range,
)
from analysis.published.granularity import GranularityTable, granularity, together
from analysis.published.printed import PrintedSummary
from analysis.published.ranks import MOST_PATIENTS, RankVariant, rank_readings

Reading = Literal["exact", "decimals", "literal"]
"""How the printed numbers are read: as they stand, with no rounding; all means rounded to the most
decimals that any mean shows; each number rounded to its own decimals."""

TestKey = Literal[
    "paired",
    "exact",
    "exact_ties",
    "asymptotic",
    "asymptotic_corrected",
    "asymptotic_ties",
    "paired_se",
    "welch",
    "student",
    "before",
    "after",
]

TESTS: Final[tuple[TestKey, ...]] = get_args(TestKey)
"""Tests of the change first, the likeliest on top; then other readings of the same numbers."""

READINGS: Final[tuple[Reading, ...]] = get_args(Reading)
LARGEST_N: Final = 40
SLOW: Final[tuple[TestKey, ...]] = ("exact_ties", "asymptotic_ties")
"""Tests that are searched rather than calculated: about 2 s for one endpoint and 40 values of n."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What one n means for one printed P under one test.

    Parameters
    ----------
    n
        People in the test, or in each group of an unpaired one.
    possible
        Whether the printed P can come out.
    r
        Intervals of the correlation between before and after with which it can; empty where it
        cannot, and where the test does not depend on the correlation.
    smallest_p
        The smallest P that the test can give at this n: for t tests with these means and SDs, for
        rank tests with any.
    """

    n: int
    possible: bool
    r: tuple[Range, ...]
    smallest_p: float

    def to_json(self) -> dict[str, Any]:
        """Return every field."""
        return {
            "n": self.n,
            "possible": self.possible,
            "r": [ends_json(interval) for interval in self.r],
            "smallest_p": self.smallest_p,
        }


@dataclass(frozen=True, slots=True)
class TestFinding:
    """What one test means for one printed P.

    Parameters
    ----------
    test
        One of ``TESTS``.
    spots
        One for each n, rising.
    """

    test: TestKey
    spots: tuple[Spot, ...]

    @property
    def possible(self) -> tuple[int, ...]:
        """Every n at which the printed P can come out."""
        return tuple(spot.n for spot in self.spots if spot.possible)

    def spot(self, n: int) -> Spot | None:
        """Return what one n means, if it was looked at."""
        return next((spot for spot in self.spots if spot.n == n), None)

    def to_json(self) -> dict[str, Any]:
        """Return the test with what every n means."""
        return {
            "test": self.test,
            "possible_n": list(self.possible),
            "spots": [spot.to_json() for spot in self.spots],
        }


@dataclass(frozen=True, slots=True)
class EndpointCheck:
    """All that was found about one printed summary in one reading.

    Parameters
    ----------
    summary
        As printed.
    findings
        One for each test; empty if no P is printed.
    granularity
        What whole numbers allow, if the values are whole numbers; for an n of at least 2.
    """

    summary: PrintedSummary
    findings: tuple[TestFinding, ...]
    granularity: GranularityTable | None

    def finding(self, test: TestKey) -> TestFinding | None:
        """Return what one test means."""
        return next((one for one in self.findings if one.test == test), None)

    def to_json(self) -> dict[str, Any]:
        """Return the printed numbers and everything found."""
        return {
            "printed": self.summary.to_json(),
            "tests": [one.to_json() for one in self.findings],
            "granularity": self.granularity.to_json() if self.granularity else None,
        }


@dataclass(frozen=True)
class Consistency:
    """What was found about one publication in one reading.

    Parameters
    ----------
    reading
        How the printed numbers are read.
    n_values
        Every n that was looked at where none is printed.
    checks
        One for each printed summary.
    """

    reading: Reading
    n_values: tuple[int, ...]
    checks: tuple[EndpointCheck, ...]

    def common(self, test: TestKey) -> tuple[int, ...]:
        """Return every n at which one test can give the P of each summary that prints one."""
        sets = [
            set(found.possible)
            for check in self.checks
            if (found := check.finding(test)) is not None
        ]
        return tuple(sorted(set.intersection(*sets))) if sets else ()

    @cached_property
    def whole(self) -> tuple[tuple[int, bool, float], ...]:
        """Each n, whether every mean ± SD of whole numbers is possible, and its chance.

        The chance is that of unrelated printed pairs to pass; empty without whole numbers.
        """
        return together([c.granularity for c in self.checks if c.granularity is not None])

    def to_json(self) -> dict[str, Any]:
        """Return every check, the n common to all of them by test, and what whole numbers allow."""
        return {
            "reading": self.reading,
            "n": list(self.n_values),
            "summaries": [check.to_json() for check in self.checks],
            "common_n": {test: list(self.common(test)) for test in self.tests},
            "whole_numbers": [
                {"n": n, "possible": passes, "share": share} for n, passes, share in self.whole
            ],
        }

    @property
    def tests(self) -> tuple[TestKey, ...]:
        """The tests that were looked at."""
        found = {one.test for check in self.checks for one in check.findings}
        return tuple(test for test in TESTS if test in found)


def consistency(
    summaries: Sequence[PrintedSummary],
    reading: Reading,
    tests: Sequence[TestKey] = TESTS,
    largest_n: int = LARGEST_N,
) -> Consistency:
    """Find which n, correlations and tests can have given printed means, SDs and P values.

    Parameters
    ----------
    summaries
        Of one publication, at least one. A printed n is the only one looked at for its summary.
    reading
        How the printed numbers are read.
    tests
        Tests to look at. With the tied rank tests (``SLOW``) it takes seconds.
    largest_n
        Where no n is printed, every n from 2 to this one is looked at; at most 100.

    Raises
    ------
    ValueError
        If ``largest_n`` is outside 2 to 100.
    """
    if not 2 <= largest_n <= MOST_PATIENTS:
        raise ValueError(f"The largest n lies between 2 and {MOST_PATIENTS}, not {largest_n}.")
    n_values = tuple(range(2, largest_n + 1))
    checks = []
    for summary in summaries:
        values = n_values if summary.n is None else (summary.n,)
        box = box_in(summary, reading)
        p = summary.p.interval()
        # Rank tests are searched up to a limit; a larger printed n has none of them.
        used = [t for t in tests if t not in get_args(RankVariant) or values[-1] <= MOST_PATIENTS]
        found = () if p is None else tuple(_finding(test, box, p, values) for test in used)
        grain = None
        if summary.integers:
            grain = granularity(summary, values, _read_decimals(summary, reading))
        checks.append(EndpointCheck(summary, found, grain))
    return Consistency(reading, n_values, tuple(checks))


def box_in(summary: PrintedSummary, reading: Reading) -> Box:
    """Return what the printed numbers can stand for in one reading.

    Parameters
    ----------
    summary
        As printed.
    reading
        How the numbers are read.
    """
    if reading == "literal":
        return box_of(summary)
    return box_of(summary, means=_mean_decimals(summary), exact=reading == "exact")


def readings_that_differ(summaries: Sequence[PrintedSummary]) -> tuple[Reading, ...]:
    """Return the readings that mean different things for these numbers."""
    same = all(summary.before_mean.decimals == summary.after_mean.decimals for summary in summaries)
    return READINGS[:2] if same else READINGS


def _finding(test: TestKey, box: Box, p: Range, n_values: Sequence[int]) -> TestFinding:
    if test in get_args(RankVariant):
        return _rank_finding(test, box, p, n_values)
    spots = []
    for n in n_values:
        used = box.times(math.sqrt(n)) if test == "paired_se" else box
        paired = test in ("paired", "paired_se")
        small, large = t_range(used, n, "paired" if paired else _t_test(test))
        r = paired_correlations(used, n, p) if paired else None
        # Without a correlation, every P between the ends can come out.
        possible = r is not None if paired else small <= p[1] and large >= p[0]
        spots.append(Spot(n, possible, (r,) if r else (), small))
    return TestFinding(test, tuple(spots))


def _rank_finding(test: TestKey, box: Box, p: Range, n_values: Sequence[int]) -> TestFinding:
    variant: RankVariant = test  # type: ignore[assignment]  # one of them, as was asked before
    readings = rank_readings(p, box.change, box.before_sd, box.after_sd, n_values, variant)
    return TestFinding(test, tuple(Spot(x.n, x.possible, x.r, x.smallest_p) for x in readings))


def _t_test(test: TestKey) -> TTest:
    named: dict[str, TTest] = {
        "welch": "welch",
        "student": "student",
        "before": "before",
        "after": "after",
    }
    return named[test]


def _mean_decimals(summary: PrintedSummary) -> int:
    return max(summary.before_mean.decimals, summary.after_mean.decimals)


def _read_decimals(summary: PrintedSummary, reading: Reading) -> tuple[int | None, int | None]:
    return (None, None) if reading == "literal" else (_mean_decimals(summary), None)

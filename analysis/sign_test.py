"""Sign test and the order-statistic interval of the median change."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from analysis.paired_tests import TOO_FEW, directed, p_floor
from analysis.results import NO_INTERVAL, Interval, TestResult, too_few_for
from analysis.settings import Settings
from analysis.signed_rank import Tails, rounded
from data.trial import FloatArray


def sign_test(changes: FloatArray, settings: Settings) -> TestResult:
    """Exact sign test of no change, with the median change.

    Parameters
    ----------
    changes
        One change a patient.
    settings
        Direction and level.

    Returns
    -------
    TestResult
        The statistic is the number of positive changes; changes of exactly 0 are left out of P and
        kept for the median. No interval where so few patients cannot
        reach the level, and where all changes are equal.

    Notes
    -----
    Dixon & Mood 1946 (doi 10.1080/01621459.1946.10501898). The interval goes from the k-th smallest
    to the k-th largest change, k the smallest number with P(Binomial(n, ½) ≤ k) ≥ (1 − level)/2;
    it attains 1 − 2 P(Binomial(n, ½) ≤ k − 1) (Thompson 1936, doi 10.1214/aoms/1177732502).
    """
    values = rounded(changes)
    n = len(values)
    base = TestResult("sign", "sign test, exact, zeros dropped", "exploratory", math.nan, n)
    if n < 2:
        return replace(base, notes=(TOO_FEW,))
    positive, negative = int((values > 0).sum()), int((values < 0).sum())
    interval = median_interval(changes, settings.confidence)
    notes = []
    if n > positive + negative:
        notes.append(
            f"{n - positive - negative} changes of exactly 0 do not count for P, but for the median"
        )
    if interval is None:
        notes.append(too_few_for(n, settings.confidence))
    elif np.ptp(values) == 0:
        interval = None
        notes.append(NO_INTERVAL)
    return replace(
        base,
        p=directed(sign_tails(positive, negative), settings),
        statistic=float(positive),
        statistic_name="positive changes",
        estimate=float(np.median(values)),
        estimate_name="median change",
        interval=interval,
        p_floor=p_floor(positive + negative, settings),
        notes=tuple(notes),
    )


def sign_tails(positive: int, negative: int) -> Tails:
    """Return the P values of ``positive`` plus signs and ``negative`` minus signs."""
    trials = positive + negative
    if trials == 0:
        return Tails(1.0, 1.0, 1.0, exact=True)
    greater = float(stats.binom.sf(positive - 1, trials, 0.5))
    less = float(stats.binom.cdf(positive, trials, 0.5))
    return Tails(min(1.0, 2 * min(greater, less)), greater, less, exact=True)


def median_interval(changes: FloatArray, level: float) -> Interval | None:
    """Return the order-statistic interval of the median, or ``None`` where n is too small.

    Parameters
    ----------
    changes
        One change a patient, zeros included.
    level
        Level that is asked for; the interval attains at least this.
    """
    values = np.sort(rounded(changes))
    n = len(values)
    k = int(stats.binom.ppf((1 - level) / 2, n, 0.5)) if n else 0
    if k < 1:
        return None
    attained = 1 - 2 * float(stats.binom.cdf(k - 1, n, 0.5))
    return Interval(float(values[k - 1]), float(values[n - k]), level, attained)

"""Tests of no change, one change a patient."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from analysis.results import NO_INTERVAL, Interval, Summary, TestResult
from analysis.settings import Alternative, Settings
from analysis.sign_flip_interval import sign_flip_interval
from analysis.signed_rank import (
    EXACT_RANKS,
    MONTE_CARLO_FLIPS,
    Tails,
    hodges_lehmann,
    rounded,
    sign_flip,
    signed_rank,
)
from data.trial import FloatArray, IntArray

TOO_FEW = "not estimable: fewer than 2 patients"
NO_SPREAD = "not estimable: all changes are equal"


def summarise(values: FloatArray, level: float) -> Summary:
    """Return mean, SD and the t interval of the mean of ``values``."""
    n = len(values)
    if n == 0:
        return Summary(0, math.nan, math.nan, math.nan, None)
    mean, median = float(np.mean(values)), float(np.median(values))
    if n == 1:
        return Summary(1, mean, math.nan, median, None)
    sd = float(np.std(values, ddof=1))
    if np.ptp(rounded(values)) == 0:
        return Summary(n, mean, sd, median, None)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * sd / math.sqrt(n)
    return Summary(n, mean, sd, median, Interval(mean - half, mean + half, level, level))


def correlation(x: FloatArray, y: FloatArray) -> float:
    """Return Pearson's r; NaN with fewer than 3 pairs, and where either does not vary."""
    if len(x) < 3 or np.ptp(rounded(x)) == 0 or np.ptp(rounded(y)) == 0:
        return math.nan
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def paired_t(changes: FloatArray, settings: Settings) -> TestResult:
    """Paired t test: the mean change over its standard error, n − 1 degrees of freedom.

    Notes
    -----
    Student 1908 (doi 10.1093/biomet/6.1.1). The interval is two-sided whatever the alternative.
    """
    n = len(changes)
    summary = summarise(changes, settings.confidence)
    spread = n > 1 and bool(np.ptp(rounded(changes)) > 0)
    t = summary.mean / (summary.sd / math.sqrt(n)) if spread else math.nan
    return TestResult(
        key="paired_t",
        name="paired t test",
        role="primary",
        p=float(t_tail(t, n - 1, settings.alternative)) if spread else math.nan,
        n=n,
        statistic=t,
        statistic_name="t",
        df=float(n - 1) if spread else math.nan,
        estimate=summary.mean,
        estimate_name="mean change",
        interval=summary.interval if spread else None,
        notes=() if spread else (TOO_FEW if n < 2 else NO_SPREAD,),
    )


def sign_flip_test(changes: FloatArray, settings: Settings) -> TestResult:
    """Sign-flip permutation test of the mean change, with the interval of the shifts it allows."""
    n = len(changes)
    base = TestResult("sign_flip", "exact sign-flip permutation test", "supporting", math.nan, n)
    if n < 2:
        return replace(base, notes=(TOO_FEW,))
    tails = sign_flip(changes, flips=settings.flips, seed=settings.seed)
    interval, said = sign_flip_interval(
        changes, settings.confidence, flips=settings.flips, seed=settings.seed
    )
    about_interval = (said,) if said else ()
    p = directed(tails, settings)
    base = replace(
        base, p=p, estimate=float(np.mean(changes)), estimate_name="mean change", interval=interval
    )
    if tails.exact:
        floor = p_floor(int(np.count_nonzero(rounded(changes))), settings)
        return replace(base, p_floor=floor, notes=about_interval)
    if n > MONTE_CARLO_FLIPS:
        return replace(
            base,
            name="sign-flip permutation test, normal approximation",
            notes=(f"normal approximation above {MONTE_CARLO_FLIPS:,} patients", *about_interval),
        )
    error = math.sqrt(p * (1 - p) / tails.draws)
    note = f"{tails.draws:,} random flips, seed {settings.seed}, Monte Carlo SE {error:.1g}"
    return replace(
        base,
        name="sign-flip permutation test, random flips",
        p_floor=1 / (tails.draws + 1),
        notes=(note, *about_interval),
    )


def hodges_lehmann_result(changes: FloatArray, settings: Settings) -> TestResult:
    """Hodges–Lehmann estimate with its interval and the exact signed-rank P value."""
    n = len(changes)
    name = "Wilcoxon signed-rank test, exact with ties, zeros dropped"
    base = TestResult("wilcoxon", name, "supporting", math.nan, n)
    if n < 2:
        return replace(base, notes=(TOO_FEW,))
    ranks = signed_rank(changes)
    estimate, low, high, attained = hodges_lehmann(changes, settings.confidence)
    notes = []
    zeros = n - ranks.n_nonzero
    if zeros:
        notes.append(f"{zeros} changes of exactly 0 are not ranked, but enter the estimate")
    spread = np.ptp(rounded(changes)) > 0
    if not spread:
        notes.append(NO_INTERVAL)
    elif attained < settings.confidence - 5e-4:
        notes.append(f"the interval attains {attained:.1%}".replace("%", " %"))
    if not ranks.tails.exact:
        name = "Wilcoxon signed-rank test, normal approximation"
        notes.append(f"normal approximation above {EXACT_RANKS} patients, corrected for ties")
    return replace(
        base,
        name=name,
        p=directed(ranks.tails, settings),
        statistic=ranks.w_plus,
        statistic_name="W+",
        estimate=estimate,
        estimate_name="Hodges–Lehmann median change",
        interval=Interval(low, high, settings.confidence, attained) if spread else None,
        p_floor=p_floor(ranks.n_nonzero, settings) if ranks.tails.exact else 0.0,
        notes=tuple(notes),
    )


def pratt_test(changes: FloatArray, settings: Settings) -> TestResult:
    """Wilcoxon's signed-rank test with Pratt's rule: zeros are ranked, then dropped.

    Notes
    -----
    Pratt 1959 (doi 10.1080/01621459.1959.10501526). The ranks that zeros take up make small changes
    weigh more. Without zeros it is the test with zeros dropped.
    """
    n = len(changes)
    name = "Wilcoxon signed-rank test, exact with ties, zeros ranked (Pratt)"
    base = TestResult("wilcoxon_pratt", name, "exploratory", math.nan, n)
    if n < 2:
        return replace(base, notes=(TOO_FEW,))
    ranks = signed_rank(changes, "pratt")
    zeros = n - ranks.n_nonzero
    notes = [
        f"{zeros} changes of exactly 0 take up the lowest ranks"
        if zeros
        else "no change is exactly 0: the same as the test with zeros dropped"
    ]
    if not ranks.tails.exact:
        name = "Wilcoxon signed-rank test, normal approximation, zeros ranked (Pratt)"
        notes.append(f"normal approximation above {EXACT_RANKS} patients, corrected for ties")
    return replace(
        base,
        name=name,
        p=directed(ranks.tails, settings),
        statistic=ranks.w_plus,
        statistic_name="W+",
        p_floor=p_floor(ranks.n_nonzero, settings) if ranks.tails.exact else 0.0,
        notes=tuple(notes),
    )


def t_tail(t: float | FloatArray, df: float | IntArray, alternative: Alternative) -> FloatArray:
    """Return P values of Student’s t, of any shape, in the direction of a test.

    Parameters
    ----------
    t, df
        Statistics and their degrees of freedom.
    alternative
        "less steep" asks for large t, "steeper" for small ones.
    """
    if alternative == "less steep":
        return np.asarray(stats.t.sf(t, df))
    if alternative == "steeper":
        return np.asarray(stats.t.cdf(t, df))
    return np.asarray(2 * stats.t.sf(np.abs(t), df))


def directed(tails: Tails, settings: Settings) -> float:
    """Return the P value in the direction of the settings."""
    chosen = {
        "two-sided": tails.two_sided,
        "less steep": tails.greater,
        "steeper": tails.less,
    }[settings.alternative]
    return float(chosen)


def p_floor(n: int, settings: Settings) -> float:
    """Return the smallest exact P value that ``n`` changes that are not 0 can give."""
    return min(1.0, 2.0 ** (1 - n) if settings.alternative == "two-sided" else 2.0**-n)

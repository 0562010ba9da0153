"""What the comparison of slopes rests on: shape of the changes, coupling, ends of the scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special, stats

from analysis.comparison import EndpointComparison
from analysis.paired_tests import correlation, paired_t
from analysis.results import TestResult, finite
from analysis.settings import Settings
from analysis.signed_rank import rounded
from data.endpoints import Endpoint
from data.trial import BoolArray, FloatArray, IntArray

SHAPIRO_FEWEST: Final = 3
SHAPIRO_MOST: Final = 5_000
BAND_MOST: Final = 2_000
"""Patients above which no band is drawn: there every real sample would leave it."""

END_SHARE: Final = 2 / 48
"""Part of the scale that counts as its end: 2 of the 48 points of the ALSFRS-R."""

_DRAWN_VALUES: Final = 500_000
_DRAWS: Final = (500, 5_000)


@dataclass(frozen=True, slots=True)
class NormalPlot:
    """The changes against the quantiles of a normal distribution, with a band, and Shapiro–Wilk.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``, in the order of the changes.
    quantile
        Standard normal quantiles of (i − 3/8)/(n + 1/4).
    change
        Changes, smallest first.
    low, high
        Ends of the band; NaN where there is none.
    mean, sd
        Of the changes: the line is mean + SD · quantile.
    level
        Share of normal samples that lie inside the band everywhere.
    draws, seed
        Simulated samples behind the band, and their seed.
    w, p
        Shapiro–Wilk statistic and P; NaN where it cannot be computed.
    reason
        Why there is no band or no test; empty if both are there.
    """

    patient: IntArray
    quantile: FloatArray
    change: FloatArray
    low: FloatArray
    high: FloatArray
    mean: float
    sd: float
    level: float
    draws: int
    seed: int
    w: float
    p: float
    reason: str = ""

    @property
    def outside(self) -> BoolArray:
        """Which changes lie outside the band."""
        return (self.change < self.low) | (self.change > self.high)

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return plot and test as JSON values, patients by name."""
        return {
            "n": len(self.change),
            "mean": finite(self.mean),
            "sd": finite(self.sd),
            "level": self.level,
            "draws": self.draws,
            "seed": self.seed,
            "shapiro_wilk": {"w": finite(self.w), "p": finite(self.p)},
            "reason": self.reason,
            "points": [
                {
                    "patient": patient_ids[i],
                    "quantile": finite(self.quantile[k]),
                    "change": finite(self.change[k]),
                    "low": finite(self.low[k]),
                    "high": finite(self.high[k]),
                }
                for k, i in enumerate(self.patient)
            ],
        }


def normal_plot(result: EndpointComparison, settings: Settings) -> NormalPlot:
    """Return the normal Q–Q plot of the changes with a simultaneous band, and Shapiro–Wilk.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Level of the band and seed of the simulated samples.

    Notes
    -----
    Quantiles: Blom 1958, *Statistical Estimates and Transformed Beta-Variables*. Band: equal local
    levels, "tail-sensitive", Aldor-Noiman, Brown, Buja, Rolke & Stine 2013 (doi
    10.1080/00031305.2013.847865); mean and SD are estimated in every simulated sample as they are
    in the data. Shapiro & Wilk 1965 (doi 10.1093/biomet/52.3-4.591), Royston's algorithm AS R94.
    Both describe; neither chooses a test.
    """
    where = np.flatnonzero(result.paired)
    order = np.argsort(result.change[where], kind="stable")
    change = result.change[where][order]
    n = len(change)
    summary = result.change_summary
    low = high = np.full(n, np.nan)
    draws, w, p = 0, math.nan, math.nan
    reason = _no_plot(change)
    if not reason and n <= BAND_MOST:
        draws = min(_DRAWS[1], max(_DRAWS[0], _DRAWN_VALUES // n))
        local = local_level(n, settings.confidence, draws, settings.seed)
        rank = np.arange(1, n + 1)
        low, high = (
            summary.mean + summary.sd * special.ndtri(special.betaincinv(rank, n + 1 - rank, tail))
            for tail in (local / 2, 1 - local / 2)
        )
    if not reason and n <= SHAPIRO_MOST:
        test = stats.shapiro(change)
        w, p = float(test.statistic), float(test.pvalue)
    if not reason and n > BAND_MOST:
        without = "band" if n <= SHAPIRO_MOST else "band and no Shapiro–Wilk test"
        reason = f"no {without} for {n:,} patients"
    return NormalPlot(
        patient=where[order],
        quantile=special.ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25)),
        change=change,
        low=low,
        high=high,
        mean=summary.mean,
        sd=summary.sd,
        level=settings.confidence,
        draws=draws,
        seed=settings.seed,
        w=w,
        p=p,
        reason=reason,
    )


def local_level(n: int, level: float, draws: int, seed: int) -> float:
    """Return the two-sided level at each rank that gives the whole band its level.

    Parameters
    ----------
    n
        Size of the samples.
    level
        Share of normal samples that shall lie inside the band at every rank.
    draws, seed
        Simulated samples, and their seed.
    """
    sample = np.random.default_rng(seed).standard_normal((draws, n))
    sample.sort(axis=1)
    sample -= sample.mean(axis=1, keepdims=True)
    sample /= sample.std(axis=1, ddof=1, keepdims=True)
    rank = np.arange(1, n + 1)
    share = special.betainc(rank, n + 1 - rank, special.ndtr(sample))
    most_extreme = 2 * np.minimum(share, 1 - share).min(axis=1)
    return float(np.quantile(most_extreme, 1 - level))


def _no_plot(change: FloatArray) -> str:
    if len(change) < SHAPIRO_FEWEST:
        return f"fewer than {SHAPIRO_FEWEST} compared patients"
    return "" if np.ptp(rounded(change)) > 0 else "all changes are equal"


@dataclass(frozen=True, slots=True)
class BeforeAndChange:
    """How the change hangs together with the slope before day 0.

    Parameters
    ----------
    n
        Compared patients.
    coupled
        Pearson correlation of slope before and change. The slope before stands in both with
        opposite signs, so it is negative even where nothing changes.
    oldham
        Correlation of the mean of both slopes with the change.
    t, df, p
        Pitman–Morgan test that slopes before and after have one variance, from ``oldham``.
    sd_before, sd_after
        SD of the slopes.
    reason
        Why nothing can be said; empty if it can.
    """

    n: int
    coupled: float
    oldham: float
    t: float
    df: float
    p: float
    sd_before: float
    sd_after: float
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "n": self.n,
            "correlation_before_change_coupled": finite(self.coupled),
            "oldham_correlation": finite(self.oldham),
            "pitman_morgan": {"t": finite(self.t), "df": finite(self.df), "p": finite(self.p)},
            "sd_before": finite(self.sd_before),
            "sd_after": finite(self.sd_after),
            "reason": self.reason,
        }


def before_and_change(result: EndpointComparison) -> BeforeAndChange:
    """Return the coupled correlation and the one that is free of coupling.

    Notes
    -----
    Oldham 1962 (*Journal of Chronic Diseases* 15:969-977): the correlation of mean and difference
    is 0 exactly where both variances are equal. Pitman 1939 (doi 10.1093/biomet/31.1-2.9) and
    Morgan 1939 (doi 10.1093/biomet/31.1-2.13): t = r √(n − 2)/√(1 − r²) with n − 2 degrees of
    freedom tests that. Regression to the mean after selection lowers the variance before too.
    """
    b, a = result.before[result.paired], result.after[result.paired]
    n, change, mean = len(b), a - b, (a + b) / 2
    sd_before, sd_after = result.before_summary.sd, result.after_summary.sd
    unknown = math.nan
    if n < SHAPIRO_FEWEST or np.ptp(rounded(change)) == 0:
        reason = _no_plot(change)
        return BeforeAndChange(
            n, unknown, unknown, unknown, unknown, unknown, sd_before, sd_after, reason
        )
    oldham = correlation(mean, change)
    with np.errstate(divide="ignore"):
        t = float(oldham * np.sqrt(np.float64(n - 2) / max(0.0, 1 - oldham**2)))
    p = float(2 * stats.t.sf(abs(t), n - 2))
    reason = "" if math.isfinite(oldham) else "the means of both slopes are all equal"
    return BeforeAndChange(
        n, correlation(b, change), oldham, t, float(n - 2), p, sd_before, sd_after, reason
    )


@dataclass(frozen=True, slots=True)
class SideEnds:
    """How many of the scores of one period lie at the ends of the scale."""

    scores: int
    at_floor: int
    at_ceiling: int

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {"scores": self.scores, "at_floor": self.at_floor, "at_ceiling": self.at_ceiling}


@dataclass(frozen=True, slots=True)
class ScaleEnds:
    """Scores at the ends of the scale, where a slope flattens by itself, and the test without them.

    Parameters
    ----------
    floor, ceiling
        Scores up to ``floor`` or from ``ceiling`` on count as the end; ``ceiling`` is ``None`` for
        scales that do not end above.
    before, after
        Counts over the scores in the slopes of the compared patients.
    patients_any, patients_both
        Compared patients with such a score in either period, and in both.
    without_any, without_both
        Paired t test without these patients.
    """

    floor: float
    ceiling: float | None
    before: SideEnds
    after: SideEnds
    patients_any: IntArray
    patients_both: IntArray
    without_any: TestResult
    without_both: TestResult

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return the counts and tests as JSON values, patients by name."""
        return {
            "floor": self.floor,
            "ceiling": self.ceiling,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "patients_any": [patient_ids[i] for i in self.patients_any],
            "patients_both": [patient_ids[i] for i in self.patients_both],
            "without_any": self.without_any.to_json(),
            "without_both": self.without_both.to_json(),
        }


def end_values(endpoint: Endpoint) -> tuple[float, float | None]:
    """Return the largest value at the floor of a scale, and the smallest at its ceiling if any.

    Scores end at both sides: within 2/48 of their range from either end. Vital capacities end below
    only, and 2/48 of their usual axis counts: 5 % predicted, 0.25 L.
    """
    if endpoint.integer:
        room = END_SHARE * (endpoint.high - endpoint.low)
        return endpoint.low + room, endpoint.high - room
    return endpoint.low + END_SHARE * (endpoint.axis[1] - endpoint.axis[0]), None


def scale_ends(result: EndpointComparison, settings: Settings) -> ScaleEnds:
    """Count scores at the ends of the scale and repeat the test without the patients who have them.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Level of the intervals and direction of the test.
    """
    points = result.slopes.points
    floor, ceiling = end_values(result.endpoint)
    at_floor = points.value <= floor
    at_ceiling = points.value >= (math.inf if ceiling is None else ceiling)
    compared = result.paired[points.patient]
    n = len(result.paired)
    sides, has = [], []
    for inside in (points.before & compared, points.after & compared):
        low, high = inside & at_floor, inside & at_ceiling
        sides.append(SideEnds(int(inside.sum()), int(low.sum()), int(high.sum())))
        has.append(np.bincount(points.patient[low | high], minlength=n) > 0)
    either, both = has[0] | has[1], has[0] & has[1]
    return ScaleEnds(
        floor=floor,
        ceiling=ceiling,
        before=sides[0],
        after=sides[1],
        patients_any=np.flatnonzero(either),
        patients_both=np.flatnonzero(both),
        without_any=paired_t(result.change[result.paired & ~either], settings),
        without_both=paired_t(result.change[result.paired & ~both], settings),
    )

"""Mean change weighted by the precision of each patient's change."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy import optimize, stats

from analysis.results import Interval, finite
from analysis.signed_rank import rounded
from data.trial import FloatArray

Method = Literal["fixed", "dl", "pm", "reml"]

NAMES: Final[dict[Method, str]] = {
    "fixed": "fixed effect (inverse variance)",
    "dl": "random effects, DerSimonian–Laird",
    "pm": "random effects, Paule–Mandel",
    "reml": "random effects, REML",
}


@dataclass(frozen=True, slots=True)
class WeightedMean:
    """The weighted mean under one estimate of the variance between patients.

    Parameters
    ----------
    method, name
        Stable key, and the exact name.
    tau2
        Variance of the true changes between patients, in squared units of the changes.
    mean
        Weighted mean change.
    se, interval, p
        Standard error, interval and two-sided P value from the normal distribution.
    se_kh, interval_kh, p_kh
        The same by Knapp & Hartung, with Student’s t on k − 1 degrees of freedom; NaN and ``None``
        for the fixed effect.
    prediction, prediction_kh
        Interval for the true change of a further patient, k − 2 degrees of freedom; ``None`` with
        fewer than 3 patients or for the fixed effect.
    """

    method: Method
    name: str
    tau2: float
    mean: float
    se: float
    interval: Interval | None
    p: float
    se_kh: float = math.nan
    interval_kh: Interval | None = None
    p_kh: float = math.nan
    prediction: Interval | None = None
    prediction_kh: Interval | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the weighted mean as JSON values; what is not finite becomes null."""
        numbers = ("tau2", "mean", "se", "p", "se_kh", "p_kh")
        intervals = ("interval", "interval_kh", "prediction", "prediction_kh")
        shown: dict[str, Any] = {"method": self.method, "name": self.name}
        shown |= {key: finite(getattr(self, key)) for key in numbers}
        for key in intervals:
            interval: Interval | None = getattr(self, key)
            shown[key] = None if interval is None else interval.to_json()
        return shown


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """Weighted means of the changes and how much the changes differ.

    Parameters
    ----------
    n
        Patients in it: those with a change and a variance above 0.
    q, df, p_q
        Cochran’s Q, its degrees of freedom and P value.
    i2
        I² in per cent: the share of the variation that the variances do not explain.
    means
        Fixed effect, DerSimonian–Laird, Paule–Mandel and REML; empty if not estimable.
    notes
        Who was left out, or why there is nothing.
    """

    n: int
    q: float
    df: int
    p_q: float
    i2: float
    means: tuple[WeightedMean, ...]
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> WeightedMean | None:
        """The mean that pages show: REML, to be read with its Knapp–Hartung interval."""
        return self.means[-1] if self.means else None

    def to_json(self) -> dict[str, Any]:
        """Return the analysis as JSON values; what is not finite becomes null."""
        return {
            "n": self.n,
            "q": finite(self.q),
            "df": self.df,
            "p_q": finite(self.p_q),
            "i2": finite(self.i2),
            "means": {mean.method: mean.to_json() for mean in self.means},
            "notes": list(self.notes),
        }


def meta_mean(changes: FloatArray, variances: FloatArray, level: float) -> MetaAnalysis:
    """Return the precision-weighted mean change by four methods.

    Parameters
    ----------
    changes
        One change a patient.
    variances
        Squared standard error of each change, in squared units of the changes. Take those from the
        pooled residual SD: a variance from one patient’s own residuals can be 0 by chance.
    level
        Level of the intervals.

    Notes
    -----
    DerSimonian & Laird 1986 (doi 10.1016/0197-2456(86)90046-2); Paule & Mandel 1982
    (doi 10.6028/jres.087.022); REML as in Viechtbauer 2005 (doi 10.3102/10769986030003261);
    Knapp & Hartung 2003 (doi 10.1002/sim.1482), not bounded at 1; I² by Higgins & Thompson 2002
    (doi 10.1002/sim.1186); prediction interval by Higgins, Thompson & Spiegelhalter 2009
    (doi 10.1111/j.1467-985X.2008.00552.x).
    """
    usable = np.isfinite(changes) & np.isfinite(variances) & (variances > 0)
    y, v = changes[usable], variances[usable]
    k = len(y)
    left_out = len(changes) - k
    notes = [f"{left_out} patients without a variance above 0 are left out"] if left_out else []
    if k < 2 or np.ptp(rounded(y)) == 0:
        why = "fewer than 2 patients" if k < 2 else "all changes are equal"
        notes.append(f"not estimable: {why}")
        return MetaAnalysis(k, math.nan, max(k - 1, 0), math.nan, math.nan, (), tuple(notes))
    q = _squares(y, v, 0.0)
    df = k - 1
    taus: dict[Method, float] = {
        "dl": _dersimonian_laird(v, q, df),
        "pm": _paule_mandel(y, v),
        "reml": _reml(y, v),
    }
    means = (_fixed(y, v, level), *(_random(y, v, m, tau2, level) for m, tau2 in taus.items()))
    shown = means[-1]
    if shown.se_kh < shown.se * (1 - 1e-9):
        notes.append(
            "the Knapp–Hartung standard error is below the plain one, so its interval can be too "
            "narrow: see the normal interval beside it"
        )
    i2 = 100 * max(0.0, (q - df) / q)
    return MetaAnalysis(k, q, df, float(stats.chi2.sf(q, df)), i2, means, tuple(notes))


def _mean(y: FloatArray, v: FloatArray, tau2: float) -> float:
    weights = 1 / (v + tau2)
    return float((weights * y).sum() / weights.sum())


def _squares(y: FloatArray, v: FloatArray, tau2: float) -> float:
    return float(((y - _mean(y, v, tau2)) ** 2 / (v + tau2)).sum())


def _dersimonian_laird(v: FloatArray, q: float, df: int) -> float:
    w = 1 / v
    return max(0.0, (q - df) / float(w.sum() - (w**2).sum() / w.sum()))


def _most(y: FloatArray) -> float:
    """Return a variance between patients that no estimate reaches."""
    return 100 * float(np.var(y, ddof=1))


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(f, low, high, xtol=1e-14 * high, rtol=1e-14, maxiter=500))


def _paule_mandel(y: FloatArray, v: FloatArray) -> float:
    def excess(tau2: float) -> float:
        return _squares(y, v, tau2) - (len(y) - 1)

    return 0.0 if excess(0.0) <= 0 else _root(excess, 0.0, _most(y))


def _reml(y: FloatArray, v: FloatArray) -> float:
    """Return the variance of the highest restricted likelihood.

    The likelihood can have more than one peak: every place where its slope turns from up to down
    is found on a grid, and the highest is taken.
    """

    def score(tau2: float) -> float:
        w = 1 / (v + tau2)
        r = y - _mean(y, v, tau2)
        return float((w**2 * r**2).sum() - w.sum() + (w**2).sum() / w.sum())

    def likelihood(tau2: float) -> float:
        w = 1 / (v + tau2)
        return float(np.log(w).sum() - np.log(w.sum()) - _squares(y, v, tau2)) / 2

    grid = [0.0, *np.geomspace(1e-6, 1.0, 25) * _most(y)]
    scores = [score(tau2) for tau2 in grid]
    peaks = [0.0] if scores[0] <= 0 else []
    for i in range(len(grid) - 1):
        if scores[i] > 0 >= scores[i + 1]:
            peaks.append(_root(score, grid[i], grid[i + 1]))
    return max(peaks, key=likelihood)


def _around(mean: float, half: float, level: float) -> Interval:
    return Interval(mean - half, mean + half, level, level)


def _fixed(y: FloatArray, v: FloatArray, level: float) -> WeightedMean:
    mean, se = _mean(y, v, 0.0), float(1 / np.sqrt((1 / v).sum()))
    half = float(stats.norm.ppf((1 + level) / 2)) * se
    p = float(2 * stats.norm.sf(abs(mean / se)))
    return WeightedMean("fixed", NAMES["fixed"], 0.0, mean, se, _around(mean, half, level), p)


def _random(
    y: FloatArray, v: FloatArray, method: Method, tau2: float, level: float
) -> WeightedMean:
    k, tail = len(y), (1 + level) / 2
    mean = _mean(y, v, tau2)
    se = float(1 / np.sqrt((1 / (v + tau2)).sum()))
    se_kh = se * math.sqrt(_squares(y, v, tau2) / (k - 1))

    def predicted(error: float) -> Interval | None:
        if k < 3:
            return None
        return _around(mean, float(stats.t.ppf(tail, k - 2)) * math.hypot(tau2**0.5, error), level)

    return WeightedMean(
        method=method,
        name=NAMES[method],
        tau2=tau2,
        mean=mean,
        se=se,
        interval=_around(mean, float(stats.norm.ppf(tail)) * se, level),
        p=float(2 * stats.norm.sf(abs(mean / se))),
        se_kh=se_kh,
        interval_kh=_around(mean, float(stats.t.ppf(tail, k - 1)) * se_kh, level),
        p_kh=float(2 * stats.t.sf(abs(mean / se_kh), k - 1)),
        prediction=predicted(se),
        prediction_kh=predicted(se_kh),
    )

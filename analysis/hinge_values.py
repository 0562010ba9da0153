"""The values that the mixed model of a trial is reported in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from analysis.mixed_model import MixedFit
from analysis.results import Interval, finite
from data.trial import FloatArray

RANDOM_EFFECTS: Final = ("level at day 0", "slope before", "change of slope")
"""What differs between patients in the model, in the order of its covariance."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A fixed effect, or a sum of them, with its test of zero.

    Parameters
    ----------
    key, name
        Stable key, and words.
    estimate, se
        Value and standard error (Kenward–Roger).
    df
        Degrees of freedom of Kenward & Roger.
    interval
        With these degrees of freedom.
    p
        Two-sided, with these degrees of freedom.
    satterthwaite_df, satterthwaite_p
        The same by Satterthwaite's method, which keeps the unadjusted standard error.
    """

    key: str
    name: str
    estimate: float
    se: float
    df: float
    interval: Interval | None
    p: float
    satterthwaite_df: float
    satterthwaite_p: float

    def scaled(self, factor: float) -> Self:
        """Return the effect in another unit.

        Parameters
        ----------
        factor
            Months in the unit, above 0.
        """
        ends = self.interval
        if ends is not None:
            ends = replace(ends, low=ends.low * factor, high=ends.high * factor)
        return replace(self, estimate=self.estimate * factor, se=self.se * factor, interval=ends)

    def to_json(self) -> dict[str, Any]:
        """Return the effect as JSON values."""
        return {
            "key": self.key,
            "name": self.name,
            "estimate": finite(self.estimate),
            "se": finite(self.se),
            "df": finite(self.df),
            "interval": None if self.interval is None else self.interval.to_json(),
            "p": finite(self.p),
            "satterthwaite_df": finite(self.satterthwaite_df),
            "satterthwaite_p": finite(self.satterthwaite_p),
        }


def effect_of(
    fit: MixedFit | None, key: str, name: str, weights: npt.ArrayLike, level: float
) -> Effect:
    """Return a contrast of a fit by REML; NaN without a fit."""
    if fit is None:
        nan = float("nan")
        return Effect(key, name, nan, nan, nan, None, nan, nan, nan)
    main = fit.contrast(weights, level=level)
    other = fit.contrast(weights, df="satterthwaite", level=level)
    return Effect(
        key=key,
        name=name,
        estimate=main.estimate,
        se=main.se,
        df=main.df,
        interval=Interval(main.low, main.high, level, level),
        p=main.p,
        satterthwaite_df=other.df,
        satterthwaite_p=other.p,
    )


@dataclass(frozen=True, slots=True, eq=False)
class RandomPart:
    """Spread between patients and of the visits.

    Parameters
    ----------
    sd
        SD of ``RANDOM_EFFECTS``.
    correlation
        Their correlations, shape (3, 3); NaN where an SD is 0.
    residual_sd
        SD of visits about their patient's course; before day 0 where there are two.
    variance_ratio
        Residual variance after day 0 over that before; 1 unless two were asked for.
    """

    sd: FloatArray
    correlation: FloatArray
    residual_sd: float
    variance_ratio: float

    def to_json(self) -> dict[str, Any]:
        """Return the spreads as JSON values."""
        return {
            "effects": list(RANDOM_EFFECTS),
            "sd": [finite(v) for v in self.sd],
            "correlation": [[finite(v) for v in row] for row in self.correlation],
            "residual_sd": finite(self.residual_sd),
            "variance_ratio": finite(self.variance_ratio),
        }


def random_part(fit: MixedFit | None) -> RandomPart:
    """Return the spreads of a fit; NaN without one."""
    size = len(RANDOM_EFFECTS)
    if fit is None:
        nan = float("nan")
        return RandomPart(np.full(size, nan), np.full((size, size), nan), nan, nan)
    sd = np.sqrt(np.maximum(np.diag(fit.psi), 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.clip(fit.psi / np.outer(sd, sd), -1, 1)
    return RandomPart(sd, correlation, fit.sigma, fit.variance_ratio)


@dataclass(frozen=True, slots=True)
class ModelTest:
    """A likelihood-ratio test; NaN with the reason where it cannot be done."""

    statistic: float = float("nan")
    df: int = 0
    p: float = float("nan")
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the test as JSON values."""
        return {
            "statistic": finite(self.statistic),
            "df": self.df,
            "p": finite(self.p),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class VarianceCheck:
    """Whether visits scatter differently before and after day 0.

    Parameters
    ----------
    ratio
        Residual variance after over before.
    sd_before, sd_after
        The residual SDs.
    test
        Likelihood-ratio test of equal variances (REML, same fixed effects).
    change
        The change of slope when the two variances may differ.
    """

    ratio: float
    sd_before: float
    sd_after: float
    test: ModelTest
    change: Effect

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return {
            "ratio": finite(self.ratio),
            "sd_before": finite(self.sd_before),
            "sd_after": finite(self.sd_after),
            "test": self.test.to_json(),
            "change": self.change.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Shape:
    """How well one mean course fits, by ML with the same random part.

    Parameters
    ----------
    key
        ``"linear"``, ``"hinge"``, ``"quadratic"`` or ``"hinge and quadratic"``.
    loglik, aic, bic
        Log-likelihood and the two criteria; smaller is better.
    """

    key: str
    loglik: float
    aic: float
    bic: float

    def to_json(self) -> dict[str, Any]:
        """Return the shape as JSON values."""
        return {
            "key": self.key,
            "loglik": finite(self.loglik),
            "aic": finite(self.aic),
            "bic": finite(self.bic),
        }


@dataclass(frozen=True, slots=True)
class CurvatureCheck:
    """Whether a course that bends all the time explains the change at day 0.

    Parameters
    ----------
    change
        The change of slope with t² in the model.
    quadratic
        The coefficient of t², per month².
    shapes
        Criteria of the shapes that could be fitted.
    reason
        Why something is missing; empty otherwise.
    """

    change: Effect
    quadratic: Effect
    shapes: tuple[Shape, ...]
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return {
            "change": self.change.to_json(),
            "quadratic": self.quadratic.to_json(),
            "shapes": [shape.to_json() for shape in self.shapes],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, eq=False)
class ModelCourse:
    """The mean course of all patients with a confidence band (pointwise).

    Parameters
    ----------
    month, mean, low, high
        Months from day 0, means and ends of their intervals.
    level
        Level of each interval.
    """

    month: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    level: float

    def cut(self, low: float, high: float) -> Self:
        """Return the course without what lies outside a scale.

        Parameters
        ----------
        low, high
            Ends of the scale.
        """
        mean, lower, upper = (np.clip(c, low, high) for c in (self.mean, self.low, self.high))
        return replace(self, mean=mean, low=lower, high=upper)


@dataclass(frozen=True, slots=True)
class ModelDifference:
    """The change of slope of one group minus that of another.

    Parameters
    ----------
    groups
        Names of the two groups: the difference is second minus first.
    n_patients
        Patients of each group in the model.
    changes
        The change of slope in each group.
    difference
        Their difference.
    singular
        Whether the covariance of the random effects is on its boundary.
    left_out
        Patients who are not in the model, and why.
    reason
        Why nothing could be estimated; empty otherwise.
    """

    groups: tuple[str, ...]
    n_patients: tuple[int, ...]
    changes: tuple[Effect, ...]
    difference: Effect
    singular: bool
    left_out: tuple[tuple[str, str], ...]
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {
            "groups": list(self.groups),
            "n_patients": list(self.n_patients),
            "changes": [change.to_json() for change in self.changes],
            "difference": self.difference.to_json(),
            "singular": self.singular,
            "left_out": [{"patient": p, "reason": r} for p, r in self.left_out],
            "reason": self.reason,
        }

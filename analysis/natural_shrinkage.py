"""How far the slopes before day 0 can be trusted, and what that alone makes of the comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.results import finite
from analysis.signed_rank import rounded
from analysis.untreated.history import HISTORIES, History
from data.trial import FloatArray, IntArray

TOO_FEW: Final = "fewer than 2 compared patients"
BENDS: Final = (
    "the formula holds for courses that are straight within each period, and those of this natural "
    "history bend on their own: see the simulated trials"
)
NO_ERROR: Final = "the slopes before have no standard error"
NO_SPREAD: Final = "all slopes before are equal"


@dataclass(frozen=True, slots=True)
class ShrunkenSlopes:
    """Slopes before day 0 drawn towards the mean of the cohort by their reliability.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``, one entry a compared patient.
    before, se
        Observed slope and its standard error from the pooled residual SD, in the unit of the
        comparison.
    weight
        Reliability of each slope, between 0 (all noise) and 1.
    shrunken
        Cohort mean plus ``weight`` times the patient's distance from it.
    mean
        Mean slope of the compared patients.
    variance, error_variance
        Observed variance of the slopes, and the mean of the squared standard errors.
    reliability
        1 − error variance / variance, at least 0.
    reason
        Why nothing can be said; empty if it can.
    """

    patient: IntArray
    before: FloatArray
    se: FloatArray
    weight: FloatArray
    shrunken: FloatArray
    mean: float
    variance: float
    error_variance: float
    reliability: float
    reason: str = ""

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return the slopes as JSON values, patients by name."""
        return {
            "n": len(self.patient),
            "mean": finite(self.mean),
            "variance": finite(self.variance),
            "error_variance": finite(self.error_variance),
            "reliability": finite(self.reliability),
            "reason": self.reason,
            "patients": [
                {
                    "patient": patient_ids[i],
                    "before": finite(self.before[k]),
                    "se": finite(self.se[k]),
                    "weight": finite(self.weight[k]),
                    "shrunken": finite(self.shrunken[k]),
                }
                for k, i in enumerate(self.patient)
            ],
        }


def shrunken_slopes(result: EndpointComparison) -> ShrunkenSlopes:
    """Draw each slope before day 0 towards the cohort mean by its reliability.

    Parameters
    ----------
    result
        Comparison of one endpoint.

    Notes
    -----
    Moment estimate of the variance between patients, τ² = max(0, Var(before) − mean SE²), and
    weights τ²/(τ² + SE²): Efron & Morris 1975 (doi 10.1080/01621459.1975.10479864). With equal
    standard errors every weight equals the reliability. For display; shrunken slopes are not
    independent and enter no test.
    """
    paired = np.flatnonzero(result.paired)
    before = result.before[paired]
    squared = _squared_errors(result)
    n = len(paired)
    mean = float(np.mean(before)) if n else math.nan
    variance = float(np.var(before, ddof=1)) if n > 1 else math.nan
    error = float(np.mean(squared)) if n else math.nan
    reason = _reason(before, error)
    if reason:
        unknown = np.full(n, np.nan)
        return ShrunkenSlopes(
            paired, before, np.sqrt(squared), unknown, unknown, mean, variance, error,
            math.nan, reason,
        )  # fmt: skip
    reliability = max(0.0, 1 - error / variance)
    between = reliability * variance
    weight = between / (between + squared) if between > 0 else np.zeros(n)
    shrunken = mean + weight * (before - mean)
    return ShrunkenSlopes(
        paired, before, np.sqrt(squared), weight, shrunken, mean, variance, error, reliability
    )


@dataclass(frozen=True, slots=True)
class NaturalHistory:
    """Slopes of people without a transplant, per month.

    Parameters
    ----------
    mean_before, mean_after
        Mean true slope over the two periods.
    sd_before, sd_after
        SD of the true slope between patients; ``None`` where no value is known.
    correlation
        Correlation of a patient's two true slopes; ``None`` where no value is known.
    source
        Where the numbers come from.
    bend
        Change of the slope per month that every course has on its own, per month².
    """

    mean_before: float
    mean_after: float
    sd_before: float | None
    sd_after: float | None
    correlation: float | None
    source: str
    bend: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as JSON values."""
        return {
            "mean_before": self.mean_before,
            "mean_after": self.mean_after,
            "sd_before": self.sd_before,
            "sd_after": self.sd_after,
            "correlation": self.correlation,
            "source": self.source,
        }


def natural_slopes(history: History) -> NaturalHistory:
    """Return the slopes of a natural history, with the sources of its numbers as one text.

    Parameters
    ----------
    history
        Of one endpoint.
    """
    named = (
        ("Mean before", "mean_before"),
        ("Mean after", "mean_after"),
        ("SD of slopes before", "sd_before"),
        ("SD of slopes after", "sd_after"),
        ("Correlation of the two slopes", "correlation"),
    )
    texts = (f"{name}: {history.sources.get(key, 'no source')}." for name, key in named)
    return NaturalHistory(
        mean_before=history.mean_before,
        mean_after=history.mean_after,
        sd_before=history.sd_before,
        sd_after=history.sd_after,
        correlation=history.correlation,
        source=" ".join(texts),
        bend=history.bend,
    )


NATURAL_HISTORY: Final[Mapping[str, NaturalHistory]] = MappingProxyType(
    {key: natural_slopes(history) for key, history in HISTORIES.items()}
)
"""Natural-history slopes by endpoint key; endpoints that are missing have no known numbers."""


@dataclass(frozen=True, slots=True)
class RegressionToTheMean:
    """The change to expect without any treatment, given the slopes before day 0.

    Parameters
    ----------
    n
        Compared patients.
    mean_before, observed
        Their mean slope before and mean change, in the unit of the comparison.
    error_variance
        Mean squared standard error of the slopes before, in the squared unit of the comparison.
    reliability
        Variance between untreated patients over itself plus the error variance.
    expected
        Expected mean change without treatment, in the unit of the comparison.
    history
        The natural-history numbers; ``None`` if there are none.
    reason
        Why nothing can be said; empty if it can.
    """

    n: int
    mean_before: float
    observed: float
    error_variance: float
    reliability: float
    expected: float
    history: NaturalHistory | None
    reason: str = ""

    @property
    def remaining(self) -> float:
        """Observed minus expected mean change."""
        return self.observed - self.expected

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "n": self.n,
            "mean_before": finite(self.mean_before),
            "observed_change": finite(self.observed),
            "error_variance": finite(self.error_variance),
            "reliability": finite(self.reliability),
            "expected_change": finite(self.expected),
            "remaining_change": finite(self.remaining),
            "history": None if self.history is None else self.history.to_json(),
            "reason": self.reason,
        }


def regression_to_the_mean(
    result: EndpointComparison, history: NaturalHistory | None = None
) -> RegressionToTheMean:
    """Return the mean change to expect without treatment from slopes this far from the mean.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    history
        Natural-history slopes; by default those of ``NATURAL_HISTORY`` for the endpoint.

    Notes
    -----
    (μ_after − μ_before) + (R ρ σ_after/σ_before − 1)(mean before − μ_before), with
    R = σ_before²/(σ_before² + mean SE²). It follows from jointly normal slopes: Davis 1976
    (doi 10.1093/oxfordjournals.aje.a112321) for one quantity measured twice, here with its own
    spread in each period. σ, ρ and μ must not come from a selected sample, whose range is cut. The
    formula reads the whole distance of the cohort from μ as chance or selection: of a cohort that
    truly differs from the natural history in mean it expects too much.
    """
    chosen = history or NATURAL_HISTORY.get(result.endpoint.key)
    factor = result.rate.months_before
    mean = result.before_summary.mean / factor
    error = float(np.mean(_squared_errors(result))) / factor**2 if result.n else math.nan
    reason, reliability, expected = "", math.nan, math.nan
    if result.n == 0:
        reason = "no compared patient"
    elif chosen is None or not (chosen.sd_before and chosen.sd_after):
        reason = f"no spread of untreated slopes is known for {result.endpoint.label}"
    elif chosen.correlation is None:
        reason = f"no correlation of untreated slopes is known for {result.endpoint.label}"
    elif not math.isfinite(error):
        reason = NO_ERROR
    elif chosen.bend:
        reason = BENDS
    else:
        reliability = chosen.sd_before**2 / (chosen.sd_before**2 + error)
        pull = reliability * chosen.correlation * chosen.sd_after / chosen.sd_before - 1
        drift = chosen.mean_after - chosen.mean_before
        expected = factor * (drift + pull * (mean - chosen.mean_before))
    return RegressionToTheMean(
        n=result.n,
        mean_before=result.before_summary.mean,
        observed=result.change_summary.mean,
        error_variance=error * factor**2,
        reliability=reliability,
        expected=expected,
        history=chosen,
        reason=reason,
    )


def _squared_errors(result: EndpointComparison) -> FloatArray:
    """Return squared standard errors of the compared slopes before, from the pooled residual SD."""
    sxx = result.slopes.before.sxx[result.paired]
    return np.asarray((result.rate.months_before * result.slopes.residual_sd) ** 2 / sxx)


def _reason(before: FloatArray, error: float) -> str:
    if len(before) < 2:
        return TOO_FEW
    if not math.isfinite(error):
        return NO_ERROR
    return "" if np.ptp(rounded(before)) > 0 else NO_SPREAD

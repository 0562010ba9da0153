"""The fitted linear mixed model, its contrasts and its comparison with a smaller one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from analysis.mixed_model.data import MixedData, NotEstimable
from analysis.mixed_model.deviance import error_df
from analysis.mixed_model.inference import Inference
from analysis.mixed_model.search import minimise
from analysis.mixed_model.statistics import summarise_rows
from data.trial import FloatArray

DegreesOfFreedom = Literal["kenward-roger", "satterthwaite", "normal"]

_SINGULAR: Final = 1e-4
_NO_LOSS: Final = 1e-6
_DETERMINED: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of fixed effects with its two-sided test of zero.

    Parameters
    ----------
    estimate, se
        Value and standard error.
    df
        Degrees of freedom; infinite for the normal distribution.
    statistic
        Estimate over standard error.
    p
        Two-sided.
    low, high
        Ends of the interval.
    level
        Its level.
    """

    estimate: float
    se: float
    df: float
    statistic: float
    p: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Twice the difference of two log-likelihoods, against chi-squared.

    Parameters
    ----------
    statistic
        Not below 0.
    df
        Difference of the numbers of parameters.
    p
        Upper tail.
    """

    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """A fitted linear mixed model.

    Parameters
    ----------
    data
        What was fitted.
    reml
        Restricted or full likelihood.
    beta, vcov
        Fixed effects (p,) and their covariance (p, p) given the estimated covariance of y.
    psi
        Covariance of the random effects, shape (q, q).
    sigma
        Residual SD; of stratum 0 where there are two.
    variance_ratio
        Residual variance of stratum 1 over that of stratum 0; 1 unless two were fitted.
    two_variances
        Whether two residual variances were fitted.
    loglik
        Log-likelihood with all constants, as R's ``logLik``; restricted if ``reml``.
    singular
        Whether ``psi`` is on the boundary: some direction of the random effects has no spread.
    converged
        Whether the certificate of the optimum holds.
    blups
        Predicted random effects, shape (G, q): shrunken and dependent, for display only.
    """

    data: MixedData
    reml: bool
    beta: FloatArray
    vcov: FloatArray
    psi: FloatArray
    sigma: float
    variance_ratio: float
    two_variances: bool
    loglik: float
    singular: bool
    converged: bool
    blups: FloatArray
    _inference: Inference = field(repr=False)

    @property
    def n_rows(self) -> int:
        """Rows."""
        return self.data.n_rows

    @property
    def n_patients(self) -> int:
        """Patients."""
        return self.data.n_patients

    @property
    def n_parameters(self) -> int:
        """Fixed effects, entries of ``psi`` and residual variances."""
        q = len(self.psi)
        return len(self.beta) + q * (q + 1) // 2 + 1 + int(self.two_variances)

    @property
    def aic(self) -> float:
        """Akaike's criterion, −2 log-likelihood + 2 parameters."""
        return -2 * self.loglik + 2 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of rows, −2 log-likelihood + log(N) parameters."""
        return -2 * self.loglik + math.log(self.n_rows) * self.n_parameters

    def covariance(self, df: DegreesOfFreedom = "kenward-roger") -> FloatArray:
        """Return the covariance of the fixed effects that goes with a choice of ``df``.

        Raises
        ------
        ValueError
            For Kenward–Roger after a fit by ML.
        """
        if df != "kenward-roger":
            return self.vcov
        if not self.reml:
            raise ValueError("Kenward–Roger is defined for a fit by REML")
        return _outer_solve(
            self._inference.statistics.x_triangle,
            self.sigma**2 * self._inference.kenward_roger.adjusted,
        )

    def contrast(
        self,
        c: npt.ArrayLike,
        *,
        df: DegreesOfFreedom = "kenward-roger",
        level: float = 0.95,
    ) -> Contrast:
        """Return a weighted sum of fixed effects, its interval and its test of zero.

        Parameters
        ----------
        c
            Weights, shape (p,); not all zero.
        df
            Kenward–Roger 1997 (with the adjusted covariance), Satterthwaite (Fai & Cornelius
            1996), or the normal distribution. The last one is too liberal in small samples and is
            there for comparison.
        level
            Level of the interval.

        Raises
        ------
        ValueError
            If ``c`` does not fit, or for Kenward–Roger after a fit by ML.
        """
        weights = np.asarray(c, dtype=np.float64)
        if weights.shape != self.beta.shape or not np.any(weights):
            raise ValueError(f"a contrast needs {len(self.beta)} weights that are not all zero")
        if not np.all(np.isfinite(weights)):
            raise ValueError("the weights of a contrast must be finite")
        se = math.sqrt(float(weights @ self.covariance(df) @ weights))
        freedom = self._df(weights, df)
        estimate = float(weights @ self.beta)
        statistic = estimate / se
        half = float(special.stdtrit(freedom, (1 + level) / 2)) * se
        return Contrast(
            estimate=estimate,
            se=se,
            df=freedom,
            statistic=statistic,
            p=float(2 * special.stdtr(freedom, -abs(statistic))),
            low=estimate - half,
            high=estimate + half,
            level=level,
        )

    def _df(self, weights: FloatArray, df: DegreesOfFreedom) -> float:
        if df == "normal":
            return math.inf
        turned = _solve(self._inference.statistics.x_triangle.T, weights)
        if df == "satterthwaite":
            return self._inference.satterthwaite_df(turned)
        return self._inference.kenward_roger.df(turned)


def fit_mixed(data: MixedData, *, reml: bool = True, two_variances: bool = False) -> MixedFit:
    """Fit a linear mixed model: fixed effects, and random effects of every patient.

    Parameters
    ----------
    data
        The rows. The random effects have one unstructured covariance, which is never reduced.
    reml
        Restricted likelihood; ``False`` for the full one, as likelihood ratios of fixed effects
        need.
    two_variances
        Whether rows with ``stratum`` 1 have a residual variance of their own.

    Raises
    ------
    NotEstimable
        If the data do not determine the model, with the reason in words.
    ValueError
        If ``two_variances`` is asked for without rows in both strata.

    Notes
    -----
    Laird & Ware 1982 (doi 10.2307/2529876), in the parametrisation of Bates et al. 2015
    (doi 10.18637/jss.v067.i01).
    """
    if two_variances:
        _require_strata(data)
    statistics = summarise_rows(data, two_variances=two_variances)
    inference = Inference(statistics, minimise(statistics, reml=reml), reml)
    small_sample = inference.kenward_roger
    if small_sample.determined < _DETERMINED:
        raise NotEstimable(
            "the visits do not tell the variances and covariances of the random effects apart: too "
            "few patients have the visits that one of them rests on"
        )
    if reml and np.linalg.eigvalsh(small_sample.adjusted)[0] <= 0:
        raise NotEstimable(
            "the small-sample correction of the standard errors breaks down: too few patients"
        )
    return _fitted(data, inference)


def _require_strata(data: MixedData) -> None:
    if data.stratum is None or len(np.unique(data.stratum)) < 2:
        raise ValueError("two residual variances need rows in both strata")


def _fitted(data: MixedData, inference: Inference) -> MixedFit:
    statistics, optimum, reml = inference.statistics, inference.optimum, inference.reml
    found, factor = optimum.evaluation, optimum.point.factor
    sigma2 = found.sum_of_squares / error_df(statistics, reml=reml)
    x_triangle, z_triangle = statistics.x_triangle, statistics.z_triangle
    relative = factor @ factor.T
    # The deviance is that of orthonormal columns; REML depends on the unit of X.
    unit = 2 * float(np.log(np.abs(np.diag(x_triangle))).sum()) if reml else 0.0
    spreads = np.linalg.svd(factor, compute_uv=False)
    return MixedFit(
        data=data,
        reml=reml,
        beta=_solve(x_triangle, found.beta + statistics.beta_offset),
        vcov=_outer_solve(x_triangle, sigma2 * inference.phi),
        psi=_outer_solve(z_triangle, sigma2 * relative),
        sigma=math.sqrt(sigma2),
        variance_ratio=math.exp(optimum.point.log_ratio),
        two_variances=len(statistics.rows) > 1,
        loglik=-(found.deviance + unit) / 2,
        singular=bool(spreads[-1] <= _SINGULAR * max(1.0, spreads[0])),
        converged=optimum.converged,
        blups=_solve(z_triangle, relative @ found.residual).T,
        _inference=inference,
    )


def _solve(triangle: FloatArray, right: FloatArray) -> FloatArray:
    """Return T⁻¹ times the right side."""
    return np.asarray(np.linalg.solve(triangle, right), dtype=np.float64)


def _outer_solve(triangle: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return T⁻¹ M T⁻ᵀ, symmetric to the last bit."""
    result = _solve(triangle, _solve(triangle, matrix).T)
    return np.asarray((result + result.T) / 2)


def likelihood_ratio(larger: MixedFit, smaller: MixedFit) -> LikelihoodRatio:
    """Compare two nested models by their likelihoods.

    Parameters
    ----------
    larger, smaller
        Fits to the same values, by ML, or by REML with the same fixed effects. The smaller model
        must be a special case of the larger one, which is not checked beyond the number of
        parameters.

    Raises
    ------
    NotEstimable
        If the larger model fits worse, as it cannot: one of the searches ended too early.
    ValueError
        If fits by REML have other fixed effects, the values differ, or the larger model has no
        further parameter.

    Notes
    -----
    Wilks 1938 (doi 10.1214/aoms/1177732360). Asymptotic: liberal with few patients.
    """
    by_reml = larger.reml or smaller.reml
    if by_reml and not (
        larger.reml and smaller.reml and np.array_equal(larger.data.x, smaller.data.x)
    ):
        raise ValueError("a likelihood ratio of fixed effects needs fits by ML")
    if not np.array_equal(larger.data.y, smaller.data.y):
        raise ValueError("the two models must be fitted to the same values")
    df = larger.n_parameters - smaller.n_parameters
    if df < 1:
        raise ValueError("the larger model has no parameter more than the smaller one")
    statistic = 2 * (larger.loglik - smaller.loglik)
    if statistic < -_NO_LOSS * max(1.0, abs(larger.loglik)):
        raise NotEstimable("the larger model fits worse than its special case")
    statistic = max(0.0, statistic)
    return LikelihoodRatio(statistic, df, float(special.chdtrc(df, statistic)))


__all__ = [
    "Contrast",
    "LikelihoodRatio",
    "MixedData",
    "MixedFit",
    "NotEstimable",
    "fit_mixed",
    "likelihood_ratio",
]

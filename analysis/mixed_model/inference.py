"""What the degrees of freedom of a fitted model are computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from analysis.mixed_model.deviance import Point, error_df
from analysis.mixed_model.kenward_roger import KenwardRoger, kenward_roger
from analysis.mixed_model.search import Objective, Optimum
from analysis.mixed_model.statistics import Statistics
from analysis.mixed_model.strata import stratum_sums
from data.trial import FloatArray

_FLAT: Final = 1e-8


@dataclass(frozen=True, eq=False)
class Inference:
    """Uncertainty of the fixed effects, for orthonormal columns and a residual variance of 1.

    Parts that are costly are computed once, when they are first asked for.

    Parameters
    ----------
    statistics, optimum
        The sums and the fit.
    reml
        Which likelihood was used.
    """

    statistics: Statistics
    optimum: Optimum
    reml: bool

    @cached_property
    def phi(self) -> FloatArray:
        """Covariance of the coefficients over σ², shape (p, p)."""
        return np.asarray(np.linalg.inv(self.optimum.evaluation.information))

    @cached_property
    def kenward_roger(self) -> KenwardRoger:
        """The adjusted covariance and what its degrees of freedom need."""
        return kenward_roger(self.statistics, self.optimum, self.phi)

    @cached_property
    def _parameter_covariance(self) -> FloatArray:
        """Covariance of (Λ, log ratio, log σ) from the observed Hessian of the deviance.

        Directions with a second derivative of 1e-8 or less are left out, as where a variance is
        estimated as zero.
        """
        objective = Objective(self.statistics, reml=self.reml)
        point, found = self.optimum.point, self.optimum.evaluation
        vector = objective.vector(point)
        df = error_df(self.statistics, reml=self.reml)
        sigma2 = found.sum_of_squares / df
        size = len(vector)
        second = np.empty((size + 1, size + 1))
        second[:size, :size] = objective.hessian(vector, sigma2)
        with_sigma = Point(4 * found.spread @ point.factor, 2 * found.ratio_spread)
        second[size, :size] = second[:size, size] = objective.vector(with_sigma) / sigma2
        second[size, size] = 4 * df
        values, directions = np.linalg.eigh(second)
        kept = values > _FLAT
        inverse = (directions[:, kept] / values[kept]) @ directions[:, kept].T
        return np.asarray(2 * inverse)

    def satterthwaite_df(self, contrast: FloatArray) -> float:
        """Return Satterthwaite's degrees of freedom of one contrast.

        Parameters
        ----------
        contrast
            Weights of the coefficients of the orthonormal columns, shape (p,).

        Notes
        -----
        Fai & Cornelius 1996 (doi 10.1080/00949659608811740): 2 v² / (g'Ag) with v the variance of
        the contrast, g its derivatives with respect to the parameters and A their covariance.
        Whatever smooth parameters are chosen, the value is the same.
        """
        objective = Objective(self.statistics, reml=self.reml)
        found, point = self.optimum.evaluation, self.optimum.point
        p = self.statistics.p
        weights = self.phi @ contrast
        seen = np.einsum("axg,x->ag", found.weighted[:, :p], weights)
        variance = float(contrast @ weights)
        slope = Point(2 * seen @ seen.T @ point.factor, self._ratio_slope(weights))
        gradient = np.append(objective.vector(slope), 2 * variance)
        spread = float(gradient @ self._parameter_covariance @ gradient)
        return 2 * variance**2 / spread if spread > 0 else math.inf

    def _ratio_slope(self, weights: FloatArray) -> float:
        """Return the derivative of the variance of a contrast with respect to the log ratio."""
        if len(self.statistics.rows) == 1:
            return 0.0
        sums = stratum_sums(self.statistics, self.optimum, 1)
        return float(weights @ sums.xx @ weights) / sums.weight

"""Linear mixed models with small-sample degrees of freedom, for one grouping by patient."""

from __future__ import annotations

from analysis.mixed_model.data import MixedData, NotEstimable
from analysis.mixed_model.fit import (
    Contrast,
    DegreesOfFreedom,
    LikelihoodRatio,
    MixedFit,
    fit_mixed,
    likelihood_ratio,
)

__all__ = [
    "Contrast",
    "DegreesOfFreedom",
    "LikelihoodRatio",
    "MixedData",
    "MixedFit",
    "NotEstimable",
    "fit_mixed",
    "likelihood_ratio",
]

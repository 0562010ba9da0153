"""The models of each endpoint, fitted once a session."""

from __future__ import annotations

from analysis.comparison import Comparison, EndpointComparison
from analysis.hinge_model import HingeModel, hinge_model
from analysis.population_model import PopulationModel, population_model
from data.trial import Trial
from ui.cache import once


def model_of(trial: Trial, comparison: Comparison, result: EndpointComparison) -> HingeModel:
    """Return the mixed model of one endpoint, fitted at most once."""
    settings, key = comparison.settings, result.endpoint.key
    return once(
        ("model", trial.instance, settings.comparison_key, key),
        lambda: hinge_model(trial, key, settings, result.slopes.points),
    )


def population_of(
    trial: Trial, comparison: Comparison, result: EndpointComparison
) -> PopulationModel:
    """Return the population-averaged model of one endpoint, fitted at most once."""
    settings, key = comparison.settings, result.endpoint.key
    return once(
        ("population", trial.instance, settings.comparison_key, key),
        lambda: population_model(trial, key, settings, result.slopes.points),
    )

"""What stands behind a comparison and needs the trial once more: models, diagnostics, tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.baseline import BaselineTable, baseline_table
from analysis.change_from_day0 import ChangeFromDay0, change_from_day0
from analysis.comparison import Comparison, EndpointComparison
from analysis.diagnosis import Diagnosis, diagnose
from analysis.grouping import Grouping, compared_grouping, grouping_of
from analysis.hinge_groups import group_interaction
from analysis.hinge_model import HingeModel, hinge_model
from analysis.hinge_values import ModelDifference
from analysis.population_model import PopulationModel, population_model
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from analysis.untreated.outcome import Untreated
from data.trial import Trial


@dataclass(frozen=True, slots=True)
class EndpointDetails:
    """Models, diagnostics and course of one endpoint.

    Parameters
    ----------
    model
        Mixed model of all visits.
    population
        Population-averaged model of the same visits.
    group_model
        Difference of two groups within the mixed model; ``None`` unless there are two groups.
    diagnosis
        Checks of the comparison.
    from_day0
        Change of the score from day 0, and the mean course.
    """

    model: HingeModel
    population: PopulationModel
    group_model: ModelDifference | None
    diagnosis: Diagnosis
    from_day0: ChangeFromDay0


@dataclass(frozen=True, slots=True)
class Details:
    """Details of every endpoint by key, the patients at day 0, and simulated untreated trials."""

    endpoints: dict[str, EndpointDetails]
    baseline: BaselineTable
    untreated: Untreated


def details(trial: Trial, comparison: Comparison) -> Details:
    """Return everything that the tabs of the Slopes page show beyond the comparison itself.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison; the settings are those of the comparison.
    """
    settings = comparison.settings
    return Details(
        endpoints={
            result.endpoint.key: _of_endpoint(trial, result, settings)
            for result in comparison.endpoints
        },
        baseline=baseline_table(trial, settings, baseline_grouping(trial, comparison)),
        untreated=untreated(trial, comparison),
    )


def _of_endpoint(trial: Trial, result: EndpointComparison, settings: Settings) -> EndpointDetails:
    key, points = result.endpoint.key, result.slopes.points
    return EndpointDetails(
        model=hinge_model(trial, key, settings, points),
        population=population_model(trial, key, settings, points),
        group_model=group_model(trial, result, settings),
        diagnosis=diagnose(result, settings),
        from_day0=change_from_day0(trial, key, settings),
    )


def baseline_grouping(trial: Trial, comparison: Comparison) -> Grouping:
    """Return the columns of the patients at day 0: the groups, or who is compared and who not."""
    by = comparison.settings.group_by
    compared = np.zeros(len(trial.patient_ids), dtype=np.bool_)
    for result in comparison.endpoints:
        compared |= result.paired
    if by != "none" or compared.all() or not compared.any():
        return grouping_of(trial, by)
    return compared_grouping(compared)


def group_model(
    trial: Trial, result: EndpointComparison, settings: Settings
) -> ModelDifference | None:
    """Return the difference of two groups within the mixed model, or nothing without two."""
    if result.groups is None or result.groups.difference is None:
        return None
    groups = grouping_of(trial, settings.group_by)
    names = [groups.labels[code] if code >= 0 else None for code in groups.code]
    # A group cannot be told from itself as a covariate.
    kept = tuple(name for name in settings.model_covariates if name != settings.group_by)
    settings = settings.with_(model_covariates=kept)
    found = result.groups.difference
    pair = (found.reference, found.other)
    return group_interaction(trial, result.endpoint.key, settings, names, pair)

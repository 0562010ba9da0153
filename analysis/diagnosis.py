"""Everything that doubts the comparison of one endpoint, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.comparison import EndpointComparison
from analysis.diagnostics import (
    BeforeAndChange,
    NormalPlot,
    ScaleEnds,
    before_and_change,
    normal_plot,
    scale_ends,
)
from analysis.diagnostics_dropout import Dropout, TippingPoint, dropout, tipping_point
from analysis.diagnostics_visits import Curvature, VisitResiduals, curvature, visit_residuals
from analysis.leave_one_out import LeaveOneOut, leave_one_out
from analysis.natural_shrinkage import (
    NaturalHistory,
    RegressionToTheMean,
    ShrunkenSlopes,
    natural_slopes,
    regression_to_the_mean,
    shrunken_slopes,
)
from analysis.settings import Settings
from analysis.untreated.assumed import assumed_history


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Distribution, influence, visits, scale, selection and loss behind one comparison."""

    normal: NormalPlot
    without_each: LeaveOneOut
    residuals: VisitResiduals
    curvature: Curvature
    ends: ScaleEnds
    coupling: BeforeAndChange
    shrunken: ShrunkenSlopes
    regression: RegressionToTheMean
    lost: Dropout
    tipping: TippingPoint

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return all of it as JSON values, patients by name."""
        return {
            "normal_plot": self.normal.to_json(patient_ids),
            "leave_one_out": self.without_each.to_json(patient_ids),
            "residuals": self.residuals.to_json(patient_ids),
            "curvature": self.curvature.to_json(patient_ids),
            "scale_ends": self.ends.to_json(patient_ids),
            "before_and_change": self.coupling.to_json(),
            "shrunken_slopes": self.shrunken.to_json(patient_ids),
            "regression_to_the_mean": self.regression.to_json(),
            "dropout": self.lost.to_json(patient_ids),
            "tipping_point": self.tipping.to_json(),
        }


def diagnose(result: EndpointComparison, settings: Settings) -> Diagnosis:
    """Return every diagnostic of one endpoint."""
    return Diagnosis(
        normal=normal_plot(result, settings),
        without_each=leave_one_out(result, settings),
        residuals=visit_residuals(result),
        curvature=curvature(result, settings),
        ends=scale_ends(result, settings),
        coupling=before_and_change(result),
        shrunken=shrunken_slopes(result),
        regression=regression_to_the_mean(result, _natural_slopes(result, settings)),
        lost=dropout(result, settings),
        tipping=tipping_point(result, settings),
    )


def _natural_slopes(result: EndpointComparison, settings: Settings) -> NaturalHistory | None:
    """Return the natural history that the settings assume, if one is known for the endpoint."""
    history = assumed_history(settings).histories.get(result.endpoint.key)
    return None if history is None else natural_slopes(history)

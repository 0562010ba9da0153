"""The mixed model of a whole trial: one mean course with a bend at day 0, on all visits.

``y = b0 + b1 t + b2 max(t, 0)`` with random level, slope and change of slope of every patient.
The model estimates the same change as the comparison of slopes, and stands beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analysis.change_from_day0 import MeanCourse, mean_by_month
from analysis.cohort import usual_spacing
from analysis.hinge_rows import UNSETTLED, HingeRows, fit_or_reason, hinge_rows
from analysis.hinge_values import (
    CurvatureCheck,
    Effect,
    ModelCourse,
    ModelTest,
    RandomPart,
    Shape,
    VarianceCheck,
    effect_of,
    random_part,
)
from analysis.mixed_model import MixedFit, NotEstimable, likelihood_ratio
from analysis.rate import Rate
from analysis.results import finite
from analysis.settings import Settings
from analysis.slopes import Points, place_points
from data.endpoints import ENDPOINTS
from data.trial import FloatArray, Trial

_SHAPES: Final = ("linear", "hinge", "quadratic", "hinge and quadratic")
_SPECIAL_CASES: Final = MappingProxyType(
    {
        "hinge": ("linear",),
        "quadratic": ("linear",),
        "hinge and quadratic": ("linear", "hinge", "quadratic"),
    }
)
_NO_RATIO: Final = (
    "the residual variances before and after day 0 cannot be told apart from the spread between "
    "patients"
)


@dataclass(frozen=True, eq=False)
class HingeModel:
    """The mixed model of one endpoint; slopes are per month.

    Parameters
    ----------
    endpoint_key, unit
        Which endpoint, and the unit of slopes.
    method
        How it was estimated.
    level
        Level of the intervals.
    n_patients, n_rows
        Patients and visits in the model.
    left_out
        Patients who are not in it, and why.
    notes
        What became of the covariates.
    reason
        Why nothing could be estimated; empty otherwise. Then all numbers are NaN.
    slope_before, change, slope_after
        b1, b2 and b1 + b2.
    covariates
        Effects of the covariates on the level.
    random
        Spread between patients and of the visits.
    loglik
        Restricted log-likelihood.
    singular
        Whether the covariance of the random effects is on its boundary.
    explanation
        What that means, in words; empty if it is not.
    patient_before, patient_after
        Predicted slopes of every patient in the order of ``Trial.patient_ids``, NaN where not in
        the model. Shrunken towards the mean and dependent: for display only, never to be tested.
    """

    endpoint_key: str
    unit: str
    method: str
    level: float
    n_patients: int
    n_rows: int
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    reason: str
    slope_before: Effect
    change: Effect
    slope_after: Effect
    covariates: tuple[Effect, ...]
    random: RandomPart
    loglik: float
    singular: bool
    explanation: str
    patient_before: FloatArray = field(repr=False)
    patient_after: FloatArray = field(repr=False)
    _rows: HingeRows = field(repr=False)
    _fit: MixedFit | None = field(repr=False)

    @property
    def estimable(self) -> bool:
        """Whether there are numbers."""
        return self._fit is not None

    def in_unit(self, rate: Rate) -> tuple[Effect, Effect, Effect]:
        """Return slope before, change and slope after in the unit of a rate.

        Parameters
        ----------
        rate
            Its two periods have one length, or a change would mix speed with length.

        Raises
        ------
        ValueError
            If the two lengths differ.
        """
        if rate.months_before != rate.months_after:
            raise ValueError("a change of slope needs one unit before and after day 0")
        factor = rate.months_before
        return (
            self.slope_before.scaled(factor),
            self.change.scaled(factor),
            self.slope_after.scaled(factor),
        )

    def mean_course(self, months: npt.ArrayLike, level: float | None = None) -> ModelCourse:
        """Return the mean course at some months with a pointwise band, covariates at their mean.

        Parameters
        ----------
        months
            Months from day 0, shape (k,).
        level
            Level of each interval; that of the model by default.
        """
        month = np.atleast_1d(np.asarray(months, dtype=np.float64))
        level = self.level if level is None else level
        if self._fit is None:
            nothing = np.full(len(month), np.nan)
            return ModelCourse(month, nothing, nothing, nothing, level)
        rest = (0.0,) * len(self.covariates)
        points = [
            self._fit.contrast((1.0, t, max(t, 0.0), *rest), level=level) for t in month.tolist()
        ]
        return ModelCourse(
            month=month,
            mean=np.asarray([point.estimate for point in points]),
            low=np.asarray([point.low for point in points]),
            high=np.asarray([point.high for point in points]),
            level=level,
        )

    def run_in_continued(self, months: npt.ArrayLike) -> FloatArray:
        """Return the mean course before day 0 continued as a straight line, b0 + b1 t.

        Parameters
        ----------
        months
            Months from day 0, shape (k,).
        """
        month = np.atleast_1d(np.asarray(months, dtype=np.float64))
        if self._fit is None:
            return np.full(len(month), np.nan)
        return np.asarray(self._fit.beta[0] + self._fit.beta[1] * month)

    @cached_property
    def visit_span(self) -> tuple[float, float]:
        """Months of the first and the last visit in the model; NaN without any."""
        month = self._rows.month
        return (float(month.min()), float(month.max())) if len(month) else (math.nan, math.nan)

    @cached_property
    def observed(self) -> MeanCourse:
        """Means by visit month of the visits in the model, each patient once at each month."""
        rows = self._rows
        spacing = usual_spacing(rows.patient, rows.month)
        return mean_by_month(rows.patient, rows.month, rows.value, spacing, self.level)

    @cached_property
    def change_test(self) -> ModelTest:
        """Likelihood-ratio test of no change: ML, the whole random part in both models."""
        return _ratio_test(self._by_ml["hinge"], self._by_ml["linear"], self.reason or UNSETTLED)

    @cached_property
    def variances(self) -> VarianceCheck:
        """Whether visits scatter differently before and after day 0."""
        fits = [self._try(self._columns("hinge"), two=two)[0] for two in (True, False)]
        two, one = fits
        change = effect_of(two, "change", "change of slope", self._unit_weights(2), self.level)
        test = _ratio_test(two, one, self.reason or _NO_RATIO)
        if two is None or test.reason:
            nan = math.nan
            return VarianceCheck(nan, nan, nan, test, change)
        ratio = two.variance_ratio
        return VarianceCheck(ratio, two.sigma, two.sigma * ratio**0.5, test, change)

    @cached_property
    def curvature(self) -> CurvatureCheck:
        """Whether a course that bends all the time explains the change at day 0."""
        both, why = self._try(self._columns("hinge and quadratic"), two=self._two)
        change = effect_of(both, "change", "change of slope", self._unit_weights(2, 1), self.level)
        bend = effect_of(both, "quadratic", "t²", self._unit_weights(3, 1), self.level)
        shapes = [
            Shape(key, fit.loglik, fit.aic, fit.bic)
            for key, fit in self._by_ml.items()
            if fit is not None
        ]
        return CurvatureCheck(change, bend, tuple(shapes), self.reason or why)

    def to_json(self, *, checks: bool = True) -> dict[str, Any]:
        """Return the model as JSON values; what is not finite becomes null.

        Parameters
        ----------
        checks
            Whether the tests that need further fits are in it.
        """
        plain: dict[str, Any] = {
            "endpoint": self.endpoint_key,
            "unit": self.unit,
            "method": self.method,
            "n_patients": self.n_patients,
            "n_rows": self.n_rows,
            "left_out": [{"patient": p, "reason": r} for p, r in self.left_out],
            "notes": list(self.notes),
            "reason": self.reason,
            "slope_before": self.slope_before.to_json(),
            "change": self.change.to_json(),
            "slope_after": self.slope_after.to_json(),
            "covariates": [effect.to_json() for effect in self.covariates],
            "random": self.random.to_json(),
            "loglik": finite(self.loglik),
            "singular": self.singular,
            "explanation": self.explanation,
            "patient_before": [finite(v) for v in self.patient_before],
            "patient_after": [finite(v) for v in self.patient_after],
        }
        if checks:
            plain["change_test"] = self.change_test.to_json()
            plain["variances"] = self.variances.to_json()
            plain["curvature"] = self.curvature.to_json()
        return plain

    @property
    def _two(self) -> bool:
        return self._fit is not None and self._fit.two_variances

    def _unit_weights(self, at: int, extra: int = 0) -> FloatArray:
        weights = np.zeros(3 + extra + len(self._rows.covariate_names))
        weights[at] = 1
        return weights

    def _columns(self, shape: str) -> dict[str, FloatArray]:
        one, t, after = self._rows.hinge().T
        columns = {"level": one, "slope": t}
        if shape.startswith("hinge"):
            columns["change"] = after
        if shape.endswith("quadratic"):
            columns["quadratic"] = t**2
        return columns

    def _try(
        self, columns: dict[str, FloatArray], *, two: bool, reml: bool = True
    ) -> tuple[MixedFit | None, str]:
        if self._fit is None:
            return None, self.reason
        return fit_or_reason(self._rows, columns, reml=reml, two_variances=two)

    @cached_property
    def _by_ml(self) -> dict[str, MixedFit | None]:
        """Every shape by ML; ``None`` where it fits worse than a special case of itself."""
        fits = {
            shape: self._try(self._columns(shape), two=self._two, reml=False)[0]
            for shape in _SHAPES
        }
        for shape, parts in _SPECIAL_CASES.items():
            if any(_ratio_test(fits[shape], fits[part], "").reason for part in parts):
                fits[shape] = None
        return fits


def hinge_model(
    trial: Trial, endpoint_key: str, settings: Settings, points: Points | None = None
) -> HingeModel:
    """Fit the mixed model of one endpoint.

    Parameters
    ----------
    trial, endpoint_key
        Whose values.
    settings
        Windows, rule for day 0, exclusions, covariates, whether there are two residual variances,
        and the level of the intervals. The rules for the number of visits and their span do not
        apply.
    points
        The values placed with the same settings, if they are at hand.

    Returns
    -------
    HingeModel
        Also where nothing can be estimated: then with NaN and the reason.

    Notes
    -----
    REML with the degrees of freedom of Kenward & Roger 1997 (doi 10.2307/2533558); see
    :mod:`analysis.mixed_model`.
    """
    points = place_points(trial, endpoint_key, settings) if points is None else points
    rows = hinge_rows(trial, endpoint_key, settings, points)
    one, t, after = rows.hinge().T
    columns = {"level": one, "slope": t, "change": after}
    fit, reason = fit_or_reason(rows, columns, reml=True, two_variances=settings.two_variances)
    level = settings.confidence
    rest = np.zeros(len(rows.covariate_names))
    before, change = np.append((0.0, 1.0, 0.0), rest), np.append((0.0, 0.0, 1.0), rest)
    effects = np.eye(3 + len(rest))[3:]
    patient_before, patient_after = _predicted(fit, rows, len(trial.patient_ids))
    slope_change = effect_of(fit, "change", "change of slope", change, level)
    return HingeModel(
        endpoint_key=endpoint_key,
        unit=f"{ENDPOINTS[endpoint_key].change_unit}/month",
        method="linear mixed model by REML, Kenward–Roger degrees of freedom",
        level=level,
        n_patients=len(rows.member),
        n_rows=len(rows.value),
        left_out=rows.left_out,
        notes=rows.notes,
        reason=reason,
        slope_before=effect_of(fit, "slope_before", "slope before", before, level),
        change=slope_change,
        slope_after=effect_of(fit, "slope_after", "slope after", before + change, level),
        covariates=tuple(
            effect_of(fit, name, name, weights, level)
            for name, weights in zip(rows.covariate_names, effects, strict=True)
        ),
        random=random_part(fit),
        loglik=math.nan if fit is None else fit.loglik,
        singular=fit is not None and fit.singular,
        explanation=_explanation(fit, slope_change.df),
        patient_before=patient_before,
        patient_after=patient_after,
        _rows=rows,
        _fit=fit,
    )


def _ratio_test(larger: MixedFit | None, smaller: MixedFit | None, missing: str) -> ModelTest:
    """Return the likelihood ratio of two nested fits, or why there is none."""
    if larger is None or smaller is None:
        return ModelTest(reason=missing)
    try:
        found = likelihood_ratio(larger, smaller)
    except NotEstimable:
        return ModelTest(reason=UNSETTLED)
    return ModelTest(found.statistic, found.df, found.p)


def _predicted(
    fit: MixedFit | None, rows: HingeRows, n_patients: int
) -> tuple[FloatArray, FloatArray]:
    """Return the predicted slopes before and after of every patient of the trial."""
    before, after = np.full(n_patients, np.nan), np.full(n_patients, np.nan)
    if fit is not None:
        before[rows.member] = fit.beta[1] + fit.blups[:, 1]
        after[rows.member] = before[rows.member] + fit.beta[2] + fit.blups[:, 2]
    return before, after


def _explanation(fit: MixedFit | None, df: float) -> str:
    """Return in words what a covariance on its boundary means for the reader."""
    if fit is None or not fit.singular:
        return ""
    return (
        "The data do not separate the spread of level, slope and change of slope between patients: "
        "the estimated covariance is on its boundary (a variance of 0 or a correlation of ±1). "
        "That is common with few patients and does not mean that the patients are alike. The "
        "random part is kept as it is, because leaving out the random change would make the test "
        "of the change too liberal. Degrees of freedom of the change: "
        f"{df:.1f} with {fit.n_patients} patients."
    )

"""The population-averaged model: the mean course of all patients, by estimating equations.

``y = b0 + b1 t + b2 max(t, 0)`` for the mean alone. What differs between patients is not modelled:
standard errors come from how far the patients' own residuals agree. It stands beside the mixed
model and rests on the same visits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self

import numpy as np
from scipy import special

from analysis.hinge_rows import HingeRows, hinge_rows
from analysis.results import Interval, finite
from analysis.settings import Settings
from analysis.slopes import Points, place_points
from data.endpoints import ENDPOINTS
from data.trial import FloatArray, IntArray, Trial

Working = Literal["exchangeable", "independence"]

MIN_PATIENTS: Final = 3
MAX_PATIENTS: Final = 2000
"""Above this the model is not computed: it goes through patients one by one."""

METHOD: Final = (
    "generalised estimating equations, standard errors of Mancl & DeRouen, t with patients − 1 "
    "degrees of freedom (recommended below 40 patients, used for any number)"
)

_EFFECTS: Final = (
    ("slope_before", "slope before", (0.0, 1.0, 0.0)),
    ("change", "change of slope", (0.0, 0.0, 1.0)),
    ("slope_after", "slope after", (0.0, 1.0, 1.0)),
)
_NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class PopulationEffect:
    """A slope of the mean course, or its change, with its test of zero.

    Parameters
    ----------
    key, name
        Stable key, and words.
    estimate, se
        Value and bias-reduced standard error, per month.
    df
        Patients minus 1.
    interval
        From t with these degrees of freedom; none without a standard error.
    p
        Two-sided, from the same t.
    """

    key: str
    name: str
    estimate: float = _NAN
    se: float = _NAN
    df: float = _NAN
    interval: Interval | None = None
    p: float = _NAN

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
        }


@dataclass(frozen=True, slots=True)
class PopulationModel:
    """The population-averaged model of one endpoint; slopes are per month.

    Parameters
    ----------
    endpoint_key, unit
        Which endpoint, and the unit of slopes.
    method
        How it was estimated, in words.
    level
        Level of the intervals.
    n_patients, n_rows
        Patients and visits in the model.
    n_both
        Patients with visits on both sides of day 0.
    left_out
        Patients who are not in it, and why.
    notes
        What became of the covariates, who enters on one side only, what has no standard error.
    reason
        Why nothing could be estimated; empty otherwise. Then all numbers are NaN.
    working
        The working correlation that was used; empty without an estimate.
    correlation
        Its estimate, between two visits of one patient; 0 under independence.
    fallback
        Why the exchangeable correlation was asked for and not used; empty otherwise.
    slope_before, change, slope_after
        b1, b2 and b1 + b2.
    """

    endpoint_key: str
    unit: str
    method: str
    level: float
    n_patients: int
    n_rows: int
    n_both: int
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    reason: str
    working: str
    correlation: float
    fallback: str
    slope_before: PopulationEffect
    change: PopulationEffect
    slope_after: PopulationEffect

    @property
    def estimable(self) -> bool:
        """Whether there are numbers."""
        return not self.reason

    def to_json(self) -> dict[str, Any]:
        """Return the model as JSON values; what is not finite becomes null."""
        return {
            "endpoint": self.endpoint_key,
            "unit": self.unit,
            "method": self.method,
            "level": self.level,
            "n_patients": self.n_patients,
            "n_rows": self.n_rows,
            "n_both": self.n_both,
            "left_out": [{"patient": p, "reason": r} for p, r in self.left_out],
            "notes": list(self.notes),
            "reason": self.reason,
            "working": self.working,
            "correlation": finite(self.correlation),
            "fallback": self.fallback,
            "slope_before": self.slope_before.to_json(),
            "change": self.change.to_json(),
            "slope_after": self.slope_after.to_json(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    """The model without units.

    ``q`` is an orthonormal basis of its columns, shape (N, p); ``w`` are the weights of the effects
    on the coefficients of ``q``, shape (3, p); ``y`` has mean 0 and was divided by ``scale``.
    """

    patient: IntArray
    q: FloatArray
    w: FloatArray
    y: FloatArray
    scale: float

    @property
    def residual_sd(self) -> float:
        """Residual SD of least squares, in units of ``y``."""
        n, p = self.q.shape
        residual = self.y - self.q @ (self.q.T @ self.y)
        return float(np.sqrt(residual @ residual / max(n - p, 1)))


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    """Effects and their standard errors, shape (3,), with the working correlation."""

    estimate: FloatArray
    se: FloatArray
    working: Working
    correlation: float


def population_model(
    trial: Trial,
    endpoint_key: str,
    settings: Settings,
    points: Points | None = None,
    *,
    working: Working = "exchangeable",
) -> PopulationModel:
    """Estimate the population-averaged model of one endpoint.

    Parameters
    ----------
    trial, endpoint_key
        Whose values.
    settings
        Windows, rule for day 0, exclusions, covariates, and the level of the intervals. The rules
        for the number of visits and their span do not apply.
    points
        The values placed with the same settings, if they are at hand.
    working
        The working correlation. Where an exchangeable one fails, independence is used and named.

    Returns
    -------
    PopulationModel
        Also where nothing can be estimated: then with NaN and the reason.

    Notes
    -----
    Estimating equations of Liang & Zeger 1986 (doi 10.1093/biomet/73.1.13), solved by statsmodels;
    sandwich of Mancl & DeRouen 2001 (doi 10.1111/j.0006-341X.2001.00126.x), which corrects the bias
    that residuals have because they are fitted; t with patients minus 1 degrees of freedom. All of
    this is used for any number of patients. It is recommended below 40 and tends to the usual
    sandwich above.
    """
    points = place_points(trial, endpoint_key, settings) if points is None else points
    rows = hinge_rows(trial, endpoint_key, settings, points)
    found, fallback = _found(rows, trial, working)
    reason, solution = (found, None) if isinstance(found, str) else ("", found)
    effects, without_se = _effects(solution, len(rows.member), settings.confidence)
    n_both = _on_both_sides(rows)
    return PopulationModel(
        endpoint_key=endpoint_key,
        unit=f"{ENDPOINTS[endpoint_key].change_unit}/month",
        method=METHOD,
        level=settings.confidence,
        n_patients=len(rows.member),
        n_rows=len(rows.value),
        n_both=n_both,
        left_out=rows.left_out,
        notes=(*rows.notes, *_one_sided(n_both, len(rows.member)), *without_se),
        reason=reason,
        working=solution.working if solution else "",
        correlation=solution.correlation if solution else _NAN,
        fallback=fallback,
        slope_before=effects[0],
        change=effects[1],
        slope_after=effects[2],
    )


def _found(rows: HingeRows, trial: Trial, working: Working) -> tuple[_Solution | str, str]:
    """Return the solution or why there is none, and why independence was used instead."""
    design = _problem(rows) or _design(rows)
    if isinstance(design, str):
        return design, ""
    hindrance = _hindrance(design, rows, trial)
    if hindrance:
        return hindrance, ""
    found = _solve(design, working)
    if isinstance(found, str) and working == "exchangeable":
        return _solve(design, "independence"), found
    return found, ""


def _on_both_sides(rows: HingeRows) -> int:
    n = len(rows.member)
    before = np.bincount(rows.patient[rows.month < 0], minlength=n) > 0
    after = np.bincount(rows.patient[rows.month > 0], minlength=n) > 0
    return int(np.count_nonzero(before & after))


def _one_sided(n_both: int, n: int) -> tuple[str, ...]:
    text = (
        f"{n - n_both} of {n} patients do not have visits on both sides of day 0. They move the "
        "mean course by comparison with the others; the degrees of freedom count them in full."
    )
    return (text,) if n_both < n else ()


def _problem(rows: HingeRows) -> str:
    """Return why there is no model, as far as it shows without its columns."""
    n = len(rows.member)
    if n < MIN_PATIENTS:
        return f"fewer than {MIN_PATIENTS} patients have visits that can be analysed"
    if n > MAX_PATIENTS:
        return f"not computed above {MAX_PATIENTS:,} patients, here are {n:,}"
    return rows.problem


def _design(rows: HingeRows) -> _Design | str:
    """Return the columns and values of the model, or why they do not determine it."""
    x = np.column_stack([rows.hinge(), rows.covariates[rows.patient]])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return (
            "the columns of the model are linearly dependent (too few different times of visits, "
            "or covariates that cannot be told apart)"
        )
    q, r = np.linalg.qr(x)
    rest = (0.0,) * (x.shape[1] - 3)
    weights = np.asarray([(*weight, *rest) for _, _, weight in _EFFECTS])
    scale = float(np.std(rows.value))
    return _Design(
        patient=rows.patient,
        q=q,
        w=np.linalg.solve(r.T, weights.T).T,
        y=(rows.value - np.mean(rows.value)) / (scale or 1.0),
        scale=scale,
    )


def _hindrance(design: _Design, rows: HingeRows, trial: Trial) -> str:
    """Return why there are no standard errors; empty if there are."""
    # A patient's part of Q'Q has an eigenvalue of 1 where the columns are dependent without them.
    # Then the corrected residuals are 0/0.
    n, p = len(rows.member), design.q.shape[1]
    part = np.empty((n, p, p))
    for i in range(p):
        for j in range(p):
            part[:, i, j] = np.bincount(design.patient, design.q[:, i] * design.q[:, j], n)
    alone = np.linalg.eigvalsh(part)[:, -1] > 1 - 1e-8
    if alone.any():
        name = trial.patient_ids[rows.member[np.argmax(alone)]]
        return f"part of the model rests on patient {name} alone: it cannot be fitted without them"
    if design.residual_sd < 1e-10:
        return "all visits lie on one mean course, without any scatter about it"
    return ""


def _solve(design: _Design, working: Working) -> _Solution | str:
    """Return the solution of the estimating equations, or why there is none."""
    # Imported here because it takes about a second, which only this model should cost.
    from statsmodels.genmod.cov_struct import Exchangeable, Independence
    from statsmodels.genmod.generalized_estimating_equations import GEE

    visits = np.bincount(design.patient)
    exchangeable = working == "exchangeable"
    # The moment estimate of the correlation divides by this number of pairs minus columns.
    if exchangeable and np.sum(visits * (visits - 1)) / 2 <= design.q.shape[1]:
        return "too few pairs of visits of one patient for a correlation"
    structure = Exchangeable() if exchangeable else Independence()
    model = GEE(design.y, design.q, groups=design.patient, cov_struct=structure)
    try:
        # An impossible correlation is found below, not warned of on the way.
        with np.errstate(all="ignore"):
            fit = model.fit(cov_type="bias_reduced", ctol=1e-9, maxiter=200)
    except np.linalg.LinAlgError:
        return "the estimating equations are singular"
    correlation = float(structure.dep_params) if exchangeable else 0.0
    if exchangeable and not _possible(correlation, int(visits.max())):
        return f"the estimated correlation, {correlation:.3f}, cannot hold between all visits"
    gamma, covariance = np.asarray(fit.params), np.asarray(fit.cov_robust_bc)
    variance = np.einsum("ki,ij,kj->k", design.w, covariance, design.w)
    if not (fit.converged and np.isfinite(gamma).all() and np.isfinite(variance).all()):
        return "the estimating equations did not settle"
    se = np.sqrt(np.maximum(variance, 0))
    # What is left of a standard error that is 0 by the data is rounding.
    noise = design.residual_sd * np.sqrt(np.sum(design.w**2, axis=1))
    se = np.where(se > 1e-8 * noise, se * design.scale, np.nan)
    return _Solution(design.scale * (design.w @ gamma), se, working, correlation)


def _possible(correlation: float, most: int) -> bool:
    """Whether equal correlations of so many visits have a covariance matrix that is definite."""
    return min(1 - correlation, 1 + (most - 1) * correlation) > 1e-8


def _effects(
    solution: _Solution | None, n: int, level: float
) -> tuple[tuple[PopulationEffect, ...], tuple[str, ...]]:
    """Return the three effects, and a note on each without a standard error."""
    if solution is None:
        return tuple(PopulationEffect(key, name) for key, name, _ in _EFFECTS), ()
    df = n - 1.0
    quantile = float(special.stdtrit(df, (1 + level) / 2))
    effects: list[PopulationEffect] = []
    notes: list[str] = []
    for i, (key, name, _) in enumerate(_EFFECTS):
        estimate, se = float(solution.estimate[i]), float(solution.se[i])
        if math.isnan(se):
            effects.append(PopulationEffect(key, name, estimate))
            notes.append(f"{name}: patients do not differ in it, so it has no standard error")
            continue
        ends = Interval(estimate - quantile * se, estimate + quantile * se, level, level)
        p = 2 * float(special.stdtr(df, -abs(estimate / se)))
        effects.append(PopulationEffect(key, name, estimate, se, df, ends, p))
    return tuple(effects), tuple(notes)

"""Search for the smallest deviance over all covariances of the random effects.

The entries of Λ are unconstrained. Bounds at zero on its diagonal would make zeros sticky: the
gradient vanishes there whether or not the zero is an optimum. Instead every end point must pass a
certificate, and the search goes on along the direction that fails it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize

from analysis.mixed_model.deviance import Evaluation, Point, evaluate
from analysis.mixed_model.statistics import Statistics
from data.trial import FloatArray

_START_SCALES: Final = (0.1, 0.4, 1.5, 6.0)
_ROUNDS: Final = 12
_NEWTON_STEPS: Final = 25
_SMALLEST_GAIN: Final = 1e-12
_GAIN_TO_BE_SURE: Final = 2e-5
"""Where rounding stops the search: the end is within √(2 · 2e-5) = 0.6 % of a standard error."""
_HALVINGS: Final = 30
_FLAT: Final = 1e-8
_OPEN: Final = 1e-6
_MAX_LOG_RATIO: Final = 12.0
_STEP: Final = 1e-4
_ROUGH_STEP: Final = 1e-6
_FAR: Final = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where the search ended.

    Parameters
    ----------
    point, evaluation
        The parameters and the deviance there.
    converged
        Whether the certificate holds: no small step lowers the deviance, also not one that opens a
        variance that is zero.
    """

    point: Point
    evaluation: Evaluation
    converged: bool


class Objective:
    """The profiled deviance as a function of one vector: lower triangle of Λ, then log ratio.

    Parameters
    ----------
    statistics
        Sums of the rows.
    reml
        Restricted or full likelihood.
    """

    def __init__(self, statistics: Statistics, *, reml: bool) -> None:
        self.statistics = statistics
        self.reml = reml
        self.lower = np.tril_indices(statistics.q)
        self.has_ratio = len(statistics.rows) > 1

    def point(self, vector: FloatArray) -> Point:
        """Return the parameters in ``vector``."""
        factor = np.zeros((self.statistics.q, self.statistics.q))
        entries = len(self.lower[0])
        factor[self.lower] = vector[:entries]
        return Point(factor, float(vector[entries]) if self.has_ratio else 0.0)

    def vector(self, point: Point) -> FloatArray:
        """Return the vector of some parameters."""
        entries = point.factor[self.lower]
        return np.append(entries, point.log_ratio) if self.has_ratio else entries

    def evaluate(self, vector: FloatArray, sigma2: float | None = None) -> Evaluation:
        """Return everything about the deviance at ``vector``."""
        return evaluate(self.statistics, self.point(vector), reml=self.reml, sigma2=sigma2)

    def gradient(self, vector: FloatArray, evaluation: Evaluation) -> FloatArray:
        """Return the gradient that belongs to an evaluation at ``vector``."""
        return self.vector(
            Point(2 * evaluation.slope @ self.point(vector).factor, evaluation.ratio_slope)
        )

    def __call__(self, vector: FloatArray) -> tuple[float, FloatArray]:
        """Return the deviance and its gradient; a wall where it cannot be computed."""
        wall = 1e30, np.zeros_like(vector)
        if not np.all(np.abs(vector) < _FAR):
            return wall
        if self.has_ratio and abs(vector[-1]) > _MAX_LOG_RATIO:
            return wall
        try:
            with np.errstate(all="ignore"):
                found = self.evaluate(vector)
        except np.linalg.LinAlgError:
            return wall
        if not np.isfinite(found.deviance) or found.sum_of_squares <= 0:
            return wall
        return found.deviance, self.gradient(vector, found)

    def hessian(self, vector: FloatArray, sigma2: float | None = None) -> FloatArray:
        """Return the second derivatives, by central differences of the analytic gradient."""
        size = len(vector)
        second = np.empty((size, size))
        for k in range(size):
            step = np.zeros(size)
            step[k] = _STEP * max(1.0, abs(vector[k]))
            up, down = (
                self.gradient(at, self.evaluate(at, sigma2))
                for at in (vector + step, vector - step)
            )
            second[k] = (up - down) / (2 * step[k])
        return (second + second.T) / 2

    def at_edge(self, vector: FloatArray) -> bool:
        """Whether the ratio of the residual variances runs off, so that there is no maximum."""
        return self.has_ratio and abs(float(vector[-1])) > _MAX_LOG_RATIO - 1

    def rough_hessian(self, vector: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return the second derivatives by one-sided differences: enough for a Newton step."""
        size = len(vector)
        second = np.empty((size, size))
        for k in range(size):
            step = np.zeros(size)
            step[k] = _ROUGH_STEP * max(1.0, abs(vector[k]))
            second[k] = (self(vector + step)[1] - gradient) / step[k]
        return (second + second.T) / 2


def minimise(statistics: Statistics, *, reml: bool) -> Optimum:
    """Return the smallest deviance.

    Parameters
    ----------
    statistics
        Sums of the rows.
    reml
        Restricted or full likelihood.

    Notes
    -----
    L-BFGS (Liu & Nocedal 1989, doi 10.1007/BF01589116), then Newton steps. Certificate: with S as
    in :class:`Evaluation`, a covariance Ψ is a stationary point over all covariances exactly when
    S is positive semidefinite and SΨ = 0. Where S has a negative eigenvector v, adding ε v v' to Ψ
    lowers the deviance, however small Ψ is in that direction; the search goes on from there.
    """
    objective = Objective(statistics, reml=reml)
    vector = _descend(objective, _start(objective))
    converged = False
    for _ in range(_ROUNDS):
        vector, settled = _polish(objective, vector)
        opened = _open(objective, vector)
        if opened is None and settled:
            converged = not objective.at_edge(vector)
            break
        if objective.at_edge(vector):
            break
        # Where a variance is nearly zero, valleys of Λ can be curved and Newton steps short.
        vector = _descend(objective, vector if opened is None else opened)
    point = _tidy(objective.point(vector))
    return Optimum(point, objective.evaluate(objective.vector(point)), converged)


def _start(objective: Objective) -> FloatArray:
    """Return the best of some common scales of all random effects."""
    q = objective.statistics.q
    vectors = [objective.vector(Point(scale * np.eye(q))) for scale in _START_SCALES]
    return min(vectors, key=lambda vector: objective(vector)[0])


def _descend(objective: Objective, start: FloatArray) -> FloatArray:
    result = optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-9, "gtol": 1e-6, "maxcor": 20},
    )
    return np.asarray(result.x)


def _polish(objective: Objective, vector: FloatArray) -> tuple[FloatArray, bool]:
    """Return the end of Newton steps, and whether the next one would gain nothing."""
    value, gradient = objective(vector)
    # Differences of the deviance below this are rounding.
    noise = 1e-13 * max(1.0, abs(value))
    for _ in range(_NEWTON_STEPS):
        curvature, directions = np.linalg.eigh(objective.rough_hessian(vector, gradient))
        along = directions.T @ gradient
        floor = _FLAT * max(1.0, float(curvature[-1]))
        # A negative curvature is taken as positive: downhill all the same. Flat directions have no
        # gradient and are left alone.
        size = np.abs(curvature)
        newton = np.where(size > floor, along / np.maximum(size, floor), 0)
        gain = float(along @ newton) / 2
        # The last step is taken too: it costs one evaluation and doubles the digits.
        last = gain < _SMALLEST_GAIN
        step = directions @ newton
        for _ in range(1 if last else _HALVINGS):
            trial_value, trial_gradient = objective(vector - step)
            smaller = float(np.linalg.norm(trial_gradient)) < float(np.linalg.norm(gradient))
            if trial_value < value - noise or (trial_value < value + noise and smaller):
                break
            step = step / 2
        else:
            return vector, gain < _GAIN_TO_BE_SURE
        vector, value, gradient = vector - step, trial_value, trial_gradient
        if last:
            return vector, True
    return vector, False


def _open(objective: Objective, vector: FloatArray) -> FloatArray | None:
    """Return a lower point along the covariance that the certificate fails for, if it does."""
    point = objective.point(vector)
    found = objective.evaluate(vector)
    slopes, directions = np.linalg.eigh(found.slope)
    # In units of the deviance: what a variance of 1 residual variance, spread over all patients,
    # would change at this rate.
    if slopes[0] >= -_OPEN * max(1.0, objective.statistics.n_rows):
        return None
    v = directions[:, :1]
    best = found.deviance - 1e-9
    chosen = None
    for size in 10.0 ** np.arange(-6, 2):
        stacked = np.vstack([point.factor.T, np.sqrt(size) * v.T])
        factor = np.asarray(np.linalg.qr(stacked, mode="r")).T
        trial = objective.vector(Point(factor, point.log_ratio))
        value = objective(trial)[0]
        if value < best:
            best, chosen = value, trial
    return chosen


def _tidy(point: Point) -> Point:
    """Return the same covariance with a diagonal that is not negative."""
    signs = np.where(np.diag(point.factor) < 0, -1.0, 1.0)
    return Point(point.factor * signs, point.log_ratio)

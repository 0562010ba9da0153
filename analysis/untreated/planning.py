"""What a planned single-arm trial would show: power, false success and smallest change.

Untreated people are drawn, those who meet the entry rule are followed with and without a less
steep decline, and disjoint groups of them are the simulated trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy import special

from analysis.results import finite
from analysis.untreated.assumed import Assumed
from analysis.untreated.plan import Plan, grid_of
from analysis.untreated.plan_people import People, people_of
from analysis.untreated.shares import SimulatedShare
from data.trial import FloatArray, IntArray

Progress = Callable[[float], bool]
"""Called with the share that is done; returns whether to go on."""

LEVEL: Final = 0.05
"""Two-sided level of the test."""

WANTED: Final = 0.8
"""Power at which the smallest change is given."""

_FEWEST_TRIALS: Final = 50
_ORDERS: Final = 8
"""Orders in which people are cut into trials for the quantiles of mean changes."""

_ORDER_STREAM: Final = 62


@dataclass(frozen=True, slots=True)
class Simulated:
    """A number from simulated trials with its Monte Carlo standard error."""

    value: float
    error: float

    def to_json(self) -> dict[str, Any]:
        """Return both as JSON values."""
        return {"value": finite(self.value), "monte_carlo_se": finite(self.error)}


NOTHING: Final = Simulated(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """What trials of one size show.

    Parameters
    ----------
    n
        Patients who start.
    power
        Trials with a two-sided P < 0.05 in favour (paired t test of no change), with the less
        steep decline.
    false_success
        The same without any treatment effect.
    critical
        Mean change that 2.5 % of the trials without an effect exceed, under the same design and
        entry rule.
    calibrated
        Trials with the less steep decline whose mean change exceeds ``critical``.
    calibrated_error
        Monte Carlo standard error of its share, that of ``critical`` included.
    smallest
        Constant change of every slope after day 0, per month, with which 80 % of the trials exceed
        ``critical``.
    smallest_tested
        The same for P < 0.05 in favour; NaN where 80 % succeed without any effect.
    """

    n: int
    power: SimulatedShare
    false_success: SimulatedShare
    critical: Simulated
    calibrated: SimulatedShare
    calibrated_error: float
    smallest: Simulated
    smallest_tested: Simulated

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        calibrated = self.calibrated.to_json() | {"monte_carlo_se": finite(self.calibrated_error)}
        return {
            "n": self.n,
            "power": self.power.to_json(),
            "false_success": self.false_success.to_json(),
            "untreated_97_5_quantile": self.critical.to_json(),
            "power_calibrated": calibrated,
            "smallest_change_calibrated": self.smallest.to_json(),
            "smallest_change_tested": self.smallest_tested.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Planning:
    """A plan and what simulated trials of it show.

    Parameters
    ----------
    plan, assumed
        The plan, and the natural history.
    passing
        Untreated people who meet the entry rule, of all who were drawn.
    followed
        People who start a simulated trial.
    analysed
        Of them those with a slope before and after day 0.
    beyond
        People who start whose straight course leaves the scale at the first or the last visit:
        their measured slope is less steep than the true one.
    before
        Mean slope before, per month, as it is measured in those who start.
    change, change_sd
        Mean and SD between patients of the measured change without an effect.
    effect
        What the less steep decline adds to the mean change, per month.
    points
        One entry for every number of patients.
    reason
        Why nothing can be said; empty if it can.
    """

    plan: Plan
    assumed: Assumed
    passing: SimulatedShare
    followed: int
    analysed: SimulatedShare
    beyond: SimulatedShare
    before: float
    change: Simulated
    change_sd: float
    effect: float
    points: tuple[PlanPoint, ...] = field(repr=False)
    reason: str = ""

    @property
    def planned(self) -> PlanPoint | None:
        """What trials of the planned size show."""
        return next((one for one in self.points if one.n == self.plan.n), None)

    @property
    def variance_a_patient(self) -> float:
        """Variance of the mean change times the number of patients who start."""
        share = self.analysed.share
        return self.change_sd**2 / share if share > 0 else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "plan": self.plan.to_json(),
            "natural_history": self.assumed.to_json(),
            "meeting_the_entry_rule": self.passing.to_json(),
            "with_both_slopes": self.analysed.to_json(),
            "leaving_the_scale": self.beyond.to_json(),
            "measured_slope_before": finite(self.before),
            "untreated_change": self.change.to_json() | {"sd": finite(self.change_sd)},
            "added_by_the_reduction": finite(self.effect),
            "by_patients": [one.to_json() for one in self.points],
            "reason": self.reason,
        }


def planning(plan: Plan, assumed: Assumed, *, progress: Progress | None = None) -> Planning:
    """Simulate trials of a plan, with and without the less steep decline.

    Parameters
    ----------
    plan
        The plan; its seed makes the numbers reproducible.
    assumed
        The natural history.
    progress
        Called after every batch with the share that is done; if it returns ``False`` the work ends
        and what was simulated so far is used.

    Raises
    ------
    PlanProblem
        If no slope can come of the planned visits, or no natural history is known.

    Notes
    -----
    The people who start are cut into disjoint trials, for every number of patients anew: the trials
    of one size are independent and their shares have binomial errors. The two versions of a person
    share every draw of chance. Where fewer people than wanted were found, there are fewer trials.
    Quantiles of mean changes use eight orders of the same people.
    """
    grid = grid_of(plan.n)
    people = people_of(plan, assumed, plan.trials * grid[-1], progress)
    if people.reason:
        return _nothing(plan, assumed, people)
    untreated, treated = people.untreated, people.treated
    seen = np.isfinite(untreated) & np.isfinite(treated)
    n = int(seen.sum())
    if n < 2 or len(untreated) < _FEWEST_TRIALS * plan.n:
        return _nothing(plan, assumed, people, "too few people were simulated to say anything")
    sd = float(np.std(untreated[seen], ddof=1))
    orders = orders_of(untreated, plan.seed)
    return Planning(
        plan=plan,
        assumed=assumed,
        passing=people.passing,
        followed=len(untreated),
        analysed=SimulatedShare(n, len(untreated)),
        beyond=SimulatedShare(int(people.beyond.sum()), len(untreated)),
        before=float(np.mean(people.before[seen])),
        change=Simulated(float(np.mean(untreated[seen])), sd / math.sqrt(n)),
        change_sd=sd,
        effect=float(np.mean(treated[seen] - untreated[seen])),
        points=tuple(
            point_of(orders, treated, size)
            for size in grid
            if len(untreated) >= _FEWEST_TRIALS * size
        ),
    )


def _nothing(plan: Plan, assumed: Assumed, people: People, reason: str = "") -> Planning:
    none = SimulatedShare(0, 0)
    return Planning(
        plan=plan,
        assumed=assumed,
        passing=people.passing,
        followed=len(people.untreated),
        analysed=none,
        beyond=none,
        before=math.nan,
        change=NOTHING,
        change_sd=math.nan,
        effect=math.nan,
        points=(),
        reason=people.reason or reason,
    )


def orders_of(untreated: FloatArray, seed: int) -> FloatArray:
    """Return the changes of people in several orders, one a row; the first one is as it was."""
    rng = np.random.default_rng([seed, _ORDER_STREAM])
    mixed = [rng.permutation(untreated) for _ in range(_ORDERS - 1)]
    return np.stack([untreated, *mixed])


def point_of(orders: FloatArray, treated: FloatArray, n: int) -> PlanPoint:
    """Return what disjoint trials of ``n`` people show.

    Parameters
    ----------
    orders
        Change of slope of every person without an effect, per month, in several orders
        (:func:`orders_of`); NaN for people without both slopes.
    treated
        The same with the less steep decline, in the order of the first row.
    n
        Patients who start a trial.

    Notes
    -----
    With mean m, SD s and k analysed patients a trial needs a shift of t(0.975, k − 1) s/√k − m to
    reach P < 0.05: the 80 % quantile of this over trials is the smallest change that is tested with
    80 % power. The mean must exceed c, the 97.5 % quantile of m: the smallest calibrated change is
    c minus the 20 % quantile of m. The errors of two quantiles are added in squares, although they
    vary together: too much rather than too little.
    """
    _, needed0 = _trials(orders[0], n)
    mean1, needed1 = _trials(treated, n)
    means = np.concatenate([_means(order, n) for order in orders])
    count = len(mean1)
    critical = _quantile(means, 1 - LEVEL / 2, len(orders))
    above = SimulatedShare(int(np.sum(mean1 > critical.value)), count)
    close = np.abs(mean1 - critical.value) <= critical.error
    falsely = SimulatedShare(int(np.sum(needed0 < 0)), count)
    low = _quantile(means, 1 - WANTED, len(orders))
    meaningless = falsely.share >= WANTED
    return PlanPoint(
        n=n,
        power=SimulatedShare(int(np.sum(needed1 < 0)), count),
        false_success=falsely,
        critical=critical,
        calibrated=above,
        calibrated_error=math.hypot(above.error, float(np.mean(close)) / 2),
        smallest=Simulated(critical.value - low.value, math.hypot(critical.error, low.error)),
        smallest_tested=NOTHING if meaningless else _quantile(needed0, WANTED),
    )


def false_success(changes: FloatArray, n: int) -> SimulatedShare:
    """Return how many disjoint trials of ``n`` people reach a two-sided P < 0.05 in favour."""
    _, needed = _trials(changes, n)
    return SimulatedShare(int(np.sum(needed < 0)), len(needed))


def exceeding(changes: FloatArray, n: int, critical: float) -> SimulatedShare:
    """Return in how many disjoint trials of ``n`` people the mean change exceeds ``critical``."""
    mean = _means(changes, n)
    return SimulatedShare(int(np.sum(mean > critical)), len(mean))


def _trials(changes: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the mean change of disjoint trials, and the shift that each lacks to P < 0.05.

    A trial in which fewer than two patients can be analysed has no test: its mean is −∞ and the
    shift that it lacks is ∞.
    """
    rows, known, k = _rows(changes, n)
    mean = _row_means(known, k)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.sum(np.where(known == rows, rows - mean[:, None], 0.0) ** 2, axis=1)
        # One quantile for every number of patients, not for every trial.
        critical = special.stdtrit(np.arange(n + 1) - 1.0, 1 - LEVEL / 2)[k]
        width = critical * np.sqrt(squares / (k - 1) / k)
    return mean, np.where(k > 1, width - mean, math.inf)


def _means(changes: FloatArray, n: int) -> FloatArray:
    _, known, k = _rows(changes, n)
    return _row_means(known, k)


def _rows(changes: FloatArray, n: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return trials × patients, the same with 0 for unknown changes, and how many are known."""
    rows = changes[: len(changes) // n * n].reshape(-1, n)
    seen = np.isfinite(rows)
    return rows, np.where(seen, rows, 0.0), seen.sum(axis=1)


def _row_means(known: FloatArray, k: IntArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(k > 1, known.sum(axis=1) / k, -math.inf)


def _quantile(values: FloatArray, share: float, orders: int = 1) -> Simulated:
    """Return a quantile with its standard error from the order statistics around it.

    Parameters
    ----------
    values
        Of the trials that the same people make in some orders.
    share
        Of the values below the quantile.
    orders
        How many orders there are.

    Notes
    -----
    Trials of different orders share people. The mean over P orders of the share of trials below a
    limit has the variance of one order times 1/P + (1 − 1/P) r, with r = φ(z)²/(p(1 − p)) where the
    mean of a trial is normal: the part of the variance that the people themselves make (Hoeffding
    1948, doi 10.1214/aoms/1177730196).
    """
    z = float(special.ndtri(share))
    people = math.exp(-(z**2)) / (2 * math.pi) / (share * (1 - share))
    variance = share * (1 - share) / (len(values) / orders)
    step = math.sqrt(variance * (1 / orders + (1 - 1 / orders) * people))
    at = np.clip([share - step, share, share + step], 0, 1)
    low, middle, high = (float(v) for v in np.quantile(values, at, method="inverted_cdf"))
    if not (math.isfinite(low) and math.isfinite(high)):
        return NOTHING
    return Simulated(middle, (high - low) / 2)

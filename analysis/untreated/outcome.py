"""What simulated untreated trials say of an observed change: shares, responders, a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
from scipy import special

from analysis.comparison import EndpointComparison
from analysis.responders import Rule, responding
from analysis.results import finite
from analysis.signed_rank import rounded
from analysis.untreated.assumed import Assumed
from analysis.untreated.history import History
from analysis.untreated.replicates import Schedule
from analysis.untreated.shares import SimulatedShare, UntreatedResponders
from data.endpoints import Endpoint
from data.trial import FloatArray

VerdictKey = Literal["rare", "seen", "inconclusive"]

RARE: Final = 0.025
"""Share of untreated trials up to which a change counts as rare: that of a two-sided 5 % test."""

FEWEST: Final = 5
"""Patients below which no verdict is given."""

RELIABLE: Final = 0.5
"""Reliability of the run-in below which nothing is called rare.

The answer then rests on assumptions more than on visits. That untreated trials show a change needs
no such visits: it is the weaker claim."""

TELLING: Final = 0.5
"""Share of trials in which a halved decline must stand out for a share above RARE to say much."""

_TEST_LEVEL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether untreated trials show a change like this one.

    Parameters
    ----------
    key
        ``"rare"``: at most 2.5 % of them do; ``"seen"``: more of them do; ``"inconclusive"``: the
        run-in is too short or the patients are too few to tell.
    reasons
        Why it cannot be told; empty otherwise.
    """

    key: VerdictKey
    reasons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        return {"key": self.key, "reasons": list(self.reasons)}


@dataclass(frozen=True, slots=True)
class UntreatedEndpoint:
    """One endpoint against simulated trials with no transplant.

    Parameters
    ----------
    endpoint, unit
        Which one, and the unit of changes.
    n
        Patients whose untreated courses were simulated.
    observed
        Their mean change.
    changes
        Mean change in every simulated trial.
    at_least
        Trials with a mean change at least as high as the observed one.
    in_favour
        Trials whose paired t test gives a two-sided P < 0.05 with a slope less steep after day 0.
    responders
        By every rule of the comparison.
    halved
        Trials that would stand out (a change above the highest 2.5 % of ``changes``) if the mean
        untreated decline had halved at day 0.
    reliability
        Mean over patients of the share of the run-in slope's variance that is not visit noise.
    verdict
        What follows.
    extrapolated
        Sentences on windows beyond those that the natural history was calibrated in, and on a mean
        slope that it lets change at day 0.
    mean_slope
        Mean true slope before day 0 of the natural history, per month.
    own_mean
        The same with the mean of these patients' own run-in slopes as that of their natural
        history; ``None`` in an entry that is one itself, and where nothing can be said.
    reason
        Why nothing can be said; empty if it can.
    """

    endpoint: Endpoint
    unit: str
    n: int
    observed: float
    changes: FloatArray = field(repr=False)
    at_least: SimulatedShare
    in_favour: SimulatedShare
    responders: tuple[UntreatedResponders, ...]
    halved: SimulatedShare
    reliability: float
    verdict: Verdict
    extrapolated: tuple[str, ...] = ()
    mean_slope: float = math.nan
    own_mean: UntreatedEndpoint | None = None
    reason: str = ""

    @property
    def cautious(self) -> UntreatedEndpoint:
        """Of this entry and ``own_mean`` the one that lets expect the larger change untreated."""
        own = self.own_mean
        return own if own is not None and own.mean > self.mean else self

    @property
    def mean(self) -> float:
        """Mean change over the simulated trials: what to expect without treatment."""
        return float(np.mean(self.changes)) if len(self.changes) else math.nan

    @property
    def low(self) -> float:
        """Change that 2.5 % of the simulated trials do not reach."""
        return self.quantile(RARE)

    @property
    def high(self) -> float:
        """Change that 2.5 % of the simulated trials exceed."""
        return self.quantile(1 - RARE)

    def quantile(self, share: float) -> float:
        """Return a quantile of the simulated mean changes."""
        return float(np.quantile(self.changes, share)) if len(self.changes) else math.nan

    def responders_by(self, key: str) -> UntreatedResponders | None:
        """Return the responders by one rule, or ``None`` where the endpoint does not have it."""
        return next((one for one in self.responders if one.rule.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values; of the simulated changes mean and quantiles."""
        return {
            "n": self.n,
            "observed_change": finite(self.observed),
            "untreated_change": {
                "mean": finite(self.mean),
                "quantiles": {
                    f"{q:g}": finite(self.quantile(q)) for q in (RARE, 0.25, 0.5, 0.75, 1 - RARE)
                },
            },
            "at_least_as_large": self.at_least.to_json(),
            "p_below_0_05_in_favour": self.in_favour.to_json(),
            "responders": {one.rule.key: one.to_json() for one in self.responders},
            "halved_decline_stands_out": self.halved.to_json(),
            "run_in_reliability": finite(self.reliability),
            "verdict": self.verdict.to_json(),
            "extrapolated": list(self.extrapolated),
            "natural_mean_slope": finite(self.mean_slope),
            "reason": self.reason,
        } | ({} if self.own_mean is None else {"own_mean": self.own_mean.to_json()})


@dataclass(frozen=True, slots=True)
class Untreated:
    """A comparison against simulated trials with no transplant.

    Parameters
    ----------
    trials, seed
        Simulated trials, and the seed of their chance.
    assumed
        The natural history.
    control
        Control arm whose patients were not simulated; empty without one.
    endpoints
        One entry an endpoint of the comparison.
    """

    trials: int
    seed: int
    assumed: Assumed
    control: str
    endpoints: tuple[UntreatedEndpoint, ...]

    def endpoint(self, key: str) -> UntreatedEndpoint | None:
        """Return what is said of one endpoint, or ``None`` if it was not compared."""
        return next((one for one in self.endpoints if one.endpoint.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Return trials, seed and natural history; the endpoints carry their own numbers."""
        return {
            "trials": self.trials,
            "seed": self.seed,
            "control_left_out": self.control or None,
            "natural_history": self.assumed.to_json(),
        }


def nothing_said(result: EndpointComparison, reason: str) -> UntreatedEndpoint:
    """Return an entry that says why nothing was simulated."""
    none = SimulatedShare(0, 0)
    return UntreatedEndpoint(
        endpoint=result.endpoint,
        unit=result.unit,
        n=result.n,
        observed=result.change_summary.mean,
        changes=np.empty(0),
        at_least=none,
        in_favour=none,
        responders=(),
        halved=none,
        reliability=math.nan,
        verdict=Verdict("inconclusive", (reason,)),
        reason=reason,
    )


def outcome_of(
    result: EndpointComparison,
    schedule: Schedule,
    before: FloatArray,
    after: FloatArray,
    *,
    reliability: float,
    history: History,
    extrapolated: tuple[str, ...],
) -> UntreatedEndpoint:
    """Compare an observed mean change with those of simulated trials.

    Parameters
    ----------
    result
        The comparison of the endpoint.
    schedule
        Whose courses were simulated.
    before, after
        Simulated slopes per month, replicates × patients; one row of ``before`` stands for all.
    reliability
        Of the run-in slopes.
    history
        The natural history.
    extrapolated
        Sentences on windows beyond the calibrated ones.
    """
    rate, who = result.rate, schedule.who
    changes = after * rate.months_after - before * rate.months_before
    means = changes.mean(axis=1)
    trials = len(means)
    observed = float(np.mean(result.change[who]))
    at_least = SimulatedShare(int(np.sum(rounded(means) >= rounded(np.asarray(observed)))), trials)
    high = float(np.quantile(means, 1 - RARE))
    halved = abs(history.mean_after) / 2 * rate.months_after
    stand_out = SimulatedShare(int(np.sum(means + halved > high)), trials)
    return UntreatedEndpoint(
        endpoint=result.endpoint,
        unit=result.unit,
        n=schedule.n,
        observed=observed,
        changes=means,
        at_least=at_least,
        in_favour=SimulatedShare(int(np.sum(_tested_in_favour(changes))), trials),
        responders=tuple(
            _responders(result, schedule, before, after, one.rule) for one in result.responders
        ),
        halved=stand_out,
        reliability=reliability,
        verdict=verdict_of(schedule.n, at_least.share, stand_out.share, reliability),
        extrapolated=extrapolated,
        mean_slope=history.mean_before,
    )


def with_own_mean(one: UntreatedEndpoint, own: UntreatedEndpoint) -> UntreatedEndpoint:
    """Return ``one`` with ``own`` beside it, and a verdict that holds under both.

    Parameters
    ----------
    one, own
        The same endpoint under the assumed natural history, and with the patients' own mean slope.
    """
    if one.reason:
        return one
    share = max(one.at_least.share, own.at_least.share)
    verdict = verdict_of(one.n, share, one.halved.share, one.reliability)
    return replace(one, own_mean=own, verdict=verdict)


def _tested_in_favour(changes: FloatArray) -> FloatArray:
    """Return which trials give a two-sided P < 0.05 with a mean change above 0."""
    n = changes.shape[1]
    mean, sd = changes.mean(axis=1), changes.std(axis=1, ddof=1)
    critical = float(special.stdtrit(n - 1, 1 - _TEST_LEVEL / 2))
    return np.asarray(mean * math.sqrt(n) > critical * sd)


def _responders(
    result: EndpointComparison,
    schedule: Schedule,
    before: FloatArray,
    after: FloatArray,
    rule: Rule,
) -> UntreatedResponders:
    slopes, who = result.slopes, schedule.who
    assessable, responded = responding(slopes.before.slope[who], slopes.after.slope[who], rule)
    could, did = responding(before, after, rule)
    by_trial = np.broadcast_to(did, after.shape).sum(axis=1)
    total = int(by_trial.sum())
    n_assessable = int(np.broadcast_to(could, after.shape).sum())
    count = int(responded.sum())
    return UntreatedResponders(
        rule=rule,
        count=count,
        n=int(assessable.sum()),
        untreated=total / n_assessable if n_assessable else math.nan,
        n_all=schedule.n,
        untreated_of_all=total / after.size,
        at_least=SimulatedShare(int(np.sum(by_trial >= count)), len(after)),
    )


def verdict_of(n: int, share: float, halved: float, reliability: float) -> Verdict:
    """Return what a share of untreated trials allows to say.

    Parameters
    ----------
    n
        Patients.
    share
        Of untreated trials with a change at least as high.
    halved
        Of trials in which a halved decline would stand out.
    reliability
        Of the run-in slopes.
    """
    reasons = []
    if n < FEWEST:
        reasons.append(f"only {n} patients; a verdict needs {FEWEST}")
    if share <= RARE and not reliability >= RELIABLE:
        reasons.append(
            f"the run-in is too short or too sparse: {100 * (1 - reliability):.0f} % of the "
            "differences between its slopes is visit noise, so that untreated trials rarely show "
            "such a change rests on the assumed natural history more than on these patients’ visits"
        )
    if share > RARE and halved < TELLING:
        reasons.append(
            f"too few data to tell: even a decline that halved at the transplant would stand out "
            f"in {100 * halved:.0f} of 100 such trials only"
        )
    if reasons:
        return Verdict("inconclusive", tuple(reasons))
    return Verdict("rare" if share <= RARE else "seen")

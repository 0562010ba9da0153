"""Shares of simulated trials and of simulated patients, with what chance does to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from analysis.responders import Rule
from analysis.results import finite


@dataclass(frozen=True, slots=True)
class SimulatedShare:
    """How many of the simulated trials show something.

    Parameters
    ----------
    count, trials
        Of how many.
    """

    count: int
    trials: int

    @property
    def share(self) -> float:
        """Between 0 and 1; NaN without a trial."""
        return self.count / self.trials if self.trials else math.nan

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the share."""
        p = self.share
        return math.sqrt(p * (1 - p) / self.trials) if self.trials else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the share as JSON values."""
        return {
            "count": self.count,
            "trials": self.trials,
            "share": finite(self.share),
            "monte_carlo_se": finite(self.error),
        }


@dataclass(frozen=True, slots=True)
class UntreatedResponders:
    """Responders by one rule, here and among untreated people with the same run-in.

    Parameters
    ----------
    rule
        The rule.
    count, n
        Responders here, among the assessable.
    untreated
        Share of the assessable who respond in the simulated trials.
    n_all
        Compared patients, assessable or not.
    untreated_of_all
        Share of all compared patients who respond in the simulated trials.
    at_least
        Trials with as many responders as here, or more.
    """

    rule: Rule
    count: int
    n: int
    untreated: float
    n_all: int
    untreated_of_all: float
    at_least: SimulatedShare

    @property
    def share(self) -> float:
        """Share of the assessable who responded here; NaN with nobody."""
        return self.count / self.n if self.n else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the shares as JSON values."""
        return {
            "key": self.rule.key,
            "label": self.rule.label,
            "count": self.count,
            "n": self.n,
            "share": finite(self.share),
            "untreated_share": finite(self.untreated),
            "n_all": self.n_all,
            "untreated_share_of_all": finite(self.untreated_of_all),
            "trials_with_as_many": self.at_least.to_json(),
        }

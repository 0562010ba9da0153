"""What is asked of a trial that is simulated from a printed summary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from data.endpoints import ENDPOINTS

FEWEST: Final = 3
MOST: Final = 200
LONGEST: Final = 24.0
MOST_VISITS: Final = 13
KEYS: Final = ("alsfrs_r", "fvc")


class SummaryTrialProblem(ValueError):
    """Something asked that no trial can have; the message says what to change."""


_FIELDS: Final = {
    "before_mean": "the mean before",
    "before_sd": "the SD before",
    "after_mean": "the mean after",
    "after_sd": "the SD after",
    "r": "r",
}


@dataclass(frozen=True, slots=True)
class AskedEndpoint:
    """What one endpoint shall show.

    Parameters
    ----------
    key
        ``"alsfrs_r"`` or ``"fvc"``.
    before_mean, before_sd, after_mean, after_sd
        Of the rates, in units per period.
    r
        Correlation between a person's rate before and after.
    """

    key: str
    before_mean: float
    before_sd: float
    after_mean: float
    after_sd: float
    r: float

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            raise SummaryTrialProblem(
                f"{self.key} is no endpoint that can be simulated here: choose {' or '.join(KEYS)}."
            )
        label = ENDPOINTS[self.key].label
        for name, words in _FIELDS.items():
            value = getattr(self, name)
            if not math.isfinite(value):
                raise SummaryTrialProblem(f"{label}: {words} must be filled in with a number.")
            if name.endswith("_sd") and value < 0:
                raise SummaryTrialProblem(
                    f"{label}: {words} is {_typed(value)}, but an SD cannot be negative. Change it."
                )
        if not -1 <= self.r <= 1:
            raise SummaryTrialProblem(
                f"{label}: r = {_typed(self.r)} is outside −1 to 1. Change r."
            )


@dataclass(frozen=True, slots=True)
class AskedTrial:
    """What the whole trial shall be.

    Parameters
    ----------
    endpoints
        One or two, each once.
    n
        People, 3 to 200.
    before_months, after_months
        Lengths of the two periods, 1 to 24 months.
    visits
        In each period, day 0 counted in both; 2 to 13.
    source
        Whose summary it is, for the title.
    seed
        Of the random draw, 0 or more.
    """

    endpoints: tuple[AskedEndpoint, ...]
    n: int
    before_months: float = 10.0
    after_months: float = 10.0
    visits: int = 6
    source: str = ""
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise SummaryTrialProblem("Fill in the numbers of at least one endpoint.")
        keys = [one.key for one in self.endpoints]
        if len(set(keys)) < len(keys):
            raise SummaryTrialProblem("An endpoint is there twice: give each endpoint once.")
        for name, whole in (("n", self.n), ("visits", self.visits), ("seed", self.seed)):
            if not isinstance(whole, int):
                raise SummaryTrialProblem(f"{name} = {whole} is not whole: type a whole number.")
        if not FEWEST <= self.n <= MOST:
            raise SummaryTrialProblem(f"n = {self.n} is outside {FEWEST} to {MOST}. Change n.")
        if self.seed < 0:
            raise SummaryTrialProblem(f"seed = {_typed(self.seed)}: choose 0 or more.")
        for name, months in (("before", self.before_months), ("after", self.after_months)):
            if not 1 <= months <= LONGEST:
                raise SummaryTrialProblem(
                    f"The period {name} is {months:g} months: choose 1 to {LONGEST:g}."
                )
        if not 2 <= self.visits <= MOST_VISITS:
            raise SummaryTrialProblem(f"{self.visits} visits: choose 2 to {MOST_VISITS}.")


def _typed(value: float) -> str:
    return f"{value:g}".replace("-", "−")

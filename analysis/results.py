"""The small values that every statistic is reported in."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Role = Literal["primary", "supporting", "exploratory"]


NO_INTERVAL: Final = "no interval: all changes are equal"


def percent(level: float) -> str:
    """Write a level, such as "95 %", "99.9 %"; never "100 %"."""
    return f"{100 * level:.10g} %"


def too_few_for(n: int, level: float) -> str:
    """Return that there is no interval of a level with so few patients."""
    return f"no interval: {n} patients are too few for one of {percent(level)}"


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval.

    Parameters
    ----------
    low, high
        Its ends.
    level
        The level that was asked for.
    attained
        The level that is attained, where a discrete distribution cannot give the asked one exactly;
        else equal to ``level``.
    """

    low: float
    high: float
    level: float
    attained: float

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0 or self.high < 0

    def to_json(self) -> dict[str, Any]:
        """Return the interval as JSON values."""
        return {
            "low": finite(self.low),
            "high": finite(self.high),
            "level": self.level,
            "attained": finite(self.attained),
        }


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test of no change.

    Parameters
    ----------
    key, name
        Stable key, and the exact name of the variant.
    role
        Primary, supporting or exploratory.
    p
        P value; NaN if it cannot be computed, with the reason in ``notes``.
    n
        Patients in it.
    statistic, statistic_name, df
        Test statistic, its name, and degrees of freedom (NaN where there are none).
    estimate, estimate_name, interval
        The estimate that belongs to the test, if one does.
    p_floor
        Smallest P value that this many patients can give; 0 for continuous tests.
    notes
        What the reader must know, such as zeros left out or the Monte Carlo error.
    """

    key: str
    name: str
    role: Role
    p: float
    n: int
    statistic: float = math.nan
    statistic_name: str = ""
    df: float = math.nan
    estimate: float = math.nan
    estimate_name: str = ""
    interval: Interval | None = None
    p_floor: float = 0.0
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the test as JSON values; what is not finite becomes null."""
        return {
            "key": self.key,
            "name": self.name,
            "role": self.role,
            "p": finite(self.p),
            "n": self.n,
            "statistic": finite(self.statistic),
            "statistic_name": self.statistic_name,
            "df": finite(self.df),
            "estimate": finite(self.estimate),
            "estimate_name": self.estimate_name,
            "interval": None if self.interval is None else self.interval.to_json(),
            "p_floor": self.p_floor,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class EffectSize:
    """A standardised change with its interval.

    Parameters
    ----------
    key, name
        Stable key, and the exact name of the variant.
    value
        The effect size, without unit; NaN if it cannot be computed.
    n
        Patients in it.
    interval
        Interval for the population value.
    notes
        How it was computed, or why it was not.
    """

    key: str
    name: str
    value: float
    n: int
    interval: Interval | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the effect size as JSON values."""
        return {
            "key": self.key,
            "name": self.name,
            "value": finite(self.value),
            "n": self.n,
            "interval": None if self.interval is None else self.interval.to_json(),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and spread of one quantity over patients."""

    n: int
    mean: float
    sd: float
    median: float
    interval: Interval | None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "n": self.n,
            "mean": finite(self.mean),
            "sd": finite(self.sd),
            "median": finite(self.median),
            "interval": None if self.interval is None else self.interval.to_json(),
        }


def finite(value: float) -> float | None:
    """Return ``value`` for JSON: ``None`` where it is not a finite number."""
    return float(value) if math.isfinite(value) else None


def exploratory(tests: tuple[TestResult, ...]) -> tuple[TestResult, ...]:
    """Return tests with the role of those that are neither primary nor supporting."""
    return tuple(replace(test, role="exploratory") for test in tests)

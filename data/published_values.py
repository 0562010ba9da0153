"""What a published result is: numbers as printed, where they stand, and how they were made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

RuleKind = Literal["percent", "difference"]

MEASURED: Final = MappingProxyType({"alsfrs_r": "alsfrs_r", "alsfrs": "alsfrs_40", "fvc": "fvc"})
"""Names of endpoints in files of published results, with the endpoint that each one is."""

CHANGE_UNITS: Final = MappingProxyType({"alsfrs_r": "points", "alsfrs": "points", "fvc": "%"})
"""What a unit of each endpoint begins with, such as "points" in "points/month"."""

PERIODS: Final = ("month", "year", "period")

SLOPE_COLUMNS: Final = (
    *("study", "year", "doi", "arm", "n", "treated", "endpoint", "unit", "measure"),
    *("pre_mean", "pre_sd", "post_mean", "post_sd", "change_mean", "change_sd", "p", "test"),
    *("pre_months", "post_months", "design", "periods", "population", "note"),
)
RESPONDER_COLUMNS: Final = (
    *("study", "year", "doi", "arm", "n", "treated", "endpoint", "rule", "window", "responders"),
    *("design", "periods", "population", "note"),
)


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed.

    Parameters
    ----------
    text
        As printed, with a plain minus and a decimal point; empty if it is not reported.
    """

    text: str = ""

    @property
    def value(self) -> float:
        """The number; NaN if it is not reported."""
        return float(self.text) if self.text else math.nan

    @property
    def known(self) -> bool:
        """Whether it is reported."""
        return bool(self.text)

    @property
    def decimals(self) -> int:
        """Decimals that are printed."""
        return len(self.text.partition(".")[2])

    def to_json(self) -> float | None:
        """Return the number, ``None`` if it is not reported."""
        return self.value if self.text else None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a published result stands, and whose it is.

    Parameters
    ----------
    study, year, doi
        First author or name of the trial, year, and DOI; the DOI is empty for what was computed
        from public aggregates.
    arm
        Which patients of the study.
    n
        How many; ``None`` if it is not reported.
    treated
        Whether they were given cells.
    endpoint
        ``alsfrs_r``, ``alsfrs`` (0 to 40 points) or ``fvc`` (% predicted).
    design, periods, population
        Kind of study, what was compared, and how the people differ; in words, or empty.
    note
        What else must be known, and what was read.
    added
        Whether a user added it; nobody has checked such a row.
    """

    study: str
    year: int
    doi: str
    arm: str
    n: int | None
    treated: bool
    endpoint: str
    design: str = ""
    periods: str = ""
    population: str = ""
    note: str = ""
    added: bool = False

    @property
    def name(self) -> str:
        """Study, year and arm, such as "Oh 2018, MSC"."""
        return f"{self.study} {self.year}, {self.arm}" if self.arm else f"{self.study} {self.year}"

    @property
    def link(self) -> str:
        """Address of the publication; empty without a DOI."""
        return f"https://doi.org/{self.doi}" if self.doi else ""

    @property
    def endpoint_key(self) -> str:
        """Key of the endpoint, such as "alsfrs_40"."""
        return MEASURED[self.endpoint]

    def to_json(self) -> dict[str, Any]:
        """Return the source as JSON values."""
        return {
            "study": self.study,
            "year": self.year,
            "doi": self.doi,
            "arm": self.arm,
            "n": self.n,
            "treated": self.treated,
            "endpoint": self.endpoint_key,
            "design": self.design,
            "periods": self.periods,
            "population": self.population,
            "note": self.note,
            "added": self.added,
        }


@dataclass(frozen=True, slots=True)
class PublishedSlope:
    """Mean slopes before and after, and their change, of one group.

    Parameters
    ----------
    source
        Where it stands.
    unit
        Of all means and SDs: "points" or "%", and "/month", "/year" or "/period".
    measure
        What was measured, in words.
    pre_mean, pre_sd, post_mean, post_sd, change_mean, change_sd
        As printed.
    p, test
        P of the comparison as printed, and its test; empty if not reported.
    pre_months, post_months
        Lengths of the two periods.
    """

    source: Source
    unit: str
    measure: str = ""
    pre_mean: Printed = Printed()
    pre_sd: Printed = Printed()
    post_mean: Printed = Printed()
    post_sd: Printed = Printed()
    change_mean: Printed = Printed()
    change_sd: Printed = Printed()
    p: str = ""
    test: str = ""
    pre_months: Printed = Printed()
    post_months: Printed = Printed()

    @property
    def per(self) -> str:
        """The time of the unit: "month", "year" or "period"."""
        return self.unit.partition("/")[2]

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values, numbers as printed."""
        numbers = ("pre_mean", "pre_sd", "post_mean", "post_sd", "change_mean", "change_sd")
        months = ("pre_months", "post_months")
        values = {name: getattr(self, name).to_json() for name in (*numbers, *months)}
        words = {"unit": self.unit, "measure": self.measure, "p": self.p, "test": self.test}
        return self.source.to_json() | words | values


@dataclass(frozen=True, slots=True)
class PublishedResponders:
    """The share of one group that met a rule.

    Parameters
    ----------
    source
        Where it stands; its ``n`` is the denominator.
    kind, threshold
        ``"percent"``: change of at least this share (0.5 for 50 %) of the slope before;
        ``"difference"``: change of at least this many points a month.
    window
        Follow-up over which it was counted.
    share
        Between 0 and 1, as printed.
    """

    source: Source
    kind: RuleKind
    threshold: float
    window: str
    share: Printed

    @property
    def rule(self) -> str:
        """The rule as files write it."""
        if self.kind == "percent":
            return f"slope improvement >={100 * self.threshold:g} %"
        return f"slope improvement >={self.threshold:g} points/month"

    def to_json(self) -> dict[str, Any]:
        """Return the share as JSON values."""
        return self.source.to_json() | {
            "rule": self.rule,
            "window": self.window,
            "share": self.share.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Library:
    """Published results.

    Parameters
    ----------
    slopes, responders
        Changes of slopes, and shares of responders.
    """

    slopes: tuple[PublishedSlope, ...] = ()
    responders: tuple[PublishedResponders, ...] = ()

    def __len__(self) -> int:
        return len(self.slopes) + len(self.responders)

    def with_rows(self, more: Library) -> Library:
        """Return both libraries as one."""
        return Library(self.slopes + more.slopes, self.responders + more.responders)

    def to_json(self) -> dict[str, Any]:
        """Return every row as JSON values."""
        return {
            "slopes": [row.to_json() for row in self.slopes],
            "responders": [row.to_json() for row in self.responders],
        }

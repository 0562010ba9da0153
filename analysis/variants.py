"""Variants beside the primary analysis: the comparison under other settings, and differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.leave_one_out import ALPHA
from analysis.rate import rate_of
from analysis.results import TestResult, finite
from analysis.settings import UNTREATED, Settings
from analysis.signed_rank import rounded
from data.endpoints import Endpoint
from data.trial import Trial

MOST_VARIANTS: Final = 4
LONGEST_NAME: Final = 40

SHARED: Final = (
    "rate_unit",
    "alternative",
    "confidence",
    "endpoints",
    "meaningful_percent",
    "model_covariates",
    "two_variances",
    "group_by",
    "flips",
    "resamples",
    *UNTREATED,
    "seed",
)
"""Settings that a variant has from the primary analysis: with others, two numbers side by side
would differ in their unit, their test or their luck, and not in what the data say."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Another analysis of the same trial.

    Parameters
    ----------
    name
        What the reader calls it; empty for a name made of what differs.
    settings
        Its choices; those of :data:`SHARED` are taken from the primary analysis when compared.
    """

    name: str
    settings: Settings

    def beside(self, primary: Settings) -> Settings:
        """Return its settings with the shared ones of the primary analysis."""
        return self.settings.with_(**{field: getattr(primary, field) for field in SHARED})

    def changes(self, primary: Settings) -> dict[str, str]:
        """Return what differs from the primary analysis, field by field, in words."""
        return self.beside(primary).differences(primary)

    def title(self, primary: Settings) -> str:
        """Return its name, or what differs where it has none."""
        return self.name or "; ".join(self.changes(primary).values()) or "as the primary"


def clean_name(text: str) -> str:
    """Return a name of a variant: one line of at most :data:`LONGEST_NAME` printable characters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:LONGEST_NAME].rstrip()


@dataclass(frozen=True, slots=True)
class VariantEndpoint:
    """One endpoint under the primary analysis and under a variant, in one unit.

    Parameters
    ----------
    endpoint, unit
        Which one, and the unit of both estimates.
    primary, variant
        The tests of the headline.
    difference
        Estimate of the variant minus that of the primary analysis; NaN where one is missing.
    common_n, common_difference
        Patients who are compared in both, and the mean difference of their own changes: what is
        left of ``difference`` when the same people are looked at. NaN where nobody is in both.
    entered, left
        Patients who are compared under the variant only, and under the primary analysis only, each
        with the reason why they are missing from the other.
    """

    endpoint: Endpoint
    unit: str
    primary: TestResult
    variant: TestResult
    difference: float
    common_n: int
    common_difference: float
    entered: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...]

    @property
    def crosses(self) -> bool:
        """Whether P lies on the other side of 0.05."""
        first, second = self.primary.p, self.variant.p
        known = math.isfinite(first) and math.isfinite(second)
        return known and (first < ALPHA) != (second < ALPHA)

    @property
    def turns(self) -> bool:
        """Whether the estimate has the other sign."""
        first, second = np.sign(rounded(np.array([self.primary.estimate, self.variant.estimate])))
        return bool(first * second < 0)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values, patients by name."""
        return {
            "endpoint": self.endpoint.key,
            "unit": self.unit,
            "primary": self.primary.to_json(),
            "variant": self.variant.to_json(),
            "difference": finite(self.difference),
            "common_n": self.common_n,
            "common_difference": finite(self.common_difference),
            "entered": [{"patient": who, "missing_because": why} for who, why in self.entered],
            "left": [{"patient": who, "missing_because": why} for who, why in self.left],
            "crosses_0_05": self.crosses,
            "turns_sign": self.turns,
        }


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A variant beside the primary analysis.

    Parameters
    ----------
    title
        Name of the variant, or what differs.
    changes
        What differs, in words.
    settings
        Settings of the variant, with the shared ones of the primary analysis.
    endpoints
        Every endpoint that both have.
    note
        Where a change per period would mix speed with length, that both are per month.
    """

    title: str
    changes: tuple[str, ...]
    settings: Settings
    endpoints: tuple[VariantEndpoint, ...]
    note: str = ""

    def endpoint(self, key: str) -> VariantEndpoint | None:
        """Return one endpoint, or ``None`` if it is missing from either analysis."""
        return next((one for one in self.endpoints if one.endpoint.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "title": self.title,
            "changes": list(self.changes),
            "settings": self.settings.to_json(),
            "endpoints": [one.to_json() for one in self.endpoints],
            "note": self.note,
        }


PER_MONTH: Final = (
    "Per month: a variant has periods of another length, so that changes per period cannot be "
    "compared."
)


def in_one_unit(
    trial: Trial, comparison: Comparison, variants: Sequence[Variant]
) -> tuple[Comparison, str]:
    """Return the primary analysis in a unit that all variants can have, and why it is another one.

    Parameters
    ----------
    trial, comparison, variants
        The data, the primary analysis and what stands beside it.

    Returns
    -------
    tuple
        The comparison as it is and no words; or the same one per month, where slopes are per period
        and a variant has periods of another length.
    """
    primary = comparison.settings
    if primary.rate_unit != "period":
        return comparison, ""
    rates = {rate_of(variant.beside(primary), trial.periods) for variant in variants}
    if rates <= {comparison.rate}:
        return comparison, ""
    return compare(trial, primary.with_(rate_unit="month")), PER_MONTH


def side_by_side(trial: Trial, comparison: Comparison, variant: Variant) -> SideBySide:
    """Compare the trial under a variant and put it beside the primary analysis.

    Parameters
    ----------
    trial
        The data.
    comparison
        The primary analysis.
    variant
        The other choices.
    """
    primary = comparison.settings
    first, note = in_one_unit(trial, comparison, (variant,))
    settings = variant.beside(first.settings)
    other = compare(trial, settings)
    pairs = [(one, other.endpoint(one.endpoint.key)) for one in first.endpoints]
    return SideBySide(
        title=variant.title(primary),
        changes=tuple(variant.changes(primary).values()),
        settings=settings,
        endpoints=tuple(
            _beside(trial.patient_ids, one, another)
            for one, another in pairs
            if another is not None
        ),
        note=note,
    )


def _beside(
    names: tuple[str, ...], primary: EndpointComparison, variant: EndpointComparison
) -> VariantEndpoint:
    both = primary.paired & variant.paired
    common = variant.change[both] - primary.change[both]
    return VariantEndpoint(
        endpoint=primary.endpoint,
        unit=primary.unit,
        primary=primary.lead,
        variant=variant.lead,
        difference=variant.lead.estimate - primary.lead.estimate,
        common_n=int(both.sum()),
        common_difference=float(np.mean(common)) if len(common) else math.nan,
        entered=_only(names, variant, primary),
        left=_only(names, primary, variant),
    )


def _only(
    names: tuple[str, ...], here: EndpointComparison, there: EndpointComparison
) -> tuple[tuple[str, str], ...]:
    """Return who is compared here and not there, with the reason why not there."""
    reasons = {who: why for step in there.flow for who, why in step.left}
    only = np.flatnonzero(here.paired & ~there.paired)
    return tuple((names[i], reasons.get(names[i], "")) for i in only)

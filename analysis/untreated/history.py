"""The natural history that untreated courses are drawn from: numbers, sources and presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

THAKORE: Final = "Thakore 2018 (doi 10.1002/mus.26042), n = 3,367"
CALIBRATED: Final = "calibrated to public summaries of untreated patients (docs/untreated.md)"
ANDREWS: Final = "Andrews 2018 (PMC5833488), slow vital capacity in its place"
ROUGH: Final = "a rough value from public summaries, not a published estimate"


@dataclass(frozen=True, slots=True)
class History:
    """Untreated courses of one endpoint.

    Parameters
    ----------
    mean_before, mean_after
        Mean true slope per month over people, up to day 0 and after it.
    sd_before, sd_after
        SD of the true slopes between people.
    correlation
        Correlation of one person's two true slopes.
    visit_sd
        SD of one visit around the course, in the unit of the endpoint.
    visit_share
        SD of one visit as a share of its value, which is added in squares.
    tail_df
        Degrees of freedom of the t distribution of the noise; infinity for a normal one.
    skew
        Shape of the skew-normal distribution of the slopes before; below 0 the steep tail is the
        longer one, 0 is the normal distribution. Mean and SD stay what they are.
    bend
        Change of every slope per month, in units/month²; above 0 decline slows by itself.
    level_mean, level_sd
        Mean and SD of the true value at the first visit of the run-in.
    sources
        Where each number comes from, by field.
    """

    mean_before: float
    mean_after: float
    sd_before: float
    sd_after: float
    correlation: float
    visit_sd: float
    visit_share: float = 0.0
    tail_df: float = math.inf
    skew: float = 0.0
    bend: float = 0.0
    level_mean: float = 36.0
    level_sd: float = 5.5
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not (self.sd_before > 0 and self.sd_after > 0):
            raise ValueError("the slopes of untreated people need an SD above 0")
        if not -1 <= self.correlation <= 1:
            raise ValueError("a correlation lies between −1 and 1")
        if self.visit_sd < 0 or self.visit_share < 0 or self.visit_sd + self.visit_share == 0:
            raise ValueError("visits need an SD above 0")
        if not self.tail_df > 2:
            raise ValueError("a t distribution with an SD has more than 2 degrees of freedom")

    def noise_sd(self, value: Any) -> Any:
        """Return the SD of a visit at some values of the course."""
        return (self.visit_sd**2 + (self.visit_share * value) ** 2) ** 0.5

    def with_(self, **changes: Any) -> History:
        """Return a copy with some numbers changed."""
        return replace(self, **changes)


_ALSFRS_R: Final = History(
    mean_before=-0.99,
    mean_after=-0.99,
    sd_before=0.58,
    sd_after=0.58,
    correlation=0.47,
    visit_sd=1.65,
    sources=MappingProxyType(
        {
            "mean_before": THAKORE,
            "mean_after": f"taken to be the same as before; {THAKORE}",
            "sd_before": f"0.55 to 0.60 points/month on the 48-point scale, {CALIBRATED}",
            "sd_after": f"as before, {CALIBRATED}",
            "correlation": CALIBRATED,
            "visit_sd": "1.55 to 1.75 points in publications and calibration",
            "skew": "0: normal; published slopes are skewed to the steep side (preset “skewed”)",
            "bend": "0: straight; 0.01 to 0.02 points/month² by calibration (preset “bending”)",
        }
    ),
)
_FVC: Final = History(
    mean_before=-2.7,
    mean_after=-2.7,
    sd_before=2.0,
    sd_after=2.0,
    correlation=0.47,
    visit_sd=0.0,
    visit_share=0.05,
    tail_df=4.0,
    level_mean=80.0,
    level_sd=18.0,
    sources=MappingProxyType(
        {
            "mean_before": ANDREWS,
            "mean_after": f"taken to be the same as before; {ANDREWS}",
            "sd_before": f"2.0 % predicted/month: {ROUGH}",
            "sd_after": f"as before: {ROUGH}",
            "correlation": f"that of ALSFRS-R: {ROUGH}",
            "visit_share": f"about 5 % of the value: {ROUGH}",
            "tail_df": f"heavy tails, t with about 4 degrees of freedom: {ROUGH}",
        }
    ),
)

HISTORIES: Final[Mapping[str, History]] = MappingProxyType({"alsfrs_r": _ALSFRS_R, "fvc": _FVC})
"""The reference natural history by endpoint key; other endpoints have no known numbers."""

BETWEEN_ENDPOINTS: Final = 0.5
"""Correlation of a person's ALSFRS-R and FVC slopes: a rough value from public summaries."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One natural history that is offered.

    Parameters
    ----------
    key, label
        Stable key, and its name.
    note
        What it stands for, in a sentence.
    changes
        What differs from the reference: by endpoint, by field.
    """

    key: str
    label: str
    note: str
    changes: Mapping[str, Mapping[str, float]]


def _both(field_name: str, alsfrs_r: float, fvc: float) -> Mapping[str, Mapping[str, float]]:
    return {"alsfrs_r": {field_name: alsfrs_r}, "fvc": {field_name: fvc}}


PRESETS: Final = (
    Preset("reference", "reference", "The calibrated natural history.", {}),
    Preset(
        "slower",
        "slower decline",
        "Mean decline as counted from onset (−0.82 points/month).",
        {"alsfrs_r": {"mean_before": -0.82, "mean_after": -0.82}},
    ),
    Preset("bending_1", "bending 0.01", "Decline slows by itself.", _both("bend", 0.01, 0.025)),
    Preset("bending_2", "bending 0.02", "Decline slows by itself.", _both("bend", 0.02, 0.05)),
    Preset("less_constant", "less constant slopes", "", _both("correlation", 0.3, 0.3)),
    Preset("more_constant", "more constant slopes", "", _both("correlation", 0.7, 0.7)),
)
"""The natural histories that are offered, the reference first."""


def outside_calibration(run_in_months: float, follow_up_months: float) -> tuple[str, ...]:
    """Return a sentence for each window beyond those of the calibration."""
    return ()

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
        free = (self.mean_before, self.mean_after, self.skew, self.bend, self.level_mean)
        if not all(map(math.isfinite, (*free, self.visit_sd, self.visit_share))):
            raise ValueError("the numbers of a natural history are finite")
        if not (0 < self.sd_before < math.inf and 0 < self.sd_after < math.inf):
            raise ValueError("the slopes of untreated people need an SD above 0")
        if not -1 <= self.correlation <= 1:
            raise ValueError("a correlation lies between −1 and 1")
        if self.visit_sd < 0 or self.visit_share < 0 or self.visit_sd + self.visit_share == 0:
            raise ValueError("visits need an SD above 0")
        if not 0 <= self.level_sd < math.inf:
            raise ValueError("the SD of the levels lies from 0 up")
        if not self.tail_df > 2:
            raise ValueError("a t distribution with an SD has more than 2 degrees of freedom")

    def noise_sd(self, value: Any) -> Any:
        """Return the SD of a visit at some values of the course, which may be arrays."""
        if not self.visit_share:
            return self.visit_sd + 0 * value
        if not self.visit_sd:
            return self.visit_share * abs(value)
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
            "visit_share": "0: scatter of scores does not follow their size",
            "tail_df": "infinite: normal scatter",
            "skew": "0: normal; published slopes are skewed to the steep side (preset “skewed”)",
            "bend": "0: straight within each period; presets have 0.01 and 0.02 points/month²",
            "level_mean": "trials 30 to 37 points at the first visit",
            "level_sd": "trials 5 to 7 points",
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
            "visit_sd": "0: the scatter follows the value",
            "tail_df": f"heavy tails, t with about 4 degrees of freedom: {ROUGH}",
            "skew": "0: normal; nothing is known",
            "bend": "0: straight within each period; nothing is known",
            "level_mean": f"80 % predicted at the first visit: {ROUGH}",
            "level_sd": f"18 % predicted: {ROUGH}",
        }
    ),
)

HISTORIES: Final[Mapping[str, History]] = MappingProxyType({"alsfrs_r": _ALSFRS_R, "fvc": _FVC})
"""The reference natural history by endpoint key; other endpoints have no known numbers."""

BETWEEN_ENDPOINTS: Final = 0.5
"""Correlation of a person's ALSFRS-R and FVC slopes: a rough value from public summaries."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """How untreated people die and drop out: both follow the course.

    Parameters
    ----------
    yearly_mortality, at_score
        Share that dies within a year, and the ALSFRS-R score at which that holds.
    per_point
        Ratio of the hazard for each point higher.
    bulbar_share, bulbar_ratio
        Share with bulbar onset, and the ratio of their hazard.
    monthly_dropout
        Share that stops visits in a month, at the same score and with the same ratio per point.
    sources
        Where each number comes from, by field.
    """

    yearly_mortality: float
    at_score: float
    per_point: float
    bulbar_share: float
    bulbar_ratio: float
    monthly_dropout: float
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        shares = (self.yearly_mortality, self.bulbar_share, self.monthly_dropout)
        if not all(0 <= share < 1 for share in shares):
            raise ValueError(
                "mortality, dropout and the share of bulbar onset lie from 0 to below 1"
            )
        if not (self.per_point > 0 and self.bulbar_ratio > 0):
            raise ValueError("ratios of hazards are above 0")


LEAVING: Final = Leaving(
    yearly_mortality=0.34,
    at_score=30.0,
    per_point=0.936,
    bulbar_share=0.20,
    bulbar_ratio=1.29,
    monthly_dropout=0.015,
    sources=MappingProxyType(
        {
            "yearly_mortality": "about 34 % in the first year after diagnosis, populations",
            "at_score": "taken to be about the mean of that year: an assumption",
            "per_point": "published hazard ratio per ALSFRS-R point",
            "bulbar_share": "10 to 21 % in trials, 31 % in clinics",
            "bulbar_ratio": "published hazard ratio of bulbar onset",
            "monthly_dropout": "a rough value without a source",
        }
    ),
)
"""Deaths and dropout of the reference natural history."""


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


def _both(alsfrs_r: Mapping[str, float], fvc: Mapping[str, float]) -> Mapping[str, Any]:
    return MappingProxyType({"alsfrs_r": MappingProxyType(alsfrs_r), "fvc": MappingProxyType(fvc)})


PRESETS: Final = (
    Preset("reference", "reference", "The calibrated numbers.", _both({}, {})),
    Preset(
        "slower",
        "slower decline",
        "ALSFRS-R −0.82 points/month, the published mean from onset; FVC −2.5, the slower end of "
        "its published interval.",
        _both(
            {"mean_before": -0.82, "mean_after": -0.82}, {"mean_before": -2.5, "mean_after": -2.5}
        ),
    ),
    Preset(
        "skewed",
        "skewed slopes",
        "The steep tail of the ALSFRS-R slopes before is the longer one (skew-normal, shape −4); "
        "means and SDs are those of the reference.",
        _both({"skew": -4.0}, {}),
    ),
    Preset(
        "less_constant",
        "less constant slopes",
        "A person’s slopes before and after correlate by 0.3 instead of 0.47.",
        _both({"correlation": 0.3}, {"correlation": 0.3}),
    ),
    Preset(
        "more_constant",
        "more constant slopes",
        "A person’s slopes before and after correlate by 0.7 instead of 0.47.",
        _both({"correlation": 0.7}, {"correlation": 0.7}),
    ),
    Preset(
        "noisier",
        "noisier visits",
        "Visits scatter by 2 points, and by 7 % of the FVC, as between several raters.",
        _both({"visit_sd": 2.0}, {"visit_share": 0.07}),
    ),
    Preset(
        "quieter",
        "quieter visits",
        "Visits scatter by 1.55 points, the lower end of what is published, and by 4 % of the FVC.",
        _both({"visit_sd": 1.55}, {"visit_share": 0.04}),
    ),
    Preset(
        "early_trials",
        "as on the 40-point scale",
        "ALSFRS-R slopes as in early trials on the 40-point scale, not scaled up: means −0.55 "
        "before and −0.69 after, SDs 0.50 and 0.51.",
        _both({"mean_before": -0.55, "mean_after": -0.69, "sd_before": 0.5, "sd_after": 0.51}, {}),
    ),
    Preset(
        "bending",
        "decline that slows",
        "Every decline slows by itself by 0.01 points/month² (FVC by 0.025, in the same "
        "proportion): the lower end of what is discussed.",
        _both({"bend": 0.01}, {"bend": 0.025}),
    ),
    Preset(
        "bending_more",
        "decline that slows more",
        "Every decline slows by itself by 0.02 points/month² (FVC by 0.05, in the same "
        "proportion, which is rough): the upper end of what is discussed.",
        _both({"bend": 0.02}, {"bend": 0.05}),
    ),
)
"""The natural histories that are offered, the reference first."""

CALIBRATED_RUN_IN: Final = (3.0, 3.0)
CALIBRATED_FOLLOW_UP: Final = (4.0, 9.0)
"""Months of run-in and of follow-up from day 0 in the groups that the numbers were held against.

The summary of the calibration has its day 0 at month 3 and its last visits at month 12; the control
arms were followed for 4 to 6.5 months (docs/untreated-validation.md).
"""

_SLACK: Final = 0.25
"""Months by which visits may miss their plan."""


def outside_calibration(run_in_months: float, follow_up_months: float) -> tuple[str, ...]:
    """Return a sentence for each period whose length is beyond those of the calibration.

    Parameters
    ----------
    run_in_months, follow_up_months
        Lengths of the two periods.
    """
    named = (
        ("run-in", run_in_months, CALIBRATED_RUN_IN),
        ("follow-up", follow_up_months, CALIBRATED_FOLLOW_UP),
    )
    return tuple(
        f"extrapolated: the {name} of {months:.1f} months is outside the "
        f"{f'{low:g} to {high:g}' if low < high else f'{low:g}'} months of the calibration"
        for name, months, (low, high) in named
        if not low - _SLACK <= months <= high + _SLACK
    )

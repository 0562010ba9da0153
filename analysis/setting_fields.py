"""The plain fields of ``Settings``: bounds, link names and words, one entry each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from analysis.untreated.history import PRESETS

LONGEST_NUMBER: Final = 40
"""Characters of a number in a link; a longer text is refused, never cut to another number."""


class SettingsProblem(ValueError):
    """A setting outside its bounds."""


@dataclass(frozen=True)
class Field:
    """What one setting may be and how it is written.

    Parameters
    ----------
    url
        Short name in links.
    words
        Turns a value into the text of its chip, such as "after: 10 months".
    help
        One line for the reader.
    choices
        The allowed values with their words, if only some are allowed.
    low, high
        Bounds of a number.
    whole
        Whether only whole numbers are allowed.
    optional
        Whether ``None`` is allowed, written "all" in links.
    """

    url: str
    words: Callable[[Any], str]
    help: str
    choices: Mapping[Any, str] | None = None
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    optional: bool = False

    def check(self, value: Any) -> Any:
        """Return ``value`` in its canonical type.

        Raises
        ------
        SettingsProblem
            If it is not allowed.
        """
        if value is None and self.optional:
            return None
        if self.choices is not None:
            if isinstance(value, str | bool) and value in self.choices:
                return value
            raise SettingsProblem(f"one of {', '.join(map(str, self.choices))} is needed")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingsProblem("a number is needed")
        if not self.low <= value <= self.high:
            raise SettingsProblem(f"a number from {self.low:g} to {self.high:g} is needed")
        if self.whole:
            if int(value) != value:
                raise SettingsProblem("a whole number is needed")
            return int(value)
        return float(value)

    def to_text(self, value: Any) -> str:
        """Write ``value`` for a link."""
        if value is None:
            return "all"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value.replace(" ", "-") if isinstance(value, str) else repr(value).removesuffix(".0")

    def from_text(self, text: str) -> Any:
        """Read the text of a link; the result is still to be checked."""
        if self.optional and text == "all":
            return None
        if self.choices is not None:
            if True in self.choices:
                return {"yes": True, "no": False}.get(text, text)
            return {str(c).replace(" ", "-"): c for c in self.choices}.get(text, text)
        if len(text) > LONGEST_NUMBER:
            raise SettingsProblem("a number is needed")
        try:
            return float(text)
        except ValueError:
            raise SettingsProblem("a number is needed") from None


def _months(side: str) -> Callable[[Any], str]:
    return lambda value: f"{side}: all visits" if value is None else f"{side}: {value:g} months"


def _one_of(choices: Mapping[Any, str]) -> Callable[[Any], str]:
    return lambda value: choices[value]


def _which_transplant(value: int) -> str:
    names = {0: "first", -1: "last", 1: "second", 2: "third"}
    return f"day 0: {names.get(value, f'number {value + 1}')} transplant"


_DAY0: Final = MappingProxyType(
    {
        "before": "day-0 visit counts as before",
        "after": "day-0 visit counts as after",
        "both": "day-0 visit counts in both",
        "neither": "day-0 visit in neither",
    }
)
_RATE: Final = MappingProxyType({"month": "per month", "year": "per year", "period": "per period"})
_ALTERNATIVE: Final = MappingProxyType(
    {
        "two-sided": "two-sided tests",
        "less steep": "one-sided: less steep",
        "steeper": "one-sided: steeper",
    }
)
_STOP: Final = MappingProxyType(
    {True: "after ends at the next transplant", False: "next transplants ignored"}
)

_ESTIMATOR: Final = MappingProxyType(
    {
        "ols": "slopes by least squares",
        "theil_sen": "slopes by Theil–Sen",
        "end_to_end": "slopes from first and last visit",
        "broken_stick": "slopes by broken stick",
        "broken_stick_jump": "slopes by broken stick with a step",
    }
)
_RUN_IN: Final = MappingProxyType(
    {"visits": "slope before from visits", "onset": "slope before from onset"}
)
_TWO_VARIANCES: Final = MappingProxyType(
    {
        True: "mixed model: scatter differs before and after",
        False: "mixed model: one scatter",
    }
)
_GROUP_BY: Final = MappingProxyType(
    {
        "none": "no groups",
        "group": "by group",
        "sex": "by sex",
        "onset_site": "by site of onset",
    }
)
_FVC_UNTIL: Final = MappingProxyType(
    {
        "all": "FVC: all visits",
        "niv": "FVC ends at NIV or tracheostomy",
        "tracheostomy": "FVC ends at tracheostomy",
    }
)
_FVC_EQUATION: Final = MappingProxyType(
    {
        "none": "FVC % not derived from litres",
        "nhanes_iii": "FVC % from litres: NHANES III (1999)",
        "gli_global": "FVC % from litres: GLI Global (2022)",
        "gli_2012": "FVC % from litres: GLI-2012",
    }
)
_HISTORY: Final = MappingProxyType(
    {preset.key: f"natural history: {preset.label}" for preset in PRESETS}
)

FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "pre_months": Field(
            "before",
            _months("before"),
            "Only visits within this many months before day 0 enter the slope before; a visit on "
            "the same day of the month is in.",
            low=0.5,
            high=240,
            optional=True,
        ),
        "post_months": Field(
            "after",
            _months("after"),
            "Only visits within this many months after day 0 enter the slope after; a visit on the "
            "same day of the month is in.",
            low=0.5,
            high=240,
            optional=True,
        ),
        "skip_days": Field(
            "skip",
            lambda v: f"first {v} days after left out",
            "Visits up to this many days after day 0 enter neither slope.",
            low=0,
            high=365,
            whole=True,
        ),
        "day0": Field(
            "day0",
            _one_of(_DAY0),
            "Where a visit on day 0 itself counts. One score in both slopes pushes them apart: "
            "its error enters each with the opposite sign.",
            choices=_DAY0,
        ),
        "min_visits": Field(
            "visits",
            lambda v: f"at least {v} visits per side",
            "A period with fewer visits gives no slope.",
            low=2,
            high=20,
            whole=True,
        ),
        "min_span_days": Field(
            "span",
            lambda v: f"at least {v} days per side",
            "A period whose first and last visit are closer than this gives no slope.",
            low=0,
            high=3650,
            whole=True,
        ),
        "estimator": Field(
            "slopes",
            _one_of(_ESTIMATOR),
            "How a slope is made of visits. The broken stick joins both lines at day 0; with a "
            "step its level may change there. Theil–Sen gives no interval for one patient.",
            choices=_ESTIMATOR,
        ),
        "run_in": Field(
            "runin",
            _one_of(_RUN_IN),
            "From onset: points lost from the maximal score to the last visit up to day 0, per "
            "month. Only for scores; vital capacity keeps the slope from visits.",
            choices=_RUN_IN,
        ),
        "rate_unit": Field(
            "rate",
            _one_of(_RATE),
            "Per period multiplies the slope by the length of the window, or by the length that "
            "the trial declares.",
            choices=_RATE,
        ),
        "alternative": Field(
            "tests",
            _one_of(_ALTERNATIVE),
            "Two-sided unless the direction was fixed before the data were seen.",
            choices=_ALTERNATIVE,
        ),
        "confidence": Field(
            "level",
            lambda v: f"{v:.1%} intervals".replace(".0%", "%").replace("%", " %"),
            "Level of all intervals.",
            low=0.5,
            high=0.999,
        ),
        "transplant": Field(
            "transplant",
            _which_transplant,
            "Which transplant is day 0 where a patient has several.",
            low=-1,
            high=9,
            whole=True,
        ),
        "stop_at_next": Field(
            "stop",
            _one_of(_STOP),
            "Whether visits after the next transplant are left out.",
            choices=_STOP,
        ),
        "shift_days": Field(
            "shift",
            lambda v: f"day 0 moved by {v:+d} days".replace("-", "−"),
            "Moves day 0, to see whether the course bends elsewhere too.",
            low=-3650,
            high=3650,
            whole=True,
        ),
        "two_variances": Field(
            "variances",
            _one_of(_TWO_VARIANCES),
            "Whether visits may scatter differently before and after day 0 in the mixed model.",
            choices=_TWO_VARIANCES,
        ),
        "group_by": Field(
            "groups",
            _one_of(_GROUP_BY),
            "Column of the patients by which groups are formed.",
            choices=_GROUP_BY,
        ),
        "fvc_until": Field(
            "fvc-until",
            _one_of(_FVC_UNTIL),
            "Vital capacity measured after a patient’s first NIV or tracheostomy (or only after "
            "the latter) is shown but not analysed; the day itself still counts.",
            choices=_FVC_UNTIL,
        ),
        "fvc_equation": Field(
            "fvc-from-litres",
            _one_of(_FVC_EQUATION),
            "Makes FVC % predicted of litres for patients of whom no % is reported; needs sex, "
            "height and age at the visit. The equation alone moves a value by 5 to 10 points, so "
            "it is named wherever such values are used.",
            choices=_FVC_EQUATION,
        ),
        "meaningful_percent": Field(
            "matters",
            lambda v: f"change that matters: {v:g} % of the typical decline",
            "Change that matters, in % of the typical untreated decline.",
            low=1,
            high=100,
        ),
        "flips": Field(
            "flips",
            lambda v: f"{v:,} random sign flips",
            "Random sign flips where there are too many patients for the exact count.",
            low=1_000,
            high=1_000_000,
            whole=True,
        ),
        "resamples": Field(
            "resamples",
            lambda v: f"{v:,} bootstrap samples",
            "Samples that bootstrap intervals rest on.",
            low=1_000,
            high=100_000,
            whole=True,
        ),
        "untreated_trials": Field(
            "untreated-trials",
            lambda v: f"{v:,} simulated untreated trials",
            "Simulated trials with no transplant that the result is compared with.",
            low=100,
            high=20_000,
            whole=True,
        ),
        "history": Field(
            "history",
            _one_of(_HISTORY),
            "The natural history that untreated courses are drawn from.",
            choices=_HISTORY,
        ),
        "seed": Field(
            "seed",
            lambda v: f"seed {v}",
            "Start of the random numbers; the same seed gives the same result.",
            low=0,
            high=2**32 - 1,
            whole=True,
        ),
    }
)
"""The plain fields by the name that they have in ``Settings``."""

"""Lists among the settings of the untreated benchmark: edits of its numbers, the entry rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from analysis.setting_fields import LONGEST_NUMBER, SettingsProblem
from analysis.untreated.history import HISTORIES
from data.endpoints import ENDPOINTS

BETWEEN: Final = "between"
"""Edits the correlation of the slopes of two endpoints, which belongs to none of them."""

NO_RULE: Final = "none"
"""The entry rule of a trial that took everybody."""

_DECIMALS: Final = 6
"""Decimals that are kept of a number: two numbers that differ in later ones are the same."""


@dataclass(frozen=True, slots=True)
class HistoryField:
    """One number of a natural history that can be edited.

    Parameters
    ----------
    label
        In words.
    unit
        ``"slope"`` (units/month), ``"score"`` (units), ``"bend"`` (units/month²) or ``""``.
    help
        One line for the reader.
    low, high, step
        Bounds, and the step of an input.
    """

    label: str
    unit: str
    help: str
    low: float
    high: float
    step: float


HISTORY_FIELDS: Final[Mapping[str, HistoryField]] = MappingProxyType(
    {
        "mean_before": HistoryField(
            "mean slope before", "slope", "Mean true slope up to day 0.", -10, 2, 0.05
        ),
        "mean_after": HistoryField(
            "mean slope after", "slope", "Mean true slope after day 0, untreated.", -10, 2, 0.05
        ),
        "sd_before": HistoryField(
            "SD of slopes before", "slope", "How true slopes differ between people.", 0.01, 10, 0.05
        ),
        "sd_after": HistoryField(
            "SD of slopes after", "slope", "How true slopes differ between people.", 0.01, 10, 0.05
        ),
        "correlation": HistoryField(
            "correlation of slopes",
            "",
            "Of one person’s true slopes before and after: 1 if slopes never change.",
            -1,
            1,
            0.05,
        ),
        "visit_sd": HistoryField(
            "SD of a visit", "score", "Scatter of one visit around the course.", 0, 20, 0.05
        ),
        "visit_share": HistoryField(
            "SD of a visit, share of its value", "", "Added to the SD in squares.", 0, 0.5, 0.01
        ),
        "tail_df": HistoryField(
            "degrees of freedom of the scatter",
            "",
            "Small numbers give heavy tails; 1,000 is normal.",
            2.1,
            1000,
            1.0,
        ),
        "skew": HistoryField(
            "skew of slopes before",
            "",
            "Below 0 the steep tail is the longer one; 0 is a normal distribution. With both "
            "endpoints only that of the ALSFRS-R counts.",
            -20,
            20,
            0.5,
        ),
        "bend": HistoryField(
            "curvature", "bend", "Above 0 decline slows by itself.", -0.5, 0.5, 0.005
        ),
        "level_mean": HistoryField(
            "mean score at the first visit",
            "score",
            "Only for trials with an entry rule.",
            1,
            120,
            1.0,
        ),
        "level_sd": HistoryField(
            "SD of scores at the first visit",
            "score",
            "Only for trials with an entry rule.",
            0.1,
            60,
            0.5,
        ),
    }
)
"""What can be edited in the natural history of an endpoint."""

_BETWEEN_FIELD: Final = HistoryField(
    "correlation of the slopes of both endpoints", "", "Within one person.", -0.95, 0.95, 0.05
)

RULE_BOUNDS: Final[Mapping[str, tuple[tuple[float, float], ...]]] = MappingProxyType(
    {
        "slope_at_most": ((-10, 2),),
        "slope_at_least": ((-10, 2),),
        "points_lost": ((1, 48), (2, 104)),
        "alsfrs_r_at_least": ((0, 48),),
        "fvc_at_least": ((1, 150),),
    }
)
"""Conditions of an entry rule with the bounds of their numbers, in their order."""


def history_field(name: str) -> HistoryField:
    """Return what "endpoint.field" or "between" may be; no score lies above the endpoint's scale.

    Raises
    ------
    SettingsProblem
        If there is no such number.
    """
    if name == BETWEEN:
        return _BETWEEN_FIELD
    endpoint, _, field = name.partition(".")
    if endpoint not in HISTORIES or field not in HISTORY_FIELDS:
        raise SettingsProblem(f"the natural history has no number called “{name[:40]}”")
    spec = HISTORY_FIELDS[field]
    if spec.unit == "score":
        return replace(spec, high=min(spec.high, ENDPOINTS[endpoint].high))
    return spec


def checked_history_values(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return edits "endpoint.field:value" in one order.

    Raises
    ------
    SettingsProblem
        If a number does not exist, is edited twice, or is outside its bounds, or if the numbers
        together are no natural history.
    """
    if len(entries) > len(HISTORIES) * len(HISTORY_FIELDS) + 1:
        raise SettingsProblem("too many edits of the natural history")
    found: dict[str, float] = {}
    for entry in entries:
        name, _, text = entry.partition(":")
        field = history_field(name)
        value = _number(text, name)
        if name in found:
            raise SettingsProblem(f"{name} is edited twice")
        if not field.low <= value <= field.high:
            raise SettingsProblem(f"{name} needs a number from {field.low:g} to {field.high:g}")
        found[name] = value
    for endpoint, history in HISTORIES.items():
        of_it = {n.partition(".")[2]: v for n, v in found.items() if n.startswith(f"{endpoint}.")}
        try:
            history.with_(**of_it)
        except ValueError as problem:
            raise SettingsProblem(str(problem)) from problem
    return tuple(f"{name}:{found[name]:.10g}" for name in sorted(found))


def edited_values(entries: tuple[str, ...]) -> dict[str, float]:
    """Return checked edits by name."""
    pairs = (entry.partition(":") for entry in entries)
    return {name: float(text) for name, _, text in pairs}


def checked_entry_rule(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the conditions of an entry rule in one order; nothing means that it is not known.

    Raises
    ------
    SettingsProblem
        If a condition does not exist, stands twice, has numbers outside their bounds, contradicts
        another one, or stands beside ``"none"``.
    """
    if NO_RULE in entries:
        if len(entries) > 1:
            raise SettingsProblem("an entry rule is “none” or a list of conditions, not both")
        return (NO_RULE,)
    found: dict[str, tuple[float, ...]] = {}
    for entry in entries:
        name, *texts = entry.split(":")
        bounds = RULE_BOUNDS.get(name)
        if bounds is None:
            known = ", ".join(RULE_BOUNDS)
            raise SettingsProblem(f"“{name[:40]}” is no entry condition; there are {known}")
        if name in found or len(texts) != len(bounds):
            raise SettingsProblem(f"the entry condition {name} is needed once, with its numbers")
        values = tuple(_number(text, name) for text in texts)
        for value, (low, high) in zip(values, bounds, strict=True):
            if not low <= value <= high:
                raise SettingsProblem(f"{name} needs a number from {low:g} to {high:g}")
        found[name] = values
    steepest, flattest = found.get("slope_at_least"), found.get("slope_at_most")
    if steepest and flattest and steepest[0] >= flattest[0]:
        raise SettingsProblem("no slope is both at least and at most these numbers")
    return tuple(
        ":".join((name, *(f"{value:.10g}" for value in found[name])))
        for name in RULE_BOUNDS
        if name in found
    )


def entry_words(entries: tuple[str, ...]) -> str:
    """Return an entry rule in words, such as "run-in slope ≤ −0.5 points/month"."""
    if not entries:
        return "not known"
    if entries == (NO_RULE,):
        return "everybody was taken"
    texts = []
    for entry in entries:
        name, *numbers = entry.split(":")
        said = [number.replace("-", "−") for number in numbers]
        texts.append(
            {
                "slope_at_most": "run-in slope ≤ {0} points/month",
                "slope_at_least": "run-in slope ≥ {0} points/month",
                "points_lost": "at least {0} points lost in {1} weeks",
                "alsfrs_r_at_least": "ALSFRS-R at least {0}",
                "fvc_at_least": "FVC at least {0} % predicted",
            }[name].format(*said)
        )
    return " and ".join(texts)


def edit_words(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return edits in words, such as "ALSFRS-R mean slope before −0.8"."""
    texts = []
    for name, value in edited_values(entries).items():
        endpoint, _, _ = name.partition(".")
        of = "" if name == BETWEEN else f"{ENDPOINTS[endpoint].label} "
        texts.append(f"{of}{history_field(name).label} {value:g}")
    return tuple(text.replace(" -", " −") for text in texts)


def _number(text: str, name: str) -> float:
    """Return a number as it is kept; equal numbers have equal texts, so there is no −0."""
    if len(text) > LONGEST_NUMBER:
        raise SettingsProblem(f"{name} needs a number of at most {LONGEST_NUMBER} characters")
    try:
        value = float(text)
    except ValueError:
        raise SettingsProblem(f"{name} needs a number") from None
    if not math.isfinite(value):
        raise SettingsProblem(f"{name} needs a finite number")
    return round(value, _DECIMALS) + 0.0

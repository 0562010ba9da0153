"""The declared choices that a specification curve combines, and what each of them can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from analysis.predicted_fvc import present_endpoints
from analysis.settings import Settings
from analysis.slope_onset import run_in_used
from analysis.slope_points import WINDOW_SLACK_DAYS, place_points
from data.trial import DAYS_PER_MONTH, Trial

Preset = Literal["small", "full"]

MOST: Final = 2_000
"""Combinations of one curve at most."""

_WINDOWS: Final = (12.0, 6.0, 3.0)
_SMALL_WINDOWS: Final = (6.0, 3.0)
_THINNED: Final = (
    ("day0", "both"),
    ("pre_months", 12.0),
    ("post_months", 12.0),
    ("pre_months", 3.0),
    ("post_months", 3.0),
    ("skip_days", 30),
    ("min_visits", 3),
    ("estimator", "end_to_end"),
    ("day0", "after"),
)
"""What a preset does without, in this order, while it has more than ``MOST`` combinations: options
that lie between others, and first of all the one score in both slopes, whose error pushes the two
apart."""
_DAY0: Final = {
    "before": "before",
    "after": "after",
    "both": "on both sides",
    "neither": "on neither side",
}
_ESTIMATORS: Final = {
    "ols": "separate lines",
    "theil_sen": "Theil–Sen",
    "end_to_end": "first to last visit",
    "broken_stick": "broken stick",
    "broken_stick_jump": "broken stick with a step",
}
_RUN_INS: Final = {"visits": "the visits before", "onset": "the onset"}
_OTHERS: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "small": {
        "day0": ("before", "neither"),
        "estimator": ("ols", "theil_sen", "broken_stick"),
        "min_visits": (2, 3),
    },
    "full": {
        "skip_days": (0, 30),
        "day0": ("before", "after", "both", "neither"),
        "estimator": ("ols", "theil_sen", "end_to_end", "broken_stick"),
        "min_visits": (2, 3),
        "run_in": ("visits", "onset"),
    },
}
"""Values of the choices that are the same for every trial. A broken stick with a step is not among
them: its two lines are the separate lines."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to decide a choice.

    Parameters
    ----------
    label
        In a few words.
    changes
        Fields of the settings and their values.
    primary
        Whether the primary analysis decides so.
    """

    label: str
    changes: tuple[tuple[str, Any], ...]
    primary: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that an analysis has to decide.

    Parameters
    ----------
    key, label
        Stable key, and its name.
    options
        The ways to decide it, that of the primary analysis first.
    """

    key: str
    label: str
    options: tuple[Option, ...]


_LABELS: Final = {
    "pre_months": "run-in window",
    "post_months": "follow-up window",
    "skip_days": "days left out after day 0",
    "day0": "day-0 visit counts",
    "estimator": "slope by",
    "min_visits": "visits a side",
    "run_in": "slope before from",
    "points": "decisions about values",
}


def declared_choices(
    trial: Trial, settings: Settings, preset: Preset = "small"
) -> tuple[Choice, ...]:
    """Return the choices of a preset that this trial leaves open.

    Parameters
    ----------
    trial, settings
        The data and the primary analysis.
    preset
        ``"small"`` or ``"full"``.

    Notes
    -----
    They are fixed before any result is seen: nothing in them depends on a score, only on how far
    visits reach, on whether dates of onset are known, and on whether single values were decided
    about. A window is offered where somebody’s visits reach beyond it. The small preset has one
    shorter run-in, the longest that the visits allow: every window shorter than that halves runs of
    visits that are short already. What the primary analysis does is always the first option. A
    preset of more than :data:`MOST` combinations does without some options, in a fixed order.
    """
    before, after = _reach(trial, settings)
    lengths = _SMALL_WINDOWS if preset == "small" else _WINDOWS
    run_ins = [months for months in lengths if months + _SLACK < before]
    follow_ups = [months for months in lengths if months + _SLACK < after]
    if preset == "small":
        run_ins = run_ins[:1]
    found = [
        _choice(settings, "pre_months", [None, *run_ins]),
        _choice(settings, "post_months", [None, *follow_ups]),
    ]
    for name, values in _OTHERS[preset].items():
        if name != "run_in" or _has_onset(trial, settings):
            found.append(_choice(settings, name, values))
    if settings.points:
        found.append(_choice(settings, "points", [()]))
    return _thinned(tuple(choice for choice in found if len(choice.options) > 1))


def chosen_choices(
    choices: Sequence[Choice], selection: Mapping[str, Sequence[str]]
) -> tuple[Choice, ...]:
    """Return the choices with some of their options only; that of the primary analysis stays.

    Parameters
    ----------
    choices
        All of them.
    selection
        Labels of the options to keep, by the key of the choice; choices that are not named stay as
        they are, and those with one option left are decided and no choice any more.
    """
    kept = [
        Choice(
            choice.key,
            choice.label,
            tuple(
                option
                for option in choice.options
                if option.primary or option.label in selection.get(choice.key, (option.label,))
            ),
        )
        for choice in choices
    ]
    return tuple(choice for choice in kept if len(choice.options) > 1)


def combinations(choices: Sequence[Choice]) -> int:
    """Return how many combinations choices have."""
    return int(np.prod([len(choice.options) for choice in choices], dtype=np.int64))


def _thinned(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Take options away until there are at most ``MOST`` combinations; never the primary ones."""
    for name, value in _THINNED:
        if combinations(choices) <= MOST:
            break
        spared = ((name, value),)
        choices = tuple(
            replace(
                choice,
                options=tuple(o for o in choice.options if o.primary or o.changes != spared),
            )
            for choice in choices
        )
        choices = tuple(choice for choice in choices if len(choice.options) > 1)
    return choices


_SLACK: Final = WINDOW_SLACK_DAYS / DAYS_PER_MONTH


def _choice(settings: Settings, name: str, values: Sequence[Any]) -> Choice:
    own = getattr(settings, name)
    others = [value for value in values if value != own]
    options = [
        Option(_label(name, value), ((name, value),), value == own) for value in (own, *others)
    ]
    return Choice(name, _LABELS[name], tuple(options))


def _label(name: str, value: Any) -> str:
    if name in ("pre_months", "post_months"):
        return "all visits" if value is None else f"{value:g} months"
    if name == "skip_days":
        return f"{value} days" if value else "none"
    if name == "min_visits":
        return f"{value} or more"
    if name == "points":
        return "as decided" if value else "undone"
    return {"day0": _DAY0, "estimator": _ESTIMATORS, "run_in": _RUN_INS}[name][value]


def _reach(trial: Trial, settings: Settings) -> tuple[float, float]:
    """Return the months from the farthest visits of the endpoints to day 0, before and after."""
    every = settings.with_(pre_months=None, post_months=None)
    known = present_endpoints(trial, settings)
    before, after = 0.0, 0.0
    for key in settings.endpoints:
        if key not in known:
            continue
        points = place_points(trial, key, every)
        before = max(before, float(-np.min(points.month[points.before], initial=0.0)))
        after = max(after, float(np.max(points.month[points.after], initial=0.0)))
    return before, after


def _has_onset(trial: Trial, settings: Settings) -> bool:
    """Whether any endpoint can have a run-in from onset, and onset is known of anybody."""
    onset = settings.with_(run_in="onset")
    possible = any(run_in_used(key, onset) == "onset" for key in settings.endpoints)
    return possible and bool(trial.patients_frame["onset_day"].notna().any())

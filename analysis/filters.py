"""Who is analysed by what is known of them: filters on sex, site, group, stage, speed and visits.

A filter rests on the data, on which transplant is day 0 and on decisions about single values; it
never depends on windows, on other filters or on who is left out by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from analysis.day0 import (
    SAME_DAY,
    VALUE_AGE_DAYS,
    WINDOW_SLACK_DAYS,
    day0_offsets,
    first_event_days,
    usable_values,
)
from analysis.grouping import coded
from analysis.setting_lists import FILTERS, MAX_FILTER_TEXT, NOT_KNOWN, filters_by_field
from analysis.settings import Settings
from analysis.staging import NO_REGION, kings_stages, stages_at_day0
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

MOST_OPTIONS: Final = 30
"""Distinct texts beyond which a column of the file is not offered as a filter."""

_SPEED_CUTS: Final = (0.5, 1.0)
_DIGITS: Final = 9
"""Decimals to which speeds are rounded before they are put in a band: 0.5 exactly is 0.5."""


@dataclass(frozen=True, slots=True)
class FilterOption:
    """One value of a filter.

    Parameters
    ----------
    value
        As in ``Settings.filters``, after the colon.
    label
        In words.
    n
        How many of all loaded patients have it.
    """

    value: str
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class FilterField:
    """One filter with its values.

    Parameters
    ----------
    key
        As in ``Settings.filters``, before the colon.
    label, help
        Its name, and how the value of a patient is found.
    options
        Values that a patient of the trial has, or that the settings ask for in vain.
    """

    key: str
    label: str
    help: str
    options: tuple[FilterOption, ...]


@dataclass(frozen=True, slots=True)
class _Values:
    """The value of every patient: ``code`` is a position in ``options``."""

    options: tuple[str, ...]
    code: IntArray


def passing(trial: Trial, settings: Settings) -> BoolArray:
    """Return who passes all filters, shape (patients,).

    A patient passes a field with one of the values that are asked for, and must pass every field
    that is named; without filters everybody passes.
    """
    passes = np.ones(len(trial.patient_ids), dtype=np.bool_)
    for field, wanted in filters_by_field(settings.filters).items():
        passes &= _has_one_of(_FIELDS[field](trial, settings), wanted)
    return passes


def filtered_out(trial: Trial, settings: Settings) -> dict[int, str]:
    """Return who does not pass, by position, and why, such as "filtered out: sex M"."""
    said: dict[int, list[str]] = {}
    for field, wanted in filters_by_field(settings.filters).items():
        values = _FIELDS[field](trial, settings)
        words = [f"{FILTERS[field].label} {_label(field, value)}" for value in values.options]
        hidden = np.flatnonzero(~_has_one_of(values, wanted))
        for i, code in zip(hidden.tolist(), values.code[hidden].tolist(), strict=True):
            said.setdefault(i, []).append(words[code])
    return {i: f"filtered out: {', '.join(said[i])}" for i in sorted(said)}


def without_match(trial: Trial, settings: Settings) -> tuple[str, ...]:
    """Return the values that are asked for and that no patient has, in words."""
    found = []
    for field, wanted in filters_by_field(settings.filters).items():
        values = _FIELDS[field](trial, settings)
        present = {_folded(values.options[code]) for code in np.unique(values.code).tolist()}
        found += [
            f"{FILTERS[field].label} {_label(field, value)}"
            for value in wanted
            if _folded(value) not in present
        ]
    return tuple(found)


def filter_choices(trial: Trial, settings: Settings) -> tuple[FilterField, ...]:
    """Return the filters that tell patients of this trial apart, with counts of all patients.

    Parameters
    ----------
    trial
        Whose patients.
    settings
        Day 0 and decisions about values, on which the counts rest, and the filters in use, which
        are always offered.

    Notes
    -----
    Counts do not depend on the filters. A text column is not offered where no two patients share a
    text, or where there are more than :data:`MOST_OPTIONS` texts: it may name persons.
    """
    asked = filters_by_field(settings.filters)
    found = []
    for key, spec in FILTERS.items():
        values = _FIELDS[key](trial, settings)
        options = _options(key, values)
        if key not in asked and not _tells_apart(options, free_text=spec.words is None):
            continue
        there = {_folded(option.value) for option in options}
        options += [
            FilterOption(value, _label(key, value), 0)
            for value in asked.get(key, ())
            if _folded(value) not in there
        ]
        found.append(FilterField(key, spec.label, spec.help, tuple(options)))
    return tuple(found)


def _options(field: str, values: _Values) -> list[FilterOption]:
    """Return the values that a patient has; long texts with one beginning are one value."""
    counts = np.bincount(values.code, minlength=len(values.options)).tolist()
    found: dict[str, FilterOption] = {}
    for value, n in zip(values.options, counts, strict=True):
        if n:
            bound = value[:MAX_FILTER_TEXT].strip()
            before = found.get(_folded(value))
            total = n + (before.n if before else 0)
            found[_folded(value)] = FilterOption(bound, _label(field, bound), total)
    return list(found.values())


def run_in_speed(trial: Trial, settings: Settings) -> FloatArray:
    """Return ALSFRS-R points lost per month up to day 0, shape (patients,); NaN if not known.

    Notes
    -----
    Minus the least-squares slope of all usable visits on or before day 0, of which at least two on
    different days are needed. Windows and the rule for the visit on day 0 play no part.
    """
    series = trial.series("alsfrs_r")
    zero = day0_offsets(trial, settings)[0]
    day = series.day - zero[series.patient]
    with np.errstate(invalid="ignore"):
        used = usable_values(trial, "alsfrs_r", series, settings) & (day <= SAME_DAY)
    n = len(zero)
    patient, month, value = series.patient[used], day[used] / DAYS_PER_MONTH, series.value[used]
    visits = np.bincount(patient, minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = month - (np.bincount(patient, month, n) / visits)[patient]
        y = value - (np.bincount(patient, value, n) / visits)[patient]
        sxx, sxy = np.bincount(patient, x * x, n), np.bincount(patient, x * y, n)
        return np.where(sxx > (SAME_DAY / DAYS_PER_MONTH) ** 2, -sxy / sxx, np.nan)


def _has_one_of(values: _Values, wanted: tuple[str, ...]) -> BoolArray:
    asked = {_folded(value) for value in wanted}
    allowed = np.asarray([_folded(value) in asked for value in values.options], dtype=np.bool_)
    return np.asarray(allowed[values.code], dtype=np.bool_)


def _folded(value: str) -> str:
    """Return a text as it is compared: case does not count, nor what is beyond the bound."""
    return value[:MAX_FILTER_TEXT].strip().casefold()


def _label(field: str, value: str) -> str:
    return (FILTERS[field].words or {}).get(value, value)


def _tells_apart(options: list[FilterOption], *, free_text: bool) -> bool:
    if len(options) < 2:
        return False
    named = [option.n for option in options if option.value != NOT_KNOWN]
    return not free_text or (max(named) > 1 and len(named) <= MOST_OPTIONS)


def _column(name: str) -> Callable[[Trial, Settings], _Values]:
    def values(trial: Trial, _settings: Settings) -> _Values:
        labels, code = coded(trial.patients_frame[name].tolist())
        # An empty cell has the code −1, which is the last option.
        return _Values((*labels, NOT_KNOWN), np.where(code < 0, len(labels), code))

    return values


def _kings(trial: Trial, settings: Settings) -> _Values:
    """Return the King's stage at day 0: of the last day up to it whose stage is certain."""
    options = tuple(FILTERS["kings"].words or {})
    code = np.full(len(trial.patient_ids), options.index(NOT_KNOWN))
    items = trial.items
    if items is None:
        return _Values(options, code)
    everyone = pd.Index(trial.patient_ids).get_indexer(pd.Index(items["patient"]))
    visit = items["day"].to_numpy(dtype=np.float64)
    since = visit - day0_offsets(trial, settings)[0][everyone]
    with np.errstate(invalid="ignore"):
        young = (since <= SAME_DAY) & (since >= -VALUE_AGE_DAYS - SAME_DAY)
    near = np.flatnonzero(young & (everyone >= 0))
    # A recorded gastrostomy counts from its day on, as everywhere.
    tube = first_event_days(trial, "gastrostomy")[everyone[near]] <= visit[near]
    rows = items.iloc[near]
    stages = kings_stages(rows.assign(gastrostomy=rows["gastrostomy"].to_numpy() | tube))
    at = stages_at_day0(everyone[near], since[near], stages, len(code))
    position = np.asarray([options.index(NO_REGION if s == 0 else str(s)) for s in range(5)])
    code[at >= 0] = position[stages.stage[at[at >= 0]]]
    return _Values(options, code)


def _run_in(trial: Trial, settings: Settings) -> _Values:
    speed = np.round(run_in_speed(trial, settings), _DIGITS)
    band = np.searchsorted(_SPEED_CUTS, speed, side="right")
    return _Values(tuple(FILTERS["run_in"].words or {}), np.where(np.isnan(speed), 3, band))


def _sides(*keys: str) -> Callable[[Trial, Settings], _Values]:
    def values(trial: Trial, settings: Settings) -> _Values:
        zero = day0_offsets(trial, settings)[0]
        fewest = np.max([_on_fewer_side(trial, key, settings, zero) for key in keys], axis=0)
        code = np.asarray([2, 1, 0])[np.minimum(fewest, 2)]
        options = tuple(FILTERS["alsfrs_r_visits"].words or {})
        return _Values(options, np.where(np.isnan(zero), 3, code))

    return values


def _on_fewer_side(trial: Trial, key: str, settings: Settings, zero: FloatArray) -> IntArray:
    """Return how many usable values each patient has on the side of day 0 that has fewer."""
    series = trial.series(key)
    usable = usable_values(trial, key, series, settings)
    day = series.day - zero[series.patient]
    with np.errstate(invalid="ignore"):
        sides = (day <= SAME_DAY, day > SAME_DAY)
    before, after = (np.bincount(series.patient[usable & s], minlength=len(zero)) for s in sides)
    return np.minimum(before, after)


def _followed(trial: Trial, settings: Settings) -> _Values:
    zero = day0_offsets(trial, settings)[0]
    last = np.full(len(zero), -np.inf)
    for key in trial.endpoints:
        series = trial.series(key)
        used = usable_values(trial, key, series, settings) & np.isfinite(series.day)
        np.maximum.at(last, series.patient[used], series.day[used])
    days = last - zero + WINDOW_SLACK_DAYS + SAME_DAY
    band = np.searchsorted([6 * DAYS_PER_MONTH, 12 * DAYS_PER_MONTH], days, side="right")
    return _Values(tuple(FILTERS["followed"].words or {}), np.where(np.isnan(zero), 3, band))


_FIELDS: Final[Mapping[str, Callable[[Trial, Settings], _Values]]] = MappingProxyType(
    {
        "sex": _column("sex"),
        "onset_site": _column("onset_site"),
        "group": _column("group"),
        "kings": _kings,
        "run_in": _run_in,
        "alsfrs_r_visits": _sides("alsfrs_r"),
        "fvc_visits": _sides("fvc", "fvc_litres"),
        "followed": _followed,
    }
)
"""How the value of every patient is found, by field."""

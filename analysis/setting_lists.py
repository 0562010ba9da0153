"""The settings that are lists: names, filters and decisions; their bounds and how to read them.

Nothing that comes from a link or a file is trusted: every entry has a length, every list a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, TypeVar

from analysis.setting_fields import SettingsProblem
from analysis.setting_untreated import checked_entry_rule, checked_history_values
from data.endpoints import ENDPOINTS

MAX_DECISIONS: Final = 5_000
MAX_FILTERS: Final = 60
MAX_FILTER_TEXT: Final = 80
"""Characters of a filter's value; longer names of groups are matched by their beginning."""

MODEL_COVARIATES: Final = ("age", "sex", "onset_site")
"""Columns of the patients that the mixed model can adjust for."""

NOT_KNOWN: Final = "not known"
"""The value of every filter that stands for patients of whom it is not known."""

_LONGEST_LINK: Final = MAX_FILTERS * (3 * MAX_FILTER_TEXT + 20)
"""Characters of the longest list in a link, every character of every filter escaped."""

Decision = TypeVar("Decision")


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """What one filter asks.

    Parameters
    ----------
    label
        Name on the screen.
    words
        The allowed values with their words; ``None`` where values are texts of the file.
    help
        How the value of a patient is found.
    """

    label: str
    words: Mapping[str, str] | None
    help: str


_SIDES: Final = MappingProxyType(
    {
        "several": "2 or more on each side",
        "one": "only 1 on a side",
        "none": "none on a side",
        NOT_KNOWN: NOT_KNOWN,
    }
)
_SIDES_HELP: Final = (
    "Usable values on or before day 0, and after it, whatever the windows are. Not known without "
    "a day 0."
)
FILTERS: Final[Mapping[str, FilterSpec]] = MappingProxyType(
    {
        "sex": FilterSpec("sex", None, "As the file says."),
        "onset_site": FilterSpec("site of onset", None, "As the file says."),
        "group": FilterSpec("group", None, "Arm or dose, as the file says."),
        "kings": FilterSpec(
            "King’s stage",
            MappingProxyType(
                {
                    "0/1": "0/1",
                    "1": "1",
                    "2": "2",
                    "3": "3",
                    "4": "4",
                    NOT_KNOWN: NOT_KNOWN,
                }
            ),
            "At day 0: from the items of the last visit up to and on day 0, at most 92 days before "
            "it, whose stage is certain; 4A and 4B are 4. 0/1: no region is involved by the items.",
        ),
        "run_in": FilterSpec(
            "run-in speed",
            MappingProxyType(
                {
                    "slow": "below 0.5 points lost/month",
                    "intermediate": "0.5 to below 1 points lost/month",
                    "fast": "1 or more points lost/month",
                    NOT_KNOWN: NOT_KNOWN,
                }
            ),
            "Least-squares slope of all usable ALSFRS-R visits up to and on day 0, at least 2, "
            "whatever the windows are. The cuts are those used for ΔFS; this is the slope of the "
            "visits, not ΔFS. Patients chosen by a run-in that happened to be fast or slow come "
            "back towards the mean by chance alone: their change of slope is biased.",
        ),
        "alsfrs_r_visits": FilterSpec("ALSFRS-R visits", _SIDES, _SIDES_HELP),
        "fvc_visits": FilterSpec(
            "FVC visits", _SIDES, _SIDES_HELP + " In % predicted or in litres, whichever has more."
        ),
        "followed": FilterSpec(
            "follow-up",
            MappingProxyType(
                {
                    "under 6": "less than 6 months",
                    "6 to 12": "6 to less than 12 months",
                    "12 or more": "12 months or more",
                    NOT_KNOWN: NOT_KNOWN,
                }
            ),
            "From day 0 to the last usable value of any endpoint, with 3 days of slack. Who was "
            "followed long is known only afterwards: those who died or left early fall out.",
        ),
    }
)
"""The filters by field, in the order in which they are shown."""


@dataclass(frozen=True, slots=True, order=True)
class PatientExclusion:
    """A patient whom the user leaves out, and why."""

    patient: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class PointDecision:
    """One value that the user leaves out, or keeps although it was quarantined, and why."""

    patient: str
    endpoint: str
    day: float
    value: float
    keep: bool
    reason: str
    note: str = ""


def checked_endpoints(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the endpoints.

    Raises
    ------
    SettingsProblem
        If there is none, one appears twice, or one does not exist.
    """
    if not keys or len(set(keys)) != len(keys) or any(key not in ENDPOINTS for key in keys):
        raise SettingsProblem(f"distinct endpoints are needed, of {', '.join(ENDPOINTS)}")
    return keys


def checked_covariates(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the covariates in one order, so that equal models have equal settings.

    Raises
    ------
    SettingsProblem
        If one appears twice or does not exist.
    """
    if len(set(names)) != len(names) or any(name not in MODEL_COVARIATES for name in names):
        raise SettingsProblem(f"distinct covariates are needed, of {', '.join(MODEL_COVARIATES)}")
    return tuple(name for name in MODEL_COVARIATES if name in names)


def checked_filters(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries "field:value" in one order, each once, spaces made single.

    Raises
    ------
    SettingsProblem
        If there are too many, one is too long, a field does not exist, or a field with fixed values
        does not have the value.
    """
    if len(entries) > MAX_FILTERS:
        raise SettingsProblem(f"at most {MAX_FILTERS} values of filters")
    split = {_checked_filter(entry) for entry in entries}
    return tuple(f"{field}:{value}" for field, value in sorted(split, key=_place))


def _place(pair: tuple[str, str]) -> tuple[int, int, str]:
    """Return what sorts values as they are shown: by field, then in its order or by alphabet."""
    field, value = pair
    words = FILTERS[field].words
    return list(FILTERS).index(field), list(words).index(value) if words else 0, value


def _checked_filter(entry: str) -> tuple[str, str]:
    field, _, value = entry.partition(":")
    value = " ".join(value.split())
    if field not in FILTERS:
        raise SettingsProblem(f"“{field[:40]}” is no filter; there are {', '.join(FILTERS)}")
    known = FILTERS[field].words
    if known is not None and value not in known:
        raise SettingsProblem(f"the filter {field} needs one of {', '.join(known)}")
    if not value or len(value) > MAX_FILTER_TEXT:
        raise SettingsProblem(
            f"the filter {field} needs a value of 1 to {MAX_FILTER_TEXT} characters"
        )
    return field, value


def filters_by_field(entries: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the values that each filtered field lets pass."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        field, _, value = entry.partition(":")
        found[field] = (*found.get(field, ()), value)
    return found


def filter_words(entries: tuple[str, ...]) -> str:
    """Return the filters in words, such as "only sex F; King’s stage 2 or 3"."""
    texts = []
    for field, values in filters_by_field(entries).items():
        spec = FILTERS[field]
        said = [(spec.words or {}).get(value, value) for value in values]
        texts.append(f"{spec.label} {' or '.join(said)}")
    return f"only {'; '.join(texts)}" if texts else "no filters"


def few_enough(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Return the decisions.

    Raises
    ------
    SettingsProblem
        If there are more than ``MAX_DECISIONS``.
    """
    if len(decisions) > MAX_DECISIONS:
        raise SettingsProblem(f"at most {MAX_DECISIONS:,} decisions about patients and values")
    return decisions


def one_kept_a_day(points: tuple[PointDecision, ...]) -> tuple[PointDecision, ...]:
    """Return the decisions about values.

    Raises
    ------
    SettingsProblem
        If two values of one patient, endpoint and day are kept.
    """
    kept = [(point.patient, point.endpoint, point.day) for point in points if point.keep]
    if len(set(kept)) < len(kept):
        raise SettingsProblem("two values of one day cannot both be kept")
    return points


def to_link(names: tuple[str, ...]) -> str:
    """Write a list for a link: names joined by ``~``; a ``~`` inside a name is escaped."""
    return "~".join(name.replace("%", "%25").replace("~", "%7E") for name in names)


def from_link(text: str) -> tuple[str, ...]:
    """Read what :func:`to_link` wrote; the result is still to be checked.

    Raises
    ------
    SettingsProblem
        If the text is longer than any list can be.
    """
    if len(text) > _LONGEST_LINK:
        raise SettingsProblem("the list is too long")
    names = text.split("~") if text else []
    return tuple(name.replace("%7E", "~").replace("%25", "%") for name in names)


def as_dict(item: PatientExclusion | PointDecision) -> dict[str, Any]:
    """Return a decision as JSON values."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _text(value: Any, limit: int = 200) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"a text of at most {limit} characters is needed")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a finite number is needed")
    return float(value)


def _read_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of texts is needed")
    return tuple(_text(name) for name in value)


def _read_exclusions(value: Any) -> tuple[PatientExclusion, ...]:
    return tuple(
        PatientExclusion(_text(v["patient"]), _text(v["reason"]), _text(v.get("note", ""), 2000))
        for v in few_enough(tuple(value))
    )


def _read_points(value: Any) -> tuple[PointDecision, ...]:
    points = tuple(
        PointDecision(
            _text(v["patient"]),
            _text(v["endpoint"]),
            _number(v["day"]),
            _number(v["value"]),
            v["keep"] is True,
            _text(v["reason"]),
            _text(v.get("note", ""), 2000),
        )
        for v in few_enough(tuple(value))
    )
    return one_kept_a_day(points)


LISTS: Final[Mapping[str, tuple[str, Callable[[tuple[str, ...]], tuple[str, ...]]]]] = (
    MappingProxyType(
        {
            "endpoints": ("endpoints", checked_endpoints),
            "model_covariates": ("covariates", checked_covariates),
            "filters": ("only", checked_filters),
            "history_values": ("history-values", checked_history_values),
            "entry_rule": ("entry", checked_entry_rule),
        }
    )
)
"""Settings that are lists of names: their names in links, and what checks them."""


def _reader(check: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Callable[[Any], Any]:
    return lambda value: check(_read_names(value))


READERS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        **{name: _reader(check) for name, (_, check) in LISTS.items()},
        "excluded_patients": _read_exclusions,
        "points": _read_points,
    }
)
"""What reads each list from JSON values."""

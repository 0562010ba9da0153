"""Everything that a reader can choose, as one frozen value.

The truth about an analysis is a ``Settings``: the screen edits one, a link and a file carry one,
and a what-if is the same function with another one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Self, TypeVar

from analysis.setting_fields import FIELDS, Field, SettingsProblem
from data.endpoints import ENDPOINTS, PRIMARY

DayZero = Literal["before", "after", "both", "neither"]
RateUnit = Literal["month", "year", "period"]
Alternative = Literal["two-sided", "less steep", "steeper"]

REASONS: Final = (
    "protocol deviation",
    "measurement error",
    "different rater or device",
    "intercurrent illness",
    "started another treatment",
    "withdrew consent",
    "checked against the source",
    "other",
)
"""Reasons that can be given for leaving out or keeping data; free text stays beside them."""

MAX_DECISIONS: Final = 5_000

Decision = TypeVar("Decision")


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


def _checked_endpoints(keys: tuple[str, ...]) -> tuple[str, ...]:
    if not keys or len(set(keys)) != len(keys) or any(key not in ENDPOINTS for key in keys):
        raise SettingsProblem(f"distinct endpoints are needed, of {', '.join(ENDPOINTS)}")
    return keys


def _few_enough(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    if len(decisions) > MAX_DECISIONS:
        raise SettingsProblem(f"at most {MAX_DECISIONS:,} decisions about patients and values")
    return decisions


@dataclass(frozen=True)
class Settings:
    """All choices of one analysis; the defaults are the recommended primary analysis.

    Parameters
    ----------
    pre_months, post_months
        Length of the windows before and after day 0; ``None`` takes all visits.
    skip_days
        Visits up to this many days after day 0 are in neither period.
    day0
        Period to which a visit on day 0 itself belongs.
    min_visits, min_span_days
        What a period needs for a slope: this many visits, and this many days from the first to the
        last of them.
    rate_unit
        Unit in which slopes are shown.
    alternative
        Direction of the tests; ``"less steep"`` means a change above 0.
    confidence
        Level of the intervals.
    transplant
        Which transplant is day 0: 0 the first, 1 the second …, −1 the last.
    stop_at_next
        Whether the period after day 0 ends at the next transplant.
    shift_days
        Days by which day 0 is moved, for what-ifs.
    endpoints
        Keys of the endpoints that are compared. Holm's correction runs over the primary ones among
        them: ALSFRS-R and FVC % predicted (FVC in litres where there is no % predicted).
    excluded_patients, points
        Patients and values that the user decided about.
    flips
        Random sign flips where the exact count is out of reach.
    seed
        Seed of everything random.

    Raises
    ------
    SettingsProblem
        If a value is outside its bounds.
    """

    pre_months: float | None = None
    post_months: float | None = None
    skip_days: int = 0
    day0: DayZero = "before"
    min_visits: int = 2
    min_span_days: int = 60
    rate_unit: RateUnit = "month"
    alternative: Alternative = "two-sided"
    confidence: float = 0.95
    transplant: int = 0
    stop_at_next: bool = False
    shift_days: int = 0
    endpoints: tuple[str, ...] = PRIMARY
    excluded_patients: tuple[PatientExclusion, ...] = ()
    points: tuple[PointDecision, ...] = ()
    flips: int = 100_000
    seed: int = 20_230_361

    def __post_init__(self) -> None:
        for name, spec in FIELDS.items():
            object.__setattr__(self, name, spec.check(getattr(self, name)))
        object.__setattr__(self, "endpoints", _checked_endpoints(self.endpoints))
        for name in ("excluded_patients", "points"):
            object.__setattr__(self, name, tuple(sorted(_few_enough(getattr(self, name)))))

    def with_(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    @property
    def key(self) -> str:
        """A text that is equal exactly when two settings are: the key of caches."""
        return json.dumps(self.to_json(), sort_keys=True)

    @property
    def unshared_decisions(self) -> int:
        """How many exclusions name a patient and therefore never enter a link."""
        return len(self.excluded_patients) + len(self.points)

    def to_json(self) -> dict[str, Any]:
        """Return every field as JSON values."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in FIELDS}
        plain["endpoints"] = list(self.endpoints)
        plain["excluded_patients"] = [_as_dict(item) for item in self.excluded_patients]
        plain["points"] = [_as_dict(item) for item in self.points]
        return plain

    def to_query(self) -> dict[str, str]:
        """Return what differs from the default and names no patient, as link parameters."""
        query = {
            spec.url: spec.to_text(value)
            for name, spec in FIELDS.items()
            if (value := getattr(self, name)) != getattr(DEFAULT, name)
        }
        if self.endpoints != DEFAULT.endpoints:
            query["endpoints"] = "~".join(self.endpoints)
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> tuple[Self, tuple[str, ...]]:
        """Read link parameters; nothing in a link is trusted.

        Returns
        -------
        tuple
            The settings, and a sentence for each parameter that was ignored.
        """
        problems: list[str] = []
        values: dict[str, Any] = {}
        by_url = {spec.url: name for name, spec in FIELDS.items()}
        for url, text in query.items():
            if url != "endpoints" and url not in by_url:
                problems.append(f"The link carries an unknown setting “{url[:40]}”; it is ignored.")
                continue
            try:
                if url == "endpoints":
                    values[url] = _checked_endpoints(tuple(text[:500].split("~")))
                else:
                    spec = FIELDS[by_url[url]]
                    values[by_url[url]] = spec.check(spec.from_text(text))
            except SettingsProblem as problem:
                problems.append(f"The link’s “{url}” is ignored: {problem}.")
        return cls(**values), tuple(problems)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> tuple[Self, tuple[str, ...]]:
        """Read what :meth:`to_json` wrote, or an older or hand-made part of it.

        Returns
        -------
        tuple
            The settings, and a sentence for each entry that was ignored.
        """
        problems: list[str] = []
        values: dict[str, Any] = {}
        known = {field.name for field in fields(cls)}
        for name, value in plain.items():
            try:
                if name not in known:
                    problems.append(f"Unknown setting “{str(name)[:40]}”; it is ignored.")
                elif name in FIELDS:
                    values[name] = FIELDS[name].check(value)
                else:
                    values[name] = _READERS[name](value)
            except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as problem:
                problems.append(f"“{name}” is ignored: {str(problem)[:120]}.")
        return cls(**values), tuple(problems)

    def differences(self, base: Settings | None = None) -> dict[str, str]:
        """Return what differs from ``base`` (the defaults), field by field, in words."""
        base = base or DEFAULT
        words = {
            name: spec.words(value)
            for name, spec in FIELDS.items()
            if (value := getattr(self, name)) != getattr(base, name)
        }
        if self.endpoints != base.endpoints:
            words["endpoints"] = "endpoints: " + ", ".join(
                ENDPOINTS[k].label for k in self.endpoints
            )
        if self.excluded_patients != base.excluded_patients:
            words["excluded_patients"] = _without_patients(self.excluded_patients)
        if self.points != base.points:
            dropped = sum(not point.keep for point in self.points)
            kept = len(self.points) - dropped
            texts = [f"values left out: {dropped}"] if dropped else []
            texts += [f"values kept that were set aside: {kept}"] if kept else []
            words["points"] = ", ".join(texts) or "no values left out"
        return words


def opening_endpoints(present: Sequence[str]) -> tuple[str, ...]:
    """Return the endpoints with which a trial opens: litres where there is no % predicted.

    Parameters
    ----------
    present
        Keys of the endpoints that have values.
    """
    litres_only = "fvc" not in present and "fvc_litres" in present
    return ("alsfrs_r", "fvc_litres") if litres_only else PRIMARY


DEFAULT: Final = Settings()
"""The recommended primary analysis."""


def _as_dict(item: PatientExclusion | PointDecision) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _without_patients(excluded: tuple[PatientExclusion, ...]) -> str:
    if len(excluded) > 3:
        return f"without {len(excluded)} patients"
    names = ", ".join(item.patient for item in excluded)
    return f"without {names}" if names else "no patient left out"


def _text(value: Any, limit: int = 200) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"a text of at most {limit} characters is needed")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a finite number is needed")
    return float(value)


def _read_endpoints(value: Any) -> tuple[str, ...]:
    return _checked_endpoints(tuple(_text(key) for key in value))


def _read_exclusions(value: Any) -> tuple[PatientExclusion, ...]:
    return tuple(
        PatientExclusion(_text(v["patient"]), _text(v["reason"]), _text(v.get("note", ""), 2000))
        for v in _few_enough(tuple(value))
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
        for v in _few_enough(tuple(value))
    )
    kept = [(point.patient, point.endpoint, point.day) for point in points if point.keep]
    if len(set(kept)) < len(kept):
        raise ValueError("two values of one day cannot both be kept")
    return points


_READERS: Final = {
    "endpoints": _read_endpoints,
    "excluded_patients": _read_exclusions,
    "points": _read_points,
}

__all__ = [
    "DEFAULT",
    "REASONS",
    "Alternative",
    "DayZero",
    "Field",
    "PatientExclusion",
    "PointDecision",
    "RateUnit",
    "Settings",
    "SettingsProblem",
]

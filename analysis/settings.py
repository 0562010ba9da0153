"""Everything that a reader can choose, as one frozen value.

The truth about an analysis is a ``Settings``: the screen edits one, a link and a file carry one,
and a what-if is the same function with another one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Self

from analysis.setting_fields import FIELDS, Field, SettingsProblem
from analysis.setting_lists import (
    LISTS,
    MODEL_COVARIATES,
    READERS,
    PatientExclusion,
    PointDecision,
    as_dict,
    checked_covariates,
    checked_endpoints,
    checked_filters,
    few_enough,
    filter_words,
    from_link,
    one_kept_a_day,
    to_link,
)
from analysis.setting_untreated import (
    checked_entry_rule,
    checked_history_values,
    edit_words,
    entry_words,
)
from data.endpoints import ENDPOINTS, PRIMARY

DayZero = Literal["before", "after", "both", "neither"]
RateUnit = Literal["month", "year", "period"]
Alternative = Literal["two-sided", "less steep", "steeper"]
Estimator = Literal["ols", "theil_sen", "end_to_end", "broken_stick", "broken_stick_jump"]
RunIn = Literal["visits", "onset"]
GroupBy = Literal["none", "group", "sex", "onset_site"]
FvcUntil = Literal["all", "niv", "tracheostomy"]
FvcEquation = Literal["none", "nhanes_iii", "gli_global", "gli_2012"]

UNTREATED: Final = ("untreated_trials", "history", "history_values", "entry_rule")
"""Settings of the untreated benchmark, which change nothing in the comparison itself."""

REASONS: Final = (
    "protocol deviation",
    "measurement error",
    "different rater or device",
    "intercurrent illness",
    "started another treatment",
    "withdrew consent",
    "tried as a what-if",
    "checked against the source",
    "other",
)
"""Reasons that can be given for leaving out or keeping data; free text stays beside them."""


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
    estimator
        How a slope is made of visits: least squares (separate lines), Theil–Sen, the first and the
        last visit, or a broken stick without or with a step of the level at day 0.
    run_in
        Whether the slope before comes from the visits or from onset (ΔFS; only for endpoints with
        a maximum that healthy people have).
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
    model_covariates
        Of ``MODEL_COVARIATES``: what the mixed model adjusts for.
    two_variances
        Whether visits may scatter differently before and after day 0 in the mixed model.
    group_by
        Column of the patients by which groups are formed.
    meaningful_percent
        Change that matters, in % of the typical untreated decline of the endpoint.
    filters
        Entries "field:value" of :data:`analysis.setting_lists.FILTERS`; only patients who pass are
        analysed: those who have one of the values of every field that is named.
    fvc_until
        Whether vital capacity ends with a patient's first NIV or tracheostomy, or with the latter
        alone.
    fvc_equation
        Reference equation that makes % predicted of litres, for patients without reported %.
    excluded_patients, points
        Patients and values that the user decided about.
    flips
        Random sign flips where the exact count is out of reach.
    resamples
        Bootstrap samples.
    untreated_trials
        Simulated trials with no transplant that the result is compared with.
    history
        Key of the natural history that untreated courses are drawn from.
    history_values
        Numbers of it that the reader changed: entries "endpoint.field:value".
    entry_rule
        Who was taken into the trial, as far as that is known: conditions such as
        "slope_at_most:-0.5"; ``("none",)`` if everybody was, empty if it is not known.
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
    estimator: Estimator = "ols"
    run_in: RunIn = "visits"
    rate_unit: RateUnit = "month"
    alternative: Alternative = "two-sided"
    confidence: float = 0.95
    transplant: int = 0
    stop_at_next: bool = False
    shift_days: int = 0
    endpoints: tuple[str, ...] = PRIMARY
    excluded_patients: tuple[PatientExclusion, ...] = ()
    points: tuple[PointDecision, ...] = ()
    filters: tuple[str, ...] = ()
    fvc_until: FvcUntil = "all"
    fvc_equation: FvcEquation = "none"
    model_covariates: tuple[str, ...] = ()
    two_variances: bool = False
    group_by: GroupBy = "none"
    meaningful_percent: float = 20.0
    flips: int = 100_000
    resamples: int = 10_000
    untreated_trials: int = 2_000
    history: str = "reference"
    history_values: tuple[str, ...] = ()
    entry_rule: tuple[str, ...] = ()
    seed: int = 20_230_361

    def __post_init__(self) -> None:
        for name, spec in FIELDS.items():
            object.__setattr__(self, name, spec.check(getattr(self, name)))
        object.__setattr__(self, "endpoints", checked_endpoints(self.endpoints))
        covariates = checked_covariates(self.model_covariates)
        object.__setattr__(self, "model_covariates", covariates)
        object.__setattr__(self, "filters", checked_filters(self.filters))
        object.__setattr__(self, "history_values", checked_history_values(self.history_values))
        object.__setattr__(self, "entry_rule", checked_entry_rule(self.entry_rule))
        for name in ("excluded_patients", "points"):
            object.__setattr__(self, name, tuple(sorted(few_enough(getattr(self, name)))))
        one_kept_a_day(self.points)

    def with_(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    @property
    def key(self) -> str:
        """A text that is equal exactly when two settings are: the key of caches."""
        return json.dumps(self.to_json(), sort_keys=True)

    @property
    def comparison_key(self) -> str:
        """A text that is equal where two settings lead to the same comparison.

        The untreated benchmark stands beside the comparison: its own settings change nothing there.
        """
        return self.with_(**{name: getattr(DEFAULT, name) for name in UNTREATED}).key

    @property
    def unshared_decisions(self) -> int:
        """How many exclusions name a patient and therefore never enter a link."""
        return len(self.excluded_patients) + len(self.points)

    def to_json(self) -> dict[str, Any]:
        """Return every field as JSON values."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in FIELDS}
        for name in LISTS:
            plain[name] = list(getattr(self, name))
        plain["excluded_patients"] = [as_dict(item) for item in self.excluded_patients]
        plain["points"] = [as_dict(item) for item in self.points]
        return plain

    def to_query(self, opening: Settings | None = None) -> dict[str, str]:
        """Return what differs from the default and names no patient, as link parameters.

        Parameters
        ----------
        opening
            The settings with which the trial opens: what differs from these is told as well, so
            that a link without any setting is one of the trial as it opens.
        """
        usual = (DEFAULT, opening or DEFAULT)
        query = {}
        for name, spec in FIELDS.items():
            value = getattr(self, name)
            if any(value != getattr(one, name) for one in usual):
                query[spec.url] = spec.to_text(value)
        for name, (url, _) in LISTS.items():
            value = getattr(self, name)
            if any(value != getattr(one, name) for one in usual):
                query[url] = to_link(value)
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
        lists = {url: (name, check) for name, (url, check) in LISTS.items()}
        for url, text in query.items():
            if url not in lists and url not in by_url:
                problems.append(f"The link carries an unknown setting “{url[:40]}”; it is ignored.")
                continue
            try:
                if url in lists:
                    name, check = lists[url]
                    values[name] = check(from_link(text))
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
                    values[name] = READERS[name](value)
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
        if self.model_covariates != base.model_covariates:
            names = ", ".join(name.replace("_", " ") for name in self.model_covariates)
            words["model_covariates"] = f"models of all visits adjusted for {names or 'nothing'}"
        if self.filters != base.filters:
            words["filters"] = filter_words(self.filters)
        if self.history_values != base.history_values:
            edits = "; ".join(edit_words(self.history_values))
            words["history_values"] = f"natural history edited: {edits or 'nothing'}"
        if self.entry_rule != base.entry_rule:
            words["entry_rule"] = f"entry rule: {entry_words(self.entry_rule)}"
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


def _without_patients(excluded: tuple[PatientExclusion, ...]) -> str:
    if len(excluded) > 3:
        return f"without {len(excluded)} patients"
    names = ", ".join(item.patient for item in excluded)
    return f"without {names}" if names else "no patient left out"


__all__ = [
    "DEFAULT",
    "MODEL_COVARIATES",
    "REASONS",
    "Alternative",
    "DayZero",
    "Estimator",
    "Field",
    "FvcEquation",
    "FvcUntil",
    "GroupBy",
    "PatientExclusion",
    "PointDecision",
    "RateUnit",
    "RunIn",
    "Settings",
    "SettingsProblem",
]

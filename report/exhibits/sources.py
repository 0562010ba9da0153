"""What exhibits of one trial and one analysis are made from, each computed at most once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar

import numpy as np

from analysis.attendance import attendance
from analysis.change_from_day0 import ChangeFromDay0, change_from_day0
from analysis.cohort import Overview, overview
from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity, dropout_sensitivity
from analysis.events import event_table
from analysis.leave_one_out import LeaveOneOut, leave_one_out
from analysis.other_run_ins import OtherRunIns, other_run_ins
from analysis.placebo_dates import PlaceboDates, placebo_dates
from analysis.settings import Settings
from analysis.specification import SpecificationCurve, specification_curve
from analysis.specification_choices import declared_choices
from analysis.staging import stage_visits
from analysis.untreated.benchmark import untreated
from analysis.untreated.outcome import Untreated
from data.trial import Trial
from report.charts.swimmer import Swim
from report.patient_card import Background, background
from report.untreated_words import sentences

T = TypeVar("T")


class Keep(Protocol):
    """Something that makes a value once and then remembers it under a key."""

    def __call__(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of ``key``."""


class Memory:
    """A memory that lasts as long as itself."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __call__(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of ``key``, made at the first time."""
        name = repr(key)
        if name not in self._known:
            self._known[name] = make()
        found: T = self._known[name]
        return found


class Sources:
    """Everything that exhibits of one trial and one analysis are made from.

    Parameters
    ----------
    trial
        The data.
    settings
        The primary analysis.
    keep
        What remembers results; shared between analyses of one trial it makes none of them twice.
    comparison
        The comparison under ``settings``, where it is known.
    simulate
        Whether untreated trials may be simulated, which takes long for very many patients.
    """

    def __init__(
        self,
        trial: Trial,
        settings: Settings,
        keep: Keep | None = None,
        comparison: Comparison | None = None,
        simulate: bool = True,
    ) -> None:
        self.trial, self.settings = trial, settings
        self.keep: Keep = Memory() if keep is None else keep
        self._comparison, self._simulate = comparison, simulate

    @property
    def comparison(self) -> Comparison:
        """The comparison under these settings."""
        if self._comparison is None:
            key = ("comparison", self.trial.instance, self.settings.key)
            self._comparison = self.keep(key, lambda: compare(self.trial, self.settings))
        return self._comparison

    def result(self, endpoint: str) -> EndpointComparison | None:
        """Return one endpoint of the comparison; nothing if it is not compared."""
        return self.comparison.endpoint(endpoint)

    def of(self, name: str, make: Callable[[], T], endpoint: str = "") -> T:
        """Return something that rests on the comparison, made at most once."""
        settings = self.settings
        parts = (name, self.trial.instance, settings.comparison_key)
        return self.keep((*parts, endpoint) if endpoint else parts, make)

    @property
    def untreated(self) -> Untreated | None:
        """The benchmark of people with this run-in; nothing where it may not be simulated."""
        if not self._simulate:
            return None
        key = ("untreated", self.trial.instance, self.settings.key)
        return self.keep(key, lambda: untreated(self.trial, self.comparison))

    def said(self, endpoint: str = "") -> str:
        """Return the sentences on untreated trials, of all endpoints or of one."""
        found = self.untreated
        return "" if found is None else sentences(found, endpoint)

    @property
    def swim(self) -> Swim:
        """When each patient was seen, with events and stages."""
        trial, settings = self.trial, self.settings
        return self.keep(
            ("swim", trial.instance, settings.key),
            lambda: Swim(
                attendance(trial, settings),
                event_table(trial, settings),
                stage_visits(trial, settings),
            ),
        )

    @property
    def background(self) -> Background:
        """Stages and events of everybody."""
        key = ("background", self.trial.instance, self.settings.key)
        return self.keep(key, lambda: background(self.trial, self.settings))

    def overview(self, result: EndpointComparison) -> Overview:
        """Return the middle and the density of one endpoint."""
        points = result.slopes.points
        known = np.isfinite(points.month) & points.analysable
        low, high = result.endpoint.axis
        if known.any():
            high = max(high, float(points.value[known].max()))
        key = ("overview", self.trial.instance, self.settings.key, result.endpoint.key)
        return self.keep(key, lambda: overview(points, (low, high)))

    def from_day0(self, result: EndpointComparison) -> ChangeFromDay0:
        """Return the change from day 0 by month."""
        trial, settings, key = self.trial, self.settings, result.endpoint.key
        return self.keep(
            ("from day 0", trial.instance, settings.key, key),
            lambda: change_from_day0(trial, key, settings),
        )

    def without_each(self, result: EndpointComparison) -> LeaveOneOut:
        """Return the mean change without each patient."""
        settings, key = self.settings, result.endpoint.key
        return self.of("leave one out", lambda: leave_one_out(result, settings), key)

    def placebo(self, result: EndpointComparison) -> PlaceboDates:
        """Return the change at other dates than day 0."""
        trial, comparison, key = self.trial, self.comparison, result.endpoint.key
        return self.of("placebo dates", lambda: placebo_dates(trial, comparison, key), key)

    def run_ins(self, result: EndpointComparison) -> OtherRunIns:
        """Return the change from other run-ins."""
        trial, comparison, key = self.trial, self.comparison, result.endpoint.key
        return self.of("other run-ins", lambda: other_run_ins(trial, comparison, key), key)

    def dropouts(self, result: EndpointComparison) -> DropoutSensitivity:
        """Return what those who dropped out could do to the result."""
        trial, settings, key = self.trial, self.settings, result.endpoint.key
        return self.of("dropouts", lambda: dropout_sensitivity(trial, result, settings), key)

    def curve(self, result: EndpointComparison) -> SpecificationCurve:
        """Return the specification curve over the small set of choices."""
        trial, comparison, key = self.trial, self.comparison, result.endpoint.key
        choices = declared_choices(trial, self.settings, preset="small")
        return self.of(
            "small curve", lambda: specification_curve(trial, comparison, key, choices), key
        )

"""The comparison under other run-ins: all of it, its last months, or counted from onset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import Comparison
from analysis.flow import patient_flow
from analysis.leave_one_out import ALPHA
from analysis.paired_tests import paired_t, summarise
from analysis.rate import rate_of
from analysis.results import Summary, TestResult, finite
from analysis.settings import RateUnit, RunIn, Settings
from analysis.signed_rank import rounded
from analysis.slope_onset import run_in_used
from analysis.slopes import SlopeTable, slope_table
from analysis.variants import PER_MONTH
from data.endpoints import Endpoint
from data.trial import FloatArray, Trial

LAST_MONTHS: Final = (6.0, 3.0)
"""Lengths of the run-ins that end at day 0, in months."""


@dataclass(frozen=True, slots=True)
class RunInRow:
    """The comparison under one run-in.

    Parameters
    ----------
    run_in
        Whether the slope before comes from the visits or from onset.
    months
        Length of the window before day 0; NaN where all visits are taken.
    settings
        The analysis: that of the primary one but for the run-in.
    changes
        Fields of the primary settings that differ, for a variant beside it; empty for the primary.
    primary
        Whether it is the run-in of the primary analysis.
    before
        Slopes before of those who are compared, in the unit of the table.
    visits
        Mean number of visits of a compared patient that the slope before is made of; 1 from onset.
    test
        Paired t test of the mean change, of everybody.
    same_n, same_difference
        Patients who are compared here and in the primary analysis, and the mean difference of their
        changes, here minus primary: what is left when the same people are looked at.
    same_visits
        Whether the run-in has the same visits as the whole one: then it is no other analysis.
    missing
        Who is not in it: patient and reason.
    crosses, flips
        Whether P lies on the other side of 0.05, and the mean change on the other side of 0, than
        in the primary analysis.
    """

    run_in: RunIn
    months: float
    settings: Settings
    changes: dict[str, Any]
    primary: bool
    before: Summary
    visits: float
    test: TestResult
    same_n: int
    same_difference: float
    same_visits: bool
    missing: tuple[tuple[str, str], ...]
    crosses: bool
    flips: bool

    @property
    def key(self) -> str:
        """A stable key, such as ``"whole"``, ``"last-6"`` or ``"onset"``."""
        window = "" if math.isnan(self.months) else f"last-{self.months:g}"
        if self.run_in == "onset":
            return f"onset-{window}" if window else "onset"
        return window or "whole"

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values, patients by name."""
        return {
            "key": self.key,
            "run_in": self.run_in,
            "months": finite(self.months),
            "primary": self.primary,
            "slope_before": self.before.to_json(),
            "visits_before": finite(self.visits),
            "test": self.test.to_json(),
            "same_patients": self.same_n,
            "difference_in_same_patients": finite(self.same_difference),
            "same_visits_as_whole": self.same_visits,
            "missing": [{"patient": who, "reason": why} for who, why in self.missing],
            "crosses_0_05": self.crosses,
            "flips_sign": self.flips,
        }


@dataclass(frozen=True, slots=True)
class OtherRunIns:
    """One endpoint under several run-ins, everything else as in the primary analysis.

    Parameters
    ----------
    endpoint, unit
        Which one, and the unit of all slopes and changes.
    level
        Level of the intervals.
    rows
        Longest run-in first, from onset last.
    note
        Where changes per period cannot be compared: that all are per month.
    """

    endpoint: Endpoint
    unit: str
    level: float
    rows: tuple[RunInRow, ...]
    note: str = ""

    @property
    def primary(self) -> RunInRow:
        """The run-in of the primary analysis."""
        return next(row for row in self.rows if row.primary)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "endpoint": self.endpoint.key,
            "unit": self.unit,
            "level": self.level,
            "run_ins": [row.to_json() for row in self.rows],
            "note": self.note,
        }


def other_run_ins(trial: Trial, comparison: Comparison, endpoint_key: str) -> OtherRunIns:
    """Compare one endpoint under the whole run-in, its last 6 and 3 months, and from onset.

    Parameters
    ----------
    trial
        The data.
    comparison
        The primary analysis.
    endpoint_key
        Which endpoint; only a score in whole points, whose maximum healthy people have, can be
        counted from onset.

    Returns
    -------
    OtherRunIns
        Every row is the comparison of everybody under the settings of the row. The run-in of the
        primary analysis is one of them, or a row more. Slopes per period become slopes per month,
        because the periods differ in length.

    Raises
    ------
    KeyError
        If the comparison does not have the endpoint.
    """
    result = comparison.endpoint(endpoint_key)
    if result is None:
        raise KeyError(endpoint_key)
    chosen = comparison.settings
    # The unit is fixed once: a window must not turn slopes per month into slopes per period.
    unit: RateUnit = "year" if comparison.rate.unit == "year" else "month"
    settings = chosen.with_(rate_unit=unit)
    rate = rate_of(settings, trial.periods)
    own = _change(slope_table(trial, endpoint_key, settings), rate.months_after)
    base = _Base(
        trial=trial,
        endpoint=result.endpoint,
        settings=settings,
        factor=rate.months_after,
        own=own,
        full=paired_t(own[np.isfinite(own)], settings),
        whole=slope_table(trial, endpoint_key, settings.with_(pre_months=None, run_in="visits")),
    )
    return OtherRunIns(
        endpoint=result.endpoint,
        unit=f"{result.endpoint.change_unit}/{rate.per}",
        level=chosen.confidence,
        rows=tuple(_row(base, run_in, months) for run_in, months in _run_ins(base)),
        note=PER_MONTH if comparison.rate.unit == "period" else "",
    )


@dataclass(frozen=True, slots=True)
class _Base:
    """What all run-ins of an endpoint share; changes of the primary analysis are ``own``."""

    trial: Trial
    endpoint: Endpoint
    settings: Settings
    factor: float
    own: FloatArray
    full: TestResult
    whole: SlopeTable


def _run_ins(base: _Base) -> list[tuple[RunIn, float | None]]:
    """Return the run-ins, with that of the primary analysis: longest first, from onset last."""
    own = _own(base)
    found: set[tuple[RunIn, float | None]] = {("visits", None), own}
    found |= {("visits", months) for months in LAST_MONTHS}
    if base.endpoint.integer:
        found.add(("onset", None))
    return sorted(found, key=lambda one: (one[0] == "onset", -(one[1] or math.inf)))


def _own(base: _Base) -> tuple[RunIn, float | None]:
    return run_in_used(base.endpoint.key, base.settings), base.settings.pre_months


def _change(table: SlopeTable, factor: float) -> FloatArray:
    """Return changes of slope in the unit of the rate, bit for bit as the comparison does."""
    return np.asarray(factor * table.after.slope - factor * table.before.slope)


def _row(base: _Base, run_in: RunIn, months: float | None) -> RunInRow:
    primary = (run_in, months) == _own(base)
    changed = {"pre_months": months, "run_in": run_in}
    settings = base.settings if primary else base.settings.with_(**changed)
    table = slope_table(base.trial, base.endpoint.key, settings)
    change = _change(table, base.factor)
    paired = np.isfinite(change)
    test = paired_t(change[paired], settings)
    known = math.isfinite(test.p) and math.isfinite(base.full.p)
    signs = np.sign(rounded(np.asarray([test.estimate, base.full.estimate])))
    both = paired & np.isfinite(base.own)
    flow = patient_flow(base.trial, base.endpoint.label, table, settings)
    return RunInRow(
        run_in=run_in,
        months=math.nan if months is None else months,
        settings=settings,
        changes={
            name: value
            for name, value in changed.items()
            if not primary and value != getattr(base.settings, name)
        },
        primary=primary,
        before=summarise(base.factor * table.before.slope[paired], settings.confidence),
        visits=float(np.mean(table.before.n[paired])) if paired.any() else math.nan,
        test=test,
        same_n=int(both.sum()),
        same_difference=float(np.mean((change - base.own)[both])) if both.any() else math.nan,
        same_visits=run_in == "visits"
        and months is not None
        and np.array_equal(table.points.before, base.whole.points.before),
        missing=tuple(pair for step in flow for pair in step.left),
        crosses=known and (test.p < ALPHA) != (base.full.p < ALPHA),
        flips=bool(signs[0] * signs[1] < 0),
    )

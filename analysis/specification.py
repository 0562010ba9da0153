"""The comparison under every combination of declared choices: the specification curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.comparison import Comparison
from analysis.filters import passing
from analysis.grouping import grouping_of
from analysis.leave_one_out import ALPHA
from analysis.paired_tests import t_tail
from analysis.rate import MONTHS_PER_YEAR
from analysis.results import finite
from analysis.setting_lists import MAX_FILTER_TEXT
from analysis.settings import Settings
from analysis.signed_rank import rounded
from analysis.specification_choices import Choice
from analysis.specification_joint import JointCurveTest as JointCurveTest
from analysis.specification_joint import joint_curve_test
from analysis.specification_run import NotRun as NotRun
from analysis.specification_run import Progress as Progress
from analysis.specification_run import run_analyses
from data.endpoints import ENDPOINTS
from data.trial import FloatArray, IntArray, Trial

ONE_ARM: Final = (
    "a concurrent control leads the comparison: every analysis here is of the change within the "
    "other patients alone, not of the difference between the arms"
)
ALL_ARMS: Final = "every analysis here takes all arms together, also the control"


@dataclass(frozen=True, slots=True)
class Moved:
    """How much one choice moves the estimate.

    Parameters
    ----------
    label
        Name of the choice.
    medians
        Median estimate of the combinations with each of its options, NaN without any. Combinations
        that are the same analysis as another one count here: an option that changes nothing in
        some of them is not to be judged by the rest.
    range
        From the smallest to the largest of them.
    """

    label: str
    medians: tuple[float, ...]
    range: float


@dataclass(frozen=True, slots=True)
class SpecificationCurve:
    """Every analysis that declared choices allow, sorted by its estimate.

    Parameters
    ----------
    endpoint, unit
        Key of the endpoint; unit of estimates, never per period, because windows differ.
    choices
        What was combined.
    estimate, low, high, p, n
        Mean change, its interval, P of the paired t test and patients, one entry an analysis.
    option
        Analyses × choices: which option was taken.
    primary
        Place of the primary analysis; −1 where it could not be run.
    not_run
        Combinations that are not in the curve.
    median
        Median estimate.
    same_direction
        Analyses whose estimate has the sign of the primary one.
    significant
        Those of them with P < 0.05.
    joint
        Test of no change over all analyses.
    moves
        What each choice does, largest first.
    reason
        Why there is no curve; empty if there is one.
    base
        Settings of the primary analysis.
    stopped
        Whether the reader stopped before all combinations were run.
    note
        Of whom the curve is, where the file has a control; empty otherwise.
    """

    endpoint: str
    unit: str
    choices: tuple[Choice, ...]
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    n: IntArray
    option: IntArray
    primary: int
    not_run: tuple[NotRun, ...]
    median: float
    same_direction: int
    significant: int
    joint: JointCurveTest
    moves: tuple[Moved, ...]
    reason: str
    base: Settings
    stopped: bool = False
    note: str = ""

    def changes_of(self, k: int) -> dict[str, Any]:
        """Return the fields in which an analysis may differ from the comparison."""
        taken = zip(self.choices, self.option[k].tolist(), strict=True)
        chosen = {name: value for c, o in taken for name, value in c.options[o].changes}
        return chosen | ({"filters": self.base.filters} if self.note == ONE_ARM else {})

    def settings_of(self, k: int) -> Settings:
        """Return the settings of one analysis."""
        return self.base.with_(**self.changes_of(k))

    def option_medians(self, c: int) -> tuple[float, ...]:
        """Return the median estimate of the combinations with each option of choice ``c``."""
        label = self.choices[c].label
        for moved in self.moves:
            if moved.label == label:
                return moved.medians
        return _medians(self.estimate, self.option[:, c], len(self.choices[c].options))

    def to_json(self) -> dict[str, Any]:
        """Return the curve as JSON values."""
        analyses = [
            {
                "estimate": finite(self.estimate[k]),
                "low": finite(self.low[k]),
                "high": finite(self.high[k]),
                "p": finite(self.p[k]),
                "n": int(self.n[k]),
                "options": self.option[k].tolist(),
            }
            for k in range(len(self.estimate))
        ]
        return {
            "endpoint": self.endpoint,
            "unit": self.unit,
            "choices": [
                {"key": c.key, "label": c.label, "options": [o.label for o in c.options]}
                for c in self.choices
            ],
            "analyses": analyses,
            "primary": self.primary if self.primary >= 0 else None,
            "not_run": [{"reason": one.reason, "count": one.count} for one in self.not_run],
            "median": finite(self.median),
            "same_direction": self.same_direction,
            "significant": self.significant,
            "joint": self.joint.to_json(),
            "moves": [
                {"choice": m.label, "medians": [finite(v) for v in m.medians], "range": m.range}
                for m in self.moves
            ],
            "reason": self.reason,
            "stopped": self.stopped,
            "note": self.note,
        }


def specification_curves(
    trial: Trial,
    comparison: Comparison,
    endpoints: Sequence[str],
    choices: Sequence[Choice],
    *,
    progress: Progress | None = None,
) -> dict[str, SpecificationCurve]:
    """Return the curve of each endpoint by its key; parameters as in :func:`specification_curve`.

    Parameters
    ----------
    trial, comparison, choices, progress
        As there; the share is that of all endpoints.
    endpoints
        Keys.
    """
    return {
        key: specification_curve(
            trial, comparison, key, choices, progress=part_of(progress, at, len(endpoints))
        )
        for at, key in enumerate(endpoints)
    }


def part_of(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Return the progress of one part of several equal ones, which follow each other."""
    return None if progress is None else lambda share: progress((part + share) / parts)


def specification_curve(
    trial: Trial,
    comparison: Comparison,
    endpoint: str,
    choices: Sequence[Choice],
    *,
    progress: Progress | None = None,
) -> SpecificationCurve:
    """Run the comparison under every combination of choices.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    endpoint
        Key of the endpoint.
    choices
        What is combined. The test is not among them: every analysis has the paired t test.
    progress
        Called with the share that is done; if it returns ``False``, the curve holds what was run.

    Raises
    ------
    ValueError
        If there are more than :data:`analysis.specification_choices.MOST` combinations.

    Notes
    -----
    Simonsohn, Simmons & Nelson 2020 (doi 10.1038/s41562-020-0912-z). Where a concurrent control
    leads the comparison, its patients are filtered out: sign flips are of changes within patients,
    and have no difference between arms.
    """
    choices = tuple(choices)
    base, per = _base(comparison.settings)
    base, note = _of_whom(trial, comparison, endpoint, base)
    run = run_analyses(trial, endpoint, base, choices, progress)
    change = run.change * MONTHS_PER_YEAR if per == "year" else run.change
    n, estimate, low, high, p = _paired_t(change, base)
    order = np.lexsort((np.arange(len(estimate)), estimate))
    first = np.flatnonzero((run.option == 0).all(axis=1))
    primary = int(np.flatnonzero(order == first[0])[0]) if len(first) else -1
    median = float(np.median(estimate)) if len(estimate) else math.nan
    lead = float(estimate[first[0]]) if len(first) else median
    sign = float(np.sign(rounded(np.array([lead])))[0]) if math.isfinite(lead) else 0.0
    same = (np.sign(rounded(estimate)) == sign) & (sign != 0)
    reason = ""
    if not len(estimate):
        few = "every combination leaves too few patients"
        reason = "stopped before the first analysis" if run.stopped else few
    return SpecificationCurve(
        endpoint=endpoint,
        unit=f"{ENDPOINTS[endpoint].change_unit}/{per}",
        choices=choices,
        estimate=estimate[order],
        low=low[order],
        high=high[order],
        p=p[order],
        n=n[order],
        option=run.option[order],
        primary=primary,
        not_run=run.not_run,
        median=median,
        same_direction=int(same.sum()),
        significant=int(np.sum(same & (p < ALPHA))),
        joint=joint_curve_test(change, base),
        moves=_moves(choices, estimate[run.analysis], run.every),
        reason=reason,
        base=base,
        stopped=run.stopped,
        note=note,
    )


def _of_whom(
    trial: Trial, comparison: Comparison, endpoint: str, base: Settings
) -> tuple[Settings, str]:
    """Return the settings of the patients whose changes are tested, and what is to be said."""
    result = comparison.endpoint(endpoint)
    if not comparison.control:
        return base, ""
    if result is None or result.against_control is None:
        return base, ALL_ARMS
    asked = [entry for entry in base.filters if entry.startswith(_ARM)]
    others = [entry for entry in base.filters if not entry.startswith(_ARM)]
    code = grouping_of(trial, "group")
    passes = passing(trial, base)
    arms = [
        f"{_ARM}{label[:MAX_FILTER_TEXT].strip()}"
        for at, label in enumerate(code.labels)
        if label != comparison.control and (not asked or bool(passes[code.members(at)].any()))
    ]
    return base.with_(filters=(*others, *arms)), ONE_ARM


_ARM: Final = "group:"


def _base(settings: Settings) -> tuple[Settings, str]:
    """Return the settings with a unit that all windows share, and the unit."""
    if settings.rate_unit == "period":
        settings = settings.with_(rate_unit="month")
    return settings, settings.rate_unit


def _paired_t(
    change: FloatArray, settings: Settings
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return n, mean, interval and P of each row; NaN where all changes are equal."""
    n = np.isfinite(change).sum(axis=1)
    mean, se = np.full(len(change), np.nan), np.full(len(change), np.nan)
    for k, row in enumerate(change):
        known = row[np.isfinite(row)]
        mean[k] = np.mean(known)
        if np.ptp(rounded(known)) > 0:
            se[k] = np.std(known, ddof=1) / math.sqrt(len(known))
    half = stats.t.ppf((1 + settings.confidence) / 2, n - 1) * se
    p = t_tail(mean / se, n - 1, settings.alternative)
    return n, mean, mean - half, mean + half, p


def _moves(choices: Sequence[Choice], estimate: FloatArray, option: IntArray) -> tuple[Moved, ...]:
    moves = []
    for c, choice in enumerate(choices):
        medians = _medians(estimate, option[:, c], len(choice.options))
        known = [value for value in medians if math.isfinite(value)]
        moves.append(Moved(choice.label, medians, max(known) - min(known) if known else 0.0))
    return tuple(sorted(moves, key=lambda one: -one.range))


def _medians(estimate: FloatArray, option: IntArray, options: int) -> tuple[float, ...]:
    taken = [estimate[option == o] for o in range(options)]
    return tuple(float(np.median(values)) if len(values) else math.nan for values in taken)

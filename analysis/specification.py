"""The comparison under every combination of declared choices: the specification curve."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.comparison import Comparison
from analysis.leave_one_out import ALPHA
from analysis.rate import MONTHS_PER_YEAR
from analysis.results import finite
from analysis.settings import Settings
from analysis.signed_rank import rounded
from analysis.slope_onset import run_in_used
from analysis.slopes import slope_table
from analysis.specification_choices import MOST, Choice
from analysis.specification_joint import JointCurveTest as JointCurveTest
from analysis.specification_joint import joint_curve_test
from data.endpoints import ENDPOINTS
from data.trial import FloatArray, IntArray, Trial

Progress = Callable[[float], bool]

FEWEST: Final = 3
"""Patients of an analysis at least; and half of those of the primary analysis."""

_TOLD: Final = 20
"""Analyses after which progress is told."""


@dataclass(frozen=True, slots=True)
class NotRun:
    """Combinations that are no analysis of their own.

    Parameters
    ----------
    reason, count
        Why, and how many.
    """

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Moved:
    """How much one choice moves the estimate.

    Parameters
    ----------
    label
        Name of the choice.
    medians
        Median estimate of the analyses with each of its options; NaN without any.
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

    def changes_of(self, k: int) -> dict[str, Any]:
        """Return the fields in which an analysis may differ from the primary one."""
        taken = zip(self.choices, self.option[k].tolist(), strict=True)
        return {name: value for c, o in taken for name, value in c.options[o].changes}

    def settings_of(self, k: int) -> Settings:
        """Return the settings of one analysis."""
        return self.base.with_(**self.changes_of(k))

    def option_medians(self, c: int) -> tuple[float, ...]:
        """Return the median estimate of the analyses with each option of choice ``c``."""
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
        }


@dataclass(frozen=True, slots=True)
class RunAnalyses:
    """The analyses that were run, in the order of the combinations.

    Parameters
    ----------
    settings
        Of each analysis.
    option
        Analyses × choices.
    change
        Analyses × patients: changes of slope; NaN for patients who are not in it.
    not_run
        Combinations that are no analysis of their own.
    stopped
        Whether the reader stopped.
    """

    settings: tuple[Settings, ...]
    option: IntArray
    change: FloatArray
    not_run: tuple[NotRun, ...]
    stopped: bool


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
    Simonsohn, Simmons & Nelson 2020 (doi 10.1038/s41562-020-0912-z). Analyses are of all arms
    together, also where a concurrent control leads the comparison.
    """
    choices = tuple(choices)
    base, per = _base(comparison.settings)
    run = run_analyses(trial, endpoint, base, choices, progress)
    factor = MONTHS_PER_YEAR if per == "year" else 1.0
    change = run.change * factor
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
        reason = "every combination leaves too few patients" if run.not_run else "nothing was run"
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
        moves=_moves(choices, estimate, run.option),
        reason=reason,
        base=base,
        stopped=run.stopped,
    )


def _base(settings: Settings) -> tuple[Settings, str]:
    """Return the settings with a unit that all windows share, and the unit."""
    if settings.rate_unit == "period":
        settings = settings.with_(rate_unit="month")
    return settings, settings.rate_unit


def run_analyses(
    trial: Trial,
    endpoint: str,
    base: Settings,
    choices: Sequence[Choice],
    progress: Progress | None = None,
) -> RunAnalyses:
    """Return the changes of slope per month under every combination that is an analysis.

    Parameters
    ----------
    trial, endpoint, base, choices, progress
        As for :func:`specification_curve`.
    """
    counts = [len(choice.options) for choice in choices]
    total = math.prod(counts)
    if total > MOST:
        raise ValueError(f"{total:,} combinations: at most {MOST:,} are run")
    settings: list[Settings] = []
    rows: list[FloatArray] = []
    options: list[tuple[int, ...]] = []
    seen: set[tuple[str, str, bytes]] = set()
    left: Counter[str] = Counter()
    fewest, stopped = FEWEST, False
    for done, taken in enumerate(itertools.product(*map(range, counts))):
        if progress is not None and done % _TOLD == 0 and not progress(done / total):
            left["stopped before they were run"] += total - done
            stopped = True
            break
        pairs = [p for c, o in zip(choices, taken, strict=True) for p in c.options[o].changes]
        one = base.with_(**dict(pairs))
        if why := _senseless(endpoint, one, base):
            left[why] += 1
            continue
        change = slope_table(trial, endpoint, one).change
        n = int(np.isfinite(change).sum())
        if not done:
            fewest = max(FEWEST, math.ceil(n / 2))
        if n < fewest:
            left[f"fewer than {fewest} patients"] += 1
            continue
        print_of = (one.estimator, run_in_used(endpoint, one), np.round(change, 9).tobytes())
        if print_of in seen:
            left["the same analysis as another combination"] += 1
            continue
        seen.add(print_of)
        settings.append(one)
        rows.append(change)
        options.append(taken)
    width = len(trial.patient_ids)
    return RunAnalyses(
        tuple(settings),
        np.array(options, dtype=np.int64).reshape(len(options), len(counts)),
        np.array(rows).reshape(len(rows), width),
        tuple(NotRun(why, n) for why, n in left.most_common()),
        stopped,
    )


def _senseless(endpoint: str, settings: Settings, base: Settings) -> str:
    """Return why a combination is no analysis, before it is run; empty if it is one."""
    if settings == base or run_in_used(endpoint, settings) == "visits":
        return ""
    if settings.estimator.startswith("broken_stick"):
        return "a slope from onset has no knot with the visits after day 0"
    if settings.pre_months != base.pre_months:
        return "a run-in from onset has no window"
    return ""


def _paired_t(
    change: FloatArray, settings: Settings
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return n, mean, interval and P of each row; NaN where all changes are equal."""
    known = np.isfinite(change)
    n = known.sum(axis=1)
    filled = np.where(known, change, 0.0)
    mean = filled.sum(axis=1) / np.maximum(n, 1)
    away = np.where(known, change - mean[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt((away**2).sum(axis=1) / (n - 1) / n)
        near = np.where(known, rounded(change), np.nan)
        se = np.where(_range(near) > 0, se, np.nan)
        half = stats.t.ppf((1 + settings.confidence) / 2, n - 1) * se
        t = mean / se
    if settings.alternative == "less steep":
        p = stats.t.sf(t, n - 1)
    elif settings.alternative == "steeper":
        p = stats.t.cdf(t, n - 1)
    else:
        p = 2 * stats.t.sf(np.abs(t), n - 1)
    return n, mean, mean - half, mean + half, np.asarray(p)


def _range(rows: FloatArray) -> FloatArray:
    if not rows.size:
        return np.zeros(len(rows))
    return np.asarray(np.nanmax(rows, axis=1) - np.nanmin(rows, axis=1))


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

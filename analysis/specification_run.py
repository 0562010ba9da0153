"""The analyses of a specification curve: which combinations are one, and everybody’s changes."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.settings import Settings
from analysis.slope_onset import run_in_used
from analysis.slopes import SlopeTable, slope_table
from analysis.specification_choices import MOST, Choice
from data.trial import BoolArray, FloatArray, IntArray, Trial

Progress = Callable[[float], bool]

FEWEST: Final = 3
"""Patients of an analysis at least; and half of those of the primary analysis.

With fewer the analysis is of other people: its estimate would say who is left, not what the choice
does. The rule looks at who has visits, never at a score."""

SAME: Final = "the same analysis as another combination"
NO_ONSET: Final = "this endpoint has no run-in from onset"
NO_STICK: Final = "a run-in from onset has no visits that could meet the later ones in a knot"
NO_WINDOW: Final = "a run-in from onset has no window"
STOPPED: Final = "stopped before they were run"

_TOLD: Final = 20
"""Analyses after which progress is told."""

_DIGITS: Final = 9


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
    every, analysis
        Combinations × choices, also of those that are the same analysis as another one, and which
        analysis each of them is.
    not_run
        Combinations that are no analysis of their own.
    stopped
        Whether the reader stopped.
    """

    settings: tuple[Settings, ...]
    option: IntArray
    change: FloatArray
    every: IntArray
    analysis: IntArray
    not_run: tuple[NotRun, ...]
    stopped: bool


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
    seen: dict[bytes, int] = {}
    every: list[tuple[int, ...]] = []
    analysis: list[int] = []
    left: Counter[str] = Counter()
    fewest, stopped = FEWEST, False
    for done, taken in enumerate(itertools.product(*map(range, counts))):
        if progress is not None and done % _TOLD == 0 and not progress(done / total):
            left[STOPPED] += total - done
            stopped = True
            break
        pairs = [p for c, o in zip(choices, taken, strict=True) for p in c.options[o].changes]
        one = base.with_(**dict(pairs))
        if why := _senseless(endpoint, one, base):
            left[why] += 1
            continue
        table = slope_table(trial, endpoint, one)
        change = table.change
        n = int(np.isfinite(change).sum())
        if not done:
            fewest = max(FEWEST, math.ceil(n / 2))
        if n < fewest:
            left[f"fewer than {fewest} patients"] += 1
            continue
        at = seen.setdefault(_mark(table), len(rows))
        every.append(taken)
        analysis.append(at)
        if at < len(rows):
            left[SAME] += 1
            continue
        settings.append(one)
        rows.append(change)
        options.append(taken)
    width = len(trial.patient_ids)
    return RunAnalyses(
        tuple(settings),
        np.array(options, dtype=np.int64).reshape(len(options), len(counts)),
        np.array(rows).reshape(len(rows), width),
        np.array(every, dtype=np.int64).reshape(len(every), len(counts)),
        np.array(analysis, dtype=np.int64),
        tuple(NotRun(why, n) for why, n in left.most_common()),
        stopped,
    )


def _senseless(endpoint: str, settings: Settings, base: Settings) -> str:
    """Return why a combination is no analysis, before it is run; empty if it is one."""
    if settings == base or settings.run_in == "visits":
        return ""
    if run_in_used(endpoint, settings) == "visits":
        return NO_ONSET
    if settings.estimator == "broken_stick":
        return NO_STICK
    if settings.pre_months != base.pre_months:
        return NO_WINDOW
    return ""


def _mark(table: SlopeTable) -> bytes:
    """Return what is equal for two analyses that make the same changes of the same visits.

    Visits that an estimator does not look at are no visits of it: those between the first and the
    last one of a period that are joined, and those before the one that a slope from onset ends in.
    """
    points, paired = table.points, np.isfinite(table.change)
    sides = []
    for side in (points.before, points.after):
        used = side & paired[points.patient]
        sides.append(_ends(points.patient, used) if table.estimator == "end_to_end" else used)
    if table.run_in_used == "onset" and table.estimator != "broken_stick":
        sides = sides[1:]
    # The sums of two estimators that are one differ in their last digits.
    parts = (*sides, np.round(table.change, _DIGITS) + 0.0)
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(part.tobytes())
    return found.digest()


def _ends(patient: IntArray, used: BoolArray) -> BoolArray:
    """Return the first and the last of each patient’s used visits."""
    rows = np.flatnonzero(used)
    who = patient[rows]
    ends = np.zeros_like(used)
    ends[rows[np.diff(who, prepend=-1) != 0]] = True
    ends[rows[np.diff(who, append=-1) != 0]] = True
    return ends

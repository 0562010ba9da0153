"""Entry rules of simulated people: what their scores up to day 0 must meet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.setting_untreated import NO_RULE
from analysis.untreated.plan import screening_month
from data.trial import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class EntryRule:
    """One condition of an entry rule: its kind and its numbers."""

    kind: str
    numbers: tuple[float, ...]

    @property
    def endpoint(self) -> str:
        """Key of the endpoint that the condition looks at."""
        return "fvc" if self.kind == "fvc_at_least" else "alsfrs_r"


def rules_of(entry: Sequence[str]) -> tuple[EntryRule, ...]:
    """Read the conditions of a checked entry rule; ``("none",)`` has none."""
    pairs = (text.split(":") for text in entry if text != NO_RULE)
    return tuple(EntryRule(kind, tuple(map(float, numbers))) for kind, *numbers in pairs)


def weeks_looked_back(rules: Sequence[EntryRule]) -> float | None:
    """Return the weeks before day 0 at which a condition needs a score, if one does."""
    return next((rule.numbers[1] for rule in rules if rule.kind == "points_lost"), None)


def passing(
    rules: Sequence[EntryRule],
    months: FloatArray,
    in_run_in: BoolArray,
    scores: Mapping[str, FloatArray],
) -> BoolArray:
    """Return who meets all conditions.

    Parameters
    ----------
    rules
        The conditions.
    months
        Months of the visits up to day 0; the last one is day 0.
    in_run_in
        Which of them belong to the run-in, from which slopes are made.
    scores
        Scores by endpoint, people × visits.

    Notes
    -----
    A slope is the least-squares line through the ALSFRS-R scores of the run-in with day 0, per
    month. Points lost are the score of the visit before day 0 that is nearest to the start of the
    weeks, minus that of day 0. Minima are asked of the score on day 0.
    """
    met = np.ones(len(next(iter(scores.values()))), dtype=np.bool_)
    for rule in rules:
        seen, limit = scores[rule.endpoint], rule.numbers[0]
        if rule.kind == "points_lost":
            start = int(np.argmin(np.abs(months[:-1] - screening_month(rule.numbers[1]))))
            met &= seen[:, start] - seen[:, -1] >= limit
        elif rule.kind.startswith("slope"):
            slope = _slopes(months[in_run_in], seen[:, in_run_in])
            met &= slope <= limit if rule.kind == "slope_at_most" else slope >= limit
        else:
            met &= seen[:, -1] >= limit
    return met


def _slopes(months: FloatArray, scores: FloatArray) -> FloatArray:
    centred = months - months.mean()
    slope = scores @ centred / math.fsum(centred**2)
    # Sums of rounded numbers: a slope of −0.5 must meet “at most −0.5”.
    return np.asarray(np.round(slope, 10))

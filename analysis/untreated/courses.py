"""Untreated people drawn at random: levels at day 0 and slopes before and after it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.untreated.history import History
from analysis.untreated.posterior import Drawn, RunIn, draw_given_run_in
from data.trial import FloatArray


def draw_people(
    histories: Mapping[str, History],
    between: float,
    n: int,
    rng: np.random.Generator,
    first_month: float = 0.0,
) -> dict[str, Drawn]:
    """Draw people from the natural history, each with all endpoints.

    Parameters
    ----------
    histories
        One or two endpoints.
    between
        Correlation of the slopes of two endpoints in one person.
    n
        People.
    rng
        Source of chance.
    first_month
        Month of the first visit, at most 0: the level is drawn there. People who decline fast are
        then the lower ones at day 0, and nobody begins far beyond the end of the scale.

    Returns
    -------
    dict of Drawn
        By endpoint, each of shape 1 × ``n``.
    """
    nothing = np.zeros(n)
    unseen = RunIn(nothing, np.full(n, np.nan), np.full(n, np.nan), nothing, nothing)
    keys = tuple(histories)
    drawn = draw_given_run_in(
        tuple(unseen for _ in keys), tuple(histories.values()), between, 1, rng
    )
    found = {}
    for key, one in zip(keys, drawn, strict=True):
        history = histories[key]
        first = history.level_mean + history.level_sd * rng.standard_normal((1, n))
        level = first - one.before * first_month - history.bend / 2 * first_month**2
        found[key] = Drawn(level, one.before, one.after)
    return found


def course_at(drawn: Drawn, month: FloatArray, bend: float) -> FloatArray:
    """Return true values at some months, people × months.

    Parameters
    ----------
    drawn
        People, of shape 1 × n.
    month
        Months from day 0.
    bend
        Change of every slope per month.
    """
    slope = np.where(month > 0, drawn.after[0][:, None], drawn.before[0][:, None])
    return np.asarray(drawn.level[0][:, None] + slope * month + bend / 2 * month**2)

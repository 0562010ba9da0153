"""Untreated people drawn at random: levels at day 0 and slopes before and after it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.untreated.history import History, Leaving
from analysis.untreated.posterior import Drawn, RunIn, draw_given_run_in
from data.trial import BoolArray, FloatArray


def draw_people(
    histories: Mapping[str, History],
    between: float,
    n: int,
    rng: np.random.Generator,
    first_month: float | FloatArray = 0.0,
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
        Month of the first visit, at most 0, of everybody or of each person: the level is drawn
        there. People who decline fast are then the lower ones at day 0, and nobody begins far
        beyond the end of the scale.

    Returns
    -------
    dict of Drawn
        By endpoint, each of shape 1 × ``n``.
    """
    # Many draws of one person of whom nothing is known are as many people.
    nothing = np.zeros(1)
    unseen = RunIn(nothing, np.full(1, np.nan), np.full(1, np.nan), nothing, nothing)
    keys = tuple(histories)
    drawn = draw_given_run_in(
        tuple(unseen for _ in keys), tuple(histories.values()), between, n, rng
    )
    found = {}
    for key, one in zip(keys, drawn, strict=True):
        history = histories[key]
        first = history.level_mean + history.level_sd * rng.standard_normal((1, n))
        level = first - one.before.T * first_month - history.bend / 2 * first_month**2
        found[key] = Drawn(level, one.before.T, one.after.T)
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


@dataclass(frozen=True, slots=True)
class Stops:
    """When visits of simulated people end.

    Parameters
    ----------
    month
        Months from day 0; infinity for people who stay to the end.
    died
        Whether they end with death; otherwise with dropout.
    """

    month: FloatArray
    died: BoolArray


def draw_stops(
    drawn: Drawn, bend: float, leaving: Leaving, months: int, rng: np.random.Generator
) -> Stops:
    """Draw deaths and dropout after day 0; those with lower scores leave earlier.

    Parameters
    ----------
    drawn
        ALSFRS-R courses of people, of shape 1 × n.
    bend
        Change of every slope per month.
    leaving
        Hazards.
    months
        How long people are followed.
    rng
        Source of chance.

    Notes
    -----
    Hazards are constant within a month, at the score of its middle: a death at rate
    −log(1 − yearly mortality)/12 × per_point^(score − at_score), × the ratio of bulbar onset, and a
    dropout at −log(1 − monthly dropout) with the same factor of the score. The rate of bulbar onset
    is set so that the yearly mortality holds for the mixture of both sites, to first order.
    """
    n = drawn.level.shape[1]
    bulbar = rng.random(n) < leaving.bulbar_share
    mixture = 1 + leaving.bulbar_share * (leaving.bulbar_ratio - 1)
    rate = -math.log1p(-leaving.yearly_mortality) / 12 / mixture
    death: FloatArray = rate * np.where(bulbar, leaving.bulbar_ratio, 1.0)
    dropout = -math.log1p(-leaving.monthly_dropout)
    middles = np.arange(months, dtype=np.float64) + 0.5
    scores = course_at(drawn, middles, bend)
    factor: FloatArray = np.exp(math.log(leaving.per_point) * (scores - leaving.at_score))
    # The total hazard up to each month's end passes an exponential draw where people leave.
    hazard = np.cumsum(factor * (death + dropout)[:, None], axis=1)
    threshold = rng.standard_exponential((n,))
    ends = np.concatenate([np.zeros((n, 1)), hazard], axis=1)
    month = np.full(n, np.inf)
    for at in range(months):
        here = (ends[:, at] < threshold) & (threshold <= ends[:, at + 1])
        width = ends[here, at + 1] - ends[here, at]
        month[here] = at + (threshold[here] - ends[here, at]) / width
    left = np.isfinite(month)
    died = left & (rng.random(n) * (death + dropout) < death)
    return Stops(month, died)

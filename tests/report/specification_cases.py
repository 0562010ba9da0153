"""Hand-made specification curves for the tests of their figure and words."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.settings import DEFAULT
from analysis.specification import Moved, NotRun, SpecificationCurve
from analysis.specification_choices import Choice, Option
from analysis.specification_joint import JointCurveTest
from analysis.specification_untreated import UntreatedCurve
from analysis.untreated.shares import SimulatedShare

WINDOW = Choice(
    "window",
    "follow-up window",
    (
        Option("all visits", (("post_months", None),), True),
        Option("6 months", (("post_months", 6.0),), False),
        Option("3 months", (("post_months", 3.0),), False),
    ),
)
DAY0 = Choice(
    "day0",
    "day-0 visit",
    (
        Option("before", (("day0", "before"),), True),
        Option("on neither side", (("day0", "neither"),), False),
    ),
)
JOINT = JointCurveTest(
    p_median=0.0123, p_share=0.04, p_mean_z=0.2, flips=4096, exact=True, n=12, p_floor=2.0**-11
)
ESTIMATES = (-0.30, -0.10, 0.10, 0.20, 0.35, 0.50)
"""Of the six analyses of :func:`small_curve`, sorted."""
OPTIONS = ((2, 0), (2, 1), (1, 0), (0, 0), (1, 1), (0, 1))
"""Window and day-0 rule that each of them took; the fourth is the primary analysis."""
HALF = (0.20, 0.40, 0.30, 0.15, 0.30, 0.90)
"""Half widths of their intervals: the first excludes 0 below, the fourth and fifth above."""


def small_curve(**changes: Any) -> SpecificationCurve:
    """Return six analyses whose every number can be checked by hand."""
    estimate, half = np.array(ESTIMATES), np.array(HALF)
    curve = SpecificationCurve(
        endpoint="alsfrs_r",
        unit="points/month",
        choices=(WINDOW, DAY0),
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p=np.array([0.01, 0.6, 0.5, 0.012, 0.03, 0.25]),
        n=np.array([8, 7, 9, 12, 9, 11]),
        option=np.array(OPTIONS),
        primary=3,
        not_run=(
            NotRun("fewer than 2 patients", 1),
            NotRun("the same analysis as another combination", 3),
        ),
        median=0.15,
        same_direction=4,
        significant=2,
        joint=JOINT,
        moves=(
            Moved("follow-up window", (0.35, 0.22, -0.20), 0.55),
            Moved("day-0 visit", (0.10, 0.35), 0.25),
        ),
        reason="",
        base=DEFAULT,
    )
    return replace(curve, **changes)


def large_curve(k: int = 1_500) -> SpecificationCurve:
    """Return ``k`` analyses over five choices of four options, the primary one in the middle."""
    choices = tuple(
        Choice(
            f"choice_{c}",
            f"choice {c}",
            tuple(Option(f"option {c}.{o}", (("skip_days", c),), o == 0) for o in range(4)),
        )
        for c in range(6)
    )
    every = np.array(list(itertools.islice(itertools.product(range(4), repeat=6), k)))
    rng = np.random.default_rng(1)
    order = rng.permutation(k)
    estimate = np.linspace(-0.3, 0.8, k)
    half = rng.uniform(0.1, 0.6, k)
    primary = int(np.flatnonzero(order == 0)[0])
    return small_curve(
        choices=choices,
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        p=np.full(k, 0.2),
        n=np.full(k, 10),
        option=every[order],
        primary=primary,
        median=0.25,
        moves=tuple(Moved(c.label, (0.1, 0.2, 0.3, math.nan), 0.2) for c in choices),
    )


def untreated_case() -> UntreatedCurve:
    """Return what 500 untreated trials would say."""
    return UntreatedCurve(
        trials=500,
        median_at_least=SimulatedShare(60, 500),
        significant_at_least=SimulatedShare(35, 500),
        any_significant=SimulatedShare(150, 500),
    )

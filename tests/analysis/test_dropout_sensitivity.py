"""Who is missing after day 0, under other assumptions: as files into which they were written.

Expected numbers come from scipy on the changes, from counting all signs in plain Python, from files
with a visit written in by hand and read anew, and from drawing the missing patients' changes.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from statistics import NormalDist, median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.diagnostics_dropout import NO_SINGLE_SIDE, NOBODY_MISSING
from analysis.dropout_sensitivity import (
    DropoutSensitivity,
    Pattern,
    dropout_sensitivity,
)
from analysis.settings import PatientExclusion, Settings
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import DAYS_PER_MONTH, Trial
from tests.conftest import ends, frame_from, made, read_text, trial_from

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
DAY0 = date(2021, 6, 10)
BEFORE = (-270, -180, -90)
AFTER = (0, 90, 180, 270)


# Files with deaths


def written() -> list[list[str]]:
    """Return the rows of a file of ten patients, the last three of whom die.

    Q08 has no visit after day 0 and dies on day 130; Q09 has one and dies on day 150; Q10 has three
    and dies on day 400.
    """
    chance = Random(11)
    seen = {7: (0,), 8: (0, 40), 9: (0, 90, 180, 270)}
    dies = {7: 130, 8: 150, 9: 400}
    rows = []
    for i in range(10):
        bend, start = chance.gauss(0.4, 0.5), DAY0 + timedelta(days=13 * i)
        for day in (*BEFORE, *seen.get(i, AFTER)):
            month = day / DAYS_PER_MONTH
            score = round(30 - month + max(month, 0) * bend + chance.gauss(0, 1))
            death = str(start + timedelta(days=dies[i])) if i in dies else ""
            visit = start + timedelta(days=day)
            rows.append([f"Q{i + 1:02d}", str(start), str(visit), str(score), death])
    return rows


ROWS = written()
HEADER = "patient,transplant_date,visit_date,alsfrs_r,death_date"


def read(rows: Sequence[Sequence[str]], header: str = HEADER) -> Trial:
    """Return the trial of a file with these rows."""
    trial = read_text("\n".join([header, *(",".join(row) for row in rows)])).trial
    assert trial is not None
    return trial


def with_zeros(rows: list[list[str]], who: Sequence[str]) -> list[list[str]]:
    """Return the rows with one more of each of these patients: 0 points on the day of death."""
    more = []
    for name in who:
        last = [row for row in rows if row[0] == name][-1]
        more.append([name, last[1], last[4], "0", *last[4:]])
    return rows + more


def case(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> tuple[EndpointComparison, Settings]:
    settings = Settings(**{"endpoints": (key,), **LIGHT, **changes})
    return compare(trial, settings).endpoints[0], settings


def found_in(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> DropoutSensitivity:
    result, settings = case(trial, key, **changes)
    return dropout_sensitivity(trial, result, settings)


def pattern(found: DropoutSensitivity, key: str) -> Pattern:
    return next(one for one in found.patterns if one.key == key)


def same_test(ours: Pattern, result: EndpointComparison) -> None:
    """Fail unless a pattern is the primary test of another comparison."""
    fresh = result.primary
    assert ours.reason == ""
    assert ours.test.n == fresh.n
    assert (ours.test.estimate, *ends(ours.test.interval), ours.test.p) == pytest.approx(
        (fresh.estimate, *ends(fresh.interval), fresh.p), rel=1e-9
    )


ALL_DIE = ("Q08", "Q09", "Q10")


@pytest.mark.parametrize(
    ("changes", "counted", "added"),
    [
        ({}, ALL_DIE, ("Q09",)),
        ({"day0": "both"}, ALL_DIE, ("Q08", "Q09")),
        ({"day0": "after"}, ALL_DIE, ("Q08", "Q09")),
        ({"day0": "neither"}, ALL_DIE, ("Q09",)),
        ({"post_months": 6}, ("Q08", "Q09"), ("Q09",)),
        ({"post_months": 6, "day0": "both"}, ("Q08", "Q09"), ("Q08", "Q09")),
        ({"pre_months": 6}, ALL_DIE, ("Q09",)),
        ({"skip_days": 20}, ALL_DIE, ("Q09",)),
        ({"skip_days": 30, "day0": "both"}, ALL_DIE, ("Q09",)),
        ({"estimator": "theil_sen"}, ALL_DIE, ("Q09",)),
        ({"estimator": "theil_sen", "day0": "both", "post_months": 6}, ALL_DIE[:2], ALL_DIE[:2]),
        ({"estimator": "broken_stick"}, ALL_DIE, ("Q09",)),
        ({"estimator": "broken_stick", "day0": "both"}, ALL_DIE, ("Q08", "Q09")),
        ({"estimator": "broken_stick_jump"}, ALL_DIE, ("Q09",)),
        ({"estimator": "broken_stick_jump", "day0": "both"}, ALL_DIE, ("Q09",)),
        ({"estimator": "end_to_end", "day0": "both"}, ALL_DIE, ("Q08", "Q09")),
        ({"rate_unit": "year"}, ALL_DIE, ("Q09",)),
        ({"rate_unit": "period", "pre_months": 9, "post_months": 9}, ALL_DIE[:2], ("Q09",)),
        ({"shift_days": 30, "day0": "both"}, ALL_DIE, ("Q09",)),
        ({"alternative": "less steep", "confidence": 0.9}, ALL_DIE, ("Q09",)),
        ({"min_visits": 3, "day0": "both"}, ALL_DIE, ("Q09",)),
    ],
    ids=str,
)
def test_death_as_0_points_is_a_file_with_that_visit(changes, counted, added):
    trial = read(ROWS)
    ours = pattern(found_in(trial, **changes), "death")
    fresh, _ = case(read(with_zeros(ROWS, counted)), **changes)
    same_test(ours, fresh)
    assert ours.added == added


def test_a_file_with_the_visit_differs_from_the_one_without():
    one, _ = case(read(ROWS))
    other, _ = case(read(with_zeros(ROWS, ALL_DIE)))
    assert abs(one.primary.estimate - other.primary.estimate) > 0.1

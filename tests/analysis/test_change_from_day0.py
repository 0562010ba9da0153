"""Change from the day-0 value at fixed months, by hand and against a loop over patients."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.change_from_day0 import change_from_day0, mean_course
from analysis.settings import PatientExclusion, Settings
from analysis.slope_points import place_points
from data.trial import Trial
from tests.conftest import ends, made, trial_from

MONTH = 30.4375


def changes(trial, months=None, **settings):
    return change_from_day0(trial, "alsfrs_r", Settings(**settings), months)


def in_months(visits):
    return {name: {m * MONTH: v for m, v in course.items()} for name, course in visits.items()}


FOUR = in_months(
    {
        "A": {-1: 41, 0: 40, 3: 38, 6: 35},
        "B": {-2: 36, 2: 34, 4: 33, 6.5: 30},
        "C": {0: 30, 3.2: 30, 7: 24},
        "D": {-3.5: 45, 3: 40, 6: 38},
    }
)


def test_by_hand():
    result = changes(made(FOUR))
    assert result.without_day0 == ("D",)
    assert result.n_day0 == 3
    assert result.window == 1.5
    three, six = result.by_month
    assert (three.month, six.month) == (3, 6)
    # B has visits at 2 and 4 months, equally near: the earlier counts.
    assert_allclose(
        [three.change.mean, three.change.sd, three.change.n], [-4 / 3, math.sqrt(4 / 3), 3]
    )
    assert_allclose(six.change.mean, np.mean([-5, -6, -6]))
    half = stats.t.ppf(0.975, 2) * np.std([-5, -6, -6], ddof=1) / math.sqrt(3)
    assert_allclose(ends(six.change.interval), (-17 / 3 - half, -17 / 3 + half))
    assert_allclose([three.median_month, six.median_month], [3, 6.5])
    assert (three.missing, six.missing) == (0, 0)


def test_a_visit_counts_at_one_month_only():
    visits = in_months({name: {0: 40, 4.5: 38, 7.5: 30} for name in "ABC"})
    result = changes(made(visits), months=[3, 6, 9])
    assert [at.change.n for at in result.by_month] == [3, 3, 0]
    assert [at.change.mean for at in result.by_month][:2] == [-2, -10]


def test_narrow_months_have_narrow_windows():
    visits = in_months({name: {0: 40, 1.4: 38} for name in "ABC"})
    result = changes(made(visits), months=[1, 2])
    assert result.window == 0.5
    assert [at.change.n for at in result.by_month] == [3, 0]


def test_wide_months_have_windows_of_six_weeks():
    visits = in_months({name: {0: 40, 4.4: 38} for name in "ABC"})
    assert changes(made(visits), months=[6]).window == 1.5
    assert changes(made(visits), months=[6]).by_month[0].change.n == 0


def test_who_is_missing_and_why():
    visits = in_months(
        {
            "A": {0: 40, 3: 38, 6: 36},
            "dead": {0: 40, 1: 38},
            "gone": {0: 40, 3: 38},
            "missed": {0: 40, 3: 38, 9: 30},
            "only": {0: 40},
            "dies later": {0: 40, 6: 31},
        }
    )
    trial = made(visits)
    patients = trial.patients
    patients.loc[patients["patient"] == "dead", "death_day"] = 7.4 * MONTH
    patients.loc[patients["patient"] == "dies later", "death_day"] = 8 * MONTH
    trial = Trial(patients, trial.measurements, trial.events)
    three, six, nine = changes(trial, months=[3, 6, 9]).by_month
    assert (three.change.n, three.died, three.ended, three.missed) == (3, 0, 2, 1)
    assert (six.change.n, six.died, six.ended, six.missed) == (2, 1, 2, 1)
    assert (nine.change.n, nine.died, nine.ended, nine.missed) == (1, 2, 3, 0)


def test_months_without_three_patients_are_left_out_unless_asked_for():
    visits = in_months({"A": {0: 40, 3: 38, 6: 36}, "B": {0: 40, 3: 38, 6: 30}, "C": {0: 40, 3: 1}})
    assert [at.month for at in changes(made(visits)).by_month] == [3]
    assert [at.change.n for at in changes(made(visits), months=[6, 3]).by_month] == [3, 2]


def test_settings_apply():
    trial = made(FOUR)
    assert changes(trial, post_months=4.0).by_month[-1].month == 3
    left_out = (PatientExclusion("A", "other"),)
    assert changes(trial, months=[3], excluded_patients=left_out).n_day0 == 2
    assert changes(trial, months=[3], skip_days=70).by_month[0].change.mean == np.mean([-2, -3, 0])
    moved = changes(trial, months=[3], shift_days=round(3 * MONTH), excluded_patients=left_out)
    # B from 34 at 2 months to 30 at 6.5, C from 30 at 0 to 24 at 7; D's value is too old.
    assert (moved.by_month[0].change.n, moved.by_month[0].change.mean) == (2, -5)
    assert moved.without_day0 == ("D",)
    both = changes(trial, months=[3], day0="both")
    assert both.by_month[0].change.mean == changes(trial, months=[3]).by_month[0].change.mean


def test_nobody_and_nothing():
    result = changes(made({"A": {-30: 40}}))
    assert (result.by_month, result.n_day0) == ((), 1)
    assert changes(made({"A": {0: 40}}, transplants={"A": ()})).n_day0 == 0
    with pytest.raises(ValueError, match="above 0"):
        changes(made(FOUR), months=[0, 3])


def test_mean_course_by_hand():
    visits = in_months(
        {"A": {-3: 44, 0: 40, 3: 38}, "B": {-3.4: 40, -2.9: 42, 0: 36}, "C": {0: 35}}
    )
    points = place_points(made(visits), "alsfrs_r", Settings())
    course = mean_course(points, 3.0, 0.9)
    assert course.month.tolist() == [-3, 0, 3]
    assert course.n.tolist() == [2, 3, 1]
    assert np.isnan(course.mean[[0, 2]]).all()
    assert_allclose([course.mean[1], course.sd[1]], [37, math.sqrt(7)])
    half = stats.t.ppf(0.95, 2) * course.sd[1] / math.sqrt(3)
    assert_allclose([course.low[1], course.high[1]], [37 - half, 37 + half])


def registry(n_patients, seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(3, 12, n_patients)
    who = np.repeat(np.arange(n_patients), n)
    frame = pd.DataFrame(
        {
            "patient": [f"P{i:05d}" for i in who],
            "day": rng.integers(-300, 400, len(who)).astype(float),
            "value": rng.integers(0, 49, len(who)).astype(float),
        }
    )
    return trial_from(frame.drop_duplicates(["patient", "day"]))


def test_against_a_loop_over_patients():
    trial = registry(60, 5)
    result = changes(trial, months=[2, 4, 8, 12])
    frame = trial.measurements
    for at in result.by_month:
        found = []
        for _, own in frame.groupby("patient"):
            month = own["day"].to_numpy() / MONTH
            value = own["value"].to_numpy()
            before = (own["day"].to_numpy() <= 0) & (own["day"].to_numpy() >= -92)
            after = (own["day"].to_numpy() > 0) & (month > at.month - 1) & (month <= at.month + 1)
            if before.any() and after.any():
                nearest = np.argmin(np.abs(month[after] - at.month))
                found.append(value[after][nearest] - value[before][np.argmax(month[before])])
        assert at.change.n == len(found)
        assert_allclose(at.change.mean, np.mean(found))
        assert at.change.n + at.missing == result.n_day0


def test_a_registry_is_fast():
    trial = registry(12_000, 6)
    place_points(trial, "alsfrs_r", Settings())
    start = time.process_time()
    result = changes(trial)
    assert time.process_time() - start < 1.5
    assert len(result.by_month) >= 4


def test_the_json_is_plain():
    plain = changes(made(FOUR)).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["by_month"][0]["missing"] == {"died": 0, "no_later_visit": 0, "missed": 0}

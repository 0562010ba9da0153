"""Other run-ins: each is the comparison under its settings, and misleads the way that is said."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.other_run_ins import OtherRunIns, other_run_ins
from analysis.settings import PatientExclusion, Settings
from analysis.variants import PER_MONTH
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import DAYS_PER_MONTH, Trial
from tests.conftest import made

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
MONTH = DAYS_PER_MONTH


def found_in(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> OtherRunIns:
    return other_run_ins(trial, compare(trial, Settings(**LIGHT, **changes)), key)


def row(found: OtherRunIns, key: str):
    return next(one for one in found.rows if one.key == key)


CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"pre_months": 6.0, "rate_unit": "year", "estimator": "theil_sen"},
    {"run_in": "onset", "alternative": "less steep"},
    {"run_in": "onset", "pre_months": 12.0, "day0": "neither"},
    {"pre_months": 4.0, "post_months": 4.0, "rate_unit": "period", "confidence": 0.9},
)


@pytest.mark.parametrize(
    ("example", "changes"),
    [(EXAMPLE_IDS[k % len(EXAMPLE_IDS)], changes) for k, changes in enumerate(CHOICES)],
    ids=str,
)
def test_each_run_in_is_compare_with_its_settings(example, changes):
    trial = load_example(example).trial
    primary = Settings.from_json(example_settings(example))[0].with_(**{**LIGHT, **changes})
    comparison = compare(trial, primary)
    for result in comparison.endpoints:
        key = result.endpoint.key
        found = other_run_ins(trial, comparison, key)
        assert [one.primary for one in found.rows].count(True) == 1
        for one in found.rows:
            # What a variant would be given leads to the same analysis.
            beside = primary.with_(**one.changes, rate_unit=one.settings.rate_unit)
            assert beside == one.settings
            fresh = compare(trial, one.settings).endpoint(key)
            assert fresh is not None
            assert found.unit == fresh.unit
            assert one.test.estimate == pytest.approx(fresh.primary.estimate, nan_ok=True)
            assert one.test.p == pytest.approx(fresh.primary.p, rel=1e-9, nan_ok=True)
            assert one.test.interval == fresh.primary.interval
            assert one.test.n == fresh.n
            before = fresh.before_summary
            assert one.before.mean == pytest.approx(before.mean, nan_ok=True)
            assert (one.before.n, one.before.interval) == (before.n, before.interval)
            assert one.missing == tuple(pair for step in fresh.flow for pair in step.left)
            assert one.test.n + len(one.missing) == len(trial.patient_ids)
            both = fresh.paired & result.paired
            assert one.same_n == both.sum()
        own = found.primary
        if primary.rate_unit != "period":
            assert own.test.estimate == result.primary.estimate
            assert own.test.p == result.primary.p
        assert found.note == (PER_MONTH if comparison.rate.unit == "period" else "")


@pytest.mark.parametrize(
    ("changes", "keys", "primary"),
    [
        ({}, ["whole", "last-6", "last-3", "onset"], "whole"),
        ({"pre_months": 6.0}, ["whole", "last-6", "last-3", "onset"], "last-6"),
        ({"pre_months": 9.0}, ["whole", "last-9", "last-6", "last-3", "onset"], "last-9"),
        ({"run_in": "onset"}, ["whole", "last-6", "last-3", "onset"], "onset"),
        (
            {"run_in": "onset", "pre_months": 9.0},
            ["whole", "last-6", "last-3", "onset", "onset-last-9"],
            "onset-last-9",
        ),
    ],
)
def test_the_primary_run_in_is_one_of_them_or_a_row_more(changes, keys, primary):
    trial = load_example("after-shamsaei-2023").trial
    found = found_in(trial, **changes)
    assert [one.key for one in found.rows] == keys
    assert found.primary.key == primary
    assert found.primary.changes == {}
    assert not found.primary.crosses
    assert not found.primary.flips


def test_a_capacity_has_no_run_in_from_onset():
    trial = load_example("after-shamsaei-2023").trial
    found = found_in(trial, "fvc", run_in="onset")
    assert [one.key for one in found.rows] == ["whole", "last-6", "last-3"]
    assert found.primary.key == "whole"


def bending(by_month: Any, n: int = 5, after: float = -1.0) -> Trial:
    """Return patients with one course before day 0, and slopes after that differ a little."""
    months = (-9, -6, -3, -1.5, 0, 3, 6)
    return made(
        {
            f"A{i}": {
                round(m * MONTH, 6): 30 + (by_month(m) if m <= 0 else (after + 0.02 * (i - 2)) * m)
                for m in months
            }
            for i in range(n)
        }
    )


def with_onset(trial: Trial, months: float) -> Trial:
    frame = trial.patients.assign(onset_day=-months * MONTH)
    return Trial(frame, trial.measurements, trial.events)


def test_numbers_by_hand():
    trial = with_onset(bending(lambda m: -m + 0.1 * m * m), 24)
    found = found_in(trial)
    t = np.array([-9, -6, -3, -1.5, 0])
    y = 30 - t + 0.1 * t * t
    slopes = {
        "whole": np.polyfit(t, y, 1)[0],
        "last-6": np.polyfit(t[1:], y[1:], 1)[0],
        "last-3": np.polyfit(t[2:], y[2:], 1)[0],
        "onset": (30 - 48) / 24,
    }
    after = -1 + 0.02 * (np.arange(5) - 2)
    for key, slope in slopes.items():
        one = row(found, key)
        assert one.before.mean == pytest.approx(slope)
        assert one.test.estimate == pytest.approx(np.mean(after - slope))
        assert one.test.p == pytest.approx(stats.ttest_1samp(after - slope, 0).pvalue)
        assert one.same_difference == pytest.approx(slopes["whole"] - slope)
        assert one.same_n == 5
    assert [row(found, key).visits for key in slopes] == [5, 4, 3, 1]


def test_a_slowing_decline_makes_the_whole_run_in_too_steep():
    # Slope −1 a month at day 0 and after it, steeper before: nothing changes at day 0.
    found = found_in(bending(lambda m: -m + 0.1 * m * m))
    whole, six, three = (row(found, key).test.estimate for key in ("whole", "last-6", "last-3"))
    assert whole > six > three > 0


def test_a_decline_that_speeds_up_makes_whole_run_in_and_onset_too_flat():
    # 48 points and −0.2 a month 30 months before day 0; −1 at day 0 and after it.
    trial = with_onset(bending(lambda m: -m - 12 / 900 * m * m), 30)
    found = found_in(trial)
    whole, three, onset = (row(found, key).test.estimate for key in ("whole", "last-3", "onset"))
    assert onset < whole < three < 0
    assert onset == pytest.approx(-0.4)


def test_patients_taken_in_for_recent_decline_return_the_more_the_shorter_the_run_in():
    rng = np.random.default_rng(11)
    t = np.array([-9, -6, -3, -1.5, 0, 3, 6, 9])
    y = 30 - t + rng.normal(0, 1.5, (600, 8))
    recent = (y[:, 4] - y[:, 2]) / 3
    taken = y[recent < -1.3]
    assert len(taken) > 100
    visits = {
        f"A{i}": dict(zip(np.round(t * MONTH, 6).tolist(), values, strict=True))
        for i, values in enumerate(taken.tolist())
    }
    found = found_in(made(visits))
    whole, six, three = (row(found, key) for key in ("whole", "last-6", "last-3"))
    # No patient's true slope changes.
    assert three.test.estimate > six.test.estimate > whole.test.estimate > 0
    assert three.test.interval is not None
    assert three.test.interval.low > 0
    everybody = {
        f"A{i}": dict(zip(np.round(t * MONTH, 6).tolist(), values, strict=True))
        for i, values in enumerate(y.tolist())
    }
    for one in found_in(made(everybody)).rows[:3]:
        assert one.test.interval is not None
        assert one.test.interval.low < 0 < one.test.interval.high


def test_a_run_in_with_all_visits_is_no_other_analysis():
    trial = bending(lambda m: -m)
    found = found_in(trial)
    assert [one.same_visits for one in found.rows] == [False] * 4
    course = {-150: 45, -90: 43, 0: 40, 90: 38, 180: 36}
    found = found_in(made({f"A{i}": course | {180: 36 - i} for i in range(4)}))
    assert [one.same_visits for one in found.rows] == [False, True, False, False]
    whole, six = found.rows[:2]
    assert six.test == whole.test


def test_who_is_missing_is_named_with_the_reason():
    course = {-180: 46, -90: 43, 0: 40, 90: 38, 180: 36}
    visits = {f"A{i}": course | {180: 36 - i} for i in range(4)}
    trial = made(visits | {"L": {-180: 46, -150: 45, -120: 44, 90: 38, 180: 36}})
    out = (PatientExclusion("A0", "other"),)
    found = found_in(trial, excluded_patients=out)
    assert dict(row(found, "whole").missing) == {"A0": "left out: other"}
    assert dict(row(found, "last-3").missing) == {
        "A0": "left out: other",
        "L": "no ALSFRS-R visit before day 0 in the window",
    }
    assert set(dict(row(found, "onset").missing).values()) == {"no onset date", "left out: other"}
    assert row(found, "onset").test.n == 0
    assert row(found, "last-3").same_n == 3
    json.dumps(found.to_json(), allow_nan=False)


def test_an_endpoint_without_values_is_refused():
    trial = bending(lambda m: -m)
    with pytest.raises(KeyError):
        found_in(trial, "fvc")

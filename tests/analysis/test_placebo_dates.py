"""Placebo dates: the excess by hand and by brute force, profiles against compare, the verdict."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.date_splits import date_changes, pool_of
from analysis.placebo_dates import PlaceboDates, placebo_dates
from analysis.placebo_verdict import date_verdict
from analysis.settings import DEFAULT, PatientExclusion, Settings
from analysis.shift_profile import MOST_MONTHS, near_day0
from analysis.slope_points import Points
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import DAYS_PER_MONTH, Trial
from tests.conftest import DAY0_RULES, made

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000, "endpoints": ("alsfrs_r",)}
MONTH = DAYS_PER_MONTH
EVERY_3 = np.arange(-12.0, 12.5, 3)


def found_in(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> PlaceboDates:
    settings = Settings(**{**LIGHT, **changes})
    return placebo_dates(trial, compare(trial, settings), key)


def courses(by_month: Any, months: Any = EVERY_3, n: int = 6) -> Trial:
    """Return patients with slopes of their own and one bend; ``by_month(month, patient)``."""
    return made(
        {f"A{i}": {m * MONTH: by_month(m, i) for m in np.asarray(months)} for i in range(n)}
    )


def noisy(seed: int, n: int = 12, months: Any = None, bend: float = 1.0) -> Trial:
    """Return people with noisy visits at irregular times of their own."""
    rng = np.random.default_rng(seed)
    visits = {}
    for i in range(n):
        some = rng.integers(3, 7), rng.integers(3, 7)
        t = np.r_[
            -np.sort(rng.uniform(0.3, 12, some[0]))[::-1], 0, np.sort(rng.uniform(0.3, 12, some[1]))
        ]
        t = t if months is None else np.asarray(months)
        y = 34 - t * rng.uniform(0.6, 1.4) + bend * np.maximum(t, 0) + rng.normal(0, 1.2, len(t))
        visits[f"P{i:02d}"] = {round(m * MONTH, 6): round(v, 3) for m, v in zip(t, y, strict=True)}
    return made(visits)


def test_mean_excess_of_a_bend_equals_the_hand_computed_value():
    # Visits at −6, −3, 0, 3, 6, 9 and a bend max(t, 0): two visits a side leave three dates.
    # After the visit at −3: slope 0, then 0, 3, 6, 9 at 0, 3, 6, 9: slope 1, d = 1.
    # After the visit at 0, the true one: d = 1.
    # After the visit at 3: t = −6, −3, 0, 3 and y = 0, 0, 0, 3, mean t −1.5, Sxy = 4.5 · 3 = 13.5,
    # Sxx = 45, slope 0.3; then slope 1: d = 0.7. The excess is 1 − (1 + 0.7)/2 = 0.15.
    size = [0.8, 0.9, 1.0, 1.1, 1.2]
    trial = courses(lambda m, i: 40 - m + size[i] * max(m, 0), months=(-6, -3, 0, 3, 6, 9), n=5)
    found = found_in(trial)
    assert found.people.n_others.tolist() == [2] * 5
    assert found.people.excess == pytest.approx([0.15 * b for b in size])
    assert found.people.change == pytest.approx(size)
    assert found.excess.estimate == pytest.approx(0.15)
    assert found.excess.n == 5
    assert found.excess.p == pytest.approx(
        stats.ttest_1samp([0.15 * b for b in size], 0).pvalue, rel=1e-6
    )
    # All changes are bends at day 0: nothing is missing of that, and all of it is expected.
    assert found.bend_excess == pytest.approx(0.15)
    assert found.below_bend.estimate == pytest.approx(0, abs=1e-9)
    assert found.verdict.key == "here"
    # The profile is level from one visit interval before day 0 to the next visit after it, at day
    # 91.3 (3 months are 91 whole days), and highest there.
    heights = dict(zip(found.profile.months.tolist(), found.profile.estimate, strict=True))
    assert {m for m, h in heights.items() if abs(h - 1) < 1e-9} == {-3, -2, -1, 0, 1, 2, 3}
    assert max(heights.values()) == pytest.approx(1)
    assert found.peak == 0
    assert found.visit_interval == pytest.approx(3, abs=0.01)
    assert found.peak_near_day0


def test_the_profile_finds_a_bend_elsewhere():
    size = [0.8, 0.9, 1.0, 1.1, 1.2, 1.0]
    trial = courses(lambda m, i: 40 - m + size[i] * max(m - 6, 0), months=np.arange(-18, 18.5, 3))
    found = found_in(trial)
    # Level from one visit interval before the bend: the visit at 3 months, day 91.3, is passed by
    # the 122 days of 4 months and not by the 91 of 3.
    assert found.peak == 4
    assert not found.peak_near_day0
    assert found.verdict.key == "elsewhere"
    assert "strongest 4 months after day 0" in " ".join(found.verdict.reasons)


@pytest.mark.parametrize("rule", ["before", "after", "both"])
@pytest.mark.parametrize("q", [-0.02, 0.02])
def test_an_even_bend_cancels_at_equally_spaced_visits(rule, q):
    trial = courses(lambda m, i: 36 - (0.8 + 0.1 * i) * m + q * (1 + 0.1 * i) * m * m)
    found = found_in(trial, day0=rule)
    assert found.people.excess == pytest.approx(np.zeros(6), abs=1e-10)
    assert found.bias == pytest.approx(0, abs=1e-10)
    assert found.even_excess == pytest.approx(0, abs=1e-10)
    # The change itself is large: the whole span times q, and the shared visit takes none of it.
    whole = 24 + (3 if rule != "both" else 0)
    assert found.change.estimate == pytest.approx(q * 1.25 * whole)
    assert found.verdict.key == "elsewhere"


def test_the_bias_of_an_uneven_schedule():
    months = (-6, -5, -4, -3, -2, -1, 0, 3, 6, 9, 12)
    curvature = 0.03
    trial = courses(lambda m, i: 36 - (0.8 + 0.1 * i) * m + curvature / 2 * m * m, months)
    found = found_in(trial)
    # Every course bends evenly: the excess is the curvature times the bias, and none is left.
    assert abs(found.bias) > 0.1
    assert found.excess.estimate == pytest.approx(curvature * found.bias)
    assert found.even_excess == pytest.approx(found.excess.estimate)
    assert found.beyond_curvature.estimate == pytest.approx(0, abs=1e-9)
    per_year = found_in(trial, rate_unit="year")
    assert per_year.bias == pytest.approx(12 * found.bias)
    assert per_year.excess.estimate == pytest.approx(12 * found.excess.estimate)


def brute(course: dict[float, float], rule: str, skip: int, visits: int, days: float) -> Any:
    """Return d(day 0) and the other d(c) of one patient, date by date in plain Python."""

    def line(some: list[tuple[float, float]]) -> float:
        if len(some) < visits or not some:
            return math.nan
        t, y = zip(*some, strict=True)
        if t[-1] - t[0] < max(days - 1e-6, 1e-6):
            return math.nan
        mt, my = sum(t) / len(t), sum(y) / len(y)
        up = sum((a - mt) * (b - my) for a, b in some)
        return MONTH * up / sum((a - mt) ** 2 for a in t)

    ordered = sorted(course.items())
    before = [v for v in ordered if v[0] < 0 or (v[0] == 0 and rule in ("before", "both"))]
    after = [v for v in ordered if v[0] > skip or (v[0] == 0 and rule in ("after", "both"))]
    after = [v for v in after if v[0] > skip or not skip]
    shared = len(set(before) & set(after))
    pool = sorted(set(before) | set(after))
    own, others = math.nan, []
    for k in range(1, len(pool) + 1):
        d = line(pool[k - shared :]) - line(pool[:k])
        if k == len(before):
            own = d
        elif not math.isnan(d):
            others.append(d)
    return own, others


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        *[(rule, {}) for rule in DAY0_RULES],
        ("before", {"skip_days": 45}),
        ("neither", {"min_visits": 3, "min_span_days": 120}),
        ("before", {"min_span_days": 0}),
        ("both", {"min_visits": 4}),
    ],
)
def test_every_split_equals_plain_python_on_irregular_visits(rule, changes):
    trial = noisy(3)
    comparison = compare(trial, Settings(**LIGHT, day0=rule, **changes))
    found = placebo_dates(trial, comparison, "alsfrs_r")
    frame = trial.measurements
    expected: dict[str, tuple[float, list[float]]] = {}
    for name in trial.patient_ids:
        rows = frame[frame["patient"] == name]
        course = dict(zip(rows["day"].tolist(), rows["value"].tolist(), strict=True))
        visits, days = changes.get("min_visits", 2), changes.get("min_span_days", 60)
        own, others = brute(course, rule, changes.get("skip_days", 0), visits, days)
        if not math.isnan(own) and others:
            expected[name] = own, others
    assert expected
    assert list(found.people.name) == list(expected)
    for k, (own, others) in enumerate(expected.values()):
        assert found.people.change[k] == pytest.approx(own, abs=1e-9)
        assert found.people.n_others[k] == len(others)
        assert found.people.others[k] == pytest.approx(np.mean(others), abs=1e-9)
    # By least squares the change at day 0 is that of the comparison.
    result = comparison.endpoints[0]
    assert found.people.change == pytest.approx(result.change[found.people.patient])


@pytest.mark.parametrize("k", range(4))
def test_the_profile_is_compare_with_shifted_days(k):
    example = EXAMPLE_IDS[k]
    changes = (
        {},
        {"estimator": "broken_stick", "shift_days": 20},
        {"run_in": "onset", "rate_unit": "year", "alternative": "less steep"},
        {"pre_months": 9.0, "post_months": 9.0, "rate_unit": "period", "day0": "neither"},
    )[k]
    trial = load_example(example).trial
    # Everybody, so that compare can be asked for the same people.
    settings = Settings(
        **{**LIGHT, "endpoints": ("alsfrs_r", "fvc"), "group_by": "none", **changes}
    )
    comparison = compare(trial, settings)
    for result in comparison.endpoints:
        found = placebo_dates(trial, comparison, result.endpoint.key)
        assert found.control == ""
        assert 0 in found.profile.months
        months = []
        for shift in range(-MOST_MONTHS, MOST_MONTHS + 1):
            days = settings.shift_days + round(shift * MONTH)
            fresh = compare(trial, settings.with_(shift_days=days)).endpoint(result.endpoint.key)
            assert fresh is not None
            if fresh.n < 2 and shift:
                continue
            months.append(shift)
            at = int(np.flatnonzero(found.profile.months == shift)[0])
            assert found.profile.days[at] == days
            assert found.profile.n[at] == fresh.n
            assert found.profile.estimate[at] == pytest.approx(fresh.primary.estimate)
            assert found.profile.p[at] == pytest.approx(fresh.primary.p, nan_ok=True)
            ends = fresh.primary.interval
            assert ends is not None
            assert (found.profile.low[at], found.profile.high[at]) == pytest.approx(
                (ends.low, ends.high)
            )
        assert found.profile.months.tolist() == months
        assert found.unit == result.unit


def with_values(trial: Trial, chosen: Any, add: float) -> Trial:
    frame = trial.measurements
    rows = chosen(frame["day"])
    assert rows.any()
    return Trial(
        trial.patients,
        frame.assign(value=frame["value"].where(~rows, frame["value"] + add * frame["day"] / 99)),
        trial.events,
    )


@pytest.mark.parametrize("changes", [{}, {"day0": "both"}, {"pre_months": 8.0}, {"skip_days": 10}])
def test_dates_of_one_period_use_no_visit_of_the_other(changes):
    trial = noisy(5)
    found = found_in(trial, **changes)
    assert len(found.run_in.months) > 1
    assert len(found.follow_up.months) > 1
    assert (found.run_in.months < 0).all()
    assert (found.follow_up.months > 0).all()
    later = found_in(with_values(trial, lambda day: day > 0, 7.0), **changes)
    assert later.run_in.to_json() == found.run_in.to_json()
    assert later.follow_up.to_json() != found.follow_up.to_json()
    earlier = found_in(with_values(trial, lambda day: day < 0, 7.0), **changes)
    assert earlier.follow_up.to_json() == found.follow_up.to_json()
    assert earlier.run_in.to_json() != found.run_in.to_json()
    # Nor whether there is one at all.
    frame = trial.measurements
    alone = Trial(trial.patients, frame[frame["day"] <= 0], trial.events)
    assert found_in(alone, **changes).run_in.to_json() == found.run_in.to_json()


def test_a_follow_up_date_uses_no_visit_on_day_0():
    trial = noisy(5)
    for rule in DAY0_RULES:
        found = found_in(trial, day0=rule)
        frame = trial.measurements
        gone = Trial(trial.patients, frame[frame["day"] != 0], trial.events)
        assert found_in(gone, day0=rule).follow_up.to_json() == found.follow_up.to_json()


def test_a_run_in_from_onset_has_no_follow_up_dates():
    trial = load_example("after-shamsaei-2023").trial
    comparison = compare(trial, Settings(run_in="onset", flips=1_000, resamples=1_000))
    found = placebo_dates(trial, comparison, "alsfrs_r")
    assert not found.follow_up.months.size
    assert not found.least_squares
    # A capacity is never counted from onset.
    assert placebo_dates(trial, comparison, "fvc").follow_up.months.size


def test_names_and_order_of_patients_change_nothing():
    trial = noisy(8)
    found = found_in(trial)
    frame, people = trial.measurements, trial.patients
    new = {name: f"Z{i}" for i, name in enumerate(reversed(trial.patient_ids))}
    people = people.assign(patient=people["patient"].map(new)).iloc[::-1]
    moved = Trial(people, frame.assign(patient=frame["patient"].map(new)), trial.events)
    other = found_in(moved)
    assert other.excess.estimate == pytest.approx(found.excess.estimate)
    assert other.excess.p == pytest.approx(found.excess.p)
    assert other.profile.estimate == pytest.approx(found.profile.estimate)
    assert other.verdict == found.verdict
    own = dict(zip(found.people.name, found.people.excess, strict=True))
    for name, value in zip(other.people.name, other.people.excess, strict=True):
        back = next(old for old, called in new.items() if called == name)
        assert value == pytest.approx(own[back])


def test_the_bundled_trials():
    """Each verdict follows from its numbers by the rule, worked out here with scipy alone."""

    def clear(values: Any, sign: float) -> bool:
        test = stats.ttest_1samp(values, 0)
        return bool(test.pvalue < 0.05 and np.mean(values) * sign > 0)

    verdicts = {}
    for example in EXAMPLE_IDS:
        trial = load_example(example).trial
        settings = Settings.from_json(example_settings(example))[0]
        comparison = compare(trial, settings.with_(flips=1_000, resamples=1_000))
        for result in comparison.endpoints:
            found = placebo_dates(trial, comparison, result.endpoint.key)
            verdicts[example, result.endpoint.key] = found.verdict.key
            people, sign = found.people, math.copysign(1, found.change.estimate)
            assert len(people.name) >= max(5, found.compared / 2)
            if not clear(people.change, sign):
                assert found.verdict.key == "inconclusive"
                assert "no change to locate" in found.verdict.reasons[0]
            elif clear(people.excess, sign):
                assert found.verdict.key == ("here" if found.peak_near_day0 else "inconclusive")
            else:
                assert found.verdict.key != "here"
                short = found.below_bend.p < 0.05 and found.below_bend.estimate * sign > 0
                assert found.verdict.key == ("elsewhere" if short else "inconclusive")
    assert verdicts == {
        ("after-shamsaei-2023", "alsfrs_r"): "elsewhere",
        ("after-shamsaei-2023", "fvc"): "inconclusive",
        ("after-oh-2018", "alsfrs_r"): "here",
        ("after-oh-2018", "fvc"): "inconclusive",
        ("every-detail", "alsfrs_r"): "inconclusive",
        ("every-detail", "fvc"): "inconclusive",
        ("untreated-60", "alsfrs_r"): "inconclusive",
        ("untreated-60", "fvc"): "inconclusive",
    }


def test_who_is_out_and_why():
    days = (-180, -90, 0, 90, 180, 270)
    full = {f"A{i}": {d: 40 - d / 60 + i for d in days} for i in range(4)}
    short = {"B": {-90: 41, 0: 40, 90: 38, 180: 36}}
    alone = {"C": {-90: 41, 0: 40}}
    found = found_in(made({**full, **short, **alone}))
    assert found.compared == 5
    assert found.people.name == ("A0", "A1", "A2", "A3")
    assert found.left == (
        ("B", "no other date has 2 visits over 60 days on each side: 2 before and 2 after day 0"),
    )
    onset = load_example("after-shamsaei-2023").trial
    settings = Settings(**LIGHT, run_in="onset", pre_months=1.0)
    counted = placebo_dates(onset, compare(onset, settings), "alsfrs_r")
    assert counted.people.name == ()
    assert "no least-squares lines at day 0" in counted.left[0][1]
    assert counted.verdict.key == "inconclusive"
    assert math.isnan(counted.excess.p)
    assert math.isnan(counted.bias)
    json.dumps(counted.to_json(), allow_nan=False)


def test_nobody_and_an_unknown_endpoint():
    found = found_in(made({"A": {-30: 40, 0: 39}}))
    assert found.verdict.reasons == ("nobody is compared",)
    assert found.profile.months.tolist() == [0]
    json.dumps(found.to_json(), allow_nan=False)
    trial = noisy(1, n=3)
    with pytest.raises(KeyError):
        found_in(trial, "svc")


def test_the_control_arm_is_left_out_where_it_leads():
    trial = load_example("after-oh-2018").trial
    settings = Settings.from_json(example_settings("after-oh-2018"))[0]
    comparison = compare(trial, settings)
    result = comparison.endpoints[0]
    assert result.against_control is not None
    found = placebo_dates(trial, comparison, result.endpoint.key)
    group = trial.patients["group"]
    control = {p for p, g in zip(trial.patients["patient"], group, strict=True) if g == "control"}
    assert found.control == comparison.control
    assert control
    assert not control & set(found.people.name)
    left_out = tuple(PatientExclusion(p, "other") for p in sorted(control))
    without = compare(trial, settings.with_(excluded_patients=left_out, group_by="none"))
    alone = placebo_dates(trial, without, result.endpoint.key)
    assert found.excess.estimate == pytest.approx(alone.excess.estimate)
    assert found.profile.n.tolist() == alone.profile.n.tolist()
    assert found.profile.estimate == pytest.approx(alone.profile.estimate)
    assert found.verdict == alone.verdict


def test_the_estimator_changes_the_profile_and_not_the_excess():
    trial = noisy(4)
    own, sen = found_in(trial), found_in(trial, estimator="theil_sen")
    assert sen.excess == own.excess
    assert own.least_squares
    assert not sen.least_squares
    assert not np.allclose(sen.profile.estimate, own.profile.estimate)


def test_shifted_settings_take_the_moved_day_for_day_0():
    # Everybody bends three months after the transplant; day 0 is moved there.
    size = [0.8, 0.9, 1.0, 1.1, 1.2, 1.0]
    trial = courses(lambda m, i: 40 - m + size[i] * max(m - 3, 0), np.arange(-12, 15.5, 3))
    days = round(3 * MONTH + 0.4)
    found = found_in(trial, shift_days=days)
    assert found.shift_days == days
    assert found.verdict.key == "here"
    assert found.profile.days[found.profile.months == 0][0] == days


ONES = np.array([0.9, 1.0, 1.1, 0.95, 1.05, 1.02])
SPREAD = np.array([-1.0, 1.0, -0.8, 0.8, 0.1, -0.1])


@pytest.mark.parametrize(
    ("change", "excess", "even", "alone", "peak", "expected"),
    [
        (ONES, 0.3 * ONES, 0 * ONES, 0.3 * ONES + 0.1 * SPREAD, 0, "here"),
        (-ONES, -0.3 * ONES, 0 * ONES, -0.3 * ONES - 0.1 * SPREAD, -2, "here"),
        # Clear, but the profile peaks farther off than one visit interval, or after day 0.
        (ONES, 0.3 * ONES, 0 * ONES, 0.3 * ONES + 0.1 * SPREAD, -4, "inconclusive"),
        (ONES, 0.3 * ONES, 0 * ONES, 0.3 * ONES + 0.1 * SPREAD, 1, "inconclusive"),
        (ONES, 0.3 * ONES, 0 * ONES, 0.6 * ONES, 3, "elsewhere"),
        (ONES, 0.1 * SPREAD, 0 * ONES, 0.3 * ONES, 0, "elsewhere"),
        (ONES, -0.2 * ONES, 0 * ONES, 0.3 * ONES, 0, "elsewhere"),
        # All of the excess is what an even bend gives with these visits.
        (ONES, 0.1 * ONES, 0.1 * ONES + 0.05 * SPREAD, 0.4 * ONES, 0, "elsewhere"),
        (ONES, SPREAD + 0.1, 0 * ONES, 0.3 * ONES, 0, "inconclusive"),
        (SPREAD, 0.3 * ONES, 0 * ONES, 0.3 * SPREAD, 0, "inconclusive"),
    ],
)
def test_the_verdict_rule(change, excess, even, alone, peak, expected):
    verdict = date_verdict(
        6, change, excess, even, alone, tells_apart=True, peak=peak, near=near_day0(peak, 2.0)
    )
    assert verdict.key == expected
    assert verdict.reasons
    assert not any(reason.endswith(".") for reason in verdict.reasons)


def test_too_few_patients_are_never_more_than_inconclusive():
    def verdict(n: int, compared: int, apart: bool = True) -> Any:
        one = ONES[:n]
        return date_verdict(
            compared,
            one,
            0.3 * one,
            0 * one,
            0.3 * one,
            tells_apart=apart,
            peak=0.0,
            near=True,
        )

    assert verdict(6, 6).key == "here"
    assert verdict(6, 12).key == "here"
    assert verdict(6, 13).reasons == (
        "too few visits: 6 of 13 compared patients have another date, fewer than half",
    )
    assert verdict(4, 4).reasons == (
        "too few visits: 4 of 4 compared patients have another date, 5 are needed",
    )
    assert verdict(1, 9).reasons == (
        "too few visits: 1 of 9 compared patients has another date, 5 are needed",
    )
    assert verdict(6, 6, apart=False).key == "inconclusive"


def test_where_a_peak_speaks_for_day_0():
    assert near_day0(0, 3)
    assert near_day0(-3, 2.95)
    assert near_day0(0, math.nan) is False
    assert not near_day0(-4, 3)
    assert not near_day0(1, 3)
    assert not near_day0(math.nan, 3)
    assert near_day0(2, 0, 3)
    assert not near_day0(-1, 0, 3)
    assert not near_day0(4, 3, 3)


@pytest.mark.parametrize("rule", DAY0_RULES)
def test_a_bend_at_day_0_is_found_there_whatever_the_rule_for_the_visit_on_day_0(rule):
    # A visit on day 0 lies on both lines: whichever side it is counted on, a noise-free bend has
    # one change. Noise decides where on that level stretch the profile peaks.
    found = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        slopes, noise = rng.uniform(0.8, 1.2, 12), rng.normal(0, 0.7, (12, len(EVERY_3)))
        trial = courses(
            lambda m, i, s=slopes, e=noise: (
                40 - s[i] * m + max(m, 0) + e[i, int(np.searchsorted(EVERY_3, m))]
            ),
            n=12,
        )
        one = found_in(trial, day0=rule)
        level = (one.level_before, one.level_after)
        expected = {"before": (3, 0), "after": (0, 3)}.get(rule, (3, 3))
        assert level == pytest.approx(expected, abs=0.01)
        found.append(one.peak_near_day0)
    assert sum(found) >= 7


def rejected(bend: float, square: float, trials: int = 300) -> float:
    """Return how often the excess of 12 simulated patients has P < 0.05."""
    rng = np.random.default_rng(7)
    months, n = np.arange(-18.0, 18.5, 3), 12 * trials
    t = np.tile(months, (n, 1))
    y = 36 - rng.normal(1, 0.5, (n, 1)) * t + bend * np.maximum(t, 0) + square * t * t
    y += rng.normal(0, 1.3, t.shape)
    month, every = t.ravel(), np.ones(t.size, dtype=np.bool_)
    who = np.repeat(np.arange(n), len(months))
    points = Points(who, month, y.ravel(), month <= 0, month > 0, every, np.arange(t.size), ~every)
    dates = date_changes(pool_of(points, np.ones(n, dtype=np.bool_)), DEFAULT)
    excess = dates.seen.excess.reshape(trials, 12)
    return float(np.mean(stats.ttest_1samp(excess, 0, axis=1).pvalue < 0.05))


def test_level_and_power_of_the_excess_test():
    """Of straight and evenly bending courses about 5 % have P < 0.05, of clear bends nearly all."""
    assert rejected(0, 0) < 0.10
    assert rejected(0, 0.02) < 0.10
    assert rejected(0, -0.02) < 0.10
    assert rejected(1, 0) > 0.95


def test_with_a_step_the_visit_on_day_0_is_before_where_it_was_asked_for_on_both_sides():
    trial = noisy(3)
    stepped, both = (
        found_in(trial, estimator="broken_stick_jump", day0=rule) for rule in ("before", "both")
    )
    assert (both.level_before, both.level_after) == (stepped.level_before, stepped.level_after)
    assert both.verdict == stepped.verdict
    assert both.excess == stepped.excess

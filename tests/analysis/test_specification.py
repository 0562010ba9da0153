"""The specification curve: each analysis is a comparison, and what is said of all of them.

Expected numbers come from ``compare`` with the settings of one analysis, from scipy, from flips of
all signs in plain Python, and from counting.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from random import Random
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.settings import PointDecision, Settings
from analysis.specification import (
    ALL_ARMS,
    ONE_ARM,
    SpecificationCurve,
    specification_curve,
)
from analysis.specification_choices import (
    MOST,
    Choice,
    Option,
    chosen_choices,
    combinations,
    declared_choices,
)
from analysis.specification_joint import joint_curve_test
from analysis.specification_run import NO_ONSET, NO_STICK, NO_WINDOW, SAME, STOPPED
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import FloatArray, Trial
from tests.conftest import made

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
CLOSE = 1e-9
TINY = 1e-12


@cache
def example(name: str, **changes: Any) -> tuple[Trial, Comparison]:
    trial = load_example(name).trial
    settings = Settings.from_json(example_settings(name))[0].with_(**LIGHT | changes)
    return trial, compare(trial, settings)


@cache
def curve_of(name: str, endpoint: str, preset: Any, **changes: Any) -> SpecificationCurve:
    trial, comparison = example(name, **changes)
    choices = declared_choices(trial, comparison.settings, preset)
    return specification_curve(trial, comparison, endpoint, choices)


def choice(name: str, *values: Any) -> Choice:
    options = (Option(str(v), ((name, v),), at == 0) for at, v in enumerate(values))
    return Choice(name, name, tuple(options))


def run(trial: Trial, choices: Iterable[Choice], **settings: Any) -> SpecificationCurve:
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), **LIGHT | settings))
    return specification_curve(trial, comparison, "alsfrs_r", tuple(choices))


def wiggly(patients: int = 8, days: tuple[int, ...] = (-180, -90, -30, 0, 45, 90, 150)) -> Trial:
    """Return people whose visits lie on no line."""
    chance = Random(3)
    return made(
        {
            f"W{i:02d}": {
                d: round(36 - (0.6 + 0.1 * i) * d / 30 + chance.gauss(0, 2)) for d in days
            }
            for i in range(patients)
        }
    )


def not_run(curve: SpecificationCurve) -> dict[str, int]:
    return {one.reason: one.count for one in curve.not_run}


def assert_is_comparison(trial: Trial, curve: SpecificationCurve, k: int) -> None:
    """Compare one analysis with a comparison under its settings."""
    settings = curve.settings_of(k).with_(endpoints=(curve.endpoint,))
    result = compare(trial, settings).endpoint(curve.endpoint)
    assert result is not None
    test = result.primary
    assert result.unit == curve.unit
    assert curve.n[k] == result.n == test.n
    assert curve.estimate[k] == pytest.approx(test.estimate, rel=CLOSE, abs=TINY)
    assert curve.p[k] == pytest.approx(test.p, nan_ok=True, rel=CLOSE, abs=TINY)
    if test.interval is None:
        assert math.isnan(curve.low[k])
        assert math.isnan(curve.high[k])
    else:
        assert curve.low[k] == pytest.approx(test.interval.low, rel=CLOSE, abs=TINY)
        assert curve.high[k] == pytest.approx(test.interval.high, rel=CLOSE, abs=TINY)


@pytest.mark.parametrize("preset", ["small", "full"])
@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_every_analysis_is_the_comparison_with_its_settings(name: str, preset: str) -> None:
    trial, comparison = example(name)
    for key in [one.endpoint.key for one in comparison.endpoints]:
        curve = curve_of(name, key, preset)
        total = len(curve.estimate)
        assert total > 10
        picked = {curve.primary, 0, total - 1, *Random(total).sample(range(total), 4)}
        for k in picked:
            assert_is_comparison(trial, curve, k)


@pytest.mark.parametrize(
    "changes",
    [
        {"alternative": "less steep"},
        {"alternative": "steeper"},
        {"rate_unit": "year", "confidence": 0.9},
        {"run_in": "onset"},
        {"estimator": "broken_stick_jump", "day0": "both"},
    ],
)
def test_direction_unit_level_and_run_in_of_the_primary_analysis_hold_in_all(
    changes: dict[str, Any],
) -> None:
    trial, _ = example("every-detail", **changes)
    curve = curve_of("every-detail", "alsfrs_r", "small", **changes)
    for k in {curve.primary, *range(0, len(curve.estimate), 5)}:
        assert_is_comparison(trial, curve, k)


def test_per_period_becomes_per_month_because_windows_differ() -> None:
    trial, comparison = example("every-detail", rate_unit="period", pre_months=6, post_months=6)
    assert comparison.endpoints[0].unit == "points/period"
    curve = curve_of(
        "every-detail", "alsfrs_r", "small", rate_unit="period", pre_months=6, post_months=6
    )
    assert curve.unit == "points/month"
    assert curve.estimate[curve.primary] * 6 == pytest.approx(
        comparison.endpoints[0].change_summary.mean
    )
    assert_is_comparison(trial, curve, curve.primary)


@pytest.mark.parametrize("preset", ["small", "full"])
@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_every_combination_is_run_or_counted_with_its_reason(name: str, preset: str) -> None:
    _trial, comparison = example(name)
    for one in comparison.endpoints:
        curve = curve_of(name, one.endpoint.key, preset)
        left = sum(item.count for item in curve.not_run)
        assert left + len(curve.estimate) == math.prod(len(c.options) for c in curve.choices)
        assert all(item.reason and item.count > 0 for item in curve.not_run)
        assert len({item.reason for item in curve.not_run}) == len(curve.not_run)
        assert len({tuple(row) for row in curve.option.tolist()}) == len(curve.estimate)
        assert np.all(np.diff(curve.estimate) >= 0)
        assert not curve.option[curve.primary].any()
        floor = max(3, math.ceil(int(curve.n[curve.primary]) / 2))
        assert curve.n.min() >= floor


def test_summaries_are_counts_of_the_arrays() -> None:
    curve = curve_of("after-shamsaei-2023", "alsfrs_r", "full")
    assert curve.estimate[curve.primary] > 0
    assert curve.median == pytest.approx(median(curve.estimate.tolist()))
    assert curve.same_direction == sum(x > 0 for x in curve.estimate)
    agree = [x > 0 and p < 0.05 for x, p in zip(curve.estimate, curve.p, strict=True)]
    assert curve.significant == sum(agree)
    assert 0 < curve.same_direction < len(curve.estimate)
    json.dumps(curve.to_json(), allow_nan=False)


def test_what_changes_nothing_is_counted_once_whatever_the_estimator_looks_at() -> None:
    trial = wiggly()
    # No visit lies beyond 5 months after day 0; 2 or 3 visits a side make no difference either.
    curve = run(trial, [choice("post_months", None, 6.0), choice("min_visits", 2, 3)])
    assert len(curve.estimate) == 1
    assert not_run(curve) == {SAME: 3}
    # A visit between the first and the last one of a period is none of "first to last".
    value = float(trial.measurements_frame.query("patient == 'W03' and day == 90")["value"].iloc[0])
    inner = choice("points", (PointDecision("W03", "alsfrs_r", 90.0, value, False, "other"),), ())
    taken = dict(inner.options[0].changes)
    assert len(run(trial, [inner], **taken).estimate) == 2
    assert len(run(trial, [inner], **taken, estimator="end_to_end").estimate) == 1
    # The visit on day 0 is the first one after it: without it the line starts elsewhere.
    rule = choice("day0", "after", "neither")
    assert len(run(trial, [rule], day0="after", estimator="end_to_end").estimate) == 2


def test_two_names_of_one_estimator_are_one_analysis_and_two_windows_are_not() -> None:
    estimators = choice("estimator", "broken_stick_jump", "ols")
    assert len(run(wiggly(), [estimators], estimator="broken_stick_jump").estimate) == 1
    assert len(run(wiggly(), [choice("estimator", "ols", "theil_sen")]).estimate) == 2
    # A step cannot have the visit on day 0 on both of its sides: it is "before" then.
    rule = choice("day0", "both", "before")
    assert len(run(wiggly(), [rule], estimator="broken_stick_jump", day0="both").estimate) == 1
    assert len(run(wiggly(), [rule], day0="both").estimate) == 2
    # Every visit lies on a line, so that all windows give the same slopes, of other visits.
    line = made(
        {
            f"L{i}": {d: 40 + i * (d / 60 + (d > 0) * d / 30) for d in range(-180, 200, 30)}
            for i in range(4)
        }
    )
    windows = choice("post_months", None, 3.0)
    assert len(run(line, [windows]).estimate) == 2


def test_with_two_visits_a_side_all_estimators_are_one() -> None:
    trial = wiggly(days=(-120, -20, 30, 130))
    estimators = choice("estimator", "ols", "theil_sen", "end_to_end", "broken_stick")
    curve = run(trial, [estimators])
    assert len(curve.estimate) == 2
    assert not_run(curve) == {SAME: 2}


def test_too_few_patients_are_counted_by_the_half_of_the_primary_analysis() -> None:
    visits = {f"P{i}": {-120: 40, -60: 38 - i, 0: 36, 60: 35, 120: 31 - i} for i in range(7)}
    for i in range(4):
        visits[f"P{i}"].pop(-60)
    curve = run(made(visits), [choice("min_visits", 2, 3)], min_span_days=0)
    assert curve.n.tolist() == [7]
    assert not_run(curve) == {"fewer than 4 patients": 1}
    visits["P0"][-60] = 39
    curve = run(made(visits), [choice("min_visits", 2, 3)], min_span_days=0, day0="both")
    assert sorted(curve.n.tolist()) == [4, 7]


def test_fewer_than_three_patients_leave_no_curve_and_say_so() -> None:
    curve = run(wiggly(2), [choice("day0", "before", "neither")])
    assert not len(curve.estimate)
    assert curve.primary == -1
    assert curve.reason
    assert not_run(curve) == {"fewer than 3 patients": 2}
    assert math.isnan(curve.joint.p_median)
    assert curve.joint.notes
    json.dumps(curve.to_json(), allow_nan=False)


def test_a_run_in_from_onset_has_no_window_and_no_knot_and_fvc_has_none() -> None:
    scores = not_run(curve_of("every-detail", "alsfrs_r", "full"))
    choices = {c.key: len(c.options) for c in curve_of("every-detail", "alsfrs_r", "full").choices}
    total = math.prod(choices.values())
    windows, estimators = choices["pre_months"], choices["estimator"]
    assert scores[NO_STICK] == total // 2 // estimators
    assert scores[NO_WINDOW] == (
        total // 2 * (windows - 1) // windows * (estimators - 1) // estimators
    )
    assert not_run(curve_of("every-detail", "fvc", "full"))[NO_ONSET] == total // 2


def test_the_reader_can_stop_and_keeps_what_was_run() -> None:
    trial, comparison = example("every-detail")
    choices = declared_choices(trial, comparison.settings, "full")
    told: list[float] = []

    def stop(share: float) -> bool:
        told.append(share)
        return len(told) < 4

    curve = specification_curve(trial, comparison, "alsfrs_r", choices, progress=stop)
    assert curve.stopped
    assert len(told) == 4
    assert told == sorted(told)
    assert 0 < len(curve.estimate) <= 60
    assert curve.primary >= 0
    assert sum(one.count for one in curve.not_run) + len(curve.estimate) == combinations(choices)
    assert not_run(curve)[STOPPED] == combinations(choices) - 60


def test_each_choice_moves_what_its_medians_say() -> None:
    trial = wiggly(days=(-180, -120, -60, 0, 30, 90, 150, 240))
    choices = [choice("post_months", None, 3.0), choice("day0", "before", "after", "neither")]
    curve = run(trial, choices)
    assert len(curve.estimate) == 6
    by_label = {moved.label: moved for moved in curve.moves}
    for c, one in enumerate(choices):
        expected = []
        for o in range(len(one.options)):
            settings = [
                Settings(endpoints=("alsfrs_r",), **LIGHT).with_(
                    **dict(one.options[o].changes), **dict(other.changes)
                )
                for other in choices[1 - c].options
            ]
            expected.append(
                median(compare(trial, s).endpoints[0].change_summary.mean for s in settings)
            )
        moved = by_label[one.label]
        assert moved.medians == pytest.approx(expected)
        assert curve.option_medians(c) == moved.medians
        assert moved.range == pytest.approx(max(expected) - min(expected))
    assert [m.range for m in curve.moves] == sorted((m.range for m in curve.moves), reverse=True)


def test_an_option_that_changes_nothing_moves_nothing_though_it_is_no_analysis() -> None:
    # With "at least 3 visits" the window of 3 months is the same, all visits are the same.
    trial = wiggly(days=(-180, -120, -60, 0, 20, 60, 85, 240))
    curve = run(trial, [choice("min_visits", 2, 3), choice("post_months", None, 3.0)])
    assert len(curve.estimate) == 2
    assert not_run(curve) == {SAME: 2}
    moved = {one.label: one for one in curve.moves}["min_visits"]
    assert moved.range == 0
    assert moved.medians[0] == moved.medians[1]


def test_with_a_control_the_curve_is_of_the_others_and_says_so() -> None:
    trial, comparison = example("after-oh-2018")
    for result in comparison.endpoints:
        assert result.against_control is not None
        assert result.groups is not None
        curve = curve_of("after-oh-2018", result.endpoint.key, "small")
        assert curve.note == ONE_ARM
        [treated] = [g for g in result.groups.groups if g.label != comparison.control]
        assert curve.n[curve.primary] == treated.change.n
        assert curve.estimate[curve.primary] == pytest.approx(treated.change.mean)
        # A dot opens the same analysis as the curve has.
        opened = comparison.settings.with_(**curve.changes_of(0), endpoints=(curve.endpoint,))
        found = compare(trial, opened).endpoints[0]
        assert found.against_control is None
        assert found.change_summary.mean == pytest.approx(curve.estimate[0])
    _apart, together = example("after-oh-2018", group_by="none")
    curve = curve_of("after-oh-2018", "alsfrs_r", "small", group_by="none")
    assert curve.note == ALL_ARMS
    assert curve.n[curve.primary] == together.endpoints[0].n
    assert curve_of("every-detail", "alsfrs_r", "small").note == ""


# The joint test


def plain_joint(rows: list[list[float]], side: str) -> tuple[float, float, float]:
    """Return the three P values by flipping all signs in plain Python."""
    patients = len(rows[0])

    def statistics(signs: tuple[int, ...]) -> tuple[float, float, float]:
        means, ups, downs, zs = [], [], [], []
        for row in rows:
            values = [s * v for s, v in zip(signs, row, strict=True) if not math.isnan(v)]
            test = stats.ttest_1samp(values, 0)
            t, p = float(test.statistic), float(test.pvalue)
            if side != "two-sided":
                p = float(stats.t.sf(abs(t), len(values) - 1))
            means.append(fmean(values))
            ups.append(p < 0.05 and t > 0)
            downs.append(p < 0.05 and t < 0)
            tail = float(stats.t.sf(abs(t), len(values) - 1))
            zs.append(math.copysign(float(stats.norm.isf(tail)), t))
        middle, z, up, down = median(means), fmean(zs), fmean(ups), fmean(downs)
        if side == "less steep":
            return middle, up, z
        if side == "steeper":
            return -middle, down, -z
        return abs(middle), max(up, down), abs(z)

    own = statistics((1,) * patients)
    every = [statistics(signs) for signs in itertools.product((1, -1), repeat=patients)]
    first, second, third = (fmean(one[i] >= own[i] - 1e-9 for one in every) for i in range(3))
    return first, second, third


SMALL = [
    [1.2, -0.3, 0.8, 0.5, 2.0, math.nan],
    [0.9, 0.1, math.nan, 0.7, 1.5, -0.4],
    [1.0, -0.6, 0.2, math.nan, 1.1, 0.3],
    [0.4, 0.5, 0.9, 0.6, 1.4, 0.0],
]


@pytest.mark.parametrize("side", ["two-sided", "less steep", "steeper"])
@pytest.mark.parametrize("rows", [SMALL, [[-v for v in row] for row in SMALL], SMALL[:1]])
def test_joint_test_is_that_of_all_flips_in_plain_python(
    rows: list[list[float]], side: Any
) -> None:
    found = joint_curve_test(np.array(rows), Settings(alternative=side))
    expected = plain_joint(rows, side)
    assert (found.p_median, found.p_share, found.p_mean_z) == pytest.approx(expected)
    moving = np.any(np.nan_to_num(np.array(rows)) != 0, axis=0).sum()
    assert found.exact
    assert found.flips == 2**moving
    assert found.n == len(rows[0]) - (len(rows) == 1)
    assert found.p_floor == 2.0 ** (-moving if side != "two-sided" else 1 - moving)


def test_joint_test_by_hand() -> None:
    # Of 8 flips of 1, 2, 4 only the signs seen and their mirror reach a sum of 7.
    found = joint_curve_test(np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]), Settings())
    assert found.p_median == 2 / 8 == found.p_floor
    # A patient who never changes is the same under either sign, and no help to the smallest P.
    still = joint_curve_test(np.array([[1.0, 2.0, 4.0, 0.0], [1.0, 2.0, 4.0, 0.0]]), Settings())
    assert (still.p_median, still.p_floor, still.flips, still.n) == (2 / 8, 2 / 8, 8, 4)
    # Sums of 3 and more, of −1, 2, 2: 3, 5, and their mirrors.
    found = joint_curve_test(np.array([[-1.0, 2.0, 2.0]]), Settings())
    assert found.p_median == 4 / 8
    found = joint_curve_test(np.array([[-1.0, 2.0, 2.0]]), Settings(alternative="less steep"))
    assert found.p_median == 2 / 8


def correlated(chance: np.random.Generator, analyses: int, patients: int) -> FloatArray:
    """Return changes of many analyses of the same symmetric patients, some of them left out."""
    shared = chance.standard_t(3, patients)
    rows = shared + 0.7 * chance.standard_normal((analyses, patients))
    rows[chance.random(rows.shape) < 0.1] = np.nan
    rows[:, :3] = shared[:3]
    return rows


def test_over_all_flips_of_one_trial_the_test_keeps_its_level_exactly() -> None:
    rows = correlated(np.random.default_rng(1), 5, 7)
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=7)))
    found = [joint_curve_test(rows * one, Settings()) for one in signs]
    for name in ("p_median", "p_share", "p_mean_z"):
        values = np.array([getattr(one, name) for one in found])
        for level in np.unique(values):
            assert np.mean(values <= level) <= level + 1e-12
    # Medians differ between all pairs of mirrored flips: each level is used up.
    medians = np.sort([one.p_median for one in found])
    assert medians == pytest.approx(np.repeat(np.arange(1, 65) / 64, 2))


@pytest.mark.parametrize(("patients", "flips"), [(8, 1_000), (15, 1_000)])
def test_level_of_the_joint_test_where_nothing_changed(patients: int, flips: int) -> None:
    chance = np.random.default_rng(patients)
    data = 400 if patients == 8 else 200
    small = np.zeros(3)
    for seed in range(data):
        rows = correlated(chance, 6, patients)
        found = joint_curve_test(rows, Settings(flips=flips, seed=seed))
        assert found.exact == (patients <= 12)
        small += np.array([found.p_median, found.p_share, found.p_mean_z]) <= 0.05
    low, high = (float(stats.binom.ppf(q, data, 0.05)) for q in (0.0005, 0.9995))
    assert low <= small[0] <= high
    assert low <= small[2] <= high
    assert small[1] <= high


def test_random_flips_come_near_all_flips() -> None:
    rows = correlated(np.random.default_rng(4), 4, 13) + 0.5
    found = joint_curve_test(rows, Settings(flips=9_999))
    assert not found.exact
    assert found.flips == 9_999
    assert found.p_floor == 1e-4
    filled = np.nan_to_num(rows)
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=13)))
    means = (signs @ filled.T) / np.isfinite(rows).sum(axis=1)
    medians = np.abs(np.median(means, axis=1))
    own = abs(float(np.median(np.nanmean(rows, axis=1))))
    exact = float(np.mean(medians >= own - 1e-9))
    error = math.sqrt(exact * (1 - exact) / 9_999)
    assert 0.005 < exact < 0.5
    assert abs(found.p_median - exact) < 4 * error + 1e-4


def test_random_flips_count_the_signs_that_were_seen() -> None:
    rows = np.full((3, 40), 1.0) + np.linspace(0, 0.1, 40)
    found = joint_curve_test(rows, Settings(flips=1_000))
    assert found.p_median == found.p_mean_z == found.p_floor == 1 / 1_001


@pytest.mark.parametrize("patients", [9, 16])
def test_joint_test_does_not_depend_on_order_or_unit(patients: int) -> None:
    rows = correlated(np.random.default_rng(9), 5, patients) + 0.4
    first = joint_curve_test(rows, Settings())
    order = np.random.default_rng(2).permutation(patients)
    assert joint_curve_test(rows[:, order], Settings()) == first
    assert joint_curve_test(rows[::-1], Settings()) == first
    assert joint_curve_test(rows * 4, Settings()) == first
    more = np.column_stack([rows, np.full(len(rows), np.nan)])
    assert joint_curve_test(more, Settings()) == first
    other = joint_curve_test(rows, Settings(seed=1))
    assert (other == first) == (patients <= 12)


def test_very_many_analyses_get_fewer_flips_but_never_fewer_than_999() -> None:
    chance = np.random.default_rng(0)
    many = joint_curve_test(chance.standard_normal((1_600, 14)), Settings())
    assert many.flips == 999
    assert many.p_floor == 1 / 1_000
    assert joint_curve_test(chance.standard_normal((50, 14)), Settings()).flips == 9_999


def test_curve_does_not_depend_on_the_order_and_names_of_patients() -> None:
    trial = wiggly(9)
    frame = trial.measurements_frame
    names = sorted(set(frame["patient"]), reverse=True)
    turned = made(
        {
            f"X{i}": dict(zip(rows["day"], rows["value"], strict=True))
            for i, name in enumerate(names)
            for rows in [frame[frame["patient"] == name]]
        }
    )
    choices = [choice("day0", "before", "neither"), choice("estimator", "ols", "theil_sen")]
    first, second = run(trial, choices), run(turned, choices)
    assert first.estimate == pytest.approx(second.estimate)
    assert first.p == pytest.approx(second.p)
    assert first.joint == second.joint


# Choices


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_presets_have_the_primary_first_and_stay_within_their_size(name: str) -> None:
    trial, comparison = example(name)
    own = comparison.settings
    for preset, low, high in (("small", 36, 150), ("full", 200, MOST)):
        choices = declared_choices(trial, own, preset)  # type: ignore[arg-type]
        assert low <= combinations(choices) <= high
        for one in choices:
            assert [option.primary for option in one.options] == [True] + [False] * (
                len(one.options) - 1
            )
            assert own.with_(**dict(one.options[0].changes)) == own
            assert len({o.changes for o in one.options}) == len(one.options) > 1


def test_windows_are_offered_as_far_as_visits_reach() -> None:
    days = (-180, -90, -30, 0, 60, 120, 370)
    keys = {
        one.key: [o.label for o in one.options]
        for one in declared_choices(wiggly(days=days), Settings(endpoints=("alsfrs_r",)), "full")
    }
    # The first visit is 180 days before day 0: a window of 6 months takes it in.
    assert keys["pre_months"] == ["all visits", "3 months"]
    assert keys["post_months"] == ["all visits", "12 months", "6 months", "3 months"]
    assert "run_in" not in keys
    assert "points" not in keys


def test_odd_primary_values_are_the_first_options_and_the_bound_holds() -> None:
    trial, _ = example("every-detail")
    odd = Settings(
        pre_months=8,
        post_months=10,
        skip_days=14,
        min_visits=4,
        estimator="broken_stick_jump",
        run_in="onset",
        day0="both",
        points=(PointDecision("A", "alsfrs_r", 1.0, 30.0, False, "other"),),
    )
    choices = declared_choices(trial, odd, "full")
    first = {name: value for c in choices for name, value in c.options[0].changes}
    assert odd.with_(**first) == odd
    assert len(first) == 8
    assert combinations(choices) <= MOST
    undone = {c.key: c for c in choices}["points"].options[1]
    assert undone.changes == (("points", ()),)


def test_left_out_values_come_back_where_their_decision_is_undone() -> None:
    trial = wiggly()
    value = float(
        trial.measurements_frame.query("patient == 'W03' and day == 150")["value"].iloc[0]
    )
    decision = PointDecision("W03", "alsfrs_r", 150.0, value, False, "other")
    settings = Settings(endpoints=("alsfrs_r",), points=(decision,), **LIGHT)
    choices = [one for one in declared_choices(trial, settings) if one.key == "points"]
    curve = specification_curve(trial, compare(trial, settings), "alsfrs_r", choices)
    assert len(curve.estimate) == 2
    for k in range(2):
        assert_is_comparison(trial, curve, k)
    assert curve.settings_of(1 - curve.primary).points == ()


def test_a_selection_keeps_the_primary_and_drops_what_is_decided() -> None:
    trial, comparison = example("every-detail")
    every = declared_choices(trial, comparison.settings, "full")
    some = chosen_choices(every, {"estimator": ["Theil–Sen"], "min_visits": [], "skip_days": []})
    by_key = {one.key: [o.label for o in one.options] for one in some}
    assert by_key["estimator"] == ["separate lines", "Theil–Sen"]
    assert "min_visits" not in by_key
    assert "skip_days" not in by_key
    assert by_key["pre_months"] == [o.label for o in every[0].options]


def test_more_combinations_than_the_bound_are_refused() -> None:
    trial, comparison = example("every-detail")
    # Lengths differ, so that nothing is a duplicate.
    choices = [
        choice("pre_months", *(None, *range(1, 50))),
        choice("post_months", *(None, *range(1, 50))),
    ]
    with pytest.raises(ValueError, match=r"2,500 combinations: at most 2,000"):
        specification_curve(trial, comparison, "alsfrs_r", choices)


def test_without_choices_the_curve_is_the_primary_analysis() -> None:
    trial, comparison = example("every-detail")
    curve = specification_curve(trial, comparison, "alsfrs_r", ())
    [only] = curve.estimate
    assert only == comparison.endpoints[0].change_summary.mean
    assert curve.moves == ()
    assert curve.primary == 0
    assert curve.not_run == ()
    assert curve.same_direction == 1
    assert replace(curve, choices=()).changes_of(0) == {}

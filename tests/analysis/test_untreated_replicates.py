"""From courses to slopes: weighted sums, what is kept and what is drawn anew, closed forms."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_points import Points, place_points
from analysis.untreated import replicates
from analysis.untreated.benchmark import prepare, simulate, untreated
from analysis.untreated.history import HISTORIES
from analysis.untreated.posterior import Drawn, draw_given_run_in
from analysis.untreated.replicates import (
    batches,
    run_in_given,
    schedule_of,
    slopes_of,
    untreated_slopes,
)
from analysis.untreated.weights import visit_weights
from data.endpoints import ENDPOINTS
from data.examples import EXAMPLE_IDS, load_example
from data.trial import DAYS_PER_MONTH
from tests.conftest import DAY0_RULES, trial_from

ALSFRS = HISTORIES["alsfrs_r"]
FVC = HISTORIES["fvc"]
LINEAR = ("ols", "end_to_end", "broken_stick", "broken_stick_jump")
LIGHT = {"flips": 1_000, "resamples": 1_000}
SIGMAS = 4.5


@cache
def example(name):
    return load_example(name)


def trial_of(months, values, endpoint="alsfrs_r"):
    """Return a trial of people with the same visits; ``values`` is people × visits."""
    people, visits = values.shape
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in range(people)], visits),
            "day": np.tile(np.array(months) * DAYS_PER_MONTH, people),
            "value": values.ravel(),
            "endpoint": endpoint,
        }
    )
    return trial_from(frame)


def compared(trial, *endpoints, **settings):
    return compare(trial, Settings(endpoints=endpoints or ("alsfrs_r",), **LIGHT, **settings))


def some_people(people=8, level=26, seed=0):
    rng = np.random.default_rng(seed)
    months = np.array([-6.0, -4.0, -1.5, 0.0, 2.0, 5.0, 9.0])
    slopes = rng.normal(-0.9, 0.3, (people, 1))
    return months, np.round(level + slopes * months + rng.normal(0, 1, (people, len(months))))


# -- weights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLE_IDS)
@pytest.mark.parametrize("estimator", LINEAR)
def test_slopes_are_weighted_sums_of_scores(name, estimator):
    trial = example(name).trial
    for day0 in DAY0_RULES:
        if estimator == "broken_stick_jump" and day0 == "both":
            continue
        settings = Settings(estimator=estimator, day0=day0)
        for endpoint in ("alsfrs_r", "fvc"):
            placed = place_points(trial, endpoint, settings)
            kept = placed.before | placed.after
            points = Points(**{f.name: getattr(placed, f.name)[kept] for f in fields(Points)})
            n = len(trial.patient_ids)
            lines = ESTIMATORS[estimator](points, n, settings)
            weights = visit_weights(points, n, settings)
            for side, line in ((weights.before, lines.before), (weights.after, lines.after)):
                known = np.isfinite(line.slope)
                # Scores from an own zero: what counts is a slope, which knows no level.
                sums = np.bincount(points.patient, side * points.value, n)
                np.testing.assert_allclose(sums[known], line.slope[known], atol=1e-11)
                assert known.sum() > 5
                flat = np.bincount(points.patient, side, n)
                np.testing.assert_allclose(flat[known], 0, atol=1e-12)
                steady = np.bincount(points.patient, side * points.month, n)
                if estimator != "broken_stick":
                    np.testing.assert_allclose(steady[known], 1, atol=1e-12)


@pytest.mark.parametrize("estimator", LINEAR)
@pytest.mark.parametrize("day0", ["before", "both"])
def test_weights_and_the_estimator_itself_give_the_same_replicates(estimator, day0):
    comparison = compared(trial_of(*some_people()), estimator=estimator, day0=day0)
    result = comparison.endpoints[0]
    schedule = schedule_of(result, comparison.settings, np.ones(8, dtype=bool))
    run_in = run_in_given(result, schedule.who, 0.0)
    (drawn,) = draw_given_run_in((run_in,), (ALSFRS,), 0.0, 30, np.random.default_rng(3))
    pairs = [
        untreated_slopes(one, ALSFRS, drawn, np.random.default_rng(4))
        for one in (schedule, replace(schedule, weights=None))
    ]
    for ours, theirs in zip(*pairs, strict=True):
        np.testing.assert_allclose(np.broadcast_to(ours, theirs.shape), theirs, atol=1e-12)
    # A broken stick bends at day 0 through all visits: later ones move its slope before.
    assert schedule.before_is_fixed == (estimator != "broken_stick")
    assert len(pairs[0][0]) == (30 if estimator == "broken_stick" else 1)


def test_a_broken_stick_takes_later_visits_into_the_slope_before():
    months, values = some_people(people=2)
    comparison = compared(trial_of(months, values), estimator="broken_stick")
    schedule = schedule_of(comparison.endpoints[0], comparison.settings, np.ones(2, dtype=bool))
    later = values.copy()
    later[:, 4:] = [[20, 25, 9], [30, 28, 30]]
    before, after = slopes_of(schedule, np.stack([values.ravel(), later.ravel()]))
    design = np.column_stack([np.ones(7), np.minimum(months, 0), np.maximum(months, 0)])
    for r, scores in enumerate((values, later)):
        for i in range(2):
            _, b, c = np.linalg.lstsq(design, scores[i], rcond=None)[0]
            assert before[r, i] == pytest.approx(b, abs=1e-12)
            assert after[r, i] == pytest.approx(c, abs=1e-12)
    assert abs(before[0, 0] - before[1, 0]) > 0.01


def test_theil_sen_is_simulated_by_the_estimator_itself():
    months, values = some_people()
    comparison = compared(trial_of(months, values), estimator="theil_sen")
    result = comparison.endpoints[0]
    schedule = schedule_of(result, comparison.settings, np.ones(8, dtype=bool))
    assert schedule.weights is None
    assert not schedule.before_is_fixed
    history = ALSFRS.with_(visit_sd=1e-9)
    drawn = Drawn(*(np.full((3, 8), x) for x in (26.0, -1.0, -1.2)))
    before, after = untreated_slopes(schedule, history, drawn, np.random.default_rng(1))
    scores = np.round(26 - 1.2 * months[4:])
    t = months[4:]
    pairs = [(scores[j] - scores[i]) / (t[j] - t[i]) for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(after, np.median(pairs), atol=1e-12)
    for i in range(8):
        run_in = stats.theilslopes(values[i, :4], months[:4])[0]
        np.testing.assert_allclose(before[:, i], run_in, atol=1e-12)


# -- which visits are kept -------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["ols", "broken_stick", "theil_sen"])
def test_what_happened_after_day_0_does_not_enter(estimator):
    months, values = some_people()
    other = values.copy()
    other[:, 4:] -= np.array([1, 4, 7])
    settings = {"estimator": estimator, "untreated_trials": 100}
    found = []
    for scores in (values, other):
        trial = trial_of(months, scores)
        found.append(untreated(trial, compared(trial, **settings)).endpoints[0])
    assert found[0].observed > found[1].observed + 0.5
    np.testing.assert_array_equal(found[0].changes, found[1].changes)
    np.testing.assert_array_equal(found[0].own_mean.changes, found[1].own_mean.changes)
    assert found[0].at_least.count <= found[1].at_least.count
    other = values.copy()
    other[:, 1] += 2
    trial = trial_of(months, other)
    moved = untreated(trial, compared(trial, **settings)).endpoints[0]
    assert not np.array_equal(found[0].changes, moved.changes)


@pytest.mark.parametrize("day0", DAY0_RULES)
@pytest.mark.parametrize("days", [1e-9, -1e-9])
def test_a_day_0_visit_is_one_up_to_day_0_whatever_rounding_makes_of_its_day(day0, days):
    months, values = some_people()
    exact = trial_of(months, values)
    near = trial_of(np.where(months == 0, days / DAYS_PER_MONTH, months), values)
    one, other = (
        untreated(trial, compared(trial, day0=day0)).endpoints[0] for trial in (exact, near)
    )
    np.testing.assert_allclose(one.changes, other.changes, atol=1e-7)
    assert one.reliability == pytest.approx(other.reliability, abs=1e-7)


def test_visits_outside_the_window_say_something_of_the_slope_and_enter_none():
    months, values = some_people()
    short = {"pre_months": 2.0, "post_months": 6.0, "min_span_days": 30}
    trial = trial_of(months, values)
    comparison = compared(trial, **short)
    schedule = prepare(trial, comparison).schedules["alsfrs_r"]
    assert sorted(set(np.round(schedule.points.month, 6))) == [-1.5, 0, 2, 5]
    run_in = run_in_given(comparison.endpoints[0], schedule.who, 0.0)
    assert list(run_in.n) == [4] * 8
    # A visit that the reader left out says nothing.
    points = comparison.endpoints[0].slopes.points
    left_out = replace(points, analysable=points.analysable & (points.position != 0))
    result = comparison.endpoints[0]
    result = replace(result, slopes=replace(result.slopes, points=left_out))
    assert list(run_in_given(result, schedule.who, 0.0).n) == [3] + [4] * 7


def test_an_endpoint_of_some_patients_is_drawn_from_their_own_run_ins():
    """Of endpoints that do not depend on each other, each is that of a trial of its own people."""
    months = np.array([-6.0, -3.0, 0.0, 3.0, 6.0, 9.0])
    scores = _long(months, np.round(30 - np.outer([1, 1, 1], months)), "alsfrs_r")
    capacity = _long(months, np.round(80 + np.outer([2, -6, -6], months)), "fvc")
    # The first patient has no FVC after day 0.
    capacity = capacity[(capacity["patient"] != "P0") | (capacity["day"] <= 0)]
    frame = pd.concat([scores, capacity])
    wide = trial_from(frame)
    comparison = compared(wide, "alsfrs_r", "fvc", history_values=("between:0",))
    one = untreated(wide, comparison).endpoint("fvc")
    two = trial_from(frame[(frame["endpoint"] == "fvc") & (frame["patient"] != "P0")])
    other = untreated(two, compared(two, "fvc")).endpoint("fvc")
    assert one.n == other.n == 2
    error = math.sqrt(2 * other.changes.var() / 2_000)
    assert one.mean == pytest.approx(other.mean, abs=4 * error)
    assert one.changes.std() == pytest.approx(other.changes.std(), rel=4 / math.sqrt(2_000))
    assert one.mean > 1


def test_a_run_in_from_onset_is_kept_as_it_is():
    months, values = some_people()
    plain = trial_of(months, values)
    trial = replace(plain, patients_frame=plain.patients.assign(onset_day=-15 * DAYS_PER_MONTH))
    comparison = compared(trial, run_in="onset")
    prepared = prepare(trial, comparison)
    found = untreated(trial, comparison)
    slopes = simulate(prepared, found.assumed, found.trials)["alsfrs_r"]
    np.testing.assert_allclose(slopes.before, (values[None, :, 3] - 48) / 15)
    by_visits = compared(plain)
    visits = simulate(prepare(plain, by_visits), found.assumed, found.trials)["alsfrs_r"]
    np.testing.assert_array_equal(slopes.after, visits.after)
    changes = (slopes.after - slopes.before).mean(axis=1)
    np.testing.assert_allclose(found.endpoints[0].changes, changes, atol=1e-12)


def test_one_visit_up_to_day_0_leaves_the_slopes_of_the_population():
    months, values = some_people(people=6)
    plain = trial_of(months[3:], values[:, 3:])
    trial = replace(plain, patients_frame=plain.patients.assign(onset_day=-15 * DAYS_PER_MONTH))
    comparison = compared(trial, run_in="onset")
    (one,) = untreated(trial, comparison).endpoints
    assert one.reliability == 0
    assert one.n == 6
    # No visit tells of an own mean: the assumed one stays.
    assert one.own_mean.mean_slope == -0.99
    mean = -0.99 - np.mean((values[:, 3] - 48) / 15)
    assert one.mean == pytest.approx(mean, abs=SIGMAS * one.changes.std() / math.sqrt(2_000))


# -- courses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["ols", "broken_stick"])
def test_a_course_without_noise_gives_the_slopes_of_its_own_scores(estimator):
    months, values = some_people(people=3, level=70)
    comparison = compared(trial_of(months, values, "fvc"), "fvc", estimator=estimator)
    schedule = schedule_of(comparison.endpoints[0], comparison.settings, np.ones(3, dtype=bool))
    level = np.array([[70.3, 81.7, 7.0], [66.1, 55.2, 148.0]])
    after = np.array([[-1.5, 0.4, -2.2], [-3.1, -0.7, 1.0]])
    history = FVC.with_(visit_share=0.0, visit_sd=1e-9, bend=0.31)
    drawn = Drawn(level, np.full((2, 3), 99.0), after)
    slopes = untreated_slopes(schedule, history, drawn, np.random.default_rng(0))
    scale = ENDPOINTS["fvc"]
    for r in range(2):
        for i in range(3):
            t = months[4:]
            course = level[r, i] + after[r, i] * t + 0.31 / 2 * t**2
            drawn_scores = np.clip(np.round(course, scale.decimals), 1, scale.high)
            if estimator == "ols":
                expected = (
                    np.polyfit(months[:4], values[i, :4], 1)[0],
                    np.polyfit(t, drawn_scores, 1)[0],
                )
            else:
                design = np.column_stack([np.ones(7), np.minimum(months, 0), np.maximum(months, 0)])
                scores = np.append(values[i, :4], drawn_scores)
                expected = np.linalg.lstsq(design, scores, rcond=None)[0][1:]
            for found, known in zip(slopes, expected, strict=True):
                assert np.broadcast_to(found, (2, 3))[r, i] == pytest.approx(known, abs=1e-10)


def test_simulated_changes_have_the_closed_form_of_conditional_normal_variables():
    """Scores of one person are jointly normal: those to come, given those that were seen."""
    rng = np.random.default_rng(12)
    months = np.array([-6.0, -4.0, -1.5, 0.0, 2.0, 5.0, 9.0])
    n, seen = 6, 4
    slopes = {"alsfrs_r": rng.normal(-0.7, 0.5, (n, 1)), "fvc": rng.normal(-2, 1, (n, 1))}
    scores = {
        "alsfrs_r": np.round(27 + slopes["alsfrs_r"] * months + rng.normal(0, 1, (n, 7))),
        "fvc": np.round(75 + slopes["fvc"] * months + rng.normal(0, 4, (n, 7))),
    }
    trial = trial_from(pd.concat([_long(months, v, k) for k, v in scores.items()]))
    edits = {
        "alsfrs_r.mean_after": -1.2, "alsfrs_r.sd_after": 0.7, "alsfrs_r.bend": 0.02,
        "fvc.visit_share": 0, "fvc.visit_sd": 4, "fvc.tail_df": 1000, "fvc.correlation": 0.6,
        "fvc.sd_after": 1.4, "fvc.bend": -0.05, "between": 0.7,
    }  # fmt: skip
    comparison = compared(
        trial,
        "alsfrs_r",
        "fvc",
        rate_unit="month",
        untreated_trials=4_000,
        history_values=tuple(f"{k}:{v}" for k, v in edits.items()),
    )
    found = untreated(trial, comparison)
    for own in (False, True):
        histories = [
            ALSFRS.with_(mean_after=-1.2, sd_after=0.7, bend=0.02),
            FVC.with_(visit_share=0, visit_sd=4.0, correlation=0.6, sd_after=1.4, bend=-0.05),
        ]
        if own:
            for e, (history, values) in enumerate(zip(histories, scores.values(), strict=True)):
                straight = values[:, :seen] - history.bend / 2 * months[:seen] ** 2
                mean = np.polyfit(months[:seen], straight.T, 1)[0].mean()
                drift = history.mean_after - history.mean_before
                histories[e] = history.with_(mean_before=mean, mean_after=mean + drift)
        mean, covariance = _joint(histories, months, 0.7)
        before = np.tile(months <= 0, 2)
        later = ~before
        solve = np.linalg.inv(covariance[np.ix_(before, before)])
        gain = covariance[np.ix_(later, before)] @ solve
        left = covariance[np.ix_(later, later)] - gain @ covariance[np.ix_(before, later)]
        y = np.hstack([values[:, :seen] for values in scores.values()])
        to_come = mean[later] + (y - mean[before]) @ gain.T
        t = months[seen:] - months[seen:].mean()
        weights = t / np.sum(t**2)
        for e, one in enumerate(found.endpoints):
            one = one.own_mean if own else one
            part = slice(3 * e, 3 * e + 3)
            run_in = np.polyfit(months[:seen], list(scores.values())[e][:, :seen].T, 1)[0]
            expected = np.mean(to_come[:, part] @ weights - run_in)
            # Rounding to whole numbers adds 1/12 to the variance of a score.
            each = weights @ (left[part, part] + np.eye(3) / 12) @ weights
            sd = math.sqrt(each / n)
            assert one.mean == pytest.approx(expected, abs=SIGMAS * sd / math.sqrt(4_000))
            assert one.changes.std() == pytest.approx(sd, rel=SIGMAS / math.sqrt(8_000))
            share = stats.norm.sf((one.observed - expected) / sd)
            error = math.sqrt(share * (1 - share) / 4_000)
            assert one.at_least.share == pytest.approx(share, abs=SIGMAS * error + 0.001)


def _long(months, values, endpoint):
    return pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in range(len(values))], len(months)),
            "day": np.tile(months * DAYS_PER_MONTH, len(values)),
            "value": values.ravel(),
            "endpoint": endpoint,
        }
    )


def _joint(histories, months, between):
    """Return mean and covariance of all scores of one person, endpoint by endpoint."""
    means, designs, sds, noise = [], [], [], []
    for history in histories:
        slopes = history.mean_before * np.minimum(months, 0)
        slopes = slopes + history.mean_after * np.maximum(months, 0)
        means.append(40 + slopes + history.bend / 2 * months**2)
        columns = (np.ones(7), np.minimum(months, 0), np.maximum(months, 0))
        designs.append(np.column_stack(columns))
        sds += [1e4, history.sd_before, history.sd_after]
        noise += [history.visit_sd**2] * 7
    r = np.eye(6)
    a, b = histories[0].correlation, histories[1].correlation
    r[1, 2], r[4, 5], r[1, 4] = a, b, between
    r[1, 5], r[2, 4] = between * b, between * a
    r[2, 5] = a * b * between + between * math.sqrt((1 - a**2) * (1 - b**2))
    r = np.triu(r) + np.triu(r, 1).T
    design = np.zeros((14, 6))
    design[:7, :3], design[7:, 3:] = designs
    return np.concatenate(means), design @ (r * np.outer(sds, sds)) @ design.T + np.diag(noise)


def test_far_from_the_ends_of_the_scale_the_level_does_not_matter():
    _, values = some_people()
    months = np.array([-6.0, -4.0, -1.5, 0.0, 1.0, 2.0, 3.0])
    found = [
        untreated(trial, compared(trial, untreated_trials=300)).endpoints[0]
        for trial in (trial_of(months, values - 1), trial_of(months, values + 1))
    ]
    np.testing.assert_allclose(found[0].changes, found[1].changes, atol=1e-10)
    assert found[0].at_least == found[1].at_least
    assert found[0].responders == found[1].responders


def test_near_the_floor_declines_are_cut():
    months = np.array([-6.0, -4.0, -2.0, 0.0, 3.0, 6.0, 9.0])
    high, low = (
        untreated(trial, compared(trial)).endpoints[0]
        for trial in (trial_of(months, np.tile(k - months, (8, 1))) for k in (28, 4))
    )
    assert low.mean > high.mean + 0.3


# -- order and batches -----------------------------------------------------------------------------


def test_the_order_and_the_names_of_patients_change_no_distribution():
    months, values = some_people()
    one, other = (
        untreated(trial, compared(trial)).endpoints[0]
        for trial in (trial_of(months, values), trial_of(months, values[::-1]))
    )
    assert one.observed == pytest.approx(other.observed, abs=1e-12)
    error = math.sqrt(one.changes.var() / 1_000)
    assert one.mean == pytest.approx(other.mean, abs=4 * error)
    assert one.changes.std() == pytest.approx(other.changes.std(), rel=4 / math.sqrt(2_000))
    for a, b in ((one.at_least, other.at_least), (one.in_favour, other.in_favour)):
        assert abs(a.share - b.share) <= 4 * math.hypot(a.error, b.error) + 0.002
    assert one.reliability == pytest.approx(other.reliability, abs=1e-12)
    assert not np.array_equal(one.changes, other.changes)


@pytest.mark.parametrize(
    ("total", "visits", "sizes"),
    [
        (10, 100, [10]),
        (10, 250, [4, 4, 2]),
        (3, 5_000, [1, 1, 1]),
        (4, 0, [4]),
        (0, 5, []),
    ],
)
def test_batches_hold_so_many_visits(monkeypatch, total, visits, sizes):
    monkeypatch.setattr(replicates, "_VISITS_AT_ONCE", 1_000)
    assert list(batches(total, visits)) == sizes


@pytest.mark.parametrize("estimator", ["ols", "broken_stick", "theil_sen"])
def test_many_batches_are_joined_in_one_distribution(monkeypatch, estimator):
    trial = trial_of(*some_people())
    comparison = compared(trial, estimator=estimator, untreated_trials=600)
    (whole,) = untreated(trial, comparison).endpoints
    monkeypatch.setattr(replicates, "_VISITS_AT_ONCE", 56 * 7)
    (parts,) = untreated(trial, comparison).endpoints
    assert len(parts.changes) == 600
    # Each batch goes on where the one before it ended.
    assert not np.array_equal(parts.changes[:7], parts.changes[7:14])
    error = math.sqrt(2 * whole.changes.var() / 600)
    assert parts.mean == pytest.approx(whole.mean, abs=4 * error)
    assert parts.changes.std() == pytest.approx(whole.changes.std(), rel=4 / math.sqrt(600))

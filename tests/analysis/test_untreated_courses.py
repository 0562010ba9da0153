"""Untreated people at random: what selection does to them follows from formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.untreated.courses import course_at, draw_people, draw_stops
from analysis.untreated.history import HISTORIES, LEAVING, PRESETS, History, outside_calibration
from analysis.untreated.posterior import Drawn
from analysis.untreated.scores import noisy_scores
from data.endpoints import ENDPOINTS

N = 100_000
BEFORE, AFTER = np.array([-3.0, -1.5, 0.0]), np.array([2.0, 4.0, 6.0])
# Far from both ends, and finer than any noise: neither clipping nor rounding is in the formulas.
FREE = replace(ENDPOINTS["fvc"], low=-1e6, high=1e6, decimals=9, exclusive_low=False)
PLAIN = History(-1.0, -1.2, 0.5, 0.6, 0.4, 1.5, level_mean=50.0, level_sd=5.0)


def people(history, n=N, seed=1, first=0.0):
    return draw_people({"fvc": history}, 0.0, n, np.random.default_rng(seed), first)["fvc"]


def slope(months, scores):
    return np.polynomial.polynomial.polyfit(months, scores.T, 1)[1]


def observed(history, seed=1, n=N):
    rng = np.random.default_rng(seed + 1)
    drawn = people(history, n, seed)
    sides = [
        noisy_scores(course_at(drawn, t, history.bend), history, FREE, rng) for t in (BEFORE, AFTER)
    ]
    return slope(BEFORE, sides[0]), slope(AFTER, sides[1])


def test_without_selection_the_mean_change_is_that_of_the_true_means():
    before, after = observed(PLAIN)
    change = after - before
    assert change.mean() == pytest.approx(-0.2, abs=5 * change.std() / math.sqrt(N))
    assert before.mean() == pytest.approx(-1.0, abs=0.02)


def test_selection_changes_nothing_where_slopes_are_constant_and_visits_exact():
    steady = PLAIN.with_(mean_after=-1.0, sd_after=0.5, correlation=1.0, visit_sd=1e-9)
    before, after = observed(steady)
    chosen = before <= -1.3
    assert 0.2 < chosen.mean() < 0.35
    np.testing.assert_allclose(after[chosen], before[chosen], atol=1e-6)


@pytest.mark.parametrize("cut", [-1.0, -1.5, -2.0])
def test_selection_on_noise_alone_follows_the_truncated_normal(cut):
    """All people have one slope: what is selected is noise, and the slope after forgets it."""
    same = PLAIN.with_(mean_after=-1.0, sd_before=1e-6, sd_after=1e-6)
    before, after = observed(same)
    se = 1.5 / math.sqrt(4.5)  # Sum of squares of −1.5, 0 and 1.5.
    z = (cut + 1.0) / se
    selected = -1.0 - se * stats.norm.pdf(z) / stats.norm.cdf(z)
    chosen = before <= cut
    error = 5 * before.std() / math.sqrt(chosen.sum())
    assert before[chosen].mean() == pytest.approx(selected, abs=error)
    assert after[chosen].mean() == pytest.approx(-1.0, abs=error)


def test_selection_on_slopes_and_noise_follows_the_bivariate_normal():
    before, after = observed(PLAIN)
    se2 = 1.5**2 / 4.5
    total = math.sqrt(0.5**2 + se2)
    z = (-1.5 + 1.0) / total
    beyond = stats.norm.pdf(z) / stats.norm.cdf(z)
    selected = -1.0 - total * beyond
    later = -1.2 + 0.4 * 0.5 * 0.6 / total**2 * (selected + 1.0)
    chosen = before <= -1.5
    error = 5 / math.sqrt(chosen.sum())
    assert before[chosen].mean() == pytest.approx(selected, abs=error * 0.5)
    assert after[chosen].mean() == pytest.approx(later, abs=error * 0.8)


@pytest.mark.parametrize("skew", [0.0, -4.0, 3.0])
def test_moments_of_people(skew):
    history = PLAIN.with_(skew=skew)
    other = PLAIN.with_(mean_before=-3.0, mean_after=-2.0, sd_before=2.0, sd_after=1.0)
    drawn = draw_people({"a": history, "b": other}, 0.3, N, np.random.default_rng(2))
    a, b = drawn["a"], drawn["b"]
    table = np.vstack([a.before[0], a.after[0], b.before[0], b.after[0]])
    np.testing.assert_allclose(table.mean(axis=1), [-1.0, -1.2, -3.0, -2.0], atol=0.03)
    np.testing.assert_allclose(table.std(axis=1), [0.5, 0.6, 2.0, 1.0], rtol=0.02)
    r = np.corrcoef(table)
    assert r[0, 1] == pytest.approx(0.4, abs=0.02)
    assert r[2, 3] == pytest.approx(0.4, abs=0.02)
    assert r[0, 2] == pytest.approx(0.3, abs=0.02)
    assert r[1, 3] == pytest.approx(0.3, abs=0.02)
    third = stats.skew(a.before[0])
    assert third == pytest.approx(stats.skewnorm.stats(skew, moments="s"), abs=0.06)


def test_levels_are_drawn_at_the_first_visit():
    drawn = people(PLAIN.with_(bend=0.02), first=-10.0)
    first = course_at(drawn, np.array([-10.0]), 0.02)[:, 0]
    assert first.mean() == pytest.approx(50.0, abs=0.1)
    assert first.std() == pytest.approx(5.0, abs=0.1)
    assert abs(np.corrcoef(first, drawn.before[0])[0, 1]) < 0.02
    assert np.corrcoef(drawn.level[0], drawn.before[0])[0, 1] > 0.4


def test_scores_are_whole_and_within_the_scale():
    history, endpoint = HISTORIES["alsfrs_r"], ENDPOINTS["alsfrs_r"]
    course = np.linspace(-40, 90, 5_000)
    scores = noisy_scores(course, history, endpoint, np.random.default_rng(3))
    assert np.array_equal(scores, np.round(scores))
    assert scores.min() == 0
    assert scores.max() == 48
    inside = (course > 10) & (course < 38)
    assert (scores - course)[inside].std() == pytest.approx(math.sqrt(1.65**2 + 1 / 12), rel=0.05)


def test_fvc_scatters_by_a_share_of_its_value_with_heavy_tails():
    history, endpoint = HISTORIES["fvc"], ENDPOINTS["fvc"]
    for level in (40.0, 80.0):
        noise = noisy_scores(np.full(N, level), history, endpoint, np.random.default_rng(4)) - level
        assert noise.std() == pytest.approx(0.05 * level, rel=0.05)
        quantile = stats.t.ppf(0.99, 4) * math.sqrt(0.5) * 0.05 * level
        assert np.quantile(noise, 0.99) == pytest.approx(quantile, rel=0.06)


def test_one_seed_gives_the_same_people_and_another_one_others():
    first, again, other = people(PLAIN, 100), people(PLAIN, 100), people(PLAIN, 100, seed=2)
    np.testing.assert_array_equal(first.after, again.after)
    np.testing.assert_array_equal(first.level, again.level)
    assert not np.array_equal(first.after, other.after)


def standing(level, n=N):
    return Drawn(np.full((1, n), float(level)), np.zeros((1, n)), np.zeros((1, n)))


ONLY_DEATH = replace(LEAVING, monthly_dropout=0.0)


def test_a_year_at_the_reference_score_has_the_stated_mortality():
    stops = draw_stops(standing(30), 0.0, ONLY_DEATH, 12, np.random.default_rng(5))
    assert stops.died.mean() == pytest.approx(0.34, abs=0.01)
    assert np.array_equal(stops.died, np.isfinite(stops.month))
    limb = replace(ONLY_DEATH, bulbar_share=0.0)
    stops = draw_stops(standing(30), 0.0, limb, 12, np.random.default_rng(5))
    assert stops.died.mean() == pytest.approx(0.34, abs=0.007)
    half = np.mean(stops.month <= 6)
    assert half == pytest.approx(1 - math.sqrt(0.66), abs=0.007)


@pytest.mark.parametrize("points", [-10, 5, 10])
def test_the_hazard_falls_by_its_ratio_per_point(points):
    limb = replace(ONLY_DEATH, bulbar_share=0.0)
    died = draw_stops(standing(30 + points), 0.0, limb, 12, np.random.default_rng(6)).died.mean()
    assert died == pytest.approx(1 - 0.66 ** (0.936**points), abs=0.007)


def test_bulbar_onset_and_dropout_have_their_hazards():
    bulbar = replace(ONLY_DEATH, bulbar_share=0.999999, bulbar_ratio=1.29)
    # With everybody bulbar the mixture is all of them: the mortality is the stated one again.
    died = draw_stops(standing(30), 0.0, bulbar, 12, np.random.default_rng(7)).died.mean()
    assert died == pytest.approx(0.34, abs=0.007)
    leaves = replace(LEAVING, yearly_mortality=0.0, monthly_dropout=0.1)
    stops = draw_stops(standing(30), 0.0, leaves, 12, np.random.default_rng(8))
    assert not stops.died.any()
    assert np.mean(stops.month <= 1) == pytest.approx(0.1, abs=0.005)
    assert np.mean(stops.month <= 12) == pytest.approx(1 - 0.9**12, abs=0.007)


def test_nobody_leaves_earlier_with_a_higher_score():
    """With the same chance: each person's end moves by the hazard alone."""
    low, high = (
        draw_stops(standing(level, 5_000), 0.0, LEAVING, 24, np.random.default_rng(10))
        for level in (28, 31)
    )
    assert np.all(high.month >= low.month)
    assert np.mean(high.month > low.month) > 0.3


def test_steep_courses_end_earlier():
    drawn = people(HISTORIES["alsfrs_r"], first=-3.0)
    stops = draw_stops(drawn, 0.0, LEAVING, 12, np.random.default_rng(9))
    stayed = np.isinf(stops.month)
    assert drawn.after[0][stops.died].mean() < drawn.after[0][stayed].mean() - 0.1
    nobody = replace(LEAVING, yearly_mortality=0.0, monthly_dropout=0.0)
    assert np.isinf(draw_stops(drawn, 0.0, nobody, 12, np.random.default_rng(9)).month).all()


def test_every_number_has_a_source_and_every_preset_is_possible():
    for key, history in HISTORIES.items():
        names = set(History.__dataclass_fields__) - {"sources"}
        assert names == set(history.sources), key
    for preset in PRESETS:
        for key, changes in preset.changes.items():
            HISTORIES[key].with_(**changes)
        assert preset.note
    assert PRESETS[0].key == "reference"
    assert not any(PRESETS[0].changes.values())
    assert set(LEAVING.sources) == set(type(LEAVING).__dataclass_fields__) - {"sources"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sd_before": 0.0},
        {"sd_after": -1.0},
        {"correlation": 1.01},
        {"visit_sd": 0.0},
        {"visit_sd": -1.0},
        {"tail_df": 2.0},
        {"level_sd": -0.1},
        {"sd_before": math.inf},
        {"mean_before": math.nan},
        {"visit_sd": math.inf},
        {"skew": -math.inf},
        {"bend": math.nan},
    ],
)
def test_impossible_numbers_are_refused(changes):
    with pytest.raises(ValueError, match=r"SD|correlation|degrees|finite"):
        PLAIN.with_(**changes)
    with pytest.raises(ValueError, match="ratios"):
        replace(LEAVING, per_point=0.0)
    with pytest.raises(ValueError, match="share"):
        replace(LEAVING, yearly_mortality=1.0)


def test_windows_outside_the_calibration_are_named():
    """Day 0 of the summary is its month 3, so its last visits are in month 9 of the follow-up."""
    for run_in, follow_up in ((3.0, 4.0), (3.0, 9.0), (2.8, 9.2), (3.2, 3.8)):
        assert outside_calibration(run_in, follow_up) == ()
    (longer,) = outside_calibration(6.0, 9.0)
    assert longer.startswith("extrapolated: the run-in of 6.0 months")
    assert longer.endswith("outside the 3 months of the calibration")
    (after,) = outside_calibration(3.0, 12.0)
    assert after.startswith("extrapolated: the follow-up of 12.0 months")
    assert after.endswith("outside the 4 to 9 months of the calibration")
    assert len(outside_calibration(3.0, 3.0)) == 1
    assert len(outside_calibration(1.0, 24.0)) == 2

"""True courses given a run-in: against Bayesian regression with matrices, and integration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.untreated.history import HISTORIES
from analysis.untreated.posterior import (
    RunIn,
    draw_given_run_in,
    run_in_of,
    slopes_given_run_in,
)

ALSFRS = HISTORIES["alsfrs_r"]
FVC = HISTORIES["fvc"]
DRAWS = 200_000
SIGMAS = 4.5
"""Standard errors that a moment of the draws may be off: 1 of 150,000 correct ones is."""


def by_matrices(visits, histories, between):
    """Return mean and covariance of (before, after) of each endpoint and then of their levels.

    Ordinary Bayesian regression: a very wide prior stands for the flat one of the levels. A known
    bend of the course is an offset of the visits.
    """
    k = len(histories)
    prior = np.zeros((3 * k, 3 * k))
    mean = np.full(3 * k, 50.0)
    for i, a in enumerate(histories):
        mean[2 * i : 2 * i + 2] = a.mean_before, a.mean_after
        prior[2 * k + i, 2 * k + i] = 1e8
        for j, b in enumerate(histories):
            shared = 1.0 if i == j else between
            left = math.sqrt((1 - a.correlation**2) * (1 - b.correlation**2))
            block = shared * np.array(
                [[1, b.correlation], [a.correlation, a.correlation * b.correlation + left]]
            )
            sds = np.outer([a.sd_before, a.sd_after], [b.sd_before, b.sd_after])
            prior[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = block * sds
    precision, weighted = np.linalg.inv(prior), np.linalg.inv(prior) @ mean
    for e, (months, values) in enumerate(visits):
        if not len(months):
            continue
        noise = histories[e].noise_sd(np.mean(values))
        design = np.zeros((len(months), 3 * k))
        design[:, 2 * e] = months
        design[:, 2 * k + e] = 1
        straight = values - histories[e].bend / 2 * np.square(months)
        precision = precision + design.T @ design / noise**2
        weighted = weighted + design.T @ straight / noise**2
    covariance = np.linalg.inv(precision)
    return covariance @ weighted, covariance


def summarised(people, bends):
    """Return the run-ins of several people, as ``people[i][endpoint] = (months, values)``."""
    run_ins = []
    for e, bend in enumerate(bends):
        who = np.concatenate([np.full(len(p[e][0]), i) for i, p in enumerate(people)])
        month, value = (np.concatenate([np.array(p[e][x]) for p in people]) for x in (0, 1))
        run_ins.append(run_in_of(who.astype(np.int64), month, value, len(people), bend))
    return tuple(run_ins)


NOBODY = (np.empty(0), np.empty(0))
PEOPLE = [
    (
        (np.array([-6.0, -3.5, -1.0, 0.0]), np.array([44.0, 41, 40, 36])),
        (np.array([-6.0, 0.0]), np.array([90.0, 71])),
    ),
    (
        (np.array([-0.5]), np.array([31.0])),
        (np.array([-9.0, -4.0, -2.0]), np.array([100.0, 88, 95])),
    ),
    ((np.array([-4.0, -2.0, 0.0]), np.array([30.0, 31, 32])), NOBODY),
    (NOBODY, (np.array([-3.0, -2.0, -1.0, 0.0]), np.array([60.0, 50, 41, 30]))),
    ((np.array([0.0]), np.array([44.0])), (np.array([-2.0]), np.array([66.0]))),
]
BOTH = (
    ALSFRS.with_(mean_after=-1.2, sd_after=0.7, visit_sd=1.5, bend=0.03),
    FVC.with_(
        mean_after=-2.0, sd_after=1.5, visit_sd=4.5, visit_share=0.0, correlation=0.6, bend=-0.08
    ),
)


@pytest.mark.parametrize("between", [0.5, -0.7, 0.0])
def test_draws_of_two_endpoints_are_those_of_bayesian_regression(between):
    run_ins = summarised(PEOPLE, [history.bend for history in BOTH])
    drawn = draw_given_run_in(run_ins, BOTH, between, DRAWS, np.random.default_rng(1))
    for i, visits in enumerate(PEOPLE):
        found = np.column_stack(
            [one for d in drawn for one in (d.before[:, i], d.after[:, i])]
            + [d.level[:, i] for d in drawn]
        )
        known = np.array([True] * 4 + [len(months) > 0 for months, _ in visits])
        assert np.all(np.isnan(found[:, ~known]))
        found = found[:, known]
        mean, covariance = by_matrices(visits, BOTH, between)
        mean, covariance = mean[known], covariance[np.ix_(known, known)]
        sd = np.sqrt(np.diag(covariance))
        assert np.all(np.abs(found.mean(axis=0) - mean) < SIGMAS * sd / math.sqrt(DRAWS))
        assert np.all(np.abs(found.std(axis=0) / sd - 1) < SIGMAS / math.sqrt(2 * DRAWS))
        correlation = covariance / np.outer(sd, sd)
        error = (1 - correlation**2) / math.sqrt(DRAWS)
        assert np.all(np.abs(np.corrcoef(found.T) - correlation) < SIGMAS * error + 1e-12)


def test_draws_of_one_endpoint_are_those_of_bayesian_regression():
    visits = [PEOPLE[0][:1], PEOPLE[1][:1]]
    (run_in,) = summarised(visits, [BOTH[0].bend])
    (drawn,) = draw_given_run_in((run_in,), BOTH[:1], 0.9, DRAWS, np.random.default_rng(2))
    for i, visit in enumerate(visits):
        mean, covariance = by_matrices(visit, BOTH[:1], 0.9)
        found = np.column_stack([drawn.before[:, i], drawn.after[:, i], drawn.level[:, i]])
        sd = np.sqrt(np.diag(covariance))
        assert np.all(np.abs(found.mean(axis=0) - mean) < SIGMAS * sd / math.sqrt(DRAWS))
        size = np.outer(sd, sd)
        np.testing.assert_allclose(np.cov(found.T) / size, covariance / size, atol=0.012)


def test_the_order_of_endpoints_changes_no_distribution():
    run_ins = summarised(PEOPLE, [history.bend for history in BOTH])
    there = draw_given_run_in(run_ins, BOTH, 0.5, DRAWS, np.random.default_rng(3))
    back = draw_given_run_in(run_ins[::-1], BOTH[::-1], 0.5, DRAWS, np.random.default_rng(4))[::-1]
    for one, other in zip(there, back, strict=True):
        for a, b in ((one.before, other.before), (one.after, other.after)):
            error = np.sqrt(2 / DRAWS) * a.std(axis=0)
            assert np.all(np.abs(a.mean(axis=0) - b.mean(axis=0)) < SIGMAS * error)
            assert np.all(np.abs(a.std(axis=0) / b.std(axis=0) - 1) < SIGMAS / math.sqrt(DRAWS))


@pytest.mark.parametrize(("correlation", "sign"), [(1.0, 1), (-1.0, -1)])
def test_slopes_that_never_change_are_drawn_once(correlation, sign):
    history = ALSFRS.with_(correlation=correlation, sd_after=1.16, mean_after=-0.5)
    (run_in,) = summarised([PEOPLE[0][:1]], [0.0])
    (drawn,) = draw_given_run_in((run_in,), (history,), 0.0, 50, np.random.default_rng(5))
    np.testing.assert_allclose(drawn.after, -0.5 + sign * 2 * (drawn.before + 0.99), atol=1e-12)


def test_only_some_patients_are_taken_by_their_positions():
    run_ins = summarised(PEOPLE, [0.0, 0.0])
    (drawn, _) = draw_given_run_in(run_ins, BOTH, 0.5, 7, np.random.default_rng(6))
    some = drawn.of(np.array([4, 0]))
    for name in ("level", "before", "after"):
        np.testing.assert_array_equal(getattr(some, name), getattr(drawn, name)[:, [4, 0]])


# -- skewed slopes ---------------------------------------------------------------------------------


def skewed_prior(grid, history):
    """Return the skew-normal density with the mean and SD of the slopes before."""
    location, scale = skewed_base(history)
    return stats.skewnorm.pdf(grid, history.skew, location, scale)


def skewed_base(history):
    delta = history.skew / math.sqrt(1 + history.skew**2)
    scale = history.sd_before / math.sqrt(1 - 2 * delta**2 / math.pi)
    return history.mean_before - scale * delta * math.sqrt(2 / math.pi), scale


def integrated(history, seen, sxx, noise):
    """Return mean, SD and third moment of the slope given a least-squares slope of a run-in."""
    grid = np.linspace(-14, 10, 600_001)
    location, scale = skewed_base(history)
    # In logarithms: the two factors may have their mass far apart.
    density = stats.norm.logpdf(grid, location, scale)
    density += stats.norm.logcdf(history.skew * (grid - location) / scale)
    if sxx:
        density += stats.norm.logpdf(grid, seen, noise / math.sqrt(sxx))
    density = np.exp(density - density.max())
    density /= density.sum()
    mean = float(density @ grid)
    sd = math.sqrt(float(density @ (grid - mean) ** 2))
    return mean, sd, float(density @ ((grid - mean) / sd) ** 3)


SKEWED_RUN_INS = [(4.5, -2.2), (4.5, -0.1), (80.0, 0.9), (0.0, 0.0), (30.0, -3.5)]


@pytest.mark.parametrize("skew", [-20.0, -4.0, 2.5])
def test_skewed_slopes_are_those_of_numerical_integration(skew):
    history = ALSFRS.with_(skew=skew)
    sxx, seen = (np.array(x) for x in zip(*SKEWED_RUN_INS, strict=True))
    run_in = RunIn(np.full(5, 3.0), np.full(5, -1.5), np.full(5, 40.0), sxx, sxx * seen)
    (drawn,) = draw_given_run_in((run_in,), (history,), 0.0, DRAWS, np.random.default_rng(7))
    means = slopes_given_run_in(run_in, history)
    for i, (of_time, slope) in enumerate(SKEWED_RUN_INS):
        mean, sd, third = integrated(history, slope, of_time, 1.65)
        slopes = drawn.before[:, i]
        assert means[i] == pytest.approx(mean, abs=2e-6)
        assert abs(slopes.mean() - mean) < SIGMAS * sd / math.sqrt(DRAWS)
        assert slopes.std() == pytest.approx(sd, rel=0.012)
        assert stats.skew(slopes) == pytest.approx(third, abs=0.035)
        after = drawn.after[:, i]
        assert after.mean() == pytest.approx(-0.99 + 0.47 * (mean + 0.99), abs=0.006)
        spread = math.sqrt(0.47**2 * sd**2 + (1 - 0.47**2) * 0.58**2)
        assert after.std() == pytest.approx(spread, rel=0.012)


def test_one_visit_leaves_the_skewed_slopes_of_the_population():
    history = ALSFRS.with_(skew=-4.0)
    run_in = run_in_of(np.array([0]), np.array([-1.0]), np.array([38.0]), 1, 0.0)
    (drawn,) = draw_given_run_in((run_in,), (history,), 0.0, 20_000, np.random.default_rng(8))
    location, scale = skewed_base(history)
    population = stats.skewnorm(-4.0, location, scale)
    assert stats.kstest(drawn.before[:, 0], population.cdf).pvalue > 0.001
    assert slopes_given_run_in(run_in, history)[0] == pytest.approx(-0.99, abs=1e-12)


def test_a_skewed_first_endpoint_with_a_second_one_is_integrated_over_both():
    first, second = ALSFRS.with_(skew=-4.0), FVC.with_(visit_sd=4.0, visit_share=0.0, tail_df=1e9)
    seen, sxx = (-0.4, -5.5), (6.0, 10.0)
    run_ins = tuple(
        RunIn(*(np.array([x]) for x in (3.0, -2.0, 40.0, s, s * b)))
        for s, b in zip(sxx, seen, strict=True)
    )
    drawn = draw_given_run_in(run_ins, (first, second), 0.5, DRAWS, np.random.default_rng(9))
    a, b = np.meshgrid(np.linspace(-4, 2, 1201), np.linspace(-12, 6, 1201), indexing="ij")
    density = skewed_prior(a, first)
    density *= stats.norm.pdf(b, -2.7 + 0.5 * 2.0 / 0.58 * (a + 0.99), 2.0 * math.sqrt(1 - 0.5**2))
    density *= stats.norm.pdf(a, seen[0], 1.65 / math.sqrt(sxx[0]))
    density *= stats.norm.pdf(b, seen[1], 4.0 / math.sqrt(sxx[1]))
    density /= density.sum()
    grids = (a, b)
    mean = [float(np.sum(density * g)) for g in grids]
    sd = [math.sqrt(np.sum(density * (g - m) ** 2)) for g, m in zip(grids, mean, strict=True)]
    together = float(np.sum(density * (a - mean[0]) * (b - mean[1]))) / (sd[0] * sd[1])
    for k, one in enumerate(drawn):
        assert abs(one.before.mean() - mean[k]) < SIGMAS * sd[k] / math.sqrt(DRAWS)
        assert one.before.std() == pytest.approx(sd[k], rel=0.012)
    found = np.corrcoef(drawn[0].before[:, 0], drawn[1].before[:, 0])[0, 1]
    assert found == pytest.approx(together, abs=SIGMAS / math.sqrt(DRAWS))


def test_with_two_endpoints_only_the_skew_of_the_first_one_counts():
    run_ins = summarised(PEOPLE, [0.0, 0.0])
    pair = (ALSFRS.with_(skew=-4.0), FVC)
    one = draw_given_run_in(run_ins, pair, 0.5, 20, np.random.default_rng(10))
    skewed = (pair[0], FVC.with_(skew=-4.0))
    other = draw_given_run_in(run_ins, skewed, 0.5, 20, np.random.default_rng(10))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.before, b.before)


def test_extreme_run_ins_of_skewed_slopes_stay_finite():
    history = ALSFRS.with_(skew=-20.0)
    sxx = np.full(2, 300.0)
    run_in = RunIn(np.full(2, 9.0), np.full(2, -5.0), np.full(2, 40.0), sxx, sxx * [9.0, -12.0])
    (drawn,) = draw_given_run_in((run_in,), (history,), 0.0, 2_000, np.random.default_rng(11))
    means = slopes_given_run_in(run_in, history)
    assert np.all(np.isfinite(drawn.before))
    for i, seen in enumerate((9.0, -12.0)):
        mean, sd, _ = integrated(history, seen, 300.0, 1.65)
        assert means[i] == pytest.approx(mean, abs=1e-5)
        assert abs(drawn.before[:, i].mean() - mean) < SIGMAS * sd / math.sqrt(2_000)
        assert drawn.before[:, i].std() == pytest.approx(sd, rel=0.08)


# -- summaries of a run-in -------------------------------------------------------------------------


def test_the_expected_run_in_slope_is_the_shrunken_one():
    run_in = RunIn(*(np.array([x]) for x in (4.0, -3.0, 40.0, 20.0, -40.0)))
    weight = 0.58**2 / (0.58**2 + 1.65**2 / 20)
    expected = -0.99 + weight * (-2.0 + 0.99)
    assert slopes_given_run_in(run_in, ALSFRS)[0] == pytest.approx(expected, abs=1e-12)


def test_the_scatter_of_fvc_is_that_of_the_mean_value_of_the_run_in():
    numbers = ([4.0, 4.0], [-3.0, -3.0], [40.0, 100.0], [20.0, 20.0], [-100.0, -100.0])
    run_in = RunIn(*(np.array(pair) for pair in numbers))
    for i, noise in enumerate((2.0, 5.0)):
        weight = 4 / (4 + noise**2 / 20)
        expected = -2.7 + weight * (-5.0 + 2.7)
        assert slopes_given_run_in(run_in, FVC)[i] == pytest.approx(expected, abs=1e-12)


def test_run_ins_are_summarised_patient_by_patient_with_the_bend_taken_out():
    months = np.array([-6.0, -4.0, -1.0, 0.0])
    bent = 40 - 1.3 * months + 0.05 / 2 * months**2
    who = np.array([0, 0, 0, 0, 2])
    run_in = run_in_of(who, np.append(months, -2.0), np.append(bent, 20.1), 3, 0.05)
    assert run_in.sxy[0] / run_in.sxx[0] == pytest.approx(-1.3, abs=1e-12)
    assert run_in.sxx[0] == pytest.approx(np.sum((months + 2.75) ** 2))
    assert list(run_in.n) == [4, 0, 1]
    np.testing.assert_allclose(run_in.mean_month, [-2.75, np.nan, -2.0])
    np.testing.assert_allclose(run_in.mean_value, [40 + 1.3 * 2.75, np.nan, 20.0])
    assert run_in.sxx[1] == run_in.sxx[2] == run_in.sxy[1] == run_in.sxy[2] == 0

"""The mixed model against closed forms, dense matrices and its own symmetries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from analysis.mixed_model import MixedData, NotEstimable, fit_mixed, likelihood_ratio, search
from analysis.mixed_model.deviance import Point
from analysis.mixed_model.search import Objective
from analysis.mixed_model.statistics import summarise_rows

search_a_little = settings(max_examples=15)


def hinge_columns(t):
    return np.column_stack([np.ones_like(t), t, np.maximum(t, 0)])


def hinge_data(n=10, seed=0, *, spread=(7.0, 0.5, 0.45), missing=0.1, noise=1.3, late=1.0):
    """Simulate an unbalanced trial; SDs of level, slope and change a patient."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n), 9)
    t = np.tile(np.arange(-12.0, 15.0, 3.0), n) + rng.uniform(-0.3, 0.3, 9 * n)
    keep = rng.random(9 * n) >= missing
    patient, t = np.unique(patient[keep], return_inverse=True)[1], t[keep]
    x = hinge_columns(t)
    effects = np.array([36.0, -0.9, 0.1]) + rng.normal(size=(n, 3)) * spread
    sd = np.where(t > 0, noise * late, noise)
    y = np.einsum("nk,nk->n", x, effects[patient]) + rng.normal(size=len(t)) * sd
    return MixedData(patient, y, x, x, ("level", "slope", "change"), (t > 0).astype(int))


def one_way(values):
    """Return rows of a table of patients (rows) and visits (columns), random intercept."""
    n, visits = values.shape
    ones = np.ones((values.size, 1))
    return MixedData(np.repeat(np.arange(n), visits), values.ravel(), ones, ones, ("mean",))


def covariance(data, psi, sigma2, ratio=1.0):
    """Return the N x N covariance of y."""
    same = data.patient[:, None] == data.patient[None]
    variances = np.full(data.n_rows, sigma2)
    if ratio != 1.0:
        variances[data.stratum == 1] *= ratio
    return same * (data.z @ psi @ data.z.T) + np.diag(variances)


def dense_loglik(data, psi, sigma2, *, reml, ratio=1.0):
    """Return the log-likelihood from the N x N covariance, maximised over the fixed effects."""
    v = covariance(data, psi, sigma2, ratio)
    inverse = np.linalg.inv(v)
    information = data.x.T @ inverse @ data.x
    beta = np.linalg.solve(information, data.x.T @ inverse @ data.y)
    value = stats.multivariate_normal(data.x @ beta, v).logpdf(data.y)
    if reml:
        p = data.x.shape[1]
        value += p / 2 * math.log(2 * math.pi) - np.linalg.slogdet(information)[1] / 2
    return float(value)


ROOMY = np.array([[3.0, 5, 4, 6], [9, 8, 10, 7], [1, 2, 0, 3], [6, 6, 7, 5], [4, 7, 5, 5]])
CROWDED = np.array([[1.0, 9, 5, 3], [8, 2, 4, 7], [3, 6, 9, 1], [5, 5, 2, 9]])


def mean_squares(values):
    n, visits = values.shape
    between = visits * np.var(values.mean(axis=1), ddof=1)
    within = np.sum((values - values.mean(axis=1, keepdims=True)) ** 2) / (n * (visits - 1))
    return between, within


def test_a_balanced_random_intercept_by_reml_is_the_analysis_of_variance():
    n, visits = ROOMY.shape
    between, within = mean_squares(ROOMY)
    fit = fit_mixed(one_way(ROOMY))
    assert fit.sigma**2 == pytest.approx(within, rel=1e-8)
    assert fit.psi[0, 0] == pytest.approx((between - within) / visits, rel=1e-8)
    assert fit.beta[0] == pytest.approx(ROOMY.mean(), rel=1e-12)
    t = stats.ttest_1samp(ROOMY.mean(axis=1), 0)
    for df in ("kenward-roger", "satterthwaite"):
        found = fit.contrast([1], df=df)
        assert found.se == pytest.approx(math.sqrt(between / (n * visits)), rel=1e-8)
        assert found.df == pytest.approx(n - 1, rel=1e-6)
        assert found.p == pytest.approx(t.pvalue, rel=1e-6)
    assert not fit.singular
    assert fit.converged
    shrink = 1 - within / between
    assert_allclose(fit.blups[:, 0], shrink * (ROOMY.mean(axis=1) - ROOMY.mean()), rtol=1e-7)


def test_a_balanced_random_intercept_by_ml():
    n, visits = ROOMY.shape
    between, within = mean_squares(ROOMY)
    fit = fit_mixed(one_way(ROOMY), reml=False)
    assert fit.sigma**2 == pytest.approx(within, rel=1e-8)
    assert fit.psi[0, 0] == pytest.approx(((n - 1) / n * between - within) / visits, rel=1e-7)


def test_a_negative_variance_component_is_estimated_as_zero_and_flagged():
    between, within = mean_squares(CROWDED)
    assert between < within
    fit = fit_mixed(one_way(CROWDED))
    assert fit.singular
    assert fit.converged
    assert fit.psi[0, 0] == pytest.approx(0, abs=1e-8)
    assert fit.sigma == pytest.approx(np.std(CROWDED, ddof=1), rel=1e-8)
    assert_allclose(fit.blups, 0, atol=1e-8)


def test_two_visits_a_patient_give_the_paired_t_test():
    rng = np.random.default_rng(3)
    level = rng.normal(30, 5, 9)
    pairs = np.column_stack([level, level - 1]) + rng.normal(0, 1, (9, 2))
    second = np.tile([0.0, 1.0], 9)
    x = np.column_stack([np.ones(18), second])
    data = MixedData(np.repeat(np.arange(9), 2), pairs.ravel(), x, x[:, :1], ("a", "b"))
    found = fit_mixed(data).contrast([0, 1])
    t = stats.ttest_rel(pairs[:, 1], pairs[:, 0])
    assert found.statistic == pytest.approx(t.statistic, rel=1e-7)
    assert found.df == pytest.approx(8, rel=1e-6)
    assert found.p == pytest.approx(t.pvalue, rel=1e-6)


def test_on_one_schedule_the_model_is_the_two_stage_analysis():
    rng = np.random.default_rng(11)
    n, t = 7, np.arange(-9.0, 13.0, 3.0)
    x = hinge_columns(t)
    effects = np.array([36.0, -0.9, 0.3]) + rng.normal(size=(n, 3)) * (6, 0.6, 0.6)
    scores = effects @ x.T + rng.normal(0, 0.8, (n, len(t)))
    changes = np.linalg.lstsq(x, scores.T, rcond=None)[0][2]
    full = np.tile(x, (n, 1))
    patient = np.repeat(np.arange(n), len(t))
    fit = fit_mixed(MixedData(patient, scores.ravel(), full, full, ("a", "b", "c")))
    assert not fit.singular
    expected = stats.ttest_1samp(changes, 0)
    interval = expected.confidence_interval(0.9)
    for df in ("kenward-roger", "satterthwaite"):
        found = fit.contrast([0, 0, 1], df=df, level=0.9)
        assert found.estimate == pytest.approx(changes.mean(), rel=1e-9)
        assert found.se == pytest.approx(stats.sem(changes), rel=1e-6)
        assert found.df == pytest.approx(n - 1, rel=1e-5)
        assert found.p == pytest.approx(expected.pvalue, rel=1e-5)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-5)
    # With one schedule the spread of the fitted lines is the spread of the patients plus that of
    # the residuals.
    own = np.linalg.lstsq(x, scores.T, rcond=None)[0]
    assert_allclose(np.cov(own), fit.psi + fit.sigma**2 * np.linalg.inv(x.T @ x), rtol=1e-6)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("two", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_is_that_of_a_multivariate_normal(reml, two, seed):
    data = hinge_data(6, seed, late=1.6)
    fit = fit_mixed(data, reml=reml, two_variances=two)
    assert fit.converged
    found = dense_loglik(data, fit.psi, fit.sigma**2, reml=reml, ratio=fit.variance_ratio)
    assert fit.loglik == pytest.approx(found, abs=1e-7)
    inverse = np.linalg.inv(covariance(data, fit.psi, fit.sigma**2, fit.variance_ratio))
    vcov = np.linalg.inv(data.x.T @ inverse @ data.x)
    assert_allclose(fit.vcov, vcov, rtol=1e-7)
    assert_allclose(fit.beta, vcov @ data.x.T @ inverse @ data.y, rtol=1e-8)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("spread", [(7, 0.5, 0.45), (7, 0.5, 0.0), (7, 0.0, 0.0), (0, 0, 0)])
def test_no_other_covariance_is_more_likely(reml, spread):
    """Try covariances near and far, also ones that open a variance that is zero."""
    rng = np.random.default_rng(1)
    for seed in range(3):
        data = hinge_data(6, seed + 20, spread=spread)
        fit = fit_mixed(data, reml=reml)
        unit = np.diag([1.0, 0.1, 0.1]) * fit.sigma
        for size in (1e-4, 1e-3, 1e-2, 0.1, 1.0):
            for _ in range(6):
                turn = np.eye(3) + size * rng.normal(size=(3, 3))
                spike = unit @ rng.normal(size=(3, 1))
                psi = turn @ fit.psi @ turn.T + size * rng.integers(0, 2) * spike @ spike.T
                sigma2 = fit.sigma**2 * math.exp(size * rng.normal())
                assert dense_loglik(data, psi, sigma2, reml=reml) <= fit.loglik + 1e-7


@pytest.mark.parametrize("diagonal", [(0, 0, 0), (3, 0, 0), (3, 3, 0), (0, 1, 1)])
def test_a_false_zero_is_left_again(monkeypatch, diagonal):
    """The gradient vanishes at a zero variance: only the certificate tells it from an optimum."""
    data = hinge_data(12, 3)
    expected = fit_mixed(data)
    assert not expected.singular
    monkeypatch.setattr(
        search, "_start", lambda objective: np.diag(diagonal)[objective.lower] * 1.0
    )
    fit = fit_mixed(data)
    assert fit.loglik == pytest.approx(expected.loglik, abs=1e-8)
    assert fit.converged
    assert not fit.singular


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("two", [True, False])
def test_the_gradient_equals_finite_differences(reml, two):
    rng = np.random.default_rng(4)
    statistics = summarise_rows(hinge_data(8, 2), two_variances=two)
    objective = Objective(statistics, reml=reml)
    for _ in range(5):
        factor = np.tril(rng.normal(size=(3, 3)))
        vector = objective.vector(Point(factor, float(rng.normal()) * 0.5))
        _, gradient = objective(vector)
        step = 1e-5
        numeric = [
            (objective(vector + step * e)[0] - objective(vector - step * e)[0]) / (2 * step)
            for e in np.eye(len(vector))
        ]
        assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * np.abs(gradient).max())


def dense_kenward_roger(data, fit, c):
    """Return SE and df of Kenward & Roger 1997 from N x N matrices."""
    same = data.patient[:, None] == data.patient[None]
    q = data.z.shape[1]
    derivatives = []
    for a in range(q):
        for b in range(a + 1):
            e = np.zeros((q, q))
            e[a, b] = e[b, a] = 1
            derivatives.append(same * (data.z @ e @ data.z.T))
    late = data.stratum == 1
    if fit.two_variances:
        derivatives += [np.diag((~late).astype(float)), np.diag(late.astype(float))]
    else:
        derivatives.append(np.eye(data.n_rows))
    inverse = np.linalg.inv(covariance(data, fit.psi, fit.sigma**2, fit.variance_ratio))
    phi = np.linalg.inv(data.x.T @ inverse @ data.x)
    turned = [inverse @ g for g in derivatives]
    k = len(turned)
    p = [-data.x.T @ w @ inverse @ data.x for w in turned]
    information = np.empty((k, k))
    q_parts = {}
    for i in range(k):
        for j in range(k):
            q_parts[i, j] = data.x.T @ turned[i] @ turned[j] @ inverse @ data.x
            both = 2 * phi @ q_parts[i, j] - phi @ p[i] @ phi @ p[j]
            information[i, j] = (np.sum(turned[i] * turned[j].T) - np.trace(both)) / 2
    w = np.linalg.inv(information)
    middle = sum(w[i, j] * (q_parts[i, j] - p[i] @ phi @ p[j]) for i in range(k) for j in range(k))
    adjusted = phi + 2 * phi @ middle @ phi
    slopes = np.array([c @ phi @ g @ phi @ c for g in p])
    variance = c @ phi @ c
    return math.sqrt(c @ adjusted @ c), 2 * variance**2 / (slopes @ w @ slopes)


@pytest.mark.parametrize("two", [True, False])
@pytest.mark.parametrize("spread", [(7, 0.5, 0.45), (7, 0.5, 0.0)])
def test_kenward_roger_equals_the_dense_formulae(two, spread):
    for seed in range(3):
        data = hinge_data(6, seed + 40, spread=spread, late=1.5)
        fit = fit_mixed(data, two_variances=two)
        for c in np.array([[0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0.0]]):
            found = fit.contrast(c)
            se, df = dense_kenward_roger(data, fit, c)
            assert found.se == pytest.approx(se, rel=1e-6)
            assert found.df == pytest.approx(df, rel=1e-5)


@search_a_little
@given(
    seed=st.integers(0, 50),
    shift=st.floats(-60, 60),
    unit=st.sampled_from([1 / 30.4375, 12.0, 1000.0]),
    score=st.sampled_from([-1.0, 0.01, 250.0]),
)
def test_units_and_shifts_change_nothing_else(seed, shift, unit, score):
    data = hinge_data(7, seed)
    fit = fit_mixed(data)
    scale = np.array([1.0, 1 / unit, 1 / unit])
    x = data.x / scale
    moved = fit_mixed(MixedData(data.patient, score * data.y + shift, x, x, data.names))
    back = moved.beta / score / scale
    back[0] -= shift / score
    assert moved.singular == fit.singular
    assert moved.sigma == pytest.approx(abs(score) * fit.sigma, rel=1e-6)
    se = np.sqrt(np.diag(fit.vcov))
    assert_allclose((back - fit.beta) / se, 0, atol=1e-6)
    for c in np.eye(3)[1:]:
        one, other = fit.contrast(c), moved.contrast(c)
        assert other.df == pytest.approx(one.df, rel=1e-6)
        assert other.p == pytest.approx(one.p, rel=1e-5)
    sd = np.sqrt(np.diag(fit.psi)) + 1e-9
    psi = moved.psi / score**2 / np.outer(scale, scale)
    assert_allclose((psi - fit.psi) / np.outer(sd, sd), 0, atol=1e-5)


@search_a_little
@given(seed=st.integers(0, 50))
def test_order_of_rows_and_names_of_patients_do_not_matter(seed):
    data = hinge_data(7, seed)
    fit = fit_mixed(data)
    rng = np.random.default_rng(seed)
    order = rng.permutation(data.n_rows)
    codes = rng.permutation(7)
    other = fit_mixed(
        MixedData(
            codes[data.patient][order], data.y[order], data.x[order], data.z[order], data.names
        )
    )
    assert other.loglik == pytest.approx(fit.loglik, abs=1e-8)
    for c in np.eye(3):
        one, two = fit.contrast(c), other.contrast(c)
        assert_allclose((two.estimate - one.estimate) / one.se, 0, atol=1e-6)
        assert_allclose((two.se, two.df), (one.se, one.df), rtol=1e-6)
    sd = np.sqrt(np.diag(fit.psi)) + 1e-9
    assert_allclose((other.blups[codes] - fit.blups) / sd, 0, atol=1e-5)


def test_a_shift_of_time_turns_the_columns_only():
    """Moving the origin of a straight line mixes intercept and slope, in X and in Z alike."""
    base = hinge_data(8, 5)
    t = base.x[:, 1]
    fits = []
    for origin in (0.0, 1000.0):
        x = np.column_stack([np.ones_like(t), t - origin])
        fits.append(fit_mixed(MixedData(base.patient, base.y, x, x, ("a", "b"))))
    one, other = fits
    assert other.loglik == pytest.approx(one.loglik, abs=1e-6)
    assert_allclose(other.beta[1], one.beta[1], rtol=1e-6)
    assert other.contrast([0, 1]).df == pytest.approx(one.contrast([0, 1]).df, rel=1e-6)
    at_zero = other.contrast([1, -1000])
    assert at_zero.estimate == pytest.approx(one.beta[0], rel=1e-6)
    assert at_zero.se == pytest.approx(one.contrast([1, 0]).se, rel=1e-5)


def test_few_patients_without_random_change_are_often_singular_and_say_so():
    flags = [fit_mixed(hinge_data(8, seed, spread=(7, 0.5, 0.0))).singular for seed in range(20)]
    assert 5 <= sum(flags) <= 19
    for seed in range(20):
        fit = fit_mixed(hinge_data(8, seed, spread=(7, 0.5, 0.0)))
        smallest = np.linalg.eigvalsh(fit.psi / np.outer(*2 * [np.sqrt(np.diag(fit.psi) + 1e-12)]))
        assert fit.singular == (smallest[0] < 1e-6)


def test_contrasts_keep_estimate_and_differ_in_spread():
    fit = fit_mixed(hinge_data(9, 1))
    kr, normal = fit.contrast([0, 1, 1]), fit.contrast([0, 1, 1], df="normal")
    assert kr.estimate == normal.estimate == pytest.approx(fit.beta[1] + fit.beta[2])
    assert normal.df == math.inf
    assert normal.p == pytest.approx(2 * stats.norm.sf(abs(normal.statistic)), rel=1e-12)
    assert normal.se == pytest.approx(math.sqrt(np.array([0, 1, 1]) @ fit.vcov @ [0, 1, 1]))
    assert kr.p > normal.p
    half = stats.t.isf(0.025, kr.df) * kr.se
    assert_allclose((kr.low, kr.high), (kr.estimate - half, kr.estimate + half))
    doubled = fit.contrast([0, 2, 2])
    assert (doubled.df, doubled.p) == pytest.approx((kr.df, kr.p))


@pytest.mark.parametrize("c", [[1, 0], [0, 0, 0], [0, math.nan, 1]])
def test_contrasts_that_do_not_fit(c):
    with pytest.raises(ValueError, match=r"weights|contrast"):
        fit_mixed(hinge_data(6, 1)).contrast(c)


def test_kenward_roger_needs_reml():
    with pytest.raises(ValueError, match="REML"):
        fit_mixed(hinge_data(6, 1), reml=False).contrast([0, 0, 1])


def test_likelihood_ratio_of_the_change():
    data = hinge_data(10, 3)
    smaller = MixedData(data.patient, data.y, data.x[:, :2], data.z, data.names[:2])
    one, two = (fit_mixed(d, reml=False) for d in (data, smaller))
    found = likelihood_ratio(one, two)
    assert found.statistic == pytest.approx(2 * (one.loglik - two.loglik))
    assert found.df == 1
    assert found.p == pytest.approx(stats.chi2.sf(found.statistic, 1), rel=1e-10)
    with pytest.raises(ValueError, match="no parameter more"):
        likelihood_ratio(two, one)
    with pytest.raises(ValueError, match="ML"):
        likelihood_ratio(fit_mixed(data), fit_mixed(smaller))
    with pytest.raises(ValueError, match="same values"):
        likelihood_ratio(one, fit_mixed(hinge_data(10, 4), reml=False))


def rebuilt(data, **changes):
    fields = {k: getattr(data, k) for k in ("patient", "y", "x", "z", "names", "stratum")}
    return MixedData(**{**fields, **changes})


def with_value(array, value):
    changed = np.array(array, dtype=float)
    changed.flat[3] = value
    return changed


@pytest.mark.parametrize("field", ["y", "x", "z"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(field, value):
    data = hinge_data(6, 1)
    with pytest.raises(ValueError, match="not finite"):
        rebuilt(data, **{field: with_value(getattr(data, field), value)})


def test_columns_that_depend_on_each_other_are_refused():
    data = hinge_data(6, 1)
    twice = np.column_stack([data.x[:, :2], data.x[:, 0] + 2 * data.x[:, 1]])
    with pytest.raises(ValueError, match="fixed effects are linearly dependent"):
        rebuilt(data, x=twice)
    with pytest.raises(ValueError, match="random effects are linearly dependent"):
        rebuilt(data, z=twice)


def test_too_few_rows_or_patients_are_refused():
    x = hinge_columns(np.array([-1.0, 0, 1]))
    with pytest.raises(ValueError, match="too few"):
        MixedData(np.array([0, 0, 1]), np.arange(3.0), x, x[:, :1], ("a", "b", "c"))
    ones = np.ones((4, 1))
    with pytest.raises(ValueError, match="more than one row"):
        MixedData(np.arange(4), np.arange(4.0), ones, ones, ("a",))
    with pytest.raises(ValueError, match="two patients"):
        MixedData(np.zeros(4, dtype=int), np.arange(4.0), ones, ones, ("a",))
    with pytest.raises(ValueError, match="no row"):
        MixedData(np.array([0, 0, 2, 2]), np.arange(4.0), ones, ones, ("a",))


def test_shapes_and_codes_are_checked():
    data = hinge_data(6, 1)
    with pytest.raises(ValueError, match="one entry a row"):
        rebuilt(data, y=data.y[:-1])
    with pytest.raises(ValueError, match="names"):
        rebuilt(data, names=("a",))
    with pytest.raises(ValueError, match="codes"):
        rebuilt(data, patient=data.patient.astype(float))
    with pytest.raises(ValueError, match="stratum"):
        rebuilt(data, stratum=data.stratum + 1)
    with pytest.raises(ValueError, match="both strata"):
        fit_mixed(rebuilt(data, stratum=np.zeros(data.n_rows, dtype=int)), two_variances=True)
    with pytest.raises(ValueError, match="both strata"):
        fit_mixed(rebuilt(data, stratum=None), two_variances=True)


def test_a_perfect_fit_has_no_residual_variance():
    data = hinge_data(6, 1, noise=0.0)
    with pytest.raises(NotEstimable, match="residual variance is zero"):
        fit_mixed(data)
    with pytest.raises(NotEstimable, match="no residual is left"):
        fit_mixed(rebuilt(data, y=data.x @ [40.0, -1.0, 0.2]))


def test_noise_far_below_the_spread_is_still_noise():
    fit = fit_mixed(hinge_data(6, 1, noise=1e-3, spread=(20, 1, 1)))
    assert fit.sigma == pytest.approx(1e-3, rel=0.3)
    assert fit.converged


def test_as_many_random_effects_as_visits_leave_nothing_for_the_residuals():
    t = np.tile([-3.0, 0, 4], 6) + np.random.default_rng(0).normal(0, 0.1, 18)
    x = hinge_columns(t)
    y = np.random.default_rng(1).normal(size=18)
    with pytest.raises(NotEstimable, match="more visits than random effects"):
        fit_mixed(MixedData(np.repeat(np.arange(6), 3), y, x, x, ("a", "b", "c")))


def test_a_random_effect_that_one_patient_carries_is_not_estimable():
    data = hinge_data(8, 1)
    kept = (data.x[:, 2] == 0) | (np.arange(data.n_rows) == np.argmax(data.x[:, 2]))
    alone = MixedData(data.patient[kept], data.y[kept], data.x[kept], data.z[kept], data.names)
    with pytest.raises(NotEstimable, match="do not tell"):
        fit_mixed(alone)


def test_thousands_of_patients_give_the_truth_back():
    data = hinge_data(3000, 8, late=1.5)
    fit = fit_mixed(data, two_variances=True)
    assert fit.variance_ratio == pytest.approx(1.5**2, rel=0.05)
    assert fit.sigma == pytest.approx(1.3, rel=0.03)
    assert_allclose(np.sqrt(np.diag(fit.psi)), [7, 0.5, 0.45], rtol=0.05)
    assert fit.contrast([0, 0, 1]).df == pytest.approx(2999, rel=0.05)

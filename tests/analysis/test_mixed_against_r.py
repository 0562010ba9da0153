"""The mixed model against lme4, lmerTest, pbkrtest and nlme (tests/reference/mixed)."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.mixed_model import MixedData, fit_mixed, likelihood_ratio, search
from analysis.mixed_model.deviance import Point
from tests.conftest import REFERENCE

MIXED = REFERENCE / "mixed"
NAMES = tuple(sorted(path.stem.removeprefix("numbers_") for path in MIXED.glob("numbers_*.json")))
TRIALS = tuple(name for name in NAMES if name.startswith("hinge"))

# R's maxima are polished by Newton steps, so the numbers are held closer than lme4's own tolerance
# would allow. BETA is in standard errors; P is for one unit of the statistic, as an error in the
# SE weighs more in a far tail.
LOGLIK = 1e-8
BETA = 1e-6
SE = 5e-6
DF = 2e-5
P = 2e-5
VARIANCE = 1e-5
BLUP = 1e-5

COLUMNS = {
    "1": lambda d: np.ones(len(d)),
    "t": lambda d: d["t"],
    "after": lambda d: d["t"].clip(lower=0),
    "t2": lambda d: d["t"] ** 2,
    "group": lambda d: d["group"],
    "group:t": lambda d: d["group"] * d["t"],
    "group:after": lambda d: d["group"] * d["t"].clip(lower=0),
    "age": lambda d: d["age"] - d.groupby("patient")["age"].first().mean(),
}


@cache
def numbers(name):
    return json.loads((MIXED / f"numbers_{name}.json").read_text("utf-8"))


@cache
def visits(name):
    return pd.read_csv(MIXED / f"{name}.csv", dtype={"patient": str}).dropna(subset=["y"])


def columns(frame, names):
    return np.column_stack([np.asarray(COLUMNS[name](frame), dtype=float) for name in names])


def model(name, fixed, random):
    """Return the data of a model; patients are coded by the order of their sorted names."""
    frame = visits(name)
    return MixedData(
        patient=np.unique(frame["patient"], return_inverse=True)[1],
        y=frame["y"].to_numpy(dtype=float),
        x=columns(frame, fixed),
        z=columns(frame, random),
        names=tuple(fixed),
        stratum=(frame["t"] > 0).to_numpy(dtype=np.int64),
    )


@cache
def fitted(name, key):
    """Return our fit and R's numbers of one of the models."""
    theirs = numbers(name)["models"][key]
    return fit_mixed(model(name, theirs["fixed"], theirs["random"]), reml=theirs["reml"]), theirs


@cache
def with_two_variances(name, key):
    theirs = numbers(name)["two_variances"][key]
    data = model(name, theirs["fixed"], theirs["random"])
    return fit_mixed(data, reml=theirs["reml"], two_variances=True), theirs


MODELS = [(name, key) for name in NAMES for key in numbers(name)["models"]]
TWO = [(name, key) for name in TRIALS for key in numbers(name).get("two_variances", {})]
every_model = pytest.mark.parametrize(("name", "key"), MODELS)
every_reml_model = pytest.mark.parametrize(("name", "key"), [m for m in MODELS if "_reml" in m[1]])
every_trial = pytest.mark.parametrize("name", TRIALS)
every_two = pytest.mark.parametrize(("name", "key"), TWO)


def assert_fixed_effects(ours, theirs):
    se = np.asarray(theirs["se"])
    assert_allclose((ours.beta - theirs["beta"]) / se, 0, atol=BETA)
    vcov = np.asarray(theirs["vcov"])
    assert_allclose(np.sqrt(np.diag(ours.vcov)), se, rtol=SE)
    assert_allclose((ours.vcov - vcov) / np.outer(se, se), 0, atol=2 * SE)


def assert_variances(ours, theirs):
    psi = np.asarray(theirs["psi"]).reshape(ours.psi.shape)
    sd = np.sqrt(np.diag(psi))
    assert_allclose((ours.psi - psi) / np.outer(sd, sd), 0, atol=VARIANCE)
    assert ours.sigma == pytest.approx(theirs["sigma"], rel=VARIANCE)


def assert_contrasts(ours, theirs, kind):
    for name, expected in theirs["contrasts"].items():
        if kind.replace("-", "_") not in expected:
            continue
        found = ours.contrast(expected["c"], df=kind)
        numbers = expected[kind.replace("-", "_")]
        se = numbers["se"]
        assert (found.estimate - expected["estimate"]) / se == pytest.approx(0, abs=BETA), name
        assert found.se == pytest.approx(se, rel=SE), name
        assert found.df == pytest.approx(numbers["df"], rel=DF), name
        t = numbers["statistic"]
        assert found.statistic == pytest.approx(t, rel=SE, abs=2 * BETA), name
        assert found.p == pytest.approx(numbers["p"], rel=P * max(1, abs(t))), name


def test_the_reference_holds_what_these_tests_need():
    assert {"sleepstudy", "orthodont"} < set(NAMES)
    assert len(TRIALS) == 10
    assert len(TWO) == 4
    singular = {name for name, key in MODELS if numbers(name)["models"][key]["singular"]}
    assert singular == {"hinge_n10_singular", "hinge_n6_false_zero", "hinge_n6_false_zero_2"}


@every_model
def test_the_maximum_of_the_likelihood_equals_r(name, key):
    ours, theirs = fitted(name, key)
    assert ours.converged
    assert ours.loglik == pytest.approx(theirs["loglik"], abs=LOGLIK)
    assert ours.reml is theirs["reml"]
    assert (ours.n_rows, ours.n_patients) == (theirs["n_rows"], theirs["n_patients"])
    assert ours.variance_ratio == 1.0


@pytest.mark.parametrize("zeros", [(1, 1, 0), (1, 0, 0), (0, 0, 0)])
@pytest.mark.parametrize("name", ["hinge_n6_false_zero", "hinge_n8", "hinge_n20"])
def test_a_search_that_starts_at_false_zeros_reaches_the_maximum(monkeypatch, name, zeros):
    start = Point(np.diag(np.array(zeros, dtype=float)))
    monkeypatch.setattr(search, "_start", lambda objective: objective.vector(start))
    theirs = numbers(name)["models"]["hinge_reml"]
    ours = fit_mixed(model(name, theirs["fixed"], theirs["random"]))
    assert ours.converged
    assert ours.loglik == pytest.approx(theirs["loglik"], abs=LOGLIK)


@every_model
def test_fixed_effects_equal_r(name, key):
    assert_fixed_effects(*fitted(name, key))


@every_model
def test_variances_equal_r(name, key):
    assert_variances(*fitted(name, key))


@every_model
def test_a_rank_deficient_covariance_is_called_singular_as_by_r(name, key):
    ours, theirs = fitted(name, key)
    assert ours.singular is theirs["singular"]


@every_reml_model
def test_kenward_roger_equals_pbkrtest(name, key):
    ours, theirs = fitted(name, key)
    assert_contrasts(ours, theirs, "kenward-roger")


@every_model
def test_satterthwaite_equals_lmertest(name, key):
    ours, theirs = fitted(name, key)
    assert_contrasts(ours, theirs, "satterthwaite")


@every_reml_model
def test_intervals_follow_from_the_se_and_df_of_r(name, key):
    ours, theirs = fitted(name, key)
    for expected in theirs["contrasts"].values():
        estimate, kr = expected["estimate"], expected["kenward_roger"]
        for level in (0.95, 0.9):
            found = ours.contrast(expected["c"], level=level)
            half = stats.t.isf((1 - level) / 2, kr["df"]) * kr["se"]
            assert_allclose(
                [(found.low - estimate) / half, (found.high - estimate) / half], [-1, 1], rtol=DF
            )


@every_model
def test_the_normal_distribution_has_the_unadjusted_se_of_r(name, key):
    ours, theirs = fitted(name, key)
    for i, se in enumerate(theirs["se"]):
        found = ours.contrast(np.eye(len(theirs["beta"]))[i], df="normal")
        z = theirs["beta"][i] / se
        assert found.se == pytest.approx(se, rel=SE)
        assert found.df == np.inf
        assert found.p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=P * max(1, z**2))


@every_model
def test_effects_of_the_patients_equal_r(name, key):
    ours, theirs = fitted(name, key)
    order = np.argsort(theirs["patients"])
    expected = np.asarray(theirs["blups"]).reshape(ours.blups.shape)[order]
    sd = np.sqrt(np.diag(np.asarray(theirs["psi"]).reshape(ours.psi.shape)))
    assert_allclose((ours.blups - expected) / sd, 0, atol=BLUP)


@every_trial
@pytest.mark.parametrize("shape", ["linear", "hinge", "quadratic"])
def test_the_likelihoods_of_other_shapes_equal_r(name, shape):
    theirs = numbers(name)["shapes"][shape]
    ours = fit_mixed(model(name, theirs["fixed"], theirs["random"]), reml=False)
    assert ours.loglik == pytest.approx(theirs["loglik"], abs=LOGLIK)
    assert ours.aic == pytest.approx(theirs["aic"], abs=2 * LOGLIK)
    assert ours.bic == pytest.approx(theirs["bic"], abs=2 * LOGLIK)


@every_trial
def test_the_likelihood_ratio_of_the_hinge_equals_r(name):
    theirs = numbers(name)
    linear = theirs["shapes"]["linear"]
    smaller = fit_mixed(model(name, linear["fixed"], linear["random"]), reml=False)
    found = likelihood_ratio(fitted(name, "hinge_ml")[0], smaller)
    expected = theirs["lr_test"]
    assert found.statistic == pytest.approx(expected["statistic"], abs=4 * LOGLIK)
    assert found.df == expected["df"]
    assert found.p == pytest.approx(expected["p"], rel=1e-5)


def test_likelihoods_by_reml_are_not_compared():
    with pytest.raises(ValueError, match=r"(?i)ml|maximum likelihood"):
        likelihood_ratio(
            fitted("hinge_n20_groups", "hinge_reml")[0],
            fitted("hinge_n20_groups", "plain_hinge_reml")[0],
        )


@every_two
def test_two_residual_variances_equal_the_maximum_in_r(name, key):
    ours, theirs = with_two_variances(name, key)
    assert ours.converged
    assert ours.loglik == pytest.approx(theirs["loglik"], abs=LOGLIK)
    assert ours.variance_ratio == pytest.approx(theirs["variance_ratio"], rel=VARIANCE)
    assert_fixed_effects(ours, theirs)
    assert_variances(ours, theirs)


@every_two
def test_two_residual_variances_reach_nlme(name, key):
    ours, theirs = with_two_variances(name, key)
    nlme = theirs["nlme"]
    assert ours.loglik >= nlme["loglik"] - LOGLIK
    assert ours.variance_ratio == pytest.approx(nlme["variance_ratio"], rel=1e-5)
    assert_allclose((ours.beta - nlme["beta"]) / np.asarray(theirs["se"]), 0, atol=1e-5)


@pytest.mark.parametrize("kind", ["kenward-roger", "satterthwaite"])
@every_two
def test_degrees_of_freedom_with_two_residual_variances(name, key, kind):
    ours, theirs = with_two_variances(name, key)
    assert_contrasts(ours, theirs, kind)


@pytest.mark.parametrize("name", ["hinge_n20", "hinge_n25_unequal"])
def test_the_likelihood_ratio_of_the_two_variances_equals_r(name):
    two, theirs = with_two_variances(name, "ml")
    found = likelihood_ratio(two, fitted(name, "hinge_ml")[0])
    expected = theirs["equal_variances"]
    assert found.statistic == pytest.approx(expected["statistic"], abs=4 * LOGLIK)
    assert found.df == 1
    assert found.p == pytest.approx(expected["p"], rel=1e-5)


def test_the_order_of_rows_and_codes_does_not_matter():
    name = "hinge_n12_missing"
    ours, theirs = fitted(name, "hinge_reml")
    frame = visits(name)
    rng = np.random.default_rng(5)
    rows = rng.permutation(len(frame))
    codes = rng.permutation(ours.n_patients)
    data = ours.data
    shuffled = fit_mixed(
        MixedData(codes[data.patient][rows], data.y[rows], data.x[rows], data.z[rows], data.names)
    )
    assert_fixed_effects(shuffled, theirs)
    assert shuffled.loglik == pytest.approx(theirs["loglik"], abs=LOGLIK)
    assert_allclose(shuffled.blups[codes], ours.blups, atol=1e-6)

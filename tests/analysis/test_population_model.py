"""The population-averaged model against R (tests/reference/gee), its formula, and its edges."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from analysis.hinge_model import hinge_model
from analysis.population_model import PopulationEffect, population_model
from analysis.settings import PatientExclusion, Settings
from analysis.slopes import place_points
from data.trial import DAYS_PER_MONTH
from tests.conftest import REFERENCE, ROOT, ends, trial_from

NUMBERS = json.loads((REFERENCE / "gee" / "gee.json").read_text("utf-8"))
WORKING = ("independence", "exchangeable")
KEYS = ("slope_before", "change", "slope_after")


def trial_of(patient, month, value, **people):
    """Return an FVC trial from visits in months."""
    frame = {"patient": patient, "day": np.asarray(month, float) * DAYS_PER_MONTH, "value": value}
    return with_people(trial_from(pd.DataFrame(frame).assign(endpoint="fvc")), **people)


def with_people(trial, **columns):
    people = trial.patients_frame.assign(**columns)
    return type(trial)(people, trial.measurements_frame, trial.events_frame)


def courses(**visits):
    """Return a trial from ``{patient: {month: value}}``."""
    rows = [(p, t, v) for p, course in visits.items() for t, v in course.items()]
    return trial_of(*zip(*rows, strict=True))


@cache
def visits_of_r(name):
    path = REFERENCE / "mixed" / f"{name.removesuffix('_age')}.csv"
    return pd.read_csv(path, dtype={"patient": str}).dropna(subset=["y"])


def trial_of_r(name):
    frame = visits_of_r(name)
    people = {}
    if name.endswith("_age"):
        people["age"] = frame.groupby("patient", sort=False)["age"].first().to_numpy(float)
    return trial_of(frame["patient"], frame["t"], frame["y"], **people)


def effects(model):
    return (model.slope_before, model.change, model.slope_after)


def numbers(model):
    return np.array([(e.estimate, e.se, e.p) for e in effects(model)])


@pytest.mark.parametrize("working", WORKING)
@pytest.mark.parametrize("name", NUMBERS)
def test_a_trial_gives_the_numbers_of_r(name, working):
    theirs = NUMBERS[name]
    settings = Settings(model_covariates=("age",) if theirs["age"] else ())
    found = population_model(trial_of_r(name), "fvc", settings, working=working)
    assert (found.reason, found.fallback, found.left_out) == ("", "", ())
    assert (found.n_patients, found.n_rows) == (theirs["n_patients"], theirs["n_rows"])
    assert found.working == working
    theirs = theirs[working]
    assert found.correlation == pytest.approx(theirs.get("correlation", 0), rel=1e-8)
    for effect in effects(found):
        expected = theirs["effects"][effect.key]
        assert effect.estimate == pytest.approx(expected["estimate"], rel=1e-8)
        assert effect.se == pytest.approx(expected["se"], rel=1e-8)
        assert effect.df == expected["df"]
        assert effect.p == pytest.approx(expected["p"], rel=1e-6)
        assert_allclose(ends(effect.interval), expected["ci95"], rtol=1e-7, atol=1e-9)
        assert (effect.interval.level, effect.interval.attained) == (0.95, 0.95)
    beta = theirs["check"]["geepack_beta"]
    assert_allclose(
        [e.estimate for e in effects(found)], [beta[1], beta[2], beta[1] + beta[2]], rtol=1e-6
    )


def mancl_derouen(patient, month, value, correlation=0.0):
    """Return estimates and standard errors of the three effects by the formula of 2001."""
    x = np.column_stack([np.ones(len(month)), month, np.maximum(month, 0)])
    blocks = []
    for name in dict.fromkeys(patient):
        at = np.asarray(patient) == name
        k = at.sum()
        working = np.full((k, k), correlation) + np.eye(k) * (1 - correlation)
        blocks.append((x[at], value[at], np.linalg.inv(working)))
    bread = np.linalg.inv(sum(a.T @ v @ a for a, _, v in blocks))
    beta = bread @ sum(a.T @ v @ y for a, y, v in blocks)
    meat = np.zeros((3, 3))
    for a, y, v in blocks:
        leverage = a @ bread @ a.T @ v
        score = a.T @ v @ np.linalg.inv(np.eye(len(y)) - leverage) @ (y - a @ beta)
        meat += np.outer(score, score)
    weights = np.array([[0, 1, 0], [0, 0, 1], [0, 1, 1]])
    return weights @ beta, np.sqrt(np.diag(weights @ bread @ meat @ bread @ weights.T))


def scattered(n=7, seed=3):
    """Return visits of patients with schedules of their own, in two periods or in one."""
    rng = np.random.default_rng(seed)
    patient, month, value = [], [], []
    for i in range(n):
        t = np.sort(rng.uniform(-9, 12, rng.integers(2, 9)))
        level, slope, bend = rng.normal((50, -1.2, 0.3), (8, 0.4, 0.4))
        patient += [f"P{i}"] * len(t)
        month += t.tolist()
        value += (level + slope * t + bend * np.maximum(t, 0) + rng.normal(size=len(t))).tolist()
    return np.array(patient), np.array(month), np.array(value)


@pytest.mark.parametrize("working", WORKING)
@pytest.mark.parametrize("n", [3, 7, 30])
def test_the_standard_error_is_that_of_the_formula(n, working):
    patient, month, value = scattered(n)
    found = population_model(trial_of(patient, month, value), "fvc", Settings(), working=working)
    assert found.working == working
    estimate, se = mancl_derouen(patient, month, value, found.correlation)
    assert_allclose([e.estimate for e in effects(found)], estimate, rtol=1e-8)
    assert_allclose([e.se for e in effects(found)], se, rtol=1e-8)


@pytest.mark.parametrize("working", WORKING)
@pytest.mark.parametrize("n", [3, 8, 60])
def test_on_one_schedule_it_is_the_paired_t_test_with_n_minus_1_for_n(n, working):
    # Every H is then 1/n of one projection: the variance of a mean is s²/(n − 1), worked by hand.
    t = np.arange(-9.0, 13.0, 3.0)
    x = np.column_stack([np.ones_like(t), t, np.maximum(t, 0)])
    rng = np.random.default_rng(n)
    scores = (np.array([60, -1.5, 0.4]) + rng.normal(size=(n, 3)) * (8, 0.6, 0.6)) @ x.T
    scores += rng.normal(size=scores.shape)
    own = np.linalg.lstsq(x, scores.T, rcond=None)[0]
    trial = trial_of(
        np.repeat([f"P{i:02}" for i in range(n)], len(t)), np.tile(t, n), scores.ravel()
    )
    found = population_model(trial, "fvc", Settings(confidence=0.9), working=working)
    assert found.n_both == n
    assert found.notes == ()
    for effect, each in zip(effects(found), (own[1], own[2], own[1] + own[2]), strict=True):
        se = each.std(ddof=1) / math.sqrt(n - 1)
        assert effect.estimate == pytest.approx(each.mean(), rel=1e-9)
        assert effect.se == pytest.approx(se, rel=1e-8)
        assert effect.df == n - 1
        assert effect.p == pytest.approx(2 * stats.t.sf(abs(each.mean()) / se, n - 1), rel=1e-6)
        assert effect.interval.level == 0.9
        half = stats.t.isf(0.05, n - 1) * se
        assert effect.interval.high - effect.interval.low == pytest.approx(2 * half, rel=1e-8)


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(3, 9),
    factor=st.sampled_from([1e-3, 0.1, 30.0]),
    working=st.sampled_from(WORKING),
)
def test_units_order_names_and_the_direction_of_time_do_not_matter(seed, n, factor, working):
    patient, month, value = scattered(n, seed)

    def model(*visits):
        return population_model(trial_of(*visits), "fvc", Settings(), working=working)

    base = model(patient, month, value)
    if not base.estimable:
        assert model(patient, month, 40 + value / factor).reason == base.reason
        return
    expected = numbers(base)
    other = numbers(model(patient, month, 40 + value * factor))
    assert_allclose(other, expected * (factor, factor, 1), rtol=1e-5)
    flipped = numbers(model(patient, month, 100 - value))
    assert_allclose(flipped, expected * (-1, 1, 1), rtol=1e-5)
    order = np.random.default_rng(seed).permutation(len(value))
    renamed = np.char.add("X", np.char.replace(patient, "P", ""))
    assert_allclose(numbers(model(renamed[order], month[order], value[order])), expected, rtol=1e-5)
    backwards = numbers(model(patient, -month, value))
    assert_allclose(
        backwards, expected[[2, 1, 0]] * [[-1], [1], [-1]] ** np.array([1, 0, 0]), rtol=1e-5
    )
    assert_allclose(base.slope_after.estimate, expected[0, 0] + expected[1, 0], rtol=1e-9)


def test_it_rests_on_the_visits_of_the_mixed_model():
    patient, month, value = scattered(12)
    trial = trial_of(patient, month, value, age=[50, 61, np.nan, *range(40, 49)])
    settings = Settings(
        post_months=9,
        day0="neither",
        model_covariates=("age",),
        excluded_patients=(PatientExclusion("P5", "other"),),
    )
    found, mixed = population_model(trial, "fvc", settings), hinge_model(trial, "fvc", settings)
    assert dict(found.left_out) == {"P2": "age not known", "P5": "left out: other"}
    assert found.estimable
    assert (found.n_patients, found.n_rows, found.left_out, found.unit) == (
        mixed.n_patients,
        mixed.n_rows,
        mixed.left_out,
        mixed.unit,
    )
    points = place_points(trial, "fvc", settings)
    assert population_model(trial, "fvc", settings, points) == found


def test_who_is_on_one_side_only_is_counted():
    month = {-6: 50, -3: 47, 0: 44, 3: 43, 6: 40}
    full = {
        f"P{i}": {t: v + i * (1 + 0.1 * t) + (i * t) % 3 for t, v in month.items()}
        for i in range(5)
    }
    found = population_model(
        courses(**full, early={-4: 45, -2: 44, 0: 40}, late={0: 39, 5: 38}), "fvc", Settings()
    )
    assert (found.n_patients, found.n_both) == (7, 5)
    assert found.notes[0].startswith("2 of 7 patients do not have visits on both sides")
    assert found.change.df == 6


def line(months, level=50.0, bend=0.0):
    return {t: level - t + bend * max(t, 0) for t in months}


def several(months, n=5, noise=0.3):
    rng = np.random.default_rng(1)
    return {
        f"P{i}": {t: 50 + 3 * i - (1 + 0.1 * i) * t + noise * rng.normal() for t in months}
        for i in range(n)
    }


FULL = (-9, -6, -3, 0, 3, 6, 9)


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (courses(**several(FULL, n=2)), "fewer than 3 patients have visits"),
        (trial_from(pd.DataFrame(columns=["patient", "day", "value"])), "fewer than 3 patients"),
        (courses(**several((-9, -6, -3, 0))), "no visit after day 0"),
        (courses(**several((0, 3, 6))), "no visit before day 0"),
        (courses(**several((-3, 3))), "linearly dependent"),
        (courses(a={-3: 50}, b={0: 48}, c={3: 44}), "rests on patient a alone"),
        (courses(**several((0, 3, 6)), early=line((-6, 0))), "rests on patient early alone"),
        (courses(**several((-6, -3, 0)), late=line((-3, 4, 6))), "rests on patient late alone"),
        (courses(**{f"P{i}": line(FULL) for i in range(5)}), "without any scatter"),
        (courses(**{f"P{i}": dict.fromkeys(FULL, 40) for i in range(5)}), "without any scatter"),
        (with_people(courses(**several(FULL)), age=[50, 50, 50, 50, 70]), "patient P4 alone"),
    ],
)
def test_what_cannot_be_estimated_says_why(trial, reason):
    settings = Settings(model_covariates=("age",) if "P4" in reason else ())
    found = population_model(trial, "fvc", settings)
    assert reason in found.reason
    assert not found.estimable
    assert (found.working, found.fallback) == ("", "")
    assert math.isnan(found.correlation)
    for effect in effects(found):
        assert np.isnan([effect.estimate, effect.se, effect.df, effect.p]).all()
        assert effect.interval is None
    json.dumps(found.to_json(), allow_nan=False)


def test_above_2000_patients_it_is_not_computed():
    def trial(n):
        rng = np.random.default_rng(0)
        months = np.tile([-6.0, -3, 3, 6], n)
        return trial_of(
            np.repeat([f"P{i:04}" for i in range(n)], 4), months, 50 + rng.normal(size=4 * n)
        )

    assert population_model(trial(2000), "fvc", Settings()).estimable
    found = population_model(trial(2001), "fvc", Settings())
    assert found.reason == "not computed above 2,000 patients, here are 2,001"
    assert found.n_patients == 2001


def test_without_pairs_of_visits_it_is_independence():
    visits = {f"P{i}": {t: 50 - t + i % 3} for i, t in enumerate((-9, -6, -3, -2, 1, 4, 7, 9))}
    trial = courses(**visits)
    found = population_model(trial, "fvc", Settings())
    assert found.fallback == "too few pairs of visits of one patient for a correlation"
    assert (found.working, found.correlation) == ("independence", 0)
    plain = population_model(trial, "fvc", Settings(), working="independence")
    assert plain.fallback == ""
    assert effects(found) == effects(plain)


def opposed():
    """Visits whose pairs disagree, and a patient with so many that no such correlation exists."""
    visits = {
        f"P{i:02}": {t: 50 - t + 3, t + 2: 50 - (t + 2) - 3}
        for i, t in enumerate(np.linspace(-9, 8, 20).tolist())
    }
    many = {t: 50 - t + 0.2 * (-1) ** k for k, t in enumerate(np.linspace(-9, 9, 12).tolist())}
    return courses(**visits, many=many)


def few_pairs():
    """Four pairs that agree, and three columns: the moment estimate exceeds 1."""
    pairs = {f"P{i}": {-4 + i: 54 + 9 * (-1) ** i, 2 + i: 48 + 9 * (-1) ** i} for i in range(4)}
    single = {f"S{i}": {t: 50 - t + 0.1 * i} for i, t in enumerate((-8, -5, 6, 8, 9))}
    return courses(**pairs, **single)


@pytest.mark.parametrize(("trial", "sign"), [(opposed(), -1), (few_pairs(), 1)])
def test_an_impossible_correlation_is_named_and_not_used(trial, sign):
    found = population_model(trial, "fvc", Settings())
    assert found.estimable
    assert "cannot hold between all visits" in found.fallback
    estimate = float(found.fallback.split(",")[1])
    assert estimate * sign > (1 if sign > 0 else 1 / 11)
    assert (found.working, found.correlation) == ("independence", 0)
    plain = population_model(trial, "fvc", Settings(), working="independence")
    assert effects(found) == effects(plain)


@pytest.mark.parametrize("failure", ["singular", "did not settle"])
def test_a_failing_solver_is_named(failure, monkeypatch):
    from statsmodels.genmod.generalized_estimating_equations import GEE

    usual = GEE.fit

    def fit(self, **options):
        if failure == "singular":
            raise np.linalg.LinAlgError
        found = usual(self, **options)
        found._results.converged = False
        return found

    monkeypatch.setattr(GEE, "fit", fit)
    found = population_model(courses(**several(FULL)), "fvc", Settings())
    assert failure in found.reason
    assert failure in found.fallback
    assert math.isnan(found.change.estimate)


@pytest.mark.parametrize("working", WORKING)
def test_where_patients_do_not_differ_there_is_no_standard_error(working):
    # The slope before is the same in all; levels and changes are not.
    visits = {f"P{i}": line(FULL, level=50 + i * i, bend=0.1 * i * (3 - i)) for i in range(5)}
    found = population_model(courses(**visits), "fvc", Settings(), working=working)
    assert found.estimable
    assert found.slope_before.estimate == pytest.approx(-1)
    assert math.isnan(found.slope_before.se)
    assert math.isnan(found.slope_before.p)
    assert found.slope_before.interval is None
    note = "slope before: patients do not differ in it, so it has no standard error"
    assert found.notes == (note,)
    bends = [0.1 * i * (3 - i) for i in range(5)]
    assert found.change.estimate == pytest.approx(np.mean(bends))
    assert found.change.se == pytest.approx(np.std(bends, ddof=1) / 2)
    json.dumps(found.to_json(), allow_nan=False)


def test_another_unit_scales_what_has_one():
    effect = population_model(courses(**several(FULL)), "fvc", Settings()).change
    year = effect.scaled(12)
    assert (year.estimate, year.se) == (12 * effect.estimate, 12 * effect.se)
    assert_allclose(ends(year.interval), 12 * np.array(ends(effect.interval)), rtol=1e-15)
    assert (year.p, year.df, year.key) == (effect.p, effect.df, "change")
    assert PopulationEffect("change", "change of slope").scaled(12).interval is None


def test_the_model_is_json():
    found = population_model(trial_of_r("hinge_n12_missing"), "fvc", Settings())
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["working"] == "exchangeable"
    assert plain["unit"] == found.unit
    for key in KEYS:
        assert plain[key]["estimate"] == getattr(found, key).estimate
        assert plain[key]["df"] == 11
        assert plain[key]["interval"]["low"] == getattr(found, key).interval.low
    assert set(plain) >= set(KEYS) | {"reason", "fallback", "n_patients", "n_rows", "n_both"}


def test_statsmodels_is_loaded_only_when_the_model_is_asked_for():
    code = "import sys, analysis.population_model; sys.exit('statsmodels' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

"""The mixed model of a trial: who is in it, what it reports, and where it must stay silent."""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.hinge_groups import group_interaction
from analysis.hinge_model import hinge_model
from analysis.hinge_rows import UNSETTLED
from analysis.rate import Rate
from analysis.settings import PatientExclusion, Settings
from analysis.slopes import place_points
from data.trial import DAYS_PER_MONTH
from tests.conftest import REFERENCE, made, trial_from

MIXED = REFERENCE / "mixed"
SCHEDULE = np.arange(-9.0, 13.0, 3.0)


@cache
def r_numbers(name):
    return json.loads((MIXED / f"numbers_{name}.json").read_text("utf-8"))


@cache
def r_visits(name):
    return pd.read_csv(MIXED / f"{name}.csv", dtype={"patient": str}).dropna(subset=["y"])


def r_trial(name, **people):
    """Return one of R's trials; R's months become days."""
    frame = r_visits(name)
    visits = pd.DataFrame(
        {
            "patient": frame["patient"],
            "day": frame["t"] * DAYS_PER_MONTH,
            "value": frame["y"],
            "endpoint": "fvc",
        }
    )
    trial = trial_from(visits)
    return with_people(trial, **people)


def with_people(trial, **columns):
    people = trial.patients_frame.assign(**columns)
    return type(trial)(people, trial.measurements_frame, trial.events_frame)


def scheduled(n=8, seed=2, noise=0.8, changes=None):
    """Return a trial on one schedule and every patient's least-squares coefficients."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones_like(SCHEDULE), SCHEDULE, np.maximum(SCHEDULE, 0)])
    effects = np.array([60.0, -1.5, 0.4]) + rng.normal(size=(n, 3)) * (8, 0.6, 0.6)
    if changes is not None:
        effects[:, 2] += changes
    scores = effects @ x.T + rng.normal(size=(n, len(SCHEDULE))) * noise
    visits = {
        f"P{i:02}": dict(zip(SCHEDULE * DAYS_PER_MONTH, scores[i], strict=True)) for i in range(n)
    }
    own = np.linalg.lstsq(x, scores.T, rcond=None)[0].T
    frame = [
        {"patient": p, "day": d, "value": v, "endpoint": "fvc"}
        for p, course in visits.items()
        for d, v in course.items()
    ]
    return trial_from(pd.DataFrame(frame)), own


def same(effect, theirs):
    """Whether an effect equals R's contrast."""
    kr, satterthwaite = theirs["kenward_roger"], theirs["satterthwaite"]
    assert (effect.estimate - theirs["estimate"]) / kr["se"] == pytest.approx(0, abs=1e-5)
    assert effect.se == pytest.approx(kr["se"], rel=1e-5)
    assert effect.df == pytest.approx(kr["df"], rel=1e-4)
    assert effect.p == pytest.approx(kr["p"], rel=1e-3)
    assert effect.satterthwaite_df == pytest.approx(satterthwaite["df"], rel=1e-4)
    assert effect.satterthwaite_p == pytest.approx(satterthwaite["p"], rel=1e-3)
    half = stats.t.isf(0.025, kr["df"]) * kr["se"]
    ends = np.array([effect.interval.low, effect.interval.high])
    assert_allclose((ends - theirs["estimate"]) / half, [-1, 1], rtol=1e-4)


@pytest.mark.parametrize(
    "name", ["hinge_n8", "hinge_n10_singular", "hinge_n12_missing", "hinge_n20", "hinge_n200"]
)
def test_a_trial_gives_the_numbers_of_r(name):
    theirs = r_numbers(name)
    model = theirs["models"]["hinge_reml"]
    found = hinge_model(r_trial(name), "fvc", Settings())
    assert found.estimable
    assert (found.n_patients, found.n_rows) == (model["n_patients"], model["n_rows"])
    assert found.left_out == ()
    same(found.slope_before, model["contrasts"]["t"])
    same(found.change, model["contrasts"]["after"])
    same(found.slope_after, model["contrasts"]["slope_after"])
    psi = np.asarray(model["psi"])
    assert_allclose(found.random.sd, np.sqrt(np.diag(psi)), rtol=1e-4)
    sd = np.sqrt(np.diag(psi))
    assert_allclose(found.random.correlation, psi / np.outer(sd, sd), atol=1e-4)
    assert found.random.residual_sd == pytest.approx(model["sigma"], rel=1e-5)
    assert found.singular is model["singular"]
    assert bool(found.explanation) is found.singular
    course = found.mean_course([-6, 0, 6, 12])
    for i, month in enumerate((-6, 0, 6, 12)):
        point = model["contrasts"][f"fitted_at_{month}"]
        kr = point["kenward_roger"]
        assert course.mean[i] == pytest.approx(point["estimate"], rel=1e-6)
        half = stats.t.isf(0.025, kr["df"]) * kr["se"]
        assert course.high[i] - course.mean[i] == pytest.approx(half, rel=1e-4)
        assert course.mean[i] - course.low[i] == pytest.approx(half, rel=1e-4)


def test_predicted_slopes_are_those_of_r():
    name = "hinge_n20"
    model = r_numbers(name)["models"]["hinge_reml"]
    trial = r_trial(name)
    found = hinge_model(trial, "fvc", Settings())
    blups = dict(zip(model["patients"], np.asarray(model["blups"]), strict=True))
    rows = np.array([blups[patient] for patient in trial.patient_ids])
    beta = np.asarray(model["beta"])
    assert_allclose(found.patient_before, beta[1] + rows[:, 1], atol=1e-5)
    assert_allclose(found.patient_after, beta[1] + beta[2] + rows[:, 1] + rows[:, 2], atol=1e-5)


def test_the_checks_are_those_of_r():
    name = "hinge_n25_unequal"
    theirs = r_numbers(name)
    found = hinge_model(r_trial(name), "fvc", Settings())
    assert found.change_test.statistic == pytest.approx(theirs["lr_test"]["statistic"], abs=1e-6)
    assert found.change_test.p == pytest.approx(theirs["lr_test"]["p"], rel=1e-5)
    shapes = {shape.key: shape for shape in found.curvature.shapes}
    for key in ("linear", "hinge", "quadratic"):
        assert shapes[key].loglik == pytest.approx(theirs["shapes"][key]["loglik"], abs=1e-6)
        assert shapes[key].aic == pytest.approx(theirs["shapes"][key]["aic"], abs=1e-6)
        assert shapes[key].bic == pytest.approx(theirs["shapes"][key]["bic"], abs=1e-6)
    two = theirs["two_variances"]["reml"]
    assert found.variances.ratio == pytest.approx(two["variance_ratio"], rel=1e-4)
    assert found.variances.sd_before == pytest.approx(two["sigma"], rel=1e-4)
    after = two["sigma"] * math.sqrt(two["variance_ratio"])
    assert found.variances.sd_after == pytest.approx(after, rel=1e-4)
    one = theirs["models"]["hinge_reml"]
    statistic = 2 * (two["loglik"] - one["loglik"])
    assert found.variances.test.statistic == pytest.approx(statistic, abs=1e-5)
    assert found.variances.test.p == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-4)
    same(found.variances.change, two["contrasts"]["after"])
    separate = hinge_model(r_trial(name), "fvc", Settings(two_variances=True))
    same(separate.change, two["contrasts"]["after"])
    assert separate.random.variance_ratio == pytest.approx(two["variance_ratio"], rel=1e-4)
    assert separate.curvature.shapes[1].loglik == pytest.approx(
        theirs["two_variances"]["ml"]["loglik"], abs=1e-6
    )


def test_two_groups_and_a_covariate_are_those_of_r():
    name = "hinge_n20_groups"
    theirs = r_numbers(name)["models"]["hinge_reml"]["contrasts"]
    people = r_visits(name).groupby("patient", sort=False).first()
    trial = r_trial(name, age=people["age"].to_numpy(float))
    group = ["new" if g else "control" for g in people["group"]]
    found = group_interaction(
        trial, "fvc", Settings(model_covariates=("age",)), group, ("control", "new")
    )
    assert found.groups == ("control", "new")
    assert sum(found.n_patients) == 20
    assert found.reason == ""
    same(found.difference, theirs["group:after"])
    same(found.changes[0], theirs["after"])
    assert found.changes[1].estimate == pytest.approx(
        theirs["after"]["estimate"] + theirs["group:after"]["estimate"], abs=1e-6
    )


def test_on_one_schedule_the_groups_are_compared_by_the_pooled_t_test():
    trial, own = scheduled(9, changes=np.repeat([0.0, 1.0], [4, 5]))
    found = group_interaction(trial, "fvc", Settings(), ["a"] * 4 + ["b"] * 5, ("a", "b"))
    assert not found.singular
    expected = stats.ttest_ind(own[4:, 2], own[:4, 2])
    assert found.difference.estimate == pytest.approx(own[4:, 2].mean() - own[:4, 2].mean())
    assert found.difference.df == pytest.approx(7, rel=1e-5)
    assert found.difference.p == pytest.approx(expected.pvalue, rel=1e-5)
    assert found.n_patients == (4, 5)


@pytest.mark.parametrize(
    "group", [["a"] * 8, ["a"] + ["b"] * 7, ["c"] * 6 + ["a", "b"], [None] * 8]
)
def test_groups_that_cannot_be_compared(group):
    found = group_interaction(scheduled()[0], "fvc", Settings(), group, ("a", "b"))
    assert "fewer than 2 patients" in found.reason
    assert math.isnan(found.difference.estimate)
    json.dumps(found.to_json(), allow_nan=False)


def test_patients_without_a_group_are_named():
    trial, _ = scheduled()
    found = group_interaction(
        trial, "fvc", Settings(), ["a", "b", None, "a", "b", "a", "b", "a"], ("a", "b")
    )
    assert found.left_out == (("P02", "group not known"),)
    assert found.n_patients == (4, 3)
    with pytest.raises(ValueError, match="one entry a patient"):
        group_interaction(trial, "fvc", Settings(), ["a", "b"], ("a", "b"))


def test_on_one_schedule_the_model_is_the_paired_t_test_of_the_changes():
    trial, own = scheduled()
    found = hinge_model(trial, "fvc", Settings(confidence=0.9))
    expected = stats.ttest_1samp(own[:, 2], 0)
    ends = expected.confidence_interval(0.9)
    assert not found.singular
    assert found.change.estimate == pytest.approx(own[:, 2].mean())
    assert found.change.p == pytest.approx(expected.pvalue, rel=1e-5)
    assert found.change.interval is not None
    assert found.change.interval.low == pytest.approx(ends.low, rel=1e-5)
    assert found.change.interval.high == pytest.approx(ends.high, rel=1e-5)
    assert found.change.interval.level == 0.9
    assert found.slope_before.estimate == pytest.approx(own[:, 1].mean())
    assert found.slope_after.estimate == pytest.approx((own[:, 1] + own[:, 2]).mean())


def test_a_year_is_twelve_months():
    found = hinge_model(scheduled()[0], "fvc", Settings())
    year = found.in_unit(Rate("year", 12.0, 12.0))
    for monthly, yearly in zip(
        (found.slope_before, found.change, found.slope_after), year, strict=True
    ):
        assert yearly.estimate == 12 * monthly.estimate
        assert yearly.se == 12 * monthly.se
        assert yearly.interval is not None
        assert monthly.interval is not None
        assert yearly.interval.low == 12 * monthly.interval.low
        assert (yearly.p, yearly.df) == (monthly.p, monthly.df)
    with pytest.raises(ValueError, match="one unit"):
        found.in_unit(Rate("period", 6.0, 12.0))


def rising(*days):
    """Return a course that scatters by a rule of its own."""
    return {day: 40 - 0.03 * day + (day * 7919 % 11) / 5 for day in days}


def test_every_patient_with_a_day0_is_in_and_the_others_are_named():
    full = (-270, -180, -90, 0, 90, 180, 270)
    visits = {f"P{i}": rising(*(d + i for d in full)) for i in range(6)}
    visits["one visit"] = rising(-30)
    visits["after only"] = rising(40, 100)
    visits["outside"] = rising(-900)
    visits["excluded"] = rising(*full)
    visits["no day 0"] = rising(*full)
    trial = trial_from(
        pd.DataFrame(
            [(p, d, v, "fvc") for p, c in visits.items() for d, v in c.items()],
            columns=["patient", "day", "value", "endpoint"],
        ),
        transplants={"no day 0": ()},
        patients=["never seen"],
    )
    settings = Settings(
        pre_months=12, post_months=12, excluded_patients=(PatientExclusion("excluded", "other"),)
    )
    found = hinge_model(trial, "fvc", settings)
    assert found.n_patients == 8
    assert found.n_rows == 6 * 7 + 1 + 2
    assert dict(found.left_out) == {
        "never seen": "no FVC value",
        "outside": "no FVC visit that can be analysed in the windows",
        "excluded": "left out: other",
        "no day 0": "no day 0",
    }
    missing = [name in dict(found.left_out) for name in trial.patient_ids]
    assert_allclose(np.isnan(found.patient_before), missing)
    assert_allclose(np.isnan(found.patient_after), missing)


def test_a_visit_that_counts_in_both_periods_enters_once():
    trial, _ = scheduled()
    base = hinge_model(trial, "fvc", Settings())
    both = hinge_model(trial, "fvc", Settings(day0="both"))
    assert both.n_rows == base.n_rows == 8 * len(SCHEDULE)
    assert both.change == base.change
    # With two residual variances such a visit has that of the period before.
    two = [
        hinge_model(trial, "fvc", Settings(day0=rule, two_variances=True)).random.variance_ratio
        for rule in ("before", "both", "after")
    ]
    assert two[0] == two[1] != two[2]
    neither = hinge_model(trial, "fvc", Settings(day0="neither"))
    assert neither.n_rows == base.n_rows - 8


def test_points_that_are_at_hand_are_used():
    trial, _ = scheduled()
    settings = Settings(post_months=6)
    points = place_points(trial, "fvc", settings)
    assert hinge_model(trial, "fvc", settings, points).to_json(checks=False) == hinge_model(
        trial, "fvc", settings
    ).to_json(checks=False)


def test_covariates_are_centred_and_missing_ones_named():
    trial, own = scheduled()
    age = np.array([50, 61, 47, np.nan, 66, 58, 53, 70.0])
    trial = with_people(
        trial, age=age, sex=["f", "m", "F", "m", "m", "f", "", "f"], onset_site="limb"
    )
    plain = hinge_model(trial, "fvc", Settings())
    found = hinge_model(trial, "fvc", Settings(model_covariates=("age", "sex", "onset_site")))
    assert found.left_out == (("P03", "age not known"), ("P06", "sex not known"))
    assert [effect.name for effect in found.covariates] == ["age in years", "sex m"]
    assert found.notes == ("not adjusted for site of onset: it is the same in all patients",)
    assert plain.left_out == ()
    kept = np.array([0, 1, 2, 4, 5, 7])
    # On one schedule effects on the level leave slopes alone, and the mean course is that of the
    # patients in the model.
    assert found.slope_before.estimate == pytest.approx(own[kept, 1].mean())
    assert found.change.estimate == pytest.approx(own[kept, 2].mean())
    assert found.mean_course([0.0]).mean[0] == pytest.approx(own[kept, 0].mean())


def linear_trial(days, n=6, noise=0.5):
    rng = np.random.default_rng(7)
    rows = [
        (f"P{i}", day, 60 + 3 * i - (0.03 + 0.004 * i) * day + noise * rng.normal(), "fvc")
        for i in range(n)
        for day in days
    ]
    return trial_from(pd.DataFrame(rows, columns=["patient", "day", "value", "endpoint"]))


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (linear_trial([-270, -180, -90, 0]), "no visit after day 0"),
        (linear_trial([0, 90, 180]), "no visit before day 0"),
        (linear_trial([-90, 0, 90], n=1), "fewer than 2 patients"),
        (linear_trial([-90, 0, 90]), "more visits than random effects"),
        (linear_trial([-90, 90]), "linearly dependent"),
        (linear_trial([-180, -90, 0, 90, 180], noise=0.0), "residual"),
        (made({"A": {-90: 40, 0: 39, 90: 38}}), "fewer than 2 patients"),
    ],
)
def test_what_cannot_be_estimated_says_why(trial, reason):
    found = hinge_model(trial, "fvc", Settings())
    assert not found.estimable
    assert reason in found.reason
    for effect in (found.slope_before, found.change, found.slope_after):
        assert math.isnan(effect.estimate)
        assert math.isnan(effect.p)
        assert effect.interval is None
    assert np.isnan(found.mean_course([0, 1]).mean).all()
    assert np.isnan(found.patient_before).all()
    assert found.change_test.reason == found.reason
    assert found.variances.test.reason == found.reason
    assert found.curvature.reason == found.reason
    assert found.curvature.shapes == ()
    json.dumps(found.to_json(), allow_nan=False)


def test_a_singular_fit_is_explained_and_kept():
    found = hinge_model(r_trial("hinge_n10_singular"), "fvc", Settings())
    assert found.singular
    assert "boundary" in found.explanation
    assert f"{found.change.df:.1f}" in found.explanation
    assert found.change.p < 1
    assert found.random.sd.shape == (3,)


def test_a_course_that_bends_all_the_time_is_seen():
    rng = np.random.default_rng(5)
    t = np.arange(-12.0, 13.0, 2.0)
    rows = []
    for i in range(20):
        slope = -0.9 + 0.1 * rng.normal()
        y = 60 + 5 * rng.normal() + slope * t + 0.04 * t**2 + 0.8 * rng.normal(size=len(t))
        rows += [(f"P{i}", d * DAYS_PER_MONTH, v, "fvc") for d, v in zip(t, y, strict=True)]
    trial = trial_from(pd.DataFrame(rows, columns=["patient", "day", "value", "endpoint"]))
    found = hinge_model(trial, "fvc", Settings())
    assert found.change.p < 1e-6
    assert found.curvature.change.p > 0.01
    assert found.curvature.quadratic.estimate == pytest.approx(0.04, abs=0.01)
    aic = {shape.key: shape.aic for shape in found.curvature.shapes}
    assert aic["quadratic"] < aic["hinge"] < aic["linear"]


def test_the_model_is_json():
    found = hinge_model(scheduled()[0], "fvc", Settings())
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["change"]["estimate"] == found.change.estimate
    assert plain["unit"] == found.unit
    assert len(plain["patient_before"]) == 8
    assert plain["variances"]["test"]["df"] == 1
    assert "variances" not in found.to_json(checks=False)


def test_the_difference_is_second_minus_first_and_other_groups_are_left_out():
    trial, own = scheduled(9, changes=np.repeat([0.0, 1.0], [4, 5]))
    group = ["Zeta"] * 4 + ["alpha"] * 4 + ["third"]
    found = group_interaction(trial, "fvc", Settings(), group, ("alpha", "Zeta"))
    assert found.groups == ("alpha", "Zeta")
    assert found.n_patients == (4, 4)
    assert found.left_out == ((trial.patient_ids[8], "in another group"),)
    expected = own[:4, 2].mean() - own[4:8, 2].mean()
    assert found.difference.estimate == pytest.approx(expected)


def test_a_covariate_of_whom_nobody_is_known_leaves_a_reason():
    trial, _ = scheduled()
    found = hinge_model(trial, "fvc", Settings(model_covariates=("age", "onset_site")))
    assert not found.estimable
    assert found.reason


def sparse(*courses):
    """Return a trial of ALSFRS-R scores by day, one mapping a patient."""
    rows = [
        {"patient": f"P{k}", "day": float(day), "value": float(value), "endpoint": "alsfrs_r"}
        for k, course in enumerate(courses)
        for day, value in course.items()
    ]
    return trial_from(pd.DataFrame(rows))


def test_a_search_that_ends_too_early_gives_no_test():
    # The straight course reaches a higher likelihood here than the bent one, its general case.
    trial = sparse(
        {-274: 39, -228: 36, -46: 35, 0: 33, 46: 27},
        {-228: 40, -183: 37, -91: 37, 91: 32, 183: 34},
        {91: 34, 183: 30},
    )
    model = hinge_model(trial, "alsfrs_r", Settings())
    assert model.estimable
    assert model.change_test.reason == UNSETTLED
    assert math.isnan(model.change_test.p)
    assert "hinge" not in [shape.key for shape in model.curvature.shapes]
    assert json.dumps(model.to_json(), allow_nan=False)


def test_a_correction_that_breaks_down_is_told():
    trial = sparse(
        {228: 29, 274: 28},
        {-228: 48, -183: 48, 0: 47, 91: 46, 183: 48},
        {-46: 33, 46: 28, 228: 27},
        {-274: 48, -228: 48, -137: 48, -46: 48, 0: 48, 46: 44, 274: 41},
    )
    model = hinge_model(trial, "alsfrs_r", Settings(two_variances=True))
    assert "breaks down: too few patients" in model.reason
    assert math.isnan(model.change.estimate)
    assert json.dumps(model.to_json(), allow_nan=False)

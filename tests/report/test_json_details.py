"""Models, diagnostics, groups and tables of ``compare --json`` against R and definitions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.conftest import REFERENCE, floats, made, r_numbers, trial_from
from tests.exported import (
    PAIRED_T,
    around,
    exported,
    exported_r,
    interval,
    only_endpoint,
    plain_t,
    same,
    summary,
)

MONTH = 30.4375
DIAGNOSTICS = json.loads((REFERENCE / "diagnostics" / "diagnostics.json").read_text("utf-8"))
GEE = json.loads((REFERENCE / "gee" / "gee.json").read_text("utf-8"))
GROUPS = json.loads((REFERENCE / "groups" / "groups.json").read_text("utf-8"))
DIAGNOSED = pytest.mark.parametrize(
    ("name", "rule"), [("trial_n12_missing", "before"), ("trial_n10", "both")]
)


def case(name, rule):
    """Return our diagnostics, R's diagnostics and R's slopes of one trial."""
    ours = only_endpoint(exported_r(name, day0=rule))["diagnostics"]
    return ours, DIAGNOSTICS["trials"][name][rule], r_numbers(name)["rules"][rule]


def by_month(**courses):
    """Return visits in days from ``name={month: value}``."""
    return {
        name: {round(m * MONTH, 9): y for m, y in course.items()}
        for name, course in courses.items()
    }


def people(trial, **columns):
    return replace(trial, patients_frame=trial.patients.assign(**columns))


# ---- diagnostics -------------------------------------------------------------------------------


@DIAGNOSED
def test_leave_one_out_equals_r(name, rule):
    ours, theirs, _ = case(name, rule)
    found, without = ours["leave_one_out"], theirs["leave_one_out"]
    d = np.array(theirs["d"])
    full = plain_t(d)
    threshold = 2 / math.sqrt(len(d))
    rows = [
        {
            "patient": patient,
            "change": d[k],
            **{key: without[key][k] for key in ("estimate", "low", "high", "p", "dfbetas")},
            "crosses_0_05": (without["p"][k] < 0.05) != (full["p"] < 0.05),
            "flips_sign": without["estimate"][k] * d.mean() < 0,
            "influential": abs(without["dfbetas"][k]) > threshold,
        }
        for k, patient in enumerate(theirs["patient"])
    ]
    same(
        found,
        {
            "full": PAIRED_T | full,
            "level": 0.95,
            "alpha": 0.05,
            "dfbetas_threshold": threshold,
            "estimate_range": [min(without["estimate"]), max(without["estimate"])],
            "p_range": [min(without["p"]), max(without["p"])],
            "without": rows,
        },
    )


def test_leave_one_out_names_who_carries_the_result():
    changes = [0.25, 0.375, 0.25, 0.5, 0.375, 0.25, -0.75]
    found = only_endpoint(exported(bent({f"P{i}": (-1, c) for i, c in enumerate(changes)})))
    rows = found["diagnostics"]["leave_one_out"]["without"]
    assert [r["crosses_0_05"] for r in rows] == [False] * 6 + [True]
    assert [r["influential"] for r in rows] == [False] * 6 + [True]
    turned = [-0.25, -0.125, -0.25, 2.0]
    found = only_endpoint(exported(bent({f"P{i}": (-1, c) for i, c in enumerate(turned)})))
    rows = found["diagnostics"]["leave_one_out"]["without"]
    assert [r["flips_sign"] for r in rows] == [False, False, False, True]


def bent(slopes, **more):
    """Return a trial of courses with these slopes before and changes."""
    return made(
        by_month(
            **{
                name: {m: 24 + m * (slope + (change if m > 0 else 0)) for m in range(-3, 4)}
                for name, (slope, change) in slopes.items()
            }
        ),
        **more,
    )


@DIAGNOSED
def test_normal_plot_has_the_shape_and_level_of_its_definition(name, rule):
    ours, theirs, _ = case(name, rule)
    found = dict(ours["normal_plot"])
    d = np.array(theirs["d"])
    n, order = len(d), np.argsort(d)
    points = found.pop("points")
    w, p = theirs["shapiro"]
    same(found.pop("shapiro_wilk"), {"w": w, "p": p}, rel=2e-5)
    same(
        found,
        {
            "n": n,
            "mean": d.mean(),
            "sd": d.std(ddof=1),
            "level": 0.95,
            "draws": 5_000,
            "seed": 20230361,
            "reason": "",
        },
    )
    assert [point["patient"] for point in points] == [theirs["patient"][i] for i in order]
    same([point["change"] for point in points], d[order])
    rank = np.arange(1, n + 1)
    same([point["quantile"] for point in points], stats.norm.ppf((rank - 0.375) / (n + 0.25)))
    # Equal local levels, and together the level of the band in samples drawn here.
    low, high = (np.array([point[end] for point in points]) for end in ("low", "high"))
    z_low, z_high = ((end - d.mean()) / d.std(ddof=1) for end in (low, high))
    tails = [
        stats.beta.cdf(stats.norm.cdf(z_low), rank, n + 1 - rank),
        stats.beta.sf(stats.norm.cdf(z_high), rank, n + 1 - rank),
    ]
    np.testing.assert_allclose(np.stack(tails), np.stack(tails)[0, 0], rtol=1e-6)
    sample = np.sort(np.random.default_rng(9).standard_normal((20_000, n)), axis=1)
    sample = (sample - sample.mean(1, keepdims=True)) / sample.std(1, ddof=1, keepdims=True)
    inside = np.all((sample >= z_low) & (sample <= z_high), axis=1).mean()
    assert inside == pytest.approx(0.95, abs=4 * math.sqrt(0.05 * 0.95 / 5_000))


@DIAGNOSED
def test_curvature_equals_r(name, rule):
    ours, theirs, _ = case(name, rule)
    theirs = theirs["curvature"]
    every = floats(theirs["coefficient"])
    known = np.isfinite(every)
    names = [p for p, k in zip(r_numbers(name)["patient"], known, strict=True) if k]
    q, schedule = every[known], theirs["schedule"]
    assert len(q) > 1
    implied = [schedule * end for end in theirs["ci95"]]
    test = plain_t(q)
    same(
        ours["curvature"],
        {
            "n": len(q),
            "fewest_visits": 4,
            "test": test
            | {
                "key": "curvature",
                "name": "t test of the mean quadratic coefficient before day 0",
                "role": "exploratory",
                "statistic_name": "t",
                "p": theirs["p"],
                "estimate": theirs["mean"],
                "estimate_name": "mean quadratic coefficient",
                "interval": interval(*theirs["ci95"]),
                "notes": [],
            },
            "schedule_months": schedule,
            "implied_change": schedule * theirs["mean"],
            "implied_interval": interval(*implied),
            "reason": "",
            "patients": [
                {"patient": patient, "coefficient": value}
                for patient, value in zip(names, q, strict=True)
            ],
        },
    )


@DIAGNOSED
def test_coupling_and_shrinkage_equal_r(name, rule):
    ours, theirs, slopes = case(name, rule)
    used = np.isfinite(floats(slopes["d"]))
    before, se = (floats(slopes["pre"][k])[used] for k in ("slope", "se_pooled"))
    same(
        ours["before_and_change"],
        {
            "n": len(before),
            "correlation_before_change_coupled": theirs["coupled"],
            "oldham_correlation": theirs["oldham"],
            "pitman_morgan": {
                "t": theirs["oldham_t"],
                "df": theirs["oldham_df"],
                "p": theirs["oldham_p"],
            },
            "sd_before": slopes["summary"]["sd_pre"],
            "sd_after": slopes["summary"]["sd_post"],
            "reason": "",
        },
    )
    between = theirs["variance"] - theirs["error_variance"]
    assert between > 0
    weight = between / (between + se**2)
    same(
        ours["shrunken_slopes"],
        {
            "n": len(before),
            "mean": before.mean(),
            "variance": theirs["variance"],
            "error_variance": theirs["error_variance"],
            "reliability": between / theirs["variance"],
            "reason": "",
            "patients": [
                {
                    "patient": patient,
                    "before": before[k],
                    "se": se[k],
                    "weight": weight[k],
                    "shrunken": before.mean() + weight[k] * (before[k] - before.mean()),
                }
                for k, patient in enumerate(theirs["patient"])
            ],
        },
    )


@DIAGNOSED
def test_regression_to_the_mean_by_its_formula(name, rule):
    ours, theirs, slopes = case(name, rule)
    found = json.loads(json.dumps(ours["regression_to_the_mean"]))
    source = found["history"].pop("source")
    assert source.startswith("Mean before: Thakore 2018 (doi 10.1002/mus.26042), n = 3,367.")
    assert "Mean after: taken to be the same as before; Thakore 2018" in source
    for name in ("SD of slopes before", "SD of slopes after", "Correlation of the two slopes"):
        assert f" {name}: " in source
    assert source.count("calibrated to public summaries of untreated patients") == 3
    mean, error = slopes["summary"]["mean_pre"], theirs["error_variance"]
    reliability = 0.58**2 / (0.58**2 + error)
    expected = (reliability * 0.47 - 1) * (mean + 0.99)
    same(
        found,
        {
            "n": slopes["summary"]["n"],
            "mean_before": mean,
            "observed_change": slopes["summary"]["mean_d"],
            "error_variance": error,
            "reliability": reliability,
            "expected_change": expected,
            "remaining_change": slopes["summary"]["mean_d"] - expected,
            "history": {
                "mean_before": -0.99,
                "mean_after": -0.99,
                "sd_before": 0.58,
                "sd_after": 0.58,
                "correlation": 0.47,
            },
            "reason": "",
        },
    )


def test_regression_to_the_mean_of_fvc_says_that_its_numbers_are_rough():
    found = only_endpoint(exported_r("trial_n20_fvc", day0="neither", alternative="less steep"))
    found = found["diagnostics"]["regression_to_the_mean"]
    slopes = r_numbers("trial_n20_fvc")["rules"]["neither"]
    used = np.isfinite(floats(slopes["d"]))
    error = np.mean(floats(slopes["pre"]["se_pooled"])[used] ** 2)
    source = found["history"].pop("source")
    assert "Andrews 2018 (PMC5833488), slow vital capacity in its place" in source
    assert source.count("a rough value from public summaries, not a published estimate") == 3
    reliability = 2.0**2 / (2.0**2 + error)
    expected = (reliability * 0.47 - 1) * (slopes["summary"]["mean_pre"] + 2.7)
    same(
        found,
        {
            "n": slopes["summary"]["n"],
            "mean_before": slopes["summary"]["mean_pre"],
            "observed_change": slopes["summary"]["mean_d"],
            "error_variance": error,
            "reliability": reliability,
            "expected_change": expected,
            "remaining_change": slopes["summary"]["mean_d"] - expected,
            "history": {
                "mean_before": -2.7,
                "mean_after": -2.7,
                "sd_before": 2.0,
                "sd_after": 2.0,
                "correlation": 0.47,
            },
            "reason": "",
        },
    )


def lost(before, has_after, change):
    """Return groups, difference and tipping point from their definitions."""
    stay, leave = before[has_after], before[~has_after]
    share = len(leave) / len(before)
    mean, se = change.mean(), change.std(ddof=1) / math.sqrt(len(change))
    ends = around(mean, se, len(change) - 1)
    to_zero, to_interval, reason = -mean / share, math.nan, ""
    if ends["low"] > 0:
        to_interval = -ends["low"] / share
    else:
        reason = "the interval of the mean change includes 0 already"
    missing = leave.mean()
    groups = {"with_after": summary(stay), "without_after": summary(leave)}
    tipping = {
        "n_before": len(before),
        "n_missing": len(leave),
        "share_missing": share,
        "mean": mean,
        "se": se,
        "before_missing": missing,
        "to_zero": to_zero,
        "to_interval": to_interval,
        "after_to_zero": missing + mean + to_zero,
        "after_to_interval": missing + mean + to_interval,
        "ratio_to_zero": (missing + mean + to_zero) / missing,
        "ratio_to_interval": (missing + mean + to_interval) / missing,
        "reason": reason,
    }
    return groups, tipping


def test_dropout_and_tipping_point_of_r_s_trial():
    name = "trial_n12_missing"
    ours, theirs, slopes = case(name, "before")
    pre, post = (floats(slopes[side]["slope"]) for side in ("pre", "post"))
    known = np.isfinite(pre)
    groups, tipping = lost(pre[known], np.isfinite(post[known]), np.array(theirs["d"]))
    visits = pd.read_csv(REFERENCE / f"{name}.csv").dropna(subset=["value"])
    last = visits.groupby("patient")["day"].max() / MONTH
    names = np.array(r_numbers(name)["patient"])[known]
    welch = theirs["welch"]
    same(
        ours["dropout"],
        groups
        | {
            "difference": welch["difference"],
            "interval": interval(*welch["ci95"]),
            "p": welch["p"],
            "last_visits": [
                {"patient": patient, "last_month": last[patient], "has_after": bool(stays)}
                for patient, stays in zip(names, np.isfinite(post[known]), strict=True)
            ],
        },
    )
    same(ours["tipping_point"], tipping)


def test_nobody_lost_leaves_nothing_to_compare():
    ours, theirs, slopes = case("trial_n10", "both")
    before = floats(slopes["pre"]["slope"])
    assert len(before) == len(theirs["d"])
    found = dict(ours["dropout"])
    assert all(visit["has_after"] for visit in found.pop("last_visits"))
    groups = {"with_after": summary(before), "without_after": summary([])}
    same(found, groups | {"difference": None, "interval": None, "p": None})


def test_tipping_point_of_an_interval_above_0():
    stay = {f"S{i}": (-1 - i / 10, d) for i, d in enumerate((0.5, 0.625, 0.375, 0.5))}
    trial = bent({"L0": (-2, 0), **stay, "L1": (-1.5, 0)})
    frame = trial.measurements
    early = ~(frame["patient"].str.startswith("L") & (frame["day"] > 40))
    ours = only_endpoint(exported(trial_from(frame[early])))["diagnostics"]
    before = np.array([-2, -1, -1.1, -1.2, -1.3, -1.5])
    has_after = np.array([False, True, True, True, True, False])
    groups, tipping = lost(before, has_after, np.array([0.5, 0.625, 0.375, 0.5]))
    same(ours["tipping_point"], tipping)
    same({key: ours["dropout"][key] for key in groups}, groups)
    assert math.isfinite(tipping["to_interval"])


def test_a_far_visit_is_named_with_the_residual_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    times = np.array([-6, -4, -2, -1, 0, 1, 3, 5, 7])
    courses = {f"P{i}": 35 - 0.8 * times + rng.normal(0, 0.5, 9) for i in range(5)}
    courses["P3"][2] -= 14
    visits = by_month(
        **{p: dict(zip(times.tolist(), y.tolist(), strict=True)) for p, y in courses.items()}
    )
    found = only_endpoint(exported(made(visits)))["diagnostics"]["residuals"]
    lines, value = [], []
    for at, y in enumerate(courses.values()):
        for side, chosen in enumerate((times <= 0, times > 0)):
            for t, v in zip(times[chosen], y[chosen], strict=True):
                row = np.zeros(20)
                row[4 * at + 2 * side : 4 * at + 2 * side + 2] = 1, t
                lines.append(row)
                value.append(v)
    fit = sm.OLS(np.array(value), np.array(lines)).fit()
    far = 3 * 9 + 2
    assert max(abs(r) for r in floats(case("trial_n10", "both")[1]["residuals"]["studentised"])) < 4
    assert case("trial_n10", "both")[0]["residuals"]["far"] == []
    same(
        found,
        {
            "visits": 45,
            "threshold": 4,
            "far": [
                {
                    "patient": "P3",
                    "period": "before",
                    "day_from_day0": -2 * MONTH,
                    "value": courses["P3"][2],
                    "residual": fit.resid[far],
                    "studentised": fit.get_influence().resid_studentized_external[far],
                }
            ],
        },
        rel=1e-6,
    )


def test_scores_at_the_ends_by_hand():
    courses = by_month(
        F={-4: 48, 0: 47},  # not compared
        A={-4: 48, -2: 46, 0: 45, 2: 43, 4: 41},  # ceiling before
        B={-4: 9, -2: 5, 0: 3, 2: 2, 4: 0},  # floor after
        C={-4: 30, -2: 28, 0: 27, 2: 26, 4: 25},
        D={-4: 30, -2: 29, 0: 26, 2: 26, 4: 24},
        E={-4: 2, -2: 1, 0: 1, 2: 1, 4: 0},  # floor on both sides
    )
    found = only_endpoint(exported(made(courses)))["diagnostics"]["scale_ends"]
    change = {}
    for name in "ABCD":
        month = np.array(list(courses[name])) / MONTH
        y = np.array(list(courses[name].values()))
        slopes = [np.polyfit(month[s], y[s], 1)[0] for s in (month < 0.5, month > 0.5)]
        change[name] = slopes[1] - slopes[0]
    same(
        found,
        {
            "floor": 2,
            "ceiling": 46,
            "before": {"scores": 15, "at_floor": 3, "at_ceiling": 2},
            "after": {"scores": 10, "at_floor": 4, "at_ceiling": 0},
            "patients_any": ["A", "B", "E"],
            "patients_both": ["E"],
            "without_any": PAIRED_T | plain_t([change["C"], change["D"]]),
            "without_both": PAIRED_T | plain_t(list(change.values())),
        },
    )
    fvc = only_endpoint(exported_r("trial_n20_fvc", day0="neither", alternative="less steep"))
    ends = fvc["diagnostics"]["scale_ends"]
    assert (ends["floor"], ends["ceiling"]) == (pytest.approx(5), None)


def test_too_few_patients_are_told_in_every_diagnostic():
    found = only_endpoint(exported(made(by_month(A={-4: 30, 0: 28, 3: 27, 6: 26}))))
    reasons = {key: part.get("reason") for key, part in found["diagnostics"].items()}
    same(
        reasons,
        {
            "normal_plot": "fewer than 3 compared patients",
            "leave_one_out": None,
            "residuals": None,
            "curvature": "nobody has 4 visits on 3 days before day 0",
            "scale_ends": None,
            "before_and_change": "fewer than 3 compared patients",
            "shrunken_slopes": "fewer than 2 compared patients",
            "regression_to_the_mean": "the slopes before have no standard error",
            "dropout": None,
            "tipping_point": "everybody with a slope before has a slope after",
        },
    )


# ---- models ------------------------------------------------------------------------------------


@cache
def mixed(name):
    return json.loads((REFERENCE / "mixed" / f"numbers_{name}.json").read_text("utf-8"))


@cache
def visits(name):
    frame = pd.read_csv(REFERENCE / "mixed" / f"{name}.csv", dtype={"patient": str})
    return frame.dropna(subset=["y"])


def trial_of_r(name):
    """Return one of R's trials with the patients in the reverse of R's order."""
    frame = visits(name)
    long = pd.DataFrame(
        {"patient": frame["patient"], "day": frame["t"] * MONTH, "value": frame["y"]}
    )
    names = list(dict.fromkeys(frame["patient"]))[::-1]
    return trial_from(long.assign(endpoint="fvc"), patients=names)


@cache
def exported_hinge(name):
    return exported(trial_of_r(name))


def same_effect(found, key, name, theirs):
    """Check an effect against R's contrast: Kenward-Roger, and Satterthwaite beside it."""
    kr, satterthwaite = theirs["kenward_roger"], theirs["satterthwaite"]
    se, df = kr["se"], kr["df"]
    assert found["estimate"] == pytest.approx(theirs["estimate"], abs=1e-4 * se), key
    expected = {
        "key": key,
        "name": name,
        "estimate": found["estimate"],
        "se": se,
        "df": df,
        "interval": around(found["estimate"], se, df),
        "p": kr["p"],
        "satterthwaite_df": satterthwaite["df"],
        "satterthwaite_p": satterthwaite["p"],
    }
    same(found, expected, rel=1e-3, at=key)


def contrast(estimate, se, df, p, satterthwaite_df, satterthwaite_p):
    """Return a contrast as it stands in R's files."""
    return {
        "estimate": estimate,
        "kenward_roger": {"se": se, "df": df, "p": p},
        "satterthwaite": {"df": satterthwaite_df, "p": satterthwaite_p},
    }


def test_mixed_model_equals_r():
    name = "hinge_n20"
    theirs = mixed(name)["models"]["hinge_reml"]
    trial = trial_of_r(name)
    ours = only_endpoint(exported_hinge(name))["model"]
    psi, beta = np.array(theirs["psi"]), theirs["beta"]
    sd = np.sqrt(np.diag(psi))
    blups = dict(zip(theirs["patients"], theirs["blups"], strict=True))
    rows = [blups[patient] for patient in trial.patient_ids]
    expected = {
        "endpoint": "fvc",
        "unit": "% predicted/month",
        "method": "linear mixed model by REML, Kenward–Roger degrees of freedom",
        "n_patients": 20,
        "n_rows": 200,
        "left_out": [],
        "notes": [],
        "reason": "",
        "covariates": [],
        "loglik": theirs["loglik"],
        "singular": False,
        "explanation": "",
        "patient_before": [beta[1] + row[1] for row in rows],
        "patient_after": [beta[1] + beta[2] + row[1] + row[2] for row in rows],
    }
    same({key: ours[key] for key in expected}, expected, rel=1e-4)
    same(
        ours["random"],
        {
            "effects": ["level at day 0", "slope before", "change of slope"],
            "sd": sd,
            "correlation": (psi / np.outer(sd, sd)).tolist(),
            "residual_sd": theirs["sigma"],
            "variance_ratio": 1,
        },
        rel=1e-4,
    )
    contrasts = theirs["contrasts"]
    same_effect(ours["slope_before"], "slope_before", "slope before", contrasts["t"])
    same_effect(ours["change"], "change", "change of slope", contrasts["after"])
    same_effect(ours["slope_after"], "slope_after", "slope after", contrasts["slope_after"])


def test_mean_course_of_the_mixed_model_equals_r():
    name = "hinge_n20"
    theirs = mixed(name)["models"]["hinge_reml"]
    course = only_endpoint(exported_hinge(name))["model"]["course"]
    level, before, change = theirs["beta"]
    frame = visits(name)
    # Visits are about 3 months apart; of two at one month, such as 0 and 0.9, the nearer counts.
    month = 3 * (frame["t"] / 3).round()
    near = frame.assign(month=month, away=(frame["t"] - month).abs()).sort_values("away")
    seen = near.drop_duplicates(["patient", "month"]).groupby("month")["y"]
    assert [row["month"] for row in course] == list(range(-9, 19, 3))
    banded = 0
    for row in course:
        month = row["month"]
        found = {key: row[key] for key in ("n", "observed", "mean", "continued")}
        n = int(seen.count().get(month, 0))
        expected = {
            "n": n,
            "observed": seen.mean()[month] if n >= 3 else None,
            "mean": level + before * month + change * max(month, 0),
            "continued": level + before * month if month > 0 else None,
        }
        same(found, expected, rel=1e-6, at=month)
        point = theirs["contrasts"].get(f"fitted_at_{month:g}")
        if point is not None:
            kr = point["kenward_roger"]
            half = stats.t.isf(0.025, kr["df"]) * kr["se"]
            assert row["high"] - row["mean"] == pytest.approx(half, rel=1e-4)
            assert row["mean"] - row["low"] == pytest.approx(half, rel=1e-4)
            banded += 1
        assert row["low"] < row["mean"] < row["high"]
    assert banded == 4


def test_checks_of_the_mixed_model_equal_r():
    theirs = mixed("hinge_n20")
    ours = only_endpoint(exported_hinge("hinge_n20"))["model"]
    lr, two = theirs["lr_test"], theirs["two_variances"]["reml"]
    same(
        ours["change_test"],
        {"statistic": lr["statistic"], "df": 2 - 1, "p": lr["p"], "reason": ""},
        rel=1e-5,
    )
    statistic = 2 * (two["loglik"] - theirs["models"]["hinge_reml"]["loglik"])
    found = dict(ours["variances"])
    same_effect(found.pop("change"), "change", "change of slope", two["contrasts"]["after"])
    test = found.pop("test")
    assert test["statistic"] == pytest.approx(statistic, abs=1e-5)
    assert test["p"] == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-3)
    assert (test["df"], test["reason"]) == (1, "")
    ratio = two["variance_ratio"]
    sds = {"sd_before": two["sigma"], "sd_after": two["sigma"] * math.sqrt(ratio)}
    same(found, {"ratio": ratio, **sds}, rel=1e-4)
    assert abs(ratio - 1) > 0.005
    curve = dict(ours["curvature"])
    # lmer(y ~ t + after + t2 + (1 + t + after | patient)) with lmerTest and pbkrtest, as
    # make_mixed.R does it for the other models.
    same_effect(
        curve.pop("change"),
        "change",
        "change of slope",
        contrast(0.3752611993, 0.1256099388, 109.3024, 0.003473065, 109.3418, 0.003472297),
    )
    same_effect(
        curve.pop("quadratic"),
        "quadratic",
        "t²",
        contrast(0.0008236385, 0.003380907344, 139.0328, 0.8078884, 139.1124, 0.8078833),
    )
    both = {"loglik": -437.3756826, "aic": 896.7513653, "bic": 933.0328563}
    shapes = [
        {"key": key} | {k: theirs["shapes"][key][k] for k in both}
        for key in ("linear", "hinge", "quadratic")
    ]
    shapes.append({"key": "hinge and quadratic", **both})
    fitted = sorted(curve.pop("shapes"), key=lambda shape: shape["key"])
    same(fitted, sorted(shapes, key=lambda shape: shape["key"]), rel=1e-8)
    assert curve == {"reason": ""}


def test_a_singular_model_says_so():
    theirs = mixed("hinge_n10_singular")["models"]["hinge_reml"]
    ours = only_endpoint(exported_hinge("hinge_n10_singular"))["model"]
    assert theirs["singular"]
    assert ours["singular"] is True
    assert "is on its boundary" in ours["explanation"]
    df = theirs["contrasts"]["after"]["kenward_roger"]["df"]
    assert ours["explanation"].endswith(f"of the change: {df:.1f} with 10 patients.")


def test_a_model_that_cannot_be_fitted_says_why():
    trial = made(by_month(A={-4: 30, 0: 28, 3: 27, 6: 26}))
    found = only_endpoint(exported(trial, model_covariates=("sex",)))
    model = found["model"]
    reason = "fewer than 2 patients have visits that can be analysed"
    assert model["reason"] == reason
    assert model["change_test"]["reason"] == model["variances"]["test"]["reason"] == reason
    assert model["curvature"]["reason"] == reason
    assert model["change"]["estimate"] is None
    assert model["course"] == []
    population = found["population_model"]
    assert population["reason"] == "fewer than 3 patients have visits that can be analysed"
    assert (population["working"], population["correlation"]) == ("", None)


@cache
def grouped(swap=False):
    """R's trial with groups and age, and a patient without a day 0, in the reverse order."""
    name = "hinge_n20_groups"
    frame = visits(name)
    extra = pd.DataFrame({"patient": ["none"] * 3, "t": [-1.0, 0, 2], "y": [60.0, 59, 58]})
    long = pd.concat([frame, extra])
    first = frame.groupby("patient").first()
    names = ["none", *list(dict.fromkeys(frame["patient"]))[::-1]]
    long = long.assign(day=long["t"] * MONTH, value=long["y"], endpoint="fvc")
    labels = ("new", "old") if swap else ("control", "new")
    trial = people(
        trial_from(
            long[["patient", "day", "value", "endpoint"]],
            patients=names,
            transplants={"none": ()},
        ),
        age=[50.0, *first.loc[names[1:], "age"].astype(float)],
        group=[labels[0], *(labels[int(g) ^ swap] for g in first.loc[names[1:], "group"])],
    )
    return exported(trial, group_by="group", model_covariates=("age",))


def test_covariate_and_patients_left_out_of_the_models():
    ours = only_endpoint(grouped())["model"]
    # lmer(y ~ t + after + age + (1 + t + after | patient)), as above.
    for key, name, numbers in (
        ("slope_before", "slope before", (-0.9359951478, 0.09872269, 18.99961, 1.2332546e-08,
                                          18.953157, 1.2610647e-08)),
        ("change", "change of slope", (0.5213884876, 0.12094105, 18.99965, 0.00037674767,
                                       19.007532, 0.00037641408)),
    ):  # fmt: skip
        same_effect(ours[key], key, name, contrast(*numbers))
    (age,) = ours["covariates"]
    numbers = (-0.06720794155, 0.0838757104, 17.99971376, 0.4334202499, 17.99961, 0.387367)
    same_effect(age, "age in years", "age in years", contrast(*numbers))
    out = [{"patient": "none", "reason": "no day 0"}]
    for model in ("model", "group_model", "population_model"):
        assert only_endpoint(grouped())[model]["left_out"] == out


def test_group_model_equals_r():
    theirs = mixed("hinge_n20_groups")["models"]["hinge_reml"]
    ours = only_endpoint(grouped())["group_model"]
    per_group = visits("hinge_n20_groups").groupby("patient")["group"].first().value_counts()
    plain = {
        "groups": ["control", "new"],
        "n_patients": [int(per_group[0]), int(per_group[1])],
        "singular": theirs["singular"],
        "reason": "",
    }
    same({key: ours[key] for key in plain}, plain)
    contrasts = theirs["contrasts"]
    same_effect(
        ours["difference"], "difference", "difference of the changes", contrasts["group:after"]
    )
    first, second = ours["changes"]
    same_effect(first, "change:control", "change, control", contrasts["after"])
    # The sum after + group:after of the same model in R.
    sums = contrast(0.8585319524, 0.1352000015, 18.03294, 5.499129562e-06, 18.043555, 5.4833859e-06)
    same_effect(second, "change:new", "change, new", sums)


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("hinge_n20_groups_age", grouped),
        ("hinge_n12_missing", lambda: exported_hinge("hinge_n12_missing")),
    ],
)
def test_population_model_equals_r(name, document):
    ours, theirs = only_endpoint(document())["population_model"], GEE[name]
    months = visits(name.removesuffix("_age")).groupby("patient")["t"]
    both = int(((months.min() < 0) & (months.max() > 0)).sum())
    found = theirs["exchangeable"]
    effects = {
        key: {"key": key, "name": text}
        | {k: found["effects"][key][k] for k in ("estimate", "se", "df", "p")}
        | {"interval": interval(*found["effects"][key]["ci95"])}
        for key, text in (
            ("slope_before", "slope before"),
            ("change", "change of slope"),
            ("slope_after", "slope after"),
        )
    }
    ours = dict(ours)
    notes, out = ours.pop("notes"), ours.pop("left_out")
    assert [one["patient"] for one in out] == (["none"] if "age" in name else [])
    n = theirs["n_patients"]
    if both < n:
        (note,) = notes
        assert note.startswith(f"{n - both} of {n} patients do not have visits on both sides")
    else:
        assert notes == []
    same(
        ours,
        effects
        | {
            "endpoint": "fvc",
            "unit": "% predicted/month",
            "method": "generalised estimating equations, standard errors of Mancl & DeRouen, t "
            "with patients − 1 degrees of freedom (recommended below 40 patients, used for any "
            "number)",
            "level": 0.95,
            "n_patients": n,
            "n_rows": theirs["n_rows"],
            "n_both": both,
            "reason": "",
            "working": "exchangeable",
            "correlation": found["correlation"],
            "fallback": "",
        },
        rel=1e-6,
    )


def test_without_pairs_of_visits_the_population_model_says_what_it_used():
    rows = [(f"P{i}", t, 50 - t + i % 3) for i, t in enumerate((-9, -6, -3, -2, 1, 4, 7, 9))]
    frame = pd.DataFrame(rows, columns=["patient", "t", "value"])
    trial = trial_from(frame.assign(day=frame["t"] * MONTH, endpoint="fvc"))
    trial = people(trial, age=60.0)
    found = only_endpoint(exported(trial, model_covariates=("age",)))
    population = found["population_model"]
    assert population["fallback"] == "too few pairs of visits of one patient for a correlation"
    assert (population["working"], population["correlation"]) == ("independence", 0)
    note = "not adjusted for age: it is the same in all patients"
    assert found["model"]["notes"] == [note]
    assert population["notes"][0] == note


# ---- groups ------------------------------------------------------------------------------------


def slopes_with(changes):
    """Return visits of patients with these changes of a slope of −1, −1.1, … before day 0."""
    return by_month(
        **{
            name: {m: 90 + m * (-1 - i / 10 + (change if m > 0 else 0)) for m in (-6, -3, 0, 3, 6)}
            for i, (name, change) in enumerate(changes.items())
        }
    )


def fvc_trial(changes, group):
    frame = pd.DataFrame(
        [(p, d, v) for p, course in slopes_with(changes).items() for d, v in course.items()],
        columns=["patient", "day", "value"],
    )
    return people(trial_from(frame.assign(endpoint="fvc")), group=group)


def test_groups_equal_r():
    pair = GROUPS["two"]["small_ties"]
    reference, other = pair["reference"], pair["other"]
    values = [*other, 9.0, *reference, -9.0]
    names = [f"P{i:02}" for i in range(len(values))]
    labels = [*["new"] * len(other), "alone", *["placebo control"] * len(reference), ""]
    trial = fvc_trial(dict(zip(names, values, strict=True)), labels)
    document = exported(trial, group_by="group")
    found = dict(only_endpoint(document)["groups"])
    before = -1 - np.arange(len(values)) / 10
    change = np.array(values)
    groups = []
    for label in ("alone", "new", "placebo control"):
        mine = np.array(labels) == label
        groups.append(
            {
                "label": label,
                "n_loaded": mine.sum(),
                "n": mine.sum(),
                "before": summary(before[mine]),
                "after": summary((before + change)[mine]),
                "change": summary(change[mine]),
            }
        )
    same(found.pop("groups"), groups, rel=1e-6)
    welch, g, ways = pair["welch"], pair["g"], pair["permutation"]["ways"]
    n = len(reference) + len(other)
    texts = {"role": "primary", "n": n, "p_floor": 0, "notes": []}
    tests = [
        texts
        | {
            "key": "welch_t",
            "name": "Welch’s t test between groups",
            "p": welch["p_two"],
            "statistic": welch["t"],
            "statistic_name": "t",
            "df": welch["df"],
            "estimate": welch["estimate"],
            "estimate_name": "difference of means",
            "interval": interval(*welch["ci95"]),
        },
        texts
        | {
            "key": "permutation",
            "name": "exact permutation test of the group labels",
            "role": "supporting",
            "p": pair["permutation"]["p_two"],
            "statistic": None,
            "statistic_name": "",
            "df": None,
            "estimate": None,
            "estimate_name": "",
            "interval": None,
            "p_floor": 1 / ways,
        },
    ]
    effect = {
        "key": "hedges_g",
        "name": "Hedges’ g (difference / pooled SD, corrected)",
        "value": g["value"],
        "n": n,
        "interval": interval(*g["ci95"]),
        "notes": ["interval by the noncentral t distribution, for the population value"],
    }
    same(
        found,
        {
            "by": "group",
            "unit": "% predicted/month",
            "without_group": [names[-1]],
            "too_small": ["alone"],
            "control": {
                "label": "placebo control",
                "why": "“placebo control” is called like a control, and 6 of its patients have a "
                "reference date as day 0.",
            },
            "difference": {
                "reference": "placebo control",
                "other": "new",
                "tests": tests,
                "effect": effect,
            },
            "overall": None,
        },
        rel=1e-6,
    )
    assert document["control"] == "placebo control"
    assert document["joint"] is None


def test_three_groups_equal_r():
    theirs = GROUPS["several"]["three"]
    values = [v for group in theirs["groups"] for v in group]
    labels = [label for label, own in zip("abc", theirs["groups"], strict=True) for _ in own]
    names = [f"P{i:02}" for i in range(len(values))]
    trial = fvc_trial(dict(zip(names, values, strict=True)), labels)
    found = only_endpoint(exported(trial, group_by="group"))["groups"]
    assert found["difference"] is None
    assert found["overall"]["key"] == "welch_anova"
    keys = ("statistic", "df", "p", "n")
    expected = [theirs["f"], theirs["df"], theirs["p"], len(values)]
    same([found["overall"][key] for key in keys], expected, rel=1e-6)
    assert found["control"] == {"label": None, "why": "No group is called like a control."}


# ---- patients at day 0 and change from day 0 ---------------------------------------------------


def test_patients_at_day_0_by_hand():
    later = {20: 30, 90: 28}
    score = [40, 36, 31, 45, 38, 42]
    day = [0, -30, -10, 0, -92, -93]
    trial = people(
        made({f"P{i}": {d: y, **later} for i, (d, y) in enumerate(zip(day, score, strict=True))}),
        group=["x", "y", "x", "y", "x", ""],
        age=[50.0, 61, 54, 66, np.nan, 70],
        sex=["F", "M", "F", "F", "M", "M"],
        onset_day=[-300.0, -500, -400, -700, -250, 20],
    )
    columns = [[0, 1, 2, 3, 4, 5], [0, 2, 4], [1, 3]]
    age = np.array([50, 61, 54, 66, math.nan, 70])
    # The last value of P5 is a day too old.
    young = np.array([40, 36, 31, 45, 38, math.nan])
    old = np.abs(day)
    ill = np.array([300, 500, 400, 700, 250, math.nan]) / MONTH
    rate = (48 - young) / (ill + np.array(day) / MONTH)

    def number(values, ages=None):
        cells = []
        for members in columns:
            all_of = np.asarray(values, dtype=float)[members]
            known = all_of[np.isfinite(all_of)]
            taken = None if ages is None else ages[members][np.isfinite(all_of)]
            cells.append(
                {
                    "n": len(known),
                    "missing": len(all_of) - len(known),
                    "mean": known.mean(),
                    "sd": known.std(ddof=1),
                    "median": np.median(known),
                    "low": known.min(),
                    "high": known.max(),
                    "median_age_days": math.nan if taken is None else np.median(taken),
                    "max_age_days": math.nan if taken is None else taken.max(),
                    "counts": [],
                }
            )
        _, x, y = cells
        gap = (y["mean"] - x["mean"]) / math.sqrt((x["sd"] ** 2 + y["sd"] ** 2) / 2)
        difference = {"first": "x", "second": "y", "value": gap}
        return {"kind": "number", "categories": [], "cells": cells} | {
            "standardised_difference": difference
        }

    empty = dict.fromkeys(
        ("mean", "sd", "median", "low", "high", "median_age_days", "max_age_days")
    )
    counts = [(3, 3), (2, 1), (1, 1)]
    gap = (1 / 2 - 1 / 3) / math.sqrt((2 / 9 + 1 / 4) / 2)
    sex = {
        "kind": "categories",
        "categories": ["F", "M"],
        "cells": [{"n": sum(c), "missing": 0, "counts": list(c), **empty} for c in counts],
        "standardised_difference": {"first": "x", "second": "y", "value": gap},
    }
    future = "1 with an onset on or after day 0 are counted as missing"
    formula = "(48 − score) / months from onset to the visit of that score"
    rows = [
        {"key": "age", "label": "Age", "unit": "years", "note": "", **number(age)},
        {"key": "sex", "label": "Sex", "unit": "", "note": "", **sex},
        {
            "key": "months_from_onset",
            "label": "Onset to day 0",
            "unit": "months",
            "note": future,
            **number(ill),
        },
        {
            "key": "alsfrs_r",
            "label": "ALSFRS-R",
            "unit": "points",
            "note": "",
            **number(young, old),
        },
        {
            "key": "delta_fs",
            "label": "ΔFS",
            "unit": "points/month",
            "note": formula,
            **number(rate, old),
        },
    ]
    same(
        exported(trial, group_by="group")["baseline"],
        {
            "by": "group",
            "columns": [
                {"label": "all patients", "n": 6},
                {"label": "x", "n": 3},
                {"label": "y", "n": 2},
            ],
            "ungrouped": ["P5"],
            "value_age_days": 92,
            "rows": rows,
        },
    )
    alone = exported(trial)["baseline"]
    assert (alone["by"], alone["ungrouped"]) == ("", [])
    assert [row["standardised_difference"] for row in alone["rows"]] == [None] * len(rows)


def test_change_from_day_0_by_hand():
    courses: dict[str, dict[float, float]] = {
        "A": {-1: 41, 0: 40, 3: 38, 6: 35},
        "B": {-2: 36, 2: 34, 4: 33, 6.5: 30},
        "C": {0: 30, 3.2: 30, 7: 24},
        "D": {-3.5: 45, 3: 40, 6: 38},  # no value at day 0
        "E": {0: 35, 1: 34},  # dies in month 3
        "F": {0: 33, 1: 31},  # is not seen again
        "G": {0: 39, 9: 30},  # is seen later
    }
    trial = made(by_month(**courses))
    dead = [3 * MONTH if name == "E" else math.nan for name in courses]
    found = only_endpoint(exported(people(trial, death_day=dead)))["from_day0"]

    def at(month, changes, seen, **missing):
        return {
            "month": month,
            "change": summary(changes),
            "median_visit_month": np.median(seen),
            "missing": missing,
        }

    course = []
    for centre in range(-3, 10, 3):
        nearest = []
        for visits_of in courses.values():
            near = [m for m in visits_of if centre - 1.5 <= m < centre + 1.5]
            if near:
                nearest.append(visits_of[min(near, key=lambda m: abs(m - centre))])
        shown = summary(nearest) if len(nearest) > 2 else {}
        ends = shown.get("interval") or {}
        course.append(
            {
                "month": centre,
                "n": len(nearest),
                "mean": shown.get("mean"),
                "sd": shown.get("sd"),
                "low": ends.get("low"),
                "high": ends.get("high"),
            }
        )
    same(
        found,
        {
            "endpoint": "alsfrs_r",
            "unit": "points",
            "window_months": 1.5,
            "day0_value_age_days": 92,
            "n_day0": 6,
            "without_day0": ["D"],
            "by_month": [
                # B has visits at 2 and 4 months, equally near: the earlier counts.
                at(3, [-2, -2, 0], [3, 2, 3.2], died=1, no_later_visit=1, missed=1),
                at(6, [-5, -6, -6], [6, 6.5, 7], died=1, no_later_visit=1, missed=1),
            ],
            "course": course,
        },
    )

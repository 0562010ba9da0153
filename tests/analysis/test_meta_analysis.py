"""Weighted mean change against R (metafor and definitions), by hand and at its edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.meta_analysis import _reml, meta_mean
from analysis.results import Interval
from tests.conftest import DAY0_RULES, R_TRIALS, ends, floats, r_compared, r_numbers

METHODS = ("fixed", "dl", "pm", "reml")
SOURCES = [(name, rule) for name in R_TRIALS for rule in (*DAY0_RULES, "broken_stick")]
INTERVALS = {
    "ci95": "interval",
    "ci95_kh": "interval_kh",
    "pi95": "prediction",
    "pi95_kh": "prediction_kh",
}


def close(ours, theirs, relative=1e-8, nothing=0.0):
    assert_allclose(ours, theirs, rtol=relative, atol=nothing)


def reference(name, rule):
    """Return changes, variances and R's numbers; patients without a change are left out."""
    if rule == "broken_stick":
        part = r_numbers(name)["broken_stick"]
        y, v = floats(part["patients"]["change"]), floats(part["patients"]["var_change"])
    else:
        part = r_numbers(name)["rules"][rule]
        y, v = floats(part["d"]), floats(part["var_d"])
    known = np.isfinite(y) & np.isfinite(v)
    return y[known], v[known], part["meta"]


@pytest.mark.parametrize(("name", "rule"), SOURCES)
def test_every_method_equals_r(name, rule):
    y, v, expected = reference(name, rule)
    if expected is None:
        pytest.skip("R has none")
    result = meta_mean(y, v, 0.95)
    assert (result.n, result.df) == (expected["k"], expected["df"])
    close([result.q, result.p_q, result.i2], [expected[k] for k in ("q", "p_q", "i2")], 1e-8, 1e-12)
    assert [mean.method for mean in result.means] == list(METHODS)
    for mean in result.means:
        theirs = expected[mean.method]
        scale = float(np.var(y))
        # A root is located to the precision of the score, which is flat beside 0.
        close(mean.tau2, theirs["tau2"], 1e-8, 1e-11 * scale)
        close([mean.mean, mean.se, mean.p], [theirs[k] for k in ("mean", "se", "p")])
        for key, attribute in INTERVALS.items():
            interval: Interval | None = getattr(mean, attribute)
            if theirs.get(key) is None or theirs[key][0] is None:
                assert interval is None
            else:
                close(ends(interval), theirs[key], 1e-8, 1e-10)
        if mean.method != "fixed":
            close([mean.se_kh, mean.p_kh], [theirs["se_kh"], theirs["p_kh"]])


@pytest.mark.parametrize("name", R_TRIALS)
@pytest.mark.parametrize("rule", DAY0_RULES)
def test_the_variances_of_the_comparison_give_r_s_result(name, rule):
    result = r_compared(name, rule)
    who = result.paired
    ours = meta_mean(result.change[who], result.change_se[who] ** 2, 0.95)
    theirs = r_numbers(name)["rules"][rule]["meta"]["reml"]
    assert ours.shown is not None
    close(ends(ours.shown.interval_kh), theirs["ci95_kh"], 1e-7, 1e-9)


def test_equal_variances_give_the_t_interval():
    # With one variance Knapp–Hartung is the one-sample t interval, whatever tau² is.
    y = np.array([0.2, 1.1, -0.4, 0.9, 2.0])
    shown = meta_mean(y, np.full(5, 0.3), 0.95).shown
    assert shown is not None
    half = 2.7764451051977987 * y.std(ddof=1) / math.sqrt(5)
    close(ends(shown.interval_kh), [y.mean() - half, y.mean() + half])
    close(shown.tau2, y.var(ddof=1) - 0.3)
    assert shown.method == "reml"


def test_two_patients_by_hand():
    result = meta_mean(np.array([0.0, 2.0]), np.array([1.0, 1.0]), 0.95)
    # Q = 2 · 1² / 1 = 2, df 1, I² = 50 %; tau² = 2 − 1 by every method.
    close([result.q, result.i2], [2, 50])
    close([mean.tau2 for mean in result.means], [0, 1, 1, 1], 1e-9)
    assert all(mean.prediction is None for mean in result.means)


def test_reml_takes_the_highest_of_its_peaks():
    # One imprecise, two precise groups: compare with a search of the likelihood on a fine grid.
    rng = np.random.default_rng(0)
    for _ in range(60):
        k = int(rng.integers(3, 7))
        v = 10.0 ** rng.uniform(-4, 1.5, k)
        y = rng.normal(0, 1, k)
        grid = np.r_[0, np.geomspace(1e-7, 100, 6_000)]
        w = 1 / (v[:, None] + grid)
        mean = (w * y[:, None]).sum(axis=0) / w.sum(axis=0)
        squares = (w * (y[:, None] - mean) ** 2).sum(axis=0)
        likelihood = (np.log(w).sum(axis=0) - np.log(w.sum(axis=0)) - squares) / 2
        tau2 = _reml(y, v)
        w1 = 1 / (v + tau2)
        m1 = (w1 * y).sum() / w1.sum()
        reached = (np.log(w1).sum() - np.log(w1.sum()) - (w1 * (y - m1) ** 2).sum()) / 2
        assert reached >= likelihood.max() - 1e-9


def test_patients_without_a_variance_are_counted():
    y = np.array([0.1, 0.5, np.nan, 0.9, 0.3])
    v = np.array([0.1, 0.2, 0.1, 0.0, np.nan])
    result = meta_mean(y, v, 0.95)
    assert result.n == 2
    assert result.notes[0].startswith("3 patients")


@pytest.mark.parametrize("y", [[], [1.0], [0.4, 0.4, 0.4]])
def test_without_spread_there_is_a_reason(y):
    result = meta_mean(np.array(y), np.ones(len(y)), 0.95)
    assert result.means == ()
    assert result.shown is None
    assert "not estimable" in result.notes[-1]
    assert result.to_json()["q"] is None


def test_changes_closer_than_their_variances_are_pointed_out():
    result = meta_mean(np.array([0.1, 0.11, 0.12, 0.1]), np.full(4, 1.0), 0.95)
    assert result.shown is not None
    assert result.shown.tau2 == 0
    assert "Knapp–Hartung" in result.notes[-1]


def test_the_unit_scales_everything():
    rng = np.random.default_rng(3)
    y, v = rng.normal(0.4, 1, 9), rng.uniform(0.1, 0.6, 9)
    one, year = meta_mean(y, v, 0.9), meta_mean(12 * y, 144 * v, 0.9)
    close([year.q, year.i2, year.p_q], [one.q, one.i2, one.p_q])
    for a, b in zip(one.means, year.means, strict=True):
        close([b.tau2, b.mean, b.se, b.p], [144 * a.tau2, 12 * a.mean, 12 * a.se, a.p], 1e-7)

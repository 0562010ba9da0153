"""Slopes, their errors and their changes against R (tests/reference), every day-0 rule."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from analysis.compare import compare
from analysis.settings import Settings
from tests.conftest import (
    DAY0_RULES,
    R_TRIALS,
    REFERENCE,
    ends,
    floats,
    r_compared,
    r_numbers,
    r_trial,
    read_text,
)

RELATIVE = 1e-8
PERFECT_FIT = 1e-12

every_rule = pytest.mark.parametrize("rule", DAY0_RULES)
every_trial = pytest.mark.parametrize("name", R_TRIALS)
# The reader collapses the repeated visits of the other trial, R takes each as its own.
every_readable_trial = pytest.mark.parametrize(
    "name", [name for name in R_TRIALS if name != "trial_n10_repeat"]
)


def close(ours, theirs):
    assert_allclose(ours, theirs, rtol=RELATIVE, atol=PERFECT_FIT, equal_nan=True)


@every_rule
@every_trial
@pytest.mark.parametrize(("side", "r_side"), [("before", "pre"), ("after", "post")])
def test_lines_equal_r(name, rule, side, r_side):
    expected = r_numbers(name)["rules"][rule][r_side]
    line = getattr(r_compared(name, rule).slopes, side)
    assert_array_equal(line.n, expected["n"])
    close(line.span_days, floats(expected["span"]))
    close(line.slope, floats(expected["slope"]))
    close(line.se, floats(expected["se"]))
    intercepts = [float(line.predict(i, 0.0)) for i in range(len(line.n))]
    close(intercepts, floats(expected["intercept"]))


@every_rule
@every_trial
@pytest.mark.parametrize(("side", "r_side"), [("before", "pre"), ("after", "post")])
def test_slope_intervals_rest_on_the_pooled_se_of_r(name, rule, side, r_side):
    result = r_compared(name, rule)
    df = r_numbers(name)["rules"][rule]["pooled"]["df"]
    half = stats.t.ppf(0.975, df)
    slope = getattr(result, side)
    for i, se in enumerate(r_numbers(name)["rules"][rule][r_side]["se_pooled"]):
        interval = result.slope_interval(side, i, 0.95)
        if se is None:
            assert interval is None
        else:
            close(ends(interval), [slope[i] - half * se, slope[i] + half * se])


@every_rule
@every_trial
def test_residual_sd_is_pooled_as_in_r(name, rule):
    expected = r_numbers(name)["rules"][rule]["pooled"]
    table = r_compared(name, rule).slopes
    assert table.residual_df == expected["df"]
    close(table.residual_sd, math.sqrt(expected["sigma2"]))


@every_rule
@every_trial
def test_changes_and_their_errors_equal_r(name, rule):
    expected = r_numbers(name)["rules"][rule]
    result = r_compared(name, rule)
    close(result.change, floats(expected["d"]))
    close(result.change_se, np.sqrt(floats(expected["var_d"])))
    assert_array_equal(result.paired, np.isfinite(floats(expected["d"])))


@every_rule
@every_trial
def test_change_intervals_rest_on_the_variance_of_r(name, rule):
    expected = r_numbers(name)["rules"][rule]
    half = stats.t.ppf(0.975, expected["pooled"]["df"])
    result = r_compared(name, rule)
    for i, (d, var) in enumerate(zip(expected["d"], expected["var_d"], strict=True)):
        interval = result.change_interval(i, 0.95)
        if d is None:
            assert interval is None
        else:
            reach = half * math.sqrt(var)
            close(ends(interval), [d - reach, d + reach])


@every_rule
@every_trial
def test_means_and_sds_equal_r(name, rule):
    expected = r_numbers(name)["rules"][rule]["summary"]
    result = r_compared(name, rule)
    assert result.n == expected["n"]
    for summary, key in (
        (result.before_summary, "pre"),
        (result.after_summary, "post"),
        (result.change_summary, "d"),
    ):
        close([summary.mean, summary.sd], [expected[f"mean_{key}"], expected[f"sd_{key}"]])
    close(result.correlation, expected["r"])


@every_rule
@every_readable_trial
def test_the_reader_gives_the_same_slopes_as_the_table(name, rule):
    header = "FVC_percent" if "fvc" in name else "ALSFRS_R"
    frame = pd.read_csv(REFERENCE / f"{name}.csv", dtype=str, keep_default_na=False)
    frame.columns = ["patient_id", "day from transplant", header]
    reading = read_text(frame.to_csv(index=False))
    assert reading.trial is not None
    assert reading.trial.patient_ids == r_trial(name).patient_ids
    settings = Settings(day0=rule, endpoints=reading.trial.endpoints)
    result = compare(reading.trial, settings).endpoints[0]
    expected = r_numbers(name)["rules"][rule]
    close(result.before, floats(expected["pre"]["slope"]))
    close(result.after, floats(expected["post"]["slope"]))

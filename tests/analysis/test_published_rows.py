"""This trial among published results: conversions and intervals by hand, and what is listed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.published.rows import ChangeRow, change_rows, share_rows
from analysis.settings import Settings
from data.examples import example_settings, load_example
from data.published import load_library, parse_rows
from data.published_values import Library
from tests.conftest import compared, made

T24 = stats.t.ppf(0.975, 24)


def small_trial():
    months = {m: round(m * 30.4375) for m in (-6, -4, -2, 0, 2, 4, 6)}
    return made(
        {
            f"P{k}": {
                day: 40 - (2 + 0.1 * k if m < 0 else 1 + 0.2 * k) * m for m, day in months.items()
            }
            for k in range(5)
        }
    )


def added(**cells: str) -> Library:
    base = {
        "study": "Made",
        "year": "2020",
        "arm": "a",
        "n": "25",
        "treated": "yes",
        "endpoint": "alsfrs_r",
        "unit": "points/month",
    }
    parsed = parse_rows(base | cells)
    assert parsed.problems == ()
    return parsed.library


def only(library: Library, level: float = 0.95) -> ChangeRow:
    """Return the published row, without the trial's own."""
    rows = change_rows(compared(small_trial()), "own", library, level)
    (row,) = [row for row in rows if row.source is not None]
    return row


def test_a_printed_change_with_its_sd_and_n_has_the_t_interval():
    row = only(added(change_mean="1.2", change_sd="1.5"))
    half = T24 * 1.5 / 5
    assert (row.block, row.n, row.estimate) == ("treated", 25, 1.2)
    assert row.interval == pytest.approx((1.2 - half, 1.2 + half))


def test_oh_2018_is_where_its_numbers_say():
    rows = change_rows(compared(small_trial()), "own", load_library(), 0.95)
    found = {(r.name, r.n, r.estimate): r.interval for r in rows if r.interval and r.source}
    half = stats.t.ppf(0.975, 31) * 1.33 / math.sqrt(32)
    assert found["Oh 2018, MSC", 32, 1.13] == pytest.approx((1.13 - half, 1.13 + half))
    half = stats.t.ppf(0.975, 26) * 1.33 / math.sqrt(27)
    assert found["Oh 2018, control", 27, 0.03] == pytest.approx((0.03 - half, 0.03 + half))


def test_without_an_sd_of_the_change_the_band_is_that_of_two_correlations():
    row = only(added(pre_mean="-2.0", pre_sd="1.0", post_mean="-0.5", post_sd="0.6"))
    assert row.interval is None
    assert row.estimate == pytest.approx(1.5)
    assert row.band is not None
    for (low, high), r in zip(row.band, (0.0, 0.7), strict=True):
        # Two samples with these SDs and this correlation have such an SD of their differences.
        cov = [[1.0, r * 0.6], [r * 0.6, 0.36]]
        sd = math.sqrt(np.array([-1, 1]) @ np.array(cov) @ np.array([-1, 1]))
        assert (low, high) == pytest.approx((1.5 - T24 * sd / 5, 1.5 + T24 * sd / 5))
    assert row.band[0][0] < row.band[1][0]


def test_a_rate_per_year_is_a_twelfth_a_month():
    row = only(added(change_mean="12", change_sd="6", unit="points/year"))
    assert (row.estimate, row.unit) == (1.0, "points/month")
    assert row.interval == pytest.approx((1 - T24 * 0.1, 1 + T24 * 0.1))


def test_a_rate_per_period_needs_both_lengths():
    cells = {"pre_mean": "-6", "pre_sd": "3", "post_mean": "-4", "post_sd": "2"}
    unknown = only(added(**cells, unit="points/period", post_months="8"))
    assert (unknown.block, unknown.reason) == ("listed", "length of a period not given")
    assert (unknown.estimate, unknown.unit) == (2.0, "points/period")
    row = only(added(**cells, unit="points/period", pre_months="3", post_months="8"))
    assert row.estimate == pytest.approx(-0.5 + 2.0)
    assert row.band is not None
    sd = math.hypot(1.0, 0.25)
    assert row.band[0][1] == pytest.approx(1.5 + T24 * sd / 5)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"change_mean": "1", "change_sd": "1", "n": ""}, "n not given"),
        ({"change_mean": "1"}, "no SD given"),
        ({"pre_mean": "-2", "post_mean": "-1", "pre_sd": "1"}, "no SD given"),
    ],
)
def test_what_cannot_be_drawn_is_listed_with_its_reason(cells, reason):
    row = only(added(**cells))
    assert (row.block, row.reason, row.interval, row.band) == ("listed", reason, None, None)


def test_the_other_scale_has_a_block_of_its_own():
    row = only(added(endpoint="alsfrs", change_mean="-0.1", change_sd="1"))
    assert row.block == "other_scale"


def test_another_endpoint_is_not_shown():
    rows = change_rows(
        compared(small_trial()), "own", added(endpoint="fvc", unit="%/month", change_mean="1"), 0.95
    )
    assert [row.name for row in rows] == ["own"]


def test_this_trial_stands_first_with_its_change_per_month_whatever_unit_is_shown():
    trial = small_trial()
    # Slope after minus before of patient k: −(1 + 0.2 k) + (2 + 0.1 k), days rounded.
    change = np.array([1 - 0.1 * k for k in range(5)])
    half = stats.t.ppf(0.975, 4) * change.std(ddof=1) / math.sqrt(5)
    for rate in ("month", "year", "period"):
        result = compared(trial, rate_unit=rate)
        own = change_rows(result, "own", load_library(), 0.95)[0]
        assert (own.block, own.name, own.n) == ("trial", "own", 5)
        assert own.estimate == pytest.approx(change.mean(), abs=0.01)
        assert own.interval == pytest.approx((change.mean() - half, change.mean() + half), abs=0.02)


def test_a_trial_with_a_control_arm_has_a_row_for_each_arm():
    trial = load_example("after-oh-2018").trial
    settings = Settings.from_json(dict(example_settings("after-oh-2018")))[0]
    comparison = compare(trial, settings)
    for result in comparison.endpoints:
        rows = [r for r in change_rows(result, "t", Library(), 0.95) if r.block == "trial"]
        if result.against_control is None:
            assert [r.name for r in rows] == ["t"]
        else:
            assert sorted(r.name for r in rows) == ["t, control", "t, treated"]
            assert sum(r.n or 0 for r in rows) == result.n


def test_shares_of_the_same_rule_stand_together_this_trial_first():
    rows = share_rows(compared(small_trial()), "own", load_library(), 0.95)
    rules = [row.rule for row in rows]
    assert rules == sorted(rules, key=rules.index)
    for rule in set(rules):
        blocks = [row.block for row in rows if row.rule == rule]
        assert blocks == sorted(blocks, key=("trial", "treated", "untreated").index)
        assert blocks[0] == "trial"


def test_shares_and_their_intervals():
    rows = share_rows(compared(small_trial()), "own", load_library(), 0.95)
    by = {(r.name, r.rule, r.window): r for r in rows}
    oh = by["Oh 2018, MSC", "slope improvement >=50 %", "4 months"]
    assert (oh.share.count, oh.share.n, oh.certain, oh.printed) == (22, 32, True, 0.69)
    exact = stats.binomtest(22, 32).proportion_ci(0.95, "wilson")
    assert oh.share.wilson is not None
    assert (oh.share.wilson.low, oh.share.wilson.high) == pytest.approx((exact.low, exact.high))
    many = by[
        "PRO-ACT aggregate 2016, no transplant, 0 to 40 scale",
        "slope improvement >=50 %",
        "months 0-3 v 3-12",
    ]
    assert not many.certain
    own = by["own", "slope improvement >=50 %", ""]
    # Half of the slope before, 1 + 0.05 k, is not reached by 1 − 0.1 k for any k but 0.
    assert (own.share.count, own.share.n) == (1, 5)
    assert math.isnan(own.printed)


def test_json_names_every_source():
    result = compared(small_trial())
    for row in change_rows(result, "own", load_library(), 0.95):
        plain = json.loads(json.dumps(row.to_json(), allow_nan=False))
        assert plain["name"] == row.name
        assert plain["doi"] == (row.source.doi if row.source else "")
        ends = (
            None if row.interval is None else dict(zip(("low", "high"), row.interval, strict=True))
        )
        assert plain["interval"] == ends
    for share in share_rows(result, "own", load_library(), 0.95):
        plain = json.loads(json.dumps(share.to_json(), allow_nan=False))
        assert (plain["rule"], plain["share"]["count"]) == (share.rule, share.share.count)

"""Figures of the Untreated page: what they draw, against values written by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.compare import compare
from analysis.natural_shrinkage import shrunken_slopes
from analysis.responders import Rule
from analysis.settings import Settings
from analysis.untreated.deceleration import Deceleration, WithBend
from analysis.untreated.outcome import UntreatedEndpoint, Verdict, nothing_said
from analysis.untreated.regression import regression_report
from analysis.untreated.shares import SimulatedShare, UntreatedResponders
from data.endpoints import ENDPOINTS
from data.examples import load_example
from report.charts.deceleration import (
    deceleration_alt,
    deceleration_figure,
    deceleration_numbers,
)
from report.charts.run_in import run_in_alt, run_in_figure, run_in_numbers, run_in_values
from report.charts.untreated import DOTS, dots_of, null_figure, null_numbers
from report.charts.untreated_responders import (
    both_shares,
    untreated_responders_alt,
    untreated_responders_figure,
    untreated_responders_numbers,
)
from report.look import DARK, LIGHT
from report.untreated_words import of_100

NARROW = 424
"""Width in pixels of the narrowest card."""


def endpoint(changes, observed, responders=()) -> UntreatedEndpoint:
    changes = np.asarray(changes, dtype=float)
    share = SimulatedShare(int(np.sum(changes >= observed)), len(changes))
    return UntreatedEndpoint(
        endpoint=ENDPOINTS["alsfrs_r"],
        unit="points/month",
        n=12,
        observed=observed,
        changes=changes,
        at_least=share,
        in_favour=share,
        responders=tuple(responders),
        halved=share,
        reliability=0.8,
        verdict=Verdict("seen"),
        mean_slope=-1.0,
    )


def normal(n=2000, mean=0.05, sd=0.2) -> np.ndarray:
    return np.random.default_rng(1).normal(mean, sd, n)


@pytest.fixture(scope="module")
def compared():
    trial = load_example("after-shamsaei-2023").trial
    comparison = compare(trial, Settings())
    return trial, comparison, comparison.endpoints[0]


@pytest.mark.parametrize(
    ("above", "filled"), [(248, 12), (250, 13), (20, 1), (19, 0), (0, 0), (1000, 50), (1990, 100)]
)
def test_filled_dots_are_the_share_that_the_words_give(above, filled):
    changes = np.arange(2000.0)
    found = endpoint(changes, 2000.0 - above)
    assert found.at_least.count == above
    assert dots_of(found).filled == filled
    words = of_100(found.at_least)
    if words[0].isdigit():
        assert words == f"{filled} of 100"


@pytest.mark.parametrize("observed", [-0.6, -0.2, 0.05, 0.28, 0.5, 3.0])
def test_filled_dots_lie_exactly_right_of_the_observed_change(observed):
    found = endpoint(normal(), observed)
    dots = dots_of(found)
    filled = np.arange(DOTS) >= DOTS - dots.filled
    assert (dots.x[filled] > observed).all()
    assert (dots.x[~filled] < observed).all()
    # The observed change is the edge of a column.
    columns = (dots.x - observed) / dots.width - 0.5
    assert columns == pytest.approx(np.round(columns), abs=1e-6)
    # Columns are filled from the bottom, one dot a place.
    places = set(zip(np.round(columns).tolist(), dots.row.tolist(), strict=True))
    assert len(places) == DOTS
    for column, row in places:
        assert row == 0 or (column, row - 1) in places


def test_a_dot_is_one_hundredth_of_the_trials():
    found = endpoint(normal(), 0.28)
    dots = dots_of(found)
    ends = zip(dots.low, dots.high, strict=True)
    held = [np.sum((found.changes >= low) & (found.changes <= high)) for low, high in ends]
    assert held == pytest.approx(dots.trials, abs=2)
    assert dots.trials.sum() == pytest.approx(2000)
    # Each dot stands within its own column, but for the tails of the two parts.
    middle = (dots.low + dots.high) / 2
    assert np.median(np.abs(middle - dots.x)) < dots.width


def test_changes_equal_to_the_observed_one_count_as_at_least_as_large():
    found = endpoint([0.0] * 60 + [0.3] * 40, 0.3)
    dots = dots_of(found)
    assert dots.filled == 40
    assert (dots.x[-40:] > 0.3).all()
    assert (dots.x[:-40] < 0.3).all()


@pytest.mark.parametrize("observed", [-3.0, 0.05, 0.28, 1.5, 6.0])
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_dots_of_one_size_never_overlap_in_the_narrowest_card(observed, look):
    fig = null_figure(endpoint(normal(), observed), look)
    marks = next(t for t in fig.data if t.mode == "markers")
    margin, size = fig.layout.margin, marks.marker.size
    low, high = fig.layout.xaxis.range
    across = (NARROW - margin.l - margin.r) / (high - low)
    up = (fig.layout.height - margin.t - margin.b) / fig.layout.yaxis.range[1]
    x, y = np.asarray(marks.x) * across, np.asarray(marks.y) * up
    apart = np.hypot(x[:, None] - x, y[:, None] - y) + 1e9 * np.eye(DOTS)
    assert isinstance(size, float)
    assert apart.min() > size
    assert size >= 3.5
    # Nothing is cut by the frame.
    assert y.max() + size / 2 <= fig.layout.height - margin.t - margin.b
    assert low < min(0, observed, min(marks.x))
    assert high > max(0, observed, max(marks.x))


def test_words_of_the_dots():
    found = endpoint(np.arange(2000.0) / 1000, 1.7515)
    fig = null_figure(found, LIGHT)
    texts = " ".join(a.text for a in fig.layout.annotations)
    assert "12 of 100" in texts
    assert "2,000 simulated, MCSE 0.7" in texts
    assert "this trial +1.75" in texts
    assert "no change" in texts
    hovers = [custom[1] for custom in fig.data[0].customdata]
    assert hovers[0] == "about 20 of 2,000 trials, 0 to +0.02"
    assert hovers[-1] == "about 21 of 2,000 trials, +1.98 to +2.00"
    assert all(custom[0] == "" for custom in fig.data[0].customdata)


def test_nothing_simulated_is_said_in_the_figure(compared):
    _, _, result = compared
    found = nothing_said(result, "a mean change with its test needs 2 patients")
    fig = null_figure(found, LIGHT)
    assert "needs 2 patients" in fig.layout.annotations[0].text.replace("<br>", " ")
    assert null_numbers(found).empty


def test_numbers_of_the_dots():
    found = endpoint(normal(), 0.28)
    table = null_numbers(found)
    assert len(table) == DOTS
    assert table["at_least_observed"].sum() == dots_of(found).filled
    assert table["simulated_trials"].sum() == pytest.approx(2000)
    assert set(table["observed"]) == {0.28}


RULE = Rule("percent_50", "slope at least 50 % less steep", "percent", 0.5, steep_enough=-0.25)


def responders(count, n, untreated) -> UntreatedResponders:
    return UntreatedResponders(RULE, count, n, untreated, 12, untreated, SimulatedShare(300, 2000))


def test_responders_here_and_untreated():
    rules = (responders(4, 10, 0.31), responders(0, 0, math.nan))
    shares = both_shares(endpoint(normal(), 0.3, rules), 0.95)
    fig = untreated_responders_figure("ALSFRS-R", shares, LIGHT, 0.95)
    # Clopper & Pearson of 4 of 10: binom.test(4, 10) of R gives 0.1215523 to 0.7376219.
    bars = next(t for t in fig.data if t.mode == "lines" and t.hoverinfo == "skip")
    assert bars.x[:2] == pytest.approx((12.15523, 73.76219), abs=1e-4)
    assert next(t for t in fig.data if t.mode == "markers").x == (40.0,)
    ticks = [t for t in fig.data if t.line.color == LIGHT.untreated and t.mode == "lines"]
    assert [t.x[0] for t in ticks] == [31.0]
    texts = [a.text for a in fig.layout.annotations]
    assert "4 of 10" in texts
    assert "31 %" in texts
    assert "4 of 10 here, 31 % untreated" in untreated_responders_alt("ALSFRS-R", shares)
    numbers = untreated_responders_numbers(shares)
    assert numbers["trials_with_as_many"].tolist() == [0.15, 0.15]


def test_no_rule_that_applies_is_said():
    shares = both_shares(endpoint(normal(), 0.3, (responders(0, 0, math.nan),)), 0.95)
    fig = untreated_responders_figure("ALSFRS-R", shares, LIGHT, 0.95)
    assert "no rule" in fig.layout.annotations[0].text


def test_run_ins_are_drawn_as_seen_and_drawn_together(compared):
    trial, comparison, result = compared
    report = regression_report(trial, comparison)["alsfrs_r"]
    values = run_in_values(result, shrunken_slopes(result), report)
    names = ("<b>a</b>", *trial.patient_ids[1:])
    fig = run_in_figure(result, values, names, LIGHT, selected=0)
    marks = [t for t in fig.data if t.mode == "markers"]
    assert [t.x[0] for t in marks] == [0, 1, 2]
    assert marks[0].y == pytest.approx(result.before[result.paired])
    # Drawn together: the spread is smaller, the mean of these patients stays near.
    assert np.std(marks[1].y) < np.std(marks[0].y)
    assert marks[0].customdata[0][0] == "0"
    assert "&lt;b&gt;a&lt;/b&gt;" in marks[0].customdata[0][1]
    assert "n = 10" in run_in_alt(result, values)
    table = run_in_numbers(result, values, names)
    assert table["seen"].to_numpy() == pytest.approx(result.before[result.paired])
    unknown = replace(values, each=np.full_like(values.each, np.nan), columns=(
        replace(values.columns[0], n=0),) * 3)  # fmt: skip
    said = run_in_figure(result, unknown, names, LIGHT).layout.annotations[0].text
    assert "no slopes before" in said


def bends(enough, observed=0.3) -> Deceleration:
    rows = tuple(
        WithBend(b, 10 * b, SimulatedShare(c, 500), SimulatedShare(c, 500))
        for b, c in ((0.0, 0), (0.01, 40), (0.02, 150), (0.03, 250))
    )
    return Deceleration("alsfrs_r", "points/month²", observed, rows, enough)


@pytest.mark.parametrize(("enough", "marked"), [(0.025, True), (0.045, False), (0.0, False)])
def test_curvature_that_would_do_is_marked_where_it_was_tried(enough, marked):
    found, alsfrs_r = bends(enough), ENDPOINTS["alsfrs_r"]
    fig = deceleration_figure(found, alsfrs_r, "points/month", LIGHT)
    texts = " ".join(a.text for a in fig.layout.annotations)
    assert ("would do" in texts) is marked
    if marked:
        assert "0.025 would do" in texts
    assert fig.data[0].y == pytest.approx((0, 0.1, 0.2, 0.3))
    assert fig.data[1].y == pytest.approx((0, 8, 30, 50))
    assert "this trial +0.30" in texts
    assert "curvature 0.02: mean +0.20, 30 of 100" in deceleration_alt(found, alsfrs_r, "points")
    table = deceleration_numbers(found, "points/month")
    assert table["share_at_least_as_large"].tolist() == [0, 0.08, 0.3, 0.5]


def test_no_curvature_without_a_natural_history():
    none = Deceleration("svc", "% predicted/month²", 0.3, (), math.nan)
    fig = deceleration_figure(none, ENDPOINTS["svc"], "% predicted/month", LIGHT)
    assert "no natural history" in fig.layout.annotations[0].text
    assert deceleration_numbers(none, "% predicted/month").empty

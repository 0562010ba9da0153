"""Figures of the diagnostics: every patient can be opened; what is written is what was found."""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis import results
from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.diagnosis import diagnose
from analysis.diagnostics import before_and_change, normal_plot
from analysis.diagnostics_visits import visit_residuals
from analysis.leave_one_out import leave_one_out
from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH
from report.charts.diagnostics import before_change_alt, before_change_figure, qq_alt, qq_figure
from report.charts.groups import GroupChanges, groups_alt, groups_figure
from report.charts.leave_one_out import leave_one_out_alt, leave_one_out_figure
from report.charts.mean_course import MeanCourse, mean_course_alt, mean_course_figure
from report.charts.parts import Frame, with_frame
from report.charts.residuals import residuals_alt, residuals_figure
from report.charts.rows import short
from report.charts.shares import Share, shares_alt, shares_figure
from report.charts.waterfall import waterfall_alt, waterfall_figure
from report.diagnostic_words import diagnostics_table
from report.look import DARK, LIGHT
from report.numbers import signed
from tests.conftest import ends, made

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
MONTHS = (-6, -4, -2, 0, 2, 4, 6)


def of_changes(*changes: float) -> tuple[Comparison, EndpointComparison]:
    """Return the comparison of patients with these changes, and a residual SD above 0."""
    visits = {
        f"P<{i}>": {
            round(m * DAYS_PER_MONTH, 6): 24
            - m * (1 if m <= 0 else 1 - change)
            + (0.3 if m in (-4, 4) else 0)
            for m in MONTHS
        }
        for i, change in enumerate(changes)
    }
    comparison = compare(made(visits), Settings(endpoints=("alsfrs_r",)))
    return comparison, comparison.endpoints[0]


def drawn(case: tuple[Comparison, EndpointComparison], look=LIGHT, selected=None):
    """Return every figure that shows patients."""
    comparison, result = case
    names, settings = comparison.patient_ids, comparison.settings
    return {
        "leave one out": leave_one_out_figure(
            result, leave_one_out(result, settings), names, look, selected
        ),
        "waterfall": waterfall_figure(comparison, result, names, look, selected),
        "q-q": qq_figure(result, normal_plot(result, settings), names, look, selected),
        "residuals": residuals_figure(result, visit_residuals(result), names, look, selected),
        "before and change": before_change_figure(
            result, before_and_change(result), names, look, selected
        ),
    }


def texts(fig: go.Figure) -> str:
    return " ".join(re.sub("<[^>]*>", "", a.text) for a in fig.layout.annotations)


def opened(fig: go.Figure) -> set[str]:
    """Return the patients that a click can open."""
    return {data[0] for t in fig.data if t.customdata is not None for data in t.customdata} - {""}


def marks(fig: go.Figure, symbol: str = "circle") -> list:
    return [t for t in fig.data if t.mode == "markers" and t.marker.symbol == symbol]


MANY = of_changes(*np.round(np.linspace(-0.5, 1.1, 12) ** 2, 3))


@cache
def of_many() -> dict[str, go.Figure]:
    return drawn(MANY)


@LOOKS
def test_a_click_opens_every_patient_in_every_figure(look):
    for name, fig in drawn(MANY, look, selected=2).items():
        assert opened(fig) == {str(i) for i in range(12)}, name


@LOOKS
@pytest.mark.parametrize("n", [0, 1, 2, 3, 12, 60])
def test_every_figure_can_be_drawn_of_any_number_of_patients(n, look):
    rng = np.random.default_rng(n)
    case = of_changes(*rng.normal(0.3, 0.4, n)) if n else of_changes(math.nan)
    for fig in drawn(case, look, selected=0).values():
        assert fig.layout.height < 1400
        assert fig.layout.annotations


def test_names_are_written_as_text_and_not_as_markup():
    for name, fig in drawn(MANY, selected=2).items():
        written = " ".join(a.text for a in fig.layout.annotations)
        hovers = [d[1] for t in fig.data if t.customdata is not None for d in t.customdata]
        assert "P<2>" not in " ".join([written, *hovers]), name
        assert "P&lt;2&gt;" in " ".join([written, *hovers]), name


def test_sorted_rows_hold_the_numbers_of_the_result():
    comparison, result = MANY
    (dots,) = marks(of_many()["waterfall"])
    assert list(dots.x) == sorted(result.change, reverse=True)
    low, high = ends(result.change_interval(0, comparison.settings.confidence))
    lines = [t for t in of_many()["waterfall"].data if t.mode == "lines"]
    assert any(low in t.x and high in t.x for t in lines)


def test_filled_marks_are_those_whose_interval_excludes_zero():
    comparison, result = MANY
    (dots,) = marks(of_many()["waterfall"])
    for data, colour in zip(dots.customdata, dots.marker.color, strict=True):
        low, high = ends(result.change_interval(int(data[0]), comparison.settings.confidence))
        assert (colour != LIGHT.bg) == (low > 0 or high < 0)


def test_the_patient_who_moves_p_across_is_amber_with_a_word():
    case = of_changes(0.25, 0.375, 0.25, 0.5, 0.375, 0.25, -0.75)
    fig = drawn(case)["leave one out"]
    (dots,) = marks(fig)
    amber = [d[0] for d, c in zip(dots.customdata, dots.marker.line.color, strict=True)
             if c == LIGHT.amber]  # fmt: skip
    assert amber == ["6"]
    assert "crosses 0.05" in texts(fig)
    left_out = leave_one_out(case[1], case[0].settings)
    alt = leave_one_out_alt(case[1], left_out, case[0].patient_ids)
    assert "P crosses 0.05 without P<6>" in alt


def test_nobody_is_amber_where_nothing_crosses():
    fig = drawn(of_changes(0.5, 0.6, 0.55, 0.52, 0.58))["leave one out"]
    assert "crosses" not in texts(fig).replace("P crosses", "")
    assert "P stays on its side of 0.05" in texts(fig)
    assert all(LIGHT.amber not in dots.marker.line.color for dots in marks(fig))


def test_too_many_patients_are_sampled_and_that_is_said():
    case = of_changes(*np.random.default_rng(1).normal(0.2, 0.4, 230))
    figs = drawn(case, selected=7)
    assert "24 of 230 patients drawn" in texts(figs["leave one out"])
    assert re.search("20[01] of 230 patients drawn", texts(figs["waterfall"]))
    assert {"7"} <= opened(figs["leave one out"]) & opened(figs["waterfall"])


def test_the_mean_is_the_only_diamond_and_opens_nobody():
    for name in ("leave one out", "waterfall"):
        (diamond,) = marks(of_many()[name], "diamond")
        assert list(diamond.x) == [pytest.approx(MANY[1].change_summary.mean)]
        assert diamond.customdata[0][0] == ""


def test_a_far_visit_is_amber_and_named():
    visits = {
        f"P{i}": {m * 30.0: 30 - 0.5 * m + 0.2 * (-1) ** (m + i) for m in range(-6, 7)}
        for i in range(6)
    }
    visits["P3"][-60.0] = 13
    comparison = compare(made(visits), Settings(endpoints=("alsfrs_r",)))
    result = comparison.endpoints[0]
    residuals = visit_residuals(result)
    fig = residuals_figure(result, residuals, comparison.patient_ids, LIGHT)
    (far,) = [t for t in marks(fig) if t.marker.color == LIGHT.amber]
    assert [d[0] for d in far.customdata] == ["3"]
    assert "1 visit beyond ±4" in texts(fig)
    assert "P3 on day −60" in residuals_alt(result, residuals, comparison.patient_ids)


def test_before_is_hollow_and_after_is_filled():
    fig = of_many()["residuals"]
    fills = {t.marker.color: set(np.sign(t.x)) for t in marks(fig)}
    assert 1 not in fills[LIGHT.bg]
    assert fills[LIGHT.after] == {1}


def test_oldham_s_axes_are_mean_and_change():
    _, result = MANY
    dots = marks(of_many()["before and change"])[0]
    assert list(dots.x) == pytest.approx(list((result.before + result.after) / 2))
    assert list(dots.y) == pytest.approx(list(result.change))
    assert "Oldham r" in texts(of_many()["before and change"])


def test_every_alt_text_has_endpoint_and_numbers_without_markup():
    comparison, result = MANY
    names, settings = comparison.patient_ids, comparison.settings
    alts = [
        leave_one_out_alt(result, leave_one_out(result, settings), names),
        waterfall_alt(result, settings.confidence),
        qq_alt(result, normal_plot(result, settings)),
        residuals_alt(result, visit_residuals(result), names),
        before_change_alt(result, before_and_change(result)),
    ]
    for alt in alts:
        assert alt.startswith("ALSFRS-R")
        assert re.search(r"\d", alt)
        assert "<b>" not in alt
        assert "-0" not in alt.replace("–", "")


@LOOKS
def test_figures_keep_their_text_when_saved_for_print(look):
    for name, fig in drawn(MANY, look).items():
        before = int(fig.layout.height)
        framed = with_frame(fig, Frame("Title", "Sub", "Footer"), look, width=700, simulated=True)
        assert framed.layout.height > before, name
        assert {"Title", "simulated data"} <= set(texts(framed).split("  ")) | {
            re.sub("<[^>]*>", "", a.text) for a in framed.layout.annotations
        }


# ---- means by month ------------------------------------------------------------------------------


def course(change: bool = True) -> MeanCourse:
    return MeanCourse(
        month=np.asarray([-6.0, -3, 0, 3, 6]),
        n=np.asarray([9, 10, 10, 8, 2]),
        mean=np.asarray([3.0, 1.5, 0, -1, -2.5]),
        low=np.asarray([2.0, 1, math.nan, -2, -4]),
        high=np.asarray([4.0, 2, math.nan, 0, -1]),
        level=0.95,
        change=change,
    )


@LOOKS
def test_n_stands_under_every_month_and_few_patients_have_no_mean(look):
    fig = mean_course_figure(ENDPOINTS["alsfrs_r"], course(), look)
    under = [re.sub("<[^>]*>", " ", t).split() for t in fig.layout.xaxis.ticktext]
    assert under == [["−6", "9"], ["−3", "10"], ["0", "10"], ["3", "8"], ["6", "2"]]
    drawn_months = [m for t in marks(fig, "diamond") for m in t.x]
    assert drawn_months == [-6, -3, 0, 3]
    assert "to −1.0 at month 3 (n = 8)" in mean_course_alt(ENDPOINTS["alsfrs_r"], course())


def test_a_course_without_any_mean_says_so():
    one = np.asarray([1.0])
    few = MeanCourse(one, np.asarray([2]), one, one, one, 0.95, False)
    assert "no month has 3 patients" in texts(mean_course_figure(ENDPOINTS["fvc"], few, LIGHT))


def test_many_months_keep_the_tick_of_day_0():
    months = np.arange(-20.0, 21)
    n = np.full(41, 5)
    many = MeanCourse(months, n, -months, -months - 1, -months + 1, 0.95, True)
    fig = mean_course_figure(ENDPOINTS["alsfrs_r"], many, LIGHT)
    assert 0 in fig.layout.xaxis.tickvals
    assert len(fig.layout.xaxis.tickvals) <= 13


# ---- shares and groups ---------------------------------------------------------------------------

SHARES = (
    Share("≥ 25 % less steep", 6, 10, 12, (0.31, 0.83), (0.25, 0.75), 0.3),
    Share("a rule for nobody", 0, 0, 12, (math.nan, math.nan), (0.0, 0.24)),
)


@LOOKS
def test_both_denominators_are_drawn_and_written(look):
    fig = shares_figure("<b>ALSFRS-R</b>", SHARES, look, confidence=0.95, method="Wilson")
    (dots,) = marks(fig)
    assert list(dots.x) == [60, 50]
    assert "6 of 10" in texts(fig)
    assert "6 of 12" in texts(fig)
    drawn_ends = {x for t in fig.data if t.mode == "lines" for x in t.x if x is not None}
    assert drawn_ends == {31, 83, 25, 75, 30}


def test_a_rule_that_applies_to_nobody_has_no_share():
    fig = shares_figure("t", SHARES[1:], LIGHT, confidence=0.95, method="Wilson")
    assert "not assessable in anybody" in texts(fig)
    assert "0 of 12" not in texts(fig)
    assert [list(t.x) for t in marks(fig)] == [[]]
    assert "6 of 10 assessable" in shares_alt("ALSFRS-R", SHARES)


def groups_of(n: int):
    changes = np.linspace(-0.2, 0.6, n)
    first = GroupChanges("A & B", np.arange(n), changes, float(changes.mean()),
                         results.Interval(0, 0.4, 0.95, 0.95))  # fmt: skip
    second = GroupChanges("C", np.arange(n, 2 * n), changes + 0.5, float(changes.mean()) + 0.5,
                          results.Interval(0.5, 0.9, 0.95, 0.95))  # fmt: skip
    test = results.TestResult("welch", "Welch", "exploratory", 0.02, 2 * n, estimate=0.5,
                      interval=results.Interval(0.1, 0.9, 0.95, 0.95))  # fmt: skip
    return (first, second), test


@LOOKS
@pytest.mark.parametrize("n", [1, 6, 150])
def test_groups_stand_apart_and_the_difference_starts_at_the_first_mean(n, look):
    groups, test = groups_of(n)
    names = tuple(f"P{i}" for i in range(2 * n))
    args = (ENDPOINTS["alsfrs_r"], "points/month", groups, test)
    fig = groups_figure(*args, names, look, selected=0)
    assert opened(fig) == {str(i) for i in range(2 * n)}
    left, right = fig.layout.yaxis.range, fig.layout.yaxis2.range
    assert np.subtract(left, right) == pytest.approx([groups[0].mean] * 2)
    dots = [t for t in marks(fig) if t.customdata is not None]
    assert max(dots[0].x) < min(dots[1].x)
    diamonds = [t for t in marks(fig, "diamond") if t.xaxis == "x"]
    assert all(t.x[0] > max(d.x) for t, d in zip(diamonds, dots, strict=True))
    assert "C minus A &amp; B: +0.50 (95 % CI 0.10 to 0.90), P = 0.020" in texts(fig)
    assert f"A & B {signed(groups[0].mean)} (n = {n})" in groups_alt(*args)


def test_an_empty_group_is_named():
    groups, test = groups_of(3)
    none = GroupChanges("D", np.arange(0), np.empty(0), math.nan, None)
    fig = groups_figure(ENDPOINTS["fvc"], "u", (groups[0], none), test, ("a",) * 3, LIGHT)
    assert "nobody can be compared in D" in texts(fig)


def test_long_names_keep_their_end():
    assert short("a very long patient name 7").endswith("name 7")
    assert len(short("x" * 80)) == 22
    assert short("a<b") == "a&lt;b"


def subtitle_without_each(*changes: float) -> str:
    comparison, result = of_changes(*changes)
    without = leave_one_out(result, comparison.settings)
    return " ".join(
        texts(leave_one_out_figure(result, without, comparison.patient_ids, LIGHT)).split()
    )


def test_where_there_is_no_p_none_is_said_to_stay():
    equal = subtitle_without_each(0.5, 0.5, 0.5, 0.5)
    assert "the sign does not turn, and there is no P to compare" in equal
    assert "stays on its side" not in equal
    one_apart = subtitle_without_each(0.5, 0.5, 0.5, 0.48)
    assert "P, where there is one, stays on its side of 0.05 whoever is left out" in one_apart
    assert "P stays on its side" in subtitle_without_each(0.5, 0.4, 0.45, 0.6, 0.55)


def checks_of(*changes: float) -> dict[str, tuple[str, str]]:
    comparison, result = of_changes(*changes)
    found = diagnose(result, comparison.settings)
    table = diagnostics_table(comparison, result, found, comparison.patient_ids)
    return {str(row[0]): (str(row[1]), str(row[2])) for row in table.itertuples(index=False)}


def test_checks_speak_of_p_only_where_there_is_one():
    finding, reading = checks_of(0.5, 0.5, 0.5, 0.5)["leaving out one patient"]
    assert re.fullmatch(r"change (\+0\.5\d) to \1 points/month, no P", finding)
    assert reading.startswith("turns the sign: nobody")
    finding, reading = checks_of(0.5, 0.2)["leaving out one patient"]
    assert (finding, reading) == ("–", "fewer than 3 patients are compared")
    finding, reading = checks_of(0.5, 0.4, 0.45, 0.6)["leaving out one patient"]
    # t of three is about 0.45 / (0.05 / √3) = 15.6 without 0.6, and about 9 without another one.
    assert re.fullmatch(r"change \S+ to \S+ points/month, P 0\.00\d to 0\.0\d\d", finding)
    assert reading.startswith("moves P across 0.05 or turns the sign: nobody")

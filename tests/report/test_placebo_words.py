"""Words, tables and the figure of placebo dates, against numbers made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.placebo_dates import DatePatients, PlaceboDates, placebo_dates
from analysis.placebo_verdict import DateVerdict
from analysis.results import Interval
from analysis.results import TestResult as Outcome
from analysis.settings import Settings
from analysis.shift_profile import ShiftProfile
from data.endpoints import ENDPOINTS
from report.charts.placebo_dates import placebo_alt, placebo_figure
from report.look import DARK, LIGHT
from report.placebo_words import (
    bias_sentence,
    dates_table,
    excess_sentence,
    excess_text,
    expected_sentence,
    patients_table,
    peak_sentence,
    placebo_heading,
    placebo_numbers,
    reasons_sentence,
    who_sentences,
)
from tests.conftest import made


def outcome(estimate: float, low: float, high: float, p: float, n: int = 6) -> Outcome:
    ends = Interval(low, high, 0.95, 0.95)
    return Outcome("t", "t", "exploratory", p, n, estimate=estimate, interval=ends)


def profile(visits: Any, months: list[int], estimate: list[float], n: list[int]) -> ShiftProfile:
    value = np.asarray(estimate)
    return ShiftProfile(
        visits,
        np.asarray(months),
        np.asarray([round(30.4375 * m) for m in months]),
        value,
        value - 0.5,
        value + 0.5,
        np.full(len(months), 0.04),
        np.asarray(n),
    )


def case(**changes: Any) -> PlaceboDates:
    """Return made-up placebo dates of six patients."""
    people = DatePatients(
        patient=np.array([0, 2]),
        name=("Ann", "Cy"),
        change=np.array([1.0, -0.25]),
        others=np.array([0.5, 0.0]),
        n_others=np.array([4, 6]),
        excess=np.array([0.5, -0.25]),
    )
    found = PlaceboDates(
        endpoint=ENDPOINTS["alsfrs_r"],
        unit="points/month",
        level=0.95,
        control="",
        compared=7,
        people=people,
        left=(("Bo", "no other date"),),
        change=outcome(0.61, 0.2, 1.0, 0.01),
        excess=outcome(0.234, 0.051, 0.42, 0.0213),
        excess_flip=outcome(0.234, 0.04, 0.43, 0.031),
        beyond_curvature=outcome(0.2, 0.1, 0.3, 0.01),
        below_bend=outcome(0.0, -0.1, 0.1, 0.9),
        bend_excess=0.25,
        even_excess=-0.034,
        bias=-2.0,
        profile=profile("all", [-2, -1, 0, 1, 3], [0.3, 0.7, 0.6, 0.4, -0.1], [5, 6, 7, 7, 4]),
        run_in=profile("run_in", [-2], [0.1], [3]),
        follow_up=profile("follow_up", [3], [-0.2], [4]),
        peak=-1.0,
        visit_interval=2.0,
        level_before=2.0,
        level_after=0.0,
        least_squares=True,
        shift_days=0,
        verdict=DateVerdict("here", ("the change is larger", "part lies elsewhere")),
    )
    return replace(found, **changes)


def result(alternative: str = "two-sided") -> EndpointComparison:
    trial = made({f"P{i}": {d: 40 - d / (50 + i) for d in (-90, 0, 90, 180)} for i in range(3)})
    settings = Settings(endpoints=("alsfrs_r",), flips=1_000, resamples=1_000)
    return compare(trial, settings.with_(alternative=alternative)).endpoints[0]


def test_sentences() -> None:
    found = case()
    assert placebo_heading(found) == "ALSFRS-R: bends at the transplant"
    assert reasons_sentence(found) == "The change is larger; part lies elsewhere."
    assert excess_text(found) == (
        "excess +0.23 (95 % CI 0.05 to 0.42) points/month, P = 0.021, n = 6"
    )
    assert excess_text(found, "less steep").endswith("P = 0.021 (one-sided), n = 6")
    assert excess_sentence(found) == (
        "At day 0 the slope changes by +0.61 points/month; at the same patients’ other dates by "
        "+0.38 on average (10 dates). Excess +0.23 (95 % CI 0.05 to 0.42) points/month, "
        "P = 0.021, n = 6; sign flip P = 0.031."
    )
    assert "excess of +0.25, courses that bend evenly one of −0.03 points" in expected_sentence(
        found
    )
    # 0.02 points/month each month times −2.
    assert "less steep by 0.02 points/month each month" in bias_sentence(found)
    assert "about −0.04 points/month" in bias_sentence(found)
    assert "less than 0.005 points/month" in bias_sentence(case(bias=0.1))
    assert bias_sentence(case(bias=math.nan)) == ""
    assert bias_sentence(case(endpoint=ENDPOINTS["fvc_litres"])) == ""


@pytest.mark.parametrize(
    ("peak", "expected"),
    [
        (-1.0, "moved to 1 month before it, as with a bend at day 0"),
        (0.0, "at day 0 itself, as with a bend"),
        (3.0, "moved to 3 months after it, not as with a bend at day 0"),
        (math.nan, "no peak"),
    ],
)
def test_where_the_profile_peaks(peak: float, expected: str) -> None:
    assert expected in peak_sentence(case(peak=peak))


def test_a_moved_day_0_is_not_called_the_transplant() -> None:
    moved = case(shift_days=-30)
    assert placebo_heading(moved) == "ALSFRS-R: bends at the moved day 0"
    elsewhere = case(shift_days=-30, verdict=DateVerdict("elsewhere", ("so",)))
    assert "moved day 0" in placebo_heading(elsewhere)
    texts = [one.text for one in placebo_figure(result(), moved, LIGHT).layout.annotations]
    assert "<b>moved day 0</b>" in texts
    assert "<b>transplant</b>" not in texts
    assert any("−30 days" in text for text in who_sentences(moved, (), ()))


def test_who_is_not_in_it_is_called_by_the_names_given() -> None:
    found = case(control="no cells", least_squares=False)
    said = who_sentences(found, ("Ann", "Bo"), ("P01", "P02"))
    assert "“no cells”" in said[0]
    assert said[1] == "Not in the excess: P02 (no other date)."
    assert "separate least-squares lines" in said[2]
    many = case(left=tuple((f"N{i}", "why") for i in range(7)))
    assert who_sentences(many, (), ())[0].endswith("N3 (why); and 3 more.")
    table = patients_table(found, {"Ann": "P01", "Cy": "P03"})
    assert table["patient"].tolist() == ["P01", "P03"]
    assert table["excess"].tolist() == ["+0.50", "−0.25"]


def test_tables_hold_every_date_and_the_tests() -> None:
    found = case()
    table = dates_table(found)
    assert table["day 0 moved by"].tolist() == [
        "−2 months",
        "−1 month",
        "not moved",
        "+1 month",
        "+3 months",
        "−2 months",
        "+3 months",
    ]
    assert table.iloc[1].tolist()[2:] == ["+0.70 (0.20 to 1.20)", "0.040", "6"]
    assert table["visits"].tolist()[-2:] == ["visits up to day 0 only", "visits after day 0 only"]
    numbers = placebo_numbers(found)
    assert numbers["months"].tolist() == [-2, -1, 0, 1, 3, -2, 3, 0, 0]
    last = numbers.iloc[-2]
    assert (last["what"], last["estimate"], last["low"], last["p"], last["n"]) == (
        "excess at day 0, paired t",
        0.234,
        0.051,
        0.0213,
        6,
    )


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_the_figure_draws_means_band_and_the_dates_of_one_period(look: Any) -> None:
    found = case()
    fig = placebo_figure(result(), found, look)
    marks = [trace for trace in fig.data if trace.mode == "markers"]
    assert [list(trace.y) for trace in marks] == [[0.3, 0.7, 0.6, 0.4, -0.1], [0.1], [-0.2]]
    # Filled where the interval excludes 0 (0.7 and 0.6 ± 0.5), the others in the background colour.
    assert list(marks[0].marker.color) == [look.bg, look.after, look.after, look.bg, look.bg]
    assert list(marks[1].marker.color) == [look.bg]
    assert marks[1].marker.line.color == look.before
    bands = [trace for trace in fig.data if trace.fill == "toself"]
    assert len(bands) == 1  # The month behind the gap stands alone and has no area.
    assert list(bands[0].x) == [-2, -1, 0, 1, 1, 0, -1, -2]
    line = next(trace for trace in fig.data if trace.mode == "lines" and trace.line.width == 2)
    assert list(line.x) == [-2, -1, 0, 1, None, 3]
    assert "n = 5" in marks[0].customdata[0][1]
    assert fig.layout.xaxis.ticktext[6].endswith(">7</span>")
    texts = " ".join(one.text for one in fig.layout.annotations)
    assert "<b>ALSFRS-R: bends at the transplant</b>" in texts
    assert "P = 0.021" in texts
    assert "<b>transplant</b>" in texts
    assert isinstance(fig, go.Figure)


def test_text_alternative_and_nothing_to_draw() -> None:
    alt = placebo_alt(result(), case())
    assert alt.startswith("ALSFRS-R: bends at the transplant. excess +0.23")
    assert "−1 months +0.70 (0.20 to 1.20), n = 6" in alt
    trial = made({"A": {-30: 40, 0: 39}})
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), flips=1_000, resamples=1_000))
    found = placebo_dates(trial, comparison, "alsfrs_r")
    fig = placebo_figure(comparison.endpoints[0], found, LIGHT)
    assert "nobody can be compared" in fig.layout.annotations[0].text.replace("<br>", " ")
    assert excess_sentence(found).startswith("Nobody who is compared")
    assert expected_sentence(found) == ""
    assert dates_table(found)["n"].tolist() == ["0"]

"""Figures and words of what is left out and of other run-ins: they say what was computed."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.leave_one_out import leave_one_out
from analysis.leave_visit_out import leave_day0_out, leave_visit_out
from analysis.other_run_ins import other_run_ins
from analysis.settings import Settings
from data.examples import load_example
from report.charts.leave_one_out import leave_one_out_figure, leave_one_out_numbers
from report.charts.leave_visit_out import (
    leave_visit_out_alt,
    leave_visit_out_figure,
    leave_visit_out_numbers,
)
from report.charts.other_run_ins import other_run_ins_alt, other_run_ins_figure
from report.look import DARK, LIGHT
from report.run_in_words import (
    people_words,
    run_in_bias,
    run_ins_numbers,
    run_ins_sentence,
    run_ins_table,
)
from tests.conftest import made

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
SMALL: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
COURSE = {-180: 46.0, -90: 43.0, 0: 40.0, 90: 38.0, 180: 36.0}


def trial_of(last: dict[int, float], name: str = "<b>L</b>", n: int = 5):
    visits = {
        f"A{i}": {d: v - (i * d / 360 if d > 0 else 0) for d, v in COURSE.items()} for i in range(n)
    }
    return made(visits | {name: last})


def case(trial, key="alsfrs_r", **changes):
    comparison = compare(trial, Settings(**SMALL, **changes))
    result = comparison.endpoint(key)
    assert result is not None
    return comparison, result


def plain(text: str) -> str:
    return re.sub("<[^>]*>", "", text)


def texts(fig: go.Figure) -> list[str]:
    return [plain(a.text) for a in fig.layout.annotations]


def tinted(fig: go.Figure, look) -> list[float]:
    """Return the places of the rows with an amber tint."""
    shapes = [s for s in fig.layout.shapes if s.fillcolor == look.amber_fill]
    return sorted((s.y0 + s.y1) / 2 for s in shapes)


def marks(fig: go.Figure) -> dict[float, float]:
    """Return what is marked, by the place of its row."""
    return {
        float(y): float(x)
        for trace in fig.data
        if trace.mode == "markers"
        for x, y in zip(trace.x, trace.y, strict=True)
    }


@LOOKS
def test_one_row_a_visit_by_time_and_one_for_day_0(look):
    trial = trial_of(COURSE | {180: 37.0})
    comparison, result = case(trial)
    found = leave_visit_out(trial, result, comparison.settings, 5)
    day0 = leave_day0_out(trial, result, comparison.settings)
    fig = leave_visit_out_figure(result, found, day0, trial.patient_ids, look)
    labels = [text for text in texts(fig) if text.startswith(("all visits", "without ", "no "))]
    assert labels == [
        "all visits",
        "without month −5.9",
        "without month −3.0",
        "without day 0",
        "without month +3.0",
        "without month +5.9",
        "no day-0 visits",
    ]
    places = [0, 1.3, 2.3, 3.3, 4.3, 5.3]
    drawn = marks(fig)
    assert sorted(drawn)[:6] == pytest.approx(places)
    values = [found.full.estimate, *(v.without.test.estimate for v in found.visits)]
    assert [drawn[place] for place in sorted(drawn)[:6]] == pytest.approx(values)
    assert day0.without is not None
    assert drawn[max(drawn)] == day0.without.test.estimate
    keys = {
        next(iter(row))
        for trace in fig.data
        if trace.customdata is not None
        for row in trace.customdata
    }
    assert keys == {"", "5"}, "a click on a visit opens its patient"


def test_a_name_is_no_markup_and_downloads_use_other_names():
    trial = trial_of(COURSE | {180: 37.0})
    comparison, result = case(trial)
    found = leave_visit_out(trial, result, comparison.settings, 5)
    day0 = leave_day0_out(trial, result, comparison.settings)
    written = leave_visit_out_figure(result, found, day0, trial.patient_ids, LIGHT).to_json()
    assert "<b>L</b>" not in written
    assert "&lt;b&gt;L&lt;/b&gt;" in written or "&lt;b&gt;L" in written
    other = tuple(f"P{i:02d}" for i in range(1, 7))
    assert ";L&" not in leave_visit_out_figure(result, found, day0, other, LIGHT).to_json()
    table = leave_visit_out_numbers(result, found, day0, other)
    assert not table.astype(str).apply(lambda c: c.str.contains("<b>")).to_numpy().any()
    assert "one visit of P06" in set(table["without"])


def test_the_row_without_which_p_crosses_is_tinted_and_said():
    trial = load_example("after-oh-2018").trial
    comparison, result = case(trial, "fvc")
    found = leave_visit_out(trial, result, comparison.settings, 0)
    day0 = leave_day0_out(trial, result, comparison.settings)
    assert day0.without is not None
    assert day0.without.crosses
    fig = leave_visit_out_figure(result, found, day0, trial.patient_ids, LIGHT)
    assert tinted(fig, LIGHT) == [pytest.approx(max(marks(fig)))]
    assert "⚑ 0.28" in texts(fig)
    said = f"P = 0.28, n = {day0.without.test.n}."
    assert said in leave_visit_out_alt(result, found, day0, trial.patient_ids)


def test_who_falls_out_is_counted_and_said():
    trial = trial_of(COURSE, "L")
    comparison, result = case(trial)
    found = leave_visit_out(trial, result, comparison.settings, 5)
    day0 = leave_day0_out(trial, result, comparison.settings)
    fig = leave_visit_out_figure(result, found, day0, trial.patient_ids, LIGHT)
    assert texts(fig).count("5") == 2
    alt = leave_visit_out_alt(result, found, day0, trial.patient_ids)
    assert "the patient falls out without month +3.0 or month +5.9" in alt
    table = leave_visit_out_numbers(result, found, day0, trial.patient_ids)
    assert table["n"].tolist() == [6, 6, 6, 6, 5, 5, 6]
    assert table["why_lost"].tolist()[4:6] == ["1 visit after, 2 needed"] * 2
    assert np.isnan(table["own_change"].to_numpy(dtype=float)[4:6]).all()


def test_a_patient_who_is_not_compared_leaves_a_sentence():
    trial = trial_of({-180: 46.0, 0: 40.0, 90: 38.0})
    comparison, result = case(trial)
    found = leave_visit_out(trial, result, comparison.settings, 5)
    day0 = leave_day0_out(trial, result, comparison.settings)
    fig = leave_visit_out_figure(result, found, day0, trial.patient_ids, LIGHT)
    assert "is not compared" in " ".join(texts(fig))
    assert leave_visit_out_alt(result, found, day0, trial.patient_ids).endswith("not compared.")


def test_everybody_stands_apart_and_the_mean_goes_through_all_rows():
    trial = load_example("after-shamsaei-2023").trial
    comparison, result = case(trial, "fvc")
    left_out = leave_one_out(result, comparison.settings)
    fig = leave_one_out_figure(result, left_out, trial.patient_ids, LIGHT)
    dotted = [s for s in fig.layout.shapes if s.line.dash == "dot"]
    assert len(dotted) == 1
    assert dotted[0].x0 == dotted[0].x1 == left_out.full.estimate
    assert dotted[0].y1 > max(marks(fig))
    assert sorted(marks(fig))[:2] == [0, pytest.approx(1.3)]
    assert len(tinted(fig, LIGHT)) == int((left_out.crosses | left_out.flips).sum())
    table = leave_one_out_numbers(result, left_out, trial.patient_ids)
    assert table["mean_change"].iloc[0] == left_out.full.estimate
    assert table["mean_change"].iloc[1:].is_monotonic_increasing
    by_name = table.set_index("without")
    for k, patient in enumerate(left_out.patient):
        row = by_name.loc[trial.patient_ids[patient]]
        assert (row["low"], row["high"], row["p"]) == (
            left_out.low[k],
            left_out.high[k],
            left_out.p[k],
        )
        assert row["n"] == result.n - 1


@LOOKS
def test_run_ins_are_drawn_twice_with_the_primary_as_a_diamond(look):
    trial = load_example("after-oh-2018").trial
    comparison, result = case(trial)
    found = other_run_ins(trial, comparison, "alsfrs_r")
    fig = other_run_ins_figure(result, found, look)
    drawn = marks(fig)
    assert [drawn[place] for place in sorted(drawn)[:4]] == pytest.approx(
        [row.test.estimate for row in found.rows]
    )
    assert [drawn[place] for place in sorted(drawn)[4:]] == pytest.approx(
        [row.before.mean for row in found.rows]
    )
    diamonds = [t for t in fig.data if t.marker.symbol == "diamond" and t.mode == "markers"]
    assert [float(t.x[0]) for t in diamonds] == [found.primary.test.estimate]
    assert len(tinted(fig, look)) == sum(row.crosses or row.flips for row in found.rows) == 1
    assert texts(fig).count("from onset (ΔFS)") == 2
    assert "⚑ 0.17" in texts(fig)
    alt = other_run_ins_alt(result, found)
    assert "whole run-in, primary: slope before −1.30, change +0.63" in alt


def test_run_ins_with_the_same_visits_count_once():
    trial = load_example("after-oh-2018").trial
    comparison, _ = case(trial)
    found = other_run_ins(trial, comparison, "alsfrs_r")
    assert run_ins_sentence(found) == (
        "ALSFRS-R: mean change from +0.19 (from onset (ΔFS)) to +0.63 (whole run-in) points/month; "
        "P below 0.05 in 2 of 3 run-ins. Last 6 months has the same visits as the whole run-in: "
        "not counted again."
    )


def test_each_kind_of_run_in_has_its_own_direction():
    trial = load_example("after-oh-2018").trial
    comparison, _ = case(trial)
    found = other_run_ins(trial, comparison, "alsfrs_r")
    directions = [run_in_bias(row).direction.split(",")[0] for row in found.rows]
    assert directions == [
        "either way",
        "towards slower decline",
        "towards slower decline",
        "towards faster decline",
    ]


def test_the_table_of_run_ins_says_who_is_missing_under_the_names_of_the_file():
    trial = trial_of({-180: 46.0, -150: 45.0, -120: 44.0, 90: 38.0, 180: 36.0}, "L")
    comparison, _ = case(trial)
    found = other_run_ins(trial, comparison, "alsfrs_r")
    names = tuple(f"P{i:02d}" for i in range(1, 7))
    table = run_ins_table(found, trial.patient_ids, names).set_index("run-in")
    missing = table["who is not in it"]
    assert missing["whole run-in, primary"] == "nobody"
    assert missing["last 3 months"] == "P06 (no ALSFRS-R visit before day 0 in the window)"
    assert missing["from onset (ΔFS)"].endswith("; and 2 more")
    assert table["n"].tolist() == ["6", "6", "5", "0"]
    assert table["same patients as primary"]["from onset (ΔFS)"] == "nobody"
    numbers = run_ins_numbers(found).set_index("run_in")
    assert numbers["missing"].tolist() == [0, 0, 1, 6]
    assert math.isnan(numbers["mean_change"]["from onset (ΔFS)"])


def test_people_are_named_up_to_a_number_and_counted_beyond():
    missing = (("a", "x"), ("b", "y"), ("c", "z"))
    called = {"a": "P1", "b": "P2", "c": "P3"}
    assert people_words(missing, called, 2) == "P1 (x); P2 (y); and 1 more"
    assert people_words(missing, called, 3) == "P1 (x); P2 (y); P3 (z)"
    assert people_words((), called, 3) == "nobody"

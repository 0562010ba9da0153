"""Figures and tables of those who are missing after day 0: they show what was computed."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity, dropout_sensitivity
from analysis.settings import Settings
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import Trial
from report.charts.follow_up_slopes import follow_up_alt, follow_up_figure, follow_up_numbers
from report.charts.tipping_point import tipping_alt, tipping_figure, tipping_numbers
from report.dropout_words import (
    association_sentence,
    before_sentence,
    missing_sentence,
    patterns_table,
    tipping_sentence,
)
from report.look import DARK, LIGHT
from report.numbers import DASH
from report.tables import export_names
from tests.conftest import made

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
SMALL: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
WITH_MISSING = (
    ("after-oh-2018", "fvc"),
    ("every-detail", "alsfrs_r"),
    ("every-detail", "fvc"),
    ("untreated-60", "alsfrs_r"),
    ("untreated-60", "fvc"),
)

Case = tuple[Trial, EndpointComparison, DropoutSensitivity]


def case(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> Case:
    """Return a trial, its comparison of one endpoint, and its dropouts."""
    settings = Settings(**SMALL, **changes)
    result = compare(trial, settings).endpoint(key)
    assert result is not None
    return trial, result, dropout_sensitivity(trial, result, settings)


@cache
def bundled(name: str, key: str) -> Case:
    """Return the dropouts of one endpoint of a bundled trial, under its own settings."""
    return case(load_example(name).trial, key, **example_settings(name))


def small(name: str = "<b>L</b>", missing: int = 2) -> Trial:
    """Return five patients with slopes after, and some without, the first called ``name``."""
    visits = {
        f"A{i}": {d: 40 - d / 40 + (i * d / 200 if d > 0 else 0) for d in range(-180, 181, 60)}
        for i in range(5)
    }
    names = [name, *(f"B{i}" for i in range(1, missing))][:missing]
    return made(visits | {who: {d: 38 - d / 40 for d in (-120, -60, 0)} for who in names})


def plain(text: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", text).split())


def said(fig: go.Figure) -> str:
    """Return all texts of a figure, its lines joined."""
    return plain(" ".join(a.text for a in fig.layout.annotations))


def marks(fig: go.Figure, axis: str) -> list[tuple[str, float, float]]:
    """Return patient's position, x and y of the marks on one axis."""
    return [
        (custom[0], float(x), float(y))
        for trace in fig.data
        if trace.mode == "markers" and (trace.yaxis or "y") == axis
        for custom, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    ]


# Slopes by length of follow-up


@LOOKS
@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_every_patient_stands_once_in_the_figure(name, key, look):
    trial, result, found = bundled(name, key)
    fig = follow_up_figure(result, found, trial.patient_ids, look)
    before, after = result.slopes.before.enough, result.slopes.after.enough
    last = dict(zip(found.stopped.patient.tolist(), found.stopped.last_month, strict=True))
    seen = marks(fig, "y")
    assert {int(i) for i, *_ in seen} == set(np.flatnonzero(before & after).tolist())
    for i, x, y in seen:
        assert x == last[int(i)]
        assert y == result.after[int(i)]
    strip = marks(fig, "y2")
    assert sorted(int(i) for i, *_ in strip) == np.flatnonzero(before & ~after).tolist()
    assert all(x == last[int(i)] for i, x, _ in strip)
    # Nobody on the strip hides another, and nobody leaves it.
    width = max(last.values()) - min(last.values())
    for (_, x, y), (_, other, height) in itertools.combinations(strip, 2):
        assert abs(x - other) > 0.03 * width or abs(y - height) > 0.1
    low, high = fig.layout.yaxis2.range
    assert all(low <= y <= high for *_, y in strip)
    assert len(strip) + len(seen) == int(before.sum())


@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_the_missing_are_named_on_the_strip_and_in_the_words(name, key):
    trial, result, found = bundled(name, key)
    ids = trial.patient_ids
    missing = [
        ids[i]
        for i in np.flatnonzero(result.slopes.before.enough & ~result.slopes.after.enough).tolist()
    ]
    assert missing
    fig = follow_up_figure(result, found, ids, LIGHT)
    for text in (said(fig), follow_up_alt(result, found, ids), missing_sentence(found, ids)):
        assert all(name in text for name in missing)
    hovers = [c[1] for t in fig.data if t.yaxis == "y2" for c in t.customdata]
    assert len(hovers) == len(missing)
    assert all("no slope after" in hover for hover in hovers)


@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_the_figure_and_the_alt_text_say_the_correlation(name, key):
    trial, result, found = bundled(name, key)
    sentence = association_sentence(found.after_by_length)
    fig = follow_up_figure(result, found, trial.patient_ids, LIGHT)
    assert sentence in said(fig)
    # P stays on one line with its number.
    assert any(re.search(r"P\s=\s0\.\d", a.text) for a in fig.layout.annotations)
    assert sentence in follow_up_alt(result, found, trial.patient_ids)
    assert f"n = {result.n}." in sentence


@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_saved_numbers_are_the_result(name, key):
    trial, result, found = bundled(name, key)
    names = export_names(trial)
    table = follow_up_numbers(result, found, names)
    who = np.flatnonzero(result.slopes.before.enough)
    assert table["patient"].tolist() == [names[i] for i in who]
    for column, values in (
        ("slope_before", result.before),
        ("slope_after", result.after),
        ("change", result.change),
    ):
        np.testing.assert_array_equal(table[column], values[who])
    assert set(table["unit"]) == {result.unit}


def test_a_death_is_told_where_it_is_known():
    trial, result, found = bundled("every-detail", "alsfrs_r")
    at = trial.patient_ids.index("P22")
    month = float(trial.patients_frame["death_day"].iloc[at]) / 30.4375
    fig = follow_up_figure(result, found, trial.patient_ids, LIGHT)
    hover = next(c[1] for t in fig.data if t.yaxis == "y2" for c in t.customdata if c[0] == str(at))
    told = f"death in month {month:.1f}"
    assert told in hover
    assert told in missing_sentence(found, trial.patient_ids)
    table = follow_up_numbers(result, found, trial.patient_ids).set_index("patient")
    assert table.loc["P22", "end"] == told


@LOOKS
def test_names_are_shown_letter_by_letter_and_the_chosen_one_is_marked(look):
    trial, result, found = case(small())
    fig = follow_up_figure(result, found, trial.patient_ids, look, selected=2)
    text = json.dumps(fig.to_plotly_json(), default=lambda value: np.asarray(value).tolist())
    assert "<b>L</b>" not in text
    assert "&lt;b&gt;L&lt;/b&gt;" in text
    (seen,) = [t for t in fig.data if t.yaxis == "y"]
    colours = {c[0]: colour for c, colour in zip(seen.customdata, seen.marker.color, strict=True)}
    assert {who for who, colour in colours.items() if colour == look.after} == {"2"}


def test_many_missing_are_counted():
    trial, result, found = case(small("L", 9))
    names = [f"B{i}" for i in range(1, 9)]
    for text in (
        said(follow_up_figure(result, found, trial.patient_ids, LIGHT)),
        missing_sentence(found, trial.patient_ids),
    ):
        assert "B5" in text
        assert "B6" not in text
        assert "and 3 more" in text
    table = follow_up_numbers(result, found, trial.patient_ids)
    assert set(names) <= set(table["patient"])
    carried = next(one for one in found.patterns if one.key == "carried")
    assert len(carried.added) == 9
    table = patterns_table(found, trial.patient_ids, trial.patient_ids)
    assert "and 3 more" in str(table.loc[1, "also in it"])


def test_nobody_with_a_slope_before_leaves_an_empty_figure():
    trial, result, found = case(made({"A": {0: 40, 90: 38}, "B": {0: 41, 90: 39}}))
    fig = follow_up_figure(result, found, trial.patient_ids, LIGHT)
    assert len(fig.data) == 0
    assert "nobody has a slope before day 0" in said(fig)
    assert len(follow_up_numbers(result, found, trial.patient_ids)) == 0


def test_without_missing_there_is_no_strip():
    trial, result, found = bundled("after-shamsaei-2023", "alsfrs_r")
    fig = follow_up_figure(result, found, trial.patient_ids, LIGHT)
    assert marks(fig, "y2") == []
    assert "no slope after" not in said(fig)
    assert missing_sentence(found, trial.patient_ids) == (
        "Everybody with a slope before has a slope after."
    )


# The tipping point


@LOOKS
@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_the_lines_stand_where_mean_and_interval_reach_0(name, key, look):
    _, result, found = bundled(name, key)
    fig, curve = tipping_figure(result, found, look), found.delta
    assert curve is not None
    band, line = fig.data
    np.testing.assert_array_equal(line.x, curve.delta)
    np.testing.assert_array_equal(line.y, curve.estimate)
    k = len(curve.delta)
    np.testing.assert_array_equal(band.y[:k], curve.low)
    np.testing.assert_array_equal(band.y[k:][::-1], curve.high)
    at = sorted(s.x0 for s in fig.layout.shapes if s.xref == "x")
    assert at == sorted(
        d for d in (found.tipping.to_zero, found.tipping.to_interval) if math.isfinite(d)
    )
    ends = np.array([np.interp(abs(d), np.abs(line.x), line.y) for d in at])
    assert np.min(np.abs(ends)) < 1e-9
    if len(at) == 2:
        edge = found.tipping.to_interval
        edges = [np.interp(abs(edge), np.abs(curve.delta), y) for y in (curve.low, curve.high)]
        assert min(map(abs, edges)) < 1e-9
    # The line of no change is drawn over the band.
    (zero,) = [s for s in fig.layout.shapes if s.yref == "y"]
    assert (zero.y0, zero.y1, zero.layer or "above") == (0, 0, "above")


@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_words_next_to_the_lines_stay_inside(name, key):
    _, result, found = bundled(name, key)
    fig = tipping_figure(result, found, LIGHT)
    end = fig.layout.xaxis.range[1]
    words = [a for a in fig.layout.annotations if a.xref == "x"]
    assert words
    for one in words:
        assert one.xanchor == ("right" if one.x / end > 0.5 else "left")
    assert len({one.yshift for one in words}) == len(words)


@pytest.mark.parametrize(("name", "key"), WITH_MISSING)
def test_saved_shifts_are_the_curve(name, key):
    _, result, found = bundled(name, key)
    table, curve = tipping_numbers(result, found), found.delta
    assert curve is not None
    for column, values in (
        ("shift_of_the_missing", curve.delta),
        ("mean_change", curve.estimate),
        ("low", curve.low),
        ("high", curve.high),
    ):
        np.testing.assert_array_equal(table[column], values)
    assert set(table["unit"]) == {result.unit}


def test_the_sentence_says_both_points_with_unit_and_numbers_of_patients():
    _, result, found = bundled("after-oh-2018", "fvc")
    sentence = tipping_sentence(result, found.tipping)
    mean, share = float(np.mean(result.change[result.paired])), 3 / 59
    interval = result.primary.interval
    assert interval is not None
    assert f"{-mean / share:+.2f} % predicted/month" in sentence
    assert f"touches 0 at {-interval.high / share:+.2f}" in sentence
    assert "3 patients of 59" in sentence
    assert tipping_alt(result, found) == f"FVC: {sentence}"


@LOOKS
@pytest.mark.parametrize(
    ("changes", "missing", "why"),
    [
        ({}, 0, "everybody with a slope before has a slope after"),
        ({"estimator": "broken_stick"}, 2, "choose separate lines"),
    ],
    ids=str,
)
def test_where_there_is_no_tipping_point_the_figure_says_why(changes, missing, why, look):
    _, result, found = case(small("L", missing), **changes)
    fig = tipping_figure(result, found, look)
    assert len(fig.data) == 0
    assert why in said(fig)
    assert why in tipping_alt(result, found)
    table = tipping_numbers(result, found)
    assert len(table) == 0
    assert "shift_of_the_missing" in table


# Tables and words


def test_saved_patterns_name_nobody():
    trial, _, found = bundled("every-detail", "alsfrs_r")
    names = trial.patient_ids
    renamed = tuple(f"subject {i}" for i in range(len(names)))
    shown = patterns_table(found, trial.patient_ids, trial.patient_ids)
    saved = patterns_table(found, trial.patient_ids, renamed)
    assert shown.loc[1, "also in it"] == "P21, P22"
    places = [trial.patient_ids.index(name) for name in ("P21", "P22")]
    assert saved.loc[1, "also in it"] == ", ".join(renamed[i] for i in places)
    text = saved.to_csv()
    assert not any(re.search(rf"\b{re.escape(name)}\b", text) for name in trial.patient_ids)
    assert saved.drop(columns="also in it").equals(shown.drop(columns="also in it"))


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_rows_that_are_not_applicable_have_no_numbers_and_say_why(name):
    trial, _, found = bundled(name, "alsfrs_r")
    table = patterns_table(found, trial.patient_ids, trial.patient_ids)
    assert len(table) == len(found.patterns) == 4
    for one, row in zip(found.patterns, table.to_dict("records"), strict=True):
        numbers = [row["estimate (CI)"], row["P"], row["n"]]
        if one.reason:
            assert numbers == [DASH] * 3
            assert row["also in it"] == f"not applicable: {one.reason}"
        else:
            assert row["n"] == str(one.test.n)
            assert DASH not in numbers
        assert row["analysis"].endswith("(sensitivity)") == (one.key != "primary")


def test_a_table_shows_the_numbers_of_the_tests():
    trial, result, found = bundled("after-oh-2018", "fvc")
    table = patterns_table(found, trial.patient_ids, trial.patient_ids).set_index("analysis")
    interval = result.primary.interval
    assert interval is not None
    ends = f"{interval.low:.2f} to {interval.high:.2f}"
    expected = f"{result.primary.estimate:+.2f} ({ends})".replace("-", "−")
    assert table.loc["primary analysis", "estimate (CI)"] == expected
    worst = table.loc["worst rank (sensitivity)"]
    values = sorted([*result.change[result.paired], *[-math.inf] * 3])
    assert worst["estimate (CI)"] == f"median {values[29]:+.2f}".replace("-", "−")
    assert worst["n"] == "59"


def test_the_slope_before_sentence_needs_two_in_each_group():
    _, result, found = case(small("L", 1))
    assert before_sentence(result, found) == ""
    _, result, found = bundled("after-oh-2018", "fvc")
    assert before_sentence(result, found).endswith("n = 3 and 56.")
    blind = replace(found, after_by_length=replace(found.after_by_length, r=math.nan, n=2))
    assert "no correlation can be given, n = 2" in association_sentence(blind.after_by_length)

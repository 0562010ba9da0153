"""Figures and tables about all patients: what is written and drawn is what was found."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.attendance import Attendance, attendance
from analysis.cohort import LastValues, change_bounds, last_values
from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.events import event_table
from analysis.settings import Settings
from analysis.staging import stage_visits
from data.trial import DAYS_PER_MONTH, ITEM_COLUMNS, Periods, Trial
from report import patient_tables as words
from report import tables
from report.charts.caterpillar import caterpillar_figure, pages_of
from report.charts.change_rows import ranked_changes
from report.charts.parts import MAX_LINES, SAMPLE_LINES
from report.charts.rows import row_axes
from report.charts.spaghetti import spaghetti_figure
from report.charts.swimmer import Swim, swimmer_figure
from report.look import DARK, LIGHT
from tests.conftest import frame_from, trial_from

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
MONTH = DAYS_PER_MONTH
MONTHS = (-6, -4, -2, 0, 2, 4, 6)
LAST = {"D<i>ed": 2, "Lost": 4, "Whole": 6, "Gone": 2}
NAMES = tuple(LAST)


@cache
def small() -> tuple[Trial, Comparison, Attendance]:
    """Return four patients: one died, one is lost, one is seen no longer, one to the end."""
    visits = {
        name: {m * MONTH: 40.0 - m - (i + 1) * 0.4 * max(m, 0) + (m in (-4, 4)) for m in MONTHS}
        for i, name in enumerate(NAMES)
    }
    visits = {
        name: {d: v for d, v in course.items() if d <= LAST[name] * MONTH}
        for name, course in visits.items()
    }
    trial = trial_from(frame_from(visits))
    people = trial.patients.assign(
        death_day=[3 * MONTH, np.nan, np.nan, np.nan],
        transplant_days=pd.Series([(0.0,), (0.0, 90.0), (0.0,), (0.0,)], dtype=object),
    )
    events = pd.DataFrame(
        [
            ("Lost", "lost", 5 * MONTH, "lost to follow-up"),
            ("Lost", "niv", 1 * MONTH, "<b>NIV</b>"),
            ("Whole", "riluzole", -20 * MONTH, "riluzole started"),
        ],
        columns=["patient", "kind", "day", "text"],
    )
    rows = [(name, d, *([4] * 7), 3, *([4] * 4), False, 2) for name in NAMES for d in visits[name]]
    items = pd.DataFrame(rows, columns=["patient", "day", *ITEM_COLUMNS, "gastrostomy", "row"])
    trial = replace(
        trial,
        patients_frame=people,
        events_frame=events,
        items_frame=items,
        periods=Periods(6, 6),
    )
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",)))
    return trial, comparison, attendance(trial, comparison.settings)


def many(n: int) -> tuple[Trial, Comparison]:
    rng = np.random.default_rng(n)
    change = rng.normal(0.3, 0.4, n)
    visits = {
        f"Q{i}": {
            m * MONTH: float(np.round(30 - m + max(m, 0) * change[i] + rng.normal()))
            for m in MONTHS
        }
        for i in range(n)
    }
    trial = trial_from(frame_from(visits))
    return trial, compare(trial, Settings(endpoints=("alsfrs_r",)))


def texts(fig) -> str:
    return " ".join(str(a.text) for a in fig.layout.annotations)


def marks(fig, symbol):
    """Return the patients of all marks of one symbol, and where they are."""
    return {
        trace.customdata[k][0]: (trace.x[k], trace.y[k], trace.customdata[k][1])
        for trace in fig.data
        if trace.customdata is not None and trace.marker.symbol == symbol
        for k in range(len(trace.x))
    }


@LOOKS
def test_last_visits_of_who_died_and_who_left_are_marked(look):
    _, comparison, seen = small()
    fig = spaghetti_figure(comparison.endpoints[0], NAMES, look, 2, seen)
    died, gone = marks(fig, "x-thin-open"), marks(fig, "circle-open")
    assert set(died) == {"0"}
    assert set(gone) == {"1", "3"}
    assert died["0"][0] == pytest.approx(2)
    assert gone["1"][0] == pytest.approx(4)
    assert died["0"][2] == (
        "D&lt;i&gt;ed · ALSFRS-R 37.2 points<br>+2.0 months · last visit before death at +3.0"
        "<br>click: open patient"
    )
    assert "× last visit before death (1). ○ last visit of those seen no longer (2)." in texts(fig)
    assert "<b>Whole</b> selected" in texts(fig)


def test_one_line_trace_for_everybody_and_no_webgl():
    trial, comparison = many(300)
    fig = spaghetti_figure(comparison.endpoints[0], trial.patient_ids, LIGHT)
    assert len(fig.data) < 10
    assert {trace.type for trace in fig.data} == {"scatter"}
    points = comparison.endpoints[0].slopes.points
    assert list(fig.data[0].x).count(None) == 299
    # Every visit opens its patient, here too.
    assert len(fig.data[1].customdata) == len(points.patient)


def test_above_500_a_sample_with_bands_and_above_the_limit_a_raster(monkeypatch):
    trial, comparison = many(MAX_LINES + 20)
    result = comparison.endpoints[0]
    fig = spaghetti_figure(result, trial.patient_ids, LIGHT)
    assert list(fig.data[0].x).count(None) == SAMPLE_LINES - 1
    assert f"{SAMPLE_LINES} of {MAX_LINES + 20} patients drawn, always the same." in texts(fig)
    assert sum(trace.fill == "toself" for trace in fig.data) == 2
    monkeypatch.setattr("analysis.cohort.DENSE", MAX_LINES)
    fig = spaghetti_figure(result, trial.patient_ids, LIGHT, 5)
    assert [trace.type for trace in fig.data].count("heatmap") == 1
    assert f"Shade: courses of all {MAX_LINES + 20} patients." in texts(fig)
    assert "<b>Q5</b> selected" in texts(fig)
    share = np.asarray(fig.data[0].z, dtype=float)
    assert np.nansum(share, axis=0) == pytest.approx(np.ones(share.shape[1]), abs=0.01)


@LOOKS
def test_caterpillar_is_sorted_and_filled_where_the_interval_excludes_0(look):
    trial, comparison = many(30)
    result = comparison.endpoints[0]
    fig = caterpillar_figure(comparison, result, trial.patient_ids, look, 4)
    trace = next(t for t in fig.data if t.mode == "markers" and len(t.x) == 30)
    assert list(trace.x) == sorted(result.change, reverse=True)
    for (key, _), value, colour in zip(trace.customdata, trace.x, trace.marker.color, strict=True):
        assert result.change[int(key)] == value
        interval = result.change_interval(int(key), 0.95)
        assert (colour != look.bg) == interval.excludes_zero
    assert "← faster" in texts(fig)
    assert "slower decline →" in texts(fig)
    assert "<b>mean</b>" in texts(fig)


def test_caterpillar_pages_hold_everybody_once_on_one_axis():
    trial, comparison = many(95)
    result = comparison.endpoints[0]
    assert pages_of(result) == 3
    figs = [
        caterpillar_figure(comparison, result, trial.patient_ids, LIGHT, page=p) for p in (1, 2, 3)
    ]
    keys = [
        key
        for fig in figs
        for trace in fig.data
        if trace.customdata is not None
        for key, _ in trace.customdata
        if key
    ]
    assert [int(k) for k in keys] == ranked_changes(result).tolist()
    assert len({fig.layout.xaxis.range for fig in figs}) == 1
    assert "Rows 41 to 80 of 95" in texts(figs[1])
    assert "n = 95" in texts(figs[1])


def test_bounds_of_all_changes_are_those_of_the_single_intervals():
    _, comparison = many(25)
    result = comparison.endpoints[0]
    ends = [result.change_interval(i, 0.9) for i in range(25)]
    assert change_bounds(result, 0.9) == pytest.approx(
        (min(e.low for e in ends), max(e.high for e in ends))
    )


@LOOKS
@pytest.mark.parametrize("staged", [True, False])
def test_swimmer_shows_ends_events_and_stages(look, staged):
    trial, comparison, seen = small()
    stages = stage_visits(trial, comparison.settings) if staged else None
    swim = Swim(seen, event_table(trial, comparison.settings), stages)
    fig = swimmer_figure(swim, NAMES, look, 1)
    assert set(marks(fig, "x-thin-open")) == {"0"}
    assert set(marks(fig, "circle-open")) == {"1"}
    assert marks(fig, "triangle-down")["1"][0] == pytest.approx(90 / MONTH, abs=1e-3)
    visits = next(t for t in fig.data if t.marker.symbol == "line-ns-open" and t.marker.size == 6)
    assert len(visits.x) == len(seen.visit_month)
    drawn = {t.line.color for t in fig.data if t.mode == "lines" and t.line.width == 13}
    # Item 8 at 3 is one region: King's stage 1 at every visit.
    assert drawn == ({look.stage[1]} if staged else {look.before, look.after})
    said = texts(fig)
    assert "N non-invasive ventilation" in said
    assert "R riluzole" not in said
    assert "Not drawn: 1 event before the axis." in said
    for ending in ("to the end", "lost +5.0", "died +3.0", "last visit +2.0"):
        assert ending in said
    hover = [h for t in fig.data if t.customdata is not None for _, h in t.customdata]
    assert not any("<b>" in h or "<i>" in h for h in hover)


def test_swimmer_puts_the_longest_follow_up_on_top():
    trial, comparison, seen = small()
    fig = swimmer_figure(Swim(seen, event_table(trial, comparison.settings), None), NAMES, LIGHT)
    rows = {
        a.text: a.y for a in fig.layout.annotations if a.yref == "y" and a.text in ("Whole", "Gone")
    }
    assert rows["Whole"] < rows["Gone"]
    order = [NAMES[seen.patient[k]] for k in seen.by_length]
    assert order == ["Whole", "Lost", "D<i>ed", "Gone"]


def test_table_of_who_left():
    _, _, seen = small()
    left = words.follow_table(seen, NAMES, only_left=True)
    assert left["patient"].tolist() == ["Gone", "D<i>ed", "Lost"]
    assert left["how it ended"].tolist() == [
        "no further visit, no reason recorded",
        "death",
        "lost to follow-up, as recorded",
    ]
    assert left["month of it"].tolist() == pytest.approx([2, 3, 5])
    assert len(words.follow_table(seen, NAMES)) == 4
    assert words.follow_sentence(seen).startswith(
        "3 of 4 patients died or were not seen to the end: 1 died, 1 recorded as lost, "
        "1 seen no longer, without a recorded reason. The other 1 "
    )


def test_recorded_words_stand_on_the_screen_and_not_in_files():
    trial, comparison, _ = small()
    more = pd.DataFrame(
        [("Gone", "last_contact", 2.5 * MONTH, "moved to Paris")], columns=trial.events.columns
    )
    told = replace(trial, events_frame=pd.concat([trial.events, more], ignore_index=True))
    seen = attendance(told, comparison.settings)
    shown = words.follow_table(seen, NAMES, only_left=True, recorded=True)
    assert shown["how it ended"].tolist()[0] == "last contact: moved to Paris"
    saved = words.follow_table(seen, NAMES)
    fig = swimmer_figure(Swim(seen, event_table(told, comparison.settings), None), NAMES, LIGHT)
    assert "last contact" in saved["how it ended"].tolist()
    for text in (saved.to_csv(), words.follow_sentence(seen), fig.to_json()):
        assert "Paris" not in text
        assert "NIV</b>" not in text


def test_sentence_of_low_fvc_keeps_values_on_their_side():
    last = LastValues(
        np.asarray([2, 0, 1, 3]), np.asarray([9.1, 6.0, 3.0, 1.0]), np.asarray([41, 49.8, 50, 79.9])
    )
    assert words.low_values(last, ("A", "B", "C", "D")) == (
        "FVC below 50 % at the last visit: C (41 %, +9.1 months), A (49.8 %, +6.0 months); "
        "2 of 4 with FVC. From 50 to below 80 %: 2 of 4."
    )
    nobody = LastValues(np.asarray([1]), np.asarray([2.0]), np.asarray([80.0]))
    assert words.low_values(nobody, ("A", "B")) == (
        "FVC below 50 % at the last visit; 0 of 1 with FVC. From 50 to below 80 %: 0 of 1."
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_largest_change_is_the_largest_in_either_direction(sign):
    visits = {
        name: {
            m * MONTH: 24.0 - m * (1 if m <= 0 else 1 - change) + 0.3 * (m in (-4, 4))
            for m in MONTHS
        }
        for name, change in (("small", 0.2 * sign), ("large", 2.0 * sign), ("other", -0.5 * sign))
    }
    comparison = compare(trial_from(frame_from(visits)), Settings(endpoints=("alsfrs_r",)))
    text = words.most_changed(comparison.endpoints[0], ("small", "large", "other"), 0.95)
    # The uneven visit at −4 months moves each slope before by −0.3 / 20.
    bend, back = ("+2.02", "−0.48") if sign > 0 else ("−1.98", "+0.52")
    assert text.startswith(f"ALSFRS-R, largest change: **large**, {bend} points/month")
    assert f"at the other end other, {back} points/month" in text
    assert "n = 3 compared" in text
    assert "95 % CI" in text


def test_numbers_of_courses_are_the_values_of_the_trial():
    trial, comparison, _ = small()
    found = tables.course_numbers(trial, comparison, [3, 1], ("P1", "P2", "P3", "P4"))
    assert found["patient"].tolist() == ["P4"] * 5 + ["P2"] * 6
    frame = trial.measurements
    for name, called in (("Gone", "P4"), ("Lost", "P2")):
        mine = frame[frame["patient"] == name]
        told = found[found["patient"] == called]
        assert told["value"].tolist() == mine["value"].tolist()
        assert told["month"].tolist() == pytest.approx((mine["day"] / MONTH).tolist())
    assert set(found["counts"]) == {"before", "after"}
    assert last_values(comparison.endpoints[0].slopes.points).month[3] == pytest.approx(2)


@pytest.mark.parametrize("extent", [(-0.05, 0.55), (-7.9, 2.2), (-10, 10), (0, 1.01), (-0.004, 0)])
def test_rows_have_few_ticks_so_that_no_label_is_turned_in_a_narrow_window(extent):
    fig = go.Figure()
    row_axes(fig, LIGHT, 3, extent, "change")
    assert 2 <= len(fig.layout.xaxis.tickvals) <= 5

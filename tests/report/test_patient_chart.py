"""The figure of one patient: what is drawn where, and where nothing is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.compare import compare
from analysis.projection import gap_at_last_visit, projected
from analysis.settings import Settings
from report.charts.patient import PatientView, patient_figure
from report.charts.patient_ribbons import ITEMS
from report.charts.patient_space import rows_for, stack
from report.look import DARK, LIGHT
from tests.conftest import made
from tests.report.patient_cases import MONTH, everything

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])


@cache
def trial_of(items: bool = True, domains: bool = False):
    trial = everything(items=items, domains=domains)
    return trial, compare(trial, Settings(endpoints=("alsfrs_r", "fvc")))


def drawn(patient=0, look=LIGHT, *, of=(True, False), zoom=False, **view):
    trial, comparison = trial_of(*of)
    name = trial.patient_ids[patient]
    return patient_figure(
        trial,
        comparison,
        comparison.endpoints,
        patient,
        name,
        look,
        zoom=zoom,
        view=PatientView(**view),
    )


def alone(trial, *endpoints, **settings):
    comparison = compare(trial, Settings(endpoints=endpoints or ("alsfrs_r",), **settings))
    return patient_figure(trial, comparison, comparison.endpoints, 0, "P", LIGHT), comparison


def texts(fig):
    return [note.text for note in fig.layout.annotations]


def note(fig, start):
    (found,) = [a for a in fig.layout.annotations if a.text.startswith(start)]
    return found


def hovers(fig):
    """Return every hover text of a figure, whatever kind of trace it is on."""
    found = []
    for trace in fig.data:
        if trace.customdata is not None:
            cells = np.asarray(trace.customdata, dtype=object)
            found += cells.reshape(-1, cells.shape[-1])[:, 1].tolist()
    return found


@LOOKS
def test_axes_do_not_overlap_and_fill_the_height(look):
    fig = drawn(look=look, cohort_band=True, second=4, second_name="P05")
    places = sorted(axis.domain for axis in fig.select_yaxes())
    assert places[0][0] == pytest.approx(0)
    assert places[-1][1] == pytest.approx(1)
    assert all(below[1] < above[0] for below, above in itertools.pairwise(places))
    assert len(places) == 4


def test_the_figure_grows_with_its_strips():
    heights = [
        drawn(items=items, stages=stages, patient=3).layout.height
        for items, stages in ((False, False), (False, True), (True, True))
    ]
    assert heights == sorted(set(heights))


def test_the_last_axis_carries_the_months():
    assert drawn().layout.xaxis.anchor == "y4"
    assert alone(made({"P": {-90: 40, 0: 38}}))[0].layout.xaxis.anchor == "y"


def test_every_event_has_a_hairline_a_mark_and_a_word():
    fig = drawn()
    dotted = [s for s in fig.layout.shapes if s.line.dash == "2px,3px" and s.yref == "paper"]
    days = [-30, 92, 180, 200, 274, 360, 370]
    assert sorted(s.x0 for s in dotted) == pytest.approx([d / MONTH for d in days])
    assert all((s.y0, s.y1) == (0, 1) for s in dotted)
    (marks,) = [t for t in fig.data if t.type == "scatter" and t.marker.symbol == "triangle-down"]
    assert sorted(marks.x) == pytest.approx([d / MONTH for d in days])
    words = ("edaravone started", "gastrostomy", "NIV started", "pneumonia", "transplant 2")
    for word in (*words, "last contact", "death", "<b>transplant</b>"):
        assert word in texts(fig)
    # Riluzole began 30 months before: named at the edge, not drawn into the visits.
    assert note(fig, "◂ riluzole started −29.6").x == fig.layout.xaxis.range[0]


def test_words_closer_than_60_pixels_stand_on_different_rows():
    fig = drawn()
    low, high = fig.layout.xaxis.range
    shown = [
        (400 * (n.x - low) / (high - low), n.yshift)
        for n in fig.layout.annotations
        if n.xref == "x" and not n.text.startswith("◂") and "transplant</b>" not in n.text
    ]
    assert len(shown) == 7
    for i, (x, row) in enumerate(shown):
        assert all(row != r for x2, r in shown[:i] if abs(x - x2) < 60)


def test_words_of_events_are_shown_letter_by_letter():
    trial, comparison = trial_of()
    events = trial.events.assign(text="<b>bold</b> & a long story of it")
    fig = patient_figure(
        replace(trial, events_frame=events), comparison, comparison.endpoints, 0, "<i>", LIGHT
    )
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; a long st…" in texts(fig)
    assert not any("<i>" in text or "<b>bold" in text for text in hovers(fig))


def test_observed_minus_projected_stands_beside_the_projection():
    _, comparison = trial_of()
    shown = texts(drawn())
    for k, result in enumerate(comparison.endpoints):
        gap = gap_at_last_visit(result, 0, 0.95)
        label = [t for t in shown if t.startswith("run-in projected")][k]
        sign = "+" if gap.value > 0 else "−"
        assert f"observed − projected {sign}" in label
        assert "95 % interval" in label
    assert len([t for t in shown if "natural history" in t]) == len(comparison.endpoints)


def test_the_projection_is_drawn_as_computed():
    _, comparison = trial_of()
    fig = drawn()
    lines = [t for t in fig.data if t.type == "scatter" and t.line.dash == "2px,4px"]
    for line, result in zip(lines, comparison.endpoints, strict=True):
        at = projected(result, 0, float(line.x[-1]), 0.95)
        assert line.y[-1] == pytest.approx(at.value)
        assert line.x[0] == 0


def test_two_visits_before_give_no_verdict_and_no_error_no_band():
    few = made({"P": {-90: 40, 0: 38, 60: 37, 120: 35}, "Q": {-90: 40, -40: 37, 0: 37, 60: 37}})
    fig, _ = alone(few)
    assert "2 visits: no verdict" in note(fig, "run-in projected").text
    plain, _ = alone(few, estimator="theil_sen")
    text = note(plain, "run-in projected").text
    assert "band" not in text
    assert "interval" not in text


def test_a_projection_that_leaves_the_scale_says_so():
    steep = made({"P": {-180: 30, -90: 20, 0: 10, 90: 8, 180: 6}})
    fig, _ = alone(steep)
    assert "projection cut at 0" in note(fig, "run-in projected").text


def test_values_that_are_left_out_are_hollow_and_dim():
    trial = made({"P": {-400: 45, -90: 40, -45: 39, 0: 38, 60: 37, 120: 35}})
    fig, _ = alone(trial, pre_months=6.0)
    dim = [t for t in fig.data if t.mode == "markers" and t.marker.line.color == LIGHT.dim]
    assert [list(t.y) for t in dim] == [[45]]
    assert dim[0].marker.color == LIGHT.bg
    assert "outside the windows" in dim[0].customdata[0][1]


def test_guides_of_vital_capacity():
    fig = drawn(items=False, stages=False)
    guides = [s for s in fig.layout.shapes if s.y0 == s.y1]
    assert sorted((s.yref, s.y0) for s in guides) == [("y2", 50), ("y2", 80)]
    assert {50, 80} <= set(fig.layout.yaxis2.tickvals)
    zoomed = drawn(items=False, stages=False, zoom=True, patient=5)
    low, high = zoomed.layout.yaxis2.range
    assert {g for g in (50, 80) if low < g < high} <= set(zoomed.layout.yaxis2.tickvals)


def test_items_are_the_scores_of_the_visits():
    trial, _ = trial_of()
    fig = drawn(patient=2)
    (strip,) = [t for t in fig.data if t.type == "heatmap"]
    mine = trial.items[trial.items["patient"] == "P03"].sort_values("day")
    assert np.array_equal(np.asarray(strip.z).T, mine.filter(like="item_").to_numpy())
    assert strip.x[:-1] == pytest.approx(mine["day"].to_numpy() / MONTH)
    first = strip.customdata[0][0][1]
    assert first.startswith(f"P03 · item 1 speech: {mine['item_1'].iloc[0]:.0f} of 4")
    assert fig.layout.yaxis3.ticktext == ITEMS
    assert len(ITEMS) == 12


def test_a_missing_item_leaves_a_gap_and_says_nothing_wrong():
    trial, comparison = trial_of()
    items = trial.items.copy()
    items.loc[(items["patient"] == "P01") & (items["day"] == 0), "item_3"] = np.nan
    fig = patient_figure(
        replace(trial, items_frame=items), comparison, comparison.endpoints, 0, "P01", LIGHT
    )
    (strip,) = [t for t in fig.data if t.type == "heatmap"]
    assert np.isnan(np.asarray(strip.z)[2, 4])
    assert np.isnan(np.asarray(strip.z)).sum() == 1
    assert strip.text[2][4] == ""
    assert strip.hoverongaps is False


def test_ribbons_say_the_stage_and_why():
    fig = drawn()
    bars = [t for t in fig.data if t.type == "bar"]
    assert len(bars) == 4
    for shown, felt in zip(bars[::2], bars[1::2], strict=True):
        # Runs of one stage cover just what the visits cover.
        assert sum(shown.x) == pytest.approx(sum(felt.x))
        assert len(felt.x) == 11
    why = [t for t in hovers(fig) if "King’s stage" in t]
    assert len(why) == 11
    assert all(text.startswith("P01 · King’s stage ") for text in why)
    assert fig.layout.yaxis4.ticktext == ("King’s stage", "MiToS stage")
    assert fig.layout.yaxis4.tickvals == (1.5, 0.5)
    assert set(bars[0].y) == {1.5}


def test_an_uncertain_stage_leaves_a_gap():
    trial, comparison = trial_of()
    items = trial.items.copy()
    here = (items["patient"] == "P01") & (items["day"] == 0)
    items.loc[here, [f"item_{k}" for k in range(1, 13)]] = np.nan
    fig = patient_figure(
        replace(trial, items_frame=items), comparison, comparison.endpoints, 0, "P01", LIGHT
    )
    mitos = [t for t in fig.data if t.type == "bar"][3]
    assert len(mitos.x) == 10
    assert 0 not in np.asarray(mitos.base)


def test_domains_stand_in_where_there_are_no_items():
    fig = drawn(of=(False, True))
    assert "heatmap" not in {t.type for t in fig.data}
    assert {"Bulbar", "Fine motor", "Gross motor", "Respiratory"} <= set(texts(fig))
    trial, _ = trial_of(items=False, domains=True)
    fig, _ = alone(trial, "alsfrs_r", "bulbar")
    assert "Bulbar" not in texts(fig)
    assert "Respiratory" in texts(fig)


def test_the_cohort_and_a_second_patient_lie_behind():
    fig = drawn(cohort_band=True, second=4, second_name="P<5>")
    assert len([t for t in texts(fig) if t == "middle half, n = 12"]) == 2
    assert len([t for t in texts(fig) if t == "P&lt;5&gt;"]) == 2
    dashed = [t for t in fig.data if t.type == "scatter" and t.line.dash == "6px,3px"]
    assert {t.line.color for t in dashed} == {LIGHT.ink}
    assert len(dashed) == 4
    bare = drawn()
    assert not any("middle half" in t for t in texts(bare))


def test_without_a_transplant_there_is_no_rule_and_no_strip():
    trial, _ = trial_of()
    people = trial.patients.copy()
    people.at[1, "transplant_days"] = ()
    dates = trial.measurements.assign(
        date=np.datetime64("2020-01-01") + trial.measurements["day"].to_numpy("timedelta64[D]")
    )
    dates.loc[dates["patient"] == "P02", "day"] = np.nan
    undated = replace(trial, patients_frame=people, measurements_frame=dates)
    comparison = compare(undated, Settings(endpoints=("alsfrs_r", "fvc")))
    view = PatientView(cohort_band=True, second=0, second_name="P01")
    fig = patient_figure(undated, comparison, comparison.endpoints, 1, "P02", LIGHT, view=view)
    assert "<b>transplant</b>" not in texts(fig)
    assert {t.type for t in fig.data} == {"scatter"}
    assert not any("middle half" in t or t == "P01" for t in texts(fig))
    assert np.isfinite(np.asarray(fig.layout.xaxis.range, float)).all()


words = st.lists(st.tuples(st.floats(0, 400), st.floats(10, 150)), min_size=1, max_size=9)


@given(words)
def test_no_two_words_of_a_row_meet(words):
    centres, widths = [w[0] for w in words], [w[1] for w in words]
    rows = rows_for(centres, widths, [(-60.0, 90.0)])
    boxes = [(r, c - w / 2, c + w / 2) for r, c, w in zip(rows, centres, widths, strict=True)]
    for i, (row, low, high) in enumerate(boxes):
        assert row > 0 or low >= 90
        for other, a, b in boxes[:i]:
            assert other != row or high <= a or low >= b


blocks = st.lists(st.tuples(st.floats(-50, 260), st.sampled_from([17.0, 34.0])), max_size=5)


@given(blocks)
def test_labels_do_not_lie_on_each_other_and_stay_in_the_panel(blocks):
    wanted, heights = [b[0] for b in blocks], [b[1] for b in blocks]
    placed = stack(wanted, heights, 210.0, 5.0)
    for i, (at, height) in enumerate(zip(placed, heights, strict=True)):
        assert at - height / 2 >= -1e-9
        assert at + height / 2 <= 210 + 1e-9
        for j in range(i):
            assert abs(at - placed[j]) >= (height + heights[j]) / 2 + 5 - 1e-9


def test_a_label_with_room_stays_where_it_belongs():
    assert stack([20.0, 190.0], [17.0, 17.0], 210.0, 5.0) == [20.0, 190.0]

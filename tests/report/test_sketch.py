"""Figures made of plain dicts hold what plotly would have made of the same parts."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.opening import opening_settings
from analysis.settings import Settings
from data.examples import example_settings, load_example
from report.charts.multiples import multiples_figure
from report.charts.patient import PatientView, patient_figure
from report.charts.sketch import Sketch
from report.look import DARK, LIGHT, annotation, template


def as_json(fig):
    return json.loads(fig.to_json(engine="json"))


def test_parts_are_added_as_plotly_adds_them():
    margin = {"l": 10, "r": 20, "t": 30, "b": 40}
    sketch = Sketch(LIGHT, 300, margin)
    fig = go.Figure(layout={"template": template(LIGHT), "height": 300, "margin": margin})
    for one in (sketch, fig):
        one.add_scatter(x=[0.0, 1.0], y=[2.0, float("nan")], line={"color": "#123456"})
        one.add_bar(x=[1.0], y=["a"], base=[0.0], orientation="h")
        one.add_heatmap(x=[0, 1], y=[0, 1], z=[[1.0, float("nan")]])
        one.update_layout({"yaxis2": {"range": [0, 1], "title": {"text": "a"}}}, barmode="overlay")
        one.update_layout({"yaxis2": {"title": {"standoff": 4}, "range": [0, 2]}})
        one.update_layout(margin={"t": 70}, height=310)
        one.add_shape(type="line", x0=0, x1=0, y0=0, y1=1)
        one.layout.shapes = [*one.layout.shapes, {"type": "line", "x0": 1, "x1": 1}]
        one.add_annotation(annotation("word", 0, 1, LIGHT))
        one.layout.annotations[-1].yshift = 7
        assert tuple(one.layout["yaxis2"].range) == (0, 2)
    assert as_json(sketch.figure()) == as_json(fig)


def test_an_entry_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError, match="xaxis"):
        _ = Sketch(LIGHT, 300, {"l": 0}).layout.xaxis


@pytest.mark.parametrize("example", ["every-detail", "after-shamsaei-2023"])
@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_plotly_takes_every_part_of_the_figures(example, look):
    trial = load_example(example).trial
    chosen = {**opening_settings(trial), **example_settings(example)}
    comparison = compare(trial, Settings.from_json(chosen)[0])
    figures = [
        multiples_figure(trial, comparison, result, np.arange(9), trial.patient_ids, look, 2)
        for result in comparison.endpoints
    ]
    for patient, view in (
        (0, PatientView(items=False)),
        (4, PatientView(cohort_band=True, second=6)),
    ):
        fig = patient_figure(
            trial, comparison, comparison.endpoints, patient, "P", look, zoom=True, view=view
        )
        figures.append(fig)
    for fig in figures:
        made = as_json(fig)
        assert len(made["data"]) > 5
        # Building it anew has plotly check each part: a wrong name or value raises.
        assert as_json(go.Figure(made)) == made

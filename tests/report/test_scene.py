"""Figures laid out as scenes: everything has its place, and nothing is lost in silence."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from analysis.opening import opening_settings
from analysis.settings import Settings
from data.examples import EXAMPLE_IDS, load_example
from report.exhibits.chart import Chart, Spot
from report.exhibits.registry import KINDS, make_exhibit
from report.exhibits.sources import Sources
from report.look import LIGHT
from report.scene.axes import axis_strokes, axis_words
from report.scene.from_figure import scene_of
from report.scene.markup import fill_of, runs_of
from report.scene.model import Fill, Run, Stroke
from report.scene.paper import scene_bytes
from report.scene.series import SceneProblem
from report.tables import export_names
from tests.report.presented import settings_of, uploaded


def figure(*traces: dict, **layout) -> go.Figure:
    axes = {"xaxis": {"range": [0, 10]}, "yaxis": {"range": [0, 4]}}
    base = {"height": 200, "margin": {"l": 50, "r": 50, "t": 20, "b": 80}, "template": None}
    return go.Figure({"data": list(traces), "layout": base | axes | layout})


def test_points_lie_where_plotly_draws_them():
    scene = scene_of(figure({"x": [0, 5, 10], "y": [0, 1, 4], "mode": "lines"}), 300)
    (panel,) = scene.panels
    # The plot spans 50 to 250 across and 20 to 120 down.
    assert (panel.left, panel.right, panel.top, panel.bottom) == (50, 250, 20, 120)
    assert panel.at(0, 0) == (50, 120)
    assert panel.at(5, 1) == (150, 95)
    assert panel.at(10, 4) == (250, 20)


def test_panels_follow_their_domains_and_turned_axes():
    trace = {"x": [1], "y": [1], "mode": "markers", "xaxis": "x2", "yaxis": "y2"}
    scene = scene_of(
        figure(
            {"x": [1], "y": [1]},
            trace,
            xaxis2={"range": [0, 2], "domain": [0.5, 1.0]},
            yaxis2={"range": [2, 0], "domain": [0.0, 0.5]},
        ),
        300,
    )
    first, second = scene.panels
    assert (first.left, first.right) == (50, 250)
    assert (second.left, second.right, second.top, second.bottom) == (150, 250, 70, 120)
    # A turned axis has its smaller value on top.
    assert second.at(0, 0) == (150, 70)


def test_words_stand_at_paper_and_data_coordinates_with_their_shifts():
    notes = [
        {"text": "a", "x": 0, "y": 1, "xref": "paper", "yref": "paper", "showarrow": False},
        {
            "text": "b",
            "x": 5,
            "y": 1,
            "xref": "x",
            "yref": "y",
            "xshift": 7,
            "yshift": 3,
            "showarrow": False,
            "xanchor": "right",
            "yanchor": "bottom",
        },
    ]
    first, second = scene_of(figure({"x": [1], "y": [1]}, annotations=notes), 300).words
    assert (first.at, first.across, first.down) == ((50, 20), "center", "middle")
    assert (second.at, second.across, second.down) == ((157, 92), "right", "bottom")


def test_markup_becomes_runs():
    lines = runs_of('a <b>bold</b><br><span style="color:#112233">c &lt;d&gt;</span>e', "#000000")
    assert lines == (
        (Run("a ", False, "#000000"), Run("bold", True, "#000000")),
        (Run("c <d>", False, "#112233"), Run("e", False, "#000000")),
    )
    # What is no markup of ours stays as letters.
    assert runs_of("1 < 2 <x>", "#000000")[0][0].text == "1 < 2 <x>"


@pytest.mark.parametrize(
    ("color", "found"),
    [
        ("#0f5fb3", Fill("#0F5FB3")),
        ("rgba(117,131,143,0.22)", Fill("#75838F", 0.22)),
        ("rgb(1, 2, 3)", Fill("#010203")),
        ("rgba(0,0,0,0)", None),
        (None, None),
        ("", None),
    ],
)
def test_colours(color, found):
    assert fill_of(color) == found


def test_gaps_marks_and_dashes_are_kept():
    trace = {
        "x": [0, 1, None, 2],
        "y": [0, 1, None, 2],
        "mode": "lines+markers",
        "line": {"color": "#112233", "width": 3, "dash": "2px,4px"},
        "marker": {
            "size": [4, 5, 6, 7],
            "color": ["#ffffff", "#000000", "#000000", "#000000"],
            "symbol": "diamond",
            "line": {"width": 2, "color": "#445566"},
        },
    }
    (series,) = scene_of(figure(trace), 300).panels[0].series
    assert series.x == (0, 1, None, 2)
    assert series.line == Stroke("#112233", 3, "dot")
    assert [m.size for m in series.markers] == [4, 5, 6, 7]
    assert (series.markers[0].symbol, series.markers[0].fill) == ("diamond", Fill("#FFFFFF"))
    assert series.markers[0].edge == Stroke("#445566", 2)


def test_steps_have_corners_and_bands_reach_to_the_line_before():
    flat = {"width": 0, "shape": "hv"}
    low = {"x": [0, 2, 4], "y": [3, 2, 1], "mode": "lines", "line": flat}
    high = low | {"y": [4, 3, 2], "fill": "tonexty", "fillcolor": "rgba(1,2,3,0.5)"}
    (band,) = scene_of(figure(low, high), 300).panels[0].series
    assert band.area == Fill("#010203", 0.5)
    assert band.x == (0, 2, 2, 4, 4, 4, 4, 2, 2, 0)
    assert band.y == (3, 3, 2, 2, 1, 2, 3, 3, 4, 4)


def test_tints_beyond_the_page_end_at_its_edge():
    tint = {"type": "rect", "xref": "paper", "yref": "y", "x0": -3, "x1": 4, "y0": 1, "y1": 2}
    tint |= {"fillcolor": "#eeeeee", "line": {"width": 0}, "layer": "below"}
    (shape,) = scene_of(figure({"x": [1], "y": [1]}, shapes=[tint]), 300).shapes
    assert (shape.start, shape.end) == ((0, 95), (300, 70))
    assert shape.below
    assert shape.line is None


def test_axes_have_their_ticks_grid_and_title():
    axis = {"range": [0, 10], "tickvals": [0, 5, 10, 15], "ticktext": ["0", "five", "10", "15"]}
    axis |= {"showline": True, "ticks": "outside", "ticklen": 6, "title": {"text": "months"}}
    grid = {"range": [-1, 1], "dtick": 1, "showgrid": True, "side": "right", "zeroline": True}
    scene = scene_of(figure({"x": [1], "y": [0]}, xaxis=axis, yaxis=grid), 300)
    (panel,) = scene.panels
    assert panel.x.ticks == ((0, "0"), (5, "five"), (10, "10"))
    assert panel.y.ticks == ((-1, "−1"), (0, "0"), (1, "1"))
    said = {words.text: words for words in axis_words(scene)}
    assert said["five"].at[0] == 150
    assert said["−1"].across == "left"
    assert said["−1"].at[0] > 250
    assert said["months"].at[1] > said["five"].at[1]
    # 3 grid lines and the line at 0; the axis line and 3 ticks.
    assert len(axis_strokes(panel)) == 3 + 1 + 1 + 3


@pytest.mark.parametrize(
    ("trace", "layout"),
    [
        ({"type": "pie", "values": [1]}, {}),
        ({"x": [1], "y": [1], "fill": "tozeroy"}, {}),
        ({"x": [1, 2], "y": [1, 2], "mode": "lines", "line": {"shape": "spline"}}, {}),
        ({"type": "bar", "x": [1], "y": [1]}, {}),
        ({"x": [1], "y": [1]}, {"shapes": [{"type": "circle", "x0": 0, "x1": 1}]}),
        ({"x": [1], "y": [1]}, {"annotations": [{"text": "a", "x": 1, "y": 1}]}),
        ({"x": [1], "y": [1]}, {"xaxis": {"showgrid": True}}),
    ],
)
def test_what_no_scene_has_is_refused(trace, layout):
    with pytest.raises(SceneProblem):
        scene_of(figure(trace, **layout), 300)


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_every_exhibit_of_every_bundled_trial_can_be_laid_out(name):
    trial = load_example(name).trial
    settings = Settings.from_json(dict(opening_settings(trial)))[0]
    quick = settings.with_(untreated_trials=100, flips=1_000, resamples=1_000)
    sources = Sources(trial, quick)
    drawn = set()
    for kind in KINDS:
        for endpoint in settings.endpoints:
            made = make_exhibit(sources, Spot(kind, endpoint, 0 if kind == "patient" else None))
            if isinstance(made, Chart):
                figure_ = made.build(LIGHT, export_names(trial))
                scene = scene_of(figure_, made.print_width)
                assert scene.height == figure_.layout.height
                # All texts of the figure are in the scene.
                notes = [a for a in figure_.layout.annotations if a.text]
                assert len(scene.words) >= len(notes)
                drawn.add(kind)
    assert {"slopes", "courses", "patient", "untreated", "published"} <= drawn


def picture(kind: str = "png", **more) -> bytes:
    mark = {"x": [5], "y": [2], "mode": "markers", "marker": {"size": 40, "color": "#0f5fb3"}}
    note = {"text": "<b>α</b> $x_1$", "x": 1, "y": 3, "showarrow": False}
    return scene_bytes(scene_of(figure(mark, annotations=[note]), 300), kind, width_mm=85, **more)  # type: ignore[arg-type]


def test_a_picture_has_the_size_and_the_colours_that_were_asked_for():
    image = Image.open(io.BytesIO(picture(dpi=200)))
    assert image.width == pytest.approx(85 / 25.4 * 200, abs=1)
    assert image.height == pytest.approx(image.width * 200 / 300, abs=1)
    middle = image.convert("RGB").getpixel((image.width // 2, round(image.height * 70 / 200)))
    assert middle == (15, 95, 179)


def test_greys_have_no_colour():
    pixels = np.asarray(Image.open(io.BytesIO(picture(grey=True))).convert("RGB"), dtype=int)
    assert np.ptp(pixels, axis=2).max() == 0
    assert pixels.min() < 120


def test_drawings_are_the_same_each_time_and_open():
    for kind in ("png", "pdf"):
        assert picture(kind) == picture(kind)
    svg = ET.fromstring(picture("svg").decode())
    assert float(svg.attrib["width"].removesuffix("pt")) == pytest.approx(85 / 25.4 * 72)
    assert picture("pdf").startswith(b"%PDF")


def test_cells_of_a_grid_lie_between_edges_or_around_centres():
    grid = {"type": "heatmap", "z": [[0.0, 1.0], [None, 0.5]], "zmin": 0.0, "zmax": 1.0}
    tint = {"colorscale": [[0, "rgba(1,2,3,0)"], [1, "rgba(1,2,3,0.8)"]]}
    edges = scene_of(figure(grid | tint | {"x": [0, 5, 10], "y": [0, 2, 4]}), 300).shapes
    centres = scene_of(figure(grid | tint | {"x": [2.5, 7.5], "y": [1, 3]}), 300).shapes
    # What is missing or clear is no shape; in between the opacity is in between.
    assert [shape.area for shape in edges] == [Fill("#010203", 0.8), Fill("#010203", 0.4)]
    assert edges == centres
    assert (edges[0].start, edges[0].end) == ((150, 120), (250, 70))


def test_a_density_of_very_many_courses_can_be_laid_out():
    trial = uploaded([f"Q{k:05d}" for k in range(2_100)])
    settings = settings_of(trial)
    made = make_exhibit(Sources(trial, settings, simulate=False), Spot("courses", "alsfrs_r"))
    assert isinstance(made, Chart)
    scene = scene_of(made.build(LIGHT, export_names(trial)), 900)
    assert sum(1 for shape in scene.shapes if not shape.is_line and shape.area) > 50


def test_an_axis_that_panels_share_is_written_once_where_it_stands():
    figure = go.Figure(
        [
            go.Scatter(x=[0, 1], y=[0, 1], yaxis="y"),
            go.Scatter(x=[0, 1], y=[0, 1], yaxis="y2"),
        ],
        {
            "height": 400,
            "margin": {"l": 40, "r": 10, "t": 10, "b": 40},
            "xaxis": {"range": [0, 1], "anchor": "y3", "title": {"text": "months"}},
            "yaxis": {"range": [0, 1], "domain": [0.6, 1]},
            "yaxis2": {"range": [0, 1], "domain": [0.2, 0.5]},
            "yaxis3": {"range": [0, 1], "domain": [0, 0.1]},
        },
    )
    panels = scene_of(figure, 600).panels
    assert [(panel.x.title, panel.x.labelled) for panel in panels] == [
        ("", False),
        ("", False),
        ("months", True),
    ]
    assert panels[2].bottom == pytest.approx(360)

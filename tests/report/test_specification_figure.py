"""The figure of a specification curve: every analysis, none twice, and texts that agree."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.settings import DEFAULT
from analysis.specification import Moved, SpecificationCurve
from analysis.specification_choices import Option
from data.examples import load_example
from report.charts.specification import specification_figure
from report.look import DARK, LIGHT, Look
from report.specification_words import curve_alt
from tests.report.specification_cases import ESTIMATES, OPTIONS, large_curve, small_curve

NOT_RUN = (
    "4 of 10 combinations are not shown: the same analysis as another combination (3), fewer than "
    "2 patients (1)."
)


@pytest.fixture(scope="module")
def result() -> EndpointComparison:
    found = compare(load_example("after-shamsaei-2023").trial, DEFAULT).endpoint("alsfrs_r")
    assert found is not None
    return found


def drawn(
    result: EndpointComparison, curve: SpecificationCurve, look: Look = LIGHT
) -> dict[str, Any]:
    figure = specification_figure(result, curve, look, 0.95)
    plain: dict[str, Any] = json.loads(str(figure.to_json(engine="json")))
    return plain


def texts(figure: dict[str, Any]) -> list[str]:
    return [str(note["text"]) for note in figure["layout"]["annotations"]]


def dots(figure: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return every dot by its place in the curve."""
    found: dict[int, dict[str, Any]] = {}
    for trace in figure["data"]:
        if trace["mode"] != "markers":
            continue
        marker = trace["marker"]
        for i, x in enumerate(trace["x"]):
            assert x not in found, "an analysis is drawn twice"
            found[x] = {
                "y": trace["y"][i],
                "filled": marker["color"][i] != LIGHT.bg,
                "colour": marker["line"]["color"],
                "key": trace["customdata"][i][0],
                "hover": trace["customdata"][i][1],
            }
    return found


def columns(trace: dict[str, Any], k: int) -> dict[float, set[int]]:
    """Return which analyses are marked at each height of the matrix, from bars or blocks."""
    found: dict[float, set[int]] = {}
    piece: list[tuple[float, float]] = []
    points = [*zip(trace["x"], trace["y"], strict=True), (None, None)]
    for x, y in points:
        if x is not None:
            piece.append((x, y))
            continue
        xs, ys = [p[0] for p in piece], [p[1] for p in piece]
        at = (min(ys) + max(ys)) / 2
        covered = {i for i in range(k) if min(xs) <= i <= max(xs)}
        assert covered
        assert not covered & found.get(at, set())
        found.setdefault(at, set()).update(covered)
        piece = []
    return found


def in_matrix(figure: dict[str, Any], colour: str, k: int) -> dict[float, set[int]]:
    (trace,) = [
        t
        for t in figure["data"]
        if t["mode"] == "lines" and t.get("yaxis") == "y2" and t["line"]["color"] == colour
    ]
    return columns(trace, k)


def test_every_analysis_is_one_dot_at_its_estimate(result: EndpointComparison) -> None:
    found = dots(drawn(result, small_curve()))
    assert sorted(found) == list(range(6))
    assert [found[i]["y"] for i in range(6)] == list(ESTIMATES)
    assert [i for i in range(6) if found[i]["filled"]] == [0, 3, 4]
    assert [i for i in range(6) if found[i]["colour"] == LIGHT.after] == [3]
    assert [found[i]["key"] for i in range(6)] == ["0", "1", "2", "", "4", "5"]


def test_hover_is_finished_and_says_what_differs(result: EndpointComparison) -> None:
    found = dots(drawn(result, small_curve()))
    assert found[4]["hover"] == (
        "+0.35 points/month (0.05 to 0.65), P = 0.030, n = 9<br>"
        "follow-up window: 6 months; day-0 visit: on neither side<br>click: open this analysis"
    )
    assert found[3]["hover"] == ("primary: +0.20 points/month (0.05 to 0.35), P = 0.012, n = 12")


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_squares_stand_under_the_analyses_that_took_an_option(
    result: EndpointComparison, look: Look
) -> None:
    figure = drawn(result, small_curve(), look)
    taken, own = in_matrix(figure, look.ink2, 6), in_matrix(figure, look.after, 6)
    others = in_matrix(figure, look.grid, 6)
    heights = sorted(set(taken) | set(own))
    expected = [{i for i in range(6) if OPTIONS[i][c] == o} for c, o in _options()]
    for at, mine in zip(heights, expected, strict=True):
        assert taken.get(at, set()) | own.get(at, set()) == mine
        assert others[at] == set(range(6)) - mine
    assert own == {heights[0]: {3}, heights[3]: {3}}


def _options() -> list[tuple[int, int]]:
    return [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_words_stand_beside_their_row(result: EndpointComparison) -> None:
    figure = drawn(result, small_curve())
    notes = [n for n in figure["layout"]["annotations"] if n.get("yref") == "y2"]
    heights = sorted(in_matrix(figure, LIGHT.grid, 6))
    beside = [
        [n["text"] for n in notes if n["y"] == at and n["yanchor"] == "middle"] for at in heights
    ]
    assert beside == [
        ["<b>all visits</b>", "+0.35", "<b>follow-up window</b>"],
        ["6 months", "+0.22"],
        ["3 months", "−0.20"],
        ["<b>before</b>", "+0.10", "<b>day-0 visit</b>"],
        ["on neither side", "+0.35"],
    ]
    assert "median +0.15" in texts(figure)
    assert "<b>primary +0.20</b>" in texts(figure)
    assert "slower decline ↑" in texts(figure)
    assert "faster decline ↓" in texts(figure)


def test_heading_and_what_was_left_out(result: EndpointComparison) -> None:
    figure = drawn(result, small_curve())
    assert texts(figure)[0] == (
        "<b>ALSFRS-R</b>, 4 of 6 analyses point to a less steep decline; "
        "2 have an interval without 0, 1 more in the other direction"
    )
    said = " ".join(texts(figure))
    assert NOT_RUN in said


def test_names_from_data_are_shown_letter_by_letter(result: EndpointComparison) -> None:
    curve = small_curve()
    odd = replace(curve.choices[1], label="a<b>&", options=(
        Option("<i>x</i>", (), True), Option("y<br>&amp;", (), False),
    ))  # fmt: skip
    curve = replace(curve, choices=(curve.choices[0], odd))
    figure = drawn(result, curve)
    said = texts(figure) + [dot["hover"] for dot in dots(figure).values()]
    assert any("&lt;i&gt;x&lt;/i&gt;" in text for text in said)
    assert any("a&lt;b&gt;&amp;: y&lt;br&gt;&amp;amp;" in text for text in said)
    assert not any("<i>" in text or "y<br>" in text for text in said)


def test_a_large_curve_stays_light_and_complete(result: EndpointComparison) -> None:
    curve = large_curve()
    k = len(curve.estimate)
    built = specification_figure(result, curve, LIGHT, 0.95)
    figure = json.loads(str(built.to_json(engine="json")))
    assert len(figure["data"]) <= 9
    assert len(str(built.to_json(engine="json"))) < 1_500_000
    assert len(figure["layout"]["annotations"]) < 80
    assert sorted(dots(figure)) == list(range(k))
    heights = in_matrix(figure, LIGHT.ink2, k)
    rows = [heights[at] for at in sorted(heights)]
    excludes = set(np.flatnonzero((curve.low > 0) | (curve.high < 0)).tolist())
    assert rows[0] == excludes
    expected = [
        set(np.flatnonzero(curve.option[:, c] == o).tolist()) for c in range(6) for o in range(4)
    ]
    assert rows[1:] == [mine for mine in expected if mine]
    assert "excludes 0" in texts(figure)
    # Else the browser leaves out columns that are narrower than a pixel.
    assert all(t["line"]["simplify"] is False for t in figure["data"] if t["mode"] == "lines")


def test_an_option_that_was_never_run_says_so(result: EndpointComparison) -> None:
    curve = small_curve()
    never = Option("1 month", (("post_months", 1.0),), False)
    window = replace(curve.choices[0], options=(*curve.choices[0].options, never))
    moves = (Moved(window.label, (0.35, 0.22, -0.2, math.nan), 0.55), curve.moves[1])
    figure = drawn(result, replace(curve, choices=(window, curve.choices[1]), moves=moves))
    assert [text for text in texts(figure) if "not run" in text] == [
        f'<span style="color:{LIGHT.ink3}">not run</span>'
    ]


def test_intervals_of_a_large_curve_are_one_band(result: EndpointComparison) -> None:
    curve = large_curve(300)
    figure = drawn(result, curve)
    (band,) = [t for t in figure["data"] if t.get("fillcolor") == LIGHT.dim]
    low, high = dict[int, float](), dict[int, float]()
    piece: list[tuple[float, float]] = []
    for x, y in [*zip(band["x"], band["y"], strict=True), (None, None)]:
        if x is not None:
            piece.append((x, y))
            continue
        middle = round((min(p[0] for p in piece) + max(p[0] for p in piece)) / 2)
        low[middle] = min(p[1] for p in piece)
        high[middle] = max(p[1] for p in piece)
        piece = []
    assert [low[i] for i in range(300)] == curve.low.tolist()
    assert [high[i] for i in range(300)] == curve.high.tolist()


def test_very_wide_intervals_are_cut_and_counted(result: EndpointComparison) -> None:
    curve = small_curve()
    low, high = curve.low.copy(), curve.high.copy()
    low[5], high[5] = -40.0, 41.0
    figure = drawn(result, replace(curve, low=low, high=high))
    bottom, top = figure["layout"]["yaxis"]["range"]
    assert bottom < min(ESTIMATES)
    assert top > max(ESTIMATES)
    assert top - bottom < 5
    assert "1 of the bars goes on beyond the axis." in " ".join(texts(figure))
    assert "beyond the axis" not in " ".join(texts(drawn(result, curve)))


def test_an_analysis_without_an_interval_is_a_hollow_dot(result: EndpointComparison) -> None:
    curve = small_curve()
    low, high = curve.low.copy(), curve.high.copy()
    low[4] = high[4] = math.nan
    figure = drawn(result, replace(curve, low=low, high=high))
    assert not dots(figure)[4]["filled"]
    assert "nan" not in json.dumps(figure).lower()
    (bars,) = [
        t for t in figure["data"] if t["mode"] == "lines" and t["line"]["color"] == LIGHT.dim
    ]
    assert 4 not in bars["x"]


def test_nothing_to_show_says_why(result: EndpointComparison) -> None:
    none = np.array([])
    curve = small_curve(
        estimate=none, low=none, high=none, p=none, n=none, option=np.zeros((0, 2), dtype=int),
        primary=-1, reason="no analysis leaves 2 patients",
    )  # fmt: skip
    figure = drawn(result, curve)
    assert not figure["data"]
    assert "no analysis leaves 2 patients." in " ".join(texts(figure)).replace("<br>", " ")
    assert curve_alt(result, curve, 0.95) == "ALSFRS-R: no analysis leaves 2 patients."


def test_zero_line_and_all_texts_lie_inside(result: EndpointComparison) -> None:
    for shift in (-3.0, 0.0, 3.0):
        curve = small_curve()
        moved = replace(
            curve,
            estimate=curve.estimate + shift,
            low=curve.low + shift,
            high=curve.high + shift,
            median=curve.median + shift,
        )
        figure = drawn(result, moved)
        bottom, top = figure["layout"]["yaxis"]["range"]
        assert bottom < 0 < top
        left = figure["layout"]["margin"]["l"]
        shifts = [n["yshift"] for n in figure["layout"]["annotations"] if n.get("yref") == "y"
                  and n.get("xshift") == 8 - left]  # fmt: skip
        title, up, down = shifts
        assert up - down >= 24 - 1e-9
        assert title - up >= 30


def test_one_sided_p_values_say_so(result: EndpointComparison) -> None:
    curve = small_curve(base=DEFAULT.with_(alternative="less steep"))
    figure = drawn(result, curve)
    assert "P = 0.030 (one-sided), n = 9" in dots(figure)[4]["hover"]
    assert "2 have one-sided P < 0.05" in texts(figure)[0]


def test_alt_text_has_direction_estimate_and_n(result: EndpointComparison) -> None:
    said = curve_alt(result, small_curve(), 0.95)
    assert "4 of 6 analyses point to a less steep decline" in said
    assert "Primary +0.20 points/month, P = 0.012, n = 12." in said
    assert "Median of 6 analyses: +0.15 points/month" in said


def test_a_figure_is_built_once_for_both_modes(result: EndpointComparison) -> None:
    light = specification_figure(result, small_curve(), LIGHT, 0.95)
    dark = specification_figure(result, small_curve(), DARK, 0.95)
    assert isinstance(light, go.Figure)
    assert light.layout.height == dark.layout.height
    assert len(light.data) == len(dark.data)

"""Figure, table and words of variants: what is flagged, who is named, and in which unit."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.settings import DEFAULT, PatientExclusion, Settings
from analysis.variants import Variant, side_by_side
from data.examples import example_settings, load_example
from report.charts.variants import variants_alt, variants_figure
from report.look import LIGHT, LOOKS
from report.variant_words import (
    tried_words,
    variant_title,
    variants_numbers,
    variants_table,
)

TRIAL = load_example("every-detail").trial
COMPARISON = compare(TRIAL, DEFAULT)
IDS = TRIAL.patient_ids
WITHOUT = (PatientExclusion(IDS[0], "other"),)


def sides(*variants: Variant):
    return [(v.title(DEFAULT), side_by_side(TRIAL, COMPARISON, v)) for v in variants]


EQUAL = Variant("", DEFAULT.with_(pre_months=9, post_months=9))
LEFT = Variant("", DEFAULT.with_(excluded_patients=WITHOUT))


def texts(figure: go.Figure) -> str:
    return " ".join(str(note.text) for note in figure.layout.annotations)


def test_the_variant_whose_p_crosses_is_amber_and_said_in_the_subtitle():
    result = COMPARISON.endpoint("fvc")
    assert result is not None
    beside = sides(EQUAL, LEFT)
    crossed = [side.endpoint("fvc").crosses for _, side in beside]
    assert crossed == [True, False]
    for look in LOOKS.values():
        figure = variants_figure(result, beside, look, 0.95)
        tints = [shape for shape in figure.layout.shapes if shape.fillcolor == look.amber_fill]
        assert [(shape.y0 + shape.y1) / 2 for shape in tints] == [1]
        assert "P crosses 0.05 against the primary" in texts(figure)
    calm = variants_figure(result, beside[1:], LIGHT, 0.95)
    assert "crosses" not in texts(calm)
    assert "crosses 0.05" in variants_alt(result, beside)


def test_hover_and_click_of_a_row_are_those_of_its_variant():
    result = COMPARISON.endpoint("alsfrs_r")
    assert result is not None
    figure = variants_figure(result, sides(EQUAL, LEFT), LIGHT, 0.95, chosen=1)
    rows = next(trace for trace in figure.data if trace.mode == "markers")
    assert [data[0] for data in rows.customdata] == ["0", "1"]
    assert f"without {IDS[0]}" in rows.customdata[1][1]
    tints = [shape.y0 for shape in figure.layout.shapes if shape.y0 and shape.y0 > 1]
    assert len(tints) == 1


def test_names_are_escaped():
    result = COMPARISON.endpoint("alsfrs_r")
    assert result is not None
    hostile = Variant("<b>x</b>", DEFAULT.with_(post_months=6))
    figure = variants_figure(result, sides(hostile), LIGHT, 0.95)
    assert "<b>x</b>" not in figure.to_json()
    assert "&lt;b&gt;x" in texts(figure)


def test_a_variant_in_another_unit_is_left_to_the_table():
    example = load_example("after-shamsaei-2023").trial
    primary = Settings.from_json(example_settings("after-shamsaei-2023"))[0]
    comparison = compare(example, primary)
    variant = Variant("", primary.with_(post_months=6))
    beside = [("six", side_by_side(example, comparison, variant))]
    result = comparison.endpoints[0]
    figure = variants_figure(result, beside, LIGHT, 0.95)
    assert "1 in another unit: see the table" in texts(figure)
    numbers = variants_numbers(result.endpoint.key, result.lead, result.unit, beside)
    assert numbers["unit"].tolist() == ["points/period", "points/month", "points/month"]
    assert numbers["analysis"].tolist() == ["primary", "primary, for “six”", "six"]


def test_the_table_says_who_left_and_why_with_the_names_of_the_file():
    names = tuple(f"Q{k}" for k in range(len(IDS)))
    result = COMPARISON.endpoint("alsfrs_r")
    assert result is not None
    table = variants_table("alsfrs_r", result.lead, sides(LEFT), IDS, names)
    row = table.iloc[1]
    assert row["who left or entered"] == "left: Q0 (left out: other)"
    assert row["n"] == str(result.n - 1)
    assert table.iloc[0]["difference"] == "–"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", "without Q0"),
        ("no old raters", "no old raters"),
        (f"bye {IDS[0].lower()}", "without Q0"),
    ],
)
def test_titles_outside_the_screen_name_nobody(own, expected):
    names = tuple(f"Q{k}" for k in range(len(IDS)))
    variant = replace(LEFT, name=own)
    assert variant_title(variant, DEFAULT, IDS, names) == expected
    assert variant_title(variant, DEFAULT, IDS, IDS) == (own or f"without {IDS[0]}")


@pytest.mark.parametrize(
    ("tried", "words"), [(0, ""), (1, "1 other analysis"), (12, "12 other analyses")]
)
def test_how_many_were_looked_at(tried, words):
    assert tried_words(tried).startswith(words)
    assert bool(tried_words(tried)) == bool(tried)

"""The HTML page, the workbook and the figures: right numbers, nobody named, nothing fetched."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
import zipfile

import numpy as np
import pytest
from openpyxl import load_workbook
from PIL import Image

from analysis.compare import compare
from report.exhibits.chart import Chart, Sentences, Table
from report.presentation.figure_files import (
    PRESETS,
    figure_bytes,
    figures_zip,
    layout_width,
    smallest_type,
)
from report.presentation.html_file import html_text, tables_html
from report.presentation.workbook import workbook_bytes
from tests.report.presented import everything, long_names, usual

pytestmark = pytest.mark.slow

MAKES = pytest.mark.parametrize(
    "make", [usual, everything, long_names], ids=lambda make: make.__name__
)


def sheets(make) -> dict[str, list[tuple]]:
    book = load_workbook(io.BytesIO(workbook_bytes(make())))
    return {name: list(book[name].iter_rows(values_only=True)) for name in book.sheetnames}


@MAKES
def test_the_page_fetches_nothing_and_is_small_enough_to_mail(make):
    page = html_text(make())
    assert len(page) < 6_000_000
    outside = re.sub(r'<script type="application/octet-stream".*?</script>', "", page, flags=re.S)
    assert not re.findall(r"(?:src|href)\s*=|@import|url\(|fetch\(", outside)
    assert "<script" not in re.sub(r"<script[ >].*?</script>", "", outside, flags=re.S)


def test_the_page_holds_the_library_once_and_each_figure_with_its_numbers():
    contents = usual()
    page = html_text(contents)
    packed = re.findall(r'<script type="application/octet-stream" id="plotly">([^<]+)<', page)
    assert len(packed) == 1
    assert b"plotly.js v" in gzip.decompress(base64.b64decode(packed[0]))[:400]
    figures = [
        json.loads(text)
        for text in re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)
    ]
    charts = [part.exhibit for part in contents.shown if isinstance(part.exhibit, Chart)]
    assert len(figures) == len(charts)
    for figure, chart in zip(figures, charts, strict=True):
        assert figure["layout"]["width"] == chart.print_width
        assert chart.said in html.unescape(page)


def test_every_sentence_and_table_cell_is_on_the_page():
    contents = usual()
    page = re.sub(r"<script.*?</script>", "", html_text(contents), flags=re.S)
    page = (
        page.replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    )
    for sentence in (
        contents.methods,
        contents.footer,
        *contents.results,
        *contents.limitations,
        *contents.sources,
    ):
        assert sentence in page
    for part in contents.shown:
        assert f"<h2>{part.title}</h2>" in page
        if isinstance(part.exhibit, Table):
            for cell in part.exhibit.cells(contents.names).to_numpy().ravel():
                assert f"<td>{cell}</td>" in page.replace("<td>'", "<td>")


def test_tables_for_a_text_hold_tables_and_sentences_only():
    page = tables_html(everything())
    assert "<script" not in page
    for part in everything().shown:
        held = isinstance(part.exhibit, Table | Sentences)
        assert (f"<h2>{part.title}</h2>" in page) == held or part.title in page


def test_settings_stand_on_the_page_without_whom_they_leave_out():
    page = html_text(usual())
    assert "<td>day0</td><td>day-0 visit counts as before</td><td>before</td>" in page
    assert "<td>excluded_patients</td><td></td><td>0</td>" in page


@MAKES
def test_no_file_names_a_person_or_the_file(make):
    contents = make()
    book = workbook_bytes(contents)
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        inside = b"".join(package.read(name) for name in package.namelist())
    for content in (html_text(contents).encode(), tables_html(contents).encode(), inside):
        assert b"Klinikum" not in content
        assert b"visits.csv" not in content


@MAKES
def test_each_exhibit_has_a_sheet_with_its_numbers_and_no_formula(make):
    contents = make()
    found = sheets(make)
    assert list(found)[:2] == ["Read me", "Who is analysed"]
    assert list(found)[-1] == "Settings"
    assert len(found) == len(contents.shown) + 3
    for rows in found.values():
        for row in rows:
            for cell in row:
                assert not (isinstance(cell, str) and cell.startswith(("=", "+", "@")))
    for part, rows in zip(contents.shown, list(found.values())[2:-1], strict=True):
        assert rows[0][0].lstrip("'") == part.title
        assert contents.trial.hash[:8] in str(rows[-1][0])
        assert "exploratory" in str(rows[-1][0])
        if isinstance(part.exhibit, Chart):
            numbers = part.exhibit.numbers(contents.names)
            assert [str(name) for name in numbers.columns] == list(rows[2])[: len(numbers.columns)]
            for name in numbers.select_dtypes("number").columns:
                column = list(rows[2]).index(str(name))
                cells = [row[column] for row in rows[3 : 3 + len(numbers)]]
                values = [np.nan if cell is None else float(cell) for cell in cells]
                expected = numbers[name].to_numpy(dtype=float)
                expected = np.where(np.isfinite(expected), expected, np.nan)
                np.testing.assert_allclose(values, expected, rtol=1e-12, equal_nan=True)


def test_the_slopes_of_a_sheet_are_those_of_the_comparison():
    contents = usual()
    result = compare(contents.trial, contents.settings).endpoint("fvc")
    assert result is not None
    rows = sheets(usual)["slopes-fvc"]
    column = rows[2].index("change")
    found = [row[column] for row in rows[3:] if isinstance(row[column], float)]
    slopes = result.slopes
    months = result.rate.months_after
    expected = (slopes.after.slope - slopes.before.slope)[result.paired] * months
    np.testing.assert_allclose(sorted(found), sorted(expected))


def test_the_read_me_says_what_it_is():
    lines = [str(row[0]) for row in sheets(usual)["Read me"] if row[0]]
    contents = usual()
    assert lines[0] == contents.title
    assert f"Data, SHA-256: {contents.trial.hash}" in lines
    assert contents.methods in lines
    assert set(contents.limitations) <= set(lines)


def test_figures_are_made_for_paper_in_each_size():
    contents = usual()
    with zipfile.ZipFile(io.BytesIO(figures_zip(contents, "png", PRESETS["single"], dpi=100))) as z:
        names = z.namelist()
        assert names[0] == "01-courses-alsfrs_r.png"
        assert len(names) == sum(isinstance(p.exhibit, Chart) for p in contents.shown)
        for name in names:
            image = Image.open(io.BytesIO(z.read(name)))
            assert image.width == pytest.approx(85 / 25.4 * 100, abs=1)


def test_a_figure_that_needs_room_says_how_small_its_letters_become():
    charts = [p.exhibit for p in everything().shown if isinstance(p.exhibit, Chart)]
    wide = next(chart for chart in charts if chart.min_width)
    narrow = next(chart for chart in charts if not chart.min_width)
    single = PRESETS["single"]
    assert layout_width(wide, single) == wide.min_width
    assert layout_width(narrow, single) == single.layout
    assert smallest_type(narrow, single) == pytest.approx(13 * 85 / 25.4 * 72 / 460)
    assert smallest_type(wide, single) < smallest_type(narrow, single)


def test_a_figure_carries_its_frame_where_that_is_asked_for():
    contents = usual()
    chart = next(p.exhibit for p in contents.shown if isinstance(p.exhibit, Chart))
    size = PRESETS["slide"]
    framed = Image.open(io.BytesIO(figure_bytes(chart, contents, "png", size, dpi=72)))
    bare = Image.open(io.BytesIO(figure_bytes(chart, contents, "png", size, dpi=72, framed=False)))
    assert framed.width == bare.width
    assert framed.height > bare.height

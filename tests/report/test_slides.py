"""Slides: native charts with the right numbers, nothing left out, nobody named, no overlap."""

from __future__ import annotations

import io
import itertools
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest

from analysis.compare import compare
from analysis.details import details
from report.exhibits.chart import Chart, Sentences, Table
from report.frames import VERSION
from report.json_export import comparison_json
from report.presentation.contents import Contents, Part
from report.scene.model import Axis, Fill, Marker, Stroke
from report.slides.native_axis import axis_format, is_aligned
from report.slides.native_chart import _by_look
from tests.report.presented import (
    charts_of,
    deck_of,
    everything,
    long_names,
    points_of,
    slides_of,
    texts_of,
    usual,
)

pytestmark = pytest.mark.slow

XML = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def slide_of(contents: Contents, part: Part):
    """Return the first slide with the title of a part."""
    for slide in slides_of(contents):
        if texts_of(slide)[0].startswith(part.title):
            return slide
    raise AssertionError(part.title)


def part_of(contents: Contents, kind: str, endpoint: str = "") -> Part:
    return next(
        part
        for part in contents.parts
        if part.item.spot.kind == kind and part.item.spot.endpoint in ("", endpoint)
    )


def test_each_item_has_its_slide_in_order_between_title_and_sources():
    contents = usual()
    slides = list(slides_of(contents))
    firsts = [texts_of(slide)[0] for slide in slides]
    assert firsts[0] == contents.title
    assert firsts[1] == "Who is analysed"
    titles = [part.title for part in contents.shown]
    assert firsts[2 : 2 + len(titles)] == titles
    assert firsts[2 + len(titles) :][0] == "Methods"
    assert any(first.startswith("Limitations") for first in firsts)
    assert firsts[-1].startswith("Sources")
    assert len(contents.shown) == 12


def test_every_slide_says_trial_n_kind_hash_version_and_simulated():
    contents = usual()
    for slide in slides_of(contents):
        said = " ".join(texts_of(slide))
        assert "10 of 10 patients" in said
        assert "exploratory, single arm" in said
        assert f"data {contents.trial.hash[:8]}" in said
        assert f"ALSlope {VERSION}" in said
        assert "simulated" in said


def test_the_numbers_of_paired_slopes_are_those_of_the_json():
    contents = usual()
    comparison = compare(contents.trial, contents.settings)
    plain = comparison_json(comparison, details(contents.trial, comparison))
    for key in contents.settings.endpoints:
        result = comparison.endpoint(key)
        assert result is not None
        slide = slide_of(contents, part_of(contents, "slopes", key))
        series = [points for chart in charts_of(slide) for _, points in points_of(chart)]
        drawn = [y for points in series for _, y in points]
        months = {"before": result.rate.months_before, "after": result.rate.months_after}
        for period, table in (("before", result.slopes.before), ("after", result.slopes.after)):
            for slope in table.slope[result.paired] * months[period]:
                assert min(abs(np.array(drawn) - slope)) < 1e-9
        change = plain["endpoints"][key]["change"]["mean"]
        words = re.findall(r"[+−]?\d+\.\d+", slide.shapes.title.text_frame.text)
        assert abs(float(words[0].replace("−", "-"))) == pytest.approx(abs(change), abs=0.0051)


def test_intervals_of_a_slide_are_error_bars_as_long_as_the_json_says():
    contents = usual()
    comparison = compare(contents.trial, contents.settings)
    result = comparison.endpoint("alsfrs_r")
    assert result is not None
    slide = slide_of(contents, part_of(contents, "slopes", "alsfrs_r"))
    halves = [
        float(node.text)
        for chart in charts_of(slide)
        for node in chart._chartSpace.findall(".//{*}errBars/{*}plus//{*}v")
    ]
    interval = result.primary.interval
    assert interval is not None
    assert min(abs(half - (interval.high - interval.low) / 2) for half in halves) < 1e-9


def test_courses_have_a_line_a_patient_with_their_own_visits():
    contents = usual()
    comparison = compare(contents.trial, contents.settings)
    slide = slide_of(contents, part_of(contents, "courses", "alsfrs_r"))
    result = comparison.endpoint("alsfrs_r")
    assert result is not None
    points = result.slopes.points
    (chart,) = charts_of(slide)
    lines = [set(found) for _, found in points_of(chart)]
    for who in range(len(contents.trial.patient_ids)):
        mine = points.analysable & (points.patient == who)
        month, value = points.month[mine].tolist(), points.value[mine].tolist()
        wanted = set(zip(month, value, strict=True))
        assert any(_near(wanted, line) for line in lines), who


def _near(wanted: set[tuple[float, float]], line: set[tuple[float, float]]) -> bool:
    return all(any(abs(x - a) < 6e-4 and abs(y - b) < 1e-9 for a, b in line) for x, y in wanted)


def test_tables_and_sentences_stand_on_their_slides_word_for_word():
    contents = usual()
    for part in contents.shown:
        said = " ".join(texts_of(slide_of(contents, part)))
        if isinstance(part.exhibit, Table):
            for cell in part.exhibit.cells(contents.names).to_numpy().ravel():
                assert str(cell) in said
        if isinstance(part.exhibit, Sentences):
            assert all(line in said for line in part.exhibit.lines(contents.names))
    whole = " ".join(text for slide in slides_of(contents) for text in texts_of(slide))
    for sentence in (contents.methods, *contents.limitations, *contents.sources):
        assert sentence in whole


def test_every_chart_that_can_be_is_native():
    contents = everything()
    for part in contents.shown:
        if isinstance(part.exhibit, Chart):
            slide = slide_of(contents, part)
            kinds = [charts_of(slide), [s for s in slide.shapes if s.shape_type == 13]]
            assert any(kinds), part.title
            assert not kinds[1], part.title


@pytest.mark.parametrize("make", [usual, everything, long_names], ids=lambda make: make.__name__)
def test_the_package_is_whole(make):
    """Each part is well-formed XML, is declared, and each relationship leads somewhere."""
    with zipfile.ZipFile(io.BytesIO(deck_of(make()))) as package:
        names = set(package.namelist())
        assert package.testzip() is None
        types = package.read("[Content_Types].xml").decode()
        for name in names:
            if name.endswith((".xml", ".rels")):
                ET.fromstring(package.read(name))
        for name in names:
            if name.endswith(".rels"):
                folder = Path(name).parent.parent
                for link in ET.fromstring(package.read(name)).iter(XML):
                    assert link.get("TargetMode") != "External"
                    target = link.get("Target", "")
                    path = target[1:] if target.startswith("/") else str(folder / target)
                    parts: list[str] = []
                    for piece in path.split("/"):
                        if piece == "..":
                            parts.pop()
                        elif piece != ".":
                            parts.append(piece)
                    assert "/".join(parts) in names, (name, target)
            elif name.startswith("ppt/slides/slide"):
                assert f"/{name}" in types


def test_children_of_a_series_stand_in_the_order_of_the_schema():
    order = ["idx", "order", "tx", "spPr", "marker", "dPt", "errBars", "xVal", "yVal", "smooth"]
    for slide in slides_of(everything()):
        for chart in charts_of(slide):
            for series in chart.plots[0].series:
                tags = [child.tag.rpartition("}")[2] for child in series._element]
                places = [order.index(tag) for tag in tags]
                assert places == sorted(places)


def test_a_deck_names_nobody_and_has_no_formula():
    contents = long_names()
    with zipfile.ZipFile(io.BytesIO(deck_of(contents))) as package:
        for name in package.namelist():
            content = package.read(name)
            if name.endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(content)) as book:
                    content = b"".join(book.read(one) for one in book.namelist())
                    assert b"<f>" not in content
            assert b"Klinikum" not in content
            assert b"visits.csv" not in content
    assert "P20" in " ".join(t for slide in slides_of(contents) for t in texts_of(slide))


def test_each_patient_has_a_slide_where_that_is_asked_for():
    titles = [texts_of(slide)[0] for slide in slides_of(long_names())]
    assert [f"Patient P{k:02d}" in titles for k in range(1, 21)] == [True] * 20


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, list[list[tuple[float, float, float, float, str]]]]:
    """Return the words of each page with their boxes, as LibreOffice draws them."""
    office, reader = shutil.which("soffice"), shutil.which("pdftotext")
    if office is None or reader is None:
        pytest.skip("LIBREOFFICE OR PDFTOTEXT IS NOT INSTALLED: slides were not rendered")
    folder = tmp_path_factory.mktemp("deck")
    found = {}
    for make in (usual, long_names):
        deck = folder / f"{make.__name__}.pptx"
        deck.write_bytes(deck_of(make()))
        command = [office, "--headless", f"-env:UserInstallation=file://{folder}/profile"]
        command += ["--convert-to", "pdf", "--outdir", str(folder), str(deck)]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        html = folder / f"{make.__name__}.html"
        pdf = deck.with_suffix(".pdf")
        subprocess.run([reader, "-bbox", str(pdf), str(html)], check=True, timeout=60)
        pages = html.read_text("utf-8").split("<page ")[1:]
        found[make.__name__] = [_words(page) for page in pages]
    return found


def _words(page: str) -> list[tuple[float, float, float, float, str]]:
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">([^<]*)'
    return [
        (float(a), float(b), float(c), float(d), text)
        for a, b, c, d, text in re.findall(pattern, page)
    ]


@pytest.mark.parametrize("make", [usual, long_names], ids=lambda make: make.__name__)
def test_no_word_of_a_slide_lies_on_another_or_leaves_it(pages, make):
    assert len(pages[make.__name__]) == len(slides_of(make()))
    for number, words in enumerate(pages[make.__name__], start=1):
        for a, b in itertools.combinations(words, 2):
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            # Boxes of letters are higher than the letters: lines may share a third of them.
            lower = min(a[3] - a[1], b[3] - b[1])
            assert across <= 1.5 or down <= 0.4 * lower, (number, a[4], b[4])
        for left, top, right, bottom, text in words:
            assert min(left, top) >= -1, (number, text)
            assert right <= 961, (number, text)
            assert bottom <= 541, (number, text)


def test_marks_of_two_looks_are_two_series_because_not_every_program_draws_single_points():
    pale, dark = (
        Marker("circle", 9, Fill(tone), Stroke(tone, 1)) for tone in ("#E6DFD6", "#6E6154")
    )
    lines = _by_look([(0, 1), (1, 1), (2, 1)], [pale, dark, pale])
    assert [line.points for line in lines] == [((0, 1), (2, 1)), ((1, 1),)]
    assert [set(line.markers) for line in lines] == [{pale}, {dark}]


@pytest.mark.parametrize(
    ("low", "high", "ticks", "aligned"),
    [
        (-0.4, 0.6, (-0.2, 0.0, 0.2), True),
        (-0.3238, 0.6, (-0.2, 0.0, 0.2), False),
        (0.0, 48.0, (0.0, 12.0, 24.0), True),
        (48.0, 0.0, (0.0, 12.0, 24.0), True),
        (0.0, 1.0, (0.5,), False),
        (0.0, 10.0, (1.0, 2.0, 4.0), False),
    ],
)
def test_native_ticks_are_used_only_where_they_stand_at_the_numbers(low, high, ticks, aligned):
    axis = Axis(low, high, tuple((value, f"{value:g}") for value in ticks))
    assert is_aligned(axis) is aligned
    assert aligned or axis_format(axis) is None

"""No words of one patient's figure lie on each other or leave it, at the widths it is made for."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import plotly
import pytest
import streamlit
from playwright.sync_api import Browser, Page

from analysis.compare import compare
from analysis.settings import Settings
from report.charts.patient import PatientView, patient_figure
from report.look import DARK, LIGHT
from tests.report.patient_cases import everything

WIDTHS = (640, 1048)
FONTS = Path(streamlit.__file__).parent / "static" / "static" / "media"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
BESIDE = PatientView(cohort_band=True, second=4, second_name="A second patient with a name")
BARE = PatientView(items=False, stages=False)
CASES = {
    "everything": (0, True, False, BESIDE),
    "panels alone": (3, True, False, BARE),
    "zoom": (5, True, True, replace(BESIDE, items=False)),
    "domains": (0, False, False, PatientView()),
}
BOXES = """() => [...document.querySelectorAll('#figure svg text')]
  .filter(t => t.textContent.trim() && getComputedStyle(t).visibility !== 'hidden')
  .map(t => { const r = t.getBoundingClientRect();
              return [t.textContent, r.left, r.top, r.right, r.bottom]; })"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    font = base64.b64encode(next(FONTS.glob("SourceSansVF-Upright*")).read_bytes()).decode()
    face = f"src: url(data:font/woff2;base64,{font}); font-weight: 200 900"
    opened.set_content(
        f"<style>@font-face {{ font-family: 'Source Sans'; {face} }} body {{ margin: 0 }}</style>"
        "<div id='figure'></div>"
    )
    opened.evaluate("document.fonts.load('13px \"Source Sans\"')")
    opened.add_script_tag(path=PLOTLY)
    yield opened
    opened.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("case", CASES)
def test_words_do_not_overlap(page, case, look, width):
    patient, items, zoom, view = CASES[case]
    trial = everything(items=items, domains=not items)
    comparison = compare(trial, Settings(endpoints=("alsfrs_r", "fvc")))
    name = trial.patient_ids[patient]
    fig = patient_figure(
        trial, comparison, comparison.endpoints, patient, name, look, zoom=zoom, view=view
    )
    height = int(fig.layout.height)
    page.set_viewport_size({"width": width, "height": height})
    fig.update_layout(width=width)
    page.evaluate(
        "f => Plotly.newPlot('figure', JSON.parse(f).data, JSON.parse(f).layout)", fig.to_json()
    )
    boxes = page.evaluate(BOXES)
    assert len(boxes) > 20
    outside = [b[0] for b in boxes if min(b[1:3]) < -1 or b[3] > width + 1 or b[4] > height + 1]
    assert outside == []
    # Boxes hold the whole line of text: letters meet only where boxes share more than 2 pixels.
    assert [
        (a[0], b[0])
        for a, b in itertools.combinations(boxes, 2)
        if min(a[3], b[3]) - max(a[1], b[1]) > 1 and min(a[4], b[4]) - max(a[2], b[2]) > 2
    ] == []

"""What tests of presentations share: contents of trials, and texts of slides."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from pptx import Presentation

from analysis.opening import opening_settings
from analysis.settings import Settings
from data.examples import load_example
from data.files import UploadedFile
from data.reading import read_files
from data.trial import Trial
from report.exhibits.chart import Spot
from report.exhibits.registry import KINDS
from report.presentation.basket import Item, default_basket
from report.presentation.contents import Contents, contents_of
from report.slides.deck import deck_bytes

QUICK = {"untreated_trials": 200, "flips": 1_000, "resamples": 1_000}


def settings_of(trial: Trial, **changes: Any) -> Settings:
    """Return the settings with which a trial opens, quick ones for simulations."""
    return Settings.from_json(dict(opening_settings(trial)))[0].with_(**QUICK, **changes)


@cache
def usual(name: str = "after-shamsaei-2023") -> Contents:
    """Return what most talks need of a bundled trial."""
    trial = load_example(name).trial
    settings = settings_of(trial)
    return contents_of(trial, settings, default_basket(trial, settings))


@cache
def everything(name: str = "every-detail") -> Contents:
    """Return every exhibit of a bundled trial."""
    trial = load_example(name).trial
    settings = settings_of(trial)
    items = [
        Item(Spot(kind, endpoint, 0 if kind == "patient" else None), settings, trial.hash)
        for kind in KINDS
        for endpoint in settings.endpoints
    ]
    return contents_of(trial, settings, items)


@cache
def long_names() -> Contents:
    """Return all of a trial of 20 patients whose names are long, one slide a patient."""
    trial = uploaded([f"Klinikum-Musterstadt-Neurologie/{k:04d}-Przykładowa" for k in range(20)])
    settings = settings_of(trial)
    items = default_basket(trial, settings)
    items += tuple(Item(Spot("caterpillar", key), settings, trial.hash) for key in trial.endpoints)
    return contents_of(trial, settings, items, every_patient=True)


def uploaded(names: list[str]) -> Trial:
    """Return a trial read from a file with these patients."""
    lines = ["patient_id,days_since_transplant,ALSFRS_R,FVC_percent"]
    for who, name in enumerate(names):
        for k, month in enumerate((-9, -6, -3, 0, 3, 6, 9)):
            slow = 0.9 + 0.05 * (who % 5)
            points = round(40 - slow * (month + 9) / 1.5 + (who % 3) + (k % 2))
            percent = round(88 - 1.1 * slow * (month + 9) + (who % 7) - (k % 3))
            lines.append(f"{name},{round(month * 30.4375)},{points},{percent}")
    reading = read_files([UploadedFile("visits.csv", "\n".join(lines).encode())])
    assert reading.trial is not None, reading.findings
    return reading.trial


@cache
def deck_of(contents: Contents) -> bytes:
    """Return the slides of a presentation."""
    return deck_bytes(contents)


def slides_of(contents: Contents) -> Any:
    """Return the slides as the library reads them back."""
    return Presentation(io.BytesIO(deck_of(contents))).slides


def texts_of(slide: Any) -> list[str]:
    """Return every text on a slide, with those of its tables and notes."""
    found = []
    for shape in slide.shapes:
        if shape.has_text_frame:
            found.append(shape.text_frame.text)
        if shape.has_table:
            found += [cell.text for row in shape.table.rows for cell in row.cells]
    if slide.has_notes_slide:
        found.append(slide.notes_slide.notes_text_frame.text)
    return found


def charts_of(slide: Any) -> list[Any]:
    """Return the native charts of a slide."""
    return [shape.chart for shape in slide.shapes if shape.has_chart]


def points_of(chart: Any) -> list[tuple[str, list[tuple[float, float]]]]:
    """Return name and points of each series of a native XY chart."""
    found = []
    for series in chart.plots[0].series:
        node = series._element
        xs = [float(v.text) for v in node.findall(".//{*}xVal//{*}v")]
        ys = [float(v.text) for v in node.findall(".//{*}yVal//{*}v")]
        found.append((series.name, list(zip(xs, ys, strict=True))))
    return found

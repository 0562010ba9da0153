"""Where the words of one patient's figure stand, and what is said without a day 0."""

from __future__ import annotations

from functools import cache

import pytest

from analysis.compare import compare
from analysis.settings import Settings
from data.examples import load_example
from report import patient_card
from report.charts.patient import PatientView, patient_figure
from report.charts.patient_ribbons import _fitting
from report.look import LIGHT

NARROW_PLOT = 260
"""Pixels between the axis and the words at the right where the page is 900 px wide."""


@cache
def opened(example):
    trial = load_example(example).trial
    return trial, compare(trial, Settings(endpoints=("alsfrs_r", "fvc")))


def before_notes(example, name):
    trial, comparison = opened(example)
    at = trial.patient_ids.index(name)
    fig = patient_figure(
        trial, comparison, comparison.endpoints, at, name, LIGHT, view=PatientView()
    )
    notes = [a for a in fig.layout.annotations if a.text.startswith("<b>before")]
    assert len(notes) == len([r for r in comparison.endpoints if r.slopes.before.n[at] > 1])
    return notes, fig.layout.xaxis.range


@pytest.mark.parametrize(
    ("example", "name"),
    [("after-oh-2018", "C06"), ("every-detail", "P07"), ("every-detail", "P11"),
     ("every-detail", "P01"), ("after-shamsaei-2023", "P03")],
)  # fmt: skip
def test_words_on_the_slope_before_end_before_day_0(example, name):
    notes, (low, high) = before_notes(example, name)
    room = NARROW_PLOT * -low / (high - low)
    for note in notes:
        lines = note.text.replace("<b>", "").replace("</b>", "").split("<br>")
        # Characters at 13 px are about 6 px wide.
        assert note.x == 1 or 4 + 6 * max(map(len, lines)) < room


def test_a_short_run_in_is_named_at_the_right():
    assert {note.x for note in before_notes("after-oh-2018", "C06")[0]} == {1}
    assert {note.x for note in before_notes("every-detail", "P07")[0]} == {0}


def test_a_stage_is_shortened_only_where_it_stays_true():
    assert [_fitting(label, 12) for label in ("0/1", "2–4", "4A+4B", "3")] == ["", "", "4", "3"]
    assert _fitting("0/1", 60) == "0/1"


def test_last_values_without_a_transplant_date():
    trial, comparison = opened("every-detail")
    at = trial.patient_ids.index("P24")
    known = patient_card.background(trial, comparison.settings)
    said = dict(patient_card.status_lines(trial, comparison.endpoints, at, known))
    # The last rows of P24 in the file.
    assert said["Last ALSFRS-R"] == "29 of 48, month from day 0 not known"
    assert said["Last FVC"].startswith("70 % predicted, ")

"""The figure of the mixed model's mean course: what is drawn, cut, said and saved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.hinge_course import CourseByMonth, HingeCourse, hinge_course
from analysis.hinge_model import hinge_model
from analysis.hinge_values import ModelCourse
from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from report.charts.model_course import model_course_alt, model_course_figure
from report.detail_tables import model_course
from report.look import DARK, LIGHT
from tests.conftest import trial_from

SCORE = ENDPOINTS["alsfrs_r"]


def line(month, mean, half):
    month, mean = np.asarray(month, float), np.asarray(mean, float)
    return ModelCourse(month, mean, mean - half, mean + half, 0.95)


def by_hand() -> HingeCourse:
    month = np.asarray([-6.0, 0, 6, 12])
    seen = CourseByMonth(
        month=month,
        n=np.asarray([9, 10, 8, 2]),
        observed=np.asarray([41.5, 34, 29, np.nan]),
        model=line(month, [42, 34, 30, 26], 2),
        continued=np.asarray([np.nan, np.nan, 26, 18]),
    )
    return HingeCourse(
        before=line([-6, 0], [42, 34], 2),
        after=line([0, 12], [34, 26], 2),
        continued=np.asarray([34.0, 18]),
        by_month=seen,
        n_patients=10,
        n_rows=29,
    )


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_lines_bands_and_observed_means(look):
    fig = model_course_figure(SCORE, by_hand(), look)
    bands = {t.fillcolor: list(t.y) for t in fig.data if t.fill == "toself"}
    assert bands == {look.before_band: [44, 36, 32, 40], look.after_band: [36, 28, 24, 32]}
    lines = {
        (t.line.color, t.line.dash): (list(t.x), list(t.y))
        for t in fig.data
        if t.mode == "lines" and t.fill is None
    }
    assert lines == {
        (look.before, None): ([-6, 0], [42, 34]),
        (look.after, None): ([0, 12], [34, 26]),
        (look.before, "2px,4px"): ([0, 12], [34, 18]),
    }
    marks = {t.marker.line.color: t for t in fig.data if t.mode == "markers"}
    assert list(marks[look.before].y) == [41.5, 34]
    # A month of 2 patients has no mean.
    assert list(marks[look.after].x) == [6]
    assert "29.0 points<br>8 patients" in marks[look.after].customdata[0][1]
    # No mark opens a patient.
    assert {row[0] for t in fig.data if t.customdata is not None for row in t.customdata} == {""}


def test_alternative_says_ends_band_and_numbers():
    said = model_course_alt(SCORE, by_hand())
    assert "42.0 at month −6 (95 % CI 40.0 to 44.0)" in said
    assert "26.0 at month 12 (95 % CI 24.0 to 28.0)" in said
    assert "continued, would be at 18.0 then. 10 patients, 29 visits." in said


def test_the_file_holds_what_is_drawn():
    table = model_course(SCORE, by_hand().by_month)
    row = table.set_index("month").loc[6]
    assert (row["patients"], row["observed_mean"], row["model_mean"]) == (8, 29, 30)
    assert (row["model_ci_low"], row["model_ci_high"], row["run_in_continued"]) == (28, 32, 26)
    assert (row["endpoint"], row["unit"], row["ci_level"]) == ("ALSFRS-R", "points", 0.95)


def test_lines_and_bands_stop_at_the_ends_of_the_scale():
    rng = np.random.default_rng(3)
    rows = [
        (f"P{i}", 30.4375 * m, max(0, round(6 + i % 3 - (2 + i / 10) * m + rng.normal())))
        for i in range(8)
        for m in (-6, -4, -2, 0, 2, 4)
    ]
    frame = pd.DataFrame(rows, columns=["patient", "day", "value"])
    model = hinge_model(trial_from(frame.assign(endpoint="alsfrs_r")), "alsfrs_r", Settings())
    course = hinge_course(model, SCORE)
    # Uncut, the continuation and the band go below 0.
    assert model.run_in_continued([4.0])[0] < 0
    assert course.continued[-1] == 0
    assert course.after.low.min() == 0
    assert min(row["continued"] or 0 for row in course.by_month.to_json()) < 0
    beta = model.mean_course([0.0]).mean[0] + model.slope_before.estimate * np.asarray([4.0])
    assert_allclose(model.run_in_continued([4.0]), beta)
    # Both halves meet at day 0, and end at the first and the last visit.
    assert course.before.mean[-1] == course.after.mean[0]
    assert_allclose([course.before.month[0], course.after.month[-1]], [-6, 4])

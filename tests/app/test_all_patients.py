"""All patients on the bundled trial with every detail: each tab says what the trial holds."""

from __future__ import annotations

import pytest

from tests.app.driver import PATIENTS, charts, healthy, opened, text_of

TRIAL = "every-detail"


def tab(name: str, trial: str = TRIAL, **query: str):
    """Open one tab of all patients."""
    at = opened(PATIENTS, everyone="yes", trial=trial, **query)
    at.session_state["w.everyone_tab"] = name
    return healthy(at.run())


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Courses", {"courses-alsfrs_r", "courses-fvc"}),
        ("Small multiples", {"multiples-alsfrs_r", "multiples-fvc"}),
        ("Slope changes", {"caterpillar-alsfrs_r", "caterpillar-fvc"}),
        ("Follow-up", {"follow-up"}),
    ],
)
def test_only_the_open_tab_is_drawn(name, drawn):
    assert set(charts(tab(name))) == drawn


@pytest.mark.parametrize("name", ["Stages", "Survival"])
def test_other_tabs_open(name):
    assert charts(tab(name))


def test_whose_course_bent_most_is_said_first():
    text = text_of(tab("Slope changes"))
    assert "ALSFRS-R, largest change: **P11**, +1.84 points/month (95 % CI 1.61 to 2.06)" in text
    assert "n = 21 compared" in text


def test_who_left_and_when():
    at = tab("Follow-up")
    assert "6 of 23 patients died or were not seen to the end: 3 died, 3 seen" in text_of(at)
    table = at.dataframe[0].value
    assert table["patient"].tolist() == ["P21", "P22", "P09", "P18", "P05", "P14"]
    assert table["month of it"].round(1).tolist() == [3.2, 3.4, 5.2, 7.0, 7.4, 10.2]
    assert table["how it ended"].tolist() == [
        "last contact: withdrawal",
        "death",
        "last contact: withdrawal",
        "last contact: lost to follow-up",
        "death",
        "death",
    ]


def test_whose_fvc_is_below_50():
    text = text_of(tab("Follow-up"))
    said = next(line for line in text.splitlines() if line.startswith("FVC below 50 %"))
    for patient in ("P03", "P05", "P08", "P14", "P16", "P20", "P22"):
        assert f"{patient} (" in said
    assert "; 7 of " in said


def test_filters_hide_patients_here_too():
    text = text_of(tab("Follow-up", only="sex:F"))
    assert "hidden by the filters" in text

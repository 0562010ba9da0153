"""All patients on the bundled trial with every detail: each tab says what the trial holds."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from tests.app.driver import PATIENTS, SLOPES, bar, charts, go_to, healthy, opened, text_of

pytestmark = pytest.mark.slow

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


def test_tab_order_and_page_are_as_they_were_left():
    at = tab("Small multiples", trial="after-oh-2018")
    at.selectbox(key="w.order").set_value("name").run()
    at.number_input(key="w.page").set_value(2).run()
    go_to(at, SLOPES)
    healthy(go_to(at, PATIENTS))
    assert set(charts(at)) == {"multiples-alsfrs_r", "multiples-fvc"}
    assert at.selectbox(key="w.order").value == "name"
    assert at.number_input(key="w.page").value == 2
    bar(at, "w.everyone").set_value(False).run()
    bar(at, "w.everyone").set_value(True).run()
    assert set(charts(healthy(at))) == {"multiples-alsfrs_r", "multiples-fvc"}


def saved(at, name):
    """Return the numbers that a chart saves."""
    return pd.read_csv(io.StringIO(charts(at)[name]["csv"]))


def test_saved_courses_hold_visits_of_one_endpoint_and_the_median():
    table = saved(tab("Courses"), "courses-fvc")
    assert set(table["what"]) == {"visit", "cohort"}
    assert set(table["endpoint"]) == {"FVC, % predicted"}
    visits = table[table["what"] == "visit"]
    assert len(visits) == 181
    near = visits[(visits["month"].abs() < 0.5) & (visits["counts"] != "left out")]
    median = table.loc[(table["what"] == "cohort") & (table["month"] == 0), "median"].item()
    assert abs(near["value"].median() - median) < 12


def test_saved_follow_up_holds_visits_events_and_stages_without_the_words_of_the_file():
    table = saved(tab("Follow-up"), "follow-up")
    assert set(table["what"]) == {"follow-up", "visit", "event", "King’s stage"}
    assert (table["what"] == "follow-up").sum() == 23
    events = table[table["what"] == "event"]
    mine = events[events["patient"] == "P22"]
    assert "death" in set(mine["note"])
    assert "withdrawal" not in set(events["note"])
    assert "ankle-foot orthosis" not in set(events["note"])


def test_saved_numbers_of_a_patient_hold_all_that_is_drawn():
    at = healthy(opened(PATIENTS, trial=TRIAL, person="7", items="yes", middle="yes"))
    table = saved(at, "patient")
    assert {"visit", "line before", "line after", "run-in projected", "event"} <= set(table["what"])
    assert {"observed − projected", "King’s stage", "MiToS stage", "item 1"} <= set(table["what"])
    assert "middle half of the cohort" in set(table["what"])
    before = table[(table["what"] == "line before") & table["endpoint"].str.startswith("ALSFRS-R")]
    ahead = table[
        (table["what"] == "run-in projected") & table["endpoint"].str.startswith("ALSFRS-R")
    ]
    slope = np.polyfit(before["month"], before["value"], 1)[0]
    assert np.polyfit(ahead["month"], ahead["value"], 1)[0] == pytest.approx(slope, abs=1e-6)
    assert (ahead["low"] < ahead["value"]).all()

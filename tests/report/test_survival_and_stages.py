"""Survival and stage transitions as figures, sentences and tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.settings import PatientExclusion, Settings
from analysis.stage_scales import delta_fs_at_day0
from analysis.stage_transitions import transitions_of
from analysis.survival import survival
from analysis.survivor_function import function_courses
from data.trial import EVENT_COLUMNS
from report import stage_words, survival_words
from report.charts.stages import stages_alt, stages_figure
from report.charts.survival import survival_figure
from report.look import DARK, LIGHT
from tests.conftest import compared, made

NAN = float("nan")
MONTH = 30.4375
DEATHS = {"A": 2 * MONTH, "B": 4 * MONTH, "<i>C</i>": NAN, "D": 8 * MONTH}


def trial_of(deaths=DEATHS, events=(), **columns):
    days = (-60, 0, 30, 55)
    trial = made({name: {d: 40 - d // 30 for d in days} for name in deaths})
    frame = trial.patients.assign(death_day=list(deaths.values()), onset_day=-600.0, **columns)
    dates = pd.DataFrame(list(events), columns=list(EVENT_COLUMNS))
    return replace(trial, patients_frame=frame, events_frame=dates)


def drawn(trial, look=LIGHT, **settings):
    found = survival(trial, Settings(**settings))
    courses = function_courses(found, [compared(trial, **settings)])
    return survival_figure(found, courses, trial.patient_ids, look)


def steps(figure):
    return [t for t in figure.data if t.mode == "lines" and t.line.shape == "hv" and t.line.width]


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_the_curve_is_drawn_from_day_0_in_steps(look):
    (line,) = steps(drawn(trial_of(), look))
    # <i>C</i> is last seen on day 55, before the first death: 3 are at risk at each of 2, 4, 8.
    np.testing.assert_allclose(line.x, [0, 55 / MONTH, 2, 4, 8, 8])
    np.testing.assert_allclose(line.y, [100, 100, 200 / 3, 100 / 3, 0, 0], atol=1e-9)


def test_marks_open_their_patient_and_names_are_shown_letter_by_letter():
    figure = drawn(trial_of())
    marks = {
        row[0]: row[1] for t in figure.data if t.customdata is not None for row in t.customdata
    }
    assert set(marks) == {"0", "1", "2", "3"}
    assert marks["2"].startswith("&lt;i&gt;C&lt;/i&gt; · last known alive at 1.8 months")
    assert marks["3"].startswith("D · death at 8.0 months")


def test_numbers_at_risk_stand_under_the_months():
    axis = drawn(trial_of()).layout.xaxis
    shown = {float(v): t for v, t in zip(axis.tickvals, axis.ticktext, strict=True)}
    assert ">4<" in shown[0]
    assert ">3<" in shown[2]
    assert ">2<" in shown[4]
    assert ">1<" in shown[8]
    assert "> <" in shown[-2]


def test_groups_have_their_own_colours_and_no_markup():
    trial = trial_of(group=["<b>x", "<b>x", "y", "y"])
    figure = drawn(trial, group_by="group")
    assert [line.line.color for line in steps(figure)] == list(LIGHT.group[:2])
    assert any("&lt;b&gt;x" in a.text for a in figure.layout.annotations)


def test_all_panels_share_one_range_of_months():
    figure = drawn(trial_of())
    assert figure.layout.xaxis2.matches == "x"
    assert figure.layout.xaxis2.range == figure.layout.xaxis.range
    domains = [figure.layout.yaxis2.domain, figure.layout.yaxis.domain]
    # A rule between the axes of two panels would keep plotly from drawing anything.
    rules = [(shape.xref, shape.yref) for shape in figure.layout.shapes]
    assert rules == [("x", "y"), ("x2", "y2")]
    assert 0 <= domains[0][0] < domains[0][1] < domains[1][0] < domains[1][1] == 1


def test_nobody_followed_is_a_sentence():
    trial = made({"A": {0: 40}}, transplants={"A": ()})
    found = survival(trial, Settings())
    figure = survival_figure(found, [], trial.patient_ids, LIGHT)
    assert "No patient is followed" in figure.layout.annotations[0].text
    assert survival_words.sentence(found).startswith("No patient has a day 0")
    assert survival_words.notes(found) == ["Not in it, 1 of 1: A (no transplant date)."]


def test_without_events_there_is_one_sentence_with_n_and_follow_up():
    found = survival(trial_of(dict.fromkeys("AB", NAN)), Settings())
    assert survival_words.sentence(found) == (
        "No death or tracheostomy is recorded among 2 patients, observed for a median of 1.8 "
        "months (1.8 to 1.8)."
    )


def test_events_and_median_in_words():
    events = [("<i>C</i>", "tracheostomy", 30.4375, "")]
    found = survival(trial_of(events=events), Settings())
    assert survival_words.sentence(found) == (
        "3 deaths and 1 tracheostomy first among 4 patients, observed for a median of 3.0 months "
        "(1.0 to 8.0). Median survival 3.0 months (95 % CI 1.0 to not reached), n = 4."
    )
    table = survival_words.survival_table(found)
    assert table.iloc[0].tolist() == ["all", 4, 3, 1, "3.0 (1.0 to not reached)"]


def test_a_median_that_is_not_reached():
    found = survival(trial_of({"A": 30.0, **dict.fromkeys("BCDEF", NAN)}), Settings())
    assert "Median survival is not reached" in survival_words.sentence(found)
    assert survival_words.survival_table(found).iloc[0, -1] == "not reached"


def test_who_is_not_in_it_is_named_and_one_curve_compares_nothing():
    settings = Settings(excluded_patients=(PatientExclusion("A", "other"),))
    notes = survival_words.notes(survival(trial_of(), settings))
    assert notes[0] == "Not in it, 1 of 4: A (left out: other)."
    assert notes[-1].startswith("One curve without a comparison group")


def test_numbers_hold_both_panels():
    trial = trial_of()
    found = survival(trial, Settings())
    table = survival_words.survival_numbers(found, function_courses(found, [compared(trial)]))
    steps_ = table[table["what"] == "survival"]
    assert steps_["n"].tolist() == [4, 3, 2, 1]
    assert steps_["censored"].tolist() == [1, 0, 0, 0]
    assert set(table["what"]) == {"survival", "ALSFRS-R in points, median and quartiles"}


# Stages


def staged():
    trial = trial_of({"A": NAN, "B": 200.0, "C": NAN, "D": NAN})
    rows = []
    for name, before, after in (("A", 4, 3), ("B", 3, 3), ("C", 3, 4), ("D", 4, None)):
        for day, speech in ((0.0, before), (60.0, after)):
            if speech is not None:
                row = {f"item_{n}": 4.0 for n in range(1, 13)} | {"item_1": speech, "item_8": 3.0}
                rows.append({"patient": name, "day": day, "gastrostomy": False, "row": 2, **row})
    return replace(trial, items_frame=pd.DataFrame(rows))


def test_the_matrix_shows_the_counts():
    found = transitions_of(staged(), Settings(), "kings")
    assert found is not None
    figure = stages_figure(found, LIGHT)
    cells = figure.data[0]
    shown = {(x, y): t for x, y, t in zip(cells.x, cells.y, cells.text, strict=True) if t != "·"}
    assert shown == {(2, 1): "<b>1</b>", (5, 2): "<b>1</b>", (1, 2): "<b>1</b>"}
    assert stages_alt(found) == (
        "King’s stage at day 0 and at the last visit, n = 3; from stage 1: 1 to stage 2; "
        "from stage 2: 1 to stage 1, 1 to death."
    )
    assert stage_words.sentence(found) == (
        "King’s from day 0 to the last visit, n = 3: 1 last seen at a later stage, 0 at the same, "
        "1 at an earlier one; 1 died."
    )
    assert stage_words.notes(found)[0] == (
        "Not counted: 1 patient without a certain stage after it or a recorded death."
    )
    assert len(stage_words.transition_numbers(found)) == 30


def test_reached_and_moves_in_tables():
    found = transitions_of(staged(), Settings(), "kings")
    assert found is not None
    reached = stage_words.reached_table(found)
    assert reached["after day 0"].tolist() == [
        "stage 2 or higher",
        "stage 3 or higher",
        "stage 4 or higher",
        "death",
    ]
    assert reached["patients"].tolist() == [1, 0, 0, 1]
    assert reached["of"].tolist() == [1, 3, 3, 4]
    moves = stage_words.moves_table(found)
    assert moves["moves"].tolist() == [0, 3]
    assert moves.iloc[1, 2:].tolist() == [1, 1, 1, 0]


def test_nobody_with_two_stages_is_a_sentence():
    trial = staged()
    items = trial.items[trial.items["day"] == 0]
    found = transitions_of(replace(trial, items_frame=items), Settings(), "mitos")
    assert found is not None
    assert "n = 1: 0 last seen" in stage_words.sentence(found)
    alive = replace(trial, items_frame=items, patients_frame=trial.patients.assign(death_day=NAN))
    none = transitions_of(alive, Settings(), "mitos")
    assert none is not None
    assert "none of 4 patients" in stage_words.sentence(none)
    assert "no patient has a certain stage" in stages_figure(none, DARK).layout.annotations[0].text


def test_delta_fs_in_words():
    trial = trial_of()
    said = stage_words.delta_fs_sentence(delta_fs_at_day0(trial, Settings()), 4)
    # 8 points in 600 days are 0.41 a month.
    assert said.endswith(
        "4 slow (below 0.5), 0 intermediate (0.5 to below 1), 0 fast (1 or more); n = 4 of 4."
    )
    bare = replace(trial, patients_frame=trial.patients.assign(onset_day=NAN))
    assert stage_words.delta_fs_sentence(delta_fs_at_day0(bare, Settings()), 4) == ""

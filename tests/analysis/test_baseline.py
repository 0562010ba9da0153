"""The table of patients at day 0, by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.baseline import baseline_table
from analysis.day0 import VALUE_AGE_DAYS
from analysis.day0_values import day0_values
from analysis.grouping import compared_grouping, grouping_of
from analysis.settings import PatientExclusion, PointDecision, Settings
from analysis.slope_points import place_points
from data.trial import EVENT_COLUMNS, ITEM_COLUMNS, Trial
from tests.conftest import frame_from, made, trial_from

MONTH = 30.4375


def people(trial, **columns):
    return replace(trial, patients_frame=trial.patients.assign(**columns))


def table(trial, grouping=None, **settings):
    return baseline_table(trial, Settings(**settings), grouping)


def test_numbers_by_hand():
    trial = people(
        made({"A": {0: 40}, "B": {0: 36}, "C": {0: 32}, "D": {200: 20}}),
        age=[50.0, 60.0, 64.0, np.nan],
    )
    result = table(trial)
    (age,) = result.row("age").cells
    assert (age.n, age.missing, age.mean, age.median, age.low, age.high) == (3, 1, 58, 60, 50, 64)
    assert_allclose(age.sd, math.sqrt((64 + 4 + 36) / 2))
    (score,) = result.row("alsfrs_r").cells
    assert (score.n, score.missing, score.mean, score.sd) == (3, 1, 36, 4)
    assert result.columns == ("all patients",)
    assert result.n == (4,)


def test_categories_by_hand():
    trial = people(
        made({name: {0: 40} for name in "ABCDE"}),
        sex=["F", "M", "M", "", "F"],
        onset_site=["Limb", "limb ", "Bulbar", "LIMB", ""],
    )
    result = table(trial)
    sex, onset = result.row("sex"), result.row("onset_site")
    assert sex.categories == ("F", "M")
    assert (sex.cells[0].counts, sex.cells[0].n, sex.cells[0].missing) == ((2, 2), 4, 1)
    assert onset.categories == ("Bulbar", "Limb")
    assert onset.cells[0].counts == (1, 3)


def test_what_nobody_has_is_no_row():
    keys = [row.key for row in table(made({"A": {0: 40}})).rows]
    assert keys == ["alsfrs_r"]


def test_the_last_value_up_to_day_0_counts_and_its_age_is_told():
    visits = {
        "A": {-200: 47, -30: 41, 0: 40, 1: 30},
        "B": {-92: 39, 5: 20},
        "C": {-93: 38, 5: 20},
        "D": {-10: 35, 10: 20},
    }
    (cell,) = table(made(visits)).row("alsfrs_r").cells
    assert (cell.n, cell.missing, cell.low, cell.high) == (3, 1, 35, 40)
    assert_allclose(cell.mean, (40 + 39 + 35) / 3)
    assert_allclose([cell.median_age_days, cell.max_age_days], [10, 92])
    assert VALUE_AGE_DAYS == 92


@pytest.mark.parametrize("rule", ["before", "after", "both", "neither"])
def test_a_value_on_day_0_counts_under_every_rule_of_slopes(rule):
    (cell,) = table(made({"A": {-30: 41, 0: 40}}), day0=rule).row("alsfrs_r").cells
    assert cell.mean == 40


def test_the_day_0_of_the_settings_is_used():
    visits = {"A": {-30: 41, 0: 40, 60: 38, 120: 35}}
    trial = made(visits, transplants={"A": (0.0, 100.0)})
    assert table(trial, transplant=1).row("alsfrs_r").cells[0].mean == 38
    assert table(trial, shift_days=-20).row("alsfrs_r").cells[0].mean == 41
    days = day0_values(place_points(trial, "alsfrs_r", Settings(transplant=1)), 1)
    assert_allclose(days.month * MONTH, [-40])


def test_values_left_out_or_set_aside_do_not_count():
    frame = frame_from({"A": {-60: 41, -30: 40, 0: 39}, "B": {-60: 30, 0: 60}})
    frame["status"] = np.where(frame["value"] > 48, "OUT_OF_RANGE", "ok")
    trial = trial_from(frame)
    left_out = PointDecision("A", "alsfrs_r", 0.0, 39.0, False, "measurement error")
    cell = table(trial, points=(left_out,)).row("alsfrs_r").cells[0]
    assert (cell.n, cell.low, cell.high) == (2, 30, 40)


def test_patients_left_out_of_the_comparison_are_still_described():
    trial = made({"A": {0: 40}, "B": {0: 30}})
    excluded = (PatientExclusion("B", "withdrew consent"),)
    grouping = compared_grouping(np.array([True, False]))
    result = table(trial, grouping, excluded_patients=excluded)
    assert result.columns == ("all patients", "compared", "not compared")
    assert [cell.mean for cell in result.row("alsfrs_r").cells] == [35, 40, 30]


def test_delta_fs_is_counted_to_the_visit_of_the_score():
    trial = people(
        made({"A": {-30.4375: 36, 10: 20}, "B": {0: 40}, "C": {0: 40}}),
        onset_day=[-13 * MONTH, -4 * MONTH, 5.0],
    )
    result = table(trial)
    (rate,) = result.row("delta_fs").cells
    assert (rate.n, rate.missing) == (2, 1)
    assert_allclose([rate.low, rate.high], [12 / 12, 8 / 4])
    since = result.row("months_from_onset")
    assert_allclose([since.cells[0].low, since.cells[0].high], [4, 13])
    assert "1 with an onset on or after day 0" in since.note


def test_without_a_day_0_scores_and_durations_are_missing():
    trial = people(
        made({"A": {0: 40}, "B": {0: 30}}, transplants={"B": ()}), onset_day=-100.0, age=50.0
    )
    result = table(trial)
    for key in ("alsfrs_r", "months_from_onset", "delta_fs"):
        assert (result.row(key).cells[0].n, result.row(key).cells[0].missing) == (1, 1)
    assert result.row("age").cells[0].n == 2


def with_events(trial, rows, items=None):
    events = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    return Trial(trial.patients, trial.measurements, events, items_frame=items)


def test_drugs_that_were_started_by_day_0():
    trial = with_events(
        made({name: {0: 40} for name in "ABCD"}),
        [
            ("A", "riluzole", -100.0, ""),
            ("A", "riluzole", 50.0, ""),
            ("B", "riluzole", 1.0, ""),
            ("C", "riluzole", 0.0, ""),
            ("C", "death", 10.0, ""),
        ],
    )
    result = table(trial)
    row = result.row("riluzole")
    assert row.categories == ("started by day 0", "started after day 0")
    assert (row.cells[0].counts, row.cells[0].missing) == ((2, 1), 1)
    assert "does not mean" in row.note
    with pytest.raises(KeyError):
        result.row("edaravone")


def items_of(rows):
    full = dict.fromkeys(ITEM_COLUMNS, 4.0)
    made_rows = []
    for patient, day, changes in rows:
        own = {f"item_{n}": score for n, score in changes.items()}
        made_rows.append(
            {**full, **own, "patient": patient, "day": day, "gastrostomy": False, "row": 2}
        )
    return pd.DataFrame(made_rows)


def test_stages_are_those_of_the_last_certain_visit():
    nan = float("nan")
    items = items_of(
        [
            ("A", -30.0, {1: 3}),
            ("A", 0.0, {1: 3, 8: nan}),
            ("A", 5.0, {12: 0}),
            ("B", -93.0, {1: 3}),
            ("C", -10.0, {1: 3, 4: 3}),
            ("C", 0.0, {12: 3}),
            ("C", 0.0, {1: 3}),
        ]
    )
    trial = with_events(made({name: {0: 40} for name in "ABC"}), [], items)
    row = table(trial).row("kings")
    assert row.categories == ("1", "2")
    assert (row.cells[0].counts, row.cells[0].missing) == ((1, 1), 1)
    assert_allclose(row.cells[0].max_age_days, 30)


def test_standardised_differences_by_hand():
    trial = people(
        made({name: {0: 40} for name in "ABCDEFGH"}),
        group=["x"] * 4 + ["y"] * 4,
        age=[50.0, 52, 54, 56, 60, 60, 64, 68],
        sex=["F", "F", "F", "M", "F", "M", "M", "M"],
    )
    result = table(trial, grouping_of(trial, "group"))
    age, sex = result.row("age").difference, result.row("sex").difference
    assert age is not None
    assert (age.first, age.second) == ("x", "y")
    variances = 20 / 3, (9 + 9 + 1 + 25) / 3
    assert_allclose(age.value, 10 / math.sqrt(sum(variances) / 2))
    assert sex is not None
    assert_allclose(sex.value, 0.5 / math.sqrt((0.75 * 0.25 + 0.25 * 0.75) / 2))
    assert result.row("alsfrs_r").difference is None


def test_three_categories_follow_yang_and_dalton():
    """The quadratic form, written out for two shares."""
    trial = people(
        made({f"P{i}": {0: 40} for i in range(20)}),
        group=["x"] * 10 + ["y"] * 10,
        onset_site=["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["a"] * 2 + ["b"] * 2 + ["c"] * 6,
    )
    difference = table(trial, grouping_of(trial, "group")).row("onset_site").difference
    p, q = (0.3, 0.2), (0.2, 0.6)
    s11 = (p[0] * (1 - p[0]) + q[0] * (1 - q[0])) / 2
    s22 = (p[1] * (1 - p[1]) + q[1] * (1 - q[1])) / 2
    s12 = -(p[0] * p[1] + q[0] * q[1]) / 2
    d1, d2 = q[0] - p[0], q[1] - p[1]
    squared = (s22 * d1**2 - 2 * s12 * d1 * d2 + s11 * d2**2) / (s11 * s22 - s12**2)
    assert difference is not None
    assert_allclose(difference.value, math.sqrt(squared))


def test_of_three_groups_the_pair_that_differs_most_is_named():
    trial = people(
        made({f"P{i}": {0: 40} for i in range(6)}),
        group=["x", "x", "y", "y", "z", "z"],
        age=[50.0, 52, 51, 53, 70, 72],
    )
    result = table(trial, grouping_of(trial, "group"))
    difference = result.row("age").difference
    assert difference is not None
    assert (difference.first, difference.second) == ("x", "z")
    assert difference.value > 0
    turned = people(trial, age=[70.0, 72, 51, 53, 50, 52])
    difference = table(turned, grouping_of(turned, "group")).row("age").difference
    assert difference is not None
    assert (difference.first, difference.second) == ("x", "z")
    assert difference.value < 0


def test_who_has_no_group_is_named():
    trial = people(made({"A": {0: 40}, "B": {0: 38}, "C": {0: 30}}), group=["x", "", "y"])
    result = table(trial, grouping_of(trial, "group"))
    assert result.ungrouped == ("B",)
    assert result.n == (3, 1, 1)
    assert result.by == "group"


def test_the_json_is_plain():
    trial = people(made({"A": {0: 40}, "B": {0: 38}}), group=["x", "y"], sex=["F", ""], age=50.0)
    plain = table(trial, grouping_of(trial, "group")).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["rows"][0]["key"] == "age"
    assert plain["rows"][0]["cells"][1]["sd"] is None

"""Stage transitions: counted by hand, in brute force, and what must not matter."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st

from analysis.baseline_variables import baseline_variables
from analysis.filters import passing
from analysis.settings import PatientExclusion, Settings
from analysis.stage_transitions import transitions_of
from data.trial import Trial
from tests.conftest import made

NAN = float("nan")
KINGS = {
    "0": {},
    "1": {1: 3},
    "2": {1: 3, 4: 3},
    "3": {1: 3, 4: 3, 8: 3},
    "4": {12: 3},
    "?": {1: NAN},
}
MITOS = {0: {}, 1: {8: 0}, 2: {8: 0, 3: 0}, 3: {8: 0, 3: 0, 10: 0}, 4: dict.fromkeys(range(13), 0)}


def staged(courses, deaths=None, kinds=KINGS, **more) -> Trial:
    """Return a trial of ``{patient: [(day, stage), …]}``."""
    rows = []
    for name, course in courses.items():
        for day, stage in course:
            row = {f"item_{n}": 4.0 for n in range(1, 13)}
            row.update({f"item_{n}": score for n, score in kinds[stage].items() if n})
            rows.append({"patient": name, "day": float(day), "gastrostomy": False, "row": 2, **row})
    trial = made({name: {0: 40} for name in courses}, **more)
    died = [(deaths or {}).get(name, NAN) for name in courses]
    return replace(
        trial,
        items_frame=pd.DataFrame(rows),
        patients_frame=trial.patients.assign(death_day=died),
    )


def kings(courses, deaths=None, settings=None, **more):
    found = transitions_of(staged(courses, deaths, **more), settings or Settings(), "kings")
    assert found is not None
    return found


def cells(found):
    rows, columns = np.nonzero(found.counts)
    return {(int(r), int(c)): int(found.counts[r, c]) for r, c in zip(rows, columns, strict=True)}


def test_from_day_0_to_the_last_visit_and_to_death():
    found = kings(
        {
            "A": [(-60, "1"), (0, "2"), (60, "2"), (120, "3")],
            "B": [(-30, "1"), (60, "3"), (90, "2")],
            "C": [(0, "3"), (60, "3")],
            "D": [(0, "2"), (30, "?")],
            "E": [(30, "2")],
            "F": [(0, "2")],
        },
        {"C": 200.0, "F": 50.0},
    )
    assert cells(found) == {(2, 3): 1, (1, 2): 1, (3, 5): 1, (2, 5): 1}
    assert (found.n, found.counted, found.no_start, found.no_later) == (6, 4, 1, 1)
    assert (found.deaths, found.visits, found.uncertain) == (2, 13, 1)
    assert found.labels == ("0/1", "1", "2", "3", "4", "5")
    # B was seen at stage 3 although the last visit is at 2; C died without being seen at 4.
    assert found.could_reach.tolist() == [0, 0, 1, 3, 4, 5]
    assert found.reached.tolist() == [0, 0, 1, 2, 0, 2]


def test_moves_from_visit_to_visit_skip_what_is_not_certain():
    found = kings(
        {
            "A": [(-90, "1"), (-60, "1"), (-30, "2"), (0, "2"), (30, "?"), (60, "3"), (90, "2")],
            "B": [(0, "0"), (30, "1"), (60, "0"), (90, "2")],
        }
    )
    up, after = found.up_to_day0, found.after_day0
    assert (up.advance, up.same, up.back, up.untold) == (1, 2, 0, 0)
    # A: 2 to 3 over the skipped visit, 3 to 2; B: 0/1 to 1 and back cannot be told, 0/1 to 2 can.
    assert (after.advance, after.same, after.back, after.untold) == (2, 0, 1, 2)
    assert (up.n, after.n) == (3, 5)


def test_the_stage_at_day_0_is_at_most_three_months_old():
    assert kings({"A": [(-92, "1"), (60, "2")]}).counted == 1
    old = kings({"A": [(-93, "1"), (60, "2")]})
    assert (old.counted, old.no_start) == (0, 1)


def test_visits_of_one_day_that_contradict_each_other_are_skipped():
    found = kings({"A": [(-30, "1"), (0, "2"), (0, "3"), (60, "3"), (60, "3")]})
    assert cells(found) == {(1, 3): 1}
    assert found.contradictory == 2
    assert found.after_day0.n == 1


def test_death_before_and_on_day_0():
    found = kings({"A": [(-30, "1")], "B": [(0, "2")]}, {"A": -5.0, "B": 0.0})
    assert cells(found) == {(2, 5): 1}
    assert found.n == 1


def test_who_has_no_day_0_or_is_left_out_does_not_count():
    courses = {name: [(0, "1"), (60, "2")] for name in "ABC"}
    without = Settings(excluded_patients=(PatientExclusion("B", "other"),))
    found = kings(courses, settings=without, transplants={"C": ()})
    assert (found.n, found.counted, found.visits) == (1, 1, 2)


def test_day_0_is_that_of_the_settings():
    courses = {"A": [(0, "1"), (60, "2"), (120, "3")]}
    assert cells(kings(courses)) == {(1, 3): 1}
    assert cells(kings(courses, settings=Settings(shift_days=60))) == {(2, 3): 1}


def test_4a_and_4b_are_one_stage():
    trial = staged({"A": [(0, "4"), (60, "4")]})
    items = trial.items.assign(gastrostomy=[False, True])
    found = transitions_of(replace(trial, items_frame=items), Settings(), "kings")
    assert found is not None
    assert cells(found) == {(4, 4): 1}
    assert found.after_day0.same == 1


def test_other_systems():
    trial = staged({"A": [(0, 0), (60, 2)], "B": [(0, 1), (60, 4)]}, kinds=MITOS)
    mitos = transitions_of(trial, Settings(), "mitos")
    assert mitos is not None
    assert mitos.labels[0] == "0"
    assert cells(mitos) == {(0, 2): 1, (1, 4): 1}
    assert mitos.could_reach.tolist() == [0, 1, 2, 2, 2, 2]
    assert mitos.reached.tolist() == [0, 1, 2, 1, 1, 0]
    ft9 = transitions_of(trial, Settings(), "ft9")
    assert ft9 is not None
    assert cells(ft9) == {(0, 2): 1, (1, 4): 1}
    assert transitions_of(made({"A": {0: 40}}), Settings(), "kings") is None
    json.dumps(ft9.to_json(), allow_nan=False)


courses = st.lists(
    st.lists(
        st.tuples(st.integers(-200, 200), st.sampled_from(sorted(MITOS))),
        max_size=6,
        unique_by=lambda visit: visit[0],
    ),
    min_size=1,
    max_size=6,
)


@given(courses, st.lists(st.sampled_from([NAN, 10.0, 90.0]), min_size=6, max_size=6))
def test_counts_against_brute_force(given_courses, deaths):
    names = [f"P{i}" for i in range(len(given_courses))]
    if not any(given_courses):
        return
    died = dict(zip(names, deaths, strict=False))
    trial = staged(dict(zip(names, given_courses, strict=True)), died, kinds=MITOS)
    expected: dict[object, int] = {}
    moves = [0, 0, 0]
    for name, course in zip(names, given_courses, strict=True):
        course = sorted(course)
        for (_, one), (day, two) in itertools.pairwise(course):
            if day > 0:
                moves[(two > one) - (two < one)] += 1
        start = [s for d, s in course if -92 <= d <= 0]
        later = [s for d, s in course if d > 0]
        end = 5 if died[name] == died[name] else later[-1] if later else None
        if start and end is not None:
            expected[start[-1], end] = expected.get((start[-1], end), 0) + 1
    found = transitions_of(trial, Settings(), "mitos")
    assert found is not None
    assert cells(found) == expected
    after = found.after_day0
    assert [after.same, after.advance, after.back] == moves
    assert found.counted + found.no_start + found.no_later == found.n


@search(max_examples=8)
@given(courses, st.integers(0, 1000))
def test_names_and_order_do_not_matter(given_courses, seed):
    if not any(given_courses):
        return
    order = np.random.default_rng(seed).permutation(len(given_courses))
    one = staged({f"P{i}": c for i, c in enumerate(given_courses)}, kinds=MITOS)
    two = staged({f"Q{i}": given_courses[i][::-1] for i in order}, kinds=MITOS)
    first, second = (transitions_of(t, Settings(), "mitos") for t in (one, two))
    assert first is not None
    assert second is not None
    assert first.to_json() == second.to_json()


def test_a_wrong_system_is_an_error():
    from analysis.stage_transitions import stage_transitions
    from analysis.staging import stage_visits

    trial = staged({"A": [(0, "1")]})
    table = stage_visits(trial, Settings())
    assert table is not None
    with pytest.raises(ValueError, match="FT9"):
        stage_transitions(table, "ft9", np.array([NAN]), np.array([True]))


def three_rules(trial, settings):
    """Return the King's stage at day 0 as the matrix, the filter and the table of day 0 tell it."""
    columns = baseline_variables(trial, settings)
    column = next((variable for variable in columns if variable.key == "kings"), None)
    labels = [
        "" if column is None or code < 0 else column.categories[int(code)][0]
        for code in (np.full(len(trial.patient_ids), -1) if column is None else column.values)
    ]
    matrix, filtered = [], []
    for at, name in enumerate(trial.patient_ids):
        others = tuple(PatientExclusion(p, "other") for p in trial.patient_ids if p != name)
        found = transitions_of(trial, settings.with_(excluded_patients=others), "kings")
        dead = np.flatnonzero(found.counts[:, 5])
        matrix.append("" if found.no_start else str(dead[0]))
        stages = [
            v
            for v in (*"1234", "0/1")
            if passing(trial, settings.with_(filters=(f"kings:{v}",)))[at]
        ]
        filtered.append(stages[0][0] if stages else "")
    return matrix, filtered, labels


@pytest.mark.parametrize(
    ("course", "stage"),
    [
        ([(-92, "2")], "2"),
        ([(-93, "2")], ""),
        ([(0, "3"), (-5, "2")], "3"),
        ([(1, "3"), (-5, "2")], "2"),
        ([(0, "?"), (-5, "2")], "2"),
        ([(0, "1"), (0, "2"), (-5, "3")], "3"),
        ([(0, "1"), (0, "1"), (0, "2"), (-5, "3")], "3"),
        ([(0, "4"), (0, "4A"), (-5, "3")], "4"),
        ([(0, "0")], "0"),
    ],
)
def test_one_stage_at_day_0_in_the_matrix_the_filter_and_the_table(course, stage):
    kinds = KINGS | {"4A": {5: NAN}}
    trial = staged({"A": course, "B": [(0, "1")]}, {"A": 50.0, "B": 50.0}, kinds)
    items = trial.items
    items["gastrostomy"] = items["item_5"].isna()
    items["item_5"] = items["item_5"].fillna(4.0)
    matrix, filtered, table = three_rules(replace(trial, items_frame=items), Settings())
    assert (matrix[0], filtered[0], table[0]) == (stage, stage, stage)
    assert (matrix[1], filtered[1], table[1]) == ("1", "1", "1")


@search(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from([-95, -92, -91, -2, 0, 1, 30, 31]), st.sampled_from([*KINGS])),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([0, 30, -60]),
)
def test_the_three_rules_never_disagree(course, shift):
    trial = staged({"A": course, "B": [(shift, "1")]}, {"A": 50.0, "B": 50.0})
    matrix, filtered, table = three_rules(trial, Settings(shift_days=shift))
    assert matrix == filtered == table

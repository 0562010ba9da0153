"""Who was seen from when to when: every way of ending, by hand, with its boundaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from analysis.attendance import Attendance, attendance
from analysis.cohort import course_density, last_values, middle_course, overview, usual_spacing
from analysis.settings import PatientExclusion, Settings
from analysis.slope_points import Points, place_points
from data.trial import DAYS_PER_MONTH, Periods, Trial
from tests.conftest import frame_from, trial_from

MONTH = DAYS_PER_MONTH
TEN = Periods(4, 10)
EVERY_2 = (-4, -2, 0, 2, 4, 6, 8, 10)


def seen_until(last: float) -> dict[float, float]:
    """Return a visit every two months up to the last one."""
    return {m * MONTH: 30.0 for m in EVERY_2 if m <= last}


def made_trial(
    visits: dict[str, dict[float, float]],
    events: Sequence[tuple[str, str, float]] = (),
    deaths: Mapping[str, float] = MappingProxyType({}),
    periods: Periods | None = TEN,
) -> Trial:
    """Return a trial with events and deaths in months, as a file could hold them."""
    trial = trial_from(frame_from(visits))
    people = trial.patients.assign(
        death_day=[deaths.get(p, np.nan) * MONTH for p in trial.patient_ids]
    )
    rows = pd.DataFrame(
        [(p, kind, m * MONTH, kind) for p, kind, m in events],
        columns=["patient", "kind", "day", "text"],
    )
    return replace(trial, patients_frame=people, events_frame=rows, periods=periods)


def of(trial: Trial, settings: Settings | None = None) -> Attendance:
    return attendance(trial, settings or Settings())


@pytest.mark.parametrize(
    ("last", "events", "death", "status"),
    [
        (10, [], None, "to the end"),
        (8, [], None, "to the end"),  # one spacing early is not early
        (6, [], None, "no further visit"),
        (6, [("last_contact", 7)], None, "last contact"),
        (8, [("last_contact", 9)], None, "to the end"),
        (6, [("lost", 7)], None, "lost"),
        (8, [("lost", 9)], None, "lost"),  # recorded, so no rule of ours decides
        (10, [("lost", 11)], None, "to the end"),  # after the end of the trial
        (6, [("tracheostomy", 5)], None, "tracheostomy"),
        (10, [("tracheostomy", 5)], None, "to the end"),
        (6, [("tracheostomy", 5), ("lost", 7)], None, "lost"),
        (6, [("last_contact", 8)], 8, "died"),
        (10, [], 12, "died"),
        (6, [("tracheostomy", 5), ("lost", 7)], 9, "died"),
        (6, [("niv", 5), ("infection", 4)], None, "no further visit"),
    ],
)
def test_each_way_of_ending(last, events, death, status):
    trial = made_trial(
        {"A": seen_until(last), "B": seen_until(10)},
        [("A", kind, month) for kind, month in events],
        {} if death is None else {"A": death},
    )
    found = of(trial)
    assert (found.end, found.declared, found.spacing) == (10, True, 2)
    assert found.status == (status, "to the end")
    latest = max([last, *(m for kind, m in events if kind in ("last_contact", "lost"))])
    assert found.until[0] == pytest.approx(max(latest, death or -np.inf))
    assert found.first_visit[0] == pytest.approx(-4)
    assert found.last_visit[0] == pytest.approx(last)
    assert found.count(status) + found.count("to the end") >= 2


def test_calendar_months_do_not_make_a_visit_early():
    """February is 2.4 days shorter than the mean month: its visit is still one spacing away."""
    almost = {**seen_until(6), 8 * MONTH - 2.4: 30.0}
    found = of(made_trial({"A": almost, "B": seen_until(10)}))
    assert found.status[0] == "to the end"
    two_weeks = {**seen_until(6), 8 * MONTH - 14: 30.0}
    found = of(made_trial({"A": two_weeks, "B": seen_until(10)}))
    assert found.status[0] == "no further visit"


def test_without_a_declared_length_the_last_visit_of_anybody_is_the_end():
    found = of(made_trial({"A": seen_until(4), "B": seen_until(8)}, periods=None))
    assert (found.end, found.declared) == (pytest.approx(8), False)
    assert found.status == ("no further visit", "to the end")


def test_spacing_is_that_after_day_0():
    """Monthly visits before day 0 must not make quarterly ones after it look early."""
    months = (-6, -5, -4, -3, -2, -1, 0, 3, 6, 9)
    visits = {m * MONTH: 30.0 for m in months}
    short = {d: v for d, v in visits.items() if d <= 6 * MONTH + 1}
    found = of(made_trial({"A": visits, "B": short}, periods=Periods(6, 9)))
    assert found.spacing == 3
    assert found.status == ("to the end", "to the end")


def test_every_endpoint_counts_as_a_visit_and_a_day_only_once():
    scores = frame_from({"A": {0: 30, 60: 29}})
    fvc = frame_from({"A": {0: 80, 90: 70}}, "fvc")
    found = of(trial_from(pd.concat([scores, fvc], ignore_index=True)))
    assert (found.visit_month * MONTH).tolist() == pytest.approx([0, 60, 90])
    assert found.last_visit[0] * MONTH == pytest.approx(90)


def test_a_value_set_aside_while_reading_is_no_visit():
    frame = frame_from({"A": {0: 30, 60: 29, 90: 28}}).assign(status=["ok", "ok", "AFTER_DEATH"])
    assert of(trial_from(frame)).last_visit[0] * MONTH == pytest.approx(60)


def test_who_is_not_in_it_and_why():
    visits = {p: seen_until(10) for p in ("A", "B", "C", "D")}
    trial = trial_from(frame_from(visits), transplants={"B": ()}, patients=("A", "B", "C", "E"))
    excluded = (PatientExclusion("C", "other"),)
    found = of(trial, Settings(excluded_patients=excluded))
    names = trial.patient_ids
    assert [names[i] for i in found.patient] == ["A", "D"]
    assert [names[i] for i in found.without_day0] == ["B"]
    assert [names[i] for i in found.left_out] == ["C"]
    assert [names[i] for i in found.without_visit] == ["E"]
    assert set(found.visit_patient.tolist()) == {names.index("A"), names.index("D")}


def test_filters_hide_patients_and_their_number_is_said():
    trial = made_trial({"A": seen_until(10), "B": seen_until(4)})
    people = trial.patients.assign(sex=["F", "M"])
    found = of(replace(trial, patients_frame=people), Settings(filters=("sex:F",)))
    assert (found.patient.tolist(), found.filtered) == ([0], 1)


def test_months_count_from_the_chosen_transplant():
    frame = frame_from({"A": seen_until(10)})
    trial = trial_from(frame, transplants={"A": (0.0, 4 * MONTH)})
    second = of(trial, Settings(transplant=1))
    assert second.first_visit[0] == pytest.approx(-8)
    assert second.last_visit[0] == pytest.approx(6)


@pytest.mark.parametrize(("shift", "end"), [(0, 10), (122, 5.9918), (-61, 12.0041)])
def test_the_declared_end_counts_from_the_transplant_whatever_day_0_is_moved_to(shift, end):
    trial = made_trial({"A": seen_until(10), "B": seen_until(4)})
    found = of(trial, Settings(shift_days=shift))
    assert found.declared
    assert found.end == pytest.approx(end, abs=1e-4)
    assert found.status == ("to the end", "no further visit")


def test_after_a_second_transplant_no_length_is_declared():
    frame = frame_from({"A": seen_until(10), "B": seen_until(10)})
    trial = trial_from(frame, transplants={"A": (0.0, 4 * MONTH), "B": (0.0,)})
    trial = replace(trial, periods=TEN)
    second = of(trial, Settings(transplant=1))
    assert (second.declared, second.status) == (False, ("to the end",))
    assert second.end == pytest.approx(6)
    assert not of(trial, Settings(transplant=-1)).declared
    assert of(trial).declared


def test_a_death_without_a_day_of_its_own_among_the_events_is_still_one():
    """The day of death of the patients counts, as for survival, whatever the row of events says."""
    trial = made_trial({"A": seen_until(4)}, [("A", "death", float("nan"))], {"A": 5})
    assert of(trial).status == ("died",)
    assert of(trial).death[0] == pytest.approx(5)


def test_nobody():
    empty = of(trial_from(frame_from({"A": {0: 30}}), transplants={"A": ()}))
    assert len(empty.patient) == 0
    assert empty.to_json(("A",))["end"] is None


def test_longest_first_and_json_names_patients():
    trial = made_trial({"A": seen_until(4), "B": seen_until(10), "C": seen_until(6)})
    found = of(trial)
    assert found.by_length.tolist() == [1, 2, 0]
    told = found.to_json(trial.patient_ids)["patients"][0]
    assert (told["patient"], told["status"], told["death"]) == ("A", "no further visit", None)


def points_of(visits: dict[str, dict[float, float]]) -> Points:
    return place_points(trial_from(frame_from(visits)), "alsfrs_r", Settings())


def test_density_counts_each_course_once_a_month_as_a_plain_loop_does():
    rng = np.random.default_rng(8)
    visits = {}
    for i in range(40):
        days = np.unique(rng.integers(-300, 300, rng.integers(1, 9)))
        visits[f"P{i}"] = {float(d): float(rng.integers(0, 49)) for d in days}
    visits["whole"] = {m * MONTH: 24.0 + m for m in (-2, 0, 2)}
    months, values = np.arange(-10, 10.5, 0.5), np.arange(0, 49, 2.0)
    found = course_density(points_of(visits), months, values)
    expected = np.zeros((len(values), len(months)), dtype=int)
    for course in visits.values():
        x = np.asarray(list(course)) / MONTH
        y = np.asarray(list(course.values()))
        if len(x) < 2:
            continue
        for column, month in enumerate(months):
            if x[0] - 1e-9 <= month <= x[-1] + 1e-9:
                height = np.interp(month, x, y)
                expected[int(min(np.floor(height / 2 + 0.5), 24)), column] += 1
    assert found.courses.tolist() == expected.tolist()
    assert expected.sum() > 500


def test_raster_only_where_lines_cannot_be_told_apart(monkeypatch):
    points = points_of({f"P{i}": seen_until(10) for i in range(5)})
    assert overview(points, (0.0, 48.0)).density is None
    monkeypatch.setattr("analysis.cohort.DENSE", 4)
    dense = overview(points, (0.0, 48.0)).density
    assert dense is not None
    # Whole scores fall into the middle of a cell each.
    assert dense.value.tolist() == list(range(49))
    assert dense.courses.sum(axis=0).tolist() == [5] * len(dense.month)


def test_quantiles_interpolate_linearly():
    """Type 7 of Hyndman and Fan: position 1 + (n − 1) p; of 1 to 11 the tenth is 2."""
    points = points_of({f"P{i}": {0.0: float(i)} for i in range(1, 12)})
    middle = middle_course(points, 2.0)
    values = (middle.tenth, middle.lower, middle.median, middle.upper, middle.ninetieth)
    assert [v[0] for v in values] == pytest.approx([2, 3.5, 6, 8.5, 10])


def test_last_values_and_thresholds_are_strict():
    points = points_of({"A": {0.0: 40, 30.0: 20}, "B": {60.0: 21, -60.0: 4}, "C": {0.0: 19}})
    last = last_values(points)
    assert last.value.tolist() == [20, 21, 19]
    assert (last.month * MONTH).tolist() == pytest.approx([30, 60, 0])
    assert last.below(20).tolist() == [2]
    assert last.below(21).tolist() == [2, 0]


@pytest.mark.parametrize(("gap", "spacing"), [(0.9, 1), (1.9, 2), (2.6, 3), (5, 6), (20, 12)])
def test_usual_spacing_is_the_nearest_by_ratio(gap, spacing):
    month = np.arange(6) * gap
    assert usual_spacing(np.zeros(6, dtype=np.int64), month[::-1].copy()) == spacing

"""Survival: R's numbers, counts by hand, who is in it and why not, and what must not matter."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from analysis.follow_up import FollowUp, follow_up
from analysis.log_rank import log_rank
from analysis.settings import PatientExclusion, Settings
from analysis.survival import kaplan_meier, survival
from analysis.survivor_function import function_courses
from data.trial import DAYS_PER_MONTH, EVENT_COLUMNS
from tests.conftest import REFERENCE, compared, made, trial_from

R = json.loads((REFERENCE / "survival" / "survival.json").read_text("utf-8"))
NAN = float("nan")


def curve_of(time, event, level=0.95):
    n = len(time)
    yes = np.ones(n, dtype=bool)
    events = np.asarray(event, dtype=bool)
    followed = FollowUp(np.asarray(time, dtype=float), events, events, yes, (), 0)
    return kaplan_meier("all", followed, np.arange(n), level)


def numbers(values):
    return np.asarray([NAN if v is None else v for v in values], dtype=float)


@pytest.mark.parametrize("level", [95, 80])
@pytest.mark.parametrize("name", R["curves"])
def test_curve_interval_and_median_are_those_of_r(name, level):
    data = R["curves"][name]
    expected = data[f"level_{level}"]
    curve = curve_of(data["time"], data["event"], level / 100)
    for key in ("month", "survival", "at_risk", "events", "censored"):
        np.testing.assert_allclose(getattr(curve, key), expected[key], rtol=1e-12, atol=1e-14)
    # Where nobody has died yet and where nobody is left there is no interval.
    for key in ("low", "high"):
        np.testing.assert_allclose(getattr(curve, key), numbers(expected[key]), rtol=1e-10)
    np.testing.assert_allclose(
        [curve.median, *curve.median_ends],
        numbers([expected[key] for key in ("median", "median_low", "median_high")]),
        rtol=1e-12,
    )


@pytest.mark.parametrize("case", R["log_rank"])
def test_log_rank_is_that_of_r(case):
    groups = [
        (np.asarray(d["time"], dtype=float), np.asarray(d["event"], dtype=bool))
        for d in (R["curves"][case["first"]], R["curves"][case["second"]])
    ]
    found = log_rank(*groups)
    assert found.chi2 == pytest.approx(case["chi2"], rel=1e-10)
    assert found.p == pytest.approx(case["p"], rel=1e-9)
    assert list(found.observed) == case["observed"]
    assert found.expected == pytest.approx(case["expected"], rel=1e-10)


times = st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=25).map(
    lambda rows: (np.asarray([r[0] for r in rows]), np.asarray([r[1] for r in rows]))
)


@given(times)
def test_curve_is_that_of_statsmodels(data):
    time, event = data
    curve = curve_of(time, event)
    known = SurvfuncRight(time, event.astype(int))
    died = curve.events > 0
    np.testing.assert_allclose(curve.survival[died], known.surv_prob, atol=1e-12)
    np.testing.assert_array_equal(curve.at_risk[died], known.n_risk)


@given(times, times)
def test_log_rank_is_that_of_statsmodels_and_has_no_side(first, second):
    if not (first[1].any() or second[1].any()):
        return
    found = log_rank(first, second)
    if math.isfinite(found.chi2):
        group = np.repeat([0, 1], [len(first[0]), len(second[0])])
        time, event = np.r_[first[0], second[0]], np.r_[first[1], second[1]]
        chi2, _ = survdiff(time, event.astype(int), group)
        assert found.chi2 == pytest.approx(float(chi2), rel=1e-8, abs=1e-10)
    other = log_rank(second, first)
    assert other.chi2 == pytest.approx(found.chi2, rel=1e-9, abs=1e-12, nan_ok=True)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_without_censoring_survival_is_one_minus_the_share_that_died(days):
    curve = curve_of(np.asarray(days) / 4, np.ones(len(days)))
    for month, left in zip(curve.month, curve.survival, strict=True):
        assert left == pytest.approx(np.mean(np.asarray(days) / 4 > month), abs=1e-12)


@given(times, st.integers(0, 10_000))
def test_the_order_of_patients_does_not_matter(data, seed):
    time, event = data
    order = np.random.default_rng(seed).permutation(len(time))
    one, two = curve_of(time, event), curve_of(time[order], event[order])
    np.testing.assert_array_equal(one.month, two.month)
    np.testing.assert_array_equal(one.survival, two.survival)
    np.testing.assert_array_equal(one.low, two.low)


@given(times)
def test_the_unit_of_time_does_not_matter(data):
    time, event = data
    one, two = curve_of(time, event), curve_of(time * 7.0, event)
    np.testing.assert_array_equal(one.survival, two.survival)
    assert two.median == pytest.approx(7 * one.median, nan_ok=True)


def test_nobody_died():
    curve = curve_of([3, 5], [0, 0])
    assert curve.survival.tolist() == [1, 1]
    assert math.isnan(curve.median)
    assert curve.n_events == 0


def test_at_risk_is_counted_just_before():
    curve = curve_of([1, 2, 2, 4], [1, 0, 1, 1])
    assert curve.at_risk_at(np.array([0, 1, 1.5, 2, 3, 4, 4.1])).tolist() == [4, 4, 3, 3, 1, 1, 0]
    assert curve.survival_at(0.5) == 1
    assert curve.survival_at(2) == pytest.approx(3 / 4 * 2 / 3)
    assert math.isnan(curve.survival_at(4.5))


# Trials


def people(rows, events=(), **more):
    """Return a trial of ``{name: {"visits": …, "death": …, "transplants": …, "group": …}}``."""
    visits = {name: dict.fromkeys(row.get("visits", (-60, 0)), 40) for name, row in rows.items()}
    transplants = {name: row.get("transplants", (0.0,)) for name, row in rows.items()}
    trial = made(visits, transplants=transplants, patients=list(rows), **more)
    frame = trial.patients.assign(
        death_day=[row.get("death", NAN) for row in rows.values()],
        group=[row.get("group", "") for row in rows.values()],
    )
    dates = pd.DataFrame(list(events), columns=list(EVENT_COLUMNS))
    return replace(trial, patients_frame=frame, events_frame=dates)


def months(trial, **settings):
    found = follow_up(trial, Settings(**settings))
    return {
        name: (round(float(m) * DAYS_PER_MONTH, 6), "death" if d else "event" if e else "censored")
        for name, m, e, d, use in zip(
            trial.patient_ids, found.month, found.event, found.death, found.included, strict=True
        )
        if use
    }, dict(found.left)


def test_how_each_patient_leaves():
    trial = people(
        {
            "died": {"visits": (-30, 90), "death": 200.0},
            "visit": {"visits": (-30, 90)},
            "contact": {"visits": (-30, 90)},
            "old contact": {"visits": (-30, 90)},
            "tube": {"visits": (-30, 90), "death": 300.0},
            "lost": {"visits": (-30, 90)},
            "repeat": {"visits": (-30, 90), "transplants": (0.0, 180.0)},
            "only day 0": {"visits": (-30,)},
        },
        [
            ("contact", "last_contact", 400.0, ""),
            ("old contact", "last_contact", 50.0, ""),
            ("tube", "tracheostomy", 120.0, ""),
            ("tube", "tracheostomy", 150.0, ""),
            ("lost", "lost", 500.0, "recorded as lost to follow-up"),
        ],
    )
    found, left = months(trial)
    assert left == {}
    assert found == {
        "died": (200, "death"),
        "visit": (90, "censored"),
        "contact": (400, "censored"),
        "old contact": (90, "censored"),
        "tube": (120, "event"),
        "lost": (90, "censored"),
        "repeat": (180, "censored"),
        "only day 0": (0, "censored"),
    }


def test_events_on_day_0_and_before():
    trial = people(
        {
            "before": {"death": -1.0},
            "on day 0": {"death": 0.0},
            "tracheostomy before": {"death": 90.0},
            "tracheostomy on day 0": {},
            "same day": {"death": 60.0},
            "next day": {"death": 61.0},
        },
        [
            ("tracheostomy before", "tracheostomy", -20.0, ""),
            ("tracheostomy on day 0", "tracheostomy", 0.0, ""),
            ("same day", "tracheostomy", 60.0, ""),
            ("next day", "tracheostomy", 60.0, ""),
        ],
    )
    found, left = months(trial)
    assert found == {"on day 0": (0, "death"), "same day": (60, "death"), "next day": (60, "event")}
    assert left == {
        "before": "death before day 0",
        "tracheostomy before": "tracheostomy by day 0",
        "tracheostomy on day 0": "tracheostomy by day 0",
    }
    (curve,) = survival(trial, Settings()).curves
    assert curve.month[0] == 0
    assert curve.survival[0] == pytest.approx(2 / 3)
    assert (curve.n_events, curve.n_deaths) == (3, 2)


def test_who_is_not_in_it_is_named():
    trial = people({"A": {"death": 90.0}, "B": {"transplants": ()}, "C": {"visits": (-9, 50)}})
    settings = Settings(excluded_patients=(PatientExclusion("C", "other"),))
    found = survival(trial, settings)
    assert dict(found.left) == {"B": "no transplant date", "C": "left out: other"}
    assert (found.n, found.n_loaded) == (1, 3)
    second = survival(trial, Settings(transplant=1))
    assert dict(second.left)["A"] == "only 1 transplant"
    assert second.n == 0


def test_survival_counts_from_the_day_0_of_the_settings_and_never_from_onset():
    trial = people(
        {
            "A": {"visits": (0, 100), "transplants": (0.0, 90.0), "death": 300.0},
            "B": {"visits": (0, 100), "transplants": (0.0, 90.0), "death": 80.0},
        }
    )
    onset = trial.patients.assign(onset_day=-800.0)
    dated = replace(trial, patients_frame=onset)
    assert months(dated) == months(trial)
    assert months(trial, transplant=1) == ({"A": (210, "death")}, {"B": "death before day 0"})
    assert months(trial, shift_days=30)[0] == {"A": (270, "death"), "B": (50, "death")}


def test_who_was_last_seen_before_a_shifted_day_0_is_not_in_it():
    trial = people({"A": {"visits": (-60, 10)}, "B": {"visits": (0, 90)}})
    found, left = months(trial, shift_days=30)
    assert found == {"B": (60, "censored")}
    assert left == {"A": "last seen before day 0"}


def test_windows_and_endpoints_play_no_part():
    trial = people({"A": {"death": 90.0}, "B": {"visits": (-60, 300)}})
    narrow = {"post_months": 1.0, "endpoints": ("fvc",), "skip_days": 60}
    assert months(trial, **narrow) == months(trial)


def test_quarantined_values_show_nobody_alive():
    frame = pd.DataFrame(
        {"patient": "A", "day": [0.0, 60.0, 5000.0], "value": 40.0, "status": ["ok", "ok", "FAR"]}
    )
    assert months(trial_from(frame))[0] == {"A": (60, "censored")}


def test_groups_with_log_rank_and_without_group():
    rows = {
        f"{g}{i}": {"group": g, "death": 30.0 * (i + 1) * (1 + (g == "b"))}
        for g in "ab"
        for i in range(5)
    }
    trial = people({**rows, "nobody’s": {"death": 50.0}})
    found = survival(trial, Settings(group_by="group"))
    assert [curve.label for curve in found.curves] == ["a", "b"]
    assert found.without_group == ("nobody’s",)
    assert found.n == 10
    assert found.log_rank is not None
    assert survival(trial, Settings()).log_rank is None
    assert survival(trial, Settings()).n == 11


def test_of_many_groups_the_smallest_are_one():
    rows = {f"{g}{i}": {"group": g} for k, g in enumerate("abcdefgh") for i in range(9 - k)}
    curves = survival(people(rows), Settings(group_by="group")).curves
    assert [c.label for c in curves] == ["a", "b", "c", "d", "e", "other groups"]
    assert [c.n for c in curves] == [9, 8, 7, 6, 5, 4 + 3 + 2]


def test_a_death_that_is_only_known_by_a_visit_is_counted_aside():
    trial = people(
        {"A": {"death": 90.0}, "B": {"death": 80.0}},
        [
            ("A", "death", 90.0, "death"),
            ("B", "death", 80.0, "recorded as dead by this visit"),
        ],
    )
    assert survival(trial, Settings()).late_deaths == 1


def test_invasive_ventilation_by_items_is_said_and_is_no_event():
    trial = people(
        {"A": {"visits": (0, 60)}, "B": {"visits": (0, 60)}}, [("B", "tracheostomy", 30.0, "")]
    )
    items = pd.DataFrame({f"item_{n}": [4.0, 4.0, 4.0] for n in range(1, 13)}).assign(
        patient=["A", "A", "B"], day=[0.0, 60.0, 60.0], gastrostomy=False, row=[2, 3, 4]
    )
    items["item_12"] = [4.0, 0.0, 0.0]
    found = survival(replace(trial, items_frame=items), Settings())
    assert found.ventilated == 1
    assert found.n_events == 1


@search(max_examples=8)
@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), min_size=1, max_size=12))
def test_names_and_order_of_patients_do_not_matter(rows):
    def named(names, given_rows):
        return people(
            {
                name: {"visits": (0, day), "death": float(day) if died else NAN}
                for name, (day, died) in zip(names, given_rows, strict=True)
            }
        )

    (one,) = survival(named([f"P{i}" for i in range(len(rows))], rows), Settings()).curves
    (two,) = survival(named([f"Z{i}" for i in range(len(rows))], rows[::-1]), Settings()).curves
    np.testing.assert_array_equal(one.survival, two.survival)
    np.testing.assert_array_equal(one.at_risk, two.at_risk)


def test_events_of_one_day_are_ties_in_the_log_rank_test_whatever_day_0_is():
    """Days are fractions, so months from a later transplant differ by rounding only."""
    days, names = [100.7, 200.3, 300.1] * 4, [f"P{i:02d}" for i in range(12)]
    later = [17.3 * i**2 + 17.67 for i in range(12)]
    trial = made(
        {name: {0: 40} for name in names},
        transplants={name: (0.0, t) for name, t in zip(names, later, strict=True)},
    )
    people = trial.patients.assign(
        death_day=[t + d for t, d in zip(later, days, strict=True)], group=["a"] * 7 + ["b"] * 5
    )
    found = survival(
        replace(trial, patients_frame=people), Settings(transplant=1, group_by="group")
    )
    times = np.concatenate([curve.time for curve in found.curves])
    assert len(np.unique(times)) > 3, "no rounding: the test has no teeth"
    chi2, p = survdiff(np.array(days), np.ones(12), np.array(["a"] * 7 + ["b"] * 5))
    assert found.log_rank.chi2 == pytest.approx(chi2)
    assert found.log_rank.p == pytest.approx(p)


def test_the_function_course_is_of_the_patients_in_the_curves():
    visits = {f"P{i}": {-60: 40, 0: 38, 60: 30 + i} for i in range(4)}
    trial = made({**visits, "X": {-60: 1, 0: 1, 60: 1}}, transplants={"X": ()})
    result = compared(trial)
    found = survival(trial, Settings())
    (course,) = function_courses(found, [result])
    assert course.middle.n.max() == 4
    assert course.middle.median[-1] == np.median([30, 31, 32, 33])


def courses_of(months):
    visits = {f"P{i}": {round(30.4375 * m): 40 - m for m in months} for i in range(4)}
    trial = made(visits)
    (course,) = function_courses(survival(trial, Settings()), [compared(trial)])
    return course


def test_visits_between_the_months_leave_no_gap_in_the_function_course():
    """By hand: every 2 months nobody is near month 8; every 3 months all centres have everybody."""
    course = courses_of([-4, -2, 0, 2, 4, 6, 9, 12])
    assert course.step == 3
    assert course.middle.n.tolist() == [4] * 6
    assert np.isfinite(course.middle.median).all()
    # Visits that lie as they usually do keep the finer step, and so does a gap that no step fills.
    assert courses_of([-4, -2, 0, 2, 4, 6]).step == 2
    assert courses_of([-4, -2, 0, 2, 4, 6, 8, 60]).step == 2


@pytest.mark.parametrize(
    ("entry", "chosen"), [("followed:12 or more", True), ("alsfrs_r_visits:several", True),
                          ("group:a", False)]
)  # fmt: skip
def test_a_filter_on_what_happened_later_is_said(entry, chosen):
    trial = people({"A": {"group": "a", "death": 90.0}, "B": {"group": "b", "visits": (0, 400)}})
    found = survival(trial, Settings(filters=(entry,)))
    assert found.by_outcome is chosen
    assert found.n + found.filtered == 2


def test_filters_hide_patients():
    trial = people({"A": {"group": "a", "death": 90.0}, "B": {"group": "b"}})
    found = survival(trial, Settings(filters=("group:b",)))
    assert (found.n, found.n_events, found.filtered, found.left) == (1, 0, 1, ())


def test_json_holds_plain_values():
    trial = people({"A": {"death": 90.0}, "B": {"visits": (0, 200)}})
    plain = json.loads(json.dumps(survival(trial, Settings()).to_json(), allow_nan=False))
    assert plain["curves"][0]["events"] == 1
    assert plain["curves"][0]["median_low"] is None or plain["curves"][0]["median_low"] > 0

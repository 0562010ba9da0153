"""What a review found in the analysis, pinned by behaviour."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.cohort import middle_course, visit_spacing
from analysis.compare import compare
from analysis.course import course
from analysis.paired_tests import sign_flip_test
from analysis.settings import PatientExclusion, PointDecision, Settings
from analysis.slopes import place_points
from data.trial import DAYS_PER_MONTH, Trial
from report.caveats import caveats
from report.tables import visits
from report.words import holm_line
from tests.conftest import frame_from, made, read_text, trial_from

# P1 has only FVC; P2 has no transplant, and FVC 60 days before the first ALSFRS-R.
MIXED = """patient_id,visit_date,transplant_date,ALSFRS_R,FVC_percent
P1,2019-12-05,2020-03-04,,80
P1,2020-06-02,2020-03-04,,77
P2,2020-01-01,,,90
P2,2020-03-01,,44,
P2,2020-05-30,,43,88
P3,2019-12-05,2020-03-04,41,80
P3,2020-06-02,2020-03-04,40,77
"""


def courses_of(patient: str) -> dict:
    trial = read_text(MIXED).trial
    assert trial is not None
    comparison = compare(trial, Settings())
    at = trial.patient_ids.index(patient)
    return {e.endpoint.key: course(trial, e, at, comparison.settings) for e in comparison.endpoints}


def test_a_patient_with_one_endpoint_only_counts_from_day_0_everywhere():
    both = courses_of("P1")
    assert [both["alsfrs_r"].has_day0, both["fvc"].has_day0] == [True, True]
    assert both["alsfrs_r"].month.size == 0
    assert both["fvc"].month * DAYS_PER_MONTH == pytest.approx([-90, 90])


def test_without_a_transplant_all_endpoints_count_from_one_first_visit():
    both = courses_of("P2")
    assert [both["alsfrs_r"].has_day0, both["fvc"].has_day0] == [False, False]
    # From 1 January 2020, the FVC visit: 60 and 150 days.
    assert both["alsfrs_r"].month * DAYS_PER_MONTH == pytest.approx([60, 150])
    assert both["fvc"].month * DAYS_PER_MONTH == pytest.approx([0, 150])


def test_months_in_the_table_of_visits_follow_the_chosen_transplant():
    trial = made({"A": {-90: 44, 0: 43, 365: 40, 455: 39}}, transplants={"A": (0.0, 365.0)})
    for which, zero in ((0, 0), (1, 365), (-1, 365)):
        table = visits(trial, compare(trial, Settings(transplant=which)), 0)
        expected = [(day - zero) / DAYS_PER_MONTH for day in (-90, 0, 365, 455)]
        assert table["month"].to_list() == pytest.approx(expected)


def course_by(slope: float, start: float, unit: float) -> dict[int, float]:
    return {d: round(start - unit * slope * max(0, d + 200) / 100, 2) for d in (-200, 0, 200, 300)}


def several(*endpoints: str) -> Trial:
    starts = {"alsfrs_r": 40.0, "fvc": 80.0, "fvc_litres": 4.0, "svc": 75.0}
    frames = []
    for key in endpoints:
        unit = 0.1 if key == "fvc_litres" else 1.0
        people = {f"P{i}": course_by(1, starts[key], unit) for i in range(4)}
        for i, values in enumerate(people.values()):
            values[300] += unit * (i - 1)
        frames.append(frame_from(people, key))
    return trial_from(pd.concat(frames, ignore_index=True))


def test_litres_stand_in_for_per_cent_in_the_family_of_holm():
    keys = ("alsfrs_r", "fvc_litres", "svc")
    comparison = compare(several(*keys), Settings(endpoints=keys))
    by_key = {e.endpoint.key: e for e in comparison.endpoints}
    assert {key: e.holm_over for key, e in by_key.items()} == {
        "alsfrs_r": 2,
        "fvc_litres": 2,
        "svc": 0,
    }
    roles = {key: e.primary.role for key, e in by_key.items()}
    assert roles == {"alsfrs_r": "primary", "fvc_litres": "primary", "svc": "exploratory"}
    assert {t.role for t in by_key["svc"].tests} == {"exploratory"}
    low, high = sorted(by_key[key].primary.p for key in keys[:2])
    holm = sorted(by_key[key].holm_p for key in keys[:2])
    assert holm == pytest.approx([min(1, 2 * low), max(min(1, 2 * low), high)])
    assert "over 2 endpoints" in holm_line(comparison)
    assert "Exploratory, not corrected: SVC" in holm_line(comparison)


def test_litres_are_exploratory_beside_per_cent():
    keys = ("alsfrs_r", "fvc", "fvc_litres")
    comparison = compare(several(*keys), Settings(endpoints=keys))
    assert [e.holm_over for e in comparison.endpoints] == [2, 2, 0]


def test_one_primary_endpoint_is_said_not_to_be_corrected():
    comparison = compare(several("alsfrs_r"), Settings(endpoints=("alsfrs_r",)))
    assert comparison.endpoints[0].holm_over == 1
    assert comparison.endpoints[0].holm_p == comparison.endpoints[0].primary.p
    assert holm_line(comparison).startswith("No correction: 1 primary endpoint tested")


@pytest.mark.parametrize("changes", [(0, 0, 1, 2, 4), (0, 1, 2, 4), (1, 2, 4), (0, 0, 3)])
@pytest.mark.parametrize("alternative", ["two-sided", "less steep"])
def test_the_smallest_p_of_the_sign_flips_counts_changes_that_can_be_flipped(changes, alternative):
    # Oracle: the share of all 2^n flips that are as extreme as changes which are all positive.
    flips = [sum(s) for s in itertools.product(*((-c, c) for c in changes))]
    extreme = [abs(s) if alternative == "two-sided" else s for s in flips]
    smallest = np.mean(np.asarray(extreme) >= sum(changes))
    result = sign_flip_test(np.asarray(changes, float), Settings(alternative=alternative))
    assert result.p_floor == pytest.approx(smallest)
    assert result.p == pytest.approx(smallest)


def test_decisions_that_match_nothing_are_counted_and_said():
    trial = made({"A": {-90: 44, 0: 43, 90: 42, 180: 41}})
    settings = Settings(
        excluded_patients=(PatientExclusion("nobody", "other"),),
        points=(
            PointDecision("A", "alsfrs_r", 90, 41, False, "other"),
            PointDecision("A", "alsfrs_r", 90, 42, False, "other"),
        ),
    )
    comparison = compare(trial, settings)
    # The patient "nobody" and the value 41 on day 90 do not exist; the value 42 does.
    assert comparison.unmatched == 2
    assert any(text.startswith("2 decisions about patients") for text in caveats(comparison))
    assert not any("match nothing" in text for text in caveats(compare(trial, Settings())))


def test_two_values_of_one_day_cannot_both_be_kept():
    point = {"patient": "A", "endpoint": "alsfrs_r", "day": 90, "keep": True, "reason": "other"}
    both = [point | {"value": 41}, point | {"value": 42}]
    settings, problems = Settings.from_json({"points": both})
    assert settings.points == ()
    assert len(problems) == 1
    assert "“points” is ignored" in problems[0]
    one_kept = [both[0], both[1] | {"keep": False}]
    assert len(Settings.from_json({"points": one_kept})[0].points) == 2


def quarterly(patients: int = 9) -> Trial:
    """Visits every 3 months with up to 12 days of jitter; the last ones seen in few patients."""
    random = np.random.default_rng(1)
    people = {}
    for i in range(patients):
        months = range(-9, 16 if i < 4 else 10, 3)
        days = [
            round(m * DAYS_PER_MONTH) + (int(random.integers(-12, 13)) if m else 0) for m in months
        ]
        people[f"P{i}"] = dict.fromkeys(days, 40 - i)
    return made(people)


def test_the_middle_of_quarterly_visits_stands_every_three_months():
    points = place_points(quarterly(), "alsfrs_r", Settings())
    assert visit_spacing(points) == 3
    middle = middle_course(points, visit_spacing(points))
    assert middle.month.tolist() == list(range(-9, 16, 3))
    assert middle.n.tolist() == [9] * 7 + [4, 4]
    # 4 of 9 are fewer than half: their median would be that of other patients.
    assert np.isnan(middle.median).tolist() == [False] * 7 + [True, True]
    assert middle.median[:7].tolist() == [36] * 7


@pytest.mark.parametrize("months", [1, 2, 3, 4, 6, 12])
def test_the_spacing_of_regular_visits_is_found(months):
    days = [round(k * months * DAYS_PER_MONTH) for k in range(-3, 4)]
    points = place_points(made({"A": dict.fromkeys(days, 40)}), "alsfrs_r", Settings())
    assert visit_spacing(points) == months

"""One patient, one visit, or the visits on day 0 left out: as a file from which they were deleted.

Expected numbers come from files edited by hand and read anew, from scipy on the cells of those
files, and from ``compare`` with the decision as a setting.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.leave_one_out import leave_one_out
from analysis.leave_visit_out import (
    DAY0_OUT,
    FROM_ONSET,
    NO_DAY0,
    leave_day0_out,
    leave_visit_out,
)
from analysis.settings import PointDecision, Settings
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import DAYS_PER_MONTH, Trial
from tests.analysis.test_predicted_fvc import NHANES, PEOPLE
from tests.analysis.test_predicted_fvc import ROWS as LITRES
from tests.analysis.test_predicted_fvc import trial_of as litres_trial
from tests.conftest import compared, ends, frame_from, made, read_text, reasons, trial_from

HEADER = "patient,transplant_date,visit_date,alsfrs_r,fvc_percent"
DAY0 = date(2021, 6, 10)
LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}


def written() -> list[list[str]]:
    """Return the rows of a file of nine patients who bend by different amounts."""
    chance = Random(7)
    rows = []
    for i in range(9):
        bend, start = chance.gauss(0.4, 0.5), DAY0 + timedelta(days=17 * i)
        for day in (-270, -180, -91, 0, 88, 181, 274):
            month = day / DAYS_PER_MONTH
            fall = -month + (bend * month if day > 0 else 0)
            rows.append(
                [
                    f"Q{i + 1:02d}",
                    str(start),
                    str(start + timedelta(days=day)),
                    str(round(30 + fall + chance.gauss(0, 1))),
                    f"{75 + 1.5 * fall + chance.gauss(0, 3):.1f}",
                ]
            )
    return rows


ROWS = written()


def read(rows: list[list[str]]) -> Trial:
    """Return the trial of a file with these rows."""
    trial = read_text("\n".join([HEADER, *(",".join(row) for row in rows)])).trial
    assert trial is not None
    return trial


def from_cells(rows: list[list[str]], column: int) -> tuple[float, float, float, float]:
    """Return mean change, its interval and P from the cells of a file, by numpy and scipy."""
    changes = []
    for name in dict.fromkeys(row[0] for row in rows):
        mine = [row for row in rows if row[0] == name]
        day = np.array([(date.fromisoformat(r[2]) - date.fromisoformat(r[1])).days for r in mine])
        value = np.array([float(r[column]) for r in mine])
        before, after = (
            np.polyfit(day[side] / DAYS_PER_MONTH, value[side], 1)[0]
            for side in (day <= 0, day > 0)
        )
        changes.append(after - before)
    test = stats.ttest_1samp(changes, 0)
    interval = test.confidence_interval(0.95)
    low, high = float(interval.low), float(interval.high)
    return float(np.mean(changes)), low, high, float(test.pvalue)


def in_trial(trial: Trial, key: str):
    comparison = compare(trial, Settings(endpoints=(key,), **LIGHT))
    result = comparison.endpoint(key)
    assert result is not None
    return comparison.settings, result


@pytest.mark.parametrize(("key", "column"), [("alsfrs_r", 3), ("fvc", 4)])
def test_each_patient_left_out_is_a_file_without_the_rows(key, column):
    trial = read(ROWS)
    settings, result = in_trial(trial, key)
    found = leave_one_out(result, settings)
    assert len(found.patient) == 9
    for k, patient in enumerate(found.patient):
        kept = [row for row in ROWS if row[0] != trial.patient_ids[patient]]
        assert len(kept) == len(ROWS) - 7
        ours = found.estimate[k], found.low[k], found.high[k], found.p[k]
        fresh = in_trial(read(kept), key)[1].primary
        assert ours == pytest.approx((fresh.estimate, *ends(fresh.interval), fresh.p), rel=1e-9)
        assert ours == pytest.approx(from_cells(kept, column), rel=1e-9)


@pytest.mark.parametrize(("key", "column"), [("alsfrs_r", 3), ("fvc", 4)])
def test_each_visit_left_out_is_a_file_without_the_row(key, column):
    trial = read(ROWS)
    settings, result = in_trial(trial, key)
    patient = 4
    found = leave_visit_out(trial, result, settings, patient)
    mine = [row for row in ROWS if row[0] == trial.patient_ids[patient]]
    assert [visit.value for visit in found.visits] == [float(row[column]) for row in mine]
    for visit, row in zip(found.visits, mine, strict=True):
        kept = [other for other in ROWS if other is not row]
        test = visit.without.test
        ours = (test.estimate, *ends(test.interval), test.p)
        edited = in_trial(read(kept), key)[1]
        fresh = edited.primary
        assert ours == pytest.approx((fresh.estimate, *ends(fresh.interval), fresh.p), rel=1e-9)
        assert ours == pytest.approx(from_cells(kept, column), rel=1e-9)
        assert visit.change == pytest.approx(edited.change[patient], rel=1e-9)
        assert test.n == 9
        assert visit.without.left == ()
        expected = (fresh.p < 0.05) != (result.primary.p < 0.05)
        assert visit.without.crosses == expected


@pytest.mark.parametrize(("key", "column"), [("alsfrs_r", 3), ("fvc", 4)])
def test_day_0_left_out_is_a_file_without_its_rows(key, column):
    trial = read(ROWS)
    settings, result = in_trial(trial, key)
    found = leave_day0_out(trial, result, settings)
    kept = [row for row in ROWS if row[1] != row[2]]
    assert found.visits == len(ROWS) - len(kept) == 9
    assert found.without is not None
    test = found.without.test
    ours = (test.estimate, *ends(test.interval), test.p)
    assert ours == pytest.approx(from_cells(kept, column), rel=1e-9)
    assert found.without.left == ()


CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"day0": "after", "estimator": "theil_sen"},
    {"day0": "both", "estimator": "broken_stick", "rate_unit": "year"},
    {"run_in": "onset", "alternative": "less steep", "confidence": 0.9},
    {"day0": "neither", "run_in": "onset"},
    {"estimator": "end_to_end", "pre_months": 6.0, "skip_days": 30},
    {"min_visits": 3, "min_span_days": 90},
)


@pytest.mark.parametrize(
    ("example", "changes"),
    [(EXAMPLE_IDS[k % len(EXAMPLE_IDS)], changes) for k, changes in enumerate(CHOICES)],
    ids=str,
)
def test_each_visit_left_out_is_compare_with_that_decision(example, changes):
    trial = load_example(example).trial
    base = Settings.from_json(example_settings(example))[0].with_(**LIGHT, **changes)
    comparison = compare(trial, base)
    for result in comparison.endpoints:
        settings = base.with_(endpoints=(result.endpoint.key,))
        patient = int(np.flatnonzero(result.paired)[result.n // 2])
        found = leave_visit_out(trial, result, base, patient)
        assert replace(found.full, role=result.primary.role) == result.primary
        # The last before day 0 and the last of all: the others are the same function.
        before = [v for v in found.visits if v.side != "after"]
        for visit in (before[-1], found.visits[-1]):
            fresh = compare(trial, settings.with_(points=(*base.points, visit.decision)))
            assert fresh.unmatched == 0
            assert visit.change == pytest.approx(
                fresh.endpoints[0].change[patient], nan_ok=True, rel=1e-12
            )
            same(visit.without, trial, result, fresh.endpoints[0])


def same(without, trial, result, fresh):
    """Check numbers, losses and flags against a comparison."""
    test = fresh.primary
    assert without.test.n == test.n
    assert without.test.estimate == pytest.approx(test.estimate, rel=1e-12)
    assert without.test.p == pytest.approx(test.p, rel=1e-9)
    assert ends(without.test.interval) == pytest.approx(ends(test.interval), rel=1e-12)
    names = np.array(trial.patient_ids)
    assert [who for who, _ in without.left] == list(names[result.paired & ~fresh.paired])
    assert dict(without.left).items() <= reasons(fresh).items()
    assert without.crosses == ((test.p < 0.05) != (result.primary.p < 0.05))
    assert without.flips == (test.estimate * result.primary.estimate < 0)


@pytest.mark.parametrize(
    ("example", "rule"), list(zip(EXAMPLE_IDS, ("after", "both", "before", "before"), strict=True))
)
def test_day_0_left_out_is_compare_with_a_decision_about_each_of_its_visits(example, rule):
    trial = load_example(example).trial
    base = Settings.from_json(example_settings(example))[0].with_(day0=rule, **LIGHT)
    for result in compare(trial, base).endpoints:
        found = leave_day0_out(trial, result, base)
        points = result.slopes.points
        rows = points.position[(np.abs(points.month) < 1e-9) & points.analysable]
        frame = trial.measurements_frame.iloc[rows]
        columns = (frame[name].tolist() for name in ("patient", "endpoint", "day", "value"))
        dropped = tuple(
            PointDecision(who, key, day, value, keep=False, reason="other")
            for who, key, day, value in zip(*columns, strict=True)
        )
        assert len(dropped) >= found.visits > 0
        fresh = compare(trial, base.with_(endpoints=(result.endpoint.key,), points=dropped))
        assert found.without is not None
        same(found.without, trial, result, fresh.endpoints[0])


COURSE = {-180: 46, -90: 43, 0: 40, 90: 38, 180: 36}


def people(last: dict[int, float], n: int = 5):
    visits = {
        f"A{i}": {d: v - (i * d / 360 if d > 0 else 0) for d, v in COURSE.items()} for i in range(n)
    }
    return made(visits | {"L": last})


def test_a_patient_falls_out_with_the_reason():
    trial = people({-180: 46, -90: 43, 0: 40, 90: 39, 180: 38})
    result = compared(trial, **LIGHT)
    settings = Settings(endpoints=("alsfrs_r",), **LIGHT)
    found = leave_visit_out(trial, result, settings, 5)
    assert [visit.falls_out for visit in found.visits] == [False, False, False, True, True]
    for visit in found.visits[3:]:
        assert np.isnan(visit.change)
        assert visit.without.test.n == result.n - 1 == 5
        assert visit.without.left == (("L", "1 visit after, 2 needed"),)
        rest = result.change[:5]
        assert visit.without.test.estimate == pytest.approx(rest.mean())
        assert visit.without.test.p == pytest.approx(stats.ttest_1samp(rest, 0).pvalue)


def test_one_visit_can_turn_the_sign_and_carry_p():
    flat = {-180: 26, -90: 25, 0: 24, 90: 23, 180: 22}
    visits = {f"A{i}": flat | {180: 22 - 0.1 * i} for i in range(4)}
    trial = made(visits | {"L": flat | {270: 21, 360: 38}})
    settings = Settings(endpoints=("alsfrs_r",), **LIGHT)
    result = compare(trial, settings).endpoints[0]
    found = leave_visit_out(trial, result, settings, 4)
    assert result.primary.estimate > 0
    last = found.visits[-1]
    assert last.value == 38
    assert last.without.flips
    assert [visit.without.flips for visit in found.visits[:3]] == [False] * 3
    # All but the last value of L lie on one line.
    assert last.change == pytest.approx(0, abs=1e-12)
    months = 90 / DAYS_PER_MONTH
    others = np.array([-0.1 * i / months for i in range(4)])
    assert last.without.test.estimate == pytest.approx(np.mean([*others, 0]))


def test_from_onset_only_the_last_visit_of_the_run_in_enters():
    trial = load_example("after-shamsaei-2023").trial
    base = Settings(run_in="onset", endpoints=("alsfrs_r",), **LIGHT)
    result = compare(trial, base).endpoints[0]
    found = leave_visit_out(trial, result, base, 1)
    assert [visit.side for visit in found.visits].count("before") == 1
    points = result.slopes.points
    run_in = points.month[(points.patient == 1) & points.analysable & (points.month <= 0)]
    assert len(run_in) > 1
    assert found.visits[0].month == run_in.max()
    assert found.visits[0].without.test.estimate != found.full.estimate
    day0 = leave_day0_out(trial, result, base)
    assert (day0.without, day0.reason) == (None, FROM_ONSET)


def test_a_value_that_was_kept_is_left_out_again():
    course = {day: 40 - day / 30 - (day == -90) for day in (-180, -90, 0, 90, 180)}
    frame = frame_from({f"A{i}": course | {180: 34 - i} for i in range(4)}).assign(status="ok")
    frame.loc[0, "status"] = "SUSPECT"
    trial = trial_from(frame)
    value = 40 + 180 / 30
    kept = PointDecision("A0", "alsfrs_r", -180.0, value, keep=True, reason="other")
    base = Settings(endpoints=("alsfrs_r",), points=(kept,), **LIGHT)
    result = compare(trial, base).endpoints[0]
    found = leave_visit_out(trial, result, base, 0)
    assert found.visits[0].value == value
    fresh = compare(trial, base.with_(points=())).endpoints[0]
    assert found.visits[0].without.test.estimate == pytest.approx(fresh.primary.estimate)
    assert found.visits[0].without.test.estimate != pytest.approx(result.primary.estimate)


def test_a_derived_value_is_left_out_by_its_litres():
    trial = litres_trial(PEOPLE, LITRES)
    base = NHANES.with_(endpoints=("fvc",), **LIGHT)
    result = compare(trial, base).endpoints[0]
    assert result.paired[0]
    found = leave_visit_out(trial, result, base, 0)
    assert {visit.decision.endpoint for visit in found.visits} == {"fvc_litres"}
    for visit in found.visits:
        assert visit.value > 20, "in % predicted"
        fresh = compare(trial, base.with_(points=(visit.decision,))).endpoints[0]
        assert visit.without.test.estimate == pytest.approx(fresh.primary.estimate, nan_ok=True)
        assert visit.without.test.n == fresh.n
    assert found.visits[0].without.test.estimate != pytest.approx(result.primary.estimate)


def test_who_is_not_compared_has_no_visit_to_leave_out():
    trial = people({-180: 46, -90: 43, 0: 40, 90: 38})
    settings = Settings(endpoints=("alsfrs_r",), **LIGHT)
    result = compare(trial, settings).endpoints[0]
    found = leave_visit_out(trial, result, settings, 5)
    assert found.visits == ()
    assert found.reason == "L is not compared: 1 visit after, 2 needed"


def test_without_a_visit_on_day_0_there_is_none_to_leave_out():
    course = {-180: 46, -90: 43, -10: 40, 90: 38, 180: 36}
    trial = made({f"A{i}": course | {180: 36 - i} for i in range(4)})
    settings = Settings(endpoints=("alsfrs_r",), **LIGHT)
    result = compare(trial, settings).endpoints[0]
    found = leave_day0_out(trial, result, settings)
    assert (found.visits, found.without, found.reason) == (0, None, NO_DAY0)


def test_visits_on_day_0_that_enter_nothing_are_not_said_to_be_missing():
    days = (-180, -90, 0, 90, 180)
    trial = made({f"P{i}": {d: 40 - d / (40 + i) for d in days} for i in range(4)})
    for changes in ({"day0": "neither"}, {"day0": "after", "skip_days": 30}):
        settings = Settings(endpoints=("alsfrs_r",), flips=1_000, resamples=1_000, **changes)
        result = compare(trial, settings).endpoints[0]
        found = leave_day0_out(trial, result, settings)
        assert (found.visits, found.without, found.reason) == (0, None, DAY0_OUT)


def test_the_json_names_the_patient_and_holds_no_bare_nan():
    trial = people({-180: 46, -90: 43, 0: 40, 90: 39, 180: 38})
    settings = Settings(endpoints=("alsfrs_r",), **LIGHT)
    result = compare(trial, settings).endpoints[0]
    plain = leave_visit_out(trial, result, settings, 5).to_json(trial.patient_ids)
    day0 = leave_day0_out(trial, result, settings).to_json()
    json.dumps([plain, day0], allow_nan=False)
    assert plain["patient"] == "L"
    assert [row["change"] is None for row in plain["without"]] == [False, False, False, True, True]
    assert day0["visits"] == 6

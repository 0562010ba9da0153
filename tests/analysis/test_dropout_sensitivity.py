"""Who is missing after day 0, under other assumptions: as files into which they were written.

Expected numbers come from scipy on the changes, from counting all signs in plain Python, from files
with a visit written in by hand and read anew, and from drawing the missing patients' changes.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from statistics import NormalDist, median
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.diagnostics_dropout import NO_SINGLE_SIDE, NOBODY_MISSING
from analysis.dropout_sensitivity import (
    DropoutSensitivity,
    Pattern,
    dropout_sensitivity,
)
from analysis.settings import PatientExclusion, Settings
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import DAYS_PER_MONTH, Trial
from tests.conftest import ends, frame_from, made, read_text, trial_from

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
DAY0 = date(2021, 6, 10)
BEFORE = (-270, -180, -90)
AFTER = (0, 90, 180, 270)


# Files with deaths


def written() -> list[list[str]]:
    """Return the rows of a file of ten patients, the last three of whom die.

    Q08 has no visit after day 0 and dies on day 130; Q09 has one and dies on day 150; Q10 has three
    and dies on day 400.
    """
    chance = Random(11)
    seen = {7: (0,), 8: (0, 40), 9: (0, 90, 180, 270)}
    dies = {7: 130, 8: 150, 9: 400}
    rows = []
    for i in range(10):
        bend, start = chance.gauss(0.4, 0.5), DAY0 + timedelta(days=13 * i)
        for day in (*BEFORE, *seen.get(i, AFTER)):
            month = day / DAYS_PER_MONTH
            score = round(30 - month + max(month, 0) * bend + chance.gauss(0, 1))
            death = str(start + timedelta(days=dies[i])) if i in dies else ""
            visit = start + timedelta(days=day)
            rows.append([f"Q{i + 1:02d}", str(start), str(visit), str(score), death])
    return rows


ROWS = written()
HEADER = "patient,transplant_date,visit_date,alsfrs_r,death_date"


def read(rows: Sequence[Sequence[str]], header: str = HEADER) -> Trial:
    """Return the trial of a file with these rows."""
    trial = read_text("\n".join([header, *(",".join(row) for row in rows)])).trial
    assert trial is not None
    return trial


def with_zeros(rows: list[list[str]], who: Sequence[str]) -> list[list[str]]:
    """Return the rows with one more of each of these patients: 0 points on the day of death."""
    more = []
    for name in who:
        last = [row for row in rows if row[0] == name][-1]
        more.append([name, last[1], last[4], "0", *last[4:]])
    return rows + more


def case(
    trial: Trial, key: str = "alsfrs_r", **changes: Any
) -> tuple[EndpointComparison, Settings]:
    settings = Settings(**{"endpoints": (key,), **LIGHT, **changes})
    return compare(trial, settings).endpoints[0], settings


def found_in(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> DropoutSensitivity:
    result, settings = case(trial, key, **changes)
    return dropout_sensitivity(trial, result, settings)


def pattern(found: DropoutSensitivity, key: str) -> Pattern:
    return next(one for one in found.patterns if one.key == key)


def same_test(ours: Pattern, result: EndpointComparison) -> None:
    """Fail unless a pattern is the primary test of another comparison."""
    fresh = result.primary
    assert ours.reason == ""
    assert ours.test.n == fresh.n
    assert (ours.test.estimate, *ends(ours.test.interval), ours.test.p) == pytest.approx(
        (fresh.estimate, *ends(fresh.interval), fresh.p), rel=1e-9
    )


ALL_DIE = ("Q08", "Q09", "Q10")


@pytest.mark.parametrize(
    ("changes", "counted", "added"),
    [
        ({}, ALL_DIE, ("Q09",)),
        ({"day0": "both"}, ALL_DIE, ("Q08", "Q09")),
        ({"day0": "after"}, ALL_DIE, ("Q08", "Q09")),
        ({"day0": "neither"}, ALL_DIE, ("Q09",)),
        ({"post_months": 6}, ("Q08", "Q09"), ("Q09",)),
        ({"post_months": 6, "day0": "both"}, ("Q08", "Q09"), ("Q08", "Q09")),
        ({"pre_months": 6}, ALL_DIE, ("Q09",)),
        ({"skip_days": 20}, ALL_DIE, ("Q09",)),
        ({"skip_days": 30, "day0": "both"}, ALL_DIE, ("Q09",)),
        ({"estimator": "theil_sen"}, ALL_DIE, ("Q09",)),
        ({"estimator": "theil_sen", "day0": "both", "post_months": 6}, ALL_DIE[:2], ALL_DIE[:2]),
        ({"estimator": "broken_stick"}, ALL_DIE, ("Q09",)),
        ({"estimator": "broken_stick", "day0": "both"}, ALL_DIE, ("Q08", "Q09")),
        ({"estimator": "broken_stick_jump"}, ALL_DIE, ("Q09",)),
        ({"estimator": "broken_stick_jump", "day0": "both"}, ALL_DIE, ("Q09",)),
        ({"estimator": "end_to_end", "day0": "both"}, ALL_DIE, ("Q08", "Q09")),
        ({"rate_unit": "year"}, ALL_DIE, ("Q09",)),
        ({"rate_unit": "period", "pre_months": 9, "post_months": 9}, ALL_DIE[:2], ("Q09",)),
        ({"shift_days": 30, "day0": "both"}, ALL_DIE, ("Q09",)),
        ({"alternative": "less steep", "confidence": 0.9}, ALL_DIE, ("Q09",)),
        ({"min_visits": 3, "day0": "both"}, ALL_DIE, ("Q09",)),
    ],
    ids=str,
)
def test_death_as_0_points_is_a_file_with_that_visit(changes, counted, added):
    trial = read(ROWS)
    ours = pattern(found_in(trial, **changes), "death")
    fresh, _ = case(read(with_zeros(ROWS, counted)), **changes)
    same_test(ours, fresh)
    assert ours.added == added


def test_a_file_with_the_visit_differs_from_the_one_without():
    one, _ = case(read(ROWS))
    other, _ = case(read(with_zeros(ROWS, ALL_DIE)))
    assert abs(one.primary.estimate - other.primary.estimate) > 0.1


@pytest.mark.parametrize("estimator", ["ols", "theil_sen", "broken_stick"])
@pytest.mark.parametrize("day0", ["before", "both"])
def test_death_as_0_points_with_a_run_in_from_onset(estimator, day0):
    header = f"{HEADER},onset_date"
    rows = [[*row, "2019-03-01"] for row in ROWS]
    changes = {"run_in": "onset", "estimator": estimator, "day0": day0}
    ours = pattern(found_in(read(rows, header), **changes), "death")
    fresh, _ = case(read(with_zeros(rows, ALL_DIE), header), **changes)
    same_test(ours, fresh)
    from_visits, _ = case(read(with_zeros(ROWS, ALL_DIE)), estimator=estimator, day0=day0)
    assert abs(from_visits.primary.estimate - fresh.primary.estimate) > 0.01


def who_die(courses: dict[str, dict[float, float]], deaths: dict[str, float], **more: Any) -> Trial:
    """Return a trial of these visits whose patients die on these days after the transplant."""
    trial = made(courses, **more)
    day = [deaths.get(name, math.nan) for name in trial.patient_ids]
    return replace(trial, patients_frame=trial.patients_frame.assign(death_day=day))


COURSE = {-180.0: 42.0, -90.0: 39.0, 0.0: 36.0, 90.0: 34.0, 180.0: 31.0, 270.0: 29.0}


def courses() -> dict[str, dict[float, float]]:
    """Return nine courses that end on different days."""
    last = (0, 90, 180, 270, 270, 270, 270, 270, 270)
    return {
        f"A{i}": {d: v + (i * d / 900 if d > 0 else 0) for d, v in COURSE.items() if d <= end}
        for i, end in enumerate(last)
    }


@pytest.mark.parametrize("transplant", [0, 1])
@pytest.mark.parametrize("stop", [False, True])
def test_a_death_after_the_next_transplant_counts_only_if_visits_there_do(stop, transplant):
    deaths = {"A1": 150.0, "A2": 320.0}
    again = dict.fromkeys(courses(), (-30.0, 100.0, 400.0))
    again["A2"] = (-30.0, 100.0, 300.0)
    changes = {"stop_at_next": stop, "transplant": transplant, "day0": "both"}
    ours = pattern(found_in(who_die(courses(), deaths, transplants=again), **changes), "death")
    visits = courses()
    for name, day in deaths.items():
        visits[name][day] = 0.0
    fresh, _ = case(made(visits, transplants=again), **changes)
    if stop and transplant == 0:
        assert "no death" in ours.reason
    else:
        same_test(ours, fresh)


@pytest.mark.parametrize(
    ("deaths", "changes"),
    [
        ({}, {}),
        ({"A1": 90.0}, {}),
        ({"A1": 45.0}, {}),
        ({"A1": -200.0}, {}),
        ({"A3": 400.0}, {"post_months": 12}),
        ({"A1": 100.0}, {"skip_days": 100}),
        ({"A1": 150.0}, {"excluded_patients": (PatientExclusion("A1", "other"),)}),
        ({"A1": 150.0}, {"shift_days": 150}),
    ],
    ids=str,
)
def test_deaths_that_do_not_count(deaths, changes):
    trial = who_die(courses(), deaths)
    found = pattern(found_in(trial, **changes), "death")
    assert found.reason == "no death with a known date after the last visit and inside the window"
    assert (found.test.n, found.added) == (0, ())
    # The edge itself: three days beyond the window still belong to it, see the slack.
    if changes == {"post_months": 12}:
        edge = 12 * DAYS_PER_MONTH + 3
        for day, counts in ((edge, True), (edge + 0.5, False)):
            found = pattern(found_in(who_die(courses(), {"A3": day}), **changes), "death")
            assert (found.reason == "") == counts


def test_deaths_whose_score_makes_no_slope_are_counted_in_words():
    # A0 has no visit after day 0, so that the death alone makes no line there; A1 has one.
    usual = pattern(found_in(who_die(courses(), {"A1": 150.0})), "death")
    assert usual.assumption == "a death counts as a visit with 0 points on its day"
    for deaths, said in (
        ({"A0": 60.0}, "1 of 1 such deaths is not in it"),
        ({"A0": 60.0, "A1": 150.0}, "1 of 2 such deaths is not in it"),
    ):
        found = pattern(found_in(who_die(courses(), deaths)), "death")
        assert said in found.assumption
        assert "A0" not in found.added
    both = pattern(found_in(who_die(courses(), {"A0": 60.0}), day0="both"), "death")
    assert (both.assumption, both.added) == (usual.assumption, ("A0",))


def test_a_patient_without_a_transplant_or_a_visit_does_not_count_as_a_death():
    trial = who_die(courses(), {"A1": 150.0, "B1": 100.0}, transplants={"A1": ()}, patients=("B1",))
    assert "no death" in pattern(found_in(trial), "death").reason


def test_death_is_0_points_of_the_alsfrs_r_only():
    visits = frame_from(courses(), "fvc")
    trial = trial_from(visits)
    frame = trial.patients_frame.assign(death_day=[150.0] + [math.nan] * 8)
    found = found_in(replace(trial, patients_frame=frame), "fvc")
    assert [one.key for one in found.patterns] == ["primary", "carried", "worst_rank"]


# The slope before carried on, and worst ranks


def some_missing(seen: int, missing: int, start: int = 3, ties: bool = False) -> Trial:
    """Return a trial of patients with steps of slope, and of some without visits after day 0."""
    chance = Random(start)
    visits = {}
    for i in range(seen + missing):
        slope = chance.gauss(-1, 0.4)
        bend = chance.choice((-1.0, -0.5, 0.0, 0.5, 1.0)) if ties else chance.gauss(0.4, 0.6)
        days = range(-180, 181 if i < seen else 1, 60)
        visits[f"A{i:04d}"] = {
            d: 36.0 + (slope * d + (bend * d if d > 0 else 0)) / DAYS_PER_MONTH for d in days
        }
    return made(visits)


def changes_of(result: EndpointComparison) -> list[float]:
    """Return the changes of the compared patients, without the noise of the last digits."""
    return [round(float(d), 10) + 0.0 for d in result.change if math.isfinite(d)]


SCIPYS: dict[str, Literal["two-sided", "greater", "less"]] = {
    "two-sided": "two-sided",
    "less steep": "greater",
    "steeper": "less",
}


@pytest.mark.parametrize("missing", [1, 3, 8])
@pytest.mark.parametrize("alternative", SCIPYS)
def test_slope_before_carried_on_is_a_t_test_with_zeros(missing, alternative):
    trial = some_missing(7, missing)
    result, settings = case(trial, alternative=alternative, confidence=0.9)
    ours = pattern(dropout_sensitivity(trial, result, settings), "carried")
    values = [*changes_of(result), *[0.0] * missing]
    test = stats.ttest_1samp(values, 0, alternative=SCIPYS[alternative])
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert ours.test.n == 7 + missing
    assert (ours.test.estimate, *ends(ours.test.interval), ours.test.p) == pytest.approx(
        (np.mean(values), interval.low, interval.high, test.pvalue), rel=1e-7
    )
    assert ours.added == trial.patient_ids[7:]


def all_signs(ranks: Sequence[Fraction], plus: Fraction) -> tuple[float, float, float]:
    """Return P two-sided, greater and less of a sum of ranks, by counting all signs."""
    sums = [
        sum((r for r, sign in zip(ranks, signs, strict=True) if sign), Fraction(0))
        for signs in itertools.product((False, True), repeat=len(ranks))
    ]
    greater = sum(s >= plus for s in sums) / len(sums)
    less = sum(s <= plus for s in sums) / len(sums)
    return min(1.0, 2 * min(greater, less)), greater, less


def worst_by_hand(changes: Sequence[float], missing: int) -> tuple[float, float, float, float]:
    """Return W+ and its P values with the missing tied at the largest rank, all negative."""
    seen = [d for d in changes if d != 0]
    sizes = sorted(abs(d) for d in seen)
    middle = {
        size: Fraction(sum(k for k, s in enumerate(sizes, 1) if s == size), sizes.count(size))
        for size in sizes
    }
    top = Fraction(sum(range(len(seen) + 1, len(seen) + missing + 1)), missing)
    ranks = [middle[abs(d)] for d in seen] + [top] * missing
    plus = sum((middle[abs(d)] for d in seen if d > 0), Fraction(0))
    return (float(plus), *all_signs(ranks, plus))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("seen", "missing"), [(2, 1), (5, 1), (6, 3), (5, 5), (3, 6)])
@pytest.mark.parametrize("start", [3, 8])
def test_worst_rank_is_counting_all_signs(seen, missing, ties, start):
    trial = some_missing(seen, missing, start, ties)
    result, settings = case(trial)
    changes = changes_of(result)
    assert not ties or seen < 5 or len({abs(d) for d in changes}) < len(changes)
    plus, two, greater, less = worst_by_hand(changes, missing)
    for alternative, p in (("two-sided", two), ("less steep", greater), ("steeper", less)):
        result, settings = case(trial, alternative=alternative)
        ours = pattern(dropout_sensitivity(trial, result, settings), "worst_rank")
        assert ours.test.statistic == pytest.approx(plus)
        assert ours.test.p == pytest.approx(p, rel=1e-12)
        assert ours.test.n == seen + missing
        assert ours.test.interval is None
    values = sorted([*[-1e9] * missing, *changes])
    expected = median(values)
    assert ours.test.estimate == pytest.approx(
        expected if expected > -1e8 else math.nan, nan_ok=True
    )
    assert ours.added == trial.patient_ids[seen:]


def test_nobody_missing_leaves_nothing_to_assume():
    found = found_in(some_missing(6, 0))
    assert len(found.missing) == 0
    assert [pattern(found, key).reason for key in ("carried", "worst_rank")] == [NOBODY_MISSING] * 2
    assert (found.tipping.reason, found.delta) == (NOBODY_MISSING, None)


def test_a_broken_stick_has_no_slope_before_of_the_missing():
    found = found_in(some_missing(6, 2), estimator="broken_stick")
    assert found.tipping.reason == NO_SINGLE_SIDE
    for key in ("carried", "worst_rank"):
        assert (pattern(found, key).reason, pattern(found, key).added) == (NO_SINGLE_SIDE, ())
    assert found.delta is None


def test_with_a_step_the_missing_have_the_slopes_before_of_separate_lines():
    separate = found_in(some_missing(6, 2), estimator="ols")
    stepped = found_in(some_missing(6, 2), estimator="broken_stick_jump")
    assert len(stepped.missing) == 2
    assert stepped.tipping == separate.tipping
    for key in ("carried", "worst_rank"):
        assert pattern(stepped, key) == pattern(separate, key)


def test_an_interval_that_includes_0_already_has_one_tipping_point():
    trial = some_missing(5, 2, start=4)
    result, settings = case(trial)
    low, high = ends(result.primary.interval)
    assert low < 0 < high
    found = dropout_sensitivity(trial, result, settings)
    assert found.tipping.reason == "the interval of the mean change includes 0 already"
    assert math.isnan(found.tipping.to_interval)
    assert mean_of_all(result, 2, found.tipping.to_zero)[0] == pytest.approx(0, abs=1e-9)
    assert found.delta is not None


def test_one_compared_patient_has_a_mean_but_no_interval():
    found = found_in(some_missing(1, 2))
    assert found.tipping.reason == "the mean change has no interval"
    assert found.delta is None
    assert math.isnan(found.tipping.to_interval)


def test_nobody_compared_gives_no_number():
    found = found_in(some_missing(0, 3))
    assert found.tipping.reason == "no compared patient"
    # The missing alone would decide the test of the worst ranks.
    for key in ("carried", "worst_rank"):
        assert (pattern(found, key).reason, pattern(found, key).added) == (
            "no compared patient",
            (),
        )
    json.dumps(found.to_json(tuple(f"A{i:04d}" for i in range(3))), allow_nan=False)


# The tipping point


def mean_of_all(
    result: EndpointComparison, missing: int, delta: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Return mean of all and its interval, from mean, SD and n of the changes that were seen."""
    changes = changes_of(result)
    n = len(changes)
    mean = math.fsum(changes) / n
    sd = math.sqrt(math.fsum((d - mean) ** 2 for d in changes) / (n - 1))
    half = float(stats.t(n - 1).isf((1 - level) / 2)) * sd / math.sqrt(n)
    centre = mean + missing / (n + missing) * delta
    return centre, centre - half, centre + half


def turned(trial: Trial) -> Trial:
    """Return the trial with falling scores where they rose and the other way round."""
    frame = trial.measurements_frame
    return replace(trial, measurements_frame=frame.assign(value=48 - frame["value"]))


@pytest.mark.parametrize("missing", [1, 4, 12])
@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("changes", [{}, {"confidence": 0.9, "rate_unit": "year"}], ids=str)
def test_the_result_is_there_before_the_tipping_point_and_gone_behind_it(missing, turn, changes):
    trial = some_missing(14, missing)
    trial = turned(trial) if turn else trial
    result, settings = case(trial, **changes)
    found = dropout_sensitivity(trial, result, settings)
    tipping, level = found.tipping, settings.confidence
    assert (tipping.n_missing, tipping.n_before) == (missing, 14 + missing)
    assert (tipping.to_zero > 0) == turn
    for share, gone in ((0.999, False), (1.001, True)):
        mean, low, high = mean_of_all(result, missing, share * tipping.to_interval, level)
        assert (low <= 0 <= high) == gone
        mean, *_ = mean_of_all(result, missing, share * tipping.to_zero, level)
        assert (mean < 0) == (gone != turn)
    seen, none = result.paired, np.isfinite(result.before) & ~result.paired
    before = float(np.mean(result.before[none]))
    assert none.sum() == missing
    for delta, after, ratio in (
        (tipping.to_zero, tipping.after_to_zero, tipping.ratio_to_zero),
        (tipping.to_interval, tipping.after_to_interval, tipping.ratio_to_interval),
    ):
        # The missing then change by the mean of the others and delta.
        assert after - before == pytest.approx(float(np.mean(result.change[seen])) + delta)
        expected = after / before if before < 0 else math.nan
        assert ratio == pytest.approx(expected, nan_ok=True)
        assert math.isnan(ratio) == turn


@pytest.mark.parametrize("changes", [{}, {"confidence": 0.8, "rate_unit": "year"}], ids=str)
@pytest.mark.parametrize("turn", [False, True])
def test_the_curve_is_the_mean_of_all_at_every_shift(changes, turn):
    trial = some_missing(14, 3)
    trial = turned(trial) if turn else trial
    result, settings = case(trial, **changes)
    found = dropout_sensitivity(trial, result, settings)
    curve = found.delta
    assert curve is not None
    rows = zip(curve.delta, curve.estimate, curve.low, curve.high, strict=True)
    for delta, *ours in rows:
        expected = mean_of_all(result, 3, float(delta), settings.confidence)
        assert ours == pytest.approx(expected, rel=1e-6, abs=1e-8)
    assert curve.delta[0] == 0
    for point in (found.tipping.to_zero, found.tipping.to_interval):
        assert min(curve.delta) < point < max(curve.delta)


def test_the_curve_is_what_many_imputations_give():
    seen, missing = 20, 6
    trial = some_missing(seen, missing)
    result, settings = case(trial)
    curve = dropout_sensitivity(trial, result, settings).delta
    assert curve is not None
    changes = np.array(changes_of(result))
    mean, sd, n = changes.mean(), changes.std(ddof=1), seen + missing
    chance, draws = np.random.default_rng(5), 200_000
    for at in (0, 20, 40):
        # The mean of the missing is as uncertain as that of the others; each of them scatters
        # around it as the others do.
        centre = chance.normal(mean, sd / math.sqrt(seen), (draws, 1)) + curve.delta[at]
        drawn = chance.normal(centre, sd, (draws, missing))
        means = (changes.sum() + drawn.sum(axis=1)) / n
        within = sd**2 / n
        total = math.sqrt(within + means.var(ddof=1) * (1 + 1 / draws))
        assert means.mean() == pytest.approx(curve.estimate[at], abs=4 * means.std() / draws**0.5)
        half = float(stats.t(seen - 1).isf(0.025)) * total
        assert (curve.high[at] - curve.low[at]) / 2 == pytest.approx(half, rel=0.01)


# Slope and length of follow-up


def followed(months: Sequence[int], slopes: Sequence[float]) -> Trial:
    """Return a trial of exact lines that end after these many visits a month apart."""
    return made(
        {
            f"A{i}": {
                30.0 * k: 30.0 + 30.0 * k * (slope if k > 0 else -0.03) for k in range(-4, last + 1)
            }
            for i, (last, slope) in enumerate(zip(months, slopes, strict=True))
        }
    )


def ranks_of(values: Sequence[float]) -> list[float]:
    """Return midranks, by counting."""
    return [sum(w < v for w in values) + (1 + sum(w == v for w in values)) / 2 for v in values]


def share_of_orders(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the share of all orders of ``y`` that are as far from no correlation with ``x``."""
    first, second = [Fraction(v) for v in x], [Fraction(v) for v in y]
    middle = sum(first, Fraction(0)) * sum(second, Fraction(0)) / len(first)
    sums = [
        abs(sum((a * b for a, b in zip(first, order, strict=True)), -middle))
        for order in itertools.permutations(second)
    ]
    return sum(one >= sums[0] for one in sums) / len(sums)


@pytest.mark.parametrize(
    "months",
    [[3, 5, 4, 9, 7, 12, 8], [3, 5, 5, 9, 9, 12, 9], [12, 9, 8, 9, 4, 4, 3], [3, 4, 6, 5]],
    ids=str,
)
def test_spearman_is_pearson_of_the_ranks_and_its_p_counts_all_orders(months):
    slopes = [-0.05, -0.02, -0.03, -0.02, -0.01, 0.01, 0.0][: len(months)]
    found = found_in(followed(months, slopes))
    assert found.stopped.last_month == pytest.approx([30 * m / DAYS_PER_MONTH for m in months])
    x, y = ranks_of(months), ranks_of(slopes)
    r, p = float(np.corrcoef(x, y)[0, 1]), share_of_orders(x, y)
    for ours in (found.after_by_length, found.change_by_length):
        assert (ours.n, ours.exact) == (len(months), True)
        assert (ours.r, ours.p) == pytest.approx((r, p))
        assert ours.r == pytest.approx(stats.spearmanr(months, slopes).statistic)


@pytest.mark.parametrize("tied", [False, True])
def test_with_ten_patients_or_more_p_is_scipys(tied):
    months = [3, 5, 4, 9, 7, 12, 8, 6, 10, 11, 13]
    months = [m // 2 + 2 for m in months] if tied else months
    slopes = [-0.05, -0.02, -0.03, -0.02 + tied * 0.001, -0.01, 0.01, 0.0, 0.02, -0.06, -0.04, 0.03]
    for n in (10, 11):
        theirs = stats.spearmanr(months[:n], slopes[:n])
        ours = found_in(followed(months[:n], slopes[:n])).after_by_length
        assert (ours.n, ours.exact) == (n, False)
        assert (ours.r, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_nine_patients_are_counted_as_r_counts_them():
    # R 4.2: cor.test(c(3,5,4,9,7,12,8,6,10), c(-5,-2,-3,-1,-4,1,0,2,3), method = "spearman").
    months, slopes = [3, 5, 4, 9, 7, 12, 8, 6, 10], [-5, -2, -3, -1, -4, 1, 0, 2, 3]
    ours = found_in(followed(months, [v / 100 for v in slopes])).after_by_length
    assert (ours.r, ours.p) == pytest.approx((0.7, 0.0432539683), abs=1e-8)


def test_the_interval_of_the_correlation_is_that_of_a_case_computed_by_hand():
    # Sum of d² = 1 + 1 + 1 + 1 = 4 over 5 patients: r = 1 − 6·4/(5·24) = 0.8;
    # z = ½ ln 9 = 1.098612, variance (1 + 0.32)/2 = 0.66, SE 0.812404, times 1.959964 = 1.592282;
    # tanh(−0.493670) = −0.457124, tanh(2.690894) = 0.990843.
    found = found_in(followed([3, 4, 5, 6, 7], [-0.04, -0.05, -0.02, -0.03, -0.01]))
    ours = found.after_by_length
    assert ours.r == pytest.approx(0.8)
    assert ends(ours.interval) == pytest.approx((-0.457124, 0.990843), abs=2e-6)
    z = NormalDist().inv_cdf(0.95)
    narrow = found_in(
        followed([3, 4, 5, 6, 7], [-0.04, -0.05, -0.02, -0.03, -0.01]), confidence=0.9
    )
    low = math.tanh(0.5 * math.log(9) - z * math.sqrt(0.66))
    assert ends(narrow.after_by_length.interval)[0] == pytest.approx(low)


def test_correlations_that_cannot_be_given():
    few = found_in(followed([3, 4, 5], [-0.04, -0.05, -0.02])).after_by_length
    assert (few.n, few.p, few.r) == pytest.approx((3, math.nan, math.nan), nan_ok=True)
    for months, slopes in (
        ([5, 5, 5, 5, 5], [-0.04, -0.05, -0.02, -0.03, -0.01]),
        ([3, 4, 5, 6, 7], [-0.04] * 5),
    ):
        same = found_in(followed(months, slopes)).after_by_length
        assert (same.n, same.interval) == (5, None)
        assert math.isnan(same.r)
        assert math.isnan(same.p)
        assert same.to_json() == {"r": None, "interval": None, "p": None, "n": 5}
    for slopes, sign in (([-0.05, -0.04, -0.03, -0.02], 1), ([-0.02, -0.03, -0.04, -0.05], -1)):
        whole = found_in(followed([3, 4, 5, 6], slopes)).after_by_length
        assert (whole.r, whole.interval, whole.n) == (sign, None, 4)
        # Two of the 24 orders of four patients agree wholly or not at all.
        assert whole.p == pytest.approx(2 / 24)


# Who is named, order, and all trials


def test_the_end_of_follow_up_is_said_in_words():
    rows = [row for row in ROWS if row[0] != "Q03"] + [row for row in ROWS if row[0] == "Q03"]
    found = found_in(read(rows))
    days = {"Q08": 130, "Q09": 150, "Q10": 400}
    ids = read(rows).patient_ids
    said = {ids[i]: end for i, end in zip(found.stopped.patient, found.end, strict=True) if end}
    assert said == {
        name: f"death in month {day / DAYS_PER_MONTH:.1f}" for name, day in days.items()
    }
    assert [ids[found.stopped.patient[k]] for k in found.missing] == ["Q08", "Q09"]


def numbers_of(found: DropoutSensitivity, names: Sequence[str]) -> dict[str, Any]:
    """Return the numbers as JSON, with patients in the order of their names."""
    plain = found.to_json(names)
    for key in ("last_visits", "ends"):
        plain[key] = sorted(plain[key], key=lambda one: one["patient"])
    for one in plain["patterns"]:
        one["added"] = sorted(one["added"])
    return plain


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return what stands in JSON values, by path."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for name, one in items for k, v in flat(one, f"{path}/{name}").items()}
    return {path: value}


def test_order_and_names_of_patients_change_nothing_else():
    shuffled = Random(1).sample(ROWS, len(ROWS))
    other = [[f"Z{99 - int(row[0][1:])}", *row[1:]] for row in ROWS]
    first = read(ROWS)
    expected = flat(numbers_of(found_in(first, day0="both"), first.patient_ids))
    for rows, back in ((shuffled, str), (other, lambda name: f"Q{99 - int(name[1:]):02d}")):
        trial = read(rows)
        names = [back(name) for name in trial.patient_ids]
        assert list(trial.patient_ids) != list(first.patient_ids) or rows is not other
        found = found_in(trial, day0="both")
        ids = dict(zip(trial.patient_ids, names, strict=True))
        renamed = replace(
            found,
            patterns=tuple(
                replace(one, added=tuple(ids[name] for name in one.added)) for one in found.patterns
            ),
        )
        ours = flat(numbers_of(renamed, names))
        assert ours == {
            path: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            for path, value in expected.items()
        }


@pytest.mark.parametrize("name", EXAMPLE_IDS)
@pytest.mark.parametrize("changes", [{}, {"post_months": 6, "day0": "both"}], ids=str)
def test_every_bundled_trial_gives_finite_json(name, changes):
    trial = load_example(name).trial
    settings, _ = Settings.from_json({**example_settings(name), **LIGHT, **changes})
    comparison = compare(trial, settings)
    assert comparison.endpoints
    for result in comparison.endpoints:
        found = dropout_sensitivity(trial, result, settings)
        plain = json.loads(json.dumps(found.to_json(trial.patient_ids), allow_nan=False))
        assert len(plain["last_visits"]) == int(np.sum(np.isfinite(result.before)))
        unseen = {one["patient"] for one in plain["last_visits"] if not one["has_after"]}
        assert unseen == {trial.patient_ids[found.stopped.patient[k]] for k in found.missing}
        carried = pattern(found, "carried")
        assert set(carried.added) == (set() if carried.reason else unseen)


def test_two_thousand_patients_take_less_than_a_second():
    names = np.repeat([f"A{i:04d}" for i in range(2_000)], 10)
    day = np.tile(np.arange(-270.0, 271.0, 60.0), 2_000)
    chance = np.random.default_rng(2)
    value = np.clip(30 - day / DAYS_PER_MONTH + chance.normal(0, 2, len(day)), 0, 48).round()
    frame = pd.DataFrame({"patient": names, "day": day, "value": value})
    gone = frame["patient"].isin([f"A{i:04d}" for i in range(0, 2_000, 7)]) & (frame["day"] > 0)
    trial = trial_from(frame[~gone])
    deaths = np.where(np.arange(2_000) % 7 == 0, 200.0, np.nan)
    trial = replace(trial, patients_frame=trial.patients_frame.assign(death_day=deaths))
    result, settings = case(trial)
    start = time.perf_counter()
    found = dropout_sensitivity(trial, result, settings)
    assert time.perf_counter() - start < 1
    assert len(found.missing) == 286
    assert pattern(found, "death").reason == ""

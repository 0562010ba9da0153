"""Untreated trials with an entry rule against closed forms, plain rules and published patterns."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.settings import Settings
from analysis.slope_points import Points
from analysis.untreated import entry
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import prepare
from analysis.untreated.entry import (
    PLAUSIBLE,
    EntryBenchmark,
    entry_benchmark,
    entry_benchmarks,
)
from analysis.untreated.entry_people import design_of, people_of
from analysis.untreated.entry_rules import asked_of
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.plan_entry import rules_of
from data.trial import DAYS_PER_MONTH, FloatArray, Trial
from tests.conftest import trial_from

NONE = ("none",)
EVERY_MONTH = tuple(range(-6, 7))
MEAN, SLOPE_SD, AFTER_SD, CORRELATION, NOISE = -0.6, 0.4, 0.5, 0.47, 3.0
INSIDE = (
    f"alsfrs_r.mean_before:{MEAN}",
    f"alsfrs_r.mean_after:{MEAN}",
    f"alsfrs_r.sd_before:{SLOPE_SD}",
    f"alsfrs_r.sd_after:{AFTER_SD}",
    f"alsfrs_r.correlation:{CORRELATION}",
    f"alsfrs_r.visit_sd:{NOISE}",
    "alsfrs_r.level_mean:29",
    "alsfrs_r.level_sd:1",
)
"""A natural history that keeps far from both ends of the scale for half a year."""


def with_values(changes: dict[str, float]) -> tuple[str, ...]:
    """Return the edits of ``INSIDE`` with some numbers changed."""
    values = dict(text.split(":") for text in INSIDE) | {k: str(v) for k, v in changes.items()}
    return tuple(f"{name}:{value}" for name, value in values.items())


def trial_at(
    days: Any,
    n: int,
    endpoints: tuple[str, ...] = ("alsfrs_r",),
    skip: dict[str, int] | None = None,
) -> Trial:
    """Build a trial of ``n`` people with visits on the same days; ``skip`` leaves out the first."""
    first = skip or {}
    rows = [
        (f"P{i:04d}", day, (40 if key == "alsfrs_r" else 80) + (i + day // 30) % 3, key)
        for key in endpoints
        for i in range(first.get(key, 0), n)
        for day in days
    ]
    return trial_from(pd.DataFrame(rows, columns=["patient", "day", "value", "endpoint"]))


def days_of(months: Any) -> list[int]:
    return [round(month * DAYS_PER_MONTH) for month in months]


def compared_at(trial: Trial, **settings: Any) -> Comparison:
    chosen: dict[str, Any] = {"endpoints": ("alsfrs_r",), "untreated_trials": 2000} | settings
    return compare(trial, Settings(**chosen))


def run(trial: Trial, rule: tuple[str, ...], **settings: Any) -> EntryBenchmark:
    return entry_benchmark(trial, compared_at(trial, **settings), rule)


def alsfrs_r(found: EntryBenchmark) -> UntreatedEndpoint:
    one = found.endpoint("alsfrs_r")
    assert one is not None, found.reason
    return one


def error_of(one: UntreatedEndpoint) -> float:
    """Monte Carlo standard error of the mean change."""
    return float(np.std(one.changes)) / math.sqrt(len(one.changes))


class TestWithoutARule:
    def test_mean_change_is_that_of_the_true_slopes(self) -> None:
        history = with_values({"alsfrs_r.mean_before": -0.7, "alsfrs_r.mean_after": -0.3})
        found = run(trial_at(days_of(EVERY_MONTH), 12), NONE, history_values=history)
        assert found.accepted == 1
        assert alsfrs_r(found).mean == pytest.approx(0.4, abs=4 * error_of(alsfrs_r(found)))

    @pytest.mark.parametrize("n", [6, 30])
    def test_false_success_is_2_5_of_100(self, n: int) -> None:
        trial = trial_at(days_of(EVERY_MONTH), n)
        one = alsfrs_r(run(trial, NONE, history_values=INSIDE, untreated_trials=4000))
        assert one.in_favour.share == pytest.approx(
            0.025, abs=4 * math.sqrt(0.025 * 0.975 / one.in_favour.trials)
        )

    def test_spread_of_changes_is_that_of_slopes_and_noise(self) -> None:
        one = alsfrs_r(run(trial_at(days_of(EVERY_MONTH), 12), NONE, history_values=INSIDE))
        true = SLOPE_SD**2 + AFTER_SD**2 - 2 * CORRELATION * SLOPE_SD * AFTER_SD
        sxx = [np.sum((m - m.mean()) ** 2) for m in _months(EVERY_MONTH)]
        expected = math.sqrt((true + (NOISE**2 + 1 / 12) * sum(1 / s for s in sxx)) / 12)
        # The SD of an SD from N numbers is SD/√(2N).
        assert np.std(one.changes) == pytest.approx(expected, rel=4 / math.sqrt(2 * 2000))


def _months(months: Any) -> tuple[FloatArray, FloatArray]:
    at = np.asarray(days_of(months)) / DAYS_PER_MONTH
    return at[at <= 0], at[at > 0]


def selected_change(covariance: float, sd: float, z: float) -> float:
    """Mean of a change given that a normal variable lies below its mean plus z SDs."""
    return -covariance / sd * stats.norm.pdf(z) / stats.norm.cdf(z)


class TestClosedForms:
    """Means of one normal variable given a limit on another one (Johnson, Kotz & Balakrishnan
    1994, *Continuous Univariate Distributions*, chapter 13)."""

    @pytest.mark.parametrize("limit", [-0.5, -1.0, -1.6])
    @pytest.mark.parametrize(("sd", "after_sd"), [(0.01, 0.01), (SLOPE_SD, AFTER_SD)])
    def test_a_slope_limit(self, limit: float, sd: float, after_sd: float) -> None:
        history = with_values({"alsfrs_r.sd_before": sd, "alsfrs_r.sd_after": after_sd})
        trial = trial_at(days_of(EVERY_MONTH), 12)
        found = run(trial, (f"slope_at_most:{limit}",), history_values=history)
        before = _months(EVERY_MONTH)[0]
        error = (NOISE**2 + 1 / 12) / np.sum((before - before.mean()) ** 2)
        seen = math.sqrt(sd**2 + error)
        z = (limit - MEAN) / seen
        covariance = CORRELATION * sd * after_sd - seen**2
        one = alsfrs_r(found)
        assert found.accepted == pytest.approx(stats.norm.cdf(z), abs=0.015)
        assert one.mean == pytest.approx(
            selected_change(covariance, seen, z), abs=4 * error_of(one) + 0.003
        )

    def test_a_slope_between_two_limits(self) -> None:
        rule = ("slope_at_most:-0.5", "slope_at_least:-1.2")
        found = run(trial_at(days_of(EVERY_MONTH), 12), rule, history_values=INSIDE)
        before = _months(EVERY_MONTH)[0]
        error = (NOISE**2 + 1 / 12) / np.sum((before - before.mean()) ** 2)
        seen = math.sqrt(SLOPE_SD**2 + error)
        inside = stats.truncnorm((-1.2 - MEAN) / seen, (-0.5 - MEAN) / seen)
        pull = CORRELATION * SLOPE_SD * AFTER_SD / seen**2 - 1
        one = alsfrs_r(found)
        assert one.mean == pytest.approx(pull * seen * inside.mean(), abs=4 * error_of(one) + 0.003)

    @pytest.mark.parametrize(
        ("months", "screened"),
        [(EVERY_MONTH, False), ((-6, -4, 0, 2, 4, 6), True)],
        ids=["a visit at 3 months", "a screening visit"],
    )
    def test_points_lost(self, months: Any, screened: bool) -> None:
        found = run(trial_at(days_of(months), 12), ("points_lost:4:12",), history_values=INSIDE)
        before = _months(months)[0]
        weight = (before - before.mean()) / np.sum((before - before.mean()) ** 2)
        start = -84 / DAYS_PER_MONTH if screened else before[3]
        weight_start = 0.0 if screened else weight[3]
        # Whole points: at least 4 of them are more than 3.5 before rounding.
        kept = NOISE**2 + 1 / 12
        sd = math.sqrt((SLOPE_SD * start) ** 2 + 2 * kept)
        z = (-MEAN * -start - 3.5) / sd
        with_slope = start * SLOPE_SD**2 + kept * (weight_start - weight[-1])
        with_later = start * CORRELATION * SLOPE_SD * AFTER_SD
        one = alsfrs_r(found)
        assert found.accepted == pytest.approx(stats.norm.cdf(z), abs=0.015)
        assert one.mean == pytest.approx(
            -selected_change(with_later - with_slope, sd, z), abs=4 * error_of(one) + 0.01
        )

    def test_fvc_is_drawn_with_the_same_person(self) -> None:
        trial = trial_at(days_of(EVERY_MONTH), 12, ("alsfrs_r", "fvc"))
        fvc = {"sd_before": 2, "sd_after": 2, "correlation": 0.2, "level_sd": 1}
        means = {"mean_before": -1, "mean_after": -1}
        history = with_values({f"fvc.{k}": v for k, v in (fvc | means).items()} | {"between": 0.8})
        found = run(
            trial,
            ("slope_at_most:-1",),
            history_values=history,
            endpoints=("alsfrs_r", "fvc"),
        )
        one = found.endpoint("fvc")
        assert one is not None
        before = _months(EVERY_MONTH)[0]
        seen = math.sqrt(SLOPE_SD**2 + (NOISE**2 + 1 / 12) / np.sum((before - before.mean()) ** 2))
        covariance = 0.8 * SLOPE_SD * (0.2 * 2 - 2)
        expected = selected_change(covariance, seen, (-1 - MEAN) / seen)
        assert expected > 0.5
        assert one.mean == pytest.approx(expected, abs=4 * error_of(one))

    def test_selection_changes_nothing_without_noise_and_with_constant_slopes(self) -> None:
        same = {
            "alsfrs_r.sd_before": 0.3,
            "alsfrs_r.sd_after": 0.3,
            "alsfrs_r.correlation": 1.0,
            "alsfrs_r.visit_sd": 0.001,
            "alsfrs_r.level_mean": 40,
        }
        rng = np.random.default_rng(3)
        days = np.sort(rng.choice(np.arange(-365, 0), 30, replace=False)).tolist()
        trial = trial_at([*days, 0, *days_of(range(1, 7))], 12)
        one = alsfrs_r(run(trial, ("slope_at_most:-0.8",), history_values=with_values(same)))
        # Scores are whole points all the same, which makes an error of about 1/12 over Σ(t − t̄)²;
        # true slopes of those who are taken are 0.4 steeper than those of all.
        assert abs(one.mean) < 0.005
        assert one.in_favour.share < 0.04


class TestPatterns:
    # Efron & Hastie's als data: true slopes before and after are those that describe it.
    PUBLIC = (
        "alsfrs_r.mean_before:-0.55",
        "alsfrs_r.mean_after:-0.69",
        "alsfrs_r.sd_before:0.5",
        "alsfrs_r.sd_after:0.51",
        "alsfrs_r.correlation:0.47",
        "alsfrs_r.visit_sd:1.65",
        "alsfrs_r.level_mean:31",
        "alsfrs_r.level_sd:5",
    )
    PUBLISHED = ((8, 0, 26, 36, 71), (10, 0, 32, 49, 85), (15, 0, 43, 69, 98), (20, 0, 52, 83, 100))
    """Patients, and of 100 trials those with P < 0.05 in favour: everybody, a run-in slope between
    −2 and −0.5, at most −0.5, at most −1. Published for 1,790 untreated people."""

    @pytest.mark.parametrize("row", PUBLISHED)
    def test_false_success_by_rule_is_that_of_public_data(self, row: tuple[int, ...]) -> None:
        trial = trial_at(days_of((-3, 0, *range(1, 10))), row[0])
        comparison = compared_at(trial, history_values=self.PUBLIC, untreated_trials=1000)
        for rule, published in zip(PLAUSIBLE, row[1:], strict=False):
            share = alsfrs_r(entry_benchmark(trial, comparison, rule)).in_favour.share
            assert share == pytest.approx(published / 100, abs=0.1)

    @pytest.mark.parametrize("history", [(), PUBLIC], ids=["reference", "public data"])
    def test_false_success_by_rule_is_ordered_as_published(self, history: tuple[str, ...]) -> None:
        trial = trial_at(days_of((-3, 0, 3, 6, 9, 12)), 10)
        comparison = compared_at(trial, history_values=history)
        shares = [
            alsfrs_r(entry_benchmark(trial, comparison, rule)).in_favour.share for rule in PLAUSIBLE
        ]
        assert shares[0] < 0.04
        assert all(less < 0.8 * more for less, more in itertools.pairwise(shares[:4]))
        # With two visits of whole points 3 months apart both rules take who lost 3 points.
        assert shares[4] == shares[3]
        assert shares[4] > 0.5

    def test_a_stricter_rule_gives_more_false_success(self) -> None:
        trial = trial_at(days_of((-3, 0, 3, 6)), 10)
        found = [
            run(trial, (f"slope_at_most:{limit}",), untreated_trials=1000) for limit in (0, -1, -2)
        ]
        means = [alsfrs_r(one).mean for one in found]
        shares = [alsfrs_r(one).in_favour.share for one in found]
        accepted = [one.accepted for one in found]
        assert means == sorted(means)
        assert shares == sorted(shares)
        assert accepted == sorted(accepted, reverse=True)

    def test_longer_denser_run_ins_bias_less(self) -> None:
        rule = ("slope_at_most:-1",)
        short = alsfrs_r(run(trial_at(days_of((-3, 0, 3, 6)), 10), rule))
        long = alsfrs_r(run(trial_at(days_of((-9, -6, -3, 0, 3, 6)), 10), rule))
        assert long.mean < 0.7 * short.mean


def plain_rule(text: str, months: list[float], scores: dict[float, float]) -> bool:
    """Whether scores by month meet a condition, as its words say; months: the run-in's."""
    kind, *numbers = text.split(":")
    limits = [float(number) for number in numbers]
    last = max(months, default=0.0)
    if kind.startswith("slope"):
        slope = round(float(np.polyfit(months, [scores[m] for m in months], 1)[0]), 9)
        return slope <= limits[0] if kind == "slope_at_most" else slope >= limits[0]
    if kind == "points_lost":
        begin = -limits[1] * 7 / DAYS_PER_MONTH
        end = last if last > begin / 2 and months else 0.0
        near = sorted((abs(m - begin), m) for m in months if m != end)
        close = bool(near) and near[0][0] * DAYS_PER_MONTH <= 14 + 1e-6
        start = near[0][1] if close else begin
        return scores[start] - scores[end] >= limits[0]
    return scores[last] >= limits[0]


@pytest.mark.parametrize("seed", range(40))
def test_conditions_ask_what_their_words_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    who = np.asarray([1, 4, 5])
    months: dict[int, list[float]] = {}
    for i in who:
        days = rng.choice(np.arange(-230, 1, 7), size=int(rng.integers(0, 6)), replace=False)
        months[int(i)] = [float(day) / DAYS_PER_MONTH for day in np.sort(days)]
    weeks = int(rng.choice([2, 3, 8, 12, 24]))
    entries = [f"points_lost:2:{weeks}", "alsfrs_r_at_least:30"]
    if min(map(len, months.values())) > 1:
        entries += ["slope_at_most:-0.5", "slope_at_least:-1"]
    asked = asked_of(points_at(months), who, rules_of(entries), np.empty(0, np.int64))
    assert len(asked.conditions) == len(entries)
    for at, i in enumerate(who):
        visit, person = asked.visits.of(np.asarray([at]))
        assert set(person) == {0}
        for _ in range(20):
            values = rng.integers(24, 36, len(visit)).astype(np.float64)
            scores = dict(zip(asked.visits.month[visit].tolist(), values, strict=True))
            for text, condition in zip(entries, asked.conditions, strict=True):
                expected = plain_rule(text, months[int(i)], scores)
                assert condition.met(values, visit, person, 1)[0] == expected


@pytest.mark.parametrize(("day", "is_near"), [(-70, True), (-98, True), (-69, False), (-99, False)])
def test_a_visit_counts_within_two_weeks_of_the_start(day: int, is_near: bool) -> None:
    points = points_at({1: [day / DAYS_PER_MONTH, 0.0]})
    asked = asked_of(points, np.asarray([1]), rules_of(["points_lost:2:12"]), points.position[:0])
    days = (asked.visits.month * DAYS_PER_MONTH).round(6).tolist()
    assert days == ([day, 0] if is_near else sorted([day, -84, 0]))
    weight = dict(zip(days, asked.conditions[0].weight, strict=True))
    assert weight[day if is_near else -84] == 1
    assert weight[0] == -1


def points_at(months: dict[int, list[float]]) -> Points:
    """Return analysable visits of some people; others, and visits after day 0, stand among them."""
    rows = sorted([(i, m) for i, seen in months.items() for m in [*seen, 1.0, 2.0]] + [(2, -1.0)])
    patient, month = (np.asarray(column) for column in zip(*rows, strict=True))
    yes = np.ones(len(rows), dtype=np.bool_)
    return Points(patient, month, month * 0, month <= 0, month > 0, yes, np.arange(len(rows)), ~yes)


class TestWhatIsSimulated:
    @pytest.mark.parametrize(
        "rule", [("slope_at_most:-1",), ("alsfrs_r_at_least:26", "fvc_at_least:70")]
    )
    def test_everybody_who_is_taken_meets_the_rule(self, rule: tuple[str, ...]) -> None:
        trial = trial_at((-90, -50, -20, 0, 40, 110), 4, ("alsfrs_r", "fvc"))
        comparison = compared_at(trial, endpoints=("alsfrs_r", "fvc"))
        prepared, rules = prepare(trial, comparison), rules_of(rule)
        points = {one.endpoint.key: one.slopes.points for one in comparison.endpoints}
        design = design_of(prepared, assumed_history(comparison.settings), rules, points)
        people = people_of(design, 200, np.random.default_rng(1), lambda share: True)
        assert people.scores is not None
        scores = people.scores["alsfrs_r"].reshape(800, 6)
        if len(rule) == 1:
            days = np.asarray([-90, -50, -20, 0]) / DAYS_PER_MONTH
            slopes = np.polyfit(days, scores[:, :4].T, 1)[0]
            assert slopes.max() <= -1 + 1e-9
            assert slopes.max() > -1.1
        else:
            assert scores[:, 3].min() == 26
            assert 70 <= people.scores["fvc"].reshape(800, 6)[:, 3].min() < 71
        assert np.array_equal(scores, np.round(scores))

    def test_patients_keep_their_pattern_and_those_not_compared_are_left_out(self) -> None:
        trial = trial_at((-90, 0, 60, 120), 9, ("alsfrs_r", "fvc"), {"fvc": 3})
        comparison = compared_at(trial, endpoints=("alsfrs_r", "fvc"))
        found = entry_benchmark(trial, comparison, ("slope_at_most:-0.5",), trials=50)
        assert [one.n for one in found.endpoints] == [9, 6]
        short = trial_at((-90, 0), 2)
        rows = pd.concat([trial.measurements, short.measurements.replace("P0001", "Q")])
        alone = trial_from(rows[rows.patient.isin(["P0000", "P0001", "P0002", "Q"])])
        assert alsfrs_r(run(alone, NONE, untreated_trials=100)).n == 3

    def test_theil_sen_of_two_visits_is_least_squares(self) -> None:
        trial = trial_at((-90, 0, 60, 120), 8)
        found = [
            alsfrs_r(run(trial, ("slope_at_most:-1",), estimator=name, untreated_trials=200))
            for name in ("ols", "theil_sen")
        ]
        np.testing.assert_allclose(found[0].changes, found[1].changes, atol=1e-9)

    def test_a_minimum_of_fvc_that_was_not_measured_is_asked_on_day_0(self) -> None:
        trial = trial_at((-90, 0, 60, 120), 8)
        history = ("fvc.level_sd:10", "fvc.level_mean:90", "fvc.mean_before:-3", "fvc.tail_df:1000")
        found = run(trial, ("fvc_at_least:80",), history_values=history)
        # One visit on day 0: level, 3 months of slope, and noise of 5 % of the value.
        months = 90 / DAYS_PER_MONTH
        mean = 90 - 3 * months
        sd = math.sqrt(10**2 + (2 * months) ** 2 + (0.05 * mean) ** 2)
        assert found.accepted == pytest.approx(stats.norm.sf(79.5, mean, sd), abs=0.02)
        fewer = run(trial, NONE, history_values=history)
        assert alsfrs_r(found).n == alsfrs_r(fewer).n == 8

    def test_the_rule_may_look_at_an_endpoint_that_is_not_compared(self) -> None:
        trial = trial_at(days_of(EVERY_MONTH), 8, ("alsfrs_r", "fvc"))
        found = run(trial, ("slope_at_most:-1",), endpoints=("fvc",), untreated_trials=500)
        both = run(
            trial, ("slope_at_most:-1",), endpoints=("alsfrs_r", "fvc"), untreated_trials=500
        )
        one, same = found.endpoint("fvc"), both.endpoint("fvc")
        assert one is not None
        assert same is not None
        assert found.endpoint("alsfrs_r") is None
        assert one.mean == pytest.approx(
            same.mean, abs=4 * math.hypot(error_of(one), error_of(same))
        )


class TestRunning:
    TRIAL = trial_at((-90, 0, 60, 120), 10, ("alsfrs_r", "fvc"))

    def test_one_seed_gives_one_result(self) -> None:
        rule = ("points_lost:3:12",)
        first, again, other = (
            alsfrs_r(run(self.TRIAL, rule, seed=seed, untreated_trials=300)).changes
            for seed in (1, 1, 2)
        )
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_an_unknown_rule_ranges_over_the_plausible_ones(self) -> None:
        shares: list[float] = []

        def note(share: float) -> bool:
            shares.append(share)
            return True

        comparison = compared_at(self.TRIAL, untreated_trials=100)
        found = entry_benchmarks(self.TRIAL, comparison, progress=note)
        assert tuple(one.rule for one in found) == PLAUSIBLE
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1)
        stated = compared_at(self.TRIAL, untreated_trials=100, entry_rule=("slope_at_most:-0.5",))
        (only,) = entry_benchmarks(self.TRIAL, stated)
        assert only.words == "run-in slope ≤ −0.5 points/month"

    def test_it_can_be_stopped(self) -> None:
        comparison = compared_at(self.TRIAL, untreated_trials=500)
        (found,) = entry_benchmarks(self.TRIAL, comparison, progress=lambda share: False)
        assert (found.trials, found.reason) in {(0, "stopped"), (500, "")}

    def test_memory_is_bounded_and_large_trials_are_drawn_less_often(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(entry, "_MOST_VISITS", 2_400_000)
        trial = trial_at((-90, -45, 0, 30, 60, 90), 2000)
        comparison = compared_at(trial)
        tracemalloc.start()
        found = entry_benchmark(trial, comparison, ("slope_at_most:-1",))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found.trials == alsfrs_r(found).in_favour.trials == 200
        assert peak < 120e6

    def test_the_fewer_people_meet_the_rule_the_fewer_trials(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(entry, "_MOST_DRAWN", 20_000)
        found = run(self.TRIAL, ("slope_at_most:-1.5",))
        assert found.accepted < 0.5
        assert found.trials == int(20_000 * found.accepted / 10)
        assert run(self.TRIAL, NONE).trials == 2000

    def test_results_are_json_values(self) -> None:
        found = run(self.TRIAL, NONE, untreated_trials=100).to_json()
        assert found["accepted_share"] == 1
        assert found["rule"] == ["none"]
        assert found["endpoints"]["alsfrs_r"]["p_below_0_05_in_favour"]["trials"] == 100


class TestImpossible:
    @pytest.mark.parametrize(
        ("rule", "settings", "words"),
        [
            (("slope_at_most:-9",), {}, "fewer than 0.1 % of untreated people meet the rule"),
            (NONE, {"run_in": "onset"}, "slopes before are counted from onset"),
            (("slope_at_most:-1",), {"endpoints": ("svc",)}, "no natural history is known"),
        ],
    )
    def test_it_says_why(self, rule: tuple[str, ...], settings: dict[str, Any], words: str) -> None:
        made = trial_at((-90, 0, 60, 120), 6, ("alsfrs_r", "svc"))
        people = made.patients.assign(onset_day=-700.0)
        found = run(Trial(people, made.measurements, made.events), rule, **settings)
        assert found.reason.startswith(words)
        assert not found.reason.endswith("patients")
        assert (found.endpoints, found.trials) == ((), 0)

    def test_a_rule_must_be_stated(self) -> None:
        with pytest.raises(ValueError, match="no entry rule"):
            run(trial_at((-90, 0, 60, 120), 5), ())

    def test_a_slope_needs_two_visits(self) -> None:
        fvc = trial_at((-90, 0, 60, 120), 5, ("fvc",)).measurements
        one_visit = trial_at((0, 60, 120), 5).measurements
        trial = trial_from(pd.concat([fvc, one_visit]))
        found = run(trial, ("slope_at_most:-1",), endpoints=("fvc",))
        assert found.reason.startswith("5 of 5 compared patients have fewer than 2 ALSFRS-R visits")
        points = run(trial, ("points_lost:1:12",), endpoints=("fvc",), untreated_trials=100)
        assert points.reason == ""

    def test_nobody_is_compared(self) -> None:
        found = run(trial_at((-90, 0), 5), NONE)
        assert found.reason == "no patient can be compared"

    def test_a_rule_that_one_patient_cannot_meet(self) -> None:
        # Two visits a day apart scatter by many points a month; two years apart they cannot.
        near = trial_at((-60, 0, 60, 120), 5).measurements
        far = trial_at((-2000, 0, 60, 120), 1).measurements.replace("P0000", "far")
        found = run(trial_from(pd.concat([near, far])), ("slope_at_most:-3",))
        assert found.reason == (
            "fewer than 0.1 % of untreated people meet the rule at the visits of 1 patient"
        )

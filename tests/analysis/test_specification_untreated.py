"""The curve of untreated trials: each is a trial, and each of its analyses the same one.

Expected numbers come from slopes of a trial into which the simulated scores were written, from
scipy on its changes, and from the benchmark of the primary analysis.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis import specification_untreated
from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.settings import Settings
from analysis.slopes import SlopeTable, slope_table
from analysis.specification import SpecificationCurve, specification_curve
from analysis.specification_choices import Choice, Option, declared_choices
from analysis.specification_slopes import CurveSlopes, curve_slopes
from analysis.specification_untreated import (
    FEWEST_TRIALS,
    MOST_TRIALS,
    UntreatedCurve,
    untreated_curve,
)
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import prepare, simulate, with_own_means
from data.examples import load_example
from data.trial import DAYS_PER_MONTH, FloatArray, Trial
from tests.conftest import made

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
SIGMAS = 4.5


@cache
def example(name: str) -> Trial:
    return load_example(name).trial


def choice(name: str, *values: Any) -> Choice:
    options = (Option(str(v), ((name, v),), at == 0) for at, v in enumerate(values))
    return Choice(name, name, tuple(options))


FEW = (choice("post_months", None, 6.0), choice("estimator", "ols", "theil_sen"))


@cache
def compared(name: str, *endpoints: str, **settings: Any) -> Comparison:
    return compare(example(name), Settings(**{"endpoints": endpoints, **LIGHT, **settings}))


def curve_of(
    name: str, endpoint: str, choices: Iterable[Choice], **settings: Any
) -> tuple[Trial, Comparison, SpecificationCurve]:
    trial, comparison = example(name), compared(name, endpoint, **settings)
    return trial, comparison, specification_curve(trial, comparison, endpoint, tuple(choices))


def plain_line(patients: int) -> Trial:
    return made(
        {
            f"P{i}": {d: 38 - i % 3 - d / (40 + 3 * i) for d in (-150, -60, 0, 60, 150)}
            for i in range(patients)
        }
    )


# Slopes of simulated scores


def simulated_in(trial: Trial, endpoint: str, slopes: CurveSlopes, scores: FloatArray) -> Trial:
    """Return the trial with one replicate's scores in the place of those that were seen."""
    frame = trial.measurements
    seen = frame[(frame["endpoint"] == endpoint) & (frame["status"] == "ok")].dropna(subset=["day"])
    days = seen["day"].round(2)
    row_of = dict(zip(zip(seen["patient"], days, strict=True), seen.index, strict=True))
    assert len(row_of) == len(seen)
    names = [trial.patient_ids[i] for i in slopes.who[slopes.patient]]
    visits = zip(names, (slopes.month * DAYS_PER_MONTH).round(2).tolist(), strict=True)
    frame.loc[[row_of[visit] for visit in visits], "value"] = scores
    return replace(trial, measurements_frame=frame)


def tables_of(trial: Trial, curve: SpecificationCurve) -> list[SlopeTable]:
    return [
        slope_table(trial, curve.endpoint, curve.settings_of(k)) for k in range(len(curve.estimate))
    ]


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("alsfrs_r", {}),
        ("fvc", {}),
        ("alsfrs_r", {"estimator": "broken_stick", "day0": "both"}),
        ("alsfrs_r", {"estimator": "broken_stick", "run_in": "onset"}),
        ("alsfrs_r", {"estimator": "broken_stick_jump", "day0": "both"}),
        ("fvc", {"estimator": "end_to_end", "skip_days": 30}),
    ],
)
def test_slopes_of_simulated_scores_are_those_of_a_trial_with_these_scores(
    endpoint: str, base: dict[str, Any]
) -> None:
    trial, comparison = example("every-detail"), compared("every-detail", endpoint, **base)
    choices = declared_choices(trial, comparison.settings, "full" if not base else "small")
    curve = specification_curve(trial, comparison, endpoint, choices)
    tables = tables_of(trial, curve)
    every = np.any([np.isfinite(table.change) for table in tables], axis=0)
    # Somebody is not simulated: the others are numbered anew.
    who = np.flatnonzero(every)[1:]
    settings = [curve.settings_of(k) for k in range(len(tables))]
    slopes = curve_slopes(tables, settings, who)
    assert np.all(slopes.month * DAYS_PER_MONTH > 0.5)
    scores = np.random.default_rng(1).integers(20, 40, (1, len(slopes.month))).astype(np.float64)
    found = dict(slopes.changes(scores))
    assert sorted(found) == list(range(len(tables)))
    for r, row in enumerate(scores):
        other = simulated_in(trial, endpoint, slopes, row)
        for k, table in enumerate(tables_of(other, curve)):
            expected = table.change[who[np.isfinite(tables[k].change[who])]]
            np.testing.assert_allclose(found[k][r], expected, rtol=1e-9, atol=1e-9)


# Shares


def by_hand(
    trial: Trial, curve: SpecificationCurve, slopes: CurveSlopes, scores: FloatArray
) -> tuple[int, int, int, float]:
    """Count trials with such a median, as many significant analyses, and any, by scipy."""
    way = -1 if curve.median < 0 else 1
    per = 12 if curve.unit.endswith("year") else 1
    side: dict[str, Any] = {"two-sided": "two-sided", "less steep": "greater", "steeper": "less"}
    seen = sum(p < 0.05 and way * e > 0 for p, e in zip(curve.p, curve.estimate, strict=True))
    large, as_many, some, medians = 0, 0, 0, []
    members = [np.isfinite(table.change) for table in tables_of(trial, curve)]
    for row in scores:
        other = simulated_in(trial, curve.endpoint, slopes, row)
        means, hits = [], 0
        for table, mine in zip(tables_of(other, curve), members, strict=True):
            change = per * table.change[mine]
            test = stats.ttest_1samp(change, 0, alternative=side[curve.base.alternative])
            means.append(fmean(change))
            hits += bool(test.pvalue < 0.05 and way * means[-1] > 0)
        medians.append(median(means))
        large += way * medians[-1] >= way * curve.median - 1e-9
        as_many += hits >= seen
        some += hits > 0
    return large, as_many, some, fmean(medians)


@pytest.mark.parametrize(
    ("name", "endpoint", "settings"),
    [
        ("every-detail", "alsfrs_r", {}),
        ("every-detail", "fvc", {"rate_unit": "year", "alternative": "less steep"}),
        ("every-detail", "alsfrs_r", {"alternative": "steeper", "run_in": "onset"}),
        ("after-shamsaei-2023", "alsfrs_r", {"alternative": "less steep"}),
        ("after-shamsaei-2023", "fvc", {}),
    ],
)
def test_shares_are_counts_of_curves_of_trials_with_these_scores(
    monkeypatch: pytest.MonkeyPatch, name: str, endpoint: str, settings: dict[str, Any]
) -> None:
    trial, comparison, curve = curve_of(name, endpoint, FEW, **settings)
    assert len(curve.estimate) > 1
    monkeypatch.setattr(specification_untreated, "MOST_TRIALS", 12)
    kept: list[tuple[CurveSlopes, FloatArray]] = []
    draw = specification_untreated._scores

    def listened(*given: Any) -> FloatArray:
        scores = draw(*given)
        kept.append((given[3], scores))
        return scores

    monkeypatch.setattr(specification_untreated, "_scores", listened)
    found = untreated_curve(trial, comparison, curve)
    assert found.trials == 12
    assert len(kept) == 2
    every = np.any([np.isfinite(table.change) for table in tables_of(trial, curve)], axis=0)
    assert found.n == every.sum()
    counts = []
    for shares, (slopes, scores) in zip((found.reference, found.own_mean), kept, strict=True):
        assert shares is not None
        assert len(scores) == 12
        *expected, middle = by_hand(trial, curve, slopes, scores)
        ours = shares.median_at_least, shares.significant_at_least, shares.any_significant
        assert [one.count for one in ours] == expected
        assert {one.trials for one in ours} == {12}
        assert shares.median == pytest.approx(middle)
        counts.append(expected)
    larger = found.median_at_least, found.significant_at_least, found.any_significant
    assert [one.count for one in larger] == [max(pair) for pair in zip(*counts, strict=True)]


@pytest.mark.parametrize(
    ("name", "endpoint", "settings"),
    [
        ("every-detail", "alsfrs_r", {}),
        ("every-detail", "fvc", {}),
        ("every-detail", "alsfrs_r", {"estimator": "theil_sen"}),
        ("every-detail", "alsfrs_r", {"run_in": "onset"}),
        ("after-shamsaei-2023", "fvc", {"estimator": "broken_stick"}),
        ("untreated-60", "alsfrs_r", {"estimator": "end_to_end"}),
        ("after-oh-2018", "alsfrs_r", {"group_by": "group"}),
    ],
)
def test_a_curve_of_one_analysis_says_what_the_benchmark_says(
    name: str, endpoint: str, settings: dict[str, Any]
) -> None:
    trial, comparison, curve = curve_of(name, endpoint, (), **settings)
    found = untreated_curve(trial, comparison, curve)
    assert found.trials == MOST_TRIALS
    assumed, prepared = assumed_history(comparison.settings), prepare(trial, comparison)
    way = -1 if curve.estimate[0] < 0 else 1
    for shares, history in (
        (found.reference, assumed),
        (found.own_mean, with_own_means(prepared, assumed)),
    ):
        slopes = simulate(prepared, history, 2_000)[endpoint]
        change = slopes.after - slopes.before
        means = change.mean(axis=1)
        tests = stats.ttest_1samp(change, 0, axis=1)
        assert shares is not None
        assert found.n == change.shape[1]
        agree(shares.median_at_least.share, way * means >= way * curve.median - 1e-9)
        agree(shares.any_significant.share, (tests.pvalue < 0.05) & (way * means > 0))
        error = means.std() * math.sqrt(1 / MOST_TRIALS + 1 / len(means))
        assert abs(shares.median - means.mean()) < SIGMAS * error


def agree(share: float, benchmark: np.ndarray) -> None:
    """Compare a share of 500 trials with that of other ones, within the error of both."""
    both = (share * MOST_TRIALS + benchmark.sum()) / (MOST_TRIALS + len(benchmark))
    error = math.sqrt(both * (1 - both) * (1 / MOST_TRIALS + 1 / len(benchmark)))
    assert abs(share - benchmark.mean()) <= SIGMAS * error


# Seed, stop, size


def test_one_seed_gives_one_answer_with_or_without_progress() -> None:
    trial, comparison, curve = curve_of("after-shamsaei-2023", "alsfrs_r", FEW)
    told: list[float] = []

    def listen(share: float) -> bool:
        told.append(share)
        return True

    first = untreated_curve(trial, comparison, curve)
    assert untreated_curve(trial, comparison, curve, progress=listen) == first
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 2
    trial, comparison, curve = curve_of("after-shamsaei-2023", "alsfrs_r", FEW, seed=1)
    other = untreated_curve(trial, comparison, curve)
    assert other.reference is not None
    assert first.reference is not None
    assert other.reference.median != first.reference.median


def test_the_reader_can_stop_and_keeps_the_trials_that_were_simulated() -> None:
    trial, comparison, curve = curve_of("after-shamsaei-2023", "alsfrs_r", FEW)
    told: list[float] = []

    def stop(share: float) -> bool:
        told.append(share)
        return len(told) < 2

    found = untreated_curve(trial, comparison, curve, progress=stop)
    assert len(told) == 2
    assert found.trials == round(told[-1] * MOST_TRIALS)
    assert found.reason == ""
    assert found.median_at_least.trials == found.trials


def test_large_curves_get_fewer_trials_but_never_fewer_than_a_hundred(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial, comparison, curve = curve_of("after-shamsaei-2023", "alsfrs_r", FEW)
    monkeypatch.setattr(specification_untreated, "_WORK", 1)
    assert untreated_curve(trial, comparison, curve).trials == FEWEST_TRIALS == 100


# Nothing is said


def assert_silent(found: UntreatedCurve, word: str) -> None:
    assert word in found.reason
    assert found.trials == 0
    assert found.n == 0
    assert found.reference is None
    assert found.own_mean is None
    assert math.isnan(found.median_at_least.share)
    assert math.isnan(found.any_significant.share)
    json.dumps(found.to_json(), allow_nan=False)


def test_without_a_natural_history_or_an_analysis_there_is_a_reason() -> None:
    trial, comparison, curve = curve_of("every-detail", "bulbar", FEW)
    assert len(curve.estimate)
    assert_silent(untreated_curve(trial, comparison, curve), "natural history")
    trial = plain_line(2)
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), **LIGHT))
    curve = specification_curve(trial, comparison, "alsfrs_r", FEW)
    assert_silent(untreated_curve(trial, comparison, curve), "no analysis")


def test_with_a_control_the_others_are_simulated() -> None:
    trial, comparison, curve = curve_of("after-oh-2018", "fvc", (), group_by="group")
    result = comparison.endpoint("fvc")
    assert result is not None
    assert result.against_control is not None
    assert result.groups is not None
    [treated] = [g for g in result.groups.groups if g.label != comparison.control]
    assert untreated_curve(trial, comparison, curve).n == treated.change.n < result.n


def test_json_holds_every_share() -> None:
    trial, comparison, curve = curve_of("after-shamsaei-2023", "fvc", FEW)
    found = untreated_curve(trial, comparison, curve)
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["trials"] == found.trials
    assert plain["n"] == found.n == 10
    assert plain["median_at_least"]["count"] == found.median_at_least.count
    assert plain["significant_at_least"]["share"] == found.significant_at_least.share

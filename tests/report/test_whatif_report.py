"""Other analyses as one report: each number is that of a comparison made again from scratch."""

from __future__ import annotations

import itertools
import json
import math
import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.opening import opening_settings
from analysis.settings import PatientExclusion, Settings
from analysis.slopes import slope_table
from analysis.variants import Variant
from data.examples import EXAMPLE_IDS, load_example
from data.trial import Trial
from report.whatif_report import SCHEMA, WhatIfReport, report_json, whatif_report
from report.whatif_text import report_text
from tests.exported import same

QUICK = {"flips": 1_000, "resamples": 1_000}


def either_of(n: int) -> str:
    return "either of 2" if n == 2 else f"any one of {n}"


@cache
def opened(name: str) -> tuple[Trial, Comparison]:
    """Return a bundled trial as it opens."""
    example = load_example(name)
    plain = {**opening_settings(example.trial), **example.settings, **QUICK}
    settings, problems = Settings.from_json(plain)
    assert problems == ()
    return example.trial, compare(example.trial, settings)


def without(settings: Settings, patient: str) -> Settings:
    return settings.with_(excluded_patients=(PatientExclusion(patient, "other"),))


@cache
def reported(name: str) -> WhatIfReport:
    """Return the report of a bundled trial with the three questions of a meeting beside it."""
    trial, comparison = opened(name)
    settings = comparison.settings
    variants = (
        Variant("", without(settings, trial.patient_ids[3])),
        Variant("half a year", settings.with_(post_months=6.0)),
        Variant("", settings.with_(day0="neither")),
    )
    return whatif_report(trial, comparison, variants)


@cache
def document(name: str) -> dict[str, Any]:
    text = json.dumps(report_json(reported(name)), allow_nan=False)
    result: dict[str, Any] = json.loads(text)
    return result


EVERY = [
    (name, result.endpoint.key) for name in EXAMPLE_IDS for result in opened(name)[1].endpoints
]


def again(trial: Trial, key: str, settings: Settings) -> EndpointComparison:
    """Return a comparison of one endpoint from scratch."""
    result = compare(trial, settings.with_(endpoints=(key,), **QUICK)).endpoint(key)
    assert result is not None
    return result


# Variants


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_variants_are_comparisons_with_their_settings(name):
    trial, comparison = opened(name)
    found = document(name)
    assert found["schema"] == SCHEMA
    unit = "month" if found["variants_note"] else comparison.settings.rate_unit
    primary = compare(trial, comparison.settings.with_(rate_unit=unit))
    wanted = [
        without(comparison.settings, trial.patient_ids[3]),
        comparison.settings.with_(post_months=6.0),
        comparison.settings.with_(day0="neither"),
    ]
    assert len(found["variants"]) == len(wanted)
    for one, settings in zip(found["variants"], wanted, strict=True):
        other = compare(trial, settings.with_(rate_unit=unit))
        assert [e["endpoint"] for e in one["endpoints"]] == [
            e.endpoint.key for e in primary.endpoints
        ]
        for side in one["endpoints"]:
            first, second = primary.endpoint(side["endpoint"]), other.endpoint(side["endpoint"])
            assert first is not None
            assert second is not None
            same(side["primary"], first.lead.to_json())
            same(side["variant"], second.lead.to_json())
            same(side["difference"], second.lead.estimate - first.lead.estimate)


def test_a_window_makes_the_board_of_a_trial_per_period_one_per_month():
    found = document("after-shamsaei-2023")
    assert found["variants_note"].startswith("Per month: ")
    assert found["variants"][1]["title"] == "half a year"
    units = {e["unit"] for one in found["variants"] for e in one["endpoints"]}
    assert units == {"points/month", "% predicted/month"}
    assert found["endpoints"]["alsfrs_r"]["unit"] == "points/period"


# The summary


def expected_curve(trial: Trial, comparison: Comparison, key: str) -> list[str]:
    """Return what is said of all analyses, from a comparison for each of them."""
    curve = reported_endpoint(comparison, key).answers.curve
    assert curve is not None
    means, ps = [], []
    for k in range(len(curve.estimate)):
        result = again(trial, key, curve.settings_of(k))
        test = stats.ttest_1samp(result.change[result.paired], 0)
        means.append(float(np.mean(result.change[result.paired])))
        ps.append(float(test.pvalue))
    (at,) = [k for k in range(len(means)) if (curve.option[k] == 0).all()]
    way = math.copysign(1, means[at])
    agree = sum(mean * way > 0 for mean in means)
    assert curve.same_direction == agree
    assert curve.significant == sum(
        mean * way > 0 and p < 0.05 for mean, p in zip(means, ps, strict=True)
    )
    label, low, high = most_moving(trial, key, curve.base, curve.choices)
    unit = "points" if key == "alsfrs_r" else "% predicted"
    count = f"{agree} of {len(means)} analyses"
    said = f"the direction is the same in {count}"
    if comparison.control:
        to = "a less steep decline" if way > 0 else "a steeper decline"
        said = f"within the patients who are no controls, {count} point to {to}"
    ends = f"{written(low)} to {written(high)} {unit}/month"
    return [said, f"it depends most on the choice “{label}” (medians from {ends})"]


def most_moving(trial: Trial, key: str, base: Settings, choices: Any) -> tuple[str, float, float]:
    """Return the choice that moves the median most, from the slopes of every combination."""
    rows = []
    for taken in itertools.product(*(range(len(choice.options)) for choice in choices)):
        pairs = [p for c, o in zip(choices, taken, strict=True) for p in c.options[o].changes]
        change = slope_table(trial, key, base.with_(**dict(pairs))).change
        rows.append((taken, change[np.isfinite(change)]))
    fewest = max(3, math.ceil(len(rows[0][1]) / 2))
    found = []
    for c, choice in enumerate(choices):
        there = [
            [np.mean(change) for taken, change in rows if taken[c] == o and len(change) >= fewest]
            for o in range(len(choice.options))
        ]
        medians = [float(np.median(means)) for means in there if means]
        found.append((max(medians) - min(medians), choice.label, min(medians), max(medians)))
    _, label, low, high = max(found, key=lambda one: one[0])
    return label, low, high


def written(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def p_written(p: float) -> str:
    if p < 0.001:
        return "< 0.001"
    if f"{p:.3f}" == "0.050":
        return f"{p:.4f}"
    return f"{p:.2f}" if p >= 0.0995 else f"{p:.3f}"


def expected_leave_out(trial: Trial, result: EndpointComparison, settings: Settings) -> str:
    """Return what is said of leaving out patients, from a comparison without each who matters."""
    key, arms = result.endpoint.key, ""
    if result.against_control is not None:
        arms = "in all arms together, "
    changes = result.change[result.paired]
    who = np.flatnonzero(result.paired)
    full = float(stats.ttest_1samp(changes, 0).pvalue)
    ps = np.array(
        [float(stats.ttest_1samp(np.delete(changes, k), 0).pvalue) for k in range(len(who))]
    )
    others = np.array([np.delete(changes, k).mean() for k in range(len(who))])
    assert (np.sign(others) == np.sign(changes.mean())).all()
    deciding = np.flatnonzero((ps < 0.05) != (full < 0.05))
    if not len(deciding):
        fresh = [
            p_of(trial, key, settings, trial.patient_ids[who[k]])
            for k in (ps.argmin(), ps.argmax())
        ]
        ends = " and ".join(map(p_written, fresh))
        return f"{arms}leaving out any one patient leaves P between {ends} and turns no sign"
    most = max(deciding, key=lambda k: abs(math.log(ps[k] / full)))
    patient = trial.patient_ids[who[most]]
    then = p_of(trial, key, settings, patient)
    moved = f"changes P from {p_written(full)} to {p_written(then)}"
    if len(deciding) == 1:
        return f"{arms}leaving out {patient} {moved}"
    return (
        f"{arms}leaving out {either_of(len(deciding))} patients moves P across 0.05; "
        f"leaving out {patient}, the largest of these moves, {moved}"
    )


def p_of(trial: Trial, key: str, settings: Settings, patient: str) -> float:
    """Return P of the change within everybody, from a comparison without a patient."""
    return again(trial, key, without(settings, patient)).primary.p


def expected_dropouts(result: EndpointComparison) -> str:
    """Return what is said of dropouts, from the interval and the share that is missing."""
    arms = "in all arms together, " if result.against_control is not None else ""
    before, after = np.isfinite(result.before), np.isfinite(result.after)
    n, missing = int(before.sum()), int((before & ~after).sum())
    if not missing:
        return f"{arms}everybody with a slope before has a slope after (n = {n})"
    changes = result.change[before & after]
    mean, half = changes.mean(), stats.sem(changes) * stats.t.ppf(0.975, len(changes) - 1)
    goal = "the mean change of all to be 0"
    shift = -mean / (missing / n)
    if abs(mean) > half:
        goal = "the interval of the mean change of all to reach 0"
        shift = -math.copysign(abs(mean) - half, mean) / (missing / n)
    way = "lower" if shift < 0 else "higher"
    return (
        f"{arms}{missing} of {n} patients with a slope before have none after: for {goal}, their "
        f"own would have to be {abs(shift):.2f} {result.unit} {way} than that of the others"
    )


def reported_endpoint(comparison: Comparison, key: str) -> Any:
    name = next(n for n in EXAMPLE_IDS if opened(n)[1] is comparison)
    return reported(name).endpoints[key]


VERDICTS = {
    ("after-shamsaei-2023", "alsfrs_r"): "placebo dates: bends elsewhere too (n = ",
    ("after-oh-2018", "alsfrs_r"): "placebo dates: bends at the transplant (n = ",
}
OTHERWISE = "the change is not located (placebo dates: inconclusive, "


@pytest.mark.parametrize(("name", "key"), EVERY)
def test_the_summary_is_right(name, key):
    trial, comparison = opened(name)
    result = comparison.endpoint(key)
    assert result is not None
    parts = document(name)["endpoints"][key]["summary_parts"]
    assert parts[:2] == expected_curve(trial, comparison, key)
    assert parts[2] == expected_leave_out(trial, result, comparison.settings)
    assert parts[3].startswith(VERDICTS.get((name, key), OTHERWISE))
    people = reported(name).endpoints[key].answers.placebo.people
    assert re.search(r"n = (\d+)\)$", parts[3])[1] == str(len(people.patient))
    assert parts[4] == expected_dropouts(result)
    assert len(parts) == 6
    share = reported(name).endpoints[key].answers.untreated.median_at_least
    assert share.trials == 500
    of_100 = 100 * share.count / 500
    said = re.search(r"in (fewer than 1|\d+(?:\.\d)?) of 100 \(500 trials\)$", parts[5])
    assert said is not None
    assert of_100 < 1 if said[1] == "fewer than 1" else abs(float(said[1]) - of_100) <= 0.5
    median = document(name)["endpoints"][key]["curve"]["median"]
    assert f"at least as {'large' if median > 0 else 'low'} in" in parts[5]


def test_the_whole_sentence_of_one_trial_by_hand():
    said = document("after-shamsaei-2023")["endpoints"]["fvc"]["summary"]
    assert said == (
        "FVC: inconclusive, +7.80 % predicted/period (95 % CI −1.85 to 17.44, P = 0.10, n = 10). "
        "The direction is the same in 27 of 27 analyses; it depends most on the choice “run-in "
        "window” (medians from +0.54 to +0.78 % predicted/month); leaving out either of 2 "
        "patients moves P across 0.05; leaving out P09, the largest of these moves, changes P from "
        "0.10 to 0.046; the change is not located (placebo dates: inconclusive, the mean change at "
        "day 0 cannot be told from 0: there is no change to locate; n = 10); everybody with a "
        "slope before has a slope after (n = 10); simulated untreated trials with these run-ins "
        "show a median at least as large in 11 of 100 (500 trials)."
    )


# The rest of the document


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_every_endpoint_has_its_other_analyses(name):
    trial, comparison = opened(name)
    found = document(name)
    assert list(found["endpoints"]) == [e.endpoint.key for e in comparison.endpoints]
    for result in comparison.endpoints:
        one = found["endpoints"][result.endpoint.key]
        assert one["label"] == result.endpoint.label
        assert one["unit"] == result.unit
        same(one["primary"], result.lead.to_json())
        assert len(one["leave_one_out"]["without"]) == result.n
        assert one["leave_visit_out"] is None
        curve = reported(name).endpoints[result.endpoint.key].answers.curve
        same([a["estimate"] for a in one["curve"]["analyses"]], curve.estimate)
        assert one["placebo_dates"]["endpoint"] == result.endpoint.key
        whole = next(row for row in one["other_run_ins"]["run_ins"] if row["primary"])
        assert whole["test"]["n"] == result.n
        rule = comparison.settings.with_(day0="neither")
        other = again(trial, result.endpoint.key, rule)
        same(one["leave_day0_out"]["without"]["test"]["p"], other.primary.p)
        same(one["dropouts"]["patterns"][0]["test"]["estimate"], result.primary.estimate)


def test_without_a_curve_nothing_is_said_of_one():
    trial, comparison = opened("every-detail")
    found = report_json(whatif_report(trial, comparison, preset="none"))
    one = found["endpoints"]["alsfrs_r"]
    assert (found["curve_choices"], one["curve"], one["untreated_curve"]) == ("none", None, None)
    assert len(one["summary_parts"]) == 3
    assert one["summary_parts"][0].startswith("leaving out ")


def test_the_visits_of_a_patient_are_left_out_one_by_one():
    trial, comparison = opened("after-shamsaei-2023")
    report = whatif_report(trial, comparison, preset="none", visits_of=2)
    visits = report_json(report)["endpoints"]["alsfrs_r"]["leave_visit_out"]
    assert visits["patient"] == trial.patient_ids[2]
    series = trial.series("alsfrs_r")
    days = series.day[(series.patient == 2) & series.usable]
    assert [one["day"] for one in visits["without"]] == days.tolist()
    assert "Without each visit of P03 (own change" in report_text(report)


def test_progress_goes_up_to_the_end_and_can_stop():
    trial, comparison = opened("after-shamsaei-2023")
    told: list[float] = []

    def tell(share: float) -> bool:
        told.append(share)
        return True

    whatif_report(trial, comparison, progress=tell)
    assert told == sorted(told)
    assert told[0] == 0
    assert 0.75 < told[-1] <= 1
    stopped = whatif_report(trial, comparison, progress=lambda _: False)
    assert all(one.answers.curve.stopped for one in stopped.endpoints.values())
    parts = report_json(stopped)["endpoints"]["fvc"]["summary_parts"]
    assert parts[0].startswith("no other analysis could be run (")
    assert not [part for part in parts if "untreated" in part]

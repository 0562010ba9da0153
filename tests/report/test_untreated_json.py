"""The blocks ``untreated`` of the JSON against a simulation of their own and against definitions.

The simulation here is slow and plain: slopes come from a large sample of the prior, weighted by how
well they fit the visits, and every patient's line is fitted by itself.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.untreated.history import BETWEEN_ENDPOINTS, HISTORIES, PRESETS
from data.trial import DAYS_PER_MONTH
from report.untreated_words import RESPONDER_RULE
from tests.conftest import trial_from
from tests.exported import exported, same

MONTHS = np.array([-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0, 12.0])
BEFORE, AFTER = MONTHS <= 0, MONTHS > 0
SCORES = {
    # The fourth patient declines too little before day 0 to be judged in per cent.
    "alsfrs_r": [
        [40, 37, 33, 30, 29, 27, 26, 24],
        [44, 42, 40, 39, 37, 36, 34, 31],
        [38, 36, 33, 31, 30, 29, 29, 27],
        [33, 33, 34, 32, 31, 29, 30, 27],
        [41, 39, 38, 35, 33, 29, 26, 24],
        [45, 42, 41, 38, 38, 37, 37, 35],
        [36, 35, 32, 30, 28, 28, 25, 26],
    ],
    "fvc": [
        [98, 88, 84, 70, 71, 66, 58, 55],
        [90, 87, 80, 76, 70, 68, 60, 59],
        [84, 80, 70, 66, 66, 64, 57, 60],
        [101, 99, 98, 96, 93, 87, 81, 72],
        [88, 77, 73, 60, 57, 55, 49, 52],
        [79, 76, 66, 65, 62, 58, 60, 51],
    ],
}
STEEP_ENOUGH = {"alsfrs_r": -0.25, "fvc": -0.5}
TRIALS = 12_000
SAMPLE = 60_000
THEIRS = 20_000


def table():
    rows = [
        (f"P{i}", key, month * DAYS_PER_MONTH, float(value))
        for key, courses in SCORES.items()
        for i, course in enumerate(courses)
        for month, value in zip(MONTHS, course, strict=True)
    ]
    return pd.DataFrame(rows, columns=["patient", "endpoint", "day", "value"])


@cache
def document():
    return exported(trial_from(table()), untreated_trials=THEIRS)


def block(key):
    return document()["endpoints"][key]["untreated"]


def fitted(scores, chosen):
    """Return least-squares slopes over some of the months, for scores of any shape × months."""
    t = MONTHS[chosen] - MONTHS[chosen].mean()
    return np.asarray(scores, dtype=float)[..., chosen] @ t / (t @ t)


def prior(mean, rng):
    """Return true slopes of untreated people, endpoints × people."""
    first, second = HISTORIES["alsfrs_r"], HISTORIES["fvc"]
    delta = first.skew / math.sqrt(1 + first.skew**2)
    z = delta * np.abs(rng.standard_normal(SAMPLE))
    z += math.sqrt(1 - delta**2) * rng.standard_normal(SAMPLE)
    z = (z - delta * math.sqrt(2 / math.pi)) / math.sqrt(1 - 2 * delta**2 / math.pi)
    other = BETWEEN_ENDPOINTS * z
    other += math.sqrt(1 - BETWEEN_ENDPOINTS**2) * rng.standard_normal(SAMPLE)
    return np.stack(
        [mean["alsfrs_r"] + first.sd_before * z, mean["fvc"] + second.sd_before * other]
    )


@cache
def simulated(own: bool):
    """Return mean changes, P values and slopes after of untreated trials by endpoint."""
    rng = np.random.default_rng(4)
    keys = list(SCORES)
    means = {k: HISTORIES[k].mean_before for k in keys}
    if own:
        means = {k: float(np.mean(fitted(SCORES[k], BEFORE))) for k in keys}
    t = MONTHS[BEFORE]
    slopes: dict[str, list] = {k: [] for k in keys}
    for i in range(max(len(courses) for courses in SCORES.values())):
        has = [k for k in keys if i < len(SCORES[k])]
        people = prior(means, rng)
        log_weight = np.zeros(SAMPLE)
        for k in has:
            y, history = np.array(SCORES[k][i], dtype=float)[BEFORE], HISTORIES[k]
            sd = math.hypot(history.visit_sd, history.visit_share * y.mean())
            apart = (y - y.mean())[:, None] - people[keys.index(k)] * (t - t.mean())[:, None]
            log_weight -= (apart**2).sum(axis=0) / (2 * sd**2)
        weight = np.exp(log_weight - log_weight.max())
        drawn = people[:, rng.choice(SAMPLE, TRIALS, p=weight / weight.sum())]
        shared, other = rng.standard_normal((2, TRIALS))
        for k in has:
            e, history = keys.index(k), HISTORIES[k]
            beta, y = drawn[e], np.array(SCORES[k][i], dtype=float)[BEFORE]
            noise = shared
            if e == 1:
                noise = BETWEEN_ENDPOINTS * shared + math.sqrt(1 - BETWEEN_ENDPOINTS**2) * other
            sd = math.hypot(history.visit_sd, history.visit_share * y.mean())
            level = (
                y.mean() - beta * t.mean() + rng.standard_normal(TRIALS) * sd / math.sqrt(len(y))
            )
            drift = history.mean_after - history.mean_before
            pull = history.correlation * history.sd_after / history.sd_before
            gamma = means[k] + drift + pull * (beta - means[k])
            gamma += math.sqrt(1 - history.correlation**2) * history.sd_after * noise
            course = level[:, None] + gamma[:, None] * MONTHS + history.bend / 2 * MONTHS**2
            high = 48.0 if k == "alsfrs_r" else 200.0
            course = np.clip(course, 0, high)
            error = rng.standard_normal(course.shape)
            if math.isfinite(history.tail_df):
                df = history.tail_df
                error = rng.standard_t(df, course.shape) * math.sqrt((df - 2) / df)
            spread = np.hypot(history.visit_sd, history.visit_share * course)
            scores = np.clip(np.round(course + spread * error), 0, high)
            slopes[k].append(fitted(scores, AFTER))
    found = {}
    for k in keys:
        after = np.stack(slopes[k], axis=1)
        change = after - fitted(SCORES[k], BEFORE)
        p = stats.ttest_1samp(change, 0, axis=1).pvalue
        found[k] = (change.mean(axis=1), p, after)
    return found


# Errors of both simulations, ours with draws that repeat because they are weighted.
CHANCE = 4.5 * math.sqrt(1 / THEIRS + 1.5 / TRIALS)


def close(found, share):
    """Check a share of simulated trials against one of our own, both with chance in them."""
    assert found == pytest.approx(
        share, abs=CHANCE * math.sqrt(max(share * (1 - share), 5 / TRIALS))
    )


def counted(found, share):
    """Check a share, its count and its error."""
    assert found["trials"] == THEIRS
    assert found["share"] == found["count"] / THEIRS
    p = found["share"]
    assert found["monte_carlo_se"] == pytest.approx(math.sqrt(p * (1 - p) / THEIRS))
    close(p, share)


both = pytest.mark.parametrize("key", list(SCORES))
either = pytest.mark.parametrize("own", [False, True], ids=["assumed mean", "own mean"])


def part(key, own):
    return block(key)["own_mean"] if own else block(key)


@either
@both
def test_mean_changes_are_those_of_another_simulation(key, own):
    found, (means, _, _) = part(key, own), simulated(own)[key]
    before, after = (fitted(SCORES[key], chosen) for chosen in (BEFORE, AFTER))
    assert found["n"] == len(SCORES[key])
    assert found["observed_change"] == pytest.approx(np.mean(after - before))
    spread = means.std()
    assert found["untreated_change"]["mean"] == pytest.approx(means.mean(), abs=CHANCE * spread)
    quantiles = found["untreated_change"]["quantiles"]
    assert set(quantiles) == {"0.025", "0.25", "0.5", "0.75", "0.975"}
    for q, value in quantiles.items():
        # Quantiles far out rest on few trials: their error is 2.7 times that of the mean.
        assert value == pytest.approx(np.quantile(means, float(q)), abs=2.8 * CHANCE * spread)
    counted(found["at_least_as_large"], np.mean(means >= np.mean(after - before)))


@either
@both
def test_tests_in_favour_are_those_of_another_simulation(key, own):
    means, p, _ = simulated(own)[key]
    counted(part(key, own)["p_below_0_05_in_favour"], np.mean((p < 0.05) & (means > 0)))


@either
@both
def test_a_halved_decline_stands_out_as_often_as_in_another_simulation(key, own):
    means, _, _ = simulated(own)[key]
    history = HISTORIES[key]
    mean_after = history.mean_after
    if own:
        drift = history.mean_after - history.mean_before
        mean_after = np.mean(fitted(SCORES[key], BEFORE)) + drift
    found = part(key, own)
    # The height to exceed is theirs: the share changes fast with it, and it is tested above.
    high = found["untreated_change"]["quantiles"]["0.975"]
    counted(found["halved_decline_stands_out"], np.mean(means + abs(mean_after) / 2 > high))


@either
@both
def test_responders_by_hand_and_of_another_simulation(key, own):
    before, after = (fitted(SCORES[key], chosen) for chosen in (BEFORE, AFTER))
    _, _, untreated = simulated(own)[key]
    found = part(key, own)["responders"]
    assert set(found) == set(document()["endpoints"][key]["responders"])
    for rule, one in found.items():
        if rule == "meaningful":  # depends on a setting, and is the same kind as points_1.25
            continue
        kind, _, size = rule.partition("_")
        steep = np.full(len(before), True)
        needed = float(size) if kind != "percent" else float(size) / 100 * np.abs(before)
        if kind == "percent":
            steep = before <= STEEP_ENOUGH[key]
        over = np.greater if rule == "above_0" else np.greater_equal
        did = steep & over(np.round(after - before - needed, 10), 0)
        would = steep & over(np.round(untreated - before - needed, 10), 0)
        assert one["key"] == rule
        assert one["label"] == document()["endpoints"][key]["responders"][rule]["label"]
        assert (one["count"], one["n"], one["n_all"]) == (did.sum(), steep.sum(), len(before))
        assert one["share"] == pytest.approx(did.sum() / steep.sum())
        close(one["untreated_share"], would.sum() / (TRIALS * steep.sum()))
        close(one["untreated_share_of_all"], would.mean())
        counted(one["trials_with_as_many"], np.mean(would.sum(axis=1) >= did.sum()))
    assert RESPONDER_RULE in found


def test_somebody_is_not_assessable():
    # Otherwise the test above could not tell the two denominators apart.
    assert block("alsfrs_r")["responders"]["percent_50"]["n"] == len(SCORES["alsfrs_r"]) - 1


@both
def test_reliability_by_hand(key):
    history = HISTORIES[key]
    t = MONTHS[BEFORE]
    sxx = float(np.sum((t - t.mean()) ** 2))
    level = np.array(SCORES[key], dtype=float)[:, BEFORE].mean(axis=1)
    noise = history.visit_sd**2 + (history.visit_share * level) ** 2
    expected = np.mean(history.sd_before**2 / (history.sd_before**2 + noise / sxx))
    for own in (False, True):
        assert part(key, own)["run_in_reliability"] == pytest.approx(expected)


@both
def test_mean_slopes_of_the_natural_history(key):
    assert block(key)["natural_mean_slope"] == HISTORIES[key].mean_before
    own = np.mean(fitted(SCORES[key], BEFORE))
    assert block(key)["own_mean"]["natural_mean_slope"] == pytest.approx(own)


@both
def test_verdict_holds_under_both_mean_slopes(key):
    found = block(key)
    shares = [found[w] for w in ("at_least_as_large",)] + [found["own_mean"]["at_least_as_large"]]
    share = max(one["share"] for one in shares)
    telling = found["halved_decline_stands_out"]["share"] >= 0.5
    reliable = found["run_in_reliability"] >= 0.5
    key_expected = "rare" if share <= 0.025 else "seen"
    if (share <= 0.025 and not reliable) or (share > 0.025 and not telling):
        key_expected = "inconclusive"
    assert found["verdict"]["key"] == key_expected
    assert bool(found["verdict"]["reasons"]) == (key_expected == "inconclusive")
    assert found["reason"] == ""


def test_few_patients_give_no_verdict():
    four = table()[lambda t: t["patient"].isin(["P0", "P1", "P2", "P4"])]
    found = exported(trial_from(four))["endpoints"]["alsfrs_r"]["untreated"]
    assert found["verdict"]["key"] == "inconclusive"
    assert any("4 patients" in reason for reason in found["verdict"]["reasons"])


def test_windows_outside_the_calibration_are_named_as_extrapolated():
    """The published groups have run-ins of 3 months, and follow-ups of 4 to 9."""

    def told(factor):
        frame = table()
        frame["day"] *= factor
        return exported(trial_from(frame))["endpoints"]["alsfrs_r"]["untreated"]["extrapolated"]

    assert told(1 / 3) == []
    run_in, follow_up = block("alsfrs_r")["extrapolated"]
    assert "run-in of 9.0 months" in run_in
    assert "follow-up of 12.0 months" in follow_up
    assert len(told(5)) == 2
    assert "follow-up of 60.0 months" in told(5)[1]


def test_endpoint_without_a_natural_history_says_so():
    litres = table().assign(endpoint=lambda t: t["endpoint"].replace("fvc", "fvc_litres"))
    litres["value"] = litres["value"].where(litres["endpoint"] == "alsfrs_r", litres["value"] / 25)
    found = exported(trial_from(litres))["endpoints"]["fvc_litres"]["untreated"]
    assert found["reason"]
    assert found["sentence"] == f"FVC (L): not compared with untreated trials: {found['reason']}."
    assert found["untreated_change"]["mean"] is None
    assert found["at_least_as_large"]["share"] is None
    assert found["responders"] == {}


def test_patients_of_a_leading_control_are_not_simulated():
    assert document()["untreated"]["control_left_out"] is None
    trial = trial_from(table())
    arms = ["control", "treated"] * 4
    people = trial.patients.assign(group=arms[: len(trial.patients)])
    found = exported(replace(trial, patients_frame=people), group_by="group")
    assert found["untreated"]["control_left_out"] == "control"
    change = [fitted(SCORES["alsfrs_r"], c) for c in (AFTER, BEFORE)]
    treated = (change[0] - change[1])[1::2]
    block = found["endpoints"]["alsfrs_r"]["untreated"]
    assert block["n"] == len(treated) == 3
    assert block["observed_change"] == pytest.approx(np.mean(treated))
    # Alone in the file they give the same numbers: nobody else is in them.
    alone = table()[lambda t: t["patient"].isin(["P1", "P3", "P5"])]
    same = exported(trial_from(alone))["endpoints"]["alsfrs_r"]["untreated"]
    told = block["sentence"].replace(", patients outside “control”: ", ": ")
    assert told != block["sentence"]
    assert same == block | {"sentence": told}
    # Without groups everybody is compared before against after, and everybody is simulated.
    pooled = exported(replace(trial, patients_frame=people))
    assert pooled["untreated"]["control_left_out"] is None
    assert pooled["endpoints"]["alsfrs_r"]["untreated"]["n"] == len(SCORES["alsfrs_r"])


def test_every_number_of_the_natural_history_is_told_with_its_source():
    preset = next(one for one in PRESETS if one.key == "slower")
    edits = ("alsfrs_r.skew:-2", "between:0.25", "fvc.sd_before:1.5")
    settings = {"history": "slower", "history_values": edits, "untreated_trials": 100}
    found = exported(trial_from(table()), **settings)["untreated"]["natural_history"]
    assert (found["preset"], found["between_endpoints"]) == ("slower", 0.25)
    assert len(found["edited"]) == 3
    edited = {"alsfrs_r": {"skew": -2.0}, "fvc": {"sd_before": 1.5}}
    for key, reference in HISTORIES.items():
        expected = {f.name: getattr(reference, f.name) for f in fields(reference)}
        sources = dict(expected.pop("sources"))
        for name, value in preset.changes.get(key, {}).items():
            expected[name], sources[name] = value, f"preset “{preset.label}”"
        for name, value in edited[key].items():
            expected[name], sources[name] = value, "edited by the reader"
        if math.isinf(expected["tail_df"]):
            expected["tail_df"] = math.nan
        assert preset.changes.get("alsfrs_r")
        same(found["endpoints"][key], expected | {"sources": sources})
        # Each number that is not 0 or "normal" says where it comes from.
        used = {k for k, v in expected.items() if v and not math.isnan(v)}
        assert used <= set(sources)


def test_settings_of_the_benchmark_are_told_as_they_were_chosen():
    chosen = {
        "untreated_trials": 120,
        "history": PRESETS[1].key,
        "history_values": ("fvc.sd_before:1.5",),
        "entry_rule": ("slope_at_most:-0.5", "alsfrs_r_at_least:26"),
    }
    found = exported(trial_from(table()), **chosen)
    same({name: found["settings"][name] for name in chosen}, chosen)
    default = document()["settings"]
    assert default["history"] == "reference"
    assert default["history_values"] == default["entry_rule"] == []
    said = " | ".join(found["differs_from_default"])
    for part in ("120", PRESETS[1].label, "1.5", "26"):
        assert part in said


def test_head_of_the_block_tells_trials_and_seed():
    found = exported(trial_from(table()), seed=7, untreated_trials=150)
    assert (found["untreated"]["trials"], found["untreated"]["seed"]) == (150, 7)
    again = exported(trial_from(table()), seed=7, untreated_trials=150)
    assert again == found
    other = exported(trial_from(table()), seed=8, untreated_trials=150)
    assert other["endpoints"]["fvc"]["untreated"] != found["endpoints"]["fvc"]["untreated"]

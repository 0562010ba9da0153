"""The numbers of ``compare --json`` against R and against their definitions, key by key.

A test here compares what stands under the keys, so two numbers that were exchanged on the way out
are seen as well. ``tests/json_keys.tsv`` says which test holds which key.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from analysis.settings import PatientExclusion, PointDecision
from data.recipe import CellFix, TrialRecipe
from data.trial import Periods
from report.frames import VERSION
from tests.conftest import REFERENCE, floats, made, r_numbers, r_trial, trial_from
from tests.exported import (
    PAIRED_T,
    around,
    exported,
    exported_r,
    interval,
    only_endpoint,
    same,
    summary,
)

MONTHS = {"month": 1, "year": 12}
ONE_SIDED = {"two-sided": "p_two", "less steep": "p_greater"}
every_case = pytest.mark.parametrize(
    ("name", "rule", "unit", "alternative"),
    [
        ("trial_n12_missing", "before", "month", "two-sided"),
        ("trial_n15_ties", "both", "year", "two-sided"),
        ("trial_n20_fvc", "neither", "month", "less steep"),
    ],
)


def case(name, rule, unit, alternative):
    """Return our JSON of the endpoint, R's numbers, and the months of the unit."""
    document = exported_r(name, day0=rule, rate_unit=unit, alternative=alternative)
    return only_endpoint(document), r_numbers(name)["rules"][rule], MONTHS[unit]


def paired(numbers):
    """Return R's slopes of the compared patients, per month."""
    used = np.isfinite(floats(numbers["d"]))
    return [floats(numbers[side]["slope"])[used] for side in ("pre", "post")]


# ---- slopes and patients -------------------------------------------------------------------------


@every_case
def test_patients_equal_r(name, rule, unit, alternative):
    ours, theirs, months = case(name, rule, unit, alternative)
    df = theirs["pooled"]["df"]
    change, error = floats(theirs["d"]), np.sqrt(floats(theirs["var_d"]))

    def band(centre, se):
        known = np.isfinite(centre) and np.isfinite(se)
        return around(months * centre, months * se, df) if known else None

    sides = {}
    for side, key in (("before", "pre"), ("after", "post")):
        columns = theirs[key]
        slope, se, pooled, span = (floats(columns[k]) for k in ("slope", "se", "se_pooled", "span"))
        sides[side] = [
            {
                "slope": months * slope[i],
                "own_se": months * se[i],
                "interval": band(slope[i], pooled[i]),
                "visits": columns["n"][i],
                "span_days": span[i],
            }
            for i in range(len(slope))
        ]
    expected = [
        {
            "patient": patient,
            "in_the_test": bool(np.isfinite(change[i])),
            "before": sides["before"][i],
            "after": sides["after"][i],
            "change": months * change[i],
            "jump": None,
            "jump_se": None,
            "change_interval": band(change[i], error[i]),
        }
        for i, patient in enumerate(r_numbers(name)["patient"])
    ]
    same(ours["patients"], expected)
    same(
        ours["residual"],
        {
            "sd": math.sqrt(theirs["pooled"]["sigma2"]),
            "df": df,
            "unit": "% predicted" if "fvc" in name else "points",
        },
    )


def test_jumps_equal_r():
    name = "trial_n10"
    jump = r_numbers(name)["jump"]
    ours = only_endpoint(exported_r(name, estimator="broken_stick_jump"))
    tested = [p for p in ours["patients"] if p["in_the_test"]]
    assert len(tested) > 5
    assert ours["estimator"] == "broken_stick_jump"
    # R's errors rest on each patient's own residuals: the pooled residual SD takes their place.
    own = {k: floats(jump[k]) for k in ("jump", "change", "se_jump")}
    frame = pd.read_csv(REFERENCE / f"{name}.csv").dropna(subset=["value"])
    rss, free, unscaled = 0.0, 0, {}
    for patient, rows in frame.groupby("patient"):
        t = rows["day"].to_numpy() / 30.4375
        x = np.column_stack([np.ones_like(t), t, t > 0, t * (t > 0)])
        beta, *_ = np.linalg.lstsq(x, rows["value"].to_numpy(), rcond=None)
        rss += float(((rows["value"].to_numpy() - x @ beta) ** 2).sum())
        free += len(t) - 4
        unscaled[patient] = np.linalg.inv(x.T @ x)[2, 2]
    for entry in tested:
        i = r_numbers(name)["patient"].index(entry["patient"])
        assert entry["jump"] == pytest.approx(own["jump"][i], rel=1e-8)
        assert entry["change"] == pytest.approx(own["change"][i], rel=1e-8)
        se = math.sqrt(rss / free * unscaled[entry["patient"]])
        assert entry["jump_se"] == pytest.approx(se, rel=1e-8)


@every_case
def test_means_of_the_slopes_equal_r(name, rule, unit, alternative):
    ours, theirs, months = case(name, rule, unit, alternative)
    before, after = paired(theirs)
    for key, values, r_key in (
        ("before", before, "pre"),
        ("after", after, "post"),
        ("change", after - before, "d"),
    ):
        same(ours[key], summary(months * values), at=key)
        mean, sd = (months * theirs["summary"][f"{k}_{r_key}"] for k in ("mean", "sd"))
        same([ours[key]["mean"], ours[key]["sd"]], [mean, sd], at=key)
    assert ours["n"] == theirs["summary"]["n"]
    assert ours["correlation"] == pytest.approx(theirs["summary"]["r"], rel=1e-7)


# ---- tests -------------------------------------------------------------------------------------


@every_case
def test_tests_equal_r(name, rule, unit, alternative):
    ours, theirs, months = case(name, rule, unit, alternative)
    found, p_key = ours["tests"], ONE_SIDED[alternative]
    t, ranks, flips = theirs["t"], theirs["signed_rank"], theirs["sign_flip"]
    hl, sign, median = theirs["hodges_lehmann"], theirs["sign_test"], theirs["median"]
    n, zeros = theirs["summary"]["n"], ranks["wilcox"]["zeros"]
    mean = months * theirs["summary"]["mean_d"]
    floor = (2 if alternative == "two-sided" else 1) / 2 ** (n - zeros)

    def scaled(part):
        low, high = part["ci95"]
        return interval(months * low, months * high, attained=part.get("level"))

    assert list(found) == ["paired_t", "sign_flip", "wilcoxon", "wilcoxon_pratt", "sign", "bca"]
    expected_t = {"p": t[p_key], "n": n, "statistic": t["t"], "df": t["df"], "estimate": mean}
    same(found["paired_t"], PAIRED_T | expected_t | {"interval": scaled(t), "p_floor": 0})
    exact = {"role": "supporting", "n": n, "df": None, "p_floor": floor}
    same(
        found["sign_flip"],
        exact
        | {
            "key": "sign_flip",
            "name": "exact sign-flip permutation test",
            "p": flips[p_key],
            "statistic": None,
            "statistic_name": "",
            "estimate": mean,
            "estimate_name": "mean change",
            "interval": scaled(flips),
            "notes": [],
        },
    )
    ranked = {"statistic_name": "W+", "statistic": ranks["wilcox"]["w_plus"]}
    about = f"{zeros} changes of exactly 0 are not ranked, but enter the estimate"
    same(
        found["wilcoxon"],
        exact
        | ranked
        | {
            "key": "wilcoxon",
            "name": "Wilcoxon signed-rank test, exact with ties, zeros dropped",
            "p": ranks["wilcox"][p_key],
            "estimate": months * hl["estimate"],
            "estimate_name": "Hodges–Lehmann median change",
            "interval": scaled(hl),
            "notes": [about] if zeros else [],
        },
        at="wilcoxon",
    )
    same(
        found["wilcoxon_pratt"],
        exact
        | ranked
        | {
            "key": "wilcoxon_pratt",
            "name": "Wilcoxon signed-rank test, exact with ties, zeros ranked (Pratt)",
            "role": "exploratory",
            "p": ranks["pratt"][p_key],
            "statistic": ranks["pratt"]["w_plus"],
            "estimate": None,
            "estimate_name": "",
            "interval": None,
            "notes": [
                f"{zeros} changes of exactly 0 take up the lowest ranks"
                if zeros
                else "no change is exactly 0: the same as the test with zeros dropped"
            ],
        },
        at="pratt",
    )
    about = f"{zeros} changes of exactly 0 do not count for P, but for the median"
    same(
        found["sign"],
        exact
        | {
            "key": "sign",
            "name": "sign test, exact, zeros dropped",
            "role": "exploratory",
            "p": sign[p_key],
            "statistic": sign["positive"],
            "statistic_name": "positive changes",
            "estimate": months * median["estimate"],
            "estimate_name": "median change",
            "interval": scaled(median),
            "notes": [about] if zeros else [],
        },
        at="sign",
    )


@every_case
def test_bca_interval_is_near_that_of_scipy(name, rule, unit, alternative):
    ours, theirs, months = case(name, rule, unit, alternative)
    before, after = paired(theirs)
    change = months * (after - before)
    drawn = stats.bootstrap(
        (change,), np.mean, n_resamples=100_000, method="BCa", rng=np.random.default_rng(1)
    )
    low, high = drawn.confidence_interval
    found = dict(ours["tests"]["bca"])
    ends = found.pop("interval")
    room = 0.03 * (high - low)
    assert (ends["low"], ends["high"]) == pytest.approx((low, high), abs=room)
    assert (ends["level"], ends["attained"]) == (0.95, 0.95)
    notes = found.pop("notes")
    assert notes[0] == "an interval only, no P value"
    assert notes[-1] == "10,000 resamples, seed 20230361"
    same(
        found,
        {
            "key": "bca",
            "name": "BCa bootstrap interval of the mean",
            "role": "exploratory",
            "p": None,
            "n": len(change),
            "statistic": None,
            "statistic_name": "",
            "df": None,
            "estimate": change.mean(),
            "estimate_name": "mean change",
            "p_floor": 0,
        },
    )


@every_case
def test_effect_sizes_and_bayes_factor_equal_r(name, rule, unit, alternative):
    ours, theirs, _ = case(name, rule, unit, alternative)
    n, zeros = theirs["summary"]["n"], theirs["signed_rank"]["wilcox"]["zeros"]
    effect = theirs["effect"]
    algina = "interval by Algina & Keselman, for the population value"
    variant = "the variant over the mean of the two SDs can differ a little"
    rank_notes = [f"{zeros} changes of exactly 0 are not ranked"] if zeros else []
    expected = {}
    for key, text, ends, notes in (
        ("d_z", "Cohen’s d_z (change / SD of the changes)", effect["d_z_ci95"], []),
        (
            "g_av",
            "Hedges’ g_av (change / root mean square of the two SDs, corrected)",
            effect["d_av_ci95"],
            [algina],
        ),
        (
            "g_z",
            "Hedges’ g_z (change / SD of the changes, corrected)",
            effect["d_z_ci95"],
            ["interval for the population value"],
        ),
        (
            "d_av",
            "Cohen’s d_av (change / root mean square of the two SDs)",
            effect["d_av_ci95"],
            [algina, variant],
        ),
        (
            "rank_biserial",
            "rank-biserial correlation (matched pairs)",
            theirs["rank_biserial"]["ci95"],
            [*rank_notes, "approximate interval"],
        ),
    ):
        value = theirs["rank_biserial"]["estimate"] if key == "rank_biserial" else effect[key]
        expected[key] = {
            "key": key,
            "name": text,
            "value": value,
            "n": n,
            "interval": interval(*ends),
            "notes": notes,
        }
    same(ours["effect_sizes"], expected)
    same(
        ours["bayes_factor"],
        {
            "name": "JZS Bayes factor, Cauchy prior of scale 0.707 on the standardised change",
            "n": n,
            "scale": math.sqrt(0.5),
            "bf10": theirs["jzs"]["bf10"],
            "log10_bf10": math.log10(theirs["jzs"]["bf10"]),
            "notes": [],
        },
    )


@every_case
def test_weighted_means_equal_r(name, rule, unit, alternative):
    ours, theirs, months = case(name, rule, unit, alternative)
    meta = theirs["meta"]
    names = {
        "fixed": "fixed effect (inverse variance)",
        "dl": "random effects, DerSimonian–Laird",
        "pm": "random effects, Paule–Mandel",
        "reml": "random effects, REML",
    }

    def scaled(ends):
        missing = ends is None or ends[0] is None
        return None if missing else interval(*(months * end for end in ends))

    means = {}
    for key, text in names.items():
        row = meta[key]
        means[key] = {
            "method": key,
            "name": text,
            "tau2": months**2 * row["tau2"],
            "mean": months * row["mean"],
            "se": months * row["se"],
            "p": row["p"],
            "se_kh": months * row["se_kh"] if row.get("se_kh") is not None else None,
            "p_kh": row.get("p_kh"),
            "interval": scaled(row["ci95"]),
            "interval_kh": scaled(row.get("ci95_kh")),
            "prediction": scaled(row.get("pi95")),
            "prediction_kh": scaled(row.get("pi95_kh")),
        }
    shown = meta["reml"]
    below = (
        "the Knapp–Hartung standard error is below the plain one, so its interval can be too "
        "narrow: see the normal interval beside it"
    )
    expected = {
        "n": meta["k"],
        "q": meta["q"],
        "df": meta["df"],
        "p_q": meta["p_q"],
        "i2": meta["i2"],
        "means": means,
        "notes": [below] if shown["se_kh"] < shown["se"] * (1 - 1e-9) else [],
    }
    same(ours["weighted_mean"], expected, rel=1e-6)


@every_case
def test_equivalence_is_two_one_sided_tests_of_scipy(name, rule, unit, alternative):
    ours, theirs, months = case(name, rule, unit, alternative)
    before, after = paired(theirs)
    change = months * (after - before)
    # A fifth of the typical decline: 0.99 points or 2.7 % a month.
    margin = months * 0.2 * (2.7 if "fvc" in name else 0.99)
    above = stats.ttest_1samp(change, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(change, margin, alternative="less").pvalue
    se = change.std(ddof=1) / math.sqrt(len(change))
    ends = around(change.mean(), se, len(change) - 1, 0.9)
    if "fvc" in name:
        assert ends["low"] > margin
        verdict = "outside"
        sentence = "Larger than the margin: the 90 % interval of the mean change lies beyond ±0.54."
    else:
        assert ends["high"] > margin
        assert ends["low"] < margin
        verdict = "undecided"
        sentence = (
            "Undecided: the 90 % interval of the mean change reaches across a margin of "
            f"±{margin:.4g}."
        )
    same(
        ours["equivalence"],
        {
            "n": len(change),
            "margin": margin,
            "p": max(above, below),
            "interval": ends,
            "verdict": verdict,
            "rope_share": 1 - above - below,
            "sentence": sentence,
        },
    )


# ---- responders --------------------------------------------------------------------------------


def share(count, n):
    if n == 0:
        return {"count": 0, "n": 0, "share": None, "clopper_pearson": None, "wilson": None}
    test = stats.binomtest(count, n)
    exact, wilson = (test.proportion_ci(0.95, method) for method in ("exact", "wilson"))
    return {
        "count": count,
        "n": n,
        "share": count / n,
        "clopper_pearson": interval(exact.low, exact.high),
        "wilson": interval(wilson.low, wilson.high),
    }


def chance(common, errors, kept, limit):
    """P(before ≤ limit and after ≥ kept · before) by an integral over the error before."""
    v_b, v_a, c = errors
    b = np.linspace(common - 9 * math.sqrt(v_b), limit, 4001)
    centre = common + c / v_b * (b - common)
    responds = special.ndtr((centre - kept * b) / math.sqrt(v_a - c**2 / v_b))
    density = np.exp(-((b - common) ** 2) / (2 * v_b)) / math.sqrt(2 * math.pi * v_b)
    return float(integrate.simpson(responds * density, x=b)) if b[0] < limit else 0.0


@every_case
def test_responders_are_counted_patient_by_patient(name, rule, unit, alternative):
    ours, theirs, _ = case(name, rule, unit, alternative)
    used = np.isfinite(floats(theirs["d"]))
    before, after = paired(theirs)
    v_b, v_a = (floats(theirs[side]["se_pooled"])[used] ** 2 for side in ("pre", "post"))
    v_d = floats(theirs["var_d"])[used]
    c = (v_b + v_a - v_d) / 2
    fvc = "fvc" in name
    limit, meaningful, per = (-0.5, 0.54, "% predicted") if fvc else (-0.25, 0.198, "points")
    rules = {"above_0": ("slope less steep (change above 0)", 0.0)}
    rules["meaningful"] = (f"change above {meaningful} {per}/month", meaningful)
    if not fvc:
        for d in (1.25, 1.5):
            text = f"slope less steep by at least {d} points/month"
            rules[f"points_{d}"] = (text, d)
    expected = {}
    change = np.round(after - before, 10)
    for key, (text, d) in rules.items():
        count = int(np.sum(change >= d if key.startswith("points") else change > d))
        noise = stats.norm.sf(d / np.sqrt(v_d)).mean()
        expected[key] = {
            "key": key,
            "label": text,
            "steep_enough": None,
            "of_assessable": share(count, len(change)),
            "of_all": share(count, len(change)),
            "expected_of_assessable": noise,
            "expected_of_all": noise,
        }
    common = ((v_a - c) * before + (v_b - c) * after) / v_d
    assessed = stats.norm.cdf((limit - common) / np.sqrt(v_b)).sum()
    for q in (20, 25, 50, 75, 100):
        pairs = [(b, a) for b, a in zip(before, after, strict=True) if round(b, 10) <= limit]
        count = sum(round(a - b - q / 100 * abs(b), 10) >= 0 for b, a in pairs)
        errors = zip(v_b, v_a, c, strict=True)
        hits = [
            chance(m, e, 1 - q / 100, limit) for m, e in zip(common.tolist(), errors, strict=True)
        ]
        expected[f"percent_{q}"] = {
            "key": f"percent_{q}",
            "label": f"slope at least {q} % less steep",
            "steep_enough": limit,
            "of_assessable": share(count, len(pairs)),
            "of_all": share(count, len(before)),
            "expected_of_assessable": sum(hits) / assessed,
            "expected_of_all": sum(hits) / len(before),
        }
    same(ours["responders"], expected, rel=1e-5)


# ---- checks and flow -----------------------------------------------------------------------------


def test_checks_name_the_outlier_among_the_compared_patients():
    changes = [0.25, 0.3, -0.1, 0.15, 3.0, 0.2, 0.05]
    days = {-120: 3, -60: 1.5, 0: 0}
    visits: dict[str, dict[int, float]] = {"short": {-60: 40, 0: 39}}
    for i, change in enumerate(changes):
        later = {d: 30 + (change - 1) * d / 30.4375 for d in (60, 120, 180)}
        visits[f"P{i}"] = {d: 30 - d / 30.4375 for d in days} | later
    found = only_endpoint(exported(made(visits)))["checks"]
    d, n = np.array(changes), len(changes)
    w, p = stats.shapiro(d)
    g = abs(d - d.mean()).max() / d.std(ddof=1)
    t2 = stats.t.isf(0.025 / n, n - 2) ** 2
    limit = (n - 1) / math.sqrt(n) * math.sqrt(t2 / (n - 2 + t2))
    t = math.sqrt(n * (n - 2) * g**2 / ((n - 1) ** 2 - n * g**2))
    z = 0.6745 * abs(d - np.median(d)) / np.median(abs(d - np.median(d)))
    normal = "a large P does not show that the changes are normal; few patients can hide anything"
    farthest = "tests the farthest change only and supposes that the others are normal"
    expected = {
        "shapiro": ("Shapiro–Wilk test of normality", w, "W", None, p, [], [normal]),
        "grubbs": (
            "Grubbs’ test of one outlier, two-sided",
            g,
            "G",
            limit,
            min(1, 2 * n * stats.t.sf(t, n - 2)),
            ["P4"],
            [farthest],
        ),
        "mad": (
            "MAD rule (modified z above 3.5)", z.max(), "largest modified z", 3.5, None, ["P4"], []
        ),
    }  # fmt: skip
    keys = ("name", "statistic", "statistic_name", "limit", "p", "patients", "notes")
    table = {
        key: {"key": key, "n": n} | dict(zip(keys, row, strict=True))
        for key, row in expected.items()
    }
    same(found, table, rel=1e-6)


def test_shapiro_wilk_equals_r():
    found = only_endpoint(exported_r("trial_n12_missing", day0="before"))["checks"]["shapiro"]
    theirs = r_numbers("trial_n12_missing")["rules"]["before"]["shapiro"]
    same([found["statistic"], found["p"]], [theirs["w"], theirs["p"]], rel=2e-5)


def test_flow_and_headline_of_a_trial_by_hand():
    document = exported_r("trial_n12_missing", day0="before")
    ours = only_endpoint(document)
    same(
        ours["flow"],
        [
            {"step": "loaded", "n": 12, "left": []},
            {"step": "with a day 0 and not left out", "n": 12, "left": []},
            {
                "step": "with visits on both sides",
                "n": 11,
                "left": [
                    {"patient": "P03", "reason": "no ALSFRS-R visit after day 0 in the window"}
                ],
            },
            {
                "step": "with enough visits: paired and tested",
                "n": 7,
                "left": [
                    {"patient": "P02", "reason": "1 visit before, 2 needed"},
                    {"patient": "P04", "reason": "1 visit after, 2 needed"},
                    {"patient": "P06", "reason": "visits after span 45 days, 60 needed"},
                    {"patient": "P10", "reason": "1 visit before, 2 needed"},
                ],
            },
        ],
    )
    # R: mean 0.4919, interval −0.1312 to 1.1151, P 0.1016.
    texts = {
        "label": "ALSFRS-R",
        "unit": "points/month",
        "estimator": "ols",
        "run_in_used": "visits",
        "heading": "ALSFRS-R: inconclusive, +0.49 points/month",
        "sentence": "ALSFRS-R: inconclusive; slope less steep by 0.49 points/month (95 % CI −0.13 "
        "to 1.12), P = 0.10, n = 7 of 12.",
    }
    same({key: ours[key] for key in texts}, texts)
    assert document["trial"]["patients"] == 12
    assert document["trial"]["analysed"] == 7


# ---- two endpoints -----------------------------------------------------------------------------


def t_of(values):
    known = values[np.isfinite(values)]
    return known.mean() / (known.std(ddof=1) / math.sqrt(len(known)))


@pytest.fixture(scope="module")
def both():
    """R's trials of 10 and of 8 patients as two endpoints of one trial, and R's changes."""
    frames = [
        r_trial(name).measurements.assign(endpoint=endpoint)
        for name, endpoint in (("trial_n10", "alsfrs_r"), ("trial_n8", "fvc"))
    ]
    trial = trial_from(pd.concat(frames), patients=r_numbers("trial_n10")["patient"])
    changes = {
        name: dict(zip(numbers["patient"], floats(numbers["rules"]["before"]["d"]), strict=True))
        for name, numbers in ((n, r_numbers(n)) for n in ("trial_n10", "trial_n8"))
    }
    first, second = (
        np.array([changes[name].get(patient, math.nan) for patient in trial.patient_ids])
        for name in ("trial_n10", "trial_n8")
    )
    return exported(trial), first, second


def test_joint_test_equals_enumeration(both):
    document, first, second = both
    observed = [t_of(first), t_of(second)]
    with np.errstate(divide="ignore"):
        reached = np.array(
            [
                max(abs(t_of(np.array(signs) * first)), abs(t_of(np.array(signs) * second)))
                for signs in itertools.product((1, -1), repeat=len(first))
            ]
        )
    adjusted = [np.mean(reached >= abs(t) - 1e-9) for t in observed]
    same(
        document["joint"],
        {
            "name": "sign-flip test of the larger |t| over two endpoints",
            "p": min(adjusted),
            "statistics": observed,
            "adjusted": adjusted,
            "n": 10,
            "n_each": [np.isfinite(first).sum(), np.isfinite(second).sum()],
            "p_floor": 2.0**-9,
            "notes": [],
        },
    )
    assert exported_r("trial_n12_missing", day0="before")["joint"] is None


def test_holm_corrects_both_endpoints(both):
    document, *_ = both
    p = [r_numbers(name)["rules"]["before"]["t"]["p_two"] for name in ("trial_n10", "trial_n8")]
    smaller, larger = sorted(p)
    corrected = {smaller: min(1, 2 * smaller), larger: max(larger, min(1, 2 * smaller))}
    for key, raw in zip(("alsfrs_r", "fvc"), p, strict=True):
        same(document["endpoints"][key]["holm"], {"p": corrected[raw], "over": 2}, at=key)
    assert document["endpoints"]["alsfrs_r"]["label"] == "ALSFRS-R"
    assert document["endpoints"]["fvc"]["unit"] == "% predicted/month"


# ---- what stands around the numbers --------------------------------------------------------------


def test_settings_and_trial_are_told_as_they_were_chosen():
    trial = replace(r_trial("trial_n8"), title="Eight patients", simulated=True)
    chosen = {
        "pre_months": 7.0,
        "post_months": 8.0,
        "skip_days": 3,
        "day0": "neither",
        "min_visits": 3,
        "min_span_days": 50,
        "rate_unit": "period",
        "alternative": "steeper",
        "confidence": 0.9,
        "meaningful_percent": 25.0,
        "flips": 5_000,
        "resamples": 2_000,
        "seed": 7,
        "endpoints": ("alsfrs_r", "svc"),
    }
    document = exported(trial, **chosen)
    unchosen = {
        "estimator": "ols",
        "run_in": "visits",
        "transplant": 0,
        "stop_at_next": False,
        "shift_days": 0,
        "two_variances": False,
        "group_by": "none",
        "model_covariates": [],
        "excluded_patients": [],
        "points": [],
        "filters": [],
        "fvc_until": "all",
        "fvc_equation": "none",
        "untreated_trials": 2_000,
        "history": "reference",
        "history_values": [],
        "entry_rule": [],
    }
    same(document["settings"], unchosen | chosen)
    assert document["absent_endpoints"] == ["svc"]
    assert document["control"] is None
    assert document["schema"] == "alslope-compare-2"
    rate = document["rate"]
    assert (rate["unit"], rate["months_before"], rate["months_after"]) == ("month", 1, 1)
    assert "differ in length (7 and 8 months)" in rate["unavailable"]
    assert rate["unavailable"] in document["caveats"]
    assert (document["trial"]["title"], document["trial"]["simulated"]) == ("Eight patients", True)
    differing = " | ".join(document["differs_from_default"])
    assert len(document["differs_from_default"]) == len(set(document["differs_from_default"]))
    for part in ("7 months", "8 months", "90 %", "50 days", "seed 7"):
        assert part in differing, part
    assert "90 % confidence intervals" in document["methods"]
    assert "at least 3 visits over at least 50 days" in document["methods"]
    assert document["methods"].endswith(f"data {document['trial']['data_sha256'][:12]}.")
    assert exported_r("trial_n12_missing", day0="before")["differs_from_default"] == [
        "endpoints: ALSFRS-R"
    ]


def test_a_period_of_one_length_is_the_unit():
    trial = replace(r_trial("trial_n8"), periods=Periods(6.0, 6.0))
    document, month = exported(trial, rate_unit="period"), exported_r("trial_n8")
    same(
        document["rate"],
        {"unit": "period", "months_before": 6, "months_after": 6, "unavailable": ""},
    )
    per_month = only_endpoint(month)["change"]["mean"]
    assert only_endpoint(document)["change"]["mean"] == pytest.approx(6 * per_month)


def test_the_hash_is_that_of_the_data():
    visits = {"A": {-90: 40, 0: 38, 90: 37}, "B": {-90: 41, 0: 40, 90: 38}}
    one, renamed, other = (
        exported(trial)["trial"]["data_sha256"]
        for trial in (
            made(visits),
            made(visits, title="another title"),
            made({**visits, "B": {-90: 41, 0: 40, 90: 39}}),
        )
    )
    assert one == renamed != other
    assert len(one) == 64
    assert int(one, 16) > 0


def test_decisions_of_the_user_are_told_without_names_of_files():
    fix = CellFix("secret.csv", "sheet 1", 4, "score", "4O", "40", "TYPO")
    recipe = TrialRecipe({"UNIT": "points"}, {"secret.csv": {"total": "alsfrs_r"}}, (fix,))
    trial = replace(made({"A": {-90: 40, 0: 38, 90: 37}}), recipe=recipe)
    found = exported(
        trial,
        excluded_patients=(PatientExclusion("A", "other", "moved away"),),
        points=(PointDecision("A", "alsfrs_r", 0.0, 38.0, False, "other", "see chart"),),
    )
    same(
        found["reading"],
        {
            "answers": {"UNIT": "points"},
            "columns": [{"column": "total", "role": "alsfrs_r"}],
            "corrections": [
                {"row": 4, "column": "score", "found": "4O", "read_as": "40", "check": "TYPO"}
            ],
        },
    )
    assert "secret" not in str(found)
    nothing = exported_r("trial_n8")["reading"]
    assert nothing == {"answers": {}, "columns": [], "corrections": []}
    same(
        found["settings"]["excluded_patients"],
        [{"patient": "A", "reason": "other", "note": "moved away"}],
    )
    same(
        found["settings"]["points"],
        [
            {
                "patient": "A",
                "endpoint": "alsfrs_r",
                "day": 0,
                "value": 38,
                "keep": False,
                "reason": "other",
                "note": "see chart",
            }
        ],
    )
    flow = only_endpoint(found)["flow"]
    assert flow[1]["left"] == [{"patient": "A", "reason": "left out: other"}]


def test_versions_are_those_of_the_installed_packages():
    found = exported_r("trial_n8")["versions"]
    assert set(found) == {"alslope", "python", "numpy", "scipy", "pandas"}
    for package in ("numpy", "scipy", "pandas"):
        assert found[package] == version(package)
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["alslope"])
    assert found["alslope"] == VERSION
    assert found["python"] == sys.version.split()[0]


def levels(value, at=""):
    """Yield the level of every interval with its path."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key in ("level", "confidence"):
                yield at, below
            yield from levels(below, f"{at}.{key}")
    elif isinstance(value, list):
        for below in value:
            yield from levels(below, at)


def test_every_interval_has_the_level_that_was_asked_for():
    document = exported_r("trial_n12_missing", confidence=0.9)
    found = list(levels(document))
    assert len(found) > 100
    for at, level in found:
        expected = 0.8 if "equivalence" in at else 0.9
        assert level == pytest.approx(expected), at
    ends = only_endpoint(document)["tests"]["paired_t"]["interval"]
    low, high = r_numbers("trial_n12_missing")["rules"]["before"]["t"]["ci90"]
    same(ends, interval(low, high, 0.9))

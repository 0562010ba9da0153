"""Headline, caveats and methods paragraph as text: what the data call for, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.compare import compare
from analysis.comparison import Comparison
from analysis.hinge_model import hinge_model
from analysis.settings import PatientExclusion, Settings
from data.examples import load_example
from data.trial import DAYS_PER_MONTH, Trial
from report import words
from report.caveats import caveats
from report.methods_text import methods_paragraph
from tests.conftest import frame_from, trial_from

LONG = (-12, -9, -6, -3, 0, 3, 6, 9, 12)


def courses(
    n: int,
    months=LONG,
    *,
    before=-1.0,
    change=0.0,
    level=30.0,
    spread=0.2,
    seed=1,
    endpoint="alsfrs_r",
) -> pd.DataFrame:
    """Return simulated courses with a bend of ``change`` at day 0."""
    rng = np.random.default_rng(seed)
    t = np.asarray(months, dtype=float)
    visits = {}
    for i in range(n):
        bend = change + spread * rng.standard_normal()
        y = level + (before + spread * rng.standard_normal()) * t + bend * np.maximum(t, 0)
        y = np.round(y + 0.4 * rng.standard_normal(len(t)))
        visits[f"P{i}"] = dict(
            zip(
                t * DAYS_PER_MONTH,
                np.clip(y, 0, 48 if endpoint == "alsfrs_r" else 200),
                strict=True,
            )
        )
    return frame_from(visits, endpoint)


def compared(frame: pd.DataFrame, **settings) -> Comparison:
    return compare(trial_from(frame), Settings(**settings))


def said(comparison: Comparison, part: str) -> bool:
    return any(part in text for text in caveats(comparison))


def test_long_even_courses_without_a_change_need_no_caveat():
    assert caveats(compared(courses(12))) == ()


def test_a_short_run_in_is_said_and_a_long_one_is_not():
    short = compared(courses(12, (-3, -1.5, 0, 3, 6)))
    assert said(short, "half of the run-ins are 3.0 months or shorter")
    assert not said(compared(courses(12, (-6, -3, 0, 3, 6))), "half of the run-ins")


def test_what_is_true_of_both_endpoints_is_said_once():
    months = (-3, -1.5, 0, 1, 4)
    both = pd.concat([courses(9, months), courses(9, months, level=80, endpoint="fvc", seed=2)])
    texts = [text for text in caveats(compared(both)) if "run-ins" in text]
    assert len(texts) == 1
    assert texts[0].startswith("ALSFRS-R and FVC: half")


@pytest.mark.parametrize(("after", "expected"), [((3, 9, 15), True), ((2, 5, 8), False)])
def test_unequal_periods_are_said(after, expected):
    unequal = compared(courses(12, (-6, -3, 0, *after)))
    assert said(unequal, "the periods differ in length (median 6.0 months before") is expected


def test_few_patients_and_slopes_from_two_visits_are_counted():
    few = compared(courses(4, (-6, 0, 3, 6, 9)))
    assert said(few, "with 4 patients no exact test can give P below 0.125")
    assert said(few, "of 4 patients compared, 4 with a slope that rests on two visits only")


def test_patients_without_a_slope_after_are_counted_from_a_tenth_on():
    frame = courses(12)
    lost = frame["patient"].isin(["P0", "P1"]) & (frame["day"] > 0)
    assert said(compared(frame[~lost]), "2 patients with a slope before and none after")
    one = courses(30)
    single = (one["patient"] == "P0") & (one["day"] > 0)
    assert not said(compared(one[~single]), "none after")


def test_scores_at_the_floor_are_said_and_those_in_the_middle_are_not():
    low = compared(courses(12, level=8, before=-0.7))
    assert said(low, "of the scores lie within 2 points of the lowest possible one")
    high = compared(courses(12, level=45, before=-0.3))
    assert said(high, "within 2 points of the highest possible one")
    assert not said(compared(courses(12)), "possible one")


def test_unknown_selection_is_said_only_where_the_slope_after_is_less_steep():
    better = compared(courses(12, change=0.8))
    assert said(better, "How the patients were chosen is not in the file")
    worse = compared(courses(12, change=-0.6))
    assert not said(worse, "How the patients were chosen")


def test_disagreement_of_the_endpoints_is_said():
    up = courses(12, change=0.8)
    down = courses(12, change=-0.8, level=80, endpoint="fvc", seed=3)
    assert said(compared(pd.concat([up, down])), "point in different directions")
    flat = courses(12, level=80, endpoint="fvc", seed=4)
    text = "P of ALSFRS-R is below 0.05, that of FVC is not"
    assert said(compared(pd.concat([up, flat])), text)
    same = courses(12, change=0.8, level=80, endpoint="fvc", seed=5)
    assert not said(compared(pd.concat([up, same])), "agree")


CAUTIONS = ("How the patients were chosen", "The endpoints do not agree")


@pytest.mark.parametrize("alternative", ["two-sided", "less steep", "steeper"])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_no_level_and_no_side_takes_a_caution_away(alternative, confidence):
    frame = pd.concat([courses(12, change=0.15), courses(12, level=80, endpoint="fvc", seed=4)])
    found = compared(frame, alternative=alternative, confidence=confidence)
    usual = compared(frame).endpoint("alsfrs_r")
    assert usual is not None
    assert 0.001 < usual.primary.p < 0.05
    for text in CAUTIONS:
        assert said(found, text), text
    side = "" if alternative == "two-sided" else " (two-sided)"
    assert said(found, f"P of ALSFRS-R is below 0.05{side}, that of FVC is not")


def test_a_part_of_the_patients_is_called_a_part():
    trial = load_example("every-detail").trial
    assert not said(compare(trial, Settings()), "A part of the patients")
    women = compare(trial, Settings(filters=("sex:F",)))
    assert said(women, "A part of the patients is analysed (only sex F). A part that is picked")


def test_the_day_0_visit_in_both_slopes_is_said_unless_a_step_parts_them():
    frame = courses(12)
    assert said(compared(frame, day0="both"), "The day-0 visit is in both slopes")
    assert not said(compared(frame, day0="both", estimator="broken_stick_jump"), "in both slopes")


def test_a_run_in_counted_from_onset_is_said():
    frame = courses(6)
    trial = trial_from(frame)
    people = trial.patients_frame.assign(onset_day=-900.0)
    onset = Trial(people, trial.measurements_frame, trial.events_frame)
    assert said(compare(onset, Settings(run_in="onset")), "counted from onset (ΔFS)")
    assert not said(compare(onset, Settings()), "ΔFS")


def test_a_run_in_that_bends_by_itself_is_said():
    example = load_example("after-shamsaei-2023")
    comparison = compare(example.trial, Settings())
    assert said(comparison, "ALSFRS-R: the decline bends already within the run-in")
    assert not said(comparison, "FVC: the decline bends")


def test_patients_on_whom_the_result_hangs_are_counted():
    comparison = compare(load_example("after-shamsaei-2023").trial, Settings())
    assert said(comparison, "FVC: leaving out either of 2 patients moves P across 0.05")
    assert not said(comparison, "ALSFRS-R: leaving out")


def test_no_caveat_claims_a_cause():
    for name in ("after-shamsaei-2023", "after-oh-2018"):
        example = load_example(name)
        text = " ".join(caveats(compare(example.trial, Settings(**example.settings)))).lower()
        for claim in ("works", "effective", "benefit", "slowed", "because of the transplant"):
            assert claim not in text


def oh(**settings) -> Comparison:
    return compare(load_example("after-oh-2018").trial, Settings(**settings))


def test_the_difference_to_a_concurrent_control_is_the_headline():
    controlled = oh(group_by="group")
    alsfrs, fvc = controlled.endpoints
    assert words.heading(alsfrs) == "ALSFRS-R: +1.09 points/month against control"
    assert words.heading(fvc).startswith("FVC: inconclusive, −0.74 % predicted/month")
    assert words.numbers_line(alsfrs).endswith("n = 32 treated v 27 control")
    assert "Welch" in words.results_sentence(alsfrs)
    assert words.SINGLE_ARM not in words.design_line(controlled)
    assert "day 0 that the file gives them" in words.design_line(controlled)
    assert {test.role for test in alsfrs.tests} == {"exploratory"}
    assert alsfrs.holm_p == pytest.approx(2 * alsfrs.lead.p)
    assert controlled.joint is None


def test_arms_that_are_pooled_are_said_to_be():
    pooled = oh()
    assert "“control” looks like a concurrent control" in words.design_line(pooled)
    assert words.heading(pooled.endpoints[0]).startswith("ALSFRS-R: decline slower")


def test_the_methods_name_every_choice():
    frame = courses(12)
    plain = methods_paragraph(compared(frame))
    for part in (
        "separate least-squares lines before and after day 0",
        "the visit on day 0 itself counted as before",
        "at least 2 visits over at least 60 days",
        "the paired t test",
        "exact sign-flip permutation test",
        "All tests are two-sided; intervals are 95 % confidence intervals",
        "seed 20230361",
        "There was no imputation",
    ):
        assert part in plain
    assert "Holm" not in plain
    changed = methods_paragraph(
        compared(
            frame,
            estimator="theil_sen",
            day0="neither",
            pre_months=9,
            skip_days=30,
            min_visits=3,
            alternative="less steep",
            confidence=0.9,
            shift_days=-30,
            excluded_patients=(PatientExclusion("P1", "withdrew consent"),),
        )
    )
    for part in (
        "Theil–Sen",
        "was left out",
        "visits within 9 months",
        "visits up to day 30 after it were left out",
        "at least 3 visits",
        "one-sided, towards a less steep decline after day 0; models and checks are two-sided",
        "90 % confidence intervals",
        "moved by −30 days",
        "1 patient was left out by hand",
    ):
        assert part in changed


def test_the_methods_of_a_controlled_trial_name_the_arms():
    text = methods_paragraph(oh(group_by="group"))
    assert "between treated and control: Welch’s t test" in text
    assert "in “control” the reference date" in text
    assert text.startswith("The data are simulated")


def test_the_supporting_line_names_what_it_gives():
    trial = trial_from(courses(12, change=0.8))
    settings = Settings()
    result = compare(trial, settings).endpoints[0]
    model = hinge_model(trial, "alsfrs_r", settings)
    line = words.supporting_line(result, model)
    assert line.startswith("Supporting: sign flip P")
    assert f"mixed model +{model.change.estimate:.2f}" in line
    assert "Hodges–Lehmann +" in line


def armed(arms: dict[str, str], frame: pd.DataFrame, **settings) -> Comparison:
    """Return a comparison of patients with arms."""
    plain = trial_from(frame)
    groups = [arms[name] for name in plain.patient_ids]
    people = plain.patients_frame.assign(group=groups)
    trial = Trial(people, plain.measurements_frame, plain.events_frame)
    return compare(trial, Settings(group_by="group", **settings))


def test_a_control_without_slopes_never_leads_and_two_other_arms_are_no_control():
    frame = courses(12)
    arms = {f"P{i}": ("control", "high", "low")[i % 3] for i in range(12)}
    seen = frame[~(frame["patient"].map(arms).eq("control") & (frame["day"] > 0))]
    result = armed(arms, seen)
    groups = result.endpoints[0].groups
    assert groups is not None
    assert groups.difference is not None
    assert result.endpoints[0].against_control is None
    assert "against" not in words.heading(result.endpoints[0])
    assert words.design_line(result).startswith("Before against after, all arms together")
    assert "compared under Groups" in words.design_line(result)


def test_three_arms_are_pooled_and_the_line_says_where_they_are_compared():
    arms = {f"P{i}": ("control", "high", "low")[i % 3] for i in range(12)}
    line = words.design_line(armed(arms, courses(12)))
    assert line == (
        "Before against after, all arms together (control, high, low). The arms are compared "
        "under Groups."
    )


def test_an_endpoint_that_the_control_lacks_is_said_to_be_before_against_after():
    arms = {f"P{i}": "control" if i % 2 else "cells" for i in range(12)}
    fvc = courses(12, level=80, endpoint="fvc", seed=2)
    frame = pd.concat([courses(12), fvc[fvc["patient"].map(arms) == "cells"]])
    line = words.design_line(armed(arms, frame))
    assert line.startswith("ALSFRS-R: “cells” against the concurrent “control”")
    assert "FVC: before against after, all arms together, because too few patients" in line


def test_small_litres_keep_digits_that_carry_something():
    litres = courses(12, before=-0.3, level=30, endpoint="fvc_litres", seed=4)
    litres["value"] = litres["value"] / 10
    sentence = words.results_sentence(compared(litres, endpoints=("fvc_litres",)).endpoints[0])
    interval = compared(litres, endpoints=("fvc_litres",)).endpoints[0].change_summary.interval
    assert interval is not None
    half = (interval.high - interval.low) / 2
    assert half < 0.05
    assert f"{abs(interval.low):.3f}" in sentence


def test_the_methods_say_when_a_choice_has_no_effect():
    frame = courses(12)
    step = methods_paragraph(compared(frame, day0="both", estimator="broken_stick_jump"))
    assert "the visit on day 0 itself counted as before" in step
    skipped = methods_paragraph(compared(frame, day0="after", skip_days=10))
    assert "the visit on day 0 itself was left out" in skipped
    stranger = (PatientExclusion("P1", "other"), PatientExclusion("ZZ", "other"))
    text = methods_paragraph(compared(frame, excluded_patients=stranger))
    assert "1 patient was left out" in text


def test_patients_without_visits_after_are_counted_also_for_the_broken_stick():
    frame = courses(12)
    lost = frame["patient"].isin(["P0", "P1"]) & (frame["day"] > 0)
    stick = compared(frame[~lost], estimator="broken_stick")
    assert said(stick, "2 patients with a slope before and none after")


def test_where_nothing_was_tested_no_test_is_described():
    equal = courses(1)
    several = pd.concat([equal.assign(patient=f"P{k}") for k in range(4)])
    for frame in (equal, several):
        comparison = compared(frame, alternative="less steep")
        text = methods_paragraph(comparison)
        assert "ALSFRS-R could not be tested: a test needs 2 patients with a change" in text
        for absent in ("primary test", "sided", "intervals", "Wilcoxon", "mixed model"):
            assert absent not in text, absent
        sentence = words.results_sentence(comparison.endpoints[0])
        assert ", no test, n = " in sentence
    both = pd.concat([several, courses(12, level=80, endpoint="fvc", seed=4)])
    text = methods_paragraph(compared(both))
    assert "The primary test of no change is the paired t test" in text
    assert "ALSFRS-R could not be tested" in text
    assert "All tests are two-sided; intervals are 95 % confidence intervals." in text


def test_methods_name_both_questions_where_only_one_endpoint_has_a_control():
    scores = courses(12)
    fvc = courses(6, level=80, endpoint="fvc", seed=4)
    trial = trial_from(pd.concat([scores, fvc]))
    arms = ["treated"] * 6 + ["control"] * 6
    order = [int(name[1:]) for name in trial.patient_ids]
    people = trial.patients.assign(group=[arms[k] for k in order])
    text = methods_paragraph(
        compare(replace(trial, patients_frame=people), Settings(group_by="group"))
    )
    assert "ALSFRS-R: The primary test compares the change of slope between treated" in text
    assert "FVC: The primary test of no change is the paired t test" in text

"""The plain summary: each clause by hand, also where an analysis is missing or says nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.comparison import EndpointComparison
from analysis.diagnostics_dropout import NO_SINGLE_SIDE, tipping_point
from analysis.leave_one_out import leave_one_out
from analysis.settings import Settings
from analysis.specification import ONE_ARM
from analysis.specification_untreated import UntreatedCurve
from analysis.untreated.shares import SimulatedShare
from data.trial import DAYS_PER_MONTH
from report.whatif_words import Answers, summary_parts, summary_sentence
from tests.conftest import compared, made
from tests.report.specification_cases import small_curve

NAMES = ("Ada", "Bo", "Cy", "Di", "Eva", "Flo")


def either_of(n: int) -> str:
    return "either of 2" if n == 2 else f"any one of {n}"


def changed(changes: Sequence[float], missing: int = 0, **settings: Any) -> EndpointComparison:
    """Return a comparison of people with these changes, a run-in of −0.5 points/month each."""
    days = (-180, -90, 0, 90, 180)
    visits = {
        name: {day: 40 + day / DAYS_PER_MONTH * (-0.5 + (change if day > 0 else 0)) for day in days}
        for name, change in zip(NAMES, changes, strict=False)
    }
    for name in NAMES[len(changes) : len(changes) + missing]:
        visits[name] = {day: 40 - 0.5 * day / DAYS_PER_MONTH for day in days[:3]}
    return compared(made(visits), **settings)


def left_out(result: EndpointComparison, **settings: Any) -> str:
    found = leave_one_out(result, Settings(**settings))
    (part,) = summary_parts(result, Answers(leave_out=found), NAMES)
    return part


def test_only_the_result_is_said_where_nothing_else_was_computed():
    result = changed((1.0, 1.2, 0.8))
    assert summary_sentence(result, Answers(), NAMES) == (
        "ALSFRS-R: slope higher by 1.00 points/month (95 % CI 0.50 to 1.50, P = 0.013, n = 3)."
    )


def test_nobody_to_compare_is_said_with_the_reason():
    said = summary_sentence(changed((), missing=2), Answers(curve=small_curve()), NAMES)
    assert said.startswith("ALSFRS-R: nobody has slopes both before and after the transplant.")
    assert "analyses" not in said


def test_one_patient_turns_the_sign_and_carries_p():
    assert left_out(changed((1.0, 1.2, 0.8, -5.0))) == (
        "leaving out Di turns the sign of the mean change (−0.50 to +1.00 points/month) and "
        "changes P from 0.76 to 0.013"
    )


def test_the_patient_who_moves_p_most_is_named_among_several():
    changes = (0.30, 0.32, 0.28, 0.9, 0.95)
    ps = [stats.ttest_1samp(np.delete(changes, k), 0).pvalue for k in range(5)]
    full = stats.ttest_1samp(changes, 0).pvalue
    assert full < 0.05
    deciding = [k for k in range(5) if ps[k] >= 0.05]
    assert len(deciding) > 1
    most = max(deciding, key=lambda k: ps[k])
    assert left_out(changed(changes)) == (
        f"leaving out {either_of(len(deciding))} patients moves P across 0.05; leaving out "
        f"{NAMES[most]}, the largest of these moves, changes P from {full:.3f} to {ps[most]:.3f}"
    )


def test_a_turned_sign_comes_before_a_p_that_moves():
    # Without Bo the mean is −0.025 and P hardly moves; without Di P crosses 0.05.
    changes = (0.2, 0.6, 0.3, -0.9, 0.3)
    assert stats.ttest_1samp(np.delete(changes, 3), 0).pvalue < 0.05
    assert left_out(changed(changes)) == (
        "leaving out either of 2 patients moves P across 0.05 or turns the sign; leaving out Bo, "
        "the largest of these moves, turns the sign of the mean change (+0.10 to −0.03 "
        "points/month)"
    )


def test_nobody_decides():
    changes = (0.30, 0.32, 0.28, 0.31)
    ps = [stats.ttest_1samp(np.delete(changes, k), 0).pvalue for k in range(4)]
    assert max(ps) < 0.0995
    ends = " and ".join("< 0.001" if p < 0.001 else f"{p:.3f}" for p in (min(ps), max(ps)))
    assert left_out(changed(changes)) == (
        f"leaving out any one patient leaves P between {ends} and turns no sign"
    )


def test_a_patient_without_whom_there_is_no_p_is_named():
    # Without the third person the others are equal: P between the other two is not the whole range.
    p = stats.ttest_1samp((0.5, 0.5, 0.5, 0.9), 0).pvalue
    rest = stats.ttest_1samp((0.5, 0.5, 0.9), 0).pvalue
    assert (p < 0.05, rest < 0.05) == (True, True)
    assert left_out(changed((0.5, 0.5, 0.9, 0.5))) == (
        f"leaving out any one patient leaves P = {rest:.3f} and turns no sign; without Cy there is "
        "no P, because the changes of the others are equal"
    )
    assert left_out(changed((0.5, 0.5, 0.9))).endswith("of the others are equal")


def test_one_p_is_not_called_a_range():
    assert left_out(changed((0.500, 0.501, 0.502, 0.503))) == (
        "leaving out any one patient leaves P < 0.001 and turns no sign"
    )
    said = left_out(
        changed((0.500, 0.501, 0.502, 0.503), alternative="less steep"), alternative="less steep"
    )
    assert "leaves P < 0.001 (one-sided) and turns" in said


def test_a_one_sided_p_says_so():
    said = left_out(
        changed((1.0, 1.2, 0.8, -5.0), alternative="less steep"), alternative="less steep"
    )
    first = stats.ttest_1samp((1.0, 1.2, 0.8, -5.0), 0, alternative="greater").pvalue
    then = stats.ttest_1samp((1.0, 1.2, 0.8), 0, alternative="greater").pvalue
    assert said.endswith(f"and changes P (one-sided) from {first:.2f} to {then:.3f}")


@pytest.mark.parametrize("n", [1, 2])
def test_with_few_patients_none_can_be_left_out(n):
    noun = "patient" if n == 1 else "patients"
    said = left_out(changed((0.3, 0.5)[:n]))
    assert said == f"with {n} compared {noun} none can be left out"


def test_equal_changes_have_no_p():
    assert left_out(changed((0.5, 0.5, 0.5))) == "leaving out any one patient turns no sign"


def test_where_the_others_are_equal_there_is_no_p_and_it_is_said():
    assert left_out(changed((1.0, 1.0, 1.0, -10.0))) == (
        "leaving out Di turns the sign of the mean change (−1.75 to +1.00 points/month); without "
        "Di there is no P, because the changes of the others are equal"
    )


# The curve


def curve_parts(**changes: Any) -> tuple[str, ...]:
    found = Answers(curve=small_curve(**changes))
    return summary_parts(changed((-0.3, -0.2, -0.5, -0.4)), found, NAMES)


MOST = "it depends most on the choice “follow-up window” (medians from −0.20 to +0.35 points/month)"


def test_the_curve_by_hand():
    assert curve_parts() == ("the direction is the same in 4 of 6 analyses", MOST)


def test_a_curve_that_was_stopped_says_so():
    assert curve_parts(stopped=True)[0] == (
        "the direction is the same in 4 of 6 analyses that were run before it was stopped"
    )


def test_without_the_primary_analysis_the_median_is_the_direction():
    assert curve_parts(primary=-1)[0] == (
        "4 of 6 analyses point as their median does (the primary one could not be run)"
    )


def test_a_primary_analysis_without_a_direction_is_no_direction():
    assert curve_parts(same_direction=0)[0] == (
        "the primary analysis shows no direction that the 6 analyses could share"
    )


def test_with_a_control_the_direction_within_the_others_is_said():
    assert curve_parts(note=ONE_ARM)[0] == (
        "within the patients who are no controls, 4 of 6 analyses point to a less steep decline"
    )


def test_choices_that_move_nothing_are_not_named():
    curve = small_curve()
    still = tuple(replace(one, medians=(0.2, 0.2004), range=0.0004) for one in curve.moves)
    assert curve_parts(moves=still)[1] == "no choice moves the median"
    assert curve_parts(moves=())[1] == "no choice moves the median"


def test_an_option_without_an_analysis_has_no_median():
    curve = small_curve()
    first = replace(curve.moves[0], medians=(0.35, math.nan, -0.20))
    assert curve_parts(moves=(first, *curve.moves[1:]))[1] == MOST


def test_no_analysis_is_said_with_the_reason_and_nothing_of_untreated_trials():
    none = {name: np.empty(0) for name in ("estimate", "low", "high", "p", "n")}
    curve = small_curve(**none, reason="every combination leaves too few patients", primary=-1)
    found = Answers(
        curve=curve, untreated=UntreatedCurve(0, SimulatedShare(0, 0), SimulatedShare(0, 0))
    )
    assert summary_parts(changed((0.3, 0.2, 0.5)), found, NAMES) == (
        "no other analysis could be run (every combination leaves too few patients)",
    )


@pytest.mark.parametrize(
    ("median", "count", "said"),
    [
        (0.15, 40, "a median at least as large in 8 of 100 (500 trials)"),
        (-0.15, 40, "a median at least as low in 8 of 100 (500 trials)"),
        (0.15, 0, "a median at least as large in fewer than 1 of 100 (500 trials)"),
    ],
)
def test_untreated_trials(median, count, said):
    share = SimulatedShare(count, 500)
    found = Answers(curve=small_curve(median=median), untreated=UntreatedCurve(500, share, share))
    parts = summary_parts(changed((0.3, 0.2, 0.5)), found, NAMES)
    assert parts[2] == f"simulated untreated trials with these run-ins show {said}"


def test_why_there_are_no_untreated_trials():
    nothing = SimulatedShare(0, 0)
    why = "no natural history is known for FVC (litres): none is guessed"
    found = Answers(curve=small_curve(), untreated=UntreatedCurve(0, nothing, nothing, reason=why))
    parts = summary_parts(changed((0.3, 0.2, 0.5)), found, NAMES)
    assert parts[2] == f"not compared with untreated trials: {why}"


# Dropouts


def dropout_part(result: EndpointComparison, **settings: Any) -> str:
    found = Answers(tipping=tipping_point(result, Settings(**settings)))
    (part,) = summary_parts(result, found, NAMES)
    return part


def test_how_different_the_missing_would_have_to_be():
    changes = (0.9, 1.1, 1.0, 1.2)
    mean, half = np.mean(changes), stats.sem(changes) * stats.t.ppf(0.975, 3)
    assert dropout_part(changed(changes, missing=2)) == (
        "2 of 6 patients with a slope before have none after: for the interval of the mean change "
        f"of all to reach 0, their own would have to be {(mean - half) * 3:.2f} points/month lower "
        "than that of the others"
    )


def test_where_the_interval_includes_0_the_mean_is_said():
    # Mean −0.1, a third is missing.
    assert dropout_part(changed((-1.0, 0.8, -0.6, 0.4), missing=2)) == (
        "2 of 6 patients with a slope before have none after: for the mean change of all to be 0, "
        "their own would have to be 0.30 points/month higher than that of the others"
    )


def test_nobody_is_missing():
    said = dropout_part(changed((0.9, 1.1, 1.0)))
    assert said == "everybody with a slope before has a slope after (n = 3)"


def test_a_broken_stick_cannot_judge_dropouts():
    result = changed((0.9, 1.1, 1.0), missing=1, estimator="broken_stick")
    said = dropout_part(result, estimator="broken_stick")
    assert said == f"dropouts cannot be judged ({NO_SINGLE_SIDE})"

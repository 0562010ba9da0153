"""Sentences and tables of a specification curve, against numbers made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from report.specification_tables import (
    choices_table,
    curve_numbers,
    joint_table,
    not_run_table,
    untreated_curve_table,
)
from report.specification_words import (
    WHAT_IT_IS,
    analyses_heading,
    differing,
    flips_text,
    joint_sentence,
    median_sentence,
    moves_sentence,
    not_run_sentence,
    untreated_curve_sentence,
)
from tests.report.specification_cases import JOINT, small_curve, untreated_case


def test_heading_counts_direction_and_exclusion() -> None:
    said = analyses_heading(small_curve(), 0.95, False)
    assert said == (
        "4 of 6 analyses point to a less steep decline; 2 have an interval without 0, "
        "1 more in the other direction"
    )


@pytest.mark.parametrize(
    ("confidence", "significant", "expected"),
    [
        (0.95, 0, "none has an interval without 0"),
        (0.95, 1, "1 has an interval without 0"),
        (0.90, 2, "2 have P < 0.05"),
        (0.90, 1, "1 has P < 0.05"),
    ],
)
def test_heading_speaks_of_p_where_intervals_have_another_level(
    confidence: float, significant: int, expected: str
) -> None:
    curve = small_curve(significant=significant, p=np.full(6, 0.5))
    assert analyses_heading(curve, confidence, False).endswith(f"; {expected}")


def test_heading_of_a_steeper_decline_and_of_rising_slopes() -> None:
    curve = small_curve()
    turned = replace(curve, estimate=-curve.estimate[::-1], primary=2)
    assert "point to a steeper decline" in analyses_heading(turned, 0.95, False)
    assert "point to a lower slope" in analyses_heading(turned, 0.95, True)
    assert "point to a higher slope" in analyses_heading(curve, 0.95, True)


def test_heading_of_no_direction_and_of_one_analysis() -> None:
    curve = small_curve(estimate=np.array([-0.3, -0.1, 0.1, 0.0, 0.35, 0.5]))
    assert analyses_heading(curve, 0.95, False) == "6 analyses; the primary one shows no change"
    one = {name: getattr(curve, name)[4:5] for name in ("estimate", "low", "high", "p", "n")}
    single = small_curve(
        **one, option=np.array([[0, 0]]), primary=0, same_direction=1, significant=1
    )
    assert analyses_heading(single, 0.95, False) == (
        "1 of 1 analysis points to a less steep decline; 1 has an interval without 0"
    )


def test_what_was_not_run_is_counted_and_named() -> None:
    assert not_run_sentence(small_curve()) == (
        "4 of 10 combinations are not shown: the same analysis as another combination (3), fewer "
        "than 2 patients (1)."
    )
    assert not_run_sentence(small_curve(not_run=())) == ""


def test_the_choice_that_moves_most() -> None:
    assert moves_sentence(small_curve()) == (
        "It depends most on “follow-up window”: the median is −0.20 with “3 months” and +0.35 "
        "points/month with “all visits”."
    )
    assert moves_sentence(small_curve(moves=())) == "No choice moves the median of the estimates."


def test_median_and_range() -> None:
    assert median_sentence(small_curve()) == (
        "Median of 6 analyses: +0.15 points/month; they lie between −0.30 and +0.50."
    )


def test_what_differs_from_the_primary_analysis() -> None:
    curve = small_curve()
    assert differing(curve, 3) == ()
    assert differing(curve, 1) == ("follow-up window: 3 months", "day-0 visit: on neither side")


def test_joint_test_says_what_it_is_not() -> None:
    assert joint_sentence(small_curve()) == (
        "Joint test of no change, not of no treatment effect: P = 0.012, by the median estimate "
        "(all 4,096 sign flips, n = 12)."
    )
    random = replace(JOINT, exact=False, flips=10_000)
    assert flips_text(random) == "10,000 random sign flips"
    impossible = replace(JOINT, p_median=math.nan, notes=("fewer than 2 patients",))
    assert joint_sentence(small_curve(joint=impossible)) == (
        "Joint test of no change, not of no treatment effect: not possible (fewer than 2 patients)."
    )


def test_untreated_share_of_the_same_curve() -> None:
    assert untreated_curve_sentence(small_curve(), untreated_case()) == (
        "In simulated untreated trials with these run-ins the median is at least as large in "
        "12 of 100, and as many analyses reach P < 0.05 in this direction in 7 of 100 (500 trials)."
    )


def test_untreated_share_is_of_the_side_of_the_median_not_of_the_primary() -> None:
    # Two analyses have P < 0.05 where the primary points, none where the median lies.
    against = small_curve(median=-0.15, p=np.array([0.6, 0.6, 0.5, 0.012, 0.03, 0.25]))
    assert "at least as low" in untreated_curve_sentence(against, untreated_case())
    assert "as many" not in untreated_curve_sentence(against, untreated_case())
    # The first has, in the direction of that median.
    assert "as many" in untreated_curve_sentence(small_curve(median=-0.15), untreated_case())


def test_no_sentence_picks_a_winner_or_names_a_cause() -> None:
    curve = small_curve()
    said = " ".join(
        (
            analyses_heading(curve, 0.95, False),
            moves_sentence(curve),
            joint_sentence(small_curve()),
            untreated_curve_sentence(small_curve(), untreated_case()),
        )
    ).lower()
    for word in ("significant", "effect of", "caused", "improved", "best", "slowed"):
        assert word not in said
    assert "no single best P may be picked" in WHAT_IT_IS


def test_table_of_choices_counts_every_analysis_once_a_choice() -> None:
    table = choices_table(small_curve())
    assert table["choice"].tolist() == ["follow-up window"] * 3 + ["day-0 visit"] * 2
    assert table["option"].tolist()[0] == "all visits (primary)"
    assert table["median, points/month"].tolist() == ["+0.35", "+0.22", "−0.20", "+0.10", "+0.35"]
    assert table["analyses drawn"].tolist() == [2, 2, 2, 3, 3]
    assert table["lowest to highest drawn"].tolist()[2] == "−0.30 to −0.10"


def test_table_of_choices_starts_with_the_one_that_moves_most() -> None:
    curve = small_curve()
    turned = replace(curve, moves=curve.moves[::-1])
    assert choices_table(turned)["choice"].tolist()[0] == "day-0 visit"


def test_numbers_are_one_row_an_analysis() -> None:
    table = curve_numbers(small_curve())
    assert len(table) == 6
    assert table["primary"].tolist() == ["", "", "", "yes", "", ""]
    assert table["follow-up window"].tolist()[1] == "3 months"
    assert table["day-0 visit"].tolist()[1] == "on neither side"
    assert table["estimate"].tolist() == [-0.30, -0.10, 0.10, 0.20, 0.35, 0.50]


def test_tables_of_the_joint_test_and_of_what_was_not_run() -> None:
    table = joint_table(JOINT)
    assert table["P"].tolist() == ["0.012", "0.040", "0.20"]
    assert set(table["sign flips"]) == {"all 4,096 sign flips"}
    assert not_run_table(small_curve())["combinations"].tolist() == [1, 3]
    assert len(not_run_table(small_curve(not_run=()))) == 0


def test_table_of_untreated_trials_has_its_error() -> None:
    table = untreated_curve_table(small_curve(), untreated_case())
    assert table["share"].tolist() == ["12 of 100", "7 of 100", "30 of 100"]
    # sqrt(p (1 - p) / 500)
    assert table["Monte Carlo SE"].tolist() == ["1.5 of 100", "1.1 of 100", "2.0 of 100"]
    assert table["trials"].tolist() == [500] * 3

"""Totals from items and domains, the original scale, and the best of several attempts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from data.findings import Finding
from data.reading import Reading
from tests.conftest import read_text

ITEMS = [
    "Q1_Speech",
    "Q2_Salivation",
    "Q3_Swallowing",
    "Q4_Handwriting",
    "Q5_Cutting",
    "Q6_Dressing_and_Hygiene",
    "Q7_Turning_in_Bed",
    "Q8_Walking",
    "Q9_Climbing_Stairs",
    "Q10_Dyspnea",
    "Q11_Orthopnea",
    "Q12_Respiratory_Insufficiency",
]
# 4+3+4 bulbar, 3+2+3 fine motor, 2+3+1 gross motor, 4+4+3 respiratory: 11 + 8 + 6 + 11 = 36.
SCORES = [4, 3, 4, 3, 2, 3, 2, 3, 1, 4, 4, 3]
FIVE = ITEMS.index("Q5_Cutting")
WITH_5A_5B = [*ITEMS[:FIVE], "Q5a_Cutting_without_Gastrostomy", "Q5b_Cutting_with_Gastrostomy",
              *ITEMS[FIVE + 1 :]]  # fmt: skip
NO_FIVE = [*SCORES[:FIVE], *SCORES[FIVE + 1 :]]


def table(headers: list[str], *rows: Sequence[object]) -> str:
    """Return one row a visit of patient A, on days 0, 30, 60 …"""
    lines = [",".join(["patient_id", "days from transplant", *headers])]
    for at, cells in enumerate(rows):
        lines.append(",".join(["A", str(30 * at), *("" if c is None else str(c) for c in cells)]))
    return "\n".join(lines) + "\n"


def values(reading: Reading, endpoint: str = "alsfrs_r") -> list[tuple[float, float]]:
    """Return day and value of one endpoint."""
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    frame = reading.trial.measurements
    mine = frame[frame["endpoint"] == endpoint]
    return list(zip(mine["day"], mine["value"], strict=True))


def found(reading: Reading, code: str) -> list[Finding]:
    return [finding for finding in reading.findings if finding.code == code]


def with_5(five: object, five_a: object, five_b: object) -> list[object]:
    """Return the items of one visit with all three columns of item 5."""
    return [*NO_FIVE[:FIVE], five, five_a, five_b, *NO_FIVE[FIVE:]]


def with_5a_5b(five_a: object, five_b: object) -> list[object]:
    return [*NO_FIVE[:FIVE], five_a, five_b, *NO_FIVE[FIVE:]]


# -- totals ----------------------------------------------------------------------------------------


def test_twelve_items_make_the_total_and_the_four_domains():
    reading = read_text(table(ITEMS, SCORES))
    assert values(reading) == [(0, 36)]
    assert values(reading, "bulbar") == [(0, 11)]
    assert values(reading, "fine_motor") == [(0, 8)]
    assert values(reading, "gross_motor") == [(0, 6)]
    assert values(reading, "respiratory") == [(0, 11)]


def test_a_visit_with_an_item_left_out_has_no_total():
    gap = [*SCORES[:7], None, *SCORES[8:]]
    reading = read_text(table(ITEMS, SCORES, gap))
    assert values(reading) == [(0, 36)]
    assert values(reading, "bulbar") == [(0, 11), (30, 11)]
    assert values(reading, "gross_motor") == [(0, 6)]
    (lacking,) = found(reading, "ITEMS_INCOMPLETE")
    assert lacking.row == 3
    assert "1 visit:" in lacking.text


@pytest.mark.parametrize("wrong", ["5", "-1", "2.5"])
def test_an_impossible_item_makes_no_total(wrong):
    reading = read_text(table(ITEMS, SCORES, [*SCORES[:7], wrong, *SCORES[8:]]))
    assert values(reading) == [(0, 36)]
    (bad,) = found(reading, "OUT_OF_RANGE")
    assert (bad.row, bad.column, bad.value, bad.proposal) == (3, "Q8_Walking", wrong, "")


def test_a_stated_total_that_is_not_the_sum_is_kept_and_the_sum_proposed():
    reading = read_text(table([*ITEMS, "ALSFRS_R"], [*SCORES, 36], [*SCORES, 35]))
    assert values(reading) == [(0, 36), (30, 35)]
    (differs,) = found(reading, "TOTAL_MISMATCH")
    assert (differs.row, differs.column, differs.value, differs.proposal) == (
        3,
        "ALSFRS_R",
        "35",
        "36",
    )
    assert "35" in differs.text
    assert "36" in differs.text


def test_a_stated_total_counts_where_items_are_left_out():
    gap = [*SCORES[:7], None, *SCORES[8:]]
    reading = read_text(table([*ITEMS, "ALSFRS_R"], [*gap, 36]))
    assert values(reading) == [(0, 36)]
    assert not found(reading, "ITEMS_INCOMPLETE")
    assert not found(reading, "TOTAL_MISMATCH")


# -- item 5 ----------------------------------------------------------------------------------------


def test_item_5_is_the_form_that_was_filled_in():
    reading = read_text(table(WITH_5A_5B, with_5a_5b(2, None), with_5a_5b(None, 1)))
    assert values(reading) == [(0, 36), (30, 35)]
    assert not found(reading, "BOTH_5A_5B")
    assert reading.trial is not None
    items = reading.trial.items
    assert items is not None
    assert items["item_5"].tolist() == [2, 1]
    assert items["gastrostomy"].tolist() == [False, True]


def test_both_forms_of_item_5_make_no_total():
    reading = read_text(table(WITH_5A_5B, with_5a_5b(2, None), with_5a_5b(3, 1)))
    assert values(reading) == [(0, 36)]
    (both,) = found(reading, "BOTH_5A_5B")
    assert both.row == 3
    assert both.severity == "warning"


def test_both_forms_of_item_5_with_one_score_leave_no_doubt():
    reading = read_text(table(WITH_5A_5B, with_5a_5b(2, 2)))
    assert values(reading) == [(0, 36)]


def test_a_switch_says_which_form_of_item_5_counts():
    # 1 with a tube: 5b counts; 2 without: 5a counts.
    headers = [*ITEMS[:FIVE], "gastrostomy", *WITH_5A_5B[FIVE:]]
    reading = read_text(table(headers, with_5(1, 3, 1), with_5(2, 3, 1)))
    assert values(reading) == [(0, 35), (30, 37)]
    assert len(found(reading, "BOTH_5A_5B")) == 1


# -- names of items --------------------------------------------------------------------------------


def test_r1_to_r3_are_the_items_of_breathing():
    headers = [*(f"ALSFRS_{n}" for n in range(1, 10)), "ALSFRS_R1", "ALSFRS_R2", "ALSFRS_R3"]
    reading = read_text(table(headers, SCORES))
    assert values(reading) == [(0, 36)]
    assert values(reading, "respiratory") == [(0, 11)]


def test_ten_items_are_the_original_scale_of_40_points():
    # Items 1 to 9 add up to 25; a single item of breathing makes 28 of 40.
    reading = read_text(table([*ITEMS[:9], "Q10_Respiratory"], [*SCORES[:9], 3]))
    assert values(reading) == []
    assert values(reading, "alsfrs_40") == [(0, 28)]
    assert found(reading, "ALSFRS_ORIGINAL_SCALE")


def test_scores_called_alsfrs_up_to_40_are_the_original_scale():
    reading = read_text(table(["ALSFRS"], [40], [38]))
    assert values(reading, "alsfrs_40") == [(0, 40), (30, 38)]
    assert found(reading, "ALSFRS_ORIGINAL_SCALE")
    answered = read_text(table(["ALSFRS"], [40], [38]), {"ALSFRS_SCALE": "revised"})
    assert values(answered) == [(0, 40), (30, 38)]


def test_scores_called_alsfrs_above_40_are_the_revised_scale():
    reading = read_text(table(["ALSFRS"], [41], [38]))
    assert values(reading) == [(0, 41), (30, 38)]
    assert found(reading, "ALSFRS_TAKEN_AS_R")


# -- domains and attempts --------------------------------------------------------------------------

DOMAINS = ["bulbar", "fine_motor", "gross_motor", "respiratory"]


def test_four_domains_make_the_total_that_is_not_stated():
    reading = read_text(table(DOMAINS, [11, 8, 6, 11], [10, 8, None, 11]))
    assert values(reading) == [(0, 36)]
    assert values(reading, "bulbar") == [(0, 11), (30, 10)]
    (made,) = found(reading, "TOTAL_FROM_DOMAINS")
    assert made.text.endswith("domains: 1.")


def test_a_stated_total_beside_domains_stays():
    reading = read_text(table([*DOMAINS, "ALSFRS_R"], [11, 8, 6, 11, 36]))
    assert values(reading) == [(0, 36)]
    assert not found(reading, "TOTAL_FROM_DOMAINS")


def test_the_best_of_three_attempts_counts():
    headers = ["FVC_percent_trial1", "FVC_percent_trial2", "FVC_percent_trial3"]
    reading = read_text(table(headers, [78, 81.5, 80], [70, None, 69]))
    assert values(reading, "fvc") == [(0, 81.5), (30, 70)]
    assert not found(reading, "CONFLICTING_DUPLICATES")

"""Visit labels and headers of time columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.times import clock, unit_of_time, visit_month, without_day_zero
from data.trial import DAYS_PER_MONTH


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Month 3", 3),
        ("MONTH3", 3),
        ("M3", 3),
        ("m03", 3),
        ("M+3", 3),
        ("M-6", -6),
        ("M−6", -6),
        ("month_3_arm_1", 3),
        ("month_12_arm_2", 12),
        ("leadin_m4_arm_1", -4),
        ("LEADIN_M2", -2),
        ("Lead-in M4", -4),
        ("baseline_arm_1", 0),
        ("3 months", 3),
        ("3months", 3),
        ("3 mo", 3),
        ("3-month follow-up", 3),
        ("3rd month", 3),
        ("FU3M", 3),
        ("6 months pre", -6),
        ("3 months before transplant", -3),
        ("-3 months before transplant", -3),
        ("3 months prior to transplantation", -3),
        ("-3 mo", -3),
        ("−6 months", -6),
        ("Month -3", -3),
        ("+3 months", 3),
        ("3 months post", 3),
        ("post-transplant month 3", 3),
        ("pre-transplant month 6", -6),
        ("Tx+3m", 3),
        ("Tx-3m", -3),
        ("1,5 Monate", 1.5),
        ("1.5 months", 1.5),
        ("Baseline", 0),
        ("BL", 0),
        ("Baseline visit", 0),
        ("baseline_visit_arm_1", 0),
        ("Month 6 (±2 weeks)", 6),
        ("Month 6 +/- 14 days", 6),
        ("Day 0", 0),
        ("Month 0", 0),
        ("Baseline (Month 0)", 0),
        ("transplant", 0),
        ("Transplantation", 0),
        ("Tx", 0),
        ("Week 12", 12 * 7 / DAYS_PER_MONTH),
        ("W12", 12 * 7 / DAYS_PER_MONTH),
        ("Day 90", 90 / DAYS_PER_MONTH),
        ("D90", 90 / DAYS_PER_MONTH),
        ("D-30", -30 / DAYS_PER_MONTH),
        ("Year 1", 12),
        ("1 year post transplant", 12),
        ("Visit 3 (Month 6)", 6),
        ("V3 - Month 3", 3),
        ("Monat 3", 3),
        ("3 Monate nach Transplantation", 3),
        ("3 Monate vor Transplantation", -3),
        ("Mois 3", 3),
        ("3 mois après", 3),
        ("Mes 3", 3),
        ("3 meses antes del trasplante", -3),
        ("ماه ۳", 3),
        ("ماه سوم", 3),
        ("۳ ماه پس از پیوند", 3),
        ("۳ ماه قبل از پیوند", -3),
    ],
)
def test_labels_that_name_a_month_are_read(text, month):
    assert visit_month(text) == pytest.approx(month)


@pytest.mark.parametrize(
    "text",
    ["", "V3", "Visit 3", "visit_3_arm_1", "Screening", "Follow-up 2", "FU 3", "unscheduled",
     "Unscheduled Month 3", "pre-transplant", "post-transplant", "pre", "post", "Month", "12", "-6",
     "3.5", "Month-3", "6-12 months", "Month 3-6", "Month 3 after onset", "months since diagnosis",
     "transplant 2", "pre-baseline", "baseline 2", "T3", "S12", "enrolment_arm_1", "EOS",
     "pre/post 3 months", "pre_1_arm_1", "Pre1",
     "pre-2", "+3 months before", "Month 3 Day 2", "Q3", "P01", "March", "2020-03-01",
     "post 90", "Week 12 (Month 3)", "3 tablets", "Mr 3", "-", "+"],
)  # fmt: skip
def test_labels_that_name_no_certain_month_are_not_read(text):
    assert visit_month(text) is None


@given(st.integers(-60, 60))
def test_a_month_is_read_in_every_spelling(month):
    sign = f"{month:+d}"
    side = "before" if month < 0 else "after"
    for text in (f"Month {month}", f"M{sign}", f"{month} months", f"month {sign}",
                 f"{abs(month)} months {side} transplant", f"{month} mo"):  # fmt: skip
        assert visit_month(text) == month, text


@given(st.text(max_size=24))
def test_any_label_is_a_month_or_none(text):
    month = visit_month(text)
    assert month is None or isinstance(month, float)
    assert clock(text) in ("transplant", "enrolment", "onset", "unknown")
    assert unit_of_time(text) in (None, "day", "week", "month", "year")


@pytest.mark.parametrize(
    ("header", "event", "unit"),
    [
        ("months since onset", "onset", "month"),
        ("Months from symptom onset", "onset", "month"),
        ("disease duration (months)", "onset", "month"),
        ("days from enrolment", "enrolment", "day"),
        ("days from enrollment", "enrolment", "day"),
        ("Days since randomisation", "enrolment", "day"),
        ("days_from_baseline", "enrolment", "day"),
        ("days from study start", "enrolment", "day"),
        ("weeks from trial start", "enrolment", "week"),
        ("study day", "enrolment", "day"),
        ("STUDY_DAY", "enrolment", "day"),
        ("ADY", "enrolment", "day"),
        ("QSDY", "enrolment", "day"),
        ("VISDY", "enrolment", "day"),
        ("ALSFRS_Delta", "enrolment", "day"),
        ("Forced_Vital_Capacity_Delta", "enrolment", "day"),
        ("days post transplant", "transplant", "day"),
        ("DAY_TX", "transplant", "day"),
        ("day_rel_tx", "transplant", "day"),
        ("ADY_TX", "transplant", "day"),
        ("TxDay", "transplant", "day"),
        ("months_post_tx", "transplant", "month"),
        ("Monate nach Transplantation", "transplant", "month"),
        ("ماه پس از پیوند", "transplant", "month"),
        ("روز پس از تزریق", "transplant", "day"),
        ("years after infusion", "transplant", "year"),
        ("study day relative to transplant", "transplant", "day"),
        ("days from enrolment to transplant", "unknown", "day"),
        ("months from onset to baseline", "unknown", "month"),
        ("month", "unknown", "month"),
        ("day", "unknown", "day"),
        ("visit", "unknown", None),
        ("visit_date", "unknown", None),
        ("birthday", "unknown", None),
        ("weeks or months", "unknown", None),
        ("ALSFRS_R", "unknown", None),
        ("delta FS", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_headers_tell_clock_and_unit(header, event, unit):
    assert clock(header) == event
    assert unit_of_time(header) == unit


@pytest.mark.parametrize(
    ("days", "without"),
    [
        ([-30, -1, 1, 90], True),
        ([-30, 0, 1, 90], False),
        ([-30, 90], False),
        ([1, 30, 90], False),
        ([-30, 1, 90.5], False),
        ([-30, np.nan, 1], True),
        ([], False),
    ],
)
def test_study_days_without_a_day_zero_are_known(days, without):
    assert without_day_zero(np.asarray(days, dtype=np.float64)) is without

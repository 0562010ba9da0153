"""A variant is the comparison under other settings; what it is compared with is in one unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.equal_windows import equal_windows
from analysis.settings import DEFAULT, PatientExclusion, Settings
from analysis.variants import (
    PER_MONTH,
    SHARED,
    Variant,
    clean_name,
    in_one_unit,
    side_by_side,
)
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import DAYS_PER_MONTH, Periods
from tests.conftest import frame_from, made, trial_from

MONTH = DAYS_PER_MONTH
COURSE = {-180: 46, -90: 43, 0: 40, 90: 38, 180: 36}


def people(n=6, extra=None):
    """Return courses that bend by different amounts, so that there is a spread."""
    visits = {
        f"A{i}": {day: score - (i * day / 180 if day > 0 else 0) for day, score in COURSE.items()}
        for i in range(n)
    }
    return made(visits | (extra or {}))


def beside(trial, primary=DEFAULT, **changes):
    comparison = compare(trial, primary)
    return side_by_side(trial, comparison, Variant("", primary.with_(**changes)))


@pytest.mark.parametrize("example", EXAMPLE_IDS)
@pytest.mark.parametrize(
    "changes",
    [{"post_months": 6.0}, {"day0": "neither"}, {"estimator": "theil_sen"}, {"min_visits": 3}],
)
def test_a_variant_is_compare_with_its_settings(example, changes):
    trial = load_example(example).trial
    primary = Settings.from_json(example_settings(example))[0]
    side = beside(trial, primary, **changes)
    fresh = compare(trial, side.settings)
    assert side.settings == primary.with_(rate_unit=side.settings.rate_unit, **changes)
    for one in side.endpoints:
        direct = fresh.endpoint(one.endpoint.key)
        assert one.variant == direct.lead
        assert one.unit == direct.unit
        assert one.difference == direct.lead.estimate - one.primary.estimate


def test_leaving_a_patient_out_is_the_paired_t_test_of_the_others():
    trial = people()
    one = beside(trial, excluded_patients=(PatientExclusion("A4", "other"),)).endpoints[0]
    # Slopes by hand: −1/30 a day before, −(2 + i)/90·… after.
    months = 90 / MONTH
    before = -3 / months
    after = np.array([-(2 + i / 2) / months for i in range(6)])
    changes = after - before
    rest = np.delete(changes, 4)
    expected = stats.ttest_1samp(rest, 0)
    assert one.variant.estimate == pytest.approx(rest.mean())
    assert one.variant.p == pytest.approx(expected.pvalue)
    assert one.primary.estimate == pytest.approx(changes.mean())
    assert one.difference == pytest.approx(rest.mean() - changes.mean())
    assert one.left == (("A4", "left out: other"),)
    assert one.entered == ()
    assert one.common_n == 5
    assert one.common_difference == 0


def test_who_enters_is_named_with_the_reason_for_missing():
    trial = people(extra={"B": {-180: 40, -90: 38, 0: 36, 90: 34}})
    one = beside(trial, day0="both").endpoints[0]
    assert one.entered == (("B", "1 visit after, 2 needed"),)
    assert one.left == ()
    assert one.variant.n == one.primary.n + 1 == 7


def test_a_change_of_who_is_in_and_a_change_of_slopes_are_told_apart():
    trial = people(extra={"B": {-180: 40, -90: 38, 0: 36, 90: 20, 100: 19, 180: 18}})
    one = beside(trial, excluded_patients=(PatientExclusion("B", "other"),)).endpoints[0]
    assert abs(one.difference) > 0.02
    assert one.common_difference == 0


def test_flags_say_what_the_variant_turns():
    trial = people()
    one = beside(trial).endpoints[0]
    assert not one.crosses
    assert not one.turns
    other = replace(one.variant, p=0.2, estimate=-one.primary.estimate)
    turned = replace(one, primary=replace(one.primary, p=0.01), variant=other)
    assert turned.crosses
    assert turned.turns
    unknown = replace(turned, variant=replace(other, p=float("nan"), estimate=float("nan")))
    assert not unknown.crosses
    assert not unknown.turns


def test_unit_level_test_and_seed_are_those_of_the_primary():
    primary = DEFAULT.with_(rate_unit="year", confidence=0.9, alternative="less steep", seed=7)
    variant = Variant("", DEFAULT.with_(post_months=6, rate_unit="month", confidence=0.99))
    settings = variant.beside(primary)
    assert {name: getattr(settings, name) for name in SHARED} == {
        name: getattr(primary, name) for name in SHARED
    }
    assert variant.changes(primary) == {"post_months": "after: 6 months"}
    assert variant.title(primary) == "after: 6 months"
    assert Variant("", primary).title(primary) == "as the primary"
    assert Variant("six", primary).title(primary) == "six"


def test_windows_of_another_length_are_compared_per_month():
    frame = frame_from({f"A{i}": {d: v - i * d / 200 for d, v in COURSE.items()} for i in range(5)})
    trial = trial_from(frame, periods=Periods(6, 6))
    primary = Settings(rate_unit="period")
    assert compare(trial, primary).rate.months_before == 6
    side = beside(trial, primary, post_months=3.0)
    assert side.note == PER_MONTH
    assert {one.unit for one in side.endpoints} == {"points/month"}
    direct = compare(trial, primary.with_(rate_unit="month")).endpoints[0].lead
    assert side.endpoints[0].primary == direct
    same = beside(trial, primary, day0="neither")
    assert same.note == ""
    assert {one.unit for one in same.endpoints} == {"points/period"}
    comparison = compare(trial, primary)
    both = (Variant("", primary), Variant("", primary.with_(post_months=3)))
    assert in_one_unit(trial, comparison, both)[0].rate.unit == "month"
    assert in_one_unit(trial, comparison, both[:1]) == (comparison, "")
    assert in_one_unit(trial, comparison, ()) == (comparison, "")


def test_a_name_is_one_short_line():
    assert clean_name("  over\n six   months ") == "over six months"
    assert len(clean_name("x" * 100)) == 40
    # A link may hold letters that turn a line round, or that a terminal obeys.
    assert clean_name("a\u202eb\x00c\x1b[2J") == "a b c [2J"


def test_equal_windows_are_the_shorter_of_run_in_and_follow_up():
    visits = {f"A{i}": {-92 - i: 44, -46: 42, 0: 40, 91: 38, 183 + i: 37} for i in range(5)}
    found = equal_windows(compare(made(visits), DEFAULT))
    assert found.before == pytest.approx(94 / MONTH)
    assert found.after == pytest.approx(185 / MONTH)
    assert found.months == 3
    assert found.changes == {"pre_months": 3, "post_months": 3}
    assert not found.holds(DEFAULT)
    assert found.holds(DEFAULT.with_(**found.changes))


def test_a_period_a_day_short_of_whole_months_still_gives_them():
    # 182 days are 5.98 months; a window takes in 3 days more than its length.
    visits = {f"A{i}": {-300: 44, -150: 42, 0: 40, 91: 38, 182: 37} for i in range(5)}
    trial = made(visits)
    found = equal_windows(compare(trial, DEFAULT))
    assert found.months == 6
    points = compare(trial, DEFAULT.with_(**found.changes)).endpoints[0].slopes.points
    assert np.abs(points.month[points.after]).max() * MONTH == pytest.approx(182)


def test_a_window_that_is_set_is_taken_at_its_word():
    visits = {f"A{i}": {-300: 44, -150: 42, 0: 40, 91: 38, 182: 37} for i in range(5)}
    found = equal_windows(compare(made(visits), DEFAULT.with_(post_months=7)))
    assert (found.after, found.months) == (7, 7)


@pytest.mark.parametrize(
    ("visits", "reason"),
    [
        ({"A": {0: 40}}, "no patient can be compared"),
        ({"A": {-20: 40, -10: 39, 0: 38, 90: 36, 180: 33}}, "a period is shorter than a month"),
    ],
)
def test_where_windows_cannot_be_equal_the_reason_is_said(visits, reason):
    found = equal_windows(compare(made(visits), DEFAULT.with_(min_span_days=10)))
    assert found.reason == reason
    assert found.changes == {}
    assert found.to_json()["months"] is None


def test_the_order_and_the_names_of_patients_do_not_matter():
    bent = {f"A{i}": {d: v - max(0, i * d / 200) for d, v in COURSE.items()} for i in range(6)}
    frame = frame_from(bent)
    other = frame.assign(patient=["Z" + name for name in frame["patient"]])
    other = other.iloc[::-1].reset_index(drop=True)
    first, second = (
        beside(trial_from(pd.DataFrame(table)), day0="both") for table in (frame, other)
    )
    a, b = first.endpoints[0], second.endpoints[0]
    assert a.difference == pytest.approx(b.difference)
    assert a.variant.p == pytest.approx(b.variant.p)
    assert [why for _, why in a.left] == [why for _, why in b.left]

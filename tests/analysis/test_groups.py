"""Groups: Welch, permutation, Hedges' g and Welch's ANOVA against R; who is in which group."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from analysis.compare import compare
from analysis.grouping import (
    compared_grouping,
    grouping_of,
    is_concurrent_control,
    is_control_label,
)
from analysis.groups import (
    compare_groups,
    group_difference,
    hedges_g,
    permutation_test,
    welch_anova,
    welch_t,
)
from analysis.permutation import EXACT_WAYS, MONTE_CARLO_PATIENTS, permute_labels
from analysis.settings import Settings
from data.examples import load_example
from tests.conftest import REFERENCE, compared, ends, made

R = json.loads((REFERENCE / "groups" / "groups.json").read_text("utf-8"))
DIRECTIONS = {"two-sided": "p_two", "less steep": "p_greater", "steeper": "p_less"}
every_pair = pytest.mark.parametrize("name", R["two"])
every_direction = pytest.mark.parametrize(("alternative", "key"), DIRECTIONS.items())


def pair(name: str) -> tuple[np.ndarray, np.ndarray]:
    both = R["two"][name]
    return np.asarray(both["reference"], dtype=float), np.asarray(both["other"], dtype=float)


@every_pair
@every_direction
def test_welch_equals_r(name, alternative, key):
    expected = R["two"][name]["welch"]
    test = welch_t(*pair(name), Settings(alternative=alternative))
    ours = [test.estimate, test.statistic, test.df, test.p]
    assert_allclose(ours, [expected[k] for k in ("estimate", "t", "df", key)], rtol=1e-9)
    assert_allclose(ends(test.interval), expected["ci95"], rtol=1e-9)
    at_90 = welch_t(*pair(name), Settings(confidence=0.9))
    assert_allclose(ends(at_90.interval), expected["ci90"], rtol=1e-9)


@every_pair
@every_direction
def test_exact_permutation_equals_enumeration_in_r(name, alternative, key):
    expected = R["two"][name]["permutation"]
    test = permutation_test(*pair(name), Settings(alternative=alternative))
    if expected is None:
        assert "random" in test.name
        return
    assert_allclose(test.p, expected[key], rtol=1e-12)
    assert test.p >= test.p_floor * (1 - 1e-12)
    two_equal = alternative == "two-sided" and len(set(map(len, pair(name)))) == 1
    assert_allclose(test.p_floor, (2 if two_equal else 1) / expected["ways"])
    if key == "p_two":
        assert_allclose(test.p, R["two"][name]["check"]["coin"], rtol=1e-9)


@every_pair
def test_hedges_g_equals_r(name):
    expected = R["two"][name]
    effect = hedges_g(*pair(name), 0.95)
    assert_allclose(effect.value, expected["g"]["value"], rtol=1e-10)
    assert_allclose(effect.value, expected["check"]["effectsize_g"], rtol=1e-10)
    if expected["g"]["ci95"]:
        assert_allclose(ends(effect.interval), expected["g"]["ci95"], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", R["several"])
def test_welch_anova_equals_r(name):
    expected = R["several"][name]
    test = welch_anova([np.asarray(own, dtype=float) for own in expected["groups"]])
    assert_allclose([test.statistic, test.p], [expected["f"], expected["p"]], rtol=1e-9)
    assert f"{expected['df']:.1f} degrees" in test.notes[0]


def test_welch_anova_of_two_groups_is_welch_squared():
    first, second = pair("even")
    f, t = welch_anova([first, second]), welch_t(first, second, Settings())
    assert_allclose([f.statistic, f.p], [t.statistic**2, t.p], rtol=1e-10)


def test_permutation_by_hand():
    """Other {3, 4} of {1, 2, 3, 4}: of the 6 ways 2 are as far from 0, 1 is as high."""
    tails = permute_labels(np.array([1.0, 2.0]), np.array([3.0, 4.0]), draws=1, seed=1)
    assert tails.exact
    assert_allclose([tails.two_sided, tails.greater, tails.less], [2 / 6, 1 / 6, 1.0])


def test_random_permutations_agree_with_the_exact_ones(monkeypatch):
    first, second = pair("unequal")
    exact = permute_labels(first, second, draws=1, seed=1)
    monkeypatch.setattr("analysis.permutation.EXACT_WAYS", 10)
    drawn = permute_labels(first, second, draws=200_000, seed=4)
    assert not drawn.exact
    for name in ("two_sided", "greater", "less"):
        expected, p = getattr(exact, name), getattr(drawn, name)
        assert abs(p - expected) < 5 * math.sqrt(expected * (1 - expected) / 200_000)


def test_random_permutations_take_every_subset_alike(monkeypatch):
    """More than one block of 12, so that the numbers per block are drawn as well."""
    monkeypatch.setattr("analysis.permutation._BLOCK", 2)
    from analysis.permutation import _random_sums

    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    sums = _random_sums(values, 3, 100_000, np.random.default_rng(7))
    seen, n = np.unique(sums, return_counts=True)
    assert seen.tolist() == sorted(sum(subset) for subset in combinations(values, 3))
    assert_allclose(n / 100_000, 0.1, atol=5 * math.sqrt(0.09 / 100_000))


def test_random_permutations_are_those_of_the_seed_and_say_so():
    test = permutation_test(*pair("large"), Settings(flips=20_000, seed=11))
    again = permutation_test(*pair("large"), Settings(flips=20_000, seed=11))
    other = permutation_test(*pair("large"), Settings(flips=20_000, seed=12))
    assert test.p == again.p != other.p
    assert "20,000 random permutations, seed 11" in test.notes[0]
    assert test.p_floor == 1 / 20_001
    # coin's normal approximation is near for 59 patients.
    assert abs(test.p - R["two"]["large"]["check"]["coin_normal"]) < 0.006


def test_random_permutations_never_give_a_p_of_0():
    first = np.linspace(0, 1, 30)
    assert permutation_test(first, first + 9, Settings(flips=1_000)).p == 1 / 1_001


def test_many_patients_are_approximated_as_coin_does():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0, 1, 300), rng.normal(0.1, 1, 260)
    assert len(first) + len(second) > MONTE_CARLO_PATIENTS
    test = permutation_test(first, second, Settings())
    assert "normal approximation" in test.name
    # Pitman's variance of the sum of a subset, written out for the difference of the means.
    everybody = np.concatenate([first, second])
    error = math.sqrt(np.var(everybody, ddof=1) * (1 / 300 + 1 / 260))
    z = (second.mean() - first.mean()) / error
    assert_allclose(test.p, math.erfc(abs(z) / math.sqrt(2)), rtol=1e-9)
    assert permute_labels(first, second, draws=5, seed=1).draws == 0


def test_no_spread_anywhere():
    flat = np.full(4, 0.5)
    assert math.isnan(welch_t(flat, flat, Settings()).p)
    assert math.isnan(hedges_g(flat, flat, 0.95).value)
    assert permutation_test(flat, flat, Settings()).p == 1
    assert permutation_test(flat, flat + 1, Settings()).p == pytest.approx(2 / 70)
    assert math.isnan(welch_anova([flat, flat + 1, flat]).p)
    many = np.full(300, 0.5)
    assert permutation_test(many, many, Settings()).p == 1


def test_one_patient_is_too_few():
    one, some = np.array([1.0]), np.array([1.0, 2.0, 4.0])
    for result in (welch_t(one, some, Settings()), permutation_test(some, one, Settings())):
        assert math.isnan(result.p)
        assert "fewer than 2" in result.notes[0]
    assert math.isnan(hedges_g(one, some, 0.95).value)
    assert math.isnan(welch_anova([one, some, some]).p)


numbers = st.lists(st.integers(-40, 40), min_size=2, max_size=7)


@given(numbers, numbers, st.integers(-50, 50))
def test_exchanging_the_groups_turns_everything_round(first, second, shift):
    a, b = np.asarray(first) / 8, np.asarray(second) / 8
    there = group_difference(a, b, ("a", "b"), Settings())
    back = group_difference(b + shift, a + shift, ("b", "a"), Settings())
    for one, other in zip(there.tests, back.tests, strict=True):
        assert_allclose(one.p, other.p, rtol=1e-9)
    assert_allclose(there.effect.value, -back.effect.value, rtol=1e-7, atol=1e-9)
    if there.primary.interval is not None:
        low, high = ends(there.primary.interval)
        assert_allclose(ends(back.primary.interval), (-high, -low), rtol=1e-7, atol=1e-9)
    up = permutation_test(a, b, Settings(alternative="less steep")).p
    down = permutation_test(b, a, Settings(alternative="steeper")).p
    assert_allclose(up, down, rtol=1e-12)


def trial_with(changes, **columns):
    """A trial of patients who lose 1 point a month before day 0, and a column of patients."""
    month = 30.4375
    visits = {}
    for name, change in changes.items():
        after = {3 * month * k: 40 + 3 * k * (change - 1) for k in (0, 1, 2)}
        visits[name] = {-6 * month: 46, -3 * month: 43, **after}
    trial = made(visits)
    patients = trial.patients
    for name, values in columns.items():
        patients[name] = list(values)
    return replace(trial, patients_frame=patients)


TWELVE = {f"P{i:02d}": i / 12 for i in range(12)}
ARMS = ["control"] * 5 + ["treated"] * 6 + [""]


def test_two_groups_end_to_end():
    trial = trial_with(TWELVE, group=ARMS)
    settings = Settings(day0="both")
    result = compared(trial, day0="both")
    groups = compare_groups(trial, result, grouping_of(trial, "group"), settings)
    assert groups is not None
    assert [(g.label, g.n_loaded, g.n) for g in groups.groups] == [
        ("control", 5, 5),
        ("treated", 6, 6),
    ]
    assert groups.without_group == ("P11",)
    assert groups.too_small == ()
    assert groups.control.label == "control"
    assert groups.overall is None
    change = np.arange(12) / 12
    assert groups.difference is not None
    assert groups.difference.reference == "control"
    assert_allclose(groups.difference.primary.estimate, change[5:11].mean() - change[:5].mean())
    assert_allclose(groups.group("treated").change.mean, change[5:11].mean())
    assert_allclose(groups.group("treated").before.mean, -1)
    assert_allclose(groups.group("treated").after.mean, change[5:11].mean() - 1)
    plain = groups.to_json()
    assert plain["without_group"] == ["P11"]
    assert plain["difference"]["tests"][1]["p"] == pytest.approx(2 / 462)


def test_the_control_is_the_reference_whatever_its_name_sorts_to():
    arms = [{"control": "usual care", "treated": "cells", "": ""}[arm] for arm in ARMS]
    trial = trial_with(TWELVE, group=arms)
    settings = Settings(alternative="less steep")
    result = compared(trial)
    groups = compare_groups(trial, result, grouping_of(trial, "group"), settings)
    assert groups is not None
    assert groups.difference is not None
    assert (groups.difference.reference, groups.difference.other) == ("usual care", "cells")
    assert groups.difference.primary.estimate > 0
    assert groups.difference.primary.p < 0.01


def test_without_a_control_a_direction_means_nothing():
    trial = trial_with(TWELVE, sex=["F", "M"] * 6)
    result = compared(trial)
    p = set()
    for alternative in DIRECTIONS:
        settings = Settings().with_(alternative=alternative)
        groups = compare_groups(trial, result, grouping_of(trial, "sex"), settings)
        assert groups is not None
        assert groups.difference is not None
        assert groups.control.label == ""
        p.add(groups.difference.primary.p)
    assert len(p) == 1


def test_more_than_two_groups_have_one_test_and_no_pairs():
    trial = trial_with(TWELVE, group=["low", "mid", "high"] * 4)
    groups = compare_groups(trial, compared(trial), grouping_of(trial, "group"), Settings())
    assert groups is not None
    assert groups.difference is None
    assert groups.overall is not None
    assert groups.overall.key == "welch_anova"
    assert [g.label for g in groups.groups] == ["high", "low", "mid"]


def test_small_groups_are_named_and_enter_no_test():
    trial = trial_with(TWELVE, onset_site=["limb"] * 6 + ["bulbar"] * 5 + ["axial"])
    groups = compare_groups(trial, compared(trial), grouping_of(trial, "onset_site"), Settings())
    assert groups is not None
    assert groups.too_small == ("axial",)
    assert groups.difference is not None
    assert (groups.difference.reference, groups.difference.other) == ("bulbar", "limb")
    assert groups.difference.primary.n == 11


def test_only_paired_patients_count():
    trial = trial_with(TWELVE, group=ARMS)
    settings = Settings()
    visits = trial.measurements
    kept = visits[~((visits["patient"] == "P00") & (visits["day"] > 0))]
    trial = replace(trial, measurements_frame=kept)
    groups = compare_groups(trial, compared(trial), grouping_of(trial, "group"), settings)
    assert groups is not None
    assert (groups.group("control").n_loaded, groups.group("control").n) == (5, 4)
    assert groups.without_group == ("P11",)
    trial = replace(
        trial, measurements_frame=kept[~((kept["patient"] == "P11") & (kept["day"] > 0))]
    )
    groups = compare_groups(trial, compared(trial), grouping_of(trial, "group"), settings)
    assert groups is not None
    assert groups.without_group == ()


def test_without_groups_there_is_nothing_to_compare():
    trial = trial_with(TWELVE)
    for by in ("none", "group"):
        grouping = grouping_of(trial, by)
        assert compare_groups(trial, compared(trial), grouping, Settings()) is None


def test_labels_that_differ_in_case_or_spaces_are_one_group():
    trial = trial_with(TWELVE, group=["Control", "control ", " CONTROL", "a  b"] * 3)
    grouping = grouping_of(trial, "group")
    assert grouping.labels == ("a b", "Control")
    assert grouping.code.tolist() == [1, 1, 1, 0] * 3


def test_compared_or_not_is_a_grouping_too():
    grouping = compared_grouping(np.array([True, False, True]))
    assert grouping.labels == ("compared", "not compared")
    assert grouping.code.tolist() == [0, 1, 0]


CONTROLS = [
    *("control", "Control group", "Controls", "ctrl", "placebo", "Placebo injection", "sham"),
    *("Sham transplantation", "untreated", "not treated", "Non-transplanted", "no cells"),
    *("control (no cells)", "no stem cell transplant", "riluzole alone", "usual care"),
    *("Standard of care", "lead-in only", "natural history", "Kontrollgruppe", "unbehandelt"),
    *("ohne Zellen", "Scheininjektion", "témoin", "groupe contrôle", "non traité"),
    *("sans cellules", "grupo control", "no tratados", "sin células", "gruppo di controllo"),
    *("non trattati", "controle", "sem tratamento", "kontrol grubu", "plasebo", "tedavisiz"),
    *("grupa kontrolna", "bez przeszczepu", "گروه کنترل", "شاهد", "دارونما", "بدون پیوند"),
]
OTHERS = [
    *("treated", "MSC", "MSC + placebo", "cells", "1", "0", "A", "B", "uncontrolled"),
    *("non-control", "single injection", "high dose", "NurOwn", "dose-controlled", "active"),
    *("cells and usual care", "transplant", "پیوند", "traité", "un traitement", "2 injections"),
    *("BM-MSC v control", "control cells", "notable", ""),
]


@pytest.mark.parametrize("label", CONTROLS)
def test_names_of_controls(label):
    assert is_control_label(label)


@pytest.mark.parametrize("label", OTHERS)
def test_names_of_other_groups(label):
    assert not is_control_label(label)


@pytest.mark.parametrize(
    ("arms", "by", "label", "why"),
    [
        (["control", "cells"] * 6, "group", "control", "6 of its patients have a reference date"),
        (["low", "high"] * 6, "group", "", "No group is called like a control"),
        (["placebo", "untreated"] * 6, "group", "", "Several groups"),
        (["control"] * 12, "group", "", "no two groups"),
        (["control", "cells"] * 6, "sex", "", "no two groups"),
        (["control", *["cells"] * 11], "group", "", "fewer than 2"),
    ],
)
def test_which_group_is_a_concurrent_control(arms, by, label, why):
    trial = trial_with(TWELVE, group=arms)
    found = is_concurrent_control(trial, grouping_of(trial, by))
    assert found.label == label
    assert why in found.why


def test_a_control_without_a_day_0_is_not_concurrent():
    arms = ["control"] * 6 + ["cells"] * 6
    trial = made(
        {name: {-90: 40, 0: 39, 90: 38} for name in TWELVE},
        transplants=dict.fromkeys(list(TWELVE)[:6], ()),
    )
    trial = replace(trial, patients_frame=trial.patients.assign(group=arms))
    found = is_concurrent_control(trial, grouping_of(trial, "group"))
    assert found.label == ""
    assert "fewer than 2 of its patients have a day 0" in found.why


def test_the_limit_of_the_exact_count():
    assert math.comb(20, 10) <= EXACT_WAYS < math.comb(21, 10)


def test_tests_between_groups_are_primary_where_a_control_leads_and_nowhere_else():
    trial = load_example("after-oh-2018").trial
    led = compare(trial, Settings(group_by="group"))
    assert led.endpoints[0].groups.difference.primary.role == "primary"
    by_sex = compare(trial, Settings(group_by="sex"))
    for result in by_sex.endpoints:
        assert {test.role for test in result.groups.difference.tests} == {"exploratory"}

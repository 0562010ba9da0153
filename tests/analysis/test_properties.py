"""What must hold for any trial and any settings; oracles are symmetry and brute force."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.effect_sizes import effect_menu, noncentrality_interval
from analysis.setting_fields import FIELDS
from analysis.settings import MODEL_COVARIATES, PatientExclusion, PointDecision, Settings
from analysis.signed_rank import _kth_walsh, hodges_lehmann, sign_flip, signed_rank
from data.endpoints import ENDPOINTS
from tests.conftest import (
    DAY0_RULES,
    Visits,
    compared,
    floats,
    frame_from,
    made,
    r_numbers,
    reasons,
    trial_from,
)

RELATIVE = 1e-8
MANY = 5 * search().max_examples

# -- strategies ------------------------------------------------------------------------------------

courses = st.dictionaries(st.integers(-360, 360), st.integers(0, 48), max_size=8)
full_courses = st.lists(st.integers(0, 48), min_size=6, max_size=6).map(
    lambda scores: dict(zip((-180, -95, 0, 15, 100, 190), scores, strict=True))
)
trials = st.lists(st.one_of(courses, full_courses), min_size=1, max_size=7).map(
    lambda drawn: {f"P{i:02}": course for i, course in enumerate(drawn)}
)
rules = st.sampled_from(DAY0_RULES)
tidy: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    day0=rules,
    min_visits=st.integers(2, 4),
    min_span_days=st.integers(0, 120),
    pre_months=st.one_of(st.none(), st.floats(1, 12)),
    post_months=st.one_of(st.none(), st.floats(1, 12)),
    skip_days=st.integers(0, 60),
)
changes = st.lists(
    st.one_of(st.integers(-3, 3), st.sampled_from([-0.5, 0.25, 0.75, 1.1])).map(float), max_size=10
).map(np.array)


def numbers_of(result: EndpointComparison) -> list[float]:
    """Return what a comparison says of the cohort, without names and units."""
    found = [result.n, result.correlation]
    for summary in (result.before_summary, result.after_summary, result.change_summary):
        found += [summary.mean, summary.sd, summary.median]
    items: tuple[Any, ...] = (*result.tests, *result.effects)
    for item in items:
        ends = (item.interval.low, item.interval.high) if item.interval else (math.nan, math.nan)
        found += [getattr(item, "p", math.nan), getattr(item, "estimate", math.nan), *ends]
    return [float(number) for number in found]


def p_values(result: EndpointComparison) -> list[float]:
    return [test.p for test in result.tests]


def close(ours: Any, theirs: Any, nothing: float = 1e-8) -> None:
    assert_allclose(ours, theirs, rtol=RELATIVE, atol=nothing)


# -- symmetries ------------------------------------------------------------------------------------


@given(trials, tidy, st.randoms(use_true_random=False))
def test_row_order_changes_nothing(visits: Visits, choices, random):
    frame = frame_from(visits)
    order = list(range(len(frame)))
    random.shuffle(order)
    names = list(visits)
    given_order = compared_or_none(trial_from(frame, patients=names), choices)
    shuffled = compared_or_none(trial_from(frame.iloc[order], patients=names), choices)
    if given_order is None or shuffled is None:
        assert given_order is shuffled
        return
    assert numbers_of(given_order) == pytest.approx(numbers_of(shuffled), nan_ok=True, abs=1e-12)
    assert given_order.flow == shuffled.flow


def compared_or_none(trial, choices) -> EndpointComparison | None:
    result = compare(trial, Settings(**choices))
    return result.endpoints[0] if result.endpoints else None


@given(st.lists(full_courses, min_size=2, max_size=6), rules)
def test_names_and_order_of_patients_change_nothing(drawn, rule):
    visits = {f"P{i}": course for i, course in enumerate(drawn)}
    renamed = {f"Q{100 - i}": course for i, course in reversed(list(enumerate(drawn)))}
    close(
        numbers_of(compared(made(visits), day0=rule)),
        numbers_of(compared(made(renamed), day0=rule)),
    )


@given(trials, tidy, st.integers(-2000, 2000))
def test_shifting_days_together_with_day_0_changes_nothing(visits, choices, by):
    frame = frame_from(visits)
    moved = frame.assign(day=frame["day"] + by)
    names = list(visits)
    result = compared_or_none(trial_from(frame, patients=names), choices)
    other = compared_or_none(
        trial_from(moved, patients=names, transplants={name: (float(by),) for name in names}),
        choices,
    )
    by_setting = compared_or_none(trial_from(moved, patients=names), {**choices, "shift_days": by})
    if result is None or other is None or by_setting is None:
        assert result is other is by_setting
        return
    for shifted in (other, by_setting):
        close(shifted.change, result.change)
        close(p_values(shifted), p_values(result), 1e-6)
        assert shifted.flow == result.flow


@given(st.lists(full_courses, min_size=2, max_size=6), rules, st.floats(0.5, 50))
def test_the_unit_of_values_scales_slopes_and_leaves_p(drawn, rule, factor):
    visits = {f"P{i}": course for i, course in enumerate(drawn)}
    scaled = {p: {d: v * factor for d, v in c.items()} for p, c in visits.items()}
    one, other = compared(made(visits), day0=rule), compared(made(scaled), day0=rule)
    close(other.before, one.before * factor)
    close(other.change, one.change * factor)
    close(other.change_se, one.change_se * factor)
    close(p_values(other), p_values(one), 1e-6)
    close([e.value for e in other.effects], [e.value for e in one.effects], 1e-6)


@given(st.lists(full_courses, min_size=2, max_size=6), rules)
def test_per_year_is_twelve_times_per_month_with_the_same_p(drawn, rule):
    trial = made({f"P{i}": course for i, course in enumerate(drawn)})
    month, year = compared(trial, day0=rule), compared(trial, day0=rule, rate_unit="year")
    close(year.change, 12 * month.change)
    close(year.change_se, 12 * month.change_se)
    close(year.change_summary.mean, 12 * month.change_summary.mean)
    close(p_values(year), p_values(month), 1e-6)
    assert (month.unit, year.unit) == ("points/month", "points/year")


@given(st.lists(full_courses, min_size=2, max_size=6), rules)
def test_reversing_the_scale_mirrors_one_sided_p(drawn, rule):
    visits = {f"P{i}": course for i, course in enumerate(drawn)}
    mirrored = {p: {d: 48 - v for d, v in c.items()} for p, c in visits.items()}
    up = compared(made(visits), day0=rule, alternative="less steep")
    down = compared(made(mirrored), day0=rule, alternative="steeper")
    close(p_values(up), p_values(down), 1e-6)
    close(up.change, -down.change)


@given(st.lists(full_courses, min_size=1, max_size=5), courses)
def test_a_patient_without_day_0_changes_only_the_flow(drawn, stranger):
    visits = {f"P{i}": course for i, course in enumerate(drawn)}
    alone = compared(made(visits))
    joined = compared(
        made({**visits, "X": stranger}, patients=[*visits, "X"], transplants={"X": ()})
    )
    close(numbers_of(joined), numbers_of(alone))
    assert joined.flow[0].n == alone.flow[0].n + 1
    assert reasons(joined) == {**reasons(alone), "X": "no transplant date"}


@given(trials, tidy, st.sets(st.sampled_from(["P00", "P01", "P02", "nobody"])), st.integers(-1, 2))
def test_every_patient_is_tested_or_named_once_with_a_reason(visits, choices, left_out, transplant):
    trial = made(visits, patients=visits, transplants={"P01": (), "P02": (0.0, 120.0)} | {})
    excluded = tuple(PatientExclusion(name, "other") for name in left_out)
    settings = {**choices, "excluded_patients": excluded, "transplant": transplant}
    result = compared_or_none(trial, settings)
    if result is None:
        return
    named = [patient for step in result.flow for patient, _ in step.left]
    tested = [p for p, paired in zip(trial.patient_ids, result.paired, strict=True) if paired]
    assert sorted(named + tested) == sorted(trial.patient_ids)
    assert all(reason for step in result.flow for _, reason in step.left)
    assert result.n == len(tested) == result.flow[-1].n
    for earlier, later in itertools.pairwise(result.flow):
        assert later.n == earlier.n - len(later.left)


@given(trials, st.integers(0, 4))
def test_too_little_to_estimate_is_said_not_raised(visits, n):
    few = dict(list(visits.items())[:n])
    comparison = compare(made(few), Settings())
    assert isinstance(comparison, Comparison)
    for result in comparison.endpoints:
        items: tuple[Any, ...] = (*result.tests, *result.effects)
        for item in items:
            value = item.p if hasattr(item, "p") else item.value
            assert math.isfinite(value) or item.notes
            json.dumps(item.to_json(), allow_nan=False)


# -- brute force -----------------------------------------------------------------------------------


def flipped(values: np.ndarray) -> np.ndarray:
    """Return ``values`` under all patterns of signs, one a row."""
    return np.array(list(itertools.product((-1.0, 1.0), repeat=len(values)))) * values


@given(st.lists(st.floats(-5, 5).map(lambda v: round(v, 3)), max_size=12).map(np.array))
def test_exact_sign_flip_equals_enumeration(values):
    sums, observed = flipped(np.abs(values)).sum(axis=1), values.sum()
    slack = 1e-9
    tails = sign_flip(values, flips=1000, seed=1)
    assert tails.exact
    close(tails.greater, np.mean(sums >= observed - slack))
    close(tails.less, np.mean(sums <= observed + slack))
    close(tails.two_sided, np.mean(np.abs(sums) >= abs(observed) - slack))


@given(changes, st.sampled_from(["wilcox", "pratt"]))
def test_signed_rank_with_ties_and_zeros_equals_enumeration(values, zeros):
    ranked = values[values != 0] if zeros == "wilcox" else values
    ranks = stats.rankdata(np.abs(ranked))[ranked != 0]
    signs = np.sign(ranked[ranked != 0])
    observed = ranks[signs > 0].sum()
    sums = (np.maximum(flipped(np.ones(len(ranks))), 0) * ranks).sum(axis=1)
    greater, less = np.mean(sums >= observed - 1e-9), np.mean(sums <= observed + 1e-9)
    tails = signed_rank(values, zeros).tails
    close([tails.greater, tails.less], [greater, less])
    close(tails.two_sided, min(1.0, 2 * min(greater, less)))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12).map(sorted).map(np.array), st.data())
def test_bisection_finds_the_walsh_average_that_sorting_finds(values, data):
    walsh = sorted((a + b) / 2 for i, a in enumerate(values) for b in values[i:])
    k = data.draw(st.integers(1, len(walsh)))
    close(_kth_walsh(values, k), walsh[k - 1], 1e-9)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=9).map(np.array))
def test_hodges_lehmann_is_the_median_walsh_average_inside_its_interval(values):
    values = np.round(values, 6)
    walsh = [(values[i] + values[j]) / 2 for i in range(len(values)) for j in range(i + 1)]
    estimate, low, high, attained = hodges_lehmann(values, 0.95)
    close(estimate, np.median(walsh))
    assert low <= estimate <= high
    assert attained <= 1


@pytest.mark.parametrize("name", ["trial_n20_fvc", "trial_n15_ties", "trial_n25"])
def test_random_flips_are_close_to_the_exact_p_of_r(name, monkeypatch):
    monkeypatch.setattr("analysis.signed_rank.EXACT_FLIPS", 5)
    numbers = r_numbers(name)["rules"]["before"]
    values = floats(numbers["d"])
    draws = 40_000
    tails = sign_flip(values[np.isfinite(values)], flips=draws, seed=3)
    assert not tails.exact
    for ours, key in (
        (tails.two_sided, "p_two"),
        (tails.greater, "p_greater"),
        (tails.less, "p_less"),
    ):
        p = numbers["sign_flip"][key]
        assert abs(ours - p) < 5 * math.sqrt(p * (1 - p) / draws) + 1 / draws


def test_random_flips_are_reproducible_by_seed():
    values = np.random.default_rng(0).normal(0.2, 1, 60)
    first, again = (sign_flip(values, flips=5000, seed=7) for _ in range(2))
    assert first == again
    assert first != sign_flip(values, flips=5000, seed=8)
    assert first.draws == 5000


def test_large_trials_use_the_normal_approximation_of_the_flips():
    values = np.random.default_rng(0).normal(0.02, 1, 2001)
    tails = sign_flip(values, flips=1000, seed=7)
    z = values.sum() / math.sqrt((values**2).sum())
    close(tails.greater, stats.norm.sf(z))
    assert not tails.exact


@given(st.integers(2, 40), st.floats(-8, 8))
def test_noncentrality_interval_solves_its_two_equations(n, t):
    low, high = noncentrality_interval(t, n - 1, 0.95)
    close(stats.nct.cdf(t, n - 1, low), 0.975, 1e-7)
    close(stats.nct.cdf(t, n - 1, high), 0.025, 1e-7)


# -- the ends of what can be estimated -------------------------------------------------------------

STEADY = {-120: 40, -60: 38, 0: 36, 60: 34, 120: 32}
BENT = {-120: 40, -60: 38, 0: 36, 60: 35, 120: 34}


def test_no_patient_at_all_compares_to_nothing():
    result = compare(made({}), Settings())
    assert result.endpoints == ()
    assert [e.key for e in result.absent] == ["alsfrs_r", "fvc"]
    assert result.n_analysed == 0


@pytest.mark.parametrize(
    ("visits", "n", "why"),
    [
        ({"A": {-90: 40}}, 0, "fewer than 2 patients"),
        ({"A": STEADY}, 1, "fewer than 2 patients"),
        ({"A": STEADY, "B": STEADY}, 2, "all changes are equal"),
        ({f"P{i}": BENT for i in range(7)}, 7, "all changes are equal"),
        (
            {f"P{i}": {d: v - i for d, v in BENT.items()} for i in range(7)},
            7,
            "all changes are equal",
        ),
    ],
    ids=["nobody", "one", "two alike", "seven alike", "seven parallel"],
)
def test_the_t_test_says_why_it_has_no_p(visits, n, why):
    result = compared(made(visits), endpoints=("alsfrs_r",))
    assert result.n == n
    assert math.isnan(result.primary.p)
    assert why in " ".join(result.primary.notes)
    standardised = [e for e in result.effects if e.key != "rank_biserial"]
    assert all(math.isnan(effect.value) and effect.notes for effect in standardised)


@pytest.mark.parametrize("shift", [0.1, 1 / 3, 7.7])
def test_changes_that_are_equal_but_for_rounding_have_no_effect_size(shift):
    # Parallel courses: all changes are the same number, up to the last bits.
    visits = {f"P{i}": {d: v * 1.1 + i * shift for d, v in BENT.items()} for i in range(6)}
    result = compared(made(visits))
    assert "all changes are equal" in " ".join(result.primary.notes)
    standardised = [e for e in result.effects if e.key != "rank_biserial"]
    assert [math.isnan(effect.value) for effect in standardised] == [True] * 4


def test_nearly_equal_changes_do_not_crash():
    visits: Visits = {"A": BENT, "B": {**BENT, 120: 34 + 1e-7}, "C": BENT}
    result = compared(made(visits))
    assert result.n == 3
    assert math.isfinite(result.primary.p)


@pytest.mark.parametrize(
    "changes",
    [[1.0, 1.27], [2.0, 2.001], [1.0, 1.0, 1.00001], [-5.0, -5.1, -5.2], [1.0] * 9 + [1.01]],
    ids=str,
)
def test_a_large_effect_has_an_interval_or_says_why_not(changes):
    after = np.array(changes)
    for effect in effect_menu(
        np.linspace(0, 1, len(after)), after + np.linspace(0, 1, len(after)), 0.95
    )[:4]:
        assert math.isfinite(effect.value) or "not estimable with 2 patients" in effect.notes[0]
        if effect.interval is None:
            assert effect.notes
        else:
            assert -math.inf < effect.interval.low < effect.interval.high < math.inf


def test_two_patients_give_a_t_test_and_no_correlation():
    result = compared(made({"A": STEADY, "B": {**BENT, -60: 39}}))
    assert result.n == 2
    assert math.isfinite(result.primary.p)
    assert math.isnan(result.correlation)


# -- settings --------------------------------------------------------------------------------------

names = st.text(min_size=1, max_size=20)


def allowed(name: str) -> st.SearchStrategy[Any]:
    spec = FIELDS[name]
    if spec.choices is not None:
        return st.sampled_from(list(spec.choices))
    number: st.SearchStrategy[Any] = (
        st.integers(int(spec.low), int(spec.high)) if spec.whole else st.floats(spec.low, spec.high)
    )
    return st.one_of(st.none(), number) if spec.optional else number


decisions = st.builds(
    PointDecision,
    names,
    st.sampled_from(list(ENDPOINTS)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0, 200),
    st.booleans(),
    names,
    names,
)
any_settings = st.builds(
    Settings,
    **{name: allowed(name) for name in FIELDS},
    endpoints=st.lists(st.sampled_from(list(ENDPOINTS)), min_size=1, unique=True).map(tuple),
    excluded_patients=st.lists(st.builds(PatientExclusion, names, names, names), max_size=3).map(
        tuple
    ),
    points=st.lists(decisions, max_size=3, unique_by=lambda p: (p.patient, p.endpoint, p.day)).map(
        tuple
    ),
    model_covariates=st.lists(st.sampled_from(MODEL_COVARIATES), unique=True).map(tuple),
)


@given(any_settings)
def test_settings_survive_json(choices):
    again, problems = Settings.from_json(json.loads(json.dumps(choices.to_json())))
    assert again == choices
    assert problems == ()
    assert again.key == choices.key


@search(max_examples=MANY)
@given(any_settings)
def test_settings_survive_a_link_except_what_names_patients(choices):
    again, problems = Settings.from_query(choices.to_query())
    assert again == replace(choices, excluded_patients=(), points=())
    assert problems == ()


@given(any_settings, any_settings)
def test_a_link_tells_what_differs_from_the_opening_settings_too(choices, opening):
    query = choices.to_query(opening)
    again, problems = Settings.from_query(query)
    assert again == replace(choices, excluded_patients=(), points=())
    assert problems == ()
    assert query or again == replace(opening, excluded_patients=(), points=())


def test_an_empty_list_of_a_link_is_an_empty_list():
    names = ("only", "entry", "history-values", "covariates")
    assert Settings.from_query(dict.fromkeys(names, "")) == (Settings(), ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 123_456_789),
        ("flips", 123_457),
        ("confidence", 0.9512345),
        ("pre_months", 10.123456),
    ],
)
def test_a_link_keeps_every_digit(name, value):
    again, _ = Settings.from_query(Settings(**{name: value}).to_query())
    assert getattr(again, name) == value


def test_covariates_have_one_order_in_words_links_and_json():
    choices = Settings(model_covariates=("onset_site", "age"))
    assert choices == Settings(model_covariates=("age", "onset_site"))
    assert choices.to_query() == {"covariates": "age~onset_site"}
    assert choices.to_json()["model_covariates"] == ["age", "onset_site"]
    said = {"model_covariates": "models of all visits adjusted for age, onset site"}
    assert choices.differences() == said
    assert Settings().differences(choices) == {
        "model_covariates": "models of all visits adjusted for nothing"
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**305, 10**400)
    | st.floats()
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
field_names = st.sampled_from([field.name for field in fields(Settings)])


@search(max_examples=MANY)
@given(st.dictionaries(field_names | st.text(max_size=8), json_values, max_size=4))
def test_hostile_json_is_ignored_by_name(plain):
    choices, problems = Settings.from_json(plain)
    for name, value in plain.items():
        used = choices.to_json().get(name, object())
        assert used == value or list_of(used) == list_of(value) or named(name, problems)


def list_of(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple | dict) else value


def named(name: str, problems: tuple[str, ...]) -> bool:
    return any(f"“{name[:40]}”" in problem for problem in problems)


@pytest.mark.parametrize("name", ["seed", "pre_months", "flips", "points"])
def test_an_enormous_number_in_json_is_ignored(name):
    huge = 10**400
    point = {
        "patient": "A",
        "endpoint": "fvc",
        "day": huge,
        "value": 1,
        "keep": True,
        "reason": "other",
    }
    choices, problems = Settings.from_json({name: [point] if name == "points" else huge})
    assert choices == Settings()
    assert named(name, problems)


def test_a_wrong_endpoint_list_does_not_bring_back_excluded_patients():
    plain = Settings(excluded_patients=(PatientExclusion("P1", "other"),)).to_json()
    choices, problems = Settings.from_json({**plain, "endpoints": ["nonsense"]})
    assert [e.patient for e in choices.excluded_patients] == ["P1"]
    assert named("endpoints", problems)


url_names = st.sampled_from([*(spec.url for spec in FIELDS.values()), "endpoints", "covariates"])


@search(max_examples=MANY)
@given(st.dictionaries(url_names | st.text(max_size=8), st.text(max_size=50), max_size=4))
def test_hostile_links_are_ignored_by_name(query):
    choices, problems = Settings.from_query(query)
    by_url = {spec.url: name for name, spec in FIELDS.items()}
    for url, text in query.items():
        if named(url, problems):
            continue
        if url == "endpoints":
            assert list(choices.endpoints) == text.split("~")
            continue
        if url == "covariates":
            assert set(choices.model_covariates) == set(text.split("~") if text else [])
            continue
        value = getattr(choices, by_url[url])
        words = {None: "all", True: "yes", False: "no"}
        if (value in words and not isinstance(value, int | float)) or isinstance(value, bool):
            assert text == words[value]
        elif isinstance(value, str):
            assert text.replace("-", " ") == value.replace("-", " ")
        else:
            assert float(text[:40]) == value


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"nonsense": "1"}, "“nonsense”"),
        ({"visits": "1"}, "“visits”"),
        ({"visits": "2.5"}, "“visits”"),
        ({"before": "nan"}, "“before”"),
        ({"before": "1e999"}, "“before”"),
        ({"day0": "sometimes"}, "“day0”"),
        ({"stop": "True"}, "“stop”"),
        ({"endpoints": "alsfrs_r~alsfrs_r"}, "“endpoints”"),
        ({"endpoints": ""}, "“endpoints”"),
        ({"covariates": "age~height"}, "“covariates”"),
        ({"covariates": "age~age"}, "“covariates”"),
        ({"slopes": "magic"}, "“slopes”"),
        ({"runin": "birth"}, "“runin”"),
        ({"resamples": "999"}, "“resamples”"),
        ({"matters": "101"}, "“matters”"),
        ({"variances": "maybe"}, "“variances”"),
        ({"groups": "eye-colour"}, "“groups”"),
        ({"points": "x"}, "“points”"),
        ({"tests": "<script>"}, "“tests”"),
    ],
)
def test_a_bad_link_gives_the_defaults_and_says_so(query, problem):
    choices, problems = Settings.from_query(query)
    assert choices == Settings()
    assert problem in " ".join(problems)


def test_constant_values_have_a_slope_of_zero():
    result = compared(made({p: dict.fromkeys(STEADY, 30) for p in "ABC"}))
    assert_allclose(result.change[result.paired], 0)
    assert result.n == 3
    assert pd.isna(result.primary.p)

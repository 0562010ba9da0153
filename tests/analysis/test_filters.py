"""Filters and the end of vital capacity: every boundary by hand, and what they must not change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.baseline_variables import baseline_variables
from analysis.change_from_day0 import change_from_day0
from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.filters import (
    MOST_OPTIONS,
    filter_choices,
    filtered_out,
    passing,
    run_in_speed,
    without_match,
)
from analysis.setting_lists import FILTERS, MAX_FILTER_TEXT, MAX_FILTERS, NOT_KNOWN
from analysis.settings import PatientExclusion, PointDecision, Settings, SettingsProblem
from analysis.slope_points import place_points
from analysis.staging import stage_visits
from data.examples import load_example
from data.trial import DAYS_PER_MONTH, ITEM_COLUMNS, Trial
from tests.conftest import compared, frame_from, made, reasons, trial_from

COURSE = {-120: 40, -60: 38, 0: 36, 60: 35, 120: 34}
NORMAL = [4.0] * 12


def known(trial: Trial, **columns: list[Any]) -> Trial:
    """Return the trial with some columns of its patients filled in."""
    return replace(trial, patients_frame=trial.patients.assign(**columns))


def with_events(trial: Trial, *rows: tuple[str, str, float]) -> Trial:
    events = pd.DataFrame(
        [(patient, kind, day, kind) for patient, kind, day in rows],
        columns=["patient", "kind", "day", "text"],
    )
    return replace(trial, events_frame=events)


def with_items(
    trial: Trial,
    visits: Sequence[tuple[str, float, Mapping[int, float]]],
    *,
    tubes: tuple[int, ...] = (),
) -> Trial:
    """Give visits their items, all normal but those named by number; ``tubes`` are rows with 5b."""
    rows = []
    for patient, day, lost in visits:
        scores = [lost.get(number, 4.0) for number in range(1, 13)]
        rows.append((patient, float(day), *scores))
    frame = pd.DataFrame(rows, columns=["patient", "day", *ITEM_COLUMNS])
    frame["gastrostomy"] = [at in tubes for at in range(len(frame))]
    frame["row"] = np.arange(2, len(frame) + 2)
    return replace(trial, items_frame=frame)


def who(trial: Trial, *filters: str, **settings: Any) -> list[str]:
    """Return the names of those who pass."""
    mask = passing(trial, Settings(filters=filters, **settings))
    return [name for name, passes in zip(trial.patient_ids, mask, strict=True) if passes]


def counts(trial: Trial, field: str, **settings: Any) -> dict[str, int]:
    for one in filter_choices(trial, Settings(**settings)):
        if one.key == field:
            return {option.value: option.n for option in one.options}
    return {}


def people(n: int = 4) -> Trial:
    return made(dict.fromkeys("ABCDEFGHIJ"[:n], COURSE))


# Texts of the file


def test_values_of_one_field_are_alternatives_and_fields_must_all_be_passed():
    trial = known(
        people(), sex=["F", "M", "F", ""], onset_site=["bulbar", "bulbar", "limb", "limb"]
    )
    assert who(trial) == ["A", "B", "C", "D"]
    assert who(trial, "sex:F") == ["A", "C"]
    assert who(trial, "sex:F", "sex:M") == ["A", "B", "C"]
    assert who(trial, "sex:F", "onset_site:limb") == ["C"]
    assert who(trial, "sex:F", "sex:M", "onset_site:limb") == ["C"]
    assert who(trial, "sex:M", "onset_site:limb") == []


def test_missing_is_a_value_of_its_own():
    trial = known(people(), sex=["F", "", None, "  "])
    assert who(trial, "sex:not known") == ["B", "C", "D"]
    assert who(trial, "sex:F") == ["A"]
    assert counts(trial, "sex") == {"F": 1, NOT_KNOWN: 3} or counts(trial, "sex") == {}


def test_case_and_spaces_of_a_label_do_not_count():
    trial = known(people(), group=["High dose", "high  dose", "HIGH DOSE ", "low"])
    assert counts(trial, "group") == {"High dose": 3, "low": 1}
    assert who(trial, "group:hIGH   dose") == ["A", "B", "C"]


def test_a_label_with_a_colon_a_tilde_or_a_percent_survives_the_link():
    label = "arm: 50% ~ b%7E"
    trial = known(people(), group=[label, label, "c", "c"])
    settings = Settings(filters=(f"group:{label}",))
    again, problems = Settings.from_query(settings.to_query())
    assert (again, problems) == (settings, ())
    assert who(trial, *again.filters) == ["A", "B"]


def test_long_labels_are_matched_by_their_beginning():
    start = "x" * (MAX_FILTER_TEXT - 1)
    trial = known(people(), group=[start + " one", start + " two", "c", "c"])
    offered = counts(trial, "group")
    assert offered == {"c": 2, start: 2}
    assert who(trial, f"group:{start}") == ["A", "B"]


def test_columns_that_may_name_persons_are_not_offered():
    assert counts(known(people(), group=["Ann", "Bob", "Cid", "Dee"]), "group") == {}
    many = made({f"P{i}": COURSE for i in range(2 * MOST_OPTIONS + 2)})
    labels = [f"site {i // 2}" for i in range(2 * MOST_OPTIONS + 2)]
    assert counts(known(many, group=labels), "group") == {}
    assert (
        len(counts(known(many, group=[*labels[:-2], "site 0", "site 1"]), "group")) == MOST_OPTIONS
    )


def test_counts_do_not_depend_on_the_filters():
    trial = known(people(), sex=["F", "M", "F", "M"], group=["a", "a", "b", "b"])
    free = counts(trial, "group")
    assert free == {"a": 2, "b": 2}
    assert counts(trial, "group", filters=("sex:F", "group:a")) == free


def test_a_value_that_nobody_has_stays_offered_so_that_it_can_be_taken_away():
    trial = known(people(), sex=["F", "M", "F", "M"])
    assert counts(trial, "sex", filters=("sex:X",)) == {"F": 2, "M": 2, "X": 0}
    assert without_match(trial, Settings(filters=("sex:X", "sex:f", "kings:4"))) == (
        "sex X",
        "King’s stage 4",
    )


# Run-in speed


def lost(points: float, days: float) -> dict[float, float]:
    return {-days: 40.0, 0.0: 40.0 - points, 90.0: 30.0, 180.0: 29.0}


@pytest.mark.parametrize(
    ("points", "days", "band"),
    [
        (0, 243.5, "slow"),
        (-2, 243.5, "slow"),
        (8, 487, "intermediate"),  # 8 points in 16 months of 30.4375 days: exactly 0.5
        (8, 487.01, "slow"),
        (8, 486.99, "intermediate"),
        (8, 243.5, "fast"),  # 8 points in 8 months: exactly 1
        (8, 243.51, "intermediate"),
        (20, 243.5, "fast"),
    ],
)
def test_bands_of_the_run_in_speed(points, days, band):
    trial = made({"A": lost(points, days)})
    assert run_in_speed(trial, Settings())[0] == pytest.approx(points / (days / DAYS_PER_MONTH))
    for name in ("slow", "intermediate", "fast", NOT_KNOWN):
        assert who(trial, f"run_in:{name}") == (["A"] if name == band else []), name


def test_run_in_speed_is_the_slope_of_numpy_over_all_visits_up_to_day_0():
    chance = np.random.default_rng(7)
    days = {
        name: np.sort(chance.choice(np.arange(-400, 300), 9, replace=False)) for name in "ABCDE"
    }
    visits = {
        name: {int(day): float(chance.integers(5, 48)) for day in own} for name, own in days.items()
    }
    speed = run_in_speed(made(visits), Settings(pre_months=1, day0="after", min_visits=5))
    for i, own in enumerate(visits.values()):
        before = {day: value for day, value in own.items() if day <= 0}
        if len(before) > 1:
            slope = np.polyfit(np.asarray(list(before)) / DAYS_PER_MONTH, list(before.values()), 1)
            assert speed[i] == pytest.approx(-slope[0], abs=1e-9)
        else:
            assert np.isnan(speed[i])


def test_speed_is_not_known_with_one_visit_one_day_or_no_day_0():
    trial = made(
        {
            "one": {-30: 40, 30: 39, 60: 38},
            "after": {30: 39, 60: 38},
            "undated": {-60: 40, 0: 38},
            "two": {-60: 40, 0: 38},
        },
        transplants={"undated": ()},
    )
    assert who(trial, "run_in:not known") == ["one", "after", "undated"]


def test_quarantined_values_enter_no_speed_unless_they_are_kept_and_left_out_ones_neither():
    frame = frame_from({"A": {-243.5: 40, 0: 32, 30: 30, 90: 29}})
    frame["status"] = ["OUT_OF_LINE", "ok", "ok", "ok"]
    trial = trial_from(frame)
    assert who(trial, "run_in:not known") == ["A"]
    kept = PointDecision("A", "alsfrs_r", -243.5, 40.0, True, "other")
    assert who(trial, "run_in:fast", points=(kept,)) == ["A"]
    clean = made({"A": {-243.5: 40, 0: 32, 30: 30}})
    out = PointDecision("A", "alsfrs_r", -243.5, 40.0, False, "other")
    assert who(clean, "run_in:not known", points=(out,)) == ["A"]


def test_speed_follows_the_transplant_that_is_day_0():
    course = {-243.5: 40, 0: 38, 121.75: 30, 243.5: 22, 400: 21}
    trial = made({"A": course}, transplants={"A": (0.0, 243.5)})
    assert who(trial, "run_in:slow") == ["A"]
    assert who(trial, "run_in:fast", transplant=1) == ["A"]


# King's stage


def stages(lost_items: Mapping[int, float], *, tube: bool = False) -> str:
    trial = with_items(people(1), [("A", -10, lost_items)], tubes=(0,) if tube else ())
    found = [value for value in (FILTERS["kings"].words or {}) if who(trial, f"kings:{value}")]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("lost_items", "tube", "stage"),
    [
        ({}, False, "0/1"),
        ({6: 0, 7: 0, 9: 0, 11: 0}, False, "0/1"),
        ({2: 3}, False, "1"),
        ({1: 3, 4: 3}, False, "2"),
        ({1: 3, 5: 3, 8: 3}, False, "3"),
        ({}, True, "4"),
        ({10: 0}, False, "4"),
        ({10: 1}, False, "0/1"),
        ({12: 3}, False, "4"),
        ({1: float("nan")}, False, NOT_KNOWN),
    ],
)
def test_kings_stage_at_day_0(lost_items, tube, stage):
    assert stages(lost_items, tube=tube) == stage


def test_the_last_staged_visit_up_to_and_on_day_0_counts_for_92_days():
    trial = with_items(
        made(dict.fromkeys(("on", "before", "old", "edge", "after", "gap", "none"), COURSE)),
        [
            ("on", -30, {1: 3}),
            ("on", 0, {1: 3, 4: 3}),
            ("on", 1, {10: 0}),
            ("before", -60, {1: 3, 4: 3}),
            ("before", -30, {1: 3}),
            ("old", -93, {1: 3}),
            ("edge", -92, {1: 3}),
            ("after", 1, {1: 3}),
            ("gap", -60, {1: 3}),
            ("gap", -30, {1: 3, 8: float("nan")}),
        ],
    )
    assert who(trial, "kings:2") == ["on"]
    assert who(trial, "kings:1") == ["before", "edge", "gap"]
    assert who(trial, "kings:not known") == ["old", "after", "none"]


def test_visits_of_one_day_that_contradict_each_other_say_nothing():
    trial = with_items(
        people(3),
        [
            ("A", -60, {1: 3}),
            ("A", -5, {1: 3}),
            ("A", -5, {1: 3}),
            ("A", -5, {1: 3, 4: 3}),
            ("B", -5, {1: 3, 4: 3}),
            ("B", -5, {2: 3, 8: 3}),
            ("C", -5, {1: 3}),
            ("C", -5, {1: 3, 8: 3}),
        ],
    )
    assert who(trial, "kings:1") == ["A"]
    assert who(trial, "kings:2") == ["B"]
    assert who(trial, "kings:not known") == ["C"]


def test_a_recorded_gastrostomy_makes_stage_4_from_its_day_on():
    trial = with_items(people(3), [(name, -10, {1: 3}) for name in "ABC"])
    trial = with_events(
        trial, ("A", "gastrostomy", -10), ("B", "gastrostomy", -9), ("C", "niv", -20)
    )
    assert who(trial, "kings:4") == ["A"]
    assert who(trial, "kings:1") == ["B", "C"]


def test_the_stage_is_that_of_the_table_of_day_0():
    chance = np.random.default_rng(3)
    names = [f"P{i}" for i in range(60)]
    visits = [
        (name, float(day), dict(zip(range(1, 13), chance.integers(2, 5, 12), strict=True)))
        for name in names
        for day in (-150, -80, -10, 5)
        if chance.random() < 0.6
    ]
    trial = with_items(made(dict.fromkeys(names, COURSE)), visits)
    (row,) = (v for v in baseline_variables(trial, Settings()) if v.key == "kings")
    assert row.categories is not None
    said = [row.categories[int(code)] if code >= 0 else NOT_KNOWN for code in row.values]
    wanted = ["4" if label.startswith("4") else label for label in said]
    for stage in FILTERS["kings"].words or {}:
        assert who(trial, f"kings:{stage}") == [
            name for name, own in zip(names, wanted, strict=True) if own == stage
        ]
    assert len(set(wanted)) >= 4
    assert stage_visits(trial, Settings()) is not None


# Visits and follow-up


def test_visits_on_both_sides_count_day_0_as_before():
    trial = made(
        {
            "several": {-30: 40, 0: 39, 30: 38, 60: 37},
            "one": {-30: 40, 0: 39, 30: 38},
            "one too": {0: 39, 30: 38, 60: 37},
            "none": {-30: 40, 0: 39},
            "none too": {30: 38, 60: 38},
            "undated": {-30: 40, 0: 39, 30: 38, 60: 37},
        },
        transplants={"undated": ()},
    )
    assert who(trial, "alsfrs_r_visits:several", day0="after") == ["several"]
    assert who(trial, "alsfrs_r_visits:one") == ["one", "one too"]
    assert who(trial, "alsfrs_r_visits:none") == ["none", "none too"]
    assert who(trial, "alsfrs_r_visits:not known") == ["undated"]
    assert who(trial, "fvc_visits:none") == [n for n in trial.patient_ids if n != "undated"]


def test_fvc_counts_in_percent_or_in_litres_but_never_across():
    frame = pd.concat(
        [
            frame_from({"percent": COURSE, "both": {-30: 80, -10: 80}}, "fvc"),
            frame_from({"litres": dict.fromkeys(COURSE, 3), "both": {30: 3, 60: 3}}, "fvc_litres"),
        ]
    )
    trial = trial_from(frame)
    assert who(trial, "fvc_visits:several") == ["percent", "litres"]
    assert who(trial, "fvc_visits:none") == ["both"]


@pytest.mark.parametrize(
    ("last", "band"),
    [
        (-10, "under 6"),
        (179, "under 6"),
        (179.625, "6 to 12"),  # 6 months of 30.4375 days less 3 days
        (181, "6 to 12"),  # 6 calendar months at their shortest
        (362, "6 to 12"),
        (362.25, "12 or more"),
        (365, "12 or more"),
    ],
)
def test_bands_of_follow_up(last, band):
    trial = made({"A": {-60: 40, -30: 39, last: 38}})
    for name in ("under 6", "6 to 12", "12 or more", NOT_KNOWN):
        assert who(trial, f"followed:{name}") == (["A"] if name == band else []), name


def test_any_endpoint_counts_as_follow_up_and_quarantined_values_do_not():
    frame = pd.concat([frame_from({"A": COURSE}), frame_from({"A": {370: 60}}, "svc")])
    assert who(trial_from(frame), "followed:12 or more") == ["A"]
    frame["status"] = ["ok"] * len(COURSE) + ["IMPOSSIBLE"]
    assert who(trial_from(frame), "followed:under 6") == ["A"]


# What every filter must hold


@cache
def filled(seed: int, n: int = 14) -> Trial:
    chance = np.random.default_rng(seed)
    visits, items = {}, []
    for i in range(n):
        days = [-180, -90, -30, 0, 60, 150, 270, 400][: int(chance.integers(4, 9))]
        level, fall = chance.uniform(25, 44), chance.uniform(0, 1.6)
        visits[f"P{i}"] = {
            d: float(np.clip(round(level - fall * d / 30 + chance.normal()), 0, 48)) for d in days
        }
        scores = dict(zip(range(1, 13), chance.integers(2, 5, 12), strict=True))
        items.append((f"P{i}", -10.0, scores))
    trial = with_items(made(visits), items)
    return known(
        trial,
        sex=chance.choice(["F", "M", ""], n).tolist(),
        onset_site=chance.choice(["bulbar", "limb"], n).tolist(),
        group=chance.choice(["treated", "control"], n).tolist(),
        age=chance.uniform(40, 70, n).tolist(),
    )


FIELD_VALUES = [
    *("sex:F", "sex:M", "sex:not known", "onset_site:bulbar", "onset_site:limb", "group:treated"),
    *(f"{key}:{value}" for key, spec in FILTERS.items() for value in spec.words or {}),
]


@given(st.integers(0, 4), st.lists(st.sampled_from(FIELD_VALUES), max_size=6), st.randoms())
def test_who_passes_does_not_depend_on_the_order_of_patients_or_of_filters(seed, chosen, random):
    trial = filled(seed)
    order = list(range(len(trial.patient_ids)))
    random.shuffle(order)
    mixed = replace(trial, patients_frame=trial.patients.iloc[order])
    shuffled = list(chosen)
    random.shuffle(shuffled)
    assert set(who(trial, *chosen)) == set(who(mixed, *shuffled))
    assert Settings(filters=tuple(chosen)) == Settings(filters=tuple(shuffled))


@given(st.integers(0, 4), st.sampled_from(sorted(FILTERS)))
def test_the_values_of_a_field_share_out_all_patients(seed, field):
    trial = filled(seed)
    values = FILTERS[field].words or dict.fromkeys(
        ["F", "M", "bulbar", "limb", "treated", "control", NOT_KNOWN]
    )
    found = [name for value in values for name in who(trial, f"{field}:{value}")]
    assert sorted(found) == sorted(trial.patient_ids)
    for option, n in counts(trial, field).items():
        assert n == len(who(trial, f"{field}:{option}"))


@given(
    st.integers(0, 4),
    st.lists(st.sampled_from(FIELD_VALUES), max_size=4),
    st.lists(st.sampled_from([f"P{i}" for i in range(14)]), max_size=3, unique=True),
)
def test_the_flow_adds_up_with_filters(seed, chosen, left_out):
    trial = filled(seed)
    out = tuple(PatientExclusion(name, "other") for name in left_out)
    result = compared(trial, filters=tuple(chosen), excluded_patients=out, resamples=1000)
    steps = result.flow
    assert [step.name for step in steps][: 1 + bool(chosen)] == [
        "loaded",
        *(["passing the filters"] if chosen else []),
    ]
    for earlier, later in pairwise(steps):
        assert later.n == earlier.n - len(later.left)
    named = [patient for step in steps for patient, _ in step.left]
    assert len(named) == len(set(named)) == len(trial.patient_ids) - steps[-1].n
    assert steps[-1].n == result.n
    filtered = {p for p, why in reasons(result).items() if why.startswith("filtered out: ")}
    assert filtered == set(trial.patient_ids) - set(who(trial, *chosen))


def test_who_passes_rests_on_no_window_no_exclusion_and_no_other_filter():
    trial = filled(5)
    plain = set(who(trial, "run_in:fast", "alsfrs_r_visits:several"))
    assert plain
    others: dict[str, Any] = {
        "pre_months": 1.0,
        "post_months": 1.0,
        "skip_days": 90,
        "day0": "neither",
        "min_visits": 6,
        "estimator": "theil_sen",
        "excluded_patients": (PatientExclusion("P0", "other"),),
        "fvc_until": "niv",
    }
    for name, value in others.items():
        assert set(who(trial, "run_in:fast", "alsfrs_r_visits:several", **{name: value})) == plain
    assert set(who(trial, "run_in:fast", "sex:F")) == set(who(trial, "run_in:fast")) & set(
        who(trial, "sex:F")
    )


def test_reasons_say_what_a_patient_is_for_every_filter_that_is_not_passed():
    trial = known(people(3), sex=["F", "M", ""], onset_site=["limb", "bulbar", "limb"])
    result = compared(trial, filters=("sex:F", "onset_site:limb"))
    assert reasons(result) == {
        "B": "filtered out: sex M, site of onset bulbar",
        "C": "filtered out: sex not known",
    }
    assert filtered_out(trial, Settings()) == {}


# The comparison of those who pass is the comparison of the trial that has nobody else


def only(trial: Trial, names: list[str]) -> Trial:
    def rows(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["patient"].isin(names)]

    assert trial.items is not None
    return replace(
        trial,
        patients_frame=rows(trial.patients),
        measurements_frame=rows(trial.measurements),
        events_frame=rows(trial.events),
        items_frame=rows(trial.items).reset_index(drop=True),
    )


def same_numbers(first: EndpointComparison, second: EndpointComparison) -> None:
    """Fail where any number about patients together differs; positions of patients may."""
    for name in ("tests", "effects", "weighted_mean", "bayes_factor", "equivalence", "responders"):
        assert repr(getattr(first, name)) == repr(getattr(second, name)), name
    for name in ("before_summary", "after_summary", "change_summary", "correlation", "checks"):
        assert repr(getattr(first, name)) == repr(getattr(second, name)), name
    assert first.slopes.residual_sd == pytest.approx(second.slopes.residual_sd, rel=1e-12)
    assert first.slopes.residual_df == second.slopes.residual_df
    assert first.change[first.paired] == pytest.approx(second.change[second.paired], rel=1e-12)
    assert first.change_se[first.paired] == pytest.approx(second.change_se[second.paired])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "filters", [("sex:F",), ("run_in:fast", "run_in:intermediate"), ("kings:2", "kings:3")]
)
def test_a_filtered_comparison_is_that_of_the_trial_without_the_others(seed, filters):
    trial = filled(seed, 20)
    choices: dict[str, Any] = {"resamples": 1000, "flips": 1000}
    names = who(trial, *filters)
    assert 0 < len(names) < len(trial.patient_ids)
    filtered = compared(trial, filters=filters, **choices)
    alone = compared(only(trial, names), **choices)
    same_numbers(filtered, alone)
    # The filter does not change what it has let pass.
    same_numbers(compared(only(trial, names), filters=filters, **choices), alone)
    assert [step.n for step in filtered.flow[1:]] == [step.n for step in alone.flow]
    assert filtered.flow[2:] == alone.flow[1:]


def test_values_of_patients_who_do_not_pass_count_nowhere():
    trial = known(people(), sex=["F", "M", "F", "M"])
    settings = Settings(filters=("sex:F",))
    points = place_points(trial, "alsfrs_r", settings)
    passes = np.isin(points.patient, [0, 2])
    assert (points.analysable == passes).all()
    assert not (points.before | points.after)[~passes].any()
    assert not points.ended.any()
    assert change_from_day0(trial, "alsfrs_r", settings, [6]).n_day0 == 2


def test_nobody_passes():
    result = compare(known(people(), sex=["F"] * 4), Settings(filters=("sex:M",)))
    assert result.n_analysed == 0
    assert all(e.n == 0 and e.flow[1].n == 0 for e in result.endpoints)
    assert np.isnan(result.endpoints[0].primary.p)


# Settings, links and files


def test_filters_have_one_order_and_each_value_once():
    settings = Settings(filters=("kings:4", "sex:M", "sex:F", "kings:4", "sex: M "))
    assert settings.filters == ("sex:F", "sex:M", "kings:4")
    assert settings.key == Settings(filters=("sex:F", "kings:4", "sex:M")).key


@given(
    st.lists(st.sampled_from(FIELD_VALUES) | st.builds("group:{}".format, st.text()), max_size=8)
)
def test_links_and_files_carry_filters_unchanged(entries):
    try:
        settings = Settings(filters=tuple(entries), fvc_until="niv", fvc_equation="nhanes_iii")
    except SettingsProblem:
        return
    assert Settings.from_query(settings.to_query()) == (settings, ())
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == (settings, ())


def test_what_a_link_says_about_the_new_settings():
    settings = Settings(
        filters=("kings:not known", "sex:F"), fvc_until="tracheostomy", fvc_equation="gli_2012"
    )
    assert settings.to_query() == {
        "only": "sex:F~kings:not known",
        "fvc-until": "tracheostomy",
        "fvc-from-litres": "gli_2012",
    }
    assert settings.differences() == {
        "filters": "only sex F; King’s stage not known",
        "fvc_until": "FVC ends at tracheostomy",
        "fvc_equation": "FVC % from litres: GLI-2012",
    }


@pytest.mark.parametrize(
    "text",
    [
        "sex",
        "sex:",
        "sex:   ",
        "nonsense:1",
        "kings:5",
        "run_in:quick",
        "sex:" + "x" * (MAX_FILTER_TEXT + 1),
        "~".join(f"group:{i}" for i in range(MAX_FILTERS + 1)),
        "sex:F~" + "x" * 100_000,
    ],
)
def test_wrong_filters_of_a_link_or_a_file_are_named_and_ignored(text):
    settings, problems = Settings.from_query({"only": text, "before": "6"})
    assert settings == Settings(pre_months=6)
    assert len(problems) == 1
    assert "“only”" in problems[0]
    assert len(problems[0]) < 300
    settings, problems = Settings.from_json({"filters": text.split("~"), "pre_months": 6})
    assert settings == Settings(pre_months=6)
    assert len(problems) == 1


@pytest.mark.parametrize("value", ["sex:F", {"sex": "F"}, [1], [["sex:F"]], None, 3])
def test_filters_of_another_type_are_named_and_ignored(value):
    settings, problems = Settings.from_json({"filters": value})
    assert settings == Settings()
    assert len(problems) == 1


def test_as_many_filters_as_are_allowed_fit_into_a_link():
    entries = tuple(f"group:{'~' * (MAX_FILTER_TEXT - 3)}{i:03d}" for i in range(MAX_FILTERS))
    settings = Settings(filters=entries)
    assert Settings.from_query(settings.to_query()) == (settings, ())


# Vital capacity until NIV or tracheostomy

CAPACITY = {-60: 90, -30: 88, 0: 86, 30: 80, 60: 75, 90: 70, 120: 65}


def breathing(*events: tuple[str, str, float], endpoint: str = "fvc") -> Trial:
    trial = trial_from(frame_from({"A": CAPACITY, "B": CAPACITY}, endpoint))
    return with_events(trial, *events)


def days_after(trial: Trial, patient: int, endpoint: str = "fvc", **settings: Any) -> list[int]:
    points = place_points(trial, endpoint, Settings(**settings))
    used = points.after & (points.patient == patient)
    return [round(month * DAYS_PER_MONTH) for month in points.month[used]]


@pytest.mark.parametrize("endpoint", ["fvc", "fvc_litres", "svc", "svc_litres"])
def test_the_day_of_the_event_still_counts_and_later_ones_do_not(endpoint):
    trial = breathing(("A", "niv", 60), endpoint=endpoint)
    assert days_after(trial, 0, endpoint) == [30, 60, 90, 120]
    assert days_after(trial, 0, endpoint, fvc_until="niv") == [30, 60]
    assert days_after(trial, 1, endpoint, fvc_until="niv") == [30, 60, 90, 120]
    assert days_after(trial, 0, endpoint, fvc_until="tracheostomy") == [30, 60, 90, 120]
    day_before = breathing(("A", "niv", 59), endpoint=endpoint)
    assert days_after(day_before, 0, endpoint, fvc_until="niv") == [30]


def test_the_first_event_ends_and_undated_events_of_others_or_of_other_kinds_do_not():
    trial = breathing(("A", "niv", 90), ("A", "niv", 45), ("A", "niv", float("nan")))
    assert days_after(trial, 0, fvc_until="niv") == [30]
    other = breathing(("A", "niv", float("nan")), ("A", "death", 40), ("B", "niv", 40))
    assert days_after(other, 0, fvc_until="niv") == [30, 60, 90, 120]
    assert days_after(other, 0, fvc_until="tracheostomy") == [30, 60, 90, 120]


@pytest.mark.parametrize(
    ("niv", "kept"), [(float("nan"), [30, 60]), (100, [30, 60]), (45, [30]), (60, [30, 60])]
)
def test_until_niv_a_tracheostomy_ends_it_where_it_comes_first(niv, kept):
    # Invasive ventilation is the step beyond NIV (ALSFRS-R item 12: 0 is worse than 1).
    trial = breathing(("A", "niv", niv), ("A", "tracheostomy", 60))
    assert days_after(trial, 0, fvc_until="niv") == kept
    assert days_after(trial, 0, fvc_until="tracheostomy") == [30, 60]


def test_alsfrs_r_goes_on_after_niv():
    trial = breathing(("A", "niv", 45), endpoint="alsfrs_r")
    assert days_after(trial, 0, "alsfrs_r", fvc_until="niv") == [30, 60, 90, 120]


def test_the_slope_after_is_that_of_the_visits_until_niv_and_the_rest_is_marked():
    trial = breathing(("A", "niv", 60))
    result = compare(trial, Settings(endpoints=("fvc",), fvc_until="niv", min_span_days=30))
    points = result.endpoints[0].slopes.points
    assert result.endpoints[0].slopes.after.slope == pytest.approx(
        [
            -5 / 30 * DAYS_PER_MONTH,
            np.polyfit(np.asarray([30, 60, 90, 120]) / DAYS_PER_MONTH, [80, 75, 70, 65], 1)[0],
        ]
    )
    assert points.ended.tolist() == [False] * 5 + [True] * 2 + [False] * 7
    assert not points.analysable[points.ended].any()


def test_the_flow_says_that_visits_after_niv_did_not_count():
    trial = breathing(("A", "niv", 45), ("B", "niv", -10))
    result = compare(trial, Settings(endpoints=("fvc",), fvc_until="niv"))
    ended = "visits after NIV or tracheostomy not counted"
    assert reasons(result.endpoints[0]) == {
        "A": f"1 visit after, 2 needed; {ended}",
        "B": f"no FVC visit after day 0 in the window; {ended}",
    }


@pytest.mark.parametrize("until", ["niv", "tracheostomy"])
def test_without_such_an_event_nothing_changes(until):
    trial = load_example("after-shamsaei-2023").trial
    plain = compare(trial, Settings())
    ended = compare(trial, Settings(fvc_until=until))
    for first, second in zip(plain.endpoints, ended.endpoints, strict=True):
        same_numbers(first, second)
        assert first.flow == second.flow

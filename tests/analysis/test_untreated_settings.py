"""The settings of the untreated benchmark: bounds, words, links, and that they touch no slope."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.compare import compare
from analysis.setting_fields import FIELDS, SettingsProblem
from analysis.setting_untreated import BETWEEN, HISTORY_FIELDS, RULE_BOUNDS, history_field
from analysis.settings import DEFAULT, UNTREATED, PatientExclusion, PointDecision, Settings
from analysis.untreated.assumed import EDITED, assumed_history
from analysis.untreated.history import BETWEEN_ENDPOINTS, HISTORIES, PRESETS, History
from data.examples import load_example

NAMES = (*(f"{endpoint}.{field}" for endpoint in HISTORIES for field in HISTORY_FIELDS), BETWEEN)
EDITS = ("between:0.4", "alsfrs_r.mean_before:-0.8", "fvc.visit_share:0.08")
RULE = ("alsfrs_r_at_least:26", "points_lost:3:12", "slope_at_most:-0.5")
CHOSEN = {
    "untreated_trials": 500,
    "history": "slower",
    "history_values": EDITS,
    "entry_rule": RULE,
}


def numbers(low, high):
    return st.floats(low, high, allow_nan=False).map(repr)


def some_of(entries):
    """Return lists with any of the named entries, in any order."""
    keep = st.fixed_dictionaries({}, optional=entries)
    return keep.flatmap(
        lambda kept: st.permutations([f"{name}:{text}" for name, text in kept.items()])
    ).map(tuple)


# Away from 0, where no scatter at all is left: that is no natural history.
edits = some_of(
    {
        name: numbers(0.01 if "visit_" in name else spec.low, spec.high)
        for name in NAMES
        for spec in (history_field(name),)
    }
)
rules = st.just(("none",)) | some_of(
    {
        name: st.tuples(*(numbers(low, high) for low, high in bounds)).map(":".join)
        for name, bounds in RULE_BOUNDS.items()
        # One of the two limits of the slope: together they can contradict each other.
        if name != "slope_at_least"
    }
)
chosen = st.builds(
    Settings,
    untreated_trials=st.integers(100, 20_000),
    history=st.sampled_from([preset.key for preset in PRESETS]),
    history_values=edits,
    entry_rule=rules,
)


@given(chosen)
def test_link_and_file_give_back_what_they_were_given(settings):
    assert Settings.from_query(settings.to_query()) == (settings, ())
    assert Settings.from_json(settings.to_json()) == (settings, ())
    # What was accepted once is accepted by every later change, and means the same.
    assert settings.with_(seed=1).with_(seed=settings.seed) == settings
    assert settings.with_(seed=1).key != settings.key


@given(chosen)
def test_every_accepted_choice_is_a_natural_history_under_every_preset(settings):
    for preset in PRESETS:
        assumed = assumed_history(settings.with_(history=preset.key))
        assert assumed.preset is preset
        for name, text in (entry.split(":") for entry in settings.history_values):
            endpoint, _, field = name.partition(".")
            found = assumed.between if name == BETWEEN else assumed.histories[endpoint]
            value = found if name == BETWEEN else getattr(found, field)
            assert value == float(text)


def test_links_are_short_and_readable():
    assert Settings(**CHOSEN).to_query() == {
        "untreated-trials": "500",
        "history": "slower",
        "history-values": "alsfrs_r.mean_before:-0.8~between:0.4~fvc.visit_share:0.08",
        "entry": "slope_at_most:-0.5~points_lost:3:12~alsfrs_r_at_least:26",
    }
    assert Settings(entry_rule=("none",)).to_query() == {"entry": "none"}


def test_words_say_what_was_chosen():
    assert Settings(**CHOSEN).differences() == {
        "untreated_trials": "500 simulated untreated trials",
        "history": "natural history: slower decline",
        "history_values": "natural history edited: ALSFRS-R mean slope before −0.8; correlation "
        "of the slopes of both endpoints 0.4; FVC SD of a visit, share of its value 0.08",
        "entry_rule": "entry rule: run-in slope ≤ −0.5 points/month and at least 3 points lost in "
        "12 weeks and ALSFRS-R at least 26",
    }
    more = ("slope_at_least:-2", "fvc_at_least:60.5")
    said = Settings(entry_rule=more).differences()["entry_rule"]
    assert said == "entry rule: run-in slope ≥ −2 points/month and FVC at least 60.5 % predicted"
    nobody_left_out = Settings(entry_rule=("none",))
    assert nobody_left_out.differences() == {"entry_rule": "entry rule: everybody was taken"}
    taken_back = DEFAULT.differences(Settings(**CHOSEN))
    assert taken_back["entry_rule"] == "entry rule: not known"
    assert taken_back["history_values"] == "natural history edited: nothing"
    assert taken_back["history"] == "natural history: reference"


def test_the_order_and_the_spelling_of_numbers_do_not_matter():
    assert {Settings(history_values=order).key for order in permutations(EDITS)} == {
        Settings(history_values=EDITS).key
    }
    assert len({Settings(entry_rule=order).key for order in permutations(RULE)}) == 1
    for text in ("0", "-0", "0.0", "-0.0", "0e5", "+0", "1e-12", "-1e-200"):
        assert Settings(entry_rule=(f"slope_at_most:{text}",)).entry_rule == ("slope_at_most:0",)
        edited = Settings(history_values=(f"alsfrs_r.bend:{text}",))
        assert edited.history_values == ("alsfrs_r.bend:0",)
    assert Settings(entry_rule=["none"]) == Settings(entry_rule=("none",))
    assert Settings(entry_rule=("points_lost:3.0:12.00",)).entry_rule == ("points_lost:3:12",)


@pytest.mark.parametrize("name", NAMES)
def test_bounds_of_every_number_of_the_natural_history(name):
    spec = history_field(name)
    assert spec.low < spec.high
    assert 0 < spec.step < spec.high - spec.low
    with pytest.raises(SettingsProblem, match=f"needs a number from {spec.low:g} to"):
        Settings(history_values=(f"{name}:{spec.low - 1e-4}",))
    with pytest.raises(SettingsProblem, match=f"to {spec.high:g}"):
        Settings(history_values=(f"{name}:{spec.high + 1e-4}",))
    Settings(history_values=(f"{name}:{spec.high}",))
    # The lowest scatter of visits is 0, which is refused for want of any scatter.
    if name in {"alsfrs_r.visit_sd", "fvc.visit_share"}:
        with pytest.raises(SettingsProblem, match="visits need an SD above 0"):
            Settings(history_values=(f"{name}:0",))
    else:
        Settings(history_values=(f"{name}:{spec.low}",))


def test_every_number_of_a_natural_history_can_be_edited_and_its_reference_is_allowed():
    assert set(HISTORY_FIELDS) == {field.name for field in fields(History)} - {"sources"}
    for endpoint, history in HISTORIES.items():
        values = {name: getattr(history, name) for name in HISTORY_FIELDS}
        for preset in PRESETS:
            for name, value in (values | preset.changes.get(endpoint, {})).items():
                spec = history_field(f"{endpoint}.{name}")
                infinite = name == "tail_df" and math.isinf(value)
                assert infinite or spec.low <= value <= spec.high, (preset.key, endpoint, name)
    assert history_field("alsfrs_r.level_mean").high == 48
    assert history_field("fvc.level_mean").high == 120


REFUSED_EDITS = {
    ("alsfrs_r.mean_before",): "needs a number",
    ("alsfrs_r.mean_before:",): "needs a number",
    ("alsfrs_r.mean_before:fast",): "needs a number",
    ("alsfrs_r.mean_before:-1:2",): "needs a number",
    ("alsfrs_r.mean_before:nan",): "needs a finite number",
    ("fvc.tail_df:inf",): "needs a finite number",
    # Cut to 40 characters it would be −0.5.
    (f"alsfrs_r.mean_before:-0.5{'0' * 36}e1",): "at most 40 characters",
    ("alsfrs_r.sources:1",): "no number called “alsfrs_r.sources”",
    ("alsfrs_r.__class__:1",): "no number called",
    ("svc.mean_before:-1",): "no number called “svc.mean_before”",
    ("between.skew:1",): "no number called",
    ("mean_before:-1",): "no number called",
    (" ",): "no number called",
    ("x" * 5_000 + ":1",): f"no number called “{'x' * 40}”$",
    ("between:0.1", "between:0.2"): "between is edited twice",
    ("fvc.skew:1", "fvc.skew:1"): "fvc.skew is edited twice",
    ("alsfrs_r.visit_sd:1e-9",): "visits need an SD above 0",
    tuple(f"between:0.{k}" for k in range(200)): "too many edits",
}


@pytest.mark.parametrize("entries", REFUSED_EDITS, ids=lambda entries: entries[0][:30])
def test_bad_edits_are_refused_in_words(entries):
    with pytest.raises(SettingsProblem, match=REFUSED_EDITS[entries]):
        Settings(history_values=entries)
    for settings, problems in (
        Settings.from_query({"history-values": "~".join(entries), "seed": "5"}),
        Settings.from_json({"history_values": list(entries), "seed": 5}),
    ):
        assert settings == Settings(seed=5)
        assert len(problems) == 1
        assert "ignored" in problems[0]


REFUSED_RULES = {
    ("none", "slope_at_most:-1"): "not both",
    ("none", "none"): "not both",
    ("unknown",): "“unknown” is no entry condition",
    (" ",): "is no entry condition",
    ("slope_at_most",): "needed once, with its numbers",
    ("slope_at_most:-1:2",): "needed once, with its numbers",
    ("points_lost:3",): "needed once, with its numbers",
    ("points_lost:3:12:1",): "needed once, with its numbers",
    ("slope_at_most:-1", "slope_at_most:-2"): "needed once",
    ("slope_at_most:steep",): "needs a number",
    ("slope_at_most:-inf",): "needs a finite number",
    ("slope_at_most:-10.1",): "from -10 to 2",
    ("slope_at_least:2.1",): "from -10 to 2",
    ("points_lost:0:12",): "from 1 to 48",
    ("points_lost:49:12",): "from 1 to 48",
    ("points_lost:3:1",): "from 2 to 104",
    ("points_lost:3:105",): "from 2 to 104",
    ("alsfrs_r_at_least:48.5",): "from 0 to 48",
    ("fvc_at_least:151",): "from 1 to 150",
    ("slope_at_least:-0.5", "slope_at_most:-0.5"): "no slope is both",
    ("slope_at_least:-0.5", "slope_at_most:-1"): "no slope is both",
    # Equal once they are kept with 6 decimals.
    ("slope_at_least:-0.50000000001", "slope_at_most:-0.5"): "no slope is both",
    tuple("slope_at_most:-1" for _ in range(5_000)): "needed once",
}


@pytest.mark.parametrize("entries", REFUSED_RULES, ids=lambda entries: "~".join(entries)[:50])
def test_bad_entry_rules_are_refused_in_words(entries):
    with pytest.raises(SettingsProblem, match=REFUSED_RULES[entries]):
        Settings(entry_rule=entries)
    for settings, problems in (
        Settings.from_query({"entry": "~".join(entries), "seed": "5"}),
        Settings.from_json({"entry_rule": list(entries), "seed": 5}),
    ):
        assert settings == Settings(seed=5)
        assert len(problems) == 1
        assert "ignored" in problems[0]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("untreated_trials", 99, "from 100 to 20000"),
        ("untreated_trials", 20_001, "from 100 to 20000"),
        ("untreated_trials", 500.5, "whole number"),
        ("untreated_trials", None, "a number"),
        ("history", "faster", "one of reference, slower"),
        ("history", None, "one of reference, slower"),
    ],
)
def test_bad_numbers_of_trials_and_presets_are_refused(name, value, problem):
    with pytest.raises(SettingsProblem, match=problem):
        Settings(**{name: value})
    assert Settings.from_query({FIELDS[name].url: str(value)})[0] == DEFAULT


@pytest.mark.parametrize("value", ["none", 5, None, [1], {"none": 1}, [["none"]], [None]])
@pytest.mark.parametrize("name", ["history_values", "entry_rule"])
def test_files_with_anything_but_lists_of_texts_are_refused(name, value):
    settings, problems = Settings.from_json({name: value})
    assert settings == DEFAULT
    assert len(problems) == 1


def test_presets_offered_are_those_that_exist():
    assert set(FIELDS["history"].choices) == {preset.key for preset in PRESETS}
    assert DEFAULT.history == PRESETS[0].key == "reference"


def test_reference_is_taken_as_it_stands():
    assumed = assumed_history(DEFAULT)
    assert (assumed.preset.key, assumed.edited, assumed.between) == ("reference", (), 0.5)
    assert dict(assumed.histories) == dict(HISTORIES)
    for key, history in assumed.histories.items():
        assert history.sources == HISTORIES[key].sources


def test_edits_lie_on_top_of_the_preset_and_say_so():
    chosen = Settings(
        history="slower", history_values=("alsfrs_r.mean_before:-0.7", "fvc.sd_after:1.5")
    )
    assumed = assumed_history(chosen)
    # By hand: the preset has −0.82 and −2.5 on both sides; the rest is the reference.
    assert assumed.histories["alsfrs_r"] == HISTORIES["alsfrs_r"].with_(
        mean_before=-0.7, mean_after=-0.82
    )
    assert assumed.histories["fvc"] == HISTORIES["fvc"].with_(
        mean_before=-2.5, mean_after=-2.5, sd_after=1.5
    )
    assert assumed.between == BETWEEN_ENDPOINTS
    assert assumed.edited == ("ALSFRS-R mean slope before −0.7", "FVC SD of slopes after 1.5")
    sources = assumed.histories["alsfrs_r"].sources
    assert sources["mean_before"] == EDITED
    assert sources["mean_after"] == "preset “slower decline”"
    assert sources["visit_sd"] == HISTORIES["alsfrs_r"].sources["visit_sd"]
    assert assumed_history(Settings(history_values=("between:-0.2",))).between == -0.2


OTHERS = {
    "endpoints": ("fvc",),
    "excluded_patients": (PatientExclusion("P01", "other"),),
    "points": (PointDecision("P01", "fvc", 3, 80, False, "other"),),
    "filters": ("sex:F",),
    "model_covariates": ("age",),
}


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_each_setting_is_in_the_key_of_a_comparison_unless_it_is_of_the_benchmark(name):
    other = CHOSEN.get(name) or OTHERS.get(name) or _another(name)
    changed = DEFAULT.with_(**{name: other})
    assert changed.key != DEFAULT.key
    assert (changed.comparison_key == DEFAULT.comparison_key) == (name in UNTREATED)
    # Nor do they hide another choice.
    both = changed.with_(**CHOSEN)
    assert both.comparison_key == changed.comparison_key


def _another(name):
    spec, value = FIELDS[name], getattr(DEFAULT, name)
    if spec.choices is not None:
        return next(choice for choice in spec.choices if choice != value)
    return spec.high if value != spec.high else spec.low


@pytest.mark.parametrize("example", ["after-shamsaei-2023", "every-detail"])
def test_choices_of_the_benchmark_change_nothing_in_the_comparison(example):
    trial = load_example(example).trial
    shared = Settings(resamples=1_000, flips=1_000)
    base, other = compare(trial, shared), compare(trial, shared.with_(**CHOSEN))
    assert other.settings == shared.with_(**CHOSEN)
    assert leaves(replace(other, settings=shared)) == leaves(base)
    # What is compared here is not nothing: another setting is seen.
    longer = shared.with_(min_span_days=90, confidence=0.9)
    assert leaves(replace(compare(trial, longer), settings=shared)) != leaves(base)


def leaves(value):
    """Return every number and text in a result, arrays as their bytes."""
    if isinstance(value, np.ndarray):
        return [value.dtype.str, value.shape, value.tobytes()]
    if is_dataclass(value):
        return [leaves(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, dict):
        return [(key, leaves(item)) for key, item in value.items()]
    if isinstance(value, tuple | list):
        return [leaves(item) for item in value]
    return repr(value)

"""What is chosen for a presentation: order, changes, another trial, saved files, small groups."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analysis.settings import DEFAULT, PatientExclusion
from analysis.variants import Variant
from data.examples import load_example
from report.analysis_file import AnalysisFile
from report.exhibits.chart import Spot
from report.exhibits.registry import KINDS
from report.presentation.basket import (
    LONGEST_CAPTION,
    MOST_ITEMS,
    Item,
    added,
    basket_from_json,
    carried_over,
    clean_caption,
    default_basket,
    moved,
)
from report.presentation.contents import contents_of
from report.presentation.meeting import hidden_because, letters
from tests.report.presented import QUICK, settings_of, uploaded

TRIAL = load_example("after-shamsaei-2023").trial
OTHER = load_example("every-detail").trial


def item(kind: str = "slopes", endpoint: str = "fvc", patient: int | None = None) -> Item:
    return Item(Spot(kind, endpoint, patient), DEFAULT, TRIAL.hash, "seen by all")


def test_an_item_says_what_changed_since_it_was_added():
    one = item()
    assert one.changed(TRIAL, DEFAULT) == ""
    longer = DEFAULT.with_(post_months=6)
    assert one.changed(TRIAL, longer) == "other settings since added"
    assert one.changed(OTHER, DEFAULT) == "other data since added"
    fresh = one.refreshed(OTHER, longer)
    assert fresh.changed(OTHER, longer) == ""
    assert (fresh.spot, fresh.caption) == (one.spot, one.caption)


def test_adding_again_refreshes_and_keeps_place_and_caption():
    basket = added(added((), item()), item("tests", ""))
    again = replace(item(), settings=DEFAULT.with_(post_months=6), caption="")
    found = added(basket, again)
    assert [one.spot.kind for one in found] == ["slopes", "tests"]
    assert found[0].settings.post_months == 6
    assert found[0].caption == "seen by all"


def test_items_move_within_the_list_only():
    basket = (item("slopes"), item("tests", ""), item("curve"))
    assert [one.spot.kind for one in moved(basket, 2, -1)] == ["slopes", "curve", "tests"]
    assert moved(basket, 0, -1) == basket
    assert moved(basket, 2, 1) == basket


def test_a_saved_analysis_brings_items_back_with_their_own_settings():
    settings = DEFAULT.with_(post_months=6)
    basket = (item(), replace(item("patient", "", 3), settings=settings))
    variants = (Variant("short", settings),)
    text = AnalysisFile.of(TRIAL, DEFAULT, variants, basket).to_text()
    found, problems = AnalysisFile.from_bytes(text.encode())
    assert problems == ()
    assert found.basket == basket
    assert json.loads(text)["presentation"][1]["settings"] == {"post_months": 6.0}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("x", "it is damaged"),
        ({"kind": "secrets"}, "its kind is unknown"),
        ({"kind": ["slopes"]}, "its kind is unknown"),
        ({"kind": "slopes", "endpoint": "svc2"}, "its endpoint is unknown"),
        ({"kind": "patient", "patient": 0}, "its patient is no position"),
        ({"kind": "patient", "patient": True}, "its patient is no position"),
        ({"kind": "slopes", "settings": [1]}, "its settings are damaged"),
        ({"kind": "slopes", "settings": {"min_visits": -4}}, "min_visits"),
        ({"kind": "slopes", "caption": 4}, "it is damaged"),
    ],
)
def test_damaged_items_are_named_and_left_out(entry, said):
    found, problems = basket_from_json([entry, item().to_json(DEFAULT)], DEFAULT)
    assert [one.spot.kind for one in found] == ["slopes"]
    assert problems[0].startswith("Item 1 of the presentation is ignored: ")
    assert said in problems[0]


def test_too_many_items_and_no_list_are_said():
    plain = [item().to_json(DEFAULT)] * (MOST_ITEMS + 1)
    found, problems = basket_from_json(plain, DEFAULT)
    assert len(found) == MOST_ITEMS
    assert "At most" in problems[-1]
    assert basket_from_json({"a": 1}, DEFAULT)[1] == (
        "The presentation is damaged; it is ignored.",
    )


def test_captions_stay_on_one_line_and_are_cut():
    assert clean_caption(" a\nb\u202e  c ") == "a b c"
    assert len(clean_caption("x" * 1_000)) == LONGEST_CAPTION


def test_figures_of_one_person_follow_the_person_or_go():
    first = uploaded(["Anna", "Berta", "Clara", "Dora"])
    second = uploaded(["Aaron", "Anna", "Berta", "Frida"])
    basket = (item(), item("patient", "", 0), item("patient", "", 2))
    found = carried_over(basket, first, second)
    assert [one.spot.patient for one in found] == [None, 1]
    # The people of bundled trials are others, whatever they are called.
    assert [one.spot.patient for one in carried_over(basket, TRIAL, OTHER)] == [None]


def test_what_most_talks_need_exists_and_can_be_made():
    settings = settings_of(OTHER)
    basket = default_basket(OTHER, settings)
    assert {one.spot.kind for one in basket} <= KINDS.keys()
    contents = contents_of(OTHER, settings, basket)
    assert all(part.exhibit is not None for part in contents.parts)


def test_each_item_is_made_with_its_own_settings_and_flagged():
    now = settings_of(TRIAL)
    earlier = now.with_(post_months=6)
    contents = contents_of(TRIAL, now, (Item(Spot("slopes", "fvc"), earlier, TRIAL.hash),))
    (part,) = contents.parts
    assert part.changed == "other settings since added"
    alone = contents_of(TRIAL, earlier, (Item(Spot("slopes", "fvc"), earlier, TRIAL.hash),))
    assert part.title == alone.parts[0].title
    assert (
        part.title
        != contents_of(TRIAL, now, (Item(Spot("slopes", "fvc"), now, TRIAL.hash),)).parts[0].title
    )


def test_an_item_without_anything_to_show_is_kept_but_not_shown():
    settings = settings_of(TRIAL)
    contents = contents_of(TRIAL, settings, (Item(Spot("survival"), settings, TRIAL.hash),))
    assert contents.parts[0].exhibit is None
    assert contents.shown == ()


def test_letters_name_any_number_of_patients():
    assert letters(28)[:3] == ("A", "B", "C")
    assert letters(28)[25:] == ("Z", "AA", "AB")
    assert len(set(letters(2_000))) == 2_000


def test_small_groups_and_single_patients_are_hidden_in_a_meeting():
    settings = settings_of(TRIAL)
    few = settings.with_(
        excluded_patients=tuple(PatientExclusion(p, "other") for p in TRIAL.patient_ids[:6])
    )
    spots = (Spot("slopes", "fvc"), Spot("patient", "", 7), Spot("per-patient", "fvc"))
    items = tuple(Item(spot, few, TRIAL.hash) for spot in spots)
    contents = contents_of(TRIAL, few, items)
    assert [hidden_because(part, contents, 5) for part in contents.parts] == [
        "Patients in the analysis: 4, and results of fewer than 5 patients are hidden.",
        "One patient: results of fewer than 5 patients are hidden.",
        "One row is one patient: results of fewer than 5 patients are hidden.",
    ]
    assert [hidden_because(part, contents, 1) for part in contents.parts] == ["", "", ""]
    everybody = contents_of(TRIAL, settings, (Item(spots[0], settings, TRIAL.hash),))
    assert hidden_because(everybody.parts[0], everybody, 5) == ""


def test_a_group_of_few_hides_the_comparison_of_groups():
    trial = load_example("after-oh-2018").trial
    settings = settings_of(trial)
    contents = contents_of(
        trial, settings, (Item(Spot("groups", "alsfrs_r"), settings, trial.hash),)
    )
    (part,) = contents.parts
    assert len(part.groups) == 2
    smallest = min(n for _, n in part.groups)
    assert hidden_because(part, contents, smallest) == ""
    assert str(smallest) in hidden_because(part, contents, smallest + 1)


def test_without_simulations_the_sentence_is_left_out_rather_than_made_up():
    settings = DEFAULT.with_(**QUICK)
    contents = contents_of(
        TRIAL, settings, (Item(Spot("untreated", "fvc"), settings, TRIAL.hash),), simulate=False
    )
    assert contents.parts[0].exhibit is None
    assert not any("simulated untreated" in line for line in contents.limitations)

"""Present: choosing exhibits, their order and captions, files, and the meeting."""

from __future__ import annotations

import io
import json

import pytest
from pptx import Presentation
from streamlit.testing.v1 import AppTest

from data.examples import load_example
from report.analysis_file import AnalysisFile
from tests.app.driver import (
    EXAMPLE,
    PATIENTS,
    PRESENT,
    SLOPES,
    TRIAL,
    alerts,
    charts,
    drop,
    go_to,
    headline,
    healthy,
    labels,
    opened,
    press,
    text_of,
    trial_csv,
)
from tests.report.presented import texts_of

pytestmark = pytest.mark.slow

NAMES = ["Anna", "Berta", "Clara", "Dora", "Elsa", "Frida"]


def usual(at: AppTest | None = None) -> AppTest:
    """Return the page with what most talks need."""
    at = go_to(at or opened(), PRESENT)
    return healthy(press(at, "Take what most talks need"))


def kinds(at: AppTest) -> list[str]:
    return [item.spot.kind for item in at.session_state["alslope.basket"]]


def press_key(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run(timeout=60)


def made(at: AppTest) -> dict[str, bytes]:
    at = healthy(press_key(at, "w.make-files"))
    found: dict[str, bytes] = at.session_state["alslope.present_files"][1]
    return found


def test_an_empty_page_says_how_to_choose():
    at = healthy(opened(PRESENT))
    assert "Nothing is chosen yet" in alerts(at)
    assert "Take what most talks need" in labels(at)


def test_every_figure_of_the_slopes_page_can_be_added():
    for chart in charts(healthy(opened())).values():
        assert chart["adds"]
        assert not chart["chosen"]


def test_a_table_is_added_and_says_so():
    at = healthy(opened())
    at = healthy(press_key(at, "w.add-tests"))
    assert kinds(at) == ["tests"]
    assert "In presentation" in labels(at)
    at = go_to(at, PRESENT)
    assert "1 item" in text_of(healthy(at))


def test_items_are_moved_captioned_and_removed():
    at = usual()
    first, second = kinds(at)[:2]
    assert first == second == "courses"
    at = press_key(at, "w.Move down-courses-alsfrs_r")
    spots = [item.spot.key for item in at.session_state["alslope.basket"]]
    assert spots[:2] == ["courses-fvc", "courses-alsfrs_r"]
    at.text_input(key="w.caption-courses-fvc").set_value("  What we saw\n").run()
    assert at.session_state["alslope.basket"][0].caption == "What we saw"
    at = press_key(healthy(at), "w.Remove-courses-fvc")
    assert next(item.spot.key for item in at.session_state["alslope.basket"]) == "courses-alsfrs_r"
    at = healthy(press(at, "Remove all"))
    assert kinds(at) == []


def test_every_preview_is_drawn():
    at = usual()
    for item in at.session_state["alslope.basket"]:
        at.checkbox(key=f"w.preview-{item.spot.key}").check()
    healthy(at.run(timeout=60))
    assert "nothing of this kind" not in text_of(at)


def test_other_settings_are_flagged_and_refreshed_on_a_click():
    at = usual()
    assert "since added" not in text_of(at)
    at.session_state["alslope.settings"] = at.session_state["alslope.settings"].with_(
        post_months=6.0
    )
    at = healthy(at.run())
    assert text_of(at).count("other settings since added") == 12
    at = healthy(press_key(at, "w.refresh-all"))
    assert "since added" not in text_of(at)
    assert {item.settings.post_months for item in at.session_state["alslope.basket"]} == {6.0}


def test_files_hold_what_was_chosen_and_are_made_again_after_a_change():
    at = usual()
    found = made(at)
    assert set(found) == {"pptx", "html", "xlsx", "tables"}
    slides = Presentation(io.BytesIO(found["pptx"])).slides
    titles = [texts_of(slide)[0] for slide in slides]
    assert titles[4] == headline_of(at)
    at = press_key(go_to(at, PRESENT), "w.Remove-tests")
    assert "make them again" in text_of(healthy(at))


def headline_of(at: AppTest) -> str:
    return headline(go_to(at, SLOPES)).split("\n")[0].removeprefix("### ")


def test_files_of_an_upload_name_nobody():
    at = usual(drop(opened(), trial_csv(NAMES)))
    at.checkbox(key="w.every-patient").check().run()
    for content in made(at).values():
        for name in NAMES:
            assert name.encode() not in content


def test_another_trial_keeps_the_list_flags_it_and_drops_figures_of_one_person():
    at = go_to(opened(), PATIENTS)
    (chart,) = [c for c in charts(healthy(at)).values() if c["adds"]][:1]
    assert chart["name"].startswith("patient")
    at = usual(at)
    at = go_to(drop(at, trial_csv(8)), PRESENT)
    assert "other data since added" in text_of(healthy(at))
    assert "patient" not in kinds(at)


def test_clear_data_forgets_the_presentation_and_its_files():
    at = usual()
    made(at)
    at = press(go_to(at, TRIAL), "Clear data")
    assert "alslope.basket" not in at.session_state
    assert "alslope.present_files" not in at.session_state


def test_the_saved_analysis_carries_the_presentation():
    at = usual()
    trial = load_example(EXAMPLE).trial
    basket = at.session_state["alslope.basket"]
    text = AnalysisFile.of(trial, at.session_state["alslope.settings"], (), basket).to_text()
    assert [one["kind"] for one in json.loads(text)["presentation"]] == kinds(at)


def test_a_meeting_is_frozen_turned_and_ended():
    at = usual()
    at = healthy(press_key(at, "w.meet"))
    assert "1 of 12" in text_of(at)
    assert "frozen, data" in text_of(at)
    assert "Start meeting" not in labels(at)
    at = healthy(press_key(at, "w.meeting-on"))
    assert "2 of 12" in text_of(at)
    at.session_state["alslope.settings"] = at.session_state["alslope.settings"].with_(
        post_months=6.0
    )
    at = healthy(at.run(timeout=60))
    assert "since added" not in text_of(at)
    for _ in range(12):
        at = press_key(at, "w.meeting-on") if "w.meeting-on" in _enabled(at) else at
    assert "12 of 12" in text_of(healthy(at))
    at = healthy(press_key(at, "w.meeting-end"))
    assert "Start meeting" in labels(at)


def _enabled(at: AppTest) -> list[str]:
    return [str(button.key) for button in at.button if not button.disabled]


def test_a_meeting_calls_patients_by_letter_and_hides_few():
    at = usual(drop(opened(), trial_csv(NAMES)))
    at.number_input(key="w.fewest").set_value(20).run()
    at = healthy(press_key(at, "w.meet"))
    assert "results of fewer than 20 patients are hidden" in text_of(at)
    for name in NAMES:
        assert name not in text_of(at)

"""First steps, explanations and documents, from the first minute on."""

import pytest

from tests.app.driver import (
    EVERY_PAGE,
    EXAMPLE,
    HELP,
    PAGES,
    SLOPES,
    TRIAL,
    found,
    go_to,
    healthy,
    opened,
    text_of,
)

STEPS = "3. Use your own data"


def test_somebody_new_sees_three_steps_until_they_close_them():
    at = opened()
    assert STEPS in text_of(at)
    at.button(key="w.close-steps").click().run()
    assert STEPS not in text_of(healthy(at))
    assert STEPS not in text_of(go_to(go_to(at, HELP), SLOPES))


def test_who_comes_by_a_link_sees_no_steps():
    assert STEPS not in text_of(opened(trial=EXAMPLE))


def test_the_steps_go_with_the_example():
    at = opened()
    go_to(at, TRIAL).button(key="w.open-every-detail").click().run()
    assert STEPS not in text_of(go_to(at, SLOPES))


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_own_data_can_be_used_from_every_page(page):
    at = opened(page)
    assert "Use your own data" in [link.label for link in found(at, "page_link")]


@pytest.mark.parametrize("page", [page for page in PAGES if page != TRIAL])
def test_pages_with_numbers_explain_them(page):
    at = opened(page)
    if page == "pages/present.py":
        assert "In full" not in text_of(at)
    else:
        assert "[In full](in-plain-words?doc=" in text_of(at)


def test_the_open_tab_is_explained_first():
    at = opened()
    assert "**Tests**" in text_of(at)
    at.session_state["w.tab"] = "Model"
    assert "**Model**" in text_of(at.run())
    assert "**Tests**" not in text_of(at)


def test_help_shows_every_word_and_finds_sections():
    at = opened(HELP)
    assert "Hodges–Lehmann" in text_of(healthy(at))
    at.text_input(key="w.find").set_value("Knapp").run()
    assert "?doc=methods:precision-weighted-mean" in text_of(healthy(at))
    at.text_input(key="w.find").set_value("qqqq").run()
    assert "Nothing found" in text_of(healthy(at))


def test_a_document_opens_whole_or_at_a_section_and_leaves_the_link_with_the_page():
    at = opened(HELP)
    at.selectbox(key="w.document").select("untreated").run()
    assert at.query_params["doc"] == "untreated"
    assert "The verdict" in " ".join(str(head.value) for head in at.subheader)
    go_to(at, SLOPES)
    assert "doc" not in at.query_params

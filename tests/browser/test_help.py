"""From a number to its explanation, as a reader clicks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.driver import Server, User

pytestmark = pytest.mark.browser


def test_an_explanation_leads_to_its_section(user: User):
    user.page.get_by_role("button", name="Explain").click()
    line = user.page.get_by_role("listitem").filter(has_text="Paired t test")
    with user.context.expect_page() as opened:
        line.get_by_role("link", name="In full").click()
    section = opened.value
    expect(section.get_by_role("heading", name="Paired t test")).to_be_visible(timeout=30_000)
    expect(section.get_by_role("heading", name="Sign-flip permutation test")).to_have_count(0)
    section.get_by_role("button", name="Show the whole document").click()
    expect(section.get_by_role("heading", name="Sign-flip permutation test")).to_be_visible()
    section.close()


def test_steps_close_with_one_click_and_do_not_come_back_with_the_page(user: User):
    step = user.page.get_by_text("3. Use your own data")
    expect(step).to_be_visible()
    user.page.locator(".st-key-w-close-steps button").click()
    user.settled()
    expect(step).to_have_count(0)
    user.go("Patients").go("Slopes")
    expect(step).to_have_count(0)


def test_a_link_to_a_document_survives_a_cold_start(visitor: Callable[..., User], server: Server):
    user = visitor().open(f"{server.address}in-plain-words?doc=untreated:2-the-verdict")
    expect(user.page.get_by_role("heading", name="2. The verdict")).to_be_visible()
    assert "doc=untreated" in user.page.url

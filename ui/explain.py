"""The button in a page's head that explains the page's numbers, a line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

from report.glossary import PAGES, TABS, Term
from report.handbook import address as in_handbook
from ui import state
from ui.navigation import HELP, address

TAB_KEYS: Final = {
    "Slopes": "w.tab",
    "What-if": "w.what-if-tab",
    "Untreated": "w.untreated-tab",
    "Published": "w.published-tab",
}


def explain(page: str) -> None:
    """Draw the button of a page that shows statistics; nothing on the others."""
    if page not in PAGES:
        return
    tab = _open_tab(page)
    with st.popover("Explain", icon=":material/help:", type="tertiary", width="content"):
        if further := TABS.get((page, tab), ()):
            st.markdown(f"**{tab}**\n{as_list(further)}")
        st.markdown(f"**{page}**\n{as_list(PAGES[page])}")
        st.page_link(HELP, label="All words, and the documents", icon=":material/menu_book:")


def as_list(terms: Iterable[Term]) -> str:
    """Return the terms as a list in markdown, each with a link to where it is explained in full."""
    return "\n".join(
        f"- **{term.name}**: {term.line} "
        f"[In full]({address(HELP)}{in_handbook(term.document, term.anchor)})"
        for term in terms
    )


def _open_tab(page: str) -> str:
    """Return the tab that is open; the first one before any was chosen."""
    if page == "Patients":
        return "All patients" if state.view().everyone else ""
    first = next((tab for of, tab in TABS if of == page), "")
    # The tabs themselves are drawn further down, and are not known yet.
    state.recall(TAB_KEYS[page])
    return str(st.session_state.get(TAB_KEYS[page]) or first)

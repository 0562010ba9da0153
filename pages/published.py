"""Published: this trial among the others, printed numbers checked, and pictured."""

from collections.abc import Callable

import streamlit as st

from ui import state
from ui.header import page_header, shown
from ui.navigation import PUBLISHED
from ui.published_check import check_tab
from ui.published_library import library_tab
from ui.published_picture import picture_tab

comparison = page_header("Published", PUBLISHED)
trial = state.trial()
results = [e for e in comparison.endpoints if e.endpoint.key in shown(comparison)]


def among_the_others() -> None:
    """Draw the first tab, or say why there is nothing to place."""
    if not results:
        names = " and ".join(e.label for e in comparison.absent) or "the chosen endpoint"
        st.info(f"This trial has no value of {names}. Choose another endpoint, or another file.")
        return
    library_tab(trial, comparison, results)


tabs: dict[str, Callable[[], None]] = {
    "This trial among the others": among_the_others,
    "Do the printed numbers add up?": check_tab,
    "From summary to picture": picture_tab,
}
for tab, draw in zip(
    st.tabs(list(tabs), on_change="rerun", key="w.published-tab"), tabs.values(), strict=True
):
    if tab.open:
        with tab:
            draw()

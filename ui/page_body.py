"""What pages about a trial share: the endpoints they show, and tabs drawn when they are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from ui import state


def shown_results(comparison: Comparison) -> tuple[EndpointComparison, ...]:
    """Return the results of the endpoints that the switch shows and the trial has."""
    wanted = state.view().show
    every = wanted not in comparison.settings.endpoints
    return tuple(e for e in comparison.endpoints if every or e.endpoint.key == wanted)


def nothing_to_show(comparison: Comparison) -> None:
    """Say which endpoints the trial has no value of, and what to do."""
    names = " and ".join(e.label for e in comparison.absent) or "the chosen endpoint"
    st.info(f"This trial has no value of {names}. Choose another endpoint, or another file.")


def results_or_stop(comparison: Comparison) -> tuple[EndpointComparison, ...]:
    """Return what the switch shows; where the trial has none of it, say so and end the page."""
    results = shown_results(comparison)
    if not results:
        nothing_to_show(comparison)
        st.stop()
    return results


def lazy_tabs(tabs: Mapping[str, Callable[[], None]], key: str) -> None:
    """Draw tabs of which the open one alone is computed; it stays open when the page is left.

    Parameters
    ----------
    tabs
        What draws each tab, by its name.
    key
        Key of the widget.
    """
    state.recall(key)
    drawn = st.tabs(list(tabs), on_change="rerun", key=key)
    state.remember(key)
    for tab, draw in zip(drawn, tabs.values(), strict=True):
        if tab.open:
            with tab:
                draw()

"""Buttons that choose exhibits for the presentation."""

from __future__ import annotations

import streamlit as st

from report.exhibits.chart import Spot
from report.presentation.basket import MOST_ITEMS, Item, added
from ui import state


def holds(spot: Spot | None) -> bool:
    """Whether an exhibit is chosen with the settings and data of now."""
    now = state.trial(), state.settings()
    return any(item.spot == spot and not item.changed(*now) for item in state.basket())


def add(spot: Spot | None) -> None:
    """Choose an exhibit as it is now; one that is chosen already is refreshed."""
    if spot is None:
        return
    trial, known = state.trial(), state.basket()
    if len(known) == MOST_ITEMS and all(item.spot != spot for item in known):
        st.toast(f"A presentation holds at most {MOST_ITEMS} items.", icon=":material/info:")
        return
    state.change_basket(added(known, Item(spot, state.settings(), trial.hash)))
    n = len(state.basket())
    st.toast(f"In the presentation: {n} {'item' if n == 1 else 'items'}.", icon=":material/check:")


def add_button(spot: Spot) -> None:
    """Draw the button that chooses a table or sentences."""
    chosen = holds(spot)
    st.button(
        "In presentation" if chosen else "Add to presentation",
        icon=":material/check:" if chosen else ":material/add:",
        type="tertiary",
        on_click=add,
        args=(spot,),
        help="Keeps it, with its settings, for slides and files on the Present page",
        key=f"w.add-{spot.key}",
    )

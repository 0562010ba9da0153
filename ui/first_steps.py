"""The three steps with which somebody new begins."""

from __future__ import annotations

from typing import Final

import streamlit as st

from ui import state

_STEPS: Final = (
    (
        ":material/compare_arrows: **1. Read the answer**",
        "of this simulated trial: the change of slope, how sure it is, and how often it appears "
        "with no transplant. *Explain*, on top, says what each number is.",
    ),
    (
        ":material/ads_click: **2. Ask back**",
        "Click a dot to open its patient. Change a setting on the left, or ask on the page "
        "*What-if*.",
    ),
    (
        ":material/upload_file: **3. Use your own data**",
        "on the left: the table of visits as you have it. What is unclear is asked.",
    ),
)


def first_steps() -> None:
    """Draw the steps for who came without a link, until they are closed."""
    if not state.view().first_steps:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="top"):
        with st.container(width="stretch"):
            steps()
        st.button(
            "Close",
            icon=":material/close:",
            type="tertiary",
            on_click=lambda: state.change_view(first_steps=False),
            key="w.close-steps",
        )


def steps() -> None:
    """Draw the three steps side by side, one below the other on a narrow screen."""
    grid = st.grid(len(_STEPS), min_column_width=240)
    for head, text in _STEPS:
        with grid.cell():
            st.markdown(f"{head}  \n:small[{text}]")

"""The field for the title of an uploaded trial."""

from __future__ import annotations

import streamlit as st

from data.trial import Trial
from ui import state


def title_field(trial: Trial) -> None:
    """Draw the field; what is typed stands on every page and in every export."""
    key = f"w.title-{trial.hash[:8]}"
    st.session_state[key] = trial.title
    st.text_input(
        "Title",
        max_chars=80,
        key=key,
        on_change=lambda: state.rename_trial(st.session_state[key]),
        help="Stands on every page, on slides and in every export; the file’s name never does.",
        width=420,
    )

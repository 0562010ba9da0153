"""The one colour of the theme that Streamlit sets itself and that cannot be read."""

from __future__ import annotations

from typing import Final

import streamlit as st

_ON_LIGHT_BLUE: Final = "#12181E"
_BUTTONS: Final = "[data-testid^='stBaseButton-primary']"


def readable_buttons() -> None:
    """Write filled buttons in dark letters in the dark theme.

    Streamlit writes them in white whatever the theme says, at 2.2 : 1 on its light blue.
    """
    dark = st.context.theme.type == "dark"
    rule = f"{_BUTTONS}, {_BUTTONS} * {{ color: {_ON_LIGHT_BLUE} !important; }}" if dark else ""
    st.html(f"<style>{rule}</style>")

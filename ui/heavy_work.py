"""The long computations of this server, which all sessions share."""

from __future__ import annotations

import os
from typing import Final

import streamlit as st

from analysis.heavy import HeavyWork

SLOTS: Final = "ALSLOPE_HEAVY_SLOTS"
"""Environment variable: how many long computations run at the same time; 0: in this process."""


# It holds processes that have seen no data, and counts who waits.
@st.cache_resource(show_spinner=False, max_entries=1)
def heavy_work() -> HeavyWork:
    """Return what computes long jobs on this server, as many at once as the environment allows."""
    slots = os.environ.get(SLOTS, "")
    return HeavyWork(int(slots) if slots.isdigit() else None)

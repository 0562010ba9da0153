"""What the tabs about all patients share: what is computed once, and turning pages."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.attendance import Attendance, attendance
from analysis.cohort import Overview, overview
from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from ui import state
from ui.cache import once


def seen_of(trial: Trial, comparison: Comparison) -> Attendance:
    """Return when each patient was seen, computed once for a trial and its settings."""
    settings = comparison.settings
    return once(("attendance", trial.instance, settings.key), lambda: attendance(trial, settings))


def overview_of(trial: Trial, comparison: Comparison, result: EndpointComparison) -> Overview:
    """Return the middle and the density of one endpoint, computed once."""
    points = result.slopes.points
    known = np.isfinite(points.month) & points.analysable
    low, high = result.endpoint.axis
    if known.any():
        high = max(high, float(points.value[known].max()))
    return once(
        ("overview", trial.instance, comparison.settings.key, result.endpoint.key),
        lambda: overview(points, (low, high)),
    )


def turn_pages(pages: int, key: str, label: str = "Page") -> int:
    """Draw a field that turns pages, where there are several, and return the page."""
    if pages == 1:
        return 1
    state.recall(key)
    # Fewer patients after a filter may leave the page that was open behind.
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
    page = int(st.number_input(f"{label}, of {pages:,}", 1, pages, key=key, width=140))
    state.remember(key)
    return page

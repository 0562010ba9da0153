"""Slopes: whether the courses bent at the transplant, by how much, and how sure that is."""

from collections.abc import Callable

import streamlit as st

from report import words
from report.caveats import caveats
from ui import slope_details as details
from ui import state
from ui.cache import once
from ui.groups_tab import groups_tab
from ui.header import page_header
from ui.navigation import SLOPES
from ui.page_body import lazy_tabs, results_or_stop
from ui.slope_cards import answer, before_quoting, people_tab

comparison = page_header("Slopes", SLOPES)
trial = state.trial()
results = results_or_stop(comparison)

clicks = []
grid = st.grid(min(2, len(results)), min_column_width=420)
for result in results:
    with grid.cell():
        clicks.append(answer(trial, comparison, result))
for position in clicks:
    if position is not None:
        state.open_patient(position)

st.caption(
    f"{words.design_line(comparison)} {words.period_text(comparison)} {words.holm_line(comparison)}"
)
known = ("caveats", trial.instance, comparison.settings.key)
before_quoting(once(known, lambda: caveats(comparison)))

tabs: dict[str, Callable[[], None]] = {
    "Tests": lambda: details.tests_tab(trial, comparison, results),
    "Model": lambda: details.model_tab(trial, comparison, results),
    "Responders": lambda: details.responders_tab(trial, comparison, results),
    "Checks": lambda: details.checks_tab(trial, comparison, results),
    "Groups": lambda: groups_tab(trial, comparison, results),
    "Day 0": lambda: details.baseline_tab(trial, comparison),
    "Course": lambda: details.courses_tab(trial, comparison, results),
    "Patients": lambda: people_tab(trial, comparison, results),
    "Methods": lambda: details.methods_tab(trial, comparison, results),
}
lazy_tabs(tabs, key="w.tab")

if trial.notes:
    with st.expander("About this simulated trial", icon=":material/science:"):
        st.markdown("\n".join(f"- {note}" for note in trial.notes))

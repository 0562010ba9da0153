"""Untreated: how often a result like this one appears with no transplant at all."""

from collections.abc import Callable

import streamlit as st

from analysis.untreated.outcome import Untreated
from report.untreated_words import controlled_note
from ui import state
from ui import untreated_details as details
from ui.header import page_header
from ui.navigation import UNTREATED
from ui.page_body import lazy_tabs, results_or_stop
from ui.planning_tab import planning_tab
from ui.setting_widgets import whole
from ui.text import inert
from ui.untreated_assumptions import assumptions_tab
from ui.untreated_cards import answer
from ui.untreated_entry import entry_tab
from ui.untreated_results import presets_if_light, untreated_of

comparison = page_header("Untreated", UNTREATED)
trial = state.trial()
results = results_or_stop(comparison)

st.markdown(":gray[How often would this happen with no transplant at all?]")
found = untreated_of(trial, comparison)
if found is None:
    whole("untreated_trials", "Simulated trials", step=500)
    st.stop()
simulated: Untreated = found
over = presets_if_light(trial, comparison) or {}

if note := controlled_note(found):
    st.info(inert(note), icon=":material/info:")
entries = [one for r in results if (one := found.endpoint(r.endpoint.key)) is not None]
grid = st.grid(min(2, len(entries)), min_column_width=420)
for entry in entries:
    with grid.cell():
        answer(trial, comparison, entry, simulated.control, over.get(entry.endpoint.key))

tabs: dict[str, Callable[[], None]] = {
    "Responders": lambda: details.responders_tab(trial, comparison, results, simulated),
    "Regression to the mean": lambda: details.regression_tab(trial, comparison, results),
    "Deceleration": lambda: details.deceleration_tab(trial, comparison, results),
    "Entry rule": lambda: entry_tab(trial, comparison, results),
    "Planning": lambda: planning_tab(trial, comparison),
    "Assumptions": lambda: assumptions_tab(trial, comparison, results, simulated),
}
lazy_tabs(tabs, key="w.untreated-tab")

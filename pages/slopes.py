"""Slopes: whether the courses bent at the transplant, by how much, and how sure that is."""

import streamlit as st

from report import tables, words
from ui import state
from ui.header import page_header, shown
from ui.navigation import SLOPES
from ui.slope_cards import answer, patients_table
from ui.tables import show_small_table

comparison = page_header("Slopes", SLOPES)
trial = state.trial()
results = [e for e in comparison.endpoints if e.endpoint.key in shown(comparison)]

if not results:
    names = " and ".join(e.label for e in comparison.absent) or "the chosen endpoint"
    st.info(f"This trial has no value of {names}. Choose another endpoint, or another file.")
    st.stop()

clicks = []
grid = st.grid(min(2, len(results)), min_column_width=420)
for result in results:
    with grid.cell():
        clicks.append(answer(trial, comparison, result))
for position in clicks:
    if position is not None:
        state.open_patient(position)

for caveat in words.caveats(comparison):
    st.warning(caveat, icon=":material/info:")
st.caption(f"{words.SINGLE_ARM} {words.period_text(comparison)} {words.holm_line(comparison)}")

tests, people, flow = st.tabs(["Tests", "Patients", "Who is in it"], on_change="rerun", key="w.tab")
if tests.open:
    with tests:
        if any(result.n for result in comparison.endpoints):
            shown_tests = tables.tests_on_screen(comparison)
            show_small_table(shown_tests, "tests", trial, export=tables.tests(comparison))
        st.caption(
            "The paired t test is primary; the sign-flip and signed-rank tests support it; "
            "standardised changes are exploratory. They are read together, not picked from."
        )
if people.open:
    with people:
        for result in results:
            patients_table(trial, comparison, result)
if flow.open:
    with flow:
        for result in results:
            st.markdown(f"##### {result.endpoint.label}")
            show_small_table(
                tables.flow(comparison, result, trial.patient_ids),
                f"flow-{result.endpoint.key}",
                trial,
                export=tables.flow(comparison, result, tables.export_names(trial)),
            )

if trial.notes:
    with st.expander("About this simulated trial", icon=":material/science:"):
        st.markdown("\n".join(f"- {note}" for note in trial.notes))

"""Slopes: did the course bend at the transplant, by how much, and how sure is that?"""

import streamlit as st

from report import tables, words
from report.charts.paired import paired_figure
from report.frames import frame_for
from ui import state
from ui.figures import Chart, show_figure
from ui.header import page_header, shown
from ui.navigation import SLOPES
from ui.tables import show_table

comparison = page_header("Slopes", SLOPES)
trial, chosen = state.trial(), state.view().patient
results = [e for e in comparison.endpoints if e.endpoint.key in shown(comparison)]

if not results:
    names = " and ".join(e.label for e in comparison.absent) or "the chosen endpoint"
    st.info(f"This trial has no value of {names}. Choose another endpoint, or another file.")
    st.stop()

grid = st.grid(min(2, len(results)), min_column_width=420)
for result in results:
    with grid.cell():
        with st.container(border=True):
            st.markdown(
                f"### {words.heading(result)}\n{words.numbers_line(result)}  \n"
                f":gray[{words.means_line(result)}]"
            )
        clicked = show_figure(
            Chart(
                name=f"slopes-{result.endpoint.key}",
                build=lambda look, names, r=result: paired_figure(
                    comparison, r, names, look, chosen
                ),
                depends=(comparison.settings.key, result.endpoint.key, chosen),
                frame=frame_for(
                    words.heading(result), words.results_sentence(result), comparison, trial
                ),
                alt=words.alt_text(result),
                numbers=lambda names, r=result: tables.per_patient(comparison, r, names),
                print_width=620,
            ),
            trial,
        )
        if clicked is not None:
            state.open_patient(clicked)

for caveat in words.caveats(comparison):
    st.warning(caveat, icon=":material/info:")
period = words.period_text(comparison)
corrected = [f"{r.endpoint.label} {words.holm_line(r)}" for r in results if words.holm_line(r)]
st.caption(" · ".join(part for part in (period, *corrected) if part))

tests, people, flow = st.tabs(["Tests", "Patients", "Who is in it"], on_change="rerun", key="w.tab")
if tests.open:
    with tests:
        show_table(tables.tests(comparison), "tests", trial)
        st.caption(
            "The paired t test is primary; the sign-flip and signed-rank tests support it; "
            "standardised changes are exploratory. They are read together, not picked from."
        )
if people.open:
    with people:
        for result in results:
            st.markdown(f"##### {result.endpoint.label}, {result.unit}")
            show_table(
                tables.per_patient(comparison, result, trial.patient_ids).drop(
                    columns=["endpoint", "unit"]
                ),
                f"patients-{result.endpoint.key}",
                trial,
                export=tables.per_patient(comparison, result, tables.export_names(trial)),
                columns={
                    name: st.column_config.NumberColumn(format="%.2f")
                    for name in tables.RATE_COLUMNS
                },
            )
if flow.open:
    with flow:
        for result in results:
            st.markdown(f"##### {result.endpoint.label}")
            show_table(tables.flow(result), f"flow-{result.endpoint.key}", trial)

if trial.notes:
    with st.expander("About this simulated trial", icon=":material/science:"):
        for note in trial.notes:
            st.markdown(f"- {note}")

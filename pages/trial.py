"""Trial: bring the data in, see what was understood, and what was not."""

import streamlit as st

from data.examples import EXAMPLE_IDS, example_title
from ui import cache, state
from ui.header import page_header
from ui.navigation import TRIAL
from ui.reading_report import reading_report
from ui.upload import dropped_files, upload_form

page_header("Trial", TRIAL, with_switch=False)

grid = st.grid(2, min_column_width=420)
with grid.cell():
    st.markdown("##### Use your own data")
    upload_form()
with grid.cell():
    st.markdown("##### Simulated examples")
    for example_id in EXAMPLE_IDS:
        st.button(
            example_title(example_id),
            icon=":material/science:",
            on_click=state.open_example,
            args=(example_id,),
            key=f"w.open-{example_id}",
            width="stretch",
        )
    st.caption("No person is behind any value of these trials.")
    if st.button(
        "Clear data",
        icon=":material/delete:",
        help="Forgets the trial, the settings, your answers, corrections and assigned columns, and "
        "everything computed in this session.",
        key="w.clear",
    ):
        cache.forget()
        state.clear()
        st.rerun()

dropped_files()
reading_report(state.trial())
